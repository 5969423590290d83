#ifndef HOST_CONF_H
#define HOST_CONF_H
#include "host/command.h"

/*
 * Reads router.conf. Each daemon reads the whole file and takes the lines that its rows match into a
 * fresh candidate; a line that matches no daemon's row is an error. All errors are collected; with any
 * of them the candidate is worthless and nothing that runs is touched.
 *
 * Views nest by what opens them (`interface X`, `mpls`, …). A line is looked for in the innermost view,
 * then in the enclosing ones, up to the system view. `#` and a line indented no deeper than the one that
 * opened an indented view close it; `return` ends the file's commands; `quit` closes one view. A line that
 * begins with `!` is a comment. The file is UTF-8 text, with or without a byte order mark and carriage returns.
 */
/* What a daemon reads it into. */
struct conf_kind {
	const struct command *rows;
	void *(*fresh)(void);     /* a configuration with all defaults */
	void (*drop)(void *conf); /* frees one, NULL allowed */
	/* What only the whole can be wrong in: says it with conf_refuse() and conf_warn(). NULL: nothing. */
	void (*check)(void *conf, struct conf_error *);
};
enum { CONF_MAX_BYTES = 64 << 20 }; /* a larger file is refused */

struct conf_error;
struct conf_errors {
	struct text text; /* "FILE:LINE: what is wrong (did you mean …?)" lines, ready to print */
	unsigned errors, warnings;
};
void conf_errors_free(struct conf_errors *);
void conf_errors_log(const struct conf_errors *); /* each line; errors as errors, warnings as warnings */

/* 0, or -1 with at least one error. A file that cannot be read is an error too. */
int conf_read_file(const char *path, const struct command *rows, void *candidate, struct conf_errors *);
/* The same from memory; `name` stands for the file in messages. */
int conf_read_bytes(const char *name, const char *bytes, size_t size, const struct command *rows, void *candidate,
    struct conf_errors *);
int conf_read_text(
    const char *name, const char *text, const struct command *rows, void *candidate, struct conf_errors *);
/* Of a candidate that was read without an error: the check of the whole. 0, or -1 with at least one error. */
int conf_check(const struct conf_kind *, const char *name, void *candidate, struct conf_errors *);
#endif
