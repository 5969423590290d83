/* Attachment circuits: what an interface is to be one, and by which rules its pseudowires take over from each other. */
#include "l2vpnd/commands.h"
#include <string.h>

struct l2vpn_circuit_config *
l2vpn_line_circuit(void *conf, const struct args *a)
{
	const char *name = arg_text(a, "interface");
	bool new = !l2vpn_config_find(conf, name);
	struct l2vpn_circuit_config *c = l2vpn_config_circuit(conf, name);

	if (new)
		c->link = (uint8_t)l2vpn_usual_link(name);
	return c;
}

static int
set_interface(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	if (args_undo(a))
		l2vpn_config_remove(conf, arg_text(a, "interface"));
	return 0;
}

static int
set_vlan(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_circuit_config *c = l2vpn_line_circuit(conf, a);

	if (!args_undo(a) && !strchr(c->name, '.'))
		return conf_refuse(
		    why, "%s is no subinterface: those are called %s.1 to %s.4094", c->name, c->name, c->name);
	c->vlan = args_undo(a) ? 0 : (uint16_t)arg_u32(a, "vlan");
	return 0;
}

static int
set_link(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_circuit_config *c = l2vpn_line_circuit(conf, a);

	(void)why;
	c->link = (uint8_t)(args_undo(a)          ? l2vpn_usual_link(c->name)
			    : arg_given(a, "ppp") ? L2VPN_LINK_PPP
						  : L2VPN_LINK_HDLC);
	return 0;
}

static int
set_suppress(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_circuit_config *c = l2vpn_line_circuit(conf, a);

	c->suppress_line = args_undo(a) ? 0 : args_line(a);
	if (c->suppress_line)
		conf_warn(why, "PPP is not spoken here, so there is no host route of a peer to suppress");
	return 0;
}

/* --- the service --- */

static int
set_service(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_circuit_config *c = l2vpn_line_circuit(conf, a);

	memset(c->service, 0, sizeof c->service);
	c->service_line = args_undo(a) ? 0 : args_line(a);
	return args_undo(a) ? 0 : arg_copy(a, "name", c->service, sizeof c->service, why);
}

static int
set_mode(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_circuit_config *c = l2vpn_line_circuit(conf, a);

	(void)why;
	c->mode = L2VPN_FRR;
	c->mode_line = args_undo(a) ? 0 : args_line(a);
	for (int m = 0; m < L2VPN_MODES && !args_undo(a); m++)
		if (arg_given(a, l2vpn_mode_name((enum l2vpn_mode)m)))
			c->mode = (uint8_t)m;
	return 0;
}

static int
set_reroute(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_circuit_config *c = l2vpn_line_circuit(conf, a);
	bool undo = args_undo(a);

	(void)why;
	c->revert_line = undo ? 0 : args_line(a);
	c->revert = (uint8_t)(undo || arg_given(a, "delay") ? L2VPN_DELAY
			      : arg_given(a, "immediately") ? L2VPN_IMMEDIATELY
							    : L2VPN_NEVER);
	c->delay_s = undo || !arg_given(a, "delay") ? 0 : (uint16_t)arg_u32(a, "delay");
	c->has_resume = !undo && arg_given(a, "resume");
	c->resume_s = c->has_resume ? (uint16_t)arg_u32(a, "resume") : 0;
	return 0;
}

static int
set_holdoff(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_circuit_config *c = l2vpn_line_circuit(conf, a);

	(void)why;
	c->hold_s = args_undo(a) ? 0 : (uint8_t)arg_u32(a, "seconds");
	c->hold_line = args_undo(a) ? 0 : args_line(a);
	return 0;
}

static int
set_vccv(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	l2vpn_line_circuit(conf, a)->no_vccv = args_undo(a);
	return 0;
}

static int
set_trigger(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_circuit_config *c = l2vpn_line_circuit(conf, a);

	(void)why;
	c->carrier_follows = !args_undo(a);
	c->carrier_line = args_undo(a) ? 0 : args_line(a);
	return 0;
}

/* Adds to what earlier lines have said. */
static int
set_protocols(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_circuit_config *c = l2vpn_line_circuit(conf, a);
	unsigned named = 0;

	(void)why;
	for (int p = 0; p < L2VPN_PROTOCOLS; p++)
		named |= (unsigned)arg_given(a, l2vpn_protocol_name((enum l2vpn_protocol)p)) << p;
	if (!named)
		named = L2VPN_ALL_PROTOCOLS;
	if (args_undo(a) || arg_given(a, "forward"))
		c->dropped &= (uint8_t)~named;
	else
		c->dropped |= (uint8_t)named;
	c->dropped_line = c->dropped ? args_line(a) : 0;
	return 0;
}

static int
set_bfd(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	l2vpn_line_circuit(conf, a)->bfd = l2vpn_bfd_said(a);
	return 0;
}

static int
set_vccv_bfd(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	l2vpn_line_circuit(conf, a)->vccv_bfd = l2vpn_bfd_said(a);
	return 0;
}

const struct command l2vpn_circuit_commands[] = {
	{ .view = VIEW_SYSTEM,
	    .words = "interface <ifname>:interface",
	    .enters = VIEW_INTERFACE,
	    .set = set_interface,
	    .help = "The interface whose settings follow; `undo interface` takes its pseudowires away as well",
	    .ref = "reference 003" },
	{ .view = VIEW_INTERFACE,
	    .words = "vlan-type dot1q <1-4094>:vlan",
	    .undo = "vlan-type dot1q [ <1-4094>:vlan ]",
	    .set = set_vlan,
	    .help = "A subinterface has the frames of its port with this tag",
	    .ref = "RFC 4448 4.4" },
	{ .view = VIEW_INTERFACE,
	    .words = "link-protocol { ppp | hdlc }",
	    .undo = "link-protocol [ ppp | hdlc ]",
	    .set = set_link,
	    .help = "What frames of this interface are: its pseudowires are of type PPP or HDLC",
	    .ref = "RFC 4618" },
	{ .view = VIEW_INTERFACE,
	    .words = "ppp peer hostroute-suppress",
	    .set = set_suppress,
	    .help = "Must not stand where pseudowires join customers' networks with different addresses",
	    .ref = "reference 003" },
	{ .view = VIEW_INTERFACE,
	    .words = "mpls l2vpn service-name <word>:name",
	    .undo = "mpls l2vpn service-name [ <word>:name ]",
	    .set = set_service,
	    .help = "The service's name, in displays and events; no other service has it",
	    .ref = "reference 003" },
	{ .view = VIEW_INTERFACE,
	    .words = "mpls l2vpn redundancy { frr | master | slave | independent }",
	    .undo = "mpls l2vpn redundancy [ frr | master | slave | independent ]",
	    .set = set_mode,
	    .help =
		"Who says which pseudowire is used: this end and nobody is told (frr, the default), this end (master), "
		"the other ends (slave), or all, each by what it can do (independent)",
	    .ref = "RFC 6870 5" },
	{ .view = VIEW_INTERFACE,
	    .words = "mpls l2vpn reroute { { delay <10-1800>:delay | immediately } [ resume <0-600>:resume ] | never }",
	    .undo = "mpls l2vpn reroute [ { delay <10-1800>:delay | immediately } [ resume <0-600>:resume ] | never ]",
	    .set = set_reroute,
	    .help =
		"When frames go back to the primary pseudowire that is good again (default: delay 30); so many seconds "
		"later the secondary one's end is told that all is well here (default 10)",
	    .ref = "reference 003" },
	{ .view = VIEW_INTERFACE,
	    .words = "mpls l2vpn holdoff <1-180>:seconds",
	    .undo = "mpls l2vpn holdoff [ <1-180>:seconds ]",
	    .set = set_holdoff,
	    .help = "A pseudowire that fails is waited for so long before another one takes over (default: not at all)",
	    .ref = "RFC 6718 3.2" },
	{ .view = VIEW_INTERFACE,
	    .words = "interface-parameter-type vccv",
	    .undo = "interface-parameter-type vccv",
	    .set = set_vccv,
	    .help = "The other ends are told which VCCV packets are taken, which is the default; `undo` leaves it out",
	    .ref = "reference 003, RFC 5085" },
	{ .view = VIEW_INTERFACE,
	    .words = "mpls l2vpn pw bfd " L2VPN_BFD_TIMERS,
	    .undo = "mpls l2vpn pw bfd",
	    .set = set_bfd,
	    .help = "BFD over several hops watches the other ends; while one is dead its pseudowire is not used",
	    .ref = "RFC 5883" },
	{ .view = VIEW_INTERFACE,
	    .words = "mpls l2vpn vccv bfd " L2VPN_BFD_TIMERS,
	    .undo = "mpls l2vpn vccv bfd",
	    .set = set_vccv_bfd,
	    .help = "BFD over their control channels watches the pseudowires themselves, where the other ends take it; "
		    "while "
		    "one is dead it is not used",
	    .ref = "RFC 5885" },
	{ .view = VIEW_INTERFACE,
	    .words = "mpls l2vpn trigger if-down",
	    .set = set_trigger,
	    .help = "While no pseudowire can be used the interface has no carrier, or is down where that cannot be "
		    "switched, so "
		    "that the customer sees it; not of subinterfaces and not of `ccc`",
	    .ref = "RFC 6310 6" },
	{ .view = VIEW_INTERFACE,
	    .words = "l2protocol-tunnel { all | { cdp | dot1x | lacp | lldp | stp }* } { drop | forward }",
	    .undo = "l2protocol-tunnel [ all | { cdp | dot1x | lacp | lldp | stp }* ] [ drop | forward ]",
	    .set = set_protocols,
	    .help =
		"Which protocols of the customer's switches go through the pseudowire or `ccc`: all do, but for those "
		"that "
		"are dropped here as they come in; with LACP go all slow protocols, with CDP what else has its address",
	    .ref = "IEEE 802.1Q 8.6.3, RFC 4448 4.2" },
	{ .more = l2vpn_pw_commands },
};
