/*
 * The BFD session state machine, RFC 5880 section 6.2 as the reception rules of 6.8.6 and the timeouts of 6.8.4
 * and 6.8.5 spell it out. This file knows states and events and nothing else; session.c stores the next state.
 *
 * What is not listed changes nothing: a neighbour that repeats itself, or says what is behind the times.
 */
#include "bfdd/core/session_fsm.h"
#include "base/mem.h"

enum { KEEP = -1 };

static const struct {
	enum bfd_state in;
	enum bfd_event on;
	enum bfd_state next;
	int diag;
} table[] = {
	{ BFD_DOWN, BFD_GOT_DOWN, BFD_INIT, KEEP },
	{ BFD_DOWN, BFD_GOT_INIT, BFD_UP, BFD_DIAG_NONE },
	{ BFD_INIT, BFD_GOT_ADMIN_DOWN, BFD_DOWN, BFD_DIAG_NEIGHBOR },
	{ BFD_INIT, BFD_GOT_INIT, BFD_UP, BFD_DIAG_NONE },
	{ BFD_INIT, BFD_GOT_UP, BFD_UP, BFD_DIAG_NONE },
	{ BFD_INIT, BFD_TIMEOUT, BFD_DOWN, BFD_DIAG_EXPIRED },
	{ BFD_INIT, BFD_PATH_LOST, BFD_DOWN, BFD_DIAG_PATH },
	{ BFD_UP, BFD_GOT_ADMIN_DOWN, BFD_DOWN, BFD_DIAG_NEIGHBOR },
	{ BFD_UP, BFD_GOT_DOWN, BFD_DOWN, BFD_DIAG_NEIGHBOR },
	{ BFD_UP, BFD_TIMEOUT, BFD_DOWN, BFD_DIAG_EXPIRED },
	{ BFD_UP, BFD_ECHO_LOST, BFD_DOWN, BFD_DIAG_ECHO },
	{ BFD_UP, BFD_PATH_LOST, BFD_DOWN, BFD_DIAG_PATH },
	{ BFD_DOWN, BFD_SHUT, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN },
	{ BFD_INIT, BFD_SHUT, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN },
	{ BFD_UP, BFD_SHUT, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN },
	{ BFD_ADMIN_DOWN, BFD_OPENED, BFD_DOWN, BFD_DIAG_NONE },
};

struct bfd_move
bfd_decide(enum bfd_state in, enum bfd_event on)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].in == in && table[i].on == on)
			return (struct bfd_move){ table[i].next, table[i].diag };
	return (struct bfd_move){ in, KEEP };
}

const char *
bfd_event_name(enum bfd_event e)
{
	static const char *const names[BFD_EVENTS] = { "AdminDown heard", "Down heard", "Init heard", "Up heard",
		"detection time over", "echo lost", "shut", "opened", "path lost" };

	return (unsigned)e < BFD_EVENTS ? names[e] : "unknown";
}
