/*
 * Subinterfaces with `vlan-type dot1q`: VLAN devices of the kernel's on their port, made here, called by the port's device and
 * the tag, with the operator's name as alias. One of another tag is another device; the one that nobody configures any more is
 * removed. What an operator has made himself is used as it is.
 */
#include "fibd/rib/model.h"
#include <stdio.h>
#include <string.h>

enum { TOLD_ALIAS = 1 << 16 }; /* beside enum told */

/* How the kernel is to call it, and on which port it is. False: it is none, its port is not there, or the name is too long. */
static bool
device_of(struct rib *rib, const struct fib_if_config *c, char out[32], uint32_t *ret_port)
{
	const char *dot = strrchr(c->name, '.');
	char port[64];

	if (!c->vlan || !dot)
		return false;
	snprintf(port, sizeof port, "%.*s", (int)(dot - c->name), c->name);
	*ret_port = port_by_name(rib, port);
	const struct port *p = *ret_port ? port_find(rib, *ret_port) : NULL;
	return p && snprintf(out, 32, "%s.%u", p->link.name, c->vlan) < 16;
}

static void
make(struct rib *rib, struct fib_if_config *c)
{
	struct fib_op op = { .kind = FIB_OP_LINK_SUB, .object = { .kind = FIB_LINK } };
	char device[32];
	uint32_t port;

	if (!device_of(rib, c, device, &port))
		return;
	struct port *p = port_by_device(rib, device);
	if (!p && !c->sub_asked && !port_by_name(rib, c->name)) {
		c->sub_asked = true;
		memcpy(op.object.link.name, device, sizeof op.object.link.name);
		op.object.link.port = port;
		op.object.link.tag = c->vlan;
		diff_extra(rib, &op);
	} else if (p && p->link.ours && strcmp(p->link.alias, c->name) != 0 && !(p->told & TOLD_ALIAS)) {
		p->told |= TOLD_ALIAS;
		op.kind = FIB_OP_LINK_ALIAS;
		op.object.link.ifindex = p->link.ifindex;
		snprintf(op.object.link.alias, sizeof op.object.link.alias, "%s", c->name);
		diff_extra(rib, &op);
	}
}

static bool
is_wanted(struct rib *rib, const char *device)
{
	char own[32];
	uint32_t port;

	for (size_t i = 0; i < rib->config.interface_count; i++)
		if (device_of(rib, &rib->config.interfaces[i], own, &port) && strcmp(own, device) == 0)
			return true;
	return false;
}

void
subinterfaces_settle(struct rib *rib)
{
	hash_each (n, &rib->ports) {
		struct port *p = OBJECT(n, struct port, by_ifindex);
		if (!p->link.ours || p->link.is_vrf || !strchr(p->link.name, '.') || p->told & TOLD_DELETE ||
		    is_wanted(rib, p->link.name))
			continue;
		p->told |= TOLD_DELETE;
		diff_extra(rib, &(struct fib_op){ .kind = FIB_OP_LINK_DELETE,
				    .object = { .kind = FIB_LINK, .link = { .ifindex = p->link.ifindex } } });
	}
	for (size_t i = 0; i < rib->config.interface_count; i++)
		make(rib, &rib->config.interfaces[i]);
}
