/*
 * Virtual links, RFC 2328 section 15: an adjacency of the backbone between two border routers of another area, the transit
 * area, through which its packets pass from router to router.
 *
 * To the backbone it is a point-to-point link whose cost is that of the way through the transit area. It is up while there is
 * such a way. Packets go to an address that the other end tells of in the transit area; on their first hop they leave as that
 * way does, and so do the packets of routes that lead over the link. AS-external-LSAs do not use it: the transit area has them.
 *
 * A virtual link has a port of its own, which no interface of the host's stands behind.
 */
#include "igpd/ospf/model.h"
#include <stdio.h>
#include <stdlib.h>

enum { VLINK_MTU = 1500 };

static struct iface *
vlink_find(const struct ospf *o, uint32_t transit, uint32_t peer)
{
	for (const struct list *at = o->ifaces.next; at != &o->ifaces; at = at->next) {
		struct iface *i = OBJECT((struct list *)(uintptr_t)at, struct iface, of_ospf);
		if (i->is_virtual && i->vlink.transit == transit && i->vlink.peer == peer)
			return i;
	}
	return NULL;
}

static struct area *
area_of(const struct ospf *o, uint32_t id)
{
	for (const struct list *at = o->areas.next; at != &o->areas; at = at->next)
		if (CONST_OBJECT(at, struct area, of_ospf)->id == id)
			return OBJECT((struct list *)(uintptr_t)at, struct area, of_ospf);
	return NULL;
}

static void
configure(struct ospf *o, const struct ospf_area_config *transit, const struct ospf_vlink_config *c)
{
	struct iface *i = vlink_find(o, transit->id, c->peer);
	const struct ospf_area_config *backbone = ospf_config_area(&o->config, 0);
	char id[ADDR_TEXT];

	if (!i) {
		struct port *p = NEW(struct port);
		struct prefix other = prefix_host(addr_v4(c->peer)); /* names it; it has no network */
		p->mtu = VLINK_MTU;
		snprintf(p->name, sizeof p->name, "Virtual link to %s", id_text(c->peer, id));
		i = iface_new_virtual(o, p, &other);
		i->vlink.transit = transit->id;
		i->vlink.peer = c->peer;
	}
	i->seen = o->round;
	uint16_t hello_s = c->hello_s ? c->hello_s : OSPF_HELLO_S;
	uint32_t dead_s = c->dead_s ? c->dead_s : (uint32_t)hello_s * OSPF_DEAD_TIMES;
	bool again = i->state != IS_DOWN && (i->hello_s != hello_s || i->dead_s != dead_s);
	i->type = OSPF_POINT_TO_POINT;
	i->hello_s = hello_s;
	i->dead_s = dead_s;
	i->retransmit_s = OSPF_RETRANSMIT_S;
	i->delay_s = OSPF_DELAY_S;
	i->mtu_ignored = true;
	i->keys = backbone ? backbone->keys : (struct ospf_keys){ 0 };
	if (again)
		iface_event(i, IE_DOWN);
	if (i->state == IS_DOWN && i->port->up)
		iface_event(i, IE_UP);
	row_iface(i);
}

void
vlinks_configure(struct ospf *o)
{
	for (size_t k = 0; k < o->config.area_count; k++)
		for (uint8_t v = 0; v < o->config.areas[k].vlink_count; v++)
			configure(o, &o->config.areas[k], &o->config.areas[k].vlinks[v]);
	vlinks_paths_moved(o); /* there may be a way already */
}

bool
vlinks_need_backbone(const struct ospf *o)
{
	for (size_t k = 0; k < o->config.area_count; k++)
		if (o->config.areas[k].vlink_count)
			return true;
	return false;
}

/* --- the way --- */

/* An address of the other end in the transit area. */
static uint32_t
address_of(const struct area *transit, uint32_t router)
{
	const struct lsa *l = lsdb_find(&transit->db, LSA_ROUTER, router, router);
	struct lsa_link link;

	if (!l || l->flushed)
		return 0;
	struct wire_reader r = lsa_links(l->bytes);
	while (lsa_next_link(&r, &link))
		if (link.type == LINK_TRANSIT || link.type == LINK_POINT_TO_POINT)
			return link.data;
	return 0;
}

static const struct iface *
leaves_by(const struct area *transit, uint32_t ifindex)
{
	for (const struct list *at = transit->ifaces.next; at != &transit->ifaces; at = at->next)
		if (CONST_OBJECT(at, struct iface, of_area)->port->ifindex == ifindex)
			return CONST_OBJECT(at, struct iface, of_area);
	return NULL;
}

static void
review(struct iface *i)
{
	struct area *transit = area_of(i->ospf, i->vlink.transit);
	uint32_t cost, ifindex = 0, gateway = 0, other = transit ? address_of(transit, i->vlink.peer) : 0;
	bool reached = transit && !transit->stub && !transit->nssa && other &&
		       routes_way(transit, i->vlink.peer, &cost, &ifindex, &gateway) && cost < LSA_LINK_INFINITY;
	const struct iface *first = reached ? leaves_by(transit, ifindex) : NULL;

	if (!first) {
		i->port->up = false;
		if (i->state != IS_DOWN)
			iface_event(i, IE_DOWN);
		return;
	}
	gateway = gateway ? gateway : other;
	bool moved = i->address != first->address || i->vlink.gateway != gateway || i->port->ifindex != ifindex;
	if (moved || i->cost != cost)
		originate_router(i->area);
	i->address = first->address;
	i->mask = UINT32_MAX;
	i->port->ifindex = ifindex;
	i->vlink.gateway = gateway;
	i->vlink.other = other;
	i->cost = (uint16_t)cost;
	i->port->up = true;
	if (i->state == IS_DOWN)
		iface_event(i, IE_UP);
	if (moved)
		routes_links(i->area);
	row_iface(i);
}

void
vlinks_paths_moved(struct ospf *o)
{
	list_each (at, &o->ifaces) {
		if (OBJECT(at, struct iface, of_ospf)->is_virtual)
			review(OBJECT(at, struct iface, of_ospf));
	}
}

bool
vlink_is_endpoint(const struct area *transit)
{
	const struct ospf *o = transit->ospf;

	for (const struct list *at = o->ifaces.next; at != &o->ifaces; at = at->next) {
		const struct iface *i = CONST_OBJECT(at, struct iface, of_ospf);
		if (i->is_virtual && i->vlink.transit == transit->id && iface_full_count(i))
			return true;
	}
	return false;
}

struct iface *
vlink_for(const struct ospf *o, uint32_t ifindex, uint32_t router)
{
	for (const struct list *at = o->ifaces.next; at != &o->ifaces; at = at->next) {
		struct iface *i = OBJECT((struct list *)(uintptr_t)at, struct iface, of_ospf);
		const struct area *transit = i->is_virtual ? area_of(o, i->vlink.transit) : NULL;
		if (transit && i->vlink.peer == router && i->state != IS_DOWN && leaves_by(transit, ifindex))
			return i;
	}
	return NULL;
}
