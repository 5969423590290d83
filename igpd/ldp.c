/*
 * What ldpd tells of links (table ldp.Sync), kept for the processes that synchronize with it: one that starts later, or gets
 * to know an interface later, is told then.
 */
#include "igpd/model.h"
#include <stdlib.h>

static struct igp_ldp *
find(const struct igp *g, uint32_t ifindex)
{
	for (struct hash_node *n = hash_first(&g->ldp, ifindex); n; n = hash_next(n))
		if (OBJECT(n, struct igp_ldp, by_ifindex)->row.ifindex == ifindex)
			return OBJECT(n, struct igp_ldp, by_ifindex);
	return NULL;
}

static void
tell(struct igp *g, struct process *p, const struct igp_ldp *l, bool gone)
{
	process_give(g, p, &(struct ospf_input){ .kind = OSPF_IN_LDP, .ldp = &l->row, .gone = gone });
}

static void
tell_all(struct igp *g, const struct igp_ldp *l, bool gone)
{
	list_each (at, &g->processes) {
		tell(g, OBJECT(at, struct process, link), l, gone);
	}
}

static void
drop(struct igp *g, struct igp_ldp *l)
{
	tell_all(g, l, true);
	hash_remove(&g->ldp, &l->by_ifindex);
	free(l->neighbors);
	free(l);
}

static uint32_t
v4_of(const ProtobufCBinaryData *b)
{
	struct addr a = addr_none();

	addr_from_bytes(b->data, b->len, &a);
	return a.family == 4 ? addr_to_v4(&a) : 0;
}

void
ldp_row(struct igp *g, const Ldp__Sync *row, bool gone, uint32_t round)
{
	struct igp_ldp *l = find(g, row->ifindex);

	if (gone) {
		if (l)
			drop(g, l);
		return;
	}
	if (!l) {
		l = NEW(struct igp_ldp);
		l->row.ifindex = row->ifindex;
		hash_add(&g->ldp, &l->by_ifindex, row->ifindex);
	}
	l->round = round;
	l->neighbors = mem_resize(l->neighbors, (row->n_neighbors + 1) * sizeof *l->neighbors);
	for (size_t i = 0; i < row->n_neighbors; i++) {
		const Ldp__SyncNeighbor *n = row->neighbors[i];
		l->neighbors[i] = (struct ospf_ldp_neighbor){ .address = v4_of(&n->address),
			.lsr = n->peer,
			.transport = v4_of(&n->transport),
			.state = n->state == LDP__SYNC_STATE__EXCHANGED    ? OSPF_LDP_EXCHANGED
				 : n->state == LDP__SYNC_STATE__EXCHANGING ? OSPF_LDP_EXCHANGING
									   : OSPF_LDP_NO_SESSION };
	}
	l->row.enabled = row->enabled;
	l->row.neighbors = l->neighbors;
	l->row.count = row->n_neighbors;
	tell_all(g, l, false);
}

void
ldp_synced(struct igp *g, uint32_t round)
{
	hash_each (n, &g->ldp) {
		struct igp_ldp *l = OBJECT(n, struct igp_ldp, by_ifindex);
		if (l->round != round)
			drop(g, l);
	}
}

void
ldp_lost(struct igp *g)
{
	hash_each (n, &g->ldp) {
		drop(g, OBJECT(n, struct igp_ldp, by_ifindex));
	}
}

void
ldp_tell(struct igp *g, struct process *p, uint32_t ifindex)
{
	const struct igp_ldp *l = find(g, ifindex);

	if (l)
		tell(g, p, l, false);
}

void
ldp_free_all(struct igp *g)
{
	hash_each (n, &g->ldp) {
		free(OBJECT(n, struct igp_ldp, by_ifindex)->neighbors);
		free(OBJECT(n, struct igp_ldp, by_ifindex));
	}
	hash_free(&g->ldp);
}
