/* What can be said to l2vpnd: each form is taken, printed and taken again; each rule of reference 003 that is broken is named. */
#include "base/mem.h"
#include "l2vpnd/commands.h"
#include "l2vpnd/print.h"
#include "tests/helper/check.h"
#include "tests/helper/rows_of_commands.h"
#include <stdio.h>
#include <string.h>

static struct l2vpn_config c;
static struct conf_errors errors;

static int
read_text(const char *text)
{
	l2vpn_config_free(&c);
	conf_errors_free(&errors);
	errors = (struct conf_errors){ 0 };
	int r = conf_read_text("router.conf", text, l2vpn_commands, &c, &errors);
	return r ? r : conf_check(&l2vpn_conf, "router.conf", &c, &errors);
}

static void
accepts(const char *text)
{
	int r = read_text(text);

	ck_assert_msg(r == 0, "refused: %s", text_chars(&errors.text));
}

static void
teardown(void)
{
	l2vpn_config_free(&c);
	conf_errors_free(&errors);
}

static void
print(struct text *out)
{
	struct conf_lines lines = { 0 };

	text_clear(out);
	l2vpn_print(&c, &lines);
	conf_lines_print(&lines, out);
	conf_lines_free(&lines);
}

START_TEST(each_row_has_a_template_a_help_and_a_reference)
{
	check_rows_of_commands(l2vpn_commands);
}
END_TEST

#define ON "mpls l2vpn\n#\n"
#define PORT ON "interface GigabitEthernet0/1/0\n "
#define SUB ON "interface GigabitEthernet0/1/0.10\n vlan-type dot1q 10\n "
#define TEMPLATE                                                                           \
	"pw-template T\n peer-address 2.2.2.2\n control-word\n mtu 1600\n tnl-policy P\n " \
	"bfd-detect\n#\ntunnel-policy P\n#\n"
#define BOTH PORT "mpls l2vc 2.2.2.2 100\n mpls l2vc 3.3.3.3 100 secondary\n "

START_TEST(the_steps_of_reference_003)
{
	accepts("mpls lsr-id 1.1.1.1\n" ON "interface gigabitethernet 0/1/0\n mpls l2vc 2.2.2.2 100 control-word\n"
		" mpls l2vc 3.3.3.3 200 control-word secondary\n undo interface-parameter-type vccv\n"
		" mpls l2vpn service-name gold\n#\n");
	ck_assert(c.enabled);
	ck_assert_uint_eq(c.circuit_count, 1);
	ck_assert_str_eq(c.circuits[0].name, "GigabitEthernet0/1/0");
	ck_assert_str_eq(c.circuits[0].service, "gold");
	struct l2vpn_settings primary = l2vpn_settings(&c, &c.circuits[0], L2VPN_PRIMARY),
			      secondary = l2vpn_settings(&c, &c.circuits[0], L2VPN_SECONDARY);
	ck_assert_uint_eq(addr_to_v4(&primary.peer), 0x02020202);
	ck_assert_uint_eq(addr_to_v4(&secondary.peer), 0x03030303);
	ck_assert_uint_eq(secondary.vc_id, 200);
	ck_assert(primary.control_word && secondary.control_word);
	ck_assert(!primary.vccv && !secondary.vccv);
	ck_assert_uint_eq(primary.type, L2VPN_RAW);
	ck_assert(!c.circuits[0].pw[L2VPN_BYPASS].line);
	ck_assert_uint_eq(c.circuits[0].mode, L2VPN_FRR);
	ck_assert_uint_eq(c.circuits[0].revert, L2VPN_DELAY);
	ck_assert_str_eq(text_chars(&errors.text), "");
}
END_TEST

/* What is said in the interface goes before the template, which goes before the defaults. */
START_TEST(a_template_says_what_its_pseudowires_do_not)
{
	accepts(
	    TEMPLATE PORT "mpls l2vc pw-template T 7\n#\ninterface GigabitEthernet0/2/0\n"
			  " mpls l2vc 9.9.9.9 pw-template T 8 no-control-word tunnel-policy Q\n#\ntunnel-policy Q\n");
	struct l2vpn_settings s = l2vpn_settings(&c, &c.circuits[0], L2VPN_PRIMARY);
	ck_assert_uint_eq(addr_to_v4(&s.peer), 0x02020202);
	ck_assert(s.control_word && s.bfd.on && s.vccv && !s.vccv_bfd.on);
	ck_assert_uint_eq(s.mtu, 1600);
	ck_assert_str_eq(s.policy, "P");
	s = l2vpn_settings(&c, &c.circuits[1], L2VPN_PRIMARY);
	ck_assert_uint_eq(addr_to_v4(&s.peer), 0x09090909);
	ck_assert(!s.control_word);
	ck_assert_uint_eq(s.mtu, 1600);
	ck_assert_str_eq(s.policy, "Q");
}
END_TEST

/* RFC 4448: the tag of a subinterface delimits the service and goes along in a tagged pseudowire. */
static const struct {
	const char *text;
	uint8_t type;
	uint16_t vlan;
} types[] = {
	{ PORT "mpls l2vc 2.2.2.2 1\n", L2VPN_RAW, 0 },
	{ PORT "mpls l2vc 2.2.2.2 1 tagged\n", L2VPN_TAGGED, 0 },
	{ SUB "mpls l2vc 2.2.2.2 1\n", L2VPN_TAGGED, 10 },
	{ SUB "mpls l2vc 2.2.2.2 1 raw\n", L2VPN_RAW, 0 },
	{ SUB "mpls l2vc 2.2.2.2 1 access-port\n", L2VPN_RAW, 0 },
	{ ON "interface Serial1/0/0\n mpls l2vc 2.2.2.2 1\n", L2VPN_PPP, 0 },
	{ ON "interface Serial1/0/0\n link-protocol hdlc\n mpls l2vc 2.2.2.2 1\n", L2VPN_HDLC, 0 },
};

START_TEST(the_type_of_a_pseudowire_follows_from_its_interface)
{
	accepts(types[_i].text);
	struct l2vpn_settings s = l2vpn_settings(&c, &c.circuits[0], L2VPN_PRIMARY);
	ck_assert_uint_eq(s.type, types[_i].type);
	ck_assert_uint_eq(s.vlan, types[_i].vlan);
}
END_TEST

static const char *const taken[] = {
	ON,
	"mpls lsr-id 1.1.1.1\n" PORT "mpls l2vc 2.2.2.2 4294967295\n",
	PORT "mpls l2vc 2.2.2.2 1 access-port control-word ignore-standby-state raw\n",
	PORT "mpls l2vc 2.2.2.2 1 no-control-word tagged\n",
	SUB "mpls l2vc 2.2.2.2 1 raw access-port\n",
	TEMPLATE PORT "mpls l2vc pw-template T 1\n",
	TEMPLATE PORT "mpls l2vc 2.2.2.2 pw-template T 1\n",
	TEMPLATE PORT "mpls l2vc pw-template T 2.2.2.2 1\n",
	TEMPLATE PORT "mpls l2vc 2.2.2.2 1 tunnel-policy P\n",
	TEMPLATE PORT "mpls l2vc 2.2.2.2 1 tunnel-policy P color 100\n",
	TEMPLATE PORT "mpls l2vc 2.2.2.2 1 tunnel-policy P endpoint 2.2.2.2 color 0 control-word\n",
	BOTH "mpls l2vc 4.4.4.4 100 bypass\n",
	BOTH "mpls l2vpn redundancy frr\n",
	BOTH "mpls l2vpn redundancy master\n",
	BOTH "mpls l2vpn redundancy slave\n",
	BOTH "mpls l2vpn redundancy independent\n",
	BOTH "mpls l2vpn reroute delay 10\n",
	BOTH "mpls l2vpn reroute delay 1800 resume 600\n",
	BOTH "mpls l2vpn reroute immediately\n",
	BOTH "mpls l2vpn reroute immediately resume 0\n",
	BOTH "mpls l2vpn reroute never\n",
	BOTH "mpls l2vpn holdoff 180\n",
	BOTH "mpls l2vpn redundancy master\n mpls l2vpn reroute never\n mpls l2vpn holdoff 1\n",
	BOTH "undo interface-parameter-type vccv\n mpls l2vpn pw bfd\n mpls l2vpn trigger if-down\n",
	BOTH "mpls l2vpn pw bfd detect-multiplier 5 min-tx-interval 20\n mpls l2vpn vccv bfd min-rx-interval 30\n",
	"pw-template T\n vccv bfd min-tx-interval 100 min-rx-interval 100 detect-multiplier 255\n",
	BOTH "mpls l2vpn service-name a-name_with.signs\n",
	ON "interface GigabitEthernet0/1/0\n link-protocol ppp\n mpls l2vc 2.2.2.2 1\n",
	ON "ccc one interface GigabitEthernet0/1/0 out-interface GigabitEthernet0/2/0\n",
	"pw-template T\n undo interface-parameter-type vccv\n",
	"interface Serial1/0/0\n ppp peer hostroute-suppress\n",
	BOTH "l2protocol-tunnel all drop\n",
	BOTH "l2protocol-tunnel stp drop\n l2protocol-tunnel lldp cdp drop\n",
	ON "ccc one interface eth0 out-interface eth1\ninterface eth1\n l2protocol-tunnel dot1x lacp drop\n",
};

START_TEST(each_form_is_printed_as_it_is_taken_again)
{
	struct text first = { 0 }, again = { 0 }, second = { 0 };

	accepts(taken[_i]);
	print(&first);
	text_add(&again, "tunnel-policy P\n#\n%s", text_chars(&first)); /* that line is fibd's to print */
	accepts(text_chars(&again));
	print(&second);
	ck_assert_str_eq(text_chars(&first), text_chars(&second));
	ck_assert_msg(strlen(text_chars(&first)) > strlen("#\nreturn\n"), "nothing of it is printed: %s", taken[_i]);
	text_free(&first);
	text_free(&again);
	text_free(&second);
}
END_TEST

START_TEST(timers_of_bfd_are_taken_and_printed)
{
	struct text out = { 0 };

	accepts("pw-template T\n bfd-detect detect-multiplier 5 min-tx-interval 20 min-rx-interval 30\n vccv bfd "
		"min-rx-interval 7\n#\n" BOTH "mpls l2vpn pw bfd min-rx-interval 40\n mpls l2vpn vccv bfd\n");
	print(&out);
	const char *const lines[] = { " bfd-detect min-tx-interval 20 min-rx-interval 30 detect-multiplier 5\n",
		" vccv bfd min-rx-interval 7\n", " mpls l2vpn pw bfd min-rx-interval 40\n", " mpls l2vpn vccv bfd\n" };
	for (size_t i = 0; i < COUNT(lines); i++)
		ck_assert_msg(strstr(text_chars(&out), lines[i]), "no%s in\n%s", lines[i], text_chars(&out));
	text_free(&out);
}
END_TEST

static const struct {
	const char *with, *without;
} undone[] = {
	{ ON "undo mpls l2vpn\n", "" },
	{ BOTH "undo mpls l2vc 3.3.3.3 100 secondary\n", PORT "mpls l2vc 2.2.2.2 100\n" },
	{ BOTH "undo mpls l2vc\n", ON },
	{ BOTH "#\nundo interface GigabitEthernet0/1/0\n", ON },
	{ BOTH "mpls l2vpn redundancy slave\n undo mpls l2vpn redundancy\n", BOTH },
	{ BOTH "mpls l2vpn redundancy slave\n undo mpls l2vpn redundancy slave\n", BOTH },
	{ BOTH "mpls l2vpn reroute delay 40 resume 5\n undo mpls l2vpn reroute\n", BOTH },
	{ BOTH "mpls l2vpn reroute never\n undo mpls l2vpn reroute never\n", BOTH },
	{ BOTH "mpls l2vpn holdoff 4\n undo mpls l2vpn holdoff\n", BOTH },
	{ BOTH "mpls l2vpn service-name x\n undo mpls l2vpn service-name\n", BOTH },
	{ BOTH "mpls l2vpn pw bfd\n undo mpls l2vpn pw bfd\n", BOTH },
	{ BOTH "mpls l2vpn vccv bfd min-tx-interval 5\n undo mpls l2vpn vccv bfd\n", BOTH },
	{ "pw-template T\n vccv bfd detect-multiplier 9\n undo vccv bfd\n", "pw-template T\n" },
	{ BOTH "l2protocol-tunnel all drop\n undo l2protocol-tunnel\n", BOTH },
	{ BOTH "l2protocol-tunnel all drop\n undo l2protocol-tunnel cdp stp drop\n",
	    BOTH "l2protocol-tunnel dot1x lacp lldp drop\n" },
	{ BOTH "l2protocol-tunnel lldp stp drop\n l2protocol-tunnel stp forward\n",
	    BOTH "l2protocol-tunnel lldp drop\n" },
	{ BOTH "l2protocol-tunnel lldp drop\n l2protocol-tunnel all forward\n", BOTH },
	{ BOTH "mpls l2vpn trigger if-down\n undo mpls l2vpn trigger if-down\n", BOTH },
	{ BOTH "undo interface-parameter-type vccv\n interface-parameter-type vccv\n", BOTH },
	{ "interface GigabitEthernet0/1/0.10\n vlan-type dot1q 10\n undo vlan-type dot1q\n", "" },
	{ "interface GigabitEthernet0/1/0\n link-protocol ppp\n undo link-protocol\n", "" },
	{ "interface Serial1/0/0\n ppp peer hostroute-suppress\n undo ppp peer hostroute-suppress\n", "" },
	{ ON "ccc one interface eth0 out-interface eth1\nundo ccc one\n", ON },
	{ TEMPLATE "undo pw-template T\n", "" },
	{ TEMPLATE "undo tunnel-policy P\n#\npw-template T\n undo tnl-policy\n undo mtu\n undo bfd-detect\n undo "
		   "control-word\n"
		   " undo peer-address\n",
	    "pw-template T\n" },
};

START_TEST(each_line_can_be_undone)
{
	struct text first = { 0 }, second = { 0 };

	accepts(undone[_i].with);
	print(&first);
	accepts(undone[_i].without);
	print(&second);
	ck_assert_str_eq(text_chars(&first), text_chars(&second));
	text_free(&first);
	text_free(&second);
}
END_TEST

static const struct {
	const char *text, *because;
} refused[] = {
	/* reference 003: what primary, secondary and bypass have in common */
	{ PORT "mpls l2vc 2.2.2.2 1\n mpls l2vc 3.3.3.3 1 tagged secondary\n",
	    "router.conf:5: the pseudowires of GigabitEthernet0/1/0 differ in their type: secondary has vlan, primary "
	    "has ethernet" },
	{ PORT "mpls l2vc 2.2.2.2 1 control-word\n mpls l2vc 3.3.3.3 1 secondary\n",
	    "router.conf:5: the pseudowires of GigabitEthernet0/1/0 differ in their control word: secondary has "
	    "no-control-word" },
	{ PORT "mpls l2vc 2.2.2.2 1\n mpls l2vc 3.3.3.3 1 control-word bypass\n",
	    "bypass has control-word, primary has no-control-word" },
	{ TEMPLATE PORT "mpls l2vc 3.3.3.3 1 control-word\n mpls l2vc pw-template T 1 secondary\n",
	    "differ in their MTU: secondary has 1600, primary has the circuit's own" },
	{ "pw-template T\n undo interface-parameter-type vccv\n#\n" PORT
	  "mpls l2vc 2.2.2.2 1\n mpls l2vc 3.3.3.3 pw-template T 1 bypass\n",
	    "differ in their VCCV parameter: bypass has none, primary has it" },
	{ PORT "mpls l2vc 2.2.2.2 1\n undo interface-parameter-type vccv\n mpls l2vpn vccv bfd\n",
	    "router.conf:4: BFD over VCCV needs a control channel" },
	{ PORT "mpls l2vc 2.2.2.2 1 secondary\n", "no primary pseudowire, from which a secondary one could take over" },
	{ PORT "mpls l2vc 2.2.2.2 1 bypass\n", "no primary pseudowire, from which a bypass one could take over" },
	{ "interface GigabitEthernet0/1/0\n mpls l2vc 2.2.2.2 1\n", "router.conf:2: pseudowires need `mpls l2vpn`" },
	{ ON "interface Serial1/0/0\n ppp peer hostroute-suppress\n mpls l2vc 2.2.2.2 1\n",
	    "router.conf:4: `ppp peer hostroute-suppress` cannot be used" },
	{ PORT "mpls l2vc 2.2.2.2 1\n mpls l2vpn service-name a\n#\ninterface eth1\n mpls l2vc 2.2.2.2 2\n mpls l2vpn "
	       "service-name a\n",
	    "router.conf:9: GigabitEthernet0/1/0 has the service name a already, in line 5" },
	/* ATM and TDM */
	{ PORT "mpls l2vc 2.2.2.2 1 max-atm-cells 28\n",
	    "`max-atm-cells` is of ATM interfaces: this host has no such attachment circuit" },
	{ PORT "mpls l2vc 2.2.2.2 1 control-word seq-number\n", "`seq-number` is of ATM interfaces" },
	{ PORT "mpls l2vc pw-template T 1 atm-pack-overtime 100 secondary\n",
	    "`atm-pack-overtime` is of ATM interfaces" },
	{ PORT
	    "mpls l2vc 2.2.2.2 1 tunnel-policy P endpoint 2.2.2.2 color 1 transmit-atm-cells 3 ignore-standby-state\n",
	    "`transmit-atm-cells` is of ATM interfaces" },
	{ PORT "mpls l2vc 2.2.2.2 1 jitter-buffer 8000\n",
	    "`jitter-buffer` is of TDM interfaces: this host has no such attachment circuit" },
	{ PORT "mpls l2vc 2.2.2.2 1 no-control-word tdm-encapsulation-number 8 tdm-sequence-number\n",
	    "`tdm-encapsulation-number` is of TDM interfaces" },
	{ PORT "mpls l2vc 2.2.2.2 1 tdm-sequence-number secondary\n", "`tdm-sequence-number` is of TDM interfaces" },
	{ PORT "mpls l2vc 2.2.2.2 1 rtp-header\n", "`rtp-header` is of TDM interfaces" },
	{ ON "interface Atm1/0/0\n mpls l2vc 2.2.2.2 1\n",
	    "Atm1/0/0 is an ATM interface: this host has no such attachment circuit" },
	{ ON "interface CE1/0/0\n mpls l2vc 2.2.2.2 1\n",
	    "CE1/0/0 is a TDM interface: this host has no such attachment circuit" },
	{ ON "interface LoopBack1\n mpls l2vc 2.2.2.2 1\n", "has no customer behind it" },
	/* words that exclude each other, or are about something else */
	{ SUB "mpls l2vc 2.2.2.2 1 access-port tagged\n", "take `access-port` or `tagged` out" },
	{ PORT "mpls l2vc 2.2.2.2 1 raw tagged\n", "does not fit here" },
	{ PORT "mpls l2vc 2.2.2.2 1 secondary bypass\n", "does not fit here" },
	{ ON "interface Serial1/0/0\n mpls l2vc 2.2.2.2 1 raw\n", "`raw` is about Ethernet frames" },
	{ PORT "mpls l2vc 224.0.0.5 1\n", "not the LSR ID of a router" },
	{ "pw-template T\n peer-address 127.0.0.1\n", "not the LSR ID of a router" },
	{ "mpls lsr-id 2.2.2.2\n" PORT "mpls l2vc 2.2.2.2 1\n", "the other end is this router itself" },
	{ PORT "mpls l2vc 2.2.2.2 0\n", "1-4294967295" },
	{ PORT "mpls l2vc 2.2.2.2 1\n mpls l2vc 2.2.2.2 2\n", "has a primary pseudowire already, VC ID 1 in line 4" },
	{ PORT "mpls l2vc 2.2.2.2 1\n#\ninterface eth1\n mpls l2vc 2.2.2.2 1\n",
	    "router.conf:7: GigabitEthernet0/1/0 has a pseudowire to 2.2.2.2 with VC ID 1 already, in line 4" },
	{ PORT "mpls l2vc pw-template T 1\n", "there is no template T" },
	{ "pw-template T\n#\n" PORT "mpls l2vc pw-template T 1\n", "neither the line nor its template T" },
	{ PORT "mpls l2vc 2.2.2.2 1 tunnel-policy P\n", "there is no tunnel policy P" },
	{ "tunnel-policy P\n#\nundo tunnel-policy P\n" PORT "mpls l2vc 2.2.2.2 1 tunnel-policy P\n",
	    "there is no tunnel policy P; define it with `tunnel-policy P`" },
	/* switching */
	{ BOTH "mpls l2vpn redundancy independent\n mpls l2vpn reroute never\n",
	    "in redundancy mode independent the other ends' word decides" },
	{ BOTH "mpls l2vpn redundancy slave\n mpls l2vpn reroute immediately\n", "in redundancy mode slave" },
	{ BOTH "mpls l2vpn redundancy master\n mpls l2vpn reroute delay 30 resume 5\n",
	    "`resume` is of redundancy mode frr" },
	{ BOTH "mpls l2vpn redundancy slave\n mpls l2vpn holdoff 5\n", "take `holdoff` out" },
	{ BOTH "mpls l2vpn reroute delay 9\n", "10-1800" },
	{ BOTH "mpls l2vpn reroute delay 10 resume 601\n", "0-600" },
	{ BOTH "mpls l2vpn holdoff 0\n", "1-180" },
	/* subinterfaces and local switching */
	{ ON "interface GigabitEthernet0/1/0.10\n mpls l2vc 2.2.2.2 1\n", "vlan-type dot1q" },
	{ ON "interface GigabitEthernet0/1/0\n vlan-type dot1q 10\n", "is no subinterface" },
	{ SUB "mpls l2vc 2.2.2.2 1\n#\ninterface GigabitEthernet0/1/0\n mpls l2vc 2.2.2.2 2\n",
	    "gives all its frames to a pseudowire of its own" },
	{ SUB "mpls l2vc 2.2.2.2 1\n#\ninterface GigabitEthernet0/1/0.11\n vlan-type dot1q 10\n mpls l2vc 2.2.2.2 2\n",
	    "has the frames with tag 10 already" },
	{ "ccc a interface eth0 out-interface eth0\n", "send its frames back to itself" },
	{ ON "ccc a interface eth0 out-interface LoopBack1\n", "LoopBack1 has no customer behind it" },
	{ ON "ccc a interface Atm1/0/0 out-interface eth1\n", "Atm1/0/0 is an ATM interface" },
	{ "ccc a interface eth0 out-interface eth1\n", "local switching needs `mpls l2vpn`" },
	{ ON "ccc a interface eth0 out-interface eth1\nccc b interface eth2 out-interface eth1\n",
	    "eth1 gives its frames to `ccc a` already" },
	{ PORT "mpls l2vc 2.2.2.2 1\n#\nccc a interface GigabitEthernet0/1/0 out-interface eth1\n",
	    "gives its frames to a pseudowire" },
	{ ON "ccc a interface GigabitEthernet0/1/0.5 out-interface eth1\n", "vlan-type dot1q" },
	{ SUB "mpls l2vc 2.2.2.2 1\n#\nccc a interface eth1 out-interface GigabitEthernet0/1/0\n",
	    "router.conf:5: GigabitEthernet0/1/0 gives all its frames to `ccc a`, so GigabitEthernet0/1/0.10 has none; "
	    "take one of both out" },
	{ SUB "#\nccc a interface eth1 out-interface GigabitEthernet0/1/0\n"
	      "ccc b interface GigabitEthernet0/1/0.10 out-interface eth2\n",
	    "router.conf:7: GigabitEthernet0/1/0 gives all its frames to `ccc a`" },
	{ SUB "#\nccc a interface GigabitEthernet0/1/0 out-interface GigabitEthernet0/1/0.10\n",
	    "router.conf:6: GigabitEthernet0/1/0 gives all its frames to `ccc a`" },
	{ SUB "#\ninterface GigabitEthernet0/1/0\n mpls l2vc 2.2.2.2 2\n#\nccc a interface GigabitEthernet0/1/0.10 "
	      "out-interface eth1\n",
	    "router.conf:9: GigabitEthernet0/1/0 gives all its frames to a pseudowire of its own" },
	{ SUB "mpls l2vc 2.2.2.2 1\n#\ninterface GigabitEthernet0/1/0.11\n vlan-type dot1q 10\n#\n"
	      "ccc a interface eth1 out-interface GigabitEthernet0/1/0.11\n",
	    "router.conf:10: GigabitEthernet0/1/0.10 has the frames with tag 10 already; give GigabitEthernet0/1/0.11 "
	    "another" },
	{ SUB "#\ninterface GigabitEthernet0/1/0.11\n vlan-type dot1q 10\n#\n"
	      "ccc a interface GigabitEthernet0/1/0.11 out-interface GigabitEthernet0/1/0.10\n",
	    "router.conf:9: GigabitEthernet0/1/0.10 has the frames with tag 10 already" },
	{ PORT "l2protocol-tunnel lldp all drop\n", "does not fit here" },
	{ PORT "l2protocol-tunnel drop\n", "does not fit here" },
	{ PORT "l2protocol-tunnel lldp\n", "drop" },
};

START_TEST(what_breaks_a_rule_is_refused_with_its_line)
{
	ck_assert_msg(read_text(refused[_i].text) != 0, "accepted: %s", refused[_i].text);
	ck_assert_msg(
	    strstr(text_chars(&errors.text), refused[_i].because) && strstr(text_chars(&errors.text), "router.conf:"),
	    "the refusal does not say \"%s\": %s", refused[_i].because, text_chars(&errors.text));
}
END_TEST

static const struct {
	const char *text, *because;
} warned[] = {
	{ PORT "mpls l2vc 2.2.2.2 1\n mpls l2vpn reroute never\n", "no secondary pseudowire that could take over" },
	{ PORT "mpls l2vc 2.2.2.2 1\n mpls l2vc 2.2.2.2 2 secondary\n", "both fail with it" },
	{ PORT "mpls l2vpn service-name x\n",
	    "router.conf:4: warning: GigabitEthernet0/1/0 has no pseudowire and no `ccc` that service x could have" },
	{ PORT "l2protocol-tunnel lldp drop\n", "router.conf:4: warning: GigabitEthernet0/1/0 has no pseudowire and no "
						"`ccc` that frames could be kept from" },
	{ PORT "mpls l2vpn trigger if-down\n",
	    "router.conf:4: warning: GigabitEthernet0/1/0 has no pseudowire that its carrier could follow" },
	{ PORT "mpls l2vpn trigger if-down\n#\nccc a interface eth1 out-interface GigabitEthernet0/1/0\n",
	    "router.conf:4: warning: the carrier of GigabitEthernet0/1/0 would follow its pseudowires, and `ccc a` has "
	    "none" },
	{ SUB "mpls l2vc 2.2.2.2 1\n mpls l2vpn trigger if-down\n",
	    "router.conf:6: warning: GigabitEthernet0/1/0.10 is a subinterface and has no carrier" },
	{ TEMPLATE PORT "mpls l2vc 2.2.2.2 1 tunnel-policy P color 5\n", "no SR policies" },
};

START_TEST(what_does_nothing_is_taken_with_a_warning)
{
	accepts(warned[_i].text);
	ck_assert_msg(strstr(text_chars(&errors.text), warned[_i].because), "it says: %s", text_chars(&errors.text));
}
END_TEST

static const char *const silent[] = {
	PORT "mpls l2vpn service-name x\n#\nccc a interface gigabitethernet 0/1/0 out-interface eth1\n",
	PORT "l2protocol-tunnel lldp drop\n#\nccc a interface eth1 out-interface GigabitEthernet0/1/0\n",
	PORT "mpls l2vc 2.2.2.2 1\n mpls l2vpn trigger if-down\n l2protocol-tunnel all drop\n",
	SUB "#\ninterface GigabitEthernet0/2/0.10\n vlan-type dot1q 10\n#\n"
	    "ccc a interface GigabitEthernet0/1/0.10 out-interface GigabitEthernet0/2/0.10\n",
};

START_TEST(what_is_in_order_is_taken_without_a_word)
{
	accepts(silent[_i]);
	ck_assert_str_eq(text_chars(&errors.text), "");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("l2vpnd commands");
	TCase *t = tcase_create("configuration");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, each_row_has_a_template_a_help_and_a_reference);
	tcase_add_test(t, the_steps_of_reference_003);
	tcase_add_test(t, a_template_says_what_its_pseudowires_do_not);
	tcase_add_loop_test(t, the_type_of_a_pseudowire_follows_from_its_interface, 0, COUNT(types));
	tcase_add_test(t, timers_of_bfd_are_taken_and_printed);
	tcase_add_loop_test(t, each_form_is_printed_as_it_is_taken_again, 0, COUNT(taken));
	tcase_add_loop_test(t, each_line_can_be_undone, 0, COUNT(undone));
	tcase_add_loop_test(t, what_breaks_a_rule_is_refused_with_its_line, 0, COUNT(refused));
	tcase_add_loop_test(t, what_does_nothing_is_taken_with_a_warning, 0, COUNT(warned));
	tcase_add_loop_test(t, what_is_in_order_is_taken_without_a_word, 0, COUNT(silent));
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
