/* The bus as a whole: one ZeroMQ context per daemon, frames, and what owner and mirror sides share. */
#include "base/mem.h"
#include "host/bus_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static void *
take(void *ctx, size_t size)
{
	return arena_take(ctx, size);
}

static void
give(void *ctx, void *p)
{
	(void)ctx;
	(void)p;
}

ProtobufCAllocator
bus_allocator(struct arena *a)
{
	return (ProtobufCAllocator){ .alloc = take, .free = give, .allocator_data = a };
}

size_t
bus_pack(const Bus__Frame *f, struct arena *a, uint8_t **ret_bytes)
{
	size_t size = bus__frame__get_packed_size(f);

	*ret_bytes = arena_take(a, size);
	return bus__frame__pack(f, *ret_bytes);
}

Bus__Frame *
bus_unpack(const void *bytes, size_t size, struct arena *a)
{
	ProtobufCAllocator allocator = bus_allocator(a);

	return size > BUS_FRAME_MAX ? NULL : bus__frame__unpack(&allocator, size, bytes);
}

bool
bus_endpoint(const char *run_dir, const char *daemon, char out[128])
{
	/* A UNIX socket's path holds 107 characters. */
	return snprintf(out, 128, "ipc://%s/%s.bus", run_dir, daemon) < 6 + 108;
}

/* One base-128 number of the protobuf encoding. False past the end or when it is too long. */
static bool
varint(const uint8_t *bytes, size_t size, size_t *at, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && *at < size; shift += 7) {
		uint8_t b = bytes[(*at)++];
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

size_t
bus_key_of(const struct row_schema *schema, const uint8_t *row, size_t size, uint8_t *out, size_t room)
{
	size_t at = 0, used = 0;

	while (at < size) {
		size_t start = at;
		uint64_t tag, length;
		if (!varint(row, size, &at, &tag))
			return 0;
		switch (tag & 7) {
		case 0:
			if (!varint(row, size, &at, &length))
				return 0;
			break;
		case 1: at += 8; break;
		case 5: at += 4; break;
		case 2:
			if (!varint(row, size, &at, &length) || length > size - at)
				return 0;
			at += length;
			break;
		default: return 0;
		}
		if (at > size)
			return 0;
		for (unsigned i = 0; i < schema->message->n_fields; i++) {
			if (schema->message->fields[i].id != tag >> 3 || !schema->fields[i].key)
				continue;
			if (at - start > room - used)
				return 0;
			memcpy(out + used, row + start, at - start);
			used += at - start;
		}
	}
	return used;
}

struct bus *
bus_open(struct host *host, const char *daemon)
{
	struct bus *b = NEW(struct bus);

	b->host = host;
	b->zmq = zmq_ctx_new();
	snprintf(b->daemon, sizeof b->daemon, "%s", daemon);
	b->epoch = host_seed(host) ^ host_now(host) * UINT64_C(0x9e3779b97f4a7c15);
	list_init(&b->tables);
	list_init(&b->subscriptions);
	list_init(&b->handlers);
	list_init(&b->mirrors);
	arena_init(&b->arena);
	int r = b->zmq ? bus_owner_start(b) : -errno;
	if (r < 0) {
		log_line(LOG_LINE_ERROR, "cannot serve %s/%s.bus: %s", host_run_dir(host), daemon, strerror(-r));
		bus_close(b);
		return NULL;
	}
	return b;
}

void
bus_close(struct bus *b)
{
	if (!b)
		return;
	while (!list_is_empty(&b->mirrors))
		mirror_close((struct mirror *)(void *)b->mirrors.next); /* the link is its first member */
	bus_owner_stop(b);
	if (b->zmq)
		zmq_ctx_term(b->zmq);
	arena_free(&b->arena);
	free(b);
}
