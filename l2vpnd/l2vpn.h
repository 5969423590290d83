#ifndef L2VPND_L2VPN_H
#define L2VPND_L2VPN_H
#include "base/addr.h"
#include "base/outbox.h"
#include "base/table.h"
#include "base/time.h"
#include "l2vpnd/config.h"

/*
 * The face of l2vpnd's engine: circuits with their pseudowires, behind one door, with an outbox, tables, and the next
 * deadline. Rows are what it hears and says, and the packets of LSP ping on the pseudowires' control channels. It does no
 * I/O, never asks for the time and calls nobody back.
 */
struct l2vpn;

enum l2vpn_input_kind {
	L2VPN_IN_CONFIG,   /* config: the whole new configuration; the engine takes the difference */
	L2VPN_IN_ROW,      /* table, row, gone, round: of a mirrored table */
	L2VPN_IN_SYNCED,   /* table, round: rows not seen in this round are gone */
	L2VPN_IN_LOST,     /* table: its owner is away, and what it said last still holds */
	L2VPN_IN_SWITCH,   /* interface, role: an operator; see l2vpn_may_switch() */
	L2VPN_IN_ECHO,     /* echo, date_us: an operator pings; the end is an EFFECT_ANSWER with its number */
	L2VPN_IN_UNSENT,   /* number, why: the frame of this echo could not be sent */
	L2VPN_IN_FRAME,    /* bytes, size, date_us: came by the control channels' device; from the label on */
	L2VPN_IN_DATAGRAM, /* from, bytes, size: came to UDP port 3503 */
	L2VPN_IN_CLEAR,    /* counters of LSP pings begin at 0 again */
	L2VPN_IN_TIMER,    /* the deadline of l2vpn_due() has come */
};
/* The tables the engine wants mirrored. */
enum l2vpn_mirror {
	L2VPN_FIB_CIRCUIT,
	L2VPN_FIB_INTERFACE,
	L2VPN_FIB_RANGE,
	L2VPN_LDP_PW,
	L2VPN_BFD_SESSION,
	L2VPN_MIRRORS
};

struct l2vpn_echo {       /* one LSP ping through a pseudowire */
	uint32_t number;  /* of the one who asks: comes back with the answer */
	struct addr peer; /* none: the only pseudowire of this number */
	uint32_t type, vc_id;
	uint32_t channel; /* the only one that will do; 0: any */
	uint32_t mode;    /* how to reply: 2 by UDP, 4 by the control channel; RFC 8029 section 3 */
	uint32_t size;    /* of the message; rounded up to a multiple of four, and to the least that is possible */
	uint32_t sequence;
	usec_t wait;
};
enum { L2VPN_ECHO_MAX = 8100 }; /* bytes */

struct l2vpn_input {
	enum l2vpn_input_kind kind;
	const struct l2vpn_config *config; /* copied */
	enum l2vpn_mirror table;
	const void *row; /* Fib__Circuit, Fib__Interface, Fib__LabelRange, Ldp__Pw, Bfd__Session */
	bool gone;
	uint32_t round;
	const char *interface;
	bool to_primary; /* else to a backup */
	const struct l2vpn_echo *echo;
	uint32_t number;
	const char *why;
	const uint8_t *bytes;
	size_t size;
	struct addr from;
	uint64_t date_us; /* since 1970 */
};

struct l2vpn *l2vpn_new(uint64_t seed);
void l2vpn_free(struct l2vpn *);
const struct l2vpn_config *l2vpn_config_in_force(const struct l2vpn *);
/* The interface of the service of this name; NULL: there is none. */
const char *l2vpn_service_interface(const struct l2vpn *, const char *name);
/* Whether frames of this circuit can be moved by hand. False, and *why says what is against it. */
bool l2vpn_may_switch(const struct l2vpn *, const char *interface, bool to_primary, char why[160]);
/* `now` is when it happened. Never runs backwards (the door clamps). */
void l2vpn_input(struct l2vpn *, const struct l2vpn_input *, usec_t now);
usec_t l2vpn_due(const struct l2vpn *);
/* EFFECT_LOG. EFFECT_FRAME_SEND: `code` is the number of the echo, 0: none. EFFECT_DATAGRAM_SEND from port 3503: `where` is the
 * port that it goes to, and `code` whether with the router alert option. EFFECT_ANSWER: `code` 0, and the text is
 * "ADDRESS BYTES CODE SUBCODE MICROSECONDS" of the reply; or an errno, ETIMEDOUT when there was none, and a sentence. */
struct outbox *l2vpn_outbox(struct l2vpn *);
uint32_t l2vpn_channel_ifindex(const struct l2vpn *); /* of vccv0, on which frames come and go; 0: it is not there */
/* l2vpn.PwRequest, .Circuit, .Vc, .Service, .EchoCounters, bfd.Request; NULL at the end. */
struct table *const *l2vpn_tables(struct l2vpn *);
#endif
