/* The text of fibctl's displays, in the format of reference 002. */
#include "fibd/display.h"
#include "base/label.h"
#include "base/mem.h"
#include "host/row_text.h"
#include "proto/fib.pb-c.h"
#include <stdio.h>
#include <string.h>

#define RULE "------------------------------------------------------------------------------"

static const char *
interface_name(const struct show *s, size_t table, uint32_t ifindex, char out[64])
{
	const struct row_set *set = &s->tables[table];

	snprintf(out, 64, "%s", ifindex ? "?" : "-");
	for (size_t i = 0; i < set->count; i++) {
		const Fib__Interface *r = (const Fib__Interface *)set->rows[i];
		if (r->ifindex == ifindex)
			snprintf(out, 64, "%.63s", r->label);
	}
	return out;
}

static const char *
protocol_text(Fib__Protocol p)
{
	switch (p) {
	case FIB__PROTOCOL__DIRECT: return "Direct";
	case FIB__PROTOCOL__STATIC: return "Static";
	case FIB__PROTOCOL__OSPF: return "OSPF";
	case FIB__PROTOCOL__ISIS: return "ISIS";
	case FIB__PROTOCOL__BGP: return "BGP";
	case FIB__PROTOCOL__IBGP: return "IBGP";
	case FIB__PROTOCOL__RIP: return "RIP";
	default: return "Kernel";
	}
}

/* --- routes --- */

static bool
keep_family(const ProtobufCMessage *m, const struct args *a, uint8_t family)
{
	const Fib__Route *r = (const Fib__Route *)m;
	struct prefix p, wanted = arg_prefix(a, "destination");

	if (strcmp(r->vrf, arg_given(a, "vrf") ? arg_text(a, "vrf") : "") != 0 ||
	    !prefix_from_bytes(r->prefix.data, r->prefix.len, &p) || p.addr.family != family)
		return false;
	if (!arg_given(a, "destination"))
		return true;
	/* An address: whatever covers it. A prefix: itself. */
	return strchr(arg_text(a, "destination"), '/') ? prefix_eq(&p, &wanted) : prefix_covers(&p, &wanted.addr);
}

bool
fib_keep_routes4(const ProtobufCMessage *m, const struct args *a)
{
	return keep_family(m, a, 4);
}

bool
fib_keep_routes6(const ProtobufCMessage *m, const struct args *a)
{
	return keep_family(m, a, 6);
}

/* The entry that is used; NULL when none is. */
static const Fib__RouteEntry *
active(const Fib__Route *r)
{
	return r->n_entries && !*r->entries[0]->inactive ? r->entries[0] : NULL;
}

static const char *
flags_text(const Fib__Route *r, const Fib__RouteEntry *e, char out[4])
{
	snprintf(
	    out, 4, "%s%s%s", e->relay ? "R" : "", r->installed && !*e->inactive ? "D" : "", e->black_hole ? "B" : "");
	return out;
}

static void
prefix_cell(struct text *out, const ProtobufCBinaryData *bytes, bool blank)
{
	struct prefix p = { 0 };
	char addr[ADDR_TEXT];

	prefix_from_bytes(bytes->data, bytes->len, &p);
	int width = p.addr.family == 6 ? 39 : 15;
	/* The masks stand in one column, whatever the addresses' length. */
	if (blank)
		text_add(out, "%*s", width + (p.addr.family == 6 ? 4 : 3), "");
	else
		text_add(out, "%*s/%-*u", width, addr_text(&p.addr, addr), p.addr.family == 6 ? 3 : 2, p.len);
}

static unsigned
route_lines(const struct show *s, const Fib__Route *r)
{
	const Fib__RouteEntry *e = active(r);
	char flags[4], via[ADDR_TEXT], name[64];
	size_t lines = e->n_next_hops ? e->n_next_hops : 1;

	for (size_t i = 0; i < lines; i++) {
		const Fib__NextHop *h = i < e->n_next_hops ? e->next_hops[i] : NULL;
		bool null0 = !h || e->black_hole;
		prefix_cell(s->out, &r->prefix, i > 0);
		text_line(s->out, "  %-6s %-4u %-10u %2s  %-15s %s", protocol_text(e->protocol), e->preference, e->cost,
		    flags_text(r, e, flags),
		    null0            ? "0.0.0.0"
		    : h->address.len ? row_addr_text(&h->address, via)
				     : "0.0.0.0",
		    null0 ? "NULL0" : interface_name(s, 1, h->ifindex, name));
	}
	return (unsigned)lines;
}

static void
next_hop_line(const struct show *s, const char *what, const Fib__NextHop *h)
{
	char address[ADDR_TEXT], via[ADDR_TEXT], name[64], label[24];

	text_add(s->out, "%15s: %s", what, row_addr_text(&h->address, address));
	if (h->via.len)
		text_add(s->out, " via %s", row_addr_text(&h->via, via));
	text_add(s->out, "  Interface: %s", h->ifindex ? interface_name(s, 1, h->ifindex, name) : "-");
	text_add(s->out, "  Label:");
	for (size_t i = 0; i < h->n_labels; i++)
		text_add(s->out, "%s%s", i ? "/" : " ", label_text(h->labels[i], label));
	text_add(s->out, "%s", h->n_labels ? "" : " NULL");
	if (*h->track)
		text_add(s->out, "  Track: bfd-session %s (%s)", h->track, h->track_state);
	text_line(s->out, "%s", "");
}

static void
route_verbose(const struct show *s, const Fib__Route *r)
{
	char prefix[PREFIX_TEXT], flags[4], age[16];
	struct prefix p = { 0 };

	prefix_from_bytes(r->prefix.data, r->prefix.len, &p);
	text_line(s->out, "Destination: %s", prefix_text(&p, prefix));
	if (*r->trouble)
		text_line(s->out, "     Trouble: %s", r->trouble);
	for (size_t i = 0; i < r->n_entries; i++) {
		const Fib__RouteEntry *e = r->entries[i];
		uint64_t seconds = s->now_us > e->since ? (s->now_us - e->since) / 1000000 : 0;
		text_line(s->out, "     Protocol: %s%s  Preference: %u  Cost: %u  Age: %s  Flags: %s",
		    protocol_text(e->protocol), e->foreign ? " (another daemon's)" : "", e->preference, e->cost,
		    text_age_hhmmss(seconds, age), *flags_text(r, e, flags) ? flags : "-");
		text_line(s->out, "        State: %s",
		    *e->inactive   ? e->inactive
		    : r->installed ? "active, in the kernel"
				   : "active, not in the kernel");
		for (size_t k = 0; k < e->n_next_hops; k++)
			next_hop_line(s, "NextHop", e->next_hops[k]);
		for (size_t k = 0; k < e->n_standbys; k++)
			next_hop_line(s, "Standby", e->standbys[k]);
	}
}

int
fib_show_routes(const struct show *s)
{
	const struct row_set *set = &s->tables[0];
	bool verbose = arg_given(s->args, "verbose");
	struct text body = { 0 };
	struct show inner = *s;
	unsigned destinations = 0, routes = 0;

	inner.out = &body;
	for (size_t i = 0; i < set->count; i++) {
		const Fib__Route *r = (const Fib__Route *)set->rows[i];
		if (verbose && r->n_entries) {
			route_verbose(&inner, r);
			destinations++;
			routes += (unsigned)r->n_entries;
		} else if (!verbose && active(r)) {
			routes += route_lines(&inner, r);
			destinations++;
		}
	}
	text_line(s->out, "Route Flags: R - relay, D - download to fib, T - to vpn-instance, B - black hole route");
	text_line(s->out, RULE);
	text_line(s->out, "Routing Table: %s", arg_given(s->args, "vrf") ? arg_text(s->args, "vrf") : "_public_");
	text_line(s->out, "         Destinations : %-8u Routes : %u\n", destinations, routes);
	if (!verbose)
		text_line(s->out, "%-20sProto  Pre  Cost     Flags NextHop         Interface\n", "Destination/Mask");
	text_add(s->out, "%s", text_chars(&body));
	text_free(&body);
	return 0;
}

/* --- labels --- */

static void
label_cells(const struct show *s, struct text_table *t, const char *fec, const char *in, const Fib__NextHop *h,
    const char *owner, const char *state)
{
	char out[24], via[ADDR_TEXT], name[64];
	struct text pushed = { 0 };

	text_cell(t, "%s", fec);
	text_add(&pushed, "%s/%s", in, h->n_labels ? label_text(h->labels[0], out) : *in == 'N' ? "NULL" : "pop");
	for (size_t i = 1; i < h->n_labels; i++)
		text_add(&pushed, ",%s", label_text(h->labels[i], out));
	text_cell(t, "%s", text_chars(&pushed));
	text_free(&pushed);
	text_cell(t, "%s", row_addr_text(h->via.len ? &h->via : &h->address, via));
	text_cell(t, "%s", interface_name(s, 2, h->ifindex, name));
	text_cell(t, "%s", owner);
	text_cell(t, "%s", state);
}

static void
ilm_cells(const struct show *s, struct text_table *t, const Fib__Ilm *r)
{
	char fec[PREFIX_TEXT], in[24], state[160];
	struct prefix p = { 0 };

	prefix_from_bytes(r->fec.data, r->fec.len, &p);
	prefix_text(&p, fec); /* "-": a label of a VPN instance is for whatever the instance has */
	snprintf(state, sizeof state, "%s%s%.120s", r->installed ? "installed" : "not installed",
	    r->stale      ? ", stale"
	    : *r->trouble ? ": "
			  : "",
	    r->trouble);
	for (size_t i = 0; i < r->n_next_hops; i++)
		label_cells(
		    s, t, i ? "" : fec, label_text(r->label, in), r->next_hops[i], i ? "" : r->owner, i ? "" : state);
	if (r->n_next_hops)
		return;
	text_cell(t, "%s", fec);
	text_cell(t, "%s/-", label_text(r->label, in));
	text_cell(t, "-");
	text_cell(t, "-");
	text_cell(t, "%s", r->owner);
	text_cell(t, "%s", *r->trouble ? r->trouble : "no next hop gave a label: dropped");
}

static unsigned
push_cells(const struct show *s, struct text_table *t, const Fib__Route *r)
{
	const Fib__RouteEntry *e = active(r);
	char text[PREFIX_TEXT], fec[PREFIX_TEXT + 20];
	struct prefix p = { 0 };
	unsigned lines = 0;

	prefix_from_bytes(r->prefix.data, r->prefix.len, &p);
	snprintf(fec, sizeof fec, *r->vrf ? "%s (%.15s)" : "%s", prefix_text(&p, text), r->vrf);
	for (size_t i = 0; e && i < e->n_next_hops; i++)
		if (e->next_hops[i]->n_labels)
			label_cells(s, t, lines++ ? "" : fec, "NULL", e->next_hops[i], protocol_text(e->protocol),
			    r->installed ? "installed" : "not installed");
	return lines != 0;
}

int
fib_show_lsps(const struct show *s)
{
	static const char *const heads[] = { "FEC", "In/Out Label", "NextHop", "Out Interface", "Owner", "State" };
	struct text_table *t = text_table_new(COUNT(heads));
	size_t total = s->tables[0].count;

	for (size_t i = 0; i < COUNT(heads); i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < s->tables[1].count; i++)
		total += push_cells(s, t, (const Fib__Route *)s->tables[1].rows[i]);
	for (size_t i = 0; i < s->tables[0].count; i++)
		ilm_cells(s, t, (const Fib__Ilm *)s->tables[0].rows[i]);
	text_line(s->out, RULE);
	text_line(s->out, "                 LSP Information: labels in the kernel");
	text_line(s->out, RULE);
	text_table_print(t, "", s->out);
	text_line(s->out, "TOTAL: %zu", total);
	text_table_free(t);
	return 0;
}

/* --- interfaces and the kernel --- */

int
fib_show_interfaces(const struct show *s)
{
	static const char *const heads[] = { "Interface", "PHY", "Protocol", "IP Address/Mask", "MTU", "MPLS",
		"Kernel's name" };
	const struct row_set *set = &s->tables[0];
	struct text_table *t = text_table_new(7);

	for (size_t i = 0; i < 7; i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++) {
		const Fib__Interface *r = (const Fib__Interface *)set->rows[i];
		struct prefix p = { 0 };
		char text[PREFIX_TEXT];
		bool v4 = false;
		for (size_t k = 0; k < r->n_addresses && !v4; k++)
			v4 = prefix_from_bytes(r->addresses[k].data, r->addresses[k].len, &p) && p.addr.family == 4;
		text_cell(t, "%s", r->label);
		text_cell(t, "%s", !r->admin_up ? "*down" : r->carrier || r->loopback ? "up" : "down");
		bool phy = r->admin_up && (r->carrier || r->loopback);
		text_cell(t, "%s", phy && r->held ? "down(BFD)" : phy && v4 ? "up" : "down");
		text_cell(t, "%s", v4 ? prefix_text(&p, text) : "unassigned");
		text_cell(t, "%u", r->mtu);
		text_cell(t, "%s", r->mpls_input ? "on" : r->mpls ? "configured, not on" : "-");
		text_cell(t, "%s%s%s", r->name, *r->trouble ? "  " : "", r->trouble);
	}
	text_line(s->out, "PHY: Physical\n*down: administratively down\n(BFD): a BFD session holds it");
	text_table_print(t, "", s->out);
	text_table_free(t);
	return 0;
}

int
fib_show_kernel(const struct show *s)
{
	for (size_t i = 0; i < s->tables[0].count; i++) {
		const Fib__Kernel *r = (const Fib__Kernel *)s->tables[0].rows[i];
		text_line(s->out, "Kernel release: %s", r->release);
		text_line(s->out, "MPLS          : %s", r->mpls ? "yes" : "no");
		text_line(s->out, "Labels        : 16-%u", r->platform_labels ? r->platform_labels - 1 : 0);
		for (size_t k = 0; k < r->n_missing; k++)
			text_line(s->out, "Missing       : %s", r->missing[k]);
	}
	return 0;
}
