#ifndef BASE_HASH_H
#define BASE_HASH_H
#include <stddef.h>
#include <stdint.h>

/* A growing hash table of embedded nodes (chained). Iteration follows insertion order, never
 * pointers or hash values, so a run can be repeated exactly. */
struct hash_node {
	struct hash_node *chain;
	struct hash_node *newer, *older;
	uint32_t hash;
};

struct hash {
	struct hash_node **buckets;
	size_t bucket_count, count;
	struct hash_node *oldest, *newest;
};

void hash_init(struct hash *);
void hash_free(struct hash *); /* buckets only; the nodes are their owners' */
void hash_add(struct hash *, struct hash_node *, uint32_t hash);
void hash_remove(struct hash *, struct hash_node *);
/* First and next node with this hash value; compare keys yourself. NULL at the end. */
struct hash_node *hash_first(const struct hash *, uint32_t hash);
struct hash_node *hash_next(const struct hash_node *);
/* Many lookups one after the other, in a table larger than the caches: first this for each of them, which has the processor
 * fetch where the search begins, */
void hash_expect(const struct hash *, uint32_t hash);
/* then what is likely found, to be fetched (mem_fetch()) and not to be read; NULL: nothing is there. */
const struct hash_node *hash_likely(const struct hash *, uint32_t hash);
uint32_t hash_bytes(const void *, size_t, uint32_t start); /* mixes well; chain by passing the last result as start */

#define hash_each(n, h)                                                             \
	for (struct hash_node *n = (h)->oldest, *n##_next = n ? n->newer : NULL; n; \
	     n = n##_next, n##_next = n ? n->newer : NULL)
#endif
