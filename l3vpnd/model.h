#ifndef L3VPND_MODEL_H
#define L3VPND_MODEL_H
#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include "l3vpnd/bgp/bgp.h"
#include "l3vpnd/config.h"
#include "l3vpnd/l3vpn.h"
#include "proto/bfd.pb-c.h"
#include "proto/fib.pb-c.h"
#include "proto/l3vpn.pb-c.h"

/* The nouns of l3vpnd around BGP. Only files of the engine include this. */
struct vpn_port { /* an interface of fibd's */
	struct hash_node by_ifindex;
	uint32_t ifindex, round;
	char *name;   /* the operator's */
	char *device; /* the kernel's */
	char vrf[BGP_NAME];
	bool up, loopback;
	struct prefix *addresses;
	size_t address_count;
};
struct own_route { /* a route of the router's that BGP may bring in: what fibd has chosen, and did not come from BGP */
	struct hash_node by_key;
	char vrf[BGP_NAME];
	struct prefix prefix;
	uint8_t protocol; /* Fib__Protocol */
	uint32_t cost, round;
	uint32_t ifindex; /* of its first next hop */
	bool told;
};
struct peer_watch { /* a peer that BFD is asked to watch: a row of bfd.Request */
	struct hash_node by_peer;
	struct row row;
	char vrf[BGP_NAME];
	struct addr peer, source;
	uint32_t ifindex;              /* of its link; 0: it is several hops away */
	uint16_t min_tx_ms, min_rx_ms; /* 0: bfdd's default */
	uint8_t multiplier;
	bool dead, wanted;
};
struct vpn { /* a VPN instance: a row of l3vpn.Instance */
	struct list link;
	struct row row;
	struct l3vpn *of;
	char name[BGP_NAME];
	uint32_t number;
	bool configured, listening;
	usec_t created_at[2], up_at[2]; /* of each family; 0: it is not */
	char trouble[160];
};

struct old_label {               /* a label of ours in the kernel, of an earlier life */
	uint32_t label, ifindex; /* ifindex: of the VRF device, or of the link to the next hop */
	struct prefix prefix;
	struct addr next_hop;
};

struct early_answer { /* how a next hop is reached, told before there was anybody to hear it */
	char vrf[BGP_NAME];
	struct bgp_next_hop hop;
};

struct l3vpn {
	usec_t now;
	bool busy, configured, begun;
	bool listening;  /* in the public network */
	uint32_t synced; /* bits of enum l3vpn_mirror */
	struct bgp *bgp;
	struct outbox *out; /* BGP's */
	struct l3vpn_config config;
	struct hash ports, own_routes, watches;
	struct list vpns;
	uint32_t first_label, last_label; /* our range; last 0: not known */
	struct old_label *old_labels;     /* until we begin */
	size_t old_label_count;
	struct early_answer *early; /* until we begin */
	size_t early_count;
	uint32_t chosen_id; /* the router ID that was taken from an interface last; 0: none */
	bool ports_moved;   /* addresses or names are others: the configuration may mean something else */
	struct table instance_table, request_table;
	struct table *served[10];
};

/* --- ports.c --- */
void vpn_port_row(struct l3vpn *, const Fib__Interface *, bool gone, uint32_t round);
void vpn_ports_synced(struct l3vpn *, uint32_t round);
void vpn_ports_free(struct l3vpn *);
struct vpn_port *vpn_port_find(const struct l3vpn *, uint32_t ifindex);
struct addr vpn_port_address(const struct l3vpn *, const char *name, uint8_t family);  /* none: it has none */
uint32_t vpn_port_towards(const struct l3vpn *, const char *vrf, const struct addr *); /* 0: not on a link of ours */
const struct vpn_port *vpn_port_device(const struct l3vpn *, const char *vrf);         /* the VRF's; NULL: not there */
uint32_t vpn_router_id(const struct l3vpn *, uint32_t before); /* `before` as long as it can be; 0: there is none */

/* --- import.c --- */
void own_route_row(struct l3vpn *, const Fib__Route *, bool gone, uint32_t round);
void own_routes_synced(struct l3vpn *, uint32_t round);
void own_routes_again(struct l3vpn *); /* what is brought in may be said otherwise now */
void own_routes_free(struct l3vpn *);

/* --- instances.c --- */
void vpns_configure(struct l3vpn *);
void vpns_review(struct l3vpn *); /* what they are in the kernel may be otherwise */
void vpns_init(struct l3vpn *);
void vpns_free(struct l3vpn *);

/* --- watch.c --- */
void peer_watches_configure(struct l3vpn *);
void peer_watch_session(struct l3vpn *, const Bfd__Session *, bool gone);
void peer_watches_init(struct l3vpn *);
void peer_watches_free(struct l3vpn *);

/* --- effective.c --- */
/* What BGP is told: the configuration with what the router itself adds. To be freed. */
void l3vpn_effective(struct l3vpn *, struct bgp_config *ret);
#endif
