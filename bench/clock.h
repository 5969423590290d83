#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H
#include <time.h>

/* The clock that all programs of a benchmark share: seconds since the machine's start. */
static inline double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
#endif
