/*
 * Questions of BGP: rows of l3vpn.NextHop, answered by rows of fib.Reach. There are as many as there are next hops, not routes;
 * and where VPN instances name tunnel policies, one for each of these, for what one of them permits another may not.
 *
 * Answers are looked at again after every pass that resolved next hops: whatever may change one starts such a pass, because the
 * addresses are watched (watch.c), and so do labels. They are given when everything has settled, so that a route which would
 * take away its own support has been held down by then and speaks for nobody.
 *
 * After our restart a bad answer may only mean that somebody has not told us yet: it is held back until that is known, and
 * readers keep what they were told before.
 */
#include "fibd/rib/model.h"
#include <stdlib.h>
#include <string.h>

static struct question *
find(struct rib *rib, const struct home *h, const struct addr *a, uint32_t policy, uint32_t hash)
{
	for (struct hash_node *n = hash_first(&rib->questions, hash); n; n = hash_next(n)) {
		struct question *q = OBJECT(n, struct question, by_key);
		if (q->home == h && q->policy == policy && addr_eq(&q->addr, a))
			return q;
	}
	return NULL;
}

static void
drop(struct rib *rib, struct question *q)
{
	struct prefix on = prefix_host(q->addr);

	watch_drop(q->home->table, &on);
	table_gone(&rib->reach_table, &q->row);
	hash_remove(&rib->questions, &q->by_key);
	free(q);
}

void
reach_row(struct rib *rib, const L3vpn__NextHop *row, bool gone, uint32_t round)
{
	struct home *h = home_get(rib, row->vrf);
	struct addr a;

	if (!addr_from_bytes(row->address.data, row->address.len, &a) || !addr_is_set(&a))
		return;
	uint32_t policy = policy_number(rib, row->policy), hash = hash_bytes(a.bytes, sizeof a.bytes, h->number);
	struct question *q = find(rib, h, &a, policy, hash);
	if (gone) {
		if (q)
			drop(rib, q);
		return;
	}
	if (!q) {
		struct prefix on = prefix_host(a);
		q = NEW(struct question);
		q->home = h;
		q->addr = a;
		q->policy = policy;
		hash_add(&rib->questions, &q->by_key, hash);
		watch_add(h->table, &on);
		rib->review = true;
	}
	q->seen = round;
}

void
reach_synced(struct rib *rib, uint32_t round)
{
	rib->synced[FIB_VPN_NEXTHOP] = true;
	hash_each (n, &rib->questions) {
		struct question *q = OBJECT(n, struct question, by_key);
		if (q->seen != round)
			drop(rib, q);
	}
}

void
reach_home_moved(struct rib *rib, const struct home *h, struct rib_table *before)
{
	hash_each (n, &rib->questions) {
		const struct question *q = OBJECT(n, struct question, by_key);
		struct prefix on = prefix_host(q->addr);
		if (q->home != h)
			continue;
		watch_drop(before, &on);
		watch_add(h->table, &on);
	}
	rib->review = true;
}

static bool
is_same(const struct answer *a, const struct answer *b)
{
	return a->reachable == b->reachable && a->lsp == b->lsp && a->metric == b->metric &&
	       strcmp(a->trouble, b->trouble) == 0;
}

void
reach_review(struct rib *rib)
{
	rib->review = false;
	hash_each (n, &rib->questions) {
		struct question *q = OBJECT(n, struct question, by_key);
		bool unsure;
		struct answer a = reach_of(rib, q->home, &q->addr, q->policy, &unsure);
		if (unsure || (row_is_in_table(&q->row) && is_same(&a, &q->answer)))
			continue;
		q->answer = a;
		table_changed(&rib->reach_table, &q->row);
	}
}

void
reach_free(struct rib *rib)
{
	hash_each (n, &rib->questions) {
		drop(rib, OBJECT(n, struct question, by_key));
	}
	hash_free(&rib->questions);
}
