/*
 * What others see of BGP: rows of l3vpn.NextHop, l3vpn.Peer, l3vpn.Process, and when all of them change. What a destination
 * says is in rows_routes.c.
 *
 * After a restart the tables are not complete before nobody has to be waited for any more: fibd goes on by what it had.
 */
#include "l3vpnd/bgp/model.h"
#include "proto/fill.h"
#include "proto/l3vpn.pb-c.h"
#include <string.h>

static void
fill_next_hop(const struct row *row, void *message, struct arena *arena)
{
	const struct next_hop *h = CONST_OBJECT(row, struct next_hop, row);
	L3vpn__NextHop *m = message;

	m->vrf = fill_text(h->instance->name);
	m->address = fill_addr(&h->address, arena);
	m->policy = fill_text(h->policy);
}

/* --- peers --- */

static size_t
families_of(const struct peer *p, L3vpn__PeerFamily **out, struct arena *arena)
{
	size_t count = 0;

	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		if (!p->config.family[f].enabled)
			continue;
		L3vpn__PeerFamily *m = out[count++] = arena_take(arena, sizeof *m);
		l3vpn__peer_family__init(m);
		m->family = (L3vpn__Family)f;
		m->agreed = p->families & BGP_FAMILY_BIT(f);
		m->received = p->family[f].prefixes;
		m->told = p->up && p->family[f].out ? p->family[f].out->count : 0;
		m->ended = p->family[f].ended;
		m->stale = p->stale_families & BGP_FAMILY_BIT(f);
	}
	return count;
}

static L3vpn__MessageCounts *
counts_of(const struct counters *c, struct arena *arena)
{
	L3vpn__MessageCounts *m = arena_take(arena, sizeof *m);

	l3vpn__message_counts__init(m);
	m->open = c->messages[BGP_OPEN];
	m->update = c->messages[BGP_UPDATE];
	m->notification = c->messages[BGP_NOTIFICATION];
	m->keepalive = c->messages[BGP_KEEPALIVE];
	m->refresh = c->messages[BGP_REFRESH];
	return m;
}

static size_t
capabilities_of(const struct peer *p, char **out)
{
	size_t count = 0;

	if (!p->up)
		return 0;
	const struct bgp_open *o = &p->up->open;
	const struct {
		bool both;
		const char *name;
	} all[] = { { o->as4, "4-octet AS" }, { o->refresh, "route refresh" },
		{ o->enhanced_refresh, "enhanced route refresh" }, { o->extended, "extended messages" },
		{ o->restart.said && !p->bgp->config.graceful_off, "graceful restart" },
		{ p->long_families != 0, "long-lived graceful restart" }, { p->add_path_in != 0, "add-path receive" } };
	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i].both)
			out[count++] = fill_text(all[i].name);
	return count;
}

/* The one that is furthest. */
static const struct conn *
conn_of(const struct peer *p)
{
	const struct conn *a = &p->conns[OUTGOING], *b = &p->conns[INCOMING];

	return b->state > a->state ? b : a;
}

static void
fill_peer(const struct row *row, void *message, struct arena *arena)
{
	const struct peer *p = CONST_OBJECT(row, struct peer, row);
	const struct conn *c = conn_of(p);
	L3vpn__Peer *m = message;

	m->vrf = fill_text(p->instance->name);
	m->address = fill_addr(&p->config.address, arena);
	m->remote_as = p->config.as;
	m->local_as = p->config.fake_as ? p->config.fake_as : p->bgp->config.as;
	m->state = (L3vpn__PeerState)c->state;
	m->ignored = p->config.ignored;
	m->router_id = c->has_open ? c->open.id : 0;
	m->local_router_id = p->instance->router_id;
	m->local_address = fill_addr(&c->local, arena);
	m->description = fill_text(p->config.description);
	m->since = p->since;
	m->ups = p->ups;
	m->hold_s = p->up ? p->hold_s : 0;
	m->keepalive_s = p->up ? p->keepalive_s : 0;
	m->sent = counts_of(&p->sent, arena);
	m->received = counts_of(&p->received, arena);
	m->queued = p->queued;
	m->families = arena_take(arena, BGP_FAMILIES * sizeof *m->families);
	m->n_families = families_of(p, m->families, arena);
	m->capabilities = arena_take(arena, 8 * sizeof *m->capabilities);
	m->n_capabilities = capabilities_of(p, m->capabilities);
	m->last_error = fill_text(p->why_down);
	m->last_error_sent = p->last_fault_ours;
	m->graceful_restart = c->has_open && c->open.restart.said;
	m->restart_s = c->has_open && c->open.restart.said ? c->open.restart.time_s : 0;
	m->bfd = p->config.bfd;
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		m->client |= p->config.family[f].reflect_client;
}

void
row_peer(struct peer *p)
{
	if (p->configured)
		table_changed(&p->bgp->peer_table, &p->row);
}

/* --- all of it --- */

static void
fill_process(const struct row *row, void *message, struct arena *arena)
{
	const struct bgp *b = CONST_OBJECT(row, struct bgp, process_row);
	const struct instance *public = instance_find(b, "");
	L3vpn__Process *m = message;

	(void)arena;
	m->as = b->config.as;
	m->router_id = public ? public->router_id : 0;
	m->restarting = b->restarted;
	m->attributes = b->attrs.sets.count;
	for (const struct list *l = b->instances.next; l != &b->instances; l = l->next)
		for (unsigned f = 0; f < BGP_FAMILIES; f++)
			if (CONST_OBJECT(l, struct instance, of_bgp)->ribs[f])
				m->paths += CONST_OBJECT(l, struct instance, of_bgp)->ribs[f]->path_count;
}

void
bgp_rows_init(struct bgp *b)
{
	const struct {
		struct table *table;
		const char *name;
		table_fill *fill;
	} all[] = { { &b->route_table, "l3vpn.Route", bgp_fill_route },
		{ &b->label_table, "l3vpn.Label", bgp_fill_label },
		{ &b->next_hop_table, "l3vpn.NextHop", fill_next_hop }, { &b->peer_table, "l3vpn.Peer", fill_peer },
		{ &b->destination_table, "l3vpn.Destination", bgp_fill_destination },
		{ &b->process_table, "l3vpn.Process", fill_process } };

	for (size_t i = 0; i < COUNT(all); i++) {
		table_init(all[i].table, all[i].name, all[i].fill);
		b->served[i] = all[i].table;
	}
	b->route_table.complete = b->label_table.complete = b->next_hop_table.complete = false;
	table_changed(&b->process_table, &b->process_row);
}

void
bgp_rows_free(struct bgp *b)
{
	table_gone(&b->process_table, &b->process_row);
	for (size_t i = 0; b->served[i]; i++)
		table_free(b->served[i]);
}

struct table *const *
bgp_tables(struct bgp *b)
{
	return b->served;
}
