/*
 * Flooding: updates and acknowledgments, RFC 2328 section 13.
 *
 * What is to be sent is gathered per interface and leaves at the end of the input, as many LSAs to a packet as fit. A
 * neighbour that has not acknowledged an instance has a *debt*, which lies on a list of the neighbour's, in the order of
 * sending, and on one of the LSA's: an acknowledgment finds it by the one, the retransmission timer by the other.
 */
#include "igpd/ospf/model.h"
#include <stdlib.h>

enum { AGAIN_PACKETS = 8, HEAD_BYTES = OSPF_HEADER_BYTES + 4, ACK_DELAY_S = 1 };

/* --- debts --- */

static void
pay(struct debt *d)
{
	list_remove(&d->of_neighbor);
	list_remove(&d->of_lsa);
	d->neighbor->debt_count--;
	if (!d->neighbor->debt_count)
		timer_clear(&d->neighbor->iface->ospf->timers, &d->neighbor->retransmit);
	free(d);
}

static struct debt *
debt_of(const struct neighbor *n, const struct lsa *l)
{
	for (struct list *at = l->debts.next; at != &l->debts; at = at->next)
		if (OBJECT(at, struct debt, of_lsa)->neighbor == n)
			return OBJECT(at, struct debt, of_lsa);
	return NULL;
}

static void
owe(struct neighbor *n, struct lsa *l)
{
	struct ospf *o = n->iface->ospf;
	struct debt *d = debt_of(n, l);

	if (!d) {
		d = NEW(struct debt);
		d->neighbor = n;
		d->lsa = l;
		list_init(&d->of_neighbor);
		list_append(&l->debts, &d->of_lsa);
		n->debt_count++;
	}
	list_remove(&d->of_neighbor);
	list_append(&n->debts, &d->of_neighbor);
	d->sent_at = o->now;
	if (!timer_is_set(&n->retransmit))
		timer_set(&o->timers, &n->retransmit, o->now + (usec_t)n->iface->retransmit_s * USEC_PER_SEC);
}

void
flood_owe(struct neighbor *n, struct lsa *l)
{
	owe(n, l);
	flood_send(n->iface, l, n);
}

void
flood_forget(struct lsa *l)
{
	list_each_safe (d, &l->debts) {
		pay(OBJECT(d, struct debt, of_lsa));
	}
}

void
flood_forget_neighbor(struct neighbor *n)
{
	list_each_safe (d, &n->debts) {
		pay(OBJECT(d, struct debt, of_neighbor));
	}
	list_each_safe (s, &n->iface->to_send) {
		struct sending *out = OBJECT(s, struct sending, link);
		if (out->to != n)
			continue;
		list_remove(s);
		free(out);
	}
}

/* Only what was sent a retransmission interval ago. */
void
flood_again(struct neighbor *n)
{
	struct ospf *o = n->iface->ospf;
	usec_t interval = (usec_t)n->iface->retransmit_s * USEC_PER_SEC;
	size_t room = (size_t)AGAIN_PACKETS * iface_room(n->iface);

	while (!list_is_empty(&n->debts)) {
		struct debt *d = OBJECT(n->debts.next, struct debt, of_neighbor);
		if (d->sent_at + interval > o->now) {
			timer_set(&o->timers, &n->retransmit, d->sent_at + interval);
			return;
		}
		if (d->lsa->head.length > room) {
			timer_set(&o->timers, &n->retransmit, o->now + interval / 4);
			return;
		}
		room -= d->lsa->head.length;
		flood_send(n->iface, d->lsa, n);
		owe(n, d->lsa);
	}
}

/* --- sending --- */

void
flood_send(struct iface *i, struct lsa *l, struct neighbor *to)
{
	struct sending *s = NEW(struct sending);

	s->lsa = l;
	s->to = to;
	list_append(&i->to_send, &s->link);
}

static void
send_update(struct iface *i, struct wire_writer *w, uint32_t count, uint32_t to)
{
	if (!count)
		return;
	w->base[OSPF_HEADER_BYTES] = (uint8_t)(count >> 24);
	w->base[OSPF_HEADER_BYTES + 1] = (uint8_t)(count >> 16);
	w->base[OSPF_HEADER_BYTES + 2] = (uint8_t)(count >> 8);
	w->base[OSPF_HEADER_BYTES + 3] = (uint8_t)count;
	iface_send(i, w, OSPF_UPDATE, to);
}

static struct wire_writer
begin_update(struct iface *i, size_t lsa_bytes)
{
	size_t room = iface_room(i);

	if (HEAD_BYTES + lsa_bytes > room)
		room = HEAD_BYTES + lsa_bytes; /* larger than the MTU: IP will cut it */
	struct wire_writer w = ospf_begin(i->ospf->buffer, room, OSPF_UPDATE, i->ospf->router_id, i->area->id);
	wire_put_u32(&w, 0);
	return w;
}

/* Everything that goes to one and the same. */
static void
send_to(struct iface *i, const struct neighbor *to)
{
	uint32_t count = 0, address = to ? to->address : iface_flood_address(i);
	struct wire_writer w = { 0 };

	list_each_safe (at, &i->to_send) {
		struct sending *s = OBJECT(at, struct sending, link);
		const struct lsa *l = s->lsa;
		if (s->to != to)
			continue;
		list_remove(at);
		if (!l->gone) {
			if (!count || w.size - w.at < l->head.length) {
				send_update(i, &w, count, address);
				w = begin_update(i, l->head.length);
				count = 0;
			}
			uint32_t age = (uint32_t)lsdb_age(i->ospf, l) + i->delay_s;
			wire_put_bytes(&w, l->bytes, l->head.length);
			lsa_set_age(
			    w.base + w.at - l->head.length, (uint16_t)(age < LSA_MAX_AGE_S ? age : LSA_MAX_AGE_S));
			s->lsa->sent_at = i->ospf->now;
			count++;
		}
		free(s);
	}
	send_update(i, &w, count, address);
}

void
flood_flush(struct ospf *o)
{
	list_each (l, &o->ifaces) {
		struct iface *i = OBJECT(l, struct iface, of_ospf);
		while (!list_is_empty(&i->to_send))
			send_to(i, OBJECT(i->to_send.next, struct sending, link)->to);
		list_each (m, &i->neighbors) {
			struct neighbor *n = OBJECT(m, struct neighbor, of_iface);
			if (n->ask_more)
				exchange_ask(n);
		}
	}
}

static bool
is_eligible(const struct iface *i, const struct lsa *l)
{
	switch (l->head.type) {
	case LSA_EXTERNAL:
	case LSA_OPAQUE_AS: return !i->area->stub && !i->area->nssa && !i->is_virtual;
	case LSA_OPAQUE_LINK: return l->iface == i;
	default: return l->area == i->area;
	}
}

/* 13.3 (1): is this neighbour to get it? */
static bool
is_due(struct neighbor *n, const struct lsa *l, const struct neighbor *from)
{
	if (n->state < NS_EXCHANGE)
		return false;
	if (l->head.type >= LSA_OPAQUE_LINK && !(n->last.options & OSPF_OPTION_O))
		return false;
	if (n->state < NS_FULL) {
		struct request *q = exchange_wanted(n, l->head.type, l->head.id, l->head.router);
		struct lsa_header ours = lsdb_header(n->iface->ospf, l);
		int order = q ? lsa_compare(&ours, &q->head) : 0;
		if (q && order < 0)
			return false;
		if (q)
			exchange_got(n, q);
		if (q && order == 0)
			return false;
	}
	return n != from;
}

static bool
flood_out(struct iface *i, struct lsa *l, const struct neighbor *from)
{
	bool any = false;

	list_each_safe (at, &i->neighbors) {
		struct neighbor *n = OBJECT(at, struct neighbor, of_iface);
		if (!is_due(n, l, from))
			continue;
		owe(n, l);
		any = true;
	}
	if (!any)
		return false;
	if (from && from->iface == i) { /* (3), (4): the DR sends it to all, and has heard it */
		if (iface_is_multi_access(i) && (from->address == i->dr || from->address == i->bdr))
			return false;
		if (i->state == IS_BACKUP)
			return false;
	}
	if (i->type != OSPF_NBMA) {
		flood_send(i, l, NULL);
		return from && from->iface == i;
	}
	list_each (k, &i->neighbors) { /* one by one */
		if (OBJECT(k, struct neighbor, of_iface)->state >= NS_EXCHANGE)
			flood_send(i, l, OBJECT(k, struct neighbor, of_iface));
	}
	return from && from->iface == i;
}

bool
flood(struct ospf *o, struct lsa *l, const struct neighbor *from)
{
	bool back = false;

	list_each (at, &o->ifaces) {
		struct iface *i = OBJECT(at, struct iface, of_ospf);
		if (is_eligible(i, l))
			back |= flood_out(i, l, from);
	}
	return back;
}

/* --- acknowledgments --- */

static void
send_acks(struct iface *i, const struct lsa_header *heads, size_t count, uint32_t to)
{
	size_t fit = (iface_room(i) - OSPF_HEADER_BYTES) / LSA_HEADER_BYTES;

	for (size_t at = 0; at < count;) {
		struct wire_writer w = iface_begin(i, OSPF_ACK);
		for (size_t k = 0; k < fit && at < count; k++)
			lsa_write_header(&w, &heads[at++]);
		iface_send(i, &w, OSPF_ACK, to);
	}
}

void
flood_acks_due(struct iface *i)
{
	if (i->type != OSPF_NBMA)
		send_acks(i, i->acks, i->ack_count, iface_flood_address(i));
	else
		list_each (k, &i->neighbors) {
			const struct neighbor *n = OBJECT(k, struct neighbor, of_iface);
			if (n->state >= NS_EXCHANGE)
				send_acks(i, i->acks, i->ack_count, n->address);
		}
	i->ack_count = 0;
}

static void
ack_later(struct iface *i, const struct lsa_header *h)
{
	if (i->ack_count == i->ack_room) {
		i->ack_room = i->ack_room ? i->ack_room * 2 : 64;
		i->acks = mem_resize(i->acks, i->ack_room * sizeof *i->acks);
	}
	i->acks[i->ack_count++] = *h;
	if (!timer_is_set(&i->ack))
		timer_set(&i->ospf->timers, &i->ack, i->ospf->now + (usec_t)ACK_DELAY_S * USEC_PER_SEC);
}

enum ospf_verdict
flood_ack(struct neighbor *n, struct wire_reader *r)
{
	if (n->state < NS_EXCHANGE)
		return OSPF_NO_NEIGHBOR;
	while (wire_left(r)) {
		struct lsa_header h = lsa_read_header(r);
		if (!wire_ok(r))
			return OSPF_BAD_BODY;
		struct lsa *l = h.type < LSA_TYPES
				    ? lsdb_find(lsdb_for(n->iface->ospf, n->iface, h.type), h.type, h.id, h.router)
				    : NULL;
		struct debt *d = l ? debt_of(n, l) : NULL;
		if (!d)
			continue;
		struct lsa_header ours = lsdb_header(n->iface->ospf, l);
		if (lsa_compare(&h, &ours) == 0)
			pay(d);
	}
	return OSPF_ACCEPTED;
}

/* --- updates --- */

struct arrival { /* an LSA from an update, on its way through 13 */
	struct neighbor *from;
	const uint8_t *bytes;
	struct lsa_header head;    /* its age without the bit that we do not use */
	struct lsa_header *direct; /* to be acknowledged at once */
	size_t *direct_count;
};

static void
ack_directly(struct arrival *a)
{
	a->direct[(*a->direct_count)++] = a->head;
}

static struct lsa *
install(const struct arrival *a, struct lsdb *db, bool *ret_differs)
{
	struct iface *i = a->from->iface;
	bool of_area = db == &i->area->db, of_link = db == &i->links;

	return lsdb_install(i->ospf, db, of_area || of_link ? i->area : NULL, of_link ? i : NULL, a->bytes,
	    a->head.length, a->head.age_s, ret_differs);
}

/* 13 (4): the end of what we have not heard of. It is kept for a while and not sent on: what it ends may have been
 * overtaken on its way, and would else be taken for new. */
static void
take_end(struct arrival *a, struct lsdb *db)
{
	bool differs;

	install(a, db, &differs);
	ack_directly(a);
}

/* 13 (5) */
static void
take_newer(struct arrival *a, struct lsdb *db, const struct lsa *have)
{
	struct iface *i = a->from->iface;
	struct ospf *o = i->ospf;
	bool differs;

	if (have && o->now < have->installed_at + (usec_t)LSA_MIN_ARRIVAL_S * USEC_PER_SEC && !have->own)
		return; /* too soon: it comes again, for it is not acknowledged */
	struct lsa *l = install(a, db, &differs);
	bool back = flood(o, l, a->from);
	if (!back && (i->state != IS_BACKUP || a->from->address == i->dr))
		ack_later(i, &a->head);
	if (differs)
		graceful_changed(o, l);
	if (differs)
		routes_lsa(o, l);
	if (l->head.type == LSA_OPAQUE_LINK)
		graceful_heard(i, l);
	originate_received(o, l);
}

/* 13 (7) */
static void
take_same(struct arrival *a, const struct lsa *have)
{
	struct debt *d = debt_of(a->from, have);

	if (!d) {
		ack_directly(a);
		return;
	}
	pay(d); /* an acknowledgment in effect */
	if (a->from->iface->state == IS_BACKUP && a->from->address == a->from->iface->dr)
		ack_later(a->from->iface, &a->head);
}

/* 13 (8) */
static void
take_older(const struct arrival *a, struct lsa *have)
{
	struct ospf *o = a->from->iface->ospf;

	if (have->flushed && have->head.sequence == LSA_LAST_SEQUENCE)
		return; /* it is to go before its number begins anew */
	if (o->now < have->told_at + (usec_t)LSA_MIN_ARRIVAL_S * USEC_PER_SEC)
		return;
	have->told_at = o->now;
	flood_send(a->from->iface, have, a->from);
}

/* False: nothing more is to be read of this update. */
static bool
arrive(struct arrival *a)
{
	struct iface *i = a->from->iface;
	struct ospf *o = i->ospf;
	uint8_t type = a->head.type;

	if ((type == LSA_EXTERNAL || type == LSA_OPAQUE_AS) && (i->area->stub || i->area->nssa))
		return true;
	if (type == LSA_NSSA && !i->area->nssa)
		return true;
	struct lsdb *db = lsdb_for(o, i, type);
	struct lsa *have = lsdb_find(db, type, a->head.id, a->head.router);
	if (a->head.age_s == LSA_MAX_AGE_S && !have && !lsdb_is_exchanged(o)) {
		take_end(a, db);
		return true;
	}
	struct lsa_header ours = { 0 };
	if (have)
		ours = lsdb_header(o, have);
	int order = have ? lsa_compare(&a->head, &ours) : 1;
	if (order > 0) {
		take_newer(a, db, have);
		return true;
	}
	if (exchange_wanted(a->from, type, a->head.id, a->head.router)) {
		neighbor_event(a->from, NE_BAD_REQUEST); /* (6): it described what it does not have */
		return false;
	}
	if (order == 0)
		take_same(a, have);
	else
		take_older(a, have);
	return true;
}

static void
tell_bad(const struct neighbor *n, enum lsa_status status)
{
	char id[ADDR_TEXT];

	n->iface->refused[OSPF_BAD_BODY]++;
	ospf_note(n->iface->ospf, 4, "an LSA from %s on %s is not taken: %s", id_text(n->router, id),
	    n->iface->port->name, lsa_status_text(status));
}

enum ospf_verdict
flood_update(struct neighbor *n, struct wire_reader *r)
{
	uint32_t count = ospf_read_update(r);
	const uint8_t *bytes;
	size_t size, direct_count = 0;

	if (n->state < NS_EXCHANGE)
		return OSPF_NO_NEIGHBOR;
	struct lsa_header *direct = mem_zalloc((r->size / LSA_HEADER_BYTES + 1) * sizeof *direct);
	while (count-- && (bytes = ospf_next_lsa(r, &size))) {
		enum lsa_status status = lsa_judge(bytes, size);
		if (status != LSA_OK) {
			tell_bad(n, status);
			continue;
		}
		struct arrival a = { n, bytes, lsa_header_of(bytes), direct, &direct_count };
		a.head.age_s &= (uint16_t)~LSA_DO_NOT_AGE;
		if (a.head.age_s > LSA_MAX_AGE_S)
			a.head.age_s = LSA_MAX_AGE_S;
		if (!arrive(&a))
			break;
	}
	send_acks(n->iface, direct, direct_count, n->address);
	free(direct);
	return wire_ok(r) ? OSPF_ACCEPTED : OSPF_BAD_BODY;
}
