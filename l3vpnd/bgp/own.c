/*
 * Routes of our own, brought in from the rest of the router.
 *
 * One that passes a policy is kept beside the tables as it was given, so that it can be asked again when the policy says
 * something else; what passes none is kept nowhere else than in its table.
 */
#include "l3vpnd/bgp/model.h"
#include <stdlib.h>
#include <string.h>

enum { OWN_TARGETS_MAX = 64 };
struct own {
	struct hash_node by_key;
	struct instance *instance;
	enum bgp_family family;
	uint64_t rd;
	struct prefix prefix;
	const struct attr_set *attrs; /* as given */
	uint32_t label;
	char policy[BGP_NAME];
};

static uint32_t
own_hash(enum bgp_family f, uint64_t rd, const struct prefix *p)
{
	return dest_hash(rd, p) ^ f;
}

static struct own *
own_find(const struct instance *n, enum bgp_family f, uint64_t rd, const struct prefix *p)
{
	for (struct hash_node *k = hash_first(&n->bgp->own, own_hash(f, rd, p)); k; k = hash_next(k)) {
		struct own *o = OBJECT(k, struct own, by_key);
		if (o->instance == n && o->family == f && o->rd == rd && prefix_eq(&o->prefix, p))
			return o;
	}
	return NULL;
}

static void
own_drop(struct bgp *b, struct own *o)
{
	hash_remove(&b->own, &o->by_key);
	attr_drop(&b->attrs, o->attrs);
	free(o);
}

/* Takes over the use of the attributes; without any it is not brought in. */
static void
put(struct instance *n, enum bgp_family f, uint64_t rd, const struct prefix *p, uint32_t label,
    const struct attr_set *a)
{
	struct rib *r = rib_get(n, f);

	if (a) {
		path_put(dest_get(r, rd, p), NULL, 0, a, label, PATH_GOOD);
		return;
	}
	struct dest *d = dest_find(r, rd, p);
	if (d)
		path_gone(d, NULL, 0);
}

static void
pass(const struct own *o)
{
	struct bgp *b = o->instance->bgp;
	const struct policy_route route = { .family = o->family, .prefix = &o->prefix, .source = POLICY_OWN };

	put(o->instance, o->family, o->rd, &o->prefix, o->label,
	    policy_pass(&b->config.policies, o->policy, "", &route, &b->attrs, o->attrs, NULL));
}

void
own_take(struct instance *n, const struct bgp_own_route *route, bool gone)
{
	struct bgp *b = n->bgp;
	struct own *o = own_find(n, route->family, route->rd, &route->prefix);
	uint8_t bytes[8 * OWN_TARGETS_MAX];
	struct wire_writer targets = wire_writer(bytes, sizeof bytes);

	if (o)
		own_drop(b, o);
	if (gone) {
		put(n, route->family, route->rd, &route->prefix, 0, NULL);
		return;
	}
	for (size_t i = 0; i < route->target_count && i < OWN_TARGETS_MAX; i++)
		wire_put_u64(&targets, route->targets[i]);
	const struct attr_set *a =
	    attr_of_own(&b->attrs, route->origin, &route->next_hop, route->med, true, wire_reader(bytes, targets.at));
	if (!route->policy || !*route->policy) {
		put(n, route->family, route->rd, &route->prefix, route->label, a);
		return;
	}
	o = NEW(struct own);
	o->instance = n;
	o->family = route->family;
	o->rd = route->rd;
	o->prefix = route->prefix;
	o->label = route->label;
	o->attrs = a;
	memcpy(o->policy, route->policy, strnlen(route->policy, sizeof o->policy - 1));
	hash_add(&b->own, &o->by_key, own_hash(o->family, o->rd, &o->prefix));
	pass(o);
}

void
own_review(struct bgp *b, const struct bgp_policies *before)
{
	hash_each (k, &b->own) {
		const struct own *o = OBJECT(k, struct own, by_key);
		if (!policy_is_same(before, &b->config.policies, o->policy))
			pass(o);
	}
}

void
own_forget(struct bgp *b, const struct instance *n)
{
	hash_each (k, &b->own) {
		struct own *o = OBJECT(k, struct own, by_key);
		if (!n || o->instance == n)
			own_drop(b, o);
	}
}
