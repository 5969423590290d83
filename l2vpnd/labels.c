/*
 * Labels of our own for pseudowires, from the range that fibd gives us. A label stands for a peer and a VC ID and is kept as
 * long as the pseudowire is configured, whatever becomes of it. Given back it rests for a while, so that a frame on its way
 * with the old meaning does not come out of another circuit. What the kernel or the neighbours still have from an earlier
 * life is taken over, so that nobody notices a restart; what nobody has taken up again then is given back.
 */
#include "l2vpnd/model.h"
#include <stdlib.h>
#include <string.h>

#define LABEL_REST (120 * (usec_t)USEC_PER_SEC) /* as long as a neighbour that restarts may send by the old one */

static uint32_t
key_hash(const struct addr *peer, uint32_t vc_id)
{
	return hash_bytes(&vc_id, sizeof vc_id, hash_bytes(peer->bytes, sizeof peer->bytes, peer->family));
}

static struct pw_label *
find(const struct l2vpn *l, const struct addr *peer, uint32_t vc_id)
{
	for (struct hash_node *n = hash_first(&l->labels, key_hash(peer, vc_id)); n; n = hash_next(n)) {
		struct pw_label *p = OBJECT(n, struct pw_label, by_key);
		if (p->vc_id == vc_id && addr_eq(&p->peer, peer))
			return p;
	}
	return NULL;
}

static struct pw_label *
add(struct l2vpn *l, const struct addr *peer, uint32_t vc_id, uint32_t label)
{
	struct pw_label *p = NEW(struct pw_label);

	p->peer = *peer;
	p->vc_id = vc_id;
	p->label = label;
	hash_add(&l->labels, &p->by_key, key_hash(peer, vc_id));
	return p;
}

static void
release(struct l2vpn *l, struct pw_label *p)
{
	label_pool_give(l->pool, p->label, l->now);
	hash_remove(&l->labels, &p->by_key);
	free(p);
}

static void
claim(struct l2vpn *l, const struct addr *peer, uint32_t vc_id, uint32_t label)
{
	if (label != LABEL_UNSET && !find(l, peer, vc_id) && label_pool_claim(l->pool, label))
		add(l, peer, vc_id, label);
}

void
pw_labels_begin(struct l2vpn *l)
{
	if (!l->last_label)
		return;
	l->pool = label_pool_new(l->first_label, l->last_label, LABEL_REST);
	label_pool_start(l->pool, l->first_label + (uint32_t)rng_below(&l->rng, l->last_label - l->first_label + 1));
	hash_each (c, &l->told_circuits) { /* the kernel goes before what was told */
		const struct circuit_word *w = &OBJECT(c, struct told_circuit, by_name)->now;
		for (uint8_t i = 0; i < w->count; i++)
			claim(l, &w->path[i].peer, w->path[i].vc_id, w->path[i].in_label);
	}
	hash_each (n, &l->told_pws) {
		const struct told_pw *t = OBJECT(n, struct told_pw, by_key);
		claim(l, &t->peer, t->vc_id, t->now.local_label);
	}
}

uint32_t
pw_label_take(struct l2vpn *l, const struct addr *peer, uint32_t vc_id)
{
	struct pw_label *p = find(l, peer, vc_id);
	uint32_t label = p ? p->label : l->pool ? label_pool_take(l->pool, l->now) : LABEL_UNSET;

	if (label == LABEL_UNSET) {
		if (!l->labels_lacked)
			l2vpn_note(l, 3,
			    l->pool ? "no label is left for more pseudowires"
				    : "fibd has told no label range, so pseudowires have no labels");
		l->labels_lacked = true;
		return LABEL_UNSET;
	}
	if (!p)
		p = add(l, peer, vc_id, label);
	p->used = true;
	return label;
}

void
pw_label_give(struct l2vpn *l, const struct addr *peer, uint32_t vc_id)
{
	struct pw_label *p = find(l, peer, vc_id);

	if (p)
		release(l, p);
}

void
pw_labels_sweep(struct l2vpn *l)
{
	hash_each (n, &l->labels) {
		struct pw_label *p = OBJECT(n, struct pw_label, by_key);
		if (!p->used)
			release(l, p);
	}
}

void
pw_labels_free(struct l2vpn *l)
{
	hash_each (n, &l->labels) {
		free(OBJECT(n, struct pw_label, by_key));
	}
	hash_free(&l->labels);
	label_pool_free(l->pool);
}
