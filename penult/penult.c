/*
 * penult: one program over all daemons.
 *
 *   penult check FILE                       asks every daemon whether it would take the file
 *   penult load FILE                        has every daemon take it, if all would
 *   penult display current-configuration    prints what runs, in the form in which it can be loaded
 *   penult WORDS...                         whatever fibctl, ldpctl, … know: display, show, reset
 */
#include "penult/penult.h"
#include "base/mem.h"
#include "host/ctl.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("penult: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return FAILED;
}

static int
usage(FILE *to)
{
	fputs("usage: penult [-r RUNDIR] check FILE                      would the daemons take this configuration?\n"
	      "       penult [-r RUNDIR] load FILE                       has them take it, all or none\n"
	      "       penult [-r RUNDIR] display current-configuration   prints the one that runs\n"
	      "       penult [-r RUNDIR] [--json] [--watch] [--until FIELD=VALUE [--timeout SECONDS]] WORDS...\n"
	      "       penult ?                                           lists what WORDS may be\n"
	      "  -r RUNDIR       where the daemons' sockets are (default /run/penult, or $PENULT_RUN)\n"
	      "  -c ROUTER.CONF  only to be sure: refuse when the daemons read another file\n",
	    to);
	return to == stdout ? OK : USAGE;
}

/* Short for a word of ours: at least three letters. */
static bool
is(const char *word, const char *whole)
{
	size_t n = strlen(word);

	return n >= 3 && strncasecmp(word, whole, n) == 0;
}

struct said { /* on the command line */
	const char *run_dir, *config_path;
	bool help, wrong;
	bool more; /* options that only the displays have */
	char **words;
	int count;
};

/* Looks through the options up to the first word; the displays read all of them for themselves. */
static struct said
read_options(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'm' },
		{ "watch", no_argument, NULL, 'm' }, { "until", required_argument, NULL, 'm' },
		{ "timeout", required_argument, NULL, 'm' }, { "help", no_argument, NULL, 'h' }, { 0 } };
	const char *run_dir = getenv("PENULT_RUN");
	struct said s = { .run_dir = run_dir ? run_dir : "/run/penult" };
	int o;

	opterr = 0;
	while ((o = getopt_long(argc, argv, "+r:c:h", options, NULL)) != -1)
		switch (o) {
		case 'r': s.run_dir = optarg; break;
		case 'c': s.config_path = optarg; break;
		case 'h': s.help = true; break;
		case 'm': s.more = true; break;
		default: s.wrong = true;
		}
	s.words = argv + optind;
	s.count = argc - optind;
	return s;
}

/* The words are a daemon's, and so are the options but -c. */
static int
run_ctl(int argc, char **argv, const struct said *s)
{
	struct ctl_rows rows[DAEMONS + 1] = { 0 };
	char **kept = mem_zalloc((size_t)(argc + 1) * sizeof *kept);
	int count = 0;

	for (size_t i = 0; i < DAEMONS; i++)
		rows[i] = (struct ctl_rows){ daemons[i].name, daemons[i].conf->rows };
	for (int i = 0; i < argc; i++) {
		if (argv + i < s->words && strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			i++;
		else
			kept[count++] = argv[i];
	}
	int status = ctl_main_all(count, kept, "penult", rows);
	free(kept);
	return status;
}

int
main(int argc, char **argv)
{
	struct said s = read_options(argc, argv);
	char **w = s.words;

	if (s.help)
		return usage(stdout);
	if (!s.count && !s.wrong)
		return usage(stderr);
	bool own = s.count == 2 && !s.more && !s.wrong;
	if (s.count && (strcmp(w[0], "check") == 0 || strcmp(w[0], "load") == 0))
		return own ? load(s.run_dir, s.config_path, w[1], strcmp(w[0], "load") == 0) : usage(stderr);
	if (own && (is(w[0], "display") || is(w[0], "show")) && is(w[1], "current-configuration"))
		return display_configuration(s.run_dir);
	return run_ctl(argc, argv, &s);
}
