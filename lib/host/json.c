/* Rows to JSON by their descriptors. The one place that makes JSON of rows. */
#include "host/json.h"
#include "base/label.h"
#include "base/prefix.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

static json_object *
of_bytes(enum field_format format, const ProtobufCBinaryData *b)
{
	struct addr a;
	struct prefix p;
	char text[PREFIX_TEXT];

	switch (format) {
	case FORMAT_ADDRESS:
		if (!b->len || !addr_from_bytes(b->data, b->len, &a))
			return NULL;
		return json_object_new_string(addr_text(&a, text));
	case FORMAT_PREFIX:
		if (!b->len || !prefix_from_bytes(b->data, b->len, &p))
			return NULL;
		return json_object_new_string(prefix_text(&p, text));
	case FORMAT_MAC:
		if (b->len != 6)
			return NULL;
		snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", b->data[0], b->data[1], b->data[2],
		    b->data[3], b->data[4], b->data[5]);
		return json_object_new_string(text);
	default: {
		struct text hex = { 0 };
		for (size_t i = 0; i < b->len; i++)
			text_add(&hex, "%02x", b->data[i]);
		json_object *o = json_object_new_string(text_chars(&hex));
		text_free(&hex);
		return o;
	}
	}
}

/* How many bytes the UTF-8 character at `s` has; 0 when it is none. */
static unsigned
utf8_size(const char *s)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t b = (uint8_t)*s;
	unsigned n = b < 0x80 ? 1 : b >> 5 == 6 ? 2 : b >> 4 == 14 ? 3 : b >> 3 == 30 ? 4 : 0;
	uint32_t c = n > 1 ? b & (0x7fu >> n) : b;

	for (unsigned i = 1; i < n; i++) {
		if (((uint8_t)s[i] & 0xc0) != 0x80) /* the closing zero byte too */
			return 0;
		c = c << 6 | ((uint8_t)s[i] & 0x3f);
	}
	return n && (n == 1 || (c >= least[n] && c <= 0x10ffff && c >> 11 != 0x1b)) ? n : 0;
}

/* JSON is UTF-8, but an interface's alias or a peer's words may be any bytes. */
static json_object *
of_text(const char *s)
{
	struct text clean = { 0 };

	while (s && *s) {
		unsigned n = utf8_size(s);
		if (n)
			text_add(&clean, "%.*s", (int)n, s);
		else
			text_add(&clean, "\xef\xbf\xbd"); /* U+FFFD */
		s += n ? n : 1;
	}
	json_object *o = json_object_new_string(text_chars(&clean));
	text_free(&clean);
	return o;
}

/* Seconds with three digits: the shortest text of a double may need seventeen. */
static json_object *
of_age(uint64_t us)
{
	char text[32];

	snprintf(text, sizeof text, "%.3f", (double)us / 1e6);
	return json_object_new_double_s((double)us / 1e6, text);
}

static json_object *
of_number(const struct field_schema *f, uint64_t v, uint64_t now)
{
	char text[ADDR_TEXT];

	switch (f->format) {
	case FORMAT_LSR_ID: {
		struct addr a = addr_v4((uint32_t)v);
		return json_object_new_string(addr_text(&a, text));
	}
	case FORMAT_LABEL: return v == LABEL_UNSET ? NULL : json_object_new_int64((int64_t)v);
	case FORMAT_MOMENT: {
		if (!v)
			return NULL;
		json_object *o = json_object_new_object();
		json_object_object_add(o, "age_s", of_age(now > v ? now - v : 0));
		return o;
	}
	default: return json_object_new_uint64(v);
	}
}

static json_object *
of_value(const ProtobufCFieldDescriptor *d, const struct field_schema *f, const void *at, uint64_t now)
{
	switch (d->type) {
	case PROTOBUF_C_TYPE_BOOL: return json_object_new_boolean(*(const protobuf_c_boolean *)at);
	case PROTOBUF_C_TYPE_STRING: return of_text(*(char *const *)at);
	case PROTOBUF_C_TYPE_BYTES: return of_bytes(f->format, at);
	case PROTOBUF_C_TYPE_ENUM: {
		const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(d->descriptor, *(const int *)at);
		return v ? json_object_new_string(v->name) : json_object_new_int(*(const int *)at);
	}
	case PROTOBUF_C_TYPE_MESSAGE: {
		const ProtobufCMessage *m = *(ProtobufCMessage *const *)at;
		return m ? json_of_row(f->row, m, now) : NULL;
	}
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32: return json_object_new_int(*(const int32_t *)at);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32: return of_number(f, *(const uint32_t *)at, now);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64: return json_object_new_int64(*(const int64_t *)at);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64: return of_number(f, *(const uint64_t *)at, now);
	case PROTOBUF_C_TYPE_FLOAT: return json_object_new_double((double)*(const float *)at);
	case PROTOBUF_C_TYPE_DOUBLE: return json_object_new_double(*(const double *)at);
	}
	return NULL;
}

static size_t
size_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING: return sizeof(char *);
	case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_ENUM: return sizeof(int);
	case PROTOBUF_C_TYPE_MESSAGE: return sizeof(ProtobufCMessage *);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE: return 8;
	default: return 4;
	}
}

json_object *
json_of_row(const struct row_schema *schema, const ProtobufCMessage *row, uint64_t now)
{
	json_object *o = json_object_new_object();

	for (unsigned i = 0; i < schema->message->n_fields; i++) {
		const ProtobufCFieldDescriptor *d = &schema->message->fields[i];
		const struct field_schema *f = &schema->fields[i];
		const uint8_t *at = (const uint8_t *)row + d->offset;
		if (f->secret) {
			json_object_object_add(o, d->name, json_object_new_string("*****"));
			continue;
		}
		if (d->label != PROTOBUF_C_LABEL_REPEATED) {
			json_object_object_add(o, d->name, of_value(d, f, at, now));
			continue;
		}
		size_t n = *(const size_t *)(const void *)((const uint8_t *)row + d->quantifier_offset);
		const uint8_t *items = *(uint8_t *const *)(const void *)at;
		json_object *array = json_object_new_array();
		for (size_t k = 0; k < n; k++)
			json_object_array_add(array, of_value(d, f, items + k * size_of(d->type), now));
		json_object_object_add(o, d->name, array);
	}
	return o;
}
