/*
 * The body of every xxxctl: finds the command, reads the tables it names, filters, sorts, and prints
 * text or JSON, once or whenever something changes.
 */
#include "host/ctl.h"
#include "base/mem.h"
#include "host/bus.h"
#include "host/command_internal.h"
#include "host/json.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { TABLES_MAX = 4, WORDS_MAX = 64 };
#define ANSWER_WAIT (5 * USEC_PER_SEC)
#define REQUEST_WAIT (30 * USEC_PER_SEC)

struct ctl {
	const char *name, *daemon, *run_dir;
	const struct command *rows;
	bool json, watch;
	const char *until; /* FIELD=VALUE or FIELD!=VALUE or rows=N */
	usec_t timeout;
	const struct command *command;
	struct args *args;
	char line[1024]; /* the command's words, for requests */
	struct bus_client *clients[TABLES_MAX];
	const struct row_schema *tables[TABLES_MAX];
	size_t table_count;
	struct arena arena;
	struct row_set sets[TABLES_MAX];
};

static usec_t
clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

static int __attribute__((format(printf, 2, 3)))
complain(const struct ctl *c, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", c->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return 1;
}

/* --- finding the command --- */

/* `display` and `show` are one word, unless a row spells the other one out. */
static const char *
other_word(const char *word)
{
	return strcasecmp(word, "display") == 0 ? "show" : strcasecmp(word, "show") == 0 ? "display" : NULL;
}

/* How many of the words are written out: `ip` is meant where `ipv6` would do as well. */
static unsigned
words_in_full(const struct args *a, char **words, size_t count)
{
	unsigned n = 0;

	for (size_t i = 0; i < count; i++)
		n += arg_given(a, words[i]);
	return n;
}

static unsigned
find_matches(struct ctl *c, char **words, size_t count, enum match_mode mode, const struct command **ret, struct text *expected,
    size_t *far)
{
	unsigned found = 0, best = 0;

	for (const struct command *row = c->rows; row->words; row++) {
		struct text wanted = { 0 };
		size_t reached = 0;
		if (row->view != VIEW_EXEC)
			continue;
		c->args->count = 0;
		if (template_match(row->words, words, count, mode, c->args, &reached, &wanted) == MATCH_YES) {
			unsigned full = words_in_full(c->args, words, count);
			if (full > best)
				found = 0;
			if (full >= best) {
				best = full;
				*ret = row;
				found++;
			}
		} else if (reached >= *far && reached > 0 && wanted.size) {
			if (reached > *far)
				text_clear(expected);
			*far = reached;
			if (!strstr(text_chars(expected), wanted.chars))
				text_add(expected, "%s%s", expected->size ? " or " : "", wanted.chars);
		}
		text_free(&wanted);
	}
	return found;
}

static bool
find_command(struct ctl *c, char **words, size_t count)
{
	struct text expected = { 0 };
	size_t far = 0;
	unsigned found = 0;
	char *own = words[0];
	const char *other = other_word(own);

	for (int attempt = 0; attempt < 4 && !found; attempt++) {
		bool swap = attempt & 1;
		if (swap && !other)
			continue;
		words[0] = swap ? (char *)(uintptr_t)other : own;
		found = find_matches(c, words, count, attempt < 2 ? MATCH_EXACT : MATCH_ABBREVIATED, &c->command, &expected, &far);
		if (found == 1) { /* once more: the parameters of the row that matched */
			c->args->count = 0;
			template_match(c->command->words, words, count, attempt < 2 ? MATCH_EXACT : MATCH_ABBREVIATED, c->args, NULL, NULL);
		}
	}
	words[0] = own;
	if (found > 1)
		complain(c, "`%s` is ambiguous; write the words out", c->line);
	if (found == 0) {
		const char *nearest = command_nearest(VIEW_EXEC, words, count, true, c->rows);
		struct text like = { 0 };
		if (nearest)
			template_describe(nearest, &like);
		if (far && far < count)
			complain(c, "`%s`: `%s` does not fit here, expected %s", c->line, words[far], text_chars(&expected));
		else if (far)
			complain(c, "`%s` is not complete, expected %s", c->line, text_chars(&expected));
		else
			complain(c, "unknown command `%s`%s%s%s", c->line, nearest ? "; did you mean `" : "", text_chars(&like),
			    nearest ? "`?" : "; `?` lists them");
		text_free(&like);
	}
	text_free(&expected);
	return found == 1;
}

static int
print_help(struct ctl *c, char **words, size_t count)
{
	struct text out = { 0 };
	struct text_table *t = text_table_new(2);

	for (const struct command *row = c->rows; row->words; row++) {
		size_t far = 0;
		if (row->view != VIEW_EXEC)
			continue;
		c->args->count = 0;
		if (count && template_match(row->words, words, count, MATCH_ABBREVIATED, c->args, &far, NULL) == MATCH_NO)
			continue;
		struct text form = { 0 };
		template_describe(row->words, &form);
		text_cell(t, "%s", text_chars(&form));
		text_cell(t, "%s", row->help);
		text_free(&form);
	}
	text_table_print(t, "  ", &out);
	fputs(text_chars(&out), stdout);
	text_table_free(t);
	text_free(&out);
	return 0;
}

/* --- reading tables --- */

static int
open_tables(struct ctl *c)
{
	char names[256], *rest = NULL, why[256];

	snprintf(names, sizeof names, "%s", c->command->tables);
	for (char *name = strtok_r(names, " ", &rest); name && c->table_count < TABLES_MAX; name = strtok_r(NULL, " ", &rest)) {
		const struct row_schema *schema = schema_find(name);
		if (!schema)
			return complain(c, "no table %s", name);
		struct bus_client *client = NULL;
		for (size_t i = 0; i < c->table_count && !client; i++)
			if (strcmp(c->tables[i]->owner, schema->owner) == 0)
				client = c->clients[i];
		if (!client && !(client = bus_client_open(c->run_dir, schema->owner, why))) {
			/* What the command is about must be there; what only adds names may be missing. */
			if (c->table_count == 0)
				return complain(c, "%s", why);
		}
		c->clients[c->table_count] = client;
		c->tables[c->table_count++] = schema;
	}
	return 0;
}

static int
compare_bytes(enum field_format format, const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
	struct prefix p, q;

	if (format == FORMAT_PREFIX && prefix_from_bytes(a->data, a->len, &p) && prefix_from_bytes(b->data, b->len, &q))
		return prefix_cmp(&p, &q);
	size_t n = a->len < b->len ? a->len : b->len;
	int order = n ? memcmp(a->data, b->data, n) : 0;
	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int
compare_rows(const void *x, const void *y, void *ctx)
{
	const struct row_schema *s = ctx;
	const uint8_t *a = *(const uint8_t *const *)x, *b = *(const uint8_t *const *)y;

	for (unsigned i = 0; i < s->message->n_fields; i++) {
		const ProtobufCFieldDescriptor *d = &s->message->fields[i];
		const void *p = a + d->offset, *q = b + d->offset;
		int order = 0;
		if (!s->fields[i].key)
			continue;
		if (d->type == PROTOBUF_C_TYPE_BYTES)
			order = compare_bytes(s->fields[i].format, p, q);
		else if (d->type == PROTOBUF_C_TYPE_STRING)
			order = strcmp(*(char *const *)p, *(char *const *)q);
		else
			order = (*(const uint32_t *)p > *(const uint32_t *)q) - (*(const uint32_t *)p < *(const uint32_t *)q);
		if (order)
			return order;
	}
	return 0;
}

static int
read_tables(struct ctl *c)
{
	arena_reset(&c->arena);
	for (size_t i = 0; i < c->table_count; i++) {
		struct row_set *set = &c->sets[i];
		char why[256];
		*set = (struct row_set){ .schema = c->tables[i] };
		if (!c->clients[i])
			continue;
		int r = bus_client_rows(c->clients[i], c->tables[i], ANSWER_WAIT, &c->arena, &set->rows, &set->count, &set->complete, why);
		if (r < 0)
			return complain(c, "%s", why);
		if (i == 0 && c->command->keep) {
			size_t kept = 0;
			for (size_t k = 0; k < set->count; k++)
				if (c->command->keep(set->rows[k], c->args))
					set->rows[kept++] = set->rows[k];
			set->count = kept;
		}
		if (set->count)
			qsort_r(set->rows, set->count, sizeof *set->rows, compare_rows, (void *)(uintptr_t)set->schema);
	}
	return 0;
}

/* --- printing --- */

static json_object *
json_of_set(const struct row_set *set, usec_t now)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < set->count; i++)
		json_object_array_add(array, json_of_row(set->schema, set->rows[i], now));
	return array;
}

/* JSON has the rows of the command's own table; the others only lend names to the text. */
static void
print_json(const struct ctl *c, FILE *to)
{
	json_object *o = json_of_set(&c->sets[0], clock_now());
	int flags = c->watch ? JSON_C_TO_STRING_PLAIN : JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;

	fprintf(to, "%s\n", json_object_to_json_string_ext(o, flags | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	fflush(to);
}

static int
print_text(const struct ctl *c, FILE *to)
{
	struct text out = { 0 };
	const struct show show = {
		.tables = c->sets, .table_count = c->table_count, .args = c->args, .now_us = clock_now(), .out = &out
	};

	int status = c->command->show(&show);
	if (!c->sets[0].complete)
		text_line(&out, "(%s is still recovering: more may follow)", c->sets[0].schema->owner);
	if (c->watch && isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", to);
	fputs(text_chars(&out), status ? stderr : to);
	fflush(to);
	text_free(&out);
	return status;
}

static int
print(const struct ctl *c, FILE *to)
{
	if (c->json) {
		print_json(c, to);
		return 0;
	}
	return print_text(c, to);
}

/* --- waiting --- */

/* Whether a field, by a dotted name, has this text as its JSON value. */
static bool
field_is(json_object *row, const char *field, size_t size, const char *value)
{
	char name[128];
	json_object *o = row;
	char *rest = NULL;

	snprintf(name, sizeof name, "%.*s", (int)size, field);
	for (char *part = strtok_r(name, ".", &rest); part; part = strtok_r(NULL, ".", &rest))
		if (!json_object_object_get_ex(o, part, &o))
			return false;
	return strcasecmp(o ? json_object_get_string(o) : "null", value) == 0;
}

static bool
until_holds(const struct ctl *c)
{
	const char *equals = strchr(c->until, '=');
	bool negated = equals > c->until && equals[-1] == '!', found = false;
	size_t size = (size_t)(equals - c->until) - negated;

	if (size == 4 && strncmp(c->until, "rows", 4) == 0)
		return (c->sets[0].count == strtoul(equals + 1, NULL, 10)) != negated;
	json_object *all = json_of_set(&c->sets[0], clock_now());
	for (size_t i = 0; i < c->sets[0].count && !found; i++)
		found = field_is(json_object_array_get_idx(all, i), c->until, size, equals + 1);
	json_object_put(all);
	return negated ? c->sets[0].count && !found : found;
}

static int
display(struct ctl *c)
{
	usec_t deadline = clock_now() + c->timeout;
	int status;

	if ((status = open_tables(c)))
		return status;
	for (;;) {
		if ((status = read_tables(c)))
			return status;
		bool done = !c->until || until_holds(c);
		if (c->watch || done)
			status = print(c, stdout);
		if (done && !c->watch)
			return status;
		if (done && c->until)
			return status;
		usec_t now = clock_now();
		if (c->until && now >= deadline) {
			complain(c, "`%s` did not hold within %llu s; the last rows were:", c->until,
			    (unsigned long long)(c->timeout / USEC_PER_SEC));
			print_json(c, stderr);
			return 3;
		}
		usec_t wait = c->until ? deadline - now : USEC_PER_SEC * 3600;
		if (bus_client_wait(c->clients[0], usec_min(wait, USEC_PER_SEC)) == 0 && c->watch) {
			char why[256]; /* silence: is the owner still there? */
			struct bus_client *probe = bus_client_open(c->run_dir, c->tables[0]->owner, why);
			if (!probe)
				return complain(c, "%s", why);
			bus_client_close(probe);
			continue;
		}
	}
}

static int
request(struct ctl *c)
{
	struct bus_answer answer;
	char why[256];
	struct bus_client *client = bus_client_open(c->run_dir, c->daemon, why);

	if (!client)
		return complain(c, "%s", why);
	c->clients[0] = client;
	int r = bus_client_request(client, c->command->request, c->line, strlen(c->line), REQUEST_WAIT, &c->arena, &answer, why);
	if (r < 0)
		return complain(c, "%s", why);
	if (answer.status)
		return complain(c, "%s", answer.text && *answer.text ? answer.text : strerror(answer.status));
	if (answer.text && *answer.text)
		puts(answer.text);
	return 0;
}

/* --- options --- */

static void
usage(FILE *to, const char *name)
{
	fprintf(to,
	    "usage: %s [-r RUNDIR] [--json] [--watch] [--until FIELD=VALUE [--timeout S]] WORDS...\n"
	    "       %s ?            lists the commands\n",
	    name, name);
}

/* Options may stand anywhere; what is left are the words. -1: bad usage. */
static int
read_options(struct ctl *c, int argc, char **argv, char **words)
{
	int count = 0;

	for (int i = 1; i < argc; i++) {
		const char *a = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
		if (strcmp(a, "--json") == 0) {
			c->json = true;
		} else if (strcmp(a, "--watch") == 0) {
			c->watch = true;
		} else if (strcmp(a, "-h") == 0 || strcmp(a, "--help") == 0) {
			usage(stdout, c->name);
			exit(0);
		} else if ((strcmp(a, "-r") == 0 || strcmp(a, "--until") == 0 || strcmp(a, "--timeout") == 0) && value) {
			i++;
			if (a[1] == 'r')
				c->run_dir = value;
			else if (strcmp(a, "--until") == 0)
				c->until = value;
			else
				c->timeout = strtoull(value, NULL, 10) * USEC_PER_SEC;
		} else if (a[0] == '-' && a[1]) {
			complain(c, "unknown option %s%s", a, value ? "" : ", or its value is missing");
			return -1;
		} else if (count < WORDS_MAX) {
			words[count++] = argv[i];
		}
	}
	if (c->until && (!strchr(c->until, '=') || c->until[0] == '=')) {
		complain(c, "--until takes FIELD=VALUE, not `%s`", c->until);
		return -1;
	}
	return count;
}

static int
run(struct ctl *c, int argc, char **argv)
{
	char *words[WORDS_MAX];
	int count = read_options(c, argc, argv, words);

	if (count < 1) {
		usage(stderr, c->name);
		return 2;
	}
	for (int i = 0; i < count; i++) {
		size_t at = strlen(c->line);
		snprintf(c->line + at, sizeof c->line - at, "%s%s", i ? " " : "", words[i]);
	}
	if (strcmp(words[count - 1], "?") == 0)
		return print_help(c, words, (size_t)count - 1);
	if (!find_command(c, words, (size_t)count))
		return 2;
	return c->command->request ? request(c) : display(c);
}

int
ctl_main(int argc, char **argv, const char *daemon, const struct command *rows)
{
	char name[32];
	const char *run_dir = getenv("PENULT_RUN");
	struct ctl c = { .daemon = daemon, .rows = rows, .run_dir = run_dir ? run_dir : "/run/penult", .timeout = 30 * USEC_PER_SEC };

	snprintf(name, sizeof name, "%.*sctl", (int)strlen(daemon) - 1, daemon);
	c.name = name;
	c.args = args_new(NULL);
	arena_init(&c.arena);
	int status = run(&c, argc, argv);
	for (size_t i = 0; i < TABLES_MAX; i++) {
		for (size_t k = i + 1; k < TABLES_MAX; k++)
			if (c.clients[k] == c.clients[i])
				c.clients[k] = NULL;
		bus_client_close(c.clients[i]);
	}
	args_free(c.args);
	arena_free(&c.arena);
	return status;
}
