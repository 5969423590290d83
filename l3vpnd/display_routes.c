/* l3vpnctl's displays of routes: a line for each path, or everything about one destination. */
#include "base/label.h"
#include "base/mem.h"
#include "l3vpnd/display.h"
#include <stdio.h>
#include <string.h>

static struct prefix
prefix_of(const L3vpn__Destination *d)
{
	struct prefix p = { 0 };

	prefix_from_bytes(d->prefix.data, d->prefix.len, &p);
	return p;
}

/* A prefix was asked for; an address is whatever covers it best. */
static bool
asks_prefix(const struct args *a)
{
	return arg_given(a, "mask") || (arg_text(a, "destination") && strchr(arg_text(a, "destination"), '/'));
}

bool
l3vpn_keep_destination(const ProtobufCMessage *row, const struct args *a)
{
	const L3vpn__Destination *d = (const L3vpn__Destination *)row;
	struct l3vpn_scope scope = l3vpn_scope(a);
	struct prefix own = prefix_of(d), wanted = arg_prefix(a, "destination");

	if (!l3vpn_scope_has(&scope, d->vrf, d->family))
		return false;
	if (!arg_given(a, "destination"))
		return true;
	if (!asks_prefix(a))
		return prefix_covers(&own, &wanted.addr);
	wanted = prefix_network(wanted);
	return prefix_eq(&own, &wanted);
}

/* --- a line for each path --- */

static void
status_cell(struct text_table *t, const L3vpn__Path *p)
{
	text_cell(t, "%s%s%s%s", *p->unused ? " " : "*",
	    p->best        ? ">"
	    : p->multipath ? "+"
	    : p->backup    ? "b"
			   : " ",
	    p->internal ? "i" : " ", p->stale ? "S" : "");
}

static void
destination_cells(struct text_table *t, const L3vpn__Destination *d)
{
	struct prefix prefix = prefix_of(d);
	char text[PREFIX_TEXT], hop[ADDR_TEXT];

	for (size_t i = 0; i < d->n_paths; i++) {
		const L3vpn__Path *p = d->paths[i];
		status_cell(t, p);
		text_cell(t, "%s", i ? "" : prefix_text(&prefix, text));
		text_cell(t, "%s",
		    p->next_hop.len           ? l3vpn_address(&p->next_hop, hop)
		    : prefix.addr.family == 6 ? "::"
					      : "0.0.0.0");
		if (p->has_med)
			text_cell(t, "%u", p->med);
		else
			text_cell(t, "%s", "");
		if (p->internal)
			text_cell(t, "%u", p->local_pref);
		else
			text_cell(t, "%s", "");
		text_cell(t, "%u", p->preferred);
		text_cell(t, "%s%s", p->as_path, p->origin);
	}
}

/* Rows of one table: of an instance, or of a route distinguisher between provider edges. */
static bool
is_same_table(const L3vpn__Destination *a, const L3vpn__Destination *b)
{
	return strcmp(a->vrf, b->vrf) == 0 && strcmp(a->rd, b->rd) == 0 && a->family == b->family;
}

static void
one_table(const struct show *s, size_t from, size_t to)
{
	static const char *const heads[] = { "", "Network", "NextHop", "MED", "LocPrf", "PrefVal", "Path/Ogn" };
	struct text_table *t = text_table_new(COUNT(heads));

	for (size_t i = 0; i < COUNT(heads); i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = from; i < to; i++)
		destination_cells(t, (const L3vpn__Destination *)s->tables[0].rows[i]);
	text_table_print(t, " ", s->out);
	text_table_free(t);
}

static size_t
paths_of(const struct row_set *set, const char *vrf)
{
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++) {
		const L3vpn__Destination *d = (const L3vpn__Destination *)set->rows[i];
		if (strcmp(d->vrf, vrf) == 0)
			count += d->n_paths;
	}
	return count;
}

static void
table_head(const struct show *s, const L3vpn__Destination *d, const L3vpn__Destination *before)
{
	const struct row_set *set = &s->tables[0];
	char id[ADDR_TEXT];

	text_line(s->out, "%s", "");
	if (!before || strcmp(before->vrf, d->vrf) != 0) {
		if (*d->vrf)
			text_line(s->out, " VPN-Instance %s, Router ID %s:\n", d->vrf,
			    id_text(l3vpn_process(s)->router_id, id));
		text_line(s->out, " Total %s: %zu", *d->rd ? "number of routes from all PE" : "Number of Routes",
		    paths_of(set, d->vrf));
	}
	if (*d->rd)
		text_line(s->out, " Route Distinguisher: %s\n", d->rd);
}

static void
list(const struct show *s, const L3vpn__Process *process)
{
	const struct row_set *set = &s->tables[0];
	const L3vpn__Destination *before = NULL;
	char id[ADDR_TEXT];

	text_line(s->out, "\n BGP Local router ID is %s", id_text(process->router_id, id));
	text_line(s->out, " Status codes: * - valid, > - best, + - used beside the best, b - backup,\n"
			  "               i - internal, S - Stale\n"
			  "               Origin : i - IGP, e - EGP, ? - incomplete");
	for (size_t from = 0, to; from < set->count; from = to) {
		const L3vpn__Destination *d = (const L3vpn__Destination *)set->rows[from];
		for (to = from + 1; to < set->count && is_same_table(d, (const L3vpn__Destination *)set->rows[to]);)
			to++;
		table_head(s, d, before);
		one_table(s, from, to);
		before = d;
	}
	if (!set->count)
		text_line(s->out, "\n Total Number of Routes: 0");
}

/* --- everything about one destination --- */

static const char *
origin_text(const char *origin)
{
	return strcmp(origin, "i") == 0 ? "igp" : strcmp(origin, "e") == 0 ? "egp" : "incomplete";
}

static void
path_lists(const struct show *s, const L3vpn__Path *p)
{
	char id[ADDR_TEXT];

	if (*p->imported_from)
		text_line(s->out, "   Imported from route distinguisher: %s", p->imported_from);
	if (*p->extended_communities)
		text_line(s->out, "   Ext-Community: %s", p->extended_communities);
	if (*p->communities)
		text_line(s->out, "   Community: %s", p->communities);
	if (*p->large_communities)
		text_line(s->out, "   Large-Community: %s", p->large_communities);
	if (p->originator)
		text_line(s->out, "   Originator: %s", id_text(p->originator, id));
	if (*p->clusters)
		text_line(s->out, "   Cluster list: %s", p->clusters);
}

static void
path_lines(const struct show *s, const L3vpn__Path *p)
{
	char text[ADDR_TEXT];

	if (p->peer.len)
		text_line(
		    s->out, "   From: %s%s", l3vpn_address(&p->peer, text), p->stale ? " (away: it is stale)" : "");
	else
		text_line(s->out, "   From: this router");
	if (p->next_hop.len)
		text_line(
		    s->out, "   Original nexthop: %s, cost to it: %u", l3vpn_address(&p->next_hop, text), p->metric);
	if (p->label != LABEL_UNSET)
		text_line(s->out, "   Label: %u", p->label);
	if (p->id)
		text_line(s->out, "   Path identifier: %u", p->id);
	path_lists(s, p);
	text_add(s->out, "   AS-path %s, origin %s", *p->as_path ? p->as_path : "Nil", origin_text(p->origin));
	if (p->has_med)
		text_add(s->out, ", MED %u", p->med);
	text_line(s->out, ", localpref %u, pref-val %u%s, %s%s%s%s", p->local_pref, p->preferred,
	    *p->unused ? "" : ", valid",
	    !p->peer.len  ? "local"
	    : p->internal ? "internal"
			  : "external",
	    p->best ? ", best" : "", p->best || p->multipath ? ", select" : "", p->backup ? ", backup" : "");
	if (*p->unused)
		text_line(s->out, "   Not used: %s", p->unused);
	else if (*p->lost && !p->multipath)
		text_line(s->out, "   Not preferred for: %s", p->lost);
	text_line(s->out, "%s", "");
}

static void
destination(const struct show *s, const L3vpn__Destination *d, const L3vpn__Process *process)
{
	struct prefix prefix = prefix_of(d);
	char text[PREFIX_TEXT], id[ADDR_TEXT];
	size_t best = 0, used = 0;

	for (size_t i = 0; i < d->n_paths; i++) {
		best += d->paths[i]->best;
		used += d->paths[i]->best || d->paths[i]->multipath;
	}
	if (*d->vrf)
		text_line(s->out, " VPN-Instance %s, Router ID %s:", d->vrf, id_text(process->router_id, id));
	if (*d->rd)
		text_line(s->out, " Route Distinguisher: %s", d->rd);
	text_line(s->out, " BGP routing table entry information of %s:", prefix_text(&prefix, text));
	text_line(s->out, " Paths:   %zu available, %zu best, %zu select", d->n_paths, best, used);
	for (size_t i = 0; i < d->n_paths; i++)
		path_lines(s, d->paths[i]);
}

/* An address is covered by several; the longest is meant. */
static bool
is_longest(const struct row_set *set, const L3vpn__Destination *d)
{
	for (size_t i = 0; i < set->count; i++) {
		const L3vpn__Destination *other = (const L3vpn__Destination *)set->rows[i];
		if (is_same_table(d, other) && prefix_of(other).len > prefix_of(d).len)
			return false;
	}
	return true;
}

static int
details(const struct show *s, const L3vpn__Process *process)
{
	const struct row_set *set = &s->tables[0];
	char id[ADDR_TEXT];

	if (!set->count) {
		text_line(s->out, " BGP has no route to %s here", arg_text(s->args, "destination"));
		return 1;
	}
	text_line(s->out, "\n BGP local router ID : %s", id_text(process->router_id, id));
	text_line(s->out, " Local AS number : %u\n", process->as);
	for (size_t i = 0; i < set->count; i++) {
		const L3vpn__Destination *d = (const L3vpn__Destination *)set->rows[i];
		if (asks_prefix(s->args) || is_longest(set, d))
			destination(s, d, process);
	}
	return 0;
}

int
l3vpn_show_routes(const struct show *s)
{
	struct l3vpn_scope scope = l3vpn_scope(s->args);
	const L3vpn__Process *process = l3vpn_process(s);

	if (!process || !l3vpn_instance_exists(s, &scope))
		return process ? 1 : 0;
	if (arg_given(s->args, "destination"))
		return details(s, process);
	list(s, process);
	return 0;
}
