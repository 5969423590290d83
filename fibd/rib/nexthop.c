/*
 * Next hop objects and groups: what stands for fates in the kernel.
 *
 * A fate that many prefixes may share owns one group as soon as some route wants it. When a path dies the group's
 * members change and its id does not: one message moves every prefix. What the kernel still has from before our restart
 * is taken over by content.
 *
 * The labels of a FEC are nobody else's: its route has its next hops inline, which costs the kernel one object instead
 * of three, and no time when a link goes down (doc/decisions/0004).
 */
#include "fibd/rib/model.h"
#include <stdlib.h>
#include <string.h>

/* --- objects --- */

bool
nexthop_is_ours(uint32_t id)
{
	return id >= FIB_NEXTHOP_FIRST;
}

static uint32_t
content_hash(const struct fib_nexthop *o)
{
	uint32_t h = hash_bytes(&o->gateway, sizeof o->gateway, o->ifindex + (o->black_hole ? 7u : 0u) + o->ttl);

	return hash_bytes(o->labels, o->label_count * sizeof *o->labels, h);
}

static bool
content_same(const struct fib_nexthop *a, const struct fib_nexthop *b)
{
	return a->black_hole == b->black_hole && addr_eq(&a->gateway, &b->gateway) && a->ifindex == b->ifindex &&
	       a->family == b->family && a->ttl == b->ttl && a->label_count == b->label_count &&
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
		o.ttl = p->ttl;
		memcpy(o.labels, p->labels, sizeof o.labels);
		/* A labelled one may have an IPv4 gateway all the same (RFC 4659). */
		if (addr_is_set(&p->gateway) && !(f->family == 6 && p->label_count))
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
	free(h->trouble);
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
	list_init(&g->users);
	list_init(&g->spare);
	list_append(&rib->spare_groups, &g->spare);
	hash_add(&rib->groups, &g->by_id, id);
	return g;
}

uint16_t
group_members(const struct fate *f, uint32_t out[FIB_PATHS_MAX])
{
	uint16_t count = 0;

	for (uint16_t i = 0; i < f->member_count; i++)
		if (!f->members[i]->refused)
			out[count++] = f->members[i]->object.id;
	return count;
}

bool
group_serves(const struct group *g, const struct fate *f)
{
	uint32_t want[FIB_PATHS_MAX], has[FIB_PATHS_MAX];
	uint16_t count = group_members(f, want);

	if (group_active(g, has) != count)
		return false;
	for (uint16_t i = 0; i < count; i++) {
		bool found = false;
		for (uint16_t k = 0; k < count && !found; k++)
			found = has[i] == want[k];
		if (!found)
			return false;
	}
	return true;
}

const struct fate *
group_model(const struct group *g)
{
	if (g->stand_in && !list_is_empty(&g->users) && !(g->fate && g->fate->member_count))
		return g->stand_in;
	return g->fate;
}

static bool
is_black_hole(struct rib *rib, const struct group *g)
{
	const struct nexthop *h = nexthop_find(rib, g->members[0]);

	return !h || h->object.black_hole;
}

/* All routes on a group follow this fate now, and nobody else needs the group: with other members it serves them without
 * a message for any of them. So routes move to the heir that has stood by or in, and back. */
static bool
has_no_other_use(struct rib *rib, const struct group *g, const struct fate *f)
{
	/* What was pushed before our restart stays until ldp.Lsp is known. */
	bool keep = f->guess || (!rib->synced[FIB_LDP_LSP] && rib->inherited && group_leads_like(rib, g, f));

	if (keep || !g->count || g->user_count > f->followers || (g->fate && g->fate->followers) || f->black_hole ||
	    is_black_hole(rib, g))
		return false;
	list_each (l, &g->users) {
		if (OBJECT(l, struct route, of_has)->want != f)
			return false;
	}
	return true;
}

/* A group for a fate: the one that its routes are on, or one of before our restart with just its members; else a new one. Any kind
 * will do when nobody stands by. */
static struct group *
group_for(struct rib *rib, struct fate *f)
{
	struct group *has = route_group_of(f);
	uint16_t buckets = group_needs_buckets(rib, f);

	if (has && buckets && has->buckets != buckets)
		has = NULL;
	if (has && has_no_other_use(rib, has, f)) {
		if (has->fate)
			has->fate->group = NULL;
		return has;
	}
	if (has && !has->fate && has->count && !has->asked && group_serves(has, f))
		return has;
	list_each (l, &rib->spare_groups) {
		struct group *g = OBJECT(l, struct group, spare);
		/* Whoever stands in there may live by that alone. */
		if (g->count && !g->asked && !g->stand_in && g->buckets == buckets && group_serves(g, f))
			return g;
	}
	struct group *g = group_add(rib, fresh_id(rib));
	g->buckets = buckets;
	return g;
}

void
group_release(struct rib *rib, struct group *g)
{
	if (g->fate || g->count || g->asked || !list_is_empty(&g->users))
		return;
	group_stand_in_over(rib, g);
	list_remove(&g->dirty);
	list_remove(&g->spare);
	hash_remove(&rib->groups, &g->by_id);
	free(g);
}

/* --- takeover --- */

void
group_stand_in_over(struct rib *rib, struct group *g)
{
	struct fate *f = g->stand_in;

	if (!f)
		return;
	g->stand_in = NULL;
	f->stands_in--;
	fate_touch(rib, f);
	fate_unref(rib, f);
}

/* All routes follow their fates in the kernel too, as far as is known: nothing is left to do or to wait for. */
static bool
all_is_quiet(const struct rib *rib)
{
	return !rib->dirty_routes.count && !rib->to_choose.count && !rib->routes_asked && !rib->troubles.count &&
	       rib->tracks_known && (rib->synced[FIB_LDP_LSP] || !rib->inherited);
}

static bool
can_stand_in(const struct fate *heir, const struct group *g)
{
	return heir && heir != g->fate && heir->path_count && !fate_is_inline(heir);
}

/* Its last path is gone, and every route on its group goes to one and the same fate next: that one's members move all of
 * them in one message. Each route gets its new group behind that, when nothing depends on it any more. */
static void
find_stand_in(struct rib *rib, struct group *g)
{
	const struct fate *f = g->fate;
	struct fate *heir = NULL;

	/* Counted already, so that their number does not matter; else each of them is asked. */
	if (f && f->heir_count && f->heir_count == f->followers && g->user_count == f->followers && all_is_quiet(rib)) {
		heir = can_stand_in(f->heir, g) ? f->heir : NULL;
	} else {
		list_each (l, &g->users) {
			struct fate *next = route_heir(OBJECT(l, struct route, of_has));
			if (!can_stand_in(next, g) || (heir && next != heir))
				return;
			heir = next;
		}
	}
	if (!heir || heir == g->stand_in)
		return;
	group_stand_in_over(rib, g);
	g->stand_in = heir;
	heir->refs++;
	heir->stands_in++;
	fate_touch(rib, heir);
}

static void
dirty_where_it_stands_in(struct rib *rib, const struct fate *f)
{
	hash_each (n, &rib->groups) {
		struct group *g = OBJECT(n, struct group, by_id);
		if (g->stand_in == f)
			diff_dirty(rib, &rib->dirty_groups, &g->dirty);
	}
}

/* --- what fates need --- */

static void
set_members(struct rib *rib, struct fate *f, uint16_t count)
{
	struct nexthop **old = f->members;
	const struct fate *by = f->second ? f->second : f; /* it has no backups of its own then */
	const struct path *standby = f->second ? by->paths : f->standby;
	uint16_t standbys = f->second ? by->path_count : f->standby_count;
	uint16_t old_count = f->kept_count, kept = count ? count + standbys : 0;

	f->member_count = count;
	f->kept_count = kept;
	f->members = kept ? mem_zalloc(kept * sizeof(struct nexthop *)) : NULL;
	for (uint16_t i = 0; i < kept; i++) {
		const struct path *p = i < count ? &f->paths[i] : &standby[i - count];
		f->members[i] = nexthop_of(rib, f->black_hole && i < count ? NULL : &p->p, f);
		f->members[i]->refs++;
		diff_dirty(rib, &rib->dirty_nexthops, &f->members[i]->dirty);
	}
	for (uint16_t i = 0; i < old_count; i++) {
		old[i]->refs--;
		diff_dirty(rib, &rib->dirty_nexthops, &old[i]->dirty);
	}
	free(old);
}

/* Its next fate may be like it; else it goes when no route is left on it. */
static void
leave_group(struct rib *rib, struct fate *f)
{
	struct group *g = f->group;

	f->group = NULL;
	g->fate = NULL;
	list_append(&rib->spare_groups, &g->spare);
	diff_dirty(rib, &rib->dirty_groups, &g->dirty);
}

static bool
all_have_chosen(const struct rib *rib)
{
	return !rib->to_choose.count && list_is_empty(&rib->to_tell);
}

/* Only what a route wants has objects in the kernel. A group that nobody wants is spare. */
void
fate_settle(struct rib *rib, struct fate *f, bool wanted)
{
	list_remove(&f->touched);
	bool followed = (f->followers || f->stands_in) && !fate_is_inline(f);
	struct group *g = f->group;

	if (g && g->count && wanted && !f->path_count && !f->black_hole)
		find_stand_in(rib, g);
	else if (g && f->path_count)
		group_stand_in_over(rib, g);
	wanted = wanted && followed && (f->black_hole || f->path_count);
	fate_find_second(rib, f);
	set_members(rib, f, !wanted ? 0 : f->black_hole ? 1 : f->path_count);
	if (f->stands_in)
		dirty_where_it_stands_in(rib, f);
	/* While it is guessed, the group that its routes have in the kernel since before our restart is as good as any. */
	if (wanted && !g && f->guess && !f->eager && route_group_of(f))
		return;
	list_remove(&f->groupless);
	/* The kind of a group cannot be changed: the routes move to another, each in one step. */
	bool other_kind = wanted && g && !g->buckets && !f->guess && group_needs_buckets(rib, f);
	if ((other_kind || (wanted && !g)) && !all_have_chosen(rib)) {
		/* Until then no route needs it, and another's may become free. */
		list_append(&rib->groupless, &f->groupless);
	} else if (other_kind) {
		leave_group(rib, f);
		g = NULL;
	}
	if (wanted && !g && !list_is_empty(&f->groupless))
		return;
	if (wanted && !g) {
		g = f->group = group_for(rib, f);
		group_stand_in_over(rib, g);
		g->fate = f;
		list_remove(&g->spare);
		route_each_follower(rib, f, route_dirty);
	} else if (!wanted && g && !followed) {
		leave_group(rib, f);
	}
	if (g)
		diff_dirty(rib, &rib->dirty_groups, &g->dirty);
}

void
fates_get_groups(struct rib *rib)
{
	while (all_have_chosen(rib) && !list_is_empty(&rib->groupless)) {
		struct fate *f = OBJECT(rib->groupless.next, struct fate, groupless);
		list_remove(&f->groupless);
		fate_touch(rib, f);
	}
}

void
fates_settle(struct rib *rib)
{
	while (!list_is_empty(&rib->touched))
		fate_settle(rib, OBJECT(rib->touched.next, struct fate, touched), true);
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
	if (!gone && g->count == o->member_count && g->buckets == o->buckets &&
	    memcmp(g->members, o->members, g->count * sizeof *g->members) == 0 &&
	    memcmp(g->weights, o->weights, g->count) == 0)
		return;
	g->count = gone ? 0 : o->member_count;
	if (!gone)
		g->buckets = o->buckets;
	memcpy(g->members, o->members, sizeof g->members);
	memcpy(g->weights, o->weights, sizeof g->weights);
	diff_dirty(rib, &rib->dirty_groups, &g->dirty);
	list_each (l, &g->users) {
		struct route *r = OBJECT(l, struct route, of_has);
		route_dirty(rib, r);
		route_changed(rib, r);
	}
}

/* The kernel drops with a group every route that points at it, with a notice for the group only. */
static void
routes_lost_with(struct rib *rib, struct group *g)
{
	while (!list_is_empty(&g->users))
		route_has(rib, OBJECT(g->users.next, struct route, of_has), NULL);
}

/* Groups lose the members that are no longer there; those that lose all are gone. */
static void
members_lost(struct rib *rib)
{
	hash_each (n, &rib->groups) {
		struct group *g = OBJECT(n, struct group, by_id);
		uint16_t kept = 0;
		for (uint16_t i = 0; i < g->count; i++) {
			const struct nexthop *h = nexthop_find(rib, g->members[i]);
			if (h && !h->told)
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
	}
}

static void
nexthop_lost(struct rib *rib, struct nexthop *h)
{
	h->told = false;
	diff_dirty(rib, &rib->dirty_nexthops, &h->dirty);
}

void
nexthops_seen(struct rib *rib, const struct fib_nexthop *o, bool gone)
{
	struct nexthop *h = nexthop_find(rib, o->id);
	struct group *g = group_find(rib, o->id);

	if (!nexthop_is_ours(o->id))
		return;
	/* Not our doing. What is under way for it, or for a route or group that leans on it, may have been done before this or
	 * after: its answer does not tell which. */
	if (gone && ((h && h->refs) || (g && g->fate)))
		rib_resync(rib, rib->now + USEC_PER_SEC);
	if (g || (o->member_count && !h)) {
		if (g && gone)
			routes_lost_with(rib, g);
		group_seen(rib, o, gone);
		return;
	}
	if (gone) {
		if (h) {
			nexthop_lost(rib, h);
			members_lost(rib);
		}
		return;
	}
	if (h && !content_same(&h->object, o)) { /* somebody changed it: put it right */
		h->told = false;
		diff_dirty(rib, &rib->dirty_nexthops, &h->dirty);
		return;
	}
	if (!h)
		h = nexthop_add(rib, o);
	h->seen = rib->dump;
	if (h->told)
		return;
	h->told = true;
	diff_dirty(rib, &rib->dirty_nexthops, &h->dirty);
}

void
nexthops_link_down(struct rib *rib, uint32_t ifindex)
{
	hash_each (n, &rib->nexthops) {
		struct nexthop *h = OBJECT(n, struct nexthop, by_id);
		if (h->object.ifindex == ifindex && h->told)
			nexthop_lost(rib, h);
	}
	members_lost(rib);
}

void
nexthops_swept(struct rib *rib)
{
	hash_each (n, &rib->nexthops) {
		struct nexthop *h = OBJECT(n, struct nexthop, by_id);
		if (h->told && h->seen != rib->dump)
			nexthop_lost(rib, h);
	}
	hash_each (m, &rib->groups) {
		struct group *g = OBJECT(m, struct group, by_id);
		if (!g->count || g->seen == rib->dump)
			continue;
		g->count = 0;
		routes_lost_with(rib, g);
		diff_dirty(rib, &rib->dirty_groups, &g->dirty);
	}
	members_lost(rib);
}

void
nexthops_free(struct rib *rib)
{
	hash_each (k, &rib->groups) {
		group_stand_in_over(rib, OBJECT(k, struct group, by_id));
	}
	hash_each (n, &rib->nexthops) {
		struct nexthop *h = OBJECT(n, struct nexthop, by_id);
		free(h->trouble);
		free(h);
	}
	hash_each (m, &rib->groups) {
		free(OBJECT(m, struct group, by_id));
	}
	hash_free(&rib->nexthops);
	hash_free(&rib->nexthop_contents);
	hash_free(&rib->groups);
	hash_free(&rib->fates);
}
