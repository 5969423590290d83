/*
 * Reads router.conf. A daemon takes the lines that its own rows match; a line that only other daemons'
 * rows match (see the generated `grammar`) is theirs; a line that nobody's row matches is an error.
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

enum { WORDS_MAX = 64, LINE_MAX_BYTES = 1024, LEVELS_MAX = 8, ERRORS_MAX = 100, FILE_MAX_BYTES = 64 << 20 };

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
};

const char *
view_name(enum view v)
{
	static const char *const names[VIEW_COUNT] = { "none", "exec", "system", "interface", "mpls", "mpls-ldp" };

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

	for (char *w = strtok_r(line, " \t\r", &rest); w; w = strtok_r(NULL, " \t\r", &rest)) {
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

	return !strchr("<[{", *template) && (strncasecmp(template, word, n) != 0 || (template[n] && template[n] != ' '));
}

/* Matches `undo …` and plain lines alike against one template pair. */
static bool
fits(const char *words, const char *undo, char *const *line, size_t count, struct args *into, size_t *far, struct text *expected)
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
		m = template_match(undo ? undo : words, line + 1, count - 1, undo ? MATCH_EXACT : MATCH_SHORT, into, &reached,
		    &here_expected);
	if (into->undo)
		reached++;
	if (m != MATCH_YES && reached >= *far && here_expected.size) {
		if (reached > *far)
			text_clear(expected);
		*far = reached;
		if (!strstr(text_chars(expected), here_expected.chars))
			text_add(expected, "%s%s", expected->size ? " or " : "", here_expected.chars);
	}
	text_free(&here_expected);
	return m == MATCH_YES;
}

/* Tries the line in one view. True when somebody owns it there; then it has been carried out. */
static bool
try_level(struct reader *r, size_t level, char *const *words, size_t count, size_t indent, size_t *far, struct text *expected)
{
	enum view view = r->levels[level].view, enters = VIEW_NONE;
	struct args *args = args_new(r->levels[level].args);
	bool owned = false;

	args->line = r->line;
	for (const struct grammar_row *g = grammar; g->daemon; g++)
		if (g->view == view && fits(g->words, g->undo, words, count, args, far, expected)) {
			owned = true;
			if (g->enters)
				enters = g->enters;
		}
	for (const struct command *c = r->rows; c->words; c++) {
		if (c->view != view || !fits(c->words, c->undo, words, count, args, far, expected))
			continue;
		owned = true;
		if (c->enters)
			enters = c->enters;
		struct conf_error e = here(r);
		if (c->set && c->set(r->candidate, args, &e) != 0 && !e.refused)
			conf_refuse(&e, "the line was refused");
		break;
	}
	if (owned) {
		while (r->depth > level + 1)
			close_level(r);
		if (enters != VIEW_NONE && strcasecmp(words[0], "undo") != 0) {
			/* Other daemons' rows may have matched last: read the parameters again for the view. */
			for (const struct grammar_row *g = grammar; g->daemon; g++)
				if (g->view == view && g->enters == enters && fits(g->words, g->undo, words, count, args, far, expected))
					break;
			open_level(r, enters, args, indent);
			return true;
		}
	}
	args_free(args);
	return owned;
}

static void
explain(struct reader *r, char *const *words, size_t count, size_t far, const struct text *expected)
{
	struct conf_error e = here(r);
	struct text line = { 0 }, like = { 0 };
	const char *nearest = NULL;
	bool undo = strcasecmp(words[0], "undo") == 0 && count > 1;

	for (size_t i = 0; i < count; i++)
		text_add(&line, "%s%s", i ? " " : "", words[i]);
	for (size_t i = r->depth; i > 0 && !nearest; i--)
		nearest = command_nearest(r->levels[i - 1].view, words + undo, count - undo, false, NULL);
	if (nearest) {
		text_add(&like, "; did you mean `%s", undo ? "undo " : "");
		template_describe(nearest, &like);
		text_add(&like, "`?");
	}
	if (far > (undo ? 1 : 0) && far < count)
		conf_refuse(&e, "`%s`: `%s` does not fit here, expected %s%s", text_chars(&line), words[far], text_chars(expected),
		    text_chars(&like));
	else if (far > (undo ? 1 : 0))
		conf_refuse(&e, "`%s` is not complete, expected %s%s", text_chars(&line), text_chars(expected), text_chars(&like));
	else
		conf_refuse(&e, "unknown command `%s` in the %s view%s", text_chars(&line), view_name(r->levels[r->depth - 1].view),
		    text_chars(&like));
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
	while (r->depth > 1 && r->levels[r->depth - 1].indented && indent <= r->levels[r->depth - 1].indent)
		close_level(r);
	for (size_t level = r->depth; level > 0 && !owned; level--)
		owned = try_level(r, level - 1, words, count, indent, &far, &expected);
	if (!owned)
		explain(r, words, count, far, &expected);
	text_free(&expected);
}

static void
read_line(struct reader *r, char *line)
{
	char *words[WORDS_MAX];
	size_t indent = strspn(line, " \t");
	struct conf_error e = here(r);

	if (line[indent] == '#' || line[indent] == '!' || line[indent] == '\0' || line[indent] == '\r') {
		if (line[indent] == '#') /* closes what was opened as far in as it stands */
			while (r->depth > 1 && r->levels[r->depth - 1].indent >= indent)
				close_level(r);
		return;
	}
	for (const unsigned char *c = (const unsigned char *)line; *c; c++)
		if ((*c < ' ' && *c != '\t' && *c != '\r') || *c >= 0x7f) {
			conf_refuse(&e, "a byte of value 0x%02x; the file is plain ASCII text", *c);
			return;
		}
	size_t count = line_split(line, words, WORDS_MAX);
	if (count > WORDS_MAX)
		conf_refuse(&e, "more than %d words", WORDS_MAX);
	else if (count == 1 && strcasecmp(words[0], "return") == 0)
		r->returned = true;
	else if (count == 1 && strcasecmp(words[0], "quit") == 0 && r->depth > 1)
		close_level(r);
	else
		read_command(r, words, count, indent);
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
			conf_refuse(&e, "a zero byte; the file is plain ASCII text");
		} else {
			memcpy(line, text, n);
			line[n] = '\0';
			read_line(r, line);
		}
		text += end ? n + 1 : n;
		size -= end ? n + 1 : n;
		if (r->errors->errors >= ERRORS_MAX) {
			e = here(r);
			conf_refuse(&e, "too many errors; the rest of the file was not read");
			break;
		}
	}
	while (r->depth > 1)
		close_level(r);
	return r->errors->errors ? -1 : 0;
}

int
conf_read_text(const char *name, const char *text, const struct command *rows, void *candidate, struct conf_errors *errors)
{
	struct reader r = { .file = name, .rows = rows, .candidate = candidate, .errors = errors };

	return read_all(&r, text, strlen(text));
}

int
conf_read_file(const char *path, const struct command *rows, void *candidate, struct conf_errors *errors)
{
	struct reader r = { .file = path, .rows = rows, .candidate = candidate, .errors = errors };
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error = 0;
	char *text = NULL;
	size_t size = 0;

	if (fd < 0 || fstat(fd, &st) != 0)
		error = errno;
	else if (!S_ISREG(st.st_mode))
		error = EINVAL;
	else if (st.st_size > FILE_MAX_BYTES)
		error = EFBIG;
	else
		text = mem_zalloc((size_t)st.st_size + 1);
	while (text && size < (size_t)st.st_size) {
		ssize_t n = read(fd, text + size, (size_t)st.st_size - size);
		if (n <= 0) {
			error = n < 0 ? errno : 0;
			break;
		}
		size += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	if (error) {
		errors->errors++;
		text_line(&errors->text, "%s: cannot be read: %s", path, strerror(error));
		free(text);
		return -1;
	}
	int result = read_all(&r, text, size);
	free(text);
	return result;
}
