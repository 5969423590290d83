/* The text of ldpctl's displays, in the formats of references 001 and 002. */
#include "ldpd/display.h"
#include "base/label.h"
#include "host/row_text.h"
#include "proto/fib.pb-c.h"
#include "proto/ldp.pb-c.h"
#include <stdio.h>
#include <string.h>

#define RULE " ------------------------------------------------------------------------------"

/* The name of an interface from the table fib.Interface, its number when fibd is away. */
static const char *
interface_name(const struct show *s, size_t table, uint32_t ifindex, char out[64])
{
	const struct row_set *set = &s->tables[table];

	for (size_t i = 0; table < s->table_count && i < set->count; i++) {
		const Fib__Interface *r = (const Fib__Interface *)set->rows[i];
		if (r->ifindex == ifindex) {
			snprintf(out, 64, "%.63s", *r->label ? r->label : r->name);
			return out;
		}
	}
	snprintf(out, 64, "#%u", ifindex);
	return out;
}

static const char *
state_text(Ldp__SessionState s)
{
	switch (s) {
	case LDP__SESSION_STATE__OPERATIONAL: return "Operational";
	case LDP__SESSION_STATE__INITIALIZED: return "Initialized";
	case LDP__SESSION_STATE__OPENREC: return "Open Recv";
	case LDP__SESSION_STATE__OPENSENT: return "Open Sent";
	default: return "NonExistent";
	}
}

static uint64_t
age_s(const struct show *s, uint64_t since)
{
	return since && s->now_us > since ? (s->now_us - since) / 1000000 : 0;
}

/* The row of the peer that was asked for; every one when none was. */
bool
ldp_keep_session(const ProtobufCMessage *row, const struct args *a)
{
	const Ldp__Session *r = (const Ldp__Session *)row;
	struct addr peer = arg_addr(a, "peer");

	return !addr_is_set(&peer) || r->peer == addr_to_v4(&peer);
}

static int
none_found(const struct show *s)
{
	struct addr peer = arg_addr(s->args, "peer");
	char text[ADDR_TEXT];

	if (!addr_is_set(&peer) || s->tables[0].count)
		return 0;
	text_line(s->out, "There is no LDP session with %s, nor an attempt at one", addr_text(&peer, text));
	return 1;
}

int
ldp_show_sessions(const struct show *s)
{
	const struct row_set *set = &s->tables[0];

	text_line(s->out, "\n                LDP Session(s) in Public Network");
	text_line(s->out, " Codes: LAM(Label Advertisement Mode), SsnAge Unit(DDDD:HH:MM)");
	text_line(s->out, " An asterisk (*) before a session means the session is being deleted.");
	text_line(s->out, "\n" RULE);
	text_line(
	    s->out, " %-18s %-11s %-4s %-8s %-11s %s", "Peer-ID", "Status", "LAM", "SsnRole", "SsnAge", "KA-Sent/Rcv");
	text_line(s->out, RULE);
	for (size_t i = 0; i < set->count; i++) {
		const Ldp__Session *r = (const Ldp__Session *)set->rows[i];
		char id[ADDR_TEXT], peer[ADDR_TEXT + 8], age[16];
		snprintf(
		    peer, sizeof peer, "%s%s:%u", r->peer_restarting ? "*" : "", id_text(r->peer, id), r->label_space);
		text_line(s->out, " %-18s %-11s %-4s %-8s %-12s %u/%u", peer, state_text(r->state), "DU",
		    r->role == LDP__ROLE__ACTIVE ? "Active" : "Passive", text_age_ddddhhmm(age_s(s, r->up_since), age),
		    r->sent->keepalive, r->received->keepalive);
	}
	text_line(s->out, RULE);
	text_line(s->out, " TOTAL: %zu session(s) Found.\n", set->count);
	return 0;
}

/* Every type that was ever sent or received; those of a quiet session would be a screen of zeros. */
static void
message_counts(struct text *out, const Ldp__MessageCounts *sent, const Ldp__MessageCounts *received)
{
	const struct {
		const char *name;
		uint32_t sent, received;
	} counts[] = { { "Initialization", sent->initialization, received->initialization },
		{ "KeepAlive", sent->keepalive, received->keepalive },
		{ "Notification", sent->notification, received->notification },
		{ "Address", sent->address, received->address },
		{ "Address Withdraw", sent->address_withdraw, received->address_withdraw },
		{ "Label Mapping", sent->label_mapping, received->label_mapping },
		{ "Label Request", sent->label_request, received->label_request },
		{ "Label Withdraw", sent->label_withdraw, received->label_withdraw },
		{ "Label Release", sent->label_release, received->label_release },
		{ "Label Abort", sent->label_abort, received->label_abort },
		{ "Capability", sent->capability, received->capability },
		{ "Unknown", sent->unknown, received->unknown } };

	text_line(out, " Messages        : %-16s %10s %10s", "", "sent", "received");
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		if (counts[i].sent || counts[i].received)
			text_line(out, "                   %-16s %10u %10u", counts[i].name, counts[i].sent,
			    counts[i].received);
}

static void
verbose(const struct show *s, const Ldp__Session *r)
{
	char peer[ADDR_TEXT], local[ADDR_TEXT], age[16];

	text_line(s->out, RULE);
	text_line(s->out, " Peer LDP ID     : %s:%u", id_text(r->peer, peer), r->label_space);
	text_line(s->out, " Local LDP ID    : %s:0", id_text(r->local, local));
	text_line(s->out, " TCP Connection  : %s:%u %s %s:%u", row_addr_text(&r->local_address, local), r->local_port,
	    r->role == LDP__ROLE__ACTIVE ? "->" : "<-", row_addr_text(&r->peer_address, peer), r->peer_port);
	text_line(s->out, " Session State   : %s", state_text(r->state));
	text_line(s->out, " Session Role    : %s", r->role == LDP__ROLE__ACTIVE ? "Active" : "Passive");
	text_line(s->out, " Session Age     : %s (DDDD:HH:MM)", text_age_ddddhhmm(age_s(s, r->up_since), age));
	text_line(s->out, " Hold Time       : %u s; KeepAlive every %u ms", r->hold_ms / 1000, r->keepalive_ms);
	text_line(s->out, " Graceful Restart: %s%s", r->graceful_restart ? "the peer keeps forwarding" : "no",
	    r->peer_restarting ? "; it restarts now, its labels are kept" : "");
	text_line(s->out, " Label Exchange  : %s", r->label_exchange_done ? "complete" : "not complete");
	text_line(s->out, " Maximum PDU     : %u bytes", r->max_pdu);
	text_line(s->out, " Password        : %s", *r->password ? r->password : "none");
	if (r->min_ttl)
		text_line(s->out, " GTSM            : packets with a TTL under %u are refused", r->min_ttl);
	else
		text_line(s->out, " GTSM            : off");
	text_add(s->out, " Capabilities    :");
	for (size_t i = 0; i < r->n_capabilities; i++)
		text_add(s->out, "%s %s", i ? "," : "", r->capabilities[i]);
	text_line(s->out, "%s", r->n_capabilities ? "" : " -");
	if (r->backoff_s)
		text_line(s->out, " Waiting         : %u s after a refusal", r->backoff_s);
	message_counts(s->out, r->sent, r->received);
	text_add(s->out, " Peer Addresses  :");
	for (size_t i = 0; i < r->n_addresses; i++)
		text_add(s->out, " %s", row_addr_text(&r->addresses[i], peer));
	text_line(s->out, "%s", r->n_addresses ? "" : " -");
	text_line(s->out, " Last Error      : %s", *r->last_error ? r->last_error : "-");
}

int
ldp_show_sessions_verbose(const struct show *s)
{
	text_line(s->out, "\n                LDP Session(s) in Public Network");
	for (size_t i = 0; i < s->tables[0].count; i++)
		verbose(s, (const Ldp__Session *)s->tables[0].rows[i]);
	text_line(s->out, RULE);
	text_line(s->out, " TOTAL: %zu session(s) Found.\n", s->tables[0].count);
	return none_found(s);
}

/* The peers that have our label for a FEC. */
static void
upstream_text(const struct row_set *bindings, const ProtobufCBinaryData *fec, struct text *out)
{
	for (size_t i = 0; i < bindings->count; i++) {
		const Ldp__Binding *b = (const Ldp__Binding *)bindings->rows[i];
		char id[ADDR_TEXT];
		if (b->peer || b->fec.len != fec->len || memcmp(b->fec.data, fec->data, fec->len) != 0)
			continue;
		for (size_t k = 0; k < b->n_sent_to; k++)
			text_add(out, "%s%s", out->size ? "," : "", id_text(b->sent_to[k], id));
	}
	if (!out->size)
		text_add(out, "-");
}

static void
lsp_cells(const struct show *s, struct text_table *t, const Ldp__Lsp *r)
{
	struct text upstream = { 0 };
	size_t lines = r->n_next_hops ? r->n_next_hops : 1;

	upstream_text(&s->tables[1], &r->fec, &upstream);
	for (size_t i = 0; i < lines; i++) {
		const Ldp__LspNextHop *h = i < r->n_next_hops ? r->next_hops[i] : NULL;
		char fec[PREFIX_TEXT], in[24], out[24], via[ADDR_TEXT], name[64];
		text_cell(t, "%s", i == 0 ? row_prefix_text(&r->fec, fec) : "");
		text_cell(t, "%s/%s", label_text(r->in_label, in), h ? label_text(h->out_label, out) : "-");
		text_cell(t, "%s", i == 0 ? upstream.chars : "");
		text_cell(t, "%s", h ? row_addr_text(&h->address, via) : "127.0.0.1");
		text_cell(t, "%s", h ? interface_name(s, 2, h->ifindex, name) : "InLoop0");
	}
	text_free(&upstream);
}

int
ldp_show_lsps(const struct show *s)
{
	const struct row_set *set = &s->tables[0];
	struct text_table *t = text_table_new(5);

	text_line(s->out, "\n LDP LSP Information");
	text_line(
	    s->out, " Labels: imp-null: the packet arrives without this label (PHP); NULL: the next hop gave none");
	text_line(s->out, RULE);
	text_cell(t, "DestAddress/Mask");
	text_cell(t, "In/OutLabel");
	text_cell(t, "UpstreamPeer");
	text_cell(t, "NextHop");
	text_cell(t, "OutInterface");
	for (size_t i = 0; i < set->count; i++)
		lsp_cells(s, t, (const Ldp__Lsp *)set->rows[i]);
	text_table_print(t, " ", s->out);
	text_line(s->out, RULE);
	text_line(s->out, " TOTAL: %zu LSP(s)\n", set->count);
	text_table_free(t);
	return 0;
}

int
ldp_show_adjacencies(const struct show *s)
{
	const struct row_set *set = &s->tables[0];
	struct text_table *t = text_table_new(7);
	static const char *const heads[] = { "Peer-ID", "Interface", "Source", "Transport", "HoldTime", "Age", "BFD" };

	for (size_t i = 0; i < 7; i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++) {
		const Ldp__Adjacency *r = (const Ldp__Adjacency *)set->rows[i];
		char id[ADDR_TEXT], source[ADDR_TEXT], transport[ADDR_TEXT], name[64], age[16];
		text_cell(t, "%s:%u", id_text(r->peer, id), r->label_space);
		text_cell(t, "%s", r->ifindex ? interface_name(s, 1, r->ifindex, name) : "targeted");
		text_cell(t, "%s", row_addr_text(&r->source, source));
		text_cell(t, "%s", row_addr_text(&r->transport, transport));
		if (r->hold_ms == UINT32_MAX)
			text_cell(t, "infinite");
		else
			text_cell(t, "%u s", r->hold_ms / 1000);
		text_cell(t, "%s", text_age_hhmmss(age_s(s, r->since), age));
		text_cell(t, "%s", *r->bfd ? r->bfd : "-");
	}
	text_table_print(t, " ", s->out);
	text_line(s->out, " TOTAL: %zu adjacency(ies)", set->count);
	text_table_free(t);
	return 0;
}

int
ldp_show_interfaces(const struct show *s)
{
	const struct row_set *set = &s->tables[0];
	struct text_table *t = text_table_new(5);
	static const char *const heads[] = { "Interface", "Status", "Hello int/hold", "Hellos sent/rcvd/bad",
		"Reason" };

	for (size_t i = 0; i < 5; i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++) {
		const Ldp__Interface *r = (const Ldp__Interface *)set->rows[i];
		text_cell(t, "%s", r->name);
		text_cell(t, "%s", r->active ? "Active" : "Inactive");
		text_cell(t, "%u/%u s", r->hello_interval_ms / 1000, r->hello_hold_ms / 1000);
		text_cell(t, "%llu/%llu/%llu", (unsigned long long)r->hellos_sent,
		    (unsigned long long)r->hellos_received, (unsigned long long)r->hellos_bad);
		if (r->active && *r->inactive_ipv4)
			text_cell(t, "IPv4: %s", r->inactive_ipv4);
		else if (r->active && *r->inactive_ipv6)
			text_cell(t, "IPv6: %s", r->inactive_ipv6);
		else if (r->active && r->hellos_held)
			text_cell(t, "%llu Hellos counted for nothing: BFD", (unsigned long long)r->hellos_held);
		else
			text_cell(t, "%s", *r->inactive ? r->inactive : "-");
	}
	text_table_print(t, " ", s->out);
	text_table_free(t);
	return 0;
}

static uint32_t
count_all(const Ldp__MessageCounts *c)
{
	return c->notification + c->initialization + c->keepalive + c->address + c->address_withdraw +
	       c->label_mapping + c->label_request + c->label_withdraw + c->label_release + c->label_abort +
	       c->capability + c->unknown;
}

/* As reference 001 prints it: whether one is needed, which one, and that the session uses it. */
static const char *
password_text(const Ldp__Session *r)
{
	const char *in_use = r->state == LDP__SESSION_STATE__OPERATIONAL ? ", in use" : "";
	static char out[64];

	if (strcmp(r->password, "none") == 0 || !*r->password)
		return "not required, none, in use";
	snprintf(out, sizeof out, "required, %s%s", strcmp(r->password, "own") == 0 ? "neighbor" : r->password, in_use);
	return out;
}

static void
neighbor(const struct show *s, const Ldp__Session *r, bool detail)
{
	char a[ADDR_TEXT], b[ADDR_TEXT], name[64], age[16];

	text_line(s->out, "    Peer LDP Ident: %s:%u; Local LDP Ident %s:0", id_text(r->peer, a), r->label_space,
	    id_text(r->local, b));
	text_line(s->out, "        TCP connection: %s.%u - %s.%u", row_addr_text(&r->peer_address, a), r->peer_port,
	    row_addr_text(&r->local_address, b), r->local_port);
	if (detail)
		text_line(s->out, "        Password: %s", password_text(r));
	text_add(s->out, "        State: %s; Msgs sent/rcvd: %u/%u; Downstream",
	    r->state == LDP__SESSION_STATE__OPERATIONAL ? "Oper" : state_text(r->state), count_all(r->sent),
	    count_all(r->received));
	text_age_hhmmss(age_s(s, r->up_since), age);
	if (detail)
		text_line(s->out, "; Last TIB rev sent %u\n        Up time: %s; UID: %u; Peer Id 0;", r->tib_revision,
		    age, r->uid);
	else
		text_line(s->out, "\n        Up time: %s", age);
	text_line(s->out, "        LDP discovery sources:");
	for (size_t i = 0; i < s->tables[1].count; i++) {
		const Ldp__Adjacency *d = (const Ldp__Adjacency *)s->tables[1].rows[i];
		if (d->peer != r->peer)
			continue;
		text_line(s->out, "          %s; Src IP addr: %s", interface_name(s, 2, d->ifindex, name),
		    row_addr_text(&d->source, a));
		if (detail)
			text_line(
			    s->out, "            holdtime: %u ms, hello interval: %u ms", d->hold_ms, d->interval_ms);
	}
	text_line(s->out, "        Addresses bound to peer LDP Ident:");
	text_add(s->out, "         ");
	for (size_t i = 0; i < r->n_addresses; i++)
		text_add(s->out, " %s", row_addr_text(&r->addresses[i], a));
	text_line(s->out, "%s", "");
	if (detail)
		text_line(s->out, "        Peer holdtime: %u ms; KA interval: %u ms; Peer state: %s", r->hold_ms,
		    r->keepalive_ms, r->state == LDP__SESSION_STATE__OPERATIONAL ? "estab" : "down");
}

int
ldp_show_neighbors(const struct show *s)
{
	bool detail = arg_given(s->args, "detail") || arg_given(s->args, "details");

	for (size_t i = 0; i < s->tables[0].count; i++)
		neighbor(s, (const Ldp__Session *)s->tables[0].rows[i], detail);
	return none_found(s);
}

int
ldp_show_parameters(const struct show *s)
{
	for (size_t i = 0; i < s->tables[0].count; i++) {
		const Ldp__Parameters *r = (const Ldp__Parameters *)s->tables[0].rows[i];
		text_line(s->out, "Protocol version: 1");
		text_line(s->out, "Session hold time: %u sec; keep alive interval: %u sec", r->session_hold_s,
		    r->keepalive_s);
		text_line(s->out, "Discovery hello: holdtime: %u sec; interval: %u sec", r->hello_hold_s,
		    r->hello_interval_s);
		text_line(s->out, "Discovery targeted hello: holdtime: %u sec; interval: %u sec", r->targeted_hold_s,
		    r->targeted_interval_s);
		if (r->backoff_first_s)
			text_line(
			    s->out, "LDP initial/maximum backoff: %u/%u sec", r->backoff_first_s, r->backoff_last_s);
		if (*r->trouble)
			text_line(s->out, "Not running: %s", r->trouble);
		if (r->recovering)
			text_line(s->out, "Recovering from a restart: old labels are kept");
	}
	return 0;
}

int
ldp_show_bindings(const struct show *s)
{
	const struct row_set *set = &s->tables[0];
	struct text_table *t = text_table_new(4);
	char before[PREFIX_TEXT] = "";

	for (size_t i = 0; i < set->count; i++) {
		const Ldp__Binding *r = (const Ldp__Binding *)set->rows[i];
		char fec[PREFIX_TEXT], id[ADDR_TEXT], label[24];
		row_prefix_text(&r->fec, fec);
		text_cell(t, "%s", strcmp(fec, before) ? fec : "");
		snprintf(before, sizeof before, "%s", fec);
		text_cell(t, "%s", r->peer ? id_text(r->peer, id) : "local");
		text_cell(t, "%s", label_text(r->label, label));
		if (r->peer) {
			text_cell(t, "%s%s", r->in_use ? "in use" : "", r->stale ? " stale: the peer restarts" : "");
		} else {
			text_cell(t, "told to %zu peer(s)", r->n_sent_to);
		}
	}
	text_table_print(t, " ", s->out);
	text_table_free(t);
	return 0;
}
