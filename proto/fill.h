#ifndef PROTO_FILL_H
#define PROTO_FILL_H
#include "base/arena.h"
#include "base/prefix.h"
#include <protobuf-c/protobuf-c.h>

/*
 * What the fill functions of tables (base/table.h) put into a row. Rows do not change what they point at: text is lent, so
 * it has to live as long as the row's object does not change; addresses and prefixes are copied into the arena.
 */

static inline char *
fill_text(const char *text) /* NULL: the empty text */
{
	return (char *)(uintptr_t)(text ? text : "");
}

/* 4 or 16 bytes; none for an address that is not set. */
static inline ProtobufCBinaryData
fill_addr(const struct addr *a, struct arena *arena)
{
	size_t size = addr_size(a);

	return (ProtobufCBinaryData){ size, size ? arena_copy(arena, a->bytes, size) : NULL };
}

/* An IPv4 address in host order; none for 0. */
static inline ProtobufCBinaryData
fill_v4(uint32_t address, struct arena *arena)
{
	struct addr a = address ? addr_v4(address) : addr_none();

	return fill_addr(&a, arena);
}

static inline ProtobufCBinaryData
fill_mac(const uint8_t mac[6], struct arena *arena)
{
	return (ProtobufCBinaryData){ 6, arena_copy(arena, mac, 6) };
}

/* One length byte, then the address. */
static inline ProtobufCBinaryData
fill_prefix(const struct prefix *p, struct arena *arena)
{
	uint8_t packed[PREFIX_BYTES];
	size_t size = prefix_to_bytes(p, packed);

	return (ProtobufCBinaryData){ size, arena_copy(arena, packed, size) };
}
#endif
