/*
 * The exchange of databases, RFC 2328 sections 10.6 to 10.9: two neighbours describe what they have, and ask each other for
 * what is newer there.
 *
 * What is described is listed by name when it begins. Each packet is written from the list anew, so that one that is sent
 * again describes the same LSAs as they are by then; what has left the database meanwhile is passed over.
 */
#include "igpd/ospf/model.h"
#include <stdlib.h>
#include <string.h>

void
exchange_clear(struct neighbor *n)
{
	struct ospf *o = n->iface->ospf;

	flood_forget_neighbor(n);
	hash_each (h, &n->requests) {
		hash_remove(&n->requests, h);
		free(OBJECT(h, struct request, by_key));
	}
	n->asked = 0;
	free(n->summary);
	n->summary = NULL;
	n->summary_count = n->summary_at = n->summary_end = 0;
	n->last.any = false;
	timer_clear(&o->timers, &n->describe);
	timer_clear(&o->timers, &n->request);
	timer_clear(&o->timers, &n->retransmit);
}

/* --- what we have --- */

static const struct lsa *
named(const struct neighbor *n, const struct ospf_request *name)
{
	return lsdb_find(
	    lsdb_for(n->iface->ospf, n->iface, (uint8_t)name->type), (uint8_t)name->type, name->id, name->router);
}

static void
describe(struct neighbor *n)
{
	struct iface *i = n->iface;
	struct wire_writer w = iface_begin(i, OSPF_DESCRIPTION);
	struct ospf_description d = { .mtu = (uint16_t)(i->is_virtual          ? 0 /* 10.8 */
							: i->port->mtu > 65535 ? 65535
									       : i->port->mtu),
		.options = area_options(i->area) | OSPF_OPTION_O,
		.flags = (uint8_t)(n->master ? DD_MASTER : 0),
		.sequence = n->dd_sequence };

	if (n->state == NS_EXSTART)
		d.flags |= DD_INIT | DD_MORE | DD_MASTER;
	else if (n->summary_end < n->summary_count)
		d.flags |= DD_MORE;
	ospf_write_description(&w, &d);
	for (size_t k = n->summary_at; n->state != NS_EXSTART && k < n->summary_end; k++) {
		const struct lsa *l = named(n, &n->summary[k]);
		if (!l)
			continue;
		struct lsa_header h = lsdb_header(i->ospf, l);
		lsa_write_header(&w, &h);
	}
	n->more = d.flags & DD_MORE;
	iface_send(i, &w, OSPF_DESCRIPTION, n->address);
	if (n->master)
		timer_set(&i->ospf->timers, &n->describe, i->ospf->now + (usec_t)i->retransmit_s * USEC_PER_SEC);
}

/* The next of the list; the packet before is acknowledged. */
static void
describe_next(struct neighbor *n)
{
	size_t fit = (iface_room(n->iface) - OSPF_HEADER_BYTES - 8) / LSA_HEADER_BYTES;

	n->summary_at = n->summary_end;
	n->summary_end = n->summary_count - n->summary_at < fit ? n->summary_count : n->summary_at + fit;
	describe(n);
}

void
exchange_again(struct neighbor *n)
{
	if (n->state == NS_EXSTART || n->state == NS_EXCHANGE)
		describe(n);
}

void
exchange_begin(struct neighbor *n)
{
	n->master = true;
	n->last.any = false;
	n->dd_sequence++;
	describe(n);
}

static bool
takes(const struct neighbor *n, const struct lsa *l)
{
	bool is_opaque = l->head.type >= LSA_OPAQUE_LINK;

	if (l->head.type == LSA_EXTERNAL || l->head.type == LSA_OPAQUE_AS) /* RFC 5250 3: not into stub areas either */
		if (n->iface->area->stub || n->iface->area->nssa || n->iface->is_virtual)
			return false;
	return !is_opaque || n->last.options & OSPF_OPTION_O;
}

static void
summarize(struct neighbor *n, const struct lsdb *db, size_t *room)
{
	hash_each (h, &db->by_key) {
		struct lsa *l = OBJECT(h, struct lsa, by_key);
		if (!takes(n, l))
			continue;
		if (l->flushed) { /* 10.3: is told by itself, and has to be acknowledged */
			flood_owe(n, l);
			continue;
		}
		if (n->summary_count == *room) {
			*room = *room ? *room * 2 : 64;
			n->summary = mem_resize(n->summary, *room * sizeof *n->summary);
		}
		n->summary[n->summary_count++] = (struct ospf_request){ l->head.type, l->head.id, l->head.router };
	}
}

void
exchange_summarize(struct neighbor *n)
{
	size_t room = 0;

	summarize(n, &n->iface->area->db, &room);
	summarize(n, &n->iface->ospf->db, &room);
	summarize(n, &n->iface->links, &room);
}

/* --- what the neighbour has --- */

struct request *
exchange_wanted(struct neighbor *n, uint8_t type, uint32_t id, uint32_t router)
{
	for (struct hash_node *h = hash_first(&n->requests, lsdb_key_hash(type, id, router)); h; h = hash_next(h)) {
		struct request *q = OBJECT(h, struct request, by_key);
		if (q->head.type == type && q->head.id == id && q->head.router == router)
			return q;
	}
	return NULL;
}

void
exchange_got(struct neighbor *n, struct request *q)
{
	n->asked -= q->asked;
	hash_remove(&n->requests, &q->by_key);
	free(q);
	if (!n->requests.count) {
		timer_clear(&n->iface->ospf->timers, &n->request);
		if (n->state == NS_LOADING)
			neighbor_event(n, NE_LOADED);
	} else if (!n->asked) {
		n->ask_more = true; /* once the update is read to its end */
	}
}

static bool
want(struct neighbor *n, struct lsa_header h)
{
	bool is_external = h.type == LSA_EXTERNAL || h.type == LSA_OPAQUE_AS;

	if (h.type == 0 || h.type >= LSA_TYPES || !strcmp(lsa_type_name(h.type), "Unknown") ||
	    (is_external && (n->iface->area->stub || n->iface->area->nssa)))
		return false;
	h.age_s &= (uint16_t)~LSA_DO_NOT_AGE;
	const struct lsa *have = lsdb_find(lsdb_for(n->iface->ospf, n->iface, h.type), h.type, h.id, h.router);
	struct lsa_header ours = { 0 };
	if (have)
		ours = lsdb_header(n->iface->ospf, have);
	if ((have && lsa_compare(&h, &ours) <= 0) || exchange_wanted(n, h.type, h.id, h.router))
		return true;
	struct request *q = NEW(struct request);
	q->head = h;
	hash_add(&n->requests, &q->by_key, lsdb_key_hash(h.type, h.id, h.router));
	return true;
}

void
exchange_ask(struct neighbor *n)
{
	struct iface *i = n->iface;
	size_t fit = (iface_room(i) - OSPF_HEADER_BYTES) / 12;

	n->ask_more = false;
	if (n->state < NS_EXCHANGE || !n->requests.count)
		return;
	struct wire_writer w = iface_begin(i, OSPF_REQUEST);
	n->asked = 0;
	hash_each (h, &n->requests) {
		struct request *q = OBJECT(h, struct request, by_key);
		q->asked = n->asked < fit;
		if (!q->asked)
			continue;
		n->asked++;
		wire_put_u32(&w, q->head.type);
		wire_put_u32(&w, q->head.id);
		wire_put_u32(&w, q->head.router);
	}
	iface_send(i, &w, OSPF_REQUEST, n->address);
	timer_set(&i->ospf->timers, &n->request, i->ospf->now + (usec_t)i->retransmit_s * USEC_PER_SEC);
}

/* 10.6, the last part: a packet that is the next one. */
static void
take_description(struct neighbor *n, struct ospf_description *d)
{
	while (wire_left(&d->headers))
		if (!want(n, lsa_read_header(&d->headers))) {
			neighbor_event(n, NE_MISMATCH);
			return;
		}
	bool theirs_done = !(d->flags & DD_MORE), done;

	if (n->master) {
		n->dd_sequence++;
		done = theirs_done && !n->more;
		if (!done)
			describe_next(n);
	} else {
		n->dd_sequence = d->sequence;
		describe_next(n);
		done = theirs_done && !n->more;
	}
	if (!n->asked && n->requests.count)
		exchange_ask(n);
	if (!done)
		return;
	timer_clear(&n->iface->ospf->timers, &n->describe);
	neighbor_event(n, NE_EXCHANGED);
}

static void
remember(struct neighbor *n, const struct ospf_description *d)
{
	n->last.any = true;
	n->last.flags = d->flags;
	n->last.options = d->options;
	n->last.sequence = d->sequence;
}

static void
negotiate(struct neighbor *n, struct ospf_description *d)
{
	uint8_t all = DD_INIT | DD_MORE | DD_MASTER;
	uint32_t own = n->iface->ospf->router_id;

	if ((d->flags & all) == all && !d->headers.size && n->router > own) {
		n->master = false;
		n->dd_sequence = d->sequence;
	} else if (!(d->flags & (DD_INIT | DD_MASTER)) && d->sequence == n->dd_sequence && n->router < own) {
		n->master = true;
	} else {
		return;
	}
	remember(n, d);
	timer_clear(&n->iface->ospf->timers, &n->describe);
	neighbor_event(n, NE_NEGOTIATED);
	take_description(n, d);
}

static bool
is_duplicate(const struct neighbor *n, const struct ospf_description *d)
{
	return n->last.any && n->last.flags == d->flags && n->last.options == d->options &&
	       n->last.sequence == d->sequence;
}

static bool
is_next(const struct neighbor *n, const struct ospf_description *d)
{
	if (n->state != NS_EXCHANGE || d->flags & DD_INIT || d->options != n->last.options)
		return false;
	if (((d->flags & DD_MASTER) != 0) == n->master)
		return false;
	return d->sequence == (n->master ? n->dd_sequence : n->dd_sequence + 1);
}

enum ospf_verdict
exchange_description(struct neighbor *n, struct wire_reader *r)
{
	struct ospf_description d;
	enum ospf_verdict v = ospf_read_description(r, &d);

	if (v != OSPF_ACCEPTED)
		return v;
	n->mtu = d.mtu;
	if (d.mtu > n->iface->port->mtu && !n->iface->mtu_ignored)
		return OSPF_BAD_MTU;
	if (n->state == NS_INIT)
		neighbor_event(n, NE_TWO_WAY);
	if (n->state < NS_EXSTART)
		return OSPF_NO_NEIGHBOR;
	if (n->state == NS_EXSTART) {
		negotiate(n, &d);
	} else if (is_duplicate(n, &d)) {
		if (!n->master)
			describe(n);
	} else if (is_next(n, &d)) {
		remember(n, &d);
		take_description(n, &d);
	} else {
		neighbor_event(n, NE_MISMATCH);
	}
	return OSPF_ACCEPTED;
}

enum ospf_verdict
exchange_request(struct neighbor *n, struct wire_reader *r)
{
	struct ospf_request q;

	if (n->state < NS_EXCHANGE)
		return OSPF_NO_NEIGHBOR;
	while (ospf_next_request(r, &q)) {
		struct lsa *l = q.type < LSA_TYPES ? (struct lsa *)(uintptr_t)named(n, &q) : NULL;
		if (!l) {
			neighbor_event(n, NE_BAD_REQUEST);
			return OSPF_ACCEPTED;
		}
		flood_send(n->iface, l, n);
	}
	return wire_ok(r) ? OSPF_ACCEPTED : OSPF_BAD_BODY;
}
