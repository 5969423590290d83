/* igpd's lines of the running configuration. */
#include "igpd/print.h"
#include "base/secret_text.h"
#include "igpd/config.h"
#include "proto/protocol.h"
#include <stdio.h>
#include <string.h>

static void
key_line(const struct ospf_key *k, const char *before, char *out, size_t room)
{
	static const char *const kinds[] = { "", "simple", "md5", "hmac-sha1", "hmac-sha256", "hmac-sha384",
		"hmac-sha512" };
	char secret[SECRET_TEXT], id[8] = "";

	secret_to_text(k->secret, secret);
	if (k->kind != OSPF_KEY_SIMPLE)
		snprintf(id, sizeof id, " %u", k->id);
	snprintf(out, room, "%sauthentication-mode %s%s cipher %s", before, kinds[k->kind], id, secret);
}

static void
bfd_text(const struct ospf_bfd_config *c, char out[160])
{
	size_t at = 0;

	out[0] = '\0';
	if (c->min_tx_ms)
		at += (size_t)snprintf(out + at, 160 - at, " min-tx-interval %u", c->min_tx_ms);
	if (c->min_rx_ms)
		at += (size_t)snprintf(out + at, 160 - at, " min-rx-interval %u", c->min_rx_ms);
	if (c->multiplier)
		snprintf(out + at, 160 - at, " detect-multiplier %u", c->multiplier);
}

/* Of how long a link costs most. */
static const char *
span_text(const struct ospf_span *s, char out[ADDR_TEXT])
{
	if (s->seconds)
		snprintf(out, ADDR_TEXT, "%u", s->seconds);
	else
		snprintf(out, ADDR_TEXT, "infinite");
	return out;
}

#define SAY(...) conf_say(out, CONF_OSPF, head, 0, __VA_ARGS__)

static void
print_area(const struct ospf_area_config *a, const char *head, struct conf_lines *out)
{
	char x[ADDR_TEXT], y[ADDR_TEXT], line[320], cost[32] = "";

	SAY("area %s", id_text(a->id, x));
	for (size_t i = 0; i < a->network_count; i++)
		SAY(" network %s %s", id_text(a->networks[i].address, x), id_text(a->networks[i].wildcard, y));
	if (a->stub)
		SAY(" stub%s", a->no_summary ? " no-summary" : "");
	if (a->nssa)
		SAY(" nssa%s%s", a->no_summary ? " no-summary" : "", a->no_import ? " no-import-route" : "");
	for (uint8_t i = 0; i < a->vlink_count; i++) {
		const struct ospf_vlink_config *v = &a->vlinks[i];
		int n = snprintf(line, sizeof line, " vlink-peer %s", id_text(v->peer, x));
		if (v->hello_s)
			n += snprintf(line + n, sizeof line - (size_t)n, " hello %u", v->hello_s);
		if (v->dead_s)
			snprintf(line + n, sizeof line - (size_t)n, " dead %u", v->dead_s);
		SAY("%s", line);
	}
	if (a->default_cost)
		SAY(" default-cost %u", a->default_cost);
	for (size_t i = 0; i < a->range_count; i++) {
		const struct ospf_range_config *r = &a->ranges[i];
		if (r->cost)
			snprintf(cost, sizeof cost, " cost %u", r->cost);
		SAY(" abr-summary %s %u%s%s", addr_text(&r->prefix.addr, x), r->prefix.len,
		    r->not_advertised ? " not-advertise" : "", r->cost ? cost : "");
	}
	if (a->sync)
		SAY(" ldp-sync enable");
	for (uint8_t i = 0; i < a->keys.count; i++) {
		key_line(&a->keys.key[i], " ", line, sizeof line);
		SAY("%s", line);
	}
}

static void
print_import(const struct igp_import_config *i, const char *head, struct conf_lines *out)
{
	char cost[32] = "", tag[32] = "";

	if (i->cost)
		snprintf(cost, sizeof cost, " cost %u", i->cost);
	if (i->tag)
		snprintf(tag, sizeof tag, " tag %u", i->tag);
	SAY("import-route %s%s%s%s", protocol_word(i->protocol), cost, i->type1 ? " type 1" : "", tag);
}

static void
print_process(const struct igp_process_config *p, struct conf_lines *out)
{
	char head[128], x[ADDR_TEXT], line[160];
	size_t at = (size_t)snprintf(head, sizeof head, "ospf %u", p->ospf.process);

	if (p->ospf.router_id)
		at += (size_t)snprintf(head + at, sizeof head - at, " router-id %s", id_text(p->ospf.router_id, x));
	if (p->vrf[0])
		snprintf(head + at, sizeof head - at, " vpn-instance %s", p->vrf);
	SAY("%s", "");
	if (p->ospf.paths)
		SAY("maximum load-balancing %u", p->ospf.paths);
	if (p->ospf.bandwidth_mbps)
		SAY("bandwidth-reference %u", p->ospf.bandwidth_mbps);
	if (p->ospf.spf.set)
		SAY("spf-schedule-interval intelligent-timer %u %u %u", p->ospf.spf.most_ms, p->ospf.spf.first_ms,
		    p->ospf.spf.again_ms);
	if (p->ospf.hidden)
		SAY("suppress-reachability");
	if (p->ospf.stub_router)
		SAY("stub-router");
	if (p->ospf.bfd.on) {
		bfd_text(&p->ospf.bfd, line);
		SAY("bfd all-interfaces enable%s", line);
	}
	if (p->ospf.graceful_off)
		SAY("graceful-restart disable");
	if (p->ospf.grace_s)
		SAY("graceful-restart period %u", p->ospf.grace_s);
	if (p->ospf.helper_off)
		SAY("graceful-restart helper disable");
	if (p->ospf.sync)
		SAY("ldp-sync enable");
	if (p->ospf.sync_hold_down.given)
		SAY("timer ldp-sync hold-down %u", p->ospf.sync_hold_down.seconds);
	if (p->ospf.sync_hold_max.given)
		SAY("timer ldp-sync hold-max-cost %s", span_text(&p->ospf.sync_hold_max, x));
	if (p->all_silent)
		SAY("silent-interface all");
	for (uint8_t i = 0; i < p->silent_count; i++)
		SAY("silent-interface %s", p->silent[i]);
	for (uint8_t i = 0; i < p->import_count; i++)
		print_import(&p->imports[i], head, out);
	if (p->preference)
		SAY("preference %u", p->preference);
	if (p->external_preference)
		SAY("preference ase %u", p->external_preference);
	for (size_t i = 0; i < p->ospf.peer_count; i++)
		SAY("peer %s", id_text(p->ospf.peers[i], x));
	if (p->default_route.on) {
		snprintf(x, sizeof x, " cost %u", p->default_route.cost);
		SAY("default-route-advertise%s%s%s", p->default_route.always ? " always" : "",
		    p->default_route.cost ? x : "", p->default_route.type1 ? " type 1" : "");
	}
	for (size_t i = 0; i < p->ospf.area_count; i++)
		print_area(&p->ospf.areas[i], head, out);
}
#undef SAY

enum { RANK = 30 }; /* behind what makes an interface, and LDP's lines */

static void
print_interface(const struct igp_interface_config *i, struct conf_lines *out)
{
	const struct ospf_interface_config *c = &i->ospf;
	static const char *const types[] = { "broadcast", "p2p", "p2mp", "nbma" };
	char head[80], x[ADDR_TEXT], line[320];

	snprintf(head, sizeof head, "interface %s", c->name);
#define SAY(...) conf_say(out, CONF_INTERFACES, head, RANK, __VA_ARGS__)
	if (c->enabled)
		SAY("ospf enable %u area %s", i->process, id_text(c->area, x));
	if (c->cost)
		SAY("ospf cost %u", c->cost);
	if (c->has_type)
		SAY("ospf network-type %s", types[c->type]);
	if (c->hello_s)
		SAY("ospf timer hello %u", c->hello_s);
	if (c->dead_s)
		SAY("ospf timer dead %u", c->dead_s);
	if (c->poll_s)
		SAY("ospf timer poll %u", c->poll_s);
	if (c->retransmit_s)
		SAY("ospf timer retransmit %u", c->retransmit_s);
	if (c->delay_s)
		SAY("ospf trans-delay %u", c->delay_s);
	if (c->priority >= 0)
		SAY("ospf dr-priority %d", c->priority);
	if (c->hiding)
		SAY("ospf suppress-reachability%s", c->hiding == OSPF_NOT_HIDDEN ? " disable" : "");
	if (c->mtu_ignored)
		SAY("ospf mtu-ignore");
	for (uint8_t k = 0; k < c->multi_count; k++) {
		if (c->multi[k].enabled)
			SAY("ospf enable multi-area %s", id_text(c->multi[k].area, x));
		if (c->multi[k].sync)
			SAY("ospf ldp-sync multi-area %s", id_text(c->multi[k].area, x));
	}
	if (c->bfd.on) {
		bfd_text(&c->bfd, line);
		SAY("ospf bfd enable%s", line);
	}
	if (c->bfd.off)
		SAY("ospf bfd block");
	if (c->sync)
		SAY("ospf ldp-sync%s", c->sync == OSPF_SYNC_BLOCK ? " block" : "");
	if (c->sync_hold_down.given)
		SAY("ospf timer ldp-sync hold-down %u", c->sync_hold_down.seconds);
	if (c->sync_hold_max.given)
		SAY("ospf timer ldp-sync hold-max-cost %s", span_text(&c->sync_hold_max, x));
	for (uint8_t k = 0; k < c->keys.count; k++) {
		key_line(&c->keys.key[k], "ospf ", line, sizeof line);
		SAY("%s", line);
	}
#undef SAY
}

void
igp_print(const struct igp_config *c, struct conf_lines *out)
{
	for (size_t i = 0; i < c->process_count; i++)
		print_process(c->processes[i], out);
	for (size_t i = 0; i < c->interface_count; i++)
		print_interface(&c->interfaces[i], out);
}
