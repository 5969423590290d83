/*
 * Circuits: which filters of the kernel each of them wants. Their rows are read in circuits_told.c.
 *
 * What comes in at an attachment circuit meets its filters in the order of their preference: those of its pseudowires, each at a
 * place of its own, in the order of the row, and at last one that drops. A pseudowire's filter is passed over while the gate of
 * its tunnel is shut (tunnels.c), so when a provider edge is lost the next pseudowire takes over, and no filter is touched.
 * Where frames are to leave by another pseudowire than the first that could take them, a filter in front of all others says so:
 * it is put there, changed, or taken away in one message, and that is the switch. Labels of all pseudowires are received whichever
 * is active. Control channels are in channel.c.
 *
 * l2vpnd decides by turns. Within a turn a circuit goes to the path that is named as soon as that leads anywhere, leaves
 * it when it is dead for the first one that is not, and stays there. The
 * filter that drops remembers the turn, so that after our restart the kernel tells where the circuit was in it.
 *
 * BFD says that the other end is dead when that has merely lost its bfdd. Where all are dead there is nothing to lose: behind the
 * filters of all pseudowires stands that of the last resort, whose tunnel BFD does not shut.
 *
 * Filters of before a restart are kept until l2vpn.Circuit was read, and those of a path as long as nobody knows yet whether
 * there is an LSP.
 */
#include "fibd/rib/circuits.h"
#include <stdio.h>
#include <string.h>

enum { CIRCUIT_HANDLE = 1, BLOCK_HANDLE = 0x100000, FORM_SHIFT = 22 };

/* --- filters --- */

uint32_t
filter_handle(const struct fib_filter *f)
{
	if (f->ifindex)
		return f->form ? f->label | BLOCK_HANDLE : CIRCUIT_HANDLE;
	return f->label | (uint32_t)BLOCK_HANDLE << f->explicit_null | (uint32_t)f->form << FORM_SHIFT;
}

struct filter *
circuit_filter(const struct circuit *c, uint16_t pref, uint32_t handle)
{
	list_each (l, &c->filters) {
		struct filter *f = OBJECT(l, struct filter, of_circuit);
		const struct fib_filter *key = f->present ? &f->has : &f->want;
		if (key->pref == pref && filter_handle(key) == handle)
			return f;
	}
	return NULL;
}

bool
filters_same(const struct fib_filter *a, const struct fib_filter *b)
{
	bool peers = a->peer.family != 4 || b->peer.family != 4 || addr_eq(&a->peer, &b->peer);

	return a->ifindex == b->ifindex && a->pref == b->pref && a->label == b->label &&
	       a->explicit_null == b->explicit_null && a->control_word == b->control_word && a->pop_tag == b->pop_tag &&
	       a->push_tag == b->push_tag && a->gate == b->gate && a->out == b->out &&
	       a->label_count == b->label_count &&
	       memcmp(a->labels, b->labels, a->label_count * sizeof *a->labels) == 0 &&
	       memcmp(a->mac, b->mac, sizeof a->mac) == 0 && memcmp(a->own_mac, b->own_mac, sizeof a->own_mac) == 0 &&
	       a->vc_id == b->vc_id && a->turn == b->turn && a->form == b->form && a->circuit == b->circuit && peers;
}

bool
circuit_filter_is_right(const struct filter *f)
{
	return f->as_it_is || (f->present ? f->wanted && filters_same(&f->has, &f->want) : !f->wanted);
}

void
circuit_want(struct rib *rib, struct circuit *c, const struct fib_filter *like)
{
	struct filter *f = filter_get(rib, c, like);

	if (!filters_same(&f->want, like)) {
		f->refused = false;
		f->changed = true;
	}
	f->want = *like;
	f->wanted = true;
}

/* --- wires --- */

bool
label_is_free(uint32_t label)
{
	return label >= LABEL_FIRST_FREE && label <= LABEL_MAX;
}

bool
wire_would_do(const struct wire *w)
{
	return w->usable && label_is_free(w->out_label);
}

static bool
is_usable(const struct wire *w)
{
	return wire_would_do(w) && w->tunnel;
}

bool
wire_is_ready(const struct wire *w)
{
	return is_usable(w) && tunnel_way(w);
}

bool
wire_is_unsure(const struct wire *w)
{
	return is_usable(w) && tunnel_is_unsure(w->tunnel);
}

static bool
is_of(const struct fib_filter *f, const struct wire *w)
{
	return f->label == w->in_label && f->vc_id == w->vc_id;
}

/* The wire by which frames leave that come to the filter of this preference. */
static uint32_t
leaves_by(const struct circuit *c, uint16_t pref)
{
	const struct filter *f = circuit_filter(c, pref, CIRCUIT_HANDLE);
	const struct gate *g = f && f->present ? gate_find(c->rib, f->has.gate) : NULL;

	for (uint32_t i = 0; g && g->open && i < c->wire_count; i++)
		if (is_of(&f->has, &c->wires[i]))
			return i;
	return LABEL_UNSET;
}

uint32_t
circuit_active(const struct circuit *c)
{
	uint32_t leaves = LABEL_UNSET;

	for (uint16_t pref = FIB_FRONT; leaves == LABEL_UNSET && pref < FIB_PLACE + FIB_CIRCUIT_PATHS; pref++)
		leaves = leaves_by(c, pref);
	return leaves != LABEL_UNSET ? leaves : leaves_by(c, FIB_LAST);
}

const uint8_t *
circuit_mac_of(const struct wire *w, const struct fib_path *p)
{
	list_each (l, &w->circuit->filters) {
		const struct fib_filter *f = &OBJECT(l, struct filter, of_circuit)->has;
		if (OBJECT(l, struct filter, of_circuit)->present && f->gate && is_of(f, w) && f->out == p->ifindex &&
		    f->label_count == p->label_count + 1 &&
		    memcmp(f->labels, p->labels, p->label_count * sizeof *f->labels) == 0)
			return f->mac;
	}
	return NULL;
}

bool
circuit_can_leave(const struct circuit *c, const struct wire *w)
{
	for (uint8_t i = 0; i < c->wire_count; i++)
		if (&c->wires[i] != w && wire_is_ready(&c->wires[i]) && leaves_by(c, FIB_FRONT) != i &&
		    leaves_by(c, (uint16_t)(FIB_PLACE + i)) != i)
			return false;
	return true;
}

/* --- who sends --- */

static void
moved(struct rib *rib, struct circuit *c, uint8_t to, const char *why)
{
	if (c->begun && c->current == to)
		return;
	c->current = to;
	c->moved_at = rib->now;
	snprintf(c->moved_why, sizeof c->moved_why, "%s", why);
}

static void
begin_turn(struct rib *rib, struct circuit *c)
{
	const struct filter *drop = circuit_filter(c, FIB_DROP, CIRCUIT_HANDLE);
	uint32_t to = c->active;

	if (c->begun && c->in_turn == c->turn && c->current < c->wire_count)
		return;
	bool goes_on = !c->begun && drop && drop->present && drop->has.turn == c->turn; /* from before our restart */
	if (goes_on)
		to = circuit_active(c);
	if (to >= c->wire_count)
		to = c->active < c->wire_count ? c->active : 0;
	if (goes_on) { /* since when, and why, nobody knows any more */
		c->current = (uint8_t)to;
		snprintf(c->moved_why, sizeof c->moved_why, "%s",
		    to == c->active ? "" : "its path was left before fibd started, nobody knows why");
	} else {
		moved(rib, c, (uint8_t)to, "decided by l2vpnd");
	}
	c->arrived = to != c->active;
	c->begun = true;
	c->in_turn = c->turn;
}

/* The path that the turn begins with may get its LSP later than the turn begins. */
static void
arrive(struct rib *rib, struct circuit *c)
{
	if (c->arrived || c->active >= c->wire_count || !wire_is_ready(&c->wires[c->active]))
		return;
	c->arrived = true;
	moved(rib, c, (uint8_t)c->active, "decided by l2vpnd");
}

static void
leave_dead(struct rib *rib, struct circuit *c)
{
	const struct wire *w = &c->wires[c->current];
	char peer[ADDR_TEXT], why[96];

	if (!c->wire_count || wire_is_ready(w) || wire_is_unsure(w))
		return;
	addr_text(&w->peer, peer);
	if (!is_usable(w))
		snprintf(why, sizeof why, "the pseudowire %u to %s cannot be used", w->vc_id, peer);
	else if (tunnel_is_dead(w->tunnel))
		snprintf(why, sizeof why, "BFD says that %s is dead", peer);
	else
		snprintf(why, sizeof why, "the LSP to %s is gone", peer);
	for (uint8_t i = 0; i < c->wire_count; i++)
		if (wire_is_ready(&c->wires[i])) {
			moved(rib, c, i, why);
			return;
		}
}

/* --- what is wanted --- */

/* The gate of before our restart does, if it is open and nobody else's. */
static void
adopt_gate(struct rib *rib, struct tunnel *t, const struct filter *f, const struct wire *w)
{
	struct gate *g = f && f->present && is_of(&f->has, w) ? gate_find(rib, f->has.gate) : NULL;

	if (t->gate || !g || g->tunnel || g->shut || !g->open)
		return;
	t->gate = g;
	g->tunnel = t;
}

void
circuit_fill_way(const struct wire *w, struct fib_filter *f)
{
	const struct tunnel_way *way = tunnel_way(w);

	f->out = way->path.ifindex;
	f->label_count = way->path.label_count;
	memcpy(f->labels, way->path.labels, f->label_count * sizeof *f->labels);
	f->labels[f->label_count++] = w->out_label;
	memcpy(f->mac, way->mac, sizeof f->mac);
	memcpy(f->own_mac, way->own_mac, sizeof f->own_mac);
}

static void
want_sender(struct rib *rib, struct circuit *c, const struct wire *w, uint16_t pref)
{
	const struct port *p = port_find(rib, c->ifindex);
	struct fib_filter f = { .ifindex = c->ifindex,
		.pref = pref,
		.label = w->in_label,
		.control_word = w->control_word,
		.push_tag = c->tagged && p ? p->link.vlan : 0,
		.vc_id = w->vc_id,
		.peer = w->peer };

	adopt_gate(rib, w->tunnel, circuit_filter(c, pref, CIRCUIT_HANDLE), w);
	f.gate = tunnel_gate(rib, w->tunnel)->index;
	circuit_fill_way(w, &f);
	circuit_want(rib, c, &f);
}

/* It stays while nobody knows where the path leads, or its next hop's MAC
 * address; and behind a shut gate, for it may come back. */
static bool
keep(struct rib *rib, struct filter *f, const struct wire *w)
{
	struct gate *g = f && f->present && is_of(&f->has, w) ? gate_find(rib, f->has.gate) : NULL;

	if (!g)
		return false;
	if (tunnel_leads_nowhere(w->tunnel) && !g->shut) {
		if (g->tunnel && g->tunnel != w->tunnel)
			return false; /* others' frames pass there: the filter goes */
		gate_shut(rib, g);
	}
	f->as_it_is = true;
	return g->open && !g->shut;
}

/* The first that leads anywhere, whichever frames leave by now: it is not touched in a switch. */
static void
want_last(struct rib *rib, struct circuit *c)
{
	struct filter *f = circuit_filter(c, FIB_LAST, CIRCUIT_HANDLE);

	for (uint8_t i = 0; i < c->wire_count; i++)
		if (wire_is_ready(&c->unwatched[i])) {
			want_sender(rib, c, &c->unwatched[i], FIB_LAST);
			return;
		}
	for (uint8_t i = 0; i < c->wire_count; i++)
		if (is_usable(&c->unwatched[i]) && keep(rib, f, &c->unwatched[i]))
			return;
}

static void
want_senders(struct rib *rib, struct circuit *c)
{
	bool others_first = false; /* somebody would take frames before the one that shall */

	for (uint8_t i = 0; i < c->wire_count; i++) {
		const struct wire *w = &c->wires[i];
		if (!is_usable(w))
			continue;
		if (wire_is_ready(w)) {
			want_sender(rib, c, w, (uint16_t)(FIB_PLACE + i));
			others_first |= i < c->current;
			continue;
		}
		struct filter *f = circuit_filter(c, (uint16_t)(FIB_PLACE + i), CIRCUIT_HANDLE);
		others_first |= keep(rib, f, w) && i < c->current;
	}
	if (!c->wire_count || !others_first)
		return;
	const struct wire *w = &c->wires[c->current];
	if (wire_is_ready(w))
		want_sender(rib, c, w, FIB_FRONT);
	else if (is_usable(w))
		keep(rib, circuit_filter(c, FIB_FRONT, CIRCUIT_HANDLE), w);
}

/* A label that moves from one circuit to another may be told of in either order. */
static bool
has_label(struct rib *rib, const struct circuit *c, const struct wire *w)
{
	const struct filter *f = filter_of_label(rib, w->in_label);
	const struct circuit *other = f ? f->circuit : c;
	bool wanted = false;

	for (uint8_t i = 0; other != c && other->told && i < other->wire_count; i++)
		wanted |= other->wires[i].in_label == w->in_label;
	rib->contested |= wanted;
	return w->in_label && !(wanted && other->told_at > c->told_at);
}

static void
want_receivers(struct rib *rib, struct circuit *c)
{
	const struct port *p = port_find(rib, c->ifindex);

	for (uint8_t i = 0; i < c->wire_count; i++) {
		const struct wire *w = &c->wires[i];
		struct fib_filter f = { .pref = w->control_word ? FIB_RECEIVE : FIB_RECEIVE_PLAIN,
			.label = w->in_label,
			.control_word = w->control_word,
			.pop_tag = c->tagged && p && p->link.vlan,
			.out = c->ifindex,
			.vc_id = w->vc_id,
			.peer = w->peer };
		if (!has_label(rib, c, w))
			continue;
		for (int beneath = 0; beneath < 2; beneath++) {
			f.explicit_null = beneath;
			circuit_want(rib, c, &f);
		}
		channel_want(rib, c, w);
	}
}

static void
want_filters(struct rib *rib, struct circuit *c)
{
	uint32_t other = *c->local ? port_by_name(rib, c->local) : 0;

	begin_turn(rib, c);
	arrive(rib, c);
	leave_dead(rib, c);
	guards_want(rib, c);
	want_senders(rib, c);
	want_last(rib, c);
	want_receivers(rib, c);
	if (other && !c->wire_count)
		circuit_want(rib, c, &(struct fib_filter){ .ifindex = c->ifindex, .pref = FIB_PLACE, .out = other });
	circuit_want(rib, c, &(struct fib_filter){ .ifindex = c->ifindex, .pref = FIB_DROP, .turn = c->in_turn });
}

/* --- */

void
circuit_show(struct rib *rib, struct circuit *c)
{
	c->shown = circuit_active(c);
	if (c->told || !list_is_empty(&c->filters))
		table_changed(&rib->circuit_table, &c->row);
}

void
circuit_settle(struct rib *rib, struct circuit *c)
{
	circuit_find_port(rib, c);
	list_each (l, &c->filters) {
		struct filter *f = OBJECT(l, struct filter, of_circuit);
		f->wanted = false;
		f->as_it_is = !c->told && !rib->synced[FIB_L2VPN_CIRCUIT];
	}
	struct port *p = c->ifindex ? port_find(rib, c->ifindex) : NULL;
	if (c->told && p)
		want_filters(rib, c);
	if (p) {
		circuit_settle_promiscuous(rib, c, p);
		circuit_settle_carrier(rib, c, p);
	}
	circuit_show(rib, c);
}
