/*
 * What an operator can say to l3vpnd: BGP as a whole, and the views in which the other files' rows stand. A row that may
 * stand in several views has one handler, which asks in which view its line was found.
 */
#include "l3vpnd/commands.h"
#include "base/mem.h"
#include "l3vpnd/bgp/nlri.h"
#include <stdlib.h>
#include <string.h>

/* --- where a line stands --- */

int
l3vpn_line_instance(struct l3vpn_config *c, const struct args *a)
{
	enum view view = args_view(a);

	return view == VIEW_BGP_INSTANCE4 || view == VIEW_BGP_INSTANCE6 ? l3vpn_line_vrf(c, a) : 0;
}

int
l3vpn_line_vrf(struct l3vpn_config *c, const struct args *a)
{
	const char *name = arg_text(a, "vrf");

	return strlen(name) < BGP_NAME ? l3vpn_config_add(c, name) : 0;
}

enum bgp_family
l3vpn_line_family(const struct args *a)
{
	switch (args_view(a)) {
	case VIEW_BGP_IPV6:
	case VIEW_BGP_INSTANCE6: return BGP_IPV6;
	case VIEW_BGP_VPNV4: return BGP_VPNV4;
	case VIEW_BGP_VPNV6: return BGP_VPNV6;
	case VIEW_BGP_TARGETS: return BGP_RT_CONSTRAINT;
	default: return BGP_IPV4;
	}
}

struct l3vpn_family_config *
l3vpn_line_routes(struct l3vpn_config *c, const struct args *a)
{
	int i = l3vpn_line_instance(c, a); /* which may move them all */

	return &c->instances[i].family[l3vpn_line_family(a) == BGP_IPV6];
}

/* --- the process --- */

static bool
number(const char *text, size_t size, uint64_t most, uint64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9' || size > 10)
			return false;
		*ret = *ret * 10 + (uint64_t)(text[i] - '0');
	}
	return size && *ret <= most;
}

/* Both ways of RFC 5396. */
static bool
as_parse(const char *text, uint32_t *ret)
{
	const char *dot = strchr(text, '.');
	uint64_t high = 0, low;
	size_t before = dot ? (size_t)(dot - text) : 0;

	if (dot && !number(text, before, UINT16_MAX, &high))
		return false;
	text += dot ? before + 1 : 0;
	if (!number(text, strlen(text), dot ? UINT16_MAX : UINT32_MAX, &low))
		return false;
	*ret = (uint32_t)(high << 16 | low);
	return true;
}

int
l3vpn_read_as(const struct args *a, const char *name, uint32_t *ret, struct conf_error *why)
{
	const char *text = arg_text(a, name);

	*ret = 0;
	if (!text)
		return 0;
	if (!as_parse(text, ret))
		return conf_refuse(why, "`%s` is no number of an AS: it is 1-4294967295, or 0.1-65535.65535", text);
	if (!*ret || *ret == BGP_AS_TRANS)
		return conf_refuse(why, "AS %u is reserved (RFC %s)", *ret, *ret ? "6793" : "7607");
	return 0;
}

/* What BGP says of a family; its VPN side stays. */
static void
forget_routes(struct l3vpn_config *c, size_t i, bool v6)
{
	struct l3vpn_family_config *f = &c->instances[i].family[v6];

	free(f->networks);
	f->networks = NULL;
	f->network_count = 0;
	memset(f->imports, 0, sizeof f->imports);
	f->import_count = 0;
	f->default_route = false;
	f->local_preference = c->bgp.instances[i].preference[v6] = c->bgp.instances[i].external_preference[v6] = 0;
	f->bgp_line = 0;
}

/* And of an instance. */
static void
forget_instance(struct bgp_instance_config *n)
{
	struct bgp_instance_config kept = { 0 };

	memcpy(kept.vpn, n->vpn, sizeof kept.vpn);
	memcpy(kept.name, n->name, sizeof kept.name);
	free(n->peers);
	*n = kept;
}

static void
forget_bgp(struct l3vpn_config *c)
{
	for (int i = (int)c->bgp.instance_count - 1; i >= 0; i--) {
		forget_instance(&c->bgp.instances[i]);
		for (int f = 0; f < 2; f++)
			forget_routes(c, i, f);
		if (i && !c->instances[i].said)
			l3vpn_config_remove(c, c->bgp.instances[i].name);
	}
	c->bgp = (struct bgp_config){
		.instances = c->bgp.instances, .instance_count = c->bgp.instance_count, .policies = c->bgp.policies
	}; /* these stand by themselves */
	c->views = 0;
	c->no_default_ipv4 = false;
}

static int
set_bgp(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	uint32_t as;

	if (l3vpn_read_as(a, "as", &as, why) != 0)
		return -1;
	if (args_undo(a)) {
		forget_bgp(c);
		return 0;
	}
	if (c->bgp.as && c->bgp.as != as)
		return conf_refuse(why, "BGP runs in AS %u; `undo bgp` first", c->bgp.as);
	c->bgp.as = as;
	return 0;
}

static int
set_router_id(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	struct addr id = arg_addr(a, "id");
	int i = l3vpn_line_instance(c, a);
	uint32_t *where = args_view(a) == VIEW_SYSTEM ? &c->global_router_id
			  : i                         ? &c->bgp.instances[i].router_id
						      : &c->bgp.router_id;

	if (!args_undo(a) && !addr_to_v4(&id))
		return conf_refuse(why, "0.0.0.0 is no router ID");
	*where = args_undo(a) ? 0 : addr_to_v4(&id);
	return 0;
}

/* ldpd's line; its LSR ID is the router ID of one who says nothing else. */
static int
see_lsr_id(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	struct addr id = arg_addr(a, "id");

	(void)why;
	c->lsr_id = args_undo(a) ? 0 : addr_to_v4(&id);
	return 0;
}

int
l3vpn_read_timers(const struct args *a, uint16_t *hold_s, uint16_t *keepalive_s, bool *has, struct conf_error *why)
{
	uint32_t keepalive = arg_u32(a, "keepalive"), hold = arg_u32(a, "hold");

	*has = !args_undo(a);
	*hold_s = *has ? (uint16_t)hold : 0;
	*keepalive_s = *has ? (uint16_t)keepalive : 0;
	if (!*has)
		return 0;
	if (hold == 1 || hold == 2)
		return conf_refuse(why, "a hold time is 0, or 3 seconds at least (RFC 4271 4.2)");
	if (hold && keepalive > hold / 3)
		return conf_refuse(why,
		    "of a hold time of %u s the time between keepalives is a third at most, %u s (RFC 4271 4.4)", hold,
		    hold / 3);
	return 0;
}

static int
set_timer(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_config *b = &((struct l3vpn_config *)conf)->bgp;

	return l3vpn_read_timers(a, &b->hold_s, &b->keepalive_s, &b->has_hold, why);
}

static int
set_graceful(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;

	(void)why;
	if (arg_given(a, "restart")) {
		c->bgp.restart_s = args_undo(a) ? 0 : (uint16_t)arg_u32(a, "seconds");
	} else if (arg_given(a, "long-lived")) {
		c->bgp.long_lived_s = args_undo(a) ? 0 : arg_u32(a, "seconds");
	} else {
		c->bgp.graceful_off = args_undo(a);
	}
	return 0;
}

static int
set_default_ipv4(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;

	(void)why;
	c->no_default_ipv4 = args_undo(a);
	return 0;
}

static int
set_cluster(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	struct addr id = arg_addr(a, "id");
	uint32_t value = addr_is_set(&id) ? addr_to_v4(&id) : arg_u32(a, "number");

	if (!args_undo(a) && !value)
		return conf_refuse(why, "0.0.0.0 is no cluster ID");
	c->bgp.cluster_id = args_undo(a) ? 0 : value;
	return 0;
}

/* --- families --- */

static void
forget_peers(struct l3vpn_config *c, enum bgp_family f)
{
	struct bgp_instance_config *n = &c->bgp.instances[0];

	for (size_t i = 0; i < n->peer_count; i++)
		n->peers[i].family[f] = (struct bgp_peer_family){ 0 };
}

static int
open_family(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	bool v6 = arg_given(a, "ipv6-family"), vpn = arg_given(a, "vpnv4") || arg_given(a, "vpnv6");
	enum bgp_family f = arg_given(a, "vpn-target") ? BGP_RT_CONSTRAINT
			    : vpn                      ? (v6 ? BGP_VPNV6 : BGP_VPNV4)
			    : v6                       ? BGP_IPV6
						       : BGP_IPV4;

	(void)why;
	if (!args_undo(a)) {
		c->views |= BGP_FAMILY_BIT(f);
		return 0;
	}
	c->views &= ~BGP_FAMILY_BIT(f);
	forget_peers(c, f);
	if (vpn)
		c->bgp.no_target_policy = false;
	else if (f != BGP_RT_CONSTRAINT)
		forget_routes(c, 0, v6);
	return 0;
}

static int
open_instance(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	bool v6 = arg_given(a, "ipv6-family");
	char name[BGP_NAME];

	if (arg_copy(a, "vrf", name, sizeof name, why) != 0)
		return -1;
	if (!args_undo(a)) {
		int new = l3vpn_config_add(c, name);
		c->instances[new].family[v6].bgp_line = args_line(a);
		return 0;
	}
	int i = l3vpn_config_find(c, name);
	if (i <= 0)
		return 0;
	struct bgp_instance_config *n = &c->bgp.instances[i];
	size_t kept = 0;
	for (size_t k = 0; k < n->peer_count; k++)
		if ((n->peers[k].address.family == 6) != v6)
			n->peers[kept++] = n->peers[k];
	n->peer_count = kept;
	forget_routes(c, i, v6);
	if (!c->instances[i].family[!v6].bgp_line)
		forget_instance(n);
	if (!c->instances[i].family[!v6].bgp_line && !c->instances[i].said)
		l3vpn_config_remove(c, name);
	return 0;
}

/* That routes wait until the IGP has them too is of the time when not every router spoke BGP. */
static int
set_synchronization(void *conf, const struct args *a, struct conf_error *why)
{
	(void)conf;
	return args_undo(a)
		   ? 0
		   : conf_refuse(why, "routes of BGP never wait for the IGP; `undo synchronization` is how it is");
}

static int
set_target_policy(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;

	(void)why;
	c->bgp.no_target_policy = args_undo(a);
	return 0;
}

#define CLUSTER(in)                                                                                                   \
	{                                                                                                             \
		.view = in, .words = "reflector cluster-id { <address>:id | <1-4294967295>:number }",                 \
		.undo = "reflector cluster-id", .set = set_cluster,                                                   \
		.help = "Of the cluster whose routes this router reflects, in all families (default: the router ID)", \
		.ref = "RFC 4456 7"                                                                                   \
	}
#define TARGET_POLICY(in)                                                                                              \
	{                                                                                                              \
		.view = in, .words = "policy vpn-target", .undo = "policy vpn-target", .set = set_target_policy,       \
		.help =                                                                                                \
		    "Routes that no VPN instance here imports are not kept, which is the default; a reflector undoes " \
		    "it, for both families",                                                                           \
		.ref = "RFC 4364 4.3.3"                                                                                \
	}
#define SYNCHRONIZATION(in)                                                                              \
	{                                                                                                \
		.view = in, .words = "synchronization", .set = set_synchronization,                      \
		.help = "Refused: routes of BGP never wait for the IGP, as `undo synchronization` says", \
		.ref = "reference 002"                                                                   \
	}
#define INSTANCE_ROUTER_ID(in)                                                                             \
	{                                                                                                  \
		.view = in, .words = "router-id <address>:id", .undo = "router-id", .set = set_router_id,  \
		.help = "Towards the peers of this instance (default: that of BGP)", .ref = "RFC 4271 4.2" \
	}

const struct command l3vpn_commands[] = {
	{ .view = VIEW_SYSTEM,
	    .words = "bgp <word>:as",
	    .undo = "bgp [ <word>:as ]",
	    .enters = VIEW_BGP,
	    .set = set_bgp,
	    .help = "BGP, and the AS that this router is in: 1-4294967295, or as two numbers with a dot",
	    .ref = "RFC 4271, RFC 6793" },
	{ .view = VIEW_SYSTEM,
	    .words = "router id <address>:id",
	    .undo = "router id",
	    .set = set_router_id,
	    .help =
		"The router ID of BGP where it has none of its own (default: the LSR ID, then a loopback's address)",
	    .ref = "RFC 4271 4.2" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls lsr-id <lsr-id>:id",
	    .set = see_lsr_id,
	    .help = "This router's LSR id is its router ID in BGP as well",
	    .ref = "reference 002" },
	{ .view = VIEW_BGP,
	    .words = "router-id <address>:id",
	    .undo = "router-id",
	    .set = set_router_id,
	    .help = "The router ID of BGP (default: `router id`, then the LSR ID)",
	    .ref = "RFC 4271 4.2" },
	{ .view = VIEW_BGP,
	    .words = "default ipv4-unicast",
	    .undo = "default ipv4-unicast",
	    .set = set_default_ipv4,
	    .help = "Peers with an IPv4 address exchange IPv4 routes, which is the default; stands before the peers",
	    .ref = "RFC 4760 8" },
	{ .view = VIEW_BGP,
	    .words = "graceful-restart",
	    .undo = "graceful-restart",
	    .set = set_graceful,
	    .help = "Peers keep our routes while this router's BGP is away, and we theirs; this is the default",
	    .ref = "RFC 4724" },
	{ .view = VIEW_BGP,
	    .words = "graceful-restart timer restart <3-4095>:seconds",
	    .undo = "graceful-restart timer restart",
	    .set = set_graceful,
	    .help = "How long peers are asked to keep our routes (default 150)",
	    .ref = "RFC 4724 3" },
	{ .view = VIEW_BGP,
	    .words = "graceful-restart long-lived <1-16777215>:seconds",
	    .undo = "graceful-restart long-lived",
	    .set = set_graceful,
	    .help = "And so long after that, as routes that come behind all others (default: not at all)",
	    .ref = "RFC 9494" },
	{ .view = VIEW_BGP,
	    .words = "timer keepalive <0-21845>:keepalive hold <0-65535>:hold",
	    .undo = "timer",
	    .set = set_timer,
	    .help =
		"Of peers that have no timers of their own, from their next session on; the lower hold time of both "
		"ends counts (default 60 180)",
	    .ref = "RFC 4271 4.2" },
	{ .view = VIEW_BGP,
	    .words = "ipv4-family unicast",
	    .enters = VIEW_BGP_IPV4,
	    .set = open_family,
	    .help = "IPv4 routes of the public network",
	    .ref = "reference 002" },
	{ .view = VIEW_BGP,
	    .words = "ipv6-family unicast",
	    .enters = VIEW_BGP_IPV6,
	    .set = open_family,
	    .help = "IPv6 routes of the public network",
	    .ref = "RFC 2545" },
	{ .view = VIEW_BGP,
	    .words = "ipv4-family vpnv4",
	    .enters = VIEW_BGP_VPNV4,
	    .set = open_family,
	    .help = "IPv4 routes of VPN instances, between provider edges",
	    .ref = "reference 002" },
	{ .view = VIEW_BGP,
	    .words = "ipv6-family vpnv6",
	    .enters = VIEW_BGP_VPNV6,
	    .set = open_family,
	    .help = "IPv6 routes of VPN instances, between provider edges",
	    .ref = "RFC 4659" },
	{ .view = VIEW_BGP,
	    .words = "ipv4-family vpn-target",
	    .enters = VIEW_BGP_TARGETS,
	    .set = open_family,
	    .help = "Which route targets each router wants, so that others do not send it the rest",
	    .ref = "RFC 4684" },
	{ .view = VIEW_BGP,
	    .words = "ipv4-family vpn-instance <word>:vrf",
	    .enters = VIEW_BGP_INSTANCE4,
	    .set = open_instance,
	    .help = "IPv4 routes of a VPN instance: its peers, and what is brought in",
	    .ref = "reference 002" },
	{ .view = VIEW_BGP,
	    .words = "ipv6-family vpn-instance <word>:vrf",
	    .enters = VIEW_BGP_INSTANCE6,
	    .set = open_instance,
	    .help = "IPv6 routes of a VPN instance",
	    .ref = "RFC 4659" },
	CLUSTER(VIEW_BGP),
	CLUSTER(VIEW_BGP_IPV4),
	CLUSTER(VIEW_BGP_IPV6),
	CLUSTER(VIEW_BGP_VPNV4),
	CLUSTER(VIEW_BGP_VPNV6),
	SYNCHRONIZATION(VIEW_BGP),
	SYNCHRONIZATION(VIEW_BGP_IPV4),
	SYNCHRONIZATION(VIEW_BGP_IPV6),
	TARGET_POLICY(VIEW_BGP_VPNV4),
	TARGET_POLICY(VIEW_BGP_VPNV6),
	INSTANCE_ROUTER_ID(VIEW_BGP_INSTANCE4),
	INSTANCE_ROUTER_ID(VIEW_BGP_INSTANCE6),
	{ .more = l3vpn_vpn_commands },
};

/* --- the whole --- */

static void
check_vpn(const struct l3vpn_config *c, size_t i, struct conf_error *why)
{
	static const char *const families[] = { "ipv4-family", "ipv6-family" };

	for (int f = 0; f < 2; f++) {
		const struct bgp_vpn_config *v = &c->bgp.instances[i].vpn[f];
		if (v->on && !v->rd && (v->import_count || v->export_count))
			conf_warn(why,
			    "VPN instance %s has VPN targets but no route distinguisher: nobody is told its routes "
			    "until "
			    "`route-distinguisher` stands under its `%s`",
			    c->bgp.instances[i].name, families[f]);
	}
}

static void
check_config(void *conf, struct conf_error *why)
{
	struct l3vpn_config *c = conf;

	for (size_t i = 1; i < c->bgp.instance_count; i++) {
		const struct l3vpn_instance_config *n = &c->instances[i];
		const char *name = c->bgp.instances[i].name;
		for (int f = 0; f < 2; f++) {
			conf_about(why, n->family[f].bgp_line);
			if (n->family[f].bgp_line && !n->said)
				conf_refuse(why,
				    "there is no VPN instance %s; define it with `ip vpn-instance %s` and an `%s` in "
				    "it",
				    name, name, f ? "ipv6-family" : "ipv4-family");
			else if (n->family[f].bgp_line && !c->bgp.instances[i].vpn[f].on)
				conf_refuse(why,
				    "VPN instance %s has no %s; `%s` under `ip vpn-instance %s` gives it one", name,
				    f ? "IPv6" : "IPv4", f ? "ipv6-family" : "ipv4-family", name);
		}
		conf_about(why, 0);
		check_vpn(c, i, why);
	}
}

static void *
fresh_config(void)
{
	struct l3vpn_config *c = NEW(struct l3vpn_config);

	l3vpn_config_init(c);
	return c;
}

static void
drop_config(void *conf)
{
	if (conf)
		l3vpn_config_free(conf);
	free(conf);
}

const struct conf_kind l3vpn_conf = {
	.rows = l3vpn_commands, .fresh = fresh_config, .drop = drop_config, .check = check_config
};
