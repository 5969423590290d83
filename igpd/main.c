/*
 * igpd: interior gateway protocols; OSPFv2 (RFC 2328).
 *
 * This file wires and decides nothing. It owns what an engine may not have: the socket of IP protocol 89, the clock, the bus.
 */
#include "base/mem.h"
#include "host/bus.h"
#include "host/candidate.h"
#include "host/host.h"
#include "host/log.h"
#include "host/udp.h"
#include "igpd/commands.h"
#include "igpd/config.h"
#include "igpd/igp.h"
#include "igpd/print.h"
#include "proto/schema.gen.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { OSPF_IP_PROTOCOL = 89 };

struct igpd {
	struct host *host;
	struct bus *bus;
	struct igp *igp;
	struct udp *ospf;
	struct candidate *candidate;
	struct mirror *interfaces, *routes, *syncs, *sessions;
	struct text *notes; /* while a configuration is applied: what to tell its operator */
};

static void
act(struct igpd *d, const struct effect *e)
{
	switch (e->kind) {
	case EFFECT_DATAGRAM_SEND:
		udp_send(d->ospf, e->where, &e->from, &e->to, (uint8_t)e->code, e->bytes,
		    e->size); /* what is lost is sent again */
		break;
	case EFFECT_GROUP_JOIN: udp_join(d->ospf, e->where, &e->to); break;
	case EFFECT_GROUP_LEAVE: udp_leave(d->ospf, e->where, &e->to); break;
	case EFFECT_LOG:
		log_effect(e);
		if (d->notes && e->where <= LOG_LINE_WARNING)
			text_line(d->notes, "%s", (const char *)e->bytes);
		break;
	default: break;
	}
}

/* After one or many inputs. */
static void
settle(struct igpd *d)
{
	struct outbox *out = igp_outbox(d->igp);

	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		act(d, &e);
	}
	outbox_clear(out);
	bus_publish(d->bus);
	host_timer_at(d->host, igp_due(d->igp));
}

static void
feed(struct igpd *d, const struct igp_input *in, usec_t now)
{
	igp_input(d->igp, in, now);
}

/* --- packets, rows, time --- */

static void
on_packet(void *ctx, const struct udp_packet *p)
{
	feed(ctx,
	    &(struct igp_input){ .kind = IGP_IN_PACKET,
		.ifindex = p->ifindex,
		.from = p->from,
		.to = p->to,
		.bytes = p->bytes,
		.size = p->size },
	    p->received);
	settle(ctx);
}

static enum igp_mirror
mirror_of(const struct row_schema *schema)
{
	return schema == &fib_route_schema     ? IGP_FIB_ROUTE
	       : schema == &ldp_sync_schema    ? IGP_LDP_SYNC
	       : schema == &bfd_session_schema ? IGP_BFD_SESSION
					       : IGP_FIB_INTERFACE;
}

static void
on_row(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	struct igpd *d = ctx;

	feed(d,
	    &(struct igp_input){
		.kind = IGP_IN_ROW, .table = mirror_of(schema), .row = row, .gone = gone, .round = round },
	    host_now(d->host));
}

static void
on_synced(void *ctx, const struct row_schema *schema, uint32_t round)
{
	struct igpd *d = ctx;

	feed(d, &(struct igp_input){ .kind = IGP_IN_SYNCED, .table = mirror_of(schema), .round = round },
	    host_now(d->host));
}

static void
on_lost(void *ctx, const struct row_schema *schema)
{
	struct igpd *d = ctx;

	feed(d, &(struct igp_input){ .kind = IGP_IN_LOST, .table = mirror_of(schema) }, host_now(d->host));
}

static void
on_settled(void *ctx)
{
	settle(ctx);
}

static void
on_timer(void *ctx, usec_t now)
{
	feed(ctx, &(struct igp_input){ .kind = IGP_IN_TIMER }, now);
	settle(ctx);
}

/* --- configuration and operations --- */

static void
apply_config(void *ctx, void *conf, struct text *notes)
{
	struct igpd *d = ctx;

	d->notes = notes;
	feed(d, &(struct igp_input){ .kind = IGP_IN_CONFIG, .config = conf }, host_now(d->host));
	settle(d);
	d->notes = NULL;
}

static void
print_config(void *ctx, struct conf_lines *out)
{
	struct igpd *d = ctx;

	igp_print(igp_config_in_force(d->igp), out);
}

static void
on_reload(void *ctx)
{
	struct igpd *d = ctx;

	candidate_reload(d->candidate, d->host, "routes are exchanged");
}

static void
on_reset(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	struct igpd *d = ctx;

	(void)verb;
	(void)bytes;
	(void)size;
	(void)answer;
	(void)arena;
	feed(d, &(struct igp_input){ .kind = IGP_IN_CLEAR }, host_now(d->host));
	settle(d);
}

static int
open_world(struct igpd *d)
{
	static const struct mirror_ops ops = {
		.row = on_row, .synced = on_synced, .lost = on_lost, .settled = on_settled
	};
	char why[256];

	if (!(d->ospf = udp_open_protocol(d->host, OSPF_IP_PROTOCOL, on_packet, d, why))) {
		log_line(LOG_LINE_ERROR, "%s", why);
		return -1;
	}
	if (!(d->bus = bus_open(d->host, "igpd")))
		return -1;
	struct table *const *tables = igp_tables(d->igp);
	for (size_t i = 0; tables[i]; i++)
		bus_serve(d->bus, tables[i]);
	bus_on_request(d->bus, "reset", on_reset, d);
	candidate_serve(d->candidate, d->bus, host_config_path(d->host));
	if (!(d->interfaces = mirror_open(d->bus, &fib_interface_schema, &ops, d)) ||
	    !(d->routes = mirror_open(d->bus, &fib_route_schema, &ops, d)) ||
	    !(d->syncs = mirror_open(d->bus, &ldp_sync_schema, &ops, d)) ||
	    !(d->sessions = mirror_open(d->bus, &bfd_session_schema, &ops, d)))
		return -1;
	host_on_timer(d->host, on_timer, d);
	host_on_reload(d->host, on_reload, d);
	return 0;
}

/* The date when the monotonic clock was 0. */
static uint64_t
wall_s(struct igpd *d)
{
	struct timespec real;

	clock_gettime(CLOCK_REALTIME, &real);
	return (uint64_t)real.tv_sec - host_now(d->host) / USEC_PER_SEC;
}

int
main(int argc, char **argv)
{
	static const struct candidate_ops config_ops = {
		.kind = &igp_conf, .apply = apply_config, .print = print_config
	};
	static struct igpd d;
	int status = 1;

	d.host = host_start(argc, argv, "igpd");
	d.igp = igp_new(host_seed(d.host), wall_s(&d));
	d.candidate = candidate_new(&config_ops, &d);
	if (candidate_load(d.candidate, host_config_path(d.host), false)) {
		if (host_check_only(d.host)) {
			status = 0;
		} else if (open_world(&d) == 0 && candidate_load(d.candidate, host_config_path(d.host), true)) {
			host_ready(d.host, "routes are exchanged");
			status = host_run(d.host);
		}
	}
	udp_close(d.ospf);
	bus_close(d.bus);
	candidate_free(d.candidate);
	igp_free(d.igp);
	host_free(d.host);
	return status;
}
