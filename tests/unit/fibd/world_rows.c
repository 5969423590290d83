/* What other daemons tell the engine: rows of ldp.Lsp and of bfd.Session. */
#include "tests/unit/fibd/world.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- ldpd --- */

static Ldp__LspNextHop *
next_hops(const char *text, Ldp__LspNextHop hops[], struct addr addrs[], Ldp__LspNextHop *list[], size_t *ret_count)
{
	char address[64];
	unsigned ifindex, label;
	int used;

	*ret_count = 0;
	while (text && *text && sscanf(text, " %63[^ ] %u %u%n", address, &ifindex, &label, &used) == 3) {
		size_t i = (*ret_count)++;
		ldp__lsp_next_hop__init(&hops[i]);
		addrs[i] = world_addr(address);
		hops[i].address = (ProtobufCBinaryData){ addr_size(&addrs[i]), addrs[i].bytes };
		hops[i].ifindex = ifindex;
		hops[i].out_label = label;
		list[i] = &hops[i];
		text += used;
		text += *text == ',';
	}
	return hops;
}

static void
lsp_input(struct world *w, const char *fec, uint32_t in_label, const char *hops, bool gone, uint32_t round)
{
	Ldp__Lsp row = LDP__LSP__INIT;
	Ldp__LspNextHop h[8], *list[8];
	struct addr addrs[8];
	struct prefix p = world_prefix(fec);
	uint8_t packed[PREFIX_BYTES];

	row.fec = (ProtobufCBinaryData){ prefix_to_bytes(&p, packed), packed };
	row.in_label = in_label;
	row.next_hops = list;
	next_hops(hops, h, addrs, list, &row.n_next_hops);
	row.egress = !gone && !row.n_next_hops;
	row.pop_broken = w->pop_broken;
	Ldp__LspAlternate spare = LDP__LSP_ALTERNATE__INIT, *spares[] = { &spare };
	spare.peer = w->spare_peer;
	spare.label = w->spare_label;
	row.n_alternates = w->spare_peer != 0;
	row.alternates = spares;
	world_input(w,
	    &(struct fib_input){ .kind = FIB_IN_ROW, .table = FIB_LDP_LSP, .row = &row, .gone = gone, .round = round });
}

void
world_lsp(struct world *w, const char *fec, uint32_t in_label, const char *hops, uint32_t round)
{
	lsp_input(w, fec, in_label, hops, false, round);
}

void
world_ldp_neighbor(struct world *w, uint32_t ifindex, const char *address, uint32_t peer, bool gone)
{
	Ldp__Sync row = LDP__SYNC__INIT;
	Ldp__SyncNeighbor n = LDP__SYNC_NEIGHBOR__INIT, *list[] = { &n };
	struct addr a = world_addr(address);

	n.address = (ProtobufCBinaryData){ addr_size(&a), a.bytes };
	n.peer = peer;
	row.ifindex = ifindex;
	row.n_neighbors = 1;
	row.neighbors = list;
	world_input(
	    w, &(struct fib_input){ .kind = FIB_IN_ROW, .table = FIB_LDP_SYNC, .row = &row, .gone = gone, .round = 1 });
}

void
world_lsp_gone(struct world *w, const char *fec)
{
	lsp_input(w, fec, 0, NULL, true, 0);
}

void
world_lsps_synced(struct world *w, uint32_t round)
{
	static const enum fib_mirror tables[] = { FIB_LDP_LSP, FIB_IGP_ROUTE, FIB_VPN_ROUTE, FIB_VPN_LABEL,
		FIB_VPN_NEXTHOP, FIB_L2VPN_CIRCUIT };

	for (size_t i = 0; i < COUNT(tables); i++)
		world_synced(w, tables[i], round);
}

void
world_synced(struct world *w, enum fib_mirror table, uint32_t round)
{
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SYNCED, .table = table, .round = round });
}

void
world_lost(struct world *w, enum fib_mirror table)
{
	world_input(w, &(struct fib_input){ .kind = FIB_IN_LOST, .table = table });
}

void
world_lsps_lost(struct world *w)
{
	world_input(w, &(struct fib_input){ .kind = FIB_IN_LOST, .table = FIB_LDP_LSP });
}

static void
session_input(struct world *w, const char *name, Bfd__Verdict verdict, bool gone, uint32_t round)
{
	Bfd__Session row = BFD__SESSION__INIT;

	row.name = (char *)(uintptr_t)name;
	row.verdict = verdict;
	world_input(w, &(struct fib_input){
			   .kind = FIB_IN_ROW, .table = FIB_BFD_SESSION, .row = &row, .gone = gone, .round = round });
}

void
world_session(struct world *w, const char *name, Bfd__Verdict verdict, uint32_t round)
{
	session_input(w, name, verdict, false, round);
}

void
world_session_at(struct world *w, const char *name, Bfd__Verdict verdict, const char *peer, uint32_t ifindex,
    bool holds_link, uint32_t round)
{
	Bfd__Session row = BFD__SESSION__INIT;
	struct addr a = world_addr(peer);

	row.name = (char *)(uintptr_t)name;
	row.verdict = verdict;
	row.peer = (ProtobufCBinaryData){ addr_size(&a), a.bytes };
	row.ifindex = ifindex;
	row.multihop = !ifindex;
	row.follows = holds_link;
	world_input(
	    w, &(struct fib_input){ .kind = FIB_IN_ROW, .table = FIB_BFD_SESSION, .row = &row, .round = round });
}

void
world_session_from(
    struct world *w, const char *name, Bfd__Verdict verdict, const char *peer, const char *source, uint32_t round)
{
	Bfd__Session row = BFD__SESSION__INIT;
	struct addr a = world_addr(peer), b = world_addr(source);

	row.name = (char *)(uintptr_t)name;
	row.verdict = verdict;
	row.peer = (ProtobufCBinaryData){ addr_size(&a), a.bytes };
	row.source = (ProtobufCBinaryData){ addr_size(&b), b.bytes };
	row.multihop = true;
	world_input(
	    w, &(struct fib_input){ .kind = FIB_IN_ROW, .table = FIB_BFD_SESSION, .row = &row, .round = round });
}

void
world_session_gone(struct world *w, const char *name)
{
	session_input(w, name, BFD__VERDICT__UNKNOWN, true, 0);
}

void
world_sessions_synced(struct world *w, uint32_t round)
{
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SYNCED, .table = FIB_BFD_SESSION, .round = round });
}

void
world_sessions_lost(struct world *w)
{
	world_input(w, &(struct fib_input){ .kind = FIB_IN_LOST, .table = FIB_BFD_SESSION });
}

void
world_learned(struct world *w, const char *prefix, const char *gateway, uint32_t ifindex, uint32_t cost, uint32_t round)
{
	Igp__Route row = IGP__ROUTE__INIT;
	Igp__RouteNextHop hop = IGP__ROUTE_NEXT_HOP__INIT, *hops = &hop;
	uint8_t bytes[PREFIX_BYTES];
	struct prefix p;
	struct addr a = world_addr(gateway ? gateway : "0.0.0.0");

	ck_assert(prefix_parse(prefix, &p));
	row.vrf = (char *)(uintptr_t)(w->vrf ? w->vrf : "");
	row.prefix = (ProtobufCBinaryData){ prefix_to_bytes(&p, bytes), bytes };
	row.process = 1;
	row.cost = cost;
	row.preference = 10;
	hop.address = (ProtobufCBinaryData){ addr_size(&a), a.bytes };
	hop.ifindex = ifindex;
	row.n_next_hops = 1;
	row.next_hops = &hops;
	world_input(w, &(struct fib_input){
			   .kind = FIB_IN_ROW, .table = FIB_IGP_ROUTE, .row = &row, .gone = !gateway, .round = round });
}

void
world_learned_synced(struct world *w, uint32_t round)
{
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SYNCED, .table = FIB_IGP_ROUTE, .round = round });
}
