#ifndef HOST_BUS_INTERNAL_H
#define HOST_BUS_INTERNAL_H
#include "base/list.h"
#include "base/wire.h"
#include "host/bus.h"
#include "host/log.h"
#include "proto/bus.pb-c.h"

/* What the files bus_*.c share. Nobody else includes this but their tests. */

/* A ZeroMQ socket in the event loop. `readable` is called while there is something to read. */
struct bus_socket {
	void *zmq;
	sd_event_source *io, *again;
	bool (*readable)(void *ctx); /* reads one message; false when there was none */
	void (*settled)(void *ctx);  /* after a bunch of them; may be NULL */
	void *ctx;
};
/* Takes the ZeroMQ socket over, also when it fails. 0 or negative errno. */
int bus_socket_open(
    struct bus_socket *, sd_event *, void *zmq, bool (*readable)(void *), void (*settled)(void *), void *ctx);
void bus_socket_close(struct bus_socket *); /* also from within `readable` */
void bus_socket_used(struct bus_socket *);  /* call after every send: the edge may have passed */

enum { BUS_IDENTITY_MAX = 64 };
struct bus_identity {
	uint8_t bytes[BUS_IDENTITY_MAX];
	size_t size;
};

struct bus {
	struct host *host;
	void *zmq;
	char daemon[32];
	uint64_t epoch;
	struct bus_socket router;
	struct list tables;        /* struct served */
	struct list subscriptions; /* struct subscription */
	struct list handlers;      /* struct handler */
	struct list held;          /* struct held: requests that are answered later */
	uint32_t held_count, held_last;
	const struct bus_identity *asker; /* while a handler runs: whose request, and its number */
	uint32_t asked;
	bool holds;            /* it has said so */
	struct list mirrors;   /* struct mirror */
	sd_event_source *bulk; /* goes on with what one slice did not finish */
	sd_event_source *ping; /* finds readers that are gone */
	struct arena arena;    /* of the row being packed */
	uint8_t *batch;        /* the rows being gathered */
	size_t batch_room;
	struct log_limit bad_frames, bad_rows;
	uint32_t next_monitor;
	unsigned hold_override_ms; /* tests: instead of the schemas' hold times; 0 none */
	unsigned ping_ms;
};

/* --- the owner's insides, shared by bus_owner.c and bus_batch.c --- */

struct served {
	struct list link;
	struct table *table;
	const struct row_schema *schema;
	struct bus *bus;
};

struct subscription {
	struct list link;
	struct served *served;
	struct cursor cursor;
	struct bus_identity reader;
	uint32_t number;
	uint32_t sent, acked; /* batch numbers */
	bool ended;           /* end-of-snapshot was sent */
	bool caught_up;       /* it has seen in this round all there was at some moment */
	bool restarted;       /* the next batch begins a new round */
	bool stalled;         /* its pipe is full; tried again when it acknowledges, and at each ping */
	char name[64];
};

int bus_owner_start(struct bus *);
void bus_owner_stop(struct bus *);
size_t bus_subscription_count(const struct bus *); /* for tests */
/* Opens a message to a reader: 0, or -EAGAIN when its pipe is full, -EHOSTUNREACH when it is gone. On 0 bus_send() must follow. */
int bus_address(struct bus *, const struct bus_identity *);
void bus_subscription_drop(struct subscription *);
table_pack_key bus_pack_key;      /* ctx: struct served */
void bus_pump_live(struct bus *); /* at once: the changes that readers wait for who have the rest */
void bus_pump_later(struct bus *);
int bus_pump_slice(sd_event_source *, void *bus); /* an event source's turn */

/* --- frames --- */
int bus_send(void *zmq, const Bus__Frame *); /* without waiting; 0 or negative errno */
/* NULL when it is no frame. Lives in the arena. */
Bus__Frame *bus_unpack(const void *bytes, size_t size, struct arena *);
/* An allocator for protobuf-c that takes from the arena and frees nothing. */
ProtobufCAllocator bus_allocator(struct arena *);
/* The path of a daemon's socket, as a ZeroMQ endpoint. False when it is too long for a UNIX socket. */
bool bus_endpoint(const char *run_dir, const char *daemon, char out[128]);
/* Keeps of a packed row only the fields that are keys. Returns the size; SIZE_MAX when it is no row or there is no room. */
size_t bus_key_of(const struct row_schema *, const uint8_t *row, size_t size, uint8_t *out, size_t room);

/* One row in a batch: how it is there, and how it is read. */
enum { BUS_ROW = 'R', BUS_GONE = 'G', BUS_ROW_HEAD = 4, BUS_ROW_MAX = BUS_FRAME_MAX / 2 };
struct bus_row {
	bool gone;
	const uint8_t *bytes; /* the row, or its key, packed */
	size_t size;
};
/* False at the end, and when the rest makes no sense: then wire_done() is false. */
bool bus_next_row(struct wire_reader *rows, struct bus_row *ret);
/* Text of others on its way to the log: nothing in it can start a line or move a cursor. */
void bus_printable(const char *from, char *out, size_t room);
#endif
