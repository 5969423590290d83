/*
 * What packets are heard on: RFC 5881 section 4, RFC 5883 section 5.
 *
 * All sessions of a VRF are heard on the same few sockets, which tell with each packet when the kernel received it, on which
 * link, at which address and with which TTL.
 *
 * The kernel's receive times are of the real-time clock. They are turned into the monotonic clock by the difference of
 * the two at the moment of reading, and held between the last time the queue was seen empty and now: so a step of the
 * real-time clock moves a packet by no more than the time between two reads.
 *
 * When a queue overflows, what was lost is nowhere but in the kernel's count of it, which is therefore asked for after
 * every long read; the core is then told that it was blind.
 */
#include "bfdd/realtime_ears.h"
#include "base/list.h"
#include "base/mem.h"
#include "bfdd/core/vccv.h"
#include "bfdd/realtime_channel.h"
#include "bfdd/realtime_clock.h"
#include "bfdd/realtime_echo.h"
#include <errno.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
	AT_ONCE = 64,
	EARS_AT_ONCE = 64,
	READS_MAX = 64, /* of AT_ONCE packets each, per wake and socket */
	LONG_READ = 64, /* after so many packets the kernel is asked whether it lost some */
	PACKET_ROOM = 128,
	CONTROL_ROOM = 192,
	SOON = 4, /* packets before it is its turn a session is fetched from memory */
	QUEUE_BYTES = 8 << 20,
};

struct ear { /* what packets are received on */
	int fd;
	bool multihop;
	uint32_t vrf, lost;
	unsigned echo_family; /* not 0: it hears echoes on the link `ifindex` */
	bool channel;         /* it hears the control channels of pseudowires on the device `ifindex` */
	unsigned users;       /* either: so many sessions */
	uint32_t ifindex;
	/* or not NULL: somebody else's descriptor, and whom to tell */
	void (*ready)(void *ctx);
	void *ctx;
	struct list link;
};
struct ears {
	int epoll;
	struct list list;
	usec_t dry_at; /* all queues were seen empty */
	bool lost_now, rung;
	uint64_t blind, lost;
	struct mmsghdr messages[AT_ONCE];
	struct iovec parts[AT_ONCE];
	struct sockaddr_storage from[AT_ONCE];
	uint8_t bytes[AT_ONCE][PACKET_ROOM];
	uint8_t control[AT_ONCE][CONTROL_ROOM];
};

socklen_t
to_sockaddr(const struct addr *a, unsigned family, uint16_t port, uint32_t ifindex, union sockaddrs *out)
{
	memset(out, 0, sizeof *out);
	if (family == 4) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(port);
		memcpy(&out->v4.sin_addr, a->bytes, 4);
		return sizeof out->v4;
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(port);
	memcpy(&out->v6.sin6_addr, a->bytes, 16);
	out->v6.sin6_scope_id = addr_is_link_local(a) ? ifindex : 0;
	return sizeof out->v6;
}

/*
 * The public network's sockets are bound to no device, which to the kernel is in the way of those of a VRF: so both say that
 * they may be. The public ones say so afterwards, for another BFD daemon is to be noticed.
 */
static int
listen_on(unsigned family, uint16_t port, const char *device)
{
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
	struct addr none = addr_none();
	union sockaddrs any;

	if (fd < 0)
		return -errno;
	socklen_t size = to_sockaddr(&none, family, port, 0, &any);
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ QUEUE_BYTES }, sizeof(int)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ QUEUE_BYTES }, sizeof(int));
	if (family == 4) {
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
		setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
	} else {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on);
	}
	if (*device)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if ((*device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device) + 1) != 0) ||
	    bind(fd, &any.any, size) != 0) {
		int r = -errno;
		close(fd);
		return r;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	return fd;
}

/* By UDP, for all sessions of a VRF. */
static bool
hears_udp(const struct ear *e)
{
	return !e->echo_family && !e->channel && !e->ready;
}

bool
ears_are_in(const struct ears *s, uint32_t vrf)
{
	list_each (l, (struct list *)(uintptr_t)&s->list) {
		const struct ear *e = OBJECT(l, struct ear, link);
		if (e->vrf == vrf && hears_udp(e))
			return true;
	}
	return false;
}

/* NULL with errno. */
static struct ear *
ear_add(struct ears *s, int fd)
{
	struct ear *e = NEW(struct ear);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = e };

	e->fd = fd;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) == 0) {
		list_append(&s->list, &e->link);
		return e;
	}
	int error = errno;
	free(e);
	errno = error;
	return NULL;
}

/* The same, and it is closed when it cannot be heard. */
static struct ear *
ear_own(struct ears *s, int fd)
{
	struct ear *e = ear_add(s, fd);
	int error = errno;

	if (!e)
		close(fd);
	errno = error;
	return e;
}

int
ears_listen(struct ears *s, uint32_t vrf, const char *device)
{
	for (int i = 0; i < 4; i++) {
		bool multihop = i & 1;
		unsigned family = i & 2 ? 6 : 4;
		int fd = listen_on(family, multihop ? BFD_MULTI_PORT : BFD_SINGLE_PORT, device);
		if (fd < 0 && family == 6 && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL))
			continue;
		if (fd < 0)
			return fd;
		struct ear *e = ear_own(s, fd);
		if (!e)
			return -errno;
		e->multihop = multihop;
		e->vrf = vrf;
	}
	return 0;
}

static void
ear_close(struct ear *e)
{
	if (!e->ready)
		close(e->fd); /* and it is no longer in the epoll set */
	list_remove(&e->link);
	free(e);
}

static void
read_control(struct msghdr *m, struct bfd_datagram *d, usec_t *ret_real)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec t;
			memcpy(&t, CMSG_DATA(c), sizeof t);
			*ret_real = (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			d->ifindex = (uint32_t)info.ipi_ifindex;
			addr_from_bytes((const uint8_t *)&info.ipi_addr, 4, &d->to);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			d->ifindex = (uint32_t)info.ipi6_ifindex;
			addr_from_bytes((const uint8_t *)&info.ipi6_addr, 16, &d->to);
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
			   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
			int ttl;
			memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
			d->ttl = (uint8_t)ttl;
		}
	}
}

static usec_t
real_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

/* What a message was received into, for the next one. */
static void
make_ready(struct ears *s, int i)
{
	s->messages[i].msg_hdr = (struct msghdr){ .msg_name = &s->from[i],
		.msg_namelen = sizeof s->from[i],
		.msg_iov = &s->parts[i],
		.msg_iovlen = 1,
		.msg_control = s->control[i],
		.msg_controllen = CONTROL_ROOM };
}

/* What is on a channel and is not BFD's, or was damaged, is nobody's here. */
static void
hand_in_channel(const struct ear *e, const struct bfd_datagram *heard, const struct ears_reader *reader, usec_t when)
{
	struct vccv_packet p;

	if (!vccv_decode(heard->bytes, heard->size, &p))
		return;
	const struct bfd_datagram d = { .bytes = p.payload,
		.size = p.size,
		.from = p.from,
		.to = p.to,
		.ifindex = e->ifindex,
		.ttl = p.ttl,
		.vccv_label = p.label,
		.vccv_encapsulation = p.encapsulation };
	reader->packet(reader->ctx, &d, when);
}

/* One packet; returns when it was there. */
static usec_t
hand_in(struct ears *s, const struct ear *e, int i, const struct ears_reader *reader, usec_t now, usec_t real)
{
	const union sockaddrs *from = (const void *)&s->from[i];
	struct bfd_datagram d = {
		.bytes = s->bytes[i], .size = s->messages[i].msg_len, .vrf = e->vrf, .multihop = e->multihop
	};
	usec_t stamp = real;

	read_control(&s->messages[i].msg_hdr, &d, &stamp);
	usec_t when = received_at(now, real, stamp, s->dry_at);
	make_ready(s, i);
	if (e->echo_family) {
		size_t size;
		const uint8_t *payload = echo_payload(e->echo_family, d.bytes, d.size, &size);
		if (payload && from->link.sll_pkttype == PACKET_HOST)
			reader->echo(reader->ctx, payload, size, when);
		return when;
	}
	if (e->channel) {
		hand_in_channel(e, &d, reader, when);
		return when;
	}
	if (from->any.sa_family == AF_INET)
		addr_from_bytes((const uint8_t *)&from->v4.sin_addr, 4, &d.from);
	else
		addr_from_bytes((const uint8_t *)&from->v6.sin6_addr, 16, &d.from);
	reader->packet(reader->ctx, &d, when);
	return when;
}

static void
ask_lost(struct ears *s, struct ear *e)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof info;

	if (getsockopt(e->fd, SOL_SOCKET, SO_MEMINFO, info, &size) != 0 || info[SK_MEMINFO_DROPS] == e->lost)
		return;
	s->lost += info[SK_MEMINFO_DROPS] - e->lost;
	e->lost = info[SK_MEMINFO_DROPS];
	s->blind++;
	s->lost_now = true;
}

static usec_t
ear_read(struct ears *s, struct ear *e, const struct ears_reader *reader, usec_t now)
{
	usec_t real = real_now(), last = now;
	int total = 0;

	for (int reads = 0; reads < READS_MAX; reads++) {
		int n = recvmmsg(e->fd, s->messages, AT_ONCE, MSG_DONTWAIT, NULL);
		for (int i = 0; n > 0 && i < n + SOON; i++) {
			if (i < n && hears_udp(e))
				reader->soon(reader->ctx, s->bytes[i], s->messages[i].msg_len);
			if (i >= SOON)
				last = hand_in(s, e, i - SOON, reader, now, real);
		}
		total += n > 0 ? n : 0;
		if (n < AT_ONCE) {
			last = now;
			break;
		}
	}
	if (total >= LONG_READ)
		ask_lost(s, e);
	return last;
}

usec_t
ears_read(struct ears *s, const struct ears_reader *reader, usec_t now)
{
	struct epoll_event ready[EARS_AT_ONCE];
	usec_t until = now;
	int n;

	s->rung = false;
	/* Asked after `now`: a socket that is not ready had nothing then. */
	do {
		n = epoll_wait(s->epoll, ready, EARS_AT_ONCE, 0);
		for (int i = 0; i < n; i++) {
			struct ear *e = ready[i].data.ptr;
			if (!e)
				s->rung = true;
			else if (e->ready)
				e->ready(e->ctx);
			else
				until = usec_min(until, ear_read(s, e, reader, now));
		}
	} while (n == EARS_AT_ONCE && until == now);
	if (until == now)
		s->dry_at = now;
	return until;
}

bool
ears_lost(struct ears *s)
{
	bool lost = s->lost_now;

	s->lost_now = false;
	return lost;
}

bool
ears_rung(const struct ears *s)
{
	return s->rung;
}

/* --- */

/* NULL with errno when there is no socket. */
static struct ear *
ear_of_link(struct ears *s, int fd, uint32_t ifindex)
{
	errno = fd < 0 ? -fd : 0;
	struct ear *e = fd < 0 ? NULL : ear_own(s, fd);
	if (e) {
		e->ifindex = ifindex;
		e->users = 1;
	}
	return e;
}

struct ear *
ears_echo(struct ears *s, unsigned family, uint32_t ifindex)
{
	list_each (l, &s->list) {
		struct ear *e = OBJECT(l, struct ear, link);
		if (e->echo_family == family && e->ifindex == ifindex)
			return e->users++, e;
	}
	struct ear *e = ear_of_link(s, echo_listen(family, ifindex), ifindex);
	if (e)
		e->echo_family = family;
	return e;
}

struct ear *
ears_channel(struct ears *s, uint32_t ifindex)
{
	list_each (l, &s->list) {
		struct ear *e = OBJECT(l, struct ear, link);
		if (e->channel && e->ifindex == ifindex)
			return e->users++, e;
	}
	struct ear *e = ear_of_link(s, channel_listen(ifindex, QUEUE_BYTES), ifindex);
	if (e)
		e->channel = true;
	return e;
}

void
ears_leave_link(struct ear *e)
{
	if (--e->users == 0)
		ear_close(e);
}

bool
ears_watch(struct ears *s, int fd, void (*ready)(void *ctx), void *ctx)
{
	struct ear *e = ear_add(s, fd);

	if (!e)
		return false;
	e->ready = ready;
	e->ctx = ctx;
	return true;
}

void
ears_leave(struct ears *s, uint32_t vrf)
{
	list_each_safe (l, &s->list) {
		struct ear *e = OBJECT(l, struct ear, link);
		if (e->vrf == vrf && hears_udp(e))
			ear_close(e);
	}
}

struct ears *
ears_open(void)
{
	struct ears *s = NEW(struct ears);

	list_init(&s->list);
	for (int i = 0; i < AT_ONCE; i++) {
		s->parts[i] = (struct iovec){ s->bytes[i], PACKET_ROOM };
		make_ready(s, i);
	}
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll >= 0)
		return s;
	free(s);
	return NULL;
}

void
ears_close(struct ears *s)
{
	if (!s)
		return;
	list_each_safe (l, &s->list) {
		ear_close(OBJECT(l, struct ear, link));
	}
	close(s->epoll);
	free(s);
}

int
ears_epoll(const struct ears *s)
{
	return s->epoll;
}

void
ears_tell(const struct ears *s, struct bfd_process *p)
{
	p->blind = s->blind;
	p->lost = s->lost;
}
