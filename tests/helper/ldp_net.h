#ifndef HELPER_LDP_NET_H
#define HELPER_LDP_NET_H
#include "base/prefix.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/timers.h"
#include "ldpd/config.h"
#include "ldpd/ldp.h"
#include "proto/fib.pb-c.h"
#include "proto/ldp.pb-c.h"

/*
 * Routers in one process, on a clock of their own. Each node is the engine of the daemon and a stand-in for
 * fibd (ldp_fib.c) that keeps what was programmed even when the engine is killed. The net carries Hellos and
 * connections between them, late, in pieces, or not at all, as the test wants. Same seed, same run.
 */
enum { NET_NODES = 512, NET_PORTS = 16, NET_HOPS = 8, NET_HOLD_S = 120 /* of ldp.Lsp rows whose owner is dead */ };

struct net_port {
	uint32_t ifindex;
	char name[24];
	uint32_t mtu;                    /* 0: not known */
	struct prefix address, address6; /* family 0: it has none */
	struct addr link_local;
	bool up, loopback, joined, joined6, gone;
	struct net_link *link;
};
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

struct ldp_node {
	struct ldp_net *net;
	size_t index; /* in net->nodes */
	uint32_t lsr;
	struct ldp *ldp; /* NULL while it is dead */
	struct ldp_config config;
	struct net_port ports[NET_PORTS];
	size_t port_count;
	struct net_route *routes;
	size_t route_count;
	struct net_lsp *lsps;
	size_t lsp_count;
	usec_t dead_since;
	bool again; /* the engine wants to read its tables anew */
	bool swept; /* the table was complete once since the last start */
	uint32_t round;
	uint32_t label_first, label_last;
	struct cursor cursor;
	struct text log; /* all lines since the beginning */
};
struct net_link {
	struct ldp_node *node[2];
	uint32_t ifindex[2];
	bool cut; /* both ends keep their carrier, nothing passes */
};

struct ldp_net {
	usec_t now;
	struct rng rng;
	struct timers events;
	struct ldp_node *nodes[NET_NODES];
	size_t node_count;
	struct net_link *links[NET_NODES * 4];
	size_t link_count;
	struct net_conn *conns;
	uint32_t next_accepted, next_port;
	unsigned lose_percent, double_percent; /* of Hellos */
	usec_t jitter;                         /* Hellos come up to this later: also in another order */
	uint64_t passing;                      /* a digest of the links that pass; what `parts` was made for */
	uint16_t parts[NET_NODES];             /* nodes with one number reach each other */
	bool chop;                             /* streams arrive in pieces of random size */
	usec_t delay;                          /* on every wire */
	uint64_t transcript;                   /* a digest of every effect of every engine, in order */
	size_t effects;
	/* Sees every effect first; true: it is dealt with. For neighbours that are no engine (ldp_script.h). */
	bool (*tap)(struct ldp_node *, const struct effect *, void *ctx);
	void *tap_ctx;
	/* Called after each step, to check what must hold at every moment. */
	void (*watch)(struct ldp_net *, void *ctx);
	void *watch_ctx;
};

struct ldp_net *ldp_net_new(uint64_t seed);
void ldp_net_free(struct ldp_net *);
/* A router with this LSR id, its loopback (ifindex 1), LDP on. Not started yet. */
struct ldp_node *ldp_net_add(struct ldp_net *, const char *lsr);
/* A link with these addresses ("10.0.12.1/24"), LDP on at both ends. */
struct net_link *ldp_net_link(struct ldp_net *, struct ldp_node *, const char *a, struct ldp_node *, const char *b);
/* A global IPv6 address for every loopback and a link-local one for every end of a link, with LDP for IPv6 there. With
 * `alone` IPv4 is not spoken on links any more. Before the start. */
void ldp_net_add_ipv6(struct ldp_net *, bool alone);
struct addr ldp_node_address6(const struct ldp_node *); /* of its loopback */
/* Shortest paths from everybody to every loopback, as fib.Route rows, over links that are not cut; equal ones all. */
void ldp_net_route(struct ldp_net *);
/* Hops from everybody to `to` over links that pass; UINT16_MAX where there is no way. */
void net_distances(struct ldp_net *, const struct ldp_node *to, uint16_t far[NET_NODES]);
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
void ldp_node_input(struct ldp_node *, const struct ldp_input *);
void ldp_node_configure(struct ldp_node *);               /* tells the engine node->config */
void ldp_node_port(struct ldp_node *, struct net_port *); /* tells the engine of a changed port */
struct net_port *ldp_node_find_port(struct ldp_node *, uint32_t ifindex);
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
const Ldp__Parameters *ldp_node_parameters(struct ldp_node *);
size_t ldp_node_rows(struct ldp_node *, const char *table);

/* --- ldp_fib.c --- */
void net_fib_tell_all(struct ldp_node *); /* everything fibd has, in a new round, each table with its end mark */
void net_fib_tell_port(struct ldp_node *, const struct net_port *, bool gone);
void net_fib_tell_route(struct ldp_node *, const struct net_route *, bool gone);
void net_fib_hold(struct ldp_node *);   /* forgets what a dead engine wanted once the hold time is over */
void net_fib_absorb(struct ldp_node *); /* what changed in ldp.Lsp */
void net_fib_set_route(struct ldp_node *, const struct net_route *); /* keeps and tells it; no hops: gone */
struct net_lsp *net_fib_by_label(struct ldp_node *, uint32_t label);
struct net_lsp *net_fib_by_fec(struct ldp_node *, const struct prefix *);
#endif
