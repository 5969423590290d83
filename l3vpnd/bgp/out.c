/*
 * What is told to peers.
 *
 * Peers of a table that are to hear the same share an *out*. The table keeps its destinations in the order in which what is
 * chosen for them changed last, and an out is a place in that order: it goes on to the end, whatever changes behind it is
 * found at the end again, and however often a destination changes meanwhile, it is told once. Each destination has one bit
 * for each out: that it has been told, so that a withdrawal is said where it is needed and nowhere else. There is no other
 * copy of what was told.
 *
 * A peer that joins an out which has been through the table before is told what the others know in a walk of its own
 * (*dump*), together with all that joined meanwhile, while it hears what changes like the others.
 */
#include "l3vpnd/bgp/as_path.h"
#include "l3vpnd/bgp/model.h"
#include <stdlib.h>

enum { OUTS_MAX = 64, SLICE = 2000 /* destinations looked at in one go */ };

/* --- outs --- */

static struct out_key
key_of(const struct peer *p, enum bgp_family f)
{
	const struct bgp_peer_family *c = &p->config.family[f];

	return (struct out_key){ .long_lived = p->up->open.long_lived.said,
		.internal = p->internal,
		.as4 = p->as4,
		.extended = p->extended,
		.next_hop_local = c->next_hop_local,
		.reflect_client = c->reflect_client,
		.substitute_as = c->substitute_as,
		.as = p->internal || !c->substitute_as ? 0 : p->config.as,
		.local_as = p->config.fake_as ? p->config.fake_as : p->bgp->config.as,
		.origin_site = c->origin_site,
		.local = p->up->local };
}

static bool
keys_are_equal(const struct out_key *a, const struct out_key *b)
{
	return a->long_lived == b->long_lived && a->internal == b->internal && a->as4 == b->as4 &&
	       a->extended == b->extended && a->next_hop_local == b->next_hop_local &&
	       a->reflect_client == b->reflect_client && a->substitute_as == b->substitute_as && a->as == b->as &&
	       a->local_as == b->local_as && a->origin_site == b->origin_site && addr_eq(&a->local, &b->local);
}

static struct out *
out_get(struct rib *r, const struct out_key *k)
{
	unsigned bit = 0;

	list_each (l, &r->outs) {
		struct out *o = OBJECT(l, struct out, of_rib);
		if (keys_are_equal(&o->key, k))
			return o;
	}
	while (bit < OUTS_MAX && r->out_bits >> bit & 1)
		bit++;
	if (bit == OUTS_MAX)
		return NULL;
	struct out *o = NEW(struct out);
	o->rib = r;
	o->key = *k;
	o->bit = bit;
	o->at = r->changed.next;
	list_init(&o->peers);
	list_init(&o->dump);
	list_init(&o->waiting);
	r->out_bits |= UINT64_C(1) << bit;
	list_append(&r->outs, &o->of_rib);
	return o;
}

static void
out_free(struct out *o)
{
	struct rib *r = o->rib;
	uint64_t bit = UINT64_C(1) << o->bit;

	hash_each (n, &r->dests) {
		struct dest *d = OBJECT(n, struct dest, by_key);
		if (d->told & bit) {
			d->told &= ~bit;
			o->told--;
			if (!d->paths && !d->told)
				dest_dirty(d); /* it stayed for our sake alone */
		}
	}
	r->out_bits &= ~bit;
	list_remove(&o->of_rib);
	free(o);
}

void
outs_free(struct rib *r)
{
	list_each_safe (l, &r->outs) {
		list_remove(l);
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
	list_remove(&pf->of_out);
	list_remove(&pf->of_dump);
	if (list_is_empty(&o->peers))
		out_free(o);
}

void
out_again(struct peer *p, enum bgp_family f)
{
	struct peer_family *pf = &p->family[f];

	if (!pf->out)
		return;
	list_remove(&pf->of_dump);
	list_append(&pf->out->waiting, &pf->of_dump);
	p->bgp->more = true;
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
		if (!d->paths && !d->told && o->dump_at == &d->by_key) /* it goes for good */
			o->dump_at = d->by_key.newer;
	}
}

/* --- what is said of a path --- */

static bool
may_be_told(const struct out *o, const struct path *p)
{
	const struct attr_set *a = p->attrs;
	bool from_internal = p->peer && p->peer->internal;

	if (attr_has_community(a, COMMUNITY_NO_ADVERTISE))
		return false;
	if (!o->key.long_lived && attr_has_community(a, COMMUNITY_LLGR_STALE)) /* RFC 9494 4.3 */
		return false;
	if (!o->key.internal)
		return !attr_has_community(a, COMMUNITY_NO_EXPORT) &&
		       !attr_has_community(a, COMMUNITY_NO_EXPORT_SUBCONFED) &&
		       (!o->key.origin_site || !attr_has_ext(a, o->key.origin_site));
	if (!from_internal)
		return true;
	/* RFC 4456 6: from a client to all, from the others to clients. */
	return o->key.reflect_client || p->peer->config.family[o->rib->family].reflect_client;
}

static uint32_t
own_local_pref(const struct rib *r)
{
	return r->instance->config.local_pref ? r->instance->config.local_pref : BGP_LOCAL_PREF;
}

static bool
is_vpn(const struct rib *r)
{
	return r->family == BGP_VPNV4 || r->family == BGP_VPNV6;
}

static void
change_for_internal(const struct out *o, const struct path *p, struct attr_change *c, uint8_t *room, size_t size)
{
	const struct attr_set *a = p->attrs;
	const struct bgp *b = o->rib->bgp;
	struct wire_writer w = wire_writer(room, size);

	if (!p->peer || !p->peer->internal) {
		c->local_pref_set = !a->has_local_pref || p->peer;
		c->local_pref = own_local_pref(o->rib);
		c->next_hop_set = !addr_is_set(&a->next_hop) || o->key.next_hop_local;
		c->next_hop = o->key.local;
		return;
	}
	c->originator_set = !a->has_originator;
	c->originator = p->peer->id;
	wire_put_u32(&w, b->config.cluster_id ? b->config.cluster_id : o->rib->instance->router_id);
	wire_put_bytes(&w, attr_list(a, LIST_CLUSTERS).base, a->size[LIST_CLUSTERS]);
	c->clusters_set = true;
	c->clusters = wire_reader(room, w.at);
}

static void
change_for_external(const struct out *o, const struct path *p, struct attr_change *c, uint8_t *room, size_t size)
{
	const struct attr_set *a = p->attrs;
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
}

/* What is said of it, used once; NULL: nothing is to be said. */
static const struct attr_set *
to_be_told(const struct out *o, const struct path *p)
{
	uint8_t room[AS_PATH_MAX + 8];
	struct attr_change c = { 0 };

	if (!p || !p->best || !may_be_told(o, p))
		return NULL;
	if (o->key.internal)
		change_for_internal(o, p, &c, room, sizeof room);
	else
		change_for_external(o, p, &c, room, sizeof room);
	return attr_changed(&o->rib->bgp->attrs, p->attrs, &c);
}

/* --- messages --- */

/* One UPDATE in the making for all who are to have it: as many prefixes as say the same, or as many withdrawals. */
struct batch {
	const struct out *out;
	const struct list *peers;     /* links of peer_family */
	bool is_dump;                 /* which of them */
	const struct attr_set *attrs; /* told of */
	struct wire_writer reach, unreach;
	struct wire_mark reach_message, reach_attrs, reach_list, unreach_message, unreach_attrs, unreach_list;
	bool has_reach, has_unreach;
	uint8_t *room;
	size_t size; /* of each half of the room */
};

static struct peer *
peer_of(const struct batch *b, struct list *l)
{
	struct peer_family *pf =
	    b->is_dump ? OBJECT(l, struct peer_family, of_dump) : OBJECT(l, struct peer_family, of_out);

	return OBJECT(pf - b->out->rib->family, struct peer, family[0]);
}

static void
send_to_all(const struct batch *b, const struct wire_writer *w)
{
	for (struct list *l = b->peers->next; l != b->peers; l = l->next) {
		struct peer *p = peer_of(b, l);
		struct wire_writer to = peer_writer(p, w->at);
		wire_put_bytes(&to, w->base, w->at);
		peer_written(p, &to, BGP_UPDATE);
	}
}

static void
end_reach(struct batch *b)
{
	const struct out_key *k = &b->out->key;
	const struct attr_writing how = { .as4 = k->as4, .internal = k->internal, .family = b->out->rib->family };

	if (!b->has_reach)
		return;
	b->has_reach = false;
	if (b->out->rib->family != BGP_IPV4) { /* RFC 7606 5.1: the prefixes come first */
		wire_fill_length(&b->reach, b->reach_list);
		attr_write(&b->reach, b->attrs, &how);
		wire_fill_length(&b->reach, b->reach_attrs);
	}
	bgp_end(&b->reach, b->reach_message);
	send_to_all(b, &b->reach);
}

static size_t
attrs_size(const struct batch *b)
{
	return 128 + 2 * (size_t)b->attrs->size[LIST_AS_PATH] + b->attrs->size[LIST_COMMUNITIES] +
	       b->attrs->size[LIST_EXT] + b->attrs->size[LIST_LARGE] + b->attrs->size[LIST_CLUSTERS] +
	       b->attrs->size[LIST_UNKNOWN];
}

static void
begin_reach(struct batch *b)
{
	const struct rib *r = b->out->rib;
	const struct attr_writing how = {
		.as4 = b->out->key.as4, .internal = b->out->key.internal, .family = r->family
	};

	b->has_reach = true;
	b->reach = wire_writer(b->room, b->size);
	b->reach_message = bgp_begin(&b->reach, BGP_UPDATE);
	wire_put_u16(&b->reach, 0);
	b->reach_attrs = wire_hold_u16(&b->reach);
	if (r->family == BGP_IPV4) {
		attr_write(&b->reach, b->attrs, &how);
		wire_fill_length(&b->reach, b->reach_attrs);
	} else {
		b->reach_list = attr_begin_reach(&b->reach, r->family, b->attrs);
	}
}

static struct nlri
nlri_of(const struct dest *d)
{
	return (struct nlri){ .label = d->paths ? d->paths->label : 0, .rd = d->rd, .prefix = d->prefix };
}

static void
batch_reach(struct batch *b, const struct dest *d, const struct attr_set *attrs)
{
	const struct rib *r = b->out->rib;
	struct nlri n = nlri_of(d);

	if (b->has_reach &&
	    (b->attrs != attrs || b->size - b->reach.at < NLRI_BYTES + (r->family == BGP_IPV4 ? 0 : attrs_size(b))))
		end_reach(b);
	if (b->attrs != attrs) {
		attr_drop(&b->out->rib->bgp->attrs, b->attrs);
		b->attrs = attr_use(attrs);
	}
	if (attrs_size(b) + 64 > b->size) /* more than a message of this peer holds (RFC 8654 5) */
		return;
	if (!b->has_reach)
		begin_reach(b);
	nlri_put(&b->reach, r->family, false, false, &n);
}

static void
end_unreach(struct batch *b)
{
	if (!b->has_unreach)
		return;
	b->has_unreach = false;
	wire_fill_length(&b->unreach, b->unreach_list);
	if (b->out->rib->family == BGP_IPV4)
		wire_put_u16(&b->unreach, 0);
	else
		wire_fill_length(&b->unreach, b->unreach_attrs);
	bgp_end(&b->unreach, b->unreach_message);
	send_to_all(b, &b->unreach);
}

static void
begin_unreach(struct batch *b)
{
	b->has_unreach = true;
	b->unreach = wire_writer(b->room + b->size, b->size);
	b->unreach_message = bgp_begin(&b->unreach, BGP_UPDATE);
	if (b->out->rib->family == BGP_IPV4) {
		b->unreach_list = wire_hold_u16(&b->unreach);
		return;
	}
	wire_put_u16(&b->unreach, 0);
	b->unreach_attrs = wire_hold_u16(&b->unreach);
	b->unreach_list = attr_begin_unreach(&b->unreach, b->out->rib->family);
}

static void
batch_unreach(struct batch *b, const struct dest *d)
{
	struct nlri n = nlri_of(d);

	if (b->has_unreach && b->size - b->unreach.at < NLRI_BYTES + 4)
		end_unreach(b);
	if (!b->has_unreach)
		begin_unreach(b);
	nlri_put(&b->unreach, b->out->rib->family, false, true, &n);
}

static struct batch
batch_begin(const struct out *o, const struct list *peers, bool is_dump)
{
	struct batch b = { .out = o, .peers = peers, .is_dump = is_dump };

	b.size = o->key.extended ? BGP_EXTENDED_MAX : BGP_MESSAGE_MAX;
	b.room = mem_zalloc(2 * b.size);
	return b;
}

static void
batch_end(struct batch *b)
{
	end_unreach(b);
	end_reach(b);
	attr_drop(&b->out->rib->bgp->attrs, b->attrs);
	free(b->room);
}

/* RFC 4724 2 */
static void
end_of_rib(struct peer *p, enum bgp_family f)
{
	struct wire_writer w = peer_writer(p, 64);
	struct wire_mark m = bgp_begin(&w, BGP_UPDATE);

	wire_put_u16(&w, 0);
	struct wire_mark attrs = wire_hold_u16(&w);
	if (f != BGP_IPV4)
		wire_fill_length(&w, attr_begin_unreach(&w, f));
	wire_fill_length(&w, attrs);
	bgp_end(&w, m);
	peer_written(p, &w, BGP_UPDATE);
}

/* --- walks --- */

static bool
somebody_is_paused(const struct batch *b)
{
	for (struct list *l = b->peers->next; l != b->peers; l = l->next)
		if (peer_of(b, l)->paused)
			return true;
	return false;
}

/* Those who have nothing yet: true when there is more for them. */
static bool
dump(struct out *o)
{
	struct rib *r = o->rib;
	uint64_t bit = UINT64_C(1) << o->bit;

	if (list_is_empty(&o->dump)) {
		o->dumping = false;
		if (list_is_empty(&o->waiting))
			return false;
		list_splice(&o->dump, &o->waiting);
	}
	if (!o->dumping) {
		o->dumping = true;
		o->dump_at = r->dests.oldest;
	}
	struct batch b = batch_begin(o, &o->dump, true);
	if (somebody_is_paused(&b)) {
		batch_end(&b);
		return false;
	}
	for (int i = 0; i < SLICE && o->dump_at; i++, o->dump_at = o->dump_at->newer) {
		const struct dest *d = OBJECT(o->dump_at, struct dest, by_key);
		const struct attr_set *attrs = d->told & bit ? to_be_told(o, d->paths) : NULL;
		if (attrs)
			batch_reach(&b, d, attrs);
		attr_drop(&r->bgp->attrs, attrs);
	}
	batch_end(&b);
	if (o->dump_at)
		return true;
	while (!list_is_empty(&o->dump)) {
		struct list *l = o->dump.next;
		end_of_rib(peer_of(&b, l), r->family);
		list_remove(l);
	}
	o->dumping = false;
	return !list_is_empty(&o->waiting);
}

static void
tell(struct out *o, struct batch *b, struct dest *d)
{
	uint64_t bit = UINT64_C(1) << o->bit;
	const struct attr_set *attrs = to_be_told(o, d->paths);

	if (attrs) {
		batch_reach(b, d, attrs);
		o->told += !(d->told & bit);
		d->told |= bit;
		attr_drop(&o->rib->bgp->attrs, attrs);
		return;
	}
	if (!(d->told & bit))
		return;
	batch_unreach(b, d);
	d->told &= ~bit;
	o->told--;
	if (!d->paths && !d->told)
		dest_dirty(d); /* nobody needs it any more */
}

static bool
run(struct out *o)
{
	struct rib *r = o->rib;
	struct batch b = batch_begin(o, &o->peers, false);

	if (somebody_is_paused(&b)) {
		batch_end(&b);
		return false;
	}
	for (int i = 0; i < SLICE && o->at != &r->changed; i++) {
		struct dest *d = OBJECT(o->at, struct dest, by_change);
		o->at = o->at->next;
		tell(o, &b, d);
	}
	batch_end(&b);
	if (o->at != &r->changed)
		return true;
	if (!o->begun) {
		o->begun = true;
		for (struct list *l = o->peers.next; l != &o->peers; l = l->next)
			if (list_is_empty(&OBJECT(l, struct peer_family, of_out)->of_dump))
				end_of_rib(peer_of(&b, l), r->family);
	}
	return dump(o);
}

bool
outs_run(struct bgp *b)
{
	bool more = false;

	list_each (l, &b->instances) {
		const struct instance *n = OBJECT(l, struct instance, of_bgp);
		for (unsigned f = 0; f < BGP_FAMILIES; f++)
			if (n->ribs[f])
				list_each (k, &n->ribs[f]->outs) {
					more |= run(OBJECT(k, struct out, of_rib));
				}
	}
	return more;
}
