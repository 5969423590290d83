/* Routes between engines: the decision step by step, loops, reflection, what is told to whom, and how often. */
#include "tests/helper/check.h"
#include "tests/helper/l3vpn_net.h"
#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
#define IPV4 BGP_FAMILY_BIT(BGP_IPV4)
#define P "10.1.0.0/16"

static struct vpn_net *net;
static struct text line;

static void
setup(void)
{
	net = vpn_net_new(1);
}

static void
teardown(void)
{
	vpn_net_free(net);
	text_free(&line);
}

static void
nodes(size_t count, const uint32_t *as)
{
	for (size_t i = 0; i < count; i++)
		vpn_net_add(net, as[i]);
}

static void
begin(void)
{
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
}

static uint64_t
updates(size_t of, size_t to)
{
	return vpn_net_peer_of(net, of, to)->sent.messages[BGP_UPDATE];
}

static bool
is_via(size_t node, size_t next_hop)
{
	const struct path *p = vpn_net_best(net, node, BGP_IPV4, P);

	return p && addr_eq(&p->attrs->next_hop, &net->nodes[next_hop]->address);
}

/* --- along a chain --- */

START_TEST(a_route_goes_along_a_chain_of_ases_and_its_withdrawal_too)
{
	nodes(4, (const uint32_t[]){ 100, 200, 300, 400 });
	for (size_t i = 0; i < 3; i++)
		vpn_net_peer(net, i, i + 1, IPV4);
	begin();
	vpn_net_route(net, 0, P, false);
	vpn_net_run(net, SECONDS(1));
	const struct path *p = vpn_net_best(net, 3, BGP_IPV4, P);
	ck_assert(p);
	ck_assert_str_eq(vpn_net_as_path(p, &line), "300 200 100");
	ck_assert(is_via(3, 2));
	ck_assert(!p->attrs->has_local_pref);
	vpn_net_route(net, 0, P, true);
	vpn_net_run(net, SECONDS(1));
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(vpn_net_paths(net, i, BGP_IPV4, P), 0);
	ck_assert_uint_eq(net->nodes[3]->b->attrs.sets.count, 0);
}
END_TEST

START_TEST(in_a_circle_of_ases_nobody_believes_himself)
{
	nodes(3, (const uint32_t[]){ 100, 200, 300 });
	vpn_net_peer(net, 0, 1, IPV4);
	vpn_net_peer(net, 1, 2, IPV4);
	vpn_net_peer(net, 2, 0, IPV4);
	begin();
	vpn_net_route(net, 0, P, false);
	vpn_net_run(net, SECONDS(2));
	ck_assert_str_eq(vpn_net_as_path(vpn_net_best(net, 1, BGP_IPV4, P), &line), "100");
	ck_assert_str_eq(vpn_net_as_path(vpn_net_best(net, 2, BGP_IPV4, P), &line), "100");
	ck_assert_ptr_null(vpn_net_best(net, 0, BGP_IPV4, P)->peer);
	vpn_net_route(net, 0, P, true);
	vpn_net_run(net, SECONDS(2));
	for (size_t i = 0; i < 3; i++)
		ck_assert_ptr_null(vpn_net_best(net, i, BGP_IPV4, P));
}
END_TEST

START_TEST(an_internal_route_is_not_told_to_an_internal_peer)
{
	nodes(3, (const uint32_t[]){ 100, 100, 100 });
	vpn_net_peer(net, 0, 1, IPV4);
	vpn_net_peer(net, 1, 2, IPV4);
	begin();
	vpn_net_route(net, 0, P, false);
	vpn_net_run(net, SECONDS(1));
	const struct path *p = vpn_net_best(net, 1, BGP_IPV4, P);
	ck_assert(p && p->attrs->has_local_pref && p->attrs->local_pref == 100);
	ck_assert(is_via(1, 0));
	ck_assert_ptr_null(vpn_net_best(net, 2, BGP_IPV4, P));
}
END_TEST

/* --- reflection, RFC 4456 --- */

START_TEST(a_reflector_hands_on_from_clients_to_all_and_from_others_to_clients)
{
	nodes(5, (const uint32_t[]){ 100, 100, 100, 100, 100 }); /* 0: the reflector; 1, 2: clients; 3, 4: not */
	for (size_t i = 1; i < 5; i++)
		vpn_net_peer(net, 0, i, IPV4);
	for (size_t i = 1; i < 3; i++)
		vpn_net_peer_config(net, 0, i)->family[BGP_IPV4].reflect_client = true;
	begin();
	vpn_net_route(net, 1, P, false);
	vpn_net_route(net, 3, "10.3.0.0/16", false);
	vpn_net_run(net, SECONDS(1));
	for (size_t i = 2; i < 5; i++) {
		const struct path *p = vpn_net_best(net, i, BGP_IPV4, P);
		ck_assert(p && is_via(i, 1));
		ck_assert_uint_eq(p->attrs->originator, addr_to_v4(&net->nodes[1]->address));
		ck_assert_uint_eq(p->attrs->size[LIST_CLUSTERS], 4);
	}
	for (size_t i = 1; i < 3; i++)
		ck_assert(vpn_net_best(net, i, BGP_IPV4, "10.3.0.0/16"));
	ck_assert_ptr_null(vpn_net_best(net, 4, BGP_IPV4, "10.3.0.0/16"));
	const struct path *back = vpn_net_best(net, 1, BGP_IPV4, P);
	ck_assert_ptr_null(back->peer); /* its own, which came back to it and is not believed */
}
END_TEST

START_TEST(two_reflectors_of_one_cluster_do_not_go_round)
{
	nodes(3, (const uint32_t[]){ 100, 100, 100 });
	vpn_net_peer(net, 0, 1, IPV4);
	vpn_net_peer(net, 1, 2, IPV4);
	vpn_net_peer(net, 2, 0, IPV4);
	for (size_t i = 0; i < 2; i++) {
		net->nodes[i]->config.cluster_id = 7;
		vpn_net_peer_config(net, i, 1 - i)->family[BGP_IPV4].reflect_client = true;
		vpn_net_peer_config(net, i, 2)->family[BGP_IPV4].reflect_client = true;
	}
	begin();
	vpn_net_route(net, 2, P, false);
	vpn_net_run(net, SECONDS(1));
	uint64_t sent = updates(0, 1) + updates(1, 0) + updates(0, 2) + updates(1, 2);
	vpn_net_run(net, SECONDS(30));
	ck_assert_uint_eq(updates(0, 1) + updates(1, 0) + updates(0, 2) + updates(1, 2), sent);
	vpn_net_route(net, 2, P, true);
	vpn_net_run(net, SECONDS(1));
	for (size_t i = 0; i < 3; i++)
		ck_assert_ptr_null(vpn_net_best(net, i, BGP_IPV4, P));
}
END_TEST

/* --- the decision --- */

/* Node 0 hears of one prefix from 1 and 2, both of which like to be nearest; a step decides. */
static void
two_offers(uint32_t as1, uint32_t as2)
{
	nodes(3, (const uint32_t[]){ 100, as1, as2 });
	vpn_net_peer(net, 0, 1, IPV4);
	vpn_net_peer(net, 0, 2, IPV4);
}

static void
offer_both(void)
{
	begin();
	vpn_net_route(net, 1, P, false);
	vpn_net_route(net, 2, P, false);
	vpn_net_run(net, SECONDS(1));
	ck_assert_uint_eq(vpn_net_paths(net, 0, BGP_IPV4, P), 2);
}

START_TEST(the_lower_identifier_wins_among_equals)
{
	two_offers(200, 300);
	offer_both();
	ck_assert(is_via(0, 1));
}
END_TEST

START_TEST(a_preferred_peer_wins_before_everything)
{
	two_offers(200, 300);
	vpn_net_peer_config(net, 0, 2)->family[BGP_IPV4].preferred = 1;
	offer_both();
	ck_assert(is_via(0, 2));
}
END_TEST

START_TEST(the_higher_local_preference_wins)
{
	two_offers(100, 100);
	net->nodes[2]->config.instances[0].local_pref = 200;
	offer_both();
	ck_assert(is_via(0, 2));
}
END_TEST

START_TEST(our_own_wins_over_what_is_heard)
{
	two_offers(200, 300);
	offer_both();
	vpn_net_route(net, 0, P, false);
	vpn_net_run(net, SECONDS(1));
	ck_assert_ptr_null(vpn_net_best(net, 0, BGP_IPV4, P)->peer);
	vpn_net_route(net, 0, P, true);
	vpn_net_run(net, SECONDS(1));
	ck_assert(is_via(0, 1));
}
END_TEST

START_TEST(the_shorter_as_path_wins_unless_it_is_to_be_ignored)
{
	nodes(4, (const uint32_t[]){ 100, 200, 300, 400 });
	vpn_net_peer(net, 0, 1, IPV4);
	vpn_net_peer(net, 0, 2, IPV4);
	vpn_net_peer(net, 1, 3, IPV4);
	begin();
	vpn_net_route(net, 3, P, false); /* to 0: 200 400 */
	vpn_net_route(net, 2, P, false); /* to 0: 300 */
	vpn_net_run(net, SECONDS(1));
	ck_assert(is_via(0, 2));
	net->nodes[0]->config.instances[0].ignore_path = true;
	vpn_net_configure(net, 0);
	vpn_net_run(net, SECONDS(1));
	ck_assert(is_via(0, 1));
}
END_TEST

static void
route_with(size_t node, uint32_t med, uint8_t origin)
{
	struct bgp_own_route r = { .family = BGP_IPV4, .origin = origin, .med = med };

	ck_assert(prefix_parse(P, &r.prefix));
	vpn_net_give(net, node, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .route = &r });
}

START_TEST(the_lower_origin_wins)
{
	two_offers(200, 300);
	begin();
	route_with(1, 0, ORIGIN_INCOMPLETE);
	route_with(2, 0, ORIGIN_IGP);
	vpn_net_run(net, SECONDS(1));
	ck_assert(is_via(0, 2));
}
END_TEST

START_TEST(the_lower_med_wins_among_paths_of_one_neighbour_as)
{
	bool same = _i & 1, always = _i & 2;

	two_offers(200, same ? 200 : 300);
	net->nodes[0]->config.instances[0].med_always = always;
	begin();
	route_with(1, 20, ORIGIN_IGP);
	route_with(2, 10, ORIGIN_IGP);
	vpn_net_run(net, SECONDS(1));
	ck_assert(is_via(0, same || always ? 2 : 1));
}
END_TEST

START_TEST(an_external_one_wins_over_an_internal_one)
{
	two_offers(100, 300);
	begin();
	nodes(1, (const uint32_t[]){ 200 });
	vpn_net_peer(net, 3, 1, IPV4);
	vpn_net_configure(net, 1);
	vpn_net_start(net, 3, false);
	vpn_net_next_hop(net, 0, "10.0.0.4", true, 10);
	vpn_net_next_hop(net, 1, "10.0.0.4", true, 10);
	vpn_net_run(net, SECONDS(20));
	vpn_net_route(net, 3, P, false);
	vpn_net_route(net, 2, P, false);
	vpn_net_run(net, SECONDS(1));
	ck_assert_uint_eq(vpn_net_paths(net, 0, BGP_IPV4, P), 2);
	ck_assert(is_via(0, 2));
}
END_TEST

START_TEST(the_nearer_next_hop_wins_and_its_loss_moves_the_route)
{
	two_offers(100, 100);
	offer_both();
	vpn_net_next_hop(net, 0, "10.0.0.2", true, 50);
	ck_assert(is_via(0, 2));
	vpn_net_next_hop(net, 0, "10.0.0.2", true, 5);
	ck_assert(is_via(0, 1));
	vpn_net_next_hop(net, 0, "10.0.0.2", false, 0);
	ck_assert(is_via(0, 2));
	vpn_net_next_hop(net, 0, "10.0.0.3", false, 0);
	ck_assert_ptr_null(vpn_net_best(net, 0, BGP_IPV4, P));
	ck_assert_uint_eq(vpn_net_paths(net, 0, BGP_IPV4, P), 2);
	vpn_net_next_hop(net, 0, "10.0.0.3", true, 10);
	ck_assert(is_via(0, 2));
}
END_TEST

/* The order in which three paths come must not matter, with MED comparing two of them only. */
START_TEST(med_gives_the_same_result_in_every_order)
{
	static const int orders[6][3] = { { 1, 2, 3 }, { 1, 3, 2 }, { 2, 1, 3 }, { 2, 3, 1 }, { 3, 1, 2 },
		{ 3, 2, 1 } };

	nodes(4, (const uint32_t[]){ 100, 200, 300, 200 });
	for (size_t i = 1; i < 4; i++)
		vpn_net_peer(net, 0, i, IPV4);
	begin();
	vpn_net_next_hop(net, 0, "10.0.0.2", true, 10);
	vpn_net_next_hop(net, 0, "10.0.0.3", true, 20);
	vpn_net_next_hop(net, 0, "10.0.0.4", true, 30);
	for (int k = 0; k < 3; k++) {
		int who = orders[_i][k];
		route_with((size_t)who, who == 1 ? 50 : 0, ORIGIN_IGP);
		vpn_net_run(net, SECONDS(1));
	}
	/* 1 is beaten by 3 (AS 200, MED); of 2 and 3 the nearer one wins. */
	ck_assert(is_via(0, 2));
}
END_TEST

START_TEST(as_many_equal_paths_as_are_allowed_are_used)
{
	nodes(5, (const uint32_t[]){ 100, 100, 100, 100, 100 });
	for (size_t i = 1; i < 5; i++)
		vpn_net_peer(net, 0, i, IPV4);
	net->nodes[0]->config.instances[0].paths = 2;
	begin();
	for (size_t i = 1; i < 5; i++)
		vpn_net_route(net, i, P, false);
	vpn_net_next_hop(net, 0, "10.0.0.2", true, 99); /* not equal */
	vpn_net_run(net, SECONDS(1));
	unsigned used = 0;
	for (const struct path *p = vpn_net_best(net, 0, BGP_IPV4, P); p; p = p->next) {
		used += p->best || p->multi;
		ck_assert(!(p->best || p->multi) || p->hop->metric == 10);
	}
	ck_assert_uint_eq(used, 2);
}
END_TEST

/* --- communities and loops --- */

START_TEST(an_as_may_be_let_in_where_it_stands_in_the_path)
{
	nodes(3, (const uint32_t[]){ 100, 200, 100 }); /* two sites of one AS behind a provider */
	vpn_net_peer(net, 0, 1, IPV4);
	vpn_net_peer(net, 1, 2, IPV4);
	if (_i == 1)
		vpn_net_peer_config(net, 2, 1)->family[BGP_IPV4].allow_as_loop = 1;
	if (_i == 2)
		vpn_net_peer_config(net, 1, 2)->family[BGP_IPV4].substitute_as = true;
	begin();
	vpn_net_route(net, 0, P, false);
	vpn_net_run(net, SECONDS(1));
	const struct path *p = vpn_net_best(net, 2, BGP_IPV4, P);
	ck_assert(!p == (_i == 0));
	if (p)
		ck_assert_str_eq(vpn_net_as_path(p, &line), _i == 1 ? "200 100" : "200 200");
	if (!p)
		ck_assert_uint_eq(vpn_net_paths(net, 2, BGP_IPV4, P), 1); /* kept, with the reason */
}
END_TEST

START_TEST(more_prefixes_than_agreed_end_the_session_or_are_warned_of)
{
	nodes(2, (const uint32_t[]){ 100, 200 });
	vpn_net_peer(net, 0, 1, IPV4);
	vpn_net_peer_config(net, 0, 1)->family[BGP_IPV4].limit = 3;
	vpn_net_peer_config(net, 0, 1)->family[BGP_IPV4].limit_warns = _i;
	begin();
	for (int i = 0; i < 4; i++) {
		char prefix[32];
		snprintf(prefix, sizeof prefix, "10.%d.0.0/16", i);
		vpn_net_route(net, 1, prefix, false);
	}
	vpn_net_run(net, SECONDS(1));
	ck_assert(!vpn_net_peer_of(net, 0, 1)->up == !_i);
	ck_assert(strstr(vpn_net_log(net, 0),
	    _i ? "more than 3 prefixes of ipv4" : "we say Cease: maximum number of prefixes reached"));
	unsigned ups = vpn_net_peer_of(net, 0, 1)->ups;
	vpn_net_run(net, SECONDS(50));
	ck_assert_uint_eq(vpn_net_peer_of(net, 0, 1)->ups, ups); /* it is let be for a minute, whoever calls */
}
END_TEST

/* --- what is told, and how often --- */

START_TEST(many_prefixes_that_say_the_same_share_a_message)
{
	nodes(2, (const uint32_t[]){ 100, 200 });
	vpn_net_peer(net, 0, 1, IPV4);
	begin();
	vpn_net_kill(net, 1);
	vpn_net_run(net, SECONDS(1));
	uint64_t before = updates(0, 1);
	for (int i = 0; i < 1000; i++) {
		char prefix[32];
		snprintf(prefix, sizeof prefix, "10.%d.%d.0/24", i / 256, i % 256);
		vpn_net_route(net, 0, prefix, false);
	}
	vpn_net_start(net, 1, false);
	vpn_net_run(net, SECONDS(30));
	ck_assert(vpn_net_is_up(net, 0, 1));
	ck_assert_uint_eq(vpn_net_peer_of(net, 1, 0)->family[BGP_IPV4].prefixes, 1000);
	ck_assert_msg(updates(0, 1) - before <= 4, "%llu messages", (unsigned long long)(updates(0, 1) - before));
}
END_TEST

START_TEST(who_comes_later_hears_what_the_others_know_and_end_of_rib)
{
	nodes(6, (const uint32_t[]){ 100, 200, 200, 200, 200, 200 });
	for (size_t i = 1; i < 6; i++)
		vpn_net_peer(net, 0, i, IPV4);
	vpn_net_start(net, 0, false);
	for (int i = 0; i < 5000; i++) {
		char prefix[32];
		snprintf(prefix, sizeof prefix, "10.%d.%d.0/24", i / 256, i % 256);
		vpn_net_route(net, 0, prefix, false);
	}
	for (size_t i = 1; i < 6; i++) {
		vpn_net_start(net, i, false);
		vpn_net_next_hop(net, 0, "10.0.0.2", true, (uint32_t)i);
		vpn_net_run(net, SECONDS(i < 4 ? 20 : 0)); /* the last two together */
	}
	vpn_net_run(net, SECONDS(30));
	for (size_t i = 1; i < 6; i++) {
		ck_assert_msg(vpn_net_peer_of(net, i, 0)->family[BGP_IPV4].prefixes == 5000, "%zu: %u", i,
		    vpn_net_peer_of(net, i, 0)->family[BGP_IPV4].prefixes);
		ck_assert(vpn_net_peer_of(net, i, 0)->family[BGP_IPV4].ended);
	}
	vpn_net_route(net, 0, "10.0.7.0/24", true);
	vpn_net_run(net, SECONDS(1));
	for (size_t i = 1; i < 6; i++)
		ck_assert_uint_eq(vpn_net_peer_of(net, i, 0)->family[BGP_IPV4].prefixes, 4999);
}
END_TEST

START_TEST(a_refresh_brings_everything_again_and_changes_nothing)
{
	nodes(2, (const uint32_t[]){ 100, 200 });
	vpn_net_peer(net, 0, 1, IPV4);
	begin();
	vpn_net_route(net, 0, P, false);
	vpn_net_route(net, 0, "10.2.0.0/16", false);
	vpn_net_run(net, SECONDS(1));
	uint64_t before = updates(0, 1);
	vpn_net_give(net, 1, &(struct bgp_input){ .kind = BGP_IN_REFRESH });
	vpn_net_run(net, SECONDS(1));
	ck_assert_uint_eq(vpn_net_peer_of(net, 1, 0)->family[BGP_IPV4].prefixes, 2);
	ck_assert_uint_ge(updates(0, 1), before + 1);
	ck_assert_uint_eq(vpn_net_peer_of(net, 1, 0)->ups, 1);
}
END_TEST

START_TEST(a_peer_that_reads_slowly_is_told_when_it_has_room)
{
	nodes(2, (const uint32_t[]){ 100, 200 });
	vpn_net_peer(net, 0, 1, IPV4);
	begin();
	struct bgp_input room = { .kind = BGP_IN_STREAM_ROOM, .conn = vpn_net_peer_of(net, 0, 1)->up->number };
	room.size = PEER_QUEUE_MAX + 1;
	vpn_net_give(net, 0, &room);
	vpn_net_route(net, 0, P, false);
	vpn_net_run(net, SECONDS(1));
	ck_assert_ptr_null(vpn_net_best(net, 1, BGP_IPV4, P));
	room.size = 0;
	vpn_net_give(net, 0, &room);
	vpn_net_run(net, SECONDS(1));
	ck_assert(vpn_net_best(net, 1, BGP_IPV4, P));
}
END_TEST

START_TEST(a_route_that_changes_and_changes_back_at_once_is_told_as_it_is)
{
	nodes(2, (const uint32_t[]){ 100, 200 });
	vpn_net_peer(net, 0, 1, IPV4);
	begin();
	vpn_net_route(net, 0, P, false);
	vpn_net_run(net, SECONDS(1));
	vpn_net_route(net, 0, P, true);
	vpn_net_route(net, 0, P, false);
	vpn_net_run(net, SECONDS(1));
	ck_assert(vpn_net_best(net, 1, BGP_IPV4, P));
	vpn_net_route(net, 0, P, true);
	vpn_net_run(net, SECONDS(1));
	ck_assert_uint_eq(vpn_net_paths(net, 1, BGP_IPV4, P), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bgp routes");
	TCase *t = tcase_create("RFC 4271 5, 9");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_route_goes_along_a_chain_of_ases_and_its_withdrawal_too);
	tcase_add_test(t, in_a_circle_of_ases_nobody_believes_himself);
	tcase_add_test(t, an_internal_route_is_not_told_to_an_internal_peer);
	tcase_add_loop_test(t, an_as_may_be_let_in_where_it_stands_in_the_path, 0, 3);
	tcase_add_loop_test(t, more_prefixes_than_agreed_end_the_session_or_are_warned_of, 0, 2);
	suite_add_tcase(s, t);
	t = tcase_create("RFC 4456");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_reflector_hands_on_from_clients_to_all_and_from_others_to_clients);
	tcase_add_test(t, two_reflectors_of_one_cluster_do_not_go_round);
	suite_add_tcase(s, t);
	t = tcase_create("RFC 4271 9.1.2");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_preferred_peer_wins_before_everything);
	tcase_add_test(t, the_higher_local_preference_wins);
	tcase_add_test(t, our_own_wins_over_what_is_heard);
	tcase_add_test(t, the_shorter_as_path_wins_unless_it_is_to_be_ignored);
	tcase_add_test(t, the_lower_origin_wins);
	tcase_add_loop_test(t, the_lower_med_wins_among_paths_of_one_neighbour_as, 0, 4);
	tcase_add_test(t, an_external_one_wins_over_an_internal_one);
	tcase_add_test(t, the_nearer_next_hop_wins_and_its_loss_moves_the_route);
	tcase_add_test(t, the_lower_identifier_wins_among_equals);
	tcase_add_loop_test(t, med_gives_the_same_result_in_every_order, 0, 6);
	tcase_add_test(t, as_many_equal_paths_as_are_allowed_are_used);
	suite_add_tcase(s, t);
	t = tcase_create("telling");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, many_prefixes_that_say_the_same_share_a_message);
	tcase_add_test(t, who_comes_later_hears_what_the_others_know_and_end_of_rib);
	tcase_add_test(t, a_refresh_brings_everything_again_and_changes_nothing);
	tcase_add_test(t, a_peer_that_reads_slowly_is_told_when_it_has_room);
	tcase_add_test(t, a_route_that_changes_and_changes_back_at_once_is_told_as_it_is);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
