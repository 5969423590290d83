#ifndef BFDD_CORE_ENVELOPE_H
#define BFDD_CORE_ENVELOPE_H
#include "base/addr.h"
#include <stddef.h>

/*
 * The IP and UDP headers of packets that are handed to a link as they are. All packets of a session have the same ones but
 * for lengths and checksums, so they are made once; of the checksums the part that stays is kept.
 */
enum { ENVELOPE_BYTES = 48, ENVELOPE_HEAD = 8 };
struct envelope {
	uint8_t bytes[ENVELOPE_BYTES];
	uint8_t size; /* of the headers; 0: there is none */
	uint8_t head_size;
	uint8_t head[ENVELOPE_HEAD]; /* before them: a label, and what tells a control channel (vccv.h) */
	uint32_t ip_sum, udp_sum;
};

/* The checksum of RFC 1071, in parts: of an odd number of bytes as if a zero followed. Folded it is 0 over what has its own. */
uint32_t inet_sum(uint32_t so_far, const uint8_t *bytes, size_t size);
uint16_t inet_folded(uint32_t sum);

/* With TTL 255. `own` and `peer` are of one family. tos_exp is the IP precedence, 0 to 7. */
struct envelope envelope_of(
    const struct addr *own, const struct addr *peer, uint16_t own_port, uint16_t peer_port, uint8_t tos_exp);
/* The whole packet; `out` has room for e->head_size, e->size and `size` bytes. Returns how many there are. */
size_t envelope_fill(const struct envelope *e, const uint8_t *payload, size_t size, uint8_t *out);
#endif
