/* The text of `display tunnel-policy`. */
#include "base/addr.h"
#include "base/text.h"
#include "fibd/display.h"
#include "host/row_text.h"
#include "proto/fib.pb-c.h"
#include <string.h>

bool
fib_keep_policy(const ProtobufCMessage *row, const struct args *a)
{
	return !arg_given(a, "policy") || !strcmp(((const Fib__TunnelPolicy *)row)->name, arg_text(a, "policy"));
}

static void
policy_lines(const struct show *s, const Fib__TunnelPolicy *r)
{
	char to[ADDR_TEXT];

	text_line(s->out, "Tunnel policy %s%s", r->name, r->defined ? "" : " (not defined)");
	if (*r->description)
		text_line(s->out, "  Description    : %s", r->description);
	text_add(s->out, "  Select sequence:");
	for (size_t i = 0; i < r->n_kinds; i++)
		text_add(s->out, " %s", r->kinds[i]);
	text_line(s->out, "%s", r->n_kinds ? "" : " -");
	if (r->balance)
		text_line(s->out, "  Load balance   : %u", r->balance);
	else
		text_line(s->out, "  Load balance   : all");
	for (size_t i = 0; i < r->n_bindings; i++) {
		const Fib__TunnelBinding *b = r->bindings[i];
		text_line(s->out, "  Binding        : %s to %s%s", row_addr_text(&b->destination, to), b->tunnel,
		    b->down_switch ? ", LSPs without it" : "");
	}
	text_line(s->out, "  Pseudowires    : %u", r->pseudowires);
	text_add(s->out, "  VPN instances  :");
	for (size_t i = 0; i < r->n_instances; i++)
		text_add(s->out, "%s %s", i ? "," : "", r->instances[i]);
	text_line(s->out, "%s", r->n_instances ? "" : " -");
	if (*r->trouble)
		text_line(s->out, "  Trouble        : %s", r->trouble);
}

int
fib_show_policies(const struct show *s)
{
	const struct row_set *set = &s->tables[0];

	if (arg_given(s->args, "policy") && !set->count) {
		text_line(s->out, "There is no tunnel policy %s.", arg_text(s->args, "policy"));
		return 1;
	}
	for (size_t i = 0; i < set->count; i++)
		policy_lines(s, (const Fib__TunnelPolicy *)set->rows[i]);
	text_line(s->out, "TOTAL: %zu", set->count);
	return 0;
}
