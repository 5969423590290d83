/*
 * From the words of a command line to the row that is meant. Words may be abbreviated while that is
 * unambiguous; a word that is written out is meant where a longer one would do as well (`ip` and `ipv6`).
 */
#include "host/ctl_internal.h"
#include <string.h>
#include <strings.h>

/* `display` and `show` are one word, also when abbreviated. NULL for any other. */
static const char *
other_word(const char *word)
{
	size_t n = strlen(word);

	if (!n)
		return NULL;
	return strncasecmp("display", word, n) == 0 ? "show" : strncasecmp("show", word, n) == 0 ? "display" : NULL;
}

/* How many of the template's words are written out. */
static unsigned
words_in_full(const struct args *a, char *const *words, size_t count)
{
	unsigned full = 0;

	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < count && !a->list[i].type; k++)
			if (strcasecmp(a->list[i].text, words[k]) == 0) {
				full++;
				break;
			}
	return full;
}

enum { NAMED_MAX = 4 };

struct search {
	const struct command *found[NAMED_MAX]; /* the best, in the order of the rows; not all when there are more */
	const char *daemon;                     /* of the first of them */
	size_t count;
	unsigned full;
	size_t far; /* how many words fitted at most, and what was expected there */
	struct text expected;
};

static void
search_rows(
    struct ctl *c, const struct ctl_rows *of, char *const *words, size_t count, enum match_mode mode, struct search *s)
{
	command_each (row, of->rows) {
		struct text wanted = { 0 };
		size_t reached = 0;
		if (row->view != VIEW_EXEC)
			continue;
		args_cut(c->args, 0);
		if (template_match(row->words, words, count, mode, c->args, &reached, &wanted) == MATCH_YES) {
			unsigned full = words_in_full(c->args, words, count);
			if (full > s->full)
				s->count = 0;
			if (!s->count || full == s->full) {
				s->full = full;
				if (!s->count)
					s->daemon = of->daemon;
				if (s->count < NAMED_MAX)
					s->found[s->count] = row;
				s->count++;
			}
		} else if (reached >= s->far && reached > 0 && wanted.size) {
			if (reached > s->far)
				text_clear(&s->expected);
			s->far = reached;
			expected_add(&s->expected, text_chars(&wanted));
		}
		text_free(&wanted);
	}
}

static void
complain_of_many(const struct ctl *c, const struct search *s)
{
	struct text forms = { 0 };

	for (size_t i = 0; i < s->count && i < NAMED_MAX; i++) {
		text_add(&forms, "%s`", i ? ", or " : "");
		template_describe(s->found[i]->words, &forms);
		text_add(&forms, "`");
	}
	ctl_complain(c, "`%s` is ambiguous: it may be %s%s", text_chars(&c->line), text_chars(&forms),
	    s->count > NAMED_MAX ? ", or others" : "");
	text_free(&forms);
}

static void
complain_of_none(const struct ctl *c, char *const *words, size_t count, const struct search *s)
{
	const char *line = text_chars(&c->line);
	const char *nearest = NULL;
	struct text like = { 0 };
	unsigned apart = UINT32_MAX;

	for (const struct ctl_rows *of = c->all; of->daemon; of++) {
		unsigned d = apart;
		const char *other = command_nearest(VIEW_EXEC, words, count, of->rows, &d);
		if (other && d < apart) {
			apart = d;
			nearest = other;
		}
	}
	if (nearest)
		template_describe(nearest, &like);
	if (s->far && s->far < count)
		ctl_complain(
		    c, "`%s`: `%s` does not fit here, expected %s", line, words[s->far], text_chars(&s->expected));
	else if (s->far)
		ctl_complain(c, "`%s` is not complete, expected %s", line, text_chars(&s->expected));
	else if (nearest)
		ctl_complain(c, "unknown command `%s`; did you mean `%s`?", line, text_chars(&like));
	else
		ctl_complain(c, "unknown command `%s`; `%s ?` lists them", line, c->name);
	text_free(&like);
}

int
ctl_find(struct ctl *c, char **words, size_t count)
{
	struct search s = { 0 };
	char *own = words[0];
	const char *other = other_word(own);

	for (int attempt = 0; attempt < 4 && !s.count; attempt++) {
		enum match_mode mode = attempt < 2 ? MATCH_EXACT : MATCH_ABBREVIATED;
		if ((attempt & 1) && !other)
			continue;
		words[0] = attempt & 1 ? (char *)(uintptr_t)other : own;
		for (const struct ctl_rows *of = c->all; of->daemon; of++)
			search_rows(c, of, words, count, mode, &s);
		if (s.count == 1) { /* once more: the parameters of the row that matched */
			c->command = s.found[0];
			c->daemon = s.daemon;
			args_cut(c->args, 0);
			template_match(c->command->words, words, count, mode, c->args, NULL, NULL);
		}
	}
	words[0] = own;
	if (s.count > 1)
		complain_of_many(c, &s);
	else if (!s.count)
		complain_of_none(c, words, count, &s);
	text_free(&s.expected);
	return s.count == 1 ? 0 : CTL_USAGE;
}

/* One line for each of a daemon's commands that begin with these words. Returns how many. */
static unsigned
list_rows(struct ctl *c, const struct ctl_rows *of, char *const *words, size_t count, struct text_table *t)
{
	unsigned listed = 0;

	command_each (row, of->rows) {
		size_t far = 0;
		if (row->view != VIEW_EXEC)
			continue;
		args_cut(c->args, 0);
		if (count &&
		    template_match(row->words, words, count, MATCH_ABBREVIATED, c->args, &far, NULL) == MATCH_NO)
			continue;
		struct text form = { 0 };
		template_describe(row->words, &form);
		text_cell(t, "%s", text_chars(&form));
		text_cell(t, "%s", row->help);
		text_free(&form);
		listed++;
	}
	return listed;
}

int
ctl_help(struct ctl *c, char **words, size_t count)
{
	struct text out = { 0 };
	struct text_table *t = text_table_new(2);
	const char *other = count ? other_word(words[0]) : NULL;
	char *own = count ? words[0] : NULL;
	unsigned listed = 0;

	for (int attempt = 0; attempt < (other ? 2 : 1); attempt++) {
		if (attempt)
			words[0] = (char *)(uintptr_t)other;
		for (const struct ctl_rows *of = c->all; of->daemon; of++)
			listed += list_rows(c, of, words, count, t);
	}
	if (count)
		words[0] = own;
	text_table_print(t, "  ", &out);
	fputs(text_chars(&out), stdout);
	text_table_free(t);
	text_free(&out);
	if (listed)
		return 0;
	ctl_complain(c, "no command begins with `%s`; `%s ?` lists all", text_chars(&c->line), c->name);
	return CTL_USAGE;
}
