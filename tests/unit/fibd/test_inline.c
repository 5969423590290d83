/* Routes that push a FEC's own labels have their next hops inline; all others hang on groups (doc/decisions/0004). */
#include "base/label.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world.h"
#include <stdio.h>
#include <string.h>

static struct world *w;

#define BOTH_LINKS "ip route-static 4.4.4.4 32 10.0.1.2\nip route-static 4.4.4.4 32 10.0.2.2\n"
#define LABELS "10.0.1.2 1 300, 10.0.2.2 2 400"
#define ROUTE(prefix, is) ck_assert_str_eq(world_route(w, prefix), is)

static void
setup(void)
{
	w = world_new();
	world_link(w, 1, "eth1", "10.0.1.1/24");
	world_link(w, 2, "eth2", "10.0.2.1/24");
}

static void
teardown(void)
{
	ck_assert_uint_eq(w->foreign_harm, 0);
	world_free(w);
}

static bool
is_inline(const char *prefix)
{
	return strcmp(world_route(w, prefix), "none") != 0 && !world_group(w, prefix);
}

START_TEST(a_labelled_route_needs_no_object_and_what_leans_on_it_has_a_group)
{
	world_start(w, BOTH_LINKS "ip route-static 20.0.0.0 8 4.4.4.4\nip route-static 30.0.0.0 8 4.4.4.4\n");
	ck_assert(!is_inline("4.4.4.4/32"));
	world_lsp(w, "4.4.4.4/32", 1024, LABELS, 1);
	world_run(w);
	ck_assert(is_inline("4.4.4.4/32"));
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300 10.0.2.2@2/400");
	ROUTE("20.0.0.0/8", "10.0.1.2@1/300 10.0.2.2@2/400");
	ck_assert_uint_ge(world_group(w, "20.0.0.0/8"), FIB_NEXTHOP_FIRST);
	ck_assert_uint_eq(world_group(w, "20.0.0.0/8"), world_group(w, "30.0.0.0/8"));
	ck_assert_uint_eq(w->nexthop_count, 3); /* two next hops and their group: nothing of before is left */
	ck_assert(world_row(w, "4.4.4.4/32")->installed);
	world_lsp_gone(w, "4.4.4.4/32");
	world_run(w);
	ck_assert(!is_inline("4.4.4.4/32"));
	ROUTE("4.4.4.4/32", "10.0.1.2@1 10.0.2.2@2");
}
END_TEST

START_TEST(a_fec_costs_one_operation)
{
	enum { FECS = 50 };
	char fec[32], hops[32];

	world_start(w, "sysname R1\n");
	for (unsigned i = 0; i < FECS; i++) {
		snprintf(fec, sizeof fec, "5.5.5.%u/32", i);
		world_foreign(w, fec, 188, 20, "10.0.1.2", 1);
	}
	world_run(w);
	unsigned before = w->adds + w->deletes;
	for (unsigned i = 0; i < FECS; i++) {
		snprintf(fec, sizeof fec, "5.5.5.%u/32", i);
		snprintf(hops, sizeof hops, "10.0.1.2 1 %u", 300 + i);
		world_lsp(w, fec, LABEL_UNSET, hops, 1);
	}
	world_run(w);
	ck_assert_uint_eq(w->adds + w->deletes, before + FECS);
	ck_assert_uint_eq(w->nexthop_count, 0);
	ROUTE("5.5.5.7/32", "10.0.1.2@1/307");
}
END_TEST

START_TEST(however_a_link_goes_down_the_route_goes_with_it_and_returns)
{
	world_start(w, "ip route-static 4.4.4.4 32 10.0.1.2\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	void (*const ways[])(struct world *, uint32_t ifindex, bool up) = { world_carrier, world_admin };
	for (size_t i = 0; i < 2; i++) {
		ways[i](w, 1, false);
		world_run(w);
		ROUTE("4.4.4.4/32", "none");
		ck_assert(!world_row(w, "4.4.4.4/32")->installed);
		ways[i](w, 1, true);
		world_run(w);
		ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
		ck_assert(world_row(w, "4.4.4.4/32")->installed);
	}
}
END_TEST

START_TEST(a_link_down_and_up_before_anybody_looked_leaves_no_hole)
{
	world_start(w, "ip route-static 4.4.4.4 32 10.0.1.2\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	world_admin(w, 1, false);
	ROUTE("4.4.4.4/32", "none"); /* the kernel has dropped it without a word */
	world_admin(w, 1, true);
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
}
END_TEST

START_TEST(one_link_of_two_takes_its_next_hop_along)
{
	world_start(w, BOTH_LINKS);
	world_lsp(w, "4.4.4.4/32", 1024, LABELS, 1);
	world_run(w);
	world_carrier(w, 2, false);
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
	world_carrier(w, 2, true);
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300 10.0.2.2@2/400");
}
END_TEST

START_TEST(after_a_restart_they_are_found_as_they_were)
{
	world_start(w, BOTH_LINKS);
	world_lsp(w, "4.4.4.4/32", 1024, LABELS, 1);
	world_run(w);
	unsigned before = w->route_ops;
	world_restart(w);
	world_tell_all(w);
	world_config(w, BOTH_LINKS);
	world_wait(w, 60 * USEC_PER_SEC);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300 10.0.2.2@2/400"); /* without ldpd */
	world_lsp(w, "4.4.4.4/32", 1024, LABELS, 1);
	world_lsps_synced(w, 1);
	world_wait(w, 10 * USEC_PER_SEC);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300 10.0.2.2@2/400");
	ck_assert_uint_eq(w->route_ops, before);
	ck_assert_uint_eq(w->nexthop_count, 0);
}
END_TEST

START_TEST(what_somebody_did_to_it_is_put_right)
{
	struct fib_ip_route like = { .table = 254, .prefix = world_prefix("4.4.4.4/32"), .metric = FIB_METRIC };

	world_start(w, "ip route-static 4.4.4.4 32 10.0.1.2\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	world_route_of(w, &like)->paths[0].labels[0] = 999;
	world_overrun(w);
	world_wait(w, USEC_PER_SEC);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
	world_flush_routes(w);
	world_overrun(w);
	world_wait(w, USEC_PER_SEC);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
}
END_TEST

START_TEST(one_next_hop_that_the_kernel_refuses_does_not_cost_the_others)
{
	world_start(w, "ip route-static 4.4.4.4 32 10.0.1.2\nip route-static 4.4.4.4 32 eth2 192.0.2.1\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_wait(w, USEC_PER_SEC);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
	ck_assert(!is_inline("4.4.4.4/32"));
	ck_assert_str_ne(world_row(w, "4.4.4.4/32")->trouble, "");
	world_config(w, "ip route-static 4.4.4.4 32 10.0.1.2\n");
	world_wait(w, USEC_PER_SEC);
	ck_assert(is_inline("4.4.4.4/32"));
	ck_assert_str_eq(world_row(w, "4.4.4.4/32")->trouble, "");
	ck_assert_uint_eq(w->nexthop_count, 0);
}
END_TEST

START_TEST(a_single_next_hop_that_is_refused_is_told_in_the_kernels_words_and_tried_again)
{
	world_start(w, "sysname R1\n");
	world_foreign(w, "4.4.4.4/32", 188, 20, "10.0.1.2", 1);
	world_run(w);
	w->refuse = 12;
	world_lsp(w, "4.4.4.4/32", LABEL_UNSET, "10.0.1.2 1 300", 1);
	world_run(w);
	ck_assert_str_eq(world_row(w, "4.4.4.4/32")->trouble, "No room today");
	world_wait(w, 2 * USEC_PER_SEC);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
	ck_assert_str_eq(world_row(w, "4.4.4.4/32")->trouble, "");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd inline");
	TCase *t = tcase_create("inline next hops");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_labelled_route_needs_no_object_and_what_leans_on_it_has_a_group);
	tcase_add_test(t, a_fec_costs_one_operation);
	tcase_add_test(t, however_a_link_goes_down_the_route_goes_with_it_and_returns);
	tcase_add_test(t, a_link_down_and_up_before_anybody_looked_leaves_no_hole);
	tcase_add_test(t, one_link_of_two_takes_its_next_hop_along);
	tcase_add_test(t, after_a_restart_they_are_found_as_they_were);
	tcase_add_test(t, what_somebody_did_to_it_is_put_right);
	tcase_add_test(t, one_next_hop_that_the_kernel_refuses_does_not_cost_the_others);
	tcase_add_test(t, a_single_next_hop_that_is_refused_is_told_in_the_kernels_words_and_tried_again);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
