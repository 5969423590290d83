/*
 * What goes over the bus: frames (proto/bus.proto), the run of rows inside a batch, and keys.
 *
 * Everything here may come from any local process, so nothing is trusted: sizes are checked against
 * what is there, and what cannot be read is refused as a whole.
 */
#include "host/bus_internal.h"
#include "base/wire.h"
#include <errno.h>
#include <stdio.h>
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

int
bus_send(void *zmq, const Bus__Frame *f)
{
	zmq_msg_t m;

	if (zmq_msg_init_size(&m, bus__frame__get_packed_size(f)) != 0)
		return -errno;
	bus__frame__pack(f, zmq_msg_data(&m));
	if (zmq_msg_send(&m, zmq, ZMQ_DONTWAIT) >= 0)
		return 0;
	int error = errno;
	zmq_msg_close(&m);
	return -error;
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
varint(struct wire_reader *in, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t b = wire_u8(in);
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*ret = v;
			return wire_ok(in);
		}
	}
	return false;
}

/* Moves past one field. False when it is cut short or of a kind that proto3 does not have. */
static bool
skip_field(struct wire_reader *in, uint64_t *ret_number)
{
	uint64_t tag, n = 0;

	if (!varint(in, &tag))
		return false;
	*ret_number = tag >> 3;
	switch (tag & 7) {
	case 0: return varint(in, &n);
	case 1: n = 8; break;
	case 2:
		if (!varint(in, &n))
			return false;
		break;
	case 5: n = 4; break;
	default: return false;
	}
	return n <= wire_left(in) && (n == 0 || wire_bytes(in, n));
}

static bool
is_key(const struct row_schema *schema, uint64_t number)
{
	for (unsigned i = 0; i < schema->message->n_fields; i++)
		if (schema->message->fields[i].id == number)
			return schema->fields[i].key;
	return false;
}

size_t
bus_key_of(const struct row_schema *schema, const uint8_t *row, size_t size, uint8_t *out, size_t room)
{
	struct wire_reader in = wire_reader(row, size);
	struct wire_writer key = wire_writer(out, room);

	while (wire_left(&in)) {
		size_t start = in.at;
		uint64_t number;
		if (!skip_field(&in, &number))
			return SIZE_MAX;
		if (is_key(schema, number))
			wire_put_bytes(&key, row + start, in.at - start);
	}
	return key.full ? SIZE_MAX : key.at;
}

bool
bus_next_row(struct wire_reader *rows, struct bus_row *ret)
{
	if (!wire_left(rows) || !wire_ok(rows))
		return false;
	uint8_t kind = wire_u8(rows);
	ret->size = wire_u24(rows);
	ret->bytes = ret->size ? wire_bytes(rows, ret->size) : (const uint8_t *)"";
	ret->gone = kind == BUS_GONE;
	return wire_ok(rows) && (kind == BUS_ROW || kind == BUS_GONE);
}

void
bus_printable(const char *from, char *out, size_t room)
{
	size_t i = 0;

	for (; from[i] && i + 1 < room; i++)
		out[i] = from[i] >= ' ' && from[i] < 0x7f ? from[i] : '?';
	out[i] = '\0';
}
