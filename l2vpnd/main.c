/*
 * l2vpnd: pseudowires for attachment circuits (VPWS), with those that take over when one fails.
 *
 * This file wires and decides nothing. It owns what an engine may not have: the clock, the bus, and with main_channel.c the
 * sockets of LSP ping. There is nothing else: ldpd speaks to neighbours, and fibd to the kernel.
 */
#include "base/mem.h"
#include "host/bus.h"
#include "host/candidate.h"
#include "host/host.h"
#include "host/log.h"
#include "l2vpnd/commands.h"
#include "l2vpnd/l2vpn.h"
#include "l2vpnd/main_channel.h"
#include "l2vpnd/print.h"
#include "proto/schema.gen.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct l2vpnd {
	struct host *host;
	struct bus *bus;
	struct l2vpn *engine;
	struct channel *channel;
	struct log_limit unsent;
	struct candidate *candidate;
	struct mirror *mirrors[L2VPN_MIRRORS];
	struct text *notes; /* while a configuration is applied: what to tell its operator */
};

static const struct row_schema *const mirrored[L2VPN_MIRRORS] = {
	[L2VPN_FIB_CIRCUIT] = &fib_circuit_schema,
	[L2VPN_FIB_INTERFACE] = &fib_interface_schema,
	[L2VPN_FIB_RANGE] = &fib_label_range_schema,
	[L2VPN_LDP_PW] = &ldp_pw_schema,
	[L2VPN_BFD_SESSION] = &bfd_session_schema,
};

static void
feed(struct l2vpnd *d, const struct l2vpn_input *in)
{
	l2vpn_input(d->engine, in, host_now(d->host));
}

/* An echo of ours ends with that; an answer that is lost is the asker's to miss. */
static void
not_sent(struct l2vpnd *d, const struct effect *e, int error)
{
	if (e->kind == EFFECT_FRAME_SEND && e->code)
		feed(d, &(struct l2vpn_input){ .kind = L2VPN_IN_UNSENT, .number = e->code, .why = strerror(error) });
	else
		log_limited(&d->unsent, LOG_LINE_WARNING, "a reply to an LSP ping cannot be sent: %s", strerror(error));
}

static void
act(struct l2vpnd *d, const struct effect *e)
{
	int r = 0;

	switch (e->kind) {
	case EFFECT_LOG:
		log_effect(e);
		if (d->notes && e->where <= LOG_LINE_WARNING)
			text_line(d->notes, "%s", (const char *)e->bytes);
		break;
	case EFFECT_FRAME_SEND: r = channel_send_frame(d->channel, e->where, e->bytes, e->size); break;
	case EFFECT_DATAGRAM_SEND:
		r = channel_send_datagram(
		    d->channel, &e->from, &e->to, (uint16_t)e->where, e->code != 0, e->bytes, e->size);
		break;
	case EFFECT_ANSWER:
		bus_answer_held(
		    d->bus, e->where, &(struct bus_answer){ .status = (int)e->code, .text = (const char *)e->bytes });
		break;
	default: break;
	}
	if (r < 0)
		not_sent(d, e, -r);
}

/* After one or many inputs. What cannot be sent is one more. */
static void
settle(struct l2vpnd *d)
{
	struct outbox *out = l2vpn_outbox(d->engine);

	bus_publish(d->bus);
	channel_follow(d->channel, l2vpn_channel_ifindex(d->engine));
	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		act(d, &e);
	}
	outbox_clear(out);
	host_timer_at(d->host, l2vpn_due(d->engine));
}

/* --- rows and time --- */

static enum l2vpn_mirror
mirror_of(const struct row_schema *schema)
{
	int m = 0;

	while (mirrored[m] != schema)
		m++;
	return (enum l2vpn_mirror)m;
}

static void
on_row(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	feed(ctx, &(struct l2vpn_input){
		      .kind = L2VPN_IN_ROW, .table = mirror_of(schema), .row = row, .gone = gone, .round = round });
}

static void
on_synced(void *ctx, const struct row_schema *schema, uint32_t round)
{
	feed(ctx, &(struct l2vpn_input){ .kind = L2VPN_IN_SYNCED, .table = mirror_of(schema), .round = round });
}

static void
on_lost(void *ctx, const struct row_schema *schema)
{
	feed(ctx, &(struct l2vpn_input){ .kind = L2VPN_IN_LOST, .table = mirror_of(schema) });
}

static void
on_settled(void *ctx)
{
	settle(ctx);
}

static void
on_timer(void *ctx, usec_t now)
{
	(void)now;
	feed(ctx, &(struct l2vpn_input){ .kind = L2VPN_IN_TIMER });
	settle(ctx);
}

/* --- LSP ping --- */

static uint64_t
date_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
on_frame(void *ctx, const uint8_t *bytes, size_t size, usec_t received)
{
	struct l2vpnd *d = ctx;

	l2vpn_input(d->engine,
	    &(struct l2vpn_input){ .kind = L2VPN_IN_FRAME, .bytes = bytes, .size = size, .date_us = date_us() },
	    received);
}

static void
on_datagram(void *ctx, const struct addr *from, const uint8_t *bytes, size_t size, usec_t received)
{
	struct l2vpnd *d = ctx;

	l2vpn_input(d->engine,
	    &(struct l2vpn_input){ .kind = L2VPN_IN_DATAGRAM, .from = *from, .bytes = bytes, .size = size }, received);
}

/* The body: TYPE VC-ID PEER|- CHANNEL MODE BYTES SEQUENCE MILLISECONDS. Answered when the reply is there, or its time is over. */
static void
on_echo(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	struct l2vpnd *d = ctx;
	struct l2vpn_echo e = { .number = 0 };
	char peer[ADDR_TEXT], *line = arena_take(arena, size + 1);
	unsigned wait_ms;

	(void)verb;
	memcpy(line, bytes, size);
	if (sscanf(line, "%u %u %45s %u %u %u %u %u", &e.type, &e.vc_id, peer, &e.channel, &e.mode, &e.size,
		&e.sequence, &wait_ms) != 8 ||
	    (strcmp(peer, "-") != 0 && !addr_parse(peer, &e.peer))) {
		*answer = (struct bus_answer){ .status = EINVAL, .text = "the line is not complete" };
		return;
	}
	e.wait = wait_ms * USEC_PER_MSEC;
	if (!(e.number = bus_hold_answer(d->bus))) {
		*answer = (struct bus_answer){ .status = EBUSY, .text = "too many wait for an answer already" };
		return;
	}
	feed(d, &(struct l2vpn_input){ .kind = L2VPN_IN_ECHO, .echo = &e, .date_us = date_us() });
	settle(d);
}

/* --- configuration and operations --- */

static void
apply_config(void *ctx, void *conf, struct text *notes)
{
	struct l2vpnd *d = ctx;

	d->notes = notes;
	feed(d, &(struct l2vpn_input){ .kind = L2VPN_IN_CONFIG, .config = conf });
	settle(d);
	d->notes = NULL;
}

static void
print_config(void *ctx, struct conf_lines *out)
{
	struct l2vpnd *d = ctx;

	l2vpn_print(l2vpn_config_in_force(d->engine), out);
}

static void
on_reload(void *ctx)
{
	struct l2vpnd *d = ctx;

	candidate_reload(d->candidate, d->host, "pseudowires are kept");
}

static void
on_clear(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	(void)verb;
	(void)bytes;
	(void)size;
	(void)answer;
	(void)arena;
	feed(ctx, &(struct l2vpn_input){ .kind = L2VPN_IN_CLEAR });
	settle(ctx);
}

/* The body is the line, every word written out: `switch mpls l2vpn service-name gold secondary`. */
static void
on_switch(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	struct l2vpnd *d = ctx;
	char *line = arena_take(arena, size + 1), *rest = NULL, *words[6] = { 0 }, *why = arena_take(arena, 160);
	size_t count = 0;

	(void)verb;
	memcpy(line, bytes, size);
	for (char *word = strtok_r(line, " ", &rest); word && count < COUNT(words); word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	if (count < COUNT(words)) {
		*answer = (struct bus_answer){ .status = EINVAL, .text = "the line is not complete" };
		return;
	}
	bool to_primary = strcmp(words[5], "primary") == 0;
	const char *interface =
	    strcmp(words[3], "interface") == 0 ? words[4] : l2vpn_service_interface(d->engine, words[4]);
	if (!interface) {
		*answer = (struct bus_answer){ .status = ENOENT, .text = "there is no such service" };
	} else if (!l2vpn_may_switch(d->engine, interface, to_primary, why)) {
		*answer = (struct bus_answer){ .status = EPERM, .text = why };
	} else {
		feed(d,
		    &(struct l2vpn_input){ .kind = L2VPN_IN_SWITCH, .interface = interface, .to_primary = to_primary });
		settle(d);
	}
}

/* --- the start --- */

static int
open_world(struct l2vpnd *d)
{
	static const struct mirror_ops ops = {
		.row = on_row, .synced = on_synced, .lost = on_lost, .settled = on_settled
	};

	static const struct channel_ops channel_ops = {
		.frame = on_frame, .datagram = on_datagram, .settled = on_settled
	};

	if (!(d->bus = bus_open(d->host, "l2vpnd")))
		return -1;
	d->channel = channel_open(d->host, &channel_ops, d);
	struct table *const *tables = l2vpn_tables(d->engine);
	for (size_t i = 0; tables[i]; i++)
		bus_serve(d->bus, tables[i]);
	bus_on_request(d->bus, "switch", on_switch, d);
	bus_on_request(d->bus, "clear", on_clear, d);
	bus_on_request(d->bus, "echo", on_echo, d);
	candidate_serve(d->candidate, d->bus, host_config_path(d->host));
	for (int m = 0; m < L2VPN_MIRRORS; m++)
		if (!(d->mirrors[m] = mirror_open(d->bus, mirrored[m], &ops, d)))
			return -1;
	host_on_timer(d->host, on_timer, d);
	host_on_reload(d->host, on_reload, d);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct candidate_ops config_ops = {
		.kind = &l2vpn_conf, .apply = apply_config, .print = print_config
	};
	static struct l2vpnd d;
	int status = 1;

	d.host = host_start(argc, argv, "l2vpnd");
	d.engine = l2vpn_new(host_seed(d.host));
	d.candidate = candidate_new(&config_ops, &d);
	if (candidate_load(d.candidate, host_config_path(d.host), false)) {
		if (host_check_only(d.host)) {
			status = 0;
		} else if (open_world(&d) == 0 && candidate_load(d.candidate, host_config_path(d.host), true)) {
			host_ready(d.host, "pseudowires are kept");
			status = host_run(d.host);
		}
	}
	channel_close(d.channel);
	bus_close(d.bus);
	candidate_free(d.candidate);
	l2vpn_free(d.engine);
	host_free(d.host);
	return status;
}
