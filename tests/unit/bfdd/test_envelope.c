/* IP and UDP headers that bfdd makes itself: every byte, and checksums as a receiver sums them up. */
#include "bfdd/core/envelope.h"
#include "tests/helper/check.h"
#include <string.h>

static uint8_t packet[ENVELOPE_BYTES + 64], payload[64];
static struct addr own, peer;

static void
setup(void)
{
	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (uint8_t)(i * 37 + 200);
	memset(packet, 0xee, sizeof packet);
	own = addr_v4(0x0a000001);
	peer = addr_v4(0x0aff0002);
}

/* Words in network order, an odd last byte with a zero behind it; what is whole sums up to ones alone. */
static uint32_t
words(uint32_t sum, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] * 256;
	while (sum > 0xffff)
		sum = sum % 65536 + sum / 65536;
	return sum;
}

START_TEST(an_ipv4_packet_byte_by_byte)
{
	static const uint8_t want[] = { 0x45, 0xe0, 0, 52, 0, 0, 0x40, 0, 255, 17, 0, 0, 10, 0, 0, 1, 10, 255, 0, 2,
		0xc0, 0x01, 0x0e, 0xc8, 0, 32 };
	struct envelope e = envelope_of(&own, &peer, 49153, 3784, 7);

	ck_assert_uint_eq(envelope_fill(&e, payload, 24, packet), 52);
	ck_assert_uint_eq(words(0, packet, 20), 0xffff);
	packet[10] = packet[11] = 0;
	ck_assert_mem_eq(packet, want, sizeof want);
	ck_assert_mem_eq(packet + 28, payload, 24);
}
END_TEST

START_TEST(an_ipv6_packet_byte_by_byte)
{
	static const uint8_t want[] = { 0x6c, 0, 0, 0, 0, 32, 17, 255 };

	ck_assert(addr_parse("2001:db8::1", &own) && addr_parse("fe80::2", &peer));
	struct envelope e = envelope_of(&own, &peer, 49153, 3784, 6);
	ck_assert_uint_eq(envelope_fill(&e, payload, 24, packet), 72);
	ck_assert_mem_eq(packet, want, sizeof want);
	ck_assert_mem_eq(packet + 8, own.bytes, 16);
	ck_assert_mem_eq(packet + 24, peer.bytes, 16);
	ck_assert_mem_eq(packet + 48, payload, 24);
}
END_TEST

/* Payloads of any size: with authentication by password they may be odd. */
START_TEST(a_receiver_finds_the_udp_checksum_right)
{
	size_t size = (size_t)_i;

	for (int family = 4; family <= 6; family += 2) {
		if (family == 6)
			ck_assert(addr_parse("2001:db8:ffff::ffff", &own) && addr_parse("2001:db8::2", &peer));
		struct envelope e = envelope_of(&own, &peer, 65535, 4784, 0);
		size_t total = envelope_fill(&e, payload, size, packet), head = family == 4 ? 20 : 40;
		uint32_t sum = words(17 + (uint32_t)(total - head), own.bytes, sizeof own.bytes);

		ck_assert_uint_eq(total, head + 8 + size);
		sum = words(sum, peer.bytes, sizeof peer.bytes);
		ck_assert_uint_eq(words(sum, packet + head, total - head), 0xffff);
		ck_assert_msg(packet[head + 6] || packet[head + 7], "zero says that there is none");
		ck_assert_uint_eq(packet[total], 0xee);
		memset(packet, 0xee, sizeof packet);
	}
}
END_TEST

/* RFC 768: a sum that comes out as zero is sent as ones. */
START_TEST(a_checksum_of_zero_is_sent_as_ones)
{
	struct envelope e = envelope_of(&own, &peer, 49153, 3784, 0);
	uint8_t zero[2] = { 0, 0 };

	envelope_fill(&e, zero, 2, packet);
	zero[0] = packet[26];
	zero[1] = packet[27]; /* what is missing to ones */
	envelope_fill(&e, zero, 2, packet);
	ck_assert_uint_eq(packet[26] << 8 | packet[27], 0xffff);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bfdd envelope");
	TCase *c = tcase_create("RFC 791, 8200, 768");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, an_ipv4_packet_byte_by_byte);
	tcase_add_test(c, an_ipv6_packet_byte_by_byte);
	tcase_add_loop_test(c, a_receiver_finds_the_udp_checksum_right, 0, 64);
	tcase_add_test(c, a_checksum_of_zero_is_sent_as_ones);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
