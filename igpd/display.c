/* igpctl's displays, in the form of the references' dialect. */
#include "igpd/display.h"
#include "host/row_text.h"
#include "igpd/ospf/interface_fsm.h"
#include "igpd/ospf/lsa.h"
#include "igpd/ospf/neighbor_fsm.h"
#include "igpd/ospf/sync_fsm.h"
#include "proto/fib.pb-c.h"
#include "proto/igp.pb-c.h"
#include <stdio.h>
#include <string.h>

static const struct row_set *
table_named(const struct show *s, const char *name)
{
	for (size_t i = 0; i < s->table_count; i++)
		if (strcmp(s->tables[i].schema->table, name) == 0)
			return &s->tables[i];
	return NULL;
}

static uint64_t
seconds_since(const struct show *s, uint64_t moment)
{
	return moment && s->now_us > moment ? (s->now_us - moment) / 1000000 : 0;
}

/* The head of a process's part; processes come in the order of their numbers. */
static void
process_head(const struct show *s, uint32_t process)
{
	const struct row_set *set = table_named(s, "igp.Process");
	char id[ADDR_TEXT];

	for (size_t i = 0; i < set->count; i++) {
		const Igp__Process *p = (const Igp__Process *)set->rows[i];
		if (p->id != process)
			continue;
		text_line(s->out, "%s", "");
		text_line(s->out, "         OSPF Process %u with Router ID %s", p->id, id_text(p->router, id));
		if (*p->vrf)
			text_line(s->out, "         VPN instance %s", p->vrf);
		if (*p->trouble)
			text_line(s->out, "         Not running: %s", p->trouble);
	}
}

/* Calls `show` for the rows of each process, under its head. */
static int
by_process(const struct show *s, void (*show)(const struct show *, const struct row_set *, uint32_t process))
{
	const struct row_set *processes = table_named(s, "igp.Process");

	if (!processes->count)
		text_line(s->out, " OSPF is not configured");
	for (size_t i = 0; i < processes->count; i++) {
		uint32_t id = ((const Igp__Process *)processes->rows[i])->id;
		process_head(s, id);
		show(s, &s->tables[0], id);
	}
	return 0;
}

/* --- processes and areas --- */

static void
brief(const struct show *s, const struct row_set *set, uint32_t process)
{
	const struct row_set *areas = table_named(s, "igp.Area");
	char id[ADDR_TEXT];

	for (size_t i = 0; i < set->count; i++) {
		const Igp__Process *p = (const Igp__Process *)set->rows[i];
		if (p->id != process)
			continue;
		if (p->restarting)
			text_line(
			    s->out, " After a restart: routes of before are in force until all adjacencies are back");
		text_line(s->out, " Area border router: %s, AS boundary router: %s, LSAs of the whole AS: %u",
		    p->border ? "yes" : "no", p->boundary ? "yes" : "no", p->externals);
	}
	for (size_t i = 0; i < areas->count; i++) {
		const Igp__Area *a = (const Igp__Area *)areas->rows[i];
		if (a->process != process)
			continue;
		text_line(s->out, " Area %s%s: %u interfaces, %u full neighbors, %u LSAs, %llu SPF runs",
		    id_text(a->id, id),
		    a->nssa         ? " (NSSA)"
		    : a->no_summary ? " (totally stub)"
		    : a->stub       ? " (stub)"
				    : "",
		    a->interfaces, a->neighbors, a->lsas, (unsigned long long)a->spf_runs);
	}
}

int
igp_show_brief(const struct show *s)
{
	return by_process(s, brief);
}

/* --- neighbours --- */

static void
peers_brief(const struct show *s, const struct row_set *set, uint32_t process)
{
	static const char *const heads[] = { "Area Id", "Interface", "Neighbor id", "State" };
	struct text_table *t = text_table_new(4);
	size_t count = 0;

	for (size_t i = 0; i < 4; i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++) {
		const Igp__Neighbor *n = (const Igp__Neighbor *)set->rows[i];
		char area[ADDR_TEXT], id[ADDR_TEXT];
		if (n->process != process)
			continue;
		count++;
		text_cell(t, "%s", id_text(n->area, area));
		text_cell(t, "%s", n->interface);
		text_cell(t, "%s", id_text(n->router, id));
		text_cell(t, "%s", neighbor_state_name((enum neighbor_state)n->state));
	}
	text_table_print(t, " ", s->out);
	text_table_free(t);
	text_line(s->out, " Total Peer(s):     %zu", count);
}

int
igp_show_peers_brief(const struct show *s)
{
	return by_process(s, peers_brief);
}

static void
peer(const struct show *s, const Igp__Neighbor *n)
{
	char a[ADDR_TEXT], b[ADDR_TEXT], age[16];
	uint64_t dead_s = n->dead_at > s->now_us ? (n->dead_at - s->now_us) / 1000000 : 0;

	text_line(s->out, " Area %s interface %s (%s)'s neighbors", id_text(n->area, a), n->interface,
	    row_addr_text(&n->local, b));
	text_line(s->out, " Router ID: %-19sAddress: %s", id_text(n->router, a), row_addr_text(&n->address, b));
	text_line(s->out, "   State: %s  Mode: Nbr is %s  Priority: %u",
	    neighbor_state_name((enum neighbor_state)n->state), n->master ? "Master" : "Slave", n->priority);
	text_line(s->out, "   DR: %s  BDR: %s  MTU: %u", n->dr.len ? row_addr_text(&n->dr, a) : "None",
	    n->bdr.len ? row_addr_text(&n->bdr, b) : "None", n->mtu);
	text_line(s->out, "   Dead timer due in %llu sec", (unsigned long long)dead_s);
	text_line(s->out, "   Neighbor is in this state for %s, was full %llu times",
	    text_age_hhmmss(seconds_since(s, n->since), age), (unsigned long long)n->adjacencies);
	if (*n->bfd)
		text_line(s->out, "   BFD: %s", n->bfd);
	if (n->helped_until > s->now_us)
		text_line(s->out, "   It restarts; the adjacency is kept for %llu sec",
		    (unsigned long long)((n->helped_until - s->now_us) / 1000000));
	text_line(s->out, "   LSAs to be requested: %u, not acknowledged: %u", n->requests, n->unacknowledged);
	text_line(s->out, "%s", "");
}

static void
peers(const struct show *s, const struct row_set *set, uint32_t process)
{
	for (size_t i = 0; i < set->count; i++)
		if (((const Igp__Neighbor *)set->rows[i])->process == process)
			peer(s, (const Igp__Neighbor *)set->rows[i]);
}

int
igp_show_peers(const struct show *s)
{
	return by_process(s, peers);
}

/* --- interfaces --- */

static const char *
type_name(Igp__NetworkType t)
{
	static const char *const names[] = { "Broadcast", "P2P", "P2MP", "NBMA", "Loopback" };

	return (unsigned)t < sizeof names / sizeof *names ? names[t] : "unknown";
}

static void
interfaces(const struct show *s, const struct row_set *set, uint32_t process)
{
	static const char *const heads[] = { "Interface", "IP Address", "Area", "Type", "State", "Cost", "Pri", "DR",
		"BDR" };
	struct text_table *t = text_table_new(9);

	for (size_t i = 0; i < 9; i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++) {
		const Igp__Interface *r = (const Igp__Interface *)set->rows[i];
		char text[PREFIX_TEXT], a[ADDR_TEXT];
		if (r->process != process)
			continue;
		text_cell(t, "%s", r->name);
		text_cell(t, "%s", row_prefix_text(&r->address, text));
		text_cell(t, "%s", id_text(r->area, a));
		text_cell(t, "%s", type_name(r->type));
		text_cell(
		    t, "%s%s", interface_state_name((enum interface_state)r->state), r->silent ? " (silent)" : "");
		text_cell(t, "%u", r->cost);
		text_cell(t, "%u", r->priority);
		text_cell(t, "%s", r->dr.len ? row_addr_text(&r->dr, a) : "-");
		text_cell(t, "%s", r->bdr.len ? row_addr_text(&r->bdr, a) : "-");
	}
	text_table_print(t, " ", s->out);
	text_table_free(t);
}

int
igp_show_interfaces(const struct show *s)
{
	return by_process(s, interfaces);
}

static void
one_interface(const struct show *s, const Igp__Interface *r)
{
	char text[PREFIX_TEXT], a[ADDR_TEXT], b[ADDR_TEXT];

	text_line(s->out, " Interface: %s (%s)", r->name, row_prefix_text(&r->address, text));
	text_line(s->out, " Area: %s  State: %s  Type: %s%s  MTU: %u", id_text(r->area, a),
	    interface_state_name((enum interface_state)r->state), type_name(r->type), r->silent ? " (silent)" : "",
	    r->mtu);
	if (r->hidden)
		text_line(s->out, " Its network is told to nobody (suppress-reachability)");
	text_line(s->out, " Cost: %u  Priority: %u", r->cost, r->priority);
	text_line(s->out, " Designated Router: %s  Backup Designated Router: %s",
	    r->dr.len ? row_addr_text(&r->dr, a) : "None", r->bdr.len ? row_addr_text(&r->bdr, b) : "None");
	text_line(s->out, " Timers: Hello %u, Dead %u, Retransmit %u, Transmit Delay %u", r->hello_s, r->dead_s,
	    r->retransmit_s, r->delay_s);
	text_line(s->out, " Authentication: %s", *r->authentication ? r->authentication : "none");
	text_line(s->out, " Neighbors: %u, full: %u", r->neighbors, r->full);
	for (size_t i = 0; i < r->n_refused; i++)
		text_line(s->out, " Refused: %llu packets, %s", (unsigned long long)r->refused[i]->count,
		    r->refused[i]->reason);
	text_line(s->out, "%s", "");
}

static void
interfaces_verbose(const struct show *s, const struct row_set *set, uint32_t process)
{
	for (size_t i = 0; i < set->count; i++)
		if (((const Igp__Interface *)set->rows[i])->process == process)
			one_interface(s, (const Igp__Interface *)set->rows[i]);
}

int
igp_show_interfaces_verbose(const struct show *s)
{
	return by_process(s, interfaces_verbose);
}

/* --- synchronization with LDP --- */

static const char *
cost_text(const Igp__Interface *r, char out[32])
{
	if (r->sync->withheld)
		return "not told";
	snprintf(out, 32, "%u", r->sync->state == IGP__SYNC_STATE__SYNC_HOLD_MAX_COST ? LSA_LINK_INFINITY : r->cost);
	return out;
}

static void
one_sync(const struct show *s, const Igp__Interface *r)
{
	const Igp__Sync *y = r->sync;
	char a[32], age[16];

	text_line(s->out, " Interface %s", r->name);
	snprintf(a, sizeof a, "%u", y->hold_max_cost_s);
	text_line(
	    s->out, " HoldDown Timer: %u  HoldMaxCost Timer: %s", y->hold_down_s, y->hold_max_cost_s ? a : "infinite");
	text_line(s->out, " LDP State: %s  OSPF Sync State: %s", *y->reason ? "Not synchronized" : "Synchronized",
	    sync_state_name((enum sync_state)y->state));
	if (*y->reason)
		text_line(s->out, " Reason: %s", y->reason);
	text_line(s->out, " Cost told to others: %s", cost_text(r, a));
	text_line(s->out, " In this state for %s", text_age_hhmmss(seconds_since(s, y->since), age));
	if (y->until > s->now_us)
		text_line(s->out, " Ends in %llu s at the latest",
		    (unsigned long long)((y->until - s->now_us + 999999) / 1000000));
	text_line(s->out, "%s", "");
}

static void
syncs(const struct show *s, const struct row_set *set, uint32_t process)
{
	for (size_t i = 0; i < set->count; i++) {
		const Igp__Interface *r = (const Igp__Interface *)set->rows[i];
		if (r->process == process && r->sync)
			one_sync(s, r);
	}
}

int
igp_show_sync(const struct show *s)
{
	return by_process(s, syncs);
}

bool
igp_keep_synced(const ProtobufCMessage *row, const struct args *args)
{
	const Igp__Interface *r = (const Igp__Interface *)row;

	return r->sync && (!arg_given(args, "ifname") || ifname_eq(r->name, arg_text(args, "ifname")));
}

/* --- LSAs --- */

static void
lsdb(const struct show *s, const struct row_set *set, uint32_t process)
{
	static const char *const heads[] = { "Area", "Type", "LinkState ID", "AdvRouter", "Age", "Len", "Sequence" };
	struct text_table *t = text_table_new(7);

	for (size_t i = 0; i < 7; i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++) {
		const Igp__Lsa *l = (const Igp__Lsa *)set->rows[i];
		char a[ADDR_TEXT];
		uint64_t age = seconds_since(s, l->born);
		if (l->process != process)
			continue;
		bool of_as = l->type == LSA_EXTERNAL || l->type == LSA_OPAQUE_AS;
		text_cell(t, "%s", of_as ? "-" : id_text(l->area, a));
		text_cell(t, "%s", lsa_type_name(l->type));
		text_cell(t, "%s", id_text(l->id, a));
		text_cell(t, "%s", id_text(l->router, a));
		text_cell(t, "%llu", (unsigned long long)(l->flushed || age > LSA_MAX_AGE_S ? LSA_MAX_AGE_S : age));
		text_cell(t, "%u", l->length);
		text_cell(t, "%08X", l->sequence);
	}
	text_table_print(t, " ", s->out);
	text_table_free(t);
}

int
igp_show_lsdb(const struct show *s)
{
	return by_process(s, lsdb);
}

/* --- SPF --- */

static void
spf_log(const struct show *s, const struct row_set *set, uint32_t process)
{
	static const char *const heads[] = { "Run", "Ago", "Waited", "Looked at", "Causes", "First cause" };
	struct text_table *t = text_table_new(6);
	char age[16];

	for (size_t i = 0; i < 6; i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = set->count; i-- > 0;) { /* the newest first */
		const Igp__SpfRun *r = (const Igp__SpfRun *)set->rows[i];
		if (r->process != process)
			continue;
		text_cell(t, "%u", r->number);
		text_cell(t, "%s", text_age_hhmmss(seconds_since(s, r->at), age));
		text_cell(t, "%u.%03u ms", r->waited_us / 1000, r->waited_us % 1000);
		text_cell(t, "%u", r->settled);
		text_cell(t, "%u", r->causes);
		text_cell(t, "%s", *r->cause ? r->cause : "-");
	}
	text_table_print(t, " ", s->out);
	text_table_free(t);
}

int
igp_show_spf_log(const struct show *s)
{
	return by_process(s, spf_log);
}

/* --- routes --- */

static const char *
interface_name(const struct show *s, uint32_t ifindex)
{
	const struct row_set *set = table_named(s, "fib.Interface");

	for (size_t i = 0; set && i < set->count; i++)
		if (((const Fib__Interface *)set->rows[i])->ifindex == ifindex)
			return ((const Fib__Interface *)set->rows[i])->label;
	return "-";
}

static const char *
kind_name(Igp__RouteKind k)
{
	static const char *const names[] = { "Intra-area", "Inter-area", "Type1", "Type2" };

	return (unsigned)k < sizeof names / sizeof *names ? names[k] : "unknown";
}

static void
routes(const struct show *s, const struct row_set *set, uint32_t process)
{
	static const char *const heads[] = { "Destination", "Cost", "Type", "NextHop", "Interface", "Area" };
	struct text_table *t = text_table_new(6);

	for (size_t i = 0; i < 6; i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++) {
		const Igp__Route *r = (const Igp__Route *)set->rows[i];
		char text[PREFIX_TEXT], a[ADDR_TEXT];
		for (size_t k = 0; r->process == process && k < r->n_next_hops; k++) {
			const Igp__RouteNextHop *h = r->next_hops[k];
			text_cell(t, "%s", k ? "" : row_prefix_text(&r->prefix, text));
			text_cell(t, "%u", r->cost);
			text_cell(t, "%s", kind_name(r->kind));
			text_cell(t, "%s", h->address.len ? row_addr_text(&h->address, a) : "direct");
			text_cell(t, "%s", interface_name(s, h->ifindex));
			text_cell(t, "%s", r->kind > IGP__ROUTE_KIND__INTER ? "-" : id_text(r->area, a));
		}
	}
	text_table_print(t, " ", s->out);
	text_table_free(t);
}

int
igp_show_routes(const struct show *s)
{
	return by_process(s, routes);
}
