#ifndef OSPF_MODEL_H
#define OSPF_MODEL_H
#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/timers.h"
#include "igpd/ospf/config.h"
#include "igpd/ospf/interface_fsm.h"
#include "igpd/ospf/lsa.h"
#include "igpd/ospf/neighbor_fsm.h"
#include "igpd/ospf/ospf.h"
#include "igpd/ospf/packet.h"
#include "igpd/ospf/sync_fsm.h"
#include "igpd/spf.h"

/*
 * The nouns of the engine. See engine.c for how they hang together. Only files of the engine include this. Names follow
 * RFC 2328 sections 5, 6, 9 and 10, with its own in brackets where they differ.
 */

enum timer_kind {
	TIMER_HELLO,      /* iface: the next Hello is to be sent */
	TIMER_WAIT,       /* iface: DR and BDR may be elected now */
	TIMER_SYNC,       /* iface: it has waited for LDP as long as it may */
	TIMER_ACK,        /* iface: delayed acknowledgments are to be sent */
	TIMER_INACTIVE,   /* neighbor: nothing was heard of it */
	TIMER_DESCRIBE,   /* neighbor: the last Database Description again */
	TIMER_REQUEST,    /* neighbor: the last Link State Request again */
	TIMER_RETRANSMIT, /* neighbor: LSAs that it has not acknowledged */
	TIMER_LSA,        /* lsa: it is to be refreshed, or is too old */
	TIMER_ORIGINATE,  /* wish: may be originated again now */
	TIMER_WATCH,      /* watch: no Hello of its neighbour for a dead interval */
	TIMER_GRACE,      /* ospf: our restart has to be over */
	TIMER_HELP,       /* neighbor: its restart has to be over */
	TIMER_SPF,        /* ospf: paths are to be found anew */
};

/* An interface of the host's, as it was told. */
struct port {
	struct hash_node by_ifindex;
	uint32_t ifindex;
	char name[OSPF_NAME];
	bool up, loopback, point_to_point;
	uint32_t mtu, speed_mbps;
	struct prefix *addresses; /* IPv4 alone */
	size_t address_count;
	struct ospf_ldp_neighbor *ldp; /* as ldpd tells */
	size_t ldp_count;
	bool ldp_known, ldp_on; /* it has told of this link; LDP runs there */
};

/* --- the link state database --- */

struct lsdb {
	struct hash by_key;
	struct list types[LSA_TYPES];
	uint32_t count;
	uint64_t checksums; /* the sum of all: equal databases have equal ones */
};
/* An LSA. The object stays while instance follows instance. It is freed at the end of an input at the earliest. */
struct lsa {
	struct row row;
	struct ospf *ospf;
	struct hash_node by_key;
	struct list of_type;
	struct lsdb *db;
	struct area *area;      /* NULL: of the whole AS */
	struct iface *iface;    /* of one link alone (type 9); NULL: not */
	struct lsa_header head; /* its age is that of when it was installed */
	uint8_t *bytes;
	usec_t born_at; /* when its age was 0 */
	usec_t installed_at;
	usec_t told_at; /* to a neighbour that had an older one */
	usec_t sent_at; /* to anybody; also in reply to a request */
	usec_t hold;    /* our own: the next instance not before that time after this one was sent */
	struct timer timer;
	struct list debts; /* neighbours that have not acknowledged this instance */
	bool own;          /* we originate it */
	bool flushed;      /* of maximum age, and flooded so: freed when everybody has acknowledged it */
	bool gone;         /* no longer in the database: freed at the end of the input */
	struct list grave;
	struct list offers; /* what it offers to routes */
};
struct debt { /* an entry of a link state retransmission list */
	struct list of_neighbor, of_lsa;
	struct neighbor *neighbor;
	struct lsa *lsa;
	usec_t sent_at;
};
struct request { /* an entry of a link state request list */
	struct hash_node by_key;
	struct lsa_header head; /* as the neighbour described it */
	bool asked;             /* in the last Link State Request */
};

/* --- links and who is on them --- */

struct neighbor {
	struct row row;
	struct list of_iface;
	struct iface *iface;
	struct hash_node by_address;
	uint32_t router, address;
	enum neighbor_state state;
	uint8_t priority, options;
	uint32_t dr, bdr; /* as it says; addresses */
	struct timer inactive, describe, request, retransmit;
	/* Database exchange, 10.6 to 10.8 */
	bool master; /* we are */
	bool more;   /* we have more to describe */
	uint32_t dd_sequence;
	struct { /* the last Database Description received, to know a duplicate */
		bool any;
		uint8_t flags, options;
		uint32_t sequence;
	} last;
	struct ospf_request *summary; /* [Database summary list] what is to be described: LSAs by name */
	size_t summary_count, summary_at, summary_end; /* the last packet went from `at` to `end` */
	struct hash requests;
	uint32_t asked; /* of the requests so many were in the last packet */
	bool ask_more;  /* all of these have come */
	struct list debts;
	uint32_t debt_count;
	uint16_t mtu;           /* as it says in its Database Descriptions; 0: it has not */
	uint32_t auth_sequence; /* [cryptographic sequence number] of its last packet */
	uint64_t adjacencies;   /* how often it became full */
	usec_t changed_at;
	bool was_in_step; /* LDP had all its labels, once */
	bool helped;      /* it restarts (RFC 3623), and counts as full meanwhile */
	struct timer help;
};
struct iface {
	struct row row;
	struct list of_area, of_ospf;
	struct ospf *ospf;
	struct area *area;
	struct port *port;
	struct prefix prefix; /* with host bits */
	uint32_t address, mask;
	enum ospf_network_type type;
	enum interface_state state;
	uint16_t cost, hello_s, retransmit_s, delay_s;
	uint32_t dead_s, poll_s;
	usec_t poll_at; /* NBMA: silent peers are sent a Hello then */
	uint8_t priority;
	bool passive, mtu_ignored;
	bool hidden;     /* its network serves transit alone, and nobody is told that it can be reached (RFC 6860) */
	bool is_virtual; /* section 15; its port is its own */
	struct {
		uint32_t transit, peer;  /* area, router ID */
		uint32_t other, gateway; /* where packets to it go, and by whom first */
	} vlink;
	bool multi; /* an adjacency over a link that is in another area (RFC 5185) */
	struct ospf_keys keys;
	struct ospf_bfd_config bfd;
	struct {
		bool on;
		enum sync_state state;
		usec_t since;
		uint32_t hold_down_s, hold_max_s; /* hold_max_s 0: for ever */
		bool coming;                      /* others have not heard of this link since it came up */
		bool withheld;                    /* and are not told (RFC 6138) */
		struct timer timer;
	} sync;
	bool network_due;   /* our network-LSA is to be looked at */
	bool in_all, in_dr; /* joined the groups */
	uint32_t dr, bdr;   /* addresses; 0 none */
	struct list neighbors;
	struct timer hello, wait, ack;
	struct list to_send;     /* LSAs that are flooded at the end of the input */
	struct lsa_header *acks; /* delayed acknowledgments */
	size_t ack_count, ack_room;
	struct lsdb links;  /* type 9 */
	uint8_t grace_said; /* so often */
	uint32_t seen;      /* round of a configuration */
	uint64_t sent[OSPF_TYPES], received[OSPF_TYPES], refused[OSPF_VERDICTS];
	enum ospf_verdict last_refusal; /* of which was logged */
	uint32_t last_refused;          /* whose packet that was */
};
struct watch { /* a path that BFD is to watch */
	struct hash_node by_path;
	struct row row; /* bfd.Request */
	struct iface *iface;
	uint32_t address;
	bool dead, up, known;
	struct timer silent;
};
struct sending { /* an LSA on its way out of an interface */
	struct list link;
	struct lsa *lsa;
	struct neighbor *to; /* NULL: everybody who listens there */
};

/* --- areas and routes --- */

struct vertex { /* a router or a transit network in an area's graph */
	struct hash_node by_id;
	struct area *area;
	bool is_network;
	uint32_t id; /* router ID; or the interface address of the designated router */
	uint32_t number;
	struct lsa *lsa;    /* NULL: only heard of */
	struct list offers; /* offers that lie behind it */
};
struct hop { /* a way out of this router */
	struct hash_node by_way;
	uint32_t number, ifindex, gateway;
};
/* What an LSA says of a prefix (or of a boundary router): so far behind a vertex, or behind a boundary router of the AS. */
struct offer {
	struct list of_lsa, of_behind, of_net;
	struct lsa *lsa;
	struct net *net;
	struct vertex *behind; /* NULL: an external one: behind `asbr` */
	struct net *asbr;      /* external ones */
	uint32_t metric;
	enum ospf_route_kind kind;
};
/* What is imported from outside the AS, or from an NSSA (RFC 3101). */
struct imported {
	struct hash_node by_prefix;
	struct ospf_import told;
};
struct translated { /* a type 7 LSA that we tell others as an AS-external-LSA */
	struct hash_node by_prefix;
	struct prefix prefix;
	uint32_t seen;
};
/* A destination: a prefix, or a boundary router of the AS. */
struct net {
	struct hash_node by_prefix;
	struct prefix prefix; /* a boundary router is a host prefix in a table of its own */
	bool is_router;
	struct list offers;
	struct list behind; /* external offers behind this boundary router */
	struct list dirty, told;
	struct list review; /* what other areas are told of it is to be looked at */
	/* the route as it is */
	enum ospf_route_kind kind;
	uint32_t cost, cost2, area, tag;
	struct ospf_hop *hops;
	uint16_t hop_count;
};
struct area {
	struct row row;
	struct list of_ospf;
	struct ospf *ospf;
	uint32_t id;
	bool stub, nssa, no_summary;
	bool no_import; /* of an NSSA: what a border router imports is not told there */
	uint32_t default_cost;
	uint32_t nssa_forward; /* where others send for what we import; 0: nowhere */
	bool nssa_is_told, nssa_p;
	struct list ifaces;
	struct lsdb db;
	struct hash vertices;
	uint32_t vertex_count;
	struct vertex **by_number; /* number 0 is nobody */
	size_t number_room;
	struct spf *spf;
	bool router_due; /* our router-LSA is to be looked at */
	uint32_t seen;
	uint64_t spf_runs;
};

enum { SPF_LOG_RUNS = 32 };
struct spf_run {
	struct row row;
	const struct ospf *ospf;
	uint32_t number, settled, causes;
	usec_t at, waited; /* waited: since the first cause */
	char cause[80];
};

struct ospf {
	struct row row;
	struct ospf_world world;
	struct outbox *own_out; /* NULL: it is the world's */
	usec_t now;
	bool busy, configured;
	struct rng rng;
	struct outbox *out;
	struct timers timers;
	struct ospf_config config;
	bool nssa_due; /* type 7 LSAs are to be looked at */
	uint32_t round, router_id;
	struct hash ports;
	struct list areas, ifaces;
	struct hash neighbors; /* by address; several links may have the same */
	struct lsdb db;        /* of the whole AS */
	struct list graves;
	struct hash wishes;         /* LSAs of ours, as they should be */
	bool originate_due, border; /* border: an area border router, as was said last */
	struct hash imports, translated, watches;
	struct hash nets, asbrs, hops;
	uint32_t hop_count;
	struct hop **hop_by_number;
	struct list dirty_nets, dirty_routers, told_nets;
	struct net *told_last; /* handed out; freed with the next when it is gone */
	bool inside_moved, ranges_moved;
	struct list review_nets;
	struct {
		bool well; /* the last restart ended with all adjacencies */
		bool on;   /* we restart (RFC 3623): what we said before stays in force, and nothing is said */
		usec_t begun_at;
		struct timer timer;
	} graceful;
	struct {
		struct spf_run run[SPF_LOG_RUNS]; /* the newest is (count - 1) % SPF_LOG_RUNS */
		uint64_t count;
		uint32_t causes; /* since the last one */
		usec_t asked_at;
		char cause[80];
	} spf_log;
	struct timer spf;
	bool spf_at_once; /* a link of ours is in step: our paths shall move before those of others */
	usec_t spf_calm_at, spf_learn_until; /* RFC 8405: HOLDDOWN and TIME_TO_LEARN */
	uint32_t dd_seed;
	uint64_t wall_s; /* the date at moment 0 of `now`: cryptographic sequence numbers grow over restarts */
	uint8_t buffer[OSPF_PACKET_MAX + 64];
};

/* --- engine.c --- */
void ospf_note(struct ospf *, int priority, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* --- rows.c: each is harmless where nobody reads --- */
void row_process(struct ospf *);
void row_area(struct area *);
void row_iface(struct iface *);
void row_neighbor(struct neighbor *);
void row_lsa(struct lsa *);
void row_process_gone(struct ospf *);
void row_area_gone(struct area *);
void row_iface_gone(struct iface *);
void row_neighbor_gone(struct neighbor *);
void row_lsa_gone(struct lsa *);

/* --- lsdb.c --- */
void lsdb_init(struct lsdb *);
void lsdb_free(struct ospf *, struct lsdb *);
struct lsa *lsdb_find(const struct lsdb *, uint8_t type, uint32_t id, uint32_t router);
struct lsdb *lsdb_for(struct ospf *, const struct iface *, uint8_t type); /* where an LSA from that link belongs */
/* Puts an instance in place of the one before (13.2): retransmissions of that end. Says whether its contents differ. */
struct lsa *lsdb_install(struct ospf *, struct lsdb *, struct area *, struct iface *, const uint8_t *bytes, size_t size,
    uint16_t age_s, bool *ret_differs);
void lsdb_drop(struct ospf *, struct lsa *); /* out of the database at once; freed by lsdb_sweep() */
void lsdb_sweep(struct ospf *);
uint16_t lsdb_age(const struct ospf *, const struct lsa *);             /* seconds, at most LSA_MAX_AGE_S */
struct lsa_header lsdb_header(const struct ospf *, const struct lsa *); /* with its age of now */
uint32_t lsdb_key_hash(uint8_t type, uint32_t id, uint32_t router);
bool lsdb_is_exchanged(const struct ospf *); /* with any neighbour, just now */
void lsdb_timer(struct ospf *, struct lsa *);
/* Flushes it from the routing domain (14.1): floods it with the maximum age. */
void lsdb_flush(struct ospf *, struct lsa *);

/* --- interface.c --- */
void ifaces_review(struct ospf *); /* after a new configuration, or a change of a port */
void iface_event(struct iface *, enum interface_event);
struct iface *iface_new_virtual(
    struct ospf *, struct port *, const struct prefix *); /* of the backbone; has the port then */
void iface_free(struct iface *);
void iface_hello_due(struct iface *);
enum interface_kind iface_kind(const struct iface *);
bool iface_is_multi_access(const struct iface *); /* has a DR */
/* A packet is on its way: sealed, counted, sent; on a point-to-point link to all, whatever `to` says. */
struct wire_writer iface_begin(struct iface *, enum ospf_type);
void iface_send(struct iface *, struct wire_writer *, enum ospf_type, uint32_t to);
uint32_t iface_flood_address(const struct iface *); /* where updates go: 13.3 (5) */
size_t iface_room(const struct iface *);            /* bytes of an OSPF packet that fit */
uint8_t area_options(const struct area *);          /* what a Hello or an LSA says of the area: E, N */
void iface_packet(struct ospf *, const struct ospf_input *);
uint32_t iface_full_count(const struct iface *);

/* --- vlink.c --- */
void vlinks_configure(struct ospf *);
bool vlinks_need_backbone(const struct ospf *);
void vlinks_paths_moved(struct ospf *);
bool vlink_is_endpoint(const struct area *transit);                              /* the V bit */
struct iface *vlink_for(const struct ospf *, uint32_t ifindex, uint32_t router); /* whose packets come that way */

/* --- spf_log.c --- */
void spf_log_cause(struct ospf *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void spf_log_run(struct ospf *, uint32_t settled); /* vertices, of all areas */
void spf_log_fill(const struct row *, void *message, struct arena *);
void spf_log_free(struct ospf *);

/* --- watch.c --- */
/* A Hello was heard. False: it counts for nothing, for BFD says that the path is dead. */
bool watch_hello(struct iface *, uint32_t address);
void watch_due(struct watch *);
void watch_session(struct ospf *, const struct ospf_bfd *);
void watches_review(struct iface *); /* after its settings changed */
void watches_free(struct iface *);
const char *watch_text(const struct neighbor *); /* what BFD says, for displays; "": not asked */
void watch_fill(const struct row *, void *message, struct arena *);

/* --- graceful.c --- */
void graceful_begin(struct ospf *); /* with the first configuration */
bool graceful_is_on(const struct ospf *);
void graceful_say(struct iface *);   /* before a Hello */
void graceful_review(struct ospf *); /* is it over? */
void graceful_end(struct ospf *, bool well, const char *why);
void graceful_heard(struct iface *, const struct lsa *);
void graceful_changed(struct ospf *, const struct lsa *); /* an LSA says something else than before */
void graceful_help_over(struct neighbor *, const char *why);
bool neighbor_is_full(const struct neighbor *); /* or is to count so, while it restarts */

/* --- sync.c --- */
void sync_configure(struct iface *, const struct ospf_interface_config *);
void sync_link(struct iface *);   /* it came up, went down, or its settings are others */
void sync_review(struct iface *); /* LDP or the neighbours have changed */
void sync_event(struct iface *, enum sync_event);
void sync_port(struct ospf *, struct port *, const struct ospf_ldp *); /* NULL: ldpd has nothing there */
void sync_paths_moved(struct ospf *);
bool sync_is_holding(const struct iface *);    /* no adjacency may be formed */
bool sync_is_max(const struct iface *);        /* the link costs most */
bool sync_is_withheld(const struct iface *);   /* others are not told of it */
const char *sync_reason(const struct iface *); /* why it is not in step with LDP; NULL: it is */

/* --- auth.c --- */
/* Judges what authenticates a packet of `size` bytes with all that follows it; changes nothing. */
enum ospf_verdict ospf_auth_check(const struct iface *, const struct ospf_header *, const uint8_t *bytes, size_t size,
    const struct neighbor *, uint32_t *ret_sequence);
/* Seals a packet that is written but for its length, checksum and authentication; returns how many bytes go out. */
size_t ospf_auth_seal(const struct iface *, struct wire_writer *);
size_t ospf_auth_room(const struct iface *); /* bytes that it adds behind a packet */

/* --- election.c --- */
/* DR and BDR as all on the link would elect them (9.4). */
void elect(const struct iface *, uint32_t *ret_dr, uint32_t *ret_bdr);

/* --- neighbor.c --- */
struct neighbor *neighbor_find(const struct iface *, uint32_t router, uint32_t address);
void neighbor_hello(struct iface *, uint32_t router, uint32_t address, const struct ospf_hello *);
void neighbor_event(struct neighbor *, enum neighbor_event);
void neighbor_timer(struct neighbor *, enum timer_kind);
void neighbor_free(struct neighbor *);
void neighbors_adj_ok(struct iface *);

/* --- exchange.c --- */
void exchange_begin(struct neighbor *);
void exchange_summarize(struct neighbor *);
void exchange_clear(struct neighbor *);
void exchange_again(struct neighbor *); /* what was sent last */
enum ospf_verdict exchange_description(struct neighbor *, struct wire_reader *);
enum ospf_verdict exchange_request(struct neighbor *, struct wire_reader *);
void exchange_ask(struct neighbor *);
struct request *exchange_wanted(struct neighbor *, uint8_t type, uint32_t id, uint32_t router);
void exchange_got(struct neighbor *, struct request *); /* it is no longer wanted */

/* --- flood.c --- */
enum ospf_verdict flood_update(struct neighbor *, struct wire_reader *);
enum ospf_verdict flood_ack(struct neighbor *, struct wire_reader *);
/* 13.3: to everybody but whom it came from. Returns whether it went back out of the interface that it came in by. */
bool flood(struct ospf *, struct lsa *, const struct neighbor *from);
void flood_send(struct iface *, struct lsa *, struct neighbor *to);
void flood_flush(struct ospf *);                 /* sends what waits on all interfaces */
void flood_owe(struct neighbor *, struct lsa *); /* sends it, and again until it is acknowledged */
void flood_forget(struct lsa *);                 /* nobody has to acknowledge it any more */
void flood_forget_neighbor(struct neighbor *);
void flood_again(struct neighbor *);
void flood_acks_due(struct iface *);

/* --- originate.c --- */
void originate_router(struct area *); /* may have changed: looked at, and originated if it has */
void originate_network(struct iface *);
struct wire_reader originate_links(const struct area *); /* of our router-LSA as it should be; for lsa_next_link() */
void originate_all(struct ospf *); /* after a restart: says what differs, and flushes what is ours no more */
void originate_due(struct ospf *);
void originate_refresh(struct ospf *, struct lsa *);
void originate_received(struct ospf *, struct lsa *); /* 13.4: an instance of ours that we did not make */
void originate_wish_due(struct timer *);
void originate_gone(struct iface *);                       /* it is about to be freed */
void originate_forget(struct ospf *, const struct area *); /* no more wishes for it; NULL: for all */
/* An LSA as it should be, and that there should be none. */
void originate_wish(struct ospf *, struct lsdb *, struct area *, uint8_t type, uint32_t id, uint8_t options,
    const struct wire_writer *body);
void originate_no_wish(struct ospf *, struct lsdb *, uint8_t type, uint32_t id);
/* Of a wish for a prefix: its mask; false: there is no such wish. */
bool originate_mask(struct ospf *, const struct lsdb *, uint8_t type, uint32_t id, uint32_t *ret);
void originate_move(
    struct ospf *, struct lsdb *, struct area *, uint8_t type, uint32_t from, uint32_t to); /* another name */

/* --- external.c --- */
void external_import(struct ospf *, const struct ospf_import *, bool gone);
void external_all(struct ospf *); /* says all of them: the router ID is another */
void external_free(struct ospf *);
void external_body(struct wire_writer *, const struct ospf_import *, uint32_t forward);
void external_boundary(struct ospf *); /* it became a boundary router of the AS, or no longer is one */
bool external_is_boundary(const struct ospf *);
struct imported *imported_find(const struct ospf *, const struct prefix *); /* NULL: it is not imported */
/* A wish for a prefix, under a name that is free (appendix E). */
void originate_prefix(struct ospf *, struct lsdb *, struct area *, uint8_t type, uint8_t options, const struct prefix *,
    const struct wire_writer *body);
void originate_no_prefix(struct ospf *, struct lsdb *, uint8_t type, const struct prefix *);

/* --- nssa.c --- */
void nssa_advertise(struct ospf *, const struct ospf_import *);
void nssa_withdraw(struct ospf *, const struct prefix *);
void nssa_review(struct ospf *); /* after changes of LSAs, ways or links */
void nssa_free(struct ospf *);
bool nssa_is_usable(const struct ospf *, const struct lsa *); /* may a type 7 LSA become a route? */

/* --- summary.c --- */
bool ospf_is_border(const struct ospf *);
void summaries_review(struct ospf *); /* of the routes that have changed */
void summaries_all(struct ospf *);

/* --- graph.c --- */
struct vertex *vertex_find(const struct area *, bool is_network, uint32_t id);
struct vertex *vertex_get(struct area *, bool is_network, uint32_t id); /* makes it if need be */
void graph_router(struct vertex *);                                     /* its edges anew, from its LSA */
void graph_network(struct vertex *);
void graph_around(struct area *, const struct lsa *); /* of networks of ours that the router of an LSA is on */
const struct iface *graph_iface_on(const struct area *, uint32_t network); /* by its DR; NULL: we are not on it */
void graph_changed(struct ospf *); /* paths are to be looked for, when RFC 8405 says */
void graph_free(struct area *);
void routes_links(struct area *); /* our own links, or who is at their other ends, are others */
/* The way to a router within the area: its cost, and its first hop (gateway 0: none is needed). False: there is none. */
bool routes_way(const struct area *, uint32_t router, uint32_t *ret_cost, uint32_t *ret_ifindex, uint32_t *ret_gateway);
bool routes_reach(const struct area *, uint32_t router); /* by the paths as they are */

/* --- routes.c --- */
void routes_lsa(struct ospf *, struct lsa *); /* installed with other contents, or about to go */
void routes_border(struct ospf *);            /* we became a border router, or no longer are one */
bool ospf_longest(const struct ospf *, const struct prefix *host, struct ospf_route *ret);
void net_release(struct ospf *, struct net *); /* frees it if nothing holds it */
void routes_find(struct ospf *);               /* the SPF timer */
void nets_free(struct ospf *);
void routes_area_free(struct area *);
#endif
