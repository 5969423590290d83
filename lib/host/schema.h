#ifndef HOST_SCHEMA_H
#define HOST_SCHEMA_H
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What is known of a table beyond its C structure: generated from proto/ *.proto and proto/options.proto
 * by proto/schema.py into build/proto/PACKAGE.schema.c and .h. For package `fib`, message `Route` the
 * generated header declares `extern const struct row_schema fib_route_schema;`.
 */
enum field_format {
	FORMAT_PLAIN,
	FORMAT_ADDRESS,
	FORMAT_PREFIX,
	FORMAT_MAC,
	FORMAT_LABEL,
	FORMAT_MOMENT,
	FORMAT_LSR_ID
};

struct field_schema {
	const char *name;
	enum field_format format;
	bool key, secret;
	const char *unit;             /* "" when none */
	const char *help;             /* the comment in the .proto file, "" when none */
	const struct row_schema *row; /* of a sub-message's fields, else NULL */
};

/* A table's rows, or a sub-message of them (then hold_s is 0). */
struct row_schema {
	const char *table; /* "fib.Route" */
	const char *owner; /* "fibd" */
	const ProtobufCMessageDescriptor *message;
	uint32_t version; /* a hash over names, numbers, types and keys of all fields, sub-messages included */
	uint32_t hold_s;  /* how long a mirror keeps the rows of an owner that is gone */
	const struct field_schema *fields; /* parallel to message->fields (by field number) */
	const char *help;
};

extern const struct row_schema *const schema_tables[];   /* every table of every daemon, NULL at the end */
const struct row_schema *schema_find(const char *table); /* NULL when unknown */
#endif
