/*
 * Not-so-stubby areas, RFC 3101: stub areas with boundary routers of the AS in them.
 *
 * What such a router imports it tells in type 7 LSAs, which stay in the area. One border router of the area, the translator,
 * tells them to everybody else as AS-external-LSAs: the one with the highest router ID that is reached within the area. So
 * that packets need not pass the translator, the LSAs name an address in the area to send to. A border router that imports
 * itself tells everybody directly, and marks its type 7 LSAs as not to be translated (P bit clear).
 *
 * Border routers tell the area of a default route: what is outside, and not imported there, is behind them.
 */
#include "igpd/ospf/model.h"
#include <stdlib.h>

/* --- what we import --- */

/* An address of ours in the area: of a loopback if there is one, for it does not go down with a link (2.3). */
static uint32_t
forward_in(const struct area *a)
{
	uint32_t best = 0;

	for (const struct list *at = a->ifaces.next; at != &a->ifaces; at = at->next) {
		const struct iface *i = CONST_OBJECT(at, struct iface, of_area);
		if (i->state == IS_LOOPBACK)
			return i->address;
		if (i->state > IS_LOOPBACK && !i->hidden && !best)
			best = i->address;
	}
	return best;
}

static void
advertise_in(struct area *a, const struct ospf_import *i)
{
	uint8_t bytes[16];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	struct ospf *o = a->ospf;

	if (!a->nssa || (a->no_import && o->border) || (!o->border && !a->nssa_forward)) {
		originate_no_prefix(o, &a->db, LSA_NSSA, &i->prefix);
		return;
	}
	external_body(&w, i, i->forward ? i->forward : o->border ? 0 : a->nssa_forward);
	originate_prefix(o, &a->db, a, LSA_NSSA, o->border ? 0 : OSPF_OPTION_NP, &i->prefix, &w);
}

void
nssa_advertise(struct ospf *o, const struct ospf_import *i)
{
	list_each (at, &o->areas) {
		advertise_in(OBJECT(at, struct area, of_ospf), i);
	}
}

void
nssa_withdraw(struct ospf *o, const struct prefix *p)
{
	list_each (at, &o->areas) {
		originate_no_prefix(o, &OBJECT(at, struct area, of_ospf)->db, LSA_NSSA, p);
	}
}

static void
review_own(struct area *a)
{
	struct ospf *o = a->ospf;
	uint32_t forward = forward_in(a);

	if (a->nssa_is_told == a->nssa && a->nssa_forward == forward && a->nssa_p == !o->border)
		return;
	a->nssa_is_told = a->nssa;
	a->nssa_forward = forward;
	a->nssa_p = !o->border;
	hash_each (n, &o->imports) {
		advertise_in(a, &OBJECT(n, struct imported, by_prefix)->told);
	}
}

/* --- the default route --- */

static void
review_default(struct area *a)
{
	struct ospf *o = a->ospf;
	struct prefix all = prefix_make(addr_v4(0), 0);
	struct ospf_import i = { .prefix = all, .metric = a->default_cost, .type2 = true };
	uint8_t bytes[16];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	if (imported_find(o, &all))
		return;
	if (a->nssa && o->border && !a->no_summary) { /* else there is one among the summaries */
		external_body(&w, &i, 0);
		originate_prefix(o, &a->db, a, LSA_NSSA, 0, &all, &w);
	} else {
		originate_no_prefix(o, &a->db, LSA_NSSA, &all);
	}
}

/* --- translation --- */

static bool
is_translator(const struct area *a)
{
	const struct ospf *o = a->ospf;

	if (!o->border || !a->nssa)
		return false;
	for (const struct list *at = a->db.types[LSA_ROUTER].next; at != &a->db.types[LSA_ROUTER]; at = at->next) {
		const struct lsa *l = CONST_OBJECT(at, struct lsa, of_type);
		uint8_t flags = l->flushed ? 0 : lsa_router_flags(l->bytes);
		bool before_us = flags & LSA_ROUTER_NT || (flags & LSA_ROUTER_B && l->head.router > o->router_id);
		if (!l->own && before_us && routes_reach(a, l->head.router))
			return false;
	}
	return true;
}

static struct translated *
translated_find(const struct ospf *o, const struct prefix *p)
{
	for (struct hash_node *n = hash_first(&o->translated, prefix_hash(p)); n; n = hash_next(n))
		if (prefix_eq(&OBJECT(n, struct translated, by_prefix)->prefix, p))
			return OBJECT(n, struct translated, by_prefix);
	return NULL;
}

static void
translate(struct area *a, const struct lsa *l)
{
	struct ospf *o = a->ospf;
	struct lsa_external e = lsa_external_of(l->bytes);
	struct prefix p = lsa_prefix(l->head.id, e.mask);
	struct ospf_import i = {
		.prefix = p, .metric = e.metric, .tag = e.tag, .type2 = e.type2, .forward = e.forward
	};
	uint8_t bytes[16];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	if (l->flushed || l->own || !(l->head.options & OSPF_OPTION_NP) || !e.forward || imported_find(o, &p) ||
	    !routes_reach(a, l->head.router))
		return;
	struct translated *t = translated_find(o, &p);
	if (t && t->seen == o->round) /* another router's LSA for it came first */
		return;
	if (!t) {
		t = NEW(struct translated);
		t->prefix = p;
		hash_add(&o->translated, &t->by_prefix, prefix_hash(&p));
	}
	t->seen = o->round;
	external_body(&w, &i, e.forward);
	originate_prefix(o, &o->db, NULL, LSA_EXTERNAL, OSPF_OPTION_E, &p, &w);
}

void
nssa_review(struct ospf *o)
{
	bool was_boundary = external_is_boundary(o);

	if (!o->nssa_due || !o->router_id)
		return;
	o->nssa_due = false;
	o->round++;
	list_each (at, &o->areas) {
		struct area *a = OBJECT(at, struct area, of_ospf);
		review_own(a);
		review_default(a);
		if (!is_translator(a))
			continue;
		list_each (k, &a->db.types[LSA_NSSA]) {
			translate(a, OBJECT(k, struct lsa, of_type));
		}
	}
	hash_each (n, &o->translated) {
		struct translated *t = OBJECT(n, struct translated, by_prefix);
		if (t->seen == o->round)
			continue;
		if (!imported_find(o, &t->prefix))
			originate_no_prefix(o, &o->db, LSA_EXTERNAL, &t->prefix);
		hash_remove(&o->translated, &t->by_prefix);
		free(t);
	}
	if (was_boundary != external_is_boundary(o))
		external_boundary(o);
}

void
nssa_free(struct ospf *o)
{
	hash_each (n, &o->translated) {
		free(OBJECT(n, struct translated, by_prefix));
	}
	hash_free(&o->translated);
}

/* 2.5 (3): a border router takes no default route from another one. */
bool
nssa_is_usable(const struct ospf *o, const struct lsa *l)
{
	return l->head.id || lsa_network_mask(l->bytes) || !o->border || l->head.options & OSPF_OPTION_NP;
}
