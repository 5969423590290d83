/* Shortest paths against a plain computation, whole and by increments, on graphs of chance. */
#include "base/mem.h"
#include "base/rng.h"
#include "igpd/spf.h"
#include "tests/helper/check.h"
#include <string.h>

enum { MOST = 60, EDGES = 24 };

/* The graph as the test has it; everything is found from it by relaxing until nothing moves. */
struct graph {
	unsigned count;
	bool network[MOST];
	struct spf_edge edge[MOST][EDGES];
	size_t edges[MOST];
	uint32_t far[MOST];
	bool direct[MOST];
	uint64_t hops[MOST]; /* a bit each; hops are below 64 */
};

static bool
points(const struct graph *g, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < g->edges[from]; i++)
		if (g->edge[from][i].to == to)
			return true;
	return false;
}

static void
solve(struct graph *g, uint32_t root)
{
	bool moved = true;

	for (unsigned v = 0; v < g->count; v++) {
		g->far[v] = SPF_FAR;
		g->direct[v] = false;
		g->hops[v] = 0;
	}
	g->far[root] = 0;
	while (moved) {
		moved = false;
		for (uint32_t u = 0; u < g->count; u++)
			for (size_t i = 0; g->far[u] != SPF_FAR && i < g->edges[u]; i++) {
				const struct spf_edge *e = &g->edge[u][i];
				if (!points(g, e->to, u) || g->far[u] + e->cost >= g->far[e->to])
					continue;
				g->far[e->to] = g->far[u] + e->cost;
				moved = true;
			}
	}
	for (moved = true; moved;) {
		moved = false;
		for (uint32_t u = 0; u < g->count; u++)
			for (size_t i = 0; g->far[u] != SPF_FAR && i < g->edges[u]; i++) {
				const struct spf_edge *e = &g->edge[u][i];
				if (e->to == root || !points(g, e->to, u) || g->far[u] + e->cost != g->far[e->to])
					continue;
				bool direct = g->direct[e->to] || (u == root && g->network[e->to]);
				uint64_t hops = g->hops[e->to] | g->hops[u];
				if ((u == root && !g->network[e->to]) || (u != root && g->network[u] && g->direct[u]))
					hops |= e->hop ? UINT64_C(1) << e->hop : 0;
				moved |= direct != g->direct[e->to] || hops != g->hops[e->to];
				g->direct[e->to] = direct;
				g->hops[e->to] = hops;
			}
	}
}

static void
give(struct spf *s, const struct graph *g, uint32_t v)
{
	spf_edges(s, v, g->network[v], g->edge[v], g->edges[v]);
}

static void
compare(const struct spf *s, struct graph *g, uint32_t root, const char *when)
{
	solve(g, root);
	for (uint32_t v = 0; v < g->count; v++) {
		const struct spf_hops *h = spf_hops_of(s, v);
		uint64_t hops = 0;
		for (uint16_t i = 0; i < h->count; i++)
			hops |= UINT64_C(1) << h->hop[i];
		ck_assert_msg(spf_distance(s, v) == g->far[v], "%s: vertex %u is %u far instead of %u", when, v,
		    spf_distance(s, v), g->far[v]);
		ck_assert_msg(hops == g->hops[v], "%s: vertex %u has hops %lx instead of %lx", when, v,
		    (unsigned long)hops, (unsigned long)g->hops[v]);
		ck_assert_msg(
		    spf_is_direct(s, v) == g->direct[v], "%s: whether vertex %u is on a link of the root", when, v);
	}
}

static void
join(struct graph *g, struct rng *r, uint32_t a, uint32_t b)
{
	if (a == b || (g->network[a] && g->network[b]) || g->edges[a] == EDGES || g->edges[b] == EDGES)
		return;
	uint32_t there = g->network[a] ? 0 : 1 + (uint32_t)rng_below(r, 4),
		 back = g->network[b] ? 0 : 1 + (uint32_t)rng_below(r, 4);
	g->edge[a][g->edges[a]++] = (struct spf_edge){ b, there, 1 + (uint32_t)rng_below(r, 40) };
	g->edge[b][g->edges[b]++] = (struct spf_edge){ a, back, 1 + (uint32_t)rng_below(r, 40) };
}

static void
part(struct graph *g, uint32_t v, size_t at)
{
	g->edge[v][at] = g->edge[v][--g->edges[v]];
}

/* Some change of one vertex; its end of a link alone, so that the way back may be missing. */
static void
change(struct graph *g, struct rng *r, struct spf *s)
{
	uint32_t v = (uint32_t)rng_below(r, g->count), other = (uint32_t)rng_below(r, g->count);
	size_t at = g->edges[v] ? rng_below(r, g->edges[v]) : 0;

	switch (rng_below(r, 5)) {
	case 0: join(g, r, v, other); break;
	case 1:
		if (g->edges[v])
			part(g, v, at);
		break;
	case 2:
		if (g->edges[v] && !g->network[v])
			g->edge[v][at].cost = 1 + (uint32_t)rng_below(r, 6);
		break;
	case 3:
		if (g->edges[v])
			g->edge[v][at].hop = 1 + (uint32_t)rng_below(r, 40);
		break;
	case 4: g->edges[v] = rng_below(r, 4) ? g->edges[v] : 0; break;
	}
	give(s, g, v);
	give(s, g, other);
}

START_TEST(after_any_row_of_changes_paths_are_those_of_a_whole_computation)
{
	struct graph *g = NEW(struct graph);
	struct spf *s = spf_new();
	struct rng r;

	rng_seed(&r, (uint64_t)_i + 1);
	g->count = 5 + (unsigned)rng_below(&r, MOST - 5);
	for (unsigned v = 1; v < g->count; v++)
		g->network[v] = rng_below(&r, 3) == 0;
	for (unsigned k = 0; k < g->count * 2; k++)
		join(g, &r, (uint32_t)rng_below(&r, g->count), (uint32_t)rng_below(&r, g->count));
	for (uint32_t v = 0; v < g->count; v++)
		give(s, g, v);
	spf_root(s, 0);
	spf_run(s, true);
	compare(s, g, 0, "at first");
	for (int k = 0; k < 60; k++) {
		for (uint64_t n = 1 + rng_below(&r, 3); n; n--)
			change(g, &r, s);
		spf_run(s, false);
		compare(s, g, 0, "after a change");
	}
	spf_run(s, true);
	compare(s, g, 0, "whole again");
	spf_free(s);
	free(g);
}
END_TEST

START_TEST(what_did_not_change_is_not_told)
{
	struct spf *s = spf_new();
	size_t count;
	const struct spf_edge line[3][2] = { { { 1, 1, 7 } }, { { 0, 1, 0 }, { 2, 1, 0 } }, { { 1, 1, 0 } } };

	spf_edges(s, 0, false, line[0], 1);
	spf_edges(s, 1, false, line[1], 2);
	spf_edges(s, 2, false, line[2], 1);
	spf_root(s, 0);
	spf_run(s, false);
	spf_changed(s, &count);
	ck_assert_uint_eq(count, 3);
	spf_edges(s, 2, false, line[2], 1); /* as it was */
	spf_run(s, false);
	spf_changed(s, &count);
	ck_assert_uint_eq(count, 0);
	ck_assert_uint_eq(spf_settled(s), 0);
	const struct spf_edge dearer[] = { { 1, 5, 0 } };
	spf_edges(s, 2, false, dearer, 1); /* on no way from the root */
	spf_run(s, false);
	spf_changed(s, &count);
	ck_assert_uint_eq(count, 0);
	spf_free(s);
}
END_TEST

START_TEST(a_change_at_the_edge_of_a_large_graph_is_cheap)
{
	enum { SIDE = 32 };
	struct spf *s = spf_new();

	/* A grid; the last corner's link becomes dearer. */
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t v = 0; v < SIDE * SIDE; v++) {
			struct spf_edge e[4];
			size_t n = 0;
			uint32_t cost = pass && v == SIDE * SIDE - 2 ? 9 : 1;
			if (v % SIDE)
				e[n++] = (struct spf_edge){ v - 1, cost, 1 };
			if (v % SIDE != SIDE - 1)
				e[n++] = (struct spf_edge){ v + 1, cost, 2 };
			if (v >= SIDE)
				e[n++] = (struct spf_edge){ v - SIDE, cost, 3 };
			if (v < SIDE * (SIDE - 1))
				e[n++] = (struct spf_edge){ v + SIDE, cost, 4 };
			spf_edges(s, v, false, e, n);
		}
		spf_root(s, 0);
		spf_run(s, false);
		if (!pass)
			ck_assert_uint_eq(spf_settled(s), SIDE * SIDE);
	}
	ck_assert_uint_le(spf_settled(s), 10);
	ck_assert_uint_eq(spf_distance(s, SIDE * SIDE - 1), 2 * (SIDE - 1));
	spf_free(s);
}
END_TEST

START_TEST(an_edge_that_costs_nothing_makes_no_circle)
{
	struct spf *s = spf_new();
	const struct spf_edge from0[] = { { 1, 1, 3 } }, from1[] = { { 0, 1, 0 }, { 2, 0, 0 } },
			      from2[] = { { 1, 0, 0 } };

	spf_edges(s, 0, false, from0, 1);
	spf_edges(s, 1, false, from1, 2);
	spf_edges(s, 2, false, from2, 1);
	spf_root(s, 0);
	spf_run(s, false);
	ck_assert_uint_eq(spf_distance(s, 2), 1);
	ck_assert_uint_eq(spf_hops_of(s, 2)->count, 1);
	spf_edges(s, 1, false, from1 + 1, 1); /* the way from the root is gone */
	spf_run(s, false);
	ck_assert_uint_eq(spf_distance(s, 1), SPF_FAR);
	ck_assert_uint_eq(spf_distance(s, 2), SPF_FAR);
	ck_assert_uint_eq(spf_hops_of(s, 2)->count, 0);
	spf_free(s);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd spf");
	TCase *t = tcase_create("shortest paths");

	tcase_add_loop_test(t, after_any_row_of_changes_paths_are_those_of_a_whole_computation, 0, 150);
	tcase_add_test(t, what_did_not_change_is_not_told);
	tcase_add_test(t, a_change_at_the_edge_of_a_large_graph_is_cheap);
	tcase_add_test(t, an_edge_that_costs_nothing_makes_no_circle);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
