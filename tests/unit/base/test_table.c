/* Tables: what a cursor reads adds up to the table, whatever the reader's pace. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/table.h"
#include "helper/check.h"
#include <string.h>

enum { OBJECTS = 3000, READERS = 3 };

struct object {
	uint32_t id, version;
	struct row row;
};
struct reader {
	struct cursor cursor;
	uint32_t versions[OBJECTS]; /* 0: not there */
};

static size_t
pack_key(const void *ctx, const struct row *row, uint8_t *out, size_t room)
{
	(void)ctx;
	ck_assert_uint_ge(room, 4);
	memcpy(out, &CONST_OBJECT(row, struct object, row)->id, 4);
	return 4;
}

static void
read_some(struct reader *r, unsigned limit)
{
	while (limit--) {
		const struct row *row;
		const uint8_t *key;
		size_t size;
		uint32_t id;
		switch (cursor_read(&r->cursor, &row, &key, &size)) {
		case CURSOR_END: return;
		case CURSOR_ROW: {
			const struct object *o = CONST_OBJECT(row, struct object, row);
			r->versions[o->id] = o->version;
			break;
		}
		case CURSOR_GONE:
			memcpy(&id, key, 4);
			r->versions[id] = 0;
			break;
		case CURSOR_RESTART: memset(r->versions, 0, sizeof r->versions); break;
		}
	}
}

static struct object objects[OBJECTS];
static struct table table;

static void
start(void)
{
	memset(objects, 0, sizeof objects);
	for (uint32_t i = 0; i < OBJECTS; i++)
		objects[i].id = i;
	table_init(&table, "test.Object", NULL);
	table.pack_key = pack_key;
}

START_TEST(changes_are_read_in_order)
{
	struct cursor c;
	const struct row *row;
	const uint8_t *key;
	size_t size;

	start();
	cursor_open(&c, &table);
	table_changed(&table, &objects[1].row);
	table_changed(&table, &objects[2].row);
	table_changed(&table, &objects[1].row); /* moves to the end */
	ck_assert_int_eq(cursor_read(&c, &row, &key, &size), CURSOR_ROW);
	ck_assert_ptr_eq(row, &objects[2].row);
	ck_assert_int_eq(cursor_read(&c, &row, &key, &size), CURSOR_ROW);
	ck_assert_ptr_eq(row, &objects[1].row);
	ck_assert_int_eq(cursor_read(&c, &row, &key, &size), CURSOR_END);
	cursor_close(&c);
	table_gone(&table, &objects[1].row);
	table_gone(&table, &objects[2].row);
	table_free(&table);
}
END_TEST

START_TEST(a_row_that_changed_a_thousand_times_is_read_once)
{
	struct cursor c;
	const struct row *row;
	const uint8_t *key;
	size_t size;

	start();
	cursor_open(&c, &table);
	for (int i = 0; i < 1000; i++)
		table_changed(&table, &objects[7].row);
	ck_assert_int_eq(cursor_read(&c, &row, &key, &size), CURSOR_ROW);
	ck_assert_int_eq(cursor_read(&c, &row, &key, &size), CURSOR_END);
	cursor_close(&c);
	table_gone(&table, &objects[7].row);
	table_free(&table);
}
END_TEST

START_TEST(without_readers_no_tombstone_is_kept)
{
	start();
	for (int i = 0; i < 100; i++)
		table_changed(&table, &objects[i].row);
	for (int i = 0; i < 100; i++)
		table_gone(&table, &objects[i].row);
	ck_assert_uint_eq(table.tombstones, 0);
	ck_assert_ptr_null(table.oldest);
	table_free(&table);
}
END_TEST

START_TEST(a_reader_that_never_reads_bounds_nothing_and_must_start_over)
{
	static struct reader r;

	start();
	memset(&r, 0, sizeof r);
	cursor_open(&r.cursor, &table);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < OBJECTS; i++)
			table_changed(&table, &objects[i].row);
		for (int i = 1; i < OBJECTS; i++)
			table_gone(&table, &objects[i].row);
		ck_assert_uint_le(table.tombstones, table.count + TABLE_TOMBSTONES);
	}
	objects[0].version = 5;
	memset(r.versions, 0xff, sizeof r.versions); /* whatever it believed */
	read_some(&r, UINT32_MAX);
	for (int i = 0; i < OBJECTS; i++)
		ck_assert_uint_eq(r.versions[i], i ? 0 : 5);
	cursor_close(&r.cursor);
	table_gone(&table, &objects[0].row);
	table_free(&table);
}
END_TEST

/* Random changes, deletions and returns; readers of different pace, one of which is slow beyond all bounds. */
START_TEST(whatever_the_pace_the_reader_ends_with_the_table)
{
	static struct reader readers[READERS];
	struct rng rng;

	start();
	rng_seed(&rng, (uint64_t)_i + 1);
	memset(readers, 0, sizeof readers);
	for (int k = 0; k < READERS; k++)
		cursor_open(&readers[k].cursor, &table);
	for (int step = 0; step < 60000; step++) {
		struct object *o = &objects[rng_below(&rng, OBJECTS)];
		if (rng_below(&rng, 3) == 0) {
			table_gone(&table, &o->row);
		} else {
			o->version = (uint32_t)step + 1;
			table_changed(&table, &o->row);
		}
		for (int k = 0; k < READERS - 1; k++)
			if (rng_below(&rng, 20) == 0)
				read_some(&readers[k], (unsigned)rng_below(&rng, k ? 400 : 15));
	}
	for (int k = 0; k < READERS; k++) {
		read_some(&readers[k], UINT32_MAX);
		for (int i = 0; i < OBJECTS; i++)
			ck_assert_msg(
			    readers[k].versions[i] == (row_is_in_table(&objects[i].row) ? objects[i].version : 0),
			    "seed %d, reader %d, object %d: read version %u", _i + 1, k, i, readers[k].versions[i]);
		cursor_close(&readers[k].cursor);
	}
	ck_assert_uint_eq(table.tombstones, 0);
	for (int i = 0; i < OBJECTS; i++)
		table_gone(&table, &objects[i].row);
	table_free(&table);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("table");
	TCase *c = tcase_create("cursors");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, changes_are_read_in_order);
	tcase_add_test(c, a_row_that_changed_a_thousand_times_is_read_once);
	tcase_add_test(c, without_readers_no_tombstone_is_kept);
	tcase_add_test(c, a_reader_that_never_reads_bounds_nothing_and_must_start_over);
	tcase_add_loop_test(c, whatever_the_pace_the_reader_ends_with_the_table, 0, 4);
	suite_add_tcase(s, c);
	return s;
}

CHECK_MAIN(suite)
