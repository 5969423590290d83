/* Prefix lists: order, lengths, and what is not there. */
#include "base/prefix_list.h"
#include "helper/check.h"
#include <string.h>

static struct prefix_lists lists, copy;

static void
teardown(void)
{
	prefix_lists_free(&lists);
	prefix_lists_free(&copy);
}

static void
rule(const char *name, uint32_t index, bool permit, const char *prefix, uint8_t ge, uint8_t le)
{
	struct prefix_rule r = { .index = index, .permit = permit };

	ck_assert(prefix_parse(prefix, &r.prefix));
	r.greater_equal = ge ? ge : r.prefix.len;
	r.less_equal = le ? le : ge ? 32 : r.prefix.len;
	ck_assert(prefix_lists_set(&lists, name, r));
}

static bool
permits(const char *name, const char *prefix)
{
	struct prefix p;

	ck_assert(prefix_parse(prefix, &p));
	return prefix_list_permits(prefix_lists_find(&lists, name), &p);
}

START_TEST(the_first_rule_that_matches_decides_by_index_not_by_age)
{
	rule("a", 20, true, "10.0.0.0/8", 8, 32);
	rule("a", 10, false, "10.1.0.0/16", 16, 32);
	ck_assert(permits("a", "10.2.0.0/16"));
	ck_assert(!permits("a", "10.1.2.0/24"));
	ck_assert_uint_eq(lists.lists[0].rules[0].index, 10);
}
END_TEST

START_TEST(lengths_are_exact_unless_a_range_is_given)
{
	rule("a", 0, true, "10.0.0.0/8", 0, 0);
	ck_assert(permits("a", "10.0.0.0/8"));
	ck_assert(!permits("a", "10.0.0.0/9"));
	ck_assert(!permits("a", "0.0.0.0/0"));
	rule("hosts", 0, true, "0.0.0.0/0", 32, 32);
	ck_assert(permits("hosts", "192.0.2.1/32"));
	ck_assert(!permits("hosts", "192.0.2.0/31"));
}
END_TEST

START_TEST(what_no_rule_matches_is_denied_and_a_list_that_is_not_there_permits)
{
	rule("a", 0, true, "10.0.0.0/8", 8, 32);
	ck_assert(!permits("a", "11.0.0.0/8"));
	ck_assert(permits("b", "11.0.0.0/8"));
	ck_assert_msg(!permits("a", "2001:db8::1/128"), "another family never matches");
}
END_TEST

START_TEST(a_rule_without_an_index_goes_behind_the_last_and_one_of_the_same_index_replaces)
{
	rule("a", 15, true, "10.0.0.0/8", 0, 0);
	rule("a", 0, true, "11.0.0.0/8", 0, 0);
	ck_assert_uint_eq(lists.lists[0].rules[1].index, 25);
	rule("a", 15, false, "12.0.0.0/8", 0, 0);
	ck_assert_uint_eq(lists.lists[0].count, 2);
	ck_assert(!lists.lists[0].rules[0].permit);
	rule("a", UINT32_MAX - 9, true, "13.0.0.0/8", 0, 0);
	ck_assert_msg(!prefix_lists_set(&lists, "a", (struct prefix_rule){ .permit = true }), "no index is left");
	ck_assert_uint_eq(lists.lists[0].count, 3);
}
END_TEST

START_TEST(the_last_rule_takes_its_list_along)
{
	rule("a", 10, true, "10.0.0.0/8", 0, 0);
	rule("a", 20, true, "11.0.0.0/8", 0, 0);
	rule("b", 10, true, "11.0.0.0/8", 0, 0);
	ck_assert(!prefix_lists_remove(&lists, "a", 30));
	ck_assert(prefix_lists_remove(&lists, "a", 10));
	ck_assert(prefix_lists_remove(&lists, "a", 20));
	ck_assert_ptr_null(prefix_lists_find(&lists, "a"));
	ck_assert(prefix_lists_remove(&lists, "b", 0));
	ck_assert_uint_eq(lists.count, 0);
	ck_assert(!prefix_lists_remove(&lists, "b", 0));
}
END_TEST

START_TEST(a_copy_is_equal_until_one_changes)
{
	rule("a", 10, true, "10.0.0.0/8", 0, 0);
	rule("b", 10, true, "11.0.0.0/8", 0, 0);
	prefix_lists_copy(&copy, &lists);
	ck_assert(prefix_lists_equal(&copy, &lists));
	rule("b", 10, false, "11.0.0.0/8", 0, 0);
	ck_assert(!prefix_lists_equal(&copy, &lists));
	ck_assert(copy.lists[1].rules[0].permit);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("prefix lists");
	TCase *c = tcase_create("policies");

	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, the_first_rule_that_matches_decides_by_index_not_by_age);
	tcase_add_test(c, lengths_are_exact_unless_a_range_is_given);
	tcase_add_test(c, what_no_rule_matches_is_denied_and_a_list_that_is_not_there_permits);
	tcase_add_test(c, a_rule_without_an_index_goes_behind_the_last_and_one_of_the_same_index_replaces);
	tcase_add_test(c, the_last_rule_takes_its_list_along);
	tcase_add_test(c, a_copy_is_equal_until_one_changes);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
