/*
 * The owner's side of the bus: subscriptions as cursors on tables, batches within a window, requests.
 *
 * A subscription belongs to a connection (the identity that the ROUTER socket gave it) and has the
 * reader's own number. Whatever a reader sends that makes no sense costs it that frame and nothing else.
 * A reader that died is found when a frame to it cannot be routed; an idle one by a ping.
 */
#include "base/mem.h"
#include "host/bus_internal.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { IDENTITY_MAX = 64, PING_S = 5, SLICE_BATCHES = 8, ROWS_PER_BATCH = 4096, SUBSCRIPTIONS_MAX = 4096 };

struct identity {
	uint8_t bytes[IDENTITY_MAX];
	size_t size;
};

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
	struct identity reader;
	uint32_t number;
	uint64_t snapshot_serial; /* the table's when it began; past it the snapshot is over */
	uint32_t sent, acked;     /* batch numbers */
	bool ended;               /* end-of-snapshot was sent */
	bool caught_up;           /* that nothing more is there for now was said */
	bool restarted;           /* the next batch begins a new round */
	char name[64];
};

struct handler {
	struct list link;
	char verb[32];
	bus_handler *handle;
	void *ctx;
};

static bool
identity_eq(const struct identity *a, const struct identity *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static void
drop(struct subscription *s)
{
	cursor_close(&s->cursor);
	list_remove(&s->link);
	free(s);
}

/* False when the reader is gone. */
static bool
send_frame(struct bus *b, const struct identity *to, const Bus__Frame *f)
{
	uint8_t *bytes;
	size_t size = bus_pack(f, &b->arena, &bytes);
	int r = zmq_send(b->router.zmq, to->bytes, to->size, ZMQ_SNDMORE | ZMQ_DONTWAIT);

	if (r >= 0)
		r = zmq_send(b->router.zmq, bytes, size, ZMQ_DONTWAIT);
	int error = errno;
	bus_socket_used(&b->router);
	return r >= 0 || error == EAGAIN; /* EAGAIN: its pipe is full; the window makes that a reader that never acks */
}

/* --- batches --- */

static size_t
pack_row(const struct served *v, const struct row *row, struct arena *a, uint8_t **ret)
{
	const ProtobufCMessageDescriptor *d = v->schema->message;
	ProtobufCMessage *m = arena_take(a, d->sizeof_message);

	protobuf_c_message_init(d, m);
	v->table->fill(row, m, a);
	size_t size = protobuf_c_message_get_packed_size(m);
	*ret = arena_take(a, size + 1);
	(*ret)[0] = 'R';
	protobuf_c_message_pack(m, *ret + 1);
	return size + 1;
}

static size_t
pack_key(const void *ctx, const struct row *row, uint8_t *out, size_t room)
{
	const struct served *v = ctx;
	struct arena a;
	uint8_t *packed;

	arena_init(&a);
	size_t size = pack_row(v, row, &a, &packed);
	size = bus_key_of(v->schema, packed + 1, size - 1, out, room);
	arena_free(&a);
	return size;
}

/* Whether the cursor has passed everything that was there when the snapshot began. */
static bool
snapshot_is_over(const struct subscription *s)
{
	return !s->cursor.restart && (!s->cursor.at || s->cursor.at->serial > s->snapshot_serial);
}

static bool
has_news(const struct subscription *s)
{
	if (!cursor_at_end(&s->cursor))
		return true;
	if (s->ended)
		return false;
	return s->served->table->complete || !s->caught_up;
}

/* Sends one batch. False when the reader is gone. */
static bool
send_batch(struct bus *b, struct subscription *s)
{
	ProtobufCBinaryData *rows = arena_take(&b->arena, ROWS_PER_BATCH * sizeof *rows);
	Bus__Batch batch = BUS__BATCH__INIT;
	size_t bytes = 0;

	while (batch.n_rows < ROWS_PER_BATCH && bytes < BUS_BATCH_BYTES) {
		const struct row *row;
		const uint8_t *key;
		size_t key_size;
		if (s->cursor.restart && batch.n_rows)
			break; /* what follows belongs to a new round */
		enum cursor_result r = cursor_read(&s->cursor, &row, &key, &key_size);
		if (r == CURSOR_END)
			break;
		if (r == CURSOR_RESTART) {
			s->restarted = true;
			s->ended = s->caught_up = false;
			s->snapshot_serial = s->served->table->serial;
			continue;
		}
		ProtobufCBinaryData *packed = &rows[batch.n_rows++];
		if (r == CURSOR_ROW) {
			packed->len = pack_row(s->served, row, &b->arena, &packed->data);
		} else {
			packed->data = arena_take(&b->arena, key_size + 1);
			packed->data[0] = 'G';
			memcpy(packed->data + 1, key, key_size);
			packed->len = key_size + 1;
		}
		bytes += packed->len;
	}
	batch.rows = rows;
	batch.subscription = s->number;
	batch.epoch = b->epoch;
	batch.number = ++s->sent;
	batch.restart = s->restarted;
	s->restarted = false;
	if (!s->ended && snapshot_is_over(s)) {
		s->ended = s->served->table->complete;
		s->caught_up = true;
		batch.end_of_snapshot = s->ended;
		batch.caught_up = true;
	}
	Bus__Frame f = BUS__FRAME__INIT;
	f.kind_case = BUS__FRAME__KIND_BATCH;
	f.batch = &batch;
	bool there = send_frame(b, &s->reader, &f);
	arena_reset(&b->arena);
	return there;
}

/* Sends what there is to whom may have it, a slice of it; the rest follows when others had a turn. */
static void
pump(struct bus *b)
{
	unsigned budget = SLICE_BATCHES;
	bool more = false;

	list_each_safe(l, &b->subscriptions)
	{
		struct subscription *s = OBJECT(l, struct subscription, link);
		bool there = true;
		while (there && budget && s->sent - s->acked < BUS_WINDOW && has_news(s)) {
			there = send_batch(b, s);
			budget--;
		}
		if (!there)
			drop(s);
		else if (s->sent - s->acked < BUS_WINDOW && has_news(s))
			more = true;
	}
	/* Fair to all: who was served goes to the end of the queue. */
	if (more && b->subscriptions.next != b->subscriptions.prev) {
		struct list *first = b->subscriptions.next;
		list_remove(first);
		list_append(&b->subscriptions, first);
	}
	sd_event_source_set_enabled(b->bulk, more ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int
on_bulk(sd_event_source *source, void *ctx)
{
	(void)source;
	pump(ctx);
	return 0;
}

void
bus_publish(struct bus *b)
{
	bool dirty = false;

	list_each(l, &b->tables)
	{
		struct served *v = OBJECT(l, struct served, link);
		dirty |= v->table->dirty;
		v->table->dirty = false;
	}
	if (dirty && !list_is_empty(&b->subscriptions))
		pump(b);
}

/* --- what readers send --- */

static struct subscription *
find_subscription(struct bus *b, const struct identity *from, uint32_t number)
{
	list_each(l, &b->subscriptions)
	{
		struct subscription *s = OBJECT(l, struct subscription, link);
		if (s->number == number && identity_eq(&s->reader, from))
			return s;
	}
	return NULL;
}

static struct served *
find_served(struct bus *b, const char *table)
{
	list_each(l, &b->tables)
	{
		struct served *v = OBJECT(l, struct served, link);
		if (strcmp(v->table->name, table) == 0)
			return v;
	}
	return NULL;
}

static void
refuse(struct bus *b, const struct identity *to, uint32_t subscription, const char *why)
{
	Bus__Refusal r = BUS__REFUSAL__INIT;
	Bus__Frame f = BUS__FRAME__INIT;

	r.subscription = subscription;
	r.why = (char *)(uintptr_t)why;
	f.kind_case = BUS__FRAME__KIND_REFUSAL;
	f.refusal = &r;
	send_frame(b, to, &f);
}

static void
on_subscribe(struct bus *b, const struct identity *from, const Bus__Subscribe *m)
{
	struct served *v = find_served(b, m->table);
	struct subscription *old = find_subscription(b, from, m->subscription);
	size_t count = 0;
	char why[300];

	list_each(l, &b->subscriptions)
	{
		count++;
	}
	if (!v || v->schema->version != m->version || count >= SUBSCRIPTIONS_MAX) {
		if (!v)
			snprintf(why, sizeof why, "%s does not own the table %.60s that %.60s asks for", b->daemon, m->table, m->reader);
		else if (v->schema->version != m->version)
			snprintf(why, sizeof why, "%.60s speaks version %08x of %.60s, %s speaks %08x: install both from one build", m->reader,
			    m->version, m->table, b->daemon, v->schema->version);
		else
			snprintf(why, sizeof why, "%s serves %zu readers already", b->daemon, count);
		log_limited(&b->bad_frames, LOG_LINE_ERROR, "bus: %s", why);
		refuse(b, from, m->subscription, why);
		return;
	}
	if (old)
		drop(old);
	struct subscription *s = NEW(struct subscription);
	s->served = v;
	s->reader = *from;
	s->number = m->subscription;
	s->snapshot_serial = v->table->serial;
	s->restarted = true; /* the first batch begins a round */
	snprintf(s->name, sizeof s->name, "%s", m->reader);
	cursor_open(&s->cursor, v->table);
	list_append(&b->subscriptions, &s->link);
	pump(b);
}

static void
on_ack(struct bus *b, const struct identity *from, const Bus__Ack *m)
{
	struct subscription *s = find_subscription(b, from, m->subscription);

	/* Only what was sent can be acknowledged, and only forwards. */
	if (!s || m->number - s->acked > s->sent - s->acked)
		return;
	s->acked = m->number;
	pump(b);
}

static void
on_request(struct bus *b, const struct identity *from, const Bus__Request *m)
{
	struct arena arena;
	struct bus_answer answer = { .status = ENOSYS };
	char unknown[128];

	arena_init(&arena);
	snprintf(unknown, sizeof unknown, "%s knows no operation `%.60s`", b->daemon, m->verb);
	answer.text = unknown;
	list_each(l, &b->handlers)
	{
		struct handler *h = OBJECT(l, struct handler, link);
		if (strcmp(h->verb, m->verb) == 0) {
			answer = (struct bus_answer){ 0 };
			h->handle(h->ctx, m->verb, m->body.data, m->body.len, &answer, &arena);
			break;
		}
	}
	Bus__Answer a = BUS__ANSWER__INIT;
	Bus__Frame f = BUS__FRAME__INIT;
	a.number = m->number;
	a.status = (uint32_t)answer.status;
	if (answer.text)
		a.text = (char *)(uintptr_t)answer.text;
	a.body = (ProtobufCBinaryData){ answer.size, (uint8_t *)(uintptr_t)answer.bytes };
	f.kind_case = BUS__FRAME__KIND_ANSWER;
	f.answer = &a;
	send_frame(b, from, &f);
	arena_free(&arena);
}

static void
on_frame(struct bus *b, const struct identity *from, const void *bytes, size_t size)
{
	/* The frame outlives the batches that it may set off, so it has an arena of its own. */
	struct arena arena;

	arena_init(&arena);
	Bus__Frame *f = bus_unpack(bytes, size, &arena);
	switch (f ? f->kind_case : BUS__FRAME__KIND__NOT_SET) {
	case BUS__FRAME__KIND_SUBSCRIBE: on_subscribe(b, from, f->subscribe); break;
	case BUS__FRAME__KIND_ACK: on_ack(b, from, f->ack); break;
	case BUS__FRAME__KIND_REQUEST: on_request(b, from, f->request); break;
	default: log_limited(&b->bad_frames, LOG_LINE_WARNING, "bus: a reader sent %zu bytes that are no frame; ignored", size);
	}
	arena_free(&arena);
	arena_reset(&b->arena);
}

/* One message: the reader's identity, then exactly one frame. */
static bool
read_message(void *ctx)
{
	struct bus *b = ctx;
	struct identity from = { .size = 0 };
	unsigned parts = 0;
	bool more = true;

	for (; more; parts++) {
		zmq_msg_t part;
		zmq_msg_init(&part);
		if (zmq_msg_recv(&part, b->router.zmq, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(&part);
			return false;
		}
		more = zmq_msg_more(&part);
		size_t size = zmq_msg_size(&part);
		if (parts == 0 && size <= IDENTITY_MAX) {
			memcpy(from.bytes, zmq_msg_data(&part), size);
			from.size = size;
		} else if (parts == 1 && !more && from.size) {
			on_frame(b, &from, zmq_msg_data(&part), size);
		}
		zmq_msg_close(&part);
	}
	if (parts != 2)
		log_limited(&b->bad_frames, LOG_LINE_WARNING, "bus: a reader sent a message of %u parts; ignored", parts);
	return true;
}

static int
on_ping(sd_event_source *source, uint64_t at, void *ctx)
{
	struct bus *b = ctx;

	(void)at;
	list_each_safe(l, &b->subscriptions)
	{
		struct subscription *s = OBJECT(l, struct subscription, link);
		if (!send_frame(b, &s->reader, &(Bus__Frame)BUS__FRAME__INIT))
			drop(s);
	}
	arena_reset(&b->arena);
	sd_event_source_set_time_relative(source, PING_S * USEC_PER_SEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

/* --- start and stop --- */

int
bus_owner_start(struct bus *b)
{
	char endpoint[128];
	void *router = zmq_socket(b->zmq, ZMQ_ROUTER);
	const int mandatory = 1, linger = 0, unlimited = 0;
	const int64_t frame_max = BUS_FRAME_MAX;

	if (!router)
		return -errno;
	zmq_setsockopt(router, ZMQ_ROUTER_MANDATORY, &mandatory, sizeof mandatory);
	zmq_setsockopt(router, ZMQ_LINGER, &linger, sizeof linger);
	zmq_setsockopt(router, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max);
	zmq_setsockopt(router, ZMQ_SNDHWM, &unlimited, sizeof unlimited); /* our own window bounds it */
	if (!bus_endpoint(host_run_dir(b->host), b->daemon, endpoint)) {
		zmq_close(router);
		return -ENAMETOOLONG;
	}
	if (zmq_bind(router, endpoint) != 0) {
		int error = errno;
		zmq_close(router);
		return -error;
	}
	int r = bus_socket_open(&b->router, host_loop(b->host), router, read_message, NULL, b);
	if (r >= 0)
		r = sd_event_add_defer(host_loop(b->host), &b->bulk, on_bulk, b);
	if (r >= 0)
		r = sd_event_add_time_relative(host_loop(b->host), &b->ping, CLOCK_MONOTONIC, PING_S * USEC_PER_SEC, 0, on_ping, b);
	if (r < 0)
		return r;
	sd_event_source_set_enabled(b->bulk, SD_EVENT_OFF);
	sd_event_source_set_priority(b->bulk, HOST_BULK);
	return 0;
}

void
bus_owner_stop(struct bus *b)
{
	list_each_safe(l, &b->subscriptions)
	{
		drop(OBJECT(l, struct subscription, link));
	}
	list_each_safe(v, &b->tables)
	{
		struct served *served = OBJECT(v, struct served, link);
		served->table->pack_key = NULL;
		free(served);
	}
	list_each_safe(h, &b->handlers)
	{
		free(OBJECT(h, struct handler, link));
	}
	b->bulk = sd_event_source_disable_unref(b->bulk);
	b->ping = sd_event_source_disable_unref(b->ping);
	bus_socket_close(&b->router);
}

void
bus_serve(struct bus *b, struct table *table)
{
	struct served *v = NEW(struct served);

	v->table = table;
	v->schema = schema_find(table->name);
	v->bus = b;
	assert(v->schema);
	table->pack_key = pack_key;
	table->pack_ctx = v;
	list_append(&b->tables, &v->link);
}

void
bus_on_request(struct bus *b, const char *verb, bus_handler *handle, void *ctx)
{
	struct handler *h = NEW(struct handler);

	snprintf(h->verb, sizeof h->verb, "%s", verb);
	h->handle = handle;
	h->ctx = ctx;
	list_append(&b->handlers, &h->link);
}

size_t
bus_subscription_count(const struct bus *b)
{
	size_t n = 0;

	list_each(l, (struct list *)(uintptr_t)&b->subscriptions)
	{
		n++;
	}
	return n;
}
