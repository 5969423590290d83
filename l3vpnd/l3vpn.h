#ifndef L3VPND_L3VPN_H
#define L3VPND_L3VPN_H
#include "base/addr.h"
#include "base/outbox.h"
#include "base/table.h"
#include "base/time.h"

/*
 * The face of l3vpnd's engine: BGP, the VPN instances with their labels, and what they get from the rest of the router,
 * behind one door, with an outbox, tables, and the next deadline. The engine does no I/O, never asks for the time and calls
 * nobody back.
 */
struct l3vpn;
struct l3vpn_config; /* l3vpnd/config.h */

enum l3vpn_input_kind {
	L3VPN_IN_CONFIG,      /* config: the whole new configuration; the engine takes the difference */
	L3VPN_IN_STREAM_UP,   /* conn; local, peer; instance: connected, or accepted */
	L3VPN_IN_STREAM,      /* conn; bytes */
	L3VPN_IN_STREAM_DOWN, /* conn; text: why */
	L3VPN_IN_STREAM_ROOM, /* conn; size: so many bytes of what was sent are still queued */
	L3VPN_IN_ROW,         /* table, row, gone, round: of a mirrored table */
	L3VPN_IN_SYNCED,      /* table, round: rows not seen in this round are gone */
	L3VPN_IN_RESET,       /* peer (none: all), instance: end the session */
	L3VPN_IN_REFRESH,     /* peer, instance: ask for everything again */
	L3VPN_IN_TIMER,       /* the deadline of l3vpn_due() has come */
};
/* The tables the engine wants mirrored. */
enum l3vpn_mirror {
	L3VPN_FIB_INTERFACE,
	L3VPN_FIB_ROUTE,
	L3VPN_FIB_REACH,
	L3VPN_FIB_RANGE,
	L3VPN_FIB_ILM,
	L3VPN_BFD_SESSION,
	L3VPN_MIRRORS
};

struct l3vpn_input {
	enum l3vpn_input_kind kind;
	const struct l3vpn_config *config; /* copied */
	uint32_t conn, round;
	const char *instance; /* NULL, "": the public network */
	struct addr peer, local;
	enum l3vpn_mirror table;
	bool gone;
	const void *row; /* Fib__Interface, Fib__Route, Fib__Reach, Fib__LabelRange, Fib__Ilm, Bfd__Session */
	const uint8_t *bytes;
	size_t size;
	const char *text;
};

struct l3vpn *l3vpn_new(uint64_t seed);
void l3vpn_free(struct l3vpn *);
const struct l3vpn_config *l3vpn_config_in_force(const struct l3vpn *);
/* Is such a peer configured? None: is the instance? */
bool l3vpn_has_peer(const struct l3vpn *, const char *instance, const struct addr *peer);
/* The AS that tells of where packets for the address go; 0: no route of BGP's leads there, or one of this AS. */
uint32_t l3vpn_origin(const struct l3vpn *, const char *instance, const struct addr *);
/* `now` is when it happened. Never runs backwards (the door clamps). */
void l3vpn_input(struct l3vpn *, const struct l3vpn_input *, usec_t now);
usec_t l3vpn_due(const struct l3vpn *);
/* EFFECT_STREAM_LISTEN, _DEAF, _CONNECT, _SEND, _CLOSE, _KEY, _MIN_TTL, EFFECT_LOG */
struct outbox *l3vpn_outbox(struct l3vpn *);
/* l3vpn.Route, .Label, .NextHop, .Peer, .Destination, .Instance, .Process, bfd.Request; NULL at the end. */
struct table *const *l3vpn_tables(struct l3vpn *);
#endif
