/* Hellos and adjacencies, RFC 5036 2.4 and 3.5.2. */
#include "tests/helper/check.h"
#include "tests/helper/ldp_script.h"
#include <string.h>

static struct script *s;

static void
setup(void)
{
	s = script_new("3.3.3.3");
}

static void
teardown(void)
{
	script_free(s);
}

static size_t
adjacencies(void)
{
	return ldp_node_rows(s->dut, "ldp.Adjacency");
}

static const Ldp__Adjacency *
adjacency(void)
{
	struct ldp_node peer = { .lsr = s->lsr };

	return ldp_node_adjacency(s->dut, &peer);
}

START_TEST(a_hello_goes_out_as_soon_as_the_link_is_there_and_every_five_seconds)
{
	ck_assert_uint_eq(s->hellos, 1);
	ck_assert_uint_eq(s->dut->sim.ports[1].group_count, 1);
	ck_assert_uint_eq(s->hello.hello.hold_s, 15);
	ck_assert(!s->hello.hello.targeted);
	script_run(s, 100 * USEC_PER_SEC);
	/* Each up to a tenth early. */
	ck_assert_uint_ge(s->hellos, 1 + 20);
	ck_assert_uint_le(s->hellos, 1 + 23);
}
END_TEST

START_TEST(the_transport_address_is_the_lsr_id_when_that_is_ours_and_the_links_own_else)
{
	ck_assert_uint_eq(addr_to_v4(&s->hello.hello.transport4), s->dut->lsr);
	s->dut->sim.ports[0].up = false;
	ldp_node_port(s->dut, &s->dut->sim.ports[0]);
	script_run(s, 6 * USEC_PER_SEC);
	ck_assert_uint_eq(addr_to_v4(&s->hello.hello.transport4), 0x0a000002);
}
END_TEST

/* What LDP on a link needs; without any of it no Hello goes out and the row says why. */
static void
no_lsr_id(void)
{
	s->dut->config.lsr_id = 0;
	ldp_node_configure(s->dut);
}
static void
no_ldp(void)
{
	s->dut->config.enabled = false;
	ldp_node_configure(s->dut);
}
static void
no_carrier(void)
{
	s->dut->sim.ports[1].up = false;
	ldp_node_port(s->dut, &s->dut->sim.ports[1]);
}
static void
no_address(void)
{
	s->dut->sim.ports[1].address = (struct prefix){ 0 };
	ldp_node_port(s->dut, &s->dut->sim.ports[1]);
}
static void
no_interface(void)
{
	s->dut->sim.ports[1].gone = true;
	ldp_node_port(s->dut, &s->dut->sim.ports[1]);
}
static void
no_ldp_there(void)
{
	s->dut->config.interface_count = 0;
	ldp_node_configure(s->dut);
}
static const struct {
	const char *why;
	void (*break_it)(void);
} needs[] = {
	{ "mpls lsr-id is not set", no_lsr_id },
	{ "mpls ldp is not on globally", no_ldp },
	{ "the interface is down", no_carrier },
	{ "the interface has no IPv4 address", no_address },
	{ NULL, no_interface },
	{ NULL, no_ldp_there },
};

START_TEST(a_link_that_lacks_something_is_silent_says_why_and_loses_its_session)
{
	script_up(s);
	script_run(s, USEC_PER_SEC);
	needs[_i].break_it();
	script_forget(s);
	ck_assert_uint_eq(adjacencies(), 0);
	ck_assert_uint_eq(s->conn, 0);
	script_run(s, 20 * USEC_PER_SEC);
	ck_assert_uint_eq(s->hellos, 0);
	script_hello(s, 15);
	ck_assert_uint_eq(adjacencies(), 0);
	const Ldp__Interface *i = ldp_node_interface(s->dut, 2);
	if (needs[_i].why) {
		ck_assert_str_eq(i->inactive, needs[_i].why);
		ck_assert(!i->active);
	} else {
		ck_assert_ptr_null(i);
	}
}
END_TEST

START_TEST(a_new_neighbours_hello_is_answered_at_once)
{
	script_run(s, USEC_PER_SEC);
	script_forget(s);
	script_hello(s, 15);
	ck_assert_uint_eq(s->hellos, 1);
	ck_assert_uint_eq(adjacencies(), 1);
}
END_TEST

START_TEST(two_new_neighbours_within_a_moment_are_answered_by_one_hello_each_soon)
{
	script_run(s, USEC_PER_SEC);
	script_forget(s);
	script_hello(s, 15);
	script_run(s, 10 * USEC_PER_MSEC);
	addr_parse("10.0.0.8", &s->source);
	addr_parse("4.4.4.4", &s->transport);
	s->lsr = 0x04040404;
	script_hello(s, 15);
	ck_assert_uint_eq(s->hellos, 1);
	script_run(s, 240 * USEC_PER_MSEC);
	ck_assert_uint_eq(s->hellos, 2);
}
END_TEST

START_TEST(hellos_without_a_session_are_not_answered_endlessly)
{
	script_run(s, USEC_PER_SEC);
	script_forget(s);
	for (int i = 0; i < 100; i++) {
		script_hello(s, 15);
		script_run(s, 10 * USEC_PER_MSEC);
	}
	ck_assert_uint_le(s->hellos, 5);
}
END_TEST

START_TEST(the_smaller_hold_time_counts_and_zero_is_the_default)
{
	static const struct {
		uint16_t ours, theirs;
		uint32_t agreed_ms;
	} cases[] = { { 15, 45, 15000 }, { 15, 6, 6000 }, { 60, 0, 15000 }, { 65535, 65535, UINT32_MAX },
		{ 65535, 30, 30000 }, { 10, 65535, 10000 } };
	s->dut->config.hello_hold_s = cases[_i].ours;
	ldp_node_configure(s->dut);
	script_hello(s, cases[_i].theirs);
	ck_assert_uint_eq(adjacency()->hold_ms, cases[_i].agreed_ms);
}
END_TEST

START_TEST(an_adjacency_ends_exactly_at_its_hold_time_after_the_last_hello)
{
	script_hello(s, 15);
	script_run(s, 10 * USEC_PER_SEC);
	script_hello(s, 15);
	script_run(s, 15 * USEC_PER_SEC - 1);
	ck_assert_uint_eq(adjacencies(), 1);
	script_run(s, 1);
	ck_assert_uint_eq(adjacencies(), 0);
}
END_TEST

START_TEST(an_infinite_hold_time_never_ends)
{
	s->dut->config.hello_hold_s = 65535;
	ldp_node_configure(s->dut);
	script_hello(s, 65535);
	script_run(s, 100000 * USEC_PER_SEC);
	ck_assert_uint_eq(adjacencies(), 1);
}
END_TEST

START_TEST(a_neighbour_with_a_short_hold_time_gets_three_hellos_within_it)
{
	script_hello(s, 6);
	ck_assert_uint_eq(adjacency()->interval_ms, 2000);
	script_forget(s);
	for (int i = 0; i < 10; i++) {
		script_run(s, 2 * USEC_PER_SEC);
		script_hello(s, 6);
	}
	ck_assert_uint_ge(s->hellos, 10);
}
END_TEST

START_TEST(new_discovery_timers_are_used_at_once_and_no_session_is_touched)
{
	script_up(s);
	script_run(s, USEC_PER_SEC);
	script_forget(s);
	s->dut->config.hello_interval_s = 20;
	s->dut->config.hello_hold_s = 60;
	ldp_node_configure(s->dut);
	ck_assert_uint_eq(s->hellos, 1);
	ck_assert_uint_eq(s->hello.hello.hold_s, 60);
	script_hello(s, 60);
	ck_assert_uint_eq(adjacency()->hold_ms, 60000);
	ck_assert_uint_eq(adjacency()->interval_ms, 20000);
	script_run(s, 59 * USEC_PER_SEC);
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

START_TEST(a_hello_with_another_lsr_id_from_the_same_source_ends_the_old_session)
{
	script_up(s);
	addr_parse("4.4.4.4", &s->transport);
	uint32_t old = s->lsr;
	s->lsr = 0x04040404;
	script_hello(s, 15);
	struct ldp_node before = { .lsr = old };
	ck_assert_ptr_null(ldp_node_adjacency(s->dut, &before));
	ck_assert_ptr_nonnull(adjacency());
	ck_assert_uint_eq(s->closes, 1);
}
END_TEST

START_TEST(a_neighbour_with_our_own_lsr_id_is_refused_and_named)
{
	s->lsr = s->dut->lsr;
	script_hello(s, 15);
	ck_assert_uint_eq(adjacencies(), 0);
	ck_assert(ldp_node_logged(s->dut, "uses our own LSR id"));
}
END_TEST

static const struct {
	const char *name, *bytes;
	size_t size;
} bad[] = {
	{ "nothing", "", 0 },
	{ "half a header", "\0\1\0\26", 4 },
	{ "version 2", "\0\2\0\26\3\3\3\3\0\0\1\0\0\14\0\0\0\1\4\0\0\4\0\17\0\0", 26 },
	{ "a length beyond the datagram", "\0\1\0\27\3\3\3\3\0\0\1\0\0\14\0\0\0\1\4\0\0\4\0\17\0\0", 26 },
	{ "no hello parameters", "\0\1\0\16\3\3\3\3\0\0\1\0\0\4\0\0\0\1", 18 },
	{ "a KeepAlive", "\0\1\0\16\3\3\3\3\0\0\2\1\0\4\0\0\0\1", 18 },
	{ "LSR id 0", "\0\1\0\26\0\0\0\0\0\0\1\0\0\14\0\0\0\1\4\0\0\4\0\17\0\0", 26 },
};

START_TEST(a_datagram_that_is_no_hello_is_counted_and_changes_nothing)
{
	script_datagram(s, bad[_i].bytes, bad[_i].size);
	ck_assert_uint_eq(adjacencies(), 0);
	ck_assert_msg(ldp_node_interface(s->dut, 2)->hellos_bad == 1, "%s", bad[_i].name);
}
END_TEST

START_TEST(a_targeted_hello_makes_no_adjacency)
{
	struct ldp_writer w;
	uint8_t bytes[64];
	ldp_begin(&w, bytes, sizeof bytes, s->lsr);
	ldp_put_hello(&w, 1,
	    &(struct ldp_hello_fields){
		.hold_s = 45, .targeted = true, .request_targeted = true, .transport = s->transport });
	script_datagram(s, bytes, ldp_end(&w));
	ck_assert_uint_eq(adjacencies(), 0);
	ck_assert_uint_eq(ldp_node_interface(s->dut, 2)->hellos_bad, 0);
}
END_TEST

START_TEST(without_a_transport_address_the_source_is_meant)
{
	script_datagram(s, "\0\1\0\26\3\3\3\3\0\0\1\0\0\14\0\0\0\1\4\0\0\4\0\17\0\0", 26);
	const Ldp__Adjacency *a = adjacency();
	ck_assert_ptr_nonnull(a);
	ck_assert_int_eq(memcmp(a->transport.data, "\12\0\0\11", 4), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("ldpd discovery");
	TCase *t = tcase_create("RFC 5036 2.4");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_hello_goes_out_as_soon_as_the_link_is_there_and_every_five_seconds);
	tcase_add_test(t, the_transport_address_is_the_lsr_id_when_that_is_ours_and_the_links_own_else);
	tcase_add_loop_test(
	    t, a_link_that_lacks_something_is_silent_says_why_and_loses_its_session, 0, sizeof needs / sizeof *needs);
	tcase_add_test(t, a_new_neighbours_hello_is_answered_at_once);
	tcase_add_test(t, two_new_neighbours_within_a_moment_are_answered_by_one_hello_each_soon);
	tcase_add_test(t, hellos_without_a_session_are_not_answered_endlessly);
	tcase_add_loop_test(t, the_smaller_hold_time_counts_and_zero_is_the_default, 0, 6);
	tcase_add_test(t, an_adjacency_ends_exactly_at_its_hold_time_after_the_last_hello);
	tcase_add_test(t, an_infinite_hold_time_never_ends);
	tcase_add_test(t, a_neighbour_with_a_short_hold_time_gets_three_hellos_within_it);
	tcase_add_test(t, new_discovery_timers_are_used_at_once_and_no_session_is_touched);
	tcase_add_test(t, a_hello_with_another_lsr_id_from_the_same_source_ends_the_old_session);
	tcase_add_test(t, a_neighbour_with_our_own_lsr_id_is_refused_and_named);
	tcase_add_loop_test(t, a_datagram_that_is_no_hello_is_counted_and_changes_nothing, 0, sizeof bad / sizeof *bad);
	tcase_add_test(t, a_targeted_hello_makes_no_adjacency);
	tcase_add_test(t, without_a_transport_address_the_source_is_meant);
	suite_add_tcase(suite, t);
	return suite;
}

CHECK_MAIN(suite)
