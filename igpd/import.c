/*
 * Routes of other origins that processes advertise: `import-route`. What fibd has chosen for a prefix counts, of whatever
 * protocol that is; a process does not import what came from an IGP of this router unless it is another process's.
 */
#include "igpd/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct import *
import_find(struct igp *g, const char *vrf, const struct prefix *p)
{
	for (struct hash_node *n = hash_first(&g->imports, prefix_hash(p)); n; n = hash_next(n)) {
		struct import *i = OBJECT(n, struct import, by_key);
		if (prefix_eq(&i->prefix, p) && strcmp(i->vrf, vrf) == 0)
			return i;
	}
	return NULL;
}

static const struct igp_import_config *
rule_for(const struct process *p, const struct import *i)
{
	if (strcmp(p->vrf, i->vrf) != 0 || !i->prefix.len) /* a default route has a command of its own */
		return NULL;
	for (uint8_t k = 0; k < p->import_count; k++)
		if (p->imports[k].protocol == i->protocol)
			return &p->imports[k];
	return NULL;
}

static void
tell(struct igp *g, struct process *p, const struct import *i, bool gone)
{
	const struct igp_import_config *rule = rule_for(p, i);
	struct ospf_import in = { .prefix = i->prefix };

	if (rule) {
		in.metric = rule->cost ? rule->cost : 1;
		in.tag = rule->tag;
		in.type2 = !rule->type1;
	}
	process_give(g, p, &(struct ospf_input){ .kind = OSPF_IN_IMPORT, .import = &in, .gone = gone || !rule });
}

/* Others are told of a default route when there is one that did not come from them, or whatever there is. */
static void
tell_default(struct igp *g, struct process *p)
{
	const struct igp_process_config *c = igp_config_process(&g->config, p->id);
	struct prefix all = prefix_make(addr_v4(0), 0);
	const struct import *i = import_find(g, p->vrf, &all);
	bool want = c && c->default_route.on && (c->default_route.always || (i && i->protocol != FIB__PROTOCOL__OSPF));
	struct ospf_import in = { .prefix = all,
		.metric = c && c->default_route.cost ? c->default_route.cost : 1,
		.type2 = !c || !c->default_route.type1 };

	if (!want && !p->default_told)
		return;
	p->default_told = want;
	process_give(g, p, &(struct ospf_input){ .kind = OSPF_IN_IMPORT, .import = &in, .gone = !want });
}

static void
tell_defaults(struct igp *g, const struct prefix *moved)
{
	if (moved->len)
		return;
	list_each (l, &g->processes) {
		tell_default(g, OBJECT(l, struct process, link));
	}
}

static void
import_free(struct igp *g, struct import *i)
{
	list_each (l, &g->processes) {
		tell(g, OBJECT(l, struct process, link), i, true);
	}
	hash_remove(&g->imports, &i->by_key);
	struct prefix p = i->prefix;
	free(i);
	tell_defaults(g, &p);
}

/* Not what every router has for itself: its own addresses, loopback, multicast. */
static bool
is_for_others(const struct prefix *p, const Fib__RouteEntry *e)
{
	if (p->addr.family != 4 || addr_is_loopback(&p->addr) || addr_is_multicast(&p->addr))
		return false;
	bool own = e->protocol == FIB__PROTOCOL__DIRECT && p->len == 32;
	return !own || (e->n_next_hops && e->next_hops[0]->ifindex); /* of a loopback interface it is a network */
}

void
import_row(struct igp *g, const Fib__Route *row, bool gone, uint32_t round)
{
	struct prefix p;

	if (!prefix_from_bytes(row->prefix.data, row->prefix.len, &p))
		return;
	struct import *i = import_find(g, row->vrf, &p);
	const Fib__RouteEntry *e = !gone && row->n_entries && !*row->entries[0]->inactive ? row->entries[0] : NULL;
	if (!e || !is_for_others(&p, e)) {
		if (i)
			import_free(g, i);
		return;
	}
	if (i && i->protocol != e->protocol) {
		import_free(g, i);
		i = NULL;
	}
	if (i) {
		i->round = round;
		return;
	}
	i = NEW(struct import);
	i->prefix = p;
	i->protocol = (uint8_t)e->protocol;
	i->round = round;
	snprintf(i->vrf, sizeof i->vrf, "%s", row->vrf);
	hash_add(&g->imports, &i->by_key, prefix_hash(&p));
	list_each (l, &g->processes) {
		if (rule_for(OBJECT(l, struct process, link), i))
			tell(g, OBJECT(l, struct process, link), i, false);
	}
	tell_defaults(g, &p);
}

void
imports_synced(struct igp *g, uint32_t round)
{
	hash_each (n, &g->imports) {
		struct import *i = OBJECT(n, struct import, by_key);
		if (i->round != round)
			import_free(g, i);
	}
}

static bool
same_rules(const struct process *p, const struct igp_process_config *c)
{
	if (p->import_count != c->import_count)
		return false;
	for (uint8_t i = 0; i < c->import_count; i++) {
		const struct igp_import_config *a = &p->imports[i], *b = &c->imports[i];
		if (a->protocol != b->protocol || a->cost != b->cost || a->tag != b->tag || a->type1 != b->type1)
			return false;
	}
	return true;
}

void
imports_configure(struct igp *g, struct process *p, const struct igp_process_config *c)
{
	tell_default(g, p);
	if (same_rules(p, c))
		return;
	p->import_count = c->import_count;
	memcpy(p->imports, c->imports, sizeof p->imports);
	hash_each (n, &g->imports) {
		tell(g, p, OBJECT(n, struct import, by_key), false);
	}
}

bool
imports_have_ospf(const struct igp *g, const char *vrf)
{
	hash_each (n, &g->imports) {
		const struct import *i = OBJECT(n, struct import, by_key);
		if (i->protocol == FIB__PROTOCOL__OSPF && strcmp(i->vrf, vrf) == 0)
			return true;
	}
	return false;
}

void
imports_free(struct igp *g)
{
	hash_each (n, &g->imports) {
		free(OBJECT(n, struct import, by_key));
	}
	hash_free(&g->imports);
}
