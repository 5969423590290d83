#ifndef BASE_ADDR_H
#define BASE_ADDR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* IP addresses as plain values: no family but 4 or 6, no port, no scope. */
struct addr {
	uint8_t family;    /* 0 none, 4, 6 */
	uint8_t bytes[16]; /* network order; the first 4 for IPv4, the rest zero */
};

#define ADDR_TEXT 46 /* room for any address and its zero byte */

struct addr addr_v4(uint32_t host_order);
struct addr addr_none(void);
static inline bool
addr_is_set(const struct addr *a)
{
	return a->family != 0;
}
uint32_t addr_to_v4(const struct addr *);               /* host order; 0 unless family 4 */
size_t addr_size(const struct addr *);                  /* 0, 4 or 16: how many of `bytes` count */
int addr_cmp(const struct addr *, const struct addr *); /* family first, then bytes; a total order */
static inline bool
addr_eq(const struct addr *a, const struct addr *b)
{
	return addr_cmp(a, b) == 0;
}
/* 4 or 16 bytes make an address, 0 bytes make none; any other size is false and leaves *ret alone. */
bool addr_from_bytes(const uint8_t *bytes, size_t size, struct addr *ret);
/* Dotted IPv4 or RFC 4291 text; the whole string must be one address. */
bool addr_parse(const char *text, struct addr *ret);
const char *addr_text(const struct addr *, char out[ADDR_TEXT]); /* "-" when none; IPv6 by RFC 5952 */
const char *id_text(uint32_t id, char out[ADDR_TEXT]); /* router and LSR IDs, areas: written as IPv4 addresses */
bool addr_is_multicast(const struct addr *);
bool addr_is_loopback(const struct addr *);
bool addr_is_unspecified(const struct addr *); /* 0.0.0.0, :: */
bool addr_is_link_local(const struct addr *);  /* 169.254/16, fe80::/10 */
#endif
