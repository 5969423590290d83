/* Pseudowires as LDP sees them: what each end has said, and why the two do not fit. */
#include "ldpd/display.h"
#include "base/label.h"
#include "base/mem.h"
#include "host/row_text.h"
#include "ldpd/packet_pw.h"
#include "proto/ldp.pb-c.h"
#include <stdio.h>

bool
ldp_keep_pw(const ProtobufCMessage *row, const struct args *a)
{
	const Ldp__Pw *r = (const Ldp__Pw *)row;
	struct addr peer = arg_addr(a, "peer"), of;

	return !addr_is_set(&peer) || (addr_from_bytes(r->peer.data, r->peer.len, &of) && addr_eq(&peer, &of));
}

/* RFC 4446 3.5, RFC 6870. */
static void
status_text(uint32_t status, struct text *out)
{
	static const char *const bits[] = { "not forwarding", "AC receive fault", "AC send fault", "PSN receive fault",
		"PSN send fault", "standby", "switch over" };

	for (size_t i = 0; i < COUNT(bits); i++)
		if (status & 1u << i)
			text_add(out, "%s%s", out->size ? ", " : "", bits[i]);
	uint32_t others = status >> COUNT(bits) << COUNT(bits);
	if (others)
		text_add(out, "%s0x%x", out->size ? ", " : "", others);
}

static void
far_end_text(const Ldp__Pw *r, struct text *out)
{
	if (r->remote_label == LABEL_UNSET)
		text_add(out, "%s", r->session ? "no label" : "no session");
	else if (r->remote_status)
		status_text(r->remote_status, out);
	else
		text_add(out, "forwarding");
	if (r->stale)
		text_add(out, " (restarts)");
}

static const char *
type_text(uint32_t type, char out[16])
{
	snprintf(out, 16, "%u", type);
	return ldp_pw_type_name(type) ? ldp_pw_type_name(type) : out;
}

static void
cells(const struct show *s, struct text_table *t, const Ldp__Pw *r)
{
	char peer[ADDR_TEXT], type[16], in[24], out[24], age[16];
	struct text far = { 0 };
	uint64_t since = r->since && s->now_us > r->since ? (s->now_us - r->since) / 1000000 : 0;

	far_end_text(r, &far);
	text_cell(t, "%s", row_addr_text(&r->peer, peer));
	text_cell(t, "%u", r->vc_id);
	text_cell(t, "%s", type_text(r->type, type));
	text_cell(t, "%s/%s", label_text(r->local_label, in), label_text(r->remote_label, out));
	text_cell(t, "%s", r->control_word ? "yes" : "no");
	text_cell(t, "%s", r->remote_label == LABEL_UNSET ? "-" : r->status_tlv ? "status" : "withdraw");
	text_cell(t, "%s", text_chars(&far));
	text_cell(t, "%s", text_age_hhmmss(since, age));
	text_cell(t, "%s", !r->requested ? "not wanted here" : *r->trouble ? r->trouble : "-");
	text_free(&far);
}

int
ldp_show_pws(const struct show *s)
{
	static const char *const heads[] = { "Peer", "VC-ID", "Type", "In/OutLabel", "CW", "Faults by", "Far end",
		"Since", "Trouble" };
	const struct row_set *set = &s->tables[0];
	struct text_table *t = text_table_new(COUNT(heads));

	for (size_t i = 0; i < COUNT(heads); i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++)
		cells(s, t, (const Ldp__Pw *)set->rows[i]);
	text_table_print(t, " ", s->out);
	text_line(s->out, " TOTAL: %zu pseudowire(s)", set->count);
	text_table_free(t);
	return 0;
}

static void
parameters(const struct show *s, const Ldp__Pw *r)
{
	text_add(s->out, "   It says         : ");
	if (r->remote_mtu)
		text_add(s->out, "MTU %u", r->remote_mtu);
	else
		text_add(s->out, "no MTU");
	text_add(s->out, ", group %u, control word %s", r->remote_group, r->remote_control_word ? "yes" : "no");
	if (r->remote_vlan)
		text_add(s->out, ", VLAN %u", r->remote_vlan);
	if (r->remote_vccv_cc || r->remote_vccv_cv)
		text_add(s->out, ", VCCV CC 0x%02x CV 0x%02x", r->remote_vccv_cc, r->remote_vccv_cv);
	text_line(s->out, "%s", "");
	if (*r->remote_description)
		text_line(s->out, "   Description     : %s", r->remote_description);
}

int
ldp_show_pws_verbose(const struct show *s)
{
	const struct row_set *set = &s->tables[0];

	for (size_t i = 0; i < set->count; i++) {
		const Ldp__Pw *r = (const Ldp__Pw *)set->rows[i];
		char peer[ADDR_TEXT], type[16], label[24], age[16];
		struct text far = { 0 };
		far_end_text(r, &far);
		text_line(s->out, " Peer %s, VC-ID %u, %s%s", row_addr_text(&r->peer, peer), r->vc_id,
		    type_text(r->type, type), r->requested ? "" : " (only the other end wants it)");
		text_line(s->out, "   Our label       : %s", label_text(r->local_label, label));
		text_line(s->out, "   Its label       : %s", label_text(r->remote_label, label));
		text_line(s->out, "   Control word    : %s", r->control_word ? "used" : "not used");
		text_line(s->out, "   Far end         : %s", text_chars(&far));
		if (r->remote_label != LABEL_UNSET) {
			text_line(s->out, "   Faults are told : %s",
			    r->status_tlv ? "by status" : "by withdrawing the label");
			parameters(s, r);
		}
		uint64_t since = r->since && s->now_us > r->since ? (s->now_us - r->since) / 1000000 : 0;
		text_line(s->out, "   Unchanged for   : %s", text_age_hhmmss(since, age));
		text_line(s->out, "   Trouble         : %s", *r->trouble ? r->trouble : "-");
		text_free(&far);
	}
	text_line(s->out, " TOTAL: %zu pseudowire(s)", set->count);
	return 0;
}
