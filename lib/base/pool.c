/* Objects of one size. See pool.h. */
#include "base/pool.h"
#include "base/mem.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 64 * 1024, ALIGNMENT = 8 };
#if defined __SANITIZE_ADDRESS__
enum { INSTRUMENTED = 1 };
#else
enum { INSTRUMENTED = 0 };
#endif

struct pool_free {
	struct pool_free *next;
};
struct pool_chunk {
	struct pool_chunk *next;
	max_align_t objects[];
};

void
pool_init(struct pool *p, size_t object_size)
{
	size_t least = object_size > sizeof(struct pool_free) ? object_size : sizeof(struct pool_free);

	*p = (struct pool){ .size = (least + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT };
}

void
pool_free(struct pool *p)
{
	for (struct pool_chunk *c = p->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	p->chunks = NULL;
	p->spare = NULL;
	p->left = 0;
}

void *
pool_take(struct pool *p)
{
	struct pool_free *object = p->spare;

	if (INSTRUMENTED)
		return mem_zalloc(p->size);
	if (object) {
		p->spare = object->next;
		return memset(object, 0, p->size);
	}
	if (p->left < p->size) {
		struct pool_chunk *c = mem_zalloc(CHUNK_BYTES);
		c->next = p->chunks;
		p->chunks = c;
		p->left = CHUNK_BYTES - sizeof *c;
	}
	uint8_t *end = (uint8_t *)p->chunks + CHUNK_BYTES;
	void *at = end - p->left;
	p->left -= p->size;
	return at;
}

void
pool_give(struct pool *p, void *object)
{
	struct pool_free *f = object;

	if (!object)
		return;
	if (INSTRUMENTED) {
		free(object);
		return;
	}
	f->next = p->spare;
	p->spare = f;
}
