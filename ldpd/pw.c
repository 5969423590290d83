/*
 * Pseudowires, RFC 8077: what l2vpnd wants signalled (l2vpn.PwRequest), what peers say of the same, and the rows of ldp.Pw
 * that tell how far the two have come.
 *
 * A *pw* is one peer, one type, one number; it lives while somebody here wants it, or the peer does. A peer's Mapping is
 * kept whether it is wanted or not, so it does not matter who is configured first. Whatever happens to a pw ends in
 * pw_settle(): it compares what is wanted with what was told and heard (pw_negotiate.c), says the difference, and publishes
 * the row. Messages to and from peers are in pw_message.c.
 *
 * Our labels are l2vpnd's: they come with the request and none is allocated here. A label that was withdrawn may be told
 * again at once, so Releases are counted: as long as some are awaited, one that comes is about what was withdrawn.
 *
 * A pseudowire calls for a session with its peer: targeted Hellos go there as long as one is wanted (targeted.c).
 *
 * Graceful restart (RFC 3478). While a peer restarts what it said is kept, marked stale, and so is what it was told: packets
 * go on. When the session is back both tell everything again; what the peer did not tell is dropped at its End-of-LIB for
 * pseudowires (RFC 5919, RFC 6667) or some seconds after its labels for prefixes were complete, for it may have to learn
 * first what is wanted of it. After our own restart the row of a pw that was not heard of yet is held back, so that readers
 * keep the one of before; ldp.Pw is complete when ldp.Lsp is.
 *
 * Status that changes and labels that are taken back go out when the input's batch is over: where all pseudowires of a group
 * have come to the same one a single Notification tells it, and where all of them go a single Withdraw (group wildcard, RFC 8077
 * 5.4.2 and 6.5). A label that is wanted back by then was never taken.
 *
 * A group's rows may come in several turns: what the bus has no window for, and what l2vpnd hears of its circuits piece by piece.
 * Nobody knows then that more will come, and nothing is held back for it, for waiting costs more than it saves: a status of
 * 1,000 reaches the other end's rows in 3.0 ms one by one, and in 2.2 ms by groups. So those of all turns but the last are told
 * one by one, and with the last, when all have come to the same, it is said of the group.
 */
#include "ldpd/pw.h"
#include "proto/fill.h"
#include "proto/l2vpn.pb-c.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RELEARN (10 * USEC_PER_SEC) /* for a peer that is back, when it does not tell the end of its pseudowires */
#define LINGER (2 * USEC_PER_SEC)   /* Hellos go on so long: one request may be about to replace another */

/* --- the table --- */

static uint32_t
key_hash(uint32_t lsr, uint32_t id)
{
	return hash_bytes(&id, sizeof id, lsr);
}

struct pw *
pw_find(const struct ldp *ldp, uint32_t lsr, uint16_t type, uint32_t id)
{
	for (struct hash_node *n = hash_first(&ldp->pws, key_hash(lsr, id)); n; n = hash_next(n)) {
		struct pw *w = OBJECT(n, struct pw, by_id);
		if (w->lsr == lsr && w->id == id && w->type == type)
			return w;
	}
	return NULL;
}

/* With the same number and another type; one that the peer wants, if there is any. */
static struct pw *
other_type(const struct ldp *ldp, const struct pw *than)
{
	struct pw *found = NULL;

	for (struct hash_node *n = hash_first(&ldp->pws, key_hash(than->lsr, than->id)); n; n = hash_next(n)) {
		struct pw *w = OBJECT(n, struct pw, by_id);
		if (w != than && w->lsr == than->lsr && w->id == than->id && (!found || pw_is_heard(w)))
			found = w;
	}
	return found;
}

struct pw *
pw_get(struct ldp *ldp, uint32_t lsr, uint16_t type, uint32_t id)
{
	struct pw *w = pw_find(ldp, lsr, type, id);

	if (w)
		return w;
	w = NEW(struct pw);
	w->ldp = ldp;
	w->lsr = lsr;
	w->type = type;
	w->id = id;
	w->wanted.label = w->told.label = w->heard.label = w->shown.label = LABEL_UNSET;
	list_init(&w->changed);
	hash_add(&ldp->pws, &w->by_id, key_hash(lsr, id));
	pw_sets_join(ldp, w);
	return w;
}

static void
pw_free(struct ldp *ldp, struct pw *w)
{
	table_gone(&ldp->pw_table, &w->row);
	hash_remove(&ldp->pws, &w->by_id);
	pw_sets_leave(ldp, w);
	list_remove(&w->changed);
	free(w->shown.trouble);
	free(w);
}

void
pws_free(struct ldp *ldp)
{
	hash_each (n, &ldp->pws) {
		pw_free(ldp, OBJECT(n, struct pw, by_id));
	}
	hash_free(&ldp->pws);
	hash_free(&ldp->pw_sets);
}

void
pw_forget(struct pw *w)
{
	w->heard = (struct pw_terms){ .label = LABEL_UNSET };
	w->heard_status = w->stale = w->agreed = false;
}

/* --- rows --- */

static bool
has_session(const struct pw *w)
{
	const struct peer *p = peer_find((struct ldp *)(uintptr_t)w->ldp, w->lsr, 0);

	return p && (p->state == S_OPERATIONAL || p->restarting);
}

static void
fill_pw(const struct row *row, void *message, struct arena *arena)
{
	const struct pw *w = CONST_OBJECT(row, struct pw, row);
	Ldp__Pw *m = message;

	m->peer = fill_v4(w->lsr, arena);
	m->type = w->type;
	m->vc_id = w->id;
	m->requested = w->requested;
	m->session = has_session(w);
	m->local_label = w->state == PW_TOLD || w->state == PW_KEPT ? w->told.label : LABEL_UNSET;
	m->remote_label = w->heard.label;
	m->control_word = w->agreed;
	m->status_tlv = pw_is_heard(w) && w->heard_status;
	m->remote_status = w->heard.status;
	m->remote_group = w->heard.group;
	m->remote_mtu = w->heard.mtu;
	m->remote_description = fill_text(w->heard.description);
	m->remote_vlan = w->heard.vlan;
	m->remote_vccv_cc = w->heard.vccv_cc;
	m->remote_vccv_cv = w->heard.vccv_cv;
	m->remote_control_word = w->heard.control_word;
	m->trouble = fill_text(w->shown.trouble);
	m->stale = w->stale;
	m->since = w->since;
}

void
pws_init(struct ldp *ldp)
{
	hash_init(&ldp->pws);
	hash_init(&ldp->pw_sets);
	list_init(&ldp->pws_changed);
	timer_init(&ldp->pw_status, TIMER_PW_STATUS);
	timer_init(&ldp->pw_linger, TIMER_PW_LINGER);
	table_init(&ldp->pw_table, "ldp.Pw", fill_pw);
	ldp->pw_table.complete = false;
}

/* A restart says nothing: see above. */
static bool
is_held_back(const struct ldp *ldp, const struct pw *w)
{
	return ldp->recovering && ldp->had_state && w->requested && !pw_is_heard(w) && !row_is_in_table(&w->row);
}

static void
show(struct ldp *ldp, struct pw *w)
{
	struct text trouble = { 0 };

	if ((!w->requested && !pw_is_heard(w)) || is_held_back(ldp, w)) {
		table_gone(&ldp->pw_table, &w->row);
		return;
	}
	pw_trouble(w, other_type(ldp, w), &trouble);
	const char *was = w->shown.trouble ? w->shown.trouble : "";
	if (w->shown.label != w->heard.label || w->shown.status != w->heard.status ||
	    strcmp(was, text_chars(&trouble)) != 0 || !w->since)
		w->since = ldp->now;
	w->shown.label = w->heard.label;
	w->shown.status = w->heard.status;
	free(w->shown.trouble);
	w->shown.trouble = mem_text(text_chars(&trouble));
	text_free(&trouble);
	table_changed(&ldp->pw_table, &w->row);
}

void
pws_recovered(struct ldp *ldp)
{
	hash_each (n, &ldp->pws) {
		struct pw *w = OBJECT(n, struct pw, by_id);
		if (!row_is_in_table(&w->row))
			show(ldp, w);
	}
	table_complete(&ldp->pw_table);
}

bool
pws_are_missing(const struct ldp *ldp)
{
	hash_each (n, &ldp->pws) {
		const struct pw *w = CONST_OBJECT(n, struct pw, by_id);
		if (w->requested && !pw_is_heard(w))
			return true;
	}
	return false;
}

/* --- what is to be said --- */

static struct peer *
peer_that_is_up(struct ldp *ldp, const struct pw *w)
{
	struct peer *p = peer_find(ldp, w->lsr, 0);

	return p && p->state == S_OPERATIONAL ? p : NULL;
}

static void
say_later(struct ldp *ldp, struct pw *w)
{
	if (list_is_empty(&w->changed))
		list_append(&ldp->pws_changed, &w->changed);
	if (!timer_is_set(&ldp->pw_status))
		timer_set(&ldp->timers, &ldp->pw_status, ldp->now);
}

/* RFC 8077 7.3: both take back what they said, and the peer says anew what it prefers. */
static void
begin_anew(struct ldp *ldp, struct peer *p, struct pw *w)
{
	if (!p) { /* at the next session both begin anyway */
		pw_forget(w);
		return;
	}
	if (!w->wanted.control_word && w->state == PW_TOLD && !w->told.control_word)
		return; /* that is what was told */
	if (w->state == PW_TOLD)
		pw_withdraw(ldp, p, w, LDP_OK);
	w->state = PW_UNTOLD;
	w->renegotiate = pw_is_heard(w);
	w->asked = 0;
	w->before = w->heard;
	w->before_status = w->heard_status;
	if (pw_is_heard(w))
		pw_release(ldp, p, w);
	pw_forget(w);
}

static void
act(struct ldp *ldp, struct peer *p, struct pw *w)
{
	struct pw_decision d = pw_decide(w, p != NULL);

	if (d.acts == PW_ACT_STATUS || (d.acts == PW_ACT_WITHDRAW && w->told.group)) {
		say_later(ldp, w);
		d.acts = 0;
	}
	if (d.acts & PW_ACT_BEGIN_ANEW)
		begin_anew(ldp, p, w);
	if (d.acts & PW_ACT_WITHDRAW)
		pw_withdraw(ldp, p, w, d.status);
	if (d.acts & PW_ACT_ASK)
		pw_ask(ldp, p, w);
	if (d.acts & PW_ACT_MAP)
		pw_map(ldp, p, w, 0);
	if (w->state == PW_TOLD && pw_is_heard(w))
		w->agreed = w->told.control_word && w->heard.control_word;
}

void
pw_settle(struct ldp *ldp, struct pw *w)
{
	struct pw *other = other_type(ldp, w);

	act(ldp, peer_that_is_up(ldp, w), w);
	pw_sets_join(ldp, w);
	show(ldp, w);
	if (!w->requested && !pw_is_heard(w) && w->state != PW_TOLD && !w->awaited)
		pw_free(ldp, w);
	if (other)
		show(ldp, other);
}

/* --- said together --- */

static bool
shares_group(const struct pw *a, const struct pw *b)
{
	return a->lsr == b->lsr && a->type == b->type && a->told.group == b->told.group;
}

/* Has it come to the same as `than`, and would hear it? */
static bool
comes_to(const struct pw *w, const struct pw *than, unsigned acts)
{
	if (acts == PW_ACT_WITHDRAW)
		return pw_decide(w, true).acts == PW_ACT_WITHDRAW;
	return w->wanted.status == than->wanted.status && pw_is_heard(w) && w->heard_status;
}

/* May one message speak of all of the group? Whoever is meant by it must have come to the same. */
static bool
is_one_for_all(struct pw *const *group, size_t count, const struct pw *w, unsigned acts)
{
	unsigned told = 0;

	for (size_t i = 0; i < count; i++) {
		const struct pw *v = group[i];
		if (v->state != PW_TOLD)
			continue;
		if (!comes_to(v, w, acts))
			return false;
		told++;
	}
	return told > 1;
}

static void
said(struct ldp *ldp, struct pw *w, unsigned acts)
{
	list_remove(&w->changed);
	if (acts == PW_ACT_WITHDRAW) {
		pw_withdrawn(w);
		pw_settle(ldp, w);
	} else {
		w->told.status = w->wanted.status;
	}
}

/* False: they are to be told one by one. */
static bool
say_of_group(struct ldp *ldp, struct peer *p, const struct pw *w, unsigned acts)
{
	size_t count;
	struct pw **group = pw_set(ldp, PW_OF_OUR_GROUP, w->lsr, w->type, w->told.group, &count);
	bool one_for_all = is_one_for_all(group, count, w, acts);

	if (one_for_all && acts == PW_ACT_WITHDRAW)
		pw_withdraw_group(ldp, p, w);
	else if (one_for_all)
		pw_tell_status(ldp, p, w, true);
	for (size_t i = 0; one_for_all && i < count; i++) {
		if (group[i]->state == PW_TOLD)
			said(ldp, group[i], acts);
	}
	free(group);
	return one_for_all;
}

static void
say_of_one(struct ldp *ldp, struct peer *p, struct pw *w, unsigned acts)
{
	if (acts == PW_ACT_WITHDRAW) {
		pw_withdraw(ldp, p, w, LDP_OK);
		pw_settle(ldp, w);
		return;
	}
	pw_tell_status(ldp, p, w, false);
	said(ldp, w, acts);
}

static int
by_group(const void *a, const void *b)
{
	const struct pw *v = *(struct pw *const *)a, *w = *(struct pw *const *)b;

	if (v->lsr != w->lsr)
		return v->lsr < w->lsr ? -1 : 1;
	if (v->type != w->type)
		return v->type < w->type ? -1 : 1;
	if (v->told.group != w->told.group)
		return v->told.group < w->told.group ? -1 : 1;
	return v->id < w->id ? -1 : v->id > w->id;
}

void
pws_say(struct ldp *ldp)
{
	struct pw **all = mem_zalloc((ldp->pws.count + 1) * sizeof *all);
	size_t count = 0;

	list_each (l, &ldp->pws_changed) {
		all[count++] = OBJECT(l, struct pw, changed);
	}
	qsort(all, count, sizeof *all, by_group);
	for (size_t i = 0; i < count; i++) {
		struct pw *w = all[i];
		struct peer *p = peer_that_is_up(ldp, w);
		bool first = !i || !shares_group(all[i - 1], w), more = i + 1 < count && shares_group(all[i + 1], w);
		if (list_is_empty(&w->changed)) /* said with its group */
			continue;
		list_remove(&w->changed);
		unsigned acts = pw_decide(w, p != NULL).acts;
		if (acts != PW_ACT_STATUS && acts != PW_ACT_WITHDRAW)
			continue;
		if (first && more && w->told.group && say_of_group(ldp, p, w, acts))
			continue;
		say_of_one(ldp, p, w, acts);
	}
	free(all);
}

/* --- requests --- */

static struct pw_terms
terms_of(const L2vpn__PwRequest *r)
{
	struct pw_terms t = { .label =
				  label_is_valid(r->label) && r->label >= LABEL_FIRST_FREE ? r->label : LABEL_UNSET,
		.group = r->group,
		.status = r->status,
		.mtu = r->mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)r->mtu,
		.vlan = r->type == PW_ETHERNET_TAGGED ? (uint16_t)r->vlan : 0,
		.vccv_cc = (uint8_t)r->vccv_cc,
		.vccv_cv = (uint8_t)r->vccv_cv,
		.control_word = r->control_word || ldp_pw_needs_control_word((uint16_t)r->type) };

	snprintf(t.description, sizeof t.description, "%s", r->description);
	return t;
}

/* Wanted again after it was not: what the peer says may be an answer to what we preferred then. */
static bool
is_old_answer(const struct pw *w)
{
	return w->wanted.control_word && pw_is_heard(w) && !w->heard.control_word && w->told.label != LABEL_UNSET &&
	       !w->told.control_word;
}

static void
unrequest(struct ldp *ldp, struct pw *w)
{
	struct addr peer = addr_v4(w->lsr);

	w->requested = w->renegotiate = false;
	w->asked = 0;
	w->wanted = (struct pw_terms){ .label = LABEL_UNSET };
	if (w->state == PW_RELEASED || w->state == PW_KEPT)
		w->state = PW_UNTOLD;
	pw_settle(ldp, w);
	if (!target_unrequest(ldp, &peer))
		timer_set(&ldp->timers, &ldp->pw_linger, ldp->now + LINGER);
}

void
pws_row(struct ldp *ldp, const L2vpn__PwRequest *r, bool gone, uint32_t round)
{
	struct addr peer;

	if (!addr_from_bytes(r->peer.data, r->peer.len, &peer) || peer.family != 4 || r->type >= PW_TYPE_ALL)
		return;
	uint32_t lsr = addr_to_v4(&peer);
	if (gone) {
		struct pw *known = pw_find(ldp, lsr, (uint16_t)r->type, r->vc_id);
		if (known && known->requested)
			unrequest(ldp, known);
		return;
	}
	struct pw *w = pw_get(ldp, lsr, (uint16_t)r->type, r->vc_id);
	struct pw_terms was = w->wanted;
	bool new = !w->requested;
	w->wanted = terms_of(r);
	w->seen = round;
	if (new) {
		w->requested = true;
		target_request(ldp, &peer);
	}
	if (new ? is_old_answer(w) : was.control_word != w->wanted.control_word)
		begin_anew(ldp, peer_that_is_up(ldp, w), w);
	if (w->state == PW_RELEASED && pw_terms_differ(&was, &w->wanted))
		w->state = PW_UNTOLD; /* what the peer did not want is another thing now */
	pw_settle(ldp, w);
}

void
pws_synced(struct ldp *ldp, uint32_t round)
{
	hash_each (n, &ldp->pws) {
		struct pw *w = OBJECT(n, struct pw, by_id);
		if (w->requested && w->seen != round)
			unrequest(ldp, w);
	}
	ldp->pws_known = true;
	pws_say(ldp); /* before the end of what is said */
	hash_each (k, &ldp->peers) {
		struct peer *p = OBJECT(k, struct peer, by_id);
		if (p->state == S_OPERATIONAL)
			pw_end_of_lib(ldp, p);
	}
}

void
pws_linger_over(struct ldp *ldp)
{
	targets_configure(ldp);
}

/* --- sessions --- */

/* Labels of pseudowires are those of the platform, RFC 8077 5.1: there are none with another label space. To be freed. */
static struct pw **
those_of(struct ldp *ldp, const struct peer *p, size_t *ret_count)
{
	struct pw **all = pw_set(ldp, PW_OF_PEER, p->lsr, 0, 0, ret_count);

	if (p->space)
		*ret_count = 0;
	return all;
}

void
pws_session_up(struct ldp *ldp, struct peer *p)
{
	size_t count;
	struct pw **all = those_of(ldp, p, &count);

	for (size_t i = 0; i < count; i++) {
		if (all[i]->state == PW_KEPT && !pw_is_waiting(all[i]))
			all[i]->state = PW_UNTOLD;
		pw_settle(ldp, all[i]);
	}
	free(all);
	pw_end_of_lib(ldp, p);
}

void
pws_session_down(struct ldp *ldp, struct peer *p, bool kept)
{
	size_t count;
	struct pw **all = those_of(ldp, p, &count);

	for (size_t i = 0; i < count; i++) {
		struct pw *w = all[i];
		bool had = w->state == PW_TOLD || w->state == PW_KEPT;
		w->state = kept && had && w->requested ? PW_KEPT : PW_UNTOLD;
		w->awaited = 0;
		w->asked = w->refused = 0;
		w->renegotiate = w->withdrawn = false;
		w->stale = pw_is_heard(w);
		list_remove(&w->changed);
		if (!kept) {
			pw_forget(w);
			w->told.label = LABEL_UNSET;
		}
		pw_settle(ldp, w);
	}
	free(all);
	timer_clear(&ldp->timers, &p->pw_sweep);
}

void
pws_sweep(struct ldp *ldp, struct peer *p)
{
	size_t count;
	struct pw **all = those_of(ldp, p, &count);

	timer_clear(&ldp->timers, &p->pw_sweep);
	for (size_t i = 0; i < count; i++) {
		struct pw *w = all[i];
		if (w->state == PW_KEPT)
			w->state = PW_UNTOLD;
		if (w->stale)
			pw_forget(w);
		pw_settle(ldp, w);
	}
	free(all);
}

void
pws_restart_over(struct ldp *ldp, struct peer *p)
{
	if (p->state == S_OPERATIONAL)
		timer_set(&ldp->timers, &p->pw_sweep, ldp->now + RELEARN);
	else
		pws_sweep(ldp, p);
}
