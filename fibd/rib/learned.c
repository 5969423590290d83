/*
 * Routes that our own routing daemons have found: rows of igp.Route become entries of the RIB, one for each process. They
 * differ from those of other daemons in the kernel in that we put them there, with groups of next hops like static ones.
 *
 * A daemon that dies takes nothing away: its rows stay until it has told them anew, or for its table's hold time. After a
 * restart of fibd the kernel has routes of before which nobody has told us of yet. They are kept until igpd's rows are known.
 */
#include "fibd/rib/model.h"
#include "proto/igp.pb-c.h"

static struct entry *
learned_entry(struct route *r, uint32_t process)
{
	for (struct entry *e = r ? r->entries : NULL; e; e = e->next)
		if (e->learned && e->process == process)
			return e;
	return NULL;
}

static size_t
specs_of(const Igp__Route *row, struct spec out[FIB_PATHS_MAX])
{
	size_t count = row->n_next_hops < FIB_PATHS_MAX ? row->n_next_hops : FIB_PATHS_MAX;

	for (size_t i = 0; i < count; i++) {
		out[i] = (struct spec){ .addr = addr_none(), .ifindex = row->next_hops[i]->ifindex };
		addr_from_bytes(row->next_hops[i]->address.data, row->next_hops[i]->address.len, &out[i].addr);
	}
	return count;
}

void
learned_row(struct rib *rib, const Igp__Route *row, bool gone, uint32_t round)
{
	struct rib_table *t = *row->vrf ? table_of_vrf(rib, row->vrf) : table_get(rib, 254);
	struct spec specs[FIB_PATHS_MAX];
	struct prefix p;

	if (!t || !prefix_from_bytes(row->prefix.data, row->prefix.len, &p))
		return;
	struct route *r = gone ? route_find(t, &p) : route_get(t, &p);
	struct entry *old = learned_entry(r, row->process);
	if (gone) {
		if (old)
			route_drop_entry(rib, old);
		return;
	}
	struct entry like = { .learned = true,
		.protocol = FIB__PROTOCOL__OSPF,
		.preference = (uint8_t)row->preference,
		.cost = row->cost,
		.process = (uint16_t)row->process,
		.seen = round };
	like.fate = fate_get(rib, t, specs, specs_of(row, specs), false, p.addr.family, NULL);
	if (old && old->fate == like.fate && old->cost == like.cost && old->preference == like.preference) {
		old->seen = round;
		fate_unref(rib, like.fate);
		return;
	}
	uint32_t since = old ? old->since : (uint32_t)(rib->now / USEC_PER_SEC);
	if (old)
		route_drop_entry(rib, old);
	route_add_entry(rib, r, &like)->since = since;
}

void
learned_synced(struct rib *rib, uint32_t round)
{
	list_each (l, &rib->tables) {
		struct rib_table *t = OBJECT(l, struct rib_table, link);
		trie_each (n, &t->v4) {
			struct route *r = OBJECT(n, struct route, node);
			for (struct entry *e = r->entries, *next; e; e = next) {
				next = e->next;
				if (e->learned && e->seen != round)
					route_drop_entry(rib, e);
			}
		}
	}
	rib->learned_known = true;
	diff_all_dirty(rib); /* what is left of before a restart is nobody's */
}
