/*
 * The net: nodes, links, Hellos and connections, on a virtual clock.
 *
 * An event is something that arrives at a later moment: a Hello at a port, or whatever a connection has for one
 * of its ends. Packets come before timers of the same moment, as the daemon's loop does it.
 */
#include "tests/helper/ldp_net.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/table.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENT_HELLO, EVENT_OPEN, EVENT_PUMP };
#define AGAIN (200 * USEC_PER_MSEC) /* a segment that was lost is sent again */

struct hello {
	struct timer at;
	struct ldp_node *to;
	uint32_t ifindex;
	struct addr from, group;
	uint8_t ttl;
	size_t size;
	uint8_t bytes[];
};
struct net_end {
	struct ldp_node *node;
	uint32_t number; /* the engine's name for it; 0: closed */
	struct addr addr;
	uint16_t port;
	struct text inbox;  /* on the way to this end */
	const char *finish; /* after the inbox: the connection is gone, and why */
	struct timer pump;
};
struct net_conn {
	struct net_conn *next;
	struct net_end end[2]; /* 0: who connected */
	struct timer open;
	bool is_open;
};

/* --- topology --- */

struct net_port *
ldp_node_find_port(struct ldp_node *n, uint32_t ifindex)
{
	for (size_t i = 0; i < n->port_count; i++)
		if (n->ports[i].ifindex == ifindex && !n->ports[i].gone)
			return &n->ports[i];
	return NULL;
}

static struct ldp_node *
owner(struct ldp_net *net, const struct addr *a)
{
	for (size_t i = 0; i < net->node_count; i++)
		for (size_t k = 0; k < net->nodes[i]->port_count; k++) {
			const struct net_port *p = &net->nodes[i]->ports[k];
			if (!p->gone && p->up && (addr_eq(&p->address.addr, a) || addr_eq(&p->address6.addr, a)))
				return net->nodes[i];
		}
	return NULL;
}

static bool
link_passes(const struct net_link *l)
{
	const struct net_port *a = ldp_node_find_port(l->node[0], l->ifindex[0]),
			      *b = ldp_node_find_port(l->node[1], l->ifindex[1]);

	return !l->cut && a && b && a->up && b->up;
}

/* Breadth first, from where packets are to arrive. */
void
net_distances(struct ldp_net *net, const struct ldp_node *to, uint16_t far[NET_NODES])
{
	static const struct ldp_node *queue[NET_NODES];
	size_t head = 0, tail = 0;

	for (size_t i = 0; i < net->node_count; i++)
		far[i] = UINT16_MAX;
	far[to->index] = 0;
	queue[tail++] = to;
	while (head < tail) {
		const struct ldp_node *here = queue[head++];
		for (size_t i = 0; i < here->port_count; i++) {
			const struct net_link *l = here->ports[i].link;
			if (!l || here->ports[i].gone || !link_passes(l))
				continue;
			const struct ldp_node *there = l->node[l->node[0] == here];
			if (far[there->index] != UINT16_MAX)
				continue;
			far[there->index] = (uint16_t)(far[here->index] + 1);
			queue[tail++] = there;
		}
	}
}

/* Which nodes reach each other; worked out anew when a link has begun or ceased to pass. */
static bool
reaches(struct ldp_net *net, const struct ldp_node *from, const struct ldp_node *to)
{
	uint64_t passing = 1;
	uint16_t far[NET_NODES];

	for (size_t i = 0; i < net->link_count; i++)
		passing = passing * UINT64_C(6364136223846793005) + 1 + link_passes(net->links[i]);
	passing += net->node_count;
	if (passing != net->passing) {
		net->passing = passing;
		for (size_t i = 0; i < net->node_count; i++)
			net->parts[i] = UINT16_MAX;
		for (size_t i = 0; i < net->node_count; i++) {
			if (net->parts[i] != UINT16_MAX)
				continue;
			net_distances(net, net->nodes[i], far);
			for (size_t k = 0; k < net->node_count; k++)
				if (far[k] != UINT16_MAX)
					net->parts[k] = (uint16_t)i;
		}
	}
	return net->parts[from->index] == net->parts[to->index];
}

/* --- the wire --- */

static void
note(struct ldp_net *net, const struct ldp_node *n, const struct effect *e)
{
	uint32_t about[] = { n->lsr, (uint32_t)e->kind, e->where, e->code, (uint32_t)net->now };
	uint32_t high = (uint32_t)(net->transcript >> 32), low = (uint32_t)net->transcript;

	high = hash_bytes(about, sizeof about, high ^ low);
	low = hash_bytes(e->bytes ? e->bytes : (const uint8_t *)"", e->size, low + high);
	net->transcript = (uint64_t)high << 32 | low;
	net->effects++;
}

static void
post(struct ldp_net *net, struct ldp_node *to, uint32_t ifindex, const struct effect *e)
{
	struct hello *h = mem_zalloc(sizeof *h + e->size);

	h->to = to;
	h->ifindex = ifindex;
	h->from = e->from;
	h->group = e->to;
	h->ttl = (uint8_t)e->code;
	h->size = e->size;
	memcpy(h->bytes, e->bytes, e->size);
	timer_init(&h->at, EVENT_HELLO);
	timer_set(&net->events, &h->at, net->now + net->delay + rng_below(&net->rng, net->jitter + 1));
}

static void
send_hello(struct ldp_node *n, const struct effect *e)
{
	struct ldp_net *net = n->net;
	struct net_port *p = ldp_node_find_port(n, e->where);
	struct ldp_node *far = e->where ? NULL : owner(net, &e->to);

	if (far && reaches(net, n, far)) { /* a targeted one, over as many hops as it takes */
		post(net, far, 0, e);
		return;
	}
	if (!p || !p->link || !link_passes(p->link) || rng_below(&net->rng, 100) < net->lose_percent)
		return;
	int side = p->link->node[0] == n && p->link->ifindex[0] == p->ifindex ? 1 : 0;
	post(net, p->link->node[side], p->link->ifindex[side], e);
	if (net->double_percent && rng_below(&net->rng, 100) < net->double_percent)
		post(net, p->link->node[side], p->link->ifindex[side], e);
}

static struct net_end *
find_end(struct ldp_node *n, uint32_t number, struct net_conn **ret)
{
	for (struct net_conn *c = n->net->conns; c; c = c->next)
		for (int side = 0; side < 2; side++)
			if (c->end[side].node == n && c->end[side].number == number) {
				*ret = c;
				return &c->end[side];
			}
	return NULL;
}

static void
pump_soon(struct ldp_net *net, struct net_end *to, usec_t wait)
{
	if (!timer_is_set(&to->pump))
		timer_set(&net->events, &to->pump, net->now + wait);
}

static void
connect_to(struct ldp_node *n, const struct effect *e)
{
	struct net_conn *c = NEW(struct net_conn);

	c->end[0] = (struct net_end){
		.node = n, .number = e->where, .addr = e->from, .port = (uint16_t)(40000 + n->net->next_port++ % 20000)
	};
	c->end[1] = (struct net_end){ .addr = e->to, .port = LDP_PORT };
	timer_init(&c->open, EVENT_OPEN);
	timer_init(&c->end[0].pump, EVENT_PUMP);
	timer_init(&c->end[1].pump, EVENT_PUMP);
	timer_set(&n->net->events, &c->open, n->net->now + 2 * n->net->delay);
	c->next = n->net->conns;
	n->net->conns = c;
}

/* An end closes or dies: the other one reads what was sent, then learns why. */
static void
finish(struct ldp_net *net, struct net_conn *c, struct net_end *e, const char *why)
{
	struct net_end *other = e == &c->end[0] ? &c->end[1] : &c->end[0];

	e->number = 0;
	timer_clear(&net->events, &e->pump);
	if (!c->is_open)
		timer_clear(&net->events, &c->open);
	if (!other->number || other->finish)
		return;
	other->finish = why;
	pump_soon(net, other, net->delay);
}

static void
act(struct ldp_node *n, const struct effect *e)
{
	struct net_conn *c;
	struct net_end *end;

	switch (e->kind) {
	case EFFECT_LOG:
		text_line(
		    &n->log, "%llu %s", (unsigned long long)(n->net->now / USEC_PER_MSEC), (const char *)e->bytes);
		break;
	case EFFECT_DATAGRAM_SEND: send_hello(n, e); break;
	case EFFECT_GROUP_JOIN:
	case EFFECT_GROUP_LEAVE: {
		struct net_port *p = ldp_node_find_port(n, e->where);
		if (p)
			*(e->to.family == 6 ? &p->joined6 : &p->joined) = e->kind == EFFECT_GROUP_JOIN;
		break;
	}
	case EFFECT_STREAM_CONNECT: connect_to(n, e); break;
	case EFFECT_STREAM_SEND:
		end = find_end(n, e->where, &c);
		assert(end && c->is_open);
		struct net_end *to = end == &c->end[0] ? &c->end[1] : &c->end[0];
		if (!to->number)
			break;
		char *room = mem_zalloc(to->inbox.size + e->size + 1);
		memcpy(room, text_chars(&to->inbox), to->inbox.size);
		memcpy(room + to->inbox.size, e->bytes, e->size);
		size_t size = to->inbox.size + e->size;
		text_free(&to->inbox);
		to->inbox = (struct text){ .chars = room, .size = size, .room = size + 1 };
		pump_soon(n->net, to, n->net->delay);
		break;
	case EFFECT_STREAM_CLOSE:
		end = find_end(n, e->where, &c);
		if (end)
			finish(n->net, c, end, "connection closed by the peer");
		break;
	case EFFECT_MIRROR_AGAIN: n->again = true; break; /* once this input is done with */
	case EFFECT_STREAM_KEY:
	case EFFECT_STREAM_MIN_TTL: break; /* every connection here is as it should be */
	}
}

void
ldp_node_input(struct ldp_node *n, const struct ldp_input *in)
{
	if (!n->ldp)
		return;
	ldp_input(n->ldp, in, n->net->now);
	assert(ldp_due(n->ldp) >= n->net->now); /* a deadline in the past would make the host spin */
	struct outbox *out = ldp_outbox(n->ldp);
	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		note(n->net, n, &e);
		if (!n->net->tap || !n->net->tap(n, &e, n->net->tap_ctx))
			act(n, &e);
	}
	outbox_clear(out);
	net_fib_absorb(n);
	if (n->again) {
		n->again = false;
		net_fib_tell_all(n);
	}
}

/* --- events --- */

static void
on_open(struct ldp_net *net, struct net_conn *c)
{
	struct net_end *a = &c->end[0], *b = &c->end[1];
	struct ldp_node *to = owner(net, &b->addr);

	if (!to || !reaches(net, a->node, to)) {
		timer_set(&net->events, &c->open, net->now + USEC_PER_SEC); /* SYNs go out until somebody gives up */
		return;
	}
	if (!to->ldp) {
		uint32_t number = a->number;
		a->number = 0;
		ldp_node_input(a->node,
		    &(struct ldp_input){ .kind = LDP_IN_STREAM_DOWN, .conn = number, .text = "connection refused" });
		return;
	}
	c->is_open = true;
	b->node = to;
	b->number = LDP_ACCEPTED + net->next_accepted++;
	ldp_node_input(to, &(struct ldp_input){ .kind = LDP_IN_STREAM_UP,
			       .conn = b->number,
			       .from = a->addr,
			       .from_port = a->port,
			       .to = b->addr,
			       .to_port = b->port });
	if (a->number)
		ldp_node_input(a->node, &(struct ldp_input){ .kind = LDP_IN_STREAM_UP,
					    .conn = a->number,
					    .from = b->addr,
					    .from_port = b->port,
					    .to = a->addr,
					    .to_port = a->port });
}

static void
on_pump(struct ldp_net *net, struct net_conn *c, struct net_end *e)
{
	const struct net_end *other = e == &c->end[0] ? &c->end[1] : &c->end[0];
	uint32_t number = e->number;

	if (!number)
		return;
	if (!reaches(net, other->node, e->node)) {
		pump_soon(net, e, AGAIN);
		return;
	}
	if (e->inbox.size) {
		size_t n = net->chop ? 1 + rng_below(&net->rng, e->inbox.size) : e->inbox.size;
		uint8_t *piece = mem_copy(e->inbox.chars, n);
		memmove(e->inbox.chars, e->inbox.chars + n, e->inbox.size - n);
		e->inbox.size -= n;
		if (e->inbox.size || e->finish)
			pump_soon(net, e, net->delay);
		ldp_node_input(
		    e->node, &(struct ldp_input){ .kind = LDP_IN_STREAM, .conn = number, .bytes = piece, .size = n });
		free(piece);
		return;
	}
	if (e->finish) {
		e->number = 0;
		ldp_node_input(
		    e->node, &(struct ldp_input){ .kind = LDP_IN_STREAM_DOWN, .conn = number, .text = e->finish });
	}
}

static void
on_hello(struct ldp_net *net, struct hello *h)
{
	struct net_port *p = ldp_node_find_port(h->to, h->ifindex);

	(void)net;
	if (!h->ifindex || (p && (h->group.family == 6 ? p->joined6 : p->joined) && p->up))
		ldp_node_input(h->to, &(struct ldp_input){ .kind = LDP_IN_DATAGRAM,
					  .ifindex = h->ifindex,
					  .from = h->from,
					  .from_port = LDP_PORT,
					  .to = h->group,
					  .to_port = LDP_PORT,
					  .ttl = h->ttl,
					  .bytes = h->bytes,
					  .size = h->size });
	free(h);
}

static void
on_event(struct ldp_net *net, struct timer *t)
{
	if (t->kind == EVENT_HELLO) {
		on_hello(net, OBJECT(t, struct hello, at));
		return;
	}
	if (t->kind == EVENT_OPEN) {
		on_open(net, OBJECT(t, struct net_conn, open));
		return;
	}
	for (struct net_conn *c = net->conns; c; c = c->next)
		for (int side = 0; side < 2; side++)
			if (&c->end[side].pump == t) {
				on_pump(net, c, &c->end[side]);
				return;
			}
}

static void
sweep_conns(struct ldp_net *net)
{
	for (struct net_conn **at = &net->conns; *at;) {
		struct net_conn *c = *at;
		if (c->end[0].number || c->end[1].number) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		for (int side = 0; side < 2; side++) {
			timer_clear(&net->events, &c->end[side].pump);
			text_free(&c->end[side].inbox);
		}
		timer_clear(&net->events, &c->open);
		free(c);
	}
}

/* One event, or one engine's deadline. False: nothing is left before `until`. */
static bool
step(struct ldp_net *net, usec_t until)
{
	usec_t at = timers_next(&net->events);
	struct ldp_node *first = NULL;

	for (size_t i = 0; i < net->node_count; i++) {
		usec_t due = net->nodes[i]->ldp ? ldp_due(net->nodes[i]->ldp) : USEC_NEVER;
		if (due < at) {
			at = due;
			first = net->nodes[i];
		}
	}
	if (at > until || at == USEC_NEVER) {
		net->now = until;
		return false;
	}
	if (at > net->now)
		net->now = at;
	if (first)
		ldp_node_input(first, &(struct ldp_input){ .kind = LDP_IN_TIMER });
	else
		on_event(net, timers_due(&net->events, net->now));
	sweep_conns(net);
	for (size_t i = 0; i < net->node_count; i++)
		net_fib_hold(net->nodes[i]);
	if (net->watch)
		net->watch(net, net->watch_ctx);
	return true;
}

void
ldp_net_run(struct ldp_net *net, usec_t span)
{
	usec_t until = net->now + span;

	while (step(net, until))
		;
}

bool
ldp_net_until(struct ldp_net *net, bool (*what)(struct ldp_net *), usec_t span)
{
	usec_t until = net->now + span;

	while (!what(net))
		if (!step(net, until))
			return what(net);
	return true;
}

/* --- life and death --- */

static size_t
pack_fec(const void *ctx, const struct row *row, uint8_t *out, size_t room)
{
	const struct table *lsps = ctx;
	Ldp__Lsp m = LDP__LSP__INIT;
	struct arena arena;

	arena_init(&arena);
	lsps->fill(row, &m, &arena);
	size_t size = m.fec.len <= room ? m.fec.len : 0;
	memcpy(out, m.fec.data, size);
	arena_free(&arena);
	return size;
}

void
ldp_node_start(struct ldp_node *n)
{
	assert(!n->ldp);
	net_fib_hold(n);
	n->ldp = ldp_new(rng_next(&n->net->rng));
	n->round = 0;
	n->swept = false;
	for (size_t i = 0; i < n->port_count; i++)
		n->ports[i].joined = false;
	for (size_t i = 0; i < n->lsp_count; i++)
		n->lsps[i].stale = true;
	struct table *lsps = ldp_tables(n->ldp)[0];
	lsps->pack_key = pack_fec;
	lsps->pack_ctx = lsps;
	cursor_open(&n->cursor, lsps);
	ldp_node_configure(n);
	net_fib_tell_all(n);
}

void
ldp_node_kill(struct ldp_node *n)
{
	if (!n->ldp)
		return;
	cursor_close(&n->cursor);
	ldp_free(n->ldp);
	n->ldp = NULL;
	n->dead_since = n->net->now;
	for (struct net_conn *c = n->net->conns; c; c = c->next)
		for (int side = 0; side < 2; side++)
			if (c->end[side].node == n && c->end[side].number)
				finish(n->net, c, &c->end[side], "connection reset by the peer");
	sweep_conns(n->net);
}

struct ldp_net *
ldp_net_new(uint64_t seed)
{
	struct ldp_net *net = NEW(struct ldp_net);

	rng_seed(&net->rng, seed);
	timers_init(&net->events);
	net->now = 10 * USEC_PER_SEC;
	net->delay = USEC_PER_MSEC;
	return net;
}

void
ldp_net_free(struct ldp_net *net)
{
	struct timer *t;

	for (size_t i = 0; i < net->node_count; i++) {
		ldp_node_kill(net->nodes[i]);
		free(net->nodes[i]->routes);
		free(net->nodes[i]->lsps);
		text_free(&net->nodes[i]->log);
		free(net->nodes[i]);
	}
	sweep_conns(net);
	while ((t = timers_due(&net->events, USEC_NEVER - 1)))
		if (t->kind == EVENT_HELLO)
			free(OBJECT(t, struct hello, at));
	for (size_t i = 0; i < net->link_count; i++)
		free(net->links[i]);
	timers_free(&net->events);
	free(net);
}
