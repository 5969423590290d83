#include "tests/helper/l3vpn_net.h"
#include "l3vpnd/bgp/as_path.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum event_kind { EVENT_UP, EVENT_BYTES, EVENT_DOWN };
struct event {
	struct timer timer;
	enum event_kind kind;
	size_t wire, end; /* where it happens */
	uint8_t *bytes;
	size_t size;
};

struct vpn_net *
vpn_net_new(uint64_t seed)
{
	struct vpn_net *n = NEW(struct vpn_net);

	n->seed = seed;
	n->delay = 1000;
	n->next_accepted = BGP_ACCEPTED;
	rng_seed(&n->rng, seed);
	timers_init(&n->events);
	return n;
}

void
vpn_net_free(struct vpn_net *n)
{
	struct timer *t;

	while ((t = timers_due(&n->events, USEC_NEVER - 1))) {
		free(OBJECT(t, struct event, timer)->bytes);
		free(OBJECT(t, struct event, timer));
	}
	timers_free(&n->events);
	for (size_t i = 0; i < n->count; i++) {
		if (n->nodes[i]->b)
			bgp_free(n->nodes[i]->b);
		bgp_config_free(&n->nodes[i]->config);
		text_free(&n->nodes[i]->log);
		free(n->nodes[i]);
	}
	free(n->wires);
	free(n);
}

struct vpn_node *
vpn_net_add(struct vpn_net *n, uint32_t as)
{
	struct vpn_node *node = NEW(struct vpn_node);

	node->index = n->count;
	node->address = addr_v4(0x0a000001 + (uint32_t)n->count);
	node->config.as = as;
	node->config.router_id = addr_to_v4(&node->address);
	node->config.instances = NEW(struct bgp_instance_config);
	node->config.instance_count = 1;
	n->nodes[n->count++] = node;
	return node;
}

struct bgp_peer_config *
vpn_net_peer_config(struct vpn_net *n, size_t of, size_t to)
{
	struct bgp_instance_config *i = &n->nodes[of]->config.instances[0];

	for (size_t k = 0; k < i->peer_count; k++)
		if (addr_eq(&i->peers[k].address, &n->nodes[to]->address))
			return &i->peers[k];
	i->peers = mem_resize(i->peers, (i->peer_count + 1) * sizeof *i->peers);
	struct bgp_peer_config *p = &i->peers[i->peer_count++];
	*p = (struct bgp_peer_config){
		.address = n->nodes[to]->address, .as = n->nodes[to]->config.as, .source_address = n->nodes[of]->address
	};
	return p;
}

void
vpn_net_peer(struct vpn_net *n, size_t a, size_t b, uint32_t families)
{
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		vpn_net_peer_config(n, a, b)->family[f].enabled = families & BGP_FAMILY_BIT(f);
		vpn_net_peer_config(n, b, a)->family[f].enabled = families & BGP_FAMILY_BIT(f);
	}
}

/* --- the wire --- */

static void
happens(struct vpn_net *n, enum event_kind kind, size_t wire, size_t end, const uint8_t *bytes, size_t size)
{
	struct event *e = NEW(struct event);

	e->kind = kind;
	e->wire = wire;
	e->end = end;
	e->bytes = size ? mem_copy(bytes, size) : NULL;
	e->size = size;
	timer_init(&e->timer, 0);
	timer_set(&n->events, &e->timer, n->now + n->delay);
}

static struct vpn_node *
node_at(const struct vpn_net *n, const struct addr *a)
{
	for (size_t i = 0; i < n->count; i++)
		if (addr_eq(&n->nodes[i]->address, a))
			return n->nodes[i];
	return NULL;
}

static void
connect_to(struct vpn_net *n, size_t from, const struct effect *e)
{
	const struct vpn_node *to = node_at(n, &e->to);
	struct vpn_wire w = { .ends = { from, to ? to->index : from }, .conns = { e->where, 0 } };

	n->wires = mem_resize(n->wires, (n->wire_count + 1) * sizeof *n->wires);
	n->wires[n->wire_count] = w;
	if (to && to->b && !n->cut[from][to->index]) {
		n->wires[n->wire_count].open = true;
		n->wires[n->wire_count].conns[1] = n->next_accepted++;
		happens(n, EVENT_UP, n->wire_count, 1, NULL, 0);
		happens(n, EVENT_UP, n->wire_count, 0, NULL, 0);
	} else if (to && !to->b && !n->cut[from][to->index]) {
		happens(n, EVENT_DOWN, n->wire_count, 0, NULL, 0);
	}
	n->wire_count++;
}

static size_t
wire_of(const struct vpn_net *n, size_t node, uint32_t conn, size_t *ret_end)
{
	for (size_t i = n->wire_count; i-- > 0;)
		for (size_t end = 0; end < 2; end++)
			if (n->wires[i].ends[end] == node && n->wires[i].conns[end] == conn) {
				*ret_end = end;
				return i;
			}
	return SIZE_MAX;
}

static void
act(struct vpn_net *n, struct vpn_node *node, const struct effect *e)
{
	size_t end = 0, w;

	switch (e->kind) {
	case EFFECT_STREAM_CONNECT: connect_to(n, node->index, e); break;
	case EFFECT_STREAM_SEND:
		w = wire_of(n, node->index, e->where, &end);
		n->bytes += e->size;
		if (w != SIZE_MAX && n->wires[w].open)
			happens(n, EVENT_BYTES, w, !end, e->bytes, e->size);
		break;
	case EFFECT_STREAM_CLOSE:
		w = wire_of(n, node->index, e->where, &end);
		if (w != SIZE_MAX && n->wires[w].open)
			happens(n, EVENT_DOWN, w, !end, NULL, 0);
		if (w != SIZE_MAX)
			n->wires[w].conns[end] = 0;
		break;
	case EFFECT_LOG: text_line(&node->log, "%s", (const char *)e->bytes); break;
	default: break;
	}
}

static void
give(struct vpn_net *n, struct vpn_node *node, const struct bgp_input *in)
{
	if (!node->b)
		return;
	bgp_input(node->b, in, n->now);
	struct outbox *out = bgp_outbox(node->b);
	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		act(n, node, &e);
	}
	outbox_clear(out);
}

static void
deliver(struct vpn_net *n, struct event *e)
{
	struct vpn_wire *w = &n->wires[e->wire];
	struct vpn_node *node = n->nodes[w->ends[e->end]], *other = n->nodes[w->ends[!e->end]];
	uint32_t conn = w->conns[e->end];

	if (!conn || n->cut[node->index][other->index])
		return;
	struct bgp_input in = { .kind = e->kind == EVENT_UP     ? BGP_IN_STREAM_UP
					: e->kind == EVENT_DOWN ? BGP_IN_STREAM_DOWN
								: BGP_IN_STREAM,
		.conn = conn,
		.peer = other->address,
		.local = node->address,
		.bytes = e->bytes,
		.size = e->size,
		.text = "the connection is gone" };
	if (e->kind == EVENT_DOWN) {
		w->open = false;
		w->conns[e->end] = 0;
	}
	give(n, node, &in);
}

void
vpn_net_run(struct vpn_net *n, usec_t span)
{
	usec_t end = n->now + span;
	struct timer *t;

	for (;;) {
		usec_t next = timers_next(&n->events);
		for (size_t i = 0; i < n->count; i++)
			if (n->nodes[i]->b && bgp_due(n->nodes[i]->b) < next)
				next = bgp_due(n->nodes[i]->b);
		if (next > end)
			break;
		if (next > n->now)
			n->now = next;
		while ((t = timers_due(&n->events, n->now))) {
			struct event *e = OBJECT(t, struct event, timer);
			deliver(n, e);
			free(e->bytes);
			free(e);
		}
		for (size_t i = 0; i < n->count; i++)
			if (n->nodes[i]->b && bgp_due(n->nodes[i]->b) <= n->now)
				give(n, n->nodes[i], &(struct bgp_input){ .kind = BGP_IN_TIMER });
	}
	n->now = end;
}

/* --- lives --- */

void
vpn_net_configure(struct vpn_net *n, size_t node)
{
	give(n, n->nodes[node], &(struct bgp_input){ .kind = BGP_IN_CONFIG, .config = &n->nodes[node]->config });
}

void
vpn_net_start(struct vpn_net *n, size_t node, bool restarted)
{
	struct vpn_node *x = n->nodes[node];

	x->b = bgp_new(n->seed * 1000 + node + ++x->lives * 7919, restarted);
	vpn_net_configure(n, node);
	for (size_t i = 0; i < n->count; i++) {
		struct bgp_next_hop hop = {
			.address = n->nodes[i]->address, .reachable = true, .lsp = true, .metric = 10
		};
		give(n, x, &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP, .next_hop = &hop });
	}
}

void
vpn_net_start_all(struct vpn_net *n)
{
	for (size_t i = 0; i < n->count; i++)
		vpn_net_start(n, i, false);
}

void
vpn_net_kill(struct vpn_net *n, size_t node)
{
	struct vpn_node *x = n->nodes[node];

	bgp_free(x->b);
	x->b = NULL;
	for (size_t i = 0; i < n->wire_count; i++)
		for (size_t end = 0; end < 2; end++)
			if (n->wires[i].ends[end] == node && n->wires[i].conns[end]) {
				n->wires[i].conns[end] = 0;
				if (n->wires[i].open)
					happens(n, EVENT_DOWN, i, !end, NULL, 0);
			}
}

void
vpn_net_give(struct vpn_net *n, size_t node, const struct bgp_input *in)
{
	give(n, n->nodes[node], in);
}

void
vpn_net_route(struct vpn_net *n, size_t node, const char *prefix, bool gone)
{
	struct bgp_own_route r = { .family = strchr(prefix, ':') ? BGP_IPV6 : BGP_IPV4, .origin = ORIGIN_INCOMPLETE };

	if (!prefix_parse(prefix, &r.prefix))
		abort();
	give(n, n->nodes[node], &(struct bgp_input){ .kind = BGP_IN_ROUTE, .route = &r, .gone = gone });
}

void
vpn_net_next_hop(struct vpn_net *n, size_t node, const char *address, bool reachable, uint32_t metric)
{
	struct bgp_next_hop hop = { .reachable = reachable, .lsp = reachable, .metric = metric };

	if (!addr_parse(address, &hop.address))
		abort();
	give(n, n->nodes[node], &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP, .next_hop = &hop });
}

/* --- what there is --- */

struct peer *
vpn_net_peer_of(const struct vpn_net *n, size_t of, size_t to)
{
	const struct instance *i = n->nodes[of]->b ? instance_find(n->nodes[of]->b, "") : NULL;

	return i ? bgp_peer_find(i, &n->nodes[to]->address) : NULL;
}

bool
vpn_net_is_up(const struct vpn_net *n, size_t a, size_t b)
{
	const struct peer *one = vpn_net_peer_of(n, a, b), *two = vpn_net_peer_of(n, b, a);

	return one && two && one->up && two->up;
}

static const struct dest *
dest_at(const struct vpn_net *n, size_t node, enum bgp_family f, const char *prefix)
{
	const struct instance *i = n->nodes[node]->b ? instance_find(n->nodes[node]->b, "") : NULL;
	struct prefix p;

	if (!prefix_parse(prefix, &p))
		abort();
	return i && i->ribs[f] ? dest_find(i->ribs[f], 0, &p) : NULL;
}

const struct path *
vpn_net_best(const struct vpn_net *n, size_t node, enum bgp_family f, const char *prefix)
{
	const struct dest *d = dest_at(n, node, f, prefix);

	return d && d->paths && d->paths->best ? d->paths : NULL;
}

size_t
vpn_net_paths(const struct vpn_net *n, size_t node, enum bgp_family f, const char *prefix)
{
	const struct dest *d = dest_at(n, node, f, prefix);
	size_t count = 0;

	for (const struct path *p = d ? d->paths : NULL; p; p = p->next)
		count++;
	return count;
}

const char *
vpn_net_as_path(const struct path *p)
{
	static struct text line;

	text_clear(&line);
	as_path_text(attr_list(p->attrs, LIST_AS_PATH), &line);
	return text_chars(&line);
}
