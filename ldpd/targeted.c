/*
 * Extended discovery, RFC 5036 section 2.4.2: targeted Hellos to neighbours that are not on a link of ours.
 *
 * A *target* is an address that such Hellos go to. It is configured, or pseudowires call for it (then it asks the other end
 * to answer), or it asked us and the operator accepts that; one that only asked is forgotten when it falls silent. The
 * adjacency that its Hellos make has no interface; a session may rest on it together with those of links.
 */
#include "ldpd/model.h"
#include <stdlib.h>

#define ANSWER_PAUSE (250 * USEC_PER_MSEC)
enum { STANDARD_HOLD_S = 45, TARGETS_ACCEPTED_MAX = 1024 }; /* 3.5.2: what a hold time of 0 stands for here */

static uint32_t
address_hash(const struct addr *a)
{
	return hash_bytes(a->bytes, sizeof a->bytes, a->family);
}

struct target *
target_find(const struct ldp *ldp, const struct addr *address)
{
	for (struct hash_node *n = hash_first(&ldp->targets, address_hash(address)); n; n = hash_next(n))
		if (addr_eq(&OBJECT(n, struct target, by_address)->address, address))
			return OBJECT(n, struct target, by_address);
	return NULL;
}

static struct target *
target_get(struct ldp *ldp, const struct addr *address)
{
	struct target *t = target_find(ldp, address);

	if (t)
		return t;
	t = NEW(struct target);
	t->ldp = ldp;
	t->address = *address;
	t->inactive = "not looked at yet";
	timer_init(&t->hello, TIMER_TARGET);
	hash_add(&ldp->targets, &t->by_address, address_hash(address));
	return t;
}

static void
target_free(struct ldp *ldp, struct target *t)
{
	timer_clear(&ldp->timers, &t->hello);
	table_gone(&ldp->target_table, &t->row);
	hash_remove(&ldp->targets, &t->by_address);
	free(t);
}

void
targets_free(struct ldp *ldp)
{
	hash_each (n, &ldp->targets) {
		target_free(ldp, OBJECT(n, struct target, by_address));
	}
	hash_free(&ldp->targets);
}

static struct adjacency *
adjacency_of(struct ldp *ldp, const struct target *t)
{
	hash_each (n, &ldp->peers) {
		list_each (l, &OBJECT(n, struct peer, by_id)->adjacencies) {
			struct adjacency *a = OBJECT(l, struct adjacency, of_peer);
			if (!a->ifindex && addr_eq(&a->source, &t->address))
				return a;
		}
	}
	return NULL;
}

/* By us: it is sent to whether it answers or not. */
static bool
is_wanted(const struct target *t)
{
	return t->configured || t->requests;
}

/* --- sending --- */

static void
send_hello(struct ldp *ldp, struct target *t)
{
	struct ldp_hello_fields f = { .hold_s = ldp->config.targeted_hold_s,
		.targeted = true,
		.request_targeted = is_wanted(t),
		.sequence = ldp->config_sequence,
		.transport = discovery_transport(ldp, NULL, V4),
		.prefers = dual_preference(ldp) };
	struct ldp_writer w;
	uint8_t bytes[128];

	ldp_begin(&w, bytes, sizeof bytes, ldp->config.lsr_id);
	ldp_put_hello(&w, ++ldp->hello_id, &f);
	outbox_add(ldp->out, &(struct effect){ .kind = EFFECT_DATAGRAM_SEND,
				 .code = 255,
				 .to = t->address,
				 .from = f.transport,
				 .bytes = bytes,
				 .size = ldp_end(&w) });
	t->hellos_sent++;
}

void
target_hello_due(struct ldp *ldp, struct target *t)
{
	const struct adjacency *a = adjacency_of(ldp, t);

	t->interval_ms = ldp->config.targeted_interval_s * 1000u;
	if (a && a->hold_ms / 3 < t->interval_ms)
		t->interval_ms = a->hold_ms / 3;
	usec_t interval = t->interval_ms * USEC_PER_MSEC;
	send_hello(ldp, t);
	timer_set(&ldp->timers, &t->hello, ldp->now + interval - rng_below(&ldp->rng, interval / 10 + 1));
	table_changed(&ldp->target_table, &t->row);
}

/* Out of turn, for one that may have just started; never more often than the pause. */
void
target_answer(struct ldp *ldp, struct target *t)
{
	if (t->inactive || (t->answered_at && ldp->now < t->answered_at + ANSWER_PAUSE))
		return;
	t->answered_at = ldp->now;
	send_hello(ldp, t);
}

/* --- which --- */

static const char *
why_inactive(struct ldp *ldp)
{
	struct addr transport = discovery_transport(ldp, NULL, V4);

	if (!ldp->config.lsr_id)
		return "mpls lsr-id is not set";
	if (!ldp->config.enabled)
		return "mpls ldp is not on globally";
	if (!ldp->running)
		return "fibd's tables are not read yet";
	if (!addr_is_set(&transport))
		return "no interface that is up has the LSR id as its address";
	return NULL;
}

static void
refresh(struct ldp *ldp, struct target *t)
{
	const char *why = why_inactive(ldp);
	bool was_active = !t->inactive;

	t->inactive = why;
	if (!why && !was_active) {
		target_hello_due(ldp, t);
	} else if (why && was_active) {
		struct adjacency *a = adjacency_of(ldp, t);
		timer_clear(&ldp->timers, &t->hello);
		if (a)
			adjacency_lose(ldp, a, LDP_SHUTDOWN, why);
	}
	table_changed(&ldp->target_table, &t->row);
}

static bool
is_accepted(const struct ldp *ldp, const struct addr *from)
{
	const struct ldp_config *c = &ldp->config;
	const struct prefix_list *list = prefix_lists_find(&c->prefix_lists, c->accept_targeted_list);
	struct prefix host = prefix_host(*from);

	if (!c->accept_targeted || !c->accept_targeted_list[0])
		return c->accept_targeted;
	return list && prefix_list_permits(list, &host); /* a list that is not there lets nobody in */
}

static bool
is_configured(const struct ldp *ldp, const struct addr *address)
{
	const struct ldp_peer_config *c = ldp_config_peer(&ldp->config, address);

	return c && c->targeted;
}

void
targets_configure(struct ldp *ldp)
{
	for (size_t i = 0; i < ldp->config.peer_count; i++)
		if (ldp->config.peers[i].targeted)
			target_get(ldp, &ldp->config.peers[i].address);
	hash_each (n, &ldp->targets) {
		struct target *t = OBJECT(n, struct target, by_address);
		t->configured = is_configured(ldp, &t->address);
		t->answering = t->answering && is_accepted(ldp, &t->address);
		if (is_wanted(t) || t->answering) {
			refresh(ldp, t);
			continue;
		}
		struct adjacency *a = adjacency_of(ldp, t);
		struct addr address = t->address;
		if (a)
			adjacency_lose(ldp, a, LDP_SHUTDOWN, "no targeted Hellos are wanted with it any more");
		if ((t = target_find(ldp, &address)))
			target_free(ldp, t);
	}
}

void
target_request(struct ldp *ldp, const struct addr *address)
{
	struct target *t = target_get(ldp, address);

	if (!t->requests++)
		refresh(ldp, t);
}

bool
target_unrequest(struct ldp *ldp, const struct addr *address)
{
	struct target *t = target_find(ldp, address);

	if (t && !--t->requests)
		table_changed(&ldp->target_table, &t->row);
	return t && t->requests;
}

/* --- hearing --- */

void
target_datagram(struct ldp *ldp, const struct ldp_pdu *pdu, const struct ldp_msg *m, const struct addr *from)
{
	struct target *t = target_find(ldp, from);

	if (!t && (!m->hello.request_targeted || !is_accepted(ldp, from) || ldp->targets.count >= TARGETS_ACCEPTED_MAX))
		return; /* 2.4.2: whom we answer is the operator's decision */
	if (!t) {
		t = target_get(ldp, from);
		t->answering = true;
		refresh(ldp, t);
	} else if (!t->answering && m->hello.request_targeted) {
		t->answering = is_accepted(ldp, from); /* and stays so should we not want it any more */
	}
	if (t->inactive)
		return;
	t->hellos_received++;
	uint32_t hold_ms = discovery_agree_ms(ldp->config.targeted_hold_s, m->hello.hold_s, STANDARD_HOLD_S);
	if (discovery_hear(ldp, 0, pdu, m, from, hold_ms))
		target_answer(ldp, t);
	if (hold_ms / 3 < t->interval_ms)
		target_hello_due(ldp, t);
}

void
target_silent(struct ldp *ldp, const struct addr *address)
{
	struct target *t = target_find(ldp, address);

	if (t && is_wanted(t))
		t->answering = false;
	else if (t)
		target_free(ldp, t);
}
