/* The configuration files of reference 002, whole, and what the steps of reference 003 make: taken by all daemons together, and printed
 * back letter by letter. */
#include "base/mem.h"
#include "penult/penult.h"
#include "tests/helper/check.h"
#include <string.h>

#define PE(name, rd, lsr, one, two, three, sessions)                                                            \
	"#\nsysname " name "\n#\nip vpn-instance VPNA\n ipv4-family\n  route-distinguisher " rd                 \
	"\n  apply-label per-instance\n"                                                                        \
	"  vpn-target 111:1 export-extcommunity\n  vpn-target 111:1 import-extcommunity\n#\n" sessions          \
	"mpls lsr-id " lsr                                                                                      \
	"\n#\nmpls\n#\nmpls ldp\n#\ninterface GigabitEthernet0/1/0\n undo shutdown\n ip address " one           \
	" 255.255.255.0\n mpls\n mpls ldp\n#\ninterface GigabitEthernet0/2/0\n undo shutdown\n ip address " two \
	" 255.255.255.0\n mpls\n mpls ldp\n#\ninterface GigabitEthernet0/3/0\n undo shutdown\n ip binding "     \
	"vpn-instance VPNA\n"                                                                                   \
	" ip address " three " 255.255.255.0\n#\ninterface LoopBack1\n ip address " lsr " 255.255.255.255\n#\n"
#define BGP(a, b)                                                                                                   \
	"bgp 100\n peer " a " as-number 100\n peer " a " connect-interface LoopBack1\n peer " b                     \
	" as-number 100\n peer " b                                                                                  \
	" connect-interface LoopBack1\n #\n ipv4-family unicast\n  undo synchronization\n  peer " a                 \
	" enable\n  peer " b " enable\n #\n ipv4-family vpnv4\n  policy vpn-target\n  peer " a " enable\n  peer " b \
	" enable\n #\n ipv4-family vpn-instance VPNA\n"
#define IMPORTS "  import-route direct\n  import-route static\n#\n"
#define OSPF(a, b, c) \
	"ospf 1\n area 0.0.0.0\n  network " a " 0.0.0.255\n  network " b " 0.0.0.255\n  network " c " 0.0.0.0\n#\n"
#define TRACKED(ce, pe, name)                                                                                       \
	"ip route-static vpn-instance VPNA 1.1.1.1 255.255.255.255 " ce " track bfd-session " name "\n#\nbfd " name \
	" bind peer-ip " ce " vpn-instance VPNA interface GigabitEthernet0/3/0 source-ip " pe " auto\n#\n"

int
complain(const char *format, ...) /* the program's */
{
	(void)format;
	return FAILED;
}

static const char *const files[] = {
	PE("PE1", "100:1", "2.2.2.2", "11.11.11.1", "33.33.33.1", "10.1.1.2", "bfd\n#\n") BGP("3.3.3.3", "4.4.4.4")
	    IMPORTS OSPF("11.11.11.0", "33.33.33.0", "2.2.2.2")
		TRACKED("10.1.1.1", "10.1.1.2", "pe1_to_ce1") "return\n",
	PE("PE2", "100:2", "3.3.3.3", "22.22.22.1", "33.33.33.2", "10.2.1.2", "bfd\n#\n") BGP("2.2.2.2", "4.4.4.4")
	    IMPORTS OSPF("33.33.33.0", "22.22.22.0", "3.3.3.3")
		TRACKED("10.2.1.1", "10.2.1.2", "pe2_to_ce1") "return\n",
	PE("PE3", "100:3", "4.4.4.4", "11.11.11.2", "22.22.22.2", "10.3.1.1", "")
	    BGP("2.2.2.2", "3.3.3.3") "  peer 10.3.1.2 as-number 65410\n  import-route direct\n  maximum "
				      "load-balancing 2\n#\n" OSPF("11.11.11.0", "22.22.22.0", "4.4.4.4") "return\n",
	"#\nsysname CE1\n#\nbfd\n#\ninterface GigabitEthernet0/1/0\n undo shutdown\n ip address 10.1.1.1 "
	"255.255.255.0\n#\n"
	"interface GigabitEthernet0/2/0\n undo shutdown\n ip address 10.2.1.1 255.255.255.0\n#\n"
	"interface LoopBack1\n ip address 1.1.1.1 255.255.255.255\n#\nload-balance packet all\n#\n"
	"ip route-static 0.0.0.0 0.0.0.0 10.1.1.2\nip route-static 0.0.0.0 0.0.0.0 10.2.1.2\n#\n"
	"bfd ce1_to_pe1 bind peer-ip 10.1.1.2 interface GigabitEthernet0/1/0 source-ip 10.1.1.1 auto\n#\n"
	"bfd ce1_to_pe2 bind peer-ip 10.2.1.2 interface GigabitEthernet0/2/0 source-ip 10.2.1.1 auto\n#\nreturn\n",
	"#\nsysname CE2\n#\ninterface GigabitEthernet0/1/0\n undo shutdown\n ip address 10.3.1.2 255.255.255.0\n#\n"
	"bgp 65410\n peer 10.3.1.1 as-number 100\n #\n ipv4-family unicast\n  undo synchronization\n  import-route "
	"direct\n"
	"  peer 10.3.1.1 enable\n#\nreturn\n",
	/* reference 003: the PE to which a CE is single-homed, with all that its steps may say */
	"#\nsysname PE1\n#\nmpls lsr-id 1.1.1.1\n#\nmpls\n#\nmpls ldp\n#\nmpls l2vpn\n#\npw-template T\n peer-address "
	"3.3.3.3\n"
	" control-word\n tnl-policy P\n#\ninterface GigabitEthernet0/1/0\n undo shutdown\n ip address 10.0.1.1 "
	"255.255.255.0\n"
	" mpls\n mpls ldp\n#\ninterface GigabitEthernet0/2/0\n undo shutdown\n"
	" mpls l2vc 2.2.2.2 100 control-word ignore-standby-state raw tunnel-policy P\n"
	" mpls l2vc pw-template T 200 raw secondary\n mpls l2vc 4.4.4.4 300 control-word raw bypass\n"
	" mpls l2vpn service-name gold\n mpls l2vpn redundancy master\n mpls l2vpn reroute delay 60\n"
	" undo interface-parameter-type vccv\n#\ninterface GigabitEthernet0/3/0.10\n vlan-type dot1q 10\n undo "
	"shutdown\n"
	" mpls l2vc 2.2.2.2 110 tagged\n#\ntunnel-policy P\n tunnel select-seq lsp load-balance-number 1\n#\nreturn\n",
};
enum { CE1 = 3 };

START_TEST(a_file_of_the_reference_is_taken_without_a_word_and_printed_back_as_it_is)
{
	struct conf_lines lines = { 0 };
	struct text printed = { 0 }, said = { 0 };

	for (size_t i = 0; i < DAEMONS; i++) {
		const struct conf_kind *kind = daemons[i].conf;
		struct conf_errors errors = { 0 };
		void *conf = kind->fresh();
		int r = conf_read_text("router.conf", files[_i], kind->rows, conf, &errors);
		ck_assert_msg(r == 0 && conf_check(kind, "router.conf", conf, &errors) == 0, "%s: %s", daemons[i].name,
		    text_chars(&errors.text));
		text_add(&said, "%s", text_chars(&errors.text));
		daemons[i].print(conf, &lines);
		conf_errors_free(&errors);
		kind->drop(conf);
	}
	conf_lines_print(&lines, &printed);
	ck_assert_str_eq(text_chars(&printed), files[_i]);
	if (_i == CE1)
		ck_assert_ptr_nonnull(strstr(text_chars(&said), ":17: warning: the kernel balances by flow"));
	else
		ck_assert_str_eq(text_chars(&said), "");
	conf_lines_free(&lines);
	text_free(&printed);
	text_free(&said);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("references");
	TCase *t = tcase_create("references 002 and 003");

	tcase_add_loop_test(
	    t, a_file_of_the_reference_is_taken_without_a_word_and_printed_back_as_it_is, 0, COUNT(files));
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
