/* The rows that a command asks for: read from their owners' sockets, filtered, sorted and printed. */
#include "base/hash.h"
#include "base/mem.h"
#include "host/ctl_internal.h"
#include "host/json.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_WAIT (5 * USEC_PER_SEC)

int
ctl_open_tables(struct ctl *c)
{
	char names[256], *rest = NULL, why[256];

	snprintf(names, sizeof names, "%s", c->command->tables);
	for (char *name = strtok_r(names, " ", &rest); name && c->table_count < CTL_TABLES_MAX;
	     name = strtok_r(NULL, " ", &rest)) {
		const struct row_schema *schema = schema_find(name);
		if (!schema)
			return ctl_complain(c, "no table %s", name);
		struct bus_client *client = NULL;
		for (size_t i = 0; i < c->table_count && !client; i++)
			if (strcmp(c->tables[i]->owner, schema->owner) == 0)
				client = c->clients[i];
		if (!client)
			client = bus_client_open(c->run_dir, schema->owner, why);
		/* What the command is about must be there; what only adds names may be missing. */
		if (!client && c->table_count == 0)
			return ctl_complain(c, "%s", why);
		c->clients[c->table_count] = client;
		c->tables[c->table_count++] = schema;
	}
	return 0;
}

static int
compare_bytes(enum field_format format, const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
	struct prefix p, q;

	if (format == FORMAT_PREFIX && prefix_from_bytes(a->data, a->len, &p) && prefix_from_bytes(b->data, b->len, &q))
		return prefix_cmp(&p, &q);
	if (a->len != b->len) /* IPv4 before IPv6 */
		return a->len < b->len ? -1 : 1;
	return a->len ? memcmp(a->data, b->data, a->len) : 0;
}

static int
compare_rows(const void *x, const void *y, void *ctx)
{
	const struct row_schema *s = ctx;
	const uint8_t *a = *(const uint8_t *const *)x, *b = *(const uint8_t *const *)y;

	for (unsigned i = 0; i < s->message->n_fields; i++) {
		const ProtobufCFieldDescriptor *d = &s->message->fields[i];
		const void *p = a + d->offset, *q = b + d->offset;
		int order = 0;
		if (!s->fields[i].key)
			continue;
		switch (d->type) {
		case PROTOBUF_C_TYPE_BYTES: order = compare_bytes(s->fields[i].format, p, q); break;
		case PROTOBUF_C_TYPE_STRING: order = strcmp(*(char *const *)p, *(char *const *)q); break;
		case PROTOBUF_C_TYPE_UINT64:
		case PROTOBUF_C_TYPE_FIXED64:
			order = (*(const uint64_t *)p > *(const uint64_t *)q) -
				(*(const uint64_t *)p < *(const uint64_t *)q);
			break;
		default:
			order = (*(const uint32_t *)p > *(const uint32_t *)q) -
				(*(const uint32_t *)p < *(const uint32_t *)q);
		}
		if (order)
			return order;
	}
	return 0;
}

void
ctl_sort_rows(struct row_set *set)
{
	if (set->count)
		qsort_r(set->rows, set->count, sizeof(void *), compare_rows, (void *)(uintptr_t)set->schema);
}

int
ctl_read_tables(struct ctl *c)
{
	arena_reset(&c->arena);
	for (size_t i = 0; i < c->table_count; i++) {
		struct row_set *set = &c->sets[i];
		char why[256];
		*set = (struct row_set){ .schema = c->tables[i] };
		if (!c->clients[i])
			continue;
		int r = bus_client_rows(
		    c->clients[i], c->tables[i], ANSWER_WAIT, &c->arena, &set->rows, &set->count, &set->complete, why);
		if (r < 0)
			return ctl_complain(c, "%s", why);
		if (i == 0 && c->command->keep) {
			size_t kept = 0;
			for (size_t k = 0; k < set->count; k++)
				if (c->command->keep(set->rows[k], c->args))
					set->rows[kept++] = set->rows[k];
			set->count = kept;
		}
		ctl_sort_rows(set);
	}
	return 0;
}

uint64_t
ctl_state(const struct ctl *c)
{
	uint32_t one = 1, two = 2;
	uint8_t *bytes = NULL;
	size_t room = 0;

	for (size_t i = 0; i < c->table_count; i++)
		for (size_t k = 0; k < c->sets[i].count; k++) {
			size_t size = protobuf_c_message_get_packed_size(c->sets[i].rows[k]);
			if (size > room)
				bytes = mem_resize(bytes, room = size * 2);
			if (size)
				protobuf_c_message_pack(c->sets[i].rows[k], bytes);
			one = hash_bytes(bytes, size, one + (uint32_t)i);
			two = hash_bytes(bytes, size, two + (uint32_t)i);
		}
	free(bytes);
	return (uint64_t)one << 32 | two;
}

/* --- printing --- */

/* JSON has the rows of the command's own table; the others only lend names to the text. */
void
ctl_print_json(const struct ctl *c, FILE *to)
{
	json_object *array = json_object_new_array();
	int flags = c->watch ? JSON_C_TO_STRING_PLAIN : JSON_C_TO_STRING_PRETTY;

	for (size_t i = 0; i < c->sets[0].count; i++)
		json_object_array_add(array, json_of_row(c->sets[0].schema, c->sets[0].rows[i], ctl_now()));
	fprintf(to, "%s\n", json_object_to_json_string_ext(array, flags | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(array);
}

static int
print_text(const struct ctl *c, FILE *to)
{
	struct text out = { 0 };
	const struct show show = { .tables = c->sets,
		.table_count = c->table_count,
		.args = c->args,
		.now_us = ctl_now(),
		.date_s = (uint64_t)time(NULL),
		.out = &out };

	int status = c->command->show(&show);
	if (!c->sets[0].complete)
		text_line(&out, "(%s is still recovering: more may follow)", c->sets[0].schema->owner);
	if (c->watch && isatty(fileno(to)))
		fputs("\033[H\033[2J", to);
	fputs(text_chars(&out), status ? stderr : to);
	text_free(&out);
	return status;
}

int
ctl_print(const struct ctl *c, FILE *to)
{
	int status = 0;

	if (c->json)
		ctl_print_json(c, to);
	else
		status = print_text(c, to);
	if (fflush(to) != 0)
		return ctl_complain(c, "the output could not be written");
	return status;
}
