/*
 * What sessions send by: RFC 5881 section 4, RFC 5883 section 5.
 *
 * Every session has a socket of its own: its source port is its own (49152 and up), it is connected, which makes sending
 * cheap, and bound to its link. What it says most of the time, that all is well, goes past the socket: as frames, together
 * with those of all other sessions, see realtime_frames.h. Packets are heard in realtime_ears.c. Sessions over pseudowires have
 * frames and nothing else.
 */
#include "bfdd/realtime_sockets.h"
#include "base/hash.h"
#include "base/mem.h"
#include "bfdd/core/vccv.h"
#include "bfdd/realtime_ears.h"
#include "bfdd/realtime_echo.h"
#include "bfdd/realtime_frames.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PORT_FIRST = 49152,
	PORT_COUNT = 65536 - PORT_FIRST,
	RETRY_US = 1000000,  /* a socket that could not be had is tried again after this */
	SOCKET_US = 2000000, /* at least so often a session sends by its own socket */
};

struct mouth { /* what a session sends by; what is looked at for each packet stands first, and together */
	struct hash_node by_local;
	uint32_t local;
	int fd; /* -1: it could not be had */
	int error;
	struct hop *hop;     /* NULL: it never sends by frames */
	usec_t by_socket_at; /* its next packet from then on goes by its socket */
	uint64_t waits_for;  /* the flush that its last frame was added for */
	struct envelope envelope;
	usec_t retry_at;
	int echo_fd; /* -1: none */
	struct ear *echo_ear;
	struct ear *channel_ear; /* of a pseudowire */
	struct bfd_order order;
};
struct sockets {
	struct ears *ears;
	struct hash mouths;
	struct frames *frames; /* NULL: not permitted */
	uint64_t flushes;
	unsigned next_port;
	uint64_t unsent;
	int unsent_error;
	char deaf[64];
};

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
	if (m->echo_ear)
		ears_leave_link(m->echo_ear);
	m->echo_ear = NULL;
}

/* 0 or negative errno */
static int
mouth_open_echo(struct sockets *s, struct mouth *m)
{
	const struct bfd_params *p = &m->order.params;

	m->echo_ear = ears_echo(s->ears, p->peer.family, p->ifindex);
	if (!m->echo_ear)
		return -errno;
	int fd = echo_open(p->peer.family, m->order.device);
	if (fd < 0)
		return fd;
	m->echo_fd = fd;
	return 0;
}

/* Our address on the link, as configured or as the kernel chose it for the control packets; and their port. */
static struct addr
own_address(const struct mouth *m, uint16_t *ret_port)
{
	struct addr own = m->order.params.local;
	union sockaddrs name = { .v6 = { .sin6_family = AF_UNSPEC } };
	socklen_t size = sizeof name;

	*ret_port = 0;
	if (getsockname(m->fd, &name.any, &size) != 0)
		return own;
	*ret_port = ntohs(name.any.sa_family == AF_INET ? name.v4.sin_port : name.v6.sin6_port);
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
	uint16_t port;
	struct addr own = own_address(m, &port);
	int r = m->echo_fd < 0 ? mouth_open_echo(s, m) : 0;

	if (r == 0)
		r = echo_send(m->echo_fd, &own, &p->peer, p->ifindex, p->tos_exp, out->bytes, out->size);
	if (r < 0)
		echo_close(m);
	return r;
}

/* --- */

static void
mouth_close(struct sockets *s, struct mouth *m)
{
	echo_close(m);
	if (m->channel_ear)
		ears_leave_link(m->channel_ear);
	m->channel_ear = NULL;
	if (m->hop)
		frames_leave(s->frames, m->hop);
	m->hop = NULL;
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

/* Frames are for neighbours on a link of the public network. */
static void
mouth_find_hop(struct sockets *s, struct mouth *m)
{
	const struct bfd_params *p = &m->order.params;
	uint16_t port;
	struct addr own = own_address(m, &port);

	if (!s->frames || p->multihop || !p->ifindex || p->vrf || !port || own.family != p->peer.family)
		return;
	m->envelope = envelope_of(&own, &p->peer, port, BFD_SINGLE_PORT, p->tos_exp);
	m->hop = frames_hop(s->frames, &p->peer, p->ifindex);
	m->by_socket_at = 0;
}

/* RFC 5885 section 3: the label is ours, and says which pseudowire it is; what stands behind it does not change. */
static void
mouth_open_channel(struct sockets *s, struct mouth *m)
{
	const struct bfd_params *p = &m->order.params;
	const struct vccv_form form = { .label = p->vccv_label,
		.encapsulation = p->vccv_encapsulation,
		.tos_exp = p->tos_exp,
		.control_word = p->vccv_control_word,
		.own = p->local,
		.port = (uint16_t)(PORT_FIRST + s->next_port++ % PORT_COUNT) };

	m->error = EPERM;
	if (!s->frames)
		return;
	m->channel_ear = ears_channel(s->ears, p->ifindex);
	m->error = m->channel_ear ? 0 : errno;
	if (!m->channel_ear)
		return;
	m->envelope = vccv_envelope(&form);
	m->hop = frames_channel(s->frames, p->ifindex);
}

static void
mouth_open(struct sockets *s, struct mouth *m, usec_t now)
{
	if (m->order.params.vccv_label) {
		m->retry_at = now + RETRY_US;
		mouth_open_channel(s, m);
		return;
	}
	m->fd = connected(s, &m->order);
	m->error = m->fd < 0 ? -m->fd : 0;
	m->retry_at = now + RETRY_US;
	if (m->fd < 0)
		m->fd = -1;
	else
		mouth_find_hop(s, m);
}

/* In a VRF that no session is left in nothing is heard. */
static void
ears_review(struct sockets *s, uint32_t vrf)
{
	if (!vrf)
		return;
	hash_each (n, &s->mouths) {
		if (OBJECT(n, struct mouth, by_local)->order.params.vrf == vrf)
			return;
	}
	ears_leave(s->ears, vrf);
}

static bool
same_socket(const struct bfd_order *a, const struct bfd_order *b)
{
	const struct bfd_params *p = &a->params, *q = &b->params;

	return addr_eq(&p->peer, &q->peer) && addr_eq(&p->local, &q->local) && p->ifindex == q->ifindex &&
	       p->vrf == q->vrf && p->multihop == q->multihop && p->tos_exp == q->tos_exp &&
	       p->vccv_label == q->vccv_label && p->vccv_encapsulation == q->vccv_encapsulation &&
	       p->vccv_control_word == q->vccv_control_word && strcmp(a->device, b->device) == 0;
}

void
sockets_forget(struct sockets *s, uint32_t local)
{
	struct mouth *m = mouth_find(s, local);

	if (!m)
		return;
	uint32_t vrf = m->order.params.vrf;
	mouth_close(s, m);
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
	mouth_close(s, m);
	m->order = *o;
	m->retry_at = 0;
	if (!ears_are_in(s->ears, o->params.vrf)) {
		int r = ears_listen(s->ears, o->params.vrf, o->vrf_device);
		if (r < 0)
			snprintf(s->deaf, sizeof s->deaf, "%s: %s", o->vrf_device, strerror(-r));
	}
	if (before != o->params.vrf)
		ears_review(s, before);
	/* The others' ears are there already: nobody is to speak in vain until this one's first packet is due. */
	if (o->params.vccv_label)
		mouth_open_channel(s, m);
}

static void
unsent(struct sockets *s, int error)
{
	s->unsent++;
	s->unsent_error = error;
}

/* By the session's own sockets. */
static void
mouth_send(struct sockets *s, struct mouth *m, const struct bfd_send *out, usec_t now)
{
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
			mouth_close(s, m); /* its address or its link may have come anew */
	}
	unsent(s, m->error);
}

struct flushing {
	struct sockets *s;
	usec_t now;
};

static void
on_refused(void *ctx, void *owner, const struct bfd_send *out)
{
	struct flushing *f = ctx;

	struct mouth *m = owner;

	if (m->order.params.vccv_label)
		unsent(f->s, errno);
	else
		mouth_send(f->s, m, out, f->now); /* which says what is wrong */
}

void
sockets_flush(struct sockets *s, usec_t now)
{
	struct flushing f = { s, now };

	if (!s->frames)
		return;
	frames_flush(s->frames, on_refused, &f);
	s->flushes++;
}

/*
 * Packets that only say that all is well go as frames, while the kernel knows the neighbour. Whatever else there is to say
 * goes by the session's socket, and so does one packet in a while: it keeps the neighbour in the kernel's table, and finds
 * out when there is no route or no address any more.
 */
static bool
mouth_send_frame(struct sockets *s, struct mouth *m, const struct bfd_send *out, usec_t now)
{
	if (!m->hop || out->echo || !bfd_is_steady(out->bytes))
		return false;
	if (now >= m->by_socket_at || !frames_knows(m->hop)) {
		frames_wonder(s->frames, m->hop, now);
		m->by_socket_at = now + SOCKET_US;
		return false;
	}
	while (!frames_add(s->frames, m->hop, &m->envelope, out, m))
		sockets_flush(s, now);
	m->waits_for = s->flushes;
	return true;
}

static void
mouth_send_on_channel(struct sockets *s, struct mouth *m, const struct bfd_send *out, usec_t now)
{
	if (!m->hop && now >= m->retry_at)
		mouth_open(s, m, now);
	if (!m->hop) {
		unsent(s, m->error);
		return;
	}
	while (!frames_add(s->frames, m->hop, &m->envelope, out, m))
		sockets_flush(s, now);
}

void
sockets_send_soon(const struct sockets *s, uint32_t local)
{
	const struct hash_node *n = hash_likely(&s->mouths, local);

	if (n)
		mem_fetch(CONST_OBJECT(n, struct mouth, by_local), offsetof(struct mouth, retry_at));
}

void
sockets_send(struct sockets *s, const struct bfd_send *out, usec_t now)
{
	struct mouth *m = mouth_find(s, out->local);

	if (!m)
		return;
	if (m->order.params.vccv_label) {
		mouth_send_on_channel(s, m, out, now);
		return;
	}
	if (m->fd < 0 && now >= m->retry_at)
		mouth_open(s, m, now);
	if (mouth_send_frame(s, m, out, now))
		return;
	if (m->hop && m->waits_for == s->flushes) /* numbered packets stay in their order */
		sockets_flush(s, now);
	mouth_send(s, m, out, now);
}

bool
sockets_question(struct sockets *s, struct hop_question *ret)
{
	return s->frames && frames_question(s->frames, ret);
}

void
sockets_ask(const struct sockets *s, const struct hop_question *q)
{
	frames_ask(s->frames, q);
}

/* --- */

static void
on_news(void *ctx)
{
	frames_read(ctx);
}

static void
use_frames(struct sockets *s)
{
	s->frames = frames_open();
	if (!s->frames || ears_watch(s->ears, frames_events(s->frames), on_news, s->frames))
		return;
	frames_close(s->frames);
	s->frames = NULL;
}

struct sockets *
sockets_open(char why[256])
{
	struct sockets *s = NEW(struct sockets);
	int r;

	hash_init(&s->mouths);
	s->flushes = 1;
	s->ears = ears_open();
	r = s->ears ? ears_listen(s->ears, 0, "") : -errno;
	if (r == 0) {
		use_frames(s);
		return s;
	}
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
		mouth_close(s, OBJECT(n, struct mouth, by_local));
		free(OBJECT(n, struct mouth, by_local));
	}
	hash_free(&s->mouths);
	ears_close(s->ears);
	frames_close(s->frames);
	free(s);
}

struct ears *
sockets_ears(struct sockets *s)
{
	return s->ears;
}

void
sockets_tell(const struct sockets *s, struct bfd_process *p)
{
	ears_tell(s->ears, p);
	p->unsent = s->unsent;
	snprintf(p->deaf, sizeof p->deaf, "%s", s->deaf);
	snprintf(p->unsent_reason, sizeof p->unsent_reason, "%s", s->unsent ? strerror(s->unsent_error) : "");
}
