#ifndef BFDD_REALTIME_H
#define BFDD_REALTIME_H
#include "bfdd/bfd.h"

/*
 * The thread that keeps time: the core, its sockets, and nothing else. It is never waited for: orders go in and changes
 * come out through rings without locks, each with an eventfd that rings at the other side.
 */
struct realtime;
/* NULL with a sentence in `why`. The thread runs until realtime_stop(). */
struct realtime *realtime_start(uint64_t seed, char why[256]);
void realtime_stop(struct realtime *);
/* Returns how many orders were taken; the rest must be offered again when realtime_events() is readable next. */
size_t realtime_order(struct realtime *, const struct bfd_order *, size_t count);

struct realtime_ops {
	void (*change)(void *ctx, const struct bfd_change *);
	void (*counters)(void *ctx, const struct bfd_status *);
	void (*process)(void *ctx, const struct bfd_process *);
};
int realtime_events(const struct realtime *); /* readable when there is something to read, or room for orders again */
void realtime_read(struct realtime *, const struct realtime_ops *, void *ctx);
#endif
