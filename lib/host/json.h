#ifndef HOST_JSON_H
#define HOST_JSON_H
#include "host/schema.h"
#include <json-c/json.h>

/* Any row as JSON, by its descriptor: addresses, prefixes and MACs as text, enums by name, moments as
 * {"age_s": N} relative to `now`, labels as numbers or null, secret fields as "*****". Names are the schema's. */
json_object *json_of_row(const struct row_schema *, const ProtobufCMessage *, uint64_t now_us);
#endif
