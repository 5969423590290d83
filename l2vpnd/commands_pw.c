/*
 * `mpls l2vc` in all its forms. Those of ATM and TDM interfaces are read to their end and refused: Linux has no such
 * interfaces whose cells could go into a pseudowire.
 */
#include "base/mem.h"
#include "l2vpnd/commands.h"
#include <string.h>
#include <strings.h>

static enum l2vpn_role
line_role(const struct args *a)
{
	return arg_given(a, "secondary") ? L2VPN_SECONDARY : arg_given(a, "bypass") ? L2VPN_BYPASS : L2VPN_PRIMARY;
}

/* Of what kind an interface is by its name, if it is none that can be a circuit here; NULL: it can. */
static const char *
other_kind(const char *interface)
{
	static const char *const kinds[][2] = { { "Atm", "an ATM" }, { "Ima-group", "an ATM" }, { "E1", "a TDM" },
		{ "CE1", "a TDM" }, { "CT1", "a TDM" }, { "T1", "a TDM" }, { "Cpos-Trunk", "a TDM" },
		{ "Trunk-Serial", "a TDM" } };

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strncasecmp(interface, kinds[i][0], strlen(kinds[i][0])) == 0)
			return kinds[i][1];
	return NULL;
}

int
l2vpn_check_interface(const char *name, struct conf_error *why)
{
	const char *kind = other_kind(name);

	if (kind)
		return conf_refuse(why, "%s is %s interface: this host has no such attachment circuit", name, kind);
	if (strncasecmp(name, "LoopBack", 8) == 0 || strncasecmp(name, "Tunnel", 6) == 0)
		return conf_refuse(
		    why, "%s has no customer behind it: an attachment circuit is an Ethernet interface", name);
	return 0;
}

static int
check_words(const struct l2vpn_circuit_config *c, const struct l2vpn_pw_config *p, struct conf_error *why)
{
	if (addr_is_set(&p->peer) &&
	    (addr_is_multicast(&p->peer) || addr_is_loopback(&p->peer) || addr_is_unspecified(&p->peer)))
		return conf_refuse(why, "the other end is not the LSR ID of a router");
	if (p->access_port && p->type == L2VPN_TAGGED)
		return conf_refuse(
		    why, "an access port's frames go without its tag: take `access-port` or `tagged` out");
	if (c->link != L2VPN_ETHERNET && p->type)
		return conf_refuse(why, "`%s` is about Ethernet frames, and those of %s are none",
		    p->type == L2VPN_RAW ? "raw" : "tagged", c->name);
	if (p->has_color)
		conf_warn(why, "this host has no SR policies; the pseudowire takes an LSP");
	return 0;
}

static int
add_pw(struct l2vpn_circuit_config *c, enum l2vpn_role role, const struct l2vpn_pw_config *new, struct conf_error *why)
{
	const struct l2vpn_pw_config *old = &c->pw[role];

	if (old->line &&
	    (old->vc_id != new->vc_id || !addr_eq(&old->peer, &new->peer) || strcmp(old->template, new->template) != 0))
		return conf_refuse(why, "%s has a %s pseudowire already, VC ID %u in line %d; `undo mpls l2vc` first",
		    c->name, l2vpn_role_name(role), old->vc_id, old->line);
	c->pw[role] = *new;
	return 0;
}

static int
set_l2vc(void *conf, const struct args *a, struct conf_error *why)
{
	struct l2vpn_circuit_config *c = l2vpn_line_circuit(conf, a);
	enum l2vpn_role role = line_role(a);
	struct l2vpn_pw_config new = { .line = args_line(a),
		.peer = arg_addr(a, "peer"),
		.vc_id = arg_u32(a, "vcid"),
		.access_port = arg_given(a, "access-port"),
		.ignore_standby = arg_given(a, "ignore-standby-state"),
		.endpoint = arg_addr(a, "endpoint"),
		.has_color = arg_given(a, "color"),
		.color = arg_u32(a, "color") };

	if (args_undo(a)) {
		for (int r = 0; r < L2VPN_ROLES; r++)
			if (r == (int)role || !arg_given(a, "vcid"))
				c->pw[r] = (struct l2vpn_pw_config){ 0 };
		return 0;
	}
	new.control_word = arg_given(a, "control-word")      ? L2VPN_YES
			   : arg_given(a, "no-control-word") ? L2VPN_NO
							     : L2VPN_UNSAID;
	new.type = arg_given(a, "raw") ? L2VPN_RAW : arg_given(a, "tagged") ? L2VPN_TAGGED : 0;
	if (arg_copy(a, "template", new.template, sizeof new.template, why) != 0 ||
	    arg_copy(a, "policy", new.policy, sizeof new.policy, why) != 0 ||
	    l2vpn_check_interface(c->name, why) != 0 || check_words(c, &new, why) != 0)
		return -1;
	return add_pw(c, role, &new, why);
}

/* The operator has said what frames there are none of here: with the first of these words that was given. */
static int
refuse_kind(const struct args *a, const char *kind, const char *const *words, struct conf_error *why)
{
	while (words[1] && !arg_given(a, *words))
		words++;
	return conf_refuse(why,
	    "`%s` is of %s interfaces: this host has no such attachment circuit; pseudowires begin at Ethernet "
	    "interfaces",
	    *words, kind);
}

static int
refuse_atm(void *conf, const struct args *a, struct conf_error *why)
{
	static const char *const words[] = { "max-atm-cells", "atm-pack-overtime", "transmit-atm-cells", "seq-number",
		NULL };

	(void)conf;
	return refuse_kind(a, "ATM", words, why);
}

static int
refuse_tdm(void *conf, const struct args *a, struct conf_error *why)
{
	static const char *const words[] = { "jitter-buffer", "tdm-encapsulation-number", "tdm-sequence-number",
		"rtp-header", NULL };

	(void)conf;
	return refuse_kind(a, "TDM", words, why);
}

#define WHERE_TO "{ <address>:peer | pw-template <word>:template }* <1-4294967295>:vcid"
#define POLICY "tunnel-policy <word>:policy [ [ endpoint <address>:endpoint ] color <0-4294967295>:color ]"
#define ETHERNET                                                                                                       \
	"[ access-port | { control-word | no-control-word } | ignore-standby-state | { raw | tagged } | " POLICY " | " \
	"{ secondary | bypass } ]*"

const struct command l2vpn_pw_commands[] = {
	{ .view = VIEW_INTERFACE,
	    .words = "mpls l2vc " WHERE_TO " " ETHERNET,
	    .undo = "mpls l2vc [ " WHERE_TO " " ETHERNET " ]",
	    .set = set_l2vc,
	    .help =
		"A pseudowire of this interface: the primary one, one that takes over from it (secondary), or one that "
		"is used when both are lost (bypass). What is said of them must be the same",
	    .ref = "reference 003, RFC 8077 6.1" },
	{ .view = VIEW_INTERFACE,
	    .words = "mpls l2vc " WHERE_TO " [ " POLICY
		     " | { control-word [ seq-number ] | no-control-word } | max-atm-cells "
		     "<1-28>:cells | atm-pack-overtime <100-50000>:overtime | transmit-atm-cells <1-28>:transmit | "
		     "ignore-standby-state | { secondary | bypass } ]*",
	    .undo = "",
	    .set = refuse_atm,
	    .help = "Of ATM interfaces: understood, and refused, for this host has none",
	    .ref = "reference 003, RFC 4717" },
	{ .view = VIEW_INTERFACE,
	    .words = "mpls l2vc " WHERE_TO " [ " POLICY " | { control-word | no-control-word } | jitter-buffer "
		     "<1-64000>:depth | tdm-encapsulation-number <1-40>:number | tdm-sequence-number | rtp-header | "
		     "ignore-standby-state | { secondary | bypass } ]*",
	    .undo = "",
	    .set = refuse_tdm,
	    .help = "Of TDM interfaces: understood, and refused, for this host has none",
	    .ref = "reference 003, RFC 4553" },
	{ .more = l2vpn_display_commands },
};
