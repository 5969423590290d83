/*
 * VPN instances in the kernel: a VRF device for each, named like it, with a table of its own and the interfaces that are bound
 * to it.
 *
 * A device of that name which somebody else has made is used as it is, and never removed; nor is an interface taken out of a
 * VRF that somebody else has put it into. What no route of an instance leads to is unreachable there: without that the kernel
 * would go on looking in the public network's table.
 *
 * Other daemons name instances in their rows, which may come before the device does, or stay when it goes. Such a name is a
 * *home*: the table of its device, and without one a table of its own where routes wait. When the device comes or goes, they
 * move: nobody has to be asked again.
 */
#include "fibd/rib/model.h"
#include <stdio.h>
#include <stdlib.h>
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

/* --- homes --- */

static struct rib_table *
waiting_room(struct rib *rib, struct home *h)
{
	if (!h->waiting) {
		h->waiting = table_new(rib, 0);
		snprintf(h->waiting->vrf, sizeof h->waiting->vrf, "%.15s", h->name);
	}
	return h->waiting;
}

static void
home_find(struct rib *rib, struct home *h)
{
	const struct port *p = *h->name ? device_of(rib, h->name) : NULL;

	h->ifindex = p && p->link.is_vrf ? p->link.ifindex : 0;
	h->table = !*h->name ? rib->public : h->ifindex ? table_get(rib, p->link.vrf_table) : waiting_room(rib, h);
}

struct home *
home_get(struct rib *rib, const char *name)
{
	const char *text = strcmp(name, "_public_") == 0 ? "" : name;
	size_t size = strlen(text) + 1;
	uint32_t hash = hash_bytes(text, size, 0);

	for (struct hash_node *n = hash_first(&rib->homes_by_name, hash); n; n = hash_next(n)) {
		struct home *h = OBJECT(n, struct home, by_name);
		if (strcmp(h->name, text) == 0)
			return h;
	}
	struct home *h = mem_zalloc(sizeof *h + size);
	memcpy(h->name, text, size);
	rib->homes = mem_resize(rib->homes, (rib->home_count + 1) * sizeof(struct home *));
	rib->homes[rib->home_count++] = h;
	h->number = rib->home_count;
	hash_add(&rib->homes_by_name, &h->by_name, hash);
	home_find(rib, h);
	return h;
}

void
vrfs_changed(struct rib *rib)
{
	statics_vrfs_changed(rib);
	for (uint32_t i = 0; i < rib->home_count; i++) {
		struct home *h = rib->homes[i];
		struct rib_table *before = h->table;
		uint32_t ifindex = h->ifindex;
		home_find(rib, h);
		if (h->table != before) {
			learned_move(rib, before, h->table);
			fates_home_moved(rib, h, before);
			reach_home_moved(rib, h, before);
		}
		if (h->table != before || h->ifindex != ifindex)
			vpn_labels_home_moved(rib, h);
	}
}

void
homes_free(struct rib *rib)
{
	for (uint32_t i = 0; i < rib->home_count; i++)
		free(rib->homes[i]);
	free(rib->homes);
	hash_free(&rib->homes_by_name);
}
