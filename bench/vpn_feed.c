/*
 * The neighbours of fibd on the bus, in one process: stands where ldpd, igpd and l3vpnd do. Two remote PEs, each behind a link of
 * its own, with a route and an LSP to its loopback; and any number of prefixes that lead to the first, with the second as backup.
 *
 *   vpn_feed RUN PREFIXES VPN LINK-A LINK-B [bfd] [cw] [labels] [heard]
 *
 * VPN `-`: prefixes of the public network, that need no LSP. `circuits`: instead of prefixes pseudowires of the interfaces ac0, ac1
 * and so on, the primary to the first PE and the secondary to the other; then it stands where l2vpnd does, too. `cw`: these
 * have a control word; `labels`: those of their LSPs, too. `signalled`: l2vpnd itself is there and wants these pseudowires; what it
 * asks for is answered as ldpd would, and PREFIXES is the highest VC ID. `bfd`: the first PE is to be watched, and in the public network the
 * route to it is somebody else's, who watches. What bfdd says of it is printed: `bfd dead|alive SECONDS`, of when it happened,
 * not of when it was told.
 *
 * Lines that it reads: `lsp off`, `lsp on`, `igp off`, `igp on`: what leads to the first PE goes away, or comes back. It
 * answers with the seconds of CLOCK_MONOTONIC just before it said so. `return`: all pseudowires begin a turn with the primary.
 * `session off`, `session on`, `status off`, `status on`: the LDP session with the first PE is lost, all its circuits are down. With
 * `heard` it reads what l2vpnd makes of that, beside fibd, and prints `circuits SECONDS` when it has read as many rows.
 */
#include "base/label.h"
#include "base/mem.h"
#include "host/bus.h"
#include "host/host.h"
#include "proto/bfd.pb-c.h"
#include "proto/igp.pb-c.h"
#include "proto/l2vpn.pb-c.h"
#include "proto/l3vpn.pb-c.h"
#include "proto/ldp.pb-c.h"
#include "proto/schema.gen.h"
#include "tests/helper/feed_lines.h"
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMPLICIT_NULL = 3, FIRST_LABEL = 500000, PE_LABEL = 1000, PREFERENCE = 10, BGP_PREFERENCE = 255 };
enum { RAW = 5, MTU = 1500, CIRCUIT_FAULT = 6 };
enum { CC_ALERT = 2, CC_TTL = 4, CV_PING = 2, BY_TTL = 3 }; /* VCCV: what the other ends offer, what is taken of it */
enum { TUNNEL_LABEL = 2000, FIRST_PW_LABEL = 600000, FIRST_OWN_LABEL = 100000, PW_SPACE = 100000 };

struct pe {
	struct row lsp, igp, next_hop;
	uint8_t loopback[4], gateway[4];
	uint32_t ifindex, label;
};
static struct pe pes[] = { { .loopback = { 1, 1, 1, 1 }, .gateway = { 10, 0, 0, 2 }, .label = PE_LABEL },
	{ .loopback = { 2, 2, 2, 2 }, .gateway = { 10, 0, 1, 2 }, .label = PE_LABEL + 1 } };
static struct host *host;
static struct bus *ldp, *igp, *vpn, *pws;
static struct table lsps, syncs, igp_routes, routes, labels, next_hops, circuits;
static struct row label_row, *prefixes; /* or circuits */
static size_t prefix_count;
static char vrf[64];
static bool watched, labelled, of_pws, control_word, tunnel_label;
static bool signalled, heard, session_lost, far_circuits_down;
static bool awaited; /* with `heard`: an answer to what was said last, of which so many rows were read */
static size_t circuit_rows;
static struct table signals;
static struct signal { /* of a pseudowire that l2vpnd has asked for: a row of ldp.Pw */
	struct row row;
	uint32_t vc_id, label;
	bool to_second;
} * answers[2]; /* by VC ID, for each PE */
static uint32_t turn_number = 1;
static int verdict = -1;

static ProtobufCBinaryData
bytes(const uint8_t *of, size_t size)
{
	return (ProtobufCBinaryData){ size, (uint8_t *)(uintptr_t)of };
}

static ProtobufCBinaryData
host_prefix(const uint8_t address[4], struct arena *arena)
{
	uint8_t packed[5] = { 32 };

	memcpy(packed + 1, address, 4);
	return bytes(arena_copy(arena, packed, sizeof packed), sizeof packed);
}

static void
fill_lsp(const struct row *row, void *message, struct arena *arena)
{
	const struct pe *pe = CONST_OBJECT(row, struct pe, lsp);
	Ldp__Lsp *m = message;
	Ldp__LspNextHop hop = LDP__LSP_NEXT_HOP__INIT;

	hop.address = bytes(pe->gateway, 4);
	hop.ifindex = pe->ifindex;
	hop.out_label = tunnel_label ? TUNNEL_LABEL : IMPLICIT_NULL;
	m->fec = host_prefix(pe->loopback, arena);
	m->in_label = pe->label;
	m->n_next_hops = 1;
	m->next_hops = arena_copy(arena, &(Ldp__LspNextHop *){ arena_copy(arena, &hop, sizeof hop) }, sizeof(void *));
}

static void
fill_igp(const struct row *row, void *message, struct arena *arena)
{
	const struct pe *pe = CONST_OBJECT(row, struct pe, igp);
	Igp__Route *m = message;
	Igp__RouteNextHop hop = IGP__ROUTE_NEXT_HOP__INIT;

	hop.address = bytes(pe->gateway, 4);
	hop.ifindex = pe->ifindex;
	m->prefix = host_prefix(pe->loopback, arena);
	m->process = 1;
	m->preference = PREFERENCE;
	m->n_next_hops = 1;
	m->next_hops = arena_copy(arena, &(Igp__RouteNextHop *){ arena_copy(arena, &hop, sizeof hop) }, sizeof(void *));
}

static void
fill_next_hop(const struct row *row, void *message, struct arena *arena)
{
	L3vpn__NextHop *m = message;

	(void)arena;
	m->address = bytes(CONST_OBJECT(row, struct pe, next_hop)->loopback, 4);
}

static void
fill_label(const struct row *row, void *message, struct arena *arena)
{
	L3vpn__Label *m = message;

	(void)row;
	(void)arena;
	m->label = FIRST_LABEL;
	m->vrf = vrf;
}

static L3vpn__RouteNextHop **
way(const struct pe *pe, struct arena *arena)
{
	L3vpn__RouteNextHop hop = L3VPN__ROUTE_NEXT_HOP__INIT;

	hop.address = bytes(pe->loopback, 4);
	hop.lsp = *vrf;
	hop.label = *vrf ? pe->label : 0;
	hop.bfd = watched && pe == pes;
	return arena_copy(
	    arena, &(L3vpn__RouteNextHop *){ arena_copy(arena, &hop, sizeof hop) }, sizeof(L3vpn__RouteNextHop *));
}

static void
fill_route(const struct row *row, void *message, struct arena *arena)
{
	size_t i = (size_t)(row - prefixes);
	L3vpn__Route *m = message;

	m->vrf = vrf;
	m->prefix = host_prefix((uint8_t[]){ 100, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i }, arena);
	m->internal = true;
	m->preference = BGP_PREFERENCE;
	m->n_next_hops = m->n_backups = 1;
	m->next_hops = way(&pes[0], arena);
	m->backups = way(&pes[1], arena);
}

static L2vpn__CircuitPath *
path(size_t i, size_t pe, struct arena *arena)
{
	L2vpn__CircuitPath p = L2VPN__CIRCUIT_PATH__INIT;

	p.peer = bytes(pes[pe].loopback, 4);
	p.vc_id = (uint32_t)i + 1;
	p.out_label = (uint32_t)(FIRST_PW_LABEL + pe * PW_SPACE + i);
	p.in_label = (uint32_t)(FIRST_OWN_LABEL + pe * PW_SPACE + i);
	p.control_word = control_word;
	p.control_channel = BY_TTL;
	p.bfd = watched && !pe;
	p.usable = true;
	return arena_copy(arena, &p, sizeof p);
}

static void
fill_circuit(const struct row *row, void *message, struct arena *arena)
{
	size_t i = (size_t)(row - prefixes);
	L2vpn__Circuit *m = message;
	char name[24];

	snprintf(name, sizeof name, "ac%zu", i);
	m->interface = arena_text(arena, name);
	m->turn = turn_number;
	m->n_paths = COUNT(pes);
	m->paths = arena_copy(
	    arena, (L2vpn__CircuitPath *[]){ path(i, 0, arena), path(i, 1, arena) }, COUNT(pes) * sizeof(void *));
}

static void
fill_signal(const struct row *row, void *message, struct arena *arena)
{
	const struct signal *s = CONST_OBJECT(row, struct signal, row);
	size_t pe = s->to_second;
	bool session = pe || !session_lost;
	Ldp__Pw *m = message;

	(void)arena;
	m->peer = bytes(pes[pe].loopback, 4);
	m->type = RAW;
	m->vc_id = s->vc_id;
	m->requested = m->status_tlv = true;
	m->session = session;
	m->local_label = session ? s->label : LABEL_UNSET;
	m->remote_label = session ? (uint32_t)(FIRST_PW_LABEL + pe * PW_SPACE + s->vc_id - 1) : LABEL_UNSET;
	m->remote_status = !pe && far_circuits_down ? CIRCUIT_FAULT : 0;
	m->remote_mtu = MTU;
	m->remote_vccv_cc = CC_ALERT | CC_TTL;
	m->remote_vccv_cv = CV_PING;
}

static void
on_request(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	const L2vpn__PwRequest *r = row;
	size_t pe = r->peer.len == 4 && memcmp(r->peer.data, pes[1].loopback, 4) == 0;

	(void)ctx;
	(void)schema;
	(void)round;
	if (gone || !r->vc_id || r->vc_id > prefix_count)
		return;
	struct signal *s = &answers[pe][r->vc_id - 1];
	if (s->label == r->label)
		return;
	s->vc_id = r->vc_id;
	s->label = r->label;
	s->to_second = pe;
	table_changed(&signals, &s->row);
}

static void
on_requests_settled(void *ctx)
{
	(void)ctx;
	bus_publish(ldp);
}

/* All pseudowires to the first PE at once, as ldpd says it. */
static void
signal_all(void)
{
	usec_t now = host_now(host);

	awaited = true;
	circuit_rows = 0;
	for (size_t i = 0; i < prefix_count; i++)
		table_changed(&signals, &answers[0][i].row);
	bus_publish(ldp);
	printf("done %.6f\n", (double)now / USEC_PER_SEC);
	fflush(stdout);
}

static struct bus *
serve(const char *daemon, size_t count, struct table *const tables[])
{
	struct bus *b = bus_open(host, daemon);

	for (size_t i = 0; b && i < count; i++)
		bus_serve(b, tables[i]);
	if (!b)
		exit(1);
	return b;
}

static void
say(size_t count)
{
	prefix_count = count;
	for (struct pe *pe = pes; pe < pes + COUNT(pes); pe++) {
		if (labelled || !watched || pe != pes)
			table_changed(&igp_routes, &pe->igp);
		if (labelled)
			table_changed(&lsps, &pe->lsp);
		table_changed(&next_hops, &pe->next_hop);
	}
	if (*vrf)
		table_changed(&labels, &label_row);
	prefixes = mem_zalloc(count * sizeof *prefixes);
	for (size_t pe = 0; pe < COUNT(pes); pe++)
		answers[pe] = mem_zalloc(count * sizeof *answers[pe]);
	for (size_t i = 0; i < count && !signalled; i++)
		table_changed(of_pws ? &circuits : &routes, &prefixes[i]);
}

static void
turn(struct bus *bus, struct table *t, struct row *row, bool on)
{
	usec_t now = host_now(host);

	(on ? table_changed : table_gone)(t, row);
	bus_publish(bus);
	printf("done %.6f\n", (double)now / USEC_PER_SEC);
	fflush(stdout);
}

static void
return_all(void)
{
	turn_number++;
	for (size_t i = 0; i < prefix_count; i++)
		table_changed(&circuits, &prefixes[i]);
	bus_publish(pws);
	printf("done %.6f\n", (double)host_now(host) / USEC_PER_SEC);
	fflush(stdout);
}

static void
one_line(char *line)
{
	const char *last = strrchr(line, ' ');
	bool off = last && strcmp(last, " off") == 0;

	if (strncmp(line, "session ", 8) == 0)
		session_lost = off;
	if (strncmp(line, "status ", 7) == 0)
		far_circuits_down = off;
	if (of_pws && strcmp(line, "return") == 0)
		return_all();
	else if (signalled && strncmp(line, "s", 1) == 0)
		signal_all();
	else if (strncmp(line, "lsp ", 4) == 0)
		turn(ldp, &lsps, &pes[0].lsp, strcmp(line + 4, "on") == 0);
	else
		turn(igp, &igp_routes, &pes[0].igp, strcmp(line + 4, "on") == 0);
}

static void
on_session(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	const Bfd__Session *s = row;

	(void)ctx;
	(void)schema;
	(void)round;
	if (gone || (int)s->verdict == verdict)
		return;
	verdict = (int)s->verdict;
	if (verdict != BFD__VERDICT__DEAD && verdict != BFD__VERDICT__ALIVE)
		return;
	printf("bfd %s %.6f\n", verdict == BFD__VERDICT__DEAD ? "dead" : "alive", (double)s->since / USEC_PER_SEC);
	fflush(stdout);
}

static void
on_circuit(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	(void)ctx;
	(void)schema;
	(void)row;
	(void)gone;
	(void)round;
	circuit_rows++;
}

static void
on_circuits_settled(void *ctx)
{
	(void)ctx;
	if (!awaited || circuit_rows < prefix_count)
		return;
	awaited = false;
	printf("circuits %.6f\n", (double)host_now(host) / USEC_PER_SEC);
	fflush(stdout);
}

static void
on_synced(void *ctx, const struct row_schema *schema, uint32_t round)
{
	(void)ctx;
	(void)schema;
	(void)round;
}

int
main(int argc, char **argv)
{
	static const struct mirror_ops ops = { .row = on_session, .synced = on_synced };
	static const struct mirror_ops request_ops = {
		.row = on_request, .synced = on_synced, .settled = on_requests_settled
	};
	static const struct mirror_ops circuit_ops = {
		.row = on_circuit, .synced = on_synced, .settled = on_circuits_settled
	};
	char *options[] = { argv[0], (char *)(uintptr_t) "-r", argc > 1 ? argv[1] : NULL, NULL };

	if (argc < 6) {
		fprintf(stderr, "usage: vpn_feed RUN PREFIXES VPN LINK-A LINK-B [bfd] [cw] [labels] [heard]\n");
		return 2;
	}
	host = host_start(3, options, "vpn_feed");
	of_pws = strcmp(argv[3], "circuits") == 0;
	signalled = strcmp(argv[3], "signalled") == 0;
	labelled = strcmp(argv[3], "-") != 0;
	snprintf(vrf, sizeof vrf, "%s", of_pws || signalled || !labelled ? "" : argv[3]);
	for (int i = 6; i < argc; i++) {
		watched |= strcmp(argv[i], "bfd") == 0;
		control_word |= strcmp(argv[i], "cw") == 0;
		tunnel_label |= strcmp(argv[i], "labels") == 0;
		heard |= strcmp(argv[i], "heard") == 0;
	}
	for (size_t i = 0; i < COUNT(pes); i++)
		pes[i].ifindex = if_nametoindex(argv[4 + i]);
	table_init(&lsps, "ldp.Lsp", fill_lsp);
	table_init(&syncs, "ldp.Sync", NULL);
	table_init(&igp_routes, "igp.Route", fill_igp);
	table_init(&routes, "l3vpn.Route", fill_route);
	table_init(&labels, "l3vpn.Label", fill_label);
	table_init(&next_hops, "l3vpn.NextHop", fill_next_hop);
	table_init(&signals, "ldp.Pw", fill_signal);
	ldp = serve("ldpd", 3, (struct table *[]){ &lsps, &syncs, &signals });
	igp = serve("igpd", 1, (struct table *[]){ &igp_routes });
	table_init(&circuits, "l2vpn.Circuit", fill_circuit);
	vpn = serve("l3vpnd", 3, (struct table *[]){ &routes, &labels, &next_hops });
	if (of_pws)
		pws = serve("l2vpnd", 1, (struct table *[]){ &circuits });
	say(strtoul(argv[2], NULL, 10));
	if (signalled && !mirror_open(ldp, &l2vpn_pw_request_schema, &request_ops, NULL))
		return 1;
	if (heard && !mirror_open(ldp, &l2vpn_circuit_schema, &circuit_ops, NULL))
		return 1;
	if (watched && !mirror_open(vpn, &bfd_session_schema, &ops, NULL))
		return 1;
	if (feed_lines(host, one_line) < 0)
		return 1;
	host_ready(host, "it says where two PEs are");
	return host_run(host);
}
