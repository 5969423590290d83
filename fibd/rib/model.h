#ifndef FIBD_MODEL_H
#define FIBD_MODEL_H
#include "base/hash.h"
#include "base/label.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/timers.h"
#include "base/trie.h"
#include "fibd/config.h"
#include "fibd/rib/rib.h"
#include "proto/bfd.pb-c.h"
#include "proto/fib.pb-c.h"
#include "proto/igp.pb-c.h"
#include "proto/l2vpn.pb-c.h"
#include "proto/l3vpn.pb-c.h"
#include "proto/ldp.pb-c.h"

/* The nouns of the engine; rib.c tells how they hang together. Only files of the engine include this. Those of pseudowires are in
 * circuits.h. */

struct circuit; /* circuits.h */

enum { PORT_NAMES = 3, PORT_NAME = 256 };
struct port { /* an interface of the kernel's */
	struct hash_node by_ifindex;
	struct port_named {
		struct hash_node by_name;
		struct port *port;
	} names[PORT_NAMES];
	uint64_t number; /* in the order in which they were seen */
	struct fib_link link;
	struct port_address {
		struct prefix prefix;
		uint32_t seen;
		bool tentative; /* not told to anybody */
	} * addresses;
	size_t address_count, address_room;
	uint32_t seen; /* dump it was told in */
	uint32_t told; /* bits of enum told: operations that are under way or were refused; not repeated */
	struct prefix asked[FIB_ADDRESSES_MAX]; /* addresses we have put there or adopted: ours to remove */
	size_t asked_count;
	char trouble[128];
	uint32_t mtu_before;         /* ours took its place, and it comes back when ours is taken away; 0: not known */
	bool wants_mpls;             /* configured */
	bool bound;                  /* we put it into the VRF that it is in */
	bool held, held_protocol;    /* a BFD session holds it down: for our next hops, and in displays too */
	uint32_t vrf_ifindex, table; /* table: where its direct routes are; 0 while it is down */
	char vrf[16];
	bool has_clsact, clsact_asked, clsact_refused;
	bool made_promiscuous;       /* by us, for a circuit */
	uint32_t block, clsact_seen; /* block: that it shares; 0: filters of its own */
	struct circuit *circuit;     /* it is the attachment circuit of that; NULL: of none */
	struct row row;
};
enum told {
	TOLD_UP = 1,
	TOLD_DOWN = 2,
	TOLD_INPUT = 4,
	TOLD_MTU = 8,
	TOLD_DELETE = 16,
	TOLD_MASTER = 32,
	TOLD_FENCE = 64,
	TOLD_PROMISCUOUS = 128,
	TOLD_CARRIER = 256
};

/* What all control channels of pseudowires share. */
struct channels {
	bool dirty;
	uint32_t wanted;     /* by so many pseudowires */
	uint32_t filters;    /* so many in the kernel need the pair of interfaces */
	bool asked, refused; /* the pair */
	bool going;          /* its removal was asked for */
	uint32_t half;       /* the dump since which there is only one of the two; 0: there are both, or none */
	uint32_t ours;       /* the one that has our filters; 0: the pair is not there */
	bool running;        /* packets can go from one to the other */
	char trouble[128];
	struct sieve {
		bool present, asked, refused;
		uint32_t seen;
	} sieves[FIB_SIEVES]; /* by fib_sieve_place() */
};

struct rib_table { /* a routing table of the kernel's: the public network or a VRF. Never taken away */
	struct list link;
	struct rib *rib;
	uint32_t id; /* 0: of a VRF that has no device; its routes wait, and nobody is told of them */
	char vrf[16];
	uint32_t policy[2]; /* of rib->policies, which its routes over LSPs go by, index + 1: of IPv4 and of IPv6 */
	struct trie v4, v6;
	struct trie watched4, watched6; /* what next hops lean on: struct watch */
};
struct
    watch { /* an address that some next hop is looked up by, or a prefix that leads somewhere for another instance */
	struct trie_node node;
	uint32_t refs;
};
struct policy { /* a tunnel policy that is configured, or that somebody names */
	struct rib *rib;
	char name[FIB_POLICY_NAME];
	uint32_t wires; /* pseudowires that name it */
	struct row row;
};
struct home { /* a VPN instance that a row names: where its routes are, whether it has a VRF device or not */
	struct hash_node by_name;
	uint32_t number; /* index + 1 in rib->homes */
	struct rib_table *table, *waiting;
	uint32_t ifindex; /* of the device; 0: none */
	char name[];
};

/* A next hop as somebody named it. */
struct spec {
	struct addr addr;
	uint32_t ifindex; /* 0: find it by the address */
	uint32_t name;    /* of rib->names: an out-interface by name, index + 1; 0 none */
	uint32_t track;   /* of rib->tracks: what it follows, index + 1; 0 nothing */
	uint32_t through; /* of rib->homes: where it is looked up, index + 1; 0 in its own table */
	uint32_t label;   /* lsp: beneath the tunnel's; LABEL_IMPLICIT_NULL none */
	uint32_t policy;  /* lsp: of rib->policies, index + 1; 0 that of its table */
	bool lsp;         /* looked up in the public network, and of use only where an LSP leads to it (RFC 4364 5) */
	bool backup;      /* used while none of the others leads anywhere. These stand behind the others */
};
/* Something that says whether a path is alive: a BFD session by its name, or a next hop that we ask to be watched. */
struct track {
	struct hash_node by_key, by_peer;
	uint32_t number;
	bool present, dead, heard; /* heard: it has said something since our start */
	bool is_hop;
	struct list fates; /* of struct follower */
	struct addr peer;
	uint32_t ifindex; /* single hop: of its link */
	bool multihop;
	char *name;
};
struct session { /* a track by name: there are as many as were ever told or named */
	struct track track;
	uint32_t round;
	struct addr source;
	char vrf[16];
	bool holds_port, holds_protocol; /* process-pst, process-interface-status: its link goes down with it */
};
/* Whose next hop it is. l2vpnd asks for its sessions itself; ours only follow them. */
enum hop_client { HOP_STATIC, HOP_VPN, HOP_PW };
struct hop_key {
	struct rib_table *table;
	struct addr peer, source; /* source: of its session; none: any */
	uint32_t interface;       /* of rib->names, as configured; 0 none */
	enum hop_client client;
};
struct hop { /* a track by next hop: but for HOP_PW a row of bfd.Request */
	struct track track;
	struct hop_key key;
	uint32_t refs;
	bool placed; /* it is known which link it is on, or that it is on none */
	struct row row;
};
struct follower {
	struct list of_track;
	struct fate *fate;
};
struct path { /* a next hop as packets take it */
	struct fib_path p;
	uint16_t spec; /* which one it comes from */
};
struct paths { /* while they are found */
	struct path list[FIB_PATHS_MAX];
	uint16_t count;
	bool relay;
	bool pending; /* waits for a fate that is not resolved yet */
	bool guess;   /* what it leans on is not known yet since our start */
};

/* A next hop object in the kernel. Those of ours that were seen are kept even when nothing uses them, until swept. */
struct nexthop {
	struct hash_node by_id, by_content;
	struct fib_nexthop object;
	uint32_t refs;
	bool told;    /* the kernel has it, as far as we know */
	bool asked;   /* an operation for it is under way */
	bool refused; /* until it is tried again */
	uint32_t seen;
	struct list dirty;
	char *trouble; /* why it was refused */
};
struct group { /* a group object */
	struct hash_node by_id;
	uint32_t id;
	struct fate *fate; /* NULL: nobody's, to be swept, and among rib->spare_groups */
	struct list spare;
	struct fate *stand_in; /* its members are this one's while routes still point here and `fate` has no path */
	uint16_t buckets;      /* of a resilient group, as it was made; 0: an ordinary one */
	uint16_t count;        /* members as the kernel has them; 0: it has no such group */
	uint32_t members[FIB_PATHS_MAX];
	uint8_t weights[FIB_PATHS_MAX];
	bool asked, refused;
	uint32_t seen;
	struct list users; /* routes in the kernel that point here */
	uint32_t user_count;
	struct list dirty;
};

/* What many prefixes share: the same next hops, so the same fate. Its group keeps its id while members come and go. */
struct fate {
	struct hash_node by_key;
	struct rib_table *table;
	uint8_t family;
	bool black_hole;
	bool labelled; /* pushes the labels that ldp.Lsp has for `fec`: no other prefix has this fate */
	bool grouped;  /* labelled, and in a group all the same: the kernel refuses some of its next hops */
	bool leaks;    /* goes where the route to `fec` in another table goes; nor has any other prefix this fate */
	bool pipe;     /* labels get a TTL of their own (RFC 3443) */
	struct prefix fec;
	struct spec *specs; /* backups last */
	uint16_t spec_count;
	uint32_t refs;
	struct list users;  /* entries; those whose routes have not heard of the latest paths yet are in `untold` */
	struct list untold; /* told a few at a time; then it is among rib->to_tell */
	struct list to_tell;
	struct fate
	    *heir; /* where `heir_count` of its followers go when it has no path left; valid while that is not 0 */
	uint32_t heir_count;            /* as many as `followers`: all of them */
	uint32_t followers;             /* routes whose `want` it is; route_each_follower() finds them */
	uint32_t stands_in;             /* for so many groups */
	struct fate *second;            /* its members stand by in our group: the heir of all followers */
	struct list of_second, seconds; /* those whose second it is */
	struct list groupless;          /* it shall have a group when all routes have chosen */

	struct follower *follows;     /* one for each next hop; NULL: none follows anything */
	struct path *paths, *standby; /* standby: taken when the last of them is gone; in the kernel already */
	uint16_t path_count, standby_count;
	bool standby_waits; /* for a fate that is not resolved yet */
	bool known;         /* it was resolved once without guessing */
	bool eager;         /* guessed or not: a route that is not in the kernel yet needs its group */
	struct list labels; /* that lead where it leads: struct vpn_label */
	bool tunnels;       /* some tunnel of pseudowires leads where it leads */
	bool relay;
	bool recursive; /* other routes decide where it leads; then it is among rib->recursives */
	bool fresh;     /* resolved; in a resolving pass: done */
	bool guess;     /* it follows a session that nothing is known of yet since our start */
	bool looped;    /* it came and went by its own doing: held down */
	uint8_t flips;  /* how often it came or went while settling */
	uint32_t event; /* that they are counted for */
	struct list recursives;
	struct list touched;      /* what it needs in the kernel is to be looked at */
	struct nexthop **members; /* those of the group, then those that stand by */
	uint16_t member_count, kept_count;
	struct group *group;
	char *trouble;
};

/* Of routes and their entries there may be a million: they are packed, and what few of them have is kept elsewhere. */
struct entry { /* one source's opinion of a prefix */
	struct entry *next;
	struct route *route;
	struct list of_fate;
	struct fate *fate; /* NULL: direct */
	uint32_t since;    /* seconds of rib->now */
	uint32_t cost;     /* foreign: the kernel's metric */
	uint32_t seen;     /* foreign: dump it was told in; static: configuration */
	uint8_t protocol;  /* Fib__Protocol */
	uint8_t preference;
	uint16_t process;                                      /* learned: of that daemon */
	bool foreign : 1, direct : 1, chosen : 1, learned : 1; /* none of foreign, direct, learned: static */
	bool bgp : 1;                                          /* learned: of l3vpnd, else of igpd */
};
struct direct { /* an entry that is direct */
	struct entry entry;
	uint32_t ifindex;
	struct addr address; /* the next hop shown */
};
struct inlined { /* the next hops of the kernel's route of ours, where it points at no group of ours */
	struct list link;
	struct route *route;
	uint16_t count; /* 0: not known for sure */
	struct fib_path paths[];
};
struct route {
	struct trie_node node;
	struct rib_table *table;
	struct row row;
	struct entry *entries; /* best first; the first that is usable is chosen */
	struct fate *want;     /* what the kernel shall have from us; NULL nothing */
	struct fate *next;     /* what it would want next, if it is counted by want->heir; else NULL */
	struct group *has;     /* the group that the kernel's route of ours points at; NULL: it has none */
	struct list of_has;
	struct inlined *inlined; /* NULL: the kernel has no such route of ours. Never beside `has` */
	uint32_t seen;
	bool asked : 1, refused : 1;
	bool hidden : 1;               /* ours would be of no use behind a foreign one of a smaller metric */
	bool dirty : 1, to_choose : 1; /* it is in that queue */
	bool told : 1;                 /* its row says what it is, as far as choosing goes */
	bool troubled : 1;             /* it has a struct trouble */
	bool inherited : 1; /* the kernel had it before our restart, and nobody has said anything of it since */
};
struct trouble { /* why a route is not as it should be */
	struct hash_node by_route;
	const struct route *route;
	char text[];
};
struct route_queue { /* routes to be looked at, in order; a ring */
	struct route **at;
	size_t first, count, room; /* room: a power of two */
};

struct lsp_hop {
	struct addr gateway;
	uint32_t ifindex;
	uint32_t label; /* the out label, LABEL_UNSET when there is none */
};
struct lsp_spare { /* a label of a peer that no route leads to now */
	uint32_t peer, label;
};
struct lsp { /* a row of ldp.Lsp */
	struct hash_node by_fec;
	struct prefix fec;
	uint16_t hop_count;
	uint32_t in_label, seen;
	bool egress : 1, pop_broken : 1;
	struct lsp_hop one; /* a single one */
	struct lsp_hop *hops;
	struct lsp_spare *spares;
	uint32_t spare_count;
	struct ilm *ilm;
};
struct ldp_link { /* a row of ldp.Sync: who is on a link */
	struct hash_node by_ifindex;
	uint32_t ifindex, seen;
	size_t count;
	struct ldp_neighbor {
		struct addr address;
		uint32_t peer;
	} * neighbors;
};
struct vpn_label { /* a row of l3vpn.Label */
	struct hash_node by_label;
	uint32_t label, seen;
	struct home *home;
	struct addr next_hop; /* none: its packets are looked up in the instance */
	struct prefix prefix;
	bool pipe, has_prefix;
	struct fate *fate; /* leads to next_hop */
	struct list of_fate;
	struct ilm *ilm; /* NULL: another daemon has the label */
};
struct question { /* a row of l3vpn.NextHop, and of fib.Reach when it can be answered */
	struct hash_node by_key;
	struct home *home;
	struct addr addr;
	uint32_t policy; /* of rib->policies, index + 1; 0: none */
	uint32_t seen;
	struct answer {
		bool reachable, lsp;
		uint32_t metric;
		char trouble[120];
	} answer;
	struct row row;
};
struct ilm { /* an incoming label: wanted, in the kernel, or both */
	struct hash_node by_label;
	uint32_t label, seen;
	struct rib *rib;
	struct lsp *lsp; /* who wants it: one of them, or nobody (both NULL) */
	struct vpn_label *vpn;
	struct fib_path *has_paths;
	uint16_t has_count;
	bool has_pipe : 1;
	bool claimed : 1;   /* somebody has wanted it since our start */
	bool contested : 1; /* another daemon wants it too */
	bool has : 1;       /* the kernel has one of ours */
	bool right : 1;     /* ... and it is as wanted */
	bool stale : 1;     /* its owner is away */
	bool foreign : 1;   /* somebody else has programmed this label */
	bool asked : 1, refused : 1;
	struct list dirty;
	char *trouble;
	struct row row;
};

enum op_target {
	TARGET_NONE,
	TARGET_NEXTHOP,
	TARGET_GROUP,
	TARGET_ROUTE,
	TARGET_ILM,
	TARGET_PORT,
	TARGET_STATION,
	TARGET_CLSACT,
	TARGET_GATE,
	TARGET_FILTER
};
struct pending { /* an operation under way, by its number */
	uint32_t number;
	enum op_target target;
	enum fib_op_kind kind;
	bool delete;
	uint16_t count;      /* ILM, route: its paths */
	uint32_t id;         /* object id, label, ifindex */
	uint32_t gave;       /* route: the group it was pointed at; 0 when it was given paths */
	struct route *route; /* stays while it is asked for */
	struct fib_nexthop *group;
	struct fib_path *paths;
	bool pipe;     /* ILM */
	uint16_t pref; /* filter: with `id` as its interface and `handle` */
	uint32_t handle;
	char name[16]; /* of a link to be made */
};
enum { PENDING_MAX = 4096, PLATFORM_LABELS = 1048575 };

struct rib {
	bool busy;
	usec_t now;
	struct outbox *out;
	struct fib_config config;
	struct fib_abilities abilities;
	char **missing;
	bool has_config, has_abilities, dumped;
	bool synced[FIB_MIRRORS]; /* that table was read to its end, or its owner waited for in vain */
	usec_t patient_until;     /* so long what is not told yet may keep routes as they are; USEC_NEVER: not longer */
	bool patient;             /* that time is not over */
	usec_t routes_until;      /* so long igpd and l3vpnd may yet tell routes; USEC_NEVER: not longer */
	bool inherited;     /* routes were found in the kernel as we had not put them there: of before our restart */
	bool one_path_only; /* this kernel mishandles several next hops of one incoming label */
	uint32_t dump, config_round; /* counts of dumps and configurations, to tell what was not told again */
	struct hash ports, port_names, nexthops, nexthop_contents, groups, fates, lsps, ilms, ldp_links;
	struct hash homes_by_name, vpn_labels, questions;
	struct hash stations, gates, tunnels, filters, filters_by_link, circuits, circuits_by_local;
	uint64_t ports_seen; /* ever */
	struct list dirty_gates, dirty_circuits;
	uint32_t next_gate;
	uint64_t circuit_rows;
	bool contested;                 /* two circuits want one label or interface */
	size_t block_links, core_links; /* that have the block, as seen; those but lo */
	bool tunnels_dirty;             /* their ways may be others, */
	bool tunnels_moved;             /* and of some are */
	bool stations_dirty;            /* some MAC address is to be asked for */
	bool clsacts_dirty;             /* interfaces may need filters, or need them no longer */
	bool gates_first;               /* before anything else */
	struct channels channels;
	struct policy **policies;
	size_t policy_count;
	struct home **homes;
	uint32_t home_count;
	struct list tables;
	struct rib_table *public;
	struct port_name { /* an interface named in a route: numbered once for all, whatever configurations follow */
		char text[64];
		uint32_t ifindex; /* 0: there is none */
	} * names;
	size_t name_count;
	struct track **tracks; /* NULL: the number is free */
	size_t track_count;
	struct hash sessions, hops, sessions_by_peer, hops_by_peer;
	bool tracks_known;   /* bfd.Session was read once, or waited for in vain */
	usec_t tracks_until; /* so long; USEC_NEVER: not */
	struct pool route_pool, entry_pool, direct_pool, lsp_pool, ilm_pool;
	struct route_queue to_choose, dirty_routes;
	unsigned choices_at_once;                   /* between two rounds of operations */
	struct hash troubles;                       /* of routes */
	struct list recursives, touched, groupless; /* fates */
	struct list to_tell;                        /* fates with users that have not heard yet */
	uint32_t routes_asked;                      /* operations on routes under way */
	bool ops_first; /* a group may move them all: it is changed before the first of them hears of it */
	struct list spare_groups;
	struct list inlined;
	struct list dirty_nexthops, dirty_groups, dirty_ilms;
	bool resolve;     /* what leans on other routes has to be resolved again */
	bool resolve_all; /* all next hops */
	uint32_t event;   /* counts what happens outside */
	bool looped;      /* some fate is held down by itself */
	usec_t loops_at;  /* that is tried again: something has happened since */
	bool in_pass;     /* fates are being resolved from nothing */
	bool review;      /* answers of fib.Reach may be others */
	bool work;        /* there may be operations to take */
	bool ports_dirty;
	struct fib_op *extra; /* operations on links and addresses, in order */
	size_t extra_count, extra_room;
	uint32_t next_number, next_id;
	struct pending *pending;
	usec_t resync_at, retry_at, retried_at;
	usec_t retry_span; /* doubles while refusals go on */
	bool resync_asked, platform_told, platform_checked;
	struct table interface_table, route_table, ilm_table, range_table, kernel_table, request_table, reach_table,
	    circuit_table, policy_table;
	struct table *served[10];
	struct row kernel_row;
	struct label_range {
		struct row row;
		const char *user;
		uint32_t first, last;
	} ranges[4];
};

struct batch;

/* rib.c */
void rib_note(struct rib *, int priority, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A filter was asked for: whether the kernel has its kind, which is what the sentence says it lacks, shows in the answer. */
void rib_lacks(struct rib *, const char *sentence, int error, const char *text);
void rib_vouch(struct rib *);             /* the tables are complete, if they are */
bool rib_settle(struct rib *);            /* true when all routes have chosen */
void rib_resync(struct rib *, usec_t at); /* ask for a dump, at the latest then */
/* ports.c */
struct port *port_find(struct rib *, uint32_t ifindex);
void ports_seen(struct rib *, const struct fib_object *, bool gone);
void ports_settle(struct rib *);                               /* make interfaces as configured */
void subinterfaces_settle(struct rib *);                       /* subinterfaces.c */
struct port *port_by_device(struct rib *, const char *device); /* by the kernel's name */
void vrfs_settle(struct rib *);
void vrfs_changed(struct rib *); /* VRF devices came or went */
/* The VPN instance of that name, "": the public network. */
struct home *home_get(struct rib *, const char *name);
void homes_free(struct rib *);
void vrf_bind(struct rib *, struct port *, const char *vrf); /* its configured VPN instance; "": none */
bool vrfs_are_set(struct rib *);
bool ports_are_set(struct rib *); /* interfaces and addresses of the configuration are there, or were refused */
void ports_swept(struct rib *);   /* after a dump: those not told are gone */
bool port_is_up(struct rib *, uint32_t ifindex);
bool port_is_shut(struct rib *, const struct port *); /* it is configured so */
void port_held(struct rib *, uint32_t ifindex);       /* BFD may hold it down now, or no longer */
void port_answer(struct rib *, const struct pending *, int error, const char *text);
uint32_t port_name_number(struct rib *, const char *name); /* index + 1 in rib->names */
/* port_names.c */
uint32_t port_by_name(struct rib *, const char *name); /* 0: there is none */
uint32_t port_name_hash(const char *name);             /* whatever its case */
void port_names_add(struct rib *, struct port *);
void port_names_remove(struct rib *, struct port *);
/* ports.c */
bool port_has_name(const struct port *, const char *name);
const char *port_label(const struct port *); /* as in router.conf */
struct rib_table *table_get(struct rib *, uint32_t id);
struct rib_table *table_new(struct rib *, uint32_t id);
struct rib_table *table_of_vrf(struct rib *, const char *vrf); /* NULL: there is no such device */
void ports_free(struct rib *);
void tables_free(struct rib *);
/* routes.c */
struct route *route_get(struct rib_table *, const struct prefix *);
struct route *route_find(struct rib_table *, const struct prefix *);
struct entry *route_add_entry(struct rib *, struct route *, const struct entry *like);
void route_drop_entry(struct rib *, struct entry *);
void routes_each(struct rib *, void (*visit)(struct rib *, struct route *));
void route_again(struct rib *, struct route *);   /* to be chosen again */
void route_changed(struct rib *, struct route *); /* its row may be another, if it has one */
void route_dirty(struct rib *, struct route *);   /* the kernel may have to be told */
struct route *route_next_dirty(struct rib *);     /* NULL when there is none; out of the queue */
const struct entry *route_chosen(const struct route *);
struct fate *route_heir(const struct route *); /* of what will be chosen next; NULL: nothing, or it is direct */
const struct direct *direct_of(const struct entry *);
struct group *route_group_of(const struct fate *); /* where the kernel has one of its followers; NULL: nowhere */
void route_each_follower(struct rib *, struct fate *, void (*visit)(struct rib *, struct route *));
/* learned.c */
void learned_row(struct rib *, const Igp__Route *, bool gone, uint32_t round);
void learned_vpn_row(struct rib *, const L3vpn__Route *, bool gone, uint32_t round);
void learned_synced(struct rib *, enum fib_mirror, uint32_t round);
void learned_move(struct rib *, struct rib_table *from, struct rib_table *to);
bool learned_are_known(const struct rib *); /* all that decides about routes of our daemons was read to its end */
/* watch.c */
void watch_add(struct rib_table *, const struct prefix *);
void watch_drop(struct rib_table *, const struct prefix *);
bool watch_hits(const struct rib_table *, const struct prefix *); /* next hops may be reached through its route */
void watches_free(struct rib_table *);
/* resolve.c */
struct rib_table *spec_table(const struct rib *, const struct fate *, const struct spec *);
bool spec_watches(const struct fate *, const struct spec *, struct prefix *ret); /* what it leans on, in that table */
void spec_resolve(struct rib *, struct fate *, uint16_t spec, struct paths *out);
/* Over LSPs that this policy permits (0: any). */
struct answer reach_of(struct rib *, const struct home *, const struct addr *, uint32_t policy, bool *ret_unsure);
uint32_t spec_policy(const struct fate *, const struct spec *); /* the tunnel policy that it goes by; 0: none */
/* policies.c */
enum { POLICY_TROUBLE = 120 };
uint32_t policy_number(struct rib *, const char *name); /* index + 1 in rib->policies; "": 0 */
/* How many LSPs to that address may share the load; 0: none, and why. */
uint16_t policy_permits(const struct rib *, uint32_t number, const struct addr *to, char trouble[POLICY_TROUBLE]);
void policy_counts(struct rib *, uint32_t number, int wires); /* so many pseudowires more name it */
void policies_of_table(struct rib *, struct rib_table *);
void policies_configured(struct rib *);
void fill_policy(const struct row *, void *message, struct arena *);
void policies_free(struct rib *);

void routes_tell(struct rib *, struct fate *); /* its paths are others: who uses it has to choose again, by and by */
void route_set_trouble(struct rib *, struct route *, const char *text); /* NULL: none */
const char *route_own_trouble(const struct route *);                    /* NULL: none */
void routes_direct(struct rib *, uint32_t ifindex, uint32_t table, const struct prefix *address, bool gone);
bool routes_choose(struct rib *, unsigned budget);            /* true when none is left to choose */
void route_has(struct rib *, struct route *, struct group *); /* what the kernel has of ours was learned */
/* The kernel has a route of ours that points at this group, or (0) with these paths; with neither: it has none. */
void route_installed(struct rib *, struct route *, uint32_t group_id, const struct fib_path *, uint16_t count);
void routes_link_down(struct rib *, uint32_t ifindex); /* what the kernel may drop without a word */
void routes_free(struct rib *);
void route_lsp_changed(struct rib *, const struct prefix *);
/* routes_seen.c */
void routes_seen(struct rib *, const struct fib_ip_route *, bool gone);
void routes_swept(struct rib *);
/* statics.c */
void statics_configure(struct rib *);
void statics_note_vrfs(struct rib *);    /* says which VPN instances are not there */
void statics_vrfs_changed(struct rib *); /* those of VPN instances may have a place now, or none */
/* fate.c */
/* By table, family, black_hole, labelled, pipe, fec and specs of `like`. */
struct fate *fate_get(struct rib *, const struct fate *like);
void fate_unref(struct rib *, struct fate *);
void fates_resolve(struct rib *);
void fate_touch(struct rib *, struct fate *); /* its followers are others */
void fate_again(struct rib *, struct fate *); /* its labels are others */
void fates_home_moved(struct rib *, const struct home *, struct rib_table *before);
bool fate_is_inline(const struct fate *); /* its route has its next hops inline; else it has a group */
/* nexthop.c */
void fate_settle(struct rib *, struct fate *, bool wanted); /* the objects that it needs, or no longer */
void fates_settle(struct rib *);
void fates_get_groups(struct rib *); /* those that wait for one, when all routes have chosen */
void nexthops_seen(struct rib *, const struct fib_nexthop *, bool gone);
void nexthops_link_down(struct rib *, uint32_t ifindex); /* what the kernel drops without a word */
void nexthops_swept(struct rib *);
void nexthops_free(struct rib *);
bool nexthop_is_ours(uint32_t id);
struct group *group_find(struct rib *, uint32_t id);
struct nexthop *nexthop_find(struct rib *, uint32_t id);
void group_release(struct rib *, struct group *);
void nexthop_release(struct rib *, struct nexthop *);
const struct fate *group_model(const struct group *); /* whose members it shall have; NULL: nobody's */
void group_stand_in_over(struct rib *, struct group *);
uint16_t group_members(const struct fate *, uint32_t out[FIB_PATHS_MAX]); /* as they shall be: without refused ones */
/* standby.c */
enum { GROUP_BUCKETS = 60, GROUP_MEMBER_WEIGHT = 255 }; /* of resilient groups; what stands by has weight 1 */
uint16_t group_buckets_of(uint16_t buckets, const uint8_t *weights, uint16_t count, uint16_t which);
bool group_leaves_them_idle(uint16_t buckets, uint16_t standbys);
uint16_t group_needs_buckets(const struct rib *, const struct fate *); /* 0: an ordinary one will do */
void group_wanted(const struct group *, struct fib_nexthop *out);      /* as the kernel shall have it */
bool group_is_right(const struct group *);
uint16_t group_active(const struct group *, uint32_t out[FIB_PATHS_MAX]); /* members that packets take */
void fate_heir_counted(struct rib *, struct fate *);                      /* where its followers go may be another */
void fate_second_over(struct rib *, struct fate *);                       /* its heir may cease to be */
void fate_find_second(struct rib *, struct fate *);
void fate_tell_those_before(struct rib *, struct fate *); /* its members are others */
/* track.c */
uint32_t track_session(struct rib *, const char *name);            /* index + 1 in rib->tracks */
uint32_t track_hop(struct rib *, const struct hop_key *);          /* likewise */
const struct track *track_of(const struct rib *, uint32_t number); /* NULL for 0 */
bool track_is_guess(const struct rib *, const struct track *);     /* whether it is dead is not known yet */
void tracks_join(struct rib *, struct fate *);                     /* a new fate follows what its next hops name */
void tracks_leave(struct rib *, struct fate *);
/* A next hop is on this link; ifindex 0: several hops away. It may be dead, or no longer, when this returns. */
void track_place(struct rib *, uint32_t number, uint32_t ifindex);
void track_row(struct rib *, const Bfd__Session *, bool gone, uint32_t round);
void track_synced(struct rib *, uint32_t round);
void tracks_are_known(struct rib *);  /* bfdd has been waited for long enough */
void tracks_configured(struct rib *); /* the timers that are asked for may be others */
bool tracks_hold(const struct rib *, uint32_t ifindex, bool *ret_protocol); /* a session holds this link down */
void tracks_free(struct rib *);
/* lfib.c */
struct lsp *lsp_find(struct rib *, const struct prefix *);
void lfib_row(struct rib *, const Ldp__Lsp *, bool gone, uint32_t round);
void lfib_synced(struct rib *, uint32_t round);
void lfib_lost(struct rib *, enum fib_mirror); /* its owner is away: its rows are kept, and shown as stale */
bool lfib_is_known(const struct rib *);        /* all who want labels have said which */
void lfib_review(struct rib *);                /* it may be so now: what nobody wants may be swept */
void lfib_seen(struct rib *, const struct fib_label_route *, bool gone);
void lfib_links_changed(struct rib *, uint32_t ifindex);
void lfib_swept(struct rib *);
void lfib_free(struct rib *);
uint32_t lsp_push(const struct rib *, const struct lsp *, const struct fib_path *);  /* LABEL_UNSET: nothing to push */
uint32_t lsp_label(const struct rib *, const struct lsp *, const struct fib_path *); /* LABEL_UNSET: none was given */
struct ilm *ilm_get(struct rib *, uint32_t label);
void ilm_again(struct rib *, struct ilm *); /* where it leads may be another place */
void ilm_left(struct rib *, struct ilm *);  /* who had it wants it no longer */
void ilm_contested(struct rib *, struct ilm *, const char *loser);
bool ilm_is_wanted(const struct ilm *);
const char *ilm_owner(const struct rib *, const struct ilm *); /* a daemon */
uint16_t ilm_paths(struct rib *, const struct ilm *, struct fib_path out[FIB_PATHS_MAX]);
struct ilm *ilm_find(struct rib *, uint32_t label);
void ilm_release(struct rib *, struct ilm *);
bool ilm_is_right(struct rib *, const struct ilm *);
bool paths_eq(const struct fib_path *, const struct fib_path *, size_t count);
bool paths_lead(const struct fib_path *, uint16_t, const struct fate *, bool labels_too); /* where a fate leads */
/* vpn_labels.c */
void vpn_label_row(struct rib *, const L3vpn__Label *, bool gone, uint32_t round);
void vpn_labels_synced(struct rib *, uint32_t round);
void vpn_labels_home_moved(struct rib *, const struct home *);
void vpn_labels_follow(struct rib *, struct fate *); /* its paths are others */
uint16_t vpn_label_paths(const struct vpn_label *, struct fib_path out[FIB_PATHS_MAX]);
bool vpn_label_takes(struct rib *, struct ilm *); /* a row that wanted this label in vain has it now */
void vpn_labels_free(struct rib *);
/* reach.c */
void reach_row(struct rib *, const L3vpn__NextHop *, bool gone, uint32_t round);
void reach_synced(struct rib *, uint32_t round);
void reach_home_moved(struct rib *, const struct home *, struct rib_table *before);
void reach_review(struct rib *); /* answer what can be answered now */
void reach_free(struct rib *);
/* neighbors.c */
void neighbors_row(struct rib *, const Ldp__Sync *, bool gone, uint32_t round);
void neighbors_synced(struct rib *, uint32_t round);
uint32_t neighbor_behind(const struct rib *, uint32_t ifindex, const struct addr *); /* its LSR id; 0: nobody known */
void neighbors_free(struct rib *);
/* diff.c */
void diff_answer(struct rib *, uint32_t number, int error, const char *text);
void diff_dirty(struct rib *, struct list *queue, struct list *link);
void diff_extra(struct rib *, const struct fib_op *);
void diff_all_dirty(struct rib *);
struct batch { /* operations as they are taken */
	struct rib *rib;
	struct fib_op *ops;
	size_t room, count;
};
struct fib_op *diff_next_op(struct batch *, enum fib_op_kind, enum op_target, uint32_t id, struct pending **ret);
void diff_take_extra(struct batch *);
void diff_again_later(struct rib *);
void diff_retry_soon(struct rib *); /* something changed: refused operations may work now */
bool route_is_right(struct rib *, const struct route *);
bool group_serves(const struct group *, const struct fate *); /* packets take its next hops, whoever stands by */
bool group_leads_like(struct rib *, const struct group *, const struct fate *); /* where a fate leads, labels aside */
void diff_free(struct rib *);
/* rows.c */
void rows_init(struct rib *);
void rows_set(char **text, const char *to);
#endif
