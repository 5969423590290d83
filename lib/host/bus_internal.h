#ifndef HOST_BUS_INTERNAL_H
#define HOST_BUS_INTERNAL_H
#include "base/list.h"
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
/* Takes the ZeroMQ socket over. 0 or negative errno. */
int bus_socket_open(struct bus_socket *, sd_event *, void *zmq, bool (*readable)(void *), void (*settled)(void *), void *ctx);
void bus_socket_close(struct bus_socket *);
void bus_socket_used(struct bus_socket *); /* call after every send: the edge may have passed */

struct bus {
	struct host *host;
	void *zmq;
	char daemon[32];
	uint64_t epoch;
	struct bus_socket router;
	struct list tables;        /* struct served */
	struct list subscriptions; /* struct subscription */
	struct list handlers;      /* struct handler */
	struct list mirrors;       /* struct mirror */
	sd_event_source *bulk;     /* goes on with what one slice did not finish */
	sd_event_source *ping;     /* finds readers that are gone */
	struct arena arena;
	struct log_limit bad_frames;
	uint32_t next_monitor;
	unsigned hold_override_ms; /* tests: instead of the schemas' hold times; 0 none */
};

/* Frames. The packed frame is in the arena. */
size_t bus_pack(const Bus__Frame *, struct arena *, uint8_t **ret_bytes);
/* NULL when it is no frame. Lives in the arena. */
Bus__Frame *bus_unpack(const void *bytes, size_t size, struct arena *);
/* An allocator for protobuf-c that takes from the arena and frees nothing. */
ProtobufCAllocator bus_allocator(struct arena *);
/* The path of a daemon's socket, as a ZeroMQ endpoint. False when it is too long for a UNIX socket. */
bool bus_endpoint(const char *run_dir, const char *daemon, char out[128]);
/* Keeps of a packed row only the fields that are keys. Returns the size. */
size_t bus_key_of(const struct row_schema *, const uint8_t *row, size_t size, uint8_t *out, size_t room);

int bus_owner_start(struct bus *);
void bus_owner_stop(struct bus *);
size_t bus_subscription_count(const struct bus *); /* for tests */
#endif
