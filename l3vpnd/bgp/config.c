/* The configuration of BGP as a value: copied, found, freed. */
#include "l3vpnd/bgp/config.h"
#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

void
bgp_config_free(struct bgp_config *c)
{
	for (size_t i = 0; i < c->instance_count; i++)
		free(c->instances[i].peers);
	free(c->instances);
	policies_free(&c->policies);
	*c = (struct bgp_config){ 0 };
}

void
bgp_config_copy(struct bgp_config *to, const struct bgp_config *from)
{
	struct bgp_config copy = *from;

	copy.instances =
	    from->instance_count ? mem_copy(from->instances, from->instance_count * sizeof *from->instances) : NULL;
	for (size_t i = 0; copy.instances && i < copy.instance_count; i++) {
		struct bgp_instance_config *n = &copy.instances[i];
		n->peers = n->peer_count ? mem_copy(n->peers, n->peer_count * sizeof *n->peers) : NULL;
	}
	copy.policies = (struct bgp_policies){ 0 };
	policies_copy(&copy.policies, &from->policies);
	bgp_config_free(to);
	*to = copy;
}

const struct bgp_instance_config *
bgp_config_instance(const struct bgp_config *c, const char *name)
{
	for (size_t i = 0; i < c->instance_count; i++)
		if (!strcmp(c->instances[i].name, name))
			return &c->instances[i];
	return NULL;
}

const struct bgp_peer_config *
bgp_config_peer(const struct bgp_instance_config *n, const struct addr *a)
{
	for (size_t i = 0; n && i < n->peer_count; i++)
		if (addr_eq(&n->peers[i].address, a))
			return &n->peers[i];
	return NULL;
}
