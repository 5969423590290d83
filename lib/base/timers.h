#ifndef BASE_TIMERS_H
#define BASE_TIMERS_H
#include "base/time.h"
#include <stdbool.h>
#include <stddef.h>

/* Deadlines of many objects: a heap of embedded nodes. Earliest in O(1), set and clear in O(log n).
 * Among equal deadlines the one set first comes first, so a run can be repeated exactly. */
struct timer {
	usec_t at;      /* USEC_NEVER when not set */
	uint64_t order; /* of setting */
	size_t slot;    /* place in the heap, 0 when not set */
	uint32_t kind;  /* whose it is: the owner's own enum */
};

struct timers {
	struct timer **heap; /* from slot 1 */
	size_t count, room;
	uint64_t next_order;
};

void timers_init(struct timers *);
void timers_free(struct timers *); /* the nodes are their owners' */
void timer_init(struct timer *, uint32_t kind);
void timer_set(struct timers *, struct timer *, usec_t at); /* also moves one that is set; USEC_NEVER clears */
void timer_clear(struct timers *, struct timer *);
static inline bool
timer_is_set(const struct timer *t)
{
	return t->slot != 0;
}
usec_t timers_next(const struct timers *);             /* USEC_NEVER when empty */
struct timer *timers_due(struct timers *, usec_t now); /* takes out one whose time has come, or NULL */
#endif
