#ifndef HOST_BUS_H
#define HOST_BUS_H
#include "base/table.h"
#include "host/host.h"
#include "host/schema.h"

/*
 * The table bus (doc/architecture.md, section "The bus"). One ROUTER socket per daemon at
 * ipc://RUN/DAEMON.bus serves all its tables and answers requests; each mirror is a DEALER of its own.
 *
 * Owner side: rows live in `struct table`s; bus_publish() sends what changed to every subscriber, in
 * batches of tens of kB, at most BUS_WINDOW batches ahead of what the subscriber has acknowledged.
 * After the first walk over the table comes end-of-snapshot, once the table is `complete`.
 *
 * Mirror side: connection loss is seen at once (a socket event, not a time-out). Rows are then stale,
 * not gone. When the owner is back (a new epoch: a fresh number for every start) its snapshot is read
 * in a new `round`; at its end the consumer drops what it did not see again. An owner that stays away
 * longer than the table's hold time ends the same way, with an empty round.
 */
struct bus;
struct bus *bus_open(struct host *, const char *daemon);
void bus_close(struct bus *);
void bus_serve(struct bus *, struct table *); /* the schema is found by the table's name */
void bus_publish(struct bus *); /* call after anything that may have changed rows; cheap when nothing did */

/* --- reading somebody's table --- */
struct mirror;
/* None of these may close the mirror or the bus. */
struct mirror_ops {
	/* A row appeared or changed (gone == false), or is gone (only the key fields of `row` are set).
	 * `row` is the unpacked protobuf message, valid during the call. `round` counts snapshots. */
	void (*row)(void *ctx, const struct row_schema *, const void *row, bool gone, uint32_t round);
	/* End of a snapshot: rows not seen in this round no longer exist; drop them. */
	void (*synced)(void *ctx, const struct row_schema *, uint32_t round);
	/* The owner is gone; its rows are stale. Optional. */
	void (*lost)(void *ctx, const struct row_schema *);
	/* The owner speaks another schema version or does not have the table: `why` names both sides. Optional; logged anyway. */
	void (*refused)(void *ctx, const struct row_schema *, const char *why);
	/* After each bunch of the above, once, and not in the middle of a change: time to publish and set timers. Optional. */
	void (*settled)(void *ctx);
};
struct mirror *mirror_open(struct bus *, const struct row_schema *, const struct mirror_ops *, void *ctx);
/* The same of a table that several daemons own, each rows of its own: that of this one. */
struct mirror *mirror_open_from(
    struct bus *, const char *daemon, const struct row_schema *, const struct mirror_ops *, void *ctx);
void mirror_close(struct mirror *);
/* Reads the table anew, from its beginning and in a new round: a reader needs rows that it had passed over. */
void mirror_again(struct mirror *);
bool mirror_is_synced(const struct mirror *); /* a snapshot was read to its end and the owner is there */

/* --- requests: operations only, never to change another daemon's state tables --- */
struct bus_answer {
	int status;        /* 0, or a positive errno; then `text` says why */
	const char *text;  /* for people; may be NULL */
	const void *bytes; /* for programs; may be NULL */
	size_t size;
};
typedef void bus_handler(
    void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *, struct arena *);
void bus_on_request(struct bus *, const char *verb, bus_handler *, void *ctx);
/* From within a handler, of something that takes its time: what is in its answer is not sent, and bus_answer_held() with
 * this number sends one later. 0: too many wait already; then the handler answers. */
uint32_t bus_hold_answer(struct bus *);
void bus_answer_held(struct bus *, uint32_t number, const struct bus_answer *);

/* --- the command line's side: synchronous, no event loop of its own needed --- */
struct bus_client;
/* Connects to RUN/DAEMON.bus. NULL with a sentence in *why when that cannot be; errno is ECONNREFUSED when the daemon does
 * not run. */
struct bus_client *bus_client_open(const char *run_dir, const char *daemon, char why[256]);
void bus_client_close(struct bus_client *);
/* Reads the table to its end-of-snapshot; when the owner is still recovering, what it has so far (*ret_complete is
 * false then). Each row is unpacked and owned by the arena. 0, or negative errno and a sentence in `why`:
 * -ETIMEDOUT it runs but does not answer, -ECONNREFUSED it stopped, -EPROTO it refuses. */
int bus_client_rows(struct bus_client *, const struct row_schema *, usec_t wait, struct arena *,
    ProtobufCMessage ***ret_rows, size_t *ret_count, bool *ret_complete, char why[256]);
/* Waits until something in the tables read so far has changed, at most `wait`. 1 changed, 0 not. */
int bus_client_wait(struct bus_client *, usec_t wait);
int bus_client_request(struct bus_client *, const char *verb, const void *bytes, size_t size, usec_t wait,
    struct arena *, struct bus_answer *ret, char why[256]);

enum {
	BUS_BATCH_BYTES = 48 * 1024, /* a batch is closed at this size */
	BUS_WINDOW = 4,              /* batches sent and not yet acknowledged, per subscription */
	BUS_FRAME_MAX = 4 << 20,     /* larger frames from a client end that client's connection */
};
#endif
