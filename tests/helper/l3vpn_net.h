#ifndef HELPER_L3VPN_NET_H
#define HELPER_L3VPN_NET_H
#include "l3vpnd/bgp/model.h"
#include "tests/sim/sim.h"

/*
 * BGP speakers in the simulator. Node i has the address 10.0.0.(i + 1), which is its router ID too, and is joined to all
 * others by some wires that know no protocol. Every next hop is reached, over an LSP, unless a test says otherwise.
 */
enum { VPN_NODES = 64 };
struct vpn_node {
	struct sim_node sim; /* first: the simulator hands it back */
	struct bgp *b;       /* NULL while it is dead */
	struct addr address;
	struct bgp_config config; /* instances[0]: the public one */
	bool restarted;           /* what the next life is told of the one before */
	struct sim_link *link;
};
struct vpn_net {
	struct sim sim;
	struct vpn_node *nodes[VPN_NODES];
	size_t count;
	struct sim_node *hubs[VPN_NODES];
	size_t hub_count;
};

struct vpn_net *vpn_net_new(uint64_t seed);
void vpn_net_free(struct vpn_net *);
struct vpn_node *vpn_net_add(struct vpn_net *, uint32_t as);
/* Each is the other's peer, with the families of the mask. */
void vpn_net_peer(struct vpn_net *, size_t a, size_t b, uint32_t families);
struct bgp_peer_config *vpn_net_peer_config(struct vpn_net *, size_t of, size_t to);
void vpn_net_configure(struct vpn_net *, size_t node);
void vpn_net_start(struct vpn_net *, size_t node, bool restarted);
void vpn_net_start_all(struct vpn_net *);
void vpn_net_kill(struct vpn_net *, size_t node);
void vpn_net_cut(struct vpn_net *, size_t node, bool cut); /* it reaches nobody, and nobody is told */
void vpn_net_run(struct vpn_net *, usec_t span);
void vpn_net_give(struct vpn_net *, size_t node, const struct bgp_input *);
void vpn_net_route(struct vpn_net *, size_t node, const char *prefix, bool gone);
void vpn_net_next_hop(struct vpn_net *, size_t node, const char *address, bool reachable, uint32_t metric);

struct peer *vpn_net_peer_of(const struct vpn_net *, size_t of, size_t to);
bool vpn_net_is_up(const struct vpn_net *, size_t a, size_t b);
/* The path that a node has chosen; NULL: none. */
const struct path *vpn_net_best(const struct vpn_net *, size_t node, enum bgp_family, const char *prefix);
size_t vpn_net_paths(const struct vpn_net *, size_t node, enum bgp_family, const char *prefix);
const char *vpn_net_as_path(const struct path *, struct text *); /* in the text, cleared first */
const char *vpn_net_log(const struct vpn_net *, size_t node);
#endif
