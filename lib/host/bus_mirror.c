/*
 * The reader's side of the bus: one DEALER socket per mirror.
 *
 * The connection's state comes from ZeroMQ's own socket monitor: a UNIX socket breaks the instant its
 * owner dies, so no heartbeat is needed and none can give a false alarm. After each loss the socket is
 * thrown away; a fresh one has a fresh identity, so no frame of an earlier connection can be mistaken
 * for one of this.
 *
 * A connection that broke is tried again after 20 ms, and later each time up to half a second, until a
 * snapshot was read to its end. A refusal stands until one of the sides is replaced, so it is tried again
 * slowly.
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

enum { RECONNECT_MS = 20, RECONNECT_MAX_MS = 500, REFUSED_MS = 5000, SUBSCRIPTION = 1 };

struct mirror {
	struct list link; /* of the bus; first, see bus_close() */
	struct bus *bus;
	const struct row_schema *schema;
	struct mirror_ops ops;
	void *ctx;
	char endpoint[128];
	struct bus_socket socket, monitor; /* closed between a loss and the next try */
	bool reading;                      /* this connection has begun a snapshot */
	bool synced;                       /* and come to its end */
	const char *owner;                 /* a daemon */
	bool more;                         /* what was read is the beginning of a change whose rest follows */
	bool away;                         /* that the owner is gone was said, and not yet that it is back */
	uint64_t epoch;                    /* of the owner of this connection */
	uint32_t last_batch;
	uint32_t round;
	unsigned retry_ms;      /* the next wait for a fresh socket */
	sd_event_source *fresh; /* opens it */
	sd_event_source *hold;  /* the owner's rows are kept until then */
	char refusal[300];      /* logged last */
	struct arena arena;     /* of the frame in hand */
	struct arena row;       /* of the row in hand */
};

static int open_socket(struct mirror *m);

static void
send_frame(struct mirror *m, const Bus__Frame *f)
{
	bus_send(m->socket.zmq, f); /* it fails only on a connection whose loss will be told */
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
	m->last_batch = 0;
	send_frame(m, &f);
}

static void
settled(void *ctx)
{
	struct mirror *m = ctx;

	if (m->ops.settled && !m->more)
		m->ops.settled(m->ctx);
}

/* --- losing the owner --- */

static void
alarm_in(sd_event_source *source, usec_t span)
{
	sd_event_source_set_time_relative(source, span);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static bool
is_armed(sd_event_source *source)
{
	return sd_event_source_get_enabled(source, NULL) > 0;
}

static void
hold_rows(struct mirror *m)
{
	/* From the first loss on: an owner that comes and goes without ever finishing its snapshot counts as away. */
	if (!is_armed(m->hold))
		alarm_in(m->hold, m->bus->hold_override_ms ? m->bus->hold_override_ms * USEC_PER_MSEC
							   : m->schema->hold_s * USEC_PER_SEC);
}

static int
on_hold_over(sd_event_source *source, uint64_t at, void *ctx)
{
	struct mirror *m = ctx;

	(void)source;
	(void)at;
	/* An owner that is there and still recovering will say itself what is gone. */
	if (m->reading)
		return 0;
	log_line(LOG_LINE_WARNING, "%s stays away: its rows in %s are dropped", m->owner, m->schema->table);
	m->round++;
	m->ops.synced(m->ctx, m->schema, m->round);
	settled(m);
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

/* The connection is over. Also from within a read of either socket. */
static void
lost(struct mirror *m)
{
	bool had_rows = m->reading;

	close_sockets(m);
	m->reading = m->synced = m->more = false;
	alarm_in(m->fresh, m->retry_ms * USEC_PER_MSEC);
	m->retry_ms = m->retry_ms * 2 < RECONNECT_MAX_MS ? m->retry_ms * 2 : RECONNECT_MAX_MS;
	hold_rows(m);
	if (!had_rows)
		return; /* nothing came since the last loss */
	log_line(LOG_LINE_NOTICE, "%s is away: its rows in %s are kept", m->owner, m->schema->table);
	m->away = true;
	if (m->ops.lost)
		m->ops.lost(m->ctx, m->schema);
	settled(m);
}

/* --- what arrives --- */

static void
on_row(struct mirror *m, const struct bus_row *r)
{
	ProtobufCAllocator allocator = bus_allocator(&m->row);
	ProtobufCMessage *row = protobuf_c_message_unpack(m->schema->message, &allocator, r->size, r->bytes);

	if (row)
		m->ops.row(m->ctx, m->schema, row, r->gone, m->round);
	else
		log_limited(&m->bus->bad_frames, LOG_LINE_ERROR, "bus: a row of %s cannot be read", m->schema->table);
	arena_reset(&m->row);
}

static void
on_end_of_snapshot(struct mirror *m)
{
	m->synced = true;
	m->retry_ms = RECONNECT_MS;
	m->refusal[0] = '\0';
	sd_event_source_set_enabled(m->hold, SD_EVENT_OFF);
	if (m->away)
		log_line(LOG_LINE_NOTICE, "%s is back: its rows in %s are read again", m->owner, m->schema->table);
	m->away = false;
	m->ops.synced(m->ctx, m->schema, m->round);
}

/* Whether a batch continues what was read so far. A gap would be rows lost without anybody knowing. */
static bool
batch_fits(const struct mirror *m, const Bus__Batch *b)
{
	if (b->number != m->last_batch + 1)
		return false;
	return m->reading ? b->epoch == m->epoch : b->restart;
}

static void
on_batch(struct mirror *m, const Bus__Batch *b)
{
	struct wire_reader rows = wire_reader(b->rows.data, b->rows.len);
	struct bus_row row;

	if (b->subscription != SUBSCRIPTION)
		return;
	if (!batch_fits(m, b)) {
		log_limited(&m->bus->bad_frames, LOG_LINE_ERROR,
		    "bus: batch %u of %s does not follow what was read: reading the table anew", b->number,
		    m->schema->table);
		lost(m);
		return;
	}
	m->last_batch = b->number;
	m->more = b->more;
	m->reading = true;
	m->epoch = b->epoch;
	if (b->restart) {
		m->round++;
		m->synced = false;
	}
	while (bus_next_row(&rows, &row))
		on_row(m, &row);
	if (!wire_done(&rows))
		log_limited(&m->bus->bad_frames, LOG_LINE_ERROR, "bus: a batch of %s cannot be read to its end",
		    m->schema->table);
	Bus__Ack a = BUS__ACK__INIT;
	Bus__Frame f = BUS__FRAME__INIT;
	a.subscription = b->subscription;
	a.number = b->number;
	f.kind_case = BUS__FRAME__KIND_ACK;
	f.ack = &a;
	send_frame(m, &f);
	if (b->end_of_snapshot)
		on_end_of_snapshot(m);
}

static void
on_refusal(struct mirror *m, const char *text)
{
	char why[sizeof m->refusal];

	bus_printable(text, why, sizeof why);
	if (strcmp(why, m->refusal) != 0) {
		log_line(LOG_LINE_ERROR, "bus: %s", why);
		memcpy(m->refusal, why, sizeof why);
		if (m->ops.refused)
			m->ops.refused(m->ctx, m->schema, why);
	}
	alarm_in(m->fresh, REFUSED_MS * USEC_PER_MSEC);
}

static bool
read_message(void *ctx)
{
	struct mirror *m = ctx;
	zmq_msg_t part;

	if (!m->socket.zmq)
		return false;
	zmq_msg_init(&part);
	if (zmq_msg_recv(&part, m->socket.zmq, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&part);
		return false;
	}
	Bus__Frame *f = bus_unpack(zmq_msg_data(&part), zmq_msg_size(&part), &m->arena);
	if (f && f->kind_case == BUS__FRAME__KIND_BATCH)
		on_batch(m, f->batch);
	else if (f && f->kind_case == BUS__FRAME__KIND_REFUSAL)
		on_refusal(m, f->refusal->why);
	zmq_msg_close(&part);
	arena_reset(&m->arena);
	return true;
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
	if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
		subscribe(m);
	} else if (event == ZMQ_EVENT_DISCONNECTED) {
		/* What the owner said last may still wait in our socket. */
		while (read_message(m))
			;
		if (m->socket.zmq)
			lost(m);
	}
	return true;
}

static int
on_fresh(sd_event_source *source, uint64_t at, void *ctx)
{
	struct mirror *m = ctx;

	(void)source;
	(void)at;
	int r = open_socket(m);
	if (r < 0) {
		log_line(LOG_LINE_ERROR, "bus: cannot connect to %s: %s", m->owner, strerror(-r));
		close_sockets(m);
		alarm_in(m->fresh, REFUSED_MS * USEC_PER_MSEC);
	}
	return 0;
}

static int
open_socket(struct mirror *m)
{
	const int linger = 0, first = RECONNECT_MS, last = RECONNECT_MAX_MS, unlimited = 0;
	const int64_t frame_max = BUS_FRAME_MAX;
	char monitor[64];

	close_sockets(m);
	m->reading = m->synced = m->more = false;
	void *dealer = zmq_socket(m->bus->zmq, ZMQ_DEALER), *pair = zmq_socket(m->bus->zmq, ZMQ_PAIR);
	if (!dealer || !pair) {
		int error = errno;
		if (dealer)
			zmq_close(dealer);
		if (pair)
			zmq_close(pair);
		return -error;
	}
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
	return mirror_open_from(b, schema->owner, schema, ops, ctx);
}

struct mirror *
mirror_open_from(
    struct bus *b, const char *daemon, const struct row_schema *schema, const struct mirror_ops *ops, void *ctx)
{
	struct mirror *m = NEW(struct mirror);
	sd_event *loop = host_loop(b->host);

	m->bus = b;
	m->schema = schema;
	m->owner = daemon;
	m->ops = *ops;
	m->ctx = ctx;
	m->retry_ms = RECONNECT_MS;
	arena_init(&m->arena);
	arena_init(&m->row);
	list_append(&b->mirrors, &m->link);
	bool fits = bus_endpoint(host_run_dir(b->host), daemon, m->endpoint);
	int r =
	    fits ? sd_event_add_time_relative(loop, &m->fresh, CLOCK_MONOTONIC, 0, 1000, on_fresh, m) : -ENAMETOOLONG;
	if (r >= 0)
		r = sd_event_add_time_relative(loop, &m->hold, CLOCK_MONOTONIC, 0, 1000, on_hold_over, m);
	if (r >= 0) {
		sd_event_source_set_enabled(m->fresh, SD_EVENT_OFF);
		sd_event_source_set_enabled(m->hold, SD_EVENT_OFF);
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
	arena_free(&m->row);
	free(m);
}

void
mirror_again(struct mirror *m)
{
	close_sockets(m);
	m->reading = m->synced = m->more = false;
	m->round++;
	alarm_in(m->fresh, 0);
}

bool
mirror_is_synced(const struct mirror *m)
{
	return m->synced;
}
