/*
 * The body of every xxxctl: options, and what is done with the command that was found (ctl_find.c): its
 * tables are shown once or whenever something changes (ctl_tables.c), or the daemon is asked for an operation.
 */
#include "host/ctl.h"
#include "base/mem.h"
#include "host/ctl_internal.h"
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUEST_WAIT (30 * USEC_PER_SEC)

usec_t
ctl_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

int
ctl_complain(const struct ctl *c, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", c->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return CTL_FAILED;
}

/* Until something may have changed. A change that passed unseen while several tables were read is found
 * within a second. */
static int
wait_for_news(struct ctl *c, usec_t wait)
{
	char why[256];

	if (bus_client_wait(c->clients[0], usec_min(wait, USEC_PER_SEC)) != 0 || !c->watch)
		return 0;
	/* Silence: is the owner still there? */
	struct bus_client *probe = bus_client_open(c->run_dir, c->tables[0]->owner, why);
	if (!probe)
		return ctl_complain(c, "%s", why);
	bus_client_close(probe);
	return 0;
}

static int
display(struct ctl *c)
{
	usec_t deadline = ctl_now() + c->timeout;
	uint64_t printed = 0;
	bool begun = false;
	int status, shown = 0;
	char why[256];

	if ((status = ctl_open_tables(c)))
		return status;
	if (c->until.text && !until_fits(&c->until, c->tables[0], why)) {
		ctl_complain(c, "--until %s: %s", c->until.text, why);
		return CTL_USAGE;
	}
	for (;;) {
		if ((status = ctl_read_tables(c)))
			return status;
		bool done = !c->until.text || until_holds(&c->until, &c->sets[0], ctl_now());
		uint64_t state = c->watch ? ctl_state(c) : 0;
		if (c->watch ? !begun || state != printed : done)
			shown = ctl_print(c, stdout);
		begun = true;
		printed = state;
		if (done && (c->until.text || !c->watch))
			return shown;
		usec_t now = ctl_now();
		if (c->until.text && now >= deadline) {
			ctl_complain(c, "`%s` did not hold within %llu s; the last rows were:", c->until.text,
			    (unsigned long long)(c->timeout / USEC_PER_SEC));
			ctl_print_json(c, stderr);
			return CTL_TIMEOUT;
		}
		if ((status = wait_for_news(c, c->until.text ? deadline - now : USEC_NEVER)))
			return status;
	}
}

static int
request(struct ctl *c)
{
	struct bus_answer answer;
	struct text line = { 0 };
	char why[256];

	if (c->watch || c->until.text) {
		ctl_complain(c, "`%s` shows no rows: --watch and --until do not go with it", text_chars(&c->line));
		return CTL_USAGE;
	}
	if (!(c->clients[0] = bus_client_open(c->run_dir, c->daemon, why)))
		return ctl_complain(c, "%s", why);
	/* Written out: nobody but this program knows of abbreviations. */
	args_spell(c->args, &line);
	int r = bus_client_request(
	    c->clients[0], c->command->request, text_chars(&line), line.size, REQUEST_WAIT, &c->arena, &answer, why);
	text_free(&line);
	if (r < 0)
		return ctl_complain(c, "%s", why);
	if (answer.status)
		return ctl_complain(c, "%s", answer.text && *answer.text ? answer.text : strerror(answer.status));
	if (answer.text && *answer.text)
		puts(answer.text);
	return 0;
}

/* A display whose rows are of when they were asked for. */
static int
have_it_look(struct ctl *c)
{
	struct bus_answer answer;
	char why[256];
	struct bus_client *client = bus_client_open(c->run_dir, c->daemon, why);

	if (!client)
		return ctl_complain(c, "%s", why);
	int r = bus_client_request(client, c->command->request, "", 0, REQUEST_WAIT, &c->arena, &answer, why);
	bus_client_close(client);
	if (r < 0)
		return ctl_complain(c, "%s", why);
	return answer.status ? ctl_complain(c, "%s", answer.text ? answer.text : strerror(answer.status)) : 0;
}

static int
carry_out(struct ctl *c)
{
	if (!c->watch && !c->until.text && !c->json)
		return c->command->run(c->args, c->name, c->run_dir);
	ctl_complain(c, "`%s` shows no rows: --json, --watch and --until do not go with it", text_chars(&c->line));
	return CTL_USAGE;
}

/* --- options --- */

static bool
takes_value(const char *option)
{
	size_t n = strlen(option);

	return strcmp(option, "-r") == 0 ||
	       (n > 2 && (strncmp("--until", option, n) == 0 || strncmp("--timeout", option, n) == 0));
}

/*
 * A word may begin with one dash (`ping -vpn-instance A 10.1.1.1`): behind the first word only what this program knows is
 * an option. Returns the arguments with the options in front, `--`, and the words; NULL at the end.
 */
static char **
part_words(struct ctl *c, int argc, char **argv)
{
	char **parted = arena_take(&c->arena, (size_t)(argc + 2) * sizeof *parted);
	char **words = arena_take(&c->arena, (size_t)argc * sizeof *words);
	static char end[] = "--";
	int count = 0, word_count = 0;

	parted[count++] = argv[0];
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];
		bool own = strncmp(a, "--", 2) == 0 || strncmp(a, "-r", 2) == 0 || strcmp(a, "-h") == 0;
		if (strcmp(a, end) == 0) {
			while (++i < argc)
				words[word_count++] = argv[i];
		} else if (*a != '-' || !a[1] || (word_count && !own)) {
			words[word_count++] = argv[i];
		} else {
			parted[count++] = argv[i];
			if (takes_value(a) && i + 1 == argc)
				return argv; /* its value is missing, which is said later */
			if (takes_value(a))
				parted[count++] = argv[++i];
		}
	}
	parted[count++] = end;
	memcpy(parted + count, words, (size_t)word_count * sizeof *words);
	return parted;
}

static void
usage(FILE *to, const char *name)
{
	fprintf(to,
	    "usage: %s [-r RUNDIR] [--json] [--watch] [--until FIELD=VALUE [--timeout SECONDS]] WORDS...\n"
	    "       %s ?            lists the commands\n",
	    name, name);
}

static bool
read_seconds(const char *text, usec_t *ret)
{
	char *end;

	errno = 0;
	unsigned long long s = strtoull(text, &end, 10);
	if (errno || strspn(text, "0123456789") != strlen(text) || end == text || s > 86400 * 365)
		return false;
	*ret = s * USEC_PER_SEC;
	return true;
}

/* Options may stand anywhere; what is left are the words. -1: go on; otherwise the exit status. */
static int
read_options(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
		{ "watch", no_argument, NULL, 'w' }, { "until", required_argument, NULL, 'u' },
		{ "timeout", required_argument, NULL, 't' }, { "help", no_argument, NULL, 'h' }, { 0 } };
	char why[256];
	int o;

	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((o = getopt_long(argc, argv, ":r:h", options, NULL)) != -1)
		switch (o) {
		case 'j': c->json = true; break;
		case 'w': c->watch = true; break;
		case 'r': c->run_dir = optarg; break;
		case 'u':
			if (until_parse(optarg, &c->until, why))
				break;
			ctl_complain(c, "%s", why);
			return CTL_USAGE;
		case 't':
			if (read_seconds(optarg, &c->timeout))
				break;
			ctl_complain(c, "--timeout takes a number of seconds, not `%s`", optarg);
			return CTL_USAGE;
		case 'h': usage(stdout, c->name); return 0;
		case ':':
			ctl_complain(c, "the value of %s is missing", argv[optind - 1]);
			usage(stderr, c->name);
			return CTL_USAGE;
		default:
			ctl_complain(c, "unknown option %s", argv[optind - 1]);
			usage(stderr, c->name);
			return CTL_USAGE;
		}
	return -1;
}

/* Words may also come in one piece: fibctl 'display interface brief'. */
static int
read_words(struct ctl *c, int argc, char **argv, char **words, size_t *ret_count)
{
	size_t count = 0;

	for (int i = optind; i < argc; i++) {
		char *piece = arena_text(&c->args->arena, argv[i]);
		size_t n = line_split(piece, words + count, CTL_WORDS_MAX - count);
		if (n > CTL_WORDS_MAX - count) {
			ctl_complain(c, "more than %d words", CTL_WORDS_MAX);
			return CTL_USAGE;
		}
		for (size_t k = count; k < count + n; k++)
			text_add(&c->line, "%s%s", k ? " " : "", words[k]);
		count += n;
	}
	*ret_count = count;
	if (count)
		return 0;
	usage(stderr, c->name);
	return CTL_USAGE;
}

static int
run(struct ctl *c, int argc, char **argv)
{
	char *words[CTL_WORDS_MAX];
	char **parted = part_words(c, argc, argv);
	size_t count;

	if (parted != argv)
		for (argc = 0; parted[argc];)
			argc++;
	int status = read_options(c, argc, parted);

	if (status >= 0)
		return status;
	if ((status = read_words(c, argc, parted, words, &count)))
		return status;
	if (strcmp(words[count - 1], "?") == 0)
		return ctl_help(c, words, count - 1);
	if ((status = ctl_find(c, words, count)))
		return status;
	if (c->command->run)
		return carry_out(c);
	if (c->command->request && !c->command->tables)
		return request(c);
	if (c->command->request && (status = have_it_look(c)))
		return status;
	return display(c);
}

int
ctl_main_all(int argc, char **argv, const char *name, const struct ctl_rows *all)
{
	const char *run_dir = getenv("PENULT_RUN");
	struct ctl c = {
		.name = name, .all = all, .run_dir = run_dir ? run_dir : "/run/penult", .timeout = 30 * USEC_PER_SEC
	};

	c.args = args_new(NULL);
	arena_init(&c.arena);
	int status = run(&c, argc, argv);
	for (size_t i = 0; i < CTL_TABLES_MAX; i++) {
		for (size_t k = i + 1; k < CTL_TABLES_MAX; k++)
			if (c.clients[k] == c.clients[i])
				c.clients[k] = NULL;
		bus_client_close(c.clients[i]);
	}
	text_free(&c.line);
	args_free(c.args);
	arena_free(&c.arena);
	return status;
}

int
ctl_main(int argc, char **argv, const char *daemon, const struct command *rows)
{
	const struct ctl_rows all[] = { { daemon, rows }, { 0 } };
	char name[32];

	snprintf(name, sizeof name, "%.*sctl", (int)strlen(daemon) - 1, daemon);
	return ctl_main_all(argc, argv, name, all);
}
