/*
 * The interface state machine, RFC 2328 section 9.3. It knows states and events and nothing else: interface.c turns what
 * happens into an event, stores the next state, and carries out the actions. The outcome of an election is an event.
 */
#include "igpd/ospf/interface_fsm.h"
#include "base/mem.h"

#define ANY_STATE ((1u << IS_COUNT) - 1)
#define ELECTED (1u << IS_OTHER | 1u << IS_BACKUP | 1u << IS_DR)
#define S(state) (1u << (state))

static const struct {
	unsigned in;
	enum interface_event on;
	unsigned kinds;
	enum interface_state next;
	unsigned acts;
} table[] = {
	{ S(IS_DOWN), IE_UP, IK_NO_DR, IS_POINT_TO_POINT, IA_HELLO },
	{ S(IS_DOWN), IE_UP, IK_NOT_ELIGIBLE, IS_OTHER, IA_HELLO },
	{ S(IS_DOWN), IE_UP, IK_ELIGIBLE, IS_WAITING, IA_HELLO | IA_WAIT },
	{ S(IS_WAITING), IE_BACKUP_SEEN, IK_ANY, IS_WAITING, IA_ELECT },
	{ S(IS_WAITING), IE_WAIT_OVER, IK_ANY, IS_WAITING, IA_ELECT },
	{ ELECTED, IE_NEIGHBORS, IK_ELIGIBLE, IS_COUNT, IA_ELECT },
	{ ELECTED, IE_NEIGHBORS, IK_NOT_ELIGIBLE, IS_COUNT, IA_ELECT },
	{ ELECTED | S(IS_WAITING), IE_ELECTED_DR, IK_ANY, IS_DR, 0 },
	{ ELECTED | S(IS_WAITING), IE_ELECTED_BACKUP, IK_ANY, IS_BACKUP, 0 },
	{ ELECTED | S(IS_WAITING), IE_ELECTED_OTHER, IK_ANY, IS_OTHER, 0 },
	{ ANY_STATE, IE_DOWN, IK_ANY, IS_DOWN, IA_RESET },
	{ ANY_STATE, IE_LOOP, IK_ANY, IS_LOOPBACK, IA_RESET },
	{ S(IS_LOOPBACK), IE_UNLOOP, IK_ANY, IS_DOWN, 0 },
};

struct interface_move
interface_decide(enum interface_state in, enum interface_event on, enum interface_kind kind)
{
	for (unsigned i = 0; i < COUNT(table); i++)
		if (table[i].in & S(in) && table[i].on == on && table[i].kinds & kind)
			return (struct interface_move){ table[i].next == IS_COUNT ? in : table[i].next, table[i].acts };
	return (struct interface_move){ in, 0 };
}

const char *
interface_state_name(enum interface_state s)
{
	static const char *const names[IS_COUNT] = { "Down", "Loopback", "Waiting", "P-2-P", "DROther", "BDR", "DR" };

	return (unsigned)s < IS_COUNT ? names[s] : "unknown";
}

const char *
interface_event_name(enum interface_event e)
{
	static const char *const names[IE_COUNT] = { "InterfaceUp", "WaitTimer", "BackupSeen", "NeighborChange",
		"LoopInd", "UnloopInd", "InterfaceDown", "elected DR", "elected BDR", "elected neither" };

	return (unsigned)e < IE_COUNT ? names[e] : "unknown";
}
