/* What can be said to fibd: each row of its commands, what it does to the configuration, and what is refused. */
#include "base/mem.h"
#include "fibd/commands.h"
#include "fibd/config.h"
#include "host/command.h"
#include "host/conf.h"
#include "tests/helper/check.h"
#include "tests/helper/rows_of_commands.h"
#include <string.h>

static struct fib_config c;
static struct conf_errors errors;

static int
read_text(const char *text)
{
	fib_config_free(&c);
	conf_errors_free(&errors);
	errors = (struct conf_errors){ 0 };
	return conf_read_text("router.conf", text, fib_commands, &c, &errors);
}

static void
accepts(const char *text)
{
	int r = read_text(text);

	ck_assert_msg(r == 0, "refused: %s", text_chars(&errors.text));
}

static void
refuses(const char *text, const char *because)
{
	ck_assert_msg(read_text(text) != 0, "accepted: %s", text);
	ck_assert_msg(strstr(text_chars(&errors.text), because), "the refusal does not say \"%s\": %s", because,
	    text_chars(&errors.text));
}

static void
teardown(void)
{
	fib_config_free(&c);
	conf_errors_free(&errors);
	errors = (struct conf_errors){ 0 };
}

#define VIA(i) fib_config_via(&c, &c.statics[i])

START_TEST(each_row_has_a_template_a_help_and_a_reference)
{
	check_rows_of_commands(fib_commands);
}
END_TEST

START_TEST(an_interface_as_the_references_write_it)
{
	accepts("sysname PE1\n#\ninterface GigabitEthernet0/1/0\n undo shutdown\n ip address 11.11.11.1 "
		"255.255.255.0\n mpls\n"
		" mtu 9000\n description to PE3, second rack\n#\ninterface LoopBack1\n ip address 2.2.2.2 "
		"255.255.255.255\n#\nreturn\n");
	ck_assert_str_eq(c.sysname, "PE1");
	ck_assert_uint_eq(c.interface_count, 2);
	const struct fib_if_config *i = &c.interfaces[0];
	ck_assert_str_eq(i->name, "GigabitEthernet0/1/0");
	ck_assert(!i->shutdown && i->mpls);
	ck_assert_uint_eq(i->mtu, 9000);
	ck_assert_uint_eq(i->address_count, 1);
	ck_assert_uint_eq(i->addresses[0].len, 24);
	ck_assert_uint_eq(addr_to_v4(&i->addresses[0].addr), 0x0b0b0b01);
}
END_TEST

START_TEST(an_interface_may_be_spelled_with_a_blank_and_in_small_letters)
{
	accepts("interface gigabitethernet 0/1/0\n ip address 10.0.1.1 24\n#\ninterface GigabitEthernet0/1/0\n mpls\n");
	ck_assert_uint_eq(c.interface_count, 1);
	ck_assert(c.interfaces[0].mpls);
}
END_TEST

START_TEST(a_second_primary_address_replaces_and_sub_adds)
{
	accepts("interface eth1\n ip address 10.0.1.1 24\n ip address 10.0.1.2 24\n ip address 10.0.9.1 24 sub\n ipv6 "
		"address 2001:db8::1/64\n");
	ck_assert_uint_eq(c.interfaces[0].address_count, 3);
	ck_assert_uint_eq(addr_to_v4(&c.interfaces[0].addresses[0].addr), 0x0a000102);
	accepts("interface eth1\n ipv6 address 2001:db8::1/64\n ip address 10.0.1.1 24\n ip address 10.0.9.1 24 sub\n "
		"ip address 10.0.2.1 24\n");
	ck_assert_msg(c.interfaces[0].address_count == 3, "an IPv6 address before them makes no difference");
	ck_assert_uint_eq(addr_to_v4(&c.interfaces[0].addresses[1].addr), 0x0a000201);
	accepts("interface eth1\n ip address 10.0.1.1 24\n ip address 10.0.9.1 24 sub\n ip address 10.0.9.1 24\n");
	ck_assert_msg(c.interfaces[0].address_count == 1, "a `sub` that becomes the primary address is there once");
	ck_assert_uint_eq(addr_to_v4(&c.interfaces[0].addresses[0].addr), 0x0a000901);
	accepts("interface eth1\n ip address 10.0.1.1 24\n ip address 10.0.9.1 24 sub\n undo ip address 10.0.1.1 24\n");
	ck_assert_uint_eq(c.interfaces[0].address_count, 1);
	accepts("interface eth1\n ip address 10.0.1.1 24\n undo ip address\n");
	ck_assert_uint_eq(c.interfaces[0].address_count, 0);
}
END_TEST

START_TEST(each_form_of_a_static_route)
{
	accepts("ip route-static 20.0.0.0 255.0.0.0 10.0.1.2\n"
		"ip route-static 20.0.0.0 8 GigabitEthernet0/1/0 10.0.1.2 preference 80\n"
		"ip route-static 30.0.0.0 8 GigabitEthernet 0/1/0\n"
		"ip route-static 40.0.0.0 8 NULL0\n"
		"ip route-static 0.0.0.0 0 10.0.1.2 preference 100 description out\n"
		"ipv6 route-static 2001:db8:: 32 2001:db8:1::2\n"
		"ipv6 route-static 2001:db8:1:: 48 eth1 fe80::1 preference 70\n"
		"ip route-static 50.0.0.0 8 10.0.1.2 track bfd-session pe1_to_ce1 preference 70 description x\n");
	ck_assert_uint_eq(c.static_count, 8);
	ck_assert_uint_eq(VIA(0)->preference, 60);
	ck_assert_uint_eq(VIA(0)->name, 0);
	ck_assert_uint_eq(VIA(1)->preference, 80);
	ck_assert_str_eq(c.names[VIA(1)->name - 1], "GigabitEthernet0/1/0");
	ck_assert(addr_is_set(&VIA(1)->next_hop));
	ck_assert_uint_eq(VIA(2)->name, VIA(1)->name);
	ck_assert(!addr_is_set(&VIA(2)->next_hop));
	ck_assert(VIA(3)->black_hole);
	ck_assert_uint_eq(VIA(3)->name, 0); /* no interface of that name */
	ck_assert_uint_eq(c.statics[4].prefix.len, 0);
	ck_assert_uint_eq(c.statics[5].prefix.addr.family, 6);
	ck_assert_uint_eq(VIA(6)->preference, 70);
	ck_assert_str_eq(c.notes[VIA(7)->track - 1]->text, "pe1_to_ce1");
	ck_assert_str_eq(c.notes[VIA(7)->note - 1]->text, "x");
}
END_TEST

START_TEST(undo_takes_one_next_hop_or_all_of_a_route)
{
	const char *two = "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 20.0.0.0 8 10.0.2.2\n";
	struct text t = { 0 };

	text_add(&t, "%sundo ip route-static 20.0.0.0 8 10.0.1.2\n", two);
	accepts(text_chars(&t));
	ck_assert_uint_eq(c.static_count, 1);
	ck_assert_uint_eq(addr_to_v4(&VIA(0)->next_hop), 0x0a000202);
	text_clear(&t);
	text_add(&t, "%sundo ip route-static 20.0.0.0 8\n", two);
	accepts(text_chars(&t));
	ck_assert_uint_eq(c.static_count, 0);
	text_free(&t);
}
END_TEST

START_TEST(mistakes_are_refused_with_their_line_and_a_remedy)
{
	refuses("ip route-static 20.0.0.1 8 10.0.1.2\n", "20.0.0.0/8");
	refuses("ip route-static 20.0.0.0 8 NULL0 track bfd-session a\n", "nobody who could be watched");
	refuses("ip route-static 20.0.0.1 8 10.0.1.2\n", "router.conf:1:");
	refuses("sysname a234567890b234567890c234567890d234567890e234567890f234567890g234\n", "at most 63 characters");
	refuses("ipv6 route-static 2001:db8::1 32 2001:db8:1::2\n", "2001:db8::/32");
	refuses("ip route-static 20.0.0.0 8 224.0.0.5\n", "next hop");
	refuses("ip route-static 20.0.0.0 8 0.0.0.0\n", "next hop");
	refuses("ipv6 route-static 2001:db8:: 32 ::\n", "next hop");
	refuses("ip route-static 20.0.0.0 8 10.0.1.2 preference 256\n", "1-255");
	refuses("ipv6 route-static 2001:db8:: 32 fe80::1\n", "interface");
	refuses("interface eth1\n ip address 10.0.1.0 24\n", "network");
	refuses("interface eth1\n ip address 10.0.1.255 24\n", "broadcast");
	refuses("interface eth1\n ip address 224.0.0.1 24\n", "address");
	refuses("interface eth1\n mtu 67\n", "68-65535");
	refuses("interface eth1\n ip address 10.0.1.1 24\n#\ninterface eth2\n ip address 10.0.1.1 24\n", "eth1");
	refuses("interface eth1\n ip address 10.0.1.1 24\n#\ninterface eth2\n ip address 10.0.1.9 16\n", "eth1");
}
END_TEST

START_TEST(point_to_point_networks_have_no_broadcast_address)
{
	accepts("interface eth1\n ip address 10.0.1.0 31\n#\ninterface eth2\n ip address 10.0.1.2 31\n");
}
END_TEST

START_TEST(interfaces_are_bound_to_instances_that_are_there)
{
	accepts(
	    "ip vpn-instance VPNA\n#\nip vpn-instance VPNB\n#\ninterface eth1\n ip binding vpn-instance VPNA\n"
	    " ip address 10.1.1.1 24\n#\ninterface eth2\n ip binding vpn-instance VPNB\n ip address 10.1.1.1 24\n#\n"
	    "interface eth3\n ip address 10.1.1.1 24\n"); /* networks of their own */
	ck_assert_uint_eq(c.vrf_count, 2);
	ck_assert_str_eq(c.interfaces[0].vrf, "VPNA");
	ck_assert_str_eq(c.interfaces[2].vrf, "");
	accepts(
	    "ip vpn-instance VPNA\n#\ninterface eth1\n ip binding vpn-instance VPNA\n undo ip binding vpn-instance\n");
	ck_assert_str_eq(c.interfaces[0].vrf, "");
	accepts(
	    "ip vpn-instance VPNA\n#\ninterface eth1\n ip binding vpn-instance VPNA\n#\nundo ip vpn-instance VPNA\n");
	ck_assert_uint_eq(c.vrf_count, 0);
	ck_assert_str_eq(c.interfaces[0].vrf, "");
	refuses("interface eth1\n ip binding vpn-instance VPNA\n", "`ip vpn-instance VPNA` goes before it");
	refuses("ip vpn-instance VPNA\n#\ninterface eth1\n ip binding vpn-instance VPNA\n ip address 10.1.1.1 24\n#\n"
		"interface eth2\n ip address 10.1.1.2 24\n ip binding vpn-instance VPNA\n",
	    "overlaps an address of eth1");
	refuses("ip vpn-instance AVERYLONGNAMEOFAVPN\n", "at most 15");
	refuses("ip vpn-instance a/b\n", "no name for a device");
}
END_TEST

START_TEST(balancing_by_packet_is_taken_with_a_warning)
{
	accepts("load-balance packet all\n");
	ck_assert(c.balance_packets);
	ck_assert_uint_eq(errors.warnings, 1);
	ck_assert_ptr_nonnull(strstr(text_chars(&errors.text), "router.conf:1: warning: the kernel balances by flow"));
	accepts("load-balance packet all\nundo load-balance packet all\n");
	ck_assert(!c.balance_packets);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd commands");
	TCase *t = tcase_create("router.conf");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, each_row_has_a_template_a_help_and_a_reference);
	tcase_add_test(t, an_interface_as_the_references_write_it);
	tcase_add_test(t, an_interface_may_be_spelled_with_a_blank_and_in_small_letters);
	tcase_add_test(t, a_second_primary_address_replaces_and_sub_adds);
	tcase_add_test(t, each_form_of_a_static_route);
	tcase_add_test(t, undo_takes_one_next_hop_or_all_of_a_route);
	tcase_add_test(t, mistakes_are_refused_with_their_line_and_a_remedy);
	tcase_add_test(t, point_to_point_networks_have_no_broadcast_address);
	tcase_add_test(t, balancing_by_packet_is_taken_with_a_warning);
	tcase_add_test(t, interfaces_are_bound_to_instances_that_are_there);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
