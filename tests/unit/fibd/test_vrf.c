/* VPN instances: devices that are made, filled, adopted, fenced off and removed. */
#include "tests/helper/check.h"
#include "tests/unit/fibd/world.h"
#include <string.h>

#define VPNA "ip vpn-instance VPNA\n"
#define BOUND "interface eth1\n ip binding vpn-instance VPNA\n ip address 10.0.1.1 24\n"

static struct world *w;

static void
setup(void)
{
	w = world_new();
	world_link(w, 2, "eth1", "10.0.1.1/24");
	world_link(w, 3, "eth2", "10.0.2.1/24");
}

static void
teardown(void)
{
	world_free(w);
}

static const struct fib_link *
link_named(const char *name)
{
	for (size_t i = 0; i < w->link_count; i++)
		if (!strcmp(w->links[i].name, name) || !strcmp(w->links[i].alias, name))
			return &w->links[i];
	return NULL;
}

static unsigned
fences(uint32_t table)
{
	unsigned n = 0;

	for (size_t i = 0; i < w->route_count; i++)
		n += w->routes[i].table == table && w->routes[i].type == 7 && w->routes[i].prefix.len == 0;
	return n;
}

START_TEST(an_instance_is_a_device_with_a_table_of_its_own)
{
	world_start(w, VPNA "ip vpn-instance VPNB\n");
	const struct fib_link *a = link_named("VPNA"), *b = link_named("VPNB");
	ck_assert(a && b && a->is_vrf && b->is_vrf && a->admin_up && b->admin_up);
	ck_assert_uint_eq(a->vrf_table, 1001);
	ck_assert_uint_eq(b->vrf_table, 1002);
	ck_assert_uint_eq(fences(1001), 2); /* what nothing leads to there is not looked for in the public network */
	ck_assert_uint_eq(fences(1002), 2);
}
END_TEST

START_TEST(tables_that_others_use_are_let_be)
{
	world_vrf(w, 40, "theirs", 1001);
	world_start(w, VPNA);
	ck_assert_uint_eq(link_named("VPNA")->vrf_table, 1002);
	world_config(w, "");
	world_run(w);
	ck_assert(link_named("theirs") && !link_named("VPNA"));
	ck_assert_uint_eq(fences(1002), 0);
}
END_TEST

START_TEST(an_interface_is_bound_and_its_routes_move_with_it)
{
	world_start(w, VPNA BOUND "ip route-static vpn-instance VPNA 9.9.9.9 32 10.0.1.2\n");
	ck_assert_uint_eq(link_named("eth1")->master, link_named("VPNA")->ifindex);
	w->look_in = 1001;
	ck_assert_str_eq(world_route(w, "9.9.9.9/32"), "10.0.1.2@2");
	world_config(w, VPNA "interface eth1\n ip address 10.0.1.1 24\n"
			     "ip route-static 9.9.9.9 32 10.0.1.2\n");
	world_run(w);
	ck_assert_uint_eq(link_named("eth1")->master, 0);
	ck_assert_str_eq(world_route(w, "9.9.9.9/32"), "none");
	w->look_in = 0;
	ck_assert_str_eq(world_route(w, "9.9.9.9/32"), "10.0.1.2@2");
}
END_TEST

START_TEST(what_somebody_else_has_bound_stays_where_it_is)
{
	world_vrf(w, 40, "theirs", 77);
	world_enslave(w, 2, 40);
	world_start(w, "interface eth1\n ip address 10.0.1.1 24\n");
	ck_assert_uint_eq(link_named("eth1")->master, 40);
	world_config(w, VPNA BOUND); /* now it is said where it belongs */
	world_run(w);
	ck_assert_uint_eq(link_named("eth1")->master, link_named("VPNA")->ifindex);
}
END_TEST

START_TEST(a_device_that_is_there_already_is_used_as_it_is_and_never_removed)
{
	world_vrf(w, 40, "VPNA", 77);
	world_start(w, VPNA BOUND);
	ck_assert_uint_eq(link_named("VPNA")->vrf_table, 77);
	ck_assert_uint_eq(link_named("eth1")->master, 40);
	ck_assert_uint_eq(fences(77), 2);
	world_config(w, "interface eth1\n ip address 10.0.1.1 24\n");
	world_run(w);
	ck_assert(link_named("VPNA"));
	ck_assert_uint_eq(link_named("eth1")->master, 0); /* we had bound it */
}
END_TEST

static void
killed_and_back(const char *config)
{
	world_restart(w);
	world_tell_all(w);
	world_config(w, config);
	world_lsps_synced(w, 1);
	world_wait(w, USEC_PER_SEC);
}

START_TEST(a_restart_finds_what_it_has_made)
{
	world_start(w, VPNA BOUND);
	uint32_t ifindex = link_named("VPNA")->ifindex;
	unsigned before = w->deletes;
	killed_and_back(VPNA BOUND);
	ck_assert_uint_eq(link_named("VPNA")->ifindex, ifindex);
	ck_assert_uint_eq(link_named("eth1")->master, ifindex);
	ck_assert_uint_eq(w->deletes, before);
	killed_and_back("");
	ck_assert_ptr_null(link_named("VPNA"));
	ck_assert_uint_eq(link_named("eth1")->master, 0);
}
END_TEST

START_TEST(a_device_that_is_taken_away_is_made_again)
{
	world_start(w, VPNA BOUND);
	world_unplug(w, link_named("VPNA")->ifindex);
	world_run(w);
	ck_assert(link_named("VPNA"));
	ck_assert_uint_eq(link_named("eth1")->master, link_named("VPNA")->ifindex);
}
END_TEST

START_TEST(another_device_of_that_name_is_told)
{
	world_link(w, 9, "VPNA", NULL);
	world_start(w, VPNA BOUND);
	ck_assert(strstr(text_chars(&w->log), "it is no VRF device, and so no VPN instance"));
	ck_assert_uint_eq(link_named("eth1")->master, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd VPN instances");
	TCase *t = tcase_create("reference 002");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_instance_is_a_device_with_a_table_of_its_own);
	tcase_add_test(t, tables_that_others_use_are_let_be);
	tcase_add_test(t, an_interface_is_bound_and_its_routes_move_with_it);
	tcase_add_test(t, what_somebody_else_has_bound_stays_where_it_is);
	tcase_add_test(t, a_device_that_is_there_already_is_used_as_it_is_and_never_removed);
	tcase_add_test(t, a_restart_finds_what_it_has_made);
	tcase_add_test(t, a_device_that_is_taken_away_is_made_again);
	tcase_add_test(t, another_device_of_that_name_is_told);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
