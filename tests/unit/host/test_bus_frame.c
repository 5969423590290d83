/* What any local process may send to an owner: garbage, half frames, too much, the wrong version. It costs the sender. */
#include "base/rng.h"
#include "tests/helper/bus.h"

static struct place place;
static struct routes routes;
static struct reader reader;
static struct bus *owner, *follower;
static struct raw raw;

static void
setup(void)
{
	place_make(&place);
	place_start(&place);
	reader_make(&reader);
	routes_make(&routes, 3);
	owner = bus_open(place.host, "fibd");
	bus_serve(owner, &routes.table);
	follower = bus_open(place.host, "ldpd");
	mirror_open(follower, &fib_route_schema, &reader_ops, &reader);
	RUN_UNTIL(&place, reader.synced);
	raw_open(&raw, &place, "fibd");
}

static void
teardown(void)
{
	raw_close(&raw);
	bus_close(follower);
	bus_close(owner);
	routes_free(&routes);
	reader_free(&reader);
	place_end(&place);
}

/* The well-behaved reader still gets its changes, on the connection that it had. */
static void
assert_undisturbed(void)
{
	static uint32_t cost = 100;

	route_cost(&routes, 1, ++cost);
	bus_publish(owner);
	RUN_UNTIL(&place, reader.cost[1] == cost);
	ck_assert_uint_eq(reader.lost, 0);
	ck_assert_uint_eq(reader.synced, 1);
	ck_assert_uint_eq(reader.present, 3);
}

/* A request that is answered shows that everything before it was read. */
static void
assert_read_up_to_here(void)
{
	Bus__Request r = BUS__REQUEST__INIT;
	Bus__Frame f = BUS__FRAME__INIT;
	static uint32_t number = 1000000;

	r.number = ++number;
	r.verb = "are you\nthere";
	f.kind_case = BUS__FRAME__KIND_REQUEST;
	f.request = &r;
	RUN_UNTIL(&place, bus_send(raw.dealer, &f) == 0); /* there may be a queue */
	Bus__Frame *in;
	do
		in = raw_receive(&raw);
	while (in->kind_case != BUS__FRAME__KIND_ANSWER || in->answer->number != number);
	ck_assert_uint_eq(in->answer->status, ENOSYS);
	ck_assert_ptr_nonnull(strstr(in->answer->text, "fibd knows no operation"));
}

/* A valid frame of each kind that a reader sends. */
static size_t
valid_frame(unsigned which, uint8_t *out)
{
	Bus__Frame f = BUS__FRAME__INIT;
	Bus__Subscribe s = BUS__SUBSCRIBE__INIT;
	Bus__Ack a = BUS__ACK__INIT;
	Bus__Request r = BUS__REQUEST__INIT;

	s.subscription = 5;
	s.table = "fib.Route";
	s.version = fib_route_schema.version;
	s.reader = "somebody";
	a.subscription = 5;
	a.number = 1;
	r.number = 3;
	r.verb = "ping";
	r.body = (ProtobufCBinaryData){ 4, (uint8_t *)(uintptr_t) "body" };
	switch (which % 3) {
	case 0:
		f.kind_case = BUS__FRAME__KIND_SUBSCRIBE;
		f.subscribe = &s;
		break;
	case 1:
		f.kind_case = BUS__FRAME__KIND_ACK;
		f.ack = &a;
		break;
	default: f.kind_case = BUS__FRAME__KIND_REQUEST; f.request = &r;
	}
	return bus__frame__pack(&f, out);
}

/* Sends, and lets the owner read now and then so that nothing is left out. */
static void throw(const void *bytes, size_t size, int flags)
{
	while (zmq_send(raw.dealer, bytes, size, ZMQ_DONTWAIT | flags) < 0) {
		ck_assert_int_eq(errno, EAGAIN);
		sd_event_run(host_loop(place.host), USEC_PER_MSEC);
	}
	while (raw_poll(&raw)) {
	}
}

static struct subscription *
raw_subscription(void)
{
	list_each (l, &owner->subscriptions) {
		struct subscription *s = OBJECT(l, struct subscription, link);
		if (strcmp(s->name, "raw?client") == 0)
			return s;
	}
	return NULL;
}

START_TEST(a_frame_cut_short_at_every_byte_is_ignored)
{
	uint8_t bytes[256];

	for (unsigned which = 0; which < 3; which++) {
		size_t size = valid_frame(which, bytes);
		for (size_t n = 1; n < size; n++)
			throw(bytes, n, 0);
	}
	assert_read_up_to_here();
	assert_undisturbed();
}
END_TEST

START_TEST(random_and_mutated_frames_disturb_nobody)
{
	struct rng rng;
	uint8_t bytes[256];

	rng_seed(&rng, 20);
	for (unsigned i = 0; i < 6000; i++) {
		size_t size;
		if (i % 2) {
			size = valid_frame(i / 2, bytes);
			for (uint64_t k = rng_below(&rng, 4) + 1; k; k--)
				bytes[rng_below(&rng, size)] = (uint8_t)rng_next(&rng);
		} else {
			size = rng_below(&rng, sizeof bytes) + 1;
			for (size_t k = 0; k < size; k++)
				bytes[k] = (uint8_t)rng_next(&rng);
		}
		throw(bytes, size, i % 7 == 0 ? ZMQ_SNDMORE : 0);
		if (i % 7 == 0)
			throw(bytes, size / 2, 0);
	}
	assert_read_up_to_here();
	assert_undisturbed();
}
END_TEST

START_TEST(frames_that_only_an_owner_sends_are_ignored_by_an_owner)
{
	Bus__Frame f = BUS__FRAME__INIT;
	Bus__Batch b = BUS__BATCH__INIT;

	f.kind_case = BUS__FRAME__KIND_BATCH;
	f.batch = &b;
	ck_assert_int_eq(bus_send(raw.dealer, &f), 0);
	assert_read_up_to_here();
	assert_undisturbed();
}
END_TEST

START_TEST(acknowledging_what_was_never_sent_opens_no_window)
{
	raw_subscribe(&raw, "fib.Route", fib_route_schema.version, 1);
	ck_assert_uint_eq(raw_batch(&raw)->number, 1);
	raw_ack(&raw, 1, 4000000000u);
	raw_ack(&raw, 2, 1);
	assert_read_up_to_here();
	struct subscription *s = raw_subscription(); /* found by a name that can break no log line */
	ck_assert_ptr_nonnull(s);
	ck_assert_uint_eq(s->acked, 0);
	assert_undisturbed();
}
END_TEST

START_TEST(a_frame_beyond_the_limit_ends_the_connection_of_its_sender_alone)
{
	uint8_t *big = mem_zalloc(BUS_FRAME_MAX + 1);

	raw_subscribe(&raw, "fib.Route", fib_route_schema.version, 1);
	ck_assert_uint_eq(raw_batch(&raw)->number, 1);
	raw_ack(&raw, 1, 1);
	assert_read_up_to_here();
	ck_assert_uint_eq(bus_subscription_count(owner), 2);
	ck_assert_int_ge(zmq_send(raw.dealer, big, BUS_FRAME_MAX + 1, 0), 0);
	owner->ping_ms = 10;
	sd_event_source_set_time_relative(owner->ping, USEC_PER_MSEC);
	RUN_UNTIL(&place, bus_subscription_count(owner) == 1);
	assert_undisturbed();
	free(big);
}
END_TEST

START_TEST(another_version_is_refused_with_both_sides_named)
{
	char version[16], own[16];

	raw_subscribe(&raw, "fib.Route", fib_route_schema.version + 1, 77);
	Bus__Frame *f = raw_receive(&raw);
	ck_assert_int_eq(f->kind_case, BUS__FRAME__KIND_REFUSAL);
	ck_assert_uint_eq(f->refusal->subscription, 77);
	snprintf(version, sizeof version, "%08x", fib_route_schema.version + 1);
	snprintf(own, sizeof own, "%08x", fib_route_schema.version);
	ck_assert_ptr_nonnull(strstr(f->refusal->why, "raw?client speaks version"));
	ck_assert_ptr_nonnull(strstr(f->refusal->why, version));
	ck_assert_ptr_nonnull(strstr(f->refusal->why, own));
	ck_assert_ptr_nonnull(strstr(f->refusal->why, "fibd"));
	assert_undisturbed();
}
END_TEST

START_TEST(a_mirror_with_another_schema_is_told_and_keeps_trying_quietly)
{
	struct row_schema other = fib_route_schema;
	struct reader wrong;

	reader_make(&wrong);
	other.version++;
	struct mirror *m = mirror_open(follower, &other, &reader_ops, &wrong);
	RUN_UNTIL(&place, wrong.refused);
	ck_assert_ptr_nonnull(strstr(wrong.why, "ldpd speaks version"));
	ck_assert_ptr_nonnull(strstr(wrong.why, "fibd speaks"));
	ck_assert(!mirror_is_synced(m));
	assert_undisturbed();
	ck_assert_uint_eq(wrong.refused, 1);
	mirror_close(m);
	reader_free(&wrong);
}
END_TEST

START_TEST(a_table_that_the_daemon_does_not_own_is_refused)
{
	raw_subscribe(&raw, "ldp.Lsp", 1, 1);
	Bus__Frame *f = raw_receive(&raw);
	ck_assert_int_eq(f->kind_case, BUS__FRAME__KIND_REFUSAL);
	ck_assert_str_eq(f->refusal->why, "fibd does not own the table ldp.Lsp that raw?client asks for");
}
END_TEST

START_TEST(one_client_cannot_take_all_subscriptions)
{
	for (uint32_t i = 0; i < 40; i++)
		raw_subscribe(&raw, "fib.Route", fib_route_schema.version, i);
	Bus__Frame *f;
	do
		f = raw_receive(&raw);
	while (f->kind_case != BUS__FRAME__KIND_REFUSAL);
	ck_assert_uint_eq(f->refusal->subscription, 32);
	assert_read_up_to_here();
	ck_assert_uint_eq(bus_subscription_count(owner), 1 + 32);
	assert_undisturbed();
}
END_TEST

START_TEST(a_client_that_asks_and_never_reads_does_not_stop_the_others)
{
	uint8_t bytes[256];
	size_t size = valid_frame(2, bytes);

	for (unsigned i = 0; i < 20000; i++)
		while (zmq_send(raw.dealer, bytes, size, ZMQ_DONTWAIT) < 0)
			sd_event_run(host_loop(place.host), USEC_PER_MSEC);
	assert_undisturbed();
}
END_TEST

START_TEST(a_full_pipe_delays_rows_and_loses_none)
{
	uint8_t bytes[256];
	size_t size = valid_frame(2, bytes);
	struct bus_row row;
	bool seen = false;
	uint32_t number = 1;

	raw_subscribe(&raw, "fib.Route", fib_route_schema.version, 1);
	ck_assert_uint_eq(raw_batch(&raw)->number, 1);
	raw_ack(&raw, 1, 1);
	assert_read_up_to_here();
	/* Answers that nobody reads fill the pipe; then a change finds no room. */
	for (unsigned i = 0; i < 20000; i++)
		RUN_UNTIL(&place, zmq_send(raw.dealer, bytes, size, ZMQ_DONTWAIT) >= 0);
	route_cost(&routes, 2, 222);
	bus_publish(owner);
	RUN_UNTIL(&place, raw_subscription()->stalled);
	owner->ping_ms = 10;
	sd_event_source_set_time_relative(owner->ping, USEC_PER_MSEC);
	while (!seen) {
		Bus__Frame *f = raw_receive(&raw);
		if (f->kind_case != BUS__FRAME__KIND_BATCH)
			continue;
		ck_assert_uint_eq(f->batch->number, ++number);
		struct wire_reader rows = wire_reader(f->batch->rows.data, f->batch->rows.len);
		while (bus_next_row(&rows, &row)) {
			Fib__Route *m = fib__route__unpack(NULL, row.size, row.bytes);
			seen |= route_number(m) == 2 && m->entries[0]->cost == 222;
			fib__route__free_unpacked(m, NULL);
		}
	}
	assert_undisturbed();
}
END_TEST

/* --- rows and keys, by themselves --- */

static struct wire_reader
rows_of(const char *bytes, size_t size)
{
	return wire_reader(bytes, size);
}

START_TEST(a_run_of_rows_is_read_to_its_end_or_to_the_first_that_makes_no_sense)
{
	static const char run[] = "R\0\0\3abcG\0\0\1kR\0\0\0";
	const size_t size = sizeof run - 1;
	struct bus_row row;
	struct wire_reader in = rows_of(run, size);

	ck_assert(bus_next_row(&in, &row));
	ck_assert(!row.gone && row.size == 3 && memcmp(row.bytes, "abc", 3) == 0);
	ck_assert(bus_next_row(&in, &row));
	ck_assert(row.gone && row.size == 1);
	ck_assert(bus_next_row(&in, &row));
	ck_assert(!row.gone && row.size == 0);
	ck_assert(!bus_next_row(&in, &row));
	ck_assert(wire_done(&in));
	for (size_t cut = 1; cut < size; cut++) {
		struct wire_reader part = rows_of(run, cut);
		while (bus_next_row(&part, &row)) {
		}
		ck_assert_int_eq(wire_done(&part), cut == 7 || cut == 12);
	}
	in = rows_of("X\0\0\0R\0\0\0", 8);
	ck_assert(!bus_next_row(&in, &row));
	ck_assert(!wire_done(&in));
}
END_TEST

START_TEST(the_key_of_a_packed_row_is_its_key_fields_and_nothing_else)
{
	uint8_t packed[128], key[64];
	uint8_t prefix[] = { 8, 10, 0, 0, 0 };
	Fib__Route r = FIB__ROUTE__INIT;

	r.vrf = "blue";
	r.prefix = (ProtobufCBinaryData){ sizeof prefix, prefix };
	r.installed = true;
	r.trouble = "none";
	size_t size = fib__route__pack(&r, packed);
	size_t key_size = bus_key_of(&fib_route_schema, packed, size, key, sizeof key);
	Fib__Route *k = fib__route__unpack(NULL, key_size, key);
	ck_assert_str_eq(k->vrf, "blue");
	ck_assert_uint_eq(k->prefix.len, sizeof prefix);
	ck_assert(!k->installed);
	ck_assert_str_eq(k->trouble, "");
	fib__route__free_unpacked(k, NULL);
	ck_assert_uint_eq(bus_key_of(&fib_route_schema, packed, size, key, key_size - 1), SIZE_MAX);
	ck_assert_uint_eq(bus_key_of(&fib_route_schema, packed, 3, key, sizeof key), SIZE_MAX);
	ck_assert_uint_eq(bus_key_of(&fib_route_schema, (const uint8_t *)"\x0b", 1, key, sizeof key), SIZE_MAX);
	ck_assert_uint_eq(bus_key_of(&fib_route_schema, NULL, 0, key, sizeof key), 0);
}
END_TEST

START_TEST(a_run_directory_too_long_for_a_socket_is_seen)
{
	char dir[128], endpoint[128];

	memset(dir, 'd', sizeof dir);
	dir[98] = '\0'; /* with "/fibd.bus" the 107 characters that fit */
	ck_assert(bus_endpoint(dir, "fibd", endpoint));
	ck_assert_uint_eq(strlen(endpoint), 6 + 107);
	dir[98] = 'd';
	dir[99] = '\0';
	ck_assert(!bus_endpoint(dir, "fibd", endpoint));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host/bus_frame");
	TCase *c = tcase_create("what anybody may send");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_frame_cut_short_at_every_byte_is_ignored);
	tcase_add_test(c, random_and_mutated_frames_disturb_nobody);
	tcase_add_test(c, frames_that_only_an_owner_sends_are_ignored_by_an_owner);
	tcase_add_test(c, acknowledging_what_was_never_sent_opens_no_window);
	tcase_add_test(c, a_frame_beyond_the_limit_ends_the_connection_of_its_sender_alone);
	tcase_add_test(c, another_version_is_refused_with_both_sides_named);
	tcase_add_test(c, a_mirror_with_another_schema_is_told_and_keeps_trying_quietly);
	tcase_add_test(c, a_table_that_the_daemon_does_not_own_is_refused);
	tcase_add_test(c, one_client_cannot_take_all_subscriptions);
	tcase_add_test(c, a_client_that_asks_and_never_reads_does_not_stop_the_others);
	tcase_add_test(c, a_full_pipe_delays_rows_and_loses_none);
	suite_add_tcase(s, c);
	c = tcase_create("rows and keys");
	tcase_add_test(c, a_run_of_rows_is_read_to_its_end_or_to_the_first_that_makes_no_sense);
	tcase_add_test(c, the_key_of_a_packed_row_is_its_key_fields_and_nothing_else);
	tcase_add_test(c, a_run_directory_too_long_for_a_socket_is_seen);
	suite_add_tcase(s, c);
	return s;
}

CHECK_MAIN(suite)
