#ifndef FIBD_WORLD_H
#define FIBD_WORLD_H
#include "base/mem.h"
#include "fibd/config.h"
#include "fibd/rib/rib.h"
#include "host/command.h"
#include "proto/bfd.pb-c.h"
#include "proto/fib.pb-c.h"
#include "proto/igp.pb-c.h"
#include "proto/l3vpn.pb-c.h"
#include "proto/ldp.pb-c.h"

struct world_tc;

/*
 * A RIB engine and a kernel of the test's own around it. The kernel behaves as the real one does where that
 * matters: it refuses next hops on dead links, and it drops what hung on a link that went down without a word.
 */
struct world {
	struct rib *rib;
	usec_t now;
	struct fib_link *links;
	struct fib_address *addresses;
	struct fib_nexthop *nexthops;
	struct fib_ip_route *routes;
	struct fib_label_route *ilms;
	size_t link_count, address_count, nexthop_count, route_count, ilm_count;
	struct arena arena;
	const char *release;
	bool pop_broken;                   /* rows of ldp.Lsp say so */
	bool pipe;                         /* rows of l3vpnd say so */
	const char *vrf;                   /* rows of igp.Route are of this instance; NULL: the public network */
	uint32_t spare_peer, spare_label;  /* the next rows of ldp.Lsp have this alternate; 0: none */
	bool mpls, deaf;                   /* deaf: notices are lost */
	bool resilient;                    /* the kernel has resilient groups */
	uint32_t look_in;                  /* the table that world_route() looks in; 0: the main one */
	void (*meanwhile)(struct world *); /* somebody else's doing between operations and their answers; once */
	int refuse;                        /* the next route or label is refused with this errno */
	unsigned foreign_harm;             /* operations that hit somebody else's route */
	unsigned ops, adds, deletes, group_ops, route_ops, quiet_ops, dumps;
	struct text log;     /* of the engine */
	struct world_tc *tc; /* world_tc.h */
};

struct world *world_new(void); /* MPLS kernel, lo, abilities told, nothing dumped yet */
void world_free(struct world *);
void world_input(struct world *, const struct fib_input *);
void world_start(struct world *, const char *config); /* the first dump, the configuration, ldp.Lsp empty and synced */
void world_restart(struct world *);  /* fibd is killed and comes back; no configuration, dump or rows yet */
void world_tell_all(struct world *); /* a dump */
void world_overrun(struct world *);  /* the kernel says that notices were lost: a dump is asked for, and what follows */
void world_config(struct world *, const char *config);
void world_run(struct world *);               /* operations until there are none */
void world_wait(struct world *, usec_t span); /* timers too */

void world_vrf(struct world *, uint32_t ifindex, const char *name, uint32_t table); /* a VRF device */
void world_enslave(struct world *, uint32_t ifindex, uint32_t master);              /* its addresses move along */
void world_link(struct world *, uint32_t ifindex, const char *name, const char *address);
void world_carrier(struct world *, uint32_t ifindex, bool up);
void world_admin(struct world *, uint32_t ifindex, bool up); /* somebody's `ip link set … up` or down */
void world_unplug(struct world *, uint32_t ifindex);         /* the interface is gone */
void world_foreign(
    struct world *, const char *prefix, uint8_t protocol, uint32_t metric, const char *gateway, uint32_t ifindex);
void world_foreign_gone(struct world *, const char *prefix, uint32_t metric);
void world_flush_routes(struct world *);   /* somebody's `ip route flush proto 201` */
void world_flush_nexthops(struct world *); /* somebody's `ip nexthop flush` */
/* A row of ldp.Lsp: "10.0.1.2 1 100, 10.0.2.2 2 3" are address, ifindex and out label of each next hop. */
void world_lsp(struct world *, const char *fec, uint32_t in_label, const char *hops, uint32_t round);
void world_lsp_gone(struct world *, const char *fec);
void world_ldp_neighbor(struct world *, uint32_t ifindex, const char *address, uint32_t peer, bool gone);
void world_lsps_synced(struct world *, uint32_t round); /* and igp.Route and l3vpnd's tables, in that round */
void world_synced(struct world *, enum fib_mirror, uint32_t round);
void world_lost(struct world *, enum fib_mirror); /* its owner is away */
void world_learned(struct world *, const char *prefix, const char *gateway, uint32_t ifindex, uint32_t cost,
    uint32_t round); /* gateway NULL: gone */
void world_learned_synced(struct world *, uint32_t round);
void world_lsps_lost(struct world *);

/* Rows of bfd.Session. */
void world_session(struct world *, const char *name, Bfd__Verdict, uint32_t round);
/* With where it leads (ifindex 0: several hops), and what it does to that link. */
void world_session_at(struct world *, const char *name, Bfd__Verdict, const char *peer, uint32_t ifindex,
    bool holds_link, uint32_t round);
/* Over several hops, from this address of ours. */
void world_session_from(
    struct world *, const char *name, Bfd__Verdict, const char *peer, const char *source, uint32_t round);
/* bfd.Request as text, one word a row, in order: "10.0.1.2@1" or "10.9.9.9@0/red". */
const char *world_requests(struct world *);
void world_session_gone(struct world *, const char *name);
void world_sessions_synced(struct world *, uint32_t round);
void world_sessions_lost(struct world *);

/* Rows of l3vpnd. Next hops: "lsp 2.2.2.2 800001 [bfd]", "via 10.5.0.2 [red]" or "leak red", with commas between them and
 * backups behind a bar; NULL: gone. The route is of an internal peer, its preference 255, its cost 7. */
void world_vpn_route(struct world *, const char *vrf, const char *prefix, const char *hops, uint32_t round);
void world_vpn_label(
    struct world *, uint32_t label, const char *vrf, const char *next_hop, uint32_t round); /* vrf NULL: gone */
void world_question(struct world *, const char *vrf, const char *address, bool gone, uint32_t round);
/* The row of fib.Reach: "reachable by LSP cost 5", "not cost 0: no route leads to 9.9.9.9"; "none": there is no row. */
const char *world_answer(struct world *, const char *vrf, const char *address);
void world_question_by(
    struct world *, const char *vrf, const char *address, const char *policy, bool gone, uint32_t round);
const char *world_answer_by(struct world *, const char *vrf, const char *address, const char *policy);

/* What the kernel has: "10.0.1.2@1/100 10.0.2.2@2", "black hole", "none"; our own route or label only. In pipe mode the
 * labels of a path end in "~255" and those of an incoming label in " pipe". */
const char *world_route(struct world *, const char *prefix);
const char *world_ilm(struct world *, uint32_t label);
uint32_t world_group(struct world *, const char *prefix);        /* the group our route uses */
const char *world_standby(struct world *, const char *prefix);   /* what stands by there; "nothing" */
const Fib__Route *world_row(struct world *, const char *prefix); /* in that table; NULL when there is none */
const Fib__Ilm *world_ilm_row(struct world *, uint32_t label);
const Fib__Interface *world_if_row(struct world *, uint32_t ifindex);
struct table *world_table(struct world *, const char *name);
struct addr world_addr(const char *);
struct prefix world_prefix(const char *);
/* What the test's kernel has; NULL when it has no such object. */
struct fib_link *world_link_of(struct world *, uint32_t ifindex);
struct fib_nexthop *world_nexthop_of(struct world *, uint32_t id);
struct fib_ip_route *world_route_of(struct world *, const struct fib_ip_route *like);
#endif
