#ifndef PROTO_PROTOCOL_H
#define PROTO_PROTOCOL_H
#include "proto/fib.pb-c.h"

/* A routing protocol as `import-route` names it. */
static inline const char *
protocol_word(uint8_t protocol)
{
	switch (protocol) {
	case FIB__PROTOCOL__DIRECT: return "direct";
	case FIB__PROTOCOL__STATIC: return "static";
	case FIB__PROTOCOL__OSPF: return "ospf";
	case FIB__PROTOCOL__ISIS: return "isis";
	case FIB__PROTOCOL__RIP: return "rip";
	default: return "bgp";
	}
}
#endif
