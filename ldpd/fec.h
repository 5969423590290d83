#ifndef LDPD_FEC_H
#define LDPD_FEC_H
#include "base/addr.h"
#include "base/wire.h"
#include "ldpd/packet_pw.h"
#include "ldpd/status.h"

/* FEC elements, RFC 5036 3.4.1, RFC 5918 and RFC 8077: what a label is for. */
enum ldp_fec_kind {
	FEC_WILDCARD = 0x01,
	FEC_PREFIX = 0x02,
	FEC_TYPED_WILDCARD = 0x05,
	FEC_PW_ID = 0x80,     /* a pseudowire by its number */
	FEC_PW_GENERAL = 0x81 /* and by the names of its ends */
};
enum { LDP_IPV4 = 1, LDP_IPV6 = 2 }; /* address family numbers */

struct ldp_fec {
	uint8_t kind;
	uint8_t of;      /* typed wildcard: every FEC of this kind */
	uint16_t family; /* of a prefix, and of a typed wildcard of prefixes */
	struct addr addr;
	uint8_t len;
	struct ldp_pw_fec pw; /* of a pseudowire; of a typed wildcard of such its type */
};
static inline bool
ldp_fec_kind_is_pw(uint8_t kind)
{
	return kind == FEC_PW_ID || kind == FEC_PW_GENERAL;
}
/* A pseudowire, or all of a type. */
static inline bool
ldp_fec_is_pw(const struct ldp_fec *f)
{
	return ldp_fec_kind_is_pw(f->kind == FEC_TYPED_WILDCARD ? f->of : f->kind);
}
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
