/* fibd's lines of the running configuration. */
#include "fibd/config.h"
#include "fibd/print.h"
#include <stdio.h>
#include <string.h>

/* The mask as the references write it. */
static const char *
mask_text(uint8_t len, char out[ADDR_TEXT])
{
	struct addr mask = addr_v4(len ? UINT32_MAX << (32 - len) : 0);

	return addr_text(&mask, out);
}

static void
print_interface(const struct fib_if_config *i, struct conf_lines *out)
{
	char head[80], a[ADDR_TEXT], m[ADDR_TEXT];
	bool loopback = strncasecmp(i->name, "LoopBack", 8) == 0;

	snprintf(head, sizeof head, "interface %s", i->name);
	conf_say(out, CONF_INTERFACES, head, 0, "%s", "");
	if (i->description[0])
		conf_say(out, CONF_INTERFACES, head, 1, "description %s", i->description);
	if (i->vlan)
		conf_say(out, CONF_INTERFACES, head, 1, "vlan-type dot1q %u", i->vlan);
	if (i->shutdown || !loopback)
		conf_say(out, CONF_INTERFACES, head, 2, "%s", i->shutdown ? "shutdown" : "undo shutdown");
	if (i->mtu)
		conf_say(out, CONF_INTERFACES, head, 3, "mtu %u", i->mtu);
	if (i->vrf[0])
		conf_say(out, CONF_INTERFACES, head, 4, "ip binding vpn-instance %s", i->vrf);
	bool first = true;
	for (size_t k = 0; k < i->address_count; k++) {
		const struct prefix *p = &i->addresses[k];
		if (p->addr.family == 4)
			conf_say(out, CONF_INTERFACES, head, 5, "ip address %s %s%s", addr_text(&p->addr, a),
			    mask_text(p->len, m), first ? "" : " sub");
		else
			conf_say(out, CONF_INTERFACES, head, 6, "ipv6 address %s/%u", addr_text(&p->addr, a), p->len);
		first &= p->addr.family != 4;
	}
	if (i->mpls)
		conf_say(out, CONF_INTERFACES, head, 7, "mpls");
}

static void
print_static(const struct fib_config *c, const struct fib_static *s, struct conf_lines *out)
{
	char to[ADDR_TEXT], mask[ADDR_TEXT], via[ADDR_TEXT] = "", rest[256] = "", vrf[16 + FIB_VRF_NAME] = "";
	bool v4 = s->prefix.addr.family == 4;
	const struct fib_via_key *v = fib_config_via(c, s);
	const char *interface = v->name ? c->names[v->name - 1] : "";
	size_t at = 0;

	if (v4)
		mask_text(s->prefix.len, mask);
	else
		snprintf(mask, sizeof mask, "%u", s->prefix.len);
	if (v->vrf)
		snprintf(vrf, sizeof vrf, "vpn-instance %.*s ", FIB_VRF_NAME - 1, c->notes[v->vrf - 1]->text);
	if (addr_is_set(&v->next_hop))
		addr_text(&v->next_hop, via);
	if (v->preference != FIB_STATIC_PREFERENCE)
		at += (size_t)snprintf(rest + at, sizeof rest - at, " preference %u", v->preference);
	if (v->track)
		at += (size_t)snprintf(
		    rest + at, sizeof rest - at, " track bfd-session %.64s", c->notes[v->track - 1]->text);
	if (v->bfd)
		at += (size_t)snprintf(rest + at, sizeof rest - at, " bfd enable");
	if (v->note)
		snprintf(rest + at, sizeof rest - at, " description %s", c->notes[v->note - 1]->text);
	conf_say(out, CONF_STATIC_ROUTES, NULL, v4 ? 0 : 1, "%s route-static %s%s %s %s%s%s%s%s", v4 ? "ip" : "ipv6",
	    vrf, addr_text(&s->prefix.addr, to), mask, v->black_hole ? "NULL0" : "", interface,
	    *interface && *via ? " " : "", via, rest);
}

static void
print_policy(const struct fib_policy_config *p, struct conf_lines *out)
{
	char head[16 + FIB_POLICY_NAME], to[ADDR_TEXT];
	const bool *kinds = p->kinds;

	snprintf(head, sizeof head, "tunnel-policy %s", p->name);
	conf_say(out, CONF_TUNNEL_POLICIES, head, 0, "%s", "");
	if (*p->description)
		conf_say(out, CONF_TUNNEL_POLICIES, head, 0, "description %s", p->description);
	if (p->balance)
		conf_say(out, CONF_TUNNEL_POLICIES, head, 0, "tunnel select-seq%s%s%s load-balance-number %u",
		    kinds[FIB_TUNNEL_LSP] ? " lsp" : "", kinds[FIB_TUNNEL_CR_LSP] ? " cr-lsp" : "",
		    kinds[FIB_TUNNEL_GRE] ? " gre" : "", p->balance);
	for (size_t i = 0; i < p->binding_count; i++) {
		const struct fib_binding *b = &p->bindings[i];
		conf_say(out, CONF_TUNNEL_POLICIES, head, 0, "tunnel binding destination %s te %s%s%s",
		    addr_text(&b->destination, to), b->tunnel, b->any_destination ? " ignore-destination-check" : "",
		    b->down_switch ? " down-switch" : "");
	}
}

void
fib_print(const struct fib_config *c, struct conf_lines *out)
{
	char timers[CONF_BFD_TIMERS];

	if (c->sysname[0])
		conf_say(out, CONF_SYSNAME, NULL, 0, "sysname %s", c->sysname);
	for (size_t i = 0; i < c->vrf_count; i++) {
		char head[32];
		snprintf(head, sizeof head, "ip vpn-instance %s", c->vrfs[i].name);
		conf_say(out, CONF_VPN_INSTANCES, head, 0, "%s", "");
	}
	for (size_t i = 0; i < c->interface_count; i++)
		print_interface(&c->interfaces[i], out);
	if (c->balance_packets)
		conf_say(out, CONF_LOAD_BALANCE, NULL, 0, "load-balance packet all");
	if (*conf_bfd_timers(c->bfd.min_tx_ms, c->bfd.min_rx_ms, c->bfd.multiplier, timers))
		conf_say(out, CONF_STATIC_ROUTES, NULL, 0, "ip route-static default-bfd%s", timers);
	for (size_t i = 0; i < c->policy_count; i++)
		print_policy(&c->policies[i], out);
	for (size_t i = 0; i < c->static_count; i++)
		print_static(c, &c->statics[i], out);
}
