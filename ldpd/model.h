#ifndef LDPD_MODEL_H
#define LDPD_MODEL_H
#include "base/hash.h"
#include "base/label.h"
#include "base/list.h"
#include "base/pool.h"
#include "base/mem.h"
#include "base/prefix.h"
#include "base/rng.h"
#include "base/timers.h"
#include "ldpd/config.h"
#include "ldpd/ldp.h"
#include "ldpd/packet.h"
#include "ldpd/session_fsm.h"
#include "proto/bfd.pb-c.h"
#include "proto/fib.pb-c.h"
#include "proto/igp.pb-c.h"
#include "proto/l2vpn.pb-c.h"
#include "proto/ldp.pb-c.h"

/*
 * The nouns of the engine. See engine.c for how they hang together. Only files of the engine include this.
 * Moments are fields ending in _at or _until; spans carry their unit.
 */

/* Whose deadline a timer is. */
enum timer_kind {
	TIMER_HELLO,     /* link: the next Hello is to be sent */
	TIMER_TARGET,    /* target: the next targeted Hello is to be sent */
	TIMER_ADJACENCY, /* adjacency: its hold time is over */
	TIMER_HOLD,      /* peer: nothing was heard in the session */
	TIMER_KEEPALIVE, /* peer: something has to be said */
	TIMER_RETRY,     /* peer: the next attempt to connect */
	TIMER_EXCHANGE,  /* peer: no Mapping for a while, so its first advertisement is over */
	TIMER_RESTART,   /* peer: kept bindings of a neighbour that restarts end here (RFC 3478) */
	TIMER_PENDING,   /* the oldest connection that waits for its Hello */
	TIMER_LABELS,    /* none was left: perhaps one has rested long enough */
	TIMER_TELL,      /* peer: the rest of our labels is to be told */
	TIMER_GUARD,     /* guard: no Hello of its neighbour for a hold time */
	TIMER_SYNC,      /* peer: one that tells no end of its labels is trusted to have told them */
	TIMER_PW_SWEEP,  /* peer: pseudowires kept from before its restart end here */
	TIMER_PW_STATUS, /* status of pseudowires that has changed is to be told */
	TIMER_PW_LINGER, /* targets that no pseudowire calls for any more are let go */
	TIMER_RECOVERY,  /* our own restart: look whether all is learned; the end of patience */
};

/* Address families, as bits. */
enum family { V4 = 1, V6 = 2 };
static inline unsigned
family_bit(const struct addr *a)
{
	return a->family == 6 ? V6 : a->family == 4 ? V4 : 0;
}

/* An interface of fibd's, LDP on it or not. */
struct link {
	struct hash_node by_ifindex;
	const struct ldp *ldp;
	uint32_t ifindex, seen; /* seen: round of the mirror */
	char *name, *label;     /* the kernel's, the operator's */
	bool up, loopback;      /* up: admin and carrier */
	uint16_t mtu;
	struct prefix *addresses; /* with host bits; IPv6 without link-local ones */
	size_t address_count;
	struct addr link_local; /* IPv6, what Hellos come from; none: it has none */
	unsigned configured;    /* of enum family: `mpls ldp`, `mpls ldp ipv6` */
	bool gone;
	unsigned active;         /* of enum family: Hellos go out */
	uint32_t interval_ms;    /* between them: as configured, or less for a neighbour with a short hold time */
	const char *inactive[2]; /* why not, for IPv4 and IPv6 */
	struct timer hello;
	usec_t answered_at; /* when a new neighbour's Hello was last answered at once */
	uint64_t hellos_sent, hellos_received, hellos_bad;
	uint64_t hellos_held; /* that counted for nothing, for BFD says that the path is dead */
	struct row row;       /* ldp.Interface, while configured */
	bool targeted_near;   /* a neighbour by a targeted session alone has an address on it, as was told last */
	struct row sync_row;  /* ldp.Sync, while configured or a neighbour's address is on it */
};

/* An address that targeted Hellos go to: configured, called for by pseudowires, or asking for them and accepted. */
struct target {
	struct hash_node by_address;
	const struct ldp *ldp;
	struct addr address;
	bool configured, answering;
	unsigned requests;    /* pseudowires that call for it */
	const char *inactive; /* why no Hellos go out; NULL: they do */
	uint32_t interval_ms;
	struct timer hello;
	usec_t answered_at;
	uint64_t hellos_sent, hellos_received;
	struct row row; /* ldp.Target */
};

/* A link that a process of an IGP avoids until its labels are there; perhaps fibd has not told of it yet. */
struct avoided {
	struct hash_node by_ifindex;
	uint32_t ifindex, process, area, seen;
};

/* A neighbour on a link whose path is watched by BFD, as long as its Hellos come. */
struct guard {
	struct hash_node by_source;
	struct ldp *ldp;
	uint32_t ifindex;
	struct addr source;
	bool dead, up;
	uint32_t session, round; /* session: hash of its name; 0: there is none */
	struct timer silent;
	struct row row; /* bfd.Request */
};

/* A secret that the host knows for connections with a peer. */
struct key {
	struct addr peer;
	char password[LDP_PASSWORD_MAX + 1];
	bool wanted;
};

/* A neighbour heard on one link, or by targeted Hellos. */
struct adjacency {
	struct list of_peer;
	const struct ldp *ldp;
	struct peer *peer;
	uint32_t ifindex; /* 0: targeted */
	struct addr source, transport;
	uint16_t space;
	bool gtsm;        /* its Hellos say so */
	bool latest;      /* of the peer's adjacencies this one was heard last */
	uint8_t prefers;  /* ... that it speaks both families, and prefers this one; 0: they do not */
	uint32_t hold_ms; /* agreed; UINT32_MAX: for ever */
	usec_t since;
	struct timer hold;
	struct row row; /* ldp.Adjacency */
};

/* Another LSR: its adjacencies, the session with it, and what it told. Lives while any of these does. */
struct peer {
	struct hash_node by_id;
	const struct ldp *ldp;
	uint32_t lsr;
	uint16_t space;
	struct list adjacencies;
	struct addr heard_transport;            /* of the family that the session is to go over; none yet */
	struct addr transport, local_transport; /* of the session, or of the attempt under way */

	/* the session */
	enum session_state state;
	enum session_role role;
	uint32_t conn;   /* 0: none */
	bool connecting; /* an attempt is under way */
	uint16_t local_port, remote_port;
	uint32_t hold_ms; /* negotiated */
	uint16_t max_pdu;
	usec_t up_since, last_down;
	uint32_t backoff_s;       /* the last wait after a refusal; 0: none yet */
	bool backing_off;         /* until the retry timer nothing is tried */
	uint32_t config_sequence; /* of its Hellos: a new one ends the waiting, 2.5.3 */
	uint8_t min_ttl;          /* of its packets in the session; 0: any */
	bool secret;              /* the session, or the attempt, uses a password */
	unsigned families;        /* whose addresses and FECs go over the session */
	unsigned libs_awaited;    /* families whose End-of-LIB is still to come */
	uint32_t uid, next_message;
	uint32_t tib_revision; /* ldp->tib_revision when it was last told a label */
	struct timer hold, keepalive, retry;
	uint8_t *input; /* the beginning of a PDU */
	size_t input_size, input_room;
	Ldp__MessageCounts sent, received;
	char *last_error;
	uint8_t *batch; /* the PDU in the making; flushed at the end of each input */
	struct ldp_writer writer;
	bool writing;
	struct list to_flush;

	/* what it told */
	struct list vias; /* its addresses */
	size_t address_count;
	struct list bindings;  /* its labels */
	unsigned capabilities; /* of enum ldp_capability */
	bool exchange_done;    /* its first advertisement is complete */
	struct timer exchange;
	bool lib_known; /* all its labels are here: told in this session, or kept from the one before */
	struct timer sync;

	/* what it is told */
	struct hash_node *tell_next; /* the FEC from which on it has not been told yet, while `tell` is set */
	struct timer tell;

	/* graceful restart, RFC 3478 */
	bool graceful; /* it keeps forwarding over its restart */
	uint32_t reconnect_ms, recovery_ms;
	bool restarting; /* its bindings are kept though the session is gone, or not yet confirmed */
	struct timer restart, pw_sweep;

	struct list adverts; /* our labels that it has */
	struct row row;      /* ldp.Session */
};

/* An address that routes point at, and the peer that says it is its own. */
struct via {
	struct hash_node by_addr;
	struct addr addr;
	uint32_t ifindex;    /* of a link-local address, which the peer's Hellos come from; else 0 */
	struct peer *peer;   /* NULL: nobody's */
	bool stale;          /* its peer restarts and has not told it again */
	struct list of_peer; /* while peer is set */
	struct list users;   /* struct hop */
};
/* Of FECs, and of what hangs on them, there may be a million each: they come from pools and are ordered to leave no gaps. */
struct hop { /* one next hop of a FEC's route */
	struct list of_via;
	struct via *via;
	struct fec *fec;
	uint32_t ifindex;
	uint32_t out_label; /* as last published */
	uint32_t peer_lsr;
};
/* A row of ldp.Binding: a peer's label, or our own for the FEC that embeds it. */
struct label_row {
	struct row row;
	const struct binding *of_peer; /* NULL: our own */
};
/* A peer's label for a FEC. Liberal retention: kept whether used or not. */
struct binding {
	struct binding *next; /* of the FEC's */
	struct list of_peer;
	struct fec *fec;
	struct peer *peer;
	uint32_t label;
	uint16_t mtu; /* RFC 3988; 0: not said */
	bool in_use : 1, stale : 1, accepted : 1;
	struct label_row row;
};
/* Our label for a FEC that a peer was told, or has asked for. */
struct advert {
	struct advert *next; /* of the FEC's */
	struct list of_peer;
	struct fec *fec;
	struct peer *peer;
	uint32_t label;
	uint32_t request_id; /* ADVERT_ASKED: of the peer's Label Request */
	uint16_t mtu;        /* as told */
	uint8_t state;       /* of enum advert_state */
};
enum advert_state {
	ADVERT_TOLD,
	ADVERT_WITHDRAWING, /* its Release is awaited */
	ADVERT_RELEASED,    /* the peer does not want it */
	ADVERT_ASKED        /* it is not our turn to tell (ordered control), but the peer asked; no label yet */
};
static inline bool
binding_is_spare(const struct binding *b) /* a route that moves to its peer could use it */
{
	return b->accepted && !b->in_use;
}
struct fec {
	struct hash_node by_prefix;
	struct prefix prefix;
	uint16_t hop_count;
	uint32_t seen;      /* round of the route */
	uint32_t own;       /* so many of our interfaces have it as a host address: we are the egress */
	uint32_t label;     /* ours; LABEL_UNSET none; implicit null at the egress */
	uint32_t recovered; /* of before our restart, from fib.Ilm; LABEL_UNSET none */
	uint16_t mtu;       /* RFC 3988: the largest packet that fits all the way; 0: not known */
	uint32_t spare;     /* a hash of the labels that peers gave, and which are not in use */
	bool routed : 1;    /* there is a route that calls for a label */
	bool connected : 1; /* the network of one of our interfaces, where such get labels: we are the egress */
	bool had_lsp : 1;   /* fib.Ilm had it when we started */
	bool held : 1;      /* its row is held back: it had labels before our restart and has none to send with yet */
	bool published : 1; /* the row is as the FEC is */
	struct hop *hops;
	struct binding *bindings;
	struct advert *adverts;
	const struct ldp *ldp;
	struct list dirty; /* to be looked at before this input is done */
	struct row row;    /* ldp.Lsp */
	struct label_row local_row;
};

static inline bool
fec_is_egress(const struct fec *f)
{
	return f->own || f->connected;
}

/* A connection that came before its peer's Hello was read. */
struct pending {
	struct list link;
	uint32_t conn;
	struct addr peer, local;
	uint16_t peer_port, local_port;
	usec_t until;
	uint8_t bytes[LDP_PDU_MAX];
	size_t size;
};

struct ldp {
	bool busy;
	usec_t now, started;
	struct rng rng;
	struct outbox *out;
	struct timers timers;
	struct ldp_config config;
	bool configured;    /* a configuration came */
	bool running;       /* LSR id and `mpls ldp` are set */
	uint32_t unfit_lsr; /* whose Hellos were last complained of (RFC 7552 6.1.1), and when */
	usec_t unfit_said_at;
	struct addr transport, transport6; /* of ours, without regard to a link */
	struct hash links, peers, fecs, vias, targets, guards, avoided, pws, pw_sets;
	struct pool fec_pool, hop_pool, binding_pool, advert_pool; /* hop_pool: of FECs with one next hop */
	struct key *keys;
	size_t key_count;
	uint32_t config_sequence; /* counts our configurations; in our Hellos */
	struct list pendings, dirty, to_flush;
	bool peers_idle; /* one may have nothing left to live for */
	size_t pending_count;
	struct timer pending;
	uint32_t next_conn, next_uid, hello_id;
	struct label_pool *labels;
	uint32_t tib_revision; /* counts changes of our labels */
	bool labels_short;     /* said once that none is left */
	uint32_t synced;       /* bit per enum ldp_mirror: its first snapshot is complete */
	bool recovering;       /* ldp.Lsp is not complete yet */
	bool had_state;        /* fib.Ilm held labels of ours at the start */
	size_t held_count;     /* FECs with `held` */
	uint32_t *orphans;     /* labels of before our restart without a FEC: taken until all is learned */
	size_t orphan_count;
	struct timer recovery, relabel;
	struct list pws_changed; /* pseudowires whose status is to be told */
	struct timer pw_status, pw_linger;
	bool pws_known; /* l2vpn.PwRequest was read to its end */
	struct table lsp_table, session_table, adjacency_table, binding_table, interface_table, target_table,
	    parameters_table, request_table, sync_table, pw_table;
	struct table *tables[11];
	struct row parameters;
};

/* --- engine.c --- */
void ldp_note(struct ldp *, int priority, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* --- routes.c: what fibd tells --- */
void routes_interface(struct ldp *, const Fib__Interface *, bool gone, uint32_t round);
void routes_route(struct ldp *, const Fib__Route *, bool gone, uint32_t round);
void routes_range(struct ldp *, const Fib__LabelRange *, bool gone);
void routes_synced(struct ldp *, enum ldp_mirror, uint32_t round);
struct link *link_find(const struct ldp *, uint32_t ifindex);
const struct ldp_if_config *link_config(const struct ldp *, const struct link *); /* NULL: none */
void links_configure(struct ldp *); /* after a configuration or LSR id change */
void link_free(struct ldp *, struct link *);
void own_addresses(struct ldp *, struct addr **ret, size_t *ret_count); /* of all links that are up; free it */

/* --- discovery.c --- */
void link_refresh(struct ldp *, struct link *); /* start or stop Hellos by its state */
void discovery_hello_due(struct ldp *, struct link *);
void discovery_datagram(struct ldp *, const struct ldp_input *);
void discovery_expired(struct ldp *, struct adjacency *);
void adjacency_free(struct ldp *, struct adjacency *);
void discovery_answer(struct ldp *, struct link *, bool somebody_new);
void discovery_send(struct ldp *, struct link *);
struct addr discovery_transport(struct ldp *, const struct link *, enum family); /* link: NULL for a targeted one */
/* What a Hello, link or targeted, does to the adjacency it belongs to. Returns whether somebody new was heard. */
bool discovery_hear(struct ldp *, uint32_t ifindex, const struct ldp_pdu *, const struct ldp_msg *,
    const struct addr *from, uint32_t hold_ms);
uint32_t discovery_agree_ms(uint16_t ours, uint16_t theirs, uint16_t standard);
void adjacency_lose(struct ldp *, struct adjacency *, uint32_t status, const char *why);

/* --- targeted.c --- */
struct target *target_find(const struct ldp *, const struct addr *);
void targets_configure(struct ldp *);                   /* after a configuration, and after our addresses changed */
void target_request(struct ldp *, const struct addr *); /* a pseudowire calls for it */
/* And does so no longer. Returns whether others do; without any targets_configure() lets it go. */
bool target_unrequest(struct ldp *, const struct addr *);
void target_hello_due(struct ldp *, struct target *);
void target_datagram(struct ldp *, const struct ldp_pdu *, const struct ldp_msg *, const struct addr *from);
void target_answer(struct ldp *, struct target *);
void target_silent(struct ldp *, const struct addr *); /* its adjacency is gone */
/* discovery.c, for guard.c */
struct adjacency *adjacency_find(struct ldp *, uint32_t ifindex, const struct addr *source); /* NULL: none */
void adjacency_dead(struct ldp *, uint32_t ifindex, const struct addr *source); /* BFD says so; there may be none */
/* guard.c */
/* A Hello was heard on this link. False: it counts for nothing, for BFD says that the path is dead. */
bool guard_hello(struct ldp *, struct link *, const struct addr *source, uint32_t hold_ms);
const struct guard *guard_find(const struct ldp *, uint32_t ifindex, const struct addr *source); /* NULL: none */
void guard_due(struct ldp *, struct guard *);
void guard_row(struct ldp *, const Bfd__Session *, bool gone, uint32_t round);
void guards_synced(struct ldp *, uint32_t round);
void guards_configure(struct ldp *);
const char *guard_text(const struct ldp *, const struct adjacency *); /* what BFD says, for displays; "": not asked */
void guards_free(struct ldp *);

void targets_free(struct ldp *);

/* --- dual.c: IPv4 and IPv6 side by side, RFC 7552 --- */
unsigned dual_families(const struct ldp *);  /* those that LDP is configured with */
uint8_t dual_preference(const struct ldp *); /* for our Hellos: 4 or 6; 0: we speak one family */
/* Else it is to be dropped; says why. `known`: the adjacency with where it comes from, NULL when there is none. */
bool dual_hello_fits(struct ldp *, const struct ldp_pdu *, const struct ldp_msg *, const struct adjacency *known);
void dual_choose(struct ldp *, struct peer *); /* after its adjacencies or our families changed: sets heard_transport */
void dual_configured(struct ldp *);            /* our families or the preference have changed */
unsigned dual_session(
    const struct ldp *, const struct peer *);      /* whose addresses and FECs a session that came up carries */
void dual_neighbours(struct ldp *, struct peer *); /* dual_neighbour() for all it is heard by */
void dual_neighbour(struct ldp *, const struct adjacency *, bool here); /* its link-local address is the peer's */

/* --- secret.c: passwords and TTLs of connections --- */
void secrets_refresh(struct ldp *); /* after a configuration, and when a neighbour is heard or lost */
void secrets_forget(struct ldp *);
void ttl_refresh(struct ldp *, struct peer *); /* after its adjacencies or the configuration changed */
uint8_t ttl_least(const struct ldp *, const struct peer *);

/* --- transport.c --- */
struct peer *peer_by_conn(struct ldp *, uint32_t conn);
void transport_want(struct ldp *, struct peer *);
void transport_abandon(struct ldp *, struct peer *);
void transport_retry(struct ldp *, struct peer *);
void transport_again(struct ldp *, struct peer *, bool at_once);
void transport_up(struct ldp *, const struct ldp_input *);
void transport_down(struct ldp *, uint32_t conn, const char *why);
void transport_pending_due(struct ldp *);
void transport_turn_away(struct ldp *, struct pending *);
void transport_early_bytes(struct ldp *, uint32_t conn, const uint8_t *, size_t);

/* --- session.c --- */
void session_begin(
    struct ldp *, struct peer *, uint32_t conn, const struct addr *local, uint16_t local_port, uint16_t remote_port);
void session_lost(struct ldp *, struct peer *, const char *why);
struct peer *peer_find(struct ldp *, uint32_t lsr, uint16_t space);
struct peer *peer_get(struct ldp *, uint32_t lsr, uint16_t space);
void peers_sweep(struct ldp *); /* frees those that nothing holds any more */
void peer_free(struct ldp *, struct peer *);
void session_stop(struct ldp *, struct peer *, uint32_t status, const char *why);
void session_stream(struct ldp *, uint32_t conn, const uint8_t *, size_t);
void session_timer(struct ldp *, struct peer *, enum timer_kind);
void session_notify(struct ldp *, struct peer *, uint32_t status, uint32_t about_id, uint16_t about_type);
/* Where the next message to this peer goes; `need` bytes are free. Sent at the end of the input, or when full. */
struct ldp_writer *session_writer(struct ldp *, struct peer *, size_t need);
uint32_t session_message_id(struct peer *);
void sessions_flush(struct ldp *);
void sessions_end(struct ldp *, uint32_t status, const char *why);
void session_exchange_done(struct ldp *, struct peer *);

/* --- binding.c: the label information base --- */
struct fec *fec_find(struct ldp *, const struct prefix *);
struct fec *fec_get(struct ldp *, const struct prefix *);
void fec_dirty(struct ldp *, struct fec *);
void fec_release(struct ldp *, struct fec *);
struct binding *binding_find(const struct fec *, const struct peer *);
void binding_free(struct ldp *, struct binding *);
void bindings_drop(struct ldp *, struct peer *, bool only_stale);
void peer_mark_stale(struct ldp *, struct peer *);                        /* all it told, until it tells it again */
struct via *via_get(struct ldp *, const struct addr *, uint32_t ifindex); /* the interface counts for link-local ones */
void via_release(struct ldp *, struct via *);
void via_assign(struct ldp *, struct via *, struct peer *); /* NULL: nobody's any more */
void peer_drop_addresses(struct ldp *, struct peer *, bool only_stale);

/* --- distribute.c: messages about addresses and labels --- */
void distribute_all(struct ldp *, struct peer *);                                    /* a session came up */
void distribute_addresses(struct ldp *, enum ldp_type, const struct addr *, size_t); /* to all operational peers */
void distribute_fec(struct ldp *, struct fec *); /* tell and withdraw as its state calls for */
void distribute_message(struct ldp *, struct peer *, const struct ldp_msg *);
enum ldp_status distribute_judge(
    const struct ldp *, const struct peer *, const struct ldp_msg *); /* may it be applied? */
void distribute_more(struct ldp *, struct peer *); /* the next slice for a peer whose session came up */
/* A label of this FEC back to the pool, once neither the FEC nor any peer has it. */
void distribute_unuse(struct ldp *, struct fec *, uint32_t label);
void distribute_forget(struct ldp *, struct fec *); /* it is about to be freed */
void adverts_drop(struct ldp *, struct peer *);

/* --- policy.c --- */
bool policy_allocates(const struct ldp *, const struct prefix *);
bool policy_accepts(const struct ldp *, const struct peer *, const struct prefix *);
bool policy_tells(const struct ldp *, const struct peer *, const struct fec *);
uint32_t policy_egress_label(const struct ldp *, const struct prefix *);
void policy_changed(struct ldp *, const struct ldp_config *old);

/* --- lsp.c --- */
void lsp_label_again(struct ldp *); /* FECs that went without one */
void lsp_flush(struct ldp *);       /* look at every dirty FEC: labels, advertisements, ldp.Lsp */
void fec_set_hops(struct ldp *, struct fec *, const struct addr *, const uint32_t *ifindex, size_t count);

/* --- restart.c: RFC 3478 --- */
void restart_ilm(struct ldp *, const Fib__Ilm *, bool gone);
void restart_synced(struct ldp *);
void restart_check(struct ldp *);               /* is everything learned again? */
bool restart_keep(struct ldp *, struct peer *); /* the session is lost: keep its bindings? Starts the clock when so. */
void restart_session_up(struct ldp *, struct peer *);
void restart_free(struct ldp *);
void restart_range(struct ldp *);                 /* the label pool is there: claim what was ours */
void restart_over(struct ldp *, struct peer *);   /* sweep what was not confirmed */
uint32_t restart_recovery_ms(const struct ldp *); /* what our Initialization offers */

/* --- sync.c: what IGPs are told --- */
void sync_init(struct ldp *);
void sync_peer(struct ldp *, struct peer *); /* its state, adjacencies, addresses or labels are others */
void sync_of_link(struct ldp *, struct link *);
void sync_all(struct ldp *);
void sync_asked(struct ldp *, const Igp__Interface *, bool gone, uint32_t round); /* an IGP waits for LDP there */
void sync_asked_all(struct ldp *, uint32_t round);
bool sync_is_avoided(const struct ldp *, uint32_t ifindex);
void sync_free(struct ldp *);
void sync_exchanged(struct ldp *, struct peer *); /* its first advertisement is over */
void sync_forgotten(struct ldp *, struct peer *); /* its labels are kept no longer */

/* --- pw.c: pseudowires --- */
void pws_init(struct ldp *);
void pws_free(struct ldp *);
void pws_row(struct ldp *, const L2vpn__PwRequest *, bool gone, uint32_t round);
void pws_synced(struct ldp *, uint32_t round);
void pws_say(struct ldp *); /* all that has changed */
void pws_linger_over(struct ldp *);
void pws_session_up(struct ldp *, struct peer *);
void pws_session_down(struct ldp *, struct peer *, bool kept); /* kept: what it told stays while it restarts */
void pws_restart_over(struct ldp *, struct peer *);            /* of a peer */
void pws_sweep(struct ldp *, struct peer *);                   /* what it has not told again */
void pws_recovered(struct ldp *);                              /* our own restart is over */
bool pws_are_missing(const struct ldp *);                      /* has a peer not told one that is wanted? */
/* pw_message.c */
void pw_message(struct ldp *, struct peer *, const struct ldp_msg *, const struct ldp_fec *);
bool pw_is_asked_for(
    const struct ldp *, const struct peer *, uint32_t request_id); /* by a Request that is not answered */
enum ldp_status pw_judge_status(const struct ldp_msg *);           /* of a Notification of PW status */
void pw_notified(struct ldp *, struct peer *, const struct ldp_msg *);
void pw_request_refused(struct ldp *, struct peer *, uint32_t request_id);
void pw_end_of_lib(struct ldp *, struct peer *);

/* --- rows.c --- */
void rows_init(struct ldp *);
#endif
