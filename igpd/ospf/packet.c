/*
 * OSPF packets: bytes to values and back, RFC 2328 appendix A.3 and section 8.2 as far as it needs no interface.
 *
 * A packet may be followed by a digest (D.4.3) and by a block of link-local signalling (RFC 5613), which are not part of its
 * length. The readers here see the packet alone.
 */
#include "igpd/ospf/packet.h"
#include "base/mem.h"
#include <string.h>

enum { LENGTH_AT = 2, CHECKSUM_AT = 12, AUTH_TYPE_AT = 14, AUTH_AT = 16 };

const char *
ospf_verdict_text(enum ospf_verdict v)
{
	static const char *const texts[OSPF_VERDICTS] = {
		[OSPF_ACCEPTED] = "accepted",
		[OSPF_BAD_LENGTH] = "its length is wrong",
		[OSPF_BAD_VERSION] = "it is not version 2",
		[OSPF_BAD_CHECKSUM] = "its checksum is wrong",
		[OSPF_BAD_TYPE] = "its type is not known",
		[OSPF_BAD_AREA] = "its area is not that of this interface",
		[OSPF_BAD_SOURCE] = "its source is not on the network of this interface",
		[OSPF_BAD_DESTINATION] = "it is not addressed to us",
		[OSPF_BAD_AUTH_TYPE] = "its type of authentication is not the one configured",
		[OSPF_BAD_AUTH] = "its authentication failed",
		[OSPF_REPLAYED] = "its cryptographic sequence number is too low",
		[OSPF_BAD_MASK] = "its network mask differs",
		[OSPF_BAD_HELLO_INTERVAL] = "its hello interval differs",
		[OSPF_BAD_DEAD_INTERVAL] = "its dead interval differs",
		[OSPF_BAD_OPTIONS] = "it takes the area for one of another kind (stub, NSSA)",
		[OSPF_SAME_ROUTER_ID] = "its router ID is ours",
		[OSPF_BAD_MTU] = "its MTU is larger than ours",
		[OSPF_NO_NEIGHBOR] = "it comes from no neighbor that is so far",
		[OSPF_BAD_BODY] = "its contents are malformed",
	};

	return (unsigned)v < OSPF_VERDICTS ? texts[v] : "unknown";
}

const char *
ospf_type_name(unsigned type)
{
	static const char *const names[OSPF_TYPES] = { "unknown", "Hello", "Database Description", "Link State Request",
		"Link State Update", "Link State Acknowledgment" };

	return names[type < OSPF_TYPES ? type : 0];
}

uint16_t
ospf_checksum(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i++)
		if (i < AUTH_AT || i >= OSPF_HEADER_BYTES)
			sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

enum ospf_verdict
ospf_read_header(struct wire_reader *r, struct ospf_header *ret)
{
	size_t start = r->at;
	uint8_t version = wire_u8(r);

	ret->type = wire_u8(r);
	ret->length = wire_u16(r);
	ret->router = wire_u32(r);
	ret->area = wire_u32(r);
	ret->checksum = wire_u16(r);
	ret->auth_type = wire_u16(r);
	const uint8_t *auth = wire_bytes(r, sizeof ret->auth);
	if (!auth)
		return OSPF_BAD_LENGTH;
	memcpy(ret->auth, auth, sizeof ret->auth);
	if (version != OSPF_VERSION)
		return OSPF_BAD_VERSION;
	if (ret->length < OSPF_HEADER_BYTES || ret->length > r->size - start)
		return OSPF_BAD_LENGTH;
	if (ret->auth_type != OSPF_AUTH_CRYPTOGRAPHIC && ospf_checksum(r->base + start, ret->length) != 0)
		return OSPF_BAD_CHECKSUM;
	if (ret->type == 0 || ret->type >= OSPF_TYPES)
		return OSPF_BAD_TYPE;
	*r = wire_reader(r->base + start + OSPF_HEADER_BYTES, ret->length - (size_t)OSPF_HEADER_BYTES);
	return OSPF_ACCEPTED;
}

enum ospf_verdict
ospf_read_hello(struct wire_reader *r, struct ospf_hello *ret)
{
	ret->mask = wire_u32(r);
	ret->interval_s = wire_u16(r);
	ret->options = wire_u8(r);
	ret->priority = wire_u8(r);
	ret->dead_s = wire_u32(r);
	ret->dr = wire_u32(r);
	ret->bdr = wire_u32(r);
	ret->neighbors = wire_sub(r, wire_left(r));
	return wire_ok(r) && ret->neighbors.size % 4 == 0 ? OSPF_ACCEPTED : OSPF_BAD_BODY;
}

bool
ospf_next_neighbor(struct wire_reader *r, uint32_t *ret_router)
{
	if (!wire_left(r))
		return false;
	*ret_router = wire_u32(r);
	return wire_ok(r);
}

enum ospf_verdict
ospf_read_description(struct wire_reader *r, struct ospf_description *ret)
{
	ret->mtu = wire_u16(r);
	ret->options = wire_u8(r);
	ret->flags = wire_u8(r);
	ret->sequence = wire_u32(r);
	ret->headers = wire_sub(r, wire_left(r));
	return wire_ok(r) && ret->headers.size % LSA_HEADER_BYTES == 0 ? OSPF_ACCEPTED : OSPF_BAD_BODY;
}

bool
ospf_next_request(struct wire_reader *r, struct ospf_request *ret)
{
	if (!wire_left(r))
		return false;
	ret->type = wire_u32(r);
	ret->id = wire_u32(r);
	ret->router = wire_u32(r);
	return wire_ok(r);
}

uint32_t
ospf_read_update(struct wire_reader *r)
{
	return wire_u32(r);
}

/* The length of an LSA stands in its own header. */
const uint8_t *
ospf_next_lsa(struct wire_reader *r, size_t *ret_size)
{
	struct wire_reader peek = *r;

	if (!wire_left(r))
		return NULL;
	struct lsa_header h = lsa_read_header(&peek);
	if (!wire_ok(&peek) || h.length < LSA_HEADER_BYTES) {
		r->short_at = r->at;
		return NULL;
	}
	*ret_size = h.length;
	return wire_bytes(r, h.length);
}

/* --- writing --- */

struct wire_writer
ospf_begin(uint8_t *bytes, size_t room, enum ospf_type type, uint32_t router, uint32_t area)
{
	struct wire_writer w = wire_writer(bytes, room);

	wire_put_u8(&w, OSPF_VERSION);
	wire_put_u8(&w, (uint8_t)type);
	wire_put_u16(&w, 0);
	wire_put_u32(&w, router);
	wire_put_u32(&w, area);
	wire_put_u32(&w, 0);
	wire_put_u64(&w, 0);
	return w;
}

void
ospf_write_hello(struct wire_writer *w, const struct ospf_hello *h)
{
	wire_put_u32(w, h->mask);
	wire_put_u16(w, h->interval_s);
	wire_put_u8(w, h->options);
	wire_put_u8(w, h->priority);
	wire_put_u32(w, h->dead_s);
	wire_put_u32(w, h->dr);
	wire_put_u32(w, h->bdr);
}

void
ospf_write_description(struct wire_writer *w, const struct ospf_description *d)
{
	wire_put_u16(w, d->mtu);
	wire_put_u8(w, d->options);
	wire_put_u8(w, d->flags);
	wire_put_u32(w, d->sequence);
}

static void
put_u16_at(uint8_t *bytes, size_t at, uint16_t value)
{
	bytes[at] = (uint8_t)(value >> 8);
	bytes[at + 1] = (uint8_t)value;
}

size_t
ospf_end(struct wire_writer *w, uint16_t auth_type, const uint8_t auth[8])
{
	put_u16_at(w->base, LENGTH_AT, (uint16_t)w->at);
	put_u16_at(w->base, AUTH_TYPE_AT, auth_type);
	if (auth_type != OSPF_AUTH_CRYPTOGRAPHIC)
		put_u16_at(w->base, CHECKSUM_AT, ospf_checksum(w->base, w->at));
	if (auth)
		memcpy(w->base + AUTH_AT, auth, 8);
	return w->at;
}
