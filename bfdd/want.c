/*
 * Wants: who asks for which path. The configuration's are compared by name, clients' by their row's key; which path a
 * want means is found anew whenever interfaces change.
 */
#include "bfdd/core/vccv.h"
#include "bfdd/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct want *
want_new(struct bfd *b)
{
	struct want *w = NEW(struct want);

	w->number = ++b->next_want;
	list_append(&b->wants, &w->all);
	list_init(&w->of_watch);
	return w;
}

void
want_free(struct bfd *b, struct want *w)
{
	watch_leave(b, w);
	hash_remove(w->config ? &b->names : &b->client_wants, &w->by_key);
	list_remove(&w->all);
	free(w->config);
	free(w);
}

/* --- which path --- */

static const struct port *
link_of(struct bfd *b, const struct want *w)
{
	if (w->config)
		return w->config->interface[0] ? port_named(b, w->config->interface) : NULL;
	return w->ifindex ? port_find(b, w->ifindex) : NULL;
}

/* The device of a VRF, by a member that knows it, or by its own name. 0: there is none. */
static uint32_t
vrf_device(struct bfd *b, const char *vrf)
{
	hash_each (n, &b->ports) {
		const struct port *p = OBJECT(n, struct port, by_ifindex);
		if (p->vrf_ifindex && strcmp(p->vrf, vrf) == 0)
			return p->vrf_ifindex;
	}
	const struct port *own = port_named(b, vrf);
	return own ? own->ifindex : 0;
}

/* What is wrong with a want of a pseudowire's control channel; NULL: nothing. */
static const char *
channel_trouble(const struct want *w, const struct port *device)
{
	if (!device)
		return "its control channel's device is not there";
	if (w->encapsulation != VCCV_IP && w->encapsulation != VCCV_ACH)
		return "this form of BFD over VCCV cannot be done";
	if (w->encapsulation == VCCV_IP && !addr_is_set(&w->source))
		return "BFD over VCCV with IP needs an address of ours";
	return NULL;
}

static struct path
path_of(struct bfd *b, const struct want *w, char trouble[128])
{
	bool single = w->config ? w->config->interface[0] != '\0' : w->ifindex != 0;
	const struct port *link = link_of(b, w);
	struct path p = { .peer = w->peer, .source = w->source, .label = w->label, .multihop = !single && !w->label };
	const char *channel = w->label ? channel_trouble(w, link) : NULL;

	trouble[0] = '\0';
	if (w->config && !w->config->automatic && (!w->config->local || !w->config->remote))
		snprintf(trouble, 128, "its discriminators are not set");
	else if (w->config && !b->config.enabled)
		snprintf(trouble, 128, "`bfd` is missing in the system view");
	else if (channel)
		snprintf(trouble, 128, "%s", channel);
	else if (single && !link)
		snprintf(trouble, 128, "its interface is not there");
	else if (single && strcmp(link->vrf, w->vrf) != 0)
		snprintf(trouble, 128, "%s is not in %s", link->label,
		    w->vrf[0] ? "this VPN instance" : "the public network");
	else if (!single && w->vrf[0] && !(p.vrf = vrf_device(b, w->vrf)))
		snprintf(trouble, 128, "there is no VPN instance %s", w->vrf);
	if (trouble[0]) {
		p.alone = w->number;
	} else if (single && link) {
		p.ifindex = link->ifindex;
		p.vrf = link->vrf_ifindex;
	}
	return p;
}

static void
resolve(struct bfd *b, struct want *w)
{
	char trouble[128];
	struct path p = path_of(b, w, trouble);

	if (w->watch && !path_is_served(&p, &w->watch->path)) {
		bool only = w->watch->wants.next == w->watch->wants.prev;
		const struct watch *there = watch_find(b, &p);
		if (there == w->watch)
			watch_get(b, &p); /* it was open about its source, and is no longer */
		else if (only && !there)  /* it stays the same session to everybody who follows it */
			watch_repath(b, w->watch, &p);
		else
			watch_leave(b, w);
	}
	if (!w->watch)
		watch_join(b, watch_get(b, &p), w);
	snprintf(w->watch->trouble, sizeof w->watch->trouble, "%s", trouble);
	watch_review(b, w->watch);
}

void
wants_resolve(struct bfd *b)
{
	list_each_safe (l, &b->wants) {
		resolve(b, OBJECT(l, struct want, all));
	}
}

/* --- the operator's --- */

static uint32_t
name_hash(const char *name)
{
	return hash_bytes(name, strlen(name), 0);
}

static struct want *
named(struct bfd *b, const char *name)
{
	for (struct hash_node *n = hash_first(&b->names, name_hash(name)); n; n = hash_next(n))
		if (strcmp(OBJECT(n, struct want, by_key)->config->name, name) == 0)
			return OBJECT(n, struct want, by_key);
	return NULL;
}

static void
configure(struct bfd *b, const struct bfd_session_config *c)
{
	struct want *w = named(b, c->name);

	/* Another discriminator set by hand is another session. */
	if (w && (w->config->automatic != c->automatic || w->config->local != c->local)) {
		want_free(b, w);
		w = NULL;
	}
	if (!w) {
		w = want_new(b);
		hash_add(&b->names, &w->by_key, name_hash(c->name));
	}
	free(w->config);
	w->config = mem_copy(c, sizeof *c);
	w->seen = b->config_count;
	w->peer = c->peer;
	w->source = c->source;
	snprintf(w->vrf, sizeof w->vrf, "%s", c->vrf);
	w->min_tx_us = c->min_tx_ms * 1000u;
	w->min_rx_us = c->min_rx_ms * 1000u;
	w->multiplier = c->multiplier;
}

void
wants_configure(struct bfd *b)
{
	b->config_count++;
	for (size_t i = 0; i < b->config.session_count; i++)
		configure(b, &b->config.sessions[i]);
	wants_resolve(b); /* first: a session that only gets another name goes on */
	list_each_safe (l, &b->wants) {
		struct want *w = OBJECT(l, struct want, all);
		if (w->config && w->seen != b->config_count)
			want_free(b, w);
	}
}

/* --- clients' --- */

static uint32_t
key_hash(const char *daemon, const Bfd__Request *r)
{
	uint32_t h = hash_bytes(daemon, strlen(daemon), r->ifindex ^ r->vccv_label << 8);

	h = hash_bytes(r->client, strlen(r->client), h);
	return r->peer.len ? hash_bytes(r->peer.data, r->peer.len, h) : h;
}

static struct want *
find(struct bfd *b, const char *daemon, const Bfd__Request *r, const struct addr *peer, const struct addr *source)
{
	for (struct hash_node *n = hash_first(&b->client_wants, key_hash(daemon, r)); n; n = hash_next(n)) {
		struct want *w = OBJECT(n, struct want, by_key);
		if (strcmp(w->daemon, daemon) == 0 && strcmp(w->client, r->client) == 0 && addr_eq(&w->peer, peer) &&
		    addr_eq(&w->source, source) && w->ifindex == r->ifindex && w->label == r->vccv_label &&
		    strcmp(w->vrf, r->vrf) == 0)
			return w;
	}
	return NULL;
}

void
want_row(struct bfd *b, const struct bfd_input *in)
{
	const Bfd__Request *r = in->row;
	struct addr peer, source = addr_none();

	if (!addr_from_bytes(r->peer.data, r->peer.len, &peer) ||
	    !addr_from_bytes(r->source.data, r->source.len, &source) || !addr_is_set(&peer)) {
		bfd_note(b, 3, "%s asks for a session without a peer", in->daemon);
		return;
	}
	struct want *w = find(b, in->daemon, r, &peer, &source);
	if (in->gone) {
		if (w)
			want_free(b, w);
		return;
	}
	if (!w) {
		w = want_new(b);
		snprintf(w->daemon, sizeof w->daemon, "%s", in->daemon);
		snprintf(w->client, sizeof w->client, "%s", r->client);
		snprintf(w->vrf, sizeof w->vrf, "%s", r->vrf);
		w->peer = peer;
		w->source = source;
		w->ifindex = r->ifindex;
		w->label = r->vccv_label;
		hash_add(&b->client_wants, &w->by_key, key_hash(in->daemon, r));
	}
	w->round = in->round;
	w->encapsulation = r->vccv_encapsulation < 256 ? (uint8_t)r->vccv_encapsulation : 0;
	w->control_word = r->vccv_control_word;
	w->min_tx_us = r->min_tx_us ? r->min_tx_us : BFD_MIN_TX_MS * 1000u;
	w->min_rx_us = r->min_rx_us ? r->min_rx_us : BFD_MIN_RX_MS * 1000u;
	w->multiplier = r->multiplier && r->multiplier < 256 ? (uint8_t)r->multiplier : BFD_MULTIPLIER;
	resolve(b, w);
}

void
want_synced(struct bfd *b, const char *daemon, uint32_t round)
{
	list_each_safe (l, &b->wants) {
		struct want *w = OBJECT(l, struct want, all);
		if (!w->config && strcmp(w->daemon, daemon) == 0 && w->round != round)
			want_free(b, w);
	}
}
