/*
 * Distribution of addresses and labels, RFC 5036 sections 3.5.5 to 3.5.11: what is told to whom, and what
 * is made of what others tell. Downstream unsolicited, independent control, liberal retention.
 *
 * A label that was advertised is given back only when no peer has it any more: each has sent its Release,
 * or its session has ended.
 */
#include "ldpd/model.h"
#include <stdlib.h>

enum { LABEL_MESSAGE_MAX = 72, TELL_SLICE = 2000 /* FECs told in one go to a peer that came up */ };
#define EXCHANGE_QUIET (1 * USEC_PER_SEC)

static struct ldp_fec
element(const struct fec *f)
{
	return (struct ldp_fec){
		.kind = FEC_PREFIX, .family = ldp_family(&f->prefix.addr), .addr = f->prefix.addr, .len = f->prefix.len
	};
}

/* --- our labels --- */

static void
send_label(
    struct ldp *ldp, struct peer *p, enum ldp_type type, const struct fec *f, uint32_t label, uint32_t request_id)
{
	struct ldp_label_fields fields = { .fec = element(f),
		.label = label,
		.request_id = request_id,
		.mtu = type == LDP_LABEL_MAPPING ? f->mtu : 0 };

	ldp_put_label_fields(session_writer(ldp, p, LABEL_MESSAGE_MAX), session_message_id(p), type, &fields);
	if (type != LDP_LABEL_RELEASE)
		p->tib_revision = ldp->tib_revision;
	if (type == LDP_LABEL_MAPPING)
		p->sent.label_mapping++;
	else if (type == LDP_LABEL_WITHDRAW)
		p->sent.label_withdraw++;
	else if (type == LDP_LABEL_RELEASE)
		p->sent.label_release++;
}

/* The label back to the pool once neither the FEC nor any peer has it. */
void
distribute_unuse(struct ldp *ldp, struct fec *f, uint32_t label)
{
	if (label < LABEL_FIRST_FREE || label > LABEL_MAX || f->label == label)
		return;
	for (const struct advert *a = f->adverts; a; a = a->next)
		if (a->label == label)
			return;
	if (ldp->labels)
		label_pool_give(ldp->labels, label, ldp->now);
}

static void
advert_free(struct ldp *ldp, struct advert *a)
{
	struct fec *f = a->fec;
	uint32_t label = a->label;

	struct advert **at = &f->adverts;
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	list_remove(&a->of_peer);
	pool_give(&ldp->advert_pool, a);
	distribute_unuse(ldp, f, label);
	if (row_is_in_table(&f->local_row.row))
		table_changed(&ldp->binding_table, &f->local_row.row);
	fec_dirty(ldp, f); /* perhaps it was the last that held the FEC */
}

void
adverts_drop(struct ldp *ldp, struct peer *p)
{
	list_each_safe (l, &p->adverts) {
		advert_free(ldp, OBJECT(l, struct advert, of_peer));
	}
}

static struct advert *
find_advert(const struct fec *f, const struct peer *p, unsigned states)
{
	struct advert *a = f->adverts;

	while (a && !(a->peer == p && 1u << a->state & states))
		a = a->next;
	return a;
}

static struct advert *
current_advert(const struct fec *f, const struct peer *p)
{
	return find_advert(f, p, 1u << ADVERT_TOLD | 1u << ADVERT_RELEASED);
}

static struct advert *
advert_new(struct ldp *ldp, struct fec *f, struct peer *p)
{
	struct advert *a = pool_take(&ldp->advert_pool), **end = &f->adverts;

	a->fec = f;
	a->peer = p;
	a->label = LABEL_UNSET;
	while (*end)
		end = &(*end)->next;
	*end = a;
	list_append(&p->adverts, &a->of_peer);
	return a;
}

static void
tell(struct ldp *ldp, struct fec *f, struct peer *p, uint32_t request_id)
{
	struct advert *a = current_advert(f, p);

	if (!a && (a = find_advert(f, p, 1u << ADVERT_ASKED)) && !request_id)
		request_id = a->request_id;
	if (!a)
		a = advert_new(ldp, f, p);
	a->label = f->label;
	a->state = ADVERT_TOLD;
	a->mtu = f->mtu;
	send_label(ldp, p, LDP_LABEL_MAPPING, f, f->label, request_id);
}

/* Withdraws what is no longer so, tells what is. */
void
distribute_fec(struct ldp *ldp, struct fec *f)
{
	bool changed = false;

	for (struct advert *a = f->adverts, *next; a; a = next) {
		next = a->next;
		if (a->state == ADVERT_WITHDRAWING || (a->state == ADVERT_ASKED && f->label != LABEL_UNSET))
			continue;
		if (a->state == ADVERT_ASKED) {
			session_notify(ldp, a->peer, LDP_NO_ROUTE, a->request_id, LDP_LABEL_REQUEST);
			advert_free(ldp, a);
			continue;
		}
		if (a->label == f->label && policy_tells(ldp, a->peer, f)) {
			if (a->mtu != f->mtu && a->state == ADVERT_TOLD)
				tell(ldp, f, a->peer, 0); /* RFC 3988 section 3.1: the same label, a new MTU */
			continue;
		}
		changed = true;
		if (a->state == ADVERT_RELEASED) { /* nothing to withdraw */
			advert_free(ldp, a);
			continue;
		}
		a->state = ADVERT_WITHDRAWING;
		send_label(ldp, a->peer, LDP_LABEL_WITHDRAW, f, a->label, 0);
	}
	if (f->label != LABEL_UNSET)
		hash_each (n, &ldp->peers) {
			struct peer *p = OBJECT(n, struct peer, by_id);
			if (p->state != S_OPERATIONAL || timer_is_set(&p->tell) || current_advert(f, p) ||
			    !policy_tells(ldp, p, f))
				continue;
			tell(ldp, f, p, 0);
			changed = true;
		}
	if (changed && row_is_in_table(&f->local_row.row))
		table_changed(&ldp->binding_table, &f->local_row.row);
}

/* --- our addresses --- */

/* Messages with the addresses of one family among a list. */
static void
send_family(
    struct ldp *ldp, struct peer *p, enum ldp_type type, const struct addr *list, size_t count, enum family family)
{
	struct addr some[LDP_ADDRESSES_MAX];
	/* In a PDU of at least 256 bytes: what fits with its headers. */
	size_t size = family == V6 ? 16 : 4, room = (p->max_pdu - 40u) / size, at = 0;

	if (room > LDP_ADDRESSES_MAX)
		room = LDP_ADDRESSES_MAX;
	for (;;) {
		size_t n = 0;
		for (; at < count && n < room; at++)
			if (family_bit(&list[at]) == family)
				some[n++] = list[at];
		if (!n)
			return;
		ldp_put_addresses(session_writer(ldp, p, 16 + size * n), session_message_id(p), type, some, n);
		if (type == LDP_ADDRESS)
			p->sent.address++;
		else
			p->sent.address_withdraw++;
	}
}

static void
send_addresses(struct ldp *ldp, struct peer *p, enum ldp_type type, const struct addr *list, size_t count)
{
	if (p->families & V4)
		send_family(ldp, p, type, list, count, V4);
	if (p->families & V6)
		send_family(ldp, p, type, list, count, V6);
}

void
distribute_addresses(struct ldp *ldp, enum ldp_type type, const struct addr *list, size_t count)
{
	hash_each (n, &ldp->peers) {
		struct peer *p = OBJECT(n, struct peer, by_id);
		if (p->state == S_OPERATIONAL)
			send_addresses(ldp, p, type, list, count);
	}
}

/* All was told, RFC 5919: after a session has come up, and after everything was asked for. */
static void
end_of_lib(struct ldp *ldp, struct peer *p, unsigned about)
{
	if (!(p->capabilities & LDP_CAN_UNRECOGNIZED))
		return;
	for (unsigned family = V4; family <= V6; family <<= 1) {
		if (!(p->families & about & family))
			continue;
		ldp_put_end_of_lib(session_writer(ldp, p, LABEL_MESSAGE_MAX), session_message_id(p),
		    family == V6 ? LDP_IPV6 : LDP_IPV4);
		p->sent.notification++;
	}
}

void
distribute_all(struct ldp *ldp, struct peer *p)
{
	struct addr *own;
	size_t count;

	own_addresses(ldp, &own, &count);
	send_addresses(ldp, p, LDP_ADDRESS, own, count);
	free(own);
	pws_session_up(ldp, p);
	lsp_flush(ldp); /* what changed in this input gets its label before the list is read */
	p->tell_next = ldp->fecs.oldest;
	distribute_more(ldp, p);
}

/*
 * The labels for a peer whose session came up, in slices: Hellos and KeepAlives of everybody else go out between them.
 * FECs are kept in the order in which they came, so those that come meanwhile are told in their turn; one that changes
 * behind the cursor is told as a change.
 */
void
distribute_more(struct ldp *ldp, struct peer *p)
{
	struct hash_node *n = p->tell_next;

	timer_clear(&ldp->timers, &p->tell);
	for (unsigned told = 0; n && told < TELL_SLICE; n = n->newer) {
		struct fec *f = OBJECT(n, struct fec, by_prefix);
		if (current_advert(f, p) || !policy_tells(ldp, p, f))
			continue;
		tell(ldp, f, p, 0);
		told++;
		if (row_is_in_table(&f->local_row.row))
			table_changed(&ldp->binding_table, &f->local_row.row);
	}
	p->tell_next = n;
	if (n)
		timer_set(&ldp->timers, &p->tell, ldp->now);
	else
		end_of_lib(ldp, p, V4 | V6);
}

void
distribute_forget(struct ldp *ldp, struct fec *f)
{
	hash_each (n, &ldp->peers) {
		struct peer *p = OBJECT(n, struct peer, by_id);
		if (p->tell_next == &f->by_prefix)
			p->tell_next = f->by_prefix.newer;
	}
}

/* --- what peers tell --- */

static void
on_addresses(struct ldp *ldp, struct peer *p, const struct ldp_msg *m)
{
	struct wire_reader list = m->address.list;

	while (wire_left(&list)) {
		size_t size = ldp_family_bytes(m->address.family);
		struct addr a;
		if (!addr_from_bytes(wire_bytes(&list, size), size, &a) || (a.family == 6 && addr_is_link_local(&a)))
			continue; /* RFC 7552 7: link-local ones are not to be told, and mean nothing elsewhere */
		struct via *v = via_get(ldp, &a, 0);
		if (m->type == LDP_ADDRESS)
			via_assign(ldp, v, p);
		else if (v->peer == p)
			via_assign(ldp, v, NULL);
		via_release(ldp, v);
	}
	table_changed(&ldp->session_table, &p->row);
	sync_peer(ldp, p);
}

static void
learn(struct ldp *ldp, struct peer *p, const struct prefix *prefix, uint32_t label, uint16_t mtu)
{
	struct fec *f = fec_get(ldp, prefix);
	struct binding *b = binding_find(f, p);

	uint32_t explicit = prefix->addr.family == 6 ? LABEL_IPV6_EXPLICIT_NULL : LABEL_IPV4_EXPLICIT_NULL;

	if (label != explicit && label != LABEL_IMPLICIT_NULL && label < LABEL_FIRST_FREE) {
		/* Router alert and the like are no labels of a prefix, nor is the other family's null (RFC 3032 2.1). */
		send_label(ldp, p, LDP_LABEL_RELEASE, f, label, 0);
		fec_dirty(ldp, f);
		return;
	}
	if (b && b->label == label && b->mtu == mtu && !b->stale)
		return; /* told again, nothing new */
	if (!b) {
		struct binding **end = &f->bindings;
		while (*end)
			end = &(*end)->next;
		*end = b = pool_take(&ldp->binding_pool);
		b->fec = f;
		b->peer = p;
		b->row.of_peer = b;
		list_append(&p->bindings, &b->of_peer);
	} else if (b->label != label && !b->stale) {
		/* A new label without a Withdraw of the old one: the old one is given back (A.1.2, LMp.10). */
		send_label(ldp, p, LDP_LABEL_RELEASE, f, b->label, 0);
	}
	b->label = label;
	b->mtu = mtu;
	b->stale = false;
	table_changed(&ldp->binding_table, &b->row.row);
	fec_dirty(ldp, f);
}

static void
withdraw_one(struct ldp *ldp, struct peer *p, struct fec *f, uint32_t label)
{
	struct binding *b = binding_find(f, p);

	/* Released in any case, even what we do not have (A.1.5). */
	send_label(ldp, p, LDP_LABEL_RELEASE, f, label, 0);
	if (b && (label == LABEL_UNSET || b->label == label))
		binding_free(ldp, b);
}

static void
released(struct ldp *ldp, struct advert *a)
{
	a->state = ADVERT_RELEASED;
	table_changed(&ldp->binding_table, &a->fec->local_row.row);
}

static bool
is_about(const struct advert *a, uint32_t label)
{
	return a->state != ADVERT_ASKED && (label == LABEL_UNSET || a->label == label);
}

/*
 * A Release is about what was withdrawn, if anything was. A peer may also release what we still offer; it is not told
 * again until it asks or the label changes, or both would go on for ever.
 */
static void
release_one(struct ldp *ldp, struct peer *p, struct fec *f, uint32_t label)
{
	struct advert *offered = NULL;
	bool awaited = false;

	for (struct advert *a = f->adverts, *next; a; a = next) {
		next = a->next;
		if (a->peer != p || !is_about(a, label))
			continue;
		if (a->state != ADVERT_WITHDRAWING) {
			offered = a;
			continue;
		}
		awaited = true;
		advert_free(ldp, a);
		if (label != LABEL_UNSET)
			return; /* the answer to that Withdraw; the same label may have been told again since */
	}
	if (offered && !awaited)
		released(ldp, offered);
}

static bool
is_awaited(const struct fec *f, const struct peer *p, uint32_t label)
{
	for (const struct advert *a = f->adverts; a; a = a->next)
		if (a->peer == p && a->state == ADVERT_WITHDRAWING && is_about(a, label))
			return true;
	return false;
}

/* The same for every FEC. */
static void
release_all(struct ldp *ldp, struct peer *p, unsigned about, uint32_t label)
{
	list_each (l, &p->adverts) {
		struct advert *a = OBJECT(l, struct advert, of_peer);
		if (a->state == ADVERT_TOLD && about & family_bit(&a->fec->prefix.addr) && is_about(a, label) &&
		    !is_awaited(a->fec, p, label))
			released(ldp, a);
	}
	list_each_safe (k, &p->adverts) {
		struct advert *a = OBJECT(k, struct advert, of_peer);
		if (a->state == ADVERT_WITHDRAWING && about & family_bit(&a->fec->prefix.addr) && is_about(a, label))
			advert_free(ldp, a);
	}
}

/* A wildcard stands for every FEC of the peer's that the message is about. */
static void
all_of(struct ldp *ldp, struct peer *p, const struct ldp_msg *m, const struct ldp_fec *e)
{
	uint32_t label = m->label.label;
	unsigned about = e->kind == FEC_WILDCARD ? V4 | V6
			 : e->family == LDP_IPV4 ? V4
			 : e->family == LDP_IPV6 ? V6
						 : 0;

	if (m->type == LDP_LABEL_WITHDRAW) {
		ldp_put_label(
		    session_writer(ldp, p, LABEL_MESSAGE_MAX), session_message_id(p), LDP_LABEL_RELEASE, e, label, 0);
		p->sent.label_release++;
		list_each_safe (l, &p->bindings) {
			struct binding *b = OBJECT(l, struct binding, of_peer);
			if (about & family_bit(&b->fec->prefix.addr) && (label == LABEL_UNSET || b->label == label))
				binding_free(ldp, b);
		}
	} else if (m->type == LDP_LABEL_RELEASE) {
		release_all(ldp, p, about, label);
	} else if (m->type == LDP_LABEL_REQUEST) { /* RFC 5918: tell everything again */
		hash_each (n, &ldp->fecs) {
			struct fec *f = OBJECT(n, struct fec, by_prefix);
			if (about & family_bit(&f->prefix.addr) && policy_tells(ldp, p, f))
				tell(ldp, f, p, m->id);
		}
		end_of_lib(ldp, p, about);
	}
}

/* A.1.1, LRq.3: packets for the FEC would come straight back. */
static bool
is_next_hop(const struct fec *f, const struct peer *p)
{
	for (size_t i = 0; i < f->hop_count; i++)
		if (f->hops[i].via->peer != p)
			return false;
	return f->hop_count && !fec_is_egress(f);
}

static void
on_request(struct ldp *ldp, struct peer *p, struct fec *f, const struct ldp_msg *m)
{
	struct advert *a;

	if (f && f->label != LABEL_UNSET && is_next_hop(f, p)) {
		session_notify(ldp, p, LDP_LOOP_DETECTED, m->id, m->type);
	} else if (f && policy_tells(ldp, p, f)) {
		tell(ldp, f, p, m->id);
	} else if (f && f->label != LABEL_UNSET && ldp->config.ordered) { /* answered when its turn comes */
		a = find_advert(f, p, 1u << ADVERT_ASKED);
		if (!a)
			a = advert_new(ldp, f, p);
		a->state = ADVERT_ASKED;
		a->request_id = m->id;
	} else {
		session_notify(ldp, p, LDP_NO_ROUTE, m->id, m->type);
	}
}

/* 3.5.9.1. What was answered already cannot be aborted. */
static void
on_abort(struct ldp *ldp, struct peer *p, const struct fec *f, const struct ldp_msg *m)
{
	struct advert *a = f ? find_advert(f, p, 1u << ADVERT_ASKED) : NULL;

	if (!a || a->request_id != m->label.request_id)
		return;
	advert_free(ldp, a);
	ldp_put_aborted(session_writer(ldp, p, LABEL_MESSAGE_MAX), session_message_id(p), m->id, m->label.request_id);
	p->sent.notification++;
}

static void
one_fec(struct ldp *ldp, struct peer *p, const struct ldp_msg *m, const struct ldp_fec *e)
{
	struct prefix prefix = prefix_network(prefix_make(e->addr, e->len));
	struct fec *f = m->type == LDP_LABEL_WITHDRAW ? fec_get(ldp, &prefix) : fec_find(ldp, &prefix);

	switch (m->type) {
	case LDP_LABEL_MAPPING: learn(ldp, p, &prefix, m->label.label, m->label.mtu); break;
	case LDP_LABEL_WITHDRAW:
		withdraw_one(ldp, p, f, m->label.label);
		fec_dirty(ldp, f);
		break;
	case LDP_LABEL_RELEASE:
		if (f)
			release_one(ldp, p, f, m->label.label);
		break;
	case LDP_LABEL_REQUEST: on_request(ldp, p, f, m); break;
	case LDP_LABEL_ABORT: on_abort(ldp, p, f, m); break;
	default: break;
	}
}

static bool
is_pw_status(const struct ldp_msg *m)
{
	return m->type == LDP_NOTIFICATION && (m->notification.status & ~UINT32_C(0x40000000)) == LDP_PW_STATUS;
}

/* All elements are looked at before the first one changes anything. */
enum ldp_status
distribute_judge(const struct ldp *ldp, const struct peer *p, const struct ldp_msg *m)
{
	/* What we speak is taken in any case: the peer may know already that both of us speak both, and we not yet. */
	unsigned families = p->state == S_OPERATIONAL ? p->families | dual_families(ldp) : V4 | V6;

	if ((m->type == LDP_ADDRESS || m->type == LDP_ADDRESS_WITHDRAW) &&
	    !(families & (m->address.family == LDP_IPV6 ? V6 : V4)))
		return LDP_UNSUPPORTED_AF;
	if (is_pw_status(m))
		return pw_judge_status(m);
	if (m->type < LDP_LABEL_MAPPING || m->type > LDP_LABEL_ABORT)
		return LDP_OK;
	struct wire_reader fecs = m->label.fecs;
	size_t count = 0;
	bool wild = false, alone = false;
	struct ldp_fec e;

	while (wire_left(&fecs)) {
		enum ldp_status s = ldp_decode_fec(&fecs, &e);
		if (s != LDP_OK)
			return s;
		if (e.kind == FEC_PREFIX && !(families & family_bit(&e.addr)))
			return LDP_UNSUPPORTED_AF;
		count++;
		wild |= e.kind == FEC_WILDCARD || e.kind == FEC_TYPED_WILDCARD;
		alone |= ldp_fec_is_pw(&e) && m->type == LDP_LABEL_MAPPING; /* RFC 8077 6: a label is of one of them */
		/* 3.4.1: only in Withdraw and Release; RFC 5918 adds Request for the typed one. */
		if (m->type == LDP_LABEL_MAPPING &&
		    (wild || (e.pw.wild && !pw_is_asked_for(ldp, p, m->label.request_id))))
			return LDP_MALFORMED_TLV;
		if (e.kind == FEC_WILDCARD && m->type == LDP_LABEL_REQUEST)
			return LDP_MALFORMED_TLV;
	}
	/* A wildcard stands alone, and a FEC has one element at least. */
	return !count || ((wild || alone) && count > 1) ? LDP_MALFORMED_TLV : LDP_OK;
}

static void
on_labels(struct ldp *ldp, struct peer *p, const struct ldp_msg *m)
{
	struct wire_reader fecs = m->label.fecs;
	struct ldp_fec e;

	while (wire_left(&fecs)) {
		ldp_decode_fec(&fecs, &e);
		if (e.kind == FEC_PREFIX)
			one_fec(ldp, p, m, &e);
		else if (!ldp_fec_is_pw(&e))
			all_of(ldp, p, m, &e);
		if (e.kind != FEC_PREFIX && (e.kind == FEC_WILDCARD || ldp_fec_is_pw(&e)))
			pw_message(ldp, p, m, &e);
	}
	if (m->type == LDP_LABEL_MAPPING && !p->exchange_done)
		timer_set(&ldp->timers, &p->exchange, ldp->now + EXCHANGE_QUIET);
}

/* Done is done when all families are; pseudowires have an end of their own. */
static void
on_end_of_lib(struct ldp *ldp, struct peer *p, const struct ldp_msg *m)
{
	struct wire_reader fecs = m->notification.fecs;
	struct ldp_fec e;

	if (ldp_decode_fec(&fecs, &e) != LDP_OK || e.kind != FEC_TYPED_WILDCARD)
		return;
	if (e.of == FEC_PW_ID && e.pw.type == PW_TYPE_ALL && !p->space)
		pws_sweep(ldp, p);
	if (e.of != FEC_PREFIX)
		return;
	p->libs_awaited &= ~(unsigned)(e.family == LDP_IPV4 ? V4 : e.family == LDP_IPV6 ? V6 : 0);
	if (!p->libs_awaited)
		session_exchange_done(ldp, p);
}

void
distribute_message(struct ldp *ldp, struct peer *p, const struct ldp_msg *m)
{
	switch (m->type) {
	case LDP_ADDRESS:
	case LDP_ADDRESS_WITHDRAW: on_addresses(ldp, p, m); break;
	case LDP_LABEL_MAPPING:
	case LDP_LABEL_REQUEST:
	case LDP_LABEL_WITHDRAW:
	case LDP_LABEL_RELEASE:
	case LDP_LABEL_ABORT: on_labels(ldp, p, m); break;
	case LDP_CAPABILITY: /* RFC 5561 section 4: from now on */
		p->capabilities = (p->capabilities | m->capability.on) & ~m->capability.off;
		table_changed(&ldp->session_table, &p->row);
		break;
	case LDP_NOTIFICATION:
		if (m->notification.status == LDP_END_OF_LIB)
			on_end_of_lib(ldp, p, m);
		else if (is_pw_status(m))
			pw_notified(ldp, p, m);
		else
			ldp_note(ldp, 6, "%u.%u.%u.%u says: %s", p->lsr >> 24, p->lsr >> 16 & 255, p->lsr >> 8 & 255,
			    p->lsr & 255, ldp_status_name(m->notification.status));
		if (m->notification.about_type == LDP_LABEL_REQUEST)
			pw_request_refused(ldp, p, m->notification.about_id);
		break;
	default: break;
	}
}
