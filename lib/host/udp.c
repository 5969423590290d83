/*
 * Datagrams on one port with their interface, addresses, TTL and the kernel's receive time.
 *
 * The kernel stamps packets with the real-time clock; the offset to the monotonic clock is measured at
 * each wake-up, so a step of the real-time clock spoils at most the packets that were waiting then, and
 * a stamp is never taken as later than now.
 */
#include "host/udp.h"
#include "base/mem.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { UDP_AT_ONCE = 16, UDP_PER_WAKE = 256, UDP_MAX = 9216, UDP_CONTROL = 256 };

struct udp {
	struct host *host;
	int fd[2]; /* IPv4, IPv6; -1 when the kernel lacks IPv6 */
	sd_event_source *source[2];
	uint16_t port; /* 0: of an IP protocol without ports; the kernel hands in its packets with their IP header */
	void (*packet)(void *, const struct udp_packet *);
	void *ctx;
	uint8_t bytes[UDP_AT_ONCE][UDP_MAX];
	uint8_t control[UDP_AT_ONCE][UDP_CONTROL];
	struct sockaddr_storage from[UDP_AT_ONCE];
};

static struct addr
from_sockaddr(const struct sockaddr_storage *s)
{
	struct addr a = addr_none();

	if (s->ss_family == AF_INET)
		addr_from_bytes((const uint8_t *)&((const struct sockaddr_in *)(const void *)s)->sin_addr, 4, &a);
	else if (s->ss_family == AF_INET6)
		addr_from_bytes((const uint8_t *)&((const struct sockaddr_in6 *)(const void *)s)->sin6_addr, 16, &a);
	return a;
}

static void
read_control(struct msghdr *m, struct udp_packet *p, usec_t now, usec_t real_now)
{
	p->received = now;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			p->ifindex = (uint32_t)info.ipi_ifindex;
			addr_from_bytes((const uint8_t *)&info.ipi_addr, 4, &p->to);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			p->ifindex = (uint32_t)info.ipi6_ifindex;
			addr_from_bytes((const uint8_t *)&info.ipi6_addr, 16, &p->to);
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
			   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
			int ttl;
			memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
			p->ttl = (uint8_t)ttl;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec t;
			memcpy(&t, CMSG_DATA(c), sizeof t);
			usec_t stamp = (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
			usec_t age = real_now > stamp ? real_now - stamp : 0;
			p->received = age < now ? now - age : now;
		}
	}
}

/* Takes the IP header off; false: there is no whole one. */
static bool
strip_header(struct udp_packet *p)
{
	size_t header = p->size ? (size_t)(p->bytes[0] & 15) * 4 : 0;

	if (header < sizeof(struct iphdr) || header > p->size)
		return false;
	p->bytes += header;
	p->size -= header;
	return true;
}

static int
on_readable(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct udp *u = ctx;
	struct mmsghdr messages[UDP_AT_ONCE];
	struct iovec iov[UDP_AT_ONCE];

	(void)source;
	(void)events;
	for (unsigned total = 0; total < UDP_PER_WAKE; total += UDP_AT_ONCE) {
		for (unsigned i = 0; i < UDP_AT_ONCE; i++) {
			iov[i] = (struct iovec){ u->bytes[i], UDP_MAX };
			messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_name = &u->from[i],
							    .msg_namelen = sizeof u->from[i],
							    .msg_iov = &iov[i],
							    .msg_iovlen = 1,
							    .msg_control = u->control[i],
							    .msg_controllen = UDP_CONTROL } };
		}
		int n = recvmmsg(fd, messages, UDP_AT_ONCE, MSG_DONTWAIT, NULL);
		if (n <= 0)
			return 0; /* dry; a pending socket error (ICMP) was taken off by this call */
		struct timespec real;
		clock_gettime(CLOCK_REALTIME, &real);
		usec_t now = host_now(u->host),
		       real_now = (usec_t)real.tv_sec * USEC_PER_SEC + (usec_t)real.tv_nsec / 1000;
		for (int i = 0; i < n; i++) {
			if (messages[i].msg_hdr.msg_flags & MSG_TRUNC)
				continue;
			struct udp_packet p = {
				.from = from_sockaddr(&u->from[i]), .bytes = u->bytes[i], .size = messages[i].msg_len
			};
			read_control(&messages[i].msg_hdr, &p, now, real_now);
			if (u->port || strip_header(&p))
				u->packet(u->ctx, &p);
		}
		if (n < UDP_AT_ONCE)
			return 0;
	}
	return 0;
}

static int
open_socket(uint16_t port, int family, int protocol)
{
	const int on = 1, off = 0, cs6 = 0xc0;
	int fd = socket(family, (protocol ? SOCK_RAW : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4 << 20 }, sizeof(int));
	int r;
	if (family == AF_INET) {
		struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
		setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof off);
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
		setsockopt(fd, IPPROTO_IP, IP_TOS, &cs6, sizeof cs6);
		r = bind(fd, (struct sockaddr *)&any, sizeof any);
	} else {
		struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on);
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof off);
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &cs6, sizeof cs6);
		r = bind(fd, (struct sockaddr *)&any, sizeof any);
	}
	if (r != 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static const char *
remedy(int error, bool raw)
{
	if (error == EPERM || error == EACCES)
		return raw ? " (this takes root or CAP_NET_RAW)" : " (this takes root or CAP_NET_BIND_SERVICE)";
	return error == EADDRINUSE ? " (does another daemon for the same protocol run?)" : "";
}

static struct udp *
open_all(struct host *host, uint16_t port, int protocol, void (*packet)(void *, const struct udp_packet *), void *ctx,
    char why[256])
{
	struct udp *u = NEW(struct udp);
	static const int families[2] = { AF_INET, AF_INET6 };

	u->host = host;
	u->port = port;
	u->packet = packet;
	u->ctx = ctx;
	u->fd[0] = u->fd[1] = -1;
	for (int i = 0; i < (protocol ? 1 : 2); i++) {
		int fd = open_socket(port, families[i], protocol);
		if (fd < 0 && i == 1 && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL))
			continue; /* a kernel without IPv6 */
		if (fd < 0) {
			snprintf(why, 256, "cannot open %s %u: %s%s", protocol ? "IP protocol" : "UDP port",
			    protocol ? (unsigned)protocol : port, strerror(-fd), remedy(-fd, protocol));
			udp_close(u);
			return NULL;
		}
		u->fd[i] = fd;
		if (sd_event_add_io(host_loop(host), &u->source[i], fd, EPOLLIN, on_readable, u) < 0)
			abort();
		sd_event_source_set_priority(u->source[i], HOST_PACKETS);
	}
	return u;
}

struct udp *
udp_open(struct host *host, uint16_t port, void (*packet)(void *, const struct udp_packet *), void *ctx, char why[256])
{
	return open_all(host, port, 0, packet, ctx, why);
}

struct udp *
udp_open_protocol(
    struct host *host, uint8_t protocol, void (*packet)(void *, const struct udp_packet *), void *ctx, char why[256])
{
	return open_all(host, 0, protocol, packet, ctx, why);
}

void
udp_close(struct udp *u)
{
	if (!u)
		return;
	for (int i = 0; i < 2; i++) {
		sd_event_source_disable_unref(u->source[i]);
		if (u->fd[i] >= 0)
			close(u->fd[i]);
	}
	free(u);
}

static int
membership(struct udp *u, uint32_t ifindex, const struct addr *group, bool join)
{
	int r;

	if (group->family == 4) {
		struct ip_mreqn m = { .imr_ifindex = (int)ifindex };
		memcpy(&m.imr_multiaddr, group->bytes, 4);
		r = setsockopt(u->fd[0], IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &m, sizeof m);
	} else {
		struct ipv6_mreq m = { .ipv6mr_interface = ifindex };
		memcpy(&m.ipv6mr_multiaddr, group->bytes, 16);
		r = setsockopt(u->fd[1], IPPROTO_IPV6, join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &m, sizeof m);
	}
	return r == 0 || (join && errno == EADDRINUSE) ? 0 : -errno;
}

int
udp_join(struct udp *u, uint32_t ifindex, const struct addr *group)
{
	return membership(u, ifindex, group, true);
}

int
udp_leave(struct udp *u, uint32_t ifindex, const struct addr *group)
{
	return membership(u, ifindex, group, false);
}

static void
put_control(struct msghdr *m, int level, int type, const void *data, size_t size, uint8_t *room)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)(room + m->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), data, size);
	m->msg_controllen += CMSG_SPACE(size);
}

int
udp_send(struct udp *u, uint32_t ifindex, const struct addr *from, const struct addr *to, uint8_t ttl,
    const void *bytes, size_t size)
{
	_Alignas(struct cmsghdr) uint8_t control[UDP_CONTROL] = { 0 };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(u->port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(u->port) };
	struct iovec iov = { (void *)(uintptr_t)bytes, size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	int hops = ttl ? ttl : addr_is_multicast(to) ? 1 : 255;
	int which = to->family == 6;

	if (u->fd[which] < 0)
		return -EAFNOSUPPORT;
	if (!which) {
		struct in_pktinfo info = { .ipi_ifindex = (int)ifindex };
		memcpy(&info.ipi_spec_dst, from->bytes, 4);
		memcpy(&v4.sin_addr, to->bytes, 4);
		m.msg_name = &v4;
		m.msg_namelen = sizeof v4;
		put_control(&m, IPPROTO_IP, IP_PKTINFO, &info, sizeof info, control);
		put_control(&m, IPPROTO_IP, IP_TTL, &hops, sizeof hops, control);
	} else {
		struct in6_pktinfo info = { .ipi6_ifindex = ifindex };
		memcpy(&info.ipi6_addr, from->bytes, 16);
		memcpy(&v6.sin6_addr, to->bytes, 16);
		v6.sin6_scope_id = ifindex;
		m.msg_name = &v6;
		m.msg_namelen = sizeof v6;
		put_control(&m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info, control);
		put_control(&m, IPPROTO_IPV6, IPV6_HOPLIMIT, &hops, sizeof hops, control);
	}
	return sendmsg(u->fd[which], &m, MSG_DONTWAIT) < 0 ? -errno : 0;
}
