/* The timer wheel against a plain list, over spans from microseconds to days. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/wheel.h"
#include "helper/check.h"

enum { NODES = 500 };
static struct wheel wheel;
static struct wheel_node nodes[NODES];
static usec_t want[NODES];
static struct rng rng;

static void
setup(void)
{
	rng_seed(&rng, 7);
	wheel_init(&wheel, 1000);
	for (unsigned i = 0; i < NODES; i++) {
		wheel_node_init(&nodes[i], i);
		want[i] = USEC_NEVER;
	}
}

static usec_t
first_wanted(void)
{
	usec_t first = USEC_NEVER;

	for (unsigned i = 0; i < NODES; i++)
		first = usec_min(first, want[i]);
	return first;
}

START_TEST(an_empty_wheel_has_no_deadline)
{
	ck_assert(wheel_next(&wheel) == USEC_NEVER);
	ck_assert_ptr_null(wheel_due(&wheel, 123456789));
}
END_TEST

START_TEST(a_deadline_comes_out_at_its_microsecond_and_not_before)
{
	static const usec_t at[] = { 1000, 1001, 1127, 1128, 40000, 9000000, UINT64_C(3000000000),
		UINT64_C(900000000000) };

	for (unsigned i = 0; i < COUNT(at); i++) {
		setup();
		wheel_set(&wheel, &nodes[0], at[i]);
		ck_assert(wheel_next(&wheel) <= at[i]);
		if (at[i] > 1000)
			ck_assert_ptr_null(wheel_due(&wheel, at[i] - 1));
		ck_assert_ptr_eq(wheel_due(&wheel, at[i]), &nodes[0]);
		ck_assert(nodes[0].at == USEC_NEVER);
		ck_assert(wheel_next(&wheel) == USEC_NEVER);
	}
}
END_TEST

START_TEST(a_deadline_in_the_past_is_due_at_once)
{
	wheel_due(&wheel, 5000000);
	wheel_set(&wheel, &nodes[0], 17);
	ck_assert(wheel_next(&wheel) <= 5000000);
	ck_assert_ptr_eq(wheel_due(&wheel, 5000000), &nodes[0]);
}
END_TEST

START_TEST(what_was_set_anew_or_cleared_does_not_come_at_its_old_time)
{
	wheel_set(&wheel, &nodes[0], 2000);
	wheel_set(&wheel, &nodes[1], 2000);
	wheel_set(&wheel, &nodes[0], 70000);
	wheel_clear(&wheel, &nodes[1]);
	ck_assert_ptr_null(wheel_due(&wheel, 69999));
	ck_assert_ptr_eq(wheel_due(&wheel, 70000), &nodes[0]);
	ck_assert_ptr_null(wheel_due(&wheel, 80000));
}
END_TEST

/* Random sets, clears and leaps in time: the wheel and a plain list agree on everything that is due. */
START_TEST(it_agrees_with_a_plain_list)
{
	static const usec_t spans[] = { 10, 300, 40000, 3000000, UINT64_C(20000000000) };
	usec_t now = 1000;

	for (unsigned round = 0; round < 20000; round++) {
		unsigned i = (unsigned)rng_below(&rng, NODES);
		usec_t span = spans[rng_below(&rng, COUNT(spans))];

		want[i] = rng_below(&rng, 5) ? now + rng_below(&rng, span) : USEC_NEVER;
		wheel_set(&wheel, &nodes[i], want[i]);
		if (round % 3)
			continue;
		ck_assert_msg(wheel_next(&wheel) <= first_wanted(), "a deadline would be missed");
		ck_assert((wheel_next(&wheel) == USEC_NEVER) == (first_wanted() == USEC_NEVER));
		now += rng_below(&rng, spans[rng_below(&rng, COUNT(spans))]);
		for (struct wheel_node *n; (n = wheel_due(&wheel, now));) {
			ck_assert_msg(want[n->kind] <= now, "%u came out early", n->kind);
			want[n->kind] = USEC_NEVER;
		}
		ck_assert_msg(first_wanted() > now, "one that is due stayed in");
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("wheel");
	TCase *c = tcase_create("deadlines");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, an_empty_wheel_has_no_deadline);
	tcase_add_test(c, a_deadline_comes_out_at_its_microsecond_and_not_before);
	tcase_add_test(c, a_deadline_in_the_past_is_due_at_once);
	tcase_add_test(c, what_was_set_anew_or_cleared_does_not_come_at_its_old_time);
	tcase_add_test(c, it_agrees_with_a_plain_list);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
