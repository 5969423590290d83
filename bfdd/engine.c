/*
 * The front of bfdd: from what people and daemons want to what the core does, and back.
 *
 * A *want* is one line of the configuration (`bfd NAME bind …`) or one row of a client's bfd.Request. Wants of the same
 * path share a *watch*: it has one session in the core whatever their number, with the quickest timers that one of them
 * asks for, and is gone with the last of them. A want whose path cannot be named yet, for its interface is not there,
 * has a watch of its own without a session.
 *
 * The core knows sessions by discriminator. It gets *orders* (make it so, remove it), which the host takes from here,
 * and tells changes, which come in as BFD_IN_CHANGE. A discriminator is free again when the core says that its session
 * has said goodbye.
 *
 * What clients read is the *verdict*: not every session that is not Up says something about the path. A new one is
 * unknown for some seconds, so that a restart of bfdd, which the other end has to notice first, moves no route; an
 * administratively downed one, at either end, is as if nobody watched (RFC 5882 section 4.3). And after a failure Up
 * is told only when it has lasted: wait to restore, damping. verdict.c.
 *
 * Different from others: two configured names for one path are refused; a link that loses its carrier takes its sessions
 * down at once (path down), for the detection time could only confirm it.
 */
#include "base/text.h"
#include "bfdd/model.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void
bfd_note(struct bfd *b, int priority, const char *format, ...)
{
	struct text line = { 0 };
	va_list args;

	va_start(args, format);
	text_vadd(&line, format, args);
	va_end(args);
	outbox_log(b->out, priority, 0, "%s", text_chars(&line));
	text_free(&line);
}

struct bfd *
bfd_new(void)
{
	struct bfd *b = NEW(struct bfd);

	b->out = outbox_new();
	timers_init(&b->timers);
	hash_init(&b->ports);
	hash_init(&b->names);
	hash_init(&b->client_wants);
	hash_init(&b->paths);
	hash_init(&b->locals);
	hash_init(&b->numbers);
	list_init(&b->wants);
	list_init(&b->watches);
	list_init(&b->orders);
	list_init(&b->removals);
	b->free_number = BFD_AUTO_FIRST;
	rows_init(b);
	return b;
}

void
bfd_free(struct bfd *b)
{
	if (!b)
		return;
	list_each_safe (l, &b->wants) {
		want_free(b, OBJECT(l, struct want, all));
	}
	hash_each (n, &b->ports) {
		free(OBJECT(n, struct port, by_ifindex));
	}
	hash_each (n, &b->numbers) {
		free(OBJECT(n, struct number, by_value));
	}
	table_gone(&b->process_table, &b->process_row);
	for (size_t i = 0; b->served[i]; i++)
		table_free(b->served[i]);
	hash_free(&b->ports);
	hash_free(&b->names);
	hash_free(&b->client_wants);
	hash_free(&b->paths);
	hash_free(&b->locals);
	hash_free(&b->numbers);
	bfd_config_free(&b->config);
	timers_free(&b->timers);
	outbox_free(b->out);
	free(b);
}

struct outbox *
bfd_outbox(struct bfd *b)
{
	return b->out;
}

struct table *const *
bfd_tables(struct bfd *b)
{
	return b->served;
}

const struct bfd_config *
bfd_config_of(const struct bfd *b)
{
	return &b->config;
}

usec_t
bfd_due(const struct bfd *b)
{
	return timers_next(&b->timers);
}

size_t
bfd_take_orders(struct bfd *b, struct bfd_order *orders, size_t room)
{
	size_t count = 0;

	/* Removals first: a path that has another discriminator now must not have two sessions. */
	while (count < room && !list_is_empty(&b->removals)) {
		struct number *n = OBJECT(b->removals.next, struct number, to_order);
		list_remove(&n->to_order);
		orders[count++] = (struct bfd_order){ .local = n->value, .remove = true };
	}
	while (count < room && !list_is_empty(&b->orders)) {
		struct watch *w = OBJECT(b->orders.next, struct watch, to_order);
		list_remove(&w->to_order);
		orders[count++] = w->order;
	}
	return count;
}

/* --- interfaces --- */

struct port *
port_find(struct bfd *b, uint32_t ifindex)
{
	for (struct hash_node *n = hash_first(&b->ports, ifindex); n; n = hash_next(n))
		if (OBJECT(n, struct port, by_ifindex)->ifindex == ifindex)
			return OBJECT(n, struct port, by_ifindex);
	return NULL;
}

struct port *
port_named(struct bfd *b, const char *name)
{
	struct port *found = NULL;

	hash_each (n, &b->ports) {
		struct port *p = OBJECT(n, struct port, by_ifindex);
		if (strcasecmp(p->label, name) == 0)
			return p;
		if (strcmp(p->name, name) == 0)
			found = p;
	}
	return found;
}

static void
set_text(char *out, size_t room, const char *from)
{
	size_t n = strnlen(from, room - 1);

	memcpy(out, from, n);
	out[n] = '\0';
}

static void
port_gone(struct bfd *b, struct port *p)
{
	hash_remove(&b->ports, &p->by_ifindex);
	free(p);
}

/* Whether anything that a path depends on is different now. */
static bool
port_row(struct bfd *b, const Fib__Interface *row, bool gone, uint32_t round)
{
	struct port *p = port_find(b, row->ifindex);

	if (gone) {
		if (p)
			port_gone(b, p);
		return p;
	}
	if (!p) {
		p = NEW(struct port);
		p->ifindex = row->ifindex;
		hash_add(&b->ports, &p->by_ifindex, p->ifindex);
	}
	p->round = round;
	bool up = row->admin_up && row->carrier;
	if (p->vrf_ifindex == row->vrf_ifindex && p->up == up && strcmp(p->name, row->name) == 0 &&
	    strcmp(p->label, row->label) == 0 && strcmp(p->vrf, row->vrf) == 0)
		return false;
	p->vrf_ifindex = row->vrf_ifindex;
	p->up = up;
	set_text(p->name, sizeof p->name, row->name);
	set_text(p->label, sizeof p->label, row->label);
	set_text(p->vrf, sizeof p->vrf, row->vrf);
	return true;
}

static void
ports_swept(struct bfd *b, uint32_t round)
{
	hash_each (n, &b->ports) {
		struct port *p = OBJECT(n, struct port, by_ifindex);
		if (p->round != round)
			port_gone(b, p);
	}
	b->ports_synced = true;
}

/* --- the door --- */

static void
change(struct bfd *b, const struct bfd_change *c)
{
	struct watch *w = watch_by_local(b, c->status.local);

	if (c->gone) {
		if (!w || !w->running)
			number_free(b, c->status.local);
		return;
	}
	if (w && w->running)
		verdict_change(b, w, &c->status);
}

static void
counters(struct bfd *b, const struct bfd_status *s)
{
	struct watch *w = watch_by_local(b, s->local);

	if (!w || !w->running)
		return;
	w->status.count = s->count;
	table_changed(&b->counter_table, &w->counter_row);
}

static void
clear(struct bfd *b)
{
	list_each (l, &b->watches) {
		struct watch *w = OBJECT(l, struct watch, all);
		w->cleared = w->status.count;
		table_changed(&b->counter_table, &w->counter_row);
	}
}

static void
dispatch(struct bfd *b, const struct bfd_input *in)
{
	struct timer *t;

	switch (in->kind) {
	case BFD_IN_CONFIG:
		bfd_config_copy(&b->config, in->config);
		wants_configure(b);
		break;
	case BFD_IN_CHANGE: change(b, in->change); break;
	case BFD_IN_COUNTERS: counters(b, in->status); break;
	case BFD_IN_PROCESS:
		if (*in->process->deaf && strcmp(in->process->deaf, b->process.deaf) != 0)
			bfd_note(b, 3, "nothing can be received in VPN instance %s", in->process->deaf);
		b->process = *in->process;
		table_changed(&b->process_table, &b->process_row);
		break;
	case BFD_IN_ROW:
		if (in->table == BFD_REQUEST) {
			want_row(b, in);
		} else {
			/* In one go at the end of the first snapshot. */
			if (port_row(b, in->row, in->gone, in->round) && b->ports_synced)
				wants_resolve(b);
		}
		break;
	case BFD_IN_SYNCED:
		if (in->table == BFD_REQUEST) {
			want_synced(b, in->daemon, in->round);
		} else {
			ports_swept(b, in->round);
			wants_resolve(b);
		}
		break;
	case BFD_IN_LOST: break; /* its rows are stale, not gone */
	case BFD_IN_CLEAR: clear(b); break;
	case BFD_IN_TIMER:
		while ((t = timers_due(&b->timers, b->now)))
			verdict_timer(b, t);
		break;
	}
}

void
bfd_input(struct bfd *b, const struct bfd_input *in, usec_t now)
{
	assert(!b->busy);
	b->busy = true;
	if (now > b->now)
		b->now = now;
	dispatch(b, in);
	b->busy = false;
}
