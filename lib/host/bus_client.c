/*
 * The command line's side of the bus: blocking, with deadlines, no event loop. It reads tables to their
 * end-of-snapshot, waits for changes, and asks for operations.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "host/bus_internal.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { LOOK_AGAIN_MS = 500 }; /* in silence: whether the daemon still runs */

struct bus_client {
	void *zmq, *dealer;
	char daemon[32], endpoint[128];
	uint32_t next_number;
	pid_t pid;          /* of the daemon when we connected */
	bool news;          /* something in a table read before changed while another was read */
	struct arena arena; /* of the frame in hand */
};

static usec_t
clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

/* Whether somebody listens there, and who: ZeroMQ itself would go on trying without a word. */
static int
probe(const char *endpoint, pid_t *ret_pid)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct ucred who = { 0 };
	socklen_t size = sizeof who;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	const char *path = endpoint + strlen("ipc://");
	memcpy(to.sun_path, path, strnlen(path, sizeof to.sun_path - 1)); /* bus_endpoint() saw to it that it fits */
	int r = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? 0 : -errno;
	if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0)
		*ret_pid = who.pid;
	close(fd);
	return r;
}

struct bus_client *
bus_client_open(const char *run_dir, const char *daemon, char why[256])
{
	const int linger = 200, unlimited = 0;
	const int64_t frame_max = BUS_FRAME_MAX;
	char endpoint[128];
	pid_t pid = 0;

	if (!bus_endpoint(run_dir, daemon, endpoint)) {
		snprintf(why, 256, "the run directory's name is too long for a socket: %.120s", run_dir);
		errno = ENAMETOOLONG;
		return NULL;
	}
	int r = probe(endpoint, &pid);
	if (r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR) {
		snprintf(why, 256,
		    "%s does not run in %.120s (start it with: systemctl start penult-%s; or name its run directory "
		    "with -r)",
		    daemon, run_dir, daemon);
		errno = ECONNREFUSED;
		return NULL;
	}
	if (r < 0) {
		snprintf(why, 256, "cannot reach %s in %.120s: %s", daemon, run_dir, strerror(-r));
		errno = -r;
		return NULL;
	}
	struct bus_client *c = NEW(struct bus_client);
	snprintf(c->daemon, sizeof c->daemon, "%s", daemon);
	arena_init(&c->arena);
	c->zmq = zmq_ctx_new();
	c->dealer = c->zmq ? zmq_socket(c->zmq, ZMQ_DEALER) : NULL;
	memcpy(c->endpoint, endpoint, sizeof c->endpoint);
	c->pid = pid;
	if (c->dealer) { /* before connecting, or they do not count */
		zmq_setsockopt(c->dealer, ZMQ_LINGER, &linger, sizeof linger);
		zmq_setsockopt(c->dealer, ZMQ_RCVHWM, &unlimited, sizeof unlimited); /* the owner's window bounds it */
		zmq_setsockopt(c->dealer, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max);
	}
	if (!c->dealer || zmq_connect(c->dealer, endpoint) != 0) {
		snprintf(why, 256, "cannot connect to %s: %s", daemon, strerror(errno));
		bus_client_close(c);
		errno = EIO;
		return NULL;
	}
	return c;
}

void
bus_client_close(struct bus_client *c)
{
	if (!c)
		return;
	if (c->dealer)
		zmq_close(c->dealer);
	if (c->zmq)
		zmq_ctx_term(c->zmq);
	arena_free(&c->arena);
	free(c);
}

static void
send_frame(struct bus_client *c, const Bus__Frame *f)
{
	bus_send(c->dealer, f); /* it is queued until the connection is up; an answer that does not come is the error */
}

/* Reads one message, if there is one, into c->arena. NULL when it is no frame, or a ping. */
static Bus__Frame *
read_frame(struct bus_client *c)
{
	zmq_msg_t part;
	Bus__Frame *f = NULL;

	zmq_msg_init(&part);
	arena_reset(&c->arena);
	if (zmq_msg_recv(&part, c->dealer, ZMQ_DONTWAIT) >= 0)
		f = bus_unpack(zmq_msg_data(&part), zmq_msg_size(&part), &c->arena);
	zmq_msg_close(&part);
	return f && f->kind_case != BUS__FRAME__KIND__NOT_SET ? f : NULL;
}

/* The next frame before the deadline; NULL when there is none. */
static Bus__Frame *
receive(struct bus_client *c, usec_t deadline)
{
	for (;;) {
		usec_t now = clock_now();
		long ms = now >= deadline ? 0 : (long)((deadline - now + 999) / 1000);
		zmq_pollitem_t item = { .socket = c->dealer, .events = ZMQ_POLLIN };
		Bus__Frame *f = NULL;
		if (zmq_poll(&item, 1, ms) > 0 && (f = read_frame(c)))
			return f;
		if (clock_now() >= deadline)
			return NULL;
	}
}

/* Still the one that was asked? One that has started again never heard of the request. */
static bool
is_the_same(const struct bus_client *c)
{
	pid_t pid = 0;

	return probe(c->endpoint, &pid) == 0 && pid == c->pid;
}

/* How long to listen before looking whether the daemon still runs. */
static usec_t
next_look(usec_t deadline)
{
	return usec_min(deadline, clock_now() + LOOK_AGAIN_MS * USEC_PER_MSEC);
}

static int
no_answer(const struct bus_client *c, char why[256])
{
	pid_t pid;
	bool runs = probe(c->endpoint, &pid) == 0;

	snprintf(why, 256, runs ? "%s runs but does not answer" : "%s stopped while it was asked", c->daemon);
	return runs ? -ETIMEDOUT : -ECONNREFUSED;
}

static void
acknowledge(struct bus_client *c, const Bus__Batch *b)
{
	Bus__Ack a = BUS__ACK__INIT;
	Bus__Frame f = BUS__FRAME__INIT;

	a.subscription = b->subscription;
	a.number = b->number;
	f.kind_case = BUS__FRAME__KIND_ACK;
	f.ack = &a;
	send_frame(c, &f);
}

/* --- a table, read while it may change: the last word on each key counts --- */

struct read_row {
	struct hash_node by_key;
	uint8_t *key;
	size_t key_size;
	ProtobufCMessage *row; /* NULL: gone again */
};

struct reading {
	const struct row_schema *schema;
	uint32_t number; /* of the subscription */
	bool begun, complete;
	struct hash keys;
	struct arena *arena;
};

static void
note_row(struct reading *r, const struct bus_row *packed)
{
	uint8_t key[1024];
	ProtobufCAllocator allocator = bus_allocator(r->arena);
	size_t size = bus_key_of(r->schema, packed->bytes, packed->size, key, sizeof key);

	if (size > sizeof key)
		return;
	uint32_t hash = hash_bytes(key, size, 0);
	struct read_row *found = NULL;
	for (struct hash_node *n = hash_first(&r->keys, hash); n && !found; n = hash_next(n)) {
		struct read_row *candidate = OBJECT(n, struct read_row, by_key);
		if (candidate->key_size == size && memcmp(candidate->key, key, size) == 0)
			found = candidate;
	}
	if (!found) {
		found = arena_take(r->arena, sizeof *found);
		found->key = arena_copy(r->arena, key, size);
		found->key_size = size;
		hash_add(&r->keys, &found->by_key, hash);
	}
	found->row = packed->gone
			 ? NULL
			 : protobuf_c_message_unpack(r->schema->message, &allocator, packed->size, packed->bytes);
}

static void
subscribe(struct bus_client *c, const struct row_schema *schema, uint32_t number)
{
	Bus__Subscribe s = BUS__SUBSCRIBE__INIT;
	Bus__Frame f = BUS__FRAME__INIT;

	s.subscription = number;
	s.table = (char *)(uintptr_t)schema->table;
	s.version = schema->version;
	s.reader = "a command line";
	f.kind_case = BUS__FRAME__KIND_SUBSCRIBE;
	f.subscribe = &s;
	send_frame(c, &f);
}

static uint32_t
table_number(const struct row_schema *schema)
{
	uint32_t i = 0;

	while (schema_tables[i] != schema)
		i++;
	return i + 1;
}

/* Takes one frame towards the table. 1 when that was the end, 0 when more is to come, negative errno. */
static int
read_on(struct bus_client *c, struct reading *r, const Bus__Frame *f, char why[256])
{
	struct bus_row row;

	if (f->kind_case == BUS__FRAME__KIND_REFUSAL && f->refusal->subscription == r->number) {
		snprintf(why, 256, "%s", f->refusal->why);
		return -EPROTO;
	}
	if (f->kind_case != BUS__FRAME__KIND_BATCH)
		return 0;
	const Bus__Batch *b = f->batch;
	acknowledge(c, b);
	if (b->subscription != r->number) {
		c->news |= b->rows.len || b->end_of_snapshot;
		return 0;
	}
	if (b->restart) {
		r->begun = true;
		hash_free(&r->keys);
		hash_init(&r->keys);
	}
	struct wire_reader rows = wire_reader(b->rows.data, b->rows.len);
	while (r->begun && bus_next_row(&rows, &row))
		note_row(r, &row);
	r->complete = b->end_of_snapshot;
	return r->begun && (b->end_of_snapshot || b->caught_up);
}

int
bus_client_rows(struct bus_client *c, const struct row_schema *schema, usec_t wait, struct arena *arena,
    ProtobufCMessage ***ret_rows, size_t *ret_count, bool *ret_complete, char why[256])
{
	struct reading r = { .schema = schema, .arena = arena, .number = table_number(schema) };
	usec_t deadline = clock_now() + wait;
	bool down = false;
	int status = 0;
	pid_t pid;

	hash_init(&r.keys);
	subscribe(c, schema, r.number);
	while (status == 0) {
		Bus__Frame *f = receive(c, next_look(deadline));
		if (f) {
			status = read_on(c, &r, f, why);
		} else if (clock_now() >= deadline) {
			status = no_answer(c, why);
		} else if (probe(c->endpoint, &pid) < 0) {
			down = true;
		} else if (down) { /* it started again, and knows nothing of us */
			subscribe(c, schema, r.number);
			down = false;
		}
	}
	if (status < 0) {
		hash_free(&r.keys);
		return status;
	}
	*ret_complete = r.complete;
	*ret_rows = arena_take(arena, (r.keys.count + 1) * sizeof(ProtobufCMessage *));
	*ret_count = 0;
	hash_each (n, &r.keys) {
		ProtobufCMessage *row = OBJECT(n, struct read_row, by_key)->row;
		if (row)
			(*ret_rows)[(*ret_count)++] = row;
	}
	hash_free(&r.keys);
	return 0;
}

int
bus_client_wait(struct bus_client *c, usec_t wait)
{
	usec_t deadline = clock_now() + wait;

	while (!c->news) {
		Bus__Frame *f = receive(c, deadline);
		if (!f)
			return 0;
		if (f->kind_case != BUS__FRAME__KIND_BATCH)
			continue;
		acknowledge(c, f->batch);
		c->news = f->batch->rows.len || f->batch->end_of_snapshot;
	}
	c->news = false;
	return 1;
}

int
bus_client_request(struct bus_client *c, const char *verb, const void *bytes, size_t size, usec_t wait,
    struct arena *arena, struct bus_answer *ret, char why[256])
{
	Bus__Request r = BUS__REQUEST__INIT;
	Bus__Frame f = BUS__FRAME__INIT;
	usec_t deadline = clock_now() + wait;

	r.number = ++c->next_number;
	r.verb = (char *)(uintptr_t)verb;
	r.body = (ProtobufCBinaryData){ size, (uint8_t *)(uintptr_t)bytes };
	f.kind_case = BUS__FRAME__KIND_REQUEST;
	f.request = &r;
	if (bus__frame__get_packed_size(&f) > BUS_FRAME_MAX) {
		snprintf(why, 256, "%s takes at most %d bytes at once", c->daemon, BUS_FRAME_MAX);
		return -EMSGSIZE;
	}
	send_frame(c, &f);
	for (;;) {
		Bus__Frame *in = receive(c, next_look(deadline));
		if (!in && clock_now() >= deadline)
			return no_answer(c, why);
		if (!in && !is_the_same(c)) {
			snprintf(why, 256, "%s stopped while it was asked", c->daemon);
			return -ECONNREFUSED;
		}
		if (!in)
			continue;
		if (in->kind_case == BUS__FRAME__KIND_BATCH) {
			acknowledge(c, in->batch);
			c->news |= in->batch->rows.len || in->batch->end_of_snapshot;
		}
		if (in->kind_case != BUS__FRAME__KIND_ANSWER || in->answer->number != r.number)
			continue;
		*ret = (struct bus_answer){ .status = (int)in->answer->status,
			.text = arena_text(arena, in->answer->text),
			.bytes = arena_copy(arena, in->answer->body.data, in->answer->body.len),
			.size = in->answer->body.len };
		return 0;
	}
}
