/*
 * Tables: destinations, the paths to them, and the next hops that these hang on.
 *
 * Whatever changes a path only marks its destination; at the end of the input ribs_settle() looks at each marked one once. A
 * next hop whose reach has changed marks the destinations of all paths over it.
 */
#include "l3vpnd/bgp/model.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
path_fault_text(enum path_fault f)
{
	static const char *const texts[PATH_FAULTS] = { "", "our AS stands in its AS path",
		"it comes from ourselves, by way of a reflector", "its next hop is an address of ours",
		"its next hop is not reached", "no LSP leads to its next hop",
		"no LSP that the tunnel policy of its vpn-instance permits leads to its next hop",
		"its vpn-instance has as many routes as it may have (routing-table limit)",
		"a leak: it should not come from there" };

	return texts[f];
}

bool
path_fault_passes(enum path_fault f)
{
	return f == PATH_NO_NEXT_HOP || f == PATH_NO_LSP || f == PATH_NO_TUNNEL || f == PATH_LIMIT;
}

/* --- next hops --- */

static struct next_hop *
next_hop_find(const struct instance *n, const struct addr *a, const char *policy)
{
	uint32_t hash = hash_bytes(a->bytes, sizeof a->bytes, a->family);

	for (struct hash_node *at = hash_first(&n->next_hops, hash); at; at = hash_next(at)) {
		struct next_hop *h = OBJECT(at, struct next_hop, by_address);
		if (addr_eq(&h->address, a) && strcmp(h->policy, policy) == 0)
			return h;
	}
	return NULL;
}

static struct next_hop *
next_hop_get(struct instance *n, const struct addr *a, const char *policy)
{
	struct next_hop *h = next_hop_find(n, a, policy);

	if (h)
		return h;
	h = NEW(struct next_hop);
	h->instance = n;
	h->address = *a;
	snprintf(h->policy, sizeof h->policy, "%s", policy);
	list_init(&h->paths);
	list_init(&h->idle);
	hash_add(&n->next_hops, &h->by_address, hash_bytes(a->bytes, sizeof a->bytes, a->family));
	return h;
}

static void
next_hop_free(struct next_hop *h)
{
	table_gone(&h->instance->bgp->next_hop_table, &h->row);
	list_remove(&h->idle);
	hash_remove(&h->instance->next_hops, &h->by_address);
	free(h);
}

void
next_hop_told(struct instance *n, const struct bgp_next_hop *told, bool gone)
{
	struct next_hop *h =
	    gone ? next_hop_find(n, &told->address, told->policy) : next_hop_get(n, &told->address, told->policy);

	if (!h)
		return;
	h->lent = false;
	if (!gone && h->known && h->reachable == told->reachable && h->lsp == told->lsp && h->metric == told->metric)
		return;
	h->known = !gone;
	h->reachable = !gone && told->reachable;
	h->lsp = !gone && told->lsp;
	h->metric = told->metric;
	list_each (l, &h->paths) {
		dest_dirty(OBJECT(l, struct path, of_hop)->dest);
	}
	if (gone && list_is_empty(&h->paths))
		next_hop_free(h);
}

/* BFD watches it, or does so no longer: routes over it are told again. */
void
next_hop_watched(struct instance *n, const struct addr *a)
{
	struct next_hop *h = next_hop_find(n, a, ""); /* a customer's: no policy is about it */

	if (!h)
		return;
	list_each (l, &h->paths) {
		struct dest *d = OBJECT(l, struct path, of_hop)->dest;
		d->forward_moved = true;
		row_dest(d);
	}
}

/* A path goes over it: somebody has to say how it is reached. */
static void
next_hop_use(struct next_hop *h, struct path *p)
{
	p->hop = h;
	list_append(&h->paths, &p->of_hop);
	if (!row_is_in_table(&h->row))
		table_changed(&h->instance->bgp->next_hop_table, &h->row);
}

/* Only now is it asked about no longer: a path that has gone may have come back in the same go. */
static void
hops_settle(struct bgp *b)
{
	while (!list_is_empty(&b->idle_hops)) {
		struct next_hop *h = OBJECT(b->idle_hops.next, struct next_hop, idle);
		list_remove(&h->idle);
		if (!list_is_empty(&h->paths))
			continue;
		if (h->known && !h->lent) /* until whoever said so takes it back */
			table_gone(&b->next_hop_table, &h->row);
		else
			next_hop_free(h);
	}
}

void
next_hops_free(struct instance *n)
{
	hash_each (at, &n->next_hops) {
		next_hop_free(OBJECT(at, struct next_hop, by_address));
	}
	hash_free(&n->next_hops);
}

/* --- destinations --- */

uint32_t
dest_hash(uint64_t rd, const struct prefix *p)
{
	return prefix_hash(p) ^ (uint32_t)(rd * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

struct rib *
rib_get(struct instance *n, enum bgp_family f)
{
	struct rib *r = n->ribs[f];

	if (r)
		return r;
	r = NEW(struct rib);
	r->bgp = n->bgp;
	r->instance = n;
	r->family = f;
	hash_init(&r->dests);
	list_init(&r->changed);
	list_init(&r->dirty);
	list_init(&r->outs);
	pool_init(&r->dest_pool, f == BGP_IPV4 || f == BGP_IPV6 ? sizeof(struct routed) : sizeof(struct dest));
	pool_init(&r->path_pool, sizeof(struct path));
	n->ribs[f] = r;
	return r;
}

struct dest *
dest_find(const struct rib *r, uint64_t rd, const struct prefix *p)
{
	for (struct hash_node *n = hash_first(&r->dests, dest_hash(rd, p)); n; n = hash_next(n)) {
		struct dest *d = OBJECT(n, struct dest, by_key);
		if (d->rd == rd && prefix_eq(&d->prefix, p))
			return d;
	}
	return NULL;
}

struct dest *
dest_get(struct rib *r, uint64_t rd, const struct prefix *p)
{
	struct dest *d = dest_find(r, rd, p);

	if (d)
		return d;
	d = pool_take(&r->dest_pool);
	d->rib = r;
	d->rd = rd;
	d->prefix = *p;
	list_init(&d->by_change);
	list_init(&d->dirty);
	hash_add(&r->dests, &d->by_key, dest_hash(rd, p));
	return d;
}

void
dest_dirty(struct dest *d)
{
	if (list_is_empty(&d->dirty))
		list_append(&d->rib->dirty, &d->dirty);
}

/* Nobody leads there, and nobody has been told that somebody does. */
static void
dest_release(struct dest *d)
{
	struct rib *r = d->rib;

	if (d->paths || d->told)
		return;
	row_dest_gone(d);
	out_gone(d);
	list_remove(&d->by_change);
	list_remove(&d->dirty);
	hash_remove(&r->dests, &d->by_key);
	pool_give(&r->dest_pool, d);
}

/* --- paths --- */

static void
path_unlink_hop(struct path *p)
{
	struct next_hop *h = p->hop;

	p->hop = NULL;
	if (!h)
		return;
	list_remove(&p->of_hop);
	if (list_is_empty(&h->paths) && list_is_empty(&h->idle))
		list_append(&h->instance->bgp->idle_hops, &h->idle);
}

/* What an instance imports goes over LSPs to other provider edges, and which of these may be taken it says itself. */
static const char *
policy_of(const struct rib *r)
{
	return r->instance->config.vpn[r->family == BGP_IPV6].tunnel_policy;
}

void
next_hops_follow_policy(struct rib *r)
{
	hash_each (n, &r->dests) {
		struct dest *d = OBJECT(n, struct dest, by_key);
		for (struct path *p = d->paths; p; p = p->next) {
			struct next_hop *old = p->hop;
			if (!p->origin || !old)
				continue;
			struct next_hop *h = next_hop_get(old->instance, &old->address, policy_of(r));
			if (h == old)
				continue;
			if (!h->known) {
				h->known = h->lent = old->known;
				h->reachable = old->reachable;
				h->lsp = old->lsp;
				h->metric = old->metric;
			}
			path_unlink_hop(p);
			next_hop_use(h, p);
			dest_dirty(d);
		}
	}
}

/* It is about to say something else, or to go. */
static void
path_moves(struct path *p)
{
	p->dest->choice_moved |= p->best || p->multi;
	p->dest->forward_moved |= p->forward || p->standby;
}

/* Of the destination's other paths, whichever is chosen now: would it be told to the same? */
static bool
others_have_targets_of(const struct path *p)
{
	for (const struct path *k = p->dest->paths; k; k = k->next)
		if (k != p && !attr_lists_are_same(k->attrs, p->attrs, LIST_EXT))
			return false;
	return true;
}

/* The lowest that no other path to the destination has. */
static uint16_t
number_for(const struct dest *d)
{
	uint64_t used = 0;
	uint32_t most = 0;

	for (const struct path *p = d->paths; p; p = p->next) {
		used |= p->number && p->number <= 64 ? UINT64_C(1) << (p->number - 1) : 0;
		most = p->number > most ? p->number : most;
	}
	if (!~used)
		return most < UINT16_MAX ? (uint16_t)(most + 1) : 0;
	return (uint16_t)(__builtin_ctzll(~used) + 1);
}

static void
path_free(struct path **at)
{
	struct path *p = *at;
	struct rib *r = p->dest->rib;

	*at = p->next;
	if (p->peer && !p->origin)
		p->peer->family[r->family].prefixes--;
	if (p->peer && r->family == BGP_RT_CONSTRAINT)
		members_moved(p->peer);
	if (p->origin)
		vpn_import_unlink(p);
	else
		vpn_import_drop(p);
	path_unlink_hop(p);
	r->path_count--;
	path_moves(p);
	p->dest->targets_moved |= p->best && !others_have_targets_of(p);
	dest_dirty(p->dest);
	attr_drop(&r->bgp->attrs, p->attrs);
	pool_give(&r->path_pool, p);
}

static struct path **
path_at(struct dest *d, const struct peer *peer, uint32_t id)
{
	struct path **at = &d->paths;

	while (*at && ((*at)->peer != peer || (*at)->id != id || (*at)->origin))
		at = &(*at)->next;
	return at;
}

/* What it says from now on; takes over the use of the attributes. */
static void
path_say(struct path *p, const struct attr_set *attrs, uint32_t label, enum path_fault fault)
{
	const struct rib *r = p->dest->rib;

	assert(attrs);
	p->attrs = attrs;
	p->label = label;
	p->fault = (uint8_t)fault;
	bool hopeless = fault && !path_fault_passes(fault);
	if (addr_is_set(&attrs->next_hop) && p->peer && !hopeless) /* an imported one goes over the public network */
		next_hop_use(next_hop_get(p->origin ? p->origin->dest->rib->instance : r->instance, &attrs->next_hop,
				 p->origin ? policy_of(r) : ""),
		    p);
	if (p->peer && r->family == BGP_RT_CONSTRAINT)
		members_moved(p->peer);
	dest_dirty(p->dest);
}

/* About to say something else. */
static void
path_silence(struct path *p, const struct attr_set *next)
{
	path_unlink_hop(p);
	path_moves(p);
	p->dest->targets_moved |= !attr_lists_are_same(p->attrs, next, LIST_EXT);
	attr_drop(&p->dest->rib->bgp->attrs, p->attrs);
}

void
path_put(
    struct dest *d, struct peer *peer, uint32_t id, const struct attr_set *attrs, uint32_t label, enum path_fault fault)
{
	struct rib *r = d->rib;
	struct path **at = path_at(d, peer, id), *p = *at;
	uint16_t generation = peer ? peer->family[r->family].generation : 0;

	if (p && p->attrs == attrs && p->label == label && p->fault == fault) { /* said again */
		if (p->generation != generation)
			dest_dirty(d);
		p->generation = generation;
		attr_drop(&r->bgp->attrs, attrs);
		return;
	}
	if (!p) {
		p = pool_take(&r->path_pool);
		p->dest = d;
		p->peer = peer;
		p->id = id;
		p->number = number_for(d);
		list_init(&p->of_hop);
		*at = p;
		r->path_count++;
		if (peer)
			peer->family[r->family].prefixes++;
	} else {
		path_silence(p, attrs);
	}
	p->generation = generation;
	path_say(p, attrs, label, fault);
}

void
path_restate(struct path *p, const struct attr_set *attrs)
{
	path_silence(p, attrs);
	path_say(p, attrs, p->label, (enum path_fault)p->fault);
}

void
path_follow(struct path *p, const struct attr_set *attrs)
{
	const struct path *o = p->origin;

	if (p->attrs == attrs && p->label == o->label && p->generation == o->generation) {
		attr_drop(&p->dest->rib->bgp->attrs, attrs);
		return;
	}
	if (p->attrs)
		path_silence(p, attrs);
	p->generation = o->generation;
	path_say(p, attrs, o->label,
	    o->fault == PATH_NO_NEXT_HOP || o->fault == PATH_NO_LSP || o->fault == PATH_LIMIT ? PATH_GOOD : o->fault);
}

void
path_gone(struct dest *d, struct peer *peer, uint32_t id)
{
	struct path **at = path_at(d, peer, id);

	if (*at)
		path_free(at);
}

void
path_drop(struct path *p)
{
	struct path **at = &p->dest->paths;

	while (*at != p)
		at = &(*at)->next;
	path_free(at);
}

struct path *
path_import(struct dest *d, struct path *origin)
{
	struct rib *r = d->rib;
	struct path *p = pool_take(&r->path_pool), **at = &d->paths;

	p->dest = d;
	p->peer = origin->peer;
	p->id = origin->id;
	p->origin = origin;
	p->imports = origin->imports;
	origin->imports = p;
	p->number = number_for(d);
	list_init(&p->of_hop);
	while (*at)
		at = &(*at)->next;
	*at = p;
	r->path_count++;
	return p;
}

void
rib_drop_peer(struct rib *r, struct peer *peer, bool stale_only)
{
	hash_each (n, &r->dests) {
		struct dest *d = OBJECT(n, struct dest, by_key);
		struct path **at = &d->paths;
		while (*at)
			if ((*at)->peer == peer &&
			    (!stale_only || (*at)->generation != peer->family[r->family].generation))
				path_free(at);
			else
				at = &(*at)->next;
	}
}

/* The next ones will be looked for in the tables of instances. */
static void
expect_imports(const struct rib *r)
{
	for (int nodes = 0; nodes < 2; nodes++) {
		const struct list *l = r->dirty.next;
		for (int i = 0; i < DESTS_EXPECTED && l != &r->dirty; i++, l = l->next)
			vpn_import_expect(CONST_OBJECT(l, struct dest, dirty), nodes);
	}
}

static void
rib_settle(struct rib *r)
{
	bool is_vpn = r->family == BGP_VPNV4 || r->family == BGP_VPNV6;

	for (unsigned k = 0; !list_is_empty(&r->dirty); k++) {
		if (is_vpn && k % DESTS_EXPECTED == 0)
			expect_imports(r);
		struct dest *d = OBJECT(r->dirty.next, struct dest, dirty);
		list_remove(&d->dirty);
		bool changed = decide(d);
		row_dest(d);
		changed |= r->family == BGP_RT_CONSTRAINT; /* another than the chosen one may be told */
		d->chosen_at = changed ? ++r->choices : d->chosen_at;
		if (changed || r->adding)
			out_changed(d);
		if (is_vpn)
			vpn_import(d);
		else if (changed)
			vpn_export(d);
		dest_release(d);
	}
	if (r->has_room)
		vpn_limit_review(r);
}

void
ribs_settle(struct bgp *b)
{
	bool again = true;

	while (again) { /* what one instance tells another, that one may have to look at */
		again = false;
		list_each (l, &b->instances) {
			const struct instance *n = OBJECT(l, struct instance, of_bgp);
			for (unsigned f = 0; f < BGP_FAMILIES; f++)
				if (n->ribs[f] && !list_is_empty(&n->ribs[f]->dirty)) {
					rib_settle(n->ribs[f]);
					again = true;
				}
		}
	}
	hops_settle(b);
}

void
bgp_rib_free(struct rib *r)
{
	outs_free(r);
	hash_each (n, &r->dests) {
		struct dest *d = OBJECT(n, struct dest, by_key);
		while (d->paths)
			path_free(&d->paths);
		row_dest_gone(d);
		list_remove(&d->dirty);
		list_remove(&d->by_change);
		pool_give(&r->dest_pool, d);
	}
	hash_free(&r->dests);
	pool_free(&r->dest_pool);
	pool_free(&r->path_pool);
	r->instance->ribs[r->family] = NULL;
	free(r);
}
