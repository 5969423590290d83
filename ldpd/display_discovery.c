/* Discovery as an operator reads it: each interface and each targeted neighbour, with who was heard there. */
#include "ldpd/display.h"
#include "proto/ldp.pb-c.h"

enum { PARAMETERS, INTERFACES, ADJACENCIES };

static const char *
id_text(uint32_t id, char out[ADDR_TEXT])
{
	struct addr a = addr_v4(id);

	return addr_text(&a, out);
}

static const char *
bytes_text(const ProtobufCBinaryData *b, char out[ADDR_TEXT])
{
	struct addr a = addr_none();

	addr_from_bytes(b->data, b->len, &a);
	return addr_text(&a, out);
}

static void
heard(const struct show *s, const Ldp__Adjacency *a)
{
	char id[ADDR_TEXT], source[ADDR_TEXT], transport[ADDR_TEXT], age[16];

	text_line(s->out, "            LDP Id: %s:%u", id_text(a->peer, id), a->label_space);
	if (!arg_given(s->args, "detail"))
		return;
	text_line(s->out, "              Src IP addr: %s; Transport IP addr: %s", bytes_text(&a->source, source),
	    bytes_text(&a->transport, transport));
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
	for (size_t i = 0; i < set->count; i++) {
		const Ldp__Adjacency *a = (const Ldp__Adjacency *)set->rows[i];
		if (a->ifindex == r->ifindex)
			heard(s, a);
	}
}

int
ldp_show_discovery(const struct show *s)
{
	const struct row_set *adjacencies = &s->tables[ADJACENCIES];
	bool any = false;

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
	for (size_t i = 0; i < adjacencies->count; i++) {
		const Ldp__Adjacency *a = (const Ldp__Adjacency *)adjacencies->rows[i];
		char source[ADDR_TEXT];
		if (a->ifindex)
			continue;
		if (!any)
			text_line(s->out, "    Targeted Hellos:");
		any = true;
		text_line(s->out, "        %s (ldp): xmit/recv", bytes_text(&a->source, source));
		heard(s, a);
	}
	return 0;
}
