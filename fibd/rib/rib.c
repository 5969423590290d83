/*
 * The RIB engine: interfaces, routes, next hops and labels, and what the kernel shall do about them.
 *
 * How the nouns hang together. A *port* is an interface; its addresses make direct entries. A *route* is a
 * prefix in a table; its *entries* are what each source says of it, the best is chosen. An entry that is
 * not direct has a *fate*: the list of next hops as named, shared by all entries with the same list. A fate is
 * resolved to paths and owns a *group* of *nexthop* objects in the kernel; a route points at the group of the
 * fate that it `wants`. An *lsp* is a row of ldp.Lsp: it makes an *ilm* (an incoming label and where it leads),
 * and it makes the route to its FEC want a labelled variant of its fate. Rows of l3vpnd add entries and incoming labels of their
 * own, and *questions* about addresses. A *circuit* is a row of l2vpn.Circuit: its pseudowires (*wires*) go through *tunnels*, which have
 * fates, and *filters* of the kernel's traffic control carry their frames. Rows name VPN instances by *homes*, which have a table whether or not there is a VRF
 * device.
 *
 * The life of a change. A link loses carrier: the port tells the next hop objects on it that the kernel has
 * dropped them (it does so without a word), and asks for a resolving pass. The pass finds the fates that lost a
 * path and gives their groups new members; one message per group and every prefix has moved. Routes whose fate
 * has no path left choose another entry. A dump follows a moment later, and whatever it shows to be otherwise
 * than thought is put right.
 *
 * Settling: after each input, next hops are resolved if what they lean on changed, and routes that must choose do
 * so, which may change what others lean on. Choosing has a budget: the rest is done when the next operations are
 * taken, so that the message that saves the traffic of 100,000 routes does not wait until each of them was
 * looked at. Until all have chosen, no route is programmed or deleted; groups are.
 */
#include "base/text.h"
#include "fibd/rib/circuits.h"
#include "fibd/rib/model.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOPS_AGAIN (1 * USEC_PER_SEC)
#define TRACKS_WAIT (3 * USEC_PER_SEC)
#define ROUTES_WAIT (5 * USEC_PER_SEC) /* for those who tell routes, from what they have told last */
#define PATIENCE (20 * USEC_PER_SEC)   /* for daemons that start together with us to tell what they know */
enum { SETTLE_ROUNDS = 16, CHOICES_AT_ONCE = 4096 };

void
rib_note(struct rib *rib, int priority, const char *format, ...)
{
	struct text line = { 0 };
	va_list args;

	va_start(args, format);
	text_vadd(&line, format, args);
	va_end(args);
	outbox_log(rib->out, priority, 0, "%s", line.chars);
	text_free(&line);
}

void
rib_resync(struct rib *rib, usec_t at)
{
	rib->resync_at = usec_min(rib->resync_at, at);
}

struct rib *
rib_new(uint64_t seed)
{
	struct rib *rib = NEW(struct rib);

	(void)seed;
	rib->out = outbox_new();
	rib->choices_at_once = CHOICES_AT_ONCE;
	rib->dump = 1;
	rib->resync_asked = true; /* the first thing to do */
	rib->next_id = FIB_NEXTHOP_FIRST;
	rib->next_gate = FIB_GATE;
	rib->resync_at = rib->retry_at = rib->tracks_until = rib->patient_until = rib->loops_at = USEC_NEVER;
	rib->routes_until = USEC_NEVER;
	rib->patient = true;
	struct hash *hashes[] = { &rib->ports, &rib->port_names, &rib->nexthops, &rib->nexthop_contents, &rib->groups,
		&rib->fates, &rib->sessions, &rib->sessions_by_peer, &rib->hops, &rib->hops_by_peer, &rib->lsps,
		&rib->ilms, &rib->ldp_links, &rib->troubles, &rib->homes_by_name, &rib->vpn_labels, &rib->questions,
		&rib->stations, &rib->gates, &rib->tunnels, &rib->filters, &rib->filters_by_link, &rib->circuits,
		&rib->circuits_by_local };
	for (size_t i = 0; i < COUNT(hashes); i++)
		hash_init(hashes[i]);
	struct list *lists[] = { &rib->tables, &rib->dirty_nexthops, &rib->dirty_groups, &rib->dirty_ilms,
		&rib->recursives, &rib->touched, &rib->groupless, &rib->to_tell, &rib->spare_groups, &rib->inlined,
		&rib->dirty_gates, &rib->dirty_circuits };
	pool_init(&rib->route_pool, sizeof(struct route));
	pool_init(&rib->entry_pool, sizeof(struct entry));
	pool_init(&rib->direct_pool, sizeof(struct direct));
	pool_init(&rib->lsp_pool, sizeof(struct lsp));
	pool_init(&rib->ilm_pool, sizeof(struct ilm));
	for (size_t i = 0; i < COUNT(lists); i++)
		list_init(lists[i]);
	rib->public = table_get(rib, 254);
	rows_init(rib);
	return rib;
}

static void
free_missing(struct rib *rib)
{
	for (size_t i = 0; i < rib->abilities.missing_count; i++)
		free(rib->missing[i]);
	free(rib->missing);
	rib->missing = NULL;
}

void
rib_free(struct rib *rib)
{
	if (!rib)
		return;
	circuits_free(rib);
	stations_free(rib);
	reach_free(rib);
	vpn_labels_free(rib);
	routes_free(rib);
	lfib_free(rib);
	nexthops_free(rib);
	tables_free(rib);
	homes_free(rib);
	ports_free(rib);
	tracks_free(rib);
	policies_free(rib);
	diff_free(rib);
	for (size_t i = 0; i < COUNT(rib->ranges); i++)
		table_gone(&rib->range_table, &rib->ranges[i].row);
	table_gone(&rib->kernel_table, &rib->kernel_row);
	for (size_t i = 0; rib->served[i]; i++)
		table_free(rib->served[i]);
	free_missing(rib);
	free(rib->names);
	fib_config_free(&rib->config);
	outbox_free(rib->out);
	free(rib);
}

struct outbox *
rib_outbox(struct rib *rib)
{
	return rib->out;
}

struct table *const *
rib_tables(struct rib *rib)
{
	return rib->served;
}

usec_t
rib_due(const struct rib *rib)
{
	usec_t known = usec_min(usec_min(rib->tracks_until, rib->routes_until), rib->patient_until);

	return usec_min(usec_min(rib->resync_at, rib->retry_at), usec_min(known, rib->loops_at));
}

/* --- inputs --- */

const struct fib_config *
rib_config(const struct rib *rib)
{
	return &rib->config;
}

static void
configure(struct rib *rib, struct fib_config *new)
{
	fib_config_free(&rib->config);
	rib->config = *new;
	*new = (struct fib_config){ 0 };
	rib->config_round++;
	statics_configure(rib);
	tracks_configured(rib);
	policies_configured(rib);
	if (!rib->has_config && !rib->tracks_known)
		rib->tracks_until = rib->now + TRACKS_WAIT;
	if (!rib->has_config) {
		rib->patient_until = rib->now + PATIENCE;
		rib->routes_until = rib->now + ROUTES_WAIT;
	}
	if (rib->dumped)
		statics_note_vrfs(rib);
	rib->has_config = rib->ports_dirty = rib->resolve_all = rib->work = true;
	diff_retry_soon(rib);
	lfib_review(rib);
	hash_each (n, &rib->ports) {
		OBJECT(n, struct port, by_ifindex)->told = 0;
	}
}

static unsigned
read_number(const char **at)
{
	unsigned n = 0;

	while (**at >= '0' && **at <= '9' && n < 1000)
		n = n * 10 + (unsigned)(*(*at)++ - '0');
	if (**at == '.')
		(*at)++;
	return n;
}

/* Kernels 6.19 to 7.1.5 take next hops of a label for dead when there are several. */
static bool
has_broken_label_groups(const char *release)
{
	unsigned major = read_number(&release), minor = read_number(&release), patch = read_number(&release);

	return (major == 6 && minor >= 19) || (major == 7 && (minor == 0 || (minor == 1 && patch <= 5)));
}

void
rib_lacks(struct rib *rib, const char *sentence, int error, const char *text)
{
	size_t count = rib->abilities.missing_count, i = 0;
	bool lacks = error == ENOENT && strstr(text, "classifier");

	while (i < count && strcmp(rib->missing[i], sentence) != 0)
		i++;
	if (!rib->missing || (error && !lacks) || lacks == (i < count))
		return;
	if (lacks) {
		rib->missing = mem_resize(rib->missing, (count + 1) * sizeof *rib->missing);
		rib->missing[rib->abilities.missing_count++] = mem_text(sentence);
		rib_note(rib, 4, "%s", sentence);
	} else {
		free(rib->missing[i]);
		rib->missing[i] = rib->missing[--rib->abilities.missing_count];
	}
	table_changed(&rib->kernel_table, &rib->kernel_row);
}

static void
learn_abilities(struct rib *rib, const struct fib_abilities *a)
{
	free_missing(rib);
	rib->abilities = *a;
	rib->missing = mem_zalloc((a->missing_count + 1) * sizeof *rib->missing);
	for (size_t i = 0; i < a->missing_count; i++)
		rib->missing[i] = mem_text(a->missing[i]);
	rib->abilities.missing = NULL;
	if (!rib->has_abilities) {
		diff_extra(rib, &(struct fib_op){ .kind = FIB_OP_FORWARDING });
		for (size_t i = 0; i < a->missing_count; i++)
			rib_note(rib, 4, "%s", rib->missing[i]);
	}
	rib->has_abilities = true;
	if (a->mpls && a->platform_labels < PLATFORM_LABELS)
		diff_extra(rib, &(struct fib_op){ .kind = FIB_OP_PLATFORM_LABELS, .value = PLATFORM_LABELS });
	rib->one_path_only = a->mpls && has_broken_label_groups(a->release);
	if (rib->one_path_only)
		rib_note(rib, 4, "kernel %s mishandles several next hops of one label: each label uses one of them",
		    a->release);
	table_changed(&rib->kernel_table, &rib->kernel_row);
}

static void
seen(struct rib *rib, const struct fib_object *o, bool gone)
{
	switch (o->kind) {
	case FIB_LINK:
	case FIB_ADDRESS: ports_seen(rib, o, gone); break;
	case FIB_NEXTHOP: nexthops_seen(rib, &o->nexthop, gone); break;
	case FIB_IP_ROUTE: routes_seen(rib, &o->ip_route, gone); break;
	case FIB_LABEL_ROUTE: lfib_seen(rib, &o->label_route, gone); break;
	case FIB_STATION: stations_seen(rib, &o->station, gone); break;
	case FIB_CLSACT: clsacts_seen(rib, &o->clsact, gone); break;
	case FIB_A_GATE: gates_seen(rib, &o->gate); break;
	case FIB_FILTER: filters_seen(rib, &o->filter, gone); break;
	case FIB_COUNT: counts_seen(rib, &o->count); break;
	}
}

/* A dump is in. What was not told since it was asked for is not there. */
static void
seen_all(struct rib *rib)
{
	ports_swept(rib);
	nexthops_swept(rib);
	routes_swept(rib);
	lfib_swept(rib);
	stations_swept(rib);
	circuits_swept(rib);
	if (!rib->dumped) /* until now nothing was resolved */
		rib->resolve_all = true;
	if (!rib->dumped && rib->has_config)
		statics_note_vrfs(rib);
	rib->dumped = rib->work = true;
}

static void
timer(struct rib *rib)
{
	if (rib->now >= rib->resync_at) {
		rib->resync_at = USEC_NEVER;
		rib->resync_asked = true;
	}
	if (rib->now >= rib->tracks_until)
		tracks_are_known(rib);
	if (rib->now >= rib->routes_until)
		rib->routes_until = USEC_NEVER;
	if (rib->now >= rib->loops_at) {
		rib->loops_at = USEC_NEVER;
		rib->looped = false;
		rib->resolve = true;
	}
	if (rib->now >= rib->patient_until) {
		rib->patient_until = USEC_NEVER;
		rib->patient = false;
		rib->resolve_all = rib->ports_dirty = true;
	}
	if (rib->now >= rib->retry_at) {
		rib->retry_at = USEC_NEVER;
		rib->retried_at = rib->now;
		rib->resync_asked = true; /* a refusal may mean that we are wrong about what is there */
		diff_all_dirty(rib);
	}
}

/* Whoever is telling routes is waited for, however many they are. */
static void
wait_for_more_routes(struct rib *rib)
{
	if (rib->routes_until != USEC_NEVER)
		rib->routes_until = usec_min(rib->now + ROUTES_WAIT, rib->patient_until);
}

static void
row_told(struct rib *rib, const struct fib_input *in)
{
	if (in->table == FIB_IGP_ROUTE || in->table == FIB_VPN_ROUTE)
		wait_for_more_routes(rib);
	switch (in->table) {
	case FIB_LDP_LSP: lfib_row(rib, in->row, in->gone, in->round); break;
	case FIB_BFD_SESSION: track_row(rib, in->row, in->gone, in->round); break;
	case FIB_IGP_ROUTE: learned_row(rib, in->row, in->gone, in->round); break;
	case FIB_LDP_SYNC: neighbors_row(rib, in->row, in->gone, in->round); break;
	case FIB_VPN_ROUTE: learned_vpn_row(rib, in->row, in->gone, in->round); break;
	case FIB_VPN_LABEL: vpn_label_row(rib, in->row, in->gone, in->round); break;
	case FIB_VPN_NEXTHOP: reach_row(rib, in->row, in->gone, in->round); break;
	case FIB_L2VPN_CIRCUIT: circuit_row(rib, in->row, in->gone, in->round); break;
	case FIB_MIRRORS: break;
	}
}

static void
table_told(struct rib *rib, const struct fib_input *in)
{
	switch (in->table) {
	case FIB_LDP_LSP: lfib_synced(rib, in->round); break;
	case FIB_BFD_SESSION: track_synced(rib, in->round); break;
	case FIB_IGP_ROUTE:
	case FIB_VPN_ROUTE: learned_synced(rib, in->table, in->round); break;
	case FIB_LDP_SYNC: neighbors_synced(rib, in->round); break;
	case FIB_VPN_LABEL: vpn_labels_synced(rib, in->round); break;
	case FIB_VPN_NEXTHOP: reach_synced(rib, in->round); break;
	case FIB_L2VPN_CIRCUIT: circuits_synced(rib, in->round); break;
	case FIB_MIRRORS: break;
	}
}

static void
dispatch(struct rib *rib, const struct fib_input *in)
{
	switch (in->kind) {
	case FIB_IN_CONFIG: configure(rib, in->config); break;
	case FIB_IN_ABILITIES: learn_abilities(rib, in->abilities); break;
	case FIB_IN_SEEN: seen(rib, in->object, in->gone); break;
	case FIB_IN_SEEN_ALL: seen_all(rib); break;
	case FIB_IN_OVERRUN: rib->resync_asked = true; break;
	case FIB_IN_ANSWER: diff_answer(rib, in->number, in->error, in->text); break;
	case FIB_IN_ROW: row_told(rib, in); break;
	case FIB_IN_SYNCED: table_told(rib, in); break;
	case FIB_IN_LOST:
		if (in->table == FIB_LDP_LSP || in->table == FIB_VPN_LABEL) /* other daemons' rows stay as they were */
			lfib_lost(rib, in->table);
		break;
	case FIB_IN_TIMER: timer(rib); break;
	}
}

/*
 * The first configuration is in the kernel, with the addresses that it gives: what readers see now is whole. Who chooses
 * among the addresses, a router ID for instance, must not choose among a part of them. What depends on LSPs is whole when
 * these were told: after our restart a pseudowire without one would be told the other end as a fault. So is it with routes: whoever
 * found one missing would take back what leans on it, ldpd its label and others what they have imported. But igpd and l3vpnd begin
 * with these rows, so when they start together with us they are not waited for long.
 */
static void
vouch_for_answers(struct rib *rib)
{
	bool known = !rib->inherited || (rib->synced[FIB_LDP_LSP] && rib->synced[FIB_IGP_ROUTE]);
	bool told = !rib->inherited || rib->routes_until == USEC_NEVER ||
		    (rib->synced[FIB_IGP_ROUTE] && rib->synced[FIB_VPN_ROUTE]);

	if (!rib->interface_table.complete)
		return;
	if (!rib->route_table.complete && told && !rib->to_choose.count && !rib->resolve && !rib->resolve_all)
		table_complete(&rib->route_table);
	if (!rib->reach_table.complete && known && rib->synced[FIB_VPN_NEXTHOP] && !rib->review)
		table_complete(&rib->reach_table);
	/* l2vpnd begins with what these rows say of labels, so it must not wait for one who never comes. */
	if (!rib->circuit_table.complete && (known || !rib->patient) && list_is_empty(&rib->dirty_circuits))
		table_complete(&rib->circuit_table);
}

void
rib_vouch(struct rib *rib)
{
	vouch_for_answers(rib);
	if (rib->interface_table.complete || rib->work || !rib->dumped || !rib->has_config || !rib->has_abilities ||
	    !ports_are_set(rib))
		return;
	table_complete(&rib->interface_table);
	table_complete(&rib->ilm_table);
	table_complete(&rib->request_table);
	vouch_for_answers(rib);
}

bool
rib_settle(struct rib *rib)
{
	bool all_chosen = !rib->to_choose.count;

	/* A dump is told object by object; looking at the whole after each of them would be wasted. */
	if (!rib->dumped)
		return false;
	for (int round = 0; round < SETTLE_ROUNDS; round++) {
		if (rib->resolve || rib->resolve_all)
			fates_resolve(rib);
		if (!rib->to_choose.count && !rib->dirty_routes.count) {
			fates_settle(rib); /* before anybody hears of it: what moves all of them at once */
			if (rib->ops_first) {
				all_chosen = false;
				break;
			}
		}
		all_chosen = routes_choose(rib, rib->choices_at_once);
		if (!all_chosen || (!rib->resolve && !rib->resolve_all))
			break;
	}
	fates_get_groups(rib);
	fates_settle(rib);
	tunnels_settle(rib);
	ports_settle(rib);
	channels_settle(rib);
	if (rib->review && all_chosen && !rib->resolve && !rib->resolve_all && rib->has_config)
		reach_review(rib);
	if (!all_chosen)
		rib->work = true;
	return all_chosen;
}

/* What is held down because it would take away its own support may have another by now. */
static void
something_happens(struct rib *rib)
{
	rib->event++;
	if (rib->looped)
		rib->loops_at = usec_min(rib->loops_at, rib->now + LOOPS_AGAIN);
}

/* Answers and time change nothing outside, and neighbors and filters are nothing that routes lean on. */
static bool
matters_to_routes(const struct fib_input *in)
{
	return in->kind != FIB_IN_ANSWER && in->kind != FIB_IN_TIMER &&
	       !(in->kind == FIB_IN_SEEN && in->object->kind >= FIB_STATION);
}

void
rib_input(struct rib *rib, const struct fib_input *in, usec_t now)
{
	assert(!rib->busy);
	rib->busy = true;
	if (now > rib->now)
		rib->now = now;
	if (matters_to_routes(in))
		something_happens(rib);
	dispatch(rib, in);
	rib_settle(rib);
	rib_vouch(rib);
	rib->busy = false;
}
