/* Policies and filters in the running configuration. */
#include "l3vpnd/bgp/nlri.h"
#include "l3vpnd/commands_policy.h"
#include <stdio.h>
#include <string.h>

static void
community_add(struct text *t, uint32_t c)
{
	switch (c) {
	case 0: text_add(t, " internet"); break;
	case COMMUNITY_NO_EXPORT: text_add(t, " no-export"); break;
	case COMMUNITY_NO_ADVERTISE: text_add(t, " no-advertise"); break;
	case COMMUNITY_NO_EXPORT_SUBCONFED: text_add(t, " no-export-subconfed"); break;
	case COMMUNITY_GRACEFUL_SHUTDOWN: text_add(t, " graceful-shutdown"); break;
	default: text_add(t, " %u:%u", c >> 16, c & UINT16_MAX);
	}
}

static void
target_add(struct text *t, uint64_t c)
{
	char text[EXT_TEXT];

	text_add(t, " rt %s", ext_text(c, text) + strlen("RT:"));
}

static void
print_filter(const struct policy_filter *f, unsigned rank, struct conf_lines *out)
{
	static const char *const words[FILTER_KINDS] = { "community-filter", "extcommunity-filter", "as-path-filter" };
	struct text t = { 0 };

	for (size_t i = 0; i < f->count; i++) {
		const struct policy_filter_rule *r = &f->rules[i];
		text_clear(&t);
		for (unsigned k = 0; k < r->count; k++)
			if (f->kind == FILTER_EXT)
				target_add(&t, r->values[k]);
			else
				community_add(&t, (uint32_t)r->values[k]);
		if (r->regex)
			text_add(&t, " %s", policy_regex_text(r->regex));
		conf_say(out, CONF_POLICY_FILTERS, NULL, rank, "ip %s %s index %u %s%s", words[f->kind], f->name,
		    r->index, r->permit ? "permit" : "deny", text_chars(&t));
	}
	text_free(&t);
}

/* A node: the line that opens its view, and its place among all nodes. */
struct place {
	char head[POLICY_NAME + 48];
	unsigned rank;
	struct conf_lines *out;
};
#define SAY(...) conf_say(at->out, CONF_POLICIES, at->head, at->rank, __VA_ARGS__)

static void
print_match(const struct policy_match *m, const struct place *at)
{
	static const char *const words[FILTER_KINDS] = { "community-filter", "extcommunity-filter", "as-path-filter" };

	if (*m->prefixes4)
		SAY("if-match ip-prefix %s", m->prefixes4);
	if (*m->prefixes6)
		SAY("if-match ipv6 address prefix-list %s", m->prefixes6);
	if (*m->next_hop4)
		SAY("if-match ip next-hop ip-prefix %s", m->next_hop4);
	if (*m->next_hop6)
		SAY("if-match ipv6 next-hop prefix-list %s", m->next_hop6);
	for (unsigned k = 0; k < FILTER_KINDS; k++)
		if (*m->filter[k])
			SAY("if-match %s %s", words[k], m->filter[k]);
	if (m->has_cost)
		SAY("if-match cost %u", m->cost);
	if (m->sources)
		SAY("if-match route-type %s", m->sources == POLICY_INTERNAL   ? "internal"
					      : m->sources == POLICY_EXTERNAL ? "external"
									      : "local");
}

static void
print_lists(const struct policy_apply *y, const struct place *at)
{
	struct text t = { 0 };

	for (unsigned i = 0; i < y->community_count; i++)
		community_add(&t, y->communities[i]);
	if (y->communities_way != LIST_LEFT)
		SAY("apply community%s%s", y->communities_way == LIST_EMPTIED ? " none" : text_chars(&t),
		    y->communities_way == LIST_ADDED ? " additive" : "");
	text_clear(&t);
	for (unsigned i = 0; i < y->target_count; i++)
		target_add(&t, y->targets[i]);
	if (y->targets_way != LIST_LEFT)
		SAY("apply extcommunity%s%s", text_chars(&t), y->targets_way == LIST_ADDED ? " additive" : "");
	text_clear(&t);
	for (unsigned i = 0; i < y->prepend_count; i++)
		text_add(&t, " %u", y->prepends[i]);
	if (y->prepend_count)
		SAY("apply as-path%s additive", text_chars(&t));
	text_free(&t);
}

static void
print_apply(const struct policy_apply *y, const struct place *at)
{
	static const char *const origins[] = { "igp", "egp", "incomplete" };
	char address[ADDR_TEXT];

	if (y->has_local_pref)
		SAY("apply local-preference %u", y->local_pref);
	if (y->has_preferred)
		SAY("apply preferred-value %u", y->preferred);
	if (y->cost_way == COST_NONE)
		SAY("apply cost none");
	else if (y->cost_way != COST_LEFT)
		SAY("apply cost %s%u", y->cost_way == COST_MORE ? "+ " : y->cost_way == COST_LESS ? "- " : "", y->cost);
	print_lists(y, at);
	if (y->has_origin)
		SAY("apply origin %s", origins[y->origin]);
	if (addr_is_set(&y->next_hop4))
		SAY("apply ip-address next-hop %s", addr_text(&y->next_hop4, address));
	if (addr_is_set(&y->next_hop6))
		SAY("apply ipv6 next-hop %s", addr_text(&y->next_hop6, address));
}

static void
print_node(const char *policy, const struct policy_node *n, unsigned rank, struct conf_lines *out)
{
	struct place in = { .rank = rank, .out = out }, *at = &in;

	snprintf(in.head, sizeof in.head, "route-policy %s %s node %u", policy, n->permit ? "permit" : "deny", n->node);
	SAY("%s", "");
	print_match(&n->match, at);
	print_apply(&n->apply, at);
}

void
l3vpn_print_policies(const struct bgp_policies *p, struct conf_lines *out)
{
	unsigned rank = 0;

	conf_prefix_lists(out, "ip ip-prefix", &p->prefixes4);
	conf_prefix_lists(out, "ip ipv6-prefix", &p->prefixes6);
	for (size_t i = 0; i < p->filter_count; i++)
		print_filter(&p->filters[i], (unsigned)i, out);
	for (size_t i = 0; i < p->policy_count; i++)
		for (size_t k = 0; k < p->policies[i].count; k++) {
			const struct policy_node *n = &p->policies[i].nodes[k];
			print_node(p->policies[i].name, n, rank++, out);
		}
}
