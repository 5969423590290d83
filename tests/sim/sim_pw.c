/*
 * Hundreds of pseudowires between a few LDP engines, on a clock of their own (RFC 8077). The engines are the very objects of
 * the daemon; beside each stand models of fibd and l2vpnd that keep what they want when the engine is killed. All chance
 * comes from one number.
 *
 * A run has three parts. In the first, engines restart (RFC 3478) and nothing else happens: no end loses a label. In the
 * second both ends change their minds about everything (whether a pseudowire is wanted, control word, MTU, status, label,
 * group), sessions are reset, links are cut, engines are killed and routers lose power; streams come in pieces and break. In
 * the third all is well again.
 *
 * What must hold in the end: where both ends want a pseudowire each has the other's label, MTU and status, both mean the same
 * control word, and it is used when both prefer it; nobody waits for anything; what nobody wants is forgotten.
 */
#include "base/label.h"
#include "ldpd/pw.h"
#include "tests/helper/ldp_net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { PAIRS_MAX = 4096, GROUPS = 4, FIRST_LABEL = 524288, FAULT = 6, STANDBY = 0x20 };

struct end {
	struct ldp_node *node;
	struct net_pw pw;
	bool wanted;
};
struct pair {
	struct end ends[2];
};

static struct ldp_net *net;
static struct pair pairs[PAIRS_MAX];
static unsigned nodes = 6, pair_count = 300, troubles = 200, restarts = 4;
static uint64_t seed;
static uint32_t next_label;

static void __attribute__((noreturn)) give_up(struct sim *s, const char *what)
{
	fprintf(stderr,
	    "sim_pw: after %llu ms: %s\n  once more: sim_pw --nodes %u --pairs %u --troubles %u --restarts %u --seed "
	    "%llu\n",
	    (unsigned long long)(s->now / USEC_PER_MSEC), what, nodes, pair_count, troubles, restarts,
	    (unsigned long long)seed);
	exit(1);
}

#define broken(...) sim_broken(&net->sim, __VA_ARGS__)

static uint64_t
chance(uint64_t limit)
{
	return rng_below(&net->sim.rng, limit);
}

/* --- what is there --- */

static void
join(size_t a, size_t b)
{
	char from[48], to[48];
	size_t n = net->sim.link_count;

	snprintf(from, sizeof from, "10.0.%zu.1/24", n);
	snprintf(to, sizeof to, "10.0.%zu.2/24", n);
	ldp_net_link(net, net->nodes[a], from, net->nodes[b], to);
}

static void
tell(struct end *e, bool wanted)
{
	e->wanted = wanted;
	if (wanted)
		net_pw_want(e->node, &e->pw);
	else
		net_pw_unwant(e->node, e->pw.peer, e->pw.type, e->pw.vc_id);
}

static void
make_pair(unsigned i)
{
	size_t a = 1 + chance(nodes), b = 1 + chance(nodes - 1);

	b += b >= a;
	for (int k = 0; k < 2; k++) {
		struct end *e = &pairs[i].ends[k];
		e->node = net->nodes[k ? b : a];
		e->pw = (struct net_pw){ .peer = net->nodes[k ? a : b]->lsr,
			.type = i % 3 ? 5 : 4,
			.vc_id = 1000 + i,
			.label = FIRST_LABEL + next_label++,
			.group = i % (GROUPS + 1),
			.control_word = chance(2),
			.mtu = 1500 };
		tell(e, true);
	}
}

/* One router in the middle, the others around it in a ring. */
static void
build(void)
{
	net = ldp_net_new(seed);
	net->sim.broken = give_up;
	net->sim.chop = true;
	net->sim.delay = 2 * USEC_PER_MSEC;
	for (unsigned i = 0; i <= nodes; i++) {
		char lsr[32];
		snprintf(lsr, sizeof lsr, "9.9.9.%u", i + 1);
		ldp_net_add(net, lsr)->l2vpnd = true;
	}
	for (unsigned i = 1; i <= nodes; i++) {
		join(0, i);
		join(i, i % nodes + 1);
	}
	for (unsigned i = 0; i < pair_count; i++)
		make_pair(i);
	ldp_net_route(net);
	ldp_net_start(net);
}

/* --- what must hold when all is quiet --- */

/* What one end alone wants has a row, and the other end has said nothing. */
static void
check_alone(const struct end *e)
{
	const Ldp__Pw *r = ldp_node_pw(e->node, e->pw.peer, e->pw.type, e->pw.vc_id);

	if (!r || !r->requested || r->stale || r->remote_label != LABEL_UNSET)
		broken("node %zu has no row of pseudowire %u as it should be", e->node->sim.index, e->pw.vc_id);
}

static void
check_end(const struct end *here, const struct end *there)
{
	size_t at = here->node->sim.index;
	const Ldp__Pw *r = ldp_node_pw(here->node, here->pw.peer, here->pw.type, here->pw.vc_id);
	bool both = here->pw.control_word && there->pw.control_word;

	if (!r || !r->requested || r->stale || !r->session)
		broken("node %zu has no row of pseudowire %u as it should be", at, here->pw.vc_id);
	if (r->remote_label != there->pw.label)
		broken("node %zu has label %u of the other end of %u and not %u", at, r->remote_label, here->pw.vc_id,
		    there->pw.label);
	if (r->local_label != here->pw.label)
		broken(
		    "node %zu has told label %u of %u and not %u", at, r->local_label, here->pw.vc_id, here->pw.label);
	if (r->remote_status != there->pw.status || r->remote_mtu != there->pw.mtu ||
	    r->remote_group != there->pw.group)
		broken("node %zu has old news of pseudowire %u: status %u, MTU %u, group %u, not %u, %u, %u", at,
		    here->pw.vc_id, r->remote_status, r->remote_mtu, r->remote_group, there->pw.status, there->pw.mtu,
		    there->pw.group);
	if (!r->status_tlv || r->control_word != both)
		broken("node %zu: control word of %u is %d and should be %d (%s)", at, here->pw.vc_id, r->control_word,
		    both, r->trouble);
	if (!*r->trouble != (here->pw.mtu == there->pw.mtu))
		broken("node %zu: the trouble with %u is \"%s\"", at, here->pw.vc_id, r->trouble);
}

static void
check_pair(const struct pair *p)
{
	const struct end *a = &p->ends[0], *b = &p->ends[1];

	if (a->wanted && b->wanted) {
		check_end(a, b);
		check_end(b, a);
	} else if (a->wanted || b->wanted) {
		check_alone(a->wanted ? a : b);
	} else if (ldp_node_pw(a->node, a->pw.peer, a->pw.type, a->pw.vc_id) ||
		   ldp_node_pw(b->node, b->pw.peer, b->pw.type, b->pw.vc_id)) {
		broken("there is a row of pseudowire %u that nobody wants", a->pw.vc_id);
	}
}

static void
check_all(void)
{
	for (unsigned i = 0; i < pair_count; i++)
		check_pair(&pairs[i]);
	for (size_t i = 0; i < net->node_count; i++)
		hash_each (n, &net->nodes[i]->ldp->pws) {
			const struct pw *w = OBJECT(n, struct pw, by_id);
			if (w->awaited || w->asked || w->renegotiate)
				broken("node %zu still waits for something about %u", i, w->id);
		}
}

static void
settle(const char *what)
{
	if (!ldp_net_until(net, ldp_net_is_settled, 300 * USEC_PER_SEC))
		broken("the sessions do not come up %s", what);
	ldp_net_run(net, 300 * USEC_PER_SEC); /* beyond every hold, recovery and back-off time */
	check_all();
}

/* --- restarts --- */

/* What rows there are have the label; those of an engine that is not there, or recovers, stay as they were with readers. */
static void
no_label_is_lost(struct ldp_net *n, void *ctx)
{
	static unsigned turn;

	(void)n;
	(void)ctx;
	for (unsigned i = 0; i < 4; i++) {
		const struct pair *p = &pairs[turn++ % pair_count];
		for (int side = 0; side < 2; side++) {
			const struct end *e = &p->ends[side];
			const Ldp__Pw *r =
			    e->node->ldp ? ldp_node_pw(e->node, e->pw.peer, e->pw.type, e->pw.vc_id) : NULL;
			if (r && (r->remote_label != p->ends[!side].pw.label ||
				     r->control_word != (e->pw.control_word && p->ends[!side].pw.control_word)))
				broken("while engines restart, node %zu loses pseudowire %u", e->node->sim.index,
				    e->pw.vc_id);
			if (e->node->ldp && !r && ldp_node_table(e->node, "ldp.Pw")->complete)
				broken("after its restart node %zu has forgotten pseudowire %u", e->node->sim.index,
				    e->pw.vc_id);
		}
	}
}

static void
restart_one(void)
{
	struct ldp_node *n = net->nodes[1 + chance(nodes)];

	ldp_node_kill(n);
	ldp_net_run(net, chance(20 * USEC_PER_SEC));
	ldp_node_start(n);
	if (!ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC))
		broken("the sessions do not come up after a restart");
	ldp_net_run(net, 40 * USEC_PER_SEC);
}

/* --- trouble --- */

static void
change_mind(struct end *e)
{
	switch (chance(8)) {
	case 0:
	case 1: tell(e, !e->wanted); return;
	case 2:
	case 3: e->pw.control_word = !e->pw.control_word; break;
	case 4: e->pw.mtu = e->pw.mtu == 1500 ? 1400 : 1500; break;
	case 5: e->pw.label = FIRST_LABEL + next_label++; break;
	case 6: e->pw.group = (uint32_t)chance(GROUPS + 1); break;
	default: e->pw.status = chance(2) ? 0 : chance(2) ? FAULT : STANDBY; break;
	}
	if (e->wanted)
		tell(e, true);
}

/* All of a group at one router, as when its port fails, or is no longer configured. */
static void
change_group(void)
{
	const struct ldp_node *n = net->nodes[1 + chance(nodes)];
	uint32_t group = (uint32_t)chance(GROUPS + 1), status = chance(2) ? FAULT : 0;
	bool taken = !chance(4);

	for (unsigned i = 0; i < pair_count; i++)
		for (int side = 0; side < 2; side++) {
			struct end *e = &pairs[i].ends[side];
			if (e->node != n || e->pw.group != group)
				continue;
			e->pw.status = status;
			if (e->wanted || taken)
				tell(e, !taken);
		}
}

static void
cut(struct sim_link *l, bool off)
{
	l->cut = off;
	ldp_net_route(net);
}

static void
trouble(void)
{
	struct ldp_node *n = net->nodes[chance(nodes + 1)];
	struct sim_link *l = net->sim.links[chance(net->sim.link_count)];

	switch (chance(12)) {
	case 0: ldp_node_input(n, &(struct ldp_input){ .kind = LDP_IN_CLEAR }); break;
	case 1: cut(l, !l->cut); break;
	case 2:
		if (n->ldp)
			ldp_node_kill(n);
		else
			ldp_node_start(n);
		break;
	case 3:
		if (!n->ldp)
			ldp_node_start(n);
		else if (!chance(4))
			ldp_node_crash(n);
		ldp_net_route(net);
		break;
	case 4: net->sim.late_percent = (unsigned)chance(30); break;
	case 5:
	case 6: change_group(); break;
	default:
		for (uint64_t i = 1 + chance(20); i; i--)
			change_mind(&pairs[chance(pair_count)].ends[chance(2)]);
		break;
	}
}

static void
all_is_well_again(void)
{
	net->sim.late_percent = 0;
	for (size_t i = 0; i < net->sim.link_count; i++)
		net->sim.links[i]->cut = false;
	for (size_t i = 0; i < net->node_count; i++)
		if (!net->nodes[i]->ldp)
			ldp_node_start(net->nodes[i]);
	ldp_net_route(net);
}

static void
want_nothing(void)
{
	for (unsigned i = 0; i < pair_count; i++)
		for (int side = 0; side < 2; side++)
			if (pairs[i].ends[side].wanted)
				tell(&pairs[i].ends[side], false);
	ldp_net_run(net, 100 * USEC_PER_SEC);
	for (size_t i = 0; i < net->node_count; i++)
		if (net->nodes[i]->ldp->pws.count || net->nodes[i]->ldp->targets.count)
			broken("node %zu keeps %zu pseudowires and %zu targets of nobody", i,
			    net->nodes[i]->ldp->pws.count, net->nodes[i]->ldp->targets.count);
}

static void
run(void)
{
	build();
	settle("at first");
	net->watch = no_label_is_lost;
	for (unsigned i = 0; i < restarts; i++)
		restart_one();
	net->watch = NULL;
	net->igp_delay = 300 * USEC_PER_MSEC;
	net->sim.jitter = 10 * USEC_PER_MSEC;
	net->sim.stream_timeout = (chance(2) ? 20 : 900) * USEC_PER_SEC;
	for (unsigned i = 0; i < troubles; i++) {
		ldp_net_run(net, chance(chance(3) ? 10 * USEC_PER_MSEC : 4 * USEC_PER_SEC));
		trouble();
	}
	all_is_well_again();
	settle("again");
	want_nothing();
	printf("sim_pw: seed %llu: %u pseudowires between %u routers, %u troubles\n", (unsigned long long)seed,
	    pair_count, nodes, troubles);
	ldp_net_free(net);
}

int
main(int argc, char **argv)
{
	const struct {
		const char *name;
		unsigned *into;
	} options[] = { { "--nodes", &nodes }, { "--pairs", &pair_count }, { "--troubles", &troubles },
		{ "--restarts", &restarts } };

	if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
		return 2;
	seed %= 1000000;
	for (int i = 1; i + 1 < argc; i += 2) {
		for (size_t k = 0; k < COUNT(options); k++)
			if (strcmp(argv[i], options[k].name) == 0)
				*options[k].into = (unsigned)strtoul(argv[i + 1], NULL, 10);
		if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
	}
	if (pair_count > PAIRS_MAX || nodes < 3 || nodes > SIM_PORTS - 2) {
		fprintf(stderr, "sim_pw: --nodes 3 to %d, --pairs up to %d\n", SIM_PORTS - 2, PAIRS_MAX);
		return 2;
	}
	run();
	return 0;
}
