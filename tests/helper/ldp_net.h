#ifndef HELPER_LDP_NET_H
#define HELPER_LDP_NET_H
#include "ldpd/config.h"
#include "ldpd/ldp.h"
#include "proto/fib.pb-c.h"
#include "proto/l2vpn.pb-c.h"
#include "proto/ldp.pb-c.h"
#include "tests/sim/sim.h"

/*
 * LDP routers in a simulation (tests/sim/sim.h). Each node is the engine of the daemon and a stand-in for fibd
 * (ldp_fib.c) that keeps what was programmed even when the engine is killed. Routes come from an ideal IGP: shortest
 * paths, known to each node after a while of its own.
 */
enum { NET_HOPS = 8, NET_HOLD_S = 120 /* of ldp.Lsp rows whose owner is dead */ };

struct net_hop {
	struct addr via;
	uint32_t ifindex;
	uint32_t out_label; /* of an LSP */
};
struct net_route {
	struct prefix prefix;
	struct net_hop hops[NET_HOPS];
	size_t hop_count;
};
struct net_lsp { /* what "the kernel" forwards by */
	struct prefix fec;
	uint32_t in_label;
	bool egress, stale;
	struct net_hop hops[NET_HOPS];
	size_t hop_count;
};

struct net_pw { /* what l2vpnd wants signalled; kept like a route when the engine is killed */
	uint32_t peer, type, vc_id, label, group, mtu, vlan, vccv_cc, vccv_cv, status;
	bool control_word;
	char description[96];
};

struct ldp_node {
	struct sim_node sim;
	struct ldp_net *net;
	uint32_t lsr;
	struct ldp *ldp; /* NULL while it is dead */
	struct ldp_config config;
	struct net_route *routes;
	size_t route_count;
	struct net_lsp *lsps;
	size_t lsp_count;
	bool l2vpnd; /* it is there: its table is read */
	struct net_pw *pws;
	size_t pw_count;
	struct sim_event converge; /* the IGP has seen the last change */
	struct sim_event hold;     /* what a dead engine wanted is forgotten */
	bool again;                /* the engine wants to read its tables anew */
	bool swept;                /* the table was complete once since the last start */
	uint32_t round;
	uint32_t label_first, label_last;
	struct cursor cursor;
};

struct ldp_net {
	struct sim sim;
	struct ldp_node *nodes[SIM_NODES];
	size_t node_count;
	usec_t igp_delay; /* each node learns of a change within this; 0: all at once */
	/* As those of struct sim. */
	bool (*tap)(struct ldp_node *, const struct effect *, void *ctx);
	void *tap_ctx;
	void (*watch)(struct ldp_net *, void *ctx);
	void *watch_ctx;
};

struct ldp_net *ldp_net_new(uint64_t seed);
void ldp_net_free(struct ldp_net *);
/* A router with this LSR id, its loopback (ifindex 1), LDP on. Not started yet. */
struct ldp_node *ldp_net_add(struct ldp_net *, const char *lsr);
void ldp_net_adopt(struct ldp_net *, struct ldp_node *); /* the part of it that makes it a node */
/* A link with these addresses ("10.0.12.1/24"), LDP on at both ends. */
struct sim_link *ldp_net_link(struct ldp_net *, struct ldp_node *, const char *a, struct ldp_node *, const char *b);
/* A global IPv6 address for every loopback and a link-local one for every end of a link, with LDP for IPv6 there. With
 * `alone` IPv4 is not spoken on links any more. Before the start. */
void ldp_net_add_ipv6(struct ldp_net *, bool alone);
struct addr ldp_node_address6(const struct ldp_node *); /* of its loopback */
/* The topology has changed. Shortest paths to every loopback, as fib.Route rows, over links that pass; equal ones all. */
void ldp_net_route(struct ldp_net *);
void ldp_net_start(struct ldp_net *); /* every node */
void ldp_net_run(struct ldp_net *, usec_t span);
/* Runs until `what` holds, at most `span`. Returns whether it did. */
bool ldp_net_until(struct ldp_net *, bool (*what)(struct ldp_net *), usec_t span);
/* Every session that an uncut link calls for is operational, every engine has recovered. */
bool ldp_net_is_settled(struct ldp_net *);
/* Does a packet for this address get from here to its owner with a label on every hop but the last? NULL, or why not. */
const char *ldp_net_trace(struct ldp_net *, struct ldp_node *from, struct addr to);
const char *ldp_net_trace_all(struct ldp_net *);  /* from everybody to everybody */
const char *ldp_net_trace_all6(struct ldp_net *); /* the same with IPv6 */

void ldp_node_start(struct ldp_node *); /* fresh memory, the same stand-in for fibd */
void ldp_node_kill(struct ldp_node *);  /* as by kill -9 */
void ldp_node_crash(struct ldp_node *); /* as by pulling the plug: what was programmed is lost too */
void ldp_node_input(struct ldp_node *, const struct ldp_input *);
void ldp_node_configure(struct ldp_node *);               /* tells the engine node->config */
void ldp_node_port(struct ldp_node *, struct sim_port *); /* tells the engine of a changed port */
struct sim_port *ldp_node_find_port(struct ldp_node *, uint32_t ifindex);
/* One route with up to two next hops (NULL: none); without any it is gone. */
void ldp_node_route(struct ldp_node *, const char *prefix, const char *via, const char *via2);
bool ldp_node_logged(const struct ldp_node *, const char *part);
unsigned ldp_node_log_count(const struct ldp_node *, const char *part);

/* Rows of the engine's tables, by key; NULL when there is none. Valid until the next call. */
const Ldp__Session *ldp_node_session(struct ldp_node *, const struct ldp_node *peer);
const Ldp__Binding *ldp_node_binding(
    struct ldp_node *, const char *fec, const struct ldp_node *peer); /* NULL: our own */
const Ldp__Lsp *ldp_node_lsp(struct ldp_node *, const char *fec);
const Ldp__Adjacency *ldp_node_adjacency(struct ldp_node *, const struct ldp_node *peer);
const Ldp__Interface *ldp_node_interface(struct ldp_node *, uint32_t ifindex);
const Ldp__Sync *ldp_node_sync(struct ldp_node *, uint32_t ifindex);
const Ldp__Parameters *ldp_node_parameters(struct ldp_node *);
const Ldp__Pw *ldp_node_pw(struct ldp_node *, uint32_t peer, uint32_t type, uint32_t vc_id);
size_t ldp_node_rows(struct ldp_node *, const char *table);
struct table *ldp_node_table(struct ldp_node *, const char *name);

/* --- ldp_pw.c: the stand-in for l2vpnd --- */
void net_pw_want(struct ldp_node *, const struct net_pw *); /* new, or other than before */
void net_pw_unwant(struct ldp_node *, uint32_t peer, uint32_t type, uint32_t vc_id);
void net_pw_tell_all(struct ldp_node *); /* everything that is wanted, with the end mark */

/* --- ldp_fib.c --- */
void net_fib_tell_all(struct ldp_node *); /* everything fibd has, in a new round, each table with its end mark */
void net_fib_tell_port(struct ldp_node *, const struct sim_port *, bool gone);
void net_fib_tell_route(struct ldp_node *, const struct net_route *, bool gone);
void net_fib_absorb(struct ldp_node *);                              /* what changed in ldp.Lsp */
void net_fib_set_route(struct ldp_node *, const struct net_route *); /* keeps and tells it; no hops: gone */
struct net_lsp *net_fib_by_label(struct ldp_node *, uint32_t label);
struct net_lsp *net_fib_by_fec(struct ldp_node *, const struct prefix *);
#endif
