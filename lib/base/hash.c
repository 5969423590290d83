/* A hash table of embedded nodes that remembers the order of insertion. */
#include "base/hash.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

enum { HASH_FIRST_SIZE = 16 };

void
hash_init(struct hash *h)
{
	*h = (struct hash){ 0 };
}

void
hash_free(struct hash *h)
{
	free(h->buckets);
	*h = (struct hash){ 0 };
}

static struct hash_node **
bucket(const struct hash *h, uint32_t hash)
{
	return &h->buckets[hash & (h->bucket_count - 1)];
}

static void
grow(struct hash *h)
{
	free(h->buckets);
	h->bucket_count = h->bucket_count ? h->bucket_count * 2 : HASH_FIRST_SIZE;
	h->buckets = mem_zalloc(h->bucket_count * sizeof(struct hash_node *));
	/* Newest first, so that equal hashes chain in order of insertion. */
	for (struct hash_node *n = h->newest; n; n = n->older) {
		struct hash_node **b = bucket(h, n->hash);
		n->chain = *b;
		*b = n;
	}
}

void
hash_add(struct hash *h, struct hash_node *n, uint32_t hash)
{
	if (h->count >= h->bucket_count)
		grow(h);
	struct hash_node **end = bucket(h, hash);
	while (*end)
		end = &(*end)->chain;
	*n = (struct hash_node){ .hash = hash, .older = h->newest };
	*end = n;
	if (h->newest)
		h->newest->newer = n;
	else
		h->oldest = n;
	h->newest = n;
	h->count++;
}

void
hash_remove(struct hash *h, struct hash_node *n)
{
	struct hash_node **at = bucket(h, n->hash);

	while (*at != n)
		at = &(*at)->chain;
	*at = n->chain;
	if (n->newer)
		n->newer->older = n->older;
	else
		h->newest = n->older;
	if (n->older)
		n->older->newer = n->newer;
	else
		h->oldest = n->newer;
	h->count--;
	*n = (struct hash_node){ 0 };
}

static struct hash_node *
same_hash(struct hash_node *n, uint32_t hash)
{
	while (n && n->hash != hash)
		n = n->chain;
	return n;
}

struct hash_node *
hash_first(const struct hash *h, uint32_t hash)
{
	return h->bucket_count ? same_hash(*bucket(h, hash), hash) : NULL;
}

const struct hash_node *
hash_likely(const struct hash *h, uint32_t hash)
{
	return h->bucket_count ? *bucket(h, hash) : NULL;
}

struct hash_node *
hash_next(const struct hash_node *n)
{
	return same_hash(n->chain, n->hash);
}

void
hash_expect(const struct hash *h, uint32_t hash)
{
	if (h->bucket_count)
		__builtin_prefetch(bucket(h, hash));
}

uint32_t
hash_bytes(const void *bytes, size_t size, uint32_t start)
{
	const uint8_t *p = bytes;
	uint64_t h = (uint64_t)start * UINT64_C(0x9e3779b97f4a7c15) + size;

	while (size) {
		uint64_t word = 0;
		size_t n = size < 8 ? size : 8;
		memcpy(&word, p, n);
		p += n;
		size -= n;
		h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return (uint32_t)(h >> 32) ^ (uint32_t)h;
}
