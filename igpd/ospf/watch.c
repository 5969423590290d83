/*
 * Neighbours whose path BFD watches (`ospf bfd enable`, RFC 5882 section 4.3.1). A session is asked for by a row of bfd.Request
 * as soon as a Hello was heard, and found again among all of bfd.Session by its path.
 *
 * A watch lives as long as its neighbour's Hellos come, neighbour or not: a path that is dead in one direction only lets Hellos
 * through, and a neighbour that came back with each of them would flap. While the path is dead, they count for nothing. A
 * session that was never up says nothing: the other end may not speak BFD at all (section 3.2). bfdd away says nothing either.
 */
#include "igpd/ospf/model.h"
#include "proto/fill.h"
#include "proto/bfd.pb-c.h"
#include <stdlib.h>

static uint32_t
watch_hash(uint32_t ifindex, uint32_t address)
{
	uint32_t words[2] = { ifindex, address };

	return hash_bytes(words, sizeof words, 0);
}

static struct watch *
watch_find(const struct ospf *o, uint32_t ifindex, uint32_t address)
{
	for (struct hash_node *n = hash_first(&o->watches, watch_hash(ifindex, address)); n; n = hash_next(n)) {
		struct watch *w = OBJECT(n, struct watch, by_path);
		if (w->iface->port->ifindex == ifindex && w->address == address)
			return w;
	}
	return NULL;
}

static void
row_watch(struct watch *w)
{
	struct ospf_tables *t = w->iface->ospf->world.tables;

	if (t)
		table_changed(&t->request, &w->row);
}

static void
watch_free(struct watch *w)
{
	struct ospf *o = w->iface->ospf;

	if (o->world.tables)
		table_gone(&o->world.tables->request, &w->row);
	timer_clear(&o->timers, &w->silent);
	hash_remove(&o->watches, &w->by_path);
	free(w);
}

bool
watch_hello(struct iface *i, uint32_t address)
{
	struct ospf *o = i->ospf;

	if (!i->bfd.on)
		return true;
	struct watch *w = watch_find(o, i->port->ifindex, address);
	if (!w) {
		w = NEW(struct watch);
		w->iface = i;
		w->address = address;
		timer_init(&w->silent, TIMER_WATCH);
		hash_add(&o->watches, &w->by_path, watch_hash(i->port->ifindex, address));
		row_watch(w);
	}
	timer_set(&o->timers, &w->silent, o->now + (usec_t)i->dead_s * USEC_PER_SEC);
	return !w->dead;
}

void
watch_due(struct watch *w)
{
	watch_free(w);
}

static void
told(struct iface *i, uint32_t address, bool dead)
{
	char id[ADDR_TEXT];

	list_each_safe (at, &i->neighbors) {
		struct neighbor *n = OBJECT(at, struct neighbor, of_iface);
		if (n->address != address)
			continue;
		row_neighbor(n);
		if (!dead)
			continue;
		ospf_note(
		    i->ospf, 4, "BFD says that the path to %s on %s is dead", id_text(n->router, id), i->port->name);
		neighbor_event(n, NE_KILL);
		neighbor_free(n);
	}
}

void
watch_session(struct ospf *o, const struct ospf_bfd *in)
{
	struct watch *w = watch_find(o, in->ifindex, in->address);

	if (!w)
		return;
	struct iface *i = w->iface;
	bool was_dead = w->dead;
	w->known = in->state != OSPF_BFD_NONE;
	w->up = in->state == OSPF_BFD_UP;
	if (in->state != OSPF_BFD_UNKNOWN)
		w->dead = in->state == OSPF_BFD_DEAD;
	list_each (at, &o->ifaces) { /* several areas may share the link */
		if (OBJECT(at, struct iface, of_ospf)->port == i->port)
			told(OBJECT(at, struct iface, of_ospf), in->address, !was_dead && w->dead);
	}
}

void
watches_review(struct iface *i)
{
	hash_each (n, &i->ospf->watches) {
		struct watch *w = OBJECT(n, struct watch, by_path);
		if (w->iface != i)
			continue;
		if (i->bfd.on)
			row_watch(w); /* its timers may be others */
		else
			watch_free(w);
	}
	list_each (at, &i->neighbors) {
		watch_hello(i, OBJECT(at, struct neighbor, of_iface)->address);
	}
}

void
watches_free(struct iface *i)
{
	i->bfd.on = false;
	watches_review(i);
}

const char *
watch_text(const struct neighbor *n)
{
	const struct watch *w = watch_find(n->iface->ospf, n->iface->port->ifindex, n->address);

	return !w ? "" : !w->known ? "no session" : w->up ? "up" : "not up";
}

void
watch_fill(const struct row *row, void *message, struct arena *arena)
{
	const struct watch *w = CONST_OBJECT(row, struct watch, row);
	const struct iface *i = w->iface;
	Bfd__Request *m = message;

	m->client = fill_text("neighbor");
	m->peer = fill_v4(w->address, arena);
	m->ifindex = i->port->ifindex;
	m->vrf = fill_text(i->ospf->world.vrf);
	m->min_tx_us = i->bfd.min_tx_ms * 1000u;
	m->min_rx_us = i->bfd.min_rx_ms * 1000u;
	m->multiplier = i->bfd.multiplier;
}
