/* What has become of LSP pings that came by control channels. */
#include "base/mem.h"
#include "host/row_text.h"
#include "l2vpnd/config.h"
#include "l2vpnd/display.h"
#include "proto/l2vpn.pb-c.h"

static void
number(struct text_table *t, uint64_t n)
{
	text_cell(t, "%llu", (unsigned long long)n);
}

int
l2vpn_show_echo_counters(const struct show *s)
{
	static const char *const heads[] = { "Destination", "VC ID", "VC Type", "Answered", "Refused", "Malformed",
		"Unanswered", "Over the rate" };
	const struct row_set *set = &s->tables[0];
	struct text_table *t = text_table_new(COUNT(heads));
	char peer[ADDR_TEXT];

	for (unsigned i = 0; i < COUNT(heads); i++) {
		text_cell(t, "%s", heads[i]);
		if (i > 2)
			text_table_right(t, i);
	}
	for (size_t i = 0; i < set->count; i++) {
		const L2vpn__EchoCounters *c = (const L2vpn__EchoCounters *)set->rows[i];
		if (c->type) {
			text_cell(t, "%s", row_addr_text(&c->peer, peer));
			text_cell(t, "%u", c->vc_id);
		} else {
			text_cell(t, "nobody's label");
			text_cell(t, "--");
		}
		text_cell(t, "%s", c->type ? l2vpn_type_name(c->type) : "--");
		number(t, c->answered);
		number(t, c->refused);
		number(t, c->malformed);
		number(t, c->unanswered);
		number(t, c->limited);
	}
	text_line(s->out, " LSP pings of other ends%s", set->count ? ":" : ": none");
	if (set->count)
		text_table_print(t, " ", s->out);
	text_table_free(t);
	return 0;
}
