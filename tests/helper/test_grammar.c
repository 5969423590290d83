/* The language of test_grammar.h: the rows of "here" with their handlers, and what is known of all rows. */
#include "tests/helper/test_grammar.h"
#include <stddef.h>

static void
say(void *conf, const struct args *a, const char *what)
{
	struct here_config *c = conf;
	const char *interface = arg_text(a, "interface");

	text_add(&c->said, "%s%s", args_undo(a) ? "undo " : "", what);
	if (interface)
		text_add(&c->said, " on %s", interface);
}

static int
set_interface(void *conf, const struct args *a, struct conf_error *why)
{
	struct here_config *c = conf;

	(void)why;
	say(conf, a, "interface");
	text_add(&c->said, "\n");
	return 0;
}

static int
set_address(void *conf, const struct args *a, struct conf_error *why)
{
	struct here_config *c = conf;
	struct prefix p = arg_prefix(a, "address");
	char text[PREFIX_TEXT];

	(void)why;
	say(conf, a, "address");
	text_line(&c->said, " %s%s", prefix_text(&p, text), arg_given(a, "sub") ? " sub" : "");
	return 0;
}

static int
set_mtu(void *conf, const struct args *a, struct conf_error *why)
{
	struct here_config *c = conf;

	say(conf, a, "mtu");
	text_line(&c->said, " %u at line %d", arg_u32(a, "bytes"), args_line(a));
	if (c->max_mtu && arg_u32(a, "bytes") > c->max_mtu)
		return conf_refuse(why, "an mtu of %u is more than %u", arg_u32(a, "bytes"), c->max_mtu);
	if (arg_u32(a, "bytes") && arg_u32(a, "bytes") < 576)
		conf_warn(why, "an mtu of %u is less than every host must take", arg_u32(a, "bytes"));
	return 0;
}

static int
set_mpls(void *conf, const struct args *a, struct conf_error *why)
{
	struct here_config *c = conf;

	(void)why;
	say(conf, a, "mpls");
	text_add(&c->said, "\n");
	return 0;
}

static int
set_lsr_id(void *conf, const struct args *a, struct conf_error *why)
{
	struct here_config *c = conf;
	struct addr id = arg_addr(a, "id");
	char text[ADDR_TEXT];

	(void)why;
	say(conf, a, "lsr-id");
	text_line(&c->said, " %s", addr_text(&id, text));
	return 0;
}

static int
set_note(void *conf, const struct args *a, struct conf_error *why)
{
	struct here_config *c = conf;

	(void)why;
	say(conf, a, "note");
	text_line(&c->said, " %s", arg_text(a, "note") ? arg_text(a, "note") : "-");
	return 0;
}

static int
set_broken(void *conf, const struct args *a, struct conf_error *why)
{
	(void)conf, (void)a, (void)why;
	return -1;
}

const struct command here_commands[] = {
	{ .view = VIEW_SYSTEM,
	    .words = "interface <ifname>:interface",
	    .help = "An interface",
	    .ref = "test",
	    .enters = VIEW_INTERFACE,
	    .set = set_interface },
	{ .view = VIEW_INTERFACE,
	    .words = "ip address <address>:address <mask>:mask [ sub ]",
	    .help = "Its address",
	    .ref = "test",
	    .set = set_address },
	{ .view = VIEW_INTERFACE,
	    .words = "mtu <68-65535>:bytes",
	    .help = "Its mtu",
	    .ref = "test",
	    .set = set_mtu,
	    .undo = "mtu" },
	{ .view = VIEW_INTERFACE, .words = "mpls", .help = "MPLS on it", .ref = "test", .set = set_mpls },
	{ .view = VIEW_INTERFACE,
	    .words = "description <text>:note",
	    .help = "A note",
	    .ref = "test",
	    .set = set_note,
	    .undo = "description" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls lsr-id <lsr-id>:id",
	    .help = "Name of the router",
	    .ref = "test",
	    .set = set_lsr_id },
	{ .view = VIEW_SYSTEM,
	    .words = "broken",
	    .help = "Always refused, without a word",
	    .ref = "test",
	    .set = set_broken,
	    .undo = "" },
	{ 0 },
};

const struct grammar_row grammar[] = {
	{ "here", VIEW_SYSTEM, VIEW_INTERFACE, "interface <ifname>:interface", NULL, "" },
	{ "here", VIEW_INTERFACE, VIEW_NONE, "ip address <address>:address <mask>:mask [ sub ]", NULL, "" },
	{ "here", VIEW_INTERFACE, VIEW_NONE, "mtu <68-65535>:bytes", "mtu", "" },
	{ "here", VIEW_INTERFACE, VIEW_NONE, "mpls", NULL, "" },
	{ "here", VIEW_INTERFACE, VIEW_NONE, "description <text>:note", "description", "" },
	{ "here", VIEW_SYSTEM, VIEW_NONE, "mpls lsr-id <lsr-id>:id", NULL, "" },
	{ "here", VIEW_SYSTEM, VIEW_NONE, "broken", "", "" },
	{ "there", VIEW_SYSTEM, VIEW_MPLS, "mpls", NULL, "" },
	{ "there", VIEW_SYSTEM, VIEW_MPLS_LDP, "mpls ldp", NULL, "" },
	{ "there", VIEW_INTERFACE, VIEW_NONE, "mpls ldp", NULL, "" },
	{ "there", VIEW_MPLS_LDP, VIEW_INTERFACE, "remote <ifname>:interface", NULL, "" },
	{ "there", VIEW_MPLS_LDP, VIEW_NONE, "timer hello <1-65535>:seconds", "timer hello", "" },
	{ "there", VIEW_SYSTEM, VIEW_NONE,
	    "ip route-static <address>:destination <mask>:mask { NULL0 | <address>:nexthop } [ preference "
	    "<1-255>:value | tag <1-9>:tag ]*",
	    NULL, "" },
	{ 0 },
};
