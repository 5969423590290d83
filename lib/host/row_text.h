#ifndef HOST_ROW_TEXT_H
#define HOST_ROW_TEXT_H
#include "base/addr.h"
#include "base/prefix.h"
#include <protobuf-c/protobuf-c.h>

/* Bytes of a row as displays print them. What is no address is "-". */
const char *row_addr_text(const ProtobufCBinaryData *, char out[ADDR_TEXT]);
const char *row_prefix_text(const ProtobufCBinaryData *, char out[PREFIX_TEXT]);
#endif
