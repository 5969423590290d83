/*
 * The simulation: clock, nodes, links, datagrams. Streams are stream.c's.
 *
 * Packets come before deadlines of the same moment, as the daemons' loops do it. Among equal events the one set first
 * comes first.
 */
#include "tests/sim/sim.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct datagram {
	struct sim_event at;
	struct sim_node *to;
	uint32_t ifindex;
	struct addr from, group;
	uint8_t ttl;
	size_t size;
	uint8_t bytes[];
};

void
sim_init(struct sim *s, uint64_t seed)
{
	memset(s, 0, sizeof *s);
	s->seed = seed;
	rng_seed(&s->rng, seed);
	timers_init(&s->events);
	timers_init(&s->dues);
	s->now = 10 * USEC_PER_SEC;
	s->delay = USEC_PER_MSEC;
	s->connect_timeout = 127 * USEC_PER_SEC; /* as Linux: six SYNs more than the first */
	s->stream_timeout = 900 * USEC_PER_SEC;
	s->stream_room = 64 << 20; /* STREAM_QUEUE_MAX of lib/host */
}

void
sim_free(struct sim *s)
{
	struct timer *t;

	for (size_t i = 0; i < s->node_count; i++) {
		sim_kill(s->nodes[i]);
		text_free(&s->nodes[i]->log);
	}
	sim_streams_sweep(s);
	while ((t = timers_due(&s->events, USEC_NEVER - 1))) {
		struct sim_event *e = OBJECT(t, struct sim_event, at);
		if (e->mortal)
			free(e);
	}
	for (size_t i = 0; i < s->link_count; i++)
		free(s->links[i]);
	timers_free(&s->events);
	timers_free(&s->dues);
}

void
sim_broken(struct sim *s, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	if (s->broken)
		s->broken(s, what);
	fprintf(stderr, "simulation: after %llu ms, seed %llu: %s\n", (unsigned long long)(s->now / USEC_PER_MSEC),
	    (unsigned long long)s->seed, what);
	abort();
}

/* --- topology --- */

void
sim_add(struct sim *s, struct sim_node *n, const struct sim_ops *ops)
{
	if (s->node_count >= SIM_NODES)
		sim_broken(s, "more than %d nodes", SIM_NODES);
	n->sim = s;
	n->ops = ops;
	n->index = s->node_count;
	timer_init(&n->due, 0);
	s->nodes[s->node_count++] = n;
}

struct sim_port *
sim_port_add(struct sim_node *n, const char *name, struct prefix address)
{
	if (n->port_count >= SIM_PORTS)
		sim_broken(n->sim, "more than %d ports", SIM_PORTS);
	struct sim_port *p = &n->ports[n->port_count++];
	*p = (struct sim_port){ .ifindex = (uint32_t)n->port_count, .address = address, .up = true };
	snprintf(p->name, sizeof p->name, "%s", name);
	return p;
}

struct sim_port *
sim_port_find(struct sim_node *n, uint32_t ifindex)
{
	for (size_t i = 0; i < n->port_count; i++)
		if (n->ports[i].ifindex == ifindex && !n->ports[i].gone)
			return &n->ports[i];
	return NULL;
}

bool
sim_port_listens(const struct sim_port *p, const struct addr *group)
{
	for (unsigned i = 0; i < p->group_count; i++)
		if (addr_eq(&p->groups[i], group))
			return true;
	return false;
}

struct sim_link *
sim_link(struct sim *s, struct sim_node *a, struct sim_port *at_a, struct sim_node *b, struct sim_port *at_b)
{
	struct sim_link *l = NEW(struct sim_link);

	if (s->link_count >= COUNT(s->links))
		sim_broken(s, "more than %zu links", COUNT(s->links));
	l->node[0] = a;
	l->node[1] = b;
	l->ifindex[0] = at_a->ifindex;
	l->ifindex[1] = at_b->ifindex;
	at_a->link = at_b->link = l;
	s->links[s->link_count++] = l;
	return l;
}

int
sim_link_side(const struct sim_link *l, const struct sim_node *n, const struct sim_port *p)
{
	return l->node[0] == n && l->ifindex[0] == p->ifindex ? 0 : 1;
}

bool
sim_link_carries(const struct sim_link *l, int side)
{
	const struct sim_port *a = sim_port_find(l->node[0], l->ifindex[0]),
			      *b = sim_port_find(l->node[1], l->ifindex[1]);

	return !l->cut && !l->deaf[side] && a && b && a->up && b->up && !l->node[0]->off && !l->node[1]->off;
}

bool
sim_link_passes(const struct sim_link *l)
{
	return !l->deaf[0] && sim_link_carries(l, 1);
}

struct sim_node *
sim_owner(struct sim *s, const struct addr *a)
{
	for (size_t i = 0; i < s->node_count; i++)
		for (size_t k = 0; k < s->nodes[i]->port_count; k++) {
			const struct sim_port *p = &s->nodes[i]->ports[k];
			if (!p->gone && p->up && (addr_eq(&p->address.addr, a) || addr_eq(&p->address6.addr, a)))
				return s->nodes[i];
		}
	return NULL;
}

/* Breadth first, from where packets are to arrive. */
void
sim_distances(struct sim *s, const struct sim_node *to, uint16_t far[SIM_NODES])
{
	static const struct sim_node *queue[SIM_NODES];
	size_t head = 0, tail = 0;

	for (size_t i = 0; i < s->node_count; i++)
		far[i] = UINT16_MAX;
	if (to->off)
		return;
	far[to->index] = 0;
	queue[tail++] = to;
	while (head < tail) {
		const struct sim_node *here = queue[head++];
		for (size_t i = 0; i < here->port_count; i++) {
			const struct sim_link *l = here->ports[i].link;
			if (!l || here->ports[i].gone || !sim_link_passes(l))
				continue;
			const struct sim_node *there = l->node[l->node[0] == here];
			if (far[there->index] != UINT16_MAX)
				continue;
			far[there->index] = (uint16_t)(far[here->index] + 1);
			queue[tail++] = there;
		}
	}
}

/* Worked out anew when a link has begun or ceased to pass. */
bool
sim_reaches(struct sim *s, const struct sim_node *from, const struct sim_node *to)
{
	uint64_t passing = 1 + s->node_count;
	uint16_t far[SIM_NODES];

	for (size_t i = 0; i < s->link_count; i++)
		passing = passing * UINT64_C(6364136223846793005) + 1 + sim_link_passes(s->links[i]);
	if (passing != s->passing) {
		s->passing = passing;
		for (size_t i = 0; i < s->node_count; i++)
			s->parts[i] = UINT16_MAX;
		for (size_t i = 0; i < s->node_count; i++) {
			if (s->parts[i] != UINT16_MAX)
				continue;
			sim_distances(s, s->nodes[i], far);
			for (size_t k = 0; k < s->node_count; k++)
				if (far[k] != UINT16_MAX)
					s->parts[k] = (uint16_t)i;
		}
	}
	return !from->off && !to->off && s->parts[from->index] == s->parts[to->index];
}

/* --- datagrams --- */

static void
arrive(struct sim *s, struct sim_event *at)
{
	struct datagram *d = OBJECT(at, struct datagram, at);
	struct sim_port *p = sim_port_find(d->to, d->ifindex);

	if (!d->ifindex || (p && p->up && (sim_port_listens(p, &d->group) || sim_owner(s, &d->group) == d->to)))
		sim_give(d->to, &(struct sim_input){ .kind = SIM_DATAGRAM,
				    .ifindex = d->ifindex,
				    .from = d->from,
				    .to = d->group,
				    .ttl = d->ttl,
				    .bytes = d->bytes,
				    .size = d->size });
	free(d);
}

static void
post(struct sim *s, struct sim_node *to, uint32_t ifindex, const struct effect *e, usec_t delay)
{
	struct datagram *d = mem_zalloc(sizeof *d + e->size);

	sim_event_init(&d->at, arrive);
	d->at.mortal = true;
	d->to = to;
	d->ifindex = ifindex;
	d->from = e->from;
	d->group = e->to;
	d->ttl = (uint8_t)e->code;
	d->size = e->size;
	if (e->size)
		memcpy(d->bytes, e->bytes, e->size);
	sim_event_at(s, &d->at, s->now + s->delay + delay + rng_below(&s->rng, s->jitter + 1));
}

static bool
is_lost(struct sim *s, unsigned percent)
{
	return percent && rng_below(&s->rng, 100) < percent;
}

static void
send_datagram(struct sim_node *n, const struct effect *e)
{
	struct sim *s = n->sim;
	struct sim_port *p = sim_port_find(n, e->where);
	struct sim_node *far = e->where ? NULL : sim_owner(s, &e->to);

	if (far) { /* over as many hops as it takes */
		if (sim_reaches(s, n, far) && !is_lost(s, s->lose_percent))
			post(s, far, 0, e, 0);
		return;
	}
	if (!p || !p->link)
		return;
	struct sim_link *l = p->link;
	int side = !sim_link_side(l, n, p);
	if (!sim_link_carries(l, side) || is_lost(s, s->lose_percent) || is_lost(s, l->lose_percent))
		return;
	post(s, l->node[side], l->ifindex[side], e, l->delay);
	if (is_lost(s, s->double_percent))
		post(s, l->node[side], l->ifindex[side], e, l->delay);
}

static void
listen_to(struct sim_node *n, const struct effect *e)
{
	struct sim_port *p = sim_port_find(n, e->where);

	if (!p)
		return;
	if (e->kind == EFFECT_GROUP_JOIN) {
		if (sim_port_listens(p, &e->to))
			sim_broken(n->sim, "node %zu joins a group twice", n->index);
		if (p->group_count < SIM_GROUPS)
			p->groups[p->group_count++] = e->to;
		return;
	}
	for (unsigned i = 0; i < p->group_count; i++)
		if (addr_eq(&p->groups[i], &e->to))
			p->groups[i--] = p->groups[--p->group_count];
}

/* --- engines --- */

static void
note(struct sim_node *n, const struct effect *e)
{
	struct sim *s = n->sim;
	uint32_t about[] = { (uint32_t)n->index, (uint32_t)e->kind, e->where, e->code, (uint32_t)s->now };
	uint32_t high = (uint32_t)(s->transcript >> 32), low = (uint32_t)s->transcript;

	high = hash_bytes(about, sizeof about, high ^ low);
	low = hash_bytes(e->bytes ? e->bytes : (const uint8_t *)"", e->size, low + high);
	s->transcript = (uint64_t)high << 32 | low;
	s->effects++;
}

static void
act(struct sim_node *n, const struct effect *e)
{
	switch (e->kind) {
	case EFFECT_LOG:
		text_line(
		    &n->log, "%llu %s", (unsigned long long)(n->sim->now / USEC_PER_MSEC), (const char *)e->bytes);
		break;
	case EFFECT_DATAGRAM_SEND: send_datagram(n, e); break;
	case EFFECT_GROUP_JOIN:
	case EFFECT_GROUP_LEAVE: listen_to(n, e); break;
	case EFFECT_STREAM_CONNECT: sim_stream_connect(n, e); break;
	case EFFECT_STREAM_SEND: sim_stream_send(n, e); break;
	case EFFECT_STREAM_CLOSE: sim_stream_close(n, e->where); break;
	default:
		if (n->ops->effect)
			n->ops->effect(n, e);
		break;
	}
}

void
sim_settle(struct sim_node *n)
{
	struct sim *s = n->sim;

	if (!n->alive)
		return;
	usec_t due = n->ops->due(n);
	if (due < s->now)
		sim_broken(s, "node %zu sets a deadline in the past: its host would spin", n->index);
	timer_set(&s->dues, &n->due, due);
	struct outbox *out = n->ops->outbox(n);
	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		note(n, &e);
		if (!s->tap || !s->tap(n, &e, s->tap_ctx))
			act(n, &e);
	}
	outbox_clear(out);
	if (n->ops->settled)
		n->ops->settled(n);
}

void
sim_give(struct sim_node *n, const struct sim_input *in)
{
	if (!n->alive)
		return;
	n->ops->input(n, in, n->sim->now);
	sim_settle(n);
}

void
sim_start(struct sim_node *n)
{
	if (n->alive)
		return;
	n->off = false;
	for (size_t i = 0; i < n->port_count; i++)
		n->ports[i].group_count = 0;
	n->alive = true;
	n->ops->new (n, rng_next(&n->sim->rng));
}

static void
end(struct sim_node *n, bool silently)
{
	if (!n->alive)
		return;
	n->ops->free(n);
	n->alive = false;
	timer_clear(&n->sim->dues, &n->due);
	sim_streams_drop(n, silently);
	for (size_t i = 0; i < n->port_count; i++)
		n->ports[i].group_count = 0;
}

void
sim_kill(struct sim_node *n)
{
	end(n, false);
}

void
sim_crash(struct sim_node *n)
{
	n->off = true;
	end(n, true);
}

/* --- time --- */

void
sim_event_init(struct sim_event *e, void (*run)(struct sim *, struct sim_event *))
{
	timer_init(&e->at, 0);
	e->run = run;
	e->mortal = false;
}

void
sim_event_at(struct sim *s, struct sim_event *e, usec_t at)
{
	timer_set(&s->events, &e->at, at);
}

void
sim_event_clear(struct sim *s, struct sim_event *e)
{
	timer_clear(&s->events, &e->at);
}

bool
sim_step(struct sim *s, usec_t until)
{
	usec_t event = timers_next(&s->events), due = timers_next(&s->dues), at = due < event ? due : event;

	if (at > until || at == USEC_NEVER) {
		s->now = until;
		sim_streams_sweep(s); /* what was closed by no event but by an input from outside */
		return false;
	}
	if (at > s->now)
		s->now = at;
	if (due < event) {
		struct sim_node *n = OBJECT(timers_due(&s->dues, s->now), struct sim_node, due);
		sim_give(n, &(struct sim_input){ .kind = SIM_TIMER });
	} else {
		struct sim_event *e = OBJECT(timers_due(&s->events, s->now), struct sim_event, at);
		e->run(s, e);
	}
	sim_streams_sweep(s);
	if (s->watch)
		s->watch(s, s->watch_ctx);
	return true;
}

void
sim_run(struct sim *s, usec_t span)
{
	usec_t until = s->now + span;

	while (sim_step(s, until))
		;
}
