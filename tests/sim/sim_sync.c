/*
 * OSPF and LDP together: the engines of igpd and of ldpd of a network of routers, on one clock. LDP gets its routes from
 * OSPF, and tells it in ldp.Sync how far it is with each link.
 *
 * Links lose their carrier, or break without anybody noticing; they return; LDP sessions are reset, LDP is taken off a link
 * and put back; daemons are killed and started again. What must hold at every moment: no router's route leads over a link to
 * a neighbour whose label for the destination is not known there. Three things excuse it: the link or its LDP failed a moment
 * ago (that a route leaves takes its time; that one comes must not); the link is the last resort, at a cost of 65535; the
 * neighbour itself has no way to the destination, or has only just found it; or the daemon beside is just being started again. In the end all is as it should be: routes, labels, synchronization.
 *
 * With --without the links are not synchronized. Then it must be broken: that is what synchronization is for.
 */
#include "tests/helper/igp_net.h"
#include "tests/helper/ldp_net.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
#define STEP (10 * USEC_PER_MSEC) /* what one daemon says reaches the other within */
#define HELLO_HOLD SECONDS(16)    /* of LDP: until the other end notices */
#define EXCUSED SECONDS(5)        /* a dead interval is another matter: OSPF does not know yet */

static struct settings {
	uint64_t seed;
	unsigned nodes, troubles;
	bool without;
} set = { .nodes = 12, .troubles = 60 };

static struct igp_net *igp;
static struct ldp_net *ldp;
static struct {
	bool up, cut, no_ldp;
	usec_t failed_at;
} links[IGP_SEGMENTS];
static struct {
	bool is;
	usec_t at;
} routed[IGP_NODES][IGP_NODES]; /* has a router a route to another's loopback, and since when */
static usec_t ospf_down_at[IGP_NODES], ldp_up_at[IGP_NODES]; /* a daemon's last start or end */
static unsigned violations, checks;

static void __attribute__((noreturn)) __attribute__((format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "sim_sync --seed %llu --nodes %u --troubles %u, at %.3f s: ", (unsigned long long)set.seed,
	    set.nodes, set.troubles, (double)igp->now / 1e6);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static uint64_t
chance(uint64_t below)
{
	return rng_below(&igp->rng, below);
}

/* --- OSPF's routes become LDP's --- */

static void
told(struct igp_net *net, struct igp_node *node, const struct ospf_route *r)
{
	struct net_route route = { .prefix = r->prefix };

	(void)net;
	if (r->prefix.len != 32)
		return;
	for (size_t i = 0; r->kind != OSPF_UNREACHABLE && i < r->hop_count && i < NET_HOPS; i++)
		if (r->hops[i].gateway)
			route.hops[route.hop_count++] =
			    (struct net_hop){ .via = addr_v4(r->hops[i].gateway), .ifindex = r->hops[i].ifindex };
	size_t to = addr_to_v4(&r->prefix.addr) - 0x01010101;
	if (!route.hop_count == routed[node->index][to].is) {
		routed[node->index][to].is = route.hop_count;
		routed[node->index][to].at = igp->now;
	}
	net_fib_set_route(ldp->nodes[node->index], &route);
}

/* --- what LDP says becomes OSPF's --- */

struct said {
	struct ospf_ldp_neighbor n;
	bool row, enabled, any;
	uint64_t life; /* of OSPF */
};

static bool
same(const struct said *a, const struct said *b)
{
	return a->n.address == b->n.address && a->n.lsr == b->n.lsr && a->n.transport == b->n.transport &&
	       a->n.state == b->n.state && a->row == b->row && a->enabled == b->enabled && a->any == b->any &&
	       a->life == b->life;
}

static void
tell_sync(size_t index)
{
	static struct said last[IGP_NODES][IGP_PORTS];
	struct ldp_node *node = ldp->nodes[index];

	if (!node->ldp || ldp_node_parameters(node)->recovering)
		ldp_up_at[index] = igp->now;
	if (!igp->nodes[index]->o || ldp_up_at[index] == igp->now)
		return; /* what was said before a restart holds */
	for (size_t p = 1; p < igp->nodes[index]->port_count; p++) {
		uint32_t ifindex = igp->nodes[index]->ports[p].ifindex;
		const Ldp__Sync *row = ldp_node_sync(node, ifindex);
		struct said now = { 0 };
		struct addr a;
		now.row = row;
		now.life = igp->nodes[index]->lives;
		now.enabled = row && row->enabled;
		now.any = row && row->n_neighbors;
		if (now.any) {
			const Ldp__SyncNeighbor *first = row->neighbors[0];
			addr_from_bytes(first->address.data, first->address.len, &a);
			now.n.address = addr_to_v4(&a);
			now.n.lsr = first->peer;
			addr_from_bytes(first->transport.data, first->transport.len, &a);
			now.n.transport = addr_to_v4(&a);
			now.n.state = (enum ospf_ldp_state)first->state;
		}
		if (same(&last[index][p], &now))
			continue;
		last[index][p] = now;
		igp_tell_ldp(igp, igp->nodes[index],
		    &(struct ospf_ldp){
			.ifindex = ifindex, .enabled = now.enabled, .neighbors = &now.n, .count = now.any },
		    !row);
	}
}

/* --- the property --- */

static bool
has_label(const Ldp__Lsp *lsp, uint32_t gateway, uint32_t peer)
{
	struct addr a;

	for (size_t i = 0; lsp && i < lsp->n_next_hops; i++)
		if (addr_from_bytes(lsp->next_hops[i]->address.data, lsp->next_hops[i]->address.len, &a) &&
		    addr_to_v4(&a) == gateway && lsp->next_hops[i]->out_label != UINT32_MAX)
			return true;
	for (size_t i = 0; lsp && i < lsp->n_alternates; i++)
		if (lsp->alternates[i]->peer == peer)
			return true;
	return false;
}

static size_t
behind(size_t segment, size_t from)
{
	const struct igp_segment *s = &igp->segments[segment];

	return s->member[0].node == from ? s->member[1].node : s->member[0].node;
}

static bool
is_excused(size_t from, size_t segment, const struct ospf_route *r)
{
	return igp->now < links[segment].failed_at + EXCUSED || r->cost >= LSA_LINK_INFINITY || !links[segment].up ||
	       links[segment].cut || igp->now < ldp_up_at[from] + EXCUSED || igp->now < ospf_down_at[from] + EXCUSED;
}

static void
check_from(size_t from)
{
	struct igp_node *node = igp->nodes[from];
	struct ospf_route r;

	for (size_t to = 0; to < igp->node_count; to++) {
		struct prefix host = prefix_host(addr_v4(igp->nodes[to]->router));
		char text[ADDR_TEXT];
		if (to == from || !ospf_route_to(node->o, &host, &r))
			continue;
		const Ldp__Lsp *lsp = ldp_node_lsp(ldp->nodes[from], prefix_text(&host, (char[PREFIX_TEXT]){ 0 }));
		for (size_t i = 0; i < r.hop_count; i++) {
			size_t segment = (size_t)node->ports[r.hops[i].ifindex - 1].segment;
			size_t next = behind(segment, from);
			checks++;
			bool moved =
			    next != to && (!routed[next][to].is || igp->now < routed[next][to].at + SECONDS(1));
			if (has_label(lsp, r.hops[i].gateway, igp->nodes[next]->router) || moved ||
			    is_excused(from, segment, &r))
				continue;
			violations++;
			if (!set.without)
				fail("%08x sends to %08x by %s and has no label for it (state %s)", node->router,
				    igp->nodes[to]->router, id_text(r.hops[i].gateway, text),
				    sync_state_name(igp_iface(node, r.hops[i].ifindex - 1)->sync.state));
		}
	}
}

static void
run(usec_t span)
{
	usec_t until = igp->now + span;

	for (unsigned turn = 0; igp->now < until; turn++) {
		igp_run(igp, STEP);
		ldp_net_run(ldp, STEP);
		for (size_t i = 0; i < igp->node_count; i++)
			tell_sync(i);
		for (size_t i = 0; turn % 5 == 0 && i < igp->node_count; i++)
			if (igp->nodes[i]->o && ldp->nodes[i]->ldp && !ospf_is_restarting(igp->nodes[i]->o))
				check_from(i);
	}
}

/* --- troubles --- */

static struct sim_port *
port_of(size_t segment, int end)
{
	const struct igp_segment *s = &igp->segments[segment];
	struct igp_node *node = igp->nodes[s->member[end].node];

	return ldp_node_find_port(ldp->nodes[node->index], node->ports[s->member[end].port].ifindex);
}

static void
carrier(size_t segment, bool up)
{
	for (int end = 0; end < 2; end++) {
		size_t node = igp->segments[segment].member[end].node;
		port_of(segment, end)->up = up;
		ldp_node_port(ldp->nodes[node], port_of(segment, end));
		igp_set_port(igp, igp->nodes[node], igp->segments[segment].member[end].port, up);
	}
	links[segment].up = up;
}

static void
cut(size_t segment, bool is_cut)
{
	igp->segments[segment].cut = ldp->sim.links[segment]->cut = links[segment].cut = is_cut;
}

/* LDP on one end of the link. */
static void
ldp_there(size_t segment, bool on)
{
	struct ldp_node *node = ldp->nodes[igp->segments[segment].member[0].node];

	for (size_t i = 0; i < node->config.interface_count; i++)
		if (strcmp(node->config.interfaces[i].name, port_of(segment, 0)->name) == 0)
			node->config.interfaces[i].v4 = on;
	links[segment].no_ldp = !on;
	if (node->ldp)
		ldp_node_configure(node);
}

static void
ldp_dies(size_t node)
{
	struct ldp_node *n = ldp->nodes[node];

	ldp_up_at[node] = igp->now;
	for (size_t k = 0; k < igp->segment_count; k++)
		if (igp->segments[k].member[0].node == node || igp->segments[k].member[1].node == node)
			links[k].failed_at = igp->now + (n->ldp ? HELLO_HOLD : 0);
	if (n->ldp)
		ldp_node_kill(n);
	else
		ldp_node_start(n);
}

static void
trouble(void)
{
	size_t k = chance(igp->segment_count), node = chance(igp->node_count);

	switch (chance(8)) {
	case 0:
	case 1:
		if (links[k].up)
			links[k].failed_at = igp->now;
		carrier(k, !links[k].up);
		break;
	case 2:
	case 3:
		if (!links[k].cut)
			links[k].failed_at = igp->now;
		cut(k, !links[k].cut);
		break;
	case 4:
	case 5:
		if (!links[k].no_ldp)
			links[k].failed_at = igp->now + HELLO_HOLD;
		ldp_there(k, links[k].no_ldp);
		break;
	case 6: ldp_dies(node); break;
	case 7:
		ospf_down_at[node] = igp->now;
		igp_restart(igp, igp->nodes[node]);
		break;
	}
}

/* --- the network --- */

static void
join(size_t a, size_t b)
{
	char one[48], two[48];
	size_t k = igp->segment_count;
	uint16_t cost = (uint16_t)(1 + chance(10));

	if (igp->nodes[a]->port_count >= IGP_PORTS - 1 || igp->nodes[b]->port_count >= IGP_PORTS - 1 ||
	    ldp->nodes[a]->sim.port_count >= SIM_PORTS || ldp->nodes[b]->sim.port_count >= SIM_PORTS)
		return;
	igp_segment(igp, OSPF_POINT_TO_POINT);
	igp_config(igp->nodes[a], igp_join(igp, k, igp->nodes[a], cost))->sync =
	    set.without ? OSPF_SYNC_UNSET : OSPF_SYNC_ON;
	igp_config(igp->nodes[b], igp_join(igp, k, igp->nodes[b], cost))->sync =
	    set.without ? OSPF_SYNC_UNSET : OSPF_SYNC_ON;
	snprintf(one, sizeof one, "10.%zu.%zu.1/24", k >> 8, k & 255);
	snprintf(two, sizeof two, "10.%zu.%zu.2/24", k >> 8, k & 255);
	ldp_net_link(ldp, ldp->nodes[a], one, ldp->nodes[b], two);
	links[k].up = true;
}

static void
make(void)
{
	igp = igp_net_new(set.seed);
	ldp = ldp_net_new(set.seed);
	igp->told = told;
	for (unsigned i = 0; i < set.nodes; i++) {
		char lsr[32];
		snprintf(lsr, sizeof lsr, "1.1.1.%u", i + 1);
		igp_add(igp, 0x01010101 + i);
		ldp_net_add(ldp, lsr);
		if (i)
			join(i, i - 1 - chance(i < 6 ? i : 6));
	}
	for (unsigned i = 0; i < set.nodes; i++) {
		size_t a = chance(set.nodes), b = chance(set.nodes);
		if (a != b)
			join(a, b);
	}
	igp_start_all(igp);
	for (size_t i = 0; i < ldp->node_count; i++)
		ldp_node_start(ldp->nodes[i]);
}

static void
heal(void)
{
	for (size_t k = 0; k < igp->segment_count; k++) {
		if (!links[k].up)
			carrier(k, true);
		if (links[k].cut)
			cut(k, false);
		if (links[k].no_ldp)
			ldp_there(k, true);
	}
	for (size_t i = 0; i < ldp->node_count; i++)
		if (!ldp->nodes[i]->ldp)
			ldp_dies(i);
}

static void
all_is_well(void)
{
	const char *faults = igp_faults(igp);

	if (*faults)
		fail("%s", faults);
	for (size_t i = 0; i < igp->node_count; i++)
		for (size_t p = 1; !set.without && p < igp->nodes[i]->port_count; p++)
			if (igp_iface(igp->nodes[i], p)->sync.state != SS_ACHIEVED)
				fail("%08x port %zu is %s: %s", igp->nodes[i]->router, p,
				    sync_state_name(igp_iface(igp->nodes[i], p)->sync.state),
				    sync_reason(igp_iface(igp->nodes[i], p)));
	const char *lost = ldp_net_trace_all(ldp);
	if (lost)
		fail("%s", lost);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "seed", required_argument, NULL, 's' },
		{ "nodes", required_argument, NULL, 'n' }, { "troubles", required_argument, NULL, 't' },
		{ "without", no_argument, NULL, 'w' }, { NULL, 0, NULL, 0 } };
	int c;

	if (getrandom(&set.seed, sizeof set.seed, 0) != sizeof set.seed)
		set.seed = (uint64_t)getpid();
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 's': set.seed = strtoull(optarg, NULL, 10); break;
		case 'n': set.nodes = (unsigned)strtoul(optarg, NULL, 10); break;
		case 't': set.troubles = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'w': set.without = true; break;
		default: return 2;
		}
	if (set.nodes < 3 || set.nodes > 60) {
		fprintf(stderr, "--nodes: 3 to 60\n");
		return 2;
	}
	make();
	run(SECONDS(60));
	all_is_well();
	for (unsigned i = 0; i < set.troubles; i++) {
		trouble();
		run(chance(3) ? chance(SECONDS(3)) : chance(SECONDS(40)));
	}
	heal();
	run(SECONDS(200));
	all_is_well();
	if (set.without && !violations)
		fail("without synchronization every route had its label all the time: this tests nothing");
	printf("sim_sync: %u routers, %zu links, %u troubles, seed %llu: %.0f s of theirs, %u next hops looked at, %u "
	       "without a "
	       "label\n",
	    set.nodes, igp->segment_count, set.troubles, (unsigned long long)set.seed,
	    (double)(igp->now - SECONDS(1000)) / 1e6, checks, violations);
	ldp_net_free(ldp);
	igp_net_free(igp);
	return 0;
}
