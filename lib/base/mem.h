#ifndef BASE_MEM_H
#define BASE_MEM_H
#include <stddef.h>

/* Allocation that never fails: out of memory ends the process with one line. Every
 * daemon survives being killed at any instant, so there is nothing better to do. */
void *mem_zalloc(size_t size);            /* zeroed; size 0 gives a valid pointer */
void *mem_resize(void *old, size_t size); /* realloc */
void *mem_copy(const void *from, size_t size);
char *mem_text(const char *from); /* strdup; NULL gives NULL */

#define NEW(type) ((type *)mem_zalloc(sizeof(type)))

/* The object that embeds a link, from the link. */
#define OBJECT(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))
#define CONST_OBJECT(link, type, member) ((const type *)(const void *)((const char *)(link)-offsetof(type, member)))

/* Memory that is needed soon and in no cache yet, fetched while something else is done. Any address will do. */
static inline void
mem_fetch(const void *from, size_t size)
{
	for (size_t i = 0; i < size; i += 64)
		__builtin_prefetch((const char *)from + i);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))
#endif
