/* Frames, OPEN and its capabilities, NOTIFICATION, ROUTE-REFRESH. The case is the RFC. */
#include "l3vpnd/bgp/message.h"
#include "tests/helper/check.h"
#include <string.h>

static uint8_t bytes[BGP_EXTENDED_MAX];
static enum bgp_message_type type;
static struct wire_reader body;
static struct bgp_fault fault;
static size_t size;

static enum bgp_frame
frame(size_t have, size_t most)
{
	return bgp_read_frame(bytes, have, most, &type, &body, &size, &fault);
}

static size_t
keepalive(void)
{
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	bgp_write_keepalive(&w);
	return w.at;
}

START_TEST(a_keepalive_is_a_header_alone)
{
	ck_assert_uint_eq(keepalive(), BGP_HEADER_BYTES);
	ck_assert_int_eq(frame(BGP_HEADER_BYTES, BGP_MESSAGE_MAX), BGP_FRAME_WHOLE);
	ck_assert_int_eq(type, BGP_KEEPALIVE);
	ck_assert_uint_eq(size, BGP_HEADER_BYTES);
	ck_assert_uint_eq(body.size, 0);
}
END_TEST

START_TEST(a_frame_that_is_not_whole_waits_for_more)
{
	size_t whole = keepalive();

	for (size_t have = 0; have < whole; have++)
		ck_assert_int_eq(frame(have, BGP_MESSAGE_MAX), BGP_FRAME_SHORT);
}
END_TEST

static const struct {
	const char *what;
	size_t at;
	uint8_t byte, code, subcode;
} broken[] = {
	{ "a marker that is not all ones", 3, 0, 1, BGP_HEADER_NOT_SYNCHRONIZED },
	{ "a length above what was agreed", 16, 0x20, 1, BGP_HEADER_BAD_LENGTH },
	{ "a length below the header", 17, 18, 1, BGP_HEADER_BAD_LENGTH },
	{ "a KEEPALIVE with a body", 17, 20, 1, BGP_HEADER_BAD_LENGTH },
	{ "a type that is not there", 18, 9, 1, BGP_HEADER_BAD_TYPE },
	{ "type 0", 18, 0, 1, BGP_HEADER_BAD_TYPE },
	{ "an OPEN that is too short", 18, BGP_OPEN, 1, BGP_HEADER_BAD_LENGTH },
	{ "an UPDATE that is too short", 18, BGP_UPDATE, 1, BGP_HEADER_BAD_LENGTH },
};

START_TEST(a_broken_header_is_answered)
{
	keepalive();
	bytes[broken[_i].at] = broken[_i].byte;
	ck_assert_msg(frame(64, BGP_MESSAGE_MAX) == BGP_FRAME_BAD, "%s", broken[_i].what);
	ck_assert_uint_eq(fault.code, broken[_i].code);
	ck_assert_uint_eq(fault.subcode, broken[_i].subcode);
}
END_TEST

START_TEST(an_open_is_never_extended)
{
	keepalive();
	bytes[16] = 0x20;
	bytes[17] = 0;
	bytes[18] = BGP_OPEN;
	ck_assert_int_eq(frame(64, BGP_EXTENDED_MAX), BGP_FRAME_BAD);
	bytes[18] = BGP_UPDATE;
	ck_assert_int_eq(frame(64, BGP_EXTENDED_MAX), BGP_FRAME_SHORT);
}
END_TEST

/* --- OPEN --- */

static struct bgp_open
full(void)
{
	struct bgp_open o = { .as = 4200000000,
		.hold_s = 180,
		.id = 0x01020304,
		.families = BGP_FAMILY_BIT(BGP_IPV4) | BGP_FAMILY_BIT(BGP_VPNV4) | BGP_FAMILY_BIT(BGP_RT_CONSTRAINT),
		.as4 = true,
		.refresh = true,
		.enhanced_refresh = true,
		.extended = true,
		.restart = { .said = true,
		    .restarting = true,
		    .notifications = true,
		    .time_s = 120,
		    .families = BGP_FAMILY_BIT(BGP_IPV4) | BGP_FAMILY_BIT(BGP_VPNV4),
		    .preserved = BGP_FAMILY_BIT(BGP_VPNV4) },
		.long_lived = { .said = true, .preserved = BGP_FAMILY_BIT(BGP_VPNV4) },
		.has_role = true,
		.role = 3 };

	o.long_lived.time_s[BGP_VPNV4] = 86400;
	o.add_path[BGP_VPNV4] = BGP_ADD_PATH_RECEIVE | BGP_ADD_PATH_SEND;
	return o;
}

static bool
opens_are_equal(const struct bgp_open *a, const struct bgp_open *b)
{
	uint8_t one[512], two[512];
	struct wire_writer w = wire_writer(one, sizeof one), x = wire_writer(two, sizeof two);

	bgp_write_open(&w, a);
	bgp_write_open(&x, b);
	return w.at == x.at && memcmp(one, two, w.at) == 0 && a->as == b->as && a->families == b->families &&
	       a->restart.preserved == b->restart.preserved && a->long_lived.preserved == b->long_lived.preserved;
}

static size_t
write_open(const struct bgp_open *o)
{
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	bgp_write_open(&w, o);
	ck_assert(!w.full);
	return w.at;
}

static bool
read_open(size_t n, struct bgp_open *ret)
{
	ck_assert_int_eq(frame(n, BGP_MESSAGE_MAX), BGP_FRAME_WHOLE);
	ck_assert_int_eq(type, BGP_OPEN);
	return bgp_read_open(body, ret, &fault);
}

START_TEST(what_is_written_into_an_open_is_read_from_it)
{
	struct bgp_open o = full(), back;

	ck_assert(read_open(write_open(&o), &back));
	ck_assert(opens_are_equal(&o, &back));
	o = (struct bgp_open){ .as = 65000, .id = 7, .families = BGP_FAMILY_BIT(BGP_IPV4) };
	ck_assert(read_open(write_open(&o), &back));
	ck_assert(opens_are_equal(&o, &back));
}
END_TEST

START_TEST(an_as_without_room_is_as_trans_for_those_who_know_two_bytes)
{
	struct bgp_open o = full(), back;

	o.as4 = false;
	ck_assert(read_open(write_open(&o), &back));
	ck_assert_uint_eq(back.as, BGP_AS_TRANS);
}
END_TEST

START_TEST(without_capabilities_it_is_ipv4_unicast)
{
	static const uint8_t plain[] = { 4, 0, 100, 0, 90, 1, 1, 1, 1, 0 };
	struct bgp_open o;

	ck_assert(bgp_read_open(wire_reader(plain, sizeof plain), &o, &fault));
	ck_assert_uint_eq(o.families, BGP_FAMILY_BIT(BGP_IPV4));
	ck_assert(!o.as4 && !o.refresh && !o.restart.said);
}
END_TEST

START_TEST(long_parameters_are_read)
{
	/* RFC 9072: length 255, type 255, two bytes of length; each parameter's length has two */
	static const uint8_t extended[] = { 4, 0, 100, 0, 90, 1, 1, 1, 1, 255, 255, 0, 9, 2, 0, 6, 65, 4, 0, 1, 0, 0 };
	struct bgp_open o;

	ck_assert(bgp_read_open(wire_reader(extended, sizeof extended), &o, &fault));
	ck_assert_uint_eq(o.as, 65536);
}
END_TEST

static const struct {
	const char *what;
	uint8_t bytes[24], size, subcode;
} refused[] = {
	{ "version 3", { 3, 0, 100, 0, 90, 1, 1, 1, 1, 0 }, 10, BGP_OPEN_BAD_VERSION },
	{ "AS 0", { 4, 0, 0, 0, 90, 1, 1, 1, 1, 0 }, 10, BGP_OPEN_BAD_AS },
	{ "AS 0 by its capability", { 4, 0, 100, 0, 90, 1, 1, 1, 1, 8, 2, 6, 65, 4, 0, 0, 0, 0 }, 18, BGP_OPEN_BAD_AS },
	{ "a hold time of 1 s", { 4, 0, 100, 0, 1, 1, 1, 1, 1, 0 }, 10, BGP_OPEN_BAD_HOLD_TIME },
	{ "a hold time of 2 s", { 4, 0, 100, 0, 2, 1, 1, 1, 1, 0 }, 10, BGP_OPEN_BAD_HOLD_TIME },
	{ "identifier 0", { 4, 0, 100, 0, 90, 0, 0, 0, 0, 0 }, 10, BGP_OPEN_BAD_ID },
	{ "a parameter that is not known", { 4, 0, 100, 0, 90, 1, 1, 1, 1, 2, 1, 0 }, 12, BGP_OPEN_UNKNOWN_PARAMETER },
	{ "parameters beyond the end", { 4, 0, 100, 0, 90, 1, 1, 1, 1, 9, 2, 0 }, 12, 0 },
	{ "bytes behind the parameters", { 4, 0, 100, 0, 90, 1, 1, 1, 1, 0, 7 }, 11, 0 },
	{ "a capability beyond its parameter", { 4, 0, 100, 0, 90, 1, 1, 1, 1, 4, 2, 2, 65, 4 }, 14, 0 },
	{ "a capability of a wrong size", { 4, 0, 100, 0, 90, 1, 1, 1, 1, 6, 2, 4, 65, 2, 0, 1 }, 16, 0 },
};

START_TEST(an_open_that_cannot_be_is_answered_with_why)
{
	struct bgp_open o;

	ck_assert_msg(
	    !bgp_read_open(wire_reader(refused[_i].bytes, refused[_i].size), &o, &fault), "%s", refused[_i].what);
	ck_assert_uint_eq(fault.code, BGP_ERROR_OPEN);
	ck_assert_msg(fault.subcode == refused[_i].subcode, "%s: subcode %u", refused[_i].what, fault.subcode);
}
END_TEST

START_TEST(an_open_cut_anywhere_is_refused)
{
	struct bgp_open o = full(), back;
	size_t n = write_open(&o) - BGP_HEADER_BYTES;

	for (size_t i = 0; i < n; i++)
		ck_assert_msg(!bgp_read_open(wire_reader(bytes + BGP_HEADER_BYTES, i), &back, &fault), "cut at %zu", i);
}
END_TEST

/* --- the others --- */

START_TEST(a_notification_says_what_it_was_given)
{
	struct bgp_fault f = bgp_fault(BGP_ERROR_CEASE, BGP_CEASE_BFD_DOWN, "ab", 2);
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	char text[96];

	bgp_write_notification(&w, &f);
	ck_assert_int_eq(frame(w.at, BGP_MESSAGE_MAX), BGP_FRAME_WHOLE);
	struct bgp_fault back = bgp_read_notification(body);
	ck_assert_uint_eq(back.code, BGP_ERROR_CEASE);
	ck_assert_uint_eq(back.subcode, BGP_CEASE_BFD_DOWN);
	ck_assert_uint_eq(back.size, 2);
	ck_assert_mem_eq(back.data, "ab", 2);
	ck_assert_str_eq(bgp_fault_text(back.code, back.subcode, text), "Cease: BFD down");
	ck_assert_str_eq(bgp_fault_text(4, 0, text), "hold timer expired");
	ck_assert_str_eq(bgp_fault_text(77, 1, text), "error 77/1");
}
END_TEST

START_TEST(a_refresh_is_read_and_one_of_another_size_is_answered)
{
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	enum bgp_family family;
	enum bgp_refresh kind;

	bgp_write_refresh(&w, BGP_VPNV4, BGP_REFRESH_BEGIN);
	ck_assert_int_eq(frame(w.at, BGP_MESSAGE_MAX), BGP_FRAME_WHOLE);
	ck_assert(bgp_read_refresh(body, &family, &kind, &fault));
	ck_assert_int_eq(family, BGP_VPNV4);
	ck_assert_int_eq(kind, BGP_REFRESH_BEGIN);
	for (size_t i = 0; i < 4; i++) {
		ck_assert(!bgp_read_refresh(wire_reader(body.base, i), &family, &kind, &fault));
		ck_assert_uint_eq(fault.code, BGP_ERROR_REFRESH);
	}
	static const uint8_t unknown[] = { 0, 99, 0, 1 }, later[] = { 0, 1, 9, 1 };
	ck_assert(!bgp_read_refresh(wire_reader(unknown, 4), &family, &kind, &fault) && !fault.code);
	ck_assert(!bgp_read_refresh(wire_reader(later, 4), &family, &kind, &fault) && !fault.code);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bgp messages");
	TCase *t = tcase_create("RFC 4271 4.1, 6.1");

	tcase_add_test(t, a_keepalive_is_a_header_alone);
	tcase_add_test(t, a_frame_that_is_not_whole_waits_for_more);
	tcase_add_loop_test(t, a_broken_header_is_answered, 0, (int)(sizeof broken / sizeof *broken));
	tcase_add_test(t, an_open_is_never_extended);
	suite_add_tcase(s, t);
	t = tcase_create("RFC 4271 4.2, 5492");
	tcase_add_test(t, what_is_written_into_an_open_is_read_from_it);
	tcase_add_test(t, an_as_without_room_is_as_trans_for_those_who_know_two_bytes);
	tcase_add_test(t, without_capabilities_it_is_ipv4_unicast);
	tcase_add_test(t, long_parameters_are_read);
	tcase_add_loop_test(t, an_open_that_cannot_be_is_answered_with_why, 0, (int)(sizeof refused / sizeof *refused));
	tcase_add_test(t, an_open_cut_anywhere_is_refused);
	suite_add_tcase(s, t);
	t = tcase_create("RFC 4271 4.5, 2918, 7313");
	tcase_add_test(t, a_notification_says_what_it_was_given);
	tcase_add_test(t, a_refresh_is_read_and_one_of_another_size_is_answered);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
