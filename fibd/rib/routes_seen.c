/*
 * Routes as the kernel tells of them: those of other daemons become entries, and ours are what was programmed, in this life of
 * fibd's or before. What a dump does not tell any more is gone.
 */
#include "fibd/rib/model.h"

enum { RTN_UNICAST_TYPE = 1, RTN_BLACKHOLE_TYPE = 6, RTN_UNREACHABLE_TYPE = 7, RTN_PROHIBIT_TYPE = 8 };
enum { UNKNOWN_PREFERENCE = 100 };

/* --- other daemons' --- */

static void
foreign_kind(uint8_t kernel, uint8_t *protocol, uint8_t *preference)
{
	static const struct {
		uint8_t kernel, protocol, preference;
	} known[] = {
		{ 188, FIB__PROTOCOL__OSPF, 10 }, /* RTPROT_OSPF and the like, linux/rtnetlink.h */
		{ 187, FIB__PROTOCOL__ISIS, 15 },
		{ 4, FIB__PROTOCOL__STATIC, 60 },
		{ 3, FIB__PROTOCOL__STATIC, 60 },
		{ 196, FIB__PROTOCOL__STATIC, 60 },
		{ 189, FIB__PROTOCOL__RIP, 100 },
		{ 186, FIB__PROTOCOL__BGP, 255 },
	};

	*protocol = FIB__PROTOCOL__KERNEL;
	*preference = UNKNOWN_PREFERENCE;
	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].kernel == kernel) {
			*protocol = known[i].protocol;
			*preference = known[i].preference;
		}
}

static struct entry *
foreign_entry(struct route *r, uint8_t protocol, uint32_t metric)
{
	for (struct entry *e = r ? r->entries : NULL; e; e = e->next)
		if (e->foreign && e->protocol == protocol && e->cost == metric)
			return e;
	return NULL;
}

static size_t
specs_of(const struct fib_ip_route *in, struct spec out[FIB_PATHS_MAX])
{
	for (size_t i = 0; i < in->path_count; i++)
		out[i] = (struct spec){ .addr = in->paths[i].gateway, .ifindex = in->paths[i].ifindex };
	return in->path_count;
}

static void
foreign_seen(struct rib *rib, const struct fib_ip_route *in, bool gone)
{
	struct rib_table *t = table_get(rib, in->table);
	struct route *r = gone ? route_find(t, &in->prefix) : route_get(t, &in->prefix);
	struct entry like = { .foreign = true, .cost = in->metric };
	struct spec specs[FIB_PATHS_MAX];

	foreign_kind(in->protocol, &like.protocol, &like.preference);
	struct entry *old = foreign_entry(r, like.protocol, in->metric);
	if (gone) {
		if (old && in->prefix.addr.family == 6 && in->path_count < old->fate->spec_count)
			rib_resync(rib, rib->now); /* one next hop of several: what is left has to be looked up */
		else if (old)
			route_drop_entry(rib, old);
		return;
	}
	if (in->metric == FIB_METRIC && (r->has || r->inlined))
		route_has(rib, r, NULL); /* they have replaced ours */
	size_t count = specs_of(in, specs);
	bool black_hole = in->type != RTN_UNICAST_TYPE;
	like.fate = fate_get(rib, &(struct fate){ .table = t,
				      .family = in->prefix.addr.family,
				      .black_hole = black_hole,
				      .specs = specs,
				      .spec_count = (uint16_t)count });
	like.seen = rib->dump;
	if (old && old->fate == like.fate) {
		old->seen = rib->dump;
		fate_unref(rib, like.fate);
		return;
	}
	uint32_t since = old ? old->since : (uint32_t)(rib->now / USEC_PER_SEC);
	like.chosen = old && old->chosen;
	if (old)
		route_drop_entry(rib, old);
	route_add_entry(rib, r, &like)->since = since;
}

/* --- ours --- */

static void
own_seen(struct rib *rib, const struct fib_ip_route *in, bool gone)
{
	struct rib_table *t = table_get(rib, in->table);

	if (in->metric != FIB_METRIC)
		return; /* not where we put ours */
	struct route *r = gone ? route_find(t, &in->prefix) : route_get(t, &in->prefix);
	if (!r)
		return;
	if (r->asked) /* somebody else was at it at the same time, before or after: look what there is in the end */
		rib_resync(rib, rib->now + USEC_PER_SEC);
	const struct group *had = r->has;
	const struct inlined *had_inlined = r->inlined;
	route_installed(rib, r, gone ? 0 : in->nexthop_id, in->paths, gone ? 0 : in->path_count);
	bool found = !gone && (r->has != had || r->inlined != had_inlined);
	rib->inherited |= found;
	r->inherited |= found && !rib->dumped && !r->entries;
}

void
routes_seen(struct rib *rib, const struct fib_ip_route *in, bool gone)
{
	enum { KERNEL = 2, REDIRECT = 1, ROUTER_ADVERTISEMENT = 9, LOCAL_TABLE = 255 };

	if (in->type != RTN_UNICAST_TYPE && in->type != RTN_BLACKHOLE_TYPE && in->type != RTN_UNREACHABLE_TYPE &&
	    in->type != RTN_PROHIBIT_TYPE)
		return;
	if (in->table == LOCAL_TABLE || in->protocol == KERNEL || in->protocol == REDIRECT ||
	    in->protocol == ROUTER_ADVERTISEMENT)
		return; /* these follow from addresses, which are told by themselves */
	if (in->protocol == FIB_PROTOCOL)
		own_seen(rib, in, gone);
	else
		foreign_seen(rib, in, gone);
}

/* --- the end of a dump --- */

static void
sweep_one(struct rib *rib, struct route *r)
{
	for (struct entry *e = r->entries, *next; e; e = next) {
		next = e->next;
		if (e->foreign && e->seen != rib->dump)
			route_drop_entry(rib, e);
	}
	if ((r->has || r->inlined) && r->seen != rib->dump) {
		struct fib_ip_route gone = { .table = r->table->id, .prefix = r->node.prefix, .metric = FIB_METRIC };
		own_seen(rib, &gone, true);
	}
}

void
routes_swept(struct rib *rib)
{
	routes_each(rib, sweep_one);
}
