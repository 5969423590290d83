/*
 * Label values and label pools. A pool costs little for labels that were never used: fresh ones come from a mark
 * that goes once round the range, labels given back rest in a queue with the time from which they may be reused,
 * and two bitmaps that grow with the mark say which are taken and which rest.
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

struct bits {
	uint8_t *bytes;
	size_t size;
};

struct label_pool {
	uint32_t first, last;
	uint32_t mark;   /* the next fresh one */
	uint32_t passed; /* so many labels has the mark passed; all of them at the end */
	usec_t delay;
	struct bits taken, resting; /* one bit per label from `first` */
	size_t used;
	struct returned *queue; /* a ring */
	size_t queue_at, queue_count, queue_room;
};

static bool
bit_get(const struct bits *b, uint32_t i)
{
	return i / 8 < b->size && (b->bytes[i / 8] >> (i % 8) & 1);
}

static void
bit_set(struct bits *b, uint32_t i, bool yes)
{
	if (i / 8 >= b->size) {
		size_t size = (i / 8 + 64) * 2;
		b->bytes = mem_resize(b->bytes, size);
		memset(b->bytes + b->size, 0, size - b->size);
		b->size = size;
	}
	uint8_t mask = (uint8_t)(1u << (i % 8));
	b->bytes[i / 8] = (uint8_t)(yes ? b->bytes[i / 8] | mask : b->bytes[i / 8] & ~mask);
}

struct label_pool *
label_pool_new(uint32_t first, uint32_t last, usec_t reuse_delay)
{
	struct label_pool *p = NEW(struct label_pool);

	p->first = p->mark = first;
	p->last = last;
	p->delay = reuse_delay;
	return p;
}

void
label_pool_start(struct label_pool *p, uint32_t label)
{
	if (label >= p->first && label <= p->last && !p->passed)
		p->mark = label;
}

void
label_pool_free(struct label_pool *p)
{
	if (!p)
		return;
	free(p->taken.bytes);
	free(p->resting.bytes);
	free(p->queue);
	free(p);
}

static uint32_t
hand_out(struct label_pool *p, uint32_t label)
{
	bit_set(&p->taken, label - p->first, true);
	p->used++;
	return label;
}

uint32_t
label_pool_take(struct label_pool *p, usec_t now)
{
	/* Fresh ones first: a label given back rests as long as the range allows. */
	while (p->passed <= p->last - p->first) {
		uint32_t label = p->mark;
		p->mark = label == p->last ? p->first : label + 1;
		p->passed++;
		if (!bit_get(&p->taken, label - p->first) && !bit_get(&p->resting, label - p->first))
			return hand_out(p, label);
	}
	while (p->queue_count) {
		struct returned r = p->queue[p->queue_at];
		if (r.from > now)
			return LABEL_UNSET;
		p->queue_at = (p->queue_at + 1) % p->queue_room;
		p->queue_count--;
		if (!bit_get(&p->resting, r.label - p->first))
			continue; /* claimed meanwhile */
		bit_set(&p->resting, r.label - p->first, false);
		return hand_out(p, r.label);
	}
	return LABEL_UNSET;
}

bool
label_pool_claim(struct label_pool *p, uint32_t label)
{
	if (label < p->first || label > p->last || bit_get(&p->taken, label - p->first))
		return false;
	bit_set(&p->resting, label - p->first, false);
	hand_out(p, label);
	return true;
}

void
label_pool_give(struct label_pool *p, uint32_t label, usec_t now)
{
	if (label < p->first || label > p->last || !bit_get(&p->taken, label - p->first))
		return;
	bit_set(&p->taken, label - p->first, false);
	bit_set(&p->resting, label - p->first, true);
	p->used--;
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

void
label_pool_set_delay(struct label_pool *p, usec_t reuse_delay)
{
	p->delay = reuse_delay;
}

size_t
label_pool_used(const struct label_pool *p)
{
	return p->used;
}
