/* The test's kernel; see world.h. */
#include "tests/unit/fibd/world.h"
#include "fibd/commands.h"
#include "tests/unit/fibd/world_tc.h"
#include <check.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DROP(list, count, i) ((list)[i] = (list)[--(count)])
#define GROW(list, count) ((list) = mem_resize((list), ((count) + 1) * sizeof *(list)), &(list)[(count)++])

struct addr
world_addr(const char *text)
{
	struct addr a = addr_none();

	if (text)
		ck_assert_msg(addr_parse(text, &a), "no address: %s", text);
	return a;
}

struct prefix
world_prefix(const char *text)
{
	struct prefix p;

	ck_assert_msg(prefix_parse(text, &p), "no prefix: %s", text);
	return p;
}

/* --- telling the engine --- */

void
world_input(struct world *w, const struct fib_input *in)
{
	rib_input(w->rib, in, w->now);
	struct outbox *out = rib_outbox(w->rib);
	for (size_t i = 0; i < outbox_count(out); i++)
		text_line(&w->log, "%s", (const char *)outbox_at(out, i).bytes);
	outbox_clear(out);
}

static void
tell(struct world *w, const struct fib_object *o, bool gone)
{
	if (!w->deaf)
		world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = o, .gone = gone });
}

static void
tell_link(struct world *w, const struct fib_link *l, bool gone)
{
	struct fib_object o = { .kind = FIB_LINK };

	o.link = *l;
	tell(w, &o, gone);
}

static void
tell_nexthop(struct world *w, const struct fib_nexthop *n, bool gone)
{
	struct fib_object o = { .kind = FIB_NEXTHOP };

	o.nexthop = *n;
	tell(w, &o, gone);
}

static void
tell_address(struct world *w, const struct fib_address *a, bool gone)
{
	struct fib_object o = { .kind = FIB_ADDRESS };

	o.address = *a;
	tell(w, &o, gone);
}

static void
tell_route(struct world *w, const struct fib_ip_route *r, bool gone)
{
	struct fib_object o = { .kind = FIB_IP_ROUTE };

	o.ip_route = *r;
	tell(w, &o, gone);
}

static void
tell_ilm(struct world *w, const struct fib_label_route *r, bool gone)
{
	struct fib_object o = { .kind = FIB_LABEL_ROUTE };

	o.label_route = *r;
	tell(w, &o, gone);
}

void
world_tell_all(struct world *w)
{
	bool deaf = w->deaf;

	w->deaf = false;
	w->dumps++;
	for (size_t i = 0; i < w->link_count; i++)
		tell_link(w, &w->links[i], false);
	for (size_t i = 0; i < w->address_count; i++)
		tell_address(w, &w->addresses[i], false);
	for (size_t i = 0; i < w->nexthop_count; i++)
		tell_nexthop(w, &w->nexthops[i], false);
	for (size_t i = 0; i < w->route_count; i++)
		tell_route(w, &w->routes[i], false);
	for (size_t i = 0; i < w->ilm_count; i++)
		tell_ilm(w, &w->ilms[i], false);
	world_tc_tell_all(w);
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN_ALL });
	w->deaf = deaf;
}

/* --- the kernel's own doing --- */

struct fib_link *
world_link_of(struct world *w, uint32_t ifindex)
{
	for (size_t i = 0; i < w->link_count; i++)
		if (w->links[i].ifindex == ifindex)
			return &w->links[i];
	return NULL;
}

struct fib_nexthop *
world_nexthop_of(struct world *w, uint32_t id)
{
	for (size_t i = 0; i < w->nexthop_count; i++)
		if (w->nexthops[i].id == id)
			return &w->nexthops[i];
	return NULL;
}

/* Routes on a next hop object go with it, and nobody is told. */
static void
remove_nexthop(struct world *w, uint32_t id, bool loud)
{
	for (size_t i = 0; i < w->route_count;)
		if (w->routes[i].nexthop_id == id)
			DROP(w->routes, w->route_count, i);
		else
			i++;
	for (size_t i = 0; i < w->nexthop_count; i++) {
		if (w->nexthops[i].id != id)
			continue;
		struct fib_nexthop gone = w->nexthops[i];
		DROP(w->nexthops, w->nexthop_count, i);
		if (loud)
			tell_nexthop(w, &gone, true);
		break;
	}
	for (size_t i = 0; i < w->nexthop_count; i++) {
		struct fib_nexthop *g = &w->nexthops[i];
		uint16_t kept = 0, before = g->member_count;
		for (uint16_t k = 0; k < before; k++)
			if (g->members[k] != id) {
				g->members[kept] = g->members[k];
				g->weights[kept++] = g->weights[k];
			}
		g->member_count = kept;
		if (before && !kept) {
			remove_nexthop(w, g->id, loud);
			i = (size_t)-1;
		} else if (kept != before && loud) {
			tell_nexthop(w, g, false);
		}
	}
}

/* Routes with inline next hops go when all of these are on links that are down, and nobody is told. A link that has
 * merely lost its carrier keeps them, whatever they are good for. */
static void
drop_routes_on(struct world *w, uint32_t ifindex)
{
	for (size_t i = 0; i < w->route_count; i++) {
		const struct fib_ip_route *r = &w->routes[i];
		uint16_t dead = 0;
		for (uint16_t k = 0; k < r->path_count; k++) {
			const struct fib_link *l = world_link_of(w, r->paths[k].ifindex);
			dead += r->paths[k].ifindex == ifindex || !l || !l->admin_up;
		}
		if (r->protocol == FIB_PROTOCOL && !r->nexthop_id && dead == r->path_count)
			DROP(w->routes, w->route_count, i--);
	}
}

static void
drop_nexthops_on(struct world *w, uint32_t ifindex)
{
	for (size_t i = 0; i < w->nexthop_count; i++)
		if (w->nexthops[i].ifindex == ifindex && !w->nexthops[i].member_count) {
			remove_nexthop(w, w->nexthops[i].id, false);
			i = (size_t)-1;
		}
}

static bool
gateway_is_near(struct world *w, const struct fib_nexthop *n)
{
	if (!addr_is_set(&n->gateway) || addr_is_link_local(&n->gateway))
		return true;
	for (size_t i = 0; i < w->address_count; i++)
		if (w->addresses[i].ifindex == n->ifindex && prefix_covers(&w->addresses[i].prefix, &n->gateway))
			return true;
	return false;
}

static int
check_paths(struct world *w, const struct fib_ip_route *r, const char **text)
{
	for (uint16_t i = 0; i < r->path_count; i++) {
		const struct fib_path *p = &r->paths[i];
		const struct fib_nexthop like = { .gateway = p->gateway, .ifindex = p->ifindex };
		const struct fib_link *l = world_link_of(w, p->ifindex);
		if (!l || !l->admin_up || !l->carrier) {
			*text = "Nexthop device is not up";
			return ENETDOWN;
		}
		if (!gateway_is_near(w, &like)) {
			*text = "Nexthop has invalid gateway";
			return ENETUNREACH;
		}
	}
	return 0;
}

static int
check_nexthop(struct world *w, const struct fib_nexthop *n, const char **text)
{
	const struct fib_nexthop *old = world_nexthop_of(w, n->id);

	if (old && old->member_count && n->member_count && old->buckets != n->buckets) {
		*text = "Can not replace a nexthop group with one of a different type.";
		return EINVAL;
	}
	if (n->buckets && !w->resilient) {
		*text = "Invalid group type";
		return EINVAL;
	}
	if (old && !old->member_count != !n->member_count) {
		*text = "Can not replace a nexthop with a nexthop group.";
		return EINVAL;
	}
	for (uint16_t i = 0; i < n->member_count; i++) {
		const struct fib_nexthop *m = world_nexthop_of(w, n->members[i]);
		bool twice = false;
		for (uint16_t k = 0; k < i; k++)
			twice |= n->members[k] == n->members[i];
		if (!m || m->member_count || twice || (m->black_hole && n->member_count > 1)) {
			*text = "Invalid nexthop id";
			return EINVAL;
		}
	}
	if (n->member_count || n->black_hole)
		return 0;
	const struct fib_link *l = world_link_of(w, n->ifindex);
	if (!l || !l->admin_up || !l->carrier) {
		*text = "Carrier for nexthop device is down";
		return ENETDOWN;
	}
	if (!gateway_is_near(w, n)) {
		*text = "Nexthop has invalid gateway";
		return EINVAL;
	}
	return 0;
}

static int
do_nexthop(struct world *w, const struct fib_nexthop *n, bool delete, const char **text)
{
	struct fib_nexthop *old = world_nexthop_of(w, n->id);

	w->group_ops += n->member_count != 0 && !delete;
	if (delete) {
		if (!old)
			return ENOENT;
		remove_nexthop(w, n->id, true);
		return 0;
	}
	int error = check_nexthop(w, n, text);
	if (error)
		return error;
	if (!old)
		old = GROW(w->nexthops, w->nexthop_count);
	*old = *n;
	tell_nexthop(w, n, false);
	return 0;
}

struct fib_ip_route *
world_route_of(struct world *w, const struct fib_ip_route *like)
{
	for (size_t i = 0; i < w->route_count; i++) {
		struct fib_ip_route *r = &w->routes[i];
		if (r->table == like->table && r->metric == like->metric && prefix_eq(&r->prefix, &like->prefix))
			return r;
	}
	return NULL;
}

static int
do_route(struct world *w, const struct fib_ip_route *r, bool delete, const char **text)
{
	struct fib_ip_route *old = world_route_of(w, r);

	w->route_ops += r->type == RTN_UNICAST; /* that nothing leads out of an instance is said more than once */
	if (delete) {
		if (!old || old->protocol != FIB_PROTOCOL)
			return ESRCH;
		*old = w->routes[--w->route_count];
		return 0;
	}
	if (w->refuse) {
		int error = w->refuse;
		w->refuse = 0;
		*text = "No room today";
		return error;
	}
	if (r->nexthop_id ? !world_nexthop_of(w, r->nexthop_id) : !r->path_count && r->type <= 1) {
		*text = "Nexthop id does not exist";
		return EINVAL;
	}
	int error = check_paths(w, r, text);
	if (error)
		return error;
	w->foreign_harm += old && old->protocol != FIB_PROTOCOL;
	if (!old)
		old = GROW(w->routes, w->route_count);
	*old = *r;
	return 0; /* what an operation did to routes and labels is told by its answer only */
}

static int
do_ilm(struct world *w, const struct fib_label_route *r, bool delete, const char **text)
{
	struct fib_label_route *old = NULL;

	for (size_t i = 0; i < w->ilm_count; i++)
		if (w->ilms[i].label == r->label)
			old = &w->ilms[i];
	if (delete) {
		if (!old)
			return ESRCH;
		*old = w->ilms[--w->ilm_count];
		return 0;
	}
	if (w->refuse) {
		int error = w->refuse;
		w->refuse = 0;
		*text = "No room today";
		return error;
	}
	for (uint16_t i = 0; i < r->path_count; i++)
		if (!world_link_of(w, r->paths[i].ifindex))
			return ENODEV;
	if (!old)
		old = GROW(w->ilms, w->ilm_count);
	*old = *r;
	return 0;
}

static int
do_address(struct world *w, const struct fib_address *a, bool delete)
{
	for (size_t i = 0; i < w->address_count; i++) {
		struct fib_address gone = w->addresses[i];
		if (gone.ifindex != a->ifindex || !prefix_eq(&gone.prefix, &a->prefix))
			continue;
		if (!delete)
			return EEXIST;
		DROP(w->addresses, w->address_count, i);
		tell_address(w, &gone, true);
		return 0;
	}
	if (delete)
		return EADDRNOTAVAIL;
	*GROW(w->addresses, w->address_count) = *a;
	tell_address(w, a, false);
	return 0;
}

static void
free_slaves(struct world *w, uint32_t master)
{
	for (size_t i = 0; i < w->link_count; i++)
		if (w->links[i].master == master) {
			w->links[i].master = 0;
			tell_link(w, &w->links[i], false);
		}
}

static int
do_link(struct world *w, const struct fib_op *op)
{
	struct fib_link *l = world_link_of(w, op->object.link.ifindex);

	if (op->kind == FIB_OP_LINK_CREATE) {
		l = GROW(w->links, w->link_count);
		*l = (struct fib_link){ .ifindex = 100 + (uint32_t)w->link_count,
			.loopback = true,
			.admin_up = true,
			.carrier = true,
			.is_dummy = !op->object.link.is_vrf,
			.is_vrf = op->object.link.is_vrf,
			.vrf_table = op->object.link.vrf_table,
			.ours = true,
			.mtu = 1500 };
		if (l->is_vrf)
			l->loopback = l->admin_up = false;
		memcpy(l->name, op->object.link.name, sizeof l->name);
	}
	if (!l)
		return ENODEV;
	if (op->kind == FIB_OP_LINK_DELETE && strncmp(l->name, "vccv", 4) == 0) {
		world_vccv_remove(w);
		return 0;
	}
	if (op->kind == FIB_OP_LINK_DELETE) {
		struct fib_link gone = *l;
		DROP(w->links, w->link_count, (size_t)(l - w->links));
		free_slaves(w, gone.ifindex);
		tell_link(w, &gone, true);
		return 0;
	}
	bool up = op->kind != FIB_OP_LINK_DOWN;
	switch (op->kind) {
	case FIB_OP_LINK_UP:
	case FIB_OP_LINK_DOWN:
		if (!up && l->admin_up) {
			drop_nexthops_on(w, l->ifindex);
			drop_routes_on(w, l->ifindex);
		}
		l->admin_up = up;
		break;
	case FIB_OP_LINK_MASTER: l->master = op->object.link.master; break;
	case FIB_OP_LINK_MTU: l->mtu = op->object.link.mtu; break;
	case FIB_OP_LINK_PROMISCUOUS: l->promiscuous = op->object.link.promiscuous; break;
	case FIB_OP_LINK_CARRIER:
		if (w->tc->fixed_carrier)
			return EOPNOTSUPP;
		l->carrier = op->object.link.carrier;
		break;
	case FIB_OP_MPLS_INPUT: l->mpls_input = op->object.link.mpls_input; break;
	default: break;
	}
	tell_link(w, l, false);
	return 0;
}

static int
perform(struct world *w, const struct fib_op *op, const char **text)
{
	const struct fib_object *o = &op->object;
	bool delete = op->kind == FIB_OP_DELETE;

	w->adds += op->kind == FIB_OP_ADD;
	w->deletes += delete;
	w->quiet_ops += op->quiet;
	switch (op->kind) {
	case FIB_OP_ADD:
	case FIB_OP_DELETE:
		switch (o->kind) {
		case FIB_NEXTHOP: return do_nexthop(w, &o->nexthop, delete, text);
		case FIB_IP_ROUTE: return do_route(w, &o->ip_route, delete, text);
		case FIB_LABEL_ROUTE: return do_ilm(w, &o->label_route, delete, text);
		case FIB_ADDRESS: return do_address(w, &o->address, delete);
		case FIB_STATION:
		case FIB_CLSACT:
		case FIB_A_GATE:
		case FIB_FILTER: return world_tc_do(w, o, delete, text);
		case FIB_COUNT:
		case FIB_LINK: return EINVAL;
		}
		return EINVAL;
	case FIB_OP_LINK_VCCV: return world_vccv_make(w);
	case FIB_OP_LINK_UP:
	case FIB_OP_LINK_DOWN:
	case FIB_OP_LINK_CREATE:
	case FIB_OP_LINK_DELETE:
	case FIB_OP_LINK_MASTER:
	case FIB_OP_LINK_MTU:
	case FIB_OP_LINK_PROMISCUOUS:
	case FIB_OP_LINK_CARRIER:
	case FIB_OP_MPLS_INPUT: return do_link(w, op);
	default: return 0;
	}
}

/* --- batches: the answers of one come when the next is under way already, as in the daemon --- */

enum { SLICE = 7 }; /* small, so that every order of slices is met */

struct answer {
	uint32_t number;
	int error;
	char text[96];
};

static void
give_answers(struct world *w, struct answer *late, size_t *count)
{
	if (*count && w->meanwhile) {
		void (*meanwhile)(struct world *) = w->meanwhile;
		w->meanwhile = NULL;
		meanwhile(w);
	}
	for (size_t i = 0; i < *count; i++)
		world_input(w, &(struct fib_input){ .kind = FIB_IN_ANSWER,
				   .number = late[i].number,
				   .error = late[i].error,
				   .text = late[i].text });
	*count = 0;
}

static size_t
perform_slice(struct world *w, const struct fib_op *ops, size_t count, struct answer out[SLICE])
{
	size_t answers = 0;

	for (size_t i = 0; i < count; i++) {
		const char *text = "";
		w->ops++;
		if (ops[i].kind == FIB_OP_RESYNC) {
			world_tell_all(w);
			continue;
		}
		int error = perform(w, &ops[i], &text);
		world_tc_watch(w);
		if (!ops[i].number)
			continue;
		struct answer *a = &out[answers++];
		*a = (struct answer){ .number = ops[i].number, .error = error };
		snprintf(a->text, sizeof a->text, "%s", error && !*text ? strerror(error) : text);
	}
	return answers;
}

void
world_run(struct world *w)
{
	static struct fib_op ops[SLICE];
	struct answer late[SLICE], now[SLICE];
	size_t late_count = 0, count;
	unsigned rounds = 0;

	for (;;) {
		ck_assert_msg(++rounds < 20000, "the engine never comes to rest");
		if (rib_wants_resync(w->rib))
			give_answers(w, late, &late_count);
		count = rib_take_ops(w->rib, ops, SLICE, w->now);
		if (!count && !late_count && !rib_has_ops(w->rib)) /* else routes are still choosing */
			return;
		size_t now_count = perform_slice(w, ops, count, now);
		give_answers(w, late, &late_count);
		memcpy(late, now, sizeof now);
		late_count = now_count;
	}
}

void
world_overrun(struct world *w)
{
	world_input(w, &(struct fib_input){ .kind = FIB_IN_OVERRUN });
	world_run(w);
}

void
world_wait(struct world *w, usec_t span)
{
	usec_t until = w->now + span;

	world_run(w);
	while (rib_due(w->rib) <= until) {
		if (w->now < rib_due(w->rib))
			w->now = rib_due(w->rib);
		world_input(w, &(struct fib_input){ .kind = FIB_IN_TIMER });
		world_run(w);
	}
	w->now = until;
}

/* --- a life --- */

static void
born(struct world *w)
{
	struct fib_abilities a = {
		.mpls = w->mpls, .nexthop_objects = true, .vrf = true, .resilient_groups = w->resilient
	};

	snprintf(a.release, sizeof a.release, "%s", w->release ? w->release : "6.1.0-31-amd64");
	w->rib = rib_new(1);
	world_input(w, &(struct fib_input){ .kind = FIB_IN_ABILITIES, .abilities = &a });
}

struct world *
world_new(void)
{
	struct world *w = NEW(struct world);

	w->now = 1000 * USEC_PER_SEC;
	w->mpls = w->resilient = true;
	w->tc = world_tc_new();
	arena_init(&w->arena);
	w->rib = NULL;
	*GROW(w->links, w->link_count) = (struct fib_link){
		.ifindex = 99, .name = "lo", .admin_up = true, .carrier = true, .loopback = true, .mtu = 65536
	};
	*GROW(w->addresses, w->address_count) =
	    (struct fib_address){ .ifindex = 99, .prefix = world_prefix("127.0.0.1/8") };
	return w;
}

void
world_free(struct world *w)
{
	rib_free(w->rib);
	world_tc_free(w->tc);
	arena_free(&w->arena);
	text_free(&w->log);
	free(w->links);
	free(w->addresses);
	free(w->nexthops);
	free(w->routes);
	free(w->ilms);
	free(w);
}

void
world_restart(struct world *w)
{
	rib_free(w->rib);
	born(w);
}

void
world_config(struct world *w, const char *text)
{
	struct fib_config config = { 0 };
	struct conf_errors errors = { 0 };

	int r = conf_read_text("test", text, fib_commands, &config, &errors);
	ck_assert_msg(r == 0, "%s", text_chars(&errors.text));
	conf_errors_free(&errors);
	world_input(w, &(struct fib_input){ .kind = FIB_IN_CONFIG, .config = &config });
	fib_config_free(&config);
}

void
world_start(struct world *w, const char *config)
{
	born(w);
	world_tell_all(w);
	world_config(w, config);
	world_lsps_synced(w, 1);
	world_wait(w, USEC_PER_SEC);
}

/* --- what happens outside --- */

void
world_vrf(struct world *w, uint32_t ifindex, const char *name, uint32_t table)
{
	struct fib_link *l = GROW(w->links, w->link_count);

	*l = (struct fib_link){
		.ifindex = ifindex, .admin_up = true, .carrier = true, .mtu = 65575, .is_vrf = true, .vrf_table = table
	};
	snprintf(l->name, sizeof l->name, "%s", name);
	if (w->rib)
		tell_link(w, l, false);
}

void
world_enslave(struct world *w, uint32_t ifindex, uint32_t master)
{
	struct fib_link *l = world_link_of(w, ifindex);

	l->master = master;
	if (w->rib)
		tell_link(w, l, false);
}

void
world_link(struct world *w, uint32_t ifindex, const char *name, const char *address)
{
	struct fib_link *l = GROW(w->links, w->link_count);

	*l = (struct fib_link){ .ifindex = ifindex, .admin_up = true, .carrier = true, .multicast = true, .mtu = 1500 };
	snprintf(l->name, sizeof l->name, "%s", name);
	if (w->rib)
		tell_link(w, l, false);
	if (!address)
		return;
	struct fib_address *a = GROW(w->addresses, w->address_count);
	*a = (struct fib_address){ .ifindex = ifindex, .prefix = world_prefix(address) };
	if (w->rib)
		tell_address(w, a, false);
}

void
world_carrier(struct world *w, uint32_t ifindex, bool up)
{
	struct fib_link *l = world_link_of(w, ifindex);

	if (!up)
		drop_nexthops_on(w, ifindex);
	l->carrier = up; /* filters stay */
	tell_link(w, l, false);
}

void
world_admin(struct world *w, uint32_t ifindex, bool up)
{
	do_link(w, &(struct fib_op){ .kind = up ? FIB_OP_LINK_UP : FIB_OP_LINK_DOWN, .object.link.ifindex = ifindex });
}

void
world_unplug(struct world *w, uint32_t ifindex)
{
	struct fib_link *l = world_link_of(w, ifindex), gone = *l;

	drop_nexthops_on(w, ifindex);
	drop_routes_on(w, ifindex);
	world_tc_link_gone(w, ifindex);
	*l = w->links[--w->link_count];
	for (size_t i = 0; i < w->address_count;)
		if (w->addresses[i].ifindex == ifindex) {
			struct fib_address a = w->addresses[i];
			DROP(w->addresses, w->address_count, i);
			tell_address(w, &a, true);
		} else {
			i++;
		}
	free_slaves(w, ifindex);
	tell_link(w, &gone, true);
}

void
world_foreign(
    struct world *w, const char *prefix, uint8_t protocol, uint32_t metric, const char *gateway, uint32_t ifindex)
{
	struct fib_ip_route r = { .table = 254,
		.prefix = world_prefix(prefix),
		.protocol = protocol,
		.metric = metric,
		.type = 1,
		.path_count = 1,
		.paths = { { .gateway = world_addr(gateway), .ifindex = ifindex, .weight = 1 } } };
	struct fib_ip_route *old = world_route_of(w, &r);

	if (!old)
		old = GROW(w->routes, w->route_count);
	*old = r;
	if (w->rib)
		tell_route(w, &r, false);
}

void
world_foreign_gone(struct world *w, const char *prefix, uint32_t metric)
{
	struct fib_ip_route like = { .table = 254, .prefix = world_prefix(prefix), .metric = metric },
			    *old = world_route_of(w, &like);

	if (!old)
		return;
	struct fib_ip_route gone = *old;
	*old = w->routes[--w->route_count];
	tell_route(w, &gone, true);
}

void
world_flush_routes(struct world *w)
{
	for (size_t i = 0; i < w->route_count;)
		if (w->routes[i].protocol == FIB_PROTOCOL) {
			struct fib_ip_route gone = w->routes[i];
			DROP(w->routes, w->route_count, i);
			tell_route(w, &gone, true);
		} else {
			i++;
		}
}

void
world_flush_nexthops(struct world *w)
{
	while (w->nexthop_count)
		remove_nexthop(w, w->nexthops[0].id, true);
}
