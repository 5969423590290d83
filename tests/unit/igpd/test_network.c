/* Routers on links: adjacencies, databases that become equal, routes. */
#include "tests/helper/check.h"
#include "tests/helper/igp_net.h"
#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
static struct igp_net *net;

static void
setup(void)
{
	net = igp_net_new(1);
}

static void
teardown(void)
{
	igp_net_free(net);
}

static void
routers(unsigned count)
{
	for (unsigned i = 1; i <= count; i++)
		igp_add(net, 0x01010100 + i);
}

static void
all_is_well(const char *when)
{
	const char *faults = igp_faults(net);

	ck_assert_msg(!*faults, "%s:\n%s", when, faults);
}

START_TEST(two_on_a_point_to_point_link_are_full_within_a_second)
{
	routers(2);
	igp_link(net, 0, 1, OSPF_POINT_TO_POINT, 5);
	igp_start_all(net);
	igp_run(net, SECONDS(1));
	ck_assert_str_eq(neighbor_state_name(igp_neighbor(net->nodes[0], 1, net->nodes[1])->state), "Full");
	ck_assert_str_eq(neighbor_state_name(igp_neighbor(net->nodes[1], 1, net->nodes[0])->state), "Full");
	igp_run(net, SECONDS(5));
	all_is_well("two routers");
}
END_TEST

START_TEST(on_a_broadcast_link_the_highest_router_is_elected_and_stays)
{
	routers(4);
	size_t lan = igp_segment(net, OSPF_BROADCAST);
	for (int i = 0; i < 3; i++)
		igp_join(net, lan, net->nodes[i], 2);
	igp_start(net, net->nodes[0]);
	igp_start(net, net->nodes[1]);
	igp_start(net, net->nodes[2]);
	igp_run(net, SECONDS(45));
	ck_assert_str_eq(interface_state_name(igp_iface(net->nodes[2], 1)->state), "DR");
	ck_assert_str_eq(interface_state_name(igp_iface(net->nodes[1], 1)->state), "BDR");
	ck_assert_str_eq(interface_state_name(igp_iface(net->nodes[0], 1)->state), "DROther");
	igp_run(net, SECONDS(10));
	all_is_well("three on a link");
	igp_join(net, lan, net->nodes[3], 2); /* higher, but late */
	igp_start(net, net->nodes[3]);
	igp_run(net, SECONDS(60));
	ck_assert_str_eq(interface_state_name(igp_iface(net->nodes[2], 1)->state), "DR");
	ck_assert_str_eq(interface_state_name(igp_iface(net->nodes[3], 1)->state), "DROther");
	ck_assert_str_eq(neighbor_state_name(igp_neighbor(net->nodes[3], 1, net->nodes[0])->state), "2-Way");
	all_is_well("four on a link");
	igp_kill(net, net->nodes[2]);
	igp_run(net, SECONDS(60));
	ck_assert_str_eq(interface_state_name(igp_iface(net->nodes[1], 1)->state), "DR");
	ck_assert_str_eq(interface_state_name(igp_iface(net->nodes[3], 1)->state), "BDR");
}
END_TEST

START_TEST(a_router_of_priority_zero_is_never_elected)
{
	routers(2);
	igp_link(net, 0, 1, OSPF_BROADCAST, 1);
	igp_config(net->nodes[1], 1)->priority = 0;
	igp_start_all(net);
	igp_run(net, SECONDS(60));
	ck_assert_str_eq(interface_state_name(igp_iface(net->nodes[0], 1)->state), "DR");
	ck_assert_str_eq(interface_state_name(igp_iface(net->nodes[1], 1)->state), "DROther");
	all_is_well("two, one of them eligible");
}
END_TEST

START_TEST(of_two_equal_ways_both_are_used_and_one_when_the_other_dies)
{
	struct ospf_route r;
	struct prefix far = prefix_host(addr_v4(0x01010104));

	routers(4); /* a square */
	igp_link(net, 0, 1, OSPF_POINT_TO_POINT, 1);
	igp_link(net, 0, 2, OSPF_BROADCAST, 1);
	igp_link(net, 1, 3, OSPF_BROADCAST, 1);
	igp_link(net, 2, 3, OSPF_POINT_TO_POINT, 1);
	igp_start_all(net);
	igp_run(net, SECONDS(70));
	all_is_well("a square");
	ck_assert(ospf_route_to(net->nodes[0]->o, &far, &r));
	ck_assert_uint_eq(r.hop_count, 2);
	ck_assert_uint_eq(r.cost, 2);
	igp_set_port(net, net->nodes[0], 1, false);
	igp_run(net, SECONDS(2));
	ck_assert(ospf_route_to(net->nodes[0]->o, &far, &r));
	ck_assert_uint_eq(r.hop_count, 1);
	igp_set_port(net, net->nodes[0], 1, true);
	igp_run(net, SECONDS(70));
	all_is_well("the square again");
}
END_TEST

START_TEST(a_silent_neighbor_is_gone_exactly_at_the_dead_interval)
{
	routers(2);
	igp_link(net, 0, 1, OSPF_POINT_TO_POINT, 1);
	igp_start_all(net);
	igp_run(net, SECONDS(15));
	struct neighbor *n = igp_neighbor(net->nodes[0], 1, net->nodes[1]);
	usec_t dead_at = n->inactive.at;
	net->segments[0].cut = true;
	usec_t last = dead_at;
	while (igp_neighbor(net->nodes[0], 1, net->nodes[1])) {
		last = igp_neighbor(net->nodes[0], 1, net->nodes[1])->inactive.at;
		igp_run(net, SECONDS(1));
	}
	ck_assert_uint_eq(last, dead_at);
	ck_assert_uint_ge(net->now, dead_at);
	ck_assert_uint_lt(net->now, dead_at + SECONDS(1) + 1);
}
END_TEST

START_TEST(a_router_that_comes_back_with_fresh_memory_takes_its_old_place)
{
	routers(3);
	igp_link(net, 0, 1, OSPF_POINT_TO_POINT, 1);
	igp_link(net, 1, 2, OSPF_BROADCAST, 1);
	igp_start_all(net);
	igp_run(net, SECONDS(60));
	igp_kill(net, net->nodes[1]);
	igp_start(net, net->nodes[1]); /* before anybody has noticed; its old LSAs have higher numbers */
	igp_run(net, SECONDS(70));
	all_is_well("after a restart");
	const struct area *a = OBJECT(net->nodes[0]->o->areas.next, struct area, of_ospf);
	const struct lsa *l = lsdb_find(&a->db, LSA_ROUTER, net->nodes[1]->router, net->nodes[1]->router);
	ck_assert_int_gt(l->head.sequence, LSA_FIRST_SEQUENCE);
}
END_TEST

START_TEST(lsas_are_refreshed_and_those_of_a_dead_router_age_out)
{
	routers(3);
	igp_link(net, 0, 1, OSPF_POINT_TO_POINT, 1);
	igp_link(net, 1, 2, OSPF_POINT_TO_POINT, 1);
	igp_start_all(net);
	igp_run(net, SECONDS(10));
	const struct area *a = OBJECT(net->nodes[0]->o->areas.next, struct area, of_ospf);
	struct lsa *l = lsdb_find(&a->db, LSA_ROUTER, net->nodes[1]->router, net->nodes[1]->router);
	int32_t sequence = l->head.sequence;
	ck_assert_uint_eq(a->db.count, 3);
	igp_kill(net, net->nodes[2]);
	igp_run(net, SECONDS(1900));
	ck_assert_int_eq(l->head.sequence - sequence, 2); /* without the third, and refreshed */
	ck_assert_uint_eq(a->db.count, 3);
	igp_run(net, SECONDS(1800));
	ck_assert_uint_eq(a->db.count, 2);
	all_is_well("after an hour");
}
END_TEST

static bool
drops_updates(struct igp_net *n, size_t from, size_t segment, const struct effect *e)
{
	(void)segment;
	return !(from == 0 && e->bytes[1] == OSPF_UPDATE && n->now < *(usec_t *)n->tap_ctx);
}

START_TEST(what_was_lost_is_sent_again_until_it_is_acknowledged)
{
	usec_t until;

	routers(2);
	igp_link(net, 0, 1, OSPF_POINT_TO_POINT, 1);
	igp_start_all(net);
	igp_run(net, SECONDS(10));
	until = net->now + SECONDS(12);
	net->tap = drops_updates;
	net->tap_ctx = &until;
	igp_config(net->nodes[0], 1)->cost = 77;
	net->nodes[0]->ports[1].cost = 77;
	igp_configure(net, net->nodes[0]);
	igp_run(net, SECONDS(11));
	ck_assert_uint_eq(igp_neighbor(net->nodes[0], 1, net->nodes[1])->debt_count, 1);
	ck_assert(*igp_faults(net));
	igp_run(net, SECONDS(7)); /* the next retransmission, and the delay of its acknowledgment */
	ck_assert_uint_eq(igp_neighbor(net->nodes[0], 1, net->nodes[1])->debt_count, 0);
	all_is_well("after the loss");
}
END_TEST

/* RFC 2328 9.5.1: nobody is reached by multicast; the peers are configured, one side is enough. */
static bool
is_for_one(struct igp_net *n, size_t from, size_t segment, const struct effect *e)
{
	(void)from;
	(void)segment;
	*(unsigned *)n->tap_ctx += addr_is_multicast(&e->to);
	return true;
}

START_TEST(on_a_link_without_multicast_everything_goes_to_each_alone)
{
	unsigned multicasts = 0;

	routers(3);
	size_t s = igp_segment(net, OSPF_NBMA);
	for (int i = 0; i < 3; i++)
		igp_join(net, s, net->nodes[i], 2);
	net->tap = is_for_one;
	net->tap_ctx = &multicasts;
	for (int i = 0; i < 2; i++) {
		struct ospf_config *c = &net->nodes[i]->config;
		c->peers = mem_zalloc(2 * sizeof *c->peers);
		for (int k = 0; k < 3; k++)
			if (k != i)
				c->peers[c->peer_count++] = addr_to_v4(&net->nodes[k]->ports[1].address.addr);
	}
	igp_start_all(net);
	igp_run(net, SECONDS(300));
	ck_assert_uint_eq(multicasts, 0);
	ck_assert_str_eq(interface_state_name(igp_iface(net->nodes[2], 1)->state), "DR");
	all_is_well("three on a link without multicast");
	igp_config(net->nodes[0], 1)->cost = net->nodes[0]->ports[1].cost = 7;
	igp_configure(net, net->nodes[0]);
	igp_run(net, SECONDS(30));
	ck_assert_uint_eq(igp_neighbor(net->nodes[2], 1, net->nodes[0])->debt_count, 0);
	igp_kill(net, net->nodes[1]);
	igp_run(net, SECONDS(130));
	ck_assert_ptr_null(igp_neighbor(net->nodes[0], 1, net->nodes[1]));
	igp_start(net, net->nodes[1]);
	igp_run(net, SECONDS(200));
	all_is_well("after one was away");
}
END_TEST

START_TEST(what_a_link_costs_follows_from_its_speed)
{
	static const struct {
		uint32_t mbps, reference;
		unsigned cost;
	} cases[] = { { 0, 0, 1 }, { 10, 0, 10 }, { 1000, 0, 1 }, { 1000, 100000, 100 }, { 1, 4000000, 65535 } };

	routers(2);
	igp_link(net, 0, 1, OSPF_POINT_TO_POINT, 0);
	net->nodes[0]->ports[1].mbps = cases[_i].mbps;
	net->nodes[0]->config.bandwidth_mbps = cases[_i].reference;
	igp_start_all(net);
	ck_assert_uint_eq(igp_iface(net->nodes[0], 1)->cost, cases[_i].cost);
}
END_TEST

START_TEST(the_log_of_runs_tells_why_and_what_it_cost)
{
	routers(3);
	igp_link(net, 0, 1, OSPF_POINT_TO_POINT, 1);
	igp_link(net, 1, 2, OSPF_POINT_TO_POINT, 1);
	igp_start_all(net);
	igp_run(net, SECONDS(60));
	struct ospf *o = net->nodes[0]->o;
	uint64_t before = o->spf_log.count;
	igp_config(net->nodes[2], 1)->cost = 9;
	igp_configure(net, net->nodes[2]);
	igp_run(net, SECONDS(5));
	ck_assert_uint_eq(o->spf_log.count, before + 1);
	const struct spf_run *run = &o->spf_log.run[before % SPF_LOG_RUNS];
	ck_assert_str_eq(run->cause, "Router 1.1.1.3 of 1.1.1.3");
	ck_assert_uint_eq(run->causes, 1);
	ck_assert_uint_eq(run->waited, OSPF_SPF_FIRST_MS * 1000); /* RFC 8405: the first after calm */
	ck_assert_uint_le(run->settled, 2);
	for (unsigned i = 0; i < 40; i++) {
		igp_config(net->nodes[1], 2)->cost = (uint16_t)(20 + i);
		igp_configure(net, net->nodes[1]);
		igp_run(net, SECONDS(30));
	}
	ck_assert_uint_eq(o->spf_log.count, before + 41);
	ck_assert_uint_ge(o->spf_log.run[(before + 40) % SPF_LOG_RUNS].settled, 1);
}
END_TEST

/* RFC 6860: loopbacks are reached over links whose own networks nobody knows. */
START_TEST(networks_that_serve_transit_alone_may_be_hidden)
{
	struct prefix link = prefix_make(addr_v4(0x0a000000), 24), lan = prefix_make(addr_v4(0x0a000100), 24);
	struct ospf_route r;

	for (uint32_t i = 0; i < 4; i++)
		igp_add(net, 0x01010101 + i);
	igp_link(net, 0, 1, OSPF_POINT_TO_POINT, 10);
	size_t s = igp_segment(net, OSPF_BROADCAST);
	for (size_t i = 1; i < 4; i++)
		igp_join(net, s, net->nodes[i], 1);
	for (size_t i = 0; i < 4; i++)
		net->nodes[i]->config.hidden = true;
	igp_start_all(net);
	igp_run(net, SECONDS(100));
	for (size_t of = 0; of < 4; of++)
		for (size_t to = 0; to < 4; to++) {
			struct prefix loopback = prefix_host(addr_v4(net->nodes[to]->router));
			ck_assert(of == to || ospf_route_to(net->nodes[of]->o, &loopback, &r));
		}
	ck_assert(!ospf_route_to(net->nodes[3]->o, &link, &r));
	ck_assert(!ospf_route_to(net->nodes[0]->o, &lan, &r));
	igp_config(net->nodes[0], 1)->hiding = OSPF_NOT_HIDDEN; /* goes before the process */
	for (size_t i = 1; i < 4; i++)
		net->nodes[i]->config.hidden = false;
	for (size_t i = 0; i < 4; i++)
		igp_configure(net, net->nodes[i]);
	igp_run(net, SECONDS(10));
	ck_assert(ospf_route_to(net->nodes[3]->o, &link, &r));
	ck_assert(ospf_route_to(net->nodes[0]->o, &lan, &r));
	ck_assert_str_eq(igp_faults(net), "");
	igp_config(net->nodes[0], 1)->hiding = igp_config(net->nodes[1], 1)->hiding = OSPF_HIDDEN;
	igp_configure(net, net->nodes[0]);
	igp_configure(net, net->nodes[1]);
	igp_run(net, SECONDS(10));
	ck_assert(!ospf_route_to(net->nodes[3]->o, &link, &r));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd network");
	TCase *t = tcase_create("routers on links");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, two_on_a_point_to_point_link_are_full_within_a_second);
	tcase_add_test(t, on_a_broadcast_link_the_highest_router_is_elected_and_stays);
	tcase_add_test(t, a_router_of_priority_zero_is_never_elected);
	tcase_add_test(t, of_two_equal_ways_both_are_used_and_one_when_the_other_dies);
	tcase_add_test(t, a_silent_neighbor_is_gone_exactly_at_the_dead_interval);
	tcase_add_test(t, a_router_that_comes_back_with_fresh_memory_takes_its_old_place);
	tcase_add_test(t, lsas_are_refreshed_and_those_of_a_dead_router_age_out);
	tcase_add_test(t, on_a_link_without_multicast_everything_goes_to_each_alone);
	tcase_add_loop_test(t, what_a_link_costs_follows_from_its_speed, 0, 5);
	tcase_add_test(t, the_log_of_runs_tells_why_and_what_it_cost);
	tcase_add_test(t, networks_that_serve_transit_alone_may_be_hidden);
	tcase_add_test(t, what_was_lost_is_sent_again_until_it_is_acknowledged);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
