#ifndef OSPF_SYNC_FSM_H
#define OSPF_SYNC_FSM_H

/*
 * Synchronization of a link with LDP, RFC 5443. doc/ldp-igp-sync.md tells what the states mean for traffic.
 */
enum sync_state {
	SS_OFF,           /* [Init] not configured, or the link is down */
	SS_HOLD_DOWN,     /* the link came up; no adjacency is formed yet */
	SS_HOLD_MAX_COST, /* the link costs most, or is not told of (RFC 6138) */
	SS_HOLD_NORMAL,   /* waited long enough: the link costs what it costs, without labels */
	SS_ACHIEVED,      /* labels of all neighbours are known */
	SS_COUNT
};
enum sync_event {
	SE_LINK_UP,
	SE_ENABLED,  /* by configuration, on a link that is up */
	SE_STOP,     /* the link is down, or configured off */
	SE_SYNCED,   /* LDP knows all labels of the neighbours there */
	SE_LOST,     /* it does not, or no longer */
	SE_EXPIRED,  /* the time that the state lasts at most */
	SE_HOPELESS, /* LDP cannot get there without this link */
	SE_COUNT
};
enum sync_act {                /* done in this order */
	SA_TIMER = 1 << 0,     /* how long the next state lasts at most */
	SA_ADJACENCY = 1 << 1, /* may be formed now */
	SA_COST = 1 << 2,      /* what is told of the link is another */
	SA_COMING = 1 << 3,    /* the link is new to the others */
};
struct sync_move {
	enum sync_state next;
	unsigned acts;
};
/* Pairs that are not in the table change nothing. */
struct sync_move sync_decide(enum sync_state, enum sync_event);
const char *sync_state_name(enum sync_state); /* as displays print it */
const char *sync_event_name(enum sync_event);
#endif
