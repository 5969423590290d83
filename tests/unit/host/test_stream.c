/* TCP by connection number, over the loopback interface: who is told what, and that each connection ends in one way only. */
#include "base/mem.h"
#include "host/stream_internal.h"
#include "tests/helper/bus.h"
#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* One side: its streams and what it was told of the connection it saw last. */
struct side {
	struct streams *streams;
	uint32_t conn;
	unsigned ups, downs, rooms;
	struct addr local, peer;
	uint16_t local_port, peer_port;
	size_t bytes;
	uint64_t sum; /* of bytes and their places: the order counts */
	char why[128];
	bool close_at_bytes, close_at_up;
};

static struct place place;
static uint16_t port;
static struct side near, far; /* far listens */

static void
on_up(void *ctx, uint32_t conn, const struct stream_ends *ends, usec_t now)
{
	struct side *s = ctx;

	ck_assert_uint_le(now, host_now(place.host));
	ck_assert_str_eq(ends->device, "");
	s->ups++;
	s->conn = conn;
	s->local = ends->local;
	s->peer = ends->peer;
	s->local_port = ends->local_port;
	s->peer_port = ends->peer_port;
	if (s->close_at_up)
		streams_close(s->streams, conn);
}

static uint64_t
sum_of(uint64_t sum, size_t at, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sum += (at + i + 1) * (bytes[i] + 1u);
	return sum;
}

static void
on_bytes(void *ctx, uint32_t conn, const uint8_t *bytes, size_t size, usec_t now)
{
	struct side *s = ctx;

	(void)now;
	ck_assert_uint_eq(conn, s->conn);
	s->sum = sum_of(s->sum, s->bytes, bytes, size);
	s->bytes += size;
	if (s->close_at_bytes)
		streams_close(s->streams, conn);
}

static void
on_down(void *ctx, uint32_t conn, const char *why, usec_t now)
{
	struct side *s = ctx;

	(void)now;
	s->downs++;
	s->conn = conn;
	snprintf(s->why, sizeof s->why, "%s", why);
}

static void
on_room(void *ctx, uint32_t conn, size_t queued, usec_t now)
{
	struct side *s = ctx;

	(void)now;
	ck_assert_uint_eq(conn, s->conn);
	ck_assert_uint_eq(queued, streams_queued(s->streams, conn));
	ck_assert_uint_le(queued, STREAM_QUEUE_MARK);
	s->rooms++;
}

static const struct stream_ops ops = { .up = on_up, .bytes = on_bytes, .down = on_down, .room = on_room };

static struct addr
address(const char *text)
{
	struct addr a;

	ck_assert(addr_parse(text, &a));
	return a;
}

/* Below those that the kernel gives to whoever asks for any: nobody else takes it between this look and its use. */
static uint16_t
free_port(void)
{
	enum { LOWEST = 20000, COUNT = 10000 };

	for (unsigned i = 0; i < COUNT; i++) {
		uint16_t p = (uint16_t)(LOWEST + ((unsigned)getpid() * 7 + i) % COUNT);
		const struct sockaddr_in s = { .sin_family = AF_INET, .sin_port = htons(p) };
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		bool free = bind(fd, (const struct sockaddr *)&s, sizeof s) == 0;
		close(fd);
		if (free)
			return p;
	}
	ck_abort_msg("no port is free");
	return 0;
}

static void
setup(void)
{
	char why[256];

	place_make(&place);
	place_start(&place);
	port = free_port();
	near = far = (struct side){ 0 };
	near.streams = streams_open(place.host, 0, &ops, &near, why);
	far.streams = streams_open(place.host, port, &ops, &far, why);
	ck_assert_msg(near.streams && far.streams, "%s", why);
}

static void
teardown(void)
{
	streams_free(near.streams);
	streams_free(far.streams);
	place_end(&place);
}

static void
dial(const char *from, const char *to)
{
	streams_connect(
	    near.streams, 7, &(struct stream_call){ .local = address(from), .peer = address(to), .port = port });
}

static void
connected(void)
{
	dial("127.0.0.2", "127.0.0.3");
	RUN_UNTIL(&place, near.ups && far.ups);
}

/* A plain socket as the other end of far's. */
static int
plain(void)
{
	struct sockaddr_in s = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&s, sizeof s), 0);
	return fd;
}

/* --- up --- */

START_TEST(both_ends_are_told_the_addresses_and_ports_of_both)
{
	connected();
	struct addr two = address("127.0.0.2"), three = address("127.0.0.3");
	ck_assert_uint_eq(near.conn, 7);
	ck_assert_uint_ge(far.conn, STREAM_ACCEPTED);
	ck_assert(addr_eq(&near.local, &two) && addr_eq(&near.peer, &three));
	ck_assert(addr_eq(&far.local, &three) && addr_eq(&far.peer, &two));
	ck_assert_uint_eq(near.peer_port, port);
	ck_assert_uint_eq(far.local_port, port);
	ck_assert_uint_eq(near.local_port, far.peer_port);
	ck_assert_uint_eq(near.ups + far.ups, 2);
}
END_TEST

START_TEST(accepted_connections_are_never_called_the_same)
{
	uint32_t last = 0;
	for (unsigned i = 1; i <= 3; i++) {
		int fd = plain();
		RUN_UNTIL(&place, far.ups == i);
		ck_assert_uint_gt(far.conn, last);
		last = far.conn;
		close(fd);
		RUN_UNTIL(&place, far.downs == i);
	}
}
END_TEST

START_TEST(ipv6_goes_the_same_way)
{
	struct addr one = address("::1");
	dial("::1", "::1");
	RUN_UNTIL(&place, near.ups || near.downs);
	if (near.downs) {
		ck_assert_str_eq(near.why, "the local address is not there"); /* a namespace without it */
		return;
	}
	RUN_UNTIL(&place, far.ups);
	ck_assert(addr_eq(&far.peer, &one) && addr_eq(&near.peer, &one));
}
END_TEST

/* --- bytes --- */

START_TEST(much_more_than_fits_arrives_whole_and_in_order)
{
	enum { PIECE = 5000, PIECES = 2000 };
	uint8_t piece[PIECE];
	uint64_t sum = 0;
	connected();
	for (size_t k = 0; k < PIECES; k++) {
		for (size_t i = 0; i < PIECE; i++)
			piece[i] = (uint8_t)(k * 31 + i * 7);
		sum = sum_of(sum, k * PIECE, piece, PIECE);
		streams_send(near.streams, 7, piece, PIECE);
	}
	RUN_UNTIL(&place, far.bytes == (size_t)PIECE * PIECES);
	ck_assert_uint_eq(far.sum, sum);
	ck_assert_uint_eq(near.downs + far.downs, 0);
}
END_TEST

/* A reader that takes a little of 50 MB now and then. */
START_TEST(a_slow_reader_costs_the_bytes_that_wait_and_the_writer_is_told_of_room)
{
	enum { SIZE = 50 << 20, SLICE = 1 << 20 };
	uint8_t *block = mem_zalloc(SIZE), *slice = mem_zalloc(SLICE);
	size_t got = 0, least_room = SIZE;
	int fd = plain();
	RUN_UNTIL(&place, far.ups == 1);
	for (size_t i = 0; i < SIZE; i++)
		block[i] = (uint8_t)(i * 7 + (i >> 16));
	size_t before = mallinfo2().uordblks;
	for (size_t at = 0; at < SIZE; at += SIZE / 10) {
		streams_send(far.streams, far.conn, block + at, SIZE / 10);
		size_t queued = streams_queued(far.streams, far.conn);
		ck_assert_uint_le(queued, at + SIZE / 10);
		ck_assert_uint_le(mallinfo2().uordblks, before + queued + queued / 50 + (128 << 10));
	}
	size_t queued = streams_queued(far.streams, far.conn);
	ck_assert_uint_gt(queued, SIZE / 2);
	ck_assert_uint_eq(far.rooms, 0);
	while (got < SIZE) {
		ssize_t n = recv(fd, slice, SLICE, MSG_DONTWAIT);
		if (n > 0) {
			if (memcmp(slice, block + got, (size_t)n) != 0)
				ck_abort_msg("other bytes than were sent, from %zu", got);
			got += (size_t)n;
		}
		sd_event_run(host_loop(place.host), n > 0 ? 0 : 10 * USEC_PER_MSEC);
		size_t now = streams_queued(far.streams, far.conn);
		ck_assert_uint_le(now, queued);
		queued = now;
		ck_assert_uint_le(mallinfo2().uordblks, before + queued + queued / 50 + (128 << 10));
		ck_assert_uint_eq(far.rooms, queued <= STREAM_QUEUE_MARK);
		if (far.rooms && queued < least_room)
			least_room = queued;
	}
	ck_assert_uint_eq(streams_queued(far.streams, far.conn), 0);
	ck_assert_uint_lt(least_room, STREAM_QUEUE_MARK);
	streams_send(far.streams, far.conn, block, STREAM_QUEUE_MARK / 2); /* that was never much */
	for (got = 0; got < STREAM_QUEUE_MARK / 2;) {
		ssize_t n = recv(fd, slice, SLICE, MSG_DONTWAIT);
		got += n > 0 ? (size_t)n : 0;
		sd_event_run(host_loop(place.host), 0);
	}
	ck_assert_uint_eq(far.rooms, 1);
	free(block);
	free(slice);
	close(fd);
}
END_TEST

START_TEST(a_queue_gives_back_what_was_put_in_however_it_is_cut)
{
	struct stream_queue q = { 0 };
	uint64_t in = 0, out = 0;
	uint32_t random = 1;
	uint8_t bytes[100000];

	for (int i = 0; i < 4000; i++) {
		random = random * 1664525 + 1013904223;
		size_t n = (random >> 8) % (i & 1 ? 300 : sizeof bytes);
		for (size_t k = 0; k < n; k++)
			bytes[k] = (uint8_t)((in + k) * 31 >> 3);
		stream_queue_add(&q, bytes, n);
		in += n;
		struct iovec parts[3];
		unsigned count = stream_queue_look(&q, parts, 3);
		size_t there = 0;
		for (unsigned p = 0; p < count; p++)
			for (size_t k = 0; k < parts[p].iov_len; k++, there++)
				if (((const uint8_t *)parts[p].iov_base)[k] != (uint8_t)((out + there) * 31 >> 3))
					ck_abort_msg("byte %ju is another", (uintmax_t)(out + there));
		size_t drop = random & 64 ? there : there / 3;
		stream_queue_drop(&q, drop);
		out += drop;
		ck_assert_uint_eq(q.size, in - out);
	}
	stream_queue_free(&q);
	ck_assert(q.size == 0 && !q.first && !q.last && !q.at);
}
END_TEST

START_TEST(what_is_sent_before_the_connection_is_up_leaves_when_it_is)
{
	dial("127.0.0.2", "127.0.0.3");
	streams_send(near.streams, 7, "early", 5);
	RUN_UNTIL(&place, far.bytes == 5);
}
END_TEST

START_TEST(what_is_sent_to_nobody_harms_nobody)
{
	connected();
	streams_send(near.streams, 8, "lost", 4);
	streams_close(near.streams, 8);
	streams_min_ttl(near.streams, 8, 255);
	streams_send(near.streams, 7, "", 0);
	streams_send(near.streams, 7, "ok", 2);
	RUN_UNTIL(&place, far.bytes == 2);
}
END_TEST

/* --- down --- */

START_TEST(a_peer_that_closes_is_told_once)
{
	connected();
	streams_close(near.streams, 7);
	RUN_UNTIL(&place, far.downs == 1);
	ck_assert_str_eq(far.why, "connection closed by the peer");
	streams_send(far.streams, far.conn, "x", 1);
	streams_close(far.streams, far.conn);
	usec_t until = host_now(place.host) + 20 * USEC_PER_MSEC;
	RUN_UNTIL(&place, host_now(place.host) >= until);
	ck_assert_msg(near.downs == 0, "who closes is not told");
	ck_assert_uint_eq(far.downs, 1);
}
END_TEST

START_TEST(the_last_words_before_closing_arrive)
{
	static uint8_t much[3000000];
	connected();
	streams_send(near.streams, 7, much, sizeof much);
	streams_close(near.streams, 7);
	streams_send(near.streams, 7, "after", 5);
	RUN_UNTIL(&place, far.downs == 1);
	ck_assert_uint_eq(far.bytes, sizeof much);
}
END_TEST

START_TEST(a_connection_may_be_closed_while_it_is_told_about)
{
	far.close_at_up = _i == 0;
	far.close_at_bytes = _i == 1;
	dial("127.0.0.2", "127.0.0.3");
	streams_send(near.streams, 7, "bytes", 5);
	RUN_UNTIL(&place, near.downs == 1);
	ck_assert_uint_eq(far.downs, 0);
}
END_TEST

START_TEST(a_failure_that_was_not_told_yet_is_not_told_after_closing)
{
	dial("198.51.100.99", "127.0.0.3");
	streams_close(near.streams, 7);
	near.downs = 0;
	connected();
	ck_assert_uint_eq(near.downs, 0);
}
END_TEST

static const struct {
	const char *from, *to, *why;
	bool open;
} failures[] = {
	{ "127.0.0.2", "127.0.0.3", "connection refused", false },
	{ "198.51.100.99", "127.0.0.3", "the local address is not there", true },
};

START_TEST(a_connection_that_cannot_be_made_says_why)
{
	if (!failures[_i].open)
		port = free_port();
	dial(failures[_i].from, failures[_i].to);
	ck_assert_msg(near.downs == 0, "never before the call is over");
	RUN_UNTIL(&place, near.downs == 1);
	ck_assert_str_eq(near.why, failures[_i].why);
	ck_assert_uint_eq(near.conn, 7);
	ck_assert_uint_eq(near.ups, 0);
}
END_TEST

/* Its listener's queue is full: the kernel drops what else would connect, and tries for minutes. */
START_TEST(a_connection_that_takes_too_long_is_given_up)
{
	const struct sockaddr_in s = {
		.sin_family = AF_INET, .sin_port = htons(free_port()), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	int mute = socket(AF_INET, SOCK_STREAM, 0), full = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(mute, (const struct sockaddr *)&s, sizeof s), 0);
	ck_assert_int_eq(listen(mute, 0), 0);
	ck_assert_int_eq(connect(full, (const struct sockaddr *)&s, sizeof s), 0);
	usec_t began = host_now(place.host);
	streams_connect(near.streams, 7,
	    &(struct stream_call){
		.peer = address("127.0.0.1"), .port = ntohs(s.sin_port), .timeout = 50 * USEC_PER_MSEC });
	RUN_UNTIL(&place, near.downs == 1);
	ck_assert_str_eq(near.why, "connection timed out");
	ck_assert_uint_ge(host_now(place.host) - began, 50 * USEC_PER_MSEC);
	ck_assert_uint_eq(near.ups, 0);
	close(mute);
	close(full);
}
END_TEST

START_TEST(a_time_out_is_for_connecting_alone)
{
	streams_connect(near.streams, 7,
	    &(struct stream_call){ .peer = address("127.0.0.1"), .port = port, .timeout = 50 * USEC_PER_MSEC });
	RUN_UNTIL(&place, near.ups && far.ups);
	usec_t until = host_now(place.host) + 70 * USEC_PER_MSEC;
	RUN_UNTIL(&place, host_now(place.host) >= until);
	ck_assert_uint_eq(near.downs, 0);
}
END_TEST

START_TEST(a_peer_that_resets_is_told)
{
	struct linger now = { 1, 0 };
	int fd = plain();
	RUN_UNTIL(&place, far.ups == 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
	RUN_UNTIL(&place, far.downs == 1);
	ck_assert_str_eq(far.why, "connection reset by the peer");
}
END_TEST

START_TEST(a_peer_that_never_reads_is_dropped_when_too_much_waits)
{
	static uint8_t piece[1 << 20];
	int fd = plain();
	RUN_UNTIL(&place, far.ups == 1);
	for (int i = 0; i < STREAM_QUEUE_MAX / (int)sizeof piece; i++)
		streams_send(far.streams, far.conn, piece, sizeof piece);
	ck_assert_uint_eq(far.downs, 0);
	for (int i = 0; i < 16; i++) /* the kernel has taken some */
		streams_send(far.streams, far.conn, piece, sizeof piece);
	RUN_UNTIL(&place, far.downs == 1);
	ck_assert_str_eq(far.why, "the peer does not read");
	close(fd);
}
END_TEST

START_TEST(a_port_that_is_taken_is_told)
{
	char why[256] = "";
	ck_assert_ptr_null(streams_open(place.host, port, &ops, &near, why));
	ck_assert_ptr_nonnull(strstr(why, "does another daemon"));
}
END_TEST

/* --- what protects them --- */

static int
secret(struct side *s, const char *peer, const char *word)
{
	struct addr a = address(peer);

	return streams_key(s->streams, NULL, &a, word, strlen(word));
}

START_TEST(one_secret_on_both_ends_lets_them_speak)
{
	if (secret(&far, "127.0.0.2", "orange") == -ENOPROTOOPT)
		return; /* this kernel has no TCP MD5 */
	ck_assert_int_eq(secret(&near, "127.0.0.3", "orange"), 0);
	connected();
	streams_send(near.streams, 7, "sweet", 5);
	RUN_UNTIL(&place, far.bytes == 5);
	ck_assert_int_eq(secret(&far, "127.0.0.2", ""), 0);
	ck_assert_msg(secret(&far, "127.0.0.2", "") == 0, "taking away what is not there is no error");
}
END_TEST

/* The kernel had accepted it before the secret was known. */
START_TEST(a_connection_without_the_secret_that_waits_is_refused_and_others_are_not)
{
	dial("127.0.0.2", "127.0.0.3");
	int fd = plain(); /* from 127.0.0.1; both are in the kernel's queue now */
	struct tcp_info info;
	socklen_t size = sizeof info;
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
	if (secret(&far, "127.0.0.2", "orange") == -ENOPROTOOPT)
		return;
	RUN_UNTIL(&place, near.downs == 1 && far.ups == 1);
	struct addr self = address("127.0.0.1");
	ck_assert(addr_eq(&far.peer, &self));
	close(fd);
}
END_TEST

START_TEST(a_secret_that_is_too_long_is_refused)
{
	char word[STREAM_SECRET_MAX + 2];
	memset(word, 'x', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	ck_assert_int_eq(secret(&far, "127.0.0.2", word), -EINVAL);
}
END_TEST

START_TEST(packets_that_may_come_from_farther_than_is_allowed_are_lost)
{
	int fd = plain(), ttl = 64;
	RUN_UNTIL(&place, far.ups == 1);
	streams_min_ttl(far.streams, far.conn, 255);
	setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
	ck_assert_int_eq(send(fd, "x", 1, 0), 1);
	streams_send(far.streams, far.conn, "y", 1); /* that comes back as an acknowledgement only */
	usec_t until = host_now(place.host) + 100 * USEC_PER_MSEC;
	RUN_UNTIL(&place, host_now(place.host) >= until);
	ck_assert_uint_eq(far.bytes, 0);
	ttl = 255; /* the kernel sends it again and again */
	setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
	RUN_UNTIL(&place, far.bytes == 1);
	close(fd);
}
END_TEST

static int
ttl_of(uint32_t conn, struct side *side)
{
	int fd = -1, ttl = 0;
	socklen_t size = sizeof ttl;

	hash_each (n, &side->streams->streams) {
		const struct stream *c = OBJECT(n, struct stream, by_number);
		if (c->number == conn)
			fd = c->fd;
	}
	ck_assert_int_eq(getsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, &size), 0);
	return ttl;
}

START_TEST(packets_leave_with_the_ttl_that_was_asked_for)
{
	streams_connect(
	    near.streams, 7, &(struct stream_call){ .peer = address("127.0.0.1"), .port = port, .ttl = (uint8_t)_i });
	RUN_UNTIL(&place, near.ups && far.ups);
	ck_assert_int_eq(ttl_of(7, &near), _i ? _i : 255);
	ck_assert_int_eq(ttl_of(far.conn, &far), 255);
	streams_ttl(far.streams, far.conn, 3);
	ck_assert_int_eq(ttl_of(far.conn, &far), 3);
	streams_ttl(far.streams, far.conn, 0);
	ck_assert_int_eq(ttl_of(far.conn, &far), 255);
}
END_TEST

/* Several secrets are set in one turn: those of the later ones must not have slipped in with the first. */
START_TEST(connections_that_wait_are_refused_for_each_secret_of_many)
{
	dial("127.0.0.2", "127.0.0.3");
	int fd = plain();
	if (secret(&far, "127.0.0.9", "apple") == -ENOPROTOOPT)
		return;
	ck_assert_int_eq(secret(&far, "127.0.0.2", "orange"), 0);
	RUN_UNTIL(&place, near.downs == 1 && far.ups == 1);
	struct addr self = address("127.0.0.1");
	ck_assert(addr_eq(&far.peer, &self));
	close(fd);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host stream");
	TCase *t = tcase_create("up and bytes");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, both_ends_are_told_the_addresses_and_ports_of_both);
	tcase_add_test(t, accepted_connections_are_never_called_the_same);
	tcase_add_test(t, ipv6_goes_the_same_way);
	tcase_add_test(t, much_more_than_fits_arrives_whole_and_in_order);
	tcase_add_test(t, a_slow_reader_costs_the_bytes_that_wait_and_the_writer_is_told_of_room);
	tcase_add_test(t, a_queue_gives_back_what_was_put_in_however_it_is_cut);
	tcase_add_test(t, what_is_sent_before_the_connection_is_up_leaves_when_it_is);
	tcase_add_test(t, what_is_sent_to_nobody_harms_nobody);
	suite_add_tcase(s, t);
	t = tcase_create("down");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_peer_that_closes_is_told_once);
	tcase_add_test(t, the_last_words_before_closing_arrive);
	tcase_add_loop_test(t, a_connection_may_be_closed_while_it_is_told_about, 0, 2);
	tcase_add_test(t, a_failure_that_was_not_told_yet_is_not_told_after_closing);
	tcase_add_loop_test(t, a_connection_that_cannot_be_made_says_why, 0, sizeof failures / sizeof *failures);
	tcase_add_test(t, a_connection_that_takes_too_long_is_given_up);
	tcase_add_test(t, a_time_out_is_for_connecting_alone);
	tcase_add_test(t, a_peer_that_resets_is_told);
	tcase_add_test(t, a_peer_that_never_reads_is_dropped_when_too_much_waits);
	tcase_add_test(t, a_port_that_is_taken_is_told);
	suite_add_tcase(s, t);
	t = tcase_create("RFC 2385, RFC 5082");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, one_secret_on_both_ends_lets_them_speak);
	tcase_add_test(t, a_connection_without_the_secret_that_waits_is_refused_and_others_are_not);
	tcase_add_test(t, connections_that_wait_are_refused_for_each_secret_of_many);
	tcase_add_test(t, a_secret_that_is_too_long_is_refused);
	tcase_add_test(t, packets_that_may_come_from_farther_than_is_allowed_are_lost);
	tcase_add_loop_test(t, packets_leave_with_the_ttl_that_was_asked_for, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
