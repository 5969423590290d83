/* Graceful restart, RFC 3623: nobody's routes move while a router forgets and finds everything again. */
#include "tests/helper/check.h"
#include "tests/helper/igp_net.h"
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
static struct igp_net *net;

enum { A, B, C };

static void
setup(void)
{
	net = igp_net_new(1);
	for (unsigned i = 1; i <= 4; i++)
		igp_add(net, 0x01010100 + i);
}

static void
teardown(void)
{
	igp_net_free(net);
}

/* A and B by two links, C behind B on a link with a DR, which the fourth is on as well. */
static void
topology(void)
{
	igp_link(net, A, B, OSPF_POINT_TO_POINT, 1);
	igp_link(net, A, C, OSPF_POINT_TO_POINT, 10);
	size_t lan = igp_segment(net, OSPF_BROADCAST);
	for (int i = 1; i < 4; i++)
		igp_join(net, lan, net->nodes[i], 1);
	igp_start_all(net);
	igp_run(net, SECONDS(90));
	ck_assert_str_eq(igp_faults(net), "");
}

static int32_t
sequence(size_t of)
{
	const struct area *a = OBJECT(net->nodes[of]->o->areas.next, struct area, of_ospf);

	return lsdb_find(&a->db, LSA_ROUTER, net->nodes[of]->router, net->nodes[of]->router)->head.sequence;
}

static bool
said(size_t who, const char *what)
{
	return strstr(text_chars(&net->nodes[who]->log), what);
}

static unsigned
told_by_others(size_t restarted)
{
	unsigned count = 0;

	for (size_t i = 0; i < net->node_count; i++)
		if (i != restarted)
			count += net->nodes[i]->routes_told;
	return count;
}

/* Each router in turn: on point-to-point links, as DR, as BDR, as neither. */
START_TEST(nobodys_routes_move_and_nothing_is_said_anew)
{
	topology();
	igp_run(net, SECONDS(100));
	unsigned told = told_by_others((size_t)_i);
	int32_t before = sequence((size_t)_i);
	const char *role = interface_state_name(igp_iface(net->nodes[_i], net->nodes[_i]->port_count - 1)->state);
	igp_restart(net, net->nodes[_i]);
	ck_assert(ospf_is_restarting(net->nodes[_i]->o));
	igp_run(net, SECONDS(50));
	ck_assert(!ospf_is_restarting(net->nodes[_i]->o));
	ck_assert_msg(said((size_t)_i, "all adjacencies are back"), "%s", text_chars(&net->nodes[_i]->log));
	ck_assert_uint_eq(told_by_others((size_t)_i), told);
	ck_assert_int_eq(sequence((size_t)_i), before);
	ck_assert_str_eq(interface_state_name(igp_iface(net->nodes[_i], net->nodes[_i]->port_count - 1)->state), role);
	igp_run(net, SECONDS(50));
	ck_assert_str_eq(igp_faults(net), "");
	for (size_t i = 0; i < net->node_count; i++) /* the grace-LSAs were taken back */
		list_each (at, &net->nodes[i]->o->ifaces) {
			ck_assert_uint_eq(OBJECT(at, struct iface, of_ospf)->links.count, 0);
		}
}
END_TEST

/* What is heard of the DR first is what the BDR says. */
static bool
dr_is_not_heard(struct igp_net *n, size_t from, size_t segment, const struct effect *e)
{
	(void)segment;
	return from != 3 || e->bytes[1] != OSPF_HELLO || n->now > *(usec_t *)n->tap_ctx;
}

START_TEST(who_hears_the_bdr_first_does_not_take_it_for_the_dr)
{
	topology();
	igp_run(net, SECONDS(100));
	unsigned told = told_by_others(B);
	int32_t before = sequence(B);
	usec_t until = net->now + SECONDS(15);
	ck_assert_str_eq(interface_state_name(igp_iface(net->nodes[3], 1)->state), "DR");
	net->tap = dr_is_not_heard;
	net->tap_ctx = &until;
	igp_restart(net, net->nodes[B]);
	igp_run(net, SECONDS(14));
	ck_assert(ospf_is_restarting(net->nodes[B]->o));
	igp_run(net, SECONDS(30));
	ck_assert_msg(said(B, "all adjacencies are back"), "%s", text_chars(&net->nodes[B]->log));
	ck_assert_uint_eq(told_by_others(B), told);
	ck_assert_int_eq(sequence(B), before);
	ck_assert_str_eq(interface_state_name(igp_iface(net->nodes[B], 2)->state), "DROther");
}
END_TEST

START_TEST(a_change_elsewhere_ends_the_help_and_the_restart)
{
	topology();
	igp_kill(net, net->nodes[B]);
	igp_restart(net, net->nodes[B]);
	igp_run(net, SECONDS(1) / 100);
	ck_assert(igp_neighbor(net->nodes[A], 1, net->nodes[B])->helped);
	igp_set_port(net, net->nodes[A], 2, false); /* the link to C */
	igp_set_port(net, net->nodes[C], 1, false);
	igp_run(net, SECONDS(2));
	ck_assert(!igp_neighbor(net->nodes[A], 1, net->nodes[B])->helped);
	ck_assert(said(A, "the topology has changed"));
	igp_run(net, SECONDS(90));
	ck_assert_str_eq(igp_faults(net), "");
}
END_TEST

START_TEST(one_that_does_not_come_back_is_given_up_with_its_grace_period)
{
	topology();
	igp_restart(net, net->nodes[B]);
	igp_run(net, SECONDS(1) / 100);
	igp_kill(net, net->nodes[B]); /* and again, for good */
	igp_run(net, SECONDS(118));
	ck_assert(igp_neighbor(net->nodes[A], 1, net->nodes[B])->helped);
	igp_run(net, SECONDS(3));
	ck_assert_ptr_null(igp_neighbor(net->nodes[A], 1, net->nodes[B]));
	igp_run(net, SECONDS(30));
	ck_assert_str_eq(igp_faults(net), "");
}
END_TEST

START_TEST(whoever_was_away_too_long_begins_like_a_new_one)
{
	topology();
	igp_kill(net, net->nodes[B]);
	igp_run(net, SECONDS(60)); /* the others have given it up */
	igp_restart(net, net->nodes[B]);
	igp_run(net, SECONDS(45));
	ck_assert(!ospf_is_restarting(net->nodes[B]->o));
	ck_assert(said(B, "had given us up"));
	igp_run(net, SECONDS(60));
	ck_assert_str_eq(igp_faults(net), "");
}
END_TEST

START_TEST(without_help_the_adjacency_is_lost_and_found)
{
	topology();
	for (size_t i = 0; i < 4; i++)
		net->nodes[i]->config.helper_off = true;
	for (size_t i = 0; i < 4; i++)
		igp_configure(net, net->nodes[i]);
	unsigned told = told_by_others(B);
	igp_restart(net, net->nodes[B]);
	igp_run(net, SECONDS(1) / 100);
	ck_assert(!igp_neighbor(net->nodes[A], 1, net->nodes[B])->helped);
	igp_run(net, SECONDS(150));
	ck_assert_uint_gt(told_by_others(B), told);
	ck_assert_str_eq(igp_faults(net), "");
}
END_TEST

START_TEST(what_is_another_after_the_restart_is_said)
{
	topology();
	igp_run(net, SECONDS(30));
	int32_t before = sequence(B);
	net->nodes[B]->ports[1].cost = 7;
	igp_config(net->nodes[B], 1)->cost = 7;
	igp_restart(net, net->nodes[B]);
	igp_run(net, SECONDS(60));
	ck_assert(said(B, "all adjacencies are back"));
	ck_assert_int_eq(sequence(B), before + 1);
	ck_assert_str_eq(igp_faults(net), "");
}
END_TEST

START_TEST(it_can_be_switched_off)
{
	topology();
	net->nodes[B]->config.graceful_off = true;
	igp_restart(net, net->nodes[B]);
	ck_assert(!ospf_is_restarting(net->nodes[B]->o));
	igp_run(net, SECONDS(90));
	ck_assert_str_eq(igp_faults(net), "");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd graceful restart");
	TCase *t = tcase_create("RFC 3623");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, nobodys_routes_move_and_nothing_is_said_anew, 0, 4);
	tcase_add_test(t, who_hears_the_bdr_first_does_not_take_it_for_the_dr);
	tcase_add_test(t, a_change_elsewhere_ends_the_help_and_the_restart);
	tcase_add_test(t, one_that_does_not_come_back_is_given_up_with_its_grace_period);
	tcase_add_test(t, whoever_was_away_too_long_begins_like_a_new_one);
	tcase_add_test(t, without_help_the_adjacency_is_lost_and_found);
	tcase_add_test(t, what_is_another_after_the_restart_is_said);
	tcase_add_test(t, it_can_be_switched_off);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
