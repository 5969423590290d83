/* What can be said to bfdd: each row of its commands, what it does to the configuration, and what is refused. */
#include "base/mem.h"
#include "bfdd/commands.h"
#include "bfdd/config.h"
#include "host/command.h"
#include "tests/helper/check.h"
#include "tests/helper/rows_of_commands.h"
#include <string.h>

static struct bfd_config c;
static struct conf_errors errors;

static int
read_text(const char *text)
{
	bfd_config_free(&c);
	c = (struct bfd_config){ 0 };
	conf_errors_free(&errors);
	errors = (struct conf_errors){ 0 };
	return conf_read_text("router.conf", text, bfd_commands, &c, &errors);
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
	bfd_config_free(&c);
	conf_errors_free(&errors);
}

#define ONE "bfd one bind peer-ip 10.1.1.1 interface GigabitEthernet0/3/0 source-ip 10.1.1.2 auto\n"

START_TEST(each_row_has_a_template_a_help_and_a_reference)
{
	check_rows_of_commands(bfd_commands);
}
END_TEST

START_TEST(the_line_of_reference_002_and_its_defaults)
{
	accepts("bfd\n quit\nbfd pe1_to_ce1 bind peer-ip 10.1.1.1 vpn-instance VPNA interface gigabitethernet 0/3/0 "
		"source-ip "
		"10.1.1.2 auto\n");
	ck_assert(c.enabled);
	ck_assert_uint_eq(c.session_count, 1);
	const struct bfd_session_config *s = &c.sessions[0];
	ck_assert_str_eq(s->name, "pe1_to_ce1");
	ck_assert_str_eq(s->vrf, "VPNA");
	ck_assert_str_eq(s->interface, "GigabitEthernet0/3/0");
	ck_assert_uint_eq(addr_to_v4(&s->peer), 0x0a010101);
	ck_assert_uint_eq(addr_to_v4(&s->source), 0x0a010102);
	ck_assert(s->automatic);
	ck_assert(s->min_tx_ms == 10 && s->min_rx_ms == 10 && s->multiplier == 3 && s->tos_exp == 6 && s->wtr_min == 0);
	ck_assert(!s->shut && !s->passive && !s->demand && !s->follows && !s->pst && !s->echo_ms && !s->key_count);
}
END_TEST

START_TEST(each_setting_is_understood_and_undone)
{
	accepts(ONE
	    " min-tx-interval 20\n min-rx-interval 30\n detect-multiplier 5\n wtr 2\n tos-exp 7\n echo-interval 50\n"
	    " echo-passive min-rx-interval 60\n demand poll-interval 500\n passive\n process-interface-status\n"
	    " process-pst\n description to the customer\n shutdown\n");
	const struct bfd_session_config *s = &c.sessions[0];
	ck_assert(s->min_tx_ms == 20 && s->min_rx_ms == 30 && s->multiplier == 5 && s->wtr_min == 2 && s->tos_exp == 7);
	ck_assert(s->echo_ms == 50 && s->echo_rx_ms == 60 && s->demand && s->demand_poll_ms == 500 && s->passive);
	ck_assert(s->follows && s->pst && s->shut);
	ck_assert_str_eq(s->description, "to the customer");
	accepts(ONE
	    " min-tx-interval 20\n min-rx-interval 30\n detect-multiplier 5\n wtr 2\n tos-exp 7\n echo-interval 50\n"
	    " echo-passive min-rx-interval 60\n demand poll-interval 500\n passive\n process-interface-status\n"
	    " process-pst\n description to the customer\n shutdown\n"
	    " undo min-tx-interval\n undo min-rx-interval\n undo detect-multiplier\n undo wtr\n undo tos-exp\n"
	    " undo echo-interval\n undo echo-passive\n undo demand\n undo passive\n"
	    " undo process-interface-status\n undo process-pst\n undo description\n undo shutdown\n");
	struct bfd_session_config changed = c.sessions[0];
	accepts(ONE);
	ck_assert_mem_eq(&changed, &c.sessions[0], sizeof changed);
}
END_TEST

START_TEST(discriminators_set_by_hand)
{
	accepts(
	    "bfd two bind peer-ip 10.9.9.9\n discriminator local 17\n discriminator remote 4294967295\n min-ttl 250\n");
	ck_assert(!c.sessions[0].automatic);
	ck_assert_uint_eq(c.sessions[0].local, 17);
	ck_assert_uint_eq(c.sessions[0].remote, UINT32_MAX);
	ck_assert_uint_eq(c.sessions[0].min_ttl, 250);
}
END_TEST

START_TEST(keys_are_kept_in_order_replaced_by_number_and_taken_away)
{
	accepts(ONE " authentication sha1 key-id 1 plain orange\n authentication meticulous-md5 key-id 2 plain apple\n"
		    " authentication simple key-id 1 plain pear\n");
	ck_assert_uint_eq(c.sessions[0].key_count, 2);
	ck_assert_int_eq(c.sessions[0].keys[0].type, BFD_AUTH_SIMPLE);
	ck_assert_uint_eq(c.sessions[0].keys[0].size, 4);
	ck_assert_int_eq(c.sessions[0].keys[1].type, BFD_AUTH_MET_MD5);
	accepts(ONE " authentication sha1 key-id 1 plain orange\n authentication md5 key-id 2 plain apple\n"
		    " undo authentication key-id 1\n");
	ck_assert_uint_eq(c.sessions[0].key_count, 1);
	ck_assert_uint_eq(c.sessions[0].keys[0].id, 2);
}
END_TEST

START_TEST(a_session_is_changed_by_its_name_alone_and_removed)
{
	accepts(ONE "#\nbfd one\n wtr 3\n");
	ck_assert_uint_eq(c.sessions[0].wtr_min, 3);
	accepts(ONE "bfd two bind peer-ip 10.9.9.9 auto\nundo bfd one\n");
	ck_assert_uint_eq(c.session_count, 1);
	ck_assert_str_eq(c.sessions[0].name, "two");
	accepts(
	    "bfd\n dampening timer-interval maximum 4000 initial 1000 secondary 2000\n undo dampening\n#\nundo bfd\n");
	ck_assert(!c.enabled && !c.damping.maximum_ms);
}
END_TEST

static const struct {
	const char *text, *because;
} refused[] = {
	{ "bfd one bind peer-ip 224.0.0.5 auto\n", "is not the address of a router" },
	{ "bfd one bind peer-ip 10.1.1.1 source-ip 127.0.0.1 auto\n", "is not the address of a router" },
	{ "bfd one bind peer-ip 10.1.1.1 source-ip 10.1.1.1 auto\n", "one address" },
	{ "bfd one bind peer-ipv6 fe80::1 auto\n", "name its interface" },
	{ ONE "bfd two bind peer-ip 10.1.1.1 interface GigabitEthernet0/3/0 source-ip 10.1.1.2 auto\n",
	    "session one watches" },
	{ ONE "bfd one bind peer-ip 10.1.1.9 auto\n", "`undo bfd one` first" },
	{ "bfd one\n", "there is no session one" },
	{ ONE " discriminator local 7\n", "chosen and learned" },
	{ ONE " discriminator remote 7\n", "chosen and learned" },
	{ "bfd a bind peer-ip 10.1.1.1\n discriminator local 7\n#\nbfd b bind peer-ip 10.1.1.2\n discriminator local "
	  "7\n",
	    "session a has this discriminator" },
	{ "bfd a bind peer-ip 10.1.1.1\n discriminator local 8192\n", "1-8191" },
	{ ONE " min-ttl 254\n", "TTL of 255" },
	{ "bfd a bind peer-ip 10.1.1.1 auto\n echo-interval 50\n", "over one link only" },
	{ "bfd a bind peer-ipv6 fe80::1 interface eth0 auto\n echo-interval 50\n", "no echo would come back" },
	{ "bfd a bind peer-ip 10.1.1.1 auto\n process-pst\n", "bound to no interface" },
	{ "bfd a bind peer-ip 10.1.1.1 auto\n process-interface-status\n", "bound to no interface" },
	{ ONE " authentication md5 key-id 1 plain seventeen_letters\n", "at most 16" },
	{ ONE " authentication sha1 key-id 1 plain twenty_one_characters\n", "at most 20" },
	{ ONE " authentication sha1 key-id 1 cipher orange\n", "not the cipher form" },
	{ ONE " authentication sha1 key-id 1 plain a\n authentication sha1 key-id 2 plain b\n"
	      " authentication sha1 key-id 3 plain c\n authentication sha1 key-id 4 plain d\n"
	      " authentication sha1 key-id 5 plain e\n",
	    "at most 4 keys" },
	{ ONE " tos-exp 8\n", "0-7" },
	{ ONE " min-tx-interval 0\n", "1-60000" },
	{ "bfd\n dampening timer-interval maximum 10 initial 20 secondary 5\n", "longest wait" },
	{ "min-tx-interval 20\n", "bfd-session" },
};

START_TEST(what_makes_no_sense_is_refused_with_its_line)
{
	ck_assert_msg(read_text(refused[_i].text) != 0, "accepted: %s", refused[_i].text);
	ck_assert_msg(
	    strstr(text_chars(&errors.text), refused[_i].because) && strstr(text_chars(&errors.text), "router.conf:"),
	    "the refusal does not say \"%s\": %s", refused[_i].because, text_chars(&errors.text));
	ck_assert_msg(!strstr(text_chars(&errors.text), "seventeen"), "an error does not repeat a key");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bfdd commands");
	TCase *t = tcase_create("configuration");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, each_row_has_a_template_a_help_and_a_reference);
	tcase_add_test(t, the_line_of_reference_002_and_its_defaults);
	tcase_add_test(t, each_setting_is_understood_and_undone);
	tcase_add_test(t, discriminators_set_by_hand);
	tcase_add_test(t, keys_are_kept_in_order_replaced_by_number_and_taken_away);
	tcase_add_test(t, a_session_is_changed_by_its_name_alone_and_removed);
	tcase_add_loop_test(t, what_makes_no_sense_is_refused_with_its_line, 0, COUNT(refused));
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
