/*
 * Labels of our own for VPN routes (RFC 4364 4.3.2): one for an instance, for each route, or for each next hop; each a row of
 * l3vpn.Label, which fibd makes an incoming label of the kernel's.
 *
 * A label is kept under what it stands for, and lives as long as some route is told with it (that of an instance: as long as
 * the instance). Given back it rests for a while, so that a packet on its way with the old meaning does not reach a new one.
 * What the kernel still has from an earlier life is taken over under the same key, so others notice nothing of a restart;
 * what nobody has taken up again when that is over is given back.
 */
#include "l3vpnd/bgp/model.h"
#include "proto/fill.h"
#include "proto/l3vpn.pb-c.h"
#include <stdlib.h>
#include <string.h>

#define LABEL_REST (120 * (usec_t)USEC_PER_SEC) /* as long as a neighbour that restarts may send by the old one */

static uint32_t
key_hash(const char *name, enum vpn_label_kind kind, const struct prefix *p, const struct addr *a)
{
	uint32_t h = hash_bytes(name, strlen(name), kind);

	if (kind == VPN_LABEL_ROUTE)
		h ^= prefix_hash(p);
	else if (kind == VPN_LABEL_NEXT_HOP)
		h = hash_bytes(a->bytes, sizeof a->bytes, h);
	return h;
}

static struct vpn_label *
find(const struct bgp *b, const char *name, enum vpn_label_kind kind, const struct prefix *p, const struct addr *a)
{
	for (struct hash_node *n = hash_first(&b->labels_by_key, key_hash(name, kind, p, a)); n; n = hash_next(n)) {
		struct vpn_label *l = OBJECT(n, struct vpn_label, by_key);
		if (l->kind == kind && !strcmp(l->name, name) &&
		    (kind != VPN_LABEL_ROUTE || prefix_eq(&l->prefix, p)) &&
		    (kind != VPN_LABEL_NEXT_HOP || addr_eq(&l->next_hop, a)))
			return l;
	}
	return NULL;
}

static struct vpn_label *
add(struct bgp *b, uint32_t label, const char *name, enum vpn_label_kind kind, const struct prefix *p,
    const struct addr *a)
{
	struct vpn_label *l = NEW(struct vpn_label);

	l->label = label;
	l->kind = (uint8_t)kind;
	memcpy(l->name, name, strlen(name) + 1);
	if (kind == VPN_LABEL_ROUTE)
		l->prefix = *p;
	if (kind == VPN_LABEL_NEXT_HOP)
		l->next_hop = *a;
	hash_add(&b->labels_by_key, &l->by_key, key_hash(name, kind, p, a));
	hash_add(&b->labels_by_value, &l->by_value, label);
	return l;
}

static void
release(struct bgp *b, struct vpn_label *l)
{
	table_gone(&b->label_table, &l->row);
	label_pool_give(b->labels, l->label, b->now);
	hash_remove(&b->labels_by_key, &l->by_key);
	hash_remove(&b->labels_by_value, &l->by_value);
	free(l);
}

/* With what it stands for now. */
static uint32_t
use(struct bgp *b, struct vpn_label *l, const struct addr *next_hop, bool pipe)
{
	bool other = !addr_eq(&l->next_hop, next_hop) || l->pipe != pipe;

	l->uses++;
	l->next_hop = *next_hop;
	l->pipe = pipe;
	if (other || !row_is_in_table(&l->row))
		table_changed(&b->label_table, &l->row);
	return l->label;
}

static uint32_t
get(struct instance *n, enum vpn_label_kind kind, const struct prefix *p, const struct addr *next_hop, bool pipe)
{
	struct bgp *b = n->bgp;
	struct vpn_label *l = find(b, n->name, kind, p, next_hop);

	if (l)
		return use(b, l, next_hop, pipe);
	uint32_t label = b->labels ? label_pool_take(b->labels, b->now) : LABEL_UNSET;
	if (label == LABEL_UNSET) {
		if (b->labels && !b->labels_lacked)
			bgp_note(b, 4,
			    "no label is left for routes of vpn-instance %s: set `apply-label per-instance` "
			    "in instances with many routes",
			    n->name);
		b->labels_lacked |= b->labels != NULL;
		return LABEL_UNSET;
	}
	return use(b, add(b, label, n->name, kind, p, next_hop), next_hop, pipe);
}

uint32_t
vpn_label_take(struct instance *n, const struct dest *d, const struct path *best, const struct bgp_vpn_config *v)
{
	struct addr none = addr_none();
	const struct addr *hop = best->peer ? &best->attrs->next_hop : &none;

	if (v->label)
		return v->label;
	if (v->label_mode == VPN_LABEL_PER_ROUTE)
		return get(n, VPN_LABEL_ROUTE, &d->prefix, hop, !v->uniform);
	if (v->label_mode == VPN_LABEL_PER_NEXT_HOP && best->peer)
		return get(n, VPN_LABEL_NEXT_HOP, NULL, hop, !v->uniform);
	return get(n, VPN_LABEL_INSTANCE, NULL, &none, !v->uniform);
}

void
vpn_label_drop(struct bgp *b, uint32_t label)
{
	for (struct hash_node *n = hash_first(&b->labels_by_value, label); n; n = hash_next(n)) {
		struct vpn_label *l = OBJECT(n, struct vpn_label, by_value);
		if (l->label != label)
			continue;
		if (l->uses && !--l->uses)
			release(b, l);
		return;
	}
}

/* --- instances --- */

/* Does it need a label of its own, whatever routes it has? */
static const struct bgp_vpn_config *
needs_label(const struct instance *n)
{
	for (int k = 0; k < 2 && *n->name; k++) {
		const struct bgp_vpn_config *v = &n->config.vpn[k];
		if (v->on && v->rd && !v->label && v->label_mode != VPN_LABEL_PER_ROUTE)
			return v;
	}
	return NULL;
}

void
vpn_labels_configure(struct instance *n)
{
	const struct bgp_vpn_config *v = needs_label(n);
	struct addr none = addr_none();
	uint32_t held = n->label, label = v ? get(n, VPN_LABEL_INSTANCE, NULL, &none, !v->uniform) : LABEL_UNSET;

	n->label = label;
	if (held != LABEL_UNSET)
		vpn_label_drop(n->bgp, held);
}

void
vpn_labels_instance_gone(struct instance *n)
{
	if (n->label != LABEL_UNSET)
		vpn_label_drop(n->bgp, n->label);
	n->label = LABEL_UNSET;
}

/* --- the range, and an earlier life --- */

void
vpn_labels_range(struct bgp *b, uint32_t first, uint32_t last)
{
	if (b->labels)
		return; /* ranges are fixed */
	b->labels = label_pool_new(first, last, LABEL_REST);
	label_pool_start(b->labels, first + (uint32_t)rng_below(&b->rng, last - first + 1));
	list_each (l, &b->instances) { /* what had to wait for it */
		struct instance *n = OBJECT(l, struct instance, of_bgp);
		vpn_labels_configure(n);
		for (unsigned f = BGP_IPV4; f <= BGP_IPV6; f++)
			if (n->ribs[f])
				hash_each (d, &n->ribs[f]->dests) {
					vpn_export(OBJECT(d, struct dest, by_key));
				}
	}
}

void
vpn_label_claim(struct bgp *b, const struct bgp_old_label *old)
{
	enum vpn_label_kind kind = old->kind;

	if (!b->labels || strlen(old->instance) >= BGP_NAME ||
	    find(b, old->instance, kind, &old->prefix, &old->next_hop) || !label_pool_claim(b->labels, old->label))
		return;
	struct vpn_label *l = add(b, old->label, old->instance, kind, &old->prefix, &old->next_hop);
	l->next_hop = old->next_hop;
}

void
vpn_labels_sweep(struct bgp *b)
{
	hash_each (n, &b->labels_by_value) {
		struct vpn_label *l = OBJECT(n, struct vpn_label, by_value);
		if (!l->uses)
			release(b, l);
	}
}

void
vpn_labels_init(struct bgp *b)
{
	hash_init(&b->labels_by_key);
	hash_init(&b->labels_by_value);
}

void
vpn_labels_free(struct bgp *b)
{
	hash_each (n, &b->labels_by_value) {
		struct vpn_label *l = OBJECT(n, struct vpn_label, by_value);
		table_gone(&b->label_table, &l->row);
		free(l);
	}
	hash_free(&b->labels_by_key);
	hash_free(&b->labels_by_value);
	label_pool_free(b->labels);
}

/* --- rows --- */

void
bgp_fill_label(const struct row *row, void *message, struct arena *arena)
{
	const struct vpn_label *l = CONST_OBJECT(row, struct vpn_label, row);
	L3vpn__Label *m = message;

	m->label = l->label;
	m->vrf = fill_text(l->name);
	m->next_hop = fill_addr(&l->next_hop, arena);
	if (l->kind == VPN_LABEL_ROUTE)
		m->prefix = fill_prefix(&l->prefix, arena);
	m->pipe = l->pipe;
}
