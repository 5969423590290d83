/*
 * l2vpnd: pseudowires for attachment circuits (VPWS), with those that take over when one fails.
 *
 * This file wires and decides nothing. It owns what an engine may not have: the clock and the bus. There is nothing else:
 * ldpd speaks to neighbours, and fibd to the kernel.
 */
#include "base/mem.h"
#include "host/bus.h"
#include "host/candidate.h"
#include "host/host.h"
#include "host/log.h"
#include "l2vpnd/commands.h"
#include "l2vpnd/l2vpn.h"
#include "l2vpnd/print.h"
#include "proto/schema.gen.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct l2vpnd {
	struct host *host;
	struct bus *bus;
	struct l2vpn *engine;
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

/* After one or many inputs. */
static void
settle(struct l2vpnd *d)
{
	struct outbox *out = l2vpn_outbox(d->engine);

	bus_publish(d->bus);
	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		log_effect(&e);
		if (d->notes && e.where <= LOG_LINE_WARNING)
			text_line(d->notes, "%s", (const char *)e.bytes);
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

	if (!(d->bus = bus_open(d->host, "l2vpnd")))
		return -1;
	struct table *const *tables = l2vpn_tables(d->engine);
	for (size_t i = 0; tables[i]; i++)
		bus_serve(d->bus, tables[i]);
	bus_on_request(d->bus, "switch", on_switch, d);
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
	bus_close(d.bus);
	candidate_free(d.candidate);
	l2vpn_free(d.engine);
	host_free(d.host);
	return status;
}
