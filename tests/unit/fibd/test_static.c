/* Static routes: what a line of router.conf becomes in the kernel. */
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

START_TEST(a_line_becomes_a_route_over_a_group)
{
	world_start(w, "ip route-static 20.0.0.0 8 10.0.1.2\n");
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	const Fib__Route *r = world_row(w, "20.0.0.0/8");
	ck_assert(r && r->installed);
	ck_assert_int_eq(r->entries[0]->protocol, FIB__PROTOCOL__STATIC);
	ck_assert_uint_eq(r->entries[0]->preference, 60);
	ck_assert_str_eq(r->trouble, "");
}
END_TEST

START_TEST(lines_of_one_preference_share_the_load)
{
	world_start(w, "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 20.0.0.0 8 10.0.2.2\n");
	ROUTE("20.0.0.0/8", "10.0.1.2@1 10.0.2.2@2");
	ck_assert_uint_eq(world_row(w, "20.0.0.0/8")->entries[0]->n_next_hops, 2);
}
END_TEST

START_TEST(a_higher_preference_waits_until_the_lower_is_gone_and_yields_when_it_is_back)
{
	world_start(w, "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 20.0.0.0 8 10.0.2.2 preference 80\n");
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	ck_assert_uint_eq(world_row(w, "20.0.0.0/8")->n_entries, 2);
	ck_assert_str_ne(world_row(w, "20.0.0.0/8")->entries[1]->inactive, "");
	world_carrier(w, 1, false);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	world_carrier(w, 1, true);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
}
END_TEST

START_TEST(null0_drops_packets_and_says_so)
{
	world_start(w, "ip route-static 20.0.0.0 8 NULL0\nipv6 route-static 2001:db8:: 32 NULL0\n");
	ROUTE("20.0.0.0/8", "black hole");
	ROUTE("2001:db8::/32", "black hole");
	ck_assert(world_row(w, "20.0.0.0/8")->entries[0]->black_hole);
	ck_assert(world_row(w, "20.0.0.0/8")->installed);
}
END_TEST

START_TEST(null0_beside_a_next_hop_drops_only_what_that_cannot_take)
{
	world_start(w, "ip route-static 20.0.0.0 8 NULL0\nip route-static 20.0.0.0 8 10.0.1.2\n");
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	ck_assert_uint_eq(world_row(w, "20.0.0.0/8")->n_entries, 2);
	world_carrier(w, 1, false);
	world_run(w);
	ROUTE("20.0.0.0/8", "black hole");
	world_carrier(w, 1, true);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	world_config(w, "ip route-static 20.0.0.0 8 NULL0\n");
	world_run(w);
	ROUTE("20.0.0.0/8", "black hole");
}
END_TEST

START_TEST(an_interface_by_name_may_come_later)
{
	world_start(w, "ip route-static 20.0.0.0 8 eth9 10.0.9.2\n");
	ROUTE("20.0.0.0/8", "none");
	ck_assert(!world_row(w, "20.0.0.0/8")->installed);
	world_link(w, 9, "eth9", "10.0.9.1/24");
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.9.2@9");
	world_unplug(w, 9);
	world_wait(w, USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "none");
}
END_TEST

START_TEST(an_interface_alone_is_on_link)
{
	world_start(w, "ip route-static 20.0.0.0 8 eth2\n");
	ROUTE("20.0.0.0/8", "-@2");
}
END_TEST

START_TEST(ipv6_goes_the_same_way)
{
	world_link(w, 4, "eth4", "2001:db8:4::1/64");
	world_start(
	    w, "ipv6 route-static 2001:db8:100:: 48 2001:db8:4::2\nipv6 route-static 2001:db8:200:: 48 eth4 fe80::2\n");
	ROUTE("2001:db8:100::/48", "2001:db8:4::2@4");
	ROUTE("2001:db8:200::/48", "fe80::2@4");
}
END_TEST

START_TEST(a_line_taken_out_takes_route_group_and_next_hop_with_it)
{
	world_start(w, "ip route-static 20.0.0.0 8 10.0.1.2\n");
	world_config(w, "sysname R1\n");
	world_run(w);
	ROUTE("20.0.0.0/8", "none");
	ck_assert_uint_eq(w->nexthop_count, 0);
	ck_assert_ptr_null(world_row(w, "20.0.0.0/8"));
}
END_TEST

START_TEST(the_same_configuration_again_does_nothing)
{
	const char *text = "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 30.0.0.0 8 10.0.2.2\n";

	world_start(w, text);
	unsigned before = w->ops;
	world_config(w, text);
	world_wait(w, 5 * USEC_PER_SEC);
	ck_assert_uint_eq(w->ops, before);
}
END_TEST

START_TEST(names_in_another_order_lead_where_they_say)
{
	world_start(w, "ip route-static 20.0.0.0 8 eth1 10.0.1.2\nip route-static 30.0.0.0 8 eth2 10.0.2.2\n");
	world_config(w, "ip route-static 30.0.0.0 8 eth2 10.0.2.2\nip route-static 20.0.0.0 8 eth3 10.0.3.2\n");
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.3.2@3");
	ROUTE("30.0.0.0/8", "10.0.2.2@2");
	world_config(w, "sysname R1\n");
	world_run(w);
	ck_assert_uint_eq(w->nexthop_count, 0);
}
END_TEST

START_TEST(a_route_to_a_connected_network_is_left_to_the_kernel)
{
	world_start(w, "ip route-static 10.0.1.0 24 10.0.2.2\n");
	ROUTE("10.0.1.0/24", "none");
	ck_assert_int_eq(world_row(w, "10.0.1.0/24")->entries[0]->protocol, FIB__PROTOCOL__DIRECT);
}
END_TEST

/* --- VPN instances --- */

#define IN_VRF                                                   \
	"ip route-static vpn-instance red 20.0.0.0 8 10.5.0.2\n" \
	"ip route-static 20.0.0.0 8 10.0.1.2\n"                  \
	"ip route-static vpn-instance blue 20.0.0.0 8 10.5.0.2\n"

START_TEST(a_static_route_of_a_vpn_instance_is_in_its_table_alone)
{
	world_vrf(w, 20, "red", 1001);
	world_link(w, 5, "eth5", "10.5.0.1/24");
	world_enslave(w, 5, 20);
	world_start(w, IN_VRF);
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.0.1.2@1");
	w->look_in = 1001;
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.5.0.2@5");
	ck_assert_msg(strstr(text_chars(&w->log), "vpn-instance blue wait"), "%s", text_chars(&w->log));
	ck_assert_msg(!strstr(text_chars(&w->log), "vpn-instance red"), "%s", text_chars(&w->log));
	world_config(w, "ip route-static 20.0.0.0 8 10.0.1.2\n");
	world_run(w);
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "none");
	w->look_in = 0;
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.0.1.2@1");
}
END_TEST

START_TEST(a_vrf_that_comes_later_or_anew_gets_its_static_routes)
{
	world_link(w, 5, "eth5", "10.5.0.1/24");
	world_start(w, IN_VRF);
	w->look_in = 1001;
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "none");
	world_vrf(w, 20, "red", 1001);
	world_enslave(w, 5, 20);
	world_run(w);
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.5.0.2@5");
	world_unplug(w, 20);
	world_run(w);
	world_vrf(w, 21, "red", 1002);
	world_enslave(w, 5, 21);
	world_run(w);
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "none");
	w->look_in = 1002;
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.5.0.2@5");
}
END_TEST

START_TEST(a_restart_keeps_the_routes_of_a_vpn_instance)
{
	world_vrf(w, 20, "red", 1001);
	world_link(w, 5, "eth5", "10.5.0.1/24");
	world_enslave(w, 5, 20);
	world_start(w, IN_VRF);
	unsigned ops = w->route_ops;
	world_restart(w);
	world_tell_all(w);
	world_config(w, IN_VRF);
	world_lsps_synced(w, 1);
	world_sessions_synced(w, 1);
	world_run(w);
	w->look_in = 1001;
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.5.0.2@5");
	ck_assert_uint_eq(w->route_ops, ops);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd static");
	TCase *t = tcase_create("static routes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_line_becomes_a_route_over_a_group);
	tcase_add_test(t, lines_of_one_preference_share_the_load);
	tcase_add_test(t, a_higher_preference_waits_until_the_lower_is_gone_and_yields_when_it_is_back);
	tcase_add_test(t, null0_drops_packets_and_says_so);
	tcase_add_test(t, null0_beside_a_next_hop_drops_only_what_that_cannot_take);
	tcase_add_test(t, an_interface_by_name_may_come_later);
	tcase_add_test(t, an_interface_alone_is_on_link);
	tcase_add_test(t, ipv6_goes_the_same_way);
	tcase_add_test(t, a_line_taken_out_takes_route_group_and_next_hop_with_it);
	tcase_add_test(t, the_same_configuration_again_does_nothing);
	tcase_add_test(t, names_in_another_order_lead_where_they_say);
	tcase_add_test(t, a_route_to_a_connected_network_is_left_to_the_kernel);
	tcase_add_test(t, a_static_route_of_a_vpn_instance_is_in_its_table_alone);
	tcase_add_test(t, a_vrf_that_comes_later_or_anew_gets_its_static_routes);
	tcase_add_test(t, a_restart_keeps_the_routes_of_a_vpn_instance);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
