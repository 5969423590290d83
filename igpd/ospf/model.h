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
#include "igpd/spf.h"

/*
 * The nouns of the engine. See engine.c for how they hang together. Only files of the engine include this. Names follow
 * RFC 2328 sections 5, 6, 9 and 10, with its own in brackets where they differ.
 */

enum timer_kind {
	TIMER_HELLO,      /* iface: the next Hello is to be sent */
	TIMER_WAIT,       /* iface: DR and BDR may be elected now */
	TIMER_ACK,        /* iface: delayed acknowledgments are to be sent */
	TIMER_INACTIVE,   /* neighbor: nothing was heard of it */
	TIMER_DESCRIBE,   /* neighbor: the last Database Description again */
	TIMER_REQUEST,    /* neighbor: the last Link State Request again */
	TIMER_RETRANSMIT, /* neighbor: LSAs that it has not acknowledged */
	TIMER_LSA,        /* lsa: it is to be refreshed, or is too old */
	TIMER_ORIGINATE,  /* wish: may be originated again now */
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
	uint32_t auth_sequence; /* [cryptographic sequence number] of its last packet */
	uint64_t adjacencies;   /* how often it became full */
	usec_t changed_at;
};
struct iface {
	struct list of_area, of_ospf;
	struct ospf *ospf;
	struct area *area;
	struct port *port;
	struct prefix prefix; /* with host bits */
	uint32_t address, mask;
	enum ospf_network_type type;
	enum interface_state state;
	uint16_t cost, hello_s, retransmit_s, delay_s;
	uint32_t dead_s;
	uint8_t priority;
	bool passive, mtu_ignored;
	struct ospf_keys keys;
	bool network_due;   /* our network-LSA is to be looked at */
	bool in_all, in_dr; /* joined the groups */
	uint32_t dr, bdr;   /* addresses; 0 none */
	struct list neighbors;
	struct timer hello, wait, ack;
	struct list to_send;     /* LSAs that are flooded at the end of the input */
	struct lsa_header *acks; /* delayed acknowledgments */
	size_t ack_count, ack_room;
	struct lsdb links; /* type 9 */
	uint32_t seen;     /* round of a configuration */
	uint64_t sent[OSPF_TYPES], received[OSPF_TYPES], refused[OSPF_VERDICTS];
	enum ospf_verdict last_refusal;
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
	struct list of_ospf;
	struct ospf *ospf;
	uint32_t id;
	bool stub, nssa, no_summary;
	uint32_t default_cost;
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

struct ospf {
	usec_t now;
	bool busy, configured;
	struct rng rng;
	struct outbox *out;
	struct timers timers;
	struct ospf_config config;
	uint32_t round, router_id;
	struct hash ports;
	struct list areas, ifaces;
	struct hash neighbors; /* by address; several links may have the same */
	struct lsdb db;        /* of the whole AS */
	struct list graves;
	struct hash wishes;         /* LSAs of ours, as they should be */
	bool originate_due, border; /* border: an area border router, as was said last */
	struct hash imports;
	struct hash nets, asbrs, hops;
	uint32_t hop_count;
	struct hop **hop_by_number;
	struct list dirty_nets, dirty_routers, told_nets;
	struct net *told_last; /* handed out; freed with the next when it is gone */
	bool inside_moved, ranges_moved;
	struct list review_nets;
	struct timer spf;
	usec_t spf_calm_at, spf_learn_until; /* RFC 8405: HOLDDOWN and TIME_TO_LEARN */
	uint32_t dd_seed;
	uint64_t wall_s; /* the date at moment 0 of `now`: cryptographic sequence numbers grow over restarts */
	uint8_t buffer[OSPF_PACKET_MAX + 64];
};

/* --- engine.c --- */
void ospf_note(struct ospf *, int priority, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *ospf_id(uint32_t id, char out[ADDR_TEXT]); /* as an address */

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
/* A wish for a prefix, under a name that is free (appendix E). */
void originate_prefix(struct ospf *, struct lsdb *, struct area *, uint8_t type, uint8_t options, const struct prefix *,
    const struct wire_writer *body);
void originate_no_prefix(struct ospf *, struct lsdb *, uint8_t type, const struct prefix *);

/* --- summary.c --- */
bool ospf_is_border(const struct ospf *);
void summaries_review(struct ospf *); /* of the routes that have changed */
void summaries_all(struct ospf *);

/* --- routes.c --- */
void routes_lsa(struct ospf *, struct lsa *); /* installed with other contents, or about to go */
void routes_border(struct ospf *);            /* we became a border router, or no longer are one */
void routes_links(struct area *);             /* our own links, or who is at their other ends, are others */
bool ospf_longest(const struct ospf *, const struct prefix *host, struct ospf_route *ret);
void net_release(struct ospf *, struct net *); /* frees it if nothing holds it */
void routes_find(struct ospf *);               /* the SPF timer */
void nets_free(struct ospf *);
void routes_area_free(struct area *);
#endif
