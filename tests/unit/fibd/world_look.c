/* What tests look at: the test's kernel as text, and the engine's rows. */
#include "tests/unit/fibd/world.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The paths in a fixed order, whatever the group's. */
static const char *
joined(struct world *w, char *parts[], size_t count)
{
	struct text t = { 0 };

	qsort(parts, count, sizeof *parts, by_text);
	for (size_t i = 0; i < count; i++)
		text_add(&t, "%s%s", i ? " " : "", parts[i]);
	char *copy = arena_text(&w->arena, text_chars(&t));
	text_free(&t);
	return count ? copy : "nothing";
}

static char *
path_text(struct world *w, const struct addr *gateway, uint32_t ifindex, const uint32_t *labels, unsigned label_count,
    uint8_t ttl)
{
	char a[ADDR_TEXT], text[96];
	int n = snprintf(text, sizeof text, "%s@%u", addr_text(gateway, a), ifindex);

	for (unsigned i = 0; i < label_count; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "/%u", labels[i]);
	if (ttl)
		snprintf(text + n, sizeof text - (size_t)n, "~%u", ttl);
	return arena_text(&w->arena, text);
}

static const struct fib_ip_route *
our_route(struct world *w, const char *prefix)
{
	struct fib_ip_route like = {
		.table = w->look_in ? w->look_in : 254, .prefix = world_prefix(prefix), .metric = FIB_METRIC
	};
	const struct fib_ip_route *r = world_route_of(w, &like);

	return r && r->protocol == FIB_PROTOCOL ? r : NULL;
}

/* Whether the kernel sends anything there, as nh_res_group_rebalance() of Linux 6.1 has it. */
static bool
has_buckets(const struct fib_nexthop *g, uint16_t which)
{
	int total = 0, sum = 0, before = 0;

	if (!g->buckets)
		return true;
	for (uint16_t i = 0; i < g->member_count; i++)
		total += g->weights[i];
	for (uint16_t i = 0; i <= which; i++) {
		before = (g->buckets * sum + total / 2) / total;
		sum += g->weights[i];
	}
	return (g->buckets * sum + total / 2) / total > before;
}

static const char *
members_text(struct world *w, const struct fib_nexthop *g, bool used)
{
	char *parts[FIB_PATHS_MAX];
	size_t count = 0;

	for (uint16_t i = 0; i < g->member_count; i++) {
		const struct fib_nexthop *n = world_nexthop_of(w, g->members[i]);
		if (has_buckets(g, i) != used)
			continue;
		if (n->black_hole)
			return "black hole";
		parts[count++] = path_text(w, &n->gateway, n->ifindex, n->labels, n->label_count, n->ttl);
	}
	return joined(w, parts, count);
}

const char *
world_route(struct world *w, const char *prefix)
{
	const struct fib_ip_route *r = our_route(w, prefix);
	char *parts[FIB_PATHS_MAX];

	if (!r)
		return "none";
	for (uint16_t i = 0; i < r->path_count; i++)
		parts[i] = path_text(w, &r->paths[i].gateway, r->paths[i].ifindex, r->paths[i].labels,
		    r->paths[i].label_count, r->paths[i].ttl);
	if (!r->nexthop_id)
		return joined(w, parts, r->path_count);
	return members_text(w, world_nexthop_of(w, r->nexthop_id), true);
}

const char *
world_standby(struct world *w, const char *prefix)
{
	const struct fib_ip_route *r = our_route(w, prefix);

	return members_text(w, world_nexthop_of(w, r->nexthop_id), false);
}

uint32_t
world_group(struct world *w, const char *prefix)
{
	const struct fib_ip_route *r = our_route(w, prefix);

	return r ? r->nexthop_id : 0;
}

const char *
world_ilm(struct world *w, uint32_t label)
{
	char *parts[FIB_PATHS_MAX + 1];

	for (size_t i = 0; i < w->ilm_count; i++) {
		const struct fib_label_route *r = &w->ilms[i];
		if (r->label != label)
			continue;
		for (uint16_t k = 0; k < r->path_count; k++)
			parts[k] = path_text(w, &r->paths[k].gateway, r->paths[k].ifindex, r->paths[k].labels,
			    r->paths[k].label_count, 0);
		if (r->pipe)
			parts[r->path_count] = arena_text(&w->arena, "pipe");
		return joined(w, parts, r->path_count + r->pipe);
	}
	return "none";
}

struct table *
world_table(struct world *w, const char *name)
{
	for (struct table *const *t = rib_tables(w->rib); *t; t++)
		if (strcmp((*t)->name, name) == 0)
			return *t;
	return NULL;
}

const Fib__Route *
world_row(struct world *w, const char *prefix)
{
	struct table *t = world_table(w, "fib.Route");
	struct prefix p = world_prefix(prefix), q;
	const char *vrf = "";

	for (size_t i = 0; i < w->link_count; i++)
		if (w->look_in && w->links[i].vrf_table == w->look_in)
			vrf = w->links[i].name;
	for (const struct row *r = t->oldest; r; r = r->newer) {
		Fib__Route *m = arena_take(&w->arena, sizeof *m);
		fib__route__init(m);
		t->fill(r, m, &w->arena);
		if (strcmp(m->vrf, vrf) == 0 && prefix_from_bytes(m->prefix.data, m->prefix.len, &q) &&
		    prefix_eq(&p, &q))
			return m;
	}
	return NULL;
}

const Fib__Ilm *
world_ilm_row(struct world *w, uint32_t label)
{
	struct table *t = world_table(w, "fib.Ilm");

	for (const struct row *r = t->oldest; r; r = r->newer) {
		Fib__Ilm *m = arena_take(&w->arena, sizeof *m);
		fib__ilm__init(m);
		t->fill(r, m, &w->arena);
		if (m->label == label)
			return m;
	}
	return NULL;
}

const Fib__Interface *
world_if_row(struct world *w, uint32_t ifindex)
{
	struct table *t = world_table(w, "fib.Interface");

	for (const struct row *r = t->oldest; r; r = r->newer) {
		Fib__Interface *m = arena_take(&w->arena, sizeof *m);
		fib__interface__init(m);
		t->fill(r, m, &w->arena);
		if (m->ifindex == ifindex)
			return m;
	}
	return NULL;
}

const char *
world_requests(struct world *w)
{
	struct table *t = world_table(w, "bfd.Request");
	char *parts[64];
	size_t count = 0;

	for (const struct row *r = t->oldest; r && count < COUNT(parts); r = r->newer) {
		Bfd__Request m = BFD__REQUEST__INIT;
		struct addr a = addr_none();
		char address[ADDR_TEXT], text[96];
		t->fill(r, &m, &w->arena);
		addr_from_bytes(m.peer.data, m.peer.len, &a);
		snprintf(text, sizeof text, "%s@%u%s%s", addr_text(&a, address), m.ifindex, *m.vrf ? "/" : "", m.vrf);
		parts[count++] = arena_text(&w->arena, text);
	}
	return joined(w, parts, count);
}
