/* Discovery as an operator reads it: each interface and each targeted neighbour, with who was heard there. */
#include "ldpd/display.h"
#include "base/mem.h"
#include "host/row_text.h"
#include "proto/ldp.pb-c.h"
#include <string.h>

enum { PARAMETERS, INTERFACES, ADJACENCIES, TARGETS }; /* of show discovery */

static void
heard(const struct show *s, const Ldp__Adjacency *a)
{
	char id[ADDR_TEXT], source[ADDR_TEXT], transport[ADDR_TEXT], age[16];

	text_line(s->out, "            LDP Id: %s:%u", id_text(a->peer, id), a->label_space);
	if (!arg_given(s->args, "detail"))
		return;
	text_line(s->out, "              Src IP addr: %s; Transport IP addr: %s", row_addr_text(&a->source, source),
	    row_addr_text(&a->transport, transport));
	if (a->hold_ms == UINT32_MAX)
		text_add(s->out, "              Hold time: infinite");
	else
		text_add(s->out, "              Hold time: %u sec", a->hold_ms / 1000);
	uint64_t up = a->since && s->now_us > a->since ? (s->now_us - a->since) / 1000000 : 0;
	text_line(s->out, "; Hello interval: %u ms; Up time: %s", a->interval_ms, text_age_hhmmss(up, age));
}

static void
interface(const struct show *s, const Ldp__Interface *r)
{
	const struct row_set *set = &s->tables[ADJACENCIES];
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++)
		count += ((const Ldp__Adjacency *)set->rows[i])->ifindex == r->ifindex;
	text_add(s->out, "        %s (ldp): ", r->name);
	if (!r->active) {
		text_line(s->out, "inactive, %s", *r->inactive ? r->inactive : "no reason known");
		return;
	}
	text_line(s->out, "%s", count ? "xmit/recv" : "xmit");
	if (*r->inactive_ipv4)
		text_line(s->out, "          IPv4 inactive, %s", r->inactive_ipv4);
	if (*r->inactive_ipv6)
		text_line(s->out, "          IPv6 inactive, %s", r->inactive_ipv6);
	for (size_t i = 0; i < set->count; i++) {
		const Ldp__Adjacency *a = (const Ldp__Adjacency *)set->rows[i];
		if (a->ifindex == r->ifindex)
			heard(s, a);
	}
}

static const Ldp__Adjacency *
heard_from(const struct row_set *adjacencies, const ProtobufCBinaryData *address)
{
	for (size_t i = 0; i < adjacencies->count; i++) {
		const Ldp__Adjacency *a = (const Ldp__Adjacency *)adjacencies->rows[i];
		if (!a->ifindex && a->source.len == address->len &&
		    memcmp(a->source.data, address->data, address->len) == 0)
			return a;
	}
	return NULL;
}

static void
targets(const struct show *s)
{
	const struct row_set *set = &s->tables[TARGETS];
	char address[ADDR_TEXT];

	if (set->count)
		text_line(s->out, "    Targeted Hellos:");
	for (size_t i = 0; i < set->count; i++) {
		const Ldp__Target *t = (const Ldp__Target *)set->rows[i];
		const Ldp__Adjacency *a = heard_from(&s->tables[ADJACENCIES], &t->address);
		text_add(s->out, "        %s (ldp): %s, ", row_addr_text(&t->address, address),
		    t->configured || t->requested ? "active" : "passive");
		if (!t->active)
			text_line(s->out, "inactive, %s", t->inactive);
		else
			text_line(s->out, "%s", a ? "xmit/recv" : "xmit");
		if (a)
			heard(s, a);
	}
}

int
ldp_show_targets(const struct show *s)
{
	const struct row_set *set = &s->tables[0];
	struct text_table *t = text_table_new(6);
	static const char *const heads[] = { "Peer", "Role", "Hello int/hold", "Hellos sent/rcvd", "Heard", "Reason" };

	for (size_t i = 0; i < 6; i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++) {
		const Ldp__Target *r = (const Ldp__Target *)set->rows[i];
		char address[ADDR_TEXT], id[ADDR_TEXT];
		const Ldp__Adjacency *a = heard_from(&s->tables[1], &r->address);
		text_cell(t, "%s", row_addr_text(&r->address, address));
		text_cell(t, "%s", r->configured ? "configured" : r->requested ? "pseudowire" : "accepted");
		text_cell(t, "%u/%u s", r->hello_interval_ms / 1000, r->hello_hold_ms / 1000);
		text_cell(t, "%llu/%llu", (unsigned long long)r->hellos_sent, (unsigned long long)r->hellos_received);
		text_cell(t, "%s", a ? id_text(a->peer, id) : "no");
		text_cell(t, "%s", *r->inactive ? r->inactive : "-");
	}
	text_table_print(t, " ", s->out);
	text_line(s->out, " TOTAL: %zu peer(s)", set->count);
	text_table_free(t);
	return 0;
}

int
ldp_show_discovery(const struct show *s)
{
	for (size_t i = 0; i < s->tables[PARAMETERS].count; i++) {
		char id[ADDR_TEXT];
		const Ldp__Parameters *p = (const Ldp__Parameters *)s->tables[PARAMETERS].rows[i];
		text_line(s->out, " Local LDP Identifier:\n    %s:0", id_text(p->lsr_id, id));
		if (*p->trouble)
			text_line(s->out, "    Not running: %s", p->trouble);
	}
	text_line(s->out, "    Discovery Sources:\n    Interfaces:");
	for (size_t i = 0; i < s->tables[INTERFACES].count; i++)
		interface(s, (const Ldp__Interface *)s->tables[INTERFACES].rows[i]);
	targets(s);
	return 0;
}

int
ldp_show_sync(const struct show *s)
{
	static const char *const states[] = { "no session", "labels are not complete", "labels are complete" };
	static const char *const heads[] = { "Interface", "LDP", "Neighbour", "LSR id", "State" };
	const struct row_set *set = &s->tables[0];
	struct text_table *t = text_table_new(COUNT(heads));
	char address[ADDR_TEXT], id[ADDR_TEXT];

	for (size_t i = 0; i < COUNT(heads); i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++) {
		const Ldp__Sync *r = (const Ldp__Sync *)set->rows[i];
		for (size_t k = 0; k < r->n_neighbors || k == 0; k++) {
			const Ldp__SyncNeighbor *n = r->n_neighbors ? r->neighbors[k] : NULL;
			text_cell(t, "%s", k ? "" : r->name);
			text_cell(t, "%s", k ? "" : r->enabled ? "on" : "off");
			text_cell(t, "%s", n ? row_addr_text(&n->address, address) : "-");
			text_cell(t, "%s", n ? id_text(n->peer, id) : "-");
			text_cell(t, "%s%s", n ? states[n->state % COUNT(states)] : "no neighbour",
			    n && n->targeted ? " (targeted session)" : "");
		}
	}
	text_table_print(t, " ", s->out);
	text_table_free(t);
	return 0;
}
