#ifndef OSPF_NEIGHBOR_FSM_H
#define OSPF_NEIGHBOR_FSM_H

/* RFC 2328 section 10.1; in order: "at least Exchange" is a comparison. */
enum neighbor_state {
	NS_DOWN,
	NS_ATTEMPT,
	NS_INIT,
	NS_TWO_WAY,
	NS_EXSTART,
	NS_EXCHANGE,
	NS_LOADING,
	NS_FULL,
	NS_COUNT
};
enum neighbor_event { /* 10.2 */
	NE_HELLO,
	NE_START,
	NE_TWO_WAY,
	NE_NEGOTIATED,
	NE_EXCHANGED,
	NE_BAD_REQUEST, /* BadLSReq */
	NE_LOADED,
	NE_ADJ_OK, /* whether an adjacency is wanted may have changed */
	NE_MISMATCH,
	NE_ONE_WAY,
	NE_KILL,
	NE_INACTIVE,
	NE_LINK_DOWN,
	NE_COUNT
};
enum neighbor_wish { NW_NO = 1, NW_YES = 2, NW_EITHER = 3 }; /* is an adjacency wanted, 10.4? */
enum neighbor_act {                                          /* done in this order */
	NA_CLEAR = 1 << 0,                                   /* forget the three lists */
	NA_ALIVE = 1 << 1,                                   /* start the inactivity timer anew */
	NA_HELLO = 1 << 2,                                   /* send a Hello, to a neighbour that was configured */
	NA_NEGOTIATE = 1 << 3,                               /* first Database Description, as the master */
	NA_SUMMARIZE = 1 << 4,                               /* list what is to be described */
	NA_CHECK = 1 << 5, /* comes back with NE_LOADED when nothing is to be requested */
	NA_STOP = 1 << 6,  /* the timers; the neighbour is gone */
};

struct neighbor_move {
	enum neighbor_state next;
	unsigned acts;
};
/* Pairs that are not in the table change nothing. */
struct neighbor_move neighbor_decide(enum neighbor_state, enum neighbor_event, enum neighbor_wish);
const char *neighbor_state_name(enum neighbor_state); /* as displays print it */
const char *neighbor_event_name(enum neighbor_event);
#endif
