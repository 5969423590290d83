/*
 * Where policies stand in the way of routes, and what follows when they change.
 *
 * A route that a peer tells passes its import policy before it is kept, so a changed one needs the peer to say everything
 * again: it is asked for a refresh (RFC 2918). What peers are told is made anew each time (out_path.c): the table is walked
 * once more for those whose export policy has changed. Nothing here ends a session.
 */
#include "l3vpnd/bgp/model.h"
#include <string.h>

const struct attr_set *
policy_import(const struct peer *p, enum bgp_family f, const struct prefix *prefix, const struct attr_set *a)
{
	const struct bgp_peer_family *c = &p->config.family[f];

	if (!*c->import_policy && !*c->import_prefixes)
		return attr_use(a);
	return policy_pass(&p->bgp->config.policies, c->import_policy, c->import_prefixes,
	    &(struct policy_route){
		.family = f, .prefix = prefix, .source = p->internal ? POLICY_INTERNAL : POLICY_EXTERNAL },
	    &p->bgp->attrs, a, NULL);
}

enum policy_source
policy_source_of(const struct path *p)
{
	return !p->peer ? POLICY_OWN : p->peer->internal ? POLICY_INTERNAL : POLICY_EXTERNAL;
}

const struct attr_set *
policy_of_instance(const struct instance *n, const struct path *p, const struct attr_set *a, bool in)
{
	const struct bgp_vpn_config *v = &n->config.vpn[bgp_afi(p->dest->rib->family) == 2];
	const char *name = in ? v->import_policy : v->export_policy;

	if (!*name)
		return attr_use(a);
	return policy_pass(&n->bgp->config.policies, name, "",
	    &(struct policy_route){
		.family = p->dest->rib->family, .prefix = &p->dest->prefix, .source = policy_source_of(p) },
	    &n->bgp->attrs, a, NULL);
}

/* --- what follows from a change --- */

static void
ask_again(struct peer *p, uint32_t families)
{
	char name[ADDR_TEXT + BGP_NAME + 8];

	if (!p->up || !families)
		return;
	if (!p->up->open.refresh)
		bgp_note(p->bgp, 4,
		    "peer %s cannot be asked to tell its routes again: its new import policy is for those it tells "
		    "from "
		    "now on",
		    peer_text(p, name));
	peer_refresh(p, families);
}

void
policy_peer_changed(struct peer *p, const struct bgp_peer_config *before)
{
	uint32_t again = 0;

	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		const struct bgp_peer_family *was = &before->family[f], *is = &p->config.family[f];
		if (strcmp(was->import_policy, is->import_policy) != 0 ||
		    strcmp(was->import_prefixes, is->import_prefixes) != 0)
			again |= BGP_FAMILY_BIT(f);
		if (strcmp(was->export_policy, is->export_policy) != 0 ||
		    strcmp(was->export_prefixes, is->export_prefixes) != 0)
			out_rekey(p, (enum bgp_family)f);
	}
	p->refresh_due |= again;
}

static bool
is_same(const struct bgp_policies *a, const struct bgp_policies *b, const char *policy, const char *prefixes)
{
	return (!*policy || policy_is_same(a, b, policy)) && policy_prefixes_are_same(a, b, prefixes);
}

static void
peer_review(struct peer *p, const struct bgp_policies *before)
{
	uint32_t again = p->refresh_due;

	p->refresh_due = 0;
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		const struct bgp_peer_family *c = &p->config.family[f];
		if (!is_same(before, &p->bgp->config.policies, c->import_policy, c->import_prefixes))
			again |= BGP_FAMILY_BIT(f);
	}
	ask_again(p, again);
}

static void
rib_review(struct rib *r, const struct bgp_policies *before)
{
	list_each (l, &r->outs) {
		struct out *o = OBJECT(l, struct out, of_rib);
		o->split_from = 0; /* all that move together have moved */
		if (!is_same(before, &r->bgp->config.policies, o->key.policy, o->key.prefixes))
			out_anew(o);
	}
}

static void
touch_all(const struct rib *r)
{
	if (r)
		hash_each (k, &r->dests) {
			dest_dirty(OBJECT(k, struct dest, by_key));
		}
}

/* Of a VPN instance: what it brings in is looked at again, what it tells others is told again. */
static void
instance_review(struct instance *n, const struct bgp_policies *before)
{
	static const enum bgp_family plain[] = { BGP_IPV4, BGP_IPV6 };
	const struct instance *public = instance_find(n->bgp, "");
	const struct bgp_policies *now = &n->bgp->config.policies;

	for (int k = 0; k < 2; k++) {
		const struct bgp_vpn_config *v = &n->config.vpn[k];
		const struct rib *r = n->ribs[plain[k]];
		if (public && *v->import_policy && !policy_is_same(before, now, v->import_policy))
			touch_all(public->ribs[vpn_family_of(plain[k])]);
		if (r && *v->export_policy && !policy_is_same(before, now, v->export_policy))
			hash_each (d, &r->dests) {
				vpn_export(OBJECT(d, struct dest, by_key));
			}
	}
}

void
policies_changed(struct bgp *b, const struct bgp_policies *before)
{
	list_each (l, &b->instances) {
		struct instance *n = OBJECT(l, struct instance, of_bgp);
		hash_each (k, &n->peers) {
			peer_review(OBJECT(k, struct peer, by_address), before);
		}
		for (unsigned f = 0; f < BGP_FAMILIES; f++)
			if (n->ribs[f])
				rib_review(n->ribs[f], before);
		instance_review(n, before);
	}
	own_review(b, before);
}

/* --- names that stand for nothing --- */

static void
warn_policy(struct bgp *b, const char *name, const char *who)
{
	if (*name && !policy_find(&b->config.policies, name))
		bgp_note(b, 4, "there is no route-policy %s: everything passes for %s", name, who);
}

void
policies_warn(struct bgp *b)
{
	list_each (l, &b->instances) {
		const struct instance *n = OBJECT(l, struct instance, of_bgp);
		for (int k = 0; k < 2; k++) {
			warn_policy(b, n->config.vpn[k].import_policy, n->name);
			warn_policy(b, n->config.vpn[k].export_policy, n->name);
		}
		hash_each (k, &n->peers) {
			const struct peer *p = OBJECT(k, struct peer, by_address);
			char name[ADDR_TEXT + BGP_NAME + 8];
			for (unsigned f = 0; f < BGP_FAMILIES; f++) {
				warn_policy(b, p->config.family[f].import_policy, peer_text(p, name));
				warn_policy(b, p->config.family[f].export_policy, peer_text(p, name));
			}
		}
	}
}
