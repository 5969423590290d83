/* Peers of the public network and of VPN instances, and their sessions. */
#include "base/secret_text.h"
#include "l3vpnd/commands.h"
#include <string.h>

struct bgp_peer_config *
l3vpn_line_peer(struct l3vpn_config *c, const struct args *a, struct conf_error *why)
{
	struct addr peer = arg_addr(a, "peer");
	int instance = l3vpn_line_instance(c, a);
	struct bgp_peer_config *p = l3vpn_config_peer(c, instance, &peer, false);
	char text[ADDR_TEXT];

	if (p)
		return p;
	addr_text(&peer, text);
	if (instance || args_view(a) == VIEW_BGP)
		conf_refuse(why, "there is no peer %s; `peer %s as-number …` goes before it", text, text);
	else
		conf_refuse(why, "there is no peer %s; `peer %s as-number …` in the bgp view makes it", text, text);
	return NULL;
}

static int
check_address(const struct args *a, const struct addr *peer, struct conf_error *why)
{
	enum view view = args_view(a);

	if (addr_is_multicast(peer) || addr_is_unspecified(peer) || addr_is_loopback(peer))
		return conf_refuse(why, "a peer is named by the address of another router");
	if (view == VIEW_BGP_INSTANCE4 && peer->family != 4)
		return conf_refuse(
		    why, "a peer with an IPv6 address stands under `ipv6-family vpn-instance %s`", arg_text(a, "vrf"));
	if (view == VIEW_BGP_INSTANCE6 && peer->family != 6)
		return conf_refuse(
		    why, "a peer with an IPv4 address stands under `ipv4-family vpn-instance %s`", arg_text(a, "vrf"));
	return 0;
}

static int
set_peer(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	struct addr peer = arg_addr(a, "peer");
	int instance = l3vpn_line_instance(c, a);
	uint32_t as;

	if (check_address(a, &peer, why) != 0 || l3vpn_read_as(a, "as", &as, why) != 0)
		return -1;
	if (args_undo(a)) {
		l3vpn_config_peer_remove(c, instance, &peer);
		return 0;
	}
	struct bgp_peer_config *p = l3vpn_config_peer(c, instance, &peer, true);
	if (p->as && p->as != as)
		return conf_refuse(why, "the peer is in AS %u; `undo peer %s` first", p->as, arg_text(a, "peer"));
	if (p->as)
		return 0;
	p->as = as;
	if (instance)
		p->family[peer.family == 6 ? BGP_IPV6 : BGP_IPV4].enabled = true;
	else
		p->family[BGP_IPV4].enabled = peer.family == 4 && !c->no_default_ipv4;
	return 0;
}

static int
set_source(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_config *p = l3vpn_line_peer(conf, a, why);
	struct addr source = arg_addr(a, "source");

	if (!p)
		return -1;
	if (addr_is_set(&source) && source.family != p->address.family)
		return conf_refuse(why, "the source has to be of the same family as the peer's address");
	p->source_address = args_undo(a) ? addr_none() : source;
	memset(p->source_interface, 0, sizeof p->source_interface);
	return args_undo(a) ? 0 : arg_copy(a, "ifname", p->source_interface, sizeof p->source_interface, why);
}

static int
set_description(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_config *p = l3vpn_line_peer(conf, a, why);

	if (!p)
		return -1;
	memset(p->description, 0, sizeof p->description);
	return args_undo(a) ? 0 : arg_copy(a, "description", p->description, sizeof p->description, why);
}

static int
set_password(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_config *p = l3vpn_line_peer(conf, a, why);
	char secret[BGP_SECRET_MAX + 1] = "";
	const char *text = arg_text(a, "password");

	if (!p)
		return -1;
	if (args_undo(a))
		text = "";
	else if (strlen(text) > BGP_SECRET_MAX && arg_given(a, "simple"))
		return conf_refuse(why, "a password has at most %d characters", BGP_SECRET_MAX);
	if (arg_given(a, "cipher") && !args_undo(a) && !secret_from_text(text, secret, sizeof secret))
		return conf_refuse(why,
		    "this is not the cipher form of a password, as a configuration prints it; give it with `simple`");
	if (!arg_given(a, "cipher"))
		memcpy(secret, text, strlen(text) + 1);
	memset(p->secret, 0, sizeof p->secret);
	p->secret_size = (uint8_t)strlen(secret);
	memcpy(p->secret, secret, p->secret_size);
	return 0;
}

static int
set_timer(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_config *p = l3vpn_line_peer(conf, a, why);

	return p ? l3vpn_read_timers(a, &p->hold_s, &p->keepalive_s, &p->has_hold, why) : -1;
}

static int
set_hops(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_config *p = l3vpn_line_peer(conf, a, why);
	bool gtsm = arg_given(a, "valid-ttl-hops");
	uint32_t hops = arg_given(a, "hops") ? arg_u32(a, "hops") : 255;

	if (!p)
		return -1;
	if (!args_undo(a) && (gtsm ? p->max_hops : p->ttl_hops))
		return conf_refuse(why,
		    "`valid-ttl-hops` and `ebgp-max-hop` say two things about one TTL; `undo peer %s %s` first",
		    arg_text(a, "peer"), gtsm ? "ebgp-max-hop" : "valid-ttl-hops");
	if (gtsm)
		p->ttl_hops = args_undo(a) ? 0 : (uint8_t)hops;
	else
		p->max_hops = args_undo(a) ? 0 : (uint8_t)hops;
	return 0;
}

static int
set_flag(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_config *p = l3vpn_line_peer(conf, a, why);

	if (!p)
		return -1;
	if (arg_given(a, "ignore"))
		p->ignored = !args_undo(a);
	else
		p->passive = !args_undo(a);
	return 0;
}

static int
set_bfd(void *conf, const struct args *a, struct conf_error *why)
{
	struct bgp_peer_config *p = l3vpn_line_peer(conf, a, why);
	bool undo = args_undo(a);

	if (!p)
		return -1;
	if (arg_given(a, "enable")) {
		p->bfd = !undo;
		return 0;
	}
	if (undo || arg_given(a, "min-tx-interval"))
		p->bfd_min_tx_ms = undo ? 0 : (uint16_t)arg_u32(a, "tx");
	if (undo || arg_given(a, "min-rx-interval"))
		p->bfd_min_rx_ms = undo ? 0 : (uint16_t)arg_u32(a, "rx");
	if (undo || arg_given(a, "detect-multiplier"))
		p->bfd_multiplier = undo ? 0 : (uint8_t)arg_u32(a, "multiplier");
	return 0;
}

static int
set_fake_as(void *conf, const struct args *a, struct conf_error *why)
{
	struct l3vpn_config *c = conf;
	struct bgp_peer_config *p = l3vpn_line_peer(c, a, why);
	uint32_t as;

	if (!p || l3vpn_read_as(a, "as", &as, why) != 0)
		return -1;
	if (!args_undo(a) && p->as == c->bgp.as)
		return conf_refuse(
		    why, "the peer is in our own AS, and has to know it; a fake one is for external peers");
	p->fake_as = args_undo(a) ? 0 : as;
	return 0;
}

#define PEER "peer <ip>:peer "
#define BFD_TIMERS "min-tx-interval <1-60000>:tx | min-rx-interval <1-60000>:rx | detect-multiplier <1-255>:multiplier"

#define SESSION(in)                                                                                                   \
	{ .view = in,                                                                                                 \
		.words = PEER "as-number <word>:as",                                                                  \
		.undo = PEER "[ as-number <word>:as ]",                                                               \
		.set = set_peer,                                                                                      \
		.help =                                                                                               \
		    "A peer and its AS, which goes before everything else about it; in our own AS it is an internal " \
		    "one",                                                                                            \
		.ref = "RFC 4271" },                                                                                  \
	    { .view = in,                                                                                             \
		    .words = PEER "connect-interface { <ifname>:ifname [ source <ip>:source ] | <ip>:source }",       \
		    .undo = PEER "connect-interface",                                                                 \
		    .set = set_source,                                                                                \
		    .help =                                                                                           \
			"The session comes from the address of this interface, such as LoopBack1, or from this one",  \
		    .ref = "reference 002" },                                                                         \
	    { .view = in,                                                                                             \
		    .words = PEER "description <text>:description",                                                   \
		    .undo = PEER "description",                                                                       \
		    .set = set_description,                                                                           \
		    .help = "A note for people",                                                                      \
		    .ref = "reference 002" },                                                                         \
	    { .view = in,                                                                                             \
		    .words = PEER "password { cipher | simple } <word>:password",                                     \
		    .undo = PEER "password",                                                                          \
		    .set = set_password,                                                                              \
		    .help = "TCP MD5: both ends must have the same; `cipher` takes the form in which it is printed",  \
		    .ref = "RFC 2385" },                                                                              \
	    { .view = in,                                                                                             \
		    .words = PEER "timer keepalive <0-21845>:keepalive hold <0-65535>:hold",                          \
		    .undo = PEER "timer",                                                                             \
		    .set = set_timer,                                                                                 \
		    .help = "From the next session on; the lower hold time of both ends counts, 0 means none",        \
		    .ref = "RFC 4271 4.2" },                                                                          \
	    { .view = in,                                                                                             \
		    .words = PEER "valid-ttl-hops [ <1-255>:hops ]",                                                  \
		    .undo = PEER "valid-ttl-hops",                                                                    \
		    .set = set_hops,                                                                                  \
		    .help =                                                                                           \
			"Packets that have crossed more routers are not the peer's (GTSM; default 255: any number)",  \
		    .ref = "RFC 5082" },                                                                              \
	    { .view = in,                                                                                             \
		    .words = PEER "ebgp-max-hop [ <1-255>:hops ]",                                                    \
		    .undo = PEER "ebgp-max-hop",                                                                      \
		    .set = set_hops,                                                                                  \
		    .help = "An external peer may be so many hops away (without: 1; with no number: 255)",            \
		    .ref = "RFC 4271 9.1.2.2" },                                                                      \
	    { .view = in,                                                                                             \
		    .words = PEER "ignore",                                                                           \
		    .set = set_flag,                                                                                  \
		    .help = "No session with this peer, and its settings stay",                                       \
		    .ref = "RFC 4271 8.1.2" },                                                                        \
	    { .view = in,                                                                                             \
		    .words = PEER "listen-only",                                                                      \
		    .set = set_flag,                                                                                  \
		    .help = "The peer connects to us, and never we to it",                                            \
		    .ref = "RFC 4271 8.1.1" },                                                                        \
	    { .view = in,                                                                                             \
		    .words = PEER "bfd enable",                                                                       \
		    .set = set_bfd,                                                                                   \
		    .help = "BFD watches the path; the session ends at once when it is dead",                         \
		    .ref = "RFC 5882 4.3" },                                                                          \
	    { .view = in,                                                                                             \
		    .words = PEER "bfd { " BFD_TIMERS " }*",                                                          \
		    .undo = PEER "bfd { min-tx-interval | min-rx-interval | detect-multiplier }*",                    \
		    .set = set_bfd,                                                                                   \
		    .help = "Timers of that BFD session (default 10 10 3); undone together",                          \
		    .ref = "RFC 5882 4.3" },                                                                          \
	{                                                                                                             \
		.view = in, .words = PEER "fake-as <word>:as", .undo = PEER "fake-as", .set = set_fake_as,            \
		.help = "The AS in which this external peer sees us", .ref = "RFC 7705"                               \
	}

const struct command l3vpn_peer_commands[] = {
	SESSION(VIEW_BGP),
	SESSION(VIEW_BGP_INSTANCE4),
	SESSION(VIEW_BGP_INSTANCE6),
	{ .more = l3vpn_peer_family_commands },
};
