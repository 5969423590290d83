/* LSP ping messages (RFC 8029), and the packets of control channels (RFC 5085) that carry them: byte by byte. */
#include "l2vpnd/control_channel.h"
#include "base/mem.h"
#include "l2vpnd/config.h"
#include "l2vpnd/lsp_ping.h"
#include "tests/helper/check.h"
#include <string.h>

/* An echo request of 1.1.1.1 for pseudowire 100 of 2.2.2.2, raw Ethernet; at half past the second 1970-01-01 00:00:01. */
#define HEADER_OF(type, mode, code, subcode)                                                                           \
	0, 1, 0, 1, type, mode, code, subcode, 0x11, 0x22, 0x33, 0x44, 0, 0, 0, 5, 0x83, 0xaa, 0x7e, 0x81, 0x80, 0, 0, \
	    0, 0, 0, 0, 0, 0, 0, 0, 0
#define FEC 0, 10, 0, 14, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0, 100, 0, 5, 0, 0
#define STACK 0, 1, 0, 20, FEC
static const uint8_t request[] = { HEADER_OF(1, 4, 0, 0), STACK };
static const struct lsp_ping meant = { .type = LSP_PING_REQUEST,
	.mode = LSP_PING_BY_CHANNEL,
	.flags = LSP_PING_VALIDATE,
	.handle = 0x11223344,
	.sequence = 5,
	.sent = UINT64_C(0x83aa7e8180000000),
	.depth = 1,
	.fec = { .has_sender = true, .sender = 0x01010101, .remote = 0x02020202, .vc_id = 100, .type = 5 } };

/* Behind the bytes nobody may read: a copy of exactly that size is for the sanitizer. */
static enum lsp_ping_verdict
read_exact(struct lsp_ping *m, const uint8_t *bytes, size_t size)
{
	static uint8_t *exact;

	free(exact);
	exact = mem_zalloc(size + !size);
	memcpy(exact, bytes, size);
	return lsp_ping_read(m, exact, size);
}

/* --- messages --- */

START_TEST(a_request_is_written_byte_by_byte)
{
	uint8_t out[80];

	ck_assert_uint_eq(lsp_ping_write(&meant, out, sizeof out), sizeof request);
	ck_assert_mem_eq(out, request, sizeof request);
	ck_assert_uint_eq(sizeof request, LSP_PING_LEAST);
	ck_assert_uint_eq(lsp_ping_write(&meant, out, sizeof request - 1), 0);
	ck_assert(lsp_ping_time(1500000) == meant.sent);
}
END_TEST

START_TEST(a_request_is_read_as_it_was_meant)
{
	struct lsp_ping m;

	ck_assert_int_eq(read_exact(&m, request, sizeof request), LSP_PING_OK);
	ck_assert_uint_eq(m.type, LSP_PING_REQUEST);
	ck_assert_uint_eq(m.mode, LSP_PING_BY_CHANNEL);
	ck_assert_uint_eq(m.flags, LSP_PING_VALIDATE);
	ck_assert_uint_eq(m.handle, meant.handle);
	ck_assert_uint_eq(m.sequence, meant.sequence);
	ck_assert(m.sent == meant.sent && !m.received);
	ck_assert_uint_eq(m.depth, 1);
	ck_assert(m.fec.has_sender);
	ck_assert_uint_eq(m.fec.sender, meant.fec.sender);
	ck_assert_uint_eq(m.fec.remote, meant.fec.remote);
	ck_assert_uint_eq(m.fec.vc_id, meant.fec.vc_id);
	ck_assert_uint_eq(m.fec.type, meant.fec.type);
	ck_assert_uint_eq(m.stack.size, 20);
}
END_TEST

START_TEST(a_reply_carries_what_it_is_an_answer_to)
{
	static const uint8_t pad[] = { LSP_PING_COPY_PAD, 7, 8 }, strange[] = { 0, 99, 0, 1, 9, 0, 0, 0 };
	static const uint8_t want[] = { HEADER_OF(2, 4, 2, 1), STACK, 0, 3, 0, 3, 2, 7, 8, 0, 0, 9, 0, 8, 0, 99, 0, 1,
		9, 0, 0, 0 };
	struct lsp_ping m, r = meant;
	uint8_t out[128];

	ck_assert_int_eq(read_exact(&m, request, sizeof request), LSP_PING_OK);
	r.type = LSP_PING_REPLY;
	r.code = LSP_PING_UNKNOWN_TLV;
	r.subcode = 1;
	r.stack = m.stack;
	r.pad = (struct lsp_ping_bytes){ pad, sizeof pad };
	r.not_understood[r.error_count++] = (struct lsp_ping_bytes){ strange, sizeof strange };
	ck_assert_uint_eq(lsp_ping_write(&r, out, sizeof out), sizeof want);
	ck_assert_mem_eq(out, want, sizeof want);
	ck_assert_int_eq(lsp_ping_read(&m, out, sizeof want), LSP_PING_OK);
	ck_assert_uint_eq(m.code, LSP_PING_UNKNOWN_TLV);
	ck_assert_uint_eq(m.subcode, 1);
	ck_assert_mem_eq(m.pad.bytes, pad, sizeof pad);
}
END_TEST

START_TEST(a_request_cut_short_anywhere_is_refused)
{
	struct lsp_ping m;

	for (size_t size = 0; size < sizeof request - 2; size++)
		ck_assert_int_eq(
		    read_exact(&m, request, size), size < LSP_PING_HEADER ? LSP_PING_NO_MESSAGE : LSP_PING_BAD);
}
END_TEST

static const struct {
	const char *name;
	enum lsp_ping_verdict verdict;
	size_t size;
	uint8_t bytes[120];
} messages[] = {
	{ "version 2", LSP_PING_NO_MESSAGE, 36, { 0, 2, 0, 0, 1 } },
	{ "message type 3", LSP_PING_NO_MESSAGE, 36, { 0, 1, 0, 0, 3 } },
	{ "a request for nothing", LSP_PING_BAD, 32, { HEADER_OF(1, 2, 0, 0) } },
	{ "a reply without a stack", LSP_PING_OK, 32, { HEADER_OF(2, 2, 3, 1) } },
	{ "an empty stack", LSP_PING_BAD, 36, { HEADER_OF(1, 2, 0, 0), 0, 1, 0, 0 } },
	{ "two stacks", LSP_PING_BAD, 80, { HEADER_OF(1, 2, 0, 0), STACK, STACK } },
	{ "a FEC 128 of 13 bytes", LSP_PING_BAD, 56, { HEADER_OF(1, 2, 0, 0), 0, 1, 0, 20, 0, 10, 0, 13 } },
	{ "a FEC 128 of 15 bytes", LSP_PING_BAD, 56, { HEADER_OF(1, 2, 0, 0), 0, 1, 0, 20, 0, 10, 0, 15 } },
	{ "a FEC longer than its stack", LSP_PING_BAD, 60, { HEADER_OF(1, 2, 0, 0), 0, 1, 0, 20, 0, 10, 0, 17 } },
	{ "a pad without its first byte", LSP_PING_BAD, 60, { HEADER_OF(1, 2, 0, 0), STACK, 0, 3, 0, 0 } },
	{ "the padding of the last TLV not there", LSP_PING_OK, 61, { HEADER_OF(1, 2, 0, 0), STACK, 0, 3, 0, 1, 1 } },
	{ "another FEC: an LDP prefix", LSP_PING_STRANGE, 48,
	    { HEADER_OF(1, 2, 0, 0), 0, 1, 0, 12, 0, 1, 0, 5, 2, 2, 2, 2, 32 } },
	{ "a TLV that must be understood", LSP_PING_STRANGE, 64,
	    { HEADER_OF(1, 2, 0, 0), STACK, 0, 15, 0, 4, 0, 0, 0, 1 } },
	{ "a TLV that need not be", LSP_PING_OK, 64, { HEADER_OF(1, 2, 0, 0), STACK, 0x80, 15, 0, 4, 0, 0, 0, 1 } },
	{ "a vendor's", LSP_PING_OK, 64, { HEADER_OF(1, 2, 0, 0), STACK, 0, 5, 0, 4, 0, 0, 0, 9 } },
};

START_TEST(a_message_is_taken_or_refused_by_its_kind)
{
	struct lsp_ping m;

	ck_assert_msg(
	    read_exact(&m, messages[_i].bytes, messages[_i].size) == messages[_i].verdict, "%s", messages[_i].name);
}
END_TEST

START_TEST(what_was_not_understood_is_named_whole)
{
	static const uint8_t bytes[] = { HEADER_OF(1, 2, 0, 0), STACK, 0, 15, 0, 3, 1, 2, 3, 0, 0, 16, 0, 0, 0x80, 1, 0,
		0 };
	struct lsp_ping m;

	ck_assert_int_eq(read_exact(&m, bytes, sizeof bytes), LSP_PING_STRANGE);
	ck_assert_uint_eq(m.error_count, 2);
	ck_assert_uint_eq(m.not_understood[0].size, 8);
	ck_assert_mem_eq(m.not_understood[0].bytes, bytes + sizeof request, 8);
	ck_assert_uint_eq(m.not_understood[1].size, 4);
}
END_TEST

START_TEST(the_deprecated_fec_128_is_read_without_a_sender)
{
	static const uint8_t bytes[] = { HEADER_OF(1, 2, 0, 0), 0, 1, 0, 16, 0, 9, 0, 10, 2, 2, 2, 2, 0, 0, 0, 100, 0,
		4, 0, 0 };
	struct lsp_ping m;

	ck_assert_int_eq(read_exact(&m, bytes, sizeof bytes), LSP_PING_OK);
	ck_assert(!m.fec.has_sender);
	ck_assert_uint_eq(m.fec.remote, 0x02020202);
	ck_assert_uint_eq(m.fec.vc_id, 100);
	ck_assert_uint_eq(m.fec.type, 4);
}
END_TEST

/* --- packets --- */

static const uint8_t payload[] = { 'a', 'b', 'c' };
static const struct channel_packet packet = { .label = 524288,
	.from = 0x01010101,
	.to = 0x7f000001,
	.from_port = 3503,
	.to_port = 3503,
	.ttl = 1,
	.router_alert = true,
	.bytes = payload,
	.size = sizeof payload };
/* Checksums by hand: 0x4600 + 0x0023 + 0x0111 + 0x0101 + 0x0101 + 0x7f00 + 0x0001 + 0x9404 = 0x15c3b; of UDP 0x0101 + 0x0101 +
 * 0x7f00 + 0x0001 + 0x0011 + 0x000b twice + 2 * 0x0daf + 0x6162 + 0x6300 = 0x160ea. */
static const uint8_t frame[] = { 0x80, 0, 0x01, 0xff, 0x10, 0, 0, 0x21, 0x46, 0, 0, 35, 0, 0, 0, 0, 1, 17, 0xa3, 0xc3,
	1, 1, 1, 1, 127, 0, 0, 1, 0x94, 4, 0, 0, 0x0d, 0xaf, 0x0d, 0xaf, 0, 11, 0x9f, 0x14, 'a', 'b', 'c' };

START_TEST(a_packet_behind_the_channel_header_byte_by_byte)
{
	uint8_t out[64];

	ck_assert_uint_eq(channel_packet_write(&packet, true, out, sizeof out), sizeof frame);
	ck_assert_mem_eq(out, frame, sizeof frame);
	ck_assert_uint_eq(channel_packet_write(&packet, true, out, sizeof frame - 1), 0);
}
END_TEST

START_TEST(without_a_control_word_ip_follows_the_label)
{
	uint8_t out[64];

	ck_assert_uint_eq(channel_packet_write(&packet, false, out, sizeof out), sizeof frame - 4);
	ck_assert_mem_eq(out, frame, 4);
	ck_assert_mem_eq(out + 4, frame + 8, sizeof frame - 8);
}
END_TEST

START_TEST(a_packet_is_read_as_it_was_written)
{
	struct channel_packet p;
	uint8_t out[64];

	for (int word = 0; word < 2; word++) {
		size_t size = channel_packet_write(&packet, word, out, sizeof out);
		ck_assert(channel_packet_read(&p, out, size + 5)); /* a link may have filled it up */
		ck_assert_uint_eq(p.label, packet.label);
		ck_assert_uint_eq(p.from, packet.from);
		ck_assert_uint_eq(p.to, packet.to);
		ck_assert_uint_eq(p.from_port, packet.from_port);
		ck_assert_uint_eq(p.to_port, packet.to_port);
		ck_assert_uint_eq(p.ttl, 1);
		ck_assert_uint_eq(p.size, sizeof payload);
		ck_assert_mem_eq(p.bytes, payload, sizeof payload);
	}
}
END_TEST

static const struct {
	const char *name;
	size_t at;
	uint8_t value;
} damages[] = { { "another label behind it", 2, 0 }, { "channel type of BFD", 7, 7 },
	{ "channel type of IPv6", 7, 0x57 }, { "version 1 of the channel header", 4, 0x11 },
	{ "a header of 16 bytes", 8, 0x44 }, { "a header longer than the packet", 8, 0x4f }, { "IPv6", 8, 0x66 },
	{ "shorter than its header", 11, 23 }, { "longer than it is", 11, 36 }, { "the last fragment", 15, 1 },
	{ "the first fragment", 14, 0x20 }, { "TCP", 17, 6 }, { "the header's checksum", 19, 0 },
	{ "a UDP length of 7", 37, 7 }, { "a UDP length beyond the packet", 37, 12 },
	{ "the datagram's checksum", 39, 0 }, { "a byte of the payload", 42, 'd' } };

START_TEST(a_damaged_packet_is_no_packet)
{
	struct channel_packet p;
	uint8_t bytes[sizeof frame];

	memcpy(bytes, frame, sizeof frame);
	ck_assert_msg(bytes[damages[_i].at] != damages[_i].value, "%s", damages[_i].name);
	bytes[damages[_i].at] = damages[_i].value;
	ck_assert_msg(!channel_packet_read(&p, bytes, sizeof bytes), "%s", damages[_i].name);
}
END_TEST

START_TEST(a_packet_cut_short_anywhere_is_none)
{
	struct channel_packet p;

	for (size_t size = 0; size < sizeof frame; size++) {
		uint8_t *exact = mem_zalloc(size + !size);
		memcpy(exact, frame, size);
		ck_assert(!channel_packet_read(&p, exact, size));
		free(exact);
	}
}
END_TEST

START_TEST(a_datagram_without_a_checksum_is_taken)
{
	struct channel_packet p;
	uint8_t bytes[sizeof frame];

	memcpy(bytes, frame, sizeof frame);
	bytes[38] = bytes[39] = 0;
	ck_assert(channel_packet_read(&p, bytes, sizeof bytes));
}
END_TEST

/* --- which channel --- */

/* RFC 5085 section 7: every pair of what two ends tell, against the rule written out. */
START_TEST(the_first_channel_that_both_know_is_used)
{
	for (uint32_t own = 0; own < 8; own++)
		for (uint32_t other = 0; other < 8; other++)
			for (int word = 0; word < 2; word++) {
				enum control_channel want = CHANNEL_NONE;
				if (own & other & 4)
					want = CHANNEL_TTL;
				if (own & other & 2)
					want = CHANNEL_ALERT;
				if (own & other & 1 && word)
					want = CHANNEL_WORD;
				ck_assert_int_eq(control_channel_choose((struct vccv_said){ own, 6 },
						     (struct vccv_said){ other, 0x12 }, word),
				    want);
				ck_assert_int_eq(control_channel_choose((struct vccv_said){ own, 2 },
						     (struct vccv_said){ other, 0x10 }, word),
				    CHANNEL_NONE);
			}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("l2vpnd lsp ping");
	TCase *c = tcase_create("messages");

	tcase_add_test(c, a_request_is_written_byte_by_byte);
	tcase_add_test(c, a_request_is_read_as_it_was_meant);
	tcase_add_test(c, a_reply_carries_what_it_is_an_answer_to);
	tcase_add_test(c, a_request_cut_short_anywhere_is_refused);
	tcase_add_loop_test(c, a_message_is_taken_or_refused_by_its_kind, 0, COUNT(messages));
	tcase_add_test(c, what_was_not_understood_is_named_whole);
	tcase_add_test(c, the_deprecated_fec_128_is_read_without_a_sender);
	suite_add_tcase(s, c);
	c = tcase_create("packets");
	tcase_add_test(c, a_packet_behind_the_channel_header_byte_by_byte);
	tcase_add_test(c, without_a_control_word_ip_follows_the_label);
	tcase_add_test(c, a_packet_is_read_as_it_was_written);
	tcase_add_loop_test(c, a_damaged_packet_is_no_packet, 0, COUNT(damages));
	tcase_add_test(c, a_packet_cut_short_anywhere_is_none);
	tcase_add_test(c, a_datagram_without_a_checksum_is_taken);
	suite_add_tcase(s, c);
	c = tcase_create("channels");
	tcase_add_test(c, the_first_channel_that_both_know_is_used);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
