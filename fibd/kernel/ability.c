/*
 * Whether this kernel has resilient groups of next hops (Linux 5.13, no option of its own). Versions tell
 * little of what a kernel was built with or given later: one is made and taken away again. Both objects are ours by their
 * protocol, so that the sweep after a start takes them if we end in between.
 */
#include "fibd/kernel/kernel.h"
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TRIED_NEXTHOP = FIB_NEXTHOP_FIRST, TRIED_BUCKETS = 4, ANSWER = 4096 };
static const uint32_t TRIED_GROUP = UINT32_MAX - 1; /* ids are given from the other end */

/* True when the kernel did it. */
static bool
ask(int fd, enum fib_op_kind kind, const struct fib_nexthop *o)
{
	struct fib_op op = { .kind = kind, .object.kind = FIB_NEXTHOP };
	uint8_t answer[ANSWER] __attribute__((aligned(8)));

	op.object.nexthop = *o;
	struct nl_msg *m = encode_op(&op);
	ssize_t sent = m ? send(fd, nlmsg_hdr(m), nlmsg_hdr(m)->nlmsg_len, 0) : -1;
	nlmsg_free(m);
	ssize_t n = sent > 0 ? recv(fd, answer, sizeof answer, 0) : -1;
	const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)answer;
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || h->nlmsg_type != NLMSG_ERROR)
		return false;
	return ((const struct nlmsgerr *)nlmsg_data(h))->error == 0;
}

bool
kernel_has_resilient_groups(void)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	const struct fib_nexthop member = { .id = TRIED_NEXTHOP, .black_hole = true, .family = 4 };
	const struct fib_nexthop group = { .id = TRIED_GROUP,
		.member_count = 1,
		.members = { TRIED_NEXTHOP },
		.weights = { 1 },
		.buckets = TRIED_BUCKETS };
	const struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	bool has = bind(fd, (struct sockaddr *)&own, sizeof own) == 0 && ask(fd, FIB_OP_ADD, &member) &&
		   ask(fd, FIB_OP_ADD, &group);
	ask(fd, FIB_OP_DELETE, &member); /* a group goes with its last member */
	close(fd);
	return has;
}
