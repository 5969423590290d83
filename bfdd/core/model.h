#ifndef BFDD_CORE_MODEL_H
#define BFDD_CORE_MODEL_H
#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/wheel.h"
#include "bfdd/core/core.h"
#include "bfdd/core/session_fsm.h"

/* The inside of the core. Names follow RFC 5880 section 6.8.1 where it has one (in brackets). */
enum { TIMER_SEND, TIMER_DETECT, TIMER_ECHO, TIMER_LEAVE, TIMER_DEMAND, TIMER_AHEAD };

/*
 * With very many sessions none is in the cache when its packet comes or goes. So what packets need stands together, at the
 * beginning and in the first half of `status` and `params`, and is fetched while the session before is worked on.
 */
struct session {
	struct hash_node by_local;

	/* timers, 6.8.2 to 6.8.4 */
	usec_t heard_at, sent_at;
	uint32_t tx_said_us,
	    tx_used_us; /* [bfd.DesiredMinTxInterval]: in our packets; and until a Poll ends, in force */
	uint32_t rx_said_us, rx_used_us; /* [bfd.RequiredMinRxInterval] */
	struct wheel_node send, detect;
	struct wheel_node ahead; /* in the wheel of that name; `detect` is set when the end is near */
	bool leaving;            /* removed; says AdminDown until TIMER_LEAVE */
	bool changed;            /* is to be told */
	bool poll, poll_again;   /* a Poll Sequence runs; another one is needed after it */
	bool heard;              /* within the detection time */
	bool paused;             /* nothing was due for a while: what is sent next is late for nothing */
	bool echo_sending;
	bool echo_proven; /* this neighbour has sent one back */

	struct bfd_status status; /* [bfd.SessionState, RemoteSessionState, LocalDiscr, RemoteDiscr, LocalDiag, …] */
	struct bfd_params params;
	struct hash_node by_path;
	usec_t poll_since; /* demand mode: unanswered since */
	struct wheel_node echo, leave, demand;

	/* echo; status.echoing: they come back */
	uint32_t echo_sequence, echo_secret;
	uint8_t echo_tries; /* sent in vain, no more than a few are counted */
	usec_t echo_heard_at, echo_send_at;

	/* authentication, 6.7 */
	uint32_t sequence;       /* [bfd.XmitAuthSeq] */
	uint32_t heard_sequence; /* [bfd.RcvAuthSeq] */
	bool sequence_known;     /* [bfd.AuthSeqKnown] */
};

static inline void
session_fetch(const struct session *s)
{
	mem_fetch(s, offsetof(struct session, status) + offsetof(struct bfd_status, count.refused));
	mem_fetch(&s->params, offsetof(struct bfd_params, keys));
}

struct bfd_core {
	usec_t now;
	struct rng rng;
	struct wheel wheel;
	struct wheel
	    ahead; /* detection times, looked at a little early: most have moved on, and need no wake of their own */
	struct hash sessions; /* by local discriminator */
	struct hash paths;    /* by addresses: for packets that do not know our discriminator yet */
	struct bfd_send *sends;
	size_t send_count, send_room;
	struct bfd_change *changes;
	size_t change_count, change_room;
	uint64_t refused[BFD_VERDICTS];
	uint32_t quickest_us; /* of all intervals; one that is slower now is noticed a little later */
	usec_t quickest_at;   /* they are all looked at again */
};

enum { LOOK_AHEAD_US = 8000, QUICKEST_AGAIN_US = 1000000 };

/* --- core.c --- */
struct session *session_find(const struct bfd_core *, uint32_t local);
struct bfd_send *core_send(struct bfd_core *, const struct session *);
void core_changed(struct bfd_core *, struct session *, bool gone);
void core_quick(struct bfd_core *, const struct session *); /* its intervals may be others */

/* --- session.c --- */
void session_start(struct bfd_core *, struct session *);
void session_retune(struct bfd_core *, struct session *, bool tell); /* after new params; tell: by a Poll */
void session_event(struct bfd_core *, struct session *, enum bfd_event, usec_t when);
enum bfd_verdict session_packet(struct bfd_core *, struct session *, const struct bfd_packet *, usec_t when);
void session_send_due(struct bfd_core *, struct session *);
void session_detect_due(struct bfd_core *, struct session *);
void session_ahead_due(struct bfd_core *, struct session *);
void session_demand_due(struct bfd_core *, struct session *);
void session_leave(struct bfd_core *, struct session *);

/* --- echo.c --- */
void echo_review(struct bfd_core *, struct session *); /* start or stop by the session's state */
void echo_due(struct bfd_core *, struct session *);

/* --- auth.c --- */
enum bfd_verdict auth_check(struct session *, const struct bfd_packet *); /* changes nothing unless it accepts */
size_t auth_sign(struct session *, uint8_t *packet);                      /* returns the new size of the packet */
#endif
