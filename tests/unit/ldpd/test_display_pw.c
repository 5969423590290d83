/* What an operator reads of pseudowires. */
#include "base/label.h"
#include "base/mem.h"
#include "host/command_internal.h"
#include "ldpd/commands.h"
#include "ldpd/display.h"
#include "proto/ldp.pb-c.h"
#include "tests/helper/check.h"
#include <string.h>

static struct text out;
static struct args *args;
static struct show show;
static struct row_set table;
static Ldp__Pw pws[3];
static Ldp__Pw *rows[] = { &pws[0], &pws[1], &pws[2] };
static uint8_t peers[2][4] = { { 3, 3, 3, 3 }, { 4, 4, 4, 4 } };

static void
setup(void)
{
	out = (struct text){ 0 };
	args = args_new(NULL);
	show = (struct show){
		.tables = &table, .table_count = 1, .args = args, .out = &out, .now_us = UINT64_C(100000000000)
	};
	table = (struct row_set){ .rows = (ProtobufCMessage **)rows, .count = 3, .complete = true };
	for (int i = 0; i < 3; i++) {
		ldp__pw__init(&pws[i]);
		pws[i].peer = (ProtobufCBinaryData){ 4, peers[i / 2] };
		pws[i].type = 5;
		pws[i].vc_id = 100 + (uint32_t)i;
		pws[i].local_label = pws[i].remote_label = LABEL_UNSET;
		pws[i].since = show.now_us - 3661u * 1000000;
	}
	/* One that works, one that does not fit, one that is not wanted here. */
	pws[0].requested = pws[0].session = pws[0].control_word = pws[0].remote_control_word = pws[0].status_tlv = true;
	pws[0].local_label = 600000;
	pws[0].remote_label = 77;
	pws[0].remote_mtu = 1500;
	pws[0].remote_group = 9;
	pws[0].remote_vccv_cc = 1;
	pws[0].remote_vccv_cv = 2;
	pws[0].remote_description = (char *)(uintptr_t) "to Basel";
	pws[1].requested = pws[1].session = pws[1].stale = true;
	pws[1].type = 4;
	pws[1].local_label = 600001;
	pws[1].remote_label = 78;
	pws[1].remote_status = 0x102;
	pws[1].remote_mtu = 1400;
	pws[1].remote_vlan = 20;
	pws[1].trouble = (char *)(uintptr_t) "MTU 1500 here, 1400 there";
	pws[2].type = 11;
}

static void
teardown(void)
{
	text_free(&out);
	args_free(args);
}

START_TEST(one_line_tells_labels_the_far_end_and_what_does_not_fit)
{
	ck_assert_int_eq(ldp_show_pws(&show), 0);
	ck_assert_str_eq(text_chars(&out), " Peer     VC-ID  Type             In/OutLabel  CW   Faults by  Far end     "
					   "                        Since     Trouble\n"
					   " 3.3.3.3  100    Ethernet raw     600000/77    yes  status     forwarding  "
					   "                        01:01:01  -\n"
					   " 3.3.3.3  101    Ethernet tagged  600001/78    no   withdraw   AC receive "
					   "fault, 0x100 (restarts)  01:01:01  MTU 1500 here, 1400 there\n"
					   " 4.4.4.4  102    11               NULL/NULL    no   -          no session  "
					   "                        01:01:01  not wanted here\n"
					   " TOTAL: 3 pseudowire(s)\n");
}
END_TEST

START_TEST(verbose_tells_everything_that_the_other_end_says)
{
	ck_assert_int_eq(ldp_show_pws_verbose(&show), 0);
	ck_assert_str_eq(text_chars(&out),
	    " Peer 3.3.3.3, VC-ID 100, Ethernet raw\n"
	    "   Our label       : 600000\n"
	    "   Its label       : 77\n"
	    "   Control word    : used\n"
	    "   Far end         : forwarding\n"
	    "   Faults are told : by status\n"
	    "   It says         : MTU 1500, group 9, control word yes, VCCV CC 0x01 CV 0x02\n"
	    "   Description     : to Basel\n"
	    "   Unchanged for   : 01:01:01\n"
	    "   Trouble         : -\n"
	    " Peer 3.3.3.3, VC-ID 101, Ethernet tagged\n"
	    "   Our label       : 600001\n"
	    "   Its label       : 78\n"
	    "   Control word    : not used\n"
	    "   Far end         : AC receive fault, 0x100 (restarts)\n"
	    "   Faults are told : by withdrawing the label\n"
	    "   It says         : MTU 1400, group 0, control word no, VLAN 20\n"
	    "   Unchanged for   : 01:01:01\n"
	    "   Trouble         : MTU 1500 here, 1400 there\n"
	    " Peer 4.4.4.4, VC-ID 102, 11 (only the other end wants it)\n"
	    "   Our label       : NULL\n"
	    "   Its label       : NULL\n"
	    "   Control word    : not used\n"
	    "   Far end         : no session\n"
	    "   Unchanged for   : 01:01:01\n"
	    "   Trouble         : -\n"
	    " TOTAL: 3 pseudowire(s)\n");
}
END_TEST

static const struct {
	uint32_t status;
	const char *text;
} statuses[] = { { 0, "forwarding" }, { 1, "not forwarding" }, { 6, "AC receive fault, AC send fault" },
	{ 0x18, "PSN receive fault, PSN send fault" }, { 0x20, "standby" }, { 0x60, "standby, switch over" } };

START_TEST(status_is_told_in_words)
{
	pws[0].remote_status = statuses[_i].status;
	ck_assert_int_eq(ldp_show_pws(&show), 0);
	ck_assert_msg(strstr(text_chars(&out), statuses[_i].text), "%s", text_chars(&out));
}
END_TEST

START_TEST(a_peer_that_is_asked_for_is_the_only_one)
{
	ck_assert(ldp_keep_pw(&pws[0].base, args) && ldp_keep_pw(&pws[2].base, args));
	args_add(args, (struct arg){ .name = "peer", .type = "lsr-id", .prefix = prefix_host(addr_v4(0x04040404)) });
	ck_assert(!ldp_keep_pw(&pws[0].base, args) && ldp_keep_pw(&pws[2].base, args));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ldpd display_pw");
	TCase *c = tcase_create("display mpls ldp pw");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, one_line_tells_labels_the_far_end_and_what_does_not_fit);
	tcase_add_test(c, verbose_tells_everything_that_the_other_end_says);
	tcase_add_loop_test(c, status_is_told_in_words, 0, COUNT(statuses));
	tcase_add_test(c, a_peer_that_is_asked_for_is_the_only_one);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
