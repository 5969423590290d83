/* LSAs: bytes and values, checksum, which of two is newer. The case is the section of RFC 2328. */
#include "base/mem.h"
#include "igpd/ospf/lsa.h"
#include "tests/helper/check.h"
#include <string.h>

enum { ROOM = 256 };

static size_t
begin(uint8_t bytes[ROOM], struct wire_writer *w, uint8_t type)
{
	memset(bytes, 0, ROOM);
	*w = wire_writer(bytes, ROOM);
	lsa_write_header(w, &(struct lsa_header){ .age_s = 1,
				.options = OSPF_OPTION_E,
				.type = type,
				.id = 0x0a000001,
				.router = 0x01010101,
				.sequence = LSA_FIRST_SEQUENCE });
	return LSA_HEADER_BYTES;
}

static size_t
router_lsa(uint8_t bytes[ROOM])
{
	struct wire_writer w;

	begin(bytes, &w, LSA_ROUTER);
	wire_put_u8(&w, LSA_ROUTER_B);
	wire_put_u8(&w, 0);
	wire_put_u16(&w, 2);
	wire_put_u32(&w, 0x02020202);
	wire_put_u32(&w, 0x0a000001);
	wire_put_u8(&w, LINK_POINT_TO_POINT);
	wire_put_u8(&w, 1); /* a metric of another type of service, which is passed over */
	wire_put_u16(&w, 7);
	wire_put_u32(&w, 0x08000009);
	wire_put_u32(&w, 0x0a000000);
	wire_put_u32(&w, 0xffffff00);
	wire_put_u8(&w, LINK_STUB);
	wire_put_u8(&w, 0);
	wire_put_u16(&w, 3);
	lsa_seal(bytes, w.at);
	return w.at;
}

static size_t
words(uint8_t bytes[ROOM], uint8_t type, const uint32_t *body, size_t count)
{
	struct wire_writer w;

	begin(bytes, &w, type);
	for (size_t i = 0; i < count; i++)
		wire_put_u32(&w, body[i]);
	lsa_seal(bytes, w.at);
	return w.at;
}

/* One of each type, by number. */
static size_t
sample(uint8_t bytes[ROOM], int which)
{
	static const uint32_t network[] = { 0xffffff00, 0x01010101, 0x02020202 }, summary[] = { 0xffff0000, 20 },
			      external[] = { 0xffffff00, 0x80000014, 0x0a000005, 99 }, opaque[] = { 1, 2 };

	switch (which) {
	case 0: return router_lsa(bytes);
	case 1: return words(bytes, LSA_NETWORK, network, COUNT(network));
	case 2: return words(bytes, LSA_SUMMARY, summary, COUNT(summary));
	case 3: return words(bytes, LSA_ASBR_SUMMARY, summary, COUNT(summary));
	case 4: return words(bytes, LSA_EXTERNAL, external, COUNT(external));
	case 5: return words(bytes, LSA_NSSA, external, COUNT(external));
	default: return words(bytes, LSA_OPAQUE_AREA, opaque, COUNT(opaque));
	}
}
enum { SAMPLES = 7 };

START_TEST(each_type_is_judged_good_and_bad_when_cut_anywhere)
{
	uint8_t bytes[ROOM];
	size_t size = sample(bytes, _i);

	ck_assert_str_eq(lsa_status_text(lsa_judge(bytes, size)), "good");
	for (size_t cut = 0; cut < size; cut++) {
		ck_assert_int_ne(lsa_judge(bytes, cut), LSA_OK);
		if (cut < LSA_HEADER_BYTES || cut % 4 == 0)
			continue;
		uint8_t shorter[ROOM];
		memcpy(shorter, bytes, ROOM);
		lsa_seal(shorter, cut); /* its own length and checksum agree with the cut */
		ck_assert_int_ne(lsa_judge(shorter, cut), LSA_OK);
	}
}
END_TEST

START_TEST(any_changed_byte_but_those_of_the_age_is_found)
{
	uint8_t bytes[ROOM];
	size_t size = sample(bytes, _i);

	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= 0x55;
		ck_assert_msg((lsa_judge(bytes, size) == LSA_OK) == (i < 2), "byte %zu", i);
		bytes[i] ^= 0x55;
	}
}
END_TEST

START_TEST(a_checksum_of_zero_is_no_checksum)
{
	uint8_t bytes[ROOM];
	size_t size = sample(bytes, 0);

	bytes[16] = bytes[17] = 0;
	ck_assert_int_eq(lsa_judge(bytes, size), LSA_BAD_CHECKSUM);
}
END_TEST

/* 12.1.7, computed in another way. */
START_TEST(the_checksum_makes_both_sums_zero)
{
	static const uint8_t sample_lsa[] = { 0, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0x80, 0, 0, 1, 0, 0, 0, 24, 0, 0, 0,
		0 };
	uint8_t bytes[sizeof sample_lsa];

	memcpy(bytes, sample_lsa, sizeof sample_lsa);
	lsa_seal(bytes, sizeof bytes);
	/* By hand, ISO 8473 annex C: both sums over all bytes but the age are zero modulo 255. */
	uint32_t c0 = 0, c1 = 0;
	for (size_t i = 2; i < sizeof bytes; i++) {
		c0 = (c0 + bytes[i]) % 255;
		c1 = (c1 + c0) % 255;
	}
	ck_assert_uint_eq(c0, 0);
	ck_assert_uint_eq(c1, 0);
	ck_assert(bytes[16] || bytes[17]);
}
END_TEST

START_TEST(contents_are_read_as_they_were_written)
{
	uint8_t bytes[ROOM];
	struct lsa_link link;

	router_lsa(bytes);
	struct wire_reader r = lsa_links(bytes);
	ck_assert_uint_eq(lsa_router_flags(bytes), LSA_ROUTER_B);
	ck_assert(lsa_next_link(&r, &link));
	ck_assert_uint_eq(link.type, LINK_POINT_TO_POINT);
	ck_assert_uint_eq(link.id, 0x02020202);
	ck_assert_uint_eq(link.metric, 7);
	ck_assert(lsa_next_link(&r, &link));
	ck_assert_uint_eq(link.type, LINK_STUB);
	ck_assert_uint_eq(link.data, 0xffffff00);
	ck_assert(!lsa_next_link(&r, &link));
	sample(bytes, 4);
	struct lsa_external e = lsa_external_of(bytes);
	ck_assert(e.type2);
	ck_assert_uint_eq(e.metric, 20);
	ck_assert_uint_eq(e.forward, 0x0a000005);
	ck_assert_uint_eq(e.tag, 99);
}
END_TEST

START_TEST(a_mask_with_holes_is_malformed)
{
	static const uint32_t network[] = { 0xff00ff00, 0x01010101 };
	uint8_t bytes[ROOM];

	ck_assert_int_eq(lsa_judge(bytes, words(bytes, LSA_NETWORK, network, 2)), LSA_BAD_BODY);
	ck_assert_int_eq(lsa_mask_length(0xff00ff00), -1);
	ck_assert_int_eq(lsa_mask_length(0), 0);
	ck_assert_int_eq(lsa_mask_length(UINT32_MAX), 32);
}
END_TEST

/* 13.1 */
static const struct {
	struct lsa_header a, b;
	int order;
	const char *why;
} newer[] = {
	{ { .sequence = LSA_FIRST_SEQUENCE + 1 }, { .sequence = LSA_FIRST_SEQUENCE }, 1, "the higher sequence number" },
	{ { .sequence = 1 }, { .sequence = -1 }, 1, "sequence numbers have a sign" },
	{ { .sequence = 5, .checksum = 9 }, { .sequence = 5, .checksum = 8 }, 1, "then the higher checksum" },
	{ { .sequence = 5, .age_s = 3600 }, { .sequence = 5, .age_s = 3500 }, 1, "then the one of the maximum age" },
	{ { .sequence = 5, .age_s = 10 }, { .sequence = 5, .age_s = 1000 }, 1, "then the one that is much younger" },
	{ { .sequence = 5, .age_s = 10 }, { .sequence = 5, .age_s = 900 }, 0, "not a little" },
	{ { .sequence = 5, .age_s = 3600 }, { .sequence = 5, .age_s = 3600 }, 0, "both of the maximum age" },
	{ { .sequence = 5, .age_s = 0x8000 | 10 }, { .sequence = 5, .age_s = 10 }, 0, "DoNotAge is no age" },
};

START_TEST(which_of_two_instances_is_newer)
{
	int order = lsa_compare(&newer[_i].a, &newer[_i].b), back = lsa_compare(&newer[_i].b, &newer[_i].a);

	ck_assert_msg((order > 0) - (order < 0) == newer[_i].order, "%s", newer[_i].why);
	ck_assert_msg((back > 0) - (back < 0) == -newer[_i].order, "%s, the other way round", newer[_i].why);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd lsa");
	TCase *t = tcase_create("link state advertisements");

	tcase_add_loop_test(t, each_type_is_judged_good_and_bad_when_cut_anywhere, 0, SAMPLES);
	tcase_add_loop_test(t, any_changed_byte_but_those_of_the_age_is_found, 0, SAMPLES);
	tcase_add_test(t, a_checksum_of_zero_is_no_checksum);
	tcase_add_test(t, the_checksum_makes_both_sums_zero);
	tcase_add_test(t, contents_are_read_as_they_were_written);
	tcase_add_test(t, a_mask_with_holes_is_malformed);
	tcase_add_loop_test(t, which_of_two_instances_is_newer, 0, COUNT(newer));
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
