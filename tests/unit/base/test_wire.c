/* The cursor: everything that was there is read, nothing beyond, and one failure is never forgotten. */
#include "base/wire.h"
#include "helper/check.h"
#include <string.h>

static const uint8_t sample[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18 };

START_TEST(numbers_are_read_in_network_order)
{
	struct wire_reader r = wire_reader(sample, sizeof sample);

	ck_assert_uint_eq(wire_u8(&r), 0x01);
	ck_assert_uint_eq(wire_u16(&r), 0x0203);
	ck_assert_uint_eq(wire_u24(&r), 0x040506);
	ck_assert_uint_eq(wire_u32(&r), 0x0708090a);
	ck_assert_uint_eq(wire_u64(&r), UINT64_C(0x0b0c0d0e0f101112));
	ck_assert(wire_done(&r));
}
END_TEST

START_TEST(numbers_are_written_as_they_are_read)
{
	uint8_t bytes[sizeof sample];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	wire_put_u8(&w, 0x01);
	wire_put_u16(&w, 0x0203);
	wire_put_u24(&w, 0x040506);
	wire_put_u32(&w, 0x0708090a);
	wire_put_u64(&w, UINT64_C(0x0b0c0d0e0f101112));
	ck_assert(!w.full);
	ck_assert_mem_eq(bytes, sample, sizeof sample);
}
END_TEST

/* The same reads on the sample cut at every byte. */
START_TEST(a_cut_sample_fails_once_and_for_all)
{
	struct wire_reader r = wire_reader(sample, (size_t)_i);

	wire_u8(&r);
	wire_u16(&r);
	wire_u24(&r);
	wire_u32(&r);
	wire_u64(&r);
	ck_assert(!wire_ok(&r));
	size_t short_at = r.short_at;
	ck_assert_uint_le(short_at, (size_t)_i);
	ck_assert_uint_eq(wire_u8(&r), 0);
	ck_assert_uint_eq(r.short_at, short_at);
	ck_assert_uint_eq(wire_left(&r), 0);
	ck_assert_ptr_null(wire_bytes(&r, 0));
}
END_TEST

START_TEST(a_view_of_a_part_ends_where_the_part_ends)
{
	struct wire_reader r = wire_reader(sample, sizeof sample);
	struct wire_reader part = wire_sub(&r, 3);

	ck_assert_uint_eq(wire_u16(&part), 0x0102);
	ck_assert_uint_eq(wire_u16(&part), 0);
	ck_assert(!wire_ok(&part));
	ck_assert(wire_ok(&r));
	ck_assert_uint_eq(wire_u8(&r), 4);
	part = wire_sub(&r, 100);
	ck_assert(!wire_ok(&part));
	ck_assert(!wire_ok(&r));
}
END_TEST

START_TEST(a_full_writer_writes_nothing_more)
{
	uint8_t bytes[4] = { 0, 0, 0, 0x55 };
	struct wire_writer w = wire_writer(bytes, 3);

	wire_put_u16(&w, 0x0102);
	wire_put_u16(&w, 0x0304);
	ck_assert(w.full);
	wire_put_u8(&w, 9);
	ck_assert_uint_eq(w.at, 2);
	ck_assert_uint_eq(bytes[2], 0);
	ck_assert_uint_eq(bytes[3], 0x55);
}
END_TEST

START_TEST(a_length_counts_what_follows_it)
{
	uint8_t bytes[16];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	struct wire_mark m = wire_hold_u16(&w);

	wire_put_u32(&w, 1);
	wire_put_u8(&w, 2);
	wire_fill_length(&w, m);
	ck_assert_uint_eq(bytes[0], 0);
	ck_assert_uint_eq(bytes[1], 5);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("wire");
	TCase *c = tcase_create("cursor");

	tcase_add_test(c, numbers_are_read_in_network_order);
	tcase_add_test(c, numbers_are_written_as_they_are_read);
	tcase_add_loop_test(c, a_cut_sample_fails_once_and_for_all, 0, (int)sizeof sample);
	tcase_add_test(c, a_view_of_a_part_ends_where_the_part_ends);
	tcase_add_test(c, a_full_writer_writes_nothing_more);
	tcase_add_test(c, a_length_counts_what_follows_it);
	suite_add_tcase(s, c);
	return s;
}

CHECK_MAIN(suite)
