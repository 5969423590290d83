#ifndef FIBD_RIB_H
#define FIBD_RIB_H
#include "base/outbox.h"
#include "base/prefix.h"
#include "base/table.h"
#include "base/time.h"

/*
 * The face of the RIB engine. In: what was seen in the kernel, the configuration, labels that other
 * daemons want programmed. Out: operations for the kernel, tables, log lines. It knows no netlink.
 *
 * Wanted state is computed from interfaces, configuration and rows; seen state is what the kernel
 * reported. The difference becomes operations; each operation's answer comes back by its number, and
 * nothing counts as installed before it was seen. A restart therefore needs no special case: what the
 * kernel still has of ours is seen, what is still wanted matches it, the rest is swept once every
 * source is complete.
 */
struct rib;
struct fib_config; /* fibd/config.h, plain data */

enum {
	FIB_PROTOCOL = 201,   /* rtm_protocol and nh_protocol of everything we install */
	FIB_LINK_GROUP = 201, /* of the interfaces we make */
	FIB_METRIC = 10,      /* of our IPv4 and IPv6 routes: below every other daemon's, above the kernel's own */
	FIB_NEXTHOP_FIRST = 0x50000000, /* ids of our next hop objects */
	FIB_PATHS_MAX = 32,             /* next hops in one route */
	FIB_MANY_ROUTES = 1024,         /* that follow one group */
	FIB_CIRCUIT_PATHS = 4,          /* pseudowires of one circuit */
};
/* Ours among what others have in the kernel's traffic control (doc/decisions/0008). */
enum {
	FIB_BLOCK = 20100, /* the filters of all MPLS links */
	FIB_GUARD = 20090, /* preferences of the filters that drop a protocol's frames: this and enum fib_guard */
	FIB_FRONT = 20100, /* preference of the filter of a circuit that is looked at first */
	FIB_PLACE = 20101, /* and of those of its pseudowires, one after the other */
	FIB_LAST = 20114,  /* of the way that is left when BFD has found all dead */
	FIB_DROP = 20115,  /* and of the last one */
	FIB_SIEVE_LABELS = 20113,  /* VCCV: sends what may be of a control channel, by its labels, to a chain */
	FIB_CHANNEL = 20116,       /* there: of such packets, by label; on the daemons' side, of what they send */
	FIB_RECEIVE_PLAIN = 20117, /* of labels whose frames have no control word */
	FIB_SIEVE = 20118,         /* sends what may be of an associated channel to that chain: */
	FIB_CHAIN = 20100,
	FIB_ASSOCIATED = 20119, /* there, by label. What is none of ours ends there too */
	FIB_RECEIVE = 20120,    /* of labels whose frames have one */
	FIB_GATE = 0x50000000,  /* indexes of actions: gates from here on, */
	FIB_SENT = 0x52000000,  /* and what counts for a pseudowire: this and its label */
	FIB_RECEIVED = 0x53000000,
	FIB_CHANNELED = 0x54000000,
	FIB_GUARDED = 0x55000000, /* what counts for a guard: this, the interface, and below it enum fib_guard */
	FIB_GUARD_BITS = 3,
	FIB_ACTIONS_END = 0x56000000,
};
/* Protocols of the customer's switches that a circuit does not take in; the bits of l2vpn.Circuit. */
enum fib_guard { FIB_GUARD_CDP, FIB_GUARD_DOT1X, FIB_GUARD_LACP, FIB_GUARD_LLDP, FIB_GUARD_STP, FIB_GUARDS };
/* Where daemons speak on the control channels of pseudowires: a pair of interfaces, theirs and ours, which has the filters. */
#define FIB_VCCV_DEVICE "vccv0"
#define FIB_VCCV_OURS "vccv1"
/* How a packet of a control channel is told from a customer's frame (RFC 5085 5.1); the numbers of l2vpn.CircuitPath. */
enum fib_form { FIB_FRAME, FIB_CONTROL_WORD, FIB_ROUTER_ALERT, FIB_TTL_EXPIRY };

/* --- what is in the kernel, in either direction --- */

struct fib_link {
	uint32_t ifindex;
	char name[16];
	char alias[256], altname[128]; /* empty when none */
	uint32_t port;                 /* of a subinterface that is to be made */
	uint16_t tag;
	bool admin_up, carrier, loopback, point_to_point, multicast, is_vrf, is_dummy;
	uint32_t speed_mbps;  /* 0: not known */
	uint32_t mtu, master; /* master: ifindex of the VRF or bridge, 0 none */
	uint32_t vrf_table;   /* of a VRF device */
	uint8_t mac[6];
	bool mpls_input; /* as read from its sysctl */
	bool ours;       /* made by us: it is in our group (IFLA_GROUP) */
	uint16_t vlan;   /* of a subinterface; 0: it is none */
	bool promiscuous;
};
struct fib_address {
	uint32_t ifindex;
	struct prefix prefix; /* with host bits */
	bool ours;            /* carries our protocol mark (IFA_PROTO) */
	bool unique;          /* nobody else can have it, on a loopback: it may be used at once (no RFC 4862 5.4) */
	bool tentative; /* nobody may use it yet, or ever: its uniqueness is being looked into, or was found wanting */
};
/* A next hop object, or a group of them. */
struct fib_nexthop {
	uint32_t id;
	bool black_hole;
	struct addr gateway; /* none: on link */
	uint32_t ifindex;
	uint8_t family; /* 4 or 6: of the object when there is no gateway */
	uint8_t label_count;
	uint8_t ttl;           /* of the labels, RFC 3443 pipe; 0: the packet's own (uniform) */
	uint32_t labels[4];    /* pushed, outermost first */
	uint16_t member_count; /* a group when not 0 */
	uint16_t buckets;      /* of a resilient group; 0: it is an ordinary one */
	uint32_t members[FIB_PATHS_MAX];
	uint8_t weights[FIB_PATHS_MAX]; /* 1-255 */
};
struct fib_path { /* an inline next hop of an AF_MPLS or of a foreign route */
	struct addr gateway;
	uint32_t ifindex;
	uint8_t label_count;
	uint32_t labels[4];
	uint8_t weight;
	uint8_t ttl; /* as in struct fib_nexthop */
};
struct fib_ip_route {
	uint32_t table; /* RT_TABLE_MAIN 254 or a VRF's */
	struct prefix prefix;
	uint8_t protocol; /* rtm_protocol */
	uint32_t metric;
	uint8_t type;        /* RTN_UNICAST 1, RTN_BLACKHOLE 6, … */
	uint32_t nexthop_id; /* 0: paths are inline */
	uint16_t path_count;
	struct fib_path paths[FIB_PATHS_MAX];
};
struct fib_label_route {
	uint32_t label;
	uint8_t protocol;
	bool pipe;           /* the packet beneath keeps its own TTL when the last label is popped (RFC 3443) */
	uint16_t path_count; /* a path of an interface alone: popped and looked up there, by a VRF's device or lo */
	struct fib_path paths[FIB_PATHS_MAX];
};

struct fib_station { /* who is on a link, and its MAC address: an entry of the kernel's neighbor table */
	uint32_t ifindex;
	struct addr addr;
	uint8_t mac[6];
	bool valid; /* the kernel would send there */
};
struct fib_clsact { /* where filters of an interface's incoming frames are */
	uint32_t ifindex;
	uint32_t block; /* shared by several interfaces; 0: its own */
};
struct fib_gate { /* an action that many filters begin with: they are passed over while it is shut */
	uint32_t index;
	bool open;
};
/* What is done with the frames of a circuit, or with packets that come in with a pseudowire's label. Its interface, preference,
 * label and explicit_null tell it from others. */
struct fib_filter {
	uint32_t ifindex; /* 0: of the block */
	uint16_t pref;
	uint32_t label; /* ours, of the pseudowire; 0: it has none (drop, local) */
	uint8_t form; /* enum fib_form. With an interface: as it sends what daemons say; of a sieve: as it looks for */
	bool explicit_null; /* block: beneath an explicit null */
	bool control_word;
	bool pop_tag;      /* block: the frame's VLAN tag goes, the interface puts its own on */
	uint16_t push_tag; /* circuit: it gets one before it goes into the pseudowire; 0: none */
	uint32_t gate;     /* 0: none */
	bool open;         /* seen: that gate */
	uint32_t out;      /* where frames leave; 0: nowhere, they are dropped */
	uint8_t label_count;
	uint32_t labels[5]; /* pushed, outermost first: the tunnel's and the peer's; none: they leave as they came */
	uint8_t mac[6], own_mac[6];
	uint32_t vc_id; /* these three are for whoever finds it */
	struct addr peer;
	uint32_t turn;
	uint32_t circuit; /* with a form: the attachment circuit's interface */
	bool all;         /* gone: every filter of this preference */
	uint64_t packets, bytes;
};

/* Sieves are the same for all labels: one for each form, and each of these once more beneath an explicit null. */
enum { FIB_SIEVES = 6 };
static inline bool
fib_is_sieve(uint16_t pref)
{
	return pref == FIB_SIEVE || pref == FIB_SIEVE_LABELS;
}
/* Its place among them, from 0; and the one that has it. */
static inline uint32_t
fib_sieve_place(const struct fib_filter *f)
{
	return 2u * (f->form - FIB_CONTROL_WORD) + f->explicit_null;
}
static inline struct fib_filter
fib_sieve(uint32_t place)
{
	uint8_t form = (uint8_t)(FIB_CONTROL_WORD + place / 2);

	return (struct fib_filter){ .pref = form == FIB_CONTROL_WORD ? FIB_SIEVE : FIB_SIEVE_LABELS,
		.form = form,
		.explicit_null = place % 2 };
}

struct fib_count {      /* of a pseudowire, or of a guard: then `ifindex` and `pref` tell its filter */
	uint32_t label; /* ours; 0: of a guard */
	uint32_t ifindex;
	uint16_t pref;
	bool received; /* else sent */
	bool channel;  /* received, on the control channel */
	uint64_t packets, bytes;
};

enum fib_object_kind {
	FIB_LINK,
	FIB_ADDRESS,
	FIB_NEXTHOP,
	FIB_IP_ROUTE,
	FIB_LABEL_ROUTE,
	FIB_STATION, /* from here on nothing that routes lean on */
	FIB_CLSACT,
	FIB_A_GATE,
	FIB_FILTER,
	FIB_COUNT
};
struct fib_object {
	enum fib_object_kind kind;
	union {
		struct fib_link link;
		struct fib_address address;
		struct fib_nexthop nexthop;
		struct fib_ip_route ip_route;
		struct fib_label_route label_route;
		struct fib_station station;
		struct fib_clsact clsact;
		struct fib_gate gate;
		struct fib_filter filter;
		struct fib_count count;
	};
};
/* What the kernel can do, found out by the daemon. */
struct fib_abilities {
	bool mpls, nexthop_objects, vrf;
	bool resilient_groups; /* in which next hops can stand by (Linux 5.13) */
	uint32_t platform_labels;
	char release[65];
	const char *const *missing; /* sentences with their remedy */
	size_t missing_count;
};

/* --- operations: what the kernel shall do --- */

enum fib_op_kind {
	FIB_OP_ADD, /* create or replace the object; a station: find out its MAC address, and keep at it */
	FIB_OP_DELETE,
	FIB_OP_LINK_UP, /* object.link.ifindex */
	FIB_OP_LINK_DOWN,
	FIB_OP_LINK_CREATE,      /* object.link.name: a loopback; with is_vrf a VRF of the table vrf_table */
	FIB_OP_LINK_MASTER,      /* object.link.ifindex, master: the VRF that it is in; 0 none */
	FIB_OP_LINK_DELETE,      /* object.link.ifindex: one that we made */
	FIB_OP_LINK_MTU,         /* object.link.ifindex, mtu */
	FIB_OP_LINK_PROMISCUOUS, /* object.link.ifindex, promiscuous */
	FIB_OP_LINK_CARRIER,     /* object.link.ifindex, carrier */
	FIB_OP_MPLS_INPUT,       /* object.link.ifindex, mpls_input: on or off */
	FIB_OP_PLATFORM_LABELS,  /* value */
	FIB_OP_FORWARDING,       /* IPv4 and IPv6 forwarding on */
	FIB_OP_RESYNC,           /* dump everything again and tell it as FIB_IN_SEEN … FIB_IN_SEEN_ALL */
	FIB_OP_LINK_SUB,         /* object.link.name, port, tag: a subinterface */
	FIB_OP_LINK_ALIAS,       /* object.link.ifindex, alias */
	FIB_OP_LINK_VCCV,        /* the pair of FIB_VCCV_DEVICE, which is object.link.name, and FIB_VCCV_OURS */
	FIB_OP_LINK_NO_IPV6,     /* object.link.name: it is not to speak by itself */
};
struct fib_op {
	enum fib_op_kind kind;
	uint32_t number; /* comes back in FIB_IN_ANSWER; 0: no answer wanted */
	uint32_t value;
	bool quiet; /* many routes move with it: the kernel is not to tell of each of them */
	struct fib_object object;
};

/* --- the door --- */

enum fib_input_kind {
	FIB_IN_CONFIG,
	FIB_IN_ABILITIES,
	FIB_IN_SEEN,     /* object; gone: it is no longer there. Routes and labels: not what our own operations did */
	FIB_IN_SEEN_ALL, /* a complete dump was told since the last RESYNC or start: what was not told is not there */
	FIB_IN_OVERRUN,  /* notices of the kernel were lost */
	FIB_IN_ANSWER,   /* number; error 0 or a positive errno, text: the kernel's own words or "" */
	FIB_IN_ROW,
	FIB_IN_SYNCED,
	FIB_IN_LOST, /* rows of a mirrored table */
	FIB_IN_TIMER,
};
enum fib_mirror {
	FIB_LDP_LSP,
	FIB_BFD_SESSION,
	FIB_IGP_ROUTE,
	FIB_LDP_SYNC,
	FIB_VPN_ROUTE,
	FIB_VPN_LABEL,
	FIB_VPN_NEXTHOP,
	FIB_L2VPN_CIRCUIT,
	FIB_MIRRORS
};
struct fib_input {
	enum fib_input_kind kind;
	struct fib_config *config; /* its insides are taken over; the caller's structure is empty afterwards */
	const struct fib_abilities *abilities;
	const struct fib_object *object;
	bool gone;
	uint32_t number;
	int error;
	const char *text;
	enum fib_mirror table;
	uint32_t round;
	const void *row; /* Ldp__Lsp, Bfd__Session, L3vpn__Route, … */
};

struct rib *rib_new(uint64_t seed);
const struct fib_config *rib_config(const struct rib *); /* the one in force */
void rib_free(struct rib *);
void rib_input(struct rib *, const struct fib_input *, usec_t now);
usec_t rib_due(const struct rib *);
struct outbox *rib_outbox(struct rib *); /* log lines */
/* Operations in the order they must reach the kernel, at most `room` of them: the host takes what one batch
 * holds and comes back (a slice of bulk work). Returns how many were written. */
size_t rib_take_ops(struct rib *, struct fib_op *ops, size_t room, usec_t now);
bool rib_has_ops(const struct rib *);
bool rib_is_urgent(const struct rib *);    /* the next of them may move many routes at once */
bool rib_wants_resync(const struct rib *); /* the next is FIB_OP_RESYNC, alone: do it when no other is under way */
/* fib.Interface, fib.Route, fib.Ilm, fib.LabelRange, fib.Kernel, fib.Reach, fib.Circuit, bfd.Request; NULL at the end. */
struct table *const *rib_tables(struct rib *);
#endif
