/*
 * Link state advertisements: bytes to values and back. RFC 2328 section 12 and appendix A.4, RFC 3101 appendix A, RFC 5250.
 *
 * Metrics for types of service beside the plain one (A.4) are read over and not kept: RFC 2328 lets nobody send them who
 * wants to be understood by all.
 */
#include "igpd/ospf/lsa.h"
#include "base/mem.h"
#include <string.h>

enum { CHECKSUM_AT = 16, LENGTH_AT = 18, TOS_BYTES = 4 };

struct lsa_header
lsa_read_header(struct wire_reader *r)
{
	struct lsa_header h;

	h.age_s = wire_u16(r);
	h.options = wire_u8(r);
	h.type = wire_u8(r);
	h.id = wire_u32(r);
	h.router = wire_u32(r);
	h.sequence = (int32_t)wire_u32(r);
	h.checksum = wire_u16(r);
	h.length = wire_u16(r);
	return h;
}

void
lsa_write_header(struct wire_writer *w, const struct lsa_header *h)
{
	wire_put_u16(w, h->age_s);
	wire_put_u8(w, h->options);
	wire_put_u8(w, h->type);
	wire_put_u32(w, h->id);
	wire_put_u32(w, h->router);
	wire_put_u32(w, (uint32_t)h->sequence);
	wire_put_u16(w, h->checksum);
	wire_put_u16(w, h->length);
}

struct lsa_header
lsa_header_of(const uint8_t *bytes)
{
	struct wire_reader r = wire_reader(bytes, LSA_HEADER_BYTES);

	return lsa_read_header(&r);
}

static uint16_t
plain_age(uint16_t age)
{
	age &= (uint16_t)~LSA_DO_NOT_AGE;
	return age < LSA_MAX_AGE_S ? age : LSA_MAX_AGE_S;
}

int
lsa_compare(const struct lsa_header *a, const struct lsa_header *b)
{
	uint16_t x = plain_age(a->age_s), y = plain_age(b->age_s);

	if (a->sequence != b->sequence)
		return a->sequence > b->sequence ? 1 : -1;
	if (a->checksum != b->checksum)
		return a->checksum > b->checksum ? 1 : -1;
	if ((x == LSA_MAX_AGE_S) != (y == LSA_MAX_AGE_S))
		return x == LSA_MAX_AGE_S ? 1 : -1;
	if (x > y + LSA_MAX_AGE_DIFF_S || y > x + LSA_MAX_AGE_DIFF_S)
		return x < y ? 1 : -1;
	return 0;
}

/* --- checksum --- */

/* The two sums of Fletcher's checksum (ISO 8473 annex C) over all bytes but the age. */
static void
fletcher(const uint8_t *bytes, size_t size, bool with_checksum, uint32_t *ret_c0, uint32_t *ret_c1)
{
	enum { BEFORE_OVERFLOW = 4096 };
	uint32_t c0 = 0, c1 = 0;
	unsigned run = 0;

	for (size_t i = 2; i < size; i++) {
		bool field = i == CHECKSUM_AT || i == CHECKSUM_AT + 1;
		c0 += field && !with_checksum ? 0 : bytes[i];
		c1 += c0;
		if (++run == BEFORE_OVERFLOW) {
			c0 %= 255;
			c1 %= 255;
			run = 0;
		}
	}
	*ret_c0 = c0 % 255;
	*ret_c1 = c1 % 255;
}

uint16_t
lsa_checksum(const uint8_t *bytes, size_t size)
{
	uint32_t c0, c1;

	fletcher(bytes, size, false, &c0, &c1);
	/* The two bytes that make both sums zero; `behind` counts from the first of them to the end. */
	int32_t behind = (int32_t)(size - CHECKSUM_AT);
	int32_t x = ((behind - 1) * (int32_t)c0 - (int32_t)c1) % 255;
	if (x <= 0)
		x += 255;
	int32_t y = 510 - (int32_t)c0 - x;
	if (y > 255)
		y -= 255;
	return (uint16_t)(x << 8 | y);
}

bool
lsa_checksum_is_right(const uint8_t *bytes, size_t size)
{
	uint32_t c0, c1;

	if (bytes[CHECKSUM_AT] == 0 && bytes[CHECKSUM_AT + 1] == 0)
		return false; /* 12.1.7: it is never absent */
	fletcher(bytes, size, true, &c0, &c1);
	return c0 == 0 && c1 == 0;
}

void
lsa_seal(uint8_t *bytes, size_t size)
{
	bytes[LENGTH_AT] = (uint8_t)(size >> 8);
	bytes[LENGTH_AT + 1] = (uint8_t)size;
	uint16_t sum = lsa_checksum(bytes, size);
	bytes[CHECKSUM_AT] = (uint8_t)(sum >> 8);
	bytes[CHECKSUM_AT + 1] = (uint8_t)sum;
}

void
lsa_set_age(uint8_t *bytes, uint16_t age_s)
{
	bytes[0] = (uint8_t)(age_s >> 8);
	bytes[1] = (uint8_t)age_s;
}

/* --- bodies --- */

static struct wire_reader
body(const uint8_t *bytes)
{
	size_t length = (size_t)(bytes[LENGTH_AT] << 8 | bytes[LENGTH_AT + 1]);

	return wire_reader(bytes + LSA_HEADER_BYTES, length - LSA_HEADER_BYTES);
}

uint8_t
lsa_router_flags(const uint8_t *bytes)
{
	struct wire_reader r = body(bytes);

	return wire_u8(&r);
}

static void
skip_link_head(struct wire_reader *r, uint16_t *ret_count)
{
	wire_u16(r); /* flags, zero */
	*ret_count = wire_u16(r);
}

struct wire_reader
lsa_links(const uint8_t *bytes)
{
	struct wire_reader r = body(bytes);
	uint16_t count;

	skip_link_head(&r, &count);
	return r;
}

bool
lsa_next_link(struct wire_reader *r, struct lsa_link *ret)
{
	if (!wire_left(r))
		return false;
	ret->id = wire_u32(r);
	ret->data = wire_u32(r);
	ret->type = wire_u8(r);
	uint8_t services = wire_u8(r);
	ret->metric = wire_u16(r);
	wire_bytes(r, (size_t)services * TOS_BYTES);
	return wire_ok(r);
}

uint32_t
lsa_network_mask(const uint8_t *bytes)
{
	struct wire_reader r = body(bytes);

	return wire_u32(&r);
}

struct wire_reader
lsa_attached(const uint8_t *bytes)
{
	struct wire_reader r = body(bytes);

	wire_u32(&r);
	return r;
}

bool
lsa_next_attached(struct wire_reader *r, uint32_t *ret_router)
{
	if (!wire_left(r))
		return false;
	*ret_router = wire_u32(r);
	return wire_ok(r);
}

uint32_t
lsa_summary_metric(const uint8_t *bytes)
{
	struct wire_reader r = body(bytes);

	wire_u32(&r);
	return wire_u32(&r) & LSA_INFINITY;
}

struct lsa_external
lsa_external_of(const uint8_t *bytes)
{
	struct wire_reader r = body(bytes);
	struct lsa_external e;

	e.mask = wire_u32(&r);
	uint32_t word = wire_u32(&r);
	e.type2 = word >> 31;
	e.metric = word & LSA_INFINITY;
	e.forward = wire_u32(&r);
	e.tag = wire_u32(&r);
	return e;
}

int
lsa_mask_length(uint32_t mask)
{
	int length = 0;

	while (mask & UINT32_C(0x80000000)) {
		mask <<= 1;
		length++;
	}
	return mask ? -1 : length;
}

uint32_t
lsa_mask(uint8_t length)
{
	return length ? UINT32_MAX << (32 - length) : 0;
}

/* --- judging --- */

static bool
router_is_right(struct wire_reader r)
{
	struct lsa_link l;
	uint16_t count;

	skip_link_head(&r, &count);
	while (wire_ok(&r) && count--)
		if (!lsa_next_link(&r, &l))
			return false;
	return wire_done(&r);
}

static bool
mask_is_right(struct wire_reader *r)
{
	uint32_t mask = wire_u32(r);

	return wire_ok(r) && lsa_mask_length(mask) >= 0;
}

static bool
body_is_right(uint8_t type, struct wire_reader r)
{
	size_t size = r.size;

	switch (type) {
	case LSA_ROUTER: return router_is_right(r);
	case LSA_NETWORK: return mask_is_right(&r) && size >= 4 && size % 4 == 0;
	case LSA_SUMMARY: return mask_is_right(&r) && size >= 8 && size % 4 == 0;
	case LSA_ASBR_SUMMARY: return size >= 8 && size % 4 == 0;
	case LSA_EXTERNAL:
	case LSA_NSSA: return mask_is_right(&r) && size >= 16 && (size - 4) % 12 == 0;
	default: return size % 4 == 0;
	}
}

enum lsa_status
lsa_judge(const uint8_t *bytes, size_t size)
{
	static const bool known[LSA_TYPES] = { [LSA_ROUTER] = true,
		[LSA_NETWORK] = true,
		[LSA_SUMMARY] = true,
		[LSA_ASBR_SUMMARY] = true,
		[LSA_EXTERNAL] = true,
		[LSA_NSSA] = true,
		[LSA_OPAQUE_LINK] = true,
		[LSA_OPAQUE_AREA] = true,
		[LSA_OPAQUE_AS] = true };

	if (size < LSA_HEADER_BYTES)
		return LSA_SHORT;
	struct lsa_header h = lsa_header_of(bytes);
	if (h.length != size)
		return LSA_SHORT;
	if (!lsa_checksum_is_right(bytes, size))
		return LSA_BAD_CHECKSUM;
	if (h.type >= LSA_TYPES || !known[h.type])
		return LSA_UNKNOWN_TYPE;
	/* What is being flushed may have lost its body (14.1 allows it, and some do). */
	if (plain_age(h.age_s) == LSA_MAX_AGE_S && size == LSA_HEADER_BYTES)
		return LSA_OK;
	return body_is_right(h.type, body(bytes)) ? LSA_OK : LSA_BAD_BODY;
}

const char *
lsa_status_text(enum lsa_status s)
{
	static const char *const texts[LSA_STATUSES] = { "good", "its length is wrong", "its checksum is wrong",
		"its type is not known", "its contents are malformed" };

	return (unsigned)s < LSA_STATUSES ? texts[s] : "unknown";
}

const char *
lsa_type_name(unsigned type)
{
	static const char *const names[LSA_TYPES] = { [LSA_ROUTER] = "Router",
		[LSA_NETWORK] = "Network",
		[LSA_SUMMARY] = "Sum-Net",
		[LSA_ASBR_SUMMARY] = "Sum-Asbr",
		[LSA_EXTERNAL] = "External",
		[LSA_NSSA] = "NSSA",
		[LSA_OPAQUE_LINK] = "Opq-Link",
		[LSA_OPAQUE_AREA] = "Opq-Area",
		[LSA_OPAQUE_AS] = "Opq-As" };

	return type < LSA_TYPES && names[type] ? names[type] : "Unknown";
}

struct prefix
lsa_prefix(uint32_t id, uint32_t mask)
{
	int length = lsa_mask_length(mask);

	return prefix_network(prefix_make(addr_v4(id), (uint8_t)(length < 0 ? 32 : length)));
}
