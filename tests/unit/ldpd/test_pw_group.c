/* Many pseudowires at once, RFC 8077: groups and all of a type, told and heard. */
#include "base/label.h"
#include "base/mem.h"
#include "helper/check.h"
#include "tests/helper/ldp_pw_script.h"

static struct script *s;
static struct net_pw wanted;

static void
setup(void)
{
	s = pw_script_up(&wanted);
}

static void
teardown(void)
{
	pw_script_free(s);
}

static void
group_of(struct ldp_label_fields *f)
{
	*f = pw_script_mapping();
	f->fec.pw.wild = true;
	f->pw.has_status = false;
}

/* The first of three. */
static void
take_back(void)
{
	struct ldp_label_fields f = pw_script_mapping();

	f.pw.has_status = false;
	pw_script_put(s, LDP_LABEL_WITHDRAW, &f);
}

static void
three(uint32_t status, uint32_t from)
{
	for (uint32_t i = from; i < 3; i++) {
		wanted.vc_id = PW_NUMBER + i;
		wanted.label = PW_OURS + i;
		wanted.status = status;
		net_pw_want(s->dut, &wanted);
	}
}

static void
map_three(bool status_tlv)
{
	struct ldp_label_fields f = pw_script_mapping();

	f.pw.has_status = status_tlv;
	for (uint32_t i = 0; i < 3; i++) {
		f.fec.pw.id = PW_NUMBER + i;
		f.label = PW_THEIRS + i;
		pw_script_put(s, LDP_LABEL_MAPPING, &f);
	}
}

static uint32_t
status_of(uint32_t i)
{
	return ldp_node_pw(s->dut, s->lsr, PW_ETHERNET, PW_NUMBER + i)->remote_status;
}

START_TEST(a_group_that_changes_together_is_told_by_one_message)
{
	three(0, 0);
	map_three(true);
	script_run(s, USEC_PER_MSEC);
	script_forget(s);
	three(6, 0);
	script_run(s, USEC_PER_MSEC);
	ck_assert_str_eq(pw_script_said(s, 0), "status:group 5:0x6");
	three(0, 1);
	script_run(s, USEC_PER_MSEC);
	ck_assert_str_eq(pw_script_said(s, 0), "status:group 5:0x6 status:0x0 status:0x0");
}
END_TEST

START_TEST(a_group_with_one_that_is_not_listening_is_told_one_by_one)
{
	if (_i == 1)
		wanted.group = 0; /* no group at all */
	three(0, 0);
	map_three(true);
	if (_i == 0)
		take_back();
	script_run(s, USEC_PER_MSEC);
	script_forget(s);
	three(6, 0);
	script_run(s, USEC_PER_MSEC);
	ck_assert_str_eq(pw_script_said(s, 0), _i ? "status:0x6 status:0x6 status:0x6" : "status:0x6 status:0x6");
}
END_TEST

START_TEST(a_status_of_a_group_is_that_of_each_in_it)
{
	struct ldp_label_fields f;
	map_three(true);
	group_of(&f);
	f.fec.pw.group = _i == 1 ? 8 : 9;
	f.fec.pw.type = _i == 2 ? PW_ETHERNET_TAGGED : PW_ETHERNET;
	pw_script_status(s, &f.fec.pw, 0x18);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(status_of(i), _i ? 0 : 0x18);
}
END_TEST

START_TEST(a_withdraw_of_a_group_takes_each_in_it_and_is_answered_once)
{
	struct ldp_label_fields f;
	three(0, 0);
	map_three(true);
	script_run(s, USEC_PER_MSEC);
	script_forget(s);
	group_of(&f);
	f.label = LABEL_UNSET;
	if (_i == 1)
		f.fec = (struct ldp_fec){ .kind = FEC_TYPED_WILDCARD, .of = FEC_PW_ID, .pw = { .type = PW_TYPE_ALL } };
	else if (_i == 2)
		f.fec = (struct ldp_fec){ .kind = FEC_WILDCARD };
	pw_script_put(s, LDP_LABEL_WITHDRAW, &f);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_RELEASE), 1);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(ldp_node_pw(s->dut, s->lsr, PW_ETHERNET, PW_NUMBER + i)->remote_label, LABEL_UNSET);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_WITHDRAW), 0);
}
END_TEST

START_TEST(a_release_of_a_group_is_one_of_each)
{
	struct ldp_label_fields f;
	three(0, 0);
	group_of(&f);
	f.fec.pw.group = 5; /* ours: they are our labels */
	f.label = LABEL_UNSET;
	pw_script_put(s, LDP_LABEL_RELEASE, &f);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(ldp_node_pw(s->dut, s->lsr, PW_ETHERNET, PW_NUMBER + i)->local_label, LABEL_UNSET);
}
END_TEST

/* --- taken back together --- */

static void
unwant(uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		net_pw_unwant(s->dut, s->lsr, PW_ETHERNET, PW_NUMBER + i);
}

static void
up(bool status_tlv)
{
	three(0, 0);
	map_three(status_tlv);
	script_run(s, USEC_PER_MSEC);
	script_forget(s);
}

static void
release(bool group, uint32_t i)
{
	struct ldp_label_fields f = pw_script_mapping();

	f.fec.pw.wild = group;
	f.fec.pw.group = 5;
	f.fec.pw.id = PW_NUMBER + i;
	f.fec.pw.params = (struct ldp_pw_params){ 0 };
	f.pw.has_status = false;
	f.label = group ? LABEL_UNSET : PW_OURS + i;
	pw_script_put(s, LDP_LABEL_RELEASE, &f);
}

static uint32_t
local_label(uint32_t i)
{
	return ldp_node_pw(s->dut, s->lsr, PW_ETHERNET, PW_NUMBER + i)->local_label;
}

START_TEST(a_group_that_goes_is_taken_back_by_one_message)
{
	up(true);
	unwant(0, 3);
	script_run(s, USEC_PER_MSEC);
	ck_assert_str_eq(pw_script_said(s, 0), "withdraw:group 5");
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(local_label(i), LABEL_UNSET);
	/* A peer may answer for all at once, or for each. */
	for (uint32_t i = 0; i < (_i ? 3 : 1); i++)
		release(!_i, i);
	three(0, 0);
	script_run(s, USEC_PER_MSEC);
	ck_assert_str_eq(pw_script_said(s, 0), "withdraw:group 5 map:- map:- map:-");
	release(false, 0); /* and this is of what was told since */
	release(false, 0);
	ck_assert_uint_eq(local_label(0), LABEL_UNSET);
	ck_assert_uint_eq(local_label(1), PW_OURS + 1);
}
END_TEST

START_TEST(a_part_of_a_group_is_taken_back_one_by_one)
{
	if (_i == 1)
		wanted.group = 0; /* no group at all */
	up(true);
	unwant(0, _i ? 3 : 2);
	script_run(s, USEC_PER_MSEC);
	ck_assert_str_eq(pw_script_said(s, 0), _i ? "withdraw withdraw withdraw" : "withdraw withdraw");
}
END_TEST

/* 5.4: a fault, to a peer without status. */
START_TEST(a_group_that_fails_is_taken_back_by_one_message_where_no_status_can_be_told)
{
	up(false);
	three(6, 0);
	script_run(s, USEC_PER_MSEC);
	ck_assert_str_eq(pw_script_said(s, 0), "withdraw:group 5");
	three(0, 0);
	script_run(s, USEC_PER_MSEC);
	ck_assert_str_eq(pw_script_said(s, 0), "withdraw:group 5 map:- map:- map:-");
}
END_TEST

START_TEST(a_group_of_which_some_go_and_some_fail_is_told_one_by_one)
{
	up(true);
	unwant(0, 1);
	three(6, 1);
	script_run(s, USEC_PER_MSEC);
	ck_assert_str_eq(pw_script_said(s, 0), "withdraw status:0x6 status:0x6");
}
END_TEST

START_TEST(what_is_wanted_back_at_once_was_never_taken)
{
	up(true);
	unwant(0, 3);
	three(0, 0);
	script_run(s, USEC_PER_MSEC);
	ck_assert_str_eq(pw_script_said(s, 0), "");
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(local_label(i), PW_OURS + i);
}
END_TEST

START_TEST(a_release_of_a_group_that_answers_is_about_none_that_was_told_since)
{
	up(true);
	unwant(0, 3);
	script_run(s, USEC_PER_MSEC);
	wanted.vc_id = PW_NUMBER + 7;
	wanted.label = PW_OURS + 7;
	net_pw_want(s->dut, &wanted);
	release(true, 0);
	ck_assert_uint_eq(local_label(7), PW_OURS + 7);
	release(true, 0); /* nothing is awaited any more */
	ck_assert_uint_eq(local_label(7), LABEL_UNSET);
}
END_TEST

START_TEST(who_asks_for_all_is_told_all_and_the_end)
{
	struct ldp_label_fields f = { .fec = { .kind = FEC_TYPED_WILDCARD, .of = FEC_PW_ID }, .label = LABEL_UNSET };
	s->dut->l2vpnd = true;
	three(0, 0);
	net_pw_tell_all(s->dut);
	script_forget(s);
	f.fec.pw.type = _i == 0 ? PW_TYPE_ALL : _i == 1 ? PW_ETHERNET : PW_ETHERNET_TAGGED;
	pw_script_put(s, LDP_LABEL_REQUEST, &f);
	ck_assert_str_eq(pw_script_said(s, 0), _i < 2 ? "map:- map:- map:- end" : "end");
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("ldpd pw groups");
	TCase *c = tcase_create("RFC 8077 5.4.2 and 6, RFC 6667");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_group_that_changes_together_is_told_by_one_message);
	tcase_add_loop_test(c, a_group_with_one_that_is_not_listening_is_told_one_by_one, 0, 2);
	tcase_add_loop_test(c, a_status_of_a_group_is_that_of_each_in_it, 0, 3);
	tcase_add_loop_test(c, a_withdraw_of_a_group_takes_each_in_it_and_is_answered_once, 0, 3);
	tcase_add_test(c, a_release_of_a_group_is_one_of_each);
	tcase_add_loop_test(c, a_group_that_goes_is_taken_back_by_one_message, 0, 2);
	tcase_add_loop_test(c, a_part_of_a_group_is_taken_back_one_by_one, 0, 2);
	tcase_add_test(c, a_group_that_fails_is_taken_back_by_one_message_where_no_status_can_be_told);
	tcase_add_test(c, a_group_of_which_some_go_and_some_fail_is_told_one_by_one);
	tcase_add_test(c, what_is_wanted_back_at_once_was_never_taken);
	tcase_add_test(c, a_release_of_a_group_that_answers_is_about_none_that_was_told_since);
	tcase_add_loop_test(c, who_asks_for_all_is_told_all_and_the_end, 0, 3);
	suite_add_tcase(suite, c);
	return suite;
}
CHECK_MAIN(suite)
