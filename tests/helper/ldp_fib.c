/* The stand-in for fibd of a node: tells interfaces, routes and labels, and keeps what ldp.Lsp wanted. */
#include "base/label.h"
#include "base/mem.h"
#include "base/table.h"
#include "tests/helper/ldp_net.h"
#include <stdlib.h>
#include <string.h>

static void
tell(struct ldp_node *n, enum ldp_mirror table, const void *row, bool gone)
{
	ldp_node_input(
	    n, &(struct ldp_input){ .kind = LDP_IN_ROW, .table = table, .row = row, .gone = gone, .round = n->round });
}

static void
synced(struct ldp_node *n, enum ldp_mirror table)
{
	ldp_node_input(n, &(struct ldp_input){ .kind = LDP_IN_SYNCED, .table = table, .round = n->round });
}

void
net_fib_tell_port(struct ldp_node *n, const struct sim_port *p, bool gone)
{
	Fib__Interface row = FIB__INTERFACE__INIT;
	uint8_t bytes[3][PREFIX_BYTES];
	ProtobufCBinaryData addresses[3];
	const struct prefix local = prefix_make(p->link_local, 64), *own[] = { &p->address, &p->address6, &local };

	row.ifindex = p->ifindex;
	row.name = row.label = (char *)(uintptr_t)p->name;
	row.admin_up = row.carrier = p->up;
	row.loopback = p->loopback;
	row.mtu = p->mtu;
	row.multicast = true;
	row.addresses = addresses;
	for (int i = 0; i < 3; i++)
		if (addr_is_set(&own[i]->addr)) {
			size_t size = prefix_to_bytes(own[i], bytes[i]);
			addresses[row.n_addresses++] = (ProtobufCBinaryData){ .data = bytes[i], .len = size };
		}
	tell(n, LDP_FIB_INTERFACE, &row, gone);
}

void
net_fib_tell_route(struct ldp_node *n, const struct net_route *r, bool gone)
{
	Fib__Route row = FIB__ROUTE__INIT;
	Fib__RouteEntry entry = FIB__ROUTE_ENTRY__INIT, *entries[] = { &entry };
	Fib__NextHop hops[NET_HOPS], *list[NET_HOPS];
	uint8_t prefix[PREFIX_BYTES], via[NET_HOPS][16];

	row.prefix.len = prefix_to_bytes(&r->prefix, prefix);
	row.prefix.data = prefix;
	for (size_t i = 0; i < r->hop_count; i++) {
		fib__next_hop__init(&hops[i]);
		size_t size = addr_size(&r->hops[i].via);
		memcpy(via[i], r->hops[i].via.bytes, size);
		hops[i].address = (ProtobufCBinaryData){ size, via[i] };
		hops[i].ifindex = r->hops[i].ifindex;
		list[i] = &hops[i];
	}
	entry.protocol = FIB__PROTOCOL__OSPF;
	entry.next_hops = list;
	entry.n_next_hops = r->hop_count;
	if (!gone) {
		row.entries = entries;
		row.n_entries = 1;
		row.installed = true;
	}
	tell(n, LDP_FIB_ROUTE, &row, gone);
}

static void
tell_ilm(struct ldp_node *n, const struct net_lsp *l)
{
	Fib__Ilm row = FIB__ILM__INIT;
	uint8_t fec[PREFIX_BYTES];

	if (l->egress || l->in_label < LABEL_FIRST_FREE)
		return;
	row.label = l->in_label;
	row.owner = (char *)(uintptr_t) "ldpd";
	row.fec = (ProtobufCBinaryData){ prefix_to_bytes(&l->fec, fec), fec };
	row.installed = row.stale = true;
	tell(n, LDP_FIB_ILM, &row, false);
}

void
net_fib_tell_all(struct ldp_node *n)
{
	Fib__LabelRange range = FIB__LABEL_RANGE__INIT;

	n->round++;
	for (size_t i = 0; i < n->sim.port_count; i++)
		if (!n->sim.ports[i].gone)
			net_fib_tell_port(n, &n->sim.ports[i], false);
	synced(n, LDP_FIB_INTERFACE);
	range.user = (char *)(uintptr_t) "ldpd";
	range.first = n->label_first;
	range.last = n->label_last;
	tell(n, LDP_FIB_LABEL_RANGE, &range, false);
	synced(n, LDP_FIB_LABEL_RANGE);
	for (size_t i = 0; i < n->lsp_count; i++)
		tell_ilm(n, &n->lsps[i]);
	synced(n, LDP_FIB_ILM);
	for (size_t i = 0; i < n->route_count; i++)
		net_fib_tell_route(n, &n->routes[i], false);
	synced(n, LDP_FIB_ROUTE);
	if (n->l2vpnd)
		net_pw_tell_all(n);
}

void
net_fib_set_route(struct ldp_node *n, const struct net_route *r)
{
	size_t i = 0;

	while (i < n->route_count && !prefix_eq(&n->routes[i].prefix, &r->prefix))
		i++;
	if (!r->hop_count) {
		if (i == n->route_count)
			return;
		n->routes[i] = n->routes[--n->route_count];
		net_fib_tell_route(n, r, true);
		return;
	}
	if (i == n->route_count)
		n->routes = mem_resize(n->routes, ++n->route_count * sizeof *n->routes);
	else if (memcmp(&n->routes[i], r, sizeof *r) == 0)
		return;
	n->routes[i] = *r;
	net_fib_tell_route(n, r, false);
}

/* --- what it keeps of ldp.Lsp --- */

struct net_lsp *
net_fib_by_label(struct ldp_node *n, uint32_t label)
{
	for (size_t i = 0; i < n->lsp_count; i++)
		if (n->lsps[i].in_label == label && !n->lsps[i].egress)
			return &n->lsps[i];
	return NULL;
}

struct net_lsp *
net_fib_by_fec(struct ldp_node *n, const struct prefix *fec)
{
	for (size_t i = 0; i < n->lsp_count; i++)
		if (prefix_eq(&n->lsps[i].fec, fec))
			return &n->lsps[i];
	return NULL;
}

static void
program(struct ldp_node *n, const Ldp__Lsp *row)
{
	struct net_lsp new = { .in_label = row->in_label, .egress = row->egress };

	prefix_from_bytes(row->fec.data, row->fec.len, &new.fec);
	for (size_t i = 0; i < row->n_next_hops && i < NET_HOPS; i++) {
		const Ldp__LspNextHop *h = row->next_hops[i];
		struct net_hop *to = &new.hops[new.hop_count++];
		addr_from_bytes(h->address.data, h->address.len, &to->via);
		to->ifindex = h->ifindex;
		to->out_label = h->out_label;
	}
	struct net_lsp *old = net_fib_by_fec(n, &new.fec);
	if (!old) {
		n->lsps = mem_resize(n->lsps, (n->lsp_count + 1) * sizeof *n->lsps);
		old = &n->lsps[n->lsp_count++];
	}
	*old = new;
}

void
net_fib_absorb(struct ldp_node *n)
{
	struct table *lsps = ldp_tables(n->ldp)[0];
	struct arena arena;
	const struct row *row;
	const uint8_t *key;
	size_t size;
	enum cursor_result r;

	arena_init(&arena);
	while ((r = cursor_read(&n->cursor, &row, &key, &size)) != CURSOR_END) {
		if (r == CURSOR_ROW) {
			Ldp__Lsp m = LDP__LSP__INIT;
			lsps->fill(row, &m, &arena);
			program(n, &m);
		} else if (r == CURSOR_GONE) {
			struct prefix fec;
			prefix_from_bytes(key, size, &fec);
			struct net_lsp *l = net_fib_by_fec(n, &fec);
			if (l)
				*l = n->lsps[--n->lsp_count];
		}
		arena_reset(&arena);
	}
	arena_free(&arena);
	if (!lsps->complete || n->swept)
		return;
	n->swept = true;
	for (size_t i = 0; i < n->lsp_count;)
		if (n->lsps[i].stale)
			n->lsps[i] = n->lsps[--n->lsp_count];
		else
			i++;
}
