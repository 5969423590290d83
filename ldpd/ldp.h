#ifndef LDPD_LDP_H
#define LDPD_LDP_H
#include "base/addr.h"
#include "base/outbox.h"
#include "base/table.h"
#include "base/time.h"

/*
 * The face of the LDP engine: one door in, an outbox, tables, and the next deadline. The engine does
 * no I/O, never asks for the time and calls nobody back. Everything else in this folder is inside.
 */
struct ldp;
struct ldp_config; /* ldpd/config.h */

enum ldp_input_kind {
	LDP_IN_CONFIG,      /* config: the whole new configuration; the engine takes the difference */
	LDP_IN_DATAGRAM,    /* bytes: from UDP 646; ifindex, from, to */
	LDP_IN_STREAM_UP,   /* conn; local, peer: addresses and ports as connected or accepted */
	LDP_IN_STREAM,      /* conn; bytes: the next of the stream, cut anywhere */
	LDP_IN_STREAM_DOWN, /* conn; text: why */
	LDP_IN_ROW,         /* table, row, gone, round: of a mirrored table */
	LDP_IN_SYNCED,      /* table, round: rows not seen in this round are gone */
	LDP_IN_LOST,        /* table: its owner is away, its rows are stale */
	LDP_IN_CLEAR,       /* peer: end this session (any address: all) */
	LDP_IN_TIMER,       /* the deadline of ldp_due() has come */
};
/* The tables the engine wants mirrored. */
enum ldp_mirror {
	LDP_FIB_INTERFACE,
	LDP_FIB_ROUTE,
	LDP_FIB_ILM,
	LDP_FIB_LABEL_RANGE,
	LDP_BFD_SESSION,
	LDP_IGP_INTERFACE,
	LDP_L2VPN_REQUEST,
	LDP_MIRRORS
};
enum {
	LDP_NEEDED = (1u << LDP_BFD_SESSION) - 1
}; /* nothing runs before these were read; without bfdd, igpd and l2vpnd all does */

struct ldp_input {
	enum ldp_input_kind kind;
	uint32_t ifindex, conn, round;
	enum ldp_mirror table;
	bool gone;
	const void *
	    row; /* Fib__Interface, Fib__Route, Fib__Ilm, Fib__LabelRange, Bfd__Session, Igp__Interface, L2vpn__PwRequest */
	struct addr from, to; /* datagram; STREAM_UP: peer and local */
	uint16_t from_port, to_port;
	uint8_t ttl; /* datagram: as it came */
	const uint8_t *bytes;
	size_t size;
	const char *text;
	const struct ldp_config *config; /* copied */
};

enum { LDP_PORT = 646 };
/* The engine's own connection numbers are below this; the host numbers those it accepts from here up. */
#define LDP_ACCEPTED UINT32_C(0x80000000)

struct ldp *ldp_new(uint64_t seed);
void ldp_free(struct ldp *);
const struct ldp_config *ldp_config_of(const struct ldp *); /* the one in force */
/* `now` is when it happened: the kernel's receive time for a packet. Never runs backwards (the door clamps). */
void ldp_input(struct ldp *, const struct ldp_input *, usec_t now);
usec_t ldp_due(const struct ldp *);
struct outbox *ldp_outbox(struct ldp *);
/* ldp.Lsp, ldp.Session, ldp.Adjacency, ldp.Binding, ldp.Interface, ldp.Parameters, ldp.Pw, bfd.Request …; NULL at the end. */
struct table *const *ldp_tables(struct ldp *);
/* Sends Shutdown to nobody: a stop is a restart for the neighbours (RFC 3478), unless the configuration says
 * `undo mpls ldp`, which ends sessions in order. */
#endif
