/*
 * BGP/MPLS VPN routes among many PEs, on a clock of their own: one or two route reflectors, and PEs that are their clients and tell
 * routes of their own VPNs, all of them VPNv4 with label and target. With --instances each PE has an instance of one of three VPNs
 * instead, whose routes it exports and imports, and keeps nothing of the other two. With --members everybody says which targets
 * it wants (RFC 4684); with --add-path reflectors tell all paths that they have (RFC 7911).
 *
 * There is trouble: routes come and go, PEs and reflectors die and come back, gracefully or not, sessions are reset, links are
 * cut for longer than a hold time or shorter. When all is quiet each PE has each route of every PE that lives, by its next
 * hop, with its label and target, as its best path, and nothing else; and the attribute store holds what is used and no more.
 * While PEs restart gracefully (and nothing else happens), nobody loses a route of theirs for a moment.
 */
#include "l3vpnd/bgp/out.h"
#include "tests/helper/l3vpn_net.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
enum { REFLECTORS_MAX = 2, ROUTES = 32 };
#define QUIET SECONDS(1000) /* a hold time, a restart time, the wait for an End-of-RIB, all back-off, and some more */

static struct settings {
	uint64_t seed;
	unsigned pes, troubles, rounds;
	unsigned reflectors;
	bool instances, members, add_path;
} set = { .reflectors = 2, .pes = 12, .troubles = 30, .rounds = 3 };

static struct vpn_net *net;
static struct { /* what a PE has to tell: prefix i, RD and target of its VPN */
	bool told;
	uint32_t label;
} routes[VPN_NODES][ROUTES];
static bool cut[VPN_NODES];

static void __attribute__((noreturn)) __attribute__((format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "sim_l3vpn --seed %llu --reflectors %u --pes %u --troubles %u --rounds %u%s%s%s, at %.3f s: ",
	    (unsigned long long)set.seed, set.reflectors, set.pes, set.troubles, set.rounds,
	    set.instances ? " --instances" : "", set.members ? " --members" : "", set.add_path ? " --add-path" : "",
	    (double)net->sim.now / 1e6);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static void __attribute__((noreturn)) broken(struct sim *s, const char *what)
{
	(void)s;
	fail("%s", what);
}

static uint64_t
chance(uint64_t below)
{
	return rng_below(&net->sim.rng, below);
}

static size_t
any_pe(void)
{
	return set.reflectors + chance(set.pes);
}

static uint64_t
rd_of(size_t pe)
{
	return UINT64_C(100) << 32 | pe;
}

static uint64_t
target_of(size_t pe)
{
	return UINT64_C(0x0002) << 48 | UINT64_C(100) << 32 | pe % 3;
}

static struct prefix
prefix_of(unsigned i)
{
	return prefix_make(addr_v4(0x64000000 + (i << 8)), 24); /* the same in every VPN */
}

static void
say(size_t pe, unsigned i)
{
	uint64_t target = target_of(pe);
	struct bgp_own_route r = { .family = BGP_VPNV4,
		.prefix = prefix_of(i),
		.rd = rd_of(pe),
		.label = routes[pe][i].label,
		.targets = &target,
		.target_count = 1,
		.origin = ORIGIN_INCOMPLETE };

	if (set.instances) { /* of the instance: label, distinguisher and target are put to it */
		r.family = BGP_IPV4;
		r.rd = 0;
		r.target_count = 0;
	}
	vpn_net_give(net, pe,
	    &(struct bgp_input){
		.kind = BGP_IN_ROUTE, .instance = set.instances ? "V" : "", .route = &r, .gone = !routes[pe][i].told });
}

static void
say_all(size_t pe)
{
	for (unsigned i = 0; i < ROUTES; i++)
		if (routes[pe][i].told)
			say(pe, i);
}

/* --- what has to be so --- */

static const struct dest *
dest_at(size_t node, size_t pe, unsigned i)
{
	const struct instance *in = instance_find(net->nodes[node]->b, "");
	struct prefix p = prefix_of(i);

	return in && in->ribs[BGP_VPNV4] ? dest_find(in->ribs[BGP_VPNV4], rd_of(pe), &p) : NULL;
}

static bool
shares_vpn(size_t a, size_t b)
{
	return a % 3 == b % 3;
}

static uint32_t
label_of(size_t pe)
{
	return 100000 + (uint32_t)pe;
}

static void
check_route(size_t node, size_t pe, unsigned i)
{
	const struct dest *d = dest_at(node, pe, i);
	const struct path *best = d && d->paths && d->paths->best ? d->paths : NULL;

	if (!routes[pe][i].told || !net->nodes[pe]->b) {
		if (best)
			fail("node %zu has a path to route %u of PE %zu, which tells it no more", node, i, pe);
		return;
	}
	if (!best)
		fail("node %zu has no path to route %u of PE %zu (%s)", node, i, pe,
		    d && d->paths ? path_fault_text(d->paths->fault) : "nothing is known");
	uint32_t label = set.instances ? label_of(pe) : routes[pe][i].label;
	if (best->label != label)
		fail("node %zu has label %u for route %u of PE %zu, not %u", node, best->label, i, pe, label);
	if (node != pe && !addr_eq(&best->attrs->next_hop, &net->nodes[pe]->address))
		fail("node %zu sends route %u of PE %zu elsewhere", node, i, pe);
	if (!attr_has_ext(best->attrs, target_of(pe)))
		fail("node %zu has lost the target of route %u of PE %zu", node, i, pe);
}

/* In a PE's instance: a path for each other PE of its VPN that tells the prefix, and its own. */
static void
check_instance(size_t node, unsigned i)
{
	const struct instance *in = instance_find(net->nodes[node]->b, "V");
	struct prefix p = prefix_of(i);
	const struct dest *d = in && in->ribs[BGP_IPV4] ? dest_find(in->ribs[BGP_IPV4], 0, &p) : NULL;
	unsigned expected = 0, found = 0;

	for (size_t pe = set.reflectors; pe < net->count; pe++)
		expected += shares_vpn(node, pe) && routes[pe][i].told && net->nodes[pe]->b;
	for (const struct path *k = d ? d->paths : NULL; k; k = k->next) {
		found++;
		if (k->fault != PATH_GOOD)
			fail("node %zu: a path to prefix %u is not used: %s", node, i, path_fault_text(k->fault));
		if (!k->origin)
			continue;
		size_t pe = addr_to_v4(&k->attrs->next_hop) - 0x0a000001;
		if (!shares_vpn(node, pe) || !routes[pe][i].told || k->label != label_of(pe) ||
		    k->origin->dest->rd != rd_of(pe))
			fail("node %zu: a path to prefix %u over PE %zu with label %u", node, i, pe, k->label);
	}
	if (found != expected)
		fail("node %zu has %u paths to prefix %u, not %u", node, found, i, expected);
}

/* What outs with add-path have told, each of a path that is there. */
static uint64_t
check_told(size_t node, const struct rib *r)
{
	uint64_t uses = 0;

	list_each (l, &r->outs) {
		const struct out *o = OBJECT(l, struct out, of_rib);
		hash_each (k, &o->told) {
			const struct told *t = OBJECT(k, struct told, by_dest);
			if (!t->count || !(t->dest->told >> o->bit & 1))
				fail("node %zu keeps what it has told of nothing", node);
			uses += t->count;
		}
	}
	return uses;
}

static void
check_memory(size_t node)
{
	const struct bgp *b = net->nodes[node]->b;
	uint64_t uses = 0, paths = 0, counted = 0, told = 0;

	hash_each (n, &b->attrs.sets) {
		uses += OBJECT(n, struct attr_set, by_content)->uses;
	}
	list_each (l, &b->instances) {
		const struct instance *in = OBJECT(l, struct instance, of_bgp);
		for (unsigned f = 0; f < BGP_FAMILIES; f++) {
			counted += in->ribs[f] ? in->ribs[f]->path_count : 0;
			told += in->ribs[f] ? check_told(node, in->ribs[f]) : 0;
			for (struct hash_node *k = in->ribs[f] ? in->ribs[f]->dests.oldest : NULL; k; k = k->newer) {
				const struct dest *d = OBJECT(k, struct dest, by_key);
				if (!d->paths)
					fail("node %zu keeps a destination that nobody leads to", node);
				for (const struct path *p = d->paths; p; p = p->next) {
					paths++;
					if (set.instances && node >= set.reflectors && f == BGP_VPNV4 &&
					    !attr_has_ext(p->attrs, target_of(node)))
						fail("node %zu keeps a path of another VPN", node);
				}
			}
		}
	}
	if (uses != paths + told || paths != counted)
		fail("node %zu: %llu uses of attributes, %llu paths, %llu counted", node, (unsigned long long)uses,
		    (unsigned long long)paths, (unsigned long long)counted);
}

static void
check_all(void)
{
	for (size_t node = 0; node < net->count; node++) {
		if (!net->nodes[node]->b)
			continue;
		for (size_t pe = set.reflectors; pe < net->count; pe++)
			for (unsigned i = 0; i < ROUTES; i++)
				if (!set.instances || node < set.reflectors || shares_vpn(node, pe))
					check_route(node, pe, i);
		for (unsigned i = 0; set.instances && node >= set.reflectors && i < ROUTES; i++)
			check_instance(node, i);
		check_memory(node);
	}
}

/* --- trouble --- */

static void
restart(size_t node, bool graceful)
{
	if (net->nodes[node]->b)
		vpn_net_kill(net, node);
	vpn_net_run(net, chance(SECONDS(graceful ? 20 : 300)));
	vpn_net_start(net, node, graceful);
	say_all(node);
}

static void
change(void)
{
	size_t pe = any_pe();
	unsigned i = (unsigned)chance(ROUTES);

	if (chance(3))
		routes[pe][i].told = !routes[pe][i].told;
	routes[pe][i].label = 16 + (uint32_t)chance(1000);
	say(pe, i);
}

static void
trouble(void)
{
	size_t node = chance(8) ? any_pe() : chance(set.reflectors);

	switch (chance(8)) {
	case 0: restart(node, true); break;
	case 1: restart(node, false); break;
	case 2: vpn_net_give(net, node, &(struct bgp_input){ .kind = BGP_IN_RESET }); break;
	case 3:
		cut[node] = !cut[node];
		vpn_net_cut(net, node, cut[node]);
		break;
	case 4: vpn_net_give(net, node, &(struct bgp_input){ .kind = BGP_IN_REFRESH }); break;
	default:
		for (uint64_t k = chance(20); k; k--)
			change();
	}
	vpn_net_run(net, chance(3) ? chance(SECONDS(2)) : chance(SECONDS(200)));
}

static void
calm(void)
{
	for (size_t i = 0; i < net->count; i++) {
		cut[i] = false;
		vpn_net_cut(net, i, false);
		if (!net->nodes[i]->b) {
			vpn_net_start(net, i, false);
			say_all(i);
		}
	}
	vpn_net_run(net, QUIET);
	check_all();
}

/* After each step: nobody has lost what those tell who restart. */
static bool watching;
static void
watch(struct sim *s, void *ctx)
{
	(void)s;
	(void)ctx;
	if (!watching || chance(50))
		return;
	size_t node = any_pe(), pe = any_pe();
	if (set.instances && !shares_vpn(node, pe))
		return;
	for (unsigned i = 0; net->nodes[node]->b && node != pe && i < ROUTES; i++) {
		const struct dest *d = dest_at(node, pe, i);
		if (routes[pe][i].told && !(d && d->paths && d->paths->best) && !net->nodes[node]->restarted)
			fail("PE %zu has lost route %u of PE %zu while somebody restarts", node, i, pe);
	}
}

static void
graceful_restarts(void)
{
	for (size_t i = 0; i < net->count; i++)
		net->nodes[i]->restarted = false;
	watching = true;
	for (unsigned k = 0; k < 4; k++) {
		size_t node = chance(4) ? any_pe() : chance(set.reflectors);
		restart(node, true);
		vpn_net_run(net, SECONDS(400));
		net->nodes[node]->restarted = false;
	}
	watching = false;
	check_all();
}

static void
round_of_trouble(void)
{
	for (unsigned i = 0; i < set.troubles; i++)
		trouble();
	calm();
	graceful_restarts();
}

/* The first is a reflector. */
static void
join(size_t r, size_t other)
{
	uint32_t families = BGP_FAMILY_BIT(BGP_VPNV4) | (set.members ? BGP_FAMILY_BIT(BGP_RT_CONSTRAINT) : 0);

	vpn_net_peer(net, r, other, families);
	for (size_t i = 0; i < 2; i++) {
		struct bgp_peer_config *p = vpn_net_peer_config(net, i ? other : r, i ? r : other);
		p->family[BGP_VPNV4].receive_add_path = set.add_path;
		p->family[BGP_VPNV4].send_add_path = set.add_path && (i ? other : r) < set.reflectors;
	}
	if (other < set.reflectors)
		return;
	vpn_net_peer_config(net, r, other)->family[BGP_VPNV4].reflect_client = true;
	vpn_net_peer_config(net, r, other)->family[BGP_RT_CONSTRAINT].reflect_client = true;
}

static void
build(void)
{
	net = vpn_net_new(set.seed);
	net->sim.delay = 2000;
	net->sim.jitter = 3000;
	net->sim.late_percent = 2;
	net->sim.chop = true;
	net->sim.broken = broken;
	net->sim.watch = watch;
	for (unsigned i = 0; i < set.reflectors + set.pes; i++)
		vpn_net_add(net, 100)->config.no_target_policy = i >= set.reflectors && !set.instances;
	for (size_t pe = set.reflectors; set.instances && pe < net->count; pe++) {
		struct bgp_config *c = &net->nodes[pe]->config;
		c->instances = mem_resize(c->instances, 2 * sizeof *c->instances);
		c->instance_count = 2;
		c->instances[1] = (struct bgp_instance_config){ .name = "V" };
		c->instances[1].vpn[0] = (struct bgp_vpn_config){ .on = true,
			.rd = rd_of(pe),
			.import = { target_of(pe) },
			.export = { target_of(pe) },
			.import_count = 1,
			.export_count = 1,
			.label = label_of(pe) };
	}
	if (set.reflectors > 1)
		join(0, 1);
	for (size_t pe = set.reflectors; pe < net->count; pe++)
		for (size_t r = 0; r < set.reflectors; r++)
			join(r, pe);
	vpn_net_start_all(net);
	for (size_t pe = set.reflectors; pe < net->count; pe++)
		for (unsigned i = 0; i < ROUTES; i++) {
			routes[pe][i].told = chance(2);
			routes[pe][i].label = 16 + (uint32_t)chance(1000);
			if (routes[pe][i].told)
				say(pe, i);
		}
}

static unsigned
number(const char *text, unsigned least, unsigned most)
{
	unsigned long v = strtoul(text, NULL, 10);

	return v < least ? least : v > most ? most : (unsigned)v;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "seed", required_argument, NULL, 's' },
		{ "pes", required_argument, NULL, 'p' }, { "troubles", required_argument, NULL, 't' },
		{ "rounds", required_argument, NULL, 'r' }, { "instances", no_argument, NULL, 'i' },
		{ "members", no_argument, NULL, 'm' }, { "add-path", no_argument, NULL, 'a' },
		{ "reflectors", required_argument, NULL, 'R' }, { 0 } };
	int c;

	if (getrandom(&set.seed, sizeof set.seed, 0) != sizeof set.seed)
		return 1;
	set.seed %= UINT32_MAX;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 's': set.seed = strtoull(optarg, NULL, 10); break;
		case 'p': set.pes = number(optarg, 2, VPN_NODES - REFLECTORS_MAX); break;
		case 't': set.troubles = number(optarg, 1, 1000000); break;
		case 'R': set.reflectors = number(optarg, 1, REFLECTORS_MAX); break;
		case 'i': set.instances = true; break;
		case 'm': set.members = true; break;
		case 'a': set.add_path = true; break;
		case 'r': set.rounds = number(optarg, 1, 1000); break;
		default:
			fprintf(stderr, "usage: sim_l3vpn [--seed N] [--pes N] [--troubles N] [--rounds N] "
					"[--instances] [--members] [--add-path] [--reflectors N]\n");
			return 2;
		}
	build();
	calm();
	for (unsigned r = 0; r < set.rounds; r++)
		round_of_trouble();
	printf("sim_l3vpn: %u PEs%s, %u rounds of %u troubles, %.0f s of their time, %zu effects, transcript %016llx "
	       "(seed %llu): all is well\n",
	    set.pes, set.instances ? " with instances" : "", set.rounds, set.troubles, (double)net->sim.now / 1e6,
	    net->sim.effects, (unsigned long long)net->sim.transcript, (unsigned long long)set.seed);
	vpn_net_free(net);
	return 0;
}
