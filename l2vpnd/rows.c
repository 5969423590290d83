/* Pseudowires and circuits as rows: what ldpd is to signal, what fibd is to forward, what displays show. */
#include "l2vpnd/model.h"
#include "proto/fill.h"
#include <stdio.h>
#include <string.h>

static void
fill_request(const struct row *row, void *message, struct arena *arena)
{
	const struct pw *p = CONST_OBJECT(row, struct pw, request_row);
	L2vpn__PwRequest *m = message;

	m->peer = fill_addr(&p->settings.peer, arena);
	m->type = p->settings.type;
	m->vc_id = p->settings.vc_id;
	m->label = p->asked.label;
	m->group = p->asked.group;
	m->control_word = p->asked.control_word;
	m->mtu = p->asked.mtu;
	m->description = fill_text(p->asked.description);
	m->vlan = p->asked.vlan;
	m->vccv_cc = p->asked.cc;
	m->vccv_cv = p->asked.cv;
	m->status = p->asked.status;
}

static void
fill_circuit(const struct row *row, void *message, struct arena *arena)
{
	const struct service *s = CONST_OBJECT(row, struct service, circuit_row);
	const struct circuit_said *c = &s->said;
	L2vpn__Circuit *m = message;

	m->interface = fill_text(s->name);
	m->tagged = c->tagged;
	m->active = c->active;
	m->turn = c->turn;
	m->local = fill_text(c->local);
	m->carrier_follows = c->carrier_follows;
	m->switches = s->switches;
	m->switched = s->switched_at;
	m->switch_reason = fill_text(s->switch_why);
	m->dropped = c->dropped;
	m->paths = arena_take(arena, (c->count + 1u) * sizeof *m->paths);
	for (; m->n_paths < c->count; m->n_paths++) {
		const struct path_said *p = &c->path[m->n_paths];
		L2vpn__CircuitPath *to = arena_take(arena, sizeof *to);
		l2vpn__circuit_path__init(to);
		to->peer = fill_addr(&p->peer, arena);
		to->vc_id = p->vc_id;
		to->out_label = p->out_label;
		to->in_label = p->in_label;
		to->control_word = p->control_word;
		to->usable = p->usable;
		to->last_resort = p->last_resort;
		to->bfd = p->bfd;
		to->bfd_source = fill_addr(&p->bfd_source, arena);
		to->tunnel_policy = fill_text(p->policy);
		to->control_channel = p->control_channel;
		m->paths[m->n_paths] = to;
	}
}

/* --- for displays --- */

static void
fill_remote(const struct pw_word *w, L2vpn__Vc *m)
{
	m->session = w->session;
	m->remote_label = w->remote_label;
	m->remote_status = w->remote_status;
	m->remote_group = w->remote_group;
	m->remote_mtu = w->remote_mtu;
	m->control_word = w->control_word;
	m->remote_control_word = w->remote_control_word;
	m->status_tlv = w->status_tlv;
	m->remote_vccv_cc = w->remote_vccv_cc;
	m->remote_vccv_cv = w->remote_vccv_cv;
	m->remote_description = fill_text(w->description);
}

static void
fill_path(const struct pw *p, L2vpn__Vc *m, struct arena *arena)
{
	const struct told_path *w = &p->state.path;

	m->alive = w->alive;
	m->lsp = w->lsp;
	m->n_tunnel_labels = w->label_count;
	m->tunnel_labels = arena_copy(arena, w->labels, sizeof w->labels);
	m->out_interface = fill_text(told_interface_name(p->of->of, w->ifindex));
	m->next_hop = fill_addr(&w->next_hop, arena);
	m->path_mtu = w->mtu;
	if (p->state.disregards)
		m->warning =
		    fill_text("the other end hears nothing of BFD here, which is away: its fault is disregarded");
	else if (p->state.up)
		m->warning = fill_text(w->trouble);
}

static void
fill_vc(const struct row *row, void *message, struct arena *arena)
{
	const struct pw *p = CONST_OBJECT(row, struct pw, row);
	const struct pw_state *s = &p->state;
	L2vpn__Vc *m = message;

	m->peer = fill_addr(&p->settings.peer, arena);
	m->type = p->settings.type;
	m->vc_id = p->settings.vc_id;
	m->interface = fill_text(p->of->name);
	m->service = fill_text(p->of->config.service);
	m->role = (L2vpn__Role)p->role;
	m->up = s->up;
	m->trouble = fill_text(s->up ? "" : s->why);
	m->circuit_up = s->circuit_up;
	m->active = s->active;
	m->good = s->good;
	m->local_label = s->word.local_label;
	m->local_status = p->asked.status;
	m->local_group = p->asked.group;
	m->local_mtu = p->asked.mtu;
	m->local_control_word = p->settings.control_word;
	m->local_vccv_cc = p->asked.cc;
	m->local_vccv_cv = p->asked.cv;
	m->control_channel = pw_channel(p);
	m->ignore_standby = p->settings.ignore_standby;
	m->bfd = p->settings.bfd.on;
	m->vccv_bfd = s->watch.encapsulation != 0;
	m->vccv_alive = s->channel_alive;
	m->tunnel_policy = fill_text(p->settings.policy);
	m->template_ = fill_text(p->settings.template);
	m->created = p->created_at;
	m->up_since = p->up_at;
	m->since = p->since;
	m->ups = p->ups;
	fill_remote(&s->word, m);
	fill_path(p, m, arena);
}

static void
fill_echo_counters(const struct row *row, void *message, struct arena *arena)
{
	const struct echo_counter *c = CONST_OBJECT(row, struct echo_counter, row);
	L2vpn__EchoCounters *m = message;

	if (c->of) {
		m->peer = fill_addr(&c->of->settings.peer, arena);
		m->type = c->of->settings.type;
		m->vc_id = c->of->settings.vc_id;
	}
	m->answered = c->answered;
	m->refused = c->refused;
	m->malformed = c->malformed;
	m->unanswered = c->unanswered;
	m->limited = c->limited;
}

static char *
revert_text(const struct l2vpn_circuit_config *c, struct arena *arena)
{
	char text[32];

	if (c->mode == L2VPN_SLAVE || c->mode == L2VPN_INDEPENDENT)
		return fill_text("as the other ends say");
	if (c->revert != L2VPN_DELAY)
		return fill_text(c->revert == L2VPN_NEVER ? "never" : "immediately");
	snprintf(text, sizeof text, "delay %u s", c->delay_s ? c->delay_s : L2VPN_DELAY_S);
	return arena_text(arena, text);
}

static void
fill_rules(const struct service *s, L2vpn__Service *m, struct arena *arena)
{
	const struct l2vpn_circuit_config *c = &s->config;
	bool resumes = c->mode == L2VPN_FRR && c->revert != L2VPN_NEVER;

	m->mode = (L2vpn__Mode)c->mode;
	m->state = (L2vpn__RedundancyState)s->redundancy;
	m->revert = revert_text(c, arena);
	m->resume_s = !resumes ? 0 : c->has_resume ? c->resume_s : L2VPN_RESUME_S;
	m->hold_off_s = c->hold_s;
	m->carrier_follows = c->carrier_follows;
	if (timer_is_set(&s->timer)) {
		m->wait_s = s->timer_s;
		m->wait_since = s->timer_since;
	}
}

static char *
protocols_text(uint32_t bits, struct arena *arena)
{
	char text[64] = "";
	size_t at = 0;

	for (int p = 0; p < L2VPN_PROTOCOLS; p++)
		if (bits & 1u << p)
			at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", at ? " " : "",
			    l2vpn_protocol_name((enum l2vpn_protocol)p));
	return arena_text(arena, text);
}

static void
fill_service(const struct row *row, void *message, struct arena *arena)
{
	const struct service *s = CONST_OBJECT(row, struct service, row);
	const struct pw *active = s->pws[s->state.active];
	L2vpn__Service *m = message;

	m->interface = fill_text(s->name);
	m->name = fill_text(s->config.service);
	m->local = fill_text(s->local);
	m->circuit_up = s->word.up;
	m->mtu = s->word.mtu;
	m->ccc = fill_text(s->ccc);
	m->out_interface = s->out_interface;
	m->since = s->state.since;
	m->dropped = protocols_text(s->config.dropped, arena);
	m->not_dropped = protocols_text(s->config.dropped & ~s->word.dropped, arena);
	m->trouble = fill_text(*s->local            ? s->state.why
			       : !s->state.answered ? "fibd has not answered yet"
			       : !s->word.ifindex   ? "there is no such interface"
						    : s->word.trouble);
	m->up = s->state.up;
	fill_rules(s, m, arena);
	m->active = (L2vpn__Role)s->state.active;
	m->carries = s->state.carries;
	if (s->state.carries && active) {
		m->peer = fill_addr(&active->settings.peer, arena);
		m->vc_id = active->settings.vc_id;
	}
	m->turn = s->turn;
	m->switches = s->switches;
	m->switched = s->switched_at;
	m->switch_reason = fill_text(s->switch_why);
	for (int r = 0; r < L2VPN_ROLES; r++)
		m->pseudowires += s->pws[r] != NULL;
	m->pseudowires_up = s->state.up_count;
}

void
rows_init(struct l2vpn *l)
{
	table_init(&l->request_table, "l2vpn.PwRequest", fill_request);
	table_init(&l->circuit_table, "l2vpn.Circuit", fill_circuit);
	table_init(&l->vc_table, "l2vpn.Vc", fill_vc);
	table_init(&l->service_table, "l2vpn.Service", fill_service);
	table_init(&l->echo_table, "l2vpn.EchoCounters", fill_echo_counters);
	l->served[0] = &l->request_table;
	l->served[1] = &l->circuit_table;
	l->served[2] = &l->vc_table;
	l->served[3] = &l->service_table;
	l->served[4] = &l->watch_table;
	l->served[5] = &l->echo_table;
	for (struct table *const *t = l->served; *t; t++)
		(*t)->complete = false; /* until it is known what there was before */
}
