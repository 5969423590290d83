/*
 * Where connections are accepted, and the secrets they are accepted with.
 *
 * A listener is a pair of sockets, IPv4 and IPv6, bound to a VRF device or to none. A device may come later, go, and come
 * again as another with the same name; the kernel tells a bound socket nothing of it, so each second's look compares the
 * index behind the name with the one that was bound. Where the kernel finds both kinds of listener for a packet that came
 * by a VRF, it prefers the bound one.
 *
 * With net.ipv4.tcp_l3mdev_accept=1 two things are different. An unbound listener hears what comes by any VRF: the
 * accepted socket is then bound to the VRF, and one that is bound to something else than its listener is refused. (So is
 * a link-local peer's, which is bound to an interface; addresses without a scope could not name it anyway.) And bound and
 * unbound listeners are in each other's way: SO_REUSEPORT allows them, but it would also allow a second daemon to take
 * half of our connections away. Therefore it is on only while we ourselves open another one.
 *
 * Secrets are the kernel's by listening socket and by connection: they are kept here for listeners that open and
 * connections that are made later. What the kernel had accepted before it knew the secret is refused.
 */
#include "base/mem.h"
#include "host/stream_internal.h"
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { STREAM_BACKLOG = 128, STREAM_ACCEPTS_PER_WAKE = 32 };
#define STREAM_LOOK USEC_PER_SEC

struct listener {
	struct list link;
	struct streams *all;
	char *device;
	uint16_t port;
	bool open, told; /* told: that it is not */
	int ifindex;
	int fd[2]; /* IPv4, IPv6; -1 when the kernel lacks IPv6 */
	sd_event_source *accepting[2];
};
#define LISTENER(l) OBJECT(l, struct listener, link)

static struct listener *
find_listener(struct streams *s, const char *device)
{
	list_each (l, &s->listeners)
		if (strcmp(LISTENER(l)->device, device) == 0)
			return LISTENER(l);
	return NULL;
}

struct secret *
streams_find_secret(struct streams *s, const char *device, const struct addr *peer)
{
	list_each (l, &s->secrets) {
		struct secret *k = OBJECT(l, struct secret, link);
		if (addr_eq(&k->peer, peer) && strcmp(k->device, device) == 0)
			return k;
	}
	return NULL;
}

/* --- accepting --- */

static void
take(struct listener *l, int fd, const struct sockaddr_storage *from, const struct addr *refused)
{
	struct streams *s = l->all;
	struct addr peer = addr_none();
	uint16_t port;
	char text[ADDR_TEXT];

	stream_from_sockaddr(from, &peer, &port);
	const struct secret *k = streams_find_secret(s, l->device, &peer);
	if (stream_device_of(fd) != l->ifindex) {
		log_limited(&s->limit, LOG_LINE_INFO, "a connection from %s is refused: it came by %s",
		    addr_text(&peer, text),
		    addr_is_link_local(&peer) ? "a link-local address" : "a VPN instance that does not listen");
		close(fd);
	} else if ((refused && addr_eq(&peer, refused)) || (k && k->error)) {
		close(fd);
	} else {
		stream_tune(fd, from->ss_family);
		stream_arrived(s, fd, l->device, &peer, port);
	}
}

static void
accept_some(struct listener *l, int listening, int most, const struct addr *refused)
{
	for (int i = 0; i < most; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t size = sizeof from;
		int fd = accept4(listening, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
				log_limited(&l->all->limit, LOG_LINE_WARNING, "cannot accept a connection: %s",
				    strerror(errno));
			return;
		}
		take(l, fd, &from, refused);
	}
}

static int
on_accept(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	(void)source;
	(void)events;
	accept_some(ctx, fd, STREAM_ACCEPTS_PER_WAKE, NULL);
	return 0;
}

/* --- opening --- */

static const char *
where(const struct listener *l)
{
	return *l->device ? " in VPN instance " : "";
}

/* See the head of this file. */
static void
share_port(struct streams *s, bool yes)
{
	const int on = yes;

	list_each (l, &s->listeners)
		for (int i = 0; i < 2; i++)
			if (LISTENER(l)->fd[i] >= 0)
				setsockopt(LISTENER(l)->fd[i], SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

static void
set_secrets(struct listener *l, int fd, int family)
{
	char text[ADDR_TEXT];

	list_each (link, &l->all->secrets) {
		struct secret *k = OBJECT(link, struct secret, link);
		if (stream_family(&k->peer) != family || strcmp(k->device, l->device) != 0)
			continue;
		k->error = stream_set_secret(fd, k);
		if (k->error)
			log_line(LOG_LINE_ERROR,
			    "no connection from %s%s%s is accepted: its password cannot be set: %s",
			    addr_text(&k->peer, text), where(l), l->device, strerror(-k->error));
	}
}

static int
open_socket(struct listener *l, int family, int ifindex, bool shared)
{
	const int on = 1, off = 0;
	struct sockaddr_storage any;
	socklen_t size;
	struct addr a = { .family = family == AF_INET ? 4 : 6 };
	int fd = stream_socket(family), r;

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	stream_to_sockaddr(&a, l->port, &any, &size);
	r = stream_bind_device(fd, ifindex);
	if (r == 0 && bind(fd, (struct sockaddr *)&any, size) != 0)
		r = -errno;
	if (r == 0)
		set_secrets(l, fd, family); /* before the first connection can come */
	if (r == 0 && listen(fd, STREAM_BACKLOG) != 0)
		r = -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &off, sizeof off);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static void
close_listener(struct listener *l)
{
	for (int i = 0; i < 2; i++) {
		l->accepting[i] = sd_event_source_disable_unref(l->accepting[i]);
		if (l->fd[i] >= 0)
			close(l->fd[i]);
		l->fd[i] = -1;
	}
	l->open = false;
}

static int
open_listener(struct listener *l)
{
	static const int families[2] = { AF_INET, AF_INET6 };
	struct streams *s = l->all;

	l->ifindex = *l->device ? (int)if_nametoindex(l->device) : 0;
	if (*l->device && !l->ifindex)
		return -ENODEV;
	for (int i = 0; i < 2; i++) {
		int fd = open_socket(l, families[i], l->ifindex, false);
		if (fd == -EADDRINUSE) { /* by another of ours? */
			share_port(s, true);
			fd = open_socket(l, families[i], l->ifindex, true);
			share_port(s, false);
		}
		if (fd < 0 && i == 1 && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL))
			continue;
		if (fd < 0) {
			close_listener(l);
			return fd;
		}
		l->fd[i] = fd;
		if (sd_event_add_io(host_loop(s->host), &l->accepting[i], fd, EPOLLIN, on_accept, l) < 0)
			abort();
	}
	l->open = true;
	return 0;
}

/* --- trying again --- */

static void
try_listener(struct listener *l)
{
	int r = open_listener(l);

	if (r == 0 && l->told)
		log_line(LOG_LINE_NOTICE, "listens on TCP port %u%s%s now", l->port, where(l), l->device);
	else if (r < 0 && !l->told)
		log_line(LOG_LINE_WARNING, "does not listen on TCP port %u%s%s yet: %s", l->port, where(l), l->device,
		    r == -ENODEV ? "there is no VRF device of that name" : strerror(-r));
	l->told = r < 0;
}

static bool
device_is_another(const struct listener *l)
{
	struct ifreq q = { 0 };

	if (!*l->device)
		return false;
	memccpy(q.ifr_name, l->device, '\0', sizeof q.ifr_name); /* it fits: there was one of that name */
	return ioctl(l->fd[0], SIOCGIFINDEX, &q) != 0 || q.ifr_ifindex != l->ifindex;
}

static void
look(struct listener *l)
{
	if (l->open && device_is_another(l))
		close_listener(l);
	if (!l->open)
		try_listener(l);
}

static void look_again(struct streams *);

static int
on_again(sd_event_source *source, uint64_t at, void *ctx)
{
	struct streams *s = ctx;

	(void)source;
	(void)at;
	list_each (l, &s->listeners)
		look(LISTENER(l));
	look_again(s);
	return 0;
}

/* Not for a public listener alone, which is there for good. */
static void
look_again(struct streams *s)
{
	bool needed = false;

	s->again = sd_event_source_disable_unref(s->again);
	list_each (l, &s->listeners)
		needed |= *LISTENER(l)->device || !LISTENER(l)->open;
	if (!needed)
		return;
	if (sd_event_add_time_relative(
		host_loop(s->host), &s->again, CLOCK_MONOTONIC, STREAM_LOOK, STREAM_LOOK / 10, on_again, s) < 0)
		abort();
	sd_event_source_set_priority(
	    s->again, HOST_PACKETS); /* short, and not to be starved by peers that have much to say */
}

/* --- the face --- */

static struct listener *
add_listener(struct streams *s, const char *device, uint16_t port)
{
	struct listener *l = NEW(struct listener);

	l->all = s;
	l->device = mem_text(device);
	l->port = port;
	l->fd[0] = l->fd[1] = -1;
	list_append(&s->listeners, &l->link);
	return l;
}

static void
remove_listener(struct listener *l)
{
	close_listener(l);
	list_remove(&l->link);
	free(l->device);
	free(l);
}

int
streams_listen_now(struct streams *s, uint16_t port)
{
	struct listener *l = add_listener(s, "", port);
	int r = open_listener(l);

	if (r < 0)
		remove_listener(l);
	return r;
}

void
streams_listen(struct streams *s, const char *device, uint16_t port)
{
	struct listener *l = find_listener(s, device ? device : "");

	if (l && l->port != port) {
		remove_listener(l);
		l = NULL;
	}
	if (!l)
		l = add_listener(s, device ? device : "", port);
	look(l);
	if (!s->again)
		look_again(s);
}

void
streams_deaf(struct streams *s, const char *device)
{
	struct listener *l = find_listener(s, device ? device : "");

	if (l)
		remove_listener(l);
	look_again(s);
}

static void
remove_secret(struct secret *k)
{
	list_remove(&k->link);
	free(k->device);
	explicit_bzero(k, sizeof *k);
	free(k);
}

void
streams_deaf_all(struct streams *s)
{
	s->again = sd_event_source_disable_unref(s->again);
	list_each_safe (l, &s->listeners)
		remove_listener(LISTENER(l));
	list_each_safe (k, &s->secrets)
		remove_secret(OBJECT(k, struct secret, link));
}

int
streams_key(struct streams *s, const char *device, const struct addr *peer, const void *secret, size_t size)
{
	const char *name = device ? device : "";
	struct secret *k = streams_find_secret(s, name, peer);
	struct listener *l = find_listener(s, name);
	int listening = l ? l->fd[peer->family == 6] : -1;
	int r = 0;

	if (size > STREAM_SECRET_MAX)
		return -EINVAL;
	if (!k) {
		if (!size)
			return 0;
		k = NEW(struct secret);
		k->device = mem_text(name);
		k->peer = *peer;
		list_append(&s->secrets, &k->link);
	}
	explicit_bzero(k->bytes, sizeof k->bytes);
	k->size = size;
	if (size)
		memcpy(k->bytes, secret, size);
	if (listening >= 0) {
		r = k->error = stream_set_secret(listening, k);
		accept_some(l, listening, STREAM_BACKLOG, peer);
	}
	streams_refuse_arrived(s, name, peer);
	if (!size)
		remove_secret(k);
	return r;
}
