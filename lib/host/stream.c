/*
 * TCP by connection number.
 *
 * A connection that is closed while its own callback runs is only marked; the loop's next turn frees it.
 * Every connection ends in exactly one way: `down` when the peer or the network ended it, silence when we
 * did. A peer that closes is noticed by the read that returns 0 or the write that fails, whichever comes
 * first, and after that the socket is out of the loop, so nothing spins on it.
 *
 * Bytes go from the caller's memory straight to the kernel while it takes them; only the rest is queued. A reader as fast
 * as we are could keep us in one function for a whole table: reading and writing stop after a while and let the others in.
 */
#include "base/mem.h"
#include "host/stream_internal.h"
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	STREAM_READ = 64 * 1024,
	STREAM_READS_PER_WAKE = 8,
	STREAM_PARTS = 16, /* of a queue at one time, a megabyte */
	STREAM_WRITES_PER_WAKE = 8,
};
#define STREAM_LAST_WORDS USEC_PER_SEC

/* The living one, if any, of those with this number. */
static struct stream *
find(const struct streams *s, uint32_t number)
{
	struct stream *dead = NULL;

	for (struct hash_node *n = hash_first(&s->streams, hash_bytes(&number, sizeof number, 0)); n;
	     n = hash_next(n)) {
		struct stream *c = OBJECT(n, struct stream, by_number);
		if (c->number == number && c->state != DEAD)
			return c;
		if (c->number == number)
			dead = c;
	}
	return dead;
}

static void
free_stream(struct stream *c)
{
	hash_remove(&c->all->streams, &c->by_number);
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->end);
	if (c->fd >= 0)
		close(c->fd);
	stream_queue_free(&c->queue);
	free(c->device);
	free(c);
}

static void tell_up(struct stream *);
static void die_later(struct stream *, const char *why);

static int
on_end(sd_event_source *source, uint64_t at, void *ctx)
{
	struct stream *c = ctx;

	(void)source;
	(void)at;
	switch (c->state) {
	case CONNECTING: die_later(c, "connection timed out"); return 0;
	case ARRIVED: tell_up(c); return 0;
	case OPEN: return 0;
	case CLOSING: break;
	case DEAD:
		if (c->why)
			c->all->ops.down(c->all->ctx, c->number, c->why, host_now(c->all->host));
	}
	free_stream(c);
	return 0;
}

static void
end_in(struct stream *c, usec_t delay)
{
	c->end = sd_event_source_disable_unref(c->end);
	if (sd_event_add_time_relative(host_loop(c->all->host), &c->end, CLOCK_MONOTONIC, delay, 1, on_end, c) < 0)
		abort();
	sd_event_source_set_priority(c->end, HOST_PACKETS);
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
	stream_queue_free(&c->queue);
	end_in(c, 0);
}

static void
want(struct stream *c)
{
	uint32_t events = c->state == CONNECTING ? EPOLLOUT : c->state == OPEN ? EPOLLIN : 0;

	if (c->queue.size)
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
	case ENODEV: return "the VPN instance is not there";
	case EADDRNOTAVAIL: return "the local address is not there";
	default: return strerrordesc_np(error) ? strerrordesc_np(error) : "connection error";
	}
}

static bool
would_block(int error)
{
	return error == EAGAIN || error == EINTR;
}

static void
flush(struct stream *c)
{
	struct streams *s = c->all;
	bool much = c->queue.size > STREAM_QUEUE_MARK;

	for (int i = 0; i < STREAM_WRITES_PER_WAKE && c->queue.size; i++) {
		struct iovec parts[STREAM_PARTS];
		struct msghdr m = { .msg_iov = parts, .msg_iovlen = stream_queue_look(&c->queue, parts, STREAM_PARTS) };
		ssize_t n = sendmsg(c->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && would_block(errno))
			break;
		if (n < 0) {
			die_later(c, why_of(errno));
			return;
		}
		stream_queue_drop(&c->queue, (size_t)n);
	}
	if (!c->queue.size && c->state == CLOSING) {
		die_later(c, NULL);
		return;
	}
	want(c);
	if (much && c->queue.size <= STREAM_QUEUE_MARK && c->state == OPEN && s->ops.room)
		s->ops.room(s->ctx, c->number, c->queue.size, host_now(s->host));
}

static void
tell_up(struct stream *c)
{
	struct sockaddr_storage s = { 0 };
	socklen_t size = sizeof s;

	c->end = sd_event_source_disable_unref(c->end);
	c->state = OPEN;
	want(c);
	if (getsockname(c->fd, (struct sockaddr *)&s, &size) == 0)
		stream_from_sockaddr(&s, &c->ends.local, &c->ends.local_port);
	c->all->ops.up(c->all->ctx, c->number, &c->ends, host_now(c->all->host));
}

static void
read_some(struct stream *c)
{
	struct streams *s = c->all;

	for (int i = 0; i < STREAM_READS_PER_WAKE && c->state == OPEN; i++) {
		ssize_t n = recv(c->fd, s->read_buffer, STREAM_READ, MSG_DONTWAIT);
		if (n < 0 && would_block(errno))
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

static struct stream *
add_stream(struct streams *s, uint32_t number, int fd, enum stream_state state, const char *device)
{
	struct stream *c = NEW(struct stream);

	c->all = s;
	c->number = number;
	c->fd = fd;
	c->state = state;
	c->device = mem_text(device ? device : "");
	c->ends.device = c->device;
	hash_add(&s->streams, &c->by_number, hash_bytes(&number, sizeof number, 0));
	if (fd >= 0) {
		if (sd_event_add_io(host_loop(s->host), &c->io, fd, 0, on_io, c) < 0)
			abort();
		sd_event_source_set_priority(c->io, HOST_PACKETS);
		want(c);
	}
	return c;
}

/* --- accepted ones --- */

void
stream_arrived(struct streams *s, int fd, const char *device, const struct addr *peer, uint16_t peer_port)
{
	struct stream *c = add_stream(s, s->next_accepted++, fd, ARRIVED, device);

	c->ends.peer = *peer;
	c->ends.peer_port = peer_port;
	end_in(c, 0);
}

void
streams_refuse_arrived(struct streams *s, const char *device, const struct addr *peer)
{
	hash_each (n, &s->streams) {
		struct stream *c = OBJECT(n, struct stream, by_number);
		if (c->state == ARRIVED && addr_eq(&c->ends.peer, peer) && strcmp(c->device, device) == 0)
			die_later(c, NULL);
	}
}

/* --- the face --- */

struct streams *
streams_open(struct host *host, uint16_t listen_port, const struct stream_ops *ops, void *ctx, char why[256])
{
	struct streams *s = NEW(struct streams);

	s->host = host;
	s->ops = *ops;
	s->ctx = ctx;
	s->next_accepted = STREAM_ACCEPTED;
	s->read_buffer = mem_zalloc(STREAM_READ);
	hash_init(&s->streams);
	list_init(&s->listeners);
	list_init(&s->secrets);
	int r = listen_port ? streams_listen_now(s, listen_port) : 0;
	if (r < 0) {
		snprintf(why, 256, "cannot listen on TCP port %u: %s%s", listen_port, strerror(-r),
		    r == -EACCES       ? " (this takes root or CAP_NET_BIND_SERVICE)"
		    : r == -EADDRINUSE ? " (does another daemon for the same protocol run?)"
				       : "");
		streams_free(s);
		return NULL;
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
	hash_free(&s->streams);
	streams_deaf_all(s);
	free(s->read_buffer);
	free(s);
}

/* 0, or the error that keeps it from being made. */
static int
begin(struct stream *c, const struct stream_call *call)
{
	struct sockaddr_storage to, from;
	socklen_t to_size, from_size;
	int ifindex = *c->device ? (int)if_nametoindex(c->device) : 0;
	const struct secret *secret = streams_find_secret(c->all, c->device, &call->peer);

	if (*c->device && !ifindex)
		return ENODEV;
	int r = stream_bind_device(c->fd, ifindex);
	if (r == 0 && secret) /* never without what the operator asked for */
		r = stream_set_secret(c->fd, secret);
	if (r < 0)
		return -r;
	stream_set_ttl(c->fd, stream_family(&call->peer), call->ttl);
	if (call->min_ttl)
		stream_set_min_ttl(c->fd, stream_family(&call->peer), call->min_ttl);
	stream_to_sockaddr(&call->peer, call->port, &to, &to_size);
	if (addr_is_set(&call->local)) { /* which is looked for among the device's: hence the order */
		stream_to_sockaddr(&call->local, 0, &from, &from_size);
		if (bind(c->fd, (struct sockaddr *)&from, from_size) != 0)
			return errno;
	}
	return connect(c->fd, (struct sockaddr *)&to, to_size) != 0 && errno != EINPROGRESS ? errno : 0;
}

void
streams_connect(struct streams *s, uint32_t number, const struct stream_call *call)
{
	int fd = stream_socket(stream_family(&call->peer));
	struct stream *c = add_stream(s, number, fd < 0 ? -1 : fd, CONNECTING, call->device);
	int error = fd < 0 ? -fd : begin(c, call);

	c->ends.peer = call->peer;
	c->ends.peer_port = call->port;
	if (error)
		die_later(c, error == ENOPROTOOPT ? "this kernel has no TCP MD5" : why_of(error));
	else if (call->timeout)
		end_in(c, call->timeout);
}

void
streams_ttl(struct streams *s, uint32_t number, uint8_t ttl)
{
	struct stream *c = find(s, number);

	if (c && c->fd >= 0)
		stream_set_ttl(c->fd, stream_family(&c->ends.peer), ttl);
}

void
streams_min_ttl(struct streams *s, uint32_t number, uint8_t ttl)
{
	struct stream *c = find(s, number);

	if (c && c->fd >= 0)
		stream_set_min_ttl(c->fd, stream_family(&c->ends.peer), ttl);
}

void
streams_send(struct streams *s, uint32_t number, const void *bytes, size_t size)
{
	struct stream *c = find(s, number);
	size_t gone = 0;

	if (!c || c->state == CLOSING || c->state == DEAD || !size)
		return;
	if (c->queue.size + size > STREAM_QUEUE_MAX) {
		die_later(c, "the peer does not read");
		return;
	}
	if (c->state == OPEN && !c->queue.size) {
		ssize_t n = send(c->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && !would_block(errno)) {
			die_later(c, why_of(errno));
			return;
		}
		gone = n > 0 ? (size_t)n : 0;
	}
	if (gone < size) {
		stream_queue_add(&c->queue, (const uint8_t *)bytes + gone, size - gone);
		want(c);
	}
}

size_t
streams_queued(const struct streams *s, uint32_t number)
{
	const struct stream *c = find(s, number);

	return c ? c->queue.size : 0;
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
	bool words_left = c->state == OPEN && c->queue.size;
	c->state = CLOSING;
	if (!words_left) {
		die_later(c, NULL);
		return;
	}
	want(c);
	end_in(c, STREAM_LAST_WORDS);
}
