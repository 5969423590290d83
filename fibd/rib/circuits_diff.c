/*
 * Circuits wanted against seen: operations on filters, gates, and what they need (clsact, MAC addresses), and their answers.
 *
 * Gates go before everything else and alone: each moves all pseudowires of a provider edge. Then a circuit at a time, in the
 * order in which no frame gets lost, or through where it must not: guards, what receives, the filter in front, the places, the one
 * that drops; and after that what is to go, in the order in which the rest takes over.
 */
#include "fibd/rib/circuits.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_FLOWER                                                                                                     \
	"this kernel has no flower filters (module cls_flower): pseudowires carry no frames; boot a kernel that has " \
	"them, such as Debian's linux-image-amd64"

void
circuits_take_gates(struct batch *b)
{
	struct rib *rib = b->rib;

	rib->gates_first = false;
	if (!rib->has_config || !rib->dumped)
		return;
	list_each_safe (l, &rib->dirty_gates) {
		struct gate *g = OBJECT(l, struct gate, dirty);
		struct pending *p;
		if (b->count == b->room)
			return;
		list_remove(&g->dirty);
		bool delete = !g->users && g->told;
		if (g->asked || (!delete &&(!g->shut || !g->open || !g->users)))
			continue;
		struct fib_op *op = diff_next_op(b, delete ? FIB_OP_DELETE : FIB_OP_ADD, TARGET_GATE, g->index, &p);
		op->object.kind = FIB_A_GATE;
		op->object.gate = (struct fib_gate){ .index = g->index, .open = false };
		g->asked = true;
		g->told = !delete;
	}
}

/* --- what filters need --- */

static void
take_stations(struct batch *b)
{
	struct rib *rib = b->rib;

	if (!rib->stations_dirty)
		return;
	hash_each (n, &rib->stations) {
		struct station *s = OBJECT(n, struct station, by_key);
		struct pending *p;
		if (!s->needed || s->asked)
			continue;
		if (b->count == b->room)
			return;
		s->asked = true;
		struct fib_op *op = diff_next_op(b, FIB_OP_ADD, TARGET_STATION, 0, &p);
		op->object.kind = FIB_STATION;
		op->object.station = (struct fib_station){ .ifindex = s->ifindex, .addr = s->addr };
	}
	rib->stations_dirty = false;
}

/* Labels may come in there. What is left of a stack after a pop of our own comes in on lo. */
static bool
is_core(const struct port *p)
{
	return p->link.mpls_input || strcmp(p->link.name, "lo") == 0;
}

/* The operation that it needs next, if any. */
static bool
clsact_op(const struct rib *rib, const struct port *p, struct fib_clsact *ret, bool *ret_delete)
{
	bool of_circuit = p->circuit && p->circuit->told, core = rib->circuits.count && is_core(p) && !of_circuit;
	bool own = of_circuit || channels_have(rib, p);

	*ret = (struct fib_clsact){ .ifindex = p->link.ifindex, .block = core ? FIB_BLOCK : 0 };
	*ret_delete = p->has_clsact;
	if (p->has_clsact)
		return p->block == FIB_BLOCK && !core && rib->synced[FIB_L2VPN_CIRCUIT];
	return core || own;
}

static void
take_clsacts(struct batch *b)
{
	struct rib *rib = b->rib;

	if (!rib->clsacts_dirty)
		return;
	hash_each (n, &rib->ports) {
		struct port *port = OBJECT(n, struct port, by_ifindex);
		struct fib_clsact c;
		struct pending *p;
		bool delete;
		if (port->clsact_asked || port->clsact_refused || !clsact_op(rib, port, &c, &delete))
			continue;
		if (b->count == b->room)
			return;
		struct fib_op *op =
		    diff_next_op(b, delete ? FIB_OP_DELETE : FIB_OP_ADD, TARGET_CLSACT, port->link.ifindex, &p);
		op->object.kind = FIB_CLSACT;
		op->object.clsact = c;
		port->clsact_asked = true;
	}
	rib->clsacts_dirty = false;
}

/* --- filters --- */

static bool
has_a_place(const struct rib *rib, const struct circuit *c, const struct fib_filter *f)
{
	const struct port *p = f->ifindex ? port_find(c->rib, f->ifindex) : NULL;

	return f->ifindex ? p && p->has_clsact && !p->block : rib->block_links != 0;
}

static void
ask(struct batch *b, struct filter *f, enum fib_op_kind kind, const struct fib_filter *what)
{
	struct pending *p;
	struct fib_op *op = diff_next_op(b, kind, TARGET_FILTER, what->ifindex, &p);

	op->object.kind = FIB_FILTER;
	op->object.filter = *what;
	p->pref = what->pref;
	p->handle = filter_handle(what);
	f->asked = true;
	f->changed = false;
}

/* Those of one preference. False: the batch is full. */
static bool
settle_pref(struct batch *b, struct circuit *c, uint16_t pref, bool delete)
{
	struct rib *rib = b->rib;

	list_each_safe (l, &c->filters) {
		struct filter *f = OBJECT(l, struct filter, of_circuit);
		const struct fib_filter *key = f->present ? &f->has : &f->want;
		if (key->pref != pref || f->asked)
			continue;
		if (delete &&!f->wanted && !f->present)
			filter_release(rib, f);
		else if (circuit_filter_is_right(f) || f->refused || f->wanted == delete)
			continue;
		else if (b->count == b->room)
			return false;
		else if (delete)
			ask(b, f, FIB_OP_DELETE, &f->has);
		else if (has_a_place(rib, c, &f->want))
			ask(b, f, FIB_OP_ADD, &f->want);
	}
	return true;
}

static bool
settle_guards(struct batch *b, struct circuit *c, bool delete)
{
	bool room = true;

	for (uint16_t pref = FIB_GUARD; room && pref < FIB_GUARD + FIB_GUARDS; pref++)
		room = settle_pref(b, c, pref, delete);
	return room;
}

static bool
settle_circuit(struct batch *b, struct circuit *c)
{
	static const uint16_t received[] = { FIB_ASSOCIATED, FIB_CHANNEL, FIB_RECEIVE_PLAIN, FIB_RECEIVE };
	bool room = settle_guards(b, c, false);

	for (size_t i = 0; room && i < COUNT(received); i++)
		room = settle_pref(b, c, received[i], false);
	for (uint16_t pref = FIB_FRONT; room && pref < FIB_PLACE + FIB_CIRCUIT_PATHS; pref++)
		room = settle_pref(b, c, pref, false);
	room = room && settle_pref(b, c, FIB_LAST, false) && settle_pref(b, c, FIB_DROP, false);
	for (uint16_t pref = FIB_FRONT; room && pref < FIB_PLACE + FIB_CIRCUIT_PATHS; pref++)
		room = settle_pref(b, c, pref, true);
	for (size_t i = COUNT(received); room && i-- > 0;)
		room = settle_pref(b, c, received[i], true);
	return room && settle_pref(b, c, FIB_LAST, true) && settle_pref(b, c, FIB_DROP, true) &&
	       settle_guards(b, c, true);
}

void
circuits_take(struct batch *b)
{
	struct rib *rib = b->rib;

	tunnels_tell(rib);
	sieves_take(b);
	list_each_safe (l, &rib->dirty_circuits) {
		struct circuit *c = OBJECT(l, struct circuit, dirty);
		if (b->count == b->room)
			return;
		circuit_settle(rib, c);
		if (!settle_circuit(b, c))
			return; /* it goes on from here with the next batch */
		list_remove(&c->dirty);
		circuit_release(rib, c);
	}
	/* What these have found to be needed. */
	circuits_take_gates(b);
	take_stations(b);
	take_clsacts(b);
	diff_take_extra(b);
}

/* --- answers --- */

static void
answer_filter(struct rib *rib, const struct pending *p, int error, const char *text)
{
	struct filter *f = filter_find(rib, p->id, p->pref, p->handle);

	if (fib_is_sieve(p->pref))
		sieve_answer(rib, p->handle, error, text);
	if (!f)
		return;
	f->asked = false;
	rib_lacks(rib, NO_FLOWER, error, text);
	circuit_dirty(rib, f->circuit);
	if (p->delete &&(!error || error == ENOENT || error == EINVAL)) {
		/* It may have been gone already, or with the qdisc. */
		if (f->present)
			filters_seen(rib, &f->has, true);
		rows_set(&f->trouble, NULL);
		return;
	}
	bool shown = f->present && filters_same(&f->has, &f->want);
	if (!error && (shown || f->changed || !f->wanted)) {
		rows_set(&f->trouble, NULL);
		return;
	}
	rows_set(&f->trouble, error ? text : "the kernel has taken it and shows something else");
	f->refused = true;
	diff_again_later(rib);
}

static void
answer_clsact(struct rib *rib, const struct pending *p, int error, const char *text)
{
	struct port *port = port_find(rib, p->id);

	if (!port)
		return;
	port->clsact_asked = false;
	rib->clsacts_dirty = true;
	if (error == EEXIST || (p->delete &&error)) {
		rib_resync(rib, rib->now); /* somebody was quicker: look */
		port->clsact_refused = true;
		diff_again_later(rib);
	} else if (error) {
		port->clsact_refused = true;
		snprintf(port->trouble, sizeof port->trouble, "it can carry no pseudowires: %s", text);
		table_changed(&rib->interface_table, &port->row);
		diff_again_later(rib);
	}
}

static void
answer_gate(struct rib *rib, const struct pending *p, int error)
{
	struct gate *g = gate_find(rib, p->id);

	if (!g)
		return;
	g->asked = false;
	if (error && !p->delete) {
		g->refused = true;
		diff_again_later(rib);
	}
	gate_dirty(rib, g);
}

void
circuits_answer(struct rib *rib, const struct pending *p, int error, const char *text)
{
	switch (p->target) {
	case TARGET_FILTER: answer_filter(rib, p, error, text); break;
	case TARGET_CLSACT: answer_clsact(rib, p, error, text); break;
	case TARGET_GATE: answer_gate(rib, p, error); break;
	case TARGET_STATION: /* the neighbor table is told of by itself; a link that is down refuses, and is asked again with its next event */
	default: break;
	}
}

void
circuits_retry(struct rib *rib)
{
	hash_each (n, &rib->filters) {
		OBJECT(n, struct filter, by_key)->refused = false;
	}
	hash_each (m, &rib->gates) {
		struct gate *g = OBJECT(m, struct gate, by_index);
		g->refused = false;
		gate_dirty(rib, g);
	}
	hash_each (k, &rib->ports) {
		OBJECT(k, struct port, by_ifindex)->clsact_refused = false;
	}
	hash_each (j, &rib->stations) {
		struct station *s = OBJECT(j, struct station, by_key);
		s->asked = s->asked && s->valid;
	}
	channels_retry(rib);
	rib->stations_dirty = rib->clsacts_dirty = true;
	circuits_all_dirty(rib);
}
