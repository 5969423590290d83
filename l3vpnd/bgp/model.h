#ifndef BGP_MODEL_H
#define BGP_MODEL_H
#include "base/list.h"
#include "base/mem.h"
#include "base/label.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/table.h"
#include "base/timers.h"
#include "l3vpnd/bgp/attr.h"
#include "l3vpnd/bgp/bgp.h"
#include "l3vpnd/bgp/session_fsm.h"

/*
 * The nouns of the engine. See engine.c for how they hang together. Only files of the engine include this. Moments are
 * fields ending in _at or _until; spans carry their unit.
 */
enum bgp_timer_kind {
	TIMER_RETRY,
	TIMER_HOLD,
	TIMER_KEEPALIVE,
	TIMER_START,
	TIMER_STALE,
	TIMER_DEFER,
	TIMER_PATIENCE,
	TIMER_MEMBERS
};

/* --- sessions --- */

enum direction { OUTGOING, INCOMING, DIRECTIONS };
struct conn { /* a connection with a peer; two of them while it is decided which one stays */
	struct peer *peer;
	enum direction direction;
	uint32_t number; /* 0: there is none now */
	enum bgp_state state;
	struct timer retry, hold, keepalive;
	struct addr local;
	bool has_open;
	struct bgp_open open; /* the peer's */
	uint8_t *input;       /* what has come of a message */
	size_t input_size, input_room;
	struct hash_node by_number;
};
struct counters {
	uint64_t messages[BGP_MESSAGE_TYPES];
};
struct peer_family {
	struct out *out; /* what tells it; NULL: it is told nothing */
	struct list of_out, of_dump, of_review;
	uint32_t prefixes;   /* heard and kept */
	uint16_t generation; /* of its routes: those of an earlier one are stale */
	bool ended;          /* its End-of-RIB has come */
	bool over_limit;
	bool held;     /* it is told nothing before it has said what it wants: see members.c */
	bool again;    /* it has asked for everything once more: what comes is framed (RFC 7313) */
	bool end_told; /* our End-of-RIB, in this session */
};
struct peer {
	struct bgp *bgp;
	struct instance *instance;
	struct hash_node by_address;
	struct bgp_peer_config config;
	bool configured;       /* false while a new configuration is read: those that stay so are taken away */
	bool internal, paused; /* paused: its connection has not taken yet what it was sent */
	struct conn conns[DIRECTIONS];
	struct conn *up; /* the one that is established */
	/* What the two OPENs agree on. */
	uint32_t id, families, add_path_in, add_path_out;
	uint32_t refresh_due; /* families whose import policy is another, until the whole configuration is read */
	bool as4, extended;
	uint16_t hold_s, keepalive_s;
	struct timer start, stale, members_wait;
	unsigned failures; /* in a row */
	usec_t idle_until; /* it told too much: nobody calls before */
	uint32_t stale_families;
	uint32_t long_families, old_families; /* RFC 9494: agreed; kept by it now */
	uint32_t long_lived_s;
	usec_t since; /* it has been up, or down */
	unsigned ups;
	struct counters sent, received;
	struct bgp_fault last_fault;
	bool last_fault_ours;
	char *why_down;
	struct peer_family family[BGP_FAMILIES];
	struct row row;  /* of l3vpn.Peer */
	uint64_t queued; /* bytes that wait for its connection */
	/* Which VPN routes it wants, by what it says of its memberships; NULL: it says nothing of them, and wants all. */
	struct members *members, *members_before; /* before: while it is told the difference */
	bool members_moved;                       /* what it says has changed since `members` was made */
	/* Messages collect here and leave at the end of the input. */
	uint8_t *output;
	size_t output_size, output_room;
	struct list to_flush;
};

/* --- routes --- */

/* Why a path is not one to choose from. */
enum path_fault {
	PATH_GOOD,
	PATH_LOOP,         /* our AS stands in its path */
	PATH_OWN_ORIGIN,   /* we are its ORIGINATOR_ID, or in its CLUSTER_LIST */
	PATH_OWN_NEXT_HOP, /* its next hop is ours */
	PATH_NO_NEXT_HOP,  /* its next hop is not reached */
	PATH_NO_LSP,       /* it is, but labelled packets do not get there */
	PATH_NO_TUNNEL,    /* not by an LSP that the tunnel policy of its instance permits */
	PATH_LIMIT,        /* its VPN instance has as many routes as it may */
	PATH_LEAK,         /* it should not have come from there (RFC 9234) */
	PATH_FAULTS
};
const char *path_fault_text(enum path_fault);
bool path_fault_passes(enum path_fault); /* it hangs on others, and may be over without a word from the peer */

struct path {
	struct path *next; /* of the destination: the best first */
	struct dest *dest;
	struct peer *peer; /* NULL: our own */
	const struct attr_set *attrs;
	struct next_hop *hop; /* NULL: of ourselves */
	struct list of_hop;
	struct path *origin;  /* of an imported one: that in the VPN table; NULL: it was not imported */
	struct path *imports; /* of one in a VPN table: the first that was made from it; of an imported one: the next */
	uint32_t label, id;
	uint16_t generation;
	uint16_t
	    number;    /* of this destination's, for good: its identifier towards others (RFC 7911); 0: none was left */
	uint8_t fault; /* enum path_fault */
	bool best, multi;      /* multi: used beside the best */
	bool forward, standby; /* packets take it, as far as BGP goes: of l3vpn.Route a next hop, or a backup */
};
struct dest { /* a destination: what paths lead to */
	struct hash_node by_key;
	struct rib *rib;
	struct path *paths;
	struct list by_change, dirty;
	bool choice_moved;  /* what is chosen says something else than before, or is gone */
	bool forward_moved; /* so does what packets are to take */
	bool counted;       /* packets go there by what a peer has told; among rib->forwarded */
	bool targets_moved; /* its route targets have changed since it is there: who was told may no longer want it */
	uint32_t chosen_at; /* rib->choices when what is chosen changed last */
	uint64_t told;      /* bits of those outs that have been told of it */
	uint64_t rd;
	struct prefix prefix;
	struct row row; /* of l3vpn.Destination */
};
/* One of IPv4 or IPv6 proper: packets are sent there. */
struct routed {
	struct dest dest;
	struct row row; /* of l3vpn.Route */
};
struct rib { /* of one family of an instance */
	struct bgp *bgp;
	struct instance *instance;
	enum bgp_family family;
	struct hash dests;
	struct list changed; /* destinations, by when what is chosen has changed last */
	struct list dirty;   /* those that are to be looked at */
	struct list outs;
	uint64_t out_bits;
	uint32_t choices; /* changes of what is chosen, so far */
	unsigned adding;  /* outs that tell more than what is chosen */
	struct pool dest_pool, path_pool;
	size_t path_count;
	size_t forwarded; /* destinations that a row of l3vpn.Route is for */
	bool over_limit;  /* others have to do without; or it was said that there are too many */
	bool has_room;    /* and may have a chance now */
	bool near_limit;  /* it was said that most of what is allowed is there */
};
struct next_hop { /* those that paths go over are rows of l3vpn.NextHop */
	struct hash_node by_address;
	struct instance *instance;
	struct list idle; /* no path goes over it any more; see hops_settle() */
	struct row row;
	struct addr address;
	char policy[BGP_NAME]; /* the tunnel policy that packets to it are under; empty: none */
	bool known, reachable, lsp;
	bool lent; /* what is known is said of it under another policy, until it is said under this one */
	uint32_t metric;
	struct list paths;
};
/* Those peers of a table that are told the same. */
struct out_key {
	bool long_lived; /* they know what a mark of RFC 9494 means */
	bool internal, as4, next_hop_local, reflect_client, substitute_as, extended;
	uint32_t as, local_as;
	uint64_t origin_site;
	struct addr local;
	uint8_t role; /* enum bgp_role */
	uint8_t
	    add_paths; /* how many paths of a destination are told, each with its identifier; 0: what is chosen alone */
	char policy[BGP_NAME], prefixes[BGP_NAME];
};
struct out {
	struct list of_rib;
	struct rib *rib;
	struct out_key key;
	struct list peers; /* peer_family.of_out */
	struct list *at;   /* on rib->changed: the next to be told of; the head: nothing */
	unsigned bit;
	uint32_t count;     /* destinations with that bit */
	bool all;           /* everything on its way to the end is news for it */
	uint32_t caught_up; /* else: what was chosen after this */
	struct hash told;   /* with add_paths: struct told */
	unsigned
	    split_from; /* one more than the bit of the out it begins with; 0: it has begun, or begins with nothing */
	bool begun;     /* it has come to the end once: whoever joins now needs what was told before */
	/* Peers that came later are told what the others know, in one walk. */
	struct list dump;    /* peer_family.of_dump */
	struct list waiting; /* for the next walk */
	struct hash_node *dump_at;
	bool dumping;
	/* Peers that want other targets than before are told the difference, one after the other. */
	struct list to_review, in_review; /* peer_family.of_review; in_review: one at most */
	struct hash_node *review_at;
};
struct instance {
	struct bgp *bgp;
	struct list of_bgp;
	char name[BGP_NAME];
	bool configured;
	struct bgp_instance_config config; /* `peers` is not kept */
	uint32_t router_id;
	struct hash peers, next_hops;
	struct rib *ribs[BGP_FAMILIES]; /* made when they are needed */
	uint64_t wanted;                /* the last question about targets that named it */
	uint32_t label;                 /* of packets that are to be looked up in it; LABEL_UNSET: none */
};

struct bgp {
	struct outbox *out;
	struct timers timers;
	struct rng rng;
	usec_t now;
	bool configured;       /* once */
	bool restarted;        /* and nobody has been told anything yet: see restart.c */
	bool impatient;        /* and those that restart as well are not waited for any longer */
	struct timer defer;    /* the end of patience with peers */
	struct timer patience; /* with those that restart as well */
	struct bgp_config config;
	struct attr_store attrs;
	struct list instances;
	struct hash conns; /* by number */
	uint32_t last_conn;
	struct list to_flush;
	struct hash targets;       /* struct target: which instances import what */
	struct label_pool *labels; /* NULL: the range is not known yet */
	bool labels_lacked;        /* and that was said */
	struct hash labels_by_value, labels_by_key;
	struct list idle_hops;
	struct table route_table, label_table, next_hop_table, peer_table, destination_table, process_table;
	struct table *served[7];
	struct row process_row;
	uint64_t questions; /* about targets, so far */
	uint32_t reflects;  /* families that we hand on from internal peers to internal peers */
	uint32_t
	    keeps; /* VPN families of which everything is kept, whoever imports it: we reflect them, or are told to */
	bool targets_moved; /* somebody imports something else than before */
	bool members_asked; /* what we want has to be told anew: see members.c */
	bool members_moved; /* some peer wants something else */
	struct hash own;    /* struct own: of our own routes, those that pass a policy */
	bool more;          /* there is work that was put off for the sake of others */
};

/* --- engine.c --- */
void bgp_note(struct bgp *, int priority, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *peer_text(const struct peer *, char out[ADDR_TEXT + BGP_NAME + 8]);
struct instance *instance_find(const struct bgp *, const char *name);
struct peer *bgp_peer_find(const struct instance *, const struct addr *);

/* --- peer.c --- */
void peer_configure(struct instance *, const struct bgp_peer_config *);
void bgp_peer_free(struct peer *);
/* Room for a message of the size; what is written there leaves at the end of the input. */
struct wire_writer peer_writer(struct peer *, size_t most);
void peer_written(struct peer *, const struct wire_writer *, enum bgp_message_type);
void peer_flush(struct peer *);
void peers_flush(struct bgp *);
enum { PEER_QUEUE_MAX = 4 << 20 }; /* bytes queued for a peer before nothing more is made for it */

/* --- session.c --- */
void peer_stop(struct peer *, uint8_t cease, const char *why); /* it begins anew after a while, unless it is not to */
void peer_restart(struct peer *, uint8_t cease, const char *why); /* at once */
void peer_start(struct peer *);
struct peer *peer_of_conn(struct bgp *, uint32_t number, struct conn **ret);
void conn_up(struct bgp *, const struct bgp_input *);
void conn_bytes(struct bgp *, const struct bgp_input *);
void conn_down(struct bgp *, const struct bgp_input *);
void bgp_session_timer(struct timer *);
void session_error(struct peer *, const struct bgp_fault *, const char *why);
void peer_ended(struct peer *, enum bgp_family);     /* its End-of-RIB: what it has not said again is gone */
void peer_refresh(struct peer *, uint32_t families); /* asks for all of them again (RFC 2918) */

/* --- stale.c --- */
void peer_drop_stale(struct peer *, uint32_t families); /* routes that were kept while it was away */
void peer_stale_over(struct peer *);                    /* it has been away for its restart time, or longer */

/* --- restart.c --- */
void restart_begin(struct bgp *);  /* with the first configuration */
void restart_review(struct bgp *); /* is it over? */
void restart_end(struct bgp *, const char *why);

/* --- rib.c --- */
struct rib *rib_get(struct instance *, enum bgp_family);
void bgp_rib_free(struct rib *);
struct dest *dest_find(const struct rib *, uint64_t rd, const struct prefix *);
struct dest *dest_get(struct rib *, uint64_t rd, const struct prefix *);
enum { DESTS_EXPECTED = 16 }; /* looked for one after the other: see hash_expect() */
uint32_t dest_hash(uint64_t rd, const struct prefix *);
/* A path of a peer's, or of our own (NULL). Takes over the use of the attributes. */
void path_put(struct dest *, struct peer *, uint32_t id, const struct attr_set *, uint32_t label, enum path_fault);
void path_gone(struct dest *, struct peer *, uint32_t id);
/* One that is made from a path of a VPN table, and one that is no longer. */
struct path *path_import(struct dest *, struct path *origin);
void path_follow(
    struct path *, const struct attr_set *); /* says what its origin says, with these; takes over the use */
void path_drop(struct path *);
void path_restate(struct path *, const struct attr_set *); /* the same path says this; takes over the use */
void dest_dirty(struct dest *);
void ribs_settle(struct bgp *);                                   /* chooses wherever something has changed */
void rib_drop_peer(struct rib *, struct peer *, bool stale_only); /* all that it said, or what it has not said again */
void next_hop_told(struct instance *, const struct bgp_next_hop *, bool gone);
void next_hop_watched(struct instance *, const struct addr *);
void next_hops_follow_policy(struct rib *); /* of an instance: its tunnel policy is another */
void next_hops_free(struct instance *);

/* --- ../vpn/ --- */
struct vpn_label { /* an incoming label of ours: a row of l3vpn.Label. See vpn/labels.c */
	struct hash_node by_value, by_key;
	struct row row;
	char name[BGP_NAME]; /* of the instance */
	uint32_t label;
	uint32_t uses;        /* routes that are told with it; 0: of an earlier life, and not taken up again yet */
	uint8_t kind;         /* enum vpn_label_kind */
	struct prefix prefix; /* of a route */
	struct addr next_hop; /* packets are sent there; none: looked up in the instance */
	bool pipe;
};
void vpn_labels_init(struct bgp *);
void vpn_labels_free(struct bgp *);
void vpn_labels_range(struct bgp *, uint32_t first, uint32_t last);
void vpn_label_claim(struct bgp *, const struct bgp_old_label *); /* the kernel has it from an earlier life */
void vpn_labels_sweep(struct bgp *); /* the restart is over: what nobody took up again goes */
/* The label for what is chosen in an instance, used once more; LABEL_UNSET: there is none. */
uint32_t vpn_label_take(struct instance *, const struct dest *, const struct path *best, const struct bgp_vpn_config *);
void vpn_label_drop(struct bgp *, uint32_t label);
void vpn_labels_configure(struct instance *); /* it may need one now, or no longer; its ttl-mode may be another */
void vpn_labels_instance_gone(struct instance *);
struct target { /* a route target that somebody imports */
	struct hash_node by_target;
	uint64_t target;
	enum bgp_family family; /* VPNV4 or VPNV6 */
	struct instance **instances;
	size_t count;
};
enum bgp_family vpn_family_of(enum bgp_family plain); /* VPNV4 of IPV4, VPNV6 of IPV6; else itself */
void vpn_targets_rebuild(struct bgp *);               /* after a new configuration */
void vpn_targets_free(struct bgp *);
struct target *vpn_target_find(const struct bgp *, enum bgp_family, uint64_t target); /* NULL: nobody imports it */
/* Has anybody here a use for such a path? (`policy vpn-target`) */
bool vpn_target_is_wanted(const struct bgp *, enum bgp_family, const struct attr_set *);
/* Marks the instances that import such a path with the number of the question, which it returns. */
uint64_t vpn_targets_ask(struct bgp *, enum bgp_family, const struct attr_set *);
void vpn_import_expect(const struct dest *, bool nodes); /* it will be imported soon; first false, then true */
void vpn_import(struct dest *);                          /* of a VPN table: into the instances whose targets it has */
void vpn_import_drop(struct path *);                     /* it is about to go */
void vpn_import_unlink(struct path *);                   /* an imported one is */
void vpn_export(struct dest *);                          /* of an instance: what is chosen there is told to others */
void vpn_configure(struct instance *, const struct bgp_vpn_config before[2]); /* after its configuration */
void vpn_instance_gone(struct instance *);
void vpn_review(struct bgp *); /* at the end of a new configuration */

/* --- ../vpn/limit.c --- */
bool vpn_limit_is_reached(const struct dest *); /* and this one is not among those that came before */
void vpn_limit_count(struct dest *, bool forwards);
void vpn_limit_review(struct rib *); /* there may be room again */

/* --- decide.c --- */
/* Puts the best path first and marks those that are used beside it. True: what is chosen is another than before. */
bool decide(struct dest *);
/* The best of those that may be used, in order; returns how many. */
size_t decide_order(struct dest *, struct path **ret, size_t most);
/* In which step of RFC 4271 9.1.2 a path was left behind; "" for the best and for one that cannot be used. */
const char *decide_lost(const struct dest *, const struct path *);

/* --- rows.c, rows_routes.c --- */
void bgp_rows_init(struct bgp *);
void bgp_rows_free(struct bgp *);
void bgp_fill_route(const struct row *, void *message, struct arena *);
void bgp_fill_destination(const struct row *, void *message, struct arena *);
void bgp_fill_label(const struct row *, void *message, struct arena *);
void row_dest(struct dest *); /* it, or a path to it, says something else, or no path leads there any more */
void row_dest_gone(struct dest *);
void row_peer(struct peer *);

/* --- receive.c --- */
void receive_update(struct peer *, struct wire_reader body);

/* --- own.c --- */
void own_take(struct instance *, const struct bgp_own_route *, bool gone);
void own_review(struct bgp *, const struct bgp_policies *before); /* those whose policy says something else */
void own_forget(struct bgp *, const struct instance *);           /* NULL: of all */

/* --- policy_use.c --- */
/* What we keep of a path that a peer tells, used once; NULL: nothing. */
const struct attr_set *policy_import(
    const struct peer *, enum bgp_family, const struct prefix *, const struct attr_set *);
/* Of an instance's policy; `in`: its import policy. */
const struct attr_set *policy_of_instance(
    const struct instance *, const struct path *, const struct attr_set *, bool in);
enum policy_source policy_source_of(const struct path *);
void policy_peer_changed(struct peer *, const struct bgp_peer_config *before); /* it is attached to others */
void policies_changed(struct bgp *, const struct bgp_policies *before);
void policies_warn(struct bgp *); /* of names that stand for nothing */

/* --- role.c, RFC 9234 --- */
bool role_agrees(const struct peer *, const struct bgp_open *); /* the OPEN's */
bool role_is_leak(const struct peer *, enum bgp_family, const struct attr_set *);
/* On its way in: marked, where its sender did not; takes over the use and returns one. */
const struct attr_set *role_marked(const struct peer *, enum bgp_family, const struct attr_set *);
bool role_may_tell(uint8_t role, enum bgp_family, const struct attr_set *);
bool role_marks(uint8_t role, enum bgp_family, const struct attr_set *); /* on its way out */

/* --- members.c, RFC 4684 --- */
enum { MEMBERS_WAIT_S = 60 }; /* for all that a peer wants, before it is told of VPN routes */
bool members_are_asked(const struct peer *, enum bgp_family); /* does what it wants decide what it is told of? */
bool members_want(const struct members *, const struct attr_set *);
void members_moved(struct peer *);    /* one of its memberships has come or gone */
void members_ready(struct peer *);    /* it has said all of them, or has had its time */
void members_forget(struct peer *);   /* it is down */
void members_reviewed(struct peer *); /* it has been told the difference in all families */
void members_run(struct bgp *);       /* at the end of an input */

/* --- out.c --- */
void out_join(struct peer *, enum bgp_family); /* from now on it is told what there is */
void out_leave(struct peer *, enum bgp_family);
void out_again(struct peer *, enum bgp_family); /* it asks for all of it once more */
void out_rekey(struct peer *, enum bgp_family); /* it is to be told something else than before, in the same session */
void out_anew(struct out *);                    /* as out_rekey(), for all its peers */
void out_review(struct peer *, enum bgp_family);
void out_changed(struct dest *);                /* what is chosen has changed */
void out_gone(struct dest *);                   /* about to be freed: nobody may stand at it */
bool outs_run(struct bgp *, uint32_t families); /* true: there is more to tell */
void outs_free(struct rib *);
#endif
