/* FEC elements to and from bytes. An element of unknown kind has no length: what follows it cannot be read (3.4.1). */
#include "ldpd/fec.h"
#include <string.h>

enum ldp_status
ldp_decode_fec(struct wire_reader *r, struct ldp_fec *ret)
{
	*ret = (struct ldp_fec){ .kind = wire_u8(r) };
	switch (ret->kind) {
	case FEC_WILDCARD: return wire_ok(r) ? LDP_OK : LDP_MALFORMED_TLV;
	case FEC_PREFIX: {
		ret->family = wire_u16(r);
		ret->len = wire_u8(r);
		const uint8_t *bytes = wire_bytes(r, (ret->len + 7u) / 8u);
		if (!wire_ok(r))
			return LDP_MALFORMED_TLV;
		if (!ldp_family_bytes(ret->family))
			return LDP_UNSUPPORTED_AF;
		if (ret->len > 8 * ldp_family_bytes(ret->family))
			return LDP_MALFORMED_TLV;
		ret->addr.family = ret->family == LDP_IPV6 ? 6 : 4;
		memcpy(ret->addr.bytes, bytes, (ret->len + 7u) / 8u);
		return LDP_OK;
	}
	case FEC_TYPED_WILDCARD: {
		ret->of = wire_u8(r);
		uint8_t size = wire_u8(r);
		struct wire_reader more = wire_sub(r, size);
		uint16_t about = wire_u16(&more);
		bool known = ret->of == FEC_PREFIX || ldp_fec_kind_is_pw(ret->of);
		if (!wire_ok(r) || (known && !wire_done(&more)))
			return LDP_MALFORMED_TLV;
		if (ret->of == FEC_PREFIX)
			ret->family = about;
		else
			ret->pw.type = about & PW_TYPE_ALL; /* RFC 6667 3 */
		return known ? LDP_OK : LDP_UNKNOWN_FEC;
	}
	case FEC_PW_ID: return ldp_decode_pw_id(r, &ret->pw);
	case FEC_PW_GENERAL: return ldp_decode_pw_general(r, &ret->pw);
	default: return LDP_UNKNOWN_FEC;
	}
}

void
ldp_put_fec(struct wire_writer *w, const struct ldp_fec *f)
{
	wire_put_u8(w, f->kind);
	if (f->kind == FEC_PREFIX) {
		wire_put_u16(w, ldp_family(&f->addr));
		wire_put_u8(w, f->len);
		wire_put_bytes(w, f->addr.bytes, (f->len + 7u) / 8u);
	} else if (f->kind == FEC_TYPED_WILDCARD) { /* RFC 5918 3 */
		wire_put_u8(w, f->of);
		wire_put_u8(w, 2);
		wire_put_u16(w, f->of == FEC_PREFIX ? f->family : f->pw.type);
	} else if (f->kind == FEC_PW_ID) {
		ldp_put_pw_id(w, &f->pw);
	} else if (f->kind == FEC_PW_GENERAL) {
		ldp_put_pw_general(w, &f->pw);
	}
}
