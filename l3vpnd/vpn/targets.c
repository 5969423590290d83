/*
 * Which instances import which route targets (RFC 4364 4.3.1), the other way round: a path asks by the targets that it has, and
 * not every instance whether it wants the path.
 */
#include "l3vpnd/bgp/model.h"
#include <stdlib.h>

enum bgp_family
vpn_family_of(enum bgp_family plain)
{
	return plain == BGP_IPV4 ? BGP_VPNV4 : plain == BGP_IPV6 ? BGP_VPNV6 : plain;
}

static uint32_t
target_hash(enum bgp_family f, uint64_t target)
{
	return hash_bytes(&target, sizeof target, f);
}

struct target *
vpn_target_find(const struct bgp *b, enum bgp_family f, uint64_t target)
{
	for (struct hash_node *n = hash_first(&b->targets, target_hash(f, target)); n; n = hash_next(n)) {
		struct target *t = OBJECT(n, struct target, by_target);
		if (t->target == target && t->family == f)
			return t;
	}
	return NULL;
}

void
vpn_targets_free(struct bgp *b)
{
	hash_each (n, &b->targets) {
		free(OBJECT(n, struct target, by_target)->instances);
		free(OBJECT(n, struct target, by_target));
	}
	hash_free(&b->targets);
	hash_init(&b->targets);
}

static void
target_add(struct bgp *b, struct instance *n, enum bgp_family f, uint64_t target)
{
	struct target *t = vpn_target_find(b, f, target);

	if (!t) {
		t = NEW(struct target);
		t->target = target;
		t->family = f;
		hash_add(&b->targets, &t->by_target, target_hash(f, target));
	}
	t->instances = mem_resize(t->instances, (t->count + 1) * sizeof *t->instances);
	t->instances[t->count++] = n;
}

void
vpn_targets_rebuild(struct bgp *b)
{
	static const enum bgp_family families[] = { BGP_VPNV4, BGP_VPNV6 };

	vpn_targets_free(b);
	list_each (l, &b->instances) {
		struct instance *n = OBJECT(l, struct instance, of_bgp);
		for (int k = 0; k < 2; k++)
			for (unsigned i = 0; n->config.vpn[k].on && i < n->config.vpn[k].import_count; i++)
				target_add(b, n, families[k], n->config.vpn[k].import[i]);
	}
}

uint64_t
vpn_targets_ask(struct bgp *b, enum bgp_family f, const struct attr_set *a)
{
	struct wire_reader r = attr_list(a, LIST_EXT);

	b->questions++;
	while (wire_left(&r)) {
		const struct target *t = vpn_target_find(b, f, wire_u64(&r));
		for (size_t i = 0; t && i < t->count; i++)
			t->instances[i]->wanted = b->questions;
	}
	return b->questions;
}

bool
vpn_target_is_wanted(const struct bgp *b, enum bgp_family f, const struct attr_set *a)
{
	struct wire_reader r = attr_list(a, LIST_EXT);

	while (wire_left(&r))
		if (vpn_target_find(b, f, wire_u64(&r)))
			return true;
	return false;
}
