/* Synchronization with LDP: when a link carries traffic, and what is told of it meanwhile. */
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
	for (unsigned i = 1; i <= 3; i++)
		igp_add(net, 0x01010100 + i);
}

static void
teardown(void)
{
	igp_net_free(net);
}

/* A and B are joined by a link of cost 1, their port 1, which is synchronized; and over C with costs of 10. */
static void
triangle(enum ospf_network_type type)
{
	igp_link(net, A, B, type, 1);
	igp_link(net, A, C, OSPF_POINT_TO_POINT, 10);
	igp_link(net, C, B, OSPF_POINT_TO_POINT, 10);
	igp_config(net->nodes[A], 1)->sync = igp_config(net->nodes[B], 1)->sync = OSPF_SYNC_ON;
}

static void
both(enum ospf_ldp_state state)
{
	igp_ldp(net, net->nodes[A], 1, net->nodes[B], state);
	igp_ldp(net, net->nodes[B], 1, net->nodes[A], state);
}

static void
link_is(bool up)
{
	igp_set_port(net, net->nodes[A], 1, up);
	igp_set_port(net, net->nodes[B], 1, up);
}

static struct iface *
a_link(void)
{
	return igp_iface(net->nodes[A], 1);
}

static const char *
state(void)
{
	return sync_state_name(a_link()->sync.state);
}

/* The cost from A to B's loopback; 0: there is no route. */
static uint32_t
cost(void)
{
	struct prefix b = prefix_host(addr_v4(net->nodes[B]->router));
	struct ospf_route r;

	return ospf_route_to(net->nodes[A]->o, &b, &r) ? r.cost : 0;
}

/* The triangle with everything in step. */
static void
in_step(enum ospf_network_type type)
{
	triangle(type);
	igp_start_all(net);
	both(OSPF_LDP_EXCHANGED);
	igp_run(net, SECONDS(60));
	ck_assert_str_eq(state(), "Achieved");
	ck_assert_uint_eq(cost(), 1);
}

START_TEST(a_link_that_returns_carries_nothing_until_labels_are_there)
{
	in_step(OSPF_POINT_TO_POINT);
	link_is(false);
	both(OSPF_LDP_NO_SESSION);
	igp_run(net, SECONDS(5));
	ck_assert_str_eq(state(), "Init");
	ck_assert_uint_eq(cost(), 20);
	link_is(true);
	igp_run(net, SECONDS(4));
	ck_assert_str_eq(state(), "HoldDown");
	ck_assert_str_eq(sync_reason(a_link()), "there is no LDP session with a neighbour");
	ck_assert_ptr_null(igp_neighbor(net->nodes[A], 1, net->nodes[B]));
	both(OSPF_LDP_EXCHANGING);
	igp_run(net, SECONDS(1));
	ck_assert_str_eq(sync_reason(a_link()), "the labels of a neighbour are not complete");
	ck_assert_uint_eq(cost(), 20);
	both(OSPF_LDP_EXCHANGED);
	igp_run(net, SECONDS(3));
	ck_assert_str_eq(state(), "Achieved");
	ck_assert_uint_eq(cost(), 1);
}
END_TEST

START_TEST(hold_down_ends_after_ten_seconds_in_an_adjacency_that_costs_most)
{
	in_step(OSPF_POINT_TO_POINT);
	link_is(false);
	both(OSPF_LDP_NO_SESSION);
	igp_run(net, SECONDS(5));
	link_is(true);
	igp_run(net, SECONDS(10) - 1);
	ck_assert_str_eq(state(), "HoldDown");
	igp_run(net, 1);
	ck_assert_str_eq(state(), "HoldMaxCost");
	igp_run(net, SECONDS(1000));
	ck_assert_str_eq(state(), "HoldMaxCost"); /* for ever */
	ck_assert_int_eq(igp_neighbor(net->nodes[A], 1, net->nodes[B])->state, NS_FULL);
	ck_assert_uint_eq(cost(), 20);
	igp_set_port(net, net->nodes[A], 2, false); /* better so than not at all */
	igp_run(net, SECONDS(5));
	ck_assert_uint_eq(cost(), LSA_LINK_INFINITY);
	both(OSPF_LDP_EXCHANGED);
	igp_run(net, SECONDS(5));
	ck_assert_uint_eq(cost(), 1);
}
END_TEST

START_TEST(a_session_that_needs_this_very_link_is_not_waited_for)
{
	triangle(OSPF_POINT_TO_POINT);
	igp_start_all(net);
	igp_run(net, SECONDS(1)); /* nobody is heard by LDP yet */
	ck_assert_str_eq(state(), "HoldDown");
	igp_set_port(net, net->nodes[A], 2, false); /* no other way */
	igp_run(net, SECONDS(6));
	both(OSPF_LDP_NO_SESSION);
	ck_assert_str_eq(state(), "HoldMaxCost");
	igp_run(net, SECONDS(3));
	ck_assert_uint_eq(cost(), LSA_LINK_INFINITY);
	both(OSPF_LDP_EXCHANGED);
	igp_run(net, SECONDS(3));
	ck_assert_uint_eq(cost(), 1);
}
END_TEST

START_TEST(a_link_that_loses_its_labels_costs_most_until_they_are_back)
{
	in_step(OSPF_POINT_TO_POINT);
	both(OSPF_LDP_NO_SESSION);
	igp_run(net, SECONDS(3));
	ck_assert_str_eq(state(), "HoldMaxCost");
	ck_assert_int_eq(igp_neighbor(net->nodes[A], 1, net->nodes[B])->state, NS_FULL);
	ck_assert_uint_eq(cost(), 20);
	both(OSPF_LDP_EXCHANGING);
	igp_run(net, SECONDS(3));
	ck_assert_uint_eq(cost(), 20);
	both(OSPF_LDP_EXCHANGED);
	igp_run(net, SECONDS(3));
	ck_assert_uint_eq(cost(), 1);
	igp_ldp_gone(net, net->nodes[A], 1); /* ldpd is dead */
	igp_run(net, SECONDS(3));
	ck_assert_str_eq(state(), "HoldMaxCost");
	ck_assert_uint_eq(cost(), 20);
}
END_TEST

START_TEST(hold_max_cost_ends_when_it_is_told_to)
{
	triangle(OSPF_POINT_TO_POINT);
	igp_config(net->nodes[A], 1)->sync_hold_max = (struct ospf_span){ true, 30 };
	igp_config(net->nodes[A], 1)->sync_hold_down = (struct ospf_span){ true, 0 };
	igp_start_all(net);
	ck_assert_str_eq(state(), "HoldMaxCost");
	igp_run(net, SECONDS(30) - 1);
	ck_assert_str_eq(state(), "HoldMaxCost");
	igp_run(net, SECONDS(4));
	ck_assert_str_eq(state(), "HoldNormalCost");
	ck_assert_uint_eq(cost(), 1);
	both(OSPF_LDP_NO_SESSION);
	ck_assert_str_eq(state(), "HoldNormalCost");
	both(OSPF_LDP_EXCHANGED);
	ck_assert_str_eq(state(), "Achieved");
}
END_TEST

START_TEST(the_interface_goes_before_the_area_and_the_process)
{
	igp_link(net, A, B, OSPF_POINT_TO_POINT, 1);
	igp_link(net, A, C, OSPF_POINT_TO_POINT, 10);
	net->nodes[A]->config.sync = true;
	igp_config(net->nodes[A], 2)->sync = OSPF_SYNC_BLOCK;
	igp_start_all(net);
	ck_assert(a_link()->sync.on);
	ck_assert_str_eq(state(), "HoldDown");
	ck_assert(!igp_iface(net->nodes[A], 2)->sync.on);
	ck_assert_int_eq(igp_iface(net->nodes[A], 0)->sync.state, SS_OFF); /* the loopback */
	net->nodes[A]->config.sync = false;
	igp_area_config(net->nodes[A], 0)->sync = true;
	igp_configure(net, net->nodes[A]);
	ck_assert_str_eq(state(), "HoldDown");
	ck_assert(!igp_iface(net->nodes[A], 2)->sync.on);
	igp_config(net->nodes[A], 1)->silent = true;
	igp_configure(net, net->nodes[A]);
	ck_assert_str_eq(state(), "Init");
}
END_TEST

START_TEST(taking_it_off_the_configuration_leaves_nothing_behind)
{
	triangle(OSPF_POINT_TO_POINT);
	igp_start_all(net);
	igp_run(net, SECONDS(2));
	ck_assert_str_eq(state(), "HoldDown");
	igp_config(net->nodes[A], 1)->sync = igp_config(net->nodes[B], 1)->sync = OSPF_SYNC_UNSET;
	igp_configure(net, net->nodes[A]);
	igp_configure(net, net->nodes[B]);
	igp_run(net, SECONDS(5));
	ck_assert_str_eq(state(), "Init");
	ck_assert_uint_eq(cost(), 1);
	igp_config(net->nodes[A], 1)->sync = OSPF_SYNC_ON; /* on a link that is in use: nobody is sent away */
	igp_configure(net, net->nodes[A]);
	igp_run(net, SECONDS(5));
	ck_assert_str_eq(state(), "HoldMaxCost");
	ck_assert_int_eq(igp_neighbor(net->nodes[A], 1, net->nodes[B])->state, NS_FULL);
	ck_assert_uint_eq(cost(), 20);
	igp_config(net->nodes[A], 1)->sync = OSPF_SYNC_UNSET;
	igp_configure(net, net->nodes[A]);
	igp_run(net, SECONDS(5));
	ck_assert_uint_eq(cost(), 1);
}
END_TEST

START_TEST(a_neighbour_is_known_by_its_address_or_its_router_id)
{
	triangle(OSPF_POINT_TO_POINT);
	igp_start_all(net);
	both(OSPF_LDP_EXCHANGED);
	net->nodes[A]->ports[1].ldp[0].address = 0x0b0b0b0b; /* Hellos of LDP come from another address */
	both(OSPF_LDP_EXCHANGED);
	igp_run(net, SECONDS(5));
	ck_assert_str_eq(state(), "Achieved");
	net->nodes[A]->ports[1].ldp[0].lsr = 0x0c0c0c0c; /* and it is somebody else */
	igp_ldp_gone(net, net->nodes[A], 1);
	igp_ldp(net, net->nodes[A], 1, net->nodes[B], OSPF_LDP_EXCHANGED);
	net->nodes[A]->ports[1].ldp[0].address = 0x0b0b0b0b;
	net->nodes[A]->ports[1].ldp[0].lsr = 0x0c0c0c0c;
	struct ospf_ldp in = { .ifindex = net->nodes[A]->ports[1].ifindex,
		.enabled = true,
		.neighbors = net->nodes[A]->ports[1].ldp,
		.count = 1 };
	ospf_input(net->nodes[A]->o, &(struct ospf_input){ .kind = OSPF_IN_LDP, .ldp = &in }, net->now);
	ck_assert_str_eq(state(), "HoldMaxCost");
	ck_assert_str_eq(sync_reason(a_link()), "LDP has not heard a neighbour of OSPF");
}
END_TEST

/* --- links of many routers, RFC 6138 --- */

static bool
tells_of(size_t node, size_t port)
{
	const struct iface *i = igp_iface(net->nodes[node], port);
	const struct lsa *l = lsdb_find(&i->area->db, LSA_ROUTER, net->nodes[node]->router, net->nodes[node]->router);
	struct lsa_link link;

	struct wire_reader r = lsa_links(l->bytes);
	while (lsa_next_link(&r, &link))
		if (link.type == LINK_TRANSIT && link.data == i->address)
			return true;
	return false;
}

/* A, B and C on one link of cost 1, port 1; A and C also joined directly with a cost of 10, port 2 of both. */
static void
lan(void)
{
	size_t s = igp_segment(net, OSPF_BROADCAST);

	for (int i = 0; i < 3; i++) {
		igp_join(net, s, net->nodes[i], 1);
		igp_config(net->nodes[i], 1)->sync = OSPF_SYNC_ON;
	}
	igp_link(net, A, C, OSPF_POINT_TO_POINT, 10);
}

static void
all_but(int missing, enum ospf_ldp_state with)
{
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 3; k++)
			if (i != k)
				igp_ldp(net, net->nodes[i], 1, net->nodes[k],
				    i == missing || k == missing ? with : OSPF_LDP_EXCHANGED);
}

static uint32_t
cost_between(size_t from, size_t to)
{
	struct prefix p = prefix_host(addr_v4(net->nodes[to]->router));
	struct ospf_route r;

	return ospf_route_to(net->nodes[from]->o, &p, &r) ? r.cost : 0;
}

START_TEST(who_comes_onto_a_link_of_many_keeps_itself_back_and_disturbs_nobody)
{
	lan();
	igp_start_all(net);
	igp_set_port(net, net->nodes[C], 1, false);
	all_but(C, OSPF_LDP_NO_SESSION);
	igp_run(net, SECONDS(90));
	ck_assert_uint_eq(cost_between(A, B), 1);
	ck_assert_uint_eq(cost_between(A, C), 10);
	igp_set_port(net, net->nodes[C], 1, true);
	igp_run(net, SECONDS(90)); /* its hold-down is over */
	ck_assert_int_eq(igp_neighbor(net->nodes[C], 1, net->nodes[A])->state, NS_FULL);
	ck_assert(sync_is_withheld(igp_iface(net->nodes[C], 1)));
	ck_assert(!tells_of(C, 1));
	ck_assert_str_eq(state(), "Achieved"); /* the others go on */
	ck_assert_uint_eq(cost_between(A, B), 1);
	ck_assert_uint_eq(cost_between(A, C), 10);
	ck_assert_uint_eq(cost_between(C, A), 10);
	ck_assert_uint_eq(cost_between(B, C), 11);
	all_but(C, OSPF_LDP_EXCHANGED);
	igp_run(net, SECONDS(5));
	ck_assert(tells_of(C, 1));
	ck_assert_uint_eq(cost_between(A, C), 1);
	ck_assert_uint_eq(cost_between(C, B), 1);
}
END_TEST

START_TEST(the_only_way_is_told_of_and_stays_told_of)
{
	lan();
	igp_start_all(net);
	igp_set_port(net, net->nodes[C], 1, false);
	all_but(C, OSPF_LDP_NO_SESSION);
	igp_run(net, SECONDS(90));
	igp_set_port(net, net->nodes[C], 1, true);
	igp_run(net, SECONDS(90));
	ck_assert(!tells_of(C, 1));
	igp_set_port(net, net->nodes[C], 2, false);
	igp_run(net, SECONDS(5));
	ck_assert(tells_of(C, 1));
	ck_assert_uint_eq(cost_between(C, A), LSA_LINK_INFINITY);
	ck_assert_uint_eq(cost_between(A, C), 1);
	igp_set_port(net, net->nodes[C], 2, true); /* another way again: no reason to take it back */
	igp_run(net, SECONDS(20));
	ck_assert(tells_of(C, 1));
}
END_TEST

START_TEST(a_link_of_many_that_loses_labels_it_had_costs_most)
{
	lan();
	igp_start_all(net);
	all_but(-1, OSPF_LDP_EXCHANGED);
	igp_run(net, SECONDS(90));
	ck_assert_uint_eq(cost_between(A, C), 1);
	igp_ldp(net, net->nodes[A], 1, net->nodes[C], OSPF_LDP_NO_SESSION);
	igp_run(net, SECONDS(5));
	ck_assert_str_eq(state(), "HoldMaxCost");
	ck_assert(tells_of(A, 1));
	ck_assert_uint_eq(cost_between(A, C), 10);
	ck_assert_uint_eq(cost_between(A, B), 11);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd synchronization with LDP");
	TCase *t = tcase_create("RFC 5443"), *many = tcase_create("RFC 6138");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_checked_fixture(many, setup, teardown);
	tcase_add_test(t, a_link_that_returns_carries_nothing_until_labels_are_there);
	tcase_add_test(t, hold_down_ends_after_ten_seconds_in_an_adjacency_that_costs_most);
	tcase_add_test(t, a_session_that_needs_this_very_link_is_not_waited_for);
	tcase_add_test(t, a_link_that_loses_its_labels_costs_most_until_they_are_back);
	tcase_add_test(t, hold_max_cost_ends_when_it_is_told_to);
	tcase_add_test(t, the_interface_goes_before_the_area_and_the_process);
	tcase_add_test(t, taking_it_off_the_configuration_leaves_nothing_behind);
	tcase_add_test(t, a_neighbour_is_known_by_its_address_or_its_router_id);
	tcase_add_test(many, who_comes_onto_a_link_of_many_keeps_itself_back_and_disturbs_nobody);
	tcase_add_test(many, the_only_way_is_told_of_and_stays_told_of);
	tcase_add_test(many, a_link_of_many_that_loses_labels_it_had_costs_most);
	suite_add_tcase(s, t);
	suite_add_tcase(s, many);
	return s;
}

CHECK_MAIN(suite)
