/* BFD on the control channel of a pseudowire as bytes: vccv.h says where it stands in which RFC. */
#include "bfdd/core/vccv.h"
#include "base/wire.h"
#include "bfdd/core/core.h"
#include <string.h>

enum {
	BOTTOM = 0x100,
	FIRST_ACH = 0x10, /* first nibble 1, version 0 */
	V4_HEADER = 20,
	V6_HEADER = 40,
	UDP_HEADER = 8,
	UDP = 17,
	FRAGMENT = 0x3fff,
	BFD_LENGTH_AT = 3,
	TTL = 255,
};
static const uint8_t loopback4[4] = { 127, 0, 0, 1 };

/* RFC 8029 2.1: so it is never forwarded by its address. */
static bool
stays_here(const struct addr *to)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (to->family == 4)
		return to->bytes[0] == 127;
	return memcmp(to->bytes, mapped, sizeof mapped) == 0 && to->bytes[12] == 127;
}

/* The packet's UDP part, its pseudo header summed up. */
static bool
take_udp(struct wire_reader udp, uint32_t pseudo, bool may_lack_sum, struct vccv_packet *p)
{
	struct wire_reader head = udp;

	wire_u16(&head);
	uint16_t port = wire_u16(&head);
	uint16_t size = wire_u16(&head);
	uint16_t check = wire_u16(&head);
	if (!wire_ok(&head) || port != BFD_SINGLE_PORT || size < UDP_HEADER || size > udp.size)
		return false;
	const uint8_t *all = wire_bytes(&udp, size);
	if (!(check == 0 && may_lack_sum) && inet_folded(inet_sum(pseudo + UDP + size, all, size)) != 0)
		return false;
	p->size = size - (size_t)UDP_HEADER;
	p->payload = wire_bytes(&head, p->size);
	return p->payload;
}

static bool
take_v4(struct wire_reader ip, struct vccv_packet *p)
{
	struct wire_reader r = ip, whole = ip;
	size_t header = (wire_u8(&r) & 15u) * 4u;

	wire_u8(&r);
	uint16_t total = wire_u16(&r);
	wire_u16(&r);
	uint16_t fragment = wire_u16(&r);
	p->ttl = wire_u8(&r);
	uint8_t protocol = wire_u8(&r);
	wire_u16(&r);
	const uint8_t *addresses = wire_bytes(&r, 8);
	const uint8_t *bytes = wire_bytes(&whole, header);
	if (!addresses || !bytes || header < V4_HEADER || total < header || total > ip.size || (fragment & FRAGMENT) ||
	    protocol != UDP || inet_folded(inet_sum(0, bytes, header)) != 0)
		return false;
	addr_from_bytes(addresses, 4, &p->from);
	addr_from_bytes(addresses + 4, 4, &p->to);
	return take_udp(wire_sub(&whole, total - header), inet_sum(0, addresses, 8), true, p);
}

static bool
take_v6(struct wire_reader ip, struct vccv_packet *p)
{
	wire_u32(&ip);
	uint16_t size = wire_u16(&ip);
	uint8_t next = wire_u8(&ip);
	p->ttl = wire_u8(&ip);
	const uint8_t *addresses = wire_bytes(&ip, 32);
	if (!addresses || next != UDP || size > wire_left(&ip))
		return false;
	addr_from_bytes(addresses, 16, &p->from);
	addr_from_bytes(addresses + 16, 16, &p->to);
	return take_udp(wire_sub(&ip, size), inet_sum(0, addresses, 32), false, p);
}

static unsigned
version_of(struct wire_reader ip)
{
	return wire_u8(&ip) >> 4;
}

static bool
take_ip(struct wire_reader ip, struct vccv_packet *p)
{
	unsigned version = version_of(ip);

	p->encapsulation = VCCV_IP;
	return (version == 4 ? take_v4(ip, p) : version == 6 && take_v6(ip, p)) && stays_here(&p->to);
}

/* A short frame may have been filled up on its way: how much of it is BFD's says BFD. */
static bool
take_bare(struct wire_reader r, struct vccv_packet *p)
{
	struct wire_reader look = r;

	p->encapsulation = VCCV_ACH;
	p->ttl = TTL;
	wire_bytes(&look, BFD_LENGTH_AT);
	size_t said = wire_u8(&look);
	p->size = said < r.size ? said : r.size;
	p->payload = wire_bytes(&r, p->size);
	return wire_ok(&look) && p->payload;
}

static bool
take_channel(struct wire_reader r, struct vccv_packet *p)
{
	wire_u16(&r);
	uint16_t type = wire_u16(&r);
	struct wire_reader rest = wire_sub(&r, wire_left(&r));

	if (!wire_ok(&r))
		return false;
	switch (type) {
	case VCCV_ACH_BFD: return take_bare(rest, p);
	case VCCV_ACH_V4: return version_of(rest) == 4 && take_ip(rest, p);
	case VCCV_ACH_V6: return version_of(rest) == 6 && take_ip(rest, p);
	default: return false;
	}
}

bool
vccv_decode(const uint8_t *frame, size_t size, struct vccv_packet *ret)
{
	struct wire_reader r = wire_reader(frame, size);
	uint32_t entry = wire_u32(&r);
	struct vccv_packet p = { .label = entry >> 12, .from = addr_none(), .to = addr_none() };
	struct wire_reader rest = wire_sub(&r, wire_left(&r)), look = rest;
	uint8_t first = wire_u8(&look);

	if (!wire_ok(&look) || !(entry & BOTTOM))
		return false;
	if (!(first == FIRST_ACH ? take_channel(rest, &p) : take_ip(rest, &p)))
		return false;
	*ret = p;
	return true;
}

struct envelope
vccv_envelope(const struct vccv_form *f)
{
	struct envelope e = { .size = 0 };
	struct addr to = addr_v4(UINT32_C(0x7f000001));
	bool bare = f->encapsulation == VCCV_ACH;

	if (!bare && f->own.family == 6) {
		to = f->own;
		memset(to.bytes, 0, sizeof to.bytes);
		to.bytes[10] = to.bytes[11] = 0xff;
		memcpy(to.bytes + 12, loopback4, sizeof loopback4);
	}
	if (!bare)
		e = envelope_of(&f->own, &to, f->port, BFD_SINGLE_PORT, f->tos_exp);
	struct wire_writer w = wire_writer(e.head, sizeof e.head);
	wire_put_u32(&w, f->label << 12 | (uint32_t)(f->tos_exp & 7) << 9 | BOTTOM | TTL);
	if (bare || f->control_word) {
		wire_put_u16(&w, FIRST_ACH << 8);
		wire_put_u16(&w, bare ? VCCV_ACH_BFD : f->own.family == 6 ? VCCV_ACH_V6 : VCCV_ACH_V4);
	}
	e.head_size = (uint8_t)w.at;
	return e;
}
