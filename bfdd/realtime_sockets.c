/*
 * The sockets of BFD: RFC 5881 section 4, RFC 5883 section 5.
 *
 * Every session sends by a socket of its own: its source port is its own (49152 and up), it is connected, which makes
 * sending cheap, and bound to its link. All sessions of a VRF are heard on the same few sockets, which tell with each
 * packet when the kernel received it, on which link, at which address and with which TTL.
 *
 * The kernel's receive times are of the real-time clock. They are turned into the monotonic clock by the difference of
 * the two at the moment of reading, and held between the last time the queue was seen empty and now: so a step of the
 * real-time clock moves a packet by no more than the time between two reads.
 *
 * When a queue overflows, what was lost is nowhere but in the kernel's count of it, which is therefore asked for after
 * every long read; the core is then told that it was blind.
 */
#include "bfdd/realtime_sockets.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include "bfdd/realtime_clock.h"
#include "bfdd/realtime_echo.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	AT_ONCE = 64,
	EARS_AT_ONCE = 64,
	READS_MAX = 64, /* of AT_ONCE packets each, per wake and socket */
	LONG_READ = 64, /* after so many packets the kernel is asked whether it lost some */
	PACKET_ROOM = 128,
	CONTROL_ROOM = 192,
	QUEUE_BYTES = 8 << 20,
	PORT_FIRST = 49152,
	PORT_COUNT = 65536 - PORT_FIRST,
	RETRY_US = 1000000, /* a socket that could not be had is tried again after this */
};

struct ear { /* what packets are received on */
	int fd;
	bool multihop;
	uint32_t vrf, lost;
	unsigned echo_family; /* not 0: it hears echoes on the link `ifindex`, for so many sessions */
	unsigned echo_users;
	uint32_t ifindex;
	struct list link;
};
struct mouth { /* what a session sends by; what is looked at for each packet stands first, and together */
	struct hash_node by_local;
	uint32_t local;
	int fd;      /* -1: it could not be had */
	int echo_fd; /* -1: none */
	struct ear *echo_ear;
	int error;
	usec_t retry_at;
	struct bfd_order order;
};
struct sockets {
	int epoll;
	struct list ears;
	struct hash mouths;
	unsigned next_port;
	usec_t dry_at; /* all queues were seen empty */
	bool lost_now, rung;
	uint64_t blind, lost, unsent;
	int unsent_error;
	char deaf[64];
	struct mmsghdr messages[AT_ONCE];
	struct iovec parts[AT_ONCE];
	struct sockaddr_storage from[AT_ONCE];
	uint8_t bytes[AT_ONCE][PACKET_ROOM];
	uint8_t control[AT_ONCE][CONTROL_ROOM];
};

union sockaddrs {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_ll link;
};

static socklen_t
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

/* --- receiving --- */

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

static bool
has_ears(const struct sockets *s, uint32_t vrf)
{
	list_each (l, (struct list *)(uintptr_t)&s->ears) {
		const struct ear *e = OBJECT(l, struct ear, link);
		if (e->vrf == vrf && !e->echo_family)
			return true;
	}
	return false;
}

/* NULL with errno, and closed. */
static struct ear *
ear_add(struct sockets *s, int fd)
{
	struct ear *e = NEW(struct ear);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = e };

	e->fd = fd;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) == 0) {
		list_append(&s->ears, &e->link);
		return e;
	}
	int error = errno;
	close(fd);
	free(e);
	errno = error;
	return NULL;
}

/* 0 or negative errno; without IPv6 there is IPv4 alone. */
static int
listen_in(struct sockets *s, uint32_t vrf, const char *device)
{
	for (int i = 0; i < 4; i++) {
		bool multihop = i & 1;
		unsigned family = i & 2 ? 6 : 4;
		int fd = listen_on(family, multihop ? BFD_MULTI_PORT : BFD_SINGLE_PORT, device);
		if (fd < 0 && family == 6 && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL))
			continue;
		if (fd < 0)
			return fd;
		struct ear *e = ear_add(s, fd);
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

/* One packet; returns when it was there. */
static usec_t
hand_in(struct sockets *s, const struct ear *e, int i, const struct sockets_reader *reader, usec_t now, usec_t real)
{
	const union sockaddrs *from = (const void *)&s->from[i];
	struct bfd_datagram d = {
		.bytes = s->bytes[i], .size = s->messages[i].msg_len, .vrf = e->vrf, .multihop = e->multihop
	};
	usec_t stamp = real;

	read_control(&s->messages[i].msg_hdr, &d, &stamp);
	usec_t when = received_at(now, real, stamp, s->dry_at);
	if (e->echo_family) {
		size_t size;
		const uint8_t *payload = echo_payload(e->echo_family, d.bytes, d.size, &size);
		if (payload && from->link.sll_pkttype == PACKET_HOST)
			reader->echo(reader->ctx, payload, size, when);
		return when;
	}
	if (from->any.sa_family == AF_INET)
		addr_from_bytes((const uint8_t *)&from->v4.sin_addr, 4, &d.from);
	else
		addr_from_bytes((const uint8_t *)&from->v6.sin6_addr, 16, &d.from);
	reader->packet(reader->ctx, &d, when);
	return when;
}

static int
receive(struct sockets *s, const struct ear *e)
{
	for (int i = 0; i < AT_ONCE; i++) {
		s->parts[i] = (struct iovec){ s->bytes[i], PACKET_ROOM };
		s->messages[i].msg_hdr = (struct msghdr){ .msg_name = &s->from[i],
			.msg_namelen = sizeof s->from[i],
			.msg_iov = &s->parts[i],
			.msg_iovlen = 1,
			.msg_control = s->control[i],
			.msg_controllen = CONTROL_ROOM };
	}
	return recvmmsg(e->fd, s->messages, AT_ONCE, MSG_DONTWAIT, NULL);
}

static void
ask_lost(struct sockets *s, struct ear *e)
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
ear_read(struct sockets *s, struct ear *e, const struct sockets_reader *reader, usec_t now)
{
	usec_t real = real_now(), last = now;
	int total = 0;

	for (int reads = 0; reads < READS_MAX; reads++) {
		int n = receive(s, e);
		for (int i = 0; i < n; i++)
			last = hand_in(s, e, i, reader, now, real);
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
sockets_read(struct sockets *s, const struct sockets_reader *reader, usec_t now)
{
	struct epoll_event ready[EARS_AT_ONCE];
	usec_t until = now;
	int n;

	s->rung = false;
	/* Asked after `now`: a socket that is not ready had nothing then. */
	do {
		n = epoll_wait(s->epoll, ready, EARS_AT_ONCE, 0);
		for (int i = 0; i < n; i++)
			if (!ready[i].data.ptr)
				s->rung = true;
			else
				until = usec_min(until, ear_read(s, ready[i].data.ptr, reader, now));
	} while (n == EARS_AT_ONCE && until == now);
	if (until == now)
		s->dry_at = now;
	return until;
}

bool
sockets_lost(struct sockets *s)
{
	bool lost = s->lost_now;

	s->lost_now = false;
	return lost;
}

/* --- sending --- */

static void
set_options(int fd, unsigned family, const struct bfd_params *p)
{
	int ttl = 255, tos = p->tos_exp << 5;

	if (family == 4) {
		setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
		setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
	} else {
		setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof ttl);
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
	}
	if (setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &(int){ 7 }, sizeof(int)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &(int){ 6 }, sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 0 }, sizeof(int)); /* nothing is read here */
}

static int
bind_port(struct sockets *s, int fd, const struct bfd_params *p)
{
	for (unsigned tries = 0; tries < PORT_COUNT; tries++) {
		uint16_t port = (uint16_t)(PORT_FIRST + s->next_port++ % PORT_COUNT);
		union sockaddrs own;
		socklen_t size = to_sockaddr(&p->local, p->peer.family, port, p->ifindex, &own);
		if (bind(fd, &own.any, size) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -errno;
	}
	return -EADDRINUSE;
}

static int
connected(struct sockets *s, const struct bfd_order *o)
{
	const struct bfd_params *p = &o->params;
	int fd = socket(p->peer.family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), r;
	union sockaddrs peer;

	if (fd < 0)
		return -errno;
	socklen_t size =
	    to_sockaddr(&p->peer, p->peer.family, p->multihop ? BFD_MULTI_PORT : BFD_SINGLE_PORT, p->ifindex, &peer);
	set_options(fd, p->peer.family, p);
	if (o->device[0] &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o->device, (socklen_t)strlen(o->device) + 1) != 0)
		r = -errno;
	else if ((r = bind_port(s, fd, p)) == 0)
		r = connect(fd, &peer.any, size) == 0 ? 0 : -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static struct mouth *
mouth_find(const struct sockets *s, uint32_t local)
{
	for (struct hash_node *n = hash_first(&s->mouths, local); n; n = hash_next(n))
		if (OBJECT(n, struct mouth, by_local)->local == local)
			return OBJECT(n, struct mouth, by_local);
	return NULL;
}

/* --- echoes --- */

static void
echo_close(struct mouth *m)
{
	if (m->echo_fd >= 0)
		close(m->echo_fd);
	m->echo_fd = -1;
	if (m->echo_ear && --m->echo_ear->echo_users == 0)
		ear_close(m->echo_ear);
	m->echo_ear = NULL;
}

/* All sessions of a link hear their echoes on one socket. NULL with errno. */
static struct ear *
echo_ear(struct sockets *s, unsigned family, uint32_t ifindex)
{
	list_each (l, &s->ears) {
		struct ear *e = OBJECT(l, struct ear, link);
		if (e->echo_family == family && e->ifindex == ifindex)
			return e;
	}
	int fd = echo_listen(family, ifindex);
	errno = fd < 0 ? -fd : 0;
	struct ear *e = fd < 0 ? NULL : ear_add(s, fd);
	if (e) {
		e->echo_family = family;
		e->ifindex = ifindex;
	}
	return e;
}

/* 0 or negative errno */
static int
mouth_open_echo(struct sockets *s, struct mouth *m)
{
	const struct bfd_params *p = &m->order.params;

	m->echo_ear = echo_ear(s, p->peer.family, p->ifindex);
	if (!m->echo_ear)
		return -errno;
	m->echo_ear->echo_users++;
	int fd = echo_open(p->peer.family, m->order.device);
	if (fd < 0)
		return fd;
	m->echo_fd = fd;
	return 0;
}

/* Our address on the link: as configured, or as the kernel chose it for the control packets. */
static struct addr
own_address(const struct mouth *m)
{
	struct addr own = m->order.params.local;
	union sockaddrs name = { .v6 = { .sin6_family = AF_UNSPEC } };
	socklen_t size = sizeof name;

	if (addr_is_set(&own) || getsockname(m->fd, &name.any, &size) != 0)
		return own;
	if (name.any.sa_family == AF_INET)
		addr_from_bytes((const uint8_t *)&name.v4.sin_addr, 4, &own);
	else
		addr_from_bytes((const uint8_t *)&name.v6.sin6_addr, 16, &own);
	return own;
}

static int
mouth_send_echo(struct sockets *s, struct mouth *m, const struct bfd_send *out)
{
	const struct bfd_params *p = &m->order.params;
	struct addr own = own_address(m);
	int r = m->echo_fd < 0 ? mouth_open_echo(s, m) : 0;

	if (r == 0)
		r = echo_send(m->echo_fd, &own, &p->peer, p->ifindex, p->tos_exp, out->bytes, out->size);
	if (r < 0)
		echo_close(m);
	return r;
}

/* --- */

static void
mouth_close(struct mouth *m)
{
	echo_close(m);
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

static void
mouth_open(struct sockets *s, struct mouth *m, usec_t now)
{
	m->fd = connected(s, &m->order);
	m->error = m->fd < 0 ? -m->fd : 0;
	m->retry_at = now + RETRY_US;
	if (m->fd < 0)
		m->fd = -1;
}

/* Ears of a VRF that no session is left in. */
static void
ears_review(struct sockets *s, uint32_t vrf)
{
	if (!vrf)
		return;
	hash_each (n, &s->mouths) {
		if (OBJECT(n, struct mouth, by_local)->order.params.vrf == vrf)
			return;
	}
	list_each_safe (l, &s->ears) {
		struct ear *e = OBJECT(l, struct ear, link);
		if (e->vrf == vrf && !e->echo_family)
			ear_close(e);
	}
}

static bool
same_socket(const struct bfd_order *a, const struct bfd_order *b)
{
	const struct bfd_params *p = &a->params, *q = &b->params;

	return addr_eq(&p->peer, &q->peer) && addr_eq(&p->local, &q->local) && p->ifindex == q->ifindex &&
	       p->vrf == q->vrf && p->multihop == q->multihop && p->tos_exp == q->tos_exp &&
	       strcmp(a->device, b->device) == 0;
}

void
sockets_forget(struct sockets *s, uint32_t local)
{
	struct mouth *m = mouth_find(s, local);

	if (!m)
		return;
	uint32_t vrf = m->order.params.vrf;
	mouth_close(m);
	hash_remove(&s->mouths, &m->by_local);
	free(m);
	ears_review(s, vrf);
}

void
sockets_order(struct sockets *s, const struct bfd_order *o)
{
	struct mouth *m = mouth_find(s, o->local);

	if (m && same_socket(&m->order, o)) {
		if (!o->params.echo_us)
			echo_close(m);
		m->order = *o;
		return;
	}
	if (!m) {
		m = NEW(struct mouth);
		m->local = o->local;
		m->fd = m->echo_fd = -1;
		hash_add(&s->mouths, &m->by_local, o->local);
	}
	uint32_t before = m->order.params.vrf;
	mouth_close(m);
	m->order = *o;
	m->retry_at = 0;
	if (!has_ears(s, o->params.vrf)) {
		int r = listen_in(s, o->params.vrf, o->vrf_device);
		if (r < 0)
			snprintf(s->deaf, sizeof s->deaf, "%s: %s", o->vrf_device, strerror(-r));
	}
	if (before != o->params.vrf)
		ears_review(s, before);
}

void
sockets_send(struct sockets *s, const struct bfd_send *out, usec_t now)
{
	struct mouth *m = mouth_find(s, out->local);

	if (!m)
		return;
	if (m->fd < 0 && now >= m->retry_at)
		mouth_open(s, m, now);
	if (m->fd >= 0 && out->echo) {
		int r = mouth_send_echo(s, m, out);
		if (r == 0)
			return;
		m->error = -r;
	} else if (m->fd >= 0) {
		/* A connected socket brings the news that nobody listened to an earlier packet: that is not about this one. */
		ssize_t n = send(m->fd, out->bytes, out->size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == ECONNREFUSED)
			n = send(m->fd, out->bytes, out->size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0)
			return;
		m->error = errno;
		if (now >= m->retry_at)
			mouth_close(m); /* its address or its link may have come anew */
	}
	s->unsent++;
	s->unsent_error = m->error;
}

/* --- */

struct sockets *
sockets_open(char why[256])
{
	struct sockets *s = NEW(struct sockets);
	int r;

	list_init(&s->ears);
	hash_init(&s->mouths);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	r = s->epoll < 0 ? -errno : listen_in(s, 0, "");
	if (r == 0)
		return s;
	snprintf(why, 256, "cannot receive on UDP ports %d and %d: %s%s", BFD_SINGLE_PORT, BFD_MULTI_PORT, strerror(-r),
	    r == -EADDRINUSE ? "; does another BFD daemon run?" : "");
	sockets_close(s);
	return NULL;
}

void
sockets_close(struct sockets *s)
{
	if (!s)
		return;
	hash_each (n, &s->mouths) {
		mouth_close(OBJECT(n, struct mouth, by_local));
		free(OBJECT(n, struct mouth, by_local));
	}
	hash_free(&s->mouths);
	list_each_safe (l, &s->ears) {
		ear_close(OBJECT(l, struct ear, link));
	}
	if (s->epoll >= 0)
		close(s->epoll);
	free(s);
}

int
sockets_epoll(const struct sockets *s)
{
	return s->epoll;
}

bool
sockets_rung(const struct sockets *s)
{
	return s->rung;
}

void
sockets_tell(const struct sockets *s, struct bfd_process *p)
{
	p->blind = s->blind;
	p->lost = s->lost;
	p->unsent = s->unsent;
	snprintf(p->deaf, sizeof p->deaf, "%s", s->deaf);
	snprintf(p->unsent_reason, sizeof p->unsent_reason, "%s", s->unsent ? strerror(s->unsent_error) : "");
}
