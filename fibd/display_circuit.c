/* display mpls circuit: attachment circuits and their pseudowires, as the kernel forwards them. */
#include "base/label.h"
#include "base/mem.h"
#include "fibd/display.h"
#include "host/row_text.h"
#include "proto/fib.pb-c.h"
#include <stdio.h>

#define RULE "------------------------------------------------------------------------------"

bool
fib_keep_circuits(const ProtobufCMessage *m, const struct args *a)
{
	const Fib__Circuit *r = (const Fib__Circuit *)m;

	return !arg_given(a, "interface") || ifname_eq(r->interface, arg_text(a, "interface"));
}

static const char *
interface_name(const struct show *s, uint32_t ifindex, char out[64])
{
	const struct row_set *set = &s->tables[1];

	snprintf(out, 64, "%s", ifindex ? "?" : "-");
	for (size_t i = 0; i < set->count; i++) {
		const Fib__Interface *r = (const Fib__Interface *)set->rows[i];
		if (r->ifindex == ifindex)
			snprintf(out, 64, "%.63s", r->label);
	}
	return out;
}

static const char *
labels_text(const Fib__CircuitPath *p, char out[64])
{
	char in[24], label[24];

	snprintf(out, 64, "%s/%s", label_text(p->in_label, in), label_text(p->out_label, label));
	return out;
}

/* By which frames leave. */
static bool
is_active(const Fib__Circuit *r, size_t i)
{
	return r->active == i;
}

static const char *
state_of(const Fib__Circuit *r, size_t i)
{
	const Fib__CircuitPath *p = r->paths[i];

	return is_active(r, i) && p->sends ? "active" : p->sends ? "standby" : "down";
}

/* --- one line for each pseudowire --- */

static void
circuit_cells(const struct show *s, struct text_table *t, const Fib__Circuit *r)
{
	char peer[ADDR_TEXT], labels[64], name[64];

	for (size_t i = 0; i < r->n_paths || i == 0; i++) {
		const Fib__CircuitPath *p = i < r->n_paths ? r->paths[i] : NULL;
		text_cell(t, "%s", i ? "" : r->interface);
		text_cell(t, "%s", i ? "" : !r->ifindex ? "none" : r->up ? "up" : "down");
		if (!p) { /* switched to another circuit, or waiting to be told where to */
			for (int k = 0; k < 6; k++)
				text_cell(t, "-");
			continue;
		}
		text_cell(t, "%u", p->vc_id);
		text_cell(t, "%s", row_addr_text(&p->peer, peer));
		text_cell(t, "%s", labels_text(p, labels));
		text_cell(t, "%s", interface_name(s, p->ifindex, name));
		text_cell(t, "%s", state_of(r, i));
		text_cell(t, "%s", p->receives ? "yes" : "no");
	}
}

static void
show_brief(const struct show *s)
{
	static const char *const heads[] = { "Interface", "AC", "VC ID", "Peer", "In/Out Label", "Out Interface",
		"State", "Receives" };
	struct text_table *t = text_table_new(COUNT(heads));
	const struct row_set *set = &s->tables[0];

	for (size_t i = 0; i < COUNT(heads); i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++)
		circuit_cells(s, t, (const Fib__Circuit *)set->rows[i]);
	text_table_print(t, "", s->out);
	text_table_free(t);
}

/* --- the whole of one --- */

static void
path_lines(const struct show *s, const Fib__Circuit *r, size_t i)
{
	const Fib__CircuitPath *p = r->paths[i];
	char peer[ADDR_TEXT], labels[64], name[64], via[ADDR_TEXT], mac[24] = "-", label[24];

	if (p->mac.len == 6)
		snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", p->mac.data[0], p->mac.data[1],
		    p->mac.data[2], p->mac.data[3], p->mac.data[4], p->mac.data[5]);
	text_line(s->out, "  VC ID %u to %s: %s", p->vc_id, row_addr_text(&p->peer, peer), state_of(r, i));
	text_line(s->out, "    In/out label       : %s", labels_text(p, labels));
	text_line(s->out, "    LSP / BFD          : %s / %s", p->lsp ? "up" : "down", p->alive ? "alive" : "dead");
	text_line(s->out, "    Sends / receives   : %s / %s", p->sends ? "ready" : "no", p->receives ? "yes" : "no");
	text_add(s->out, "    Tunnel             : %s via %s on %s (%s), labels", p->ifindex ? "LSP" : "-",
	    p->next_hop.len ? row_addr_text(&p->next_hop, via) : "-", interface_name(s, p->ifindex, name), mac);
	for (size_t k = 0; k < p->n_labels; k++)
		text_add(s->out, " %s", label_text(p->labels[k], label));
	text_line(s->out, "%s", p->n_labels ? "" : " none");
	text_line(s->out, "    MTU                : %u", p->mtu);
	text_line(s->out, "    Sent               : %llu packets, %llu bytes", (unsigned long long)p->sent_packets,
	    (unsigned long long)p->sent_bytes);
	text_line(s->out, "    Received           : %llu packets, %llu bytes", (unsigned long long)p->received_packets,
	    (unsigned long long)p->received_bytes);
	text_line(s->out, "    Control channel    : %s, %llu packets", p->channel ? "ready" : "no",
	    (unsigned long long)p->channel_packets);
	if (*p->trouble)
		text_line(s->out, "    Trouble            : %s", p->trouble);
}

static void
guard_line(const struct show *s, const Fib__CircuitGuard *g)
{
	text_line(s->out, "  Drops %s: %s%s%s, %llu frames", g->protocol, g->stands ? "yes" : "no",
	    *g->trouble ? ": " : "", g->trouble, (unsigned long long)g->packets);
}

static void
circuit_lines(const struct show *s, const Fib__Circuit *r)
{
	char age[16];
	uint64_t seconds = s->now_us > r->moved_at ? (s->now_us - r->moved_at) / 1000000 : 0;

	text_line(s->out, "%s is %s, MTU %u", r->interface, !r->ifindex ? "not there" : r->up ? "up" : "down", r->mtu);
	if (r->moved_at)
		text_line(s->out, "  Last switch %s ago: %s", text_age_hhmmss(seconds, age), r->moved_why);
	else if (r->turn)
		text_line(s->out, "  Last switch unknown: fibd has started since then");
	if (*r->trouble)
		text_line(s->out, "  Trouble: %s", r->trouble);
	for (size_t i = 0; i < r->n_guards; i++)
		guard_line(s, r->guards[i]);
	for (size_t i = 0; i < r->n_paths; i++)
		path_lines(s, r, i);
}

int
fib_show_circuits(const struct show *s)
{
	const struct row_set *set = &s->tables[0];

	if (arg_given(s->args, "interface") && !set->count) {
		text_line(s->out, "There is no circuit on %s.", arg_text(s->args, "interface"));
		return 1;
	}
	text_line(s->out, RULE);
	text_line(s->out, "                 Circuits: pseudowires in the kernel");
	text_line(s->out, RULE);
	if (!arg_given(s->args, "verbose"))
		show_brief(s);
	for (size_t i = 0; arg_given(s->args, "verbose") && i < set->count; i++)
		circuit_lines(s, (const Fib__Circuit *)set->rows[i]);
	text_line(s->out, "TOTAL: %zu", set->count);
	return 0;
}
