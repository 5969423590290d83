#ifndef BASE_TRIE_H
#define BASE_TRIE_H
#include "base/pool.h"
#include "base/prefix.h"

/* Prefixes of one family by longest match: a path-compressed binary tree with embedded nodes.
 * In-order: by address, then length, which is the order of every display. Nodes do not know their parents, for there
 * may be a million of them: what goes upwards looks from the root, which costs as much as to find a prefix. */
struct trie_node {
	struct trie_node *child[2];
	uint8_t len;  /* the prefix's; of a fork: all below share so many bits, and the next one decides which child */
	bool is_fork; /* internal: where the ways of at least two objects part. It ends here, without a prefix */
	struct prefix prefix;
};

struct trie {
	struct trie_node *root;
	size_t count;
	struct pool forks;
};

void trie_init(struct trie *);
void trie_free(struct trie *); /* forks only; the nodes are their owners' */
/* Puts the node under its prefix (host bits clear). False when the prefix is there already. */
bool trie_add(struct trie *, struct trie_node *, const struct prefix *);
void trie_remove(struct trie *, struct trie_node *);
struct trie_node *trie_find(const struct trie *, const struct prefix *);      /* exact, or NULL */
struct trie_node *trie_match(const struct trie *, const struct addr *);       /* longest, or NULL */
struct trie_node *trie_parent(const struct trie *, const struct trie_node *); /* next shorter that covers it, or NULL */
struct trie_node *trie_first(const struct trie *);
struct trie_node *trie_next(const struct trie *, const struct trie_node *);
/* The current node may be removed. */
#define trie_each(n, t)                                                                      \
	for (struct trie_node *n = trie_first(t), *n##_next = n ? trie_next(t, n) : NULL; n; \
	     n = n##_next, n##_next = n ? trie_next(t, n) : NULL)
/* First node at or below `prefix`, in order; walk with trie_next() while prefix_covers() holds. NULL when none. */
struct trie_node *trie_below(const struct trie *, const struct prefix *);
#endif
