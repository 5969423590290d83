/*
 * LDP's engine as a node of the simulation, and the ideal IGP that all of them share.
 */
#include "tests/helper/ldp_net.h"
#include "base/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct ldp_node *
node_of(const struct sim_node *n)
{
	return OBJECT((struct sim_node *)(uintptr_t)n, struct ldp_node, sim);
}

struct sim_port *
ldp_node_find_port(struct ldp_node *n, uint32_t ifindex)
{
	return sim_port_find(&n->sim, ifindex);
}

/* --- the engine's door --- */

void
ldp_node_input(struct ldp_node *n, const struct ldp_input *in)
{
	if (!n->ldp)
		return;
	ldp_input(n->ldp, in, n->net->sim.now);
	sim_settle(&n->sim);
}

static void
give(struct sim_node *node, const struct sim_input *in, usec_t now)
{
	static const enum ldp_input_kind kinds[] = {
		[SIM_DATAGRAM] = LDP_IN_DATAGRAM,
		[SIM_UP] = LDP_IN_STREAM_UP,
		[SIM_BYTES] = LDP_IN_STREAM,
		[SIM_DOWN] = LDP_IN_STREAM_DOWN,
		[SIM_TIMER] = LDP_IN_TIMER,
	};
	bool hello = in->kind == SIM_DATAGRAM;

	ldp_input(node_of(node)->ldp,
	    &(struct ldp_input){ .kind = kinds[in->kind],
		.ifindex = in->ifindex,
		.conn = in->conn,
		.from = in->from,
		.to = in->to,
		.from_port = hello ? LDP_PORT : in->from_port,
		.to_port = hello ? LDP_PORT : in->to_port,
		.ttl = in->ttl,
		.bytes = in->bytes,
		.size = in->size,
		.text = in->text },
	    now);
}

static usec_t
due(const struct sim_node *node)
{
	return ldp_due(node_of(node)->ldp);
}

static struct outbox *
box(struct sim_node *node)
{
	return ldp_outbox(node_of(node)->ldp);
}

static void
effect(struct sim_node *node, const struct effect *e)
{
	if (e->kind == EFFECT_MIRROR_AGAIN)
		node_of(node)->again = true; /* once this input is done with */
					     /* Passwords and TTLs: every connection here is as it should be. */
}

static void
settled(struct sim_node *node)
{
	struct ldp_node *n = node_of(node);

	net_fib_absorb(n);
	if (n->again) {
		n->again = false;
		net_fib_tell_all(n);
	}
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

static void
born(struct sim_node *node, uint64_t seed)
{
	struct ldp_node *n = node_of(node);

	sim_event_clear(&n->net->sim, &n->hold);
	n->ldp = ldp_new(seed);
	n->round = 0;
	n->again = n->swept = false;
	for (size_t i = 0; i < n->lsp_count; i++)
		n->lsps[i].stale = true;
	struct table *lsps = ldp_tables(n->ldp)[0];
	lsps->pack_key = pack_fec;
	lsps->pack_ctx = lsps;
	cursor_open(&n->cursor, lsps);
	ldp_node_configure(n);
	net_fib_tell_all(n);
}

static void
gone(struct sim_node *node)
{
	struct ldp_node *n = node_of(node);

	cursor_close(&n->cursor);
	ldp_free(n->ldp);
	n->ldp = NULL;
	sim_event_at(&n->net->sim, &n->hold, n->net->sim.now + NET_HOLD_S * USEC_PER_SEC);
}

static void
hold_is_over(struct sim *s, struct sim_event *e)
{
	(void)s;
	OBJECT(e, struct ldp_node, hold)->lsp_count = 0;
}

void
ldp_node_start(struct ldp_node *n)
{
	assert(!n->ldp);
	sim_start(&n->sim);
}

void
ldp_node_kill(struct ldp_node *n)
{
	sim_kill(&n->sim);
}

void
ldp_node_crash(struct ldp_node *n)
{
	sim_crash(&n->sim);
	n->lsp_count = n->route_count = 0;
}

/* --- the IGP --- */

/* Ports with a link whose other end is nearer. */
static void
route_to(
    struct ldp_node *from, const struct ldp_node *to, bool six, uint16_t far, uint16_t beyond[SIM_PORTS][SIM_NODES])
{
	struct net_route r;

	memset(&r, 0, sizeof r); /* compared as bytes */
	r.prefix = six ? to->sim.ports[0].address6 : prefix_host(addr_v4(to->lsr));
	for (size_t i = 0; i < from->sim.port_count && r.hop_count < NET_HOPS; i++) {
		const struct sim_port *p = &from->sim.ports[i];
		if (p->gone || !p->link || !sim_link_passes(p->link) || beyond[i][to->sim.index] >= far)
			continue;
		int other = !sim_link_side(p->link, &from->sim, p);
		const struct sim_port *there = sim_port_find(p->link->node[other], p->link->ifindex[other]);
		r.hops[r.hop_count++] =
		    (struct net_hop){ .via = six ? there->link_local : there->address.addr, .ifindex = p->ifindex };
	}
	net_fib_set_route(from, &r);
}

static void
route(struct ldp_node *n)
{
	static uint16_t here[SIM_NODES], beyond[SIM_PORTS][SIM_NODES];
	struct sim *s = &n->net->sim;

	if (n->sim.off)
		return;
	sim_distances(s, &n->sim, here);
	for (size_t i = 0; i < n->sim.port_count; i++) {
		const struct sim_link *l = n->sim.ports[i].link;
		if (l && !n->sim.ports[i].gone)
			sim_distances(s, l->node[l->node[0] == &n->sim], beyond[i]);
	}
	for (size_t i = 0; i < n->net->node_count; i++) {
		const struct ldp_node *to = n->net->nodes[i];
		if (to == n)
			continue;
		route_to(n, to, false, here[i], beyond);
		if (addr_is_set(&to->sim.ports[0].address6.addr))
			route_to(n, to, true, here[i], beyond);
	}
}

static void
converges(struct sim *s, struct sim_event *e)
{
	(void)s;
	route(OBJECT(e, struct ldp_node, converge));
}

void
ldp_net_route(struct ldp_net *net)
{
	for (size_t i = 0; i < net->node_count; i++) {
		struct ldp_node *n = net->nodes[i];
		if (!net->igp_delay)
			route(n);
		else if (!timer_is_set(&n->converge.at))
			sim_event_at(&net->sim, &n->converge, net->sim.now + rng_below(&net->sim.rng, net->igp_delay));
	}
}

/* --- the net --- */

static bool
tap(struct sim_node *n, const struct effect *e, void *ctx)
{
	struct ldp_net *net = ctx;

	return net->tap && net->tap(node_of(n), e, net->tap_ctx);
}

static void
watch(struct sim *s, void *ctx)
{
	struct ldp_net *net = ctx;

	(void)s;
	if (net->watch)
		net->watch(net, net->watch_ctx);
}

struct ldp_net *
ldp_net_new(uint64_t seed)
{
	struct ldp_net *net = NEW(struct ldp_net);

	sim_init(&net->sim, seed);
	net->sim.tap = tap;
	net->sim.watch = watch;
	net->sim.tap_ctx = net->sim.watch_ctx = net;
	return net;
}

void
ldp_net_adopt(struct ldp_net *net, struct ldp_node *n)
{
	static const struct sim_ops ops = { .port = LDP_PORT,
		.accepted = LDP_ACCEPTED,
		.new = born,
		.free = gone,
		.input = give,
		.due = due,
		.outbox = box,
		.effect = effect,
		.settled = settled };

	n->net = net;
	sim_event_init(&n->converge, converges);
	sim_event_init(&n->hold, hold_is_over);
	sim_add(&net->sim, &n->sim, &ops);
	net->nodes[net->node_count++] = n;
}

void
ldp_net_free(struct ldp_net *net)
{
	sim_free(&net->sim);
	for (size_t i = 0; i < net->node_count; i++) {
		free(net->nodes[i]->routes);
		free(net->nodes[i]->lsps);
		free(net->nodes[i]->pws);
		free(net->nodes[i]);
	}
	free(net);
}

void
ldp_net_start(struct ldp_net *net)
{
	for (size_t i = 0; i < net->node_count; i++)
		ldp_node_start(net->nodes[i]);
}

void
ldp_net_run(struct ldp_net *net, usec_t span)
{
	sim_run(&net->sim, span);
}

bool
ldp_net_until(struct ldp_net *net, bool (*what)(struct ldp_net *), usec_t span)
{
	usec_t until = net->sim.now + span;

	while (!what(net))
		if (!sim_step(&net->sim, until))
			return what(net);
	return true;
}
