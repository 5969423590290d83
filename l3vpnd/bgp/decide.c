/*
 * Which path is the best, RFC 4271 9.1.2 with RFC 4456 and what reference 002 names; and which others are used beside it.
 *
 * All paths that may be used begin together, and step after step those are left behind that are worse than another. That is
 * how the RFC defines it, and the only way in which MULTI_EXIT_DISC, which compares only paths of the same neighbour AS,
 * gives the same result in whatever order paths came.
 *
 * What packets take is chosen among what peers have told: a route of our own is in the router already, and the best of the
 * peers' stands behind it. A path over another next hop is named beside them, to be ready when all of these are lost.
 */
#include "l3vpnd/bgp/as_path.h"
#include "l3vpnd/bgp/model.h"
#include <stdlib.h>
#include <string.h>

enum { FEW = 16, VALUES = 6 };

/* What is compared, each the lower the better. */
struct rank {
	struct path *path;
	uint32_t values[VALUES];
	uint32_t neighbor_as, med;
	bool internal;
	uint32_t metric, clusters, router;
};

static bool
needs_lsp(const struct path *p)
{
	enum bgp_family f = p->dest->rib->family;

	return p->origin || f == BGP_VPNV4 || f == BGP_VPNV6;
}

/* Why it may not be used, as things are now. */
static enum path_fault
fault_of(const struct path *p)
{
	const struct next_hop *h = p->hop;

	if (p->fault && !path_fault_passes((enum path_fault)p->fault))
		return (enum path_fault)p->fault;
	if (vpn_limit_is_reached(p->dest) && (p->peer || p->origin))
		return PATH_LIMIT;
	if (!h || !p->peer)
		return PATH_GOOD;
	if (!h->known || !h->reachable)
		return PATH_NO_NEXT_HOP;
	if (!needs_lsp(p) || h->lsp)
		return PATH_GOOD;
	return *h->policy ? PATH_NO_TUNNEL : PATH_NO_LSP;
}

static uint32_t
local_pref(const struct path *p)
{
	const struct bgp_instance_config *c = &p->dest->rib->instance->config;

	if (p->attrs->has_local_pref) /* of an external peer it is a policy's: its own word was passed over */
		return p->attrs->local_pref;
	return c->local_pref ? c->local_pref : BGP_LOCAL_PREF;
}

static uint32_t
preferred_value(const struct path *p)
{
	return p->attrs->preferred ? p->attrs->preferred : p->peer->config.family[p->dest->rib->family].preferred;
}

static struct rank
rank_of(struct path *p)
{
	const struct bgp_instance_config *c = &p->dest->rib->instance->config;
	const struct attr_set *a = p->attrs;
	struct wire_reader as_path = attr_list(a, LIST_AS_PATH);
	bool missing_worst = c->med_missing_worst && !a->has_med;

	return (struct rank){ .path = p,
		.values = { p->peer ? UINT32_MAX - preferred_value(p) : 0, attr_has_community(a, COMMUNITY_LLGR_STALE),
		    UINT32_MAX - local_pref(p), p->peer != NULL, c->ignore_path ? 0 : as_path_length(as_path),
		    a->origin },
		.neighbor_as = as_path_first(as_path),
		.med = a->has_med      ? a->med
		       : missing_worst ? UINT32_MAX
				       : 0,
		.internal = p->peer && p->peer->internal,
		.metric = p->hop ? p->hop->metric : 0,
		.clusters = a->size[LIST_CLUSTERS] / 4,
		.router = a->has_originator ? a->originator
			  : p->peer         ? p->peer->id
					    : 0 };
}

/* Keeps those whose value is the least. */
#define LEAST(ranks, n, expression)                           \
	do {                                                  \
		uint32_t least = UINT32_MAX;                  \
		size_t kept = 0;                              \
		for (size_t i = 0; i < (n); i++) {            \
			const struct rank *k = &(ranks)[i];   \
			if ((expression) < least)             \
				least = (expression);         \
		}                                             \
		for (size_t i = 0; i < (n); i++) {            \
			const struct rank *k = &(ranks)[i];   \
			if ((expression) == least)            \
				(ranks)[kept++] = (ranks)[i]; \
		}                                             \
		(n) = kept;                                   \
	} while (0)

/* 9.1.2.2 (c): left behind is who has a neighbour of the same AS with a lower one. */
static size_t
least_med(struct rank *ranks, size_t n, bool always)
{
	struct rank few[FEW];
	struct rank *before = n <= FEW ? few : mem_zalloc(n * sizeof *before);
	size_t kept = 0;

	memcpy(before, ranks, n * sizeof *ranks);
	for (size_t i = 0; i < n; i++) {
		bool beaten = false;
		for (size_t k = 0; k < n && !beaten; k++)
			beaten =
			    (always || before[k].neighbor_as == before[i].neighbor_as) && before[k].med < before[i].med;
		if (!beaten)
			ranks[kept++] = before[i];
	}
	if (before != few)
		free(before);
	return kept;
}

static void
choose_one(struct rank *ranks, size_t n, const struct bgp_instance_config *c)
{
	if (c->router_id_ignored && !ranks[0].internal) { /* the one that is used already stays (RFC 5004) */
		for (size_t i = 0; i < n; i++)
			if (ranks[i].path->best) {
				ranks[0] = ranks[i];
				return;
			}
	}
	LEAST(ranks, n, k->router);
	LEAST(ranks, n, k->clusters);
	for (size_t i = 1; i < n; i++) {
		const struct path *a = ranks[0].path, *b = ranks[i].path;
		int order = a->peer && b->peer ? addr_cmp(&a->peer->config.address, &b->peer->config.address) : 0;
		if (order > 0 || (order == 0 && a->id > b->id))
			ranks[0] = ranks[i];
	}
}

static size_t
most_paths(const struct bgp_instance_config *c, bool internal)
{
	uint16_t n = internal ? c->paths : c->external_paths ? c->external_paths : c->paths;

	return n > BGP_PATHS_MAX ? BGP_PATHS_MAX : n ? n : 1;
}

/* To the front of the list; what was before it follows in its order. */
static void
to_front(struct dest *d, struct path *p)
{
	struct path **at = &d->paths;

	while (*at && *at != p)
		at = &(*at)->next;
	if (!*at || at == &d->paths)
		return;
	*at = p->next;
	p->next = d->paths;
	d->paths = p;
}

/* Leaves those that no step tells apart. */
static size_t
eliminate(struct rank *ranks, size_t n, const struct bgp_instance_config *c)
{
	for (int step = 0; n && step < VALUES; step++)
		LEAST(ranks, n, k->values[step]);
	if (!n)
		return 0;
	n = least_med(ranks, n, c->med_always);
	LEAST(ranks, n, (uint32_t)k->internal);
	LEAST(ranks, n, k->metric);
	return n;
}

/* --- what packets take --- */

static bool
leads_elsewhere(const struct dest *d, const struct path *p)
{
	for (const struct path *f = d->paths; f; f = f->next)
		if (f->forward && f->hop == p->hop)
			return false;
	return true;
}

/* Those of peers that satisfy; into a copy that the caller has made room for. */
static size_t
of_peers(const struct dest *d, const struct rank *all, size_t n, bool standby, struct rank *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (all[i].path->peer && (!standby || leads_elsewhere(d, all[i].path)))
			out[kept++] = all[i];
	return kept;
}

static void
forward(struct dest *d, struct path *best, const struct rank *all, size_t n)
{
	const struct bgp_instance_config *c = &d->rib->instance->config;
	struct rank few[FEW];
	struct rank *some = n <= FEW ? few : mem_zalloc(n * sizeof *some);
	bool own = best && !best->peer && !best->origin;
	struct path *first = NULL, *second = NULL;

	if (own) {
		size_t left = eliminate(some, of_peers(d, all, n, false, some), c);
		if (left)
			choose_one(some, left, c);
		first = left ? some[0].path : NULL;
	}
	for (struct path *p = d->paths; p; p = p->next) {
		bool is = own ? p == first : p->best || p->multi;
		d->forward_moved |= p->forward != is;
		p->forward = is;
	}
	if (n > 1) {
		size_t left = eliminate(some, of_peers(d, all, n, true, some), c);
		if (left)
			choose_one(some, left, c);
		second = left ? some[0].path : NULL;
	}
	for (struct path *p = d->paths; p; p = p->next) {
		d->forward_moved |= p->standby != (p == second);
		p->standby = p == second;
	}
	if (some != few)
		free(some);
}

bool
decide(struct dest *d)
{
	const struct bgp_instance_config *c = &d->rib->instance->config;
	struct path *was = d->paths && d->paths->best ? d->paths : NULL;
	bool plain = d->rib->family == BGP_IPV4 || d->rib->family == BGP_IPV6, changed = d->choice_moved;
	struct rank few[FEW], few_all[FEW];
	size_t n = 0, count = 0;

	for (struct path *p = d->paths; p; p = p->next)
		count++;
	struct rank *ranks = count <= FEW ? few : mem_zalloc(count * sizeof *ranks);
	struct rank *all = count <= FEW ? few_all : mem_zalloc(count * sizeof *all);
	for (struct path *p = d->paths; p; p = p->next) {
		p->fault = (uint8_t)fault_of(p);
		if (p->fault == PATH_GOOD)
			ranks[n++] = rank_of(p);
	}
	size_t good = n;
	memcpy(all, ranks, good * sizeof *all);
	size_t equal = n = eliminate(ranks, n, c);
	struct rank *chosen = n > 1 ? mem_copy(ranks, n * sizeof *ranks) : ranks;
	if (n)
		choose_one(ranks, n, c);
	struct path *best = equal ? ranks[0].path : NULL;
	size_t room = best ? most_paths(c, ranks[0].internal) : 0;
	for (struct path *p = d->paths; p; p = p->next) {
		bool multi = false;
		for (size_t i = 0; i < equal && p != best && room > 1 && !multi; i++)
			multi = chosen[i].path == p;
		room -= multi;
		changed |= p->multi != multi || p->best != (p == best);
		p->multi = multi;
		p->best = p == best;
	}
	if (best)
		to_front(d, best);
	changed |= best != was;
	if (best && was && best != was)
		d->targets_moved |= !attr_lists_are_same(best->attrs, was->attrs, LIST_EXT);
	d->choice_moved = false;
	if (plain)
		forward(d, best, all, good);
	if (chosen != ranks)
		free(chosen);
	if (ranks != few)
		free(ranks);
	if (all != few_all)
		free(all);
	return changed;
}

size_t
decide_order(struct dest *d, struct path **ret, size_t most)
{
	const struct bgp_instance_config *c = &d->rib->instance->config;
	size_t n = 0, count = 0, found = 0;

	for (const struct path *p = d->paths; p; p = p->next)
		count += p->fault == PATH_GOOD;
	struct rank *left = mem_zalloc((count + 1) * sizeof *left), *ranks = mem_zalloc((count + 1) * sizeof *ranks);
	for (struct path *p = d->paths; p; p = p->next)
		if (p->fault == PATH_GOOD)
			left[n++] = rank_of(p);
	while (found < most && n) {
		memcpy(ranks, left, n * sizeof *left);
		choose_one(ranks, eliminate(ranks, n, c), c);
		ret[found++] = ranks[0].path;
		size_t at = 0;
		while (left[at].path != ranks[0].path)
			at++;
		memmove(&left[at], &left[at + 1], (--n - at) * sizeof *left);
	}
	free(ranks);
	free(left);
	return found;
}

/* --- for displays --- */

const char *
decide_lost(const struct dest *d, const struct path *p)
{
	static const char *const steps[VALUES] = { "preferred-value", "it is stale", "LOCAL_PREF", "it is not our own",
		"the length of its AS_PATH", "ORIGIN" };
	const struct bgp_instance_config *c = &d->rib->instance->config;

	if (p->best || p->fault != PATH_GOOD || !d->paths || !d->paths->best)
		return "";
	struct rank a = rank_of(d->paths), b = rank_of((struct path *)(uintptr_t)p);
	for (int step = 0; step < VALUES; step++)
		if (b.values[step] != a.values[step])
			return steps[step];
	if (b.med != a.med && (c->med_always || a.neighbor_as == b.neighbor_as))
		return "MULTI_EXIT_DISC";
	if (b.internal != a.internal)
		return "it is internal";
	if (b.metric != a.metric)
		return "the cost to its next hop";
	if (c->router_id_ignored && !a.internal)
		return "it is younger";
	if (b.router != a.router)
		return "the router ID";
	if (b.clusters != a.clusters)
		return "the length of its CLUSTER_LIST";
	return d->paths->peer != p->peer ? "the address of its peer" : "its path identifier";
}
