#ifndef BFDD_CORE_SESSION_FSM_H
#define BFDD_CORE_SESSION_FSM_H
#include "bfdd/core/packet.h"

/* What may happen to a session's state, RFC 5880 sections 6.2 and 6.8. */
enum bfd_event {
	BFD_GOT_ADMIN_DOWN, /* a packet with this state; the first four in the order of enum bfd_state */
	BFD_GOT_DOWN,
	BFD_GOT_INIT,
	BFD_GOT_UP,
	BFD_TIMEOUT,   /* the detection time is over */
	BFD_ECHO_LOST, /* echoes do not return */
	BFD_SHUT,      /* the operator, or a client's end */
	BFD_OPENED,
	BFD_PATH_LOST, /* the interface is down */
	BFD_EVENTS
};
struct bfd_move {
	enum bfd_state next;
	int diag; /* new local diagnostic; -1: as it was */
};
struct bfd_move bfd_decide(enum bfd_state, enum bfd_event);
const char *bfd_event_name(enum bfd_event);
#endif
