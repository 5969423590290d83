/* Prefix lists: few rules each, searched in order. */
#include "base/prefix_list.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

void
prefix_lists_free(struct prefix_lists *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->lists[i].rules);
	free(p->lists);
	*p = (struct prefix_lists){ 0 };
}

void
prefix_lists_copy(struct prefix_lists *into, const struct prefix_lists *from)
{
	prefix_lists_free(into);
	if (!from->count)
		return;
	into->lists = mem_resize(NULL, from->count * sizeof *into->lists);
	into->count = from->count;
	for (size_t i = 0; i < from->count; i++) {
		struct prefix_list *l = &into->lists[i];

		*l = from->lists[i];
		l->rules = mem_resize(NULL, l->count * sizeof *l->rules);
		memcpy(l->rules, from->lists[i].rules, l->count * sizeof *l->rules);
	}
}

static bool
rule_equal(const struct prefix_rule *a, const struct prefix_rule *b)
{
	return a->index == b->index && a->permit == b->permit && prefix_eq(&a->prefix, &b->prefix) &&
	       a->greater_equal == b->greater_equal && a->less_equal == b->less_equal;
}

bool
prefix_list_equal(const struct prefix_list *a, const struct prefix_list *b)
{
	size_t n = a ? a->count : 0;

	if (n != (b ? b->count : 0))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!rule_equal(&a->rules[i], &b->rules[i]))
			return false;
	return true;
}

bool
prefix_lists_equal(const struct prefix_lists *a, const struct prefix_lists *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!prefix_list_equal(&a->lists[i], prefix_lists_find(b, a->lists[i].name)))
			return false;
	return true;
}

const struct prefix_list *
prefix_lists_find(const struct prefix_lists *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->lists[i].name, name) == 0)
			return &p->lists[i];
	return NULL;
}

static struct prefix_list *
list_get(struct prefix_lists *p, const char *name)
{
	struct prefix_list *l = (struct prefix_list *)(uintptr_t)prefix_lists_find(p, name);

	if (l)
		return l;
	p->lists = mem_resize(p->lists, (p->count + 1) * sizeof *p->lists);
	l = &p->lists[p->count++];
	*l = (struct prefix_list){ 0 };
	memcpy(l->name, name, strnlen(name, sizeof l->name - 1));
	return l;
}

bool
prefix_lists_set(struct prefix_lists *p, const char *name, struct prefix_rule r)
{
	struct prefix_list *l = list_get(p, name);
	size_t at = 0;

	r.prefix = prefix_network(r.prefix);
	if (!r.index) {
		uint32_t last = l->count ? l->rules[l->count - 1].index : 0;
		if (last > UINT32_MAX - PREFIX_INDEX_STEP)
			return false;
		r.index = last + PREFIX_INDEX_STEP;
	}
	while (at < l->count && l->rules[at].index < r.index)
		at++;
	if (at == l->count || l->rules[at].index != r.index) {
		l->rules = mem_resize(l->rules, (l->count + 1) * sizeof *l->rules);
		memmove(&l->rules[at + 1], &l->rules[at], (l->count - at) * sizeof *l->rules);
		l->count++;
	}
	l->rules[at] = r;
	return true;
}

bool
prefix_lists_remove(struct prefix_lists *p, const char *name, uint32_t index)
{
	struct prefix_list *l = (struct prefix_list *)(uintptr_t)prefix_lists_find(p, name);
	size_t at = 0;

	if (!l)
		return false;
	while (index && at < l->count && l->rules[at].index != index)
		at++;
	if (index && at == l->count)
		return false;
	if (index && l->count > 1) {
		memmove(&l->rules[at], &l->rules[at + 1], (l->count - at - 1) * sizeof *l->rules);
		l->count--;
		return true;
	}
	free(l->rules);
	memmove(l, l + 1, (size_t)(p->lists + p->count - (l + 1)) * sizeof *l);
	p->count--;
	return true;
}

bool
prefix_list_permits(const struct prefix_list *l, const struct prefix *of)
{
	if (!l || !l->count)
		return true;
	for (size_t i = 0; i < l->count; i++) {
		const struct prefix_rule *r = &l->rules[i];

		if (of->len >= r->greater_equal && of->len <= r->less_equal && of->len >= r->prefix.len &&
		    prefix_covers(&r->prefix, &of->addr))
			return r->permit;
	}
	return false;
}
