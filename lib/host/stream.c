/*
 * TCP by connection number.
 *
 * A connection that is closed while its own callback runs is only marked; the loop's next turn frees it.
 * Every connection ends in exactly one way: `down` when the peer or the network ended it, silence when we
 * did. A peer that closes is noticed by the read that returns 0 or the write that fails, whichever comes
 * first, and after that the socket is out of the loop, so nothing spins on it.
 */
#include "host/stream.h"
#include "base/hash.h"
#include "base/mem.h"
#include "host/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STREAM_READ = 64 * 1024, STREAM_READS_PER_WAKE = 8, STREAM_BACKLOG = 128, STREAM_ACCEPTS_PER_WAKE = 32 };
#define STREAM_LAST_WORDS USEC_PER_SEC

enum stream_state { CONNECTING, ARRIVED /* accepted, not told yet */, OPEN, CLOSING, DEAD };

struct stream {
	struct hash_node by_number;
	struct streams *all;
	uint32_t number;
	enum stream_state state;
	int fd;
	sd_event_source *io, *end; /* end: the last second of a closing connection, or the moment a dead one is freed */
	uint8_t *queue;
	size_t queue_at, queue_size, queue_room;
	const char *why; /* of a failure that is still to be told */
};

struct secret {
	struct addr peer;
	size_t size;
	uint8_t bytes[STREAM_SECRET_MAX];
};

struct streams {
	struct host *host;
	struct secret *secrets;
	size_t secret_count;
	int listener[2];
	sd_event_source *accepting[2];
	struct hash streams;
	uint32_t next_accepted;
	struct stream_ops ops;
	void *ctx;
	uint8_t *read_buffer;
	struct log_limit limit;
};

static struct stream *
find(struct streams *s, uint32_t number)
{
	for (struct hash_node *n = hash_first(&s->streams, hash_bytes(&number, sizeof number, 0)); n;
	     n = hash_next(n)) {
		struct stream *c = OBJECT(n, struct stream, by_number);
		if (c->number == number)
			return c;
	}
	return NULL;
}

static void
to_sockaddr(const struct addr *a, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_size)
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

static void
from_sockaddr(const struct sockaddr_storage *s, struct addr *ret, uint16_t *ret_port)
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

static void
free_stream(struct stream *c)
{
	hash_remove(&c->all->streams, &c->by_number);
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->end);
	if (c->fd >= 0)
		close(c->fd);
	free(c->queue);
	free(c);
}

static void tell_up(struct stream *);

static int
on_end(sd_event_source *source, uint64_t at, void *ctx)
{
	struct stream *c = ctx;

	(void)source;
	(void)at;
	if (c->state == ARRIVED) {
		c->end = sd_event_source_disable_unref(c->end);
		tell_up(c);
		return 0;
	}
	if (c->why && c->state == DEAD)
		c->all->ops.down(c->all->ctx, c->number, c->why, host_now(c->all->host));
	free_stream(c);
	return 0;
}

/* Out of the loop at once; freed, and told about if `why`, on the loop's next turn. */
static void
die_later(struct stream *c, const char *why)
{
	if (c->state == DEAD)
		return;
	bool told = c->state != CLOSING; /* we closed it: nobody wants to know */
	c->state = DEAD;
	c->why = told ? why : NULL;
	c->io = sd_event_source_disable_unref(c->io);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->end = sd_event_source_disable_unref(c->end);
	if (sd_event_add_time(host_loop(c->all->host), &c->end, CLOCK_MONOTONIC, 0, 1, on_end, c) < 0)
		abort();
	sd_event_source_set_priority(c->end, HOST_PACKETS);
}

static void
want(struct stream *c)
{
	uint32_t events = c->state == CONNECTING ? EPOLLOUT : c->state == OPEN ? EPOLLIN : 0;

	if (c->queue_size)
		events |= EPOLLOUT;
	sd_event_source_set_io_events(c->io, events);
}

static const char *
why_of(int error)
{
	switch (error) {
	case ECONNREFUSED: return "connection refused";
	case ECONNRESET: return "connection reset by the peer";
	case EPIPE: return "connection closed by the peer";
	case ETIMEDOUT: return "connection timed out";
	case EHOSTUNREACH:
	case ENETUNREACH: return "no route to the peer";
	case EADDRNOTAVAIL: return "the local address is not there";
	default: return strerrordesc_np(error) ? strerrordesc_np(error) : "connection error";
	}
}

static void
flush(struct stream *c)
{
	while (c->queue_size) {
		ssize_t n = send(c->fd, c->queue + c->queue_at, c->queue_size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0) {
			die_later(c, why_of(errno));
			return;
		}
		c->queue_at += (size_t)n;
		c->queue_size -= (size_t)n;
	}
	if (!c->queue_size) {
		c->queue_at = 0;
		if (c->state == CLOSING) {
			die_later(c, NULL);
			return;
		}
	}
	want(c);
}

static void
tell_up(struct stream *c)
{
	struct sockaddr_storage s = { 0 };
	struct addr local = { 0 }, peer = { 0 };
	uint16_t local_port = 0, peer_port = 0;
	socklen_t size = sizeof s;

	c->state = OPEN;
	want(c);
	if (getsockname(c->fd, (struct sockaddr *)&s, &size) != 0) {
		die_later(c, why_of(errno));
		return;
	}
	from_sockaddr(&s, &local, &local_port);
	size = sizeof s;
	if (getpeername(c->fd, (struct sockaddr *)&s, &size) != 0) {
		die_later(c, why_of(errno));
		return;
	}
	from_sockaddr(&s, &peer, &peer_port);
	c->all->ops.up(c->all->ctx, c->number, &local, local_port, &peer, peer_port, host_now(c->all->host));
}

static void
read_some(struct stream *c)
{
	struct streams *s = c->all;

	for (int i = 0; i < STREAM_READS_PER_WAKE && c->state == OPEN; i++) {
		ssize_t n = recv(c->fd, s->read_buffer, STREAM_READ, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			die_later(c, n == 0 ? "connection closed by the peer" : why_of(errno));
			return;
		}
		s->ops.bytes(s->ctx, c->number, s->read_buffer, (size_t)n, host_now(s->host));
	}
}

static int
on_io(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct stream *c = ctx;

	(void)source;
	if (c->state == CONNECTING) {
		int error = 0;
		socklen_t size = sizeof error;
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
		if (error)
			die_later(c, why_of(error));
		else if (events & EPOLLOUT)
			tell_up(c);
		return 0;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && c->state == OPEN)
		read_some(c);
	else if (events & (EPOLLHUP | EPOLLERR))
		die_later(c, "connection reset by the peer");
	if (events & EPOLLOUT && (c->state == OPEN || c->state == CLOSING))
		flush(c);
	return 0;
}

static void
tune(int fd, int family)
{
	const int on = 1, cs6 = 0xc0, far = 255;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (family == AF_INET) {
		setsockopt(fd, IPPROTO_IP, IP_TOS, &cs6, sizeof cs6);
		setsockopt(fd, IPPROTO_IP, IP_TTL, &far, sizeof far);
	} else {
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &cs6, sizeof cs6);
		setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &far, sizeof far);
	}
}

static struct stream *
add_stream(struct streams *s, uint32_t number, int fd, enum stream_state state)
{
	struct stream *c = NEW(struct stream);

	c->all = s;
	c->number = number;
	c->fd = fd;
	c->state = state;
	hash_add(&s->streams, &c->by_number, hash_bytes(&number, sizeof number, 0));
	if (fd >= 0) {
		if (sd_event_add_io(host_loop(s->host), &c->io, fd, 0, on_io, c) < 0)
			abort();
		sd_event_source_set_priority(c->io, HOST_PACKETS);
		want(c);
	}
	return c;
}

/* --- what protects a connection --- */

static int
set_secret(int fd, const struct secret *k)
{
	struct tcp_md5sig sig = { .tcpm_keylen = (uint16_t)k->size };
	struct sockaddr_storage peer;
	socklen_t size;

	to_sockaddr(&k->peer, 0, &peer, &size);
	memcpy(&sig.tcpm_addr, &peer, sizeof peer);
	memcpy(sig.tcpm_key, k->bytes, k->size);
	if (setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &sig, sizeof sig) == 0)
		return 0;
	return errno == ENOENT && !k->size ? 0 : -errno; /* none was there to take away */
}

static void
set_min_ttl(int fd, int family, uint8_t ttl)
{
	int least = ttl;

	if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_MINTTL, &least, sizeof least);
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, &least, sizeof least);
}

static struct secret *
find_secret(struct streams *s, const struct addr *peer)
{
	for (size_t i = 0; i < s->secret_count; i++)
		if (addr_eq(&s->secrets[i].peer, peer))
			return &s->secrets[i];
	return NULL;
}

/* What the kernel has accepted before the secret was set had none: this peer's is refused, the others' wait their turn. */
static void
empty_backlog(struct streams *s, int listener, const struct addr *peer)
{
	for (int i = 0; i < STREAM_BACKLOG; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t size = sizeof from;
		struct addr a = { 0 };
		uint16_t port;
		int fd = accept4(listener, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		from_sockaddr(&from, &a, &port);
		if (addr_eq(&a, peer)) {
			close(fd);
			continue;
		}
		tune(fd, from.ss_family);
		struct stream *c = add_stream(s, s->next_accepted++, fd, ARRIVED);
		if (sd_event_add_time(host_loop(s->host), &c->end, CLOCK_MONOTONIC, 0, 1, on_end, c) < 0)
			abort();
	}
}

int
streams_key(struct streams *s, const struct addr *peer, const void *secret, size_t size)
{
	struct secret *k = find_secret(s, peer);
	int listener = s->listener[peer->family == 6];
	int r = 0;

	if (size > STREAM_SECRET_MAX)
		return -EINVAL;
	if (!k) {
		if (!size)
			return 0;
		s->secrets = mem_resize(s->secrets, (s->secret_count + 1) * sizeof *s->secrets);
		k = &s->secrets[s->secret_count++];
		*k = (struct secret){ .peer = *peer };
	}
	k->size = size;
	if (size)
		memcpy(k->bytes, secret, size);
	if (listener >= 0) {
		r = set_secret(listener, k);
		empty_backlog(s, listener, peer);
	}
	if (!size) {
		explicit_bzero(k, sizeof *k);
		*k = s->secrets[--s->secret_count];
	}
	return r;
}

void
streams_min_ttl(struct streams *s, uint32_t number, uint8_t ttl)
{
	struct stream *c = find(s, number);
	struct sockaddr_storage local = { 0 };
	socklen_t size = sizeof local;

	if (c && c->fd >= 0 && getsockname(c->fd, (struct sockaddr *)&local, &size) == 0)
		set_min_ttl(c->fd, local.ss_family, ttl);
}

static int
on_accept(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct streams *s = ctx;

	(void)source;
	(void)events;
	for (int i = 0; i < STREAM_ACCEPTS_PER_WAKE; i++) {
		struct sockaddr_storage peer = { 0 };
		socklen_t size = sizeof peer;
		int conn = accept4(fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (conn < 0) {
			if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
				log_limited(
				    &s->limit, LOG_LINE_WARNING, "cannot accept a connection: %s", strerror(errno));
			return 0;
		}
		tune(conn, peer.ss_family);
		tell_up(add_stream(s, s->next_accepted++, conn, OPEN));
	}
	return 0;
}

static int
open_listener(uint16_t port, int family)
{
	const int on = 1;
	struct sockaddr_storage any;
	socklen_t size;
	struct addr a = { .family = family == AF_INET ? 4 : 6 };
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	tune(fd, family);
	to_sockaddr(&a, port, &any, &size);
	if (bind(fd, (struct sockaddr *)&any, size) != 0 || listen(fd, STREAM_BACKLOG) != 0) {
		int error = errno;
		close(fd);
		return -error;
	}
	return fd;
}

struct streams *
streams_open(struct host *host, uint16_t listen_port, const struct stream_ops *ops, void *ctx, char why[256])
{
	struct streams *s = NEW(struct streams);
	static const int families[2] = { AF_INET, AF_INET6 };

	s->host = host;
	s->ops = *ops;
	s->ctx = ctx;
	s->next_accepted = STREAM_ACCEPTED;
	s->read_buffer = mem_zalloc(STREAM_READ);
	hash_init(&s->streams);
	s->listener[0] = s->listener[1] = -1;
	for (int i = 0; listen_port && i < 2; i++) {
		int fd = open_listener(listen_port, families[i]);
		if (fd < 0 && i == 1 && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL))
			continue;
		if (fd < 0) {
			snprintf(why, 256, "cannot listen on TCP port %u: %s%s", listen_port, strerror(-fd),
			    fd == -EACCES       ? " (this takes root or CAP_NET_BIND_SERVICE)"
			    : fd == -EADDRINUSE ? " (does another daemon for the same protocol run?)"
						: "");
			streams_free(s);
			return NULL;
		}
		s->listener[i] = fd;
		if (sd_event_add_io(host_loop(host), &s->accepting[i], fd, EPOLLIN, on_accept, s) < 0)
			abort();
	}
	return s;
}

void
streams_free(struct streams *s)
{
	if (!s)
		return;
	hash_each (n, &s->streams) {
		free_stream(OBJECT(n, struct stream, by_number));
	}
	for (int i = 0; i < 2; i++) {
		sd_event_source_disable_unref(s->accepting[i]);
		if (s->listener[i] >= 0)
			close(s->listener[i]);
	}
	hash_free(&s->streams);
	if (s->secrets)
		explicit_bzero(s->secrets, s->secret_count * sizeof *s->secrets);
	free(s->secrets);
	free(s->read_buffer);
	free(s);
}

void
streams_connect(struct streams *s, uint32_t number, const struct addr *local, const struct addr *peer, uint16_t port,
    uint8_t min_ttl)
{
	struct sockaddr_storage to, from;
	socklen_t to_size, from_size;
	int fd = socket(peer->family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stream *c = add_stream(s, number, fd, CONNECTING);

	if (fd < 0) {
		die_later(c, why_of(errno));
		return;
	}
	tune(fd, peer->family == 6 ? AF_INET6 : AF_INET);
	if (min_ttl)
		set_min_ttl(fd, peer->family == 6 ? AF_INET6 : AF_INET, min_ttl);
	const struct secret *secret = find_secret(s, peer);
	int r = secret ? set_secret(fd, secret) : 0;
	if (r < 0) { /* never without what the operator asked for */
		die_later(c, r == -ENOPROTOOPT ? "this kernel has no TCP MD5" : why_of(-r));
		return;
	}
	to_sockaddr(peer, port, &to, &to_size);
	if (addr_is_set(local)) {
		to_sockaddr(local, 0, &from, &from_size);
		if (bind(fd, (struct sockaddr *)&from, from_size) != 0) {
			die_later(c, why_of(errno));
			return;
		}
	}
	if (connect(fd, (struct sockaddr *)&to, to_size) != 0 && errno != EINPROGRESS)
		die_later(c, why_of(errno));
}

void
streams_send(struct streams *s, uint32_t number, const void *bytes, size_t size)
{
	struct stream *c = find(s, number);

	if (!c || c->state == CLOSING || c->state == DEAD || !size)
		return;
	if (c->queue_size + size > STREAM_QUEUE_MAX) {
		die_later(c, "the peer does not read");
		return;
	}
	if (c->queue_at + c->queue_size + size > c->queue_room) {
		if (c->queue_size)
			memmove(c->queue, c->queue + c->queue_at, c->queue_size);
		c->queue_at = 0;
		if (c->queue_size + size > c->queue_room) {
			c->queue_room = (c->queue_size + size) * 2;
			c->queue = mem_resize(c->queue, c->queue_room);
		}
	}
	memcpy(c->queue + c->queue_at + c->queue_size, bytes, size);
	bool idle = c->queue_size == 0;
	c->queue_size += size;
	if (c->state == OPEN && idle)
		flush(c);
}

void
streams_close(struct streams *s, uint32_t number)
{
	struct stream *c = find(s, number);

	if (!c || c->state == CLOSING)
		return;
	if (c->state == DEAD) {
		c->why = NULL; /* it was about to be told; now nobody wants to know */
		return;
	}
	bool words_left = c->state == OPEN && c->queue_size;
	c->state = CLOSING;
	if (!words_left) {
		die_later(c, NULL);
		return;
	}
	want(c);
	if (sd_event_add_time_relative(host_loop(s->host), &c->end, CLOCK_MONOTONIC, STREAM_LAST_WORDS, 1, on_end, c) <
	    0)
		abort();
}
