/* What an operator can say to bfdd: reference 002, and what it leaves to other pages of the same kind. */
#include "bfdd/commands.h"
#include "base/mem.h"
#include "base/secret_text.h"
#include "bfdd/config.h"
#include "bfdd/display.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
set_bfd(void *conf, const struct args *a, struct conf_error *why)
{
	struct bfd_config *c = conf;

	(void)why;
	c->enabled = !args_undo(a);
	return 0;
}

static int
set_damping(void *conf, const struct args *a, struct conf_error *why)
{
	struct bfd_config *c = conf;
	uint32_t initial = arg_u32(a, "initial"), secondary = arg_u32(a, "secondary"), maximum = arg_u32(a, "maximum");

	if (args_undo(a)) {
		c->damping.initial_ms = c->damping.secondary_ms = c->damping.maximum_ms = 0;
		return 0;
	}
	if (initial > maximum || secondary > maximum)
		return conf_refuse(
		    why, "the longest wait, %u ms, is shorter than the first or the second one", maximum);
	c->damping.initial_ms = initial;
	c->damping.secondary_ms = secondary;
	c->damping.maximum_ms = maximum;
	return 0;
}

/* --- sessions --- */

static bool
same_path(const struct bfd_session_config *a, const struct bfd_session_config *b)
{
	return addr_eq(&a->peer, &b->peer) && addr_eq(&a->source, &b->source) &&
	       ifname_eq(a->interface, b->interface) && strcmp(a->vrf, b->vrf) == 0;
}

static int
check_addresses(const struct bfd_session_config *s, struct conf_error *why)
{
	const struct addr *both[] = { &s->peer, &s->source };

	for (int i = 0; i < 2; i++)
		if (addr_is_multicast(both[i]) || addr_is_loopback(both[i]))
			return conf_refuse(why, "%s is not the address of a router", i ? "the source" : "the peer");
	if (addr_is_set(&s->source) && addr_eq(&s->peer, &s->source))
		return conf_refuse(why, "the peer and the source are one address");
	if (s->peer.family == 6 && addr_is_link_local(&s->peer) && !s->interface[0])
		return conf_refuse(why, "a link-local peer is on every link; name its interface");
	return 0;
}

static int
set_bind(void *conf, const struct args *a, struct conf_error *why)
{
	struct bfd_config *c = conf;
	const char *name = arg_text(a, "name");
	struct bfd_session_config *s = bfd_config_session(c, name), new = { 0 };

	if (arg_copy(a, "name", new.name, sizeof new.name, why) != 0 ||
	    arg_copy(a, "vrf", new.vrf, sizeof new.vrf, why) != 0 ||
	    arg_copy(a, "interface", new.interface, sizeof new.interface, why) != 0)
		return -1;
	new.peer = arg_addr(a, "peer");
	new.source = arg_addr(a, "source");
	new.automatic = arg_given(a, "auto");
	if (check_addresses(&new, why) != 0)
		return -1;
	for (size_t i = 0; i < c->session_count; i++)
		if (&c->sessions[i] != s && same_path(&c->sessions[i], &new))
			return conf_refuse(why, "session %s watches this path already", c->sessions[i].name);
	if (s && (!same_path(s, &new) || s->automatic != new.automatic))
		return conf_refuse(why, "session %s is bound to something else; `undo bfd %s` first", name, name);
	if (s)
		return 0;
	s = bfd_config_session_add(c, name);
	s->peer = new.peer;
	s->source = new.source;
	s->automatic = new.automatic;
	memcpy(s->interface, new.interface, sizeof s->interface);
	memcpy(s->vrf, new.vrf, sizeof s->vrf);
	return 0;
}

static int
set_existing(void *conf, const struct args *a, struct conf_error *why)
{
	const char *name = arg_text(a, "name");

	if (args_undo(a))
		bfd_config_session_remove(conf, name);
	else if (!bfd_config_session(conf, name))
		return conf_refuse(why, "there is no session %s; make it with `bfd %s bind peer-ip …`", name, name);
	return 0;
}

/* The session whose view this is. When the line that opens the view was refused, those in it are read for their own faults
 * all the same: then it is nobody's. */
static struct bfd_session_config *
session_of(void *conf, const struct args *a)
{
	static struct bfd_session_config nobody;
	struct bfd_session_config *s = bfd_config_session(conf, arg_text(a, "name"));

	nobody = (struct bfd_session_config){ 0 };
	return s ? s : &nobody;
}

static int
set_local(void *conf, const struct args *a, struct conf_error *why)
{
	struct bfd_config *c = conf;
	struct bfd_session_config *s = session_of(c, a);
	uint32_t value = args_undo(a) ? 0 : arg_u32(a, "local");

	if (s->automatic)
		return conf_refuse(why, "the discriminators of a session with `auto` are chosen and learned");
	for (size_t i = 0; i < c->session_count; i++)
		if (value && &c->sessions[i] != s && c->sessions[i].local == value)
			return conf_refuse(why, "session %s has this discriminator already", c->sessions[i].name);
	s->local = value;
	return 0;
}

static int
set_remote(void *conf, const struct args *a, struct conf_error *why)
{
	struct bfd_session_config *s = session_of(conf, a);

	if (s->automatic)
		return conf_refuse(why, "the discriminators of a session with `auto` are chosen and learned");
	s->remote = args_undo(a) ? 0 : arg_u32(a, "remote");
	return 0;
}

#define SETTING(function, field, type, otherwise, argument)                                       \
	static int function(void *conf, const struct args *a, struct conf_error *why)             \
	{                                                                                         \
		(void)why;                                                                        \
		session_of(conf, a)->field = args_undo(a) ? (type)(otherwise) : (type)(argument); \
		return 0;                                                                         \
	}
SETTING(set_min_tx, min_tx_ms, uint16_t, BFD_MIN_TX_MS, arg_u32(a, "ms"))
SETTING(set_min_rx, min_rx_ms, uint16_t, BFD_MIN_RX_MS, arg_u32(a, "ms"))
SETTING(set_multiplier, multiplier, uint8_t, BFD_MULTIPLIER, arg_u32(a, "multiplier"))
SETTING(set_wtr, wtr_min, uint16_t, 0, arg_u32(a, "minutes"))
SETTING(set_tos_exp, tos_exp, uint8_t, BFD_TOS_EXP, arg_u32(a, "value"))
SETTING(set_echo_rx, echo_rx_ms, uint16_t, 0, arg_u32(a, "ms"))
SETTING(set_passive, passive, bool, false, true)
SETTING(set_shutdown, shut, bool, false, true)
#undef SETTING

static int
set_echo(void *conf, const struct args *a, struct conf_error *why)
{
	struct bfd_session_config *s = session_of(conf, a);

	if (!args_undo(a) && !s->interface[0] && s->name[0])
		return conf_refuse(
		    why, "echoes go over one link only (RFC 5883 section 4); bind the session to an interface");
	if (!args_undo(a) && s->peer.family == 6 && addr_is_link_local(&s->peer))
		return conf_refuse(
		    why, "a router forwards nothing to link-local addresses, so no echo would come back");
	s->echo_ms = args_undo(a) ? 0 : (uint16_t)arg_u32(a, "ms");
	return 0;
}

static int
set_min_ttl(void *conf, const struct args *a, struct conf_error *why)
{
	struct bfd_session_config *s = session_of(conf, a);

	if (s->interface[0])
		return conf_refuse(why, "packets over one link must have a TTL of 255 (RFC 5881 section 5)");
	s->min_ttl = args_undo(a) ? BFD_MIN_TTL : (uint8_t)arg_u32(a, "ttl");
	return 0;
}

static int
set_hold(void *conf, const struct args *a, struct conf_error *why)
{
	struct bfd_session_config *s = session_of(conf, a);

	if (!args_undo(a) && !s->interface[0] && s->name[0])
		return conf_refuse(why, "this session is bound to no interface that could follow it");
	*(arg_given(a, "process-pst") ? &s->pst : &s->follows) = !args_undo(a);
	return 0;
}

static int
set_demand(void *conf, const struct args *a, struct conf_error *why)
{
	struct bfd_session_config *s = session_of(conf, a);

	(void)why;
	s->demand = !args_undo(a);
	s->demand_poll_ms = args_undo(a) ? 0 : (uint16_t)arg_u32(a, "ms");
	return 0;
}

static int
set_description(void *conf, const struct args *a, struct conf_error *why)
{
	struct bfd_session_config *s = session_of(conf, a);

	memset(s->description, 0, sizeof s->description);
	return args_undo(a) ? 0 : arg_copy(a, "description", s->description, sizeof s->description, why);
}

/* --- authentication, RFC 5880 section 6.7 --- */

static enum bfd_auth_type
kind_of(const struct args *a)
{
	return arg_given(a, "simple")           ? BFD_AUTH_SIMPLE
	       : arg_given(a, "md5")            ? BFD_AUTH_MD5
	       : arg_given(a, "meticulous-md5") ? BFD_AUTH_MET_MD5
	       : arg_given(a, "sha1")           ? BFD_AUTH_SHA1
						: BFD_AUTH_MET_SHA1;
}

static void
forget_key(struct bfd_session_config *s, uint8_t id)
{
	uint8_t kept = 0;

	for (uint8_t i = 0; i < s->key_count; i++)
		if (s->keys[i].id != id)
			s->keys[kept++] = s->keys[i];
	memset(&s->keys[kept], 0, (BFD_KEYS_MAX - kept) * sizeof *s->keys);
	s->key_count = kept;
}

static int
set_key(void *conf, const struct args *a, struct conf_error *why)
{
	struct bfd_session_config *s = session_of(conf, a);
	struct bfd_key key = { .id = (uint8_t)arg_u32(a, "id"), .type = kind_of(a) };
	size_t most = key.type == BFD_AUTH_SHA1 || key.type == BFD_AUTH_MET_SHA1 ? BFD_KEY_MAX : 16;
	char secret[SECRET_TEXT] = "";

	if (args_undo(a)) {
		forget_key(s, key.id);
		return 0;
	}
	if (!arg_given(a, "cipher"))
		snprintf(secret, sizeof secret, "%s", arg_text(a, "key"));
	else if (!secret_from_text(arg_text(a, "key"), secret, sizeof secret))
		return conf_refuse(
		    why, "this is not the cipher form of a key, as a configuration prints it; give it with `plain`");
	if (strlen(secret) > most)
		return conf_refuse(why, "a key of this kind has at most %zu characters", most);
	uint8_t at = 0;
	while (at < s->key_count && s->keys[at].id != key.id)
		at++;
	if (at == BFD_KEYS_MAX)
		return conf_refuse(why, "a session has at most %d keys", BFD_KEYS_MAX);
	key.size = (uint8_t)strlen(secret);
	memcpy(key.secret, secret, key.size);
	s->keys[at] = key;
	s->key_count = at == s->key_count ? (uint8_t)(at + 1) : s->key_count;
	return 0;
}

#define BIND "bfd <word>:name bind peer-ip <address>:peer [ vpn-instance <word>:vrf ] [ interface <ifname>:interface ] "
#define BIND6 \
	"bfd <word>:name bind peer-ipv6 <address6>:peer [ vpn-instance <word>:vrf ] [ interface <ifname>:interface ] "

const struct command bfd_commands[] = {
	{ .view = VIEW_SYSTEM,
	    .words = "bfd",
	    .enters = VIEW_BFD,
	    .set = set_bfd,
	    .help = "BFD on this router; without it no session runs that is configured here",
	    .ref = "reference 002" },
	{ .view = VIEW_BFD,
	    .words = "dampening timer-interval maximum <1-3600000>:maximum initial <1-3600000>:initial secondary "
		     "<1-3600000>:secondary",
	    .undo = "dampening",
	    .set = set_damping,
	    .help =
		"After a failure, Up is told only when it has lasted so many milliseconds: at first, then, and at most",
	    .ref = "RFC 5882 3.2" },
	{ .view = VIEW_SYSTEM,
	    .words = BIND "[ source-ip <address>:source ] [ auto ]",
	    .undo = "",
	    .enters = VIEW_BFD_SESSION,
	    .set = set_bind,
	    .help = "A session over a link, or without an interface over several; `auto`: the discriminators are "
		    "negotiated",
	    .ref = "reference 002" },
	{ .view = VIEW_SYSTEM,
	    .words = BIND6 "[ source-ipv6 <address6>:source ] [ auto ]",
	    .undo = "",
	    .enters = VIEW_BFD_SESSION,
	    .set = set_bind,
	    .help = "The same with IPv6",
	    .ref = "RFC 5881 2" },
	{ .view = VIEW_SYSTEM,
	    .words = "bfd <word>:name",
	    .enters = VIEW_BFD_SESSION,
	    .set = set_existing,
	    .help = "A session that is there, to change it or with `undo` to remove it",
	    .ref = "reference 002" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "discriminator local <1-8191>:local",
	    .undo = "discriminator local",
	    .set = set_local,
	    .help = "Our number of the session; `auto` starts behind these",
	    .ref = "RFC 5880 6.3" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "discriminator remote <1-4294967295>:remote",
	    .undo = "discriminator remote",
	    .set = set_remote,
	    .help = "The other end's number",
	    .ref = "RFC 5880 6.3" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "min-tx-interval <1-60000>:ms",
	    .undo = "min-tx-interval",
	    .set = set_min_tx,
	    .help = "Milliseconds between packets that we want to send (default 10)",
	    .ref = "reference 002" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "min-rx-interval <1-60000>:ms",
	    .undo = "min-rx-interval",
	    .set = set_min_rx,
	    .help = "Milliseconds between packets that we can receive (default 10)",
	    .ref = "reference 002" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "detect-multiplier <1-255>:multiplier",
	    .undo = "detect-multiplier",
	    .set = set_multiplier,
	    .help = "So many packets in a row may be lost (default 3)",
	    .ref = "reference 002" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "wtr <1-60>:minutes",
	    .undo = "wtr",
	    .set = set_wtr,
	    .help = "Wait to restore: Up is told when it has lasted so many minutes",
	    .ref = "reference 002" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "tos-exp <0-7>:value",
	    .undo = "tos-exp",
	    .set = set_tos_exp,
	    .help = "Precedence of the packets (default 6)",
	    .ref = "reference 002" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "min-ttl <1-255>:ttl",
	    .undo = "min-ttl",
	    .set = set_min_ttl,
	    .help = "Over several hops: packets that arrive with less are refused (default 1)",
	    .ref = "RFC 5883 5" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "echo-interval <1-60000>:ms",
	    .undo = "echo-interval",
	    .set = set_echo,
	    .help = "Echoes are sent so often, through the other end's forwarding plane",
	    .ref = "RFC 5880 6.4" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "echo-passive min-rx-interval <1-60000>:ms",
	    .undo = "echo-passive",
	    .set = set_echo_rx,
	    .help = "The other end's echoes are sent back, no more often than that",
	    .ref = "RFC 5880 6.8.9" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "demand [ poll-interval <1-60000>:ms ]",
	    .undo = "demand",
	    .set = set_demand,
	    .help = "The other end is silent while the session is Up; the path is verified so often, or not",
	    .ref = "RFC 5880 6.6" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "passive",
	    .set = set_passive,
	    .help = "Nothing is sent before the other end was heard",
	    .ref = "RFC 5880 6.1" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "authentication { simple | md5 | meticulous-md5 | sha1 | meticulous-sha1 } key-id <0-255>:id "
		     "{ plain | cipher } <word>:key",
	    .undo = "authentication key-id <0-255>:id",
	    .set = set_key,
	    .help = "A key; the first one is sent, all are accepted, so that one is changed for another without a flap",
	    .ref = "RFC 5880 6.7" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "process-interface-status",
	    .set = set_hold,
	    .help = "While the path is dead its interface is down to IP, and no next hop on it is used",
	    .ref = "reference 002" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "process-pst",
	    .set = set_hold,
	    .help = "While the path is dead no next hop on its interface is used",
	    .ref = "reference 002" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "description <text>:description",
	    .undo = "description",
	    .set = set_description,
	    .help = "A note for people",
	    .ref = "reference 002" },
	{ .view = VIEW_BFD_SESSION,
	    .words = "shutdown",
	    .set = set_shutdown,
	    .help = "AdminDown: whoever follows the session acts as if nobody watched",
	    .ref = "RFC 5882 4.3" },

	{ .view = VIEW_EXEC,
	    .words = "display bfd session all",
	    .tables = "bfd.Session",
	    .show = bfd_show_sessions,
	    .help = "Sessions and their state, a line each",
	    .ref = "reference 002" },
	{ .view = VIEW_EXEC,
	    .words = "display bfd session all verbose",
	    .tables = "bfd.Session",
	    .show = bfd_show_sessions_verbose,
	    .help = "Everything about every session",
	    .ref = "reference 002" },
	{ .view = VIEW_EXEC,
	    .words = "display bfd session name <text>:name",
	    .tables = "bfd.Session",
	    .keep = bfd_keep_session,
	    .show = bfd_show_sessions_verbose,
	    .help = "Everything about one session",
	    .ref = "reference 002" },
	{ .view = VIEW_EXEC,
	    .words = "display bfd statistics",
	    .tables = "bfd.Process bfd.Counters",
	    .show = bfd_show_statistics,
	    .help = "Packets, refusals and lateness of the whole router",
	    .ref = "reference 002" },
	{ .view = VIEW_EXEC,
	    .words = "display bfd statistics session { all | name <text>:name }",
	    .tables = "bfd.Counters",
	    .keep = bfd_keep_counters,
	    .show = bfd_show_statistics_of,
	    .help = "Packets, refusals and lateness of sessions",
	    .ref = "reference 002" },
	{ .view = VIEW_EXEC,
	    .words = "reset bfd statistics",
	    .request = "clear",
	    .help = "Counters begin at 0 again",
	    .ref = "reference 002" },
	{ 0 },
};

static void *
fresh_config(void)
{
	return NEW(struct bfd_config);
}

static void
drop_config(void *conf)
{
	if (conf)
		bfd_config_free(conf);
	free(conf);
}

const struct conf_kind bfd_conf = { .rows = bfd_commands, .fresh = fresh_config, .drop = drop_config };
