/*
 * l2vpnd's engine: pseudowires over MPLS for attachment circuits (VPWS), with those that take over when one fails.
 *
 * The configuration says which interface is a circuit and which pseudowires it has (service.c). Each pseudowire gets a label
 * (labels.c) and is a row of l2vpn.PwRequest, which ldpd signals and answers in ldp.Pw. Each circuit is a row of l2vpn.Circuit,
 * which fibd forwards and answers in fib.Circuit with what it has read back from the kernel. What the two say (told.c) is put
 * together to what each pseudowire is good for (pw.c); from that follows which of them carries the frames (redundancy.c).
 *
 * The life of a customer's frame is none of ours: it never comes here. What does come are the packets of the control
 * channels: LSP pings, ours and those of other ends (echo.c). Nor does the death of a path wait for us: fibd leaves it within
 * the turn that we gave it, and tells us.
 *
 * After a start nothing is said before fibd's rows were read to their end: they tell which labels and which choices are in
 * force. Then pseudowires are asked for, under the same labels, so that ldpd can complete its own rows; and when those are
 * read, circuits are told to fibd, as they were. Nobody outside notices.
 *
 * Standards: RFC 8077 (signalling, by ldpd), RFC 4448 (Ethernet), RFC 6718 and RFC 6870 (redundancy), RFC 5085 (VCCV),
 * RFC 8029 (LSP ping).
 */
#include "l2vpnd/model.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIB = 1u << L2VPN_FIB_CIRCUIT | 1u << L2VPN_FIB_RANGE,
	LDP = 1u << L2VPN_LDP_PW,
};

struct l2vpn *
l2vpn_new(uint64_t seed)
{
	struct l2vpn *l = NEW(struct l2vpn);

	l->out = outbox_new();
	rng_seed(&l->rng, seed);
	told_init(l);
	services_init(l);
	watches_init(l);
	list_init(&l->echoes);
	rows_init(l);
	return l;
}

void
l2vpn_free(struct l2vpn *l)
{
	if (!l)
		return;
	echoes_free(l);
	services_free(l);
	watches_free(l);
	pw_labels_free(l);
	told_free(l);
	for (struct table *const *t = l->served; *t; t++)
		table_free(*t);
	l2vpn_config_free(&l->config);
	outbox_free(l->out);
	free(l);
}

void
l2vpn_note(struct l2vpn *l, int priority, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	outbox_log(l->out, priority, 0, "%s", line);
}

const struct l2vpn_config *
l2vpn_config_in_force(const struct l2vpn *l)
{
	return &l->config;
}

uint32_t
l2vpn_channel_ifindex(const struct l2vpn *l)
{
	return l->channel_ifindex;
}

struct outbox *
l2vpn_outbox(struct l2vpn *l)
{
	return l->out;
}

struct table *const *
l2vpn_tables(struct l2vpn *l)
{
	return l->served;
}

usec_t
l2vpn_due(const struct l2vpn *l)
{
	return timers_next(&l->timers);
}

/* --- the start --- */

static void
begin(struct l2vpn *l)
{
	if (!l->begun && l->configured && (l->synced & FIB) == FIB) {
		l->begun = true;
		pw_labels_begin(l);
		services_configure(l);
		pw_labels_sweep(l);
		table_complete(&l->request_table);
	}
	if (l->begun && !l->circuits && (l->synced & LDP)) {
		l->circuits = true;
		services_review(l);
		table_complete(&l->circuit_table);
		table_complete(&l->vc_table);
		table_complete(&l->service_table);
		table_complete(&l->echo_table);
	}
	if (l->circuits && (l->synced & 1u << L2VPN_FIB_INTERFACE)) /* by then all are asked for */
		table_complete(&l->watch_table);
}

/* --- rows --- */

static void
range_row(struct l2vpn *l, const Fib__LabelRange *row, bool gone)
{
	if (gone || l->begun || strcmp(row->user, "l2vpnd") != 0)
		return;
	l->first_label = row->first;
	l->last_label = row->last;
}

static void
take_row(struct l2vpn *l, const struct l2vpn_input *in)
{
	switch (in->table) {
	case L2VPN_FIB_CIRCUIT: told_circuit_row(l, in->row, in->gone, in->round); break;
	case L2VPN_FIB_INTERFACE:
		told_interface_row(l, in->row, in->gone, in->round);
		watch_device(l, in->row, in->gone);
		break;
	case L2VPN_FIB_RANGE: range_row(l, in->row, in->gone); break;
	case L2VPN_LDP_PW: told_pw_row(l, in->row, in->gone, in->round); break;
	case L2VPN_BFD_SESSION: watch_session_row(l, in->row, in->gone, in->round); break;
	case L2VPN_MIRRORS: break;
	}
}

/* --- operations --- */

const char *
l2vpn_service_interface(const struct l2vpn *l, const char *name)
{
	for (const struct list *i = l->services.next; i != &l->services; i = i->next)
		if (strcmp(CONST_OBJECT(i, struct service, link)->config.service, name) == 0)
			return CONST_OBJECT(i, struct service, link)->name;
	return NULL;
}

bool
l2vpn_may_switch(const struct l2vpn *l, const char *interface, bool to_primary, char why[160])
{
	const struct service *s = service_find(l, interface);

	if (s && !*s->local)
		return redundancy_may(s, to_primary, why);
	snprintf(why, 160, "%.64s has no pseudowires", interface);
	return false;
}

static void
order(struct l2vpn *l, const char *interface, bool to_primary)
{
	struct service *s = service_find(l, interface);
	char why[160];

	if (!s || !redundancy_may(s, to_primary, why))
		return;
	redundancy_order(s, to_primary, "an operator has said so");
	service_review(s);
}

static void
run_timers(struct l2vpn *l)
{
	for (struct timer *t; (t = timers_due(&l->timers, l->now));) {
		if (t->kind == TIMER_ECHO) {
			echo_timer(l, t);
			continue;
		}
		if (t->kind == TIMER_RECOVERY) {
			struct pw *p = OBJECT(t, struct pw, recovery);
			pw_recovery_timer(p);
			service_review(p->of);
			continue;
		}
		struct service *s =
		    t->kind == TIMER_REDUNDANCY ? OBJECT(t, struct service, timer) : OBJECT(t, struct service, release);
		if (t->kind == TIMER_REDUNDANCY)
			redundancy_timer(s);
		service_review(s);
	}
}

/* --- the door --- */

void
l2vpn_input(struct l2vpn *l, const struct l2vpn_input *in, usec_t now)
{
	assert(!l->busy);
	l->busy = true;
	if (now > l->now)
		l->now = now;
	switch (in->kind) {
	case L2VPN_IN_CONFIG:
		l2vpn_config_copy(&l->config, in->config);
		l->configured = true;
		if (l->begun)
			services_configure(l);
		begin(l);
		break;
	case L2VPN_IN_ROW: take_row(l, in); break;
	case L2VPN_IN_SYNCED:
		l->away &= ~(1u << in->table);
		l->synced |= 1u << in->table;
		told_synced(l, in->table, in->round);
		watch_synced(l, in->table, in->round);
		begin(l);
		break;
	case L2VPN_IN_LOST: l->away |= 1u << in->table; break;
	case L2VPN_IN_SWITCH: order(l, in->interface, in->to_primary); break;
	case L2VPN_IN_ECHO: echo_ask(l, in->echo, in->date_us); break;
	case L2VPN_IN_UNSENT: echo_unsent(l, in->number, in->why); break;
	case L2VPN_IN_FRAME: echo_frame(l, in->bytes, in->size, in->date_us); break;
	case L2VPN_IN_DATAGRAM: echo_datagram(l, &in->from, in->bytes, in->size); break;
	case L2VPN_IN_CLEAR: echo_clear(l); break;
	case L2VPN_IN_TIMER: run_timers(l); break;
	}
	l->busy = false;
}
