#ifndef BASE_RNG_H
#define BASE_RNG_H
#include <stdint.h>

/* A seeded generator (xoshiro256**): jitter, discriminators, sequence numbers. Not for secrets. */
struct rng {
	uint64_t state[4];
};
void rng_seed(struct rng *, uint64_t seed);
uint64_t rng_next(struct rng *);
uint64_t rng_below(struct rng *, uint64_t limit); /* 0 .. limit-1, without bias; 0 when limit is 0 */
#endif
