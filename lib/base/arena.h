#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include <stddef.h>

/* Memory for one job: take as often as you like, give everything back at once.
 * Used for the variable parts of a row while it is packed or unpacked. */
struct arena {
	struct arena_block *blocks; /* newest first */
};

void arena_init(struct arena *);
void *arena_take(struct arena *, size_t size); /* zeroed, aligned for any type; lives until reset or free */
void *arena_copy(struct arena *, const void *from, size_t size);
char *arena_text(struct arena *, const char *from);
void arena_reset(struct arena *); /* everything taken is gone; keeps one block for the next job */
void arena_free(struct arena *);
#endif
