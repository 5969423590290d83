/*
 * What BFD watches for us: the other ends, over several hops (RFC 5883), and pseudowires themselves, over their control
 * channels (RFC 5885). Both are asked for by rows of bfd.Request.
 *
 * All pseudowires to one provider edge share one session of the first kind, with the quickest timers that one of them asks
 * for. What it says is fibd's business, which leaves the dead end by itself; see l2vpn.CircuitPath. Here it is only looked at whether there is a word at all.
 *
 * Of the second kind each pseudowire has one of its own, while both ends have told that they take it and fibd has seen that
 * the channel stands. What it says comes here. Only the word *dead* counts against a pseudowire: while nothing is known, the
 * other end has shut its session down, or bfdd is away, what was believed before stays (RFC 5882 section 4.3).
 */
#include "l2vpnd/model.h"
#include "proto/fill.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what is asked for --- */

struct addr
watch_source(const struct l2vpn *l)
{
	return l->config.lsr_id ? addr_v4(l->config.lsr_id) : addr_none();
}

static void
set_timers(struct watch_said *w, const struct l2vpn_bfd *b)
{
	w->tx_ms = b->min_tx_ms ? b->min_tx_ms : L2VPN_BFD_MS;
	w->rx_ms = b->min_rx_ms ? b->min_rx_ms : L2VPN_BFD_MS;
	w->multiplier = b->multiplier ? b->multiplier : L2VPN_BFD_MULTIPLIER;
}

static bool
is_same_key(const struct watch_said *a, const struct watch_said *b)
{
	return addr_eq(&a->peer, &b->peer) && addr_eq(&a->source, &b->source) && a->ifindex == b->ifindex &&
	       a->label == b->label;
}

static void
stop_asking(struct l2vpn *l, struct watch *w)
{
	table_gone(&l->watch_table, &w->row);
}

static void
ask(struct l2vpn *l, struct watch *w, const struct watch_said *now)
{
	if (row_is_in_table(&w->row) && is_same(now, &w->said, sizeof *now))
		return;
	if (!is_same_key(now, &w->said))
		stop_asking(l, w); /* while it still has its key */
	w->said = *now;
	table_changed(&l->watch_table, &w->row);
}

static void
fill_watch(const struct row *row, void *message, struct arena *arena)
{
	const struct watch_said *w = &CONST_OBJECT(row, struct watch, row)->said;
	Bfd__Request *m = message;

	m->client = fill_text("l2vpn");
	m->peer = fill_addr(&w->peer, arena);
	m->source = fill_addr(&w->source, arena);
	m->ifindex = w->ifindex;
	m->min_tx_us = w->tx_ms * 1000u;
	m->min_rx_us = w->rx_ms * 1000u;
	m->multiplier = w->multiplier;
	m->vccv_label = w->label;
	m->vccv_encapsulation = w->encapsulation;
	m->vccv_control_word = w->control_word;
}

/* --- other ends --- */

static uint32_t
end_hash(const struct addr *peer)
{
	return hash_bytes(peer->bytes, sizeof peer->bytes, peer->family);
}

static struct far_end *
end_find(const struct l2vpn *l, const struct addr *peer)
{
	for (struct hash_node *n = hash_first(&l->far_ends, end_hash(peer)); n; n = hash_next(n))
		if (addr_eq(&OBJECT(n, struct far_end, by_peer)->peer, peer))
			return OBJECT(n, struct far_end, by_peer);
	return NULL;
}

/* One more pseudowire goes there: the quickest timers count. */
static void
end_want(struct l2vpn *l, const struct addr *peer, const struct l2vpn_bfd *b)
{
	struct far_end *e = end_find(l, peer);
	struct watch_said w;

	if (!e) {
		e = NEW(struct far_end);
		e->peer = *peer;
		hash_add(&l->far_ends, &e->by_peer, end_hash(peer));
	}
	memset(&w, 0, sizeof w);
	w.peer = *peer;
	w.source = watch_source(l);
	set_timers(&w, b);
	if (e->wanted.multiplier) {
		w.tx_ms = w.tx_ms < e->wanted.tx_ms ? w.tx_ms : e->wanted.tx_ms;
		w.rx_ms = w.rx_ms < e->wanted.rx_ms ? w.rx_ms : e->wanted.rx_ms;
		w.multiplier = w.multiplier < e->wanted.multiplier ? w.multiplier : e->wanted.multiplier;
	}
	e->wanted = w;
}

static void
end_free(struct l2vpn *l, struct far_end *e)
{
	stop_asking(l, &e->watch);
	hash_remove(&l->far_ends, &e->by_peer);
	free(e);
}

void
watch_far_ends(struct l2vpn *l)
{
	hash_each (n, &l->far_ends) {
		OBJECT(n, struct far_end, by_peer)->wanted.multiplier = 0;
	}
	hash_each (p, &l->pws) {
		const struct pw *pw = OBJECT(p, struct pw, by_key);
		if (pw->settings.bfd.on)
			end_want(l, &pw->settings.peer, &pw->settings.bfd);
	}
	hash_each (e, &l->far_ends) {
		struct far_end *end = OBJECT(e, struct far_end, by_peer);
		if (end->wanted.multiplier)
			ask(l, &end->watch, &end->wanted);
		else
			end_free(l, end);
	}
}

/* --- pseudowires --- */

uint32_t
watch_checks(const struct l2vpn_settings *s)
{
	if (!s->vccv)
		return 0;
	if (!s->vccv_bfd.on)
		return L2VPN_CV_LSP_PING;
	return L2VPN_CV_LSP_PING | L2VPN_CV_BFD_IP | (s->control_word ? L2VPN_CV_BFD_ACH : 0);
}

/* RFC 5885 section 4: of what both ends take, without IP rather than with it; the former is behind a control word only. */
static uint32_t
encapsulation(const struct pw *p)
{
	uint32_t both = watch_checks(&p->settings) & p->state.word.remote_vccv_cv, channel = pw_channel(p);

	if (channel == CHANNEL_WORD && (both & L2VPN_CV_BFD_ACH))
		return L2VPN_CV_BFD_ACH;
	/* Packets with IP come from our LSR ID. */
	return channel && p->of->of->config.lsr_id ? both & L2VPN_CV_BFD_IP : 0;
}

static uint32_t
path_hash(uint32_t label, const struct addr *peer)
{
	return label ? label : end_hash(peer);
}

static const struct told_session *
session_of_label(const struct l2vpn *l, uint32_t label)
{
	for (struct hash_node *n = hash_first(&l->sessions_by_path, label); n; n = hash_next(n))
		if (OBJECT(n, struct told_session, by_path)->label == label)
			return OBJECT(n, struct told_session, by_path);
	return NULL;
}

static const struct told_session *
session_of_end(const struct l2vpn *l, const struct addr *peer)
{
	for (struct hash_node *n = hash_first(&l->sessions_by_path, path_hash(0, peer)); n; n = hash_next(n)) {
		const struct told_session *t = OBJECT(n, struct told_session, by_path);
		if (!t->label && addr_eq(&t->peer, peer))
			return t;
	}
	return NULL;
}

static bool
is_heard(const struct told_session *t)
{
	return t && t->verdict != BFD__VERDICT__UNKNOWN;
}

bool
watch_is_silent(const struct pw *p)
{
	const struct l2vpn *l = p->of->of;
	bool end = p->settings.bfd.on, channel = p->state.watch.encapsulation != 0;

	if (l->away & 1u << L2VPN_BFD_SESSION)
		return end || channel;
	return (end && !is_heard(session_of_end(l, &p->settings.peer))) ||
	       (channel && !is_heard(session_of_label(l, p->label)));
}

void
watch_look(struct pw *p)
{
	struct l2vpn *l = p->of->of;
	struct pw_state *s = &p->state;
	bool may = s->fits && s->answered && s->path.channel && l->channel_ifindex;
	const struct told_session *t;

	s->watch.encapsulation = may ? (uint8_t)encapsulation(p) : 0;
	if (!s->watch.encapsulation)
		return;
	s->watch.peer = p->settings.peer;
	s->watch.source = watch_source(l);
	s->watch.ifindex = l->channel_ifindex;
	s->watch.label = p->label;
	s->watch.control_word = s->word.control_word;
	set_timers(&s->watch, &p->settings.vccv_bfd);
	t = session_of_label(l, p->label);
	s->channel_alive = t && t->believed == BFD__VERDICT__ALIVE;
	s->channel_dead = t && t->believed == BFD__VERDICT__DEAD;
}

void
watch_ask(struct pw *p)
{
	if (p->state.watch.encapsulation)
		ask(p->of->of, &p->watch, &p->state.watch);
	else
		watch_stop(p);
}

void
watch_stop(struct pw *p)
{
	stop_asking(p->of->of, &p->watch);
}

/* --- what is said of them --- */

static uint32_t
name_hash(const char *name)
{
	return hash_bytes(name, strlen(name), 0);
}

static struct told_session *
session_named(const struct l2vpn *l, const char *name)
{
	for (struct hash_node *n = hash_first(&l->sessions, name_hash(name)); n; n = hash_next(n))
		if (strcmp(OBJECT(n, struct told_session, by_name)->name, name) == 0)
			return OBJECT(n, struct told_session, by_name);
	return NULL;
}

static void
review(struct l2vpn *l, uint32_t label)
{
	for (struct hash_node *n = hash_first(&l->pws_by_label, label); l->begun && n; n = hash_next(n))
		if (OBJECT(n, struct pw, by_label)->label == label) {
			service_review(OBJECT(n, struct pw, by_label)->of);
			return;
		}
}

static void
forget(struct l2vpn *l, struct told_session *t)
{
	uint32_t label = t->label;

	hash_remove(&l->sessions, &t->by_name);
	hash_remove(&l->sessions_by_path, &t->by_path);
	free(t->name);
	free(t);
	if (label)
		review(l, label);
}

static struct told_session *
session_new(struct l2vpn *l, const char *name, uint32_t label, const struct addr *peer)
{
	struct told_session *t = NEW(struct told_session);

	t->name = mem_text(name);
	t->label = label;
	t->peer = *peer;
	t->believed = BFD__VERDICT__UNKNOWN;
	hash_add(&l->sessions, &t->by_name, name_hash(name));
	hash_add(&l->sessions_by_path, &t->by_path, path_hash(label, peer));
	return t;
}

void
watch_session_row(struct l2vpn *l, const Bfd__Session *row, bool gone, uint32_t round)
{
	struct told_session *t = session_named(l, row->name);
	struct addr peer = addr_none();

	addr_from_bytes(row->peer.data, row->peer.len, &peer);
	if (t && (gone || row->vccv_label != t->label || !addr_eq(&peer, &t->peer))) {
		forget(l, t);
		t = NULL;
	}
	if (gone || !(row->vccv_label || row->multihop))
		return;
	if (!t)
		t = session_new(l, row->name, row->vccv_label, &peer);
	t->round = round;
	t->verdict = row->verdict;
	if (!t->label)
		return; /* what it says is fibd's business */
	if (row->verdict == BFD__VERDICT__UNKNOWN || row->verdict == t->believed)
		return;
	t->believed = row->verdict;
	review(l, t->label);
}

static void
use_device(struct l2vpn *l, uint32_t ifindex)
{
	if (l->channel_ifindex == ifindex)
		return;
	l->channel_ifindex = ifindex;
	if (l->begun)
		services_review(l);
}

void
watch_device(struct l2vpn *l, const Fib__Interface *row, bool gone)
{
	if (!gone && strcmp(row->name, CONTROL_CHANNEL_DEVICE) == 0)
		use_device(l, row->ifindex);
	else if (row->ifindex == l->channel_ifindex) /* gone, or another name */
		use_device(l, 0);
}

void
watch_synced(struct l2vpn *l, enum l2vpn_mirror table, uint32_t round)
{
	if (table == L2VPN_FIB_INTERFACE && !*told_interface_name(l, l->channel_ifindex))
		use_device(l, 0);
	if (table != L2VPN_BFD_SESSION)
		return;
	hash_each (n, &l->sessions) {
		struct told_session *t = OBJECT(n, struct told_session, by_name);
		if (t->round != round)
			forget(l, t);
	}
}

/* --- */

void
watches_init(struct l2vpn *l)
{
	hash_init(&l->far_ends);
	hash_init(&l->sessions);
	hash_init(&l->sessions_by_path);
	table_init(&l->watch_table, "bfd.Request", fill_watch);
	l->watch_table.complete = false; /* sessions of before go on until it is known which are wanted */
}

void
watches_free(struct l2vpn *l)
{
	l->begun = false;
	hash_each (n, &l->far_ends) {
		end_free(l, OBJECT(n, struct far_end, by_peer));
	}
	hash_each (s, &l->sessions) {
		forget(l, OBJECT(s, struct told_session, by_name));
	}
	hash_free(&l->far_ends);
	hash_free(&l->sessions);
	hash_free(&l->sessions_by_path);
}
