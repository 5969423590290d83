/*
 * What fibd tells: interfaces, routes, the label range.
 *
 * Which routes call for a label: host routes (/32, and with LDP for IPv6 on any interface /128) of the public network
 * that point somewhere, and our own interfaces' host addresses, for which we are the egress. Addresses of ordinary
 * links (a /24's own address) are no FECs.
 */
#include "ldpd/model.h"
#include <stdlib.h>
#include <string.h>

/* --- interfaces --- */

struct link *
link_find(const struct ldp *ldp, uint32_t ifindex)
{
	for (struct hash_node *n = hash_first(&ldp->links, ifindex); n; n = hash_next(n)) {
		struct link *l = OBJECT(n, struct link, by_ifindex);
		if (l->ifindex == ifindex)
			return l;
	}
	return NULL;
}

void
own_addresses(struct ldp *ldp, struct addr **ret, size_t *ret_count)
{
	size_t count = 0;

	hash_each (n, &ldp->links) {
		count += OBJECT(n, struct link, by_ifindex)->address_count;
	}
	*ret = mem_zalloc((count + 1) * sizeof **ret);
	*ret_count = 0;
	hash_each (m, &ldp->links) {
		const struct link *l = OBJECT(m, struct link, by_ifindex);
		for (size_t i = 0; l->up && i < l->address_count; i++)
			(*ret)[(*ret_count)++] = l->addresses[i].addr;
	}
}

static bool
has(const struct addr *list, size_t count, const struct addr *a)
{
	for (size_t i = 0; i < count; i++)
		if (addr_eq(&list[i], a))
			return true;
	return false;
}

static bool
speaks(const struct ldp *ldp, const struct addr *a)
{
	return dual_families(ldp) & family_bit(a);
}

/* The FECs we are the egress of: after any change of interfaces, all counted anew. There are few. */
static void
count_own(struct ldp *ldp)
{
	hash_each (n, &ldp->fecs) {
		struct fec *f = OBJECT(n, struct fec, by_prefix);
		if (f->own)
			fec_dirty(ldp, f);
		f->own = 0;
	}
	hash_each (m, &ldp->links) {
		const struct link *l = OBJECT(m, struct link, by_ifindex);
		for (size_t i = 0; l->up && i < l->address_count; i++) {
			if (!prefix_is_host(&l->addresses[i]) || !speaks(ldp, &l->addresses[i].addr))
				continue;
			struct fec *f = fec_get(ldp, &l->addresses[i]);
			f->own++;
			fec_dirty(ldp, f);
		}
	}
}

/* Neighbours that know another transport address than we connect from would turn us away: tell them at once. */
static void
tell_transport(struct ldp *ldp)
{
	struct addr now = discovery_transport(ldp, NULL, V4), now6 = discovery_transport(ldp, NULL, V6);

	if (addr_eq(&now, &ldp->transport) && addr_eq(&now6, &ldp->transport6))
		return;
	ldp->transport = now;
	ldp->transport6 = now6;
	hash_each (n, &ldp->links) {
		struct link *l = OBJECT(n, struct link, by_ifindex);
		link_refresh(ldp, l); /* one may have waited for an address */
		if (l->active)
			discovery_hello_due(ldp, l);
	}
	targets_configure(ldp);
}

/* Tells the peers which addresses came and went between two lists. */
static void
tell_address_changes(struct ldp *ldp, const struct addr *before, size_t before_count)
{
	struct addr *now, *gone = mem_zalloc((before_count + 1) * sizeof *gone);
	size_t now_count, gone_count = 0, new_count = 0;

	own_addresses(ldp, &now, &now_count);
	for (size_t i = 0; i < before_count; i++)
		if (!has(now, now_count, &before[i]))
			gone[gone_count++] = before[i];
	for (size_t i = 0; i < now_count; i++)
		if (!has(before, before_count, &now[i]))
			now[new_count++] = now[i];
	distribute_addresses(ldp, LDP_ADDRESS_WITHDRAW, gone, gone_count);
	distribute_addresses(ldp, LDP_ADDRESS, now, new_count);
	if (gone_count || new_count) {
		count_own(ldp);
		tell_transport(ldp);
	}
	free(now);
	free(gone);
}

const struct ldp_if_config *
link_config(const struct ldp *ldp, const struct link *l)
{
	for (size_t i = 0; i < ldp->config.interface_count; i++) {
		const struct ldp_if_config *c = &ldp->config.interfaces[i];
		if (strcasecmp(c->name, l->label) == 0 || strcasecmp(c->name, l->name) == 0)
			return c;
	}
	return NULL;
}

static unsigned
configured(const struct ldp *ldp, const struct link *l)
{
	const struct ldp_if_config *c = link_config(ldp, l);

	return c ? (c->v4 ? V4 : 0) | (c->v6 ? V6 : 0) : 0;
}

void
links_configure(struct ldp *ldp)
{
	hash_each (n, &ldp->links) {
		struct link *l = OBJECT(n, struct link, by_ifindex);
		l->configured = configured(ldp, l);
		link_refresh(ldp, l);
	}
	count_own(ldp);
}

void
link_free(struct ldp *ldp, struct link *l)
{
	timer_clear(&ldp->timers, &l->hello);
	table_gone(&ldp->interface_table, &l->row);
	table_gone(&ldp->sync_table, &l->sync_row);
	hash_remove(&ldp->links, &l->by_ifindex);
	free(l->name);
	free(l->label);
	free(l->addresses);
	free(l);
}

static void
link_gone(struct ldp *ldp, struct link *l)
{
	l->up = false;
	l->gone = true;
	link_refresh(ldp, l);
	link_free(ldp, l);
}

static void
read_addresses(struct link *l, const Fib__Interface *r)
{
	free(l->addresses);
	l->addresses = mem_zalloc((r->n_addresses + 1) * sizeof *l->addresses);
	l->address_count = 0;
	l->link_local = addr_none();
	for (size_t i = 0; i < r->n_addresses; i++) {
		struct prefix p;
		if (!prefix_from_bytes(r->addresses[i].data, r->addresses[i].len, &p) || addr_is_loopback(&p.addr))
			continue;
		if (p.addr.family == 4 || !addr_is_link_local(&p.addr))
			l->addresses[l->address_count++] = p;
		else if (!addr_is_set(&l->link_local))
			l->link_local = p.addr;
	}
}

/* What fits over the link is part of what we tell (RFC 3988). Rare, so all FECs are looked through. */
static void
mtu_changed(struct ldp *ldp, uint32_t ifindex)
{
	hash_each (n, &ldp->fecs) {
		struct fec *f = OBJECT(n, struct fec, by_prefix);
		for (size_t i = 0; i < f->hop_count; i++)
			if (f->hops[i].ifindex == ifindex) {
				fec_dirty(ldp, f);
				break;
			}
	}
}

void
routes_interface(struct ldp *ldp, const Fib__Interface *r, bool gone, uint32_t round)
{
	struct link *l = link_find(ldp, r->ifindex);
	struct addr *before;
	size_t before_count;

	own_addresses(ldp, &before, &before_count);
	if (gone || r->vrf_ifindex) { /* LDP runs in the public network */
		if (l)
			link_gone(ldp, l);
	} else {
		if (!l) {
			l = NEW(struct link);
			l->ifindex = r->ifindex;
			l->ldp = ldp;
			timer_init(&l->hello, TIMER_HELLO);
			hash_add(&ldp->links, &l->by_ifindex, l->ifindex);
		}
		l->seen = round;
		free(l->name);
		free(l->label);
		l->name = mem_text(r->name);
		l->label = mem_text(*r->label ? r->label : r->name);
		l->up = r->admin_up && r->carrier;
		l->loopback = r->loopback;
		uint16_t mtu = (uint16_t)(r->mtu < UINT16_MAX ? r->mtu : UINT16_MAX);
		if (mtu != l->mtu)
			mtu_changed(ldp, l->ifindex);
		l->mtu = mtu;
		/* A loopback has no carrier to lose; a bridge that stands in for one never has any. */
		if (l->loopback)
			l->up = r->admin_up;
		read_addresses(l, r);
		l->configured = configured(ldp, l);
		link_refresh(ldp, l);
	}
	tell_address_changes(ldp, before, before_count);
	free(before);
}

/* --- routes --- */

static void
unroute(struct ldp *ldp, struct fec *f)
{
	f->routed = false;
	fec_set_hops(ldp, f, NULL, NULL, 0);
	fec_dirty(ldp, f);
}

/* The next hops that a neighbour can be behind. */
static size_t
read_hops(const Fib__RouteEntry *e, struct addr *addrs, uint32_t *ifindex, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < e->n_next_hops && count < room; i++) {
		const Fib__NextHop *h = e->next_hops[i];
		const ProtobufCBinaryData *gateway = h->via.len ? &h->via : &h->address;
		if (!addr_from_bytes(gateway->data, gateway->len, &addrs[count]) || !h->ifindex)
			continue;
		ifindex[count++] = h->ifindex;
	}
	return count;
}

void
routes_route(struct ldp *ldp, const Fib__Route *r, bool gone, uint32_t round)
{
	enum { HOPS_MAX = 64 };
	struct addr addrs[HOPS_MAX];
	uint32_t ifindex[HOPS_MAX];
	struct prefix prefix;

	if (*r->vrf || !prefix_from_bytes(r->prefix.data, r->prefix.len, &prefix) || !addr_is_set(&prefix.addr) ||
	    !speaks(ldp, &prefix.addr) || addr_is_multicast(&prefix.addr) || addr_is_loopback(&prefix.addr) ||
	    (prefix.addr.family == 6 && addr_is_link_local(&prefix.addr)))
		return;
	const Fib__RouteEntry *e = !gone && r->n_entries ? r->entries[0] : NULL;
	bool wanted = e && !e->black_hole && policy_allocates(ldp, &prefix);
	bool direct = wanted && e->protocol == FIB__PROTOCOL__DIRECT;
	size_t count = wanted && !direct ? read_hops(e, addrs, ifindex, HOPS_MAX) : 0;
	bool connected = direct && !prefix_is_host(&prefix); /* our own host addresses are counted by interface */
	struct fec *f = count || connected ? fec_get(ldp, &prefix) : fec_find(ldp, &prefix);
	if (!f)
		return;
	if (connected != f->connected) {
		f->connected = connected;
		fec_dirty(ldp, f);
	}
	f->seen = round;
	if (!count) {
		if (f->routed)
			unroute(ldp, f);
		else
			fec_dirty(ldp, f); /* perhaps nothing speaks of it any more */
		return;
	}
	bool same = f->routed && f->hop_count == count;
	for (size_t i = 0; same && i < count; i++)
		same = f->hops[i].ifindex == ifindex[i] && addr_eq(&f->hops[i].via->addr, &addrs[i]);
	if (same)
		return;
	f->routed = true;
	fec_set_hops(ldp, f, addrs, ifindex, count);
	fec_dirty(ldp, f);
}

/* --- the label range --- */

void
routes_range(struct ldp *ldp, const Fib__LabelRange *r, bool gone)
{
	if (gone || strcmp(r->user, "ldpd") != 0 || ldp->labels)
		return;
	ldp->labels = label_pool_new(r->first, r->last, ldp->config.label_reuse_s * USEC_PER_SEC);
	label_pool_start(ldp->labels, r->first + (uint32_t)rng_below(&ldp->rng, (uint64_t)r->last - r->first + 1));
	restart_range(ldp);
	hash_each (n, &ldp->fecs) {
		struct fec *f = OBJECT(n, struct fec, by_prefix);
		fec_dirty(ldp, f);
	}
}

/* --- the end of a snapshot --- */

void
routes_synced(struct ldp *ldp, enum ldp_mirror table, uint32_t round)
{
	if (table == LDP_FIB_INTERFACE) {
		struct addr *before;
		size_t before_count;
		own_addresses(ldp, &before, &before_count);
		hash_each (n, &ldp->links) {
			struct link *l = OBJECT(n, struct link, by_ifindex);
			if (l->seen != round)
				link_gone(ldp, l);
		}
		tell_address_changes(ldp, before, before_count);
		free(before);
	} else if (table == LDP_FIB_ROUTE) {
		hash_each (m, &ldp->fecs) {
			struct fec *f = OBJECT(m, struct fec, by_prefix);
			if (f->seen == round)
				continue;
			if (f->connected)
				fec_dirty(ldp, f);
			f->connected = false;
			if (f->routed)
				unroute(ldp, f);
		}
	}
}
