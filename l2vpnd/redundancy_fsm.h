#ifndef L2VPND_REDUNDANCY_FSM_H
#define L2VPND_REDUNDANCY_FSM_H
#include "l2vpnd/config.h"

/* The state machine by which a circuit's pseudowires take over from each other. */
enum redundancy_state {
	RS_NONE,    /* no pseudowire is good */
	RS_PRIMARY, /* the primary carries frames */
	RS_HOLD,    /* the primary has failed and is waited for */
	RS_BACKUP,  /* a backup carries them, and the primary is not good */
	RS_DELAY,   /* a backup carries them; the primary is good, and they go back to it soon */
	RS_STAY,    /* a backup carries them, and they stay there though the primary is good */
	RS_RESUME, /* the primary carries them again, and the backup's end has not been told yet that all is well here */
	RS_COUNT
};
enum redundancy_event {
	RE_PRIMARY_UP, /* it is good now */
	RE_PRIMARY_DOWN,
	RE_BACKUP_UP,   /* nothing carried frames, and a backup can */
	RE_BACKUP_DOWN, /* the one that carries them has failed */
	RE_HOLD_OVER,
	RE_DELAY_OVER,
	RE_RESUME_OVER,
	RE_SWITCH, /* to a backup: an operator, or another end that asks for it (RFC 6870 6.1) */
	RE_RETURN, /* to the primary: the same */
	RE_MOVED,  /* the data plane has left the dead path for a backup */
	RE_MOVED_BACK,
	RE_COUNT
};
enum redundancy_given {     /* what the next state depends on */
	RG_BACKUP = 1 << 0, /* a backup is good */
	RG_HOLD = 1 << 1,   /* `holdoff` is configured */
	RG_RESUME = 1 << 2, /* `resume` is not 0 */
	RG_ALL = 7,
};
enum redundancy_act {
	RA_PRIMARY = 1 << 0, /* frames go to the primary from now on */
	RA_BACKUP = 1 << 1,  /* to the best backup */
	RA_FOLLOW = 1 << 2,  /* to where the data plane has them already */
	RA_NO_TIMER = 1 << 3,
	RA_HOLD_TIMER = 1 << 4,
	RA_DELAY_TIMER = 1 << 5,
	RA_RESUME_TIMER = 1 << 6,
	RA_ACTS = 7,
};
struct redundancy_move {
	enum redundancy_state next;
	unsigned acts;
	bool listed; /* false: the event has no place in this state, and nothing happens */
};
struct redundancy_move redundancy_decide(
    enum redundancy_state, enum redundancy_event, enum l2vpn_mode, enum l2vpn_revert, unsigned given);
const char *redundancy_state_name(enum redundancy_state);
const char *redundancy_event_name(enum redundancy_event);
#endif
