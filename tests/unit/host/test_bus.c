/* The table bus between an owner and a mirror in one loop: snapshots, changes, slow readers. */
#include "tests/helper/bus.h"

static struct place place;
static struct routes routes;
static struct reader reader;
static struct bus *owner, *follower;

static void
serve(uint32_t count)
{
	routes_make(&routes, count);
	owner = bus_open(place.host, "fibd");
	ck_assert_ptr_nonnull(owner);
	bus_serve(owner, &routes.table);
	bus_publish(owner);
}

static void
setup(void)
{
	place_make(&place);
	place_start(&place);
	reader_make(&reader);
	follower = bus_open(place.host, "ldpd");
	ck_assert_ptr_nonnull(follower);
}

static void
teardown(void)
{
	bus_close(follower);
	bus_close(owner);
	routes_free(&routes);
	reader_free(&reader);
	place_end(&place);
}

static struct mirror *
follow(void)
{
	struct mirror *m = mirror_open(follower, &fib_route_schema, &reader_ops, &reader);

	ck_assert_ptr_nonnull(m);
	return m;
}

START_TEST(a_late_joiner_gets_all_rows_and_then_the_end_of_the_snapshot)
{
	serve(3);
	route_cost(&routes, 1, 7);
	struct mirror *m = follow();
	ck_assert(!mirror_is_synced(m));
	RUN_UNTIL(&place, reader.synced);
	ck_assert_str_eq(reader.story, "acb."); /* in order of last change */
	ck_assert_uint_eq(reader.cost[1], 7);
	ck_assert_uint_eq(reader.cost[2], 1);
	ck_assert_uint_eq(reader.last_round, 1);
	ck_assert(mirror_is_synced(m));
	ck_assert_uint_eq(reader.lost + reader.refused, 0);
}
END_TEST

START_TEST(an_empty_table_has_an_end_too)
{
	serve(0);
	follow();
	RUN_UNTIL(&place, reader.synced);
	ck_assert_str_eq(reader.story, ".");
}
END_TEST

START_TEST(a_mirror_that_was_there_first_finds_its_owner)
{
	follow();
	sd_event_run(host_loop(place.host), 0);
	serve(1);
	RUN_UNTIL(&place, reader.synced);
	ck_assert_str_eq(reader.story, "a.");
}
END_TEST

START_TEST(changes_and_deletions_arrive_in_order)
{
	serve(4);
	follow();
	RUN_UNTIL(&place, reader.synced);
	route_cost(&routes, 2, 5);
	table_gone(&routes.table, &routes.list[0].row);
	route_cost(&routes, 1, 6);
	bus_publish(owner);
	RUN_UNTIL(&place, reader.rows == 6);
	ck_assert_str_eq(reader.story, "abcd.cAb");
	table_gone(&routes.table, &routes.list[1].row);
	bus_publish(owner);
	route_cost(&routes, 1, 9); /* and back again */
	bus_publish(owner);
	RUN_UNTIL(&place, reader.cost[1] == 9);
	ck_assert_str_eq(reader.story, "abcd.cAbBb");
	ck_assert_uint_eq(reader.present, 3);
	ck_assert_uint_eq(reader.synced, 1);
}
END_TEST

START_TEST(settled_follows_each_bunch_and_not_each_row)
{
	serve(1000);
	follow();
	RUN_UNTIL(&place, reader.synced && reader.settled);
	ck_assert_uint_eq(reader.rows, 1000);
	ck_assert_uint_lt(reader.settled, 100);
	uint32_t before = reader.settled;
	route_cost(&routes, 0, 2);
	bus_publish(owner);
	RUN_UNTIL(&place, reader.settled > before);
	ck_assert_uint_eq(reader.cost[0], 2);
}
END_TEST

static uint32_t
batches_sent(void)
{
	uint32_t n = 0;

	list_each (l, &owner->subscriptions) {
		n += OBJECT(l, struct subscription, link)->sent;
	}
	return n;
}

static void
change_all(void)
{
	for (uint32_t i = 0; i < routes.count; i++)
		route_cost(&routes, i, 2);
	bus_publish(owner);
}

/* Else a reader would begin with a part of it. */
START_TEST(a_change_of_several_batches_is_settled_once)
{
	serve(8000);
	follow();
	RUN_UNTIL(&place, reader.synced && reader.settled);
	uint32_t before = reader.settled, batches = batches_sent();
	change_all();
	ck_assert_uint_ge(batches_sent(), batches + 2);
	RUN_UNTIL(&place, reader.settled > before);
	for (uint32_t i = 0; i < routes.count; i++)
		EXPECT(reader.cost[i] == 2);
	ck_assert_uint_eq(reader.settled, before + 1);
}
END_TEST

START_TEST(one_that_the_window_has_no_room_for_is_settled_in_parts)
{
	serve(50000);
	follow();
	RUN_UNTIL(&place, reader.synced && reader.settled);
	uint32_t before = reader.settled;
	change_all();
	RUN_UNTIL(&place, reader.settled > before);
	ck_assert_uint_eq(reader.cost[0], 2);
	ck_assert_uint_eq(reader.cost[49999], 1);
	RUN_UNTIL(&place, reader.cost[49999] == 2);
}
END_TEST

START_TEST(two_mirrors_of_one_table_do_not_disturb_each_other)
{
	struct reader other;

	reader_make(&other);
	serve(5);
	follow();
	RUN_UNTIL(&place, reader.synced);
	struct mirror *m = mirror_open(follower, &fib_route_schema, &reader_ops, &other);
	RUN_UNTIL(&place, other.synced);
	ck_assert_uint_eq(other.rows, 5);
	ck_assert_uint_eq(reader.rows, 5);
	mirror_close(m);
	route_cost(&routes, 3, 4);
	bus_publish(owner);
	RUN_UNTIL(&place, reader.cost[3] == 4);
	ck_assert_uint_eq(other.rows, 5);
	reader_free(&other);
}
END_TEST

/* Decision 3: an owner that recovers withholds end-of-snapshot. */
START_TEST(a_recovering_owner_sends_rows_but_no_end_until_it_is_complete)
{
	routes_make(&routes, 2);
	routes.table.complete = false;
	owner = bus_open(place.host, "fibd");
	bus_serve(owner, &routes.table);
	bus_publish(owner);
	struct mirror *m = follow();
	RUN_UNTIL(&place, reader.rows == 2);
	route_cost(&routes, 0, 3);
	bus_publish(owner);
	RUN_UNTIL(&place, reader.cost[0] == 3); /* so everything sent before this was read */
	ck_assert_uint_eq(reader.synced, 0);
	ck_assert(!mirror_is_synced(m));
	table_complete(&routes.table);
	bus_publish(owner);
	RUN_UNTIL(&place, reader.synced);
	ck_assert_str_eq(reader.story, "aba.");
}
END_TEST

START_TEST(a_mirror_is_not_told_of_an_end_by_the_hold_time_while_its_owner_recovers)
{
	struct reader absent;

	reader_make(&absent);
	routes_make(&routes, 2);
	routes.table.complete = false;
	owner = bus_open(place.host, "fibd");
	bus_serve(owner, &routes.table);
	follower->hold_override_ms = 200;
	follow();
	RUN_UNTIL(&place, reader.rows == 2);
	/* Nobody serves this one, not even its owner: when its hold time is over, that of the first is over too. */
	mirror_open(follower, &ldp_lsp_schema, &reader_ops, &absent);
	RUN_UNTIL(&place, absent.synced);
	ck_assert_uint_eq(reader.synced, 0);
	ck_assert_uint_eq(reader.present, 2);
	table_complete(&routes.table);
	bus_publish(owner);
	RUN_UNTIL(&place, reader.synced);
	ck_assert_uint_eq(reader.present, 2);
	reader_free(&absent);
}
END_TEST

START_TEST(a_hundred_thousand_rows_reach_a_late_joiner)
{
	serve(READER_MAX);
	follow();
	RUN_UNTIL(&place, reader.synced);
	ck_assert_uint_eq(reader.rows, READER_MAX);
	ck_assert_uint_eq(reader.present, READER_MAX);
}
END_TEST

START_TEST(bulk_goes_out_in_slices_so_that_others_have_their_turn)
{
	enum { READERS = 12 };
	struct reader readers[READERS];
	uint32_t most = 0, synced = 0;

	serve(READER_MAX);
	for (unsigned i = 0; i < READERS; i++) {
		reader_make(&readers[i]);
		mirror_open(follower, &fib_route_schema, &reader_ops, &readers[i]);
	}
	while (synced < READERS) {
		uint32_t before = batches_sent();
		RUN_UNTIL(&place, batches_sent() != before || readers[synced].synced);
		most = batches_sent() - before > most ? batches_sent() - before : most;
		while (synced < READERS && readers[synced].synced)
			synced++;
	}
	/* Unsliced, one turn fills the windows of all. A slice ends after a millisecond, some 100000 rows' worth at best. */
	ck_assert_uint_lt(most, READERS * BUS_WINDOW);
	for (unsigned i = 0; i < READERS; i++) {
		ck_assert_uint_eq(readers[i].rows, READER_MAX);
		reader_free(&readers[i]);
	}
}
END_TEST

/* --- readers that are slow: a raw client that acknowledges when the test says so --- */

START_TEST(a_reader_that_does_not_acknowledge_gets_a_window_and_then_only_the_newest)
{
	struct raw raw;
	struct bus_row row;

	serve(1);
	raw_open(&raw, &place, "fibd");
	raw_subscribe(&raw, "fib.Route", fib_route_schema.version, 9);
	Bus__Batch *b = raw_batch(&raw);
	ck_assert_uint_eq(b->number, 1);
	ck_assert(b->restart && b->end_of_snapshot);
	for (uint32_t cost = 2; cost <= 1000; cost++) {
		route_cost(&routes, 0, cost);
		bus_publish(owner);
	}
	ck_assert_uint_eq(first_subscription(owner)->sent, BUS_WINDOW);
	for (uint32_t n = 2; n <= BUS_WINDOW; n++)
		ck_assert_uint_eq(raw_batch(&raw)->number, n);
	raw_ack(&raw, 9, BUS_WINDOW);
	b = raw_batch(&raw);
	ck_assert_uint_eq(b->number, BUS_WINDOW + 1);
	struct wire_reader rows = wire_reader(b->rows.data, b->rows.len);
	ck_assert(bus_next_row(&rows, &row));
	Fib__Route *m = fib__route__unpack(NULL, row.size, row.bytes);
	ck_assert_uint_eq(m->entries[0]->cost, 1000);
	fib__route__free_unpacked(m, NULL);
	ck_assert(!bus_next_row(&rows, &row));
	ck_assert(wire_done(&rows));
	raw_close(&raw);
}
END_TEST

/* Reads batches to the end of the snapshot, acknowledging each; notes the rows seen. */
static uint32_t
read_to_the_end(struct raw *raw, bool *seen)
{
	uint32_t distinct = 0;

	for (bool over = false; !over;) {
		Bus__Batch *b = raw_batch(raw);
		struct wire_reader rows = wire_reader(b->rows.data, b->rows.len);
		struct bus_row row;
		while (bus_next_row(&rows, &row)) {
			Fib__Route *m = fib__route__unpack(NULL, row.size, row.bytes);
			uint32_t n = route_number(m);
			distinct += !row.gone && !seen[n];
			seen[n] |= !row.gone;
			fib__route__free_unpacked(m, NULL);
		}
		ck_assert(wire_done(&rows));
		over = b->end_of_snapshot;
		raw_ack(raw, b->subscription, b->number);
	}
	return distinct;
}

START_TEST(a_row_that_changes_during_the_snapshot_is_in_it)
{
	enum { ALL = 20000, CHANGED = 10000 };
	bool *seen = mem_zalloc(ALL * sizeof *seen);
	struct raw raw;

	serve(ALL);
	raw_open(&raw, &place, "fibd");
	raw_subscribe(&raw, "fib.Route", fib_route_schema.version, 1);
	RUN_UNTIL(&place, !list_is_empty(&owner->subscriptions) && first_subscription(owner)->sent == BUS_WINDOW);
	/* The rows that it has not come to move to the end of the list. At the end of the snapshot it must have them:
	 * who sweeps then would drop them otherwise. */
	for (uint32_t n = ALL - CHANGED; n < ALL; n++)
		route_cost(&routes, n, 2);
	bus_publish(owner);
	ck_assert_uint_eq(read_to_the_end(&raw, seen), ALL);
	raw_close(&raw);
	free(seen);
}
END_TEST

START_TEST(a_reader_too_slow_for_the_deletions_starts_over_in_a_new_round)
{
	enum { ALL = 30000 };
	struct raw raw;

	serve(ALL);
	raw_open(&raw, &place, "fibd");
	raw_subscribe(&raw, "fib.Route", fib_route_schema.version, 1);
	RUN_UNTIL(&place, !list_is_empty(&owner->subscriptions) && first_subscription(owner)->sent == BUS_WINDOW);
	for (uint32_t n = 0; n < ALL - 10; n++) {
		table_gone(&routes.table, &routes.list[n].row);
		bus_publish(owner);
		ck_assert_uint_le(routes.table.tombstones, routes.table.count + TABLE_TOMBSTONES);
	}
	for (uint32_t n = 1; n <= BUS_WINDOW; n++) {
		Bus__Batch *b = raw_batch(&raw);
		ck_assert_int_eq(b->restart, n == 1);
		ck_assert(!b->end_of_snapshot);
	}
	raw_ack(&raw, 1, BUS_WINDOW);
	Bus__Batch *b = raw_batch(&raw);
	ck_assert(b->restart);
	ck_assert_uint_eq(b->number, BUS_WINDOW + 1);
	struct wire_reader rows = wire_reader(b->rows.data, b->rows.len);
	struct bus_row row;
	uint32_t living = 0;
	while (bus_next_row(&rows, &row))
		living += !row.gone;
	ck_assert_uint_eq(living, 10);
	ck_assert(b->end_of_snapshot);
	raw_close(&raw);
}
END_TEST

START_TEST(a_mirror_sweeps_after_a_restart_of_its_round)
{
	serve(4);
	follow();
	RUN_UNTIL(&place, reader.synced);
	/* What the table does to a cursor that missed deletions, without the thousands of them. */
	struct subscription *s = first_subscription(owner);
	table_gone(&routes.table, &routes.list[2].row);
	s->cursor.restart = true;
	s->cursor.at = NULL;
	bus_publish(owner);
	RUN_UNTIL(&place, reader.synced == 2);
	ck_assert_uint_eq(reader.last_round, 2);
	ck_assert_uint_eq(reader.present, 3);
	ck_assert_uint_eq(reader.round[2], 0);
	ck_assert_uint_eq(reader.lost, 0);
}
END_TEST

START_TEST(a_change_does_not_wait_behind_somebody_elses_snapshot)
{
	struct reader late;

	reader_make(&late);
	serve(READER_MAX);
	follow();
	RUN_UNTIL(&place, reader.synced);
	mirror_open(follower, &fib_route_schema, &reader_ops, &late);
	RUN_UNTIL(&place, late.rows);
	uint32_t before = reader.rows;
	route_cost(&routes, 5, 55);
	bus_publish(owner);
	RUN_UNTIL(&place, reader.rows > before);
	ck_assert_uint_eq(reader.cost[5], 55);
	ck_assert_uint_eq(late.synced, 0);
	RUN_UNTIL(&place, late.synced);
	ck_assert_uint_eq(late.present, READER_MAX);
	reader_free(&late);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host/bus");
	TCase *c = tcase_create("snapshot");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_late_joiner_gets_all_rows_and_then_the_end_of_the_snapshot);
	tcase_add_test(c, an_empty_table_has_an_end_too);
	tcase_add_test(c, a_mirror_that_was_there_first_finds_its_owner);
	tcase_add_test(c, changes_and_deletions_arrive_in_order);
	tcase_add_test(c, settled_follows_each_bunch_and_not_each_row);
	tcase_add_test(c, a_change_of_several_batches_is_settled_once);
	tcase_add_test(c, one_that_the_window_has_no_room_for_is_settled_in_parts);
	tcase_add_test(c, two_mirrors_of_one_table_do_not_disturb_each_other);
	tcase_add_test(c, a_recovering_owner_sends_rows_but_no_end_until_it_is_complete);
	tcase_add_test(c, a_mirror_is_not_told_of_an_end_by_the_hold_time_while_its_owner_recovers);
	tcase_add_test(c, a_hundred_thousand_rows_reach_a_late_joiner);
	tcase_add_test(c, bulk_goes_out_in_slices_so_that_others_have_their_turn);
	suite_add_tcase(s, c);
	c = tcase_create("slow readers");
	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_reader_that_does_not_acknowledge_gets_a_window_and_then_only_the_newest);
	tcase_add_test(c, a_row_that_changes_during_the_snapshot_is_in_it);
	tcase_add_test(c, a_reader_too_slow_for_the_deletions_starts_over_in_a_new_round);
	tcase_add_test(c, a_mirror_sweeps_after_a_restart_of_its_round);
	tcase_add_test(c, a_change_does_not_wait_behind_somebody_elses_snapshot);
	suite_add_tcase(s, c);
	return s;
}

CHECK_MAIN(suite)
