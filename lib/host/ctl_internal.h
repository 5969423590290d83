#ifndef HOST_CTL_INTERNAL_H
#define HOST_CTL_INTERNAL_H
#include "host/bus.h"
#include "host/command_internal.h"
#include "host/ctl.h"
#include <stdio.h>

/* What the files ctl_*.c share. Nobody else includes this but their tests. */
enum { CTL_TABLES_MAX = 4, CTL_WORDS_MAX = 64 };
enum { CTL_FAILED = 1, CTL_USAGE = 2, CTL_TIMEOUT = 3 }; /* exit statuses */

/* FIELD=VALUE, FIELD!=VALUE, or the same of the number of rows. */
struct until {
	const char *text; /* as given; NULL: none */
	char field[128];  /* dotted for what is inside a sub-message */
	const char *value;
	bool negated, counts;
	unsigned long count;
};

struct ctl {
	const char *name, *run_dir;
	const struct ctl_rows *all;
	bool json, watch;
	struct until until;
	usec_t timeout; /* of `until` */
	const struct command *command;
	const char *daemon; /* whose it is */
	struct args *args;
	struct text line; /* the command as it was typed, for messages */
	struct bus_client
	    *clients[CTL_TABLES_MAX]; /* one per owner, so the same one may stand here twice; NULL: not there */
	const struct row_schema *tables[CTL_TABLES_MAX];
	size_t table_count;
	struct arena arena; /* of the rows in hand */
	struct row_set sets[CTL_TABLES_MAX];
};

usec_t ctl_now(void);
/* Says it on standard error. Returns CTL_FAILED. */
int ctl_complain(const struct ctl *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Finds the row and its parameters: c->command, c->args. 0, or an exit status when it has complained. */
int ctl_find(struct ctl *, char **words, size_t count);
int ctl_help(struct ctl *, char **words, size_t count); /* the commands that begin like this */

int ctl_open_tables(struct ctl *);
int ctl_read_tables(struct ctl *); /* filtered, in the order of their keys */
void ctl_sort_rows(struct row_set *);
uint64_t ctl_state(const struct ctl *); /* differs when a row does */

int ctl_print(const struct ctl *, FILE *);
void ctl_print_json(const struct ctl *, FILE *);

bool until_parse(const char *text, struct until *ret, char why[256]);
bool until_fits(const struct until *, const struct row_schema *, char why[256]); /* there is such a field */
bool until_holds(const struct until *, const struct row_set *, usec_t now);
#endif
