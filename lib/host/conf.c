/*
 * Reads router.conf. A daemon takes the lines that its own rows match; a line that only other daemons'
 * rows match (see the generated `grammar`) is theirs; a line that nobody's row matches is an error.
 *
 * An unknown line takes what stands further in below it along: somebody who meant to open a view hears
 * of that line, not of everything in the view.
 */
#include "host/conf.h"
#include "base/mem.h"
#include "host/command_internal.h"
#include "host/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORDS_MAX = 64, LINE_MAX_BYTES = 1024, LEVELS_MAX = 8, ERRORS_MAX = 100 };

struct level {
	enum view view;
	struct args *args; /* of the line that opened it; NULL for the system view */
	size_t indent;     /* of that line */
	bool indented;     /* its body stands further in */
};

struct reader {
	const char *file;
	int line;
	const struct command *rows;
	void *candidate;
	struct conf_errors *errors;
	struct level levels[LEVELS_MAX];
	size_t depth; /* levels in use; the system view is level 0 */
	bool returned;
	bool skipping; /* what stands further in than the last unknown line */
	size_t skip_indent;
};

const char *
view_name(enum view v)
{
	static const char *const names[VIEW_COUNT] = { "none", "exec", "system", "interface", "mpls", "mpls-ldp",
		"remote-peer", "bfd", "bfd-session", "vpn-instance", "vpn-instance-af-ipv4", "vpn-instance-af-ipv6",
		"ospf", "ospf-area", "bgp", "bgp-af-ipv4", "bgp-af-ipv6", "bgp-af-vpnv4", "bgp-af-vpnv6",
		"bgp-af-vpn-target", "bgp-instance-af-ipv4", "bgp-instance-af-ipv6", "route-policy", "mpls-l2vpn",
		"pw-template", "tunnel-policy" };

	return names[v];
}

void
conf_errors_free(struct conf_errors *e)
{
	text_free(&e->text);
}

void
conf_errors_log(const struct conf_errors *e)
{
	for (const char *line = text_chars(&e->text); *line;) {
		int n = (int)strcspn(line, "\n");
		bool warning = memmem(line, (size_t)n, ": warning: ", 11);
		log_line(warning ? LOG_LINE_WARNING : LOG_LINE_ERROR, "%.*s", n, line);
		line += n + (line[n] == '\n');
	}
}

size_t
line_split(char *line, char **words, size_t room)
{
	size_t n = 0;
	char *rest = NULL;

	for (char *w = strtok_r(line, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
		if (n == room)
			return room + 1;
		words[n++] = w;
	}
	return n;
}

static struct conf_error
here(struct reader *r)
{
	return (struct conf_error){ .errors = r->errors, .file = r->file, .line = r->line };
}

static void
close_level(struct reader *r)
{
	args_free(r->levels[--r->depth].args);
}

static void
close_from(struct reader *r, size_t level)
{
	while (r->depth > level)
		close_level(r);
}

static void
open_level(struct reader *r, enum view view, struct args *args, size_t indent)
{
	if (r->depth == LEVELS_MAX) {
		struct conf_error e = here(r);
		conf_refuse(&e, "views nest too deep");
		args_free(args);
		return;
	}
	r->levels[r->depth++] = (struct level){ view, args, indent, false };
}

/* Most templates begin with a word, and most lines with another: no need to look further. */
static bool
begins_otherwise(const char *template, const char *word)
{
	size_t n = strlen(word);

	return !strchr("<[{", *template) &&
	       (strncasecmp(template, word, n) != 0 || (template[n] && template[n] != ' '));
}

/* Matches `undo …` and plain lines alike against one template pair. */
static bool
fits(const char *words, const char *undo, char *const *line, size_t count, struct args *into, size_t *far,
    struct text *expected)
{
	size_t reached = 0;
	struct text here_expected = { 0 };
	enum match_result m;

	into->count = 0;
	into->undo = strcasecmp(line[0], "undo") == 0;
	if (begins_otherwise(into->undo && undo && *undo ? undo : words, line[into->undo && count > 1]))
		return false;
	if (!into->undo)
		m = template_match(words, line, count, MATCH_EXACT, into, &reached, &here_expected);
	else if (count < 2 || (undo && !*undo))
		return false;
	else
		m = template_match(undo ? undo : words, line + 1, count - 1, undo ? MATCH_EXACT : MATCH_SHORT, into,
		    &reached, &here_expected);
	if (into->undo)
		reached++;
	if (m != MATCH_YES && reached >= *far && here_expected.size) {
		if (reached > *far)
			text_clear(expected);
		*far = reached;
		expected_add(expected, text_chars(&here_expected));
	}
	text_free(&here_expected);
	return m == MATCH_YES;
}

/* Tries the line in one view. True when somebody owns it there; then it has been carried out. */
static bool
try_level(
    struct reader *r, size_t level, char *const *words, size_t count, size_t indent, size_t *far, struct text *expected)
{
	enum view view = r->levels[level].view, enters = VIEW_NONE;
	struct args *args = args_new(r->levels[level].args);
	bool owned = false, opens = false;

	args->line = r->line;
	args->view = view;
	for (const struct grammar_row *g = grammar; g->daemon; g++)
		if (g->view == view && fits(g->words, g->undo, words, count, args, far, expected)) {
			owned = true;
			if (g->enters)
				enters = g->enters;
		}
	command_each (c, r->rows) {
		if (c->view != view || !fits(c->words, c->undo, words, count, args, far, expected))
			continue;
		owned = true;
		opens = c->enters != VIEW_NONE;
		if (opens)
			enters = c->enters;
		struct conf_error e = here(r);
		if (c->set && c->set(r->candidate, args, &e) != 0 && !e.refused)
			conf_refuse(&e, "the line was refused");
		break;
	}
	if (owned) {
		close_from(r, level + 1);
		if (enters != VIEW_NONE && strcasecmp(words[0], "undo") != 0) {
			/* The row that matched last need not be the one that opens the view: its parameters count. */
			for (const struct grammar_row *g = grammar; !opens && g->daemon; g++)
				opens = g->view == view && g->enters == enters &&
					fits(g->words, g->undo, words, count, args, far, expected);
			open_level(r, enters, args, indent);
			return true;
		}
	}
	args_free(args);
	return owned;
}

/* The view, not open here, in which somebody would own the line; VIEW_NONE: there is none. */
static enum view
view_of(const struct reader *r, char *const *words, size_t count)
{
	struct args *args = args_new(NULL);
	struct text expected = { 0 };
	enum view found = VIEW_NONE;
	size_t far = 0;

	for (const struct grammar_row *g = grammar; g->daemon && !found; g++) {
		bool open = false;
		for (size_t i = 0; i < r->depth; i++)
			open |= r->levels[i].view == g->view;
		if (!open && fits(g->words, g->undo, words, count, args, &far, &expected))
			found = g->view;
	}
	text_free(&expected);
	args_free(args);
	return found;
}

static void
explain(struct reader *r, char *const *words, size_t count, size_t far, const struct text *expected)
{
	struct conf_error e = here(r);
	struct text line = { 0 }, like = { 0 };
	const char *nearest = NULL;
	bool undo = count > 1 && strcasecmp(words[0], "undo") == 0;

	for (size_t i = 0; i < count; i++)
		text_add(&line, "%s%s", i ? " " : "", words[i]);
	for (size_t i = r->depth; i > 0 && !nearest; i--)
		nearest = command_nearest(r->levels[i - 1].view, words, count, NULL, NULL);
	if (nearest) {
		text_add(&like, "; did you mean `%s", undo ? "undo " : "");
		template_describe(nearest, &like);
		text_add(&like, "`?");
	}
	/* A number out of its range is meant for here, though another view has the same words with a wider one. */
	bool number = far > (undo ? 1 : 0) && far + 1 == count && *text_chars(expected) == '<';
	enum view elsewhere = number ? VIEW_NONE : view_of(r, words, count);
	if (elsewhere)
		conf_refuse(&e, "`%s` is a command of the %s view; here it stands in the %s view", text_chars(&line),
		    view_name(elsewhere), view_name(r->levels[r->depth - 1].view));
	else if (far > (undo ? 1 : 0) && far < count)
		conf_refuse(&e, "`%s`: `%s` does not fit here, expected %s%s", text_chars(&line), words[far],
		    text_chars(expected), text_chars(&like));
	else if (far > (undo ? 1 : 0))
		conf_refuse(&e, "`%s` is not complete, expected %s%s", text_chars(&line), text_chars(expected),
		    text_chars(&like));
	else
		conf_refuse(&e, "unknown command `%s` in the %s view%s", text_chars(&line),
		    view_name(r->levels[r->depth - 1].view), text_chars(&like));
	text_free(&line);
	text_free(&like);
}

static void
read_command(struct reader *r, char *const *words, size_t count, size_t indent)
{
	struct text expected = { 0 };
	size_t far = 0;
	bool owned = false;

	struct level *top = &r->levels[r->depth - 1];
	if (r->depth > 1 && !top->indented && indent > top->indent)
		top->indented = true;
	for (size_t i = 1; i < r->depth; i++)
		if (indent < r->levels[i].indent || (r->levels[i].indented && indent == r->levels[i].indent))
			close_from(r, i);
	for (size_t level = r->depth; level > 0 && !owned; level--)
		owned = try_level(r, level - 1, words, count, indent, &far, &expected);
	if (!owned) {
		explain(r, words, count, far, &expected);
		r->skipping = true;
		r->skip_indent = indent;
	}
	text_free(&expected);
}

/* The first byte that has no place in text: a control character, or what is not UTF-8. NULL: all is well. */
static const unsigned char *
bad_byte(const char *line)
{
	const unsigned char *c = (const unsigned char *)line;

	while (*c) {
		unsigned more = *c < 0x80                 ? 0
				: *c >= 0xc2 && *c < 0xe0 ? 1
				: *c >= 0xe0 && *c < 0xf0 ? 2
				: *c >= 0xf0 && *c < 0xf5 ? 3
							  : 4;
		if (more == 4 || (*c < ' ' && *c != '\t') || *c == 0x7f)
			return c;
		/* Too long forms, surrogates and what lies beyond Unicode show in the second byte. */
		unsigned char low = *c == 0xe0   ? 0xa0
				    : *c == 0xf0 ? 0x90
						 : 0x80,
			      high = *c == 0xed   ? 0x9f
				     : *c == 0xf4 ? 0x8f
						  : 0xbf;
		for (unsigned i = 1; i <= more; i++, low = 0x80, high = 0xbf)
			if (c[i] < low || c[i] > high)
				return c;
		c += more + 1;
	}
	return NULL;
}

/* How far in a line stands, in columns; a tab goes to the next multiple of eight. */
static size_t
indent_of(const char *line, size_t blanks)
{
	size_t column = 0;

	for (size_t i = 0; i < blanks; i++)
		column += line[i] == '\t' ? 8 - column % 8 : 1;
	return column;
}

static void
read_line(struct reader *r, char *line)
{
	char *words[WORDS_MAX];
	size_t blanks = strspn(line, " \t"), indent = indent_of(line, blanks);
	struct conf_error e = here(r);
	const unsigned char *bad;

	if (line[blanks] == '#') /* closes what was opened as far in as it stands */
		while (r->depth > 1 && r->levels[r->depth - 1].indent >= indent)
			close_level(r);
	if (line[blanks] == '#' && indent <= r->skip_indent)
		r->skipping = false;
	if (strchr("#!", line[blanks])) /* a comment, or nothing */
		return;
	if (r->skipping && indent > r->skip_indent)
		return;
	r->skipping = false;
	if ((bad = bad_byte(line))) {
		conf_refuse(&e,
		    *bad < 0x80 ? "a control character (0x%02x) in column %zu"
				: "byte 0x%02x in column %zu is not UTF-8 text",
		    *bad, (size_t)(bad - (const unsigned char *)line) + 1);
		return;
	}
	size_t count = line_split(line, words, WORDS_MAX);
	if (count > WORDS_MAX)
		conf_refuse(&e, "more than %d words", WORDS_MAX);
	else if (count == 1 && strcasecmp(words[0], "return") == 0)
		r->returned = true;
	else if (count == 1 && strcasecmp(words[0], "quit") == 0 && r->depth > 1)
		close_level(r);
	else if (count == 1 && strcasecmp(words[0], "quit") == 0)
		conf_refuse(&e, "`quit` closes a view, and none is open here");
	else
		read_command(r, words, count, indent);
}

/* What stands behind `return` is not read; that may not be what was meant. */
static void
warn_of_rest(struct reader *r, const char *text, size_t size)
{
	struct conf_error e;
	const char *end;

	for (; size; size -= (size_t)(end - text), text = end, r->line++) {
		end = memchr(text, '\n', size);
		end = end ? end + 1 : text + size;
		while (text < end && strchr(" \t\r\n", *text))
			text++, size--;
		if (text == end || *text == '#' || *text == '!')
			continue;
		e = here(r);
		conf_warn(&e, "this line and those below it stand behind `return`: they are not read");
		return;
	}
}

static int
read_all(struct reader *r, const char *text, size_t size)
{
	static const char bom[] = "\xef\xbb\xbf";
	char line[LINE_MAX_BYTES + 1];

	if (size >= 3 && memcmp(text, bom, 3) == 0) {
		text += 3;
		size -= 3;
	}
	r->depth = 1;
	r->levels[0] = (struct level){ .view = VIEW_SYSTEM };
	for (r->line = 1; size && !r->returned; r->line++) {
		const char *end = memchr(text, '\n', size);
		size_t n = end ? (size_t)(end - text) : size;
		struct conf_error e = here(r);
		if (n > LINE_MAX_BYTES) {
			conf_refuse(&e, "a line of %zu bytes; the limit is %d", n, LINE_MAX_BYTES);
		} else if (memchr(text, '\0', n)) {
			conf_refuse(&e, "a zero byte; this is not a text file");
		} else {
			memcpy(line, text, n);
			line[n - (n && text[n - 1] == '\r')] = '\0';
			read_line(r, line);
		}
		text += end ? n + 1 : n;
		size -= end ? n + 1 : n;
		if (r->errors->errors >= ERRORS_MAX && size) {
			conf_refuse(&e, "too many errors; the rest of the file was not read");
			break;
		}
	}
	close_from(r, 1);
	if (r->returned)
		warn_of_rest(r, text, size);
	return r->errors->errors ? -1 : 0;
}

int
conf_read_text(
    const char *name, const char *text, const struct command *rows, void *candidate, struct conf_errors *errors)
{
	return conf_read_bytes(name, text, strlen(text), rows, candidate, errors);
}

int
conf_read_bytes(const char *name, const char *bytes, size_t size, const struct command *rows, void *candidate,
    struct conf_errors *errors)
{
	struct reader r = { .file = name, .rows = rows, .candidate = candidate, .errors = errors };

	return read_all(&r, bytes, size);
}

int
conf_read_file(const char *path, const struct command *rows, void *candidate, struct conf_errors *errors)
{
	struct reader r = { .file = path, .rows = rows, .candidate = candidate, .errors = errors };
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would keep us waiting */
	const char *why = NULL;
	char *text = NULL;
	size_t size = 0;

	if (fd < 0 || fstat(fd, &st) != 0)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = S_ISDIR(st.st_mode) ? "it is a folder" : "it is not a file";
	else if (st.st_size > CONF_MAX_BYTES)
		why = "it is larger than 64 MB";
	else
		text = mem_zalloc((size_t)st.st_size + 1);
	while (text && size < (size_t)st.st_size) {
		ssize_t n = read(fd, text + size, (size_t)st.st_size - size);
		if (n <= 0) {
			why = n < 0 ? strerror(errno) : NULL;
			break;
		}
		size += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	if (why) {
		errors->errors++;
		text_line(&errors->text, "%s: cannot be read: %s", path, why);
		free(text);
		return -1;
	}
	int result = read_all(&r, text, size);
	free(text);
	return result;
}

int
conf_check(const struct conf_kind *kind, const char *name, void *candidate, struct conf_errors *errors)
{
	struct conf_error e = { .errors = errors, .file = name };

	if (kind->check && !errors->errors)
		kind->check(candidate, &e);
	return errors->errors ? -1 : 0;
}
