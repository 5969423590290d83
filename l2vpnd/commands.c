/* What an operator can say to l2vpnd: reference 003. Here what stands in the system view, templates and tunnel policies. */
#include "l2vpnd/commands.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

static int
set_l2vpn(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_config *c = conf;

	(void)why;
	c->enabled = !args_undo(a);
	return 0;
}

/* ldpd's line; a pseudowire to ourselves leads nowhere. */
static int
see_lsr_id(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_config *c = conf;
	struct addr id = arg_addr(a, "id");

	(void)why;
	c->lsr_id = args_undo(a) ? 0 : addr_to_v4(&id);
	return 0;
}

/* --- local switching --- */

static int
set_ccc(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_config *c = conf;
	struct l2vpn_ccc new = { .line = args_line(a) };

	if (arg_copy(a, "name", new.name, sizeof new.name, why) != 0)
		return -1;
	if (args_undo(a)) {
		l2vpn_config_remove_ccc(c, new.name);
		return 0;
	}
	if (arg_copy(a, "first", new.interface[0], sizeof new.interface[0], why) != 0 ||
	    arg_copy(a, "second", new.interface[1], sizeof new.interface[1], why) != 0)
		return -1;
	if (ifname_eq(new.interface[0], new.interface[1]))
		return conf_refuse(
		    why, "%s would send its frames back to itself; name two interfaces", new.interface[0]);
	if (l2vpn_check_interface(new.interface[0], why) != 0 || l2vpn_check_interface(new.interface[1], why) != 0)
		return -1;
	l2vpn_config_ccc(c, &new);
	return 0;
}

/* --- templates --- */

static int
set_template(void *conf, const struct args *a, struct conf_error *why)
{
	char name[L2VPN_TEMPLATE];

	if (arg_copy(a, "template", name, sizeof name, why) != 0)
		return -1;
	if (args_undo(a))
		l2vpn_config_remove_template(conf, name);
	else
		l2vpn_config_template(conf, name);
	return 0;
}

/* Of the view. When the line that opens it was refused, those in it are read for their own faults all the same: then it is
 * nobody's. */
static struct l2vpn_template *
template_of(void *conf, const struct args *a)
{
	static struct l2vpn_template nobody;
	const char *name = arg_text(a, "template");

	nobody = (struct l2vpn_template){ 0 };
	return strlen(name) < L2VPN_TEMPLATE ? l2vpn_config_template(conf, name) : &nobody;
}

static int
set_template_peer(void *conf, const struct args *a, struct conf_error *why)
{
	struct addr peer = arg_addr(a, "peer");

	if (!args_undo(a) && (addr_is_multicast(&peer) || addr_is_loopback(&peer) || addr_is_unspecified(&peer)))
		return conf_refuse(why, "this is not the LSR ID of a router");
	template_of(conf, a)->peer = args_undo(a) ? addr_none() : peer;
	return 0;
}

static int
set_template_policy(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_template *t = template_of(conf, a);

	memset(t->policy, 0, sizeof t->policy);
	return args_undo(a) ? 0 : arg_copy(a, "policy", t->policy, sizeof t->policy, why);
}

struct l2vpn_bfd
l2vpn_bfd_said(const struct args *a)
{
	struct l2vpn_bfd b;

	memset(&b, 0, sizeof b); /* compared as bytes */
	b.on = !args_undo(a);
	b.min_tx_ms = (uint16_t)arg_u32(a, "tx");
	b.min_rx_ms = (uint16_t)arg_u32(a, "rx");
	b.multiplier = (uint8_t)arg_u32(a, "multiplier");
	return b;
}

#define SETTING(function, field, said, otherwise)                                     \
	static int function(void *conf, const struct args *a, struct conf_error *why) \
	{                                                                             \
		(void)why;                                                            \
		template_of(conf, a)->field = args_undo(a) ? (otherwise) : (said);    \
		return 0;                                                             \
	}
SETTING(set_template_word, control_word, true, false)
SETTING(set_template_mtu, mtu, (uint16_t)arg_u32(a, "mtu"), 0)
SETTING(set_template_vccv, no_vccv, false, true)
SETTING(set_template_bfd, bfd, l2vpn_bfd_said(a), l2vpn_bfd_said(a))
SETTING(set_template_vccv_bfd, vccv_bfd, l2vpn_bfd_said(a), l2vpn_bfd_said(a))
#undef SETTING

/* --- tunnel policies: which there are; what they permit is told fibd --- */

static int
set_policy(void *conf, const struct args *a, struct conf_error *why)
{
	char name[L2VPN_POLICY];

	if (arg_copy(a, "policy", name, sizeof name, why) != 0)
		return -1;
	if (args_undo(a))
		l2vpn_config_remove_policy(conf, name);
	else
		l2vpn_config_policy(conf, name);
	return 0;
}

const struct command l2vpn_commands[] = {
	{ .view = VIEW_SYSTEM,
	    .words = "mpls l2vpn",
	    .enters = VIEW_MPLS_L2VPN,
	    .set = set_l2vpn,
	    .help = "Pseudowires on this router; `mpls l2vc` needs it",
	    .ref = "reference 003" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls lsr-id <lsr-id>:id",
	    .set = see_lsr_id,
	    .help = "This router's LSR ID, to which it has no pseudowire",
	    .ref = "RFC 8077 6.1" },
	{ .view = VIEW_SYSTEM,
	    .words = "ccc <word>:name interface <ifname>:first out-interface <ifname>:second",
	    .undo = "ccc <word>:name",
	    .set = set_ccc,
	    .help = "Local switching: frames of one interface go out of the other, both ways",
	    .ref = "RFC 4664 3.2" },
	{ .view = VIEW_SYSTEM,
	    .words = "pw-template <word>:template",
	    .enters = VIEW_PW_TEMPLATE,
	    .set = set_template,
	    .help = "What pseudowires have in common; what `mpls l2vc` says itself goes before it",
	    .ref = "reference 003" },
	{ .view = VIEW_PW_TEMPLATE,
	    .words = "peer-address <address>:peer",
	    .undo = "peer-address",
	    .set = set_template_peer,
	    .help = "The other end's LSR ID",
	    .ref = "reference 003" },
	{ .view = VIEW_PW_TEMPLATE,
	    .words = "control-word",
	    .set = set_template_word,
	    .help = "Frames are to carry a control word, if the other end agrees (default: not)",
	    .ref = "RFC 8077 7.2, RFC 4385" },
	{ .view = VIEW_PW_TEMPLATE,
	    .words = "mtu <46-16352>:mtu",
	    .undo = "mtu",
	    .set = set_template_mtu,
	    .help = "The MTU that both ends must have, in bytes (default: the circuit's own)",
	    .ref = "RFC 8077 7.1" },
	{ .view = VIEW_PW_TEMPLATE,
	    .words = "tnl-policy <word>:policy",
	    .undo = "tnl-policy",
	    .set = set_template_policy,
	    .help = "Which tunnels carry the pseudowire (default: any LSP)",
	    .ref = "reference 003" },
	{ .view = VIEW_PW_TEMPLATE,
	    .words = "interface-parameter-type vccv",
	    .undo = "interface-parameter-type vccv",
	    .set = set_template_vccv,
	    .help = "The other end is told which VCCV packets are taken, which is the default; `undo` leaves it out",
	    .ref = "reference 003, RFC 5085" },
	{ .view = VIEW_PW_TEMPLATE,
	    .words = "bfd-detect " L2VPN_BFD_TIMERS,
	    .undo = "bfd-detect",
	    .set = set_template_bfd,
	    .help =
		"BFD over several hops watches the other end; while it is dead the pseudowire is not used; one session "
		"does for all pseudowires that go there, with the quickest timers (default 10 10 3)",
	    .ref = "RFC 5883" },
	{ .view = VIEW_PW_TEMPLATE,
	    .words = "vccv bfd " L2VPN_BFD_TIMERS,
	    .undo = "vccv bfd",
	    .set = set_template_vccv_bfd,
	    .help = "BFD over its control channel watches the pseudowire itself, if the other end takes it; while it "
		    "is dead "
		    "the pseudowire is not used (timers: default 10 10 3)",
	    .ref = "RFC 5885" },
	{ .view = VIEW_SYSTEM,
	    .words = "tunnel-policy <word>:policy",
	    .enters = VIEW_TUNNEL_POLICY,
	    .set = set_policy,
	    .help = "Which tunnels may carry pseudowires and VPN routes that name it; empty, it permits all",
	    .ref = "reference 003" },
	{ .more = l2vpn_circuit_commands },
};

static void *
fresh_config(void)
{
	return NEW(struct l2vpn_config);
}

static void
drop_config(void *conf)
{
	if (conf)
		l2vpn_config_free(conf);
	free(conf);
}

const struct conf_kind l2vpn_conf = {
	.rows = l2vpn_commands, .fresh = fresh_config, .drop = drop_config, .check = l2vpn_check
};
