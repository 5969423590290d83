/* Label pools: who gets which label, and when one is used again. */
#include "base/label.h"
#include "tests/helper/check.h"

static struct label_pool *pool;

static void
setup(void)
{
	pool = label_pool_new(100, 103, 30 * USEC_PER_SEC);
}

static void
teardown(void)
{
	label_pool_free(pool);
}

START_TEST(labels_come_in_order_until_none_is_left)
{
	for (uint32_t i = 100; i <= 103; i++)
		ck_assert_uint_eq(label_pool_take(pool, 0), i);
	ck_assert_uint_eq(label_pool_take(pool, 0), LABEL_UNSET);
	ck_assert_uint_eq(label_pool_used(pool), 4);
}
END_TEST

START_TEST(a_label_given_back_rests_and_comes_after_every_fresh_one)
{
	uint32_t first = label_pool_take(pool, 0);
	label_pool_give(pool, first, 0);
	ck_assert_uint_eq(label_pool_take(pool, 0), 101);
	ck_assert_uint_eq(label_pool_take(pool, 0), 102);
	ck_assert_uint_eq(label_pool_take(pool, 0), 103);
	ck_assert_uint_eq(label_pool_take(pool, 30 * USEC_PER_SEC - 1), LABEL_UNSET);
	ck_assert_uint_eq(label_pool_take(pool, 30 * USEC_PER_SEC), first);
}
END_TEST

START_TEST(a_claimed_label_is_handed_to_nobody_else)
{
	ck_assert(label_pool_claim(pool, 102));
	ck_assert(!label_pool_claim(pool, 102));
	ck_assert(!label_pool_claim(pool, 99));
	ck_assert(!label_pool_claim(pool, 104));
	ck_assert_uint_eq(label_pool_take(pool, 0), 100);
	ck_assert_uint_eq(label_pool_take(pool, 0), 101);
	ck_assert_uint_eq(label_pool_take(pool, 0), 103);
	ck_assert_uint_eq(label_pool_take(pool, 0), LABEL_UNSET);
}
END_TEST

START_TEST(a_claimed_label_given_back_rests_like_any_other)
{
	ck_assert(label_pool_claim(pool, 101));
	label_pool_give(pool, 101, 0);
	ck_assert_uint_eq(label_pool_take(pool, 0), 100);
	ck_assert_uint_eq(label_pool_take(pool, 0), 102);
	ck_assert_uint_eq(label_pool_take(pool, 0), 103);
	ck_assert_uint_eq(label_pool_take(pool, 0), LABEL_UNSET);
	ck_assert_uint_eq(label_pool_take(pool, 30 * USEC_PER_SEC), 101);
}
END_TEST

START_TEST(the_first_label_may_be_chosen_and_the_range_is_still_used_up)
{
	label_pool_start(pool, 102);
	ck_assert_uint_eq(label_pool_take(pool, 0), 102);
	ck_assert_uint_eq(label_pool_take(pool, 0), 103);
	ck_assert_uint_eq(label_pool_take(pool, 0), 100);
	ck_assert_uint_eq(label_pool_take(pool, 0), 101);
	ck_assert_uint_eq(label_pool_take(pool, 0), LABEL_UNSET);
}
END_TEST

START_TEST(a_resting_label_may_be_claimed_and_is_not_handed_out_then)
{
	for (int i = 0; i < 4; i++)
		label_pool_take(pool, 0);
	label_pool_give(pool, 101, 0);
	ck_assert(label_pool_claim(pool, 101));
	ck_assert_uint_eq(label_pool_take(pool, 60 * USEC_PER_SEC), LABEL_UNSET);
	ck_assert_uint_eq(label_pool_used(pool), 4);
}
END_TEST

START_TEST(what_is_not_taken_cannot_be_given)
{
	label_pool_give(pool, 100, 0);
	label_pool_give(pool, 99, 0);
	uint32_t first = label_pool_take(pool, 0);
	label_pool_give(pool, first, 0);
	label_pool_give(pool, first, 0);
	for (int i = 0; i < 3; i++)
		label_pool_take(pool, 0);
	ck_assert_uint_eq(label_pool_take(pool, 60 * USEC_PER_SEC), first);
	ck_assert_uint_eq(label_pool_take(pool, 60 * USEC_PER_SEC), LABEL_UNSET);
	ck_assert_uint_eq(label_pool_used(pool), 4);
}
END_TEST

START_TEST(reserved_labels_without_a_meaning_are_not_valid)
{
	static const bool valid[17] = { true, true, true, true, [7] = true, [13] = true, [14] = true, [16] = true };
	ck_assert_int_eq(label_is_valid((uint32_t)_i), valid[_i]);
	ck_assert(label_is_valid(LABEL_MAX));
	ck_assert(!label_is_valid(LABEL_MAX + 1));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("base label");
	TCase *t = tcase_create("pool");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, labels_come_in_order_until_none_is_left);
	tcase_add_test(t, a_label_given_back_rests_and_comes_after_every_fresh_one);
	tcase_add_test(t, a_claimed_label_is_handed_to_nobody_else);
	tcase_add_test(t, a_claimed_label_given_back_rests_like_any_other);
	tcase_add_test(t, the_first_label_may_be_chosen_and_the_range_is_still_used_up);
	tcase_add_test(t, a_resting_label_may_be_claimed_and_is_not_handed_out_then);
	tcase_add_test(t, what_is_not_taken_cannot_be_given);
	suite_add_tcase(s, t);
	t = tcase_create("RFC 3032 2.1");
	tcase_add_loop_test(t, reserved_labels_without_a_meaning_are_not_valid, 0, 17);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
