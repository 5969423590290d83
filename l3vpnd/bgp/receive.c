/*
 * What a peer's UPDATE does to our tables, RFC 4271 section 9 up to the decision. Every check comes before the first change.
 */
#include "l3vpnd/bgp/as_path.h"
#include "l3vpnd/bgp/model.h"

/* --- is it one that may be used? --- */

static bool
is_own_cluster(const struct peer *p, const struct attr_set *a)
{
	const struct bgp_config *c = &p->bgp->config;
	uint32_t own = c->cluster_id ? c->cluster_id : p->instance->router_id;
	struct wire_reader r = attr_list(a, LIST_CLUSTERS);

	while (wire_left(&r))
		if (wire_u32(&r) == own)
			return true;
	return false;
}

static enum path_fault
judge(const struct peer *p, enum bgp_family f, const struct attr_set *a)
{
	struct wire_reader path = attr_list(a, LIST_AS_PATH);
	uint32_t as = p->bgp->config.as, fake = p->config.fake_as;
	unsigned loops = as_path_count(path, as) + (fake && fake != as ? as_path_count(path, fake) : 0);

	if (loops > p->config.family[f].allow_as_loop)
		return PATH_LOOP;
	if (p->internal && a->has_originator && a->originator == p->instance->router_id)
		return PATH_OWN_ORIGIN;
	if (p->internal && is_own_cluster(p, a))
		return PATH_OWN_ORIGIN;
	if (addr_eq(&a->next_hop, &p->up->local))
		return PATH_OWN_NEXT_HOP;
	if (role_is_leak(p, f, a))
		return PATH_LEAK;
	return PATH_GOOD;
}

/* --- what it says --- */

static void
withdraw(struct peer *p, enum bgp_family f, struct wire_reader list, bool as_reached)
{
	struct rib *r = rib_get(p->instance, f);
	struct nlri n;

	while (nlri_next(&list, f, p->add_path_in & BGP_FAMILY_BIT(f), !as_reached, &n)) {
		struct dest *d = dest_find(r, n.rd, &n.prefix);
		if (d)
			path_gone(d, p, n.path);
	}
}

/* False: the peer is told that it is too much, and is gone. */
static bool
is_within_limit(struct peer *p, enum bgp_family f)
{
	const struct bgp_peer_family *c = &p->config.family[f];
	struct peer_family *pf = &p->family[f];
	char name[ADDR_TEXT + BGP_NAME + 8];

	if (!c->limit || pf->prefixes <= c->limit) {
		pf->over_limit = false;
		return true;
	}
	if (c->limit_warns) {
		if (!pf->over_limit)
			bgp_note(p->bgp, 4, "peer %s tells more than %u prefixes of %s", peer_text(p, name), c->limit,
			    bgp_family_name(f));
		pf->over_limit = true;
		return true;
	}
	struct bgp_fault fault = bgp_fault(BGP_ERROR_CEASE, BGP_CEASE_PREFIX_LIMIT, NULL, 0);
	p->idle_until = p->bgp->now + (usec_t)BGP_LIMIT_IDLE_S * USEC_PER_SEC;
	session_error(p, &fault, "it tells more prefixes than it may");
	return false;
}

/* `policy vpn-target`: what no instance imports and nobody is to be told of is not kept. */
static bool
is_of_use(const struct bgp *b, enum bgp_family f, const struct attr_set *a)
{
	if (f != BGP_VPNV4 && f != BGP_VPNV6)
		return true;
	return b->config.no_target_policy || b->reflects & BGP_FAMILY_BIT(f) || vpn_target_is_wanted(b, f, a);
}

/* What an import policy leaves of it, which may have other targets. */
static void
reach_one(struct peer *p, struct rib *r, const struct nlri *n, const struct attr_set *a, enum path_fault fault)
{
	const struct attr_set *kept = policy_import(p, r->family, &n->prefix, a);

	if (kept && *p->config.family[r->family].import_policy && !is_of_use(p->bgp, r->family, kept)) {
		attr_drop(&p->bgp->attrs, kept);
		kept = NULL;
	}
	if (kept) {
		path_put(dest_get(r, n->rd, &n->prefix), p, n->path, kept, n->label, fault);
		return;
	}
	struct dest *d = dest_find(r, n->rd, &n->prefix);
	if (d)
		path_gone(d, p, n->path);
}

static void
reach(struct peer *p, enum bgp_family f, struct wire_reader list, const struct attr_set *a)
{
	if (!*p->config.family[f].import_policy && !is_of_use(p->bgp, f, a)) {
		withdraw(p, f, list, true);
		return;
	}
	struct rib *r = rib_get(p->instance, f);
	enum path_fault fault = judge(p, f, a);
	const struct attr_set *marked = role_marked(p, f, attr_use(a));
	struct nlri n;

	while (marked && nlri_next(&list, f, p->add_path_in & BGP_FAMILY_BIT(f), false, &n))
		reach_one(p, r, &n, marked, fault);
	attr_drop(&p->bgp->attrs, marked);
}

/* Where both places have prefixes, each has a next hop of its own. */
static void
reach_plain(struct peer *p, const struct bgp_update *u, const struct attr_set *a)
{
	const struct attr_change hop = { .next_hop_set = true, .next_hop = u->attrs.plain_hop };
	const struct attr_set *own = u->has_reach ? attr_changed(&p->bgp->attrs, a, &hop) : attr_use(a);

	if (own)
		reach(p, BGP_IPV4, u->nlri, own);
	attr_drop(&p->bgp->attrs, own);
}

/* Section 6.3: the first AS of an external path is the peer's. */
static bool
begins_right(const struct peer *p, const struct attr_set *a)
{
	return p->internal || as_path_first(attr_list(a, LIST_AS_PATH)) == p->config.as;
}

static void
say(const struct peer *p, const struct bgp_update *u, const char *what)
{
	char name[ADDR_TEXT + BGP_NAME + 8], attribute[24];

	bgp_note(p->bgp, 4, "peer %s: an Update with a bad %s: %s", peer_text(p, name),
	    u->attribute ? bgp_attribute_name(u->attribute, attribute) : "part", what);
}

static void
ended(struct peer *p, enum bgp_family f)
{
	if (!(p->families & BGP_FAMILY_BIT(f)))
		return;
	p->family[f].ended = true;
	peer_ended(p, f);
	if (f == BGP_RT_CONSTRAINT)
		members_ready(p);
}

void
receive_update(struct peer *p, struct wire_reader body)
{
	const struct bgp_reading how = {
		.as4 = p->as4, .external = !p->internal, .families = p->families, .add_path = p->add_path_in
	};
	struct bgp_update u;
	const struct attr_set *a = NULL;

	bgp_read_update(body, &how, &u);
	if (u.treatment == TREAT_RESET) {
		char attribute[24];
		session_error(p, &u.fault, u.attribute ? bgp_attribute_name(u.attribute, attribute) : NULL);
		return;
	}
	if (u.is_end) {
		ended(p, u.unreach_family);
		return;
	}
	bool reaches = u.nlri.size || (u.has_reach && u.reach.size);
	if (u.treatment != TREAT_WITHDRAW && reaches) {
		a = attr_of_update(&p->bgp->attrs, &u.attrs, p->as4);
		if (!a || !begins_right(p, a)) {
			attr_drop(&p->bgp->attrs, a);
			a = NULL;
			u.treatment = TREAT_WITHDRAW;
			u.attribute = ATTR_AS_PATH;
		}
	}
	if (u.treatment != TREAT_FINE)
		say(p, &u, bgp_treatment_name(u.treatment));
	if (u.withdrawn.size)
		withdraw(p, BGP_IPV4, u.withdrawn, false);
	if (u.has_unreach)
		withdraw(p, u.unreach_family, u.unreach, false);
	if (a && u.nlri.size)
		reach_plain(p, &u, a);
	else if (u.nlri.size)
		withdraw(p, BGP_IPV4, u.nlri, true);
	if (a && u.has_reach)
		reach(p, u.reach_family, u.reach, a);
	else if (u.has_reach)
		withdraw(p, u.reach_family, u.reach, true);
	attr_drop(&p->bgp->attrs, a);
	if (reaches && (!u.nlri.size || is_within_limit(p, BGP_IPV4)) && u.has_reach)
		is_within_limit(p, u.reach_family);
}
