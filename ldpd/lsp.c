/*
 * From FECs to LSPs: which label we give a FEC, which labels its next hops have, and the row ldp.Lsp that
 * fibd programs. Works off the dirty list at the end of each input, so that a FEC is looked at once
 * however much happened to it.
 */
#include "ldpd/model.h"
#include <stdlib.h>

void
fec_set_hops(struct ldp *ldp, struct fec *f, const struct addr *addrs, const uint32_t *ifindex, size_t count)
{
	struct hop *old = f->hops;
	size_t old_count = f->hop_count;

	f->hops = count > 1 ? mem_zalloc(count * sizeof *f->hops) : count ? pool_take(&ldp->hop_pool) : NULL;
	f->hop_count = (uint16_t)count;
	f->published = false;
	for (size_t i = 0; i < count; i++) {
		struct hop *h = &f->hops[i];
		h->via = via_get(ldp, &addrs[i], ifindex[i]);
		h->fec = f;
		h->ifindex = ifindex[i];
		h->out_label = LABEL_UNSET;
		list_append(&h->via->users, &h->of_via);
	}
	for (size_t i = 0; i < old_count; i++) {
		list_remove(&old[i].of_via);
		via_release(ldp, old[i].via);
	}
	if (old_count == 1)
		pool_give(&ldp->hop_pool, old);
	else
		free(old);
}

/* --- our own label --- */

static uint32_t
take_label(struct ldp *ldp, struct fec *f)
{
	bool egress = fec_is_egress(f);

	if (!policy_allocates(ldp, &f->prefix))
		return LABEL_UNSET;
	if (egress && policy_egress_label(ldp, &f->prefix) != LABEL_UNSET)
		return policy_egress_label(ldp, &f->prefix);
	if ((!f->routed && !egress) || !ldp->labels || !(ldp->synced & 1u << LDP_FIB_ILM))
		return LABEL_UNSET;
	if (f->label >= LABEL_FIRST_FREE && f->label <= LABEL_MAX)
		return f->label;
	uint32_t label = f->recovered; /* claimed already */
	f->recovered = LABEL_UNSET;
	if (label == LABEL_UNSET)
		label = label_pool_take(ldp->labels, ldp->now);
	if (label == LABEL_UNSET && !ldp->labels_short)
		ldp_note(ldp, 3, "no label is left: FECs go without");
	ldp->labels_short = label == LABEL_UNSET;
	if (ldp->labels_short && !timer_is_set(&ldp->relabel))
		timer_set(&ldp->timers, &ldp->relabel, ldp->now + ldp->config.label_reuse_s * USEC_PER_SEC);
	return label;
}

void
lsp_label_again(struct ldp *ldp)
{
	hash_each (n, &ldp->fecs) {
		struct fec *f = OBJECT(n, struct fec, by_prefix);
		if ((f->routed || fec_is_egress(f)) && f->label == LABEL_UNSET)
			fec_dirty(ldp, f);
	}
}

static bool
settle_label(struct ldp *ldp, struct fec *f)
{
	uint32_t old = f->label, label = take_label(ldp, f);

	if (label == old)
		return false;
	f->label = label;
	ldp->tib_revision++;
	distribute_unuse(ldp, f, old);
	if (label != LABEL_UNSET)
		table_changed(&ldp->binding_table, &f->local_row.row);
	else
		table_gone(&ldp->binding_table, &f->local_row.row);
	return true;
}

/* --- next hops --- */

static bool
settle_hops(struct ldp *ldp, struct fec *f)
{
	bool changed = false;
	uint32_t spare = 0;

	for (struct binding *b = f->bindings; b; b = b->next) {
		bool accepted = policy_accepts(ldp, b->peer, &f->prefix), used = false;
		for (size_t i = 0; accepted && i < f->hop_count && !fec_is_egress(f); i++)
			used |= f->hops[i].via->peer == b->peer;
		if (used != b->in_use || accepted != b->accepted) {
			b->in_use = used;
			b->accepted = accepted;
			table_changed(&ldp->binding_table, &b->row.row);
		}
		if (binding_is_spare(b)) {
			uint32_t words[2] = { b->peer->lsr, b->label };
			spare += hash_bytes(words, sizeof words, 0); /* their order says nothing */
		}
	}
	changed |= spare != f->spare;
	f->spare = spare;
	for (size_t i = 0; i < f->hop_count; i++) {
		struct hop *h = &f->hops[i];
		const struct binding *b = h->via->peer ? binding_find(f, h->via->peer) : NULL;
		if (b && !b->accepted)
			b = NULL;
		uint32_t label = b ? b->label : LABEL_UNSET, peer = b ? b->peer->lsr : 0;
		changed |= label != h->out_label || peer != h->peer_lsr;
		h->out_label = label;
		h->peer_lsr = peer;
	}
	return changed;
}

/*
 * RFC 3988 section 3.1: what fits over every next hop. A label takes four bytes of the link's MTU, except where it is
 * popped; the egress names no limit.
 */
static bool
settle_mtu(struct ldp *ldp, struct fec *f)
{
	enum { LABEL_BYTES = 4, NO_LIMIT = UINT16_MAX };
	uint32_t least = fec_is_egress(f) ? NO_LIMIT : 0;

	for (size_t i = 0; i < f->hop_count && !fec_is_egress(f); i++) {
		const struct hop *h = &f->hops[i];
		const struct link *l = link_find(ldp, h->ifindex);
		const struct binding *b = h->out_label != LABEL_UNSET ? binding_find(f, h->via->peer) : NULL;
		if (!b || !l || l->mtu <= LABEL_BYTES)
			continue;
		uint32_t fits = l->mtu - (h->out_label == LABEL_IMPLICIT_NULL ? 0 : LABEL_BYTES);
		if (b->mtu && b->mtu < fits)
			fits = b->mtu;
		if (!least || fits < least)
			least = fits;
	}
	bool changed = f->mtu != least;
	f->mtu = (uint16_t)least;
	return changed;
}

static bool
has_labelled_hop(const struct fec *f)
{
	for (size_t i = 0; i < f->hop_count; i++)
		if (f->hops[i].out_label != LABEL_UNSET)
			return true;
	return false;
}

/*
 * While we recover from a restart, fibd still has our old rows. A row with no label to send with would end
 * an LSP that works; it is held back until the neighbours have told their labels, or recovery is over.
 */
static bool
may_publish(const struct ldp *ldp, const struct fec *f)
{
	if (f->label == LABEL_UNSET)
		return false;
	return !ldp->recovering || fec_is_egress(f) || has_labelled_hop(f);
}

static void
settle(struct ldp *ldp, struct fec *f)
{
	bool label_changed = settle_label(ldp, f);
	bool hops_changed = settle_hops(ldp, f);
	hops_changed |= settle_mtu(ldp, f);

	distribute_fec(ldp, f);
	bool publish = may_publish(ldp, f);
	if (publish && (label_changed || hops_changed || !f->published))
		table_changed(&ldp->lsp_table, &f->row);
	else if (!publish)
		table_gone(&ldp->lsp_table, &f->row);
	f->published = publish;
	bool held = !publish && ldp->recovering && f->had_lsp && f->label != LABEL_UNSET;
	ldp->held_count += (size_t)held - (size_t)f->held;
	f->held = held;
	fec_release(ldp, f);
}

void
lsp_flush(struct ldp *ldp)
{
	while (!list_is_empty(&ldp->dirty)) {
		struct fec *f = OBJECT(ldp->dirty.next, struct fec, dirty);
		list_remove(&f->dirty);
		settle(ldp, f);
	}
}
