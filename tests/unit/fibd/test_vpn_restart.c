/* VPN routes, labels and answers over restarts of fibd and of l3vpnd: nothing moves that need not. */
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

/* --- restarts --- */

static void
before_a_restart(void)
{
	world_pe_start(w);
	world_vpn_many(w, 20, TO_PE2 "," TO_PE3);
	TELL("red", VPN, TO_PE2 "|" TO_PE3);
	world_vpn_label(w, 800000, "red", NULL, 1);
	world_run(w);
}

static struct { /* before */
	unsigned route_ops;
	uint32_t group, shared;
} was;

static void
nothing_has_moved(void)
{
	w->look_in = PE_RED;
	ck_assert_uint_eq(w->route_ops, was.route_ops);
	ck_assert_uint_eq(world_group(w, VPN), was.group);
	ck_assert_uint_eq(world_group(w, "20.0.7.0/24"), was.shared);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001");
	VRF_ROUTE("20.0.7.0/24", "10.0.1.2@1/200/800001 10.0.2.2@2/300/800002");
	ILM(800000, "-@20");
}

static void
tell_vpns(void)
{
	world_vpn_many(w, 20, TO_PE2 "," TO_PE3);
	TELL("red", VPN, TO_PE2 "|" TO_PE3);
	world_vpn_label(w, 800000, "red", NULL, 1);
	world_run(w);
}
static void
tell_igp(void)
{
	world_learned(w, "3.3.3.3/32", "10.0.2.2", 2, 9, 1);
	world_run(w);
	world_pe_igp(w, 1);
}
static void
tell_ldp(void)
{
	world_pe_ldp(w, 1);
	world_synced(w, FIB_LDP_LSP, 1);
}

START_TEST(a_restart_of_fibd_moves_no_route_whoever_tells_first)
{
	static void (*const orders[6][3])(void) = { { tell_vpns, tell_igp, tell_ldp },
		{ tell_vpns, tell_ldp, tell_igp }, { tell_igp, tell_vpns, tell_ldp }, { tell_igp, tell_ldp, tell_vpns },
		{ tell_ldp, tell_vpns, tell_igp }, { tell_ldp, tell_igp, tell_vpns } };

	before_a_restart();
	w->look_in = PE_RED;
	was.route_ops = w->route_ops;
	was.group = world_group(w, VPN);
	was.shared = world_group(w, "20.0.7.0/24");
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip vpn-instance red\n");
	world_wait(w, 10 * USEC_PER_SEC);
	for (int i = 0; i < 3; i++) {
		nothing_has_moved();
		orders[_i][i]();
		world_wait(w, USEC_PER_SEC);
	}
	nothing_has_moved();
	world_lsps_synced(w, 1);
	world_wait(w, 60 * USEC_PER_SEC);
	nothing_has_moved();
	VRF_ROUTE("20.0.19.0/24", "10.0.1.2@1/200/800001 10.0.2.2@2/300/800002");
	ck_assert(world_row(w, VPN)->installed);
	ck_assert(!world_ilm_row(w, 800000)->stale);
	world_pe_loses_igp_route(w); /* and all is as alive as before */
	world_run(w);
	VRF_ROUTE(VPN, "10.0.2.2@2/300/800002");
}
END_TEST

/* Else ldpd, for one, would take back the labels of those that are missing. */
static void
start_again(void)
{
	before_a_restart();
	ck_assert(world_table(w, "fib.Route")->complete); /* the kernel was empty, so nothing is missing */
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip vpn-instance red\n");
	world_run(w);
	ck_assert(world_table(w, "fib.Interface")->complete);
	ck_assert(!world_table(w, "fib.Route")->complete);
}

/* Any will do: what is gone is told to whoever was there before. */
static size_t
pack_key(const void *ctx, const struct row *row, uint8_t *out, size_t room)
{
	(void)ctx;
	(void)row;
	ck_assert_uint_gt(room, 0);
	*out = 0;
	return 1;
}

/* Such a reader would take back what leans on a route that is only not told yet. */
START_TEST(who_reads_from_the_beginning_hears_of_no_route_that_is_gone)
{
	struct cursor c;
	enum cursor_result r;
	unsigned rows = 0;

	before_a_restart();
	world_restart(w);
	world_table(w, "fib.Route")->pack_key = pack_key;
	cursor_open(&c, world_table(w, "fib.Route"));
	world_tell_all(w);
	world_config(w, "ip vpn-instance red\n");
	world_run(w);
	tell_igp();
	tell_vpns();
	world_learned_synced(w, 1);
	world_synced(w, FIB_VPN_ROUTE, 1);
	world_run(w);
	for (const struct row *row;
	     (r = cursor_read(&c, &row, &(const uint8_t *){ 0 }, &(size_t){ 0 })) != CURSOR_END;) {
		ck_assert_int_ne(r, CURSOR_GONE);
		rows += r == CURSOR_ROW;
	}
	ck_assert_uint_gt(rows, 20);
	cursor_close(&c);
}
END_TEST

START_TEST(routes_are_whole_when_all_have_told_theirs)
{
	start_again();
	(_i ? tell_igp : tell_vpns)();
	world_synced(w, _i ? FIB_IGP_ROUTE : FIB_VPN_ROUTE, 1);
	world_run(w);
	ck_assert(!world_table(w, "fib.Route")->complete);
	(_i ? tell_vpns : tell_igp)();
	ck_assert(!world_table(w, "fib.Route")->complete);
	world_synced(w, _i ? FIB_VPN_ROUTE : FIB_IGP_ROUTE, 1);
	world_run(w);
	ck_assert(world_table(w, "fib.Route")->complete);
	w->look_in = PE_RED;
	ck_assert_ptr_nonnull(world_row(w, VPN));
}
END_TEST

START_TEST(routes_that_nobody_tells_are_waited_for_5_s_after_the_last_one)
{
	start_again();
	world_wait(w, 4 * USEC_PER_SEC);
	world_learned(w, "3.3.3.3/32", "10.0.2.2", 2, 9, 1);
	world_wait(w, 4 * USEC_PER_SEC);
	ck_assert(!world_table(w, "fib.Route")->complete);
	world_wait(w, USEC_PER_SEC);
	ck_assert(world_table(w, "fib.Route")->complete);
}
END_TEST

START_TEST(routes_that_never_end_are_waited_for_20_s)
{
	start_again();
	for (int s = 0; s < 19; s++) {
		world_learned(w, "3.3.3.3/32", "10.0.2.2", 2, (unsigned)s, 1);
		world_wait(w, USEC_PER_SEC);
		ck_assert(!world_table(w, "fib.Route")->complete);
	}
	world_wait(w, USEC_PER_SEC);
	ck_assert(world_table(w, "fib.Route")->complete);
}
END_TEST

START_TEST(what_l3vpnd_does_not_know_any_more_goes_when_all_have_been_heard)
{
	before_a_restart();
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip vpn-instance red\n");
	tell_igp();
	tell_ldp();
	world_vpn_many(w, 20, TO_PE2 "," TO_PE3);
	world_learned_synced(w, 1);
	world_run(w);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001");
	ILM(800000, "-@20");
	ck_assert(world_ilm_row(w, 800000)->stale);
	ck_assert_str_eq(world_ilm_row(w, 800000)->owner, "l3vpnd");
	world_synced(w, FIB_VPN_ROUTE, 1);
	world_synced(w, FIB_VPN_LABEL, 1);
	world_run(w);
	VRF_ROUTE(VPN, "none");
	ILM(800000, "none");
	VRF_ROUTE("20.0.7.0/24", "10.0.1.2@1/200/800001 10.0.2.2@2/300/800002");
}
END_TEST

START_TEST(a_restart_of_l3vpnd_moves_nothing_and_sweeps_its_own_rows_of_both_families_alone)
{
	before_a_restart();
	TELL("red", "2001:db8:9::/48", TO_PE2);
	TELL("red", "2001:db8:8::/48", TO_PE2);
	unsigned ops = w->ops;
	world_lost(w, FIB_VPN_ROUTE);
	world_lost(w, FIB_VPN_LABEL);
	world_run(w);
	ck_assert(world_ilm_row(w, 800000)->stale);
	ck_assert(!world_ilm_row(w, 1024)->stale);
	for (int i = 0; i < 20; i++) {
		char prefix[24];
		snprintf(prefix, sizeof prefix, "20.0.%d.0/24", i);
		world_vpn_route(w, "red", prefix, TO_PE2 "," TO_PE3, 2);
	}
	world_vpn_route(w, "red", "2001:db8:9::/48", TO_PE2, 2);
	world_vpn_label(w, 800000, "red", NULL, 2);
	world_run(w);
	ck_assert_uint_eq(w->ops, ops);
	ck_assert(!world_ilm_row(w, 800000)->stale);
	world_synced(w, FIB_VPN_ROUTE, 2);
	world_synced(w, FIB_VPN_LABEL, 2);
	world_run(w);
	VRF_ROUTE(VPN, "none");
	VRF_ROUTE("2001:db8:8::/48", "none");
	VRF_ROUTE("2001:db8:9::/48", "10.0.1.2@1/200/800001");
	VRF_ROUTE("20.0.7.0/24", "10.0.1.2@1/200/800001 10.0.2.2@2/300/800002");
	PUBLIC_ROUTE("2.2.2.2/32", "10.0.1.2@1/200"); /* igpd's */
	world_learned(w, "2.2.2.2/32", "10.0.1.2", 1, 5, 3);
	world_learned_synced(w, 3);
	world_run(w);
	PUBLIC_ROUTE("3.3.3.3/32", "none");
	VRF_ROUTE("20.0.7.0/24", "10.0.1.2@1/200/800001"); /* l3vpnd's */
	ILM(800000, "-@20");
}
END_TEST

START_TEST(a_restart_of_fibd_tells_bgp_nothing_bad_before_it_is_known)
{
	before_a_restart();
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip vpn-instance red\n");
	world_question(w, "", "2.2.2.2", false, 1);
	world_question(w, "", "9.9.9.9", false, 1);
	world_synced(w, FIB_VPN_NEXTHOP, 1);
	world_wait(w, 30 * USEC_PER_SEC);
	ANSWER("", "2.2.2.2", "none");
	ck_assert(!world_table(w, "fib.Reach")->complete);
	world_pe_igp(w, 1);
	world_learned_synced(w, 1);
	world_run(w);
	ANSWER("", "2.2.2.2", "none"); /* there may be an LSP */
	ANSWER("", "9.9.9.9", "not cost 0: no route leads to 9.9.9.9");
	ck_assert(!world_table(w, "fib.Reach")->complete);
	tell_ldp();
	world_run(w);
	ANSWER("", "2.2.2.2", "reachable by LSP cost 5");
	ck_assert(world_table(w, "fib.Reach")->complete);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd VPN restarts");
	TCase *t = tcase_create("restarts");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_restart_of_fibd_moves_no_route_whoever_tells_first, 0, 6);
	tcase_add_test(t, what_l3vpnd_does_not_know_any_more_goes_when_all_have_been_heard);
	tcase_add_test(t, who_reads_from_the_beginning_hears_of_no_route_that_is_gone);
	tcase_add_loop_test(t, routes_are_whole_when_all_have_told_theirs, 0, 2);
	tcase_add_test(t, routes_that_nobody_tells_are_waited_for_5_s_after_the_last_one);
	tcase_add_test(t, routes_that_never_end_are_waited_for_20_s);
	tcase_add_test(t, a_restart_of_l3vpnd_moves_nothing_and_sweeps_its_own_rows_of_both_families_alone);
	tcase_add_test(t, a_restart_of_fibd_tells_bgp_nothing_bad_before_it_is_known);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
