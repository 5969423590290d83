#ifndef LDPD_SESSION_FSM_H
#define LDPD_SESSION_FSM_H
#include <stdbool.h>

enum session_state { S_NON_EXISTENT, S_INITIALIZED, S_OPENREC, S_OPENSENT, S_OPERATIONAL, S_COUNT };
enum session_event {
	E_CONNECTED, /* the transport connection is there */
	E_INIT_OK,   /* an acceptable Initialization */
	E_INIT_BAD,  /* one that is refused */
	E_KEEPALIVE,
	E_MESSAGE, /* any other message, among them advisory notifications */
	E_FATAL,   /* the peer sent a fatal notification */
	E_BAD,     /* bytes that end the session: 3.5.1.2 */
	E_TIMEOUT, /* of the hold timer */
	E_LOST,    /* the transport connection is gone */
	E_STOP,    /* by us: no adjacency left, configuration, operator */
	E_COUNT
};
enum session_role { R_PASSIVE = 1, R_ACTIVE = 2, R_EITHER = 3 };
enum session_act { /* done in this order */
	A_NEGOTIATE = 1 << 0,
	A_SEND_INIT = 1 << 1,
	A_SEND_KEEPALIVE = 1 << 2,
	A_SEND_NAK = 1 << 3, /* a notification that says why */
	A_RESTART_HOLD = 1 << 4,
	A_UP = 1 << 5,       /* operational: advertise */
	A_HANDLE = 1 << 6,   /* the message's own meaning */
	A_BACK_OFF = 1 << 7, /* wait longer before the next attempt, 2.5.3 */
	A_CLOSE = 1 << 8,
};

struct session_move {
	enum session_state next;
	unsigned acts;
	bool listed; /* false: the pair was not in the table and is a protocol error */
};

struct session_move session_decide(enum session_state, enum session_event, enum session_role);
const char *session_state_name(enum session_state); /* as displays print it */
const char *session_event_name(enum session_event);
#endif
