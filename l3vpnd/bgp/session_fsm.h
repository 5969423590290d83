#ifndef BGP_SESSION_FSM_H
#define BGP_SESSION_FSM_H
#include <stdbool.h>

/* The state machine of one connection with a peer, RFC 4271 section 8. A peer may have two for a while: see session.c. */
enum bgp_state { BGP_IDLE, BGP_CONNECT, BGP_ACTIVE, BGP_OPENSENT, BGP_OPENCONFIRM, BGP_ESTABLISHED, BGP_STATES };
enum bgp_event {
	BE_START,         /* 1, 3: and it is ours to call */
	BE_START_PASSIVE, /* 4, 5: the peer is to call */
	BE_STOP,          /* 2, 8: by configuration, an operator, BFD; also a collision that this one loses (23) */
	BE_RETRY,         /* 9 */
	BE_HOLD,          /* 10 */
	BE_KEEPALIVE_DUE, /* 11 */
	BE_CONNECTED,     /* 16, 17 */
	BE_LOST,          /* 18 */
	BE_OPEN,          /* 19: and all of it can be agreed to */
	BE_OPEN_BAD,      /* 22 */
	BE_BAD,           /* 21, 28: a broken header; an UPDATE that ends the session */
	BE_NOTIFICATION,  /* 24, 25 */
	BE_KEEPALIVE,     /* 26 */
	BE_UPDATE,        /* 27, and ROUTE-REFRESH */
	BGP_EVENTS
};
enum bgp_act {
	BA_CALL = 1 << 0,     /* connect */
	BA_RETRY = 1 << 1,    /* start the ConnectRetryTimer */
	BA_NO_RETRY = 1 << 2, /* stop it */
	BA_SEND_OPEN = 1 << 3,
	BA_HOLD_LARGE = 1 << 4,     /* the HoldTimer is 4 minutes until it is agreed */
	BA_AGREE = 1 << 5,          /* take what the OPEN says */
	BA_SEND_KEEPALIVE = 1 << 6, /* and start the KeepaliveTimer */
	BA_HOLD = 1 << 7,           /* restart the HoldTimer */
	BA_UP = 1 << 8,
	BA_HANDLE = 1 << 9,  /* the UPDATE */
	BA_NOTIFY = 1 << 10, /* say why it ends */
	BA_DOWN = 1 << 11,   /* routes of the peer go, or are kept for a while */
	BA_CLOSE = 1 << 12,
	BA_BACK_OFF = 1 << 13, /* wait longer before the next attempt (DampPeerOscillations) */
};
struct bgp_move {
	enum bgp_state next;
	unsigned acts;
	bool listed; /* false: the RFC does not expect it here; an error of the peer's where it has a message */
};
struct bgp_move bgp_decide(enum bgp_state, enum bgp_event);
const char *bgp_state_name(enum bgp_state); /* "OpenConfirm" */
const char *bgp_event_name(enum bgp_event);
#endif
