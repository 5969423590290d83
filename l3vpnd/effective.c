/*
 * What BGP is told: what the operator has said, with what the router adds. A router ID when none is set; our end's address of
 * a session that is bound to an interface.
 *
 * A peer whose interface has no address yet is not called: from another address of ours the other end would not know us.
 */
#include "l3vpnd/model.h"
#include <string.h>

static uint32_t
router_id(struct l3vpn *g)
{
	const struct l3vpn_config *c = &g->config;
	uint32_t said = c->bgp.router_id ? c->bgp.router_id : c->lsr_id ? c->lsr_id : c->global_router_id;

	if (!said)
		g->chosen_id = vpn_router_id(g, g->chosen_id);
	return said ? said : g->chosen_id;
}

static void
complete_peer(const struct l3vpn *g, struct bgp_peer_config *p)
{
	const struct bgp_config *c = &g->config.bgp;

	if (!p->has_hold && c->has_hold) {
		p->has_hold = true;
		p->hold_s = c->hold_s;
		p->keepalive_s = p->keepalive_s ? p->keepalive_s : c->keepalive_s;
	}
	if (!*p->source_interface || addr_is_set(&p->source_address))
		return;
	p->source_address = vpn_port_address(g, p->source_interface, p->address.family);
	if (!addr_is_set(&p->source_address))
		p->ignored = true;
}

void
l3vpn_effective(struct l3vpn *g, struct bgp_config *ret)
{
	bgp_config_copy(ret, &g->config.bgp);
	ret->router_id = router_id(g);
	for (size_t i = 0; i < ret->instance_count; i++) {
		struct bgp_instance_config *n = &ret->instances[i];
		for (int k = 0; k < 2; k++)
			memcpy(n->vpn[k].tunnel_policy, g->config.instances[i].family[k].tunnel_policy, BGP_NAME);
		for (size_t p = 0; p < n->peer_count; p++) {
			complete_peer(g, &n->peers[p]);
			if (!ret->router_id)
				n->peers[p].ignored = true;
		}
	}
}
