#ifndef LDPD_CONFIG_H
#define LDPD_CONFIG_H
#include "base/prefix_list.h"

/*
 * What an operator may set, with the defaults of reference 001. commands*.c build a candidate; the engine copies it
 * whole and takes the difference.
 */
enum {
	LDP_SESSION_HOLD_S = 180,
	LDP_HELLO_HOLD_S = 15,
	LDP_HELLO_INTERVAL_S = 5,
	LDP_TARGETED_HOLD_S = 90,
	LDP_TARGETED_INTERVAL_S = 10,
	LDP_BACKOFF_FIRST_S = 15, /* after a refused Initialization, RFC 5036 2.5.3 */
	LDP_BACKOFF_LAST_S = 120,
	LDP_RECONNECT_S = 120, /* RFC 3478: how long neighbours keep our labels while we are away */
	LDP_RECOVERY_S = 120,  /* and how long we have to learn everything again */
	LDP_INTERFACES_MAX = 256,
	LDP_PASSWORD_MAX = 80, /* what the kernel takes for TCP MD5 */
	LDP_LABEL_REUSE_S = 30,
	LDP_IGP_SYNC_DELAY_S = 10,
};

/* How our own FECs are announced at the egress. */
enum ldp_egress { LDP_IMPLICIT_NULL, LDP_EXPLICIT_NULL, LDP_NON_NULL };
/* Which FECs: labels are allocated for, told, or accepted. */
enum ldp_which { LDP_HOSTS, LDP_ALL, LDP_LISTED /* by a prefix list */, LDP_NONE, LDP_UNSET /* as for all peers */ };
struct ldp_filter {
	enum ldp_which which;
	char list[64]; /* LDP_LISTED: of the prefix list; one that does not exist permits all */
};

/* Settings of one peer, by its LSR id. */
struct ldp_peer_config {
	struct addr address; /* LSR id; targeted Hellos go there too */
	char name[64];       /* of its `mpls ldp remote-peer NAME`; "" without one */
	bool targeted;       /* we send it targeted Hellos */
	bool gtsm_off;       /* RFC 6720 is not used with it */
	uint8_t gtsm_hops;   /* its packets may have crossed so many routers and 1; 0: not set, only 1 on a link */
	char password[LDP_PASSWORD_MAX + 1]; /* clear; "" none of its own */
	struct ldp_filter told, accepted;    /* what it is told, what is accepted of it; LDP_UNSET: as for all */
};
/* A password for every peer whose LSR id a prefix list permits (`mpls ldp password option for`). */
struct ldp_password_config {
	char list[64];
	char password[LDP_PASSWORD_MAX + 1];
};

struct ldp_config {
	uint32_t lsr_id; /* host order; 0: not set, nothing runs */
	bool mpls;       /* `mpls` in the system view was said; nothing depends on it */
	bool enabled;    /* `mpls ldp` in the system view */
	uint16_t session_hold_s, hello_hold_s, hello_interval_s, targeted_hold_s, targeted_interval_s;
	uint16_t backoff_first_s, backoff_last_s;
	bool gtsm_off;                 /* for every peer */
	bool accept_targeted;          /* Hellos of peers that are not configured are answered */
	char accept_targeted_list[64]; /* only of those it permits; "" of all */
	struct ldp_peer_config *peers; /* in the order of their addresses, each once */
	size_t peer_count;
	struct ldp_password_config *passwords; /* the first that permits counts */
	size_t password_count;
	char password[LDP_PASSWORD_MAX + 1]; /* for everybody else; "" none */

	struct prefix_lists prefix_lists;
	struct ldp_filter allocate;       /* FECs that get a label */
	struct ldp_filter told, accepted; /* for peers without filters of their own; LDP_ALL */
	enum ldp_egress egress;
	bool ordered;           /* control mode; else independent */
	bool pop_broken;        /* labelled packets whose next hop gave no label: popped and routed, not dropped */
	uint16_t label_reuse_s; /* a released label rests so long */
	uint16_t
	    igp_sync_delay_s; /* a neighbour that tells no end of its labels is believed so long after its session is up */
	struct ldp_if_config {
		char name[64]; /* as the operator wrote it, canonical spelling */
		bool v4, v6;   /* `mpls ldp`, `mpls ldp ipv6` */
		bool bfd;      /* `mpls ldp bfd`: neighbours are watched; at least one of the three */
		uint16_t bfd_min_tx_ms, bfd_min_rx_ms; /* 0: bfdd's default */
		uint8_t bfd_multiplier;
	} interfaces[LDP_INTERFACES_MAX];
	size_t interface_count;
	bool prefer_v4; /* RFC 7552 6.1: with neighbours that speak both, the session goes over IPv4 */
};

void ldp_config_defaults(struct ldp_config *); /* of one that holds nothing yet */
void ldp_config_free(struct ldp_config *);
void ldp_config_copy(struct ldp_config *into, const struct ldp_config *from); /* frees what *into had */
const struct ldp_peer_config *ldp_config_peer(const struct ldp_config *, const struct addr *); /* NULL: none */
struct ldp_peer_config *ldp_config_peer_get(struct ldp_config *, const struct addr *);         /* made when not there */
void ldp_config_peer_prune(struct ldp_config *, const struct addr *); /* gone when nothing is set any more */
/* Puts a password for a list at this place: the one that is there is replaced, behind the last one it is added. */
void ldp_config_password_set(struct ldp_config *, size_t at, const struct ldp_password_config *);
/* The password for a peer: its own, of the first list that permits it, for everybody; NULL: none. */
const char *ldp_config_password(const struct ldp_config *, const struct addr *peer);
/* Where that one comes from, for displays: "none", "own", "option" or "fallback". */
const char *ldp_config_password_source(const struct ldp_config *, const struct addr *peer);
/* Does a filter let this FEC through? `general` counts where the filter is LDP_UNSET. */
bool ldp_filter_permits(
    const struct ldp_config *, const struct ldp_filter *, const struct ldp_filter *general, const struct prefix *);
/* Is there what LDP needs to run at all? */
static inline bool
ldp_config_is_on(const struct ldp_config *c)
{
	return c->enabled && c->lsr_id;
}
/* Is LDP configured on any interface with this address family, 4 or 6? */
bool ldp_config_uses(const struct ldp_config *, int family);
/* KeepAlive interval: a third of the hold time (reference 001). */
uint32_t ldp_keepalive_s(const struct ldp_config *);
#endif
