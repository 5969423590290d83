/*
 * fibd: interfaces, routes, labels, and the kernel.
 *
 * This file wires and decides nothing: kernel notices and answers, rows and the configuration go into the RIB
 * engine; its operations go to the kernel, a slice at a time.
 */
#include "base/mem.h"
#include "base/outbox.h"
#include "fibd/commands.h"
#include "fibd/config.h"
#include "fibd/kernel/kernel.h"
#include "fibd/print.h"
#include "fibd/rib/rib.h"
#include "host/bus.h"
#include "host/candidate.h"
#include "host/log.h"
#include "proto/schema.gen.h"
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE_OPS = 512, IN_FLIGHT_LEAST = 2 * SLICE_OPS };

struct fibd {
	struct host *host;
	struct bus *bus;
	struct rib *rib;
	struct kernel *kernel;
	struct candidate *candidate;
	sd_event_source *pump; /* takes the next slice of operations when others had a turn */
	struct fib_op *slice;
};

static void
feed(struct fibd *d, const struct fib_input *in)
{
	rib_input(d->rib, in, host_now(d->host));
}

/* The next slice is prepared while the kernel works on the one before; a dump waits until all are done. */
static bool
may_pump(const struct fibd *d)
{
	return rib_wants_resync(d->rib) ? kernel_is_idle(d->kernel) : kernel_room(d->kernel) >= IN_FLIGHT_LEAST;
}

static void
resync(struct fibd *d, uint32_t number)
{
	int r = kernel_dump(d->kernel);

	if (r < 0) /* the engine asks again */
		feed(d,
		    &(struct fib_input){ .kind = FIB_IN_ANSWER, .number = number, .error = -r, .text = strerror(-r) });
	else
		feed(d, &(struct fib_input){ .kind = FIB_IN_SEEN_ALL });
}

static void
give_slice(struct fibd *d)
{
	size_t count;

	if (!may_pump(d) || !(count = rib_take_ops(d->rib, d->slice, SLICE_OPS, host_now(d->host))))
		return;
	if (d->slice[0].kind == FIB_OP_RESYNC)
		resync(d, d->slice[0].number);
	else
		kernel_do(d->kernel, d->slice, count);
}

/* After one or many inputs: log lines, rows, the timer, and the next operations. */
static void
settle(struct fibd *d)
{
	struct outbox *out = rib_outbox(d->rib);

	/* Before others hear of it: BGP would answer with every route of its own, and those are read first. */
	if (d->pump && rib_is_urgent(d->rib))
		give_slice(d);
	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		log_effect(&e);
	}
	outbox_clear(out);
	if (d->bus)
		bus_publish(d->bus);
	host_timer_at(d->host, rib_due(d->rib));
	if (d->pump)
		sd_event_source_set_enabled(
		    d->pump, rib_has_ops(d->rib) && may_pump(d) ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int
on_pump(sd_event_source *source, void *ctx)
{
	struct fibd *d = ctx;

	(void)source;
	give_slice(d);
	settle(d);
	return 0;
}

/* --- the kernel speaks --- */

static void
on_seen(void *ctx, const struct fib_object *o, bool gone)
{
	feed(ctx, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = o, .gone = gone });
}

static void
on_answer(void *ctx, uint32_t number, int error, const char *text)
{
	feed(ctx, &(struct fib_input){ .kind = FIB_IN_ANSWER, .number = number, .error = error, .text = text });
}

static void
on_overrun(void *ctx)
{
	feed(ctx, &(struct fib_input){ .kind = FIB_IN_OVERRUN });
}

static void
on_settled(void *ctx)
{
	settle(ctx);
}

/* --- rows, time, configuration --- */

static const struct row_schema *const mirrored[FIB_MIRRORS] = {
	[FIB_LDP_LSP] = &ldp_lsp_schema,
	[FIB_BFD_SESSION] = &bfd_session_schema,
	[FIB_IGP_ROUTE] = &igp_route_schema,
	[FIB_LDP_SYNC] = &ldp_sync_schema,
	[FIB_VPN_ROUTE] = &l3vpn_route_schema,
	[FIB_VPN_LABEL] = &l3vpn_label_schema,
	[FIB_VPN_NEXTHOP] = &l3vpn_next_hop_schema,
	[FIB_L2VPN_CIRCUIT] = &l2vpn_circuit_schema,
};

static enum fib_mirror
mirror_of(const struct row_schema *schema)
{
	enum fib_mirror m = 0;

	while (mirrored[m] != schema)
		m++;
	return m;
}

static void
on_row(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	feed(ctx, &(struct fib_input){
		      .kind = FIB_IN_ROW, .table = mirror_of(schema), .row = row, .gone = gone, .round = round });
}

static void
on_synced(void *ctx, const struct row_schema *schema, uint32_t round)
{
	feed(ctx, &(struct fib_input){ .kind = FIB_IN_SYNCED, .table = mirror_of(schema), .round = round });
}

static void
on_lost(void *ctx, const struct row_schema *schema)
{
	feed(ctx, &(struct fib_input){ .kind = FIB_IN_LOST, .table = mirror_of(schema) });
}

static void
on_timer(void *ctx, usec_t now)
{
	struct fibd *d = ctx;

	rib_input(d->rib, &(struct fib_input){ .kind = FIB_IN_TIMER }, now);
	settle(d);
}

/* --- the configuration --- */

static void
apply_config(void *ctx, void *conf, struct text *notes)
{
	(void)notes;
	feed(ctx, &(struct fib_input){ .kind = FIB_IN_CONFIG, .config = conf });
	settle(ctx);
}

static void
print_config(void *ctx, struct conf_lines *out)
{
	struct fibd *d = ctx;

	fib_print(rib_config(d->rib), out);
}

static void
on_reload(void *ctx)
{
	struct fibd *d = ctx;

	candidate_reload(d->candidate, d->host, "routes and labels are programmed");
}

/* Counters are the kernel's; rows have them as of when they were last asked for. */
static void
on_counters(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	struct fibd *d = ctx;

	(void)verb;
	(void)bytes;
	(void)size;
	(void)arena;
	int r = kernel_count(d->kernel);
	settle(d);
	answer->status = -r;
	answer->text = r ? strerror(-r) : NULL;
}

static int
open_world(struct fibd *d)
{
	static const struct kernel_ops kernel_ops = {
		.seen = on_seen, .answer = on_answer, .overrun = on_overrun, .settled = on_settled
	};
	static const struct mirror_ops mirror_ops = {
		.row = on_row, .synced = on_synced, .lost = on_lost, .settled = on_settled
	};
	struct fib_abilities abilities;
	char why[256];

	if (!host_has_capability(CAP_NET_ADMIN)) {
		log_line(LOG_LINE_ERROR, "CAP_NET_ADMIN is missing: routes cannot be programmed; run as root, or give "
					 "the service this capability");
		return -1;
	}
	if (!(d->kernel = kernel_open(d->host, &kernel_ops, d, why))) {
		log_line(LOG_LINE_ERROR, "%s", why);
		return -1;
	}
	if (!(d->bus = bus_open(d->host, "fibd")))
		return -1;
	struct table *const *tables = rib_tables(d->rib);
	for (size_t i = 0; tables[i]; i++)
		bus_serve(d->bus, tables[i]);
	candidate_serve(d->candidate, d->bus, host_config_path(d->host));
	bus_on_request(d->bus, "circuit-counters", on_counters, d);
	for (enum fib_mirror i = 0; i < FIB_MIRRORS; i++)
		if (!mirror_open(d->bus, mirrored[i], &mirror_ops, d))
			return -1;
	if (sd_event_add_defer(host_loop(d->host), &d->pump, on_pump, d) < 0)
		return -1;
	sd_event_source_set_priority(d->pump, HOST_BULK);
	kernel_abilities(d->kernel, &abilities);
	feed(d, &(struct fib_input){ .kind = FIB_IN_ABILITIES, .abilities = &abilities });
	host_on_timer(d->host, on_timer, d);
	host_on_reload(d->host, on_reload, d);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct candidate_ops config_ops = {
		.kind = &fib_conf, .apply = apply_config, .print = print_config
	};
	struct fibd d = { .host = host_start(argc, argv, "fibd") };
	int status = 1;

	d.rib = rib_new(host_seed(d.host));
	d.slice = mem_zalloc(SLICE_OPS * sizeof *d.slice);
	d.candidate = candidate_new(&config_ops, &d);
	if (candidate_load(d.candidate, host_config_path(d.host), false)) {
		if (host_check_only(d.host)) {
			status = 0;
		} else if (open_world(&d) == 0 && candidate_load(d.candidate, host_config_path(d.host), true)) {
			host_ready(d.host, "routes and labels are programmed");
			status = host_run(d.host);
		}
	}
	sd_event_source_disable_unref(d.pump);
	bus_close(d.bus);
	candidate_free(d.candidate);
	kernel_close(d.kernel);
	rib_free(d.rib);
	free(d.slice);
	host_free(d.host);
	return status;
}
