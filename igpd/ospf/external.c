/*
 * What comes from outside: imported routes as AS-external-LSAs (RFC 2328 section 12.4.4), and the names that LSAs for prefixes
 * get (appendix E).
 *
 * The Link State ID of such an LSA is the network's address. Where two networks have the same one, as 10.0.0.0/8 and
 * 10.0.0.0/16 do, the second to come takes its last address instead; only a host has none to give way to, so whoever has its
 * name then moves.
 */
#include "igpd/ospf/model.h"
#include <stdlib.h>

static uint32_t
last_address(const struct prefix *p)
{
	return addr_to_v4(&p->addr) | ~lsa_mask(p->len);
}

/* The name that our LSA for this prefix has; false: it has none. */
static bool
name_of(struct ospf *o, const struct lsdb *db, uint8_t type, const struct prefix *p, uint32_t *ret)
{
	uint32_t names[] = { addr_to_v4(&p->addr), last_address(p) }, mask;

	for (int i = 0; i < 2; i++)
		if (originate_mask(o, db, type, names[i], &mask) && mask == lsa_mask(p->len)) {
			*ret = names[i];
			return true;
		}
	return false;
}

static uint32_t
new_name(struct ospf *o, struct lsdb *db, struct area *area, uint8_t type, const struct prefix *p)
{
	uint32_t plain = addr_to_v4(&p->addr), mask;

	if (!originate_mask(o, db, type, plain, &mask))
		return plain;
	if (p->len < 32)
		return last_address(p);
	originate_move(o, db, area, type, plain, plain | ~mask);
	return plain;
}

void
originate_prefix(struct ospf *o, struct lsdb *db, struct area *area, uint8_t type, uint8_t options,
    const struct prefix *p, const struct wire_writer *body)
{
	uint32_t name;

	if (!name_of(o, db, type, p, &name))
		name = new_name(o, db, area, type, p);
	originate_wish(o, db, area, type, name, options, body);
}

void
originate_no_prefix(struct ospf *o, struct lsdb *db, uint8_t type, const struct prefix *p)
{
	uint32_t name;

	if (name_of(o, db, type, p, &name))
		originate_no_wish(o, db, type, name);
}

/* --- imports --- */

struct imported *
imported_find(const struct ospf *o, const struct prefix *p)
{
	for (struct hash_node *n = hash_first(&o->imports, prefix_hash(p)); n; n = hash_next(n))
		if (prefix_eq(&OBJECT(n, struct imported, by_prefix)->told.prefix, p))
			return OBJECT(n, struct imported, by_prefix);
	return NULL;
}

void
external_body(struct wire_writer *w, const struct ospf_import *i, uint32_t forward)
{
	wire_put_u32(w, lsa_mask(i->prefix.len));
	wire_put_u32(
	    w, (i->type2 ? UINT32_C(0x80000000) : 0) | (i->metric < LSA_INFINITY ? i->metric : LSA_INFINITY - 1));
	wire_put_u32(w, forward);
	wire_put_u32(w, i->tag);
}

/* Is there an area that takes AS-external-LSAs? */
static bool
anybody_takes_them(const struct ospf *o)
{
	for (const struct list *at = o->areas.next; at != &o->areas; at = at->next)
		if (!CONST_OBJECT(at, struct area, of_ospf)->stub && !CONST_OBJECT(at, struct area, of_ospf)->nssa)
			return true;
	return false;
}

static void
advertise(struct ospf *o, const struct ospf_import *i)
{
	uint8_t bytes[16];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	if (anybody_takes_them(o)) {
		external_body(&w, i, i->forward);
		originate_prefix(o, &o->db, NULL, LSA_EXTERNAL, OSPF_OPTION_E, &i->prefix, &w);
	} else {
		originate_no_prefix(o, &o->db, LSA_EXTERNAL, &i->prefix);
	}
	nssa_advertise(o, i);
}

void
external_import(struct ospf *o, const struct ospf_import *told, bool gone)
{
	struct imported *i = imported_find(o, &told->prefix);
	bool was_any = o->imports.count > 0;

	if (told->prefix.addr.family != 4 || (gone && !i))
		return;
	if (gone) {
		if (o->router_id) {
			originate_no_prefix(o, &o->db, LSA_EXTERNAL, &told->prefix);
			nssa_withdraw(o, &told->prefix);
		}
		hash_remove(&o->imports, &i->by_prefix);
		free(i);
	} else {
		if (!i) {
			i = NEW(struct imported);
			hash_add(&o->imports, &i->by_prefix, prefix_hash(&told->prefix));
		}
		i->told = *told;
		if (o->router_id)
			advertise(o, told);
	}
	row_process(o);
	if (was_any != (o->imports.count > 0))
		external_boundary(o);
}

bool
external_is_boundary(const struct ospf *o)
{
	bool leads_out = false; /* of an NSSA: it is told of a default route */

	for (const struct list *at = o->areas.next; at != &o->areas; at = at->next)
		leads_out |= CONST_OBJECT(at, struct area, of_ospf)->nssa;
	return o->imports.count || o->translated.count || (leads_out && ospf_is_border(o));
}

void
external_boundary(struct ospf *o)
{
	list_each (at, &o->areas) {
		originate_router(OBJECT(at, struct area, of_ospf));
	}
}

void
external_all(struct ospf *o)
{
	hash_each (n, &o->imports) {
		advertise(o, &OBJECT(n, struct imported, by_prefix)->told);
	}
}

void
external_free(struct ospf *o)
{
	hash_each (n, &o->imports) {
		free(OBJECT(n, struct imported, by_prefix));
	}
	hash_free(&o->imports);
}
