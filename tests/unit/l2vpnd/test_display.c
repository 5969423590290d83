/* What an operator reads: the displays in VRP's layout, from rows made by hand. */
#include "base/label.h"
#include "base/mem.h"
#include "host/command_internal.h"
#include "l2vpnd/commands.h"
#include "l2vpnd/display.h"
#include "proto/l2vpn.pb-c.h"
#include "proto/schema.gen.h"
#include "tests/helper/check.h"
#include <stdio.h>
#include <string.h>

static struct text out;
static struct args *args;
static L2vpn__Vc vcs[2];
static L2vpn__Service services[2];
static uint8_t peers[2][4] = { { 2, 2, 2, 2 }, { 3, 3, 3, 3 } }, hop[4] = { 10, 0, 12, 2 };
static uint32_t labels[] = { 1024 };

#define NOW (UINT64_C(100000) * 1000000)
#define AGO(seconds) (NOW - (seconds)*UINT64_C(1000000))

static L2vpn__Vc
vc(unsigned i)
{
	L2vpn__Vc v;

	l2vpn__vc__init(&v);
	v.peer = (ProtobufCBinaryData){ 4, peers[i] };
	v.type = 5;
	v.vc_id = i ? 200 : 100;
	v.interface = (char *)(uintptr_t) "GigabitEthernet0/1/0";
	v.service = (char *)(uintptr_t) "gold";
	v.role = i ? L2VPN__ROLE__SECONDARY : L2VPN__ROLE__PRIMARY;
	v.up = v.session = v.circuit_up = v.good = v.status_tlv = v.lsp = v.alive = true;
	v.local_label = 524288 + i;
	v.remote_label = 17 + i;
	v.local_mtu = v.remote_mtu = 1500;
	v.local_vccv_cc = 6;
	v.local_vccv_cv = 2;
	v.control_channel = 2;
	v.n_tunnel_labels = 1;
	v.tunnel_labels = labels;
	v.next_hop = (ProtobufCBinaryData){ 4, hop };
	v.out_interface = (char *)(uintptr_t) "GigabitEthernet0/2/0";
	v.path_mtu = 1478;
	v.created = AGO(90061);
	v.up_since = v.since = AGO(61);
	v.ups = 2;
	return v;
}

static L2vpn__Service
service(void)
{
	L2vpn__Service v;

	l2vpn__service__init(&v);
	v.interface = (char *)(uintptr_t) "GigabitEthernet0/1/0";
	v.name = (char *)(uintptr_t) "gold";
	v.circuit_up = v.up = v.carries = true;
	v.revert = (char *)(uintptr_t) "delay 30 s";
	v.state = L2VPN__REDUNDANCY_STATE__ON_PRIMARY;
	v.resume_s = 10;
	v.peer = (ProtobufCBinaryData){ 4, peers[0] };
	v.vc_id = 100;
	v.pseudowires = v.pseudowires_up = 2;
	return v;
}

static void
setup(void)
{
	out = (struct text){ 0 };
	args = args_new(NULL);
	vcs[0] = vc(0);
	vcs[0].active = true;
	vcs[1] = vc(1);
	services[0] = service();
	l2vpn__service__init(&services[1]);
	services[1].interface = (char *)(uintptr_t) "eth1";
	services[1].name = (char *)(uintptr_t) "silver";
	services[1].local = (char *)(uintptr_t) "eth2";
	services[1].ccc = (char *)(uintptr_t) "one";
	services[1].trouble = (char *)(uintptr_t) "there is no such interface";
}

static void
teardown(void)
{
	text_free(&out);
	args_free(args);
}

/* Shows those rows that the command keeps. */
static int
display(const char *line)
{
	ProtobufCMessage *all[2][2] = { { &vcs[0].base, &vcs[1].base }, { &services[0].base, &services[1].base } },
			 *kept[2];
	struct row_set sets[2];
	char copy[256], *words[32];
	const struct command *c = l2vpn_display_commands;
	size_t n = 0;

	snprintf(copy, sizeof copy, "%s", line);
	size_t count = line_split(copy, words, 32);
	while (c->words && template_match(c->words, words, count, MATCH_EXACT, args, NULL, NULL) != MATCH_YES) {
		args_cut(args, 0);
		c++;
	}
	ck_assert_msg(c->words, "nobody understands %s", line);
	bool by_service = strncmp(c->tables, "l2vpn.Service", 13) == 0;
	for (size_t i = 0; i < 2; i++)
		if (!c->keep || c->keep(all[by_service][i], args))
			kept[n++] = all[by_service][i];
	sets[0] = (struct row_set){
		.schema = by_service ? &l2vpn_service_schema : &l2vpn_vc_schema, .rows = kept, .count = n
	};
	sets[1] = (struct row_set){
		.schema = by_service ? &l2vpn_vc_schema : &l2vpn_service_schema, .rows = all[!by_service], .count = 2
	};
	text_clear(&out);
	return c->show(
	    &(struct show){ .tables = sets, .table_count = 2, .args = args, .now_us = NOW, .date_s = 0, .out = &out });
}

START_TEST(a_pseudowire_in_short)
{
	ck_assert_int_eq(display("display mpls l2vc 100"), 0);
	ck_assert_str_eq(text_chars(&out), " total LDP VC : 1     1 up       0 down\n"
					   "\n"
					   " *client interface      : GigabitEthernet0/1/0 is up\n"
					   "  service name          : gold\n"
					   "  session state         : up\n"
					   "  AC status             : up\n"
					   "  VC state              : up\n"
					   "  VC ID                 : 100\n"
					   "  VC type               : Ethernet\n"
					   "  destination           : 2.2.2.2\n"
					   "  local VC label        : 524288       remote VC label      : 17\n"
					   "  control word          : disable\n"
					   "  primary or secondary  : primary\n"
					   "  active state          : active\n");
}
END_TEST

START_TEST(everything_about_one)
{
	vcs[0].remote_control_word = true;
	vcs[0].remote_vccv_cc = 7;
	vcs[0].remote_vccv_cv = 0x3f;
	vcs[0].vccv_bfd = vcs[0].vccv_alive = true;
	vcs[0].local_status = 0x26;
	services[0].switch_reason = (char *)(uintptr_t) "an operator has said so";
	services[0].switched = AGO(3600);
	services[0].wait_s = 30;
	services[0].wait_since = AGO(12);
	services[0].hold_off_s = 5;
	ck_assert_int_eq(display("display mpls l2vc 100 verbose"), 0);
	const char *from = strstr(text_chars(&out), "  control word");
	ck_assert_str_eq(from,
	    "  control word          : disable (wanted there, not here)\n"
	    "  primary or secondary  : primary\n"
	    "  active state          : active\n"
	    "  switch reason         : an operator has said so\n"
	    "  local group ID        : 0\n"
	    "  remote group ID       : 0\n"
	    "  status TLV            : both ends\n"
	    "  local status code     : 0x26 (AC receive fault, AC send fault, standby)\n"
	    "  remote status code    : 0x0 (forwarding)\n"
	    "  ignore standby state  : no\n"
	    "  local VC MTU          : 1500         remote VC MTU        : 1500\n"
	    "  local VCCV            : alert ttl lsp-ping\n"
	    "  remote VCCV           : cw alert ttl icmp-ping lsp-ping bfd-udp-fault bfd-udp-status bfd-raw-fault "
	    "bfd-raw-status\n"
	    "  VCCV in use           : router alert label: lsp-ping\n"
	    "  BFD for peer          : disable\n"
	    "  BFD over VCCV         : runs, alive\n"
	    "  tunnel policy name    : --\n"
	    "  PW template name      : --\n"
	    "  VC tunnel/token info  : 1 tunnels/tokens\n"
	    "    NO.0 TNL type : lsp , labels : 1024 , next hop : 10.0.12.2 , out interface : GigabitEthernet0/2/0\n"
	    "  largest frame         : 1478 bytes behind its Ethernet header\n"
	    "  redundancy mode       : frr\n"
	    "  redundancy state      : on the primary\n"
	    "  reroute policy        : delay 30 s, resume 10 s\n"
	    "  hold off              : 5 s\n"
	    "  waits for             : 18 s more\n"
	    "  reason of last reroute: an operator has said so\n"
	    "  time of last reroute  : 0 days, 1 hours, 0 minutes, 0 seconds\n"
	    "  create time           : 1 days, 1 hours, 1 minutes, 1 seconds\n"
	    "  up time               : 0 days, 0 hours, 1 minutes, 1 seconds\n"
	    "  last change time      : 0 days, 0 hours, 1 minutes, 1 seconds\n"
	    "  VC up count           : 2\n");
}
END_TEST

START_TEST(one_that_is_down_says_why_and_shows_no_labels_that_are_not_there)
{
	vcs[1].up = vcs[1].good = vcs[1].session = vcs[1].lsp = false;
	vcs[1].remote_label = LABEL_UNSET;
	vcs[1].up_since = 0;
	vcs[1].trouble = (char *)(uintptr_t) "there is no LDP session with 3.3.3.3";
	ck_assert_int_eq(display("display mpls l2vc 200 verbose"), 0);
	ck_assert(strstr(text_chars(&out), " total LDP VC : 1     0 up       1 down\n"));
	ck_assert(strstr(text_chars(&out),
	    "  VC state              : down\n  reason                : there is no LDP session with 3.3.3.3\n"));
	ck_assert(strstr(text_chars(&out), "  local VC label        : 524289       remote VC label      : --\n"));
	ck_assert(strstr(text_chars(&out), "  remote status code    : --\n"));
	ck_assert(strstr(text_chars(&out), "  VC tunnel/token info  : 0 tunnels/tokens\n"));
	ck_assert(strstr(text_chars(&out), "  active state          : inactive\n"));
	ck_assert(strstr(text_chars(&out), "  up time               : 0 days, 0 hours, 0 minutes, 0 seconds\n"));
}
END_TEST

START_TEST(all_in_a_line_each)
{
	ck_assert_int_eq(display("display mpls l2vc brief"), 0);
	ck_assert_str_eq(text_chars(&out),
	    " total LDP VC : 2     2 up       0 down\n"
	    "\n"
	    " Client Interface      VC ID  VC Type   Destination  AC  VC  Local/Remote Label  Role       Active\n"
	    " GigabitEthernet0/1/0  100    Ethernet  2.2.2.2      up  up  524288/17           primary    yes\n"
	    " GigabitEthernet0/1/0  200    Ethernet  3.3.3.3      up  up  524289/18           secondary  no\n");
}
END_TEST

START_TEST(of_one_interface_in_whatever_spelling)
{
	ck_assert_int_eq(display("display mpls l2vc interface gigabitethernet 0/1/0"), 0);
	ck_assert(strstr(text_chars(&out), " total LDP VC : 2 "));
	ck_assert(strstr(text_chars(&out), "redundancy mode"));
}
END_TEST

START_TEST(what_does_not_exist_is_said_with_a_status)
{
	ck_assert_int_eq(display("display mpls l2vc 7"), 1);
	ck_assert_str_eq(text_chars(&out), " There is no pseudowire with VC ID 7\n");
	args_cut(args, 0);
	ck_assert_int_eq(display("display mpls l2vc interface eth7"), 1);
	ck_assert_str_eq(text_chars(&out), " There is no pseudowire of eth7\n");
	args_cut(args, 0);
	ck_assert_int_eq(display("display mpls l2vpn service-name bronze"), 1);
	ck_assert_str_eq(text_chars(&out), " There is no service bronze\n");
}
END_TEST

START_TEST(a_service_by_its_name)
{
	vcs[1].up = false;
	vcs[1].trouble = (char *)(uintptr_t) "3.3.3.3 says: standby";
	ck_assert_int_eq(display("display mpls l2vpn service-name gold"), 0);
	ck_assert_str_eq(text_chars(&out), " total services : 1     1 up       0 down\n"
					   "\n"
					   " *service name          : gold\n"
					   "  client interface      : GigabitEthernet0/1/0 is up\n"
					   "  service state         : up\n"
					   "  active pseudowire     : primary, to 2.2.2.2, VC ID 100\n"
					   "  redundancy mode       : frr\n"
					   "  redundancy state      : on the primary\n"
					   "  reroute policy        : delay 30 s, resume 10 s\n"
					   "  reason of last reroute: --\n"
					   "  time of last reroute  : --\n"
					   "  switches              : 0\n"
					   "  pseudowires           : 2, 2 up\n"
					   "    primary   : 2.2.2.2, VC ID 100, up, active\n"
					   "    secondary : 3.3.3.3, VC ID 200, down: 3.3.3.3 says: standby\n");
}
END_TEST

START_TEST(local_switching_is_a_service_too)
{
	ck_assert_int_eq(display("display mpls l2vpn service-name silver"), 0);
	ck_assert_str_eq(text_chars(&out), " total services : 1     0 up       1 down\n"
					   "\n"
					   " *service name          : silver\n"
					   "  client interface      : eth1 is down\n"
					   "  service state         : down\n"
					   "  reason                : there is no such interface\n"
					   "  switched to           : eth2, by ccc one\n");
}
END_TEST

/* Two rows, and one of them has no service name. */
START_TEST(local_switching_by_its_own_name_or_without_one)
{
	services[0] = services[1];
	services[0].interface = (char *)(uintptr_t) "eth2";
	services[0].local = (char *)(uintptr_t) "eth1";
	services[0].name = (char *)(uintptr_t) "";
	services[0].trouble = services[1].trouble = (char *)(uintptr_t) "eth1: it is down";
	services[0].circuit_up = true;
	services[0].out_interface = true;
	services[0].since = services[1].since = AGO(3661);
	services[0].dropped = (char *)(uintptr_t) "lldp stp";
	services[0].not_dropped = (char *)(uintptr_t) "stp";
	ck_assert_int_eq(display("display ccc one"), 0);
	ck_assert_str_eq(text_chars(&out), " total ccc : 1     0 up       1 down\n"
					   "\n"
					   " *ccc name              : one\n"
					   "  state                 : down\n"
					   "  reason                : eth1: it is down\n"
					   "  interface             : eth1 is down, service silver\n"
					   "  out-interface         : eth2 is up\n"
					   "    dropped protocols   : lldp stp (not in the kernel: stp)\n"
					   "  last change           : 01:01:01 ago\n");
	args_cut(args, 0);
	ck_assert_int_eq(display("display ccc two"), 1);
	ck_assert_str_eq(text_chars(&out), " There is no local switching of the name two\n");
	services[0].up = services[1].up = true;
	services[0].trouble = services[1].trouble = (char *)(uintptr_t) "";
	args_cut(args, 0);
	ck_assert_int_eq(display("display ccc"), 0);
	ck_assert(strstr(text_chars(&out), " total ccc : 1     1 up       0 down\n"));
	ck_assert_ptr_null(strstr(text_chars(&out), "reason"));
}
END_TEST

START_TEST(a_pseudowire_is_no_local_switching)
{
	services[1] = services[0];
	ck_assert_int_eq(display("display ccc"), 0);
	ck_assert_str_eq(text_chars(&out), " total ccc : 0     0 up       0 down\n");
}
END_TEST

START_TEST(what_is_dropped_of_a_customers_protocols_is_shown_with_the_pseudowire_and_the_service)
{
	services[0].dropped = (char *)(uintptr_t) "lldp";
	ck_assert_int_eq(display("display mpls l2vc 100 verbose"), 0);
	ck_assert(strstr(text_chars(&out), "  dropped protocols     : lldp\n"));
	args_cut(args, 0);
	ck_assert_int_eq(display("display mpls l2vpn service-name gold"), 0);
	ck_assert(strstr(text_chars(&out), "  dropped protocols     : lldp\n"));
}
END_TEST

/* A core that is too small for the customer's frames, as fibd tells it. */
START_TEST(one_that_is_up_says_what_is_wrong_all_the_same)
{
	vcs[0].warning =
	    (char *)(uintptr_t) "frames of 9000 bytes do not fit: ge1 has an MTU of 9000, which leaves 8974";
	ck_assert_int_eq(display("display mpls l2vc 100"), 0);
	ck_assert(
	    strstr(text_chars(&out), "  VC state              : up\n  warning               : frames of 9000 bytes "
				     "do not fit: ge1 has an MTU of 9000, which leaves 8974\n"));
	ck_assert_ptr_null(strstr(text_chars(&out), "reason"));
}
END_TEST

START_TEST(pings_of_other_ends_have_a_line_for_each_pseudowire)
{
	L2vpn__EchoCounters of[2];
	ProtobufCMessage *rows[] = { &of[0].base, &of[1].base };
	struct row_set set = { .schema = &l2vpn_echo_counters_schema, .rows = rows, .count = 2 };
	struct show show = { .tables = &set, .table_count = 1, .args = args, .now_us = NOW, .out = &out };

	l2vpn__echo_counters__init(&of[0]);
	l2vpn__echo_counters__init(&of[1]);
	of[0].peer = (ProtobufCBinaryData){ 4, peers[0] };
	of[0].type = 5;
	of[0].vc_id = 100;
	of[0].answered = 12;
	of[0].limited = 3;
	of[1].refused = 4;
	of[1].malformed = 5;
	of[1].unanswered = 6;
	ck_assert_int_eq(l2vpn_show_echo_counters(&show), 0);
	ck_assert_str_eq(text_chars(&out),
	    " LSP pings of other ends:\n"
	    " Destination     VC ID  VC Type   Answered  Refused  Malformed  Unanswered  Over the rate\n"
	    " 2.2.2.2         100    ethernet        12        0          0           0              3\n"
	    " nobody's label  --     --               0        4          5           6              0\n");
	text_clear(&out);
	set.count = 0;
	ck_assert_int_eq(l2vpn_show_echo_counters(&show), 0);
	ck_assert_str_eq(text_chars(&out), " LSP pings of other ends: none\n");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("l2vpnd displays");
	TCase *t = tcase_create("text");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_pseudowire_in_short);
	tcase_add_test(t, everything_about_one);
	tcase_add_test(t, one_that_is_down_says_why_and_shows_no_labels_that_are_not_there);
	tcase_add_test(t, all_in_a_line_each);
	tcase_add_test(t, of_one_interface_in_whatever_spelling);
	tcase_add_test(t, what_does_not_exist_is_said_with_a_status);
	tcase_add_test(t, a_service_by_its_name);
	tcase_add_test(t, local_switching_is_a_service_too);
	tcase_add_test(t, pings_of_other_ends_have_a_line_for_each_pseudowire);
	tcase_add_test(t, local_switching_by_its_own_name_or_without_one);
	tcase_add_test(t, a_pseudowire_is_no_local_switching);
	tcase_add_test(t, what_is_dropped_of_a_customers_protocols_is_shown_with_the_pseudowire_and_the_service);
	tcase_add_test(t, one_that_is_up_says_what_is_wrong_all_the_same);
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
