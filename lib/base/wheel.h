#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H
#include "base/list.h"
#include "base/time.h"

/*
 * Deadlines of very many objects that are set again all the time: a timer wheel. Setting and clearing are O(1) and
 * touch one list; the next deadline is found through bit maps. Times are exact: a slot holds a span, and only what is
 * due comes out. For few deadlines, or where equal ones need an order, `timers.h` is the better one.
 */
enum { WHEEL_LEVELS = 4, WHEEL_SLOTS = 256, WHEEL_SHIFT = 7 /* the finest slot is 128 us wide */ };

struct wheel_node {
	struct list link;
	usec_t at; /* USEC_NEVER when not set */
	uint32_t kind;
	uint16_t slot; /* level * WHEEL_SLOTS + index */
};
struct wheel {
	struct list slots[WHEEL_LEVELS * WHEEL_SLOTS];
	uint64_t used[WHEEL_LEVELS][WHEEL_SLOTS / 64];
	usec_t first[WHEEL_SLOTS];       /* of the finest slots: nothing in there is due before */
	const struct wheel_node *beside; /* NULL, or what likely comes out next: to fetch its object, not to be read */
	usec_t now;                      /* nothing earlier is in the wheel, but what is overdue in its slot */
};

void wheel_init(struct wheel *, usec_t now);
void wheel_node_init(struct wheel_node *, uint32_t kind);
void wheel_set(struct wheel *, struct wheel_node *, usec_t at); /* also moves one that is set; USEC_NEVER clears */
void wheel_clear(struct wheel *, struct wheel_node *);
usec_t wheel_next(const struct wheel *); /* never later than the earliest deadline; USEC_NEVER when empty */
/* Takes out one whose time has come, or NULL. `now` never runs backwards. */
struct wheel_node *wheel_due(struct wheel *, usec_t now);
#endif
