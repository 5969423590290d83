/* What is exchanged with a peer in one family. */
#include "l3vpnd/bgp/nlri.h"
#include "l3vpnd/commands.h"
#include <string.h>

enum { SITE_OF_ORIGIN = 3 }; /* its subtype, RFC 4360 5; a route target's is 2 */

static struct bgp_peer_family *
line_family(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_config *p = l3vpn_line_peer(conf, a, why);

	return p ? &p->family[l3vpn_line_family(a)] : NULL;
}

static int
set_flag(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_family *f = line_family(conf, a, why);

	if (!f)
		return -1;
	bool *flag = arg_given(a, "enable")           ? &f->enabled
		     : arg_given(a, "reflect-client") ? &f->reflect_client
		     : arg_given(a, "next-hop-local") ? &f->next_hop_local
		     : arg_given(a, "substitute-as")  ? &f->substitute_as
						      : &f->receive_add_path;
	*flag = !args_undo(a);
	return 0;
}

/* Only internal peers are reflected to; whose AS stands in the place of ours is only asked of an external one. */
static int
set_kind(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	struct bgp_peer_config *p = l3vpn_line_peer(c, a, why);

	if (!p)
		return -1;
	if (!args_undo(a) && arg_given(a, "reflect-client") && p->as != c->bgp.as)
		return conf_refuse(why, "the peer is in AS %u: only routes of our own AS are reflected", p->as);
	if (!args_undo(a) && arg_given(a, "substitute-as") && p->as == c->bgp.as)
		return conf_refuse(why, "the peer is in our own AS, which is no other's to stand for");
	return set_flag(conf, a, why);
}

static int
set_loop(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_family *f = line_family(conf, a, why);

	if (!f)
		return -1;
	f->allow_as_loop = args_undo(a) ? 0 : arg_given(a, "times") ? (uint8_t)arg_u32(a, "times") : 1;
	return 0;
}

static int
set_limit(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_family *f = line_family(conf, a, why);

	if (!f)
		return -1;
	f->limit = args_undo(a) ? 0 : arg_u32(a, "routes");
	f->limit_warns = !args_undo(a) && arg_given(a, "alert-only");
	return 0;
}

static int
set_origin(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_family *f = line_family(conf, a, why);
	uint64_t target = 0;

	if (!f)
		return -1;
	if (!args_undo(a) && !rt_parse(arg_text(a, "soo"), &target))
		return conf_refuse(why,
		    "`%s` names no site: it is AS:NUMBER or ADDRESS:NUMBER, such as 100:1, 70000:1 or 10.0.0.1:1",
		    arg_text(a, "soo"));
	f->origin_site = target ? (target & ~(UINT64_C(0xff) << 48)) | (uint64_t)SITE_OF_ORIGIN << 48 : 0;
	return 0;
}

static int
set_preferred(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_family *f = line_family(conf, a, why);

	if (!f)
		return -1;
	f->preferred = args_undo(a) ? 0 : arg_u32(a, "value");
	return 0;
}

#define PEER "peer <ip>:peer "
#define EXCHANGE(in)                                                                                                \
	{ .view = in,                                                                                               \
		.words = PEER "enable",                                                                             \
		.undo = PEER "enable",                                                                              \
		.set = set_flag,                                                                                    \
		.help = "Routes of this family are exchanged with the peer",                                        \
		.ref = "RFC 4760 8" },                                                                              \
	    { .view = in,                                                                                           \
		    .words = PEER "reflect-client",                                                                 \
		    .set = set_kind,                                                                                \
		    .help = "A client: routes of other internal peers are reflected to it, and its routes to them", \
		    .ref = "RFC 4456" },                                                                            \
	    { .view = in,                                                                                           \
		    .words = PEER "next-hop-local",                                                                 \
		    .set = set_flag,                                                                                \
		    .help = "Told our own address as the next hop, although it is internal",                        \
		    .ref = "RFC 4271 5.1.3" },                                                                      \
	    { .view = in,                                                                                           \
		    .words = PEER "allow-as-loop [ <1-10>:times ]",                                                 \
		    .undo = PEER "allow-as-loop",                                                                   \
		    .set = set_loop,                                                                                \
		    .help = "Our AS may stand in the path of its routes so often (with no number: once)",           \
		    .ref = "RFC 4364 10" },                                                                         \
	    { .view = in,                                                                                           \
		    .words = PEER "route-limit <1-4294967295>:routes [ alert-only ]",                               \
		    .undo = PEER "route-limit",                                                                     \
		    .set = set_limit,                                                                               \
		    .help = "More prefixes end the session for a minute, or are only told of",                      \
		    .ref = "RFC 4271 8.2.2" },                                                                      \
	    { .view = in,                                                                                           \
		    .words = PEER "preferred-value <0-65535>:value",                                                \
		    .undo = PEER "preferred-value",                                                                 \
		    .set = set_preferred,                                                                           \
		    .help = "Of its routes; the highest wins before everything else, here alone (default 0)",       \
		    .ref = "reference 002" },                                                                       \
	{                                                                                                           \
		.view = in, .words = PEER "capability-advertise add-path receive",                                  \
		.undo = PEER "capability-advertise add-path [ receive ]", .set = set_flag,                          \
		.help = "The peer may tell several paths to one destination", .ref = "RFC 7911"                     \
	}
/* Of route target memberships: which peers say theirs. */
#define MEMBERS(in)                                                                                                    \
	{ .view = in,                                                                                                  \
		.words = PEER "enable",                                                                                \
		.undo = PEER "enable",                                                                                 \
		.set = set_flag,                                                                                       \
		.help = "Each tells the other which route targets it wants, and is told no other VPN routes",          \
		.ref = "RFC 4684" },                                                                                   \
	{                                                                                                              \
		.view = in, .words = PEER "reflect-client", .set = set_kind,                                           \
		.help = "A client: what others want is told to it, and what it wants to others", .ref = "RFC 4684 3.2" \
	}
/* Of a customer's sites. */
#define SITE(in)                                                                                                       \
	{ .view = in,                                                                                                  \
		.words = PEER "substitute-as",                                                                         \
		.set = set_kind,                                                                                       \
		.help =                                                                                                \
		    "In paths told to it our AS stands for its own, so that sites of one AS take each other's routes", \
		.ref = "RFC 4364 10" },                                                                                \
	{                                                                                                              \
		.view = in, .words = PEER "soo <word>:soo", .undo = PEER "soo [ <word>:soo ]", .set = set_origin,      \
		.help = "The site it belongs to: routes that come from there do not go back", .ref = "RFC 4364 7"      \
	}

const struct command l3vpn_peer_family_commands[] = {
	EXCHANGE(VIEW_BGP_IPV4),
	EXCHANGE(VIEW_BGP_IPV6),
	EXCHANGE(VIEW_BGP_VPNV4),
	EXCHANGE(VIEW_BGP_VPNV6),
	MEMBERS(VIEW_BGP_TARGETS),
	EXCHANGE(VIEW_BGP_INSTANCE4),
	EXCHANGE(VIEW_BGP_INSTANCE6),
	SITE(VIEW_BGP_IPV4),
	SITE(VIEW_BGP_IPV6),
	SITE(VIEW_BGP_INSTANCE4),
	SITE(VIEW_BGP_INSTANCE6),
	{ .more = l3vpn_peer_policy_commands },
};
