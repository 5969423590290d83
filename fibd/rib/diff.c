/*
 * Wanted against seen: the operations for the kernel, in an order that never leaves a gap. First what is
 * new (next hops, then groups, then the routes that use them), then what is to go, in reverse.
 *
 * Every operation has a number; its answer is matched by that and by nothing else. What was refused is shown
 * with the kernel's words and tried again.
 */
#include "fibd/rib/circuits.h"
#include "fibd/rib/model.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_FIRST (1 * USEC_PER_SEC)
#define RETRY_LAST (64 * USEC_PER_SEC)
enum { RTN_UNICAST_TYPE = 1 };

void
diff_dirty(struct rib *rib, struct list *queue, struct list *link)
{
	rib->work = true;
	if (list_is_empty(link))
		list_append(queue, link);
}

void
diff_extra(struct rib *rib, const struct fib_op *op)
{
	if (rib->extra_count == rib->extra_room) {
		rib->extra_room = rib->extra_room ? rib->extra_room * 2 : 16;
		rib->extra = mem_resize(rib->extra, rib->extra_room * sizeof *rib->extra);
	}
	rib->extra[rib->extra_count++] = *op;
	rib->work = true;
}

struct fib_op *
diff_next_op(struct batch *b, enum fib_op_kind kind, enum op_target target, uint32_t id, struct pending **ret)
{
	struct rib *rib = b->rib;
	struct fib_op *op = &b->ops[b->count++];

	if (!rib->pending)
		rib->pending = mem_zalloc(PENDING_MAX * sizeof *rib->pending);
	if (!++rib->next_number)
		rib->next_number = 1;
	struct pending *p = &rib->pending[rib->next_number % PENDING_MAX];
	free(p->paths);
	free(p->group);
	*p = (struct pending){
		.number = rib->next_number, .target = target, .kind = kind, .delete = kind == FIB_OP_DELETE, .id = id
	};
	/* The object is the caller's to fill in: most of this large structure is never looked at. */
	op->kind = kind;
	op->number = rib->next_number;
	op->value = 0;
	op->quiet = false;
	*ret = p;
	return op;
}

/* --- next hops --- */

static void
add_nexthops(struct batch *b)
{
	list_each_safe (l, &b->rib->dirty_nexthops) {
		struct nexthop *h = OBJECT(l, struct nexthop, dirty);
		struct pending *p;
		if (b->count == b->room)
			return;
		if (h->refs && !h->told && !h->asked && !h->refused) {
			struct fib_op *op = diff_next_op(b, FIB_OP_ADD, TARGET_NEXTHOP, h->object.id, &p);
			op->object.kind = FIB_NEXTHOP;
			op->object.nexthop = h->object;
			h->asked = true;
		}
		if (h->refs || !h->told)
			list_remove(&h->dirty); /* else it is to go, later */
		if (!h->refs && !h->told)
			nexthop_release(b->rib, h);
	}
}

static void
delete_nexthops(struct batch *b)
{
	list_each_safe (l, &b->rib->dirty_nexthops) {
		struct nexthop *h = OBJECT(l, struct nexthop, dirty);
		struct pending *p;
		if (b->count == b->room)
			return;
		list_remove(&h->dirty);
		if (h->refs || !h->told || h->asked)
			continue;
		struct fib_op *op = diff_next_op(b, FIB_OP_DELETE, TARGET_NEXTHOP, h->object.id, &p);
		op->object.kind = FIB_NEXTHOP;
		op->object.nexthop = (struct fib_nexthop){ .id = h->object.id };
		h->asked = true;
	}
}

/* --- groups --- */

static bool
group_is_wanted(const struct group *g)
{
	uint32_t members[FIB_PATHS_MAX];
	const struct fate *f = group_model(g);

	return f && group_members(f, members);
}

static void
add_groups(struct batch *b)
{
	list_each_safe (l, &b->rib->dirty_groups) {
		struct group *g = OBJECT(l, struct group, dirty);
		struct pending *p;
		if (b->count == b->room)
			return;
		if (!group_is_wanted(g)) {
			if (!g->count) {
				list_remove(&g->dirty);
				group_release(b->rib, g);
			}
			continue; /* it is to go, later */
		}
		list_remove(&g->dirty);
		if (g->asked || g->refused || group_is_right(g))
			continue;
		struct fib_op *op = diff_next_op(b, FIB_OP_ADD, TARGET_GROUP, g->id, &p);
		op->object.kind = FIB_NEXTHOP;
		group_wanted(g, &op->object.nexthop);
		op->quiet = g->user_count >= FIB_MANY_ROUTES;
		p->group = mem_copy(&op->object.nexthop, sizeof op->object.nexthop);
		g->asked = true;
	}
}

/* True when none is left that has to go first. */
static bool
delete_groups(struct batch *b)
{
	bool waiting = false;

	list_each_safe (l, &b->rib->dirty_groups) {
		struct group *g = OBJECT(l, struct group, dirty);
		struct pending *p;
		if (b->count == b->room)
			return false;
		if (list_is_empty(&g->users))
			group_stand_in_over(b->rib, g);
		if (group_is_wanted(g) || !g->count) {
			list_remove(&g->dirty);
			group_release(b->rib, g);
			continue;
		}
		if (!list_is_empty(&g->users) || g->asked) {
			waiting = true; /* routes still point there */
			continue;
		}
		list_remove(&g->dirty);
		struct fib_op *op = diff_next_op(b, FIB_OP_DELETE, TARGET_GROUP, g->id, &p);
		op->object.kind = FIB_NEXTHOP;
		op->object.nexthop = (struct fib_nexthop){ .id = g->id };
		g->asked = true;
		waiting = true;
	}
	return !waiting;
}

/* --- routes --- */

bool
group_leads_like(struct rib *rib, const struct group *g, const struct fate *f)
{
	struct fib_path paths[FIB_PATHS_MAX];
	uint32_t members[FIB_PATHS_MAX];
	uint16_t count = g ? group_active(g, members) : 0;

	for (uint16_t i = 0; i < count; i++) {
		const struct nexthop *h = nexthop_find(rib, members[i]);
		if (!h || !h->told)
			return false;
		paths[i] = (struct fib_path){ .gateway = h->object.gateway, .ifindex = h->object.ifindex };
	}
	return g && paths_lead(paths, count, f, false);
}

bool
route_is_right(struct rib *rib, const struct route *r)
{
	const struct fate *f = r->want;
	bool wanted = f && (f->path_count || f->black_hole) && (f->group || fate_is_inline(f));

	if (!wanted) {
		const struct entry *e = route_chosen(r);
		if (!r->has && !r->inlined)
			return !f || !f->guess || !f->path_count; /* else settle_routes() asks for its group */
		if (r->inherited && !learned_are_known(rib))
			return true; /* igpd or l3vpnd may tell of it yet */
		/* It may push a label for another daemon's route: that is known when ldp.Lsp is. */
		return !rib->has_config || !rib->dumped || (f && f->path_count) ||
		       (!rib->synced[FIB_LDP_LSP] && e && e->foreign);
	}
	if (f->guess && (r->has || r->inlined))
		return true; /* as it was before our restart */
	if (fate_is_inline(f) ? r->inlined && paths_lead(r->inlined->paths, r->inlined->count, f, true)
			      : r->has == f->group && !r->inlined)
		return true;
	/* Until ldp.Lsp is known, labels of before our restart are not taken away. */
	if (rib->synced[FIB_LDP_LSP] || !rib->inherited || f->labelled)
		return false;
	if (r->inlined)
		return paths_lead(r->inlined->paths, r->inlined->count, f, false);
	/* A group with the very same members is left only for one of the other kind. */
	return group_leads_like(rib, r->has, f) && !group_serves(r->has, f);
}

static void
settle_routes(struct batch *b)
{
	struct rib *rib = b->rib;

	for (struct route *r; b->count < b->room && (r = route_next_dirty(rib));) {
		struct pending *p;
		if (r->asked || r->refused || route_is_right(rib, r))
			continue;
		const struct fate *f = r->want;
		bool wanted = f && (f->path_count || f->black_hole), in_line = wanted && fate_is_inline(f);
		if (wanted && !in_line && !f->group) { /* it is guessed, and this one has nothing to keep */
			r->want->eager = true;
			fate_touch(rib, r->want);
			continue;
		}
		if (wanted && !in_line && !(f->group->count || f->group->asked))
			continue; /* its group was refused, or waits for next hops that were */
		struct fib_op *op = diff_next_op(b, wanted ? FIB_OP_ADD : FIB_OP_DELETE, TARGET_ROUTE, 0, &p);
		op->object.kind = FIB_IP_ROUTE;
		struct fib_ip_route *o = &op->object.ip_route;
		o->table = r->table->id;
		o->prefix = r->node.prefix;
		o->protocol = FIB_PROTOCOL;
		o->metric = FIB_METRIC;
		o->type = RTN_UNICAST_TYPE;
		o->path_count = 0;
		o->nexthop_id = p->gave = wanted && !in_line ? f->group->id : 0;
		if (in_line) {
			for (uint16_t i = 0; i < f->path_count; i++)
				o->paths[o->path_count++] = f->paths[i].p;
			p->count = o->path_count;
			p->paths = mem_copy(o->paths, o->path_count * sizeof *o->paths);
		}
		p->route = r;
		r->asked = true;
		rib->routes_asked++;
	}
}

/* --- labels --- */

/* True when there is no use in asking for it; the row says why. */
static bool
cannot_have(struct rib *rib, struct ilm *m)
{
	const char *why = !ilm_is_wanted(m) ? NULL
			  : m->foreign
			      ? "another daemon has programmed this label; it has to use labels of another range"
			  : !rib->abilities.mpls ? "this kernel has no MPLS routing"
						 : NULL;

	if (why) {
		rows_set(&m->trouble, why);
		table_changed(&rib->ilm_table, &m->row);
	}
	return why || m->foreign || !rib->abilities.mpls;
}

static void
settle_ilms(struct batch *b)
{
	struct rib *rib = b->rib;

	list_each_safe (l, &rib->dirty_ilms) {
		struct ilm *m = OBJECT(l, struct ilm, dirty);
		struct fib_path paths[FIB_PATHS_MAX];
		struct pending *p;
		if (b->count == b->room)
			return;
		list_remove(&m->dirty);
		if (m->asked || m->refused || cannot_have(rib, m))
			continue;
		uint16_t count = ilm_paths(rib, m, paths);
		bool right = ilm_is_right(rib, m);
		if (right != m->right)
			table_changed(&rib->ilm_table, &m->row);
		m->right = right;
		if (right || (!count && !m->has))
			continue;
		if (!ilm_is_wanted(m) && !m->claimed && !lfib_is_known(rib))
			continue;
		struct fib_op *op = diff_next_op(b, count ? FIB_OP_ADD : FIB_OP_DELETE, TARGET_ILM, m->label, &p);
		op->object.kind = FIB_LABEL_ROUTE;
		struct fib_label_route *o = &op->object.label_route;
		o->label = m->label;
		o->protocol = FIB_PROTOCOL;
		o->pipe = m->vpn && m->vpn->pipe;
		o->path_count = count;
		memcpy(o->paths, paths, count * sizeof *paths);
		p->count = count;
		p->paths = mem_copy(paths, count * sizeof *paths);
		p->pipe = o->pipe;
		m->asked = true;
	}
}

/* --- taking --- */

void
diff_take_extra(struct batch *b)
{
	struct rib *rib = b->rib;
	size_t n = 0;

	for (; n < rib->extra_count && b->count < b->room; n++) {
		struct pending *p;
		const struct fib_op *want = &rib->extra[n];
		uint32_t ifindex =
		    want->object.kind == FIB_ADDRESS ? want->object.address.ifindex : want->object.link.ifindex;
		struct fib_op *op = diff_next_op(b, want->kind, TARGET_PORT, ifindex, &p);
		uint32_t number = op->number;
		*op = *want;
		op->number = number;
		memcpy(p->name, want->object.kind == FIB_LINK ? want->object.link.name : "",
		    want->object.kind == FIB_LINK ? sizeof p->name : 1);
	}
	memmove(rib->extra, rib->extra + n, (rib->extra_count - n) * sizeof *rib->extra);
	rib->extra_count -= n;
}

static bool
gates_are_first(const struct rib *rib)
{
	return rib->gates_first && rib->has_config && rib->dumped;
}

/* Filters take the kernel long. While it is busy with some that can wait, what is told may be what moves all of a provider edge. */
static void
take_some_of_circuits(struct batch *b)
{
	enum { PORTION = 64 };
	size_t room = b->room;

	if (room > b->count + PORTION)
		b->room = b->count + PORTION;
	circuits_take(b);
	b->room = room;
}

size_t
rib_take_ops(struct rib *rib, struct fib_op *ops, size_t room, usec_t now)
{
	struct batch b = { .rib = rib, .ops = ops, .room = room < PENDING_MAX / 2 ? room : PENDING_MAX / 2 };

	if (now > rib->now)
		rib->now = now;
	bool all_chosen = rib_settle(rib), gates = gates_are_first(rib);
	/* What moves all pseudowires of a provider edge goes alone and at once. */
	circuits_take_gates(&b);
	if (b.count || (gates && rib->resync_asked)) /* a dump waits until nothing is under way */
		return b.count;
	if (rib->resync_asked && b.count < b.room) {
		rib->resync_asked = false;
		rib->dump++; /* what was seen before and is not told now is gone */
		struct pending *p;
		diff_next_op(&b, FIB_OP_RESYNC, TARGET_PORT, 0, &p);
		return b.count; /* what is seen then decides the rest */
	}
	diff_take_extra(&b);
	if (rib->has_config && rib->dumped) {
		add_nexthops(&b);
		add_groups(&b);
	}
	rib->ops_first = false;
	if (rib->has_config && all_chosen) {
		settle_routes(&b);
		settle_ilms(&b);
		take_some_of_circuits(&b);
		/* Groups and next hops of before a restart may yet turn out to be wanted, until every source is complete. */
		if (b.count < b.room && rib->synced[FIB_LDP_LSP] && delete_groups(&b))
			delete_nexthops(&b);
	}
	if (b.count || (rib->dumped && !all_chosen))
		return b.count;
	rib->work = false;
	rib_vouch(rib);
	return 0;
}

bool
rib_wants_resync(const struct rib *rib)
{
	return rib->resync_asked && !gates_are_first(rib);
}

bool
rib_has_ops(const struct rib *rib)
{
	return rib->work || rib->resync_asked;
}

bool
rib_is_urgent(const struct rib *rib)
{
	return gates_are_first(rib) || (rib->ops_first && rib->has_config && rib->dumped);
}

void
diff_all_dirty(struct rib *rib)
{
	hash_each (n, &rib->nexthops) {
		struct nexthop *h = OBJECT(n, struct nexthop, by_id);
		h->refused = false;
		diff_dirty(rib, &rib->dirty_nexthops, &h->dirty);
	}
	hash_each (m, &rib->groups) {
		struct group *g = OBJECT(m, struct group, by_id);
		g->refused = false;
		diff_dirty(rib, &rib->dirty_groups, &g->dirty);
	}
	hash_each (p, &rib->ports) {
		OBJECT(p, struct port, by_ifindex)->told = 0;
	}
	rib->ports_dirty = true;
	circuits_retry(rib);
	hash_each (k, &rib->ilms) {
		struct ilm *i = OBJECT(k, struct ilm, by_label);
		i->refused = false;
		diff_dirty(rib, &rib->dirty_ilms, &i->dirty);
	}
	list_each (l, &rib->tables) {
		struct rib_table *t = OBJECT(l, struct rib_table, link);
		for (int v = 0; v < 2; v++)
			trie_each (j, v ? &t->v6 : &t->v4) {
				struct route *r = OBJECT(j, struct route, node);
				r->refused = false;
				if (r->want || r->has || r->inlined)
					route_dirty(rib, r);
			}
	}
}

/* --- answers --- */

void
diff_again_later(struct rib *rib)
{
	if (rib->retry_at != USEC_NEVER)
		return;
	bool fresh = !rib->retry_span || rib->now - rib->retried_at > 2 * rib->retry_span;
	rib->retry_span = fresh ? RETRY_FIRST : usec_min(2 * rib->retry_span, RETRY_LAST);
	rib->retry_at = rib->now + rib->retry_span;
}

void
diff_retry_soon(struct rib *rib)
{
	if (rib->retry_at != USEC_NEVER)
		rib->retry_at = usec_min(rib->retry_at, rib->now + RETRY_FIRST);
	rib->retry_span = 0;
}

static void
group_is_other(struct rib *rib, struct route *r)
{
	route_changed(rib, r);
	if (!route_is_right(rib, r))
		route_dirty(rib, r);
}

/* Groups do without a next hop that the kernel will not have. */
static void
nexthop_refused(struct rib *rib, struct nexthop *h, const char *text)
{
	h->refused = true;
	rows_set(&h->trouble, text);
	diff_again_later(rib);
	hash_each (n, &rib->groups) {
		struct group *g = OBJECT(n, struct group, by_id);
		const struct fate *f = group_model(g);
		for (uint16_t i = 0; f && i < f->kept_count; i++)
			if (f->members[i] == h)
				diff_dirty(rib, &rib->dirty_groups, &g->dirty);
	}
}

static void
answer_nexthop(struct rib *rib, const struct pending *p, int error, const char *text)
{
	struct nexthop *h = nexthop_find(rib, p->id);

	if (!h)
		return;
	h->asked = false;
	if (p->delete) {
		h->told &= error && error != ENOENT;
		if (h->told)
			diff_again_later(rib);
	} else if (error) {
		nexthop_refused(rib, h, text);
		return;
	} else {
		h->told = true;
		h->seen = rib->dump;
		rows_set(&h->trouble, NULL);
	}
	if (!p->delete || !h->told)
		diff_dirty(rib, &rib->dirty_nexthops, &h->dirty);
}

/* True when it was asked for with a member that was refused in the same batch. */
static bool
asked_in_vain(struct rib *rib, const struct pending *p)
{
	for (uint16_t i = 0; p->group && i < p->group->member_count; i++) {
		const struct nexthop *h = nexthop_find(rib, p->group->members[i]);
		if (!h || h->refused)
			return true;
	}
	return false;
}

static void
answer_group(struct rib *rib, const struct pending *p, int error, const char *text)
{
	struct group *g = group_find(rib, p->id);
	bool in_vain = error && asked_in_vain(rib, p);

	if (!g)
		return;
	g->asked = false;
	if (p->delete &&(!error || error == ENOENT)) {
		g->count = 0;
	} else if (!p->delete &&!error) {
		g->count = p->group->member_count;
		g->buckets = p->group->buckets;
		g->seen = rib->dump;
		memcpy(g->members, p->group->members, sizeof g->members);
		memcpy(g->weights, p->group->weights, sizeof g->weights);
	} else if (!in_vain) {
		g->refused = true;
		diff_again_later(rib);
	}
	if (g->fate) {
		rows_set(&g->fate->trouble, error && !p->delete &&!in_vain ? text : NULL);
		route_each_follower(rib, g->fate, group_is_other);
	}
	if (!error || in_vain)
		diff_dirty(rib, &rib->dirty_groups, &g->dirty);
}

static void
answer_route(struct rib *rib, const struct pending *p, int error, const char *text)
{
	struct route *r = p->route;

	bool in_vain = error && p->gave && !(r->want && r->want->group && r->want->group->count);
	r->asked = false;
	rib->routes_asked--;
	if (p->delete &&(!error || error == ESRCH || error == ENOENT)) {
		route_installed(rib, r, 0, NULL, 0);
	} else if (!p->delete &&!error) {
		if (r->troubled)
			route_changed(rib, r);
		route_set_trouble(rib, r, NULL);
		route_installed(rib, r, p->gave, p->paths, p->count);
	} else if (p->count > 1 && r->want && fate_is_inline(r->want)) {
		/* One next hop too many, and the kernel does not say which: a group does without those that it refuses. */
		r->want->grouped = true;
		fate_touch(rib, r->want);
	} else if (!in_vain) { /* else its group was refused, which is told by itself */
		route_set_trouble(rib, r, text);
		r->refused = true;
		diff_again_later(rib);
		route_changed(rib, r);
		return;
	}
	if (!route_is_right(rib, r))
		route_dirty(rib, r);
	if (!r->entries)
		route_again(rib, r);
}

static void
answer_ilm(struct rib *rib, const struct pending *p, int error, const char *text)
{
	struct ilm *m = ilm_find(rib, p->id);
	struct fib_label_route seen;

	seen.label = p->id;
	seen.protocol = FIB_PROTOCOL;
	seen.path_count = p->count;
	seen.pipe = p->pipe;

	if (!m)
		return;
	m->asked = false;
	bool gone = p->delete &&(!error || error == ESRCH || error == ENOENT);
	if (gone || !error) {
		rows_set(&m->trouble, NULL);
		if (p->count)
			memcpy(seen.paths, p->paths, p->count * sizeof *p->paths);
		lfib_seen(rib, &seen, gone);
		return;
	}
	rows_set(&m->trouble, text);
	m->refused = true;
	diff_again_later(rib);
	table_changed(&rib->ilm_table, &m->row);
}

void
diff_answer(struct rib *rib, uint32_t number, int error, const char *text)
{
	struct pending *p = rib->pending ? &rib->pending[number % PENDING_MAX] : NULL;

	if (!p || p->number != number)
		return;
	switch (p->target) {
	case TARGET_NEXTHOP: answer_nexthop(rib, p, error, text); break;
	case TARGET_GROUP: answer_group(rib, p, error, text); break;
	case TARGET_ROUTE: answer_route(rib, p, error, text); break;
	case TARGET_ILM: answer_ilm(rib, p, error, text); break;
	case TARGET_PORT: port_answer(rib, p, error, text); break;
	case TARGET_STATION:
	case TARGET_CLSACT:
	case TARGET_GATE:
	case TARGET_FILTER: circuits_answer(rib, p, error, text); break;
	case TARGET_NONE: break;
	}
	p->number = 0;
	rib->work = true;
}

void
diff_free(struct rib *rib)
{
	for (size_t i = 0; rib->pending && i < PENDING_MAX; i++) {
		free(rib->pending[i].paths);
		free(rib->pending[i].group);
	}
	free(rib->pending);
	free(rib->extra);
}
