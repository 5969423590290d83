/* The table bus when somebody dies: owners that come back or stay away, readers that do not say goodbye. */
#include "tests/helper/bus.h"

static struct place place;
static struct reader reader;
static struct bus *bus; /* the test's own: "ldpd" when it reads, "fibd" when it owns */

static void
setup(void)
{
	place_make(&place);
	reader_make(&reader);
}

static void
teardown(void)
{
	bus_close(bus);
	bus = NULL;
	reader_free(&reader);
	place_end(&place);
}

/* Owns routes 0 to *count - 1 until it is killed. */
static void
be_owner(void *ctx)
{
	const uint32_t *count = ctx;
	struct routes routes;
	struct host *host = host_in(place.dir, "fibd");
	struct bus *b = bus_open(host, "fibd");

	routes_make(&routes, *count);
	bus_serve(b, &routes.table);
	host_run(host);
}

/* The same, but it never finishes its recovery. */
static void
be_recovering_owner(void *ctx)
{
	const uint32_t *count = ctx;
	struct routes routes;
	struct host *host = host_in(place.dir, "fibd");
	struct bus *b = bus_open(host, "fibd");

	routes_make(&routes, *count);
	routes.table.complete = false;
	bus_serve(b, &routes.table);
	host_run(host);
}

static void
be_reader(void *ctx)
{
	struct host *host = host_in(place.dir, "ldpd");
	struct bus *b = bus_open(host, "ldpd");

	(void)ctx;
	mirror_open(b, &fib_route_schema, &reader_ops, &reader);
	host_run(host);
}

static void
follow(unsigned hold_ms)
{
	place_start(&place);
	bus = bus_open(place.host, "ldpd");
	ck_assert_ptr_nonnull(bus);
	bus->hold_override_ms = hold_ms;
	ck_assert_ptr_nonnull(mirror_open(bus, &fib_route_schema, &reader_ops, &reader));
}

START_TEST(a_killed_owner_leaves_stale_rows_and_a_new_one_sweeps_what_did_not_come_back)
{
	uint32_t before = 5, after = 3;
	struct child first = child_make(be_owner, &before), second = child_make(be_owner, &after);

	child_go(&first);
	follow(0);
	RUN_UNTIL(&place, reader.synced);
	child_kill(&first);
	RUN_UNTIL(&place, reader.lost);
	ck_assert_uint_eq(reader.present, 5);
	child_go(&second);
	RUN_UNTIL(&place, reader.synced == 2);
	ck_assert_str_eq(reader.story, "abcde.!abc.");
	ck_assert_uint_eq(reader.present, 3);
	ck_assert_uint_eq(reader.last_round, 2);
	ck_assert_uint_eq(reader.lost, 1);
	child_kill(&second);
}
END_TEST

START_TEST(an_owner_that_stays_away_longer_than_the_hold_time_is_swept_once)
{
	uint32_t count = 4, again = 2;
	struct child first = child_make(be_owner, &count), second = child_make(be_owner, &again);

	child_go(&first);
	follow(300);
	RUN_UNTIL(&place, reader.synced);
	child_kill(&first);
	RUN_UNTIL(&place, reader.lost);
	usec_t lost_at = host_now(place.host);
	ck_assert_uint_eq(reader.present, 4);
	RUN_UNTIL(&place, reader.synced == 2);
	ck_assert_uint_ge(host_now(place.host) - lost_at, 250 * USEC_PER_MSEC);
	ck_assert_uint_eq(reader.present, 0);
	child_go(&second); /* late, but welcome */
	RUN_UNTIL(&place, reader.synced == 3);
	ck_assert_str_eq(reader.story, "abcd.!.ab.");
	ck_assert_uint_eq(reader.last_round, 3);
	child_kill(&second);
}
END_TEST

START_TEST(an_owner_that_never_comes_counts_as_one_that_left)
{
	follow(20);
	RUN_UNTIL(&place, reader.synced);
	ck_assert_str_eq(reader.story, ".");
	ck_assert_uint_eq(reader.lost, 0);
}
END_TEST

START_TEST(an_owner_that_dies_again_before_it_recovered_is_held_and_swept_too)
{
	uint32_t count = 4, partial = 2;
	struct child first = child_make(be_owner, &count), second = child_make(be_recovering_owner, &partial);

	child_go(&first);
	follow(100);
	RUN_UNTIL(&place, reader.synced);
	child_kill(&first);
	RUN_UNTIL(&place, reader.synced == 2); /* the hold time is over */
	child_go(&second);
	RUN_UNTIL(&place, reader.present == 2);
	ck_assert_uint_eq(reader.synced, 2);
	child_kill(&second);
	RUN_UNTIL(&place, reader.synced == 3);
	ck_assert_str_eq(reader.story, "abcd.!.ab!.");
	ck_assert_uint_eq(reader.present, 0);
}
END_TEST

START_TEST(a_reader_that_was_killed_is_dropped_while_nothing_changes)
{
	struct child reading = child_make(be_reader, NULL);
	struct routes routes;

	routes_make(&routes, 1);
	place_start(&place);
	bus = bus_open(place.host, "fibd");
	bus->ping_ms = 20;
	sd_event_source_set_time_relative(bus->ping, USEC_PER_MSEC);
	bus_serve(bus, &routes.table);
	child_go(&reading);
	RUN_UNTIL(&place, bus_subscription_count(bus) == 1 && first_subscription(bus)->acked);
	child_kill(&reading);
	RUN_UNTIL(&place, bus_subscription_count(bus) == 0);
	ck_assert_ptr_null(routes.table.cursors);
	bus_close(bus);
	bus = NULL;
	routes_free(&routes);
}
END_TEST

/* A change, as if the reader had acknowledged all before. */
static void
change_acked(struct routes *routes, uint32_t cost)
{
	if (bus_subscription_count(bus))
		first_subscription(bus)->acked = first_subscription(bus)->sent;
	route_cost(routes, 0, cost);
	bus_publish(bus);
}

START_TEST(a_reader_that_was_killed_is_dropped_by_the_next_change)
{
	struct child reading = child_make(be_reader, NULL);
	struct routes routes;
	uint32_t cost = 1;

	routes_make(&routes, 1);
	place_start(&place);
	bus = bus_open(place.host, "fibd");
	sd_event_source_set_enabled(bus->ping, SD_EVENT_OFF);
	bus_serve(bus, &routes.table);
	child_go(&reading);
	RUN_UNTIL(&place, bus_subscription_count(bus) == 1 && first_subscription(bus)->acked);
	child_kill(&reading);
	/* ZeroMQ's own thread notices the death in its own time: changes go on until it has. */
	RUN_UNTIL(&place, (change_acked(&routes, ++cost), bus_subscription_count(bus) == 0));
	bus_close(bus);
	bus = NULL;
	routes_free(&routes);
}
END_TEST

START_TEST(a_reader_that_was_stopped_costs_a_window_and_no_more)
{
	struct child reading = child_make(be_reader, NULL);
	struct routes routes;

	routes_make(&routes, 1);
	place_start(&place);
	bus = bus_open(place.host, "fibd");
	bus->ping_ms = 1;
	sd_event_source_set_time_relative(bus->ping, USEC_PER_MSEC);
	bus_serve(bus, &routes.table);
	child_go(&reading);
	RUN_UNTIL(&place, bus_subscription_count(bus) == 1 && first_subscription(bus)->acked);
	kill(reading.pid, SIGSTOP);
	uint32_t sent = first_subscription(bus)->sent;
	for (uint32_t cost = 2; cost < 5000; cost++) {
		route_cost(&routes, 0, cost);
		bus_publish(bus);
		sd_event_run(host_loop(place.host), 0);
	}
	ck_assert_uint_le(first_subscription(bus)->sent, sent + BUS_WINDOW);
	ck_assert_uint_eq(bus_subscription_count(bus), 1); /* a stopped reader is not a dead one */
	kill(reading.pid, SIGCONT);
	RUN_UNTIL(&place, first_subscription(bus)->acked == first_subscription(bus)->sent &&
			      cursor_at_end(&first_subscription(bus)->cursor));
	child_kill(&reading);
	bus_close(bus);
	bus = NULL;
	routes_free(&routes);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host/bus_loss");
	TCase *c = tcase_create("owners");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_killed_owner_leaves_stale_rows_and_a_new_one_sweeps_what_did_not_come_back);
	tcase_add_test(c, an_owner_that_stays_away_longer_than_the_hold_time_is_swept_once);
	tcase_add_test(c, an_owner_that_never_comes_counts_as_one_that_left);
	tcase_add_test(c, an_owner_that_dies_again_before_it_recovered_is_held_and_swept_too);
	suite_add_tcase(s, c);
	c = tcase_create("readers");
	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_reader_that_was_killed_is_dropped_while_nothing_changes);
	tcase_add_test(c, a_reader_that_was_killed_is_dropped_by_the_next_change);
	tcase_add_test(c, a_reader_that_was_stopped_costs_a_window_and_no_more);
	suite_add_tcase(s, c);
	return s;
}

CHECK_MAIN(suite)
