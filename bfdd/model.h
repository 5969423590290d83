#ifndef BFDD_MODEL_H
#define BFDD_MODEL_H
#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/timers.h"
#include "bfdd/bfd.h"
#include "proto/bfd.pb-c.h"
#include "proto/fib.pb-c.h"

/* The nouns of the front; engine.c tells how they hang together. Only files of the engine include this. */

struct port { /* an interface of fibd's */
	struct hash_node by_ifindex;
	uint32_t ifindex, vrf_ifindex, round;
	char name[16], label[64], vrf[32];
	bool up;
};

/* What makes two wants one: RFC 5881 section 3, RFC 5883 section 3, RFC 5885 section 3.1. */
struct path {
	struct addr peer, source;
	uint32_t ifindex; /* single hop: of the link */
	uint32_t vrf;     /* ifindex of its device, 0 the public network */
	uint32_t label;   /* not 0: a pseudowire's control channel, on that link */
	bool multihop;
	uint32_t alone; /* number of a want whose path cannot be named; else 0 */
};

/* Somebody wants a path watched: the operator by a name, or a client by a row. */
struct want {
	struct list all;
	struct hash_node by_key;           /* the operator's by its name, a client's by its row's key */
	uint32_t number;                   /* never used twice */
	struct bfd_session_config *config; /* the operator's; NULL: a client's */
	char daemon[16], client[32];       /* a client's */
	uint32_t round;                    /* a client's: of its snapshot */
	uint32_t seen;                     /* the operator's: configuration it is in */
	struct addr peer, source;
	uint32_t ifindex; /* a client's */
	uint32_t label;   /* likewise, and what follows: over a pseudowire */
	uint8_t encapsulation;
	bool control_word;
	char vrf[32];
	uint32_t min_tx_us, min_rx_us;
	uint8_t multiplier;
	struct watch *watch;
	struct list of_watch;
};

enum { WATCH_NAME = 320 };

/* A path that is watched, for everybody who wants it: what has a session in the core. */
struct watch {
	struct list all;
	struct hash_node by_path, by_local;
	struct path path;
	struct list wants;
	struct bfd *bfd;
	char name[WATCH_NAME];
	char trouble[128];      /* why it has no session */
	uint32_t local;         /* 0: has none yet */
	bool running;           /* the core has a session for it */
	bool ordered;           /* the core is to be told */
	struct bfd_order order; /* as it was told last */
	struct list to_order;
	struct bfd_status status;
	Bfd__Verdict verdict;
	bool waiting;                /* Up, and not told yet */
	unsigned failures;           /* told, and not forgotten yet: for damping */
	struct timer timer;          /* the end of waiting, or of the grace of a new session */
	struct timer calm;           /* failures are forgotten then */
	struct bfd_counters cleared; /* counters as they were when they were cleared */
	struct row row, counter_row;
};
enum { TIMER_TELL, TIMER_CALM };

struct number { /* a discriminator that is in use, or whose session still says goodbye */
	struct hash_node by_value;
	uint32_t value;
	struct list to_order; /* its removal */
};

struct bfd {
	bool busy;
	usec_t now;
	struct outbox *out;
	struct timers timers;
	struct bfd_config config;
	uint32_t config_count;
	bool ports_synced;
	struct hash ports, names, client_wants, paths, locals, numbers;
	struct list wants, watches;
	struct list orders;              /* watches to be made or changed */
	struct list removals;            /* numbers */
	uint32_t next_want, free_number; /* no automatic discriminator below is free */
	struct bfd_process process;
	struct row process_row;
	struct table session_table, counter_table, process_table;
	struct table *served[4];
};

/* engine.c */
void bfd_note(struct bfd *, int priority, const char *format, ...) __attribute__((format(printf, 3, 4)));
struct port *port_find(struct bfd *, uint32_t ifindex);
struct port *port_named(struct bfd *, const char *name);
/* want.c */
void wants_configure(struct bfd *);
void wants_resolve(struct bfd *);
void want_row(struct bfd *, const struct bfd_input *);
void want_synced(struct bfd *, const char *daemon, uint32_t round);
void want_free(struct bfd *, struct want *);
/* watch.c */
struct watch *watch_get(struct bfd *, const struct path *);
void watch_join(struct bfd *, struct watch *, struct want *);
void watch_leave(struct bfd *, struct want *);
void watch_repath(struct bfd *, struct watch *, const struct path *);
void watch_review(struct bfd *, struct watch *); /* after its wants, or what they say, or its link changed */
/* A want without a source means any session of its path, and one with a source means one that is open about it. NULL: none. */
struct watch *watch_find(struct bfd *, const struct path *);
bool path_is_served(const struct path *want, const struct path *watched);
struct watch *watch_by_local(struct bfd *, uint32_t local);
const struct bfd_session_config *watch_config(const struct watch *); /* NULL: it exists by request alone */
struct want *watch_first(const struct watch *);
void number_free(struct bfd *, uint32_t value);
/* verdict.c */
void verdict_start(struct bfd *, struct watch *);
void verdict_change(struct bfd *, struct watch *, const struct bfd_status *);
void verdict_timer(struct bfd *, struct timer *);
/* rows.c */
void rows_init(struct bfd *);
#endif
