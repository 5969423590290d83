/*
 * Longest prefix match: a path-compressed binary tree. A node of an object has its prefix and up to two children; a
 * fork without an object has two children, or it would not be there, and knows only how many bits all below it share.
 * So a walk down goes by the bits alone and may be on a wrong way: what it ends at tells. Nodes of objects are embedded,
 * forks are ours. One trie holds one family.
 */
#include "base/trie.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

void
trie_init(struct trie *t)
{
	*t = (struct trie){ 0 };
	pool_init(&t->forks, offsetof(struct trie_node, prefix));
}

static unsigned
bit(const struct addr *a, unsigned n)
{
	return a->bytes[n / 8] >> (7 - n % 8) & 1;
}

/* NULL when it is none. */
static struct trie_node *
node_of(struct trie_node *f)
{
	return f && !f->is_fork ? f : NULL;
}

/* The first object at or below, in order. */
static struct trie_node *
first_below(struct trie_node *f)
{
	while (f && f->is_fork)
		f = f->child[0];
	return f;
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

/* Where the walk by an address's bits meets the first one of at least this length, or the end. */
static struct trie_node *
descend(const struct trie *t, const struct addr *addr, unsigned len)
{
	struct trie_node *f = t->root;

	while (f && f->len < len)
		f = f->child[bit(addr, f->len)];
	return f;
}

static struct trie_node *
new_fork(struct trie *t, uint8_t len)
{
	struct trie_node *fork = pool_take(&t->forks);

	fork->len = len;
	fork->is_fork = true;
	return fork;
}

bool
trie_add(struct trie *t, struct trie_node *n, const struct prefix *prefix)
{
	/* Any object on the prefix's way tells how far that goes: there, all others share at least as much with it. */
	struct trie_node **at = &t->root, *near = t->root;
	while (near && near->len < prefix->len && near->child[bit(&prefix->addr, near->len)])
		near = near->child[bit(&prefix->addr, near->len)];
	const struct trie_node *some = first_below(near);
	uint8_t shared = some ? shared_bits(&some->prefix, prefix) : 0;
	unsigned side = some && shared < some->prefix.len ? bit(&some->prefix.addr, shared) : 0; /* where it parts */

	while (*at && (*at)->len <= shared && (*at)->len < prefix->len)
		at = &(*at)->child[bit(&prefix->addr, (*at)->len)];
	struct trie_node *old = *at;
	bool same = old && old->len == prefix->len && shared == prefix->len;
	if (same && !old->is_fork)
		return false;
	*n = (struct trie_node){ .len = prefix->len, .prefix = *prefix };
	t->count++;
	if (!old) {
		*at = n;
	} else if (same) { /* takes the fork's place */
		memcpy(n->child, old->child, sizeof old->child);
		*at = n;
		pool_give(&t->forks, old);
	} else if (shared == prefix->len) { /* above the old one */
		*at = n;
		n->child[side] = old;
	} else {
		struct trie_node *fork = new_fork(t, shared);
		fork->child[side] = old;
		fork->child[!side] = n;
		*at = fork;
	}
	return true;
}

void
trie_remove(struct trie *t, struct trie_node *n)
{
	struct trie_node **above = NULL, **at = &t->root;

	while (*at != n) {
		above = at;
		at = &(*at)->child[bit(&n->prefix.addr, (*at)->len)];
	}
	t->count--;
	struct trie_node *const *child = n->child;
	if (child[0] && child[1]) {
		*at = new_fork(t, n->len);
		memcpy((*at)->child, child, sizeof n->child);
	} else {
		*at = child[0] ? child[0] : child[1];
		/* A fork left with one child is no fork. */
		struct trie_node *parent = above ? *above : NULL;
		if (parent && parent->is_fork && (!parent->child[0] || !parent->child[1])) {
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
	struct trie_node *n = node_of(descend(t, &prefix->addr, prefix->len));

	return n && prefix_eq(&n->prefix, prefix) ? n : NULL;
}

struct trie_node *
trie_match(const struct trie *t, const struct addr *addr)
{
	struct trie_node *best = NULL;
	unsigned bits = (unsigned)addr_size(addr) * 8;

	for (struct trie_node *f = t->root; f; f = f->len < bits ? f->child[bit(addr, f->len)] : NULL) {
		struct trie_node *n = node_of(f);
		if (n && !prefix_covers(&n->prefix, addr))
			break; /* nor does any below it */
		best = n ? n : best;
	}
	return best;
}

struct trie_node *
trie_parent(const struct trie *t, const struct trie_node *n)
{
	struct trie_node *parent = NULL;

	for (struct trie_node *f = t->root; f != n; f = f->child[bit(&n->prefix.addr, f->len)])
		parent = f->is_fork ? parent : f;
	return parent;
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
	for (const struct trie_node *f = t->root; f != n;) {
		unsigned side = bit(&n->prefix.addr, f->len);
		if (!side && f->child[1])
			right = f->child[1];
		f = f->child[side];
	}
	return first_below(right);
}

struct trie_node *
trie_below(const struct trie *t, const struct prefix *prefix)
{
	struct trie_node *n = first_below(descend(t, &prefix->addr, prefix->len));

	return n && prefix_covers(prefix, &n->prefix.addr) ? n : NULL;
}
