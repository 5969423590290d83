/*
 * Routes between the VPN tables and the instances, RFC 4364 section 4.
 *
 * A path of a VPN table is *imported* into each instance that imports one of its targets: a path there that follows it, over
 * the public network's next hop and with its label. What is chosen in an instance, if it was not imported, is *exported*: a
 * path of our own in the VPN table, with the instance's distinguisher, label and targets, which other instances here may
 * import like any other (but never the one that it came from).
 */
#include "l3vpnd/bgp/model.h"
#include <string.h>

/* --- import --- */

static enum bgp_family
plain_of(enum bgp_family vpn)
{
	return vpn == BGP_VPNV4 ? BGP_IPV4 : BGP_IPV6;
}

static const struct bgp_vpn_config *
config_of(const struct instance *n, enum bgp_family plain)
{
	return &n->config.vpn[plain == BGP_IPV6];
}

/* Where one of our own came from, by its distinguisher; NULL: a peer told it. */
static bool
is_from(const struct path *p, const struct instance *n)
{
	return !p->peer && config_of(n, plain_of(p->dest->rib->family))->rd == p->dest->rd;
}

/* Another path of the VPN table's destination leads there already, mostly: then nothing has to be looked for. */
static struct dest *
dest_in(struct instance *n, const struct path *p)
{
	struct rib *r = rib_get(n, plain_of(p->dest->rib->family));

	for (const struct path *k = p->dest->paths; k; k = k->next)
		for (const struct path *i = k->imports; i; i = i->imports)
			if (i->dest->rib == r)
				return i->dest;
	return dest_get(r, 0, &p->dest->prefix);
}

static void
import_into(struct instance *n, struct path *p)
{
	const struct attr_set *a = policy_of_instance(n, p, p->attrs, true);

	if (a)
		path_follow(path_import(dest_in(n, p), p), a);
}

void
vpn_import_expect(const struct dest *d, bool nodes)
{
	enum bgp_family plain = plain_of(d->rib->family);

	if (!d->paths || d->paths->imports)
		return;
	struct wire_reader ext = attr_list(d->paths->attrs, LIST_EXT);
	while (wire_left(&ext)) {
		const struct target *t = vpn_target_find(d->rib->bgp, d->rib->family, wire_u64(&ext));
		for (size_t i = 0; t && i < t->count; i++) {
			const struct rib *r = t->instances[i]->ribs[plain];
			if (r && nodes)
				mem_fetch(hash_likely(&r->dests, dest_hash(0, &d->prefix)), sizeof(struct hash_node));
			else if (r)
				hash_expect(&r->dests, dest_hash(0, &d->prefix));
		}
	}
}

static void
import_one(struct path *p)
{
	struct bgp *b = p->dest->rib->bgp;
	enum bgp_family family = p->dest->rib->family;
	uint64_t question = vpn_targets_ask(b, family, p->attrs);
	struct path **at = &p->imports;

	while (*at) {
		struct path *i = *at;
		struct instance *n = i->dest->rib->instance;
		bool wanted = n->wanted == question && !is_from(p, n);
		const struct attr_set *a = wanted ? policy_of_instance(n, p, p->attrs, true) : NULL;
		n->wanted = wanted ? 0 : n->wanted; /* it has it already, or its policy has said no */
		if (!a) {
			path_drop(i); /* and off the list */
			continue;
		}
		path_follow(i, a);
		at = &i->imports;
	}
	struct wire_reader ext = attr_list(p->attrs, LIST_EXT);
	while (wire_left(&ext)) {
		const struct target *t = vpn_target_find(b, family, wire_u64(&ext));
		for (size_t i = 0; t && i < t->count; i++)
			if (t->instances[i]->wanted == question && !is_from(p, t->instances[i])) {
				t->instances[i]->wanted = 0;
				import_into(t->instances[i], p);
			}
	}
}

/* What can never be used is not imported, and what two reflectors tell of one PE only once: the better of the two. */
static bool
is_worth_importing(const struct dest *d, const struct path *p)
{
	if (p->fault != PATH_GOOD && p->fault != PATH_NO_NEXT_HOP && p->fault != PATH_NO_LSP)
		return false;
	for (const struct path *before = d->paths; before != p; before = before->next)
		if (before->fault == p->fault && before->label == p->label &&
		    addr_eq(&before->attrs->next_hop, &p->attrs->next_hop))
			return false;
	return true;
}

void
vpn_import(struct dest *d)
{
	for (struct path *p = d->paths; p; p = p->next)
		if (is_worth_importing(d, p))
			import_one(p);
		else
			vpn_import_drop(p);
}

void
vpn_import_unlink(struct path *p)
{
	for (struct path **at = &p->origin->imports; *at; at = &(*at)->imports)
		if (*at == p) {
			*at = p->imports;
			return;
		}
}

void
vpn_import_drop(struct path *p)
{
	while (p->imports)
		path_drop(p->imports);
}

/* --- export --- */

static const struct attr_set *
exported(const struct path *p, const struct bgp_vpn_config *v)
{
	struct attr_store *store = &p->dest->rib->bgp->attrs;
	struct wire_reader ext = attr_list(p->attrs, LIST_EXT);
	uint8_t bytes[2048];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	for (unsigned i = 0; i < v->export_count; i++)
		wire_put_u64(&w, v->export[i]);
	if (ext.size <= sizeof bytes - w.at)
		wire_put_bytes(&w, ext.base, ext.size);
	const struct attr_set *with = attr_changed(store, p->attrs,
	    &(struct attr_change){ .ext_set = true,
		.ext = wire_reader(bytes, w.at),
		.next_hop_set = true, /* it is ours: other PEs send packets with our label to us */
		.preferred_set = true });
	if (!with)
		return NULL;
	const struct attr_set *a = policy_of_instance(p->dest->rib->instance, p, with, false);
	attr_drop(store, with);
	return a;
}

/* Our own there, by its distinguisher; NULL: none. */
static const struct path *
own_path(const struct dest *there)
{
	const struct path *p = there ? there->paths : NULL;

	while (p && (p->peer || p->origin))
		p = p->next;
	return p;
}

static void
unexport_one(struct dest *there)
{
	const struct path *p = own_path(there);

	if (!there || !p)
		return;
	uint32_t label = p->label;
	path_gone(there, NULL, 0);
	vpn_label_drop(there->rib->bgp, label);
}

void
vpn_export(struct dest *d)
{
	struct instance *n = d->rib->instance;
	enum bgp_family family = vpn_family_of(d->rib->family);
	struct instance *public = instance_find(n->bgp, "");
	const struct bgp_vpn_config *v = config_of(n, d->rib->family);
	const struct path *best = d->paths && d->paths->best && !d->paths->origin ? d->paths : NULL;

	if (family == d->rib->family || !*n->name || !public)
		return;
	struct rib *r = rib_get(public, family);
	struct dest *there = v->rd ? dest_find(r, v->rd, &d->prefix) : NULL;
	bool told = best && v->on && v->rd && v->export_count;
	uint32_t label = told ? vpn_label_take(n, d, best, v) : LABEL_UNSET;
	const struct attr_set *a = label != LABEL_UNSET ? exported(best, v) : NULL;
	if (!a) {
		if (label != LABEL_UNSET)
			vpn_label_drop(n->bgp, label);
		unexport_one(there);
		return;
	}
	const struct path *was = own_path(there);
	uint32_t old = was ? was->label : LABEL_UNSET;
	path_put(dest_get(r, v->rd, &d->prefix), NULL, 0, a, label, PATH_GOOD);
	if (old != LABEL_UNSET)
		vpn_label_drop(n->bgp, old);
}

/* --- configuration --- */

static bool
is_same(const struct bgp_vpn_config *a, const struct bgp_vpn_config *b)
{
	return a->on == b->on && a->rd == b->rd && a->label == b->label && a->import_count == b->import_count &&
	       a->export_count == b->export_count && a->label_mode == b->label_mode && a->uniform == b->uniform &&
	       a->limit == b->limit && a->limit_warns == b->limit_warns && a->limit_percent == b->limit_percent &&
	       memcmp(a->import, b->import, sizeof a->import) == 0 &&
	       memcmp(a->export, b->export, sizeof a->export) == 0 && !strcmp(a->import_policy, b->import_policy) &&
	       !strcmp(a->export_policy, b->export_policy);
}

/* What was exported under another distinguisher goes. */
static void
unexport(struct instance *n, enum bgp_family plain, uint64_t rd)
{
	const struct instance *public = instance_find(n->bgp, "");
	struct rib *r = public ? public->ribs[vpn_family_of(plain)] : NULL;

	if (!r || !rd || !n->ribs[plain])
		return;
	hash_each (k, &n->ribs[plain]->dests) {
		unexport_one(dest_find(r, rd, &OBJECT(k, struct dest, by_key)->prefix));
	}
}

void
vpn_configure(struct instance *n, const struct bgp_vpn_config before[2])
{
	static const enum bgp_family plain[] = { BGP_IPV4, BGP_IPV6 };

	for (int k = 0; k < 2; k++) {
		if (n->ribs[plain[k]] && strcmp(before[k].tunnel_policy, n->config.vpn[k].tunnel_policy) != 0)
			next_hops_follow_policy(n->ribs[plain[k]]);
		if (is_same(&before[k], &n->config.vpn[k]) || !*n->name)
			continue;
		n->bgp->targets_moved = true;
		vpn_labels_configure(n);
		if (before[k].rd != n->config.vpn[k].rd)
			unexport(n, plain[k], before[k].rd);
		if (!n->ribs[plain[k]])
			continue;
		n->ribs[plain[k]]->has_room = true; /* its limit may be another; who is in stays */
		if (list_is_empty(&n->ribs[plain[k]]->dirty))
			vpn_limit_review(n->ribs[plain[k]]);
		hash_each (d, &n->ribs[plain[k]]->dests) {
			vpn_export(OBJECT(d, struct dest, by_key));
		}
	}
}

void
vpn_instance_gone(struct instance *n)
{
	unexport(n, BGP_IPV4, n->config.vpn[0].rd);
	unexport(n, BGP_IPV6, n->config.vpn[1].rd);
	vpn_labels_instance_gone(n);
}

static uint32_t
reflected(const struct instance *public)
{
	uint32_t families = 0;

	hash_each (k, &public->peers) {
		const struct peer *p = OBJECT(k, struct peer, by_address);
		for (unsigned f = 0; p->internal && f < BGP_FAMILIES; f++)
			families |= p->config.family[f].reflect_client ? BGP_FAMILY_BIT(f) : 0;
	}
	return families;
}

void
vpn_review(struct bgp *b)
{
	const struct instance *public = instance_find(b, "");
	uint32_t kept = b->keeps, vpns = BGP_FAMILY_BIT(BGP_VPNV4) | BGP_FAMILY_BIT(BGP_VPNV6);

	b->reflects = public ? reflected(public) : 0;
	b->members_asked = true;
	b->keeps = vpns & (b->config.no_target_policy ? vpns : b->reflects);
	bool ask = kept != b->keeps; /* what nobody wanted was not kept, and others are not wanted any more */
	if (b->targets_moved) {
		b->targets_moved = false;
		vpn_targets_rebuild(b);
		for (unsigned f = BGP_VPNV4; public && f <= BGP_VPNV6; f++)
			if (public->ribs[f])
				hash_each (k, &public->ribs[f]->dests) {
					dest_dirty(OBJECT(k, struct dest, by_key));
				}
		ask |= b->keeps != vpns;
	}
	if (ask && public)
		hash_each (p, &public->peers) {
			peer_refresh(OBJECT(p, struct peer, by_address), UINT32_MAX);
		}
}
