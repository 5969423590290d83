/* IP addresses as values, and their text both ways. */
#include "base/addr.h"
#include <arpa/inet.h>
#include <string.h>

struct addr
addr_v4(uint32_t v)
{
	return (struct addr){ 4, { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v } };
}

struct addr
addr_none(void)
{
	return (struct addr){ 0 };
}

uint32_t
addr_to_v4(const struct addr *a)
{
	if (a->family != 4)
		return 0;
	return (uint32_t)a->bytes[0] << 24 | (uint32_t)a->bytes[1] << 16 | (uint32_t)a->bytes[2] << 8 | a->bytes[3];
}

size_t
addr_size(const struct addr *a)
{
	return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

int
addr_cmp(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, addr_size(a));
}

bool
addr_from_bytes(const uint8_t *bytes, size_t size, struct addr *ret)
{
	if (size != 0 && size != 4 && size != 16)
		return false;
	*ret = (struct addr){ .family = size == 4 ? 4 : size == 16 ? 6 : 0 };
	if (size)
		memcpy(ret->bytes, bytes, size);
	return true;
}

bool
addr_parse(const char *text, struct addr *ret)
{
	struct addr a = { 0 };

	if (inet_pton(AF_INET, text, a.bytes) == 1)
		a.family = 4;
	else if (inet_pton(AF_INET6, text, a.bytes) == 1)
		a.family = 6;
	else
		return false;
	*ret = a;
	return true;
}

const char *
addr_text(const struct addr *a, char out[ADDR_TEXT])
{
	if (!addr_is_set(a) || !inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->bytes, out, ADDR_TEXT))
		memcpy(out, "-", 2);
	return out;
}

const char *
id_text(uint32_t id, char out[ADDR_TEXT])
{
	struct addr a = addr_v4(id);

	return addr_text(&a, out);
}

bool
addr_is_multicast(const struct addr *a)
{
	return (a->family == 4 && a->bytes[0] >> 4 == 14) || (a->family == 6 && a->bytes[0] == 0xff);
}

bool
addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	return (a->family == 4 && a->bytes[0] == 127) || (a->family == 6 && memcmp(a->bytes, one, 16) == 0);
}

bool
addr_is_link_local(const struct addr *a)
{
	return (a->family == 4 && a->bytes[0] == 169 && a->bytes[1] == 254) ||
	       (a->family == 6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80);
}

bool
addr_is_unspecified(const struct addr *a)
{
	static const uint8_t zero[16];

	return a->family && memcmp(a->bytes, zero, addr_size(a)) == 0;
}
