#ifndef OSPF_OSPF_H
#define OSPF_OSPF_H
#include "base/addr.h"
#include "base/outbox.h"
#include "base/prefix.h"
#include "base/table.h"
#include "base/time.h"
#include "igpd/ospf/config.h"

/*
 * The face of the OSPF engine, one process (RFC 2328): one door in, an outbox, routes, and the next deadline. The engine
 * does no I/O, never asks for the time and calls nobody back. Everything else in this folder is inside.
 */
struct ospf;

#define OSPF_ALL_ROUTERS UINT32_C(0xe0000005) /* 224.0.0.5 AllSPFRouters */
#define OSPF_ALL_DR UINT32_C(0xe0000006)      /* 224.0.0.6 AllDRouters */

enum ospf_input_kind {
	OSPF_IN_CONFIG, /* config: the whole new configuration; the engine takes the difference */
	OSPF_IN_PORT,   /* port: an interface as it is now; gone: it is no longer there */
	OSPF_IN_PACKET, /* bytes: an OSPF packet without its IP header, from a link; from, to */
	OSPF_IN_LDP,    /* ldp: what LDP has on a link; gone: it has nothing there any more, or ldpd is dead */
	OSPF_IN_BFD,    /* bfd: what BFD says of a path */
	OSPF_IN_IMPORT, /* import: a route of another origin that is to be advertised; gone: no longer */
	OSPF_IN_TIMER,  /* the deadline of ospf_due() has come */
};
struct ospf_port {
	uint32_t ifindex;
	const char *name; /* as in router.conf */
	bool up, loopback, point_to_point;
	uint32_t mtu, speed_mbps;       /* speed 0: not known */
	const struct prefix *addresses; /* with host bits; the first IPv4 one of each network counts */
	size_t address_count;
};
/* How far LDP is with a neighbour, as in ldp.Sync. */
enum ospf_ldp_state { OSPF_LDP_NO_SESSION, OSPF_LDP_EXCHANGING, OSPF_LDP_EXCHANGED };
struct ospf_ldp_neighbor {
	uint32_t address, lsr, transport; /* address: on the link */
	enum ospf_ldp_state state;
};
struct ospf_ldp {
	uint32_t ifindex;
	bool enabled; /* LDP runs on the link */
	const struct ospf_ldp_neighbor *neighbors;
	size_t count;
};
/* NONE: there is no session; UNKNOWN: what was believed before stays; DEAD: it was up before. */
enum ospf_bfd_state { OSPF_BFD_NONE, OSPF_BFD_UNKNOWN, OSPF_BFD_DOWN, OSPF_BFD_UP, OSPF_BFD_DEAD };
struct ospf_bfd {
	uint32_t ifindex, address;
	enum ospf_bfd_state state;
};
struct ospf_import {
	struct prefix prefix;
	uint32_t metric, tag;
	bool type2;
	uint32_t forward; /* 0: packets come to us */
};
struct ospf_input {
	enum ospf_input_kind kind;
	const struct ospf_config *config; /* copied */
	const struct ospf_port *port;     /* copied */
	const struct ospf_ldp *ldp;       /* copied */
	const struct ospf_bfd *bfd;       /* copied */
	const struct ospf_import *import; /* copied */
	bool gone;
	uint32_t ifindex;
	struct addr from, to;
	const uint8_t *bytes;
	size_t size;
};

/* Tables that all processes have their rows in: igp.Process, .Area, .Interface, .Neighbor, .Lsa,
 * .SpfRun. */
struct ospf_tables {
	struct table process, area, interface, neighbor, lsa, spf_run, request; /* request: bfd.Request */
};
void ospf_tables_init(struct ospf_tables *);
/* What a process lives in. */
struct ospf_world {
	struct outbox *out;         /* shared; NULL: one of its own */
	struct ospf_tables *tables; /* shared; NULL: nobody reads them */
	uint32_t process;
	const char *vrf; /* stays the caller's */
	bool restarted;  /* the kernel has routes that it found in an earlier life (RFC 3623) */
};
/* wall_s: the date, in seconds, when `now` is 0; only that it grows from life to life matters. World NULL: a test's. */
struct ospf *ospf_new(uint64_t seed, uint64_t wall_s, const struct ospf_world *);
void ospf_free(struct ospf *);
/* `now` is when it happened: the kernel's receive time for a packet. Never runs backwards (the door clamps). */
void ospf_input(struct ospf *, const struct ospf_input *, usec_t now);
usec_t ospf_due(const struct ospf *);
struct outbox *ospf_outbox(struct ospf *); /* EFFECT_DATAGRAM_SEND, _GROUP_JOIN, _GROUP_LEAVE, _LOG */

/* It is finding its adjacencies anew; its routes are not to be used yet, and those of before are still good. */
bool ospf_is_restarting(const struct ospf *);
bool ospf_restarted_well(const struct ospf *); /* and has found all of them: its routes are whole */

/* --- routes --- */

enum ospf_route_kind { OSPF_INTRA, OSPF_INTER, OSPF_EXTERNAL_1, OSPF_EXTERNAL_2, OSPF_UNREACHABLE };
struct ospf_hop {
	uint32_t ifindex;
	uint32_t gateway; /* 0: the network is on the link itself */
};
struct ospf_route {
	struct prefix prefix;
	enum ospf_route_kind kind; /* OSPF_UNREACHABLE: the route is gone */
	uint32_t cost, cost2;      /* cost2: of an external of type 2 outside the AS */
	uint32_t area, tag;
	const struct ospf_hop *hops;
	size_t hop_count;
};
/* Routes that are other than they were, each once; false at the end. Valid until the next call. */
bool ospf_next_route(struct ospf *, struct ospf_route *ret);
/* The route to a prefix as it is now; false: none. */
bool ospf_route_to(const struct ospf *, const struct prefix *, struct ospf_route *ret);
#endif
