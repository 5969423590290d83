/* What an operator reads of circuits, from rows. */
#include "base/label.h"
#include "base/mem.h"
#include "fibd/display.h"
#include "host/command_internal.h"
#include "proto/fib.pb-c.h"
#include "tests/helper/check.h"
#include <string.h>

static struct text out;
static struct args *args;
static struct show show;
static struct row_set tables[2];
static Fib__Circuit one;
static Fib__CircuitPath first, second, *paths[] = { &first, &second };
static Fib__Interface core;
static Fib__Circuit *circuits[] = { &one };
static Fib__Interface *interfaces[] = { &core };

static char *
lent(const char *text)
{
	return (char *)(uintptr_t)text;
}

static void
setup(void)
{
	static uint8_t peer[] = { 2, 2, 2, 2 }, other[] = { 3, 3, 3, 3 }, hop[] = { 10, 0, 1, 2 },
		       mac[] = { 2, 0, 0, 0, 0, 2 };
	static uint32_t labels[] = { 200 };

	out = (struct text){ 0 };
	args = args_new(NULL);
	show =
	    (struct show){ .tables = tables, .table_count = 2, .args = args, .out = &out, .now_us = 75ull * 1000000 };
	fib__interface__init(&core);
	core.ifindex = 5;
	core.label = lent("GigabitEthernet0/1/0");
	fib__circuit_path__init(&first);
	first.peer = (ProtobufCBinaryData){ 4, peer };
	first.vc_id = 100;
	first.in_label = 524288;
	first.out_label = 600001;
	first.lsp = first.alive = first.sends = first.receives = true;
	first.n_labels = 1;
	first.labels = labels;
	first.ifindex = 5;
	first.next_hop = (ProtobufCBinaryData){ 4, hop };
	first.mac = (ProtobufCBinaryData){ 6, mac };
	first.mtu = 8974;
	first.sent_packets = 7;
	first.sent_bytes = 700;
	first.channel = true;
	first.channel_packets = 9;
	fib__circuit_path__init(&second);
	second.peer = (ProtobufCBinaryData){ 4, other };
	second.vc_id = 200;
	second.in_label = 524289;
	second.out_label = LABEL_UNSET;
	second.trouble = lent("3.3.3.3 gave no label");
	fib__circuit__init(&one);
	one.interface = lent("GigabitEthernet0/3/0");
	one.ifindex = 7;
	one.up = true;
	one.mtu = 1500;
	one.paths = paths;
	one.n_paths = 2;
	one.moved_at = 10ull * 1000000;
	one.moved_why = lent("decided by l2vpnd");
	tables[0] = (struct row_set){ .rows = (void *)circuits, .count = 1, .complete = true };
	tables[1] = (struct row_set){ .rows = (void *)interfaces, .count = 1, .complete = true };
}

static void
teardown(void)
{
	text_free(&out);
	args_free(args);
}

#define SAYS(part) ck_assert_msg(strstr(text_chars(&out), part), "%s", text_chars(&out))

START_TEST(the_list_has_a_line_for_each_pseudowire)
{
	ck_assert_int_eq(fib_show_circuits(&show), 0);
	SAYS("Interface             AC  VC ID  Peer     In/Out Label   Out Interface         State   Receives\n");
	SAYS("GigabitEthernet0/3/0  up  100    2.2.2.2  524288/600001  GigabitEthernet0/1/0  active  yes\n");
	SAYS("                          200    3.3.3.3  524289/NULL    -                     down    no\n");
	SAYS("TOTAL: 1\n");
}
END_TEST

START_TEST(one_that_is_ready_and_not_active_stands_by)
{
	second.sends = second.receives = true;
	one.active = 1;
	ck_assert_int_eq(fib_show_circuits(&show), 0);
	SAYS("standby  yes");
	SAYS("active   yes");
	ck_assert_ptr_null(strstr(text_chars(&out), "down"));
	one.n_paths = 0;
	one.ifindex = 0;
	text_clear(&out);
	ck_assert_int_eq(fib_show_circuits(&show), 0);
	SAYS("GigabitEthernet0/3/0  none  -");
}
END_TEST

START_TEST(the_whole_of_one_has_its_tunnel_counters_and_troubles)
{
	char *words[] = { lent("verbose") };
	char why[160];
	size_t far;

	ck_assert_int_eq(command_match("[ verbose ]", words, 1, false, args, &far, why), MATCH_YES);
	ck_assert_int_eq(fib_show_circuits(&show), 0);
	SAYS("GigabitEthernet0/3/0 is up, MTU 1500\n");
	SAYS("  Last switch 00:01:05 ago: decided by l2vpnd\n");
	SAYS("  VC ID 100 to 2.2.2.2: active\n");
	SAYS("    Tunnel             : LSP via 10.0.1.2 on GigabitEthernet0/1/0 (02:00:00:00:00:02), labels 200\n");
	SAYS("    Sent               : 7 packets, 700 bytes\n");
	SAYS("    Control channel    : ready, 9 packets\n");
	SAYS("    Control channel    : no, 0 packets\n");
	SAYS("    Trouble            : 3.3.3.3 gave no label\n");
	one.moved_at = 0;
	one.turn = 1;
	text_clear(&out);
	ck_assert_int_eq(fib_show_circuits(&show), 0);
	SAYS("  Last switch unknown: fibd has started since then\n");
}
END_TEST

START_TEST(protocols_that_are_dropped_are_said_with_their_count)
{
	char *words[] = { lent("verbose") };
	char why[160];
	size_t far;
	Fib__CircuitGuard lldp = FIB__CIRCUIT_GUARD__INIT, stp = FIB__CIRCUIT_GUARD__INIT, *guards[] = { &lldp, &stp };

	lldp.protocol = lent("lldp");
	lldp.stands = true;
	lldp.packets = 12;
	stp.protocol = lent("stp");
	stp.trouble = lent("No filters today");
	one.guards = guards;
	one.n_guards = 2;
	ck_assert_int_eq(command_match("[ verbose ]", words, 1, false, args, &far, why), MATCH_YES);
	ck_assert_int_eq(fib_show_circuits(&show), 0);
	SAYS("  Drops lldp: yes, 12 frames\n");
	SAYS("  Drops stp: no: No filters today, 0 frames\n");
}
END_TEST

START_TEST(a_circuit_that_is_not_there_is_an_error)
{
	char *words[] = { lent("ge9") };
	char why[160];
	size_t far;

	ck_assert_int_eq(command_match("[ <ifname>:interface ]", words, 1, false, args, &far, why), MATCH_YES);
	ck_assert(!fib_keep_circuits((const ProtobufCMessage *)&one, args));
	tables[0].count = 0;
	ck_assert_int_eq(fib_show_circuits(&show), 1);
	SAYS("There is no circuit on ge9.");
	one.interface = lent("ge9");
	ck_assert(fib_keep_circuits((const ProtobufCMessage *)&one, args));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd display");
	TCase *t = tcase_create("circuits");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_list_has_a_line_for_each_pseudowire);
	tcase_add_test(t, one_that_is_ready_and_not_active_stands_by);
	tcase_add_test(t, the_whole_of_one_has_its_tunnel_counters_and_troubles);
	tcase_add_test(t, protocols_that_are_dropped_are_said_with_their_count);
	tcase_add_test(t, a_circuit_that_is_not_there_is_an_error);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
