/*
 * The link state database, RFC 2328 sections 12.2, 13.2 and 14: what is installed, how old it is, and how it ends.
 *
 * An age is not counted up: an LSA knows when its age was 0. Its one timer is set for the moment when something is due: a
 * refresh of our own, or the end of another router's. So a database of any size at rest costs nothing.
 *
 * An LSA that is flushed stays, with the maximum age, until no neighbour owes an acknowledgment and none is in the middle
 * of an exchange (14), and a little longer: a neighbour may have sent an older instance again just before it heard of the
 * end, and packets overtake each other. Whoever had forgotten it by then would take that for new, and nobody would ever
 * say otherwise. Then it leaves. What leaves is freed at the end of the input, for others may still hold it.
 */
#include "igpd/ospf/model.h"
#include <stdlib.h>
#include <string.h>

void
lsdb_init(struct lsdb *db)
{
	hash_init(&db->by_key);
	for (int i = 0; i < LSA_TYPES; i++)
		list_init(&db->types[i]);
}

uint32_t
lsdb_key_hash(uint8_t type, uint32_t id, uint32_t router)
{
	uint32_t words[2] = { id, router };

	return hash_bytes(words, sizeof words, type);
}

struct lsa *
lsdb_find(const struct lsdb *db, uint8_t type, uint32_t id, uint32_t router)
{
	for (struct hash_node *n = hash_first(&db->by_key, lsdb_key_hash(type, id, router)); n; n = hash_next(n)) {
		struct lsa *l = OBJECT(n, struct lsa, by_key);
		if (l->head.type == type && l->head.id == id && l->head.router == router)
			return l;
	}
	return NULL;
}

struct lsdb *
lsdb_for(struct ospf *o, const struct iface *i, uint8_t type)
{
	switch (type) {
	case LSA_EXTERNAL:
	case LSA_OPAQUE_AS: return &o->db;
	case LSA_OPAQUE_LINK: return (struct lsdb *)(uintptr_t)&i->links;
	default: return &i->area->db;
	}
}

uint16_t
lsdb_age(const struct ospf *o, const struct lsa *l)
{
	usec_t age_s = (o->now - l->born_at) / USEC_PER_SEC;

	return l->flushed || age_s >= LSA_MAX_AGE_S ? LSA_MAX_AGE_S : (uint16_t)age_s;
}

struct lsa_header
lsdb_header(const struct ospf *o, const struct lsa *l)
{
	struct lsa_header h = l->head;

	h.age_s = lsdb_age(o, l);
	return h;
}

enum { LINGER_S = 20 }; /* four retransmission intervals */

static void
set_timer(struct ospf *o, struct lsa *l)
{
	usec_t at = l->born_at + (usec_t)(l->own ? LSA_REFRESH_S : LSA_MAX_AGE_S) * USEC_PER_SEC;

	timer_set(&o->timers, &l->timer, l->flushed ? o->now + (usec_t)LINGER_S * USEC_PER_SEC : at);
}

struct lsa *
lsdb_install(struct ospf *o, struct lsdb *db, struct area *area, struct iface *iface, const uint8_t *bytes, size_t size,
    uint16_t age_s, bool *ret_differs)
{
	struct lsa_header head = lsa_header_of(bytes);
	struct lsa *l = lsdb_find(db, head.type, head.id, head.router);
	bool was_flushed = l && l->flushed, now_flushed = age_s >= LSA_MAX_AGE_S;

	if (!l) {
		l = NEW(struct lsa);
		l->ospf = o;
		l->db = db;
		l->area = area;
		l->iface = iface;
		l->head = head;
		list_init(&l->debts);
		list_init(&l->grave);
		list_init(&l->offers);
		timer_init(&l->timer, TIMER_LSA);
		hash_add(&db->by_key, &l->by_key, lsdb_key_hash(head.type, head.id, head.router));
		list_append(&db->types[head.type], &l->of_type);
		db->count++;
		*ret_differs = true;
	} else {
		/* 13.2: other contents, other options, or a beginning or end. */
		*ret_differs =
		    was_flushed != now_flushed || l->head.options != head.options || l->head.length != size ||
		    memcmp(l->bytes + LSA_HEADER_BYTES, bytes + LSA_HEADER_BYTES, size - LSA_HEADER_BYTES) != 0;
		db->checksums -= l->head.checksum;
		flood_forget(l);
		free(l->bytes);
	}
	l->bytes = mem_copy(bytes, size);
	l->head = head;
	l->head.age_s = age_s;
	l->flushed = now_flushed;
	l->own = head.router == o->router_id;
	l->installed_at = o->now;
	usec_t age = (usec_t)age_s * USEC_PER_SEC;
	l->born_at = o->now > age ? o->now - age : 0;
	db->checksums += head.checksum;
	set_timer(o, l);
	row_lsa(l);
	return l;
}

void
lsdb_drop(struct ospf *o, struct lsa *l)
{
	if (l->gone)
		return;
	row_lsa_gone(l);
	l->gone = true;
	flood_forget(l);
	routes_lsa(o, l);
	timer_clear(&o->timers, &l->timer);
	hash_remove(&l->db->by_key, &l->by_key);
	list_remove(&l->of_type);
	l->db->count--;
	l->db->checksums -= l->head.checksum;
	list_append(&o->graves, &l->grave);
}

void
lsdb_sweep(struct ospf *o)
{
	list_each_safe (g, &o->graves) {
		struct lsa *l = OBJECT(g, struct lsa, grave);
		list_remove(&l->grave);
		free(l->bytes);
		free(l);
	}
}

void
lsdb_free(struct ospf *o, struct lsdb *db)
{
	hash_each (n, &db->by_key) {
		lsdb_drop(o, OBJECT(n, struct lsa, by_key));
	}
	hash_free(&db->by_key);
}

void
lsdb_flush(struct ospf *o, struct lsa *l)
{
	if (l->flushed || l->gone)
		return;
	flood_forget(l);
	l->flushed = true;
	l->head.age_s = LSA_MAX_AGE_S;
	row_lsa(l);
	routes_lsa(o, l);
	flood(o, l, NULL);
	set_timer(o, l);
}

bool
lsdb_is_exchanged(const struct ospf *o)
{
	hash_each (n, &o->neighbors) {
		const struct neighbor *who = CONST_OBJECT(n, struct neighbor, by_address);
		if (who->state == NS_EXCHANGE || who->state == NS_LOADING)
			return true;
	}
	return false;
}

void
lsdb_timer(struct ospf *o, struct lsa *l)
{
	if (!l->flushed && l->own) {
		originate_refresh(o, l);
		if (!l->gone && !timer_is_set(&l->timer)) /* it has to wait a little */
			timer_set(&o->timers, &l->timer, o->now + (usec_t)LSA_MIN_INTERVAL_S * USEC_PER_SEC);
		return;
	}
	if (!l->flushed) {
		lsdb_flush(o, l); /* too old: everybody drops it together */
		return;
	}
	if (list_is_empty(&l->debts) && !lsdb_is_exchanged(o))
		lsdb_drop(o, l);
	else
		timer_set(&o->timers, &l->timer, o->now + USEC_PER_SEC);
}
