#ifndef BASE_POOL_H
#define BASE_POOL_H
#include <stddef.h>

/*
 * Objects of one size, by the hundred thousand: packed without the allocator's word before each. What is given back
 * is taken again first; memory goes back to the system when the pool is freed. An instrumented build asks the allocator
 * for each object instead, so that it finds what is used after it was given back.
 */
struct pool {
	size_t size;             /* of an object, bytes */
	struct pool_free *spare; /* given back */
	struct pool_chunk *chunks;
	size_t left; /* bytes of the newest chunk that were never taken */
};

void pool_init(struct pool *, size_t object_size);
void pool_free(struct pool *);  /* all objects at once, whether given back or not */
void *pool_take(struct pool *); /* zeroed */
void pool_give(struct pool *, void *object);
#endif
