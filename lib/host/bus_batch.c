/*
 * What an owner sends: rows gathered into batches, and who gets the next one.
 *
 * A subscription is a cursor on its table. It is live once it has come to the end of the list in its
 * round; before that it reads a snapshot. Live readers are served at once when something changes: what
 * they get is small and may be a link that went down. What does not fit into one batch goes on in the
 * next ones, as many as the window has room for, and all but the last say so: a reader that made
 * something of each by itself would begin with parts of a change, while the rest is under way.
 * Snapshots and what is longer go out in slices of a millisecond, at low priority, so that packets are
 * served in between.
 *
 * The end of a snapshot is where the cursor has come to the end of the list. The table's serial at the
 * time of subscribing would be too early a mark: a row that was there then and changed since has moved
 * behind that mark, and the reader would sweep it as one that did not come back.
 */
#include "base/mem.h"
#include "host/bus_internal.h"
#include <errno.h>

enum { SLICE_US = 1000 };

/* --- gathering --- */

static uint8_t *
room_for(struct bus *b, size_t used, size_t size)
{
	if (b->batch_room - used < size) {
		b->batch_room = used + size > 2 * BUS_BATCH_BYTES ? used + size : 2 * BUS_BATCH_BYTES;
		b->batch = mem_resize(b->batch, b->batch_room);
	}
	return b->batch + used;
}

static struct wire_writer
begin_row(struct bus *b, size_t used, uint8_t kind, size_t size)
{
	struct wire_writer w = wire_writer(room_for(b, used, BUS_ROW_HEAD + size), BUS_ROW_HEAD + size);

	wire_put_u8(&w, kind);
	wire_put_u24(&w, (uint32_t)size);
	return w;
}

static ProtobufCMessage *
filled(const struct served *v, const struct row *row, struct arena *a)
{
	ProtobufCMessage *m = arena_take(a, v->schema->message->sizeof_message);

	protobuf_c_message_init(v->schema->message, m);
	v->table->fill(row, m, a);
	return m;
}

/* Straight from the owner's object into the batch. Returns how much it added. */
static size_t
gather_row(struct bus *b, size_t used, const struct served *v, const struct row *row)
{
	ProtobufCMessage *m = filled(v, row, &b->arena);
	size_t size = protobuf_c_message_get_packed_size(m), added = 0;

	if (size <= BUS_ROW_MAX) {
		struct wire_writer w = begin_row(b, used, BUS_ROW, size);
		added = w.at + protobuf_c_message_pack(m, w.base + w.at);
	} else {
		log_limited(&b->bad_rows, LOG_LINE_ERROR,
		    "bus: a row of %s has %zu bytes, more than %d: its readers do not get it", v->table->name, size,
		    BUS_ROW_MAX);
	}
	arena_reset(&b->arena);
	return added;
}

static size_t
gather_gone(struct bus *b, size_t used, const uint8_t *key, size_t size)
{
	struct wire_writer w = begin_row(b, used, BUS_GONE, size);

	wire_put_bytes(&w, key, size);
	return w.at;
}

size_t
bus_pack_key(const void *ctx, const struct row *row, uint8_t *out, size_t room)
{
	const struct served *v = ctx;
	struct arena *a = &v->bus->arena;
	ProtobufCMessage *m = filled(v, row, a);
	uint8_t *packed = arena_take(a, protobuf_c_message_get_packed_size(m));
	size_t size = protobuf_c_message_pack(m, packed);

	size = bus_key_of(v->schema, packed, size, out, room);
	arena_reset(a);
	return size;
}

static size_t
gather(struct bus *b, struct subscription *s)
{
	size_t used = 0;

	while (used < BUS_BATCH_BYTES) {
		const struct row *row;
		const uint8_t *key;
		size_t key_size;
		if (s->cursor.restart && used)
			break; /* what follows belongs to a new round */
		switch (cursor_read(&s->cursor, &row, &key, &key_size)) {
		case CURSOR_END: return used;
		case CURSOR_ROW: used += gather_row(b, used, s->served, row); break;
		case CURSOR_GONE: used += gather_gone(b, used, key, key_size); break;
		case CURSOR_RESTART:
			s->restarted = true;
			s->ended = s->caught_up = false;
			break;
		}
	}
	return used;
}

/* --- sending --- */

static bool
has_news(const struct subscription *s)
{
	if (!cursor_at_end(&s->cursor))
		return true;
	if (s->ended)
		return false;
	return s->served->table->complete || !s->caught_up;
}

static bool
may_send(const struct subscription *s)
{
	return !s->stalled && s->sent - s->acked < BUS_WINDOW && has_news(s);
}

/* The envelope goes first: a reader whose pipe is full must not cost rows that were read off its cursor. Says whether the
 * next one is to follow at once, which is only so when `live`. */
static bool
send_batch(struct bus *b, struct subscription *s, bool live)
{
	Bus__Batch batch = BUS__BATCH__INIT;
	Bus__Frame f = BUS__FRAME__INIT;
	int r = bus_address(b, &s->reader);

	if (r == -EAGAIN) {
		s->stalled = true;
		return false;
	}
	if (r < 0) {
		log_line(LOG_LINE_DEBUG, "bus: %s, a reader of %s, is gone", s->name, s->served->table->name);
		bus_subscription_drop(s);
		return false;
	}
	batch.rows.len = gather(b, s);
	batch.rows.data = b->batch;
	batch.subscription = s->number;
	batch.epoch = b->epoch;
	batch.number = ++s->sent;
	batch.restart = s->restarted;
	s->restarted = false;
	if (cursor_at_end(&s->cursor)) {
		batch.end_of_snapshot = !s->ended && s->served->table->complete;
		batch.caught_up = !s->ended;
		s->ended |= batch.end_of_snapshot;
		s->caught_up = true;
	} else {
		batch.more = live && s->sent - s->acked < BUS_WINDOW;
	}
	f.kind_case = BUS__FRAME__KIND_BATCH;
	f.batch = &batch;
	bus_send(b->router.zmq, &f);
	bus_socket_used(&b->router);
	return batch.more;
}

/* One batch for each that may have one, live readers or the others, until the time is over. At least one is sent
 * if there is any. Says whether. */
static bool
serve_each(struct bus *b, bool live, usec_t until)
{
	bool any = false;

	list_each_safe (l, &b->subscriptions) {
		struct subscription *s = OBJECT(l, struct subscription, link);
		if (s->caught_up != live || !may_send(s))
			continue;
		send_batch(b, s, false);
		any = true;
		if (host_now(b->host) >= until)
			break;
	}
	return any;
}

static bool
is_anything_left(const struct bus *b)
{
	for (const struct list *l = b->subscriptions.next; l != &b->subscriptions; l = l->next)
		if (may_send(CONST_OBJECT(l, struct subscription, link)))
			return true;
	return false;
}

void
bus_pump_later(struct bus *b)
{
	sd_event_source_set_enabled(b->bulk, is_anything_left(b) ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

void
bus_pump_live(struct bus *b)
{
	list_each_safe (l, &b->subscriptions) {
		struct subscription *s = OBJECT(l, struct subscription, link);
		while (s->caught_up && may_send(s) && send_batch(b, s, true))
			;
	}
	bus_pump_later(b);
}

int
bus_pump_slice(sd_event_source *source, void *ctx)
{
	struct bus *b = ctx;
	usec_t until = host_now(b->host) + SLICE_US;
	bool any;

	(void)source;
	do {
		any = serve_each(b, true, until);
		any |= serve_each(b, false, until);
	} while (any && host_now(b->host) < until);
	/* Fair to all: the next slice begins with somebody else. */
	if (!list_is_empty(&b->subscriptions)) {
		struct list *first = b->subscriptions.next;
		list_remove(first);
		list_append(&b->subscriptions, first);
	}
	bus_pump_later(b);
	return 0;
}

void
bus_publish(struct bus *b)
{
	bool dirty = false;

	list_each (l, &b->tables) {
		struct served *v = OBJECT(l, struct served, link);
		dirty |= v->table->dirty;
		v->table->dirty = false;
	}
	if (dirty && !list_is_empty(&b->subscriptions))
		bus_pump_live(b);
}
