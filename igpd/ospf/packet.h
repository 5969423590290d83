#ifndef OSPF_PACKET_H
#define OSPF_PACKET_H
#include "igpd/ospf/lsa.h"

/* OSPF packets to values and back, RFC 2328 appendix A.3. Knows no neighbour; authentication is auth.c's. */
enum {
	OSPF_VERSION = 2,
	OSPF_HEADER_BYTES = 24,
	OSPF_IP_HEADER_BYTES = 20,
	OSPF_PACKET_MAX = 65535 - OSPF_IP_HEADER_BYTES
};
enum ospf_type { OSPF_HELLO = 1, OSPF_DESCRIPTION = 2, OSPF_REQUEST = 3, OSPF_UPDATE = 4, OSPF_ACK = 5, OSPF_TYPES };
enum ospf_auth { OSPF_AUTH_NONE = 0, OSPF_AUTH_SIMPLE = 1, OSPF_AUTH_CRYPTOGRAPHIC = 2 };
/* Of Database Description packets. */
enum { DD_MASTER = 0x01, DD_MORE = 0x02, DD_INIT = 0x04 };

/* Why a packet is not taken; each is counted. */
enum ospf_verdict {
	OSPF_ACCEPTED,
	OSPF_BAD_LENGTH,
	OSPF_BAD_VERSION,
	OSPF_BAD_CHECKSUM,
	OSPF_BAD_TYPE,
	OSPF_BAD_AREA,
	OSPF_BAD_SOURCE,      /* not of this link's network, or ourselves */
	OSPF_BAD_DESTINATION, /* AllDRouters without being one, or not ours */
	OSPF_BAD_AUTH_TYPE,
	OSPF_BAD_AUTH, /* the password or digest is wrong, or the key is not known */
	OSPF_REPLAYED, /* its cryptographic sequence number is not larger than the last */
	OSPF_BAD_MASK,
	OSPF_BAD_HELLO_INTERVAL,
	OSPF_BAD_DEAD_INTERVAL,
	OSPF_BAD_OPTIONS, /* E or N bit: another kind of area */
	OSPF_SAME_ROUTER_ID,
	OSPF_BAD_MTU,
	OSPF_NO_NEIGHBOR, /* or one that is not so far */
	OSPF_BAD_BODY,
	OSPF_VERDICTS
};
const char *ospf_verdict_text(enum ospf_verdict); /* for displays and logs: "the area differs" */
const char *ospf_type_name(unsigned type);

struct ospf_header {
	uint8_t type;
	uint16_t length; /* of the packet without what authentication appends */
	uint32_t router, area;
	uint16_t checksum, auth_type;
	uint8_t auth[8];
};
struct ospf_hello {
	uint32_t mask;
	uint16_t interval_s;
	uint8_t options, priority;
	uint32_t dead_s, dr, bdr;
	struct wire_reader neighbors; /* ospf_next_neighbor() */
};
struct ospf_description {
	uint16_t mtu;
	uint8_t options, flags;
	uint32_t sequence;
	struct wire_reader headers; /* lsa_read_header(), LSA_HEADER_BYTES each */
};
struct ospf_request {
	uint32_t type, id, router;
};

/* Judges what needs no interface: version, lengths and the checksum, which cryptographic authentication replaces. */
enum ospf_verdict ospf_read_header(struct wire_reader *, struct ospf_header *ret);
enum ospf_verdict ospf_read_hello(struct wire_reader *, struct ospf_hello *ret);
bool ospf_next_neighbor(struct wire_reader *, uint32_t *ret_router);
enum ospf_verdict ospf_read_description(struct wire_reader *, struct ospf_description *ret);
/* True for each; false at the end. The caller asks wire_done() then. */
bool ospf_next_request(struct wire_reader *, struct ospf_request *ret);
/* Of a Link State Update: how many LSAs, and the next of them as a view of whole bytes; NULL at the end or when cut off. */
uint32_t ospf_read_update(struct wire_reader *);
const uint8_t *ospf_next_lsa(struct wire_reader *, size_t *ret_size);

/* Writing: the head with its length and checksum left open, the body by wire_put_*, then the end. */
struct wire_writer ospf_begin(uint8_t *bytes, size_t room, enum ospf_type, uint32_t router, uint32_t area);
void ospf_write_hello(struct wire_writer *, const struct ospf_hello *); /* all but the neighbours, which follow */
void ospf_write_description(struct wire_writer *, const struct ospf_description *); /* all but the headers */
/* Fills in length and checksum. auth_type and auth: the simple password or none; auth.c seals the cryptographic kind. */
size_t ospf_end(struct wire_writer *, uint16_t auth_type, const uint8_t auth[8]);
uint16_t ospf_checksum(
    const uint8_t *bytes, size_t size); /* over all but the 8 bytes of authentication; 0 if it is right */
#endif
