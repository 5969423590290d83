/*
 * Thousands of random changes against a model that computes, from nothing and by other means than the engine's,
 * what the kernel must hold. After each settling kernel and model are equal.
 */
#include "base/rng.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world.h"
#include <stdio.h>
#include <string.h>

enum { LINKS = 3, FECS = 4, BEHIND = 3, STEPS = 400 };

struct truth {
	struct rng rng;
	bool up[LINKS + 1];
	/* Of 4.4.4.N/32: static lines by preference 60 and 80 (bit per link), a foreign route (link, 0 none), labels by link. */
	unsigned lines[FECS], backup[FECS], foreign[FECS];
	uint32_t label[FECS][LINKS + 1]; /* 0 none, LABEL_UNSET no label, 3 pop */
	bool lsp[FECS];
	unsigned behind[BEHIND]; /* 20.N/16 through 4.4.4.(behind) */
};
static struct world *w;
static struct truth t;

static unsigned
pick(unsigned n)
{
	return (unsigned)rng_below(&t.rng, n);
}

/* --- what must be --- */

static void
add_path(char *out, size_t size, unsigned link, uint32_t label)
{
	size_t n = strlen(out);

	n += (size_t)snprintf(out + n, size - n, "%s10.0.%u.2@%u", n ? " " : "", link, link);
	if (label)
		snprintf(out + n, size - n, "/%u", label);
}

static uint32_t
push(unsigned fec, unsigned link)
{
	uint32_t label = t.lsp[fec] ? t.label[fec][link] : 0;

	return label == 3 || label == UINT32_MAX ? 0 : label;
}

/* The links by which a FEC is reached: OSPF before 60 before 80. */
static unsigned
links_of(unsigned fec, bool *ret_foreign)
{
	unsigned up = 0;

	for (unsigned l = 1; l <= LINKS; l++)
		up |= t.up[l] ? 1u << l : 0;
	*ret_foreign = t.foreign[fec] != 0;
	if (*ret_foreign)
		return (1u << t.foreign[fec]) & up;
	return t.lines[fec] & up ? t.lines[fec] & up : t.backup[fec] & up;
}

static void
must_fec(unsigned fec, char *out, size_t size)
{
	bool foreign, pushes = false;
	unsigned links = links_of(fec, &foreign);

	*out = '\0';
	for (unsigned l = 1; l <= LINKS; l++)
		if (links & 1u << l) {
			add_path(out, size, l, push(fec, l));
			pushes |= push(fec, l) != 0;
		}
	if (!*out || (foreign && !pushes))
		snprintf(out, size, "none");
}

static void
must_behind(unsigned b, char *out, size_t size)
{
	bool foreign;
	unsigned fec = t.behind[b], links = links_of(fec, &foreign);

	*out = '\0';
	for (unsigned l = 1; l <= LINKS; l++)
		if (links & 1u << l)
			add_path(out, size, l, push(fec, l));
	if (!*out)
		snprintf(out, size, "none");
}

static void
must_ilm(unsigned fec, char *out, size_t size)
{
	*out = '\0';
	for (unsigned l = 1; l <= LINKS && t.lsp[fec]; l++)
		if (t.up[l] && t.label[fec][l] && t.label[fec][l] != UINT32_MAX)
			add_path(out, size, l, t.label[fec][l] == 3 ? 0 : t.label[fec][l]);
	if (!*out)
		snprintf(out, size, "none");
}

/* --- telling it --- */

static void
configure(void)
{
	struct text c = { 0 };

	for (unsigned f = 0; f < FECS; f++)
		for (unsigned l = 1; l <= LINKS; l++) {
			if (t.lines[f] & 1u << l)
				text_line(&c, "ip route-static 4.4.4.%u 32 10.0.%u.2", f, l);
			if (t.backup[f] & 1u << l)
				text_line(&c, "ip route-static 4.4.4.%u 32 eth%u 10.0.%u.2 preference 80", f, l, l);
		}
	for (unsigned b = 0; b < BEHIND; b++)
		text_line(&c, "ip route-static 20.%u.0.0 16 4.4.4.%u", b, t.behind[b]);
	world_config(w, text_chars(&c));
	text_free(&c);
}

static const char *
fec_text(unsigned f)
{
	static char text[32];

	snprintf(text, sizeof text, "4.4.4.%u/32", f);
	return text;
}

static void
tell_lsp(unsigned f, uint32_t round)
{
	struct text hops = { 0 };

	for (unsigned l = 1; l <= LINKS; l++)
		if (t.label[f][l])
			text_add(&hops, "%s10.0.%u.2 %u %u", hops.size ? ", " : "", l, l, t.label[f][l]);
	world_lsp(w, fec_text(f), 1024 + f, text_chars(&hops), round);
	text_free(&hops);
}

static void
tell_all(void)
{
	world_restart(w);
	world_tell_all(w);
	configure();
	if (pick(2))
		world_run(w);
	for (unsigned f = 0; f < FECS; f++)
		if (t.lsp[f])
			tell_lsp(f, 1);
	world_lsps_synced(w, 1);
}

static void
change_lsp(unsigned f)
{
	static const uint32_t labels[] = { 0, 3, UINT32_MAX, 300, 400, 500 };

	t.lsp[f] = pick(4) != 0;
	for (unsigned l = 1; l <= LINKS; l++)
		t.label[f][l] = labels[pick(COUNT(labels))];
	if (!t.label[f][1] && !t.label[f][2] && !t.label[f][3])
		t.label[f][1] = 3;
	if (t.lsp[f])
		tell_lsp(f, 1);
	else
		world_lsp_gone(w, fec_text(f));
}

static void
change_foreign(unsigned f)
{
	t.foreign[f] = pick(LINKS + 1);
	world_foreign_gone(w, fec_text(f), 20);
	if (t.foreign[f]) {
		char gateway[32];
		snprintf(gateway, sizeof gateway, "10.0.%u.2", t.foreign[f]);
		world_foreign(w, fec_text(f), 188, 20, gateway, t.foreign[f]);
	}
}

static void
change_link(void)
{
	unsigned l = 1 + pick(LINKS);

	t.up[l] = !t.up[l];
	world_carrier(w, l, t.up[l]);
}

static void
change(void)
{
	unsigned f = pick(FECS);

	switch (pick(9)) {
	case 0:
	case 1: change_link(); break;
	case 2:
		t.lines[f] = pick(8) << 1;
		t.backup[f] = pick(8) << 1;
		t.behind[pick(BEHIND)] = f;
		configure();
		break;
	case 3:
	case 4: change_lsp(f); break;
	case 5: change_foreign(f); break;
	case 6: world_flush_routes(w); break;
	case 7: world_flush_nexthops(w); break;
	case 8: tell_all(); break;
	}
}

static void
compare(unsigned step)
{
	char must[512], prefix[32];

	for (unsigned f = 0; f < FECS; f++) {
		must_fec(f, must, sizeof must);
		ck_assert_msg(strcmp(world_route(w, fec_text(f)), must) == 0, "step %u: %s is %s and must be %s", step,
		    fec_text(f), world_route(w, fec_text(f)), must);
		must_ilm(f, must, sizeof must);
		ck_assert_msg(strcmp(world_ilm(w, 1024 + f), must) == 0, "step %u: label %u is %s and must be %s", step,
		    1024 + f, world_ilm(w, 1024 + f), must);
	}
	for (unsigned b = 0; b < BEHIND; b++) {
		snprintf(prefix, sizeof prefix, "20.%u.0.0/16", b);
		must_behind(b, must, sizeof must);
		ck_assert_msg(strcmp(world_route(w, prefix), must) == 0, "step %u: %s is %s and must be %s", step,
		    prefix, world_route(w, prefix), must);
	}
}

/* Nothing of ours is left that no route uses, and every row says the truth of what is there. */
static void
check_order(unsigned step)
{
	const struct table *rows = world_table(w, "fib.Route");
	char prefix[PREFIX_TEXT];

	for (size_t i = 0; i < w->nexthop_count; i++) {
		const struct fib_nexthop *n = &w->nexthops[i];
		bool used = false;
		for (size_t k = 0; k < w->route_count; k++)
			used |= w->routes[k].nexthop_id == n->id;
		for (size_t k = 0; k < w->nexthop_count; k++)
			for (uint16_t m = 0; m < w->nexthops[k].member_count; m++)
				used |= w->nexthops[k].members[m] == n->id;
		ck_assert_msg(used, "step %u: object %u is used by nobody", step, n->id);
	}
	for (const struct row *r = rows->oldest; r; r = r->newer) {
		Fib__Route *m = arena_take(&w->arena, sizeof *m);
		struct prefix p;
		fib__route__init(m);
		rows->fill(r, m, &w->arena);
		ck_assert(prefix_from_bytes(m->prefix.data, m->prefix.len, &p));
		bool active = m->n_entries && !*m->entries[0]->inactive;
		ck_assert_msg(m->installed == active, "step %u: %s: installed %d, active %d", step,
		    prefix_text(&p, prefix), m->installed, active);
		ck_assert_str_eq(m->trouble, "");
	}
	arena_reset(&w->arena);
}

START_TEST(after_any_change_the_kernel_holds_what_it_must)
{
	w = world_new();
	rng_seed(&t.rng, (uint64_t)_i + 1);
	memset(t.up, 1, sizeof t.up);
	for (unsigned l = 1; l <= LINKS; l++) {
		char name[8], address[20];
		snprintf(name, sizeof name, "eth%u", l);
		snprintf(address, sizeof address, "10.0.%u.1/24", l);
		world_link(w, l, name, address);
	}
	world_start(w, "sysname R1\n");
	configure();
	for (unsigned step = 0; step < STEPS; step++) {
		for (unsigned n = 1 + pick(3); n; n--) {
			change();
			if (pick(2))
				world_run(w);
		}
		world_wait(w, USEC_PER_SEC);
		compare(step);
		check_order(step);
	}
	ck_assert_uint_eq(w->foreign_harm, 0);
	world_free(w);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd model");
	TCase *c = tcase_create("any order of events");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, after_any_change_the_kernel_holds_what_it_must, 0, 12);
	suite_add_tcase(s, c);
	return s;
}

CHECK_MAIN(suite)
