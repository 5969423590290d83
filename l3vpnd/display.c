/* l3vpnctl's displays of VPN instances and of peers, in the form of reference 002. */
#include "l3vpnd/display.h"
#include "base/mem.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- what they share --- */

struct l3vpn_scope
l3vpn_scope(const struct args *a)
{
	const char *vrf = arg_text(a, "vrf");
	bool v6 = arg_given(a, "ipv6") || arg_given(a, "vpnv6"), vpn = arg_given(a, "vpnv4") || arg_given(a, "vpnv6");
	L3vpn__Family plain = v6 ? L3VPN__FAMILY__IPV6 : L3VPN__FAMILY__IPV4;

	if (!vpn || vrf)
		return (struct l3vpn_scope){ .family = plain, .vrf = vrf ? vrf : "" };
	return (struct l3vpn_scope){
		.family = v6 ? L3VPN__FAMILY__VPNV6 : L3VPN__FAMILY__VPNV4, .vrf = "", .all = true, .inside = plain
	};
}

bool
l3vpn_scope_has(const struct l3vpn_scope *s, const char *vrf, L3vpn__Family f)
{
	if (s->all && *vrf)
		return f == s->inside;
	return f == s->family && strcmp(vrf, s->vrf) == 0;
}

const struct row_set *
l3vpn_table(const struct show *s, const char *name)
{
	for (size_t i = 0; i < s->table_count; i++)
		if (strcmp(s->tables[i].schema->table, name) == 0)
			return &s->tables[i];
	return NULL;
}

const L3vpn__Process *
l3vpn_process(const struct show *s)
{
	const struct row_set *set = l3vpn_table(s, "l3vpn.Process");
	const L3vpn__Process *p = set && set->count ? (const L3vpn__Process *)set->rows[0] : NULL;

	if (p && p->as)
		return p;
	text_line(s->out, " BGP is not configured");
	return NULL;
}

bool
l3vpn_instance_exists(const struct show *s, const struct l3vpn_scope *scope)
{
	const struct row_set *set = l3vpn_table(s, "l3vpn.Instance");

	for (size_t i = 0; *scope->vrf && set && i < set->count; i++)
		if (strcmp(((const L3vpn__Instance *)set->rows[i])->name, scope->vrf) == 0)
			return true;
	if (*scope->vrf)
		text_line(s->out, " There is no VPN instance %s", scope->vrf);
	return !*scope->vrf;
}

const char *
l3vpn_address(const ProtobufCBinaryData *bytes, char out[ADDR_TEXT])
{
	struct addr a = addr_none();

	addr_from_bytes(bytes->data, bytes->len, &a);
	return addr_text(&a, out);
}

static uint64_t
seconds_since(const struct show *s, uint64_t moment)
{
	return moment && s->now_us > moment ? (s->now_us - moment) / 1000000 : 0;
}

/* --- VPN instances --- */

bool
l3vpn_keep_instance(const ProtobufCMessage *row, const struct args *a)
{
	const char *vrf = arg_text(a, "vrf");

	return !vrf || strcmp(((const L3vpn__Instance *)row)->name, vrf) == 0;
}

static const char *
plain_name(L3vpn__Family f)
{
	return f == L3VPN__FAMILY__IPV6 ? "ipv6" : "ipv4";
}

/* One that was asked for by its name needs no totals. Returns an exit status. */
static int
instance_totals(const struct show *s)
{
	const struct row_set *set = &s->tables[0];
	size_t v4 = 0, v6 = 0;

	if (arg_text(s->args, "vrf")) {
		if (!set->count)
			text_line(s->out, " There is no VPN instance %s", arg_text(s->args, "vrf"));
		return set->count ? 0 : 1;
	}
	for (size_t i = 0; i < set->count; i++) {
		const L3vpn__Instance *n = (const L3vpn__Instance *)set->rows[i];
		for (size_t k = 0; k < n->n_families; k++) {
			v4 += n->families[k]->family == L3VPN__FAMILY__IPV4;
			v6 += n->families[k]->family == L3VPN__FAMILY__IPV6;
		}
	}
	text_line(s->out, " Total VPN-Instances configured : %zu", set->count);
	text_line(s->out, " Total IPv4 VPN-Instances configured : %zu", v4);
	text_line(s->out, " Total IPv6 VPN-Instances configured : %zu", v6);
	return 0;
}

static int
instances_brief(const struct show *s)
{
	static const char *const heads[] = { "VPN-Instance Name", "RD", "Address-family", "Status" };
	const struct row_set *set = &s->tables[0];
	struct text_table *t = text_table_new(4);
	int status = instance_totals(s);

	for (size_t i = 0; i < 4; i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++) {
		const L3vpn__Instance *n = (const L3vpn__Instance *)set->rows[i];
		for (size_t k = 0; k < n->n_families; k++) {
			const L3vpn__InstanceFamily *f = n->families[k];
			text_cell(t, "%s", n->name);
			text_cell(t, "%s", *f->rd ? f->rd : "-");
			text_cell(t, "%s", f->family == L3VPN__FAMILY__IPV6 ? "IPv6" : "IPv4");
			text_cell(t, "%s%s%s", f->up_since ? "UP" : "DOWN", *f->trouble ? ": " : "", f->trouble);
		}
		for (size_t k = 0; !n->n_families && k < 4; k++)
			text_cell(t, "%s", k ? "-" : n->name);
	}
	if (set->count) {
		text_line(s->out, "%s", "");
		text_table_print(t, "  ", s->out);
	}
	text_table_free(t);
	return status;
}

static void
date_line(const struct show *s, uint64_t created)
{
	time_t at = (time_t)(s->date_s - seconds_since(s, created));
	struct tm parts;
	char text[32] = "";

	if (localtime_r(&at, &parts))
		strftime(text, sizeof text, "%Y/%m/%d %H:%M:%S", &parts);
	text_line(s->out, "  Create date : %s", text);
}

static void
targets_line(const struct show *s, const char *kind, char **targets, size_t count)
{
	text_add(s->out, "  %s VPN Targets : ", kind);
	for (size_t i = 0; i < count; i++)
		text_add(s->out, " %s", targets[i]);
	text_line(s->out, "%s", count ? "" : " none");
}

static void
instance_family(const struct show *s, const L3vpn__InstanceFamily *f)
{
	uint64_t up = seconds_since(s, f->up_since);

	text_line(s->out, " Address family %s", plain_name(f->family));
	date_line(s, f->created);
	text_line(s->out, "  Up time : %llu days, %02llu hours, %02llu minutes and %02llu seconds",
	    (unsigned long long)(up / 86400), (unsigned long long)(up / 3600 % 24), (unsigned long long)(up / 60 % 60),
	    (unsigned long long)(up % 60));
	text_line(s->out, "  Vrf Status : %s", f->up_since ? "UP" : "DOWN");
	if (*f->trouble)
		text_line(s->out, "  Reason : %s", f->trouble);
	text_line(s->out, "  Route Distinguisher : %s", *f->rd ? f->rd : "none");
	targets_line(s, "Export", f->export_targets, f->n_export_targets);
	targets_line(s, "Import", f->import_targets, f->n_import_targets);
	text_line(s->out, "  Label policy : %s", f->label_policy);
	if (f->limit)
		text_line(s->out, "  Routing-table limit : %u, routes : %u%s", f->limit, f->routes,
		    f->over_limit ? " (above it)" : "");
	if (*f->tunnel_policy)
		text_line(s->out, "  Tunnel Policy : %s", f->tunnel_policy);
	/* The kernel neither copies the class of a packet into its labels nor back. */
	text_line(s->out, "  The diffserv-mode Information is : pipe");
	text_line(s->out, "  The ttl-mode Information is : %s", f->pipe ? "pipe" : "uniform");
}

static int
instances_verbose(const struct show *s)
{
	const struct row_set *set = &s->tables[0];
	int status = instance_totals(s);

	for (size_t i = 0; i < set->count; i++) {
		const L3vpn__Instance *n = (const L3vpn__Instance *)set->rows[i];
		text_line(s->out, " VPN-Instance Name and ID : %s, %u", n->name, n->number);
		if (*n->description)
			text_line(s->out, "  Description : %s", n->description);
		text_add(s->out, "  Interfaces :");
		for (size_t k = 0; k < n->n_interfaces; k++)
			text_add(s->out, "%s %s", k ? "," : "", n->interfaces[k]);
		text_line(s->out, "%s", n->n_interfaces ? "" : " none");
		for (size_t k = 0; k < n->n_families; k++)
			instance_family(s, n->families[k]);
	}
	return status;
}

int
l3vpn_show_instances(const struct show *s)
{
	return arg_given(s->args, "verbose") ? instances_verbose(s) : instances_brief(s);
}

/* --- peers --- */

static const L3vpn__PeerFamily *
family_of(const L3vpn__Peer *p, const struct l3vpn_scope *scope)
{
	for (size_t i = 0; i < p->n_families; i++)
		if (l3vpn_scope_has(scope, p->vrf, p->families[i]->family))
			return p->families[i];
	return NULL;
}

bool
l3vpn_keep_peer(const ProtobufCMessage *row, const struct args *a)
{
	const L3vpn__Peer *p = (const L3vpn__Peer *)row;
	struct l3vpn_scope scope = l3vpn_scope(a);
	struct addr wanted = arg_addr(a, "peer"), own = addr_none();

	addr_from_bytes(p->address.data, p->address.len, &own);
	return family_of(p, &scope) && (!addr_is_set(&wanted) || addr_eq(&wanted, &own));
}

static const char *
state_name(const L3vpn__Peer *p)
{
	static const char *const names[] = { "Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established" };

	if (p->ignored)
		return "Idle(Admin)";
	return (unsigned)p->state < COUNT(names) ? names[p->state] : "unknown";
}

static uint64_t
count_all(const L3vpn__MessageCounts *c)
{
	return c ? c->open + c->update + c->notification + c->keepalive + c->refresh : 0;
}

/* Says when there is nothing to show; returns an exit status, -1: go on. */
static int
peer_head(const struct show *s, const struct l3vpn_scope *scope)
{
	const struct row_set *set = &s->tables[0];
	const L3vpn__Process *process = l3vpn_process(s);

	if (!process || !l3vpn_instance_exists(s, scope))
		return process ? 1 : 0;
	if (set->count || !arg_text(s->args, "peer"))
		return -1;
	text_line(s->out, " There is no peer %s here", arg_text(s->args, "peer"));
	return 1;
}

static void
peer_line(const struct show *s, const L3vpn__Peer *p, const struct l3vpn_scope *scope)
{
	char address[ADDR_TEXT], age[16];

	text_line(s->out, "%-15s 4 %5u %8llu %8llu %7llu %s %11s %7u", l3vpn_address(&p->address, address),
	    p->remote_as, (unsigned long long)count_all(p->received), (unsigned long long)count_all(p->sent),
	    (unsigned long long)p->queued, text_age_hhmmss(seconds_since(s, p->since), age), state_name(p),
	    family_of(p, scope)->received);
}

static int
peers_brief(const struct show *s)
{
	const struct row_set *set = &s->tables[0];
	struct l3vpn_scope scope = l3vpn_scope(s->args);
	int status = peer_head(s, &scope);
	const char *before = "";
	size_t up = 0;
	char id[ADDR_TEXT];

	if (status >= 0)
		return status;
	const L3vpn__Process *process = l3vpn_process(s);
	for (size_t i = 0; i < set->count; i++)
		up += ((const L3vpn__Peer *)set->rows[i])->state == L3VPN__PEER_STATE__ESTABLISHED;
	text_line(s->out, "\n BGP local router ID : %s", id_text(process->router_id, id));
	text_line(s->out, " Local AS number : %u", process->as);
	text_line(s->out, " Total number of peers : %-17zu Peers in established state : %zu\n", set->count, up);
	text_line(s->out, "Peer            V    AS  MsgRcvd  MsgSent    OutQ  Up/Down  State PrefRcv\n");
	for (size_t i = 0; i < set->count; i++) {
		const L3vpn__Peer *p = (const L3vpn__Peer *)set->rows[i];
		if (strcmp(p->vrf, before) != 0 && scope.all)
			text_line(s->out, "\n VPN-Instance %s, Router ID %s:", p->vrf, id_text(p->local_router_id, id));
		before = p->vrf;
		peer_line(s, p, &scope);
	}
	return 0;
}

static void
counts(const struct show *s, const char *kind, const L3vpn__MessageCounts *c)
{
	text_line(s->out, "   %s: total %llu messages", kind, (unsigned long long)count_all(c));
	if (!c)
		return;
	text_line(s->out, "        Open messages          %llu", (unsigned long long)c->open);
	text_line(s->out, "        Update messages        %llu", (unsigned long long)c->update);
	text_line(s->out, "        Notification messages  %llu", (unsigned long long)c->notification);
	text_line(s->out, "        KeepAlive messages     %llu", (unsigned long long)c->keepalive);
	text_line(s->out, "        Refresh messages       %llu", (unsigned long long)c->refresh);
}

static const char *
family_name(L3vpn__Family f)
{
	static const char *const names[] = { "IPv4 Unicast", "IPv6 Unicast", "VPNv4", "VPNv6", "Labeled IPv4",
		"Labeled IPv6", "Route Target Constraint" };

	return (unsigned)f < COUNT(names) ? names[f] : "unknown";
}

static void
peer_families(const struct show *s, const L3vpn__Peer *p)
{
	for (size_t i = 0; i < p->n_families; i++) {
		const L3vpn__PeerFamily *f = p->families[i];
		text_line(s->out, "   Address family %s: %s", family_name(f->family),
		    p->state != L3VPN__PEER_STATE__ESTABLISHED ? "enabled"
		    : f->agreed                                ? "advertised and received"
							       : "advertised; the peer does not want it");
		text_line(s->out, "     Received routes: %u  Advertised routes: %u%s%s", f->received, f->told,
		    f->ended ? "  End-of-RIB: received" : "",
		    f->stale ? "  (the peer is away: its routes are kept)" : "");
	}
}

static void
peer_verbose(const struct show *s, const L3vpn__Peer *p)
{
	char address[ADDR_TEXT], id[ADDR_TEXT], age[16];
	bool up = p->state == L3VPN__PEER_STATE__ESTABLISHED;

	text_line(s->out, " BGP Peer is %s,  remote AS %u", l3vpn_address(&p->address, address), p->remote_as);
	if (*p->vrf)
		text_line(s->out, "   VPN-Instance: %s", p->vrf);
	if (*p->description)
		text_line(s->out, "   Description: %s", p->description);
	text_line(s->out, "   Type: %s link%s", p->remote_as == p->local_as ? "IBGP" : "EBGP",
	    p->client ? ", a client of this reflector" : "");
	text_line(s->out, "   BGP version 4, Remote router ID %s", id_text(p->router_id, id));
	text_line(s->out, "   Local AS %u, local router ID %s, local address %s", p->local_as,
	    id_text(p->local_router_id, id), l3vpn_address(&p->local_address, address));
	text_line(s->out, "   BGP current state: %s, %s for %s", state_name(p), up ? "Up" : "so",
	    text_age_hhmmss(seconds_since(s, p->since), age));
	text_line(s->out, "   BGP Peer Up count: %llu", (unsigned long long)p->ups);
	if (*p->last_error)
		text_line(s->out, "   Last error: %s (%s)", p->last_error,
		    p->last_error_sent ? "said here" : "said by the peer");
	if (up)
		text_line(s->out, "   Negotiated: Active Hold Time: %u sec   Keepalive Time: %u sec", p->hold_s,
		    p->keepalive_s);
	for (size_t i = 0; i < p->n_capabilities; i++)
		text_line(s->out, "   Capability of both: %s", p->capabilities[i]);
	if (p->graceful_restart)
		text_line(s->out, "   Graceful Restart: the peer's routes are kept for %u sec", p->restart_s);
	text_line(s->out, "   BFD: %s", p->bfd ? "watches the path" : "not asked");
	peer_families(s, p);
	counts(s, "Received", p->received);
	counts(s, "Sent", p->sent);
	text_line(s->out, "   Bytes waiting to be sent: %llu", (unsigned long long)p->queued);
	text_line(s->out, "%s", "");
}

int
l3vpn_show_peers_verbose(const struct show *s)
{
	struct l3vpn_scope scope = l3vpn_scope(s->args);
	int status = peer_head(s, &scope);

	for (size_t i = 0; status < 0 && i < s->tables[0].count; i++)
		peer_verbose(s, (const L3vpn__Peer *)s->tables[0].rows[i]);
	if (status < 0 && !s->tables[0].count)
		text_line(s->out, " No peers");
	return status < 0 ? 0 : status;
}

int
l3vpn_show_peers(const struct show *s)
{
	return arg_given(s->args, "verbose") ? l3vpn_show_peers_verbose(s) : peers_brief(s);
}
