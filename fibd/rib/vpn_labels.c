/*
 * Labels of VPN instances: rows of l3vpn.Label. What comes in with such a label loses it and is looked up in the instance, which
 * for the kernel is to be sent to the VRF's device; or it goes straight to a next hop of the instance.
 *
 * Such a next hop is resolved like that of a route: by a fate in the instance's table, which many labels may share. Without a
 * VRF device there is nothing to be programmed yet; the row waits.
 */
#include "fibd/rib/model.h"
#include <stdlib.h>

static struct vpn_label *
find(struct rib *rib, uint32_t label)
{
	for (struct hash_node *n = hash_first(&rib->vpn_labels, label); n; n = hash_next(n))
		if (OBJECT(n, struct vpn_label, by_label)->label == label)
			return OBJECT(n, struct vpn_label, by_label);
	return NULL;
}

static void
unlead(struct rib *rib, struct vpn_label *v)
{
	struct fate *f = v->fate;

	list_remove(&v->of_fate);
	v->fate = NULL;
	if (f)
		fate_unref(rib, f);
}

static void
lead(struct rib *rib, struct vpn_label *v)
{
	struct spec to = { .addr = v->next_hop };

	unlead(rib, v);
	if (!addr_is_set(&v->next_hop))
		return;
	v->fate = fate_get(rib,
	    &(struct fate){ .table = v->home->table, .family = v->next_hop.family, .specs = &to, .spec_count = 1 });
	list_append(&v->fate->labels, &v->of_fate);
}

static void
drop(struct rib *rib, struct vpn_label *v)
{
	struct ilm *m = v->ilm;

	unlead(rib, v);
	hash_remove(&rib->vpn_labels, &v->by_label);
	if (m) {
		m->vpn = NULL;
		ilm_left(rib, m);
	}
	free(v);
}

static void
take(struct rib *rib, struct vpn_label *v)
{
	struct ilm *m = ilm_get(rib, v->label);

	if (m->lsp) {
		ilm_contested(rib, m, "l3vpnd");
		return;
	}
	m->vpn = v;
	m->stale = false;
	v->ilm = m;
	ilm_again(rib, m);
}

static bool
read(struct rib *rib, const L3vpn__Label *row, struct vpn_label *ret)
{
	*ret = (struct vpn_label){ .label = row->label, .home = home_get(rib, row->vrf), .pipe = row->pipe };
	ret->has_prefix = row->prefix.len && prefix_from_bytes(row->prefix.data, row->prefix.len, &ret->prefix);
	return row->label >= LABEL_FIRST_FREE && row->label <= LABEL_MAX &&
	       addr_from_bytes(row->next_hop.data, row->next_hop.len, &ret->next_hop);
}

static bool
is_same(const struct vpn_label *a, const struct vpn_label *b)
{
	return a->home == b->home && a->pipe == b->pipe && addr_eq(&a->next_hop, &b->next_hop) &&
	       a->has_prefix == b->has_prefix && (!a->has_prefix || prefix_eq(&a->prefix, &b->prefix));
}

void
vpn_label_row(struct rib *rib, const L3vpn__Label *row, bool gone, uint32_t round)
{
	struct vpn_label *v = find(rib, row->label), new;

	if (gone) {
		if (v)
			drop(rib, v);
		return;
	}
	if (!read(rib, row, &new))
		return;
	if (!v) {
		v = NEW(struct vpn_label);
		list_init(&v->of_fate);
		v->label = row->label;
		hash_add(&rib->vpn_labels, &v->by_label, v->label);
	}
	v->seen = round;
	if (v->ilm && v->ilm->stale) {
		v->ilm->stale = false;
		table_changed(&rib->ilm_table, &v->ilm->row);
	}
	if (v->ilm && is_same(v, &new))
		return;
	v->home = new.home;
	v->next_hop = new.next_hop;
	v->prefix = new.prefix;
	v->has_prefix = new.has_prefix;
	v->pipe = new.pipe;
	lead(rib, v);
	take(rib, v);
}

void
vpn_labels_synced(struct rib *rib, uint32_t round)
{
	rib->synced[FIB_VPN_LABEL] = true;
	hash_each (n, &rib->vpn_labels) {
		struct vpn_label *v = OBJECT(n, struct vpn_label, by_label);
		if (v->seen != round)
			drop(rib, v);
	}
	lfib_review(rib);
}

void
vpn_labels_home_moved(struct rib *rib, const struct home *h)
{
	hash_each (n, &rib->vpn_labels) {
		struct vpn_label *v = OBJECT(n, struct vpn_label, by_label);
		if (v->home != h)
			continue;
		lead(rib, v);
		if (v->ilm)
			ilm_again(rib, v->ilm);
	}
}

void
vpn_labels_follow(struct rib *rib, struct fate *f)
{
	list_each (l, &f->labels) {
		const struct vpn_label *v = OBJECT(l, struct vpn_label, of_fate);
		if (v->ilm)
			ilm_again(rib, v->ilm);
	}
}

uint16_t
vpn_label_paths(const struct vpn_label *v, struct fib_path out[FIB_PATHS_MAX])
{
	uint16_t count = v->fate ? v->fate->path_count : 0;

	if (!v->fate && v->home->ifindex) {
		out[0] = (struct fib_path){ .ifindex = v->home->ifindex, .weight = 1 };
		return 1;
	}
	for (uint16_t i = 0; i < count; i++) {
		out[i] = v->fate->paths[i].p;
		out[i].ttl = 0; /* a swap has none of its own */
	}
	return count;
}

bool
vpn_label_takes(struct rib *rib, struct ilm *m)
{
	struct vpn_label *v = find(rib, m->label);

	if (!v || v->ilm)
		return false;
	m->vpn = v;
	v->ilm = m;
	return true;
}

void
vpn_labels_free(struct rib *rib)
{
	hash_each (n, &rib->vpn_labels) {
		drop(rib, OBJECT(n, struct vpn_label, by_label));
	}
	hash_free(&rib->vpn_labels);
}
