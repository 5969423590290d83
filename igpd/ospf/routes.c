/*
 * From LSAs to routes, RFC 2328 section 16.
 *
 * A router- or network-LSA is a *vertex* of its area's graph, which igpd/spf.c keeps. Whatever an LSA says of a prefix is an
 * *offer*: so far behind that vertex (a stub network, a transit network, a network of another area behind the border router
 * that tells of it), or behind a boundary router of the AS. A boundary router is a destination itself, and has offers. The
 * route to a destination is the best of its offers. When a vertex moves, the destinations that are offered behind it are
 * looked at, and no others; so a change costs what it moves.
 */
#include "igpd/ospf/model.h"
#include <stdlib.h>
#include <string.h>

/* --- offers --- */

static void
net_dirty(struct ospf *o, struct net *n)
{
	if (list_is_empty(&n->dirty))
		list_append(n->is_router ? &o->dirty_routers : &o->dirty_nets, &n->dirty);
}

static struct net *
net_get(struct ospf *o, bool is_router, struct prefix prefix)
{
	struct hash *table = is_router ? &o->asbrs : &o->nets;
	uint32_t hash = prefix_hash(&prefix);

	for (struct hash_node *n = hash_first(table, hash); n; n = hash_next(n))
		if (prefix_eq(&OBJECT(n, struct net, by_prefix)->prefix, &prefix))
			return OBJECT(n, struct net, by_prefix);
	struct net *net = NEW(struct net);
	net->prefix = prefix;
	net->is_router = is_router;
	net->kind = OSPF_UNREACHABLE;
	struct list *lists[] = { &net->offers, &net->behind, &net->dirty, &net->told, &net->review };
	for (size_t i = 0; i < COUNT(lists); i++)
		list_init(lists[i]);
	hash_add(table, &net->by_prefix, hash);
	return net;
}

static struct offer *
offer_add(struct ospf *o, struct lsa *l, struct net *net, enum ospf_route_kind kind, uint32_t metric)
{
	struct offer *f = NEW(struct offer);

	f->lsa = l;
	f->net = net;
	f->kind = kind;
	f->metric = metric;
	list_init(&f->of_behind);
	list_append(&l->offers, &f->of_lsa);
	list_append(&net->offers, &f->of_net);
	net_dirty(o, net);
	return f;
}

static void
offer_behind(
    struct ospf *o, struct lsa *l, struct vertex *v, struct net *net, enum ospf_route_kind kind, uint32_t metric)
{
	struct offer *f = offer_add(o, l, net, kind, metric);

	f->behind = v;
	list_append(&v->offers, &f->of_behind);
}

static void
offers_drop(struct ospf *o, struct lsa *l)
{
	list_each_safe (at, &l->offers) {
		struct offer *f = OBJECT(at, struct offer, of_lsa);
		net_dirty(o, f->net);
		list_remove(&f->of_lsa);
		list_remove(&f->of_net);
		list_remove(&f->of_behind);
		free(f);
	}
}

static void
router_offers(struct ospf *o, struct lsa *l, struct vertex *v)
{
	struct wire_reader r = lsa_links(l->bytes);
	struct lsa_link link;

	while (lsa_next_link(&r, &link))
		if (link.type == LINK_STUB && lsa_mask_length(link.data) >= 0)
			offer_behind(
			    o, l, v, net_get(o, false, lsa_prefix(link.id, link.data)), OSPF_INTRA, link.metric);
	if (lsa_router_flags(l->bytes) & LSA_ROUTER_E)
		offer_behind(o, l, v, net_get(o, true, prefix_host(addr_v4(l->head.router))), OSPF_INTRA, 0);
}

static void
summary_offers(struct ospf *o, struct lsa *l)
{
	uint32_t metric = lsa_summary_metric(l->bytes);
	bool is_router = l->head.type == LSA_ASBR_SUMMARY;

	if (l->head.router == o->router_id || metric == LSA_INFINITY)
		return;
	struct prefix p =
	    is_router ? prefix_host(addr_v4(l->head.id)) : lsa_prefix(l->head.id, lsa_network_mask(l->bytes));
	offer_behind(o, l, vertex_get(l->area, false, l->head.router), net_get(o, is_router, p), OSPF_INTER, metric);
}

static void
external_offers(struct ospf *o, struct lsa *l)
{
	struct lsa_external e = lsa_external_of(l->bytes);

	if (l->head.router == o->router_id || e.metric == LSA_INFINITY)
		return;
	struct net *net = net_get(o, false, lsa_prefix(l->head.id, e.mask));
	struct offer *f = offer_add(o, l, net, e.type2 ? OSPF_EXTERNAL_2 : OSPF_EXTERNAL_1, e.metric);
	f->asbr = net_get(o, true, prefix_host(addr_v4(l->head.router)));
	list_append(&f->asbr->behind, &f->of_behind);
}

void
routes_lsa(struct ospf *o, struct lsa *l)
{
	bool live = !l->gone && !l->flushed;
	struct vertex *v;

	offers_drop(o, l);
	switch (l->head.type) {
	case LSA_ROUTER:
		v = vertex_get(l->area, false, l->head.router);
		v->lsa = live ? l : NULL;
		graph_router(v);
		if (live)
			router_offers(o, l, v);
		if (l->head.length > LSA_HEADER_BYTES)
			graph_around(l->area, l);
		break;
	case LSA_NETWORK:
		v = vertex_get(l->area, true, l->head.id);
		if (!live && v->lsa != l)
			break;
		v->lsa = live ? l : NULL;
		graph_network(v);
		/* RFC 6860 2.2.2: a network whose mask is that of a host serves transit alone. */
		if (live && lsa_network_mask(l->bytes) != UINT32_MAX)
			offer_behind(o, l, v, net_get(o, false, lsa_prefix(l->head.id, lsa_network_mask(l->bytes))),
			    OSPF_INTRA, 0);
		break;
	case LSA_SUMMARY:
	case LSA_ASBR_SUMMARY:
		if (live)
			summary_offers(o, l);
		break;
	case LSA_NSSA:
		o->nssa_due = true;
		if (live && nssa_is_usable(o, l))
			external_offers(o, l);
		break;
	case LSA_EXTERNAL:
		if (live)
			external_offers(o, l);
		break;
	default: return;
	}
	char id[ADDR_TEXT], router[ADDR_TEXT];
	spf_log_cause(
	    o, "%s %s of %s", lsa_type_name(l->head.type), id_text(l->head.id, id), id_text(l->head.router, router));
	graph_changed(o);
}

/* --- choosing, 16.1 (4), 16.2 to 16.4 --- */

struct choice {
	enum ospf_route_kind kind;
	uint32_t cost, cost2, area, tag;
	struct ospf_hop hops[SPF_HOPS_MAX];
	uint16_t count;
};

static void
add_hop(struct choice *c, struct ospf_hop hop, uint16_t most)
{
	uint16_t at = 0;

	while (at < c->count && (c->hops[at].ifindex < hop.ifindex ||
				    (c->hops[at].ifindex == hop.ifindex && c->hops[at].gateway < hop.gateway)))
		at++;
	if (at < c->count && c->hops[at].ifindex == hop.ifindex && c->hops[at].gateway == hop.gateway)
		return;
	if (at >= most)
		return;
	if (c->count == most)
		c->count--;
	memmove(&c->hops[at + 1], &c->hops[at], (c->count - at) * sizeof *c->hops);
	c->hops[at] = hop;
	c->count++;
}

static int
compare_choices(const struct choice *a, const struct choice *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->cost2 != b->cost2)
		return a->cost2 < b->cost2 ? -1 : 1;
	return a->cost < b->cost ? -1 : a->cost > b->cost;
}

static uint16_t
most_paths(const struct ospf *o)
{
	uint16_t paths = o->config.paths ? o->config.paths : OSPF_PATHS;

	return paths < SPF_HOPS_MAX ? paths : SPF_HOPS_MAX;
}

static bool
weigh_behind_vertex(const struct ospf *o, const struct offer *f, struct choice *ret)
{
	const struct area *a = f->behind->area;
	uint32_t distance = spf_distance(a->spf, f->behind->number);

	if (distance == SPF_FAR || (f->kind == OSPF_INTER && o->border && a->id != 0))
		return false; /* 16.2: border routers look at the backbone alone */
	*ret = (struct choice){ .kind = f->kind, .cost = distance + f->metric, .area = a->id };
	const struct spf_hops *hops = spf_hops_of(a->spf, f->behind->number);
	for (uint16_t i = 0; i < hops->count; i++) {
		const struct hop *h = o->hop_by_number[hops->hop[i]];
		add_hop(ret, (struct ospf_hop){ h->ifindex, h->gateway }, most_paths(o));
	}
	const struct iface *on = spf_is_direct(a->spf, f->behind->number) ? graph_iface_on(a, f->behind->id) : NULL;
	if (on)
		add_hop(ret, (struct ospf_hop){ on->port->ifindex, 0 }, most_paths(o));
	return true;
}

/* A link of ours that leads to an address straight; NULL: none, or the address is our own. */
static const struct iface *
iface_to(const struct ospf *o, uint32_t address)
{
	for (const struct list *at = o->ifaces.next; at != &o->ifaces; at = at->next) {
		const struct iface *i = CONST_OBJECT(at, struct iface, of_ospf);
		if (i->state > IS_LOOPBACK && (i->address & i->mask) == (address & i->mask))
			return i->address == address ? NULL : i;
	}
	return NULL;
}

/* 16.4 (3): to the address that is named there has to be a way inside the AS. */
static bool
weigh_forward(struct ospf *o, uint32_t forward, struct choice *ret)
{
	struct prefix host = prefix_host(addr_v4(forward));
	struct ospf_route to;

	if (!ospf_longest(o, &host, &to) || to.kind > OSPF_INTER)
		return false;
	ret->cost = to.cost;
	for (size_t i = 0; i < to.hop_count; i++)
		add_hop(ret, (struct ospf_hop){ to.hops[i].ifindex, to.hops[i].gateway ? to.hops[i].gateway : forward },
		    most_paths(o));
	const struct iface *i = to.hop_count ? NULL : iface_to(o, forward);
	if (i)
		add_hop(ret, (struct ospf_hop){ i->port->ifindex, forward }, most_paths(o));
	return ret->count > 0;
}

/* 16.4 (3): packets go to the boundary router, or to the address that it names. */
static bool
weigh_external(struct ospf *o, const struct offer *f, struct choice *ret)
{
	struct lsa_external e = lsa_external_of(f->lsa->bytes);

	if (f->asbr->kind == OSPF_UNREACHABLE)
		return false;
	*ret = (struct choice){ .kind = f->kind, .cost = f->asbr->cost, .tag = e.tag };
	if (e.forward && !weigh_forward(o, e.forward, ret))
		return false;
	for (size_t i = 0; !e.forward && i < f->asbr->hop_count; i++)
		add_hop(ret, f->asbr->hops[i], most_paths(o));
	if (f->kind == OSPF_EXTERNAL_1)
		ret->cost += f->metric;
	else
		ret->cost2 = f->metric;
	return true;
}

static bool
is_same(const struct net *n, const struct choice *c)
{
	if (n->kind != c->kind || n->cost != c->cost || n->cost2 != c->cost2 || n->area != c->area ||
	    n->tag != c->tag || n->hop_count != c->count)
		return false;
	return !c->count || memcmp(n->hops, c->hops, c->count * sizeof *c->hops) == 0;
}

static void
tell(struct ospf *o, struct net *n)
{
	if (n->is_router) {
		list_each (at, &n->behind) {
			net_dirty(o, OBJECT(at, struct offer, of_behind)->net);
		}
	} else if (list_is_empty(&n->told)) {
		list_append(&o->told_nets, &n->told);
	}
}

static void
net_free(struct ospf *o, struct net *n)
{
	list_remove(&n->dirty);
	list_remove(&n->told);
	list_remove(&n->review);
	hash_remove(n->is_router ? &o->asbrs : &o->nets, &n->by_prefix);
	free(n->hops);
	free(n);
}

void
net_release(struct ospf *o, struct net *n)
{
	const struct list *lists[] = { &n->offers, &n->behind, &n->dirty, &n->told, &n->review };

	if (n->kind != OSPF_UNREACHABLE || n == o->told_last)
		return;
	for (size_t i = 0; i < COUNT(lists); i++)
		if (!list_is_empty(lists[i]))
			return;
	net_free(o, n);
}

static void
choose(struct ospf *o, struct net *n)
{
	struct choice best = { .kind = OSPF_UNREACHABLE }, c;

	list_each (at, &n->offers) {
		const struct offer *f = OBJECT(at, struct offer, of_net);
		if (!(f->behind ? weigh_behind_vertex(o, f, &c) : weigh_external(o, f, &c)))
			continue;
		int order = compare_choices(&c, &best);
		if (order < 0)
			best = c;
		for (uint16_t i = 0; order == 0 && i < c.count; i++)
			add_hop(&best, c.hops[i], most_paths(o));
	}
	if (!is_same(n, &best)) {
		n->kind = best.kind;
		n->cost = best.cost;
		n->cost2 = best.cost2;
		n->area = best.area;
		n->tag = best.tag;
		free(n->hops);
		n->hops = best.count ? mem_copy(best.hops, best.count * sizeof *best.hops) : NULL;
		n->hop_count = best.count;
		tell(o, n);
		if (list_is_empty(&n->review))
			list_append(&o->review_nets, &n->review);
		o->inside_moved |= !n->is_router;
	}
	net_release(o, n);
}

static void
choose_all(struct ospf *o, struct list *dirty)
{
	while (!list_is_empty(dirty)) {
		struct net *n = OBJECT(dirty->next, struct net, dirty);
		list_remove(&n->dirty);
		choose(o, n);
	}
}

/* Externals that name an address: the way to it may be another. */
static void
look_at_forwards(struct ospf *o)
{
	list_each (at, &o->db.types[LSA_EXTERNAL]) {
		struct lsa *l = OBJECT(at, struct lsa, of_type);
		if (!l->flushed && lsa_external_of(l->bytes).forward && !list_is_empty(&l->offers))
			net_dirty(o, OBJECT(l->offers.next, struct offer, of_lsa)->net);
	}
}

static void
follow(struct ospf *o, struct area *a)
{
	size_t count;

	spf_root(a->spf, vertex_get(a, false, o->router_id)->number);
	spf_run(a->spf, false);
	a->spf_runs++;
	row_area(a);
	const uint32_t *changed = spf_changed(a->spf, &count);
	for (size_t i = 0; i < count; i++) {
		if (changed[i] == 0 || changed[i] > a->vertex_count)
			continue;
		list_each (at, &a->by_number[changed[i]]->offers) {
			net_dirty(o, OBJECT(at, struct offer, of_behind)->net);
		}
	}
}

void
routes_find(struct ospf *o)
{
	uint32_t settled = 0;

	list_each (at, &o->areas) {
		follow(o, OBJECT(at, struct area, of_ospf));
		settled += (uint32_t)spf_settled(OBJECT(at, struct area, of_ospf)->spf);
	}
	spf_log_run(o, settled);
	o->inside_moved = o->spf_at_once = false;
	choose_all(o, &o->dirty_routers);
	choose_all(o, &o->dirty_nets);
	if (o->inside_moved) {
		look_at_forwards(o);
		choose_all(o, &o->dirty_nets);
	}
	summaries_review(o);
	o->nssa_due = true;
	vlinks_paths_moved(o);
	sync_paths_moved(o);
}

void
routes_border(struct ospf *o)
{
	hash_each (h, &o->nets) { /* which areas' summaries count */
		net_dirty(o, OBJECT(h, struct net, by_prefix));
	}
	hash_each (r, &o->asbrs) {
		net_dirty(o, OBJECT(r, struct net, by_prefix));
	}
	summaries_all(o);
	spf_log_cause(o, "area border router or no longer");
	graph_changed(o);
}

/* --- the face --- */

static void
fill(const struct net *n, struct ospf_route *ret)
{
	*ret = (struct ospf_route){ n->prefix, n->kind, n->cost, n->cost2, n->area, n->tag, n->hops, n->hop_count };
}

bool
ospf_next_route(struct ospf *o, struct ospf_route *ret)
{
	if (o->told_last) {
		struct net *last = o->told_last;
		o->told_last = NULL;
		net_release(o, last);
	}
	if (list_is_empty(&o->told_nets))
		return false;
	struct net *n = OBJECT(o->told_nets.next, struct net, told);
	list_remove(&n->told);
	o->told_last = n;
	fill(n, ret);
	return true;
}

bool
ospf_route_to(const struct ospf *o, const struct prefix *p, struct ospf_route *ret)
{
	for (struct hash_node *n = hash_first(&o->nets, prefix_hash(p)); n; n = hash_next(n)) {
		const struct net *net = OBJECT(n, struct net, by_prefix);
		if (!prefix_eq(&net->prefix, p) || net->kind == OSPF_UNREACHABLE)
			continue;
		fill(net, ret);
		return true;
	}
	return false;
}

bool
ospf_longest(const struct ospf *o, const struct prefix *host, struct ospf_route *ret)
{
	for (int length = 32; length >= 0; length--) {
		struct prefix p = prefix_network(prefix_make(host->addr, (uint8_t)length));
		if (ospf_route_to(o, &p, ret))
			return true;
	}
	return false;
}

/* --- the end --- */

void
routes_area_free(struct area *a)
{
	struct ospf *o = a->ospf;

	list_each_safe (at, &a->ifaces) {
		iface_free(OBJECT(at, struct iface, of_area));
	}
	originate_forget(o, a);
	lsdb_free(o, &a->db);
	lsdb_sweep(o);
	graph_free(a);
	row_area_gone(a);
	list_remove(&a->of_ospf);
	free(a);
	spf_log_cause(o, "an area is gone");
	graph_changed(o);
}

void
nets_free(struct ospf *o)
{
	struct hash *tables[] = { &o->nets, &o->asbrs };

	o->told_last = NULL;
	for (int i = 0; i < 2; i++) {
		hash_each (n, tables[i]) {
			net_free(o, OBJECT(n, struct net, by_prefix));
		}
		hash_free(tables[i]);
	}
	hash_each (h, &o->hops) {
		free(OBJECT(h, struct hop, by_way));
	}
	hash_free(&o->hops);
	free(o->hop_by_number);
}
