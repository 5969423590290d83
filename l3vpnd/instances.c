/*
 * VPN instances as operators see them: rows of l3vpn.Instance. A number stays an instance's as long as it is configured; a new
 * one gets the lowest that is free.
 */
#include "l3vpnd/model.h"
#include "base/label.h"
#include "l3vpnd/bgp/nlri.h"
#include "proto/fill.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct vpn *
find(const struct l3vpn *g, const char *name)
{
	for (const struct list *l = g->vpns.next; l != &g->vpns; l = l->next)
		if (!strcmp(CONST_OBJECT(l, struct vpn, link)->name, name))
			return (struct vpn *)(uintptr_t)CONST_OBJECT(l, struct vpn, link);
	return NULL;
}

static uint32_t
free_number(const struct l3vpn *g)
{
	uint32_t number = 1;
	bool taken = true;

	while (taken) {
		taken = false;
		for (const struct list *l = g->vpns.next; l != &g->vpns && !taken; l = l->next)
			taken = CONST_OBJECT(l, struct vpn, link)->number == number;
		number += taken;
	}
	return number;
}

/* Why packets do not get through it. */
static void
find_trouble(struct l3vpn *g, struct vpn *v)
{
	const struct vpn_port *device = vpn_port_device(g, v->name);

	v->trouble[0] = 0;
	if (!device)
		snprintf(v->trouble, sizeof v->trouble,
		    "there is no VRF device %s (fibd makes it; see `fibctl display "
		    "interface`)",
		    v->name);
	else if (!device->up)
		snprintf(v->trouble, sizeof v->trouble, "the VRF device %s is down", v->name);
}

/* In an instance, and in the public network, BGP is heard when somebody there may call. */
static void
listen_in(struct l3vpn *g, const char *name, bool *listening)
{
	int at = l3vpn_config_find(&g->config, name);
	bool has_peers = at >= 0 && g->config.bgp.as && g->config.bgp.instances[at].peer_count;
	bool listen = has_peers && (!*name || vpn_port_device(g, name));

	if (*listening != listen)
		outbox_add(g->out,
		    &(struct effect){ .kind = listen ? EFFECT_STREAM_LISTEN : EFFECT_STREAM_DEAF, .instance = name });
	*listening = listen;
}

static void
review(struct l3vpn *g, struct vpn *v)
{
	int at = l3vpn_config_find(&g->config, v->name);

	find_trouble(g, v);
	listen_in(g, v->name, &v->listening);
	for (int k = 0; k < 2; k++) {
		bool on = at >= 0 && g->config.bgp.instances[at].vpn[k].on, up = on && !*v->trouble;
		if (on && !v->created_at[k])
			v->created_at[k] = g->now + 1;
		if (!on)
			v->created_at[k] = 0;
		if (up && !v->up_at[k])
			v->up_at[k] = g->now + 1;
		if (!up)
			v->up_at[k] = 0;
	}
	table_changed(&g->instance_table, &v->row);
}

void
vpns_review(struct l3vpn *g)
{
	list_each (l, &g->vpns) {
		review(g, OBJECT(l, struct vpn, link));
	}
}

static void
vpn_free(struct l3vpn *g, struct vpn *v)
{
	if (v->listening)
		outbox_add(g->out, &(struct effect){ .kind = EFFECT_STREAM_DEAF, .instance = v->name });
	table_gone(&g->instance_table, &v->row);
	list_remove(&v->link);
	free(v);
}

void
vpns_configure(struct l3vpn *g)
{
	listen_in(g, "", &g->listening);
	list_each (l, &g->vpns) {
		OBJECT(l, struct vpn, link)->configured = false;
	}
	for (size_t i = 1; i < g->config.bgp.instance_count; i++) {
		const char *name = g->config.bgp.instances[i].name;
		struct vpn *v = find(g, name);
		if (!v) {
			v = NEW(struct vpn);
			v->of = g;
			v->number = free_number(g);
			memcpy(v->name, name, strlen(name) + 1);
			list_append(&g->vpns, &v->link);
		}
		v->configured = true;
	}
	list_each_safe (m, &g->vpns) {
		if (!OBJECT(m, struct vpn, link)->configured)
			vpn_free(g, OBJECT(m, struct vpn, link));
	}
	vpns_review(g);
}

/* --- rows --- */

static const char *
label_policy(uint8_t mode)
{
	static const char *const names[] = { [VPN_LABEL_PER_INSTANCE] = "label per instance",
		[VPN_LABEL_PER_ROUTE] = "label per route",
		[VPN_LABEL_PER_NEXT_HOP] = "label per nexthop" };

	return names[mode];
}

static size_t
targets_of(const uint64_t *targets, size_t count, char ***out, struct arena *arena)
{
	char text[EXT_TEXT];

	*out = arena_take(arena, (count + 1) * sizeof **out);
	for (size_t i = 0; i < count; i++) {
		const char *colon = strchr(ext_text(targets[i], text), ':'); /* behind "RT" */
		(*out)[i] = arena_text(arena, colon ? colon + 1 : text);
	}
	return count;
}

static L3vpn__InstanceFamily *
family_of(const struct vpn *v, int at, int k, struct arena *arena)
{
	const struct l3vpn *g = v->of;
	const struct bgp_vpn_config *c = &g->config.bgp.instances[at].vpn[k];
	const struct l3vpn_family_config *f = &g->config.instances[at].family[k];
	L3vpn__InstanceFamily *m = arena_take(arena, sizeof *m);
	struct bgp_instance_state state;
	char rd[RD_TEXT];

	l3vpn__instance_family__init(m);
	bgp_instance_state(g->bgp, v->name, &state);
	m->family = k ? L3VPN__FAMILY__IPV6 : L3VPN__FAMILY__IPV4;
	m->rd = c->rd ? arena_text(arena, rd_text(c->rd, rd)) : fill_text("");
	m->n_export_targets = targets_of(c->export, c->export_count, &m->export_targets, arena);
	m->n_import_targets = targets_of(c->import, c->import_count, &m->import_targets, arena);
	m->label_policy = fill_text(label_policy(c->label_mode));
	m->label = state.label;
	m->routes = state.routes[k];
	m->limit = c->limit;
	m->over_limit = c->limit && state.over_limit[k];
	m->pipe = !c->uniform;
	m->created = v->created_at[k];
	m->up_since = v->up_at[k];
	m->trouble = fill_text(*v->trouble ? v->trouble
			       : !c->rd    ? "no route-distinguisher is set: others are told nothing of it"
			       : state.label == LABEL_UNSET && c->label_mode == VPN_LABEL_PER_INSTANCE
				   ? "no label is free for it"
				   : "");
	m->tunnel_policy = fill_text(f->tunnel_policy);
	return m;
}

static void
fill_instance(const struct row *row, void *message, struct arena *arena)
{
	const struct vpn *v = CONST_OBJECT(row, struct vpn, row);
	const struct l3vpn *g = v->of;
	L3vpn__Instance *m = message;
	int at = l3vpn_config_find(&g->config, v->name);

	m->name = fill_text(v->name);
	m->number = v->number;
	if (at < 0)
		return;
	m->description = fill_text(g->config.instances[at].description);
	m->interfaces = arena_take(arena, (g->ports.count + 1) * sizeof *m->interfaces);
	hash_each (n, &g->ports) {
		const struct vpn_port *p = OBJECT(n, struct vpn_port, by_ifindex);
		if (!strcmp(p->vrf, v->name) && strcmp(p->device, v->name) != 0)
			m->interfaces[m->n_interfaces++] = fill_text(p->name);
	}
	m->families = arena_take(arena, 2 * sizeof *m->families);
	for (int k = 0; k < 2; k++)
		if (g->config.bgp.instances[at].vpn[k].on)
			m->families[m->n_families++] = family_of(v, at, k, arena);
}

void
vpns_init(struct l3vpn *g)
{
	list_init(&g->vpns);
	table_init(&g->instance_table, "l3vpn.Instance", fill_instance);
}

void
vpns_free(struct l3vpn *g)
{
	list_each_safe (l, &g->vpns) {
		vpn_free(g, OBJECT(l, struct vpn, link));
	}
}
