/*
 * What streams say to the kernel about one socket.
 *
 * Devices are bound by index and never by name: SO_BINDTODEVICE cuts a name that is too long for a device and takes the
 * device that happens to be called like the rest. (Binding takes no privilege since Linux 5.7.)
 *
 * Of TCP MD5 in a VRF: a key without TCP_MD5SIG_FLAG_IFINDEX fits packets of every VRF, since Linux 5.16 (before, those of
 * none). What a socket is bound to decides what it receives, so the plain key on the bound socket is enough, and it can be
 * set on any device, while the flag is refused for those that are no VRF.
 *
 * Nagle's algorithm is off: engines hand over all that they have to say at once. SO_KEEPALIVE matters only where the
 * protocol itself keeps silent (BGP with hold time 0): the kernel's two hours of idleness never pass otherwise. There is
 * no TCP_USER_TIMEOUT: whether the peer lives is for the protocol's own timers to say.
 */
#include "host/stream_internal.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

void
stream_to_sockaddr(const struct addr *a, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_size)
{
	memset(ret, 0, sizeof *ret);
	if (a->family == 6) {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)ret;
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		memcpy(&v6->sin6_addr, a->bytes, 16);
		*ret_size = sizeof *v6;
	} else {
		struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)ret;
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, a->bytes, 4);
		*ret_size = sizeof *v4;
	}
}

void
stream_from_sockaddr(const struct sockaddr_storage *s, struct addr *ret, uint16_t *ret_port)
{
	if (s->ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)s;
		addr_from_bytes((const uint8_t *)&v6->sin6_addr, 16, ret);
		*ret_port = ntohs(v6->sin6_port);
	} else {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)s;
		addr_from_bytes((const uint8_t *)&v4->sin_addr, 4, ret);
		*ret_port =
		    ntohs(v4->sin_port); /* NOLINT(clang-analyzer-core.CallAndMessage): the kernel filled it in */
	}
}

int
stream_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	stream_tune(fd, family);
	return fd;
}

void
stream_tune(int fd, int family)
{
	const int on = 1, cs6 = 0xc0;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_TOS, &cs6, sizeof cs6);
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &cs6, sizeof cs6);
	stream_set_ttl(fd, family, 0);
}

void
stream_set_ttl(int fd, int family, uint8_t ttl)
{
	const int hops = ttl ? ttl : 255;

	if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_TTL, &hops, sizeof hops);
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof hops);
}

void
stream_set_min_ttl(int fd, int family, uint8_t ttl)
{
	int least = ttl;

	if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_MINTTL, &least, sizeof least);
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, &least, sizeof least);
}

int
stream_set_secret(int fd, const struct secret *k)
{
	struct tcp_md5sig sig = { .tcpm_keylen = (uint16_t)k->size };
	struct sockaddr_storage peer;
	socklen_t size;
	int r = 0;

	stream_to_sockaddr(&k->peer, 0, &peer, &size);
	memcpy(&sig.tcpm_addr, &peer, sizeof peer);
	memcpy(sig.tcpm_key, k->bytes, k->size);
	if (setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &sig, sizeof sig) != 0)
		r = errno == ENOENT && !k->size ? 0 : -errno; /* none was there to take away */
	explicit_bzero(&sig, sizeof sig);
	return r;
}

int
stream_bind_device(int fd, int ifindex)
{
	if (ifindex && setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &ifindex, sizeof ifindex) != 0)
		return -errno;
	return 0;
}

int
stream_device_of(int fd)
{
	int ifindex = 0;
	socklen_t size = sizeof ifindex;

	getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &ifindex, &size);
	return ifindex;
}
