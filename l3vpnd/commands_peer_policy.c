/* Who is attached to which policy: peers, VPN instances; and what else of a peer's routes is said beside it. */
#include "l3vpnd/commands.h"
#include <stdio.h>
#include <string.h>

static struct bgp_peer_family *
line_family(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_config *p = l3vpn_line_peer(conf, a, why);

	return p ? &p->family[l3vpn_line_family(a)] : NULL;
}

/* Nothing but zeros stands behind a name: settings are compared as bytes. */
static int
set_name(char room[BGP_NAME], const char *parameter, const struct args *a, struct conf_error *why)
{
	char name[BGP_NAME] = "";

	if (!args_undo(a) && arg_copy(a, parameter, name, sizeof name, why) != 0)
		return -1;
	memset(room, 0, BGP_NAME);
	snprintf(room, BGP_NAME, "%s", name);
	return 0;
}

static int
set_policy(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_family *f = line_family(conf, a, why);

	return f ? set_name(arg_given(a, "import") ? f->import_policy : f->export_policy, "policy", a, why) : -1;
}

static int
set_prefixes(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_family *f = line_family(conf, a, why);

	return f ? set_name(arg_given(a, "import") ? f->import_prefixes : f->export_prefixes, "list", a, why) : -1;
}

static int
set_add_path(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_family *f = line_family(conf, a, why);

	if (!f)
		return -1;
	f->send_add_path = !args_undo(a);
	return 0;
}

static int
set_path_number(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_family *f = line_family(conf, a, why);

	if (!f)
		return -1;
	f->add_paths = args_undo(a) ? 0 : (uint8_t)arg_u32(a, "paths");
	return 0;
}

static int
set_role(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	struct bgp_peer_config *p = l3vpn_line_peer(c, a, why);
	enum bgp_role role = arg_given(a, "provider")    ? BGP_ROLE_PROVIDER
			     : arg_given(a, "customer")  ? BGP_ROLE_CUSTOMER
			     : arg_given(a, "rs")        ? BGP_ROLE_RS
			     : arg_given(a, "rs-client") ? BGP_ROLE_RS_CLIENT
							 : BGP_ROLE_PEER;

	if (!p)
		return -1;
	if (!args_undo(a) && p->as == c->bgp.as)
		return conf_refuse(why, "the peer is in our own AS; a role is for external ones");
	p->role = args_undo(a) ? BGP_ROLE_NONE : (uint8_t)role;
	p->role_strict = !args_undo(a) && arg_given(a, "strict");
	return 0;
}

static int
set_vpn_policy(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	int i = l3vpn_config_add(c, arg_text(a, "vrf"));
	struct bgp_vpn_config *v = &c->bgp.instances[i].vpn[args_view(a) == VIEW_VPN_IPV6];

	return set_name(arg_given(a, "import") ? v->import_policy : v->export_policy, "policy", a, why);
}

#define PEER "peer <ip>:peer "
#define ROLE(in)                                                                                               \
	{                                                                                                      \
		.view = in, .words = PEER "role { provider | customer | peer | rs | rs-client } [ strict ]",   \
		.undo = PEER "role", .set = set_role,                                                          \
		.help = "What we are to this external peer; routes that come back up are leaks, and not used", \
		.ref = "RFC 9234"                                                                              \
	}
#define POLICY(in)                                                                                                 \
	{ .view = in,                                                                                              \
		.words = PEER "route-policy <word>:policy { import | export }",                                    \
		.undo = PEER "route-policy [ <word>:policy ] { import | export }",                                 \
		.set = set_policy,                                                                                 \
		.help = "What the policy permits is taken from the peer, or told to it, as the policy changes it", \
		.ref = "RFC 4271 9" },                                                                             \
	    { .view = in,                                                                                          \
		    .words = PEER "ip-prefix <word>:list { import | export }",                                     \
		    .undo = PEER "ip-prefix [ <word>:list ] { import | export }",                                  \
		    .set = set_prefixes,                                                                           \
		    .help = "Routes to what the list permits are taken from the peer, or told to it",              \
		    .ref = "RFC 4271 9" },                                                                         \
	    { .view = in,                                                                                          \
		    .words = PEER "capability-advertise add-path send",                                            \
		    .set = set_add_path,                                                                           \
		    .help = "The peer is told several paths to one destination, if it takes them",                 \
		    .ref = "RFC 7911" },                                                                           \
	{                                                                                                          \
		.view = in, .words = PEER "advertise add-path path-number <2-64>:paths",                           \
		.undo = PEER "advertise add-path path-number", .set = set_path_number,                             \
		.help = "So many of them, the best (default: all that may be used)", .ref = "RFC 7911"             \
	}
#define INSTANCE(in)                                                                                            \
	{                                                                                                       \
		.view = in, .words = "{ import | export } route-policy <word>:policy",                          \
		.undo = "{ import | export } route-policy", .set = set_vpn_policy,                              \
		.help = "What the policy permits is brought in from others, or told to them, as it changes it", \
		.ref = "RFC 4364 4.3"                                                                           \
	}

const struct command l3vpn_peer_policy_commands[] = {
	ROLE(VIEW_BGP),
	ROLE(VIEW_BGP_INSTANCE4),
	ROLE(VIEW_BGP_INSTANCE6),
	POLICY(VIEW_BGP_IPV4),
	POLICY(VIEW_BGP_IPV6),
	POLICY(VIEW_BGP_VPNV4),
	POLICY(VIEW_BGP_VPNV6),
	POLICY(VIEW_BGP_INSTANCE4),
	POLICY(VIEW_BGP_INSTANCE6),
	INSTANCE(VIEW_VPN_IPV4),
	INSTANCE(VIEW_VPN_IPV6),
	{ .more = l3vpn_route_commands },
};
