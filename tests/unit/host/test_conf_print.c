/* The printed configuration: sections in the references' order, lines of several daemons in one view. */
#include "helper/check.h"
#include "host/conf_print.h"
#include <string.h>

static struct conf_lines lines, others;
static struct text out;

static void
teardown(void)
{
	conf_lines_free(&lines);
	conf_lines_free(&others);
	text_free(&out);
}

START_TEST(nothing_is_an_end)
{
	conf_lines_print(&lines, &out);
	ck_assert_str_eq(out.chars, "#\nreturn\n");
}
END_TEST

START_TEST(sections_come_in_order_and_views_together)
{
	conf_say(&others, CONF_INTERFACES, "interface GigabitEthernet0/1/0", 8, "mpls ldp");
	conf_say(&others, CONF_LSR_ID, NULL, 0, "mpls lsr-id %s", "1.1.1.1");
	conf_say(&lines, CONF_STATIC_ROUTES, NULL, 0, "ip route-static 1.2.3.4 255.255.255.255 NULL0");
	conf_say(&lines, CONF_INTERFACES, "interface GigabitEthernet0/10/0", 2, "undo shutdown");
	conf_say(&lines, CONF_INTERFACES, "interface GigabitEthernet0/1/0", 7, "mpls");
	conf_say(&lines, CONF_INTERFACES, "interface GigabitEthernet0/2/0", 0, "%s", "");
	conf_say(&lines, CONF_SYSNAME, NULL, 0, "sysname R1");
	conf_lines_pack(&others, &out);
	ck_assert(conf_lines_unpack(out.chars, out.size, &lines));
	text_clear(&out);
	conf_lines_print(&lines, &out);
	ck_assert_str_eq(out.chars, "#\nsysname R1\n#\nmpls lsr-id 1.1.1.1\n"
				    "#\ninterface GigabitEthernet0/1/0\n mpls\n mpls ldp\n"
				    "#\ninterface GigabitEthernet0/2/0\n"
				    "#\ninterface GigabitEthernet0/10/0\n undo shutdown\n"
				    "#\nip route-static 1.2.3.4 255.255.255.255 NULL0\n#\nreturn\n");
}
END_TEST

START_TEST(lines_of_one_rank_stay_as_they_were_said)
{
	conf_say(&lines, CONF_STATIC_ROUTES, NULL, 0, "b");
	conf_say(&lines, CONF_STATIC_ROUTES, NULL, 0, "a");
	conf_lines_print(&lines, &out);
	ck_assert_str_eq(out.chars, "#\nb\na\n#\nreturn\n");
}
END_TEST

/* A subinterface's tag is fibd's line and l2vpnd's. */
START_TEST(a_line_of_an_interface_that_two_daemons_say_is_printed_once)
{
	conf_say(&lines, CONF_INTERFACES, "interface GigabitEthernet0/1/0.10", 1, "vlan-type dot1q 10");
	conf_say(&lines, CONF_INTERFACES, "interface GigabitEthernet0/1/0.10", 2, "undo shutdown");
	conf_say(&lines, CONF_INTERFACES, "interface GigabitEthernet0/1/0.10", 5, "vlan-type dot1q 10");
	conf_say(&lines, CONF_INTERFACES, "interface GigabitEthernet0/1/0.11", 2, "undo shutdown");
	conf_lines_print(&lines, &out);
	ck_assert_str_eq(out.chars, "#\ninterface GigabitEthernet0/1/0.10\n vlan-type dot1q 10\n undo shutdown\n"
				    "#\ninterface GigabitEthernet0/1/0.11\n undo shutdown\n#\nreturn\n");
}
END_TEST

START_TEST(an_interface_is_one_in_whatever_spelling_and_a_name_is_not)
{
	conf_say(&lines, CONF_INTERFACES, "interface ETH1", 0, "%s", "");
	conf_say(&lines, CONF_INTERFACES, "interface eth1", 8, "mpls ldp");
	conf_say(&lines, CONF_INTERFACES, "interface ETH1", 7, "mpls");
	conf_say(&lines, CONF_INTERFACES, "interface eth01", 7, "mpls");
	conf_say(&lines, CONF_REMOTE_PEERS, "mpls ldp remote-peer pe", 0, "remote-ip 1.1.1.1");
	conf_say(&lines, CONF_REMOTE_PEERS, "mpls ldp remote-peer PE", 0, "remote-ip 2.2.2.2");
	conf_lines_print(&lines, &out);
	ck_assert_str_eq(out.chars, "#\nmpls ldp remote-peer PE\n remote-ip 2.2.2.2\n"
				    "#\nmpls ldp remote-peer pe\n remote-ip 1.1.1.1\n"
				    "#\ninterface eth01\n mpls\n"
				    "#\ninterface ETH1\n mpls\n mpls ldp\n#\nreturn\n");
}
END_TEST

START_TEST(bytes_that_are_no_lines_are_refused)
{
	static const char *const bad[] = { "x", "1\t2", "99\t0\t\tx\n", "0\t0\tx\n" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!conf_lines_unpack(bad[i], strlen(bad[i]), &lines), "%s", bad[i]);
	ck_assert(conf_lines_unpack("", 0, &lines));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("conf_print");
	TCase *c = tcase_create("reference 002");

	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, nothing_is_an_end);
	tcase_add_test(c, sections_come_in_order_and_views_together);
	tcase_add_test(c, lines_of_one_rank_stay_as_they_were_said);
	tcase_add_test(c, a_line_of_an_interface_that_two_daemons_say_is_printed_once);
	tcase_add_test(c, an_interface_is_one_in_whatever_spelling_and_a_name_is_not);
	tcase_add_test(c, bytes_that_are_no_lines_are_refused);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
