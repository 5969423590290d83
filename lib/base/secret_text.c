/*
 * The cipher form: "%^" and hexadecimal digits, each byte combined with the one before and a running number, closed by
 * a check byte, so that a line cut short or mistyped is noticed and not taken for another password.
 */
#include "base/secret_text.h"
#include <stdint.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";

static uint8_t
mask(size_t i, uint8_t before)
{
	return (uint8_t)(0x5a ^ (uint8_t)(i * 37 + 11) ^ (uint8_t)(before * 3 + 1));
}

static uint8_t
check_of(const char *secret, size_t size)
{
	uint8_t sum = (uint8_t)(size * 7 + 3);

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)((sum << 1 | sum >> 7) ^ (uint8_t)secret[i]);
	return sum;
}

static char *
put(char *out, uint8_t byte)
{
	*out++ = digits[byte >> 4];
	*out++ = digits[byte & 15];
	return out;
}

void
secret_to_text(const char *secret, char out[SECRET_TEXT])
{
	size_t size = strnlen(secret, (SECRET_TEXT - 5) / 2);
	uint8_t before = 0;

	*out++ = '%';
	*out++ = '^';
	for (size_t i = 0; i < size; i++) {
		before = (uint8_t)secret[i] ^ mask(i, before);
		out = put(out, before);
	}
	out = put(out, check_of(secret, size));
	*out = '\0';
}

static bool
get(const char *text, uint8_t *ret)
{
	const char *high = text[0] ? strchr(digits, text[0]) : NULL;
	const char *low = high && text[1] ? strchr(digits, text[1]) : NULL;

	if (!low)
		return false;
	*ret = (uint8_t)((high - digits) << 4 | (low - digits));
	return true;
}

bool
secret_from_text(const char *text, char *ret, size_t room)
{
	char secret[SECRET_TEXT];
	size_t size = strlen(text);
	uint8_t before = 0, byte = 0;

	if (size < 4 || size % 2 || size >= SECRET_TEXT || strncmp(text, "%^", 2) != 0)
		return false;
	size = size / 2 - 2;
	if (size >= room)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!get(text + 2 + 2 * i, &byte))
			return false;
		secret[i] = (char)(byte ^ mask(i, before));
		before = byte;
		if (!secret[i])
			return false;
	}
	if (!get(text + 2 + 2 * size, &byte) || byte != check_of(secret, size))
		return false;
	memcpy(ret, secret, size);
	ret[size] = '\0';
	return true;
}
