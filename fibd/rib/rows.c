/* The engine's objects as rows of its tables. */
#include "fibd/rib/circuits.h"
#include "fibd/rib/model.h"
#include "proto/fill.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
rows_set(char **text, const char *to)
{
	free(*text);
	*text = mem_text(to);
}

/* --- interfaces --- */

static void
fill_interface(const struct row *row, void *message, struct arena *arena)
{
	const struct port *p = CONST_OBJECT(row, struct port, row);
	Fib__Interface *m = message;

	m->ifindex = p->link.ifindex;
	m->name = fill_text(p->link.name);
	m->label = fill_text(port_label(p));
	m->admin_up = p->link.admin_up;
	m->carrier = p->link.carrier;
	m->mtu = p->link.mtu;
	m->speed_mbps = p->link.speed_mbps;
	m->mac = fill_mac(p->link.mac, arena);
	m->vrf_ifindex = p->vrf_ifindex;
	m->vrf = fill_text(p->vrf);
	m->loopback = p->link.loopback;
	m->point_to_point = p->link.point_to_point;
	m->multicast = p->link.multicast;
	m->mpls = p->wants_mpls;
	m->mpls_input = p->link.mpls_input;
	m->addresses = arena_take(arena, p->address_count * sizeof *m->addresses);
	for (size_t i = 0; i < p->address_count; i++)
		if (!p->addresses[i].tentative)
			m->addresses[m->n_addresses++] = fill_prefix(&p->addresses[i].prefix, arena);
	m->trouble = fill_text(p->circuit && circuit_holds_down(p->circuit) && !*p->trouble
				   ? "down while no pseudowire of its circuit can be used"
				   : p->trouble);
	m->held = p->held_protocol;
}

/* --- routes --- */

static Fib__NextHop *
next_hop(struct arena *arena, const struct addr *address, const struct fib_path *p)
{
	Fib__NextHop *h = arena_take(arena, sizeof *h);

	fib__next_hop__init(h);
	h->address = fill_addr(address, arena);
	h->ifindex = p->ifindex;
	if (addr_is_set(&p->gateway) && !addr_eq(&p->gateway, address))
		h->via = fill_addr(&p->gateway, arena);
	h->n_labels = p->label_count;
	h->labels = arena_copy(arena, p->labels, p->label_count * sizeof *p->labels);
	h->weight = 1;
	return h;
}

/* What is wrong with its first next hop over an LSP; NULL: it has none. */
static const char *
why_no_lsp(const struct fate *f, struct arena *arena)
{
	struct rib *rib = f->table->rib;
	bool unsure;

	for (uint16_t i = 0; i < f->spec_count; i++) {
		if (!f->specs[i].lsp)
			continue;
		struct answer a =
		    reach_of(rib, home_get(rib, ""), &f->specs[i].addr, spec_policy(f, &f->specs[i]), &unsure);
		if (*a.trouble)
			return arena_text(arena, a.trouble);
	}
	return NULL;
}

static const char *
why_inactive(const struct entry *e, struct arena *arena)
{
	const struct fate *f = e->fate;

	if (e->direct || e->foreign || f->path_count || f->black_hole)
		return "another route is preferred";
	for (uint16_t i = 0; i < f->spec_count; i++) {
		const struct track *t = track_of(f->table->rib, f->specs[i].track);
		if (t && t->dead)
			return "its BFD session says that the path is dead";
	}
	const char *why = why_no_lsp(f, arena);
	return f->looped ? "its next hop is reached through this very route" : why ? why : "no next hop can be reached";
}

static void
fill_track(Fib__NextHop *h, const struct track *t)
{
	if (!t)
		return;
	h->track = fill_text(t->name);
	h->track_state = fill_text(!t->present ? "no such session" : t->dead ? "dead" : "alive");
}

/* Those that are not backups. */
static size_t
primaries(const struct fate *f)
{
	size_t n = 0;

	while (n < f->spec_count && !f->specs[n].backup)
		n++;
	return n;
}

/* As the kernel has them, and in its order. */
static void
fill_standbys(Fib__RouteEntry *m, const struct group *g, struct rib *rib, struct arena *arena)
{
	uint32_t active[FIB_PATHS_MAX];
	uint16_t most = group_active(g, active);

	m->standbys = arena_take(arena, (g->count + 1u) * sizeof *m->standbys);
	for (uint16_t i = 0; i < g->count; i++) {
		const struct nexthop *h = nexthop_find(rib, g->members[i]);
		bool stands_by = h && g->buckets;
		for (uint16_t k = 0; k < most && stands_by; k++)
			stands_by = active[k] != g->members[i];
		if (!stands_by)
			continue;
		struct fib_path p = {
			.gateway = h->object.gateway, .ifindex = h->object.ifindex, .label_count = h->object.label_count
		};
		memcpy(p.labels, h->object.labels, sizeof p.labels);
		m->standbys[m->n_standbys++] = next_hop(arena, &p.gateway, &p);
	}
}

static void
fill_entry(Fib__RouteEntry *m, const struct entry *e, const struct route *r, struct arena *arena)
{
	bool chosen = e->chosen;
	/* The chosen one as it is programmed: with its labels. */
	const struct fate *f = chosen && r->want ? r->want : e->fate;
	static const struct addr none;

	m->protocol = (Fib__Protocol)e->protocol;
	m->preference = e->preference;
	m->cost = e->foreign ? 0 : e->cost;
	m->foreign = e->foreign;
	m->since = e->since * (uint64_t)USEC_PER_SEC;
	m->inactive = fill_text(chosen ? "" : why_inactive(e, arena));
	if (e->direct) {
		const struct direct *d = direct_of(e);
		m->n_next_hops = 1;
		m->next_hops = arena_take(arena, sizeof *m->next_hops);
		m->next_hops[0] =
		    next_hop(arena, &d->address, &(struct fib_path){ .gateway = d->address, .ifindex = d->ifindex });
		return;
	}
	m->relay = f->relay;
	m->black_hole = f->black_hole;
	m->n_next_hops = f->path_count ? f->path_count : primaries(f);
	m->next_hops = arena_take(arena, (m->n_next_hops + 1) * sizeof *m->next_hops);
	for (size_t i = 0; i < m->n_next_hops; i++) {
		const struct fib_path unresolved = { .ifindex = f->path_count ? 0 : f->specs[i].ifindex };
		const struct spec *s = f->path_count ? &f->specs[f->paths[i].spec] : &f->specs[i];
		const struct fib_path *p = f->path_count ? &f->paths[i].p : &unresolved;
		/* What is leaked names no next hop: it is the other instance's. */
		m->next_hops[i] = next_hop(arena, !s ? &none : addr_is_set(&s->addr) ? &s->addr : &p->gateway, p);
		fill_track(m->next_hops[i], s ? track_of(f->table->rib, s->track) : NULL);
	}
	if (chosen && r->has)
		fill_standbys(m, r->has, f->table->rib, arena);
}

static bool
is_installed(const struct route *r)
{
	const struct entry *e = route_chosen(r);

	if (!e)
		return false;
	if (e->direct || (e->foreign && !r->want))
		return true; /* it is in the kernel, or we would not know it */
	if (!r->want || (!r->has && !r->inlined) || !route_is_right(r->table->rib, r))
		return false;
	return !r->has || r->has != r->want->group || group_is_right(r->has);
}

static struct trouble *
trouble_of(const struct route *r)
{
	struct rib *rib = r->table->rib;

	for (struct hash_node *n = hash_first(&rib->troubles, prefix_hash(&r->node.prefix)); n; n = hash_next(n))
		if (OBJECT(n, struct trouble, by_route)->route == r)
			return OBJECT(n, struct trouble, by_route);
	return NULL;
}

const char *
route_own_trouble(const struct route *r)
{
	return r->troubled ? trouble_of(r)->text : NULL;
}

void
route_set_trouble(struct rib *rib, struct route *r, const char *text)
{
	struct trouble *old = r->troubled ? trouble_of(r) : NULL;

	if (!old && !text)
		return;
	if (old) {
		if (text && strcmp(old->text, text) == 0)
			return;
		hash_remove(&rib->troubles, &old->by_route);
		free(old);
	}
	r->troubled = text;
	r->told = false;
	if (!text)
		return;
	struct trouble *t = mem_zalloc(sizeof *t + strlen(text) + 1);
	t->route = r;
	memcpy(t->text, text, strlen(text) + 1);
	hash_add(&rib->troubles, &t->by_route, prefix_hash(&r->node.prefix));
}

/* Its own trouble, or that of a next hop, or of the group. */
static const char *
route_trouble(const struct route *r)
{
	const struct fate *f = r->want;

	if (r->troubled || !f)
		return route_own_trouble(r);
	for (uint16_t i = 0; i < f->member_count; i++)
		if (f->members[i]->trouble)
			return f->members[i]->trouble;
	return f->trouble;
}

static void
fill_route(const struct row *row, void *message, struct arena *arena)
{
	const struct route *r = CONST_OBJECT(row, struct route, row);
	Fib__Route *m = message;
	size_t count = 0;

	m->vrf = fill_text(r->table->vrf);
	m->prefix = fill_prefix(&r->node.prefix, arena);
	for (const struct entry *e = r->entries; e; e = e->next)
		count++;
	m->entries = arena_take(arena, (count + 1) * sizeof *m->entries);
	for (int round = 0; round < 2; round++) /* the chosen one first */
		for (const struct entry *e = r->entries; e; e = e->next) {
			if (e->chosen == (bool)round)
				continue;
			Fib__RouteEntry *out = m->entries[m->n_entries++] = arena_take(arena, sizeof *out);
			fib__route_entry__init(out);
			fill_entry(out, e, r, arena);
		}
	m->installed = is_installed(r);
	m->trouble = fill_text(route_trouble(r));
}

/* --- labels --- */

static const char *
ilm_trouble(const struct ilm *i, struct arena *arena)
{
	char text[96];

	if (i->trouble || (!i->contested && !(i->vpn && !i->vpn->home->ifindex && *i->vpn->home->name)))
		return i->trouble;
	if (i->contested)
		snprintf(text, sizeof text, "%s asks for this label too, and is refused: %s had it first",
		    i->vpn ? "ldpd" : "l3vpnd", ilm_owner(i->rib, i));
	else
		snprintf(text, sizeof text, "there is no VRF device %.31s", i->vpn->home->name);
	return arena_text(arena, text);
}

static void
fill_ilm(const struct row *row, void *message, struct arena *arena)
{
	const struct ilm *i = CONST_OBJECT(row, struct ilm, row);
	Fib__Ilm *m = message;
	struct fib_path wanted[FIB_PATHS_MAX];
	/* What is there; else what should be. */
	uint16_t count = i->has   ? i->has_count
			 : i->vpn ? vpn_label_paths(i->vpn, wanted)
			 : i->lsp ? i->lsp->hop_count
				  : 0;

	m->label = i->label;
	m->owner = fill_text(ilm_owner(i->rib, i));
	if (i->lsp)
		m->fec = fill_prefix(&i->lsp->fec, arena);
	else if (i->vpn && i->vpn->has_prefix)
		m->fec = fill_prefix(&i->vpn->prefix, arena);
	m->next_hops = arena_take(arena, (count + 1u) * sizeof *m->next_hops);
	for (uint16_t k = 0; k < count; k++) {
		if (i->has || i->vpn) {
			const struct fib_path *p = i->has ? &i->has_paths[k] : &wanted[k];
			m->next_hops[m->n_next_hops++] = next_hop(arena, &p->gateway, p);
			continue;
		}
		const struct lsp_hop *h = &i->lsp->hops[k];
		struct fib_path p = { .gateway = h->gateway, .ifindex = h->ifindex, .weight = 1 };
		if (h->label == LABEL_UNSET)
			continue;
		if (h->label != LABEL_IMPLICIT_NULL)
			p.labels[p.label_count++] = h->label;
		m->next_hops[m->n_next_hops++] = next_hop(arena, &h->gateway, &p);
	}
	m->installed = i->has && i->right;
	m->trouble = fill_text(ilm_trouble(i, arena));
	m->stale = i->stale || !ilm_is_wanted(i);
}

/* --- the rest --- */

static void
fill_range(const struct row *row, void *message, struct arena *arena)
{
	const struct label_range *r = CONST_OBJECT(row, struct label_range, row);
	Fib__LabelRange *m = message;

	(void)arena;
	m->user = fill_text(r->user);
	m->first = r->first;
	m->last = r->last;
}

static void
fill_kernel(const struct row *row, void *message, struct arena *arena)
{
	const struct rib *rib = CONST_OBJECT(row, struct rib, kernel_row);
	Fib__Kernel *m = message;

	(void)arena;
	m->mpls = rib->abilities.mpls;
	m->platform_labels = rib->abilities.platform_labels;
	m->next_hop_objects = rib->abilities.nexthop_objects;
	m->n_missing = rib->abilities.missing_count;
	m->missing = rib->missing;
	m->release = fill_text(rib->abilities.release);
}

static void
fill_request(const struct row *row, void *message, struct arena *arena)
{
	const struct hop *h = CONST_OBJECT(row, struct hop, row);
	const struct fib_config *c = &h->key.table->rib->config;
	Bfd__Request *m = message;

	m->client = fill_text(h->key.client == HOP_VPN ? "vpn" : "static");
	m->peer = fill_addr(&h->track.peer, arena);
	m->ifindex = h->track.ifindex;
	m->vrf = fill_text(h->key.table->vrf);
	if (h->key.client == HOP_VPN)
		return; /* the timers are bfdd's defaults */
	m->min_tx_us = c->bfd.min_tx_ms * 1000u;
	m->min_rx_us = c->bfd.min_rx_ms * 1000u;
	m->multiplier = c->bfd.multiplier;
}

static void
fill_reach(const struct row *row, void *message, struct arena *arena)
{
	const struct question *q = CONST_OBJECT(row, struct question, row);
	Fib__Reach *m = message;

	m->vrf = fill_text(q->home->name);
	m->address = fill_addr(&q->addr, arena);
	m->reachable = q->answer.reachable;
	m->lsp = q->answer.lsp;
	m->metric = q->answer.metric;
	m->trouble = fill_text(q->answer.trouble);
	m->policy = fill_text(q->policy ? q->home->table->rib->policies[q->policy - 1]->name : "");
}

void
rows_init(struct rib *rib)
{
	static const struct {
		const char *user;
		uint32_t first, last;
	} ranges[4] = { { "static", 16, 1023 }, { "ldpd", 1024, 524287 }, { "l2vpnd", 524288, 786431 },
		{ "l3vpnd", 786432, 1048575 } };

	table_init(&rib->interface_table, "fib.Interface", fill_interface);
	table_init(&rib->route_table, "fib.Route", fill_route);
	table_init(&rib->ilm_table, "fib.Ilm", fill_ilm);
	table_init(&rib->range_table, "fib.LabelRange", fill_range);
	table_init(&rib->kernel_table, "fib.Kernel", fill_kernel);
	table_init(&rib->request_table, "bfd.Request", fill_request);
	table_init(&rib->reach_table, "fib.Reach", fill_reach);
	table_init(&rib->circuit_table, "fib.Circuit", fill_circuit);
	table_init(&rib->policy_table, "fib.TunnelPolicy", fill_policy);
	rib->circuit_table.complete = rib->reach_table.complete = rib->request_table.complete =
	    rib->interface_table.complete = rib->route_table.complete = rib->ilm_table.complete = false;
	struct table *tables[] = { &rib->interface_table, &rib->route_table, &rib->ilm_table, &rib->range_table,
		&rib->kernel_table, &rib->request_table, &rib->reach_table, &rib->circuit_table, &rib->policy_table };
	for (size_t i = 0; i < COUNT(tables); i++)
		rib->served[i] = tables[i];
	for (size_t i = 0; i < COUNT(ranges); i++) {
		rib->ranges[i] =
		    (struct label_range){ .user = ranges[i].user, .first = ranges[i].first, .last = ranges[i].last };
		table_changed(&rib->range_table, &rib->ranges[i].row);
	}
	table_changed(&rib->kernel_table, &rib->kernel_row);
}
