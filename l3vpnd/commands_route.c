/* Routes that BGP brings in, and how it chooses. */
#include "base/mem.h"
#include "l3vpnd/commands.h"
#include "proto/fib.pb-c.h"
#include <stdlib.h>
#include <string.h>

static struct bgp_instance_config *
line_settings(struct l3vpn_config *c, const struct args *a)
{
	int i = l3vpn_line_instance(c, a); /* which may move them all */

	return &c->bgp.instances[i];
}

/* --- what is brought in --- */

static int
set_import(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_family_config *f = l3vpn_line_routes(conf, a);
	struct l3vpn_import new = {
		.process = arg_u32(a, "process"), .has_med = arg_given(a, "med"), .med = arg_u32(a, "value")
	};
	uint8_t at = 0;

	new.protocol = arg_given(a, "direct")   ? FIB__PROTOCOL__DIRECT
		       : arg_given(a, "static") ? FIB__PROTOCOL__STATIC
		       : arg_given(a, "isis")   ? FIB__PROTOCOL__ISIS
		       : arg_given(a, "rip")    ? FIB__PROTOCOL__RIP
						: FIB__PROTOCOL__OSPF;
	if (arg_copy(a, "policy", new.policy, sizeof new.policy, why) != 0)
		return -1;
	while (
	    at < f->import_count && (f->imports[at].protocol != new.protocol || f->imports[at].process != new.process))
		at++;
	if (args_undo(a)) {
		if (at == f->import_count)
			return 0;
		f->import_count--;
		memmove(&f->imports[at], &f->imports[at + 1], (size_t)(f->import_count - at) * sizeof *f->imports);
		memset(&f->imports[f->import_count], 0, sizeof *f->imports);
		return 0;
	}
	if (at == L3VPN_IMPORTS)
		return conf_refuse(why, "a family has at most %d lines `import-route`", L3VPN_IMPORTS);
	f->imports[at] = new;
	f->import_count = at == f->import_count ? (uint8_t)(at + 1) : f->import_count;
	return 0;
}

/* The mask of the address's class, where none is given. */
static uint8_t
natural_length(const struct addr *a)
{
	return a->bytes[0] < 128 ? 8 : a->bytes[0] < 192 ? 16 : 24;
}

static int
set_network(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_family_config *f = l3vpn_line_routes(conf, a);
	struct addr address = arg_addr(a, "address");
	uint8_t length = address.family == 6   ? (uint8_t)arg_u32(a, "length")
			 : arg_text(a, "mask") ? arg_mask(a, "mask")
					       : natural_length(&address);
	struct l3vpn_network new = { .prefix = prefix_make(address, length) };
	struct prefix net = prefix_network(new.prefix);
	char wrong[PREFIX_TEXT], right[PREFIX_TEXT];
	size_t at = 0;

	if (arg_copy(a, "policy", new.policy, sizeof new.policy, why) != 0)
		return -1;
	if (!prefix_eq(&net, &new.prefix))
		return conf_refuse(why, "%s has bits set behind its mask; did you mean %s?",
		    prefix_text(&new.prefix, wrong), prefix_text(&net, right));
	while (at < f->network_count && !prefix_eq(&f->networks[at].prefix, &new.prefix))
		at++;
	if (args_undo(a)) {
		if (at < f->network_count) {
			f->network_count--;
			memmove(&f->networks[at], &f->networks[at + 1], (f->network_count - at) * sizeof *f->networks);
		}
		return 0;
	}
	if (at == f->network_count)
		f->networks = mem_resize(f->networks, ++f->network_count * sizeof *f->networks);
	f->networks[at] = new;
	return 0;
}

static int
set_default_route(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	l3vpn_line_routes(conf, a)->default_route = !args_undo(a);
	return 0;
}

/* --- how it chooses --- */

static int
set_preference(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_instance_config *n = line_settings(conf, a);
	bool v6 = l3vpn_line_family(a) == BGP_IPV6;

	(void)why;
	n->external_preference[v6] = args_undo(a) ? 0 : (uint8_t)arg_u32(a, "external");
	n->preference[v6] = args_undo(a) ? 0 : (uint8_t)arg_u32(a, "internal");
	l3vpn_line_routes(conf, a)->local_preference = args_undo(a) ? 0 : (uint8_t)arg_u32(a, "local");
	return 0;
}

static int
set_local_preference(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	line_settings(conf, a)->local_pref = args_undo(a) ? 0 : arg_u32(a, "value");
	return 0;
}

static int
set_choice(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_instance_config *n = line_settings(conf, a);
	bool *flag = arg_given(a, "compare-different-as-med") ? &n->med_always
		     : arg_given(a, "med-none-as-maximum")    ? &n->med_missing_worst
		     : arg_given(a, "as-path-ignore")         ? &n->ignore_path
							      : &n->router_id_ignored;

	(void)why;
	*flag = !args_undo(a);
	return 0;
}

static int
set_paths(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_instance_config *n = line_settings(conf, a);
	uint16_t paths = args_undo(a) ? 0 : (uint16_t)arg_u32(a, "paths");

	(void)why;
	if (arg_given(a, "ebgp")) {
		n->external_paths = args_undo(a) ? n->paths > 1 : paths;
	} else if (arg_given(a, "ibgp")) {
		/* What was said of both still holds for external ones, and nothing means one path. */
		if (!n->external_paths)
			n->external_paths = n->paths ? n->paths : 1;
		n->paths = paths;
		if (!paths && n->external_paths == 1)
			n->external_paths = 0;
	} else {
		n->paths = paths;
		n->external_paths = 0;
	}
	return 0;
}

#define IMPORT "import-route { direct | static | rip | ospf [ <1-65535>:process ] | isis [ <1-65535>:process ] }"
#define ROUTES(in, network)                                                                                           \
	{ .view = in,                                                                                                 \
		.words = IMPORT " [ med <0-4294967295>:value | route-policy <word>:policy ]*",                        \
		.undo = IMPORT " [ med <0-4294967295>:value | route-policy <word>:policy ]*",                         \
		.set = set_import,                                                                                    \
		.help =                                                                                               \
		    "Routes of another protocol are told to peers, with their cost as MED or with this one; with no " \
		    "number those of every process",                                                                  \
		.ref = "reference 002" },                                                                             \
	    { .view = in,                                                                                             \
		    .words = "network " network " [ route-policy <word>:policy ]",                                    \
		    .undo = "network " network " [ route-policy <word>:policy ]",                                     \
		    .set = set_network,                                                                               \
		    .help =                                                                                           \
			"A route that is told to peers while it is in the routing table; without a mask that of its " \
			"class",                                                                                      \
		    .ref = "RFC 4271 9.4" },                                                                          \
	    { .view = in,                                                                                             \
		    .words = "default-route imported",                                                                \
		    .set = set_default_route,                                                                         \
		    .help = "`import-route` brings a default route in as well",                                       \
		    .ref = "RFC 4271 9.4" },                                                                          \
	    { .view = in,                                                                                             \
		    .words = "preference <1-255>:external <1-255>:internal [ <1-255>:local ]",                        \
		    .undo = "preference",                                                                             \
		    .set = set_preference,                                                                            \
		    .help = "Of routes of external and internal peers among those of all protocols, the lowest wins " \
			    "(default 255); the third is of routes that BGP makes itself, and there are none",        \
		    .ref = "reference 002" },                                                                         \
	    { .view = in,                                                                                             \
		    .words = "default local-preference <1-4294967295>:value",                                         \
		    .undo = "default local-preference",                                                               \
		    .set = set_local_preference,                                                                      \
		    .help = "Of routes from external peers, and of our own (default 100); of both families",          \
		    .ref = "RFC 4271 5.1.5" },                                                                        \
	    { .view = in,                                                                                             \
		    .words = "compare-different-as-med",                                                              \
		    .set = set_choice,                                                                                \
		    .help = "The MED is compared also among routes from different ASes; of both families",            \
		    .ref = "RFC 4451 2.1" },                                                                          \
	    { .view = in,                                                                                             \
		    .words = "bestroute { med-none-as-maximum | as-path-ignore | router-id-ignore }",                 \
		    .set = set_choice,                                                                                \
		    .help =                                                                                           \
			"A route without a MED has the worst; the length of paths does not count; of two external "   \
			"routes the older one stays; of both families",                                               \
		    .ref = "RFC 4271 9.1.2.2" },                                                                      \
	{                                                                                                             \
		.view = in, .words = "maximum load-balancing [ ebgp | ibgp ] <1-32>:paths",                           \
		.undo = "maximum load-balancing [ ebgp | ibgp ]", .set = set_paths,                                   \
		.help = "Over so many equally good paths packets are balanced (default 1); of both families",         \
		.ref = "reference 002"                                                                                \
	}
#define NETWORK4 "<address>:address [ <mask>:mask ]"
#define NETWORK6 "<address6>:address <0-128>:length"

const struct command l3vpn_route_commands[] = {
	ROUTES(VIEW_BGP, NETWORK4),
	ROUTES(VIEW_BGP_IPV4, NETWORK4),
	ROUTES(VIEW_BGP_IPV6, NETWORK6),
	ROUTES(VIEW_BGP_INSTANCE4, NETWORK4),
	ROUTES(VIEW_BGP_INSTANCE6, NETWORK6),
	{ .more = l3vpn_display_commands },
};
