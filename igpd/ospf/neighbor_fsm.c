/*
 * The neighbour state machine, RFC 2328 section 10.3. It knows states and events and nothing else; neighbor.c acts.
 *
 * The RFC goes from Exchange to Full at once when nothing is to be requested. Here that is Loading and its end in one step,
 * so what makes a neighbour full stands in one row.
 */
#include "igpd/ospf/neighbor_fsm.h"
#include "base/mem.h"

#define S(state) (1u << (state))
#define FROM(state) (((1u << NS_COUNT) - 1) & ~(S(state) - 1)) /* this state and all behind it */
#define ANY_STATE ((1u << NS_COUNT) - 1)
#define SAME NS_COUNT

static const struct {
	unsigned in;
	enum neighbor_event on;
	unsigned wish;
	enum neighbor_state next;
	unsigned acts;
} table[] = {
	{ S(NS_DOWN), NE_START, NW_EITHER, NS_ATTEMPT, NA_ALIVE | NA_HELLO },
	{ S(NS_DOWN) | S(NS_ATTEMPT), NE_HELLO, NW_EITHER, NS_INIT, NA_ALIVE },
	{ FROM(NS_INIT), NE_HELLO, NW_EITHER, SAME, NA_ALIVE },
	{ S(NS_INIT), NE_TWO_WAY, NW_YES, NS_EXSTART, NA_NEGOTIATE },
	{ S(NS_INIT), NE_TWO_WAY, NW_NO, NS_TWO_WAY, 0 },
	{ S(NS_EXSTART), NE_NEGOTIATED, NW_EITHER, NS_EXCHANGE, NA_SUMMARIZE },
	{ S(NS_EXCHANGE), NE_EXCHANGED, NW_EITHER, NS_LOADING, NA_CHECK },
	{ S(NS_LOADING), NE_LOADED, NW_EITHER, NS_FULL, 0 },
	{ S(NS_TWO_WAY), NE_ADJ_OK, NW_YES, NS_EXSTART, NA_NEGOTIATE },
	{ FROM(NS_EXSTART), NE_ADJ_OK, NW_NO, NS_TWO_WAY, NA_CLEAR },
	{ FROM(NS_EXCHANGE), NE_MISMATCH, NW_EITHER, NS_EXSTART, NA_CLEAR | NA_NEGOTIATE },
	{ FROM(NS_EXCHANGE), NE_BAD_REQUEST, NW_EITHER, NS_EXSTART, NA_CLEAR | NA_NEGOTIATE },
	{ FROM(NS_TWO_WAY), NE_ONE_WAY, NW_EITHER, NS_INIT, NA_CLEAR },
	{ ANY_STATE, NE_KILL, NW_EITHER, NS_DOWN, NA_CLEAR | NA_STOP },
	{ ANY_STATE, NE_INACTIVE, NW_EITHER, NS_DOWN, NA_CLEAR | NA_STOP },
	{ ANY_STATE, NE_LINK_DOWN, NW_EITHER, NS_DOWN, NA_CLEAR | NA_STOP },
};

struct neighbor_move
neighbor_decide(enum neighbor_state in, enum neighbor_event on, enum neighbor_wish wish)
{
	for (unsigned i = 0; i < COUNT(table); i++)
		if (table[i].in & S(in) && table[i].on == on && table[i].wish & wish)
			return (struct neighbor_move){ table[i].next == SAME ? in : table[i].next, table[i].acts };
	return (struct neighbor_move){ in, 0 };
}

const char *
neighbor_state_name(enum neighbor_state s)
{
	static const char *const names[NS_COUNT] = { "Down", "Attempt", "Init", "2-Way", "ExStart", "Exchange",
		"Loading", "Full" };

	return (unsigned)s < NS_COUNT ? names[s] : "unknown";
}

const char *
neighbor_event_name(enum neighbor_event e)
{
	static const char *const names[NE_COUNT] = { "HelloReceived", "Start", "2-WayReceived", "NegotiationDone",
		"ExchangeDone", "BadLSReq", "LoadingDone", "AdjOK?", "SeqNumberMismatch", "1-WayReceived", "KillNbr",
		"InactivityTimer", "LLDown" };

	return (unsigned)e < NE_COUNT ? names[e] : "unknown";
}
