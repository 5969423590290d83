/*
 * Routes: every source's opinion of a prefix, and which one counts. The lowest preference wins (direct 0,
 * OSPF 10, IS-IS 15, static 60, BGP 255), then the lowest cost.
 *
 * Another daemon's route is only read. When it wins and a label is to be pushed, a route of ours shadows it
 * (doc/decisions/0002); when one of our static routes wins, ours is installed and theirs stays behind it.
 */
#include "fibd/rib/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct trie *
trie_of(struct rib_table *t, const struct prefix *p)
{
	return p->addr.family == 4 ? &t->v4 : &t->v6;
}

struct route *
route_find(struct rib_table *t, const struct prefix *p)
{
	struct trie_node *n = trie_find(trie_of(t, p), p);

	return n ? OBJECT(n, struct route, node) : NULL;
}

struct route *
route_get(struct rib_table *t, const struct prefix *p)
{
	struct rib *rib = t->rib;
	struct route *r = route_find(t, p);

	if (r)
		return r;
	r = pool_take(&rib->route_pool);
	r->table = t;
	list_init(&r->of_has);
	trie_add(trie_of(t, p), &r->node, p);
	return r;
}

/* --- queues --- */

static void
queue_put(struct route_queue *q, struct route *r)
{
	if (q->count == q->room) {
		size_t room = q->room ? 2 * q->room : 64;
		struct route **at = mem_zalloc(room * sizeof(struct route *));
		for (size_t i = 0; i < q->count; i++)
			at[i] = q->at[(q->first + i) & (q->room - 1)];
		free(q->at);
		*q = (struct route_queue){ .at = at, .count = q->count, .room = room };
	}
	q->at[(q->first + q->count++) & (q->room - 1)] = r;
}

/* An empty queue keeps nothing: it was long only once. */
static struct route *
queue_take(struct route_queue *q)
{
	if (!q->count)
		return NULL;
	struct route *r = q->at[q->first];
	q->first = (q->first + 1) & (q->room - 1);
	if (!--q->count) {
		free(q->at);
		*q = (struct route_queue){ 0 };
	}
	return r;
}

static void
queue_to_choose(struct rib *rib, struct route *r)
{
	if (r->to_choose)
		return;
	r->to_choose = true;
	queue_put(&rib->to_choose, r);
}

void
route_again(struct rib *rib, struct route *r)
{
	r->told = false;
	queue_to_choose(rib, r);
}

void
route_dirty(struct rib *rib, struct route *r)
{
	rib->work = true;
	if (r->dirty)
		return;
	r->dirty = true;
	queue_put(&rib->dirty_routes, r);
}

struct route *
route_next_dirty(struct rib *rib)
{
	struct route *r = queue_take(&rib->dirty_routes);

	if (!r)
		return NULL;
	r->dirty = false;
	if (!r->entries)
		route_again(rib, r); /* it may be the end of it */
	return r;
}

/* Somebody's next hop may lie behind it, or lead where it leads. */
static void
is_other(struct rib *rib, const struct route *r)
{
	rib->resolve |= watch_hits(r->table, &r->node.prefix);
}

/* --- entries --- */

/* Of equals the older comes first, but nothing comes after a black hole: it takes over when no other can forward. */
static bool
comes_before(const struct entry *a, const struct entry *b)
{
	if (a->preference != b->preference)
		return a->preference < b->preference;
	if (a->cost != b->cost)
		return a->cost < b->cost;
	return !a->fate || !a->fate->black_hole;
}

const struct direct *
direct_of(const struct entry *e)
{
	return CONST_OBJECT(e, struct direct, entry);
}

const struct entry *
route_chosen(const struct route *r)
{
	const struct entry *e = r->entries;

	while (e && !e->chosen)
		e = e->next;
	return e;
}

/* --- where routes go next --- */

static bool
is_usable(const struct entry *e)
{
	return e->direct || e->foreign || e->fate->path_count || e->fate->black_hole;
}

static void
heir_out(struct rib *rib, struct route *r)
{
	if (r->next && r->want && r->want->heir == r->next && !--r->want->heir_count)
		fate_second_over(rib, r->want);
	r->next = NULL;
}

/* Counted only where it is the same for all, which is where it matters: one message moves all of them. */
static void
heir_in(struct route *r)
{
	const struct entry *e = r->entries;
	struct fate *f = r->want;

	while (e && !e->chosen)
		e = e->next;
	if (!f || !e || e->fate != f)
		return;
	do
		e = e->next;
	while (e && !is_usable(e));
	struct fate *next = e ? e->fate : NULL;
	if (!next || next == f)
		return;
	if (!f->heir_count)
		f->heir = next;
	if (f->heir != next)
		return;
	r->next = next;
	f->heir_count++;
}

/* Puts an entry that was made into its place. */
static void
entry_put(struct rib *rib, struct route *r, struct entry *e)
{
	struct entry **at = &r->entries;

	while (*at && comes_before(*at, e))
		at = &(*at)->next;
	e->next = *at;
	*at = e;
	e->route = r;
	e->since = (uint32_t)(rib->now / USEC_PER_SEC);
	if (e->fate)
		list_append(&e->fate->users, &e->of_fate);
	else
		list_init(&e->of_fate);
	route_again(rib, r);
}

struct entry *
route_add_entry(struct rib *rib, struct route *r, const struct entry *like)
{
	struct entry *e = pool_take(&rib->entry_pool);

	*e = *like;
	r->inherited &= like->learned; /* its next hops may lean on what is not told yet */
	entry_put(rib, r, e);
	return e;
}

void
route_drop_entry(struct rib *rib, struct entry *e)
{
	struct route *r = e->route;

	for (struct entry **at = &r->entries; *at; at = &(*at)->next)
		if (*at == e) {
			*at = e->next;
			break;
		}
	if (e->chosen)
		is_other(rib, r);
	list_remove(&e->of_fate);
	heir_out(rib, r);
	if (e->fate)
		fate_unref(rib, e->fate);
	pool_give(e->direct ? &rib->direct_pool : &rib->entry_pool, e);
	route_again(rib, r);
}

/* --- direct --- */

static void
direct_one(struct rib *rib, struct rib_table *t, struct prefix prefix, uint32_t ifindex, struct addr address, bool gone)
{
	struct route *r = gone ? route_find(t, &prefix) : route_get(t, &prefix);

	for (struct entry *e = r ? r->entries : NULL; e; e = e->next)
		if (e->direct && direct_of(e)->ifindex == ifindex && addr_eq(&direct_of(e)->address, &address)) {
			if (gone)
				route_drop_entry(rib, e);
			return;
		}
	if (gone)
		return;
	struct direct *d = pool_take(&rib->direct_pool);
	*d = (struct direct){
		.entry = { .direct = true, .protocol = FIB__PROTOCOL__DIRECT }, .ifindex = ifindex, .address = address
	};
	entry_put(rib, r, &d->entry);
}

void
routes_direct(struct rib *rib, uint32_t ifindex, uint32_t table, const struct prefix *a, bool gone)
{
	struct rib_table *t = table_get(rib, table);
	bool v4 = a->addr.family == 4;
	struct addr self = v4 ? addr_v4(UINT32_C(0x7f000001)) : (struct addr){ 6, { [15] = 1 } };

	if (!v4 && addr_is_link_local(&a->addr))
		return; /* every interface has them; they route nothing */
	direct_one(rib, t, prefix_host(a->addr), ifindex, self, gone);
	if (prefix_is_host(a))
		return;
	direct_one(rib, t, prefix_network(*a), ifindex, addr_is_loopback(&a->addr) ? self : a->addr, gone);
	if (v4 && a->len < 31)
		direct_one(rib, t, prefix_host(prefix_broadcast(*a)), ifindex, self, gone);
	if (v4 && addr_is_loopback(&a->addr)) /* the limited broadcast address, as reference 002 shows it */
		direct_one(rib, t, prefix_host(addr_v4(UINT32_MAX)), ifindex, self, gone);
}

/* --- ours, as the kernel has them --- */

static void
drop_inlined(struct route *r)
{
	if (!r->inlined)
		return;
	list_remove(&r->inlined->link);
	free(r->inlined);
	r->inlined = NULL;
}

/*
 * What is found in the kernel and was not told by anybody yet is no row: a row that came and went would tell its readers that
 * the route is gone, and until a moment ago, in our former life, it was there.
 */
void
route_changed(struct rib *rib, struct route *r)
{
	if (r->entries)
		table_changed(&rib->route_table, &r->row);
}

static void
become(struct rib *rib, struct route *r, struct group *g, struct inlined *in)
{
	if (r->has)
		diff_dirty(rib, &rib->dirty_groups, &r->has->dirty); /* perhaps its last user */
	if (r->has)
		r->has->user_count--;
	list_remove(&r->of_has);
	drop_inlined(r);
	r->has = g;
	r->inlined = in;
	if (g) {
		list_append(&g->users, &r->of_has);
		g->user_count++;
	}
	if (in)
		list_append(&rib->inlined, &in->link);
	route_dirty(rib, r);
	route_changed(rib, r);
	if (!r->entries)
		route_again(rib, r); /* it may be the end of it */
}

void
route_has(struct rib *rib, struct route *r, struct group *g)
{
	if (r->has != g || r->inlined)
		become(rib, r, g, NULL);
}

void
route_installed(struct rib *rib, struct route *r, uint32_t group_id, const struct fib_path *paths, uint16_t count)
{
	struct group *g = group_id ? group_find(rib, group_id) : NULL;

	r->seen = rib->dump;
	if (g || (!group_id && !count)) {
		route_has(rib, r, g);
		return;
	}
	if (group_id)
		count = 0; /* a group that is not ours */
	if (r->inlined && r->inlined->count == count && paths_eq(r->inlined->paths, paths, count))
		return;
	struct inlined *in = mem_zalloc(sizeof *in + count * sizeof *paths);
	in->route = r;
	in->count = count;
	memcpy(in->paths, paths, count * sizeof *paths);
	become(rib, r, NULL, in);
}

/* Whether the kernel still has a route over that link depends on how it went down: it is no longer sure. */
void
routes_link_down(struct rib *rib, uint32_t ifindex)
{
	list_each (l, &rib->inlined) {
		struct inlined *in = OBJECT(l, struct inlined, link);
		bool over = false;
		for (uint16_t i = 0; i < in->count; i++)
			over |= in->paths[i].ifindex == ifindex;
		if (!over)
			continue;
		in->count = 0;
		route_dirty(rib, in->route);
		route_changed(rib, in->route);
	}
}

void
routes_each(struct rib *rib, void (*visit)(struct rib *, struct route *))
{
	list_each (l, &rib->tables) {
		struct rib_table *t = OBJECT(l, struct rib_table, link);
		for (int v = 0; v < 2; v++)
			trie_each (n, v ? &t->v6 : &t->v4) {
				visit(rib, OBJECT(n, struct route, node));
			}
	}
}

/* --- choosing --- */

struct fate *
route_heir(const struct route *r)
{
	const struct entry *e = r->entries;

	while (e && !is_usable(e))
		e = e->next;
	return e ? e->fate : NULL;
}

/* The kernel takes the smallest metric, whatever we prefer. */
static const struct entry *
hiding(const struct route *r)
{
	for (const struct entry *e = r->entries; e; e = e->next)
		if (e->foreign && e->cost <= FIB_METRIC)
			return e;
	return NULL;
}

static void
note_hidden(struct rib *rib, struct route *r, const struct entry *by)
{
	char text[160];

	if (!by && r->hidden)
		route_set_trouble(rib, r, NULL);
	r->hidden = by;
	if (!by)
		return;
	snprintf(text, sizeof text,
	    "another daemon's route of metric %u comes first in the kernel, so %s; give that route a metric above %d",
	    by->cost, route_chosen(r)->foreign ? "no label can be pushed" : "the configured route is of no use",
	    FIB_METRIC);
	const char *told = route_own_trouble(r);
	if (!told || strcmp(told, text) != 0) {
		char prefix[PREFIX_TEXT];
		rib_note(rib, 4, "%s: %s", prefix_text(&r->node.prefix, prefix), text);
	}
	route_set_trouble(rib, r, text);
}

/* What the kernel shall have from us: static routes, and labels for whatever was chosen. */
static struct fate *
wanted_fate(struct rib *rib, struct route *r)
{
	const struct entry *e = route_chosen(r);
	const struct lsp *lsp = r->table->id == 254 && rib->abilities.mpls ? lsp_find(rib, &r->node.prefix) : NULL;

	if (!e || e->direct) {
		note_hidden(rib, r, NULL);
		return NULL;
	}
	bool push = false;
	for (size_t i = 0; lsp && !lsp->egress && i < e->fate->path_count; i++)
		push |= lsp_push(rib, lsp, &e->fate->paths[i].p) != LABEL_UNSET;
	const struct entry *hidden = push || !e->foreign ? hiding(r) : NULL;
	note_hidden(rib, r, hidden);
	if (hidden)
		return NULL;
	if (push)
		return fate_get(rib, &(struct fate){ .table = r->table,
					 .family = e->fate->family,
					 .labelled = true,
					 .pipe = e->fate->pipe,
					 .fec = r->node.prefix,
					 .specs = e->fate->specs,
					 .spec_count = e->fate->spec_count });
	if (e->foreign)
		return NULL;
	e->fate->refs++;
	return e->fate;
}

static void
free_if_empty(struct rib *rib, struct route *r)
{
	if (r->entries || r->want || r->has || r->inlined || r->asked || r->to_choose || r->dirty)
		return;
	table_gone(&rib->route_table, &r->row);
	list_remove(&r->of_has);
	route_set_trouble(rib, r, NULL);
	trie_remove(trie_of(r->table, &r->node.prefix), &r->node);
	pool_give(&rib->route_pool, r);
}

static void
set_want(struct rib *rib, struct route *r, struct fate *want)
{
	struct fate *old = r->want;

	r->told &= want == old;
	if (want == old) {
		if (want)
			fate_unref(rib, want);
		return;
	}
	r->want = want;
	r->refused = false;
	if (want) {
		want->followers++;
		fate_touch(rib, want);
	}
	if (old) {
		old->followers--;
		fate_touch(rib, old);
		fate_unref(rib, old);
	}
	is_other(rib, r);
	route_dirty(rib, r);
}

static void
choose(struct rib *rib, struct route *r)
{
	struct entry *best = r->entries;

	while (best && !is_usable(best))
		best = best->next;
	if (best != route_chosen(r)) {
		is_other(rib, r);
		r->told = false;
	}
	if (best)
		r->inherited = false;
	for (struct entry *e = r->entries; e; e = e->next)
		e->chosen = e == best;
	heir_out(rib, r);
	set_want(rib, r, wanted_fate(rib, r));
	heir_in(r);
	if (r->want)
		fate_heir_counted(rib, r->want);
	if (!r->entries)
		table_gone(&rib->route_table, &r->row);
	else if (!r->told && r->table->id)
		table_changed(&rib->route_table, &r->row);
	r->told = r->entries;
	if (r->has || r->inlined)
		route_dirty(rib, r);
}

static void
hear(struct rib *rib, struct route *r)
{
	r->refused = false;
	route_again(rib, r);
	route_dirty(rib, r);
}

static void
tell_some(struct rib *rib, unsigned budget)
{
	while (!list_is_empty(&rib->to_tell)) {
		struct fate *f = OBJECT(rib->to_tell.next, struct fate, to_tell);
		while (!list_is_empty(&f->untold)) {
			struct entry *e = OBJECT(f->untold.next, struct entry, of_fate);
			if (!budget--)
				return;
			list_remove(&e->of_fate);
			list_append(&f->users, &e->of_fate);
			route_again(rib, e->route);
			if (!f->labelled && e->chosen && e->route->want == f)
				hear(rib, e->route);
		}
		list_remove(&f->to_tell);
	}
}

void
routes_tell(struct rib *rib, struct fate *f)
{
	struct route *r = f->labelled ? route_find(f->table, &f->fec) : NULL;

	if (r && r->want == f)
		hear(rib, r);
	list_splice(&f->untold, &f->users);
	if (!list_is_empty(&f->untold) && list_is_empty(&f->to_tell))
		list_append(&rib->to_tell, &f->to_tell);
	rib->ops_first = true;
	rib->work = true;
}

bool
routes_choose(struct rib *rib, unsigned budget)
{
	/* The group that moves them goes out before any of them hears of it, whatever else there is to choose meanwhile. */
	if (!rib->ops_first)
		tell_some(rib, budget);
	while (budget-- && rib->to_choose.count) {
		struct route *r = queue_take(&rib->to_choose);
		r->to_choose = false;
		choose(rib, r);
		free_if_empty(rib, r);
	}
	return !rib->to_choose.count && list_is_empty(&rib->to_tell);
}

struct group *
route_group_of(const struct fate *f)
{
	const struct list *both[] = { &f->users, &f->untold };

	for (int i = 0; i < 2; i++)
		for (const struct list *l = both[i]->next; l != both[i]; l = l->next) {
			const struct entry *e = CONST_OBJECT(l, struct entry, of_fate);
			if (e->chosen && e->route->want == f && e->route->has)
				return e->route->has;
		}
	return NULL;
}

/* Routes say whose fate they want; the fate finds them by its entries, or by the FEC whose labels it pushes. */
void
route_each_follower(struct rib *rib, struct fate *f, void (*visit)(struct rib *, struct route *))
{
	struct route *r = f->labelled ? route_find(f->table, &f->fec) : NULL;

	if (r && r->want == f)
		visit(rib, r);
	struct list *both[] = { &f->users, &f->untold };
	for (int i = 0; i < 2 && !f->labelled; i++)
		list_each_safe (l, both[i]) {
			struct entry *e = OBJECT(l, struct entry, of_fate);
			if (e->chosen && e->route->want == f)
				visit(rib, e->route);
		}
}

void
route_lsp_changed(struct rib *rib, const struct prefix *fec)
{
	struct route *r = route_find(rib->public, fec);

	rib->resolve |= watch_hits(rib->public, fec);
	if (!r)
		return;
	queue_to_choose(rib, r);
	if (r->want && r->want->labelled)
		fate_again(rib, r->want); /* its labels are part of its next hops */
}

/* --- the end --- */

static void
forget(struct rib *rib, struct route *r)
{
	while (r->entries)
		route_drop_entry(rib, r->entries);
	heir_out(rib, r);
	if (r->want) {
		r->want->followers--;
		fate_unref(rib, r->want);
	}
	r->want = NULL;
	r->has = NULL;
	drop_inlined(r);
	r->asked = r->to_choose = r->dirty = false;
	free_if_empty(rib, r);
}

void
routes_free(struct rib *rib)
{
	routes_each(rib, forget);
	free(rib->to_choose.at);
	free(rib->dirty_routes.at);
	hash_free(&rib->troubles);
	pool_free(&rib->route_pool);
	pool_free(&rib->entry_pool);
	pool_free(&rib->direct_pool);
}
