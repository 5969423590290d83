/*
 * What static routes follow, as bfd.Session tells it: a session by its name (`track bfd-session NAME`), or their next hop
 * (`bfd enable`), for which a session is asked for by a row of bfd.Request and found among all that are told by its path. The
 * far ends of pseudowires are followed in the same way, but it is l2vpnd that asks for their sessions.
 *
 * Only a session that is there and whose verdict is that the path is dead takes next hops away. One that does not exist,
 * whose other end is administratively down, or of which nothing is known says nothing (RFC 5882 section 4.3); what was
 * believed before a restart of bfdd is believed until it knows better.
 *
 * After our own restart the kernel may hold what a dead path has left. Until bfd.Session was read, or bfdd has been waited
 * for long enough, routes that are there and follow a session stay as they are; those that are not there are made at once.
 *
 * A session may also hold its link (`process-interface-status`, `process-pst`): while its path is dead, no next hop on that
 * link is used, whoever named it.
 */
#include "fibd/rib/model.h"
#include "proto/bfd.pb-c.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t
peer_hash(const struct addr *peer)
{
	return hash_bytes(peer->bytes, sizeof peer->bytes, peer->family);
}

static void
track_add(struct rib *rib, struct track *t, char *name)
{
	size_t at = 0;

	while (at < rib->track_count && rib->tracks[at])
		at++;
	if (at == rib->track_count) {
		rib->tracks = mem_resize(rib->tracks, (rib->track_count + 1) * sizeof(struct track *));
		rib->track_count++;
	}
	rib->tracks[at] = t;
	t->number = (uint32_t)at + 1;
	t->name = name;
	list_init(&t->fates);
}

const struct track *
track_of(const struct rib *rib, uint32_t number)
{
	return number ? rib->tracks[number - 1] : NULL;
}

bool
track_is_guess(const struct rib *rib, const struct track *t)
{
	return !t->heard && (t->present || !rib->tracks_known);
}

/* --- who follows --- */

void
tracks_join(struct rib *rib, struct fate *f)
{
	for (uint16_t i = 0; i < f->spec_count; i++) {
		struct track *t = f->specs[i].track ? rib->tracks[f->specs[i].track - 1] : NULL;
		if (!t)
			continue;
		if (!f->follows)
			f->follows = mem_zalloc(f->spec_count * sizeof *f->follows);
		f->follows[i].fate = f;
		list_append(&t->fates, &f->follows[i].of_track);
		if (t->is_hop)
			OBJECT(t, struct hop, track)->refs++;
	}
}

static void
hop_free(struct rib *rib, struct hop *h)
{
	table_gone(&rib->request_table, &h->row);
	hash_remove(&rib->hops, &h->track.by_key);
	hash_remove(&rib->hops_by_peer, &h->track.by_peer);
	rib->tracks[h->track.number - 1] = NULL;
	free(h->track.name);
	free(h);
}

void
tracks_leave(struct rib *rib, struct fate *f)
{
	for (uint16_t i = 0; f->follows && i < f->spec_count; i++) {
		struct track *t = f->specs[i].track ? rib->tracks[f->specs[i].track - 1] : NULL;
		if (!t)
			continue;
		list_remove(&f->follows[i].of_track);
		if (t->is_hop && --OBJECT(t, struct hop, track)->refs == 0)
			hop_free(rib, OBJECT(t, struct hop, track));
	}
	free(f->follows);
	f->follows = NULL;
}

static void
review(struct rib *rib, const struct track *t)
{
	list_each (l, &t->fates) {
		fate_again(rib, OBJECT(l, struct follower, of_track)->fate);
	}
}

static void
set(struct rib *rib, struct track *t, bool present, bool heard, bool dead)
{
	if (t->present == present && t->heard == heard && t->dead == dead)
		return;
	bool matters = t->dead != dead || track_is_guess(rib, t);
	t->present = present;
	t->heard = heard;
	t->dead = dead;
	if (matters)
		review(rib, t);
}

/* --- sessions --- */

static struct session *
session_find(struct rib *rib, const char *name, uint32_t hash)
{
	for (struct hash_node *n = hash_first(&rib->sessions, hash); n; n = hash_next(n)) {
		struct session *s = OBJECT(n, struct session, track.by_key);
		if (strcmp(s->track.name, name) == 0)
			return s;
	}
	return NULL;
}

static struct session *
session_get(struct rib *rib, const char *name)
{
	uint32_t hash = hash_bytes(name, strlen(name), 0);
	struct session *s = session_find(rib, name, hash);

	if (s)
		return s;
	s = NEW(struct session);
	track_add(rib, &s->track, mem_text(name));
	hash_add(&rib->sessions, &s->track.by_key, hash);
	hash_add(&rib->sessions_by_peer, &s->track.by_peer, peer_hash(&s->track.peer));
	return s;
}

uint32_t
track_session(struct rib *rib, const char *name)
{
	return session_get(rib, name)->track.number;
}

static bool
is_path_of(const struct session *s, const struct hop *h)
{
	const struct track *a = &s->track, *b = &h->track;

	return h->placed && addr_eq(&a->peer, &b->peer) && a->multihop == b->multihop && a->ifindex == b->ifindex &&
	       (!addr_is_set(&h->key.source) || addr_eq(&h->key.source, &s->source)) &&
	       strcmp(s->vrf, h->key.table->vrf) == 0;
}

/* What it says is said to the next hops at its end. */
static void
tell_hops(struct rib *rib, const struct session *s)
{
	for (struct hash_node *n = hash_first(&rib->hops_by_peer, peer_hash(&s->track.peer)); n; n = hash_next(n)) {
		struct hop *h = OBJECT(n, struct hop, track.by_peer);
		if (is_path_of(s, h))
			set(rib, &h->track, s->track.present, s->track.heard || h->track.heard, s->track.dead);
	}
}

/* Where it leads may be told anew: a name is bound to something else. */
static void
learn_path(struct rib *rib, struct session *s, const Bfd__Session *row)
{
	struct track *t = &s->track;
	struct addr peer = addr_none();

	addr_from_bytes(row->peer.data, row->peer.len, &peer);
	if (!addr_eq(&peer, &t->peer)) {
		hash_remove(&rib->sessions_by_peer, &t->by_peer);
		t->peer = peer;
		hash_add(&rib->sessions_by_peer, &t->by_peer, peer_hash(&peer));
	}
	s->source = addr_none();
	addr_from_bytes(row->source.data, row->source.len, &s->source);
	t->ifindex = row->multihop ? 0 : row->ifindex;
	t->multihop = row->multihop;
	snprintf(s->vrf, sizeof s->vrf, "%.15s", row->vrf);
}

/* Sessions over pseudowires' control channels are nobody's here, and may be many. */
static bool
is_of_interest(struct rib *rib, const Bfd__Session *row, bool gone)
{
	return !row->vccv_label && (!gone || session_find(rib, row->name, hash_bytes(row->name, strlen(row->name), 0)));
}

void
track_row(struct rib *rib, const Bfd__Session *row, bool gone, uint32_t round)
{
	if (!is_of_interest(rib, row, gone))
		return;
	struct session *s = session_get(rib, row->name);
	struct track *t = &s->track;
	uint32_t link_before = s->holds_port ? t->ifindex : 0;

	s->round = round;
	if (gone) {
		set(rib, t, false, t->heard, false);
		s->holds_port = s->holds_protocol = false;
	} else {
		learn_path(rib, s, row);
		s->holds_protocol = row->follows;
		s->holds_port = row->follows || row->pst;
		if (row->verdict == BFD__VERDICT__UNKNOWN)
			set(rib, t, true, t->heard, t->dead);
		else
			set(rib, t, true, true, row->verdict == BFD__VERDICT__DEAD);
	}
	tell_hops(rib, s);
	if (link_before)
		port_held(rib, link_before);
	if (s->holds_port && t->ifindex != link_before)
		port_held(rib, t->ifindex);
}

void
track_synced(struct rib *rib, uint32_t round)
{
	tracks_are_known(rib);
	for (size_t i = 0; i < rib->track_count; i++) {
		struct track *t = rib->tracks[i];
		if (!t || t->is_hop || OBJECT(t, struct session, track)->round == round)
			continue;
		Bfd__Session row = BFD__SESSION__INIT;
		row.name = t->name;
		track_row(rib, &row, true, OBJECT(t, struct session, track)->round);
	}
}

bool
tracks_hold(const struct rib *rib, uint32_t ifindex, bool *ret_protocol)
{
	bool holds = false;

	*ret_protocol = false;
	for (size_t i = 0; i < rib->track_count; i++) {
		const struct track *t = rib->tracks[i];
		if (!t || t->is_hop || !t->present || !t->dead || t->ifindex != ifindex)
			continue;
		holds |= CONST_OBJECT(t, struct session, track)->holds_port;
		*ret_protocol |= CONST_OBJECT(t, struct session, track)->holds_protocol;
	}
	return holds;
}

/* --- next hops --- */

static bool
is_same_hop(const struct hop_key *a, const struct hop_key *b)
{
	return a->table == b->table && a->interface == b->interface && a->client == b->client &&
	       addr_eq(&a->peer, &b->peer) && addr_eq(&a->source, &b->source);
}

uint32_t
track_hop(struct rib *rib, const struct hop_key *key)
{
	uint32_t hash = peer_hash(&key->peer) + key->interface * 31u + key->table->id + (uint32_t)key->client;

	for (struct hash_node *n = hash_first(&rib->hops, hash); n; n = hash_next(n)) {
		const struct hop *h = OBJECT(n, struct hop, track.by_key);
		if (is_same_hop(&h->key, key))
			return h->track.number;
	}
	struct hop *h = NEW(struct hop);
	char text[ADDR_TEXT];
	h->track.peer = key->peer;
	h->track.is_hop = true;
	h->key = *key;
	track_add(rib, &h->track, mem_text(addr_text(&key->peer, text)));
	hash_add(&rib->hops, &h->track.by_key, hash);
	hash_add(&rib->hops_by_peer, &h->track.by_peer, peer_hash(&key->peer));
	return h->track.number;
}

static void
ask(struct rib *rib, struct hop *h)
{
	if (h->placed && h->key.client != HOP_PW)
		table_changed(&rib->request_table, &h->row);
}

/* It is somewhere else now, so another session watches it: what that says, if it is there already. */
static void
hear_anew(struct rib *rib, struct hop *h)
{
	struct track *t = &h->track;
	bool dead = t->dead, guess = track_is_guess(rib, t);

	t->present = t->dead = false;
	for (struct hash_node *n = hash_first(&rib->sessions_by_peer, peer_hash(&t->peer)); n; n = hash_next(n)) {
		const struct session *s = OBJECT(n, struct session, track.by_peer);
		if (!is_path_of(s, h))
			continue;
		t->present = s->track.present;
		t->dead = s->track.dead;
		t->heard |= s->track.heard;
	}
	if (t->dead != dead || track_is_guess(rib, t) != guess)
		rib->resolve_all = true; /* others may follow it, and have been resolved in this pass */
}

void
track_place(struct rib *rib, uint32_t number, uint32_t ifindex)
{
	struct track *t = number ? rib->tracks[number - 1] : NULL;

	if (!t || !t->is_hop)
		return;
	struct hop *h = OBJECT(t, struct hop, track);
	/* When its link is down the address is covered by another route, or by none: it is still there that it is watched. */
	if (h->placed && (t->ifindex == ifindex || !ifindex))
		return;
	if (h->placed)
		table_gone(&rib->request_table, &h->row); /* the link is part of the key */
	h->placed = true;
	t->ifindex = ifindex;
	t->multihop = !ifindex;
	ask(rib, h);
	hear_anew(rib, h);
}

void
tracks_configured(struct rib *rib)
{
	hash_each (n, &rib->hops) {
		ask(rib, OBJECT(n, struct hop, track.by_key));
	}
}

/* --- */

void
tracks_are_known(struct rib *rib)
{
	rib->tracks_until = USEC_NEVER;
	if (rib->tracks_known)
		return;
	rib->tracks_known = true;
	for (size_t i = 0; i < rib->track_count; i++)
		if (rib->tracks[i])
			review(rib, rib->tracks[i]);
}

void
tracks_free(struct rib *rib)
{
	for (size_t i = 0; i < rib->track_count; i++) {
		struct track *t = rib->tracks[i];
		if (t && t->is_hop) {
			hop_free(rib, OBJECT(t, struct hop, track));
		} else if (t) {
			free(t->name);
			free(OBJECT(t, struct session, track));
		}
	}
	free(rib->tracks);
	hash_free(&rib->sessions);
	hash_free(&rib->sessions_by_peer);
	hash_free(&rib->hops);
	hash_free(&rib->hops_by_peer);
}
