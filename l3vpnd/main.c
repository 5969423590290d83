/*
 * l3vpnd: BGP/MPLS VPNs (RFC 4364) and BGP-4 (RFC 4271).
 *
 * This file wires and decides nothing. It owns what an engine may not have: TCP connections, the clock, the bus.
 */
#include "base/mem.h"
#include "host/bus.h"
#include "host/candidate.h"
#include "host/host.h"
#include "host/log.h"
#include "host/stream.h"
#include "l3vpnd/commands.h"
#include "l3vpnd/config.h"
#include "l3vpnd/l3vpn.h"
#include "l3vpnd/print.h"
#include "proto/schema.gen.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BGP_TCP_PORT = 179, CONNECT_S = 30 };

struct l3vpnd {
	struct host *host;
	struct bus *bus;
	struct l3vpn *engine;
	struct streams *peers;
	struct candidate *candidate;
	struct mirror *mirrors[L3VPN_MIRRORS];
	uint32_t *full; /* connections that have much to take yet, of those that were sent something just now */
	size_t full_count, full_room;
	struct text *notes; /* while a configuration is applied: what to tell its operator */
};

static const struct row_schema *const mirrored[L3VPN_MIRRORS] = {
	[L3VPN_FIB_INTERFACE] = &fib_interface_schema,
	[L3VPN_FIB_ROUTE] = &fib_route_schema,
	[L3VPN_FIB_REACH] = &fib_reach_schema,
	[L3VPN_FIB_RANGE] = &fib_label_range_schema,
	[L3VPN_FIB_ILM] = &fib_ilm_schema,
	[L3VPN_BFD_SESSION] = &bfd_session_schema,
};

static void
feed(struct l3vpnd *d, const struct l3vpn_input *in, usec_t now)
{
	l3vpn_input(d->engine, in, now);
}

/* --- what the engine wants done --- */

static void
call(struct l3vpnd *d, const struct effect *e)
{
	streams_connect(d->peers, e->where,
	    &(struct stream_call){ .device = e->instance,
		.local = e->from,
		.peer = e->to,
		.port = BGP_TCP_PORT,
		.min_ttl = (uint8_t)e->code,
		.ttl = (uint8_t)(e->code >> 8),
		.timeout = (usec_t)CONNECT_S * USEC_PER_SEC });
}

static void
set_key(struct l3vpnd *d, const struct effect *e)
{
	int r = streams_key(d->peers, e->instance, &e->to, e->bytes, e->size);
	char peer[ADDR_TEXT];

	if (r < 0)
		log_line(LOG_LINE_ERROR, "the password of peer %s%s%s cannot be set, so nothing is heard from it: %s",
		    addr_text(&e->to, peer), e->instance ? " in " : "", e->instance ? e->instance : "", strerror(-r));
}

static void
send_to(struct l3vpnd *d, const struct effect *e)
{
	streams_send(d->peers, e->where, e->bytes, e->size);
	if (streams_queued(d->peers, e->where) <= STREAM_QUEUE_MARK ||
	    (d->full_count && d->full[d->full_count - 1] == e->where))
		return;
	if (d->full_count == d->full_room) {
		d->full_room = d->full_room ? 2 * d->full_room : 64;
		d->full = mem_resize(d->full, d->full_room * sizeof *d->full);
	}
	d->full[d->full_count++] = e->where;
}

static void
act(struct l3vpnd *d, const struct effect *e)
{
	switch (e->kind) {
	case EFFECT_LOG:
		log_effect(e);
		if (d->notes && e->where <= LOG_LINE_WARNING)
			text_line(d->notes, "%s", (const char *)e->bytes);
		break;
	case EFFECT_STREAM_LISTEN: streams_listen(d->peers, e->instance, BGP_TCP_PORT); break;
	case EFFECT_STREAM_DEAF: streams_deaf(d->peers, e->instance); break;
	case EFFECT_STREAM_CONNECT: call(d, e); break;
	case EFFECT_STREAM_SEND: send_to(d, e); break;
	case EFFECT_STREAM_CLOSE: streams_close(d->peers, e->where); break;
	case EFFECT_STREAM_KEY: set_key(d, e); break;
	case EFFECT_STREAM_MIN_TTL:
		streams_min_ttl(d->peers, e->where, (uint8_t)e->code);
		streams_ttl(d->peers, e->where, (uint8_t)(e->code >> 8));
		break;
	default: break;
	}
}

static void
act_all(struct l3vpnd *d)
{
	struct outbox *out = l3vpn_outbox(d->engine);

	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		act(d, &e);
	}
	outbox_clear(out);
}

/* After one or many inputs. Who does not keep up is told less until it has room (see on_room). */
static void
settle(struct l3vpnd *d)
{
	act_all(d);
	while (d->full_count) {
		uint32_t conn = d->full[--d->full_count];
		feed(d,
		    &(struct l3vpn_input){
			.kind = L3VPN_IN_STREAM_ROOM, .conn = conn, .size = streams_queued(d->peers, conn) },
		    host_now(d->host));
	}
	act_all(d);
	bus_publish(d->bus);
	host_timer_at(d->host, l3vpn_due(d->engine));
}

/* --- connections --- */

static void
on_up(void *ctx, uint32_t conn, const struct stream_ends *ends, usec_t now)
{
	feed(ctx,
	    &(struct l3vpn_input){ .kind = L3VPN_IN_STREAM_UP,
		.conn = conn,
		.instance = ends->device,
		.local = ends->local,
		.peer = ends->peer },
	    now);
	settle(ctx);
}

static void
on_bytes(void *ctx, uint32_t conn, const uint8_t *bytes, size_t size, usec_t now)
{
	feed(ctx, &(struct l3vpn_input){ .kind = L3VPN_IN_STREAM, .conn = conn, .bytes = bytes, .size = size }, now);
	settle(ctx);
}

static void
on_down(void *ctx, uint32_t conn, const char *why, usec_t now)
{
	feed(ctx, &(struct l3vpn_input){ .kind = L3VPN_IN_STREAM_DOWN, .conn = conn, .text = why }, now);
	settle(ctx);
}

static void
on_room(void *ctx, uint32_t conn, size_t queued, usec_t now)
{
	feed(ctx, &(struct l3vpn_input){ .kind = L3VPN_IN_STREAM_ROOM, .conn = conn, .size = queued }, now);
	settle(ctx);
}

/* --- rows and time --- */

static enum l3vpn_mirror
mirror_of(const struct row_schema *schema)
{
	int m = 0;

	while (mirrored[m] != schema)
		m++;
	return (enum l3vpn_mirror)m;
}

static void
on_row(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	struct l3vpnd *d = ctx;

	feed(d,
	    &(struct l3vpn_input){
		.kind = L3VPN_IN_ROW, .table = mirror_of(schema), .row = row, .gone = gone, .round = round },
	    host_now(d->host));
}

static void
on_synced(void *ctx, const struct row_schema *schema, uint32_t round)
{
	struct l3vpnd *d = ctx;

	feed(d, &(struct l3vpn_input){ .kind = L3VPN_IN_SYNCED, .table = mirror_of(schema), .round = round },
	    host_now(d->host));
}

static void
on_settled(void *ctx)
{
	settle(ctx);
}

static void
on_timer(void *ctx, usec_t now)
{
	feed(ctx, &(struct l3vpn_input){ .kind = L3VPN_IN_TIMER }, now);
	settle(ctx);
}

/* --- configuration and operations --- */

static void
apply_config(void *ctx, void *conf, struct text *notes)
{
	struct l3vpnd *d = ctx;

	d->notes = notes;
	feed(d, &(struct l3vpn_input){ .kind = L3VPN_IN_CONFIG, .config = conf }, host_now(d->host));
	settle(d);
	d->notes = NULL;
}

static void
print_config(void *ctx, struct conf_lines *out)
{
	struct l3vpnd *d = ctx;

	l3vpn_print(l3vpn_config_in_force(d->engine), out);
}

static void
on_reload(void *ctx)
{
	struct l3vpnd *d = ctx;

	candidate_reload(d->candidate, d->host, "routes are exchanged");
}

/* The body is the line, every word written out: `reset bgp all`, `refresh bgp vpn-instance V 10.0.0.1 import`. */
static void
on_operation(
    void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	struct l3vpnd *d = ctx;
	struct l3vpn_input in = { .kind = strcmp(verb, "reset") == 0 ? L3VPN_IN_RESET : L3VPN_IN_REFRESH };
	char *line = arena_take(arena, size + 1), *rest = NULL;
	bool names_it = false; /* the word before says that this is the instance */

	memcpy(line, bytes, size);
	for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (names_it)
			in.instance = word;
		else
			addr_parse(word, &in.peer);
		names_it = !names_it && strcmp(word, "vpn-instance") == 0;
	}
	if (!l3vpn_has_peer(d->engine, in.instance, &in.peer)) {
		*answer = (struct bus_answer){ .status = ENOENT,
			.text =
			    addr_is_set(&in.peer) ? "no such peer is configured" : "there is no such VPN instance" };
		return;
	}
	feed(d, &in, host_now(d->host));
	settle(d);
}

/* "ADDRESS [INSTANCE]": the AS that tells of where packets for it go, as text; empty: none. */
static void
on_origin(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	const struct l3vpnd *d = ctx;
	char *line = arena_take(arena, size + 1), *instance, number[16] = "";
	struct addr a;

	(void)verb;
	memcpy(line, bytes, size);
	if ((instance = strchr(line, ' ')))
		*instance++ = 0;
	if (!addr_parse(line, &a)) {
		*answer = (struct bus_answer){ .status = EINVAL, .text = "this is no address" };
		return;
	}
	uint32_t as = l3vpn_origin(d->engine, instance, &a);
	if (as)
		snprintf(number, sizeof number, "%u", as);
	*answer = (struct bus_answer){ .text = arena_text(arena, number) };
}

/* --- the start --- */

static bool
open_mirrors(struct l3vpnd *d)
{
	static const struct mirror_ops ops = { .row = on_row, .synced = on_synced, .settled = on_settled };

	for (int m = 0; m < L3VPN_MIRRORS; m++)
		if (!(d->mirrors[m] = mirror_open(d->bus, mirrored[m], &ops, d)))
			return false;
	return true;
}

static int
open_world(struct l3vpnd *d)
{
	static const struct stream_ops stream_ops = {
		.up = on_up, .bytes = on_bytes, .down = on_down, .room = on_room
	};
	char why[256];

	if (!(d->peers = streams_open(d->host, 0, &stream_ops, d, why))) {
		log_line(LOG_LINE_ERROR, "%s", why);
		return -1;
	}
	if (!(d->bus = bus_open(d->host, "l3vpnd")))
		return -1;
	struct table *const *tables = l3vpn_tables(d->engine);
	for (size_t i = 0; tables[i]; i++)
		bus_serve(d->bus, tables[i]);
	bus_on_request(d->bus, "reset", on_operation, d);
	bus_on_request(d->bus, "refresh", on_operation, d);
	bus_on_request(d->bus, "origin", on_origin, d);
	candidate_serve(d->candidate, d->bus, host_config_path(d->host));
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
		.kind = &l3vpn_conf, .apply = apply_config, .print = print_config
	};
	static struct l3vpnd d;
	int status = 1;

	d.host = host_start(argc, argv, "l3vpnd");
	d.engine = l3vpn_new(host_seed(d.host));
	d.candidate = candidate_new(&config_ops, &d);
	if (candidate_load(d.candidate, host_config_path(d.host), false)) {
		if (host_check_only(d.host)) {
			status = 0;
		} else if (open_world(&d) == 0 && candidate_load(d.candidate, host_config_path(d.host), true)) {
			host_ready(d.host, "routes are exchanged");
			status = host_run(d.host);
		}
	}
	streams_free(d.peers);
	bus_close(d.bus);
	candidate_free(d.candidate);
	l3vpn_free(d.engine);
	free(d.full);
	host_free(d.host);
	return status;
}
