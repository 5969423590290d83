/*
 * Templates of commands: parsed into a tree, matched with backtracking.
 *
 * Matching is a recursion over (rest of the template, word, what follows the enclosing groups). The
 * farthest word reached and what was expected there make the message when nothing matches. The undo
 * form of a row without one of its own is the row itself, cut short where only parameters are left.
 */
#include "base/mem.h"
#include "host/command_internal.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- parsing --- */

struct parser {
	const char *at;
	struct arena *arena;
	char *why;
	bool failed;
};

static struct node *parse_sequence(struct parser *p, const char *stop, unsigned depth);

static void
fail(struct parser *p, const char *what)
{
	if (!p->failed)
		snprintf(p->why, 160, "%.60s near `%.40s`", what, p->at);
	p->failed = true;
}

static char *
take_until(struct parser *p, const char *stops)
{
	size_t n = strcspn(p->at, stops);
	char *word = arena_take(p->arena, n + 1);

	memcpy(word, p->at, n);
	p->at += n;
	return word;
}

/* "N-M" in the place of a type. */
static bool
parse_range(struct node *n)
{
	char *end;

	if (strspn(n->word, "0123456789-") != strlen(n->word) || strlen(n->word) > 21)
		return false;
	unsigned long low = strtoul(n->word, &end, 10);
	if (end[0] != '-' || !isdigit((unsigned char)end[1]))
		return false;
	unsigned long high = strtoul(end + 1, &end, 10);
	if (*end || low > high || !high || high > UINT32_MAX)
		return false;
	n->low = (uint32_t)low;
	n->high = (uint32_t)high;
	return true;
}

static struct node *
parse_param(struct parser *p)
{
	static const char *const types[] = { "address", "address6", "ip", "mask", "prefix", "prefix4", "prefix6",
		"ifname", "word", "lsr-id", "text" };
	struct node *n = arena_take(p->arena, sizeof *n);
	n->kind = NODE_PARAM;
	p->at++;
	n->word = take_until(p, ">");
	if (p->at[0] != '>' || p->at[1] != ':') {
		fail(p, "a parameter is <type>:name");
		return NULL;
	}
	p->at += 2;
	n->name = take_until(p, " ]}|");
	if (!*n->name)
		fail(p, "a parameter needs a name");
	if (isdigit((unsigned char)*n->word)) {
		if (!parse_range(n))
			fail(p, "a range that is empty, too large or none");
		return n;
	}
	for (size_t i = 0; i < COUNT(types); i++)
		if (strcmp(types[i], n->word) == 0)
			return n;
	fail(p, "an unknown type");
	return n;
}

static struct node *
parse_group(struct parser *p, unsigned depth)
{
	bool option = *p->at == '[';
	const char *stop = option ? "]|" : "}|";
	struct node *n = arena_take(p->arena, sizeof *n), *found[32];

	n->kind = option ? NODE_OPTION : NODE_CHOICE;
	do {
		p->at++;
		if (n->alternative_count == 32) {
			fail(p, "more than 32 alternatives");
			return NULL;
		}
		struct node *alternative = parse_sequence(p, stop, depth + 1);
		if (!alternative && !p->failed)
			fail(p, "an empty alternative");
		found[n->alternative_count++] = alternative;
	} while (!p->failed && *p->at == '|');
	if (*p->at != stop[0])
		fail(p, "a group is not closed");
	else
		p->at++;
	if (*p->at == '*') {
		n->star = true;
		p->at++;
	}
	n->alternatives = arena_copy(p->arena, found, n->alternative_count * sizeof(void *));
	return n;
}

static struct node *
parse_sequence(struct parser *p, const char *stop, unsigned depth)
{
	struct node *first = NULL, **end = &first;

	if (depth > 8)
		fail(p, "groups nest too deep");
	while (!p->failed) {
		p->at += strspn(p->at, " ");
		if (!*p->at || strchr(stop, *p->at))
			break;
		if (strchr("]}|", *p->at)) {
			fail(p, "a bracket too many");
			break;
		}
		struct node *n;
		if (*p->at == '<') {
			n = parse_param(p);
		} else if (*p->at == '[' || *p->at == '{') {
			n = parse_group(p, depth);
		} else {
			n = arena_take(p->arena, sizeof *n);
			n->word = take_until(p, " ]}|");
		}
		if (!n || p->failed)
			return NULL;
		*end = n;
		end = &n->next;
	}
	return first;
}

struct node *
template_parse(const char *template, struct arena *arena, char why[160])
{
	struct parser p = { .at = template, .arena = arena, .why = why };
	struct node *n = parse_sequence(&p, "", 0);

	if (!n && !p.failed)
		snprintf(why, 160, "an empty template");
	return p.failed ? NULL : n;
}

bool
template_is_valid(const char *template, char why[160])
{
	struct arena a;

	arena_init(&a);
	bool ok = template_parse(template, &a, why);
	arena_free(&a);
	return ok;
}

/* --- matching --- */

/* What comes after the sequence in hand: the rest behind a group, and for any-order groups the group again. */
struct after {
	const struct node *next;
	const struct node *group;
	uint32_t used; /* alternatives of `group` that were taken */
	const struct after *outer;
};
struct match {
	char *const *words;
	size_t count, far;
	enum match_mode mode;
	struct args *args;
	struct text *expected;
	bool ran_out;
};

static bool match_from(struct match *m, const struct node *n, size_t at, const struct after *after);

void
expected_add(struct text *expected, const char *what)
{
	size_t n = strlen(what);

	for (const char *at = text_chars(expected); (at = strstr(at, what)); at++) {
		bool begins = at == expected->chars || (at - expected->chars >= 4 && strncmp(at - 4, " or ", 4) == 0);
		if (begins && (!at[n] || strncmp(at + n, " or ", 4) == 0))
			return;
	}
	text_add(expected, "%s%s", expected->size ? " or " : "", what);
}

static void
expected_here(struct match *m, const struct node *n, size_t at)
{
	struct text what = { 0 };

	if (at < m->far)
		return;
	if (at > m->far) {
		m->far = at;
		m->ran_out = false;
		if (m->expected)
			text_clear(m->expected);
	}
	if (at == m->count)
		m->ran_out = true;
	if (!m->expected)
		return;
	if (!n)
		text_add(&what, "the end of the line");
	else if (n->kind == NODE_WORD)
		text_add(&what, "%s", n->word);
	else
		param_describe(n, &what);
	expected_add(m->expected, text_chars(&what));
	text_free(&what);
}

static bool
match_group(struct match *m, const struct node *group, size_t at, uint32_t used, const struct node *next,
    const struct after *outer)
{
	for (size_t i = 0; i < group->alternative_count; i++) {
		if (used >> i & 1)
			continue;
		struct after after = { next, group->star ? group : NULL, used | 1u << i, outer };
		if (match_from(m, group->alternatives[i], at, &after))
			return true;
	}
	return (group->kind == NODE_OPTION || used) && match_from(m, next, at, outer);
}

static bool
begins_with_param(const struct node *n)
{
	if (n->kind == NODE_WORD || n->kind == NODE_PARAM)
		return n->kind == NODE_PARAM;
	for (size_t i = 0; i < n->alternative_count; i++)
		if (begins_with_param(n->alternatives[i]))
			return true;
	return false;
}

/* Whether only parameters are left. `undo mpls` is not `undo mpls ldp`, and `undo peer` is not
 * `undo peer A.B.C.D enable`: a word that is missing was not meant. */
static bool
may_stop(const struct node *n, const struct after *after)
{
	for (; n; n = n->next)
		if (n->kind != NODE_OPTION && !begins_with_param(n))
			return false;
	return !after || may_stop(after->next, after->outer);
}

static bool
word_fits(const struct match *m, const char *word, const char *given)
{
	size_t n = strlen(given);

	return strcasecmp(word, given) == 0 || (m->mode == MATCH_ABBREVIATED && n && strncasecmp(word, given, n) == 0);
}

static bool
match_from(struct match *m, const struct node *n, size_t at, const struct after *after)
{
	if (!n) {
		if (after && after->group)
			return match_group(m, after->group, at, after->used, after->next, after->outer);
		if (after)
			return match_from(m, after->next, at, after->outer);
		if (at == m->count)
			return true;
		expected_here(m, NULL, at);
		return false;
	}
	if (m->mode == MATCH_SHORT && at == m->count && at > 0 && may_stop(n, after))
		return true;
	size_t kept = m->args->count;
	if (n->kind == NODE_OPTION || n->kind == NODE_CHOICE) {
		if (match_group(m, n, at, 0, n->next, after))
			return true;
		args_cut(m->args, kept);
		return false;
	}
	struct arg arg = { 0 };
	size_t taken = 0;
	if (at < m->count && n->kind == NODE_WORD && word_fits(m, n->word, m->words[at])) {
		arg.name = arg.text = arena_text(&m->args->arena, n->word);
		taken = 1;
	} else if (at < m->count && n->kind == NODE_PARAM) {
		taken = param_read(n, m->words + at, m->count - at, m->args, &m->args->arena, &arg);
		arg.name = arena_text(&m->args->arena, n->name);
		arg.type = arena_text(&m->args->arena, n->word);
	}
	if (!taken) {
		expected_here(m, n, at);
		return false;
	}
	args_add(m->args, arg);
	if (match_from(m, n->next, at + taken, after))
		return true;
	args_cut(m->args, kept);
	return false;
}

enum match_result
template_match(const char *template, char *const *words, size_t count, enum match_mode mode, struct args *into,
    size_t *ret_far, struct text *expected)
{
	struct arena a;
	char why[160];
	struct match m = { .words = words, .count = count, .mode = mode, .args = into, .expected = expected };

	arena_init(&a);
	const struct node *n = template_parse(template, &a, why);
	bool yes = n && match_from(&m, n, 0, NULL);
	arena_free(&a);
	if (ret_far)
		*ret_far = m.far;
	return yes ? MATCH_YES : m.ran_out ? MATCH_INCOMPLETE : MATCH_NO;
}

enum match_result
command_match(const char *template, char *const *words, size_t count, bool abbreviate, struct args *into,
    size_t *ret_far, char why[160])
{
	struct text expected = { 0 };
	enum match_result r = template_match(
	    template, words, count, abbreviate ? MATCH_ABBREVIATED : MATCH_EXACT, into, ret_far, &expected);

	snprintf(why, 160, "expected %.140s", text_chars(&expected));
	text_free(&expected);
	return r;
}

static void
describe(const struct node *n, struct text *out)
{
	for (bool first = true; n; n = n->next, first = false) {
		if (!first)
			text_add(out, " ");
		if (n->kind == NODE_WORD) {
			text_add(out, "%s", n->word);
		} else if (n->kind == NODE_PARAM) {
			param_describe(n, out);
		} else {
			text_add(out, n->kind == NODE_OPTION ? "[ " : "{ ");
			for (size_t i = 0; i < n->alternative_count; i++) {
				text_add(out, i ? " | " : "");
				describe(n->alternatives[i], out);
			}
			text_add(out, n->kind == NODE_OPTION ? " ]" : " }");
			text_add(out, n->star ? "*" : "");
		}
	}
}

void
template_describe(const char *template, struct text *out)
{
	struct arena a;
	char why[160];

	arena_init(&a);
	describe(template_parse(template, &a, why), out);
	arena_free(&a);
}
