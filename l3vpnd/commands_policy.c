/* What an operator can say of policies: prefix lists, filters, and the nodes of route-policies. */
#include "l3vpnd/commands_policy.h"
#include "l3vpnd/commands.h"
#include "l3vpnd/bgp/nlri.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bgp_policies *
policies(void *conf)
{
	return &((struct l3vpn_config *)conf)->bgp.policies;
}

/* --- prefix lists --- */

static int
set_prefix_rule(void *conf, const struct args *a, struct conf_error *why)
{
	char name[POLICY_NAME], text[PREFIX_TEXT];
	struct addr address = arg_addr(a, "address");
	bool six = arg_given(a, "ipv6-prefix");
	uint8_t most = six ? 128 : 32;
	struct prefix p = prefix_make(address, six ? (uint8_t)arg_u32(a, "length") : arg_mask(a, "mask"));
	struct prefix network = prefix_network(p);
	struct prefix_lists *lists = six ? &policies(conf)->prefixes6 : &policies(conf)->prefixes4;
	struct prefix_rule r = { .index = arg_u32(a, "index"), .permit = arg_given(a, "permit"), .prefix = network };

	if (arg_copy(a, "list", name, sizeof name, why) != 0)
		return -1;
	if (args_undo(a)) {
		prefix_lists_remove(lists, name, arg_u32(a, "index"));
		return 0;
	}
	if (!prefix_eq(&p, &network))
		return conf_refuse(
		    why, "this network has bits behind its mask; did you mean %s?", prefix_text(&network, text));
	r.greater_equal = arg_given(a, "ge") ? (uint8_t)arg_u32(a, "ge") : network.len;
	r.less_equal = arg_given(a, "le") ? (uint8_t)arg_u32(a, "le") : arg_given(a, "ge") ? most : network.len;
	if (r.greater_equal < network.len || r.less_equal < r.greater_equal)
		return conf_refuse(
		    why, "lengths go up: %u, then greater-equal, then less-equal, at most %u", network.len, most);
	if (!prefix_lists_set(lists, name, r))
		return conf_refuse(
		    why, "the last rule of %s has the highest index there is; give this one an index", name);
	return 0;
}

/* --- communities --- */

static const struct {
	const char *word;
	uint32_t community;
} well_known[] = { { "internet", 0 }, { "no-export", COMMUNITY_NO_EXPORT }, { "no-advertise", COMMUNITY_NO_ADVERTISE },
	{ "no-export-subconfed", COMMUNITY_NO_EXPORT_SUBCONFED },
	{ "graceful-shutdown", COMMUNITY_GRACEFUL_SHUTDOWN } };

/* A number up to `most`; the text goes on behind it. */
static bool
number(const char **text, uint32_t most, uint32_t *ret)
{
	uint64_t v = 0;
	const char *c = *text;

	while (*c >= '0' && *c <= '9' && v <= UINT32_MAX)
		v = v * 10 + (uint64_t)(*c++ - '0');
	bool good = c != *text && v <= most;
	*text = c;
	*ret = (uint32_t)v;
	return good;
}

static bool
community_parse(const char *text, uint32_t *ret)
{
	uint32_t high, low;

	for (size_t i = 0; i < sizeof well_known / sizeof *well_known; i++)
		if (!strcmp(text, well_known[i].word)) {
			*ret = well_known[i].community;
			return true;
		}
	if (!strchr(text, ':'))
		return number(&text, UINT32_MAX, ret) && !*text;
	if (!number(&text, UINT16_MAX, &high) || *text++ != ':' || !number(&text, UINT16_MAX, &low) || *text)
		return false;
	*ret = high << 16 | low;
	return true;
}

struct said { /* a list at the end of a line */
	uint64_t values[POLICY_COMMUNITIES];
	uint8_t count;
	bool additive;
};

static int
one_more(struct said *s, uint64_t value, struct conf_error *why)
{
	if (s->count == POLICY_COMMUNITIES)
		return conf_refuse(why, "at most %d of them in a line", POLICY_COMMUNITIES);
	s->values[s->count++] = value;
	return 0;
}

/* "100:1 no-export additive", or with `targets` "rt 111:1 rt 222:2 additive". */
static int
read_list(const char *text, bool targets, struct said *s, struct conf_error *why)
{
	char copy[1024], *rest = NULL;
	bool expected = false; /* the target of the `rt` before */

	*s = (struct said){ 0 };
	snprintf(copy, sizeof copy, "%s", text);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		uint32_t community;
		uint64_t target;
		if (s->additive)
			return conf_refuse(why, "`additive` is the last word of the line");
		if (!strcmp(word, "additive") && !expected && s->count) {
			s->additive = true;
		} else if (targets && !expected) {
			if (strcmp(word, "rt") != 0)
				return conf_refuse(why, "`%s`: each route target is led in by `rt`", word);
			expected = true;
		} else if (targets) {
			expected = false;
			if (!rt_parse(word, &target))
				return conf_refuse(why,
				    "`%s` is no route target: it is AS:NUMBER or ADDRESS:NUMBER, such as 100:1", word);
			if (one_more(s, target, why) != 0)
				return -1;
		} else {
			if (!community_parse(word, &community))
				return conf_refuse(why,
				    "`%s` is no community: it is AS:NUMBER, a number, or a well-known one such as "
				    "no-export",
				    word);
			if (one_more(s, community, why) != 0)
				return -1;
		}
	}
	if (expected || !s->count)
		return conf_refuse(why, "a %s is missing", targets ? "route target" : "community");
	return 0;
}

/* --- filters --- */

static int
set_filter(void *conf, const struct args *a, struct conf_error *why)
{
	enum policy_filter_kind kind = arg_given(a, "as-path-filter")        ? FILTER_AS_PATH
				       : arg_given(a, "extcommunity-filter") ? FILTER_EXT
									     : FILTER_COMMUNITY;
	struct policy_filter_rule r = { .index = arg_u32(a, "index"), .permit = arg_given(a, "permit") };
	char name[POLICY_NAME], reason[128];
	struct said s = { 0 };

	if (arg_copy(a, "filter", name, sizeof name, why) != 0)
		return -1;
	if (args_undo(a)) {
		policy_filter_remove(policies(conf), kind, name, r.index);
		return 0;
	}
	if (kind != FILTER_AS_PATH &&
	    read_list(arg_text(a, kind == FILTER_EXT ? "rts" : "communities"), kind == FILTER_EXT, &s, why) != 0)
		return -1;
	if (s.additive)
		return conf_refuse(why, "a filter asks; `additive` is said where something is applied");
	r.count = s.count;
	memcpy(r.values, s.values, sizeof r.values);
	if (!policy_filter_add(policies(conf), kind, name, r, arg_text(a, "regex"), reason))
		return conf_refuse(why, "`%s` is no regular expression: %s", arg_text(a, "regex"), reason);
	return 0;
}

/* --- route-policies --- */

static struct policy_node *
line_node(void *conf, const struct args *a)
{
	static struct policy_node nobody; /* the line that opens the view was refused */
	const char *name = arg_text(a, "policy");

	if (!name || strlen(name) >= POLICY_NAME)
		return &nobody;
	return policy_node(policies(conf), name, arg_u32(a, "node"));
}

static int
set_policy(void *conf, const struct args *a, struct conf_error *why)
{
	char name[POLICY_NAME];

	if (arg_copy(a, "policy", name, sizeof name, why) != 0)
		return -1;
	if (args_undo(a)) {
		policy_remove(policies(conf), name, arg_given(a, "node") ? arg_u32(a, "node") : POLICY_ALL);
		return 0;
	}
	line_node(conf, a)->permit = arg_given(a, "permit");
	return 0;
}

/* Names fill their room with zeros: nodes are compared as bytes. */
static int
set_name(char room[POLICY_NAME], const char *parameter, const struct args *a, struct conf_error *why)
{
	memset(room, 0, POLICY_NAME);
	return args_undo(a) ? 0 : arg_copy(a, parameter, room, POLICY_NAME, why);
}

static int
match_prefix(void *conf, const struct args *a, struct conf_error *why)
{
	struct policy_match *m = &line_node(conf, a)->match;
	bool six = arg_given(a, "ipv6");
	char *room = arg_given(a, "next-hop") ? six ? m->next_hop6 : m->next_hop4 : six ? m->prefixes6 : m->prefixes4;

	return set_name(room, "list", a, why);
}

static int
match_filter(void *conf, const struct args *a, struct conf_error *why)
{
	enum policy_filter_kind kind = arg_given(a, "as-path-filter")        ? FILTER_AS_PATH
				       : arg_given(a, "extcommunity-filter") ? FILTER_EXT
									     : FILTER_COMMUNITY;

	return set_name(line_node(conf, a)->match.filter[kind], "filter", a, why);
}

static int
match_cost(void *conf, const struct args *a, struct conf_error *why)
{
	struct policy_match *m = &line_node(conf, a)->match;

	(void)why;
	m->has_cost = !args_undo(a);
	m->cost = args_undo(a) ? 0 : arg_u32(a, "cost");
	return 0;
}

static int
match_type(void *conf, const struct args *a, struct conf_error *why)
{
	enum policy_source source = arg_given(a, "internal")   ? POLICY_INTERNAL
				    : arg_given(a, "external") ? POLICY_EXTERNAL
							       : POLICY_OWN;

	(void)why;
	line_node(conf, a)->match.sources = args_undo(a) ? 0 : (uint8_t)source;
	return 0;
}

static int
apply_number(void *conf, const struct args *a, struct conf_error *why)
{
	struct policy_apply *y = &line_node(conf, a)->apply;
	uint32_t value = args_undo(a) ? 0 : arg_u32(a, "value");

	(void)why;
	if (arg_given(a, "local-preference")) {
		y->has_local_pref = !args_undo(a);
		y->local_pref = value;
	} else {
		y->has_preferred = !args_undo(a);
		y->preferred = (uint16_t)value;
	}
	return 0;
}

static int
apply_cost(void *conf, const struct args *a, struct conf_error *why)
{
	struct policy_apply *y = &line_node(conf, a)->apply;
	enum policy_cost_way way = arg_given(a, "none") ? COST_NONE
				   : arg_given(a, "+")  ? COST_MORE
				   : arg_given(a, "-")  ? COST_LESS
							: COST_SET;

	(void)why;
	y->cost_way = (uint8_t)(args_undo(a) ? COST_LEFT : way);
	y->cost = args_undo(a) || way == COST_NONE ? 0 : arg_u32(a, "value");
	return 0;
}

static int
apply_communities(void *conf, const struct args *a, struct conf_error *why)
{
	struct policy_apply *y = &line_node(conf, a)->apply;
	bool none = !args_undo(a) && !strcmp(arg_text(a, "communities"), "none");
	struct said s = { 0 };

	if (!args_undo(a) && !none && read_list(arg_text(a, "communities"), false, &s, why) != 0)
		return -1;
	y->communities_way = (uint8_t)(args_undo(a) ? LIST_LEFT
				       : none       ? LIST_EMPTIED
				       : s.additive ? LIST_ADDED
						    : LIST_SET);
	y->community_count = s.count;
	for (unsigned i = 0; i < POLICY_COMMUNITIES; i++)
		y->communities[i] = (uint32_t)s.values[i];
	return 0;
}

static int
apply_targets(void *conf, const struct args *a, struct conf_error *why)
{
	struct policy_apply *y = &line_node(conf, a)->apply;
	struct said s = { 0 };

	if (!args_undo(a) && read_list(arg_text(a, "rts"), true, &s, why) != 0)
		return -1;
	y->targets_way = (uint8_t)(args_undo(a) ? LIST_LEFT : s.additive ? LIST_ADDED : LIST_SET);
	y->target_count = s.count;
	memcpy(y->targets, s.values, sizeof y->targets);
	return 0;
}

/* "100 100 additive": a path is made longer, and never another. */
static int
apply_path(void *conf, const struct args *a, struct conf_error *why)
{
	struct policy_apply *y = &line_node(conf, a)->apply;
	uint32_t prepends[POLICY_PREPENDS] = { 0 };
	const char *text = args_undo(a) ? "additive" : arg_text(a, "path");
	uint8_t count = 0;

	while (*text >= '0' && *text <= '9') {
		if (count == POLICY_PREPENDS)
			return conf_refuse(why, "at most %d ASes are put in front", POLICY_PREPENDS);
		if (!number(&text, UINT32_MAX, &prepends[count]) || !prepends[count] || (*text && *text != ' '))
			return conf_refuse(why, "an AS is a number from 1 to 4294967295");
		count++;
		text += *text == ' ';
	}
	if (strcmp(text, "additive") != 0 || (!count && !args_undo(a)))
		return conf_refuse(
		    why, "ASes are put in front of a path, as in `apply as-path 100 100 additive`; none is taken away");
	y->prepend_count = count;
	memcpy(y->prepends, prepends, sizeof y->prepends);
	return 0;
}

static int
apply_origin(void *conf, const struct args *a, struct conf_error *why)
{
	struct policy_apply *y = &line_node(conf, a)->apply;
	enum bgp_origin origin = arg_given(a, "igp")   ? ORIGIN_IGP
				 : arg_given(a, "egp") ? ORIGIN_EGP
						       : ORIGIN_INCOMPLETE;

	(void)why;
	y->has_origin = !args_undo(a);
	y->origin = args_undo(a) ? 0 : (uint8_t)origin;
	return 0;
}

static int
apply_next_hop(void *conf, const struct args *a, struct conf_error *why)
{
	struct policy_apply *y = &line_node(conf, a)->apply;
	struct addr *where = arg_given(a, "ipv6") ? &y->next_hop6 : &y->next_hop4;

	(void)why;
	*where = args_undo(a) ? addr_none() : arg_addr(a, "address");
	return 0;
}

#define RANGE4 "[ greater-equal <0-32>:ge ] [ less-equal <0-32>:le ]"
#define RANGE6 "[ greater-equal <0-128>:ge ] [ less-equal <0-128>:le ]"
#define INDEX "[ index <1-4294967295>:index ]"

const struct command l3vpn_policy_commands[] = {
	{ .view = VIEW_SYSTEM,
	    .words = "ip ip-prefix <word>:list " INDEX " { permit | deny } <address>:address <mask>:mask " RANGE4,
	    .undo = "ip ip-prefix <word>:list " INDEX,
	    .set = set_prefix_rule,
	    .help = "A line of a prefix list; the first that matches decides, what none matches is denied",
	    .ref = "reference 002" },
	{ .view = VIEW_SYSTEM,
	    .words = "ip ipv6-prefix <word>:list " INDEX " { permit | deny } <address6>:address <0-128>:length " RANGE6,
	    .undo = "ip ipv6-prefix <word>:list " INDEX,
	    .set = set_prefix_rule,
	    .help = "A line of a prefix list of IPv6",
	    .ref = "reference 002" },
	{ .view = VIEW_SYSTEM,
	    .words = "ip community-filter <word>:filter " INDEX " { permit | deny } <text>:communities",
	    .undo = "ip community-filter <word>:filter " INDEX,
	    .set = set_filter,
	    .help = "A line of a filter that is met by routes with all of these communities",
	    .ref = "RFC 1997" },
	{ .view = VIEW_SYSTEM,
	    .words = "ip extcommunity-filter <word>:filter " INDEX " { permit | deny } <text>:rts",
	    .undo = "ip extcommunity-filter <word>:filter " INDEX,
	    .set = set_filter,
	    .help = "A line of a filter that is met by routes with all of these route targets, as in `rt 100:1`",
	    .ref = "RFC 4360" },
	{ .view = VIEW_SYSTEM,
	    .words = "ip as-path-filter <word>:filter " INDEX " { permit | deny } <text>:regex",
	    .undo = "ip as-path-filter <word>:filter " INDEX,
	    .set = set_filter,
	    .help =
		"A line of a filter that is met by AS paths; `_` is what parts ASes, `^$` the path of our own routes",
	    .ref = "RFC 4271 9" },
	{ .view = VIEW_SYSTEM,
	    .words = "route-policy <word>:policy { permit | deny } node <0-65535>:node",
	    .undo = "route-policy <word>:policy [ node <0-65535>:node ]",
	    .enters = VIEW_ROUTE_POLICY,
	    .set = set_policy,
	    .help = "A node of a policy; the first whose if-match lines are all met decides, and none is a no",
	    .ref = "RFC 4271 9" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "if-match ip-prefix <word>:list",
	    .undo = "if-match ip-prefix",
	    .set = match_prefix,
	    .help = "The route is to a prefix that the list permits",
	    .ref = "reference 002" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "if-match ipv6 address prefix-list <word>:list",
	    .undo = "if-match ipv6 address prefix-list",
	    .set = match_prefix,
	    .help = "The route is to a prefix of IPv6 that the list permits",
	    .ref = "reference 002" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "if-match ip next-hop ip-prefix <word>:list",
	    .undo = "if-match ip next-hop ip-prefix",
	    .set = match_prefix,
	    .help = "The next hop is one that the list permits",
	    .ref = "reference 002" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "if-match ipv6 next-hop prefix-list <word>:list",
	    .undo = "if-match ipv6 next-hop prefix-list",
	    .set = match_prefix,
	    .help = "The next hop is one of IPv6 that the list permits",
	    .ref = "reference 002" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "if-match { community-filter | extcommunity-filter | as-path-filter } <word>:filter",
	    .undo = "if-match { community-filter | extcommunity-filter | as-path-filter }",
	    .set = match_filter,
	    .help = "The filter permits what the route has; one that does not exist permits everything",
	    .ref = "RFC 1997" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "if-match cost <0-4294967295>:cost",
	    .undo = "if-match cost",
	    .set = match_cost,
	    .help = "The MED is this one; without any it is 0",
	    .ref = "RFC 4271 5.1.4" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "if-match route-type { internal | external | local }",
	    .undo = "if-match route-type",
	    .set = match_type,
	    .help = "It comes from a peer of our AS, from one of another, or is our own",
	    .ref = "RFC 4271 9" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "apply local-preference <0-4294967295>:value",
	    .undo = "apply local-preference",
	    .set = apply_number,
	    .help = "The highest is preferred in our AS",
	    .ref = "RFC 4271 5.1.5" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "apply preferred-value <0-65535>:value",
	    .undo = "apply preferred-value",
	    .set = apply_number,
	    .help =
		"The highest is preferred before everything else, here alone; more than 0 counts instead of a peer's",
	    .ref = "reference 002" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "apply cost [ { + | - } ] <0-4294967295>:value",
	    .undo = "apply cost",
	    .set = apply_cost,
	    .help = "The MED, or so much more or less than it is",
	    .ref = "RFC 4271 5.1.4" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "apply cost none",
	    .undo = "",
	    .set = apply_cost,
	    .help = "No MED",
	    .ref = "RFC 4271 5.1.4" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "apply community <text>:communities",
	    .undo = "apply community",
	    .set = apply_communities,
	    .help = "These communities alone; with `additive` at the end, beside those that are there; `none`: none",
	    .ref = "RFC 1997" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "apply extcommunity <text>:rts",
	    .undo = "apply extcommunity",
	    .set = apply_targets,
	    .help =
		"These route targets alone, as in `rt 100:1 rt 100:2`; with `additive` at the end, beside the others",
	    .ref = "RFC 4360" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "apply as-path <text>:path",
	    .undo = "apply as-path",
	    .set = apply_path,
	    .help = "ASes are put in front of the path, as in `apply as-path 100 100 additive`",
	    .ref = "RFC 4271 9.1.2.2" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "apply origin { igp | egp | incomplete }",
	    .undo = "apply origin",
	    .set = apply_origin,
	    .help = "Where the route was brought in",
	    .ref = "RFC 4271 5.1.1" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "apply ip-address next-hop <address>:address",
	    .undo = "apply ip-address next-hop",
	    .set = apply_next_hop,
	    .help = "Packets go there, whoever told the route",
	    .ref = "RFC 4271 5.1.3" },
	{ .view = VIEW_ROUTE_POLICY,
	    .words = "apply ipv6 next-hop <address6>:address",
	    .undo = "apply ipv6 next-hop",
	    .set = apply_next_hop,
	    .help = "Packets of IPv6 go there, whoever told the route",
	    .ref = "RFC 4271 5.1.3" },
	{ 0 },
};
