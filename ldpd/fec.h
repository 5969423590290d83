#ifndef LDPD_FEC_H
#define LDPD_FEC_H
#include "base/addr.h"
#include "base/wire.h"
#include "ldpd/status.h"

/* FEC elements, RFC 5036 3.4.1 and RFC 5918: what a label is for. */
enum ldp_fec_kind { FEC_WILDCARD = 0x01, FEC_PREFIX = 0x02, FEC_TYPED_WILDCARD = 0x05 };
enum { LDP_IPV4 = 1, LDP_IPV6 = 2 }; /* address family numbers */

struct ldp_fec {
	uint8_t kind;
	uint8_t of;      /* typed wildcard: every FEC of this kind */
	uint16_t family; /* of a prefix, and of a typed wildcard of prefixes */
	struct addr addr;
	uint8_t len;
};
/* The number of an address's family, and back; 0 for another one. */
static inline uint16_t
ldp_family(const struct addr *a)
{
	return a->family == 6 ? LDP_IPV6 : LDP_IPV4;
}
static inline uint8_t
ldp_family_bytes(uint16_t number)
{
	return number == LDP_IPV4 ? 4 : number == LDP_IPV6 ? 16 : 0;
}
enum ldp_status ldp_decode_fec(struct wire_reader *, struct ldp_fec *ret);
void ldp_put_fec(struct wire_writer *, const struct ldp_fec *);
#endif
