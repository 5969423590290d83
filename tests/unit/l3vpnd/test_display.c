/* What an operator reads: the displays of reference 002, from rows made by hand. */
#include "base/label.h"
#include "base/mem.h"
#include "host/command_internal.h"
#include "l3vpnd/commands.h"
#include "l3vpnd/display.h"
#include "proto/schema.gen.h"
#include "tests/helper/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct text out;
static struct args *args;
static struct show show;
static struct row_set tables[3];
static L3vpn__Process process;
static ProtobufCMessage *processes[] = { &process.base };

static void
setup(void)
{
	setenv("TZ", "UTC", 1);
	out = (struct text){ 0 };
	args = args_new(NULL);
	l3vpn__process__init(&process);
	process.as = 100;
	process.router_id = 0x02020202;
	tables[0] = (struct row_set){ .schema = &l3vpn_peer_schema };
	tables[1] = (struct row_set){ .schema = &l3vpn_process_schema, .rows = processes, .count = 1 };
	tables[2] = (struct row_set){ .schema = &l3vpn_instance_schema };
	show = (struct show){ .tables = tables,
		.table_count = 3,
		.args = args,
		.out = &out,
		.now_us = UINT64_C(100000) * 1000000,
		.date_s = 1222008884 };
}

static void
teardown(void)
{
	text_free(&out);
	args_free(args);
}

/* The line, and the row that it means. */
static const struct command *
say(const char *line)
{
	static char copy[256];
	char *words[32];

	snprintf(copy, sizeof copy, "%s", line);
	size_t count = line_split(copy, words, 32);
	command_each (c, l3vpn_display_commands) {
		args_cut(args, 0);
		if (template_match(c->words, words, count, MATCH_EXACT, args, NULL, NULL) == MATCH_YES)
			return c;
	}
	ck_abort_msg("nobody understands %s", line);
	return NULL;
}

/* Shows those rows that the command keeps. */
static int
display(const char *line, const struct row_schema *schema, void *rows, size_t count)
{
	const struct command *c = say(line);
	ProtobufCMessage **all = rows, *kept[16];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (!c->keep || c->keep(all[i], args))
			kept[n++] = all[i];
	tables[0] = (struct row_set){ .schema = schema, .rows = kept, .count = n, .complete = true };
	text_clear(&out);
	return c->show(&show);
}

static ProtobufCBinaryData
v4(uint8_t bytes[4], uint32_t address)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(address >> (24 - 8 * i));
	return (ProtobufCBinaryData){ .data = bytes, .len = 4 };
}

static uint64_t
ago(uint64_t seconds)
{
	return show.now_us - seconds * 1000000;
}

/* --- VPN instances --- */

START_TEST(an_instance_in_full_prints_as_in_reference_002)
{
	L3vpn__InstanceFamily f = L3VPN__INSTANCE_FAMILY__INIT, *families[] = { &f };
	L3vpn__Instance n = L3VPN__INSTANCE__INIT, *rows[] = { &n };
	char *targets[] = { "111:1" }, *interfaces[] = { "GigabitEthernet0/3/0" };

	f.rd = "100:1";
	f.import_targets = f.export_targets = targets;
	f.n_import_targets = f.n_export_targets = 1;
	f.label_policy = "label per instance";
	f.pipe = true;
	f.created = f.up_since = ago(2 * 3600 + 35 * 60 + 58);
	n.name = "VPNA";
	n.number = 1;
	n.interfaces = interfaces;
	n.n_interfaces = n.n_families = 1;
	n.families = families;
	ck_assert_int_eq(display("display ip vpn-instance verbose", &l3vpn_instance_schema, rows, 1), 0);
	ck_assert_str_eq(text_chars(&out), " Total VPN-Instances configured : 1\n"
					   " Total IPv4 VPN-Instances configured : 1\n"
					   " Total IPv6 VPN-Instances configured : 0\n"
					   " VPN-Instance Name and ID : VPNA, 1\n"
					   "  Interfaces : GigabitEthernet0/3/0\n"
					   " Address family ipv4\n"
					   "  Create date : 2008/09/21 12:18:46\n"
					   "  Up time : 0 days, 02 hours, 35 minutes and 58 seconds\n"
					   "  Vrf Status : UP\n"
					   "  Route Distinguisher : 100:1\n"
					   "  Export VPN Targets :  111:1\n"
					   "  Import VPN Targets :  111:1\n"
					   "  Label policy : label per instance\n"
					   "  The diffserv-mode Information is : pipe\n"
					   "  The ttl-mode Information is : pipe\n");
	ck_assert_int_eq(display("display ip vpn-instance", &l3vpn_instance_schema, rows, 1), 0);
	ck_assert_ptr_nonnull(strstr(text_chars(&out), "  VPNA               100:1  IPv4            UP\n"));
	ck_assert_int_eq(display("display ip vpn-instance VPNB", &l3vpn_instance_schema, rows, 1), 1);
	ck_assert_str_eq(text_chars(&out), " There is no VPN instance VPNB\n");
}
END_TEST

/* --- peers --- */

struct peer {
	L3vpn__Peer row;
	L3vpn__PeerFamily family, *families[1];
	L3vpn__MessageCounts sent, received;
	uint8_t address[4];
};

static L3vpn__Peer *
peer(struct peer *p, uint32_t address, L3vpn__Family f, uint64_t up_s, uint64_t received, uint64_t sent)
{
	l3vpn__peer__init(&p->row);
	l3vpn__peer_family__init(&p->family);
	l3vpn__message_counts__init(&p->sent);
	l3vpn__message_counts__init(&p->received);
	p->row.address = v4(p->address, address);
	p->row.state = L3VPN__PEER_STATE__ESTABLISHED;
	p->row.remote_as = p->row.local_as = 100;
	p->row.local_router_id = 0x02020202;
	p->row.since = ago(up_s);
	p->row.sent = &p->sent;
	p->row.received = &p->received;
	p->sent.keepalive = sent;
	p->received.keepalive = received;
	p->family.family = f;
	p->families[0] = &p->family;
	p->row.families = p->families;
	p->row.n_families = 1;
	return &p->row;
}

START_TEST(the_peers_print_as_in_reference_002)
{
	struct peer a, b, c;
	void *rows[] = { peer(&a, 0x04040404, L3VPN__FAMILY__VPNV4, 3 * 3600 + 5 * 60 + 25, 205, 202),
		peer(&b, 0x03030303, L3VPN__FAMILY__VPNV4, 3 * 3600 + 6 * 60 + 54, 197, 254),
		peer(&c, 0x05050505, L3VPN__FAMILY__IPV4, 60, 1, 1) };

	ck_assert_int_eq(display("display bgp vpnv4 all peer", &l3vpn_peer_schema, rows, 3), 0);
	ck_assert_str_eq(text_chars(&out),
	    "\n"
	    " BGP local router ID : 2.2.2.2\n"
	    " Local AS number : 100\n"
	    " Total number of peers : 2                 Peers in established state : 2\n"
	    "\n"
	    "Peer            V    AS  MsgRcvd  MsgSent    OutQ  Up/Down  State PrefRcv\n"
	    "\n"
	    "4.4.4.4         4   100      205      202       0 03:05:25 Established       0\n"
	    "3.3.3.3         4   100      197      254       0 03:06:54 Established       0\n");
	ck_assert_int_eq(display("show bgp summary", &l3vpn_peer_schema, rows, 3), 0);
	ck_assert_ptr_nonnull(strstr(text_chars(&out), "\n5.5.5.5 "));
	ck_assert_ptr_null(strstr(text_chars(&out), "4.4.4.4"));
	ck_assert_int_eq(display("display bgp peer 9.9.9.9", &l3vpn_peer_schema, rows, 3), 1);
	ck_assert_str_eq(text_chars(&out), " There is no peer 9.9.9.9 here\n");
	process.as = 0;
	ck_assert_int_eq(display("display bgp peer", &l3vpn_peer_schema, rows, 3), 0);
	ck_assert_str_eq(text_chars(&out), " BGP is not configured\n");
}
END_TEST

/* PE3 has a customer's router, which stands under its instance, and alone when that is named. */
START_TEST(peers_of_instances_stand_under_their_own_head)
{
	L3vpn__Instance n = L3VPN__INSTANCE__INIT;
	ProtobufCMessage *instances[] = { &n.base };
	struct peer a, b;
	void *rows[] = { peer(&a, 0x02020202, L3VPN__FAMILY__VPNV4, 5, 3, 3),
		peer(&b, 0x0a030102, L3VPN__FAMILY__IPV4, 7, 4, 4) };

	n.name = b.row.vrf = "VPNA";
	b.row.remote_as = 65410;
	b.row.state = L3VPN__PEER_STATE__ACTIVE;
	b.row.last_error = "nobody answers";
	tables[2].rows = instances;
	tables[2].count = 1;
	ck_assert_int_eq(display("display bgp vpnv4 all peer", &l3vpn_peer_schema, rows, 2), 0);
	ck_assert_ptr_nonnull(strstr(text_chars(&out),
	    "\n VPN-Instance VPNA, Router ID 2.2.2.2:\n"
	    "10.3.1.2        4 65410        4        4       0 00:00:07      Active       0\n"));
	ck_assert_int_eq(display("display bgp vpnv4 vpn-instance VPNA peer", &l3vpn_peer_schema, rows, 2), 0);
	ck_assert_ptr_null(strstr(text_chars(&out), "\n2.2.2.2 "));
	ck_assert_int_eq(display("display bgp vpnv4 vpn-instance VPNB peer", &l3vpn_peer_schema, rows, 2), 1);
	ck_assert_str_eq(text_chars(&out), " There is no VPN instance VPNB\n");
	ck_assert_int_eq(
	    display("display bgp vpnv4 vpn-instance VPNA peer 10.3.1.2 verbose", &l3vpn_peer_schema, rows, 2), 0);
	ck_assert_ptr_nonnull(strstr(text_chars(&out), "   BGP current state: Active, so for 00:00:07\n"));
	ck_assert_ptr_nonnull(strstr(text_chars(&out), "   Last error: nobody answers (said by the peer)\n"));
}
END_TEST

/* --- routes --- */

struct route {
	L3vpn__Destination row;
	L3vpn__Path path[2], *paths[2];
	uint8_t prefix[5], hop[2][4];
};

/* Two ways to a destination of the customer. */
static L3vpn__Destination *
route(struct route *r, uint32_t address, uint8_t length, const char *vrf, const char *rd)
{
	l3vpn__destination__init(&r->row);
	r->prefix[0] = length;
	v4(r->prefix + 1, address);
	r->row.prefix = (ProtobufCBinaryData){ .data = r->prefix, .len = 5 };
	r->row.vrf = (char *)(uintptr_t)vrf;
	r->row.rd = (char *)(uintptr_t)rd;
	r->row.family = *vrf ? L3VPN__FAMILY__IPV4 : L3VPN__FAMILY__VPNV4;
	r->row.paths = r->paths;
	r->row.n_paths = 2;
	for (int i = 0; i < 2; i++) {
		l3vpn__path__init(&r->path[i]);
		r->paths[i] = &r->path[i];
		r->path[i].peer = r->path[i].next_hop = v4(r->hop[i], i ? 0x03030303 : 0x02020202);
		r->path[i].internal = r->path[i].has_med = true;
		r->path[i].local_pref = 100;
		r->path[i].origin = "?";
		r->path[i].label = i ? LABEL_UNSET : 1024;
		r->path[i].imported_from = *vrf ? (i ? "100:2" : "100:1") : "";
		r->path[i].extended_communities = "RT <111:1>";
	}
	r->path[0].best = true;
	return &r->row;
}

START_TEST(each_path_has_a_line_under_its_distinguisher_or_its_instance)
{
	struct route a, b;
	void *rows[] = { route(&a, 0x01010101, 32, "", "100:1"), route(&b, 0x01010101, 32, "VPNA", "") };

	b.path[1].multipath = true;
	a.path[1].unused = "no LSP leads to its next hop";
	ck_assert_int_eq(display("display bgp vpnv4 all routing-table", &l3vpn_destination_schema, rows, 2), 0);
	ck_assert_str_eq(text_chars(&out), "\n"
					   " BGP Local router ID is 2.2.2.2\n"
					   " Status codes: * - valid, > - best, + - used beside the best, b - backup,\n"
					   "               i - internal, S - Stale\n"
					   "               Origin : i - IGP, e - EGP, ? - incomplete\n"
					   "\n"
					   " Total number of routes from all PE: 2\n"
					   " Route Distinguisher: 100:1\n"
					   "\n"
					   "      Network     NextHop  MED  LocPrf  PrefVal  Path/Ogn\n"
					   " *>i  1.1.1.1/32  2.2.2.2  0    100     0        ?\n"
					   "   i              3.3.3.3  0    100     0        ?\n"
					   "\n"
					   " VPN-Instance VPNA, Router ID 2.2.2.2:\n"
					   "\n"
					   " Total Number of Routes: 2\n"
					   "      Network     NextHop  MED  LocPrf  PrefVal  Path/Ogn\n"
					   " *>i  1.1.1.1/32  2.2.2.2  0    100     0        ?\n"
					   " *+i              3.3.3.3  0    100     0        ?\n");
}
END_TEST

START_TEST(a_route_of_our_own_has_the_next_hop_of_its_family)
{
	struct route a;
	void *rows[] = { route(&a, 0x01010101, 32, "VPNA", "") };
	uint8_t prefix6[PREFIX_BYTES];
	struct prefix p;

	a.row.n_paths = 1;
	a.path[0].next_hop.len = 0;
	ck_assert_int_eq(display("display bgp vpnv4 all routing-table", &l3vpn_destination_schema, rows, 1), 0);
	ck_assert(strstr(text_chars(&out), " 1.1.1.1/32  0.0.0.0  0 "));
	ck_assert(prefix_parse("2001:db8::/32", &p));
	a.row.prefix = (ProtobufCBinaryData){ .data = prefix6, .len = prefix_to_bytes(&p, prefix6) };
	a.row.family = L3VPN__FAMILY__IPV6;
	ck_assert_int_eq(display("display bgp vpnv6 all routing-table", &l3vpn_destination_schema, rows, 1), 0);
	ck_assert_msg(strstr(text_chars(&out), " 2001:db8::/32  ::       0 "), "%s", text_chars(&out));
}
END_TEST

START_TEST(of_one_destination_it_says_why_a_path_is_not_used)
{
	L3vpn__Instance n = L3VPN__INSTANCE__INIT;
	ProtobufCMessage *instances[] = { &n.base };
	struct route a, b;
	void *rows[] = { route(&a, 0x01010101, 32, "VPNA", ""), route(&b, 0x01000000, 8, "VPNA", "") };

	n.name = "VPNA";
	tables[2].rows = instances;
	tables[2].count = 1;
	a.path[1].unused = "no LSP leads to its next hop";
	ck_assert_int_eq(
	    display("display bgp vpnv4 vpn-instance VPNA routing-table 1.1.1.1", &l3vpn_destination_schema, rows, 2),
	    0);
	ck_assert_str_eq(text_chars(&out),
	    "\n"
	    " BGP local router ID : 2.2.2.2\n"
	    " Local AS number : 100\n"
	    "\n"
	    " VPN-Instance VPNA, Router ID 2.2.2.2:\n"
	    " BGP routing table entry information of 1.1.1.1/32:\n"
	    " Paths:   2 available, 1 best, 1 select\n"
	    "   From: 2.2.2.2\n"
	    "   Original nexthop: 2.2.2.2, cost to it: 0\n"
	    "   Label: 1024\n"
	    "   Imported from route distinguisher: 100:1\n"
	    "   Ext-Community: RT <111:1>\n"
	    "   AS-path Nil, origin incomplete, MED 0, localpref 100, pref-val 0, valid, internal, best, select\n"
	    "\n"
	    "   From: 3.3.3.3\n"
	    "   Original nexthop: 3.3.3.3, cost to it: 0\n"
	    "   Imported from route distinguisher: 100:2\n"
	    "   Ext-Community: RT <111:1>\n"
	    "   AS-path Nil, origin incomplete, MED 0, localpref 100, pref-val 0, internal\n"
	    "   Not used: no LSP leads to its next hop\n"
	    "\n");
	a.path[1].unused = "";
	a.path[1].lost = "router ID";
	display("display bgp vpnv4 vpn-instance VPNA routing-table 1.1.1.1 32", &l3vpn_destination_schema, rows, 2);
	ck_assert_ptr_nonnull(strstr(text_chars(&out), "valid, internal\n   Not preferred for: router ID\n"));
	display("show bgp vpnv4 vrf VPNA 1.0.0.0/8", &l3vpn_destination_schema, rows, 2);
	ck_assert_ptr_nonnull(strstr(text_chars(&out), "entry information of 1.0.0.0/8:\n"));
	ck_assert_int_eq(
	    display("display bgp vpnv4 vpn-instance VPNA routing-table 9.9.9.9", &l3vpn_destination_schema, rows, 2),
	    1);
	ck_assert_str_eq(text_chars(&out), " BGP has no route to 9.9.9.9 here\n");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("l3vpnd displays");
	TCase *t = tcase_create("displays");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_instance_in_full_prints_as_in_reference_002);
	tcase_add_test(t, the_peers_print_as_in_reference_002);
	tcase_add_test(t, peers_of_instances_stand_under_their_own_head);
	tcase_add_test(t, each_path_has_a_line_under_its_distinguisher_or_its_instance);
	tcase_add_test(t, a_route_of_our_own_has_the_next_hop_of_its_family);
	tcase_add_test(t, of_one_destination_it_says_why_a_path_is_not_used);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
