/*
 * Pseudowires and sessions: what becomes of them when a session ends, when either end restarts (RFC 3478), and the
 * targeted sessions that they call for (RFC 8077 5, RFC 5036 2.4.2).
 */
#include "base/label.h"
#include "base/mem.h"
#include "helper/check.h"
#include "tests/helper/ldp_pw_script.h"
#include <stdio.h>
#include <string.h>

static struct script *s;
static struct net_pw wanted;

static void
setup(void)
{
	s = script_new("3.3.3.3");
	wanted = pw_script_want(s);
	wanted.control_word = true;
	s->dut->l2vpnd = true;
	net_pw_tell_all(s->dut);
}

static void
teardown(void)
{
	pw_script_free(s);
}

static void
map(void)
{
	struct ldp_label_fields f = pw_script_mapping();

	f.fec.pw.control_word = true;
	pw_script_put(s, LDP_LABEL_MAPPING, &f);
}

static void
unwant(void)
{
	net_pw_unwant(s->dut, wanted.peer, wanted.type, wanted.vc_id);
}

/* The session is up and both ends agree. */
static void
agree(void)
{
	script_up(s);
	net_pw_want(s->dut, &wanted);
	map();
	script_run(s, USEC_PER_SEC);
	script_forget(s);
	ck_assert(pw_script_row(s)->control_word && !pw_script_row(s)->stale);
}

static void
assert_works(bool stale)
{
	const Ldp__Pw *row = pw_script_row(s);

	ck_assert_ptr_nonnull(row);
	ck_assert_uint_eq(row->remote_label, PW_THEIRS);
	ck_assert_uint_eq(row->local_label, PW_OURS);
	ck_assert_int_eq(row->stale, stale);
	ck_assert(row->session && row->control_word && row->status_tlv);
}

static void
assert_is_lost(bool session)
{
	const Ldp__Pw *row = pw_script_row(s);

	ck_assert_ptr_nonnull(row);
	ck_assert_uint_eq(row->remote_label, LABEL_UNSET);
	ck_assert_int_eq(row->session, session);
	ck_assert(!row->stale && !row->control_word && !row->status_tlv);
}

/* --- a neighbour that goes away --- */

START_TEST(while_the_neighbour_restarts_everything_is_kept)
{
	agree();
	uint64_t since = pw_script_row(s)->since;
	script_hang_up(s, "reset");
	assert_works(true);
	script_run(s, 100 * USEC_PER_SEC);
	assert_works(true);
	ck_assert_uint_eq(pw_script_row(s)->since, since);
	script_run(s, 21 * USEC_PER_SEC);
	assert_is_lost(false);
	ck_assert_uint_eq(pw_script_row(s)->local_label, LABEL_UNSET);
	ck_assert_uint_gt(pw_script_row(s)->since, since);
}
END_TEST

START_TEST(when_it_is_back_both_tell_again_and_nobody_notices)
{
	agree();
	uint64_t since = pw_script_row(s)->since;
	script_hang_up(s, "reset");
	script_run(s, 3 * USEC_PER_SEC);
	script_up(s);
	ck_assert_str_eq(pw_script_said(s, 0), "map:C end");
	assert_works(true);
	map();
	assert_works(false);
	ck_assert_uint_eq(pw_script_row(s)->since, since);
	script_run(s, 14 * USEC_PER_SEC);
	assert_works(false);
	ck_assert_str_eq(pw_script_said(s, 0), "map:C end");
}
END_TEST

START_TEST(what_it_does_not_tell_again_is_dropped_at_its_end_of_lib)
{
	agree();
	script_hang_up(s, "reset");
	script_up(s);
	assert_works(true);
	pw_script_end(s);
	assert_is_lost(true);
	ck_assert_uint_eq(pw_script_row(s)->local_label, PW_OURS);
}
END_TEST

START_TEST(without_an_end_of_lib_it_is_given_ten_seconds_more_than_its_prefixes)
{
	agree();
	script_hang_up(s, "reset");
	script_up(s);
	script_run(s, 10 * USEC_PER_SEC);
	assert_works(true);
	script_run(s, 2 * USEC_PER_SEC);
	assert_is_lost(true);
}
END_TEST

START_TEST(a_session_that_somebody_ends_takes_the_labels_with_it)
{
	agree();
	if (_i == 0)
		script_notify(s, LDP_SHUTDOWN);
	else
		ldp_node_input(s->dut, &(struct ldp_input){ .kind = LDP_IN_CLEAR });
	assert_is_lost(false);
	ck_assert_uint_eq(pw_script_row(s)->local_label, LABEL_UNSET);
}
END_TEST

START_TEST(one_that_does_not_forward_over_a_restart_is_not_waited_for)
{
	script_hello(s, 15);
	script_connect(s);
	script_init(s, &(struct ldp_init_fields){ .hold_s = 180, .max_pdu = 4096, .receiver_lsr = s->dut->lsr });
	script_keepalive(s);
	net_pw_want(s->dut, &wanted);
	map();
	assert_works(false);
	script_hang_up(s, "reset");
	assert_is_lost(false);
}
END_TEST

START_TEST(what_changes_while_it_is_away_counts_when_it_is_back)
{
	agree();
	script_hang_up(s, "reset");
	switch (_i) {
	case 0: wanted.status = 1; break;
	case 1: wanted.mtu = 1400; break;
	case 2: wanted.control_word = false; break;
	default: unwant(); break;
	}
	if (_i < 3)
		net_pw_want(s->dut, &wanted);
	script_up(s);
	static const char *const said[] = { "map:C!0x1 end", "map:C end", "map:- end", "end" };
	ck_assert_str_eq(pw_script_said(s, 0), said[_i]);
	map();
	if (_i == 3) {
		ck_assert(!pw_script_row(s)->requested);
		ck_assert_uint_eq(pw_script_row(s)->local_label, LABEL_UNSET);
	}
}
END_TEST

/* We prefer the control word and gave way: the neighbour speaks first, for it may prefer it now as well. */
START_TEST(one_that_gave_way_listens_first_when_the_neighbour_is_back)
{
	struct ldp_label_fields f = pw_script_mapping();

	script_up(s);
	net_pw_want(s->dut, &wanted);
	pw_script_put(s, LDP_LABEL_MAPPING, &f);
	script_hang_up(s, "reset");
	script_up(s);
	ck_assert_str_eq(pw_script_said(s, 0), "");
	ck_assert_uint_eq(pw_script_row(s)->local_label, PW_OURS);
	ck_assert_uint_eq(pw_script_row(s)->remote_label, PW_THEIRS);
	f.fec.pw.control_word = _i == 1;
	if (_i < 2)
		pw_script_put(s, LDP_LABEL_MAPPING, &f);
	else
		pw_script_end(s); /* nothing: it does not want it any more */
	ck_assert_str_eq(pw_script_said(s, 0), _i ? "map:C" : "map:-");
	ck_assert_int_eq(pw_script_row(s)->control_word, _i == 1);
}
END_TEST

START_TEST(a_neighbour_that_is_lost_in_the_middle_of_asking_is_told_at_once_when_it_is_back)
{
	agree();
	wanted.control_word = false;
	net_pw_want(s->dut, &wanted);
	ck_assert_str_eq(pw_script_said(s, 0), "withdraw release:77");
	script_hang_up(s, "reset");
	script_up(s);
	ck_assert_str_eq(pw_script_said(s, 0), "map:- end");
}
END_TEST

/* --- our own restart --- */

/* Forwarding goes on by labels that the kernel still has: that is how an engine knows that it lived before. */
static void
restart(void)
{
	ldp_node_route(s->dut, "9.9.9.9/32", "10.0.0.9", NULL);
	s->dut->sim.ports[1].link = NULL;
	script_addresses(s, "10.0.0.9");
	script_run(s, USEC_PER_SEC);
	ck_assert_uint_gt(s->dut->lsp_count, 0);
	ldp_node_kill(s->dut);
	s->conn = 0;
	ldp_node_start(s->dut);
	script_forget(s);
}

static bool
is_complete(void)
{
	return ldp_node_table(s->dut, "ldp.Pw")->complete;
}

static struct sim_link far_away; /* a port with a link has routes over it */

START_TEST(after_our_own_restart_nothing_is_said_before_it_is_known)
{
	s->dut->sim.ports[1].link = &far_away;
	agree();
	restart();
	ck_assert_ptr_null(pw_script_row(s));
	ck_assert(!is_complete());
	script_up(s);
	ck_assert_str_eq(pw_script_said(s, 0), "map:C end");
	ck_assert_msg(!pw_script_row(s), "readers keep the row of before");
	map();
	assert_works(false);
	script_addresses(s, "10.0.0.9");
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 55);
	script_run(s, 5 * USEC_PER_SEC);
	ck_assert(is_complete());
}
END_TEST

START_TEST(one_that_is_not_told_again_is_waited_for_some_time)
{
	s->dut->sim.ports[1].link = &far_away;
	agree();
	restart();
	script_up(s);
	script_addresses(s, "10.0.0.9");
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 55);
	for (int i = 0; i < 4; i++) {
		script_run(s, 5 * USEC_PER_SEC);
		script_hello(s, 15);
		ck_assert_msg(!is_complete() && !pw_script_row(s), "after %d s", 5 * (i + 1));
	}
	script_run(s, 6 * USEC_PER_SEC);
	ck_assert(is_complete());
	assert_is_lost(true);
}
END_TEST

START_TEST(without_an_earlier_life_rows_are_there_at_once)
{
	net_pw_want(s->dut, &wanted);
	ck_assert(is_complete());
	assert_is_lost(false);
}
END_TEST

START_TEST(before_l2vpnd_was_read_the_end_is_not_told)
{
	ldp_node_kill(s->dut);
	s->dut->l2vpnd = false;
	ldp_node_start(s->dut);
	script_up(s);
	net_pw_want(s->dut, &wanted);
	ck_assert_str_eq(pw_script_said(s, 0), "map:C");
	net_pw_tell_all(s->dut);
	ck_assert_str_eq(pw_script_said(s, 0), "map:C end");
}
END_TEST

/* --- targeted sessions --- */

static size_t
adjacencies(void)
{
	return ldp_node_rows(s->dut, "ldp.Adjacency");
}

static size_t
targets(void)
{
	return ldp_node_rows(s->dut, "ldp.Target");
}

/* A session that rests on targeted Hellos alone. */
static void
up_by_target(void)
{
	s->dut->config.interface_count = 0;
	ldp_node_configure(s->dut);
	net_pw_want(s->dut, &wanted);
	script_targeted_hello(s, 90, true);
	script_connect(s);
	script_init(s, NULL);
	script_forget(s);
	script_keepalive(s);
	ck_assert_str_eq(script_state(s), "Operational");
}

START_TEST(a_pseudowire_calls_for_targeted_hellos_to_its_peer)
{
	net_pw_want(s->dut, &wanted);
	ck_assert(s->hello.hello.targeted && s->hello.hello.request_targeted);
	ck_assert_uint_eq(s->hello.hello.hold_s, 90);
	ck_assert_uint_eq(addr_to_v4(&s->hello_to), 0x03030303);
	ck_assert_uint_eq(targets(), 1);
}
END_TEST

START_TEST(its_peer_is_accepted_though_the_operator_accepts_nobody)
{
	script_targeted_hello(s, 90, true);
	ck_assert_uint_eq(adjacencies(), 0);
	up_by_target();
	ck_assert_uint_eq(adjacencies(), 1);
	ck_assert_str_eq(pw_script_said(s, 0), "map:C end");
}
END_TEST

START_TEST(with_the_last_pseudowire_the_session_goes_in_order)
{
	up_by_target();
	struct net_pw second = wanted;
	second.vc_id++;
	second.label++;
	net_pw_want(s->dut, &second);
	script_forget(s);
	unwant();
	script_run(s, 10 * USEC_PER_SEC);
	ck_assert_str_eq(script_state(s), "Operational");
	net_pw_unwant(s->dut, second.peer, second.type, second.vc_id);
	script_run(s, 2 * USEC_PER_SEC - 1);
	ck_assert_str_eq(pw_script_said(s, 0), "withdraw withdraw");
	ck_assert_str_eq(script_state(s), "Operational");
	script_run(s, 1);
	ck_assert_str_eq(script_state(s), "none");
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_SHUTDOWN);
	ck_assert_uint_eq(targets(), 0);
	unsigned before = s->hellos;
	script_run(s, 60 * USEC_PER_SEC);
	ck_assert_uint_eq(s->hellos, before);
}
END_TEST

START_TEST(one_that_takes_the_place_of_another_keeps_the_session)
{
	up_by_target();
	unwant();
	script_run(s, USEC_PER_SEC);
	wanted.vc_id++;
	net_pw_want(s->dut, &wanted);
	script_run(s, 10 * USEC_PER_SEC);
	ck_assert_str_eq(script_state(s), "Operational");
	ck_assert_uint_eq(s->closes, 0);
}
END_TEST

START_TEST(a_configured_target_or_an_accepted_one_outlives_the_pseudowire)
{
	struct addr a = addr_v4(0x03030303);
	if (_i)
		s->dut->config.accept_targeted = true;
	else
		ldp_config_peer_get(&s->dut->config, &a)->targeted = true;
	ldp_node_configure(s->dut);
	up_by_target();
	unwant();
	script_run(s, 10 * USEC_PER_SEC);
	ck_assert_str_eq(script_state(s), "Operational");
	ck_assert_uint_eq(targets(), 1);
}
END_TEST

START_TEST(a_session_over_a_link_is_used_and_outlives_the_pseudowire)
{
	script_up(s);
	script_forget(s);
	net_pw_want(s->dut, &wanted);
	ck_assert_str_eq(pw_script_said(s, 0), "map:C");
	script_targeted_hello(s, 90, true);
	ck_assert_uint_eq(adjacencies(), 2);
	ck_assert_uint_eq(s->connects, 0);
	unwant();
	script_run(s, 5 * USEC_PER_SEC);
	ck_assert_uint_eq(adjacencies(), 1);
	ck_assert_str_eq(script_state(s), "Operational");
	ck_assert_uint_eq(s->closes, 0);
}
END_TEST

START_TEST(one_that_is_wanted_and_silent_is_still_sent_to)
{
	up_by_target();
	script_run(s, 200 * USEC_PER_SEC);
	ck_assert_uint_eq(adjacencies(), 0);
	ck_assert_uint_eq(targets(), 1);
	unsigned before = s->hellos;
	script_run(s, 20 * USEC_PER_SEC);
	ck_assert_uint_gt(s->hellos, before);
}
END_TEST

START_TEST(our_own_address_is_no_peer)
{
	wanted.peer = s->dut->lsr;
	net_pw_want(s->dut, &wanted);
	ck_assert_str_eq(
	    ldp_node_pw(s->dut, s->dut->lsr, PW_ETHERNET, PW_NUMBER)->trouble, "the peer's address is our own LSR id");
}
END_TEST

START_TEST(hellos_begin_when_ldp_is_on)
{
	s->dut->config.enabled = false;
	ldp_node_configure(s->dut);
	unsigned before = s->hellos;
	net_pw_want(s->dut, &wanted);
	script_run(s, 30 * USEC_PER_SEC);
	ck_assert_uint_eq(s->hellos, before);
	s->dut->config.enabled = true;
	ldp_node_configure(s->dut);
	ck_assert_uint_gt(s->hellos, before);
	ck_assert_uint_eq(targets(), 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("ldpd pw and sessions");
	TCase *c = tcase_create("RFC 3478");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, while_the_neighbour_restarts_everything_is_kept);
	tcase_add_test(c, when_it_is_back_both_tell_again_and_nobody_notices);
	tcase_add_test(c, what_it_does_not_tell_again_is_dropped_at_its_end_of_lib);
	tcase_add_test(c, without_an_end_of_lib_it_is_given_ten_seconds_more_than_its_prefixes);
	tcase_add_loop_test(c, a_session_that_somebody_ends_takes_the_labels_with_it, 0, 2);
	tcase_add_test(c, one_that_does_not_forward_over_a_restart_is_not_waited_for);
	tcase_add_loop_test(c, what_changes_while_it_is_away_counts_when_it_is_back, 0, 4);
	tcase_add_loop_test(c, one_that_gave_way_listens_first_when_the_neighbour_is_back, 0, 3);
	tcase_add_test(c, a_neighbour_that_is_lost_in_the_middle_of_asking_is_told_at_once_when_it_is_back);
	tcase_add_test(c, after_our_own_restart_nothing_is_said_before_it_is_known);
	tcase_add_test(c, one_that_is_not_told_again_is_waited_for_some_time);
	tcase_add_test(c, without_an_earlier_life_rows_are_there_at_once);
	tcase_add_test(c, before_l2vpnd_was_read_the_end_is_not_told);
	suite_add_tcase(suite, c);

	c = tcase_create("RFC 5036 2.4.2");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_pseudowire_calls_for_targeted_hellos_to_its_peer);
	tcase_add_test(c, its_peer_is_accepted_though_the_operator_accepts_nobody);
	tcase_add_test(c, with_the_last_pseudowire_the_session_goes_in_order);
	tcase_add_test(c, one_that_takes_the_place_of_another_keeps_the_session);
	tcase_add_loop_test(c, a_configured_target_or_an_accepted_one_outlives_the_pseudowire, 0, 2);
	tcase_add_test(c, a_session_over_a_link_is_used_and_outlives_the_pseudowire);
	tcase_add_test(c, one_that_is_wanted_and_silent_is_still_sent_to);
	tcase_add_test(c, our_own_address_is_no_peer);
	tcase_add_test(c, hellos_begin_when_ldp_is_on);
	suite_add_tcase(suite, c);
	return suite;
}
CHECK_MAIN(suite)
