/*
 * Pseudowires between the engine and one neighbour, RFC 8077: what is said in which case, and what ldp.Pw tells. The
 * neighbour says what no open stack would.
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
	s = pw_script_up(&wanted);
}

static void
teardown(void)
{
	pw_script_free(s);
}

/* --- a story in words: what happens, one after the other, and what the engine says to it --- */

static void
want(bool control_word, uint32_t status)
{
	wanted.control_word = control_word;
	wanted.status = status;
	net_pw_want(s->dut, &wanted);
}

static void
map(bool c, bool status_tlv, uint16_t mtu)
{
	struct ldp_label_fields f = pw_script_mapping();

	f.fec.pw.control_word = c;
	f.fec.pw.params.mtu = mtu;
	f.pw.has_status = status_tlv;
	pw_script_put(s, LDP_LABEL_MAPPING, &f);
}

static void
label(enum ldp_type type, uint32_t value, uint32_t status)
{
	struct ldp_label_fields f = pw_script_mapping();

	f.fec.pw.params.mtu = 0;
	f.pw.has_status = false;
	f.label = value;
	f.status = status;
	pw_script_put(s, type, &f);
}

/* As FRR answers: the number and all parameters are left out. */
static void
answer_lamely(bool c)
{
	struct ldp_label_fields f = { .fec = { .kind = FEC_PW_ID,
					  .pw = { .control_word = c, .type = PW_ETHERNET, .wild = true } },
		.label = PW_THEIRS,
		.request_id = script_last(s, LDP_LABEL_REQUEST)->id };

	pw_script_put(s, LDP_LABEL_MAPPING, &f);
	ck_assert_uint_eq(pw_script_row(s)->remote_mtu, 1500);
	ck_assert(pw_script_row(s)->status_tlv);
}

static void
refuse_request(void)
{
	struct ldp_writer w;

	script_begin(s, &w);
	ldp_put_notification(&w, script_id(s), LDP_NO_ROUTE, script_last(s, LDP_LABEL_REQUEST)->id, LDP_LABEL_REQUEST);
	script_send(s, &w);
}

static void
step(const char *what)
{
	struct ldp_pw_fec fec = pw_script_mapping().fec.pw;
	bool c = what[strlen(what) - 1] == '+';

	if (!strcmp(what, "want+") || !strcmp(what, "want-"))
		want(c, 0);
	else if (!strcmp(what, "bad-"))
		want(c, 1);
	else if (!strcmp(what, "fault"))
		want(wanted.control_word, 1);
	else if (!strcmp(what, "standby"))
		want(wanted.control_word, 0x20);
	else if (!strcmp(what, "good"))
		want(wanted.control_word, 0);
	else if (!strcmp(what, "unwant"))
		net_pw_unwant(s->dut, wanted.peer, wanted.type, wanted.vc_id);
	else if (!strcmp(what, "map+") || !strcmp(what, "map-"))
		map(c, true, 1500);
	else if (!strcmp(what, "old+") || !strcmp(what, "old-"))
		map(c, false, 1500);
	else if (!strcmp(what, "small-"))
		map(c, true, 1400);
	else if (!strcmp(what, "mute-"))
		map(c, true, 0);
	else if (!strcmp(what, "withdraw"))
		label(LDP_LABEL_WITHDRAW, PW_THEIRS, LDP_OK);
	else if (!strcmp(what, "wrong"))
		label(LDP_LABEL_WITHDRAW, PW_THEIRS, LDP_WRONG_C_BIT);
	else if (!strcmp(what, "release"))
		label(LDP_LABEL_RELEASE, PW_OURS, LDP_OK);
	else if (!strcmp(what, "refuse"))
		label(LDP_LABEL_RELEASE, PW_OURS, LDP_ILLEGAL_C_BIT);
	else if (!strcmp(what, "ask"))
		label(LDP_LABEL_REQUEST, LABEL_UNSET, LDP_OK);
	else if (!strcmp(what, "lame+") || !strcmp(what, "lame-"))
		answer_lamely(c);
	else if (!strcmp(what, "noroute"))
		refuse_request();
	else if (!strcmp(what, "down"))
		pw_script_status(s, &fec, 2);
	else if (!strcmp(what, "up"))
		pw_script_status(s, &fec, 0);
	else
		ck_abort_msg("what is \"%s\"?", what);
	script_run(s, USEC_PER_MSEC);
}

struct story {
	const char *steps, *said;
	bool agreed;
	const char *trouble;
};

static void
tell(const struct story *t)
{
	char steps[256], *rest = steps;

	snprintf(steps, sizeof steps, "%s", t->steps);
	for (char *word; (word = strsep(&rest, " "));)
		step(word);
	ck_assert_msg(!strcmp(pw_script_said(s, 0), t->said), "%s: it said\n  %s, not\n  %s", t->steps,
	    pw_script_said(s, 0), t->said);
	const Ldp__Pw *row = pw_script_row(s);
	ck_assert_msg(row != NULL, "%s: a row", t->steps);
	ck_assert_msg(row->control_word == t->agreed, "%s: agreed on control word: %d", t->steps, row->control_word);
	ck_assert_msg(!strcmp(row->trouble, t->trouble), "%s: trouble \"%s\"", t->steps, row->trouble);
	ck_assert_str_eq(script_state(s), "Operational");
}

#define WAITS "control word not used here, used there"
#define ASKS "the other end is asked whether it uses the control word"
#define RELEASED "the other end has released our label"
static const struct story words[] = {
	/* Both want it, or neither does: in either order. */
	{ "want+ map+", "map:C", true, "" },
	{ "map+ want+", "map:C", true, "" },
	{ "want- map-", "map:-", false, "" },
	{ "map- want-", "map:-", false, "" },
	/* We do, the neighbour does not. */
	{ "want+ map-", "map:C withdraw:Wrong C-Bit map:-", false, "" },
	{ "want+ map- release", "map:C withdraw:Wrong C-Bit map:-", false, "" },
	{ "map- want+", "map:-", false, "" },
	{ "want+ map- withdraw map-", "map:C withdraw:Wrong C-Bit map:- release:77", false, "" },
	/* The neighbour does, we do not: we wait for it to give way. */
	{ "want- map+", "map:-", false, WAITS },
	{ "want- map+ wrong", "map:- release:77", false, "" },
	{ "want- map+ wrong map-", "map:- release:77", false, "" },
	{ "map+ want-", "map:-", false, WAITS },
	{ "map+ want- wrong map-", "map:- release:77", false, "" },
	/* Nothing was heard yet when the preference changes. */
	{ "want- want+", "map:- withdraw map:C", false, "" },
	{ "want+ want-", "map:C withdraw map:-", false, "" },
	{ "want- want+ release map+", "map:- withdraw map:C", true, "" },
	{ "want+ want- release map-", "map:C withdraw map:-", false, "" },
	/* 7.3: it changes later: both begin anew, once our label is released and the neighbour has been asked. */
	{ "want- map- want+", "map:- withdraw release:77", false, "" },
	{ "want- map- want+ release", "map:- withdraw release:77 ask", false, ASKS },
	{ "want- map- want+ release map+", "map:- withdraw release:77 ask map:C", true, "" },
	{ "want- map- want+ release map-", "map:- withdraw release:77 ask map:-", false, "" },
	{ "want- map- want+ release lame+", "map:- withdraw release:77 ask map:C", true, "" },
	{ "want- map- want+ release lame-", "map:- withdraw release:77 ask map:-", false, "" },
	{ "want- map- want+ release lame+ fault", "map:- withdraw release:77 ask map:C status:0x1", true, "" },
	{ "want- map- want+ release noroute", "map:- withdraw release:77 ask map:C", false, "" },
	{ "want- map- want+ release unwant map+", "map:- withdraw release:77 ask", false, "" },
	{ "want+ map+ want- release map+ wrong map-", "map:C withdraw release:77 ask map:- release:77", false, "" },
	{ "want+ map- release want- map-", "map:C withdraw:Wrong C-Bit map:-", false, "" },
	{ "want- map+ want+ release map+", "map:- withdraw release:77 ask map:C", true, "" },
	{ "want- map- want+ ask", "map:- withdraw release:77 map:C", false, "" },
	{ "want- map- unwant release want+", "map:- withdraw release:77 ask", false, ASKS },
	{ "want- map- unwant release want+ map+", "map:- withdraw release:77 ask map:C", true, "" },
	/* The neighbour begins anew: what it is told then is what we prefer, not what followed from its former preference. */
	{ "map- want+ withdraw release ask", "map:- release:77 map:C", false, "" },
	{ "map- want+ withdraw release ask map+", "map:- release:77 map:C", true, "" },
	{ "map- want+ withdraw ask map+", "map:- release:77 withdraw map:C", true, "" },
	{ "map- want+ release withdraw ask map-", "map:- release:77 map:C withdraw:Wrong C-Bit map:-", false, "" },
};

START_TEST(control_word)
{
	tell(&words[_i]);
}
END_TEST

static const struct story statuses[] = {
	/* Both have the TLV. */
	{ "want- map- fault", "map:- status:0x1", false, "" },
	{ "want- map- fault good", "map:- status:0x1 status:0x0", false, "" },
	{ "want- map- standby", "map:- status:0x20", false, "" },
	{ "bad- map-", "map:-!0x1", false, "" },
	{ "bad- map- good", "map:-!0x1 status:0x0", false, "" },
	{ "map- bad-", "map:-!0x1", false, "" },
	{ "map- fault good", "map:-!0x1 status:0x0", false, "" },
	/* It changes before the neighbour has spoken: told when it has. */
	{ "want- fault", "map:-", false, "" },
	{ "want- fault map-", "map:- status:0x1", false, "" },
	{ "want- fault good map-", "map:-", false, "" },
	/* The neighbour has none: faults are told by withdrawing, standby is not. */
	{ "want- old- fault", "map:- withdraw", false, "" },
	{ "want- old- fault release good", "map:- withdraw map:-", false, "" },
	{ "want- old- fault good", "map:- withdraw map:-", false, "" },
	{ "want- old- standby", "map:-", false, "" },
	{ "bad- old-", "map:-!0x1 withdraw", false, "" },
	{ "bad- old- good", "map:-!0x1 withdraw map:-", false, "" },
	{ "old- bad-", "", false, "" },
	{ "old- bad- good", "map:-", false, "" },
	{ "old- bad- ask", "notify:No Route", false, "" },
	/* And then it has one, or the other way round. */
	{ "want- old- withdraw map- fault", "map:- release:77 status:0x1", false, "" },
	{ "want- map- withdraw old- fault", "map:- release:77 withdraw", false, "" },
};

START_TEST(status_of_ours)
{
	tell(&statuses[_i]);
}
END_TEST

static const struct story lives[] = {
	/* One end is configured late. */
	{ "want- release", "map:-", false, RELEASED },
	{ "want- release map-", "map:- map:-", false, "" },
	{ "want- release ask", "map:- map:-", false, "" },
	{ "want- refuse", "map:-", false, RELEASED ": Illegal C-Bit" },
	{ "want- refuse map-", "map:- map:-", false, "" },
	{ "map- ask", "notify:No Route", false, "" },
	{ "map- ask want-", "notify:No Route map:-", false, "" },
	{ "want- ask", "map:- map:-", false, "" },
	/* Two Releases may be about one Withdraw; a third is not. */
	{ "want+ map- release release", "map:C withdraw:Wrong C-Bit map:- map:-", false, "" },
	{ "want+ map- release release release", "map:C withdraw:Wrong C-Bit map:- map:-", false, RELEASED },
	/* One end is taken away, and comes back. */
	{ "want- map- unwant", "map:- withdraw", false, "" },
	{ "want- map- unwant want-", "map:- withdraw map:-", false, "" },
	{ "want- map- unwant release want-", "map:- withdraw map:-", false, "" },
	{ "want- map- unwant want- release", "map:- withdraw map:-", false, "" },
	{ "want- map- withdraw", "map:- release:77", false, "" },
	{ "want- map- withdraw map-", "map:- release:77", false, "" },
	{ "want+ map+ withdraw map+", "map:C release:77", true, "" },
	{ "map- withdraw want-", "release:77 map:-", false, "" },
	{ "map- map- want-", "map:-", false, "" },
	/* MTU. */
	{ "want- small-", "map:-", false, "MTU 1500 here, 1400 there" },
	{ "small- want-", "map:-", false, "MTU 1500 here, 1400 there" },
	{ "want- small- map-", "map:-", false, "" },
	{ "want- map- small-", "map:-", false, "MTU 1500 here, 1400 there" },
	{ "want- mute-", "map:-", false, "" },
};

START_TEST(life)
{
	tell(&lives[_i]);
}
END_TEST

/* --- what the row says --- */

START_TEST(a_row_tells_everything_that_the_other_end_said)
{
	struct ldp_label_fields f = pw_script_mapping();
	f.fec.pw.control_word = true;
	f.fec.pw.params = (struct ldp_pw_params){ .mtu = 1400,
		.vlan = 20,
		.vccv_cc = 3,
		.vccv_cv = 0x14,
		.description = (const uint8_t *)"to\tBasel",
		.description_size = 8 };
	f.pw.status = 0x20;
	pw_script_put(s, LDP_LABEL_MAPPING, &f);
	const Ldp__Pw *row = pw_script_row(s);
	ck_assert(!row->requested && row->session && row->status_tlv && row->remote_control_word);
	ck_assert_uint_eq(row->local_label, LABEL_UNSET);
	ck_assert_uint_eq(row->remote_label, PW_THEIRS);
	ck_assert_uint_eq(row->remote_status, 0x20);
	ck_assert_uint_eq(row->remote_group, 9);
	ck_assert_uint_eq(row->remote_mtu, 1400);
	ck_assert_uint_eq(row->remote_vlan, 20);
	ck_assert_uint_eq(row->remote_vccv_cc, 3);
	ck_assert_uint_eq(row->remote_vccv_cv, 0x14);
	ck_assert_str_eq(row->remote_description, "to?Basel");
	ck_assert_str_eq(row->trouble, "");
}
END_TEST

START_TEST(a_mapping_tells_everything_that_is_asked_for_and_vccv_only_if_it_is)
{
	wanted.type = PW_ETHERNET_TAGGED;
	wanted.vlan = 30;
	wanted.vccv_cc = _i ? 1 : 0;
	wanted.vccv_cv = _i ? 2 : 0;
	snprintf(wanted.description, sizeof wanted.description, "to Bern");
	want(false, 8);
	struct ldp_msg m = *script_last(s, LDP_LABEL_MAPPING);
	struct ldp_fec e;
	ck_assert_int_eq(ldp_decode_fec(&m.label.fecs, &e), LDP_OK);
	ck_assert_uint_eq(m.label.label, PW_OURS);
	ck_assert_uint_eq(m.label.pw.status, 8);
	ck_assert_uint_eq(e.pw.type, PW_ETHERNET_TAGGED);
	ck_assert_uint_eq(e.pw.group, 5);
	ck_assert_uint_eq(e.pw.params.mtu, 1500);
	ck_assert_uint_eq(e.pw.params.vlan, 30);
	ck_assert_uint_eq(e.pw.params.vccv_cc, _i ? 1 : 0);
	ck_assert_uint_eq(e.pw.params.vccv_cv, _i ? 2 : 0);
	ck_assert_uint_eq(e.pw.params.description_size, 7);
	ck_assert_int_eq(memcmp(e.pw.params.description, "to Bern", 7), 0);
	/* What is left out takes no bytes. */
	ck_assert_uint_eq(wire_left(&script_last(s, LDP_LABEL_MAPPING)->label.fecs), 12u + 4 + 4 + 9 + (_i ? 4 : 0));
}
END_TEST

START_TEST(another_type_of_the_same_number_is_trouble_that_names_both)
{
	struct ldp_label_fields f = pw_script_mapping();
	f.fec.pw.type = _i == 2 ? 11 : PW_ETHERNET_TAGGED;
	if (_i)
		want(false, 0);
	pw_script_put(s, LDP_LABEL_MAPPING, &f);
	if (!_i)
		want(false, 0);
	ck_assert_str_eq(pw_script_row(s)->trouble,
	    _i == 2 ? "type Ethernet raw here, 11 there" : "type Ethernet raw here, Ethernet tagged there");
	ck_assert_uint_eq(pw_script_row(s)->remote_label, LABEL_UNSET);
	ck_assert_str_eq(pw_script_said(s, 0), "map:-");
	pw_script_put(s, LDP_LABEL_WITHDRAW, &f);
	ck_assert_str_eq(pw_script_row(s)->trouble, "");
}
END_TEST

START_TEST(since_is_when_label_status_or_trouble_changed_last)
{
	want(false, 0);
	map(false, true, 1500);
	uint64_t first = pw_script_row(s)->since;
	ck_assert_uint_eq(first, s->net->sim.now);
	script_run(s, USEC_PER_SEC);
	map(false, true, 1500);
	want(false, 1);
	ck_assert_msg(pw_script_row(s)->since == first, "our own status is no change of the other end's");
	script_run(s, USEC_PER_SEC);
	step("down");
	ck_assert_uint_gt(pw_script_row(s)->since, first);
	ck_assert_uint_eq(pw_script_row(s)->remote_status, 2);
	uint64_t second = pw_script_row(s)->since;
	script_run(s, USEC_PER_SEC);
	map(false, true, 1400);
	ck_assert_uint_gt(pw_script_row(s)->since, second);
}
END_TEST

START_TEST(what_only_the_other_end_wants_is_a_row_until_it_takes_it_back)
{
	map(false, true, 1500);
	ck_assert(pw_script_row(s) && !pw_script_row(s)->requested);
	label(LDP_LABEL_WITHDRAW, LABEL_UNSET, LDP_OK);
	ck_assert_ptr_null(pw_script_row(s));
	ck_assert_str_eq(pw_script_said(s, 0), "release:-1");
}
END_TEST

START_TEST(what_nobody_wants_any_more_is_no_row)
{
	want(false, 0);
	net_pw_unwant(s->dut, wanted.peer, wanted.type, wanted.vc_id);
	ck_assert_ptr_null(pw_script_row(s));
	label(LDP_LABEL_RELEASE, PW_OURS, LDP_OK);
	ck_assert_ptr_null(pw_script_row(s));
}
END_TEST

START_TEST(a_request_that_is_not_repeated_after_the_snapshot_is_gone)
{
	want(false, 0);
	s->dut->pw_count = 0;
	s->dut->round++;
	net_pw_tell_all(s->dut);
	ck_assert_str_eq(pw_script_said(s, 0), "map:- withdraw end");
	ck_assert_ptr_null(pw_script_row(s));
}
END_TEST

/* --- changes of the request --- */

START_TEST(a_change_of_what_was_told_withdraws_the_label_and_tells_it_anew)
{
	want(false, 0);
	map(false, true, 1500);
	switch (_i) {
	case 0: wanted.label++; break;
	case 1: wanted.mtu = 1400; break;
	case 2: wanted.group = 6; break;
	case 3: wanted.vccv_cc = 1; break;
	default: wanted.vccv_cv = 2; break;
	}
	want(false, 0);
	ck_assert_str_eq(pw_script_said(s, 0), "map:- withdraw map:-");
	ck_assert_uint_eq(script_last(s, LDP_LABEL_WITHDRAW)->label.label, PW_OURS);
	ck_assert_uint_eq(script_last(s, LDP_LABEL_MAPPING)->label.label, _i ? PW_OURS : PW_OURS + 1);
	ck_assert_uint_eq(pw_script_row(s)->local_label, _i ? PW_OURS : PW_OURS + 1);
	label(LDP_LABEL_RELEASE, PW_OURS, LDP_OK);
	ck_assert_msg(pw_script_row(s)->local_label != LABEL_UNSET, "the Release is of what was withdrawn");
}
END_TEST

START_TEST(another_description_is_told_without_taking_the_label_back)
{
	want(false, 0);
	snprintf(wanted.description, sizeof wanted.description, "to Bern");
	want(false, 0);
	ck_assert_str_eq(pw_script_said(s, 0), "map:- map:-");
}
END_TEST

START_TEST(a_released_label_is_told_again_when_something_changes)
{
	want(false, 0);
	label(LDP_LABEL_RELEASE, PW_OURS, LDP_OK);
	want(false, 1);
	ck_assert_str_eq(pw_script_said(s, 0), "map:-");
	wanted.mtu = 1400;
	want(false, 0);
	ck_assert_str_eq(pw_script_said(s, 0), "map:- map:-");
	ck_assert_str_eq(pw_script_row(s)->trouble, "");
}
END_TEST

START_TEST(without_a_label_of_ours_nothing_is_told)
{
	wanted.label = _i ? 3 : LABEL_UNSET;
	want(false, 0);
	ck_assert_str_eq(pw_script_said(s, 0), "");
	ck_assert_str_eq(pw_script_row(s)->trouble, "there is no label for it here");
	wanted.label = PW_OURS;
	want(false, 0);
	ck_assert_str_eq(pw_script_said(s, 0), "map:-");
}
END_TEST

START_TEST(a_status_that_comes_and_goes_at_once_is_not_told)
{
	want(false, 0);
	map(false, true, 1500);
	script_run(s, USEC_PER_MSEC);
	want(false, 1);
	want(false, 0);
	script_run(s, USEC_PER_SEC);
	ck_assert_str_eq(pw_script_said(s, 0), "map:-");
}
END_TEST

/* --- labels --- */

START_TEST(a_new_label_gives_the_old_one_back)
{
	struct ldp_label_fields f = pw_script_mapping();
	map(false, true, 1500);
	f.label = 78;
	pw_script_put(s, LDP_LABEL_MAPPING, &f);
	ck_assert_str_eq(pw_script_said(s, 0), "release:77");
	ck_assert_uint_eq(pw_script_row(s)->remote_label, 78);
	label(LDP_LABEL_WITHDRAW, PW_THEIRS, LDP_OK);
	ck_assert_msg(pw_script_row(s)->remote_label == 78, "a Withdraw of the old one is about that");
}
END_TEST

START_TEST(a_withdraw_of_nothing_that_is_known_is_answered)
{
	label(LDP_LABEL_WITHDRAW, PW_THEIRS, LDP_OK);
	ck_assert_str_eq(pw_script_said(s, 0), "release:77");
	ck_assert_ptr_null(pw_script_row(s));
}
END_TEST

START_TEST(a_reserved_label_is_given_back)
{
	struct ldp_label_fields f = pw_script_mapping();
	f.label = _i;
	pw_script_put(s, LDP_LABEL_MAPPING, &f);
	char said[24];
	snprintf(said, sizeof said, "release:%d", _i);
	ck_assert_str_eq(pw_script_said(s, 0), said);
	ck_assert_ptr_null(pw_script_row(s));
}
END_TEST

START_TEST(a_type_that_needs_a_control_word_is_refused_without)
{
	struct ldp_label_fields f = pw_script_mapping();
	f.fec.pw.type = 0x0002;
	pw_script_put(s, LDP_LABEL_MAPPING, &f);
	ck_assert_str_eq(pw_script_said(s, 0), "release:77:Illegal C-Bit");
	f.fec.pw.control_word = true;
	pw_script_put(s, LDP_LABEL_MAPPING, &f);
	ck_assert_ptr_nonnull(ldp_node_pw(s->dut, s->lsr, 2, PW_NUMBER));
	f.fec.pw.control_word = false;
	pw_script_put(s, LDP_LABEL_MAPPING, &f);
	ck_assert_msg(!ldp_node_pw(s->dut, s->lsr, 2, PW_NUMBER), "what it said before counts no longer");
}
END_TEST

/* In one PDU, so that the answers fill more than one. */
START_TEST(answers_to_many_long_names_are_whole)
{
	static uint8_t name[80];
	static uint8_t pdu[LDP_PDU_MAX];
	struct ldp_label_fields f = { .fec = { .kind = FEC_PW_GENERAL,
					  .pw = { .type = PW_ETHERNET,
					      .group_name = { 1, sizeof name, name },
					      .source = { 1, sizeof name, name },
					      .target = { 1, sizeof name, name } } },
		.label = PW_THEIRS };
	struct ldp_writer w;
	ldp_begin(&w, pdu, sizeof pdu, s->lsr);
	for (int i = 0; i < 14; i++)
		ldp_put_label_fields(&w, script_id(s), LDP_LABEL_MAPPING, &f);
	script_bytes(s, pdu, ldp_end(&w));
	ck_assert_uint_eq(script_count(s, LDP_LABEL_RELEASE), 14);
	ck_assert_uint_le(s->largest_pdu, LDP_PDU_MAX);
}
END_TEST

START_TEST(nobody_has_the_name_that_a_mapping_is_for)
{
	struct ldp_label_fields f = { .fec = { .kind = FEC_PW_GENERAL,
					  .pw = { .type = PW_ETHERNET,
					      .group_name = { 1, 2, (const uint8_t *)"ab" },
					      .source = { 1, 4, (const uint8_t *)"\3\3\3\3" },
					      .target = { 1, 4, (const uint8_t *)"\2\2\2\2" } } },
		.label = PW_THEIRS };
	pw_script_put(s, LDP_LABEL_MAPPING, &f);
	ck_assert_str_eq(pw_script_said(s, 0), "release:77:Unassigned/Unrecognized TAI");
	struct wire_reader fecs = script_last(s, LDP_LABEL_RELEASE)->label.fecs;
	struct ldp_fec e;
	ck_assert_int_eq(ldp_decode_fec(&fecs, &e), LDP_OK);
	ck_assert_uint_eq(e.pw.source.size, 4);
	ck_assert_int_eq(memcmp(e.pw.group_name.value, "ab", 2), 0);
	pw_script_put(s, LDP_LABEL_WITHDRAW, &f);
	f.label = LABEL_UNSET;
	pw_script_put(s, LDP_LABEL_REQUEST, &f);
	pw_script_put(s, LDP_LABEL_RELEASE, &f);
	ck_assert_str_eq(pw_script_said(s, 0), "release:77:Unassigned/Unrecognized TAI release:77 notify:No Route");
	ck_assert_uint_eq(ldp_node_rows(s->dut, "ldp.Pw"), 0);
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

/* --- messages that are not as they should be --- */

static void
group_of(struct ldp_label_fields *f)
{
	*f = pw_script_mapping();
	f->fec.pw.wild = true;
	f->pw.has_status = false;
}

START_TEST(a_label_for_a_whole_group_ends_the_session)
{
	struct ldp_label_fields f;
	group_of(&f);
	if (_i)
		f.fec = (struct ldp_fec){ .kind = FEC_TYPED_WILDCARD, .of = FEC_PW_ID, .pw = { .type = 5 } };
	pw_script_put(s, LDP_LABEL_MAPPING, &f);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_MALFORMED_TLV);
	ck_assert_uint_eq(s->closes, 1);
}
END_TEST

START_TEST(one_label_for_two_pseudowires_ends_the_session)
{
	script_bytes(s,
	    "\0\1\0\62\3\3\3\3\0\0\4\0\0\50\0\0\0\1\1\0\0\30\x80\0\5\4\0\0\0\1\0\0\0\2\x80\0\5\4\0\0\0\1\0\0\0\3\2\0\0"
	    "\4\0\0\0\x4d",
	    54);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_MALFORMED_TLV);
	ck_assert_uint_eq(s->closes, 1);
}
END_TEST

START_TEST(a_notification_of_status_without_status_or_fec_counts_for_nothing)
{
	/* The status TLV alone; with a PW status; with a FEC. */
	static const struct {
		const char *bytes;
		size_t size;
	} cases[] = {
		{ "\0\1\0\34\3\3\3\3\0\0\0\1\0\22\0\0\0\1\3\0\0\12\0\0\0\50\0\0\0\0\0\0", 32 },
		{ "\0\1\0\44\3\3\3\3\0\0\0\1\0\32\0\0\0\1\3\0\0\12\0\0\0\50\0\0\0\0\0\0\x89\x6a\0\4\0\0\0\1", 40 },
		{ "\0\1\0\54\3\3\3\3\0\0\0\1\0\42\0\0\0\1\3\0\0\12\0\0\0\50\0\0\0\0\0\0\1\0\0\14\x80\0\5\4\0\0\0\11\0\0"
		  "\0\144",
		    48 },
	};
	map(false, true, 1500);
	script_bytes(s, cases[_i].bytes, cases[_i].size);
	ck_assert_str_eq(pw_script_said(s, 0), "notify:Missing Message Parameters");
	ck_assert_uint_eq(pw_script_row(s)->remote_status, 0);
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

START_TEST(a_status_of_a_pseudowire_that_was_not_mapped_counts_for_nothing)
{
	want(false, 0);
	step("down");
	ck_assert_uint_eq(pw_script_row(s)->remote_status, 0);
	step("map-");
	ck_assert_uint_eq(pw_script_row(s)->remote_status, 0);
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("ldpd pw");
	TCase *c = tcase_create("RFC 8077 7");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, control_word, 0, COUNT(words));
	tcase_add_test(c, a_type_that_needs_a_control_word_is_refused_without);
	suite_add_tcase(suite, c);

	c = tcase_create("RFC 8077 5.4");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, status_of_ours, 0, COUNT(statuses));
	tcase_add_test(c, a_status_that_comes_and_goes_at_once_is_not_told);
	tcase_add_test(c, a_status_of_a_pseudowire_that_was_not_mapped_counts_for_nothing);
	tcase_add_loop_test(c, a_notification_of_status_without_status_or_fec_counts_for_nothing, 0, 3);
	suite_add_tcase(suite, c);

	c = tcase_create("RFC 8077 5 and 6");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, life, 0, COUNT(lives));
	tcase_add_test(c, a_row_tells_everything_that_the_other_end_said);
	tcase_add_loop_test(c, a_mapping_tells_everything_that_is_asked_for_and_vccv_only_if_it_is, 0, 2);
	tcase_add_loop_test(c, another_type_of_the_same_number_is_trouble_that_names_both, 0, 3);
	tcase_add_test(c, since_is_when_label_status_or_trouble_changed_last);
	tcase_add_test(c, what_only_the_other_end_wants_is_a_row_until_it_takes_it_back);
	tcase_add_test(c, what_nobody_wants_any_more_is_no_row);
	tcase_add_test(c, a_request_that_is_not_repeated_after_the_snapshot_is_gone);
	tcase_add_loop_test(c, a_change_of_what_was_told_withdraws_the_label_and_tells_it_anew, 0, 5);
	tcase_add_test(c, another_description_is_told_without_taking_the_label_back);
	tcase_add_test(c, a_released_label_is_told_again_when_something_changes);
	tcase_add_loop_test(c, without_a_label_of_ours_nothing_is_told, 0, 2);
	tcase_add_test(c, a_new_label_gives_the_old_one_back);
	tcase_add_test(c, a_withdraw_of_nothing_that_is_known_is_answered);
	tcase_add_loop_test(c, a_reserved_label_is_given_back, 0, 4);
	tcase_add_test(c, answers_to_many_long_names_are_whole);
	tcase_add_test(c, nobody_has_the_name_that_a_mapping_is_for);
	tcase_add_loop_test(c, a_label_for_a_whole_group_ends_the_session, 0, 2);
	tcase_add_test(c, one_label_for_two_pseudowires_ends_the_session);
	suite_add_tcase(suite, c);
	return suite;
}
CHECK_MAIN(suite)
