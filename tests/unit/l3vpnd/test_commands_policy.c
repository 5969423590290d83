/* Lines of policies: what was said is printed back in the same form, undone it is gone, and what makes no sense is refused. */
#include "base/mem.h"
#include "l3vpnd/commands.h"
#include "l3vpnd/print.h"
#include "tests/helper/check.h"
#include <string.h>

static struct l3vpn_config c;
static struct conf_errors errors;
static struct text printed;

static void
setup(void)
{
	l3vpn_config_init(&c);
	errors = (struct conf_errors){ 0 };
}

static void
teardown(void)
{
	l3vpn_config_free(&c);
	conf_errors_free(&errors);
	text_free(&printed);
}

static void
say(const char *text)
{
	ck_assert_msg(
	    conf_read_text("router.conf", text, l3vpn_commands, &c, &errors) == 0, "%s", text_chars(&errors.text));
}

static bool
refuses(const char *text, const char *why)
{
	conf_errors_free(&errors);
	errors = (struct conf_errors){ 0 };
	return conf_read_text("router.conf", text, l3vpn_commands, &c, &errors) != 0 &&
	       strstr(text_chars(&errors.text), why);
}

static const char *
all(void)
{
	struct conf_lines lines = { 0 };

	l3vpn_print(&c, &lines);
	text_clear(&printed);
	conf_lines_print(&lines, &printed);
	conf_lines_free(&lines);
	return text_chars(&printed);
}

/* --- definitions --- */

static const char definitions[] = "#\n"
				  "ip ip-prefix L index 10 permit 10.0.0.0 8 greater-equal 16 less-equal 24\n"
				  "ip ip-prefix L index 20 deny 10.1.0.0 16\n"
				  "ip ipv6-prefix L6 index 10 permit 2001:db8:: 32 less-equal 64\n"
				  "#\n"
				  "ip community-filter C index 10 permit 100:1 no-export\n"
				  "ip community-filter C index 20 deny internet\n"
				  "ip extcommunity-filter E index 10 permit rt 111:1 rt 10.0.0.1:2\n"
				  "ip as-path-filter A index 10 permit ^100_(200|300)$\n"
				  "#\n"
				  "route-policy P deny node 10\n"
				  " if-match ip-prefix L\n"
				  " if-match route-type external\n"
				  "#\n"
				  "route-policy P permit node 20\n"
				  " if-match ipv6 address prefix-list L6\n"
				  " if-match ip next-hop ip-prefix L\n"
				  " if-match ipv6 next-hop prefix-list L6\n"
				  " if-match community-filter C\n"
				  " if-match extcommunity-filter E\n"
				  " if-match as-path-filter A\n"
				  " if-match cost 7\n"
				  " apply local-preference 200\n"
				  " apply preferred-value 9\n"
				  " apply cost + 10\n"
				  " apply community 100:9 no-advertise additive\n"
				  " apply extcommunity rt 222:2 additive\n"
				  " apply as-path 100 4200000000 additive\n"
				  " apply origin egp\n"
				  " apply ip-address next-hop 10.0.0.9\n"
				  " apply ipv6 next-hop 2001:db8::9\n"
				  "#\n"
				  "return\n";

START_TEST(what_was_said_is_printed_in_the_same_form)
{
	say(definitions);
	ck_assert_str_eq(all(), definitions);
	struct l3vpn_config copy = { 0 };
	l3vpn_config_init(&copy);
	l3vpn_config_copy(&copy, &c);
	l3vpn_config_free(&c);
	c = copy;
	ck_assert_str_eq(all(), definitions);
}
END_TEST

START_TEST(they_outlive_bgp)
{
	say(definitions);
	say("bgp 100\n peer 10.0.0.1 as-number 200\n#\nundo bgp 100\n");
	ck_assert_str_eq(all(), definitions);
}
END_TEST

static const struct {
	const char *line, *undo;
} clauses[] = {
	{ "if-match ip-prefix L", "undo if-match ip-prefix" },
	{ "if-match ipv6 address prefix-list L", "undo if-match ipv6 address prefix-list" },
	{ "if-match ip next-hop ip-prefix L", "undo if-match ip next-hop ip-prefix" },
	{ "if-match ipv6 next-hop prefix-list L", "undo if-match ipv6 next-hop prefix-list" },
	{ "if-match community-filter C", "undo if-match community-filter" },
	{ "if-match extcommunity-filter C", "undo if-match extcommunity-filter" },
	{ "if-match as-path-filter C", "undo if-match as-path-filter" },
	{ "if-match cost 0", "undo if-match cost" },
	{ "if-match route-type internal", "undo if-match route-type" },
	{ "if-match route-type local", "undo if-match route-type" },
	{ "apply local-preference 0", "undo apply local-preference" },
	{ "apply preferred-value 0", "undo apply preferred-value" },
	{ "apply cost 5", "undo apply cost" },
	{ "apply cost - 5", "undo apply cost" },
	{ "apply cost none", "undo apply cost" },
	{ "apply community none", "undo apply community" },
	{ "apply community 1:2", "undo apply community" },
	{ "apply extcommunity rt 1:2", "undo apply extcommunity" },
	{ "apply as-path 100 additive", "undo apply as-path" },
	{ "apply origin igp", "undo apply origin" },
	{ "apply ip-address next-hop 1.2.3.4", "undo apply ip-address next-hop" },
	{ "apply ipv6 next-hop ::1", "undo apply ipv6 next-hop" },
};

START_TEST(each_clause_is_printed_and_undone)
{
	struct text file = { 0 };

	text_add(&file, "route-policy P permit node 10\n %s\n", clauses[_i].line);
	say(text_chars(&file));
	text_clear(&file);
	text_add(&file, "#\nroute-policy P permit node 10\n %s\n#\nreturn\n", clauses[_i].line);
	ck_assert_str_eq(all(), text_chars(&file));
	text_clear(&file);
	text_add(&file, "route-policy P permit node 10\n %s\n", clauses[_i].undo);
	say(text_chars(&file));
	ck_assert_str_eq(all(), "#\nroute-policy P permit node 10\n#\nreturn\n");
	static const struct policy_match nothing;
	static const struct policy_apply neither;
	const struct policy_node *n = &policy_find(&c.bgp.policies, "P")->nodes[0];
	ck_assert_mem_eq(&n->match, &nothing, sizeof nothing);
	ck_assert_mem_eq(&n->apply, &neither, sizeof neither);
	text_free(&file);
}
END_TEST

START_TEST(definitions_are_undone_by_rule_and_as_a_whole)
{
	say(definitions);
	say("undo ip ip-prefix L index 10\nundo ip community-filter C index 10\nundo route-policy P node 10\n");
	ck_assert_uint_eq(prefix_lists_find(&c.bgp.policies.prefixes4, "L")->count, 1);
	ck_assert_uint_eq(policy_filter_find(&c.bgp.policies, FILTER_COMMUNITY, "C")->count, 1);
	ck_assert_uint_eq(policy_find(&c.bgp.policies, "P")->count, 1);
	say("undo ip ip-prefix L\nundo ip ipv6-prefix L6\nundo ip community-filter C\nundo ip extcommunity-filter E\n"
	    "undo ip as-path-filter A\nundo route-policy P\n");
	ck_assert_str_eq(all(), "#\nreturn\n");
}
END_TEST

START_TEST(a_rule_without_an_index_goes_behind_the_last_one)
{
	say("ip as-path-filter A permit ^1\nip as-path-filter A deny ^2\nip as-path-filter A index 15 permit ^3\n");
	ck_assert_str_eq(all(), "#\nip as-path-filter A index 10 permit ^1\nip as-path-filter A index 15 permit ^3\n"
				"ip as-path-filter A index 20 deny ^2\n#\nreturn\n");
}
END_TEST

START_TEST(a_node_that_is_said_again_may_deny_and_keeps_its_clauses)
{
	say("route-policy P permit node 10\n apply cost 5\n#\nroute-policy P deny node 10\n");
	ck_assert_str_eq(all(), "#\nroute-policy P deny node 10\n apply cost 5\n#\nreturn\n");
}
END_TEST

static const struct {
	const char *line, *why;
} wrong[] = {
	{ "ip ip-prefix L permit 10.1.0.0 8", "did you mean 10.0.0.0/8" },
	{ "ip ip-prefix L permit 10.0.0.0 8 greater-equal 4", "lengths go up" },
	{ "ip ipv6-prefix L permit 2001:db8::1 32", "did you mean 2001:db8::/32" },
	{ "ip ipv6-prefix L permit 2001:db8:: 32 greater-equal 64 less-equal 48", "lengths go up" },
	{ "ip community-filter C permit 70000:1", "`70000:1` is no community" },
	{ "ip community-filter C permit 100:1 additive", "`additive` is said where something is applied" },
	{ "ip community-filter C permit 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "at most 16" },
	{ "ip extcommunity-filter E permit 111:1", "led in by `rt`" },
	{ "ip extcommunity-filter E permit rt", "a route target is missing" },
	{ "ip extcommunity-filter E permit rt x", "`x` is no route target" },
	{ "ip as-path-filter A permit (100", "is no regular expression" },
	{ "route-policy P permit node 10\n apply as-path 100", "ASes are put in front of a path" },
	{ "route-policy P permit node 10\n apply as-path additive", "ASes are put in front of a path" },
	{ "route-policy P permit node 10\n apply as-path 0 additive", "an AS is a number" },
	{ "route-policy P permit node 10\n apply as-path 1 2 3 4 5 6 7 8 9 10 11 additive", "at most 10" },
	{ "route-policy P permit node 10\n apply community 1:1 additive 2:2", "the last word" },
	{ "bgp 100\n peer 10.0.0.1 as-number 100\n peer 10.0.0.1 role customer\n", "in our own AS" },
};

START_TEST(what_makes_no_sense_is_refused_with_the_reason)
{
	ck_assert_msg(refuses(wrong[_i].line, wrong[_i].why), "%s: %s", wrong[_i].line, text_chars(&errors.text));
}
END_TEST

/* --- who is attached --- */

static const char attached[] = "ip vpn-instance V\n"
			       " ipv4-family\n"
			       "  route-distinguisher 100:1\n"
			       "  import route-policy IN\n"
			       "  export route-policy OUT\n"
			       "#\n"
			       "bgp 100\n"
			       " peer 10.0.0.1 as-number 100\n"
			       " peer 10.0.0.2 as-number 200\n"
			       " peer 10.0.0.2 role rs-client strict\n"
			       " #\n"
			       " ipv4-family unicast\n"
			       "  undo synchronization\n"
			       "  peer 10.0.0.1 enable\n"
			       "  peer 10.0.0.2 enable\n"
			       "  peer 10.0.0.2 capability-advertise add-path send\n"
			       "  peer 10.0.0.2 advertise add-path path-number 3\n"
			       "  peer 10.0.0.2 ip-prefix LI import\n"
			       "  peer 10.0.0.2 ip-prefix LO export\n"
			       "  peer 10.0.0.2 route-policy IN import\n"
			       "  peer 10.0.0.2 route-policy OUT export\n"
			       " #\n"
			       " ipv4-family vpnv4\n"
			       "  policy vpn-target\n"
			       "  peer 10.0.0.1 enable\n"
			       "  peer 10.0.0.1 route-policy OUT export\n"
			       " #\n"
			       " ipv4-family vpn-target\n"
			       "  peer 10.0.0.1 enable\n"
			       "  peer 10.0.0.1 reflect-client\n"
			       "#\n";

START_TEST(who_is_attached_to_a_policy_is_printed_and_undone)
{
	say(attached);
	ck_assert_msg(strstr(all(), attached), "%s", all());
	const struct bgp_peer_config *p = &c.bgp.instances[0].peers[1];
	ck_assert(p->role == BGP_ROLE_RS_CLIENT && p->role_strict);
	ck_assert_uint_eq(p->family[BGP_IPV4].add_paths, 3);
	ck_assert(c.bgp.instances[0].peers[0].family[BGP_RT_CONSTRAINT].reflect_client);
	say("ip vpn-instance V\n ipv4-family\n  undo import route-policy\n  undo export route-policy\n#\n"
	    "bgp 100\n undo peer 10.0.0.2 role\n ipv4-family unicast\n"
	    "  undo peer 10.0.0.2 capability-advertise add-path send\n"
	    "  undo peer 10.0.0.2 advertise add-path path-number\n  undo peer 10.0.0.2 ip-prefix import\n"
	    "  undo peer 10.0.0.2 ip-prefix LO export\n  undo peer 10.0.0.2 route-policy IN import\n"
	    "  undo peer 10.0.0.2 route-policy export\n ipv4-family vpnv4\n"
	    "  undo peer 10.0.0.1 route-policy export\n undo ipv4-family vpn-target\n");
	const char *left = all();
	ck_assert(!strstr(left, "policy IN") && !strstr(left, "policy OUT") && !strstr(left, "add-path"));
	ck_assert_msg(
	    !strstr(left, "ip-prefix") && !strstr(left, "role") && !strstr(left, "family vpn-target"), "%s", left);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("l3vpnd lines of policies");
	TCase *t = tcase_create("lines");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_was_said_is_printed_in_the_same_form);
	tcase_add_test(t, they_outlive_bgp);
	tcase_add_loop_test(t, each_clause_is_printed_and_undone, 0, (int)COUNT(clauses));
	tcase_add_test(t, definitions_are_undone_by_rule_and_as_a_whole);
	tcase_add_test(t, a_rule_without_an_index_goes_behind_the_last_one);
	tcase_add_test(t, a_node_that_is_said_again_may_deny_and_keeps_its_clauses);
	tcase_add_loop_test(t, what_makes_no_sense_is_refused_with_the_reason, 0, (int)COUNT(wrong));
	tcase_add_test(t, who_is_attached_to_a_policy_is_printed_and_undone);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
