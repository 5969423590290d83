/*
 * Basic discovery, RFC 5036 section 2.4.1: Hellos on links; and the adjacencies that Hellos make, those of targeted.c too.
 */
#include "ldpd/model.h"
#include <stdlib.h>

#define ANSWER_PAUSE (250 * USEC_PER_MSEC)
#define JUST_NOW (2 * USEC_PER_SEC)
enum { HOLD_FOR_EVER = 0xffff };

/* --- sending --- */

/* 224.0.0.2 and ff02::2: all routers of a link. */
static struct addr
all_routers(enum family family)
{
	return family == V6 ? (struct addr){ .family = 6, .bytes = { 0xff, 2, [15] = 2 } } : addr_v4(0xe0000002);
}

static struct addr
first_address(const struct link *l, enum family family)
{
	for (size_t i = 0; l && i < l->address_count; i++)
		if (family_bit(&l->addresses[i].addr) == family)
			return l->addresses[i].addr;
	return addr_none();
}

/*
 * IPv4: the LSR id when it is an address of ours that can be reached, else the link's own address. IPv6, where nothing
 * ties it to the LSR id: a loopback's global address, else the link's own.
 */
struct addr
discovery_transport(struct ldp *ldp, const struct link *link, enum family family)
{
	hash_each (n, &ldp->links) {
		const struct link *l = OBJECT(n, struct link, by_ifindex);
		for (size_t i = 0; l->up && i < l->address_count; i++) {
			const struct addr *a = &l->addresses[i].addr;
			if (family_bit(a) == family &&
			    (family == V4 ? addr_to_v4(a) == ldp->config.lsr_id : l->loopback))
				return *a;
		}
	}
	return first_address(link, family);
}

/* IPv6 ones come from the link-local address and prove by their hop limit that they do (RFC 7552 5.1, 9). */
static void
send_hello(struct ldp *ldp, struct link *l, enum family family)
{
	struct addr transport = discovery_transport(ldp, l, family);
	struct ldp_writer w;
	uint8_t bytes[128];

	ldp_begin(&w, bytes, sizeof bytes, ldp->config.lsr_id);
	ldp_put_hello(&w, ++ldp->hello_id,
	    &(struct ldp_hello_fields){ .hold_s = ldp->config.hello_hold_s,
		.gtsm = !ldp->config.gtsm_off && !sync_is_avoided(ldp, l->ifindex),
		.sequence = ldp->config_sequence,
		.transport = transport,
		.prefers = dual_preference(ldp) });
	outbox_add(ldp->out, &(struct effect){ .kind = EFFECT_DATAGRAM_SEND,
				 .where = l->ifindex,
				 .code = family == V6 ? 255 : 1,
				 .to = all_routers(family),
				 .from = family == V6 ? l->link_local : first_address(l, V4),
				 .bytes = bytes,
				 .size = ldp_end(&w) });
	l->hellos_sent++;
}

void
discovery_send(struct ldp *ldp, struct link *l)
{
	if (l->active & V4)
		send_hello(ldp, l, V4);
	if (l->active & V6)
		send_hello(ldp, l, V6);
}

/* As configured, but three to the shortest hold time that was agreed on the link (2.4.1 leaves it to us). */
static void
set_interval(struct ldp *ldp, struct link *link)
{
	uint32_t least = ldp->config.hello_interval_s * 1000u;

	hash_each (n, &ldp->peers) {
		list_each (l, &OBJECT(n, struct peer, by_id)->adjacencies) {
			const struct adjacency *a = OBJECT(l, struct adjacency, of_peer);
			if (a->ifindex == link->ifindex && a->hold_ms / 3 < least)
				least = a->hold_ms / 3;
		}
	}
	link->interval_ms = least;
}

void
discovery_hello_due(struct ldp *ldp, struct link *l)
{
	set_interval(ldp, l);
	usec_t interval = l->interval_ms * USEC_PER_MSEC;
	discovery_send(ldp, l);
	/* Up to a tenth earlier, so that routers started together do not go on in step. */
	timer_set(&ldp->timers, &l->hello, ldp->now + interval - rng_below(&ldp->rng, interval / 10 + 1));
	table_changed(&ldp->interface_table, &l->row);
}

/*
 * A Hello out of turn. At most one in ANSWER_PAUSE, so that two routers do not keep answering each other; one that
 * somebody new waits for is only put off, the others can do without.
 */
void
discovery_answer(struct ldp *ldp, struct link *link, bool somebody_new)
{
	usec_t from = link->answered_at ? link->answered_at + ANSWER_PAUSE : 0;

	if (ldp->now >= from) {
		link->answered_at = ldp->now;
		discovery_send(ldp, link);
	} else if (somebody_new && from < link->hello.at) {
		timer_set(&ldp->timers, &link->hello, from);
	}
}

/* --- links --- */

static const char *
why_inactive(struct ldp *ldp, const struct link *l, enum family family)
{
	struct addr transport = discovery_transport(ldp, l, family);

	if (l->gone)
		return "the interface is gone";
	if (!(l->configured & family))
		return "LDP is not configured here";
	if (!ldp->config.lsr_id)
		return "mpls lsr-id is not set";
	if (!ldp->config.enabled)
		return "mpls ldp is not on globally";
	if (!ldp->running)
		return "fibd's tables are not read yet";
	if (!l->up)
		return "the interface is down";
	if (family == V6)
		return !addr_is_set(&l->link_local) ? "the interface has no IPv6 link-local address"
		       : !addr_is_set(&transport)   ? "neither the interface nor a loopback has a global IPv6 address"
						    : NULL;
	struct addr own = first_address(l, V4);
	return addr_is_set(&own) ? NULL : "the interface has no IPv4 address";
}

static void drop_adjacencies(struct ldp *, uint32_t ifindex, enum family, uint32_t status, const char *why);

static void
refresh_family(struct ldp *ldp, struct link *l, enum family family)
{
	const char *why = why_inactive(ldp, l, family);
	bool active = !why;

	l->inactive[family == V6] = why;
	if (active == !!(l->active & family))
		return;
	l->active ^= family;
	outbox_add(ldp->out, &(struct effect){ .kind = active ? EFFECT_GROUP_JOIN : EFFECT_GROUP_LEAVE,
				 .where = l->ifindex,
				 .to = all_routers(family) });
	if (active) {
		discovery_hello_due(ldp, l);
		return;
	}
	if (!l->active)
		timer_clear(&ldp->timers, &l->hello);
	/* A link that fails may return, and with it the neighbour; what the operator takes away does not. */
	drop_adjacencies(ldp, l->ifindex, family, l->configured & family ? LDP_HOLD_EXPIRED : LDP_SHUTDOWN, why);
}

void
link_refresh(struct ldp *ldp, struct link *l)
{
	refresh_family(ldp, l, V4);
	refresh_family(ldp, l, V6);
	if (l->configured)
		table_changed(&ldp->interface_table, &l->row);
	else
		table_gone(&ldp->interface_table, &l->row);
	sync_of_link(ldp, l);
}

/* --- adjacencies --- */

void
adjacency_free(struct ldp *ldp, struct adjacency *a)
{
	if (!a->peer->restarting) /* else it is kept, with all that it told, until it is back or given up */
		dual_neighbour(ldp, a, false);
	table_gone(&ldp->adjacency_table, &a->row);
	timer_clear(&ldp->timers, &a->hold);
	list_remove(&a->of_peer);
	if (list_is_empty(&a->peer->adjacencies)) /* kept labels are those of somebody who was heard all the time */
		a->peer->lib_known = false;
	ldp->peers_idle = true;
	struct link *l = link_find(ldp, a->ifindex);
	if (l)
		sync_of_link(ldp, l);
	sync_peer(ldp, a->peer);
	free(a);
}

/* 2.5.5: without an adjacency there is no session. A neighbour that restarts has none anyway; its clock runs. */
void
adjacency_lose(struct ldp *ldp, struct adjacency *a, uint32_t status, const char *why)
{
	struct peer *p = a->peer;

	adjacency_free(ldp, a);
	if (list_is_empty(&p->adjacencies))
		session_stop(ldp, p, status, why);
	else
		dual_choose(ldp, p);
	ttl_refresh(ldp, p);
}

void
discovery_expired(struct ldp *ldp, struct adjacency *a)
{
	struct addr source = a->source;
	bool targeted = !a->ifindex;

	adjacency_lose(ldp, a, LDP_HOLD_EXPIRED, "Discovery Hello Hold Timer expired");
	if (targeted)
		target_silent(ldp, &source);
}

static void
drop_adjacencies(struct ldp *ldp, uint32_t ifindex, enum family family, uint32_t status, const char *why)
{
	hash_each (n, &ldp->peers) {
		struct peer *p = OBJECT(n, struct peer, by_id);
		list_each_safe (l, &p->adjacencies) {
			struct adjacency *a = OBJECT(l, struct adjacency, of_peer);
			if (a->ifindex == ifindex && family_bit(&a->source) == family)
				adjacency_lose(ldp, a, status, why);
		}
	}
}

/* The adjacency with this address on this link, whoever it says to be. */
struct adjacency *
adjacency_find(struct ldp *ldp, uint32_t ifindex, const struct addr *source)
{
	hash_each (n, &ldp->peers) {
		struct peer *p = OBJECT(n, struct peer, by_id);
		list_each (l, &p->adjacencies) {
			struct adjacency *a = OBJECT(l, struct adjacency, of_peer);
			if (a->ifindex == ifindex && addr_eq(&a->source, source))
				return a;
		}
	}
	return NULL;
}

/* What its path does to packets it does to labelled ones: what it told is not kept, as it would be after a silence. */
void
adjacency_dead(struct ldp *ldp, uint32_t ifindex, const struct addr *source)
{
	struct adjacency *a = adjacency_find(ldp, ifindex, source);

	if (a)
		adjacency_lose(ldp, a, LDP_SHUTDOWN, "BFD: the path to it is dead");
}

static struct adjacency *
adjacency_new(struct ldp *ldp, uint32_t ifindex, const struct ldp_pdu *pdu, const struct addr *source)
{
	struct adjacency *a = NEW(struct adjacency);

	a->peer = peer_get(ldp, pdu->lsr, pdu->space);
	a->ifindex = ifindex;
	a->source = *source;
	a->space = pdu->space;
	a->ldp = ldp;
	a->since = ldp->now;
	timer_init(&a->hold, TIMER_ADJACENCY);
	list_append(&a->peer->adjacencies, &a->of_peer);
	return a;
}

/* 3.5.2: the lower of both, where 0 stands for the standard one and the greatest number for ever. */
uint32_t
discovery_agree_ms(uint16_t ours, uint16_t theirs, uint16_t standard)
{
	uint32_t a = ours ? ours : standard, b = theirs ? theirs : standard;
	uint32_t least = a < b ? a : b;

	return least == HOLD_FOR_EVER ? UINT32_MAX : least * 1000;
}

bool
discovery_hear(struct ldp *ldp, uint32_t ifindex, const struct ldp_pdu *pdu, const struct ldp_msg *m,
    const struct addr *from, uint32_t hold_ms)
{
	struct adjacency *a = adjacency_find(ldp, ifindex, from);

	if (a && (a->peer->lsr != pdu->lsr || a->space != pdu->space)) {
		adjacency_lose(ldp, a, LDP_SHUTDOWN, "the neighbour has another LDP identifier now");
		a = NULL;
	}
	bool new = !a;
	if (new)
		a = adjacency_new(ldp, ifindex, pdu, from);
	struct peer *p = a->peer;
	const struct addr *told = from->family == 6 ? &m->hello.transport6 : &m->hello.transport4;
	struct addr transport = addr_is_set(told) ? *told : *from, before = p->heard_transport;
	bool changed = new || hold_ms != a->hold_ms || !addr_eq(&transport, &a->transport);
	a->transport = transport;
	a->hold_ms = hold_ms;
	a->gtsm = m->hello.gtsm || from->family == 6; /* RFC 7552 9: with IPv6 it is the rule */
	a->prefers = m->hello.prefers;
	list_each (l, &p->adjacencies) {
		OBJECT(l, struct adjacency, of_peer)->latest = &a->of_peer == l;
	}
	dual_choose(ldp, p);
	bool moved = !addr_eq(&before, &p->heard_transport);
	if (new && p->state == S_OPERATIONAL)
		dual_neighbour(ldp, a, true);
	timer_set(&ldp->timers, &a->hold, hold_ms == UINT32_MAX ? USEC_NEVER : ldp->now + hold_ms * USEC_PER_MSEC);
	if (changed) {
		table_changed(&ldp->adjacency_table, &a->row);
		sync_peer(ldp, p);
	}
	p->received.hello++;
	if (moved || new)
		secrets_refresh(ldp);
	ttl_refresh(ldp, p);
	if (m->hello.sequence != p->config_sequence && p->backing_off) { /* 2.5.3: what was refused may fit now */
		p->backoff_s = 0;
		p->backing_off = false;
		timer_clear(&ldp->timers, &p->retry);
	}
	p->config_sequence = m->hello.sequence;
	return new;
}

static void
hello(struct ldp *ldp, struct link *link, const struct ldp_pdu *pdu, const struct ldp_msg *m, const struct addr *from)
{
	uint32_t hold_ms = discovery_agree_ms(ldp->config.hello_hold_s, m->hello.hold_s, LDP_HELLO_HOLD_S);

	if (!guard_hello(ldp, link, from, hold_ms))
		return;
	bool new = discovery_hear(ldp, link->ifindex, pdu, m, from, hold_ms);
	struct peer *p = peer_find(ldp, pdu->lsr, pdu->space);

	/* It may have just started, or be waiting for ours to connect. One whose session has ended a moment ago is new too:
	 * put off, not left out, or it would wait for our next Hello by the clock. */
	bool back = p->last_down && ldp->now < p->last_down + JUST_NOW;
	if (new || p->state == S_NON_EXISTENT)
		discovery_answer(ldp, link, new || back);
	uint32_t interval_ms = link->interval_ms;
	set_interval(ldp, link);
	if (link->interval_ms < interval_ms)
		discovery_hello_due(ldp, link);
}

void
discovery_datagram(struct ldp *ldp, const struct ldp_input *in)
{
	struct link *link = link_find(ldp, in->ifindex);
	struct ldp_pdu pdu;
	struct ldp_msg m;
	bool on_link = addr_is_multicast(&in->to);

	unsigned family = family_bit(&in->from);
	if (!ldp->running || (on_link && (!link || !(link->active & family))) || (!on_link && family != V4))
		return;
	if (family == V6 && (in->ttl != 255 || !addr_is_link_local(&in->from))) { /* RFC 7552 5.1 and 9 */
		link->hellos_bad++;
		return;
	}
	if (ldp_decode_pdu(in->bytes, in->size, &pdu) != LDP_OK || ldp_decode_message(&pdu.body, &m) != LDP_OK ||
	    m.type != LDP_HELLO) {
		if (link)
			link->hellos_bad++;
		return;
	}
	if (pdu.lsr == ldp->config.lsr_id) {
		if (link && !link->hellos_bad++)
			ldp_note(ldp, 4, "a neighbour on %s uses our own LSR id: give one of us another", link->label);
		return;
	}
	if (m.hello.targeted == on_link) /* 3.5.2: a link Hello goes to all routers of the link, a targeted one to us */
		return;
	if (!dual_hello_fits(ldp, &pdu, &m, adjacency_find(ldp, on_link ? link->ifindex : 0, &in->from)))
		return;
	if (on_link) {
		link->hellos_received++;
		hello(ldp, link, &pdu, &m, &in->from);
	} else {
		target_datagram(ldp, &pdu, &m, &in->from);
	}
	struct peer *p = peer_find(ldp, pdu.lsr, pdu.space);
	if (p)
		transport_want(ldp, p);
}
