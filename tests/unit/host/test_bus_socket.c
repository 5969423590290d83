/* ZeroMQ's edge-triggered descriptor in the event loop. */
#include "tests/helper/bus.h"
#include <poll.h>

static struct place place;
static void *ctx, *near, *far;
static struct bus_socket s;
static unsigned got, settled;
static bool close_at_first;

static bool
on_readable(void *unused)
{
	char bytes[16];

	(void)unused;
	if (zmq_recv(s.zmq, bytes, sizeof bytes, ZMQ_DONTWAIT) < 0)
		return false;
	got++;
	if (close_at_first)
		bus_socket_close(&s);
	return true;
}

static void
on_settled(void *unused)
{
	(void)unused;
	settled++;
}

static void
setup(void)
{
	place_make(&place);
	place_start(&place);
	ctx = zmq_ctx_new();
	near = zmq_socket(ctx, ZMQ_PAIR);
	far = zmq_socket(ctx, ZMQ_PAIR);
	ck_assert_int_eq(zmq_bind(near, "inproc://x"), 0);
	ck_assert_int_eq(zmq_connect(far, "inproc://x"), 0);
	got = settled = 0;
	close_at_first = false;
}

static void
teardown(void)
{
	bus_socket_close(&s);
	zmq_close(far);
	zmq_ctx_term(ctx);
	place_end(&place);
}

static void
watch(void)
{
	ck_assert_int_eq(bus_socket_open(&s, host_loop(place.host), near, on_readable, on_settled, NULL), 0);
	while (sd_event_run(host_loop(place.host), 0) > 0) {
	}
}

static bool
descriptor_is_readable(void)
{
	int fd;
	size_t size = sizeof fd;

	ck_assert_int_eq(zmq_getsockopt(near, ZMQ_FD, &fd, &size), 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, 0) == 1;
}

START_TEST(a_message_whose_edge_a_send_has_consumed_is_read_all_the_same)
{
	watch();
	ck_assert_int_eq(zmq_send(far, "1", 1, 0), 1);
	/* The trap: sends look at the socket's mailbox, and with it goes the edge. */
	int events;
	size_t size = sizeof events;
	ck_assert_int_eq(zmq_send(near, "2", 1, 0), 1);
	ck_assert_int_eq(zmq_getsockopt(near, ZMQ_EVENTS, &events, &size), 0);
	ck_assert(events & ZMQ_POLLIN);
	ck_assert(!descriptor_is_readable()); /* nobody would wake us */
	bus_socket_used(&s);
	RUN_UNTIL(&place, got == 1);
}
END_TEST

START_TEST(what_waited_before_the_socket_was_watched_is_read)
{
	int events;
	size_t size = sizeof events;

	ck_assert_int_eq(zmq_send(far, "1", 1, 0), 1);
	ck_assert_int_eq(zmq_getsockopt(near, ZMQ_EVENTS, &events, &size), 0);
	ck_assert(!descriptor_is_readable());
	ck_assert_int_eq(bus_socket_open(&s, host_loop(place.host), near, on_readable, on_settled, NULL), 0);
	RUN_UNTIL(&place, got == 1);
}
END_TEST

START_TEST(more_than_one_turn_can_take_is_read_over_several_and_settled_after_each)
{
	watch();
	for (unsigned i = 0; i < 500; i++)
		ck_assert_int_eq(zmq_send(far, "x", 1, 0), 1);
	RUN_UNTIL(&place, got == 500);
	ck_assert_uint_gt(settled, 1);
	ck_assert_uint_lt(settled, 500);
}
END_TEST

START_TEST(a_socket_may_be_closed_by_what_it_reads)
{
	watch();
	close_at_first = true;
	ck_assert_int_eq(zmq_send(far, "1", 1, 0), 1);
	ck_assert_int_eq(zmq_send(far, "2", 1, 0), 1);
	RUN_UNTIL(&place, got == 1);
	while (sd_event_run(host_loop(place.host), 0) > 0) {
	}
	ck_assert_uint_eq(got, 1);
	ck_assert_uint_eq(settled, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("host/bus_socket");
	TCase *c = tcase_create("edges");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_message_whose_edge_a_send_has_consumed_is_read_all_the_same);
	tcase_add_test(c, what_waited_before_the_socket_was_watched_is_read);
	tcase_add_test(c, more_than_one_turn_can_take_is_read_over_several_and_settled_after_each);
	tcase_add_test(c, a_socket_may_be_closed_by_what_it_reads);
	suite_add_tcase(suite, c);
	return suite;
}

CHECK_MAIN(suite)
