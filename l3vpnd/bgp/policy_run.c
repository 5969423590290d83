/*
 * What a policy says of a route: a pure function of the policies, the route and its attributes.
 *
 * Clauses are asked and applied in one order, whatever the order in which they were said. Attributes are changed only when the
 * whole node is known to permit, by one call, so that a route which nothing changes keeps sharing its attributes.
 */
#include "base/mem.h"
#include "l3vpnd/bgp/as_path.h"
#include "l3vpnd/bgp/policy.h"
#include <string.h>

/* --- if-match --- */

static bool
is_v6(const struct policy_route *r)
{
	return r->prefix->addr.family == 6;
}

/* One that asks only about the other family is not met. */
static bool
prefix_meets(const struct bgp_policies *p, const struct policy_match *m, const struct policy_route *r)
{
	const char *name = is_v6(r) ? m->prefixes6 : m->prefixes4;

	if (!*m->prefixes4 && !*m->prefixes6)
		return true;
	return *name &&
	       prefix_list_permits(prefix_lists_find(is_v6(r) ? &p->prefixes6 : &p->prefixes4, name), r->prefix);
}

static bool
next_hop_meets(const struct bgp_policies *p, const struct policy_match *m, const struct attr_set *a)
{
	bool six = a->next_hop.family == 6;
	const char *name = six ? m->next_hop6 : m->next_hop4;

	if (!*m->next_hop4 && !*m->next_hop6)
		return true;
	if (!*name || !addr_is_set(&a->next_hop))
		return false;
	struct prefix host = prefix_host(a->next_hop);
	return prefix_list_permits(prefix_lists_find(six ? &p->prefixes6 : &p->prefixes4, name), &host);
}

static bool
rule_meets(
    const struct policy_filter *f, const struct policy_filter_rule *r, const struct attr_set *a, struct text *path)
{
	if (f->kind == FILTER_AS_PATH) {
		if (!path->chars)
			as_path_text(attr_list(a, LIST_AS_PATH), path);
		return policy_regex_matches(r->regex, text_chars(path));
	}
	for (unsigned i = 0; i < r->count; i++)
		if (f->kind == FILTER_COMMUNITY ? !attr_has_community(a, (uint32_t)r->values[i])
						: !attr_has_ext(a, r->values[i]))
			return false;
	return true;
}

static bool
filter_meets(const struct policy_filter *f, const struct attr_set *a)
{
	struct text path = { 0 };
	bool permits = !f; /* one that does not exist permits; what none of its rules meets is denied */

	for (size_t i = 0; f && i < f->count; i++)
		if (rule_meets(f, &f->rules[i], a, &path)) {
			permits = f->rules[i].permit;
			break;
		}
	text_free(&path);
	return permits;
}

static bool
node_meets(
    const struct bgp_policies *p, const struct policy_match *m, const struct policy_route *r, const struct attr_set *a)
{
	if (m->sources && !(m->sources & r->source))
		return false;
	if (m->has_cost && m->cost != (a->has_med ? a->med : 0))
		return false;
	if (!prefix_meets(p, m, r) || !next_hop_meets(p, m, a))
		return false;
	for (unsigned k = 0; k < FILTER_KINDS; k++)
		if (*m->filter[k] && !filter_meets(policy_filter_find(p, (enum policy_filter_kind)k, m->filter[k]), a))
			return false;
	return true;
}

/* --- apply --- */

static void
apply_cost(const struct policy_apply *y, const struct attr_set *a, struct attr_change *c)
{
	uint32_t med = a->has_med ? a->med : 0;

	c->med_none = y->cost_way == COST_NONE;
	c->med_set = y->cost_way != COST_NONE;
	if (y->cost_way == COST_SET)
		c->med = y->cost;
	else if (y->cost_way == COST_MORE)
		c->med = med > UINT32_MAX - y->cost ? UINT32_MAX : med + y->cost;
	else
		c->med = med > y->cost ? med - y->cost : 0;
}

static struct wire_reader
with_communities(const struct policy_apply *y, const struct attr_set *a, struct wire_writer *w)
{
	struct wire_reader before = attr_list(a, LIST_COMMUNITIES);

	for (unsigned i = 0; i < y->community_count; i++)
		wire_put_u32(w, y->communities[i]);
	if (y->communities_way == LIST_ADDED)
		wire_put_bytes(w, before.base, before.size);
	return wire_reader(w->base, w->at);
}

/* Of the extended communities only route targets are replaced. */
static struct wire_reader
with_targets(const struct policy_apply *y, const struct attr_set *a, struct wire_writer *w)
{
	struct wire_reader before = attr_list(a, LIST_EXT);

	for (unsigned i = 0; i < y->target_count; i++)
		wire_put_u64(w, y->targets[i]);
	while (wire_left(&before)) {
		uint64_t c = wire_u64(&before);
		if (y->targets_way == LIST_ADDED || !ext_is_target(c))
			wire_put_u64(w, c);
	}
	return wire_reader(w->base, w->at);
}

static struct wire_reader
with_prepends(const struct policy_apply *y, const struct attr_set *a, struct wire_writer *w)
{
	struct wire_reader path = attr_list(a, LIST_AS_PATH);
	uint8_t room[2][AS_PATH_MAX];
	unsigned k = 0;

	for (unsigned i = y->prepend_count; i; i--, k ^= 1) {
		struct wire_writer one = wire_writer(room[k], sizeof room[k]);
		as_path_prepend(path, y->prepends[i - 1], 1, &one);
		w->full |= one.full;
		path = wire_reader(room[k], one.at);
	}
	wire_put_bytes(w, path.base, path.size);
	return wire_reader(w->base, w->at);
}

enum { LIST_ROOM = 8192 };
struct rooms {
	uint8_t path[AS_PATH_MAX], communities[LIST_ROOM], ext[LIST_ROOM];
};

static const struct attr_set *
change(struct attr_store *store, const struct policy_route *r, const struct attr_set *a, const struct policy_apply *y,
    struct rooms *room, unsigned *said)
{
	struct attr_change c = { .local_pref_set = y->has_local_pref,
		.local_pref = y->local_pref,
		.preferred_set = y->has_preferred,
		.preferred = y->preferred,
		.origin_set = y->has_origin,
		.origin = y->origin };
	struct wire_writer w = wire_writer(room->communities, sizeof room->communities),
			   e = wire_writer(room->ext, sizeof room->ext), p = wire_writer(room->path, sizeof room->path);
	bool six = addr_is_set(&a->next_hop) ? a->next_hop.family == 6 : r->family == BGP_IPV6;
	const struct addr *next_hop = six ? &y->next_hop6 : &y->next_hop4;

	if (y->cost_way != COST_LEFT) {
		apply_cost(y, a, &c);
		*said |= POLICY_SAID_MED;
	}
	if (y->communities_way != LIST_LEFT) {
		c.communities_set = true;
		c.communities = with_communities(y, a, &w);
	}
	if (y->targets_way != LIST_LEFT) {
		c.ext_set = true;
		c.ext = with_targets(y, a, &e);
	}
	if (y->prepend_count) {
		c.as_path_set = true;
		c.as_path = with_prepends(y, a, &p);
	}
	if (addr_is_set(next_hop)) {
		c.next_hop_set = true;
		c.next_hop = *next_hop;
		*said |= POLICY_SAID_NEXT_HOP;
	}
	if (w.full || e.full || p.full)
		return NULL;
	return attr_changed(store, a, &c);
}

static bool
changes_something(const struct policy_apply *y)
{
	return y->has_local_pref || y->has_preferred || y->has_origin || y->cost_way || y->communities_way ||
	       y->targets_way || y->prepend_count || addr_is_set(&y->next_hop4) || addr_is_set(&y->next_hop6);
}

static const struct attr_set *
applied(struct attr_store *store, const struct policy_route *r, const struct attr_set *a, const struct policy_apply *y,
    unsigned *said)
{
	struct rooms room;

	return changes_something(y) ? change(store, r, a, y, &room, said) : attr_use(a);
}

const struct attr_set *
policy_pass(const struct bgp_policies *p, const char *name, const char *prefixes, const struct policy_route *r,
    struct attr_store *store, const struct attr_set *a, unsigned *said)
{
	const struct policy *y = *name ? policy_find(p, name) : NULL;
	unsigned unasked;

	said = said ? said : &unasked;
	*said = 0;
	if (*prefixes &&
	    !prefix_list_permits(prefix_lists_find(is_v6(r) ? &p->prefixes6 : &p->prefixes4, prefixes), r->prefix))
		return NULL;
	if (!y)
		return attr_use(a);
	for (size_t i = 0; i < y->count; i++)
		if (node_meets(p, &y->nodes[i].match, r, a))
			return y->nodes[i].permit ? applied(store, r, a, &y->nodes[i].apply, said) : NULL;
	return NULL;
}
