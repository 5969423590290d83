/* The control packet: RFC 5880 section 4, and what 6.8.6 judges without a session. */
#include "base/mem.h"
#include "bfdd/core/packet.h"
#include "tests/helper/check.h"
#include <string.h>

static uint8_t bytes[64];
static const struct bfd_packet sample = { .state = BFD_UP,
	.diag = BFD_DIAG_NEIGHBOR,
	.detect_mult = 3,
	.poll = true,
	.independent = true,
	.demand = true,
	.mine = 0x01020304,
	.yours = 0x05060708,
	.desired_min_tx_us = 10000,
	.required_min_rx_us = 20000,
	.required_min_echo_us = 30000 };

static void
setup(void)
{
	memset(bytes, 0, sizeof bytes);
	bfd_encode(&sample, bytes);
}

static enum bfd_verdict
judge(size_t size)
{
	struct bfd_packet p;

	return bfd_decode(bytes, size, &p);
}

START_TEST(the_bytes_are_those_of_section_4_1)
{
	static const uint8_t want[BFD_BYTES] = { 0x23, 0xea, 3, 24, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0x27, 0x10, 0, 0,
		0x4e, 0x20, 0, 0, 0x75, 0x30 };

	ck_assert_mem_eq(bytes, want, sizeof want);
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
	struct bfd_packet p;

	ck_assert_int_eq(bfd_decode(bytes, BFD_BYTES, &p), BFD_ACCEPTED);
	ck_assert_int_eq(p.state, BFD_UP);
	ck_assert_uint_eq(p.diag, BFD_DIAG_NEIGHBOR);
	ck_assert(p.poll && !p.final && p.independent && p.demand);
	ck_assert_uint_eq(p.mine, sample.mine);
	ck_assert_uint_eq(p.yours, sample.yours);
	ck_assert_uint_eq(p.desired_min_tx_us, 10000);
	ck_assert_uint_eq(p.required_min_rx_us, 20000);
	ck_assert_uint_eq(p.required_min_echo_us, 30000);
	ck_assert_int_eq(p.auth.type, BFD_AUTH_NONE);
}
END_TEST

START_TEST(a_packet_cut_anywhere_is_refused)
{
	uint8_t *exact = mem_copy(bytes, (size_t)_i ? (size_t)_i : 1);
	struct bfd_packet p;

	ck_assert_int_eq(bfd_decode(exact, (size_t)_i, &p), BFD_BAD_LENGTH);
	free(exact);
}
END_TEST

START_TEST(rule_1_only_version_1)
{
	for (unsigned v = 0; v < 8; v++) {
		bytes[0] = (uint8_t)(v << 5);
		ck_assert_int_eq(judge(BFD_BYTES), v == 1 ? BFD_ACCEPTED : BFD_BAD_VERSION);
	}
}
END_TEST

START_TEST(rule_2_the_length_is_at_least_24_or_26_with_authentication)
{
	bytes[3] = 23;
	ck_assert_int_eq(judge(BFD_BYTES), BFD_BAD_LENGTH);
	bytes[1] |= 0x04;
	bytes[3] = 25;
	ck_assert_int_eq(judge(40), BFD_BAD_LENGTH);
}
END_TEST

START_TEST(rule_3_the_length_is_not_beyond_the_payload)
{
	bytes[3] = 25;
	ck_assert_int_eq(judge(BFD_BYTES), BFD_BAD_LENGTH);
	bytes[3] = 24;
	ck_assert_msg(judge(40) == BFD_ACCEPTED, "bytes behind the packet do no harm");
}
END_TEST

START_TEST(rule_4_a_multiplier_of_zero)
{
	bytes[2] = 0;
	ck_assert_int_eq(judge(BFD_BYTES), BFD_ZERO_MULT);
}
END_TEST

START_TEST(rule_5_the_multipoint_bit)
{
	bytes[1] |= 0x01;
	ck_assert_int_eq(judge(BFD_BYTES), BFD_MULTIPOINT);
}
END_TEST

START_TEST(rule_6_my_discriminator_is_zero)
{
	memset(bytes + 4, 0, 4);
	ck_assert_int_eq(judge(BFD_BYTES), BFD_ZERO_MINE);
}
END_TEST

START_TEST(rule_8_your_discriminator_may_be_zero_only_in_down_and_admin_down)
{
	memset(bytes + 8, 0, 4);
	for (unsigned state = 0; state < BFD_STATES; state++) {
		bytes[1] = (uint8_t)(state << 6);
		ck_assert_int_eq(judge(BFD_BYTES), state <= BFD_DOWN ? BFD_ACCEPTED : BFD_ZERO_YOURS);
	}
}
END_TEST

static const struct {
	uint8_t type, length;
	bool good;
} sections[] = { { 1, 4, true }, { 1, 19, true }, { 1, 3, false }, { 1, 20, false }, { 2, 24, true }, { 3, 24, true },
	{ 2, 23, false }, { 4, 28, true }, { 5, 28, true }, { 4, 24, false }, { 0, 24, false }, { 6, 24, false } };

START_TEST(an_authentication_section_has_the_length_of_its_type)
{
	struct bfd_packet p;

	bytes[1] |= 0x04;
	bytes[3] = (uint8_t)(BFD_BYTES + sections[_i].length);
	bytes[24] = sections[_i].type;
	bytes[25] = sections[_i].length;
	bytes[26] = 7;
	bytes[31] = 9;
	ck_assert_int_eq(bfd_decode(bytes, sizeof bytes, &p), sections[_i].good ? BFD_ACCEPTED : BFD_AUTH_FAILED);
	if (!sections[_i].good)
		return;
	ck_assert_uint_eq(p.auth.key_id, 7);
	ck_assert_uint_eq(p.auth.secret_at + p.auth.secret_size, p.size);
	ck_assert_uint_eq(p.auth.sequence, sections[_i].type == 1 ? 0 : 9);
}
END_TEST

START_TEST(a_section_that_ends_before_or_behind_the_packet_is_refused)
{
	bytes[1] |= 0x04;
	bytes[24] = 2;
	bytes[25] = 24;
	bytes[3] = 47;
	ck_assert_int_eq(judge(sizeof bytes), BFD_AUTH_FAILED);
}
END_TEST

START_TEST(steady_is_what_says_up_and_neither_asks_nor_answers)
{
	static const struct {
		enum bfd_state state;
		bool poll, final, steady;
	} cases[] = { { BFD_UP, false, false, true }, { BFD_UP, true, false, false }, { BFD_UP, false, true, false },
		{ BFD_INIT, false, false, false }, { BFD_DOWN, false, false, false },
		{ BFD_ADMIN_DOWN, false, false, false } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bfd_packet p = sample;
		p.state = cases[i].state;
		p.poll = cases[i].poll;
		p.final = cases[i].final;
		bfd_encode(&p, bytes);
		ck_assert_msg(bfd_is_steady(bytes) == cases[i].steady, "case %zu", i);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bfdd packet");
	TCase *c = tcase_create("RFC 5880 4.1, 6.8.6");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, the_bytes_are_those_of_section_4_1);
	tcase_add_test(c, what_is_written_is_read_back);
	tcase_add_test(c, steady_is_what_says_up_and_neither_asks_nor_answers);
	tcase_add_loop_test(c, a_packet_cut_anywhere_is_refused, 0, BFD_BYTES);
	tcase_add_test(c, rule_1_only_version_1);
	tcase_add_test(c, rule_2_the_length_is_at_least_24_or_26_with_authentication);
	tcase_add_test(c, rule_3_the_length_is_not_beyond_the_payload);
	tcase_add_test(c, rule_4_a_multiplier_of_zero);
	tcase_add_test(c, rule_5_the_multipoint_bit);
	tcase_add_test(c, rule_6_my_discriminator_is_zero);
	tcase_add_test(c, rule_8_your_discriminator_may_be_zero_only_in_down_and_admin_down);
	tcase_add_loop_test(c, an_authentication_section_has_the_length_of_its_type, 0, COUNT(sections));
	tcase_add_test(c, a_section_that_ends_before_or_behind_the_packet_is_refused);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
