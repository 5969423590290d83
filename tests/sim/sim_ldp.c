/*
 * A hundred LDP engines in one process, on a clock of their own.
 *
 * The engines are the very objects of the daemon; beside each stands a model of fibd that keeps what was programmed when
 * its engine is killed (tests/helper/ldp_net.c). Routers hang in a random graph with an ideal IGP. Hellos are lost,
 * doubled and overtake each other; streams come in pieces and stop while there is no way; links are cut, the network
 * falls apart, engines are killed and start again, operators reset sessions and switch LDP off and on, and change
 * policies. All of that follows from one number: the same number gives the same run, byte for byte.
 *
 * What must hold. At every moment: no packet arrives where it was not meant to, nothing is said in a session that has
 * ended (the net refuses it), no deadline lies in the past. When all is quiet again: every LSP from everybody to everybody
 * is complete and free of loops, every label belongs to a living FEC, what each has bound is what the other has told, and
 * nothing is left of what is gone.
 */
#include "ldpd/model.h"
#include "tests/helper/ldp_net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static struct ldp_net *net;
static bool ipv6;
static unsigned nodes = 100, troubles = 150, checks;
static uint64_t seed;

static void __attribute__((noreturn, format(printf, 1, 2))) broken(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "sim_ldp: after %llu ms: ", (unsigned long long)(net->now / USEC_PER_MSEC));
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n  once more: sim_ldp --nodes %u --troubles %u --seed %llu%s\n", nodes, troubles,
	    (unsigned long long)seed, ipv6 ? " --ipv6" : "");
	exit(1);
}

/* --- the graph --- */

static void
join(size_t a, size_t b)
{
	char from[48], to[48];
	size_t n = net->link_count;

	if (net->nodes[a]->port_count >= NET_PORTS || net->nodes[b]->port_count >= NET_PORTS)
		return;
	snprintf(from, sizeof from, "10.%zu.%zu.1/24", n / 200, n % 200);
	snprintf(to, sizeof to, "10.%zu.%zu.2/24", n / 200, n % 200);
	ldp_net_link(net, net->nodes[a], from, net->nodes[b], to);
}

static void
build(void)
{
	net = ldp_net_new(seed);
	net->chop = true;
	net->delay = 2 * USEC_PER_MSEC;
	net->jitter = 20 * USEC_PER_MSEC;
	net->double_percent = 5;
	for (unsigned i = 0; i < nodes; i++) {
		char lsr[32];
		snprintf(lsr, sizeof lsr, "9.9.%u.%u", i / 250, i % 250 + 1);
		ldp_net_add(net, lsr);
		if (i) /* not too long a tail, not too flat a bush */
			join(i, i - 1 - rng_below(&net->rng, i < 12 ? i : 12));
	}
	for (unsigned i = 0; i < nodes / 2; i++) {
		size_t a = rng_below(&net->rng, nodes), b = rng_below(&net->rng, nodes);
		if (a != b)
			join(a, b);
	}
	if (ipv6)
		ldp_net_add_ipv6(net, false);
	ldp_net_route(net);
	ldp_net_start(net);
}

/* --- what must hold --- */

/* Looked at after every step, a few packets each time: over a run that is many of every kind. */
static void
nothing_goes_astray(struct ldp_net *n, void *ctx)
{
	(void)ctx;
	for (unsigned i = 0; i < 2; i++) {
		struct ldp_node *from = n->nodes[checks++ * 7919u % nodes], *to = n->nodes[checks * 104729u % nodes];
		bool six = ipv6 && checks & 1;
		const char *lost = ldp_net_trace(n, from, six ? ldp_node_address6(to) : addr_v4(to->lsr));
		if (lost && (strstr(lost, "another FEC") || strstr(lost, "not the egress")))
			broken("%s", lost);
	}
}

/* What one has bound is what the other has told, and is told it still. */
static void
check_bindings(struct ldp_node *n)
{
	hash_each (f, &n->ldp->fecs) {
		struct fec *fec = OBJECT(f, struct fec, by_prefix);
		for (const struct binding *b = fec->bindings; b; b = b->next) {
			const struct ldp_node *peer = NULL;
			for (size_t i = 0; i < net->node_count; i++)
				if (net->nodes[i]->lsr == b->peer->lsr)
					peer = net->nodes[i];
			struct fec *theirs = peer ? fec_find(peer->ldp, &fec->prefix) : NULL;
			if (!theirs || theirs->label != b->label || b->stale)
				broken("node %zu has a label %u that its peer does not give", n->index, b->label);
		}
	}
}

static void
check_node(struct ldp_node *n)
{
	size_t labels = 0, told = 0;

	hash_each (f, &n->ldp->fecs) {
		struct fec *fec = OBJECT(f, struct fec, by_prefix);
		labels += fec->label >= LABEL_FIRST_FREE && fec->label <= LABEL_MAX;
		for (const struct advert *a = fec->adverts; a; a = a->next) {
			if (a->state != ADVERT_TOLD)
				broken("node %zu still waits for a Release", n->index);
			told++;
		}
	}
	unsigned fecs = ipv6 ? 2 * nodes : nodes;
	if (n->ldp->fecs.count != fecs || n->lsp_count != fecs)
		broken("node %zu has %zu FECs and %zu LSPs of %u", n->index, n->ldp->fecs.count, n->lsp_count, fecs);
	if (label_pool_used(n->ldp->labels) != labels)
		broken("node %zu has leaked labels: %zu are taken, %zu are in use", n->index,
		    label_pool_used(n->ldp->labels), labels);
	if (told != n->ldp->peers.count * fecs)
		broken("node %zu has told %zu labels to %zu peers", n->index, told, n->ldp->peers.count);
	if (n->ldp->orphan_count || n->ldp->held_count || n->ldp->pending_count)
		broken("node %zu keeps something of what is gone", n->index);
	check_bindings(n);
}

/* --- what happens --- */

static void
trouble(void)
{
	struct ldp_node *n = net->nodes[rng_below(&net->rng, nodes)];
	struct net_link *l = net->links[rng_below(&net->rng, net->link_count)];

	switch (rng_below(&net->rng, 8)) {
	case 0:
	case 1:
		l->cut = !l->cut;
		ldp_net_route(net);
		break;
	case 2:
		if (n->ldp && n->swept)
			ldp_node_kill(n);
		else if (!n->ldp)
			ldp_node_start(n);
		break;
	case 3: ldp_node_input(n, &(struct ldp_input){ .kind = LDP_IN_CLEAR }); break;
	case 4: net->lose_percent = (unsigned)rng_below(&net->rng, 50); break;
	case 5: { /* every link of a router: it is cut off */
		bool cut = rng_below(&net->rng, 2);
		for (size_t i = 1; i < n->port_count; i++)
			n->ports[i].link->cut = cut;
		ldp_net_route(net);
		break;
	}
	case 6:
		n->config.ordered = !n->config.ordered;
		if (n->ldp)
			ldp_node_configure(n);
		break;
	default:
		n->config.enabled = !n->config.enabled;
		if (n->ldp)
			ldp_node_configure(n);
		break;
	}
}

static void
all_is_well_again(void)
{
	net->lose_percent = 0;
	for (size_t i = 0; i < net->link_count; i++)
		net->links[i]->cut = false;
	for (size_t i = 0; i < net->node_count; i++) {
		struct ldp_node *n = net->nodes[i];
		n->config.enabled = true;
		n->config.ordered = false;
		if (!n->ldp)
			ldp_node_start(n);
		ldp_node_configure(n);
	}
	ldp_net_route(net);
}

static uint64_t
run(void)
{
	build();
	if (!ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC))
		broken("the sessions do not come up");
	net->watch = nothing_goes_astray;
	for (unsigned i = 0; i < troubles; i++) {
		ldp_net_run(net, rng_below(&net->rng, 2 * USEC_PER_SEC));
		trouble();
	}
	all_is_well_again();
	if (!ldp_net_until(net, ldp_net_is_settled, 300 * USEC_PER_SEC))
		broken("the sessions do not come up again");
	net->watch = NULL;
	ldp_net_run(net, 130 * USEC_PER_SEC); /* beyond every hold and recovery time */
	const char *lost = ldp_net_trace_all(net);
	if (!lost && ipv6)
		lost = ldp_net_trace_all6(net);
	if (lost)
		broken("%s", lost);
	for (size_t i = 0; i < net->node_count; i++)
		check_node(net->nodes[i]);
	uint64_t transcript = net->transcript;
	printf("sim_ldp: %u routers, %zu links, %u troubles, %llu s of their time, %zu effects, transcript %016llx "
	       "(seed %llu): all is well\n",
	    nodes, net->link_count, troubles, (unsigned long long)(net->now / USEC_PER_SEC), net->effects,
	    (unsigned long long)transcript, (unsigned long long)seed);
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
		else if (strcmp(argv[i], "--seed") == 0)
			seed = number(argc, argv, &i);
		else if (strcmp(argv[i], "--twice") == 0)
			twice = true;
		else if (strcmp(argv[i], "--ipv6") == 0)
			ipv6 = true;
		else {
			fprintf(stderr, "usage: sim_ldp [--nodes N] [--troubles N] [--seed N] [--twice] [--ipv6]\n");
			return 2;
		}
	}
	if (nodes < 2 || nodes > NET_NODES) {
		fprintf(stderr, "sim_ldp: 2 to %d nodes\n", NET_NODES);
		return 2;
	}
	uint64_t first = run();
	if (twice && run() != first) {
		fprintf(stderr, "sim_ldp: the same number %llu gave two different runs\n", (unsigned long long)seed);
		return 1;
	}
	return 0;
}
