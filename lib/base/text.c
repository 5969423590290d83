/* A growing string, and columns for displays. */
#include "base/text.h"
#include "base/mem.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
text_free(struct text *t)
{
	free(t->chars);
	*t = (struct text){ 0 };
}

void
text_clear(struct text *t)
{
	t->size = 0;
	if (t->chars)
		t->chars[0] = '\0';
}

const char *
text_chars(const struct text *t)
{
	return t->chars ? t->chars : "";
}

static void
reserve(struct text *t, size_t more)
{
	if (t->room - t->size > more)
		return;
	t->room = (t->size + more + 1) * 2;
	t->chars = mem_resize(t->chars, t->room);
}

void
text_vadd(struct text *t, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	reserve(t, 80);
	int n = vsnprintf(t->chars + t->size, t->room - t->size, format, args);
	assert(n >= 0);
	if ((size_t)n >= t->room - t->size) {
		reserve(t, (size_t)n);
		vsnprintf(t->chars + t->size, t->room - t->size, format, again);
	}
	t->size += (size_t)n;
	va_end(again);
}

void
text_add(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_vadd(t, format, args);
	va_end(args);
}

void
text_line(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_vadd(t, format, args);
	va_end(args);
	text_add(t, "\n");
}

struct text_table {
	unsigned columns, gap;
	unsigned *width;
	uint8_t *right;
	char **cells;
	size_t count, room;
};

struct text_table *
text_table_new(unsigned columns)
{
	struct text_table *t = NEW(struct text_table);

	t->columns = columns;
	t->gap = 2;
	t->width = mem_zalloc(columns * sizeof *t->width);
	t->right = mem_zalloc(columns);
	return t;
}

void
text_table_free(struct text_table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t->width);
	free(t->right);
	free(t);
}

void
text_table_right(struct text_table *t, unsigned column)
{
	t->right[column] = 1;
}

void
text_table_gap(struct text_table *t, unsigned spaces)
{
	t->gap = spaces;
}

void
text_cell(struct text_table *t, const char *format, ...)
{
	struct text cell = { 0 };
	va_list args;

	va_start(args, format);
	text_vadd(&cell, format, args);
	va_end(args);
	if (t->count == t->room) {
		t->room = t->room ? t->room * 2 : 64;
		t->cells = mem_resize(t->cells, t->room * sizeof *t->cells);
	}
	unsigned column = (unsigned)(t->count % t->columns);
	if (cell.size > t->width[column])
		t->width[column] = (unsigned)cell.size;
	t->cells[t->count++] = cell.chars;
}

void
text_table_print(const struct text_table *t, const char *indent, struct text *out)
{
	for (size_t i = 0; i < t->count; i++) {
		unsigned column = (unsigned)(i % t->columns);
		int width = (int)t->width[column];
		if (column == 0)
			text_add(out, "%s", indent);
		text_add(out, t->right[column] ? "%*s" : "%-*s", width, t->cells[i]);
		bool last = column + 1 == t->columns || i + 1 == t->count;
		if (!last) {
			text_add(out, "%*s", (int)t->gap, "");
			continue;
		}
		while (out->size && out->chars[out->size - 1] == ' ')
			out->chars[--out->size] = '\0';
		text_add(out, "\n");
	}
}

const char *
text_age_ddddhhmm(uint64_t s, char out[16])
{
	uint64_t days = s / 86400;

	snprintf(out, 16, "%04u:%02u:%02u", (unsigned)(days > 9999 ? 9999 : days), (unsigned)(s / 3600 % 24),
	    (unsigned)(s / 60 % 60));
	return out;
}

const char *
text_age_hhmmss(uint64_t s, char out[16])
{
	uint64_t hours = s / 3600;

	snprintf(out, 16, "%02u:%02u:%02u", (unsigned)(hours > 99999 ? 99999 : hours), (unsigned)(s / 60 % 60),
	    (unsigned)(s % 60));
	return out;
}
