/* Circuits as rows of fib.Circuit: what was seen in the kernel, and why something is not as it should be. */
#include "fibd/rib/circuits.h"
#include "proto/fill.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ETHERNET = 14,
	LABEL = 4,
	CONTROL_WORD = 4,
	TAG = 4,
	CIRCUIT_HANDLE = 1,
	OUTERMOST = 0x100000,
	BENEATH = 0x200000
};

/* --- a pseudowire --- */

static bool
is_there(const struct filter *f)
{
	return f && f->present && circuit_filter_is_right(f);
}

static bool
receives(const struct circuit *c, const struct wire *w)
{
	uint16_t pref = w->control_word ? FIB_RECEIVE : FIB_RECEIVE_PLAIN;
	const struct filter *f = filter_find(c->rib, 0, pref, w->in_label | OUTERMOST);

	return w->in_label && c->rib->core_links && is_there(f) && f->circuit == c &&
	       is_there(filter_find(c->rib, 0, pref, w->in_label | BENEATH));
}

static bool
sends(const struct circuit *c, uint8_t i, const struct filter *f)
{
	const struct gate *g = f && f->present ? gate_find(c->rib, f->has.gate) : NULL;

	return is_there(f) && g && g->open && wire_is_ready(&c->wires[i]);
}

/* The largest frame that fits, without its Ethernet header. */
static uint32_t
mtu_of(const struct circuit *c, const struct wire *w, const struct tunnel_way *way)
{
	const struct port *p = port_find(c->rib, c->ifindex);
	uint32_t over = ETHERNET + LABEL * (way->path.label_count + 1u) + (w->control_word ? CONTROL_WORD : 0) +
			(c->tagged && p && p->link.vlan ? TAG : 0);

	return way->mtu > over ? way->mtu - over : 0;
}

static const char *
link_name(struct rib *rib, uint32_t ifindex)
{
	const struct port *p = port_find(rib, ifindex);

	return p ? port_label(p) : "an interface that is gone";
}

/* Why frames cannot leave by it; "": they can. */
static void
why_not_ready(const struct wire *w, const struct answer *reach, char out[160])
{
	const struct tunnel *t = w->tunnel;
	char addr[ADDR_TEXT];

	*out = '\0';
	if (!t)
		snprintf(out, 160, "it has no peer");
	else if (w->out_label < LABEL_FIRST_FREE || w->out_label > LABEL_MAX)
		snprintf(out, 160, "%s gave no label", addr_text(&w->peer, addr));
	else if (!w->usable)
		snprintf(out, 160, "not usable, says l2vpnd");
	else if (tunnel_is_dead(t))
		snprintf(out, 160, "BFD says that %s is dead", addr_text(&w->peer, addr));
	else if (*reach->trouble)
		snprintf(out, 160, "%s", reach->trouble);
	else if (t->way_count && !tunnel_way(w))
		snprintf(out, 160, "the MAC address of %s on %s is not known",
		    addr_text(&t->ways[0].path.gateway, addr), link_name(t->fate->table->rib, t->ways[0].path.ifindex));
	else if (!t->way_count)
		snprintf(out, 160, "it is not known yet whether there is an LSP");
}

static const char *
trouble_of(const struct circuit *c, const struct wire *w, const struct filter *place, const struct answer *reach,
    struct arena *arena)
{
	const struct filter *in = filter_of_label(c->rib, w->in_label);
	const struct tunnel_way *way = tunnel_way(w);
	const struct port *p = port_find(c->rib, c->ifindex);
	char text[160];

	why_not_ready(w, reach, text);
	if (*text && c->shown < c->wire_count && &c->wires[c->shown] == w) {
		size_t at = strlen(text);
		snprintf(text + at, sizeof text - at, "; frames go there for want of another way");
	}
	if (*text)
		return arena_text(arena, text);
	if (place && place->trouble)
		return place->trouble;
	if (in && in->trouble)
		return in->trouble;
	if (w->in_label && !c->rib->core_links)
		return "no link takes labelled packets: `mpls` is to be configured on one";
	if (!way || !p || mtu_of(c, w, way) >= p->link.mtu)
		return channel_trouble(c, w);
	snprintf(text, sizeof text, "frames of %u bytes do not fit: %s has an MTU of %u, which leaves %u", p->link.mtu,
	    link_name(c->rib, way->path.ifindex), way->mtu, mtu_of(c, w, way));
	return arena_text(arena, text);
}

static void
fill_way(Fib__CircuitPath *m, const struct circuit *c, const struct wire *w, struct arena *arena)
{
	const struct tunnel_way *way = tunnel_way(w);

	if (!way)
		return;
	m->n_labels = way->path.label_count;
	m->labels = arena_copy(arena, way->path.labels, way->path.label_count * sizeof *m->labels);
	m->ifindex = way->path.ifindex;
	m->next_hop = fill_addr(&way->path.gateway, arena);
	m->mac = fill_mac(way->mac, arena);
	m->mtu = mtu_of(c, w, way);
}

/* All filters that send by a pseudowire share what counts for it. */
static const struct filter *
any_sender(const struct circuit *c, const struct wire *w, const struct filter *place)
{
	const struct filter *last = circuit_filter(c, FIB_LAST, CIRCUIT_HANDLE);

	if (place && place->present && place->has.label == w->in_label)
		return place;
	return last && last->present && last->has.label == w->in_label ? last : NULL;
}

static void
fill_counters(Fib__CircuitPath *m, const struct circuit *c, const struct wire *w, const struct filter *place)
{
	const struct filter *in = filter_of_label(c->rib, w->in_label), *out = any_sender(c, w, place);

	if (out) {
		m->sent_packets = out->has.packets;
		m->sent_bytes = out->has.bytes;
	}
	if (in && in->present) {
		m->received_packets = in->has.packets;
		m->received_bytes = in->has.bytes;
	}
	m->channel_packets = channel_packets(c, w);
}

static Fib__CircuitPath *
fill_wire(const struct circuit *c, uint8_t i, struct arena *arena)
{
	const struct wire *w = &c->wires[i];
	const struct filter *place = circuit_filter(c, (uint16_t)(FIB_PLACE + i), CIRCUIT_HANDLE);
	Fib__CircuitPath *m = arena_take(arena, sizeof *m);
	struct answer reach = { 0 };
	bool unsure;

	fib__circuit_path__init(m);
	if (w->tunnel)
		reach = reach_of(c->rib, home_get(c->rib, ""), &w->peer, w->tunnel->terms.policy, &unsure);
	m->peer = fill_addr(&w->peer, arena);
	m->vc_id = w->vc_id;
	m->in_label = w->in_label ? w->in_label : LABEL_UNSET;
	m->out_label = w->out_label;
	m->usable = w->usable;
	m->alive = w->tunnel && !tunnel_is_dead(w->tunnel);
	m->lsp = reach.lsp && (!w->tunnel->way_count || tunnel_way(w));
	m->sends = sends(c, i, place);
	m->receives = receives(c, w);
	m->channel = channel_stands(c, w);
	fill_way(m, c, w, arena);
	m->trouble = fill_text(c->ifindex ? trouble_of(c, w, place, &reach, arena) : "");
	fill_counters(m, c, w, place);
	return m;
}

/* --- what the kernel has from before our restart, and nobody has asked for since --- */

static void
fill_found(Fib__Circuit *m, const struct circuit *c, struct arena *arena)
{
	size_t room = 0;

	list_each (l, &c->filters) {
		room++;
	}
	m->paths = arena_take(arena, (room + 1) * sizeof *m->paths);
	list_each (k, &c->filters) {
		const struct filter *f = CONST_OBJECT(k, struct filter, of_circuit);
		if (!f->present || f->has.ifindex || f->has.explicit_null || f->has.form)
			continue;
		Fib__CircuitPath *p = arena_take(arena, sizeof *p);
		fib__circuit_path__init(p);
		p->peer = fill_addr(&f->has.peer, arena);
		p->vc_id = f->has.vc_id;
		p->in_label = f->has.label;
		p->out_label = LABEL_UNSET;
		p->receives = true;
		p->trouble = fill_text("of before a restart: nobody has asked for it since");
		m->paths[m->n_paths++] = p;
	}
}

/* --- the circuit --- */

static const char *
trouble_of_circuit(const struct circuit *c, const struct port *p)
{
	const struct filter *drop = circuit_filter(c, FIB_DROP, CIRCUIT_HANDLE);
	const struct filter *local = circuit_filter(c, FIB_PLACE, CIRCUIT_HANDLE);

	if (!p)
		return port_by_name(c->rib, c->name) ? "another circuit has this interface, by another of its names"
						     : "there is no such interface";
	if (p->has_clsact && p->block)
		return "its incoming frames go through a block of filters that others share";
	if (p->clsact_refused && *p->trouble)
		return p->trouble;
	if (*c->local && !port_by_name(c->rib, c->local))
		return "there is no interface of the name that it is switched to";
	if (drop && drop->trouble)
		return drop->trouble;
	if (*c->local && local && local->trouble)
		return local->trouble;
	return c->carrier_trouble;
}

void
fill_circuit(const struct row *row, void *message, struct arena *arena)
{
	const struct circuit *c = CONST_OBJECT(row, struct circuit, row);
	const struct port *p = c->ifindex ? port_find(c->rib, c->ifindex) : NULL;
	Fib__Circuit *m = message;

	m->interface = fill_text(c->name);
	m->ifindex = p ? p->link.ifindex : 0;
	if (p) { /* a carrier that we hold says nothing of the line */
		m->up = circuit_holds_down(c) ? !port_is_shut(c->rib, p)
					      : p->link.admin_up && (p->link.carrier || c->carrier_held);
		m->held = c->carrier_held;
		m->mtu = p->link.mtu;
		m->mac = fill_mac(p->link.mac, arena);
	}
	m->joined = *c->local && is_there(circuit_filter(c, FIB_PLACE, CIRCUIT_HANDLE));
	m->active = c->shown;
	m->turn = c->begun ? c->in_turn : 0;
	m->moved_at = c->moved_at;
	m->moved_why = fill_text(c->moved_why);
	m->switches = c->note.switches;
	m->switched = c->note.switched;
	m->switch_reason = fill_text(c->note.reason);
	if (!c->told) {
		fill_found(m, c, arena);
		return;
	}
	m->trouble = fill_text(trouble_of_circuit(c, p));
	fill_guards(m, c, arena);
	m->paths = arena_take(arena, (c->wire_count + 1u) * sizeof *m->paths);
	for (uint8_t i = 0; i < c->wire_count; i++)
		m->paths[m->n_paths++] = fill_wire(c, i, arena);
}
