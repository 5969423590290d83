#ifndef BGP_NLRI_H
#define BGP_NLRI_H
#include "base/prefix.h"
#include "base/wire.h"
#include "l3vpnd/bgp/message.h"

/*
 * Network layer reachability information of every family that is spoken: prefixes, with a label (RFC 8277), with a route
 * distinguisher (RFC 4364, 4659), with a path identifier (RFC 7911), and route target memberships (RFC 4684).
 */
enum { NLRI_NO_LABEL = 0xffffff, NLRI_BYTES = 4 + 1 + 3 + 8 + 16 };
struct nlri {
	uint32_t path;        /* its identifier; 0 without add-path */
	uint32_t label;       /* 20 bits; NLRI_NO_LABEL: none, or withdrawn */
	uint64_t rd;          /* as it stands on the wire; 0: none */
	struct prefix prefix; /* of a membership: see nlri_of_membership() */
};
/* An AS and a target as a prefix of 96 bits in an address of IPv6, in which it is kept; bits 0: the default, every target. */
struct prefix nlri_of_membership(uint32_t as, uint64_t target, uint8_t bits);
/*
 * The next of a list. False at its end, and when it is malformed: then wire_done() is false too. What is well-formed but
 * cannot be used (more than one label where one was agreed) is refused the same way (RFC 7606 5.3).
 */
bool nlri_next(struct wire_reader *, enum bgp_family, bool add_path, bool withdrawn, struct nlri *ret);
void nlri_put(struct wire_writer *, enum bgp_family, bool add_path, bool withdrawn, const struct nlri *);

/* --- route distinguishers, RFC 4364 4.2 --- */

enum { RD_TEXT = 24 };
const char *rd_text(uint64_t rd, char out[RD_TEXT]); /* "100:1", "10.0.0.1:1", "70000:1" */
bool rd_parse(const char *text, uint64_t *ret);      /* type 0, 1 or 2 by what stands before the colon */

/* --- route targets and other extended communities, RFC 4360 --- */

enum { EXT_TEXT = 40 };
const char *ext_text(uint64_t community, char out[EXT_TEXT]); /* "RT:111:1", "SoO:…", "0x…" */
bool rt_parse(const char *text, uint64_t *ret);               /* "111:1" and the other forms of an RD */
bool ext_is_target(uint64_t community);
bool ext_is_transitive(uint64_t community);
#endif
