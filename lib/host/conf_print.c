/* Lines of a configuration, gathered, ordered and printed. */
#include "host/conf_print.h"
#include "base/mem.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct conf_line {
	unsigned section, rank;
	size_t said; /* its number, for a stable order */
	char *head, *line;
};

void
conf_lines_free(struct conf_lines *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->lines[i].head);
		free(l->lines[i].line);
	}
	free(l->lines);
	*l = (struct conf_lines){ 0 };
}

static void
add(struct conf_lines *l, unsigned section, unsigned rank, const char *head, const char *line)
{
	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->lines = mem_resize(l->lines, l->room * sizeof *l->lines);
	}
	l->lines[l->count] = (struct conf_line){
		.section = section, .rank = rank, .said = l->count, .head = mem_text(head), .line = mem_text(line)
	};
	l->count++;
}

void
conf_say(struct conf_lines *l, enum conf_section section, const char *head, unsigned rank, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	add(l, section, rank, head, line);
}

static bool
is_same(const struct conf_line *a, const struct conf_line *b)
{
	return a->section == b->section && !strcmp(a->line, b->line) &&
	       (a->head && b->head ? !strcmp(a->head, b->head) : a->head == b->head);
}

size_t
conf_lines_new(const struct conf_lines *l, size_t first)
{
	size_t count = 0;

	for (size_t i = first; i < l->count; i++) {
		bool known = false;
		for (size_t k = 0; k < first && !known; k++)
			known = is_same(&l->lines[k], &l->lines[i]);
		count += !known;
	}
	return count;
}

void
conf_prefix_lists(struct conf_lines *out, const char *words, const struct prefix_lists *p)
{
	for (size_t i = 0; i < p->count; i++)
		for (size_t k = 0; k < p->lists[i].count; k++) {
			const struct prefix_rule *r = &p->lists[i].rules[k];
			uint8_t most = r->prefix.addr.family == 6 ? 128 : 32;
			char address[ADDR_TEXT], range[64] = "";
			size_t at = 0;
			if (r->greater_equal != r->prefix.len)
				at = (size_t)snprintf(range, sizeof range, " greater-equal %u", r->greater_equal);
			/* A lower bound alone reaches up to the whole length. */
			if (r->less_equal != (at ? most : r->prefix.len))
				snprintf(range + at, sizeof range - at, " less-equal %u", r->less_equal);
			conf_say(out, CONF_PREFIX_LISTS, NULL, (unsigned)i, "%s %s index %u %s %s %u%s", words,
			    p->lists[i].name, r->index, r->permit ? "permit" : "deny",
			    addr_text(&r->prefix.addr, address), r->prefix.len, range);
		}
}

const char *
conf_bfd_timers(uint32_t min_tx_ms, uint32_t min_rx_ms, uint32_t multiplier, char out[CONF_BFD_TIMERS])
{
	size_t at = 0;

	out[0] = '\0';
	if (min_tx_ms)
		at += (size_t)snprintf(out + at, CONF_BFD_TIMERS - at, " min-tx-interval %u", min_tx_ms);
	if (min_rx_ms)
		at += (size_t)snprintf(out + at, CONF_BFD_TIMERS - at, " min-rx-interval %u", min_rx_ms);
	if (multiplier)
		snprintf(out + at, CONF_BFD_TIMERS - at, " detect-multiplier %u", multiplier);
	return out;
}

/* --- between processes: one line of text each: section, rank, head, line, parted by tabs --- */

void
conf_lines_pack(const struct conf_lines *l, struct text *out)
{
	for (size_t i = 0; i < l->count; i++)
		text_line(out, "%u\t%u\t%s\t%s", l->lines[i].section, l->lines[i].rank,
		    l->lines[i].head ? l->lines[i].head : "", l->lines[i].line);
}

bool
conf_lines_unpack(const char *bytes, size_t size, struct conf_lines *add_to)
{
	char *copy = mem_zalloc(size + 1), *rest = NULL;
	bool good = true;

	memcpy(copy, bytes, size);
	for (char *line = strtok_r(copy, "\n", &rest); line && good; line = strtok_r(NULL, "\n", &rest)) {
		char *field[4] = { line };
		size_t n = 1;
		for (char *tab = line; n < 4 && (tab = strchr(tab, '\t')); n++) {
			*tab++ = '\0';
			field[n] = tab;
		}
		unsigned long section = strtoul(field[0], NULL, 10);
		good = n == 4 && section < CONF_SECTIONS;
		if (good)
			add(add_to, (unsigned)section, (unsigned)strtoul(field[1], NULL, 10),
			    *field[2] ? field[2] : NULL, field[3]);
	}
	free(copy);
	return good;
}

/* --- order --- */

/* As a person counts: GigabitEthernet0/2/0 before GigabitEthernet0/10/0. Case counts only where nothing else differs. */
int
conf_name_cmp(const char *a, const char *b)
{
	const char *whole_a = a, *whole_b = b;

	while (*a && *b) {
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			char *a_end, *b_end;
			unsigned long x = strtoul(a, &a_end, 10), y = strtoul(b, &b_end, 10);
			if (x != y)
				return x < y ? -1 : 1;
			a = a_end;
			b = b_end;
			continue;
		}
		int x = tolower((unsigned char)*a), y = tolower((unsigned char)*b);
		if (x != y)
			return x < y ? -1 : 1;
		a++;
		b++;
	}
	if (*a || *b)
		return *a ? 1 : -1;
	int r = strcasecmp(whole_a, whole_b);
	return r ? r : strcmp(whole_a, whole_b);
}

/* Which view a line stands in. Daemons may know an interface by another spelling; two peers may differ in case alone. */
static int
head_cmp(const struct conf_line *x, const struct conf_line *y)
{
	if (!x->head || !y->head)
		return !!x->head - !!y->head;
	if (x->section == CONF_INTERFACES && strcasecmp(x->head, y->head) == 0)
		return 0;
	return conf_name_cmp(x->head, y->head);
}

static int
line_cmp(const void *a, const void *b)
{
	const struct conf_line *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->section == CONF_POLICIES && x->rank != y->rank) /* nodes by their numbers, whether they permit or not */
		return x->rank < y->rank ? -1 : 1;
	int heads = head_cmp(x, y);
	if (heads)
		return heads;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->said < y->said ? -1 : 1;
}

/* Prefix lists, and some lines of an interface, belong to every daemon that uses them, and each has said them. */
static bool
is_said_again(const struct conf_lines *l, size_t at)
{
	const struct conf_line *c = &l->lines[at];

	if (c->section == CONF_PREFIX_LISTS ? c->head != NULL : c->section != CONF_INTERFACES || !*c->line)
		return false;
	for (size_t i = at; i--;) {
		const struct conf_line *b = &l->lines[i];
		if (b->section != c->section || (c->head ? head_cmp(b, c) != 0 : b->rank != c->rank))
			break;
		if (strcmp(b->line, c->line) == 0)
			return true;
	}
	return false;
}

void
conf_lines_print(struct conf_lines *l, struct text *out)
{
	if (l->count)
		qsort(l->lines, l->count, sizeof *l->lines, line_cmp);
	for (size_t i = 0; i < l->count; i++) {
		const struct conf_line *c = &l->lines[i];
		if (is_said_again(l, i))
			continue;
		bool same = i && c->section == c[-1].section && head_cmp(c, c - 1) == 0;
		if (!same)
			text_line(out, "#");
		if (!same && c->head)
			text_line(out, "%s", c->head);
		if (*c->line)
			text_line(out, "%s%s", c->head ? " " : "", c->line);
	}
	text_line(out, "#\nreturn");
}
