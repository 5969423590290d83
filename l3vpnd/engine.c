/*
 * l3vpnd's engine: BGP and the VPN instances in the midst of the router.
 *
 * BGP (bgp/) knows nothing of the router but what passes through its door. Here it is told: the configuration, completed
 * by what interfaces say (effective.c); routes that it is to bring in (import.c); how next hops are reached, which it asks by
 * rows of l3vpn.NextHop and fibd answers by rows of fib.Reach; what BFD says of its peers (watch.c). What it finds goes into
 * its own tables, from which fibd forwards.
 *
 * Nothing runs before fibd's interfaces, routes, labels and label ranges were read to their end: routes or labels of ours
 * among them tell that we have been here before (RFC 4724), and labels that neighbours know stay what they were.
 */
#include "l3vpnd/model.h"
#include "base/label.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { NEEDED = 1u << L3VPN_FIB_INTERFACE | 1u << L3VPN_FIB_ROUTE | 1u << L3VPN_FIB_RANGE | 1u << L3VPN_FIB_ILM };

struct l3vpn *
l3vpn_new(uint64_t seed)
{
	struct l3vpn *g = NEW(struct l3vpn);
	size_t count = 0;

	g->bgp = bgp_new(seed, false);
	g->out = bgp_outbox(g->bgp);
	l3vpn_config_init(&g->config);
	hash_init(&g->ports);
	hash_init(&g->own_routes);
	vpns_init(g);
	peer_watches_init(g);
	for (struct table *const *t = bgp_tables(g->bgp); *t; t++)
		g->served[count++] = *t;
	g->served[count++] = &g->instance_table;
	g->served[count++] = &g->request_table;
	return g;
}

void
l3vpn_free(struct l3vpn *g)
{
	if (!g)
		return;
	vpns_free(g);
	peer_watches_free(g);
	own_routes_free(g);
	vpn_ports_free(g);
	table_free(&g->instance_table);
	table_free(&g->request_table);
	l3vpn_config_free(&g->config);
	bgp_free(g->bgp);
	free(g->old_labels);
	free(g->early);
	free(g);
}

const struct l3vpn_config *
l3vpn_config_in_force(const struct l3vpn *g)
{
	return &g->config;
}

bool
l3vpn_has_peer(const struct l3vpn *g, const char *instance, const struct addr *peer)
{
	const struct bgp_instance_config *n = bgp_config_instance(&g->config.bgp, instance ? instance : "");

	return n && (!addr_is_set(peer) || bgp_config_peer(n, peer));
}

uint32_t
l3vpn_origin(const struct l3vpn *g, const char *instance, const struct addr *a)
{
	return bgp_origin(g->bgp, instance ? instance : "", a);
}

usec_t
l3vpn_due(const struct l3vpn *g)
{
	return g->begun && g->ports_moved ? g->now : bgp_due(g->bgp);
}

struct outbox *
l3vpn_outbox(struct l3vpn *g)
{
	return g->out;
}

struct table *const *
l3vpn_tables(struct l3vpn *g)
{
	return g->served;
}

static void
give(struct l3vpn *g, const struct bgp_input *in)
{
	bgp_input(g->bgp, in, g->now);
}

/* --- configuration --- */

static void
apply(struct l3vpn *g)
{
	struct bgp_config c = { 0 };

	g->ports_moved = false;
	l3vpn_effective(g, &c);
	give(g, &(struct bgp_input){ .kind = BGP_IN_CONFIG, .config = &c });
	bgp_config_free(&c);
	peer_watches_configure(g);
	vpns_configure(g);
}

/* What of a neighbour's labels still leads to us, under its old meaning. */
static void
claim_labels(struct l3vpn *g)
{
	for (size_t i = 0; i < g->old_label_count; i++) {
		const struct old_label *o = &g->old_labels[i];
		const struct vpn_port *p = vpn_port_find(g, o->ifindex);
		struct bgp_old_label old = { .label = o->label, .prefix = o->prefix, .next_hop = o->next_hop };
		if (!p)
			continue;
		old.instance = *p->vrf ? p->vrf : p->device; /* a VRF device is in no other */
		old.kind = addr_is_set(&o->prefix.addr) ? VPN_LABEL_ROUTE
			   : addr_is_set(&o->next_hop)  ? VPN_LABEL_NEXT_HOP
							: VPN_LABEL_INSTANCE;
		give(g, &(struct bgp_input){ .kind = BGP_IN_OLD_LABEL, .old_label = &old });
	}
	if (g->old_label_count)
		give(g, &(struct bgp_input){ .kind = BGP_IN_RESTARTED });
	free(g->old_labels);
	g->old_labels = NULL;
	g->old_label_count = 0;
}

static void
pass_on_answers(struct l3vpn *g)
{
	for (size_t i = 0; i < g->early_count; i++)
		give(g, &(struct bgp_input){
			    .kind = BGP_IN_NEXT_HOP, .instance = g->early[i].vrf, .next_hop = &g->early[i].hop });
	free(g->early);
	g->early = NULL;
	g->early_count = 0;
}

static void
begin(struct l3vpn *g)
{
	if (g->begun || !g->configured || (g->synced & NEEDED) != NEEDED)
		return;
	if (g->last_label)
		give(g, &(struct bgp_input){ .kind = BGP_IN_LABELS, .first = g->first_label, .last = g->last_label });
	claim_labels(g);
	g->begun = true;
	apply(g);
	pass_on_answers(g);
	own_routes_again(g);
	table_complete(&g->request_table);
}

/* --- rows --- */

static void
ilm_row(struct l3vpn *g, const Fib__Ilm *row, bool gone)
{
	struct old_label o = { .label = row->label };

	if (g->begun || gone || strcmp(row->owner, "l3vpnd") != 0 || !row->n_next_hops)
		return;
	o.ifindex = row->next_hops[0]->ifindex;
	addr_from_bytes(row->next_hops[0]->address.data, row->next_hops[0]->address.len, &o.next_hop);
	prefix_from_bytes(row->fec.data, row->fec.len, &o.prefix);
	g->old_labels = mem_resize(g->old_labels, (g->old_label_count + 1) * sizeof *g->old_labels);
	g->old_labels[g->old_label_count++] = o;
}

static void
range_row(struct l3vpn *g, const Fib__LabelRange *row, bool gone)
{
	if (gone || g->begun || strcmp(row->user, "l3vpnd") != 0)
		return;
	g->first_label = row->first;
	g->last_label = row->last;
}

/* Of an earlier life: fibd goes on answering what was asked then, and does not say it again when it is asked again. */
static void
keep_answer(struct l3vpn *g, const char *vrf, const struct bgp_next_hop *hop, bool gone)
{
	size_t i = 0;

	while (i < g->early_count &&
	       (!addr_eq(&g->early[i].hop.address, &hop->address) || strcmp(g->early[i].hop.policy, hop->policy) != 0 ||
		   strcmp(g->early[i].vrf, vrf) != 0))
		i++;
	if (gone && i < g->early_count)
		g->early[i] = g->early[--g->early_count];
	if (gone || strlen(vrf) >= BGP_NAME)
		return;
	if (i == g->early_count)
		g->early = mem_resize(g->early, ++g->early_count * sizeof *g->early);
	g->early[i] = (struct early_answer){ .hop = *hop };
	memcpy(g->early[i].vrf, vrf, strlen(vrf) + 1);
}

/* What is not told again after a restart of fibd has been asked again, and is answered. */
static void
reach_row(struct l3vpn *g, const Fib__Reach *row, bool gone)
{
	struct bgp_next_hop hop = { .reachable = row->reachable, .lsp = row->lsp, .metric = row->metric };

	if (!addr_from_bytes(row->address.data, row->address.len, &hop.address) || strlen(row->policy) >= BGP_NAME)
		return;
	memcpy(hop.policy, row->policy, strlen(row->policy) + 1);
	if (!g->begun) {
		keep_answer(g, row->vrf, &hop, gone);
		return;
	}
	give(g, &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP, .instance = row->vrf, .next_hop = &hop, .gone = gone });
}

static void
take_row(struct l3vpn *g, const struct l3vpn_input *in)
{
	switch (in->table) {
	case L3VPN_FIB_INTERFACE: vpn_port_row(g, in->row, in->gone, in->round); break;
	case L3VPN_FIB_ROUTE: own_route_row(g, in->row, in->gone, in->round); break;
	case L3VPN_FIB_REACH: reach_row(g, in->row, in->gone); break;
	case L3VPN_FIB_RANGE: range_row(g, in->row, in->gone); break;
	case L3VPN_FIB_ILM: ilm_row(g, in->row, in->gone); break;
	case L3VPN_BFD_SESSION: peer_watch_session(g, in->row, in->gone); break;
	case L3VPN_MIRRORS: break;
	}
}

static void
synced(struct l3vpn *g, enum l3vpn_mirror table, uint32_t round)
{
	g->synced |= 1u << table;
	if (table == L3VPN_FIB_INTERFACE)
		vpn_ports_synced(g, round);
	else if (table == L3VPN_FIB_ROUTE)
		own_routes_synced(g, round);
	begin(g);
}

/* --- the door --- */

static void
pass_on(struct l3vpn *g, const struct l3vpn_input *in, enum bgp_input_kind kind)
{
	give(g, &(struct bgp_input){ .kind = kind,
		    .conn = in->conn,
		    .instance = in->instance,
		    .peer = in->peer,
		    .local = in->local,
		    .bytes = in->bytes,
		    .size = in->size,
		    .text = in->text });
}

void
l3vpn_input(struct l3vpn *g, const struct l3vpn_input *in, usec_t now)
{
	assert(!g->busy);
	g->busy = true;
	if (now > g->now)
		g->now = now;
	switch (in->kind) {
	case L3VPN_IN_CONFIG:
		l3vpn_config_copy(&g->config, in->config);
		g->configured = true;
		if (g->begun) {
			apply(g);
			own_routes_again(g);
		}
		begin(g);
		break;
	case L3VPN_IN_STREAM_UP: pass_on(g, in, BGP_IN_STREAM_UP); break;
	case L3VPN_IN_STREAM: pass_on(g, in, BGP_IN_STREAM); break;
	case L3VPN_IN_STREAM_DOWN: pass_on(g, in, BGP_IN_STREAM_DOWN); break;
	case L3VPN_IN_STREAM_ROOM: pass_on(g, in, BGP_IN_STREAM_ROOM); break;
	case L3VPN_IN_RESET: pass_on(g, in, BGP_IN_RESET); break;
	case L3VPN_IN_REFRESH: pass_on(g, in, BGP_IN_REFRESH); break;
	case L3VPN_IN_ROW: take_row(g, in); break;
	case L3VPN_IN_SYNCED: synced(g, in->table, in->round); break;
	case L3VPN_IN_TIMER:
		if (g->begun && g->ports_moved) { /* once for all interfaces that are others now */
			apply(g);
			own_routes_again(g);
		}
		pass_on(g, in, BGP_IN_TIMER);
		break;
	}
	g->busy = false;
}
