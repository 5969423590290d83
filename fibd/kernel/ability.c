/*
 * Whether this kernel has resilient groups of next hops (Linux 5.13). Versions tell little of what a kernel was given later, and
 * to make one would be told to all who listen: so it is asked for a bucket without saying of which group. Who knows of buckets
 * finds that wanting; who does not says that there is no such request.
 */
#include "fibd/kernel/kernel.h"
#include <errno.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

bool
kernel_has_resilient_groups(void)
{
	struct {
		struct nlmsghdr h;
		struct nhmsg body;
	} request = { .h = { .nlmsg_len = sizeof request,
			  .nlmsg_type = RTM_GETNEXTHOPBUCKET,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK } };
	struct {
		struct nlmsghdr h;
		struct nlmsgerr body;
		uint8_t rest[1024];
	} answer;
	const struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	ssize_t sent = send(fd, &request, sizeof request, 0), n = sent > 0 ? recv(fd, &answer, sizeof answer, 0) : -1;
	close(fd);
	return n >= (ssize_t)NLMSG_LENGTH(sizeof answer.body) && answer.h.nlmsg_type == NLMSG_ERROR &&
	       answer.body.error != -EOPNOTSUPP;
}
