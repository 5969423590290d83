/* VPN instances: what makes them, and what they exchange with others (RFC 4364). */
#include "base/mem.h"
#include "l3vpnd/bgp/nlri.h"
#include "l3vpnd/commands.h"
#include <stdlib.h>
#include <string.h>

enum { TARGETS_IN_A_LINE = 8 };

static bool
is_v6(const struct args *a)
{
	return args_view(a) == VIEW_VPN_IPV6;
}

static struct bgp_vpn_config *
line_family(struct l3vpn_config *c, const struct args *a)
{
	int i = l3vpn_line_vrf(c, a); /* which may move them all */

	return &c->bgp.instances[i].vpn[is_v6(a)];
}

static struct l3vpn_family_config *
line_settings(struct l3vpn_config *c, const struct args *a)
{
	int i = l3vpn_line_vrf(c, a);

	return &c->instances[i].family[is_v6(a)];
}

/* What is not BGP's of a family. */
static void
forget_vpn(struct l3vpn_config *c, int i, bool v6)
{
	struct l3vpn_family_config *f = &c->instances[i].family[v6];

	c->bgp.instances[i].vpn[v6] = (struct bgp_vpn_config){ 0 };
	f->label_said = false;
	memset(f->tunnel_policy, 0, sizeof f->tunnel_policy);
}

static int
set_instance(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	char name[BGP_NAME];

	if (arg_copy(a, "vrf", name, sizeof name, why) != 0)
		return -1;
	if (!args_undo(a)) {
		int new = l3vpn_config_add(c, name);
		c->instances[new].said = true;
		return 0;
	}
	int i = l3vpn_config_find(c, name);
	if (i <= 0)
		return 0;
	forget_vpn(c, i, false);
	forget_vpn(c, i, true);
	memset(c->instances[i].description, 0, sizeof c->instances[i].description);
	c->instances[i].said = false;
	if (!c->instances[i].family[0].bgp_line && !c->instances[i].family[1].bgp_line)
		l3vpn_config_remove(c, name);
	return 0;
}

static int
set_description(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	int i = l3vpn_line_vrf(c, a);
	struct l3vpn_instance_config *n = &c->instances[i];

	memset(n->description, 0, sizeof n->description);
	return args_undo(a) ? 0 : arg_copy(a, "description", n->description, sizeof n->description, why);
}

static int
open_family(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	bool v6 = arg_given(a, "ipv6-family");
	int i = l3vpn_line_vrf(c, a);

	(void)why;
	if (args_undo(a))
		forget_vpn(c, i, v6);
	else
		c->bgp.instances[i].vpn[v6].on = true;
	return 0;
}

/* --- what its routes carry --- */

static int
set_rd(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	int own = l3vpn_line_vrf(c, a);
	struct bgp_vpn_config *v = line_family(c, a);
	char text[RD_TEXT];
	uint64_t rd = 0;

	if (arg_text(a, "rd") && !rd_parse(arg_text(a, "rd"), &rd))
		return conf_refuse(why,
		    "`%s` is no route distinguisher: it is AS:NUMBER or ADDRESS:NUMBER, such as 100:1, 70000:1 or "
		    "10.0.0.1:1",
		    arg_text(a, "rd"));
	if (args_undo(a)) {
		v->rd = 0;
		return 0;
	}
	if (!rd)
		return conf_refuse(why, "0:0 distinguishes nothing");
	if (v->rd && v->rd != rd)
		return conf_refuse(why,
		    "it has the route distinguisher %s, under which others know its routes; `undo route-distinguisher` "
		    "first",
		    rd_text(v->rd, text));
	for (int i = 1; i < (int)c->bgp.instance_count; i++)
		for (int f = 0; f < 2; f++)
			if (i != own && c->bgp.instances[i].vpn[f].rd == rd)
				return conf_refuse(why,
				    "VPN instance %s has this route distinguisher; give each instance its own",
				    c->bgp.instances[i].name);
	v->rd = rd;
	return 0;
}

static bool
has_target(const uint64_t *list, uint8_t count, uint64_t target)
{
	for (uint8_t i = 0; i < count; i++)
		if (list[i] == target)
			return true;
	return false;
}

static void
drop_target(uint64_t *list, uint8_t *count, uint64_t target)
{
	uint8_t kept = 0;

	for (uint8_t i = 0; i < *count; i++)
		if (list[i] != target)
			list[kept++] = list[i];
	memset(&list[kept], 0, (size_t)(*count - kept) * sizeof *list);
	*count = kept;
}

static int
add_target(uint64_t *list, uint8_t *count, uint64_t target, struct conf_error *why)
{
	if (has_target(list, *count, target))
		return 0;
	if (*count == BGP_TARGETS_MAX)
		return conf_refuse(why, "an instance has at most %d VPN targets of each kind", BGP_TARGETS_MAX);
	list[(*count)++] = target;
	return 0;
}

struct targets {
	uint64_t list[TARGETS_IN_A_LINE];
	unsigned count;
	bool all, import, export;
};

/* "111:1 222:1 both" */
static int
read_targets(const char *text, struct targets *ret, struct conf_error *why)
{
	char *copy = mem_text(text), *rest = NULL;
	int result = 0;
	bool ended = false;

	*ret = (struct targets){ 0 };
	for (char *word = strtok_r(copy, " ", &rest); word && result == 0; word = strtok_r(NULL, " ", &rest)) {
		bool both = strcasecmp(word, "both") == 0;
		bool import = both || strcasecmp(word, "import-extcommunity") == 0;
		bool export = both || strcasecmp(word, "export-extcommunity") == 0;
		if (ended)
			result = conf_refuse(why, "`%s` stands behind the end of the line", word);
		else if (import || export) {
			ret->import = import;
			ret->export = export;
			ended = true;
		} else if (strcasecmp(word, "all") == 0) {
			ret->all = true;
		} else if (ret->count == TARGETS_IN_A_LINE) {
			result = conf_refuse(
			    why, "a line has at most %d VPN targets; say the others in another", TARGETS_IN_A_LINE);
		} else if (!rt_parse(word, &ret->list[ret->count++])) {
			result = conf_refuse(why,
			    "`%s` is no VPN target: it is AS:NUMBER or ADDRESS:NUMBER, such as 111:1, 70000:1 or "
			    "10.0.0.1:1",
			    word);
		}
	}
	free(copy);
	if (!ended)
		ret->import = ret->export = true;
	if (result == 0 && ret->all == !!ret->count)
		result = conf_refuse(why, "it takes VPN targets, such as 111:1");
	return result;
}

static int
set_targets(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_vpn_config *v = line_family(conf, a);
	struct targets t;

	if (read_targets(arg_text(a, "targets"), &t, why) != 0)
		return -1;
	if (t.all && !args_undo(a))
		return conf_refuse(why, "`all` goes with `undo` alone");
	if (t.all && t.import)
		memset(v->import, 0, sizeof v->import), v->import_count = 0;
	if (t.all && t.export)
		memset(v->export, 0, sizeof v->export), v->export_count = 0;
	for (unsigned i = 0; i < t.count; i++) {
		if (args_undo(a) && t.import)
			drop_target(v->import, &v->import_count, t.list[i]);
		if (args_undo(a) && t.export)
			drop_target(v->export, &v->export_count, t.list[i]);
		if (!args_undo(a) && t.import && add_target(v->import, &v->import_count, t.list[i], why) != 0)
			return -1;
		if (!args_undo(a) && t.export && add_target(v->export, &v->export_count, t.list[i], why) != 0)
			return -1;
	}
	return 0;
}

/* --- how it forwards --- */

static int
set_label(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	line_settings(conf, a)->label_said = !args_undo(a);
	line_family(conf, a)->label_mode = args_undo(a)                  ? VPN_LABEL_PER_INSTANCE
					   : arg_given(a, "per-route")   ? VPN_LABEL_PER_ROUTE
					   : arg_given(a, "per-nexthop") ? VPN_LABEL_PER_NEXT_HOP
									 : VPN_LABEL_PER_INSTANCE;
	return 0;
}

static int
set_ttl(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	line_family(conf, a)->uniform = !args_undo(a) && arg_given(a, "uniform");
	return 0;
}

static int
set_limit(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_vpn_config *f = line_family(conf, a);

	(void)why;
	f->limit = args_undo(a) ? 0 : arg_u32(a, "routes");
	f->limit_warns = !args_undo(a) && arg_given(a, "simply-alert");
	f->limit_percent = args_undo(a) ? 0 : (uint8_t)arg_u32(a, "percent");
	return 0;
}

static int
set_tunnel_policy(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_family_config *f = line_settings(conf, a);

	memset(f->tunnel_policy, 0, sizeof f->tunnel_policy);
	return args_undo(a) ? 0 : arg_copy(a, "policy", f->tunnel_policy, sizeof f->tunnel_policy, why);
}

#define FAMILY(in)                                                                                                     \
	{ .view = in,                                                                                                  \
		.words = "route-distinguisher <word>:rd",                                                              \
		.undo = "route-distinguisher [ <word>:rd ]",                                                           \
		.set = set_rd,                                                                                         \
		.help = "What makes its routes unique among those of all VPNs: AS:NUMBER or ADDRESS:NUMBER; provider " \
			"edges of one customer's site each have their own",                                            \
		.ref = "RFC 4364 4.2" },                                                                               \
	    { .view = in,                                                                                              \
		    .words = "apply-label { per-instance | per-route | per-nexthop }",                                 \
		    .undo = "apply-label [ per-instance | per-route | per-nexthop ]",                                  \
		    .set = set_label,                                                                                  \
		    .help =                                                                                            \
			"One label for all its routes, one for each, or one for each next hop (default per-instance)", \
		    .ref = "RFC 4364 4.3.2" },                                                                         \
	    { .view = in,                                                                                              \
		    .words = "vpn-target <text>:targets",                                                              \
		    .undo = "vpn-target <text>:targets",                                                               \
		    .set = set_targets,                                                                                \
		    .help = "What its routes carry to others (export-extcommunity), and routes with what it takes "    \
			    "(import-extcommunity); up to 8, then one of the two words or `both`, the default; `undo " \
			    "vpn-target all` takes all away",                                                          \
		    .ref = "RFC 4364 4.3.1" },                                                                         \
	    { .view = in,                                                                                              \
		    .words = "ttl-mode { pipe | uniform }",                                                            \
		    .undo = "ttl-mode [ pipe | uniform ]",                                                             \
		    .set = set_ttl,                                                                                    \
		    .help = "Whether the network counts as one hop, or each of its routers (default pipe)",            \
		    .ref = "RFC 3443" },                                                                               \
	    { .view = in,                                                                                              \
		    .words = "routing-table limit <1-4294967295>:routes { simply-alert | <1-100>:percent }",           \
		    .undo = "routing-table limit",                                                                     \
		    .set = set_limit,                                                                                  \
		    .help =                                                                                            \
			"No more routes than that: above it is only said, or said from so many percent on and the "    \
			"rest not taken",                                                                              \
		    .ref = "RFC 4364 13.2" },                                                                          \
	{                                                                                                              \
		.view = in, .words = "tnl-policy <word>:policy", .undo = "tnl-policy [ <word>:policy ]",               \
		.set = set_tunnel_policy,                                                                              \
		.help = "Which tunnels the instance's routes may take, and how many at once (default: all); a path "   \
			"that it leaves without an LSP is not chosen",                                                 \
		.ref = "RFC 4364 5"                                                                                    \
	}

const struct command l3vpn_vpn_commands[] = {
	{ .view = VIEW_SYSTEM,
	    .words = "ip vpn-instance <word>:vrf",
	    .enters = VIEW_VPN,
	    .set = set_instance,
	    .help = "A VPN instance: what it exchanges with the same VPN elsewhere",
	    .ref = "reference 002" },
	{ .view = VIEW_VPN,
	    .words = "description <text>:description",
	    .undo = "description",
	    .set = set_description,
	    .help = "A note for people",
	    .ref = "reference 002" },
	{ .view = VIEW_VPN,
	    .words = "ipv4-family",
	    .enters = VIEW_VPN_IPV4,
	    .set = open_family,
	    .help = "The instance has IPv4 routes",
	    .ref = "reference 002" },
	{ .view = VIEW_VPN,
	    .words = "ipv6-family",
	    .enters = VIEW_VPN_IPV6,
	    .set = open_family,
	    .help = "The instance has IPv6 routes",
	    .ref = "RFC 4659" },
	FAMILY(VIEW_VPN_IPV4),
	FAMILY(VIEW_VPN_IPV6),
	{ .more = l3vpn_peer_commands },
};
