/*
 * What the operator decides about labels: which FECs get one, who is told, whose are used, what stands at the egress,
 * and whether we speak before our next hop has (ordered control, RFC 5036 section 2.6.1.2).
 *
 * A change counts at once and only for what it changes. Labels of peers that a filter does not accept are kept all
 * the same (liberal retention) and shown as not accepted: so a filter that is taken away needs no new session.
 */
#include "ldpd/model.h"
#include <string.h>

bool
policy_allocates(const struct ldp *ldp, const struct prefix *fec)
{
	return ldp_config_is_on(&ldp->config) &&
	       ldp_filter_permits(&ldp->config, &ldp->config.allocate, &ldp->config.allocate, fec);
}

static const struct ldp_peer_config *
settings(const struct ldp *ldp, const struct peer *p)
{
	struct addr id = addr_v4(p->lsr);

	return ldp_config_peer(&ldp->config, &id);
}

bool
policy_accepts(const struct ldp *ldp, const struct peer *p, const struct prefix *fec)
{
	const struct ldp_peer_config *c = settings(ldp, p);

	return ldp_filter_permits(&ldp->config, c ? &c->accepted : &ldp->config.accepted, &ldp->config.accepted, fec);
}

/* Ordered control: the egress speaks first, then whoever has a label of a next hop. */
static bool
is_its_turn(const struct ldp *ldp, const struct fec *f)
{
	if (!ldp->config.ordered || fec_is_egress(f))
		return true;
	for (size_t i = 0; i < f->hop_count; i++)
		if (f->hops[i].out_label != LABEL_UNSET)
			return true;
	return false;
}

bool
policy_tells(const struct ldp *ldp, const struct peer *p, const struct fec *f)
{
	const struct ldp_peer_config *c = settings(ldp, p);

	return f->label != LABEL_UNSET && is_its_turn(ldp, f) && p->families & family_bit(&f->prefix.addr) &&
	       ldp_filter_permits(&ldp->config, c ? &c->told : &ldp->config.told, &ldp->config.told, &f->prefix);
}

/* What a FEC that ends here is announced with; LABEL_UNSET: one of the pool. */
uint32_t
policy_egress_label(const struct ldp *ldp, const struct prefix *fec)
{
	switch (ldp->config.egress) {
	case LDP_EXPLICIT_NULL: return fec->addr.family == 6 ? LABEL_IPV6_EXPLICIT_NULL : LABEL_IPV4_EXPLICIT_NULL;
	case LDP_NON_NULL: return LABEL_UNSET;
	default: return LABEL_IMPLICIT_NULL;
	}
}

static bool
filter_differs(
    const struct ldp_config *a, const struct ldp_filter *f, const struct ldp_config *b, const struct ldp_filter *g)
{
	if (f->which != g->which)
		return true;
	if (f->which != LDP_LISTED)
		return false;
	return strcmp(f->list, g->list) != 0 || !prefix_list_equal(prefix_lists_find(&a->prefix_lists, f->list),
						    prefix_lists_find(&b->prefix_lists, g->list));
}

static bool
peers_differ(const struct ldp_config *a, const struct ldp_config *b)
{
	const struct ldp_filter none = { .which = LDP_UNSET };

	for (size_t i = 0; i < a->peer_count; i++) {
		const struct ldp_peer_config *p = &a->peers[i], *q = ldp_config_peer(b, &p->address);
		if (filter_differs(a, &p->told, b, q ? &q->told : &none) ||
		    filter_differs(a, &p->accepted, b, q ? &q->accepted : &none))
			return true;
	}
	return false;
}

/* After a configuration: everything that its policies may touch is looked at again. */
void
policy_changed(struct ldp *ldp, const struct ldp_config *old)
{
	const struct ldp_config *new = &ldp->config;
	bool allocation =
	    ldp_config_is_on(old) != ldp_config_is_on(new) || filter_differs(old, &old->allocate, new, &new->allocate);

	if (ldp->labels && old->label_reuse_s != new->label_reuse_s)
		label_pool_set_delay(ldp->labels, new->label_reuse_s *USEC_PER_SEC);
	if (!allocation && old->egress == new->egress && old->ordered == new->ordered &&
	    old->pop_broken == new->pop_broken && !filter_differs(old, &old->told, new, &new->told) &&
	    !filter_differs(old, &old->accepted, new, &new->accepted) && !peers_differ(old, new) &&
	    !peers_differ(new, old))
		return;
	hash_each (n, &ldp->fecs) {
		struct fec *f = OBJECT(n, struct fec, by_prefix);
		f->published = false;
		fec_dirty(ldp, f);
	}
	/* Routes that got no label were not kept: they are asked for again. */
	if (allocation)
		outbox_add(ldp->out, &(struct effect){ .kind = EFFECT_MIRROR_AGAIN, .where = LDP_FIB_ROUTE });
}
