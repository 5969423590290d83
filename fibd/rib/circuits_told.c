/*
 * Circuits as they are told by rows of l2vpn.Circuit, or found in the kernel before anybody has told them. What they want there
 * is in circuits.c.
 */
#include "fibd/rib/circuits.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	for (int i = 0; i < FIB_CIRCUIT_PATHS; i++) {
		list_init(&c->wires[i].of_tunnel);
		list_init(&c->unwatched[i].of_tunnel);
	}
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

/* It joins the tunnel to its peer on these terms. */
static void
wire_join(struct rib *rib, struct wire *w, const struct wire *as, const struct tunnel_terms *on)
{
	*w = *as;
	list_init(&w->of_tunnel);
	if (addr_is_set(&w->peer))
		w->tunnel = tunnel_join(rib, w, on);
}

/* What was there joins its tunnel by another place, until the new ones are there: a tunnel that both have stays. */
static void
step_aside(struct wire *w, struct wire *ret_before)
{
	*ret_before = *w;
	list_init(&ret_before->of_tunnel);
	if (w->tunnel)
		list_append(&w->tunnel->wires, &ret_before->of_tunnel);
	list_remove(&w->of_tunnel);
	w->tunnel = NULL;
}

static void
set_wire(struct rib *rib, struct circuit *c, const L2vpn__CircuitPath *p)
{
	struct wire *w = &c->wires[c->wire_count], *u = &c->unwatched[c->wire_count++];
	struct tunnel_terms watched = { p->bfd, addr_none(), policy_number(rib, p->tunnel_policy) },
			    unwatched = { .policy = watched.policy };
	struct wire as = { .circuit = c,
		.vc_id = p->vc_id,
		.out_label = p->out_label,
		.in_label = label_is_free(p->in_label) ? p->in_label : 0,
		.channel = channel_form(p),
		.control_word = p->control_word,
		.usable = p->usable };

	if (p->bfd)
		addr_from_bytes(p->bfd_source.data, p->bfd_source.len, &watched.bfd_source);
	if (!addr_from_bytes(p->peer.data, p->peer.len, &as.peer))
		as.peer = addr_none();
	rib->channels.wanted += as.channel != FIB_FRAME;
	wire_join(rib, w, &as, &watched);
	as.usable = as.last_resort = p->last_resort;
	if (!p->last_resort)
		as.peer = addr_none();
	wire_join(rib, u, &as, &unwatched);
}

static void
set_wires(struct rib *rib, struct circuit *c, const L2vpn__Circuit *row)
{
	struct wire before[2 * FIB_CIRCUIT_PATHS];
	uint8_t count = c->wire_count;

	for (uint8_t i = 0; i < count; i++) {
		rib->channels.wanted -= c->wires[i].channel != FIB_FRAME;
		step_aside(&c->wires[i], &before[2 * i]);
		step_aside(&c->unwatched[i], &before[2 * i + 1]);
	}
	c->wire_count = 0;
	for (size_t i = 0; row && i < row->n_paths && i < FIB_CIRCUIT_PATHS; i++)
		set_wire(rib, c, row->paths[i]);
	for (uint8_t i = 0; i < 2 * count; i++)
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
	c->note.switches = row->switches;
	c->note.switched = row->switched;
	snprintf(c->note.reason, sizeof c->note.reason, "%s", row->switch_reason);
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

/* --- */

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
