/*
 * ldpd: label distribution (RFC 5036).
 *
 * This file wires and decides nothing. It owns what an engine may not have: sockets, the clock, the bus.
 * Everything that happens passes through feed(), which is therefore the one place that acts and sets the timer.
 */
#include "base/outbox.h"
#include "base/mem.h"
#include "host/bus.h"
#include "host/candidate.h"
#include "host/host.h"
#include "host/log.h"
#include "host/stream.h"
#include "host/udp.h"
#include "ldpd/commands.h"
#include "ldpd/config.h"
#include "ldpd/ldp.h"
#include "ldpd/print.h"
#include "proto/schema.gen.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ldpd {
	struct host *host;
	struct udp *hello;     /* discovery, RFC 5036 2.4 */
	struct streams *peers; /* sessions; names connections by number */
	struct bus *bus;
	struct mirror *mirrors[LDP_MIRRORS];
	struct ldp *ldp;
	struct log_limit unsent;
	struct candidate *candidate;
	struct text *notes; /* while a configuration is applied: what to tell its operator */
};

static const struct row_schema *const mirrored[LDP_MIRRORS] = {
	[LDP_FIB_INTERFACE] = &fib_interface_schema,
	[LDP_FIB_ROUTE] = &fib_route_schema,
	[LDP_FIB_ILM] = &fib_ilm_schema,
	[LDP_FIB_LABEL_RANGE] = &fib_label_range_schema,
	[LDP_BFD_SESSION] = &bfd_session_schema,
	[LDP_IGP_INTERFACE] = &igp_interface_schema,
	[LDP_L2VPN_REQUEST] = &l2vpn_pw_request_schema,
};

static void
set_key(struct ldpd *d, const struct effect *e)
{
	char peer[ADDR_TEXT];
	int r = streams_key(d->peers, NULL, &e->to, e->bytes, e->size);

	if (r < 0)
		log_line(LOG_LINE_ERROR, "no session with %s: its password cannot be set: %s", addr_text(&e->to, peer),
		    r == -ENOPROTOOPT ? "this kernel has no TCP MD5" : strerror(-r));
}

static void
act(struct ldpd *d, const struct effect *e)
{
	int r = 0;

	switch (e->kind) {
	case EFFECT_LOG:
		log_effect(e);
		if (d->notes && e->where <= LOG_LINE_WARNING) /* the operator who caused it should know */
			text_line(d->notes, "%s", (const char *)e->bytes);
		break;
	case EFFECT_DATAGRAM_SEND:
		r = udp_send(d->hello, e->where, &e->from, &e->to, (uint8_t)e->code, e->bytes, e->size);
		break;
	case EFFECT_GROUP_JOIN: r = udp_join(d->hello, e->where, &e->to); break;
	case EFFECT_GROUP_LEAVE: udp_leave(d->hello, e->where, &e->to); break; /* the interface may be gone already */
	case EFFECT_STREAM_CONNECT:
		streams_connect(d->peers, e->where,
		    &(struct stream_call){
			.local = e->from, .peer = e->to, .port = LDP_PORT, .min_ttl = (uint8_t)e->code });
		break;
	case EFFECT_STREAM_SEND: streams_send(d->peers, e->where, e->bytes, e->size); break;
	case EFFECT_STREAM_CLOSE: streams_close(d->peers, e->where); break;
	case EFFECT_STREAM_MIN_TTL: streams_min_ttl(d->peers, e->where, (uint8_t)e->code); break;
	case EFFECT_MIRROR_AGAIN: mirror_again(d->mirrors[e->where]); break;
	case EFFECT_STREAM_KEY: set_key(d, e); break;
	case EFFECT_STREAM_LISTEN:
	case EFFECT_STREAM_DEAF: break; /* always, and in the public network alone */
	case EFFECT_FRAME_SEND:
	case EFFECT_ANSWER: break; /* never */
	}
	if (r < 0)
		log_limited(&d->unsent, LOG_LINE_WARNING, "Hello on interface %u: %s", e->where, strerror(-r));
}

static void
feed(struct ldpd *d, const struct ldp_input *in, usec_t now)
{
	struct outbox *out = ldp_outbox(d->ldp);

	ldp_input(d->ldp, in, now);
	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		act(d, &e);
	}
	outbox_clear(out);
	bus_publish(d->bus);
	host_timer_at(d->host, ldp_due(d->ldp));
}

static void
on_datagram(void *ctx, const struct udp_packet *p)
{
	feed(ctx,
	    &(struct ldp_input){ .kind = LDP_IN_DATAGRAM,
		.ifindex = p->ifindex,
		.from = p->from,
		.to = p->to,
		.ttl = p->ttl,
		.bytes = p->bytes,
		.size = p->size },
	    p->received);
}

static void
on_up(void *ctx, uint32_t conn, const struct stream_ends *ends, usec_t now)
{
	feed(ctx,
	    &(struct ldp_input){ .kind = LDP_IN_STREAM_UP,
		.conn = conn,
		.from = ends->peer,
		.from_port = ends->peer_port,
		.to = ends->local,
		.to_port = ends->local_port },
	    now);
}

static void
on_bytes(void *ctx, uint32_t conn, const uint8_t *bytes, size_t size, usec_t now)
{
	feed(ctx, &(struct ldp_input){ .kind = LDP_IN_STREAM, .conn = conn, .bytes = bytes, .size = size }, now);
}

static void
on_down(void *ctx, uint32_t conn, const char *why, usec_t now)
{
	feed(ctx, &(struct ldp_input){ .kind = LDP_IN_STREAM_DOWN, .conn = conn, .text = why }, now);
}

static void
on_timer(void *ctx, usec_t now)
{
	feed(ctx, &(struct ldp_input){ .kind = LDP_IN_TIMER }, now);
}

/* --- mirrored tables --- */

static enum ldp_mirror
which(const struct row_schema *schema)
{
	for (int i = 0; i < LDP_MIRRORS; i++)
		if (mirrored[i] == schema)
			return (enum ldp_mirror)i;
	return LDP_MIRRORS;
}

static void
on_row(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	struct ldpd *d = ctx;

	feed(d,
	    &(struct ldp_input){ .kind = LDP_IN_ROW, .table = which(schema), .row = row, .gone = gone, .round = round },
	    host_now(d->host));
}

static void
on_synced(void *ctx, const struct row_schema *schema, uint32_t round)
{
	struct ldpd *d = ctx;

	feed(
	    d, &(struct ldp_input){ .kind = LDP_IN_SYNCED, .table = which(schema), .round = round }, host_now(d->host));
}

static void
on_lost(void *ctx, const struct row_schema *schema)
{
	struct ldpd *d = ctx;

	feed(d, &(struct ldp_input){ .kind = LDP_IN_LOST, .table = which(schema) }, host_now(d->host));
}

/* --- configuration and operations --- */

static void
apply_config(void *ctx, void *conf, struct text *notes)
{
	struct ldpd *d = ctx;

	d->notes = notes;
	feed(d, &(struct ldp_input){ .kind = LDP_IN_CONFIG, .config = conf }, host_now(d->host));
	d->notes = NULL;
}

static void
print_config(void *ctx, struct conf_lines *out)
{
	struct ldpd *d = ctx;

	ldp_print(ldp_config_of(d->ldp), out);
}

static void
on_reload(void *ctx)
{
	struct ldpd *d = ctx;

	candidate_reload(d->candidate, d->host, "label distribution runs");
}

static void
on_clear(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	struct ldpd *d = ctx;
	struct addr peer = addr_none();
	char *line = arena_take(arena, size + 1);

	(void)verb;
	memcpy(line, bytes, size);
	const char *last = strrchr(line, ' ');
	bool one = strstr(line, " peer ") || (strstr(line, " neighbor ") && !strstr(line, " *"));
	if (one && (!last || !addr_parse(last + 1, &peer))) {
		answer->status = EINVAL;
		answer->text = "not an LSR id";
		return;
	}
	feed(d, &(struct ldp_input){ .kind = LDP_IN_CLEAR, .from = peer }, host_now(d->host));
}

static int
open_world(struct ldpd *d)
{
	static const struct stream_ops stream_ops = { .up = on_up, .bytes = on_bytes, .down = on_down };
	static const struct mirror_ops mirror_ops = { .row = on_row, .synced = on_synced, .lost = on_lost };
	char why[256];

	if (!(d->hello = udp_open(d->host, LDP_PORT, on_datagram, d, why)) ||
	    !(d->peers = streams_open(d->host, LDP_PORT, &stream_ops, d, why))) {
		log_line(LOG_LINE_ERROR, "%s", why);
		return -1;
	}
	if (!(d->bus = bus_open(d->host, "ldpd")))
		return -1;
	struct table *const *tables = ldp_tables(d->ldp);
	for (size_t i = 0; tables[i]; i++)
		bus_serve(d->bus, tables[i]);
	bus_on_request(d->bus, "clear", on_clear, d);
	candidate_serve(d->candidate, d->bus, host_config_path(d->host));
	for (int i = 0; i < LDP_MIRRORS; i++)
		if (!(d->mirrors[i] = mirror_open(d->bus, mirrored[i], &mirror_ops, d)))
			return -1;
	host_on_timer(d->host, on_timer, d);
	host_on_reload(d->host, on_reload, d);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct candidate_ops config_ops = {
		.kind = &ldp_conf, .apply = apply_config, .print = print_config
	};
	struct ldpd d = { .host = host_start(argc, argv, "ldpd") };
	int status = 1;

	d.ldp = ldp_new(host_seed(d.host));
	d.candidate = candidate_new(&config_ops, &d);
	if (candidate_load(d.candidate, host_config_path(d.host), false)) {
		if (host_check_only(d.host)) {
			status = 0;
		} else if (open_world(&d) == 0 && candidate_load(d.candidate, host_config_path(d.host), true)) {
			host_ready(d.host, "label distribution runs");
			status = host_run(d.host);
		}
	}
	bus_close(d.bus);
	candidate_free(d.candidate);
	streams_free(d.peers);
	udp_close(d.hello);
	ldp_free(d.ldp);
	host_free(d.host);
	return status;
}
