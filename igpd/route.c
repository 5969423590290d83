/* What the processes find, as rows of igp.Route: fibd chooses among those of all protocols. */
#include "igpd/model.h"
#include "proto/fill.h"
#include <stdlib.h>

static uint32_t
route_hash(uint32_t process, const struct prefix *p)
{
	return prefix_hash(p) ^ process * UINT32_C(2654435761);
}

static struct igp_route *
route_find(struct igp *g, uint32_t process, const struct prefix *p)
{
	for (struct hash_node *n = hash_first(&g->routes, route_hash(process, p)); n; n = hash_next(n)) {
		struct igp_route *r = OBJECT(n, struct igp_route, by_key);
		if (r->process == process && prefix_eq(&r->route.prefix, p))
			return r;
	}
	return NULL;
}

static void
route_free(struct igp *g, struct igp_route *r)
{
	table_gone(&g->route_table, &r->row);
	hash_remove(&g->routes, &r->by_key);
	free(r->hops);
	free(r);
}

/* One that leads nowhere but here is no news to fibd: the interface itself is. */
static bool
is_worth_telling(const struct ospf_route *r)
{
	if (r->kind == OSPF_UNREACHABLE || !r->hop_count)
		return false;
	for (size_t i = 0; i < r->hop_count; i++)
		if (r->hops[i].gateway)
			return true;
	return false;
}

static uint8_t
preference_of(const struct igp *g, const struct process *p, enum ospf_route_kind kind)
{
	const struct igp_process_config *c = igp_config_process(&g->config, p->id);
	bool external = kind >= OSPF_EXTERNAL_1;
	uint8_t said = !c ? 0 : external ? c->external_preference : c->preference;

	return said ? said : external ? OSPF_EXTERNAL_PREFERENCE : OSPF_PREFERENCE;
}

void
routes_prefer(struct igp *g, const struct process *p)
{
	hash_each (n, &g->routes) {
		struct igp_route *r = OBJECT(n, struct igp_route, by_key);
		uint8_t now = preference_of(g, p, r->route.kind);
		if (r->process != p->id || r->preference == now)
			continue;
		r->preference = now;
		table_changed(&g->route_table, &r->row);
	}
}

void
route_take(struct igp *g, const struct process *p, const struct ospf_route *told)
{
	struct igp_route *r = route_find(g, p->id, &told->prefix);

	if (!is_worth_telling(told)) {
		if (r)
			route_free(g, r);
		return;
	}
	if (!r) {
		r = NEW(struct igp_route);
		r->process = p->id;
		r->vrf = p->vrf;
		r->route.prefix = told->prefix;
		hash_add(&g->routes, &r->by_key, route_hash(p->id, &told->prefix));
	}
	free(r->hops);
	r->route = *told;
	r->hops = mem_copy(told->hops, told->hop_count * sizeof *told->hops);
	r->route.hops = r->hops;
	r->preference = preference_of(g, p, told->kind);
	table_changed(&g->route_table, &r->row);
}

void
routes_drop(struct igp *g, uint32_t process)
{
	hash_each (n, &g->routes) {
		struct igp_route *r = OBJECT(n, struct igp_route, by_key);
		if (r->process == process)
			route_free(g, r);
	}
}

static void
fill_route(const struct row *row, void *message, struct arena *arena)
{
	const struct igp_route *r = CONST_OBJECT(row, struct igp_route, row);
	Igp__Route *m = message;

	m->vrf = fill_text(r->vrf);
	m->prefix = fill_prefix(&r->route.prefix, arena);
	m->process = r->process;
	m->kind = (Igp__RouteKind)r->route.kind;
	bool external2 = r->route.kind == OSPF_EXTERNAL_2;
	m->cost = external2 ? r->route.cost2 : r->route.cost;
	m->inner_cost = external2 ? r->route.cost : 0;
	m->preference = r->preference;
	m->area = r->route.area;
	m->tag = r->route.tag;
	m->next_hops = arena_take(arena, r->route.hop_count * sizeof *m->next_hops);
	for (size_t i = 0; i < r->route.hop_count; i++) {
		Igp__RouteNextHop *h = arena_take(arena, sizeof *h);
		igp__route_next_hop__init(h);
		h->address = fill_v4(r->hops[i].gateway, arena);
		h->ifindex = r->hops[i].ifindex;
		m->next_hops[m->n_next_hops++] = h;
	}
}

void
routes_init(struct igp *g)
{
	table_init(&g->route_table, "igp.Route", fill_route);
	g->route_table.complete = false; /* until a configuration runs: nothing of before a restart is swept before */
}
