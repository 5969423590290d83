#ifndef L2VPND_L2VPN_H
#define L2VPND_L2VPN_H
#include "base/addr.h"
#include "base/outbox.h"
#include "base/table.h"
#include "base/time.h"
#include "l2vpnd/config.h"

/*
 * The face of l2vpnd's engine: circuits with their pseudowires, behind one door, with an outbox, tables, and the next
 * deadline. Rows are all that it hears and says. It does no I/O, never asks for the time and calls nobody back.
 */
struct l2vpn;

enum l2vpn_input_kind {
	L2VPN_IN_CONFIG, /* config: the whole new configuration; the engine takes the difference */
	L2VPN_IN_ROW,    /* table, row, gone, round: of a mirrored table */
	L2VPN_IN_SYNCED, /* table, round: rows not seen in this round are gone */
	L2VPN_IN_LOST,   /* table: its owner is away, and what it said last still holds */
	L2VPN_IN_SWITCH, /* interface, role: an operator; see l2vpn_may_switch() */
	L2VPN_IN_TIMER,  /* the deadline of l2vpn_due() has come */
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

struct l2vpn_input {
	enum l2vpn_input_kind kind;
	const struct l2vpn_config *config; /* copied */
	enum l2vpn_mirror table;
	const void *row; /* Fib__Circuit, Fib__Interface, Fib__LabelRange, Ldp__Pw, Bfd__Session */
	bool gone;
	uint32_t round;
	const char *interface;
	bool to_primary; /* else to a backup */
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
struct outbox *l2vpn_outbox(struct l2vpn *); /* EFFECT_LOG */
/* l2vpn.PwRequest, .Circuit, .Vc, .Service, bfd.Request; NULL at the end. */
struct table *const *l2vpn_tables(struct l2vpn *);
#endif
