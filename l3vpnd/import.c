/*
 * Routes of the router that BGP brings in: `import-route`, `network`. What fibd has chosen for a prefix counts, of whatever
 * protocol but BGP; what the router has for itself alone (its own addresses on a link, loopback, multicast) is nobody's route.
 */
#include "l3vpnd/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct own_route *
find(const struct l3vpn *g, const char *vrf, const struct prefix *p)
{
	for (struct hash_node *n = hash_first(&g->own_routes, prefix_hash(p)); n; n = hash_next(n)) {
		struct own_route *r = OBJECT(n, struct own_route, by_key);
		if (prefix_eq(&r->prefix, p) && !strcmp(r->vrf, vrf))
			return r;
	}
	return NULL;
}

static const struct l3vpn_import *
import_rule(const struct l3vpn_family_config *f, const struct own_route *r)
{
	if (!r->prefix.len && !f->default_route)
		return NULL;
	for (uint8_t i = 0; i < f->import_count; i++)
		if (f->imports[i].protocol == r->protocol)
			return &f->imports[i];
	return NULL;
}

static const struct l3vpn_network *
network_rule(const struct l3vpn_family_config *f, const struct own_route *r)
{
	for (size_t i = 0; i < f->network_count; i++)
		if (prefix_eq(&f->networks[i].prefix, &r->prefix))
			return &f->networks[i];
	return NULL;
}

/* Of a loopback interface the host route is a network of its own; of others it is the router's address. */
static bool
is_own_address(const struct l3vpn *g, const struct own_route *r)
{
	const struct vpn_port *port = vpn_port_find(g, r->ifindex);

	return r->protocol == FIB__PROTOCOL__DIRECT && prefix_is_host(&r->prefix) && !(port && port->loopback);
}

/* What BGP is told of it; false: it is not brought in. */
static bool
translate(const struct l3vpn *g, const struct own_route *r, struct bgp_own_route *ret)
{
	enum { IGP = 0, INCOMPLETE = 2 }; /* ORIGIN, RFC 4271 5.1.1 */
	int at = g->config.bgp.as ? l3vpn_config_find(&g->config, r->vrf) : -1;

	if (at < 0 || is_own_address(g, r))
		return false;
	const struct l3vpn_family_config *f = &g->config.instances[at].family[r->prefix.addr.family == 6];
	const struct l3vpn_network *network = network_rule(f, r);
	const struct l3vpn_import *import = import_rule(f, r);
	*ret = (struct bgp_own_route){ .family = r->prefix.addr.family == 6 ? BGP_IPV6 : BGP_IPV4,
		.prefix = r->prefix,
		.med = r->cost,
		.policy = network  ? network->policy
			  : import ? import->policy
				   : NULL,
		.origin = network ? IGP : INCOMPLETE };
	if (!network && import && import->has_med)
		ret->med = import->med;
	return network || import;
}

static void
tell(struct l3vpn *g, struct own_route *r)
{
	struct bgp_own_route told;
	bool is = translate(g, r, &told);

	if (!is && !r->told)
		return;
	if (!is)
		told = (struct bgp_own_route){ .family = r->prefix.addr.family == 6 ? BGP_IPV6 : BGP_IPV4,
			.prefix = r->prefix };
	bgp_input(g->bgp, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = r->vrf, .route = &told, .gone = !is },
	    g->now);
	r->told = is;
}

static void
take_back(struct l3vpn *g, struct own_route *r)
{
	struct bgp_own_route told = { .family = r->prefix.addr.family == 6 ? BGP_IPV6 : BGP_IPV4, .prefix = r->prefix };

	if (r->told)
		bgp_input(g->bgp,
		    &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = r->vrf, .route = &told, .gone = true },
		    g->now);
	hash_remove(&g->own_routes, &r->by_key);
	free(r);
}

static bool
is_for_others(const struct prefix *p, const Fib__RouteEntry *e)
{
	if (addr_is_loopback(&p->addr) || addr_is_multicast(&p->addr) || addr_is_link_local(&p->addr) ||
	    addr_to_v4(&p->addr) == UINT32_MAX)
		return false;
	if (e->protocol == FIB__PROTOCOL__BGP || e->protocol == FIB__PROTOCOL__IBGP)
		return false;
	return !e->black_hole || e->protocol == FIB__PROTOCOL__STATIC;
}

static const Fib__RouteEntry *
chosen(const Fib__Route *row)
{
	return row->n_entries && !*row->entries[0]->inactive ? row->entries[0] : NULL;
}

void
own_route_row(struct l3vpn *g, const Fib__Route *row, bool gone, uint32_t round)
{
	const Fib__RouteEntry *e = gone ? NULL : chosen(row);
	struct prefix p;

	if (!prefix_from_bytes(row->prefix.data, row->prefix.len, &p) || strlen(row->vrf) >= BGP_NAME)
		return;
	if (e && !e->foreign && !g->begun &&
	    (e->protocol == FIB__PROTOCOL__BGP || e->protocol == FIB__PROTOCOL__IBGP)) /* of an earlier life of ours */
		bgp_input(g->bgp, &(struct bgp_input){ .kind = BGP_IN_RESTARTED }, g->now);
	struct own_route *r = find(g, row->vrf, &p);
	if (!e || !is_for_others(&p, e)) {
		if (r)
			take_back(g, r);
		return;
	}
	if (!r) {
		r = NEW(struct own_route);
		r->prefix = p;
		snprintf(r->vrf, sizeof r->vrf, "%s", row->vrf);
		hash_add(&g->own_routes, &r->by_key, prefix_hash(&p));
	}
	r->round = round;
	r->protocol = (uint8_t)e->protocol;
	r->cost = e->cost;
	r->ifindex = e->n_next_hops ? e->next_hops[0]->ifindex : 0;
	if (g->begun)
		tell(g, r);
}

void
own_routes_synced(struct l3vpn *g, uint32_t round)
{
	hash_each (n, &g->own_routes) {
		struct own_route *r = OBJECT(n, struct own_route, by_key);
		if (r->round != round)
			take_back(g, r);
	}
}

void
own_routes_again(struct l3vpn *g)
{
	hash_each (n, &g->own_routes) {
		tell(g, OBJECT(n, struct own_route, by_key));
	}
}

void
own_routes_free(struct l3vpn *g)
{
	hash_each (n, &g->own_routes) {
		free(OBJECT(n, struct own_route, by_key));
	}
	hash_free(&g->own_routes);
}
