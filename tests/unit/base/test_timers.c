/* Deadlines, label pools, text, and the outbox. */
#include "base/label.h"
#include "base/mem.h"
#include "base/outbox.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/timers.h"
#include "helper/check.h"
#include <stdio.h>
#include <string.h>

START_TEST(deadlines_come_in_order_and_equals_in_the_order_they_were_set)
{
	enum { TIMERS = 500 };
	static struct timer timers[TIMERS];
	struct timers ts;
	struct rng rng;

	rng_seed(&rng, (uint64_t)_i);
	timers_init(&ts);
	for (uint32_t i = 0; i < TIMERS; i++)
		timer_init(&timers[i], i);
	for (int step = 0; step < 5000; step++) {
		struct timer *t = &timers[rng_below(&rng, TIMERS)];
		timer_set(&ts, t, rng_below(&rng, 4) ? rng_below(&rng, 50) : USEC_NEVER);
	}
	usec_t at = 0;
	uint64_t order = 0;
	while (ts.count) {
		usec_t next = timers_next(&ts);
		ck_assert_ptr_null(next ? timers_due(&ts, next - 1) : NULL);
		struct timer *t = ts.heap[1];
		uint64_t its_order = t->order;
		ck_assert_ptr_eq(timers_due(&ts, next), t);
		ck_assert(!timer_is_set(t));
		ck_assert(next > at || (next == at && its_order > order) || at == 0);
		at = next;
		order = its_order;
	}
	ck_assert_uint_eq(timers_next(&ts), USEC_NEVER);
	timers_free(&ts);
}
END_TEST

START_TEST(a_label_given_back_rests_until_its_delay_is_over)
{
	struct label_pool *p = label_pool_new(100, 102, 30);

	ck_assert_uint_eq(label_pool_take(p, 0), 100);
	ck_assert(label_pool_claim(p, 101));
	ck_assert(!label_pool_claim(p, 101));
	ck_assert(!label_pool_claim(p, 99));
	ck_assert_uint_eq(label_pool_take(p, 0), 102); /* passes over the claimed one */
	ck_assert_uint_eq(label_pool_take(p, 0), LABEL_UNSET);
	label_pool_give(p, 102, 10);
	label_pool_give(p, 100, 11);
	ck_assert_uint_eq(label_pool_take(p, 39), LABEL_UNSET);
	ck_assert_uint_eq(label_pool_take(p, 40), 102); /* the one that rested longest */
	ck_assert_uint_eq(label_pool_take(p, 40), LABEL_UNSET);
	ck_assert_uint_eq(label_pool_take(p, 41), 100);
	ck_assert_uint_eq(label_pool_used(p), 3);
	label_pool_give(p, 100, 50);
	label_pool_give(p, 100, 50); /* twice is once */
	ck_assert_uint_eq(label_pool_used(p), 2);
	label_pool_free(p);
}
END_TEST

START_TEST(columns_are_as_wide_as_their_widest_cell_and_lines_end_without_blanks)
{
	struct text_table *t = text_table_new(3);
	struct text out = { 0 };
	static const char *const cells[] = { "a", "long", "x", "longer", "b", "" };

	for (size_t i = 0; i < COUNT(cells); i++)
		text_cell(t, "%s", cells[i]);
	text_table_print(t, " ", &out);
	ck_assert_str_eq(out.chars, " a       long  x\n longer  b\n");
	text_table_free(t);
	text_free(&out);
}
END_TEST

START_TEST(ages_read_as_the_references_print_them)
{
	char out[16];

	ck_assert_str_eq(text_age_ddddhhmm(142 * 60, out), "0000:02:22");
	ck_assert_str_eq(text_age_ddddhhmm(86400 * 3 + 61, out), "0003:00:01");
	ck_assert_str_eq(text_age_hhmmss(8 * 60 + 22, out), "00:08:22");
}
END_TEST

START_TEST(effects_are_read_in_order_with_their_own_bytes)
{
	struct outbox *o = outbox_new();
	char bytes[16];

	for (uint32_t i = 0; i < 1000; i++) {
		int n = snprintf(bytes, sizeof bytes, "%u", i);
		outbox_add(
		    o, &(struct effect){
			   .kind = EFFECT_STREAM_SEND, .where = i, .bytes = (uint8_t *)bytes, .size = (size_t)n });
	}
	for (uint32_t i = 0; i < 1000; i++) {
		struct effect e = outbox_at(o, i);
		int n = snprintf(bytes, sizeof bytes, "%u", i);
		ck_assert_uint_eq(e.where, i);
		ck_assert_uint_eq(e.size, n);
		ck_assert_mem_eq(e.bytes, bytes, (size_t)n);
	}
	outbox_clear(o);
	outbox_log(o, 4, 77, "%s is %d", "x", 3);
	ck_assert_uint_eq(outbox_count(o), 1);
	ck_assert_str_eq((const char *)outbox_at(o, 0).bytes, "x is 3");
	outbox_free(o);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("timers, labels, text, outbox");
	TCase *c = tcase_create("containers");

	tcase_add_loop_test(c, deadlines_come_in_order_and_equals_in_the_order_they_were_set, 0, 5);
	tcase_add_test(c, a_label_given_back_rests_until_its_delay_is_over);
	tcase_add_test(c, columns_are_as_wide_as_their_widest_cell_and_lines_end_without_blanks);
	tcase_add_test(c, ages_read_as_the_references_print_them);
	tcase_add_test(c, effects_are_read_in_order_with_their_own_bytes);
	suite_add_tcase(s, c);
	return s;
}

CHECK_MAIN(suite)
