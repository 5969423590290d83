/* What protects a session: passwords (RFC 5036 2.9), TTLs (RFC 6720), and patience after refusals (2.5.3). */
#include "base/mem.h"
#include "helper/check.h"
#include "proto/igp.pb-c.h"
#include "tests/helper/ldp_script.h"
#include <stdio.h>
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
	ldp_config_free(&s->dut->config);
	script_free(s);
}

static struct ldp_peer_config *
peer(void)
{
	struct addr a = addr_v4(s->lsr);

	return ldp_config_peer_get(&s->dut->config, &a);
}

static void
password(const char *text)
{
	snprintf(peer()->password, sizeof peer()->password, "%s", text);
	ldp_node_configure(s->dut);
}

static const Ldp__Session *
session(void)
{
	struct ldp_node far = { .lsr = s->lsr };

	return ldp_node_session(s->dut, &far);
}

/* --- passwords --- */

START_TEST(a_peers_password_is_known_to_the_host_before_anything_is_heard_of_it)
{
	password("orange");
	ck_assert_uint_eq(s->keys, 1);
	ck_assert_str_eq(s->key, "orange");
	ck_assert_uint_eq(addr_to_v4(&s->key_for), 0x03030303);
}
END_TEST

START_TEST(the_fallback_is_told_with_the_first_hello_before_it_can_connect)
{
	snprintf(s->dut->config.password, sizeof s->dut->config.password, "apple");
	ldp_node_configure(s->dut);
	ck_assert_uint_eq(s->keys, 0);
	script_hello(s, 15);
	ck_assert_str_eq(s->key, "apple");
	ck_assert_uint_eq(addr_to_v4(&s->key_for), 0x03030303);
	ck_assert_str_eq(session()->password, "fallback");
}
END_TEST

START_TEST(the_peers_own_comes_before_a_lists_and_that_before_the_fallback)
{
	struct ldp_config *c = &s->dut->config;
	struct prefix_rule r = { .permit = true, .greater_equal = 32, .less_equal = 32 };

	prefix_parse("3.0.0.0/8", &r.prefix);
	prefix_lists_set(&c->prefix_lists, "core", r);
	ldp_config_password_set(c, 0, &(struct ldp_password_config){ .list = "core", .password = "pear" });
	snprintf(c->password, sizeof c->password, "apple");
	ldp_node_configure(s->dut);
	script_hello(s, 15);
	ck_assert_str_eq(s->key, "pear");
	ck_assert_str_eq(session()->password, "option");
	password("orange");
	ck_assert_str_eq(s->key, "orange");
	peer()->password[0] = '\0';
	ldp_config_peer_prune(c, &s->transport);
	prefix_lists_remove(&c->prefix_lists, "core", 0);
	ldp_node_configure(s->dut);
	ck_assert_msg(strcmp(s->key, "apple") == 0, "a list that is gone gives nobody a password, not %s", s->key);
}
END_TEST

START_TEST(a_changed_password_ends_the_session_in_order)
{
	password("orange");
	script_up(s);
	script_forget(s);
	password("lemon");
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_SHUTDOWN);
	ck_assert_str_eq(s->key, "lemon");
	ck_assert_str_eq(session()->last_error, "the password was changed");
	script_connect(s);
	script_init(s, NULL);
	script_keepalive(s);
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

START_TEST(the_same_password_again_touches_nothing)
{
	password("orange");
	script_up(s);
	script_forget(s);
	unsigned keys = s->keys;
	password("orange");
	ck_assert_uint_eq(s->keys, keys);
	ck_assert_str_eq(script_state(s), "Operational");
	ck_assert_uint_eq(s->said_count, 0);
}
END_TEST

START_TEST(a_password_taken_away_is_taken_from_the_host)
{
	password("orange");
	password("");
	ck_assert_uint_eq(s->keys, 2);
	ck_assert_str_eq(s->key, "");
}
END_TEST

START_TEST(a_connection_from_before_the_password_was_known_is_turned_away)
{
	snprintf(s->dut->config.password, sizeof s->dut->config.password, "apple");
	ldp_node_configure(s->dut);
	script_connect(s); /* its Hello has not come yet: the host knew no password */
	ck_assert_uint_eq(s->closes, 0);
	script_hello(s, 15);
	ck_assert_uint_eq(s->closes, 1);
	ck_assert_uint_eq(script_count(s, LDP_INITIALIZATION), 0);
}
END_TEST

START_TEST(an_attempt_that_nobody_answers_asks_for_the_password)
{
	teardown();
	s = script_new("1.1.1.1"); /* connecting is the engine's part */
	password("orange");
	script_hello(s, 0xffff);
	ck_assert_uint_eq(s->connects, 1);
	script_run(s, 6 * USEC_PER_SEC);
	ck_assert_str_eq(session()->last_error, "connection timed out; do both ends have the same password?");
}
END_TEST

START_TEST(no_row_and_no_log_line_has_the_password)
{
	password("orange");
	script_up(s);
	password("lemon");
	ck_assert(!ldp_node_logged(s->dut, "orange"));
	ck_assert(!ldp_node_logged(s->dut, "lemon"));
	ck_assert_ptr_null(strstr(session()->last_error, "lemon"));
}
END_TEST

/* --- TTL --- */

START_TEST(our_link_hellos_say_that_we_send_with_255)
{
	script_run(s, USEC_PER_SEC);
	ck_assert(s->hello.hello.gtsm);
	s->dut->config.gtsm_off = true;
	ldp_node_configure(s->dut);
	script_run(s, 6 * USEC_PER_SEC);
	ck_assert(!s->hello.hello.gtsm);
}
END_TEST

START_TEST(a_neighbour_that_says_so_too_is_held_to_it)
{
	s->gtsm = true;
	script_up(s);
	ck_assert_uint_eq(s->min_ttl, 255);
	ck_assert_uint_eq(session()->min_ttl, 255);
}
END_TEST

START_TEST(one_that_does_not_is_not)
{
	script_up(s);
	ck_assert_uint_eq(s->min_ttl, 0);
}
END_TEST

START_TEST(switched_off_for_all_or_for_one_nobody_is_held_to_it)
{
	s->gtsm = true;
	if (_i)
		s->dut->config.gtsm_off = true;
	else
		peer()->gtsm_off = true;
	ldp_node_configure(s->dut);
	script_up(s);
	ck_assert_uint_eq(s->min_ttl, 0);
}
END_TEST

static void
igp_waits(bool waits, uint32_t round)
{
	Igp__Interface row = IGP__INTERFACE__INIT;
	Igp__Sync sync = IGP__SYNC__INIT;

	row.process = 1;
	row.ifindex = 2;
	row.sync = waits ? &sync : NULL;
	ldp_node_input(
	    s->dut, &(struct ldp_input){ .kind = LDP_IN_ROW, .table = LDP_IGP_INTERFACE, .row = &row, .round = round });
}

START_TEST(on_a_link_that_an_igp_avoids_until_labels_are_there_nobody_is_held_to_it)
{
	s->gtsm = true;
	script_up(s);
	ck_assert_uint_eq(s->min_ttl, 255);
	igp_waits(true, 1);
	ck_assert_uint_eq(s->min_ttl, 0);
	ck_assert(!s->hello.hello.gtsm);
	igp_waits(false, 1);
	ck_assert_uint_eq(s->min_ttl, 255);
	ck_assert(s->hello.hello.gtsm);
	igp_waits(true, 1);
	ldp_node_input(s->dut, &(struct ldp_input){ .kind = LDP_IN_SYNCED, .table = LDP_IGP_INTERFACE, .round = 1 });
	ck_assert_uint_eq(s->min_ttl, 0);
	ldp_node_input(s->dut, &(struct ldp_input){ .kind = LDP_IN_SYNCED, .table = LDP_IGP_INTERFACE, .round = 2 });
	ck_assert_uint_eq(s->min_ttl, 255);
	igp_waits(true, 3);
	peer()->gtsm_hops = 1;
	ldp_node_configure(s->dut);
	ck_assert_uint_eq(s->min_ttl, 255);
}
END_TEST

START_TEST(hops_that_the_operator_sets_count_whatever_the_hellos_say)
{
	peer()->gtsm_hops = 3;
	ldp_node_configure(s->dut);
	script_up(s);
	ck_assert_uint_eq(s->min_ttl, 253);
	peer()->gtsm_hops = 10;
	ldp_node_configure(s->dut);
	ck_assert_msg(s->min_ttl == 246, "a running session is told, without a reset");
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

START_TEST(when_only_targeted_hellos_are_left_the_way_may_be_longer)
{
	s->gtsm = true;
	peer()->targeted = true;
	ldp_node_configure(s->dut);
	script_up(s);
	script_targeted_hello(s, 90, false);
	ck_assert_uint_eq(s->min_ttl, 255);
	script_run(s, 16 * USEC_PER_SEC);
	ck_assert_uint_eq(s->min_ttl, 0);
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

/* --- patience --- */

static void
be_refused(void)
{
	script_hello(s, 0xffff);
	if (s->connecting)
		script_accept(s);
	else
		return;
	script_notify(s, LDP_BAD_KEEPALIVE_TIME);
	s->conn = 0;
}

/* How long until the engine connects again. */
static usec_t
patience(void)
{
	usec_t from = s->net->sim.now;
	unsigned before = s->connects;

	for (int i = 0; i < 4000 && s->connects == before; i++)
		script_run(s, 100 * USEC_PER_MSEC);
	return s->net->sim.now - from;
}

START_TEST(each_refusal_doubles_the_wait_up_to_the_longest)
{
	static const unsigned want[] = { 2, 4, 8, 10, 10 };

	teardown();
	s = script_new("1.1.1.1");
	s->dut->config.backoff_first_s = 2;
	s->dut->config.backoff_last_s = 10;
	s->dut->config.hello_hold_s = 0xffff;
	ldp_node_configure(s->dut);
	be_refused();
	for (size_t i = 0; i < COUNT(want); i++) {
		ck_assert_uint_eq(session()->backoff_s, want[i]);
		usec_t waited = patience();
		ck_assert_msg(waited >= want[i] * USEC_PER_SEC && waited <= want[i] * USEC_PER_SEC + 200000,
		    "refusal %zu: waited %llu ms", i + 1, (unsigned long long)waited / 1000);
		script_accept(s);
		script_notify(s, LDP_BAD_KEEPALIVE_TIME);
		s->conn = 0;
	}
}
END_TEST

START_TEST(a_neighbour_with_a_new_configuration_is_tried_at_once)
{
	struct ldp_writer w;
	uint8_t bytes[64];

	teardown();
	s = script_new("1.1.1.1");
	be_refused();
	ck_assert_uint_eq(session()->backoff_s, 15);
	unsigned before = s->connects;
	ldp_begin(&w, bytes, sizeof bytes, s->lsr);
	ldp_put_hello(&w, 1, &(struct ldp_hello_fields){ .hold_s = 0xffff, .sequence = 77, .transport = s->transport });
	script_datagram(s, bytes, ldp_end(&w));
	ck_assert_uint_eq(s->connects, before + 1);
	ck_assert_uint_eq(session()->backoff_s, 0);
}
END_TEST

/* --- capabilities, RFC 5561 --- */

START_TEST(a_capability_that_comes_later_counts_from_then_on)
{
	struct ldp_writer w;

	script_up(s);
	script_begin(s, &w);
	ldp_put_capability(&w, script_id(s), LDP_CAN_UNRECOGNIZED, _i);
	script_send(s, &w);
	ck_assert_str_eq(script_state(s), "Operational");
	ck_assert_uint_eq(session()->n_capabilities, _i ? 3 : 2);
	ck_assert_uint_eq(session()->received->capability, 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("ldpd protection");
	TCase *k = tcase_create("RFC 5036 2.9"), *t = tcase_create("RFC 6720"), *p = tcase_create("RFC 5036 2.5.3");
	TCase *c = tcase_create("RFC 5561");

	tcase_add_checked_fixture(k, setup, teardown);
	tcase_add_test(k, a_peers_password_is_known_to_the_host_before_anything_is_heard_of_it);
	tcase_add_test(k, the_fallback_is_told_with_the_first_hello_before_it_can_connect);
	tcase_add_test(k, the_peers_own_comes_before_a_lists_and_that_before_the_fallback);
	tcase_add_test(k, a_changed_password_ends_the_session_in_order);
	tcase_add_test(k, the_same_password_again_touches_nothing);
	tcase_add_test(k, a_password_taken_away_is_taken_from_the_host);
	tcase_add_test(k, a_connection_from_before_the_password_was_known_is_turned_away);
	tcase_add_test(k, an_attempt_that_nobody_answers_asks_for_the_password);
	tcase_add_test(k, no_row_and_no_log_line_has_the_password);
	suite_add_tcase(suite, k);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, our_link_hellos_say_that_we_send_with_255);
	tcase_add_test(t, a_neighbour_that_says_so_too_is_held_to_it);
	tcase_add_test(t, one_that_does_not_is_not);
	tcase_add_loop_test(t, switched_off_for_all_or_for_one_nobody_is_held_to_it, 0, 2);
	tcase_add_test(t, on_a_link_that_an_igp_avoids_until_labels_are_there_nobody_is_held_to_it);
	tcase_add_test(t, hops_that_the_operator_sets_count_whatever_the_hellos_say);
	tcase_add_test(t, when_only_targeted_hellos_are_left_the_way_may_be_longer);
	suite_add_tcase(suite, t);
	tcase_add_checked_fixture(p, setup, teardown);
	tcase_add_test(p, each_refusal_doubles_the_wait_up_to_the_longest);
	tcase_add_test(p, a_neighbour_with_a_new_configuration_is_tried_at_once);
	suite_add_tcase(suite, p);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, a_capability_that_comes_later_counts_from_then_on, 0, 2);
	suite_add_tcase(suite, c);
	return suite;
}
CHECK_MAIN(suite)
