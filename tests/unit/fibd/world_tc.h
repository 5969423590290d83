#ifndef FIBD_WORLD_TC_H
#define FIBD_WORLD_TC_H
#include "proto/l2vpn.pb-c.h"
#include "tests/unit/fibd/world_vpn.h"

/*
 * The test's kernel, traffic control: neighbors, clsact qdiscs, filters, and the gates that these share. As in the real one a gate
 * comes with the first filter that names it and goes with the last, filters go with their qdisc without a word, and those
 * of the block with the last interface that has it.
 */
struct world_tc {
	struct fib_station *stations;
	struct fib_clsact *clsacts;
	struct fib_gate *gates;
	struct fib_filter *filters;
	size_t station_count, clsact_count, gate_count, filter_count;
	unsigned gate_ops, filter_ops, probes,
	    stray_gates;                 /* stray: gates made by themselves, which nobody would remove */
	int refuse;                      /* the next filter, with this errno */
	bool no_u32, no_flower, no_veth; /* the kernel has no such filters, or no pairs of interfaces */
	uint32_t pairs;                  /* that were made */
	bool fixed_carrier;              /* of links: their drivers do not let it be switched */
	uint32_t watched; /* the ways of frames from this circuit are noted, each time that they change */
	char ways[2048], last[256];
};
struct world_tc *world_tc_new(void);
void world_tc_free(struct world_tc *);
void world_tc_tell_all(struct world *);
int world_tc_do(struct world *, const struct fib_object *, bool delete, const char **text);
void world_tc_link_gone(struct world *, uint32_t ifindex);
void world_tc_watch(struct world *);
void world_tc_flush(struct world *, uint32_t ifindex); /* somebody's `tc qdisc del … clsact`; filters go with it */

void world_tc_remove(struct world *, uint32_t ifindex); /* the same, if there is one */

/* A neighbor and its MAC address, 02:00:00:00:00:`last`; 0: it does not answer. */
void world_station(struct world *, uint32_t ifindex, const char *address, uint8_t last);
/* Where a frame from there goes: "1: 200/800001 cw mac 2", "8" (as it is), "dropped"; "stack": up to the host. */
const char *world_frame(struct world *, uint32_t ifindex);
void world_follow(struct world *, uint32_t ifindex); /* its ways are noted from now on, each when it is another */
/* Protocols whose frames from there are dropped, 1 << enum fib_guard. */
uint32_t world_guards(struct world *, uint32_t ifindex);
/* What becomes of a packet with this label alone, or beneath an explicit null: "7 cw", "7 retag", "not ours". */
const char *world_packet(struct world *, uint32_t ifindex, uint32_t label, bool explicit_null);

/* world_channel.c: control channels. A packet that comes in: what its label stack and the first nibble behind it are. */
struct world_control {
	uint32_t ifindex, label;
	bool explicit_null, alert; /* these labels are before it */
	bool expires;              /* the TTL of its label is 1 */
	bool associated;           /* the nibble is 1 */
};
/* What becomes of it: as world_packet(); "42" where that is ours of the pair: a daemon gets it; "dropped". */
const char *world_control(struct world *, const struct world_control *);
/* What becomes of a packet that a daemon sends under our label: "1: 200/600001 alert mac 2", "dropped". */
const char *world_said(struct world *, uint32_t label);
uint32_t world_vccv(struct world *);    /* our one of the pair; 0: there is none */
int world_vccv_make(struct world *);    /* as the kernel does it */
void world_vccv_remove(struct world *); /* somebody's `ip link del vccv0` */
struct fib_filter *world_filter_like(struct world_tc *, const struct fib_filter *);
bool world_has_block(struct world *, uint32_t ifindex);
bool world_gate_is_open(struct world *, uint32_t index);
const char *world_received(struct world *, const struct fib_filter *);

/* Rows of l2vpn.Circuit. Paths: "2.2.2.2 100 600001 524288 cw bfd cc1 off by P, …" are peer, VC ID, out label, in label; "off": not
 * usable; "last": as a last resort; "by P": that tunnel policy. NULL: gone. */
struct world_circuit {
	const char *interface, *paths, *local;
	uint32_t active, turn, dropped;
	bool tagged, carrier_follows;
	uint64_t switches, switched; /* notes of l2vpnd's */
	const char *reason;
};
void world_circuit(struct world *, const struct world_circuit *, uint32_t round);
void world_circuit_gone(struct world *, const char *interface);
const Fib__Circuit *world_circuit_row(struct world *, const char *interface);   /* NULL: there is none */
const Fib__Circuit *world_circuit_there(struct world *, const char *interface); /* the test fails without it */

/* world_pe() with eth7 and eth8 to customers, MPLS on eth1 and eth2, and neighbors that answer. */
struct world *world_pw(void);
void world_pw_free(struct world *); /* and no gate is left that nobody would remove */
void world_pw_start(struct world *);
#endif
