/*
 * What only the whole configuration can be wrong in: the consistency rules of reference 003. Each is refused at the line that
 * breaks it, with the values of both sides.
 */
#include "l2vpnd/commands.h"
#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One pseudowire of the configuration, as it will be. */
struct meant {
	const struct l2vpn_circuit_config *circuit;
	enum l2vpn_role role;
	struct l2vpn_settings settings;
};

static bool
has_pw(const struct l2vpn_circuit_config *c)
{
	return c->pw[L2VPN_PRIMARY].line || c->pw[L2VPN_SECONDARY].line || c->pw[L2VPN_BYPASS].line;
}

/* The local switching that has this interface; NULL: none. */
static const struct l2vpn_ccc *
ccc_of(const struct l2vpn_config *c, const char *interface)
{
	for (size_t i = 0; i < c->ccc_count * 2; i++)
		if (ifname_eq(c->cccs[i / 2].interface[i % 2], interface))
			return &c->cccs[i / 2];
	return NULL;
}

static bool
has_backup(const struct l2vpn_circuit_config *c)
{
	return c->pw[L2VPN_SECONDARY].line || c->pw[L2VPN_BYPASS].line;
}

/* --- what a pseudowire names --- */

static void
check_names(const struct l2vpn_config *c, const struct meant *m, struct conf_error *why)
{
	const struct l2vpn_pw_config *p = &m->circuit->pw[m->role];
	const char *policy = m->settings.policy;

	if (!c->enabled)
		conf_refuse(why, "pseudowires need `mpls l2vpn` in the system view (reference 003)");
	if (*p->template && !l2vpn_config_find_template(c, p->template)) {
		conf_refuse(why, "there is no template %s; define it with `pw-template %s`", p->template, p->template);
		return;
	}
	if (*policy && !l2vpn_config_find_policy(c, policy))
		conf_refuse(why, "there is no tunnel policy %s; define it with `tunnel-policy %s`", policy, policy);
	if (!addr_is_set(&m->settings.peer))
		conf_refuse(why, "neither the line nor its template %s says where the other end is (`peer-address`)",
		    p->template);
	else if (c->lsr_id && addr_to_v4(&m->settings.peer) == c->lsr_id)
		conf_refuse(
		    why, "the other end is this router itself; frames of one interface go to another with `ccc`");
}

static void
check_channel(const struct meant *m, struct conf_error *why)
{
	if (m->settings.vccv_bfd.on && !m->settings.vccv)
		conf_refuse(why,
		    "BFD over VCCV needs a control channel, which the other end of the %s pseudowire of %s is not "
		    "told: take "
		    "`undo interface-parameter-type vccv` out, or `vccv bfd`",
		    l2vpn_role_name(m->role), m->circuit->name);
}

/* --- what the pseudowires of one circuit have in common --- */

static void
differ(struct conf_error *why, const char *interface, enum l2vpn_role role, const char *what, const char *own,
    const char *primary)
{
	conf_refuse(why,
	    "the pseudowires of %s differ in their %s: %s has %s, primary has %s; they must be the same, or frames are "
	    "lost "
	    "after a switch (reference 003)",
	    interface, what, l2vpn_role_name(role), own, primary);
}

static const char *
number_text(uint32_t n, char out[24])
{
	snprintf(out, 24, "%u", n);
	return n ? out : "the circuit's own";
}

static void
check_same(const struct l2vpn_circuit_config *c, const struct meant *m, const struct l2vpn_settings *primary,
    struct conf_error *why)
{
	const struct l2vpn_settings *s = &m->settings;
	static const char *const words[] = { "no-control-word", "control-word" }, *const vccv[] = { "none", "it" };
	char own[24], other[24];

	if (s->type != primary->type)
		differ(why, c->name, m->role, "type", l2vpn_type_name(s->type), l2vpn_type_name(primary->type));
	if (s->control_word != primary->control_word)
		differ(why, c->name, m->role, "control word", words[s->control_word], words[primary->control_word]);
	if (s->mtu != primary->mtu)
		differ(why, c->name, m->role, "MTU", number_text(s->mtu, own), number_text(primary->mtu, other));
	if (s->vccv != primary->vccv)
		differ(why, c->name, m->role, "VCCV parameter", vccv[s->vccv], vccv[primary->vccv]);
	if (addr_eq(&s->peer, &primary->peer))
		conf_warn(why, "the %s pseudowire of %s leads to the same router as the primary one: both fail with it",
		    l2vpn_role_name(m->role), c->name);
}

/* --- how they take over from each other --- */

static void
check_mode(const struct l2vpn_circuit_config *c, struct conf_error *why)
{
	bool follows = c->mode == L2VPN_SLAVE || c->mode == L2VPN_INDEPENDENT;
	int first = c->mode_line ? c->mode_line : c->revert_line ? c->revert_line : c->hold_line;

	conf_about(why, c->revert_line);
	if (c->revert_line && follows)
		conf_refuse(why,
		    "in redundancy mode %s the other ends' word decides when frames go back, and no `reroute` of this "
		    "end",
		    l2vpn_mode_name(c->mode));
	else if (c->has_resume && c->mode != L2VPN_FRR)
		conf_refuse(why,
		    "`resume` is of redundancy mode frr; in mode %s the secondary's end is told its state at once",
		    l2vpn_mode_name(c->mode));
	conf_about(why, c->hold_line);
	if (c->hold_line && follows)
		conf_refuse(why, "in redundancy mode %s the other ends' word is followed at once; take `holdoff` out",
		    l2vpn_mode_name(c->mode));
	conf_about(why, first);
	if (first && !has_backup(c))
		conf_warn(why, "%s has no secondary pseudowire that could take over; this line does nothing", c->name);
}

/* --- what an interface is --- */

/* The customer sees a carrier go on a port that has pseudowires, and nowhere else. */
static void
check_carrier(const struct l2vpn_config *config, const struct l2vpn_circuit_config *c, struct conf_error *why)
{
	const struct l2vpn_ccc *ccc = c->carrier_follows ? ccc_of(config, c->name) : NULL;

	conf_about(why, c->carrier_line);
	if (!c->carrier_follows)
		return;
	if (l2vpn_is_subinterface(c->name))
		conf_warn(why,
		    "%s is a subinterface and has no carrier that its customer could see; this line does nothing",
		    c->name);
	else if (ccc)
		conf_warn(why,
		    "the carrier of %s would follow its pseudowires, and `ccc %s` has none; this line does nothing",
		    c->name, ccc->name);
	else if (!has_pw(c))
		conf_warn(why, "%s has no pseudowire that its carrier could follow; this line does nothing", c->name);
}

static void
check_circuit(const struct l2vpn_config *config, const struct l2vpn_circuit_config *c, struct conf_error *why)
{
	conf_about(why, c->suppress_line);
	if (c->suppress_line && has_pw(c))
		conf_refuse(why, "`ppp peer hostroute-suppress` cannot be used where a pseudowire joins PPP links with "
				 "addresses of different "
				 "networks (reference 003)");
	for (int r = L2VPN_PRIMARY; r < L2VPN_ROLES; r++) {
		conf_about(why, c->pw[r].line);
		if (c->pw[r].line && !c->pw[L2VPN_PRIMARY].line)
			conf_refuse(why, "%s has no primary pseudowire, from which a %s one could take over", c->name,
			    l2vpn_role_name((enum l2vpn_role)r));
		if (c->pw[r].line && l2vpn_is_subinterface(c->name) && !c->vlan)
			conf_refuse(
			    why, "which frames of its port are those of %s is said by `vlan-type dot1q VLAN`", c->name);
	}
	conf_about(why, c->service_line);
	if (*c->service && !has_pw(c) && !ccc_of(config, c->name))
		conf_warn(why, "%s has no pseudowire and no `ccc` that service %s could have", c->name, c->service);
	conf_about(why, c->dropped_line);
	if (c->dropped && !has_pw(c) && !ccc_of(config, c->name))
		conf_warn(why,
		    "%s has no pseudowire and no `ccc` that frames could be kept from; this line does nothing",
		    c->name);
	check_carrier(config, c, why);
}

/* A port's pseudowire takes all frames, and those of its subinterfaces with them; local switching does as well. */
static void
check_port(const struct l2vpn_config *c, const char *sub, int line, struct conf_error *why)
{
	char port[L2VPN_IF];
	size_t n = (size_t)(strchr(sub, '.') - sub);

	memcpy(port, sub, n);
	port[n] = '\0';
	conf_about(why, line);
	const struct l2vpn_circuit_config *p = l2vpn_config_find(c, port);
	const struct l2vpn_ccc *ccc = ccc_of(c, port);
	if (p && has_pw(p))
		conf_refuse(why,
		    "%s gives all its frames to a pseudowire of its own, so %s has none; take one of both out", port,
		    sub);
	else if (ccc)
		conf_refuse(why, "%s gives all its frames to `ccc %s`, so %s has none; take one of both out", port,
		    ccc->name, sub);
}

/* --- what only one circuit can have --- */

static int
first_cmp(const struct l2vpn_circuit_config *x, const struct l2vpn_circuit_config *y)
{
	return x < y ? -1 : x > y;
}

static int
service_cmp(const void *a, const void *b)
{
	const struct l2vpn_circuit_config *x = *(const struct l2vpn_circuit_config *const *)a,
					  *y = *(const struct l2vpn_circuit_config *const *)b;
	int r = strcmp(x->service, y->service);

	return r ? r : first_cmp(x, y);
}

static int
port_cmp(const struct l2vpn_circuit_config *x, const struct l2vpn_circuit_config *y)
{
	size_t n = strcspn(x->name, "."), m = strcspn(y->name, ".");
	int r = strncasecmp(x->name, y->name, n < m ? n : m);

	return r ? r : n < m ? -1 : n > m;
}

static int
tag_cmp(const void *a, const void *b)
{
	const struct l2vpn_circuit_config *x = *(const struct l2vpn_circuit_config *const *)a,
					  *y = *(const struct l2vpn_circuit_config *const *)b;
	int r = port_cmp(x, y);

	if (!r && x->vlan != y->vlan)
		r = x->vlan < y->vlan ? -1 : 1;
	return r ? r : first_cmp(x, y);
}

static bool
has_service(const struct l2vpn_config *config, const struct l2vpn_circuit_config *c)
{
	(void)config;
	return *c->service;
}

/* The line by which it has frames; 0: it has none. */
static int
taking_line(const struct l2vpn_config *config, const struct l2vpn_circuit_config *c)
{
	const struct l2vpn_ccc *ccc = has_pw(c) ? NULL : ccc_of(config, c->name);

	return ccc ? ccc->line : c->pw[L2VPN_PRIMARY].line;
}

static bool
has_tag(const struct l2vpn_config *config, const struct l2vpn_circuit_config *c)
{
	return c->vlan && l2vpn_is_subinterface(c->name) && (has_pw(c) || ccc_of(config, c->name));
}

static bool
same_service(const struct l2vpn_config *config, const struct l2vpn_circuit_config *x,
    const struct l2vpn_circuit_config *y, struct conf_error *why)
{
	(void)config;
	if (strcmp(x->service, y->service) != 0)
		return false;
	conf_about(why, y->service_line);
	conf_refuse(why, "%s has the service name %s already, in line %d; each service has its own (reference 003)",
	    x->name, x->service, x->service_line);
	return true;
}

static bool
same_tag(const struct l2vpn_config *config, const struct l2vpn_circuit_config *x, const struct l2vpn_circuit_config *y,
    struct conf_error *why)
{
	if (port_cmp(x, y) != 0 || x->vlan != y->vlan)
		return false;
	conf_about(why, taking_line(config, y));
	conf_refuse(why, "%s has the frames with tag %u already; give %s another", x->name, x->vlan, y->name);
	return true;
}

/* Sorts those that have such a thing, so that those that have the same stand together: the first has it. */
static void
check_unique(const struct l2vpn_config *c,
    bool (*has)(const struct l2vpn_config *, const struct l2vpn_circuit_config *),
    int (*compare)(const void *, const void *),
    bool (*same)(const struct l2vpn_config *, const struct l2vpn_circuit_config *, const struct l2vpn_circuit_config *,
	struct conf_error *),
    struct conf_error *why)
{
	const struct l2vpn_circuit_config **all = mem_zalloc((c->circuit_count + 1) * sizeof *all);
	size_t count = 0, first = 0;

	for (size_t i = 0; i < c->circuit_count; i++)
		if (has(c, &c->circuits[i]))
			all[count++] = &c->circuits[i];
	qsort(all, count, sizeof *all, compare);
	for (size_t i = 1; i < count; i++)
		if (!same(c, all[first], all[i], why))
			first = i;
	free(all);
}

static void
check_cccs(const struct l2vpn_config *c, struct conf_error *why)
{
	for (size_t i = 0; i < c->ccc_count * 2; i++) {
		const char *interface = c->cccs[i / 2].interface[i % 2];
		const struct l2vpn_circuit_config *circuit = l2vpn_config_find(c, interface);
		conf_about(why, c->cccs[i / 2].line);
		if (!c->enabled && i % 2 == 0)
			conf_refuse(why, "local switching needs `mpls l2vpn` in the system view");
		if (circuit && has_pw(circuit))
			conf_refuse(why,
			    "%s gives its frames to a pseudowire; take `mpls l2vc` out there, or `ccc %s` here",
			    interface, c->cccs[i / 2].name);
		if (l2vpn_is_subinterface(interface) && !(circuit && circuit->vlan))
			conf_refuse(why, "which frames of its port are those of %s is said by `vlan-type dot1q VLAN`",
			    interface);
		if (l2vpn_is_subinterface(interface))
			check_port(c, interface, c->cccs[i / 2].line, why);
		for (size_t k = 0; k < i / 2 * 2; k++)
			if (ifname_eq(c->cccs[k / 2].interface[k % 2], interface))
				conf_refuse(
				    why, "%s gives its frames to `ccc %s` already", interface, c->cccs[k / 2].name);
	}
}

/* --- all pseudowires --- */

static size_t
gather(const struct l2vpn_config *c, struct meant *out)
{
	size_t count = 0;

	for (size_t i = 0; i < c->circuit_count; i++)
		for (int r = 0; r < L2VPN_ROLES; r++)
			if (c->circuits[i].pw[r].line)
				out[count++] = (struct meant){ &c->circuits[i], (enum l2vpn_role)r,
					l2vpn_settings(c, &c->circuits[i], (enum l2vpn_role)r) };
	return count;
}

static int
meant_cmp(const void *a, const void *b)
{
	const struct meant *x = a, *y = b;
	int r = addr_cmp(&x->settings.peer, &y->settings.peer);

	if (r)
		return r;
	if (x->settings.vc_id != y->settings.vc_id)
		return x->settings.vc_id < y->settings.vc_id ? -1 : 1;
	int a_line = x->circuit->pw[x->role].line, b_line = y->circuit->pw[y->role].line;
	return a_line < b_line ? -1 : a_line > b_line;
}

/* Sorts. Two ends of one number would be one pseudowire to the other router. */
static void
check_numbers(struct meant *all, size_t count, struct conf_error *why)
{
	char peer[ADDR_TEXT];

	if (count)
		qsort(all, count, sizeof *all, meant_cmp);
	for (size_t i = 1; i < count; i++) {
		const struct l2vpn_settings *s = &all[i].settings, *before = &all[i - 1].settings;
		if (!addr_is_set(&s->peer) || !addr_eq(&s->peer, &before->peer) || s->vc_id != before->vc_id)
			continue;
		conf_about(why, all[i].circuit->pw[all[i].role].line);
		conf_refuse(why, "%s has a pseudowire to %s with VC ID %u already, in line %d; each has its own",
		    all[i - 1].circuit->name, addr_text(&s->peer, peer), s->vc_id,
		    all[i - 1].circuit->pw[all[i - 1].role].line);
	}
}

void
l2vpn_check(void *conf, struct conf_error *why)
{
	const struct l2vpn_config *c = conf;
	struct meant *all = mem_zalloc((c->circuit_count * L2VPN_ROLES + 1) * sizeof *all);
	size_t count = gather(c, all);

	for (size_t i = 0; i < count; i++) {
		const struct l2vpn_circuit_config *circuit = all[i].circuit;
		conf_about(why, circuit->pw[all[i].role].line);
		check_names(c, &all[i], why);
		check_channel(&all[i], why);
		if (all[i].role != L2VPN_PRIMARY && circuit->pw[L2VPN_PRIMARY].line) {
			struct l2vpn_settings primary = l2vpn_settings(c, circuit, L2VPN_PRIMARY);
			check_same(circuit, &all[i], &primary, why);
		}
		if (all[i].role == L2VPN_PRIMARY && l2vpn_is_subinterface(circuit->name))
			check_port(c, circuit->name, circuit->pw[L2VPN_PRIMARY].line, why);
	}
	for (size_t i = 0; i < c->circuit_count; i++) {
		check_circuit(c, &c->circuits[i], why);
		check_mode(&c->circuits[i], why);
	}
	check_unique(c, has_service, service_cmp, same_service, why);
	check_unique(c, has_tag, tag_cmp, same_tag, why);
	check_cccs(c, why);
	check_numbers(all, count, why);
	conf_about(why, 0);
	free(all);
}
