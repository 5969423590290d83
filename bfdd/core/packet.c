/*
 * The BFD Control packet, RFC 5880 section 4: to values and back. Decoding judges what needs no session
 * (section 6.8.6 up to the search for one) and leaves the rest to session.c; it never changes anything.
 */
#include "bfdd/core/packet.h"
#include "base/mem.h"
#include "base/wire.h"

enum {
	FLAG_POLL = 0x20,
	FLAG_FINAL = 0x10,
	FLAG_INDEPENDENT = 0x08,
	FLAG_AUTH = 0x04,
	FLAG_DEMAND = 0x02,
	FLAG_MULTIPOINT = 0x01
};

const char *
bfd_verdict_text(enum bfd_verdict v)
{
	static const char *const texts[BFD_VERDICTS] = { "accepted", "wrong version", "bad length",
		"detect multiplier is zero", "multipoint bit is set", "my discriminator is zero", "no such session",
		"your discriminator is zero", "authentication that was not expected", "authentication is missing",
		"authentication failed", "replayed sequence number", "TTL too low", "wrong interface or address",
		"session is administratively down" };

	return (unsigned)v < BFD_VERDICTS ? texts[v] : "unknown";
}

const char *
bfd_state_name(enum bfd_state s)
{
	static const char *const names[BFD_STATES] = { "AdminDown", "Down", "Init", "Up" };

	return (unsigned)s < BFD_STATES ? names[s] : "unknown";
}

const char *
bfd_diag_text(uint8_t diag)
{
	static const char *const texts[] = { "No Diagnostic", "Control Detection Time Expired", "Echo Function Failed",
		"Neighbor Signaled Session Down", "Forwarding Plane Reset", "Path Down", "Concatenated Path Down",
		"Administratively Down", "Reverse Concatenated Path Down" };

	return diag < COUNT(texts) ? texts[diag] : "Reserved";
}

/* RFC 5880 sections 4.2 to 4.4: each type has one possible length, the password's but for its own. */
static bool
decode_auth(struct bfd_auth_section *a, struct wire_reader *r)
{
	size_t start = r->at;
	uint8_t type = wire_u8(r);
	uint8_t length = wire_u8(r);

	a->type = (enum bfd_auth_type)type;
	a->key_id = wire_u8(r);
	switch (type) {
	case BFD_AUTH_SIMPLE:
		if (length < 4 || length > 19)
			return false;
		a->secret_size = length - 3u;
		break;
	case BFD_AUTH_MD5:
	case BFD_AUTH_MET_MD5:
	case BFD_AUTH_SHA1:
	case BFD_AUTH_MET_SHA1:
		a->secret_size = type <= BFD_AUTH_MET_MD5 ? 16 : 20;
		if (length != a->secret_size + 8)
			return false;
		wire_u8(r);
		a->sequence = wire_u32(r);
		break;
	default: return false;
	}
	a->secret_at = r->at;
	a->secret = wire_bytes(r, a->secret_size);
	return wire_ok(r) && r->at - start == length;
}

enum bfd_verdict
bfd_decode(const uint8_t *bytes, size_t size, struct bfd_packet *ret)
{
	struct wire_reader r = wire_reader(bytes, size);
	struct bfd_packet p = { .bytes = bytes };
	uint8_t first = wire_u8(&r);
	uint8_t flags = wire_u8(&r);

	p.detect_mult = wire_u8(&r);
	p.size = wire_u8(&r);
	if (wire_ok(&r) && first >> 5 != BFD_VERSION)
		return BFD_BAD_VERSION;
	if (!wire_ok(&r) || p.size < (flags & FLAG_AUTH ? BFD_BYTES + 2u : BFD_BYTES) || p.size > size)
		return BFD_BAD_LENGTH;
	if (!p.detect_mult)
		return BFD_ZERO_MULT;
	if (flags & FLAG_MULTIPOINT)
		return BFD_MULTIPOINT;
	p.diag = first & 0x1f;
	p.state = (enum bfd_state)(flags >> 6);
	p.poll = flags & FLAG_POLL;
	p.final = flags & FLAG_FINAL;
	p.independent = flags & FLAG_INDEPENDENT;
	p.demand = flags & FLAG_DEMAND;
	p.mine = wire_u32(&r);
	p.yours = wire_u32(&r);
	p.desired_min_tx_us = wire_u32(&r);
	p.required_min_rx_us = wire_u32(&r);
	p.required_min_echo_us = wire_u32(&r);
	if (!p.mine)
		return BFD_ZERO_MINE;
	if (!p.yours && p.state != BFD_DOWN && p.state != BFD_ADMIN_DOWN)
		return BFD_ZERO_YOURS;
	if (flags & FLAG_AUTH) {
		struct wire_reader section = wire_reader(bytes, p.size);

		wire_bytes(&section, BFD_BYTES);
		if (!decode_auth(&p.auth, &section))
			return BFD_AUTH_FAILED;
	}
	*ret = p;
	return BFD_ACCEPTED;
}

bool
bfd_is_steady(const uint8_t bytes[BFD_BYTES])
{
	return bytes[1] >> 6 == BFD_UP && !(bytes[1] & (FLAG_POLL | FLAG_FINAL));
}

void
bfd_encode(const struct bfd_packet *p, uint8_t out[BFD_BYTES])
{
	struct wire_writer w = wire_writer(out, BFD_BYTES);

	wire_put_u8(&w, (uint8_t)(BFD_VERSION << 5 | (p->diag & 0x1f)));
	wire_put_u8(&w, (uint8_t)((unsigned)p->state << 6 | (p->poll ? FLAG_POLL : 0) | (p->final ? FLAG_FINAL : 0) |
				  (p->independent ? FLAG_INDEPENDENT : 0) | (p->demand ? FLAG_DEMAND : 0)));
	wire_put_u8(&w, p->detect_mult);
	wire_put_u8(&w, BFD_BYTES);
	wire_put_u32(&w, p->mine);
	wire_put_u32(&w, p->yours);
	wire_put_u32(&w, p->desired_min_tx_us);
	wire_put_u32(&w, p->required_min_rx_us);
	wire_put_u32(&w, p->required_min_echo_us);
}
