/*
 * Streams between nodes, a model of TCP as an engine's host shows it.
 *
 * In order and without loss: what a wire loses comes later. A connection is refused where no engine runs, tried again and
 * given up where there is no way. The side that connects is up first. A killed engine's kernel closes its connections,
 * and the other side hears of it as soon as there is a way; of a crash it hears when it says something to the node that
 * is back, or never. Who has something to send and no way for long enough loses the connection, as does who fills the
 * buffers.
 */
#include "base/list.h"
#include "base/mem.h"
#include "tests/sim/sim.h"
#include <stdlib.h>
#include <string.h>

#define AGAIN (200 * USEC_PER_MSEC) /* a segment that was lost is sent again */

struct sim_end {
	struct sim_conn *conn;
	struct sim_node *node;
	uint32_t number;
	bool open;   /* its engine has it */
	bool coming; /* its engine will be told of it */
	struct addr addr;
	uint16_t port;
	uint8_t *inbox; /* on the way to this end */
	size_t size, room;
	const char *finish;     /* after the inbox: the connection is gone, and why */
	usec_t stuck;           /* since when the inbox has no way; 0: it has */
	struct sim_event pump;  /* the inbox moves */
	struct sim_event reset; /* this end has sent to where nobody is, or too much */
	bool full;              /* too much */
};
struct sim_conn {
	struct sim_conn *next;
	struct sim_end end[2]; /* 0: who connects */
	struct sim_event open;
	bool is_up; /* as the side that connects sees it */
	usec_t begun, wait;
};

static struct sim_end *
other_end(struct sim_end *e)
{
	return e == &e->conn->end[0] ? &e->conn->end[1] : &e->conn->end[0];
}

static struct sim_end *
find(struct sim_node *n, uint32_t number)
{
	for (struct sim_conn *c = n->sim->conns; c; c = c->next)
		for (int side = 0; side < 2; side++)
			if (c->end[side].node == n && c->end[side].open && c->end[side].number == number)
				return &c->end[side];
	return NULL;
}

size_t
sim_stream_count(const struct sim *s)
{
	size_t count = 0;

	for (const struct sim_conn *c = s->conns; c; c = c->next)
		count++;
	return count;
}

/* Lost segments come later. */
static usec_t
travel(struct sim *s)
{
	usec_t late = 0;

	while (s->late_percent && late < 8 * AGAIN && rng_below(&s->rng, 100) < s->late_percent)
		late += AGAIN;
	return s->delay + late;
}

static void
pump_soon(struct sim *s, struct sim_end *to, usec_t wait)
{
	if (!timer_is_set(&to->pump.at))
		sim_event_at(s, &to->pump, s->now + wait);
}

static void
shut(struct sim *s, struct sim_end *e)
{
	e->open = e->coming = false;
	e->finish = NULL;
	e->size = 0;
	sim_event_clear(s, &e->pump);
	sim_event_clear(s, &e->reset);
}

/* This end's engine learns that the connection is gone. */
static void
down(struct sim *s, struct sim_end *e, const char *why)
{
	struct sim_node *n = e->node;
	uint32_t number = e->number;

	shut(s, e);
	sim_give(n, &(struct sim_input){ .kind = SIM_DOWN, .conn = number, .text = why });
}

/* This end closes or dies: the other one reads what was sent, then learns why. */
static void
finish(struct sim *s, struct sim_end *e, const char *why)
{
	struct sim_end *other = other_end(e);

	shut(s, e);
	if (!other->coming)
		sim_event_clear(s, &e->conn->open);
	if ((!other->open && !other->coming) || other->finish)
		return;
	other->finish = why;
	if (other->open)
		pump_soon(s, other, s->delay);
}

/* --- the inbox --- */

static void
deliver(struct sim *s, struct sim_end *e)
{
	size_t n = s->chop ? 1 + rng_below(&s->rng, e->size) : e->size;
	uint8_t *piece = mem_copy(e->inbox, n); /* of its very size, so that a read beyond is seen */

	memmove(e->inbox, e->inbox + n, e->size - n);
	e->size -= n;
	if (e->size || e->finish)
		pump_soon(s, e, travel(s));
	sim_give(e->node, &(struct sim_input){ .kind = SIM_BYTES, .conn = e->number, .bytes = piece, .size = n });
	free(piece);
}

static void
on_pump(struct sim *s, struct sim_event *at)
{
	struct sim_end *e = OBJECT(at, struct sim_end, pump), *other = other_end(e);

	if (!sim_reaches(s, other->node, e->node)) {
		if (!e->stuck)
			e->stuck = s->now;
		if (s->now - e->stuck < s->stream_timeout) {
			pump_soon(s, e, AGAIN);
			return;
		}
		/* Whoever sent gives up; this end knows nothing of it. */
		e->size = 0;
		e->stuck = 0;
		e->finish = NULL;
		if (other->open)
			down(s, other, "connection timed out");
		return;
	}
	e->stuck = 0;
	if (e->size)
		deliver(s, e);
	else if (e->finish)
		down(s, e, e->finish);
}

static void
on_reset(struct sim *s, struct sim_event *at)
{
	struct sim_end *e = OBJECT(at, struct sim_end, reset);

	if (e->full || sim_reaches(s, e->node, other_end(e)->node)) {
		down(s, e, e->full ? "the peer reads nothing" : "connection reset by the peer");
		return;
	}
	if (!e->stuck)
		e->stuck = s->now;
	if (s->now - e->stuck < s->stream_timeout)
		sim_event_at(s, &e->reset, s->now + AGAIN);
	else
		down(s, e, "connection timed out");
}

void
sim_stream_send(struct sim_node *n, const struct effect *e)
{
	struct sim *s = n->sim;
	struct sim_end *from = find(n, e->where), *to;

	if (!from || !from->conn->is_up) {
		sim_broken(s, "node %zu sends over a connection that it does not have", n->index);
		return;
	}
	to = other_end(from);
	if (!to->open && !to->coming) {
		if (!from->finish && !timer_is_set(&from->reset.at))
			sim_event_at(s, &from->reset, s->now + 2 * travel(s));
		return;
	}
	if (from->full)
		return;
	if (to->size + e->size > s->stream_room) { /* its host says so, on its next turn */
		from->full = true;
		sim_event_at(s, &from->reset, s->now);
		to->finish = "connection reset by the peer";
		if (to->open)
			pump_soon(s, to, s->delay);
		return;
	}
	if (to->size + e->size > to->room) {
		to->room = 2 * (to->size + e->size);
		to->inbox = mem_resize(to->inbox, to->room);
	}
	if (e->size)
		memcpy(to->inbox + to->size, e->bytes, e->size);
	to->size += e->size;
	if (to->open)
		pump_soon(s, to, travel(s));
}

void
sim_stream_close(struct sim_node *n, uint32_t number)
{
	struct sim_end *e = find(n, number);

	if (e)
		finish(n->sim, e, "connection closed by the peer");
}

/* --- beginning and end --- */

/* The side that was connected to; what the other has sent meanwhile waits. */
static void
on_accept(struct sim *s, struct sim_event *at)
{
	struct sim_conn *c = OBJECT(at, struct sim_conn, open);
	struct sim_end *a = &c->end[0], *b = &c->end[1];

	b->coming = false;
	b->open = true;
	if (b->size || b->finish)
		pump_soon(s, b, s->delay);
	sim_give(b->node, &(struct sim_input){ .kind = SIM_UP,
			      .conn = b->number,
			      .from = a->addr,
			      .from_port = a->port,
			      .to = b->addr,
			      .to_port = b->port });
}

static void
on_open(struct sim *s, struct sim_event *at)
{
	struct sim_conn *c = OBJECT(at, struct sim_conn, open);
	struct sim_end *a = &c->end[0], *b = &c->end[1];
	struct sim_node *to = sim_owner(s, &b->addr);

	if (!to || !sim_reaches(s, a->node, to)) {
		c->wait = c->wait ? 2 * c->wait : USEC_PER_SEC;
		if (s->now + c->wait - c->begun >= s->connect_timeout)
			down(s, a, "connection timed out");
		else
			sim_event_at(s, &c->open, s->now + c->wait);
		return;
	}
	if (!to->alive) {
		down(s, a, "connection refused");
		return;
	}
	b->node = to;
	b->number = to->ops->accepted + s->next_accepted++;
	b->coming = c->is_up = true;
	sim_event_init(&c->open, on_accept);
	sim_event_at(s, &c->open, s->now + s->delay);
	sim_give(a->node, &(struct sim_input){ .kind = SIM_UP,
			      .conn = a->number,
			      .from = b->addr,
			      .from_port = b->port,
			      .to = a->addr,
			      .to_port = a->port });
}

void
sim_stream_connect(struct sim_node *n, const struct effect *e)
{
	struct sim *s = n->sim;
	struct sim_conn *c = NEW(struct sim_conn);

	if (find(n, e->where))
		sim_broken(s, "node %zu gives two connections one number", n->index);
	for (int side = 0; side < 2; side++) {
		c->end[side].conn = c;
		sim_event_init(&c->end[side].pump, on_pump);
		sim_event_init(&c->end[side].reset, on_reset);
	}
	c->end[0].node = n;
	c->end[0].number = e->where;
	c->end[0].open = true;
	c->end[0].addr = e->from;
	c->end[0].port = (uint16_t)(40000 + s->next_port++ % 20000);
	c->end[1].addr = e->to;
	c->end[1].port = n->ops->port;
	c->begun = s->now;
	sim_event_init(&c->open, on_open);
	sim_event_at(s, &c->open, s->now + 2 * travel(s));
	c->next = s->conns;
	s->conns = c;
}

void
sim_streams_drop(struct sim_node *n, bool silently)
{
	struct sim *s = n->sim;

	for (struct sim_conn *c = s->conns; c; c = c->next)
		for (int side = 0; side < 2; side++) {
			struct sim_end *e = &c->end[side], *other = other_end(e);
			if (e->node != n || (!e->open && !e->coming))
				continue;
			if (!silently) {
				finish(s, e, "connection reset by the peer");
				continue;
			}
			bool sent = e->size;
			shut(s, e);
			sim_event_clear(s, &c->open);
			if (other->coming) /* the last step of its handshake is lost with the node */
				shut(s, other);
			other->size = 0;
			if (other->open && sent)
				sim_event_at(s, &other->reset, s->now + AGAIN);
		}
}

void
sim_streams_sweep(struct sim *s)
{
	for (struct sim_conn **at = &s->conns; *at;) {
		struct sim_conn *c = *at;
		if (c->end[0].open || c->end[1].open || c->end[1].coming) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		for (int side = 0; side < 2; side++) {
			shut(s, &c->end[side]);
			free(c->end[side].inbox);
		}
		sim_event_clear(s, &c->open);
		free(c);
	}
}
