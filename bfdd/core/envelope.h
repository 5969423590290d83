#ifndef BFDD_CORE_ENVELOPE_H
#define BFDD_CORE_ENVELOPE_H
#include "base/addr.h"

/*
 * The IP and UDP headers of packets that are handed to a link as they are. All packets of a session have the same ones but
 * for lengths and checksums, so they are made once; of the checksums the part that stays is kept.
 */
enum { ENVELOPE_BYTES = 48 };
struct envelope {
	uint8_t bytes[ENVELOPE_BYTES];
	uint8_t size; /* of the headers; 0: there is none */
	uint32_t ip_sum, udp_sum;
};

/* With TTL 255. `own` and `peer` are of one family. tos_exp is the IP precedence, 0 to 7. */
struct envelope envelope_of(
    const struct addr *own, const struct addr *peer, uint16_t own_port, uint16_t peer_port, uint8_t tos_exp);
/* The whole packet; `out` has room for e->size and `size` bytes. Returns how many there are. */
size_t envelope_fill(const struct envelope *e, const uint8_t *payload, size_t size, uint8_t *out);
#endif
