#ifndef HELPER_BUS_H
#define HELPER_BUS_H
/*
 * A run directory, an event loop, a table of routes, and a reader that keeps what a mirror tells it. Owner and
 * reader share one loop unless a test puts one of them into a process of its own to kill it.
 */
#include "base/mem.h"
#include "base/prefix.h"
#include "host/bus_internal.h"
#include "proto/fib.pb-c.h"
#include "proto/schema.gen.h"
#include "tests/helper/check.h"
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

/* --- where it happens --- */

struct place {
	char dir[64];
	struct host *host;
};

static inline struct host *
host_in(const char *dir, const char *name)
{
	char *argv[] = { (char *)(uintptr_t)name, "-r", (char *)(uintptr_t)dir, NULL };

	optind = 1;
	return host_start(3, argv, name);
}

static inline void
place_make(struct place *p)
{
	snprintf(p->dir, sizeof p->dir, "/tmp/penult-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(p->dir));
}

static inline void
place_start(struct place *p)
{
	p->host = host_in(p->dir, "test");
}

static inline void
place_end(struct place *p)
{
	DIR *d = opendir(p->dir);

	host_free(p->host);
	for (struct dirent *e; d && (e = readdir(d));)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(p->dir);
}

/* Runs the loop from event to event until the condition holds; a generous time-out makes a failure of it. */
#define RUN_UNTIL(place, condition)                                                                          \
	do {                                                                                                 \
		usec_t give_up = host_now((place)->host) + 30 * USEC_PER_SEC;                                \
		while (!(condition)) {                                                                       \
			ck_assert_msg(host_now((place)->host) < give_up, "never came true: %s", #condition); \
			sd_event_run(host_loop((place)->host), 100 * USEC_PER_MSEC);                         \
		}                                                                                            \
	} while (0)

/* For what is looked at once per row: ck_assert() makes a system call even when all is well. */
#define EXPECT(condition)                               \
	do {                                            \
		if (!(condition))                       \
			ck_abort_msg("%s", #condition); \
	} while (0)

/* --- the owner's table --- */

struct route {
	struct row row;
	uint32_t n, cost;
};

struct routes {
	struct table table;
	struct route *list;
	uint32_t count;
};

static inline void
route_fill(const struct row *row, void *message, struct arena *a)
{
	const struct route *r = CONST_OBJECT(row, struct route, row);
	Fib__Route *m = message;
	struct prefix p = prefix_host(addr_v4(0x0a000000 + r->n));
	uint8_t bytes[PREFIX_BYTES];
	size_t size = prefix_to_bytes(&p, bytes);

	m->prefix = (ProtobufCBinaryData){ size, arena_copy(a, bytes, size) };
	m->n_entries = 1;
	m->entries = arena_take(a, sizeof *m->entries);
	m->entries[0] = arena_take(a, sizeof **m->entries);
	fib__route_entry__init(m->entries[0]);
	m->entries[0]->cost = r->cost;
	m->installed = true;
}

static inline void
routes_make(struct routes *r, uint32_t count)
{
	table_init(&r->table, "fib.Route", route_fill);
	r->list = mem_zalloc(count * sizeof *r->list);
	r->count = count;
	for (uint32_t i = 0; i < count; i++) {
		r->list[i] = (struct route){ .n = i, .cost = 1 };
		table_changed(&r->table, &r->list[i].row);
	}
}

static inline void
routes_free(struct routes *r)
{
	table_free(&r->table);
	free(r->list);
}

static inline void
route_cost(struct routes *r, uint32_t n, uint32_t cost)
{
	r->list[n].cost = cost;
	table_changed(&r->table, &r->list[n].row);
}

static inline uint32_t
route_number(const Fib__Route *m)
{
	struct prefix p;

	EXPECT(prefix_from_bytes(m->prefix.data, m->prefix.len, &p));
	return addr_to_v4(&p.addr) - 0x0a000000;
}

/* --- the reader's memory --- */

enum { READER_MAX = 100000, READER_STORY = 64 };
struct reader {
	uint32_t *cost, *round; /* by number of the route; round 0: not there */
	uint32_t present;
	uint32_t rows, gone, synced, lost, refused, settled; /* how often each was told */
	uint32_t last_round;
	char story[READER_STORY]; /* the first of it, letter by letter */
	char why[300];
};

static inline void
reader_tell(struct reader *r, char what)
{
	size_t n = strlen(r->story);

	if (n < READER_STORY - 1)
		r->story[n] = what;
}

static inline void
reader_row(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	struct reader *r = ctx;
	const Fib__Route *m = row;
	uint32_t n = route_number(m);

	EXPECT(strcmp(schema->table, "fib.Route") == 0);
	EXPECT(n < READER_MAX);
	EXPECT(round >= r->last_round);
	r->last_round = round;
	r->rows += !gone;
	r->gone += gone;
	if (gone && r->round[n])
		r->present--;
	else if (!gone && !r->round[n])
		r->present++;
	r->round[n] = gone ? 0 : round;
	r->cost[n] = gone ? 0 : m->entries[0]->cost;
	EXPECT(!gone || m->n_entries == 0); /* only the key is set */
	reader_tell(r, (char)((gone ? 'A' : 'a') + n % 26));
}

static inline void
reader_synced(void *ctx, const struct row_schema *schema, uint32_t round)
{
	struct reader *r = ctx;

	(void)schema;
	r->synced++;
	r->last_round = round;
	for (uint32_t n = 0; n < READER_MAX; n++)
		if (r->round[n] && r->round[n] != round) {
			r->round[n] = 0;
			r->present--;
		}
	reader_tell(r, '.');
}

static inline void
reader_lost(void *ctx, const struct row_schema *schema)
{
	struct reader *r = ctx;

	(void)schema;
	r->lost++;
	reader_tell(r, '!');
}

static inline void
reader_refused(void *ctx, const struct row_schema *schema, const char *why)
{
	struct reader *r = ctx;

	(void)schema;
	r->refused++;
	snprintf(r->why, sizeof r->why, "%s", why);
}

static inline void
reader_settled(void *ctx)
{
	struct reader *r = ctx;

	r->settled++;
}

static const struct mirror_ops reader_ops = { .row = reader_row,
	.synced = reader_synced,
	.lost = reader_lost,
	.refused = reader_refused,
	.settled = reader_settled };

static inline void
reader_make(struct reader *r)
{
	*r = (struct reader){ .cost = mem_zalloc(READER_MAX * sizeof(uint32_t)),
		.round = mem_zalloc(READER_MAX * sizeof(uint32_t)) };
}

static inline void
reader_free(struct reader *r)
{
	free(r->cost);
	free(r->round);
}

/* --- a process to kill --- */

/* Made before the test opens any socket; it waits until it is let go. Dies with the test. */
struct child {
	pid_t pid;
	int go;
};

static inline struct child
child_make(void (*body)(void *), void *ctx)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		char go;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[1]);
		if (read(ends[0], &go, 1) == 1)
			body(ctx);
		_exit(0);
	}
	close(ends[0]);
	return (struct child){ .pid = pid, .go = ends[1] };
}

static inline void
child_go(struct child *c)
{
	ck_assert_int_eq(write(c->go, "g", 1), 1);
}

static inline void
child_kill(struct child *c)
{
	kill(c->pid, SIGKILL);
	ck_assert_int_eq(waitpid(c->pid, NULL, 0), c->pid);
	close(c->go);
}

/* --- a client that obeys nothing --- */

struct raw {
	struct place *place;
	void *zmq, *dealer;
	struct arena arena;
};

static inline void
raw_open(struct raw *r, struct place *p, const char *daemon)
{
	const int linger = 0;
	char endpoint[128];

	r->place = p;
	r->zmq = zmq_ctx_new();
	r->dealer = zmq_socket(r->zmq, ZMQ_DEALER);
	zmq_setsockopt(r->dealer, ZMQ_LINGER, &linger, sizeof linger);
	ck_assert(bus_endpoint(p->dir, daemon, endpoint));
	ck_assert_int_eq(zmq_connect(r->dealer, endpoint), 0);
	arena_init(&r->arena);
}

static inline void
raw_close(struct raw *r)
{
	zmq_close(r->dealer);
	zmq_ctx_term(r->zmq);
	arena_free(&r->arena);
}

static inline void
raw_subscribe(struct raw *r, const char *table, uint32_t version, uint32_t number)
{
	Bus__Subscribe s = BUS__SUBSCRIBE__INIT;
	Bus__Frame f = BUS__FRAME__INIT;

	s.subscription = number;
	s.table = (char *)(uintptr_t)table;
	s.version = version;
	s.reader = "raw\nclient";
	f.kind_case = BUS__FRAME__KIND_SUBSCRIBE;
	f.subscribe = &s;
	ck_assert_int_eq(bus_send(r->dealer, &f), 0);
}

static inline void
raw_ack(struct raw *r, uint32_t subscription, uint32_t number)
{
	Bus__Ack a = BUS__ACK__INIT;
	Bus__Frame f = BUS__FRAME__INIT;

	a.subscription = subscription;
	a.number = number;
	f.kind_case = BUS__FRAME__KIND_ACK;
	f.ack = &a;
	ck_assert_int_eq(bus_send(r->dealer, &f), 0);
}

/* The next frame that is waiting, pings left out; NULL when there is none. */
static inline Bus__Frame *
raw_poll(struct raw *r)
{
	for (;;) {
		zmq_msg_t m;
		zmq_msg_init(&m);
		arena_reset(&r->arena);
		if (zmq_msg_recv(&m, r->dealer, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(&m);
			return NULL;
		}
		Bus__Frame *f = bus_unpack(zmq_msg_data(&m), zmq_msg_size(&m), &r->arena);
		zmq_msg_close(&m);
		ck_assert_ptr_nonnull(f);
		if (f->kind_case != BUS__FRAME__KIND__NOT_SET)
			return f;
	}
}

/* The next frame, while the owner's loop runs. */
static inline Bus__Frame *
raw_receive(struct raw *r)
{
	usec_t give_up = host_now(r->place->host) + 30 * USEC_PER_SEC;
	Bus__Frame *f;

	while (!(f = raw_poll(r))) {
		ck_assert_msg(host_now(r->place->host) < give_up, "no frame came");
		sd_event_run(host_loop(r->place->host), USEC_PER_MSEC);
	}
	return f;
}

static inline Bus__Batch *
raw_batch(struct raw *r)
{
	Bus__Frame *f = raw_receive(r);

	ck_assert_int_eq(f->kind_case, BUS__FRAME__KIND_BATCH);
	return f->batch;
}

static inline struct subscription *
first_subscription(struct bus *b)
{
	ck_assert(!list_is_empty(&b->subscriptions));
	return OBJECT(b->subscriptions.next, struct subscription, link);
}
#endif
