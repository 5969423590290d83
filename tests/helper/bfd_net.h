#ifndef HELPER_BFD_NET_H
#define HELPER_BFD_NET_H
#include "bfdd/core/core.h"
#include "bfdd/core/vccv.h"

/* Two BFD cores and the wire between them, on a virtual clock. Side 0 is 10.0.0.1, side 1 is 10.0.0.2, one link. */
enum { NET_LOCAL = 8192, NET_IFINDEX = 3, NET_HISTORY = 4096 };

struct net_packet {
	usec_t at;
	unsigned to;
	bool echo;
	uint8_t size, bytes[BFD_PACKET_MAX];
};
struct bfd_net {
	struct bfd_core *core[2]; /* NULL while that side is dead */
	usec_t now, delay_us;
	bool cut[2];            /* what this side sends is lost */
	bool echo_cut[2];       /* echoes of this side are not sent back */
	unsigned lose_every[2]; /* each nth packet that this side sends is lost; 0 none */
	unsigned sent[2];
	uint32_t local[2]; /* discriminators; NET_LOCAL and the next one to begin with */
	struct vccv_form
	    channel[2]; /* label not 0: they are the ends of a pseudowire, and this is what comes to this side */
	void *ctx;      /* of what follows, each NULL without need */
	bool (*loses)(struct bfd_net *, unsigned side, bool echo); /* the packet that this side sends now */
	usec_t (*delays)(struct bfd_net *, unsigned side);         /* ... more than delay_us */
	usec_t (*received)(struct bfd_net *, unsigned side); /* when a packet is told to have been there; else now */
	struct net_packet wire[NET_HISTORY];                 /* under way, in the order of sending */
	size_t first, count;
	struct net_packet last[2]; /* what this side sent last, control packets only */
	struct bfd_change history[2][NET_HISTORY];
	size_t history_count[2];
	uint64_t sends[2]; /* control packets */
	usec_t sent_at[2][NET_HISTORY];
};

struct addr net_address(unsigned side);
struct bfd_net *bfd_net_new(uint64_t seed);
void bfd_net_free(struct bfd_net *);
struct bfd_params bfd_net_params(unsigned side); /* 10 ms both ways, multiplier 3 */
void bfd_net_set(struct bfd_net *, unsigned side, const struct bfd_params *);
void bfd_net_restart(struct bfd_net *, unsigned side, uint64_t seed); /* kill -9; it comes back knowing nothing */
void bfd_net_run(struct bfd_net *, usec_t span);
/* Runs until this side's session has the state, at most for `span`. Returns whether it has. */
bool bfd_net_until(struct bfd_net *, unsigned side, enum bfd_state, usec_t span);
struct bfd_status bfd_net_status(const struct bfd_net *, unsigned side);
struct bfd_packet bfd_net_said(const struct bfd_net *, unsigned side); /* its last control packet */
/* Hands a packet to one side as if the other had sent it. */
enum bfd_verdict bfd_net_give(struct bfd_net *, unsigned side, const struct bfd_packet *);
enum bfd_verdict bfd_net_give_bytes(struct bfd_net *, unsigned side, const uint8_t *, size_t);
void bfd_net_drain(struct bfd_net *, unsigned side);
#endif
