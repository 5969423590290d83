/* What others see of a destination: the row of l3vpn.Route by which fibd forwards, and that of l3vpn.Destination for people. */
#include "base/text.h"
#include "l3vpnd/bgp/as_path.h"
#include "l3vpnd/bgp/model.h"
#include "l3vpnd/bgp/nlri.h"
#include "proto/fill.h"
#include "proto/l3vpn.pb-c.h"
#include <string.h>

static struct row *
route_row(struct dest *d)
{
	bool plain = d->rib->family == BGP_IPV4 || d->rib->family == BGP_IPV6;

	return plain ? &OBJECT(d, struct routed, dest)->row : NULL;
}

void
row_dest(struct dest *d)
{
	struct bgp *b = d->rib->bgp;
	struct row *route = route_row(d);
	bool forwards = false;

	if (d->paths)
		table_changed(&b->destination_table, &d->row);
	else
		table_gone(&b->destination_table, &d->row);
	if (!route || !d->forward_moved)
		return;
	d->forward_moved = false;
	for (const struct path *p = d->paths; p && !forwards; p = p->next)
		forwards = p->forward;
	vpn_limit_count(d, forwards);
	if (forwards)
		table_changed(&b->route_table, route);
	else
		table_gone(&b->route_table, route);
}

void
row_dest_gone(struct dest *d)
{
	struct row *route = route_row(d);

	table_gone(&d->rib->bgp->destination_table, &d->row);
	vpn_limit_count(d, false);
	if (route)
		table_gone(&d->rib->bgp->route_table, route);
}

/* --- l3vpn.Route --- */

/* The instance here that one of our own in a VPN table came from. */
static const struct instance *
home_of(const struct path *origin)
{
	const struct bgp *b = origin->dest->rib->bgp;
	bool v6 = origin->dest->rib->family == BGP_VPNV6;

	for (const struct list *l = b->instances.next; l != &b->instances; l = l->next) {
		const struct instance *n = CONST_OBJECT(l, struct instance, of_bgp);
		if (*n->name && n->config.vpn[v6].rd == origin->dest->rd)
			return n;
	}
	return NULL;
}

/* BFD is asked to watch a remote PE whose session with us it watches: packets leave it before BGP knows. */
static bool
is_watched(const struct bgp *b, const struct addr *next_hop)
{
	const struct instance *public = instance_find(b, "");
	const struct peer *p = public ? bgp_peer_find(public, next_hop) : NULL;

	return p && p->config.bfd && !p->config.ignored;
}

static L3vpn__RouteNextHop *
next_hop_of(const struct path *p, struct arena *arena)
{
	L3vpn__RouteNextHop *m = arena_take(arena, sizeof *m);

	l3vpn__route_next_hop__init(m);
	m->label = LABEL_UNSET;
	if (p->origin && !p->peer) { /* from another instance of this router */
		const struct instance *home = home_of(p->origin);
		m->through = fill_text(home ? home->name : "");
		return m;
	}
	m->address = fill_addr(&p->attrs->next_hop, arena);
	m->through = fill_text(p->dest->rib->instance->name);
	if (!p->origin)
		return m;
	m->through = fill_text("");
	m->lsp = true;
	m->label = p->label;
	m->bfd = is_watched(p->dest->rib->bgp, &p->attrs->next_hop);
	return m;
}

static uint8_t
preference_of(const struct path *p, bool v6)
{
	const struct bgp_instance_config *c = &p->dest->rib->instance->config;
	bool internal = p->origin || (p->peer && p->peer->internal);
	uint8_t said = internal ? c->preference[v6] : c->external_preference[v6];

	return said ? said : BGP_PREFERENCE;
}

void
bgp_fill_route(const struct row *row, void *message, struct arena *arena)
{
	const struct dest *d = &CONST_OBJECT(row, struct routed, row)->dest;
	const struct instance *n = d->rib->instance;
	bool v6 = d->rib->family == BGP_IPV6;
	L3vpn__Route *m = message;
	size_t count = 0;

	m->vrf = fill_text(n->name);
	m->prefix = fill_prefix(&d->prefix, arena);
	m->pipe = *n->name && !n->config.vpn[v6].uniform;
	for (const struct path *p = d->paths; p; p = p->next)
		count++;
	m->next_hops = arena_take(arena, (count + 1) * sizeof *m->next_hops);
	m->backups = arena_take(arena, (count + 1) * sizeof *m->backups);
	for (const struct path *p = d->paths; p; p = p->next) {
		if (p->forward && !m->n_next_hops) {
			m->internal = p->origin || (p->peer && p->peer->internal);
			m->preference = preference_of(p, v6);
			m->cost = p->attrs->has_med ? p->attrs->med : 0;
		}
		if (p->forward)
			m->next_hops[m->n_next_hops++] = next_hop_of(p, arena);
		else if (p->standby)
			m->backups[m->n_backups++] = next_hop_of(p, arena);
	}
}

/* --- l3vpn.Destination --- */

/* What was written, as long as the arena. */
static char *
kept(struct text *t, struct arena *arena)
{
	char *copy = arena_text(arena, text_chars(t));

	text_free(t);
	return copy;
}

static char *
as_path_of(const struct attr_set *a, struct arena *arena)
{
	struct text t = { 0 };

	as_path_text(attr_list(a, LIST_AS_PATH), &t);
	return kept(&t, arena);
}

static void
community_text(uint32_t c, struct text *out)
{
	static const struct {
		uint32_t value;
		const char *name;
	} known[] = { { COMMUNITY_NO_EXPORT, "no-export" }, { COMMUNITY_NO_ADVERTISE, "no-advertise" },
		{ COMMUNITY_NO_EXPORT_SUBCONFED, "no-export-subconfed" },
		{ COMMUNITY_GRACEFUL_SHUTDOWN, "graceful-shutdown" }, { COMMUNITY_LLGR_STALE, "llgr-stale" },
		{ COMMUNITY_NO_LLGR, "no-llgr" } };

	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].value == c) {
			text_add(out, "%s", known[i].name);
			return;
		}
	text_add(out, "%u:%u", c >> 16, c & 0xffff);
}

static char *
communities_of(const struct attr_set *a, struct arena *arena)
{
	struct wire_reader r = attr_list(a, LIST_COMMUNITIES);
	struct text t = { 0 };

	while (wire_left(&r)) {
		text_add(&t, "%s", t.size ? " " : "");
		community_text(wire_u32(&r), &t);
	}
	return kept(&t, arena);
}

static char *
large_of(const struct attr_set *a, struct arena *arena)
{
	struct wire_reader r = attr_list(a, LIST_LARGE);
	struct text t = { 0 };

	while (wire_left(&r)) {
		uint32_t as = wire_u32(&r);
		uint32_t one = wire_u32(&r);
		uint32_t two = wire_u32(&r);
		text_add(&t, "%s%u:%u:%u", t.size ? " " : "", as, one, two);
	}
	return kept(&t, arena);
}

static char *
extended_of(const struct attr_set *a, struct arena *arena)
{
	struct wire_reader r = attr_list(a, LIST_EXT);
	struct text t = { 0 };
	char one[EXT_TEXT];

	while (wire_left(&r))
		text_add(&t, "%s%s", t.size ? " " : "", ext_text(wire_u64(&r), one));
	return kept(&t, arena);
}

static char *
clusters_of(const struct attr_set *a, struct arena *arena)
{
	struct wire_reader r = attr_list(a, LIST_CLUSTERS);
	struct text t = { 0 };
	char one[ADDR_TEXT];

	while (wire_left(&r))
		text_add(&t, "%s%s", t.size ? " " : "", id_text(wire_u32(&r), one));
	return kept(&t, arena);
}

static L3vpn__Path *
path_of(const struct dest *d, const struct path *p, struct arena *arena)
{
	static const char *const origins[] = { "i", "e", "?" };
	const struct attr_set *a = p->attrs;
	L3vpn__Path *m = arena_take(arena, sizeof *m);
	char rd[RD_TEXT];

	l3vpn__path__init(m);
	if (p->peer)
		m->peer = fill_addr(&p->peer->config.address, arena);
	m->next_hop = fill_addr(&a->next_hop, arena);
	m->internal = p->peer && p->peer->internal;
	m->best = p->best;
	m->multipath = p->multi;
	m->backup = p->standby;
	m->stale = p->peer && p->generation != p->peer->family[d->rib->family].generation;
	m->unused = fill_text(path_fault_text((enum path_fault)p->fault));
	m->lost = fill_text(p->multi ? "" : decide_lost(d, p));
	m->label = p->label > LABEL_MAX ? LABEL_UNSET : p->label;
	m->local_pref = a->has_local_pref ? a->local_pref : BGP_LOCAL_PREF;
	m->med = a->med;
	m->has_med = a->has_med;
	m->origin = fill_text(a->origin < COUNT(origins) ? origins[a->origin] : "?");
	m->as_path = as_path_of(a, arena);
	m->communities = communities_of(a, arena);
	m->large_communities = large_of(a, arena);
	m->extended_communities = extended_of(a, arena);
	m->originator = a->has_originator ? a->originator : 0;
	m->clusters = clusters_of(a, arena);
	if (p->origin)
		m->imported_from = arena_text(arena, rd_text(p->origin->dest->rd, rd));
	m->id = p->id;
	m->metric = p->hop ? p->hop->metric : 0;
	m->preferred = p->peer ? p->peer->config.family[d->rib->family].preferred : 0;
	return m;
}

void
bgp_fill_destination(const struct row *row, void *message, struct arena *arena)
{
	const struct dest *d = CONST_OBJECT(row, struct dest, row);
	L3vpn__Destination *m = message;
	size_t count = 0;
	char rd[RD_TEXT];

	m->vrf = fill_text(d->rib->instance->name);
	m->family = (L3vpn__Family)d->rib->family;
	m->rd = d->rd ? arena_text(arena, rd_text(d->rd, rd)) : fill_text("");
	m->prefix = fill_prefix(&d->prefix, arena);
	for (const struct path *p = d->paths; p; p = p->next)
		count++;
	m->paths = arena_take(arena, (count + 1) * sizeof *m->paths);
	for (const struct path *p = d->paths; p; p = p->next)
		m->paths[m->n_paths++] = path_of(d, p, arena);
}
