#ifndef BFDD_CONFIG_H
#define BFDD_CONFIG_H
#include "base/addr.h"
#include "bfdd/core/core.h"

/* What an operator may set, with the defaults of reference 002. */
enum {
	BFD_MIN_TX_MS = 10,
	BFD_MIN_RX_MS = 10,
	BFD_MULTIPLIER = 3,
	BFD_TOS_EXP = 6,
	BFD_MIN_TTL = 1,        /* of multihop packets */
	BFD_AUTO_FIRST = 8192,  /* discriminators that we choose; those set by hand are below */
	BFD_GRACE_MS = 5000,    /* a new session is unknown, not down, for so long */
	BFD_DAMPING_FORGET = 4, /* times the longest wait without a failure: the failures are forgotten */
};

struct bfd_session_config {
	char name[64];
	char interface[64]; /* as the operator wrote it, canonical spelling; "": multihop */
	char vrf[32];
	char description[81];
	struct addr peer, source;
	bool automatic;         /* discriminators are chosen and learned */
	uint32_t local, remote; /* else set by hand; 0 not yet */
	uint16_t min_tx_ms, min_rx_ms;
	uint8_t multiplier, tos_exp, min_ttl;
	uint16_t wtr_min;        /* minutes, 0 none */
	uint16_t echo_ms;        /* echoes are sent so often; 0: none */
	uint16_t echo_rx_ms;     /* echoes of the other end are sent back, no more often than that; 0: not */
	uint16_t demand_poll_ms; /* demand mode; the path is verified so often */
	bool demand, passive, shut, follows, pst;
	uint8_t key_count;
	struct bfd_key keys[BFD_KEYS_MAX];
};
struct bfd_config {
	bool enabled; /* `bfd` in the system view */
	struct {
		uint32_t initial_ms, secondary_ms, maximum_ms; /* maximum 0: off */
	} damping;
	struct bfd_session_config *sessions; /* in the order of their lines */
	size_t session_count, session_room;
};

void bfd_config_free(struct bfd_config *);
void bfd_config_copy(struct bfd_config *into, const struct bfd_config *from);         /* frees what *into had */
struct bfd_session_config *bfd_config_session(struct bfd_config *, const char *name); /* NULL: none */
struct bfd_session_config *bfd_config_session_add(struct bfd_config *, const char *name);
void bfd_config_session_remove(struct bfd_config *, const char *name);
#endif
