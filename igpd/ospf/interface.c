/*
 * Interfaces: where OSPF speaks, Hellos, and the way of a packet in and out. RFC 2328 sections 8, 9 and 10.5.
 */
#include "base/mem.h"
#include "igpd/ospf/model.h"
#include <stdlib.h>
#include <string.h>

enum { VLINK_TTL = 64 };

bool
iface_is_multi_access(const struct iface *i)
{
	return i->type == OSPF_BROADCAST || i->type == OSPF_NBMA;
}

enum interface_kind
iface_kind(const struct iface *i)
{
	return !iface_is_multi_access(i) ? IK_NO_DR : i->priority ? IK_ELIGIBLE : IK_NOT_ELIGIBLE;
}

uint8_t
area_options(const struct area *a)
{
	return (uint8_t)(a->nssa ? OSPF_OPTION_NP : a->stub ? 0 : OSPF_OPTION_E);
}

uint32_t
iface_full_count(const struct iface *i)
{
	uint32_t count = 0;

	for (const struct list *l = i->neighbors.next; l != &i->neighbors; l = l->next)
		count += neighbor_is_full(CONST_OBJECT(l, struct neighbor, of_iface));
	return count;
}

/* --- groups --- */

static void
join(struct iface *i, uint32_t group, bool *in, bool want)
{
	if (*in == want)
		return;
	*in = want;
	outbox_add(i->ospf->out, &(struct effect){ .kind = want ? EFFECT_GROUP_JOIN : EFFECT_GROUP_LEAVE,
				     .where = i->port->ifindex,
				     .to = addr_v4(group) });
}

static void
review_groups(struct iface *i)
{
	bool speaks = i->state > IS_LOOPBACK && !i->passive && i->type != OSPF_NBMA && !i->is_virtual;

	join(i, OSPF_ALL_ROUTERS, &i->in_all, speaks);
	join(i, OSPF_ALL_DR, &i->in_dr, speaks && (i->state == IS_DR || i->state == IS_BACKUP));
}

/* --- out --- */

size_t
iface_room(const struct iface *i)
{
	size_t mtu = i->port->mtu < 576 ? 576 : i->port->mtu > 65535 ? 65535 : i->port->mtu;

	return mtu - OSPF_IP_HEADER_BYTES - ospf_auth_room(i);
}

struct wire_writer
iface_begin(struct iface *i, enum ospf_type type)
{
	return ospf_begin(i->ospf->buffer, iface_room(i), type, i->ospf->router_id, i->area->id);
}

void
iface_send(struct iface *i, struct wire_writer *w, enum ospf_type type, uint32_t to)
{
	size_t size = ospf_auth_seal(i, w);

	if (i->type == OSPF_POINT_TO_POINT)
		to = i->is_virtual ? i->vlink.other : OSPF_ALL_ROUTERS; /* 8.1 */

	i->sent[type]++;
	outbox_add(i->ospf->out, &(struct effect){ .kind = EFFECT_DATAGRAM_SEND,
				     .where = i->port->ifindex,
				     .to = addr_v4(to),
				     .from = addr_v4(i->address),
				     .code = i->is_virtual ? VLINK_TTL : 1,
				     .bytes = w->base,
				     .size = size });
}

uint32_t
iface_flood_address(const struct iface *i)
{
	return i->type == OSPF_BROADCAST && i->state != IS_DR && i->state != IS_BACKUP ? OSPF_ALL_DR : OSPF_ALL_ROUTERS;
}

static void
send_hello(struct iface *i, uint32_t to)
{
	struct wire_writer w = iface_begin(i, OSPF_HELLO);

	ospf_write_hello(&w, &(struct ospf_hello){ .mask = i->mask,
				 .interval_s = i->hello_s,
				 .options = area_options(i->area),
				 .priority = i->priority,
				 .dead_s = i->dead_s,
				 .dr = i->dr,
				 .bdr = i->bdr });
	list_each (l, &i->neighbors) {
		const struct neighbor *n = OBJECT(l, struct neighbor, of_iface);
		if (n->state >= NS_INIT)
			wire_put_u32(&w, n->router);
	}
	iface_send(i, &w, OSPF_HELLO, to);
}

static bool
is_heard(const struct iface *i, uint32_t address)
{
	for (const struct list *l = i->neighbors.next; l != &i->neighbors; l = l->next)
		if (CONST_OBJECT(l, struct neighbor, of_iface)->address == address)
			return true;
	return false;
}

/* 9.5.1: one by one, those that are silent more seldom. */
static void
hello_peers(struct iface *i)
{
	struct ospf *o = i->ospf;
	bool poll = o->now >= i->poll_at;

	list_each (l, &i->neighbors) {
		send_hello(i, OBJECT(l, struct neighbor, of_iface)->address);
	}
	for (size_t k = 0; poll && k < o->config.peer_count; k++) {
		uint32_t peer = o->config.peers[k];
		if (peer != i->address && !((peer ^ i->address) & i->mask) && !is_heard(i, peer))
			send_hello(i, peer);
	}
	if (poll)
		i->poll_at = o->now + (usec_t)i->poll_s * USEC_PER_SEC;
}

void
iface_hello_due(struct iface *i)
{
	struct ospf *o = i->ospf;

	if (i->passive || i->state <= IS_LOOPBACK)
		return;
	graceful_say(i);
	if (i->type == OSPF_NBMA)
		hello_peers(i);
	else
		send_hello(i, OSPF_ALL_ROUTERS);
	timer_set(&o->timers, &i->hello, o->now + (usec_t)i->hello_s * USEC_PER_SEC);
}

/* --- in --- */

static enum ospf_verdict
check_hello(const struct iface *i, const struct ospf_hello *h)
{
	if (i->type != OSPF_POINT_TO_POINT && h->mask != i->mask)
		return OSPF_BAD_MASK;
	if (h->interval_s != i->hello_s)
		return OSPF_BAD_HELLO_INTERVAL;
	if (h->dead_s != i->dead_s)
		return OSPF_BAD_DEAD_INTERVAL;
	if ((h->options ^ area_options(i->area)) & (OSPF_OPTION_E | OSPF_OPTION_NP))
		return OSPF_BAD_OPTIONS;
	return OSPF_ACCEPTED;
}

static enum ospf_verdict
take_hello(struct iface *i, uint32_t router, uint32_t from, struct wire_reader *r)
{
	struct ospf_hello h;
	enum ospf_verdict v = ospf_read_hello(r, &h);

	if (v == OSPF_ACCEPTED)
		v = check_hello(i, &h);
	if (v == OSPF_ACCEPTED && watch_hello(i, from))
		neighbor_hello(i, router, from, &h);
	return v;
}

static enum ospf_verdict
take_other(struct iface *i, const struct ospf_header *h, uint32_t from, struct wire_reader *r)
{
	struct neighbor *n = neighbor_find(i, h->router, from);

	if (!n || n->router != h->router)
		return OSPF_NO_NEIGHBOR;
	switch (h->type) {
	case OSPF_DESCRIPTION: return exchange_description(n, r);
	case OSPF_REQUEST: return exchange_request(n, r);
	case OSPF_UPDATE: return flood_update(n, r);
	default: return flood_ack(n, r);
	}
}

/* 8.2, as far as the link decides it. */
static enum ospf_verdict
check_way(const struct iface *i, const struct ospf_header *h, uint32_t from, uint32_t to)
{
	if (h->area != i->area->id)
		return OSPF_BAD_AREA;
	if (from == i->address)
		return OSPF_BAD_SOURCE;
	if (i->type != OSPF_POINT_TO_POINT && (from & i->mask) != (i->address & i->mask))
		return OSPF_BAD_SOURCE;
	if (to == OSPF_ALL_DR ? i->state != IS_DR && i->state != IS_BACKUP : to != OSPF_ALL_ROUTERS && to != i->address)
		return OSPF_BAD_DESTINATION;
	if (h->router == i->ospf->router_id)
		return OSPF_SAME_ROUTER_ID;
	return OSPF_ACCEPTED;
}

/* Among several networks on a link that of the sender; on a point-to-point link there is but one. */
static struct iface *
iface_for(const struct ospf *o, uint32_t ifindex, uint32_t from, const struct ospf_header *h)
{
	struct iface *best = NULL;
	uint32_t area = h->area;

	for (const struct list *l = o->ifaces.next; l != &o->ifaces; l = l->next) {
		struct iface *i = OBJECT((struct list *)(uintptr_t)l, struct iface, of_ospf);
		if (i->is_virtual || i->port->ifindex != ifindex || i->state <= IS_LOOPBACK || i->passive)
			continue;
		bool near = (from & i->mask) == (i->address & i->mask);
		if (near && i->area->id == area) /* several areas may share a link (RFC 5185) */
			return i;
		if (!best || (near && !i->multi))
			best = i;
	}
	struct iface *across = !area && (!best || best->area->id) ? vlink_for(o, ifindex, h->router) : NULL;
	return across ? across : best;
}

static void
tell_refusal(struct iface *i, enum ospf_verdict v, uint32_t from, unsigned type)
{
	char text[ADDR_TEXT];

	i->refused[v]++;
	row_iface(i);
	if (i->last_refusal == v && i->last_refused == from)
		return; /* said already; it is counted */
	i->last_refusal = v;
	i->last_refused = from;
	ospf_note(i->ospf, 4, "%s of %s on %s is refused: %s", ospf_type_name(type), id_text(from, text), i->port->name,
	    ospf_verdict_text(v));
}

void
iface_packet(struct ospf *o, const struct ospf_input *in)
{
	struct wire_reader r = wire_reader(in->bytes, in->size);
	uint32_t from = addr_to_v4(&in->from);
	struct ospf_header h = { 0 };
	enum ospf_verdict v = ospf_read_header(&r, &h);
	struct iface *i = iface_for(o, in->ifindex, from, &h);

	if (!i)
		return;
	if (v == OSPF_ACCEPTED)
		v = check_way(i, &h, from, addr_to_v4(&in->to));
	uint32_t sequence = 0;
	if (v == OSPF_ACCEPTED)
		v = ospf_auth_check(i, &h, in->bytes, in->size, neighbor_find(i, h.router, from), &sequence);
	if (v == OSPF_ACCEPTED) {
		i->received[h.type]++;
		v = h.type == OSPF_HELLO ? take_hello(i, h.router, from, &r) : take_other(i, &h, from, &r);
		struct neighbor *n = neighbor_find(i, h.router, from);
		if (n)
			n->auth_sequence = sequence;
	}
	if (v == OSPF_BAD_DESTINATION || v == OSPF_NO_NEIGHBOR)
		i->refused[v]++; /* what happens on a healthy link too */
	else if (v != OSPF_ACCEPTED)
		tell_refusal(i, v, from, h.type);
	else if (h.type == OSPF_HELLO && from == i->last_refused)
		i->last_refusal = OSPF_ACCEPTED;
}

/* --- states --- */

static void
reset(struct iface *i)
{
	struct ospf *o = i->ospf;

	list_each_safe (l, &i->neighbors) {
		struct neighbor *n = OBJECT(l, struct neighbor, of_iface);
		neighbor_event(n, NE_KILL);
		neighbor_free(n);
	}
	timer_clear(&o->timers, &i->hello);
	timer_clear(&o->timers, &i->wait);
	timer_clear(&o->timers, &i->ack);
	list_each_safe (s, &i->to_send) {
		list_remove(s);
		free(OBJECT(s, struct sending, link));
	}
	i->ack_count = 0;
	i->dr = i->bdr = 0;
}

/* 9.4 (4) to (7) */
static void
hold_election(struct iface *i)
{
	uint32_t dr, bdr, old_dr = i->dr, old_bdr = i->bdr;

	elect(i, &dr, &bdr);
	i->dr = dr;
	i->bdr = bdr;
	iface_event(i, dr == i->address ? IE_ELECTED_DR : bdr == i->address ? IE_ELECTED_BACKUP : IE_ELECTED_OTHER);
	if (old_dr == dr && old_bdr == bdr)
		return;
	neighbors_adj_ok(i);
	originate_router(i->area);
	originate_network(i);
}

/* The only place that changes an interface's state and the only one that acts on it. */
void
iface_event(struct iface *i, enum interface_event on)
{
	struct ospf *o = i->ospf;
	enum interface_state before = i->state;
	struct interface_move move = interface_decide(before, on, iface_kind(i));

	i->state = move.next;
	if (move.acts & IA_RESET)
		reset(i);
	review_groups(i);
	if (move.acts & IA_WAIT)
		timer_set(&o->timers, &i->wait, o->now + (usec_t)i->dead_s * USEC_PER_SEC);
	if (move.acts & IA_HELLO)
		iface_hello_due(i);
	if (move.acts & IA_ELECT &&
	    !(graceful_is_on(o) && i->dr)) /* who was elected before has not been heard yet, perhaps */
		hold_election(i);
	row_iface(i);
	if (i->state == before)
		return;
	row_area(i->area);
	if (before == IS_WAITING)
		timer_clear(&o->timers, &i->wait);
	originate_router(i->area);
	originate_network(i);
	if (before == IS_WAITING)
		neighbors_adj_ok(i);
}

/* --- which interfaces there are --- */

static struct area *
area_get(struct ospf *o, const struct ospf_area_config *c)
{
	list_each (l, &o->areas) {
		struct area *a = OBJECT(l, struct area, of_ospf);
		if (a->id == c->id)
			return a;
	}
	struct area *a = NEW(struct area);
	a->ospf = o;
	a->id = c->id;
	list_init(&a->ifaces);
	lsdb_init(&a->db);
	hash_init(&a->vertices);
	a->spf = spf_new();
	list_append(&o->areas, &a->of_ospf);
	row_area(a);
	return a;
}

static struct iface *
iface_find(const struct port *p, struct ospf *o, const struct prefix *address, const uint32_t *multi_area)
{
	list_each (l, &o->ifaces) {
		struct iface *i = OBJECT(l, struct iface, of_ospf);
		if (i->port == p && prefix_eq(&i->prefix, address) && i->multi == !!multi_area &&
		    (!multi_area || i->area->id == *multi_area))
			return i;
	}
	return NULL;
}

static struct iface *
iface_new(struct ospf *o, struct area *a, struct port *p, const struct prefix *address, bool multi)
{
	struct iface *i = NEW(struct iface);

	i->multi = multi;
	i->ospf = o;
	i->area = a;
	i->port = p;
	i->prefix = *address;
	i->address = addr_to_v4(&address->addr);
	i->mask = lsa_mask(address->len);
	list_init(&i->neighbors);
	list_init(&i->to_send);
	lsdb_init(&i->links);
	timer_init(&i->hello, TIMER_HELLO);
	timer_init(&i->wait, TIMER_WAIT);
	timer_init(&i->ack, TIMER_ACK);
	timer_init(&i->sync.timer, TIMER_SYNC);
	list_append(&a->ifaces, &i->of_area);
	list_append(&o->ifaces, &i->of_ospf);
	row_iface(i);
	return i;
}

struct iface *
iface_new_virtual(struct ospf *o, struct port *p, const struct prefix *address)
{
	static const struct ospf_area_config backbone = { .id = 0 };
	struct iface *i = iface_new(o, area_get(o, &backbone), p, address, false);

	i->is_virtual = true;
	row_iface_gone(i); /* its name in the table is another */
	row_iface(i);
	return i;
}

void
iface_free(struct iface *i)
{
	struct area *a = i->area;
	struct ospf *o = i->ospf;

	i->sync.on = false;
	i->sync.state = SS_OFF;
	watches_free(i);
	iface_event(i, IE_DOWN);
	timer_clear(&o->timers, &i->sync.timer);
	originate_gone(i);
	lsdb_free(o, &i->links);
	row_iface_gone(i);
	list_remove(&i->of_area);
	list_remove(&i->of_ospf);
	originate_router(a);
	if (i->is_virtual)
		free(i->port);
	free(i->acks);
	free(i);
}

static uint16_t
cost_of(const struct port *p, const struct ospf_interface_config *c, uint32_t bandwidth)
{
	if (c && c->cost)
		return (uint16_t)c->cost;
	if (p->loopback)
		return 0;
	uint32_t cost = p->speed_mbps ? bandwidth / p->speed_mbps : OSPF_COST;
	return (uint16_t)(!cost ? 1 : cost > UINT16_MAX ? UINT16_MAX : cost);
}

static enum ospf_network_type
type_of(const struct port *p, const struct ospf_interface_config *c)
{
	if (p->loopback)
		return OSPF_LOOPBACK;
	return c && c->has_type ? c->type : p->point_to_point ? OSPF_POINT_TO_POINT : OSPF_BROADCAST;
}

static uint16_t
or_default(uint32_t value, uint32_t normal)
{
	return (uint16_t)(value ? value : normal);
}

static bool
same_bfd(const struct ospf_bfd_config *a, const struct ospf_bfd_config *b)
{
	return a->on == b->on && a->min_tx_ms == b->min_tx_ms && a->min_rx_ms == b->min_rx_ms &&
	       a->multiplier == b->multiplier;
}

/* Takes the settings; what the neighbours have to agree on begins anew when it changes. */
static void
configure(struct iface *i, const struct ospf_interface_config *c)
{
	struct iface old = *i;
	enum ospf_network_type type = i->multi ? OSPF_POINT_TO_POINT : type_of(i->port, c);
	bool slow = type == OSPF_NBMA || type == OSPF_POINT_TO_MULTIPOINT;

	i->type = type;
	i->hello_s = or_default(c ? c->hello_s : 0, slow ? OSPF_HELLO_SLOW_S : OSPF_HELLO_S);
	i->poll_s = c && c->poll_s ? c->poll_s : OSPF_POLL_S;
	i->poll_at = 0; /* there may be other peers */
	i->dead_s = c && c->dead_s ? c->dead_s : (uint32_t)i->hello_s * OSPF_DEAD_TIMES;
	i->retransmit_s = or_default(c ? c->retransmit_s : 0, OSPF_RETRANSMIT_S);
	i->delay_s = or_default(c ? c->delay_s : 0, OSPF_DELAY_S);
	i->priority = c && c->priority >= 0 ? (uint8_t)c->priority : OSPF_PRIORITY;
	uint32_t bandwidth = i->ospf->config.bandwidth_mbps;
	i->cost = cost_of(i->port, c, bandwidth ? bandwidth : OSPF_BANDWIDTH_MBPS);
	i->passive = c ? c->silent : i->ospf->config.all_silent;
	i->mtu_ignored = c && c->mtu_ignored;
	i->hidden = c && c->hiding ? c->hiding == OSPF_HIDDEN : i->ospf->config.hidden;
	const struct ospf_area_config *area = ospf_config_area(&i->ospf->config, i->area->id);
	sync_configure(i, c);
	const struct ospf_bfd_config *bfd = c && (c->bfd.on || c->bfd.off) ? &c->bfd : &i->ospf->config.bfd;
	i->bfd = *bfd;
	i->bfd.on &= i->type != OSPF_LOOPBACK && !i->passive;
	if (!same_bfd(&old.bfd, &i->bfd))
		watches_review(i);
	i->keys = c && c->keys.count ? c->keys : area ? area->keys : (struct ospf_keys){ 0 };
	bool again = i->state != IS_DOWN && (old.type != i->type || old.passive != i->passive ||
						old.hello_s != i->hello_s || old.dead_s != i->dead_s);
	if (again)
		iface_event(i, i->state == IS_LOOPBACK ? IE_UNLOOP : IE_DOWN);
	if (!again && i->state != IS_DOWN && old.priority != i->priority)
		iface_event(i, IE_NEIGHBORS);
	row_iface(i);
	if (old.cost != i->cost || old.hidden != i->hidden)
		originate_router(i->area);
	if (old.hidden != i->hidden)
		originate_network(i);
}

static void
up_or_down(struct iface *i)
{
	const struct port *p = i->port;

	sync_link(i);
	if (i->state == IS_DOWN && p->up && !sync_is_holding(i))
		iface_event(i, p->loopback ? IE_LOOP : IE_UP);
	else if (i->state != IS_DOWN && !p->up)
		iface_event(i, p->loopback ? IE_UNLOOP : IE_DOWN);
}

/* The adjacencies of other areas that share the link with the area that it is in. */
static void
review_multi(struct ospf *o, struct port *p, const struct prefix *address, uint32_t own_area)
{
	const struct ospf_interface_config *c = ospf_config_interface(&o->config, p->name);

	for (uint8_t k = 0; c && !p->loopback && k < c->multi_count; k++) {
		const struct ospf_area_config *area = ospf_config_area(&o->config, c->multi[k].area);
		if (!area || !c->multi[k].enabled || c->multi[k].area == own_area)
			continue;
		struct iface *i = iface_find(p, o, address, &c->multi[k].area);
		if (!i)
			i = iface_new(o, area_get(o, area), p, address, true);
		i->seen = o->round;
		configure(i, c);
		up_or_down(i);
	}
}

static void
review_port(struct ospf *o, struct port *p)
{
	for (size_t k = 0; k < p->address_count; k++) {
		const struct prefix *address = &p->addresses[k];
		uint32_t area_id;
		if (!ospf_config_place(&o->config, p->name, addr_to_v4(&address->addr), &area_id))
			continue;
		const struct ospf_area_config *c = ospf_config_area(&o->config, area_id);
		struct iface *i = iface_find(p, o, address, NULL);
		if (!c)
			continue;
		if (i && i->area->id != area_id) {
			iface_free(i);
			i = NULL;
		}
		if (!i)
			i = iface_new(o, area_get(o, c), p, address, false);
		i->seen = o->round;
		configure(i, ospf_config_interface(&o->config, p->name));
		up_or_down(i);
		review_multi(o, p, address, area_id);
	}
}

static void
configure_areas(struct ospf *o)
{
	for (size_t k = 0; k < o->config.area_count; k++) {
		const struct ospf_area_config *c = &o->config.areas[k];
		struct area *a = area_get(o, c);
		bool other = a->seen && (a->stub != c->stub || a->nssa != c->nssa);
		a->stub = c->stub;
		a->nssa = c->nssa;
		a->no_summary = c->no_summary;
		a->no_import = c->no_import;
		a->default_cost = c->default_cost ? c->default_cost : 1;
		a->seen = o->round;
		if (!other)
			continue;
		list_each (l, &a->ifaces) { /* the E and N bits are agreed on in Hellos */
			struct iface *i = OBJECT(l, struct iface, of_area);
			if (i->state > IS_LOOPBACK)
				iface_event(i, IE_DOWN);
		}
	}
}

void
ifaces_review(struct ospf *o)
{
	o->round++;
	configure_areas(o);
	if (o->router_id)
		hash_each (n, &o->ports) {
			review_port(o, OBJECT(n, struct port, by_ifindex));
		}
	vlinks_configure(o);
	list_each_safe (l, &o->ifaces) {
		struct iface *i = OBJECT(l, struct iface, of_ospf);
		if (i->seen != o->round)
			iface_free(i);
	}
	list_each_safe (m, &o->areas) {
		struct area *a = OBJECT(m, struct area, of_ospf);
		if (a->seen != o->round && (a->id || !vlinks_need_backbone(o)))
			routes_area_free(a);
	}
}
