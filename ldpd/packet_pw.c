/*
 * Pseudowires in LDP messages, RFC 8077: FEC elements of kind 0x80 (PWid) and 0x81 (Generalized PWid) and their TLVs, to
 * and from bytes. Knows no session and no negotiation.
 *
 * An interface parameter of unknown number is passed over in silence, as RFC 8077 says; one whose length cannot be makes
 * the element malformed, like any list that does not add up.
 */
#include "ldpd/packet_pw.h"
#include <string.h>

enum { TLV_PW_STATUS = 0x096a, TLV_PW_PARAMS = 0x096b, TLV_PW_GROUP = 0x096c, U_BIT = 0x8000, C_BIT = 0x8000 };
enum { PARAM_MTU = 0x01, PARAM_DESCRIPTION = 0x03, PARAM_VLAN = 0x06, PARAM_VCCV = 0x0c, PARAM_HEAD = 2 };
enum { ID_SIZE = 4 };

const char *
ldp_pw_type_name(uint32_t type)
{
	switch (type) {
	case PW_ETHERNET_TAGGED: return "Ethernet tagged";
	case PW_ETHERNET: return "Ethernet raw";
	case PW_HDLC: return "HDLC";
	case PW_PPP: return "PPP";
	default: return NULL;
	}
}

bool
ldp_pw_needs_control_word(uint16_t type)
{
	switch (type) {
	case 0x0001: /* Frame Relay DLCI, both forms */
	case 0x0019:
	case 0x0002: /* ATM AAL5 SDU */
	case 0x0011: /* TDM: RFC 4553, RFC 5086, RFC 5087 */
	case 0x0012:
	case 0x0013:
	case 0x0014:
	case 0x0015:
	case 0x0016:
	case 0x0017: return true;
	default: return false;
	}
}

/* --- reading --- */

static enum ldp_status
decode_param(struct ldp_pw_params *p, uint8_t number, struct wire_reader *v)
{
	switch (number) {
	case PARAM_MTU: p->mtu = wire_u16(v); break;
	case PARAM_VLAN: p->vlan = wire_u16(v); break;
	case PARAM_VCCV:
		p->vccv_cc = wire_u8(v);
		p->vccv_cv = wire_u8(v);
		break;
	case PARAM_DESCRIPTION: {
		size_t size = wire_left(v);
		if (size > PW_DESCRIPTION_MAX)
			return LDP_MALFORMED_TLV;
		p->description = wire_bytes(v, size);
		p->description_size = (uint8_t)size;
		break;
	}
	default: return LDP_OK;
	}
	return wire_done(v) ? LDP_OK : LDP_MALFORMED_TLV;
}

static enum ldp_status
decode_params(struct ldp_pw_params *p, struct wire_reader *r)
{
	while (wire_left(r)) {
		uint8_t number = wire_u8(r);
		uint8_t size = wire_u8(r);
		if (!wire_ok(r) || size < PARAM_HEAD)
			return LDP_MALFORMED_TLV;
		struct wire_reader value = wire_sub(r, size - PARAM_HEAD);
		if (!wire_ok(r))
			return LDP_MALFORMED_TLV;
		enum ldp_status s = decode_param(p, number, &value);
		if (s != LDP_OK)
			return s;
	}
	return LDP_OK;
}

/* What both kinds begin with. */
static uint8_t
decode_head(struct wire_reader *r, struct ldp_pw_fec *f)
{
	uint16_t type = wire_u16(r);

	f->control_word = type & C_BIT;
	f->type = type & PW_TYPE_ALL;
	return wire_u8(r);
}

enum ldp_status
ldp_decode_pw_id(struct wire_reader *r, struct ldp_pw_fec *ret)
{
	uint8_t size = decode_head(r, ret);

	ret->group = wire_u32(r);
	struct wire_reader info = wire_sub(r, size);
	if (!wire_ok(r))
		return LDP_MALFORMED_TLV;
	ret->wild = !size;
	if (ret->wild)
		return LDP_OK;
	ret->id = wire_u32(&info);
	if (!wire_ok(&info))
		return LDP_MALFORMED_TLV;
	return decode_params(&ret->params, &info);
}

static void
decode_name(struct wire_reader *r, struct ldp_pw_name *n)
{
	n->type = wire_u8(r);
	n->size = wire_u8(r);
	n->value = wire_bytes(r, n->size);
}

enum ldp_status
ldp_decode_pw_general(struct wire_reader *r, struct ldp_pw_fec *ret)
{
	uint8_t size = decode_head(r, ret);
	struct wire_reader info = wire_sub(r, size);

	if (!wire_ok(r))
		return LDP_MALFORMED_TLV;
	ret->wild = !size;
	if (ret->wild)
		return LDP_OK;
	decode_name(&info, &ret->group_name);
	decode_name(&info, &ret->source);
	decode_name(&info, &ret->target);
	return wire_done(&info) ? LDP_OK : LDP_MALFORMED_TLV;
}

enum ldp_status
ldp_decode_pw_tlv(struct ldp_pw_tlvs *t, uint16_t type, struct wire_reader *v)
{
	switch (type) {
	case TLV_PW_STATUS:
		t->status = wire_u32(v);
		t->has_status = true;
		return wire_done(v) ? LDP_OK : LDP_BAD_TLV_LENGTH;
	case TLV_PW_GROUP:
		t->group = wire_u32(v);
		t->has_group = true;
		return wire_done(v) ? LDP_OK : LDP_BAD_TLV_LENGTH;
	case TLV_PW_PARAMS: return decode_params(&t->params, v);
	default: return LDP_UNKNOWN_TLV;
	}
}

/* --- writing --- */

static void
put_u16_param(struct wire_writer *w, uint8_t number, uint16_t value)
{
	wire_put_u8(w, number);
	wire_put_u8(w, PARAM_HEAD + 2);
	wire_put_u16(w, value);
}

static uint8_t
description_size(const struct ldp_pw_params *p)
{
	return p->description_size < PW_DESCRIPTION_MAX ? p->description_size : PW_DESCRIPTION_MAX;
}

static size_t
params_size(const struct ldp_pw_params *p)
{
	size_t size = (p->mtu ? PARAM_HEAD + 2u : 0) + (p->vlan ? PARAM_HEAD + 2u : 0);

	size += p->vccv_cc || p->vccv_cv ? PARAM_HEAD + 2u : 0;
	return size + (p->description_size ? PARAM_HEAD + (size_t)description_size(p) : 0);
}

static void
put_params(struct wire_writer *w, const struct ldp_pw_params *p)
{
	if (p->mtu)
		put_u16_param(w, PARAM_MTU, p->mtu);
	if (p->description_size) {
		wire_put_u8(w, PARAM_DESCRIPTION);
		wire_put_u8(w, (uint8_t)(PARAM_HEAD + description_size(p)));
		wire_put_bytes(w, p->description, description_size(p));
	}
	if (p->vlan)
		put_u16_param(w, PARAM_VLAN, p->vlan);
	if (p->vccv_cc || p->vccv_cv)
		put_u16_param(w, PARAM_VCCV, (uint16_t)(p->vccv_cc << 8 | p->vccv_cv));
}

static void
put_head(struct wire_writer *w, const struct ldp_pw_fec *f, size_t size)
{
	wire_put_u16(w, (uint16_t)(f->type | (f->control_word ? C_BIT : 0)));
	wire_put_u8(w, (uint8_t)(f->wild ? 0 : size));
}

void
ldp_put_pw_id(struct wire_writer *w, const struct ldp_pw_fec *f)
{
	put_head(w, f, ID_SIZE + params_size(&f->params));
	wire_put_u32(w, f->group);
	if (f->wild)
		return;
	wire_put_u32(w, f->id);
	put_params(w, &f->params);
}

static void
put_name(struct wire_writer *w, const struct ldp_pw_name *n)
{
	wire_put_u8(w, n->type);
	wire_put_u8(w, n->size);
	if (n->size)
		wire_put_bytes(w, n->value, n->size);
}

void
ldp_put_pw_general(struct wire_writer *w, const struct ldp_pw_fec *f)
{
	put_head(w, f, 6u + f->group_name.size + f->source.size + f->target.size);
	if (f->wild)
		return;
	put_name(w, &f->group_name);
	put_name(w, &f->source);
	put_name(w, &f->target);
}

void
ldp_put_pw_tlvs(struct wire_writer *w, const struct ldp_pw_tlvs *t)
{
	if (t->has_status) { /* RFC 8077 5.4.2: who does not know it passes it over */
		wire_put_u16(w, U_BIT | TLV_PW_STATUS);
		wire_put_u16(w, 4);
		wire_put_u32(w, t->status);
	}
	if (params_size(&t->params)) {
		wire_put_u16(w, TLV_PW_PARAMS);
		wire_put_u16(w, (uint16_t)params_size(&t->params));
		put_params(w, &t->params);
	}
	if (t->has_group) {
		wire_put_u16(w, TLV_PW_GROUP);
		wire_put_u16(w, 4);
		wire_put_u32(w, t->group);
	}
}
