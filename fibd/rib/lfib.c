/*
 * Labels: what ldp.Lsp asks for, and the incoming label map as the kernel has it. l3vpn.Label asks too (vpn_labels.c): a label
 * is whose row came first, and the other daemon's is refused until that is gone.
 *
 * The kernel does not remember which FEC a label was for, nor who wanted it. After a restart of ours its
 * entries are kept, shown as stale, until both tables were read to their end.
 */
#include "fibd/rib/model.h"
#include <stdlib.h>
#include <string.h>

enum { LOOPBACK_IFINDEX = 1 }; /* of lo, in every network namespace */

/* --- rows of ldp.Lsp --- */

struct lsp *
lsp_find(struct rib *rib, const struct prefix *fec)
{
	for (struct hash_node *n = hash_first(&rib->lsps, prefix_hash(fec)); n; n = hash_next(n)) {
		struct lsp *l = OBJECT(n, struct lsp, by_fec);
		if (prefix_eq(&l->fec, fec))
			return l;
	}
	return NULL;
}

uint32_t
lsp_label(const struct rib *rib, const struct lsp *l, const struct fib_path *p)
{
	uint32_t label = LABEL_UNSET, peer = 0;
	bool told = false;

	for (uint16_t i = 0; i < l->hop_count && !told; i++) {
		told = l->hops[i].ifindex == p->ifindex && addr_eq(&l->hops[i].gateway, &p->gateway);
		label = told ? l->hops[i].label : label;
	}
	if (!told && l->spare_count) /* the route has moved; ldpd does not know yet */
		peer = neighbor_behind(rib, p->ifindex, &p->gateway);
	for (uint32_t i = 0; peer && i < l->spare_count; i++)
		if (l->spares[i].peer == peer)
			label = l->spares[i].label;
	return label;
}

uint32_t
lsp_push(const struct rib *rib, const struct lsp *l, const struct fib_path *p)
{
	uint32_t label = lsp_label(rib, l, p);

	return label == LABEL_IMPLICIT_NULL ? LABEL_UNSET : label;
}

bool
paths_eq(const struct fib_path *a, const struct fib_path *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!addr_eq(&a[i].gateway, &b[i].gateway) || a[i].ifindex != b[i].ifindex ||
		    a[i].label_count != b[i].label_count || a[i].ttl != b[i].ttl ||
		    memcmp(a[i].labels, b[i].labels, a[i].label_count * sizeof *a[i].labels) != 0)
			return false;
	return true;
}

bool
paths_lead(const struct fib_path *paths, uint16_t count, const struct fate *f, bool labels_too)
{
	if (count != f->path_count)
		return false;
	for (uint16_t i = 0; i < count; i++) {
		bool found = false;
		for (uint16_t k = 0; k < f->path_count && !found; k++)
			found = labels_too ? paths_eq(&paths[i], &f->paths[k].p, 1)
					   : paths[i].ifindex == f->paths[k].p.ifindex &&
						 addr_eq(&paths[i].gateway, &f->paths[k].p.gateway);
		if (!found)
			return false;
	}
	return true;
}

struct ilm *
ilm_find(struct rib *rib, uint32_t label)
{
	for (struct hash_node *n = hash_first(&rib->ilms, label); n; n = hash_next(n)) {
		struct ilm *m = OBJECT(n, struct ilm, by_label);
		if (m->label == label)
			return m;
	}
	return NULL;
}

struct ilm *
ilm_get(struct rib *rib, uint32_t label)
{
	struct ilm *m = ilm_find(rib, label);

	if (m)
		return m;
	m = pool_take(&rib->ilm_pool);
	m->label = label;
	m->rib = rib;
	list_init(&m->dirty);
	hash_add(&rib->ilms, &m->by_label, label);
	return m;
}

void
ilm_release(struct rib *rib, struct ilm *m)
{
	if (ilm_is_wanted(m) || m->has || m->asked || m->foreign)
		return;
	table_gone(&rib->ilm_table, &m->row);
	list_remove(&m->dirty);
	hash_remove(&rib->ilms, &m->by_label);
	free(m->has_paths);
	free(m->trouble);
	pool_give(&rib->ilm_pool, m);
}

bool
ilm_is_wanted(const struct ilm *m)
{
	return m->lsp || m->vpn;
}

/* Of a label that nobody wants, in whose range it is: the kernel has it from before our restart. */
const char *
ilm_owner(const struct rib *rib, const struct ilm *m)
{
	if (ilm_is_wanted(m))
		return m->vpn ? "l3vpnd" : "ldpd";
	for (size_t i = 0; i < COUNT(rib->ranges); i++)
		if (m->label >= rib->ranges[i].first && m->label <= rib->ranges[i].last)
			return rib->ranges[i].user;
	return "";
}

/* Labels of VPNs belong to instances: without an instance there are none to wait for, and there may be no l3vpnd at all. */
bool
lfib_is_known(const struct rib *rib)
{
	bool no_vpns = rib->has_config && !rib->config.vrf_count;

	return rib->synced[FIB_LDP_LSP] && (rib->synced[FIB_VPN_LABEL] || no_vpns);
}

void
lfib_review(struct rib *rib)
{
	hash_each (n, &rib->ilms) {
		struct ilm *m = OBJECT(n, struct ilm, by_label);
		if (!ilm_is_wanted(m))
			ilm_again(rib, m);
	}
}

void
ilm_again(struct rib *rib, struct ilm *m)
{
	m->refused = false;
	m->claimed |= ilm_is_wanted(m);
	m->right = ilm_is_right(rib, m);
	diff_dirty(rib, &rib->dirty_ilms, &m->dirty);
	table_changed(&rib->ilm_table, &m->row);
}

/* The label that a row of ldp.Lsp wanted in vain is free. */
static bool
lsp_takes(struct rib *rib, struct ilm *m)
{
	hash_each (n, &rib->lsps) {
		struct lsp *l = OBJECT(n, struct lsp, by_fec);
		if (l->ilm || l->in_label != m->label)
			continue;
		m->lsp = l;
		l->ilm = m;
		return true;
	}
	return false;
}

void
ilm_left(struct rib *rib, struct ilm *m)
{
	bool was_contested = m->contested;

	m->contested = false;
	if (was_contested && !vpn_label_takes(rib, m))
		lsp_takes(rib, m);
	ilm_again(rib, m);
	ilm_release(rib, m);
}

void
ilm_contested(struct rib *rib, struct ilm *m, const char *loser)
{
	if (!m->contested)
		rib_note(rib, 3, "%s asks for label %u, which %s has: refused", loser, m->label, ilm_owner(rib, m));
	m->contested = true;
	table_changed(&rib->ilm_table, &m->row);
}

static void
unbind(struct rib *rib, struct lsp *l)
{
	struct ilm *m = l->ilm;

	l->ilm = NULL;
	if (!m)
		return;
	m->lsp = NULL;
	ilm_left(rib, m);
}

static void
drop_hops(struct lsp *l)
{
	if (l->hops != &l->one)
		free(l->hops);
	l->hops = &l->one;
	l->hop_count = 0;
	free(l->spares);
	l->spares = NULL;
	l->spare_count = 0;
}

static void
lsp_drop(struct rib *rib, struct lsp *l)
{
	struct prefix fec = l->fec;

	unbind(rib, l);
	hash_remove(&rib->lsps, &l->by_fec);
	drop_hops(l);
	pool_give(&rib->lsp_pool, l);
	route_lsp_changed(rib, &fec);
}

static void
read_hops(struct lsp *l, const Ldp__Lsp *row)
{
	drop_hops(l);
	if (row->n_next_hops > 1)
		l->hops = mem_zalloc(row->n_next_hops * sizeof *l->hops);
	for (size_t i = 0; i < row->n_next_hops && l->hop_count < FIB_PATHS_MAX; i++) {
		struct lsp_hop *h = &l->hops[l->hop_count];
		if (!addr_from_bytes(row->next_hops[i]->address.data, row->next_hops[i]->address.len, &h->gateway))
			continue;
		h->ifindex = row->next_hops[i]->ifindex;
		h->label = row->next_hops[i]->out_label;
		l->hop_count++;
	}
	if (row->n_alternates)
		l->spares = mem_zalloc(row->n_alternates * sizeof *l->spares);
	for (size_t i = 0; i < row->n_alternates; i++)
		l->spares[l->spare_count++] = (struct lsp_spare){ row->alternates[i]->peer, row->alternates[i]->label };
}

void
lfib_row(struct rib *rib, const Ldp__Lsp *row, bool gone, uint32_t round)
{
	struct prefix fec;

	if (!prefix_from_bytes(row->fec.data, row->fec.len, &fec))
		return;
	struct lsp *l = lsp_find(rib, &fec);
	if (gone) {
		if (l)
			lsp_drop(rib, l);
		return;
	}
	if (!l) {
		l = pool_take(&rib->lsp_pool);
		l->hops = &l->one;
		l->fec = fec;
		hash_add(&rib->lsps, &l->by_fec, prefix_hash(&fec));
	}
	l->seen = round;
	bool in = row->in_label >= LABEL_FIRST_FREE && row->in_label <= LABEL_MAX;
	if (l->ilm && (!in || l->ilm->label != row->in_label))
		unbind(rib, l);
	l->in_label = row->in_label;
	l->egress = row->egress;
	l->pop_broken = row->pop_broken;
	read_hops(l, row);
	if (in) {
		struct ilm *m = ilm_get(rib, row->in_label);
		if (m->lsp && m->lsp != l)
			m->lsp->ilm = NULL; /* ldpd moved the label to another FEC */
		if (m->vpn) {
			ilm_contested(rib, m, "ldpd");
		} else {
			m->lsp = l;
			m->stale = false;
			l->ilm = m;
			ilm_again(rib, m);
		}
	}
	route_lsp_changed(rib, &fec);
}

void
lfib_synced(struct rib *rib, uint32_t round)
{
	if (!rib->synced[FIB_LDP_LSP])
		rib->resolve_all = true; /* next hops over LSPs have waited for it */
	rib->synced[FIB_LDP_LSP] = true;
	hash_each (n, &rib->lsps) {
		struct lsp *l = OBJECT(n, struct lsp, by_fec);
		if (l->seen != round)
			lsp_drop(rib, l);
	}
	lfib_review(rib);
	diff_all_dirty(rib);
}

void
lfib_lost(struct rib *rib, enum fib_mirror table)
{
	hash_each (n, &rib->ilms) {
		struct ilm *m = OBJECT(n, struct ilm, by_label);
		if (table == FIB_LDP_LSP ? !m->lsp : !m->vpn)
			continue;
		m->stale = true;
		table_changed(&rib->ilm_table, &m->row);
	}
}

/* --- entries --- */

/* What the kernel's entry shall be: next hops that gave a label, on interfaces that are up. */
uint16_t
ilm_paths(struct rib *rib, const struct ilm *m, struct fib_path out[FIB_PATHS_MAX])
{
	uint16_t count = 0;

	if (m->vpn) {
		count = vpn_label_paths(m->vpn, out);
		return rib->one_path_only && count ? 1 : count;
	}
	if (m->lsp && m->lsp->egress) { /* popped, and what is beneath is for this router */
		out[0] = (struct fib_path){ .ifindex = LOOPBACK_IFINDEX, .weight = 1 };
		return 1;
	}
	for (uint16_t i = 0; m->lsp && i < m->lsp->hop_count; i++) {
		const struct lsp_hop *h = &m->lsp->hops[i];
		bool broken = h->label == LABEL_UNSET;
		if ((broken && !m->lsp->pop_broken) || !port_is_up(rib, h->ifindex))
			continue;
		out[count] = (struct fib_path){ .gateway = h->gateway, .ifindex = h->ifindex, .weight = 1 };
		if (!broken && h->label != LABEL_IMPLICIT_NULL)
			out[count].labels[out[count].label_count++] = h->label;
		count++;
		if (rib->one_path_only)
			break;
	}
	return count;
}

bool
ilm_is_right(struct rib *rib, const struct ilm *m)
{
	struct fib_path paths[FIB_PATHS_MAX];

	if (!m->has || !ilm_is_wanted(m))
		return m->has && !m->claimed && !lfib_is_known(rib);
	uint16_t count = ilm_paths(rib, m, paths);
	return count && m->has_count == count && m->has_pipe == (m->vpn && m->vpn->pipe) &&
	       paths_eq(m->has_paths, paths, count);
}

static void
foreign_seen(struct rib *rib, struct ilm *m)
{
	m->seen = rib->dump;
	if (m->foreign)
		return;
	m->foreign = true;
	m->has = m->right = false; /* if it was ours, it was replaced */
	diff_dirty(rib, &rib->dirty_ilms, &m->dirty);
}

void
lfib_seen(struct rib *rib, const struct fib_label_route *in, bool gone)
{
	struct ilm *m = ilm_find(rib, in->label);

	if (!m && gone)
		return;
	if (!m)
		m = ilm_get(rib, in->label);
	if (m->asked) /* somebody else was at it at the same time, before or after: look what there is in the end */
		rib_resync(rib, rib->now + USEC_PER_SEC);
	if (in->protocol != FIB_PROTOCOL && !gone) {
		foreign_seen(rib, m);
		return;
	}
	m->seen = rib->dump;
	if (m->has == !gone && !m->foreign && m->has_count == in->path_count && m->has_pipe == in->pipe &&
	    paths_eq(m->has_paths, in->paths, in->path_count))
		return;
	if (m->foreign)
		rows_set(&m->trouble, NULL);
	m->foreign = false;
	m->has = !gone;
	m->has_pipe = in->pipe;
	free(m->has_paths);
	m->has_count = gone ? 0 : in->path_count;
	m->has_paths = mem_copy(in->paths, m->has_count * sizeof *in->paths);
	m->right = ilm_is_right(rib, m);
	diff_dirty(rib, &rib->dirty_ilms, &m->dirty);
	table_changed(&rib->ilm_table, &m->row);
	ilm_release(rib, m);
}

void
lfib_links_changed(struct rib *rib, uint32_t ifindex)
{
	hash_each (n, &rib->ilms) {
		struct ilm *m = OBJECT(n, struct ilm, by_label);
		for (uint16_t i = 0; m->lsp && i < m->lsp->hop_count; i++)
			if (m->lsp->hops[i].ifindex == ifindex) {
				ilm_again(rib, m);
				break;
			}
	}
}

void
lfib_swept(struct rib *rib)
{
	hash_each (n, &rib->ilms) {
		struct ilm *m = OBJECT(n, struct ilm, by_label);
		if ((m->has || m->foreign) && m->seen != rib->dump)
			lfib_seen(rib, &(struct fib_label_route){ .label = m->label }, true);
	}
}

void
lfib_free(struct rib *rib)
{
	hash_each (n, &rib->lsps) {
		struct lsp *l = OBJECT(n, struct lsp, by_fec);
		drop_hops(l);
		pool_give(&rib->lsp_pool, l);
	}
	hash_each (k, &rib->ilms) {
		struct ilm *m = OBJECT(k, struct ilm, by_label);
		table_gone(&rib->ilm_table, &m->row);
		free(m->has_paths);
		free(m->trouble);
		pool_give(&rib->ilm_pool, m);
	}
	neighbors_free(rib);
	hash_free(&rib->lsps);
	hash_free(&rib->ilms);
	pool_free(&rib->lsp_pool);
	pool_free(&rib->ilm_pool);
}
