/* Extended discovery, RFC 5036 section 2.4.2: who is sent targeted Hellos, who is answered, what they carry. */
#include "base/mem.h"
#include "helper/check.h"
#include "tests/helper/ldp_script.h"
#include <stdio.h>
#include <string.h>

static struct script *s;

static void
setup(void)
{
	s = script_new("3.3.3.3"); /* the engine is 2.2.2.2: the neighbour connects */
}

static void
teardown(void)
{
	ldp_config_free(&s->dut->config);
	script_free(s);
}

static struct ldp_peer_config *
peer(const char *address)
{
	struct addr a;

	ck_assert(addr_parse(address, &a));
	return ldp_config_peer_get(&s->dut->config, &a);
}

static void
configure(const char *target)
{
	peer(target)->targeted = true;
	ldp_node_configure(s->dut);
}

static void
accept_from(const char *prefix)
{
	struct ldp_config *c = &s->dut->config;

	c->accept_targeted = true;
	if (prefix) {
		struct prefix_rule r = { .permit = true, .less_equal = 32, .greater_equal = 32 };
		prefix_parse(prefix, &r.prefix);
		prefix_lists_set(&c->prefix_lists, "friends", r);
		snprintf(c->accept_targeted_list, sizeof c->accept_targeted_list, "friends");
	}
	ldp_node_configure(s->dut);
}

static size_t
adjacencies(void)
{
	return ldp_node_rows(s->dut, "ldp.Adjacency");
}

START_TEST(a_configured_peer_is_sent_targeted_hellos_that_ask_for_an_answer)
{
	configure("3.3.3.3");
	ck_assert(s->hello.hello.targeted && s->hello.hello.request_targeted);
	ck_assert_uint_eq(s->hello.hello.hold_s, 90);
	ck_assert_uint_eq(addr_to_v4(&s->hello_to), 0x03030303);
	ck_assert_uint_eq(s->hello_ttl, 255);
	ck_assert_msg(!s->hello.hello.gtsm, "RFC 6720: never in targeted Hellos");
	ck_assert_uint_eq(addr_to_v4(&s->hello.hello.transport4), 0x02020202);
}
END_TEST

START_TEST(they_go_out_every_ten_seconds_and_each_change_counts_at_once)
{
	configure("3.3.3.3");
	s->dut->config.interface_count = 0;
	ldp_node_configure(s->dut);
	unsigned before = s->hellos;
	script_run(s, 60 * USEC_PER_SEC);
	ck_assert_uint_ge(s->hellos - before, 6);
	ck_assert_uint_le(s->hellos - before, 7);
	s->dut->config.targeted_interval_s = 2;
	s->dut->config.targeted_hold_s = 30;
	before = s->hellos;
	ldp_node_configure(s->dut);
	ck_assert_msg(s->hellos == before + 1 && s->hello.hello.hold_s == 30, "the neighbour is told at once");
	before = s->hellos;
	script_run(s, 20 * USEC_PER_SEC);
	ck_assert_uint_ge(s->hellos - before, 10);
}
END_TEST

START_TEST(its_answer_makes_an_adjacency_and_a_session_without_a_link)
{
	configure("3.3.3.3");
	script_targeted_hello(s, 90, false);
	ck_assert_uint_eq(adjacencies(), 1);
	struct ldp_node far = { .lsr = s->lsr };
	ck_assert_uint_eq(ldp_node_adjacency(s->dut, &far)->ifindex, 0);
	ck_assert_uint_eq(ldp_node_adjacency(s->dut, &far)->hold_ms, 90000);
	script_connect(s);
	script_init(s, NULL);
	script_keepalive(s);
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

static const struct {
	uint16_t ours, theirs;
	uint32_t agreed_ms;
} holds[] = { { 90, 30, 30000 }, { 30, 90, 30000 }, { 90, 0, 45000 }, { 90, 0xffff, 90000 },
	{ 0xffff, 0xffff, UINT32_MAX }, { 0xffff, 20, 20000 } };

START_TEST(the_lower_hold_time_counts_with_0_the_standard_45_and_65535_for_ever)
{
	s->dut->config.targeted_hold_s = holds[_i].ours;
	configure("3.3.3.3");
	script_targeted_hello(s, holds[_i].theirs, false);
	struct ldp_node far = { .lsr = s->lsr };
	ck_assert_uint_eq(ldp_node_adjacency(s->dut, &far)->hold_ms, holds[_i].agreed_ms);
}
END_TEST

START_TEST(a_short_hold_time_makes_our_hellos_come_three_to_it)
{
	configure("3.3.3.3");
	s->dut->config.interface_count = 0;
	ldp_node_configure(s->dut);
	script_targeted_hello(s, 0xffff, false);
	script_targeted_hello(s, 9, false);
	unsigned before = s->hellos;
	script_run(s, 6 * USEC_PER_SEC);
	ck_assert_uint_ge(s->hellos - before, 2);
}
END_TEST

START_TEST(an_uninvited_one_is_not_answered)
{
	unsigned before = s->hellos;
	script_targeted_hello(s, 90, true);
	ck_assert_uint_eq(adjacencies(), 0);
	ck_assert_uint_eq(s->hellos, before);
}
END_TEST

START_TEST(an_accepted_one_is_answered_without_asking_back)
{
	accept_from(NULL);
	script_targeted_hello(s, 90, true);
	ck_assert_uint_eq(adjacencies(), 1);
	ck_assert(s->hello.hello.targeted);
	ck_assert_msg(!s->hello.hello.request_targeted, "we answer, we do not ask");
	ck_assert_uint_eq(addr_to_v4(&s->hello_to), 0x03030303);
}
END_TEST

START_TEST(one_that_does_not_ask_is_no_reason_to_answer)
{
	accept_from(NULL);
	script_targeted_hello(s, 90, false);
	ck_assert_uint_eq(adjacencies(), 0);
}
END_TEST

START_TEST(the_list_decides_who_is_accepted)
{
	accept_from(_i ? "3.3.0.0/16" : "4.4.0.0/16");
	script_targeted_hello(s, 90, true);
	ck_assert_uint_eq(adjacencies(), (size_t)_i);
}
END_TEST

START_TEST(a_list_that_is_not_there_lets_nobody_in)
{
	s->dut->config.accept_targeted = true;
	snprintf(s->dut->config.accept_targeted_list, sizeof s->dut->config.accept_targeted_list, "nobody");
	ldp_node_configure(s->dut);
	script_targeted_hello(s, 90, true);
	ck_assert_uint_eq(adjacencies(), 0);
}
END_TEST

START_TEST(an_accepted_one_that_falls_silent_is_forgotten)
{
	accept_from(NULL);
	s->dut->config.interface_count = 0;
	ldp_node_configure(s->dut);
	script_targeted_hello(s, 90, true);
	script_run(s, 91 * USEC_PER_SEC);
	ck_assert_uint_eq(adjacencies(), 0);
	ck_assert_uint_eq(ldp_node_rows(s->dut, "ldp.Target"), 0);
	unsigned before = s->hellos;
	script_run(s, 60 * USEC_PER_SEC);
	ck_assert_uint_eq(s->hellos, before);
}
END_TEST

START_TEST(a_configured_one_that_falls_silent_is_still_sent_to)
{
	configure("3.3.3.3");
	script_targeted_hello(s, 90, false);
	script_run(s, 91 * USEC_PER_SEC);
	ck_assert_uint_eq(adjacencies(), 0);
	ck_assert_uint_eq(ldp_node_rows(s->dut, "ldp.Target"), 1);
}
END_TEST

START_TEST(taken_out_of_the_configuration_the_session_ends_in_order)
{
	configure("3.3.3.3");
	script_targeted_hello(s, 90, false);
	script_connect(s);
	script_init(s, NULL);
	script_keepalive(s);
	script_forget(s);
	peer("3.3.3.3")->targeted = false;
	ldp_node_configure(s->dut);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_SHUTDOWN);
	ck_assert_str_eq(script_state(s), "none");
	ck_assert_uint_eq(ldp_node_rows(s->dut, "ldp.Target"), 0);
}
END_TEST

START_TEST(a_session_rests_on_link_and_targeted_hellos_alike)
{
	configure("3.3.3.3");
	script_up(s);
	script_targeted_hello(s, 90, false);
	ck_assert_uint_eq(adjacencies(), 2);
	/* The link's Hellos stop: its adjacency goes after 15 s, the session stays. */
	for (int i = 0; i < 5; i++) {
		script_run(s, 10 * USEC_PER_SEC);
		script_targeted_hello(s, 90, false);
		script_keepalive(s);
	}
	ck_assert_uint_eq(adjacencies(), 1);
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

START_TEST(without_the_lsr_ids_address_nothing_is_sent_and_the_reason_is_told)
{
	struct sim_port *loopback = ldp_node_find_port(s->dut, 1);
	loopback->up = false;
	ldp_node_port(s->dut, loopback);
	unsigned before = s->hellos;
	configure("3.3.3.3");
	ck_assert_uint_eq(s->hellos, before);
	loopback->up = true;
	ldp_node_port(s->dut, loopback);
	ck_assert_msg(s->hello.hello.targeted || s->hellos > before, "they begin when the address is there");
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("ldpd targeted");
	TCase *c = tcase_create("RFC 5036 2.4.2");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_configured_peer_is_sent_targeted_hellos_that_ask_for_an_answer);
	tcase_add_test(c, they_go_out_every_ten_seconds_and_each_change_counts_at_once);
	tcase_add_test(c, its_answer_makes_an_adjacency_and_a_session_without_a_link);
	tcase_add_loop_test(c, the_lower_hold_time_counts_with_0_the_standard_45_and_65535_for_ever, 0, COUNT(holds));
	tcase_add_test(c, a_short_hold_time_makes_our_hellos_come_three_to_it);
	tcase_add_test(c, an_uninvited_one_is_not_answered);
	tcase_add_test(c, an_accepted_one_is_answered_without_asking_back);
	tcase_add_test(c, one_that_does_not_ask_is_no_reason_to_answer);
	tcase_add_loop_test(c, the_list_decides_who_is_accepted, 0, 2);
	tcase_add_test(c, a_list_that_is_not_there_lets_nobody_in);
	tcase_add_test(c, an_accepted_one_that_falls_silent_is_forgotten);
	tcase_add_test(c, a_configured_one_that_falls_silent_is_still_sent_to);
	tcase_add_test(c, taken_out_of_the_configuration_the_session_ends_in_order);
	tcase_add_test(c, a_session_rests_on_link_and_targeted_hellos_alike);
	tcase_add_test(c, without_the_lsr_ids_address_nothing_is_sent_and_the_reason_is_told);
	suite_add_tcase(suite, c);
	return suite;
}
CHECK_MAIN(suite)
