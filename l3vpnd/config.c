/* The configuration of l3vpnd as a value: made, copied, found, freed. */
#include "l3vpnd/config.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

static void
instances_free(struct l3vpn_config *c)
{
	for (size_t i = 0; i < c->bgp.instance_count; i++)
		for (int f = 0; f < 2; f++)
			free(c->instances[i].family[f].networks);
	free(c->instances);
	c->instances = NULL;
}

void
l3vpn_config_free(struct l3vpn_config *c)
{
	if (c->instances)
		instances_free(c);
	bgp_config_free(&c->bgp);
	*c = (struct l3vpn_config){ 0 };
}

void
l3vpn_config_init(struct l3vpn_config *c)
{
	*c = (struct l3vpn_config){ 0 };
	l3vpn_config_add(c, "");
}

void
l3vpn_config_copy(struct l3vpn_config *to, const struct l3vpn_config *from)
{
	size_t count = from->bgp.instance_count;
	struct l3vpn_instance_config *copy = mem_copy(from->instances, count * sizeof *copy);

	for (size_t i = 0; i < count; i++)
		for (int f = 0; f < 2; f++) {
			struct l3vpn_family_config *c = &copy[i].family[f];
			c->networks =
			    c->network_count ? mem_copy(c->networks, c->network_count * sizeof *c->networks) : NULL;
		}
	instances_free(to);
	bgp_config_copy(&to->bgp, &from->bgp);
	to->instances = copy;
	to->lsr_id = from->lsr_id;
	to->global_router_id = from->global_router_id;
	to->views = from->views;
	to->no_default_ipv4 = from->no_default_ipv4;
}

int
l3vpn_config_find(const struct l3vpn_config *c, const char *name)
{
	for (size_t i = 0; i < c->bgp.instance_count; i++)
		if (!strcmp(c->bgp.instances[i].name, name))
			return (int)i;
	return -1;
}

int
l3vpn_config_add(struct l3vpn_config *c, const char *name)
{
	int found = l3vpn_config_find(c, name);
	size_t n = c->bgp.instance_count;

	if (found >= 0)
		return found;
	c->bgp.instances = mem_resize(c->bgp.instances, (n + 1) * sizeof *c->bgp.instances);
	c->instances = mem_resize(c->instances, (n + 1) * sizeof *c->instances);
	c->bgp.instances[n] = (struct bgp_instance_config){ 0 };
	c->instances[n] = (struct l3vpn_instance_config){ 0 };
	memcpy(c->bgp.instances[n].name, name, strlen(name) + 1);
	c->bgp.instance_count++;
	return (int)n;
}

void
l3vpn_config_remove(struct l3vpn_config *c, const char *name)
{
	int at = l3vpn_config_find(c, name);

	if (at <= 0) /* the public network stays */
		return;
	for (int f = 0; f < 2; f++)
		free(c->instances[at].family[f].networks);
	free(c->bgp.instances[at].peers);
	size_t behind = c->bgp.instance_count - (size_t)at - 1;
	memmove(&c->instances[at], &c->instances[at + 1], behind * sizeof *c->instances);
	memmove(&c->bgp.instances[at], &c->bgp.instances[at + 1], behind * sizeof *c->bgp.instances);
	c->bgp.instance_count--;
}

struct bgp_peer_config *
l3vpn_config_peer(struct l3vpn_config *c, int instance, const struct addr *a, bool add)
{
	struct bgp_instance_config *n = &c->bgp.instances[instance];

	for (size_t i = 0; i < n->peer_count; i++)
		if (addr_eq(&n->peers[i].address, a))
			return &n->peers[i];
	if (!add)
		return NULL;
	n->peers = mem_resize(n->peers, (n->peer_count + 1) * sizeof *n->peers);
	n->peers[n->peer_count] = (struct bgp_peer_config){ .address = *a };
	return &n->peers[n->peer_count++];
}

void
l3vpn_config_peer_remove(struct l3vpn_config *c, int instance, const struct addr *a)
{
	struct bgp_instance_config *n = &c->bgp.instances[instance];

	for (size_t i = 0; i < n->peer_count; i++)
		if (addr_eq(&n->peers[i].address, a)) {
			memmove(&n->peers[i], &n->peers[i + 1], (n->peer_count - i - 1) * sizeof *n->peers);
			n->peer_count--;
			return;
		}
}
