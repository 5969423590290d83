/* What l3vpnd tells the engine, what it is told, and the PE of its tests. */
#include "tests/unit/fibd/world_vpn.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hops { /* of a row, with what they point to */
	L3vpn__RouteNextHop hop[8], *list[2][8];
	struct addr addr[8];
	char word[8][3][64];
	size_t count, in[2];
};

static void
add_hop(struct hops *h, const char *text, int backup)
{
	size_t i = h->count++;
	char(*word)[64] = h->word[i];
	char rest[64] = "";
	L3vpn__RouteNextHop *out = &h->hop[i];

	l3vpn__route_next_hop__init(out);
	sscanf(text, " %63s %63s %63s %63s", word[0], word[1], word[2], rest);
	out->lsp = strcmp(word[0], "lsp") == 0;
	if (strcmp(word[0], "leak") == 0) {
		out->through = word[1];
	} else {
		h->addr[i] = world_addr(word[1]);
		out->address = (ProtobufCBinaryData){ addr_size(&h->addr[i]), h->addr[i].bytes };
		if (out->lsp)
			out->label = (uint32_t)atoi(word[2]);
		else
			out->through = word[2];
	}
	out->bfd = strcmp(rest, "bfd") == 0;
	h->list[backup][h->in[backup]++] = out;
}

/* Cuts `text` at a separator; the rest, or NULL. */
static char *
cut(char *text, char at)
{
	char *end = text ? strchr(text, at) : NULL;

	if (end)
		*end++ = '\0';
	return end;
}

void
world_vpn_route(struct world *w, const char *vrf, const char *prefix, const char *hops, uint32_t round)
{
	L3vpn__Route row = L3VPN__ROUTE__INIT;
	struct hops h = { 0 };
	struct prefix p = world_prefix(prefix);
	uint8_t packed[PREFIX_BYTES];
	char *text = arena_text(&w->arena, hops ? hops : ""), *sides[2] = { text, cut(text, '|') };

	row.vrf = (char *)(uintptr_t)vrf;
	row.prefix = (ProtobufCBinaryData){ prefix_to_bytes(&p, packed), packed };
	row.internal = true;
	row.preference = 255;
	row.cost = 7;
	row.pipe = w->pipe;
	for (int side = 0; side < 2; side++)
		for (char *at = sides[side], *next; at && *at; at = next) {
			next = cut(at, ',');
			add_hop(&h, at, side);
		}
	row.next_hops = h.list[0];
	row.n_next_hops = h.in[0];
	row.backups = h.list[1];
	row.n_backups = h.in[1];
	world_input(w, &(struct fib_input){
			   .kind = FIB_IN_ROW, .table = FIB_VPN_ROUTE, .row = &row, .gone = !hops, .round = round });
}

void
world_vpn_label(struct world *w, uint32_t label, const char *vrf, const char *next_hop, uint32_t round)
{
	L3vpn__Label row = L3VPN__LABEL__INIT;
	struct addr a = world_addr(next_hop);

	row.label = label;
	row.vrf = (char *)(uintptr_t)(vrf ? vrf : "");
	row.next_hop = (ProtobufCBinaryData){ addr_size(&a), a.bytes };
	row.pipe = w->pipe;
	world_input(w, &(struct fib_input){
			   .kind = FIB_IN_ROW, .table = FIB_VPN_LABEL, .row = &row, .gone = !vrf, .round = round });
}

void
world_question(struct world *w, const char *vrf, const char *address, bool gone, uint32_t round)
{
	world_question_by(w, vrf, address, "", gone, round);
}

void
world_question_by(struct world *w, const char *vrf, const char *address, const char *policy, bool gone, uint32_t round)
{
	L3vpn__NextHop row = L3VPN__NEXT_HOP__INIT;
	struct addr a = world_addr(address);

	row.vrf = (char *)(uintptr_t)vrf;
	row.address = (ProtobufCBinaryData){ addr_size(&a), a.bytes };
	row.policy = (char *)(uintptr_t)policy;
	world_input(w, &(struct fib_input){
			   .kind = FIB_IN_ROW, .table = FIB_VPN_NEXTHOP, .row = &row, .gone = gone, .round = round });
}

const char *
world_answer(struct world *w, const char *vrf, const char *address)
{
	return world_answer_by(w, vrf, address, "");
}

const char *
world_answer_by(struct world *w, const char *vrf, const char *address, const char *policy)
{
	struct table *t = world_table(w, "fib.Reach");
	struct addr a = world_addr(address), b;

	for (const struct row *r = t->oldest; r; r = r->newer) {
		Fib__Reach m = FIB__REACH__INIT;
		char text[200];
		t->fill(r, &m, &w->arena);
		if (strcmp(m.vrf, vrf) != 0 || strcmp(m.policy, policy) != 0 ||
		    !addr_from_bytes(m.address.data, m.address.len, &b) || !addr_eq(&a, &b))
			continue;
		snprintf(text, sizeof text, "%s%s cost %u%s%s", m.reachable ? "reachable" : "not",
		    m.lsp ? " by LSP" : "", m.metric, *m.trouble ? ": " : "", m.trouble);
		return arena_text(&w->arena, text);
	}
	return "none";
}

/* --- a PE --- */

struct world *
world_pe(void)
{
	struct world *w = world_new();

	world_link(w, 1, "eth1", "10.0.1.1/24");
	world_link(w, 2, "eth2", "10.0.2.1/24");
	world_link(w, 5, "eth5", "10.5.0.1/24");
	world_vrf(w, 20, "red", PE_RED);
	world_enslave(w, 5, 20);
	return w;
}

void
world_pe_igp(struct world *w, uint32_t round)
{
	world_learned(w, "2.2.2.2/32", "10.0.1.2", 1, 5, round);
	world_learned(w, "3.3.3.3/32", "10.0.2.2", 2, 9, round);
}

void
world_pe_loses_igp_route(struct world *w)
{
	world_learned(w, "2.2.2.2/32", NULL, 0, 0, 1);
}

void
world_pe_ldp(struct world *w, uint32_t round)
{
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 200", round);
	world_lsp(w, "3.3.3.3/32", 1025, "10.0.2.2 2 300", round);
}

void
world_pe_start(struct world *w)
{
	world_start(w, "ip vpn-instance red\n");
	world_pe_igp(w, 1);
	world_pe_ldp(w, 1);
	world_run(w);
}

void
world_vpn_many(struct world *w, unsigned count, const char *hops)
{
	char prefix[24];

	for (unsigned i = 0; i < count; i++) {
		snprintf(prefix, sizeof prefix, "20.%u.%u.0/24", i >> 8, i & 255);
		world_vpn_route(w, "red", prefix, hops, 1);
	}
	world_run(w);
}
