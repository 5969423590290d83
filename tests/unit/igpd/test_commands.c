/* What can be said to igpd: each row of its commands, what it does to the configuration, and what is refused. */
#include "base/mem.h"
#include "host/command.h"
#include "igpd/commands.h"
#include "igpd/config.h"
#include "tests/helper/check.h"
#include "tests/helper/rows_of_commands.h"
#include <string.h>

static struct igp_config c;
static struct conf_errors errors;

static int
read_text(const char *text)
{
	igp_config_free(&c);
	conf_errors_free(&errors);
	errors = (struct conf_errors){ 0 };
	return conf_read_text("router.conf", text, igp_commands, &c, &errors);
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
	igp_config_free(&c);
	conf_errors_free(&errors);
}

START_TEST(each_row_has_a_template_a_help_and_a_reference)
{
	check_rows_of_commands(igp_commands);
}
END_TEST

START_TEST(the_lines_of_reference_002)
{
	accepts("ospf 1\n area 0.0.0.0\n  network 2.2.2.2 0.0.0.0\n  network 11.11.11.0 0.0.0.255\n#\n");
	ck_assert_uint_eq(c.process_count, 1);
	const struct ospf_config *o = &c.processes[0]->ospf;
	uint32_t area;
	ck_assert_uint_eq(o->process, 1);
	ck_assert_uint_eq(o->area_count, 1);
	ck_assert_uint_eq(o->areas[0].network_count, 2);
	ck_assert(ospf_config_place(o, "eth0", 0x0b0b0b07, &area));
	ck_assert_uint_eq(area, 0);
	ck_assert(!ospf_config_place(o, "eth0", 0x0b0b0c07, &area));
}
END_TEST

START_TEST(the_default_process_is_1_and_areas_have_numbers_or_addresses)
{
	accepts("ospf\n area 0\n  network 10.0.0.0 0.255.255.255\n area 1.2.3.4\n  stub no-summary\n");
	const struct ospf_config *o = &c.processes[0]->ospf;
	ck_assert_uint_eq(o->process, 1);
	ck_assert_uint_eq(o->areas[1].id, 0x01020304);
	ck_assert(o->areas[1].stub && o->areas[1].no_summary);
}
END_TEST

START_TEST(the_narrower_network_wins_and_the_interface_view_before_both)
{
	uint32_t area;

	accepts("ospf 1\n area 1\n  network 10.0.0.0 0.255.255.255\n area 2\n  network 10.1.0.0 0.0.255.255\n#\n"
		"interface GigabitEthernet0/1/0\n ospf enable 1 area 3\n#\n"
		"interface GigabitEthernet0/2/0\n ospf enable 7 area 3\n");
	struct ospf_config o = { 0 };
	igp_config_of(&c, c.processes[0], &o);
	ck_assert(ospf_config_place(&o, "eth0", 0x0a010101, &area) && area == 2);
	ck_assert(ospf_config_place(&o, "eth0", 0x0a020101, &area) && area == 1);
	ck_assert(ospf_config_place(&o, "gigabitethernet0/1/0", 0x0a010101, &area) && area == 3);
	ck_assert(!ospf_config_place(&o, "GigabitEthernet0/2/0", 0x0a010101, &area)); /* another process has it */
	ospf_config_free(&o);
}
END_TEST

START_TEST(networks_may_be_hidden_and_an_interface_says_otherwise)
{
	accepts("ospf\n suppress-reachability\n#\ninterface eth0\n ospf suppress-reachability disable\n#\n"
		"interface eth1\n ospf suppress-reachability\n");
	ck_assert(c.processes[0]->ospf.hidden);
	ck_assert_int_eq(c.interfaces[0].ospf.hiding, OSPF_NOT_HIDDEN);
	ck_assert_int_eq(c.interfaces[1].ospf.hiding, OSPF_HIDDEN);
}
END_TEST

START_TEST(how_soon_paths_are_looked_for)
{
	accepts("ospf\n spf-schedule-interval intelligent-timer 2000 0 100\n");
	const struct ospf_spf_delays *d = &c.processes[0]->ospf.spf;
	ck_assert(d->set && d->most_ms == 2000 && d->first_ms == 0 && d->again_ms == 100);
	accepts("ospf\n spf-schedule-interval intelligent-timer 2000 0 100\n undo spf-schedule-interval\n");
	ck_assert(!c.processes[0]->ospf.spf.set);
}
END_TEST

START_TEST(what_an_interface_view_says)
{
	accepts("interface GigabitEthernet0/1/0\n ospf cost 5\n ospf network-type p2p\n ospf timer hello 3\n ospf "
		"timer dead 9\n"
		" ospf dr-priority 0\n ospf mtu-ignore\n ospf authentication-mode hmac-sha256 7 plain secret\n");
	const struct ospf_interface_config *i = &c.interfaces[0].ospf;
	ck_assert_uint_eq(i->cost, 5);
	ck_assert(i->has_type && i->type == OSPF_POINT_TO_POINT);
	ck_assert_uint_eq(i->hello_s, 3);
	ck_assert_uint_eq(i->dead_s, 9);
	ck_assert_int_eq(i->priority, 0);
	ck_assert(i->mtu_ignored);
	ck_assert_uint_eq(i->keys.count, 1);
	ck_assert_uint_eq(i->keys.key[0].id, 7);
	ck_assert_str_eq(i->keys.key[0].secret, "secret");
}
END_TEST

START_TEST(synchronization_with_ldp_is_said_on_interfaces_in_areas_and_for_processes)
{
	accepts("interface GigabitEthernet0/1/0\n ospf ldp-sync\n ospf timer ldp-sync hold-down 5\n"
		" ospf timer ldp-sync hold-max-cost 60\n#\ninterface GigabitEthernet0/2/0\n ospf ldp-sync block\n#\n"
		"ospf\n ldp-sync enable\n timer ldp-sync hold-max-cost infinite\n area 0\n  ldp-sync enable\n#\n"
		"ospf 2 vpn-instance red\n area 0\n  ldp-sync enable\n");
	ck_assert_int_eq(c.interfaces[0].ospf.sync, OSPF_SYNC_ON);
	ck_assert_uint_eq(c.interfaces[0].ospf.sync_hold_down.seconds, 5);
	ck_assert_uint_eq(c.interfaces[0].ospf.sync_hold_max.seconds, 60);
	ck_assert_int_eq(c.interfaces[1].ospf.sync, OSPF_SYNC_BLOCK);
	const struct ospf_config *o = &c.processes[0]->ospf;
	ck_assert(o->sync && o->areas[0].sync && c.processes[1]->ospf.areas[0].sync);
	ck_assert(o->sync_hold_max.given && !o->sync_hold_max.seconds && !o->sync_hold_down.given);
	ck_assert(igp_config_uses_sync(&c));
}
END_TEST

START_TEST(one_gtsm_hop_is_remembered_for_the_sake_of_a_warning)
{
	accepts("mpls ldp\n gtsm peer 2.2.2.2 valid-ttl-hops 1\n gtsm peer 3.3.3.3 valid-ttl-hops 2\n"
		" gtsm peer 4.4.4.4 valid-ttl-hops 1\n undo gtsm peer 4.4.4.4\n");
	ck_assert_uint_eq(c.one_hop_count, 1);
	ck_assert_uint_eq(c.one_hop[0], 0x02020202);
	ck_assert(!igp_config_uses_sync(&c));
}
END_TEST

START_TEST(areas_may_be_nssas_and_lead_virtual_links)
{
	accepts("ospf\n preference 20\n preference ase 200\n default-route-advertise always cost 5 type 1\n"
		" area 1\n  nssa no-summary\n area 2\n  vlink-peer 2.2.2.2 hello 1 dead 4\n  vlink-peer 3.3.3.3\n"
		"  undo vlink-peer 2.2.2.2\n");
	const struct igp_process_config *p = c.processes[0];
	ck_assert_uint_eq(p->preference, 20);
	ck_assert_uint_eq(p->external_preference, 200);
	ck_assert(p->default_route.on && p->default_route.always && p->default_route.type1);
	ck_assert(p->ospf.areas[0].nssa && p->ospf.areas[0].no_summary);
	ck_assert_uint_eq(p->ospf.areas[1].vlink_count, 1);
	ck_assert_uint_eq(p->ospf.areas[1].vlinks[0].peer, 0x03030303);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused_with_the_reason)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "ospf 1\n area 0\n  stub\n", "the backbone is no stub area" },
		{ "ospf 1\n area 0\n  network 10.0.0.0 0.0.0.255\n area 1\n  network 10.0.0.0 0.0.0.255\n",
		    "in area 0.0.0.0 already" },
		{ "interface eth0\n ospf timer dead 5\n ospf timer hello 5\n", "not longer than the hello interval" },
		{ "interface eth0\n ospf authentication-mode simple plain 123456789\n", "at most 8 characters" },
		{ "interface eth0\n ospf authentication-mode md5 1 cipher nonsense\n", "not the cipher form" },
		{ "ospf\n area 0\n  nssa\n", "the backbone is no NSSA" },
		{ "ospf\n area 1\n  stub\n  nssa\n", "is a stub area" },
		{ "ospf\n area 1\n  nssa\n  stub\n", "is an NSSA" },
		{ "ospf\n area 0\n  vlink-peer 2.2.2.2\n", "not through it" },
		{ "ospf\n area 1\n  stub\n  vlink-peer 2.2.2.2\n", "no transit area" },
		{ "ospf\n area 1\n  vlink-peer 2.2.2.2\n  stub\n", "take them away first" },
		{ "ospf\n area 1\n  vlink-peer 2.2.2.2 dead 5\n", "not longer than the hello interval" },
		{ "ospf\n spf-schedule-interval intelligent-timer 100 200 50\n", "have to be shorter" },
		{ "ospf 1 router-id 0.0.0.0\n", "is no router ID" },
		{ "ospf 1 vpn-instance red\nospf 1 vpn-instance blue\n", "another VPN instance" },
	};

	ck_assert_int_ne(read_text(bad[_i].text), 0);
	ck_assert_msg(strstr(text_chars(&errors.text), bad[_i].why), "%s", text_chars(&errors.text));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd commands");
	TCase *t = tcase_create("commands");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, each_row_has_a_template_a_help_and_a_reference);
	tcase_add_test(t, the_lines_of_reference_002);
	tcase_add_test(t, the_default_process_is_1_and_areas_have_numbers_or_addresses);
	tcase_add_test(t, the_narrower_network_wins_and_the_interface_view_before_both);
	tcase_add_test(t, networks_may_be_hidden_and_an_interface_says_otherwise);
	tcase_add_test(t, how_soon_paths_are_looked_for);
	tcase_add_test(t, what_an_interface_view_says);
	tcase_add_test(t, areas_may_be_nssas_and_lead_virtual_links);
	tcase_add_test(t, synchronization_with_ldp_is_said_on_interfaces_in_areas_and_for_processes);
	tcase_add_test(t, one_gtsm_hop_is_remembered_for_the_sake_of_a_warning);
	tcase_add_loop_test(t, what_makes_no_sense_is_refused_with_the_reason, 0, 15);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
