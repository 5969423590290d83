/* Bytes of a row as text. */
#include "host/row_text.h"

const char *
row_addr_text(const ProtobufCBinaryData *bytes, char out[ADDR_TEXT])
{
	struct addr a = addr_none();

	addr_from_bytes(bytes->data, bytes->len, &a);
	return addr_text(&a, out);
}

const char *
row_prefix_text(const ProtobufCBinaryData *bytes, char out[PREFIX_TEXT])
{
	struct prefix p = { 0 };

	prefix_from_bytes(bytes->data, bytes->len, &p);
	return prefix_text(&p, out);
}
