/* Policies and filters as values: made, found, copied, compared, freed. */
#include "l3vpnd/bgp/policy.h"
#include "base/mem.h"
#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* --- regular expressions --- */

struct policy_regex {
	unsigned uses;
	regex_t compiled;
	char text[POLICY_REGEX]; /* as it was said */
};

/* The dialect's `_`: between two numbers, or an end of the path. */
#define DELIMITER "(^|$|[](){}, [])"

static struct policy_regex *
regex_new(const char *text, char why[128])
{
	struct text t = { 0 };
	struct policy_regex *r;

	if (strlen(text) >= POLICY_REGEX) {
		memcpy(why, "it is too long", sizeof "it is too long");
		return NULL;
	}
	for (const char *c = text; *c; c++)
		if (*c == '_')
			text_add(&t, "%s", DELIMITER);
		else
			text_add(&t, "%c", *c);
	r = NEW(struct policy_regex);
	r->uses = 1;
	memcpy(r->text, text, strlen(text) + 1);
	int bad = regcomp(&r->compiled, text_chars(&t), REG_EXTENDED | REG_NOSUB);
	text_free(&t);
	if (!bad)
		return r;
	regerror(bad, &r->compiled, why, 128);
	free(r);
	return NULL;
}

static void
regex_drop(struct policy_regex *r)
{
	if (!r || --r->uses)
		return;
	regfree(&r->compiled);
	free(r);
}

const char *
policy_regex_text(const struct policy_regex *r)
{
	return r->text;
}

bool
policy_regex_matches(const struct policy_regex *r, const char *text)
{
	return regexec(&r->compiled, text, 0, NULL, 0) == 0;
}

/* --- filters --- */

const struct policy_filter *
policy_filter_find(const struct bgp_policies *p, enum policy_filter_kind kind, const char *name)
{
	for (size_t i = 0; i < p->filter_count; i++)
		if (p->filters[i].kind == kind && !strcmp(p->filters[i].name, name))
			return &p->filters[i];
	return NULL;
}

static struct policy_filter *
filter_get(struct bgp_policies *p, enum policy_filter_kind kind, const char *name)
{
	struct policy_filter *f = (struct policy_filter *)(uintptr_t)policy_filter_find(p, kind, name);

	if (f)
		return f;
	p->filters = mem_resize(p->filters, (p->filter_count + 1) * sizeof *p->filters);
	f = &p->filters[p->filter_count++];
	*f = (struct policy_filter){ .kind = kind };
	memcpy(f->name, name, strnlen(name, sizeof f->name - 1));
	return f;
}

bool
policy_filter_add(struct bgp_policies *p, enum policy_filter_kind kind, const char *name, struct policy_filter_rule r,
    const char *regex, char why[128])
{
	size_t at = 0;

	r.regex = NULL;
	if (kind == FILTER_AS_PATH && !(r.regex = regex_new(regex, why)))
		return false;
	struct policy_filter *f = filter_get(p, kind, name);
	if (!r.index)
		r.index = (f->count ? f->rules[f->count - 1].index : 0) + POLICY_STEP;
	while (at < f->count && f->rules[at].index < r.index)
		at++;
	if (at < f->count && f->rules[at].index == r.index) {
		regex_drop(f->rules[at].regex);
	} else {
		f->rules = mem_resize(f->rules, (f->count + 1) * sizeof *f->rules);
		memmove(&f->rules[at + 1], &f->rules[at], (f->count - at) * sizeof *f->rules);
		f->count++;
	}
	f->rules[at] = r;
	return true;
}

bool
policy_filter_remove(struct bgp_policies *p, enum policy_filter_kind kind, const char *name, uint32_t index)
{
	struct policy_filter *f = (struct policy_filter *)(uintptr_t)policy_filter_find(p, kind, name);
	size_t kept = 0;

	if (!f)
		return false;
	size_t before = f->count;
	for (size_t i = 0; i < before; i++)
		if (!index || f->rules[i].index == index)
			regex_drop(f->rules[i].regex);
		else
			f->rules[kept++] = f->rules[i];
	f->count = kept;
	if (!kept) {
		free(f->rules);
		memmove(f, f + 1, (size_t)(p->filters + p->filter_count - (f + 1)) * sizeof *f);
		p->filter_count--;
	}
	return kept < before;
}

/* --- policies --- */

const struct policy *
policy_find(const struct bgp_policies *p, const char *name)
{
	for (size_t i = 0; i < p->policy_count; i++)
		if (!strcmp(p->policies[i].name, name))
			return &p->policies[i];
	return NULL;
}

struct policy_node *
policy_node(struct bgp_policies *p, const char *name, uint32_t node)
{
	struct policy *y = (struct policy *)(uintptr_t)policy_find(p, name);
	size_t at = 0;

	if (!y) {
		p->policies = mem_resize(p->policies, (p->policy_count + 1) * sizeof *p->policies);
		y = &p->policies[p->policy_count++];
		*y = (struct policy){ 0 };
		memcpy(y->name, name, strnlen(name, sizeof y->name - 1));
	}
	while (at < y->count && y->nodes[at].node < node)
		at++;
	if (at == y->count || y->nodes[at].node != node) {
		y->nodes = mem_resize(y->nodes, (y->count + 1) * sizeof *y->nodes);
		memmove(&y->nodes[at + 1], &y->nodes[at], (y->count - at) * sizeof *y->nodes);
		memset(&y->nodes[at], 0, sizeof y->nodes[at]); /* nodes are compared as bytes */
		y->nodes[at].node = node;
		y->nodes[at].permit = true;
		y->count++;
	}
	return &y->nodes[at];
}

bool
policy_remove(struct bgp_policies *p, const char *name, uint32_t node)
{
	struct policy *y = (struct policy *)(uintptr_t)policy_find(p, name);
	size_t kept = 0;

	if (!y)
		return false;
	size_t before = y->count;
	for (size_t i = 0; node != POLICY_ALL && i < before; i++)
		if (y->nodes[i].node != node)
			y->nodes[kept++] = y->nodes[i];
	y->count = kept;
	if (!kept) {
		free(y->nodes);
		memmove(y, y + 1, (size_t)(p->policies + p->policy_count - (y + 1)) * sizeof *y);
		p->policy_count--;
	}
	return kept < before;
}

/* --- all of them --- */

void
policies_free(struct bgp_policies *p)
{
	prefix_lists_free(&p->prefixes4);
	prefix_lists_free(&p->prefixes6);
	for (size_t i = 0; i < p->filter_count; i++) {
		for (size_t k = 0; k < p->filters[i].count; k++)
			regex_drop(p->filters[i].rules[k].regex);
		free(p->filters[i].rules);
	}
	for (size_t i = 0; i < p->policy_count; i++)
		free(p->policies[i].nodes);
	free(p->filters);
	free(p->policies);
	*p = (struct bgp_policies){ 0 };
}

void
policies_copy(struct bgp_policies *to, const struct bgp_policies *from)
{
	struct bgp_policies c = { .filter_count = from->filter_count, .policy_count = from->policy_count };

	prefix_lists_copy(&c.prefixes4, &from->prefixes4);
	prefix_lists_copy(&c.prefixes6, &from->prefixes6);
	if (c.filter_count)
		c.filters = mem_copy(from->filters, c.filter_count * sizeof *c.filters);
	for (size_t i = 0; i < c.filter_count; i++) {
		struct policy_filter *f = &c.filters[i];
		f->rules = mem_copy(f->rules, f->count * sizeof *f->rules);
		for (size_t k = 0; k < f->count; k++)
			if (f->rules[k].regex)
				f->rules[k].regex->uses++;
	}
	if (c.policy_count)
		c.policies = mem_copy(from->policies, c.policy_count * sizeof *c.policies);
	for (size_t i = 0; i < c.policy_count; i++)
		c.policies[i].nodes = mem_copy(c.policies[i].nodes, c.policies[i].count * sizeof *c.policies[i].nodes);
	policies_free(to);
	*to = c;
}

/* --- compared --- */

static bool
rules_are_same(const struct policy_filter_rule *a, const struct policy_filter_rule *b)
{
	if (a->permit != b->permit || a->count != b->count || !a->regex != !b->regex)
		return false;
	if (memcmp(a->values, b->values, a->count * sizeof *a->values) != 0)
		return false;
	return !a->regex || !strcmp(a->regex->text, b->regex->text);
}

static bool
filter_is_same(
    const struct bgp_policies *a, const struct bgp_policies *b, enum policy_filter_kind kind, const char *name)
{
	const struct policy_filter *x = policy_filter_find(a, kind, name), *y = policy_filter_find(b, kind, name);

	if (!*name || !x || !y)
		return !*name || x == y;
	if (x->count != y->count)
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (!rules_are_same(&x->rules[i], &y->rules[i]))
			return false;
	return true;
}

static bool
lists_are_same(const struct prefix_lists *a, const struct prefix_lists *b, const char *name)
{
	return !*name || prefix_list_equal(prefix_lists_find(a, name), prefix_lists_find(b, name));
}

bool
policy_prefixes_are_same(const struct bgp_policies *a, const struct bgp_policies *b, const char *name)
{
	return lists_are_same(&a->prefixes4, &b->prefixes4, name) && lists_are_same(&a->prefixes6, &b->prefixes6, name);
}

/* A node that is the same: so is what it names? */
static bool
named_is_same(const struct bgp_policies *a, const struct bgp_policies *b, const struct policy_match *m)
{
	for (unsigned k = 0; k < FILTER_KINDS; k++)
		if (!filter_is_same(a, b, (enum policy_filter_kind)k, m->filter[k]))
			return false;
	return lists_are_same(&a->prefixes4, &b->prefixes4, m->prefixes4) &&
	       lists_are_same(&a->prefixes4, &b->prefixes4, m->next_hop4) &&
	       lists_are_same(&a->prefixes6, &b->prefixes6, m->prefixes6) &&
	       lists_are_same(&a->prefixes6, &b->prefixes6, m->next_hop6);
}

bool
policy_is_same(const struct bgp_policies *a, const struct bgp_policies *b, const char *name)
{
	const struct policy *x = policy_find(a, name), *y = policy_find(b, name);

	if (!x || !y)
		return x == y;
	if (x->count != y->count || memcmp(x->nodes, y->nodes, x->count * sizeof *x->nodes) != 0)
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (!named_is_same(a, b, &x->nodes[i].match))
			return false;
	return true;
}
