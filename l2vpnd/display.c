/* l2vpnctl's displays, in the form that network engineers know from VRP's `display mpls l2vc`. */
#include "l2vpnd/display.h"
#include "base/label.h"
#include "base/mem.h"
#include "host/row_text.h"
#include "l2vpnd/control_channel.h"
#include "l2vpnd/config.h"
#include "proto/l2vpn.pb-c.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct row_set *
table(const struct show *s, const char *name)
{
	for (size_t i = 0; i < s->table_count; i++)
		if (strcmp(s->tables[i].schema->table, name) == 0)
			return &s->tables[i];
	return NULL;
}

static const L2vpn__Service *
service_of(const struct show *s, const char *interface)
{
	const struct row_set *set = table(s, "l2vpn.Service");

	for (size_t i = 0; set && i < set->count; i++)
		if (strcmp(((const L2vpn__Service *)set->rows[i])->interface, interface) == 0)
			return (const L2vpn__Service *)set->rows[i];
	return NULL;
}

static uint64_t
seconds_since(const struct show *s, uint64_t moment)
{
	return moment && s->now_us > moment ? (s->now_us - moment) / 1000000 : 0;
}

static const char *
span(uint64_t seconds, char out[80])
{
	snprintf(out, 80, "%llu days, %llu hours, %llu minutes, %llu seconds", (unsigned long long)(seconds / 86400),
	    (unsigned long long)(seconds / 3600 % 24), (unsigned long long)(seconds / 60 % 60),
	    (unsigned long long)(seconds % 60));
	return out;
}

static const char *
or_none(const char *text)
{
	return *text ? text : "--";
}

static const char *
up_down(bool up)
{
	return up ? "up" : "down";
}

/* --- words of numbers --- */

static const char *
type_text(uint32_t type)
{
	return type == L2VPN_TAGGED ? "VLAN"
	       : type == L2VPN_RAW  ? "Ethernet"
	       : type == L2VPN_HDLC ? "HDLC"
	       : type == L2VPN_PPP  ? "PPP"
				    : "unknown";
}

/* Bits of RFC 8077 5.4.2 and RFC 6870, in words; of several all of them. */
static const char *
status_text(uint32_t status, char out[160])
{
	static const struct {
		uint32_t bit;
		const char *word;
	} words[] = { { 0x1, "not forwarding" }, { 0x2, "AC receive fault" }, { 0x4, "AC send fault" },
		{ 0x8, "PSN receive fault" }, { 0x10, "PSN send fault" }, { 0x20, "standby" },
		{ 0x40, "switchover request" } };
	size_t at = (size_t)snprintf(out, 160, "0x%x (", status);
	const char *gap = "";

	for (size_t i = 0; i < COUNT(words); i++)
		if (status & words[i].bit) {
			at += (size_t)snprintf(out + at, 160 - at, "%s%s", gap, words[i].word);
			gap = ", ";
		}
	snprintf(out + at, 160 - at, "%s)", status ? "" : "forwarding");
	return out;
}

static const char *
vccv_text(uint32_t cc, uint32_t cv, char out[160])
{
	static const char *const channels[] = { "cw", "alert", "ttl" };
	static const char *const checks[] = { "icmp-ping", "lsp-ping", "bfd-udp-fault", "bfd-udp-status",
		"bfd-raw-fault", "bfd-raw-status" };
	size_t at = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < COUNT(channels); i++)
		if (cc & 1u << i)
			at += (size_t)snprintf(out + at, 160 - at, "%s%s", at ? " " : "", channels[i]);
	for (unsigned i = 0; i < COUNT(checks); i++)
		if (cv & 1u << i)
			at += (size_t)snprintf(out + at, 160 - at, "%s%s", at ? " " : "", checks[i]);
	return or_none(out);
}

static const char *
state_text(L2vpn__RedundancyState state)
{
	switch (state) {
	case L2VPN__REDUNDANCY_STATE__ON_PRIMARY: return "on the primary";
	case L2VPN__REDUNDANCY_STATE__HOLD_OFF: return "the primary has failed and is waited for";
	case L2VPN__REDUNDANCY_STATE__ON_BACKUP: return "on a backup";
	case L2VPN__REDUNDANCY_STATE__REVERT_WAIT: return "on a backup; the primary is good, and is gone back to soon";
	case L2VPN__REDUNDANCY_STATE__STAYING: return "on a backup, and stays there";
	case L2VPN__REDUNDANCY_STATE__RESUME_WAIT: return "on the primary; the backup's end is not told yet";
	default: return "no pseudowire is good";
	}
}

/* --- pseudowires --- */

bool
l2vpn_keep_vc(const ProtobufCMessage *row, const struct args *a)
{
	const L2vpn__Vc *v = (const L2vpn__Vc *)row;
	const char *interface = arg_text(a, "interface");

	return (!arg_u32(a, "vcid") || v->vc_id == arg_u32(a, "vcid")) &&
	       (!interface || ifname_eq(interface, v->interface));
}

#define LINE(name, ...) text_add(s->out, "  %-22s: ", name), text_line(s->out, __VA_ARGS__)

static void
pair(const struct show *s, const char *left, const char *a, const char *right, const char *b)
{
	text_line(s->out, "  %-22s: %-12s %-21s: %s", left, a, right, b);
}

static void
vc_labels(const struct show *s, const L2vpn__Vc *v)
{
	char own[24], other[24];

	label_text(v->local_label, own);
	label_text(v->remote_label, other);
	pair(s, "local VC label", v->local_label == LABEL_UNSET ? "--" : own, "remote VC label",
	    v->remote_label == LABEL_UNSET ? "--" : other);
	LINE("control word", "%s%s", v->control_word ? "enable" : "disable",
	    v->local_control_word == v->remote_control_word || v->remote_label == LABEL_UNSET ? ""
	    : v->local_control_word ? " (wanted here, not there)"
				    : " (wanted there, not here)");
}

static void
vc_head(const struct show *s, const L2vpn__Vc *v)
{
	const L2vpn__Service *service = service_of(s, v->interface);
	char peer[ADDR_TEXT];

	text_line(s->out, "%s", "");
	text_line(s->out, " *%-22s: %s is %s", "client interface", v->interface, up_down(v->circuit_up));
	if (*v->service)
		LINE("service name", "%s", v->service);
	LINE("session state", "%s", up_down(v->session));
	LINE("AC status", "%s", up_down(v->circuit_up));
	LINE("VC state", "%s", up_down(v->up));
	if (*v->trouble)
		LINE("reason", "%s", v->trouble);
	if (*v->warning)
		LINE("warning", "%s", v->warning);
	LINE("VC ID", "%u", v->vc_id);
	LINE("VC type", "%s", type_text(v->type));
	LINE("destination", "%s", row_addr_text(&v->peer, peer));
	vc_labels(s, v);
	LINE("primary or secondary", "%s", l2vpn_role_name((enum l2vpn_role)v->role));
	LINE("active state", "%s", !v->active ? "inactive" : v->good ? "active" : "active, for want of another");
	if (service && v->active && *service->switch_reason)
		LINE("switch reason", "%s", service->switch_reason);
}

const char *
l2vpn_dropped_text(const L2vpn__Service *v, char out[160])
{
	if (*v->not_dropped)
		snprintf(out, 160, "%s (not in the kernel: %s)", v->dropped, v->not_dropped);
	else
		snprintf(out, 160, "%s", v->dropped);
	return out;
}

static void
protocols(const struct show *s, const L2vpn__Service *v)
{
	char text[160];

	if (*v->dropped)
		LINE("dropped protocols", "%s", l2vpn_dropped_text(v, text));
}

static void
vc_ends(const struct show *s, const L2vpn__Vc *v)
{
	char own[160], other[160], local_mtu[16], remote_mtu[16];

	snprintf(local_mtu, sizeof local_mtu, "%u", v->local_mtu);
	snprintf(remote_mtu, sizeof remote_mtu, "%u", v->remote_mtu);
	LINE("local group ID", "%u", v->local_group);
	LINE("remote group ID", "%u", v->remote_group);
	LINE("status TLV", "%s", v->status_tlv ? "both ends" : "not agreed: faults are told by withdrawn labels");
	LINE("local status code", "%s", status_text(v->local_status, own));
	LINE("remote status code", "%s", v->remote_label == LABEL_UNSET ? "--" : status_text(v->remote_status, other));
	LINE("ignore standby state", "%s", v->ignore_standby ? "yes" : "no");
	pair(s, "local VC MTU", v->local_mtu ? local_mtu : "--", "remote VC MTU", v->remote_mtu ? remote_mtu : "--");
	LINE("local VCCV", "%s", vccv_text(v->local_vccv_cc, v->local_vccv_cv, own));
	LINE("remote VCCV", "%s", vccv_text(v->remote_vccv_cc, v->remote_vccv_cv, other));
	LINE("VCCV in use", "%s%s%s", control_channel_name(v->control_channel), v->control_channel ? ": " : "",
	    v->control_channel ? vccv_text(0, v->local_vccv_cv & v->remote_vccv_cv, own) : "");
	if (*v->remote_description)
		LINE("remote description", "%s", v->remote_description);
	LINE("BFD for peer", "%s", !v->bfd ? "disable" : v->alive ? "enable, alive" : "enable, dead");
	LINE("BFD over VCCV", "%s", !v->vccv_bfd ? "none" : v->vccv_alive ? "runs, alive" : "runs, not alive");
}

static void
vc_tunnel(const struct show *s, const L2vpn__Vc *v)
{
	char hop[ADDR_TEXT], label[24];

	LINE("tunnel policy name", "%s", or_none(v->tunnel_policy));
	LINE("PW template name", "%s", or_none(v->template_));
	if (!v->lsp) {
		LINE("VC tunnel/token info", "0 tunnels/tokens");
		return;
	}
	LINE("VC tunnel/token info", "1 tunnels/tokens");
	text_add(s->out, "    NO.0 TNL type : lsp , labels :");
	for (size_t i = 0; i < v->n_tunnel_labels; i++)
		text_add(s->out, " %s", label_text(v->tunnel_labels[i], label));
	text_line(s->out, "%s , next hop : %s , out interface : %s", v->n_tunnel_labels ? "" : " none",
	    row_addr_text(&v->next_hop, hop), or_none(v->out_interface));
	if (v->path_mtu)
		LINE("largest frame", "%u bytes behind its Ethernet header", v->path_mtu);
}

static void
service_rules(const struct show *s, const L2vpn__Service *v)
{
	char text[80];

	LINE("redundancy mode", "%s", l2vpn_mode_name((enum l2vpn_mode)v->mode));
	LINE("redundancy state", "%s", state_text(v->state));
	if (v->resume_s)
		LINE("reroute policy", "%s, resume %u s", v->revert, v->resume_s);
	else
		LINE("reroute policy", "%s", v->revert);
	if (v->hold_off_s)
		LINE("hold off", "%u s", v->hold_off_s);
	if (v->wait_s) {
		uint64_t gone = seconds_since(s, v->wait_since);
		LINE("waits for", "%llu s more", (unsigned long long)(gone < v->wait_s ? v->wait_s - gone : 0));
	}
	LINE("reason of last reroute", "%s", or_none(v->switch_reason));
	LINE("time of last reroute", "%s", v->switched ? span(seconds_since(s, v->switched), text) : "--");
}

static void
vc_times(const struct show *s, const L2vpn__Vc *v)
{
	char text[80];

	LINE("create time", "%s", span(seconds_since(s, v->created), text));
	LINE("up time", "%s", span(seconds_since(s, v->up_since), text));
	LINE("last change time", "%s", span(seconds_since(s, v->since), text));
	LINE("VC up count", "%llu", (unsigned long long)v->ups);
}

/* Says when what was asked for does not exist. Returns an exit status. */
static int
totals(const struct show *s)
{
	const struct row_set *set = table(s, "l2vpn.Vc");
	size_t up = 0;

	for (size_t i = 0; i < set->count; i++)
		up += ((const L2vpn__Vc *)set->rows[i])->up;
	if (!set->count && arg_given(s->args, "vcid")) {
		text_line(s->out, " There is no pseudowire with VC ID %u", arg_u32(s->args, "vcid"));
		return 1;
	}
	if (!set->count && arg_given(s->args, "interface")) {
		text_line(s->out, " There is no pseudowire of %s", arg_text(s->args, "interface"));
		return 1;
	}
	text_line(s->out, " total LDP VC : %zu     %zu up       %zu down", set->count, up, set->count - up);
	return 0;
}

int
l2vpn_show_vcs(const struct show *s)
{
	const struct row_set *set = table(s, "l2vpn.Vc");
	bool all = arg_given(s->args, "verbose") || arg_given(s->args, "interface");
	int status = totals(s);

	for (size_t i = 0; i < set->count; i++) {
		const L2vpn__Vc *v = (const L2vpn__Vc *)set->rows[i];
		const L2vpn__Service *service = service_of(s, v->interface);
		vc_head(s, v);
		if (!all)
			continue;
		vc_ends(s, v);
		vc_tunnel(s, v);
		if (service)
			protocols(s, service);
		if (service && service->pseudowires > 1)
			service_rules(s, service);
		vc_times(s, v);
	}
	return status;
}

int
l2vpn_show_vcs_brief(const struct show *s)
{
	static const char *const heads[] = { "Client Interface", "VC ID", "VC Type", "Destination", "AC", "VC",
		"Local/Remote Label", "Role", "Active" };
	const struct row_set *set = table(s, "l2vpn.Vc");
	struct text_table *t = text_table_new(COUNT(heads));
	char peer[ADDR_TEXT], own[24], other[24];

	totals(s);
	for (size_t i = 0; i < COUNT(heads); i++)
		text_cell(t, "%s", heads[i]);
	for (size_t i = 0; i < set->count; i++) {
		const L2vpn__Vc *v = (const L2vpn__Vc *)set->rows[i];
		text_cell(t, "%s", v->interface);
		text_cell(t, "%u", v->vc_id);
		text_cell(t, "%s", type_text(v->type));
		text_cell(t, "%s", row_addr_text(&v->peer, peer));
		text_cell(t, "%s", up_down(v->circuit_up));
		text_cell(t, "%s", up_down(v->up));
		text_cell(t, "%s/%s", v->local_label == LABEL_UNSET ? "--" : label_text(v->local_label, own),
		    v->remote_label == LABEL_UNSET ? "--" : label_text(v->remote_label, other));
		text_cell(t, "%s", l2vpn_role_name((enum l2vpn_role)v->role));
		text_cell(t, "%s", v->active ? "yes" : "no");
	}
	if (set->count) {
		text_line(s->out, "%s", "");
		text_table_print(t, " ", s->out);
	}
	text_table_free(t);
	return 0;
}

/* --- services --- */

/* Without a name: those that have one. */
bool
l2vpn_keep_service(const ProtobufCMessage *row, const struct args *a)
{
	const L2vpn__Service *v = (const L2vpn__Service *)row;
	const char *name = arg_text(a, "name");

	return name ? strcmp(v->name, name) == 0 : *v->name != '\0';
}

static void
service_pws(const struct show *s, const L2vpn__Service *v)
{
	const struct row_set *set = table(s, "l2vpn.Vc");
	char peer[ADDR_TEXT];

	for (size_t i = 0; set && i < set->count; i++) {
		const L2vpn__Vc *p = (const L2vpn__Vc *)set->rows[i];
		if (strcmp(p->interface, v->interface) != 0)
			continue;
		text_line(s->out, "    %-9s : %s, VC ID %u, %s%s%s%s", l2vpn_role_name((enum l2vpn_role)p->role),
		    row_addr_text(&p->peer, peer), p->vc_id, up_down(p->up), p->active ? ", active" : "",
		    *p->trouble ? ": " : "", p->trouble);
	}
}

static void
service_one(const struct show *s, const L2vpn__Service *v)
{
	char peer[ADDR_TEXT];

	text_line(s->out, "%s", "");
	text_line(s->out, " *%-22s: %s", "service name", v->name);
	LINE("client interface", "%s is %s", v->interface, up_down(v->circuit_up));
	LINE("service state", "%s", up_down(v->up));
	if (*v->trouble)
		LINE("reason", "%s", v->trouble);
	protocols(s, v);
	if (*v->local) {
		LINE("switched to", "%s, by ccc %s", v->local, v->ccc);
		return;
	}
	if (v->carries)
		LINE("active pseudowire", "%s, to %s, VC ID %u", l2vpn_role_name((enum l2vpn_role)v->active),
		    row_addr_text(&v->peer, peer), v->vc_id);
	else
		LINE("active pseudowire", "--");
	service_rules(s, v);
	LINE("switches", "%llu", (unsigned long long)v->switches);
	LINE("pseudowires", "%u, %u up", v->pseudowires, v->pseudowires_up);
	service_pws(s, v);
}

int
l2vpn_show_services(const struct show *s)
{
	const struct row_set *set = table(s, "l2vpn.Service");
	size_t up = 0;

	if (!set->count && arg_text(s->args, "name")) {
		text_line(s->out, " There is no service %s", arg_text(s->args, "name"));
		return 1;
	}
	for (size_t i = 0; i < set->count; i++)
		up += ((const L2vpn__Service *)set->rows[i])->up;
	text_line(s->out, " total services : %zu     %zu up       %zu down", set->count, up, set->count - up);
	for (size_t i = 0; i < set->count; i++)
		service_one(s, (const L2vpn__Service *)set->rows[i]);
	return 0;
}
