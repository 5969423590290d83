/*
 * The owner's side of the bus: who subscribed to what, acknowledgements, requests. What is sent to
 * subscribers is in bus_batch.c.
 *
 * A subscription belongs to a connection (the identity that the ROUTER socket gave it) and has the
 * reader's own number. Whatever a reader sends that makes no sense costs it that frame and nothing else,
 * and what it may pile up here is bounded. A reader that died is found when a frame to it cannot be
 * routed; an idle one by a ping.
 */
#include "base/mem.h"
#include "host/bus_internal.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
	SUBSCRIPTIONS_MAX = 1024,
	SUBSCRIPTIONS_PER_READER = 32,
	OUT_QUEUE = 256,
	IN_QUEUE = 64,
	FLUSH_MS = 100,
	HELD_MAX = 1024,
};

struct handler {
	struct list link;
	char verb[32];
	bus_handler *handle;
	void *ctx;
};

struct held { /* somebody waits for the answer */
	struct list link;
	struct bus_identity asker;
	uint32_t asked, number; /* his number of the request, and ours */
};

static bool
identity_eq(const struct bus_identity *a, const struct bus_identity *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

void
bus_subscription_drop(struct subscription *s)
{
	cursor_close(&s->cursor);
	list_remove(&s->link);
	free(s);
}

int
bus_address(struct bus *b, const struct bus_identity *to)
{
	int r = zmq_send(b->router.zmq, to->bytes, to->size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ? -errno : 0;

	if (r < 0)
		bus_socket_used(&b->router);
	return r;
}

/* A reader that does not take its answers loses them, and nobody else does. */
static int
send_frame(struct bus *b, const struct bus_identity *to, const Bus__Frame *f)
{
	int r = bus_address(b, to);

	if (r < 0)
		return r;
	r = bus_send(b->router.zmq, f);
	bus_socket_used(&b->router);
	return r;
}

/* --- what readers send --- */

static struct subscription *
find_subscription(struct bus *b, const struct bus_identity *from, uint32_t number)
{
	list_each (l, &b->subscriptions) {
		struct subscription *s = OBJECT(l, struct subscription, link);
		if (s->number == number && identity_eq(&s->reader, from))
			return s;
	}
	return NULL;
}

static struct served *
find_served(struct bus *b, const char *table)
{
	list_each (l, &b->tables) {
		struct served *v = OBJECT(l, struct served, link);
		if (strcmp(v->table->name, table) == 0)
			return v;
	}
	return NULL;
}

static void
refuse(struct bus *b, const struct bus_identity *to, uint32_t subscription, const char *why)
{
	Bus__Refusal r = BUS__REFUSAL__INIT;
	Bus__Frame f = BUS__FRAME__INIT;

	r.subscription = subscription;
	r.why = (char *)(uintptr_t)why;
	f.kind_case = BUS__FRAME__KIND_REFUSAL;
	f.refusal = &r;
	send_frame(b, to, &f);
}

/* Why a reader cannot have the table; false when it can. */
static bool
is_refused(
    struct bus *b, const struct served *v, const struct bus_identity *from, const Bus__Subscribe *m, char why[300])
{
	char reader[64], table[64];
	size_t all = 0, same = 0;

	bus_printable(m->reader, reader, sizeof reader);
	bus_printable(m->table, table, sizeof table);
	list_each (l, &b->subscriptions) {
		const struct subscription *s = OBJECT(l, struct subscription, link);
		bool own = identity_eq(&s->reader, from);
		if (own && s->number == m->subscription)
			continue; /* asked for again: this one goes */
		all++;
		same += own;
	}
	if (!v)
		snprintf(why, 300, "%s does not own the table %s that %s asks for", b->daemon, table, reader);
	else if (v->schema->version != m->version)
		snprintf(why, 300, "%s speaks version %08x of %s, %s speaks %08x: install both from one build", reader,
		    m->version, table, b->daemon, v->schema->version);
	else if (all >= SUBSCRIPTIONS_MAX || same >= SUBSCRIPTIONS_PER_READER)
		snprintf(
		    why, 300, "%s serves %zu subscriptions already, %zu of them to %s", b->daemon, all, same, reader);
	else
		return false;
	return true;
}

static void
on_subscribe(struct bus *b, const struct bus_identity *from, const Bus__Subscribe *m)
{
	struct served *v = find_served(b, m->table);
	struct subscription *old = find_subscription(b, from, m->subscription);
	char why[300];

	bool refused = is_refused(b, v, from, m, why);
	if (old)
		bus_subscription_drop(old);
	if (refused) {
		log_limited(&b->bad_frames, LOG_LINE_ERROR, "bus: %s", why);
		refuse(b, from, m->subscription, why);
		return;
	}
	struct subscription *s = NEW(struct subscription);
	s->served = v;
	s->reader = *from;
	s->number = m->subscription;
	s->restarted = true; /* the first batch begins a round */
	bus_printable(m->reader, s->name, sizeof s->name);
	cursor_open(&s->cursor, v->table);
	list_append(&b->subscriptions, &s->link);
	bus_pump_later(b);
}

static void
on_ack(struct bus *b, const struct bus_identity *from, const Bus__Ack *m)
{
	struct subscription *s = find_subscription(b, from, m->subscription);

	/* Only what was sent can be acknowledged, and only forwards. */
	if (!s || m->number - s->acked > s->sent - s->acked)
		return;
	s->acked = m->number;
	s->stalled = false;
	bus_pump_later(b);
}

static void
send_answer(struct bus *b, const struct bus_identity *to, uint32_t number, const struct bus_answer *answer)
{
	static const struct bus_answer too_large = { .status = EMSGSIZE, .text = "the answer is too large" };
	Bus__Answer a = BUS__ANSWER__INIT;
	Bus__Frame f = BUS__FRAME__INIT;

	if (answer->size > BUS_ROW_MAX)
		answer = &too_large;
	a.number = number;
	a.status = (uint32_t)answer->status;
	if (answer->text)
		a.text = (char *)(uintptr_t)answer->text;
	a.body = (ProtobufCBinaryData){ answer->size, (uint8_t *)(uintptr_t)answer->bytes };
	f.kind_case = BUS__FRAME__KIND_ANSWER;
	f.answer = &a;
	send_frame(b, to, &f);
}

static void
on_request(struct bus *b, const struct bus_identity *from, const Bus__Request *m)
{
	struct arena arena;
	struct bus_answer answer = { .status = ENOSYS };
	char unknown[128];

	arena_init(&arena);
	snprintf(unknown, sizeof unknown, "%s knows no operation `%.60s`", b->daemon, m->verb);
	answer.text = unknown;
	b->asker = from;
	b->asked = m->number;
	b->holds = false;
	list_each (l, &b->handlers) {
		struct handler *h = OBJECT(l, struct handler, link);
		if (strcmp(h->verb, m->verb) == 0) {
			answer = (struct bus_answer){ 0 };
			h->handle(h->ctx, m->verb, m->body.data, m->body.len, &answer, &arena);
			break;
		}
	}
	b->asker = NULL;
	if (!b->holds)
		send_answer(b, from, m->number, &answer);
	arena_free(&arena);
}

uint32_t
bus_hold_answer(struct bus *b)
{
	assert(b->asker && !b->holds);
	if (b->held_count == HELD_MAX)
		return 0;
	struct held *h = NEW(struct held);
	h->asker = *b->asker;
	h->asked = b->asked;
	h->number = ++b->held_last ? b->held_last : ++b->held_last;
	list_append(&b->held, &h->link);
	b->held_count++;
	b->holds = true;
	return h->number;
}

static void
held_free(struct bus *b, struct held *h)
{
	list_remove(&h->link);
	b->held_count--;
	free(h);
}

/* Who has gone away meanwhile does not hear it. */
void
bus_answer_held(struct bus *b, uint32_t number, const struct bus_answer *answer)
{
	list_each_safe (l, &b->held) {
		struct held *h = OBJECT(l, struct held, link);
		if (h->number != number)
			continue;
		send_answer(b, &h->asker, h->asked, answer);
		held_free(b, h);
	}
}

static void
on_frame(struct bus *b, const struct bus_identity *from, const void *bytes, size_t size)
{
	struct arena arena;

	arena_init(&arena);
	Bus__Frame *f = bus_unpack(bytes, size, &arena);
	switch (f ? f->kind_case : BUS__FRAME__KIND__NOT_SET) {
	case BUS__FRAME__KIND_SUBSCRIBE: on_subscribe(b, from, f->subscribe); break;
	case BUS__FRAME__KIND_ACK: on_ack(b, from, f->ack); break;
	case BUS__FRAME__KIND_REQUEST: on_request(b, from, f->request); break;
	default:
		log_limited(
		    &b->bad_frames, LOG_LINE_WARNING, "bus: a reader sent %zu bytes that are no frame; ignored", size);
	}
	arena_free(&arena);
}

/* One message: the reader's identity, then exactly one frame. */
static bool
read_message(void *ctx)
{
	struct bus *b = ctx;
	struct bus_identity from = { .size = 0 };
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
		if (parts == 0 && size <= BUS_IDENTITY_MAX) {
			memcpy(from.bytes, zmq_msg_data(&part), size);
			from.size = size;
		} else if (parts == 1 && !more && from.size) {
			on_frame(b, &from, zmq_msg_data(&part), size);
		}
		zmq_msg_close(&part);
	}
	if (parts != 2)
		log_limited(
		    &b->bad_frames, LOG_LINE_WARNING, "bus: a reader sent a message of %u parts; ignored", parts);
	return true;
}

static void
ping_later(struct bus *b)
{
	sd_event_source_set_time_relative(b->ping, b->ping_ms * USEC_PER_MSEC);
	sd_event_source_set_enabled(b->ping, SD_EVENT_ONESHOT);
}

/* An idle reader that died is found by sending to it; one whose pipe is full gets another chance. */
static int
on_ping(sd_event_source *source, uint64_t at, void *ctx)
{
	struct bus *b = ctx;

	(void)source;
	(void)at;
	list_each_safe (l, &b->subscriptions) {
		struct subscription *s = OBJECT(l, struct subscription, link);
		s->stalled = false;
		if (send_frame(b, &s->reader, &(Bus__Frame)BUS__FRAME__INIT) == -EHOSTUNREACH)
			bus_subscription_drop(s);
	}
	bus_pump_later(b);
	ping_later(b);
	return 0;
}

/* --- start and stop --- */

int
bus_owner_start(struct bus *b)
{
	char endpoint[128];
	void *router = zmq_socket(b->zmq, ZMQ_ROUTER);
	const int mandatory = 1, linger = FLUSH_MS, out_queue = OUT_QUEUE, in_queue = IN_QUEUE;
	const int64_t frame_max = BUS_FRAME_MAX;

	if (!router)
		return -errno;
	zmq_setsockopt(router, ZMQ_ROUTER_MANDATORY, &mandatory, sizeof mandatory);
	zmq_setsockopt(router, ZMQ_LINGER, &linger, sizeof linger);
	zmq_setsockopt(router, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max);
	/* Per reader. More than the windows of all its subscriptions; it bounds what one that never reads can pile up. */
	zmq_setsockopt(router, ZMQ_SNDHWM, &out_queue, sizeof out_queue);
	zmq_setsockopt(router, ZMQ_RCVHWM, &in_queue, sizeof in_queue);
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
		r = sd_event_add_defer(host_loop(b->host), &b->bulk, bus_pump_slice, b);
	if (r >= 0)
		r = sd_event_add_time_relative(host_loop(b->host), &b->ping, CLOCK_MONOTONIC, 0, 1000, on_ping, b);
	if (r < 0)
		return r;
	sd_event_source_set_enabled(b->bulk, SD_EVENT_OFF);
	sd_event_source_set_priority(b->bulk, HOST_BULK);
	ping_later(b);
	return 0;
}

void
bus_owner_stop(struct bus *b)
{
	list_each_safe (l, &b->subscriptions) {
		bus_subscription_drop(OBJECT(l, struct subscription, link));
	}
	list_each_safe (v, &b->tables) {
		struct served *served = OBJECT(v, struct served, link);
		served->table->pack_key = NULL;
		free(served);
	}
	list_each_safe (h, &b->handlers) {
		free(OBJECT(h, struct handler, link));
	}
	list_each_safe (w, &b->held) {
		held_free(b, OBJECT(w, struct held, link));
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
	table->pack_key = bus_pack_key;
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

	list_each (l, (struct list *)(uintptr_t)&b->subscriptions) {
		n++;
	}
	return n;
}
