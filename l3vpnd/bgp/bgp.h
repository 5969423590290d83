#ifndef BGP_BGP_H
#define BGP_BGP_H
#include "base/addr.h"
#include "base/outbox.h"
#include "base/prefix.h"
#include "base/table.h"
#include "base/time.h"
#include "l3vpnd/bgp/config.h"

/*
 * The face of the BGP engine: one speaker with all its peers and tables. One door in, an outbox, and the next deadline. The
 * engine does no I/O, never asks for the time and calls nobody back. Everything else in this folder is inside.
 */
struct bgp;

enum bgp_input_kind {
	BGP_IN_CONFIG,      /* config: the whole new configuration; the engine takes the difference */
	BGP_IN_STREAM_UP,   /* conn; local, peer; instance: connected, or accepted */
	BGP_IN_STREAM,      /* conn; bytes: the next of the stream, cut anywhere */
	BGP_IN_STREAM_DOWN, /* conn; text: why */
	BGP_IN_STREAM_ROOM, /* conn; size: so many bytes of what was sent are still queued */
	BGP_IN_ROUTE,       /* route: of our own, that is to be told; gone: no longer */
	BGP_IN_NEXT_HOP,    /* next_hop: how an address is reached now; gone: nothing is known of it any more */
	BGP_IN_LABELS,      /* first, last: the range of labels that are ours */
	BGP_IN_RESTARTED, /* routes of an earlier life are still in the kernel (RFC 4724); before the first configuration */
	BGP_IN_OLD_LABEL, /* old_label: it stands for this since an earlier life; before the first configuration */
	BGP_IN_BFD,       /* peer, instance; down: BFD says that the path to it is dead */
	BGP_IN_RESET,     /* peer (any address: all), instance: end the session */
	BGP_IN_REFRESH,   /* peer, instance: ask for everything again, without a reset */
	BGP_IN_TIMER,     /* the deadline of bgp_due() has come */
};
struct bgp_own_route { /* of the RIB, by import-route or network; of a VPN instance, with its label and targets */
	enum bgp_family family;
	struct prefix prefix;
	uint64_t rd;             /* of the VPN families; 0: none */
	uint32_t label;          /* of the labelled families */
	const uint64_t *targets; /* as extended communities */
	size_t target_count;
	struct addr next_hop; /* none: packets end here */
	uint32_t med;
	uint8_t origin;     /* enum bgp_origin */
	const char *policy; /* route-policy that it passes; NULL, "": none */
};
struct bgp_next_hop {
	struct addr address;
	char policy[BGP_NAME]; /* the tunnel policy that `lsp` is under; empty: none */
	bool reachable, lsp;   /* lsp: labelled packets get there */
	uint32_t metric;
};
enum vpn_label_kind { VPN_LABEL_INSTANCE, VPN_LABEL_ROUTE, VPN_LABEL_NEXT_HOP };
struct bgp_old_label {
	uint32_t label;
	const char *instance;
	enum vpn_label_kind kind;
	struct prefix prefix; /* of VPN_LABEL_ROUTE */
	struct addr next_hop; /* of VPN_LABEL_NEXT_HOP */
};
struct bgp_input {
	enum bgp_input_kind kind;
	uint32_t conn;
	uint32_t first, last;
	const char *instance; /* NULL, "": the public network */
	struct addr peer, local;
	bool gone, down;
	const uint8_t *bytes;
	size_t size;
	const char *text;
	const struct bgp_config *config;     /* copied */
	const struct bgp_own_route *route;   /* copied */
	const struct bgp_next_hop *next_hop; /* copied */
	const struct bgp_old_label *old_label;
};
/* The engine's own connection numbers are below this; the host numbers those it accepts from here up. */
#define BGP_ACCEPTED UINT32_C(0x80000000)

/* `restarted`: routes of an earlier life are still in the kernel (RFC 4724). */
struct bgp *bgp_new(uint64_t seed, bool restarted);
void bgp_free(struct bgp *);
/* `now` is when it happened. Never runs backwards (the door clamps). */
void bgp_input(struct bgp *, const struct bgp_input *, usec_t now);
usec_t bgp_due(const struct bgp *);
/* EFFECT_STREAM_CONNECT, _SEND, _CLOSE, _KEY, _MIN_TTL, EFFECT_LOG */
struct outbox *bgp_outbox(struct bgp *);
/* l3vpn.Route, .Label, .NextHop, .Peer, .Destination, .Process; NULL at the end. */
struct table *const *bgp_tables(struct bgp *);
bool bgp_is_restarting(const struct bgp *); /* nobody is told anything yet (RFC 4724 4.1) */
/* Of an instance, for displays. */
struct bgp_instance_state {
	uint32_t routes[2]; /* in its tables of IPv4 and IPv6 */
	bool over_limit[2];
	uint32_t label; /* per-instance; LABEL_UNSET: none */
};
/* The AS that tells of where packets for the address go; 0: no route of BGP's leads there, or one of this AS. */
uint32_t bgp_origin(const struct bgp *, const char *instance, const struct addr *);
void bgp_instance_state(const struct bgp *, const char *name, struct bgp_instance_state *ret);
#endif
