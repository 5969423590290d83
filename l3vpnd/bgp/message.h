#ifndef BGP_MESSAGE_H
#define BGP_MESSAGE_H
#include "base/wire.h"

/*
 * Messages of BGP-4, RFC 4271 section 4: the frame, OPEN with its capabilities, NOTIFICATION, ROUTE-REFRESH. UPDATE has a
 * file of its own. Reading changes nothing and allocates nothing; what is wrong is said as the NOTIFICATION that answers it.
 */
enum { BGP_PORT = 179 };
enum bgp_message_type { BGP_OPEN = 1, BGP_UPDATE, BGP_NOTIFICATION, BGP_KEEPALIVE, BGP_REFRESH, BGP_MESSAGE_TYPES };
enum {
	BGP_HEADER_BYTES = 19,
	BGP_MESSAGE_MAX = 4096,
	BGP_EXTENDED_MAX = 65535, /* with the capability of RFC 8654, except for OPEN and KEEPALIVE */
	BGP_VERSION = 4,
	BGP_AS_TRANS = 23456 /* stands for an AS above 65535 where there are two bytes (RFC 6793) */
};

/* What routes are of: an AFI and a SAFI. */
enum bgp_family {
	BGP_IPV4,
	BGP_IPV6,
	BGP_VPNV4,
	BGP_VPNV6,
	BGP_LABELED_IPV4,
	BGP_LABELED_IPV6,
	BGP_RT_CONSTRAINT, /* RFC 4684 */
	BGP_FAMILIES
};
#define BGP_FAMILY_BIT(f) (UINT32_C(1) << (f))
bool bgp_family_of(uint16_t afi, uint8_t safi, enum bgp_family *ret); /* false: none that we know */
uint16_t bgp_afi(enum bgp_family);
uint8_t bgp_safi(enum bgp_family);
const char *bgp_family_name(enum bgp_family); /* "vpnv4" */

/* --- what is wrong, section 6 and RFC 4486, 7313 --- */

enum bgp_error {
	BGP_ERROR_NONE,
	BGP_ERROR_HEADER,
	BGP_ERROR_OPEN,
	BGP_ERROR_UPDATE,
	BGP_ERROR_HOLD_TIMER,
	BGP_ERROR_FSM,
	BGP_ERROR_CEASE,
	BGP_ERROR_REFRESH,
	BGP_ERRORS
};
enum { BGP_HEADER_NOT_SYNCHRONIZED = 1, BGP_HEADER_BAD_LENGTH, BGP_HEADER_BAD_TYPE };
enum {
	BGP_OPEN_BAD_VERSION = 1,
	BGP_OPEN_BAD_AS = 2,
	BGP_OPEN_BAD_ID = 3,
	BGP_OPEN_UNKNOWN_PARAMETER = 4,
	BGP_OPEN_BAD_HOLD_TIME = 6,
	BGP_OPEN_UNSUPPORTED_CAPABILITY = 7,
	BGP_OPEN_ROLE_MISMATCH = 11
};
enum {
	BGP_UPDATE_MALFORMED_ATTRIBUTES = 1,
	BGP_UPDATE_UNKNOWN_WELL_KNOWN = 2,
	BGP_UPDATE_MISSING_WELL_KNOWN = 3,
	BGP_UPDATE_BAD_OPTIONAL = 9,
	BGP_UPDATE_BAD_NETWORK = 10
};
enum {
	BGP_CEASE_PREFIX_LIMIT = 1,
	BGP_CEASE_SHUTDOWN = 2,
	BGP_CEASE_DECONFIGURED = 3,
	BGP_CEASE_RESET = 4,
	BGP_CEASE_REJECTED = 5,
	BGP_CEASE_CHANGED = 6,
	BGP_CEASE_COLLISION = 7,
	BGP_CEASE_RESOURCES = 8,
	BGP_CEASE_HARD_RESET = 9,
	BGP_CEASE_BFD_DOWN = 10
};
enum { BGP_FSM_OPENSENT = 1, BGP_FSM_OPENCONFIRM, BGP_FSM_ESTABLISHED }; /* RFC 6608: in what state it was unexpected */
enum { BGP_FAULT_DATA = 64 };
struct bgp_fault {
	uint8_t code, subcode; /* enum bgp_error; code 0: nothing is wrong */
	uint8_t data[BGP_FAULT_DATA];
	uint8_t size;
};
struct bgp_fault bgp_fault(
    enum bgp_error, uint8_t subcode, const void *data, size_t size);     /* what does not fit is left out */
const char *bgp_fault_text(uint8_t code, uint8_t subcode, char out[96]); /* "Open: unacceptable hold time" */

/* --- the frame --- */

enum bgp_frame { BGP_FRAME_SHORT, BGP_FRAME_WHOLE, BGP_FRAME_BAD };
/* The first message of a stream; `most`: what a message may have. SHORT: more bytes are needed. */
enum bgp_frame bgp_read_frame(const uint8_t *bytes, size_t size, size_t most, enum bgp_message_type *ret_type,
    struct wire_reader *ret_body, size_t *ret_size, struct bgp_fault *why);
/* Begins a message; bgp_end() writes its length. */
struct wire_mark bgp_begin(struct wire_writer *, enum bgp_message_type);
void bgp_end(struct wire_writer *, struct wire_mark);

/* --- OPEN, section 4.2 and RFC 5492 --- */

enum { BGP_ADD_PATH_RECEIVE = 1, BGP_ADD_PATH_SEND = 2 }; /* RFC 7911 */
struct bgp_open {
	uint32_t as;       /* by its capability where that is there, RFC 6793 */
	uint16_t hold_s;   /* 0: none */
	uint32_t id;       /* BGP Identifier, host order */
	uint32_t families; /* RFC 4760; bits of enum bgp_family. IPv4 unicast alone where nothing is said */
	bool as4, refresh, enhanced_refresh, extended; /* RFC 6793, 2918, 7313, 8654 */
	struct {                                       /* RFC 4724 */
		bool said, restarting, notifications;  /* R; N of RFC 8538 */
		uint16_t time_s;
		uint32_t families, preserved; /* of which forwarding state is kept; of which it was kept (F) */
	} restart;
	struct { /* RFC 9494 */
		bool said;
		uint32_t preserved;
		uint32_t time_s[BGP_FAMILIES]; /* 0: not for this family */
	} long_lived;
	uint8_t add_path[BGP_FAMILIES]; /* what it does itself */
	bool has_role, roles_differ;    /* roles_differ: it says more than one */
	uint8_t role;                   /* RFC 9234 */
};
/* False: *why is set. */
bool bgp_read_open(struct wire_reader body, struct bgp_open *ret, struct bgp_fault *why);
void bgp_write_open(struct wire_writer *, const struct bgp_open *); /* the whole message */

/* --- the others --- */

void bgp_write_keepalive(struct wire_writer *);
void bgp_write_notification(struct wire_writer *, const struct bgp_fault *);
struct bgp_fault bgp_read_notification(struct wire_reader body);
enum bgp_refresh { BGP_REFRESH_NORMAL, BGP_REFRESH_BEGIN, BGP_REFRESH_END }; /* RFC 7313 */
/* False: not one that says anything to us; with *why set, one that is malformed. */
bool bgp_read_refresh(
    struct wire_reader body, enum bgp_family *ret_family, enum bgp_refresh *ret_kind, struct bgp_fault *why);
void bgp_write_refresh(struct wire_writer *, enum bgp_family, enum bgp_refresh);
#endif
