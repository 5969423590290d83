/*
 * Which destinations are told of, and when: slices of walks, each of which ends when a peer's connection has no room.
 *
 * An out goes along the order of changes (*run*). Those that joined late, or ask for everything again, share a walk over the
 * whole table (*dump*), and one that wants other route targets than before is told the difference in a walk of its own
 * (*review*).
 */
#include "l3vpnd/bgp/out.h"

enum { SLICE = 2000 /* destinations looked at in one go */ };

static bool
somebody_is_paused(const struct batch *b)
{
	for (struct list *l = b->peers->next; l != b->peers; l = l->next)
		if (batch_peer(b, l)->paused)
			return true;
	return false;
}

/* --- changes --- */

static void
forget(struct out *o, struct dest *d)
{
	d->told &= ~(UINT64_C(1) << o->bit);
	o->count--;
	if (!d->paths && !d->told)
		dest_dirty(d); /* nobody needs it any more */
}

static void
tell_choice(struct out *o, struct batch *b, struct dest *d)
{
	uint64_t bit = UINT64_C(1) << o->bit;
	bool is_news = o->all || (int32_t)(d->chosen_at - o->caught_up) > 0;

	if (!is_news)
		return;
	const struct path *p = out_choice(o, d);
	const struct attr_set *attrs = p ? out_attrs(o, p) : NULL;
	if (!attrs) {
		if (!(d->told & bit))
			return;
		batch_unreach(b, d, 0);
		forget(o, d);
		return;
	}
	if (d->told & bit && (d->targets_moved || o->all))
		batch_unwant(b, d, 0, attrs);
	batch_reach(b, d, 0, p->label, attrs);
	o->count += !(d->told & bit);
	d->told |= bit;
	attr_drop(&o->rib->bgp->attrs, attrs);
}

static void
told_path_drop(struct out *o, struct told *t, size_t at)
{
	attr_drop(&o->rib->bgp->attrs, t->paths[at].attrs);
	t->paths[at] = t->paths[--t->count];
}

/* Of the path with this number it is said; takes over the use. */
static void
tell_path(struct out *o, struct batch *b, const struct path *p, const struct attr_set *attrs)
{
	struct told *t = told_get(o, p->dest);
	size_t at = 0;

	while (at < t->count && t->paths[at].number != p->number)
		at++;
	if (at == t->count) {
		t->paths = mem_resize(t->paths, (t->count + 1) * sizeof *t->paths);
		t->paths[t->count++] = (struct told_path){ .number = p->number };
	}
	struct told_path *k = &t->paths[at];
	k->stays = true;
	if (k->attrs == attrs && k->label == p->label) {
		attr_drop(&o->rib->bgp->attrs, attrs);
		return;
	}
	if (k->attrs && !attr_lists_are_same(k->attrs, attrs, LIST_EXT))
		batch_unwant(b, p->dest, p->number, attrs);
	attr_drop(&o->rib->bgp->attrs, k->attrs);
	k->label = p->label;
	k->attrs = attrs;
	batch_reach(b, p->dest, p->number, p->label, attrs);
}

/* RFC 7911: as many as are agreed, each by its identifier; only what differs from what was told before. */
static void
tell_paths(struct out *o, struct batch *b, struct dest *d)
{
	struct path *paths[UINT8_MAX];
	size_t n = decide_order(d, paths, o->key.add_paths);
	uint64_t bit = UINT64_C(1) << o->bit;
	struct told *t = told_find(o, d);

	for (size_t i = 0; t && i < t->count; i++)
		t->paths[i].stays = false;
	for (size_t i = 0; i < n; i++) {
		const struct attr_set *attrs = paths[i]->number ? out_attrs(o, paths[i]) : NULL;
		if (attrs)
			tell_path(o, b, paths[i], attrs);
	}
	t = told_find(o, d);
	for (size_t i = 0; t && i < t->count;)
		if (t->paths[i].stays) {
			i++;
		} else {
			batch_unreach(b, d, t->paths[i].number);
			told_path_drop(o, t, i);
		}
	if (t && t->count) {
		o->count += !(d->told & bit);
		d->told |= bit;
		return;
	}
	if (t)
		told_free(o, t);
	if (d->told & bit)
		forget(o, d);
}

static void
tell(struct out *o, struct batch *b, struct dest *d)
{
	if (o->key.add_paths)
		tell_paths(o, b, d);
	else
		tell_choice(o, b, d);
}

/* --- all of it --- */

/* What the others have been told of it. */
static void
repeat(const struct out *o, struct batch *b, const struct dest *d)
{
	if (!(d->told >> o->bit & 1))
		return;
	if (o->key.add_paths) {
		const struct told *t = told_find(o, d);
		for (size_t i = 0; t && i < t->count; i++)
			batch_reach(b, d, t->paths[i].number, t->paths[i].label, t->paths[i].attrs);
		return;
	}
	const struct path *p = out_choice(o, d);
	const struct attr_set *attrs = p ? out_attrs(o, p) : NULL;
	if (attrs)
		batch_reach(b, d, 0, p->label, attrs);
	attr_drop(&o->rib->bgp->attrs, attrs);
}

static void
say_frame(struct peer *p, enum bgp_family f, enum bgp_refresh kind)
{
	struct wire_writer w = peer_writer(p, BGP_HEADER_BYTES + 4);

	bgp_write_refresh(&w, f, kind);
	peer_written(p, &w, BGP_REFRESH);
}

static bool
begin_dump(struct out *o)
{
	enum bgp_family f = o->rib->family;

	if (o->dumping)
		return !list_is_empty(&o->dump);
	list_splice(&o->dump, &o->waiting);
	if (list_is_empty(&o->dump))
		return false;
	o->dumping = true;
	o->dump_at = o->rib->dests.oldest;
	list_each (l, &o->dump) {
		struct peer_family *pf = OBJECT(l, struct peer_family, of_dump);
		if (pf->again)
			say_frame(OBJECT(pf - f, struct peer, family[0]), f, BGP_REFRESH_BEGIN);
	}
	return true;
}

static void
end_dump(struct out *o)
{
	enum bgp_family f = o->rib->family;

	while (!list_is_empty(&o->dump)) {
		struct peer_family *pf = OBJECT(o->dump.next, struct peer_family, of_dump);
		struct peer *p = OBJECT(pf - f, struct peer, family[0]);
		if (pf->again)
			say_frame(p, f, BGP_REFRESH_END);
		if (!pf->again || !pf->end_told)
			end_of_rib(p, f);
		pf->again = false;
		list_remove(&pf->of_dump);
	}
	o->dumping = false;
}

/* Those who have nothing yet: true when there is more for them. */
static bool
dump(struct out *o)
{
	if (!begin_dump(o)) {
		o->dumping = false;
		return !list_is_empty(&o->waiting);
	}
	struct batch b = batch_begin(o, &o->dump, TO_DUMP);
	if (somebody_is_paused(&b)) {
		batch_end(&b);
		return false;
	}
	for (int i = 0; i < SLICE && o->dump_at; i++, o->dump_at = o->dump_at->newer)
		repeat(o, &b, CONST_OBJECT(o->dump_at, struct dest, by_key));
	batch_end(&b);
	if (o->dump_at)
		return true;
	end_dump(o);
	return !list_is_empty(&o->waiting);
}

/* --- the difference --- */

static void
differ(struct batch *b, const struct peer *p, const struct dest *d, uint16_t number, uint32_t label,
    const struct attr_set *attrs)
{
	bool was = members_want(p->members_before, attrs), is = members_want(p->members, attrs);

	if (was && !is)
		batch_unreach(b, d, number);
	else if (!was && is)
		batch_reach(b, d, number, label, attrs);
}

static void
differ_all(const struct out *o, struct batch *b, const struct peer *p, const struct dest *d)
{
	if (!(d->told >> o->bit & 1))
		return;
	if (o->key.add_paths) {
		const struct told *t = told_find(o, d);
		for (size_t i = 0; t && i < t->count; i++)
			differ(b, p, d, t->paths[i].number, t->paths[i].label, t->paths[i].attrs);
		return;
	}
	const struct path *path = out_choice(o, d);
	const struct attr_set *attrs = path ? out_attrs(o, path) : NULL;
	if (attrs)
		differ(b, p, d, 0, path->label, attrs);
	attr_drop(&o->rib->bgp->attrs, attrs);
}

static bool
review(struct out *o)
{
	if (list_is_empty(&o->in_review)) {
		if (list_is_empty(&o->to_review))
			return false;
		struct list *next = o->to_review.next;
		list_remove(next);
		list_append(&o->in_review, next);
		o->review_at = o->rib->dests.oldest;
	}
	struct batch b = batch_begin(o, &o->in_review, TO_REVIEW);
	struct peer *p = batch_peer(&b, o->in_review.next);
	if (p->paused) {
		batch_end(&b);
		return false;
	}
	for (int i = 0; i < SLICE && o->review_at; i++, o->review_at = o->review_at->newer)
		differ_all(o, &b, p, CONST_OBJECT(o->review_at, struct dest, by_key));
	batch_end(&b);
	if (o->review_at)
		return true;
	list_remove(o->in_review.next);
	members_reviewed(p);
	return true;
}

/* --- an out --- */

static bool
run(struct out *o)
{
	struct rib *r = o->rib;
	struct batch b = batch_begin(o, &o->peers, TO_ALL);

	if (somebody_is_paused(&b)) {
		batch_end(&b);
		return false;
	}
	o->split_from = 0;
	for (int i = 0; i < SLICE && o->at != &r->changed; i++) {
		struct dest *d = OBJECT(o->at, struct dest, by_change);
		o->at = o->at->next;
		tell(o, &b, d);
	}
	batch_end(&b);
	if (o->at != &r->changed)
		return true;
	o->all = false;
	o->caught_up = r->choices;
	if (!o->begun) {
		o->begun = true;
		list_each (l, &o->peers) {
			struct peer_family *pf = OBJECT(l, struct peer_family, of_out);
			if (list_is_empty(&pf->of_dump))
				end_of_rib(batch_peer(&b, l), r->family);
		}
	}
	bool more = dump(o);
	return review(o) || more;
}

bool
outs_run(struct bgp *b, uint32_t families)
{
	bool more = false;

	list_each (l, &b->instances) {
		const struct instance *n = OBJECT(l, struct instance, of_bgp);
		for (unsigned f = 0; f < BGP_FAMILIES; f++)
			if (n->ribs[f] && families & BGP_FAMILY_BIT(f))
				list_each (k, &n->ribs[f]->outs) {
					more |= run(OBJECT(k, struct out, of_rib));
				}
	}
	return more;
}
