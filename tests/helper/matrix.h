#ifndef HELPER_MATRIX_H
#define HELPER_MATRIX_H
#include "base/text.h"
#include "tests/helper/check.h"
#include <stdio.h>
#include <string.h>

/* A state machine's whole table as text, against the file that was reviewed. PRINT_MATRIX in the environment prints it. */
static inline void
matrix_acts(struct text *out, unsigned acts, const char *const *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (acts & 1u << i)
			text_add(out, " %s", names[i]);
	text_line(out, "%s", "");
}

static inline void
matrix_compare(const struct text *now, const char *path)
{
	char was[65536] = "";
	FILE *f = fopen(path, "r");
	size_t line = 1;

	if (getenv("PRINT_MATRIX"))
		fputs(now->chars, stdout);
	ck_assert_msg(f != NULL, "%s: run from the top folder", path);
	was[fread(was, 1, sizeof was - 1, f)] = 0;
	fclose(f);
	for (size_t i = 0; i < now->size && was[i] == now->chars[i]; i++)
		line += now->chars[i] == '\n';
	ck_assert_msg(strcmp(was, now->chars) == 0, "the table differs from %s at line %zu", path, line);
}
#endif
