/* What an operator reads: the displays of reference 002, from rows. */
#include "base/mem.h"
#include "bfdd/core/core.h"
#include "bfdd/display.h"
#include "host/command_internal.h"
#include "proto/bfd.pb-c.h"
#include "tests/helper/check.h"
#include <string.h>

static struct text out;
static struct args *args;
static struct show show;
static struct row_set tables[2];
static Bfd__Session one, two;
static Bfd__Session *sessions[2] = { &one, &two };

static void
setup(void)
{
	static uint8_t peer[] = { 10, 1, 1, 1 }, source[] = { 10, 1, 1, 2 };

	out = (struct text){ 0 };
	args = args_new(NULL);
	show = (struct show){ .tables = tables, .table_count = 1, .args = args, .out = &out };
	bfd__session__init(&one);
	bfd__session__init(&two);
	one.name = (char *)(uintptr_t) "pe1_to_ce1";
	one.state = BFD__STATE__UP;
	one.local = 8192;
	one.remote = 8193;
	one.peer = (ProtobufCBinaryData){ 4, peer };
	one.source = (ProtobufCBinaryData){ 4, source };
	one.interface = (char *)(uintptr_t) "GigabitEthernet0/3/0";
	one.vrf = (char *)(uintptr_t) "VPNA";
	one.configured = one.automatic = true;
	one.min_tx_us = one.min_rx_us = one.tx_us = one.rx_us = 10000;
	one.multiplier = one.remote_multiplier = 3;
	one.detect_us = 30000;
	one.tos_exp = 6;
	two = one;
	two.name = (char *)(uintptr_t) "core";
	two.state = BFD__STATE__DOWN;
	two.multihop = true;
	two.remote = two.tx_us = two.rx_us = two.detect_us = two.remote_multiplier = 0;
	two.diag = BFD_DIAG_EXPIRED;
	tables[0] = (struct row_set){ .rows = (void *)sessions, .count = 2, .complete = true };
}

static void
teardown(void)
{
	text_free(&out);
	args_free(args);
}

static bool
says(const char *part)
{
	return strstr(text_chars(&out), part);
}
#define SAYS(part) ck_assert_msg(says(part), "\"%s\" is missing in:\n%s", part, text_chars(&out))

START_TEST(one_over_a_pseudowire_says_its_label_and_its_form)
{
	one.configured = false;
	one.name = (char *)(uintptr_t) "dynamic 10.1.1.1%vccv0/524288<10.1.1.2";
	one.interface = (char *)(uintptr_t) "vccv0";
	one.vrf = (char *)(uintptr_t) "";
	one.vccv_label = 524288;
	one.vccv_encapsulation = 0x10;
	ck_assert_int_eq(bfd_show_sessions(&show), 0);
	SAYS("8192   8193    10.1.1.1    Up     Dynamic      vccv0          dynamic 10.1.1.1%vccv0/524288<10.1.1.2");
	ck_assert_int_eq(bfd_show_sessions_verbose(&show), 0);
	SAYS("  (VCCV) State : Up");
	SAYS("  BFD Bind Type          : Pseudowire(label 524288)\n");
	SAYS("  VCCV Label             : 524288           VCCV Encapsulation     : PW-ACH\n");
	SAYS("  Destination Port       : -                TTL                    : -\n");
	one.vccv_encapsulation = 0x04;
	ck_assert_int_eq(bfd_show_sessions_verbose(&show), 0);
	SAYS("  VCCV Label             : 524288           VCCV Encapsulation     : IP/UDP\n");
}
END_TEST

START_TEST(the_list_has_a_line_for_each_and_counts_them)
{
	ck_assert_int_eq(bfd_show_sessions(&show), 0);
	SAYS("(w): State in WTR\n(*): State is invalid\n");
	SAYS("Local  Remote  PeerIpAddr");
	SAYS("8192   8193    10.1.1.1    Up     Static_Auto  GigabitEthernet0/3/0  pe1_to_ce1");
	SAYS("8192   0       10.1.1.1    Down   Static_Auto  -                     core");
	SAYS("     Total UP/DOWN Session Number : 1/1");
}
END_TEST

START_TEST(the_whole_of_a_session_as_reference_002_prints_it)
{
	static const char *const lines[] = { "  (One Hop) State : Up                  Name : pe1_to_ce1\n",
		"  Local Discriminator    : 8192             Remote Discriminator   : 8193\n",
		"  Session Detect Mode    : Asynchronous Mode Without Echo Function\n",
		"  BFD Bind Type          : Interface(GigabitEthernet0/3/0)\n",
		"  Bind Session Type      : Static_Auto\n", "  Bind Peer IP Address   : 10.1.1.1\n",
		"  Bind Interface         : GigabitEthernet0/3/0\n", "  Vpn Instance Name      : VPNA\n",
		"  Bind Source IP Address : 10.1.1.2\n",
		"  FSM Board Id           : -                TOS-EXP                : 6\n",
		"  Min Tx Interval (ms)   : 10               Min Rx Interval (ms)   : 10\n",
		"  Actual Tx Interval (ms): 10               Actual Rx Interval (ms): 10\n",
		"  Local Detect Multi     : 3                Detect Interval (ms)   : 30\n",
		"  Echo Passive           : Disable          Acl Number             : -\n",
		"  Destination Port       : 3784             TTL                    : 255\n",
		"  Proc Interface Status  : Disable          Process PST            : Disable\n",
		"  WTR Interval (ms)      : -                Config PST             : Enable\n",
		"  Active Multi           : 3\n", "  Last Local Diagnostic  : No Diagnostic\n",
		"  Bind Application       : AUTO\n",
		"  Session TX TmrID       : -                Session Detect TmrID   : -\n",
		"  Session Description    : -\n", "  Session Echo Tx TmrID  : -\n  PDT Index              : -\n",
		"  Track Group Name       : -\n" };

	ck_assert_int_eq(bfd_show_sessions_verbose(&show), 0);
	for (size_t i = 0; i < COUNT(lines); i++)
		SAYS(lines[i]);
	SAYS("(Multi Hop) State : Down");
	SAYS("  BFD Bind Type          : Peer IP Address\n");
	SAYS("  Actual Tx Interval (ms): -                Actual Rx Interval (ms): -\n");
	SAYS("  Destination Port       : 4784");
	SAYS("  Session Not Up Reason  : Control Detection Time Expired\n");
	SAYS("     Total UP/DOWN Session Number : 1/1");
}
END_TEST

START_TEST(what_a_session_waits_for_lacks_or_serves_is_said)
{
	static char *clients[] = { (char *)(uintptr_t) "fibd", (char *)(uintptr_t) "ldpd" };

	one.waiting = true;
	one.wtr_ms = 120000;
	one.clients = clients;
	one.n_clients = 2;
	one.follows = one.pst = one.echoing = one.reflecting = true;
	one.description = (char *)(uintptr_t) "to the customer";
	one.authentication = (char *)(uintptr_t) "meticulous-sha1";
	two.trouble = (char *)(uintptr_t) "its interface is not there";
	ck_assert_int_eq(bfd_show_sessions_verbose(&show), 0);
	SAYS("State : Up(w) ");
	SAYS("State : Down(*) ");
	SAYS("WTR Interval (ms)      : 120000");
	SAYS("Bind Application       : AUTO | fibd | ldpd\n");
	SAYS("Proc Interface Status  : Enable           Process PST            : Enable");
	SAYS("Asynchronous Mode With Echo Function");
	SAYS("Echo Passive           : Enable");
	SAYS("Session Description    : to the customer");
	SAYS("Authentication         : meticulous-sha1");
	SAYS("Session Not Up Reason  : its interface is not there");
}
END_TEST

START_TEST(ends_that_are_switched_off_say_which)
{
	one.state = BFD__STATE__ADMIN_DOWN;
	two.remote_state = BFD__STATE__ADMIN_DOWN;
	two.remote = 7;
	ck_assert_int_eq(bfd_show_sessions_verbose(&show), 0);
	SAYS("Session Not Up Reason  : Shut down here\n");
	SAYS("Session Not Up Reason  : Shut down at the other end\n");
}
END_TEST

START_TEST(statistics_add_up_and_name_what_was_refused)
{
	Bfd__Process p = BFD__PROCESS__INIT, *processes[] = { &p };
	Bfd__Counters a = BFD__COUNTERS__INIT, b = BFD__COUNTERS__INIT, *counters[] = { &a, &b };
	Bfd__Refusal r = BFD__REFUSAL__INIT, *refusals[] = { &r };

	r.reason = (char *)(uintptr_t) "TTL too low";
	r.count = 5;
	p.scheduling = (char *)(uintptr_t) "SCHED_FIFO 50";
	p.memory_locked = true;
	p.wakes = 100;
	p.late_wakes = 2;
	p.late_max_us = 1234;
	p.unsent = 3;
	p.unsent_reason = (char *)(uintptr_t) "Network is unreachable";
	p.deaf = (char *)(uintptr_t) "red: Address already in use";
	p.refused = refusals;
	p.n_refused = 1;
	a.name = (char *)(uintptr_t) "a";
	a.sent = 10;
	a.received = 20;
	a.late = 1;
	b.name = (char *)(uintptr_t) "b";
	b.sent = 5;
	tables[0] = (struct row_set){ .rows = (void *)processes, .count = 1, .complete = true };
	tables[1] = (struct row_set){ .rows = (void *)counters, .count = 2, .complete = true };
	show.table_count = 2;
	ck_assert_int_eq(bfd_show_statistics(&show), 0);
	SAYS("Packets sent                                : 15, 1 of them late");
	SAYS("Packets received                            : 20");
	SAYS(": SCHED_FIFO 50");
	SAYS("100, 2 of them over 1 ms late, at most 1234 us");
	SAYS("3, Network is unreachable");
	SAYS("Nothing can be received in VPN instance      : red: Address already in use");
	SAYS("TTL too low                             : 5");
	tables[0] = tables[1];
	text_clear(&out);
	ck_assert_int_eq(bfd_show_statistics_of(&show), 0);
	SAYS("Session a\n  Packets sent/received : 10/20");
	tables[0].count = 0;
	text_clear(&out);
	ck_assert_int_eq(bfd_show_statistics_of(&show), 1);
	SAYS("There is no such session.");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bfdd display");
	TCase *t = tcase_create("displays");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_list_has_a_line_for_each_and_counts_them);
	tcase_add_test(t, one_over_a_pseudowire_says_its_label_and_its_form);
	tcase_add_test(t, the_whole_of_a_session_as_reference_002_prints_it);
	tcase_add_test(t, what_a_session_waits_for_lacks_or_serves_is_said);
	tcase_add_test(t, ends_that_are_switched_off_say_which);
	tcase_add_test(t, statistics_add_up_and_name_what_was_refused);
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
