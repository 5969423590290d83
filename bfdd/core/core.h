#ifndef BFDD_CORE_CORE_H
#define BFDD_CORE_CORE_H
#include "base/addr.h"
#include "base/time.h"
#include "bfdd/core/packet.h"

/*
 * The face of the BFD core: what must happen in time and nothing else. It runs in its own thread, so it shares nothing
 * with the rest of bfdd: commands go in, packets come in with the time when the kernel received them, packets and
 * changes come out of two arrays that the host drains after each call. No I/O, no clock, no allocation per packet.
 * RFC 5880, 5881, 5882 section 4.3, 5883, 5885.
 */
enum {
	BFD_SLOW_US = 1000000,  /* RFC 5880 6.8.3: at least this between packets while a session is not Up */
	BFD_SINGLE_PORT = 3784, /* RFC 5881 */
	BFD_ECHO_PORT = 3785,   /* RFC 5881 */
	BFD_MULTI_PORT = 4784,  /* RFC 5883 */
	BFD_KEYS_MAX = 4,
	BFD_ECHO_BYTES = 16,
	/* Transmissions are drawn to a raster, 19.5 % of their interval and no more than this: many sessions wake us once. */
	BFD_GRID_US = 6000,
};

struct bfd_key {
	uint8_t id;
	enum bfd_auth_type type;
	uint8_t size;
	uint8_t secret[BFD_KEY_MAX];
};
/* Everything about a session that is said and not learned. */
struct bfd_params {
	struct addr peer, local; /* local: none while it is unknown (then any) */
	uint32_t ifindex;        /* single hop: packets must come from there; 0: any (multihop) */
	uint32_t vrf;            /* table of the VRF, 0 the public one */
	bool multihop, passive, demand, shut, path_down, independent;
	uint8_t min_ttl;     /* multihop: packets with less are refused; single hop: always 255 */
	uint8_t detect_mult; /* 1 and up */
	uint8_t tos_exp;     /* 0-7: the IP precedence of what is sent */
	uint32_t desired_min_tx_us, required_min_rx_us;
	uint32_t required_min_echo_us;     /* 0: we do not reflect echoes */
	uint32_t echo_us;                  /* we send echoes at this interval while Up; 0: none */
	uint32_t vccv_label;               /* not 0: on the control channel of this pseudowire, named by our label */
	uint8_t vccv_encapsulation;        /* then: VCCV_IP or VCCV_ACH of vccv.h */
	bool vccv_control_word;            /* it has one */
	uint32_t remote;                   /* discriminator set by hand; 0: learned */
	uint32_t demand_poll_us;           /* demand mode: verify the path so often; 0: never */
	uint8_t key_count;                 /* 0: no authentication */
	struct bfd_key keys[BFD_KEYS_MAX]; /* the first is sent; all are accepted */
};

struct bfd_counters {
	uint64_t sent, received, echo_sent, echo_received;
	uint64_t refused[BFD_VERDICTS]; /* of packets that found this session */
	uint64_t ups, downs;
	uint64_t late; /* sent later than the interval allowed, because this process was not run in time */
	uint32_t late_max_us;
};
/* A session as it stands; what displays and clients see. */
struct bfd_status {
	uint32_t local, remote; /* discriminators */
	enum bfd_state state, remote_state;
	uint8_t diag, remote_diag, remote_mult;
	bool remote_demand, remote_independent, polling, echoing;
	uint32_t tx_us, rx_us, detect_us; /* negotiated: we send, they send, time to detect */
	uint32_t remote_min_tx_us, remote_min_rx_us, remote_min_echo_us;
	usec_t changed_at; /* of the last change of state: when it happened, not when it was noticed */
	struct bfd_counters count;
};

/* What the host has to do. */
struct bfd_send {
	uint32_t local; /* the session */
	bool echo;
	uint8_t size;
	uint8_t bytes[BFD_PACKET_MAX];
};
struct bfd_change {
	struct bfd_status status;
	bool gone; /* the session was removed and has said its farewell: its discriminator is free again */
};

struct bfd_datagram {
	const uint8_t *bytes;
	size_t size;
	struct addr from, to;
	uint32_t ifindex, vrf;
	uint8_t ttl;
	bool multihop;       /* by the port it came to */
	uint32_t vccv_label; /* as in struct bfd_params: what it came with */
	uint8_t vccv_encapsulation;
};

struct bfd_core;
struct bfd_core *bfd_core_new(uint64_t seed);
void bfd_core_free(struct bfd_core *);
/* Makes the session with this local discriminator (not 0), or changes what it is told; a changed peer is a new session. */
void bfd_core_set(struct bfd_core *, uint32_t local, const struct bfd_params *, usec_t now);
/* The peer is told AdminDown for a detection time, then the session is gone. */
void bfd_core_remove(struct bfd_core *, uint32_t local, usec_t now);
/* A packet that is handed in soon: what it needs is fetched from memory meanwhile. */
void bfd_core_expect(const struct bfd_core *, const uint8_t *bytes, size_t size);
enum bfd_verdict bfd_core_packet(struct bfd_core *, const struct bfd_datagram *, usec_t when);
void bfd_core_echo(struct bfd_core *, const uint8_t *bytes, size_t size, usec_t when); /* one of ours came back */
/* All packets that the kernel had received by `now` must have been handed in before. */
void bfd_core_timer(struct bfd_core *, usec_t now);
usec_t bfd_core_due(const struct bfd_core *);
/* How long packets may lie unread without harm to any session: a small part of the quickest one's interval. */
uint32_t bfd_core_patience(const struct bfd_core *);
/* Packets were lost before they could be handed in: nobody is declared down for what may have been among them. */
void bfd_core_blind(struct bfd_core *, usec_t now);
/* We were not run for `span`, so much later than we asked for: perhaps the whole machine was not, and packets that would
 * have come in that time are still on their way. It counts for nobody's detection time. */
void bfd_core_stalled(struct bfd_core *, usec_t span, usec_t now);
bool bfd_core_status(const struct bfd_core *, uint32_t local, struct bfd_status *ret);
/* The sessions in turn: that after this one, the first after 0; 0 behind the last, or when this one is gone. */
uint32_t bfd_core_next(const struct bfd_core *, uint32_t local);
uint64_t bfd_core_refused(const struct bfd_core *, enum bfd_verdict); /* packets that found no session too */

/* Valid until the next call; the host empties them when it has done what they say. */
const struct bfd_send *bfd_core_sends(const struct bfd_core *, size_t *ret_count);
const struct bfd_change *bfd_core_changes(const struct bfd_core *, size_t *ret_count);
void bfd_core_drained(struct bfd_core *);
#endif
