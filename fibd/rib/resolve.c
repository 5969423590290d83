/*
 * Where a next hop leads: the paths behind one spec of a fate, and what daemons are told of an address (fib.Reach).
 *
 * A next hop is on a link that is named, or behind the route that covers its address: in the table of the fate, in another
 * instance's (a customer's router as seen from elsewhere), or, for VPN routes between provider edges, in the public network and
 * there over LSPs only (RFC 4364 section 5). A next hop without an address follows the route of its own prefix in another
 * instance. What an LSP leads to is judged in one place, way_over_lsp(), for routes and for those who ask.
 */
#include "fibd/rib/model.h"
#include <stdio.h>
#include <string.h>

enum { PIPE_TTL = 255, LABELS_MAX = 4 };

static bool
is_leak(const struct spec *s)
{
	return s->through && !addr_is_set(&s->addr);
}

struct rib_table *
spec_table(const struct rib *rib, const struct fate *f, const struct spec *s)
{
	return s->through ? rib->homes[s->through - 1]->table : s->lsp ? rib->public : f->table;
}

bool
spec_watches(const struct fate *f, const struct spec *s, struct prefix *ret)
{
	if (s->ifindex || s->name || (!addr_is_set(&s->addr) && !s->through))
		return false;
	*ret = is_leak(s) ? f->fec : prefix_host(s->addr);
	return true;
}

static void
add_path(struct paths *out, const struct fib_path *p, uint16_t spec)
{
	for (uint16_t i = 0; i < out->count; i++)
		if (paths_eq(&out->list[i].p, p, 1))
			return;
	if (out->count < FIB_PATHS_MAX)
		out->list[out->count++] = (struct path){ *p, spec };
}

/* The route that an address is reached by, and its entry; NULL: none. */
static const struct entry *
covering(const struct rib_table *t, const struct addr *a, const struct route **ret)
{
	const struct trie *trie = a->family == 4 ? &t->v4 : &t->v6;
	const struct entry *e = NULL;

	for (struct trie_node *n = trie_match(trie, a); n && !e; n = trie_parent(trie, n)) {
		*ret = OBJECT(n, struct route, node);
		e = route_chosen(*ret);
	}
	return e;
}

/* All paths of another fate; false when that has to be resolved first. */
static bool
follow(struct rib *rib, const struct fate *via, uint16_t spec, struct paths *out)
{
	if (!via->fresh && rib->in_pass) {
		out->pending = true;
		return false;
	}
	out->relay = true;
	out->guess |= via->guess;
	for (uint16_t i = 0; i < via->path_count; i++)
		add_path(out, &via->paths[i].p, spec);
	return true;
}

/* Through the route that covers the gateway. */
static void
through_route(struct rib *rib, struct fate *f, const struct rib_table *t, uint16_t index, struct paths *out)
{
	const struct addr *gateway = &f->specs[index].addr;
	const struct route *r;
	const struct entry *e = covering(t, gateway, &r);

	if (!e)
		return;
	if (e->direct) {
		struct fib_path p = { .gateway = *gateway, .ifindex = direct_of(e)->ifindex, .weight = 1 };
		/* A host route of our own address leads nowhere. */
		if (!prefix_is_host(&r->node.prefix) && port_is_up(rib, p.ifindex))
			add_path(out, &p, index);
		return;
	}
	const struct fate *via = r->want ? r->want : e->fate;
	if (via != f && e->fate != f && !via->black_hole)
		follow(rib, via, index, out);
}

/* To where the route of the same prefix in another instance leads. */
static void
leak(struct rib *rib, const struct fate *f, struct rib_table *t, uint16_t index, struct paths *out)
{
	const struct route *r = t != f->table ? route_find(t, &f->fec) : NULL;
	const struct entry *e = r ? route_chosen(r) : NULL;

	if (!e)
		return;
	if (e->direct) {
		struct fib_path p = { .ifindex = direct_of(e)->ifindex, .weight = 1 };
		if (!prefix_is_host(&r->node.prefix) && port_is_up(rib, p.ifindex))
			add_path(out, &p, index);
		out->relay = true;
	} else if (!e->fate->black_hole) {
		follow(rib, r->want ? r->want : e->fate, index, out);
	}
}

/* --- over LSPs --- */

struct way { /* to an address, over the public network */
	enum {
		WAY_LEADS,
		WAY_NOWHERE,    /* no route */
		WAY_BLACK_HOLE, /* a route that drops what it gets */
		WAY_DIRECT,     /* the address is on a link of ours */
		WAY_NO_LSP,
		WAY_NO_LABEL, /* the next routers gave none */
		WAY_NO_MPLS,
		WAY_FORBIDDEN, /* by a tunnel policy */
	} end;
	const struct route *route;
	const struct entry *entry;
	const struct addr *by; /* who gave no label */
	uint16_t count;
	struct fib_path paths[FIB_PATHS_MAX]; /* with the tunnel's labels */
	bool pending, guess;
	char why[POLICY_TROUBLE]; /* it is forbidden */
};

uint32_t
spec_policy(const struct fate *f, const struct spec *s)
{
	return s->policy ? s->policy : f->table->policy[f->family == 6];
}

/* Those paths of the route to the address whose next router gave a label for it, as many as the policy permits. */
static void
way_over_lsp(struct rib *rib, const struct addr *to, uint32_t policy, struct way *w)
{
	uint16_t most = policy_permits(rib, policy, to, w->why);

	w->end = WAY_NOWHERE;
	w->count = 0;
	w->pending = w->guess = false;
	w->entry = covering(rib->public, to, &w->route);
	if (!most)
		w->end = WAY_FORBIDDEN;
	if (!w->entry || !most)
		return;
	const struct fate *via = w->entry->fate;
	if (!rib->abilities.mpls || w->entry->direct || via->black_hole) {
		w->end = !rib->abilities.mpls ? WAY_NO_MPLS : w->entry->direct ? WAY_DIRECT : WAY_BLACK_HOLE;
		return;
	}
	if (!via->fresh && rib->in_pass) {
		w->pending = true;
		return;
	}
	const struct lsp *lsp = lsp_find(rib, &w->route->node.prefix);
	w->guess = via->guess;
	w->end = !via->path_count ? WAY_NOWHERE : lsp && !lsp->egress ? WAY_NO_LABEL : WAY_NO_LSP;
	for (uint16_t i = 0; w->end == WAY_NO_LABEL && i < via->path_count && w->count < most; i++) {
		const struct fib_path *p = &via->paths[i].p;
		uint32_t label = lsp_label(rib, lsp, p);
		w->by = &p->gateway;
		if (label == LABEL_UNSET)
			continue;
		w->paths[w->count] = *p;
		if (label != LABEL_IMPLICIT_NULL && !p->label_count) {
			w->paths[w->count].labels[0] = label;
			w->paths[w->count].label_count = 1;
		}
		w->count++;
	}
	if (w->count)
		w->end = WAY_LEADS;
}

static void
over_lsp(struct rib *rib, const struct fate *f, uint16_t index, struct paths *out)
{
	const struct spec *s = &f->specs[index];
	struct way w;

	/* Labels of before our restart stay until ldp.Lsp is known; what it says then is the whole. */
	if (rib->inherited && !rib->synced[FIB_LDP_LSP])
		return;
	way_over_lsp(rib, &s->addr, spec_policy(f, s), &w);
	out->pending |= w.pending;
	out->guess |= w.guess;
	out->relay |= w.count;
	for (uint16_t i = 0; i < w.count; i++) {
		struct fib_path *p = &w.paths[i];
		if (s->label != LABEL_IMPLICIT_NULL && p->label_count == LABELS_MAX)
			continue;
		if (s->label != LABEL_IMPLICIT_NULL)
			p->labels[p->label_count++] = s->label;
		p->ttl = f->pipe && p->label_count ? PIPE_TTL : 0;
		add_path(out, p, index);
	}
}

/* --- a spec --- */

/* On which link a next hop is that we ask to be watched: the one that is named, or that its address is on. */
static void
place_hop(struct rib *rib, const struct rib_table *t, const struct spec *s, uint32_t ifindex)
{
	const struct route *r;

	if (!rib->dumped)
		return;
	if (s->name) {
		if (ifindex)
			track_place(rib, s->track, ifindex);
		return;
	}
	const struct entry *e = covering(t, &s->addr, &r);
	if (e)
		track_place(rib, s->track, e->direct && !s->lsp ? direct_of(e)->ifindex : 0);
}

static void
resolve_far(struct rib *rib, struct fate *f, uint16_t i, struct rib_table *t, struct paths *out)
{
	const struct spec *s = &f->specs[i];
	uint16_t before = out->count;

	if (s->lsp)
		over_lsp(rib, f, i, out);
	else if (is_leak(s))
		leak(rib, f, t, i, out);
	else if (addr_is_set(&s->addr))
		through_route(rib, f, t, i, out);
	/* What it leans on may be told yet: what the kernel has of before our restart stays for a while. */
	if (out->count == before && (s->lsp || s->through))
		out->guess |= rib->inherited && rib->patient && !f->known && !learned_are_known(rib);
}

void
spec_resolve(struct rib *rib, struct fate *f, uint16_t i, struct paths *out)
{
	const struct spec *s = &f->specs[i];
	struct rib_table *t = spec_table(rib, f, s);
	uint32_t ifindex = s->name ? rib->names[s->name - 1].ifindex : s->ifindex;
	const struct track *track = track_of(rib, s->track);

	if (!t->id || !f->table->id)
		return;
	if (track && track->is_hop)
		place_hop(rib, t, s, ifindex);
	out->guess |= track && track_is_guess(rib, track);
	if (track && track->dead)
		return;
	if (!s->name && !s->ifindex) {
		resolve_far(rib, f, i, t, out);
		return;
	}
	struct fib_path p = { .gateway = s->addr, .ifindex = ifindex, .weight = 1 };
	if (ifindex && port_is_up(rib, ifindex))
		add_path(out, &p, i);
}

/* --- what is told of an address --- */

static void
say(struct answer *a, const struct way *w, const char *to)
{
	char prefix[PREFIX_TEXT] = "", by[ADDR_TEXT];

	if (w->entry)
		prefix_text(&w->route->node.prefix, prefix);
	switch (w->end) {
	case WAY_LEADS: break;
	case WAY_NOWHERE: snprintf(a->trouble, sizeof a->trouble, "no route leads to %s", to); break;
	case WAY_BLACK_HOLE:
		snprintf(a->trouble, sizeof a->trouble, "the route to %s drops what it gets", prefix);
		break;
	case WAY_DIRECT: snprintf(a->trouble, sizeof a->trouble, "no LSP for %s: it is on a link of ours", to); break;
	case WAY_NO_LSP: snprintf(a->trouble, sizeof a->trouble, "no LSP for %s", prefix); break;
	case WAY_NO_LABEL:
		snprintf(a->trouble, sizeof a->trouble, "%s gave no label for %s", addr_text(w->by, by), prefix);
		break;
	case WAY_NO_MPLS: snprintf(a->trouble, sizeof a->trouble, "this kernel has no MPLS routing"); break;
	case WAY_FORBIDDEN: snprintf(a->trouble, sizeof a->trouble, "%s", w->why); break;
	}
}

/* Whether the route that covers it leads there. */
static bool
is_reachable(struct rib *rib, const struct home *h, const struct addr *to, struct way *w)
{
	const struct entry *e = w->entry = covering(h->table, to, &w->route);

	w->end = e && !e->direct && e->fate->black_hole ? WAY_BLACK_HOLE : WAY_NOWHERE;
	if (!e || w->end == WAY_BLACK_HOLE)
		return false;
	if (e->direct)
		return !prefix_is_host(&w->route->node.prefix) && port_is_up(rib, direct_of(e)->ifindex);
	return e->fate->path_count;
}

struct answer
reach_of(struct rib *rib, const struct home *h, const struct addr *to, uint32_t policy, bool *ret_unsure)
{
	bool public = h->table == rib->public;
	struct answer a = { 0 };
	struct way w;
	char text[ADDR_TEXT];

	addr_text(to, text);
	*ret_unsure = false;
	a.reachable = is_reachable(rib, h, to, &w);
	if (a.reachable && w.entry->fate && !w.entry->foreign)
		a.metric = w.entry->cost;
	if (!a.reachable) {
		if (h->table->id)
			say(&a, &w, text);
		else
			snprintf(a.trouble, sizeof a.trouble, "there is no VRF device %.15s", h->name);
		*ret_unsure = rib->inherited && !rib->synced[FIB_IGP_ROUTE];
		return a;
	}
	if (!public)
		return a;
	way_over_lsp(rib, to, policy, &w);
	a.lsp = w.end == WAY_LEADS;
	say(&a, &w, text);
	*ret_unsure = rib->inherited && !rib->synced[FIB_LDP_LSP] && (w.end == WAY_NO_LSP || w.end == WAY_NO_LABEL);
	return a;
}
