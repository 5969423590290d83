/*
 * Memory for one job, in blocks that double. A reset keeps the largest block, so a
 * daemon that packs rows all day allocates nothing after the first few.
 */
#include "base/arena.h"
#include "base/mem.h"
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_FIRST_BLOCK = 4096 };

struct arena_block {
	struct arena_block *older;
	size_t used, room;
	alignas(max_align_t) uint8_t bytes[];
};

void
arena_init(struct arena *a)
{
	a->blocks = NULL;
}

void *
arena_take(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *b = a->blocks;

	size = (size + align - 1) / align * align;
	if (!b || b->room - b->used < size) {
		size_t room = b ? b->room * 2 : ARENA_FIRST_BLOCK;
		if (room < size)
			room = size;
		struct arena_block *fresh = mem_resize(NULL, sizeof *fresh + room);
		fresh->older = b;
		fresh->used = 0;
		fresh->room = room;
		a->blocks = b = fresh;
	}
	void *p = b->bytes + b->used;
	b->used += size;
	memset(p, 0, size);
	return p;
}

void *
arena_copy(struct arena *a, const void *from, size_t size)
{
	void *p = arena_take(a, size);

	if (size)
		memcpy(p, from, size);
	return p;
}

char *
arena_text(struct arena *a, const char *from)
{
	return arena_copy(a, from, strlen(from) + 1);
}

static void
free_older(struct arena_block *b)
{
	while (b) {
		struct arena_block *older = b->older;
		free(b);
		b = older;
	}
}

void
arena_reset(struct arena *a)
{
	if (!a->blocks)
		return;
	free_older(a->blocks->older);
	a->blocks->older = NULL;
	a->blocks->used = 0;
}

void
arena_free(struct arena *a)
{
	free_older(a->blocks);
	a->blocks = NULL;
}
