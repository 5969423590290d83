/*
 * When routes have moved: asks the kernel, as fast as it answers, by which interface it sends packets to 64 of the prefixes that
 * vpn_feed tells of, evenly spread, the last of all among them.
 *
 *   moved PREFIXES VPN LINK     VPN `-`: of the public network
 *
 * Prints `asked SECONDS` when it has begun, and `moved FIRST LAST`, of CLOCK_MONOTONIC, when all go by the link: when the first
 * was seen there, and when the last was.
 */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 64 };
struct question {
	struct nlmsghdr head;
	struct rtmsg route;
	struct rtattr to_head;
	uint32_t to;
	struct rtattr by_head;
	uint32_t by;
};

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The interface by which packets to an address leave; 0: by none. */
static uint32_t
leaves_by(int fd, uint32_t device, uint32_t to)
{
	struct question q = { .head = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = AF_INET, .rtm_dst_len = 32 },
		.to_head = { RTA_LENGTH(4), RTA_DST },
		.to = htonl(to),
		.by_head = { RTA_LENGTH(4), RTA_OIF },
		.by = device };
	char answer[4096];
	uint32_t by = 0;

	q.head.nlmsg_len = device ? sizeof q : offsetof(struct question, by_head);
	ssize_t n = send(fd, &q, q.head.nlmsg_len, 0) < 0 ? -1 : recv(fd, answer, sizeof answer, 0);
	const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)answer;
	if (n < (ssize_t)sizeof *h || h->nlmsg_type != RTM_NEWROUTE)
		return 0;
	int left = (int)RTM_PAYLOAD(h);
	for (struct rtattr *a = RTM_RTA(NLMSG_DATA(h)); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == RTA_OIF)
			memcpy(&by, RTA_DATA(a), sizeof by);
	return by;
}

int
main(int argc, char **argv)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (argc < 4 || fd < 0) {
		fprintf(stderr, "usage: moved PREFIXES VPN LINK\n");
		return 2;
	}
	size_t count = strtoul(argv[1], NULL, 10), samples = count < SAMPLES ? count : SAMPLES;
	uint32_t device = strcmp(argv[2], "-") == 0 ? 0 : if_nametoindex(argv[2]), link = if_nametoindex(argv[3]);
	double first = 0;
	printf("asked %.6f\n", seconds());
	fflush(stdout);
	for (size_t i = 0; i < samples; i++) {
		size_t which = i + 1 < samples || count == 1 ? i * count / samples : count - 1;
		while (leaves_by(fd, device, 0x64000000u + (uint32_t)which) != link)
			;
		if (!first)
			first = seconds();
	}
	printf("moved %.6f %.6f\n", first, seconds());
	close(fd);
	return 0;
}
