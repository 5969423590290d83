/* IP and UDP headers around a payload: RFC 791, 8200, 768, and the checksum of RFC 1071. */
#include "bfdd/core/envelope.h"
#include "base/wire.h"
#include <string.h>

enum { V4_HEADER = 20, V6_HEADER = 40, UDP_HEADER = 8, UDP = 17, TTL = 255, DONT_FRAGMENT = 0x4000 };

uint32_t
inet_sum(uint32_t so_far, const uint8_t *bytes, size_t size)
{
	size_t i = 0;

	for (; i + 1 < size; i += 2)
		so_far += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return i < size ? so_far + ((uint32_t)bytes[i] << 8) : so_far;
}

uint16_t
inet_folded(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static void
put_u16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

struct envelope
envelope_of(const struct addr *own, const struct addr *peer, uint16_t own_port, uint16_t peer_port, uint8_t tos_exp)
{
	struct envelope e = { .size = (uint8_t)((own->family == 4 ? V4_HEADER : V6_HEADER) + UDP_HEADER) };
	struct wire_writer w = wire_writer(e.bytes, sizeof e.bytes);
	size_t bytes = addr_size(own);

	if (own->family == 4) {
		wire_put_u8(&w, 0x45);
		wire_put_u8(&w, (uint8_t)(tos_exp << 5));
		wire_put_u16(&w, 0);             /* length */
		wire_put_u16(&w, 0);             /* what is never fragmented needs no number, RFC 6864 */
		wire_put_u16(&w, DONT_FRAGMENT); /* as the kernel's own sockets have it */
		wire_put_u8(&w, TTL);
		wire_put_u8(&w, UDP);
		wire_put_u16(&w, 0); /* checksum */
	} else {
		wire_put_u32(&w, UINT32_C(6) << 28 | (uint32_t)tos_exp << 25);
		wire_put_u16(&w, 0); /* length */
		wire_put_u8(&w, UDP);
		wire_put_u8(&w, TTL);
	}
	wire_put_bytes(&w, own->bytes, bytes);
	wire_put_bytes(&w, peer->bytes, bytes);
	e.ip_sum = inet_sum(0, e.bytes, V4_HEADER);
	wire_put_u16(&w, own_port);
	wire_put_u16(&w, peer_port);
	wire_put_u32(&w, 0); /* length and checksum */
	e.udp_sum = UDP + (uint32_t)own_port + peer_port;
	e.udp_sum = inet_sum(inet_sum(e.udp_sum, own->bytes, bytes), peer->bytes, bytes);
	return e;
}

size_t
envelope_fill(const struct envelope *e, const uint8_t *payload, size_t size, uint8_t *out)
{
	size_t total = e->size + size, length = UDP_HEADER + size;

	memcpy(out, e->head, e->head_size);
	out += e->head_size;
	memcpy(out, e->bytes, e->size);
	memcpy(out + e->size, payload, size);
	if (!e->size)
		return e->head_size + total;
	uint8_t *udp = out + e->size - UDP_HEADER;
	if (e->size == V4_HEADER + UDP_HEADER) {
		put_u16(out + 2, total);
		put_u16(out + 10, inet_folded(e->ip_sum + (uint32_t)total));
	} else {
		put_u16(out + 4, length);
	}
	put_u16(udp + 4, length);
	/* The length counts twice: in the header, and in the pseudo header. */
	uint16_t check = inet_folded(inet_sum(e->udp_sum + 2 * (uint32_t)length, payload, size));
	put_u16(udp + 6, check ? check : 0xffff);
	return e->head_size + total;
}
