/* ldpd's lines of the running configuration. */
#include "ldpd/print.h"
#include "base/secret_text.h"
#include "ldpd/config.h"
#include <stdio.h>
#include <string.h>

#define SETTING(rank, ...) conf_say(out, CONF_LDP_SETTINGS, NULL, rank, __VA_ARGS__)
#define IN_LDP(rank, ...) conf_say(out, CONF_MPLS_LDP, "mpls ldp", rank, __VA_ARGS__)
#define IN_MPLS(rank, ...) conf_say(out, CONF_MPLS, "mpls", rank, __VA_ARGS__)

/* The words for a filter; NULL: it is as by default. */
static const char *
filter_text(const struct ldp_filter *f, enum ldp_which otherwise, const char *all, char out[96])
{
	if (f->which == otherwise)
		return NULL;
	if (f->which == LDP_LISTED)
		snprintf(out, 96, "ip-prefix %s", f->list);
	else
		snprintf(out, 96, "%s", f->which == LDP_HOSTS ? "host" : f->which == LDP_NONE ? "none" : all);
	return out;
}

static void
print_filters(const char *who, const struct ldp_filter *told, const struct ldp_filter *accepted,
    enum ldp_which otherwise, struct conf_lines *out)
{
	char words[96];

	if (filter_text(told, otherwise, "all-routes", words))
		IN_LDP(5, "outbound peer %s fec %s", who, words);
	if (filter_text(accepted, otherwise, "all-routes", words))
		IN_LDP(6, "inbound peer %s fec %s", who, words);
}

static void
print_peer(const struct ldp_peer_config *p, struct conf_lines *out)
{
	char peer[ADDR_TEXT], cipher[SECRET_TEXT], head[96];

	addr_text(&p->address, peer);
	if (p->name[0]) {
		snprintf(head, sizeof head, "mpls ldp remote-peer %s", p->name);
		conf_say(out, CONF_REMOTE_PEERS, head, 0, "remote-ip %s", peer);
	} else if (p->targeted) {
		SETTING(7, "mpls ldp neighbor %s targeted ldp", peer);
	}
	if (p->gtsm_off)
		IN_LDP(3, "gtsm peer %s disable", peer);
	else if (p->gtsm_hops)
		IN_LDP(3, "gtsm peer %s valid-ttl-hops %u", peer, p->gtsm_hops);
	if (p->password[0]) {
		secret_to_text(p->password, cipher);
		IN_LDP(4, "md5-password cipher %s %s", peer, cipher);
	}
	print_filters(peer, &p->told, &p->accepted, LDP_UNSET, out);
}

static void
print_settings(const struct ldp_config *c, struct conf_lines *out)
{
	char cipher[SECRET_TEXT];

	if (c->hello_interval_s != LDP_HELLO_INTERVAL_S)
		SETTING(1, "mpls ldp discovery hello interval %u", c->hello_interval_s);
	if (c->hello_hold_s != LDP_HELLO_HOLD_S)
		SETTING(1, "mpls ldp discovery hello holdtime %u", c->hello_hold_s);
	if (c->targeted_interval_s != LDP_TARGETED_INTERVAL_S)
		SETTING(2, "mpls ldp discovery targeted-hello interval %u", c->targeted_interval_s);
	if (c->targeted_hold_s != LDP_TARGETED_HOLD_S)
		SETTING(2, "mpls ldp discovery targeted-hello holdtime %u", c->targeted_hold_s);
	if (c->accept_targeted)
		SETTING(2, "mpls ldp discovery targeted-hello accept%s%s", c->accept_targeted_list[0] ? " from " : "",
		    c->accept_targeted_list);
	if (c->session_hold_s != LDP_SESSION_HOLD_S)
		SETTING(3, "mpls ldp holdtime %u", c->session_hold_s);
	if (c->backoff_first_s != LDP_BACKOFF_FIRST_S || c->backoff_last_s != LDP_BACKOFF_LAST_S)
		SETTING(4, "mpls ldp backoff %u %u", c->backoff_first_s, c->backoff_last_s);
	if (c->pop_broken)
		SETTING(5, "mpls ldp broken-lsp pop");
	if (c->igp_sync_delay_s != LDP_IGP_SYNC_DELAY_S)
		IN_LDP(8, "igp-sync-delay %u", c->igp_sync_delay_s);
	if (c->label_reuse_s != LDP_LABEL_REUSE_S)
		SETTING(5, "mpls ldp label-reuse-delay %u", c->label_reuse_s);
	for (size_t i = 0; i < c->password_count; i++) {
		secret_to_text(c->passwords[i].password, cipher);
		SETTING(8, "mpls ldp password option for %s cipher %s", c->passwords[i].list, cipher);
	}
	if (c->password[0]) {
		secret_to_text(c->password, cipher);
		SETTING(9, "mpls ldp password fallback cipher %s", cipher);
	}
}

static void
print_mpls(const struct ldp_config *c, struct conf_lines *out)
{
	char words[96];

	if (c->mpls)
		IN_MPLS(0, "%s", "");
	if (filter_text(&c->allocate, LDP_HOSTS, "all", words))
		IN_MPLS(1, "lsp-trigger %s", words);
	if (c->egress != LDP_IMPLICIT_NULL)
		IN_MPLS(2, "label advertise %s", c->egress == LDP_EXPLICIT_NULL ? "explicit-null" : "non-null");
	if (c->enabled)
		IN_LDP(0, "%s", "");
	if (c->ordered)
		IN_LDP(1, "label distribution control-mode ordered");
	if (c->gtsm_off)
		IN_LDP(2, "gtsm disable");
	if (c->prefer_v4)
		IN_LDP(7, "transport-preference ipv4");
	print_filters("all", &c->told, &c->accepted, LDP_ALL, out);
}

void
ldp_print(const struct ldp_config *c, struct conf_lines *out)
{
	char text[ADDR_TEXT], head[96], timers[CONF_BFD_TIMERS];
	struct addr id = addr_v4(c->lsr_id);

	if (c->lsr_id)
		conf_say(out, CONF_LSR_ID, NULL, 0, "mpls lsr-id %s", addr_text(&id, text));
	conf_prefix_lists(out, "ip ip-prefix", &c->prefix_lists);
	print_mpls(c, out);
	print_settings(c, out);
	for (size_t i = 0; i < c->peer_count; i++)
		print_peer(&c->peers[i], out);
	for (size_t i = 0; i < c->interface_count; i++) {
		snprintf(head, sizeof head, "interface %s", c->interfaces[i].name);
		if (c->interfaces[i].v4)
			conf_say(out, CONF_INTERFACES, head, 8, "mpls ldp");
		if (c->interfaces[i].v6)
			conf_say(out, CONF_INTERFACES, head, 8, "mpls ldp ipv6");
		if (c->interfaces[i].bfd)
			conf_say(out, CONF_INTERFACES, head, 8, "mpls ldp bfd%s",
			    conf_bfd_timers(c->interfaces[i].bfd_min_tx_ms, c->interfaces[i].bfd_min_rx_ms,
				c->interfaces[i].bfd_multiplier, timers));
	}
}
