/* What can be said to l3vpnd: each row of its commands, what it does to the configuration, and what is refused. */
#include "base/mem.h"
#include "base/secret_text.h"
#include "l3vpnd/bgp/nlri.h"
#include "l3vpnd/commands.h"
#include "l3vpnd/print.h"
#include "proto/fib.pb-c.h"
#include "tests/helper/check.h"
#include "tests/helper/rows_of_commands.h"
#include <string.h>

static struct l3vpn_config c;
static struct conf_errors errors;

static int
read_text(const char *text)
{
	l3vpn_config_free(&c);
	l3vpn_config_init(&c);
	conf_errors_free(&errors);
	errors = (struct conf_errors){ 0 };
	int r = conf_read_text("router.conf", text, l3vpn_commands, &c, &errors);
	return r ? r : conf_check(&l3vpn_conf, "router.conf", &c, &errors);
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
	l3vpn_config_free(&c);
	conf_errors_free(&errors);
}

START_TEST(each_row_has_a_template_a_help_and_a_reference)
{
	check_rows_of_commands(l3vpn_commands);
}
END_TEST

#define VPNA                                                                                            \
	"ip vpn-instance VPNA\n ipv4-family\n  route-distinguisher 100:3\n  apply-label per-instance\n" \
	"  vpn-target 111:1 both\n#\n"

START_TEST(the_lines_of_pe3_in_reference_002)
{
	accepts("mpls lsr-id 4.4.4.4\n" VPNA "bgp 100\n peer 2.2.2.2 as-number 100\n"
		" peer 2.2.2.2 connect-interface loopback 1\n ipv4-family vpnv4\n  peer 2.2.2.2 enable\n  quit\n"
		" ipv4-family vpn-instance VPNA\n  peer 10.3.1.2 as-number 65410\n  import-route direct\n"
		"  maximum load-balancing 2\n");
	const struct bgp_peer_config *pe = &c.bgp.instances[0].peers[0], *ce = &c.bgp.instances[1].peers[0];
	const struct bgp_vpn_config *v = &c.bgp.instances[1].vpn[0];
	ck_assert_uint_eq(c.bgp.as, 100);
	ck_assert_uint_eq(c.lsr_id, 0x04040404);
	ck_assert_str_eq(pe->source_interface, "LoopBack1");
	ck_assert(pe->family[BGP_IPV4].enabled && pe->family[BGP_VPNV4].enabled && !pe->family[BGP_VPNV6].enabled);
	ck_assert_str_eq(c.bgp.instances[1].name, "VPNA");
	ck_assert(v->on && v->import_count == 1 && v->export_count == 1 && v->import[0] == v->export[0]);
	ck_assert(!c.bgp.instances[1].vpn[1].on);
	ck_assert_uint_eq(ce->as, 65410);
	ck_assert(ce->family[BGP_IPV4].enabled);
	ck_assert_uint_eq(c.instances[1].family[0].imports[0].protocol, FIB__PROTOCOL__DIRECT);
	ck_assert_uint_eq(c.bgp.instances[1].paths, 2);
	ck_assert(!c.bgp.no_target_policy);
}
END_TEST

START_TEST(an_as_has_one_number_or_two_and_forms_of_a_distinguisher_are_three)
{
	char text[RD_TEXT];

	accepts("bgp 1.10\n peer 10.0.0.1 as-number 4200000000\n");
	ck_assert_uint_eq(c.bgp.as, 65546);
	ck_assert_uint_eq(c.bgp.instances[0].peers[0].as, 4200000000);
	static const char *const forms[] = { "100:70000", "10.0.0.1:7", "70000:1" };
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct text file = { 0 };
		text_add(&file, "ip vpn-instance A\n ipv4-family\n  route-distinguisher %s\n", forms[i]);
		accepts(text_chars(&file));
		ck_assert_uint_eq(c.bgp.instances[1].vpn[0].rd >> 48, i);
		ck_assert_str_eq(rd_text(c.bgp.instances[1].vpn[0].rd, text), forms[i]);
		text_free(&file);
	}
}
END_TEST

START_TEST(targets_come_several_in_a_line_and_go_one_by_one_or_all)
{
	accepts("ip vpn-instance A\n ipv4-family\n  route-distinguisher 1:1\n  vpn-target 1:1 2:2 export-extcommunity\n"
		"  vpn-target 2:2 3:3\n  undo vpn-target 3:3 import-extcommunity\n");
	const struct bgp_vpn_config *v = &c.bgp.instances[1].vpn[0];
	ck_assert_uint_eq(v->export_count, 3);
	ck_assert_uint_eq(v->import_count, 1);
	accepts("ip vpn-instance A\n ipv4-family\n  vpn-target 1:1 2:2\n  undo vpn-target all\n");
	ck_assert_uint_eq(c.bgp.instances[1].vpn[0].import_count + c.bgp.instances[1].vpn[0].export_count, 0);
}
END_TEST

START_TEST(peers_with_an_ipv4_address_exchange_ipv4_unless_it_was_said_otherwise)
{
	accepts("bgp 1\n peer 10.0.0.1 as-number 2\n peer 2001:db8::1 as-number 2\n ipv6-family unicast\n"
		"  peer 2001:db8::1 enable\n");
	const struct bgp_peer_config *p = c.bgp.instances[0].peers;
	ck_assert(p[0].family[BGP_IPV4].enabled && !p[0].family[BGP_IPV6].enabled);
	ck_assert(!p[1].family[BGP_IPV4].enabled && p[1].family[BGP_IPV6].enabled);
	accepts("bgp 1\n undo default ipv4-unicast\n peer 10.0.0.1 as-number 2\n");
	ck_assert(!c.bgp.instances[0].peers[0].family[BGP_IPV4].enabled);
}
END_TEST

START_TEST(a_password_is_kept_in_clear_and_printed_in_its_cipher_form)
{
	struct conf_lines lines = { 0 };
	struct text printed = { 0 };

	accepts("bgp 1\n peer 10.0.0.1 as-number 2\n peer 10.0.0.1 password simple secret\n");
	ck_assert_mem_eq(c.bgp.instances[0].peers[0].secret, "secret", 6);
	ck_assert_uint_eq(c.bgp.instances[0].peers[0].secret_size, 6);
	l3vpn_print(&c, &lines);
	conf_lines_print(&lines, &printed);
	ck_assert_ptr_null(strstr(text_chars(&printed), "secret"));
	accepts(text_chars(&printed));
	ck_assert_mem_eq(c.bgp.instances[0].peers[0].secret, "secret", 6);
	conf_lines_free(&lines);
	text_free(&printed);
}
END_TEST

/* Every setting of a peer and of a family, as it is printed. */
START_TEST(what_was_said_is_printed_in_its_order)
{
	static const char text[] =
	    "#\nrouter id 1.1.1.1\n#\nip vpn-instance A\n description the east\n ipv4-family\n  route-distinguisher "
	    "1:1\n"
	    "  apply-label per-route\n  vpn-target 1:1 2:2 export-extcommunity\n  vpn-target 1:1 import-extcommunity\n"
	    "  ttl-mode uniform\n  routing-table limit 1000 80\n  tnl-policy ldp\n ipv6-family\n  route-distinguisher "
	    "1:1\n"
	    "  routing-table limit 10 simply-alert\n#\nbgp 65000\n router-id 2.2.2.2\n undo default ipv4-unicast\n"
	    " undo graceful-restart\n graceful-restart timer restart 200\n timer keepalive 10 hold 30\n"
	    " reflector cluster-id 0.0.0.9\n peer 3.3.3.3 as-number 65000\n peer 3.3.3.3 description core\n"
	    " peer 3.3.3.3 connect-interface LoopBack1 source 2.2.2.2\n peer 3.3.3.3 valid-ttl-hops 2\n"
	    " peer 3.3.3.3 listen-only\n peer 3.3.3.3 timer keepalive 3 hold 9\n peer 3.3.3.3 bfd min-tx-interval 50\n"
	    " peer 3.3.3.3 bfd enable\n #\n ipv4-family unicast\n  undo synchronization\n"
	    "  network 10.0.0.0 255.0.0.0 route-policy P\n  default-route imported\n  import-route ospf 1 med 5\n"
	    "  bestroute as-path-ignore\n  maximum load-balancing ebgp 4\n #\n ipv4-family vpnv4\n"
	    "  undo policy vpn-target\n  peer 3.3.3.3 enable\n  peer 3.3.3.3 reflect-client\n"
	    "  peer 3.3.3.3 preferred-value 7\n #\n ipv4-family vpn-instance A\n  router-id 9.9.9.9\n"
	    "  peer 10.0.0.1 as-number 65001\n  peer 10.0.0.1 fake-as 65002\n  peer 10.0.0.1 ebgp-max-hop 3\n"
	    "  peer 10.0.0.1 ignore\n  undo peer 10.0.0.1 enable\n  peer 10.0.0.1 substitute-as\n"
	    "  peer 10.0.0.1 allow-as-loop 2\n  peer 10.0.0.1 route-limit 100 alert-only\n  peer 10.0.0.1 soo 1:5\n"
	    "  preference 20 200\n  import-route static route-policy Q\n  default local-preference 50\n #\n"
	    " ipv6-family vpn-instance A\n  network 2001:db8:: 32\n  network 2001:db8:1:: 66\n#\nreturn\n";
	struct conf_lines lines = { 0 };
	struct text printed = { 0 };

	accepts(text);
	l3vpn_print(&c, &lines);
	conf_lines_print(&lines, &printed);
	ck_assert_str_eq(text_chars(&printed), text);
	conf_lines_free(&lines);
	text_free(&printed);
}
END_TEST

START_TEST(undo_takes_away_what_was_said)
{
	accepts(VPNA "bgp 100\n peer 2.2.2.2 as-number 100\n ipv4-family vpnv4\n  peer 2.2.2.2 enable\n#\nundo bgp\n");
	ck_assert_uint_eq(c.bgp.as, 0);
	ck_assert_uint_eq(c.bgp.instances[0].peer_count, 0);
	ck_assert_uint_eq(c.bgp.instance_count, 2); /* the VPN instance is not BGP's */
	accepts(VPNA "bgp 100\n ipv4-family vpn-instance VPNA\n  peer 10.0.0.1 as-number 1\n  import-route direct\n"
		     " undo ipv4-family vpn-instance VPNA\n#\nundo ip vpn-instance VPNA\n");
	ck_assert_uint_eq(c.bgp.instance_count, 1);
	accepts("bgp 100\n peer 2.2.2.2 as-number 100\n undo peer 2.2.2.2\n maximum load-balancing 4\n"
		" undo maximum load-balancing\n");
	ck_assert_uint_eq(c.bgp.instances[0].peer_count, 0);
	ck_assert_uint_eq(c.bgp.instances[0].paths, 0);
}
END_TEST

START_TEST(targets_without_a_distinguisher_are_worth_a_warning)
{
	accepts("ip vpn-instance A\n ipv4-family\n  vpn-target 1:1\n");
	ck_assert_uint_eq(errors.warnings, 1);
	ck_assert_ptr_nonnull(
	    strstr(text_chars(&errors.text), "router.conf: warning: VPN instance A has VPN targets but no route"));
}
END_TEST

#define LONG "a2345678901234567890123456789012345678901234567890123456789012345678901234567890"
#define PEER "bgp 100\n peer 10.0.0.1 as-number 100\n "
static const struct {
	const char *text, *why;
} bad[] = {
	{ "bgp 100\n#\nbgp 200\n", "runs in AS 100; `undo bgp` first" },
	{ "bgp 0\n", "AS 0 is reserved" },
	{ "bgp 1.70000\n", "no number of an AS" },
	{ "bgp 100\n router-id 0.0.0.0\n", "no router ID" },
	{ "bgp 100\n peer 224.0.0.1 as-number 1\n", "another router" },
	{ PEER "peer 10.0.0.1 as-number 200\n", "`undo peer 10.0.0.1` first" },
	{ "bgp 100\n peer 10.0.0.1 ignore\n", "`peer 10.0.0.1 as-number" },
	{ "bgp 100\n ipv4-family vpnv4\n  peer 10.0.0.1 enable\n", "in the bgp view makes it" },
	{ PEER "peer 10.0.0.1 timer keepalive 10 hold 2\n", "0, or 3 seconds" },
	{ PEER "peer 10.0.0.1 timer keepalive 11 hold 30\n", "a third at most, 10 s" },
	{ PEER "peer 10.0.0.1 password cipher nonsense\n", "not the cipher form" },
	{ PEER "peer 10.0.0.1 valid-ttl-hops 2\n peer 10.0.0.1 ebgp-max-hop 2\n", "two things about one TTL" },
	{ PEER "peer 10.0.0.1 fake-as 5\n", "for external peers" },
	{ PEER "peer 10.0.0.1 connect-interface 2001:db8::1\n", "the same family" },
	{ PEER "ipv4-family unicast\n  peer 10.0.0.1 substitute-as\n", "in our own AS" },
	{ "bgp 100\n peer 10.0.0.1 as-number 1\n ipv4-family unicast\n  peer 10.0.0.1 reflect-client\n",
	    "only routes of our own AS" },
	{ "bgp 100\n synchronization\n", "never wait for the IGP" },
	{ "bgp 100\n network 10.0.0.1 24\n", "did you mean 10.0.0.0/24?" },
	{ "bgp 100\n ipv4-family vpn-instance A\n  peer 2001:db8::1 as-number 1\n", "ipv6-family vpn-instance A" },
	{ "#\nbgp 100\n ipv4-family vpn-instance A\n", "router.conf:3: there is no VPN instance A; define it with" },
	{ "ip vpn-instance A\n ipv6-family\n#\nbgp 100\n ipv4-family vpn-instance A\n", "has no IPv4" },
	{ "ip vpn-instance A\n ipv4-family\n  route-distinguisher 1:1\n  route-distinguisher 1:2\n",
	    "`undo route-distinguisher` first" },
	{ "ip vpn-instance A\n ipv4-family\n  route-distinguisher 1:1\n#\nip vpn-instance B\n ipv6-family\n"
	  "  route-distinguisher 1:1\n",
	    "VPN instance A has this" },
	{ "ip vpn-instance A\n ipv4-family\n  route-distinguisher 1\n", "no route distinguisher" },
	{ "ip vpn-instance A\n ipv4-family\n  vpn-target one both\n", "`one` is no VPN target" },
	{ "ip vpn-instance A\n ipv4-family\n  vpn-target both\n", "it takes VPN targets" },
	{ "ip vpn-instance A\n ipv4-family\n  vpn-target 1:1 both 2:2\n", "behind the end" },
	{ "ip vpn-instance A\n ipv4-family\n  vpn-target all\n", "with `undo` alone" },
	{ "ip vpn-instance " LONG "\n description d\n ipv4-family\n  route-distinguisher 1:1\n#\nbgp 1\n"
	  " ipv4-family vpn-instance " LONG "\n  peer 10.0.0.1 as-number 2\n  import-route direct\n",
	    "is too long" },
};

START_TEST(what_makes_no_sense_is_refused_with_the_reason)
{
	ck_assert_msg(read_text(bad[_i].text) != 0, "accepted: %s", bad[_i].text);
	ck_assert_msg(strstr(text_chars(&errors.text), bad[_i].why), "%s", text_chars(&errors.text));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("l3vpnd commands");
	TCase *t = tcase_create("commands");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, each_row_has_a_template_a_help_and_a_reference);
	tcase_add_test(t, the_lines_of_pe3_in_reference_002);
	tcase_add_test(t, an_as_has_one_number_or_two_and_forms_of_a_distinguisher_are_three);
	tcase_add_test(t, targets_come_several_in_a_line_and_go_one_by_one_or_all);
	tcase_add_test(t, peers_with_an_ipv4_address_exchange_ipv4_unless_it_was_said_otherwise);
	tcase_add_test(t, a_password_is_kept_in_clear_and_printed_in_its_cipher_form);
	tcase_add_test(t, what_was_said_is_printed_in_its_order);
	tcase_add_test(t, undo_takes_away_what_was_said);
	tcase_add_test(t, targets_without_a_distinguisher_are_worth_a_warning);
	tcase_add_loop_test(t, what_makes_no_sense_is_refused_with_the_reason, 0, COUNT(bad));
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
