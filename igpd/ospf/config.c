/* The settings of an OSPF process: copies, and where an interface belongs. */
#include "igpd/ospf/config.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void
ospf_config_free(struct ospf_config *c)
{
	for (size_t i = 0; i < c->area_count; i++) {
		free(c->areas[i].networks);
		free(c->areas[i].ranges);
	}
	free(c->areas);
	free(c->interfaces);
	free(c->peers);
	*c = (struct ospf_config){ 0 };
}

static void *
copy(const void *from, size_t size)
{
	return size ? mem_copy(from, size) : NULL;
}

void
ospf_config_copy(struct ospf_config *to, const struct ospf_config *from)
{
	struct ospf_config old = *to;

	*to = *from;
	to->areas = copy(from->areas, from->area_count * sizeof *from->areas);
	for (size_t i = 0; i < to->area_count; i++) {
		const struct ospf_area_config *a = &from->areas[i];
		to->areas[i].networks = copy(a->networks, a->network_count * sizeof *a->networks);
		to->areas[i].ranges = copy(a->ranges, a->range_count * sizeof *a->ranges);
	}
	to->peers = copy(from->peers, from->peer_count * sizeof *from->peers);
	to->interfaces = copy(from->interfaces, from->interface_count * sizeof *from->interfaces);
	ospf_config_free(&old);
}

const struct ospf_area_config *
ospf_config_area(const struct ospf_config *c, uint32_t id)
{
	for (size_t i = 0; i < c->area_count; i++)
		if (c->areas[i].id == id)
			return &c->areas[i];
	return NULL;
}

const struct ospf_interface_config *
ospf_config_interface(const struct ospf_config *c, const char *name)
{
	for (size_t i = 0; i < c->interface_count; i++)
		if (strcasecmp(c->interfaces[i].name, name) == 0)
			return &c->interfaces[i];
	return NULL;
}

/* Of several networks that hold the address the one that leaves the fewest bits open wins. */
bool
ospf_config_place(const struct ospf_config *c, const char *name, uint32_t address, uint32_t *ret_area)
{
	const struct ospf_interface_config *i = ospf_config_interface(c, name);
	uint32_t best = 0;
	bool found = false;

	if (i && i->elsewhere)
		return false;
	if (i && i->enabled) {
		*ret_area = i->area;
		return true;
	}
	for (size_t a = 0; a < c->area_count; a++)
		for (size_t n = 0; n < c->areas[a].network_count; n++) {
			const struct ospf_network_config *net = &c->areas[a].networks[n];
			if ((net->address ^ address) & ~net->wildcard || (found && net->wildcard >= best))
				continue;
			found = true;
			best = net->wildcard;
			*ret_area = c->areas[a].id;
		}
	return found;
}
