/*
 * Stands where l2vpnd does: wants any number of pseudowires with one peer, numbered from 1, and tells when ldpd says that both
 * ends have agreed on them.
 *
 *   pw_feed RUN PEER COUNT LABEL [GROUP-SIZE]
 *
 * LABEL is that of the first. So many of them are in one group as GROUP-SIZE says, 0: they have none.
 *
 * A line that it reads is the status of all of them from now on. Whenever the numbers have changed it prints
 * `pws AGREED FAULTY SECONDS`: both labels are told and nothing is wrong; the other end says that it has a fault.
 */
#include "base/addr.h"
#include "base/label.h"
#include "base/mem.h"
#include "host/bus.h"
#include "host/host.h"
#include "proto/fill.h"
#include "proto/l2vpn.pb-c.h"
#include "proto/ldp.pb-c.h"
#include "proto/schema.gen.h"
#include "tests/helper/feed_lines.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RAW = 5, MTU = 1500 };

struct wanted {
	struct row row;
	bool agreed, faulty;
};
static struct host *host;
static struct bus *bus;
static struct table requests;
static struct wanted *all;
static struct addr peer;
static uint32_t count, first_label, group_size, status;
static uint32_t agreed, faulty, told_agreed, told_faulty;

static void
fill(const struct row *row, void *message, struct arena *arena)
{
	uint32_t i = (uint32_t)(CONST_OBJECT(row, struct wanted, row) - all);
	L2vpn__PwRequest *m = message;

	m->peer = fill_addr(&peer, arena);
	m->type = RAW;
	m->vc_id = i + 1;
	m->label = first_label + i;
	m->group = group_size ? 1 + i / group_size : 0;
	m->control_word = true;
	m->mtu = MTU;
	m->status = status;
}

static void
say_all(void)
{
	for (uint32_t i = 0; i < count; i++)
		table_changed(&requests, &all[i].row);
}

static void
on_row(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	const Ldp__Pw *p = row;

	(void)ctx;
	(void)schema;
	(void)round;
	if (!p->vc_id || p->vc_id > count || p->type != RAW)
		return;
	struct wanted *w = &all[p->vc_id - 1];
	agreed -= w->agreed;
	faulty -= w->faulty;
	w->agreed = !gone && p->local_label != LABEL_UNSET && p->remote_label != LABEL_UNSET && !*p->trouble;
	w->faulty = !gone && p->remote_status;
	agreed += w->agreed;
	faulty += w->faulty;
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
	(void)ctx;
	if (agreed == told_agreed && faulty == told_faulty)
		return;
	told_agreed = agreed;
	told_faulty = faulty;
	printf("pws %u %u %.6f\n", agreed, faulty, (double)host_now(host) / USEC_PER_SEC);
	fflush(stdout);
}

static void
one_line(char *line)
{
	status = (uint32_t)strtoul(line, NULL, 0);
	say_all();
	bus_publish(bus);
}

int
main(int argc, char **argv)
{
	static const struct mirror_ops ops = { .row = on_row, .synced = on_synced, .settled = on_settled };
	char *options[] = { argv[0], (char *)(uintptr_t) "-r", argc > 1 ? argv[1] : NULL, NULL };

	if (argc < 5 || !addr_parse(argv[2], &peer)) {
		fprintf(stderr, "usage: pw_feed RUN PEER COUNT LABEL [GROUP-SIZE]\n");
		return 2;
	}
	count = (uint32_t)strtoul(argv[3], NULL, 10);
	first_label = (uint32_t)strtoul(argv[4], NULL, 10);
	group_size = argc > 5 ? (uint32_t)strtoul(argv[5], NULL, 10) : 0;
	all = mem_zalloc((count + 1) * sizeof *all);
	host = host_start(3, options, "pw_feed");
	table_init(&requests, "l2vpn.PwRequest", fill);
	if (!(bus = bus_open(host, "l2vpnd")))
		return 1;
	bus_serve(bus, &requests);
	say_all();
	if (!mirror_open(bus, &ldp_pw_schema, &ops, NULL))
		return 1;
	if (feed_lines(host, one_line) < 0)
		return 1;
	host_ready(host, "it says which pseudowires are wanted");
	return host_run(host);
}
