/* Control channels: RFC 5085 (VCCV), RFC 4385 5 (associated channel header), RFC 791, 768 and 2113 (what is in it). */
#include "l2vpnd/control_channel.h"
#include "base/mem.h"
#include "base/wire.h"
#include "l2vpnd/config.h"

enum {
	BOTTOM = 0x100,
	LABEL_TTL = 255, /* for the tunnel's entry and ours fibd has its own */
	ACH_FIRST = 0x10,
	ACH_IPV4 = 0x0021,
	HEADER = 20,
	ALERT_OPTION = 4, /* bytes */
	UDP = 17,
	UDP_HEADER = 8,
	MORE_FRAGMENTS = 0x3fff, /* or an offset */
};
#define ACH_HEAD UINT32_C(0x10000000)
#define ALERT UINT32_C(0x94040000)

/* --- which --- */

enum control_channel
control_channel_choose(struct vccv_said own, struct vccv_said remote, bool control_word)
{
	uint32_t both = own.cc & remote.cc;

	if (!(own.cv & remote.cv)) /* a channel for nothing */
		return CHANNEL_NONE;
	return (both & L2VPN_CC_WORD) && control_word ? CHANNEL_WORD
	       : both & L2VPN_CC_ALERT                ? CHANNEL_ALERT
	       : both & L2VPN_CC_TTL                  ? CHANNEL_TTL
						      : CHANNEL_NONE;
}

const char *
control_channel_name(uint32_t channel)
{
	static const char *const names[] = { "none", "control word", "router alert label", "TTL expiry" };

	return channel < COUNT(names) ? names[channel] : "unknown";
}

/* --- the checksum of RFC 1071 --- */

/* Of an odd number of bytes as if a zero followed. */
static uint32_t
sum(uint32_t so_far, const uint8_t *bytes, size_t size)
{
	size_t i = 0;

	for (; i + 1 < size; i += 2)
		so_far += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return i < size ? so_far + ((uint32_t)bytes[i] << 8) : so_far;
}

static uint16_t
folded(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static uint32_t
pseudo_header(uint32_t from, uint32_t to, size_t udp_size)
{
	return (from >> 16) + (from & 0xffff) + (to >> 16) + (to & 0xffff) + UDP + (uint32_t)udp_size;
}

/* --- in --- */

static bool
read_udp(struct channel_packet *p, struct wire_reader datagram)
{
	const uint8_t *base = datagram.base;
	size_t size = datagram.size;

	p->from_port = wire_u16(&datagram);
	p->to_port = wire_u16(&datagram);
	uint16_t length = wire_u16(&datagram);
	uint16_t check = wire_u16(&datagram);
	if (!wire_ok(&datagram) || length < UDP_HEADER || length > size ||
	    (check && folded(sum(pseudo_header(p->from, p->to, length), base, length)) != 0))
		return false;
	p->size = length - (size_t)UDP_HEADER;
	p->bytes = wire_bytes(&datagram, p->size);
	return p->bytes != NULL;
}

static bool
read_ip(struct channel_packet *p, struct wire_reader packet)
{
	const uint8_t *base = packet.base;
	uint8_t first = wire_u8(&packet);
	size_t header = (first & 15) * (size_t)4;

	wire_u8(&packet); /* type of service */
	uint16_t total = wire_u16(&packet);
	wire_u16(&packet); /* identification */
	uint16_t fragment = wire_u16(&packet);
	p->ttl = wire_u8(&packet);
	uint8_t protocol = wire_u8(&packet);
	wire_u16(&packet); /* checksum */
	p->from = wire_u32(&packet);
	p->to = wire_u32(&packet);
	if (!wire_ok(&packet) || first >> 4 != 4 || header < HEADER || total < header || total > packet.size)
		return false;
	wire_bytes(&packet, header - HEADER);
	struct wire_reader datagram = wire_sub(&packet, total - header); /* behind it a link may have filled up */
	return wire_ok(&datagram) && protocol == UDP && !(fragment & MORE_FRAGMENTS) &&
	       folded(sum(0, base, header)) == 0 && read_udp(p, datagram);
}

bool
channel_packet_read(struct channel_packet *p, const uint8_t *frame, size_t size)
{
	struct wire_reader r = wire_reader(frame, size);
	uint32_t entry = wire_u32(&r);

	*p = (struct channel_packet){ .label = entry >> 12 };
	if (!(entry & BOTTOM) || wire_left(&r) < 4)
		return false;
	if ((r.base[r.at] & 0xf0) == ACH_FIRST) { /* no IP packet begins like this */
		uint32_t head = wire_u32(&r);
		if (head != (ACH_HEAD | ACH_IPV4))
			return false;
	}
	return read_ip(p, wire_sub(&r, wire_left(&r)));
}

/* --- out --- */

static void
fill_u16(uint8_t *out, size_t at, uint16_t value)
{
	out[at] = (uint8_t)(value >> 8);
	out[at + 1] = (uint8_t)value;
}

size_t
channel_packet_write(const struct channel_packet *p, bool control_word, uint8_t *out, size_t room)
{
	struct wire_writer w = wire_writer(out, room);
	size_t header = (size_t)HEADER + (p->router_alert ? ALERT_OPTION : 0), length = UDP_HEADER + p->size;

	if (header + length > UINT16_MAX)
		return 0;
	wire_put_u32(&w, p->label << 12 | BOTTOM | LABEL_TTL);
	if (control_word)
		wire_put_u32(&w, ACH_HEAD | ACH_IPV4);
	size_t ip = w.at, udp = ip + header;
	wire_put_u8(&w, (uint8_t)(0x40 | header / 4));
	wire_put_u8(&w, 0);
	wire_put_u16(&w, (uint16_t)(header + length));
	wire_put_u32(&w, 0); /* never fragmented by us: no number */
	wire_put_u8(&w, p->ttl);
	wire_put_u8(&w, UDP);
	wire_put_u16(&w, 0); /* checksum */
	wire_put_u32(&w, p->from);
	wire_put_u32(&w, p->to);
	if (p->router_alert)
		wire_put_u32(&w, ALERT);
	wire_put_u16(&w, p->from_port);
	wire_put_u16(&w, p->to_port);
	wire_put_u16(&w, (uint16_t)length);
	wire_put_u16(&w, 0); /* checksum */
	wire_put_bytes(&w, p->bytes, p->size);
	if (w.full)
		return 0;
	fill_u16(out, ip + 10, folded(sum(0, out + ip, header)));
	uint16_t check = folded(sum(pseudo_header(p->from, p->to, length), out + udp, length));
	fill_u16(out, udp + 6, check ? check : UINT16_MAX);
	return w.at;
}
