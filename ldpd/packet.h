#ifndef LDPD_PACKET_H
#define LDPD_PACKET_H
#include "base/addr.h"
#include "base/label.h"
#include "base/wire.h"
#include "ldpd/fec.h"
#include "ldpd/status.h"

/* LDP PDUs and messages to and from bytes, RFC 5036 section 3. Knows no session. */

/* LDP_PDU_LEAST: the least PDU Length, an identifier and one message without TLVs (3.5.1.2.1). */
enum { LDP_VERSION = 1, LDP_HEADER = 10, LDP_PDU_LEAST = 14, LDP_PDU_MAX = 4096, LDP_PDU_LIMIT = 65535 };

enum ldp_type {
	LDP_NOTIFICATION = 0x0001,
	LDP_HELLO = 0x0100,
	LDP_INITIALIZATION = 0x0200,
	LDP_KEEPALIVE = 0x0201,
	LDP_CAPABILITY = 0x0202,
	LDP_ADDRESS = 0x0300,
	LDP_ADDRESS_WITHDRAW = 0x0301,
	LDP_LABEL_MAPPING = 0x0400,
	LDP_LABEL_REQUEST = 0x0401,
	LDP_LABEL_WITHDRAW = 0x0402,
	LDP_LABEL_RELEASE = 0x0403,
	LDP_LABEL_ABORT = 0x0404,
};

/* What a peer can beyond RFC 5036; a bit each. */
enum ldp_capability {
	LDP_CAN_ANNOUNCE = 1,       /* Dynamic Announcement, RFC 5561 */
	LDP_CAN_TYPED_WILDCARD = 2, /* RFC 5918 */
	LDP_CAN_UNRECOGNIZED = 4,   /* Unrecognized Notification, RFC 5919: it wants End-of-LIB */
};

/* One message, decoded. Readers are views into the PDU's bytes, valid as long as those are. */
struct ldp_msg {
	uint16_t type;   /* without the U bit */
	bool unknown_ok; /* U bit: an unknown type is to be passed over in silence */
	uint32_t id;
	union {
		struct { /* 3.5.2 */
			uint16_t hold_s;
			bool targeted, request_targeted;
			bool gtsm;                          /* RFC 6720: it sends its session with a TTL of 255 */
			uint32_t sequence;                  /* of its configuration; 0 when the TLV is absent */
			struct addr transport4, transport6; /* none when the TLV is absent */
			uint8_t prefers; /* Dual-Stack capability, RFC 7552 6.1: 4 or 6; 0 when absent */
		} hello;
		struct { /* 3.5.3, RFC 3478 2 */
			uint16_t hold_s, max_pdu;
			bool on_demand; /* A bit */
			uint32_t receiver_lsr;
			uint16_t receiver_space;
			bool ft, ft_learn; /* a Fault Tolerant Session TLV, its L bit */
			uint32_t reconnect_ms, recovery_ms;
			unsigned capabilities; /* of enum ldp_capability, with their S bit set */
		} init;
		struct {                  /* RFC 5561 */
			unsigned on, off; /* of enum ldp_capability: what it can from now on, and no longer */
		} capability;
		struct { /* 3.5.1 */
			uint32_t status, about_id;
			uint16_t about_type;
			struct wire_reader fecs; /* what it is about, RFC 5919, RFC 8077; may be empty */
			struct ldp_pw_tlvs pw;   /* RFC 8077 5.4.2 */
		} notification;
		struct {                 /* 3.5.5: each address 4 or 16 bytes */
			uint16_t family; /* LDP_IPV4 or LDP_IPV6 */
			struct wire_reader list;
		} address;
		struct { /* 3.5.7 to 3.5.11 */
			struct wire_reader fecs;
			uint32_t label;      /* LABEL_UNSET when absent */
			uint32_t request_id; /* 0 when absent */
			uint16_t mtu;        /* RFC 3988; 0 when absent */
			uint32_t status;     /* why it is withdrawn or released; LDP_OK when absent */
			struct ldp_pw_tlvs pw;
		} label;
	};
};

/* The frame around messages. */
struct ldp_pdu {
	uint32_t lsr;
	uint16_t space;
	struct wire_reader body;
};
/* What to make of the first bytes of a stream: 0: need more; otherwise the size of the first PDU. */
size_t ldp_pdu_size(const uint8_t *bytes, size_t size, uint16_t max_pdu, enum ldp_status *ret_status);
enum ldp_status ldp_decode_pdu(const uint8_t *bytes, size_t size, struct ldp_pdu *ret);
/* The next message of a PDU's body. With another status than LDP_OK only type and id count, as far as they were there. */
enum ldp_status ldp_decode_message(struct wire_reader *body, struct ldp_msg *ret);

/* --- writing: a PDU is begun, messages are put, it is ended --- */
struct ldp_writer {
	struct wire_writer wire;
	struct wire_mark pdu;
	unsigned messages;
};
void ldp_begin(struct ldp_writer *, void *bytes, size_t room, uint32_t lsr);
size_t ldp_end(struct ldp_writer *); /* bytes of the PDU, 0 when it did not fit or has no message */
struct ldp_hello_fields {
	uint16_t hold_s;
	bool targeted, request_targeted, gtsm;
	uint32_t sequence; /* 0: left out */
	struct addr transport;
	uint8_t prefers; /* 4 or 6; 0: not a dual-stack router, the TLV is left out */
};
void ldp_put_hello(struct ldp_writer *, uint32_t id, const struct ldp_hello_fields *);
struct ldp_init_fields {
	uint16_t hold_s, max_pdu;
	uint32_t receiver_lsr;
	uint16_t receiver_space;
	uint32_t reconnect_ms, recovery_ms;
};
void ldp_put_init(struct ldp_writer *, uint32_t id, const struct ldp_init_fields *);
void ldp_put_capability(struct ldp_writer *, uint32_t id, unsigned capabilities, bool on); /* RFC 5561 */
void ldp_put_keepalive(struct ldp_writer *, uint32_t id);
void ldp_put_notification(struct ldp_writer *, uint32_t id, uint32_t status, uint32_t about_id, uint16_t about_type);
/* Label Request Aborted: the answer to an Abort, with the id of the Request that it was about (3.5.9.1). */
void ldp_put_aborted(struct ldp_writer *, uint32_t id, uint32_t about_id, uint32_t request_id);
void ldp_put_end_of_lib(struct ldp_writer *, uint32_t id, uint16_t family); /* of its prefixes */
void ldp_put_pw_end_of_lib(struct ldp_writer *, uint32_t id);               /* of pseudowires of kind 0x80 */
/* The status of a pseudowire, or of a group of them (RFC 8077 5.4.2). */
void ldp_put_pw_status(struct ldp_writer *, uint32_t id, const struct ldp_pw_fec *, uint32_t status);
/* ADDRESS or ADDRESS_WITHDRAW; 1 to LDP_ADDRESSES_MAX addresses, all of the first one's family. */
enum { LDP_ADDRESSES_MAX = 500 };
void ldp_put_addresses(struct ldp_writer *, uint32_t id, enum ldp_type, const struct addr *, size_t count);
/* MAPPING, REQUEST, WITHDRAW, RELEASE, ABORT with one FEC. What is LABEL_UNSET or 0 is left out. */
struct ldp_label_fields {
	struct ldp_fec fec;
	uint32_t label, request_id;
	uint16_t mtu;    /* RFC 3988 */
	uint32_t status; /* of a WITHDRAW or RELEASE: why */
	struct ldp_pw_tlvs pw;
};
void ldp_put_label_fields(struct ldp_writer *, uint32_t id, enum ldp_type, const struct ldp_label_fields *);
void ldp_put_label(
    struct ldp_writer *, uint32_t id, enum ldp_type, const struct ldp_fec *, uint32_t label, uint32_t request_id);
#endif
