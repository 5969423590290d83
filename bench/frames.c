/*
 * Frames as they are said, many of them, and when those that have a label come out at the other end.
 *
 *   frames send LINK COUNT MICROSECONDS HEX     each so long after the one before; 0: as fast as the kernel takes them
 *   frames watch LINK...                        until its input ends
 *
 * The sender says `sent COUNT SECONDS`, the time that it took. What is watched is told by the label at the bottom of the stack: `LINK
 * LABEL COUNT FIRST LAST`, in seconds of CLOCK_MONOTONIC. Frames leave by a packet socket past the qdisc: what they cost here is the same whatever becomes of them.
 */
#include "bench/clock.h"
#include "base/mem.h"
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FRAME_MAX = 9216, AT_ONCE = 64, LINKS_MAX = 8, LABELS = 1 << 20, MPLS_AT = 14, RECEIVE_BUFFER = 16 << 20 };

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
open_link(const char *link, uint16_t protocol)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = (int)if_nametoindex(link)
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die(link);
	return fd;
}

/* --- send --- */

static void
send_many(int fd, const uint8_t *frame, size_t size, unsigned long count)
{
	struct iovec part = { .iov_base = (uint8_t *)(uintptr_t)frame, .iov_len = size };
	struct mmsghdr many[AT_ONCE];

	memset(many, 0, sizeof many);
	for (size_t i = 0; i < AT_ONCE; i++) {
		many[i].msg_hdr.msg_iov = &part;
		many[i].msg_hdr.msg_iovlen = 1;
	}
	while (count) {
		int n = sendmmsg(fd, many, count < AT_ONCE ? (unsigned)count : AT_ONCE, 0);
		if (n <= 0)
			die("sendmmsg");
		count -= (unsigned long)n;
	}
}

static void
send_paced(int fd, const uint8_t *frame, size_t size, unsigned long count, double spacing)
{
	double at = seconds();

	for (; count; count--, at += spacing) {
		struct timespec t = { .tv_sec = (time_t)at, .tv_nsec = (long)((at - (double)(time_t)at) * 1e9) };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		if (send(fd, frame, size, 0) < 0)
			die("send");
	}
}

static int
send_frames(const char *link, unsigned long count, double spacing, const char *hex)
{
	uint8_t frame[FRAME_MAX];
	size_t size = 0;
	int fd = open_link(link, 0), on = 1;

	for (unsigned byte; size < sizeof frame && sscanf(hex + 2 * size, "%2x", &byte) == 1;)
		frame[size++] = (uint8_t)byte;
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);

	double start = seconds();
	if (spacing > 0)
		send_paced(fd, frame, size, count, spacing);
	else
		send_many(fd, frame, size, count);
	printf("sent %lu %.6f\n", count, seconds() - start);
	return 0;
}

/* --- watch --- */

struct seen {
	unsigned long count;
	double first, last;
};

static double
ahead(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9 - seconds();
}

static uint32_t
bottom_label(const uint8_t *frame, size_t size)
{
	size_t at = MPLS_AT;

	while (at + 8 <= size && !(frame[at + 2] & 1))
		at += 4;
	return (uint32_t)frame[at] << 12 | (uint32_t)frame[at + 1] << 4 | (uint32_t)frame[at + 2] >> 4;
}

static void
take(int fd, struct seen *labels, double offset)
{
	uint8_t frame[64];
	_Alignas(struct cmsghdr) char control[128];
	struct iovec part = { .iov_base = frame, .iov_len = sizeof frame };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
	};
	struct timespec t;

	ssize_t size = recvmsg(fd, &m, 0);
	if (size < MPLS_AT + 4 || !CMSG_FIRSTHDR(&m))
		return;
	memcpy(&t, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof t);
	struct seen *s = &labels[bottom_label(frame, (size_t)size)];
	s->last = (double)t.tv_sec + (double)t.tv_nsec / 1e9 - offset;
	if (!s->count++)
		s->first = s->last;
}

static int
watch(char *const links[], size_t count)
{
	struct pollfd fds[LINKS_MAX + 1] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	struct seen *seen[LINKS_MAX];
	double offset = ahead();

	for (size_t i = 0; i < count; i++) {
		int on = 1, room = RECEIVE_BUFFER;
		seen[i] = mem_zalloc(LABELS * sizeof **seen);
		fds[i + 1] = (struct pollfd){ .fd = open_link(links[i], ETH_P_MPLS_UC), .events = POLLIN };
		setsockopt(fds[i + 1].fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
		setsockopt(fds[i + 1].fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	}
	printf("watching\n");
	fflush(stdout);
	while (poll(fds, (nfds_t)count + 1, -1) >= 0 && !fds[0].revents)
		for (size_t i = 0; i < count; i++)
			if (fds[i + 1].revents & POLLIN)
				take(fds[i + 1].fd, seen[i], offset);
	for (size_t i = 0; i < count; i++)
		for (uint32_t label = 0; label < LABELS; label++)
			if (seen[i][label].count)
				printf("%s %u %lu %.6f %.6f\n", links[i], label, seen[i][label].count,
				    seen[i][label].first, seen[i][label].last);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "send") == 0)
		return send_frames(argv[2], strtoul(argv[3], NULL, 10), atof(argv[4]) / 1e6, argv[5]);
	if (argc > 2 && argc - 2 <= LINKS_MAX && strcmp(argv[1], "watch") == 0)
		return watch(argv + 2, (size_t)argc - 2);
	fprintf(stderr, "usage: frames send LINK COUNT MICROSECONDS HEX | frames watch LINK...\n");
	return 2;
}
