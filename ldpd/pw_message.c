/*
 * Messages about pseudowires, RFC 8077: those to peers, and what is made of theirs. What is to be said is decided by
 * pw_negotiate.c; what a message changes is settled in pw.c.
 *
 * Withdraw, Release and Notification may be about a group of pseudowires (PW info length 0) or about all of a type (RFC
 * 6667). A Withdraw is answered by one Release that says the same.
 *
 * FRR (8.4 at least) answers a Request for one pseudowire with an element that lacks its number, as if for a group, and all
 * parameters. The id of the Request tells which one it is, and the parameters are those that it had before.
 *
 * A FEC of kind 0x81 names its ends. There are no such services here, so nobody has the name that a Mapping is for: it is
 * given back with "Unassigned/Unrecognized TAI" (RFC 8077 6.2).
 */
#include "ldpd/pw.h"
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 224, NAMED_MAX = 512 /* with an element of kind 0x81, whose names may have 255 bytes */ };

/* --- to peers --- */

static struct ldp_fec
element(const struct pw *w, bool control_word, uint32_t group)
{
	return (struct ldp_fec){ .kind = FEC_PW_ID,
		.pw = { .control_word = control_word, .type = w->type, .group = group, .id = w->id } };
}

static void
put(struct ldp *ldp, struct peer *p, enum ldp_type type, const struct ldp_label_fields *f)
{
	size_t need = f->fec.kind == FEC_PW_GENERAL ? NAMED_MAX : MESSAGE_MAX;

	ldp_put_label_fields(session_writer(ldp, p, need), session_message_id(p), type, f);
	switch (type) {
	case LDP_LABEL_MAPPING: p->sent.label_mapping++; break;
	case LDP_LABEL_REQUEST: p->sent.label_request++; break;
	case LDP_LABEL_WITHDRAW: p->sent.label_withdraw++; break;
	default: p->sent.label_release++; break;
	}
}

void
pw_withdraw(struct ldp *ldp, struct peer *p, struct pw *w, uint32_t status)
{
	put(ldp, p, LDP_LABEL_WITHDRAW,
	    &(struct ldp_label_fields){
		.fec = element(w, w->told.control_word, w->told.group), .label = w->told.label, .status = status });
	pw_withdrawn(w);
}

void
pw_withdrawn(struct pw *w)
{
	w->state = PW_UNTOLD;
	w->awaited++;
	w->withdrawn = true;
	list_remove(&w->changed);
}

/* No label: RFC 8077 6.5, whichever label it is. */
void
pw_withdraw_group(struct ldp *ldp, struct peer *p, const struct pw *w)
{
	struct ldp_label_fields f = { .fec = element(w, w->told.control_word, w->told.group), .label = LABEL_UNSET };

	f.fec.pw.wild = true;
	put(ldp, p, LDP_LABEL_WITHDRAW, &f);
}

void
pw_map(struct ldp *ldp, struct peer *p, struct pw *w, uint32_t request_id)
{
	bool c = w->state == PW_TOLD ? w->told.control_word
				     : pw_c_bit(w->wanted.control_word, pw_is_heard(w), w->heard.control_word);
	struct ldp_label_fields f = { .fec = element(w, c, w->wanted.group),
		.label = w->wanted.label,
		.request_id = request_id,
		.pw = { .has_status = true, .status = w->wanted.status } };

	f.fec.pw.params = (struct ldp_pw_params){ .mtu = w->wanted.mtu,
		.vlan = w->wanted.vlan,
		.vccv_cc = w->wanted.vccv_cc,
		.vccv_cv = w->wanted.vccv_cv,
		.description = (const uint8_t *)w->wanted.description,
		.description_size = (uint8_t)strlen(w->wanted.description) };
	put(ldp, p, LDP_LABEL_MAPPING, &f);
	w->told = w->wanted;
	w->told.control_word = c;
	w->state = PW_TOLD;
	w->refused = 0;
	list_remove(&w->changed);
}

void
pw_ask(struct ldp *ldp, struct peer *p, struct pw *w)
{
	put(ldp, p, LDP_LABEL_REQUEST,
	    &(struct ldp_label_fields){
		.fec = element(w, w->wanted.control_word, w->wanted.group), .label = LABEL_UNSET });
	w->asked = p->next_message;
	w->renegotiate = false;
}

void
pw_release(struct ldp *ldp, struct peer *p, struct pw *w)
{
	put(ldp, p, LDP_LABEL_RELEASE,
	    &(struct ldp_label_fields){
		.fec = element(w, w->heard.control_word, w->heard.group), .label = w->heard.label });
}

void
pw_tell_status(struct ldp *ldp, struct peer *p, const struct pw *w, bool group)
{
	struct ldp_fec e = element(w, w->told.control_word, w->told.group);

	e.pw.wild = group;
	ldp_put_pw_status(session_writer(ldp, p, MESSAGE_MAX), session_message_id(p), &e.pw, w->wanted.status);
	p->sent.notification++;
}

/* RFC 5919, RFC 6667: what is wanted here was told. Before l2vpnd's table was read nobody knows. */
void
pw_end_of_lib(struct ldp *ldp, struct peer *p)
{
	size_t count;
	bool all_told = true;

	if (!ldp->pws_known || !(p->capabilities & LDP_CAN_UNRECOGNIZED) || p->space)
		return;
	struct pw **all = pw_set(ldp, PW_OF_PEER, p->lsr, 0, 0, &count);
	for (size_t i = 0; i < count; i++)
		all_told &= !pw_is_waiting(all[i]);
	free(all);
	if (count && all_told) { /* whoever has no pseudowires with us waits for nothing */
		ldp_put_pw_end_of_lib(session_writer(ldp, p, MESSAGE_MAX), session_message_id(p));
		p->sent.notification++;
	}
}

/* As an answer, with nothing in the element but what names it. */
static void
give_back(struct ldp *ldp, struct peer *p, const struct ldp_msg *m, const struct ldp_fec *e, uint32_t status)
{
	struct ldp_label_fields f = { .fec = *e, .label = m->label.label, .status = status };

	f.fec.pw.params = (struct ldp_pw_params){ 0 };
	if (e->kind == FEC_PW_GENERAL && e->pw.wild)
		f.pw = (struct ldp_pw_tlvs){ .has_group = m->label.pw.has_group, .group = m->label.pw.group };
	put(ldp, p, LDP_LABEL_RELEASE, &f);
}

/* --- from peers: one pseudowire --- */

static struct pw_terms
terms_of(const struct ldp_msg *m, const struct ldp_pw_fec *f)
{
	const struct ldp_pw_params *i = &f->params;
	struct pw_terms t = { .label = m->label.label,
		.group = f->group,
		.status = m->label.pw.has_status ? m->label.pw.status : 0,
		.mtu = i->mtu,
		.vlan = i->vlan,
		.vccv_cc = i->vccv_cc,
		.vccv_cv = i->vccv_cv,
		.control_word = f->control_word };

	for (unsigned k = 0; k < i->description_size && i->description[k]; k++) /* whatever it is, rows are text */
		t.description[k] = i->description[k] >= ' ' && i->description[k] < 0x7f ? (char)i->description[k] : '?';
	return t;
}

static void
on_mapping(struct ldp *ldp, struct peer *p, const struct ldp_msg *m, const struct ldp_fec *e)
{
	struct pw *w = pw_get(ldp, p->lsr, e->pw.type, e->pw.id);
	bool illegal = ldp_pw_needs_control_word(e->pw.type) && !e->pw.control_word; /* 7.1 */

	if (illegal || m->label.label < LABEL_FIRST_FREE) { /* reserved labels say nothing about a pseudowire */
		give_back(ldp, p, m, e, illegal ? LDP_ILLEGAL_C_BIT : LDP_OK);
		pw_forget(w);
		pw_settle(ldp, w);
		return;
	}
	if (pw_is_heard(w) && !w->stale && w->heard.label != m->label.label)
		pw_release(ldp, p, w); /* a new label without a Withdraw of the old one: RFC 5036 A.1.2 */
	w->heard = terms_of(m, &e->pw);
	w->heard_status = m->label.pw.has_status;
	w->stale = false;
	w->asked = 0;
	if (w->state == PW_RELEASED || w->state == PW_KEPT) /* it was not wanted yet, or waited for: now it is told */
		w->state = PW_UNTOLD;
	pw_settle(ldp, w);
}

static struct pw *
that_is_asked(const struct ldp *ldp, const struct peer *p, uint32_t request_id)
{
	size_t count;
	struct pw **one = pw_set(ldp, PW_ASKED, p->lsr, 0, request_id, &count), *w = count && !p->space ? one[0] : NULL;

	free(one);
	return w;
}

bool
pw_is_asked_for(const struct ldp *ldp, const struct peer *p, uint32_t request_id)
{
	return that_is_asked(ldp, p, request_id);
}

static void
on_lame_answer(struct ldp *ldp, struct peer *p, const struct ldp_msg *m, const struct ldp_fec *e)
{
	struct pw *w = that_is_asked(ldp, p, m->label.request_id);

	if (!w || m->label.label < LABEL_FIRST_FREE)
		return;
	w->heard = w->before;
	w->heard.label = m->label.label;
	w->heard.control_word = e->pw.control_word;
	w->heard_status = w->before_status;
	w->asked = 0;
	pw_settle(ldp, w);
}

static void
forget_label(struct ldp *ldp, struct pw *w, uint32_t label)
{
	if (!pw_is_heard(w) || (label != LABEL_UNSET && label != w->heard.label))
		return;
	pw_forget(w);
	pw_settle(ldp, w);
}

/*
 * The answer to a Withdraw, or the peer does not want our label. A Release of its own accord that crosses a Withdraw makes two,
 * and the second may be taken for one of the same label that was told again since. So after a Withdraw the label is told
 * once more before we believe that it is not wanted.
 */
static void
released(struct ldp *ldp, struct pw *w, const struct ldp_msg *m)
{
	bool of_ours = w->state == PW_TOLD && (m->label.label == LABEL_UNSET || m->label.label == w->told.label);

	if (w->awaited) {
		w->awaited--;
	} else if (of_ours && w->withdrawn) {
		w->withdrawn = false;
		w->state = PW_UNTOLD;
	} else if (of_ours) {
		w->state = PW_RELEASED;
		w->refused = m->label.status;
	}
	pw_settle(ldp, w);
}

/* 7.3: who asks wants to know what is preferred here now, and has given back what it was told. */
static bool
answer(struct ldp *ldp, struct peer *p, struct pw *w, uint32_t request_id)
{
	if (!w->requested || w->wanted.label == LABEL_UNSET)
		return false;
	if (w->state == PW_RELEASED)
		w->state = PW_UNTOLD;
	bool refused = pw_is_heard(w) && !w->heard_status && pw_is_faulty(w->wanted.status);
	if (refused)
		return false;
	w->renegotiate = false;
	w->asked = 0;
	bool c = pw_c_bit(w->wanted.control_word, pw_is_heard(w), w->heard.control_word);
	if (w->state == PW_TOLD && w->told.control_word != c) /* told after it gave back the one before */
		pw_withdraw(ldp, p, w, LDP_OK);
	pw_map(ldp, p, w, request_id);
	pw_settle(ldp, w);
	return true;
}

static void
one(struct ldp *ldp, struct peer *p, const struct ldp_msg *m, const struct ldp_fec *e)
{
	struct pw *w = pw_find(ldp, p->lsr, e->pw.type, e->pw.id);

	switch (m->type) {
	case LDP_LABEL_MAPPING: on_mapping(ldp, p, m, e); break;
	case LDP_LABEL_WITHDRAW:
		give_back(ldp, p, m, e, LDP_OK); /* even what we do not have: RFC 5036 A.1.5 */
		if (w)
			forget_label(ldp, w, m->label.label);
		break;
	case LDP_LABEL_RELEASE:
		if (w)
			released(ldp, w, m);
		break;
	case LDP_LABEL_REQUEST:
		if (!w || !answer(ldp, p, w, m->id))
			session_notify(ldp, p, LDP_NO_ROUTE, m->id, m->type);
		break;
	default: break; /* what could be aborted is answered already */
	}
}

/* --- from peers: many --- */

/* Who may be meant by this element, to be freed. `groups`: those of the end that gave the labels. */
static struct pw **
meant(const struct ldp *ldp, const struct peer *p, const struct ldp_fec *e, enum pw_set_kind groups, size_t *ret_count)
{
	if (e->kind == FEC_WILDCARD || e->kind == FEC_TYPED_WILDCARD)
		return pw_set(ldp, PW_OF_PEER, p->lsr, 0, 0, ret_count);
	return pw_set(ldp, groups, p->lsr, e->pw.type, e->pw.group, ret_count);
}

static bool
is_meant(const struct pw *w, const struct ldp_fec *e)
{
	return e->kind != FEC_TYPED_WILDCARD || e->pw.type == PW_TYPE_ALL || e->pw.type == w->type;
}

/* A Release of many answers a Withdraw of many, when there was one: then it is about none that was told since. */
static bool
is_answer(struct pw *const *all, size_t count, const struct ldp_fec *e)
{
	bool any = false;

	for (size_t i = 0; i < count; i++)
		any |= all[i]->awaited && is_meant(all[i], e);
	return any;
}

static void
each_of(struct ldp *ldp, struct peer *p, const struct ldp_msg *m, const struct ldp_fec *e)
{
	bool theirs = m->type == LDP_LABEL_WITHDRAW;
	size_t count;
	struct pw **all = meant(ldp, p, e, theirs ? PW_OF_THEIR_GROUP : PW_OF_OUR_GROUP, &count);
	bool answers = m->type == LDP_LABEL_RELEASE && is_answer(all, count, e);

	for (size_t i = 0; i < count; i++) {
		if (!is_meant(all[i], e))
			continue;
		if (theirs)
			forget_label(ldp, all[i], m->label.label);
		else if (m->type == LDP_LABEL_RELEASE && (!answers || all[i]->awaited))
			released(ldp, all[i], m);
		else if (m->type == LDP_LABEL_REQUEST)
			answer(ldp, p, all[i], m->id);
	}
	free(all);
}

static void
general(struct ldp *ldp, struct peer *p, const struct ldp_msg *m, const struct ldp_fec *e)
{
	if (m->type == LDP_LABEL_MAPPING)
		give_back(ldp, p, m, e, LDP_UNKNOWN_TAI);
	else if (m->type == LDP_LABEL_WITHDRAW)
		give_back(ldp, p, m, e, LDP_OK);
	else if (m->type == LDP_LABEL_REQUEST && e->kind != FEC_TYPED_WILDCARD)
		session_notify(ldp, p, LDP_NO_ROUTE, m->id, m->type);
}

void
pw_message(struct ldp *ldp, struct peer *p, const struct ldp_msg *m, const struct ldp_fec *e)
{
	if (p->space) /* labels of pseudowires are those of the platform, RFC 8077 5.1 */
		return;
	if (e->kind == FEC_PW_GENERAL || e->of == FEC_PW_GENERAL) {
		general(ldp, p, m, e);
		return;
	}
	if (e->kind == FEC_PW_ID && !e->pw.wild) {
		one(ldp, p, m, e);
		return;
	}
	if (m->type == LDP_LABEL_MAPPING) {
		on_lame_answer(ldp, p, m, e);
		return;
	}
	if (m->type == LDP_LABEL_WITHDRAW && e->kind != FEC_WILDCARD) /* which is answered for everything at once */
		give_back(ldp, p, m, e, LDP_OK);
	each_of(ldp, p, m, e);
	if (m->type == LDP_LABEL_REQUEST)
		pw_end_of_lib(ldp, p);
}

/* --- Notifications --- */

enum ldp_status
pw_judge_status(const struct ldp_msg *m)
{
	struct wire_reader fecs = m->notification.fecs;
	struct ldp_fec e;

	if (!wire_left(&fecs) || !m->notification.pw.has_status)
		return LDP_MISSING_PARAMETERS;
	while (wire_left(&fecs)) {
		enum ldp_status s = ldp_decode_fec(&fecs, &e);
		if (s != LDP_OK)
			return s;
	}
	return LDP_OK;
}

static void
set_status(struct ldp *ldp, struct pw *w, uint32_t status)
{
	if (!pw_is_heard(w) || w->heard.status == status)
		return;
	w->heard.status = status;
	pw_settle(ldp, w);
}

static void
on_status(struct ldp *ldp, const struct peer *p, const struct ldp_fec *e, uint32_t status)
{
	if (e->kind == FEC_PW_ID && !e->pw.wild) {
		struct pw *w = pw_find(ldp, p->lsr, e->pw.type, e->pw.id);
		if (w)
			set_status(ldp, w, status);
		return;
	}
	size_t count;
	struct pw **all = meant(ldp, p, e, PW_OF_THEIR_GROUP, &count);
	for (size_t i = 0; i < count; i++)
		if (is_meant(all[i], e))
			set_status(ldp, all[i], status);
	free(all);
}

void
pw_notified(struct ldp *ldp, struct peer *p, const struct ldp_msg *m)
{
	struct wire_reader fecs = m->notification.fecs;
	struct ldp_fec e;

	while (wire_left(&fecs) && ldp_decode_fec(&fecs, &e) == LDP_OK)
		if (!p->space && ldp_fec_is_pw(&e) && e.kind != FEC_PW_GENERAL && e.of != FEC_PW_GENERAL)
			on_status(ldp, p, &e, m->notification.pw.status);
}

/* Our Request is answered by a Notification: there is nothing to wait for. */
void
pw_request_refused(struct ldp *ldp, struct peer *p, uint32_t request_id)
{
	struct pw *w = that_is_asked(ldp, p, request_id);

	if (!w)
		return;
	w->asked = 0;
	pw_settle(ldp, w);
}
