/* Next hops: recursion, shared groups, and what happens to them when links come and go. */
#include "tests/helper/check.h"
#include "tests/unit/fibd/world.h"
#include <string.h>

static struct world *w;

static void
setup(void)
{
	w = world_new();
	world_link(w, 1, "eth1", "10.0.1.1/24");
	world_link(w, 2, "eth2", "10.0.2.1/24");
	world_link(w, 3, "eth3", "10.0.3.1/24");
}

static void
teardown(void)
{
	ck_assert_uint_eq(w->foreign_harm, 0);
	world_free(w);
}

#define ROUTE(prefix, is) ck_assert_str_eq(world_route(w, prefix), is)

START_TEST(prefixes_with_the_same_next_hops_share_one_group)
{
	world_start(w, "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 30.0.0.0 8 10.0.1.2\nip route-static "
		       "40.0.0.0 8 10.0.2.2\n");
	ck_assert_uint_eq(world_group(w, "20.0.0.0/8"), world_group(w, "30.0.0.0/8"));
	ck_assert_uint_ne(world_group(w, "20.0.0.0/8"), world_group(w, "40.0.0.0/8"));
	ck_assert_uint_ge(world_group(w, "20.0.0.0/8"), FIB_NEXTHOP_FIRST);
}
END_TEST

START_TEST(the_loss_of_a_link_is_one_message_for_all_prefixes)
{
	struct text t = { 0 };

	for (int i = 0; i < 50; i++)
		text_add(&t, "ip route-static 20.0.%d.0 24 10.0.1.2\nip route-static 20.0.%d.0 24 10.0.2.2\n", i, i);
	world_start(w, text_chars(&t));
	text_free(&t);
	uint32_t group = world_group(w, "20.0.7.0/24");
	unsigned routes = w->route_ops;
	world_carrier(w, 2, false);
	world_wait(w, USEC_PER_SEC);
	ROUTE("20.0.7.0/24", "10.0.1.2@1");
	ck_assert_uint_eq(world_group(w, "20.0.7.0/24"), group);
	unsigned groups = w->group_ops;
	world_carrier(w, 2, true);
	world_wait(w, USEC_PER_SEC);
	ROUTE("20.0.7.0/24", "10.0.1.2@1 10.0.2.2@2");
	ck_assert_uint_eq(world_group(w, "20.0.7.0/24"), group);
	ck_assert_uint_eq(w->group_ops, groups + 1);
	ck_assert_uint_eq(w->route_ops, routes);
}
END_TEST

START_TEST(all_links_lost_and_back_restores_every_route)
{
	world_start(w, "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 20.0.0.0 8 10.0.2.2\n");
	world_carrier(w, 1, false);
	world_carrier(w, 2, false);
	world_run(w);
	ROUTE("20.0.0.0/8", "none");
	ck_assert(!world_row(w, "20.0.0.0/8")->installed);
	world_carrier(w, 2, true);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	world_carrier(w, 1, true);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1 10.0.2.2@2");
	ck_assert(world_row(w, "20.0.0.0/8")->installed);
}
END_TEST

START_TEST(a_next_hop_behind_another_route_is_found_through_it)
{
	world_start(w, "ip route-static 4.4.4.4 32 10.0.1.2\nip route-static 20.0.0.0 8 4.4.4.4\n");
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	const Fib__RouteEntry *e = world_row(w, "20.0.0.0/8")->entries[0];
	ck_assert(e->relay);
	ck_assert_uint_eq(e->next_hops[0]->address.data[0], 4);
	ck_assert_uint_eq(e->next_hops[0]->via.data[0], 10);
	ck_assert(!world_row(w, "4.4.4.4/32")->entries[0]->relay);
}
END_TEST

START_TEST(recursion_follows_a_foreign_route_as_it_moves)
{
	world_start(w, "ip route-static 20.0.0.0 8 4.4.4.4\n");
	ROUTE("20.0.0.0/8", "none");
	world_foreign(w, "4.4.4.4/32", 188, 20, "10.0.1.2", 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	uint32_t group = world_group(w, "20.0.0.0/8");
	world_foreign(w, "4.4.4.4/32", 188, 20, "10.0.2.2", 2);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	ck_assert_uint_eq(world_group(w, "20.0.0.0/8"), group);
	world_foreign_gone(w, "4.4.4.4/32", 20);
	world_run(w);
	ROUTE("20.0.0.0/8", "none");
}
END_TEST

START_TEST(recursion_goes_four_deep)
{
	world_start(w, "ip route-static 4.4.4.1 32 10.0.1.2\nip route-static 4.4.4.2 32 4.4.4.1\nip route-static "
		       "4.4.4.3 32 4.4.4.2\n"
		       "ip route-static 4.4.4.4 32 4.4.4.3\n");
	ROUTE("4.4.4.4/32", "10.0.1.2@1");
}
END_TEST

START_TEST(recursion_may_use_the_default_route)
{
	world_start(w, "ip route-static 0.0.0.0 0 10.0.3.2\nip route-static 20.0.0.0 8 9.9.9.9\n");
	ROUTE("20.0.0.0/8", "10.0.3.2@3");
	ROUTE("0.0.0.0/0", "10.0.3.2@3");
}
END_TEST

START_TEST(routes_that_lean_on_each_other_never_come_to_life)
{
	world_start(w, "ip route-static 20.0.0.0 8 30.0.0.1\nip route-static 30.0.0.0 8 20.0.0.1\n");
	ROUTE("20.0.0.0/8", "none");
	ROUTE("30.0.0.0/8", "none");
	ck_assert_str_ne(world_row(w, "20.0.0.0/8")->entries[0]->inactive, "");
}
END_TEST

START_TEST(a_route_that_leads_to_its_own_next_hop_settles_without_swinging)
{
	/* Through the default route 20.0.0.1 could be reached, until 20/8 itself is there. */
	world_start(w, "ip route-static 0.0.0.0 0 10.0.3.2\nip route-static 20.0.0.0 8 20.0.0.1\n");
	ROUTE("20.0.0.0/8", "none");
	unsigned before = w->ops;
	world_carrier(w, 1, false);
	world_wait(w, USEC_PER_SEC);
	world_carrier(w, 1, true);
	world_wait(w, USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "none");
	ck_assert_uint_le(w->ops - before, 2); /* two dumps to verify, nothing else */
}
END_TEST

START_TEST(two_routes_that_lean_on_each_other_over_a_default_route_settle)
{
	world_start(w, "ip route-static 0.0.0.0 0 10.0.3.2\nip route-static 20.0.0.0 8 30.0.0.1\nip route-static "
		       "30.0.0.0 8 20.0.0.1\n");
	const char *first = world_route(w, "20.0.0.0/8");
	unsigned before = w->ops;
	world_config(w, "ip route-static 0.0.0.0 0 10.0.3.2\nip route-static 20.0.0.0 8 30.0.0.1\nip route-static "
			"30.0.0.0 8 20.0.0.1\n");
	world_wait(w, USEC_PER_SEC);
	ROUTE("20.0.0.0/8", first);
	ck_assert_uint_eq(w->ops, before);
}
END_TEST

START_TEST(a_loss_somewhere_below_moves_what_lies_above)
{
	world_start(w, "ip route-static 4.4.4.4 32 10.0.1.2\nip route-static 4.4.4.4 32 10.0.2.2 preference 80\nip "
		       "route-static 20.0.0.0 8 4.4.4.4\n");
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	world_carrier(w, 1, false);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
}
END_TEST

START_TEST(a_gateway_that_the_kernel_refuses_is_told_in_its_words)
{
	world_start(w, "ip route-static 20.0.0.0 8 eth1 192.0.2.1\n");
	world_wait(w, USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "none");
	ck_assert_str_eq(world_row(w, "20.0.0.0/8")->trouble, "Nexthop has invalid gateway");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd nexthop");
	TCase *t = tcase_create("next hops");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, prefixes_with_the_same_next_hops_share_one_group);
	tcase_add_test(t, the_loss_of_a_link_is_one_message_for_all_prefixes);
	tcase_add_test(t, all_links_lost_and_back_restores_every_route);
	tcase_add_test(t, a_next_hop_behind_another_route_is_found_through_it);
	tcase_add_test(t, recursion_follows_a_foreign_route_as_it_moves);
	tcase_add_test(t, recursion_goes_four_deep);
	tcase_add_test(t, recursion_may_use_the_default_route);
	tcase_add_test(t, routes_that_lean_on_each_other_never_come_to_life);
	tcase_add_test(t, a_route_that_leads_to_its_own_next_hop_settles_without_swinging);
	tcase_add_test(t, two_routes_that_lean_on_each_other_over_a_default_route_settle);
	tcase_add_test(t, a_loss_somewhere_below_moves_what_lies_above);
	tcase_add_test(t, a_gateway_that_the_kernel_refuses_is_told_in_its_words);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
