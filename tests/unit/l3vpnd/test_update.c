/* UPDATE: what is read, what is written, and what follows from each thing that is wrong (RFC 7606, with its sections). */
#include "base/mem.h"
#include "l3vpnd/bgp/as_path.h"
#include "l3vpnd/bgp/attr.h"
#include "tests/helper/check.h"
#include <stdio.h>
#include <string.h>

#define V4 BGP_FAMILY_BIT(BGP_IPV4)
#define VPN BGP_FAMILY_BIT(BGP_VPNV4)

static const struct bgp_reading external = { .as4 = true, .external = true, .families = V4 | VPN },
				internal = { .as4 = true, .families = V4 | VPN };

/* --- what is wrong --- */

#define ORIGIN 0x40, 1, 1, 0
#define AS_PATH 0x40, 2, 6, 2, 1, 0, 0, 0, 200
#define NEXT_HOP 0x40, 3, 4, 10, 0, 0, 1
#define GOOD ORIGIN, AS_PATH, NEXT_HOP
#define NLRI 8, 10
#define REACH 0x80, 14, 17, 0, 1, 128, 12, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0 /* and no prefix */

static const struct {
	const char *what;
	const struct bgp_reading *how;
	uint8_t attributes[72], size;
	bool prefix; /* NLRI behind them */
	enum bgp_treatment treatment;
	uint8_t attribute, subcode;
} wrong[] = {
#define BYTES(...) { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })
	{ "nothing", &external, BYTES(GOOD), true, TREAT_FINE, 0, 0 },
	{ "ORIGIN of two bytes (7.1)", &external, BYTES(0x40, 1, 2, 0, 0, AS_PATH, NEXT_HOP), true, TREAT_WITHDRAW,
	    ATTR_ORIGIN, 0 },
	{ "ORIGIN 3 (7.1)", &external, BYTES(0x40, 1, 1, 3, AS_PATH, NEXT_HOP), true, TREAT_WITHDRAW, ATTR_ORIGIN, 0 },
	{ "ORIGIN that is optional (3 c)", &external, BYTES(0xc0, 1, 1, 0, AS_PATH, NEXT_HOP), true, TREAT_WITHDRAW,
	    ATTR_ORIGIN, 0 },
	{ "no ORIGIN (3 d)", &external, BYTES(AS_PATH, NEXT_HOP), true, TREAT_WITHDRAW, ATTR_ORIGIN, 0 },
	{ "a path segment of type 9 (7.2)", &external, BYTES(ORIGIN, 0x40, 2, 6, 9, 1, 0, 0, 0, 200, NEXT_HOP), true,
	    TREAT_WITHDRAW, ATTR_AS_PATH, 0 },
	{ "an empty path segment (7.2)", &external, BYTES(ORIGIN, 0x40, 2, 2, 2, 0, NEXT_HOP), true, TREAT_WITHDRAW,
	    ATTR_AS_PATH, 0 },
	{ "a path segment beyond its end (7.2)", &external, BYTES(ORIGIN, 0x40, 2, 6, 2, 2, 0, 0, 0, 200, NEXT_HOP),
	    true, TREAT_WITHDRAW, ATTR_AS_PATH, 0 },
	{ "one byte behind the path (7.2)", &external, BYTES(ORIGIN, 0x40, 2, 7, 2, 1, 0, 0, 0, 200, 2, NEXT_HOP), true,
	    TREAT_WITHDRAW, ATTR_AS_PATH, 0 },
	{ "no AS_PATH (3 d)", &external, BYTES(ORIGIN, NEXT_HOP), true, TREAT_WITHDRAW, ATTR_AS_PATH, 0 },
	{ "NEXT_HOP of 5 bytes (7.3)", &external, BYTES(ORIGIN, AS_PATH, 0x40, 3, 5, 10, 0, 0, 1, 0), true,
	    TREAT_WITHDRAW, ATTR_NEXT_HOP, 0 },
	{ "NEXT_HOP 0.0.0.0 (RFC 4271 6.3)", &external, BYTES(ORIGIN, AS_PATH, 0x40, 3, 4, 0, 0, 0, 0), true,
	    TREAT_WITHDRAW, ATTR_NEXT_HOP, 0 },
	{ "NEXT_HOP of a group (RFC 4271 6.3)", &external, BYTES(ORIGIN, AS_PATH, 0x40, 3, 4, 224, 0, 0, 1), true,
	    TREAT_WITHDRAW, ATTR_NEXT_HOP, 0 },
	{ "NEXT_HOP of everybody (RFC 4271 6.3)", &external, BYTES(ORIGIN, AS_PATH, 0x40, 3, 4, 255, 255, 255, 255),
	    true, TREAT_WITHDRAW, ATTR_NEXT_HOP, 0 },
	{ "NEXT_HOP 0.0.0.0 beside MP_REACH_NLRI (RFC 4760 3)", &internal,
	    BYTES(ORIGIN, AS_PATH, 0x40, 3, 4, 0, 0, 0, 0, REACH), false, TREAT_FINE, 0, 0 },
	{ "a next hop of a group in MP_REACH_NLRI", &internal,
	    BYTES(ORIGIN, AS_PATH, 0x80, 14, 32, 0, 1, 128, 12, 0, 0, 0, 0, 0, 0, 0, 0, 224, 0, 0, 1, 0, 112, 0, 6, 65,
		0, 0, 0, 7, 0, 0, 0, 7, 10, 1, 1),
	    false, TREAT_WITHDRAW, ATTR_MP_REACH, 0 },
	{ "no NEXT_HOP (3 d)", &external, BYTES(ORIGIN, AS_PATH), true, TREAT_WITHDRAW, ATTR_NEXT_HOP, 0 },
	{ "no NEXT_HOP where it is in MP_REACH_NLRI", &internal, BYTES(ORIGIN, AS_PATH, REACH), false, TREAT_FINE, 0,
	    0 },
	{ "MULTI_EXIT_DISC of 3 bytes (7.4)", &external, BYTES(GOOD, 0x80, 4, 3, 0, 0, 1), true, TREAT_WITHDRAW,
	    ATTR_MED, 0 },
	{ "LOCAL_PREF from outside (7.5)", &external, BYTES(GOOD, 0x40, 5, 3, 0, 0, 1), true, TREAT_FINE, 0, 0 },
	{ "LOCAL_PREF of 3 bytes from inside (7.5)", &internal, BYTES(GOOD, 0x40, 5, 3, 0, 0, 1), true, TREAT_WITHDRAW,
	    ATTR_LOCAL_PREF, 0 },
	{ "ATOMIC_AGGREGATE with a value (7.6)", &external, BYTES(GOOD, 0x40, 6, 1, 0), true, TREAT_DISCARD,
	    ATTR_ATOMIC_AGGREGATE, 0 },
	{ "AGGREGATOR of the other size (7.7)", &external, BYTES(GOOD, 0xc0, 7, 6, 0, 1, 10, 0, 0, 1), true,
	    TREAT_DISCARD, ATTR_AGGREGATOR, 0 },
	{ "COMMUNITIES of none (7.8)", &external, BYTES(GOOD, 0xc0, 8, 0), true, TREAT_WITHDRAW, ATTR_COMMUNITIES, 0 },
	{ "COMMUNITIES of 5 bytes (7.8)", &external, BYTES(GOOD, 0xc0, 8, 5, 0, 1, 0, 1, 0), true, TREAT_WITHDRAW,
	    ATTR_COMMUNITIES, 0 },
	{ "ORIGINATOR_ID from outside (7.9)", &external, BYTES(GOOD, 0x80, 9, 3, 0, 0, 1), true, TREAT_FINE, 0, 0 },
	{ "ORIGINATOR_ID of 3 bytes (7.9)", &internal, BYTES(GOOD, 0x80, 9, 3, 0, 0, 1), true, TREAT_WITHDRAW,
	    ATTR_ORIGINATOR_ID, 0 },
	{ "CLUSTER_LIST of 5 bytes (7.10)", &internal, BYTES(GOOD, 0x80, 10, 5, 0, 0, 0, 1, 0), true, TREAT_WITHDRAW,
	    ATTR_CLUSTER_LIST, 0 },
	{ "CLUSTER_LIST from outside (7.10)", &external, BYTES(GOOD, 0x80, 10, 5, 0, 0, 0, 1, 0), true, TREAT_FINE, 0,
	    0 },
	{ "a VPN next hop of 5 bytes (7.11)", &internal,
	    BYTES(ORIGIN, AS_PATH, 0x80, 14, 10, 0, 1, 128, 5, 0, 0, 0, 0, 0, 0), false, TREAT_RESET, ATTR_MP_REACH,
	    BGP_UPDATE_BAD_OPTIONAL },
	{ "MP_REACH_NLRI cut off (7.11)", &internal, BYTES(ORIGIN, AS_PATH, 0x80, 14, 2, 0, 1), false, TREAT_RESET,
	    ATTR_MP_REACH, BGP_UPDATE_BAD_OPTIONAL },
	{ "MP_UNREACH_NLRI cut off (7.12)", &internal, BYTES(0x80, 15, 2, 0, 1), false, TREAT_RESET, ATTR_MP_UNREACH,
	    BGP_UPDATE_BAD_OPTIONAL },
	{ "a bad prefix in MP_UNREACH_NLRI (5.3)", &internal, BYTES(0x80, 15, 4, 0, 1, 1, 33), false, TREAT_RESET,
	    ATTR_MP_UNREACH, BGP_UPDATE_BAD_OPTIONAL },
	{ "MP_REACH_NLRI twice (3 g)", &internal, BYTES(ORIGIN, AS_PATH, REACH, REACH), false, TREAT_RESET,
	    ATTR_MP_REACH, BGP_UPDATE_MALFORMED_ATTRIBUTES },
	{ "a next hop beyond MP_REACH_NLRI (7.11)", &internal, BYTES(GOOD, 0x80, 14, 4, 0, 99, 1, 9), true, TREAT_RESET,
	    ATTR_MP_REACH, BGP_UPDATE_BAD_OPTIONAL },
	{ "MP_REACH_NLRI of a family that nobody asked for", &internal, BYTES(GOOD, 0x80, 14, 5, 0, 99, 1, 0, 0), true,
	    TREAT_FINE, 0, 0 },
	{ "ORIGIN twice (3 g)", &external, BYTES(GOOD, ORIGIN), true, TREAT_DISCARD, ATTR_ORIGIN, 0 },
	{ "EXTENDED COMMUNITIES of 7 bytes (7.14)", &external, BYTES(GOOD, 0xc0, 16, 7, 0, 2, 0, 1, 0, 0, 0), true,
	    TREAT_WITHDRAW, ATTR_EXT_COMMUNITIES, 0 },
	{ "AS4_PATH from one that knows four bytes (RFC 6793 6)", &external, BYTES(GOOD, 0xc0, 17, 1, 9), true,
	    TREAT_FINE, 0, 0 },
	{ "LARGE_COMMUNITY of 11 bytes (RFC 8092 5)", &external,
	    BYTES(GOOD, 0xc0, 32, 11, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0), true, TREAT_WITHDRAW, ATTR_LARGE_COMMUNITIES,
	    0 },
	{ "a well-known attribute that nobody knows (RFC 4271 6.3)", &external, BYTES(GOOD, 0x40, 99, 0), true,
	    TREAT_RESET, 99, BGP_UPDATE_UNKNOWN_WELL_KNOWN },
	{ "an optional one that nobody knows", &external, BYTES(GOOD, 0xc0, 99, 1, 7), true, TREAT_FINE, 0, 0 },
	{ "an attribute beyond all of them (4)", &external, BYTES(GOOD, 0x80, 4, 200, 0, 0), true, TREAT_WITHDRAW,
	    ATTR_MED, 0 },
	{ "an attribute beyond all of them, and no prefix (4)", &internal, BYTES(ORIGIN, AS_PATH, 0x80, 4, 200, 0, 0),
	    false, TREAT_RESET, ATTR_MED, BGP_UPDATE_MALFORMED_ATTRIBUTES },
};

static struct wire_reader
update_with(const uint8_t *attributes, size_t size, bool prefix)
{
	static uint8_t bytes[256];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	wire_put_u16(&w, 0);
	wire_put_u16(&w, (uint16_t)size);
	wire_put_bytes(&w, attributes, size);
	if (prefix)
		wire_put_bytes(&w, (const uint8_t[]){ NLRI }, 2);
	return wire_reader(bytes, w.at);
}

START_TEST(each_thing_that_is_wrong_has_its_treatment)
{
	struct bgp_update u;

	bgp_read_update(update_with(wrong[_i].attributes, wrong[_i].size, wrong[_i].prefix), wrong[_i].how, &u);
	ck_assert_msg(u.treatment == wrong[_i].treatment, "%s: %s, not %s", wrong[_i].what,
	    bgp_treatment_name(u.treatment), bgp_treatment_name(wrong[_i].treatment));
	ck_assert_msg(u.attribute == wrong[_i].attribute, "%s: of attribute %u", wrong[_i].what, u.attribute);
	if (u.treatment == TREAT_RESET)
		ck_assert_msg(u.fault.code == BGP_ERROR_UPDATE && u.fault.subcode == wrong[_i].subcode, "%s: %u/%u",
		    wrong[_i].what, u.fault.code, u.fault.subcode);
}
END_TEST

/* --- every attribute: as it should be, one byte short, with other flags, and twice --- */

static const struct {
	uint8_t type, flags, size, value[12];
	enum bgp_treatment cut; /* one byte short */
} each[] = {
	{ ATTR_ORIGIN, 0x40, 1, { 0 }, TREAT_WITHDRAW },
	{ ATTR_AS_PATH, 0x40, 6, { 2, 1, 0, 0, 0, 200 }, TREAT_WITHDRAW },
	{ ATTR_NEXT_HOP, 0x40, 4, { 10, 0, 0, 1 }, TREAT_WITHDRAW },
	{ ATTR_MED, 0x80, 4, { 0 }, TREAT_WITHDRAW },
	{ ATTR_LOCAL_PREF, 0x40, 4, { 0 }, TREAT_WITHDRAW },
	{ ATTR_ATOMIC_AGGREGATE, 0x40, 0, { 0 }, TREAT_DISCARD },
	{ ATTR_AGGREGATOR, 0xc0, 8, { 0, 0, 0, 1, 10, 0, 0, 1 }, TREAT_DISCARD },
	{ ATTR_COMMUNITIES, 0xc0, 4, { 0, 1, 0, 1 }, TREAT_WITHDRAW },
	{ ATTR_ORIGINATOR_ID, 0x80, 4, { 1, 2, 3, 4 }, TREAT_WITHDRAW },
	{ ATTR_CLUSTER_LIST, 0x80, 4, { 1, 2, 3, 4 }, TREAT_WITHDRAW },
	{ ATTR_EXT_COMMUNITIES, 0xc0, 8, { 0, 2, 0, 111, 0, 0, 0, 1 }, TREAT_WITHDRAW },
	{ ATTR_LARGE_COMMUNITIES, 0xc0, 12, { 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3 }, TREAT_WITHDRAW },
	{ ATTR_OTC, 0xc0, 4, { 0, 0, 0, 200 }, TREAT_WITHDRAW },
};

/* An update of good attributes, with one of them written so instead. */
static void
read_each(int which, uint8_t flags, uint8_t size, unsigned times, struct bgp_update *u)
{
	static const uint8_t origin[] = { ORIGIN }, path[] = { AS_PATH }, hop[] = { NEXT_HOP };
	uint8_t attributes[128];
	struct wire_writer w = wire_writer(attributes, sizeof attributes);

	if (each[which].type != ATTR_ORIGIN)
		wire_put_bytes(&w, origin, sizeof origin);
	if (each[which].type != ATTR_AS_PATH)
		wire_put_bytes(&w, path, sizeof path);
	if (each[which].type != ATTR_NEXT_HOP)
		wire_put_bytes(&w, hop, sizeof hop);
	while (times--) {
		wire_put_u8(&w, flags);
		wire_put_u8(&w, each[which].type);
		wire_put_u8(&w, size);
		wire_put_bytes(&w, each[which].value, size);
	}
	bgp_read_update(update_with(attributes, w.at, true), &internal, u);
}

START_TEST(every_attribute_is_read_and_has_its_treatment)
{
	uint8_t flags = each[_i].flags, size = each[_i].size;
	struct bgp_update u;
	char name[24];

	bgp_attribute_name(each[_i].type, name);
	read_each(_i, flags, size, 1, &u);
	ck_assert_msg(u.treatment == TREAT_FINE && u.attrs.seen & ATTR_BIT(each[_i].type), "%s", name);
	if (size) {
		read_each(_i, flags, (uint8_t)(size - 1), 1, &u);
		ck_assert_msg(u.treatment == each[_i].cut && u.attribute == each[_i].type, "%s cut: %s", name,
		    bgp_treatment_name(u.treatment));
		ck_assert_msg(!(u.attrs.seen & ATTR_BIT(each[_i].type)), "%s cut counts", name);
	}
	for (unsigned bit = 0x40; bit <= 0x80; bit <<= 1) { /* 3 (c): optional, transitive */
		read_each(_i, flags ^ (uint8_t)bit, size, 1, &u);
		ck_assert_msg(u.treatment == TREAT_WITHDRAW && u.attribute == each[_i].type, "%s with flags %02x: %s",
		    name, flags ^ bit, bgp_treatment_name(u.treatment));
	}
	read_each(_i, flags, size, 2, &u); /* 3 (g): the first counts */
	ck_assert_msg(u.treatment == TREAT_DISCARD && u.attrs.seen & ATTR_BIT(each[_i].type), "%s twice", name);
}
END_TEST

/* Of a speaker that knows two bytes alone (RFC 6793 6). */
static const struct {
	const char *what;
	uint8_t attributes[16], size;
	enum bgp_treatment treatment;
	uint8_t attribute;
} old[] = {
	{ "AS4_PATH", BYTES(0xc0, 17, 6, 2, 1, 0, 1, 0, 1), TREAT_FINE, 0 },
	{ "AS4_PATH of a segment without a number", BYTES(0xc0, 17, 2, 2, 0), TREAT_DISCARD, ATTR_AS4_PATH },
	{ "AS4_PATH with flags of another", BYTES(0x80, 17, 6, 2, 1, 0, 1, 0, 1), TREAT_WITHDRAW, ATTR_AS4_PATH },
	{ "AGGREGATOR", BYTES(0xc0, 7, 6, 0, 1, 10, 0, 0, 1), TREAT_FINE, 0 },
	{ "AGGREGATOR of four bytes", BYTES(0xc0, 7, 8, 0, 0, 0, 1, 10, 0, 0, 1), TREAT_DISCARD, ATTR_AGGREGATOR },
	{ "AS4_AGGREGATOR", BYTES(0xc0, 18, 8, 0, 1, 0, 1, 10, 0, 0, 1), TREAT_FINE, 0 },
	{ "AS4_AGGREGATOR of 7 bytes", BYTES(0xc0, 18, 7, 0, 1, 0, 1, 10, 0, 0), TREAT_DISCARD, ATTR_AS4_AGGREGATOR },
};

START_TEST(attributes_of_a_speaker_that_knows_two_bytes_have_their_treatment)
{
	static const uint8_t before[] = { ORIGIN, 0x40, 2, 4, 2, 1, 0, 200, NEXT_HOP };
	const struct bgp_reading how = { .external = true, .families = V4 };
	uint8_t attributes[64];
	struct wire_writer w = wire_writer(attributes, sizeof attributes);
	struct bgp_update u;

	wire_put_bytes(&w, before, sizeof before);
	wire_put_bytes(&w, old[_i].attributes, old[_i].size);
	bgp_read_update(update_with(attributes, w.at, true), &how, &u);
	ck_assert_msg(u.treatment == old[_i].treatment && u.attribute == old[_i].attribute, "%s: %s", old[_i].what,
	    bgp_treatment_name(u.treatment));
}
END_TEST

static const struct {
	const char *what;
	uint8_t bytes[16], size, subcode;
} frames[] = {
	{ "withdrawn routes beyond the end", BYTES(0, 9, 8, 10), BGP_UPDATE_MALFORMED_ATTRIBUTES },
	{ "attributes beyond the end", BYTES(0, 0, 0, 9, 0x40), BGP_UPDATE_MALFORMED_ATTRIBUTES },
	{ "an NLRI of 33 bits", BYTES(0, 0, 0, 0, 33, 1, 2, 3, 4, 5), BGP_UPDATE_BAD_NETWORK },
	{ "an NLRI beyond the end", BYTES(0, 0, 0, 0, 24, 10), BGP_UPDATE_BAD_NETWORK },
	{ "a withdrawn route of 33 bits", BYTES(0, 1, 33, 0, 0), BGP_UPDATE_BAD_NETWORK },
};

START_TEST(prefixes_that_cannot_be_told_end_the_session)
{
	struct bgp_update u;

	bgp_read_update(wire_reader(frames[_i].bytes, frames[_i].size), &external, &u);
	ck_assert_msg(u.treatment == TREAT_RESET && u.fault.subcode == frames[_i].subcode, "%s", frames[_i].what);
}
END_TEST

/* Prefixes in both places have a next hop each. */
START_TEST(next_hops_of_both_kinds_stay_apart)
{
	static const uint8_t attributes[] = { GOOD, REACH };
	struct bgp_update u;
	char text[ADDR_TEXT];

	bgp_read_update(update_with(attributes, sizeof attributes, true), &internal, &u);
	ck_assert_int_eq(u.treatment, TREAT_FINE);
	ck_assert_str_eq(addr_text(&u.attrs.plain_hop, text), "10.0.0.1");
	ck_assert_str_eq(addr_text(&u.attrs.next_hop, text), "1.1.1.1");
}
END_TEST

START_TEST(end_of_rib_of_each_family)
{
	struct bgp_update u;

	bgp_read_update(wire_reader((const uint8_t[]){ 0, 0, 0, 0 }, 4), &external, &u);
	ck_assert(u.is_end && u.unreach_family == BGP_IPV4);
	bgp_read_update(update_with((const uint8_t[]){ 0x80, 15, 3, 0, 1, 128 }, 6, false), &external, &u);
	ck_assert(u.is_end && u.unreach_family == BGP_VPNV4);
	bgp_read_update(update_with((const uint8_t[]){ GOOD }, sizeof((uint8_t[]){ GOOD }), true), &external, &u);
	ck_assert(!u.is_end);
}
END_TEST

START_TEST(an_update_cut_anywhere_is_never_fine)
{
	struct wire_reader whole =
	    update_with((const uint8_t[]){ GOOD, REACH }, sizeof((uint8_t[]){ GOOD, REACH }), true);
	struct bgp_update u;

	for (size_t i = 0; i < whole.size - 2; i++) {
		bgp_read_update(wire_reader(whole.base, i), &internal, &u);
		ck_assert_msg(u.treatment == TREAT_RESET, "cut at %zu", i);
	}
}
END_TEST

/* --- attributes are kept and written --- */

static struct attr_store store;

static void
setup(void)
{
	attr_store_init(&store);
}

static void
teardown(void)
{
	attr_store_free(&store);
}

static const struct attr_set *
set_of(const uint8_t *attributes, size_t size, const struct bgp_reading *how)
{
	struct bgp_update u;

	bgp_read_update(update_with(attributes, size, true), how, &u);
	ck_assert_int_eq(u.treatment, TREAT_FINE);
	return attr_of_update(&store, &u.attrs, how->as4);
}
#define SET(how, ...) set_of((const uint8_t[]){ __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ }), how)

START_TEST(sets_that_say_the_same_are_one)
{
	const struct attr_set *a = SET(&external, GOOD, 0xc0, 8, 8, 0, 1, 0, 2, 0, 1, 0, 1);
	const struct attr_set *b = SET(&external, 0xc0, 8, 12, 0, 1, 0, 1, 0, 1, 0, 2, 0, 1, 0, 1, GOOD);
	const struct attr_set *c = SET(&external, GOOD, 0xc0, 8, 4, 0, 1, 0, 1);

	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_ne(a, c);
	ck_assert_uint_eq(store.sets.count, 2);
	attr_drop(&store, a);
	ck_assert_uint_eq(store.sets.count, 2);
	attr_drop(&store, b);
	attr_drop(&store, c);
	ck_assert_uint_eq(store.sets.count, 0);
}
END_TEST

START_TEST(what_was_read_is_written_and_read_as_the_same)
{
	const struct attr_set *a =
	    SET(&internal, GOOD, 0x80, 4, 4, 0, 0, 0, 9, 0x40, 5, 4, 0, 0, 0, 50, 0x40, 6, 0, 0xc0, 7, 8, 0, 1, 0, 0,
		10, 9, 9, 9, 0x80, 9, 4, 1, 2, 3, 4, 0x80, 10, 4, 7, 7, 7, 7, 0xc0, 16, 8, 0, 2, 0, 111, 0, 0, 0, 1);
	uint8_t bytes[512];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	attr_write(&w, a, &(struct attr_writing){ .as4 = _i, .internal = true, .family = BGP_IPV4 });
	ck_assert(!w.full);
	struct bgp_reading how = internal;
	how.as4 = _i;
	const struct attr_set *b = set_of(bytes, w.at, &how);
	ck_assert_ptr_eq(a, b);
	attr_drop(&store, a);
	attr_drop(&store, b);
}
END_TEST

START_TEST(what_is_of_the_inside_stays_there)
{
	const struct attr_set *a = SET(&internal, GOOD, 0x40, 5, 4, 0, 0, 0, 50, 0x80, 9, 4, 1, 2, 3, 4, 0x80, 10, 4, 7,
	    7, 7, 7, 0xc0, 16, 16, 0x40, 4, 0, 0, 0, 0, 0, 1, 0, 2, 0, 111, 0, 0, 0, 1);
	uint8_t bytes[512];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	struct bgp_update u;

	attr_write(&w, a, &(struct attr_writing){ .as4 = true, .internal = false, .family = BGP_IPV4 });
	bgp_read_update(update_with(bytes, w.at, true), &internal, &u);
	ck_assert_int_eq(u.treatment, TREAT_FINE);
	ck_assert(
	    !(u.attrs.seen & (ATTR_BIT(ATTR_LOCAL_PREF) | ATTR_BIT(ATTR_ORIGINATOR_ID) | ATTR_BIT(ATTR_CLUSTER_LIST))));
	ck_assert_uint_eq(u.attrs.ext_communities.size, 8); /* the one that crosses borders */
	attr_drop(&store, a);
}
END_TEST

START_TEST(an_unknown_one_is_handed_on_as_partial)
{
	const struct attr_set *a = SET(&external, GOOD, 0xc0, 99, 2, 7, 8);
	uint8_t bytes[512];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	attr_write(&w, a, &(struct attr_writing){ .as4 = true, .family = BGP_IPV4 });
	static const uint8_t expected[] = { 0xf0, 99, 0, 2, 7, 8 };
	ck_assert_mem_eq(bytes + w.at - sizeof expected, expected, sizeof expected);
	attr_drop(&store, a);
}
END_TEST

START_TEST(lists_of_prefixes_have_next_hops_of_each_kind)
{
	enum bgp_family f = (enum bgp_family)_i;
	struct addr next_hop;
	uint8_t bytes[512];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	struct nlri n = { .label = 100, .rd = 7 };
	struct bgp_update u;
	const struct bgp_reading how = { .as4 = true, .families = BGP_FAMILY_BIT(f) };

	ck_assert(addr_parse(f == BGP_IPV6 ? "2001:db8::1" : "10.0.0.1", &next_hop));
	ck_assert(prefix_parse(bgp_afi(f) == 2 ? "2001:db8:1::/48" : "10.1.0.0/16", &n.prefix));
	const struct attr_set *a = attr_of_own(&store, ORIGIN_IGP, &next_hop, 0, false, wire_reader(NULL, 0));
	struct wire_mark m = attr_begin_reach(&w, f, a);
	nlri_put(&w, f, false, false, &n);
	wire_fill_length(&w, m);
	attr_write(&w, a, &(struct attr_writing){ .as4 = true, .internal = true, .family = f });
	bgp_read_update(update_with(bytes, w.at, false), &how, &u);
	ck_assert_msg(u.treatment == TREAT_FINE, "%s: %s", bgp_family_name(f), bgp_treatment_name(u.treatment));
	ck_assert(u.has_reach && u.reach_family == f);
	ck_assert(addr_eq(&u.attrs.next_hop, &next_hop)); /* also one that goes mapped (RFC 4659 3.2.1.2) */
	attr_drop(&store, a);
}
END_TEST

/* --- AS paths --- */

static struct wire_reader
path(const char *text, uint8_t room[256])
{
	struct wire_writer w = wire_writer(room, 256);
	char copy[256], *save = NULL;
	uint32_t numbers[64];
	uint8_t n = 0;

	snprintf(copy, sizeof copy, "%s", text);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (*word == '{') { /* a set of one */
			if (n) {
				wire_put_u8(&w, AS_SEQUENCE);
				wire_put_u8(&w, n);
				for (uint8_t i = 0; i < n; i++)
					wire_put_u32(&w, numbers[i]);
			}
			n = 0;
			wire_put_u8(&w, AS_SET);
			wire_put_u8(&w, 1);
			wire_put_u32(&w, (uint32_t)strtoul(word + 1, NULL, 10));
			continue;
		}
		numbers[n++] = (uint32_t)strtoul(word, NULL, 10);
	}
	if (n) {
		wire_put_u8(&w, AS_SEQUENCE);
		wire_put_u8(&w, n);
		for (uint8_t i = 0; i < n; i++)
			wire_put_u32(&w, numbers[i]);
	}
	return wire_reader(room, w.at);
}

static const char *
text_of(struct wire_reader r)
{
	static struct text t;

	text_clear(&t);
	as_path_text(r, &t);
	return text_chars(&t);
}

static const struct {
	const char *text;
	unsigned length;
	uint32_t first, origin;
} paths[] = { { "", 0, 0, 0 }, { "100", 1, 100, 100 }, { "100 200 300", 3, 100, 300 }, { "100 {200}", 2, 100, 0 },
	{ "{200} 100", 2, 0, 100 }, { "4200000000 7", 2, 4200000000, 7 } };

START_TEST(paths_have_a_length_and_ends)
{
	uint8_t room[256];
	struct wire_reader r = path(paths[_i].text, room);

	ck_assert_str_eq(text_of(r), paths[_i].text);
	ck_assert(as_path_is_good(r, 4));
	ck_assert_uint_eq(as_path_length(r), paths[_i].length);
	ck_assert_uint_eq(as_path_first(r), paths[_i].first);
	ck_assert_uint_eq(as_path_origin(r), paths[_i].origin);
	ck_assert(as_path_has_set(r) == !!strchr(paths[_i].text, '{'));
}
END_TEST

START_TEST(a_path_grows_in_front)
{
	uint8_t room[256], out[512];
	struct wire_writer w = wire_writer(out, sizeof out);

	as_path_prepend(path("200 {300}", room), 100, 2, &w);
	ck_assert_str_eq(text_of(wire_reader(out, w.at)), "100 100 200 {300}");
	w = wire_writer(out, sizeof out);
	as_path_prepend(path("{300}", room), 100, 1, &w);
	ck_assert_str_eq(text_of(wire_reader(out, w.at)), "100 {300}");
	w = wire_writer(out, sizeof out);
	as_path_prepend(path("", room), 100, 1, &w);
	ck_assert_str_eq(text_of(wire_reader(out, w.at)), "100");
	w = wire_writer(out, sizeof out);
	as_path_replace(path("100 200 100 {100}", room), 100, 7, &w);
	ck_assert_str_eq(text_of(wire_reader(out, w.at)), "7 200 7 {7}");
	ck_assert_uint_eq(as_path_count(path("100 200 100 {100}", room), 100), 3);
}
END_TEST

/* A sequence of 255 has no room for one more. */
START_TEST(a_full_segment_gets_one_before_it)
{
	static uint8_t full[2 + 4 * 255], out[2048];
	struct wire_writer w = wire_writer(full, sizeof full), o = wire_writer(out, sizeof out);

	wire_put_u8(&w, AS_SEQUENCE);
	wire_put_u8(&w, 255);
	for (int i = 0; i < 255; i++)
		wire_put_u32(&w, 9);
	as_path_prepend(wire_reader(full, w.at), 100, 1, &o);
	ck_assert(as_path_is_good(wire_reader(out, o.at), 4));
	ck_assert_uint_eq(as_path_length(wire_reader(out, o.at)), 256);
	ck_assert_uint_eq(as_path_first(wire_reader(out, o.at)), 100);
}
END_TEST

static const struct {
	const char *what, *two, *four, *merged;
} merges[] = {
	{ "no AS4_PATH", "100 23456", "", "100 23456" },
	{ "of the same length", "23456 200", "70000 200", "70000 200" },
	{ "shorter: the front is of the old speakers", "100 23456 200", "70000 200", "100 70000 200" },
	{ "longer: it is passed over", "23456", "70000 200", "23456" },
};

START_TEST(paths_of_two_bytes_are_completed_by_as4_path)
{
	uint8_t room[256], narrow[256], room4[256], out[256];
	struct wire_writer n = wire_writer(narrow, sizeof narrow), w = wire_writer(out, sizeof out);

	as_path_narrow(path(merges[_i].two, room), &n);
	as_path_widen(wire_reader(narrow, n.at), path(merges[_i].four, room4), &w);
	ck_assert_msg(!strcmp(text_of(wire_reader(out, w.at)), merges[_i].merged), "%s: %s", merges[_i].what,
	    text_of(wire_reader(out, w.at)));
}
END_TEST

START_TEST(a_path_without_large_numbers_needs_no_as4_path)
{
	uint8_t room[256], out[256];
	struct wire_writer w = wire_writer(out, sizeof out);

	ck_assert(!as_path_narrow(path("100 200", room), &w));
	w = wire_writer(out, sizeof out);
	ck_assert(as_path_narrow(path("100 70000", room), &w));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bgp updates");
	TCase *t = tcase_create("RFC 7606");

	tcase_add_loop_test(t, each_thing_that_is_wrong_has_its_treatment, 0, (int)COUNT(wrong));
	tcase_add_loop_test(t, every_attribute_is_read_and_has_its_treatment, 0, (int)COUNT(each));
	tcase_add_loop_test(t, attributes_of_a_speaker_that_knows_two_bytes_have_their_treatment, 0, (int)COUNT(old));
	tcase_add_loop_test(t, prefixes_that_cannot_be_told_end_the_session, 0, (int)COUNT(frames));
	tcase_add_test(t, next_hops_of_both_kinds_stay_apart);
	tcase_add_test(t, end_of_rib_of_each_family);
	tcase_add_test(t, an_update_cut_anywhere_is_never_fine);
	suite_add_tcase(s, t);
	t = tcase_create("RFC 4271 5, 4760, 4364");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, sets_that_say_the_same_are_one);
	tcase_add_loop_test(t, what_was_read_is_written_and_read_as_the_same, 0, 2);
	tcase_add_test(t, what_is_of_the_inside_stays_there);
	tcase_add_test(t, an_unknown_one_is_handed_on_as_partial);
	tcase_add_loop_test(t, lists_of_prefixes_have_next_hops_of_each_kind, BGP_IPV6, BGP_RT_CONSTRAINT);
	suite_add_tcase(s, t);
	t = tcase_create("RFC 4271 4.3, 6793");
	tcase_add_loop_test(t, paths_have_a_length_and_ends, 0, (int)COUNT(paths));
	tcase_add_test(t, a_path_grows_in_front);
	tcase_add_test(t, a_full_segment_gets_one_before_it);
	tcase_add_loop_test(t, paths_of_two_bytes_are_completed_by_as4_path, 0, (int)COUNT(merges));
	tcase_add_test(t, a_path_without_large_numbers_needs_no_as4_path);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
