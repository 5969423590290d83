#ifndef L3VPND_CONFIG_H
#define L3VPND_CONFIG_H
#include "l3vpnd/bgp/config.h"

/*
 * What an operator may set of BGP and VPN instances, as plain data. What BGP itself has to know is in `bgp`; what concerns
 * the rest of the router (which routes are brought in, tunnels) stands beside it, one for each instance of `bgp` with
 * the same index. The public network is always there and always first, with an empty name.
 */
enum { L3VPN_IMPORTS = 16, L3VPN_DESCRIPTION = 242 };

struct l3vpn_import {     /* `import-route` */
	uint8_t protocol; /* Fib__Protocol: DIRECT, STATIC, OSPF, ISIS, RIP; BGP: none */
	uint32_t process; /* of OSPF or IS-IS; 0: any */
	bool has_med;     /* else the cost of the route */
	uint32_t med;
	char policy[BGP_NAME]; /* route-policy that it passes; empty: none */
};
struct l3vpn_network { /* `network` */
	struct prefix prefix;
	char policy[BGP_NAME];
};
/* What holds for one family, IPv4 or IPv6, of an instance or of the public network. */
struct l3vpn_family_config {
	struct l3vpn_import imports[L3VPN_IMPORTS];
	uint8_t import_count;
	bool default_route; /* `default-route imported`: a default route is brought in like others */
	struct l3vpn_network *networks;
	size_t network_count;
	uint8_t local_preference; /* the third of `preference`; BGP has no routes of its own, so nobody reads it */
	/* Of VPN instances alone: */
	bool label_said; /* the default is printed where it was said */
	char tunnel_policy[BGP_NAME];
	int bgp_line; /* of `ipv4-family vpn-instance` in the bgp view, for messages; 0: it is not there */
};
struct l3vpn_instance_config {
	char description[L3VPN_DESCRIPTION];
	struct l3vpn_family_config family[2]; /* of IPv4 and of IPv6 */
	bool said; /* `ip vpn-instance NAME` stands there; else only BGP names it, which is refused at commit */
};
struct l3vpn_config {
	struct bgp_config bgp;
	struct l3vpn_instance_config *instances; /* bgp.instance_count of them */
	uint32_t lsr_id;                         /* `mpls lsr-id`, which is ldpd's line; 0: none */
	uint32_t global_router_id;               /* `router id`; 0: none */
	uint32_t views;                          /* bits of the families whose view the bgp view has, for printing */
	bool no_default_ipv4; /* undo default ipv4-unicast: IPv4 peers are enabled where it is said, and nowhere else */
};
void l3vpn_config_init(struct l3vpn_config *);
void l3vpn_config_free(struct l3vpn_config *);
void l3vpn_config_copy(struct l3vpn_config *to, const struct l3vpn_config *from); /* `to` is initialised */
/* The index in both arrays; -1: there is none. */
int l3vpn_config_find(const struct l3vpn_config *, const char *name);
int l3vpn_config_add(struct l3vpn_config *, const char *name); /* found, or made */
void l3vpn_config_remove(struct l3vpn_config *, const char *name);
struct bgp_peer_config *l3vpn_config_peer(struct l3vpn_config *, int instance, const struct addr *, bool add);
void l3vpn_config_peer_remove(struct l3vpn_config *, int instance, const struct addr *);
#endif
