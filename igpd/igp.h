#ifndef IGPD_IGP_H
#define IGPD_IGP_H
#include "base/addr.h"
#include "base/outbox.h"
#include "base/table.h"
#include "base/time.h"

/*
 * The face of igpd's engine: all processes of all protocols behind one door, an outbox, tables, and the next deadline. The
 * engine does no I/O, never asks for the time and calls nobody back.
 */
struct igp;
struct igp_config; /* igpd/config.h */

enum igp_input_kind {
	IGP_IN_CONFIG, /* config: the whole new configuration; the engine takes the difference */
	IGP_IN_PACKET, /* bytes: an OSPF packet without its IP header; ifindex, from, to */
	IGP_IN_ROW,    /* table, row, gone, round: of a mirrored table */
	IGP_IN_LOST,   /* table: its owner is dead, and its hold time is over */
	IGP_IN_SYNCED, /* table, round: rows not seen in this round are gone */
	IGP_IN_CLEAR,  /* process: begins anew (0: all) */
	IGP_IN_TIMER,  /* the deadline of igp_due() has come */
};
/* The tables the engine wants mirrored. */
enum igp_mirror { IGP_FIB_INTERFACE, IGP_FIB_ROUTE, IGP_LDP_SYNC, IGP_BFD_SESSION, IGP_MIRRORS };

struct igp_input {
	enum igp_input_kind kind;
	const struct igp_config *config; /* copied */
	uint32_t ifindex, round, process;
	enum igp_mirror table;
	bool gone;
	const void *row; /* Fib__Interface, Fib__Route, Ldp__Sync */
	struct addr from, to;
	const uint8_t *bytes;
	size_t size;
};

/* wall_s: the date, in seconds, when `now` is 0; only that it grows from life to life matters. */
struct igp *igp_new(uint64_t seed, uint64_t wall_s);
void igp_free(struct igp *);
const struct igp_config *igp_config_in_force(const struct igp *);
/* `now` is when it happened: the kernel's receive time for a packet. Never runs backwards (the door clamps). */
void igp_input(struct igp *, const struct igp_input *, usec_t now);
usec_t igp_due(const struct igp *);
struct outbox *igp_outbox(struct igp *); /* EFFECT_DATAGRAM_SEND, _GROUP_JOIN, _GROUP_LEAVE, _LOG */
/* igp.Route, igp.Process, igp.Area, igp.Interface, igp.Neighbor, igp.Lsa, igp.SpfRun, bfd.Request; NULL at the end. */
struct table *const *igp_tables(struct igp *);
#endif
