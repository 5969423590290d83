/* The settings of all processes: finding, adding, copying. */
#include "igpd/config.h"
#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void
process_free(struct igp_process_config *p)
{
	ospf_config_free(&p->ospf);
	free(p);
}

void
igp_config_free(struct igp_config *c)
{
	for (size_t i = 0; i < c->process_count; i++)
		process_free(c->processes[i]);
	free(c->processes);
	free(c->interfaces);
	free(c->one_hop);
	*c = (struct igp_config){ 0 };
}

void
igp_config_copy(struct igp_config *to, const struct igp_config *from)
{
	struct igp_config old = *to;

	*to = (struct igp_config){ 0 };
	for (size_t i = 0; i < from->process_count; i++) {
		const struct igp_process_config *p = from->processes[i];
		struct igp_process_config *copy = igp_config_process_add(to, p->ospf.process);
		*copy = *p;
		copy->ospf = (struct ospf_config){ 0 };
		ospf_config_copy(&copy->ospf, &p->ospf);
	}
	for (size_t i = 0; i < from->interface_count; i++)
		*igp_config_interface_add(to, from->interfaces[i].ospf.name) = from->interfaces[i];
	to->one_hop = from->one_hop_count ? mem_copy(from->one_hop, from->one_hop_count * sizeof *from->one_hop) : NULL;
	to->one_hop_count = from->one_hop_count;
	igp_config_free(&old);
}

bool
igp_config_has_one_hop(const struct igp_config *c, uint32_t peer)
{
	for (size_t i = 0; i < c->one_hop_count; i++)
		if (c->one_hop[i] == peer)
			return true;
	return false;
}

bool
igp_config_uses_sync(const struct igp_config *c)
{
	bool uses = false;

	for (size_t i = 0; i < c->interface_count; i++)
		for (uint8_t k = 0; k <= c->interfaces[i].ospf.multi_count; k++)
			uses |=
			    (k ? c->interfaces[i].ospf.multi[k - 1].sync : c->interfaces[i].ospf.sync) == OSPF_SYNC_ON;
	for (size_t i = 0; i < c->process_count; i++) {
		const struct ospf_config *o = &c->processes[i]->ospf;
		uses |= o->sync;
		for (size_t k = 0; k < o->area_count; k++)
			uses |= o->areas[k].sync;
	}
	return uses;
}

struct igp_process_config *
igp_config_process(const struct igp_config *c, uint32_t id)
{
	for (size_t i = 0; i < c->process_count; i++)
		if (c->processes[i]->ospf.process == id)
			return c->processes[i];
	return NULL;
}

struct igp_process_config *
igp_config_process_add(struct igp_config *c, uint32_t id)
{
	struct igp_process_config *p = NEW(struct igp_process_config);
	size_t at = 0;

	p->ospf.process = id;
	while (at < c->process_count && c->processes[at]->ospf.process < id)
		at++;
	c->processes = mem_resize(c->processes, (c->process_count + 1) * sizeof *c->processes);
	memmove(&c->processes[at + 1], &c->processes[at], (c->process_count - at) * sizeof *c->processes);
	c->processes[at] = p;
	c->process_count++;
	return p;
}

void
igp_config_process_remove(struct igp_config *c, uint32_t id)
{
	for (size_t i = 0; i < c->process_count; i++)
		if (c->processes[i]->ospf.process == id) {
			process_free(c->processes[i]);
			memmove(
			    &c->processes[i], &c->processes[i + 1], (c->process_count - i - 1) * sizeof *c->processes);
			c->process_count--;
			return;
		}
}

struct igp_interface_config *
igp_config_interface(const struct igp_config *c, const char *name)
{
	for (size_t i = 0; i < c->interface_count; i++)
		if (strcasecmp(c->interfaces[i].ospf.name, name) == 0)
			return &c->interfaces[i];
	return NULL;
}

struct igp_interface_config *
igp_config_interface_add(struct igp_config *c, const char *name)
{
	if (c->interface_count == c->interface_room) {
		c->interface_room = c->interface_room ? c->interface_room * 2 : 16;
		c->interfaces = mem_resize(c->interfaces, c->interface_room * sizeof *c->interfaces);
	}
	struct igp_interface_config *i = &c->interfaces[c->interface_count++];
	*i = (struct igp_interface_config){ .ospf.priority = -1 };
	snprintf(i->ospf.name, sizeof i->ospf.name, "%s", name);
	return i;
}

struct ospf_area_config *
igp_config_area(struct igp_process_config *p, uint32_t id, bool add)
{
	struct ospf_config *c = &p->ospf;

	for (size_t i = 0; i < c->area_count; i++)
		if (c->areas[i].id == id)
			return &c->areas[i];
	if (!add)
		return NULL;
	c->areas = mem_resize(c->areas, (c->area_count + 1) * sizeof *c->areas);
	c->areas[c->area_count] = (struct ospf_area_config){ .id = id };
	return &c->areas[c->area_count++];
}

static bool
is_silent(const struct igp_process_config *p, const char *name)
{
	for (uint8_t i = 0; i < p->silent_count; i++)
		if (strcasecmp(p->silent[i], name) == 0)
			return true;
	return p->all_silent;
}

static struct ospf_interface_config *
add_interface(struct ospf_config *c, const struct ospf_interface_config *like)
{
	c->interfaces = mem_resize(c->interfaces, (c->interface_count + 1) * sizeof *c->interfaces);
	c->interfaces[c->interface_count] = *like;
	return &c->interfaces[c->interface_count++];
}

static void
add_area(struct ospf_config *c, uint32_t id)
{
	if (ospf_config_area(c, id))
		return;
	c->areas = mem_resize(c->areas, (c->area_count + 1) * sizeof *c->areas);
	c->areas[c->area_count++] = (struct ospf_area_config){ .id = id };
}

void
igp_config_of(const struct igp_config *c, const struct igp_process_config *p, struct ospf_config *ret)
{
	ospf_config_copy(ret, &p->ospf);
	ret->all_silent = p->all_silent;
	for (size_t i = 0; i < c->interface_count; i++) {
		struct ospf_interface_config *added = add_interface(ret, &c->interfaces[i].ospf);
		added->elsewhere = added->enabled && c->interfaces[i].process != p->ospf.process;
		added->enabled &= !added->elsewhere;
		added->silent |= is_silent(p, added->name);
	}
	for (uint8_t i = 0; i < p->silent_count; i++)
		if (!ospf_config_interface(ret, p->silent[i])) {
			struct ospf_interface_config new = { .priority = -1, .silent = true };
			snprintf(new.name, sizeof new.name, "%s", p->silent[i]);
			add_interface(ret, &new);
		}
	/* `ospf enable … area` may name an area that has no view of its own. */
	for (size_t i = 0; i < ret->interface_count; i++) {
		const struct ospf_interface_config own = ret->interfaces[i];
		if (own.enabled)
			add_area(ret, own.area);
		for (uint8_t k = 0; k < own.multi_count && !own.elsewhere; k++)
			if (own.multi[k].enabled)
				add_area(ret, own.multi[k].area);
	}
}
