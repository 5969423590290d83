/* What a neighbour on the bus may send: frames, the rows of batches in them, rows of every table, their keys and JSON. */
#include "base/mem.h"
#include "host/bus_internal.h"
#include "host/json.h"
#include "host/schema.h"
#include "proto/schema.gen.h"
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct row_schema *const schemas[] = { &fib_interface_schema, &fib_route_schema, &fib_ilm_schema,
	&ldp_lsp_schema, &ldp_session_schema, &ldp_binding_schema };

static void
read_row(const struct row_schema *schema, const uint8_t *bytes, size_t size, struct arena *arena)
{
	uint8_t key[512];
	char text[256];
	ProtobufCAllocator allocator = bus_allocator(arena);
	ProtobufCMessage *row = protobuf_c_message_unpack(schema->message, &allocator, size, bytes);

	bus_key_of(schema, bytes, size, key, sizeof key);
	if (row)
		json_object_put(json_of_row(schema, row, 0));
	if (size) {
		char *copy = mem_zalloc(size + 1);
		memcpy(copy, bytes, size);
		bus_printable(copy, text, sizeof text);
		free(copy);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena arena;
	uint8_t *exact = mem_zalloc(size);

	if (size)
		memcpy(exact, bytes, size);
	arena_init(&arena);
	Bus__Frame *f = bus_unpack(exact, size, &arena);
	if (f && f->kind_case == BUS__FRAME__KIND_BATCH && f->batch) {
		struct wire_reader rows = wire_reader(f->batch->rows.data, f->batch->rows.len);
		struct bus_row row;
		for (unsigned i = 0; bus_next_row(&rows, &row); i++)
			read_row(schemas[i % COUNT(schemas)], row.bytes, row.size, &arena);
	} else if (size) {
		read_row(schemas[exact[0] % COUNT(schemas)], exact + 1, size - 1, &arena);
	}
	arena_free(&arena);
	free(exact);
	return 0;
}
