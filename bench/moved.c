/*
 * When routes have moved: asks the kernel, again and again, by which interface it sends packets to 64 of the prefixes that
 * vpn_feed tells of, evenly spread, the last of all among them.
 *
 *   moved PREFIXES VPN LINK     VPN `-`: of the public network
 *
 * Prints `asked SECONDS` when it has begun, and `moved FIRST LAST TOOK` when all go by the link: the first was seen there at
 * that time of CLOCK_MONOTONIC, the last at that, and the last look took so long.
 */
#include "bench/clock.h"
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SAMPLES = 64, ANSWER = 1024, PAUSE_US = 50 };
struct question {
	struct nlmsghdr head;
	struct rtmsg route;
	struct rtattr to_head;
	uint32_t to;
	struct rtattr by_head;
	uint32_t by;
};

static void
ask(struct question *q, uint32_t device, uint32_t to)
{
	*q = (struct question){ .head = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = AF_INET, .rtm_dst_len = 32 },
		.to_head = { RTA_LENGTH(4), RTA_DST },
		.to = htonl(to),
		.by_head = { RTA_LENGTH(4), RTA_OIF },
		.by = device };
	q->head.nlmsg_len = device ? sizeof *q : offsetof(struct question, by_head);
}

/* The interface by which packets leave; 0: by none. */
static uint32_t
leaves_by(const void *answer, size_t size)
{
	const struct nlmsghdr *h = answer;
	uint32_t by = 0;

	if (size < sizeof *h || h->nlmsg_type != RTM_NEWROUTE)
		return 0;
	int left = (int)RTM_PAYLOAD(h);
	for (struct rtattr *a = RTM_RTA(NLMSG_DATA(h)); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == RTA_OIF)
			memcpy(&by, RTA_DATA(a), sizeof by);
	return by;
}

/* All questions in one call, all answers in another: how many of them leave by the link. */
static size_t
look(int fd, const struct iovec *questions, size_t count, uint32_t link)
{
	static char answer[SAMPLES][ANSWER];
	struct mmsghdr got[SAMPLES] = { 0 };
	struct iovec room[SAMPLES];
	const struct msghdr all = { .msg_iov = (struct iovec *)(uintptr_t)questions, .msg_iovlen = count };
	size_t moved = 0, heard = 0;

	for (size_t i = 0; i < count; i++) {
		room[i] = (struct iovec){ answer[i], ANSWER };
		got[i].msg_hdr = (struct msghdr){ .msg_iov = &room[i], .msg_iovlen = 1 };
	}
	if (sendmsg(fd, &all, 0) < 0) {
		perror("sendmsg");
		exit(1);
	}
	while (heard < count) {
		int n = recvmmsg(fd, got + heard, (unsigned)(count - heard), MSG_WAITFORONE, NULL);
		if (n <= 0) {
			perror("recvmmsg");
			exit(1);
		}
		heard += (size_t)n;
	}
	for (size_t i = 0; i < count; i++)
		moved += leaves_by(answer[i], got[i].msg_len) == link;
	return moved;
}

int
main(int argc, char **argv)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), room = 4 << 20;

	if (argc < 4 || fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0) {
		fprintf(stderr, "usage: moved PREFIXES VPN LINK\n");
		return 2;
	}
	size_t count = strtoul(argv[1], NULL, 10), samples = count < SAMPLES ? count : SAMPLES, moved = 0;
	uint32_t device = strcmp(argv[2], "-") == 0 ? 0 : if_nametoindex(argv[2]), link = if_nametoindex(argv[3]);
	struct question question[SAMPLES];
	struct iovec questions[SAMPLES];
	double first = 0, began = 0;
	for (size_t i = 0; i < samples; i++) {
		size_t which = i + 1 < samples || count == 1 ? i * count / samples : count - 1;
		ask(&question[i], device, 0x64000000u + (uint32_t)which);
		questions[i] = (struct iovec){ &question[i], question[i].head.nlmsg_len };
	}
	prctl(PR_SET_TIMERSLACK, 1000);
	printf("asked %.6f\n", seconds());
	fflush(stdout);
	while (moved < samples) {
		usleep(PAUSE_US); /* the processor may be needed for what is waited for */
		began = seconds();
		moved = look(fd, questions, samples, link);
		if (moved && first == 0)
			first = seconds();
	}
	double last = seconds();
	printf("moved %.6f %.6f %.6f\n", first, last, last - began);
	close(fd);
	return 0;
}
