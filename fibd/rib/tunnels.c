/*
 * Tunnels: the LSPs to one provider edge, which all pseudowires with it share; and gates, by which all of these leave it at once.
 *
 * A tunnel is a fate with a next hop over an LSP, as VPN routes have it, but without the label at the bottom: so tunnel labels,
 * several paths, BFD over several hops and the loss of an LSP come from where routes have them from. Of several paths a pseudowire
 * takes one, by a hash of its label, so that its frames stay in order. A tunnel policy makes a tunnel of its own, over the LSPs
 * that it permits (policies.c).
 *
 * The filters of a tunnel's pseudowires begin with its gate, one action for all of them. When the last path is gone the gate is
 * shut, by one message, and each circuit goes on with its next filter, which is there already. A gate that was shut stays so: a
 * path that comes back gets another one, with filters that are written for it. Who has left a path so returns when that is
 * decided, and not because the path is back.
 *
 * A gate is shut as well when l2vpnd says of one pseudowire after the other, until none is left, that it cannot be used: its
 * LDP session is lost, or a port with all its circuits is down at the other end. But only where no circuit waits for a filter
 * that is not in the kernel yet, for its frames would be lost meanwhile.
 */
#include "fibd/rib/circuits.h"
#include <stdlib.h>
#include <string.h>

/* --- gates --- */

struct gate *
gate_find(struct rib *rib, uint32_t index)
{
	for (struct hash_node *n = hash_first(&rib->gates, index); n; n = hash_next(n)) {
		struct gate *g = OBJECT(n, struct gate, by_index);
		if (g->index == index)
			return g;
	}
	return NULL;
}

struct gate *
gate_get(struct rib *rib, uint32_t index)
{
	struct gate *g = gate_find(rib, index);

	if (g)
		return g;
	g = NEW(struct gate);
	g->index = index;
	list_init(&g->dirty);
	list_init(&g->filters);
	hash_add(&rib->gates, &g->by_index, index);
	return g;
}

static void
gate_free(struct rib *rib, struct gate *g)
{
	list_remove(&g->dirty);
	hash_remove(&rib->gates, &g->by_index);
	free(g);
}

/* It has to be shut in the kernel, if it is not. */
void
gate_dirty(struct rib *rib, struct gate *g)
{
	if (g->asked || g->refused)
		return;
	/* Shut by a message of its own it may stay behind its filters, if somebody has removed these. */
	if (!g->users && g->told)
		diff_dirty(rib, &rib->dirty_gates, &g->dirty);
	if (!g->shut || !g->open || !g->users)
		return;
	diff_dirty(rib, &rib->dirty_gates, &g->dirty);
	rib->gates_first = true;
}

void
gate_shut(struct rib *rib, struct gate *g)
{
	g->shut = true;
	gate_dirty(rib, g);
}

void
gates_seen(struct rib *rib, const struct fib_gate *in)
{
	struct gate *g = gate_find(rib, in->index);

	if (!g || g->open == in->open)
		return;
	g->open = in->open;
	list_each (l, &g->filters) { /* what is shown as active may be another */
		circuit_dirty(rib, OBJECT(l, struct filter, of_gate)->circuit);
	}
	gate_dirty(rib, g);
}

void
gates_swept(struct rib *rib)
{
	hash_each (n, &rib->gates) {
		struct gate *g = OBJECT(n, struct gate, by_index);
		if (!g->users && !g->tunnel && !g->asked && !g->told)
			gate_free(rib, g);
	}
}

struct gate *
tunnel_gate(struct rib *rib, struct tunnel *t)
{
	if (t->gate)
		return t->gate;
	do {
		if (++rib->next_gate >= FIB_SENT)
			rib->next_gate = FIB_GATE + 1;
	} while (gate_find(rib, rib->next_gate));
	t->gate = gate_get(rib, rib->next_gate);
	t->gate->tunnel = t;
	return t->gate;
}

static void
shut(struct rib *rib, struct tunnel *t)
{
	struct gate *g = t->gate;

	t->gate = NULL;
	if (!g)
		return;
	if (t->last)
		t->last->tunnel = NULL;
	t->last = g;
	gate_shut(rib, g);
}

/* It leads somewhere again before the kernel was told that it did not, as when a route moves and its label follows. */
static void
keep_open(struct tunnel *t)
{
	struct gate *g = t->last;

	if (t->gate || !g || !g->open || g->asked)
		return;
	list_remove(&g->dirty);
	g->shut = false;
	t->gate = g;
	t->last = NULL;
}

/* --- tunnels --- */

static uint32_t
key_hash(const struct addr *peer, const struct tunnel_terms *on)
{
	return hash_bytes(peer->bytes, sizeof peer->bytes, on->bfd + 2 * on->policy);
}

static bool
same_terms(const struct tunnel_terms *a, const struct tunnel_terms *b)
{
	return a->bfd == b->bfd && a->policy == b->policy && addr_eq(&a->bfd_source, &b->bfd_source);
}

static struct tunnel *
find(const struct rib *rib, const struct addr *peer, const struct tunnel_terms *on)
{
	for (struct hash_node *n = hash_first(&rib->tunnels, key_hash(peer, on)); n; n = hash_next(n)) {
		struct tunnel *t = OBJECT(n, struct tunnel, by_key);
		if (addr_eq(&t->peer, peer) && same_terms(&t->terms, on))
			return t;
	}
	return NULL;
}

static struct tunnel *
tunnel_new(struct rib *rib, const struct addr *peer, const struct tunnel_terms *on)
{
	struct tunnel *t = NEW(struct tunnel);
	const struct hop_key watched = {
		.table = rib->public, .peer = *peer, .source = on->bfd_source, .client = HOP_PW
	};
	struct spec to = { .addr = *peer,
		.lsp = true,
		.label = LABEL_IMPLICIT_NULL,
		.policy = on->policy,
		.track = on->bfd ? track_hop(rib, &watched) : 0 };

	t->peer = *peer;
	t->terms = *on;
	list_init(&t->wires);
	t->fate = fate_get(
	    rib, &(struct fate){ .table = rib->public, .family = peer->family, .specs = &to, .spec_count = 1 });
	t->fate->tunnels = true;
	hash_add(&rib->tunnels, &t->by_key, key_hash(peer, on));
	rib->tunnels_dirty = true;
	return t;
}

struct tunnel *
tunnel_join(struct rib *rib, struct wire *w, const struct tunnel_terms *on)
{
	struct tunnel *t = find(rib, &w->peer, on);

	if (!t)
		t = tunnel_new(rib, &w->peer, on);
	if (!w->last_resort)
		policy_counts(rib, on->policy, 1);
	list_append(&t->wires, &w->of_tunnel);
	rib->tunnels_dirty |= wire_would_do(w) && !t->usable;
	t->usable += wire_would_do(w);
	return t;
}

void
tunnel_leave(struct rib *rib, struct wire *w)
{
	struct tunnel *t = w->tunnel;

	w->tunnel = NULL;
	if (!t)
		return;
	if (!w->last_resort)
		policy_counts(rib, t->terms.policy, -1);
	list_remove(&w->of_tunnel);
	t->usable -= wire_would_do(w);
	rib->tunnels_dirty |= wire_would_do(w) && !t->usable;
	if (!list_is_empty(&t->wires))
		return;
	if (t->gate)
		t->gate->tunnel = NULL;
	if (t->last)
		t->last->tunnel = NULL;
	hash_remove(&rib->tunnels, &t->by_key);
	fate_unref(rib, t->fate);
	free(t);
}

bool
tunnel_is_unsure(const struct tunnel *t)
{
	return !t->way_count && t->fate->guess;
}

bool
tunnel_leads_nowhere(const struct tunnel *t)
{
	return !t->way_count && !t->fate->guess;
}

bool
tunnel_is_dead(const struct tunnel *t)
{
	const struct track *track = track_of(t->fate->table->rib, t->fate->specs[0].track);

	return track && track->dead;
}

const struct tunnel_way *
tunnel_way(const struct wire *w)
{
	const struct tunnel *t = w->tunnel;
	uint16_t known = 0;

	for (uint16_t i = 0; t && i < t->way_count; i++)
		known += t->ways[i].has_mac;
	if (!known)
		return NULL;
	uint16_t which = (uint16_t)(hash_bytes(&w->in_label, sizeof w->in_label, 0) % known);
	for (uint16_t i = 0;; i++)
		if (t->ways[i].has_mac && !which--)
			return &t->ways[i];
}

/* --- where they lead --- */

/* A next hop that happens not to answer when we start again is believed to have the address that filters in the kernel have. */
static void
adopt_mac(const struct tunnel *t, const struct fib_path *p, struct station *s)
{
	for (const struct list *l = t->wires.next; l != &t->wires && !s->has_mac; l = l->next) {
		const uint8_t *mac = circuit_mac_of(CONST_OBJECT(l, struct wire, of_tunnel), p);
		s->has_mac = mac;
		if (mac)
			memcpy(s->mac, mac, sizeof s->mac);
	}
}

static void
look(struct rib *rib, const struct tunnel *t, const struct fib_path *p, struct tunnel_way *ret)
{
	const struct port *port = port_find(rib, p->ifindex);
	struct station *s = addr_is_set(&p->gateway) ? station_need(rib, p->ifindex, &p->gateway) : NULL;

	if (s && !s->has_mac)
		adopt_mac(t, p, s);
	memset(ret, 0, sizeof *ret);
	ret->path = *p;
	if (!port || !s)
		return;
	memcpy(ret->own_mac, port->link.mac, sizeof ret->own_mac);
	ret->mtu = port->link.mtu;
	ret->has_mac = s->has_mac;
	memcpy(ret->mac, s->mac, sizeof ret->mac);
}

static bool
way_same(const struct tunnel_way *a, const struct tunnel_way *b)
{
	return paths_eq(&a->path, &b->path, 1) && a->mtu == b->mtu && a->has_mac == b->has_mac &&
	       memcmp(a->mac, b->mac, sizeof a->mac) == 0 && memcmp(a->own_mac, b->own_mac, sizeof a->own_mac) == 0;
}

static bool
all_can_leave(const struct tunnel *t)
{
	for (const struct list *l = t->wires.next; l != &t->wires; l = l->next) {
		const struct wire *w = CONST_OBJECT(l, struct wire, of_tunnel);
		if (!circuit_can_leave(w->circuit, w))
			return false;
	}
	return true;
}

static void
settle(struct rib *rib, struct tunnel *t)
{
	const struct fate *f = t->fate;
	bool same = t->way_count == f->path_count;

	for (uint16_t i = 0; i < f->path_count; i++) {
		struct tunnel_way now;
		look(rib, t, &f->paths[i].p, &now);
		same = same && way_same(&now, &t->ways[i]);
		t->ways[i] = now;
	}
	t->way_count = f->path_count;
	if (t->way_count && t->usable)
		keep_open(t);
	else if (t->way_count ? t->gate && all_can_leave(t) : !f->guess)
		shut(rib, t);
	bool known = t->guess && !f->guess; /* what was kept may be nobody's */
	t->guess = f->guess;
	if (same && !known)
		return;
	t->moved = rib->tunnels_moved = rib->work = true;
}

/* However many they are, a gate that was shut for them has gone to the kernel before. */
void
tunnels_tell(struct rib *rib)
{
	if (!rib->tunnels_moved)
		return;
	rib->tunnels_moved = false;
	hash_each (n, &rib->tunnels) {
		struct tunnel *t = OBJECT(n, struct tunnel, by_key);
		if (t->moved)
			list_each (l, &t->wires) {
				circuit_dirty(rib, OBJECT(l, struct wire, of_tunnel)->circuit);
			}
		t->moved = false;
	}
}

void
tunnels_settle(struct rib *rib)
{
	if (!rib->tunnels_dirty)
		return;
	rib->tunnels_dirty = false;
	hash_each (n, &rib->tunnels) {
		settle(rib, OBJECT(n, struct tunnel, by_key));
	}
}

void
tunnels_free(struct rib *rib)
{
	hash_each (n, &rib->gates) {
		gate_free(rib, OBJECT(n, struct gate, by_index));
	}
	hash_free(&rib->gates);
	hash_free(&rib->tunnels);
}
