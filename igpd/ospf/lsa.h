#ifndef OSPF_LSA_H
#define OSPF_LSA_H
#include "base/addr.h"
#include "base/prefix.h"
#include "base/wire.h"

/*
 * Link state advertisements, RFC 2328 section 12 and appendix A.4, RFC 3101 (type 7), RFC 5250 (opaque). An LSA is kept as
 * the bytes that came; what is here reads them, judges them and writes new ones. Knows no database.
 */
enum lsa_type {
	LSA_ROUTER = 1,
	LSA_NETWORK = 2,
	LSA_SUMMARY = 3,      /* a network of another area */
	LSA_ASBR_SUMMARY = 4, /* a boundary router of the AS, in another area */
	LSA_EXTERNAL = 5,
	LSA_NSSA = 7,
	LSA_OPAQUE_LINK = 9,
	LSA_OPAQUE_AREA = 10,
	LSA_OPAQUE_AS = 11,
	LSA_TYPES /* one more than the last */
};

/* Architectural constants, RFC 2328 appendix B; seconds where they are times. */
enum {
	LSA_HEADER_BYTES = 20,
	LSA_REFRESH_S = 1800,
	LSA_MIN_INTERVAL_S = 5,
	LSA_MIN_ARRIVAL_S = 1,
	LSA_MAX_AGE_S = 3600,
	LSA_MAX_AGE_DIFF_S = 900,
	LSA_INFINITY = 0xffffff,    /* as a metric of 24 bits: not to be reached */
	LSA_LINK_INFINITY = 0xffff, /* RFC 6987: as a metric of 16 bits: only as a last resort */
	LSA_DO_NOT_AGE = 0x8000,    /* RFC 1793: a bit of the age that we never set and strip when it comes */
};
#define LSA_FIRST_SEQUENCE ((int32_t)-0x7fffffff) /* 0x80000001 */
#define LSA_LAST_SEQUENCE INT32_C(0x7fffffff)

/* A.2 */
enum ospf_option {
	OSPF_OPTION_MT = 0x01,
	OSPF_OPTION_E = 0x02, /* the area takes external LSAs */
	OSPF_OPTION_MC = 0x04,
	OSPF_OPTION_NP = 0x08, /* NSSA; in a type 7 LSA: is to be translated */
	OSPF_OPTION_L = 0x10,  /* RFC 5613: link-local signalling follows the packet */
	OSPF_OPTION_DC = 0x20,
	OSPF_OPTION_O = 0x40,  /* RFC 5250: takes opaque LSAs */
	OSPF_OPTION_DN = 0x80, /* RFC 4576, in LSAs: comes from a PE */
};

struct lsa_header {
	uint16_t age_s;
	uint8_t options, type;
	uint32_t id, router; /* Link State ID, Advertising Router; host order, as all numbers here */
	int32_t sequence;
	uint16_t checksum, length;
};

struct lsa_header lsa_read_header(struct wire_reader *);
void lsa_write_header(struct wire_writer *, const struct lsa_header *);
struct lsa_header lsa_header_of(const uint8_t *bytes); /* of an LSA that was judged */
/* 13.1: above 0 when a is the newer instance, below 0 when b is, 0 when they are the same. */
int lsa_compare(const struct lsa_header *a, const struct lsa_header *b);

/* 12.1.7: the Fletcher checksum over all but the age. */
uint16_t lsa_checksum(const uint8_t *bytes, size_t size);
bool lsa_checksum_is_right(const uint8_t *bytes, size_t size);
void lsa_seal(uint8_t *bytes, size_t size); /* writes length and checksum */
void lsa_set_age(uint8_t *bytes, uint16_t age_s);

enum lsa_status { LSA_OK, LSA_SHORT, LSA_BAD_CHECKSUM, LSA_UNKNOWN_TYPE, LSA_BAD_BODY, LSA_STATUSES };
/* Judges a whole LSA of `size` bytes: 13 (1) and (2), and that its body can be walked to its end. */
enum lsa_status lsa_judge(const uint8_t *bytes, size_t size);
const char *lsa_status_text(enum lsa_status);
const char *lsa_type_name(unsigned type); /* as `display ospf lsdb` names it: "Router", "Sum-Net" */

/* --- bodies; of LSAs that were judged --- */

enum { LSA_ROUTER_B = 0x01, LSA_ROUTER_E = 0x02, LSA_ROUTER_V = 0x04, LSA_ROUTER_NT = 0x10 };
enum lsa_link_type { LINK_POINT_TO_POINT = 1, LINK_TRANSIT = 2, LINK_STUB = 3, LINK_VIRTUAL = 4 };
struct lsa_link {
	uint8_t type;
	uint32_t id, data;
	uint16_t metric;
};
uint8_t lsa_router_flags(const uint8_t *bytes);
struct wire_reader lsa_links(const uint8_t *bytes);
bool lsa_next_link(struct wire_reader *, struct lsa_link *ret); /* false at the end */

uint32_t lsa_network_mask(const uint8_t *bytes); /* types 2, 3, 5, 7 */
struct wire_reader lsa_attached(const uint8_t *bytes);
bool lsa_next_attached(struct wire_reader *, uint32_t *ret_router);

uint32_t lsa_summary_metric(const uint8_t *bytes); /* types 3 and 4 */

struct lsa_external {
	uint32_t mask, metric, forward, tag;
	bool type2; /* E bit: the metric is larger than any way inside */
};
struct lsa_external lsa_external_of(const uint8_t *bytes); /* types 5 and 7 */

/* Bits of a mask, or -1 when it has holes; and the mask of so many bits. */
int lsa_mask_length(uint32_t mask);
uint32_t lsa_mask(uint8_t length);
struct prefix lsa_prefix(uint32_t id, uint32_t mask); /* the network that a Link State ID names; appendix E */
#endif
