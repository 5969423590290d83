/* Wanted against seen: restarts, refusals, and other people's hands in the kernel. */
#include "tests/helper/check.h"
#include "tests/unit/fibd/world.h"
#include <errno.h>
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
#define ILM(label, is) ck_assert_str_eq(world_ilm(w, label), is)

#define TWO                                                                                                     \
	"ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 20.0.0.0 8 10.0.2.2\nip route-static 30.0.0.0 8 " \
	"10.0.2.2\n"

START_TEST(a_restart_with_the_same_configuration_changes_nothing)
{
	world_start(w, TWO);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	unsigned adds = w->adds, deletes = w->deletes;
	world_restart(w);
	world_tell_all(w);
	world_config(w, TWO);
	world_run(w);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_lsps_synced(w, 1);
	world_wait(w, 10 * USEC_PER_SEC);
	ck_assert_uint_eq(w->adds, adds);
	ck_assert_uint_eq(w->deletes, deletes);
	ROUTE("20.0.0.0/8", "10.0.1.2@1 10.0.2.2@2");
	ILM(1024, "10.0.1.2@1/300");
	ck_assert(world_row(w, "20.0.0.0/8")->installed);
	ck_assert(world_ilm_row(w, 1024)->installed);
}
END_TEST

static void
flush_it(struct world *v)
{
	world_flush_routes(v);
}

START_TEST(what_others_do_while_an_operation_is_under_way_is_found_and_put_right)
{
	world_start(w, TWO);
	w->meanwhile = flush_it;
	world_config(w, TWO "ip route-static 40.0.0.0 8 10.0.3.2\n");
	world_run(w);
	world_wait(w, 2 * USEC_PER_SEC);
	ck_assert_msg(!w->meanwhile, "nothing was under way");
	ROUTE("20.0.0.0/8", "10.0.1.2@1 10.0.2.2@2");
	ROUTE("40.0.0.0/8", "10.0.3.2@3");
	ck_assert(world_row(w, "40.0.0.0/8")->installed);
}
END_TEST

START_TEST(a_route_deleted_while_it_is_added_is_added_again)
{
	world_start(w, "");
	world_config(w, "ip route-static 40.0.0.0 8 10.0.3.2\n");
	for (int i = 0; i < 3; i++) { /* next hop, group, route: whichever is under way */
		w->meanwhile = flush_it;
		world_run(w);
	}
	world_wait(w, 2 * USEC_PER_SEC);
	ROUTE("40.0.0.0/8", "10.0.3.2@3");
	ck_assert(world_row(w, "40.0.0.0/8")->installed);
}
END_TEST

START_TEST(next_hops_deleted_while_anything_is_added_come_back_with_all_routes)
{
	world_start(w, TWO);
	world_config(w, TWO "ip route-static 40.0.0.0 8 10.0.3.2\n");
	for (int i = 0; i <= _i; i++) {
		w->meanwhile = world_flush_nexthops;
		world_run(w);
	}
	world_wait(w, 5 * USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "10.0.1.2@1 10.0.2.2@2");
	ROUTE("30.0.0.0/8", "10.0.2.2@2");
	ROUTE("40.0.0.0/8", "10.0.3.2@3");
	ck_assert(world_row(w, "40.0.0.0/8")->installed);
}
END_TEST

START_TEST(nothing_is_deleted_before_every_source_is_in)
{
	world_start(w, TWO "ip route-static 40.0.0.0 8 10.0.3.2\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	unsigned deletes = w->deletes;
	world_restart(w);
	world_run(w);
	world_tell_all(w);
	world_run(w);
	ck_assert_uint_eq(w->deletes, deletes); /* without the configuration */
	world_config(w, TWO);
	world_wait(w, 60 * USEC_PER_SEC);
	ILM(1024, "10.0.1.2@1/300"); /* without ldpd */
	world_lsps_synced(w, 1);
	world_run(w);
	ILM(1024, "none");
	ROUTE("40.0.0.0/8", "none");
	for (size_t i = 0; i < w->nexthop_count; i++)
		ck_assert_uint_ne(w->nexthops[i].ifindex, 3);
}
END_TEST

START_TEST(labels_of_before_a_restart_are_kept_until_ldp_has_spoken)
{
	world_start(w, "ip route-static 4.4.4.4 32 10.0.1.2\nip route-static 20.0.0.0 8 4.4.4.4\n");
	world_foreign(w, "5.5.5.5/32", 188, 20, "10.0.2.2", 2);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_lsp(w, "5.5.5.5/32", 1025, "10.0.2.2 2 500", 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1/300");
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip route-static 4.4.4.4 32 10.0.1.2\nip route-static 20.0.0.0 8 4.4.4.4\n");
	world_wait(w, 60 * USEC_PER_SEC);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
	ROUTE("20.0.0.0/8", "10.0.1.2@1/300");
	ROUTE("5.5.5.5/32", "10.0.2.2@2/500");
	ck_assert(world_row(w, "4.4.4.4/32")->installed);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_lsps_synced(w, 1);
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
	ROUTE("20.0.0.0/8", "10.0.1.2@1/300");
	ROUTE("5.5.5.5/32", "none");
}
END_TEST

START_TEST(a_path_lost_while_ldp_is_away_still_moves_traffic)
{
	const char *config = "ip route-static 4.4.4.4 32 10.0.1.2\nip route-static 4.4.4.4 32 10.0.2.2 preference 80\n";

	world_start(w, config);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	world_restart(w);
	world_tell_all(w);
	world_config(w, config);
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
	world_carrier(w, 1, false);
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.2.2@2");
}
END_TEST

START_TEST(entries_of_before_a_restart_are_shown_as_stale)
{
	world_start(w, "sysname R1\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	world_restart(w);
	world_tell_all(w);
	world_config(w, "sysname R1\n");
	const Fib__Ilm *r = world_ilm_row(w, 1024);
	ck_assert(r && r->stale);
	ck_assert(r->installed);
	ck_assert_str_eq(r->owner, "ldpd");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	ck_assert(!world_ilm_row(w, 1024)->stale);
}
END_TEST

START_TEST(when_ldp_restarts_its_labels_stay_and_are_swept_at_the_end_of_its_snapshot)
{
	world_start(w, "ip route-static 4.4.4.4 32 10.0.1.2\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_lsp(w, "5.5.5.5/32", 1025, "10.0.1.2 1 301", 1);
	world_run(w);
	world_lsps_lost(w);
	world_wait(w, 60 * USEC_PER_SEC);
	ILM(1024, "10.0.1.2@1/300");
	ck_assert(world_ilm_row(w, 1024)->stale);
	ck_assert_uint_eq(world_ilm_row(w, 1024)->fec.data[1], 4);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 2);
	world_lsps_synced(w, 2);
	world_run(w);
	ILM(1024, "10.0.1.2@1/300");
	ILM(1025, "none");
	ck_assert(!world_ilm_row(w, 1024)->stale);
}
END_TEST

/* Both daemons were killed, and ldpd comes back with labels of its own choice. There is no l3vpnd, nor anything for it to do. */
START_TEST(labels_of_before_a_restart_wait_for_l3vpnd_only_while_there_are_instances)
{
	world_start(w, _i ? "ip vpn-instance red\n" : "sysname R1\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	world_restart(w);
	world_tell_all(w);
	world_config(w, _i ? "ip vpn-instance red\n" : "sysname R1\n");
	world_lsp(w, "4.4.4.4/32", 2048, "10.0.1.2 1 300", 1);
	world_run(w);
	ILM(1024, "10.0.1.2@1/300");
	world_synced(w, FIB_LDP_LSP, 1);
	world_run(w);
	ILM(2048, "10.0.1.2@1/300");
	ILM(1024, _i ? "10.0.1.2@1/300" : "none");
	world_config(w, "sysname R1\n"); /* the last instance goes */
	world_run(w);
	ILM(1024, "none");
}
END_TEST

START_TEST(flushed_routes_come_back)
{
	world_start(w, TWO);
	world_flush_routes(w);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1 10.0.2.2@2");
	ROUTE("30.0.0.0/8", "10.0.2.2@2");
}
END_TEST

START_TEST(flushed_next_hops_come_back_with_the_routes_that_went_with_them)
{
	world_start(w, TWO);
	world_flush_nexthops(w);
	world_wait(w, USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "10.0.1.2@1 10.0.2.2@2");
	ROUTE("30.0.0.0/8", "10.0.2.2@2");
}
END_TEST

START_TEST(a_refusal_is_shown_in_the_kernels_words_and_tried_again)
{
	world_start(w, "sysname R1\n");
	w->refuse = ENOMEM;
	world_config(w, TWO);
	world_run(w);
	ROUTE("20.0.0.0/8", "none");
	ck_assert_str_eq(world_row(w, "20.0.0.0/8")->trouble, "No room today");
	ck_assert(!world_row(w, "20.0.0.0/8")->installed);
	world_wait(w, 5 * USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "10.0.1.2@1 10.0.2.2@2");
	ck_assert_str_eq(world_row(w, "20.0.0.0/8")->trouble, "");
}
END_TEST

START_TEST(what_stays_refused_is_tried_ever_more_rarely)
{
	world_start(w, "ip route-static 20.0.0.0 8 eth1 192.0.2.1\n");
	world_wait(w, 600 * USEC_PER_SEC);
	unsigned before = w->ops;
	world_wait(w, 600 * USEC_PER_SEC);
	ck_assert_uint_gt(w->ops, before);
	ck_assert_uint_lt(w->ops - before, 200);
}
END_TEST

START_TEST(notices_that_were_lost_are_made_up_for_by_a_dump)
{
	world_start(w, TWO);
	w->deaf = true;
	world_flush_routes(w);
	world_foreign(w, "50.0.0.0/8", 188, 20, "10.0.1.2", 1);
	w->deaf = false;
	world_overrun(w);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1 10.0.2.2@2");
	ck_assert_ptr_nonnull(world_row(w, "50.0.0.0/8"));
	w->deaf = true;
	world_foreign_gone(w, "50.0.0.0/8", 20);
	w->address_count--; /* 10.0.3.1/24 */
	w->deaf = false;
	world_overrun(w);
	ck_assert_ptr_null(world_row(w, "50.0.0.0/8"));
	ck_assert_ptr_null(world_row(w, "10.0.3.0/24"));
}
END_TEST

START_TEST(a_dump_that_shows_nothing_new_costs_no_operation_and_no_row)
{
	world_start(w, TWO);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_foreign(w, "50.0.0.0/8", 188, 20, "10.0.1.2", 1);
	world_run(w);
	unsigned ops = w->ops;
	uint64_t routes = world_table(w, "fib.Route")->serial, labels = world_table(w, "fib.Ilm")->serial,
		 links = world_table(w, "fib.Interface")->serial;
	world_tell_all(w);
	world_run(w);
	ck_assert_uint_eq(w->ops, ops);
	ck_assert_uint_eq(world_table(w, "fib.Route")->serial, routes);
	ck_assert_uint_eq(world_table(w, "fib.Ilm")->serial, labels);
	ck_assert_uint_eq(world_table(w, "fib.Interface")->serial, links);
}
END_TEST

START_TEST(addresses_are_put_and_taken_and_those_of_others_stay)
{
	world_start(w, "interface eth1\n ip address 10.9.9.1 24\n");
	bool put = false, own = false;
	for (size_t i = 0; i < w->address_count; i++) {
		struct prefix p = world_prefix("10.9.9.1/24"), o = world_prefix("10.0.1.1/24");
		put |= prefix_eq(&w->addresses[i].prefix, &p);
		own |= prefix_eq(&w->addresses[i].prefix, &o);
	}
	ck_assert(put && own);
	world_config(w, "sysname R1\n");
	world_run(w);
	ck_assert_ptr_null(world_row(w, "10.9.9.0/24"));
	ck_assert_ptr_nonnull(world_row(w, "10.0.1.0/24"));
}
END_TEST

START_TEST(a_loopback_is_made_and_gets_its_address)
{
	world_start(w, "interface LoopBack1\n ip address 2.2.2.2 32\n");
	world_run(w);
	ck_assert_int_eq(world_row(w, "2.2.2.2/32")->entries[0]->protocol, FIB__PROTOCOL__DIRECT);
}
END_TEST

START_TEST(a_loopback_that_we_made_goes_with_its_configuration_and_another_stays)
{
	world_start(w, "interface LoopBack1\n ip address 2.2.2.2 32\n#\ninterface LoopBack7\n ip address 7.7.7.7 32\n");
	world_link(w, 50, "LoopBack9", "9.9.9.9/32");
	world_run(w);
	size_t links = w->link_count;
	world_config(w, "interface LoopBack1\n ip address 2.2.2.2 32\n");
	world_run(w);
	ck_assert_uint_eq(w->link_count, links - 1);
	ck_assert_ptr_null(world_row(w, "7.7.7.7/32"));
	ck_assert_ptr_nonnull(world_row(w, "2.2.2.2/32"));
	ck_assert_msg(world_row(w, "9.9.9.9/32"), "one that an operator made is not ours to remove");
}
END_TEST

START_TEST(an_mtu_that_is_taken_away_gives_back_the_one_before)
{
	world_start(w, "interface eth1\n mtu 1300\n");
	ck_assert_uint_eq(world_if_row(w, 1)->mtu, 1300);
	world_config(w, "interface eth1\n mtu 1400\n");
	world_run(w);
	world_config(w, "interface eth1\n");
	world_run(w);
	ck_assert_uint_eq(world_if_row(w, 1)->mtu, 1500);
}
END_TEST

START_TEST(mpls_is_switched_on_where_it_is_configured_also_later_and_off_again)
{
	world_start(w, "interface eth1\n mpls\n#\ninterface eth9\n mpls\n");
	ck_assert(world_if_row(w, 1)->mpls_input);
	ck_assert(!world_if_row(w, 2)->mpls_input);
	world_link(w, 9, "eth9", "10.0.9.1/24");
	world_run(w);
	ck_assert(world_if_row(w, 9)->mpls_input);
	world_config(w, "sysname R1\n");
	world_run(w);
	ck_assert(!world_if_row(w, 1)->mpls_input);
}
END_TEST

START_TEST(shutdown_takes_the_interface_down_and_undo_brings_it_back)
{
	world_start(w, "interface eth1\n shutdown\n");
	ck_assert(!world_if_row(w, 1)->admin_up);
	world_config(w, "interface eth1\n mtu 9000\n");
	world_run(w);
	ck_assert(world_if_row(w, 1)->admin_up);
	ck_assert_uint_eq(world_if_row(w, 1)->mtu, 9000);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd diff");
	TCase *t = tcase_create("wanted against seen");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_restart_with_the_same_configuration_changes_nothing);
	tcase_add_test(t, what_others_do_while_an_operation_is_under_way_is_found_and_put_right);
	tcase_add_test(t, a_route_deleted_while_it_is_added_is_added_again);
	tcase_add_loop_test(t, next_hops_deleted_while_anything_is_added_come_back_with_all_routes, 0, 4);
	tcase_add_test(t, nothing_is_deleted_before_every_source_is_in);
	tcase_add_test(t, labels_of_before_a_restart_are_kept_until_ldp_has_spoken);
	tcase_add_test(t, a_path_lost_while_ldp_is_away_still_moves_traffic);
	tcase_add_test(t, entries_of_before_a_restart_are_shown_as_stale);
	tcase_add_test(t, when_ldp_restarts_its_labels_stay_and_are_swept_at_the_end_of_its_snapshot);
	tcase_add_loop_test(t, labels_of_before_a_restart_wait_for_l3vpnd_only_while_there_are_instances, 0, 2);
	tcase_add_test(t, flushed_routes_come_back);
	tcase_add_test(t, flushed_next_hops_come_back_with_the_routes_that_went_with_them);
	tcase_add_test(t, a_refusal_is_shown_in_the_kernels_words_and_tried_again);
	tcase_add_test(t, what_stays_refused_is_tried_ever_more_rarely);
	tcase_add_test(t, notices_that_were_lost_are_made_up_for_by_a_dump);
	tcase_add_test(t, a_dump_that_shows_nothing_new_costs_no_operation_and_no_row);
	tcase_add_test(t, addresses_are_put_and_taken_and_those_of_others_stay);
	tcase_add_test(t, a_loopback_is_made_and_gets_its_address);
	tcase_add_test(t, a_loopback_that_we_made_goes_with_its_configuration_and_another_stays);
	tcase_add_test(t, an_mtu_that_is_taken_away_gives_back_the_one_before);
	tcase_add_test(t, mpls_is_switched_on_where_it_is_configured_also_later_and_off_again);
	tcase_add_test(t, shutdown_takes_the_interface_down_and_undo_brings_it_back);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
