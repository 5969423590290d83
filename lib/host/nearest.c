/* The command that somebody probably meant: by edit distance of the words that a template spells out. */
#include "base/mem.h"
#include "host/command_internal.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { COMPARED_WORDS = 4, LETTERS_MAX = 32 };

/* Letters to change, add or drop. Long words are cut. */
static unsigned
letters_apart(const char *a, const char *b)
{
	size_t n = strnlen(a, LETTERS_MAX), m = strnlen(b, LETTERS_MAX);
	unsigned row[LETTERS_MAX + 1];

	for (unsigned j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned change =
			    diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
			diagonal = row[j];
			unsigned best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			row[j] = change < best ? change : best;
		}
	}
	return row[m];
}

/* How far the line's first words are from the template's, in letters; parameters cost nothing. */
static unsigned
distance(const char *template, char *const *words, size_t count)
{
	struct arena a;
	char why[160];
	unsigned sum = 0;
	size_t i = 0;

	arena_init(&a);
	const struct node *n = template_parse(template, &a, why);
	for (; n && n->kind <= NODE_PARAM && i < count && i < COMPARED_WORDS; n = n->next, i++) {
		if (n->kind != NODE_WORD)
			continue;
		unsigned apart = letters_apart(n->word, words[i]);
		size_t given = strlen(words[i]);
		if (apart && given > 1 && strncasecmp(n->word, words[i], given) == 0)
			apart = 1; /* short for it */
		/* A word of which more than half is wrong was hardly meant. */
		sum += apart * 2 > strlen(n->word) + 1 ? apart + 10 : apart;
	}
	for (; n && n->kind == NODE_WORD && i < COMPARED_WORDS; n = n->next, i++)
		sum += 2; /* the line is too short for it */
	if (!n && i < count && i < COMPARED_WORDS)
		sum += 2 * (unsigned)(count - i);
	arena_free(&a);
	return sum;
}

const char *
command_nearest(enum view view, char *const *words, size_t count, const struct command *rows, unsigned *ret_apart)
{
	const char *best = NULL;
	unsigned best_distance = 10;
	bool undo = !rows && count > 1 && strcasecmp(words[0], "undo") == 0;

	if (!count)
		return NULL;
	command_each (c, rows) {
		unsigned d = c->view == VIEW_EXEC ? distance(c->words, words, count) : UINT32_MAX;
		if (d < best_distance) {
			best_distance = d;
			best = c->words;
		}
	}
	for (const struct grammar_row *g = grammar; !rows && g->daemon; g++) {
		const char *form = undo && g->undo ? g->undo : g->words;
		unsigned d = g->view == view && *form ? distance(form, words + undo, count - undo) : UINT32_MAX;
		if (d < best_distance) {
			best_distance = d;
			best = form;
		}
	}
	if (ret_apart)
		*ret_apart = best_distance;
	return best;
}
