/*
 * What a circuit needs of its interface: which one it is, that it takes frames for others than us, and a carrier that may follow
 * the pseudowires.
 */
#include "fibd/rib/circuits.h"
#include <stdio.h>
#include <string.h>

void
circuit_place(struct rib *rib, struct circuit *c, uint32_t ifindex)
{
	struct port *before = c->ifindex ? port_find(rib, c->ifindex) : NULL,
		    *p = ifindex ? port_find(rib, ifindex) : NULL;

	if (p && p->circuit && p->circuit != c && p->circuit->told) { /* by another of its names */
		rib->contested = true;
		ifindex = 0;
		p = NULL;
	}
	if (before && before->circuit == c && before != p)
		before->circuit = NULL;
	c->ifindex = ifindex;
	if (p)
		p->circuit = c;
	rib->clsacts_dirty = true;
}

static void
ask_link(struct rib *rib, enum fib_op_kind kind, const struct port *p, bool on)
{
	struct fib_op op = { .kind = kind, .object = { .kind = FIB_LINK, .link = { .ifindex = p->link.ifindex } } };

	memcpy(op.object.link.name, p->link.name, sizeof p->link.name);
	op.object.link.promiscuous = op.object.link.carrier = on;
	diff_extra(rib, &op);
}

/* Frames for others than us come in only when a card is told to take them. */
void
circuit_settle_promiscuous(struct rib *rib, const struct circuit *c, struct port *p)
{
	if (c->told && !p->link.promiscuous && !p->made_promiscuous) {
		p->made_promiscuous = true;
		ask_link(rib, FIB_OP_LINK_PROMISCUOUS, p, true);
	} else if (!c->told && p->made_promiscuous) {
		p->made_promiscuous = false;
		ask_link(rib, FIB_OP_LINK_PROMISCUOUS, p, false);
	}
}

/* --- a carrier that follows --- */

static void
hold(struct rib *rib, struct circuit *c, struct port *p, bool on)
{
	c->carrier_held = on;
	if (!c->by_interface)
		ask_link(rib, FIB_OP_LINK_CARRIER, p, !on);
	else if (on || !port_is_shut(rib, p))
		ask_link(rib, on ? FIB_OP_LINK_DOWN : FIB_OP_LINK_UP, p, false);
	table_changed(&rib->interface_table, &p->row);
}

/* Is it down since before our restart, by us? It was a circuit then and shall be up now. */
static void
remember(struct rib *rib, struct circuit *c, const struct port *p)
{
	if (c->carrier_tried || !c->told || !c->carrier_follows)
		return;
	if (c->found && !p->link.admin_up && !p->link.vlan && !port_is_shut(rib, p))
		c->by_interface = c->carrier_held = true;
}

bool
circuit_holds_down(const struct circuit *c)
{
	return c->told && c->by_interface && c->carrier_held;
}

/* So, or nobody has said yet whether it should. */
bool
circuit_keeps_down(const struct rib *rib, const struct port *p)
{
	const struct circuit *c = p->circuit;

	if (!c || !c->found)
		return c && circuit_holds_down(c);
	if (!c->told)
		return !rib->synced[FIB_L2VPN_CIRCUIT] && rib->patient;
	return circuit_holds_down(c) || (c->carrier_follows && !c->carrier_tried);
}

void
circuit_settle_carrier(struct rib *rib, struct circuit *c, struct port *p)
{
	bool down = c->told && c->carrier_follows && c->wire_count, unsure = false;

	for (uint8_t i = 0; i < c->wire_count; i++) {
		down = down && !wire_is_ready(&c->wires[i]);
		unsure |= wire_is_unsure(&c->wires[i]);
	}
	if (!c->told || !c->carrier_follows)
		*c->carrier_trouble = '\0';
	if (unsure || *c->carrier_trouble)
		return;
	remember(rib, c, p);
	/* It may be down since before our restart. */
	bool inherited =
	    !c->carrier_tried && c->carrier_follows && c->told && !down && !p->link.carrier && p->link.admin_up;
	c->carrier_tried |= c->told;
	if (down != c->carrier_held || inherited)
		hold(rib, c, p, down);
}

/* Drivers of most interfaces do not let their carrier be switched. The other end sees as much of an interface that is down; of a
 * subinterface it sees nothing either way. */
void
circuit_carrier_refused(struct rib *rib, struct circuit *c, struct port *p, const char *text)
{
	bool held = c->carrier_held;

	c->carrier_held = false;
	if (!p->link.vlan && !c->by_interface) {
		c->by_interface = true;
		if (held)
			hold(rib, c, p, true);
	} else {
		snprintf(c->carrier_trouble, sizeof c->carrier_trouble, "its carrier cannot follow the pseudowire: %s",
		    text);
	}
	circuit_show(rib, c);
}

void
circuit_find_port(struct rib *rib, struct circuit *c)
{
	const struct port *p = c->ifindex ? port_find(rib, c->ifindex) : NULL;

	if (!p || (c->told && !port_has_name(p, c->name)))
		circuit_place(rib, c, port_by_name(rib, c->name));
}

/* Circuits that are called so, or switched to one that is. */
static void
name_changed(struct rib *rib, const struct port *p, const char *name)
{
	uint32_t hash = port_name_hash(name);

	for (struct hash_node *n = hash_first(&rib->circuits, hash); n; n = hash_next(n))
		if (port_has_name(p, OBJECT(n, struct circuit, by_name)->name))
			circuit_dirty(rib, OBJECT(n, struct circuit, by_name));
	for (struct hash_node *n = hash_first(&rib->circuits_by_local, hash); n; n = hash_next(n))
		if (port_has_name(p, OBJECT(n, struct circuit, by_local)->local))
			circuit_dirty(rib, OBJECT(n, struct circuit, by_local));
}

void
circuits_link_changed(struct rib *rib, struct port *p, bool gone)
{
	rib->tunnels_dirty |= rib->tunnels.count != 0; /* MAC address, MTU */
	rib->clsacts_dirty = rib->channels.dirty = true;
	if (gone)
		clsact_lost(rib, p);
	if (!rib->dumped)
		return;
	if (p->circuit) {
		if (gone)
			p->circuit->ifindex = 0;
		circuit_dirty(rib, p->circuit);
	}
	name_changed(rib, p, p->link.name);
	name_changed(rib, p, p->link.alias);
	name_changed(rib, p, p->link.altname);
}
