/* bfdctl's displays, in the form of reference 002. What it prints of its own hardware (boards, timer numbers) is "-". */
#include "bfdd/display.h"
#include "base/text.h"
#include "bfdd/core/core.h"
#include "bfdd/core/vccv.h"
#include "host/row_text.h"
#include "proto/bfd.pb-c.h"
#include <stdio.h>
#include <string.h>

static const char *
or_dash(const char *text)
{
	return *text ? text : "-";
}

static const char *
state(const Bfd__Session *r)
{
	return bfd_state_name((enum bfd_state)r->state);
}

/* Of what counts as up and what as down below the list. */
static void
totals(const struct show *s)
{
	const struct row_set *set = &s->tables[0];
	size_t up = 0;

	for (size_t i = 0; i < set->count; i++)
		up += ((const Bfd__Session *)set->rows[i])->state == BFD__STATE__UP;
	text_line(s->out, "%s", "");
	text_line(s->out, "     Total UP/DOWN Session Number : %zu/%zu", up, set->count - up);
}

static void
legend(const struct show *s)
{
	text_line(s->out, "(w): State in WTR");
	text_line(s->out, "(*): State is invalid");
}

static const char *
mark(const Bfd__Session *r)
{
	return *r->trouble ? "(*)" : r->waiting ? "(w)" : "";
}

static void
bind_type(const Bfd__Session *r, char out[96])
{
	if (r->vccv_label)
		snprintf(out, 96, "Pseudowire(label %u)", r->vccv_label);
	else if (r->multihop)
		snprintf(out, 96, "Peer IP Address");
	else
		snprintf(out, 96, "Interface(%s)", r->interface);
}

static const char *
session_type(const Bfd__Session *r)
{
	return !r->configured ? "Dynamic" : r->automatic ? "Static_Auto" : "Static";
}

int
bfd_show_sessions(const struct show *s)
{
	static const char *const heads[] = { "Local", "Remote", "PeerIpAddr", "State", "Type", "InterfaceName",
		"Name" };
	const struct row_set *set = &s->tables[0];
	struct text_table *t = text_table_new(7);

	legend(s);
	for (size_t i = 0; i < 7; i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++) {
		const Bfd__Session *r = (const Bfd__Session *)set->rows[i];
		char peer[ADDR_TEXT];
		text_cell(t, "%u", r->local);
		text_cell(t, "%u", r->remote);
		text_cell(t, "%s", row_addr_text(&r->peer, peer));
		text_cell(t, "%s%s", state(r), mark(r));
		text_cell(t, "%s", session_type(r));
		text_cell(t, "%s", r->multihop ? "-" : or_dash(r->interface));
		text_cell(t, "%s", r->name);
	}
	text_table_print(t, "", s->out);
	text_table_free(t);
	totals(s);
	return 0;
}

/* --- verbose --- */

enum { LINE = 80 };

static void
rule(const struct show *s)
{
	char line[LINE + 1];

	memset(line, '-', LINE);
	line[LINE] = '\0';
	text_line(s->out, "%s", line);
}

/* Two fields on a line, or one. */
static void
pair(const struct show *s, const char *name, const char *value, const char *name2, const char *value2)
{
	if (name2)
		text_line(s->out, "  %-23s: %-17s%-23s: %s", name, value, name2, value2);
	else
		text_line(s->out, "  %-23s: %s", name, value);
}

static const char *
number(uint32_t n, char out[16])
{
	snprintf(out, 16, "%u", n);
	return out;
}

/* Milliseconds, with what is left of microseconds; "-" for none. */
static const char *
ms(uint32_t us, char out[16])
{
	if (!us)
		return "-";
	if (us % 1000)
		snprintf(out, 16, "%u.%03u", us / 1000, us % 1000);
	else
		snprintf(out, 16, "%u", us / 1000);
	return out;
}

static const char *
detect_mode(const Bfd__Session *r)
{
	return r->demand    ? r->echoing ? "Demand Mode With Echo Function" : "Demand Mode Without Echo Function"
	       : r->echoing ? "Asynchronous Mode With Echo Function"
			    : "Asynchronous Mode Without Echo Function";
}

static const char *
not_up_reason(const Bfd__Session *r)
{
	if (*r->trouble)
		return r->trouble;
	if (r->state == BFD__STATE__ADMIN_DOWN)
		return "Shut down here";
	if (r->remote_state == BFD__STATE__ADMIN_DOWN && r->remote)
		return "Shut down at the other end";
	return r->diag ? bfd_diag_text((uint8_t)r->diag) : "In negotiation";
}

static const char *
enable(bool on)
{
	return on ? "Enable" : "Disable";
}

static const char *
encapsulation(const Bfd__Session *r)
{
	return r->vccv_encapsulation == VCCV_ACH ? "PW-ACH" : r->vccv_encapsulation == VCCV_IP ? "IP/UDP" : "unknown";
}

static void
who(const struct show *s, const Bfd__Session *r)
{
	char a[96], b[16], c[16];

	rule(s);
	snprintf(a, sizeof a, "%s%s", state(r), mark(r));
	text_line(s->out, "  (%s) State : %-20sName : %s",
	    r->vccv_label ? "VCCV"
	    : r->multihop ? "Multi Hop"
			  : "One Hop",
	    a, r->name);
	rule(s);
	pair(s, "Local Discriminator", number(r->local, b), "Remote Discriminator", number(r->remote, c));
	pair(s, "Session Detect Mode", detect_mode(r), NULL, NULL);
	bind_type(r, a);
	pair(s, "BFD Bind Type", a, NULL, NULL);
	pair(s, "Bind Session Type", session_type(r), NULL, NULL);
	pair(s, "Bind Peer IP Address", row_addr_text(&r->peer, a), NULL, NULL);
	if (!r->multihop)
		pair(s, "Bind Interface", or_dash(r->interface), NULL, NULL);
	if (r->vccv_label)
		pair(s, "VCCV Label", number(r->vccv_label, b), "VCCV Encapsulation", encapsulation(r));
	if (*r->vrf)
		pair(s, "Vpn Instance Name", r->vrf, NULL, NULL);
	if (r->source.len)
		pair(s, "Bind Source IP Address", row_addr_text(&r->source, a), NULL, NULL);
}

static void
timers(const struct show *s, const Bfd__Session *r)
{
	char a[16], b[16];

	pair(s, "FSM Board Id", "-", "TOS-EXP", number(r->tos_exp, b));
	pair(s, "Min Tx Interval (ms)", ms(r->min_tx_us, a), "Min Rx Interval (ms)", ms(r->min_rx_us, b));
	pair(s, "Actual Tx Interval (ms)", ms(r->tx_us, a), "Actual Rx Interval (ms)", ms(r->rx_us, b));
	pair(s, "Local Detect Multi", number(r->multiplier, a), "Detect Interval (ms)", ms(r->detect_us, b));
	pair(s, "Echo Passive", enable(r->reflecting), "Acl Number", "-");
	if (r->vccv_encapsulation == VCCV_ACH)
		pair(s, "Destination Port", "-", "TTL", "-");
	else
		pair(s, "Destination Port", number(r->multihop ? BFD_MULTI_PORT : BFD_SINGLE_PORT, a), "TTL", "255");
	pair(s, "Proc Interface Status", enable(r->follows), "Process PST", enable(r->pst));
	if (r->wtr_ms)
		snprintf(a, sizeof a, "%u", r->wtr_ms);
	pair(s, "WTR Interval (ms)", r->wtr_ms ? a : "-", "Config PST", enable(true)); /* fibd can always */
	pair(s, "Active Multi", number(r->remote_multiplier ? r->remote_multiplier : r->multiplier, a), NULL, NULL);
}

static void
what_else(const struct show *s, const Bfd__Session *r)
{
	char clients[256] = "";
	size_t at = (size_t)snprintf(clients, sizeof clients, "%s", r->configured && r->automatic ? "AUTO" : "");

	for (size_t i = 0; i < r->n_clients && at < sizeof clients; i++)
		at += (size_t)snprintf(clients + at, sizeof clients - at, "%s%s", at ? " | " : "", r->clients[i]);
	pair(s, "Last Local Diagnostic", bfd_diag_text((uint8_t)r->diag), NULL, NULL);
	pair(s, "Bind Application", or_dash(clients), NULL, NULL);
	pair(s, "Session TX TmrID", "-", "Session Detect TmrID", "-");
	pair(s, "Session Init TmrID", "-", "Session WTR TmrID", "-");
	pair(s, "Session Echo Tx TmrID", "-", NULL, NULL);
	pair(s, "PDT Index", "-", NULL, NULL);
	if (*r->authentication)
		pair(s, "Authentication", r->authentication, NULL, NULL);
	if (r->state != BFD__STATE__UP)
		pair(s, "Session Not Up Reason", not_up_reason(r), NULL, NULL);
	pair(s, "Session Description", or_dash(r->description), NULL, NULL);
	pair(s, "Track Group Name", "-", NULL, NULL);
}

int
bfd_show_sessions_verbose(const struct show *s)
{
	const struct row_set *set = &s->tables[0];

	if (!set->count && arg_given(s->args, "name")) {
		text_line(s->out, "There is no session %s.", arg_text(s->args, "name"));
		return 1;
	}
	legend(s);
	for (size_t i = 0; i < set->count; i++) {
		const Bfd__Session *r = (const Bfd__Session *)set->rows[i];
		who(s, r);
		timers(s, r);
		what_else(s, r);
		rule(s);
	}
	totals(s);
	return 0;
}

bool
bfd_keep_session(const ProtobufCMessage *row, const struct args *a)
{
	return strcmp(((const Bfd__Session *)row)->name, arg_text(a, "name")) == 0;
}

bool
bfd_keep_counters(const ProtobufCMessage *row, const struct args *a)
{
	return !arg_given(a, "name") || strcmp(((const Bfd__Counters *)row)->name, arg_text(a, "name")) == 0;
}

/* --- statistics --- */

static void
refusals(const struct show *s, Bfd__Refusal *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		text_line(s->out, "    %-40s: %llu", list[i]->reason, (unsigned long long)list[i]->count);
}

int
bfd_show_statistics(const struct show *s)
{
	const struct row_set *processes = &s->tables[0], *sessions = &s->tables[1];
	uint64_t sent = 0, received = 0, late = 0;

	for (size_t i = 0; i < sessions->count; i++) {
		const Bfd__Counters *c = (const Bfd__Counters *)sessions->rows[i];
		sent += c->sent;
		received += c->received;
		late += c->late;
	}
	text_line(s->out, "Sessions                                    : %zu", sessions->count);
	text_line(s->out, "Packets sent                                : %llu, %llu of them late",
	    (unsigned long long)sent, (unsigned long long)late);
	text_line(s->out, "Packets received                            : %llu", (unsigned long long)received);
	for (size_t i = 0; i < processes->count; i++) {
		const Bfd__Process *p = (const Bfd__Process *)processes->rows[i];
		text_line(s->out, "Scheduling of the thread that keeps time    : %s", or_dash(p->scheduling));
		text_line(s->out, "Memory locked                               : %s", p->memory_locked ? "yes" : "no");
		text_line(s->out,
		    "Wakes                                       : %llu, %llu of them over 1 ms late, at most %u us",
		    (unsigned long long)p->wakes, (unsigned long long)p->late_wakes, p->late_max_us);
		text_line(s->out, "Lost in our own queues                      : %llu packets, at %llu times",
		    (unsigned long long)p->lost, (unsigned long long)p->blind);
		text_line(s->out, "Not sent                                    : %llu%s%s",
		    (unsigned long long)p->unsent, *p->unsent_reason ? ", " : "", p->unsent_reason);
		if (*p->deaf)
			text_line(s->out, "Nothing can be received in VPN instance      : %s", p->deaf);
		if (p->n_refused)
			text_line(s->out, "Packets that changed nothing:");
		refusals(s, p->refused, p->n_refused);
	}
	return 0;
}

int
bfd_show_statistics_of(const struct show *s)
{
	const struct row_set *set = &s->tables[0];

	for (size_t i = 0; i < set->count; i++) {
		const Bfd__Counters *c = (const Bfd__Counters *)set->rows[i];
		text_line(s->out, "Session %s", c->name);
		text_line(s->out, "  Packets sent/received : %llu/%llu", (unsigned long long)c->sent,
		    (unsigned long long)c->received);
		text_line(s->out, "  Echoes sent/received  : %llu/%llu", (unsigned long long)c->echo_sent,
		    (unsigned long long)c->echo_received);
		text_line(s->out, "  Sent late             : %llu, at most %u us", (unsigned long long)c->late,
		    c->late_max_us);
		if (c->n_refused)
			text_line(s->out, "  Packets that changed nothing:");
		refusals(s, c->refused, c->n_refused);
	}
	if (!set->count) {
		text_line(s->out, "There is no such session.");
		return 1;
	}
	return 0;
}
