#ifndef HELPER_L3VPN_NET_H
#define HELPER_L3VPN_NET_H
#include "base/rng.h"
#include "base/text.h"
#include "base/timers.h"
#include "l3vpnd/bgp/model.h"

/*
 * BGP speakers and the connections between them, on a virtual clock. Node i has the address 10.0.0.(i + 1), which is its
 * router ID too, and every next hop is reached, over an LSP. All chance comes from one number.
 */
enum { NET_NODES = 64, NET_ROUTES = 256 };
struct vpn_node {
	size_t index;
	struct bgp *b; /* NULL while it is dead */
	struct addr address;
	struct bgp_config config; /* instances[0]: the public one */
	uint64_t lives;
	struct text log;
	uint64_t sent[BGP_MESSAGE_TYPES]; /* by its log of what went out */
};
struct vpn_wire {
	size_t ends[2];
	uint32_t conns[2];
	bool open;
};
struct vpn_net {
	usec_t now, delay;
	uint64_t seed;
	struct rng rng;
	struct vpn_node *nodes[NET_NODES];
	size_t count;
	struct vpn_wire *wires;
	size_t wire_count;
	uint32_t next_accepted;
	struct timers events;
	bool cut[NET_NODES][NET_NODES]; /* nothing passes, and nobody is told */
	uint64_t bytes;
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
void vpn_net_run(struct vpn_net *, usec_t span);
void vpn_net_give(struct vpn_net *, size_t node, const struct bgp_input *);
void vpn_net_route(struct vpn_net *, size_t node, const char *prefix, bool gone);
void vpn_net_next_hop(struct vpn_net *, size_t node, const char *address, bool reachable, uint32_t metric);

struct peer *vpn_net_peer_of(const struct vpn_net *, size_t of, size_t to);
bool vpn_net_is_up(const struct vpn_net *, size_t a, size_t b);
/* The path that a node has chosen; NULL: none. */
const struct path *vpn_net_best(const struct vpn_net *, size_t node, enum bgp_family, const char *prefix);
size_t vpn_net_paths(const struct vpn_net *, size_t node, enum bgp_family, const char *prefix);
const char *vpn_net_as_path(const struct path *); /* valid until the next call */
#endif
