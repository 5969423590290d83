/*
 * VPN instances in the kernel: a VRF device for each, named like it, with a table of its own and the interfaces that are bound
 * to it.
 *
 * A device of that name which somebody else has made is used as it is, and never removed; nor is an interface taken out of a
 * VRF that somebody else has put it into. What no route of an instance leads to is unreachable there: without that the kernel
 * would go on looking in the public network's table.
 */
#include "fibd/rib/model.h"
#include <stdio.h>
#include <string.h>

enum { TABLE_FIRST = 1001, UNREACHABLE = 7 /* RTN_UNREACHABLE */ };
#define FENCE_METRIC UINT32_C(4278198272) /* behind every route that anybody means */

static struct port *
device_of(struct rib *rib, const char *vrf)
{
	hash_each (n, &rib->ports) {
		struct port *p = OBJECT(n, struct port, by_ifindex);
		if (strcmp(p->link.name, vrf) == 0)
			return p;
	}
	return NULL;
}

static bool
table_is_taken(struct rib *rib, uint32_t table)
{
	hash_each (n, &rib->ports) {
		const struct port *p = OBJECT(n, struct port, by_ifindex);
		if (p->link.is_vrf && p->link.vrf_table == table)
			return true;
	}
	return false;
}

static uint32_t
free_table(struct rib *rib, uint32_t from)
{
	while (table_is_taken(rib, from))
		from++;
	return from;
}

/* Behind all routes of an instance, of both families. */
static void
fence(struct rib *rib, const struct port *device, enum fib_op_kind kind)
{
	static const char *const everything[] = { "0.0.0.0/0", "::/0" };

	for (int i = 0; i < 2; i++) {
		struct fib_op op = { .kind = kind,
			.object = { .kind = FIB_IP_ROUTE,
			    .ip_route = { .table = device->link.vrf_table,
				.protocol = FIB_PROTOCOL,
				.metric = FENCE_METRIC,
				.type = UNREACHABLE } } };
		prefix_parse(everything[i], &op.object.ip_route.prefix);
		diff_extra(rib, &op);
	}
}

static void
make(struct rib *rib, struct fib_vrf_config *v, uint32_t *table)
{
	struct fib_op op = { .kind = FIB_OP_LINK_CREATE, .object = { .kind = FIB_LINK, .link = { .is_vrf = true } } };

	if (v->create_asked)
		return;
	v->create_asked = true;
	*table = free_table(rib, *table);
	op.object.link.vrf_table = (*table)++;
	memcpy(op.object.link.name, v->name, sizeof v->name);
	diff_extra(rib, &op);
}

static void
settle_device(struct rib *rib, struct port *p)
{
	if (!p->link.is_vrf) {
		if (!*p->trouble) {
			snprintf(p->trouble, sizeof p->trouble,
			    "it is no VRF device, and so no VPN instance; rename one of them");
			rib_note(rib, 4, "interface %s: %s", p->link.name, p->trouble);
			table_changed(&rib->interface_table, &p->row);
		}
		return;
	}
	if (!p->link.admin_up && !(p->told & TOLD_UP)) {
		p->told |= TOLD_UP;
		diff_extra(rib, &(struct fib_op){ .kind = FIB_OP_LINK_UP,
				    .object = { .kind = FIB_LINK, .link = { .ifindex = p->link.ifindex } } });
	}
	if (!(p->told & TOLD_FENCE)) {
		p->told |= TOLD_FENCE;
		fence(rib, p, FIB_OP_ADD);
	}
}

/* One of ours that nobody configures any more. */
static void
remove_device(struct rib *rib, struct port *p)
{
	if (!p->link.is_vrf || !p->link.ours || p->told & TOLD_DELETE || fib_config_vrf(&rib->config, p->link.name))
		return;
	p->told |= TOLD_DELETE;
	fence(rib, p, FIB_OP_DELETE);
	diff_extra(rib, &(struct fib_op){ .kind = FIB_OP_LINK_DELETE,
			    .object = { .kind = FIB_LINK, .link = { .ifindex = p->link.ifindex } } });
}

void
vrfs_settle(struct rib *rib)
{
	uint32_t table = TABLE_FIRST;

	for (size_t i = 0; i < rib->config.vrf_count; i++) {
		struct port *p = device_of(rib, rib->config.vrfs[i].name);
		if (p)
			settle_device(rib, p);
		else
			make(rib, &rib->config.vrfs[i], &table);
	}
	hash_each (n, &rib->ports) {
		remove_device(rib, OBJECT(n, struct port, by_ifindex));
	}
}

void
vrf_bind(struct rib *rib, struct port *p, const char *vrf)
{
	const struct port *device = *vrf ? device_of(rib, vrf) : NULL, *in = port_find(rib, p->link.master);
	bool is_ours = in && in->link.is_vrf && (p->bound || in->link.ours);
	uint32_t wanted = device && device->link.is_vrf ? device->link.ifindex : 0;

	if (*vrf ? !wanted : !is_ours) /* the device is still to come; or nothing is said */
		return;
	if (p->link.master == wanted) {
		p->bound |= wanted != 0;
		return;
	}
	if (p->told & TOLD_MASTER)
		return;
	p->told |= TOLD_MASTER;
	p->bound = wanted != 0;
	diff_extra(rib, &(struct fib_op){ .kind = FIB_OP_LINK_MASTER,
			    .object = { .kind = FIB_LINK, .link = { .ifindex = p->link.ifindex, .master = wanted } } });
}

bool
vrfs_are_set(struct rib *rib)
{
	for (size_t i = 0; i < rib->config.vrf_count; i++)
		if (!device_of(rib, rib->config.vrfs[i].name) && !rib->config.vrfs[i].create_refused)
			return false;
	for (size_t i = 0; i < rib->config.interface_count; i++) {
		const struct fib_if_config *c = &rib->config.interfaces[i];
		const struct port *device = c->vrf[0] ? device_of(rib, c->vrf) : NULL;
		uint32_t ifindex = port_by_name(rib, c->name);
		const struct port *p = ifindex ? port_find(rib, ifindex) : NULL;
		if (device && device->link.is_vrf && p && p->link.master != device->link.ifindex)
			return false;
	}
	return true;
}
