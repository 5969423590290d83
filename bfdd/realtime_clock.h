#ifndef BFDD_REALTIME_CLOCK_H
#define BFDD_REALTIME_CLOCK_H
#include "base/time.h"

/*
 * When a packet was there, by the monotonic clock, from the kernel's stamp by the real-time clock. `now` and `real` are the
 * two clocks at the moment of reading; at `dry_at` all queues were seen empty. A step of the real-time clock makes nonsense
 * of the stamp's age, so the answer is held between the two moments that are known for sure.
 */
static inline usec_t
received_at(usec_t now, usec_t real, usec_t stamp, usec_t dry_at)
{
	usec_t age = real > stamp ? real - stamp : 0;

	return age < now - dry_at ? now - age : dry_at;
}
#endif
