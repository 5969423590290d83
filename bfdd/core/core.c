/*
 * The BFD core: many sessions, and the way of a packet to its own.
 *
 * A *session* is known by its local discriminator, which the rest of bfdd chooses. Until the other end has learned that
 * number, its packets find the session by where they come from: the *path*. A session lives in the timer wheel with up
 * to five deadlines (next transmission, detection, echo, demand poll, farewell) and changes only through session_event().
 *
 * The life of a packet: the host hands it in with the kernel's receive time; it is decoded and judged without a session,
 * finds one, proves that it came the session's way (TTL, interface, addresses), is authenticated, and only then may
 * change anything. Whatever refuses it counts it, and leaves every session as it was.
 *
 * What leaves the core lies in two arrays, sends and changes. A session that changes twice before they are drained is
 * told once, as it stands then; but each change of state is told on its own, for a client must see a short Down too.
 *
 * Supported: RFC 5880 (asynchronous and demand mode, Poll Sequences, echo as the sender, authentication), 5881, 5882
 * section 4.3 (AdminDown), 5883, 5885 (without signalling of status). Not here: the point-to-multipoint packets of RFC 8562, which are refused.
 */
#include "base/mem.h"
#include "base/wire.h"
#include "bfdd/core/model.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct bfd_core *
bfd_core_new(uint64_t seed)
{
	struct bfd_core *c = NEW(struct bfd_core);

	rng_seed(&c->rng, seed);
	c->quickest_us = BFD_SLOW_US;
	wheel_init(&c->wheel, 0);
	wheel_init(&c->ahead, 0);
	hash_init(&c->sessions);
	hash_init(&c->paths);
	return c;
}

void
bfd_core_free(struct bfd_core *c)
{
	if (!c)
		return;
	hash_each (n, &c->sessions) {
		free(OBJECT(n, struct session, by_local));
	}
	hash_free(&c->sessions);
	hash_free(&c->paths);
	free(c->sends);
	free(c->changes);
	free(c);
}

static void
clock_to(struct bfd_core *c, usec_t now)
{
	if (now > c->now)
		c->now = now;
}

/* --- what leaves --- */

struct bfd_send *
core_send(struct bfd_core *c, const struct session *s)
{
	if (c->send_count == c->send_room) {
		c->send_room = c->send_room ? c->send_room * 2 : 64;
		c->sends = mem_resize(c->sends, c->send_room * sizeof *c->sends);
	}
	struct bfd_send *out = &c->sends[c->send_count++];
	out->local = s->status.local;
	out->echo = false;
	return out;
}

void
core_changed(struct bfd_core *c, struct session *s, bool gone)
{
	/* The last word on this session may simply be brought up to date, unless its state is a new one. */
	struct bfd_change *last = c->change_count ? &c->changes[c->change_count - 1] : NULL;

	if (!last || last->status.local != s->status.local || last->status.state != s->status.state || last->gone) {
		if (c->change_count == c->change_room) {
			c->change_room = c->change_room ? c->change_room * 2 : 64;
			c->changes = mem_resize(c->changes, c->change_room * sizeof *c->changes);
		}
		assert(c->changes);
		last = &c->changes[c->change_count++];
	}
	s->status.polling = s->poll;
	*last = (struct bfd_change){ .status = s->status, .gone = gone };
}

const struct bfd_send *
bfd_core_sends(const struct bfd_core *c, size_t *ret_count)
{
	*ret_count = c->send_count;
	return c->sends;
}

const struct bfd_change *
bfd_core_changes(const struct bfd_core *c, size_t *ret_count)
{
	*ret_count = c->change_count;
	return c->changes;
}

void
bfd_core_drained(struct bfd_core *c)
{
	c->send_count = c->change_count = 0;
}

/* --- finding sessions --- */

static uint32_t
local_hash(uint32_t local)
{
	return local * UINT32_C(2654435761);
}

struct session *
session_find(const struct bfd_core *c, uint32_t local)
{
	for (struct hash_node *n = hash_first(&c->sessions, local_hash(local)); n; n = hash_next(n))
		if (OBJECT(n, struct session, by_local)->status.local == local)
			return OBJECT(n, struct session, by_local);
	return NULL;
}

static uint32_t
path_hash(const struct addr *peer, uint32_t vrf, bool multihop, uint32_t label)
{
	if (label)
		return local_hash(label);
	return hash_bytes(peer->bytes, sizeof peer->bytes, vrf * 2 + multihop);
}

static bool
is_on_path(const struct session *s, const struct bfd_datagram *d)
{
	const struct bfd_params *p = &s->params;

	if (p->vccv_label || d->vccv_label) /* RFC 5885 3.1: the channel says whose it is, and may bear no addresses */
		return p->vccv_label == d->vccv_label && p->vccv_encapsulation == d->vccv_encapsulation &&
		       p->ifindex == d->ifindex;
	return p->multihop == d->multihop && p->vrf == d->vrf && addr_eq(&p->peer, &d->from) &&
	       (!addr_is_set(&p->local) || addr_eq(&p->local, &d->to)) &&
	       (!p->ifindex || p->multihop || p->ifindex == d->ifindex);
}

static struct session *
find_by_path(const struct bfd_core *c, const struct bfd_datagram *d)
{
	uint32_t hash = path_hash(&d->from, d->vrf, d->multihop, d->vccv_label);

	for (struct hash_node *n = hash_first(&c->paths, hash); n; n = hash_next(n))
		if (is_on_path(OBJECT(n, struct session, by_path), d))
			return OBJECT(n, struct session, by_path);
	return NULL;
}

static enum bfd_verdict
refuse(struct bfd_core *c, struct session *s, enum bfd_verdict why)
{
	c->refused[why]++;
	if (s)
		s->status.count.refused[why]++;
	return why;
}

void
bfd_core_expect(const struct bfd_core *c, const uint8_t *bytes, size_t size)
{
	struct wire_reader r = wire_reader(bytes, size);

	wire_bytes(&r, 8);
	uint32_t yours = wire_u32(&r);
	const struct hash_node *n = hash_likely(&c->sessions, local_hash(yours));
	if (n)
		session_fetch(CONST_OBJECT(n, struct session, by_local));
}

enum bfd_verdict
bfd_core_packet(struct bfd_core *c, const struct bfd_datagram *d, usec_t when)
{
	struct bfd_packet p;
	enum bfd_verdict v = bfd_decode(d->bytes, d->size, &p);

	clock_to(c, when);
	if (v != BFD_ACCEPTED)
		return refuse(c, NULL, v);
	struct session *s = p.yours ? session_find(c, p.yours) : find_by_path(c, d);
	if (!s)
		return refuse(c, NULL, BFD_NO_SESSION);
	if (d->ttl < (s->params.multihop ? s->params.min_ttl : 255))
		return refuse(c, s, BFD_BAD_TTL);
	if (p.yours && !is_on_path(s, d))
		return refuse(c, s, BFD_WRONG_PATH);
	v = session_packet(c, s, &p, when);
	if (v != BFD_ACCEPTED)
		c->refused[v]++;
	return v;
}

uint64_t
bfd_core_refused(const struct bfd_core *c, enum bfd_verdict v)
{
	return c->refused[v];
}

/* --- sessions come and go --- */

static void
path_add(struct bfd_core *c, struct session *s)
{
	const struct bfd_params *p = &s->params;

	hash_add(&c->paths, &s->by_path, path_hash(&p->peer, p->vrf, p->multihop, p->vccv_label));
}

/* A local address that was left open and is named now, or the other way round, is the same one or will be noticed. */
static bool
same_path(const struct bfd_params *a, const struct bfd_params *b)
{
	return addr_eq(&a->peer, &b->peer) && a->ifindex == b->ifindex && a->vrf == b->vrf &&
	       a->multihop == b->multihop && a->vccv_label == b->vccv_label &&
	       (addr_eq(&a->local, &b->local) || !addr_is_set(&a->local) || !addr_is_set(&b->local));
}

static void
session_free(struct bfd_core *c, struct session *s)
{
	struct wheel_node *timers[] = { &s->send, &s->detect, &s->echo, &s->leave, &s->demand };

	for (size_t i = 0; i < COUNT(timers); i++)
		wheel_clear(&c->wheel, timers[i]);
	wheel_clear(&c->ahead, &s->ahead);
	hash_remove(&c->sessions, &s->by_local);
	hash_remove(&c->paths, &s->by_path);
	free(s);
}

static struct session *
session_new(struct bfd_core *c, uint32_t local, const struct bfd_params *params)
{
	struct session *s = NEW(struct session);

	s->params = *params;
	s->status.local = local;
	wheel_node_init(&s->send, TIMER_SEND);
	wheel_node_init(&s->detect, TIMER_DETECT);
	wheel_node_init(&s->echo, TIMER_ECHO);
	wheel_node_init(&s->leave, TIMER_LEAVE);
	wheel_node_init(&s->demand, TIMER_DEMAND);
	wheel_node_init(&s->ahead, TIMER_AHEAD);
	hash_add(&c->sessions, &s->by_local, local_hash(local));
	path_add(c, s);
	session_start(c, s);
	return s;
}

void
bfd_core_set(struct bfd_core *c, uint32_t local, const struct bfd_params *params, usec_t now)
{
	struct session *s = session_find(c, local);

	clock_to(c, now);
	if (s && !same_path(&s->params, params)) {
		session_free(c, s);
		s = NULL;
	}
	if (!s) {
		session_new(c, local, params);
		return;
	}
	bool remote_changed = s->params.remote != params->remote;
	bool tell = s->params.detect_mult != params->detect_mult || s->params.demand != params->demand ||
		    s->params.required_min_echo_us != params->required_min_echo_us;
	if (s->params.demand && !params->demand)
		s->heard_at = c->now; /* nobody had to say anything until now */
	s->params = *params;
	if (s->leaving) { /* wanted again before it had said goodbye */
		s->leaving = false;
		wheel_clear(&c->wheel, &s->leave);
	}
	if (remote_changed && params->remote)
		s->status.remote = params->remote;
	session_retune(c, s, tell);
}

void
bfd_core_remove(struct bfd_core *c, uint32_t local, usec_t now)
{
	struct session *s = session_find(c, local);

	clock_to(c, now);
	if (s && !s->leaving)
		session_leave(c, s);
}

bool
bfd_core_status(const struct bfd_core *c, uint32_t local, struct bfd_status *ret)
{
	const struct session *s = session_find(c, local);

	if (!s)
		return false;
	*ret = s->status;
	ret->polling = s->poll;
	return true;
}

uint32_t
bfd_core_next(const struct bfd_core *c, uint32_t local)
{
	const struct session *s = local ? session_find(c, local) : NULL;
	const struct hash_node *n = !local ? c->sessions.oldest : s ? s->by_local.newer : NULL;

	return n ? CONST_OBJECT(n, struct session, by_local)->status.local : 0;
}

void
bfd_core_blind(struct bfd_core *c, usec_t now)
{
	clock_to(c, now);
	hash_each (n, &c->sessions) {
		struct session *s = OBJECT(n, struct session, by_local);
		if (s->heard && (s->status.state == BFD_UP || s->status.state == BFD_INIT))
			s->heard_at = c->now;
	}
}

void
bfd_core_stalled(struct bfd_core *c, usec_t span, usec_t now)
{
	clock_to(c, now);
	hash_each (n, &c->sessions) {
		struct session *s = OBJECT(n, struct session, by_local);
		s->heard_at = usec_min(s->heard_at + span, c->now);
		if (s->poll_since)
			s->poll_since = usec_min(s->poll_since + span, c->now);
		s->echo_heard_at = usec_min(s->echo_heard_at + span, c->now);
	}
}

/* --- time --- */

void
core_quick(struct bfd_core *c, const struct session *s)
{
	uint32_t us = s->status.tx_us < s->status.rx_us ? s->status.tx_us : s->status.rx_us;

	if (us < c->quickest_us)
		c->quickest_us = us;
}

static void
find_quickest(struct bfd_core *c)
{
	c->quickest_at = c->now + QUICKEST_AGAIN_US;
	c->quickest_us = BFD_SLOW_US;
	hash_each (n, &c->sessions) {
		core_quick(c, OBJECT(n, struct session, by_local));
	}
}

uint32_t
bfd_core_patience(const struct bfd_core *c)
{
	uint32_t us = c->quickest_us / 6;

	return us < BFD_GRID_US ? us : BFD_GRID_US;
}

void
bfd_core_timer(struct bfd_core *c, usec_t now)
{
	struct wheel_node *n;

	clock_to(c, now);
	if (c->now >= c->quickest_at)
		find_quickest(c);
	while ((n = wheel_due(&c->ahead, c->now + LOOK_AHEAD_US)))
		session_ahead_due(c, OBJECT(n, struct session, ahead));
	while ((n = wheel_due(&c->wheel, c->now))) {
		if (c->wheel.beside) /* most are transmissions */
			session_fetch(CONST_OBJECT(c->wheel.beside, struct session, send));
		switch (n->kind) {
		case TIMER_SEND: session_send_due(c, OBJECT(n, struct session, send)); break;
		case TIMER_DETECT: session_detect_due(c, OBJECT(n, struct session, detect)); break;
		case TIMER_ECHO: echo_due(c, OBJECT(n, struct session, echo)); break;
		case TIMER_DEMAND: session_demand_due(c, OBJECT(n, struct session, demand)); break;
		case TIMER_LEAVE: {
			struct session *s = OBJECT(n, struct session, leave);
			core_changed(c, s, true);
			session_free(c, s);
			break;
		}
		}
	}
}

usec_t
bfd_core_due(const struct bfd_core *c)
{
	return usec_min(wheel_next(&c->wheel), wheel_next(&c->ahead));
}
