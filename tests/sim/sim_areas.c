/*
 * OSPF with several areas on a clock of its own: a backbone, and areas that hang on it by two border routers each, some of them
 * with a range of addresses that is told in place of the networks in it.
 *
 * There is trouble: links fail and return, costs change, routers restart, gracefully or not. When all is quiet every router's
 * routes to every loopback, and to every range, are compared with what follows from the topology by plain relaxation: within
 * an area by its links alone, between areas over the backbone alone (RFC 2328 sections 16.1 to 16.3).
 */
#include "tests/helper/igp_net.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
enum { AREAS_MAX = 8, FAR = UINT32_MAX };

static struct settings {
	uint64_t seed;
	unsigned areas, inside, troubles, rounds;
} set = { .areas = 4, .inside = 6, .troubles = 20, .rounds = 3 };

static struct igp_net *net;
static uint32_t area_of_segment[IGP_SEGMENTS];
static uint32_t home[IGP_NODES];              /* the area that a router's loopback is in */
static bool member[IGP_NODES][AREAS_MAX + 1]; /* has a link in it */
static bool has_range[AREAS_MAX + 1];
static uint32_t (*far)[IGP_NODES][IGP_NODES]; /* [area][from][to] */
static uint32_t range_cost[IGP_NODES];        /* of a border router's own area, as it tells it */

static void __attribute__((noreturn)) __attribute__((format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "sim_areas --seed %llu --areas %u --inside %u --troubles %u --rounds %u, at %.1f s: ",
	    (unsigned long long)set.seed, set.areas, set.inside, set.troubles, set.rounds, (double)net->now / 1e6);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static uint64_t
chance(uint64_t below)
{
	return rng_below(&net->rng, below);
}

/* --- the network --- */

static void
join(size_t a, size_t b, uint32_t area)
{
	size_t k = net->segment_count;

	if (a == b || net->nodes[a]->port_count >= IGP_PORTS || net->nodes[b]->port_count >= IGP_PORTS)
		return;
	igp_segment(net, chance(3) ? OSPF_POINT_TO_POINT : OSPF_BROADCAST);
	area_of_segment[k] = area;
	size_t ends[] = { a, b };
	for (int i = 0; i < 2; i++) {
		igp_area(net->nodes[ends[i]], igp_join(net, k, net->nodes[ends[i]], (uint16_t)(1 + chance(10))), area);
		member[ends[i]][area] = true;
	}
}

/* Routers first to first + count - 1, so joined that there is a way between any two, and some more ways. */
static void
graph(size_t first, size_t count, uint32_t area)
{
	for (size_t i = 1; i < count; i++)
		join(first + i, first + chance(i), area);
	for (size_t i = 0; i < count; i++)
		join(first + chance(count), first + chance(count), area);
}

static void
drop_empty_areas(struct igp_node *node)
{
	size_t kept = 0;

	for (size_t k = 0; k < node->config.area_count; k++)
		if (member[node->index][node->config.areas[k].id])
			node->config.areas[kept++] = node->config.areas[k];
	node->config.area_count = kept;
}

static void
give_range(struct igp_node *node, uint32_t area)
{
	struct ospf_area_config *c = igp_area_config(node, area);

	c->ranges = mem_zalloc(sizeof *c->ranges);
	c->ranges[0].prefix = prefix_make(addr_v4(0x01000000 | area << 16), 16);
	c->range_count = 1;
}

/* Router IDs are 1.AREA.0.N; border routers belong to the backbone and have links in their area. */
static void
make(void)
{
	size_t borders = 2 * set.areas, backbone = borders + 4;

	net = igp_net_new(set.seed);
	for (size_t i = 0; i < backbone; i++)
		igp_add(net, 0x01000001 + (uint32_t)i);
	graph(0, backbone, 0);
	for (uint32_t area = 1; area <= set.areas; area++) {
		size_t first = net->node_count;
		for (size_t i = 0; i < set.inside; i++) {
			igp_add(net, 0x01000001 | area << 16 | (uint32_t)i << 8);
			home[first + i] = area;
		}
		graph(first, set.inside, area);
		for (size_t k = 0; k < 2; k++) {
			size_t border = 2 * (area - 1) + k;
			join(border, first + chance(set.inside), area);
			join(border, first + chance(set.inside), area);
		}
		has_range[area] = area % 2;
	}
	for (size_t i = 0; i < net->node_count; i++) {
		igp_area(net->nodes[i], 0, home[i]);
		member[i][home[i]] = true;
		drop_empty_areas(net->nodes[i]);
	}
	for (uint32_t area = 1; area <= set.areas; area++)
		for (size_t k = 0; k < 2 && has_range[area]; k++)
			give_range(net->nodes[2 * (area - 1) + k], area);
	igp_start_all(net);
}

/* --- what there should be --- */

static void
relax(uint32_t area)
{
	for (size_t from = 0; from < net->node_count; from++) {
		uint32_t *d = far[area][from];
		bool moved = true;
		for (size_t i = 0; i < net->node_count; i++)
			d[i] = i == from && member[from][area] ? 0 : FAR;
		while (moved) {
			moved = false;
			for (size_t k = 0; k < net->segment_count; k++) {
				const struct igp_segment *s = &net->segments[k];
				if (area_of_segment[k] != area || s->cut)
					continue;
				const struct igp_port *p[] = { &net->nodes[s->member[0].node]->ports[s->member[0].port],
					&net->nodes[s->member[1].node]->ports[s->member[1].port] };
				for (int e = 0; e < 2 && p[0]->up && p[1]->up; e++) {
					size_t a = s->member[e].node, b = s->member[!e].node;
					if (d[a] == FAR || d[a] + p[e]->cost >= d[b])
						continue;
					d[b] = d[a] + p[e]->cost;
					moved = true;
				}
			}
		}
	}
}

static bool
is_border(size_t i)
{
	return i < 2 * (size_t)set.areas;
}

static uint32_t
sum(uint32_t a, uint32_t b)
{
	return a == FAR || b == FAR ? FAR : a + b;
}

/* From a router of the backbone into an area, through the area's border routers; by what each of these has inside. */
static uint32_t
by_backbone(size_t from, uint32_t area, const uint32_t inside[IGP_NODES])
{
	uint32_t best = FAR;

	for (size_t k = 0; k < 2; k++) {
		size_t border = 2 * (area - 1) + k;
		uint32_t there = border == from ? FAR : sum(far[0][from][border], inside[border]);
		best = there < best ? there : best;
	}
	return best;
}

/* To a loopback (to < node_count), or the range of an area (to == node_count). */
static uint32_t
expected(size_t from, size_t to, uint32_t area)
{
	static uint32_t inside[IGP_NODES];
	bool is_range = to == net->node_count;

	if (!is_range && member[from][area] && far[area][from][to] != FAR)
		return far[area][from][to];
	if (!is_range && area && has_range[area])
		return FAR;
	for (size_t i = 0; i < net->node_count && area; i++)
		inside[i] = is_range ? range_cost[i] : far[area][i][to];
	if (member[from][0])
		return area ? by_backbone(from, area, inside) : FAR;
	uint32_t own = home[from], best = FAR;
	for (size_t k = 0; k < 2; k++) { /* the border routers of its own area */
		size_t border = 2 * (own - 1) + k;
		uint32_t beyond = area == 0 ? far[0][border][to] : by_backbone(border, area, inside);
		uint32_t there = sum(far[own][from][border], beyond);
		best = there < best ? there : best;
	}
	return best;
}

static const char *
check(void)
{
	static char what[160];
	char text[PREFIX_TEXT], id[ADDR_TEXT];
	struct ospf_route r;

	for (uint32_t area = 0; area <= set.areas; area++)
		relax(area);
	for (size_t i = 0; i < net->node_count; i++) {
		range_cost[i] = FAR;
		uint32_t area = is_border(i) ? (uint32_t)(i / 2 + 1) : 0;
		for (size_t to = 0; area && to < net->node_count; to++) {
			uint32_t d = home[to] == area ? far[area][i][to] : FAR;
			if (d != FAR && (range_cost[i] == FAR || d > range_cost[i]))
				range_cost[i] = d;
		}
	}
	for (size_t from = 0; from < net->node_count; from++)
		for (size_t to = 0; to < net->node_count + set.areas; to++) {
			bool is_range = to >= net->node_count;
			uint32_t area = is_range ? (uint32_t)(to - net->node_count) + 1 : home[to];
			struct prefix p = is_range ? prefix_make(addr_v4(0x01000000 | area << 16), 16)
						   : prefix_host(addr_v4(net->nodes[to]->router));
			if (from == to || (is_range && (!has_range[area] || member[from][area])))
				continue;
			uint32_t want = expected(from, is_range ? net->node_count : to, area);
			uint32_t have = ospf_route_to(net->nodes[from]->o, &p, &r) ? r.cost : FAR;
			if (have == want)
				continue;
			snprintf(what, sizeof what, "%s to %s: cost %d instead of %d",
			    id_text(net->nodes[from]->router, id), prefix_text(&p, text), (int)have, (int)want);
			return what;
		}
	return NULL;
}

static void
settle_down(void)
{
	const char *wrong = "";

	igp_run(net, SECONDS(60));
	for (int i = 0; i < 60 && (wrong = check()); i++)
		igp_run(net, SECONDS(5));
	if (wrong)
		fail("%s", wrong);
}

/* --- troubles --- */

static void
trouble(void)
{
	struct igp_node *node = net->nodes[chance(net->node_count)];
	size_t port = 1 + chance(node->port_count - 1);
	struct igp_segment *s = &net->segments[chance(net->segment_count)];

	switch (chance(5)) {
	case 0: igp_set_port(net, node, port, !node->ports[port].up); break;
	case 1: s->cut = !s->cut; break;
	case 2: s->lose_percent = (unsigned)chance(20); break;
	case 3:
		if (chance(2)) {
			igp_restart(net, node);
			break;
		}
		igp_kill(net, node);
		igp_start(net, node);
		break;
	case 4:
		node->ports[port].cost = (uint16_t)(1 + chance(10));
		igp_config(node, port)->cost = node->ports[port].cost;
		igp_configure(net, node);
		break;
	}
}

/* Most is mended; what stays broken is known to the computation. */
static void
heal(void)
{
	for (size_t k = 0; k < net->segment_count; k++) {
		net->segments[k].lose_percent = (unsigned)chance(3);
		net->segments[k].cut &= chance(3) == 0;
	}
	for (size_t i = 0; i < net->node_count; i++)
		for (size_t p = 1; p < net->nodes[i]->port_count; p++)
			if (!net->nodes[i]->ports[p].up && chance(3))
				igp_set_port(net, net->nodes[i], p, true);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "seed", required_argument, NULL, 's' },
		{ "areas", required_argument, NULL, 'a' }, { "inside", required_argument, NULL, 'i' },
		{ "troubles", required_argument, NULL, 't' }, { "rounds", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 } };
	int c;

	if (getrandom(&set.seed, sizeof set.seed, 0) != sizeof set.seed)
		set.seed = (uint64_t)getpid();
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 's': set.seed = strtoull(optarg, NULL, 10); break;
		case 'a': set.areas = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'i': set.inside = (unsigned)strtoul(optarg, NULL, 10); break;
		case 't': set.troubles = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'r': set.rounds = (unsigned)strtoul(optarg, NULL, 10); break;
		default: return 2;
		}
	if (set.areas < 1 || set.areas > AREAS_MAX || set.inside < 2 || set.areas * (set.inside + 2) + 4 > IGP_NODES) {
		fprintf(stderr, "--areas: 1 to %d; --inside: routers of each, at least 2\n", AREAS_MAX);
		return 2;
	}
	far = mem_zalloc((set.areas + 1) * sizeof *far);
	make();
	settle_down();
	for (unsigned round = 0; round < set.rounds; round++) {
		for (unsigned i = 0; i < set.troubles; i++) {
			trouble();
			igp_run(net, chance(4) ? chance(SECONDS(2)) : chance(SECONDS(60)));
		}
		heal();
		settle_down();
	}
	printf("sim_areas: %u areas, %zu routers, %u rounds of %u troubles, seed %llu: %.0f s of theirs; all routes "
	       "are right\n",
	    set.areas, net->node_count, set.rounds, set.troubles, (unsigned long long)set.seed,
	    (double)(net->now - SECONDS(1000)) / 1e6);
	igp_net_free(net);
	free(far);
	return 0;
}
