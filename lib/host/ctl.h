#ifndef HOST_CTL_H
#define HOST_CTL_H
#include "host/command.h"

/*
 * The body of every xxxctl:  fibctl [-r RUNDIR] [--json] [--watch] [--until FIELD=VALUE [--timeout S]] WORDS…
 *
 * `display` and `show` are the same word unless a row spells one of them out and it matches as written.
 * Words may be abbreviated when that is unambiguous. `?` as the last word lists the commands that begin like that.
 * --json    rows instead of text: an array of the rows of the command's (first) table
 * --watch   prints again whenever a row changes, until interrupted (with --json one line per state)
 * --until   waits until a row (after the command's filter) has that field at that value, as --json prints it; exit status 3
 *           and the last rows on standard error after --timeout (default 30 s). FIELD!=VALUE: there are rows and none has it.
 *           A.B reaches into sub-messages; of a repeated field one item is enough. `rows=N` counts rows.
 * Errors go to standard error as "fibctl: …" with exit status 2 (usage) or 1.
 */
int ctl_main(int argc, char **argv, const char *daemon, const struct command *rows);
/* The same over the rows of several daemons; `name` is the program's. The last one's `daemon` is NULL. */
struct ctl_rows {
	const char *daemon;
	const struct command *rows;
};
int ctl_main_all(int argc, char **argv, const char *name, const struct ctl_rows *);
#endif
