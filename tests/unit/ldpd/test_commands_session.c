/* The lines of router.conf about discovery, transport and sessions. */
#include "base/mem.h"
#include "base/secret_text.h"
#include "host/conf.h"
#include "ldpd/commands.h"
#include "ldpd/config.h"
#include "tests/helper/check.h"
#include <stdio.h>
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
	ldp_config_free(&config);
	conf_errors_free(&errors);
}

static void
say(const char *text)
{
	ck_assert_msg(
	    conf_read_text("router.conf", text, ldp_commands, &config, &errors) == 0, "%s", text_chars(&errors.text));
}

static const struct ldp_peer_config *
peer(uint32_t lsr)
{
	struct addr a = addr_v4(lsr);

	return ldp_config_peer(&config, &a);
}

START_TEST(a_remote_peer_is_a_view_with_its_address)
{
	say("mpls lsr-id 1.1.1.1\n#\nmpls ldp\n#\nmpls ldp remote-peer PE3\n remote-ip 3.3.3.3\n#\n");
	ck_assert_ptr_nonnull(peer(0x03030303));
	ck_assert(peer(0x03030303)->targeted);
	ck_assert_str_eq(peer(0x03030303)->name, "PE3");
}
END_TEST

START_TEST(a_remote_peer_that_moves_leaves_nothing_behind)
{
	say("mpls ldp remote-peer PE3\n remote-ip 3.3.3.3\n#\nmpls ldp remote-peer PE3\n remote-ip 4.4.4.4\n#\n");
	ck_assert_uint_eq(config.peer_count, 1);
	ck_assert_ptr_nonnull(peer(0x04040404));
}
END_TEST

START_TEST(both_dialects_name_targeted_peers_and_undo_takes_each_away)
{
	say("mpls ldp neighbor 3.3.3.3 targeted ldp\nundo mpls ldp neighbor 3.3.3.3 targeted ldp\n"
	    "mpls ldp remote-peer PE4\n remote-ip 4.4.4.4\n#\nundo mpls ldp remote-peer PE4\n");
	ck_assert_uint_eq(config.peer_count, 0);
}
END_TEST

START_TEST(timers_accept_policy_and_backoff_are_understood_and_undone)
{
	struct ldp_config defaults;

	say("mpls ldp discovery targeted-hello interval 3\nmpls ldp discovery targeted-hello holdtime 12\n"
	    "mpls ldp discovery targeted-hello accept from FRIENDS\nmpls ldp backoff 5 60\n");
	ck_assert_uint_eq(config.targeted_interval_s, 3);
	ck_assert_uint_eq(config.targeted_hold_s, 12);
	ck_assert(config.accept_targeted);
	ck_assert_str_eq(config.accept_targeted_list, "FRIENDS");
	ck_assert_uint_eq(config.backoff_first_s, 5);
	ck_assert_uint_eq(config.backoff_last_s, 60);
	say("undo mpls ldp discovery targeted-hello interval\nundo mpls ldp discovery targeted-hello holdtime\n"
	    "undo mpls ldp discovery targeted-hello accept\nundo mpls ldp backoff\n");
	ldp_config_defaults(&defaults);
	ck_assert_uint_eq(config.targeted_interval_s, defaults.targeted_interval_s);
	ck_assert_uint_eq(config.targeted_hold_s, defaults.targeted_hold_s);
	ck_assert(!config.accept_targeted);
	ck_assert_uint_eq(config.backoff_first_s, 15);
	ck_assert_uint_eq(config.backoff_last_s, 120);
}
END_TEST

START_TEST(gtsm_is_set_for_one_peer_or_switched_off)
{
	say("mpls ldp\n gtsm peer 3.3.3.3 valid-ttl-hops 4\n gtsm peer 4.4.4.4 disable\n gtsm disable\n");
	ck_assert_uint_eq(peer(0x03030303)->gtsm_hops, 4);
	ck_assert(peer(0x04040404)->gtsm_off);
	ck_assert(config.gtsm_off);
	say("mpls ldp\n undo gtsm peer 3.3.3.3\n undo gtsm peer 4.4.4.4\n undo gtsm disable\n");
	ck_assert_uint_eq(config.peer_count, 0);
	ck_assert(!config.gtsm_off);
}
END_TEST

START_TEST(passwords_come_in_clear_and_in_the_printed_form)
{
	char cipher[SECRET_TEXT], lines[1024];

	secret_to_text("lemon", cipher);
	snprintf(lines, sizeof lines,
	    "mpls ldp\n md5-password plain 3.3.3.3 orange\n md5-password cipher 4.4.4.4 %s\n#\n"
	    "mpls ldp neighbor 5.5.5.5 password apple\nmpls ldp password option for CORE pear\n"
	    "mpls ldp password fallback cipher %s\n",
	    cipher, cipher);
	say(lines);
	ck_assert_str_eq(peer(0x03030303)->password, "orange");
	ck_assert_str_eq(peer(0x04040404)->password, "lemon");
	ck_assert_str_eq(peer(0x05050505)->password, "apple");
	ck_assert_uint_eq(config.password_count, 1);
	ck_assert_str_eq(config.passwords[0].list, "CORE");
	ck_assert_str_eq(config.passwords[0].password, "pear");
	ck_assert_str_eq(config.password, "lemon");
	say("mpls ldp\n undo md5-password plain 3.3.3.3\n undo md5-password 4.4.4.4\n#\n"
	    "undo mpls ldp neighbor 5.5.5.5 password\nundo mpls ldp password option for CORE\n"
	    "undo mpls ldp password fallback\n");
	ck_assert_uint_eq(config.peer_count, 0);
	ck_assert_uint_eq(config.password_count, 0);
	ck_assert_str_eq(config.password, "");
}
END_TEST

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* one too many for a name */
static const char *const refused[] = {
	"mpls ldp neighbor 224.0.0.1 targeted\n",
	"mpls lsr-id 1.1.1.1\nmpls ldp neighbor 1.1.1.1 targeted\n",
	"mpls ldp neighbor 1.1.1.1 targeted\nmpls lsr-id 1.1.1.1\n", /* in whatever order */
	"mpls lsr-id 1.1.1.1\nmpls ldp\n outbound peer 1.1.1.1 fec none\n",
	"mpls ldp backoff 60 5\n",
	"mpls ldp backoff 0 5\n",
	"mpls ldp\n gtsm peer 3.3.3.3 valid-ttl-hops 0\n",
	"mpls ldp\n gtsm peer 3.3.3.3\n",
	"mpls ldp\n md5-password cipher 3.3.3.3 orange\n",
	"mpls ldp\n md5-password plain 3.3.3.3\n",
	"mpls ldp password fallback "
	"123456789012345678901234567890123456789012345678901234567890123456789012345678901\n",
	"mpls ldp remote-peer A\n remote-ip 3.3.3.3\n#\nmpls ldp remote-peer B\n remote-ip 3.3.3.3\n",
	"mpls ldp discovery targeted-hello interval 0\n",
	"mpls ldp remote-peer " A64 "\n remote-ip 3.3.3.3\n",
	"mpls ldp password option for " A64 " plain orange\n",
	"mpls ldp discovery targeted-hello accept from " A64 "\n",
};

START_TEST(what_makes_no_sense_is_refused_with_its_line)
{
	ck_assert_int_eq(conf_read_text("router.conf", refused[_i], ldp_commands, &config, &errors), -1);
	ck_assert_msg(strstr(text_chars(&errors.text), "router.conf:"), "%s", text_chars(&errors.text));
	ck_assert_msg(!strstr(text_chars(&errors.text), "orange") || !strstr(refused[_i], "plain"),
	    "an error does not repeat a password");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ldpd commands_session");
	TCase *c = tcase_create("configuration");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_remote_peer_is_a_view_with_its_address);
	tcase_add_test(c, a_remote_peer_that_moves_leaves_nothing_behind);
	tcase_add_test(c, both_dialects_name_targeted_peers_and_undo_takes_each_away);
	tcase_add_test(c, timers_accept_policy_and_backoff_are_understood_and_undone);
	tcase_add_test(c, gtsm_is_set_for_one_peer_or_switched_off);
	tcase_add_test(c, passwords_come_in_clear_and_in_the_printed_form);
	tcase_add_loop_test(c, what_makes_no_sense_is_refused_with_its_line, 0, COUNT(refused));
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
