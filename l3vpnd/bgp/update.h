#ifndef BGP_UPDATE_H
#define BGP_UPDATE_H
#include "l3vpnd/bgp/nlri.h"

/*
 * UPDATE, RFC 4271 section 4.3, and what is to be done with one that is not as it should be (RFC 7606). Reading changes
 * nothing and allocates nothing: what has no fixed size stays a view of the message, good during the call.
 */
enum bgp_attribute {
	ATTR_ORIGIN = 1,
	ATTR_AS_PATH = 2,
	ATTR_NEXT_HOP = 3,
	ATTR_MED = 4,
	ATTR_LOCAL_PREF = 5,
	ATTR_ATOMIC_AGGREGATE = 6,
	ATTR_AGGREGATOR = 7,
	ATTR_COMMUNITIES = 8,
	ATTR_ORIGINATOR_ID = 9,
	ATTR_CLUSTER_LIST = 10,
	ATTR_MP_REACH = 14,
	ATTR_MP_UNREACH = 15,
	ATTR_EXT_COMMUNITIES = 16,
	ATTR_AS4_PATH = 17,
	ATTR_AS4_AGGREGATOR = 18,
	ATTR_LARGE_COMMUNITIES = 32,
	ATTR_OTC = 35, /* RFC 9234 */
	ATTR_KNOWN = 64
};
#define ATTR_BIT(a) (UINT64_C(1) << (a))
enum { ATTR_OPTIONAL = 0x80, ATTR_TRANSITIVE = 0x40, ATTR_PARTIAL = 0x20, ATTR_EXTENDED = 0x10 };
enum bgp_origin { ORIGIN_IGP, ORIGIN_EGP, ORIGIN_INCOMPLETE };

/* From harmless to hard, RFC 7606 section 2. */
enum bgp_treatment { TREAT_FINE, TREAT_DISCARD, TREAT_WITHDRAW, TREAT_RESET };

enum { ATTR_UNKNOWN_MAX = 16 };
struct bgp_attrs {
	uint64_t seen; /* bits of enum bgp_attribute, of those that count */
	uint8_t origin;
	struct wire_reader as_path, as4_path; /* as_path: of the session's AS size */
	struct addr next_hop, link_local;     /* of MP_REACH_NLRI, or without one of NEXT_HOP */
	struct addr plain_hop;                /* of NEXT_HOP, for IPv4 prefixes outside it */
	uint32_t med, local_pref, originator, otc;
	uint32_t aggregator_as, aggregator;
	struct wire_reader communities, ext_communities, large_communities, clusters;
	struct {
		uint8_t flags, type;
		struct wire_reader value;
	} unknown[ATTR_UNKNOWN_MAX]; /* optional transitive; they are handed on with the Partial bit */
	unsigned unknown_count;
};
struct bgp_update {
	struct wire_reader withdrawn, nlri; /* of IPv4 unicast */
	bool has_reach, has_unreach;
	enum bgp_family reach_family, unreach_family;
	struct wire_reader reach, unreach;
	bool is_end; /* End-of-RIB (RFC 4724) of unreach_family */
	struct bgp_attrs attrs;
	enum bgp_treatment treatment;
	uint8_t attribute;      /* that it is for; 0: another part */
	struct bgp_fault fault; /* with TREAT_RESET */
};
/* What of a session decides how its updates are read. */
struct bgp_reading {
	bool as4, external;
	uint32_t families; /* agreed; of others nothing is taken */
	uint32_t add_path; /* families whose path identifiers come */
};
/* All lists of prefixes are well-formed afterwards unless the treatment is TREAT_RESET. */
void bgp_read_update(struct wire_reader body, const struct bgp_reading *, struct bgp_update *ret);
const char *bgp_treatment_name(enum bgp_treatment); /* "treat-as-withdraw" */
const char *bgp_attribute_name(uint8_t type, char out[24]);
#endif
