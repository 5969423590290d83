/*
 * Allocation that never fails. The design survives the death of any process at any
 * instant, so a process without memory says so and ends; systemd starts it again.
 */
#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
checked(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void *
mem_zalloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *
mem_resize(void *old, size_t size)
{
	return checked(realloc(old, size ? size : 1));
}

void *
mem_copy(const void *from, size_t size)
{
	void *p = mem_zalloc(size);

	if (size)
		memcpy(p, from, size);
	return p;
}

char *
mem_text(const char *from)
{
	return from ? mem_copy(from, strlen(from) + 1) : NULL;
}
