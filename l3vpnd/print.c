/* l3vpnd's lines of the running configuration, in the order of reference 002's files. */
#include "l3vpnd/print.h"
#include "l3vpnd/commands_policy.h"
#include "base/mem.h"
#include "base/secret_text.h"
#include "l3vpnd/bgp/nlri.h"
#include "l3vpnd/config.h"
#include "proto/protocol.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line of the view in hand; `head`, `out` and the section are the caller's. */
#define SAY(...) conf_say(out, section, head, 0, __VA_ARGS__)

/* --- VPN instances --- */

static void
print_targets(const uint64_t *list, uint8_t count, const char *kind, const char *head, struct conf_lines *out)
{
	enum conf_section section = CONF_VPN_INSTANCES;
	struct text line = { 0 };

	for (uint8_t i = 0; i < count; i++) {
		char text[EXT_TEXT];
		text_add(&line, " %s", ext_text(list[i], text) + strlen("RT:"));
		if (i + 1 < count && (i + 1) % 8)
			continue;
		SAY(" vpn-target%s %s", text_chars(&line), kind);
		text_clear(&line);
	}
	text_free(&line);
}

static void
print_vpn_family(const struct bgp_vpn_config *v, const struct l3vpn_family_config *f, const char *name,
    const char *head, struct conf_lines *out)
{
	static const char *const modes[] = { "per-instance", "per-route", "per-nexthop" };
	enum conf_section section = CONF_VPN_INSTANCES;
	char text[RD_TEXT];

	if (!v->on)
		return;
	SAY("%s", name);
	if (v->rd)
		SAY(" route-distinguisher %s", rd_text(v->rd, text));
	if (f->label_said)
		SAY(" apply-label %s", modes[v->label_mode]);
	print_targets(v->export, v->export_count, "export-extcommunity", head, out);
	print_targets(v->import, v->import_count, "import-extcommunity", head, out);
	if (v->uniform)
		SAY(" ttl-mode uniform");
	if (v->limit && v->limit_warns)
		SAY(" routing-table limit %u simply-alert", v->limit);
	else if (v->limit)
		SAY(" routing-table limit %u %u", v->limit, v->limit_percent);
	if (f->tunnel_policy[0])
		SAY(" tnl-policy %s", f->tunnel_policy);
	if (*v->import_policy)
		SAY(" import route-policy %s", v->import_policy);
	if (*v->export_policy)
		SAY(" export route-policy %s", v->export_policy);
}

static void
print_vpn(const struct bgp_instance_config *b, const struct l3vpn_instance_config *n, struct conf_lines *out)
{
	enum conf_section section = CONF_VPN_INSTANCES;
	char head[32 + BGP_NAME];

	snprintf(head, sizeof head, "ip vpn-instance %s", b->name);
	if (n->said)
		SAY("%s", "");
	if (n->description[0])
		SAY("description %s", n->description);
	print_vpn_family(&b->vpn[0], &n->family[0], "ipv4-family", head, out);
	print_vpn_family(&b->vpn[1], &n->family[1], "ipv6-family", head, out);
}

/* --- BGP --- */

/* What stands in a view of the bgp view: one blank more. */
struct part {
	const char *head, *indent;
	struct conf_lines *out;
};

__attribute__((format(printf, 2, 3))) static void
say(const struct part *p, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	conf_say(p->out, CONF_BGP, p->head, 0, "%s%s", p->indent, line);
}

static void
print_source(const struct part *part, const struct bgp_peer_config *p, const char *peer)
{
	bool set = addr_is_set(&p->source_address);
	char source[ADDR_TEXT];

	addr_text(&p->source_address, source);
	if (p->source_interface[0])
		say(part, "peer %s connect-interface %s%s%s", peer, p->source_interface, set ? " source " : "",
		    set ? source : "");
	else if (set)
		say(part, "peer %s connect-interface %s", peer, source);
}

static void
print_session(const struct part *part, const struct bgp_peer_config *p)
{
	static const char *const roles[BGP_ROLES] = { "", "provider", "rs", "rs-client", "customer", "peer" };
	char peer[ADDR_TEXT], cipher[SECRET_TEXT], timers[CONF_BFD_TIMERS];

	addr_text(&p->address, peer);
	say(part, "peer %s as-number %u", peer, p->as);
	if (p->description[0])
		say(part, "peer %s description %s", peer, p->description);
	print_source(part, p, peer);
	if (p->fake_as)
		say(part, "peer %s fake-as %u", peer, p->fake_as);
	if (p->max_hops)
		say(part, "peer %s ebgp-max-hop %u", peer, p->max_hops);
	if (p->ttl_hops)
		say(part, "peer %s valid-ttl-hops %u", peer, p->ttl_hops);
	if (p->ignored)
		say(part, "peer %s ignore", peer);
	if (p->passive)
		say(part, "peer %s listen-only", peer);
	if (p->has_hold)
		say(part, "peer %s timer keepalive %u hold %u", peer, p->keepalive_s, p->hold_s);
	if (p->secret_size) {
		char secret[BGP_SECRET_MAX + 1] = "";
		memcpy(secret, p->secret, p->secret_size);
		secret_to_text(secret, cipher);
		say(part, "peer %s password cipher %s", peer, cipher);
	}
	if (*conf_bfd_timers(p->bfd_min_tx_ms, p->bfd_min_rx_ms, p->bfd_multiplier, timers))
		say(part, "peer %s bfd%s", peer, timers);
	if (p->bfd)
		say(part, "peer %s bfd enable", peer);
	if (p->role)
		say(part, "peer %s role %s%s", peer, roles[p->role], p->role_strict ? " strict" : "");
}

static void
print_attached(const struct part *part, const struct bgp_peer_family *f, const char *peer)
{
	if (*f->import_prefixes)
		say(part, "peer %s ip-prefix %s import", peer, f->import_prefixes);
	if (*f->export_prefixes)
		say(part, "peer %s ip-prefix %s export", peer, f->export_prefixes);
	if (*f->import_policy)
		say(part, "peer %s route-policy %s import", peer, f->import_policy);
	if (*f->export_policy)
		say(part, "peer %s route-policy %s export", peer, f->export_policy);
}

/* `usual`: it is enabled when nothing is said. */
static void
print_exchange(
    const struct part *part, const struct bgp_peer_config *p, enum bgp_family family, bool usual, bool say_enabled)
{
	const struct bgp_peer_family *f = &p->family[family];
	char peer[ADDR_TEXT], text[EXT_TEXT];

	addr_text(&p->address, peer);
	if (f->enabled && say_enabled)
		say(part, "peer %s enable", peer);
	if (!f->enabled && usual)
		say(part, "undo peer %s enable", peer);
	if (f->reflect_client)
		say(part, "peer %s reflect-client", peer);
	if (f->next_hop_local)
		say(part, "peer %s next-hop-local", peer);
	if (f->substitute_as)
		say(part, "peer %s substitute-as", peer);
	if (f->allow_as_loop == 1)
		say(part, "peer %s allow-as-loop", peer);
	if (f->allow_as_loop > 1)
		say(part, "peer %s allow-as-loop %u", peer, f->allow_as_loop);
	if (f->limit)
		say(part, "peer %s route-limit %u%s", peer, f->limit, f->limit_warns ? " alert-only" : "");
	if (f->origin_site)
		say(part, "peer %s soo %s", peer, ext_text(f->origin_site, text) + strlen("SoO:"));
	if (f->preferred)
		say(part, "peer %s preferred-value %u", peer, f->preferred);
	if (f->receive_add_path)
		say(part, "peer %s capability-advertise add-path receive", peer);
	if (f->send_add_path)
		say(part, "peer %s capability-advertise add-path send", peer);
	if (f->add_paths)
		say(part, "peer %s advertise add-path path-number %u", peer, f->add_paths);
	print_attached(part, f, peer);
}

static void
print_routes(const struct part *part, const struct l3vpn_config *c, size_t instance, bool v6)
{
	const struct l3vpn_family_config *f = &c->instances[instance].family[v6];
	const struct bgp_instance_config *of = &c->bgp.instances[instance];
	unsigned internal = of->preference[v6], external = of->external_preference[v6];
	char a[ADDR_TEXT], m[ADDR_TEXT], line[160];

	if (f->local_preference)
		say(part, "preference %u %u %u", external, internal, f->local_preference);
	else if (external)
		say(part, "preference %u %u", external, internal);
	for (size_t i = 0; i < f->network_count; i++) {
		const struct prefix *p = &f->networks[i].prefix;
		const char *policy = f->networks[i].policy;
		bool is_v4 = p->addr.family == 4;
		struct addr mask = addr_v4(is_v4 && p->len ? UINT32_MAX << (32 - p->len) : 0);
		if (is_v4)
			addr_text(&mask, m);
		else
			snprintf(m, sizeof m, "%u", p->len);
		say(part, "network %s %s%s%s", addr_text(&p->addr, a), m, *policy ? " route-policy " : "", policy);
	}
	if (f->default_route)
		say(part, "default-route imported");
	for (uint8_t i = 0; i < f->import_count; i++) {
		const struct l3vpn_import *r = &f->imports[i];
		int n = snprintf(line, sizeof line, "import-route %s", protocol_word(r->protocol));
		if (r->process)
			n += snprintf(line + n, sizeof line - (size_t)n, " %u", r->process);
		if (r->has_med)
			n += snprintf(line + n, sizeof line - (size_t)n, " med %u", r->med);
		if (r->policy[0])
			snprintf(line + n, sizeof line - (size_t)n, " route-policy %s", r->policy);
		say(part, "%s", line);
	}
}

/* What holds for both families of an instance. */
static void
print_choice(const struct part *part, const struct bgp_instance_config *n)
{
	if (n->local_pref)
		say(part, "default local-preference %u", n->local_pref);
	if (n->med_always)
		say(part, "compare-different-as-med");
	if (n->med_missing_worst)
		say(part, "bestroute med-none-as-maximum");
	if (n->ignore_path)
		say(part, "bestroute as-path-ignore");
	if (n->router_id_ignored)
		say(part, "bestroute router-id-ignore");
	if (n->paths && !n->external_paths)
		say(part, "maximum load-balancing %u", n->paths);
	else if (n->paths)
		say(part, "maximum load-balancing ibgp %u", n->paths);
	if (n->external_paths > 1 || (n->external_paths && !n->paths))
		say(part, "maximum load-balancing ebgp %u", n->external_paths);
}

static void
print_instance(const struct l3vpn_config *c, size_t i, bool v6, bool first, const char *head, struct conf_lines *out)
{
	const struct bgp_instance_config *n = &c->bgp.instances[i];
	struct part top = { head, "", out }, part = { head, " ", out };
	char id[ADDR_TEXT];

	say(&top, "#");
	say(&top, "%s vpn-instance %s", v6 ? "ipv6-family" : "ipv4-family", n->name);
	if (first && n->router_id)
		say(&part, "router-id %s", id_text(n->router_id, id));
	for (size_t k = 0; k < n->peer_count; k++) {
		if ((n->peers[k].address.family == 6) != v6)
			continue;
		print_session(&part, &n->peers[k]);
		print_exchange(&part, &n->peers[k], v6 ? BGP_IPV6 : BGP_IPV4, true, false);
	}
	print_routes(&part, c, i, v6);
	if (first)
		print_choice(&part, n);
}

/* One that is enabled, or that something else is said of. */
static bool
is_spoken_with(const struct bgp_peer_config *p, enum bgp_family f)
{
	struct conf_lines lines = { 0 };
	struct part part = { "", "", &lines };

	print_exchange(&part, p, f, false, true);
	bool any = lines.count;
	conf_lines_free(&lines);
	return any;
}

static bool
needs_view(const struct l3vpn_config *c, enum bgp_family f)
{
	const struct bgp_instance_config *n = &c->bgp.instances[0];
	bool needed = f == BGP_IPV4 || (c->views & BGP_FAMILY_BIT(f));

	for (size_t i = 0; i < n->peer_count; i++)
		needed |= is_spoken_with(&n->peers[i], f);
	return needed;
}

static void
print_public(const struct l3vpn_config *c, enum bgp_family f, const char *head, struct conf_lines *out)
{
	static const char *const names[BGP_FAMILIES] = { [BGP_IPV4] = "ipv4-family unicast",
		[BGP_IPV6] = "ipv6-family unicast",
		[BGP_VPNV4] = "ipv4-family vpnv4",
		[BGP_VPNV6] = "ipv6-family vpnv6",
		[BGP_RT_CONSTRAINT] = "ipv4-family vpn-target" };
	const struct bgp_instance_config *n = &c->bgp.instances[0];
	struct part top = { head, "", out }, part = { head, " ", out };

	if (!needs_view(c, f))
		return;
	say(&top, "#");
	say(&top, "%s", names[f]);
	if (f == BGP_IPV4)
		say(&part, "undo synchronization");
	if (f == BGP_IPV4 || f == BGP_IPV6)
		print_routes(&part, c, 0, f == BGP_IPV6);
	else if (f != BGP_RT_CONSTRAINT)
		say(&part, "%spolicy vpn-target", c->bgp.no_target_policy ? "undo " : "");
	if (f == BGP_IPV4)
		print_choice(&part, n);
	for (size_t i = 0; i < n->peer_count; i++)
		print_exchange(&part, &n->peers[i], f,
		    f == BGP_IPV4 && n->peers[i].address.family == 4 && !c->no_default_ipv4, true);
}

static void
print_process(const struct l3vpn_config *c, const char *head, struct conf_lines *out)
{
	struct part part = { head, "", out };
	char id[ADDR_TEXT];

	say(&part, "%s", "");
	if (c->bgp.router_id)
		say(&part, "router-id %s", id_text(c->bgp.router_id, id));
	if (c->no_default_ipv4)
		say(&part, "undo default ipv4-unicast");
	if (c->bgp.graceful_off)
		say(&part, "undo graceful-restart");
	if (c->bgp.restart_s)
		say(&part, "graceful-restart timer restart %u", c->bgp.restart_s);
	if (c->bgp.long_lived_s)
		say(&part, "graceful-restart long-lived %u", c->bgp.long_lived_s);
	if (c->bgp.has_hold)
		say(&part, "timer keepalive %u hold %u", c->bgp.keepalive_s, c->bgp.hold_s);
	if (c->bgp.cluster_id)
		say(&part, "reflector cluster-id %s", id_text(c->bgp.cluster_id, id));
	for (size_t i = 0; i < c->bgp.instances[0].peer_count; i++)
		print_session(&part, &c->bgp.instances[0].peers[i]);
}

static int
by_name(const void *a, const void *b, void *ctx)
{
	const struct l3vpn_config *c = ctx;

	return conf_name_cmp(c->bgp.instances[*(const size_t *)a].name, c->bgp.instances[*(const size_t *)b].name);
}

/* In the order in which `ip vpn-instance` is printed: so they are the same when they are read again. */
static void
print_instances(const struct l3vpn_config *c, const char *head, struct conf_lines *out)
{
	size_t count = c->bgp.instance_count, *order = mem_zalloc(count * sizeof *order);

	for (size_t i = 1; i < count; i++)
		order[i] = i;
	qsort_r(order + 1, count - 1, sizeof *order, by_name, (void *)(uintptr_t)c);
	for (size_t i = 1; i < count; i++)
		for (int v6 = 0; v6 < 2; v6++)
			if (c->instances[order[i]].family[v6].bgp_line)
				print_instance(
				    c, order[i], v6, !v6 || !c->instances[order[i]].family[0].bgp_line, head, out);
	free(order);
}

void
l3vpn_print(const struct l3vpn_config *c, struct conf_lines *out)
{
	static const enum bgp_family families[] = { BGP_IPV4, BGP_IPV6, BGP_VPNV4, BGP_VPNV6, BGP_RT_CONSTRAINT };
	char head[32], id[ADDR_TEXT];

	if (c->global_router_id)
		conf_say(out, CONF_ROUTER_ID, NULL, 0, "router id %s", id_text(c->global_router_id, id));
	for (size_t i = 1; i < c->bgp.instance_count; i++)
		print_vpn(&c->bgp.instances[i], &c->instances[i], out);
	l3vpn_print_policies(&c->bgp.policies, out);
	if (!c->bgp.as)
		return;
	snprintf(head, sizeof head, "bgp %u", c->bgp.as);
	print_process(c, head, out);
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		print_public(c, families[i], head, out);
	print_instances(c, head, out);
}
