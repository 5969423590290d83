#ifndef OSPF_INTERFACE_FSM_H
#define OSPF_INTERFACE_FSM_H

/* RFC 2328 section 9.1 */
enum interface_state { IS_DOWN, IS_LOOPBACK, IS_WAITING, IS_POINT_TO_POINT, IS_OTHER, IS_BACKUP, IS_DR, IS_COUNT };
enum interface_event { /* 9.2 */
	IE_UP,
	IE_WAIT_OVER,
	IE_BACKUP_SEEN,
	IE_NEIGHBORS, /* NeighborChange */
	IE_LOOP,
	IE_UNLOOP,
	IE_DOWN,
	IE_ELECTED_DR, /* what the election has found */
	IE_ELECTED_BACKUP,
	IE_ELECTED_OTHER,
	IE_COUNT
};
/* What kind of network it is, as far as states depend on it. */
enum interface_kind { IK_NO_DR = 1, IK_ELIGIBLE = 2, IK_NOT_ELIGIBLE = 4, IK_ANY = 7 };
enum interface_act {       /* done in this order */
	IA_RESET = 1 << 0, /* neighbours, timers, DR and BDR */
	IA_HELLO = 1 << 1, /* begin to send Hellos */
	IA_WAIT = 1 << 2,
	IA_ELECT = 1 << 3, /* comes back with one of IE_ELECTED_* */
};

struct interface_move {
	enum interface_state next;
	unsigned acts;
};
/* Pairs that are not in the table change nothing. */
struct interface_move interface_decide(enum interface_state, enum interface_event, enum interface_kind);
const char *interface_state_name(enum interface_state); /* as displays print it */
const char *interface_event_name(enum interface_event);
#endif
