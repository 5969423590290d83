/*
 * Guards: filters in front of all others of a circuit, which drop the frames of one protocol each. Without them all that a
 * customer's switches say to each other goes through; a provider may want some of it to end at his edge. They are kept over a
 * restart, and removed, as a circuit's other filters are.
 */
#include "fibd/rib/circuits.h"
#include "proto/fill.h"

enum { CIRCUIT_HANDLE = 1 };

static const char *const names[FIB_GUARDS] = { "cdp", "dot1x", "lacp", "lldp", "stp" };

void
guards_want(struct rib *rib, struct circuit *c)
{
	for (unsigned g = 0; g < FIB_GUARDS; g++)
		if (c->dropped & 1u << g)
			circuit_want(
			    rib, c, &(struct fib_filter){ .ifindex = c->ifindex, .pref = (uint16_t)(FIB_GUARD + g) });
}

void
guard_counted(struct rib *rib, const struct fib_count *in)
{
	struct filter *f = filter_find(rib, in->ifindex, in->pref, CIRCUIT_HANDLE);

	if (!f || !f->present)
		return;
	f->has.packets = in->packets;
	f->has.bytes = in->bytes;
	circuit_show(rib, f->circuit);
}

void
fill_guards(Fib__Circuit *m, const struct circuit *c, struct arena *arena)
{
	m->guards = arena_take(arena, FIB_GUARDS * sizeof *m->guards);
	for (unsigned g = 0; g < FIB_GUARDS; g++) {
		if (!(c->dropped & 1u << g))
			continue;
		const struct filter *f = circuit_filter(c, (uint16_t)(FIB_GUARD + g), CIRCUIT_HANDLE);
		Fib__CircuitGuard *to = arena_take(arena, sizeof *to);
		fib__circuit_guard__init(to);
		to->protocol = fill_text(names[g]);
		to->stands = f && f->present && circuit_filter_is_right(f);
		to->packets = f && f->present ? f->has.packets : 0;
		to->trouble = fill_text(f && f->trouble ? f->trouble : "");
		m->guards[m->n_guards++] = to;
	}
}
