/* The lines of router.conf that are ldpd's. */
#include "host/conf.h"
#include "ldpd/commands.h"
#include "ldpd/config.h"
#include "tests/helper/check.h"
#include <string.h>

static struct ldp_config config;
static struct conf_errors errors;

static void
setup(void)
{
	ldp_config_defaults(&config);
	errors = (struct conf_errors){ 0 };
}

static void
teardown(void)
{
	conf_errors_free(&errors);
}

static int
say(const char *text)
{
	return conf_read_text("router.conf", text, ldp_commands, &config, &errors);
}

START_TEST(every_row_is_complete)
{
	command_each (c, ldp_commands) {
		char why[160];
		ck_assert_msg(template_is_valid(c->words, why), "%s: %s", c->words, why);
		ck_assert_msg(!c->undo || !*c->undo || template_is_valid(c->undo, why), "%s: %s", c->words, why);
		ck_assert_msg(c->help && *c->help && c->ref && *c->ref, "%s has no help or reference", c->words);
		if (c->view == VIEW_EXEC)
			ck_assert_msg((c->show && c->tables) || c->request, "%s shows and asks nothing", c->words);
		else
			ck_assert_msg(c->set || c->enters, "%s does nothing", c->words);
	}
}
END_TEST

START_TEST(nothing_said_means_the_defaults_of_reference_001_and_ldp_off)
{
	ck_assert_int_eq(say("sysname R1\n"), 0);
	ck_assert_uint_eq(config.lsr_id, 0);
	ck_assert(!config.enabled);
	ck_assert_uint_eq(config.session_hold_s, 180);
	ck_assert_uint_eq(ldp_keepalive_s(&config), 60);
	ck_assert_uint_eq(config.hello_hold_s, 15);
	ck_assert_uint_eq(config.hello_interval_s, 5);
}
END_TEST

START_TEST(a_router_of_reference_002_is_understood)
{
	ck_assert_msg(say("#\nmpls lsr-id 2.2.2.2\n#\nmpls\n#\nmpls ldp\n#\n"
			  "interface GigabitEthernet0/1/0\n undo shutdown\n ip address 11.11.11.1 255.255.255.0\n "
			  "mpls\n mpls ldp\n#\n"
			  "interface gigabitethernet 0/2/0\n mpls\n mpls ldp\n#\n"
			  "interface LoopBack1\n ip address 2.2.2.2 255.255.255.255\n#\nreturn\n") == 0,
	    "%s", text_chars(&errors.text));
	ck_assert_uint_eq(config.lsr_id, 0x02020202);
	ck_assert(config.enabled);
	ck_assert_uint_eq(config.interface_count, 2);
	ck_assert(ifname_eq(config.interfaces[0].name, "GigabitEthernet0/1/0"));
	ck_assert(ifname_eq(config.interfaces[1].name, "GigabitEthernet0/2/0"));
}
END_TEST

START_TEST(the_timers_of_reference_001_are_understood)
{
	ck_assert_int_eq(
	    say("mpls ldp discovery hello interval 20\nmpls ldp discovery hello holdtime 60\nmpls ldp holdtime 400\n"),
	    0);
	ck_assert_uint_eq(config.hello_interval_s, 20);
	ck_assert_uint_eq(config.hello_hold_s, 60);
	ck_assert_uint_eq(config.session_hold_s, 400);
	ck_assert_uint_eq(ldp_keepalive_s(&config), 133);
	ck_assert_msg(!config.enabled, "a timer does not switch LDP on");
}
END_TEST

START_TEST(undo_takes_back_what_was_said)
{
	ck_assert_msg(say("mpls lsr-id 2.2.2.2\nundo mpls lsr-id\nmpls ldp\nundo mpls ldp\n"
			  "mpls ldp discovery hello interval 20\nundo mpls ldp discovery hello interval\n"
			  "mpls ldp discovery hello holdtime 60\nundo mpls ldp discovery hello holdtime\n"
			  "mpls ldp holdtime 400\nundo mpls ldp holdtime\n"
			  "interface eth0\n mpls ldp\n undo mpls ldp\n") == 0,
	    "%s", text_chars(&errors.text));
	struct ldp_config defaults;
	ldp_config_defaults(&defaults);
	ck_assert_uint_eq(config.lsr_id, 0);
	ck_assert(!config.enabled);
	ck_assert_uint_eq(config.interface_count, 0);
	ck_assert_uint_eq(config.hello_interval_s, defaults.hello_interval_s);
	ck_assert_uint_eq(config.hello_hold_s, defaults.hello_hold_s);
	ck_assert_uint_eq(config.session_hold_s, defaults.session_hold_s);
}
END_TEST

static const char *const refused[] = {
	"mpls lsr-id 0.0.0.0\n",
	"mpls lsr-id 127.0.0.1\n",
	"mpls lsr-id 224.0.0.5\n",
	"mpls lsr-id 1.1.1\n",
	"mpls ldp holdtime 14\n",
	"mpls ldp holdtime 65536\n",
	"mpls ldp discovery hello interval 0\n",
	"mpls ldp discovery hello holdtime 70000\n",
	"mpls ldp discovery helo holdtime 15\n",
};

START_TEST(a_line_that_cannot_be_meant_is_refused_with_its_number)
{
	ck_assert_msg(say(refused[_i]) != 0, "%s is taken", refused[_i]);
	ck_assert_uint_eq(errors.errors, 1);
	ck_assert_msg(strncmp(text_chars(&errors.text), "router.conf:1: ", 15) == 0, "%s", text_chars(&errors.text));
}
END_TEST

START_TEST(ipv6_is_an_interfaces_own_matter)
{
	ck_assert_msg(say("interface eth0\n mpls ldp\n mpls ldp ipv6\n#\ninterface eth1\n mpls ldp ipv6\n#\n"
			  "interface eth2\n mpls ldp\n mpls ldp ipv6\n undo mpls ldp\n#\n"
			  "interface eth3\n mpls ldp ipv6\n undo mpls ldp ipv6\n#\n"
			  "interface eth4\n mpls ldp\n mpls ldp ipv6\n#\nundo interface eth4\n"
			  "mpls ldp\n transport-preference ipv4\n") == 0,
	    "%s", text_chars(&errors.text));
	ck_assert_uint_eq(config.interface_count, 3);
	ck_assert(config.interfaces[0].v4 && config.interfaces[0].v6);
	ck_assert(!config.interfaces[1].v4 && config.interfaces[1].v6);
	ck_assert(!config.interfaces[2].v4 && config.interfaces[2].v6);
	ck_assert(config.prefer_v4);
}
END_TEST

START_TEST(without_the_interface_there_is_no_ldp_on_it)
{
	ck_assert_int_eq(say("interface eth1\n mpls ldp\n#\ninterface eth2\n mpls ldp\n#\nundo interface eth1\n"), 0);
	ck_assert_uint_eq(config.interface_count, 1);
	ck_assert_str_eq(config.interfaces[0].name, "eth2");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ldpd commands");
	TCase *t = tcase_create("router.conf");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_row_is_complete);
	tcase_add_test(t, without_the_interface_there_is_no_ldp_on_it);
	tcase_add_test(t, ipv6_is_an_interfaces_own_matter);
	tcase_add_test(t, nothing_said_means_the_defaults_of_reference_001_and_ldp_off);
	tcase_add_test(t, a_router_of_reference_002_is_understood);
	tcase_add_test(t, the_timers_of_reference_001_are_understood);
	tcase_add_test(t, undo_takes_back_what_was_said);
	tcase_add_loop_test(
	    t, a_line_that_cannot_be_meant_is_refused_with_its_number, 0, sizeof refused / sizeof *refused);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
