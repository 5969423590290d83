/*
 * A hundred LDP engines in one process, on a clock of their own.
 *
 * The engines are the very objects of the daemon; beside each stands a model of fibd that keeps what was programmed when
 * its engine is killed (tests/helper/ldp_net.c). Routers hang in a random graph with an ideal IGP that each of them hears
 * of at its own time. All of that follows from one number: the same number gives the same run, byte for byte.
 *
 * A run has three parts. In the first, engines restart (RFC 3478) and nothing else happens: not one packet is lost. In
 * the second there is trouble: Hellos are lost, doubled and overtake each other; streams come in pieces, late, and break;
 * links are cut, lose their carrier or work one way only; the network falls apart; engines are killed, routers lose
 * power; operators reset sessions, switch LDP off and change the control mode. Something is always broken, most is not.
 * In the third all is well again, and in the end everything is withdrawn.
 *
 * What must hold. At every moment: no packet arrives where it was not meant to, nothing is said in a session that has
 * ended (the simulation refuses it), no deadline lies in the past, no Hello comes later than its interval. When all is
 * quiet: every LSP from everybody to everybody is complete and free of loops, every label belongs to a living FEC, what
 * each has bound is what the other has told, all of it. When all is withdrawn: nothing is left, and doing all of it once
 * more needs no more memory.
 */
#include "ldpd/model.h"
#include "tests/helper/ldp_net.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static struct ldp_net *net;
static bool ipv6;
static unsigned nodes = 100, troubles = 150, restarts = 3, checks;
static uint64_t seed;
static usec_t hello_at[SIM_NODES][SIM_PORTS + 1]; /* of each port; 0: none since it could */

static void __attribute__((noreturn)) give_up(struct sim *s, const char *what)
{
	fprintf(stderr,
	    "sim_ldp: after %llu ms: %s\n  once more: sim_ldp --nodes %u --troubles %u --restarts %u --seed %llu%s\n",
	    (unsigned long long)(s->now / USEC_PER_MSEC), what, nodes, troubles, restarts, (unsigned long long)seed,
	    ipv6 ? " --ipv6" : "");
	exit(1);
}

#define broken(...) sim_broken(&net->sim, __VA_ARGS__)

static uint64_t
chance(uint64_t limit)
{
	return rng_below(&net->sim.rng, limit);
}

/* --- the graph --- */

static void
join(size_t a, size_t b)
{
	char from[48], to[48];
	size_t n = net->sim.link_count;

	if (net->nodes[a]->sim.port_count >= SIM_PORTS || net->nodes[b]->sim.port_count >= SIM_PORTS)
		return;
	snprintf(from, sizeof from, "10.%zu.%zu.1/24", n / 200, n % 200);
	snprintf(to, sizeof to, "10.%zu.%zu.2/24", n / 200, n % 200);
	ldp_net_link(net, net->nodes[a], from, net->nodes[b], to);
}

/* Every Hello within its interval of the last one. */
static bool
see_hello(struct ldp_node *n, const struct effect *e, void *ctx)
{
	(void)ctx;
	if (e->kind == EFFECT_DATAGRAM_SEND && e->where && e->where <= SIM_PORTS) {
		usec_t *at = &hello_at[n->sim.index][e->where];
		if (*at && net->sim.now - *at > LDP_HELLO_INTERVAL_S * USEC_PER_SEC)
			broken("a Hello of node %zu comes %llu ms after the last", n->sim.index,
			    (unsigned long long)((net->sim.now - *at) / USEC_PER_MSEC));
		*at = net->sim.now;
	}
	return false;
}

static void
no_hellos(const struct sim_node *n)
{
	memset(hello_at[n->index], 0, sizeof hello_at[n->index]);
}

static void
build(void)
{
	net = ldp_net_new(seed);
	net->sim.broken = give_up;
	net->sim.chop = true;
	net->sim.delay = 2 * USEC_PER_MSEC;
	net->tap = see_hello;
	memset(hello_at, 0, sizeof hello_at);
	for (unsigned i = 0; i < nodes; i++) {
		char lsr[32];
		snprintf(lsr, sizeof lsr, "9.9.%u.%u", i / 250, i % 250 + 1);
		ldp_net_add(net, lsr);
		if (i) /* not too long a tail, not too flat a bush */
			join(i, i - 1 - chance(i < 12 ? i : 12));
	}
	for (unsigned i = 0; i < nodes / 2; i++) {
		size_t a = chance(nodes), b = chance(nodes);
		if (a != b)
			join(a, b);
	}
	if (ipv6)
		ldp_net_add_ipv6(net, false);
	ldp_net_route(net);
	ldp_net_start(net);
}

/* --- what must hold at every moment: a few packets each time are many over a run --- */

static const char *
some_packet(void)
{
	const struct ldp_node *to = net->nodes[(checks + 1) * 104729u % nodes];

	struct addr address = ipv6 && checks & 1 ? ldp_node_address6(to) : addr_v4(to->lsr);

	return ldp_net_trace(net, net->nodes[checks++ * 7919u % nodes], address);
}

static void
nothing_goes_astray(struct ldp_net *n, void *ctx)
{
	(void)n;
	(void)ctx;
	for (unsigned i = 0; i < 2; i++) {
		const char *lost = some_packet();
		if (lost && (strstr(lost, "another FEC") || strstr(lost, "not the egress")))
			broken("%s", lost);
	}
}

static void
nothing_is_lost(struct ldp_net *n, void *ctx)
{
	(void)n;
	(void)ctx;
	for (unsigned i = 0; i < 4; i++) {
		const char *lost = some_packet();
		if (lost)
			broken("while engines restart, a packet is lost %s", lost);
	}
}

/* --- what must hold when all is quiet --- */

/* What one has bound is what the other has told, and is told it still. */
static size_t
check_bindings(struct ldp_node *n)
{
	size_t count = 0;

	hash_each (f, &n->ldp->fecs) {
		struct fec *fec = OBJECT(f, struct fec, by_prefix);
		for (const struct binding *b = fec->bindings; b; b = b->next) {
			const struct ldp_node *peer = NULL;
			for (size_t i = 0; i < net->node_count; i++)
				if (net->nodes[i]->lsr == b->peer->lsr)
					peer = net->nodes[i];
			struct fec *theirs = peer ? fec_find(peer->ldp, &fec->prefix) : NULL;
			if (!theirs || theirs->label != b->label || b->stale)
				broken("node %zu has a label %u that its peer does not give", n->sim.index, b->label);
			count++;
		}
	}
	return count;
}

static void
check_node(struct ldp_node *n)
{
	size_t labels = 0, told = 0, fecs = ipv6 ? 2 * nodes : nodes, index = n->sim.index;
	size_t of_all = n->ldp->peers.count * fecs;

	hash_each (f, &n->ldp->fecs) {
		struct fec *fec = OBJECT(f, struct fec, by_prefix);
		labels += fec->label >= LABEL_FIRST_FREE && fec->label <= LABEL_MAX;
		for (const struct advert *a = fec->adverts; a; a = a->next) {
			if (a->state != ADVERT_TOLD)
				broken("node %zu still waits for a Release", index);
			told++;
		}
	}
	if (n->ldp->fecs.count != fecs || n->lsp_count != fecs)
		broken("node %zu has %zu FECs and %zu LSPs of %zu", index, n->ldp->fecs.count, n->lsp_count, fecs);
	if (label_pool_used(n->ldp->labels) != labels)
		broken("node %zu has leaked labels: %zu are taken, %zu are in use", index,
		    label_pool_used(n->ldp->labels), labels);
	if (told != of_all)
		broken("node %zu has told %zu labels to %zu peers", index, told, n->ldp->peers.count);
	if (check_bindings(n) != of_all)
		broken("node %zu has not the labels of all its %zu peers", index, n->ldp->peers.count);
	if (n->ldp->orphan_count || n->ldp->held_count || n->ldp->pending_count)
		broken("node %zu keeps something of what is gone", index);
	for (size_t i = 1; i < n->sim.port_count; i++)
		if (hello_at[index][i + 1] + LDP_HELLO_INTERVAL_S * USEC_PER_SEC < net->sim.now)
			broken("node %zu has stopped its Hellos", index);
}

static void
check_all(void)
{
	const char *lost = ldp_net_trace_all(net);

	if (!lost && ipv6)
		lost = ldp_net_trace_all6(net);
	if (lost)
		broken("%s", lost);
	for (size_t i = 0; i < net->node_count; i++)
		check_node(net->nodes[i]);
}

static void
settle(const char *what)
{
	if (!ldp_net_until(net, ldp_net_is_settled, 300 * USEC_PER_SEC))
		broken("the sessions do not come up %s", what);
	ldp_net_run(net, 130 * USEC_PER_SEC); /* beyond every hold and recovery time */
	check_all();
}

/* --- restarts --- */

static void
restart_some(void)
{
	struct ldp_node *down[8];
	size_t count = 1 + chance(nodes < COUNT(down) ? 1 : COUNT(down));

	for (size_t i = 0; i < count; i++) {
		down[i] = net->nodes[chance(nodes)];
		ldp_node_kill(down[i]);
		no_hellos(&down[i]->sim);
		ldp_net_run(net, chance(3 * USEC_PER_SEC));
	}
	ldp_net_run(net, chance(30 * USEC_PER_SEC));
	for (size_t i = 0; i < count; i++) {
		if (!down[i]->ldp)
			ldp_node_start(down[i]);
		ldp_net_run(net, chance(USEC_PER_SEC));
	}
	if (!ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC))
		broken("the sessions do not come up after a restart");
}

/* --- trouble --- */

static void
carrier(struct sim_link *l, bool up)
{
	for (int side = 0; side < 2; side++) {
		struct ldp_node *n = net->nodes[l->node[side]->index];
		struct sim_port *p = sim_port_find(&n->sim, l->ifindex[side]);
		p->up = up;
		hello_at[n->sim.index][p->ifindex] = 0;
		ldp_node_port(n, p);
	}
}

static bool
has_carrier(const struct sim_link *l)
{
	return sim_port_find(l->node[0], l->ifindex[0])->up;
}

static void
switch_ldp(struct ldp_node *n, bool on)
{
	n->config.enabled = on;
	no_hellos(&n->sim);
	if (n->ldp)
		ldp_node_configure(n);
}

/* Is there something broken about it? Then it is mended. */
static bool
mend_link(struct sim_link *l)
{
	bool was = l->cut || l->deaf[0] || l->deaf[1] || l->lose_percent;

	l->cut = l->deaf[0] = l->deaf[1] = false;
	l->lose_percent = 0;
	if (!has_carrier(l)) {
		carrier(l, true);
		was = true;
	}
	return was;
}

static bool
mend_node(struct ldp_node *n)
{
	bool was = !n->ldp || !n->config.enabled;

	if (!n->ldp)
		ldp_node_start(n);
	if (!n->config.enabled)
		switch_ldp(n, true);
	return was;
}

static void
mend_one(void)
{
	size_t from = chance(nodes + net->sim.link_count);

	for (size_t i = 0; i < nodes + net->sim.link_count; i++) {
		size_t k = (from + i) % (nodes + net->sim.link_count);
		if (k < nodes ? mend_node(net->nodes[k]) : mend_link(net->sim.links[k - nodes]))
			return;
	}
}

static void
break_one(void)
{
	struct ldp_node *n = net->nodes[chance(nodes)];
	struct sim_link *l = net->sim.links[chance(net->sim.link_count)];

	no_hellos(&n->sim);
	switch (chance(10)) {
	case 0:
	case 1: l->cut = true; break;
	case 2: l->deaf[chance(2)] = true; break;
	case 3: l->lose_percent = 60; break;
	case 4: carrier(l, false); break;
	case 5:
	case 6: ldp_node_kill(n); break;
	case 7: ldp_node_crash(n); break;
	case 8: switch_ldp(n, false); break;
	default: /* every link of a router: it is cut off */
		for (size_t i = 1; i < n->sim.port_count; i++)
			n->sim.ports[i].link->cut = true;
		break;
	}
}

static size_t
broken_things(void)
{
	size_t count = 0;

	for (size_t i = 0; i < nodes; i++)
		count += !net->nodes[i]->ldp || !net->nodes[i]->config.enabled;
	for (size_t i = 0; i < net->sim.link_count; i++) {
		const struct sim_link *l = net->sim.links[i];
		count += l->cut || l->deaf[0] || l->deaf[1] || l->lose_percent || !has_carrier(l);
	}
	return count;
}

static void
trouble(void)
{
	struct ldp_node *n = net->nodes[chance(nodes)];

	switch (chance(6)) {
	case 0: ldp_node_input(n, &(struct ldp_input){ .kind = LDP_IN_CLEAR }); break;
	case 1:
		net->sim.lose_percent = (unsigned)chance(40);
		net->sim.late_percent = (unsigned)chance(30);
		break;
	case 2:
		n->config.ordered = !n->config.ordered;
		if (n->ldp)
			ldp_node_configure(n);
		break;
	default:
		if (chance(2 + nodes / 5) < broken_things())
			mend_one();
		else
			break_one();
		ldp_net_route(net);
		break;
	}
}

static void
all_is_well_again(void)
{
	net->sim.lose_percent = net->sim.late_percent = net->sim.double_percent = 0;
	for (size_t i = 0; i < net->sim.link_count; i++)
		mend_link(net->sim.links[i]);
	for (size_t i = 0; i < net->node_count; i++) {
		net->nodes[i]->config.ordered = false;
		if (!mend_node(net->nodes[i]))
			ldp_node_configure(net->nodes[i]);
	}
	ldp_net_route(net);
}

/* --- the end --- */

/* Of the whole process, by whoever hands it out. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t
memory(void)
{
	for (size_t i = 0; i < net->node_count; i++)
		text_free(&net->nodes[i]->sim.log);
	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	return mallinfo2().uordblks;
}

static void
withdraw_everything(void)
{
	for (size_t i = 0; i < net->node_count; i++)
		switch_ldp(net->nodes[i], false);
	ldp_net_run(net, 200 * USEC_PER_SEC);
	for (size_t i = 0; i < net->node_count; i++) {
		const struct ldp *l = net->nodes[i]->ldp;
		if (l->peers.count || l->vias.count != 0 || label_pool_used(l->labels) || net->nodes[i]->lsp_count)
			broken("node %zu keeps %zu peers, %zu addresses, %zu labels and %zu LSPs of nobody", i,
			    l->peers.count, l->vias.count, label_pool_used(l->labels), net->nodes[i]->lsp_count);
	}
	if (sim_stream_count(&net->sim))
		broken("%zu connections are left of nobody", sim_stream_count(&net->sim));
}

/*
 * Memory that is kept for next time grows to what the worst moment so far needed, and the next time's worst moment may
 * be a worse one. What is lost grows each time.
 */
static void
do_it_all_again(void)
{
	enum { TIMES = 4 };
	size_t used[TIMES + 1] = { memory() };

	for (int i = 1; i <= TIMES; i++) {
		all_is_well_again();
		settle("once more");
		withdraw_everything();
		used[i] = memory();
		if (used[i] <= used[i - 1] + used[i - 1] / 100)
			return;
	}
	broken("%zu bytes were in use when all was withdrawn once, and each time more since then: %zu in the end",
	    used[0], used[TIMES]);
}

static uint64_t
run(void)
{
	build();
	settle("at first");
	net->watch = nothing_is_lost;
	for (unsigned i = 0; i < restarts; i++)
		restart_some();
	net->watch = nothing_goes_astray;
	net->igp_delay = 500 * USEC_PER_MSEC;
	net->sim.jitter = 20 * USEC_PER_MSEC;
	net->sim.double_percent = 5;
	net->sim.stream_timeout = (chance(2) ? 20 : 900) * USEC_PER_SEC;
	net->sim.stream_room = chance(2) ? 64 << 10 : 64 << 20;
	for (unsigned i = 0; i < troubles; i++) {
		ldp_net_run(net, chance(4 * USEC_PER_SEC));
		trouble();
	}
	all_is_well_again();
	settle("again");
	net->watch = NULL;
	withdraw_everything();
	do_it_all_again();
	uint64_t transcript = net->sim.transcript;
	printf("sim_ldp: %u routers, %zu links, %u restarts, %u troubles, %llu s of their time, %zu effects, "
	       "transcript %016llx "
	       "(seed %llu): all is well\n",
	    nodes, net->sim.link_count, restarts, troubles, (unsigned long long)(net->sim.now / USEC_PER_SEC),
	    net->sim.effects, (unsigned long long)transcript, (unsigned long long)seed);
	ldp_net_free(net);
	return transcript;
}

static unsigned long long
number(int argc, char **argv, int *i)
{
	if (*i + 1 < argc)
		return strtoull(argv[++*i], NULL, 0);
	fprintf(stderr, "sim_ldp: %s needs a number\n", argv[*i]);
	exit(2);
}

int
main(int argc, char **argv)
{
	bool twice = false;

	if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
		seed = (uint64_t)getpid();
	seed >>= 32;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--nodes") == 0)
			nodes = (unsigned)number(argc, argv, &i);
		else if (strcmp(argv[i], "--troubles") == 0)
			troubles = (unsigned)number(argc, argv, &i);
		else if (strcmp(argv[i], "--restarts") == 0)
			restarts = (unsigned)number(argc, argv, &i);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = number(argc, argv, &i);
		else if (strcmp(argv[i], "--twice") == 0)
			twice = true;
		else if (strcmp(argv[i], "--ipv6") == 0)
			ipv6 = true;
		else {
			fprintf(stderr, "usage: sim_ldp [--nodes N] [--troubles N] [--restarts N] [--seed N] [--twice] "
					"[--ipv6]\n");
			return 2;
		}
	}
	if (nodes < 2 || nodes > SIM_NODES) {
		fprintf(stderr, "sim_ldp: 2 to %d nodes\n", SIM_NODES);
		return 2;
	}
	uint64_t first = run();
	if (twice && run() != first) {
		fprintf(stderr, "sim_ldp: the same number %llu gave two different runs\n", (unsigned long long)seed);
		return 1;
	}
	return 0;
}
