/* A neighbour that speaks of pseudowires: see ldp_pw_script.h. */
#include "tests/helper/ldp_pw_script.h"
#include "base/label.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

struct script *
pw_script_up(struct net_pw *ret_wanted)
{
	struct script *s = script_new("3.3.3.3");

	script_up(s);
	script_forget(s);
	*ret_wanted = pw_script_want(s);
	return s;
}

void
pw_script_free(struct script *s)
{
	ldp_config_free(&s->dut->config);
	script_free(s);
}

void
pw_script_put(struct script *s, enum ldp_type type, const struct ldp_label_fields *f)
{
	struct ldp_writer w;

	script_begin(s, &w);
	ldp_put_label_fields(&w, script_id(s), type, f);
	script_send(s, &w);
}

struct ldp_label_fields
pw_script_mapping(void)
{
	return (struct ldp_label_fields){
		.fec = { .kind = FEC_PW_ID,
		    .pw = { .type = PW_ETHERNET, .group = 9, .id = PW_NUMBER, .params = { .mtu = 1500 } } },
		.label = PW_THEIRS,
		.pw = { .has_status = true }
	};
}

void
pw_script_status(struct script *s, const struct ldp_pw_fec *fec, uint32_t status)
{
	struct ldp_writer w;

	script_begin(s, &w);
	ldp_put_pw_status(&w, script_id(s), fec, status);
	script_send(s, &w);
}

void
pw_script_end(struct script *s)
{
	struct ldp_writer w;

	script_begin(s, &w);
	ldp_put_pw_end_of_lib(&w, script_id(s));
	script_send(s, &w);
}

struct net_pw
pw_script_want(const struct script *s)
{
	return (struct net_pw){
		.peer = s->lsr, .type = PW_ETHERNET, .vc_id = PW_NUMBER, .label = PW_OURS, .group = 5, .mtu = 1500
	};
}

static void
notification(const struct ldp_msg *m, struct text *out)
{
	struct wire_reader fecs = m->notification.fecs;
	struct ldp_fec e = { 0 };

	if (wire_left(&fecs))
		ck_assert_int_eq(ldp_decode_fec(&fecs, &e), LDP_OK);
	if (m->notification.status == LDP_END_OF_LIB) {
		if (ldp_fec_is_pw(&e))
			text_add(out, " end");
	} else if (m->notification.status != LDP_PW_STATUS) {
		text_add(out, " notify:%s", ldp_status_name(m->notification.status));
	} else if (e.pw.wild) {
		text_add(out, " status:group %u:0x%x", e.pw.group, m->notification.pw.status);
	} else {
		text_add(out, " status:0x%x", m->notification.pw.status);
	}
}

static void
label_message(const struct ldp_msg *m, struct text *out)
{
	struct wire_reader fecs = m->label.fecs;
	struct ldp_fec e;

	ck_assert_int_eq(ldp_decode_fec(&fecs, &e), LDP_OK);
	if (!ldp_fec_is_pw(&e))
		return;
	switch (m->type) {
	case LDP_LABEL_MAPPING:
		text_add(out, " map:%s", e.pw.control_word ? "C" : "-");
		ck_assert_msg(m->label.pw.has_status, "every Mapping says that status can be told");
		if (m->label.pw.status)
			text_add(out, "!0x%x", m->label.pw.status);
		break;
	case LDP_LABEL_WITHDRAW:
		text_add(out, " withdraw");
		if (e.pw.wild)
			text_add(out, ":group %u", e.pw.group);
		break;
	case LDP_LABEL_RELEASE: text_add(out, " release:%d", (int)m->label.label); break;
	case LDP_LABEL_REQUEST: text_add(out, " ask"); break;
	default: ck_abort_msg("a message of type %#x", m->type);
	}
	if (m->label.status)
		text_add(out, ":%s", ldp_status_name(m->label.status));
}

const char *
pw_script_said(const struct script *s, size_t from)
{
	static char line[4096];
	struct text out = { 0 };

	for (size_t i = from; i < s->said_count; i++) {
		const struct ldp_msg *m = &s->said[i].msg;
		if (m->type == LDP_NOTIFICATION)
			notification(m, &out);
		else if (m->type >= LDP_LABEL_MAPPING && m->type <= LDP_LABEL_ABORT)
			label_message(m, &out);
	}
	snprintf(line, sizeof line, "%s", out.size ? out.chars + 1 : "");
	text_free(&out);
	return line;
}

const Ldp__Pw *
pw_script_row(struct script *s)
{
	return ldp_node_pw(s->dut, s->lsr, PW_ETHERNET, PW_NUMBER);
}
