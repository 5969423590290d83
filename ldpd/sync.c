/*
 * What IGPs are told of LDP on each link, RFC 5443: table ldp.Sync. An IGP keeps traffic off a link until the labels of the
 * neighbours there are known.
 *
 * They are known when the neighbour says so (End-of-LIB, RFC 5919). One that never says so is believed igp-sync-delay after
 * its session came up, if its stream of labels has paused by then. They stay known while it restarts and its labels are kept
 * (RFC 3478), as long as it is heard: whoever returns together with its link may be another than it was.
 *
 * A neighbour is on a link when its Hellos are heard there; or, with a targeted session alone, when one of the addresses
 * that it calls its own is in a network of the link.
 *
 * An IGP that waits for us on a link leads the session with the neighbour there over other routers. So neighbours on such a
 * link are not held to a TTL of 255 (RFC 6720), nor do our Hellos promise one, unless the operator has set a number of hops.
 *
 * After our own restart rows of before stay in force with readers until all is learned again: a restart says nothing.
 */
#include "ldpd/model.h"
#include "proto/fill.h"
#include <stdlib.h>

static bool
is_targeted_only(const struct peer *p)
{
	for (const struct list *l = p->adjacencies.next; l != &p->adjacencies; l = l->next)
		if (CONST_OBJECT(l, struct adjacency, of_peer)->ifindex)
			return false;
	return !list_is_empty(&p->adjacencies);
}

static bool
is_on(const struct link *l, const struct addr *a)
{
	for (size_t i = 0; i < l->address_count; i++)
		if (!prefix_is_host(&l->addresses[i]) && prefix_covers(&l->addresses[i], a))
			return true;
	return false;
}

static Ldp__SyncState
state_of(const struct peer *p)
{
	if (p->lib_known)
		return LDP__SYNC_STATE__EXCHANGED;
	return p->state == S_OPERATIONAL ? LDP__SYNC_STATE__EXCHANGING : LDP__SYNC_STATE__NO_SESSION;
}

static void
add(Ldp__Sync *m, size_t *room, const struct peer *p, const struct addr *address, bool targeted, struct arena *arena)
{
	if (m->n_neighbors == *room) {
		Ldp__SyncNeighbor **more = arena_take(arena, (*room * 2 + 4) * sizeof(Ldp__SyncNeighbor *));
		for (size_t i = 0; i < m->n_neighbors; i++)
			more[i] = m->neighbors[i];
		m->neighbors = more;
		*room = *room * 2 + 4;
	}
	Ldp__SyncNeighbor *n = m->neighbors[m->n_neighbors++] = arena_take(arena, sizeof(Ldp__SyncNeighbor));
	ldp__sync_neighbor__init(n);
	n->address = fill_addr(address, arena);
	n->peer = p->lsr;
	n->state = state_of(p);
	n->transport = fill_addr(&p->heard_transport, arena);
	n->targeted = targeted;
}

static void
add_peer(Ldp__Sync *m, size_t *room, const struct link *l, const struct peer *p, struct arena *arena)
{
	for (const struct list *at = p->adjacencies.next; at != &p->adjacencies; at = at->next) {
		const struct adjacency *a = CONST_OBJECT(at, struct adjacency, of_peer);
		if (a->ifindex == l->ifindex && a->source.family == 4)
			add(m, room, p, &a->source, false, arena);
	}
	if (!is_targeted_only(p))
		return;
	for (const struct list *at = p->vias.next; at != &p->vias; at = at->next) {
		const struct via *v = CONST_OBJECT(at, struct via, of_peer);
		if (is_on(l, &v->addr))
			add(m, room, p, &v->addr, true, arena);
	}
}

static void
fill_sync(const struct row *row, void *message, struct arena *arena)
{
	const struct link *l = CONST_OBJECT(row, struct link, sync_row);
	Ldp__Sync *m = message;
	size_t room = 0;

	m->ifindex = l->ifindex;
	m->name = l->label;
	m->enabled = l->configured & V4;
	hash_each (n, &l->ldp->peers) {
		add_peer(m, &room, l, OBJECT(n, struct peer, by_id), arena);
	}
}

void
sync_init(struct ldp *ldp)
{
	table_init(&ldp->sync_table, "ldp.Sync", fill_sync);
	ldp->sync_table.complete = false;
}

static bool
has_address_on(const struct peer *p, const struct link *l)
{
	for (const struct list *at = p->vias.next; at != &p->vias; at = at->next)
		if (is_on(l, &CONST_OBJECT(at, struct via, of_peer)->addr))
			return true;
	return false;
}

static bool
has_neighbor(const struct ldp *ldp, const struct link *l)
{
	hash_each (n, &ldp->peers) {
		const struct peer *p = OBJECT(n, struct peer, by_id);
		if (is_targeted_only(p) && has_address_on(p, l))
			return true;
	}
	return false;
}

void
sync_of_link(struct ldp *ldp, struct link *l)
{
	if (ldp->recovering)
		return;
	l->targeted_near = !l->loopback && has_neighbor(ldp, l);
	if (ldp->running && !l->loopback && (l->configured || l->targeted_near))
		table_changed(&ldp->sync_table, &l->sync_row);
	else
		table_gone(&ldp->sync_table, &l->sync_row);
}

void
sync_all(struct ldp *ldp)
{
	hash_each (n, &ldp->links) {
		sync_of_link(ldp, OBJECT(n, struct link, by_ifindex));
	}
	if (!ldp->recovering)
		table_complete(&ldp->sync_table);
}

void
sync_peer(struct ldp *ldp, struct peer *p)
{
	if (ldp->recovering)
		return;
	list_each (at, &p->adjacencies) {
		struct link *l = link_find(ldp, OBJECT(at, struct adjacency, of_peer)->ifindex);
		if (l)
			sync_of_link(ldp, l);
	}
	if (!is_targeted_only(p))
		return;
	hash_each (n, &ldp->links) {
		struct link *l = OBJECT(n, struct link, by_ifindex);
		if (l->targeted_near || (!l->loopback && has_address_on(p, l)))
			sync_of_link(ldp, l);
	}
}

void
sync_exchanged(struct ldp *ldp, struct peer *p)
{
	usec_t trusted = p->up_since + ldp->config.igp_sync_delay_s * USEC_PER_SEC;

	if (!p->exchange_done || p->lib_known)
		return;
	if (p->libs_awaited && ldp->now < trusted) {
		timer_set(&ldp->timers, &p->sync, trusted);
		return;
	}
	timer_clear(&ldp->timers, &p->sync);
	p->lib_known = true;
	sync_peer(ldp, p);
}

void
sync_forgotten(struct ldp *ldp, struct peer *p)
{
	timer_clear(&ldp->timers, &p->sync);
	p->lib_known = false;
	sync_exchanged(ldp, p);
	sync_peer(ldp, p);
}

/* --- who waits --- */

static struct avoided *
avoided_find(const struct ldp *ldp, uint32_t ifindex, const Igp__Interface *row)
{
	for (struct hash_node *n = hash_first(&ldp->avoided, ifindex); n; n = hash_next(n)) {
		struct avoided *a = OBJECT(n, struct avoided, by_ifindex);
		if (a->ifindex == ifindex && (!row || (a->process == row->process && a->area == row->area)))
			return a;
	}
	return NULL;
}

bool
sync_is_avoided(const struct ldp *ldp, uint32_t ifindex)
{
	return avoided_find(ldp, ifindex, NULL);
}

static void
tell_ttl(struct ldp *ldp, uint32_t ifindex)
{
	struct link *l = link_find(ldp, ifindex);

	if (l && l->active)
		discovery_hello_due(ldp, l);
	hash_each (n, &ldp->peers) {
		ttl_refresh(ldp, OBJECT(n, struct peer, by_id));
	}
}

static void
no_longer_avoided(struct ldp *ldp, struct avoided *a)
{
	uint32_t ifindex = a->ifindex;

	hash_remove(&ldp->avoided, &a->by_ifindex);
	free(a);
	tell_ttl(ldp, ifindex);
}

void
sync_asked(struct ldp *ldp, const Igp__Interface *row, bool gone, uint32_t round)
{
	struct avoided *a = avoided_find(ldp, row->ifindex, row);

	if (gone || !row->sync) {
		if (a)
			no_longer_avoided(ldp, a);
		return;
	}
	if (!a) {
		a = NEW(struct avoided);
		a->ifindex = row->ifindex;
		a->process = row->process;
		a->area = row->area;
		hash_add(&ldp->avoided, &a->by_ifindex, a->ifindex);
		tell_ttl(ldp, a->ifindex);
	}
	a->seen = round;
}

void
sync_asked_all(struct ldp *ldp, uint32_t round)
{
	hash_each (n, &ldp->avoided) {
		struct avoided *a = OBJECT(n, struct avoided, by_ifindex);
		if (a->seen != round)
			no_longer_avoided(ldp, a);
	}
}

void
sync_free(struct ldp *ldp)
{
	hash_each (n, &ldp->avoided) {
		free(OBJECT(n, struct avoided, by_ifindex));
	}
	hash_free(&ldp->avoided);
}
