/*
 * The state machine of LDP-IGP synchronization. No RFC specifies one; doc/ldp-igp-sync.md is the specification. It knows
 * states and events and nothing else: sync.c turns what happens into an event, stores the next state, carries out actions.
 */
#include "igpd/ospf/sync_fsm.h"
#include "base/mem.h"

#define S(state) (1u << (state))
#define ON (S(SS_HOLD_DOWN) | S(SS_HOLD_MAX_COST) | S(SS_HOLD_NORMAL) | S(SS_ACHIEVED))

static const struct {
	unsigned in;
	enum sync_event on;
	enum sync_state next;
	unsigned acts;
} table[] = {
	{ S(SS_OFF), SE_LINK_UP, SS_HOLD_DOWN, SA_TIMER },
	{ S(SS_OFF), SE_ENABLED, SS_HOLD_MAX_COST, SA_TIMER | SA_COST },
	{ S(SS_HOLD_DOWN), SE_SYNCED, SS_ACHIEVED, SA_TIMER | SA_ADJACENCY },
	{ S(SS_HOLD_DOWN), SE_EXPIRED, SS_HOLD_MAX_COST, SA_TIMER | SA_ADJACENCY | SA_COST | SA_COMING },
	{ S(SS_HOLD_DOWN), SE_HOPELESS, SS_HOLD_MAX_COST, SA_TIMER | SA_ADJACENCY | SA_COST | SA_COMING },
	{ S(SS_HOLD_DOWN), SE_STOP, SS_OFF, SA_TIMER | SA_ADJACENCY },
	{ S(SS_HOLD_MAX_COST), SE_SYNCED, SS_ACHIEVED, SA_TIMER | SA_COST },
	{ S(SS_HOLD_MAX_COST), SE_EXPIRED, SS_HOLD_NORMAL, SA_TIMER | SA_COST },
	{ S(SS_HOLD_NORMAL), SE_SYNCED, SS_ACHIEVED, SA_TIMER },
	{ S(SS_ACHIEVED), SE_LOST, SS_HOLD_MAX_COST, SA_TIMER | SA_COST },
	{ ON, SE_STOP, SS_OFF, SA_TIMER | SA_COST },
};

struct sync_move
sync_decide(enum sync_state in, enum sync_event on)
{
	for (unsigned i = 0; i < COUNT(table); i++)
		if (table[i].in & S(in) && table[i].on == on)
			return (struct sync_move){ table[i].next, table[i].acts };
	return (struct sync_move){ in, 0 };
}

const char *
sync_state_name(enum sync_state s)
{
	static const char *const names[SS_COUNT] = { "Init", "HoldDown", "HoldMaxCost", "HoldNormalCost", "Achieved" };

	return (unsigned)s < SS_COUNT ? names[s] : "unknown";
}

const char *
sync_event_name(enum sync_event e)
{
	static const char *const names[SE_COUNT] = { "LinkUp", "Enabled", "Stop", "Synced", "Lost", "Expired",
		"Hopeless" };

	return (unsigned)e < SE_COUNT ? names[e] : "unknown";
}
