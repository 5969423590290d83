/* What an operator reads: the displays of references 001 and 002, and their rows' templates. */
#include "base/label.h"
#include "base/mem.h"
#include "host/command_internal.h"
#include "ldpd/commands.h"
#include "ldpd/display.h"
#include "proto/fib.pb-c.h"
#include "proto/ldp.pb-c.h"
#include "tests/helper/check.h"
#include <stdio.h>
#include <string.h>

static struct text out;
static struct args *args;
static struct show show;
static struct row_set tables[4];

static void
setup(void)
{
	out = (struct text){ 0 };
	args = args_new(NULL);
	show = (struct show){ .tables = tables, .args = args, .out = &out, .now_us = UINT64_C(100000000000) };
	memset(tables, 0, sizeof tables);
}

static void
teardown(void)
{
	text_free(&out);
	args_free(args);
}

static void
table(size_t i, void *rows, size_t count)
{
	tables[i] = (struct row_set){ .rows = rows, .count = count, .complete = true };
	if (show.table_count <= i)
		show.table_count = i + 1;
}

static Ldp__MessageCounts sent = LDP__MESSAGE_COUNTS__INIT, received = LDP__MESSAGE_COUNTS__INIT;

static void
session(Ldp__Session *s, uint32_t peer, uint64_t age_s, uint32_t sent_, uint32_t received_)
{
	static Ldp__MessageCounts counts[8];
	static int next;

	ldp__session__init(s);
	s->peer = peer;
	s->state = LDP__SESSION_STATE__OPERATIONAL;
	s->up_since = show.now_us - age_s * 1000000;
	s->sent = &counts[next++ % 8];
	s->received = &counts[next++ % 8];
	*s->sent = sent;
	*s->received = received;
	s->sent->keepalive = sent_;
	s->received->keepalive = received_;
}

START_TEST(the_sessions_print_as_in_reference_002)
{
	Ldp__Session a, b, *rows[] = { &a, &b };
	session(&a, 0x03030303, (2 * 60 + 22) * 60, 572, 572);
	session(&b, 0x04040404, (2 * 60 + 21) * 60, 566, 566);
	table(0, rows, 2);
	ck_assert_int_eq(ldp_show_sessions(&show), 0);
	ck_assert_str_eq(text_chars(&out),
	    "\n"
	    "                LDP Session(s) in Public Network\n"
	    " Codes: LAM(Label Advertisement Mode), SsnAge Unit(DDDD:HH:MM)\n"
	    " An asterisk (*) before a session means the session is being deleted.\n"
	    "\n"
	    " ------------------------------------------------------------------------------\n"
	    " Peer-ID            Status      LAM  SsnRole  SsnAge      KA-Sent/Rcv\n"
	    " ------------------------------------------------------------------------------\n"
	    " 3.3.3.3:0          Operational DU   Passive  0000:02:22   572/572\n"
	    " 4.4.4.4:0          Operational DU   Passive  0000:02:21   566/566\n"
	    " ------------------------------------------------------------------------------\n"
	    " TOTAL: 2 session(s) Found.\n\n");
}
END_TEST

START_TEST(a_session_on_its_way_out_has_its_asterisk)
{
	Ldp__Session a, *rows[] = { &a };
	session(&a, 0x03030303, 0, 1, 1);
	a.state = LDP__SESSION_STATE__NON_EXISTENT;
	a.role = LDP__ROLE__ACTIVE;
	a.up_since = 0;
	a.peer_restarting = true;
	table(0, rows, 1);
	ldp_show_sessions(&show);
	ck_assert_ptr_nonnull(strstr(out.chars, " *3.3.3.3:0         NonExistent DU   Active   0000:00:00   1/1\n"));
}
END_TEST

START_TEST(a_neighbour_in_detail_prints_what_reference_001_does)
{
	uint8_t peer[] = { 100, 100, 253, 9 }, local[] = { 100, 100, 253, 1 }, link[] = { 100, 100, 19, 2 };
	Ldp__Session a, *rows[] = { &a };
	Ldp__Adjacency d = LDP__ADJACENCY__INIT, *adjacencies[] = { &d };
	Fib__Interface i = FIB__INTERFACE__INIT, *interfaces[] = { &i };
	ProtobufCBinaryData addresses[] = { { 4, link }, { 4, peer } };
	char *words[] = { "show", "mpls", "ldp", "neighbor", "details" };
	char why[160];
	size_t far;

	session(&a, 0x6464fd09, 8 * 60 + 22, 18, 20);
	a.local = 0x6464fd01;
	a.peer_address = (ProtobufCBinaryData){ 4, peer };
	a.local_address = (ProtobufCBinaryData){ 4, local };
	a.peer_port = 11057;
	a.local_port = 646;
	a.hold_ms = 180000;
	a.keepalive_ms = 60000;
	a.uid = 1;
	a.tib_revision = 14;
	a.addresses = addresses;
	a.n_addresses = 2;
	d.peer = a.peer;
	d.ifindex = i.ifindex = 7;
	d.source = (ProtobufCBinaryData){ 4, link };
	d.hold_ms = 60000;
	d.interval_ms = 20000;
	i.label = (char *)(uintptr_t) "Serial1/1";
	table(0, rows, 1);
	table(1, adjacencies, 1);
	table(2, interfaces, 1);
	ck_assert_int_eq(
	    command_match("show mpls ldp neighbor [ detail | details ]", words, 5, false, args, &far, why), MATCH_YES);
	ldp_show_neighbors(&show);
	ck_assert_str_eq(out.chars, "    Peer LDP Ident: 100.100.253.9:0; Local LDP Ident 100.100.253.1:0\n"
				    "        TCP connection: 100.100.253.9.11057 - 100.100.253.1.646\n"
				    "        Password: not required, none, in use\n"
				    "        State: Oper; Msgs sent/rcvd: 18/20; Downstream; Last TIB rev sent 14\n"
				    "        Up time: 00:08:22; UID: 1; Peer Id 0;\n"
				    "        LDP discovery sources:\n"
				    "          Serial1/1; Src IP addr: 100.100.19.2\n"
				    "            holdtime: 60000 ms, hello interval: 20000 ms\n"
				    "        Addresses bound to peer LDP Ident:\n"
				    "          100.100.19.2 100.100.253.9\n"
				    "        Peer holdtime: 180000 ms; KA interval: 60000 ms; Peer state: estab\n");
}
END_TEST

START_TEST(the_parameters_print_as_in_reference_001)
{
	Ldp__Parameters p = LDP__PARAMETERS__INIT, *rows[] = { &p };
	p.session_hold_s = 180;
	p.keepalive_s = 60;
	p.hello_hold_s = 15;
	p.hello_interval_s = 5;
	p.targeted_hold_s = 90;
	p.targeted_interval_s = 10;
	table(0, rows, 1);
	ldp_show_parameters(&show);
	ck_assert_str_eq(out.chars, "Protocol version: 1\n"
				    "Session hold time: 180 sec; keep alive interval: 60 sec\n"
				    "Discovery hello: holdtime: 15 sec; interval: 5 sec\n"
				    "Discovery targeted hello: holdtime: 90 sec; interval: 10 sec\n");
}
END_TEST

START_TEST(an_lsp_prints_its_labels_its_upstream_peers_and_each_next_hop)
{
	uint8_t four[] = { 32, 4, 4, 4, 4 }, one[] = { 32, 1, 1, 1, 1 }, via1[] = { 10, 0, 12, 2 },
		via2[] = { 10, 0, 13, 3 };
	Ldp__LspNextHop h1 = LDP__LSP_NEXT_HOP__INIT, h2 = LDP__LSP_NEXT_HOP__INIT, *hops[] = { &h1, &h2 };
	Ldp__Lsp a = LDP__LSP__INIT, b = LDP__LSP__INIT, *rows[] = { &b, &a };
	Ldp__Binding l = LDP__BINDING__INIT, *bindings[] = { &l };
	Fib__Interface i = FIB__INTERFACE__INIT, *interfaces[] = { &i };
	uint32_t told[] = { 0x02020202, 0x03030303 };

	a.fec = (ProtobufCBinaryData){ 5, four };
	a.in_label = 1024;
	a.next_hops = hops;
	a.n_next_hops = 2;
	h1.address = (ProtobufCBinaryData){ 4, via1 };
	h1.ifindex = i.ifindex = 2;
	h1.out_label = LABEL_IMPLICIT_NULL;
	h2.address = (ProtobufCBinaryData){ 4, via2 };
	h2.ifindex = 3;
	h2.out_label = LABEL_UNSET;
	b.fec = (ProtobufCBinaryData){ 5, one };
	b.in_label = LABEL_IMPLICIT_NULL;
	b.egress = true;
	l.fec = a.fec;
	l.sent_to = told;
	l.n_sent_to = 2;
	i.label = (char *)(uintptr_t) "GigabitEthernet0/1/0";
	table(0, rows, 2);
	table(1, bindings, 1);
	table(2, interfaces, 1);
	ldp_show_lsps(&show);
	ck_assert_ptr_nonnull(strstr(out.chars, "DestAddress/Mask  In/OutLabel"));
	ck_assert_ptr_nonnull(
	    strstr(out.chars, " 4.4.4.4/32        1024/imp-null  2.2.2.2,3.3.3.3  10.0.12.2  GigabitEthernet0/1/0\n"));
	ck_assert_ptr_nonnull(strstr(out.chars, "1024/NULL "));
	ck_assert_ptr_nonnull(strstr(out.chars, "#3\n"));
	ck_assert_ptr_nonnull(strstr(out.chars, " 1.1.1.1/32        imp-null/- "));
	ck_assert_ptr_nonnull(strstr(out.chars, " TOTAL: 2 LSP(s)"));
}
END_TEST

static void
words_are(const char *template, const char *line)
{
	char copy[128], why[160], *words[16];
	size_t far, count;

	snprintf(copy, sizeof copy, "%s", line);
	count = line_split(copy, words, 16);
	ck_assert_int_eq(command_match(template, words, count, false, args, &far, why), MATCH_YES);
}

START_TEST(a_session_in_full_counts_its_messages_by_type)
{
	Ldp__Session a, *rows[] = { &a };
	session(&a, 0x03030303, 60, 18, 20);
	a.received->label_withdraw = 7;
	a.max_pdu = 4096;
	a.last_error = (char *)(uintptr_t) "Session KeepAlive Timer expired";
	table(0, rows, 1);
	ck_assert_int_eq(ldp_show_sessions_verbose(&show), 0);
	ck_assert_ptr_nonnull(strstr(out.chars, " Maximum PDU     : 4096 bytes\n"));
	ck_assert_ptr_nonnull(strstr(out.chars, "KeepAlive                18         20\n"));
	ck_assert_ptr_nonnull(strstr(out.chars, "Label Withdraw            0          7\n"));
	ck_assert_msg(!strstr(out.chars, "Label Abort"), "a type that never occurred is left out");
	ck_assert_ptr_nonnull(strstr(out.chars, " Last Error      : Session KeepAlive Timer expired\n"));
}
END_TEST

START_TEST(one_peer_asked_for_is_the_only_one_kept_and_missed_when_it_is_not_there)
{
	Ldp__Session a;
	session(&a, 0x03030303, 60, 18, 20);
	words_are("show mpls ldp neighbor [ <lsr-id>:peer ] [ detail | details ]", "show mpls ldp neighbor 3.3.3.3");
	ck_assert(ldp_keep_session(&a.base, args));
	a.peer = 0x04040404;
	ck_assert(!ldp_keep_session(&a.base, args));
	table(0, NULL, 0);
	ck_assert_int_eq(ldp_show_neighbors(&show), 1);
	ck_assert_str_eq(out.chars, "There is no LDP session with 3.3.3.3, nor an attempt at one\n");
}
END_TEST

START_TEST(sessions_are_cleared_in_both_dialects)
{
	words_are("clear mpls ldp neighbor { * | <lsr-id>:peer }", "clear mpls ldp neighbor *");
	words_are("clear mpls ldp neighbor { * | <lsr-id>:peer }", "clear mpls ldp neighbor 3.3.3.3");
}
END_TEST

START_TEST(discovery_prints_each_source_with_who_was_heard_there)
{
	uint8_t source[] = { 10, 0, 12, 2 }, transport[] = { 3, 3, 3, 3 };
	Ldp__Parameters p = LDP__PARAMETERS__INIT, *parameters[] = { &p };
	Ldp__Interface i = LDP__INTERFACE__INIT, k = LDP__INTERFACE__INIT, *interfaces[] = { &i, &k };
	Ldp__Adjacency a = LDP__ADJACENCY__INIT, t = LDP__ADJACENCY__INIT, *adjacencies[] = { &a, &t };
	Ldp__Target target = LDP__TARGET__INIT, silent = LDP__TARGET__INIT, *targets[] = { &target, &silent };
	uint8_t other[] = { 9, 9, 9, 9 };

	p.lsr_id = 0x02020202;
	i.ifindex = 2;
	i.name = (char *)(uintptr_t) "GigabitEthernet0/1/0";
	i.active = true;
	k.ifindex = 3;
	k.name = (char *)(uintptr_t) "GigabitEthernet0/2/0";
	k.inactive = (char *)(uintptr_t) "no IPv4 address";
	a.peer = t.peer = 0x03030303;
	a.ifindex = 2;
	a.source = (ProtobufCBinaryData){ 4, source };
	a.transport = t.source = t.transport = (ProtobufCBinaryData){ 4, transport };
	a.hold_ms = 15000;
	a.interval_ms = 5000;
	a.since = show.now_us - 3661000000;
	t.hold_ms = UINT32_MAX;
	target.address = t.source;
	target.configured = target.active = true;
	silent.address = (ProtobufCBinaryData){ 4, other };
	silent.active = true;
	words_are("{ show | display } mpls ldp discovery [ detail ]", "show mpls ldp discovery detail");
	table(0, parameters, 1);
	table(1, interfaces, 2);
	table(2, adjacencies, 2);
	table(3, targets, 2);
	ldp_show_discovery(&show);
	ck_assert_str_eq(out.chars, " Local LDP Identifier:\n"
				    "    2.2.2.2:0\n"
				    "    Discovery Sources:\n"
				    "    Interfaces:\n"
				    "        GigabitEthernet0/1/0 (ldp): xmit/recv\n"
				    "            LDP Id: 3.3.3.3:0\n"
				    "              Src IP addr: 10.0.12.2; Transport IP addr: 3.3.3.3\n"
				    "              Hold time: 15 sec; Hello interval: 5000 ms; Up time: 01:01:01\n"
				    "        GigabitEthernet0/2/0 (ldp): inactive, no IPv4 address\n"
				    "    Targeted Hellos:\n"
				    "        3.3.3.3 (ldp): active, xmit/recv\n"
				    "            LDP Id: 3.3.3.3:0\n"
				    "              Src IP addr: 3.3.3.3; Transport IP addr: 3.3.3.3\n"
				    "              Hold time: infinite; Hello interval: 0 ms; Up time: 00:00:00\n"
				    "        9.9.9.9 (ldp): passive, xmit\n");
}
END_TEST

/* Every display must do with empty tables: fibd away, nothing configured. */
START_TEST(every_display_prints_empty_tables_without_complaint)
{
	command_each (c, ldp_commands) {
		if (!c->show)
			continue;
		text_clear(&out);
		show.table_count = 4;
		ck_assert_msg(c->show(&show) == 0, "%s", c->words);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ldpd display");
	TCase *t = tcase_create("references 001 and 002");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_sessions_print_as_in_reference_002);
	tcase_add_test(t, a_session_on_its_way_out_has_its_asterisk);
	tcase_add_test(t, a_neighbour_in_detail_prints_what_reference_001_does);
	tcase_add_test(t, the_parameters_print_as_in_reference_001);
	tcase_add_test(t, an_lsp_prints_its_labels_its_upstream_peers_and_each_next_hop);
	tcase_add_test(t, a_session_in_full_counts_its_messages_by_type);
	tcase_add_test(t, one_peer_asked_for_is_the_only_one_kept_and_missed_when_it_is_not_there);
	tcase_add_test(t, sessions_are_cleared_in_both_dialects);
	tcase_add_test(t, discovery_prints_each_source_with_who_was_heard_there);
	tcase_add_test(t, every_display_prints_empty_tables_without_complaint);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
