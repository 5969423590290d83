/*
 * Shortest paths, whole and by increments.
 *
 * The whole computation is Dijkstra's. An increment follows what changed (Ramalingam and Reps, 1996): a vertex at the end of
 * an edge that changed is looked at; if nobody supports its distance any more it is *lost*, and so, in the order of their
 * distances, are those that only it supported. The lost are then reached anew from the vertices around them, together with
 * those that a better edge leads to, by Dijkstra's algorithm over these alone. Last, the hops are followed downwards from
 * whatever changed, as far as they differ. So a change costs what it moves, and not the size of the graph.
 *
 * Equal distances. A network is settled before a router of the same distance (RFC 2328 16.1 step 3), for the way out of a
 * network costs nothing. An edge from a router that costs nothing is against the protocols, but may be received; with one
 * in the graph "who supports whom" may be a circle, so each run is a whole one then, and supporters are the earlier settled.
 */
#include "igpd/spf.h"
#include "base/hash.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

struct hop_set { /* one for all vertices that packets leave for in the same ways */
	struct hash_node by_content;
	uint32_t uses;
	struct spf_hops hops;
};
struct vertex {
	struct spf_edge *edges; /* by `to` */
	size_t edge_count;
	uint32_t distance;
	uint32_t order; /* of settling in a whole run */
	bool is_network, exists;
	bool direct;                /* a shortest path is the edge from the root */
	bool suspect, lost, listed; /* during a run; listed: among `changed` */
	size_t slot;                /* in the heap, from 1; 0: not in it */
	struct hop_set *hops;       /* NULL: none */
};
struct spf {
	struct hash hop_sets;
	struct vertex *vertices;
	size_t count;
	uint32_t root;
	bool has_root, whole_next;
	size_t free_edges; /* edges of routers that cost nothing */
	uint32_t *heap;
	size_t heap_count, heap_room;
	uint32_t *suspects;
	size_t suspect_count, suspect_room;
	uint32_t *changed;
	size_t changed_count, changed_room;
	size_t settled;
	uint32_t next_order;
};

struct spf *
spf_new(void)
{
	struct spf *s = NEW(struct spf);

	s->whole_next = true;
	hash_init(&s->hop_sets);
	return s;
}

void
spf_free(struct spf *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		free(s->vertices[i].edges);
	hash_each (n, &s->hop_sets) {
		free(OBJECT(n, struct hop_set, by_content));
	}
	hash_free(&s->hop_sets);
	free(s->vertices);
	free(s->heap);
	free(s->suspects);
	free(s->changed);
	free(s);
}

static void
push(uint32_t **list, size_t *count, size_t *room, uint32_t value)
{
	if (*count == *room) {
		*room = *room ? *room * 2 : 64;
		*list = mem_resize(*list, *room * sizeof **list);
	}
	(*list)[(*count)++] = value;
}

static struct vertex *
vertex_at(struct spf *s, uint32_t v)
{
	if (v >= s->count) {
		size_t count = s->count ? s->count : 64;
		while (count <= v)
			count *= 2;
		s->vertices = mem_resize(s->vertices, count * sizeof *s->vertices);
		memset(s->vertices + s->count, 0, (count - s->count) * sizeof *s->vertices);
		for (size_t i = s->count; i < count; i++)
			s->vertices[i].distance = SPF_FAR;
		s->count = count;
	}
	return &s->vertices[v];
}

/* --- the heap of vertices to look at, nearest first --- */

static bool
before(const struct spf *s, uint32_t a, uint32_t b)
{
	const struct vertex *x = &s->vertices[a], *y = &s->vertices[b];

	if (x->distance != y->distance)
		return x->distance < y->distance;
	if (x->is_network != y->is_network)
		return x->is_network;
	return a < b;
}

static void
heap_place(struct spf *s, size_t slot, uint32_t v)
{
	s->heap[slot] = v;
	s->vertices[v].slot = slot + 1;
}

static void
heap_up(struct spf *s, size_t slot)
{
	uint32_t v = s->heap[slot];

	for (; slot && before(s, v, s->heap[(slot - 1) / 2]); slot = (slot - 1) / 2)
		heap_place(s, slot, s->heap[(slot - 1) / 2]);
	heap_place(s, slot, v);
}

/* Puts it in, or moves it up: its distance is less than it was. */
static void
heap_put(struct spf *s, uint32_t v)
{
	if (!s->vertices[v].slot) {
		push(&s->heap, &s->heap_count, &s->heap_room, v);
		s->vertices[v].slot = s->heap_count;
	}
	heap_up(s, s->vertices[v].slot - 1);
}

static bool
heap_take(struct spf *s, uint32_t *ret)
{
	if (!s->heap_count)
		return false;
	*ret = s->heap[0];
	s->vertices[*ret].slot = 0;
	uint32_t last = s->heap[--s->heap_count];
	if (!s->heap_count)
		return true;
	size_t slot = 0;
	for (;;) {
		size_t child = 2 * slot + 1;
		if (child >= s->heap_count)
			break;
		if (child + 1 < s->heap_count && before(s, s->heap[child + 1], s->heap[child]))
			child++;
		if (!before(s, s->heap[child], last))
			break;
		heap_place(s, slot, s->heap[child]);
		slot = child;
	}
	heap_place(s, slot, last);
	return true;
}

/* --- the graph --- */

static int
compare_edges(const void *a, const void *b)
{
	const struct spf_edge *x = a, *y = b;

	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	if (x->cost != y->cost)
		return x->cost < y->cost ? -1 : 1;
	return x->hop < y->hop ? -1 : x->hop > y->hop;
}

/* The first edge to there, which is the cheapest; NULL: none. Others follow it. */
static const struct spf_edge *
edge_to(const struct vertex *from, uint32_t to)
{
	size_t low = 0, high = from->edge_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (from->edges[middle].to < to)
			low = middle + 1;
		else
			high = middle;
	}
	return low < from->edge_count && from->edges[low].to == to ? &from->edges[low] : NULL;
}

static bool
is_joined(const struct spf *s, uint32_t from, const struct spf_edge *e)
{
	return e->to < s->count && edge_to(&s->vertices[e->to], from);
}

static void
suspect(struct spf *s, uint32_t v)
{
	struct vertex *x = vertex_at(s, v);

	if (x->suspect)
		return;
	x->suspect = true;
	push(&s->suspects, &s->suspect_count, &s->suspect_room, v);
}

/* Both ends: an edge that comes or goes makes or ends the way back as well. */
static void
suspect_both(struct spf *s, uint32_t from, const struct spf_edge *e)
{
	suspect(s, e->to);
	suspect(s, from);
}

static void
suspect_differences(
    struct spf *s, uint32_t from, const struct spf_edge *a, size_t a_count, const struct spf_edge *b, size_t b_count)
{
	size_t i = 0, k = 0;

	while (i < a_count || k < b_count) {
		int order = i == a_count ? 1 : k == b_count ? -1 : compare_edges(&a[i], &b[k]);
		if (order)
			suspect_both(s, from, order < 0 ? &a[i] : &b[k]);
		i += order <= 0;
		k += order >= 0;
	}
}

static size_t
count_free(const struct vertex *v)
{
	size_t n = 0;

	for (size_t i = 0; !v->is_network && i < v->edge_count; i++)
		n += v->edges[i].cost == 0;
	return n;
}

void
spf_edges(struct spf *s, uint32_t from, bool is_network, const struct spf_edge *edges, size_t count)
{
	struct spf_edge *sorted = count ? mem_copy(edges, count * sizeof *edges) : NULL;

	if (count)
		qsort(sorted, count, sizeof *sorted, compare_edges);
	vertex_at(s, from);
	for (size_t i = 0; i < count; i++)
		vertex_at(s, edges[i].to);
	struct vertex *v = &s->vertices[from];
	s->free_edges -= count_free(v);
	suspect_differences(s, from, v->edges, v->edge_count, sorted, count);
	v = &s->vertices[from];
	if (v->is_network != is_network && v->exists)
		s->whole_next = true;
	free(v->edges);
	v->edges = sorted;
	v->edge_count = count;
	v->is_network = is_network;
	v->exists = count > 0;
	s->free_edges += count_free(v);
}

void
spf_root(struct spf *s, uint32_t root)
{
	vertex_at(s, root);
	if (s->has_root && s->root == root)
		return;
	s->root = root;
	s->has_root = s->whole_next = true;
}

/* --- distances --- */

static void
note_change(struct spf *s, uint32_t v)
{
	if (s->vertices[v].listed)
		return;
	s->vertices[v].listed = true;
	push(&s->changed, &s->changed_count, &s->changed_room, v);
}

static uint32_t
sum(uint32_t a, uint32_t b)
{
	return a >= SPF_FAR - b ? SPF_FAR : a + b;
}

static void
move_to(struct spf *s, uint32_t v, uint32_t distance)
{
	s->vertices[v].distance = distance;
	note_change(s, v);
}

static void
dijkstra(struct spf *s)
{
	uint32_t v;

	while (heap_take(s, &v)) {
		struct vertex *x = &s->vertices[v];
		s->settled++;
		x->order = s->next_order++;
		for (size_t i = 0; i < x->edge_count; i++) {
			const struct spf_edge *e = &x->edges[i];
			uint32_t there = sum(x->distance, e->cost);
			if (there >= s->vertices[e->to].distance || !is_joined(s, v, e))
				continue;
			move_to(s, e->to, there);
			heap_put(s, e->to);
		}
	}
}

/* Does the edge lie on a shortest path to its end? */
static bool
supports(const struct spf *s, uint32_t from, const struct spf_edge *e)
{
	const struct vertex *a = &s->vertices[from], *b = &s->vertices[e->to];

	if (a->distance == SPF_FAR || sum(a->distance, e->cost) != b->distance || b->distance == SPF_FAR ||
	    e->to == s->root)
		return false;
	return (!s->free_edges || a->order < b->order) && is_joined(s, from, e);
}

/* Some vertex around it that is not lost still gives it its distance. */
static bool
is_supported(const struct spf *s, uint32_t v)
{
	const struct vertex *x = &s->vertices[v];

	for (size_t i = 0; i < x->edge_count; i++) {
		uint32_t around = x->edges[i].to;
		if (around >= s->count || s->vertices[around].lost)
			continue;
		const struct spf_edge *e = edge_to(&s->vertices[around], v);
		if (e && supports(s, around, e))
			return true;
	}
	return false;
}

static void
lose(struct spf *s, uint32_t **lost, size_t *count, size_t *room)
{
	uint32_t v;

	for (size_t i = 0; i < s->suspect_count; i++)
		if (s->suspects[i] != s->root && s->vertices[s->suspects[i]].distance != SPF_FAR)
			heap_put(s, s->suspects[i]);
	while (heap_take(s, &v)) {
		struct vertex *x = &s->vertices[v];
		s->settled++;
		if (x->lost || is_supported(s, v))
			continue;
		x->lost = true;
		push(lost, count, room, v);
		for (size_t i = 0; i < x->edge_count; i++) {
			uint32_t to = x->edges[i].to;
			if (to != s->root && !s->vertices[to].lost &&
			    sum(x->distance, x->edges[i].cost) == s->vertices[to].distance)
				heap_put(s, to);
		}
	}
}

/* The best that the vertices around it offer. */
static void
reach(struct spf *s, uint32_t v)
{
	struct vertex *x = &s->vertices[v];
	uint32_t best = x->distance;

	for (size_t i = 0; i < x->edge_count; i++) {
		uint32_t around = x->edges[i].to;
		const struct spf_edge *e =
		    around < s->count && !s->vertices[around].lost ? edge_to(&s->vertices[around], v) : NULL;
		if (e && sum(s->vertices[around].distance, e->cost) < best)
			best = sum(s->vertices[around].distance, e->cost);
	}
	if (best >= x->distance)
		return;
	move_to(s, v, best);
	heap_put(s, v);
}

static void
follow_changes(struct spf *s)
{
	uint32_t *lost = NULL;
	size_t count = 0, room = 0;

	lose(s, &lost, &count, &room);
	for (size_t i = 0; i < count; i++)
		move_to(s, lost[i], SPF_FAR);
	for (size_t i = 0; i < count; i++)
		reach(s, lost[i]);
	for (size_t i = 0; i < s->suspect_count; i++)
		if (s->suspects[i] != s->root && !s->vertices[s->suspects[i]].lost)
			reach(s, s->suspects[i]);
	for (size_t i = 0; i < count; i++)
		s->vertices[lost[i]].lost = false;
	free(lost);
	dijkstra(s);
}

static void
from_nothing(struct spf *s)
{
	for (uint32_t v = 0; v < s->count; v++) {
		if (s->vertices[v].distance != SPF_FAR)
			move_to(s, v, SPF_FAR);
		if (s->vertices[v].exists)
			suspect(s, v);
	}
	s->next_order = 0;
	if (!s->has_root)
		return;
	move_to(s, s->root, 0);
	heap_put(s, s->root);
	dijkstra(s);
}

/* --- hops --- */

static bool
has_hops(const struct vertex *x, const struct spf_hops *h)
{
	if (!x->hops || !h->count)
		return !x->hops && !h->count;
	return x->hops->hops.count == h->count && memcmp(x->hops->hops.hop, h->hop, h->count * sizeof *h->hop) == 0;
}

static struct hop_set *
hop_set_get(struct spf *s, const struct spf_hops *h)
{
	uint32_t hash = hash_bytes(h->hop, h->count * sizeof *h->hop, h->count);

	for (struct hash_node *n = hash_first(&s->hop_sets, hash); n; n = hash_next(n)) {
		struct hop_set *set = OBJECT(n, struct hop_set, by_content);
		if (has_hops(&(struct vertex){ .hops = set }, h))
			return set;
	}
	struct hop_set *set = NEW(struct hop_set);
	set->hops = *h;
	hash_add(&s->hop_sets, &set->by_content, hash);
	return set;
}

static void
set_hops(struct spf *s, struct vertex *x, const struct spf_hops *h)
{
	struct hop_set *was = x->hops;

	x->hops = h && h->count ? hop_set_get(s, h) : NULL;
	if (x->hops)
		x->hops->uses++;
	if (was && !--was->uses) {
		hash_remove(&s->hop_sets, &was->by_content);
		free(was);
	}
}

static void
add_hop(struct spf_hops *h, uint32_t hop)
{
	size_t at = 0;

	while (at < h->count && h->hop[at] < hop)
		at++;
	if (!hop || at == SPF_HOPS_MAX || (at < h->count && h->hop[at] == hop))
		return;
	if (h->count == SPF_HOPS_MAX)
		h->count--;
	memmove(&h->hop[at + 1], &h->hop[at], (h->count - at) * sizeof *h->hop);
	h->hop[at] = hop;
	h->count++;
}

/* What one supporter gives. */
static void
inherit(const struct spf *s, uint32_t from, const struct spf_edge *e, struct spf_hops *hops, bool *direct)
{
	const struct vertex *a = &s->vertices[from];

	if (from == s->root && s->vertices[e->to].is_network) {
		*direct = true;
		return;
	}
	if (from == s->root || (a->is_network && a->direct))
		add_hop(hops, e->hop);
	for (uint16_t i = 0; a->hops && i < a->hops->hops.count; i++)
		add_hop(hops, a->hops->hops.hop[i]);
}

static void
find_hops(const struct spf *s, uint32_t v, struct spf_hops *hops, bool *direct)
{
	const struct vertex *x = &s->vertices[v];
	uint32_t last = UINT32_MAX;

	*hops = (struct spf_hops){ 0 };
	*direct = false;
	if (v == s->root || x->distance == SPF_FAR)
		return;
	for (size_t i = 0; i < x->edge_count; i++) {
		uint32_t around = x->edges[i].to;
		if (around == last) /* parallel links: all of the other end's edges were looked at */
			continue;
		last = around;
		const struct vertex *a = &s->vertices[around];
		for (const struct spf_edge *e = edge_to(a, v); e && e < a->edges + a->edge_count && e->to == v; e++)
			if (supports(s, around, e))
				inherit(s, around, e, hops, direct);
	}
}

static void
follow_hops(struct spf *s)
{
	uint32_t v;

	for (size_t i = 0; i < s->suspect_count; i++)
		if (s->vertices[s->suspects[i]].distance != SPF_FAR)
			heap_put(s, s->suspects[i]);
	size_t moved = s->changed_count;
	for (size_t i = 0; i < moved; i++) {
		const struct vertex *x = &s->vertices[s->changed[i]];
		if (x->distance != SPF_FAR)
			heap_put(s, s->changed[i]);
		for (size_t k = 0; k < x->edge_count; k++)
			if (s->vertices[x->edges[k].to].distance != SPF_FAR)
				heap_put(s, x->edges[k].to);
	}
	while (heap_take(s, &v)) {
		struct vertex *x = &s->vertices[v];
		struct spf_hops hops;
		bool direct;
		find_hops(s, v, &hops, &direct);
		if (direct == x->direct && has_hops(x, &hops))
			continue;
		set_hops(s, x, &hops);
		x->direct = direct;
		note_change(s, v);
		for (size_t i = 0; i < x->edge_count; i++)
			if (supports(s, v, &x->edges[i]))
				heap_put(s, x->edges[i].to);
	}
	for (size_t i = 0; i < s->changed_count; i++) {
		struct vertex *x = &s->vertices[s->changed[i]];
		if (x->distance == SPF_FAR) {
			set_hops(s, x, NULL);
			x->direct = false;
		}
	}
}

/* In the order of settling, where circles are possible: each vertex once. */
static void
hops_in_order(struct spf *s)
{
	uint32_t *by_order = mem_zalloc((s->next_order + 1) * sizeof *by_order);

	for (uint32_t v = 0; v < s->count; v++) {
		struct vertex *x = &s->vertices[v];
		set_hops(s, x, NULL);
		x->direct = false;
		if (x->distance != SPF_FAR)
			by_order[x->order] = v;
	}
	for (uint32_t i = 0; i < s->next_order; i++) {
		struct vertex *x = &s->vertices[by_order[i]];
		struct spf_hops hops;
		find_hops(s, by_order[i], &hops, &x->direct);
		set_hops(s, x, &hops);
		note_change(s, by_order[i]);
	}
	free(by_order);
}

void
spf_run(struct spf *s, bool whole)
{
	for (size_t i = 0; i < s->changed_count; i++) {
		s->vertices[s->changed[i]].listed = false;
	}
	s->changed_count = 0;
	s->settled = 0;
	whole |= s->whole_next || s->free_edges;
	if (whole)
		from_nothing(s);
	else
		follow_changes(s);
	if (s->free_edges)
		hops_in_order(s);
	else
		follow_hops(s);
	for (size_t i = 0; i < s->suspect_count; i++)
		s->vertices[s->suspects[i]].suspect = false;
	s->suspect_count = 0;
	s->whole_next = s->free_edges > 0;
}

uint32_t
spf_distance(const struct spf *s, uint32_t v)
{
	return v < s->count ? s->vertices[v].distance : SPF_FAR;
}

bool
spf_is_direct(const struct spf *s, uint32_t v)
{
	return v < s->count && s->vertices[v].direct;
}

const struct spf_hops *
spf_hops_of(const struct spf *s, uint32_t v)
{
	static const struct spf_hops none;

	return v < s->count && s->vertices[v].hops ? &s->vertices[v].hops->hops : &none;
}

const uint32_t *
spf_changed(const struct spf *s, size_t *ret_count)
{
	*ret_count = s->changed_count;
	return s->changed;
}

size_t
spf_settled(const struct spf *s)
{
	return s->settled;
}
