/*
 * The LDP session state machine, RFC 5036 section 2.5.4.
 *
 * This file knows states and events and nothing else: no session, no message, no clock. session.c turns
 * what happens into an event, asks session_decide(), stores the next state and then carries out the
 * actions. An action never sets the state; if the next state depends on something, that is a column.
 *
 * The active side sends its Initialization at once, so the RFC's stop of the active side in INITIALIZED
 * cannot be observed and has no row. A pair that is not listed is a protocol error of the peer: the
 * session ends with a Shutdown notification.
 */
#include "ldpd/session_fsm.h"

static const struct {
	enum session_state in;
	enum session_event on;
	enum session_role role;
	enum session_state next;
	unsigned acts;
} table[] = {
	/* clang-format off */
	{ S_NON_EXISTENT, E_CONNECTED, R_PASSIVE, S_INITIALIZED,  A_RESTART_HOLD },
	{ S_NON_EXISTENT, E_CONNECTED, R_ACTIVE,  S_OPENSENT,     A_SEND_INIT | A_RESTART_HOLD },
	{ S_NON_EXISTENT, E_LOST,      R_EITHER,  S_NON_EXISTENT, A_CLOSE },
	{ S_NON_EXISTENT, E_STOP,      R_EITHER,  S_NON_EXISTENT, A_CLOSE },

	{ S_INITIALIZED,  E_INIT_OK,   R_PASSIVE, S_OPENREC,      A_NEGOTIATE | A_SEND_INIT | A_SEND_KEEPALIVE | A_RESTART_HOLD },
	{ S_INITIALIZED,  E_INIT_BAD,  R_PASSIVE, S_NON_EXISTENT, A_SEND_NAK | A_BACK_OFF | A_CLOSE },
	{ S_INITIALIZED,  E_FATAL,     R_PASSIVE, S_NON_EXISTENT, A_BACK_OFF | A_CLOSE },
	{ S_INITIALIZED,  E_BAD,       R_PASSIVE, S_NON_EXISTENT, A_SEND_NAK | A_BACK_OFF | A_CLOSE },
	{ S_INITIALIZED,  E_TIMEOUT,   R_PASSIVE, S_NON_EXISTENT, A_SEND_NAK | A_BACK_OFF | A_CLOSE },
	{ S_INITIALIZED,  E_LOST,      R_PASSIVE, S_NON_EXISTENT, A_CLOSE },
	{ S_INITIALIZED,  E_STOP,      R_PASSIVE, S_NON_EXISTENT, A_SEND_NAK | A_CLOSE },

	{ S_OPENSENT,     E_INIT_OK,   R_ACTIVE,  S_OPENREC,      A_NEGOTIATE | A_SEND_KEEPALIVE | A_RESTART_HOLD },
	{ S_OPENSENT,     E_INIT_BAD,  R_ACTIVE,  S_NON_EXISTENT, A_SEND_NAK | A_BACK_OFF | A_CLOSE },
	{ S_OPENSENT,     E_FATAL,     R_ACTIVE,  S_NON_EXISTENT, A_BACK_OFF | A_CLOSE },
	{ S_OPENSENT,     E_BAD,       R_ACTIVE,  S_NON_EXISTENT, A_SEND_NAK | A_BACK_OFF | A_CLOSE },
	{ S_OPENSENT,     E_TIMEOUT,   R_ACTIVE,  S_NON_EXISTENT, A_SEND_NAK | A_CLOSE },
	{ S_OPENSENT,     E_LOST,      R_ACTIVE,  S_NON_EXISTENT, A_CLOSE },
	{ S_OPENSENT,     E_STOP,      R_ACTIVE,  S_NON_EXISTENT, A_SEND_NAK | A_CLOSE },

	{ S_OPENREC,      E_KEEPALIVE, R_EITHER,  S_OPERATIONAL,  A_RESTART_HOLD | A_UP },
	{ S_OPENREC,      E_FATAL,     R_EITHER,  S_NON_EXISTENT, A_BACK_OFF | A_CLOSE },
	{ S_OPENREC,      E_BAD,       R_EITHER,  S_NON_EXISTENT, A_SEND_NAK | A_BACK_OFF | A_CLOSE },
	{ S_OPENREC,      E_TIMEOUT,   R_EITHER,  S_NON_EXISTENT, A_SEND_NAK | A_BACK_OFF | A_CLOSE },
	{ S_OPENREC,      E_LOST,      R_EITHER,  S_NON_EXISTENT, A_CLOSE },
	{ S_OPENREC,      E_STOP,      R_EITHER,  S_NON_EXISTENT, A_SEND_NAK | A_CLOSE },

	{ S_OPERATIONAL,  E_KEEPALIVE, R_EITHER,  S_OPERATIONAL,  A_RESTART_HOLD },
	{ S_OPERATIONAL,  E_MESSAGE,   R_EITHER,  S_OPERATIONAL,  A_RESTART_HOLD | A_HANDLE },
	{ S_OPERATIONAL,  E_FATAL,     R_EITHER,  S_NON_EXISTENT, A_CLOSE },
	{ S_OPERATIONAL,  E_BAD,       R_EITHER,  S_NON_EXISTENT, A_SEND_NAK | A_CLOSE },
	{ S_OPERATIONAL,  E_TIMEOUT,   R_EITHER,  S_NON_EXISTENT, A_SEND_NAK | A_CLOSE },
	{ S_OPERATIONAL,  E_LOST,      R_EITHER,  S_NON_EXISTENT, A_CLOSE },
	{ S_OPERATIONAL,  E_STOP,      R_EITHER,  S_NON_EXISTENT, A_SEND_NAK | A_CLOSE },
	/* clang-format on */
};

struct session_move
session_decide(enum session_state in, enum session_event on, enum session_role role)
{
	for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].in == in && table[i].on == on && (table[i].role & role))
			return (struct session_move){ table[i].next, table[i].acts, true };
	if (in == S_NON_EXISTENT || on == E_LOST) /* nobody to tell */
		return (struct session_move){ S_NON_EXISTENT, A_CLOSE, false };
	return (struct session_move){ S_NON_EXISTENT, A_SEND_NAK | A_CLOSE | (in == S_OPERATIONAL ? 0u : A_BACK_OFF),
		false };
}

const char *
session_state_name(enum session_state s)
{
	static const char *const names[S_COUNT] = {
		[S_NON_EXISTENT] = "NonExistent",
		[S_INITIALIZED] = "Initialized",
		[S_OPENREC] = "Open Recv",
		[S_OPENSENT] = "Open Sent",
		[S_OPERATIONAL] = "Operational",
	};
	return names[s];
}

const char *
session_event_name(enum session_event e)
{
	static const char *const names[E_COUNT] = {
		[E_CONNECTED] = "connected",
		[E_INIT_OK] = "init",
		[E_INIT_BAD] = "bad init",
		[E_KEEPALIVE] = "keepalive",
		[E_MESSAGE] = "message",
		[E_FATAL] = "fatal notification",
		[E_BAD] = "bad bytes",
		[E_TIMEOUT] = "hold timeout",
		[E_LOST] = "connection lost",
		[E_STOP] = "stop",
	};
	return names[e];
}
