#ifndef LDPD_PW_H
#define LDPD_PW_H
#include "base/text.h"
#include "ldpd/model.h"

/* A pseudowire and what its two ends have said of it; see pw.c. Only files of the engine include this. */

/* What one end says in a Label Mapping, or is to say. */
struct pw_terms {
	uint32_t label; /* LABEL_UNSET: it says nothing */
	uint32_t group, status;
	uint16_t mtu, vlan;
	uint8_t vccv_cc, vccv_cv;
	bool control_word; /* of what is wanted: preferred; of what was said: the C bit */
	char description[PW_DESCRIPTION_MAX + 1];
};

enum pw_state {
	PW_UNTOLD,   /* the peer has no label of ours */
	PW_TOLD,     /* it has that of `told` */
	PW_KEPT,     /* it has that of the session before, and restarts */
	PW_RELEASED, /* it was told and does not want it: not told again before it asks or something changes */
};

/* Pseudowires by what they have in common: pw_sets.c. */
enum pw_set_kind { PW_OF_PEER, PW_OF_OUR_GROUP, PW_OF_THEIR_GROUP, PW_ASKED, PW_SET_KINDS };
struct pw_set_key {
	uint32_t kind, lsr, type, number;
};

struct pw {
	struct hash_node by_id; /* of peer and number; types are compared */
	const struct ldp *ldp;
	uint32_t lsr, id;
	uint16_t type;

	bool requested; /* there is a row of l2vpn.PwRequest, in `wanted` */
	uint32_t seen;  /* round of it */
	struct pw_terms wanted;

	enum pw_state state;
	struct pw_terms told;
	unsigned awaited;       /* so many labels were withdrawn and not released yet */
	uint32_t refused;       /* PW_RELEASED: the status that the Release gave as its reason */
	bool withdrawn;         /* one was, in this session: see released() */
	bool renegotiate;       /* RFC 8077 7.3: the peer is to be asked, once it has released our label */
	uint32_t asked;         /* id of our Label Request that is not answered yet; 0: none */
	struct pw_terms before; /* what was heard before we asked, and whether with a PW status TLV */
	bool before_status;

	struct pw_terms heard;
	bool heard_status; /* its Mapping had a PW status TLV */
	bool stale;        /* `heard` is of before its restart */
	bool agreed;       /* both use the control word */

	struct list in[PW_SET_KINDS];
	struct pw_set *set[PW_SET_KINDS]; /* NULL: none of this kind */
	struct list changed;              /* its status is to be told, with those that change at the same time */
	/* What the row said last: `since` is when that changed. */
	struct pw_shown {
		uint32_t label, status;
		char *trouble;
	} shown;
	usec_t since;
	struct row row; /* ldp.Pw */
};

static inline bool
pw_is_heard(const struct pw *w)
{
	return w->heard.label != LABEL_UNSET;
}

/* --- pw_negotiate.c: what follows from what was said; changes nothing --- */
enum pw_act {                  /* done in this order */
	PW_ACT_BEGIN_ANEW = 1, /* 7.3 */
	PW_ACT_WITHDRAW = 2,
	PW_ACT_ASK = 4,
	PW_ACT_MAP = 8,
	PW_ACT_STATUS = 16,
};
struct pw_decision {
	unsigned acts;   /* of enum pw_act */
	uint32_t status; /* of the Withdraw: why */
};
struct pw_decision pw_decide(const struct pw *, bool up); /* up: the session */
bool pw_is_waiting(const struct pw *);                    /* for what the peer says after its restart */
/* RFC 8077 7.2: the C bit of a Mapping to be sent, with what is preferred here and what was heard. */
bool pw_c_bit(bool preferred, bool heard, bool heard_c);
/* Is it another thing that is wanted? The status aside, which may change under way. */
bool pw_terms_differ(const struct pw_terms *, const struct pw_terms *);
bool pw_is_faulty(
    uint32_t status); /* nothing can be sent: what is told by withdrawing where there is no PW status TLV */
/* Why the two ends do not fit; `other`: a pseudowire with the same number and another type that the peer wants; may be NULL. */
void pw_trouble(const struct pw *, const struct pw *other, struct text *out);

/* --- pw.c --- */
struct pw *pw_find(const struct ldp *, uint32_t lsr, uint16_t type, uint32_t id);
struct pw *pw_get(struct ldp *, uint32_t lsr, uint16_t type, uint32_t id);
void pw_forget(struct pw *); /* what the peer said */
/* After anything of it has changed: says what is to be said, publishes, and frees it when nothing speaks of it any more. */
void pw_settle(struct ldp *, struct pw *);

/* --- pw_sets.c --- */
void pw_sets_join(struct ldp *, struct pw *); /* those that it belongs to now, and no others */
void pw_sets_leave(struct ldp *, struct pw *);
/* Who is in one, to be freed: they may be settled, and leave it, one after the other. `type` and `number` are of the group or
 * the request. */
struct pw **pw_set(
    const struct ldp *, enum pw_set_kind, uint32_t lsr, uint16_t type, uint32_t number, size_t *ret_count);

/* --- pw_message.c --- */
void pw_withdraw(struct ldp *, struct peer *, struct pw *, uint32_t status);
void pw_withdraw_group(struct ldp *, struct peer *, const struct pw *); /* those of its group */
void pw_withdrawn(struct pw *);                                         /* its label was, alone or with its group */
void pw_map(struct ldp *, struct peer *, struct pw *, uint32_t request_id);
void pw_ask(struct ldp *, struct peer *, struct pw *);
void pw_release(struct ldp *, struct peer *, struct pw *);                       /* what the peer told last */
void pw_tell_status(struct ldp *, struct peer *, const struct pw *, bool group); /* group: of all in its group */
#endif
