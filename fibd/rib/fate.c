/*
 * Fates: lists of next hops as somebody named them, shared by all prefixes with the same list, and the paths
 * that they are resolved to through interfaces and other routes.
 *
 * A fate whose next hops all name an interface depends on that interface and on labels alone. The others are
 * recursive: each change of what was chosen resolves all of them again, from nothing and upwards from what
 * is directly reachable. So a loop of routes that point at each other never comes to life, and none survives the
 * loss of what held it up. A route that would take away its own support (its next hop is reached through a
 * default route until the route itself is there) comes and goes while settling; after a few times it is held
 * down until the next change.
 */
#include "fibd/rib/model.h"
#include <stdlib.h>
#include <string.h>

enum { RESOLVE_DEPTH = 5, FLIPS_MAX = 4 };

static uint32_t
fate_hash(const struct fate *f)
{
	uint32_t h = hash_bytes(&f->table->id, sizeof f->table->id, f->family + 8u * f->black_hole + 16u * f->labelled);

	for (uint16_t i = 0; i < f->spec_count; i++) {
		h = hash_bytes(&f->specs[i].addr, sizeof f->specs[i].addr, h);
		h = hash_bytes(
		    &f->specs[i].ifindex, sizeof f->specs[i].ifindex, h + f->specs[i].name + f->specs[i].track * 31u);
	}
	return f->labelled ? h ^ prefix_hash(&f->fec) : h;
}

static bool
fate_same(const struct fate *a, const struct fate *b)
{
	if (a->table != b->table || a->family != b->family || a->black_hole != b->black_hole ||
	    a->labelled != b->labelled || a->spec_count != b->spec_count ||
	    (a->labelled && !prefix_eq(&a->fec, &b->fec)))
		return false;
	for (uint16_t i = 0; i < a->spec_count; i++)
		if (!addr_eq(&a->specs[i].addr, &b->specs[i].addr) || a->specs[i].ifindex != b->specs[i].ifindex ||
		    a->specs[i].name != b->specs[i].name || a->specs[i].track != b->specs[i].track)
			return false;
	return true;
}

static bool resolve_one(struct rib *, struct fate *);

static struct fate *
fate_new(struct rib *rib, const struct fate *like, uint32_t hash)
{
	struct fate *f = mem_copy(like, sizeof *like);

	f->follows = NULL;
	f->specs = mem_copy(like->specs, like->spec_count * sizeof *like->specs);
	f->refs = 1;
	struct list *lists[] = { &f->users, &f->untold, &f->to_tell, &f->recursives, &f->touched };
	for (size_t i = 0; i < COUNT(lists); i++)
		list_init(lists[i]);
	hash_add(&rib->fates, &f->by_key, hash);
	for (uint16_t i = 0; i < f->spec_count; i++)
		f->recursive |= !f->specs[i].ifindex && !f->specs[i].name;
	if (f->recursive) {
		list_append(&rib->recursives, &f->recursives);
		rib->resolve = true;
	}
	tracks_join(rib, f);
	/* Resolved at once by what is known, so that it can be chosen in the same go. */
	resolve_one(rib, f);
	return f;
}

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
	return fate_new(rib, &like, hash);
}

void
fate_unref(struct rib *rib, struct fate *f)
{
	if (--f->refs)
		return;
	fate_settle(rib, f, false);
	hash_remove(&rib->fates, &f->by_key);
	list_remove(&f->recursives);
	list_remove(&f->touched);
	list_remove(&f->to_tell);
	tracks_leave(rib, f);
	free(f->specs);
	free(f->paths);
	free(f->trouble);
	free(f);
}

void
fate_touch(struct rib *rib, struct fate *f)
{
	rib->work = true;
	if (list_is_empty(&f->touched))
		list_append(&rib->touched, &f->touched);
}

/* --- resolving --- */

struct paths {
	struct path list[FIB_PATHS_MAX];
	uint16_t count;
	bool relay, pending; /* pending: waits for a fate that is not resolved yet */
	bool guess;
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
	const struct trie *trie = gateway->family == 4 ? &f->table->v4 : &f->table->v6;
	struct trie_node *n = trie_match(trie, gateway);

	for (; n; n = trie_parent(trie, n)) {
		struct route *r = OBJECT(n, struct route, node);
		const struct entry *e = route_chosen(r);
		if (!e)
			continue;
		if (e->direct) {
			struct fib_path p = { .gateway = *gateway, .ifindex = direct_of(e)->ifindex, .weight = 1 };
			/* A host route of our own address leads nowhere. */
			if (!prefix_is_host(&r->node.prefix) && port_is_up(rib, p.ifindex))
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
		out->guess |= via->guess;
		for (uint16_t i = 0; i < via->path_count; i++)
			add_path(out, &via->paths[i].p, index);
		return;
	}
}

/* On which link a next hop is that we ask to be watched: the one that is named, or that its address is on. */
static void
place_hop(struct rib *rib, const struct fate *f, const struct spec *s, uint32_t ifindex)
{
	const struct trie *trie = s->addr.family == 4 ? &f->table->v4 : &f->table->v6;
	const struct entry *e = NULL;

	if (!rib->dumped)
		return;
	if (s->name) {
		if (ifindex)
			track_place(rib, s->track, ifindex);
		return;
	}
	for (struct trie_node *n = trie_match(trie, &s->addr); n && !e; n = trie_parent(trie, n))
		e = route_chosen(OBJECT(n, struct route, node));
	if (e)
		track_place(rib, s->track, e->direct ? direct_of(e)->ifindex : 0);
}

static void
resolve_spec(struct rib *rib, struct fate *f, uint16_t i, struct paths *out)
{
	const struct spec *s = &f->specs[i];
	uint32_t ifindex = s->name ? rib->names[s->name - 1].ifindex : s->ifindex;
	const struct track *t = track_of(rib, s->track);

	if (t && t->is_hop)
		place_hop(rib, f, s, ifindex);
	out->guess |= t && track_is_guess(rib, t);
	if (t && t->dead)
		return;
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
		uint32_t label = lsp_push(rib, lsp, p);
		if (label == LABEL_UNSET || p->label_count)
			continue;
		p->label_count = 1;
		p->labels[0] = label;
	}
}

bool
fate_is_inline(const struct fate *f)
{
	return f->labelled && !f->grouped;
}

static bool
take_paths(struct fate *f, const struct paths *out)
{
	bool same = out->count == f->path_count && out->relay == f->relay;

	for (uint16_t i = 0; same && i < out->count; i++)
		same = out->list[i].spec == f->paths[i].spec && paths_eq(&out->list[i].p, &f->paths[i].p, 1);
	if (same)
		return false;
	if (!out->count != !f->path_count && f->recursive && f->flips < UINT8_MAX)
		f->flips++;
	free(f->paths);
	f->paths = mem_copy(out->list, out->count * sizeof *out->list);
	f->grouped = false; /* it may be another one that was refused */
	f->path_count = out->count;
	f->relay = out->relay;
	return true;
}

/* True when its paths are others than before. Leaves it unresolved when it has to wait for another. */
static bool
resolve_one(struct rib *rib, struct fate *f)
{
	struct paths out = { .count = 0 };

	if (f->event != rib->event) { /* something happened: what was held down may try again */
		f->event = rib->event;
		f->flips = 0;
	}
	f->looped = f->flips >= FLIPS_MAX;
	for (uint16_t i = 0; i < f->spec_count && !f->looped; i++)
		resolve_spec(rib, f, i, &out);
	if (out.pending)
		return false;
	push_labels(rib, f, &out);
	f->fresh = true;
	if (f->guess && !out.guess) {
		fate_touch(rib, f);
		route_each_follower(rib, f, route_dirty);
	}
	f->guess = out.guess;
	return take_paths(f, &out);
}

/* Its group is changed at once, and with that every route that follows it has moved; that they also think so takes a while. */
static void
paths_changed(struct rib *rib, struct fate *f)
{
	fate_touch(rib, f);
	routes_tell(rib, f);
}

void
fate_again(struct rib *rib, struct fate *f)
{
	if (f->recursive) {
		rib->resolve = true;
	} else if (resolve_one(rib, f)) {
		paths_changed(rib, f);
		rib->resolve = true;
	}
}

static void
resolve_recursives(struct rib *rib)
{
	bool waiting = true;

	list_each (l, &rib->recursives) {
		OBJECT(l, struct fate, recursives)->fresh = false;
	}
	rib->in_pass = true;
	for (int depth = 0; depth < RESOLVE_DEPTH && waiting; depth++) {
		waiting = false;
		list_each (m, &rib->recursives) {
			struct fate *f = OBJECT(m, struct fate, recursives);
			if (f->fresh)
				continue;
			if (resolve_one(rib, f))
				paths_changed(rib, f);
			waiting |= !f->fresh;
		}
	}
	rib->in_pass = false;
	/* What still waits stands on itself alone. */
	const struct paths nothing = { .count = 0 };
	list_each (k, &rib->recursives) {
		struct fate *f = OBJECT(k, struct fate, recursives);
		if (f->fresh)
			continue;
		f->fresh = true;
		if (take_paths(f, &nothing))
			paths_changed(rib, f);
	}
}

void
fates_resolve(struct rib *rib)
{
	bool all = rib->resolve_all;

	rib->resolve = rib->resolve_all = false;
	if (all)
		hash_each (n, &rib->fates) {
			struct fate *f = OBJECT(n, struct fate, by_key);
			if (!f->recursive && resolve_one(rib, f))
				paths_changed(rib, f);
		}
	resolve_recursives(rib);
}
