/* Tunnel policies: which tunnels pseudowires and VPN routes may take. Who names one is told by l2vpnd, and of VPN instances here. */
#include "fibd/commands.h"
#include "fibd/config.h"
#include "fibd/display.h"
#include "base/mem.h"
#include <string.h>

static int
set_policy(void *conf, const struct args *a, struct conf_error *why)
{
	char name[FIB_POLICY_NAME];

	if (arg_copy(a, "policy", name, sizeof name, why) != 0)
		return -1;
	if (args_undo(a))
		fib_config_policy_remove(conf, name);
	else
		fib_config_policy_add(conf, name);
	return 0;
}

/* Of the view; NULL when the line that opens it was refused. */
static struct fib_policy_config *
policy_of(void *conf, const struct args *a)
{
	return fib_config_policy(conf, arg_text(a, "policy"));
}

static int
set_description(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_policy_config *p = policy_of(conf, a);

	if (!p)
		return 0;
	memset(p->description, 0, sizeof p->description);
	return args_undo(a) ? 0 : arg_copy(a, "description", p->description, sizeof p->description, why);
}

static int
set_select(void *conf, const struct args *a, struct conf_error *why)
{
	static const char *const words[] = { "lsp", "cr-lsp", "gre" };
	struct fib_policy_config *p = policy_of(conf, a);

	if (!p)
		return 0;
	memset(p->kinds, 0, sizeof p->kinds);
	p->balance = 0;
	if (args_undo(a))
		return 0;
	if (p->binding_count)
		return conf_refuse(why,
		    "%s binds destinations to tunnels (`tunnel binding`): a policy does one or the other", p->name);
	for (int k = 0; k < FIB_TUNNEL_KINDS; k++)
		p->kinds[k] = arg_given(a, words[k]);
	p->balance = (uint8_t)arg_u32(a, "number");
	if (!p->kinds[FIB_TUNNEL_LSP])
		conf_warn(why,
		    "this host has no tunnels but LSPs: what names %s cannot send until `lsp` is in the sequence",
		    p->name);
	else if (p->kinds[FIB_TUNNEL_CR_LSP] || p->kinds[FIB_TUNNEL_GRE])
		conf_warn(why, "this host has no tunnels but LSPs; the others of the sequence are passed over");
	return 0;
}

static void
unbind(struct fib_policy_config *p, const struct addr *destination)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->binding_count; i++)
		if (!addr_eq(&p->bindings[i].destination, destination))
			p->bindings[kept++] = p->bindings[i];
	p->binding_count = kept;
}

static int
set_binding(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_policy_config *p = policy_of(conf, a);
	struct fib_binding new = { .destination = arg_addr(a, "destination"),
		.any_destination = arg_given(a, "ignore-destination-check"),
		.down_switch = arg_given(a, "down-switch") };

	if (!p)
		return 0;
	unbind(p, &new.destination);
	if (args_undo(a))
		return 0;
	if (p->kinds[FIB_TUNNEL_LSP] || p->kinds[FIB_TUNNEL_CR_LSP] || p->kinds[FIB_TUNNEL_GRE])
		return conf_refuse(
		    why, "%s has a sequence of tunnels (`tunnel select-seq`): a policy does one or the other", p->name);
	if (arg_copy(a, "tunnel", new.tunnel, sizeof new.tunnel, why) != 0)
		return -1;
	conf_warn(why, new.down_switch
			   ? "this host has no TE tunnels: LSPs are taken"
			   : "this host has no TE tunnels: nothing is sent there until `down-switch` permits LSPs");
	p->bindings = mem_resize(p->bindings, (p->binding_count + 1) * sizeof *p->bindings);
	p->bindings[p->binding_count++] = new;
	return 0;
}

/* --- who names them --- */

static int
set_family(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_vrf_config *v = fib_config_vrf(conf, arg_text(a, "vrf"));

	(void)why;
	if (v && args_undo(a))
		memset(v->policy[0], 0, sizeof v->policy[0]);
	return 0;
}

static int
set_family6(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_vrf_config *v = fib_config_vrf(conf, arg_text(a, "vrf"));

	(void)why;
	if (v && args_undo(a))
		memset(v->policy[1], 0, sizeof v->policy[1]);
	return 0;
}

static int
set_instance_policy(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_vrf_config *v = fib_config_vrf(conf, arg_text(a, "vrf"));
	bool v6 = args_view(a) == VIEW_VPN_IPV6;

	if (!v)
		return 0;
	memset(v->policy[v6], 0, sizeof v->policy[v6]);
	v->policy_line[v6] = args_line(a);
	return args_undo(a) ? 0 : arg_copy(a, "policy", v->policy[v6], sizeof v->policy[v6], why);
}

void
fib_check_policies(void *conf, struct conf_error *why)
{
	const struct fib_config *c = conf;

	for (size_t i = 0; i < c->vrf_count; i++)
		for (int v6 = 0; v6 < 2; v6++) {
			const char *name = c->vrfs[i].policy[v6];
			if (!*name || fib_config_policy(c, name))
				continue;
			conf_about(why, c->vrfs[i].policy_line[v6]);
			conf_refuse(why, "there is no tunnel policy %s; define it with `tunnel-policy %s`", name, name);
		}
}

#define INSTANCE(in)                                                                                         \
	{                                                                                                    \
		.view = in, .words = "tnl-policy <word>:policy", .undo = "tnl-policy [ <word>:policy ]",     \
		.set = set_instance_policy,                                                                  \
		.help = "Which tunnels the instance's routes may take, and how many at once (default: all)", \
		.ref = "RFC 4364 5"                                                                          \
	}

const struct command fib_policy_commands[] = {
	{ .view = VIEW_SYSTEM,
	    .words = "tunnel-policy <word>:policy",
	    .enters = VIEW_TUNNEL_POLICY,
	    .set = set_policy,
	    .help = "Which tunnels may carry pseudowires and VPN routes that name it; empty, it permits all",
	    .ref = "reference 003" },
	{ .view = VIEW_TUNNEL_POLICY,
	    .words = "description <text>:description",
	    .undo = "description",
	    .set = set_description,
	    .help = "A note for people",
	    .ref = "reference 003" },
	{ .view = VIEW_TUNNEL_POLICY,
	    .words = "tunnel select-seq { lsp | cr-lsp | gre }* load-balance-number <1-64>:number",
	    .undo = "tunnel select-seq",
	    .set = set_select,
	    .help =
		"Kinds of tunnels in their order, of which this host has LSPs, and how many of them share the load; a "
		"pseudowire takes one of these, so that its frames keep their order",
	    .ref = "reference 003" },
	{ .view = VIEW_TUNNEL_POLICY,
	    .words = "tunnel binding destination <address>:destination te <ifname>:tunnel [ ignore-destination-check | "
		     "down-switch ]*",
	    .undo = "tunnel binding destination <address>:destination",
	    .set = set_binding,
	    .help =
		"What goes there takes this TE tunnel, which this host does not have: with `down-switch` LSPs, else "
		"nothing",
	    .ref = "reference 003" },
	{ .view = VIEW_VPN,
	    .words = "ipv4-family",
	    .enters = VIEW_VPN_IPV4,
	    .set = set_family,
	    .help = "The instance has IPv4 routes",
	    .ref = "reference 002" },
	{ .view = VIEW_VPN,
	    .words = "ipv6-family",
	    .enters = VIEW_VPN_IPV6,
	    .set = set_family6,
	    .help = "The instance has IPv6 routes",
	    .ref = "RFC 4659" },
	INSTANCE(VIEW_VPN_IPV4),
	INSTANCE(VIEW_VPN_IPV6),
	{ .view = VIEW_EXEC,
	    .words = "display tunnel-policy [ <word>:policy ]",
	    .tables = "fib.TunnelPolicy",
	    .keep = fib_keep_policy,
	    .show = fib_show_policies,
	    .help = "Tunnel policies: which tunnels each takes, who names it, and why nothing can go there",
	    .ref = "reference 003" },
	{ .more = fib_probe_commands },
};
