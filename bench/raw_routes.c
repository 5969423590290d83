/*
 * The rate of the kernel itself: RTM_NEWROUTE messages for N routes on one next hop group, written in batches of 64 kB
 * with one acknowledgement each, and nothing else done. It begins adding, then deleting, and ends, when it reads a line. The
 * mark that other programs are measured against, by the same instrument.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64 * 1024, NEXTHOP_ID = 7, PROTOCOL = 250 };

static void
attribute(char *at, size_t *size, unsigned short type, const void *bytes, unsigned short n)
{
	struct rtattr *a = (struct rtattr *)(void *)(at + *size);

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(n);
	memcpy(RTA_DATA(a), bytes, n);
	*size += RTA_ALIGN(a->rta_len);
}

static size_t
route(char *at, unsigned i, int type, int flags)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)at;
	struct rtmsg *r = NLMSG_DATA(h);
	uint32_t to = htonl(0x64000000u + i), id = NEXTHOP_ID, metric = 10;
	size_t size = NLMSG_LENGTH(sizeof *r);

	memset(at, 0, size);
	*r = (struct rtmsg){ .rtm_family = AF_INET,
		.rtm_dst_len = 32,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = PROTOCOL,
		.rtm_type = RTN_UNICAST };
	attribute(at, &size, RTA_DST, &to, 4);
	attribute(at, &size, RTA_PRIORITY, &metric, 4);
	if (type == RTM_NEWROUTE)
		attribute(at, &size, RTA_NH_ID, &id, 4);
	*h = (struct nlmsghdr){ .nlmsg_len = (uint32_t)size,
		.nlmsg_type = (uint16_t)type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags) };
	return NLMSG_ALIGN(size);
}

static void
flush(int fd, char *batch, size_t size, char *last)
{
	char answer[8192];

	((struct nlmsghdr *)(void *)last)->nlmsg_flags |= NLM_F_ACK;
	if (send(fd, batch, size, 0) < 0) {
		perror("send");
		exit(1);
	}
	ssize_t n = recv(fd, answer, sizeof answer, 0);
	const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)answer;
	const struct nlmsgerr *e = NLMSG_DATA(h);
	if (n < 0 || h->nlmsg_type != NLMSG_ERROR || e->error) {
		fprintf(stderr, "refused: %s\n", n < 0 ? strerror(errno) : strerror(-e->error));
		exit(1);
	}
}

static void
all(int fd, unsigned count, int type, int flags)
{
	static char batch[BATCH + 256];
	size_t size = 0;
	char *last = batch;

	for (unsigned i = 0; i < count; i++) {
		last = batch + size;
		size += route(last, i, type, flags);
		if (size >= BATCH || i + 1 == count) {
			flush(fd, batch, size, last);
			size = 0;
		}
	}
}

int
main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 200000;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int room = 4 << 20;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) != 0) {
		perror("netlink");
		return 1;
	}
	getchar();
	all(fd, count, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
	getchar();
	all(fd, count, RTM_DELROUTE, 0);
	getchar(); /* the namespace is looked at through this process */
	close(fd);
	return 0;
}
