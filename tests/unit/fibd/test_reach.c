/* fib.Reach: what BGP is told of its next hops, when, and how little work that is. */
#include "fibd/rib/model.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world_vpn.h"
#include <stdio.h>

static struct world *w;

static void
setup(void)
{
	w = world_pe();
}

static void
teardown(void)
{
	world_free(w);
}

/* --- what BGP is told --- */

START_TEST(bgp_is_told_how_its_next_hops_are_reached_and_what_is_missing)
{
	world_pe_start(w);
	static const char *const addresses[] = { "2.2.2.2", "9.9.9.9", "10.0.1.2" };
	for (size_t i = 0; i < COUNT(addresses); i++)
		world_question(w, "", addresses[i], false, 1);
	world_question(w, "red", "10.5.0.2", false, 1);
	world_question(w, "green", "10.5.0.2", false, 1);
	world_run(w);
	ANSWER("", "2.2.2.2", "reachable by LSP cost 5");
	ANSWER("", "9.9.9.9", "not cost 0: no route leads to 9.9.9.9");
	ANSWER("", "10.0.1.2", "reachable cost 0: no LSP for 10.0.1.2: it is on a link of ours");
	ANSWER("red", "10.5.0.2", "reachable cost 0");
	ANSWER("green", "10.5.0.2", "not cost 0: there is no VRF device green");
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 4294967295", 1);
	world_run(w);
	ANSWER("", "2.2.2.2", "reachable cost 5: 10.0.1.2 gave no label for 2.2.2.2/32");
	world_lsp_gone(w, "2.2.2.2/32");
	world_run(w);
	ANSWER("", "2.2.2.2", "reachable cost 5: no LSP for 2.2.2.2/32");
	world_pe_loses_igp_route(w);
	world_carrier(w, 5, false);
	world_vrf(w, 23, "green", 1003);
	world_run(w);
	ANSWER("", "2.2.2.2", "not cost 0: no route leads to 2.2.2.2");
	ANSWER("red", "10.5.0.2", "not cost 0: no route leads to 10.5.0.2");
	ANSWER("green", "10.5.0.2", "not cost 0: no route leads to 10.5.0.2");
	world_question(w, "", "2.2.2.2", true, 1);
	ANSWER("", "2.2.2.2", "none");
	world_synced(w, FIB_VPN_NEXTHOP, 2);
	ANSWER("", "9.9.9.9", "none");
}
END_TEST

START_TEST(an_answer_is_told_again_only_when_it_is_another)
{
	world_pe_start(w);
	world_question(w, "", "2.2.2.2", false, 1);
	world_run(w);
	const struct table *t = world_table(w, "fib.Reach");
	uint64_t serial = t->serial;
	world_learned(w, "3.3.3.3/32", "10.0.1.2", 1, 50, 1);
	world_lsp(w, "3.3.3.3/32", 1025, "10.0.1.2 1 301", 1);
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 201", 1);
	world_carrier(w, 2, false);
	world_vpn_many(w, 50, TO_PE2);
	ck_assert_uint_eq(t->serial, serial);
	world_learned(w, "2.2.2.2/32", "10.0.1.2", 1, 6, 1);
	world_run(w);
	ck_assert_uint_gt(t->serial, serial);
	serial = t->serial;
	ANSWER("", "2.2.2.2", "reachable by LSP cost 6");
	world_lost(w, FIB_LDP_LSP); /* its rows are kept */
	world_run(w);
	ck_assert_uint_eq(t->serial, serial);
}
END_TEST

START_TEST(a_next_hop_is_not_reached_through_the_route_that_it_carries)
{
	world_start(w, "ip route-static 0.0.0.0 0 10.0.1.2\n");
	world_question(w, "", "20.1.1.1", false, 1);
	TELL("", "20.0.0.0/8", "via 20.1.1.1");
	ANSWER("", "20.1.1.1", "reachable cost 0: no LSP for 0.0.0.0/0");
	PUBLIC_ROUTE("20.0.0.0/8", "none");
	ck_assert_str_eq(
	    world_row(w, "20.0.0.0/8")->entries[0]->inactive, "its next hop is reached through this very route");
	world_config(w, "sysname R1\n");
	world_run(w);
	ANSWER("", "20.1.1.1", "not cost 0: no route leads to 20.1.1.1");
}
END_TEST

/* --- how much work it is --- */

START_TEST(routes_that_carry_no_next_hop_are_taken_in_without_resolving_any)
{
	world_pe_start(w);
	world_vpn_many(w, 10, TO_PE2);
	TELL("red", VPN, TO_PE3);
	ck_assert(!w->rib->resolve);
	world_vpn_route(w, "red", "20.1.1.0/24", TO_PE2, 1);
	w->rib->review = false;
	world_vpn_route(w, "red", "20.1.2.0/24", "lsp 2.2.2.2 800044", 1);
	world_vpn_route(w, "red", "20.1.1.0/24", NULL, 1);
	ck_assert(!w->rib->review); /* a pass would have asked for it */
	world_learned(w, "2.0.0.0/8", "10.0.1.2", 1, 5, 1);
	world_pe_loses_igp_route(w);
	world_run(w);
	VRF_ROUTE("20.1.2.0/24", "none");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd reach");
	TCase *t = tcase_create("next hops of BGP");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, bgp_is_told_how_its_next_hops_are_reached_and_what_is_missing);
	tcase_add_test(t, an_answer_is_told_again_only_when_it_is_another);
	tcase_add_test(t, a_next_hop_is_not_reached_through_the_route_that_it_carries);
	tcase_add_test(t, routes_that_carry_no_next_hop_are_taken_in_without_resolving_any);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
