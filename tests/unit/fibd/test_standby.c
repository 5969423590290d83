/* Next hops that stand by in resilient groups: the kernel moves to them by itself, and no route is touched (decisions/0007). */
#include "fibd/rib/model.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world_vpn.h"
#include <stdio.h>
#include <string.h>

static struct world *w;

static void
setup(void)
{
	w = world_pe();
}

static void
teardown(void)
{
	ck_assert_uint_eq(w->foreign_harm, 0);
	world_free(w);
}

/* --- the arithmetic --- */

START_TEST(who_stands_by_gets_no_bucket_while_any_member_is_left)
{
	for (uint16_t standbys = 1; standbys <= 4; standbys++) {
		bool fits = group_leaves_them_idle(GROUP_BUCKETS, standbys);
		ck_assert(fits == (standbys <= 2));
		for (uint16_t members = 1; members <= 31 && fits; members++) {
			uint8_t weights[FIB_PATHS_MAX + 4];
			uint16_t count = members + standbys, all = 0;
			for (uint16_t i = 0; i < count; i++)
				weights[i] = i < members ? GROUP_MEMBER_WEIGHT : 1;
			for (uint16_t i = 0; i < count; i++) {
				uint16_t has = group_buckets_of(GROUP_BUCKETS, weights, count, i);
				ck_assert_msg((has > 0) == (i < members), "%u members, %u standbys: number %u has %u",
				    members, standbys, i, has);
				if (i < members) { /* and members get the same, but for one bucket */
					ck_assert_uint_ge(has + 1u, GROUP_BUCKETS / members);
					ck_assert_uint_le(has, GROUP_BUCKETS / members + 1u);
				}
				all += has;
			}
			ck_assert_uint_eq(all, GROUP_BUCKETS);
		}
	}
}
END_TEST

START_TEST(who_is_left_shares_all_buckets)
{
	static const uint8_t one[] = { 1 }, two[] = { 1, 1 };

	ck_assert_uint_eq(group_buckets_of(GROUP_BUCKETS, one, 1, 0), GROUP_BUCKETS);
	ck_assert_uint_eq(group_buckets_of(GROUP_BUCKETS, two, 2, 0), GROUP_BUCKETS / 2);
	ck_assert_uint_eq(group_buckets_of(GROUP_BUCKETS, two, 2, 1), GROUP_BUCKETS / 2);
}
END_TEST

/* --- as it is told --- */

/* "10.0.2.2@2" */
static const char *
told_standbys(const char *prefix)
{
	static char text[64];
	const Fib__RouteEntry *e = world_row(w, prefix)->entries[0];
	size_t size = 0;

	snprintf(text, sizeof text, "nothing");
	for (size_t i = 0; i < e->n_standbys; i++) {
		struct addr a = addr_none();
		char address[ADDR_TEXT];
		addr_from_bytes(e->standbys[i]->address.data, e->standbys[i]->address.len, &a);
		size += (size_t)snprintf(text + size, sizeof text - size, "%s%s@%u", i ? " " : "",
		    addr_text(&a, address), e->standbys[i]->ifindex);
	}
	return text;
}

/* --- floating static routes --- */

static void
many(struct text *out, unsigned count, const char *first, const char *second)
{
	for (unsigned i = 0; i < count; i++)
		text_add(out, "ip route-static 20.%u.%u.0 24 %s\nip route-static 20.%u.%u.0 24 %s preference 80\n",
		    i >> 8, i & 255, first, i >> 8, i & 255, second);
}

enum { MANY = 1000 };

static void
start_many(void)
{
	struct text t = { 0 };

	many(&t, MANY, "10.0.1.2", "10.0.2.2");
	world_start(w, text_chars(&t));
	text_free(&t);
}

static unsigned routes_before, groups_before;

static void
count_from_here(void)
{
	routes_before = w->route_ops;
	groups_before = w->group_ops;
}

static void
all_lead(struct world *world, const char *to)
{
	char prefix[24];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(prefix, sizeof prefix, "20.%u.%u.0/24", i >> 8, i & 255);
		ck_assert_str_eq(world_route(world, prefix), to);
		if (i % 100 == 0)
			ck_assert(world_row(world, prefix)->installed);
	}
}

START_TEST(a_floating_routes_next_hop_stands_by_and_a_lost_link_costs_no_route)
{
	start_many();
	all_lead(w, "10.0.1.2@1");
	ck_assert_str_eq(world_standby(w, "20.0.7.0/24"), "10.0.2.2@2");
	ck_assert_str_eq(told_standbys("20.0.7.0/24"), "10.0.2.2@2");
	uint32_t group = world_group(w, "20.0.7.0/24");
	count_from_here();
	w->deaf = true; /* nobody is told yet: the kernel has moved */
	world_carrier(w, 1, false);
	ck_assert_str_eq(world_route(w, "20.0.7.0/24"), "10.0.2.2@2");
	w->deaf = false;
	world_carrier(w, 1, false);
	world_wait(w, 2 * USEC_PER_SEC);
	all_lead(w, "10.0.2.2@2");
	ck_assert_str_eq(world_standby(w, "20.0.7.0/24"), "nothing");
	ck_assert_str_eq(told_standbys("20.0.7.0/24"), "nothing");
	ck_assert_uint_eq(w->route_ops, routes_before);
	ck_assert_uint_le(w->group_ops, groups_before + 2);
	count_from_here();
	world_carrier(w, 1, true);
	world_wait(w, 2 * USEC_PER_SEC);
	all_lead(w, "10.0.1.2@1");
	ck_assert_str_eq(world_standby(w, "20.0.7.0/24"), "10.0.2.2@2");
	ck_assert_uint_eq(w->route_ops, routes_before);
	ck_assert_uint_le(w->group_ops, groups_before + 2);
	ck_assert_uint_eq(world_group(w, "20.0.7.0/24"), group);
}
END_TEST

START_TEST(more_routes_than_choose_at_once_move_likewise)
{
	start_many();
	w->rib->choices_at_once = 100;
	for (int i = 0; i < 3; i++) {
		count_from_here();
		world_carrier(w, 1, i % 2);
		world_wait(w, 2 * USEC_PER_SEC);
		all_lead(w, i % 2 ? "10.0.1.2@1" : "10.0.2.2@2");
		ck_assert_uint_eq(w->route_ops, routes_before);
		ck_assert_uint_le(w->group_ops, groups_before + 2);
	}
}
END_TEST

START_TEST(the_loss_of_the_link_of_the_one_that_stands_by_moves_nothing)
{
	start_many();
	count_from_here();
	world_carrier(w, 2, false);
	world_wait(w, 2 * USEC_PER_SEC);
	all_lead(w, "10.0.1.2@1");
	ck_assert_str_eq(world_standby(w, "20.0.7.0/24"), "nothing");
	world_carrier(w, 2, true);
	world_wait(w, 2 * USEC_PER_SEC);
	ck_assert_str_eq(world_standby(w, "20.0.7.0/24"), "10.0.2.2@2");
	ck_assert_uint_eq(w->route_ops, routes_before);
	world_carrier(w, 1, false);
	world_carrier(w, 2, false);
	world_wait(w, 2 * USEC_PER_SEC);
	ck_assert_str_eq(world_route(w, "20.0.7.0/24"), "none");
	world_carrier(w, 2, true);
	world_wait(w, 2 * USEC_PER_SEC);
	all_lead(w, "10.0.2.2@2");
}
END_TEST

START_TEST(two_that_stand_by_for_each_other)
{
	world_start(w, "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 20.0.0.0 8 10.0.2.2 preference 80\n"
		       "ip route-static 30.0.0.0 8 10.0.2.2\nip route-static 30.0.0.0 8 10.0.1.2 preference 80\n");
	ck_assert_str_eq(world_standby(w, "20.0.0.0/8"), "10.0.2.2@2");
	ck_assert_str_eq(world_standby(w, "30.0.0.0/8"), "10.0.1.2@1");
	for (uint32_t link = 1; link <= 2; link++) {
		world_carrier(w, link, false);
		world_wait(w, 2 * USEC_PER_SEC);
		const char *left = link == 1 ? "10.0.2.2@2" : "10.0.1.2@1";
		ck_assert_str_eq(world_route(w, "20.0.0.0/8"), left);
		ck_assert_str_eq(world_route(w, "30.0.0.0/8"), left);
		world_carrier(w, link, true);
		world_wait(w, 2 * USEC_PER_SEC);
		ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.0.1.2@1");
		ck_assert_str_eq(world_route(w, "30.0.0.0/8"), "10.0.2.2@2");
		ck_assert_str_eq(world_standby(w, "20.0.0.0/8"), "10.0.2.2@2");
		ck_assert_str_eq(world_standby(w, "30.0.0.0/8"), "10.0.1.2@1");
	}
	world_config(w, "ip vpn-instance red\n");
	world_wait(w, 2 * USEC_PER_SEC);
	ck_assert_uint_eq(w->nexthop_count, 0);
}
END_TEST

START_TEST(routes_that_part_ways_have_nobody_that_stands_by)
{
	world_link(w, 3, "eth3", "10.0.3.1/24");
	world_start(w, "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 20.0.0.0 8 10.0.2.2 preference 80\n"
		       "ip route-static 30.0.0.0 8 10.0.1.2\nip route-static 30.0.0.0 8 10.0.3.2 preference 80\n");
	ck_assert_str_eq(world_standby(w, "20.0.0.0/8"), "nothing");
	world_config(w, "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 20.0.0.0 8 10.0.2.2 preference 80\n");
	world_wait(w, 2 * USEC_PER_SEC);
	ck_assert_str_eq(world_standby(w, "20.0.0.0/8"), "10.0.2.2@2");
	world_config(w, "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 20.0.0.0 8 10.0.3.2 preference 80\n");
	world_wait(w, 2 * USEC_PER_SEC);
	ck_assert_str_eq(world_standby(w, "20.0.0.0/8"), "10.0.3.2@3");
	world_config(w, "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 20.0.0.0 8 NULL0 preference 80\n");
	world_wait(w, 2 * USEC_PER_SEC);
	ck_assert_str_eq(world_standby(w, "20.0.0.0/8"), "nothing");
	ck_assert(world_row(w, "20.0.0.0/8")->installed);
	world_carrier(w, 1, false);
	world_wait(w, 2 * USEC_PER_SEC);
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "black hole");
}
END_TEST

/* --- VPN routes --- */

static void
pe_with_many(void)
{
	world_pe_start(w);
	world_vpn_many(w, MANY, TO_PE2 "|" TO_PE3);
	w->look_in = PE_RED;
}

START_TEST(a_backup_stands_by_and_a_lost_link_costs_no_route_of_the_vpn)
{
	pe_with_many();
	ck_assert_str_eq(world_standby(w, "20.0.7.0/24"), "10.0.2.2@2/300/800002");
	count_from_here();
	world_carrier(w, 1, false);
	world_wait(w, 2 * USEC_PER_SEC);
	all_lead(w, "10.0.2.2@2/300/800002");
	ck_assert_uint_le(
	    w->route_ops, routes_before + 1); /* the IGP's, inline: it is looked after in the public network */
	ck_assert_uint_le(w->group_ops, groups_before + 2);
	count_from_here();
	world_carrier(w, 1, true);
	world_wait(w, 2 * USEC_PER_SEC);
	all_lead(w, "10.0.1.2@1/200/800001");
	ck_assert_str_eq(world_standby(w, "20.0.7.0/24"), "10.0.2.2@2/300/800002");
	ck_assert_uint_le(w->route_ops, routes_before + 1);
}
END_TEST

START_TEST(the_vpns_route_stands_by_for_the_provider_edges_own)
{
	world_start(w, "ip vpn-instance red\nip route-static vpn-instance red 10.9.0.0 16 10.5.0.2\n");
	world_pe_igp(w, 1);
	world_pe_ldp(w, 1);
	TELL("red", VPN, TO_PE3);
	VRF_ROUTE(VPN, "10.5.0.2@5");
	ck_assert_str_eq(world_standby(w, VPN), "10.0.2.2@2/300/800002");
	count_from_here();
	world_carrier(w, 5, false);
	world_wait(w, 2 * USEC_PER_SEC);
	VRF_ROUTE(VPN, "10.0.2.2@2/300/800002");
	ck_assert(world_row(w, VPN)->installed);
	ck_assert_uint_eq(w->route_ops, routes_before);
	world_lsp(w, "3.3.3.3/32", 1025, "10.0.2.2 2 301", 1);
	world_carrier(w, 5, true);
	world_wait(w, 2 * USEC_PER_SEC);
	VRF_ROUTE(VPN, "10.5.0.2@5");
	ck_assert_str_eq(world_standby(w, VPN), "10.0.2.2@2/301/800002");
	TELL("red", VPN, NULL);
	ck_assert_str_eq(world_standby(w, VPN), "nothing");
}
END_TEST

START_TEST(of_many_that_could_stand_by_two_do_and_those_of_other_links_first)
{
	world_link(w, 3, "eth3", "10.0.3.1/24");
	world_start(w,
	    "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 20.0.0.0 8 10.0.1.3 preference 80\n"
	    "ip route-static 20.0.0.0 8 10.0.2.2 preference 80\nip route-static 20.0.0.0 8 10.0.3.2 preference 80\n");
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.0.1.2@1");
	ck_assert_str_eq(world_standby(w, "20.0.0.0/8"), "10.0.2.2@2 10.0.3.2@3");
	world_carrier(w, 1, false);
	world_wait(w, 2 * USEC_PER_SEC);
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.0.2.2@2 10.0.3.2@3");
	world_carrier(w, 1, true);
	world_wait(w, 2 * USEC_PER_SEC);
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.0.1.2@1");
}
END_TEST

START_TEST(one_that_is_refused_does_not_stand_by_and_harms_nobody)
{
	world_start(
	    w, "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 20.0.0.0 8 eth2 192.0.2.1 preference 80\n");
	world_wait(w, 5 * USEC_PER_SEC);
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.0.1.2@1");
	ck_assert_str_eq(world_standby(w, "20.0.0.0/8"), "nothing");
	ck_assert(world_row(w, "20.0.0.0/8")->installed);
	ck_assert_str_eq(world_row(w, "20.0.0.0/8")->trouble, "");
}
END_TEST

/* --- restarts, and other kernels --- */

static bool ldpd_is_away;

static void
start_again(void)
{
	struct text t = { 0 };

	many(&t, MANY, "10.0.1.2", "10.0.2.2");
	world_restart(w);
	world_tell_all(w);
	world_config(w, text_chars(&t));
	if (!ldpd_is_away)
		world_lsps_synced(w, 1);
	world_wait(w, 30 * USEC_PER_SEC);
	text_free(&t);
}

START_TEST(groups_are_taken_over_after_a_restart_with_those_that_stand_by)
{
	ldpd_is_away = _i;
	start_many();
	uint32_t group = world_group(w, "20.0.7.0/24");
	count_from_here();
	start_again();
	all_lead(w, "10.0.1.2@1");
	ck_assert_str_eq(world_standby(w, "20.0.7.0/24"), "10.0.2.2@2");
	ck_assert_uint_eq(world_group(w, "20.0.7.0/24"), group);
	ck_assert_uint_eq(w->route_ops, routes_before);
	ck_assert_uint_eq(w->group_ops, groups_before);
}
END_TEST

START_TEST(a_link_that_is_lost_while_fibd_is_dead_moves_all_the_same)
{
	ldpd_is_away = _i;
	start_many();
	count_from_here();
	w->deaf = true;
	world_carrier(w, 1, false);
	ck_assert_str_eq(world_route(w, "20.0.7.0/24"), "10.0.2.2@2");
	w->deaf = false;
	start_again();
	all_lead(w, "10.0.2.2@2");
	ck_assert_uint_eq(w->route_ops, routes_before);
	world_carrier(w, 1, true);
	world_wait(w, 2 * USEC_PER_SEC);
	all_lead(w, "10.0.1.2@1");
	ck_assert_str_eq(world_standby(w, "20.0.7.0/24"), "10.0.2.2@2");
	ck_assert_uint_eq(w->route_ops, routes_before);
}
END_TEST

START_TEST(an_ordinary_group_of_before_is_left_behind)
{
	ldpd_is_away = _i;
	w->resilient = false;
	start_many();
	uint32_t group = world_group(w, "20.0.7.0/24");
	w->resilient = true;
	start_again();
	all_lead(w, "10.0.1.2@1");
	ck_assert_str_eq(world_standby(w, "20.0.7.0/24"), "10.0.2.2@2");
	ck_assert_uint_ne(world_group(w, "20.0.7.0/24"), group);
	ck_assert_uint_eq(w->nexthop_count, 3u + ldpd_is_away); /* until ldpd has spoken nothing is deleted */
}
END_TEST

START_TEST(a_group_is_resilient_only_when_somebody_stands_by)
{
	static const char load_shared[] = "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 20.0.0.0 8 10.0.2.2\n";
	struct text t = { 0 };

	world_link(w, 3, "eth3", "10.0.3.1/24");
	world_start(w, load_shared);
	ck_assert_uint_eq(world_nexthop_of(w, world_group(w, "20.0.0.0/8"))->buckets, 0);
	text_add(&t, "%sip route-static 20.0.0.0 8 10.0.3.2 preference 80\n", load_shared);
	for (int i = 0; i < 2; i++) { /* when it is gone again, the group stays as it is */
		world_config(w, i ? load_shared : text_chars(&t));
		world_wait(w, 2 * USEC_PER_SEC);
		ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.0.1.2@1 10.0.2.2@2");
		ck_assert_str_eq(world_standby(w, "20.0.0.0/8"), i ? "nothing" : "10.0.3.2@3");
		ck_assert_uint_eq(world_nexthop_of(w, world_group(w, "20.0.0.0/8"))->buckets, GROUP_BUCKETS);
		ck_assert(world_row(w, "20.0.0.0/8")->installed);
	}
	world_config(w, text_chars(&t));
	world_carrier(w, 1, false);
	world_wait(w, 2 * USEC_PER_SEC);
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.0.2.2@2");
	count_from_here();
	world_carrier(w, 2, false);
	world_wait(w, 2 * USEC_PER_SEC);
	ck_assert_str_eq(world_route(w, "20.0.0.0/8"), "10.0.3.2@3");
	ck_assert_uint_eq(w->route_ops, routes_before);
	text_free(&t);
}
END_TEST

START_TEST(without_resilient_groups_routes_are_put_back)
{
	w->resilient = false;
	start_many();
	ck_assert_uint_eq(w->nexthop_count, 2);
	count_from_here();
	world_carrier(w, 1, false);
	world_wait(w, 2 * USEC_PER_SEC);
	all_lead(w, "10.0.2.2@2");
	ck_assert_uint_eq(w->route_ops, routes_before + MANY);
	world_carrier(w, 1, true);
	world_wait(w, 2 * USEC_PER_SEC);
	all_lead(w, "10.0.1.2@1");
	ck_assert_uint_eq(w->nexthop_count, 2);
}
END_TEST

START_TEST(somebody_who_changes_the_weights_is_put_right)
{
	start_many();
	struct fib_nexthop *g = world_nexthop_of(w, world_group(w, "20.0.7.0/24"));
	memset(g->weights, 1, sizeof g->weights);
	count_from_here();
	world_overrun(w);
	world_wait(w, 2 * USEC_PER_SEC);
	all_lead(w, "10.0.1.2@1");
	ck_assert_uint_eq(w->route_ops, routes_before);
	ck_assert_uint_eq(w->group_ops, groups_before + 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd standby");
	TCase *t = tcase_create("next hops that stand by");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, who_stands_by_gets_no_bucket_while_any_member_is_left);
	tcase_add_test(t, who_is_left_shares_all_buckets);
	tcase_add_test(t, a_floating_routes_next_hop_stands_by_and_a_lost_link_costs_no_route);
	tcase_add_test(t, more_routes_than_choose_at_once_move_likewise);
	tcase_add_test(t, the_loss_of_the_link_of_the_one_that_stands_by_moves_nothing);
	tcase_add_test(t, two_that_stand_by_for_each_other);
	tcase_add_test(t, routes_that_part_ways_have_nobody_that_stands_by);
	tcase_add_test(t, a_backup_stands_by_and_a_lost_link_costs_no_route_of_the_vpn);
	tcase_add_test(t, the_vpns_route_stands_by_for_the_provider_edges_own);
	tcase_add_test(t, of_many_that_could_stand_by_two_do_and_those_of_other_links_first);
	tcase_add_test(t, one_that_is_refused_does_not_stand_by_and_harms_nobody);
	tcase_add_loop_test(t, groups_are_taken_over_after_a_restart_with_those_that_stand_by, 0, 2);
	tcase_add_loop_test(t, a_link_that_is_lost_while_fibd_is_dead_moves_all_the_same, 0, 2);
	tcase_add_loop_test(t, an_ordinary_group_of_before_is_left_behind, 0, 2);
	tcase_add_test(t, a_group_is_resilient_only_when_somebody_stands_by);
	tcase_add_test(t, without_resilient_groups_routes_are_put_back);
	tcase_add_test(t, somebody_who_changes_the_weights_is_put_right);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
