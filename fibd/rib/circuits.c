/*
 * Circuits: rows of l2vpn.Circuit, and which filters of the kernel each of them wants.
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
 * Filters of before a restart are kept until l2vpn.Circuit was read, and those of a path as long as nobody knows yet whether
 * there is an LSP.
 */
#include "fibd/rib/circuits.h"
#include <stdio.h>
#include <stdlib.h>
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

/* What l2vpnd says of it would do. */
static bool
is_usable(const struct wire *w)
{
	return w->usable && label_is_free(w->out_label) && w->tunnel;
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

uint32_t
circuit_active(const struct circuit *c)
{
	for (unsigned pref = FIB_FRONT; pref < FIB_PLACE + FIB_CIRCUIT_PATHS; pref++) {
		const struct filter *f = circuit_filter(c, (uint16_t)pref, CIRCUIT_HANDLE);
		const struct gate *g = f && f->present ? gate_find(c->rib, f->has.gate) : NULL;
		if (!g || !g->open)
			continue;
		for (uint32_t i = 0; i < c->wire_count; i++)
			if (is_of(&f->has, &c->wires[i]))
				return i;
	}
	return LABEL_UNSET;
}

/* --- rows --- */

static struct circuit *
find(const struct rib *rib, const char *name)
{
	for (struct hash_node *n = hash_first(&rib->circuits, port_name_hash(name)); n; n = hash_next(n)) {
		struct circuit *c = OBJECT(n, struct circuit, by_name);
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

static void
set_name(struct rib *rib, struct circuit *c, const char *name)
{
	snprintf(c->name, sizeof c->name, "%s", name);
	hash_add(&rib->circuits, &c->by_name, port_name_hash(c->name));
}

static void
set_local(struct rib *rib, struct circuit *c, const char *name)
{
	if (*c->local)
		hash_remove(&rib->circuits_by_local, &c->by_local);
	snprintf(c->local, sizeof c->local, "%.63s", name);
	if (*c->local)
		hash_add(&rib->circuits_by_local, &c->by_local, port_name_hash(c->local));
}

static struct circuit *
circuit_new(struct rib *rib, const char *name)
{
	struct circuit *c = NEW(struct circuit);

	c->rib = rib;
	c->shown = LABEL_UNSET;
	list_init(&c->filters);
	list_init(&c->dirty);
	for (int i = 0; i < FIB_CIRCUIT_PATHS; i++)
		list_init(&c->wires[i].of_tunnel);
	set_name(rib, c, name);
	rib->clsacts_dirty = true;
	return c;
}

/* The kernel has a filter there, of before our restart. */
struct circuit *
circuit_of_port(struct rib *rib, uint32_t ifindex)
{
	const struct port *p = port_find(rib, ifindex);
	char name[32];

	if (p && p->circuit)
		return p->circuit;
	snprintf(name, sizeof name, "ifindex %u", ifindex);
	struct circuit *c = find(rib, p ? port_label(p) : name);
	if (!c)
		c = circuit_new(rib, p ? port_label(p) : name);
	c->found |= !rib->dumped;
	if (p)
		circuit_place(rib, c, ifindex);
	return c;
}

void
circuit_dirty(struct rib *rib, struct circuit *c)
{
	diff_dirty(rib, &rib->dirty_circuits, &c->dirty);
}

void
circuits_all_dirty(struct rib *rib)
{
	hash_each (n, &rib->circuits) {
		circuit_dirty(rib, OBJECT(n, struct circuit, by_name));
	}
}

void
circuit_release(struct rib *rib, struct circuit *c)
{
	struct port *p = c->ifindex ? port_find(rib, c->ifindex) : NULL;

	if (c->told || !list_is_empty(&c->filters))
		return;
	if (p)
		circuit_settle_promiscuous(rib, c, p);
	circuit_place(rib, c, 0);
	table_gone(&rib->circuit_table, &c->row);
	list_remove(&c->dirty);
	hash_remove(&rib->circuits, &c->by_name);
	free(c);
}

/* An associated channel is told from frames by the control word. */
static uint8_t
channel_form(const L2vpn__CircuitPath *p)
{
	bool is_form =
	    p->control_channel <= FIB_TTL_EXPIRY && (p->control_channel != FIB_CONTROL_WORD || p->control_word);

	return is_form ? (uint8_t)p->control_channel : FIB_FRAME;
}

/* The new ones are there before the old ones go: a tunnel that both have stays. */
static void
set_wires(struct rib *rib, struct circuit *c, const L2vpn__Circuit *row)
{
	struct wire before[FIB_CIRCUIT_PATHS];
	uint8_t count = c->wire_count;

	for (uint8_t i = 0; i < count; i++) {
		before[i] = c->wires[i];
		rib->channels.wanted -= before[i].channel != FIB_FRAME;
		list_init(&before[i].of_tunnel);
		if (before[i].tunnel)
			list_append(&before[i].tunnel->wires, &before[i].of_tunnel);
		list_remove(&c->wires[i].of_tunnel);
	}
	c->wire_count = 0;
	for (size_t i = 0; row && i < row->n_paths && i < FIB_CIRCUIT_PATHS; i++) {
		const L2vpn__CircuitPath *p = row->paths[i];
		struct wire *w = &c->wires[c->wire_count++];
		struct addr source = addr_none();
		*w = (struct wire){ .circuit = c,
			.vc_id = p->vc_id,
			.out_label = p->out_label,
			.in_label = label_is_free(p->in_label) ? p->in_label : 0,
			.channel = channel_form(p),
			.control_word = p->control_word,
			.usable = p->usable };
		rib->channels.wanted += w->channel != FIB_FRAME;
		list_init(&w->of_tunnel);
		if (p->bfd)
			addr_from_bytes(p->bfd_source.data, p->bfd_source.len, &source);
		if (addr_from_bytes(p->peer.data, p->peer.len, &w->peer) && addr_is_set(&w->peer))
			w->tunnel = tunnel_join(
			    rib, w, &(struct tunnel_terms){ p->bfd, source, policy_number(rib, p->tunnel_policy) });
	}
	for (uint8_t i = 0; i < count; i++)
		tunnel_leave(rib, &before[i]);
}

static void
forget(struct rib *rib, struct circuit *c)
{
	set_wires(rib, c, NULL);
	c->told = c->begun = false;
	rib->channels.dirty = true;
	set_local(rib, c, "");
	rib->clsacts_dirty = true;
	if (rib->contested)
		circuits_all_dirty(rib);
	rib->contested = false;
	circuit_dirty(rib, c);
	circuit_release(rib, c);
}

void
circuit_row(struct rib *rib, const L2vpn__Circuit *row, bool gone, uint32_t round)
{
	struct circuit *c = find(rib, row->interface);

	if (gone) {
		if (c && c->told)
			forget(rib, c);
		return;
	}
	uint32_t ifindex = port_by_name(rib, row->interface);
	struct port *p = port_find(rib, ifindex);
	if (!c && p && p->circuit && !p->circuit->told) { /* found in the kernel, and called by another of its names */
		c = p->circuit;
		table_gone(&rib->circuit_table, &c->row);
		hash_remove(&rib->circuits, &c->by_name);
		set_name(rib, c, row->interface);
	}
	if (!c)
		c = circuit_new(rib, row->interface);
	c->told = true;
	c->told_at = ++rib->circuit_rows;
	c->round = round;
	c->tagged = row->tagged;
	c->carrier_follows = row->carrier_follows;
	c->dropped = row->dropped;
	c->active = row->active;
	c->turn = row->turn;
	set_local(rib, c, row->local);
	set_wires(rib, c, row);
	rib->channels.dirty = true;
	rib->ports_dirty |= c->found; /* it may have been kept down until now */
	circuit_dirty(rib, c);
}

void
circuits_synced(struct rib *rib, uint32_t round)
{
	rib->synced[FIB_L2VPN_CIRCUIT] = rib->ports_dirty = true;
	hash_each (n, &rib->circuits) {
		struct circuit *c = OBJECT(n, struct circuit, by_name);
		circuit_dirty(rib, c);
		if (c->told && c->round != round)
			forget(rib, c);
	}
	rib->clsacts_dirty = rib->channels.dirty = true;
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
	if (!c->begun && drop && drop->present && drop->has.turn == c->turn)
		to = circuit_active(c); /* as it was before our restart */
	if (to >= c->wire_count)
		to = c->active < c->wire_count ? c->active : 0;
	moved(rib, c, (uint8_t)to, "decided by l2vpnd");
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
circuit_fill_way(struct rib *rib, const struct filter *before, const struct wire *w, struct fib_filter *f)
{
	const struct tunnel_way *way = tunnel_way(w);

	adopt_gate(rib, w->tunnel, before, w);
	f->gate = tunnel_gate(rib, w->tunnel)->index;
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

	circuit_fill_way(rib, circuit_filter(c, pref, CIRCUIT_HANDLE), w, &f);
	circuit_want(rib, c, &f);
}

/* It stays while nobody knows where the path leads, or its next hop's MAC
 * address; and behind a shut gate, for it may come back. */
bool
circuit_keep(struct rib *rib, struct filter *f, const struct wire *w)
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
		others_first |= circuit_keep(rib, f, w) && i < c->current;
	}
	if (!c->wire_count || !others_first)
		return;
	const struct wire *w = &c->wires[c->current];
	if (wire_is_ready(w))
		want_sender(rib, c, w, FIB_FRONT);
	else if (is_usable(w))
		circuit_keep(rib, circuit_filter(c, FIB_FRONT, CIRCUIT_HANDLE), w);
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

void
circuits_free(struct rib *rib)
{
	hash_each (n, &rib->circuits) {
		struct circuit *c = OBJECT(n, struct circuit, by_name);
		set_wires(rib, c, NULL);
		list_each_safe (l, &c->filters) {
			struct filter *f = OBJECT(l, struct filter, of_circuit);
			f->present = f->asked = f->wanted = false;
			filter_release(rib, f);
		}
		c->told = false;
		set_local(rib, c, "");
		circuit_release(rib, c);
	}
	hash_free(&rib->circuits);
	hash_free(&rib->circuits_by_local);
	hash_free(&rib->filters);
	hash_free(&rib->filters_by_link);
	tunnels_free(rib);
}
