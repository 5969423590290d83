/*
 * Bytes that wait for a peer that reads slowly.
 *
 * A chain of pieces of one size: what was added is copied once and never moved, and the memory of what has been sent is
 * free at once, so that a whole BGP table (100 MB, in turns of some megabytes) costs its bytes and no more.
 */
#include "base/mem.h"
#include "host/stream_internal.h"
#include <stdlib.h>
#include <string.h>

enum { CHUNK_ROOM = 64 * 1024 - 64 /* with its head and malloc()'s no more than a power of two */ };
struct stream_chunk {
	struct stream_chunk *next;
	size_t size;
	uint8_t bytes[CHUNK_ROOM];
};

void
stream_queue_add(struct stream_queue *q, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	q->size += size;
	while (size) {
		if (!q->last || q->last->size == CHUNK_ROOM) {
			struct stream_chunk *fresh = mem_resize(NULL, sizeof *fresh);
			fresh->next = NULL;
			fresh->size = 0;
			if (q->last)
				q->last->next = fresh;
			else
				q->first = fresh;
			q->last = fresh;
		}
		size_t n = CHUNK_ROOM - q->last->size < size ? CHUNK_ROOM - q->last->size : size;
		memcpy(q->last->bytes + q->last->size, from, n);
		q->last->size += n;
		from += n;
		size -= n;
	}
}

unsigned
stream_queue_look(const struct stream_queue *q, struct iovec *parts, unsigned most)
{
	unsigned count = 0;
	size_t at = q->at;

	for (struct stream_chunk *c = q->first; c && count < most; c = c->next) {
		parts[count++] = (struct iovec){ c->bytes + at, c->size - at };
		at = 0;
	}
	return count;
}

void
stream_queue_drop(struct stream_queue *q, size_t size)
{
	q->size -= size;
	q->at += size;
	while (q->first && q->at >= q->first->size) {
		struct stream_chunk *gone = q->first;
		q->at -= gone->size;
		q->first = gone->next;
		free(gone);
	}
	if (!q->first)
		q->last = NULL;
}

void
stream_queue_free(struct stream_queue *q)
{
	stream_queue_drop(q, q->size);
}
