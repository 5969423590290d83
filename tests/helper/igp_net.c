/* OSPF engines, the segments between them, and what the routes should be. */
#include "tests/helper/igp_net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct packet {
	struct timer at;
	size_t node, port;
	struct addr from, to;
	size_t size;
	uint8_t bytes[];
};

struct igp_net *
igp_net_new(uint64_t seed)
{
	struct igp_net *n = NEW(struct igp_net);

	n->seed = seed;
	n->now = 1000 * USEC_PER_SEC;
	n->delay = USEC_PER_MSEC;
	rng_seed(&n->rng, seed);
	timers_init(&n->wire);
	return n;
}

void
igp_net_free(struct igp_net *n)
{
	struct timer *t;

	while ((t = timers_due(&n->wire, USEC_NEVER - 1)))
		free(OBJECT(t, struct packet, at));
	timers_free(&n->wire);
	for (size_t i = 0; i < n->node_count; i++) {
		ospf_free(n->nodes[i]->o);
		ospf_config_free(&n->nodes[i]->config);
		text_free(&n->nodes[i]->log);
		free(n->nodes[i]);
	}
	free(n);
}

/* --- topology --- */

static struct igp_port *
add_port(struct igp_node *node, const char *kind, struct prefix address)
{
	struct igp_port *p = &node->ports[node->port_count];

	*p = (struct igp_port){
		.ifindex = (uint32_t)node->port_count + 1, .address = address, .up = true, .segment = -1
	};
	snprintf(p->name, sizeof p->name, "%s%u", kind, (unsigned)node->port_count);
	node->config.interfaces =
	    mem_resize(node->config.interfaces, (node->port_count + 1) * sizeof *node->config.interfaces);
	struct ospf_interface_config *c = &node->config.interfaces[node->port_count];
	*c = (struct ospf_interface_config){ .enabled = true, .priority = -1 };
	snprintf(c->name, sizeof c->name, "%s", p->name);
	node->config.interface_count = ++node->port_count;
	return p;
}

struct igp_node *
igp_add(struct igp_net *n, uint32_t router)
{
	struct igp_node *node = NEW(struct igp_node);

	node->index = n->node_count;
	node->router = router;
	node->config.process = 1;
	node->config.router_id = router;
	node->config.paths = SPF_HOPS_MAX;
	node->config.areas = NEW(struct ospf_area_config);
	node->config.area_count = 1;
	n->nodes[n->node_count++] = node;
	add_port(node, "LoopBack", prefix_host(addr_v4(router)))->loopback = true;
	return node;
}

size_t
igp_segment(struct igp_net *n, enum ospf_network_type type)
{
	uint32_t number = (uint32_t)n->segment_count;

	n->segments[number] =
	    (struct igp_segment){ .type = type, .prefix = prefix_make(addr_v4(0x0a000000 | number << 8), 24) };
	return n->segment_count++;
}

size_t
igp_join(struct igp_net *n, size_t segment, struct igp_node *node, uint16_t cost)
{
	struct igp_segment *s = &n->segments[segment];
	uint32_t address = addr_to_v4(&s->prefix.addr) + (uint32_t)s->count + 1;
	size_t index = node->port_count;
	struct igp_port *p = add_port(node, "eth", prefix_make(addr_v4(address), s->prefix.len));

	p->segment = (int)segment;
	p->cost = cost;
	s->member[s->count].node = node->index;
	s->member[s->count++].port = index;
	struct ospf_interface_config *c = igp_config(node, index);
	c->cost = cost;
	c->has_type = true;
	c->type = s->type;
	return index;
}

void
igp_link(struct igp_net *n, size_t a, size_t b, enum ospf_network_type type, uint16_t cost)
{
	size_t s = igp_segment(n, type);

	igp_join(n, s, n->nodes[a], cost);
	igp_join(n, s, n->nodes[b], cost);
}

struct ospf_interface_config *
igp_config(struct igp_node *node, size_t port)
{
	return &node->config.interfaces[port];
}

/* --- the wire --- */

static bool
listens(const struct igp_port *p, uint32_t to)
{
	if (to == OSPF_ALL_ROUTERS)
		return p->in_all;
	if (to == OSPF_ALL_DR)
		return p->in_dr;
	return addr_to_v4(&p->address.addr) == to;
}

static void
deliver(struct igp_net *n, size_t node, size_t port, const struct effect *e)
{
	struct packet *q = mem_zalloc(sizeof *q + e->size);

	timer_init(&q->at, 0);
	q->node = node;
	q->port = port;
	q->from = e->from;
	q->to = e->to;
	q->size = e->size;
	memcpy(q->bytes, e->bytes, e->size);
	timer_set(&n->wire, &q->at, n->now + n->delay + (n->jitter ? rng_below(&n->rng, n->jitter) : 0));
}

static void distances(const struct igp_net *n, size_t from, uint32_t far[IGP_NODES]);

static void
send_across(struct igp_net *n, const struct igp_node *from, const struct effect *e)
{
	uint32_t far[IGP_NODES];

	distances(n, from->index, far);
	for (size_t i = 0; i < n->node_count; i++)
		for (size_t p = 1; far[i] != UINT32_MAX && p < n->nodes[i]->port_count; p++)
			if (addr_eq(&n->nodes[i]->ports[p].address.addr, &e->to))
				deliver(n, i, p, e);
}

static void
send_packet(struct igp_net *n, struct igp_node *from, const struct effect *e)
{
	const struct igp_port *p = &from->ports[e->where - 1];

	if (p->segment < 0 || !p->up)
		return;
	struct igp_segment *s = &n->segments[p->segment];
	if (s->cut || (n->tap && !n->tap(n, from->index, (size_t)p->segment, e)))
		return;
	if (e->code > 1) { /* for somebody farther away; the network carries it there */
		send_across(n, from, e);
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		struct igp_node *node = n->nodes[s->member[i].node];
		if (node == from || !listens(&node->ports[s->member[i].port], addr_to_v4(&e->to)))
			continue;
		n->packets++;
		if (rng_below(&n->rng, 100) < s->lose_percent)
			continue;
		deliver(n, node->index, s->member[i].port, e);
	}
}

static void
settle(struct igp_net *n, struct igp_node *node)
{
	struct outbox *out = ospf_outbox(node->o);
	struct ospf_route route;

	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		struct igp_port *p = e.where && e.where <= node->port_count ? &node->ports[e.where - 1] : NULL;
		bool all = addr_to_v4(&e.to) == OSPF_ALL_ROUTERS;
		switch (e.kind) {
		case EFFECT_DATAGRAM_SEND: send_packet(n, node, &e); break;
		case EFFECT_GROUP_JOIN:
		case EFFECT_GROUP_LEAVE:
			if (p)
				*(all ? &p->in_all : &p->in_dr) = e.kind == EFFECT_GROUP_JOIN;
			break;
		case EFFECT_LOG: text_line(&node->log, "%s", (const char *)e.bytes); break;
		default: break;
		}
	}
	outbox_clear(out);
	while (!ospf_is_restarting(node->o) && ospf_next_route(node->o, &route)) {
		node->routes_told++;
		if (n->told)
			n->told(n, node, &route);
	}
}

static void
give(struct igp_net *n, struct igp_node *node, const struct ospf_input *in)
{
	ospf_input(node->o, in, n->now);
	settle(n, node);
}

static void
tell_port(struct igp_net *n, struct igp_node *node, size_t port)
{
	struct igp_port *p = &node->ports[port];
	struct ospf_port in = { .ifindex = p->ifindex,
		.name = p->name,
		.up = p->up,
		.loopback = p->loopback,
		.mtu = p->mtu ? p->mtu : 1500,
		.speed_mbps = p->mbps,
		.addresses = &p->address,
		.address_count = 1 };

	give(n, node, &(struct ospf_input){ .kind = OSPF_IN_PORT, .port = &in });
}

struct ospf_area_config *
igp_area_config(struct igp_node *node, uint32_t area)
{
	for (size_t i = 0; i < node->config.area_count; i++)
		if (node->config.areas[i].id == area)
			return &node->config.areas[i];
	node->config.areas = mem_resize(node->config.areas, (node->config.area_count + 1) * sizeof *node->config.areas);
	struct ospf_area_config *c = &node->config.areas[node->config.area_count++];
	*c = (struct ospf_area_config){ .id = area };
	return c;
}

void
igp_area(struct igp_node *node, size_t port, uint32_t area)
{
	igp_area_config(node, area);
	igp_config(node, port)->area = area;
}

void
igp_import(struct igp_net *n, struct igp_node *node, const struct ospf_import *import, bool gone)
{
	give(n, node, &(struct ospf_input){ .kind = OSPF_IN_IMPORT, .import = import, .gone = gone });
}

void
igp_tell_ldp(struct igp_net *n, struct igp_node *node, const struct ospf_ldp *row, bool gone)
{
	if (node->o)
		give(n, node, &(struct ospf_input){ .kind = OSPF_IN_LDP, .ldp = row, .gone = gone });
}

static void
tell_ldp(struct igp_net *n, struct igp_node *node, size_t port)
{
	struct igp_port *p = &node->ports[port];
	struct ospf_ldp in = { .ifindex = p->ifindex, .enabled = true, .neighbors = p->ldp, .count = p->ldp_count };

	if (node->o)
		give(n, node, &(struct ospf_input){ .kind = OSPF_IN_LDP, .ldp = &in });
}

void
igp_ldp(struct igp_net *n, struct igp_node *node, size_t port, const struct igp_node *other, enum ospf_ldp_state state)
{
	struct igp_port *p = &node->ports[port];
	const struct igp_segment *s = &n->segments[p->segment];
	size_t at = 0;

	while (at < p->ldp_count && p->ldp[at].lsr != other->router)
		at++;
	for (size_t m = 0; m < s->count && at == p->ldp_count; m++)
		if (s->member[m].node == other->index)
			p->ldp[p->ldp_count++] =
			    (struct ospf_ldp_neighbor){ .address =
							    addr_to_v4(&other->ports[s->member[m].port].address.addr),
				    .lsr = other->router,
				    .transport = other->router };
	p->ldp[at].state = state;
	tell_ldp(n, node, port);
}

void
igp_ldp_gone(struct igp_net *n, struct igp_node *node, size_t port)
{
	struct ospf_ldp in = { .ifindex = node->ports[port].ifindex };

	node->ports[port].ldp_count = 0;
	give(n, node, &(struct ospf_input){ .kind = OSPF_IN_LDP, .ldp = &in, .gone = true });
}

void
igp_configure(struct igp_net *n, struct igp_node *node)
{
	if (node->o)
		give(n, node, &(struct ospf_input){ .kind = OSPF_IN_CONFIG, .config = &node->config });
}

static void
start(struct igp_net *n, struct igp_node *node, bool restarted)
{
	node->o = ospf_new(n->seed * 1000 + node->index + ++node->lives * 7919, 1700000000,
	    &(struct ospf_world){ .process = 1, .vrf = "", .restarted = restarted });
	for (size_t i = 0; i < node->port_count; i++) /* in another order in each life, as from a table */
		tell_port(n, node, node->lives % 2 ? i : node->port_count - 1 - i);
	igp_configure(n, node);
}

void
igp_start(struct igp_net *n, struct igp_node *node)
{
	start(n, node, false);
}

void
igp_restart(struct igp_net *n, struct igp_node *node)
{
	igp_kill(n, node);
	start(n, node, true);
}

void
igp_start_all(struct igp_net *n)
{
	for (size_t i = 0; i < n->node_count; i++)
		igp_start(n, n->nodes[i]);
}

void
igp_kill(struct igp_net *n, struct igp_node *node)
{
	(void)n;
	ospf_free(node->o);
	node->o = NULL;
	for (size_t i = 0; i < node->port_count; i++)
		node->ports[i].in_all = node->ports[i].in_dr = false;
}

void
igp_set_port(struct igp_net *n, struct igp_node *node, size_t port, bool up)
{
	node->ports[port].up = up;
	if (node->o)
		tell_port(n, node, port);
}

/* The next deadline or packet; false: none before `until`. */
static bool
step(struct igp_net *n, usec_t until)
{
	struct igp_node *next = NULL;
	usec_t at = timers_next(&n->wire);

	for (size_t i = 0; i < n->node_count; i++)
		if (n->nodes[i]->o && ospf_due(n->nodes[i]->o) < at) {
			next = n->nodes[i];
			at = ospf_due(next->o);
		}
	if (at > until)
		return false;
	if (at > n->now)
		n->now = at;
	if (next) {
		give(n, next, &(struct ospf_input){ .kind = OSPF_IN_TIMER });
		return true;
	}
	struct timer *t = timers_due(&n->wire, n->now);
	struct packet *q = OBJECT(t, struct packet, at);
	struct igp_node *node = n->nodes[q->node];
	if (node->o && node->ports[q->port].up)
		give(n, node,
		    &(struct ospf_input){ .kind = OSPF_IN_PACKET,
			.ifindex = node->ports[q->port].ifindex,
			.from = q->from,
			.to = q->to,
			.bytes = q->bytes,
			.size = q->size });
	free(q);
	return true;
}

void
igp_run(struct igp_net *n, usec_t span)
{
	usec_t until = n->now + span;

	while (step(n, until))
		;
	n->now = until;
}

/* --- what there should be --- */

struct iface *
igp_iface(struct igp_node *node, size_t port)
{
	list_each (l, &node->o->ifaces) {
		struct iface *i = OBJECT(l, struct iface, of_ospf);
		if (i->port->ifindex == node->ports[port].ifindex)
			return i;
	}
	return NULL;
}

struct neighbor *
igp_neighbor(struct igp_node *node, size_t port, struct igp_node *other)
{
	struct iface *i = igp_iface(node, port);

	list_each (l, &i->neighbors) {
		struct neighbor *n = OBJECT(l, struct neighbor, of_iface);
		if (n->router == other->router)
			return n;
	}
	return NULL;
}

static bool
is_live(const struct igp_net *n, const struct igp_segment *s, size_t member)
{
	const struct igp_node *node = n->nodes[s->member[member].node];

	return node->o && node->ports[s->member[member].port].up && !s->cut;
}

/* Distances from a node, by relaxing until nothing changes. */
static void
distances(const struct igp_net *n, size_t from, uint32_t far[IGP_NODES])
{
	bool moved = true;

	for (size_t i = 0; i < n->node_count; i++)
		far[i] = UINT32_MAX;
	far[from] = 0;
	while (moved) {
		moved = false;
		for (size_t k = 0; k < n->segment_count; k++) {
			const struct igp_segment *s = &n->segments[k];
			for (size_t a = 0; a < s->count; a++)
				for (size_t b = 0; b < s->count; b++) {
					size_t u = s->member[a].node, v = s->member[b].node;
					if (a == b || far[u] == UINT32_MAX || !is_live(n, s, a) || !is_live(n, s, b))
						continue;
					uint32_t there = far[u] + n->nodes[u]->ports[s->member[a].port].cost;
					if (there >= far[v])
						continue;
					far[v] = there;
					moved = true;
				}
		}
	}
}

static void
check_databases(const struct igp_net *n, const uint32_t far[IGP_NODES], size_t from, struct text *out)
{
	const struct igp_node *a = n->nodes[from];
	const struct area *one = OBJECT(a->o->areas.next, struct area, of_ospf);

	for (size_t i = from + 1; i < n->node_count; i++) {
		if (far[i] == UINT32_MAX || !n->nodes[i]->o)
			continue;
		const struct area *other = OBJECT(n->nodes[i]->o->areas.next, struct area, of_ospf);
		if (one->db.count != other->db.count || one->db.checksums != other->db.checksums)
			text_line(out, "databases of %08x (%u LSAs) and %08x (%u LSAs) differ", a->router,
			    one->db.count, n->nodes[i]->router, other->db.count);
	}
}

/* All ways out that lie on a shortest path to some router, by the distances from each neighbour. */
static unsigned
expected_hops(struct igp_net *n, size_t from, size_t to, uint32_t cost, struct ospf_hop out[SPF_HOPS_MAX],
    uint32_t (*all)[IGP_NODES])
{
	const struct igp_node *node = n->nodes[from];
	unsigned count = 0;

	for (size_t p = 0; p < node->port_count; p++) {
		const struct igp_port *port = &node->ports[p];
		const struct igp_segment *s = port->segment < 0 || !port->up ? NULL : &n->segments[port->segment];
		for (size_t m = 0; s && !s->cut && m < s->count; m++) {
			size_t v = s->member[m].node;
			if (v == from || !is_live(n, s, m) || all[v][to] == UINT32_MAX ||
			    port->cost + all[v][to] != cost)
				continue;
			out[count++] = (struct ospf_hop){ port->ifindex,
				addr_to_v4(&n->nodes[v]->ports[s->member[m].port].address.addr) };
			if (count == SPF_HOPS_MAX)
				return count;
		}
	}
	return count;
}

static void
check_loopbacks(
    struct igp_net *n, size_t from, const uint32_t far[IGP_NODES], uint32_t (*all)[IGP_NODES], struct text *out)
{
	struct igp_node *node = n->nodes[from];

	for (size_t i = 0; i < n->node_count; i++) {
		struct prefix p = prefix_host(addr_v4(n->nodes[i]->router));
		struct ospf_hop hops[SPF_HOPS_MAX];
		struct ospf_route r;
		bool has = ospf_route_to(node->o, &p, &r), should = far[i] != UINT32_MAX && n->nodes[i]->o;
		if (i == from)
			continue;
		if (has != should || (has && r.cost != far[i])) {
			text_line(out, "%08x to %08x: cost %d instead of %d", node->router, n->nodes[i]->router,
			    has ? (int)r.cost : -1, should ? (int)far[i] : -1);
			continue;
		}
		unsigned count = should ? expected_hops(n, from, i, far[i], hops, all) : 0;
		bool same = !should || count == r.hop_count;
		for (unsigned k = 0; same && k < count; k++) {
			bool found = false;
			for (size_t m = 0; m < r.hop_count; m++)
				found |= r.hops[m].ifindex == hops[k].ifindex && r.hops[m].gateway == hops[k].gateway;
			same = found;
		}
		if (!same)
			text_line(out, "%08x to %08x: %zu next hops instead of %u, or others", node->router,
			    n->nodes[i]->router, r.hop_count, count);
	}
}

static void
check_networks(struct igp_net *n, size_t from, const uint32_t far[IGP_NODES], struct text *out)
{
	for (size_t k = 0; k < n->segment_count; k++) {
		const struct igp_segment *s = &n->segments[k];
		uint32_t best = UINT32_MAX;
		struct ospf_route r;
		for (size_t m = 0; m < s->count; m++) {
			const struct igp_node *node = n->nodes[s->member[m].node];
			const struct igp_port *p = &node->ports[s->member[m].port];
			if (node->o && p->up && far[node->index] != UINT32_MAX && far[node->index] + p->cost < best)
				best = far[node->index] + p->cost;
		}
		bool has = ospf_route_to(n->nodes[from]->o, &s->prefix, &r);
		if (has != (best != UINT32_MAX) || (has && r.cost != best))
			text_line(out, "%08x to network %zu: cost %d instead of %d", n->nodes[from]->router, k,
			    has ? (int)r.cost : -1, (int)best);
	}
}

const char *
igp_faults(struct igp_net *n)
{
	static struct text out;
	uint32_t(*all)[IGP_NODES] = mem_zalloc(n->node_count * sizeof *all);

	text_clear(&out);
	for (size_t i = 0; i < n->node_count; i++)
		if (n->nodes[i]->o)
			distances(n, i, all[i]);
		else
			memset(all[i], 0xff, sizeof *all);
	for (size_t i = 0; i < n->node_count && out.size < 2000; i++) {
		if (!n->nodes[i]->o)
			continue;
		check_databases(n, all[i], i, &out);
		check_loopbacks(n, i, all[i], all, &out);
		check_networks(n, i, all[i], &out);
	}
	free(all);
	return text_chars(&out);
}
