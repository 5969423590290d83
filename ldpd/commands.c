/* What an operator can say to ldpd: its lines of router.conf, and the words of ldpctl. */
#include "ldpd/commands.h"
#include "base/mem.h"
#include "ldpd/config.h"
#include "ldpd/display.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
ldp_check_peer(const struct ldp_config *c, const struct addr *peer, struct conf_error *why)
{
	if (addr_is_multicast(peer) || addr_is_loopback(peer) || addr_to_v4(peer) == 0)
		return conf_refuse(why, "a peer is named by its LSR id, such as 3.3.3.3");
	if (addr_to_v4(peer) == c->lsr_id)
		return conf_refuse(why, "this is our own LSR id; name the neighbour's");
	return 0;
}

static int
set_lsr_id(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;
	struct addr id = arg_addr(a, "id");

	if (args_undo(a)) {
		c->lsr_id = 0;
		return 0;
	}
	if (addr_is_multicast(&id) || addr_is_loopback(&id) || addr_to_v4(&id) == 0)
		return conf_refuse(why, "an LSR id is the address of one of this router's loopbacks, such as 1.1.1.1");
	if (ldp_config_peer(c, &id))
		return conf_refuse(why, "a peer above has this LSR id; it is either ours or the neighbour's");
	c->lsr_id = addr_to_v4(&id);
	return 0;
}

static int
set_ldp(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->enabled = !args_undo(a);
	return 0;
}

static int
set_mpls(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->mpls = !args_undo(a);
	return 0;
}

static void
set_bfd(struct ldp_if_config *f, const struct args *a, bool off)
{
	f->bfd = !off;
	f->bfd_min_tx_ms = !off && arg_given(a, "min-tx-interval") ? (uint16_t)arg_u32(a, "tx") : 0;
	f->bfd_min_rx_ms = !off && arg_given(a, "min-rx-interval") ? (uint16_t)arg_u32(a, "rx") : 0;
	f->bfd_multiplier = !off && arg_given(a, "detect-multiplier") ? (uint8_t)arg_u32(a, "multiplier") : 0;
}

/* Whole: both families at once, and BFD. */
static int
change_interface(struct ldp_config *c, const struct args *a, bool whole, struct conf_error *why)
{
	bool bfd = arg_given(a, "bfd");

	const char *name = arg_text(a, "interface");
	size_t i = 0;

	while (i < c->interface_count && !ifname_eq(c->interfaces[i].name, name))
		i++;
	if (i == c->interface_count && (args_undo(a) || whole))
		return 0;
	if (i == LDP_INTERFACES_MAX)
		return conf_refuse(why, "LDP runs on at most %d interfaces", LDP_INTERFACES_MAX);
	struct ldp_if_config *f = &c->interfaces[i];
	if (i == c->interface_count) {
		*f = (struct ldp_if_config){ 0 };
		snprintf(f->name, sizeof f->name, "%s", name);
		c->interface_count++;
	}
	if (whole || (!arg_given(a, "ipv6") && !bfd))
		f->v4 = !args_undo(a);
	if (whole || arg_given(a, "ipv6"))
		f->v6 = !args_undo(a);
	if (whole || bfd)
		set_bfd(f, a, args_undo(a));
	if (!f->v4 && !f->v6 && !f->bfd)
		*f = c->interfaces[--c->interface_count];
	return 0;
}

static int
set_interface(void *conf, const struct args *a, struct conf_error *why)
{
	return change_interface(conf, a, false, why);
}

/* The interface itself is fibd's; without it there is no LDP on it either. */
static int
drop_interface(void *conf, const struct args *a, struct conf_error *why)
{
	return args_undo(a) ? change_interface(conf, a, true, why) : 0;
}

static int
set_preference(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->prefer_v4 = !args_undo(a) && arg_given(a, "ipv4");
	return 0;
}

static int
set_sync_delay(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->igp_sync_delay_s = args_undo(a) ? LDP_IGP_SYNC_DELAY_S : (uint16_t)arg_u32(a, "seconds");
	return 0;
}

static int
set_hello_interval(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->hello_interval_s = args_undo(a) ? LDP_HELLO_INTERVAL_S : (uint16_t)arg_u32(a, "seconds");
	return 0;
}

static int
set_hello_hold(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->hello_hold_s = args_undo(a) ? LDP_HELLO_HOLD_S : (uint16_t)arg_u32(a, "seconds");
	return 0;
}

static int
set_session_hold(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->session_hold_s = args_undo(a) ? LDP_SESSION_HOLD_S : (uint16_t)arg_u32(a, "seconds");
	return 0;
}

const struct command ldp_commands[] = {
	{ .view = VIEW_SYSTEM,
	    .words = "mpls lsr-id <lsr-id>:id",
	    .set = set_lsr_id,
	    .help = "This router's LSR id: the address of a loopback that others can reach",
	    .ref = "RFC 5036 2.2.2" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls",
	    .enters = VIEW_MPLS,
	    .set = set_mpls,
	    .help = "MPLS settings of the whole router",
	    .ref = "reference 002" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp",
	    .enters = VIEW_MPLS_LDP,
	    .set = set_ldp,
	    .help = "LDP on the whole router; also needed on each interface",
	    .ref = "RFC 5036" },
	{ .view = VIEW_SYSTEM,
	    .words = "interface <ifname>:interface",
	    .enters = VIEW_INTERFACE,
	    .set = drop_interface,
	    .help = "The interface whose settings follow; `undo interface` takes LDP off it as well",
	    .ref = "reference 002" },
	{ .view = VIEW_INTERFACE,
	    .words = "mpls ldp",
	    .set = set_interface,
	    .help = "LDP on this interface: Hellos are sent and heard",
	    .ref = "RFC 5036 2.4.1" },
	{ .view = VIEW_INTERFACE,
	    .words = "mpls ldp ipv6",
	    .set = set_interface,
	    .help =
		"The same with IPv6; with it on any interface, IPv6 routes get labels and are told to who takes them",
	    .ref = "RFC 7552" },
	{ .view = VIEW_INTERFACE,
	    .words = "mpls ldp bfd [ min-tx-interval <1-60000>:tx | min-rx-interval <1-60000>:rx | "
		     "detect-multiplier <1-255>:multiplier ]*",
	    .undo = "mpls ldp bfd",
	    .set = set_interface,
	    .help = "The path to each neighbour here is watched by BFD; a dead one ends its adjacency at once (default "
		    "10 10 3)",
	    .ref = "RFC 5882 4" },
	{ .view = VIEW_MPLS_LDP,
	    .words = "transport-preference { ipv4 | ipv6 }",
	    .undo = "transport-preference",
	    .set = set_preference,
	    .help = "What a session goes over with neighbours that speak both; they must say the same (default ipv6)",
	    .ref = "RFC 7552 6.1" },
	{ .view = VIEW_MPLS_LDP,
	    .words = "igp-sync-delay <0-65535>:seconds",
	    .undo = "igp-sync-delay",
	    .set = set_sync_delay,
	    .help = "A neighbour that does not tell the end of its labels is taken to have told all of them so long "
		    "after its session came up (default 10)",
	    .ref = "RFC 5443 2" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp discovery hello interval <1-65535>:seconds",
	    .undo = "mpls ldp discovery hello interval",
	    .set = set_hello_interval,
	    .help = "Time between Hellos on links, at once and without a reset (default 5)",
	    .ref = "RFC 5036 3.5.2" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp discovery hello holdtime <1-65535>:seconds",
	    .undo = "mpls ldp discovery hello holdtime",
	    .set = set_hello_hold,
	    .help = "How long a neighbour is kept without a Hello; the lower of both counts (default 15)",
	    .ref = "RFC 5036 3.5.2" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp holdtime <15-65535>:seconds",
	    .undo = "mpls ldp holdtime",
	    .set = set_session_hold,
	    .help = "How long a session is kept without a message, from the next session on; the lower of both counts "
		    "(default 180)",
	    .ref = "RFC 5036 3.5.3" },

	{ .view = VIEW_EXEC,
	    .words = "display mpls ldp session",
	    .tables = "ldp.Session",
	    .show = ldp_show_sessions,
	    .help = "Sessions, their state and their age",
	    .ref = "reference 002" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls ldp session <lsr-id>:peer [ verbose ]",
	    .tables = "ldp.Session",
	    .keep = ldp_keep_session,
	    .show = ldp_show_sessions_verbose,
	    .help = "One session with everything that is known of it",
	    .ref = "RFC 5036 2.5" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls ldp session verbose",
	    .tables = "ldp.Session",
	    .show = ldp_show_sessions_verbose,
	    .help = "Sessions with everything that is known of them",
	    .ref = "RFC 5036 2.5" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls ldp lsp",
	    .tables = "ldp.Lsp ldp.Binding fib.Interface",
	    .show = ldp_show_lsps,
	    .help = "LSPs: our label, the next hops' labels",
	    .ref = "RFC 3031 3.10" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls ldp adjacency",
	    .tables = "ldp.Adjacency fib.Interface",
	    .show = ldp_show_adjacencies,
	    .help = "Neighbours by the links they are heard on",
	    .ref = "RFC 5036 2.4" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls ldp igp-sync",
	    .tables = "ldp.Sync",
	    .show = ldp_show_sync,
	    .help = "How far LDP has come on each link, as IGPs are told",
	    .ref = "RFC 5443 2" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls ldp interface",
	    .tables = "ldp.Interface",
	    .show = ldp_show_interfaces,
	    .help = "Interfaces with LDP, and why one is not active",
	    .ref = "RFC 5036 2.4.1" },
	{ .view = VIEW_EXEC,
	    .words = "show mpls ldp neighbor [ <lsr-id>:peer ] [ detail | details ]",
	    .tables = "ldp.Session ldp.Adjacency fib.Interface",
	    .keep = ldp_keep_session,
	    .show = ldp_show_neighbors,
	    .help = "Neighbours with their session, discovery sources and addresses",
	    .ref = "reference 001" },
	{ .view = VIEW_EXEC,
	    .words = "{ show | display } mpls ldp discovery [ detail ]",
	    .tables = "ldp.Parameters ldp.Interface ldp.Adjacency ldp.Target",
	    .show = ldp_show_discovery,
	    .help = "Where Hellos are sent and heard, and from whom",
	    .ref = "RFC 5036 2.4" },
	{ .view = VIEW_EXEC,
	    .words = "show mpls ldp parameters",
	    .tables = "ldp.Parameters",
	    .show = ldp_show_parameters,
	    .help = "Timers and protocol version in force",
	    .ref = "reference 001" },
	{ .view = VIEW_EXEC,
	    .words = "show mpls ldp bindings",
	    .tables = "ldp.Binding",
	    .show = ldp_show_bindings,
	    .help = "All labels: ours, and those of every neighbour",
	    .ref = "RFC 5036 2.6" },
	{ .view = VIEW_EXEC,
	    .words = "reset mpls ldp [ peer <lsr-id>:peer ]",
	    .request = "clear",
	    .help = "Ends sessions; they come up again at once",
	    .ref = "RFC 5036 3.5.1" },
	{ .view = VIEW_EXEC,
	    .words = "clear mpls ldp neighbor { * | <lsr-id>:peer }",
	    .request = "clear",
	    .help = "The same: ends the sessions, or that with one peer",
	    .ref = "reference 001" },
	{ .more = ldp_session_commands },
};

static void *
fresh_config(void)
{
	struct ldp_config *c = NEW(struct ldp_config);

	ldp_config_defaults(c);
	return c;
}

static void
drop_config(void *conf)
{
	if (conf)
		ldp_config_free(conf);
	free(conf);
}

const struct conf_kind ldp_conf = { .rows = ldp_commands, .fresh = fresh_config, .drop = drop_config };
