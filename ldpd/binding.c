/*
 * The label information base: FECs, peers' labels for them, and peers' addresses.
 */
#include "ldpd/model.h"
#include <stdlib.h>

/* --- FECs --- */

struct fec *
fec_find(struct ldp *ldp, const struct prefix *prefix)
{
	for (struct hash_node *n = hash_first(&ldp->fecs, prefix_hash(prefix)); n; n = hash_next(n)) {
		struct fec *f = OBJECT(n, struct fec, by_prefix);
		if (prefix_eq(&f->prefix, prefix))
			return f;
	}
	return NULL;
}

struct fec *
fec_get(struct ldp *ldp, const struct prefix *prefix)
{
	struct fec *f = fec_find(ldp, prefix);

	if (f)
		return f;
	f = pool_take(&ldp->fec_pool);
	f->prefix = *prefix;
	f->ldp = ldp;
	f->label = f->recovered = LABEL_UNSET;
	list_init(&f->dirty);
	hash_add(&ldp->fecs, &f->by_prefix, prefix_hash(prefix));
	return f;
}

void
fec_dirty(struct ldp *ldp, struct fec *f)
{
	if (list_is_empty(&f->dirty))
		list_append(&ldp->dirty, &f->dirty);
}

/* Frees a FEC that nothing speaks of any more. */
void
fec_release(struct ldp *ldp, struct fec *f)
{
	if (f->routed || fec_is_egress(f) || f->label != LABEL_UNSET || f->recovered != LABEL_UNSET || f->bindings ||
	    f->adverts)
		return;
	fec_set_hops(ldp, f, NULL, NULL, 0);
	table_gone(&ldp->lsp_table, &f->row);
	table_gone(&ldp->binding_table, &f->local_row.row);
	if (f->held)
		ldp->held_count--;
	distribute_forget(ldp, f);
	list_remove(&f->dirty);
	hash_remove(&ldp->fecs, &f->by_prefix);
	pool_give(&ldp->fec_pool, f);
}

/* --- peers' labels --- */

struct binding *
binding_find(const struct fec *f, const struct peer *p)
{
	struct binding *b = f->bindings;

	while (b && b->peer != p)
		b = b->next;
	return b;
}

void
binding_free(struct ldp *ldp, struct binding *b)
{
	table_gone(&ldp->binding_table, &b->row.row);
	struct binding **at = &b->fec->bindings;
	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	list_remove(&b->of_peer);
	fec_dirty(ldp, b->fec);
	pool_give(&ldp->binding_pool, b);
}

void
bindings_drop(struct ldp *ldp, struct peer *p, bool only_stale)
{
	list_each_safe (l, &p->bindings) {
		struct binding *b = OBJECT(l, struct binding, of_peer);
		if (b->stale || !only_stale)
			binding_free(ldp, b);
	}
}

void
peer_mark_stale(struct ldp *ldp, struct peer *p)
{
	list_each (v, &p->vias) {
		OBJECT(v, struct via, of_peer)->stale = true;
	}
	list_each (l, &p->bindings) {
		struct binding *b = OBJECT(l, struct binding, of_peer);
		b->stale = true;
		table_changed(&ldp->binding_table, &b->row.row);
	}
}

/* --- addresses --- */

static uint32_t
addr_hash(const struct addr *a)
{
	return hash_bytes(a->bytes, addr_size(a), a->family);
}

struct via *
via_get(struct ldp *ldp, const struct addr *a, uint32_t ifindex)
{
	if (a->family == 4 || !addr_is_link_local(a))
		ifindex = 0;
	for (struct hash_node *n = hash_first(&ldp->vias, addr_hash(a)); n; n = hash_next(n)) {
		struct via *v = OBJECT(n, struct via, by_addr);
		if (addr_eq(&v->addr, a) && v->ifindex == ifindex)
			return v;
	}
	struct via *v = NEW(struct via);
	v->addr = *a;
	v->ifindex = ifindex;
	list_init(&v->of_peer);
	list_init(&v->users);
	hash_add(&ldp->vias, &v->by_addr, addr_hash(a));
	return v;
}

void
via_release(struct ldp *ldp, struct via *v)
{
	if (v->peer || !list_is_empty(&v->users))
		return;
	hash_remove(&ldp->vias, &v->by_addr);
	free(v);
}

void
via_assign(struct ldp *ldp, struct via *v, struct peer *p)
{
	v->stale = false;
	if (v->peer == p)
		return;
	if (v->peer) {
		v->peer->address_count--;
		list_remove(&v->of_peer);
	}
	v->peer = p;
	if (p) {
		p->address_count++;
		list_append(&p->vias, &v->of_peer);
	}
	list_each (l, &v->users) {
		fec_dirty(ldp, OBJECT(l, struct hop, of_via)->fec);
	}
}

void
peer_drop_addresses(struct ldp *ldp, struct peer *p, bool only_stale)
{
	list_each_safe (l, &p->vias) {
		struct via *v = OBJECT(l, struct via, of_peer);
		if (only_stale && !v->stale)
			continue;
		via_assign(ldp, v, NULL);
		via_release(ldp, v);
	}
}
