/*
 * Reading UPDATE messages.
 *
 * What an attribute is to look like, and what follows when it does not, stands in one table (RFC 7606 section 7). An
 * attribute that is passed over leaves the others in force; one that makes the update a withdrawal does so for all prefixes
 * in it; only where the prefixes themselves cannot be told is the session at an end.
 */
#include "l3vpnd/bgp/update.h"
#include "l3vpnd/bgp/as_path.h"
#include <stdio.h>
#include <string.h>

enum { WELL_KNOWN = ATTR_TRANSITIVE, OPTIONAL = ATTR_OPTIONAL, BOTH = ATTR_OPTIONAL | ATTR_TRANSITIVE };
enum length { EXACTLY, MULTIPLE, ANY }; /* MULTIPLE: and not none */

static const struct {
	uint8_t type;
	const char *name;
	uint8_t flags;
	enum length rule;
	uint8_t size;
	enum bgp_treatment malformed;
	bool internal; /* from an external peer it is passed over */
} rows[] = {
	/* clang-format off */
	{ ATTR_ORIGIN,            "ORIGIN",               WELL_KNOWN, EXACTLY,  1, TREAT_WITHDRAW, false },
	{ ATTR_AS_PATH,           "AS_PATH",              WELL_KNOWN, ANY,      0, TREAT_WITHDRAW, false },
	{ ATTR_NEXT_HOP,          "NEXT_HOP",             WELL_KNOWN, EXACTLY,  4, TREAT_WITHDRAW, false },
	{ ATTR_MED,               "MULTI_EXIT_DISC",      OPTIONAL,   EXACTLY,  4, TREAT_WITHDRAW, false },
	{ ATTR_LOCAL_PREF,        "LOCAL_PREF",           WELL_KNOWN, EXACTLY,  4, TREAT_WITHDRAW, true },
	{ ATTR_ATOMIC_AGGREGATE,  "ATOMIC_AGGREGATE",     WELL_KNOWN, EXACTLY,  0, TREAT_DISCARD,  false },
	{ ATTR_AGGREGATOR,        "AGGREGATOR",           BOTH,       ANY,      0, TREAT_DISCARD,  false },
	{ ATTR_COMMUNITIES,       "COMMUNITIES",          BOTH,       MULTIPLE, 4, TREAT_WITHDRAW, false },
	{ ATTR_ORIGINATOR_ID,     "ORIGINATOR_ID",        OPTIONAL,   EXACTLY,  4, TREAT_WITHDRAW, true },
	{ ATTR_CLUSTER_LIST,      "CLUSTER_LIST",         OPTIONAL,   MULTIPLE, 4, TREAT_WITHDRAW, true },
	{ ATTR_MP_REACH,          "MP_REACH_NLRI",        OPTIONAL,   ANY,      0, TREAT_RESET,    false },
	{ ATTR_MP_UNREACH,        "MP_UNREACH_NLRI",      OPTIONAL,   ANY,      0, TREAT_RESET,    false },
	{ ATTR_EXT_COMMUNITIES,   "EXTENDED COMMUNITIES", BOTH,       MULTIPLE, 8, TREAT_WITHDRAW, false },
	{ ATTR_AS4_PATH,          "AS4_PATH",             BOTH,       ANY,      0, TREAT_DISCARD,  false },
	{ ATTR_AS4_AGGREGATOR,    "AS4_AGGREGATOR",       BOTH,       EXACTLY,  8, TREAT_DISCARD,  false },
	{ ATTR_LARGE_COMMUNITIES, "LARGE_COMMUNITY",      BOTH,       MULTIPLE, 12, TREAT_WITHDRAW, false },
	{ ATTR_OTC,               "ONLY_TO_CUSTOMER",     BOTH,       EXACTLY,  4, TREAT_WITHDRAW, false },
	/* clang-format on */
};
enum { ROWS = sizeof rows / sizeof *rows };

static int
row_of(uint8_t type)
{
	for (int i = 0; i < ROWS; i++)
		if (rows[i].type == type)
			return i;
	return -1;
}

const char *
bgp_attribute_name(uint8_t type, char out[24])
{
	int row = row_of(type);

	if (row >= 0)
		snprintf(out, 24, "%s", rows[row].name);
	else
		snprintf(out, 24, "attribute %u", type);
	return out;
}

const char *
bgp_treatment_name(enum bgp_treatment t)
{
	static const char *const names[] = { "fine", "attribute discard", "treat-as-withdraw", "session reset" };

	return names[t];
}

/* --- what follows --- */

static void
treat(struct bgp_update *u, enum bgp_treatment t, uint8_t attribute)
{
	if (t <= u->treatment)
		return;
	u->treatment = t;
	u->attribute = attribute;
}

static void
reset(struct bgp_update *u, uint8_t subcode, uint8_t attribute)
{
	if (u->treatment == TREAT_RESET)
		return;
	treat(u, TREAT_RESET, attribute);
	u->fault = bgp_fault(BGP_ERROR_UPDATE, subcode, NULL, 0);
}

/* --- prefixes --- */

static bool
list_is_good(struct wire_reader r, enum bgp_family f, const struct bgp_reading *how, bool withdrawn)
{
	struct nlri n;

	while (nlri_next(&r, f, how->add_path & BGP_FAMILY_BIT(f), withdrawn, &n)) {
	}
	return wire_done(&r);
}

/* RFC 4659 3.2.1.2, 4798 2: over an IPv4 network the next hop is an IPv4 address, as ::ffff:10.0.0.1. */
static struct addr
unmapped(struct addr a, enum bgp_family f)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct addr v4;

	if ((f != BGP_VPNV6 && f != BGP_LABELED_IPV6) || a.family != 6 || memcmp(a.bytes, mapped, sizeof mapped) != 0)
		return a;
	addr_from_bytes(a.bytes + sizeof mapped, 4, &v4);
	return v4;
}

/* RFC 4760 3, 2545 3, 4364 4.3.2, 4659 3.2.1: distinguishers of next hops are zero and say nothing. */
static bool
read_next_hop(struct wire_reader r, enum bgp_family f, struct bgp_attrs *a)
{
	size_t rd = f == BGP_VPNV4 || f == BGP_VPNV6 ? 8 : 0, size = r.size;
	bool two = size == 2 * (16 + rd);

	if (size != 4 + rd && size != 16 + rd && !two)
		return false;
	wire_bytes(&r, rd);
	size_t length = size == 4 + rd ? 4 : 16;
	const uint8_t *bytes = wire_bytes(&r, length);
	addr_from_bytes(bytes, length, &a->next_hop);
	a->next_hop = unmapped(a->next_hop, f);
	if (two) {
		wire_bytes(&r, rd);
		const uint8_t *local = wire_bytes(&r, 16);
		addr_from_bytes(local, 16, &a->link_local);
	}
	return wire_ok(&r);
}

static void
read_reach(struct wire_reader v, const struct bgp_reading *how, struct bgp_update *u)
{
	uint16_t afi = wire_u16(&v);
	uint8_t safi = wire_u8(&v);
	struct wire_reader next_hop = wire_sub(&v, wire_u8(&v));

	wire_u8(&v);
	if (!wire_ok(&v)) {
		reset(u, BGP_UPDATE_BAD_OPTIONAL, ATTR_MP_REACH);
		return;
	}
	if (!bgp_family_of(afi, safi, &u->reach_family) || !(how->families & BGP_FAMILY_BIT(u->reach_family)))
		return; /* nobody asked for it */
	size_t size = wire_left(&v);
	u->has_reach = true;
	u->reach = wire_sub(&v, size);
	struct bgp_attrs of = u->attrs;
	if ((u->reach_family != BGP_RT_CONSTRAINT || next_hop.size) && !read_next_hop(next_hop, u->reach_family, &of))
		reset(u, BGP_UPDATE_BAD_OPTIONAL, ATTR_MP_REACH);
	else if (!list_is_good(u->reach, u->reach_family, how, false))
		reset(u, BGP_UPDATE_BAD_OPTIONAL, ATTR_MP_REACH);
	else
		u->attrs = of;
}

static void
read_unreach(struct wire_reader v, const struct bgp_reading *how, struct bgp_update *u)
{
	uint16_t afi = wire_u16(&v);
	uint8_t safi = wire_u8(&v);

	if (!wire_ok(&v)) {
		reset(u, BGP_UPDATE_BAD_OPTIONAL, ATTR_MP_UNREACH);
		return;
	}
	if (!bgp_family_of(afi, safi, &u->unreach_family) || !(how->families & BGP_FAMILY_BIT(u->unreach_family)))
		return;
	size_t size = wire_left(&v);
	u->has_unreach = true;
	u->unreach = wire_sub(&v, size);
	if (!list_is_good(u->unreach, u->unreach_family, how, true))
		reset(u, BGP_UPDATE_BAD_OPTIONAL, ATTR_MP_UNREACH);
}

/* --- attributes --- */

/* False: its value is not one that it may have. */
static bool
read_value(uint8_t type, struct wire_reader v, const struct bgp_reading *how, struct bgp_attrs *a)
{
	const struct wire_reader whole = v;

	switch ((enum bgp_attribute)type) {
	case ATTR_ORIGIN: a->origin = wire_u8(&v); return a->origin <= ORIGIN_INCOMPLETE;
	case ATTR_AS_PATH: a->as_path = whole; return as_path_is_good(whole, how->as4 ? 4 : 2);
	case ATTR_AS4_PATH: a->as4_path = whole; return as_path_is_good(whole, 4);
	case ATTR_NEXT_HOP: addr_from_bytes(wire_bytes(&v, 4), 4, &a->plain_hop); return true;
	case ATTR_MED: a->med = wire_u32(&v); return true;
	case ATTR_LOCAL_PREF: a->local_pref = wire_u32(&v); return true;
	case ATTR_ORIGINATOR_ID: a->originator = wire_u32(&v); return true;
	case ATTR_OTC: a->otc = wire_u32(&v); return true;
	case ATTR_AGGREGATOR:
		if (how->as4)
			a->aggregator_as = wire_u32(&v);
		else
			a->aggregator_as = wire_u16(&v);
		a->aggregator = wire_u32(&v);
		return wire_done(&v);
	case ATTR_AS4_AGGREGATOR:
		if (a->aggregator_as == BGP_AS_TRANS || !(a->seen & ATTR_BIT(ATTR_AGGREGATOR)))
			a->aggregator_as = wire_u32(&v);
		return true;
	case ATTR_COMMUNITIES: a->communities = whole; return true;
	case ATTR_EXT_COMMUNITIES: a->ext_communities = whole; return true;
	case ATTR_LARGE_COMMUNITIES: a->large_communities = whole; return true;
	case ATTR_CLUSTER_LIST: a->clusters = whole; return true;
	default: return true;
	}
}

static bool
size_is_good(int row, size_t size)
{
	if (rows[row].rule == EXACTLY)
		return size == rows[row].size;
	return rows[row].rule == ANY || (size && size % rows[row].size == 0);
}

static void
read_unknown(uint8_t flags, uint8_t type, struct wire_reader v, struct bgp_update *u)
{
	struct bgp_attrs *a = &u->attrs;

	if (!(flags & ATTR_OPTIONAL)) {
		reset(u, BGP_UPDATE_UNKNOWN_WELL_KNOWN, type);
		return;
	}
	if (!(flags & ATTR_TRANSITIVE))
		return;
	for (unsigned i = 0; i < a->unknown_count; i++)
		if (a->unknown[i].type == type)
			return; /* 7606 3 (g): the first counts */
	if (a->unknown_count == ATTR_UNKNOWN_MAX) {
		treat(u, TREAT_DISCARD, type);
		return;
	}
	a->unknown[a->unknown_count].flags = BOTH | ATTR_PARTIAL;
	a->unknown[a->unknown_count].type = type;
	a->unknown[a->unknown_count++].value = v;
}

static void
read_attribute(uint8_t flags, uint8_t type, struct wire_reader v, const struct bgp_reading *how, struct bgp_update *u,
    uint64_t *met)
{
	int row = row_of(type);

	if (row < 0) {
		read_unknown(flags, type, v, u);
		return;
	}
	bool again = *met & ATTR_BIT(type), is_list = type == ATTR_MP_REACH || type == ATTR_MP_UNREACH;
	*met |= ATTR_BIT(type);
	if (again) {
		if (is_list)
			reset(u, BGP_UPDATE_MALFORMED_ATTRIBUTES, type);
		else
			treat(u, TREAT_DISCARD, type);
		return;
	}
	if (rows[row].internal && how->external)
		return; /* 7606 7.5, 7.9, 7.10 */
	if ((type == ATTR_AS4_PATH || type == ATTR_AS4_AGGREGATOR) && how->as4)
		return; /* RFC 6793 6 */
	if ((flags & BOTH) != rows[row].flags) {
		if (is_list)
			reset(u, BGP_UPDATE_BAD_OPTIONAL, type);
		else
			treat(u, TREAT_WITHDRAW, type); /* 3 (c) */
		return;
	}
	if (is_list) {
		if (type == ATTR_MP_REACH)
			read_reach(v, how, u);
		else
			read_unreach(v, how, u);
		return;
	}
	struct bgp_attrs with = u->attrs;
	if (!size_is_good(row, v.size) || !read_value(type, v, how, &with)) {
		treat(u, rows[row].malformed, type);
		return;
	}
	u->attrs = with;
	u->attrs.seen |= ATTR_BIT(type);
}

/* False: where they end cannot be told, and so whether there were lists of prefixes among them. */
static bool
read_attributes(struct wire_reader r, const struct bgp_reading *how, struct bgp_update *u)
{
	uint64_t met = 0;

	while (wire_left(&r)) {
		uint8_t flags = wire_u8(&r);
		uint8_t type = wire_u8(&r);
		uint16_t size;
		if (flags & ATTR_EXTENDED)
			size = wire_u16(&r);
		else
			size = wire_u8(&r);
		struct wire_reader value = wire_sub(&r, size);
		if (!wire_ok(&r)) {
			treat(u, TREAT_WITHDRAW, type); /* RFC 7606 4 */
			return u->has_reach || u->has_unreach;
		}
		read_attribute(flags, type, value, how, u, &met);
		if (u->treatment == TREAT_RESET)
			return true;
	}
	return true;
}

/* RFC 4271 6.3: one that may be the address of a router. */
static bool
is_host(const struct addr *a)
{
	bool nobodys = a->family == 4 && (!a->bytes[0] || a->bytes[0] >= 240); /* RFC 1122 3.2.1.3, 1112 4 */

	return !nobodys && !addr_is_unspecified(a) && !addr_is_multicast(a) && !addr_is_loopback(a);
}

/* The NEXT_HOP beside MP_REACH_NLRI says nothing when there are no prefixes that it is for (RFC 4760 3). */
static void
look_at_next_hops(struct bgp_update *u)
{
	struct bgp_attrs *a = &u->attrs;

	if (!u->has_reach)
		a->next_hop = a->plain_hop;
	if (u->nlri.size && a->seen & ATTR_BIT(ATTR_NEXT_HOP) && !is_host(&a->plain_hop))
		treat(u, TREAT_WITHDRAW, ATTR_NEXT_HOP);
	if (u->has_reach && u->reach.size && addr_is_set(&a->next_hop) && !is_host(&a->next_hop))
		treat(u, TREAT_WITHDRAW, ATTR_MP_REACH);
}

/* 3 (d) */
static void
look_for_missing(struct bgp_update *u)
{
	static const uint8_t always[] = { ATTR_ORIGIN, ATTR_AS_PATH };
	const struct bgp_attrs *a = &u->attrs;

	for (size_t i = 0; i < sizeof always; i++)
		if (!(a->seen & ATTR_BIT(always[i])))
			treat(u, TREAT_WITHDRAW, always[i]);
	if (u->nlri.size && !(a->seen & ATTR_BIT(ATTR_NEXT_HOP)))
		treat(u, TREAT_WITHDRAW, ATTR_NEXT_HOP);
}

void
bgp_read_update(struct wire_reader body, const struct bgp_reading *how, struct bgp_update *ret)
{
	*ret = (struct bgp_update){ 0 };
	uint16_t withdrawn = wire_u16(&body);
	ret->withdrawn = wire_sub(&body, withdrawn);
	uint16_t size = wire_u16(&body);
	struct wire_reader attributes = wire_sub(&body, size);
	ret->nlri = wire_sub(&body, wire_left(&body));
	if (!wire_ok(&body)) {
		reset(ret, BGP_UPDATE_MALFORMED_ATTRIBUTES, 0);
		return;
	}
	if (!list_is_good(ret->withdrawn, BGP_IPV4, how, true) || !list_is_good(ret->nlri, BGP_IPV4, how, false)) {
		reset(ret, BGP_UPDATE_BAD_NETWORK, 0);
		return;
	}
	bool ended = read_attributes(attributes, how, ret);
	if (!ended && !ret->nlri.size && !ret->withdrawn.size) {
		reset(ret, BGP_UPDATE_MALFORMED_ATTRIBUTES, ret->attribute);
		return;
	}
	if (ret->treatment == TREAT_RESET)
		return;
	look_at_next_hops(ret);
	if (ret->nlri.size || (ret->has_reach && ret->reach.size))
		look_for_missing(ret);
	if (!ret->withdrawn.size && !ret->nlri.size && !size) {
		ret->is_end = true;
		ret->unreach_family = BGP_IPV4;
	} else if (ret->has_unreach && !ret->unreach.size && !ret->has_reach && !ret->withdrawn.size &&
		   !ret->nlri.size) {
		ret->is_end = true;
	}
	if (!(how->families & BGP_FAMILY_BIT(BGP_IPV4))) /* nobody asked for it */
		ret->withdrawn = ret->nlri = wire_reader(NULL, 0);
}
