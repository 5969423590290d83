/*
 * What this kernel has, found out by asking for it in a way that changes nothing.
 *
 * Whether it has resilient groups of next hops (Linux 5.13). Versions tell little of what a kernel was given later, and
 * to make one would be told to all who listen: so it is asked for a bucket without saying of which group. Who knows of buckets
 * finds that wanting; who does not says that there is no such request.
 */
#include "base/mem.h"
#include "fibd/kernel/kernel.h"
#include <errno.h>
#include <linux/nexthop.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The errno of what the kernel answers to a request of a few bytes that it cannot carry out; 0: it says nothing. */
static int
refusal_of(const void *request, size_t size)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr body;
		uint8_t rest[1024];
	} answer;
	const struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	ssize_t sent = send(fd, request, size, 0), n = sent > 0 ? recv(fd, &answer, sizeof answer, 0) : -1;
	close(fd);
	return n >= (ssize_t)NLMSG_LENGTH(sizeof answer.body) && answer.h.nlmsg_type == NLMSG_ERROR ? -answer.body.error
												    : 0;
}

bool
kernel_has_resilient_groups(void)
{
	struct {
		struct nlmsghdr h;
		struct nhmsg body;
	} request = { .h = { .nlmsg_len = sizeof request,
			  .nlmsg_type = RTM_GETNEXTHOPBUCKET,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK } };
	int error = refusal_of(&request, sizeof request);

	return error && error != EOPNOTSUPP;
}

/* One is asked for without saying what it is to do. The kernel loads its module and finds that wanting, or has no such action. */
static bool
has_action(const char *kind)
{
	struct {
		struct nlmsghdr h;
		struct tcamsg body;
		struct nlattr list, one, kind;
		char name[8];
	} request = { .h = { .nlmsg_len = sizeof request,
			  .nlmsg_type = RTM_NEWACTION,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL },
		.list = { 3 * sizeof(struct nlattr) + sizeof request.name, TCA_ACT_TAB },
		.one = { 2 * sizeof(struct nlattr) + sizeof request.name, 1 },
		.kind = { sizeof(struct nlattr) + sizeof request.name, TCA_ACT_KIND } };

	snprintf(request.name, sizeof request.name, "%s", kind);
	int error = refusal_of(&request, sizeof request);
	return error != ENOENT && error != EOPNOTSUPP;
}

const char *
kernel_missing_actions(void)
{
	static const char *const kinds[] = { "gact", "mpls", "vlan", "pedit", "mirred" };
	static char text[256];
	char list[64] = "";

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (!has_action(kinds[i]))
			snprintf(
			    list + strlen(list), sizeof list - strlen(list), "%sact_%s", *list ? ", " : "", kinds[i]);
	snprintf(text, sizeof text,
	    "this kernel has not all that pseudowires need (modules %s): they carry no frames; boot a kernel that has "
	    "it, such "
	    "as Debian's linux-image-amd64",
	    list);
	return *list ? text : NULL;
}
