/*
 * Routes that our own routing daemons have found: rows of igp.Route and l3vpn.Route become entries of the RIB, one for each
 * process of igpd and one for l3vpnd. They differ from those of other daemons in the kernel in that we put them there, with
 * groups of next hops like static ones.
 *
 * A daemon that dies takes nothing away: its rows stay until it has told them anew, or for its table's hold time; each table is
 * swept by itself. After a restart of fibd the kernel has routes of before which nobody has told us of yet, or whose next hops
 * lean on what nobody has told us of. They are kept until all of these tables are known.
 *
 * Rows of a VPN instance that has no VRF device wait in a table that the kernel does not have (vrfs.c), and move when it comes
 * or goes.
 */
#include "fibd/rib/model.h"

enum { SPECS_MAX = 2 * FIB_PATHS_MAX };

static struct entry *
learned_entry(struct route *r, bool bgp, uint32_t process)
{
	for (struct entry *e = r ? r->entries : NULL; e; e = e->next)
		if (e->learned && e->bgp == bgp && e->process == process)
			return e;
	return NULL;
}

/* The source's opinion of a prefix, in the place of what it was before. The reference to the fate is taken over. */
static void
take(struct rib *rib, struct route *r, struct entry *like)
{
	struct entry *old = learned_entry(r, like->bgp, like->process);

	if (old && old->fate == like->fate && old->cost == like->cost && old->preference == like->preference &&
	    old->protocol == like->protocol) {
		old->seen = like->seen;
		fate_unref(rib, like->fate);
		return;
	}
	uint32_t since = old ? old->since : (uint32_t)(rib->now / USEC_PER_SEC);
	like->chosen = old && old->chosen; /* until it is chosen again: nothing loses its way in between */
	if (old)
		route_drop_entry(rib, old);
	route_add_entry(rib, r, like)->since = since;
}

static void
withdraw(struct rib *rib, struct rib_table *t, const struct prefix *p, bool bgp, uint32_t process)
{
	struct entry *e = learned_entry(route_find(t, p), bgp, process);

	if (e)
		route_drop_entry(rib, e);
}

/* --- igpd --- */

static uint16_t
igp_specs(const Igp__Route *row, struct spec out[FIB_PATHS_MAX])
{
	size_t count = row->n_next_hops < FIB_PATHS_MAX ? row->n_next_hops : FIB_PATHS_MAX;

	for (size_t i = 0; i < count; i++) {
		out[i] = (struct spec){ .addr = addr_none(), .ifindex = row->next_hops[i]->ifindex };
		addr_from_bytes(row->next_hops[i]->address.data, row->next_hops[i]->address.len, &out[i].addr);
	}
	return (uint16_t)count;
}

void
learned_row(struct rib *rib, const Igp__Route *row, bool gone, uint32_t round)
{
	struct rib_table *t = home_get(rib, row->vrf)->table;
	struct spec specs[FIB_PATHS_MAX];
	struct prefix p;

	if (!prefix_from_bytes(row->prefix.data, row->prefix.len, &p))
		return;
	if (gone) {
		withdraw(rib, t, &p, false, row->process);
		return;
	}
	struct entry like = { .learned = true,
		.protocol = FIB__PROTOCOL__OSPF,
		.preference = (uint8_t)row->preference,
		.cost = row->cost,
		.process = (uint16_t)row->process,
		.seen = round };
	struct fate key = { .table = t, .family = p.addr.family, .specs = specs, .spec_count = igp_specs(row, specs) };
	like.fate = fate_get(rib, &key);
	take(rib, route_get(t, &p), &like);
}

/* --- l3vpnd --- */

/* False when it says nothing that can be followed. */
static bool
vpn_spec(struct rib *rib, const L3vpn__RouteNextHop *h, bool backup, struct spec *ret)
{
	struct spec s = { .addr = addr_none(), .lsp = h->lsp, .backup = backup };

	if (!addr_from_bytes(h->address.data, h->address.len, &s.addr))
		return false;
	bool has_addr = addr_is_set(&s.addr);
	if (h->lsp) {
		s.label = h->label;
		if (h->bfd && has_addr)
			s.track = track_hop(
			    rib, &(struct hop_key){ .table = rib->public, .peer = s.addr, .client = HOP_VPN });
	} else if (*h->through || !has_addr) {
		s.through = home_get(rib, h->through)->number;
	}
	*ret = s;
	return has_addr || !h->lsp;
}

static uint16_t
vpn_specs(struct rib *rib, const L3vpn__Route *row, struct spec out[SPECS_MAX])
{
	uint16_t count = 0;

	for (size_t i = 0; i < row->n_next_hops && count < FIB_PATHS_MAX; i++)
		count += vpn_spec(rib, row->next_hops[i], false, &out[count]);
	for (size_t i = 0; i < row->n_backups && count < SPECS_MAX; i++)
		count += vpn_spec(rib, row->backups[i], true, &out[count]);
	return count;
}

void
learned_vpn_row(struct rib *rib, const L3vpn__Route *row, bool gone, uint32_t round)
{
	struct rib_table *t = home_get(rib, row->vrf)->table;
	struct spec specs[SPECS_MAX];
	struct prefix p;

	if (!prefix_from_bytes(row->prefix.data, row->prefix.len, &p))
		return;
	if (gone) {
		withdraw(rib, t, &p, true, 0);
		return;
	}
	struct entry like = { .learned = true,
		.bgp = true,
		.protocol = row->internal ? FIB__PROTOCOL__IBGP : FIB__PROTOCOL__BGP,
		.preference = (uint8_t)(row->preference < 255 ? row->preference : 255),
		.cost = row->cost,
		.seen = round };
	struct fate key = { .table = t,
		.family = p.addr.family,
		.pipe = row->pipe,
		.fec = p,
		.specs = specs,
		.spec_count = vpn_specs(rib, row, specs) };
	like.fate = fate_get(rib, &key);
	take(rib, route_get(t, &p), &like);
}

/* --- both --- */

static void
sweep(struct rib *rib, struct trie *trie, bool bgp, uint32_t round)
{
	trie_each (n, trie) {
		struct route *r = OBJECT(n, struct route, node);
		for (struct entry *e = r->entries, *next; e; e = next) {
			next = e->next;
			if (e->learned && e->bgp == bgp && e->seen != round)
				route_drop_entry(rib, e);
		}
	}
}

void
learned_synced(struct rib *rib, enum fib_mirror table, uint32_t round)
{
	bool was_known = learned_are_known(rib);

	list_each (l, &rib->tables) {
		struct rib_table *t = OBJECT(l, struct rib_table, link);
		sweep(rib, &t->v4, table == FIB_VPN_ROUTE, round);
		sweep(rib, &t->v6, table == FIB_VPN_ROUTE, round);
	}
	rib->synced[table] = true;
	if (!was_known) {
		rib->resolve_all = true; /* who waited for it need not any more */
		diff_all_dirty(rib);     /* what is left of before a restart may be nobody's */
	}
}

bool
learned_are_known(const struct rib *rib)
{
	return rib->synced[FIB_IGP_ROUTE] && rib->synced[FIB_VPN_ROUTE] && rib->synced[FIB_LDP_LSP];
}

static void
move_trie(struct rib *rib, struct trie *trie, struct rib_table *to)
{
	trie_each (n, trie) {
		struct route *r = OBJECT(n, struct route, node);
		for (struct entry *e = r->entries, *next; e; e = next) {
			next = e->next;
			if (!e->learned)
				continue;
			struct fate key = *e->fate;
			struct entry like = *e;
			key.table = to;
			like.fate = fate_get(rib, &key);
			like.chosen = false;
			route_add_entry(rib, route_get(to, &r->node.prefix), &like)->since = e->since;
			route_drop_entry(rib, e);
		}
	}
}

/* Rows of an instance whose device has come or gone. */
void
learned_move(struct rib *rib, struct rib_table *from, struct rib_table *to)
{
	move_trie(rib, &from->v4, to);
	move_trie(rib, &from->v6, to);
}
