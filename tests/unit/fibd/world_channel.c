/* The test's kernel: what becomes of packets of control channels, and the pair of interfaces; see world_tc.h. */
#include "tests/unit/fibd/world_tc.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- the pair --- */

static uint32_t
link_named(struct world *w, const char *name)
{
	for (size_t i = 0; i < w->link_count; i++)
		if (strcmp(w->links[i].name, name) == 0)
			return w->links[i].ifindex;
	return 0;
}

uint32_t
world_vccv(struct world *w)
{
	return link_named(w, FIB_VCCV_OURS);
}

static void
make_one(struct world *w, uint32_t ifindex, const char *name)
{
	struct rib *rib = w->rib;

	w->rib = NULL; /* told when it is whole */
	world_link(w, ifindex, name, NULL);
	w->rib = rib;
	struct fib_link *l = world_link_of(w, ifindex);
	l->ours = true;
	l->admin_up = false;
	world_admin(w, ifindex, false);
}

/* The kernel tells of one after the other. */
int
world_vccv_make(struct world *w)
{
	uint32_t first = 500 + 2 * w->tc->pairs;

	if (w->tc->no_veth)
		return EOPNOTSUPP;
	if (link_named(w, FIB_VCCV_DEVICE) || link_named(w, FIB_VCCV_OURS))
		return EEXIST;
	w->tc->pairs++;
	make_one(w, first + 1, FIB_VCCV_OURS);
	make_one(w, first, FIB_VCCV_DEVICE);
	return 0;
}

void
world_vccv_remove(struct world *w)
{
	static const char *const both[] = { FIB_VCCV_DEVICE, FIB_VCCV_OURS };

	for (size_t i = 0; i < COUNT(both); i++) /* first both are down */
		if (link_named(w, both[i]))
			world_admin(w, link_named(w, both[i]), false);
	for (size_t i = 0; i < COUNT(both); i++)
		if (link_named(w, both[i]))
			world_unplug(w, link_named(w, both[i]));
}

/* --- packets --- */

static const struct fib_filter *
look(struct world *w, const struct world_control *p, uint16_t pref, uint8_t form)
{
	const struct fib_filter like = {
		.pref = pref, .form = form, .label = p->label, .explicit_null = p->explicit_null
	};

	return world_filter_like(w->tc, &like);
}

static bool
meets_sieve(struct world *w, const struct world_control *p, uint16_t pref, enum fib_form form)
{
	const struct fib_filter like = { .pref = pref, .form = (uint8_t)form, .explicit_null = p->explicit_null };

	return world_filter_like(w->tc, &like);
}

/* In the chain: where it ends nobody else takes it. */
static const char *
sieved(struct world *w, const struct world_control *p, enum fib_form form)
{
	const struct fib_filter *f = look(w, p, FIB_CHANNEL, (uint8_t)form);

	return world_received(w, f || p->alert ? f : look(w, p, FIB_ASSOCIATED, FIB_CONTROL_WORD));
}

const char *
world_control(struct world *w, const struct world_control *p)
{
	const struct fib_filter *f = NULL;

	if (!world_has_block(w, p->ifindex))
		return "not ours";
	if (p->alert)
		return meets_sieve(w, p, FIB_SIEVE_LABELS, FIB_ROUTER_ALERT) ? sieved(w, p, FIB_ROUTER_ALERT)
									     : world_received(w, NULL);
	if (p->expires && meets_sieve(w, p, FIB_SIEVE_LABELS, FIB_TTL_EXPIRY))
		return sieved(w, p, FIB_TTL_EXPIRY);
	if ((f = look(w, p, FIB_RECEIVE_PLAIN, 0)))
		return world_received(w, f);
	if (p->associated && meets_sieve(w, p, FIB_SIEVE, FIB_CONTROL_WORD))
		return world_received(w, look(w, p, FIB_ASSOCIATED, FIB_CONTROL_WORD));
	return world_received(w, look(w, p, FIB_RECEIVE, 0));
}

const char *
world_said(struct world *w, uint32_t label)
{
	static const char *const forms[] = { "", "", " alert", " expires" };
	const struct fib_filter like = { .ifindex = world_vccv(w), .pref = FIB_CHANNEL, .label = label };
	const struct fib_filter *f = like.ifindex ? world_filter_like(w->tc, &like) : NULL;
	struct text t = { 0 };

	if (!f)
		return "dropped";
	text_add(&t, "%u", f->out);
	for (uint8_t i = 0; i < f->label_count; i++)
		text_add(&t, "%s%u", i ? "/" : ": ", f->labels[i]);
	text_add(&t, "%s mac %u", forms[f->form], f->mac[5]);
	const char *kept = arena_text(&w->arena, text_chars(&t));
	text_free(&t);
	return kept;
}
