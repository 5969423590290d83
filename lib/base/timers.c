/* Deadlines in a binary heap of embedded nodes. */
#include "base/timers.h"
#include "base/mem.h"
#include <stdlib.h>

void
timers_init(struct timers *ts)
{
	*ts = (struct timers){ 0 };
}

void
timers_free(struct timers *ts)
{
	free(ts->heap);
	*ts = (struct timers){ 0 };
}

void
timer_init(struct timer *t, uint32_t kind)
{
	*t = (struct timer){ .at = USEC_NEVER, .kind = kind };
}

static bool
before(const struct timer *a, const struct timer *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
place(struct timers *ts, struct timer *t, size_t slot)
{
	ts->heap[slot] = t;
	t->slot = slot;
}

static void
sift(struct timers *ts, struct timer *t, size_t slot)
{
	while (slot > 1 && before(t, ts->heap[slot / 2])) {
		place(ts, ts->heap[slot / 2], slot);
		slot /= 2;
	}
	for (size_t child; (child = slot * 2) <= ts->count; slot = child) {
		if (child < ts->count && before(ts->heap[child + 1], ts->heap[child]))
			child++;
		if (!before(ts->heap[child], t))
			break;
		place(ts, ts->heap[child], slot);
	}
	place(ts, t, slot);
}

void
timer_clear(struct timers *ts, struct timer *t)
{
	if (!t->slot)
		return;
	size_t slot = t->slot;
	struct timer *last = ts->heap[ts->count--];
	t->slot = 0;
	t->at = USEC_NEVER;
	if (last != t)
		sift(ts, last, slot);
}

void
timer_set(struct timers *ts, struct timer *t, usec_t at)
{
	if (at == USEC_NEVER) {
		timer_clear(ts, t);
		return;
	}
	if (!t->slot) {
		if (ts->count + 1 >= ts->room) {
			ts->room = ts->room ? ts->room * 2 : 16;
			ts->heap = mem_resize(ts->heap, ts->room * sizeof(struct timer *));
		}
		t->slot = ++ts->count;
	}
	t->at = at;
	t->order = ts->next_order++;
	sift(ts, t, t->slot);
}

usec_t
timers_next(const struct timers *ts)
{
	return ts->count ? ts->heap[1]->at : USEC_NEVER;
}

struct timer *
timers_due(struct timers *ts, usec_t now)
{
	if (!ts->count || ts->heap[1]->at > now)
		return NULL;
	struct timer *t = ts->heap[1];
	timer_clear(ts, t);
	return t;
}
