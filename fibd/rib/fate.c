/*
 * Fates: lists of next hops as somebody named them, shared by all prefixes with the same list, and the paths
 * that they are resolved to through interfaces and other routes.
 *
 * A fate whose next hops all name an interface depends on that interface and on labels alone. The others are
 * recursive: each change of what was chosen resolves all of them again, from nothing and upwards from what
 * is directly reachable. So a loop of routes that point at each other never comes to life, and none survives the
 * loss of what held it up. A route that would take away its own support (its next hop is reached through a
 * default route until the route itself is there) comes and goes while settling; after a few times it is held
 * down, and tried again a second after something else has happened. What a next hop leads to is resolve.c's business.
 *
 * A fate may have backups (VPN FRR). The first of them that leads anywhere stands by: its next hop objects are in the kernel, so
 * that the group, and with it every prefix, moves to them in one message when the last path dies; where the kernel can it moves by
 * itself (standby.c).
 */
#include "fibd/rib/model.h"
#include <stdlib.h>
#include <string.h>

enum { RESOLVE_DEPTH = 5, FLIPS_MAX = 4 };

static uint32_t
spec_hash(const struct spec *s, uint32_t h)
{
	const uint32_t rest[] = { s->ifindex, s->name, s->track, s->through, s->label, s->policy,
		s->lsp + 2u * s->backup };

	return hash_bytes(rest, sizeof rest, hash_bytes(&s->addr, sizeof s->addr, h));
}

static bool
spec_same(const struct spec *a, const struct spec *b)
{
	return addr_eq(&a->addr, &b->addr) && a->ifindex == b->ifindex && a->name == b->name && a->track == b->track &&
	       a->through == b->through && a->label == b->label && a->policy == b->policy && a->lsp == b->lsp &&
	       a->backup == b->backup;
}

/* No other prefix shares it. */
static bool
is_of_one_prefix(const struct fate *f)
{
	return f->labelled || f->leaks;
}

static uint32_t
fate_hash(const struct fate *f)
{
	uint32_t h = hash_bytes(
	    &f->table->id, sizeof f->table->id, f->family + 8u * f->black_hole + 16u * f->labelled + 32u * f->pipe);

	for (uint16_t i = 0; i < f->spec_count; i++)
		h = spec_hash(&f->specs[i], h);
	return is_of_one_prefix(f) ? h ^ prefix_hash(&f->fec) : h;
}

static bool
fate_same(const struct fate *a, const struct fate *b)
{
	if (a->table != b->table || a->family != b->family || a->black_hole != b->black_hole ||
	    a->labelled != b->labelled || a->leaks != b->leaks || a->pipe != b->pipe ||
	    a->spec_count != b->spec_count || (is_of_one_prefix(a) && !prefix_eq(&a->fec, &b->fec)))
		return false;
	for (uint16_t i = 0; i < a->spec_count; i++)
		if (!spec_same(&a->specs[i], &b->specs[i]))
			return false;
	return true;
}

static bool resolve_one(struct rib *, struct fate *);

/* What its next hops lean on is watched, or no longer. */
static void
watch_specs(struct rib *rib, const struct fate *f, void (*with)(struct rib_table *, const struct prefix *))
{
	struct prefix on;

	for (uint16_t i = 0; i < f->spec_count; i++)
		if (spec_watches(f, &f->specs[i], &on))
			with(spec_table(rib, f, &f->specs[i]), &on);
}

static struct fate *
fate_new(struct rib *rib, const struct fate *like, uint32_t hash)
{
	struct fate *f = NEW(struct fate);

	f->table = like->table;
	f->family = like->family;
	f->black_hole = like->black_hole;
	f->labelled = like->labelled;
	f->leaks = like->leaks;
	f->pipe = like->pipe;
	f->fec = like->fec;
	f->specs = mem_copy(like->specs, like->spec_count * sizeof *like->specs);
	f->spec_count = like->spec_count;
	f->refs = 1;
	struct list *lists[] = { &f->users, &f->untold, &f->to_tell, &f->recursives, &f->touched, &f->labels,
		&f->of_second, &f->seconds, &f->groupless };
	for (size_t i = 0; i < COUNT(lists); i++)
		list_init(lists[i]);
	hash_add(&rib->fates, &f->by_key, hash);
	for (uint16_t i = 0; i < f->spec_count; i++)
		f->recursive |= !f->specs[i].ifindex && !f->specs[i].name;
	if (f->recursive)
		list_append(&rib->recursives, &f->recursives);
	watch_specs(rib, f, watch_add);
	tracks_join(rib, f);
	/* Resolved at once by what is known, so that it can be chosen in the same go. */
	resolve_one(rib, f);
	return f;
}

struct fate *
fate_get(struct rib *rib, const struct fate *key)
{
	struct fate like = *key;

	like.leaks = false;
	for (uint16_t i = 0; i < like.spec_count; i++)
		like.leaks |= like.specs[i].through && !addr_is_set(&like.specs[i].addr);
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
	list_remove(&f->groupless);
	list_remove(&f->of_second);
	list_remove(&f->to_tell);
	watch_specs(rib, f, watch_drop);
	tracks_leave(rib, f);
	free(f->specs);
	free(f->paths);
	free(f->standby);
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

/* What takes over when the last path dies: its objects are in the kernel by then. */
static void
take_standby(struct rib *rib, struct fate *f, const struct paths *spare)
{
	bool same = spare->count == f->standby_count;

	for (uint16_t i = 0; same && i < spare->count; i++)
		same = paths_eq(&spare->list[i].p, &f->standby[i].p, 1);
	if (same)
		return;
	free(f->standby);
	f->standby = mem_copy(spare->list, spare->count * sizeof *spare->list);
	f->standby_count = spare->count;
	fate_touch(rib, f);
}

/* The paths of all next hops, and those of the first backup that leads anywhere. */
static void
find_paths(struct rib *rib, struct fate *f, struct paths *out, struct paths *spare)
{
	for (uint16_t i = 0; i < f->spec_count; i++) {
		if (!f->specs[i].backup)
			spec_resolve(rib, f, i, out);
		else if (!spare->count)
			spec_resolve(rib, f, i, spare);
	}
}

/* True when its paths are others than before. Leaves it unresolved when it has to wait for another. */
static bool
resolve_one(struct rib *rib, struct fate *f)
{
	struct paths out, spare;

	out.count = spare.count = 0;
	out.relay = out.pending = out.guess = spare.relay = spare.pending = spare.guess = false;
	if (f->event != rib->event) { /* something happened: what was held down may try again */
		f->event = rib->event;
		f->flips = 0;
	}
	f->looped = f->flips >= FLIPS_MAX;
	rib->looped |= f->looped;
	if (!f->looped)
		find_paths(rib, f, &out, &spare);
	if (out.pending || (!out.count && spare.pending))
		return false;
	f->standby_waits = spare.pending;
	if (!out.count) {
		spare.guess |= out.guess;
		out = spare;
		spare.count = 0;
	}
	push_labels(rib, f, &out);
	f->fresh = true;
	if (f->guess && !out.guess) {
		fate_touch(rib, f);
		route_each_follower(rib, f, route_dirty);
	}
	if (f->guess != out.guess)
		rib->tunnels_dirty |= f->tunnels;
	f->guess = out.guess;
	f->known |= !out.guess && out.count;
	take_standby(rib, f, &spare);
	return take_paths(f, &out);
}

/* Its group is changed at once, and with that every route that follows it has moved; that they also think so takes a while. */
static void
paths_changed(struct rib *rib, struct fate *f)
{
	fate_touch(rib, f);
	fate_tell_those_before(rib, f);
	routes_tell(rib, f);
	vpn_labels_follow(rib, f);
	rib->tunnels_dirty |= f->tunnels;
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
	list_each (j, &rib->recursives) {
		struct fate *f = OBJECT(j, struct fate, recursives);
		if (f->fresh && f->standby_waits && resolve_one(rib, f))
			paths_changed(rib, f);
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
	rib->review = true;
}

void
fates_home_moved(struct rib *rib, const struct home *h, struct rib_table *before)
{
	struct prefix on;

	hash_each (n, &rib->fates) {
		const struct fate *f = OBJECT(n, struct fate, by_key);
		for (uint16_t i = 0; i < f->spec_count; i++) {
			if (f->specs[i].through != h->number || !spec_watches(f, &f->specs[i], &on))
				continue;
			watch_drop(before, &on);
			watch_add(h->table, &on);
		}
	}
	rib->resolve_all = true;
}
