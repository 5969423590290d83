/* The engine's objects as rows of its tables. */
#include "ldpd/model.h"
#include "proto/fill.h"
#include "proto/ldp.pb-c.h"

static void
fill_lsp(const struct row *row, void *message, struct arena *arena)
{
	const struct fec *f = CONST_OBJECT(row, struct fec, row);
	Ldp__Lsp *m = message;

	m->fec = fill_prefix(&f->prefix, arena);
	m->in_label = f->label;
	m->egress = fec_is_egress(f);
	m->pop_broken = f->ldp->config.pop_broken;
	m->mtu = f->mtu == UINT16_MAX ? 0 : f->mtu;
	m->n_next_hops = m->egress ? 0 : f->hop_count;
	m->next_hops = arena_take(arena, m->n_next_hops * sizeof *m->next_hops);
	for (size_t i = 0; i < m->n_next_hops; i++) {
		Ldp__LspNextHop *h = m->next_hops[i] = arena_take(arena, sizeof *h);
		ldp__lsp_next_hop__init(h);
		h->address = fill_addr(&f->hops[i].via->addr, arena);
		h->ifindex = f->hops[i].ifindex;
		h->out_label = f->hops[i].out_label;
		h->peer = f->hops[i].peer_lsr;
	}
	size_t count = 0;
	for (const struct binding *b = f->bindings; b && !m->egress; b = b->next)
		count += binding_is_spare(b);
	m->alternates = arena_take(arena, count * sizeof *m->alternates);
	for (const struct binding *b = f->bindings; b && m->n_alternates < count; b = b->next) {
		if (!binding_is_spare(b))
			continue;
		Ldp__LspAlternate *a = m->alternates[m->n_alternates++] = arena_take(arena, sizeof *a);
		ldp__lsp_alternate__init(a);
		a->peer = b->peer->lsr;
		a->label = b->label;
	}
}

static void
fill_local_binding(const struct fec *f, Ldp__Binding *m, struct arena *arena)
{
	m->fec = fill_prefix(&f->prefix, arena);
	m->label = f->label;
	size_t count = 0;
	for (const struct advert *a = f->adverts; a; a = a->next)
		count++;
	m->sent_to = arena_take(arena, count * sizeof *m->sent_to);
	for (const struct advert *a = f->adverts; a; a = a->next)
		if (a->state == ADVERT_TOLD)
			m->sent_to[m->n_sent_to++] = a->peer->lsr;
}

static void
fill_binding(const struct row *row, void *message, struct arena *arena)
{
	const struct label_row *r = CONST_OBJECT(row, struct label_row, row);
	const struct binding *b = r->of_peer;
	Ldp__Binding *m = message;

	if (!b) {
		fill_local_binding(CONST_OBJECT(r, struct fec, local_row), m, arena);
		return;
	}
	m->fec = fill_prefix(&b->fec->prefix, arena);
	m->peer = b->peer->lsr;
	m->label = b->label;
	m->in_use = b->in_use;
	m->stale = b->stale;
	m->not_accepted = !b->accepted;
	m->mtu = b->mtu;
}

static void
fill_session(const struct row *row, void *message, struct arena *arena)
{
	const struct peer *p = CONST_OBJECT(row, struct peer, row);
	Ldp__Session *m = message;
	static const char *const capabilities[] = { "dynamic announcement", "typed wildcard",
		"unrecognized notification" };
	static const Ldp__SessionState states[S_COUNT] = { LDP__SESSION_STATE__NON_EXISTENT,
		LDP__SESSION_STATE__INITIALIZED, LDP__SESSION_STATE__OPENREC, LDP__SESSION_STATE__OPENSENT,
		LDP__SESSION_STATE__OPERATIONAL };

	m->peer = p->lsr;
	m->label_space = p->space;
	m->state = states[p->state];
	m->role = p->role == R_ACTIVE ? LDP__ROLE__ACTIVE : LDP__ROLE__PASSIVE;
	m->local = p->ldp->config.lsr_id;
	m->local_address = fill_addr(&p->local_transport, arena);
	m->peer_address = fill_addr(&p->transport, arena);
	m->local_port = p->local_port;
	m->peer_port = p->remote_port;
	m->up_since = p->up_since;
	m->hold_ms = p->hold_ms;
	m->keepalive_ms = p->hold_ms / 3;
	m->sent = arena_copy(arena, &p->sent, sizeof p->sent);
	m->received = arena_copy(arena, &p->received, sizeof p->received);
	m->addresses = arena_take(arena, p->address_count * sizeof *m->addresses);
	list_each (l, (struct list *)(uintptr_t)&p->vias) {
		m->addresses[m->n_addresses++] = fill_addr(&OBJECT(l, struct via, of_peer)->addr, arena);
	}
	m->last_error = fill_text(p->last_error);
	m->last_down = p->last_down;
	m->peer_restarting = p->restarting;
	m->graceful_restart = p->graceful;
	m->uid = p->uid;
	m->max_pdu = p->max_pdu;
	m->tib_revision = p->tib_revision;
	m->label_exchange_done = p->exchange_done;
	struct addr id = addr_v4(p->lsr);
	m->password = fill_text(ldp_config_password_source(&p->ldp->config, &id));
	m->min_ttl = p->min_ttl;
	m->backoff_s = p->backing_off ? p->backoff_s : 0;
	m->capabilities = arena_take(arena, COUNT(capabilities) * sizeof *m->capabilities);
	for (size_t i = 0; i < COUNT(capabilities); i++)
		if (p->capabilities & 1u << i)
			m->capabilities[m->n_capabilities++] = fill_text(capabilities[i]);
}

static void
fill_adjacency(const struct row *row, void *message, struct arena *arena)
{
	const struct adjacency *a = CONST_OBJECT(row, struct adjacency, row);
	Ldp__Adjacency *m = message;

	m->peer = a->peer->lsr;
	m->ifindex = a->ifindex;
	m->source = fill_addr(&a->source, arena);
	m->label_space = a->space;
	m->hold_ms = a->hold_ms;
	const struct link *link = link_find(a->ldp, a->ifindex);
	const struct target *target = a->ifindex ? NULL : target_find(a->ldp, &a->source);
	m->interval_ms = link ? link->interval_ms : target ? target->interval_ms : 0;
	m->since = a->since;
	m->transport = fill_addr(&a->transport, arena);
	m->bfd = fill_text(guard_text(a->ldp, a));
}

static void
fill_interface(const struct row *row, void *message, struct arena *arena)
{
	const struct link *l = CONST_OBJECT(row, struct link, row);
	Ldp__Interface *m = message;

	(void)arena;
	m->ifindex = l->ifindex;
	m->name = fill_text(l->label);
	m->active = l->active;
	m->inactive = fill_text(!l->active ? l->inactive[!(l->configured & V4)] : NULL);
	m->ipv4 = l->active & V4;
	m->ipv6 = l->active & V6;
	m->inactive_ipv4 = fill_text(l->configured & V4 ? l->inactive[0] : NULL);
	m->inactive_ipv6 = fill_text(l->configured & V6 ? l->inactive[1] : NULL);
	m->hello_hold_ms = l->ldp->config.hello_hold_s * 1000u;
	m->hello_interval_ms = l->active ? l->interval_ms : l->ldp->config.hello_interval_s * 1000u;
	m->hellos_sent = l->hellos_sent;
	m->hellos_received = l->hellos_received;
	m->hellos_bad = l->hellos_bad;
	m->hellos_held = l->hellos_held;
}

static void
fill_target(const struct row *row, void *message, struct arena *arena)
{
	const struct target *t = CONST_OBJECT(row, struct target, row);
	Ldp__Target *m = message;

	m->address = fill_addr(&t->address, arena);
	m->configured = t->configured;
	m->requested = t->requests;
	m->active = !t->inactive;
	m->inactive = fill_text(t->inactive);
	m->hello_hold_ms = t->ldp->config.targeted_hold_s * 1000u;
	m->hello_interval_ms = t->inactive ? t->ldp->config.targeted_interval_s * 1000u : t->interval_ms;
	m->hellos_sent = t->hellos_sent;
	m->hellos_received = t->hellos_received;
}

static void
fill_parameters(const struct row *row, void *message, struct arena *arena)
{
	const struct ldp *ldp = CONST_OBJECT(row, struct ldp, parameters);
	const struct ldp_config *c = &ldp->config;
	Ldp__Parameters *m = message;

	(void)arena;
	m->lsr_id = c->lsr_id;
	m->session_hold_s = c->session_hold_s;
	m->keepalive_s = ldp_keepalive_s(c);
	m->hello_hold_s = c->hello_hold_s;
	m->hello_interval_s = c->hello_interval_s;
	m->targeted_hold_s = c->targeted_hold_s;
	m->targeted_interval_s = c->targeted_interval_s;
	m->backoff_first_s = c->backoff_first_s;
	m->backoff_last_s = c->backoff_last_s;
	m->recovering = ldp->recovering;
	m->trouble = fill_text(!c->lsr_id      ? "mpls lsr-id is not set"
			       : !c->enabled   ? "mpls ldp is not on"
			       : !ldp->running ? "fibd's tables are not read yet"
					       : "");
}

static void
fill_request(const struct row *row, void *message, struct arena *arena)
{
	const struct guard *g = CONST_OBJECT(row, struct guard, row);
	const struct link *l = link_find(g->ldp, g->ifindex);
	const struct ldp_if_config *c = l ? link_config(g->ldp, l) : NULL;
	Bfd__Request *m = message;

	m->client = fill_text("adjacency");
	m->peer = fill_addr(&g->source, arena);
	m->ifindex = g->ifindex;
	if (!c)
		return;
	m->min_tx_us = c->bfd_min_tx_ms * 1000u;
	m->min_rx_us = c->bfd_min_rx_ms * 1000u;
	m->multiplier = c->bfd_multiplier;
}

void
rows_init(struct ldp *ldp)
{
	struct table *tables[] = { &ldp->lsp_table, &ldp->session_table, &ldp->adjacency_table, &ldp->binding_table,
		&ldp->interface_table, &ldp->target_table, &ldp->parameters_table, &ldp->request_table,
		&ldp->sync_table, &ldp->pw_table };

	table_init(&ldp->lsp_table, "ldp.Lsp", fill_lsp);
	ldp->lsp_table.complete = false;
	table_init(&ldp->session_table, "ldp.Session", fill_session);
	table_init(&ldp->adjacency_table, "ldp.Adjacency", fill_adjacency);
	table_init(&ldp->binding_table, "ldp.Binding", fill_binding);
	table_init(&ldp->interface_table, "ldp.Interface", fill_interface);
	table_init(&ldp->target_table, "ldp.Target", fill_target);
	table_init(&ldp->request_table, "bfd.Request", fill_request);
	table_init(&ldp->parameters_table, "ldp.Parameters", fill_parameters);
	sync_init(ldp);
	for (size_t i = 0; i < COUNT(tables); i++)
		ldp->tables[i] = tables[i];
	table_changed(&ldp->parameters_table, &ldp->parameters);
}
