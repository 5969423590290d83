/*
 * What next hops lean on: the addresses that they are looked up by, and prefixes whose route leads somewhere for another
 * instance too. A route that covers none of these changes nothing but itself: with this, 100,000 routes are taken in without
 * looking at each next hop again after each of them.
 */
#include "fibd/rib/model.h"
#include <stdlib.h>

static struct trie *
trie_for(struct rib_table *t, const struct prefix *p)
{
	return p->addr.family == 6 ? &t->watched6 : &t->watched4;
}

void
watch_add(struct rib_table *t, const struct prefix *p)
{
	struct trie_node *n = trie_find(trie_for(t, p), p);
	struct watch *w = n ? OBJECT(n, struct watch, node) : NEW(struct watch);

	w->refs++;
	if (!n)
		trie_add(trie_for(t, p), &w->node, p);
}

void
watch_drop(struct rib_table *t, const struct prefix *p)
{
	struct trie_node *n = trie_find(trie_for(t, p), p);
	struct watch *w = n ? OBJECT(n, struct watch, node) : NULL;

	if (!w || --w->refs)
		return;
	trie_remove(trie_for(t, p), n);
	free(w);
}

bool
watch_hits(const struct rib_table *t, const struct prefix *p)
{
	return trie_below(p->addr.family == 6 ? &t->watched6 : &t->watched4, p);
}

void
watches_free(struct rib_table *t)
{
	trie_each (n, &t->watched4) {
		free(OBJECT(n, struct watch, node));
	}
	trie_each (m, &t->watched6) {
		free(OBJECT(m, struct watch, node));
	}
	trie_free(&t->watched4);
	trie_free(&t->watched6);
}
