#ifndef LDPD_PACKET_PW_H
#define LDPD_PACKET_PW_H
#include "base/wire.h"
#include "ldpd/status.h"

/* Pseudowires in LDP messages, RFC 8077: their FEC elements, and the TLVs that go with these. */

/* RFC 4446 3.2. PW_TYPE_ALL stands for every type in a typed wildcard (RFC 6667). */
enum ldp_pw_type { PW_ETHERNET_TAGGED = 4, PW_ETHERNET = 5, PW_HDLC = 6, PW_PPP = 7, PW_TYPE_ALL = 0x7fff };
enum { PW_DESCRIPTION_MAX = 80 };
const char *ldp_pw_type_name(uint32_t type); /* NULL: not one of those above */
/* RFC 8077 7.1: packets of this type always have a control word. */
bool ldp_pw_needs_control_word(uint16_t type);

/* Interface parameters, RFC 4446 3.3. What is 0 is not told. */
struct ldp_pw_params {
	uint16_t mtu;
	uint16_t vlan;              /* requested */
	uint8_t vccv_cc, vccv_cv;   /* RFC 5085 5.1 */
	const uint8_t *description; /* a view, no text with an end */
	uint8_t description_size;
};
/* Attachment group or individual identifier of a FEC of kind 0x81: a view. */
struct ldp_pw_name {
	uint8_t type, size;
	const uint8_t *value;
};
struct ldp_pw_fec {
	bool control_word;                 /* C bit */
	bool wild;                         /* PW info length 0: every pseudowire of the group */
	uint16_t type;                     /* in a typed wildcard too */
	uint32_t group;                    /* 0x80; that of 0x81 is a TLV of its own */
	uint32_t id;                       /* 0x80 */
	struct ldp_pw_params params;       /* 0x80; those of 0x81 are a TLV of their own */
	struct ldp_pw_name group_name;     /* 0x81: AGI */
	struct ldp_pw_name source, target; /* 0x81: SAII, TAII */
};
/* What stands beside the FEC in a message. */
struct ldp_pw_tlvs {
	bool has_status, has_group;
	uint32_t status; /* RFC 8077 5.4.2, RFC 6870 */
	uint32_t group;
	struct ldp_pw_params params;
};

/* The rest of an element whose kind was read. */
enum ldp_status ldp_decode_pw_id(struct wire_reader *, struct ldp_pw_fec *ret);      /* 0x80 */
enum ldp_status ldp_decode_pw_general(struct wire_reader *, struct ldp_pw_fec *ret); /* 0x81 */
void ldp_put_pw_id(struct wire_writer *, const struct ldp_pw_fec *);
void ldp_put_pw_general(struct wire_writer *, const struct ldp_pw_fec *);
/* LDP_UNKNOWN_TLV: it is none of a pseudowire's. */
enum ldp_status ldp_decode_pw_tlv(struct ldp_pw_tlvs *, uint16_t type, struct wire_reader *value);
void ldp_put_pw_tlvs(struct wire_writer *, const struct ldp_pw_tlvs *); /* those that are there */
#endif
