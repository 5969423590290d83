/*
 * The timer wheel: four rings of 256 slots, each ring's slot as wide as the whole ring below it. A node lies in the
 * ring of the highest byte (of its slot number) in which its deadline differs from the wheel's time, so whatever lies
 * in a lower ring is due before all that lies in a higher one. As time reaches a slot of a higher ring, its nodes fall
 * into the rings below. What lies beyond the highest ring waits in that ring's farthest slot and is looked at again there.
 */
#include "base/wheel.h"
#include "base/mem.h"

void
wheel_init(struct wheel *w, usec_t now)
{
	for (size_t i = 0; i < COUNT(w->slots); i++)
		list_init(&w->slots[i]);
	for (unsigned l = 0; l < WHEEL_LEVELS; l++)
		for (unsigned k = 0; k < COUNT(w->used[l]); k++)
			w->used[l][k] = 0;
	w->now = now;
	w->beside = NULL;
}

void
wheel_node_init(struct wheel_node *n, uint32_t kind)
{
	list_init(&n->link);
	n->at = USEC_NEVER;
	n->kind = kind;
	n->slot = 0;
}

static unsigned
shift_of(unsigned level)
{
	return WHEEL_SHIFT + 8 * level;
}

static unsigned
index_of(usec_t at, unsigned level)
{
	return (unsigned)(at >> shift_of(level)) & (WHEEL_SLOTS - 1);
}

static unsigned
slot_for(const struct wheel *w, usec_t at)
{
	if (at < w->now)
		at = w->now;
	uint64_t differ = (at ^ w->now) >> WHEEL_SHIFT;
	unsigned level = 0;

	while (level < WHEEL_LEVELS - 1 && differ >> (8 * (level + 1)))
		level++;
	/* The highest ring goes around: there a distance counts, not a difference. */
	if (level == WHEEL_LEVELS - 1 && (at >> shift_of(level)) - (w->now >> shift_of(level)) >= WHEEL_SLOTS)
		return level * WHEEL_SLOTS + ((index_of(w->now, level) + WHEEL_SLOTS - 1) & (WHEEL_SLOTS - 1));
	return level * WHEEL_SLOTS + index_of(at, level);
}

void
wheel_clear(struct wheel *w, struct wheel_node *n)
{
	if (n->at == USEC_NEVER)
		return;
	list_remove(&n->link);
	n->at = USEC_NEVER;
	if (list_is_empty(&w->slots[n->slot]))
		w->used[n->slot / WHEEL_SLOTS][n->slot % WHEEL_SLOTS / 64] &= ~(UINT64_C(1) << (n->slot % 64));
}

void
wheel_set(struct wheel *w, struct wheel_node *n, usec_t at)
{
	wheel_clear(w, n);
	if (at == USEC_NEVER)
		return;
	unsigned slot = slot_for(w, at);

	n->at = at;
	n->slot = (uint16_t)slot;
	if (slot < WHEEL_SLOTS)
		w->first[slot] = list_is_empty(&w->slots[slot]) ? at : usec_min(w->first[slot], at);
	list_append(&w->slots[slot], &n->link);
	w->used[slot / WHEEL_SLOTS][slot % WHEEL_SLOTS / 64] |= UINT64_C(1) << (slot % 64);
}

/* The first used slot of a ring from `from` on, counted from there and around; WHEEL_SLOTS when there is none. */
static unsigned
first_used(const struct wheel *w, unsigned level, unsigned from)
{
	for (unsigned step = 0; step < WHEEL_SLOTS;) {
		unsigned i = (from + step) & (WHEEL_SLOTS - 1);
		uint64_t bits = w->used[level][i / 64] >> (i % 64);

		if (bits) {
			step += (unsigned)__builtin_ctzll(bits);
			return step < WHEEL_SLOTS ? step : WHEEL_SLOTS;
		}
		step += 64 - i % 64;
	}
	return WHEEL_SLOTS;
}

/* The earliest slot that is used, and when it begins. False: the wheel is empty. */
static bool
earliest(const struct wheel *w, unsigned *ret_slot, usec_t *ret_start)
{
	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		unsigned from = index_of(w->now, level);
		unsigned step = first_used(w, level, from);

		if (step == WHEEL_SLOTS)
			continue;
		*ret_slot = level * WHEEL_SLOTS + ((from + step) & (WHEEL_SLOTS - 1));
		*ret_start = ((w->now >> shift_of(level)) + step) << shift_of(level);
		return true;
	}
	return false;
}

usec_t
wheel_next(const struct wheel *w)
{
	unsigned slot;
	usec_t start, first = USEC_NEVER;

	if (!earliest(w, &slot, &start))
		return USEC_NEVER;
	if (slot >= WHEEL_SLOTS)
		return start;
	/* What was first may be gone since: at worst somebody looks when there is nothing yet, and only once. */
	if (w->first[slot] > w->now)
		return w->first[slot];
	list_each (l, (struct list *)(uintptr_t)&w->slots[slot]) {
		first = usec_min(first, OBJECT(l, struct wheel_node, link)->at);
	}
	return first;
}

struct wheel_node *
wheel_due(struct wheel *w, usec_t now)
{
	unsigned slot;
	usec_t start;

	while (earliest(w, &slot, &start) && start <= now) {
		struct list *nodes = &w->slots[slot];

		if (slot < WHEEL_SLOTS) {
			list_each (l, nodes) {
				struct wheel_node *n = OBJECT(l, struct wheel_node, link);
				if (n->at > now)
					continue;
				w->beside = l->next == nodes ? NULL : OBJECT(l->next, struct wheel_node, link);
				wheel_clear(w, n);
				return n;
			}
			break;
		}
		/* Its time has come: down into the finer rings. */
		struct list falling;
		list_init(&falling);
		while (!list_is_empty(nodes)) {
			struct wheel_node *n = OBJECT(nodes->next, struct wheel_node, link);
			usec_t at = n->at;
			wheel_clear(w, n);
			n->at = at; /* kept over the move */
			list_append(&falling, &n->link);
		}
		if (start > w->now)
			w->now = start;
		while (!list_is_empty(&falling)) {
			struct wheel_node *n = OBJECT(falling.next, struct wheel_node, link);
			usec_t at = n->at;
			list_remove(&n->link);
			n->at = USEC_NEVER;
			wheel_set(w, n, at);
		}
	}
	if (now > w->now)
		w->now = now;
	return NULL;
}
