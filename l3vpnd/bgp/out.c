/*
 * What is told to peers.
 *
 * Peers of a table that are to hear the same share an *out*. The table keeps its destinations in the order in which what is
 * chosen for them changed last, and an out is a place in that order: it goes on to the end, whatever changes behind it is
 * found at the end again, and however often a destination changes meanwhile, it is told once. Each destination has one bit
 * for each out: that it has been told, so that a withdrawal is said where it is needed and nowhere else. There is no other
 * copy of what was told. (With add-path there is: of each destination, which paths were told, and how.)
 *
 * A peer that joins an out which has been through the table before is told what the others know in a walk of its own
 * (*dump*), together with all that joined meanwhile, while it hears what changes like the others.
 *
 * When a peer is to be told something else than before in the same session (another export policy), it moves to an out of its
 * own that begins with what the peer has been told, and goes through the table from its beginning: what is still to be told is
 * told again, and what no longer, is withdrawn. Peers that move together share the new one. It joins no older out, whatever
 * that one's key: what it has been told is not what they have been told.
 */
#include "l3vpnd/bgp/out.h"
#include <stdlib.h>
#include <string.h>

enum { OUTS_MAX = 64 };

/* --- outs --- */

static struct out_key
key_of(const struct peer *p, enum bgp_family f)
{
	const struct bgp_peer_family *c = &p->config.family[f];

	struct out_key k = { .long_lived = p->up->open.long_lived.said,
		.internal = p->internal,
		.as4 = p->as4,
		.extended = p->extended,
		.next_hop_local = c->next_hop_local,
		.reflect_client = c->reflect_client,
		.substitute_as = c->substitute_as,
		.as = p->internal || !c->substitute_as ? 0 : p->config.as,
		.local_as = p->config.fake_as ? p->config.fake_as : p->bgp->config.as,
		.origin_site = c->origin_site,
		.local = p->up->local,
		.role = p->internal ? BGP_ROLE_NONE : p->config.role };

	if (p->add_path_out & BGP_FAMILY_BIT(f))
		k.add_paths = c->add_paths ? c->add_paths : UINT8_MAX;
	memcpy(k.policy, c->export_policy, sizeof k.policy);
	memcpy(k.prefixes, c->export_prefixes, sizeof k.prefixes);
	return k;
}

static bool
keys_are_equal(const struct out_key *a, const struct out_key *b)
{
	return a->long_lived == b->long_lived && a->internal == b->internal && a->as4 == b->as4 &&
	       a->extended == b->extended && a->next_hop_local == b->next_hop_local &&
	       a->reflect_client == b->reflect_client && a->substitute_as == b->substitute_as && a->as == b->as &&
	       a->local_as == b->local_as && a->origin_site == b->origin_site && addr_eq(&a->local, &b->local) &&
	       a->role == b->role && a->add_paths == b->add_paths && !strcmp(a->policy, b->policy) &&
	       !strcmp(a->prefixes, b->prefixes);
}

static struct out *
out_new(struct rib *r, const struct out_key *k)
{
	unsigned bit = 0;

	while (bit < OUTS_MAX && r->out_bits >> bit & 1)
		bit++;
	if (bit == OUTS_MAX)
		return NULL;
	struct out *o = NEW(struct out);
	o->rib = r;
	o->key = *k;
	o->bit = bit;
	o->at = r->changed.next;
	o->all = true;
	hash_init(&o->told);
	list_init(&o->peers);
	list_init(&o->dump);
	list_init(&o->waiting);
	list_init(&o->to_review);
	list_init(&o->in_review);
	r->adding += k->add_paths != 0;
	r->out_bits |= UINT64_C(1) << bit;
	list_append(&r->outs, &o->of_rib);
	return o;
}

static struct out *
out_get(struct rib *r, const struct out_key *k)
{
	list_each (l, &r->outs) {
		struct out *o = OBJECT(l, struct out, of_rib);
		if (keys_are_equal(&o->key, k))
			return o;
	}
	return out_new(r, k);
}

/* --- what was told, with add-path --- */

static uint32_t
told_hash(const struct dest *d)
{
	return d->by_key.hash;
}

struct told *
told_find(const struct out *o, const struct dest *d)
{
	for (struct hash_node *n = hash_first(&o->told, told_hash(d)); n; n = hash_next(n))
		if (OBJECT(n, struct told, by_dest)->dest == d)
			return OBJECT(n, struct told, by_dest);
	return NULL;
}

struct told *
told_get(struct out *o, const struct dest *d)
{
	struct told *t = told_find(o, d);

	if (t)
		return t;
	t = NEW(struct told);
	t->dest = d;
	hash_add(&o->told, &t->by_dest, told_hash(d));
	return t;
}

void
told_free(struct out *o, struct told *t)
{
	for (size_t i = 0; i < t->count; i++)
		attr_drop(&o->rib->bgp->attrs, t->paths[i].attrs);
	hash_remove(&o->told, &t->by_dest);
	free(t->paths);
	free(t);
}

static void
told_free_all(struct out *o)
{
	hash_each (n, &o->told) {
		told_free(o, OBJECT(n, struct told, by_dest));
	}
	hash_free(&o->told);
}

static void
told_copy(struct out *to, const struct out *from)
{
	hash_each (n, &from->told) {
		const struct told *t = OBJECT(n, struct told, by_dest);
		struct told *copy = told_get(to, t->dest);
		copy->count = t->count;
		copy->paths = t->count ? mem_copy(t->paths, t->count * sizeof *t->paths) : NULL;
		for (size_t i = 0; i < t->count; i++)
			attr_use(t->paths[i].attrs);
	}
}

/* --- outs come and go --- */

static void
out_free(struct out *o)
{
	struct rib *r = o->rib;
	uint64_t bit = UINT64_C(1) << o->bit;

	hash_each (n, &r->dests) {
		struct dest *d = OBJECT(n, struct dest, by_key);
		if (d->told & bit) {
			d->told &= ~bit;
			if (!d->paths && !d->told)
				dest_dirty(d); /* it stayed for our sake alone */
		}
	}
	r->out_bits &= ~bit;
	r->adding -= o->key.add_paths != 0;
	told_free_all(o);
	list_remove(&o->of_rib);
	list_each (l, &r->outs) {
		struct out *other = OBJECT(l, struct out, of_rib);
		if (other->split_from == o->bit + 1) /* another may have the bit now */
			other->split_from = 0;
	}
	free(o);
}

void
outs_free(struct rib *r)
{
	list_each_safe (l, &r->outs) {
		list_remove(l);
		told_free_all(OBJECT(l, struct out, of_rib));
		free(OBJECT(l, struct out, of_rib));
	}
}

void
out_join(struct peer *p, enum bgp_family f)
{
	struct rib *r = rib_get(p->instance, f);
	struct peer_family *pf = &p->family[f];
	struct out_key k = key_of(p, f);

	pf->out = out_get(r, &k);
	if (!pf->out) {
		char name[ADDR_TEXT + BGP_NAME + 8];
		bgp_note(p->bgp, 3,
		    "peer %s is told nothing of %s: peers of this table have more than %d different settings",
		    peer_text(p, name), bgp_family_name(f), OUTS_MAX);
		return;
	}
	if (pf->out->begun || !list_is_empty(&pf->out->peers))
		list_append(&pf->out->waiting, &pf->of_dump);
	list_append(&pf->out->peers, &pf->of_out);
	p->bgp->more = true;
}

void
out_leave(struct peer *p, enum bgp_family f)
{
	struct peer_family *pf = &p->family[f];
	struct out *o = pf->out;

	if (!o)
		return;
	pf->out = NULL;
	pf->again = false;
	list_remove(&pf->of_out);
	list_remove(&pf->of_dump);
	list_remove(&pf->of_review);
	if (list_is_empty(&o->peers))
		out_free(o);
}

void
out_again(struct peer *p, enum bgp_family f)
{
	struct peer_family *pf = &p->family[f];

	if (!pf->out)
		return;
	pf->again = p->up->open.enhanced_refresh;
	list_remove(&pf->of_dump);
	list_append(&pf->out->waiting, &pf->of_dump);
	p->bgp->more = true;
}

void
out_anew(struct out *o)
{
	o->at = o->rib->changed.next;
	o->all = true;
	o->rib->bgp->more = true;
}

void
out_review(struct peer *p, enum bgp_family f)
{
	struct peer_family *pf = &p->family[f];

	list_remove(&pf->of_review);
	list_append(&pf->out->to_review, &pf->of_review);
	p->bgp->more = true;
}

/* One with the key that begins with what `from` has told, and has not begun yet. */
static struct out *
split_find(const struct out *from, const struct out_key *k)
{
	list_each (l, &from->rib->outs) {
		struct out *o = OBJECT(l, struct out, of_rib);
		if (o->split_from == from->bit + 1 && keys_are_equal(&o->key, k))
			return o;
	}
	return NULL;
}

static struct out *
split_new(const struct out *from, const struct out_key *k)
{
	struct rib *r = from->rib;
	uint64_t bit = UINT64_C(1) << from->bit;
	struct out *o = out_new(r, k);

	if (!o)
		return NULL;
	o->split_from = from->bit + 1;
	hash_each (n, &r->dests) {
		struct dest *d = OBJECT(n, struct dest, by_key);
		if (d->told & bit)
			d->told |= UINT64_C(1) << o->bit;
	}
	o->count = from->count;
	told_copy(o, from);
	return o;
}

/* To one that goes through the whole table again, and so tells it also what it wants by other memberships than before. */
static void
move(struct peer *p, enum bgp_family f, struct out *to)
{
	struct peer_family *pf = &p->family[f];
	bool dumps = !list_is_empty(&pf->of_dump), again = pf->again;

	out_leave(p, f);
	pf->out = to;
	list_append(&to->peers, &pf->of_out);
	if (dumps) {
		pf->again = again;
		list_append(&to->waiting, &pf->of_dump);
	}
	members_reviewed(p);
}

void
out_rekey(struct peer *p, enum bgp_family f)
{
	struct out *from = p->family[f].out;

	if (!from)
		return;
	struct out_key k = key_of(p, f);
	struct out *to = split_find(from, &k);
	bool is_alone = from->peers.next->next == &from->peers;
	if (!to && !is_alone)
		to = split_new(from, &k);
	if (to) {
		move(p, f, to);
	} else if (is_alone) {
		from->key = k;
		to = from;
	} else {
		peer_restart(p, BGP_CEASE_CHANGED, "its export policy has changed, and too many differ");
		return;
	}
	out_anew(to);
}

void
out_changed(struct dest *d)
{
	struct rib *r = d->rib;

	out_gone(d);
	list_remove(&d->by_change);
	list_append(&r->changed, &d->by_change);
	list_each (l, &r->outs) {
		struct out *o = OBJECT(l, struct out, of_rib);
		if (o->at == &r->changed)
			o->at = &d->by_change;
		r->bgp->more = true;
	}
}

void
out_gone(struct dest *d)
{
	bool is_listed = !list_is_empty(&d->by_change);

	list_each (l, &d->rib->outs) {
		struct out *o = OBJECT(l, struct out, of_rib);
		if (is_listed && o->at == &d->by_change)
			o->at = d->by_change.next;
		if (d->paths || d->told)
			continue;
		if (o->dump_at == &d->by_key) /* it goes for good */
			o->dump_at = d->by_key.newer;
		if (o->review_at == &d->by_key)
			o->review_at = d->by_key.newer;
	}
}
