/*
 * Which LDP neighbour is behind a next hop: rows of ldp.Sync. A label that the neighbour gave is used as soon as a route moves
 * to it; ldpd, which has yet to hear of the move, need not be waited for.
 */
#include "fibd/rib/model.h"
#include <stdlib.h>

static struct ldp_link *
find(const struct rib *rib, uint32_t ifindex)
{
	for (struct hash_node *n = hash_first(&rib->ldp_links, ifindex); n; n = hash_next(n))
		if (OBJECT(n, struct ldp_link, by_ifindex)->ifindex == ifindex)
			return OBJECT(n, struct ldp_link, by_ifindex);
	return NULL;
}

static void
drop(struct rib *rib, struct ldp_link *l)
{
	hash_remove(&rib->ldp_links, &l->by_ifindex);
	free(l->neighbors);
	free(l);
}

void
neighbors_row(struct rib *rib, const Ldp__Sync *row, bool gone, uint32_t round)
{
	struct ldp_link *l = find(rib, row->ifindex);

	rib->resolve = true; /* spare labels may be of use now, or no longer */
	if (gone) {
		if (l)
			drop(rib, l);
		return;
	}
	if (!l) {
		l = NEW(struct ldp_link);
		l->ifindex = row->ifindex;
		hash_add(&rib->ldp_links, &l->by_ifindex, l->ifindex);
	}
	l->seen = round;
	l->neighbors = mem_resize(l->neighbors, (row->n_neighbors + 1) * sizeof *l->neighbors);
	l->count = 0;
	for (size_t i = 0; i < row->n_neighbors; i++) {
		struct ldp_neighbor *n = &l->neighbors[l->count];
		n->peer = row->neighbors[i]->peer;
		l->count +=
		    addr_from_bytes(row->neighbors[i]->address.data, row->neighbors[i]->address.len, &n->address);
	}
}

void
neighbors_synced(struct rib *rib, uint32_t round)
{
	hash_each (n, &rib->ldp_links) {
		struct ldp_link *l = OBJECT(n, struct ldp_link, by_ifindex);
		if (l->seen == round)
			continue;
		drop(rib, l);
		rib->resolve = true;
	}
}

uint32_t
neighbor_behind(const struct rib *rib, uint32_t ifindex, const struct addr *a)
{
	const struct ldp_link *l = find(rib, ifindex);

	for (size_t i = 0; l && i < l->count; i++)
		if (addr_eq(&l->neighbors[i].address, a))
			return l->neighbors[i].peer;
	return 0;
}

void
neighbors_free(struct rib *rib)
{
	hash_each (n, &rib->ldp_links) {
		free(OBJECT(n, struct ldp_link, by_ifindex)->neighbors);
		free(OBJECT(n, struct ldp_link, by_ifindex));
	}
	hash_free(&rib->ldp_links);
}
