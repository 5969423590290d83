#include "tests/helper/l3vpn_net.h"
#include "l3vpnd/bgp/as_path.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HUB_LINKS = SIM_PORTS - 2 };

static struct vpn_node *
node_of(struct sim_node *s)
{
	return (struct vpn_node *)s; /* its first member */
}

/* --- an engine in the simulator --- */

static void
engine_new(struct sim_node *s, uint64_t seed)
{
	node_of(s)->b = bgp_new(seed, node_of(s)->restarted);
}

static void
engine_free(struct sim_node *s)
{
	bgp_free(node_of(s)->b);
	node_of(s)->b = NULL;
}

/* A connection comes from the instance that its peer is in. */
static const char *
instance_of(const struct bgp_config *c, const struct addr *peer)
{
	for (size_t i = 0; i < c->instance_count; i++)
		if (bgp_config_peer(&c->instances[i], peer))
			return c->instances[i].name;
	return "";
}

static void
engine_input(struct sim_node *s, const struct sim_input *in, usec_t now)
{
	static const enum bgp_input_kind kinds[] = { [SIM_UP] = BGP_IN_STREAM_UP,
		[SIM_BYTES] = BGP_IN_STREAM,
		[SIM_DOWN] = BGP_IN_STREAM_DOWN,
		[SIM_TIMER] = BGP_IN_TIMER };

	if (in->kind == SIM_DATAGRAM)
		return;
	bgp_input(node_of(s)->b,
	    &(struct bgp_input){ .kind = kinds[in->kind],
		.instance = instance_of(&node_of(s)->config, &in->from),
		.conn = in->conn,
		.peer = in->from,
		.local = in->to,
		.bytes = in->bytes,
		.size = in->size,
		.text = in->text },
	    now);
}

static usec_t
engine_due(const struct sim_node *s)
{
	return bgp_due(((const struct vpn_node *)s)->b);
}

static struct outbox *
engine_outbox(struct sim_node *s)
{
	return bgp_outbox(node_of(s)->b);
}

static void
engine_effect(struct sim_node *s, const struct effect *e)
{
	(void)s;
	(void)e; /* keys and distances: the wires know neither */
}

static const struct sim_ops ops = { .port = BGP_PORT,
	.accepted = BGP_ACCEPTED,
	.new = engine_new,
	.free = engine_free,
	.input = engine_input,
	.due = engine_due,
	.outbox = engine_outbox,
	.effect = engine_effect };

/* --- the net --- */

struct vpn_net *
vpn_net_new(uint64_t seed)
{
	struct vpn_net *n = NEW(struct vpn_net);

	sim_init(&n->sim, seed);
	return n;
}

void
vpn_net_free(struct vpn_net *n)
{
	sim_free(&n->sim);
	for (size_t i = 0; i < n->count; i++) {
		bgp_config_free(&n->nodes[i]->config);
		free(n->nodes[i]);
	}
	for (size_t i = 0; i < n->hub_count; i++)
		free(n->hubs[i]);
	free(n);
}

static struct prefix
wire(const struct vpn_net *n, uint32_t end)
{
	return prefix_make(addr_v4(0x0b000000 + ((uint32_t)n->sim.link_count << 2) + end), 30);
}

static struct sim_link *
join(struct vpn_net *n, struct sim_node *a, struct sim_node *b)
{
	struct sim_port *one = sim_port_add(a, "wire", wire(n, 1)), *two = sim_port_add(b, "wire", wire(n, 2));

	return sim_link(&n->sim, a, one, b, two);
}

/* One with a port to spare; they stand in a line. */
static struct sim_node *
hub(struct vpn_net *n)
{
	struct sim_node *last = n->hub_count ? n->hubs[n->hub_count - 1] : NULL;

	if (last && last->port_count < HUB_LINKS)
		return last;
	struct sim_node *h = NEW(struct sim_node);
	sim_add(&n->sim, h, &ops);
	n->hubs[n->hub_count++] = h;
	if (last)
		join(n, last, h);
	return h;
}

struct vpn_node *
vpn_net_add(struct vpn_net *n, uint32_t as)
{
	struct vpn_node *node = NEW(struct vpn_node);

	node->address = addr_v4(0x0a000001 + (uint32_t)n->count);
	node->config.as = as;
	node->config.router_id = addr_to_v4(&node->address);
	node->config.instances = NEW(struct bgp_instance_config);
	node->config.instance_count = 1;
	sim_add(&n->sim, &node->sim, &ops);
	sim_port_add(&node->sim, "LoopBack1", prefix_host(node->address))->loopback = true;
	node->link = join(n, hub(n), &node->sim);
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

/* --- what happens to it --- */

void
vpn_net_give(struct vpn_net *n, size_t node, const struct bgp_input *in)
{
	if (!n->nodes[node]->b)
		return;
	bgp_input(n->nodes[node]->b, in, n->sim.now);
	sim_settle(&n->nodes[node]->sim);
}

void
vpn_net_run(struct vpn_net *n, usec_t span)
{
	sim_run(&n->sim, span);
}

void
vpn_net_configure(struct vpn_net *n, size_t node)
{
	vpn_net_give(n, node, &(struct bgp_input){ .kind = BGP_IN_CONFIG, .config = &n->nodes[node]->config });
}

void
vpn_net_start(struct vpn_net *n, size_t node, bool restarted)
{
	n->nodes[node]->restarted = restarted;
	sim_start(&n->nodes[node]->sim);
	vpn_net_configure(n, node);
	for (size_t i = 0; i < n->count; i++) {
		struct bgp_next_hop hop = {
			.address = n->nodes[i]->address, .reachable = true, .lsp = true, .metric = 10
		};
		vpn_net_give(n, node, &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP, .next_hop = &hop });
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
	sim_kill(&n->nodes[node]->sim);
}

void
vpn_net_cut(struct vpn_net *n, size_t node, bool cut)
{
	n->nodes[node]->link->cut = cut;
}

void
vpn_net_route(struct vpn_net *n, size_t node, const char *prefix, bool gone)
{
	struct bgp_own_route r = { .family = strchr(prefix, ':') ? BGP_IPV6 : BGP_IPV4, .origin = ORIGIN_INCOMPLETE };

	if (!prefix_parse(prefix, &r.prefix))
		abort();
	vpn_net_give(n, node, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .route = &r, .gone = gone });
}

void
vpn_net_next_hop(struct vpn_net *n, size_t node, const char *address, bool reachable, uint32_t metric)
{
	struct bgp_next_hop hop = { .reachable = reachable, .lsp = reachable, .metric = metric };

	if (!addr_parse(address, &hop.address))
		abort();
	vpn_net_give(n, node, &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP, .next_hop = &hop });
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
vpn_net_as_path(const struct path *p, struct text *out)
{
	text_clear(out);
	as_path_text(attr_list(p->attrs, LIST_AS_PATH), out);
	return text_chars(out);
}

const char *
vpn_net_log(const struct vpn_net *n, size_t node)
{
	return text_chars(&n->nodes[node]->sim.log);
}
