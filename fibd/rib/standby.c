/*
 * Next hops that stand by in a group: the kernel moves to them by itself when the last member of the group is lost.
 *
 * In a resilient group a table of buckets says which member gets which packets, each as many as its weight earns it. What
 * has so small a weight that it earns none is there and unused, until the link of the last other member is lost: the
 * kernel takes that one out, gives all buckets to who is left, and keeps the group with all its routes. Nobody in user
 * space has to live for that (doc/decisions/0007).
 *
 * Who stands by for a fate: its backups (VPN FRR), else the members of the heir, when all its followers have the same: of
 * a floating static route, or of the VPN route behind a customer's own.
 */
#include "fibd/rib/model.h"
#include <string.h>

/* The kernel's own arithmetic (nh_res_group_rebalance): each gets what lies between two rounded sums. */
static uint32_t
up_to(uint16_t buckets, uint32_t weight, uint32_t total)
{
	return total ? ((uint32_t)buckets * weight + total / 2) / total : 0;
}

uint16_t
group_buckets_of(uint16_t buckets, const uint8_t *weights, uint16_t count, uint16_t which)
{
	uint32_t total = 0, before = 0;

	for (uint16_t i = 0; i < count; i++) {
		before += i < which ? weights[i] : 0;
		total += weights[i];
	}
	return (uint16_t)(up_to(buckets, before + weights[which], total) - up_to(buckets, before, total));
}

/* However many members are lost one by one, those that stand by get nothing before the last of them. One member leaves
 * them the largest share, for they come last. */
bool
group_leaves_them_idle(uint16_t buckets, uint16_t standbys)
{
	return up_to(buckets, GROUP_MEMBER_WEIGHT, GROUP_MEMBER_WEIGHT + standbys) == buckets;
}

/* --- what a group shall be --- */

static bool
is_in(const uint32_t *ids, uint16_t count, uint32_t id)
{
	for (uint16_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* Whether all links of the members carry this one too: then it is of less use. */
static bool
is_apart(const struct fate *f, const struct nexthop *h)
{
	for (uint16_t i = 0; i < f->member_count; i++)
		if (f->members[i]->object.ifindex == h->object.ifindex)
			return false;
	return true;
}

static void
add_standbys(const struct fate *f, struct fib_nexthop *out)
{
	uint16_t standbys = 0;

	/* Those on other links come first. */
	for (int near = 0; near < 2; near++)
		for (uint16_t i = f->member_count; i < f->kept_count; i++) {
			const struct nexthop *h = f->members[i];
			if (out->member_count == FIB_PATHS_MAX || !group_leaves_them_idle(out->buckets, standbys + 1))
				return;
			if (h->refused || is_apart(f, h) == near ||
			    is_in(out->members, out->member_count, h->object.id))
				continue;
			out->members[out->member_count] = h->object.id;
			out->weights[out->member_count++] = 1;
			standbys++;
		}
}

/* Only where somebody stands by: an ordinary group passes over members whose neighbors do not answer, a resilient one does not. */
uint16_t
group_needs_buckets(const struct rib *rib, const struct fate *f)
{
	uint32_t members[FIB_PATHS_MAX];
	uint16_t count = group_members(f, members);

	for (uint16_t i = f->member_count; i < f->kept_count; i++)
		if (rib->abilities.resilient_groups && !f->black_hole && !f->members[i]->refused &&
		    !is_in(members, count, f->members[i]->object.id))
			return GROUP_BUCKETS;
	return 0;
}

void
group_wanted(const struct group *g, struct fib_nexthop *out)
{
	const struct fate *f = group_model(g);

	*out = (struct fib_nexthop){ .id = g->id, .buckets = g->buckets };
	if (!f)
		return;
	out->member_count = group_members(f, out->members);
	memset(out->weights, g->buckets ? GROUP_MEMBER_WEIGHT : 1, out->member_count);
	if (g->buckets && out->member_count && !f->black_hole)
		add_standbys(f, out);
}

bool
group_is_right(const struct group *g)
{
	struct fib_nexthop want;

	group_wanted(g, &want);
	if (!want.member_count || want.member_count != g->count)
		return false;
	for (uint16_t i = 0; i < g->count; i++) {
		bool found = false;
		for (uint16_t k = 0; k < g->count && !found; k++)
			found = g->members[i] == want.members[k] && g->weights[i] == want.weights[k];
		if (!found)
			return false;
	}
	return true;
}

uint16_t
group_active(const struct group *g, uint32_t out[FIB_PATHS_MAX])
{
	uint16_t count = 0;
	uint8_t most = 0;

	for (uint16_t i = 0; i < g->count; i++)
		most = g->weights[i] > most ? g->weights[i] : most;
	for (uint16_t i = 0; i < g->count; i++)
		if (g->weights[i] == most)
			out[count++] = g->members[i];
	return count;
}

/* --- whose heir stands by --- */

static struct fate *
heir_of_all(const struct rib *rib, const struct fate *f)
{
	if (!rib->abilities.resilient_groups || !f->heir_count || f->heir_count != f->followers || f->black_hole ||
	    f->standby_count || f->heir->black_hole || fate_is_inline(f->heir))
		return NULL;
	return f->heir;
}

void
fate_heir_counted(struct rib *rib, struct fate *f)
{
	if (heir_of_all(rib, f) != f->second)
		fate_touch(rib, f);
}

/* Nothing keeps an heir alive but the routes that are counted. */
void
fate_second_over(struct rib *rib, struct fate *f)
{
	if (!f->second)
		return;
	f->second = NULL;
	list_remove(&f->of_second);
	fate_touch(rib, f);
}

void
fate_find_second(struct rib *rib, struct fate *f)
{
	struct fate *second = heir_of_all(rib, f);

	if (f->second == second)
		return;
	list_remove(&f->of_second);
	f->second = second;
	if (second)
		list_append(&second->seconds, &f->of_second);
}

void
fate_tell_those_before(struct rib *rib, struct fate *f)
{
	list_each (l, &f->seconds) {
		fate_touch(rib, OBJECT(l, struct fate, of_second));
	}
}
