/* What clients are told of a path (RFC 5882 sections 3 and 4): grace of a new session, AdminDown, wait to restore, damping. */
#include "tests/helper/check.h"
#include "tests/unit/bfdd/front.h"

enum { LOCAL = 8192 };
static struct front *f;

static void
begin(uint16_t wtr_min, uint32_t initial_ms, uint32_t secondary_ms, uint32_t maximum_ms)
{
	f = front_new();
	f->config.damping.initial_ms = initial_ms;
	f->config.damping.secondary_ms = secondary_ms;
	f->config.damping.maximum_ms = maximum_ms;
	front_session(f, "s", "10.1.1.2", "GE0/1/0")->wtr_min = wtr_min;
	front_configure(f);
	front_take(f);
}

static void
setup(void)
{
	begin(0, 0, 0, 0);
}

static void
teardown(void)
{
	front_free(f);
}

static Bfd__Verdict
verdict(void)
{
	return front_row(f, "s")->verdict;
}

#define IS(v) ck_assert_int_eq(verdict(), BFD__VERDICT__##v)
#define SAY(state, remote) front_say(f, LOCAL, BFD_##state, BFD_##remote)

START_TEST(a_new_session_says_nothing_for_a_while_and_is_dead_then)
{
	IS(UNKNOWN);
	front_pass(f, BFD_GRACE_MS * USEC_PER_MSEC - 1);
	IS(UNKNOWN);
	front_pass(f, 1);
	IS(DEAD);
}
END_TEST

START_TEST(up_is_told_at_once_and_so_is_its_end)
{
	SAY(INIT, DOWN);
	IS(UNKNOWN);
	SAY(UP, UP);
	IS(ALIVE);
	ck_assert(front_logged(f, "s (10.1.1.2) is Up"));
	SAY(DOWN, UP);
	IS(DEAD);
	ck_assert(front_logged(f, "s (10.1.1.2) is Down"));
	SAY(UP, UP);
	IS(ALIVE);
}
END_TEST

START_TEST(the_end_of_the_grace_does_not_touch_what_is_up)
{
	SAY(UP, UP);
	front_pass(f, 60 * USEC_PER_SEC);
	IS(ALIVE);
}
END_TEST

START_TEST(an_end_that_is_administratively_down_says_nothing_about_the_path)
{
	SAY(UP, UP);
	SAY(DOWN, ADMIN_DOWN);
	IS(UNWATCHED);
	front_pass(f, 60 * USEC_PER_SEC);
	IS(UNWATCHED);
	SAY(DOWN, DOWN); /* the other end is back, and not up yet */
	IS(UNWATCHED);
	SAY(UP, UP);
	IS(ALIVE);
}
END_TEST

START_TEST(our_own_end_switched_off_and_on_again_starts_anew)
{
	SAY(UP, UP);
	SAY(ADMIN_DOWN, UP);
	IS(UNWATCHED);
	SAY(DOWN, DOWN);
	IS(UNKNOWN);
	front_pass(f, BFD_GRACE_MS * USEC_PER_MSEC);
	IS(DEAD);
}
END_TEST

START_TEST(after_a_failure_up_is_told_when_it_has_lasted)
{
	teardown();
	begin(1, 0, 0, 0);
	SAY(UP, UP);
	IS(ALIVE); /* the first time there is nothing to restore */
	SAY(DOWN, UP);
	IS(DEAD);
	SAY(UP, UP);
	IS(DEAD);
	ck_assert(front_row(f, "s")->waiting);
	front_pass(f, 59 * USEC_PER_SEC);
	IS(DEAD);
	SAY(DOWN, UP); /* it did not last: from the beginning */
	SAY(UP, UP);
	front_pass(f, 59 * USEC_PER_SEC);
	IS(DEAD);
	front_pass(f, USEC_PER_SEC);
	IS(ALIVE);
	ck_assert(!front_row(f, "s")->waiting);
}
END_TEST

/* How long it takes until Up is told. */
static usec_t
patience(void)
{
	usec_t start = f->now;

	SAY(DOWN, UP);
	SAY(UP, UP);
	while (verdict() != BFD__VERDICT__ALIVE) {
		ck_assert(bfd_due(f->bfd) != USEC_NEVER);
		front_pass(f, bfd_due(f->bfd) - f->now);
	}
	return f->now - start;
}

START_TEST(a_session_that_fails_again_and_again_is_believed_later_each_time)
{
	teardown();
	begin(0, 2000, 5000, 12000);
	SAY(UP, UP);
	ck_assert_uint_eq(patience(), 2 * USEC_PER_SEC);
	ck_assert_uint_eq(patience(), 5 * USEC_PER_SEC);
	ck_assert_uint_eq(patience(), 10 * USEC_PER_SEC);
	ck_assert_uint_eq(patience(), 12 * USEC_PER_SEC);
	ck_assert_uint_eq(patience(), 12 * USEC_PER_SEC);
	front_pass(f, BFD_DAMPING_FORGET * 12 * USEC_PER_SEC);
	ck_assert_uint_eq(patience(), 2 * USEC_PER_SEC);
}
END_TEST

START_TEST(without_damping_nothing_is_held_back)
{
	SAY(UP, UP);
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(patience(), 0);
}
END_TEST

START_TEST(new_timers_do_not_make_a_session_unknown)
{
	SAY(UP, UP);
	bfd_config_session(&f->config, "s")->min_tx_ms = 50;
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 1);
	IS(ALIVE);
}
END_TEST

START_TEST(what_the_core_says_of_a_session_that_is_no_more_is_ignored)
{
	bfd_config_session_remove(&f->config, "s");
	front_configure(f);
	front_take(f);
	SAY(UP, UP);
	ck_assert_uint_eq(front_rows(f), 0);
	front_gone(f, LOCAL);
	front_gone(f, 4711);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bfdd verdict");
	TCase *t = tcase_create("verdicts");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_new_session_says_nothing_for_a_while_and_is_dead_then);
	tcase_add_test(t, up_is_told_at_once_and_so_is_its_end);
	tcase_add_test(t, the_end_of_the_grace_does_not_touch_what_is_up);
	tcase_add_test(t, an_end_that_is_administratively_down_says_nothing_about_the_path);
	tcase_add_test(t, our_own_end_switched_off_and_on_again_starts_anew);
	tcase_add_test(t, after_a_failure_up_is_told_when_it_has_lasted);
	tcase_add_test(t, a_session_that_fails_again_and_again_is_believed_later_each_time);
	tcase_add_test(t, without_damping_nothing_is_held_back);
	tcase_add_test(t, new_timers_do_not_make_a_session_unknown);
	tcase_add_test(t, what_the_core_says_of_a_session_that_is_no_more_is_ignored);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
