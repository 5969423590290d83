/* Prefixes as values: an address and the number of its leading bits that count. */
#include "base/prefix.h"
#include "base/hash.h"
#include <stdio.h>
#include <string.h>

static uint8_t
max_len(uint8_t family)
{
	return family == 4 ? 32 : family == 6 ? 128 : 0;
}

struct prefix
prefix_make(struct addr addr, uint8_t len)
{
	return (struct prefix){ addr, len };
}

/* Sets every bit behind the prefix length to `ones`. */
static struct addr
fill_host_bits(struct prefix p, bool ones)
{
	size_t size = addr_size(&p.addr);

	for (size_t i = 0; i < size; i++) {
		unsigned kept = p.len > i * 8 ? p.len - (unsigned)i * 8 : 0;
		uint8_t mask = kept >= 8 ? 0xff : (uint8_t)(0xff00u >> kept);
		p.addr.bytes[i] = (uint8_t)((p.addr.bytes[i] & mask) | (ones ? (uint8_t)~mask : 0));
	}
	return p.addr;
}

struct prefix
prefix_network(struct prefix p)
{
	return (struct prefix){ fill_host_bits(p, false), p.len };
}

struct prefix
prefix_host(struct addr addr)
{
	return (struct prefix){ addr, max_len(addr.family) };
}

struct addr
prefix_broadcast(struct prefix p)
{
	return fill_host_bits(p, true);
}

bool
prefix_covers(const struct prefix *p, const struct addr *a)
{
	if (p->addr.family != a->family)
		return false;
	unsigned whole = p->len / 8, rest = p->len % 8;
	if (memcmp(p->addr.bytes, a->bytes, whole) != 0)
		return false;
	return rest == 0 || ((p->addr.bytes[whole] ^ a->bytes[whole]) >> (8 - rest)) == 0;
}

bool
prefix_is_host(const struct prefix *p)
{
	return addr_is_set(&p->addr) && p->len == max_len(p->addr.family);
}

int
prefix_cmp(const struct prefix *a, const struct prefix *b)
{
	int order = addr_cmp(&a->addr, &b->addr);

	return order ? order : (int)a->len - (int)b->len;
}

uint32_t
prefix_hash(const struct prefix *p)
{
	return hash_bytes(p->addr.bytes, addr_size(&p->addr), p->len + 256u * p->addr.family);
}

static bool
parse_number(const char *text, unsigned max, uint8_t *ret)
{
	unsigned v = 0;

	if (!*text || strlen(text) > 3)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		v = v * 10 + (unsigned)(*text - '0');
	}
	if (v > max)
		return false;
	*ret = (uint8_t)v;
	return true;
}

bool
prefix_mask_parse(const char *text, uint8_t family, uint8_t *ret_len)
{
	struct addr mask;

	if (parse_number(text, max_len(family), ret_len))
		return true;
	if (!addr_parse(text, &mask) || mask.family != family)
		return false;
	uint8_t len = 0;
	while (len < max_len(family) && (mask.bytes[len / 8] >> (7 - len % 8) & 1))
		len++;
	struct prefix kept = prefix_network(prefix_make(mask, len));
	if (addr_cmp(&kept.addr, &mask) != 0)
		return false; /* a mask with holes */
	*ret_len = len;
	return true;
}

bool
prefix_parse(const char *text, struct prefix *ret)
{
	char head[ADDR_TEXT];
	const char *slash = strchr(text, '/');
	size_t size = slash ? (size_t)(slash - text) : strlen(text);
	struct prefix p;

	if (size >= sizeof head)
		return false;
	memcpy(head, text, size);
	head[size] = '\0';
	if (!addr_parse(head, &p.addr))
		return false;
	p.len = max_len(p.addr.family);
	if (slash && !parse_number(slash + 1, p.len, &p.len))
		return false;
	*ret = p;
	return true;
}

const char *
prefix_text(const struct prefix *p, char out[PREFIX_TEXT])
{
	char addr[ADDR_TEXT];

	if (addr_is_set(&p->addr))
		snprintf(out, PREFIX_TEXT, "%s/%u", addr_text(&p->addr, addr), p->len);
	else
		memcpy(out, "-", 2);
	return out;
}

size_t
prefix_to_bytes(const struct prefix *p, uint8_t out[PREFIX_BYTES])
{
	size_t size = addr_size(&p->addr);

	out[0] = p->len;
	memcpy(out + 1, p->addr.bytes, size);
	return size + 1;
}

bool
prefix_from_bytes(const uint8_t *bytes, size_t size, struct prefix *ret)
{
	struct prefix p = { .len = 0 };

	if (size == 0) {
		*ret = (struct prefix){ 0 };
		return true;
	}
	if (!addr_from_bytes(bytes + 1, size - 1, &p.addr) || bytes[0] > max_len(p.addr.family))
		return false;
	p.len = bytes[0];
	*ret = p;
	return true;
}
