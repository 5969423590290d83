/*
 * A router around l3vpnd that is always well: stands where fibd does on the bus, says that every next hop is reached over an LSP,
 * and counts the routes that it is to program, without programming any. So the time until the last of a million routes is there
 * is l3vpnd's and the bus's, on a kernel that has no VRF too.
 *
 *   bgp_router -r RUN -c FILE      prints `routes COUNT SECONDS` whenever the number has changed; seconds of CLOCK_MONOTONIC
 */
#include "base/hash.h"
#include "base/mem.h"
#include "base/pool.h"
#include "host/bus.h"
#include "host/host.h"
#include "proto/fib.pb-c.h"
#include "proto/l3vpn.pb-c.h"
#include "proto/schema.gen.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_LABEL = 500000, LAST_LABEL = 599999 };
struct reach {
	struct reach *next;
	struct row row;
	char vrf[64];
	uint8_t address[16];
	size_t size;
};
struct counted { /* a route that is there; what it is matters to nobody */
	struct hash_node by_key;
	uint64_t key;
};
struct router {
	struct host *host;
	struct bus *bus;
	struct table interface, route, ilm, range, reach;
	struct row range_row;
	struct reach *reaches;
	struct hash counted;
	struct pool pool;
	size_t told;
};

static void
fill_range(const struct row *row, void *message, struct arena *arena)
{
	Fib__LabelRange *m = message;
	static char user[] = "l3vpnd";

	(void)row;
	(void)arena;
	m->user = user;
	m->first = FIRST_LABEL;
	m->last = LAST_LABEL;
}

static void
fill_reach(const struct row *row, void *message, struct arena *arena)
{
	const struct reach *r = CONST_OBJECT(row, struct reach, row);
	Fib__Reach *m = message;

	m->vrf = arena_text(arena, r->vrf);
	m->address = (ProtobufCBinaryData){ r->size, arena_copy(arena, r->address, r->size) };
	m->reachable = m->lsp = true;
	m->metric = 10;
}

static void
fill_nothing(const struct row *row, void *message, struct arena *arena)
{
	(void)row;
	(void)message;
	(void)arena;
}

static void
answer(struct router *d, const L3vpn__NextHop *q, bool gone)
{
	for (struct reach **at = &d->reaches; *at; at = &(*at)->next) {
		struct reach *r = *at;
		if (strcmp(r->vrf, q->vrf) != 0 || r->size != q->address.len ||
		    memcmp(r->address, q->address.data, r->size) != 0)
			continue;
		if (gone) {
			table_gone(&d->reach, &r->row);
			*at = r->next;
			free(r);
		}
		return;
	}
	if (gone || q->address.len > sizeof d->reaches->address)
		return;
	struct reach *r = NEW(struct reach);
	snprintf(r->vrf, sizeof r->vrf, "%s", q->vrf);
	r->size = q->address.len;
	memcpy(r->address, q->address.data, r->size);
	r->next = d->reaches;
	d->reaches = r;
	table_changed(&d->reach, &r->row);
}

/* 64 bits of it stand for the whole: a row that is changed is told like one that is new. */
static uint64_t
key_of(const L3vpn__Route *r)
{
	uint64_t key = UINT64_C(0xcbf29ce484222325);

	for (const char *c = r->vrf; *c; c++)
		key = (key ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < r->prefix.len; i++)
		key = (key ^ r->prefix.data[i]) * UINT64_C(0x100000001b3);
	return key ^ key >> 29;
}

static void
count_route(struct router *d, const L3vpn__Route *row, bool gone)
{
	uint64_t key = key_of(row);
	struct hash_node *n = hash_first(&d->counted, (uint32_t)key);

	while (n && OBJECT(n, struct counted, by_key)->key != key)
		n = hash_next(n);
	if (n && gone) {
		hash_remove(&d->counted, n);
		pool_give(&d->pool, OBJECT(n, struct counted, by_key));
	} else if (!n && !gone) {
		struct counted *c = pool_take(&d->pool);
		c->key = key;
		hash_add(&d->counted, &c->by_key, (uint32_t)key);
	}
}

static void
on_row(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	(void)round;
	if (schema == &l3vpn_next_hop_schema)
		answer(ctx, row, gone);
	else
		count_route(ctx, row, gone);
}

static void
on_synced(void *ctx, const struct row_schema *schema, uint32_t round)
{
	(void)ctx;
	(void)schema;
	(void)round;
}

static void
on_settled(void *ctx)
{
	struct router *d = ctx;

	bus_publish(d->bus);
	if (d->counted.count == d->told)
		return;
	d->told = d->counted.count;
	printf("routes %zu %.6f\n", d->told, (double)host_now(d->host) / USEC_PER_SEC);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	static const struct mirror_ops ops = { .row = on_row, .synced = on_synced, .settled = on_settled };
	static struct router d;
	const struct {
		struct table *table;
		const char *name;
		table_fill *fill;
	} tables[] = { { &d.interface, "fib.Interface", fill_nothing }, { &d.route, "fib.Route", fill_nothing },
		{ &d.ilm, "fib.Ilm", fill_nothing }, { &d.range, "fib.LabelRange", fill_range },
		{ &d.reach, "fib.Reach", fill_reach } };

	d.host = host_start(argc, argv, "fibd");
	hash_init(&d.counted);
	pool_init(&d.pool, sizeof(struct counted));
	if (!(d.bus = bus_open(d.host, "fibd")))
		return 1;
	for (size_t i = 0; i < COUNT(tables); i++) {
		table_init(tables[i].table, tables[i].name, tables[i].fill);
		bus_serve(d.bus, tables[i].table);
	}
	table_changed(&d.range, &d.range_row);
	if (!mirror_open(d.bus, &l3vpn_next_hop_schema, &ops, &d) || !mirror_open(d.bus, &l3vpn_route_schema, &ops, &d))
		return 1;
	host_ready(d.host, "it says that all is well");
	return host_run(d.host);
}
