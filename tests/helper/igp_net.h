#ifndef HELPER_IGP_NET_H
#define HELPER_IGP_NET_H
#include "base/rng.h"
#include "base/text.h"
#include "base/timers.h"
#include "igpd/ospf/model.h"

/*
 * OSPF engines and the links between them, on a virtual clock: any number of routers, and segments with two or more of them.
 * All chance comes from one number. Routes are compared with those that a plain computation finds from the topology itself.
 */
enum { IGP_NODES = 256, IGP_PORTS = 24, IGP_SEGMENTS = 1024, IGP_MEMBERS = 24 };

struct igp_port {
	uint32_t ifindex;
	char name[16];
	struct prefix address;
	bool up, loopback;
	uint16_t cost;
	uint32_t mbps;      /* 0: not known */
	uint32_t mtu;       /* 0: 1500 */
	bool in_all, in_dr; /* groups it listens to */
	struct ospf_ldp_neighbor ldp[IGP_MEMBERS];
	size_t ldp_count;
	int segment; /* -1: none */
};
struct igp_node {
	size_t index;
	struct ospf *o; /* NULL while it is dead */
	uint32_t router;
	struct ospf_config config;
	struct igp_port ports[IGP_PORTS];
	size_t port_count;
	uint64_t lives;
	struct text log;
	unsigned routes_told;
};
struct igp_segment {
	struct prefix prefix;
	enum ospf_network_type type;
	struct {
		size_t node, port;
	} member[IGP_MEMBERS];
	size_t count;
	bool cut; /* nothing passes; all keep their carrier */
	unsigned lose_percent;
};
struct igp_net {
	usec_t now, delay, jitter;
	uint64_t seed;
	struct rng rng;
	struct igp_node *nodes[IGP_NODES];
	size_t node_count;
	struct igp_segment segments[IGP_SEGMENTS];
	size_t segment_count;
	struct timers wire;
	uint64_t packets;
	/* Sees every packet on its way; false: it is lost. NULL: all pass. */
	bool (*tap)(struct igp_net *, size_t from, size_t segment, const struct effect *);
	void *tap_ctx;
	void (*told)(
	    struct igp_net *, struct igp_node *, const struct ospf_route *); /* a route that is another than it was */
};

struct igp_net *igp_net_new(uint64_t seed);
void igp_net_free(struct igp_net *);
/* A router with an ID and a loopback of that address; not started. */
struct igp_node *igp_add(struct igp_net *, uint32_t router);
/* A segment of a network of its own; members join in the order of their addresses. */
size_t igp_segment(struct igp_net *, enum ospf_network_type);
size_t igp_join(struct igp_net *, size_t segment, struct igp_node *, uint16_t cost);        /* the port */
void igp_link(struct igp_net *, size_t a, size_t b, enum ospf_network_type, uint16_t cost); /* a segment of two nodes */
struct ospf_interface_config *igp_config(
    struct igp_node *, size_t port);                          /* of that port, to be changed; then igp_configure() */
void igp_area(struct igp_node *, size_t port, uint32_t area); /* the port is in that area */
struct ospf_area_config *igp_area_config(struct igp_node *, uint32_t area);
void igp_configure(struct igp_net *, struct igp_node *);
void igp_start(struct igp_net *, struct igp_node *);   /* fresh memory */
void igp_restart(struct igp_net *, struct igp_node *); /* killed and back, with its routes still in force (RFC 3623) */
void igp_start_all(struct igp_net *);
void igp_kill(struct igp_net *, struct igp_node *);
void igp_set_port(struct igp_net *, struct igp_node *, size_t port, bool up);
void igp_import(struct igp_net *, struct igp_node *, const struct ospf_import *, bool gone);
/* What LDP has with another router on the segment that both are on; `gone`: nothing is known of the link at all. */
void igp_ldp(struct igp_net *, struct igp_node *, size_t port, const struct igp_node *other, enum ospf_ldp_state);
void igp_ldp_gone(struct igp_net *, struct igp_node *, size_t port);
void igp_tell_ldp(struct igp_net *, struct igp_node *, const struct ospf_ldp *, bool gone); /* a row as it is */
void igp_run(struct igp_net *, usec_t span);
/* What is wrong, as text: databases that differ, adjacencies that are not full, routes that are not the shortest. Empty: nothing. */
const char *igp_faults(struct igp_net *);
struct iface *igp_iface(struct igp_node *, size_t port);
struct neighbor *igp_neighbor(struct igp_node *, size_t port, struct igp_node *other); /* NULL: none */
#endif
