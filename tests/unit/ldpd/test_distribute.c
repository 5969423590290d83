/* What is told to a peer and what is made of what it tells: RFC 5036 3.5.5 to 3.5.11, RFC 5918, RFC 5919. */
#include "base/label.h"
#include "tests/helper/check.h"
#include "tests/helper/ldp_script.h"
#include <stdio.h>
#include <string.h>

static struct script *s;
static struct ldp_node peer;

static void
setup(void)
{
	s = script_new("3.3.3.3");
	peer = (struct ldp_node){ .lsr = s->lsr };
	/* The port has no link in the net; the next hop is told as it is. */
	script_up(s);
}

static void
teardown(void)
{
	script_free(s);
}

static void
route(const char *fec, const char *via)
{
	struct net_route r;

	memset(&r, 0, sizeof r);
	prefix_parse(fec, &r.prefix);
	if (via) {
		r.hop_count = 1;
		r.hops[0].ifindex = 2;
		addr_parse(via, &r.hops[0].via);
	}
	net_fib_set_route(s->dut, &r);
}

static uint32_t
our_label(const char *fec)
{
	const Ldp__Binding *b = ldp_node_binding(s->dut, fec, NULL);

	return b ? b->label : LABEL_UNSET;
}

static void
send_fec(enum ldp_type type, struct ldp_fec fec, uint32_t label)
{
	struct ldp_writer w;

	script_begin(s, &w);
	ldp_put_label(&w, script_id(s), type, &fec, label, 0);
	script_send(s, &w);
}

/* --- what is told --- */

START_TEST(a_new_session_is_told_addresses_first_then_labels_then_the_end)
{
	ck_assert_uint_ge(s->said_count, 3);
	ck_assert_uint_eq(s->said[0].type, LDP_ADDRESS);
	ck_assert_uint_eq(wire_left(&s->said[0].msg.address.list), 8); /* loopback and link */
	ck_assert_uint_eq(s->said[1].type, LDP_LABEL_MAPPING);
	ck_assert_uint_eq(s->said[1].msg.label.label, LABEL_IMPLICIT_NULL);
	ck_assert_uint_eq(s->said[s->said_count - 1].type, LDP_NOTIFICATION);
	ck_assert_uint_eq(s->said[s->said_count - 1].msg.notification.status, LDP_END_OF_LIB);
	ck_assert_uint_eq(s->pdus, 1);
}
END_TEST

START_TEST(a_new_route_is_told_to_every_peer_its_next_hop_too)
{
	script_forget(s);
	script_addresses(s, "10.0.0.9");
	route("9.9.9.9/32", "10.0.0.9");
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 1);
	ck_assert_uint_eq(script_last(s, LDP_LABEL_MAPPING)->label.label, our_label("9.9.9.9/32"));
	ck_assert_uint_eq(ldp_node_binding(s->dut, "9.9.9.9/32", NULL)->n_sent_to, 1);
}
END_TEST

START_TEST(end_of_lib_is_told_only_to_who_knows_unrecognized_notifications)
{
	script_hang_up(s, "test");
	script_connect(s);
	/* An Initialization without any capability. */
	script_bytes(s, "\0\1\0\40\3\3\3\3\0\0\2\0\0\26\0\0\0\1\5\0\0\16\0\1\0\xb4\0\0\x10\0\2\2\2\2\0\0", 36);
	script_forget(s);
	script_keepalive(s);
	ck_assert_str_eq(script_state(s), "Operational");
	ck_assert_uint_ge(script_count(s, LDP_LABEL_MAPPING), 1);
	ck_assert_uint_eq(script_count(s, LDP_NOTIFICATION), 0);
}
END_TEST

START_TEST(many_mappings_share_pdus_no_larger_than_the_peer_takes)
{
	struct ldp_init_fields f = { .hold_s = 180, .max_pdu = 512, .receiver_lsr = s->dut->lsr };
	for (int i = 0; i < 1000; i++) {
		char fec[24];
		snprintf(fec, sizeof fec, "10.%d.%d.1/32", 100 + i / 250, i % 250);
		route(fec, "10.0.0.9");
	}
	script_hang_up(s, "test");
	script_hello(s, 15);
	script_connect(s);
	script_init(s, &f);
	script_forget(s);
	script_keepalive(s);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 1001);
	ck_assert_uint_le(s->largest_pdu, 512);
	ck_assert_uint_le(s->pdus, 1001 / 16 + 3);
	/* The same for a peer with the usual maximum: 28 bytes a Mapping. */
	script_hang_up(s, "test");
	script_hello(s, 15);
	script_connect(s);
	script_init(s, NULL);
	script_forget(s);
	script_keepalive(s);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 1001);
	ck_assert_uint_le(s->largest_pdu, 4096);
	ck_assert_uint_le(s->pdus, 8);
}
END_TEST

START_TEST(an_address_that_comes_or_goes_is_told)
{
	script_forget(s);
	s->dut->sim.ports[s->dut->sim.port_count++] = (struct sim_port){ .ifindex = 3, .name = "eth1", .up = true };
	prefix_parse("10.7.0.2/24", &s->dut->sim.ports[2].address);
	ldp_node_port(s->dut, &s->dut->sim.ports[2]);
	ck_assert_uint_eq(wire_left(&script_last(s, LDP_ADDRESS)->address.list), 4);
	s->dut->sim.ports[2].up = false;
	ldp_node_port(s->dut, &s->dut->sim.ports[2]);
	ck_assert_uint_eq(wire_left(&script_last(s, LDP_ADDRESS_WITHDRAW)->address.list), 4);
}
END_TEST

/* --- withdraw and release --- */

START_TEST(a_label_is_withdrawn_with_its_route_and_free_only_after_the_release)
{
	route("9.9.9.9/32", "10.0.0.9");
	uint32_t label = our_label("9.9.9.9/32");
	script_forget(s);
	route("9.9.9.9/32", NULL);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_WITHDRAW), 1);
	ck_assert_uint_eq(script_last(s, LDP_LABEL_WITHDRAW)->label.label, label);
	/* Back before the Release: another label, the old one may still arrive with the old meaning. */
	route("9.9.9.9/32", "10.0.0.9");
	ck_assert_uint_ne(our_label("9.9.9.9/32"), label);
	script_label(s, LDP_LABEL_RELEASE, "9.9.9.9/32", label);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 1);
}
END_TEST

START_TEST(a_released_label_rests_for_thirty_seconds)
{
	/* A range of two labels: the third FEC has to wait for a used one. */
	script_free(s);
	s = script_new("3.3.3.3");
	ldp_node_kill(s->dut);
	s->dut->label_last = s->dut->label_first + 1;
	ldp_node_start(s->dut);
	route("9.0.0.1/32", "10.0.0.9");
	route("9.0.0.2/32", "10.0.0.9");
	uint32_t first = our_label("9.0.0.1/32");
	route("9.0.0.3/32", "10.0.0.9");
	ck_assert_uint_eq(our_label("9.0.0.3/32"), LABEL_UNSET);
	ck_assert(ldp_node_logged(s->dut, "no label is left"));
	script_run(s, USEC_PER_SEC);
	route("9.0.0.1/32", NULL); /* nobody had it: free at once, but resting */
	route("9.0.0.3/32", "10.0.0.8");
	script_run(s, 30 * USEC_PER_SEC - 1);
	ck_assert_uint_eq(our_label("9.0.0.3/32"), LABEL_UNSET);
	script_run(s, 30 * USEC_PER_SEC);
	ck_assert_uint_eq(our_label("9.0.0.3/32"), first);
}
END_TEST

/* Or both would go on for ever. */
START_TEST(a_label_that_the_peer_gives_back_is_not_told_again_until_it_asks)
{
	route("9.9.9.9/32", "10.0.0.9");
	uint32_t label = our_label("9.9.9.9/32");
	script_forget(s);
	script_label(s, LDP_LABEL_RELEASE, "9.9.9.9/32", label);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 0);
	ck_assert_uint_eq(ldp_node_binding(s->dut, "9.9.9.9/32", NULL)->n_sent_to, 0);
	route("9.9.9.9/32", "10.0.0.8");
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 0);
	script_label(s, LDP_LABEL_REQUEST, "9.9.9.9/32", LABEL_UNSET);
	ck_assert_uint_eq(script_last(s, LDP_LABEL_MAPPING)->label.label, label);
	ck_assert_uint_ne(script_last(s, LDP_LABEL_MAPPING)->label.request_id, 0);
	/* And given back a second time, it goes with the route in silence. */
	script_label(s, LDP_LABEL_RELEASE, "9.9.9.9/32", label);
	route("9.9.9.9/32", NULL);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_WITHDRAW), 0);
	ck_assert_ptr_null(ldp_node_lsp(s->dut, "9.9.9.9/32"));
}
END_TEST

START_TEST(a_release_with_a_wrong_label_is_ignored)
{
	route("9.9.9.9/32", "10.0.0.9");
	script_label(s, LDP_LABEL_RELEASE, "9.9.9.9/32", our_label("9.9.9.9/32") + 1);
	ck_assert_uint_eq(ldp_node_binding(s->dut, "9.9.9.9/32", NULL)->n_sent_to, 1);
}
END_TEST

START_TEST(a_withdraw_is_answered_by_a_release_whether_the_label_was_known_or_not)
{
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 77);
	script_forget(s);
	script_label(s, LDP_LABEL_WITHDRAW, "9.9.9.9/32", 77);
	ck_assert_uint_eq(script_last(s, LDP_LABEL_RELEASE)->label.label, 77);
	ck_assert_ptr_null(ldp_node_binding(s->dut, "9.9.9.9/32", &peer));
	script_label(s, LDP_LABEL_WITHDRAW, "9.9.9.9/32", 78);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_RELEASE), 2);
}
END_TEST

START_TEST(a_withdraw_with_another_label_leaves_the_binding)
{
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 77);
	script_label(s, LDP_LABEL_WITHDRAW, "9.9.9.9/32", 78);
	ck_assert_uint_eq(ldp_node_binding(s->dut, "9.9.9.9/32", &peer)->label, 77);
}
END_TEST

START_TEST(a_new_label_replaces_the_old_one_which_is_given_back)
{
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 77);
	script_forget(s);
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 77); /* told again, nothing new */
	ck_assert_uint_eq(s->said_count, 0);
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 78);
	ck_assert_uint_eq(script_last(s, LDP_LABEL_RELEASE)->label.label, 77);
	ck_assert_uint_eq(ldp_node_binding(s->dut, "9.9.9.9/32", &peer)->label, 78);
}
END_TEST

START_TEST(a_reserved_label_is_given_back_but_for_the_two_nulls)
{
	static const struct {
		uint32_t label;
		bool kept;
	} cases[] = { { 0, true }, { 1, false }, { 2, false }, { 3, true }, { 7, false }, { 14, false }, { 16, true },
		{ 1048575, true } };
	script_forget(s);
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", cases[_i].label);
	ck_assert_int_eq(ldp_node_binding(s->dut, "9.9.9.9/32", &peer) != NULL, cases[_i].kept);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_RELEASE), !cases[_i].kept);
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

/* --- requests --- */

START_TEST(a_request_for_what_we_do_not_have_is_answered_by_no_route)
{
	script_forget(s);
	script_label(s, LDP_LABEL_REQUEST, "9.9.9.9/32", LABEL_UNSET);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_NO_ROUTE);
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

START_TEST(an_abort_comes_too_late_and_changes_nothing)
{
	struct ldp_writer w;
	struct ldp_fec fec = { .kind = FEC_PREFIX, .family = LDP_IPV4, .addr = addr_v4(0x09090909), .len = 32 };
	route("9.9.9.9/32", "10.0.0.9");
	script_label(s, LDP_LABEL_REQUEST, "9.9.9.9/32", LABEL_UNSET);
	script_forget(s);
	script_begin(s, &w);
	ldp_put_label(&w, script_id(s), LDP_LABEL_ABORT, &fec, LABEL_UNSET, s->next_id - 1);
	script_send(s, &w);
	ck_assert_uint_eq(s->said_count, 0);
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

/* --- wildcards --- */

static void
three_bindings(void)
{
	script_label(s, LDP_LABEL_MAPPING, "9.0.0.1/32", 71);
	script_label(s, LDP_LABEL_MAPPING, "9.0.0.2/32", 72);
	script_label(s, LDP_LABEL_MAPPING, "9.0.0.3/32", 71);
	ck_assert_uint_eq(ldp_node_rows(s->dut, "ldp.Binding"), 4);
}

START_TEST(a_wildcard_withdraw_takes_every_label_or_every_fec_with_the_one_it_names)
{
	three_bindings();
	send_fec(LDP_LABEL_WITHDRAW, (struct ldp_fec){ .kind = FEC_WILDCARD }, _i ? 71 : LABEL_UNSET);
	ck_assert_uint_eq(ldp_node_rows(s->dut, "ldp.Binding"), _i ? 2 : 1);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_RELEASE), 1);
}
END_TEST

START_TEST(a_typed_wildcard_is_about_its_own_family_only)
{
	static const uint16_t families[] = { 1, 2 };
	three_bindings();
	send_fec(LDP_LABEL_WITHDRAW,
	    (struct ldp_fec){ .kind = FEC_TYPED_WILDCARD, .of = FEC_PREFIX, .family = families[_i] }, LABEL_UNSET);
	ck_assert_uint_eq(ldp_node_rows(s->dut, "ldp.Binding"), _i ? 4 : 1);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_RELEASE), 1);
}
END_TEST

START_TEST(a_typed_wildcard_request_is_told_everything_and_its_end)
{
	route("9.9.9.9/32", "10.0.0.9");
	script_forget(s);
	send_fec(LDP_LABEL_REQUEST,
	    (struct ldp_fec){ .kind = FEC_TYPED_WILDCARD, .of = FEC_PREFIX, .family = LDP_IPV4 }, LABEL_UNSET);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 2);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_END_OF_LIB);
}
END_TEST

START_TEST(a_wildcard_in_a_mapping_ends_the_session)
{
	send_fec(LDP_LABEL_MAPPING, (struct ldp_fec){ .kind = FEC_WILDCARD }, 77);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_MALFORMED_TLV);
	ck_assert_uint_eq(s->closes, 1);
}
END_TEST

START_TEST(a_fec_without_any_element_ends_the_session)
{
	script_bytes(s, "\0\1\0\32\3\3\3\3\0\0\4\0\0\20\0\0\0\1\1\0\0\0\2\0\0\4\0\0\0\x4d", 30);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_MALFORMED_TLV);
	ck_assert_uint_eq(s->closes, 1);
}
END_TEST

START_TEST(one_element_that_is_unknown_makes_the_whole_message_not_count)
{
	script_forget(s);
	/* A Mapping of 9.9.9.9/32 and then a FEC of kind 0x82. */
	script_bytes(s,
	    "\0\1\0\52\3\3\3\3\0\0\4\0\0\40\0\0\0\1\1\0\0\20\2\0\1\40\11\11\11\11\x82\0\0\0\0\0\0\0\2\0\0\4\0\0\0\x4d",
	    46);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_UNKNOWN_FEC);
	ck_assert_ptr_null(ldp_node_binding(s->dut, "9.9.9.9/32", &peer));
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

/* --- the end of the exchange, RFC 5919 --- */

static bool
exchange_done(void)
{
	return ldp_node_session(s->dut, &peer)->label_exchange_done;
}

static void
tell_end(struct ldp_fec fec)
{
	struct ldp_writer w;
	uint8_t pdu[64];

	ldp_begin(&w, pdu, sizeof pdu, s->lsr);
	ldp_put_end_of_lib(&w, script_id(s), LDP_IPV4);
	size_t size = ldp_end(&w);
	pdu[size - 4] = fec.of;
	pdu[size - 1] = (uint8_t)fec.family;
	script_bytes(s, pdu, size);
}

START_TEST(an_end_of_lib_for_ipv4_prefixes_ends_the_exchange)
{
	ck_assert(!exchange_done());
	tell_end((struct ldp_fec){ .of = FEC_PREFIX, .family = 2 });
	tell_end((struct ldp_fec){ .of = 0x80, .family = 5 });
	ck_assert(!exchange_done());
	ck_assert_str_eq(script_state(s), "Operational");
	tell_end((struct ldp_fec){ .of = FEC_PREFIX, .family = 1 });
	ck_assert(exchange_done());
}
END_TEST

START_TEST(without_one_a_second_of_silence_does)
{
	script_run(s, 900 * USEC_PER_MSEC);
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 77);
	script_run(s, USEC_PER_SEC - 1);
	ck_assert(!exchange_done());
	script_run(s, 1);
	ck_assert(exchange_done());
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("ldpd distribute");
	TCase *t = tcase_create("RFC 5036 3.5.5 to 3.5.11");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_new_session_is_told_addresses_first_then_labels_then_the_end);
	tcase_add_test(t, a_new_route_is_told_to_every_peer_its_next_hop_too);
	tcase_add_test(t, end_of_lib_is_told_only_to_who_knows_unrecognized_notifications);
	tcase_add_test(t, many_mappings_share_pdus_no_larger_than_the_peer_takes);
	tcase_add_test(t, an_address_that_comes_or_goes_is_told);
	tcase_add_test(t, a_label_is_withdrawn_with_its_route_and_free_only_after_the_release);
	tcase_add_test(t, a_released_label_rests_for_thirty_seconds);
	tcase_add_test(t, a_label_that_the_peer_gives_back_is_not_told_again_until_it_asks);
	tcase_add_test(t, a_release_with_a_wrong_label_is_ignored);
	tcase_add_test(t, a_withdraw_is_answered_by_a_release_whether_the_label_was_known_or_not);
	tcase_add_test(t, a_withdraw_with_another_label_leaves_the_binding);
	tcase_add_test(t, a_new_label_replaces_the_old_one_which_is_given_back);
	tcase_add_loop_test(t, a_reserved_label_is_given_back_but_for_the_two_nulls, 0, 8);
	tcase_add_test(t, a_request_for_what_we_do_not_have_is_answered_by_no_route);
	tcase_add_test(t, an_abort_comes_too_late_and_changes_nothing);
	suite_add_tcase(suite, t);

	t = tcase_create("RFC 5918 and RFC 5919");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_wildcard_withdraw_takes_every_label_or_every_fec_with_the_one_it_names, 0, 2);
	tcase_add_loop_test(t, a_typed_wildcard_is_about_its_own_family_only, 0, 2);
	tcase_add_test(t, a_typed_wildcard_request_is_told_everything_and_its_end);
	tcase_add_test(t, a_wildcard_in_a_mapping_ends_the_session);
	tcase_add_test(t, a_fec_without_any_element_ends_the_session);
	tcase_add_test(t, one_element_that_is_unknown_makes_the_whole_message_not_count);
	tcase_add_test(t, an_end_of_lib_for_ipv4_prefixes_ends_the_exchange);
	tcase_add_test(t, without_one_a_second_of_silence_does);
	suite_add_tcase(suite, t);
	return suite;
}

CHECK_MAIN(suite)
