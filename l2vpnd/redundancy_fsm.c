/*
 * How a circuit's pseudowires take over from each other: RFC 6718 section 3.2, RFC 6870 section 5, and the policies of
 * reference 003.
 *
 * This file knows states and events and nothing else: no pseudowire, no row, no clock. redundancy.c turns what happens into
 * an event, asks redundancy_decide(), stores the next state and then carries out the actions. An action never sets the state;
 * what the next state depends on is a column.
 *
 * In modes frr and master this end chooses, by its policy. In mode independent a pseudowire that another end has on standby
 * is not good, and of those that are good the primary is used, at once. In mode slave the master's word is all: two good
 * pseudowires are a master in the midst of a change, and frames stay where they are.
 */
#include "l2vpnd/redundancy_fsm.h"

enum {
	F = 1 << L2VPN_FRR,
	M = 1 << L2VPN_MASTER,
	S = 1 << L2VPN_SLAVE,
	I = 1 << L2VPN_INDEPENDENT,
	OWN = F | M,
	ANY = F | M | S | I,

	D = 1 << L2VPN_DELAY,
	N = 1 << L2VPN_NEVER,
	ALL = 1 << L2VPN_DELAY | 1 << L2VPN_IMMEDIATELY | 1 << L2VPN_NEVER,

	B = RG_BACKUP,
	H = RG_HOLD,
	R = RG_RESUME,
};

/* The first row that fits counts. `with` must be given, `without` must not. */
static const struct {
	enum redundancy_state in;
	enum redundancy_event on;
	unsigned modes, reverts, with, without;
	enum redundancy_state next;
	unsigned acts;
} table[] = {
	/* clang-format off */
	{ RS_NONE,    RE_PRIMARY_UP,   ANY,     ALL, 0, 0, RS_PRIMARY, RA_PRIMARY },
	{ RS_NONE,    RE_BACKUP_UP,    ANY,     ALL, B, 0, RS_BACKUP,  RA_BACKUP },
	{ RS_NONE,    RE_MOVED,        ANY,     ALL, B, 0, RS_BACKUP,  RA_FOLLOW },

	{ RS_PRIMARY, RE_PRIMARY_DOWN, OWN,     ALL, H, 0, RS_HOLD,    RA_HOLD_TIMER },
	{ RS_PRIMARY, RE_PRIMARY_DOWN, ANY,     ALL, B, 0, RS_BACKUP,  RA_BACKUP },
	{ RS_PRIMARY, RE_PRIMARY_DOWN, ANY,     ALL, 0, B, RS_NONE,    0 },
	{ RS_PRIMARY, RE_SWITCH,       OWN,     ALL, B, 0, RS_STAY,    RA_BACKUP },
	{ RS_PRIMARY, RE_MOVED,        ANY,     ALL, B, 0, RS_BACKUP,  RA_FOLLOW },
	{ RS_PRIMARY, RE_MOVED,        ANY,     ALL, 0, B, RS_PRIMARY, RA_PRIMARY }, /* it was dead for a moment */

	{ RS_HOLD,    RE_PRIMARY_UP,   ANY,     ALL, 0, 0, RS_PRIMARY, RA_NO_TIMER | RA_PRIMARY },
	{ RS_HOLD,    RE_HOLD_OVER,    ANY,     ALL, B, 0, RS_BACKUP,  RA_BACKUP },
	{ RS_HOLD,    RE_HOLD_OVER,    ANY,     ALL, 0, B, RS_NONE,    0 },
	{ RS_HOLD,    RE_SWITCH,       OWN,     ALL, B, 0, RS_BACKUP,  RA_NO_TIMER | RA_BACKUP },
	{ RS_HOLD,    RE_MOVED,        ANY,     ALL, B, 0, RS_BACKUP,  RA_NO_TIMER | RA_FOLLOW },

	{ RS_BACKUP,  RE_PRIMARY_UP,   OWN,     D,   0, 0, RS_DELAY,   RA_DELAY_TIMER },
	{ RS_BACKUP,  RE_PRIMARY_UP,   OWN,     N,   0, 0, RS_STAY,    0 },
	{ RS_BACKUP,  RE_PRIMARY_UP,   S,       ALL, 0, 0, RS_STAY,    0 },
	{ RS_BACKUP,  RE_PRIMARY_UP,   F,       ALL, R, 0, RS_RESUME,  RA_PRIMARY | RA_RESUME_TIMER },
	{ RS_BACKUP,  RE_PRIMARY_UP,   ANY,     ALL, 0, 0, RS_PRIMARY, RA_PRIMARY },
	{ RS_BACKUP,  RE_BACKUP_DOWN,  ANY,     ALL, B, 0, RS_BACKUP,  RA_BACKUP },
	{ RS_BACKUP,  RE_BACKUP_DOWN,  ANY,     ALL, 0, B, RS_NONE,    0 },
	{ RS_BACKUP,  RE_MOVED,        ANY,     ALL, B, 0, RS_BACKUP,  RA_FOLLOW },

	{ RS_DELAY,   RE_PRIMARY_DOWN, ANY,     ALL, 0, 0, RS_BACKUP,  RA_NO_TIMER },
	{ RS_DELAY,   RE_BACKUP_DOWN,  ANY,     ALL, 0, 0, RS_PRIMARY, RA_NO_TIMER | RA_PRIMARY },
	{ RS_DELAY,   RE_DELAY_OVER,   F,       ALL, R, 0, RS_RESUME,  RA_PRIMARY | RA_RESUME_TIMER },
	{ RS_DELAY,   RE_DELAY_OVER,   ANY,     ALL, 0, 0, RS_PRIMARY, RA_PRIMARY },
	{ RS_DELAY,   RE_SWITCH,       OWN,     ALL, 0, 0, RS_STAY,    RA_NO_TIMER },
	{ RS_DELAY,   RE_RETURN,       F,       ALL, R, 0, RS_RESUME,  RA_PRIMARY | RA_RESUME_TIMER },
	{ RS_DELAY,   RE_RETURN,       OWN,     ALL, 0, 0, RS_PRIMARY, RA_NO_TIMER | RA_PRIMARY },
	{ RS_DELAY,   RE_MOVED,        ANY,     ALL, B, 0, RS_DELAY,   RA_FOLLOW },
	{ RS_DELAY,   RE_MOVED_BACK,   ANY,     ALL, 0, 0, RS_PRIMARY, RA_NO_TIMER | RA_FOLLOW },

	{ RS_STAY,    RE_PRIMARY_DOWN, ANY,     ALL, 0, 0, RS_BACKUP,  0 },
	{ RS_STAY,    RE_BACKUP_DOWN,  ANY,     ALL, 0, 0, RS_PRIMARY, RA_PRIMARY },
	{ RS_STAY,    RE_RETURN,       F,       ALL, R, 0, RS_RESUME,  RA_PRIMARY | RA_RESUME_TIMER },
	{ RS_STAY,    RE_RETURN,       OWN,     ALL, 0, 0, RS_PRIMARY, RA_PRIMARY },
	{ RS_STAY,    RE_MOVED,        ANY,     ALL, B, 0, RS_STAY,    RA_FOLLOW },
	{ RS_STAY,    RE_MOVED_BACK,   ANY,     ALL, 0, 0, RS_PRIMARY, RA_FOLLOW },

	{ RS_RESUME,  RE_PRIMARY_DOWN, OWN,     ALL, H, 0, RS_HOLD,    RA_HOLD_TIMER },
	{ RS_RESUME,  RE_PRIMARY_DOWN, ANY,     ALL, B, 0, RS_BACKUP,  RA_NO_TIMER | RA_BACKUP },
	{ RS_RESUME,  RE_PRIMARY_DOWN, ANY,     ALL, 0, B, RS_NONE,    RA_NO_TIMER },
	{ RS_RESUME,  RE_RESUME_OVER,  ANY,     ALL, 0, 0, RS_PRIMARY, 0 },
	{ RS_RESUME,  RE_SWITCH,       OWN,     ALL, B, 0, RS_STAY,    RA_NO_TIMER | RA_BACKUP },
	{ RS_RESUME,  RE_MOVED,        ANY,     ALL, B, 0, RS_BACKUP,  RA_NO_TIMER | RA_FOLLOW },
	{ RS_RESUME,  RE_MOVED,        ANY,     ALL, 0, B, RS_RESUME,  RA_PRIMARY },
	/* clang-format on */
};

struct redundancy_move
redundancy_decide(
    enum redundancy_state in, enum redundancy_event on, enum l2vpn_mode mode, enum l2vpn_revert revert, unsigned given)
{
	for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].in == in && table[i].on == on && (table[i].modes & 1u << mode) &&
		    (table[i].reverts & 1u << revert) && (table[i].with & given) == table[i].with &&
		    !(table[i].without & given))
			return (struct redundancy_move){ table[i].next, table[i].acts, true };
	return (struct redundancy_move){ in, 0, false };
}

const char *
redundancy_state_name(enum redundancy_state s)
{
	static const char *const names[RS_COUNT] = { "none", "primary", "hold-off", "backup", "delay", "stay",
		"resume" };

	return names[s];
}

const char *
redundancy_event_name(enum redundancy_event e)
{
	static const char *const names[RE_COUNT] = { "primary up", "primary down", "backup up", "backup down",
		"hold-off over", "delay over", "resume over", "switch", "return", "moved", "moved back" };

	return names[e];
}
