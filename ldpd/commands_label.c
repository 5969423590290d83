/* What an operator can say about which FECs get labels, who is told them, and whose are used. */
#include "ldpd/commands.h"
#include "ldpd/config.h"
#include <stdio.h>
#include <string.h>

/* --- prefix lists --- */

static int
set_prefix_rule(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;
	char name[sizeof((struct prefix_list){ 0 }).name];
	struct prefix p = prefix_make(arg_addr(a, "address"), arg_mask(a, "mask"));
	struct prefix network = prefix_network(p);
	struct prefix_rule r = { .index = arg_u32(a, "index"), .permit = arg_given(a, "permit"), .prefix = network };

	if (arg_copy(a, "list", name, sizeof name, why) != 0)
		return -1;
	if (args_undo(a)) {
		prefix_lists_remove(&c->prefix_lists, name, arg_u32(a, "index"));
		return 0;
	}
	if (!prefix_eq(&p, &network)) {
		char text[PREFIX_TEXT];
		return conf_refuse(
		    why, "this network has bits behind its mask; did you mean %s?", prefix_text(&network, text));
	}
	r.greater_equal = arg_given(a, "ge") ? (uint8_t)arg_u32(a, "ge") : network.len;
	r.less_equal = arg_given(a, "le") ? (uint8_t)arg_u32(a, "le") : arg_given(a, "ge") ? 32 : network.len;
	if (r.greater_equal < network.len || r.less_equal < r.greater_equal)
		return conf_refuse(
		    why, "lengths go up: %u, then greater-equal, then less-equal, at most 32", network.len);
	if (!prefix_lists_set(&c->prefix_lists, name, r))
		return conf_refuse(
		    why, "the last rule of %s has the highest index there is; give this one an index", name);
	return 0;
}

/* --- filters --- */

static int
read_filter(
    const struct args *a, const char *all, struct ldp_filter *f, enum ldp_which otherwise, struct conf_error *why)
{
	*f = (struct ldp_filter){ .which = otherwise };
	if (args_undo(a))
		return 0;
	f->which = arg_given(a, all)      ? LDP_ALL
		   : arg_given(a, "host") ? LDP_HOSTS
		   : arg_given(a, "none") ? LDP_NONE
					  : LDP_LISTED;
	return arg_copy(a, "list", f->list, sizeof f->list, why);
}

static int
set_trigger(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	return read_filter(a, "all", &c->allocate, LDP_HOSTS, why);
}

static int
set_filter(struct ldp_config *c, const struct args *a, struct ldp_filter *general, bool told, struct conf_error *why)
{
	struct addr peer = arg_addr(a, "peer");

	if (!addr_is_set(&peer))
		return read_filter(a, "all-routes", general, LDP_ALL, why);
	if (ldp_check_peer(c, &peer, why) != 0)
		return -1;
	struct ldp_peer_config *p = ldp_config_peer_get(c, &peer);
	int result = read_filter(a, "all-routes", told ? &p->told : &p->accepted, LDP_UNSET, why);
	ldp_config_peer_prune(c, &peer);
	return result;
}

static int
set_outbound(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	return set_filter(c, a, &c->told, true, why);
}

static int
set_inbound(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	return set_filter(c, a, &c->accepted, false, why);
}

/* --- how --- */

static int
set_egress(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->egress = args_undo(a)                    ? LDP_IMPLICIT_NULL
		    : arg_given(a, "explicit-null") ? LDP_EXPLICIT_NULL
		    : arg_given(a, "non-null")      ? LDP_NON_NULL
						    : LDP_IMPLICIT_NULL;
	return 0;
}

static int
set_control(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->ordered = !args_undo(a) && arg_given(a, "ordered");
	return 0;
}

static int
set_broken(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->pop_broken = !args_undo(a) && arg_given(a, "pop");
	return 0;
}

static int
set_reuse(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->label_reuse_s = args_undo(a) ? LDP_LABEL_REUSE_S : (uint16_t)arg_u32(a, "seconds");
	return 0;
}

const struct command ldp_label_commands[] = {
	{ .view = VIEW_SYSTEM,
	    .words = "ip ip-prefix <word>:list [ index <1-4294967295>:index ] { permit | deny } <address>:address "
		     "<mask>:mask "
		     "[ greater-equal <0-32>:ge ] [ less-equal <0-32>:le ]",
	    .undo = "ip ip-prefix <word>:list [ index <1-4294967295>:index ]",
	    .set = set_prefix_rule,
	    .help = "A line of a prefix list; the first that matches decides, what none matches is denied",
	    .ref = "reference 002" },
	{ .view = VIEW_MPLS,
	    .words = "lsp-trigger { all | host | none | ip-prefix <word>:list }",
	    .undo = "lsp-trigger",
	    .set = set_trigger,
	    .help = "Which routes get a label (default: those to hosts)",
	    .ref = "RFC 5036 2.1" },
	{ .view = VIEW_MPLS,
	    .words = "label advertise { implicit-null | explicit-null | non-null }",
	    .undo = "label advertise",
	    .set = set_egress,
	    .help =
		"What neighbours put before packets that end here: nothing, label 0, or a label of its own (default: "
		"nothing)",
	    .ref = "RFC 3032 2.1" },
	{ .view = VIEW_MPLS_LDP,
	    .words = "outbound peer { all | <lsr-id>:peer } fec { none | host | all-routes | ip-prefix <word>:list }",
	    .undo = "outbound peer { all | <lsr-id>:peer } fec",
	    .set = set_outbound,
	    .help = "Which of our labels a peer is told; `all` is for peers without a line of their own",
	    .ref = "RFC 5036 2.6" },
	{ .view = VIEW_MPLS_LDP,
	    .words = "inbound peer { all | <lsr-id>:peer } fec { none | host | all-routes | ip-prefix <word>:list }",
	    .undo = "inbound peer { all | <lsr-id>:peer } fec",
	    .set = set_inbound,
	    .help = "Which of a peer's labels are used; the others are kept and shown, but no packet goes by them",
	    .ref = "RFC 5036 2.6" },
	{ .view = VIEW_MPLS_LDP,
	    .words = "label distribution control-mode { ordered | independent }",
	    .undo = "label distribution control-mode",
	    .set = set_control,
	    .help =
		"Neighbours are told a label at once, or only when the next hop has given one (default: independent)",
	    .ref = "RFC 5036 2.6.1" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp broken-lsp { pop | drop }",
	    .undo = "mpls ldp broken-lsp",
	    .set = set_broken,
	    .help = "What happens to labelled packets whose next hop gave no label: routed without one, or dropped "
		    "(default)",
	    .ref = "RFC 3031 3.18" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp label-reuse-delay <0-3600>:seconds",
	    .undo = "mpls ldp label-reuse-delay",
	    .set = set_reuse,
	    .help = "How long a label rests before it stands for another FEC (default 30)",
	    .ref = "RFC 5036 3.5.10" },
	{ 0 },
};
