#ifndef BASE_TEXT_H
#define BASE_TEXT_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing string. Zero-initialised is empty and valid; `chars` is NULL until something was added. */
struct text {
	char *chars;
	size_t size, room;
};
void text_free(struct text *);
void text_clear(struct text *);
const char *text_chars(const struct text *); /* never NULL */
void text_add(struct text *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vadd(struct text *, const char *format, va_list) __attribute__((format(printf, 2, 0)));
void text_line(struct text *, const char *format, ...) __attribute__((format(printf, 2, 3))); /* and a newline */

/* Aligned columns: add cells row by row; printing finds the widths. Cells never run into each other. */
struct text_table;
struct text_table *text_table_new(unsigned columns);
void text_table_free(struct text_table *);
void text_table_right(struct text_table *, unsigned column); /* align to the right */
void text_table_gap(struct text_table *, unsigned spaces);   /* between columns, default 2 */
void text_cell(struct text_table *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_table_print(const struct text_table *, const char *indent, struct text *out); /* no trailing blanks */

/* "DDDD:HH:MM" as reference 002 prints session ages; "HH:MM:SS" as reference 001 prints up times. */
const char *text_age_ddddhhmm(uint64_t seconds, char out[16]);
const char *text_age_hhmmss(uint64_t seconds, char out[16]);
#endif
