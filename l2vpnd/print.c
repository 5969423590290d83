/* l2vpnd's lines of the running configuration. */
#include "l2vpnd/print.h"
#include "l2vpnd/config.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TIMERS = 96, VLAN_RANK = 1, RANK = 40 }; /* behind what makes an interface, and the lines of protocols */

/* What was said of them, with a space before each. */
static const char *
bfd_timers(const struct l2vpn_bfd *b, char out[TIMERS])
{
	size_t at = 0;

	out[0] = '\0';
	if (b->min_tx_ms)
		at += (size_t)snprintf(out + at, TIMERS - at, " min-tx-interval %u", b->min_tx_ms);
	if (b->min_rx_ms)
		at += (size_t)snprintf(out + at, TIMERS - at, " min-rx-interval %u", b->min_rx_ms);
	if (b->multiplier)
		snprintf(out + at, TIMERS - at, " detect-multiplier %u", b->multiplier);
	return out;
}

/* --- templates --- */

static void
print_template(const struct l2vpn_template *t, struct conf_lines *out)
{
	char head[16 + L2VPN_TEMPLATE], peer[ADDR_TEXT], timers[TIMERS];

	snprintf(head, sizeof head, "pw-template %s", t->name);
#define SAY(...) conf_say(out, CONF_PW_TEMPLATES, head, 0, __VA_ARGS__)
	SAY("%s", "");
	if (addr_is_set(&t->peer))
		SAY("peer-address %s", addr_text(&t->peer, peer));
	if (t->control_word)
		SAY("control-word");
	if (t->mtu)
		SAY("mtu %u", t->mtu);
	if (*t->policy)
		SAY("tnl-policy %s", t->policy);
	if (t->no_vccv)
		SAY("undo interface-parameter-type vccv");
	if (t->bfd.on)
		SAY("bfd-detect%s", bfd_timers(&t->bfd, timers));
	if (t->vccv_bfd.on)
		SAY("vccv bfd%s", bfd_timers(&t->vccv_bfd, timers));
#undef SAY
}

/* --- circuits --- */

struct line { /* one that grows word by word */
	char text[512];
	size_t at;
};

__attribute__((format(printf, 2, 3))) static void
say(struct line *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(l->text + l->at, sizeof l->text - l->at, format, args);
	va_end(args);
	l->at += (size_t)n;
}

static void
print_pw(const struct l2vpn_pw_config *p, enum l2vpn_role role, const char *head, struct conf_lines *out)
{
	struct line l = { .at = 0 };
	char a[ADDR_TEXT];

	if (!p->line)
		return;
	say(&l, "mpls l2vc");
	if (addr_is_set(&p->peer))
		say(&l, " %s", addr_text(&p->peer, a));
	if (*p->template)
		say(&l, " pw-template %s", p->template);
	say(&l, " %u", p->vc_id);
	if (p->access_port)
		say(&l, " access-port");
	if (p->control_word)
		say(&l, " %s", p->control_word == L2VPN_YES ? "control-word" : "no-control-word");
	if (p->ignore_standby)
		say(&l, " ignore-standby-state");
	if (p->type)
		say(&l, " %s", p->type == L2VPN_RAW ? "raw" : "tagged");
	if (*p->policy)
		say(&l, " tunnel-policy %s", p->policy);
	if (addr_is_set(&p->endpoint))
		say(&l, " endpoint %s", addr_text(&p->endpoint, a));
	if (p->has_color)
		say(&l, " color %u", p->color);
	if (role != L2VPN_PRIMARY)
		say(&l, " %s", l2vpn_role_name(role));
	conf_say(out, CONF_INTERFACES, head, RANK, "%s", l.text);
}

static void
print_reroute(const struct l2vpn_circuit_config *c, const char *head, struct conf_lines *out)
{
	struct line l = { .at = 0 };

	say(&l, "mpls l2vpn reroute");
	if (c->revert == L2VPN_DELAY)
		say(&l, " delay %u", c->delay_s);
	else
		say(&l, " %s", c->revert == L2VPN_NEVER ? "never" : "immediately");
	if (c->has_resume)
		say(&l, " resume %u", c->resume_s);
	conf_say(out, CONF_INTERFACES, head, RANK, "%s", l.text);
}

static void
print_protocols(const struct l2vpn_circuit_config *c, const char *head, struct conf_lines *out)
{
	struct line l = { .at = 0 };

	if (c->dropped == L2VPN_ALL_PROTOCOLS)
		say(&l, " all");
	for (int p = 0; p < L2VPN_PROTOCOLS && c->dropped != L2VPN_ALL_PROTOCOLS; p++)
		if (c->dropped & 1u << p)
			say(&l, " %s", l2vpn_protocol_name((enum l2vpn_protocol)p));
	conf_say(out, CONF_INTERFACES, head, RANK, "l2protocol-tunnel%s drop", l.text);
}

static void
print_circuit(const struct l2vpn_circuit_config *c, struct conf_lines *out)
{
	char head[16 + L2VPN_IF], timers[TIMERS];

	snprintf(head, sizeof head, "interface %s", c->name);
	if (c->vlan)
		conf_say(out, CONF_INTERFACES, head, VLAN_RANK, "vlan-type dot1q %u", c->vlan);
#define SAY(...) conf_say(out, CONF_INTERFACES, head, RANK, __VA_ARGS__)
	if (c->link != l2vpn_usual_link(c->name))
		SAY("link-protocol %s", c->link == L2VPN_LINK_PPP ? "ppp" : "hdlc");
	if (c->suppress_line)
		SAY("ppp peer hostroute-suppress");
	for (int r = 0; r < L2VPN_ROLES; r++)
		print_pw(&c->pw[r], (enum l2vpn_role)r, head, out);
	if (*c->service)
		SAY("mpls l2vpn service-name %s", c->service);
	if (c->mode_line)
		SAY("mpls l2vpn redundancy %s", l2vpn_mode_name((enum l2vpn_mode)c->mode));
	if (c->revert_line)
		print_reroute(c, head, out);
	if (c->hold_s)
		SAY("mpls l2vpn holdoff %u", c->hold_s);
	if (c->no_vccv)
		SAY("undo interface-parameter-type vccv");
	if (c->bfd.on)
		SAY("mpls l2vpn pw bfd%s", bfd_timers(&c->bfd, timers));
	if (c->vccv_bfd.on)
		SAY("mpls l2vpn vccv bfd%s", bfd_timers(&c->vccv_bfd, timers));
	if (c->carrier_follows)
		SAY("mpls l2vpn trigger if-down");
	if (c->dropped)
		print_protocols(c, head, out);
#undef SAY
}

void
l2vpn_print(const struct l2vpn_config *c, struct conf_lines *out)
{
	if (c->enabled)
		conf_say(out, CONF_L2VPN, "mpls l2vpn", 0, "%s", "");
	for (size_t i = 0; i < c->template_count; i++)
		print_template(&c->templates[i], out);
	for (size_t i = 0; i < c->circuit_count; i++)
		print_circuit(&c->circuits[i], out);
	for (size_t i = 0; i < c->ccc_count; i++)
		conf_say(out, CONF_CCC, NULL, 0, "ccc %s interface %s out-interface %s", c->cccs[i].name,
		    c->cccs[i].interface[0], c->cccs[i].interface[1]);
}
