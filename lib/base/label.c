/*
 * Label values and label pools. A pool costs nothing per label that was never used: fresh labels come
 * from a high-water mark, labels given back wait in a queue with the time from which they may be reused,
 * and a bitmap that grows with the mark says which are taken.
 */
#include "base/label.h"
#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
label_is_valid(uint32_t label)
{
	return label <= LABEL_IMPLICIT_NULL || label == 7 || label == 13 || label == 14 ||
	       (label >= LABEL_FIRST_FREE && label <= LABEL_MAX);
}

const char *
label_text(uint32_t label, char out[24])
{
	switch (label) {
	case LABEL_UNSET: return strcpy(out, "NULL");
	case LABEL_IMPLICIT_NULL: return strcpy(out, "imp-null");
	case LABEL_IPV4_EXPLICIT_NULL: return strcpy(out, "exp-null");
	case LABEL_IPV6_EXPLICIT_NULL: return strcpy(out, "exp-null6");
	default: snprintf(out, 24, "%u", label); return out;
	}
}

bool
label_stack_eq(const struct label_stack *a, const struct label_stack *b)
{
	return a->n == b->n && memcmp(a->label, b->label, a->n * sizeof *a->label) == 0;
}

struct returned {
	uint32_t label;
	usec_t from; /* free again from here on */
};

struct label_pool {
	uint32_t first, last, next; /* next: the high-water mark */
	usec_t delay;
	uint8_t *taken; /* one bit per label from `first` */
	size_t taken_bytes, used;
	struct returned *queue; /* a ring */
	size_t queue_at, queue_count, queue_room;
};

struct label_pool *
label_pool_new(uint32_t first, uint32_t last, usec_t reuse_delay)
{
	struct label_pool *p = NEW(struct label_pool);

	p->first = p->next = first;
	p->last = last;
	p->delay = reuse_delay;
	return p;
}

void
label_pool_free(struct label_pool *p)
{
	if (!p)
		return;
	free(p->taken);
	free(p->queue);
	free(p);
}

static bool
is_taken(const struct label_pool *p, uint32_t label)
{
	uint32_t i = label - p->first;

	return i / 8 < p->taken_bytes && (p->taken[i / 8] >> (i % 8) & 1);
}

static void
set_taken(struct label_pool *p, uint32_t label, bool yes)
{
	uint32_t i = label - p->first;

	if (i / 8 >= p->taken_bytes) {
		size_t bytes = (i / 8 + 64) * 2;
		p->taken = mem_resize(p->taken, bytes);
		memset(p->taken + p->taken_bytes, 0, bytes - p->taken_bytes);
		p->taken_bytes = bytes;
	}
	uint8_t mask = (uint8_t)(1u << (i % 8));
	p->taken[i / 8] = (uint8_t)(yes ? p->taken[i / 8] | mask : p->taken[i / 8] & ~mask);
	p->used += yes ? 1 : (size_t)-1;
}

uint32_t
label_pool_take(struct label_pool *p, usec_t now)
{
	/* Fresh ones first: a label given back rests as long as the range allows. Claimed ones are passed over. */
	while (p->next <= p->last) {
		uint32_t label = p->next++;
		if (!is_taken(p, label)) {
			set_taken(p, label, true);
			return label;
		}
	}
	while (p->queue_count) {
		struct returned r = p->queue[p->queue_at];
		if (r.from > now)
			return LABEL_UNSET;
		p->queue_at = (p->queue_at + 1) % p->queue_room;
		p->queue_count--;
		if (!is_taken(p, r.label)) { /* not claimed meanwhile */
			set_taken(p, r.label, true);
			return r.label;
		}
	}
	return LABEL_UNSET;
}

bool
label_pool_claim(struct label_pool *p, uint32_t label)
{
	if (label < p->first || label > p->last || is_taken(p, label))
		return false;
	set_taken(p, label, true);
	return true;
}

void
label_pool_give(struct label_pool *p, uint32_t label, usec_t now)
{
	if (label < p->first || label > p->last || !is_taken(p, label))
		return;
	set_taken(p, label, false);
	if (label >= p->next)
		return; /* was claimed above the mark: still fresh */
	if (p->queue_count == p->queue_room) {
		size_t room = p->queue_room ? p->queue_room * 2 : 64;
		struct returned *q = mem_zalloc(room * sizeof *q);
		for (size_t i = 0; i < p->queue_count; i++)
			q[i] = p->queue[(p->queue_at + i) % p->queue_room];
		free(p->queue);
		p->queue = q;
		p->queue_at = 0;
		p->queue_room = room;
	}
	p->queue[(p->queue_at + p->queue_count++) % p->queue_room] = (struct returned){ label, now + p->delay };
}

size_t
label_pool_used(const struct label_pool *p)
{
	return p->used;
}
