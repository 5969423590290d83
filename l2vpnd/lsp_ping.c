/* The codec of LSP ping messages: RFC 8029 section 3. TLVs are counted without, and lie with, padding to four bytes. */
#include "l2vpnd/lsp_ping.h"
#include "base/mem.h"
#include "base/wire.h"

enum {
	VERSION = 1,
	TLV_FEC_STACK = 1,
	TLV_PAD = 3,
	TLV_VENDOR = 5,
	TLV_INTERFACE = 7, /* and label stack: of replies */
	TLV_ERRORED = 9,
	MAY_IGNORE = 0x8000, /* a type with this bit */
	FEC_128_OLD = 9,     /* deprecated: without the sender */
	FEC_128 = 10,
	FEC_128_SIZE = 14,
};
#define SECONDS_1900_TO_1970 UINT64_C(2208988800)

static size_t
padding(size_t size)
{
	return -size & 3;
}

/* --- in --- */

/* Before the end the padding of the last TLV may be missing: some senders count it to the message, some do not. */
static bool
next_tlv(struct wire_reader *r, uint16_t *type, struct wire_reader *value, struct lsp_ping_bytes *whole)
{
	size_t begin = r->at;

	*type = wire_u16(r);
	uint16_t length = wire_u16(r);
	*value = wire_sub(r, length);
	if (!wire_ok(r))
		return false;
	size_t filled = padding(length), left = wire_left(r);
	wire_bytes(r, filled < left ? filled : left);
	*whole = (struct lsp_ping_bytes){ r->base + begin, r->at - begin };
	return true;
}

static void
note_error(struct lsp_ping *m, struct lsp_ping_bytes whole)
{
	if (m->error_count < LSP_PING_ERRORS)
		m->not_understood[m->error_count++] = whole;
}

static bool
read_fec(struct lsp_ping_fec *f, uint16_t type, struct wire_reader value)
{
	*f = (struct lsp_ping_fec){ .has_sender = type == FEC_128 };
	if (f->has_sender)
		f->sender = wire_u32(&value);
	f->remote = wire_u32(&value);
	f->vc_id = wire_u32(&value);
	f->type = wire_u16(&value);
	return wire_done(&value);
}

static enum lsp_ping_verdict
read_stack(struct lsp_ping *m, struct wire_reader value)
{
	enum lsp_ping_verdict verdict = LSP_PING_OK;
	struct wire_reader sub;
	struct lsp_ping_bytes whole;
	uint16_t type;

	m->stack = (struct lsp_ping_bytes){ value.base, value.size };
	for (m->depth = 0; wire_left(&value) > 0; m->depth++) {
		if (!next_tlv(&value, &type, &sub, &whole))
			return LSP_PING_BAD;
		if (type != FEC_128 && type != FEC_128_OLD)
			verdict = LSP_PING_STRANGE;
		else if (!read_fec(&m->fec, type, sub))
			return LSP_PING_BAD;
	}
	return m->depth ? verdict : LSP_PING_BAD;
}

static enum lsp_ping_verdict
read_tlv(struct lsp_ping *m, uint16_t type, struct wire_reader value)
{
	switch (type) {
	case TLV_FEC_STACK: return m->stack.size ? LSP_PING_BAD : read_stack(m, value);
	case TLV_PAD:
		m->pad = (struct lsp_ping_bytes){ value.base, value.size };
		return value.size ? LSP_PING_OK : LSP_PING_BAD;
	case TLV_VENDOR:
	case TLV_INTERFACE:
	case TLV_ERRORED: return LSP_PING_OK;
	default: return type & MAY_IGNORE ? LSP_PING_OK : LSP_PING_STRANGE;
	}
}

static enum lsp_ping_verdict
read_tlvs(struct lsp_ping *m, struct wire_reader *r)
{
	enum lsp_ping_verdict verdict = LSP_PING_OK;
	struct lsp_ping_bytes whole;
	struct wire_reader value;
	uint16_t type;

	while (wire_left(r) > 0) {
		if (!next_tlv(r, &type, &value, &whole))
			return LSP_PING_BAD;
		switch (read_tlv(m, type, value)) {
		case LSP_PING_OK:
		case LSP_PING_NO_MESSAGE: break;
		case LSP_PING_BAD: return LSP_PING_BAD;
		case LSP_PING_STRANGE:
			note_error(m, whole);
			verdict = LSP_PING_STRANGE;
			break;
		}
	}
	return verdict != LSP_PING_OK || m->type != LSP_PING_REQUEST || m->stack.size ? verdict : LSP_PING_BAD;
}

enum lsp_ping_verdict
lsp_ping_read(struct lsp_ping *m, const uint8_t *message, size_t size)
{
	struct wire_reader r = wire_reader(message, size);
	uint16_t version = wire_u16(&r);

	*m = (struct lsp_ping){ .flags = wire_u16(&r) };
	m->type = wire_u8(&r);
	m->mode = wire_u8(&r);
	m->code = wire_u8(&r);
	m->subcode = wire_u8(&r);
	m->handle = wire_u32(&r);
	m->sequence = wire_u32(&r);
	m->sent = wire_u64(&r);
	m->received = wire_u64(&r);
	if (!wire_ok(&r) || version != VERSION || (m->type != LSP_PING_REQUEST && m->type != LSP_PING_REPLY))
		return LSP_PING_NO_MESSAGE;
	return read_tlvs(m, &r);
}

/* --- out --- */

static void
put_tlv(struct wire_writer *w, uint16_t type, struct lsp_ping_bytes value)
{
	static const uint8_t zeroes[4];

	wire_put_u16(w, type);
	wire_put_u16(w, (uint16_t)value.size);
	wire_put_bytes(w, value.bytes, value.size);
	wire_put_bytes(w, zeroes, padding(value.size));
}

static void
put_fec(struct wire_writer *w, const struct lsp_ping_fec *f)
{
	wire_put_u16(w, TLV_FEC_STACK);
	struct wire_mark stack = wire_hold_u16(w);
	wire_put_u16(w, FEC_128);
	wire_put_u16(w, FEC_128_SIZE);
	wire_put_u32(w, f->sender);
	wire_put_u32(w, f->remote);
	wire_put_u32(w, f->vc_id);
	wire_put_u16(w, f->type);
	wire_put_u16(w, 0); /* must be zero, and is no part of the value */
	wire_fill_length(w, stack);
}

size_t
lsp_ping_write(const struct lsp_ping *m, uint8_t *out, size_t room)
{
	struct wire_writer w = wire_writer(out, room);

	wire_put_u16(&w, VERSION);
	wire_put_u16(&w, m->flags);
	wire_put_u8(&w, m->type);
	wire_put_u8(&w, m->mode);
	wire_put_u8(&w, m->code);
	wire_put_u8(&w, m->subcode);
	wire_put_u32(&w, m->handle);
	wire_put_u32(&w, m->sequence);
	wire_put_u64(&w, m->sent);
	wire_put_u64(&w, m->received);
	if (m->stack.size)
		put_tlv(&w, TLV_FEC_STACK, m->stack);
	else if (m->depth)
		put_fec(&w, &m->fec);
	if (m->pad.size)
		put_tlv(&w, TLV_PAD, m->pad);
	if (m->error_count) {
		wire_put_u16(&w, TLV_ERRORED);
		struct wire_mark all = wire_hold_u16(&w);
		for (unsigned i = 0; i < m->error_count; i++)
			wire_put_bytes(&w, m->not_understood[i].bytes, m->not_understood[i].size);
		wire_fill_length(&w, all);
	}
	return w.full ? 0 : w.at;
}

/* --- words and times --- */

const char *
lsp_ping_code_text(unsigned code)
{
	static const char *const texts[] = {
		[0] = "no return code",
		[LSP_PING_MALFORMED] = "the request is malformed",
		[LSP_PING_UNKNOWN_TLV] = "it does not understand all of the request",
		[LSP_PING_EGRESS] = "it is the other end",
		[LSP_PING_NO_MAPPING] = "it has no such pseudowire",
		[5] = "mismatch of the downstream mapping",
		[6] = "its upstream interface is not known",
		[8] = "the label is switched there, and not the end",
		[9] = "the label is switched there, and no MPLS goes on",
		[LSP_PING_OTHER_LABEL] = "the label is not that of this pseudowire",
		[LSP_PING_NO_LABEL] = "it has no such label",
		[12] = "the label came by an interface of another protocol",
		[13] = "the ping ended early: the label stack shrank to one label",
	};

	return code < COUNT(texts) && texts[code] ? texts[code] : "a return code that is not known here";
}

uint64_t
lsp_ping_time(uint64_t us)
{
	uint64_t fraction = ((us % 1000000) << 32) / 1000000;

	return (us / 1000000 + SECONDS_1900_TO_1970) << 32 | fraction;
}
