/*
 * What is said of a path to the peers of an out: whether they may hear of it at all, what its export policy makes of it, and
 * what the protocol changes on the way (RFC 4271 5, 4456 8, 9234 5). The policy goes first: it sees a path as we have it.
 */
#include "l3vpnd/bgp/as_path.h"
#include "l3vpnd/bgp/out.h"

static bool
is_from_internal(const struct path *p)
{
	return p->peer && p->peer->internal;
}

static bool
is_from_client(const struct path *p)
{
	return p->peer && p->peer->config.family[p->dest->rib->family].reflect_client;
}

static bool
may_be_told(const struct out *o, const struct path *p)
{
	const struct attr_set *a = p->attrs;

	if (attr_has_community(a, COMMUNITY_NO_ADVERTISE))
		return false;
	if (!o->key.long_lived && attr_has_community(a, COMMUNITY_LLGR_STALE)) /* RFC 9494 4.3 */
		return false;
	if (!o->key.internal)
		return !attr_has_community(a, COMMUNITY_NO_EXPORT) &&
		       !attr_has_community(a, COMMUNITY_NO_EXPORT_SUBCONFED) &&
		       (!o->key.origin_site || !attr_has_ext(a, o->key.origin_site)) &&
		       role_may_tell(o->key.role, o->rib->family, a);
	/* RFC 4456 6: from a client to all, from the others to clients. */
	return !is_from_internal(p) || o->key.reflect_client || is_from_client(p);
}

/* RFC 4684 3.2: of memberships, who is no client hears a client's where ours is from one that is none either. */
const struct path *
out_choice(const struct out *o, const struct dest *d)
{
	const struct path *best = d->paths && d->paths->best ? d->paths : NULL;

	if (!best || o->rib->family != BGP_RT_CONSTRAINT || !o->key.internal || may_be_told(o, best))
		return best;
	for (const struct path *p = d->paths; p; p = p->next)
		if (p->fault == PATH_GOOD && may_be_told(o, p))
			return p;
	return best;
}

static bool
is_vpn(const struct rib *r)
{
	return r->family == BGP_VPNV4 || r->family == BGP_VPNV6;
}

static uint32_t
own_local_pref(const struct rib *r)
{
	return r->instance->config.local_pref ? r->instance->config.local_pref : BGP_LOCAL_PREF;
}

static void
change_for_internal(const struct out *o, const struct path *p, const struct attr_set *a, struct attr_change *c,
    uint8_t *room, size_t size)
{
	const struct bgp *b = o->rib->bgp;
	struct wire_writer w = wire_writer(room, size);
	bool is_membership = o->rib->family == BGP_RT_CONSTRAINT && o->key.reflect_client;

	if (!is_from_internal(p)) {
		c->local_pref_set = !a->has_local_pref;
		c->local_pref = own_local_pref(o->rib);
		c->next_hop_set = !addr_is_set(&a->next_hop) || o->key.next_hop_local;
		c->next_hop = o->key.local;
		return;
	}
	/* RFC 4684 3.2: a client is to believe its own membership when it comes back, for it says that we want it too. */
	c->originator_set = is_membership || !a->has_originator;
	c->originator = is_membership ? o->rib->instance->router_id : p->peer->id;
	c->next_hop_set = is_membership;
	c->next_hop = o->key.local;
	wire_put_u32(&w, b->config.cluster_id ? b->config.cluster_id : o->rib->instance->router_id);
	wire_put_bytes(&w, attr_list(a, LIST_CLUSTERS).base, a->size[LIST_CLUSTERS]);
	c->clusters_set = true;
	c->clusters = wire_reader(room, w.at);
}

static void
change_for_external(const struct out *o, const struct path *p, const struct attr_set *a, struct attr_change *c,
    uint8_t *room, size_t size)
{
	struct wire_reader path = attr_list(a, LIST_AS_PATH);
	uint8_t replaced[AS_PATH_MAX];
	struct wire_writer r = wire_writer(replaced, sizeof replaced), w = wire_writer(room, size);

	if (o->key.substitute_as) {
		as_path_replace(path, o->key.as, o->key.local_as, &r);
		path = wire_reader(replaced, r.at);
	}
	as_path_prepend(path, o->key.local_as, 1, &w);
	c->as_path_set = true;
	c->as_path = wire_reader(room, w.at);
	c->med_none = p->peer != NULL; /* 5.1.4: what a neighbour said of its own entries is not for others */
	c->local_pref_none = true;
	/* A label says what the router of the next hop does with it. */
	c->next_hop_set = !addr_is_set(&a->next_hop) || !is_vpn(o->rib) || o->key.next_hop_local;
	c->next_hop = o->key.local;
	c->otc_set = role_marks(o->key.role, o->rib->family, a);
	c->otc = o->key.local_as;
}

const struct attr_set *
out_attrs(const struct out *o, const struct path *p)
{
	struct attr_store *store = &o->rib->bgp->attrs;
	const struct policy_route route = {
		.family = o->rib->family, .prefix = &p->dest->prefix, .source = policy_source_of(p)
	};
	uint8_t room[AS_PATH_MAX + 8];
	struct attr_change c = { .preferred_set = true };
	unsigned said;

	if (!may_be_told(o, p))
		return NULL;
	const struct attr_set *a =
	    policy_pass(&o->rib->bgp->config.policies, o->key.policy, o->key.prefixes, &route, store, p->attrs, &said);
	if (!a)
		return NULL;
	if (o->key.internal)
		change_for_internal(o, p, a, &c, room, sizeof room);
	else
		change_for_external(o, p, a, &c, room, sizeof room);
	c.med_none &= !(said & POLICY_SAID_MED);
	c.next_hop_set &= !(said & POLICY_SAID_NEXT_HOP);
	const struct attr_set *told = attr_changed(store, a, &c);
	attr_drop(store, a);
	return told;
}
