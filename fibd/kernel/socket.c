/*
 * Netlink sockets: one that listens to what changes, one for operations, one for dumps.
 *
 * An operation's answer is matched by its sequence number. By the time the kernel acknowledges, its notice of
 * the change stands in the listening socket already, so that is emptied before an answer is handed on: what was
 * seen is never older than what was answered. Notices of our own routes, of which there may be a million, the kernel
 * keeps to itself: a filter on the listening socket drops what our requests have caused, for the answers tell it too.
 *
 * A listening socket that overflows (ENOBUFS) has lost notices for good: only a dump helps. What still waits in it
 * is older than the dump and is read first. An answer that was lost counts as a refusal: the engine looks and tries
 * again.
 *
 * The kernel carries out a request inside send() and has queued its answer when that returns. So when the kernel takes
 * long, somebody else holds its lock of all routing (a namespace with many routes that is removed will do), which is
 * worth a word to the operator; and when all is sent, all is read and an answer is missing, it was lost.
 */
#include "base/mem.h"
#include "fibd/kernel/encode_sub.h"
#include "fibd/kernel/kernel.h"
#include "fibd/kernel/tc.h"
#include "host/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/mpls.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BUFFER = 256 * 1024,
	BATCH = 128 * 1024, /* a socket does not send more than about 200 kB in one piece */
	LISTEN_BUFFER = 32 << 20,
	DUMP_TRIES = 5,
	READS_PER_WAKE = 64,
	DRAIN_ALL = 100000,
	NOTICES = 32, /* read at once */
	NOTICE_BYTES = 32 * 1024,
	IN_FLIGHT_MAX = 4096,
	PATIENCE_S = 3, /* without an answer */
	MPLS_FAMILY = 28
};

struct in_flight {
	uint32_t number;
	bool answered, again; /* again: refused, and asked for in another way */
	char link[16];        /* to be made; empty: it is another operation */
};

struct clsacts { /* interfaces that have filters of their own, and whether the block has any */
	uint32_t *ifindexes;
	size_t count;
	bool block;
};

struct kernel {
	struct host *host;
	struct kernel_ops ops;
	void *ctx;
	int listen, request, dump;
	struct writer *writer;
	struct quiet *quiet;
	sd_event_source *listening, *answering, *failing, *waiting;
	uint32_t sequence, answered; /* of the last request, and the one up to which all are answered */
	uint32_t answered_before;    /* PATIENCE_S ago */
	unsigned waited_s;           /* for the next answer, once that is remarkable */
	uint32_t dump_sequence;
	struct in_flight *flight; /* by sequence, modulo */
	bool overrun;             /* notices were lost; to be told when what is left was read */
	bool notes_clsacts;       /* while a dump of them is read, */
	struct clsacts clsacts;   /* which these are of */
	uint8_t *buffer, *batch;
	size_t batch_size, batch_last; /* last: where its last message begins */
};

static int
open_socket(int receive_buffer)
{
	const int on = 1;
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&own, sizeof own) != 0) {
		int error = errno;
		close(fd);
		return -error;
	}
	return fd;
}

/* --- what is seen --- */

static void
note_clsact(struct clsacts *c, const struct fib_clsact *seen)
{
	c->block |= seen->block == FIB_BLOCK;
	if (seen->block)
		return;
	c->ifindexes = mem_resize(c->ifindexes, (c->count + 1) * sizeof *c->ifindexes);
	c->ifindexes[c->count++] = seen->ifindex;
}

static void
tell_counts(struct kernel *k, const struct nlmsghdr *h)
{
	static struct fib_object counts[TC_ACTIONS_MAX];
	unsigned count = decode_counts(h, counts, TC_ACTIONS_MAX);

	for (unsigned i = 0; i < count; i++)
		k->ops.seen(k->ctx, &counts[i], false);
}

static void
tell(struct kernel *k, const struct nlmsghdr *h)
{
	struct fib_object o;
	bool gone = false;
	static struct log_limit limit;
	int r = decode_message(h, &o, &gone);

	if (r < 0)
		log_limited(&limit, LOG_LINE_ERROR, "netlink: a message of type %u cannot be read", h->nlmsg_type);
	if (r <= 0)
		return;
	if (o.kind == FIB_LINK && !gone) {
		o.link.mpls_input = kernel_mpls_input(o.link.name);
		o.link.speed_mbps = o.link.loopback ? 0 : kernel_speed_mbps(o.link.name);
	}
	if (o.kind == FIB_CLSACT && k->notes_clsacts)
		note_clsact(&k->clsacts, &o.clsact);
	k->ops.seen(k->ctx, &o, gone);
}

/* What waits in the listening socket, at most `reads` messages; the rest when the loop comes back. */
static void
drain(struct kernel *k, int reads)
{
	static uint8_t notices[NOTICES][NOTICE_BYTES];
	struct mmsghdr messages[NOTICES];
	struct iovec iov[NOTICES];

	while (reads--) {
		for (unsigned i = 0; i < NOTICES; i++) {
			iov[i] = (struct iovec){ notices[i], NOTICE_BYTES };
			messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov[i], .msg_iovlen = 1 } };
		}
		int n = recvmmsg(k->listen, messages, NOTICES, MSG_DONTWAIT, NULL);
		if (n < 0 && errno == ENOBUFS) {
			log_line(LOG_LINE_WARNING, "netlink: notices were lost; everything is read again");
			k->overrun = true;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			bool overrun = k->overrun;
			k->overrun = false;
			if (overrun)
				k->ops.overrun(k->ctx);
			return;
		}
		for (int i = 0; i < n; i++) {
			int left = (int)messages[i].msg_len;
			k->overrun |=
			    messages[i].msg_hdr.msg_flags & MSG_TRUNC; /* larger than any we know: look ourselves */
			for (const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)notices[i];
			     nlmsg_ok(h, left); h = nlmsg_next((struct nlmsghdr *)(uintptr_t)h, &left))
				tell(k, h);
		}
	}
}

static int
on_listen(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct kernel *k = ctx;

	(void)source;
	(void)fd;
	(void)events;
	drain(k, READS_PER_WAKE);
	k->ops.settled(k->ctx);
	return 0;
}

/* --- answers --- */

static struct in_flight *
flight_of(struct kernel *k, uint32_t sequence)
{
	return &k->flight[sequence % IN_FLIGHT_MAX];
}

/* A kernel without dummies is asked for a bridge instead: without ports it serves as a loopback too. */
static bool
try_stand_in(struct kernel *k, uint32_t sequence, int error)
{
	struct in_flight *f = flight_of(k, sequence);
	struct fib_op other = { .kind = FIB_OP_LINK_CREATE };

	if (!f->link[0] || f->again || (error != EOPNOTSUPP && error != ENODEV))
		return false;
	log_line(LOG_LINE_NOTICE, "this kernel has no dummy interfaces: %s is a bridge without ports", f->link);
	memcpy(other.object.link.name, f->link, sizeof f->link);
	struct nl_msg *m = encode_op(&other);
	nlmsg_hdr(m)->nlmsg_seq = sequence;
	f->again = true;
	writer_send(k->writer, (const uint8_t *)nlmsg_hdr(m), nlmsg_hdr(m)->nlmsg_len, false);
	nlmsg_free(m);
	return true;
}

static const char *
kernel_words(const struct nlmsghdr *h, int error, char out[256])
{
	struct nlattr *a[NLMSGERR_ATTR_MAX + 1];
	const struct nlmsgerr *e = nlmsg_data(h);
	const char *name = strerrordesc_np(error);

	snprintf(out, 256, "%s", name ? name : "refused");
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return out;
	size_t skip = sizeof *e;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += e->msg.nlmsg_len - sizeof(struct nlmsghdr);
	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, (int)skip, a, NLMSGERR_ATTR_MAX, NULL) >= 0 &&
	    a[NLMSGERR_ATTR_MSG])
		nla_strlcpy(out, a[NLMSGERR_ATTR_MSG], 256);
	return out;
}

static void
done(struct kernel *k, uint32_t sequence, int error, const char *text)
{
	struct in_flight *f = flight_of(k, sequence);
	uint32_t number = f->number;

	f->answered = true;
	while (k->answered != k->sequence && flight_of(k, k->answered + 1)->answered)
		k->answered++;
	if (number)
		k->ops.answer(k->ctx, number, error, text);
}

static void
answer(struct kernel *k, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = nlmsg_data(h);
	char text[256] = "";

	if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_len < NLMSG_LENGTH(sizeof *e))
		return;
	uint32_t sequence = h->nlmsg_seq, from = k->answered + 1; /* numbers are consecutive */
	if (sequence - from >= k->sequence - k->answered || flight_of(k, sequence)->answered)
		return;
	int error = -e->error;
	/* Only the last request of a batch asks for an acknowledgement. The kernel works them off in order and answers each
	 * that fails: whatever is answered, good or bad, what has no answer before it was done. */
	for (uint32_t i = from; i != sequence; i++)
		if (!flight_of(k, i)->answered && !flight_of(k, i)->again)
			done(k, i, 0, "");
	if (error && try_stand_in(k, sequence, error))
		return;
	done(k, sequence, error, error ? kernel_words(h, error, text) : "");
}

/* No answer will come for these: the request could not be sent, or answers were lost. */
static void
give_up(struct kernel *k, int error)
{
	log_line(LOG_LINE_ERROR, "netlink: %s; what was asked for is tried again", strerrordesc_np(error));
	for (uint32_t i = k->answered + 1, end = k->sequence + 1; i != end; i++)
		if (!flight_of(k, i)->answered)
			done(k, i, error, strerrordesc_np(error));
}

static int
on_failed(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct kernel *k = ctx;
	int error = writer_error(k->writer);

	(void)source;
	(void)fd;
	(void)events;
	if (error)
		give_up(k, error);
	k->ops.settled(k->ctx);
	return 0;
}

static int
on_answer(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct kernel *k = ctx;
	static uint8_t buffer[BUFFER];

	(void)source;
	(void)events;
	for (int i = 0; i < READS_PER_WAKE; i++) {
		ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
		if (n < 0 && errno == ENOBUFS)
			give_up(k, ENOBUFS);
		if (n <= 0)
			break;
		drain(k, DRAIN_ALL);
		int left = (int)n;
		for (const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)buffer; nlmsg_ok(h, left);
		     h = nlmsg_next((struct nlmsghdr *)(uintptr_t)h, &left))
			answer(k, h);
	}
	k->ops.settled(k->ctx);
	return 0;
}

static void
wait_on(struct kernel *k)
{
	k->answered_before = k->answered;
	sd_event_source_set_time_relative(k->waiting, PATIENCE_S * USEC_PER_SEC);
	sd_event_source_set_enabled(k->waiting, SD_EVENT_ONESHOT);
}

static int
on_wait(sd_event_source *source, uint64_t at, void *ctx)
{
	struct kernel *k = ctx;

	(void)source;
	(void)at;
	if (k->answered != k->answered_before || kernel_is_idle(k)) {
		if (k->waited_s)
			log_line(LOG_LINE_NOTICE, "netlink: the kernel answers again, after %u s", k->waited_s);
		k->waited_s = 0;
		if (!kernel_is_idle(k))
			wait_on(k);
		return 0;
	}
	if (!writer_is_idle(k->writer)) {
		if (!k->waited_s)
			log_line(LOG_LINE_WARNING,
			    "netlink: the kernel has not answered for %d s; somebody holds its lock of all routing, "
			    "as the removal of many next hops or of a namespace does: no route can be changed until "
			    "then",
			    PATIENCE_S);
		k->waited_s += PATIENCE_S;
		wait_on(k);
		return 0;
	}
	on_answer(k->answering, k->request, EPOLLIN, k);
	if (k->answered == k->answered_before && !kernel_is_idle(k))
		give_up(k, EIO);
	k->ops.settled(k->ctx);
	if (!kernel_is_idle(k))
		wait_on(k);
	return 0;
}

bool
kernel_is_idle(const struct kernel *k)
{
	return k->answered == k->sequence;
}

size_t
kernel_room(const struct kernel *k)
{
	return IN_FLIGHT_MAX - (k->sequence - k->answered);
}

/* --- operations --- */

/* Settings are carried out at once; what came of them is told as seen. */
/* Packets are balanced over equal paths by their ports too: by addresses alone two hosts would always take the same path. A
 * setting of the operator's stays. */
static int
begin_forwarding(void)
{
	static const char *const policies[] = { "net/ipv4/fib_multipath_hash_policy",
		"net/ipv6/fib_multipath_hash_policy" };
	int r = sysctl_write("net/ipv4/ip_forward", "1");

	sysctl_write("net/ipv6/conf/all/forwarding", "1"); /* a kernel without IPv6 forwards none */
	for (int i = 0; i < 2; i++)
		if (sysctl_read(policies[i]) == 0)
			sysctl_write(policies[i], "1");
	return r;
}

/* Where the kernel sends no notice of what was set. */
static int
ask_for_link(struct kernel *k, uint32_t ifindex)
{
	struct ifinfomsg head = { .ifi_index = (int)ifindex };
	struct nl_msg *m = nlmsg_alloc();
	int r = 0;

	nlmsg_put(m, 0, 0, RTM_GETLINK, 0, NLM_F_REQUEST);
	nlmsg_append(m, &head, sizeof head, NLMSG_ALIGNTO);
	nlmsg_hdr(m)->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + sizeof head);
	if (send(k->listen, nlmsg_hdr(m), nlmsg_hdr(m)->nlmsg_len, 0) < 0)
		r = -errno;
	nlmsg_free(m);
	return r;
}

/* An interface that is down gets its alias without a notice. */
static int
set_alias(struct kernel *k, const struct fib_op *op)
{
	struct nl_msg *m = encode_alias(op);
	int r = send(k->listen, nlmsg_hdr(m), nlmsg_hdr(m)->nlmsg_len, 0) < 0 ? -errno : 0;

	nlmsg_free(m);
	return r ? r : ask_for_link(k, op->object.link.ifindex);
}

static int
do_setting(struct kernel *k, const struct fib_op *op)
{
	char path[64], value[16];
	int r;

	switch (op->kind) {
	case FIB_OP_PLATFORM_LABELS:
		snprintf(value, sizeof value, "%u", op->value);
		return sysctl_write("net/mpls/platform_labels", value);
	case FIB_OP_FORWARDING: return begin_forwarding();
	case FIB_OP_MPLS_INPUT:
		snprintf(path, sizeof path, "net/mpls/conf/%.15s/input", op->object.link.name);
		r = sysctl_write(path, op->object.link.mpls_input ? "1" : "0");
		return r ? r : ask_for_link(k, op->object.link.ifindex);
	case FIB_OP_LINK_ALIAS: return set_alias(k, op);
	case FIB_OP_LINK_NO_IPV6:
		snprintf(path, sizeof path, "net/ipv6/conf/%.15s/disable_ipv6", op->object.link.name);
		r = sysctl_write(path, "1");
		return r == -ENOENT ? 0 : r; /* a kernel without IPv6 */
	default: return 0;
	}
}

static void
send_batch(struct kernel *k, bool quiet)
{
	if (!k->batch_size)
		return;
	((struct nlmsghdr *)(void *)(k->batch + k->batch_last))->nlmsg_flags |= NLM_F_ACK;
	writer_send(k->writer, k->batch, k->batch_size, quiet);
	k->batch_size = 0;
}

static void
put_request(struct kernel *k, const struct fib_op *op, struct nlmsghdr *h)
{
	size_t size = NLMSG_ALIGN(h->nlmsg_len);

	if (k->batch_size + size > BATCH || op->quiet)
		send_batch(k, false);
	h->nlmsg_seq = ++k->sequence;
	struct in_flight *f = flight_of(k, k->sequence);
	*f = (struct in_flight){ .number = op->number };
	if (op->kind == FIB_OP_LINK_CREATE && !op->object.link.is_vrf) /* which may have a stand-in */
		memcpy(f->link, op->object.link.name, sizeof f->link);
	h->nlmsg_flags &= (uint16_t)~NLM_F_ACK;
	k->batch_last = k->batch_size;
	memcpy(k->batch + k->batch_size, h, h->nlmsg_len);
	memset(k->batch + k->batch_size + h->nlmsg_len, 0, size - h->nlmsg_len);
	k->batch_size += size;
	if (op->quiet)
		send_batch(k, true);
}

void
kernel_do(struct kernel *k, const struct fib_op *ops, size_t count)
{
	char text[128];

	for (size_t i = 0; i < count; i++) {
		struct fib_op dummy = { .kind = FIB_OP_LINK_CREATE };
		const struct fib_op *op = &ops[i];
		if (op->kind == FIB_OP_LINK_CREATE && !op->object.link.is_vrf) {
			dummy = *op;
			dummy.object.link.is_dummy = true;
			op = &dummy;
		}
		struct nl_msg *m = encode_op(op);
		if (m) {
			put_request(k, op, nlmsg_hdr(m));
			nlmsg_free(m);
			continue;
		}
		int r = do_setting(k, op);
		snprintf(text, sizeof text, "%s", r < 0 ? strerror(-r) : "");
		if (op->number)
			k->ops.answer(k->ctx, op->number, -r, text);
	}
	send_batch(k, false);
	int waiting = SD_EVENT_OFF;
	sd_event_source_get_enabled(k->waiting, &waiting);
	if (waiting == SD_EVENT_OFF && !kernel_is_idle(k))
		wait_on(k);
}

/* --- dumps --- */

static int
dump_once(struct kernel *k, int type, const void *head, size_t head_size)
{
	struct {
		struct nlmsghdr h;
		uint8_t body[32];
	} request = { .h = { .nlmsg_type = (uint16_t)type,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			  .nlmsg_seq = ++k->dump_sequence } };
	bool interrupted = false;

	memcpy(request.body, head, head_size);
	request.h.nlmsg_len = (uint32_t)NLMSG_LENGTH(head_size);
	if (send(k->dump, &request, request.h.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = recv(k->dump, k->buffer, BUFFER, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -errno;
		int left = (int)n;
		for (const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)k->buffer; nlmsg_ok(h, left);
		     h = nlmsg_next((struct nlmsghdr *)(uintptr_t)h, &left)) {
			if (h->nlmsg_seq != request.h.nlmsg_seq)
				continue;
			interrupted |= (h->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (h->nlmsg_type == NLMSG_DONE)
				return interrupted ? -EAGAIN : 0;
			if (h->nlmsg_type == NLMSG_ERROR)
				return ((const struct nlmsgerr *)nlmsg_data(h))->error;
			if (type == RTM_GETACTION)
				tell_counts(k, h);
			else
				tell(k, h);
		}
	}
}

static int
dump_all_of(struct kernel *k, int type, const void *head, size_t head_size)
{
	int r = -EAGAIN;

	for (int i = 0; i < DUMP_TRIES && r == -EAGAIN; i++)
		r = dump_once(k, type, head, head_size); /* again when it changed meanwhile */
	return r;
}

/* Filters can be asked for by their interface or block only. An interface that has just gone has none. */
static int
dump_filters(struct kernel *k)
{
	const struct clsacts *c = &k->clsacts;
	struct tcmsg block = { .tcm_ifindex = (int)TCM_IFINDEX_MAGIC_BLOCK, .tcm_block_index = FIB_BLOCK };
	int r = c->block ? dump_all_of(k, RTM_GETTFILTER, &block, sizeof block) : 0;

	for (size_t i = 0; i < c->count && (r == 0 || r == -ENODEV || r == -EINVAL || r == -ENOENT); i++) {
		struct tcmsg head = { .tcm_ifindex = (int)c->ifindexes[i],
			.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS) };
		r = dump_all_of(k, RTM_GETTFILTER, &head, sizeof head);
	}
	return r == -ENODEV || r == -EINVAL || r == -ENOENT ? 0 : r;
}

/* All of traffic control that may be ours, with its counters. A kernel without it has none. */
static int
dump_tc(struct kernel *k)
{
	k->clsacts.block = false;
	k->clsacts.count = 0;
	k->notes_clsacts = true;
	int r = dump_all_of(k, RTM_GETQDISC, &(struct tcmsg){ 0 }, sizeof(struct tcmsg));
	k->notes_clsacts = false;
	if (r == 0)
		r = dump_filters(k);
	return r == -EOPNOTSUPP ? 0 : r;
}

static int
dump_everything(struct kernel *k)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int r = dump_all_of(k, RTM_GETLINK, &(struct ifinfomsg){ 0 }, sizeof(struct ifinfomsg));

	for (int i = 0; i < 2 && r == 0; i++) {
		struct ifaddrmsg head = { .ifa_family = (unsigned char)families[i] };
		r = dump_all_of(k, RTM_GETADDR, &head, sizeof head);
		if (i && r == -EOPNOTSUPP)
			r = 0;
	}
	for (int i = 0; i < 2 && r == 0; i++) {
		struct ndmsg head = { .ndm_family = (unsigned char)families[i] };
		r = dump_all_of(k, RTM_GETNEIGH, &head, sizeof head);
		if (i && r == -EOPNOTSUPP)
			r = 0;
	}
	if (r == 0)
		r = dump_tc(k);
	if (r == 0)
		r = dump_all_of(k, RTM_GETNEXTHOP, &(struct nhmsg){ 0 }, sizeof(struct nhmsg));
	for (int i = 0; i < 2 && r == 0; i++) {
		struct rtmsg head = { .rtm_family = (unsigned char)families[i] };
		r = dump_all_of(k, RTM_GETROUTE, &head, sizeof head);
		if (i && r == -EOPNOTSUPP)
			r = 0;
	}
	if (r == 0 && sysctl_read("net/mpls/platform_labels") >= 0)
		r = dump_all_of(k, RTM_GETROUTE, &(struct rtmsg){ .rtm_family = MPLS_FAMILY }, sizeof(struct rtmsg));
	return r;
}

/* The actions that count, and not the filters: those would have to be asked for interface by interface. */
int
kernel_count(struct kernel *k)
{
	struct {
		struct tcamsg head;
		struct nlattr list, one, kind;
		char name[8];
	} ask = { .list = { sizeof ask - sizeof ask.head, TCA_ACT_TAB },
		.one = { sizeof ask - sizeof ask.head - sizeof ask.list, 1 },
		.kind = { sizeof ask.kind + sizeof "gact", TCA_ACT_KIND },
		.name = "gact" };

	return dump_all_of(k, RTM_GETACTION, &ask, sizeof ask);
}

int
kernel_dump(struct kernel *k)
{
	usec_t start = host_now(k->host);
	int r = dump_everything(k);
	usec_t took = host_now(k->host) - start;

	if (took > PATIENCE_S * USEC_PER_SEC)
		log_line(LOG_LINE_WARNING,
		    "netlink: it took %llu s to read what the kernel has; somebody held its lock of all routing",
		    (unsigned long long)(took / USEC_PER_SEC));
	return r;
}

/* --- start and stop --- */

static int
join_groups(int fd)
{
	static const unsigned groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
		RTNLGRP_IPV6_ROUTE, RTNLGRP_MPLS_ROUTE, RTNLGRP_NEXTHOP, RTNLGRP_TC, RTNLGRP_NEIGH };

	for (size_t i = 0; i < COUNT(groups); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof groups[i]) != 0)
			return -errno;
	return 0;
}

/* Drops the notices of routes that our own requests have made or deleted, and those of the buckets of resilient groups, of
 * which there are dozens for each change and which follow from the group. BPF loads are in network order. */
static int
mute_own_routes(struct kernel *k)
{
	struct sockaddr_nl own = { 0 };
	socklen_t size = sizeof own;
	if (getsockname(k->request, (struct sockaddr *)&own, &size) != 0)
		return -errno;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNEXTHOPBUCKET), 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own.nl_pid), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { COUNT(code), code };

	return setsockopt(k->listen, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0 ? -errno : 0;
}

struct kernel *
kernel_open(struct host *host, const struct kernel_ops *ops, void *ctx, char why[256])
{
	struct kernel *k = NEW(struct kernel);

	k->host = host;
	k->ops = *ops;
	k->ctx = ctx;
	k->buffer = mem_zalloc(BUFFER);
	k->batch = mem_zalloc(BATCH);
	k->flight = mem_zalloc(IN_FLIGHT_MAX * sizeof *k->flight);
	k->listen = open_socket(LISTEN_BUFFER);
	k->request = open_socket(LISTEN_BUFFER);
	k->dump = open_socket(BUFFER);
	int r = k->listen < 0 ? k->listen : k->request < 0 ? k->request : k->dump < 0 ? k->dump : mute_own_routes(k);
	if (r >= 0)
		r = join_groups(k->listen);
	k->quiet = quiet_new(host_run_dir(host));
	if (r >= 0 && !(k->writer = writer_start(k->request, k->quiet)))
		r = -EAGAIN;
	if (r >= 0)
		r = sd_event_add_io(host_loop(host), &k->listening, k->listen, EPOLLIN, on_listen, k);
	if (r >= 0)
		r = sd_event_add_io(host_loop(host), &k->answering, k->request, EPOLLIN, on_answer, k);
	if (r >= 0)
		r = sd_event_add_io(host_loop(host), &k->failing, writer_failed_fd(k->writer), EPOLLIN, on_failed, k);
	if (r >= 0)
		r = sd_event_add_time_relative(
		    host_loop(host), &k->waiting, CLOCK_MONOTONIC, PATIENCE_S * USEC_PER_SEC, 0, on_wait, k);
	if (r < 0) {
		snprintf(why, 256, "cannot speak netlink: %s", strerror(-r));
		kernel_close(k);
		return NULL;
	}
	sd_event_source_set_enabled(k->waiting, SD_EVENT_OFF);
	sd_event_source_set_priority(k->listening, HOST_PACKETS);
	return k;
}

void
kernel_close(struct kernel *k)
{
	if (!k)
		return;
	sd_event_source_disable_unref(k->listening);
	sd_event_source_disable_unref(k->answering);
	sd_event_source_disable_unref(k->failing);
	sd_event_source_disable_unref(k->waiting);
	writer_stop(k->writer);
	quiet_free(k->quiet);
	int fds[] = { k->listen, k->request, k->dump };
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(k->buffer);
	free(k->batch);
	free(k->flight);
	free(k->clsacts.ifindexes);
	free(k);
}
