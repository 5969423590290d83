/*
 * LDP PDUs and messages to and from bytes, RFC 5036 section 3.
 *
 * Decoding allocates nothing and changes nothing: lists stay views into the PDU. A TLV of unknown type is
 * passed over when its U bit says so and is Unknown TLV otherwise (3.3); what a message lacks is told by
 * its own status.
 */
#include "ldpd/packet.h"
#include <string.h>

enum ldp_tlv {
	TLV_FEC = 0x0100,
	TLV_ADDRESS_LIST = 0x0101,
	TLV_HOP_COUNT = 0x0103,
	TLV_PATH_VECTOR = 0x0104,
	TLV_GENERIC_LABEL = 0x0200,
	TLV_ATM_LABEL = 0x0201,
	TLV_FRAME_RELAY_LABEL = 0x0202,
	TLV_STATUS = 0x0300,
	TLV_EXTENDED_STATUS = 0x0301,
	TLV_RETURNED_PDU = 0x0302,
	TLV_RETURNED_MESSAGE = 0x0303,
	TLV_COMMON_HELLO = 0x0400,
	TLV_IPV4_TRANSPORT = 0x0401,
	TLV_CONFIG_SEQUENCE = 0x0402,
	TLV_IPV6_TRANSPORT = 0x0403,
	TLV_COMMON_SESSION = 0x0500,
	TLV_FT_SESSION = 0x0503,
	TLV_DYNAMIC_CAPABILITY = 0x0506,
	TLV_TYPED_WILDCARD = 0x050b,
	TLV_REQUEST_ID = 0x0600,
	TLV_MTU = 0x0601,
	TLV_UNRECOGNIZED_NOTIFICATION = 0x0603,
	TLV_DUAL_STACK = 0x0701,
};
enum {
	U_BIT = 0x8000,
	F_BIT = 0x4000,
	HELLO_TARGETED = 0x8000,
	HELLO_REQUEST = 0x4000,
	HELLO_GTSM = 0x2000,
	SESSION_A = 0x8000,
	FT_LEARN = 0x0001
};
enum {
	SEEN_HELLO = 1,
	SEEN_SESSION = 2,
	SEEN_STATUS = 4,
	SEEN_ADDRESSES = 8,
	SEEN_FEC = 16,
	SEEN_LABEL = 32,
	SEEN_REQUEST_ID = 64
};

/* --- PDUs --- */

size_t
ldp_pdu_size(const uint8_t *bytes, size_t size, uint16_t max_pdu, enum ldp_status *ret_status)
{
	struct wire_reader r = wire_reader(bytes, size);
	uint16_t version = wire_u16(&r);
	uint16_t length = wire_u16(&r);

	*ret_status = LDP_OK;
	if (!wire_ok(&r))
		return 0;
	if (version != LDP_VERSION)
		*ret_status = LDP_BAD_VERSION;
	else if (length < LDP_PDU_LEAST || length > max_pdu)
		*ret_status = LDP_BAD_PDU_LENGTH;
	return (size_t)length + 4;
}

enum ldp_status
ldp_decode_pdu(const uint8_t *bytes, size_t size, struct ldp_pdu *ret)
{
	struct wire_reader r = wire_reader(bytes, size);
	uint16_t version = wire_u16(&r);
	uint16_t length = wire_u16(&r);

	if (!wire_ok(&r))
		return LDP_BAD_PDU_LENGTH;
	if (version != LDP_VERSION)
		return LDP_BAD_VERSION;
	struct wire_reader rest = wire_sub(&r, length);
	uint32_t lsr = wire_u32(&rest);
	uint16_t space = wire_u16(&rest);
	if (!wire_ok(&rest) || !wire_done(&r))
		return LDP_BAD_PDU_LENGTH;
	size_t left = wire_left(&rest);
	*ret = (struct ldp_pdu){ lsr, space, wire_sub(&rest, left) };
	return lsr ? LDP_OK : LDP_BAD_LDP_ID;
}

/* --- TLVs --- */

static unsigned
capability_of(uint16_t type)
{
	switch (type) {
	case TLV_DYNAMIC_CAPABILITY: return LDP_CAN_ANNOUNCE;
	case TLV_TYPED_WILDCARD: return LDP_CAN_TYPED_WILDCARD;
	case TLV_UNRECOGNIZED_NOTIFICATION: return LDP_CAN_UNRECOGNIZED;
	default: return 0;
	}
}

/* RFC 5561 section 3: a byte whose first bit says on or off; what follows it is the capability's own. */
static enum ldp_status
decode_capability_tlv(unsigned *on, unsigned *off, uint16_t type, struct wire_reader *v)
{
	unsigned bit = capability_of(type);
	uint8_t state = wire_u8(v);

	if (!bit)
		return LDP_UNKNOWN_TLV;
	if (!wire_ok(v))
		return LDP_BAD_TLV_LENGTH;
	*(state & 0x80 ? on : off) |= bit;
	*(state & 0x80 ? off : on) &= ~bit;
	return LDP_OK;
}

static enum ldp_status
decode_init_tlv(struct ldp_msg *m, uint16_t type, struct wire_reader *v, unsigned *seen)
{
	if (type == TLV_COMMON_SESSION) {
		uint16_t version = wire_u16(v);
		m->init.hold_s = wire_u16(v);
		uint16_t flags = wire_u16(v);
		m->init.max_pdu = wire_u16(v);
		m->init.receiver_lsr = wire_u32(v);
		m->init.receiver_space = wire_u16(v);
		m->init.on_demand = flags & SESSION_A;
		*seen |= SEEN_SESSION;
		if (!wire_done(v))
			return LDP_BAD_TLV_LENGTH;
		return version == LDP_VERSION ? LDP_OK : LDP_BAD_VERSION;
	}
	if (type == TLV_FT_SESSION) {
		uint16_t flags = wire_u16(v);
		wire_u16(v);
		m->init.ft = true;
		m->init.ft_learn = flags & FT_LEARN;
		m->init.reconnect_ms = wire_u32(v);
		m->init.recovery_ms = wire_u32(v);
		return wire_done(v) ? LDP_OK : LDP_BAD_TLV_LENGTH;
	}
	unsigned off = 0;
	return decode_capability_tlv(&m->init.capabilities, &off, type, v);
}

static enum ldp_status
decode_hello_tlv(struct ldp_msg *m, uint16_t type, struct wire_reader *v, unsigned *seen)
{
	switch (type) {
	case TLV_COMMON_HELLO: {
		m->hello.hold_s = wire_u16(v);
		uint16_t flags = wire_u16(v);
		m->hello.targeted = flags & HELLO_TARGETED;
		m->hello.request_targeted = flags & HELLO_REQUEST;
		m->hello.gtsm = flags & HELLO_GTSM;
		*seen |= SEEN_HELLO;
		return wire_done(v) ? LDP_OK : LDP_BAD_TLV_LENGTH;
	}
	case TLV_IPV4_TRANSPORT: {
		uint32_t address = wire_u32(v);
		if (!wire_done(v))
			return LDP_BAD_TLV_LENGTH;
		m->hello.transport4 = addr_v4(address);
		return LDP_OK;
	}
	case TLV_IPV6_TRANSPORT: {
		const uint8_t *bytes = wire_bytes(v, 16);
		if (!wire_done(v))
			return LDP_BAD_TLV_LENGTH;
		addr_from_bytes(bytes, 16, &m->hello.transport6);
		return LDP_OK;
	}
	case TLV_DUAL_STACK: /* RFC 7552 6.1.1; what else it could prefer is nothing we know, so no match */
		m->hello.prefers = wire_u8(v) >> 4;
		wire_bytes(v, 3);
		return wire_done(v) ? LDP_OK : LDP_BAD_TLV_LENGTH;
	case TLV_CONFIG_SEQUENCE: m->hello.sequence = wire_u32(v); return wire_done(v) ? LDP_OK : LDP_BAD_TLV_LENGTH;
	default: return LDP_UNKNOWN_TLV;
	}
}

static enum ldp_status
decode_label_tlv(struct ldp_msg *m, uint16_t type, struct wire_reader *v, unsigned *seen)
{
	switch (type) {
	case TLV_FEC:
		m->label.fecs = *v;
		*seen |= SEEN_FEC;
		return LDP_OK;
	case TLV_GENERIC_LABEL:
		m->label.label = wire_u32(v);
		*seen |= SEEN_LABEL;
		if (!wire_done(v))
			return LDP_BAD_TLV_LENGTH;
		return label_is_valid(m->label.label) ? LDP_OK : LDP_MALFORMED_TLV;
	case TLV_REQUEST_ID:
		m->label.request_id = wire_u32(v);
		*seen |= SEEN_REQUEST_ID;
		return wire_done(v) ? LDP_OK : LDP_BAD_TLV_LENGTH;
	case TLV_MTU: m->label.mtu = wire_u16(v); return wire_done(v) ? LDP_OK : LDP_BAD_TLV_LENGTH;
	case TLV_ATM_LABEL:
	case TLV_FRAME_RELAY_LABEL: return LDP_MALFORMED_TLV; /* not on these links */
	case TLV_HOP_COUNT:
	case TLV_PATH_VECTOR: return LDP_OK; /* loop detection is not configured; 2.8 */
	case TLV_STATUS:                     /* RFC 8077 7: of a pseudowire's Withdraw or Release */
		m->label.status = wire_u32(v);
		wire_bytes(v, 6);
		return wire_done(v) ? LDP_OK : LDP_BAD_TLV_LENGTH;
	default: return ldp_decode_pw_tlv(&m->label.pw, type, v);
	}
}

static enum ldp_status
decode_status_tlv(struct ldp_msg *m, uint16_t type, struct wire_reader *v, unsigned *seen)
{
	switch (type) {
	case TLV_STATUS:
		m->notification.status = wire_u32(v);
		m->notification.about_id = wire_u32(v);
		m->notification.about_type = wire_u16(v);
		*seen |= SEEN_STATUS;
		return wire_done(v) ? LDP_OK : LDP_BAD_TLV_LENGTH;
	case TLV_FEC: m->notification.fecs = *v; return LDP_OK;
	case TLV_REQUEST_ID: /* of an Abort's answer, 3.5.9.1 */
	case TLV_EXTENDED_STATUS:
	case TLV_RETURNED_PDU:
	case TLV_RETURNED_MESSAGE: return LDP_OK;
	default: return ldp_decode_pw_tlv(&m->notification.pw, type, v);
	}
}

static enum ldp_status
decode_tlv(struct ldp_msg *m, uint16_t type, struct wire_reader *v, unsigned *seen)
{
	switch (m->type) {
	case LDP_HELLO: return decode_hello_tlv(m, type, v, seen);
	case LDP_INITIALIZATION: return decode_init_tlv(m, type, v, seen);
	case LDP_CAPABILITY: return decode_capability_tlv(&m->capability.on, &m->capability.off, type, v);
	case LDP_NOTIFICATION: return decode_status_tlv(m, type, v, seen);
	case LDP_ADDRESS:
	case LDP_ADDRESS_WITHDRAW: {
		if (type != TLV_ADDRESS_LIST)
			return LDP_UNKNOWN_TLV;
		uint16_t family = wire_u16(v);
		if (!wire_ok(v))
			return LDP_BAD_TLV_LENGTH;
		if (!ldp_family_bytes(family))
			return LDP_UNSUPPORTED_AF;
		size_t left = wire_left(v);
		m->address.family = family;
		m->address.list = wire_sub(v, left);
		*seen |= SEEN_ADDRESSES;
		return left % ldp_family_bytes(family) == 0 ? LDP_OK : LDP_BAD_TLV_LENGTH;
	}
	case LDP_LABEL_MAPPING:
	case LDP_LABEL_REQUEST:
	case LDP_LABEL_WITHDRAW:
	case LDP_LABEL_RELEASE:
	case LDP_LABEL_ABORT: return decode_label_tlv(m, type, v, seen);
	default: return LDP_UNKNOWN_TLV;
	}
}

/* What each message must have, 3.5. */
static unsigned
needed(uint16_t type)
{
	switch (type) {
	case LDP_HELLO: return SEEN_HELLO;
	case LDP_INITIALIZATION: return SEEN_SESSION;
	case LDP_NOTIFICATION: return SEEN_STATUS;
	case LDP_ADDRESS:
	case LDP_ADDRESS_WITHDRAW: return SEEN_ADDRESSES;
	case LDP_LABEL_MAPPING: return SEEN_FEC | SEEN_LABEL;
	case LDP_LABEL_REQUEST:
	case LDP_LABEL_WITHDRAW:
	case LDP_LABEL_RELEASE: return SEEN_FEC;
	case LDP_LABEL_ABORT: return SEEN_FEC | SEEN_REQUEST_ID;
	default: return 0;
	}
}

static bool
is_known(uint16_t type)
{
	return type == LDP_KEEPALIVE || type == LDP_CAPABILITY || needed(type) != 0;
}

enum ldp_status
ldp_decode_message(struct wire_reader *body, struct ldp_msg *ret)
{
	uint16_t raw = wire_u16(body);
	uint16_t length = wire_u16(body);
	struct wire_reader rest = wire_sub(body, length);

	*ret = (struct ldp_msg){ .type = raw & (U_BIT - 1), .unknown_ok = raw & U_BIT };
	ret->id = wire_u32(&rest);
	if (!wire_ok(&rest))
		return LDP_BAD_MESSAGE_LENGTH;
	if (!is_known(ret->type))
		return LDP_UNKNOWN_MESSAGE;
	if (needed(ret->type) & SEEN_FEC)
		ret->label.label = LABEL_UNSET;

	unsigned seen = 0;
	enum ldp_status first = LDP_OK;
	while (wire_left(&rest)) {
		uint16_t type = wire_u16(&rest);
		uint16_t size = wire_u16(&rest);
		struct wire_reader value = wire_sub(&rest, size);
		if (!wire_ok(&rest))
			return LDP_BAD_TLV_LENGTH;
		enum ldp_status s = decode_tlv(ret, type & 0x3fff, &value, &seen);
		if (s == LDP_UNKNOWN_TLV && type & U_BIT)
			s = LDP_OK;
		if (s & LDP_FATAL)
			return s;
		if (first == LDP_OK)
			first = s;
	}
	if (first == LDP_OK && (seen & needed(ret->type)) != needed(ret->type))
		return LDP_MISSING_PARAMETERS;
	return first;
}

/* --- writing --- */

void
ldp_begin(struct ldp_writer *w, void *bytes, size_t room, uint32_t lsr)
{
	*w = (struct ldp_writer){ .wire = wire_writer(bytes, room) };
	wire_put_u16(&w->wire, LDP_VERSION);
	w->pdu = wire_hold_u16(&w->wire);
	wire_put_u32(&w->wire, lsr);
	wire_put_u16(&w->wire, 0); /* the platform-wide label space */
}

size_t
ldp_end(struct ldp_writer *w)
{
	wire_fill_length(&w->wire, w->pdu);
	return w->wire.full || !w->messages ? 0 : w->wire.at;
}

static struct wire_mark
begin_message(struct ldp_writer *w, enum ldp_type type, uint32_t id)
{
	wire_put_u16(&w->wire, (uint16_t)type);
	struct wire_mark m = wire_hold_u16(&w->wire);
	wire_put_u32(&w->wire, id);
	w->messages++;
	return m;
}

static struct wire_mark
begin_tlv(struct ldp_writer *w, unsigned type)
{
	wire_put_u16(&w->wire, (uint16_t)type);
	return wire_hold_u16(&w->wire);
}

void
ldp_put_hello(struct ldp_writer *w, uint32_t id, const struct ldp_hello_fields *f)
{
	struct wire_mark m = begin_message(w, LDP_HELLO, id);
	struct wire_mark t = begin_tlv(w, TLV_COMMON_HELLO);

	wire_put_u16(&w->wire, f->hold_s);
	wire_put_u16(&w->wire, (uint16_t)((f->targeted ? HELLO_TARGETED : 0) |
					  (f->request_targeted ? HELLO_REQUEST : 0) | (f->gtsm ? HELLO_GTSM : 0)));
	wire_fill_length(&w->wire, t);
	t = begin_tlv(w, f->transport.family == 6 ? TLV_IPV6_TRANSPORT : TLV_IPV4_TRANSPORT);
	wire_put_bytes(&w->wire, f->transport.bytes, f->transport.family == 6 ? 16 : 4);
	wire_fill_length(&w->wire, t);
	if (f->sequence) {
		t = begin_tlv(w, TLV_CONFIG_SEQUENCE);
		wire_put_u32(&w->wire, f->sequence);
		wire_fill_length(&w->wire, t);
	}
	if (f->prefers) {
		t = begin_tlv(w, U_BIT | TLV_DUAL_STACK);
		wire_put_u32(&w->wire, (uint32_t)f->prefers << 28);
		wire_fill_length(&w->wire, t);
	}
	wire_fill_length(&w->wire, m);
}

static void
put_capabilities(struct ldp_writer *w, unsigned which, bool on)
{
	static const uint16_t types[] = { TLV_DYNAMIC_CAPABILITY, TLV_TYPED_WILDCARD, TLV_UNRECOGNIZED_NOTIFICATION };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (!(which & capability_of(types[i])))
			continue;
		struct wire_mark t = begin_tlv(w, U_BIT | types[i]);
		wire_put_u8(&w->wire, on ? 0x80 : 0);
		wire_fill_length(&w->wire, t);
	}
}

void
ldp_put_capability(struct ldp_writer *w, uint32_t id, unsigned capabilities, bool on)
{
	struct wire_mark m = begin_message(w, LDP_CAPABILITY, id);

	put_capabilities(w, capabilities, on);
	wire_fill_length(&w->wire, m);
}

void
ldp_put_init(struct ldp_writer *w, uint32_t id, const struct ldp_init_fields *f)
{
	struct wire_mark m = begin_message(w, LDP_INITIALIZATION, id);
	struct wire_mark t = begin_tlv(w, TLV_COMMON_SESSION);

	wire_put_u16(&w->wire, LDP_VERSION);
	wire_put_u16(&w->wire, f->hold_s);
	wire_put_u16(&w->wire, 0); /* downstream unsolicited, no loop detection */
	wire_put_u16(&w->wire, f->max_pdu);
	wire_put_u32(&w->wire, f->receiver_lsr);
	wire_put_u16(&w->wire, f->receiver_space);
	wire_fill_length(&w->wire, t);
	t = begin_tlv(w, U_BIT | TLV_FT_SESSION);
	wire_put_u16(&w->wire, FT_LEARN);
	wire_put_u16(&w->wire, 0);
	wire_put_u32(&w->wire, f->reconnect_ms);
	wire_put_u32(&w->wire, f->recovery_ms);
	wire_fill_length(&w->wire, t);
	put_capabilities(w, LDP_CAN_ANNOUNCE | LDP_CAN_TYPED_WILDCARD | LDP_CAN_UNRECOGNIZED, true);
	wire_fill_length(&w->wire, m);
}

void
ldp_put_keepalive(struct ldp_writer *w, uint32_t id)
{
	wire_fill_length(&w->wire, begin_message(w, LDP_KEEPALIVE, id));
}

static void
put_status(struct ldp_writer *w, uint32_t status, uint32_t about_id, uint16_t about_type)
{
	struct wire_mark t = begin_tlv(w, TLV_STATUS);

	wire_put_u32(&w->wire, status);
	wire_put_u32(&w->wire, about_id);
	wire_put_u16(&w->wire, about_type);
	wire_fill_length(&w->wire, t);
}

void
ldp_put_notification(struct ldp_writer *w, uint32_t id, uint32_t status, uint32_t about_id, uint16_t about_type)
{
	struct wire_mark m = begin_message(w, LDP_NOTIFICATION, id);

	put_status(w, status, about_id, about_type);
	wire_fill_length(&w->wire, m);
}

void
ldp_put_aborted(struct ldp_writer *w, uint32_t id, uint32_t about_id, uint32_t request_id)
{
	struct wire_mark m = begin_message(w, LDP_NOTIFICATION, id);

	put_status(w, LDP_REQUEST_ABORTED, about_id, LDP_LABEL_ABORT);
	struct wire_mark t = begin_tlv(w, TLV_REQUEST_ID);
	wire_put_u32(&w->wire, request_id);
	wire_fill_length(&w->wire, t);
	wire_fill_length(&w->wire, m);
}

static void
put_fec_tlv(struct ldp_writer *w, const struct ldp_fec *f)
{
	struct wire_mark t = begin_tlv(w, TLV_FEC);

	ldp_put_fec(&w->wire, f);
	wire_fill_length(&w->wire, t);
}

void
ldp_put_end_of_lib(struct ldp_writer *w, uint32_t id, uint16_t family)
{
	struct wire_mark m = begin_message(w, LDP_NOTIFICATION, id);

	put_status(w, LDP_END_OF_LIB, 0, 0);
	put_fec_tlv(w, &(struct ldp_fec){ .kind = FEC_TYPED_WILDCARD, .of = FEC_PREFIX, .family = family });
	wire_fill_length(&w->wire, m);
}

void
ldp_put_pw_end_of_lib(struct ldp_writer *w, uint32_t id)
{
	struct wire_mark m = begin_message(w, LDP_NOTIFICATION, id);

	put_status(w, LDP_END_OF_LIB, 0, 0);
	put_fec_tlv(w, &(struct ldp_fec){ .kind = FEC_TYPED_WILDCARD, .of = FEC_PW_ID, .pw = { .type = PW_TYPE_ALL } });
	wire_fill_length(&w->wire, m);
}

void
ldp_put_pw_status(struct ldp_writer *w, uint32_t id, const struct ldp_pw_fec *fec, uint32_t status)
{
	struct wire_mark m = begin_message(w, LDP_NOTIFICATION, id);

	put_status(w, LDP_PW_STATUS, 0, 0);
	ldp_put_pw_tlvs(&w->wire, &(struct ldp_pw_tlvs){ .has_status = true, .status = status });
	put_fec_tlv(w, &(struct ldp_fec){ .kind = FEC_PW_ID, .pw = *fec });
	wire_fill_length(&w->wire, m);
}

void
ldp_put_addresses(struct ldp_writer *w, uint32_t id, enum ldp_type type, const struct addr *list, size_t count)
{
	struct wire_mark m = begin_message(w, type, id);
	struct wire_mark t = begin_tlv(w, TLV_ADDRESS_LIST);

	wire_put_u16(&w->wire, ldp_family(list));
	for (size_t i = 0; i < count; i++)
		wire_put_bytes(&w->wire, list[i].bytes, addr_size(&list[i]));
	wire_fill_length(&w->wire, t);
	wire_fill_length(&w->wire, m);
}

void
ldp_put_label_fields(struct ldp_writer *w, uint32_t id, enum ldp_type type, const struct ldp_label_fields *f)
{
	struct wire_mark m = begin_message(w, type, id), t;

	put_fec_tlv(w, &f->fec);
	if (f->label != LABEL_UNSET) {
		t = begin_tlv(w, TLV_GENERIC_LABEL);
		wire_put_u32(&w->wire, f->label);
		wire_fill_length(&w->wire, t);
	}
	if (f->request_id) {
		t = begin_tlv(w, TLV_REQUEST_ID);
		wire_put_u32(&w->wire, f->request_id);
		wire_fill_length(&w->wire, t);
	}
	ldp_put_pw_tlvs(&w->wire, &f->pw);
	if (f->status)
		put_status(w, f->status, 0, 0);
	if (f->mtu) {
		t = begin_tlv(w, U_BIT | F_BIT | TLV_MTU); /* RFC 3988 section 3.2: who does not know it passes it on */
		wire_put_u16(&w->wire, f->mtu);
		wire_fill_length(&w->wire, t);
	}
	wire_fill_length(&w->wire, m);
}

void
ldp_put_label(struct ldp_writer *w, uint32_t id, enum ldp_type type, const struct ldp_fec *fec, uint32_t label,
    uint32_t request_id)
{
	ldp_put_label_fields(
	    w, id, type, &(struct ldp_label_fields){ .fec = *fec, .label = label, .request_id = request_id });
}
