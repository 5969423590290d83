/*
 * The OSPF engine, one process (RFC 2328).
 *
 * How the nouns hang together. A *port* is an interface of the host's. Where the configuration says so, each of its networks
 * is an *iface* in one *area*, with the *neighbors* that are heard there. An area has a link state database and a graph; the
 * process has a database for what is flooded through the whole AS. An *lsa* in a database stays one object while instance
 * follows instance. What we say ourselves is kept as *wishes*, apart from the database. From LSAs come *offers*, and from
 * the best offers routes.
 *
 * The life of a packet. interface.c finds the link and judges the head; a Hello goes to neighbor.c, a description or request
 * to exchange.c, an update or acknowledgment to flood.c. A new instance is installed by lsdb.c, sent on by flood.c, and told
 * to routes.c, which changes the graph and the offers and sets the SPF timer. At the end of each input what is to be said is
 * compared with what was said, and what is to be flooded leaves, many LSAs to a packet.
 *
 * What is different from the RFC, and why.
 *  - A new neighbour's Hello is answered at once, and not with the next periodic one: it saves up to ten seconds at a start.
 *  - Our own LSAs keep a distance of one second, not five, and grow to five under lasting change (MinLSInterval).
 *  - When to look for shortest paths follows RFC 8405.
 *  - No types of service (as RFC 2328 permits) and no demand circuits (RFC 1793): DoNotAge is stripped.
 */
#include "base/text.h"
#include "igpd/ospf/model.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
ospf_note(struct ospf *o, int priority, const char *format, ...)
{
	struct text line = { 0 };
	va_list args;

	va_start(args, format);
	text_vadd(&line, format, args);
	va_end(args);
	outbox_log(o->out, priority, 0, "%s", text_chars(&line));
	text_free(&line);
}

struct ospf *
ospf_new(uint64_t seed, uint64_t wall_s, const struct ospf_world *world)
{
	struct ospf *o = NEW(struct ospf);
	struct hash *hashes[] = { &o->ports, &o->neighbors, &o->wishes, &o->imports, &o->translated, &o->watches,
		&o->nets, &o->asbrs, &o->hops };
	struct list *lists[] = { &o->areas, &o->ifaces, &o->graves, &o->dirty_nets, &o->dirty_routers, &o->told_nets,
		&o->review_nets };

	rng_seed(&o->rng, seed);
	if (world)
		o->world = *world;
	if (!o->world.out)
		o->own_out = outbox_new();
	o->out = o->own_out ? o->own_out : o->world.out;
	timers_init(&o->timers);
	timer_init(&o->spf, TIMER_SPF);
	timer_init(&o->graceful.timer, TIMER_GRACE);
	for (size_t i = 0; i < COUNT(hashes); i++)
		hash_init(hashes[i]);
	for (size_t i = 0; i < COUNT(lists); i++)
		list_init(lists[i]);
	lsdb_init(&o->db);
	o->wall_s = wall_s;
	o->dd_seed = (uint32_t)rng_next(&o->rng);
	row_process(o);
	return o;
}

static void
port_free(struct ospf *o, struct port *p)
{
	list_each_safe (l, &o->ifaces) {
		struct iface *i = OBJECT(l, struct iface, of_ospf);
		if (i->port == p)
			iface_free(i);
	}
	hash_remove(&o->ports, &p->by_ifindex);
	free(p->addresses);
	free(p->ldp);
	free(p);
}

void
ospf_free(struct ospf *o)
{
	if (!o)
		return;
	hash_each (n, &o->ports) {
		port_free(o, OBJECT(n, struct port, by_ifindex));
	}
	list_each_safe (a, &o->areas) {
		routes_area_free(OBJECT(a, struct area, of_ospf));
	}
	originate_forget(o, NULL);
	lsdb_free(o, &o->db);
	lsdb_sweep(o);
	nets_free(o);
	hash_free(&o->ports);
	hash_free(&o->neighbors);
	hash_free(&o->wishes);
	hash_free(&o->watches);
	external_free(o);
	nssa_free(o);
	spf_log_free(o);
	ospf_config_free(&o->config);
	timers_free(&o->timers);
	outbox_free(o->own_out);
	row_process_gone(o);
	free(o);
}

struct outbox *
ospf_outbox(struct ospf *o)
{
	return o->out;
}

bool
ospf_is_restarting(const struct ospf *o)
{
	return o->graceful.on;
}

bool
ospf_restarted_well(const struct ospf *o)
{
	return o->graceful.well;
}

usec_t
ospf_due(const struct ospf *o)
{
	return timers_next(&o->timers);
}

/* --- ports --- */

static struct port *
port_find(const struct ospf *o, uint32_t ifindex)
{
	for (struct hash_node *n = hash_first(&o->ports, ifindex); n; n = hash_next(n))
		if (OBJECT(n, struct port, by_ifindex)->ifindex == ifindex)
			return OBJECT(n, struct port, by_ifindex);
	return NULL;
}

static bool
is_second(const struct port *p, const struct prefix *address)
{
	for (size_t i = 0; i < p->address_count; i++)
		if (p->addresses[i].len == address->len && prefix_covers(&p->addresses[i], &address->addr))
			return true;
	return false;
}

static void
take_port(struct ospf *o, const struct ospf_port *in, bool gone)
{
	struct port *p = port_find(o, in->ifindex);

	if (gone) {
		if (p)
			port_free(o, p);
		return;
	}
	if (!p) {
		p = NEW(struct port);
		p->ifindex = in->ifindex;
		hash_add(&o->ports, &p->by_ifindex, p->ifindex);
	}
	snprintf(p->name, sizeof p->name, "%s", in->name);
	p->up = in->up;
	p->loopback = in->loopback;
	p->point_to_point = in->point_to_point;
	p->mtu = in->mtu;
	p->speed_mbps = in->speed_mbps;
	p->addresses = mem_resize(p->addresses, (in->address_count + 1) * sizeof *p->addresses);
	p->address_count = 0;
	for (size_t i = 0; i < in->address_count; i++)
		if (in->addresses[i].addr.family == 4 && !is_second(p, &in->addresses[i]))
			p->addresses[p->address_count++] = in->addresses[i];
}

static void
take_ldp(struct ospf *o, const struct ospf_ldp *in, bool gone)
{
	struct port *p = port_find(o, in->ifindex);

	if (p)
		sync_port(o, p, gone ? NULL : in);
}

/* RFC 2328 C.1 leaves the choice open: the highest address of a loopback interface, else the highest of all. */
static uint32_t
chosen_id(const struct ospf *o)
{
	uint32_t best = 0, best_loopback = 0;

	for (struct hash_node *n = o->ports.oldest; n; n = n->newer) {
		const struct port *p = OBJECT(n, struct port, by_ifindex);
		for (size_t i = 0; i < p->address_count; i++) {
			if (addr_is_loopback(&p->addresses[i].addr))
				continue; /* every router has these */
			uint32_t a = addr_to_v4(&p->addresses[i].addr);
			best = a > best ? a : best;
			best_loopback = p->loopback && a > best_loopback ? a : best_loopback;
		}
	}
	return best_loopback ? best_loopback : best;
}

/* A router ID that was chosen stays while the process runs; another one that is configured begins everything anew. */
static void
review_id(struct ospf *o)
{
	uint32_t id = o->config.router_id ? o->config.router_id : o->router_id ? o->router_id : chosen_id(o);

	if (id == o->router_id)
		return;
	list_each_safe (a, &o->areas) {
		routes_area_free(OBJECT(a, struct area, of_ospf));
	}
	originate_forget(o, NULL);
	lsdb_free(o, &o->db);
	lsdb_sweep(o);
	lsdb_init(&o->db);
	o->router_id = id;
	row_process(o);
	external_all(o);
}

/* --- the door --- */

static void
one_timer(struct ospf *o, struct timer *t)
{
	switch ((enum timer_kind)t->kind) {
	case TIMER_HELLO: iface_hello_due(OBJECT(t, struct iface, hello)); break;
	case TIMER_WAIT: iface_event(OBJECT(t, struct iface, wait), IE_WAIT_OVER); break;
	case TIMER_SYNC: sync_event(OBJECT(t, struct iface, sync.timer), SE_EXPIRED); break;
	case TIMER_ACK: flood_acks_due(OBJECT(t, struct iface, ack)); break;
	case TIMER_INACTIVE: neighbor_timer(OBJECT(t, struct neighbor, inactive), TIMER_INACTIVE); break;
	case TIMER_DESCRIBE: neighbor_timer(OBJECT(t, struct neighbor, describe), TIMER_DESCRIBE); break;
	case TIMER_REQUEST: neighbor_timer(OBJECT(t, struct neighbor, request), TIMER_REQUEST); break;
	case TIMER_RETRANSMIT: neighbor_timer(OBJECT(t, struct neighbor, retransmit), TIMER_RETRANSMIT); break;
	case TIMER_LSA: lsdb_timer(o, OBJECT(t, struct lsa, timer)); break;
	case TIMER_ORIGINATE: originate_wish_due(t); break;
	case TIMER_WATCH: watch_due(OBJECT(t, struct watch, silent)); break;
	case TIMER_GRACE: graceful_end(o, false, "time is up"); break;
	case TIMER_HELP: graceful_help_over(OBJECT(t, struct neighbor, help), "time is up"); break;
	case TIMER_SPF: routes_find(o); break;
	}
}

/* Each deadline that had come at `now` once; one set anew for now waits for the next call. */
static void
due(struct ospf *o)
{
	size_t bound = o->timers.count;
	struct timer *t;

	while (bound-- && (t = timers_due(&o->timers, o->now)))
		one_timer(o, t);
}

static void
dispatch(struct ospf *o, const struct ospf_input *in)
{
	switch (in->kind) {
	case OSPF_IN_CONFIG:
		ospf_config_copy(&o->config, in->config);
		if (!o->configured)
			graceful_begin(o);
		o->configured = true;
		break;
	case OSPF_IN_PORT: take_port(o, in->port, in->gone); break;
	case OSPF_IN_BFD: watch_session(o, in->bfd); return;
	case OSPF_IN_LDP: take_ldp(o, in->ldp, in->gone); return;
	case OSPF_IN_PACKET: iface_packet(o, in); return;
	case OSPF_IN_IMPORT: external_import(o, in->import, in->gone); return;
	case OSPF_IN_TIMER: due(o); return;
	}
	if (!o->configured)
		return;
	review_id(o);
	ifaces_review(o);
	if (in->kind != OSPF_IN_CONFIG)
		return;
	summaries_all(o);
	if (o->router_id)
		external_all(o);
}

void
ospf_input(struct ospf *o, const struct ospf_input *in, usec_t now)
{
	assert(!o->busy);
	o->busy = true;
	if (now > o->now)
		o->now = now;
	dispatch(o, in);
	graceful_review(o);
	originate_due(o);
	nssa_review(o);
	originate_due(o);
	flood_flush(o);
	lsdb_sweep(o);
	o->busy = false;
}
