/* Interfaces as fibd has them: whose address a session has at our end, which link a peer is on, whether a VRF device is there. */
#include "l3vpnd/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct vpn_port *
vpn_port_find(const struct l3vpn *g, uint32_t ifindex)
{
	for (struct hash_node *n = hash_first(&g->ports, ifindex); n; n = hash_next(n))
		if (OBJECT(n, struct vpn_port, by_ifindex)->ifindex == ifindex)
			return OBJECT(n, struct vpn_port, by_ifindex);
	return NULL;
}

static void
port_free(struct l3vpn *g, struct vpn_port *p)
{
	hash_remove(&g->ports, &p->by_ifindex);
	free(p->name);
	free(p->device);
	free(p->addresses);
	free(p);
}

static bool
has_same_addresses(const struct vpn_port *p, const Fib__Interface *row)
{
	size_t count = 0;
	struct prefix a;

	for (size_t i = 0; i < row->n_addresses; i++) {
		if (!prefix_from_bytes(row->addresses[i].data, row->addresses[i].len, &a))
			continue;
		if (count >= p->address_count || !prefix_eq(&a, &p->addresses[count]))
			return false;
		count++;
	}
	return count == p->address_count;
}

static bool
is_same(const struct vpn_port *p, const Fib__Interface *row)
{
	return !strcmp(p->name, row->label) && !strcmp(p->device, row->name) && !strcmp(p->vrf, row->vrf) &&
	       p->up == (row->admin_up && row->carrier) && p->loopback == row->loopback && has_same_addresses(p, row);
}

static void
take(struct vpn_port *p, const Fib__Interface *row)
{
	free(p->name);
	free(p->device);
	p->name = mem_text(row->label);
	p->device = mem_text(row->name);
	snprintf(p->vrf, sizeof p->vrf, "%s", row->vrf);
	p->up = row->admin_up && row->carrier;
	p->loopback = row->loopback;
	p->addresses = mem_resize(p->addresses, (row->n_addresses + 1) * sizeof *p->addresses);
	p->address_count = 0;
	for (size_t i = 0; i < row->n_addresses; i++)
		if (prefix_from_bytes(row->addresses[i].data, row->addresses[i].len, &p->addresses[p->address_count]))
			p->address_count++;
}

void
vpn_port_row(struct l3vpn *g, const Fib__Interface *row, bool gone, uint32_t round)
{
	struct vpn_port *p = vpn_port_find(g, row->ifindex);

	if (gone) {
		g->ports_moved |= p != NULL;
		if (p)
			port_free(g, p);
		return;
	}
	if (p && is_same(p, row)) {
		p->round = round;
		return;
	}
	if (!p) {
		p = NEW(struct vpn_port);
		p->ifindex = row->ifindex;
		hash_add(&g->ports, &p->by_ifindex, p->ifindex);
	}
	p->round = round;
	take(p, row);
	g->ports_moved = true;
}

void
vpn_ports_synced(struct l3vpn *g, uint32_t round)
{
	hash_each (n, &g->ports) {
		struct vpn_port *p = OBJECT(n, struct vpn_port, by_ifindex);
		if (p->round == round)
			continue;
		port_free(g, p);
		g->ports_moved = true;
	}
}

void
vpn_ports_free(struct l3vpn *g)
{
	hash_each (n, &g->ports) {
		port_free(g, OBJECT(n, struct vpn_port, by_ifindex));
	}
	hash_free(&g->ports);
}

struct addr
vpn_port_address(const struct l3vpn *g, const char *name, uint8_t family)
{
	hash_each (n, &g->ports) {
		const struct vpn_port *p = OBJECT(n, struct vpn_port, by_ifindex);
		if (strcasecmp(p->name, name) != 0 && strcmp(p->device, name) != 0)
			continue;
		for (size_t i = 0; i < p->address_count; i++)
			if (p->addresses[i].addr.family == family && !addr_is_link_local(&p->addresses[i].addr))
				return p->addresses[i].addr;
	}
	return addr_none();
}

uint32_t
vpn_port_towards(const struct l3vpn *g, const char *vrf, const struct addr *a)
{
	hash_each (n, &g->ports) {
		const struct vpn_port *p = OBJECT(n, struct vpn_port, by_ifindex);
		for (size_t i = 0; i < p->address_count && !strcmp(p->vrf, vrf); i++)
			if (!prefix_is_host(&p->addresses[i]) && prefix_covers(&p->addresses[i], a))
				return p->ifindex;
	}
	return 0;
}

const struct vpn_port *
vpn_port_device(const struct l3vpn *g, const char *vrf)
{
	hash_each (n, &g->ports) {
		const struct vpn_port *p = OBJECT(n, struct vpn_port, by_ifindex);
		if (!strcmp(p->device, vrf))
			return p;
	}
	return NULL;
}

/* The highest address of a loopback interface, else of any. Another one is taken only when that is no longer there. */
uint32_t
vpn_router_id(const struct l3vpn *g, uint32_t before)
{
	uint32_t best[2] = { 0, 0 };

	hash_each (n, &g->ports) {
		const struct vpn_port *p = OBJECT(n, struct vpn_port, by_ifindex);
		for (size_t i = 0; i < p->address_count && !*p->vrf; i++) {
			const struct addr *a = &p->addresses[i].addr;
			uint32_t id = addr_to_v4(a);
			if (a->family != 4 || addr_is_loopback(a))
				continue;
			if (id == before)
				return id;
			if (id > best[p->loopback])
				best[p->loopback] = id;
		}
	}
	return best[1] ? best[1] : best[0];
}
