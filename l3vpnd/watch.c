/*
 * Peers that BFD watches (`peer … bfd enable`): a row of bfd.Request for each, and what bfd.Session says of them. A session that
 * was Up and is dead ends that of BGP; one that never came up, or whose bfdd is away, says nothing.
 */
#include "l3vpnd/model.h"
#include "proto/fill.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t
peer_hash(const char *vrf, const struct addr *a)
{
	return hash_bytes(a->bytes, sizeof a->bytes, hash_bytes(vrf, strlen(vrf), a->family));
}

static struct peer_watch *
find(const struct l3vpn *g, const char *vrf, const struct addr *a)
{
	for (struct hash_node *n = hash_first(&g->watches, peer_hash(vrf, a)); n; n = hash_next(n)) {
		struct peer_watch *w = OBJECT(n, struct peer_watch, by_peer);
		if (addr_eq(&w->peer, a) && !strcmp(w->vrf, vrf))
			return w;
	}
	return NULL;
}

static void
drop(struct l3vpn *g, struct peer_watch *w)
{
	table_gone(&g->request_table, &w->row);
	hash_remove(&g->watches, &w->by_peer);
	free(w);
}

static void
want(struct l3vpn *g, const char *vrf, const struct bgp_peer_config *p, bool internal)
{
	struct peer_watch *w = find(g, vrf, &p->address);
	uint32_t ifindex = internal ? 0 : vpn_port_towards(g, vrf, &p->address);

	if (w && w->ifindex == ifindex && addr_eq(&w->source, &p->source_address) && w->min_tx_ms == p->bfd_min_tx_ms &&
	    w->min_rx_ms == p->bfd_min_rx_ms && w->multiplier == p->bfd_multiplier) {
		w->wanted = true;
		return;
	}
	if (w) /* the path is part of its key */
		drop(g, w);
	w = NEW(struct peer_watch);
	snprintf(w->vrf, sizeof w->vrf, "%s", vrf);
	w->peer = p->address;
	w->source = p->source_address;
	w->ifindex = ifindex;
	w->min_tx_ms = p->bfd_min_tx_ms;
	w->min_rx_ms = p->bfd_min_rx_ms;
	w->multiplier = p->bfd_multiplier;
	w->wanted = true;
	hash_add(&g->watches, &w->by_peer, peer_hash(vrf, &p->address));
	table_changed(&g->request_table, &w->row);
}

void
peer_watches_configure(struct l3vpn *g)
{
	struct bgp_config c = { 0 };

	l3vpn_effective(g, &c);
	hash_each (n, &g->watches) {
		OBJECT(n, struct peer_watch, by_peer)->wanted = false;
	}
	for (size_t i = 0; i < c.instance_count && c.as; i++)
		for (size_t k = 0; k < c.instances[i].peer_count; k++) {
			const struct bgp_peer_config *p = &c.instances[i].peers[k];
			if (p->bfd && !p->ignored && p->as)
				want(g, c.instances[i].name, p, p->as == c.as);
		}
	bgp_config_free(&c);
	hash_each (m, &g->watches) {
		struct peer_watch *w = OBJECT(m, struct peer_watch, by_peer);
		if (!w->wanted)
			drop(g, w);
	}
}

void
peer_watch_session(struct l3vpn *g, const Bfd__Session *row, bool gone)
{
	struct addr peer;

	if (gone || !addr_from_bytes(row->peer.data, row->peer.len, &peer))
		return;
	struct peer_watch *w = find(g, row->vrf, &peer);
	if (!w || (w->ifindex ? row->ifindex != w->ifindex : !row->multihop) || row->verdict == BFD__VERDICT__UNKNOWN)
		return;
	bool dead = row->verdict == BFD__VERDICT__DEAD && row->ups;
	if (dead && !w->dead)
		bgp_input(g->bgp,
		    &(struct bgp_input){ .kind = BGP_IN_BFD, .instance = w->vrf, .peer = peer, .down = true }, g->now);
	w->dead = dead;
}

static void
fill_request(const struct row *row, void *message, struct arena *arena)
{
	const struct peer_watch *w = CONST_OBJECT(row, struct peer_watch, row);
	Bfd__Request *m = message;

	m->client = fill_text("peer");
	m->peer = fill_addr(&w->peer, arena);
	m->source = fill_addr(&w->source, arena);
	m->ifindex = w->ifindex;
	m->vrf = fill_text(w->vrf);
	m->min_tx_us = w->min_tx_ms * 1000u;
	m->min_rx_us = w->min_rx_ms * 1000u;
	m->multiplier = w->multiplier;
}

void
peer_watches_init(struct l3vpn *g)
{
	hash_init(&g->watches);
	table_init(&g->request_table, "bfd.Request", fill_request);
	g->request_table.complete = false; /* sessions of before go on until it is known which are wanted */
}

void
peer_watches_free(struct l3vpn *g)
{
	hash_each (n, &g->watches) {
		drop(g, OBJECT(n, struct peer_watch, by_peer));
	}
	hash_free(&g->watches);
}
