/*
 * OSPF under trouble: routers in a graph of chance, links of both kinds, loss; ports that go down and up, links that pass
 * nothing, routers that die and come back with fresh memory. When it has been quiet for a while all databases are equal,
 * all routes are those that a plain computation finds from the topology, and following the next hops leads home.
 *
 * Usage: sim_igp [--seed N] [--nodes N] [--troubles N] [--rounds N] [--verbose]
 */
#include "tests/helper/igp_net.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
enum { CALM_S = 260, PATIENCE = 40 };

struct settings {
	uint64_t seed;
	unsigned nodes, troubles, rounds;
	bool verbose;
};

static struct igp_net *
make(const struct settings *set)
{
	struct igp_net *n = igp_net_new(set->seed);
	struct rng *r = &n->rng;

	n->jitter = 20 * USEC_PER_MSEC;
	for (unsigned i = 0; i < set->nodes; i++)
		igp_add(n, 0x0b000001 + i);
	for (unsigned i = 1; i < set->nodes; i++) { /* a tree first */
		size_t s = igp_segment(n, rng_below(r, 3) ? OSPF_POINT_TO_POINT : OSPF_BROADCAST);
		size_t other;
		do
			other = rng_below(r, i);
		while (n->nodes[other]->port_count >= IGP_PORTS - 8);
		igp_join(n, s, n->nodes[i], (uint16_t)(1 + rng_below(r, 10)));
		igp_join(n, s, n->nodes[other], (uint16_t)(1 + rng_below(r, 10)));
	}
	for (unsigned i = 0; i < set->nodes / 2; i++) { /* then circles, and links with many */
		bool large = rng_below(r, 4) == 0;
		size_t s = igp_segment(n, large || rng_below(r, 2) ? OSPF_BROADCAST : OSPF_POINT_TO_POINT);
		size_t joined[IGP_MEMBERS], want = large ? 3 + rng_below(r, 6) : 2, have = 0;
		for (unsigned tries = 0; have < want && tries < 50; tries++) {
			size_t k = rng_below(r, set->nodes);
			bool twice = n->nodes[k]->port_count >= IGP_PORTS;
			for (size_t m = 0; m < have; m++)
				twice |= joined[m] == k;
			if (twice)
				continue;
			joined[have++] = k;
			igp_join(n, s, n->nodes[k], (uint16_t)(1 + rng_below(r, 10)));
		}
	}
	return n;
}

static void
trouble(struct igp_net *n)
{
	struct rng *r = &n->rng;
	struct igp_node *node = n->nodes[rng_below(r, n->node_count)];
	size_t port = 1 + rng_below(r, node->port_count - 1);
	struct igp_segment *s = &n->segments[rng_below(r, n->segment_count)];

	switch (rng_below(r, 6)) {
	case 0:
	case 1: igp_set_port(n, node, port, !node->ports[port].up); break;
	case 2: s->cut = !s->cut; break;
	case 3: s->lose_percent = (unsigned)rng_below(r, 30); break;
	case 4:
		if (rng_below(r, 2)) /* gracefully, after however long */
			igp_restart(n, node);
		else if (node->o)
			igp_kill(n, node);
		else
			igp_start(n, node);
		break;
	case 5: {
		uint16_t cost = (uint16_t)(1 + rng_below(r, 10));
		node->ports[port].cost = cost;
		igp_config(node, port)->cost = cost;
		igp_configure(n, node);
		break;
	}
	}
}

static void
heal(struct igp_net *n)
{
	for (size_t k = 0; k < n->segment_count; k++) {
		n->segments[k].cut = false;
		n->segments[k].lose_percent = (unsigned)rng_below(&n->rng, 4);
	}
	for (size_t i = 0; i < n->node_count; i++) {
		if (!n->nodes[i]->o && rng_below(&n->rng, 2))
			igp_restart(n, n->nodes[i]);
		else if (!n->nodes[i]->o)
			igp_start(n, n->nodes[i]);
		for (size_t p = 1; p < n->nodes[i]->port_count; p++)
			if (!n->nodes[i]->ports[p].up && rng_below(&n->rng, 4)) /* some stay down */
				igp_set_port(n, n->nodes[i], p, true);
	}
}

static void
fail(const struct igp_net *n, const struct settings *set, const char *what)
{
	fprintf(stderr, "sim_igp --seed %llu --nodes %u --troubles %u --rounds %u: at %.1f s: %s\n",
	    (unsigned long long)set->seed, set->nodes, set->troubles, set->rounds,
	    (double)(n->now - SECONDS(1000)) / 1e6, what);
	exit(1);
}

/* From everybody to everybody by one next hop after the other: no packet goes in a circle. */
static void
walk(struct igp_net *n, const struct settings *set)
{
	for (size_t from = 0; from < n->node_count; from++)
		for (size_t to = 0; to < n->node_count; to++) {
			struct prefix p = prefix_host(addr_v4(n->nodes[to]->router));
			size_t at = from;
			for (unsigned steps = 0; at != to; steps++) {
				struct ospf_route r;
				if (!ospf_route_to(n->nodes[at]->o, &p, &r) || !r.hop_count)
					break;
				if (steps > n->node_count)
					fail(n, set, "a packet goes in a circle");
				const struct ospf_hop *h = &r.hops[rng_below(&n->rng, r.hop_count)];
				const struct igp_segment *s = &n->segments[n->nodes[at]->ports[h->ifindex - 1].segment];
				size_t next = at;
				for (size_t m = 0; m < s->count; m++) {
					struct igp_node *node = n->nodes[s->member[m].node];
					if (addr_to_v4(&node->ports[s->member[m].port].address.addr) == h->gateway)
						next = node->index;
				}
				if (next == at)
					fail(n, set, "a next hop is nobody");
				at = next;
			}
		}
}

static void
settle_down(struct igp_net *n, const struct settings *set)
{
	const char *faults = "";

	igp_run(n, SECONDS(CALM_S));
	for (int i = 0; i < PATIENCE && *(faults = igp_faults(n)); i++) /* what gets lost is sent again each 5 s */
		igp_run(n, SECONDS(5));
	if (*faults)
		fail(n, set, faults);
	walk(n, set);
}

static void
run(const struct settings *set)
{
	struct igp_net *n = make(set);

	igp_start_all(n);
	settle_down(n, set);
	for (unsigned round = 0; round < set->rounds; round++) {
		for (unsigned i = 0; i < set->troubles; i++) {
			trouble(n);
			igp_run(n,
			    rng_below(&n->rng, 4) ? rng_below(&n->rng, SECONDS(2)) : rng_below(&n->rng, SECONDS(60)));
		}
		heal(n);
		settle_down(n, set);
		if (set->verbose)
			printf("round %u: %.0f s, %llu packets\n", round, (double)n->now / 1e6,
			    (unsigned long long)n->packets);
	}
	printf("sim_igp: %u routers, %u rounds of %u troubles, seed %llu: %.0f s of theirs, %llu packets; all routes "
	       "are right\n",
	    set->nodes, set->rounds, set->troubles, (unsigned long long)set->seed,
	    (double)(n->now - SECONDS(1000)) / 1e6, (unsigned long long)n->packets);
	igp_net_free(n);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "seed", required_argument, NULL, 's' },
		{ "nodes", required_argument, NULL, 'n' }, { "troubles", required_argument, NULL, 't' },
		{ "rounds", required_argument, NULL, 'r' }, { "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 } };
	struct settings set = { .seed = 0, .nodes = 30, .troubles = 20, .rounds = 3 };
	int c;

	if (getrandom(&set.seed, sizeof set.seed, 0) != sizeof set.seed)
		set.seed = (uint64_t)getpid();
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 's': set.seed = strtoull(optarg, NULL, 10); break;
		case 'n': set.nodes = (unsigned)strtoul(optarg, NULL, 10); break;
		case 't': set.troubles = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'r': set.rounds = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'v': set.verbose = true; break;
		default: return 2;
		}
	if (set.nodes < 2 || set.nodes > IGP_NODES) {
		fprintf(stderr, "--nodes: 2 to %d\n", IGP_NODES);
		return 2;
	}
	run(&set);
	return 0;
}
