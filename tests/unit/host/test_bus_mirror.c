/* A mirror whose owner makes no sense: gaps, another epoch in mid-snapshot, rows and frames that cannot be read. */
#include "tests/helper/bus.h"

static struct place place;
static struct reader reader;
static struct bus *follower;
static void *ctx, *router;   /* an owner without a bus behind it */
static uint8_t identity[16]; /* of the connection that subscribed last */
static size_t identity_size;
static unsigned subscribed;
static bool more; /* what batches say */

static void
setup(void)
{
	const int linger = 0;
	char endpoint[128];

	place_make(&place);
	place_start(&place);
	reader_make(&reader);
	subscribed = 0;
	more = false;
	ctx = zmq_ctx_new();
	router = zmq_socket(ctx, ZMQ_ROUTER);
	zmq_setsockopt(router, ZMQ_LINGER, &linger, sizeof linger);
	ck_assert(bus_endpoint(place.dir, "fibd", endpoint));
	ck_assert_int_eq(zmq_bind(router, endpoint), 0);
	follower = bus_open(place.host, "ldpd");
	ck_assert_ptr_nonnull(mirror_open(follower, &fib_route_schema, &reader_ops, &reader));
}

static void
teardown(void)
{
	bus_close(follower);
	zmq_close(router);
	zmq_ctx_term(ctx);
	reader_free(&reader);
	place_end(&place);
}

/* Reads what the mirror sent. True when something came. */
static bool
serve_nothing(void)
{
	uint8_t from[16], bytes[512];
	struct arena arena;
	int size = zmq_recv(router, from, sizeof from, ZMQ_DONTWAIT);

	if (size < 0)
		return false;
	int n = zmq_recv(router, bytes, sizeof bytes, ZMQ_DONTWAIT);
	ck_assert_int_ge(n, 0);
	arena_init(&arena);
	Bus__Frame *f = bus_unpack(bytes, (size_t)n, &arena);
	ck_assert_ptr_nonnull(f);
	if (f->kind_case == BUS__FRAME__KIND_SUBSCRIBE) {
		memcpy(identity, from, (size_t)size);
		identity_size = (size_t)size;
		subscribed++;
	}
	arena_free(&arena);
	return true;
}

#define WAIT_FOR_SUBSCRIPTION(n)          \
	RUN_UNTIL(&place, ({              \
		while (serve_nothing()) { \
		}                         \
		subscribed >= (n);        \
	}))

static void
send_batch(uint32_t number, uint64_t epoch, bool restart, const char *rows, size_t size, bool end)
{
	Bus__Frame f = BUS__FRAME__INIT;
	Bus__Batch b = BUS__BATCH__INIT;

	b.subscription = 1;
	b.number = number;
	b.epoch = epoch;
	b.restart = restart;
	b.end_of_snapshot = end;
	b.more = more;
	b.rows = (ProtobufCBinaryData){ size, (uint8_t *)(uintptr_t)rows };
	f.kind_case = BUS__FRAME__KIND_BATCH;
	f.batch = &b;
	ck_assert_int_eq(zmq_send(router, identity, identity_size, ZMQ_SNDMORE), (int)identity_size);
	ck_assert_int_eq(bus_send(router, &f), 0);
}

START_TEST(a_gap_between_batches_makes_it_read_the_table_anew)
{
	WAIT_FOR_SUBSCRIPTION(1);
	send_batch(1, 7, true, NULL, 0, true);
	send_batch(3, 7, false, NULL, 0, false);
	WAIT_FOR_SUBSCRIPTION(2);
	ck_assert_str_eq(reader.story, ".!");
	send_batch(1, 7, true, NULL, 0, true);
	RUN_UNTIL(&place, reader.synced == 2);
	ck_assert_uint_eq(reader.last_round, 2);
}
END_TEST

/* Of a change in two batches the owner dies between. */
START_TEST(rows_whose_rest_never_comes_are_settled_with_the_loss)
{
	WAIT_FOR_SUBSCRIPTION(1);
	send_batch(1, 7, true, NULL, 0, true);
	RUN_UNTIL(&place, reader.settled == 1);
	more = true;
	send_batch(2, 7, false, "G\0\0\7\x12\5\x20\x0a\0\0\0", 11, false);
	RUN_UNTIL(&place, strcmp(reader.story, ".A") == 0);
	ck_assert_uint_eq(reader.settled, 1);
	send_batch(4, 7, false, NULL, 0, false); /* which is not the next one */
	RUN_UNTIL(&place, reader.lost);
	ck_assert_uint_eq(reader.settled, 2);
	more = false;
	WAIT_FOR_SUBSCRIPTION(2);
	send_batch(1, 7, true, NULL, 0, true);
	RUN_UNTIL(&place, reader.settled == 3);
}
END_TEST

START_TEST(another_epoch_without_a_new_round_makes_it_read_the_table_anew)
{
	WAIT_FOR_SUBSCRIPTION(1);
	send_batch(1, 7, true, NULL, 0, true);
	send_batch(2, 8, false, NULL, 0, false);
	WAIT_FOR_SUBSCRIPTION(2);
	ck_assert_str_eq(reader.story, ".!");
}
END_TEST

START_TEST(a_first_batch_that_begins_no_round_is_not_believed)
{
	WAIT_FOR_SUBSCRIPTION(1);
	send_batch(1, 7, false, NULL, 0, true);
	WAIT_FOR_SUBSCRIPTION(2);
	ck_assert_str_eq(reader.story, "");
}
END_TEST

START_TEST(what_cannot_be_read_is_left_out_and_the_rest_taken)
{
	/* a row that is none, the key of 10.0.0.0/32, and a row that is longer than what is there */
	static const char rows[] = "R\0\0\2\xff\xff"
				   "G\0\0\7\x12\5\x20\x0a\0\0\0"
				   "R\xff\xff\xff";
	char garbage[64];

	WAIT_FOR_SUBSCRIPTION(1);
	memset(garbage, 0xff, sizeof garbage);
	ck_assert_int_eq(zmq_send(router, identity, identity_size, ZMQ_SNDMORE), (int)identity_size);
	ck_assert_int_eq(zmq_send(router, garbage, sizeof garbage, 0), (int)sizeof garbage);
	send_batch(1, 7, true, rows, sizeof rows - 1, true);
	RUN_UNTIL(&place, reader.synced);
	ck_assert_str_eq(reader.story, "A.");
	ck_assert_uint_eq(reader.lost, 0);
}
END_TEST

START_TEST(a_frame_beyond_the_limit_is_a_loss_and_not_a_storm_of_attempts)
{
	uint8_t *big = mem_zalloc(BUS_FRAME_MAX + 1);

	WAIT_FOR_SUBSCRIPTION(1);
	usec_t begin = host_now(place.host);
	for (unsigned n = 1; n <= 5; n++) {
		ck_assert_int_eq(zmq_send(router, identity, identity_size, ZMQ_SNDMORE), (int)identity_size);
		ck_assert_int_ge(zmq_send(router, big, BUS_FRAME_MAX + 1, 0), 0);
		WAIT_FOR_SUBSCRIPTION(n + 1);
	}
	/* 20, 40, 80, 160, 320 ms */
	ck_assert_uint_ge(host_now(place.host) - begin, 600 * USEC_PER_MSEC);
	free(big);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host/bus_mirror");
	TCase *c = tcase_create("owners that make no sense");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_gap_between_batches_makes_it_read_the_table_anew);
	tcase_add_test(c, rows_whose_rest_never_comes_are_settled_with_the_loss);
	tcase_add_test(c, another_epoch_without_a_new_round_makes_it_read_the_table_anew);
	tcase_add_test(c, a_first_batch_that_begins_no_round_is_not_believed);
	tcase_add_test(c, what_cannot_be_read_is_left_out_and_the_rest_taken);
	tcase_add_test(c, a_frame_beyond_the_limit_is_a_loss_and_not_a_storm_of_attempts);
	suite_add_tcase(s, c);
	return s;
}

CHECK_MAIN(suite)
