/*
 * The state machine of a connection, RFC 4271 section 8.2.2.
 *
 * This file knows states and events and nothing else. session.c turns what happens into an event, asks bgp_decide(), stores
 * the next state and then carries out the actions. An action never sets the state.
 *
 * Optional attributes of the RFC: AllowAutomaticStart, DampPeerOscillations, AcceptConnectionsUnconfiguredPeers off,
 * PassiveTcpEstablishment by configuration, SendNOTIFICATIONwithoutOPEN off; there is no DelayOpen. A connection that the
 * peer has called is born when it is there, in ACTIVE.
 */
#include "l3vpnd/bgp/session_fsm.h"

enum { END = BA_NO_RETRY | BA_CLOSE };

static const struct {
	enum bgp_state in;
	enum bgp_event on;
	enum bgp_state next;
	unsigned acts;
} table[] = {
	/* clang-format off */
	{ BGP_IDLE,        BE_START,         BGP_CONNECT,     BA_CALL | BA_RETRY },
	{ BGP_IDLE,        BE_START_PASSIVE, BGP_ACTIVE,      0 },
	{ BGP_IDLE,        BE_STOP,          BGP_IDLE,        BA_NO_RETRY },
	{ BGP_IDLE,        BE_LOST,          BGP_IDLE,        0 },

	{ BGP_CONNECT,     BE_START,         BGP_CONNECT,     0 },
	{ BGP_CONNECT,     BE_START_PASSIVE, BGP_CONNECT,     0 },
	{ BGP_CONNECT,     BE_STOP,          BGP_IDLE,        END },
	{ BGP_CONNECT,     BE_RETRY,         BGP_CONNECT,     BA_CLOSE | BA_CALL | BA_RETRY },
	{ BGP_CONNECT,     BE_CONNECTED,     BGP_OPENSENT,    BA_NO_RETRY | BA_SEND_OPEN | BA_HOLD_LARGE },
	{ BGP_CONNECT,     BE_LOST,          BGP_ACTIVE,      BA_RETRY },

	{ BGP_ACTIVE,      BE_START,         BGP_ACTIVE,      0 },
	{ BGP_ACTIVE,      BE_START_PASSIVE, BGP_ACTIVE,      0 },
	{ BGP_ACTIVE,      BE_STOP,          BGP_IDLE,        END },
	{ BGP_ACTIVE,      BE_RETRY,         BGP_CONNECT,     BA_CALL | BA_RETRY },
	{ BGP_ACTIVE,      BE_CONNECTED,     BGP_OPENSENT,    BA_NO_RETRY | BA_SEND_OPEN | BA_HOLD_LARGE },
	{ BGP_ACTIVE,      BE_LOST,          BGP_ACTIVE,      BA_RETRY },

	{ BGP_OPENSENT,    BE_START,         BGP_OPENSENT,    0 },
	{ BGP_OPENSENT,    BE_START_PASSIVE, BGP_OPENSENT,    0 },
	{ BGP_OPENSENT,    BE_STOP,          BGP_IDLE,        END | BA_NOTIFY },
	{ BGP_OPENSENT,    BE_HOLD,          BGP_IDLE,        END | BA_NOTIFY | BA_BACK_OFF },
	{ BGP_OPENSENT,    BE_LOST,          BGP_ACTIVE,      BA_CLOSE | BA_RETRY },
	{ BGP_OPENSENT,    BE_OPEN,          BGP_OPENCONFIRM, BA_AGREE | BA_SEND_KEEPALIVE | BA_HOLD },
	{ BGP_OPENSENT,    BE_OPEN_BAD,      BGP_IDLE,        END | BA_NOTIFY | BA_BACK_OFF },
	{ BGP_OPENSENT,    BE_BAD,           BGP_IDLE,        END | BA_NOTIFY | BA_BACK_OFF },
	{ BGP_OPENSENT,    BE_NOTIFICATION,  BGP_IDLE,        END | BA_BACK_OFF },

	{ BGP_OPENCONFIRM, BE_START,         BGP_OPENCONFIRM, 0 },
	{ BGP_OPENCONFIRM, BE_START_PASSIVE, BGP_OPENCONFIRM, 0 },
	{ BGP_OPENCONFIRM, BE_STOP,          BGP_IDLE,        END | BA_NOTIFY },
	{ BGP_OPENCONFIRM, BE_HOLD,          BGP_IDLE,        END | BA_NOTIFY | BA_BACK_OFF },
	{ BGP_OPENCONFIRM, BE_KEEPALIVE_DUE, BGP_OPENCONFIRM, BA_SEND_KEEPALIVE },
	{ BGP_OPENCONFIRM, BE_LOST,          BGP_IDLE,        END | BA_BACK_OFF },
	{ BGP_OPENCONFIRM, BE_OPEN_BAD,      BGP_IDLE,        END | BA_NOTIFY | BA_BACK_OFF },
	{ BGP_OPENCONFIRM, BE_BAD,           BGP_IDLE,        END | BA_NOTIFY | BA_BACK_OFF },
	{ BGP_OPENCONFIRM, BE_NOTIFICATION,  BGP_IDLE,        END | BA_BACK_OFF },
	{ BGP_OPENCONFIRM, BE_KEEPALIVE,     BGP_ESTABLISHED, BA_HOLD | BA_UP },

	{ BGP_ESTABLISHED, BE_START,         BGP_ESTABLISHED, 0 },
	{ BGP_ESTABLISHED, BE_START_PASSIVE, BGP_ESTABLISHED, 0 },
	{ BGP_ESTABLISHED, BE_STOP,          BGP_IDLE,        END | BA_NOTIFY | BA_DOWN },
	{ BGP_ESTABLISHED, BE_HOLD,          BGP_IDLE,        END | BA_NOTIFY | BA_DOWN },
	{ BGP_ESTABLISHED, BE_KEEPALIVE_DUE, BGP_ESTABLISHED, BA_SEND_KEEPALIVE },
	{ BGP_ESTABLISHED, BE_LOST,          BGP_IDLE,        END | BA_DOWN },
	{ BGP_ESTABLISHED, BE_BAD,           BGP_IDLE,        END | BA_NOTIFY | BA_DOWN | BA_BACK_OFF },
	{ BGP_ESTABLISHED, BE_NOTIFICATION,  BGP_IDLE,        END | BA_DOWN },
	{ BGP_ESTABLISHED, BE_KEEPALIVE,     BGP_ESTABLISHED, BA_HOLD },
	{ BGP_ESTABLISHED, BE_UPDATE,        BGP_ESTABLISHED, BA_HOLD | BA_HANDLE },
	/* clang-format on */
};

struct bgp_move
bgp_decide(enum bgp_state in, enum bgp_event on)
{
	for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].in == in && table[i].on == on)
			return (struct bgp_move){ table[i].next, table[i].acts, true };
	if (in < BGP_OPENSENT) /* nobody to tell */
		return (struct bgp_move){ BGP_IDLE, END, false };
	return (
	    struct bgp_move){ BGP_IDLE, END | BA_NOTIFY | BA_BACK_OFF | (in == BGP_ESTABLISHED ? BA_DOWN : 0), false };
}

const char *
bgp_state_name(enum bgp_state s)
{
	static const char *const names[BGP_STATES] = { "Idle", "Connect", "Active", "OpenSent", "OpenConfirm",
		"Established" };

	return names[s];
}

const char *
bgp_event_name(enum bgp_event e)
{
	static const char *const names[BGP_EVENTS] = { "start", "passive start", "stop", "retry", "hold time over",
		"keepalive due", "connected", "lost", "Open", "bad Open", "bad message", "Notification", "Keepalive",
		"Update" };

	return names[e];
}
