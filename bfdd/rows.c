/* Watches as rows of bfd.Session and bfd.Counters, the thread as the row of bfd.Process. */
#include "bfdd/model.h"
#include "proto/fill.h"
#include "proto/bfd.pb-c.h"
#include <string.h>

static const char *
auth_name(const struct bfd_params *p)
{
	static const char *const names[] = { "", "simple", "keyed-md5", "meticulous-md5", "keyed-sha1",
		"meticulous-sha1" };

	return p->key_count && p->keys[0].type < COUNT(names) ? names[p->keys[0].type] : "";
}

/* Of a watch that cannot run: what its first want asks for. */
static void
fill_idle(const struct watch *w, Bfd__Session *m, struct arena *arena)
{
	const struct want *want = watch_first(w);
	const struct bfd_session_config *c = want->config;

	m->state = BFD__STATE__DOWN;
	m->remote_state = BFD__STATE__DOWN;
	m->peer = fill_addr(&want->peer, arena);
	m->source = fill_addr(&want->source, arena);
	m->vrf = fill_text(want->vrf);
	m->min_tx_us = want->min_tx_us;
	m->min_rx_us = want->min_rx_us;
	m->multiplier = want->multiplier;
	m->multihop = w->path.multihop;
	m->vccv_label = want->label;
	m->vccv_encapsulation = want->encapsulation;
	m->interface = fill_text(c ? c->interface : "");
	m->tos_exp = c ? c->tos_exp : BFD_TOS_EXP;
}

static void
fill_running(const struct watch *w, Bfd__Session *m, struct arena *arena)
{
	const struct bfd_params *p = &w->order.params;
	const struct bfd_status *s = &w->status;
	const struct port *link = port_find(w->bfd, p->ifindex);

	m->state = (Bfd__State)s->state;
	m->remote_state = (Bfd__State)s->remote_state;
	m->local = s->local;
	m->remote = s->remote;
	m->diag = s->diag;
	m->remote_diag = s->remote_diag;
	m->peer = fill_addr(&p->peer, arena);
	m->source = fill_addr(&p->local, arena);
	m->ifindex = p->ifindex;
	m->interface = fill_text(link ? link->label : "");
	m->vrf = fill_text(watch_first(w)->vrf);
	m->multihop = p->multihop;
	m->vccv_label = p->vccv_label;
	m->vccv_encapsulation = p->vccv_encapsulation;
	m->min_tx_us = p->desired_min_tx_us;
	m->min_rx_us = p->required_min_rx_us;
	m->multiplier = p->detect_mult;
	if (s->detect_us) {
		m->tx_us = s->tx_us;
		m->rx_us = s->rx_us;
		m->detect_us = s->detect_us;
	}
	m->remote_multiplier = s->remote_mult;
	m->since = s->changed_at;
	m->tos_exp = p->tos_exp;
	m->min_ttl = p->min_ttl;
	m->demand = p->demand;
	m->echoing = s->echoing;
	m->reflecting = p->required_min_echo_us != 0;
	m->authentication = fill_text(auth_name(p));
	m->ups = s->count.ups;
	m->downs = s->count.downs;
}

static void
fill_clients(const struct watch *w, Bfd__Session *m, struct arena *arena)
{
	size_t count = 0;

	list_each (l, &w->wants) {
		count++;
	}
	m->clients = arena_take(arena, count * sizeof *m->clients);
	list_each (l, &w->wants) {
		const struct want *want = OBJECT(l, struct want, of_watch);
		bool known = want->config != NULL;
		for (size_t i = 0; i < m->n_clients; i++)
			known |= strcmp(m->clients[i], want->daemon) == 0;
		if (!known)
			m->clients[m->n_clients++] = fill_text(want->daemon);
	}
}

static void
fill_session(const struct row *row, void *message, struct arena *arena)
{
	const struct watch *w = CONST_OBJECT(row, struct watch, row);
	const struct bfd_session_config *c;
	Bfd__Session *m = message;

	m->name = fill_text(w->name);
	if (list_is_empty(&w->wants)) /* on its way out: the key is all that is asked for */
		return;
	c = watch_config(w);
	if (w->running)
		fill_running(w, m, arena);
	else
		fill_idle(w, m, arena);
	m->verdict = w->verdict;
	m->waiting = w->waiting;
	m->trouble = fill_text(w->trouble);
	if (w->running && w->order.params.path_down)
		m->trouble = fill_text("its interface is down");
	m->configured = c != NULL;
	m->automatic = !c || c->automatic;
	if (c) {
		m->wtr_ms = c->wtr_min * 60000u;
		m->description = fill_text(c->description);
		m->follows = c->follows;
		m->pst = c->pst;
	}
	fill_clients(w, m, arena);
}

/* What was refused, by reason; only what happened. */
static size_t
fill_refused(
    const uint64_t now[BFD_VERDICTS], const uint64_t before[BFD_VERDICTS], Bfd__Refusal ***ret, struct arena *arena)
{
	size_t count = 0;

	*ret = arena_take(arena, BFD_VERDICTS * sizeof **ret);
	for (int v = 1; v < BFD_VERDICTS; v++) {
		uint64_t n = now[v] - (before ? before[v] : 0);
		if (!n)
			continue;
		Bfd__Refusal *r = arena_take(arena, sizeof *r);
		bfd__refusal__init(r);
		r->reason = fill_text(bfd_verdict_text((enum bfd_verdict)v));
		r->count = n;
		(*ret)[count++] = r;
	}
	return count;
}

static void
fill_counters(const struct row *row, void *message, struct arena *arena)
{
	const struct watch *w = CONST_OBJECT(row, struct watch, counter_row);
	const struct bfd_counters *n = &w->status.count, *c = &w->cleared;
	Bfd__Counters *m = message;

	m->name = fill_text(w->name);
	m->sent = n->sent - c->sent;
	m->received = n->received - c->received;
	m->echo_sent = n->echo_sent - c->echo_sent;
	m->echo_received = n->echo_received - c->echo_received;
	m->late = n->late - c->late;
	m->late_max_us = n->late_max_us;
	m->n_refused = fill_refused(n->refused, c->refused, &m->refused, arena);
}

static void
fill_process(const struct row *row, void *message, struct arena *arena)
{
	const struct bfd *b = CONST_OBJECT(row, struct bfd, process_row);
	const struct bfd_process *p = &b->process;
	Bfd__Process *m = message;

	m->scheduling = fill_text(p->scheduling);
	m->memory_locked = p->memory_locked;
	m->wakes = p->wakes;
	m->late_wakes = p->late_wakes;
	m->late_max_us = p->late_max_us;
	m->blind = p->blind;
	m->lost = p->lost;
	m->unsent = p->unsent;
	m->unsent_reason = fill_text(p->unsent_reason);
	m->deaf = fill_text(p->deaf);
	m->n_refused = fill_refused(p->refused, NULL, &m->refused, arena);
}

void
rows_init(struct bfd *b)
{
	table_init(&b->session_table, "bfd.Session", fill_session);
	table_init(&b->counter_table, "bfd.Counters", fill_counters);
	table_init(&b->process_table, "bfd.Process", fill_process);
	b->served[0] = &b->session_table;
	b->served[1] = &b->counter_table;
	b->served[2] = &b->process_table;
	table_changed(&b->process_table, &b->process_row);
}
