/*
 * igpd's engine: which processes there are, and what each of them gets to know. A *process* is an instance of a protocol with
 * a number, in the public network or in a VPN instance; it sees the interfaces that are there, and the routes that it is to
 * import. What it finds goes into igp.Route.
 *
 * Nothing runs before fibd's interfaces and routes were read to their end: a router ID is chosen among their addresses, and
 * routes of ours among them tell that we have been here before (RFC 3623).
 *
 * After a start igp.Route is not called complete for a while: what fibd has of an earlier life stays until neighbours were
 * found and databases exchanged anew.
 */
#include "igpd/model.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECOVERY_S = 60, SETTLE_S = 2 }; /* RECOVERY: a dead interval, and what an exchange takes */

struct igp *
igp_new(uint64_t seed, uint64_t wall_s)
{
	struct igp *g = NEW(struct igp);

	rng_seed(&g->rng, seed);
	g->wall_s = wall_s;
	g->out = outbox_new();
	hash_init(&g->ports);
	hash_init(&g->routes);
	hash_init(&g->imports);
	hash_init(&g->ldp);
	hash_init(&g->bfd);
	list_init(&g->processes);
	routes_init(g);
	ospf_tables_init(&g->ospf_tables);
	struct table *tables[] = { &g->route_table, &g->ospf_tables.process, &g->ospf_tables.area,
		&g->ospf_tables.interface, &g->ospf_tables.neighbor, &g->ospf_tables.lsa, &g->ospf_tables.spf_run,
		&g->ospf_tables.request, NULL };
	memcpy(g->served, tables, sizeof tables);
	g->ospf_tables.request.complete = false;   /* sessions of before go on until neighbours were found anew */
	g->ospf_tables.interface.complete = false; /* readers keep what they had until the interfaces are known again */
	return g;
}

static void
process_free(struct igp *g, struct process *p)
{
	ospf_free(p->ospf);
	routes_drop(g, p->id);
	list_remove(&p->link);
	free(p);
}

static void
port_free(struct igp *g, struct igp_port *p)
{
	hash_remove(&g->ports, &p->by_ifindex);
	free(p->name);
	free(p->addresses);
	free(p);
}

void
igp_free(struct igp *g)
{
	if (!g)
		return;
	list_each_safe (l, &g->processes) {
		process_free(g, OBJECT(l, struct process, link));
	}
	hash_each (n, &g->ports) {
		port_free(g, OBJECT(n, struct igp_port, by_ifindex));
	}
	hash_free(&g->ports);
	imports_free(g);
	ldp_free_all(g);
	igp_bfd_free(g);
	hash_free(&g->routes);
	for (size_t i = 0; g->served[i]; i++)
		table_free(g->served[i]);
	igp_config_free(&g->config);
	outbox_free(g->out);
	free(g);
}

struct outbox *
igp_outbox(struct igp *g)
{
	return g->out;
}

struct table *const *
igp_tables(struct igp *g)
{
	return g->served;
}

const struct igp_config *
igp_config_in_force(const struct igp *g)
{
	return &g->config;
}

usec_t
igp_due(const struct igp *g)
{
	usec_t due = g->complete_at ? g->complete_at : USEC_NEVER;

	for (const struct list *l = g->processes.next; l != &g->processes; l = l->next)
		due = usec_min(due, ospf_due(CONST_OBJECT(l, struct process, link)->ospf));
	return due;
}

/* --- processes --- */

static void
collect(struct igp *g, struct process *p)
{
	struct ospf_route route;

	if (ospf_is_restarting(p->ospf)) /* what is in the kernel is better */
		return;
	while (ospf_next_route(p->ospf, &route))
		route_take(g, p, &route);
}

/* The routes of all processes are whole when the last of them is back; else when neighbours had the time to come. */
static void
restart_over(struct igp *g)
{
	bool well = true;

	list_each (l, &g->processes) {
		const struct process *p = OBJECT(l, struct process, link);
		well &= !ospf_is_restarting(p->ospf) && ospf_restarted_well(p->ospf);
	}
	if (g->complete_at && well)
		g->complete_at = g->now + (usec_t)SETTLE_S * USEC_PER_SEC;
}

void
process_give(struct igp *g, struct process *p, const struct ospf_input *in)
{
	bool restarting = ospf_is_restarting(p->ospf);

	ospf_input(p->ospf, in, g->now);
	collect(g, p);
	if (restarting && !ospf_is_restarting(p->ospf))
		restart_over(g);
}

static bool
is_in(const struct process *p, const struct igp_port *port)
{
	return strcmp(p->vrf, port->vrf) == 0;
}

static void
tell_port(struct igp *g, struct process *p, const struct igp_port *port, bool is_new, bool gone)
{
	struct ospf_port in = { .ifindex = port->ifindex,
		.name = port->name,
		.up = port->up,
		.loopback = port->loopback,
		.point_to_point = port->point_to_point,
		.mtu = port->mtu,
		.speed_mbps = port->speed_mbps,
		.addresses = port->addresses,
		.address_count = port->address_count };

	if (!is_in(p, port) && !gone)
		return;
	process_give(g, p, &(struct ospf_input){ .kind = OSPF_IN_PORT, .port = &in, .gone = gone });
	if (is_new)
		ldp_tell(g, p, port->ifindex);
}

static struct process *
process_find(struct igp *g, uint32_t id)
{
	list_each (l, &g->processes) {
		struct process *p = OBJECT(l, struct process, link);
		if (p->id == id)
			return p;
	}
	return NULL;
}

static void
process_start(struct igp *g, const struct igp_process_config *c)
{
	struct process *p = NEW(struct process);

	p->id = c->ospf.process;
	memcpy(p->vrf, c->vrf, sizeof p->vrf);
	p->ospf = ospf_new(rng_next(&g->rng), g->wall_s,
	    &(struct ospf_world){ .out = g->out,
		.tables = &g->ospf_tables,
		.process = p->id,
		.vrf = p->vrf,
		.restarted = !g->begun && imports_have_ospf(g, p->vrf) });
	list_append(&g->processes, &p->link);
	hash_each (n, &g->ports) {
		tell_port(g, p, OBJECT(n, struct igp_port, by_ifindex), true, false);
	}
}

static void
configure_process(struct igp *g, const struct igp_process_config *c)
{
	struct process *p = process_find(g, c->ospf.process);
	struct ospf_config config = { 0 };

	if (p && strcmp(p->vrf, c->vrf) != 0) {
		process_free(g, p);
		p = NULL;
	}
	if (!p)
		process_start(g, c);
	p = process_find(g, c->ospf.process);
	igp_config_of(&g->config, c, &config);
	process_give(g, p, &(struct ospf_input){ .kind = OSPF_IN_CONFIG, .config = &config });
	ospf_config_free(&config);
	imports_configure(g, p, c);
	routes_prefer(g, p);
}

/* Reference 000: such a session never comes up over another way than the link, which waits for the session. */
static void
warn_of_gtsm(struct igp *g, const struct igp_config *new)
{
	char text[ADDR_TEXT];

	for (size_t i = 0; igp_config_uses_sync(new) && i < new->one_hop_count; i++) {
		struct addr peer = addr_v4(new->one_hop[i]);
		if (igp_config_uses_sync(&g->config) && igp_config_has_one_hop(&g->config, new->one_hop[i]))
			continue; /* said before */
		addr_text(&peer, text);
		outbox_log(g->out, 4, 0,
		    "`gtsm peer %s valid-ttl-hops 1` and ldp-sync: while a link waits for LDP, the session with %s "
		    "comes "
		    "over other routers, and is refused; set the hops that the longest way has",
		    text, text);
	}
}

static void
whole(struct igp *g)
{
	table_complete(&g->route_table);
	table_complete(&g->ospf_tables.request);
}

static void
configure(struct igp *g)
{
	if (!g->configured || !g->ports_known || !g->routes_known)
		return;
	list_each_safe (l, &g->processes) {
		struct process *p = OBJECT(l, struct process, link);
		if (!igp_config_process(&g->config, p->id))
			process_free(g, p);
	}
	for (size_t i = 0; i < g->config.process_count; i++)
		configure_process(g, g->config.processes[i]);
	g->begun = true;
	table_complete(&g->ospf_tables.interface);
	if (!g->config.process_count)
		whole(g);
	else if (!g->complete_at && !g->route_table.complete)
		g->complete_at = g->now + (usec_t)RECOVERY_S * USEC_PER_SEC;
}

/* --- rows --- */

static struct igp_port *
port_find(struct igp *g, uint32_t ifindex)
{
	for (struct hash_node *n = hash_first(&g->ports, ifindex); n; n = hash_next(n))
		if (OBJECT(n, struct igp_port, by_ifindex)->ifindex == ifindex)
			return OBJECT(n, struct igp_port, by_ifindex);
	return NULL;
}

static void
port_gone(struct igp *g, struct igp_port *p)
{
	list_each (l, &g->processes) {
		tell_port(g, OBJECT(l, struct process, link), p, false, true);
	}
	port_free(g, p);
}

static void
take_addresses(struct igp_port *p, const Fib__Interface *row)
{
	p->addresses = mem_resize(p->addresses, (row->n_addresses + 1) * sizeof *p->addresses);
	p->address_count = 0;
	for (size_t i = 0; i < row->n_addresses; i++)
		if (prefix_from_bytes(row->addresses[i].data, row->addresses[i].len, &p->addresses[p->address_count]))
			p->address_count++;
}

static void
port_row(struct igp *g, const Fib__Interface *row, bool gone, uint32_t round)
{
	struct igp_port *p = port_find(g, row->ifindex);

	if (gone) {
		if (p)
			port_gone(g, p);
		return;
	}
	if (p && strcmp(p->vrf, row->vrf) != 0) { /* it has moved to another VPN instance */
		port_gone(g, p);
		p = NULL;
	}
	bool is_new = !p;
	if (!p) {
		p = NEW(struct igp_port);
		p->ifindex = row->ifindex;
		hash_add(&g->ports, &p->by_ifindex, p->ifindex);
	}
	p->round = round;
	free(p->name);
	p->name = mem_text(row->label);
	p->up = row->admin_up && row->carrier && !row->held;
	p->loopback = row->loopback;
	p->point_to_point = row->point_to_point;
	p->mtu = row->mtu;
	p->speed_mbps = row->speed_mbps;
	snprintf(p->vrf, sizeof p->vrf, "%s", row->vrf);
	take_addresses(p, row);
	list_each (l, &g->processes) {
		tell_port(g, OBJECT(l, struct process, link), p, is_new, false);
	}
}

static void
synced(struct igp *g, enum igp_mirror table, uint32_t round)
{
	bool first;

	if (table == IGP_FIB_ROUTE) {
		imports_synced(g, round);
		first = !g->routes_known;
		g->routes_known = true;
		if (first)
			configure(g);
		return;
	}
	if (table == IGP_LDP_SYNC) {
		ldp_synced(g, round);
		return;
	}
	if (table == IGP_BFD_SESSION) {
		igp_bfd_synced(g, round);
		return;
	}
	hash_each (n, &g->ports) {
		struct igp_port *p = OBJECT(n, struct igp_port, by_ifindex);
		if (p->round != round)
			port_gone(g, p);
	}
	first = !g->ports_known;
	g->ports_known = true;
	if (first)
		configure(g);
}

/* --- the door --- */

static void
packet(struct igp *g, const struct igp_input *in)
{
	struct ospf_input p = { .kind = OSPF_IN_PACKET,
		.ifindex = in->ifindex,
		.from = in->from,
		.to = in->to,
		.bytes = in->bytes,
		.size = in->size };

	list_each (l, &g->processes) { /* whose link it is takes it */
		process_give(g, OBJECT(l, struct process, link), &p);
	}
}

static void
clear(struct igp *g, uint32_t id)
{
	list_each_safe (l, &g->processes) {
		struct process *p = OBJECT(l, struct process, link);
		if (!id || p->id == id)
			process_free(g, p);
	}
	configure(g);
}

static void
timers(struct igp *g)
{
	if (g->complete_at && g->complete_at <= g->now) {
		g->complete_at = 0;
		whole(g);
	}
	list_each (l, &g->processes) {
		struct process *p = OBJECT(l, struct process, link);
		if (ospf_due(p->ospf) <= g->now)
			process_give(g, p, &(struct ospf_input){ .kind = OSPF_IN_TIMER });
	}
}

void
igp_input(struct igp *g, const struct igp_input *in, usec_t now)
{
	assert(!g->busy);
	g->busy = true;
	if (now > g->now)
		g->now = now;
	switch (in->kind) {
	case IGP_IN_CONFIG:
		warn_of_gtsm(g, in->config);
		igp_config_copy(&g->config, in->config);
		g->configured = true;
		configure(g);
		break;
	case IGP_IN_PACKET: packet(g, in); break;
	case IGP_IN_ROW:
		if (in->table == IGP_FIB_INTERFACE)
			port_row(g, in->row, in->gone, in->round);
		else if (in->table == IGP_LDP_SYNC)
			ldp_row(g, in->row, in->gone, in->round);
		else if (in->table == IGP_BFD_SESSION)
			igp_bfd_row(g, in->row, in->gone, in->round);
		else
			import_row(g, in->row, in->gone, in->round);
		break;
	case IGP_IN_LOST:
		if (in->table == IGP_LDP_SYNC) /* what fibd has said stays true while it is away */
			ldp_lost(g);
		break;
	case IGP_IN_SYNCED: synced(g, in->table, in->round); break;
	case IGP_IN_CLEAR: clear(g, in->process); break;
	case IGP_IN_TIMER: timers(g); break;
	}
	g->busy = false;
}
