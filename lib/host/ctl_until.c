/*
 * --until: waiting for a row. A condition is compared with what --json prints of a field, so whatever can be
 * read there can be waited for. Of a repeated field, one item is enough.
 */
#include "host/ctl_internal.h"
#include "host/json.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool
until_parse(const char *text, struct until *ret, char why[256])
{
	const char *equals = strchr(text, '=');
	char *end;

	*ret = (struct until){ .text = text };
	if (equals && equals > text) {
		ret->negated = equals[-1] == '!';
		ret->value = equals + 1;
	}
	size_t size = equals ? (size_t)(equals - text) - ret->negated : 0;
	if (!size || size >= sizeof ret->field) {
		snprintf(why, 256, "--until takes FIELD=VALUE, FIELD!=VALUE or rows=N, not `%.120s`", text);
		return false;
	}
	memcpy(ret->field, text, size);
	if (strcmp(ret->field, "rows") != 0)
		return true;
	ret->counts = true;
	errno = 0;
	ret->count = strtoul(ret->value, &end, 10);
	if (errno || end == ret->value || *end || strspn(ret->value, "0123456789") != strlen(ret->value)) {
		snprintf(why, 256, "`%.120s`: rows are counted, so this takes a number", text);
		return false;
	}
	return true;
}

bool
until_fits(const struct until *u, const struct row_schema *schema, char why[256])
{
	char name[sizeof u->field];
	char *rest = NULL;
	const struct row_schema *inner = schema;
	const char *of = schema->table;

	if (u->counts)
		return true;
	memcpy(name, u->field, sizeof name);
	for (char *part = strtok_r(name, ".", &rest); part; part = strtok_r(NULL, ".", &rest)) {
		const struct field_schema *found = NULL;
		for (unsigned i = 0; inner && i < inner->message->n_fields && !found; i++)
			if (strcmp(inner->message->fields[i].name, part) == 0)
				found = &inner->fields[i];
		if (!found) {
			int n = snprintf(why, 256, "%s has no field %.60s", of, part);
			for (unsigned i = 0; inner && i < inner->message->n_fields && n < 255; i++)
				n += snprintf(why + n, 256 - (size_t)n, "%s%s",
				    i ? ", " : "; its fields: ", inner->message->fields[i].name);
			return false;
		}
		inner = found->row;
		of = found->name;
	}
	return true;
}

/* Whether the rest of a dotted field has this text as its JSON value. */
static bool
value_is(json_object *o, const char *field, const char *value)
{
	char part[128];
	size_t n = strcspn(field, ".");

	if (o && json_object_is_type(o, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(o); i++)
			if (value_is(json_object_array_get_idx(o, i), field, value))
				return true;
		return !*field && !json_object_array_length(o) && !*value;
	}
	if (!*field)
		return strcasecmp(o ? json_object_get_string(o) : "null", value) == 0;
	snprintf(part, sizeof part, "%.*s", (int)n, field);
	if (!o || !json_object_object_get_ex(o, part, &o))
		return false;
	return value_is(o, field + n + (field[n] == '.'), value);
}

bool
until_holds(const struct until *u, const struct row_set *set, usec_t now)
{
	bool found = false;

	if (u->counts)
		return (set->count == u->count) != u->negated;
	for (size_t i = 0; i < set->count && !found; i++) {
		json_object *row = json_of_row(set->schema, set->rows[i], now);
		found = value_is(row, u->field, u->value);
		json_object_put(row);
	}
	return u->negated ? set->count && !found : found;
}
