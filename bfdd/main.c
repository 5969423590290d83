/*
 * bfdd: Bidirectional Forwarding Detection (RFC 5880 to 5883, 5885) for everybody.
 *
 * This file wires and decides nothing. Between the front (who wants what) and the thread that keeps time (realtime.c)
 * it carries orders and changes; to the rest of the world rows.
 */
#include "base/mem.h"
#include "base/outbox.h"
#include "bfdd/bfd.h"
#include "bfdd/commands.h"
#include "bfdd/config.h"
#include "bfdd/print.h"
#include "bfdd/realtime.h"
#include "host/bus.h"
#include "host/candidate.h"
#include "host/host.h"
#include "host/log.h"
#include "proto/schema.gen.h"
#include <stdio.h>
#include <string.h>

enum { ORDERS_AT_ONCE = 64 };

struct client { /* a daemon whose requests are read */
	struct bfdd *bfdd;
	const char *daemon;
	struct mirror *mirror;
};
static const char *const clients[] = { "fibd", "ldpd", "igpd", "l2vpnd", "l3vpnd" };

struct bfdd {
	struct host *host;
	struct bus *bus;
	struct bfd *bfd;
	struct realtime *realtime;
	sd_event_source *events;
	struct candidate *candidate;
	struct mirror *interfaces;
	struct client clients[COUNT(clients)];
	struct bfd_order orders[ORDERS_AT_ONCE]; /* taken from the front and not by the thread yet */
	size_t order_count;
	struct text *notes; /* while a configuration is applied: what to tell its operator */
};

static void
give_orders(struct bfdd *d)
{
	for (;;) {
		d->order_count += bfd_take_orders(d->bfd, d->orders + d->order_count, ORDERS_AT_ONCE - d->order_count);
		size_t taken = realtime_order(d->realtime, d->orders, d->order_count);
		if (!taken) /* none are left, or its news will say that there is room again */
			return;
		d->order_count -= taken;
		memmove(d->orders, d->orders + taken, d->order_count * sizeof *d->orders);
	}
}

static void
feed(struct bfdd *d, const struct bfd_input *in)
{
	bfd_input(d->bfd, in, host_now(d->host));
}

/* After one or many inputs. */
static void
settle(struct bfdd *d)
{
	struct outbox *out = bfd_outbox(d->bfd);

	bus_publish(d->bus);
	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		log_effect(&e);
		if (d->notes && e.where <= LOG_LINE_WARNING)
			text_line(d->notes, "%s", (const char *)e.bytes);
	}
	outbox_clear(out);
	give_orders(d);
	host_timer_at(d->host, bfd_due(d->bfd));
}

/* --- the thread --- */

static void
on_change(void *ctx, const struct bfd_change *c)
{
	feed(ctx, &(struct bfd_input){ .kind = BFD_IN_CHANGE, .change = c });
}

static void
on_counters(void *ctx, const struct bfd_status *s)
{
	feed(ctx, &(struct bfd_input){ .kind = BFD_IN_COUNTERS, .status = s });
}

static void
on_process(void *ctx, const struct bfd_process *p)
{
	feed(ctx, &(struct bfd_input){ .kind = BFD_IN_PROCESS, .process = p });
}

static int
on_events(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	static const struct realtime_ops ops = { .change = on_change, .counters = on_counters, .process = on_process };
	struct bfdd *d = ctx;

	(void)source;
	(void)fd;
	(void)events;
	realtime_read(d->realtime, &ops, d);
	settle(d);
	return 0;
}

/* --- rows and time --- */

static void
on_interface(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	(void)schema;
	feed(ctx, &(struct bfd_input){
		      .kind = BFD_IN_ROW, .table = BFD_FIB_INTERFACE, .row = row, .gone = gone, .round = round });
}

static void
on_interfaces_synced(void *ctx, const struct row_schema *schema, uint32_t round)
{
	(void)schema;
	feed(ctx, &(struct bfd_input){ .kind = BFD_IN_SYNCED, .table = BFD_FIB_INTERFACE, .round = round });
}

static void
on_settled(void *ctx)
{
	settle(ctx);
}

static void
on_request(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	struct client *c = ctx;

	(void)schema;
	feed(c->bfdd, &(struct bfd_input){ .kind = BFD_IN_ROW,
			  .table = BFD_REQUEST,
			  .daemon = c->daemon,
			  .row = row,
			  .gone = gone,
			  .round = round });
}

static void
on_requests_synced(void *ctx, const struct row_schema *schema, uint32_t round)
{
	struct client *c = ctx;

	(void)schema;
	feed(c->bfdd,
	    &(struct bfd_input){ .kind = BFD_IN_SYNCED, .table = BFD_REQUEST, .daemon = c->daemon, .round = round });
}

static void
on_requests_settled(void *ctx)
{
	struct client *c = ctx;

	settle(c->bfdd);
}

static void
on_timer(void *ctx, usec_t now)
{
	(void)now;
	feed(ctx, &(struct bfd_input){ .kind = BFD_IN_TIMER });
	settle(ctx);
}

/* --- configuration and operations --- */

static void
apply_config(void *ctx, void *conf, struct text *notes)
{
	struct bfdd *d = ctx;

	d->notes = notes;
	feed(d, &(struct bfd_input){ .kind = BFD_IN_CONFIG, .config = conf });
	settle(d);
	d->notes = NULL;
}

static void
print_config(void *ctx, struct conf_lines *out)
{
	struct bfdd *d = ctx;

	bfd_print(bfd_config_of(d->bfd), out);
}

static void
on_reload(void *ctx)
{
	struct bfdd *d = ctx;

	candidate_reload(d->candidate, d->host, "paths are watched");
}

static void
on_clear(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	(void)verb;
	(void)bytes;
	(void)size;
	(void)answer;
	(void)arena;
	feed(ctx, &(struct bfd_input){ .kind = BFD_IN_CLEAR });
	settle(ctx);
}

static bool
open_mirrors(struct bfdd *d)
{
	static const struct mirror_ops interface_ops = {
		.row = on_interface, .synced = on_interfaces_synced, .settled = on_settled
	};
	static const struct mirror_ops request_ops = {
		.row = on_request, .synced = on_requests_synced, .settled = on_requests_settled
	};

	if (!(d->interfaces = mirror_open(d->bus, &fib_interface_schema, &interface_ops, d)))
		return false;
	for (size_t i = 0; i < COUNT(clients); i++) {
		struct client *c = &d->clients[i];
		*c = (struct client){ .bfdd = d, .daemon = clients[i] };
		c->mirror = mirror_open_from(d->bus, clients[i], &bfd_request_schema, &request_ops, c);
		if (!c->mirror)
			return false;
	}
	return true;
}

static int
open_world(struct bfdd *d)
{
	char why[256];

	if (!(d->realtime = realtime_start(host_seed(d->host), why))) {
		log_line(LOG_LINE_ERROR, "%s", why);
		return -1;
	}
	if (!(d->bus = bus_open(d->host, "bfdd")))
		return -1;
	struct table *const *tables = bfd_tables(d->bfd);
	for (size_t i = 0; tables[i]; i++)
		bus_serve(d->bus, tables[i]);
	bus_on_request(d->bus, "clear", on_clear, d);
	candidate_serve(d->candidate, d->bus, host_config_path(d->host));
	if (sd_event_add_io(host_loop(d->host), &d->events, realtime_events(d->realtime), EPOLLIN, on_events, d) < 0)
		return -1;
	sd_event_source_set_priority(d->events, HOST_PACKETS);
	if (!open_mirrors(d))
		return -1;
	host_on_timer(d->host, on_timer, d);
	host_on_reload(d->host, on_reload, d);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct candidate_ops config_ops = {
		.kind = &bfd_conf, .apply = apply_config, .print = print_config
	};
	static struct bfdd d;
	int status = 1;

	d.host = host_start(argc, argv, "bfdd");
	d.bfd = bfd_new();
	d.candidate = candidate_new(&config_ops, &d);
	if (candidate_load(d.candidate, host_config_path(d.host), false)) {
		if (host_check_only(d.host)) {
			status = 0;
		} else if (open_world(&d) == 0 && candidate_load(d.candidate, host_config_path(d.host), true)) {
			host_ready(d.host, "paths are watched");
			status = host_run(d.host);
		}
	}
	sd_event_source_disable_unref(d.events);
	realtime_stop(d.realtime);
	bus_close(d.bus);
	candidate_free(d.candidate);
	bfd_free(d.bfd);
	host_free(d.host);
	return status;
}
