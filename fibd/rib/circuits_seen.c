/*
 * Filters of circuits, and where they can be, as the kernel tells of them. What was told is what counts: that an operation was
 * acknowledged does not make a filter seen.
 *
 * With an interface or its qdisc the kernel drops the filters there without a word, and those of the block with the last
 * interface that shares it.
 */
#include "fibd/rib/circuits.h"
#include <stdlib.h>
#include <string.h>

static uint32_t
key_hash(uint32_t ifindex, uint16_t pref, uint32_t handle)
{
	const uint32_t key[] = { ifindex, pref, handle };

	return hash_bytes(key, sizeof key, 0);
}

static const struct fib_filter *
key_of(const struct filter *f)
{
	return f->present ? &f->has : &f->want;
}

struct filter *
filter_find(const struct rib *rib, uint32_t ifindex, uint16_t pref, uint32_t handle)
{
	for (struct hash_node *n = hash_first(&rib->filters, key_hash(ifindex, pref, handle)); n; n = hash_next(n)) {
		struct filter *f = OBJECT(n, struct filter, by_key);
		const struct fib_filter *key = key_of(f);
		if (key->ifindex == ifindex && key->pref == pref && filter_handle(key) == handle)
			return f;
	}
	return NULL;
}

struct filter *
filter_of_label(const struct rib *rib, uint32_t label)
{
	enum { OUTERMOST = 0x100000 };
	struct filter *f = filter_find(rib, 0, FIB_RECEIVE, label | OUTERMOST);

	return f ? f : filter_find(rib, 0, FIB_RECEIVE_PLAIN, label | OUTERMOST);
}

static struct filter *
find(const struct rib *rib, const struct fib_filter *like)
{
	return filter_find(rib, like->ifindex, like->pref, filter_handle(like));
}

static struct filter *
add(struct rib *rib, struct circuit *c, const struct fib_filter *like)
{
	struct filter *f = NEW(struct filter);

	f->circuit = c;
	f->want = *like;
	hash_add(&rib->filters, &f->by_key, key_hash(like->ifindex, like->pref, filter_handle(like)));
	list_init(&f->of_circuit);
	list_init(&f->of_gate);
	if (like->ifindex)
		hash_add(&rib->filters_by_link, &f->by_link, like->ifindex);
	list_append(&c->filters, &f->of_circuit);
	return f;
}

struct filter *
filter_get(struct rib *rib, struct circuit *c, const struct fib_filter *like)
{
	struct filter *f = find(rib, like);

	if (!f)
		return add(rib, c, like);
	if (f->circuit != c) { /* a label has moved to another circuit */
		struct circuit *before = f->circuit;
		list_remove(&f->of_circuit);
		list_append(&c->filters, &f->of_circuit);
		f->circuit = c;
		circuit_dirty(rib, before);
	}
	return f;
}

void
filter_release(struct rib *rib, struct filter *f)
{
	if (f->present || f->wanted || f->asked)
		return;
	hash_remove(&rib->filters, &f->by_key);
	if (key_of(f)->ifindex)
		hash_remove(&rib->filters_by_link, &f->by_link);
	list_remove(&f->of_circuit);
	list_remove(&f->of_gate);
	free(f->trouble);
	free(f);
}

/* --- filters --- */

static void
leave_gate(struct rib *rib, struct filter *f)
{
	struct gate *g = f->has.gate ? gate_get(rib, f->has.gate) : NULL;

	list_remove(&f->of_gate);
	if (!g)
		return;
	g->users--;
	gate_dirty(rib, g);
}

static void
join_gate(struct rib *rib, struct filter *f, const struct fib_filter *in)
{
	struct gate *g = in->gate ? gate_get(rib, in->gate) : NULL;

	if (!g)
		return;
	list_append(&g->filters, &f->of_gate);
	g->users++;
	g->open = in->open;
	gate_dirty(rib, g);
}

/* The interfaces of control channels may go when no filter needs them any more. */
static void
use_channels(struct rib *rib, const struct fib_filter *f, int users)
{
	if (f->form == FIB_FRAME || (!f->ifindex && !f->out))
		return;
	rib->channels.filters += (uint32_t)users;
	rib->channels.dirty = true;
}

static void
lost(struct rib *rib, struct filter *f)
{
	if (!f->present)
		return;
	leave_gate(rib, f);
	use_channels(rib, &f->has, -1);
	f->want = f->wanted ? f->want : f->has; /* its key stays */
	f->present = false;
	circuit_dirty(rib, f->circuit);
}

static void
seen(struct rib *rib, struct filter *f, const struct fib_filter *in)
{
	bool same = f->present && filters_same(&f->has, in) && f->has.open == in->open;
	bool counted = f->present && (f->has.packets != in->packets || f->has.bytes != in->bytes);

	f->seen = rib->dump;
	if (!same) {
		if (f->present) {
			leave_gate(rib, f);
			use_channels(rib, &f->has, -1);
		}
		join_gate(rib, f, in);
		use_channels(rib, in, 1);
		circuit_dirty(rib, f->circuit);
	}
	f->has = *in;
	f->present = true;
	if (same && counted)
		circuit_show(rib, f->circuit);
}

static void
all_lost(struct rib *rib, uint32_t ifindex)
{
	if (!ifindex) {
		hash_each (n, &rib->filters) {
			struct filter *f = OBJECT(n, struct filter, by_key);
			if (!key_of(f)->ifindex)
				lost(rib, f);
		}
		sieves_lost(rib);
		return;
	}
	for (struct hash_node *n = hash_first(&rib->filters_by_link, ifindex); n; n = hash_next(n))
		if (key_of(OBJECT(n, struct filter, by_link))->ifindex == ifindex)
			lost(rib, OBJECT(n, struct filter, by_link));
}

void
filters_seen(struct rib *rib, const struct fib_filter *in, bool gone)
{
	if (gone && in->all) { /* of one preference: look what there is */
		rib_resync(rib, rib->now);
		return;
	}
	if (fib_is_sieve(in->pref)) {
		sieve_seen(rib, in, gone);
		return;
	}
	struct filter *f = find(rib, in);
	if (gone) {
		if (f)
			lost(rib, f);
		return;
	}
	if (!f)
		f = add(rib, circuit_of_port(rib, in->form ? in->circuit : in->ifindex ? in->ifindex : in->out), in);
	rib->inherited |= !rib->dumped;
	seen(rib, f, in);
}

/* Some filters for each that receives, and one or two that send. */
void
counts_seen(struct rib *rib, const struct fib_count *in)
{
	struct filter *f = filter_of_label(rib, in->label);
	struct circuit *c = f ? f->circuit : NULL;

	if (!in->label)
		guard_counted(rib, in);
	if (!c || !in->label)
		return;
	list_each (l, &c->filters) {
		struct fib_filter *has = &OBJECT(l, struct filter, of_circuit)->has;
		bool of_channel = has->form != FIB_FRAME;
		if (has->label != in->label || !has->ifindex != in->received || of_channel != in->channel)
			continue;
		has->packets = in->packets;
		has->bytes = in->bytes;
	}
	circuit_show(rib, c);
}

/* --- where they can be --- */

static bool
is_lo(const struct port *p)
{
	return strcmp(p->link.name, "lo") == 0;
}

void
clsact_lost(struct rib *rib, struct port *p)
{
	if (!p->has_clsact)
		return;
	p->has_clsact = false;
	rib->clsacts_dirty = rib->work = true;
	if (!p->block)
		all_lost(rib, p->link.ifindex);
	if (p->block == FIB_BLOCK) {
		rib->core_links -= !is_lo(p);
		if (--rib->block_links == 0)
			all_lost(rib, 0);
		circuits_all_dirty(rib);
	}
	p->block = 0;
}

void
clsacts_seen(struct rib *rib, const struct fib_clsact *in, bool gone)
{
	struct port *p = port_find(rib, in->ifindex);

	if (!p)
		return;
	p->clsact_seen = rib->dump;
	if (gone) {
		clsact_lost(rib, p);
		return;
	}
	if (p->has_clsact && p->block == in->block)
		return;
	clsact_lost(rib, p);
	p->has_clsact = true;
	p->block = in->block;
	rib->clsacts_dirty = rib->work = true;
	if (p->block == FIB_BLOCK) {
		rib->core_links += !is_lo(p);
		rib->block_links++;
		circuits_all_dirty(rib);
	}
	if (p->circuit)
		circuit_dirty(rib, p->circuit);
	if (channels_have(rib, p))
		circuits_all_dirty(rib);
}

/* The end of a dump: what was not told is not there. */
void
circuits_swept(struct rib *rib)
{
	hash_each (k, &rib->ports) {
		struct port *p = OBJECT(k, struct port, by_ifindex);
		if (p->has_clsact && p->clsact_seen != rib->dump)
			clsact_lost(rib, p);
	}
	hash_each (n, &rib->filters) {
		struct filter *f = OBJECT(n, struct filter, by_key);
		if (f->present && f->seen != rib->dump)
			lost(rib, f);
	}
	sieves_swept(rib);
	gates_swept(rib);
	rib->channels.dirty = true;
	rib->clsacts_dirty = rib->stations_dirty = true;
	if (!rib->dumped)
		circuits_all_dirty(rib);
}
