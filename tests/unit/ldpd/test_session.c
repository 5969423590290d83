/* One engine and a scripted neighbour: RFC 5036 2.5, and what of 3.5.1 ends a session. */
#include "tests/helper/check.h"
#include "tests/helper/ldp_script.h"
#include <string.h>

static struct script *s;

static void
lesser(void)
{
	s = script_new("1.1.1.1");
}

static void
greater(void)
{
	s = script_new("3.3.3.3");
}

static void
teardown(void)
{
	script_free(s);
}

static const Ldp__Session *
row(void)
{
	struct ldp_node peer = { .lsr = s->lsr };

	return ldp_node_session(s->dut, &peer);
}

#define assert_state(want) ck_assert_str_eq(script_state(s), want)

/* --- who connects, 2.5.2 --- */

START_TEST(the_greater_transport_address_connects_from_its_own_to_the_peers)
{
	script_hello(s, 15);
	ck_assert_uint_eq(s->connects, 1);
	ck_assert_uint_eq(addr_to_v4(&s->connect_to), s->lsr);
	ck_assert_uint_eq(addr_to_v4(&s->connect_from), s->dut->lsr);
	script_accept(s);
	ck_assert_uint_eq(script_count(s, LDP_INITIALIZATION), 1);
	assert_state("Open Sent");
	ck_assert_int_eq(row()->role, LDP__ROLE__ACTIVE);
}
END_TEST

START_TEST(the_lesser_one_waits_and_answers_the_initialization)
{
	script_hello(s, 15);
	ck_assert_uint_eq(s->connects, 0);
	script_connect(s);
	assert_state("Initialized");
	ck_assert_uint_eq(s->pdus, 0);
	script_init(s, NULL);
	ck_assert_uint_eq(script_count(s, LDP_INITIALIZATION), 1);
	ck_assert_uint_eq(script_count(s, LDP_KEEPALIVE), 1);
	assert_state("Open Recv");
	script_keepalive(s);
	assert_state("Operational");
	ck_assert_int_eq(row()->role, LDP__ROLE__PASSIVE);
	ck_assert_uint_eq(row()->peer_port, 40000);
	ck_assert(ldp_node_logged(s->dut, "%LDP-5-NBRCHG: LDP Neighbor 3.3.3.3:0 (1) is UP"));
}
END_TEST

START_TEST(the_initialization_offers_what_is_configured)
{
	s->dut->config.session_hold_s = 400;
	ldp_node_configure(s->dut);
	script_hello(s, 15);
	script_accept(s);
	const struct ldp_msg *m = script_last(s, LDP_INITIALIZATION);
	ck_assert_uint_eq(m->init.hold_s, 400);
	ck_assert_uint_eq(m->init.max_pdu, 4096);
	ck_assert_uint_eq(m->init.receiver_lsr, s->lsr);
	ck_assert(!m->init.on_demand);
	ck_assert(m->init.ft && m->init.ft_learn);
	ck_assert_uint_eq(m->init.reconnect_ms, 120000);
	ck_assert_uint_eq(m->init.recovery_ms, 0);
	ck_assert_uint_eq(m->init.capabilities, LDP_CAN_ANNOUNCE | LDP_CAN_TYPED_WILDCARD | LDP_CAN_UNRECOGNIZED);
}
END_TEST

START_TEST(a_connection_without_a_hello_waits_for_one_and_is_closed_when_none_comes)
{
	script_connect(s);
	script_init(s, NULL);
	ck_assert_uint_eq(s->closes, 0);
	ck_assert_uint_eq(s->pdus, 0);
	script_run(s, 5 * USEC_PER_SEC);
	ck_assert_uint_eq(s->closes, 1);
	assert_state("none");
}
END_TEST

START_TEST(a_connection_that_came_before_its_hello_is_taken_with_what_it_said)
{
	script_connect(s);
	script_init(s, NULL);
	script_hello(s, 15);
	assert_state("Open Recv");
	script_keepalive(s);
	assert_state("Operational");
}
END_TEST

START_TEST(a_second_link_to_the_same_neighbour_opens_no_second_session)
{
	script_up(s);
	addr_parse("10.0.0.10", &s->source);
	script_hello(s, 15);
	ck_assert_uint_eq(s->connects, 0);
	ck_assert_uint_eq(ldp_node_rows(s->dut, "ldp.Adjacency"), 2);
	ck_assert_uint_eq(ldp_node_rows(s->dut, "ldp.Session"), 1);
}
END_TEST

START_TEST(an_attempt_without_an_answer_is_made_again_after_five_seconds)
{
	script_hello(s, 65535);
	ck_assert_uint_eq(s->connects, 1);
	script_run(s, 5 * USEC_PER_SEC);
	ck_assert_uint_eq(s->closes, 1);
	ck_assert_uint_eq(s->connects, 2);
}
END_TEST

START_TEST(a_refused_connection_is_tried_again_after_a_second)
{
	script_hello(s, 15);
	script_hang_up(s, "connection refused");
	ck_assert_str_eq(row()->last_error, "connection refused");
	script_run(s, USEC_PER_SEC - 1);
	ck_assert_uint_eq(s->connects, 1);
	script_run(s, 1);
	ck_assert_uint_eq(s->connects, 2);
}
END_TEST

START_TEST(a_peer_that_connects_again_without_having_hung_up_gets_a_new_session)
{
	script_up(s);
	script_connect(s);
	ck_assert_uint_eq(s->closes, 1);
	assert_state("Initialized");
	script_init(s, NULL);
	script_keepalive(s);
	assert_state("Operational");
	ck_assert_uint_eq(row()->uid, 2);
}
END_TEST

/* --- negotiation, 3.5.3 --- */

START_TEST(both_agree_on_the_smaller_hold_time)
{
	struct ldp_init_fields f = { .hold_s = _i, .max_pdu = 4096, .receiver_lsr = s->dut->lsr };
	script_hello(s, 15);
	script_connect(s);
	script_init(s, &f);
	script_keepalive(s);
	ck_assert_uint_eq(row()->hold_ms, (_i < 180 ? _i : 180) * 1000u);
	ck_assert_uint_eq(row()->keepalive_ms, (_i < 180 ? _i : 180) * 1000u / 3);
}
END_TEST

static const struct {
	const char *name;
	struct ldp_init_fields fields;
	uint32_t status;
} refused[] = {
	{ "another receiver", { .hold_s = 180, .max_pdu = 4096, .receiver_lsr = 0x09090909 }, LDP_NO_HELLO },
	{ "another label space", { .hold_s = 180, .max_pdu = 4096, .receiver_lsr = 0x02020202, .receiver_space = 1 },
	    LDP_NO_HELLO },
	{ "no hold time", { .hold_s = 0, .max_pdu = 4096, .receiver_lsr = 0x02020202 }, LDP_BAD_KEEPALIVE_TIME },
};

START_TEST(an_initialization_that_cannot_be_accepted_is_refused_with_its_reason)
{
	script_hello(s, 15);
	script_connect(s);
	script_init(s, &refused[_i].fields);
	ck_assert_msg(
	    script_last(s, LDP_NOTIFICATION)->notification.status == refused[_i].status, "%s", refused[_i].name);
	ck_assert_uint_eq(s->closes, 1);
	assert_state("NonExistent");
}
END_TEST

START_TEST(refused_attempts_come_after_15_30_60_120_and_120_seconds)
{
	static const unsigned waits[] = { 15, 30, 60, 120, 120 };
	script_hello(s, 65535);
	s->dut->config.hello_hold_s = 65535;
	ldp_node_configure(s->dut);
	script_hello(s, 65535);
	for (int i = 0; i < 5; i++) {
		script_accept(s);
		script_notify(s, LDP_NO_HELLO);
		assert_state("NonExistent");
		unsigned before = s->connects;
		script_run(s, waits[i] * USEC_PER_SEC - 1);
		script_hello(s, 65535); /* does not cut it short */
		ck_assert_uint_eq(s->connects, before);
		script_run(s, 1);
		ck_assert_uint_eq(s->connects, before + 1);
	}
}
END_TEST

START_TEST(a_session_that_breaks_by_an_error_as_soon_as_it_is_up_is_backed_off_from)
{
	static const unsigned waits[] = { 15, 30, 60 };
	script_hello(s, 65535);
	s->dut->config.hello_hold_s = 65535;
	ldp_node_configure(s->dut);
	script_hello(s, 65535);
	for (int i = 0; i < 3; i++) {
		script_accept(s);
		script_init(s, NULL);
		script_keepalive(s);
		assert_state("Operational");
		script_bytes(s, "\0\2\0\6\1\1\1\1\0\0", 10); /* version 2 */
		assert_state("NonExistent");
		unsigned before = s->connects;
		script_run(s, waits[i] * USEC_PER_SEC - 1);
		ck_assert_uint_eq(s->connects, before);
		script_run(s, 1);
		ck_assert_uint_eq(s->connects, before + 1);
	}
}
END_TEST

START_TEST(an_initialization_that_nobody_answers_is_given_up_and_tried_again)
{
	script_hello(s, 65535);
	s->dut->config.hello_hold_s = 65535;
	ldp_node_configure(s->dut);
	script_hello(s, 65535);
	for (int i = 0; i < 3; i++) { /* no refusal, so no longer waits */
		unsigned before = s->connects;
		script_accept(s);
		script_run(s, 10 * USEC_PER_SEC - 1);
		assert_state("Open Sent");
		script_run(s, 1);
		assert_state("NonExistent");
		ck_assert_uint_eq(s->connects, before);
		script_run(s, 1 * USEC_PER_SEC);
		ck_assert_uint_eq(s->connects, before + 1);
	}
}
END_TEST

/* --- keeping it, 2.5.6 --- */

static void
hellos_for_ever(void)
{
	s->dut->config.hello_hold_s = 65535;
	ldp_node_configure(s->dut);
	script_hello(s, 65535);
}

START_TEST(a_silent_peer_is_dropped_exactly_at_the_hold_time)
{
	script_up(s);
	hellos_for_ever();
	script_run(s, 180 * USEC_PER_SEC - 1);
	assert_state("Operational");
	script_run(s, 1);
	assert_state("NonExistent");
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_KEEPALIVE_EXPIRED);
	ck_assert(ldp_node_logged(
	    s->dut, "%LDP-5-NBRCHG: LDP Neighbor 3.3.3.3:0 (1) is DOWN (Session KeepAlive Timer expired)"));
}
END_TEST

START_TEST(any_message_even_one_that_is_refused_restarts_the_hold_time)
{
	script_up(s);
	hellos_for_ever();
	script_run(s, 100 * USEC_PER_SEC);
	script_bytes(s, "\0\1\0\16\3\3\3\3\0\0\x3f\x77\0\4\0\0\0\1", 18); /* unknown type, U bit clear */
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_UNKNOWN_MESSAGE);
	script_run(s, 179 * USEC_PER_SEC);
	assert_state("Operational");
}
END_TEST

START_TEST(a_keepalive_goes_out_every_third_of_the_hold_time)
{
	script_up(s);
	hellos_for_ever();
	script_forget(s);
	script_run(s, 59 * USEC_PER_SEC);
	ck_assert_uint_eq(script_count(s, LDP_KEEPALIVE), 0);
	script_run(s, USEC_PER_SEC);
	ck_assert_uint_eq(script_count(s, LDP_KEEPALIVE), 1);
	/* Any other PDU does as well. */
	script_run(s, 30 * USEC_PER_SEC);
	script_label(s, LDP_LABEL_WITHDRAW, "9.9.9.9/32", 77);
	script_run(s, 59 * USEC_PER_SEC);
	ck_assert_uint_eq(script_count(s, LDP_KEEPALIVE), 1);
	script_run(s, USEC_PER_SEC);
	ck_assert_uint_eq(script_count(s, LDP_KEEPALIVE), 2);
}
END_TEST

START_TEST(the_session_ends_with_its_last_adjacency)
{
	script_up(s);
	addr_parse("10.0.0.10", &s->source);
	script_run(s, 5 * USEC_PER_SEC);
	script_hello(s, 15);
	script_run(s, 10 * USEC_PER_SEC);
	ck_assert_uint_eq(ldp_node_rows(s->dut, "ldp.Adjacency"), 1);
	assert_state("Operational");
	script_run(s, 5 * USEC_PER_SEC);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_HOLD_EXPIRED);
	ck_assert_uint_eq(s->closes, 1);
	ck_assert(ldp_node_logged(
	    s->dut, "%LDP-5-NBRCHG: LDP Neighbor 3.3.3.3:0 (1) is DOWN (Discovery Hello Hold Timer expired)"));
}
END_TEST

/* --- what ends it, 3.5.1.2, and what does not, 3.5.1.1 --- */

static const struct {
	const char *name;
	const char *bytes;
	size_t size;
	uint32_t status;
} fatal[] = {
	{ "version 2", "\0\2\0\16\3\3\3\3\0\0\2\1\0\4\0\0\0\1", 18, LDP_BAD_VERSION },
	{ "a PDU length below the identifier", "\0\1\0\5\3\3\3\3\0\0", 10, LDP_BAD_PDU_LENGTH },
	{ "a PDU length above the maximum", "\0\1\x10\1\3\3\3\3\0\0", 10, LDP_BAD_PDU_LENGTH },
	{ "another LDP identifier", "\0\1\0\16\3\3\3\4\0\0\2\1\0\4\0\0\0\1", 18, LDP_BAD_LDP_ID },
	{ "another label space", "\0\1\0\16\3\3\3\3\0\1\2\1\0\4\0\0\0\1", 18, LDP_BAD_LDP_ID },
	{ "a message longer than its PDU", "\0\1\0\16\3\3\3\3\0\0\2\1\0\5\0\0\0\1", 18, LDP_BAD_MESSAGE_LENGTH },
	{ "a message too short for its id", "\0\1\0\16\3\3\3\3\0\0\2\1\0\3\0\0\0\1", 18, LDP_BAD_MESSAGE_LENGTH },
	{ "a PDU without room for a message", "\0\1\0\15\3\3\3\3\0\0\2\1\0\3\0\0\0", 17, LDP_BAD_PDU_LENGTH },
	{ "a TLV longer than its message", "\0\1\0\22\3\3\3\3\0\0\3\0\0\x8\0\0\0\1\1\1\0\2", 22, LDP_BAD_TLV_LENGTH },
	{ "an Initialization out of place",
	    "\0\1\0\40\3\3\3\3\0\0\2\0\0\26\0\0\0\1\5\0\0\16\0\1\0\xb4\0\0\x10\0\2\2\2\2\0\0", 36, LDP_SHUTDOWN },
	{ "a Hello in the session", "\0\1\0\26\3\3\3\3\0\0\1\0\0\14\0\0\0\1\4\0\0\4\0\17\0\0", 26, LDP_SHUTDOWN },
};

START_TEST(broken_bytes_end_the_session_with_their_reason)
{
	script_up(s);
	script_bytes(s, fatal[_i].bytes, fatal[_i].size);
	ck_assert_msg(s->closes == 1, "%s does not end the session", fatal[_i].name);
	uint32_t status = script_last(s, LDP_NOTIFICATION)->notification.status;
	ck_assert_msg(status == fatal[_i].status, "%s is answered by %s", fatal[_i].name, ldp_status_name(status));
}
END_TEST

static const struct {
	const char *name;
	const char *bytes;
	size_t size;
	uint32_t status; /* LDP_OK: nothing is said */
} advisory[] = {
	{ "an unknown message", "\0\1\0\16\3\3\3\3\0\0\x3f\x77\0\4\0\0\0\1", 18, LDP_UNKNOWN_MESSAGE },
	{ "an unknown message with the U bit", "\0\1\0\16\3\3\3\3\0\0\xbf\x77\0\4\0\0\0\1", 18, LDP_OK },
	{ "an unknown TLV", "\0\1\0\30\3\3\3\3\0\0\3\0\0\16\0\0\0\1\1\1\0\2\0\1\x1f\x77\0\0", 28, LDP_UNKNOWN_TLV },
	{ "an unknown TLV with the U bit", "\0\1\0\30\3\3\3\3\0\0\3\0\0\16\0\0\0\1\1\1\0\2\0\1\x9f\x77\0\0", 28,
	    LDP_OK },
	{ "an address list that is missing", "\0\1\0\16\3\3\3\3\0\0\3\0\0\4\0\0\0\1", 18, LDP_MISSING_PARAMETERS },
	{ "IPv6 addresses", "\0\1\0\24\3\3\3\3\0\0\3\0\0\12\0\0\0\1\1\1\0\2\0\2", 24, LDP_UNSUPPORTED_AF },
	{ "an advisory notification", "\0\1\0\34\3\3\3\3\0\0\0\1\0\22\0\0\0\1\3\0\0\12\0\0\0\14\0\0\0\0\0\0", 32,
	    LDP_OK },
};

START_TEST(what_is_only_unknown_is_told_and_the_session_goes_on)
{
	script_up(s);
	script_forget(s);
	script_bytes(s, advisory[_i].bytes, advisory[_i].size);
	assert_state("Operational");
	ck_assert_msg(script_count(s, LDP_NOTIFICATION) == (advisory[_i].status != LDP_OK), "%s", advisory[_i].name);
	if (advisory[_i].status != LDP_OK)
		ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, advisory[_i].status);
}
END_TEST

START_TEST(advice_before_the_session_is_up_does_not_end_it)
{
	script_hello(s, 15);
	script_accept(s);
	script_notify(s, LDP_UNKNOWN_TLV);
	assert_state("Open Sent");
	script_init(s, NULL);
	script_notify(s, LDP_UNKNOWN_TLV);
	script_keepalive(s);
	assert_state("Operational");
}
END_TEST

START_TEST(labels_before_the_session_is_up_end_it)
{
	script_hello(s, 15);
	script_connect(s);
	script_init(s, NULL);
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 77);
	ck_assert_uint_eq(s->closes, 1);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_SHUTDOWN);
	ck_assert_uint_eq(ldp_node_rows(s->dut, "ldp.Binding"), 1); /* our own loopback */
}
END_TEST

START_TEST(a_fatal_notification_ends_the_session_and_is_named_in_the_log)
{
	script_up(s);
	script_notify(s, LDP_SHUTDOWN);
	ck_assert_uint_eq(s->closes, 1);
	ck_assert_uint_eq(script_count(s, LDP_NOTIFICATION), 1); /* End-of-LIB: none is answered */
	ck_assert(ldp_node_logged(s->dut, "is DOWN (Received error notification from peer: Shutdown)"));
}
END_TEST

START_TEST(a_reset_ends_the_session_in_order_and_it_comes_up_again_at_once)
{
	script_up(s);
	script_run(s, 14 * USEC_PER_SEC);
	script_hello(s, 15);
	ldp_node_input(s->dut, &(struct ldp_input){ .kind = LDP_IN_CLEAR });
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_SHUTDOWN);
	ck_assert_uint_eq(s->closes, 1);
	script_run(s, 1);
	ck_assert_uint_eq(s->connects, 1);
}
END_TEST

START_TEST(a_reset_of_another_peer_touches_nothing)
{
	script_up(s);
	ldp_node_input(s->dut, &(struct ldp_input){ .kind = LDP_IN_CLEAR, .from = addr_v4(0x09090909) });
	assert_state("Operational");
}
END_TEST

START_TEST(a_new_lsr_id_ends_the_sessions_under_the_old_one)
{
	script_up(s);
	s->dut->config.lsr_id = 0x02020203;
	ldp_node_configure(s->dut);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_SHUTDOWN);
	struct ldp_pdu pdu;
	const struct script_said *last = &s->said[s->said_count - 1];
	ck_assert_ptr_nonnull(last->pdu);
	struct wire_reader r = wire_reader(last->pdu, 4);
	wire_u16(&r);
	size_t size = wire_u16(&r) + 4u;
	ck_assert_int_eq(ldp_decode_pdu(last->pdu, size, &pdu), LDP_OK);
	ck_assert_uint_eq(pdu.lsr, 0x02020202);
	ck_assert_uint_eq(s->closes, 1);
}
END_TEST

START_TEST(a_new_hold_time_leaves_the_session_alone_and_says_so)
{
	script_up(s);
	s->dut->config.session_hold_s = 400;
	ldp_node_configure(s->dut);
	assert_state("Operational");
	ck_assert_uint_eq(row()->hold_ms, 180000);
	ck_assert(ldp_node_logged(s->dut, "%Previously established sessions may not use the new holdtime."));
}
END_TEST

/* --- streams --- */

/* Initialization, KeepAlive, Address and two Mappings in one PDU; all of it cut at every byte. */
START_TEST(a_stream_cut_anywhere_means_the_same)
{
	static const uint8_t init[] = "\0\1\0\40\3\3\3\3\0\0\2\0\0\26\0\0\0\1\5\0\0\16\0\1\0\xb4\0\0\x10\0\2\2\2\2\0\0";
	static const uint8_t rest[] = "\0\1\0\16\3\3\3\3\0\0\2\1\0\4\0\0\0\2"
				      "\0\1\0\106\3\3\3\3\0\0"
				      "\4\0\0\30\0\0\0\3\1\0\0\10\2\0\1\40\11\11\11\11\2\0\0\4\0\0\0\x4d"
				      "\4\0\0\30\0\0\0\4\1\0\0\10\2\0\1\40\11\11\11\10\2\0\0\4\0\0\0\x4e"
				      "\2\1\0\4\0\0\0\5";
	uint8_t all[sizeof init - 1 + sizeof rest - 1];
	memcpy(all, init, sizeof init - 1);
	memcpy(all + sizeof init - 1, rest, sizeof rest - 1);
	size_t cut = (size_t)_i;
	struct ldp_node peer = { .lsr = s->lsr };

	ck_assert_uint_le(cut, sizeof all);
	script_hello(s, 15);
	script_connect(s);
	script_bytes(s, all, cut);
	script_bytes(s, all + cut, sizeof all - cut);
	assert_state("Operational");
	ck_assert_uint_eq(ldp_node_binding(s->dut, "9.9.9.9/32", &peer)->label, 77);
	ck_assert_uint_eq(ldp_node_binding(s->dut, "9.9.9.8/32", &peer)->label, 78);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("ldpd session");
	TCase *a = tcase_create("RFC 5036 2.5, the engine is active");
	tcase_add_checked_fixture(a, lesser, teardown);
	tcase_add_test(a, the_greater_transport_address_connects_from_its_own_to_the_peers);
	tcase_add_test(a, the_initialization_offers_what_is_configured);
	tcase_add_test(a, a_second_link_to_the_same_neighbour_opens_no_second_session);
	tcase_add_test(a, an_attempt_without_an_answer_is_made_again_after_five_seconds);
	tcase_add_test(a, a_refused_connection_is_tried_again_after_a_second);
	tcase_add_test(a, refused_attempts_come_after_15_30_60_120_and_120_seconds);
	tcase_add_test(a, a_session_that_breaks_by_an_error_as_soon_as_it_is_up_is_backed_off_from);
	tcase_add_test(a, an_initialization_that_nobody_answers_is_given_up_and_tried_again);
	tcase_add_test(a, advice_before_the_session_is_up_does_not_end_it);
	tcase_add_test(a, a_reset_ends_the_session_in_order_and_it_comes_up_again_at_once);
	suite_add_tcase(suite, a);

	TCase *p = tcase_create("RFC 5036 2.5, the engine is passive");
	tcase_add_checked_fixture(p, greater, teardown);
	tcase_add_test(p, the_lesser_one_waits_and_answers_the_initialization);
	tcase_add_test(p, a_connection_without_a_hello_waits_for_one_and_is_closed_when_none_comes);
	tcase_add_test(p, a_connection_that_came_before_its_hello_is_taken_with_what_it_said);
	tcase_add_test(p, a_peer_that_connects_again_without_having_hung_up_gets_a_new_session);
	tcase_add_loop_test(p, both_agree_on_the_smaller_hold_time, 15, 16);
	tcase_add_loop_test(p, both_agree_on_the_smaller_hold_time, 180, 182);
	tcase_add_loop_test(p, an_initialization_that_cannot_be_accepted_is_refused_with_its_reason, 0, 3);
	tcase_add_test(p, a_silent_peer_is_dropped_exactly_at_the_hold_time);
	tcase_add_test(p, any_message_even_one_that_is_refused_restarts_the_hold_time);
	tcase_add_test(p, a_keepalive_goes_out_every_third_of_the_hold_time);
	tcase_add_test(p, the_session_ends_with_its_last_adjacency);
	tcase_add_loop_test(p, broken_bytes_end_the_session_with_their_reason, 0, sizeof fatal / sizeof *fatal);
	tcase_add_loop_test(
	    p, what_is_only_unknown_is_told_and_the_session_goes_on, 0, sizeof advisory / sizeof *advisory);
	tcase_add_test(p, labels_before_the_session_is_up_end_it);
	tcase_add_test(p, a_fatal_notification_ends_the_session_and_is_named_in_the_log);
	tcase_add_test(p, a_reset_of_another_peer_touches_nothing);
	tcase_add_test(p, a_new_lsr_id_ends_the_sessions_under_the_old_one);
	tcase_add_test(p, a_new_hold_time_leaves_the_session_alone_and_says_so);
	tcase_add_loop_test(p, a_stream_cut_anywhere_means_the_same, 0, 129);
	suite_add_tcase(suite, p);
	return suite;
}

CHECK_MAIN(suite)
