/*
 * Graceful restart, RFC 3623, both sides.
 *
 * As the one that restarts. Our routes are still in the kernel, and neighbours can go on as if nothing had happened, if they
 * are told so before our first Hello, which knows nobody, tells them otherwise: by a grace-LSA on each link. From then on we
 * find our adjacencies anew and say nothing ourselves: what we said before the restart stays in force. It is over when every
 * adjacency that our old router-LSA lists is back; or when a neighbour has given us up; or after the grace period. Then what
 * we have to say is compared with what we said before, and only what differs is said.
 *
 * As the neighbour of one that restarts: it counts as fully adjacent until it takes its grace-LSA back, its grace period is
 * over, or something else changes in the area: then its old routes may be wrong. Whether it has acknowledged what changed
 * just before (3.1 (2)) is not asked: acknowledgements wait for up to a second, the exchange gives it what it lacks in less,
 * and without help everything that goes through it would be lost.
 */
#include "igpd/ospf/model.h"
#include <stdio.h>
#include <string.h>

enum { GRACE_ID = 3 << 24, TLV_PERIOD = 1, TLV_REASON = 2, TLV_ADDRESS = 3, REASON_UNKNOWN = 0, SAY_TIMES = 3 };

/* --- the one that restarts --- */

bool
graceful_is_on(const struct ospf *o)
{
	return o->graceful.on;
}

void
graceful_begin(struct ospf *o)
{
	uint32_t period = o->config.grace_s ? o->config.grace_s : OSPF_GRACE_S;

	if (!o->world.restarted || o->config.graceful_off || o->graceful.on)
		return;
	o->graceful.on = true;
	o->graceful.begun_at = o->now;
	timer_set(&o->timers, &o->graceful.timer, o->now + (usec_t)period * USEC_PER_SEC);
	row_process(o);
	ospf_note(o, 5, "restarted: neighbors are asked to go on for %u s", period);
}

static struct lsa *
grace_lsa(struct iface *i)
{
	struct ospf *o = i->ospf;
	struct lsa *l = lsdb_find(&i->links, LSA_OPAQUE_LINK, GRACE_ID, o->router_id);
	uint8_t bytes[LSA_HEADER_BYTES + 24] = { 0 };
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	/* Numbers grow from restart to restart, so that one of before is older. */
	uint64_t date = o->wall_s + o->now / USEC_PER_SEC;
	struct lsa_header h = { .options = area_options(i->area),
		.type = LSA_OPAQUE_LINK,
		.id = GRACE_ID,
		.router = o->router_id,
		.sequence = (int32_t)(LSA_FIRST_SEQUENCE + (int64_t)(date % INT32_MAX)),
		.length = sizeof bytes };
	usec_t left = o->graceful.timer.at > o->now ? o->graceful.timer.at - o->now : 0;
	bool differs;

	if (l && !l->flushed)
		return l;
	lsa_write_header(&w, &h);
	wire_put_u16(&w, TLV_PERIOD);
	wire_put_u16(&w, 4);
	wire_put_u32(&w, (uint32_t)(left / USEC_PER_SEC));
	wire_put_u16(&w, TLV_REASON);
	wire_put_u16(&w, 1);
	wire_put_u32(&w, (uint32_t)REASON_UNKNOWN << 24);
	wire_put_u16(&w, TLV_ADDRESS);
	wire_put_u16(&w, 4);
	wire_put_u32(&w, i->address);
	lsa_seal(bytes, sizeof bytes);
	return lsdb_install(o, &i->links, i->area, i, bytes, sizeof bytes, 0, &differs);
}

void
graceful_say(struct iface *i)
{
	if (!i->ospf->graceful.on || i->grace_said == SAY_TIMES)
		return;
	const struct lsa *l = grace_lsa(i);
	size_t peers = i->type == OSPF_NBMA ? i->ospf->config.peer_count : 1;
	for (size_t k = 0; k < peers; k++)
		for (int copies = i->grace_said ? 1 : 2; copies;
		     copies--) { /* nobody acknowledges it before he knows us */
			struct wire_writer w = iface_begin(i, OSPF_UPDATE);
			wire_put_u32(&w, 1);
			wire_put_bytes(&w, l->bytes, l->head.length);
			uint32_t to = i->type == OSPF_NBMA ? i->ospf->config.peers[k] : OSPF_ALL_ROUTERS;
			if (i->type != OSPF_NBMA || !((to ^ i->address) & i->mask))
				iface_send(i, &w, OSPF_UPDATE, to);
		}
	i->grace_said++;
}

enum progress { WAITING, BACK, BROKEN };

static bool
lists(const struct lsa *l, uint32_t router)
{
	struct lsa_link link;
	struct wire_reader r = lsa_links(l->bytes);

	while (lsa_next_link(&r, &link))
		if ((link.type == LINK_POINT_TO_POINT || link.type == LINK_VIRTUAL) && link.id == router)
			return true;
	return false;
}

static bool
is_full_with(const struct iface *i, uint32_t router, uint32_t address)
{
	for (const struct list *k = i->neighbors.next; k != &i->neighbors; k = k->next) {
		const struct neighbor *n = CONST_OBJECT(k, struct neighbor, of_iface);
		if ((router ? n->router == router : n->address == address) && n->state == NS_FULL)
			return true;
	}
	return false;
}

static enum progress
link_is_back(const struct area *a, const struct lsa_link *link)
{
	const struct ospf *o = a->ospf;
	const struct lsa *l = lsdb_find(&a->db, LSA_ROUTER, link->id, link->id);

	if (l && !l->flushed && !lists(l, o->router_id))
		return BROKEN;
	for (const struct list *at = a->ifaces.next; at != &a->ifaces; at = at->next) {
		const struct iface *i = CONST_OBJECT(at, struct iface, of_area);
		if (i->address == link->data && is_full_with(i, link->id, 0))
			return BACK;
	}
	return WAITING;
}

static enum progress
network_is_back(struct area *a, const struct lsa_link *link)
{
	const struct ospf *o = a->ospf;
	const struct iface *i = NULL;
	const struct lsa *network = NULL;
	uint32_t router;
	bool listed = false, all = true;

	for (struct list *at = a->ifaces.next; at != &a->ifaces; at = at->next)
		if (OBJECT(at, struct iface, of_area)->address == link->data)
			i = OBJECT(at, struct iface, of_area);
	for (struct list *at = a->db.types[LSA_NETWORK].next; at != &a->db.types[LSA_NETWORK]; at = at->next)
		if (OBJECT(at, struct lsa, of_type)->head.id == link->id)
			network = OBJECT(at, struct lsa, of_type);
	if (!i || i->dr != link->id)
		return WAITING;
	if (!network || network->flushed)
		return i->dr != i->address && is_full_with(i, 0, i->dr) ? BACK : WAITING;
	struct wire_reader r = lsa_attached(network->bytes);
	while (lsa_next_attached(&r, &router)) {
		listed |= router == o->router_id;
		all &= router == o->router_id || is_full_with(i, router, 0);
	}
	if (!listed)
		return BROKEN;
	return (i->dr == i->address ? all : is_full_with(i, 0, i->dr)) ? BACK : WAITING;
}

static enum progress
area_is_back(struct area *a)
{
	struct ospf *o = a->ospf;
	const struct lsa *before = lsdb_find(&a->db, LSA_ROUTER, o->router_id, o->router_id);
	uint32_t full = 0, dead_s = 0;
	struct lsa_link link;

	list_each (at, &a->ifaces) {
		const struct iface *i = OBJECT(at, struct iface, of_area);
		full += iface_full_count(i);
		if (i->state > IS_LOOPBACK && !i->passive && i->dead_s > dead_s)
			dead_s = i->dead_s;
	}
	if (!before || before->flushed) /* nobody has heard of us there; who would, has a while to say so */
		return full || o->now >= o->graceful.begun_at + (usec_t)dead_s * USEC_PER_SEC ? BACK : WAITING;
	struct wire_reader r = lsa_links(before->bytes);
	enum progress all = BACK;
	while (lsa_next_link(&r, &link)) {
		enum progress one = link.type == LINK_TRANSIT ? network_is_back(a, &link)
				    : link.type == LINK_POINT_TO_POINT || link.type == LINK_VIRTUAL
					? link_is_back(a, &link)
					: BACK;
		if (one == BROKEN)
			return BROKEN;
		if (one == WAITING)
			all = WAITING;
	}
	return all;
}

void
graceful_end(struct ospf *o, bool well, const char *why)
{
	if (!o->graceful.on)
		return;
	o->graceful.on = false;
	o->graceful.well = well;
	row_process(o);
	timer_clear(&o->timers, &o->graceful.timer);
	ospf_note(o, 5, "the restart is over after %llu ms: %s",
	    (unsigned long long)((o->now - o->graceful.begun_at) / USEC_PER_MSEC), why);
	list_each (at, &o->areas) {
		originate_router(OBJECT(at, struct area, of_ospf));
	}
	list_each (k, &o->ifaces) {
		originate_network(OBJECT(k, struct iface, of_ospf));
	}
	list_each (e, &o->ifaces) {
		struct iface *i = OBJECT(e, struct iface, of_ospf);
		if (iface_is_multi_access(i) && i->state > IS_WAITING)
			iface_event(i, IE_NEIGHBORS); /* elections count again */
	}
	originate_due(o);
	routes_find(o);
	originate_all(o);
	list_each (m, &o->ifaces) {
		struct iface *i = OBJECT(m, struct iface, of_ospf);
		struct lsa *l = lsdb_find(&i->links, LSA_OPAQUE_LINK, GRACE_ID, o->router_id);
		if (l)
			lsdb_flush(o, l);
	}
}

void
graceful_review(struct ospf *o)
{
	enum progress all = BACK;

	if (!o->graceful.on)
		return;
	list_each (at, &o->areas) {
		enum progress one = area_is_back(OBJECT(at, struct area, of_ospf));
		all = one == BROKEN || all == BROKEN ? BROKEN : one == WAITING ? WAITING : all;
	}
	if (all == BROKEN)
		graceful_end(o, false, "a neighbor had given us up");
	else if (all == BACK)
		graceful_end(o, true, "all adjacencies are back");
}

/* --- the neighbour of one that restarts --- */

bool
neighbor_is_full(const struct neighbor *n)
{
	return n->state == NS_FULL || n->helped;
}

void
graceful_help_over(struct neighbor *n, const char *why)
{
	struct iface *i = n->iface;
	char id[ADDR_TEXT];

	if (!n->helped)
		return;
	n->helped = false;
	timer_clear(&i->ospf->timers, &n->help);
	ospf_note(i->ospf, 5, "neighbor %s on %s: its restart is over: %s", id_text(n->router, id), i->port->name, why);
	row_neighbor(n);
	if (n->state != NS_FULL) {
		originate_router(i->area);
		originate_network(i);
	}
	if (!timer_is_set(&n->inactive)) /* it has been silent for too long meanwhile */
		timer_set(&i->ospf->timers, &n->inactive, i->ospf->now);
}

static bool
read_grace(const struct lsa *l, uint32_t *ret_period, uint32_t *ret_address)
{
	struct wire_reader r = wire_reader(l->bytes + LSA_HEADER_BYTES, l->head.length - LSA_HEADER_BYTES);

	*ret_period = *ret_address = 0;
	while (wire_left(&r)) {
		uint16_t type = wire_u16(&r);
		uint16_t length = wire_u16(&r);
		struct wire_reader value = wire_reader(wire_bytes(&r, length), length);
		wire_bytes(&r, (4 - length % 4) % 4);
		if (!wire_ok(&r))
			return false;
		if (type == TLV_PERIOD && length == 4)
			*ret_period = wire_u32(&value);
		if (type == TLV_ADDRESS && length == 4)
			*ret_address = wire_u32(&value);
	}
	return *ret_period;
}

void
graceful_heard(struct iface *i, const struct lsa *l)
{
	struct ospf *o = i->ospf;
	uint32_t period, address;
	char id[ADDR_TEXT];

	if (l->head.id != GRACE_ID || l->own || !read_grace(l, &period, &address))
		return;
	struct neighbor *n = neighbor_find(i, l->head.router, address);
	if (!n || n->router != l->head.router)
		return;
	if (l->flushed) {
		graceful_help_over(n, "it says so");
		return;
	}
	uint16_t age = lsdb_age(o, l);
	if (o->config.helper_off || o->graceful.on || !neighbor_is_full(n) || age >= period)
		return;
	if (!n->helped)
		ospf_note(o, 5, "neighbor %s on %s restarts: the adjacency is kept for up to %u s",
		    id_text(n->router, id), i->port->name, period - age);
	n->helped = true;
	timer_set(&o->timers, &n->help, o->now + (usec_t)(period - age) * USEC_PER_SEC);
	row_neighbor(n);
}

/* RFC 3623 3.2 (3): packets would go by what it knew before. */
void
graceful_changed(struct ospf *o, const struct lsa *l)
{
	char why[96], id[ADDR_TEXT], router[ADDR_TEXT];

	if (l->head.type > LSA_NSSA)
		return;
	snprintf(why, sizeof why, "the topology has changed (%s %s of %s)", lsa_type_name(l->head.type),
	    id_text(l->head.id, id), id_text(l->head.router, router));
	list_each (at, &o->ifaces) {
		struct iface *i = OBJECT(at, struct iface, of_ospf);
		if (l->area && l->area != i->area)
			continue;
		list_each_safe (k, &i->neighbors) {
			graceful_help_over(OBJECT(k, struct neighbor, of_iface), why);
		}
	}
}
