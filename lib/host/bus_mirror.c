/*
 * The reader's side of the bus: one DEALER socket per mirror.
 *
 * The connection's state comes from ZeroMQ's own socket monitor: a UNIX socket breaks the instant its
 * owner dies, so no heartbeat is needed and none can give a false alarm. After each loss the socket is
 * thrown away; a fresh one has a fresh identity, so no frame of an earlier connection can be mistaken
 * for one of this.
 *
 * Rounds: every snapshot (a new connection, or a restart within one) has the next number. The consumer
 * marks what it sees with the round and drops the rest when told `synced`.
 */
#include "base/mem.h"
#include "host/bus_internal.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { RECONNECT_MS = 20, RECONNECT_MAX_MS = 500, SUBSCRIPTION = 1 };

struct mirror {
	struct list link; /* of the bus; first, see bus_close() */
	struct bus *bus;
	const struct row_schema *schema;
	struct mirror_ops ops;
	void *ctx;
	char endpoint[128];
	struct bus_socket socket, monitor;
	bool connected, synced, told_lost;
	bool reopen; /* the connection broke: take a fresh socket as soon as nobody is using this one */
	sd_event_source *fresh; /* opens it */
	sd_event_source *hold;  /* the owner's rows are kept until then */
	uint32_t round;
	struct arena arena;
};

static int open_socket(struct mirror *m);

static void
send_frame(struct mirror *m, const Bus__Frame *f)
{
	uint8_t *bytes;
	size_t size = bus_pack(f, &m->arena, &bytes);

	zmq_send(m->socket.zmq, bytes, size, ZMQ_DONTWAIT);
	bus_socket_used(&m->socket);
}

static void
subscribe(struct mirror *m)
{
	Bus__Subscribe s = BUS__SUBSCRIBE__INIT;
	Bus__Frame f = BUS__FRAME__INIT;

	s.subscription = SUBSCRIPTION;
	s.table = (char *)(uintptr_t)m->schema->table;
	s.version = m->schema->version;
	s.reader = m->bus->daemon;
	f.kind_case = BUS__FRAME__KIND_SUBSCRIBE;
	f.subscribe = &s;
	send_frame(m, &f);
	arena_reset(&m->arena);
}

/* --- hold time --- */

static int
on_hold_over(sd_event_source *source, uint64_t at, void *ctx)
{
	struct mirror *m = ctx;

	(void)source;
	(void)at;
	if (m->synced)
		return 0;
	log_line(LOG_LINE_WARNING, "%s stays away: its rows in %s are dropped", m->schema->owner, m->schema->table);
	m->round++;
	m->ops.synced(m->ctx, m->schema, m->round);
	if (m->ops.settled)
		m->ops.settled(m->ctx);
	return 0;
}

static void
hold_rows(struct mirror *m)
{
	usec_t span = m->bus->hold_override_ms ? m->bus->hold_override_ms * USEC_PER_MSEC : m->schema->hold_s * USEC_PER_SEC;

	sd_event_source_set_time_relative(m->hold, span);
	sd_event_source_set_enabled(m->hold, SD_EVENT_ONESHOT);
}

static void
lost(struct mirror *m)
{
	bool was_connected = m->connected;

	m->connected = false;
	m->reopen = true;
	sd_event_source_set_enabled(m->fresh, SD_EVENT_ONESHOT);
	if (!was_connected)
		return;
	if (m->synced)
		hold_rows(m);
	m->synced = false;
	if (!m->told_lost) {
		m->told_lost = true;
		log_line(LOG_LINE_NOTICE, "%s is away: its rows in %s are kept", m->schema->owner, m->schema->table);
		if (m->ops.lost)
			m->ops.lost(m->ctx, m->schema);
		if (m->ops.settled)
			m->ops.settled(m->ctx);
	}
}

/* --- what arrives --- */

static void
on_row(struct mirror *m, const ProtobufCBinaryData *packed)
{
	ProtobufCAllocator allocator = bus_allocator(&m->arena);

	if (packed->len < 1 || (packed->data[0] != 'R' && packed->data[0] != 'G'))
		return;
	ProtobufCMessage *row =
	    protobuf_c_message_unpack(m->schema->message, &allocator, packed->len - 1, packed->data + 1);
	if (row)
		m->ops.row(m->ctx, m->schema, row, packed->data[0] == 'G', m->round);
	else
		log_limited(&m->bus->bad_frames, LOG_LINE_ERROR, "bus: a row of %s cannot be read", m->schema->table);
}

static void
on_batch(struct mirror *m, const Bus__Batch *b)
{
	if (b->subscription != SUBSCRIPTION)
		return;
	if (b->restart) {
		m->round++;
		m->synced = false;
		m->told_lost = false;
	}
	for (size_t i = 0; i < b->n_rows; i++)
		on_row(m, &b->rows[i]);
	Bus__Ack a = BUS__ACK__INIT;
	Bus__Frame f = BUS__FRAME__INIT;
	a.subscription = b->subscription;
	a.number = b->number;
	f.kind_case = BUS__FRAME__KIND_ACK;
	f.ack = &a;
	send_frame(m, &f);
	if (b->end_of_snapshot) {
		m->synced = true;
		sd_event_source_set_enabled(m->hold, SD_EVENT_OFF);
		m->ops.synced(m->ctx, m->schema, m->round);
	}
}

static bool
read_message(void *ctx)
{
	struct mirror *m = ctx;
	zmq_msg_t part;

	zmq_msg_init(&part);
	if (zmq_msg_recv(&part, m->socket.zmq, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&part);
		return false;
	}
	Bus__Frame *f = bus_unpack(zmq_msg_data(&part), zmq_msg_size(&part), &m->arena);
	if (f && f->kind_case == BUS__FRAME__KIND_BATCH) {
		on_batch(m, f->batch);
	} else if (f && f->kind_case == BUS__FRAME__KIND_REFUSAL) {
		log_line(LOG_LINE_ERROR, "bus: %s", f->refusal->why);
		if (m->ops.refused)
			m->ops.refused(m->ctx, m->schema, f->refusal->why);
	}
	zmq_msg_close(&part);
	arena_reset(&m->arena);
	return true;
}

static void
settled(void *ctx)
{
	struct mirror *m = ctx;

	if (m->ops.settled)
		m->ops.settled(m->ctx);
}

/* --- the connection's life --- */

static bool
read_monitor(void *ctx)
{
	struct mirror *m = ctx;
	zmq_msg_t part;
	uint16_t event = 0;
	bool more = true;

	for (unsigned i = 0; more; i++) { /* event and value, then the endpoint */
		zmq_msg_init(&part);
		if (zmq_msg_recv(&part, m->monitor.zmq, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(&part);
			return false;
		}
		if (i == 0 && zmq_msg_size(&part) >= sizeof event)
			memcpy(&event, zmq_msg_data(&part), sizeof event);
		more = zmq_msg_more(&part);
		zmq_msg_close(&part);
	}
	if (m->reopen)
		return true; /* of a socket that is on its way out */
	if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
		m->connected = true;
		subscribe(m);
	} else if (event == ZMQ_EVENT_DISCONNECTED) {
		/* What the owner said last may still wait in our socket. */
		while (read_message(m))
			;
		settled(m);
		lost(m);
	}
	return true;
}

static int
on_fresh(sd_event_source *source, void *ctx)
{
	struct mirror *m = ctx;

	(void)source;
	int r = open_socket(m);
	if (r < 0)
		log_line(LOG_LINE_ERROR, "bus: cannot connect to %s: %s", m->schema->owner, strerror(-r));
	return 0;
}

static void
close_sockets(struct mirror *m)
{
	if (m->socket.zmq)
		zmq_socket_monitor(m->socket.zmq, NULL, 0);
	bus_socket_close(&m->monitor);
	bus_socket_close(&m->socket);
}

static int
open_socket(struct mirror *m)
{
	const int linger = 0, first = RECONNECT_MS, last = RECONNECT_MAX_MS, unlimited = 0;
	const int64_t frame_max = BUS_FRAME_MAX;
	char monitor[64];

	close_sockets(m);
	m->reopen = false;
	void *dealer = zmq_socket(m->bus->zmq, ZMQ_DEALER), *pair = zmq_socket(m->bus->zmq, ZMQ_PAIR);
	if (!dealer || !pair)
		return -errno;
	zmq_setsockopt(dealer, ZMQ_LINGER, &linger, sizeof linger);
	zmq_setsockopt(pair, ZMQ_LINGER, &linger, sizeof linger);
	zmq_setsockopt(dealer, ZMQ_RECONNECT_IVL, &first, sizeof first);
	zmq_setsockopt(dealer, ZMQ_RECONNECT_IVL_MAX, &last, sizeof last);
	zmq_setsockopt(dealer, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max);
	zmq_setsockopt(dealer, ZMQ_RCVHWM, &unlimited, sizeof unlimited); /* the owner's window bounds it */
	snprintf(monitor, sizeof monitor, "inproc://monitor-%u", m->bus->next_monitor++);
	sd_event *loop = host_loop(m->bus->host);
	int r = 0;
	if (zmq_socket_monitor(dealer, monitor, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) != 0 ||
	    zmq_connect(pair, monitor) != 0 || zmq_connect(dealer, m->endpoint) != 0)
		r = -errno;
	/* The monitor first: on the way in the owner's words follow the handshake, on the way out they precede the loss. */
	int opened = bus_socket_open(&m->monitor, loop, pair, read_monitor, NULL, m);
	if (r == 0)
		r = opened;
	opened = bus_socket_open(&m->socket, loop, dealer, read_message, settled, m);
	return r == 0 ? opened : r;
}

struct mirror *
mirror_open(struct bus *b, const struct row_schema *schema, const struct mirror_ops *ops, void *ctx)
{
	struct mirror *m = NEW(struct mirror);
	sd_event *loop = host_loop(b->host);

	m->bus = b;
	m->schema = schema;
	m->ops = *ops;
	m->ctx = ctx;
	arena_init(&m->arena);
	list_append(&b->mirrors, &m->link);
	bool fits = bus_endpoint(host_run_dir(b->host), schema->owner, m->endpoint);
	int r = fits ? sd_event_add_defer(loop, &m->fresh, on_fresh, m) : -ENAMETOOLONG;
	if (r >= 0)
		r = sd_event_add_time_relative(loop, &m->hold, CLOCK_MONOTONIC, 0, 0, on_hold_over, m);
	if (r >= 0) {
		sd_event_source_set_enabled(m->fresh, SD_EVENT_OFF);
		hold_rows(m); /* an owner that never comes counts as one that left now */
		r = open_socket(m);
	}
	if (r < 0) {
		log_line(LOG_LINE_ERROR, "bus: cannot follow %s: %s", schema->table, strerror(-r));
		mirror_close(m);
		return NULL;
	}
	return m;
}

void
mirror_close(struct mirror *m)
{
	if (!m)
		return;
	close_sockets(m);
	sd_event_source_disable_unref(m->fresh);
	sd_event_source_disable_unref(m->hold);
	list_remove(&m->link);
	arena_free(&m->arena);
	free(m);
}

bool
mirror_is_synced(const struct mirror *m)
{
	return m->synced;
}
