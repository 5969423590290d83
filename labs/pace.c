/*
 * Numbered packets at an even pace, and what of them arrives: how long a failure cost, to the packet.
 *
 *   pace send [-i USEC] [-f FLOWS] [-s SOURCE] ADDRESS PORT     until it is ended
 *   pace receive PORT                                           likewise
 *
 * Each says what it saw as one line of JSON at its end. The sender's own lateness is part of that: a packet that was not sent
 * in time on a busy machine is not a packet lost, but it widens the span that a lost one stands for. With several flows the
 * packets go round over so many source ports, so that routers which balance by ports use every path.
 *
 * A receiver that is ended goes on until nothing has come for a while: what waits in its queue, or is still under way, was not
 * lost. What its queue had no room for was lost here and not by the network, so it is counted apart.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FLOWS_MAX = 64, SEQ_MAX = 1 << 24, RANGES_SHOWN = 200, QUIET_MS = 300, LINGER_MS = 5000, QUEUE_BYTES = 8 << 20 };

static volatile sig_atomic_t ended;

static void
on_end(int number)
{
	(void)number;
	ended = 1;
}

static void
die(const char *what)
{
	fprintf(stderr, "pace: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
sleep_until(uint64_t at_us)
{
	struct timespec t = { .tv_sec = (time_t)(at_us / 1000000), .tv_nsec = (long)(at_us % 1000000 * 1000) };

	while (!ended && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* --- sending --- */

static int
flow(const struct addrinfo *to, const char *source)
{
	int fd = socket(to->ai_family, SOCK_DGRAM, 0);

	if (fd < 0)
		die("socket");
	if (source) {
		struct addrinfo hints = { .ai_family = to->ai_family, .ai_flags = AI_NUMERICHOST }, *from;
		if (getaddrinfo(source, NULL, &hints, &from) != 0 || bind(fd, from->ai_addr, from->ai_addrlen) < 0)
			die(source);
		freeaddrinfo(from);
	}
	return fd;
}

static int
send_all(const char *address, const char *port, unsigned interval_us, unsigned flows, const char *source)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST }, *to;
	int fds[FLOWS_MAX];
	uint64_t seq = 0, late_most = 0, late_count = 0, refused = 0, at;

	if (getaddrinfo(address, port, &hints, &to) != 0) {
		fprintf(stderr, "pace: `%s` port `%s` is no address\n", address, port);
		return 2;
	}
	for (unsigned i = 0; i < flows; i++)
		fds[i] = flow(to, source);
	for (at = now_us(); !ended && seq < SEQ_MAX; at += interval_us, seq++) {
		sleep_until(at);
		uint64_t now = now_us(), late = now > at ? now - at : 0;
		late_most = late > late_most ? late : late_most;
		late_count += late > interval_us;
		uint8_t bytes[64] = { 0 };
		for (int i = 0; i < 8; i++)
			bytes[i] = (uint8_t)(seq >> (56 - 8 * i));
		refused += sendto(fds[seq % flows], bytes, sizeof bytes, 0, to->ai_addr, to->ai_addrlen) < 0;
	}
	printf("{\"sent\": %" PRIu64 ", \"interval_us\": %u, \"refused\": %" PRIu64 ", \"late_max_us\": %" PRIu64
	       ", \"late\": %" PRIu64 "}\n",
	    seq, interval_us, refused, late_most, late_count);
	freeaddrinfo(to);
	return 0;
}

/* --- receiving --- */

static void
take(uint8_t *seen, const uint8_t *bytes, ssize_t size, uint64_t *count, uint64_t *twice, uint64_t *last)
{
	uint64_t seq = 0;

	for (int i = 0; i < 8; i++)
		seq = seq << 8 | bytes[i];
	if (size < 8 || seq >= SEQ_MAX)
		return;
	*twice += seen[seq];
	*count += !seen[seq];
	seen[seq] = 1;
	*last = seq > *last ? seq : *last;
}

/* `ret_overflowed`: packets that there was no room for, since the beginning. */
static ssize_t
receive(int fd, void *bytes, size_t size, uint32_t *ret_overflowed)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(uint32_t))];
	} control;
	struct iovec into = { bytes, size };
	struct msghdr m = {
		.msg_iov = &into, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	ssize_t got = recvmsg(fd, &m, MSG_DONTWAIT);

	for (struct cmsghdr *c = got < 0 ? NULL : CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
			memcpy(ret_overflowed, CMSG_DATA(c), sizeof *ret_overflowed);
	return got;
}

static void
report(const uint8_t *seen, uint64_t count, uint64_t twice, uint64_t last, uint32_t overflowed)
{
	uint64_t first = 0, lost = 0;
	unsigned shown = 0;

	while (count && first < last && !seen[first])
		first++;
	printf("{\"received\": %" PRIu64 ", \"twice\": %" PRIu64 ", \"first\": %" PRIu64 ", \"last\": %" PRIu64
	       ", \"ranges\": [",
	    count, twice, first, last);
	for (uint64_t s = first; count && s < last; s++) {
		uint64_t from = s;
		while (s < last && !seen[s])
			s++;
		if (s == from)
			continue;
		lost += s - from;
		if (shown++ < RANGES_SHOWN)
			printf("%s[%" PRIu64 ", %" PRIu64 "]", shown > 1 ? ", " : "", from, s - 1);
	}
	printf("], \"lost\": %" PRIu64 ", \"overflowed\": %" PRIu32 "}\n", lost, overflowed);
}

static int
receive_all(const char *port)
{
	struct addrinfo hints = { .ai_family = AF_INET6, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE }, *at;
	uint8_t *seen = calloc(SEQ_MAX, 1), bytes[256];
	uint64_t count = 0, twice = 0, last = 0, end_at = 0;
	uint32_t overflowed = 0;
	int no = 0, yes = 1, room = QUEUE_BYTES;

	if (!seen || getaddrinfo(NULL, port, &hints, &at) != 0)
		die(port);
	int fd = socket(at->ai_family, SOCK_DGRAM, 0);
	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) < 0 ||
	    bind(fd, at->ai_addr, at->ai_addrlen) < 0)
		die(port);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &yes, sizeof yes);
	struct pollfd waits = { .fd = fd, .events = POLLIN };
	for (;;) {
		int came = poll(&waits, 1, QUIET_MS);
		ssize_t size = came > 0 ? receive(fd, bytes, sizeof bytes, &overflowed) : -1;
		if (size > 0)
			take(seen, bytes, size, &count, &twice, &last);
		if (!ended)
			continue;
		if (!end_at)
			end_at = now_us() + LINGER_MS * 1000;
		if (came == 0 || now_us() > end_at)
			break;
	}
	report(seen, count, twice, last, overflowed);
	freeaddrinfo(at);
	free(seen);
	return 0;
}

static int
usage(void)
{
	fprintf(stderr, "usage: pace send [-i USEC] [-f FLOWS] [-s SOURCE] ADDRESS PORT\n       pace receive PORT\n");
	return 2;
}

int
main(int argc, char **argv)
{
	unsigned interval = 1000, flows = 1;
	const char *source = NULL;
	struct sigaction end = { .sa_handler = on_end };
	int option;

	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	if (argc == 3 && strcmp(argv[1], "receive") == 0)
		return receive_all(argv[2]);
	if (argc < 4 || strcmp(argv[1], "send") != 0)
		return usage();
	for (optind = 2; (option = getopt(argc, argv, "i:f:s:")) != -1;)
		if (option == 'i')
			interval = (unsigned)atoi(optarg);
		else if (option == 'f')
			flows = (unsigned)atoi(optarg);
		else if (option == 's')
			source = optarg;
		else
			return usage();
	if (argc - optind != 2 || !interval || !flows || flows > FLOWS_MAX)
		return usage();
	return send_all(argv[optind], argv[optind + 1], interval, flows, source);
}
