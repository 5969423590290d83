/* Templates of commands: types, groups, abbreviations, what is expected where a line stops fitting. */
#include "base/mem.h"
#include "host/command_internal.h"
#include "tests/helper/check.h"
#include <stdio.h>
#include <string.h>

static struct args *args;
static struct text expected;
static size_t far;

static void
setup(void)
{
	args = args_new(NULL);
}

static void
teardown(void)
{
	args_free(args);
	text_free(&expected);
}

static enum match_result
match_mode(const char *template, const char *line, enum match_mode mode)
{
	char copy[512], *words[64];
	char why[160];

	ck_assert_msg(template_is_valid(template, why), "%s: %s", template, why);
	snprintf(copy, sizeof copy, "%s", line);
	args_cut(args, 0);
	text_clear(&expected);
	size_t count = line_split(copy, words, 64);
	return template_match(template, words, count, mode, args, &far, &expected);
}

static enum match_result
match(const char *template, const char *line)
{
	return match_mode(template, line, MATCH_EXACT);
}

/* --- types --- */

static const struct {
	const char *template, *line;
	bool fits;
} values[] = {
	{ "x <1-10>:n", "x 1", true },
	{ "x <1-10>:n", "x 10", true },
	{ "x <1-10>:n", "x 0", false },
	{ "x <1-10>:n", "x 11", false },
	{ "x <1-10>:n", "x -1", false },
	{ "x <1-10>:n", "x +1", false },
	{ "x <1-10>:n", "x 1a", false },
	{ "x <1-10>:n", "x 0x1", false },
	{ "x <1-10>:n", "x 1.0", false },
	{ "x <0-4294967295>:n", "x 4294967295", true },
	{ "x <0-4294967295>:n", "x 4294967296", false },
	{ "x <0-4294967295>:n", "x 18446744073709551617", false },
	{ "x <address>:a", "x 10.0.0.1", true },
	{ "x <address>:a", "x 10.0.0", false },
	{ "x <address>:a", "x 10.0.0.256", false },
	{ "x <address>:a", "x 10.0.0.1/24", false },
	{ "x <address>:a", "x ::1", false },
	{ "x <address6>:a", "x 2001:db8::1", true },
	{ "x <address6>:a", "x 2001:db8::1::2", false },
	{ "x <address6>:a", "x 10.0.0.1", false },
	{ "x <ip>:a", "x 10.0.0.1", true },
	{ "x <ip>:a", "x 2001:db8::1", true },
	{ "x <ip>:a", "x router", false },
	{ "x <address>:a <mask>:m", "x 10.0.0.1 24", true },
	{ "x <address>:a <mask>:m", "x 10.0.0.1 255.255.255.0", true },
	{ "x <address>:a <mask>:m", "x 10.0.0.1 0", true },
	{ "x <address>:a <mask>:m", "x 10.0.0.1 33", false },
	{ "x <address>:a <mask>:m", "x 10.0.0.1 255.0.255.0", false },
	{ "x <ip>:a <mask>:m", "x 2001:db8::1 64", true },
	{ "x <ip>:a <mask>:m", "x 2001:db8::1 129", false },
	{ "x <ip>:a <mask>:m", "x 10.0.0.1 64", false },
	{ "x <prefix>:p", "x 10.0.0.0/8", true },
	{ "x <prefix>:p", "x 2001:db8::/32", true },
	{ "x <prefix>:p", "x 10.0.0.0/33", false },
	{ "x <prefix4>:p", "x 10.0.0.0/8", true },
	{ "x <prefix4>:p", "x 2001:db8::/32", false },
	{ "x <prefix6>:p", "x 2001:db8::/32", true },
	{ "x <prefix6>:p", "x 10.0.0.0/8", false },
	{ "x <prefix>:p", "x 10.0.0.0/", false },
	{ "x <prefix>:p", "x /8", false },
	{ "x <lsr-id>:i", "x 1.1.1.1", true },
	{ "x <lsr-id>:i", "x 1.1.1", false },
	{ "x <ifname>:i", "x GigabitEthernet0/1/0", true },
	{ "x <ifname>:i", "x gigabitethernet 0/1/0", true },
	{ "x <ifname>:i", "x GigabitEthernet", false },
	{ "x <ifname>:i", "x GigabitEthernet zero", false },
	{ "x <ifname>:i", "x eth0", true },
	{ "x <ifname>:i", "x br-lan.100", true },
	{ "x <ifname>:i", "x 10.0.0.1", false },
	{ "x <ifname>:i", "x 2001:db8::1", false },
	{ "x <ifname>:i", "x 0/1/0", false },
	{ "x <ifname>:i", "x -eth0", false },
	{ "x <word>:w", "x anything", true },
	{ "x <word>:w", "x two words", false },
	{ "x <text>:t", "x as many words as you like", true },
	{ "x <text>:t", "x", false },
};

START_TEST(a_parameter_takes_what_is_of_its_type_and_nothing_else)
{
	bool yes = match(values[_i].template, values[_i].line) == MATCH_YES;

	ck_assert_msg(yes == values[_i].fits, "`%s` against `%s`", values[_i].line, values[_i].template);
}
END_TEST

START_TEST(values_are_found_by_name)
{
	char text[PREFIX_TEXT];

	ck_assert_int_eq(match("route <address>:to <mask>:mask via <ip>:hop cost <0-9>:cost",
			     "ROUTE 10.1.2.3 255.255.0.0 via ::1 cost 7"),
	    MATCH_YES);
	ck_assert_uint_eq(arg_u32(args, "cost"), 7);
	ck_assert_uint_eq(arg_mask(args, "mask"), 16);
	struct addr to = arg_addr(args, "to"), hop = arg_addr(args, "HOP");
	ck_assert_uint_eq(addr_to_v4(&to), 0x0a010203);
	ck_assert_uint_eq(hop.family, 6);
	struct prefix p = arg_prefix(args, "to");
	ck_assert_str_eq(prefix_text(&p, text), "10.1.2.3/16");
	ck_assert_str_eq(arg_text(args, "to"), "10.1.2.3");
	ck_assert(arg_given(args, "via"));
	ck_assert(!arg_given(args, "preference"));
	ck_assert_ptr_null(arg_text(args, "preference"));
	ck_assert_uint_eq(arg_u32(args, "preference"), 0);
}
END_TEST

START_TEST(an_address_without_a_mask_is_a_hosts_prefix)
{
	char text[PREFIX_TEXT];

	ck_assert_int_eq(match("x <address>:a [ <mask>:m ] [ <word>:w ]", "x 10.0.0.1 name"), MATCH_YES);
	struct prefix p = arg_prefix(args, "a");
	ck_assert_str_eq(prefix_text(&p, text), "10.0.0.1/32");
}
END_TEST

START_TEST(a_mask_that_turned_out_to_be_something_else_leaves_no_trace)
{
	char text[PREFIX_TEXT];

	/* 24 could be the mask; then nothing would be left for the number. */
	ck_assert_int_eq(match("x <address>:a [ <mask>:m ] <1-99>:n", "x 10.0.0.1 24"), MATCH_YES);
	ck_assert_uint_eq(arg_u32(args, "n"), 24);
	struct prefix p = arg_prefix(args, "a");
	ck_assert_str_eq(prefix_text(&p, text), "10.0.0.1/32");
}
END_TEST

START_TEST(a_word_of_the_template_is_not_a_parameter_of_the_same_name)
{
	struct args *outer = args;

	ck_assert_int_eq(match("interface <ifname>:interface", "interface eth0"), MATCH_YES);
	args = args_new(outer);
	ck_assert_int_eq(match("bind interface [ <ifname>:interface ]", "bind interface"), MATCH_YES);
	ck_assert_str_eq(arg_text(args, "interface"), "eth0");
	ck_assert(arg_given(args, "interface"));
	args_free(args);
	args = outer;
}
END_TEST

START_TEST(parameters_of_the_enclosing_view_are_found_and_those_of_the_line_come_first)
{
	struct args *outer = args;

	ck_assert_int_eq(match("area <address>:area cost <1-9>:cost", "area 0.0.0.1 cost 3"), MATCH_YES);
	args = args_new(outer);
	ck_assert_int_eq(match("cost <1-9>:cost", "cost 5"), MATCH_YES);
	ck_assert_uint_eq(arg_u32(args, "cost"), 5);
	struct addr area = arg_addr(args, "area");
	ck_assert_uint_eq(addr_to_v4(&area), 1);
	ck_assert(!arg_given(args, "area"));
	args_free(args);
	args = outer;
}
END_TEST

/* --- interface names --- */

START_TEST(interface_names_get_their_own_spelling)
{
	static const char *const pairs[][2] = { { "gigabitethernet0/1/0", "GigabitEthernet0/1/0" },
		{ "GIGABITETHERNET 0/1/0.100", "GigabitEthernet0/1/0.100" }, { "loopback 1", "LoopBack1" },
		{ "ethernet0", "Ethernet0" }, { "100ge1/0/1", "100GE1/0/1" }, { "eth-trunk 5", "Eth-Trunk5" },
		{ "eth0", "eth0" }, { "Lo", "Lo" }, { "loopback", "loopback" },
		{ "gigabitethernets1", "gigabitethernets1" } };

	for (size_t i = 0; i < COUNT(pairs); i++) {
		char name[64];
		ifname_canonical(pairs[i][0], name);
		ck_assert_str_eq(name, pairs[i][1]);
		ck_assert(ifname_eq(pairs[i][0], name));
	}
	ck_assert(!ifname_eq("eth0", "eth1"));
	ck_assert(!ifname_eq("eth0", NULL));
	ck_assert_int_eq(match("x <ifname>:i", "x LOOPBACK 12"), MATCH_YES);
	ck_assert_str_eq(arg_text(args, "i"), "LoopBack12");
}
END_TEST

START_TEST(a_very_long_interface_name_is_neither_cut_nor_taken)
{
	char line[200] = "x ", name[64];

	memset(line + 2, 'a', 63);
	ck_assert_int_eq(match("x <ifname>:i", line), MATCH_YES);
	ck_assert_str_eq(arg_text(args, "i"), line + 2);
	memcpy(line + 2, "loopback1", 9);
	memset(line + 10, '1', 55);
	ifname_canonical(line + 2, name);
	ck_assert_uint_eq(strlen(name), 63);
	memset(line + 2, 'a', 64);
	ck_assert_int_eq(match("x <ifname>:i", line), MATCH_NO);
	memcpy(line + 2, "loopback 1", 10);
	memset(line + 11, '1', 56);
	line[66] = '\0';
	ck_assert_int_eq(match("x <ifname>:i", line), MATCH_YES);
	line[66] = '1';
	line[67] = '\0';
	ck_assert_msg(match("x <ifname>:i", line) == MATCH_NO, "neither in two words");
	ck_assert_msg(match("x <ifname>:i", "x Serial 1:2") == MATCH_NO, "no name of an interface has a colon");
}
END_TEST

/* --- groups --- */

static const struct {
	const char *template, *line;
	bool fits;
} groups[] = {
	{ "a [ b ] c", "a c", true },
	{ "a [ b ] c", "a b c", true },
	{ "a [ b ] c", "a b b c", false },
	{ "a [ b | c <1-9>:n ]", "a c 3", true },
	{ "a [ b | c <1-9>:n ]", "a b c 3", false },
	{ "a { b | c }", "a c", true },
	{ "a { b | c }", "a", false },
	{ "a { b | c }", "a b c", false },
	{ "a [ b | c <1-9>:n | d ]*", "a", true },
	{ "a [ b | c <1-9>:n | d ]*", "a d c 3 b", true },
	{ "a [ b | c <1-9>:n | d ]*", "a b b", false },
	{ "a { b | c }*", "a", false },
	{ "a { b | c }*", "a c b", true },
	{ "a { b | c }* d", "a c d", true },
	{ "a { b | c }* d", "a d", false },
	{ "a [ b [ c ] ] c", "a b c", true },
	{ "a [ b [ c ] ] c", "a b c c", true },
	{ "a [ <word>:w ] b", "a b", true },
	{ "a [ <word>:w ] b", "a b b", true },
	{ "a { NULL0 | <ifname>:i [ <address>:h ] } [ x ]*", "a null0 x", true },
	{ "a { NULL0 | <ifname>:i [ <address>:h ] } [ x ]*", "a eth0 1.1.1.1 x", true },
	{ "a { NULL0 | <ifname>:i [ <address>:h ] } [ x ]*", "a eth0 x 1.1.1.1", false },
	{ "a [ [ b ] c | d ]*", "a d b c", true },
};

START_TEST(groups_take_what_they_say)
{
	bool yes = match(groups[_i].template, groups[_i].line) == MATCH_YES;

	ck_assert_msg(yes == groups[_i].fits, "`%s` against `%s`", groups[_i].line, groups[_i].template);
}
END_TEST

START_TEST(an_alternative_that_was_tried_in_vain_leaves_no_parameter)
{
	ck_assert_int_eq(match("a [ <word>:w ] b", "a b"), MATCH_YES);
	ck_assert(!arg_given(args, "w"));
	ck_assert_uint_eq(args->count, 2);
}
END_TEST

/* --- abbreviations and undo --- */

START_TEST(words_are_abbreviated_on_the_command_line_only)
{
	ck_assert_int_eq(match_mode("display interface brief", "DIS int b", MATCH_ABBREVIATED), MATCH_YES);
	ck_assert_int_eq(match("display interface brief", "dis int b"), MATCH_NO);
	ck_assert_int_eq(
	    match_mode("display interface brief", "displays interface brief", MATCH_ABBREVIATED), MATCH_NO);
	struct text line = { 0 };
	ck_assert_int_eq(match_mode("reset [ peer <lsr-id>:peer ]", "r p 1.1.1.1", MATCH_ABBREVIATED), MATCH_YES);
	args_spell(args, &line);
	ck_assert_str_eq(text_chars(&line), "reset peer 1.1.1.1");
	text_free(&line);
}
END_TEST

static const struct {
	const char *template, *line;
	bool fits;
} shorts[] = {
	{ "ip address <address>:a <mask>:m [ sub ]", "ip address", true },
	{ "ip address <address>:a <mask>:m [ sub ]", "ip address 10.0.0.1", true },
	{ "ip address <address>:a <mask>:m [ sub ]", "ip address 10.0.0.1 24 sub", true },
	{ "ip address <address>:a <mask>:m [ sub ]", "ip", false },
	{ "ip address <address>:a <mask>:m [ sub ]", "ip address 24", false },
	{ "mpls ldp", "mpls", false },
	{ "mpls lsr-id <lsr-id>:id", "mpls", false },
	{ "peer <address>:p enable", "peer", false },
	{ "peer <address>:p enable", "peer 1.1.1.1", false },
	{ "peer <address>:p as-number <1-9>:n", "peer 1.1.1.1 as-number", true },
	{ "cost { <1-9>:n | max }", "cost", true },
	{ "role { active | passive }", "role", false },
	{ "route <address>:d [ tag <1-9>:t ] <mask>:m", "route", true },
};

START_TEST(an_undo_may_leave_out_parameters_at_the_end_but_no_word)
{
	bool yes = match_mode(shorts[_i].template, shorts[_i].line, MATCH_SHORT) == MATCH_YES;

	ck_assert_msg(yes == shorts[_i].fits, "undo `%s` against `%s`", shorts[_i].line, shorts[_i].template);
}
END_TEST

/* --- messages --- */

START_TEST(what_is_expected_is_said_at_the_first_word_that_does_not_fit)
{
	static const char *const t =
	    "ip route-static <address>:d <mask>:m { NULL0 | <address>:h | <ifname>:i } [ tag <1-9>:t | bfd ]*";

	ck_assert_int_eq(match(t, "ip route-static 10.0.0.0 foo"), MATCH_NO);
	ck_assert_uint_eq(far, 3);
	ck_assert_str_eq(text_chars(&expected), "LENGTH|MASK");
	ck_assert_int_eq(match(t, "ip route-static 10.0.0.0 8 :"), MATCH_NO);
	ck_assert_str_eq(text_chars(&expected), "NULL0 or A.B.C.D or INTERFACE");
	ck_assert_int_eq(match(t, "ip route-static 10.0.0.0 8 NULL0 tag 10"), MATCH_NO);
	ck_assert_str_eq(text_chars(&expected), "<1-9>");
	ck_assert_int_eq(match(t, "ip route-static 10.0.0.0 8 NULL0 tag 1 bfd more"), MATCH_NO);
	ck_assert_str_eq(text_chars(&expected), "the end of the line");
	ck_assert_int_eq(match(t, "ip route-static 10.0.0.0"), MATCH_INCOMPLETE);
	ck_assert_uint_eq(far, 3);
	ck_assert_int_eq(match(t, "other"), MATCH_NO);
	ck_assert_uint_eq(far, 0);
}
END_TEST

START_TEST(each_expectation_is_named_once_even_when_one_is_part_of_another)
{
	struct text t = { 0 };

	expected_add(&t, "ldp-sync");
	expected_add(&t, "ldp");
	expected_add(&t, "ldp");
	expected_add(&t, "ldp-sync");
	ck_assert_str_eq(text_chars(&t), "ldp-sync or ldp");
	text_free(&t);
}
END_TEST

START_TEST(command_match_tells_the_same_in_one_string)
{
	char *words[] = { "x", "12" }, why[160];
	size_t reached;

	ck_assert_int_eq(command_match("x <1-9>:n", words, 2, false, args, &reached, why), MATCH_NO);
	ck_assert_uint_eq(reached, 1);
	ck_assert_str_eq(why, "expected <1-9>");
}
END_TEST

START_TEST(a_template_is_described_for_people)
{
	struct text t = { 0 };

	template_describe("a <address>:b <mask>:m { <ifname>:i | <1-9>:n }* [ <prefix>:p | <address6>:s | name "
			  "<word>:name | <text>:t ]",
	    &t);
	ck_assert_str_eq(text_chars(&t),
	    "a A.B.C.D LENGTH|MASK { INTERFACE | <1-9> }* [ ADDRESS/LENGTH | X:X::X:X | name NAME | TEXT ]");
	text_free(&t);
}
END_TEST

/* --- templates that are wrong --- */

static const char *const wrong[] = { "", "  ", "a [ b", "a b ]", "a { b", "a [ ]", "a { b | }", "a <unknown>:x",
	"a <address>", "a <address>:", "a <9-1>:n", "a <0-0>:n", "a <1-4294967296>:n", "a <1-2-3>:n", "a [ b }",
	"[ [ [ [ [ [ [ [ [ a ] ] ] ] ] ] ] ] ]" };

START_TEST(a_template_with_a_mistake_is_refused_with_a_reason)
{
	char why[160] = "";

	ck_assert_msg(!template_is_valid(wrong[_i], why), "`%s`", wrong[_i]);
	ck_assert_uint_gt(strlen(why), 5);
}
END_TEST

/* Every line that is cut short of a match fits as far as it goes, and says what comes next. */
START_TEST(a_line_cut_at_any_word_is_incomplete_and_never_more)
{
	static const char *const words[] = { "bfd", "one", "bind", "peer-ip", "10.0.0.1", "interface",
		"GigabitEthernet", "0/1/0", "auto" };
	char line[200] = "";

	for (int i = 0; i < _i; i++) {
		strcat(line, words[i]);
		strcat(line, " ");
	}
	enum match_result r = match("bfd <word>:name bind peer-ip <address>:peer interface <ifname>:i auto", line);
	if (_i == (int)COUNT(words))
		ck_assert_int_eq(r, MATCH_YES);
	else if (_i == 7) /* the kind of an interface without its number is no name */
		ck_assert_int_eq(r, MATCH_NO);
	else
		ck_assert_int_eq(r, MATCH_INCOMPLETE);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("template");
	TCase *types = tcase_create("types"), *forms = tcase_create("groups, abbreviations, undo"),
	      *messages = tcase_create("messages");

	tcase_add_checked_fixture(types, setup, teardown);
	tcase_add_loop_test(types, a_parameter_takes_what_is_of_its_type_and_nothing_else, 0, COUNT(values));
	tcase_add_test(types, values_are_found_by_name);
	tcase_add_test(types, an_address_without_a_mask_is_a_hosts_prefix);
	tcase_add_test(types, a_mask_that_turned_out_to_be_something_else_leaves_no_trace);
	tcase_add_test(types, a_word_of_the_template_is_not_a_parameter_of_the_same_name);
	tcase_add_test(types, parameters_of_the_enclosing_view_are_found_and_those_of_the_line_come_first);
	tcase_add_test(types, interface_names_get_their_own_spelling);
	tcase_add_test(types, a_very_long_interface_name_is_neither_cut_nor_taken);
	suite_add_tcase(s, types);
	tcase_add_checked_fixture(forms, setup, teardown);
	tcase_add_loop_test(forms, groups_take_what_they_say, 0, COUNT(groups));
	tcase_add_test(forms, an_alternative_that_was_tried_in_vain_leaves_no_parameter);
	tcase_add_test(forms, words_are_abbreviated_on_the_command_line_only);
	tcase_add_loop_test(forms, an_undo_may_leave_out_parameters_at_the_end_but_no_word, 0, COUNT(shorts));
	suite_add_tcase(s, forms);
	tcase_add_checked_fixture(messages, setup, teardown);
	tcase_add_test(messages, what_is_expected_is_said_at_the_first_word_that_does_not_fit);
	tcase_add_test(messages, each_expectation_is_named_once_even_when_one_is_part_of_another);
	tcase_add_test(messages, command_match_tells_the_same_in_one_string);
	tcase_add_test(messages, a_template_is_described_for_people);
	tcase_add_loop_test(messages, a_template_with_a_mistake_is_refused_with_a_reason, 0, COUNT(wrong));
	tcase_add_loop_test(messages, a_line_cut_at_any_word_is_incomplete_and_never_more, 1, 10);
	suite_add_tcase(s, messages);
	return s;
}

CHECK_MAIN(suite)
