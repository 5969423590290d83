#ifndef SIM_SIM_H
#define SIM_SIM_H
#include "base/outbox.h"
#include "base/prefix.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/timers.h"
#include <stdbool.h>

/*
 * Engines in one process, on a clock of their own: any number of nodes, each one the engine of a daemon behind a table
 * of operations, and the wires between them. Nothing here knows a protocol. All chance comes from one number, and every
 * effect of every engine goes into a digest: the same number gives the same run.
 *
 * A node's adapter embeds struct sim_node (tests/helper/ldp_net.h is one), translates what arrives into inputs of its
 * engine, and deals with the effects that no wire carries out. After an input of its own making (rows, configuration)
 * it calls sim_settle().
 */
enum { SIM_NODES = 512, SIM_PORTS = 16, SIM_GROUPS = 4 };
struct sim;
struct sim_node;

struct sim_event {
	struct timer at;
	void (*run)(struct sim *, struct sim_event *);
	bool mortal; /* the first member of what is to be freed should the simulation end before */
};

enum sim_input_kind {
	SIM_DATAGRAM, /* port (0: came by route), from, to, bytes */
	SIM_UP,       /* conn; from: the other end, to: this one */
	SIM_BYTES,    /* conn, bytes */
	SIM_DOWN,     /* conn, text: why */
	SIM_TIMER,
};
struct sim_input {
	enum sim_input_kind kind;
	uint32_t ifindex, conn;
	struct addr from, to;
	uint16_t from_port, to_port;
	uint8_t ttl; /* of a datagram; 0: the system's own */
	const uint8_t *bytes;
	size_t size;
	const char *text;
};

/* What a kind of engine is. `new` to `outbox` work on the engine of a node that is alive. */
struct sim_ops {
	uint16_t port;     /* where it takes connections */
	uint32_t accepted; /* connections that it accepts are numbered from here */
	void (*new)(struct sim_node *, uint64_t seed);
	void (*free)(struct sim_node *);
	void (*input)(struct sim_node *, const struct sim_input *, usec_t now);
	usec_t (*due)(const struct sim_node *);
	struct outbox *(*outbox)(struct sim_node *);
	void (*effect)(struct sim_node *, const struct effect *); /* no wire's business */
	void (*settled)(struct sim_node *); /* the outbox is empty again: read its tables. May be NULL */
};

struct sim_port {
	uint32_t ifindex;
	char name[24];
	uint32_t mtu;                    /* 0: not known */
	struct prefix address, address6; /* family 0: it has none */
	struct addr link_local;
	bool up, loopback, gone;
	struct addr groups[SIM_GROUPS]; /* multicast that it listens to */
	unsigned group_count;
	struct sim_link *link;
};

struct sim_node {
	struct sim *sim;
	const struct sim_ops *ops;
	size_t index;
	bool alive; /* the engine runs */
	bool off;   /* no power: nothing passes through it either */
	struct sim_port ports[SIM_PORTS];
	size_t port_count;
	struct timer due;
	struct text log; /* all lines since the beginning */
};

struct sim_link {
	struct sim_node *node[2];
	uint32_t ifindex[2];
	bool cut;     /* both ends keep their carrier, nothing passes */
	bool deaf[2]; /* nothing arrives at this side: a link that works one way */
	usec_t delay; /* beyond the simulation's */
	unsigned lose_percent;
};

struct sim {
	uint64_t seed;
	usec_t now;
	struct rng rng;
	struct timers events, dues;
	struct sim_node *nodes[SIM_NODES];
	size_t node_count;
	struct sim_link *links[SIM_NODES * 4];
	size_t link_count;
	struct sim_conn *conns;
	uint32_t next_accepted, next_port;

	/* The wires. */
	usec_t delay, jitter;                  /* datagrams come up to `jitter` later: also in another order */
	unsigned lose_percent, double_percent; /* of datagrams */
	unsigned late_percent;                 /* of what is said in streams: lost once or more, sent again */
	bool chop;                             /* streams arrive in pieces of random size */
	usec_t connect_timeout;                /* of attempts that nobody answers */
	usec_t stream_timeout;                 /* of streams with something unsent and no way */
	size_t stream_room;                    /* what may wait in a stream; more breaks it */

	uint64_t passing;          /* a digest of the links that pass; what `parts` was made for */
	uint16_t parts[SIM_NODES]; /* nodes with one number reach each other */
	uint64_t transcript;       /* a digest of every effect of every engine, in order */
	size_t effects;
	/* Sees every effect first; true: it is dealt with. For neighbours that are no engine, and for checks. */
	bool (*tap)(struct sim_node *, const struct effect *, void *ctx);
	void *tap_ctx;
	void (*watch)(struct sim *, void *ctx); /* after each step, to check what must hold at every moment */
	void *watch_ctx;
	/* Something cannot be. Says so with the number that makes the run again; NULL: it aborts. */
	void (*broken)(struct sim *, const char *what);
};

void sim_init(struct sim *, uint64_t seed);
void sim_free(struct sim *); /* kills all nodes; their memory is their adapters' */
void sim_broken(struct sim *, const char *format, ...) __attribute__((format(printf, 2, 3)));

void sim_add(struct sim *, struct sim_node *, const struct sim_ops *); /* zeroed by the caller; not started */
struct sim_port *sim_port_add(struct sim_node *, const char *name, struct prefix address);
struct sim_port *sim_port_find(struct sim_node *, uint32_t ifindex); /* NULL: none, or gone */
bool sim_port_listens(const struct sim_port *, const struct addr *group);
struct sim_link *sim_link(struct sim *, struct sim_node *, struct sim_port *, struct sim_node *, struct sim_port *);
int sim_link_side(const struct sim_link *, const struct sim_node *, const struct sim_port *);
bool sim_link_carries(const struct sim_link *, int side); /* to this side */
bool sim_link_passes(const struct sim_link *);            /* both ways */
struct sim_node *sim_owner(struct sim *, const struct addr *);
/* Hops from everybody to `to` over links that pass; UINT16_MAX where there is no way. */
void sim_distances(struct sim *, const struct sim_node *to, uint16_t far[SIM_NODES]);
bool sim_reaches(struct sim *, const struct sim_node *, const struct sim_node *);

void sim_start(struct sim_node *); /* fresh memory */
void sim_kill(struct sim_node *);  /* as by kill -9: its kernel closes its connections */
void sim_crash(struct sim_node *); /* as by pulling the plug: nobody is told. On again by sim_start() */
void sim_give(struct sim_node *, const struct sim_input *);
void sim_settle(struct sim_node *); /* after an input: checks the deadline and carries out what the engine wants */

void sim_event_init(struct sim_event *, void (*run)(struct sim *, struct sim_event *));
void sim_event_at(struct sim *, struct sim_event *, usec_t at); /* also moves it */
void sim_event_clear(struct sim *, struct sim_event *);
bool sim_step(struct sim *, usec_t until); /* one event or one deadline; false: none is left before `until` */
void sim_run(struct sim *, usec_t span);

/* --- stream.c --- */
void sim_stream_connect(struct sim_node *, const struct effect *);
void sim_stream_send(struct sim_node *, const struct effect *);
void sim_stream_close(struct sim_node *, uint32_t number);
void sim_streams_drop(struct sim_node *, bool silently); /* all of a node */
void sim_streams_sweep(struct sim *);                    /* frees those with no end left */
size_t sim_stream_count(const struct sim *);
#endif
