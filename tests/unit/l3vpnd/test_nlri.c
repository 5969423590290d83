/* Prefixes on the wire, with labels, distinguishers and path identifiers; the text of distinguishers and targets. */
#include "l3vpnd/bgp/nlri.h"
#include "tests/helper/check.h"
#include <string.h>

static struct nlri
sample(enum bgp_family f)
{
	struct nlri n = { .path = 7, .label = NLRI_NO_LABEL };

	if (f == BGP_RT_CONSTRAINT) {
		uint64_t target;
		ck_assert(rt_parse("111:1", &target));
		n.prefix = nlri_of_membership(100, target, 96);
		return n;
	}
	ck_assert(prefix_parse(bgp_afi(f) == 2 ? "2001:db8:2::/47" : "10.1.2.0/23", &n.prefix));
	if (f == BGP_VPNV4 || f == BGP_VPNV6)
		ck_assert(rd_parse("100:1", &n.rd));
	if (bgp_safi(f) == 128 || bgp_safi(f) == 4)
		n.label = 0xabcde;
	return n;
}

START_TEST(every_family_is_written_and_read)
{
	enum bgp_family f = (enum bgp_family)(_i / 2);
	bool add_path = _i % 2;
	uint8_t bytes[2 * NLRI_BYTES];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	struct nlri n = sample(f), back;

	if (!add_path)
		n.path = 0;
	nlri_put(&w, f, add_path, false, &n);
	nlri_put(&w, f, add_path, false, &n);
	ck_assert(!w.full);
	struct wire_reader r = wire_reader(bytes, w.at);
	for (int k = 0; k < 2; k++) {
		ck_assert(nlri_next(&r, f, add_path, false, &back));
		ck_assert_uint_eq(back.path, n.path);
		ck_assert_uint_eq(back.label, n.label);
		ck_assert(back.rd == n.rd && prefix_eq(&back.prefix, &n.prefix));
	}
	ck_assert(!nlri_next(&r, f, add_path, false, &back) && wire_done(&r));
	for (size_t cut = 1; cut < w.at; cut++) { /* in the middle of an entry */
		r = wire_reader(bytes, cut);
		while (nlri_next(&r, f, add_path, false, &back)) {
		}
		ck_assert_msg(wire_done(&r) == (cut == w.at / 2), "cut at %zu", cut);
	}
}
END_TEST

START_TEST(a_withdrawal_says_no_label)
{
	uint8_t bytes[NLRI_BYTES];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	struct nlri n = sample(BGP_VPNV4), back;

	nlri_put(&w, BGP_VPNV4, false, true, &n);
	struct wire_reader r = wire_reader(bytes, w.at);
	ck_assert(nlri_next(&r, BGP_VPNV4, false, true, &back));
	ck_assert_uint_eq(back.label, NLRI_NO_LABEL);
	ck_assert(back.rd == n.rd && prefix_eq(&back.prefix, &n.prefix));
}
END_TEST

static const struct {
	const char *what;
	enum bgp_family family;
	uint8_t bytes[16], size;
} bad[] = {
	{ "an IPv4 prefix of 33 bits", BGP_IPV4, { 33, 10, 0, 0, 0, 0 }, 6 },
	{ "an IPv6 prefix of 129 bits", BGP_IPV6, { 129 }, 1 },
	{ "a labelled prefix without room for its label", BGP_LABELED_IPV4, { 23, 0, 0, 1 }, 4 },
	{ "a stack of two labels", BGP_LABELED_IPV4, { 56, 0, 1, 0, 0, 2, 1, 10 }, 8 },
	{ "a VPN prefix without room for its distinguisher", BGP_VPNV4, { 80, 0, 1, 1, 0, 0, 0, 1, 0, 0 }, 10 },
	{ "a VPN prefix of 33 bits", BGP_VPNV4, { 121, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4 }, 16 },
	{ "a membership of 16 bits", BGP_RT_CONSTRAINT, { 16, 0, 1 }, 3 },
	{ "a membership of 97 bits", BGP_RT_CONSTRAINT, { 97 }, 1 },
};

START_TEST(what_cannot_be_is_refused)
{
	struct wire_reader r = wire_reader(bad[_i].bytes, bad[_i].size);
	struct nlri n;

	ck_assert(!nlri_next(&r, bad[_i].family, false, false, &n));
	ck_assert_msg(!wire_done(&r), "%s", bad[_i].what);
}
END_TEST

START_TEST(host_bits_are_cleared)
{
	static const uint8_t bytes[] = { 8, 10, 12, 0xff };
	struct wire_reader r = wire_reader(bytes, 2);
	struct nlri n;
	char text[PREFIX_TEXT];

	ck_assert(nlri_next(&r, BGP_IPV4, false, false, &n));
	ck_assert_str_eq(prefix_text(&n.prefix, text), "10.0.0.0/8");
	r = wire_reader(bytes + 2, 2);
	r = wire_reader((const uint8_t[]){ 4, 0xff }, 2);
	ck_assert(nlri_next(&r, BGP_IPV4, false, false, &n));
	ck_assert_str_eq(prefix_text(&n.prefix, text), "240.0.0.0/4");
}
END_TEST

static const struct {
	const char *text;
	uint64_t rd;
} distinguishers[] = {
	{ "100:1", UINT64_C(0x0000006400000001) },
	{ "65535:4294967295", UINT64_C(0x0000ffffffffffff) },
	{ "10.0.0.1:7", UINT64_C(0x00010a0000010007) },
	{ "65536:65535", UINT64_C(0x000200010000ffff) },
};

START_TEST(distinguishers_have_three_forms)
{
	uint64_t rd;
	char text[RD_TEXT];

	ck_assert(rd_parse(distinguishers[_i].text, &rd));
	ck_assert_msg(rd == distinguishers[_i].rd, "%s: %016llx", distinguishers[_i].text, (unsigned long long)rd);
	ck_assert_str_eq(rd_text(rd, text), distinguishers[_i].text);
}
END_TEST

START_TEST(what_is_no_distinguisher_is_refused)
{
	static const char *const texts[] = { "", "100", "100:", ":1", "100:4294967296", "65536:65536", "4294967296:1",
		"10.0.0:1", "10.0.0.1:65536", "a:1", "1:1:1", "-1:1", "1: 1" };
	uint64_t rd;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ck_assert_msg(!rd_parse(texts[i], &rd), "\"%s\"", texts[i]);
}
END_TEST

START_TEST(targets_are_extended_communities)
{
	uint64_t rt;
	char text[EXT_TEXT];

	ck_assert(rt_parse("111:1", &rt));
	ck_assert(rt == UINT64_C(0x0002006f00000001));
	ck_assert(ext_is_target(rt) && ext_is_transitive(rt));
	ck_assert_str_eq(ext_text(rt, text), "RT:111:1");
	ck_assert(rt_parse("10.0.0.1:5", &rt));
	ck_assert_str_eq(ext_text(rt, text), "RT:10.0.0.1:5");
	ck_assert_str_eq(ext_text(UINT64_C(0x0003006f00000001), text), "SoO:111:1");
	ck_assert_str_eq(ext_text(UINT64_C(0x4004000000000001), text), "0x4004000000000001");
	ck_assert(!ext_is_target(UINT64_C(0x4002006f00000001)) && !ext_is_transitive(UINT64_C(0x4002006f00000001)));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bgp nlri");
	TCase *t = tcase_create("RFC 4760, 4364, 8277, 4684, 7911");

	tcase_add_loop_test(t, every_family_is_written_and_read, 0, 2 * BGP_FAMILIES);
	tcase_add_test(t, a_withdrawal_says_no_label);
	tcase_add_loop_test(t, what_cannot_be_is_refused, 0, (int)(sizeof bad / sizeof *bad));
	tcase_add_test(t, host_bits_are_cleared);
	suite_add_tcase(s, t);
	t = tcase_create("RFC 4364 4.2, 4360");
	tcase_add_loop_test(
	    t, distinguishers_have_three_forms, 0, (int)(sizeof distinguishers / sizeof *distinguishers));
	tcase_add_test(t, what_is_no_distinguisher_is_refused);
	tcase_add_test(t, targets_are_extended_communities);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
