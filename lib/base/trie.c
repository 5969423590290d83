/*
 * Longest prefix match: a path-compressed binary tree. Every node carries a prefix; a fork without an
 * object has two children, or it would not be there. Nodes of objects are embedded, forks are ours.
 * One trie holds one family.
 */
#include "base/trie.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

void
trie_init(struct trie *t)
{
	*t = (struct trie){ 0 };
	pool_init(&t->forks, sizeof(struct trie_node));
}

static unsigned
bit(const struct addr *a, unsigned n)
{
	return a->bytes[n / 8] >> (7 - n % 8) & 1;
}

/* How many leading bits two prefixes share, at most the shorter length. */
static uint8_t
shared_bits(const struct prefix *a, const struct prefix *b)
{
	unsigned limit = a->len < b->len ? a->len : b->len, n = 0;

	while (n + 8 <= limit && a->addr.bytes[n / 8] == b->addr.bytes[n / 8])
		n += 8;
	while (n < limit && bit(&a->addr, n) == bit(&b->addr, n))
		n++;
	return (uint8_t)n;
}

/* The link that leads to a node which is there, and above it that to its parent (NULL: it has none). */
static struct trie_node **
place_of(struct trie *t, const struct trie_node *n, struct trie_node ***ret_above)
{
	struct trie_node **at = &t->root;

	*ret_above = NULL;
	while (*at != n) {
		*ret_above = at;
		at = &(*at)->child[bit(&n->prefix.addr, (*at)->prefix.len)];
	}
	return at;
}

static void
attach(struct trie_node *parent, struct trie_node *child)
{
	parent->child[bit(&child->prefix.addr, parent->prefix.len)] = child;
}

static struct trie_node *
new_fork(struct trie *t, const struct prefix *prefix)
{
	struct trie_node *fork = pool_take(&t->forks);

	fork->prefix = *prefix;
	fork->is_branch = 1;
	return fork;
}

bool
trie_add(struct trie *t, struct trie_node *n, const struct prefix *prefix)
{
	struct trie_node **at = &t->root;

	while (*at && shared_bits(&(*at)->prefix, prefix) == (*at)->prefix.len && (*at)->prefix.len < prefix->len)
		at = &(*at)->child[bit(&prefix->addr, (*at)->prefix.len)];
	struct trie_node *old = *at;
	uint8_t shared = old ? shared_bits(&old->prefix, prefix) : 0;
	bool same = old && shared == old->prefix.len && shared == prefix->len;
	if (same && !old->is_branch)
		return false;
	*n = (struct trie_node){ .prefix = *prefix };
	t->count++;
	if (!old) {
		*at = n;
	} else if (same) { /* takes the fork's place */
		for (int i = 0; i < 2; i++)
			attach(n, old->child[i]);
		*at = n;
		pool_give(&t->forks, old);
	} else if (shared == prefix->len) { /* above the old one */
		*at = n;
		attach(n, old);
	} else {
		struct prefix common = prefix_network(prefix_make(prefix->addr, shared));
		struct trie_node *fork = new_fork(t, &common);
		*at = fork;
		attach(fork, old);
		attach(fork, n);
	}
	return true;
}

void
trie_remove(struct trie *t, struct trie_node *n)
{
	struct trie_node **above, **at = place_of(t, n, &above);

	t->count--;
	if (n->child[0] && n->child[1]) {
		*at = new_fork(t, &n->prefix);
		for (int i = 0; i < 2; i++)
			attach(*at, n->child[i]);
	} else {
		*at = n->child[0] ? n->child[0] : n->child[1];
		/* A fork left with one child is no fork. */
		struct trie_node *parent = above ? *above : NULL;
		if (parent && parent->is_branch && (!parent->child[0] || !parent->child[1])) {
			*above = parent->child[0] ? parent->child[0] : parent->child[1];
			pool_give(&t->forks, parent);
		}
	}
	*n = (struct trie_node){ 0 };
}

void
trie_free(struct trie *t)
{
	for (struct trie_node *n; (n = trie_first(t));)
		trie_remove(t, n);
	pool_free(&t->forks);
}

struct trie_node *
trie_find(const struct trie *t, const struct prefix *prefix)
{
	struct trie_node *n = t->root;

	while (n && n->prefix.len < prefix->len && prefix_covers(&n->prefix, &prefix->addr))
		n = n->child[bit(&prefix->addr, n->prefix.len)];
	return n && !n->is_branch && prefix_eq(&n->prefix, prefix) ? n : NULL;
}

struct trie_node *
trie_match(const struct trie *t, const struct addr *addr)
{
	struct trie_node *best = NULL;
	unsigned bits = (unsigned)addr_size(addr) * 8;

	for (struct trie_node *n = t->root; n && prefix_covers(&n->prefix, addr);) {
		if (!n->is_branch)
			best = n;
		n = n->prefix.len < bits ? n->child[bit(addr, n->prefix.len)] : NULL;
	}
	return best;
}

struct trie_node *
trie_parent(const struct trie *t, const struct trie_node *n)
{
	struct trie_node *parent = NULL;

	for (struct trie_node *p = t->root; p != n; p = p->child[bit(&n->prefix.addr, p->prefix.len)])
		if (!p->is_branch)
			parent = p;
	return parent;
}

static struct trie_node *
first_below(struct trie_node *n)
{
	while (n && n->is_branch)
		n = n->child[0];
	return n;
}

struct trie_node *
trie_first(const struct trie *t)
{
	return first_below(t->root);
}

struct trie_node *
trie_next(const struct trie *t, const struct trie_node *n)
{
	struct trie_node *right = NULL; /* of the last turn to the left on the way to it */

	for (int i = 0; i < 2; i++)
		if (n->child[i])
			return first_below(n->child[i]);
	for (const struct trie_node *p = t->root; p != n;) {
		unsigned side = bit(&n->prefix.addr, p->prefix.len);
		if (!side && p->child[1])
			right = p->child[1];
		p = p->child[side];
	}
	return first_below(right);
}

struct trie_node *
trie_below(const struct trie *t, const struct prefix *prefix)
{
	struct trie_node *n = t->root;

	while (n && n->prefix.len < prefix->len && prefix_covers(&n->prefix, &prefix->addr))
		n = n->child[bit(&prefix->addr, n->prefix.len)];
	return n && n->prefix.len >= prefix->len && prefix_covers(prefix, &n->prefix.addr) ? first_below(n) : NULL;
}
