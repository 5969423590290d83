/* What an operator can say about discovery, transport and sessions. */
#include "base/secret_text.h"
#include "ldpd/commands.h"
#include "ldpd/config.h"
#include "ldpd/display.h"
#include <stdio.h>
#include <string.h>

/* --- targeted Hellos --- */

static int
set_targeted_interval(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->targeted_interval_s = args_undo(a) ? LDP_TARGETED_INTERVAL_S : (uint16_t)arg_u32(a, "seconds");
	return 0;
}

static int
set_targeted_hold(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->targeted_hold_s = args_undo(a) ? LDP_TARGETED_HOLD_S : (uint16_t)arg_u32(a, "seconds");
	return 0;
}

static int
set_accept(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	c->accept_targeted_list[0] = '\0';
	c->accept_targeted = !args_undo(a);
	return args_undo(a) ? 0 : arg_copy(a, "list", c->accept_targeted_list, sizeof c->accept_targeted_list, why);
}

static struct ldp_peer_config *
find_named(struct ldp_config *c, const char *name)
{
	for (size_t i = 0; i < c->peer_count; i++)
		if (strcmp(c->peers[i].name, name) == 0)
			return &c->peers[i];
	return NULL;
}

static void
unname(struct ldp_config *c, struct ldp_peer_config *p)
{
	struct addr address = p->address;

	p->name[0] = '\0';
	p->targeted = false;
	ldp_config_peer_prune(c, &address);
}

static int
set_remote_peer(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_peer_config *p = find_named(conf, arg_text(a, "name"));

	(void)why;
	if (args_undo(a) && p)
		unname(conf, p);
	return 0;
}

static int
set_remote_ip(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;
	struct addr peer = arg_addr(a, "peer");
	char name[sizeof((struct ldp_peer_config){ 0 }).name];

	if (arg_copy(a, "name", name, sizeof name, why) != 0)
		return -1;
	struct ldp_peer_config *p = find_named(c, name);
	if (args_undo(a)) {
		if (p)
			unname(c, p);
		return 0;
	}
	if (ldp_check_peer(c, &peer, why) != 0)
		return -1;
	if (p && !addr_eq(&p->address, &peer))
		unname(c, p);
	p = ldp_config_peer_get(c, &peer);
	if (p->name[0] && strcmp(p->name, name) != 0)
		return conf_refuse(why, "remote peer %s has this address already", p->name);
	memcpy(p->name, name, sizeof p->name);
	p->targeted = true;
	return 0;
}

static int
set_targeted_neighbor(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;
	struct addr peer = arg_addr(a, "peer");

	if (ldp_check_peer(c, &peer, why) != 0)
		return -1;
	struct ldp_peer_config *p = ldp_config_peer_get(c, &peer);
	p->targeted = !args_undo(a) || p->name[0]; /* one with a name is targeted by that */
	ldp_config_peer_prune(c, &peer);
	return 0;
}

/* --- waiting after a refusal --- */

static int
set_backoff(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;
	uint32_t first = args_undo(a) ? LDP_BACKOFF_FIRST_S : arg_u32(a, "initial");
	uint32_t last = args_undo(a) ? LDP_BACKOFF_LAST_S : arg_u32(a, "maximum");

	if (first > last)
		return conf_refuse(why, "the first wait, %u s, is longer than the longest, %u s", first, last);
	c->backoff_first_s = (uint16_t)first;
	c->backoff_last_s = (uint16_t)last;
	return 0;
}

/* --- TTL, RFC 6720 --- */

static int
set_gtsm_peer(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;
	struct addr peer = arg_addr(a, "peer");
	struct ldp_peer_config *p;

	if (ldp_check_peer(c, &peer, why) != 0)
		return -1;
	p = ldp_config_peer_get(c, &peer);
	p->gtsm_off = !args_undo(a) && arg_given(a, "disable");
	p->gtsm_hops = args_undo(a) ? 0 : (uint8_t)arg_u32(a, "hops");
	ldp_config_peer_prune(c, &peer);
	return 0;
}

static int
set_gtsm_off(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	(void)why;
	c->gtsm_off = !args_undo(a);
	return 0;
}

/* --- passwords, RFC 5036 2.9 --- */

/* As it was written: in clear, or in the form in which it is printed. */
static int
read_password(const struct args *a, char out[LDP_PASSWORD_MAX + 1], struct conf_error *why)
{
	const char *text = arg_text(a, "password");

	if (!arg_given(a, "cipher")) {
		if (strlen(text) > LDP_PASSWORD_MAX)
			return conf_refuse(why, "a password has at most %d characters", LDP_PASSWORD_MAX);
		snprintf(out, LDP_PASSWORD_MAX + 1, "%s", text);
		return 0;
	}
	if (!secret_from_text(text, out, LDP_PASSWORD_MAX + 1))
		return conf_refuse(why,
		    "this is not the cipher form of a password, as a configuration prints it; give it with `plain`");
	return 0;
}

static int
set_peer_password(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;
	struct addr peer = arg_addr(a, "peer");
	char password[LDP_PASSWORD_MAX + 1] = "";

	if (ldp_check_peer(c, &peer, why) != 0 || (!args_undo(a) && read_password(a, password, why) != 0))
		return -1;
	memcpy(ldp_config_peer_get(c, &peer)->password, password, sizeof password);
	ldp_config_peer_prune(c, &peer);
	return 0;
}

static int
set_list_password(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;
	const char *list = arg_text(a, "list");
	size_t i = 0;

	while (i < c->password_count && strcmp(c->passwords[i].list, list) != 0)
		i++;
	if (args_undo(a)) {
		if (i == c->password_count)
			return 0;
		memmove(&c->passwords[i], &c->passwords[i + 1], (c->password_count - i - 1) * sizeof *c->passwords);
		c->password_count--;
		return 0;
	}
	struct ldp_password_config new = { 0 };
	if (read_password(a, new.password, why) != 0 || arg_copy(a, "list", new.list, sizeof new.list, why) != 0)
		return -1;
	ldp_config_password_set(c, i, &new);
	return 0;
}

static int
set_fallback_password(void *conf, const struct args *a, struct conf_error *why)
{
	struct ldp_config *c = conf;

	if (!args_undo(a))
		return read_password(a, c->password, why);
	memset(c->password, 0, sizeof c->password);
	return 0;
}

const struct command ldp_session_commands[] = {
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp discovery targeted-hello interval <1-65535>:seconds",
	    .undo = "mpls ldp discovery targeted-hello interval",
	    .set = set_targeted_interval,
	    .help = "Time between targeted Hellos, at once and without a reset (default 10)",
	    .ref = "RFC 5036 3.5.2" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp discovery targeted-hello holdtime <1-65535>:seconds",
	    .undo = "mpls ldp discovery targeted-hello holdtime",
	    .set = set_targeted_hold,
	    .help = "How long a targeted neighbour is kept without a Hello; the lower of both counts (default 90)",
	    .ref = "RFC 5036 3.5.2" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp discovery targeted-hello accept [ from <word>:list ]",
	    .undo = "mpls ldp discovery targeted-hello accept",
	    .set = set_accept,
	    .help =
		"Answers targeted Hellos of peers that are not configured: of all, or of those a prefix list permits",
	    .ref = "RFC 5036 2.4.2" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp remote-peer <word>:name",
	    .enters = VIEW_REMOTE_PEER,
	    .set = set_remote_peer,
	    .help = "A peer that is not on a link of ours",
	    .ref = "RFC 5036 2.4.2" },
	{ .view = VIEW_REMOTE_PEER,
	    .words = "remote-ip <lsr-id>:peer",
	    .undo = "remote-ip",
	    .set = set_remote_ip,
	    .help = "Its LSR id, to which targeted Hellos are sent",
	    .ref = "RFC 5036 2.4.2" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp neighbor <lsr-id>:peer targeted [ ldp ]",
	    .set = set_targeted_neighbor,
	    .help = "Targeted Hellos are sent to this peer",
	    .ref = "RFC 5036 2.4.2" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp backoff <1-65535>:initial <1-65535>:maximum",
	    .undo = "mpls ldp backoff",
	    .set = set_backoff,
	    .help = "Seconds to wait after a refused session, doubled each time up to the maximum (default 15 120)",
	    .ref = "RFC 5036 2.5.3" },
	{ .view = VIEW_MPLS_LDP,
	    .words = "gtsm peer <lsr-id>:peer { valid-ttl-hops <1-255>:hops | disable }",
	    .undo = "gtsm peer <lsr-id>:peer",
	    .set = set_gtsm_peer,
	    .help = "Packets of the session with this peer may have come over so many hops, no more; or from anywhere",
	    .ref = "RFC 6720" },
	{ .view = VIEW_MPLS_LDP,
	    .words = "gtsm disable",
	    .set = set_gtsm_off,
	    .help = "Neighbours on a link are not held to a TTL of 255, but for those with hops of their own",
	    .ref = "RFC 6720" },
	{ .view = VIEW_MPLS_LDP,
	    .words = "md5-password { plain | cipher } <lsr-id>:peer <word>:password",
	    .undo = "md5-password [ plain | cipher ] <lsr-id>:peer",
	    .set = set_peer_password,
	    .help = "The password of the session with one peer (TCP MD5); a change starts the session anew",
	    .ref = "RFC 5036 2.9" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp neighbor <lsr-id>:peer password [ plain | cipher ] <word>:password",
	    .undo = "mpls ldp neighbor <lsr-id>:peer password",
	    .set = set_peer_password,
	    .help = "The same, in the words of reference 001",
	    .ref = "RFC 5036 2.9" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp password option for <word>:list [ plain | cipher ] <word>:password",
	    .undo = "mpls ldp password option for <word>:list",
	    .set = set_list_password,
	    .help = "The password of every peer whose LSR id a prefix list permits; the first such line counts",
	    .ref = "RFC 5036 2.9" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp password fallback [ plain | cipher ] <word>:password",
	    .undo = "mpls ldp password fallback",
	    .set = set_fallback_password,
	    .help = "The password of every peer that has no other",
	    .ref = "RFC 5036 2.9" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls ldp remote-peer",
	    .tables = "ldp.Target ldp.Adjacency",
	    .show = ldp_show_targets,
	    .help = "Where targeted Hellos go, and who answers",
	    .ref = "RFC 5036 2.4.2" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls ldp pw [ <lsr-id>:peer ]",
	    .tables = "ldp.Pw",
	    .keep = ldp_keep_pw,
	    .show = ldp_show_pws,
	    .help = "Pseudowires that are wanted here or by a peer, with both labels",
	    .ref = "RFC 8077" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls ldp pw [ <lsr-id>:peer ] verbose",
	    .tables = "ldp.Pw",
	    .keep = ldp_keep_pw,
	    .show = ldp_show_pws_verbose,
	    .help = "The same with everything that the other end says of them",
	    .ref = "RFC 8077 6" },
	{ .more = ldp_label_commands },
};
