#ifndef IGPD_MODEL_H
#define IGPD_MODEL_H
#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/rng.h"
#include "igpd/config.h"
#include "igpd/igp.h"
#include "igpd/ospf/ospf.h"
#include "proto/bfd.pb-c.h"
#include "proto/fib.pb-c.h"
#include "proto/igp.pb-c.h"
#include "proto/ldp.pb-c.h"

/* The nouns of igpd around its processes. Only files of the engine include this. */
struct igp_port { /* an interface of fibd's */
	struct hash_node by_ifindex;
	uint32_t ifindex, round, mtu, speed_mbps;
	char *name; /* the operator's */
	char vrf[IGP_VRF];
	bool up, loopback, point_to_point;
	struct prefix *addresses;
	size_t address_count;
};
struct igp_ldp { /* what LDP has on a link: a row of ldp.Sync */
	struct hash_node by_ifindex;
	uint32_t round;
	struct ospf_ldp row;
	struct ospf_ldp_neighbor *neighbors;
};
struct igp_bfd { /* a session of BFD over one hop, by its name */
	struct hash_node by_name;
	char *name;
	uint32_t round;
	struct ospf_bfd told;
};
struct process {
	struct list link;
	uint32_t id;
	char vrf[IGP_VRF];
	struct ospf *ospf;
	struct igp_import_config imports[8]; /* in force */
	uint8_t import_count;
	bool default_told;
};
struct igp_route { /* a row of igp.Route */
	struct hash_node by_key;
	struct row row;
	uint32_t process;
	const char *vrf; /* of its process */
	uint8_t preference;
	struct ospf_route route;
	struct ospf_hop *hops;
};
struct import { /* a route of another origin, as fibd has it */
	struct hash_node by_key;
	char vrf[IGP_VRF];
	struct prefix prefix;
	uint8_t protocol;
	bool foreign;     /* somebody else's in the kernel */
	uint32_t process; /* of ours: its own is not imported by itself */
	uint32_t round;
};

struct igp {
	usec_t now;
	bool busy, configured, ports_known, routes_known;
	bool begun; /* the first configuration runs */
	uint64_t wall_s;
	usec_t complete_at; /* igp.Route is whole then; 0: it is, or nothing runs */
	struct rng rng;
	struct outbox *out;
	struct igp_config config;
	struct hash ports, routes, imports, ldp, bfd;
	struct list processes;
	struct table route_table;
	struct ospf_tables ospf_tables;
	struct table *served[12];
};

void process_give(struct igp *, struct process *, const struct ospf_input *);

/* --- ldp.c --- */
void ldp_row(struct igp *, const Ldp__Sync *, bool gone, uint32_t round);
void ldp_synced(struct igp *, uint32_t round);
void ldp_lost(struct igp *);                                     /* ldpd is dead, and for longer than a restart takes */
void ldp_tell(struct igp *, struct process *, uint32_t ifindex); /* what is known of a link that is new to a process */
void ldp_free_all(struct igp *);

/* --- bfd.c --- */
void igp_bfd_row(struct igp *, const Bfd__Session *, bool gone, uint32_t round);
void igp_bfd_synced(struct igp *, uint32_t round);
void igp_bfd_free(struct igp *);

/* --- route.c --- */
void routes_init(struct igp *);
void route_take(struct igp *, const struct process *, const struct ospf_route *); /* as it is now, or gone */
void routes_drop(struct igp *, uint32_t process);
void routes_prefer(struct igp *, const struct process *); /* its preferences may be others */

/* --- import.c --- */
void import_row(struct igp *, const Fib__Route *, bool gone, uint32_t round);
void imports_synced(struct igp *, uint32_t round);
void imports_configure(struct igp *, struct process *, const struct igp_process_config *);
void imports_free(struct igp *);
bool imports_have_ospf(const struct igp *, const char *vrf); /* there are routes that OSPF has found */
#endif
