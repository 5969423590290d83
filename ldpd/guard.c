/*
 * Neighbours whose path BFD watches (`mpls ldp bfd`): a session is asked for by a row of bfd.Request as soon as a Hello was
 * heard, and found again among all of bfd.Session by its path.
 *
 * A guard lives as long as its neighbour's Hellos come, adjacency or not: a path that is dead in one direction only lets
 * Hellos through, and an adjacency that came back with each of them would flap. While the path is dead, they count for
 * nothing. A session that was never Up says nothing: the other end may not speak BFD at all (RFC 5882 section 3.2).
 */
#include "ldpd/model.h"
#include "proto/bfd.pb-c.h"
#include <stdlib.h>
#include <string.h>

static uint32_t
guard_hash(uint32_t ifindex, const struct addr *source)
{
	return hash_bytes(source->bytes, sizeof source->bytes, ifindex);
}

const struct guard *
guard_find(const struct ldp *ldp, uint32_t ifindex, const struct addr *source)
{
	for (struct hash_node *n = hash_first(&ldp->guards, guard_hash(ifindex, source)); n; n = hash_next(n)) {
		const struct guard *g = OBJECT(n, struct guard, by_source);
		if (g->ifindex == ifindex && addr_eq(&g->source, source))
			return g;
	}
	return NULL;
}

static struct guard *
guard_get(struct ldp *ldp, uint32_t ifindex, const struct addr *source)
{
	struct guard *g = (struct guard *)(uintptr_t)guard_find(ldp, ifindex, source);

	if (g)
		return g;
	g = NEW(struct guard);
	g->ldp = ldp;
	g->ifindex = ifindex;
	g->source = *source;
	timer_init(&g->silent, TIMER_GUARD);
	hash_add(&ldp->guards, &g->by_source, guard_hash(ifindex, source));
	table_changed(&ldp->request_table, &g->row);
	return g;
}

static void
guard_free(struct ldp *ldp, struct guard *g)
{
	table_gone(&ldp->request_table, &g->row);
	timer_clear(&ldp->timers, &g->silent);
	hash_remove(&ldp->guards, &g->by_source);
	free(g);
}

bool
guard_hello(struct ldp *ldp, struct link *l, const struct addr *source, uint32_t hold_ms)
{
	const struct ldp_if_config *c = link_config(ldp, l);

	if (!c || !c->bfd)
		return true;
	struct guard *g = guard_get(ldp, l->ifindex, source);
	timer_set(&ldp->timers, &g->silent, hold_ms == UINT32_MAX ? USEC_NEVER : ldp->now + hold_ms * USEC_PER_MSEC);
	if (g->dead) {
		l->hellos_held++;
		table_changed(&ldp->interface_table, &l->row);
	}
	return !g->dead;
}

void
guard_due(struct ldp *ldp, struct guard *g)
{
	guard_free(ldp, g);
}

static void
judge(struct ldp *ldp, struct guard *g, bool dead)
{
	if (g->dead == dead)
		return;
	g->dead = dead;
	struct link *l = link_find(ldp, g->ifindex);
	if (dead)
		adjacency_dead(ldp, g->ifindex, &g->source);
	else if (l)
		discovery_answer(ldp, l, true); /* it hears of us at once, and we of it */
}

static bool
is_its_path(const struct guard *g, const Bfd__Session *row)
{
	struct addr peer;

	return !row->multihop && row->ifindex == g->ifindex && addr_from_bytes(row->peer.data, row->peer.len, &peer) &&
	       addr_eq(&peer, &g->source);
}

void
guard_row(struct ldp *ldp, const Bfd__Session *row, bool gone, uint32_t round)
{
	hash_each (n, &ldp->guards) {
		struct guard *g = OBJECT(n, struct guard, by_source);
		if (!gone && !is_its_path(g, row)) {
			continue;
		} else if (gone) {
			if (g->session != hash_bytes(row->name, strlen(row->name), 0))
				continue;
			g->session = 0;
			judge(ldp, g, false);
		} else {
			g->session = hash_bytes(row->name, strlen(row->name), 0);
			g->round = round;
			g->up = row->verdict == BFD__VERDICT__ALIVE;
			if (row->verdict != BFD__VERDICT__UNKNOWN)
				judge(ldp, g, row->verdict == BFD__VERDICT__DEAD && row->ups);
		}
		struct adjacency *a = adjacency_find(ldp, g->ifindex, &g->source);
		if (a)
			table_changed(&ldp->adjacency_table, &a->row);
	}
}

void
guards_synced(struct ldp *ldp, uint32_t round)
{
	hash_each (n, &ldp->guards) {
		struct guard *g = OBJECT(n, struct guard, by_source);
		if (!g->session || g->round == round)
			continue;
		g->session = 0;
		judge(ldp, g, false);
	}
}

void
guards_configure(struct ldp *ldp)
{
	hash_each (n, &ldp->guards) {
		struct guard *g = OBJECT(n, struct guard, by_source);
		const struct link *l = link_find(ldp, g->ifindex);
		const struct ldp_if_config *c = l ? link_config(ldp, l) : NULL;
		if (!ldp->running || !c || !c->bfd)
			guard_free(ldp, g);
		else
			table_changed(&ldp->request_table, &g->row);
	}
	if (!ldp->running)
		return;
	/* Neighbours that are there already. */
	hash_each (m, &ldp->peers) {
		list_each (k, &OBJECT(m, struct peer, by_id)->adjacencies) {
			const struct adjacency *a = OBJECT(k, struct adjacency, of_peer);
			struct link *l = link_find(ldp, a->ifindex);
			if (l && a->ifindex)
				guard_hello(ldp, l, &a->source, a->hold_ms);
		}
	}
}

const char *
guard_text(const struct ldp *ldp, const struct adjacency *a)
{
	const struct guard *g = a->ifindex ? guard_find(ldp, a->ifindex, &a->source) : NULL;

	return !g ? "" : !g->session ? "no session" : g->up ? "up" : "not up";
}

void
guards_free(struct ldp *ldp)
{
	hash_each (n, &ldp->guards) {
		guard_free(ldp, OBJECT(n, struct guard, by_source));
	}
	hash_free(&ldp->guards);
}
