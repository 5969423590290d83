/*
 * Next hops: how fates are resolved, and the objects and groups that stand for them in the kernel.
 *
 * A fate is a list of next hops as somebody named them; all prefixes with the same list share it. It is
 * resolved to paths (gateway, interface, labels) through interfaces and other routes, and it owns one group
 * object. When a path dies the group's members change and its id does not: one message moves every prefix.
 *
 * Resolving starts from nothing each time and goes up from what is directly reachable, so a loop of routes that
 * point at each other never comes to life, and none survives the loss of what held it up.
 */
#include "fibd/rib/model.h"
#include <stdlib.h>
#include <string.h>

enum { RESOLVE_DEPTH = 5 };

/* --- fates --- */

static uint32_t
fate_hash(const struct fate *f)
{
	uint32_t h = hash_bytes(&f->table->id, sizeof f->table->id, f->family + 8u * f->black_hole + 16u * f->labelled);

	for (uint16_t i = 0; i < f->spec_count; i++) {
		h = hash_bytes(&f->specs[i].addr, sizeof f->specs[i].addr, h);
		h = hash_bytes(&f->specs[i].ifindex, sizeof f->specs[i].ifindex, h + f->specs[i].name);
	}
	return f->labelled ? h ^ prefix_hash(&f->fec) : h;
}

static bool
fate_same(const struct fate *a, const struct fate *b)
{
	if (a->table != b->table || a->family != b->family || a->black_hole != b->black_hole || a->labelled != b->labelled ||
	    a->spec_count != b->spec_count || (a->labelled && !prefix_eq(&a->fec, &b->fec)))
		return false;
	for (uint16_t i = 0; i < a->spec_count; i++)
		if (!addr_eq(&a->specs[i].addr, &b->specs[i].addr) || a->specs[i].ifindex != b->specs[i].ifindex ||
		    a->specs[i].name != b->specs[i].name)
			return false;
	return true;
}

static bool resolve_one(struct rib *, struct fate *);

struct fate *
fate_get(struct rib *rib, struct rib_table *t, const struct spec *specs, size_t count, bool black_hole, uint8_t family,
    const struct prefix *fec)
{
	struct fate like = { .table = t,
		.family = family,
		.black_hole = black_hole,
		.labelled = fec,
		.fec = fec ? *fec : (struct prefix){ .len = 0 },
		.specs = (struct spec *)(uintptr_t)specs,
		.spec_count = (uint16_t)count };
	uint32_t hash = fate_hash(&like);

	for (struct hash_node *n = hash_first(&rib->fates, hash); n; n = hash_next(n)) {
		struct fate *f = OBJECT(n, struct fate, by_key);
		if (fate_same(f, &like)) {
			f->refs++;
			return f;
		}
	}
	struct fate *f = mem_copy(&like, sizeof like);
	f->specs = mem_copy(specs, count * sizeof *specs);
	f->refs = 1;
	list_init(&f->users);
	list_init(&f->followers);
	hash_add(&rib->fates, &f->by_key, hash);
	/* Resolved at once by what is known, so that it can be chosen in the same go; a pass follows for the rest. */
	resolve_one(rib, f);
	rib->resolve = true;
	return f;
}

static void
drop_members(struct rib *rib, struct fate *f)
{
	for (uint16_t i = 0; i < f->member_count; i++) {
		f->members[i]->refs--;
		diff_dirty(rib, &rib->dirty_nexthops, &f->members[i]->dirty);
	}
	free(f->members);
	f->members = NULL;
	f->member_count = 0;
}

void
fate_unref(struct rib *rib, struct fate *f)
{
	if (--f->refs)
		return;
	drop_members(rib, f);
	if (f->group) {
		f->group->fate = NULL;
		diff_dirty(rib, &rib->dirty_groups, &f->group->dirty);
	}
	hash_remove(&rib->fates, &f->by_key);
	free(f->specs);
	free(f->paths);
	free(f->trouble);
	free(f);
}

/* --- resolving --- */

struct paths {
	struct path list[FIB_PATHS_MAX];
	uint16_t count;
	bool relay, pending; /* pending: waits for a fate that is not resolved yet */
};

static void
add_path(struct paths *out, const struct fib_path *p, uint16_t spec)
{
	for (uint16_t i = 0; i < out->count; i++)
		if (addr_eq(&out->list[i].p.gateway, &p->gateway) && out->list[i].p.ifindex == p->ifindex)
			return;
	if (out->count < FIB_PATHS_MAX)
		out->list[out->count++] = (struct path){ *p, spec };
}

/* Through the route that covers the gateway. */
static void
through_route(struct rib *rib, struct fate *f, uint16_t index, struct paths *out)
{
	const struct addr *gateway = &f->specs[index].addr;
	struct trie_node *n = trie_match(gateway->family == 4 ? &f->table->v4 : &f->table->v6, gateway);

	for (; n; n = trie_parent(n)) {
		struct route *r = OBJECT(n, struct route, node);
		const struct entry *e = r->chosen;
		if (!e)
			continue;
		if (e->direct) {
			struct fib_path p = { .gateway = *gateway, .ifindex = e->ifindex, .weight = 1 };
			/* A host route of our own address leads nowhere. */
			if (!prefix_is_host(&r->node.prefix) && port_is_up(rib, e->ifindex))
				add_path(out, &p, index);
			return;
		}
		struct fate *via = r->want ? r->want : e->fate;
		if (via == f || e->fate == f || via->black_hole)
			return;
		if (!via->fresh && rib->in_pass) {
			out->pending = true;
			return;
		}
		out->relay = true;
		for (uint16_t i = 0; i < via->path_count; i++)
			add_path(out, &via->paths[i].p, index);
		return;
	}
}

static void
resolve_spec(struct rib *rib, struct fate *f, uint16_t i, struct paths *out)
{
	const struct spec *s = &f->specs[i];
	uint32_t ifindex = s->name ? rib->name_ifindex[s->name - 1] : s->ifindex;

	if (s->name || s->ifindex) {
		struct fib_path p = { .gateway = s->addr, .ifindex = ifindex, .weight = 1 };
		if (ifindex && port_is_up(rib, ifindex))
			add_path(out, &p, i);
		return;
	}
	if (addr_is_set(&s->addr))
		through_route(rib, f, i, out);
}

static void
push_labels(struct rib *rib, const struct fate *f, struct paths *paths)
{
	const struct lsp *lsp = f->labelled && rib->abilities.mpls ? lsp_find(rib, &f->fec) : NULL;

	for (uint16_t i = 0; lsp && i < paths->count; i++) {
		struct fib_path *p = &paths->list[i].p;
		uint32_t label = lsp_push(lsp, p);
		if (label == LABEL_UNSET || p->label_count)
			continue;
		p->label_count = 1;
		p->labels[0] = label;
	}
}

/* True when its paths are others than before. Does not change `fresh` when it has to wait. */
static bool
resolve_one(struct rib *rib, struct fate *f)
{
	struct paths out = { .count = 0 };

	for (uint16_t i = 0; i < f->spec_count; i++)
		resolve_spec(rib, f, i, &out);
	if (out.pending)
		return false;
	push_labels(rib, f, &out);
	f->fresh = true;
	bool same = out.count == f->path_count && out.relay == f->relay;
	for (uint16_t i = 0; same && i < out.count; i++)
		same = out.list[i].spec == f->paths[i].spec && paths_eq(&out.list[i].p, &f->paths[i].p, 1);
	if (same)
		return false;
	free(f->paths);
	f->paths = mem_copy(out.list, out.count * sizeof *out.list);
	f->path_count = out.count;
	f->relay = out.relay;
	return true;
}

static void
tell_users(struct rib *rib, struct fate *f)
{
	list_each(l, &f->users)
	{
		route_again(rib, OBJECT(l, struct entry, of_fate)->route);
	}
	list_each(k, &f->followers)
	{
		struct route *r = OBJECT(k, struct route, of_want);
		r->refused = false;
		route_again(rib, r);
		diff_dirty(rib, &rib->dirty_routes, &r->dirty);
	}
}

static struct nexthop *nexthop_of(struct rib *, const struct fib_path *, const struct fate *);
static void bind_group(struct rib *, struct fate *);

static void
make_members(struct rib *rib, struct fate *f)
{
	struct nexthop *old[FIB_PATHS_MAX];
	uint16_t old_count = f->member_count;

	if (old_count)
		memcpy(old, f->members, old_count * sizeof *old);
	free(f->members);
	f->member_count = f->black_hole ? 1 : f->path_count;
	f->members = mem_zalloc((f->member_count + 1u) * sizeof(struct nexthop *));
	for (uint16_t i = 0; i < f->member_count; i++) {
		f->members[i] = nexthop_of(rib, f->black_hole ? NULL : &f->paths[i].p, f);
		f->members[i]->refs++;
		diff_dirty(rib, &rib->dirty_nexthops, &f->members[i]->dirty);
	}
	for (uint16_t i = 0; i < old_count; i++) {
		old[i]->refs--;
		diff_dirty(rib, &rib->dirty_nexthops, &old[i]->dirty);
	}
	if (f->group)
		diff_dirty(rib, &rib->dirty_groups, &f->group->dirty);
}

/* Only what a route uses has objects in the kernel. */
static void
update_members(struct rib *rib, struct fate *f)
{
	if (list_is_empty(&f->followers))
		drop_members(rib, f);
	else
		make_members(rib, f);
}

void
fates_resolve(struct rib *rib)
{
	hash_each(n, &rib->fates)
	{
		OBJECT(n, struct fate, by_key)->fresh = false;
	}
	bool waiting = true;
	rib->in_pass = true;
	for (int depth = 0; depth < RESOLVE_DEPTH && waiting; depth++) {
		waiting = false;
		hash_each(m, &rib->fates)
		{
			struct fate *f = OBJECT(m, struct fate, by_key);
			if (f->fresh)
				continue;
			if (resolve_one(rib, f)) {
				update_members(rib, f);
				tell_users(rib, f);
			}
			waiting |= !f->fresh;
		}
	}
	rib->in_pass = false;
	/* What still waits stands on itself alone. */
	hash_each(k, &rib->fates)
	{
		struct fate *f = OBJECT(k, struct fate, by_key);
		if (!f->fresh && f->path_count) {
			f->path_count = 0;
			update_members(rib, f);
			tell_users(rib, f);
		}
	}
	/* Who is used by a route needs its objects. */
	hash_each(j, &rib->fates)
	{
		struct fate *f = OBJECT(j, struct fate, by_key);
		if (list_is_empty(&f->followers) || !(f->path_count || f->black_hole))
			continue;
		if (f->member_count != (f->black_hole ? 1 : f->path_count))
			make_members(rib, f);
		if (!f->group)
			bind_group(rib, f);
	}
}

/* --- objects --- */

bool
nexthop_is_ours(uint32_t id)
{
	return id >= FIB_NEXTHOP_FIRST;
}

static uint32_t
content_hash(const struct fib_nexthop *o)
{
	uint32_t h = hash_bytes(&o->gateway, sizeof o->gateway, o->ifindex + (o->black_hole ? 7u : 0u));

	return hash_bytes(o->labels, o->label_count * sizeof *o->labels, h);
}

static bool
content_same(const struct fib_nexthop *a, const struct fib_nexthop *b)
{
	return a->black_hole == b->black_hole && addr_eq(&a->gateway, &b->gateway) && a->ifindex == b->ifindex &&
	       a->family == b->family && a->label_count == b->label_count &&
	       memcmp(a->labels, b->labels, a->label_count * sizeof *a->labels) == 0;
}

static uint32_t
fresh_id(struct rib *rib)
{
	do {
		if (++rib->next_id < FIB_NEXTHOP_FIRST)
			rib->next_id = FIB_NEXTHOP_FIRST;
	} while (nexthop_find(rib, rib->next_id) || group_find(rib, rib->next_id));
	return rib->next_id;
}

struct nexthop *
nexthop_find(struct rib *rib, uint32_t id)
{
	for (struct hash_node *n = hash_first(&rib->nexthops, id); n; n = hash_next(n)) {
		struct nexthop *h = OBJECT(n, struct nexthop, by_id);
		if (h->object.id == id)
			return h;
	}
	return NULL;
}

static struct nexthop *
nexthop_add(struct rib *rib, const struct fib_nexthop *o)
{
	struct nexthop *h = NEW(struct nexthop);

	h->object = *o;
	list_init(&h->dirty);
	hash_add(&rib->nexthops, &h->by_id, o->id);
	hash_add(&rib->nexthop_contents, &h->by_content, content_hash(o));
	return h;
}

/* The object for a path: one of before our restart when it fits, else a new one. NULL path: the black hole. */
static struct nexthop *
nexthop_of(struct rib *rib, const struct fib_path *p, const struct fate *f)
{
	struct fib_nexthop o = { .black_hole = !p, .family = f->family };

	if (p) {
		o.gateway = p->gateway;
		o.ifindex = p->ifindex;
		o.label_count = p->label_count;
		memcpy(o.labels, p->labels, sizeof o.labels);
		if (addr_is_set(&p->gateway))
			o.family = p->gateway.family;
	}
	for (struct hash_node *n = hash_first(&rib->nexthop_contents, content_hash(&o)); n; n = hash_next(n)) {
		struct nexthop *h = OBJECT(n, struct nexthop, by_content);
		if (content_same(&h->object, &o))
			return h;
	}
	o.id = fresh_id(rib);
	return nexthop_add(rib, &o);
}

void
nexthop_release(struct rib *rib, struct nexthop *h)
{
	if (h->refs || h->told || h->asked)
		return;
	list_remove(&h->dirty);
	hash_remove(&rib->nexthops, &h->by_id);
	hash_remove(&rib->nexthop_contents, &h->by_content);
	free(h);
}

/* --- groups --- */

struct group *
group_find(struct rib *rib, uint32_t id)
{
	for (struct hash_node *n = hash_first(&rib->groups, id); n; n = hash_next(n)) {
		struct group *g = OBJECT(n, struct group, by_id);
		if (g->id == id)
			return g;
	}
	return NULL;
}

static struct group *
group_add(struct rib *rib, uint32_t id)
{
	struct group *g = NEW(struct group);

	g->id = id;
	list_init(&g->dirty);
	hash_add(&rib->groups, &g->by_id, id);
	return g;
}

static bool
same_members(const struct group *g, const struct fate *f)
{
	if (g->count != f->member_count)
		return false;
	for (uint16_t i = 0; i < g->count; i++) {
		bool found = false;
		for (uint16_t k = 0; k < f->member_count && !found; k++)
			found = g->members[i] == f->members[k]->object.id && g->weights[i] == 1;
		if (!found)
			return false;
	}
	return true;
}

bool
group_is_right(const struct group *g)
{
	return g->fate && same_members(g, g->fate);
}

/* A group for a fate: one of before our restart with just its members, else a new one. */
static void
bind_group(struct rib *rib, struct fate *f)
{
	hash_each(n, &rib->groups)
	{
		struct group *g = OBJECT(n, struct group, by_id);
		if (!g->fate && g->count && !g->asked && same_members(g, f)) {
			g->fate = f;
			f->group = g;
			return;
		}
	}
	f->group = group_add(rib, fresh_id(rib));
	f->group->fate = f;
	diff_dirty(rib, &rib->dirty_groups, &f->group->dirty);
	list_each(l, &f->followers)
	{
		diff_dirty(rib, &rib->dirty_routes, &OBJECT(l, struct route, of_want)->dirty);
	}
}

void
group_release(struct rib *rib, struct group *g)
{
	if (g->fate || g->count || g->asked)
		return;
	list_remove(&g->dirty);
	hash_remove(&rib->groups, &g->by_id);
	free(g);
}

/* --- as the kernel has them --- */

static void
group_seen(struct rib *rib, const struct fib_nexthop *o, bool gone)
{
	struct group *g = group_find(rib, o->id);

	if (!g && gone)
		return;
	if (!g)
		g = group_add(rib, o->id);
	g->seen = rib->dump;
	g->count = gone ? 0 : o->member_count;
	for (uint16_t i = 0; i < g->count; i++) {
		g->members[i] = o->members[i];
		g->weights[i] = o->weights[i];
	}
	diff_dirty(rib, &rib->dirty_groups, &g->dirty);
}

/* The kernel drops with a group every route that points at it, with a notice for the group only. */
static void
routes_lost_with(struct rib *rib, const struct group *g)
{
	if (!g->users)
		return;
	rib_resync(rib, rib->now);
	if (g->fate)
		list_each(l, &g->fate->followers)
		{
			struct route *r = OBJECT(l, struct route, of_want);
			if (r->has != g->id)
				continue;
			r->has = 0;
			diff_dirty(rib, &rib->dirty_routes, &r->dirty);
			table_changed(&rib->route_table, &r->row);
		}
}

static void
member_lost(struct rib *rib, uint32_t id)
{
	hash_each(n, &rib->groups)
	{
		struct group *g = OBJECT(n, struct group, by_id);
		uint16_t kept = 0;
		for (uint16_t i = 0; i < g->count; i++) {
			if (g->members[i] == id)
				continue;
			g->members[kept] = g->members[i];
			g->weights[kept++] = g->weights[i];
		}
		if (kept == g->count)
			continue;
		g->count = kept;
		diff_dirty(rib, &rib->dirty_groups, &g->dirty);
		if (!kept)
			routes_lost_with(rib, g);
		if (!kept)
			g->users = 0;
	}
}

static void
nexthop_lost(struct rib *rib, struct nexthop *h)
{
	h->told = false;
	member_lost(rib, h->object.id);
	diff_dirty(rib, &rib->dirty_nexthops, &h->dirty);
}

void
nexthops_seen(struct rib *rib, const struct fib_nexthop *o, bool gone)
{
	struct nexthop *h = nexthop_find(rib, o->id);
	struct group *g = group_find(rib, o->id);

	if (!nexthop_is_ours(o->id))
		return;
	if (g || (o->member_count && !h)) {
		if (g && gone) {
			routes_lost_with(rib, g);
			g->users = 0;
		}
		group_seen(rib, o, gone);
		return;
	}
	if (gone) {
		if (h)
			nexthop_lost(rib, h);
		return;
	}
	if (h && !content_same(&h->object, o)) { /* somebody changed it: put it right */
		h->told = false;
		diff_dirty(rib, &rib->dirty_nexthops, &h->dirty);
		return;
	}
	if (!h)
		h = nexthop_add(rib, o);
	h->told = true;
	h->seen = rib->dump;
	diff_dirty(rib, &rib->dirty_nexthops, &h->dirty);
}

void
nexthops_link_down(struct rib *rib, uint32_t ifindex)
{
	hash_each(n, &rib->nexthops)
	{
		struct nexthop *h = OBJECT(n, struct nexthop, by_id);
		if (h->object.ifindex == ifindex && h->told)
			nexthop_lost(rib, h);
	}
}

void
nexthops_swept(struct rib *rib)
{
	hash_each(n, &rib->nexthops)
	{
		struct nexthop *h = OBJECT(n, struct nexthop, by_id);
		if (h->told && h->seen != rib->dump)
			nexthop_lost(rib, h);
	}
	hash_each(m, &rib->groups)
	{
		struct group *g = OBJECT(m, struct group, by_id);
		if (g->count && g->seen != rib->dump) {
			g->count = 0;
			diff_dirty(rib, &rib->dirty_groups, &g->dirty);
		}
	}
}

void
nexthops_free(struct rib *rib)
{
	hash_each(n, &rib->nexthops)
	{
		free(OBJECT(n, struct nexthop, by_id));
	}
	hash_each(m, &rib->groups)
	{
		free(OBJECT(m, struct group, by_id));
	}
	hash_free(&rib->nexthops);
	hash_free(&rib->nexthop_contents);
	hash_free(&rib->groups);
	hash_free(&rib->fates);
}
