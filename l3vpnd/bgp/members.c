/*
 * Route target memberships, RFC 4684: who wants which VPN routes.
 *
 * They are routes of a table of their own, where the AS and the target stand for a prefix; so they are chosen, told and
 * reflected like others. We tell the targets that our instances import, or that we want everything: when we keep everything,
 * and as a reflector while some peer says nothing of memberships (it is to get everything), or after a restart, before it is
 * known again what others want.
 *
 * What a peer has told decides which VPN routes it is told (out_batch.c). It is told none before it has said all of its
 * memberships, or has had its time. When they change later, it is told the difference (out_walk.c: review).
 */
#include "l3vpnd/bgp/model.h"
#include <stdlib.h>
#include <string.h>

enum { VPN_FAMILIES = BGP_FAMILY_BIT(BGP_VPNV4) | BGP_FAMILY_BIT(BGP_VPNV6), AS_BITS = 32, WHOLE_BITS = 96 };

struct member_range { /* targets of which not all bits are said */
	uint64_t value, mask;
};
struct members {
	bool all;
	uint64_t *targets; /* ascending */
	size_t count;
	struct member_range *ranges;
	size_t range_count;
};

/* --- what a peer wants --- */

bool
members_are_asked(const struct peer *p, enum bgp_family f)
{
	return p->families & BGP_FAMILY_BIT(BGP_RT_CONSTRAINT) && p->families & VPN_FAMILIES & BGP_FAMILY_BIT(f);
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void
add(struct members *m, const struct prefix *p)
{
	struct wire_reader r = wire_reader(p->addr.bytes, sizeof p->addr.bytes);

	wire_u32(&r); /* whose it is says nothing about which routes it wants */
	uint64_t target = wire_u64(&r);
	if (p->len <= AS_BITS) {
		m->all = true;
	} else if (p->len < WHOLE_BITS) {
		m->ranges = mem_resize(m->ranges, (m->range_count + 1) * sizeof *m->ranges);
		m->ranges[m->range_count++] =
		    (struct member_range){ .value = target, .mask = ~UINT64_C(0) << (WHOLE_BITS - p->len) };
	} else {
		m->targets = mem_resize(m->targets, (m->count + 1) * sizeof *m->targets);
		m->targets[m->count++] = target;
	}
}

static struct members *
members_of(const struct peer *p)
{
	const struct rib *r = p->instance->ribs[BGP_RT_CONSTRAINT];
	struct members *m = NEW(struct members);

	if (r)
		hash_each (n, &r->dests) {
			const struct dest *d = OBJECT(n, struct dest, by_key);
			for (const struct path *k = d->paths; k; k = k->next)
				if (k->peer == p && k->fault != PATH_LOOP && k->fault != PATH_OWN_ORIGIN)
					add(m, &d->prefix);
		}
	if (m->count)
		qsort(m->targets, m->count, sizeof *m->targets, compare);
	return m;
}

static void
members_free(struct members *m)
{
	if (!m)
		return;
	free(m->targets);
	free(m->ranges);
	free(m);
}

static bool
wants_one(const struct members *m, uint64_t target)
{
	if (m->count && bsearch(&target, m->targets, m->count, sizeof target, compare))
		return true;
	for (size_t i = 0; i < m->range_count; i++)
		if (((target ^ m->ranges[i].value) & m->ranges[i].mask) == 0)
			return true;
	return false;
}

bool
members_want(const struct members *m, const struct attr_set *a)
{
	struct wire_reader ext = attr_list(a, LIST_EXT);

	if (m->all)
		return true;
	while (wire_left(&ext)) {
		uint64_t c = wire_u64(&ext);
		if (ext_is_target(c) && wants_one(m, c))
			return true;
	}
	return false;
}

static bool
are_equal(const struct members *a, const struct members *b)
{
	return a->all == b->all && a->count == b->count && a->range_count == b->range_count &&
	       (!a->count || memcmp(a->targets, b->targets, a->count * sizeof *a->targets) == 0) &&
	       (!a->range_count || memcmp(a->ranges, b->ranges, a->range_count * sizeof *a->ranges) == 0);
}

void
members_moved(struct peer *p)
{
	p->members_moved = p->bgp->members_moved = true;
}

void
members_ready(struct peer *p)
{
	timer_clear(&p->bgp->timers, &p->members_wait);
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		if (!p->family[f].held)
			continue;
		p->family[f].held = false;
		if (!p->members) {
			p->members = members_of(p);
			p->members_moved = false;
		}
		out_join(p, (enum bgp_family)f);
	}
}

void
members_forget(struct peer *p)
{
	timer_clear(&p->bgp->timers, &p->members_wait);
	members_free(p->members);
	members_free(p->members_before);
	p->members = p->members_before = NULL;
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		p->family[f].held = false;
	p->bgp->members_asked = true;
}

void
members_reviewed(struct peer *p)
{
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		if (!list_is_empty(&p->family[f].of_review))
			return;
	members_free(p->members_before);
	p->members_before = NULL;
	if (p->members_moved) /* and meanwhile it has said something else */
		p->bgp->members_moved = p->bgp->more = true;
}

static void
review(struct peer *p)
{
	if (!p->members_moved || !p->members || p->members_before)
		return;
	struct members *now = members_of(p);
	p->members_moved = false;
	if (are_equal(p->members, now)) {
		members_free(now);
		return;
	}
	p->members_before = p->members;
	p->members = now;
	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		if (members_are_asked(p, (enum bgp_family)f) && p->family[f].out)
			out_review(p, (enum bgp_family)f);
	members_reviewed(p); /* should nothing be told of it */
}

/* --- what we want --- */

static bool
wants_all(const struct bgp *b, const struct instance *public)
{
	if (b->config.no_target_policy)
		return true;
	if (!(b->reflects & VPN_FAMILIES))
		return false;
	if (b->restarted)
		return true;
	hash_each (k, &public->peers) {
		const struct peer *p = OBJECT(k, struct peer, by_address);
		if (p->families & VPN_FAMILIES && !(p->families & BGP_FAMILY_BIT(BGP_RT_CONSTRAINT)))
			return true;
	}
	return false;
}

static bool
speaks_of_members(const struct instance *public)
{
	hash_each (k, &public->peers) {
		if (OBJECT(k, struct peer, by_address)->config.family[BGP_RT_CONSTRAINT].enabled)
			return true;
	}
	return false;
}

static bool
is_ours(const struct bgp *b, const struct prefix *p, bool all)
{
	struct wire_reader r = wire_reader(p->addr.bytes, sizeof p->addr.bytes);
	uint32_t as = wire_u32(&r);
	uint64_t target = wire_u64(&r);

	if (!p->len)
		return all;
	return as == b->config.as && p->len == WHOLE_BITS &&
	       (vpn_target_find(b, BGP_VPNV4, target) || vpn_target_find(b, BGP_VPNV6, target));
}

static void
put_own(struct rib *r, uint32_t as, uint64_t target, uint8_t bits)
{
	const struct prefix p = nlri_of_membership(as, target, bits);
	const struct addr none = addr_none();

	path_put(dest_get(r, 0, &p), NULL, 0,
	    attr_of_own(&r->bgp->attrs, ORIGIN_IGP, &none, 0, false, wire_reader(NULL, 0)), NLRI_NO_LABEL, PATH_GOOD);
}

static void
tell_ours(struct bgp *b)
{
	struct instance *public = instance_find(b, "");
	bool speaks = public && speaks_of_members(public), all = speaks && wants_all(b, public);

	if (!public || (!speaks && !public->ribs[BGP_RT_CONSTRAINT]))
		return;
	struct rib *r = rib_get(public, BGP_RT_CONSTRAINT);
	hash_each (n, &r->dests) {
		struct dest *d = OBJECT(n, struct dest, by_key);
		if (!speaks || !is_ours(b, &d->prefix, all))
			path_gone(d, NULL, 0);
	}
	if (all)
		put_own(r, 0, 0, 0);
	hash_each (k, &b->targets) {
		if (speaks)
			put_own(r, b->config.as, OBJECT(k, struct target, by_target)->target, WHOLE_BITS);
	}
}

void
members_run(struct bgp *b)
{
	if (b->members_asked) {
		b->members_asked = false;
		tell_ours(b);
		ribs_settle(b);
	}
	if (!b->members_moved)
		return;
	b->members_moved = false;
	list_each (l, &b->instances) {
		hash_each (k, &OBJECT(l, struct instance, of_bgp)->peers) {
			review(OBJECT(k, struct peer, by_address));
		}
	}
}
