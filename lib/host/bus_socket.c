/*
 * ZeroMQ sockets in the event loop.
 *
 * The trap: the descriptor of a ZeroMQ socket (ZMQ_FD) is edge-triggered, and the edge may be consumed
 * by *any* call on the socket, a send included. So after each send and each receive ZMQ_EVENTS has to be
 * looked at until it is dry; a socket that is left readable without another edge would sleep for ever.
 * Here a wake-up reads for a millisecond at most, and if the socket is still readable then, or became so during a
 * send, a deferred source comes back for more after everybody else had a turn.
 */
#include "host/bus_internal.h"
#include <errno.h>
#include <time.h>
#include <zmq.h>

enum { MESSAGES_PER_WAKE = 64, WAKE_US = 1000 };

static usec_t
clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

static bool
is_readable(const struct bus_socket *s)
{
	int events = 0;
	size_t size = sizeof events;

	return zmq_getsockopt(s->zmq, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
}

static int
read_bunch(struct bus_socket *s)
{
	void *const zmq = s->zmq;
	const usec_t until = clock_now() + WAKE_US;
	bool any = false;

	for (int i = 0; i < MESSAGES_PER_WAKE && (!any || clock_now() < until); i++) {
		if (!s->readable(s->ctx))
			break;
		any = true;
		if (s->zmq != zmq)
			return 0; /* closed, or opened anew, by what was read */
	}
	if (any && s->settled)
		s->settled(s->ctx);
	if (s->zmq == zmq)
		bus_socket_used(s);
	return 0;
}

static int
on_edge(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	(void)source;
	(void)fd;
	(void)events;
	return read_bunch(ctx);
}

static int
on_again(sd_event_source *source, void *ctx)
{
	(void)source;
	return read_bunch(ctx);
}

int
bus_socket_open(
    struct bus_socket *s, sd_event *loop, void *zmq, bool (*readable)(void *), void (*settled)(void *), void *ctx)
{
	int fd;
	size_t size = sizeof fd;

	*s = (struct bus_socket){ .zmq = zmq, .readable = readable, .settled = settled, .ctx = ctx };
	if (zmq_getsockopt(zmq, ZMQ_FD, &fd, &size) != 0)
		return -errno; /* still closed by bus_socket_close() */
	int r = sd_event_add_io(loop, &s->io, fd, EPOLLIN, on_edge, s);
	if (r >= 0)
		r = sd_event_add_defer(loop, &s->again, on_again, s);
	if (r < 0)
		return r;
	bus_socket_used(s); /* the first edge may have passed already */
	return 0;
}

void
bus_socket_close(struct bus_socket *s)
{
	s->io = sd_event_source_disable_unref(s->io);
	s->again = sd_event_source_disable_unref(s->again);
	if (s->zmq)
		zmq_close(s->zmq);
	s->zmq = NULL;
}

void
bus_socket_used(struct bus_socket *s)
{
	if (s->again)
		sd_event_source_set_enabled(s->again, is_readable(s) ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}
