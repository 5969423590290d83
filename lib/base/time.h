#ifndef BASE_TIME_H
#define BASE_TIME_H
#include <stdint.h>

/* Moments and spans in microseconds. Moments are monotonic, come from the host and are
 * arguments everywhere: pure code never asks for the time. */
typedef uint64_t usec_t;
#define USEC_NEVER UINT64_MAX
#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC UINT64_C(1000000)

static inline usec_t
usec_min(usec_t a, usec_t b)
{
	return a < b ? a : b;
}
#endif
