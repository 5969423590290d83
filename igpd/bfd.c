/* Sessions of BFD (table bfd.Session): what they say of a path is passed on to the processes, which know whom it concerns. */
#include "igpd/model.h"
#include <stdlib.h>
#include <string.h>

static struct igp_bfd *
find(const struct igp *g, const char *name)
{
	for (struct hash_node *n = hash_first(&g->bfd, hash_bytes(name, strlen(name), 0)); n; n = hash_next(n))
		if (strcmp(OBJECT(n, struct igp_bfd, by_name)->name, name) == 0)
			return OBJECT(n, struct igp_bfd, by_name);
	return NULL;
}

static void
tell(struct igp *g, const struct igp_bfd *b)
{
	list_each (at, &g->processes) {
		process_give(
		    g, OBJECT(at, struct process, link), &(struct ospf_input){ .kind = OSPF_IN_BFD, .bfd = &b->told });
	}
}

static void
drop(struct igp *g, struct igp_bfd *b)
{
	b->told.state = OSPF_BFD_NONE;
	tell(g, b);
	hash_remove(&g->bfd, &b->by_name);
	free(b->name);
	free(b);
}

static enum ospf_bfd_state
state_of(const Bfd__Session *row)
{
	switch (row->verdict) {
	case BFD__VERDICT__UNKNOWN: return OSPF_BFD_UNKNOWN;
	case BFD__VERDICT__ALIVE: return OSPF_BFD_UP;
	case BFD__VERDICT__DEAD: return row->ups ? OSPF_BFD_DEAD : OSPF_BFD_DOWN;
	default: return OSPF_BFD_DOWN;
	}
}

void
igp_bfd_row(struct igp *g, const Bfd__Session *row, bool gone, uint32_t round)
{
	struct igp_bfd *b = find(g, row->name);
	struct addr peer;

	if (gone) {
		if (b)
			drop(g, b);
		return;
	}
	if (row->multihop || !addr_from_bytes(row->peer.data, row->peer.len, &peer) || peer.family != 4)
		return;
	if (!b) {
		b = NEW(struct igp_bfd);
		b->name = mem_text(row->name);
		hash_add(&g->bfd, &b->by_name, hash_bytes(row->name, strlen(row->name), 0));
	}
	b->round = round;
	b->told = (struct ospf_bfd){ row->ifindex, addr_to_v4(&peer), state_of(row) };
	tell(g, b);
}

void
igp_bfd_synced(struct igp *g, uint32_t round)
{
	hash_each (n, &g->bfd) {
		struct igp_bfd *b = OBJECT(n, struct igp_bfd, by_name);
		if (b->round != round)
			drop(g, b);
	}
}

void
igp_bfd_free(struct igp *g)
{
	hash_each (n, &g->bfd) {
		free(OBJECT(n, struct igp_bfd, by_name)->name);
		free(OBJECT(n, struct igp_bfd, by_name));
	}
	hash_free(&g->bfd);
}
