/*
 * What an area border router tells one area of the others: summary-LSAs, RFC 2328 section 12.4.3, and of stub areas 12.4.3.1.
 *
 * A border router has the backbone and another area (RFC 3509, so that nobody promises a way between areas who has none). It
 * tells of ways inside an area in all others, and of those that it learned through the backbone in all but that.
 *
 * A range of an area is told in place of the networks in it, while there is one, with the cost of the farthest.
 */
#include "igpd/ospf/model.h"

static bool
is_active(const struct area *a)
{
	for (const struct list *k = a->ifaces.next; k != &a->ifaces; k = k->next)
		if (CONST_OBJECT(k, struct iface, of_area)->state != IS_DOWN)
			return true;
	return false;
}

bool
ospf_is_border(const struct ospf *o)
{
	unsigned active = 0;
	bool backbone = false;

	for (const struct list *at = o->areas.next; at != &o->areas; at = at->next) {
		const struct area *a = CONST_OBJECT(at, struct area, of_ospf);
		if (!is_active(a))
			continue;
		active++;
		backbone |= a->id == 0;
	}
	return active > 1 && backbone;
}

static const struct ospf_area_config *
config_of(const struct ospf *o, uint32_t area)
{
	return ospf_config_area(&o->config, area);
}

/* The range of its area that holds the prefix; NULL: none. */
static const struct ospf_range_config *
range_of(const struct ospf *o, uint32_t area, const struct prefix *p)
{
	const struct ospf_area_config *c = config_of(o, area);

	for (size_t i = 0; c && i < c->range_count; i++)
		if (c->ranges[i].prefix.len <= p->len && prefix_covers(&c->ranges[i].prefix, &p->addr))
			return &c->ranges[i];
	return NULL;
}

static void
tell(struct ospf *o, struct area *to, bool is_router, const struct prefix *p, uint32_t cost)
{
	uint8_t bytes[8], type = is_router ? LSA_ASBR_SUMMARY : LSA_SUMMARY;
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	wire_put_u32(&w, is_router ? 0 : lsa_mask(p->len));
	wire_put_u32(&w, cost);
	if (is_router)
		originate_wish(o, &to->db, to, type, addr_to_v4(&p->addr), area_options(to), &w);
	else
		originate_prefix(o, &to->db, to, type, area_options(to), p, &w);
}

static void
keep_silent(struct ospf *o, struct area *to, bool is_router, const struct prefix *p)
{
	if (is_router)
		originate_no_wish(o, &to->db, LSA_ASBR_SUMMARY, addr_to_v4(&p->addr));
	else
		originate_no_prefix(o, &to->db, LSA_SUMMARY, p);
}

/* Does a way of this kind, inside that area, concern the other one? */
static bool
is_to_be_told(const struct ospf *o, const struct net *n, const struct area *to)
{
	if (!o->border || n->kind > OSPF_INTER || n->cost >= LSA_INFINITY || n->area == to->id)
		return false;
	if (n->kind == OSPF_INTER && to->id == 0)
		return false;
	if ((to->stub || to->nssa) && (n->is_router || to->no_summary))
		return false;
	return n->is_router || n->kind != OSPF_INTRA || !range_of(o, n->area, &n->prefix);
}

static bool
is_a_range(const struct ospf *o, const struct prefix *p)
{
	for (size_t k = 0; k < o->config.area_count; k++)
		for (size_t i = 0; i < o->config.areas[k].range_count; i++)
			if (prefix_eq(&o->config.areas[k].ranges[i].prefix, p))
				return true;
	return false;
}

/* Of any area: a route that is gone no longer says where it led. */
static bool
is_in_a_range(const struct ospf *o, const struct prefix *p)
{
	for (size_t k = 0; k < o->config.area_count; k++)
		if (range_of(o, o->config.areas[k].id, p))
			return true;
	return false;
}

static void
review(struct ospf *o, struct net *n)
{
	o->ranges_moved |= !n->is_router && is_in_a_range(o, &n->prefix);
	list_each (at, &o->areas) {
		struct area *to = OBJECT(at, struct area, of_ospf);
		if (is_to_be_told(o, n, to))
			tell(o, to, n->is_router, &n->prefix, n->cost);
		else if (n->is_router || !is_a_range(o, &n->prefix))
			keep_silent(o, to, n->is_router, &n->prefix);
	}
}

/* --- ranges --- */

/* Of the farthest network in it; LSA_INFINITY: there is none. */
static uint32_t
range_cost(const struct ospf *o, uint32_t area, const struct ospf_range_config *r)
{
	uint32_t cost = 0;
	bool any = false;

	for (const struct hash_node *h = o->nets.oldest; h; h = h->newer) {
		const struct net *n = CONST_OBJECT(h, struct net, by_prefix);
		if (n->kind != OSPF_INTRA || n->area != area || n->prefix.len < r->prefix.len ||
		    !prefix_covers(&r->prefix, &n->prefix.addr))
			continue;
		any = true;
		cost = n->cost > cost ? n->cost : cost;
	}
	return !any ? LSA_INFINITY : r->cost ? r->cost : cost;
}

static void
review_range(struct ospf *o, uint32_t area, const struct ospf_range_config *r)
{
	uint32_t cost = o->border ? range_cost(o, area, r) : LSA_INFINITY;

	list_each (at, &o->areas) {
		struct area *to = OBJECT(at, struct area, of_ospf);
		bool closed = (to->stub || to->nssa) && to->no_summary;
		if (to->id != area && cost < LSA_INFINITY && !r->not_advertised && !closed)
			tell(o, to, false, &r->prefix, cost);
		else
			keep_silent(o, to, false, &r->prefix);
	}
}

/* --- stub areas --- */

static void
review_default(struct ospf *o, struct area *to)
{
	struct prefix none = prefix_make(addr_v4(0), 0);

	if (o->border && (to->stub || (to->nssa && to->no_summary)) && is_active(to))
		tell(o, to, false, &none, to->default_cost);
	else
		keep_silent(o, to, false, &none);
}

/* --- the doors --- */

void
summaries_review(struct ospf *o)
{
	while (!list_is_empty(&o->review_nets)) {
		struct net *n = OBJECT(o->review_nets.next, struct net, review);
		list_remove(&n->review);
		review(o, n);
		net_release(o, n);
	}
	if (!o->ranges_moved)
		return;
	o->ranges_moved = false;
	for (size_t k = 0; k < o->config.area_count; k++)
		for (size_t i = 0; i < o->config.areas[k].range_count; i++)
			review_range(o, o->config.areas[k].id, &o->config.areas[k].ranges[i]);
}

static void
review_table(struct ospf *o, struct hash *table)
{
	hash_each (h, table) {
		struct net *n = OBJECT(h, struct net, by_prefix);
		if (list_is_empty(&n->review))
			list_append(&o->review_nets, &n->review);
	}
}

void
summaries_all(struct ospf *o)
{
	review_table(o, &o->nets);
	review_table(o, &o->asbrs);
	o->ranges_moved = true;
	list_each (at, &o->areas) {
		review_default(o, OBJECT(at, struct area, of_ospf));
	}
	summaries_review(o);
}
