#ifndef FIBD_CONFIG_H
#define FIBD_CONFIG_H
#include "base/hash.h"
#include "base/prefix.h"

/* What an operator may set. Plain data, built by commands.c; the engine takes it over whole. */
enum {
	FIB_ADDRESSES_MAX = 32,
	FIB_STATIC_PREFERENCE = 60,
	FIB_VRF_NAME = 16,     /* of a VPN instance, with its end: that of its device in the kernel */
	FIB_SESSION_NAME = 64, /* of a BFD session, with its end */
	FIB_POLICY_NAME = 40,  /* of a tunnel policy, with its end */
};

enum fib_tunnel_kind { FIB_TUNNEL_LSP, FIB_TUNNEL_CR_LSP, FIB_TUNNEL_GRE, FIB_TUNNEL_KINDS };
struct fib_binding { /* `tunnel binding` */
	struct addr destination;
	char tunnel[64];
	bool any_destination, down_switch;
};
struct fib_policy_config { /* `tunnel-policy` */
	char name[FIB_POLICY_NAME];
	char description[81];
	bool kinds[FIB_TUNNEL_KINDS]; /* `tunnel select-seq`; none: not said */
	uint8_t balance;
	struct fib_binding *bindings;
	size_t binding_count;
};

struct fib_vrf_config { /* a VPN instance: a device of the same name */
	char name[FIB_VRF_NAME];
	char policy[2][FIB_POLICY_NAME]; /* `tnl-policy`, of IPv4 and of IPv6; "": none */
	int policy_line[2];
	bool create_asked; /* the engine's */
	bool create_refused;
};
struct fib_if_config {
	char name[64]; /* canonical spelling */
	char vrf
	    [FIB_VRF_NAME]; /* the VPN instance that it is in; "": the public network, or where somebody else put it */
	bool shutdown, mpls;
	uint16_t mtu;                               /* 0: leave it */
	uint16_t vlan;                              /* of a subinterface; 0: it is none */
	bool sub_asked;                             /* the engine's: it is being made */
	struct prefix addresses[FIB_ADDRESSES_MAX]; /* with host bits */
	size_t address_count;
	char description[81];
	bool create_asked; /* the engine's: a loopback that is being made */
	bool create_refused;
};
struct fib_via { /* what static routes say behind their prefix; many say the same, so it is kept once */
	struct hash_node by_content;
	uint32_t number;              /* index into `vias` */
	struct fib_via_key {          /* without a gap: keys are compared by their bytes */
		struct addr next_hop; /* none: by interface alone */
		uint8_t preference;
		bool black_hole; /* NULL0 */
		bool bfd;        /* the next hop is watched, by a session that is asked for */
		uint32_t name;   /* index + 1 into `names` of the out-interface; 0 none */
		uint32_t note;   /* index + 1 into `notes`; 0 none */
		uint32_t track;  /* index + 1 into `notes`: the BFD session that it follows; 0 none */
		uint32_t vrf; /* index + 1 into `notes`: the VPN instance that the route is in; 0 the public network */
	} v;
};
struct fib_static { /* of these there may be a million */
	struct prefix prefix;
	uint32_t via;
};
struct fib_note {
	struct hash_node by_text;
	uint32_t number; /* index + 1 */
	char text[];
};
struct fib_config {
	char sysname[64];
	bool balance_packets; /* `load-balance packet all`: said, and not done */
	struct fib_vrf_config *vrfs;
	size_t vrf_count;
	struct fib_policy_config *policies;
	size_t policy_count;
	struct fib_if_config *interfaces;
	size_t interface_count;
	struct fib_static *statics;
	size_t static_count, static_room;
	struct fib_via **vias;
	size_t via_count, via_room;
	struct hash vias_by_content;
	char (*names)[64];
	size_t name_count;
	struct fib_note **notes; /* descriptions of routes, names of sessions and VPN instances, each once */
	size_t note_count, note_room;
	struct hash notes_by_text;
	struct { /* of the sessions that are asked for; 0: bfdd's default */
		uint16_t min_tx_ms, min_rx_ms;
		uint8_t multiplier;
	} bfd;
};

void fib_config_free(struct fib_config *);
/* The interface of this name, made when it is not there yet. */
struct fib_if_config *fib_config_interface(struct fib_config *, const char *name);
struct fib_vrf_config *fib_config_vrf(const struct fib_config *, const char *name); /* NULL: there is none */
struct fib_vrf_config *fib_config_vrf_add(struct fib_config *, const char *name);
struct fib_policy_config *fib_config_policy(const struct fib_config *, const char *name); /* NULL: there is none */
struct fib_policy_config *fib_config_policy_add(struct fib_config *, const char *name);   /* found, or made */
void fib_config_policy_remove(struct fib_config *, const char *name);
uint32_t fib_config_name(struct fib_config *, const char *ifname); /* index + 1 */
uint32_t fib_config_note(struct fib_config *, const char *text);   /* index + 1 */
void fib_config_static(struct fib_config *, const struct prefix *, const struct fib_via_key *);
static inline const struct fib_via_key *
fib_config_via(const struct fib_config *c, const struct fib_static *s)
{
	return &c->vias[s->via]->v;
}
#endif
