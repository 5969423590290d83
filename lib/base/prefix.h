#ifndef BASE_PREFIX_H
#define BASE_PREFIX_H
#include "base/addr.h"

/* An address and how many of its leading bits count. An interface address keeps its host bits; a
 * route's prefix has none (prefix_network()). */
struct prefix {
	struct addr addr;
	uint8_t len; /* 0-32 or 0-128 */
};

#define PREFIX_TEXT (ADDR_TEXT + 4)
#define PREFIX_BYTES 17 /* packed: one length byte, then 4 or 16 address bytes; how rows carry prefixes */

struct prefix prefix_make(struct addr, uint8_t len); /* host bits kept */
struct prefix prefix_network(struct prefix);         /* host bits cleared */
struct prefix prefix_host(struct addr);              /* /32 or /128 */
struct addr prefix_broadcast(struct prefix);         /* the last address */
bool prefix_covers(const struct prefix *, const struct addr *);
bool prefix_is_host(const struct prefix *);                   /* /32 or /128 */
int prefix_cmp(const struct prefix *, const struct prefix *); /* family, address, length: display order */
static inline bool
prefix_eq(const struct prefix *a, const struct prefix *b)
{
	return prefix_cmp(a, b) == 0;
}
uint32_t prefix_hash(const struct prefix *);
/* Mask to length: "255.255.255.0" or "24". False when it is neither, or the mask has holes. `family` 4 or 6. */
bool prefix_mask_parse(const char *text, uint8_t family, uint8_t *ret_len);
bool prefix_parse(const char *text, struct prefix *ret); /* "10.0.0.0/8"; without a slash a host prefix */
const char *prefix_text(const struct prefix *, char out[PREFIX_TEXT]);
size_t prefix_to_bytes(const struct prefix *, uint8_t out[PREFIX_BYTES]); /* 5 or 17; 1 when none */
bool prefix_from_bytes(const uint8_t *bytes, size_t size, struct prefix *ret);
#endif
