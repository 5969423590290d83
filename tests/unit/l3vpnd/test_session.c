/* Sessions between engines: RFC 4271 section 8, collisions (6.8), graceful restart (4724). */
#include "tests/helper/check.h"
#include "tests/helper/l3vpn_net.h"
#include "tests/helper/matrix.h"
#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
#define IPV4 BGP_FAMILY_BIT(BGP_IPV4)

static struct vpn_net *net;

static void
pair(uint32_t as, uint32_t other)
{
	net = vpn_net_new(1);
	vpn_net_add(net, as);
	vpn_net_add(net, other);
	vpn_net_peer(net, 0, 1, IPV4);
}

static void
teardown(void)
{
	if (net)
		vpn_net_free(net);
	net = NULL;
}

static bool
said(size_t who, const char *what)
{
	return strstr(vpn_net_log(net, who), what);
}

START_TEST(two_who_call_each_other_have_one_connection)
{
	pair(100, 200);
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	ck_assert(vpn_net_is_up(net, 0, 1));
	for (size_t i = 0; i < 2; i++) {
		const struct peer *p = vpn_net_peer_of(net, i, 1 - i);
		ck_assert_uint_eq(p->conns[0].number ? p->conns[1].number : 0, 0);
		ck_assert_uint_eq(p->ups, 1);
	}
}
END_TEST

/* Whoever calls first, and however long messages are on their way. */
START_TEST(a_collision_leaves_one_connection_whatever_the_order)
{
	pair(100, 200);
	net->sim.delay = 1 + (usec_t)_i * 13000;
	vpn_net_start(net, _i % 2, false);
	vpn_net_run(net, (usec_t)_i * 7000);
	vpn_net_start(net, 1 - _i % 2, false);
	vpn_net_run(net, SECONDS(60));
	ck_assert(vpn_net_is_up(net, 0, 1));
	ck_assert_uint_eq(vpn_net_peer_of(net, 0, 1)->ups, 1);
	ck_assert_uint_eq(vpn_net_peer_of(net, 1, 0)->ups, 1);
}
END_TEST

START_TEST(the_smaller_hold_time_counts_and_a_silent_peer_is_given_up)
{
	pair(100, 200);
	vpn_net_peer_config(net, 0, 1)->has_hold = true;
	vpn_net_peer_config(net, 0, 1)->hold_s = 30;
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	ck_assert_uint_eq(vpn_net_peer_of(net, 0, 1)->hold_s, 30);
	ck_assert_uint_eq(vpn_net_peer_of(net, 1, 0)->hold_s, 30);
	ck_assert_uint_eq(vpn_net_peer_of(net, 1, 0)->keepalive_s, 10);
	vpn_net_run(net, SECONDS(600));
	ck_assert_uint_eq(vpn_net_peer_of(net, 0, 1)->ups, 1);
	vpn_net_cut(net, 1, true);
	vpn_net_run(net, SECONDS(19));
	ck_assert(vpn_net_peer_of(net, 0, 1)->up);
	vpn_net_run(net, SECONDS(12));
	ck_assert(!vpn_net_peer_of(net, 0, 1)->up && !vpn_net_peer_of(net, 1, 0)->up);
	ck_assert(said(0, "hold timer expired"));
	vpn_net_cut(net, 1, false);
	vpn_net_run(net, SECONDS(90));
	ck_assert(vpn_net_is_up(net, 0, 1));
}
END_TEST

START_TEST(a_hold_time_of_none_needs_no_keepalives)
{
	pair(100, 100);
	vpn_net_peer_config(net, 1, 0)->has_hold = true;
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	uint64_t before = vpn_net_peer_of(net, 0, 1)->sent.messages[BGP_KEEPALIVE];
	vpn_net_run(net, SECONDS(1000));
	ck_assert(vpn_net_is_up(net, 0, 1));
	ck_assert_uint_eq(vpn_net_peer_of(net, 0, 1)->sent.messages[BGP_KEEPALIVE], before);
}
END_TEST

START_TEST(another_as_than_is_configured_is_refused_with_the_reason)
{
	pair(100, 200);
	vpn_net_peer_config(net, 0, 1)->as = 300;
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(60));
	ck_assert(!vpn_net_is_up(net, 0, 1));
	ck_assert(said(0, "we say Open: bad peer AS: its AS is not the one that is configured"));
	ck_assert(said(1, "it says Open: bad peer AS"));
	ck_assert_msg(vpn_net_peer_of(net, 0, 1)->sent.messages[BGP_NOTIFICATION] < 12, "attempts become rarer");
}
END_TEST

START_TEST(a_peer_of_our_as_with_our_identifier_is_refused)
{
	pair(100, 100);
	net->nodes[1]->config.router_id = net->nodes[0]->config.router_id;
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	ck_assert(!vpn_net_is_up(net, 0, 1));
	ck_assert(said(0, "its BGP identifier is our own"));
}
END_TEST

START_TEST(one_side_may_be_passive)
{
	pair(100, 200);
	vpn_net_peer_config(net, _i, 1 - _i)->passive = true;
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	ck_assert(vpn_net_is_up(net, 0, 1));
}
END_TEST

START_TEST(a_change_of_settings_ends_the_session_with_the_reason_and_a_description_does_not)
{
	pair(100, 200);
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	snprintf(vpn_net_peer_config(net, 0, 1)->description, BGP_NAME, "to the other one");
	vpn_net_configure(net, 0);
	vpn_net_run(net, SECONDS(20));
	ck_assert_uint_eq(vpn_net_peer_of(net, 0, 1)->ups, 1);
	vpn_net_peer_config(net, 0, 1)->has_hold = true;
	vpn_net_peer_config(net, 0, 1)->hold_s = 90;
	vpn_net_configure(net, 0);
	vpn_net_run(net, SECONDS(20));
	ck_assert_uint_eq(vpn_net_peer_of(net, 0, 1)->ups, 2);
	ck_assert(vpn_net_is_up(net, 0, 1));
	ck_assert(said(1, "it says Cease: other configuration change"));
}
END_TEST

START_TEST(a_peer_that_is_to_be_ignored_is_told_and_not_called)
{
	pair(100, 200);
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	vpn_net_peer_config(net, 0, 1)->ignored = true;
	vpn_net_configure(net, 0);
	vpn_net_run(net, SECONDS(200));
	ck_assert(!vpn_net_peer_of(net, 0, 1)->up);
	ck_assert(said(1, "it says Cease: administrative shutdown"));
	vpn_net_peer_config(net, 0, 1)->ignored = false;
	vpn_net_configure(net, 0);
	vpn_net_run(net, SECONDS(20));
	ck_assert(vpn_net_is_up(net, 0, 1));
}
END_TEST

START_TEST(a_peer_that_is_taken_away_is_told)
{
	pair(100, 200);
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	net->nodes[0]->config.instances[0].peer_count = 0;
	vpn_net_configure(net, 0);
	vpn_net_run(net, SECONDS(20));
	ck_assert_ptr_null(vpn_net_peer_of(net, 0, 1));
	ck_assert(said(1, "it says Cease: peer de-configured"));
}
END_TEST

START_TEST(bfd_ends_the_sessions_that_asked_for_it)
{
	const struct bgp_input down = { .kind = BGP_IN_BFD, .peer = addr_v4(0x0a000002), .down = true };

	pair(100, 200);
	vpn_net_peer_config(net, 0, 1)->bfd = _i;
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	vpn_net_give(net, 0, &down);
	ck_assert(!vpn_net_peer_of(net, 0, 1)->up == !!_i);
	vpn_net_run(net, SECONDS(20));
	ck_assert(vpn_net_is_up(net, 0, 1));
	ck_assert(!!said(1, "it says Cease: BFD down") == !!_i);
}
END_TEST

static void
garbage(size_t to, const void *bytes, size_t size)
{
	const struct peer *p = vpn_net_peer_of(net, to, 1 - to);

	vpn_net_give(
	    net, to, &(struct bgp_input){ .kind = BGP_IN_STREAM, .conn = p->up->number, .bytes = bytes, .size = size });
}

START_TEST(what_is_no_bgp_ends_the_session_and_it_comes_back)
{
	static const char http[] = "GET / HTTP/1.0\r\nHost: 10.0.0.1\r\n\r\n";

	pair(100, 200);
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	garbage(0, http, sizeof http);
	ck_assert(!vpn_net_peer_of(net, 0, 1)->up);
	vpn_net_run(net, SECONDS(60));
	ck_assert(said(0, "message header: connection not synchronized"));
	ck_assert(vpn_net_is_up(net, 0, 1));
}
END_TEST

START_TEST(messages_may_come_in_any_pieces)
{
	static const uint8_t keepalives[2 * BGP_HEADER_BYTES] = {
		[0 ... 15] = 255, [17] = 19, [18] = 4, [19 ... 34] = 255, [36] = 19, [37] = 4
	};
	pair(100, 200);
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	uint64_t before = vpn_net_peer_of(net, 0, 1)->received.messages[BGP_KEEPALIVE];
	for (size_t cut = 0; cut <= sizeof keepalives; cut++) {
		garbage(0, keepalives, cut);
		garbage(0, keepalives + cut, sizeof keepalives - cut);
	}
	for (size_t i = 0; i < sizeof keepalives; i++)
		garbage(0, keepalives + i, 1);
	ck_assert(vpn_net_peer_of(net, 0, 1)->up);
	ck_assert_uint_eq(
	    vpn_net_peer_of(net, 0, 1)->received.messages[BGP_KEEPALIVE], before + 2 * (sizeof keepalives + 2));
}
END_TEST

/* --- graceful restart --- */

START_TEST(routes_of_a_peer_that_restarts_stay_and_what_it_does_not_say_again_goes)
{
	pair(100, 100);
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	vpn_net_route(net, 0, "10.1.0.0/16", false);
	vpn_net_route(net, 0, "10.2.0.0/16", false);
	vpn_net_run(net, SECONDS(20));
	ck_assert(vpn_net_best(net, 1, BGP_IPV4, "10.1.0.0/16"));
	vpn_net_kill(net, 0);
	vpn_net_run(net, SECONDS(2));
	ck_assert(!vpn_net_peer_of(net, 1, 0)->up);
	ck_assert(vpn_net_best(net, 1, BGP_IPV4, "10.1.0.0/16"));
	vpn_net_start(net, 0, true);
	vpn_net_route(net, 0, "10.1.0.0/16", false);
	vpn_net_run(net, SECONDS(30));
	ck_assert(vpn_net_is_up(net, 0, 1));
	ck_assert(vpn_net_best(net, 1, BGP_IPV4, "10.1.0.0/16"));
	ck_assert_ptr_null(vpn_net_best(net, 1, BGP_IPV4, "10.2.0.0/16"));
}
END_TEST

START_TEST(routes_of_a_peer_that_does_not_come_back_go_after_its_restart_time)
{
	pair(100, 100);
	net->nodes[0]->config.restart_s = 40;
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	vpn_net_route(net, 0, "10.1.0.0/16", false);
	vpn_net_run(net, SECONDS(2));
	vpn_net_kill(net, 0);
	vpn_net_run(net, SECONDS(39));
	ck_assert(vpn_net_best(net, 1, BGP_IPV4, "10.1.0.0/16"));
	vpn_net_run(net, SECONDS(2));
	ck_assert_ptr_null(vpn_net_best(net, 1, BGP_IPV4, "10.1.0.0/16"));
}
END_TEST

#define HAD_TIME "peers that restart as well had their time"
/* As FRR does: it says that it restarts, and soon after that it has told everything. */
START_TEST(one_that_restarts_as_well_is_given_some_seconds_to_tell_what_it_has)
{
	bool tells = _i;

	pair(100, 100);
	vpn_net_start(net, 0, true);
	vpn_net_start(net, 1, true);
	while (!vpn_net_is_up(net, 0, 1))
		vpn_net_run(net, SECONDS(1) / 10);
	vpn_net_run(net, SECONDS(8));
	ck_assert(bgp_is_restarting(net->nodes[0]->b) && bgp_is_restarting(net->nodes[1]->b));
	if (tells) {
		vpn_net_route(net, 1, "10.2.0.0/16", false);
		restart_end(net->nodes[1]->b, "a test says so");
		vpn_net_route(net, 1, "10.3.0.0/16", false);
		vpn_net_run(net, SECONDS(1));
		ck_assert(said(0, "the restart is over: all peers have told what they have"));
		ck_assert(vpn_net_best(net, 0, BGP_IPV4, "10.2.0.0/16"));
	}
	vpn_net_run(net, SECONDS(3));
	ck_assert_int_eq(said(0, HAD_TIME) || said(1, HAD_TIME), !tells); /* the first tells the other */
	ck_assert(!bgp_is_restarting(net->nodes[0]->b));
}
END_TEST

START_TEST(without_graceful_restart_routes_go_at_once)
{
	pair(100, 100);
	net->nodes[_i]->config.graceful_off = true;
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	vpn_net_route(net, 0, "10.1.0.0/16", false);
	vpn_net_run(net, SECONDS(2));
	ck_assert(vpn_net_best(net, 1, BGP_IPV4, "10.1.0.0/16"));
	vpn_net_kill(net, 0);
	vpn_net_run(net, SECONDS(1));
	ck_assert_ptr_null(vpn_net_best(net, 1, BGP_IPV4, "10.1.0.0/16"));
}
END_TEST

START_TEST(an_ignored_peers_routes_go_at_once)
{
	pair(100, 100);
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	vpn_net_route(net, 0, "10.1.0.0/16", false);
	vpn_net_run(net, SECONDS(2));
	vpn_net_peer_config(net, 1, 0)->ignored = true;
	vpn_net_configure(net, 1);
	ck_assert_ptr_null(vpn_net_best(net, 1, BGP_IPV4, "10.1.0.0/16"));
}
END_TEST

/* RFC 9494: kept much longer, behind what is fresh, with a mark; who does not know the mark is told of it no more. */
START_TEST(routes_of_a_peer_that_is_away_for_long_are_a_last_resort)
{
	net = vpn_net_new(1);
	for (int i = 0; i < 4; i++)
		vpn_net_add(net, i < 2 ? 100 : 200 + (uint32_t)i);
	for (size_t i = 1; i < 4; i++)
		vpn_net_peer(net, 0, i, IPV4);
	for (size_t i = 0; i < 3; i++)
		net->nodes[i]->config.long_lived_s = 3600; /* 3 does not know it */
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	vpn_net_route(net, 1, "10.1.0.0/16", false);
	vpn_net_run(net, SECONDS(2));
	vpn_net_kill(net, 1);
	vpn_net_run(net, SECONDS(100));
	ck_assert(vpn_net_best(net, 2, BGP_IPV4, "10.1.0.0/16") && vpn_net_best(net, 3, BGP_IPV4, "10.1.0.0/16"));
	vpn_net_run(net, SECONDS(100));
	const struct path *p = vpn_net_best(net, 0, BGP_IPV4, "10.1.0.0/16");
	ck_assert(p && attr_has_community(p->attrs, COMMUNITY_LLGR_STALE));
	ck_assert(vpn_net_best(net, 2, BGP_IPV4, "10.1.0.0/16"));
	ck_assert_ptr_null(vpn_net_best(net, 3, BGP_IPV4, "10.1.0.0/16"));
	vpn_net_route(net, 2, "10.1.0.0/16", false); /* fresh, though from outside and longer */
	vpn_net_run(net, SECONDS(2));
	ck_assert_ptr_eq(vpn_net_best(net, 0, BGP_IPV4, "10.1.0.0/16")->peer, vpn_net_peer_of(net, 0, 2));
	vpn_net_route(net, 2, "10.1.0.0/16", true);
	vpn_net_run(net, SECONDS(3000));
	ck_assert(vpn_net_best(net, 0, BGP_IPV4, "10.1.0.0/16"));
	vpn_net_run(net, SECONDS(1000));
	ck_assert_ptr_null(vpn_net_best(net, 0, BGP_IPV4, "10.1.0.0/16"));
	ck_assert_uint_eq(vpn_net_paths(net, 0, BGP_IPV4, "10.1.0.0/16"), 0);
}
END_TEST

/* RFC 8538 3: it says so inside a Hard Reset, which shows as what it holds. */
START_TEST(who_is_shut_down_for_good_is_not_waited_for)
{
	pair(100, 100);
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	vpn_net_route(net, 0, "10.1.0.0/16", false);
	vpn_net_run(net, SECONDS(2));
	ck_assert(vpn_net_best(net, 1, BGP_IPV4, "10.1.0.0/16"));
	vpn_net_peer_config(net, 0, 1)->ignored = true;
	vpn_net_configure(net, 0);
	vpn_net_run(net, SECONDS(1));
	ck_assert_ptr_null(vpn_net_best(net, 1, BGP_IPV4, "10.1.0.0/16"));
	ck_assert(said(1, "it says Cease: administrative shutdown"));
	ck_assert_uint_eq(vpn_net_peer_of(net, 1, 0)->last_fault.subcode, BGP_CEASE_HARD_RESET);
}
END_TEST

/* An operator's reset is over soon: routes stay. */
START_TEST(routes_stay_while_a_session_is_reset)
{
	pair(100, 100);
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	vpn_net_route(net, 0, "10.1.0.0/16", false);
	vpn_net_run(net, SECONDS(2));
	vpn_net_give(net, 0, &(struct bgp_input){ .kind = BGP_IN_RESET });
	for (int i = 0; i < 500; i++) {
		vpn_net_run(net, SECONDS(1) / 100);
		ck_assert(vpn_net_best(net, 1, BGP_IPV4, "10.1.0.0/16"));
	}
	ck_assert(vpn_net_is_up(net, 0, 1));
	ck_assert_uint_eq(vpn_net_peer_of(net, 0, 1)->ups, 2);
}
END_TEST

/* --- the table --- */

START_TEST(an_event_out_of_place_never_leaves_a_half_open_connection)
{
	enum bgp_state in = (enum bgp_state)(_i / BGP_EVENTS);
	enum bgp_event on = (enum bgp_event)(_i % BGP_EVENTS);
	struct bgp_move m = bgp_decide(in, on);

	if (m.listed)
		return;
	ck_assert_msg(m.next == BGP_IDLE && m.acts & BA_CLOSE, "%s on %s", bgp_state_name(in), bgp_event_name(on));
	ck_assert_msg(
	    !!(m.acts & BA_NOTIFY) == (in >= BGP_OPENSENT), "%s on %s", bgp_state_name(in), bgp_event_name(on));
	ck_assert_msg(
	    !!(m.acts & BA_DOWN) == (in == BGP_ESTABLISHED), "%s on %s", bgp_state_name(in), bgp_event_name(on));
}
END_TEST

START_TEST(the_matrix_is_the_one_that_was_reviewed)
{
	static const char *const acts[] = { "call", "retry", "no-retry", "send-open", "hold-large", "agree",
		"send-keepalive", "hold", "up", "handle", "notify", "down", "close", "back-off" };
	struct text now = { 0 };

	text_line(&now, "%s",
	    "# state, event: next state, actions; * not expected. Printed by tests/unit/l3vpnd/test_session.");
	for (int in = 0; in < BGP_STATES; in++)
		for (int on = 0; on < BGP_EVENTS; on++) {
			struct bgp_move m = bgp_decide((enum bgp_state)in, (enum bgp_event)on);
			text_add(&now, "%-12s %-15s %s%s", bgp_state_name((enum bgp_state)in),
			    bgp_event_name((enum bgp_event)on), bgp_state_name(m.next), m.listed ? "" : " *");
			matrix_acts(&now, m.acts, acts, COUNT(acts));
		}
	matrix_compare(&now, "tests/fsm/bgp_session.ok");
	text_free(&now);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bgp sessions");
	TCase *t = tcase_create("RFC 4271 8");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, two_who_call_each_other_have_one_connection);
	tcase_add_loop_test(t, a_collision_leaves_one_connection_whatever_the_order, 0, 40);
	tcase_add_test(t, the_smaller_hold_time_counts_and_a_silent_peer_is_given_up);
	tcase_add_test(t, a_hold_time_of_none_needs_no_keepalives);
	tcase_add_test(t, another_as_than_is_configured_is_refused_with_the_reason);
	tcase_add_test(t, a_peer_of_our_as_with_our_identifier_is_refused);
	tcase_add_loop_test(t, one_side_may_be_passive, 0, 2);
	tcase_add_test(t, a_change_of_settings_ends_the_session_with_the_reason_and_a_description_does_not);
	tcase_add_test(t, a_peer_that_is_to_be_ignored_is_told_and_not_called);
	tcase_add_test(t, a_peer_that_is_taken_away_is_told);
	tcase_add_loop_test(t, bfd_ends_the_sessions_that_asked_for_it, 0, 2);
	tcase_add_test(t, what_is_no_bgp_ends_the_session_and_it_comes_back);
	tcase_add_test(t, messages_may_come_in_any_pieces);
	tcase_add_test(t, the_matrix_is_the_one_that_was_reviewed);
	tcase_add_loop_test(t, an_event_out_of_place_never_leaves_a_half_open_connection, 0, BGP_STATES * BGP_EVENTS);
	suite_add_tcase(s, t);
	t = tcase_create("RFC 4724");
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, routes_of_a_peer_that_restarts_stay_and_what_it_does_not_say_again_goes);
	tcase_add_test(t, routes_of_a_peer_that_does_not_come_back_go_after_its_restart_time);
	tcase_add_loop_test(t, one_that_restarts_as_well_is_given_some_seconds_to_tell_what_it_has, 0, 2);
	tcase_add_loop_test(t, without_graceful_restart_routes_go_at_once, 0, 2);
	tcase_add_test(t, an_ignored_peers_routes_go_at_once);
	tcase_add_test(t, routes_of_a_peer_that_is_away_for_long_are_a_last_resort);
	tcase_add_test(t, who_is_shut_down_for_good_is_not_waited_for);
	tcase_add_test(t, routes_stay_while_a_session_is_reset);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
