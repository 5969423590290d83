#ifndef BFDD_BFD_H
#define BFDD_BFD_H
#include "base/outbox.h"
#include "base/table.h"
#include "bfdd/config.h"
#include "bfdd/core/core.h"

/*
 * The face of bfdd's front: who wants which path watched, what the core is to do about it, and what is told of it. The
 * core runs in a thread of its own; here come its changes, and from here go its orders. Pure: no I/O, no clock.
 */
enum bfd_input_kind {
	BFD_IN_CONFIG,
	BFD_IN_CHANGE,   /* change: the core's */
	BFD_IN_COUNTERS, /* status: of one session, from time to time */
	BFD_IN_PROCESS,  /* process: of the thread, from time to time */
	BFD_IN_ROW,      /* a row of a mirrored table */
	BFD_IN_SYNCED,
	BFD_IN_LOST,
	BFD_IN_CLEAR, /* counters, as displayed */
	BFD_IN_TIMER,
};
enum bfd_mirror { BFD_FIB_INTERFACE, BFD_REQUEST };

struct bfd_process { /* what the thread tells of itself */
	char scheduling[80], unsent_reason[64];
	char deaf[64]; /* a VRF in which nothing can be received, and why; "" none */
	bool memory_locked;
	uint64_t wakes, late_wakes, blind, lost, unsent;
	uint64_t refused[BFD_VERDICTS];
	uint32_t late_max_us;
};

struct bfd_input {
	enum bfd_input_kind kind;
	const struct bfd_config *config;
	const struct bfd_change *change;
	const struct bfd_status *status;
	const struct bfd_process *process;
	enum bfd_mirror table;
	const char *daemon; /* BFD_REQUEST: whose table it is */
	const void *row;    /* Fib__Interface, Bfd__Request */
	bool gone;
	uint32_t round;
};

struct bfd_order {
	uint32_t local;      /* discriminator */
	bool remove;         /* else: make it, or change it */
	char device[16];     /* what the session's sockets are bound to; "" nothing */
	char vrf_device[16]; /* what packets are received on; "" the public network */
	struct bfd_params params;
};

struct bfd;
struct bfd *bfd_new(void);
void bfd_free(struct bfd *);
void bfd_input(struct bfd *, const struct bfd_input *, usec_t now);
usec_t bfd_due(const struct bfd *);
struct outbox *bfd_outbox(struct bfd *); /* log lines */
const struct bfd_config *bfd_config_of(const struct bfd *);
/* For the core, in this order; at most `room` of them. */
size_t bfd_take_orders(struct bfd *, struct bfd_order *, size_t room);
/* bfd.Session, bfd.Counters, bfd.Process; NULL at the end. */
struct table *const *bfd_tables(struct bfd *);
#endif
