/*
 * Our own LSAs, RFC 2328 sections 12.4, 13.4 and 14.1.
 *
 * What we want to say is kept apart from what the database has: a *wish* is an LSA as it should be. Whoever learns of a
 * change only marks the area or link; at the end of the input wishes are made anew and compared with the database, and a new
 * instance is made where they differ. So a hundred changes in one input are one instance, and an instance of ours that
 * comes back from before a restart is answered by the wish, or flushed when there is none.
 *
 * Instances keep their distance: the second of two is sent a second after the first was sent to anybody at the soonest, for
 * others refuse it earlier (MinLSArrival), and under lasting change up to five seconds after (MinLSInterval), unless a link
 * is gone. One that was sent to nobody is replaced at once. Our own paths do not wait: they follow what we wish to say.
 */
#include "igpd/ospf/model.h"
#include <stdlib.h>
#include <string.h>

enum {
	BODY_MAX = 65535 - 200,
	HOLD_US = 1100000, /* MinLSArrival of others, and something for the way, which may have been longer before */
	HOLD_MOST_US = LSA_MIN_INTERVAL_S * 1000000
};

struct wish {
	struct hash_node by_key;
	struct ospf *ospf;
	struct lsdb *db;
	struct area *area;
	uint8_t type, options;
	uint32_t id;
	uint8_t *body;
	size_t size;
	bool again; /* a new instance is due even if it says the same */
	struct timer timer;
};

static uint32_t
wish_hash(uint8_t type, uint32_t id)
{
	uint32_t words[2] = { id, type };

	return hash_bytes(words, sizeof words, 0);
}

static struct wish *
wish_find(struct ospf *o, const struct lsdb *db, uint8_t type, uint32_t id)
{
	for (struct hash_node *n = hash_first(&o->wishes, wish_hash(type, id)); n; n = hash_next(n)) {
		struct wish *w = OBJECT(n, struct wish, by_key);
		if (w->db == db && w->type == type && w->id == id)
			return w;
	}
	return NULL;
}

static void
wish_free(struct wish *w)
{
	timer_clear(&w->ospf->timers, &w->timer);
	hash_remove(&w->ospf->wishes, &w->by_key);
	free(w->body);
	free(w);
}

struct wire_reader
originate_links(const struct area *a)
{
	const struct wish *w = wish_find(a->ospf, &a->db, LSA_ROUTER, a->ospf->router_id);
	struct wire_reader r = wire_reader(w ? w->body : NULL, w ? w->size : 0);

	if (w)
		wire_u32(&r); /* flags and the number of links */
	return r;
}

/* --- instances --- */

static void
new_instance(struct wish *w, const struct lsa *have)
{
	struct ospf *o = w->ospf;
	size_t size = LSA_HEADER_BYTES + w->size;
	struct lsa_header h = {
		.options = w->options, .type = w->type, .id = w->id, .router = o->router_id, .length = (uint16_t)size
	};
	uint8_t *bytes = mem_zalloc(size);
	struct wire_writer out = wire_writer(bytes, size);
	usec_t hold = HOLD_US;
	bool differs;

	h.sequence = have ? have->head.sequence + 1 : LSA_FIRST_SEQUENCE;
	lsa_write_header(&out, &h);
	wire_put_bytes(&out, w->body, w->size);
	lsa_seal(bytes, size);
	if (have && have->hold && o->now < have->sent_at + 2 * have->hold)
		hold = usec_min(2 * have->hold, HOLD_MOST_US);
	struct lsa *l = lsdb_install(o, w->db, w->area, NULL, bytes, size, 0, &differs);
	free(bytes);
	l->hold = hold;
	flood(o, l, NULL);
	if (differs) {
		graceful_changed(o, l);
		routes_lsa(o, l);
	}
}

static bool
is_said(const struct wish *w, const struct lsa *have)
{
	return have && !have->flushed && have->own && have->head.options == w->options &&
	       have->head.length == LSA_HEADER_BYTES + w->size &&
	       memcmp(have->bytes + LSA_HEADER_BYTES, w->body, w->size) == 0;
}

static bool
has_link_for(const struct wish *w, const struct lsa_link *want)
{
	struct wire_reader r = originate_links(w->area);
	struct lsa_link link;

	while (lsa_next_link(&r, &link))
		if (link.type == want->type && link.id == want->id && link.data == want->data &&
		    link.metric <= want->metric)
			return true;
	return false;
}

/* How long after the instance before: that a link is gone or costs more is never held back longer than others refuse it. */
static usec_t
distance(const struct wish *w, const struct lsa *have)
{
	struct lsa_link link;

	if (have->hold <= HOLD_US || w->type != LSA_ROUTER || have->flushed)
		return have->hold;
	struct wire_reader r = lsa_links(have->bytes);
	while (lsa_next_link(&r, &link))
		if (!has_link_for(w, &link))
			return HOLD_US;
	return have->hold;
}

/* Brings the database to what is wished, as soon as that may be. `again`: even if it says so already. */
static void
fulfil(struct wish *w, bool again)
{
	struct ospf *o = w->ospf;
	struct lsa *have = lsdb_find(w->db, w->type, w->id, o->router_id);

	if (graceful_is_on(o))
		return;
	w->again |= again;
	if (is_said(w, have) && !w->again)
		return;
	if (have && have->flushed && have->head.sequence == LSA_LAST_SEQUENCE) { /* 12.1.6: it has to be gone first */
		timer_set(&o->timers, &w->timer, o->now + USEC_PER_SEC);
		return;
	}
	if (have && have->head.sequence == LSA_LAST_SEQUENCE) {
		lsdb_flush(o, have);
		timer_set(&o->timers, &w->timer, o->now + USEC_PER_SEC);
		return;
	}
	if (have && have->sent_at && o->now < have->sent_at + distance(w, have)) {
		timer_set(&o->timers, &w->timer, have->sent_at + distance(w, have));
		return;
	}
	timer_clear(&o->timers, &w->timer);
	w->again = false;
	new_instance(w, have);
}

void
originate_wish_due(struct timer *t)
{
	fulfil(OBJECT(t, struct wish, timer), false);
}

static void
unwant(struct wish *w)
{
	struct lsa *have = lsdb_find(w->db, w->type, w->id, w->ospf->router_id);

	if (have && have->own && !graceful_is_on(w->ospf))
		lsdb_flush(w->ospf, have);
	wish_free(w);
}

static void
want(struct ospf *o, struct lsdb *db, struct area *area, uint8_t type, uint32_t id, uint8_t options,
    const struct wire_writer *body)
{
	struct wish *w = wish_find(o, db, type, id);

	if (!w) {
		w = NEW(struct wish);
		w->ospf = o;
		w->db = db;
		w->area = area;
		w->type = type;
		w->id = id;
		timer_init(&w->timer, TIMER_ORIGINATE);
		hash_add(&o->wishes, &w->by_key, wish_hash(type, id));
	}
	w->options = options;
	free(w->body);
	w->body = mem_copy(body->base, body->at);
	w->size = body->at;
	fulfil(w, false);
}

void
originate_refresh(struct ospf *o, struct lsa *l)
{
	struct wish *w = wish_find(o, l->db, l->head.type, l->head.id);

	if (graceful_is_on(o))
		return;
	if (w)
		fulfil(w, true);
	else
		lsdb_flush(o, l);
}

static void
flush_unwanted(struct ospf *o, struct lsdb *db)
{
	hash_each (n, &db->by_key) {
		struct lsa *l = OBJECT(n, struct lsa, by_key);
		if (l->own && !l->flushed && !wish_find(o, db, l->head.type, l->head.id))
			lsdb_flush(o, l);
	}
}

void
originate_all(struct ospf *o)
{
	hash_each (n, &o->wishes) {
		fulfil(OBJECT(n, struct wish, by_key), false);
	}
	flush_unwanted(o, &o->db);
	list_each (at, &o->areas) {
		flush_unwanted(o, &OBJECT(at, struct area, of_ospf)->db);
	}
}

void
originate_received(struct ospf *o, struct lsa *l)
{
	bool is_network_of_ours = false;

	if (graceful_is_on(o)) /* what we said before stays in force */
		return;

	/* 13.4: also what we said under another router ID, as the DR of one of our links. */
	for (const struct list *at = o->ifaces.next; l->head.type == LSA_NETWORK && at != &o->ifaces; at = at->next)
		is_network_of_ours |= CONST_OBJECT(at, struct iface, of_ospf)->address == l->head.id;
	if (!l->own && !is_network_of_ours)
		return;
	struct wish *w = l->own ? wish_find(o, l->db, l->head.type, l->head.id) : NULL;
	if (w && !l->flushed && is_said(w, l))
		return; /* it says what we would say: its number is ours from now on */
	if (w) {
		l->hold = 0;
		fulfil(w, true);
	} else if (!l->flushed) {
		lsdb_flush(o, l);
	}
}

void
originate_wish(struct ospf *o, struct lsdb *db, struct area *area, uint8_t type, uint32_t id, uint8_t options,
    const struct wire_writer *body)
{
	want(o, db, area, type, id, options, body);
}

void
originate_no_wish(struct ospf *o, struct lsdb *db, uint8_t type, uint32_t id)
{
	struct wish *w = wish_find(o, db, type, id);

	if (w)
		unwant(w);
}

bool
originate_mask(struct ospf *o, const struct lsdb *db, uint8_t type, uint32_t id, uint32_t *ret)
{
	const struct wish *w = wish_find(o, db, type, id);

	if (!w)
		return false;
	struct wire_reader r = wire_reader(w->body, w->size);
	*ret = wire_u32(&r);
	return true;
}

void
originate_move(struct ospf *o, struct lsdb *db, struct area *area, uint8_t type, uint32_t from, uint32_t to)
{
	struct wish *w = wish_find(o, db, type, from);
	uint8_t *body = mem_copy(w->body, w->size);
	struct wire_writer out = { .base = body, .size = w->size, .at = w->size };

	want(o, db, area, type, to, w->options, &out);
	free(body);
}

/* --- router-LSAs, 12.4.1 --- */

static void
put_link(struct wire_writer *w, uint32_t id, uint32_t data, enum lsa_link_type type, uint16_t metric, uint16_t *count)
{
	wire_put_u32(w, id);
	wire_put_u32(w, data);
	wire_put_u8(w, (uint8_t)type);
	wire_put_u8(w, 0);
	wire_put_u16(w, metric);
	(*count)++;
}

/*
 * Entries stand in the order of their bytes, not in that in which interfaces and neighbours came: who restarts and says the
 * same has to say it in the same words, or its neighbours take it for a change and stop helping (RFC 3623 3.2).
 */
enum { LINK_BYTES = 12, ATTACHED_BYTES = 4 };
static int
by_bytes(const void *a, const void *b, void *size)
{
	return memcmp(a, b, *(const size_t *)size);
}

static void
sort_entries(struct wire_writer *w, size_t from, size_t entry_bytes)
{
	qsort_r(w->base + from, (w->at - from) / entry_bytes, entry_bytes, by_bytes, &entry_bytes);
}

static uint16_t
transit_metric(const struct iface *i)
{
	return i->ospf->config.stub_router || sync_is_max(i) ? LSA_LINK_INFINITY : i->cost;
}

static void
put_point_to_point(struct wire_writer *w, const struct iface *i, uint16_t *count)
{
	for (const struct list *at = i->neighbors.next; at != &i->neighbors; at = at->next) {
		const struct neighbor *n = CONST_OBJECT(at, struct neighbor, of_iface);
		if (neighbor_is_full(n))
			put_link(w, n->router, i->address, i->is_virtual ? LINK_VIRTUAL : LINK_POINT_TO_POINT,
			    transit_metric(i), count);
	}
	if (i->multi || i->is_virtual || i->hidden) /* its network is the other area's, or nobody's business */
		return;
	if (i->type == OSPF_POINT_TO_MULTIPOINT)
		put_link(w, i->address, UINT32_MAX, LINK_STUB, 0, count);
	else
		put_link(w, i->address & i->mask, i->mask, LINK_STUB, i->cost, count);
}

static bool
is_transit(const struct iface *i)
{
	if (i->state == IS_WAITING || !i->dr || sync_is_withheld(i))
		return false;
	if (i->dr == i->address)
		return iface_full_count(i) > 0;
	for (const struct list *at = i->neighbors.next; at != &i->neighbors; at = at->next) {
		const struct neighbor *n = CONST_OBJECT(at, struct neighbor, of_iface);
		if (n->address == i->dr)
			return neighbor_is_full(n);
	}
	return false;
}

static void
put_iface(struct wire_writer *w, const struct iface *i, uint16_t *count)
{
	if (i->state == IS_DOWN)
		return;
	if (i->state == IS_LOOPBACK)
		put_link(w, i->address, UINT32_MAX, LINK_STUB, i->cost, count);
	else if (i->passive)
		put_link(w, i->address & i->mask, i->mask, LINK_STUB, i->cost, count);
	else if (!iface_is_multi_access(i))
		put_point_to_point(w, i, count);
	else if (is_transit(i))
		put_link(w, i->dr, i->address, LINK_TRANSIT, transit_metric(i), count);
	else
		put_link(w, i->address & i->mask, i->mask, LINK_STUB, i->cost, count);
}

static void
make_router(struct area *a)
{
	struct ospf *o = a->ospf;
	struct wire_writer w = wire_writer(o->buffer, BODY_MAX);
	struct wish *had = wish_find(o, &a->db, LSA_ROUTER, o->router_id);
	uint16_t count = 0;

	a->router_due = false;
	if (list_is_empty(&a->ifaces) || !o->router_id) {
		if (had)
			unwant(had);
		return;
	}
	wire_put_u8(
	    &w, (uint8_t)((ospf_is_border(o) ? LSA_ROUTER_B : 0) | (external_is_boundary(o) ? LSA_ROUTER_E : 0) |
			  (vlink_is_endpoint(a) ? LSA_ROUTER_V : 0)));
	wire_put_u8(&w, 0);
	wire_put_u16(&w, 0);
	list_each (at, &a->ifaces) {
		put_iface(&w, OBJECT(at, struct iface, of_area), &count);
	}
	w.base[2] = (uint8_t)(count >> 8);
	w.base[3] = (uint8_t)count;
	sort_entries(&w, 4, LINK_BYTES);
	want(o, &a->db, a, LSA_ROUTER, o->router_id, area_options(a), &w);
}

/* --- network-LSAs, 12.4.2 --- */

static void
make_network(struct iface *i)
{
	struct ospf *o = i->ospf;
	struct wire_writer w = wire_writer(o->buffer, BODY_MAX);
	struct wish *had = wish_find(o, &i->area->db, LSA_NETWORK, i->address);

	i->network_due = false;
	if (i->state != IS_DR || !iface_full_count(i)) {
		if (had)
			unwant(had);
		return;
	}
	wire_put_u32(&w, i->hidden ? UINT32_MAX : i->mask); /* RFC 6860 2.2.1 */
	wire_put_u32(&w, o->router_id);
	list_each (at, &i->neighbors) {
		const struct neighbor *n = OBJECT(at, struct neighbor, of_iface);
		if (neighbor_is_full(n))
			wire_put_u32(&w, n->router);
	}
	sort_entries(&w, 4, ATTACHED_BYTES);
	want(o, &i->area->db, i->area, LSA_NETWORK, i->address, area_options(i->area), &w);
}

/* --- the end of an input --- */

void
originate_router(struct area *a)
{
	a->router_due = a->ospf->originate_due = a->ospf->nssa_due = true;
}

void
originate_network(struct iface *i)
{
	i->network_due = i->ospf->originate_due = true;
}

/* An interface is about to go: nobody else knows of its network. */
void
originate_gone(struct iface *i)
{
	struct wish *w = wish_find(i->ospf, &i->area->db, LSA_NETWORK, i->address);

	if (w)
		unwant(w);
}

void
originate_due(struct ospf *o)
{
	bool border = ospf_is_border(o);

	if (!o->originate_due)
		return;
	o->originate_due = false;
	list_each (at, &o->areas) {
		struct area *a = OBJECT(at, struct area, of_ospf);
		list_each (k, &a->ifaces) {
			if (OBJECT(k, struct iface, of_area)->network_due)
				make_network(OBJECT(k, struct iface, of_area));
		}
		bool due = a->router_due;
		if (due || border != o->border) /* the B bit stands in each */
			make_router(a);
		if (due)
			routes_links(a);
	}
	if (border == o->border)
		return;
	o->border = border;
	row_process(o);
	routes_border(o);
}

void
originate_forget(struct ospf *o, const struct area *a)
{
	hash_each (n, &o->wishes) {
		struct wish *w = OBJECT(n, struct wish, by_key);
		if (!a || w->area == a)
			wish_free(w);
	}
}
