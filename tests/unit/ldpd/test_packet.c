/* LDP PDUs, messages and FEC elements to and from bytes, RFC 5036 section 3. */
#include "base/mem.h"
#include "ldpd/packet.h"
#include "tests/helper/check.h"
#include <string.h>

static uint8_t bytes[LDP_PDU_MAX];
static size_t size;
static struct ldp_writer w;

static struct ldp_fec
prefix_fec(uint32_t address, uint8_t len)
{
	return (struct ldp_fec){ .kind = FEC_PREFIX, .family = LDP_IPV4, .addr = addr_v4(address), .len = len };
}

/* One sample of each message. */
enum { SAMPLES = 13 };
static void
put_sample(unsigned i)
{
	struct addr transport = addr_v4(0x01010101),
		    list[] = { addr_v4(0x0a000001), addr_v4(0x0a000002), addr_v4(0x0a000003) };
	struct ldp_init_fields init = { 180, 4096, 0x02020202, 0, 120000, 60000 };
	struct ldp_fec fec = prefix_fec(0x04040404, 32), every = { .kind = FEC_WILDCARD };
	struct ldp_fec typed = { .kind = FEC_TYPED_WILDCARD, .of = FEC_PREFIX, .family = LDP_IPV4 };

	ldp_begin(&w, bytes, sizeof bytes, 0x01010101);
	switch (i) {
	case 0:
		ldp_put_hello(&w, 1,
		    &(struct ldp_hello_fields){ .hold_s = 15, .gtsm = true, .sequence = 7, .transport = transport });
		break;
	case 1:
		ldp_put_hello(&w, 1,
		    &(struct ldp_hello_fields){
			.hold_s = 45, .targeted = true, .request_targeted = true, .transport = transport });
		break;
	case 2: ldp_put_init(&w, 2, &init); break;
	case 3: ldp_put_keepalive(&w, 3); break;
	case 4: ldp_put_notification(&w, 4, LDP_SHUTDOWN, 77, LDP_LABEL_MAPPING); break;
	case 5: ldp_put_end_of_lib(&w, 5, LDP_IPV4); break;
	case 6: ldp_put_addresses(&w, 6, LDP_ADDRESS, list, 3); break;
	case 7: ldp_put_addresses(&w, 7, LDP_ADDRESS_WITHDRAW, list, 1); break;
	case 8: ldp_put_label(&w, 8, LDP_LABEL_MAPPING, &fec, 1024, 0); break;
	case 9: ldp_put_label(&w, 9, LDP_LABEL_REQUEST, &typed, LABEL_UNSET, 0); break;
	case 10: ldp_put_label(&w, 10, LDP_LABEL_WITHDRAW, &every, LABEL_UNSET, 0); break;
	case 11: ldp_put_label(&w, 11, LDP_LABEL_RELEASE, &fec, 1024, 0); break;
	default: ldp_put_label(&w, 12, LDP_LABEL_ABORT, &fec, LABEL_UNSET, 99); break;
	}
	size = ldp_end(&w);
	ck_assert_uint_gt(size, 0);
}

static struct ldp_msg
sample(unsigned i)
{
	struct ldp_pdu pdu;
	struct ldp_msg m;

	put_sample(i);
	ck_assert_int_eq(ldp_decode_pdu(bytes, size, &pdu), LDP_OK);
	ck_assert_uint_eq(pdu.lsr, 0x01010101);
	ck_assert_uint_eq(pdu.space, 0);
	ck_assert_int_eq(ldp_decode_message(&pdu.body, &m), LDP_OK);
	ck_assert_uint_eq(wire_left(&pdu.body), 0);
	return m;
}

START_TEST(a_hello_comes_back_as_it_was_written)
{
	struct ldp_msg m = sample((unsigned)_i);
	ck_assert_uint_eq(m.type, LDP_HELLO);
	ck_assert_uint_eq(m.hello.hold_s, _i ? 45 : 15);
	ck_assert_int_eq(m.hello.targeted, _i);
	ck_assert_int_eq(m.hello.request_targeted, _i);
	ck_assert_int_eq(m.hello.gtsm, !_i);
	ck_assert_uint_eq(m.hello.sequence, _i ? 0 : 7);
	ck_assert_uint_eq(addr_to_v4(&m.hello.transport4), 0x01010101);
}
END_TEST

START_TEST(an_initialization_comes_back_as_it_was_written)
{
	struct ldp_msg m = sample(2);
	ck_assert_uint_eq(m.type, LDP_INITIALIZATION);
	ck_assert_uint_eq(m.init.hold_s, 180);
	ck_assert_uint_eq(m.init.max_pdu, 4096);
	ck_assert_uint_eq(m.init.receiver_lsr, 0x02020202);
	ck_assert(m.init.ft && m.init.ft_learn && m.init.capabilities == 7 && !m.init.on_demand);
	ck_assert_uint_eq(m.init.reconnect_ms, 120000);
	ck_assert_uint_eq(m.init.recovery_ms, 60000);
}
END_TEST

START_TEST(a_notification_comes_back_as_it_was_written)
{
	struct ldp_msg m = sample(4);
	ck_assert_uint_eq(m.notification.status, LDP_SHUTDOWN);
	ck_assert_uint_eq(m.notification.about_id, 77);
	ck_assert_uint_eq(m.notification.about_type, LDP_LABEL_MAPPING);
}
END_TEST

START_TEST(an_end_of_lib_names_what_it_is_about)
{
	struct ldp_msg m = sample(5);
	struct ldp_fec f;
	ck_assert_uint_eq(m.notification.status, LDP_END_OF_LIB);
	ck_assert_int_eq(ldp_decode_fec(&m.notification.fecs, &f), LDP_OK);
	ck_assert_uint_eq(f.kind, FEC_TYPED_WILDCARD);
	ck_assert_uint_eq(f.of, FEC_PREFIX);
	ck_assert_uint_eq(f.family, LDP_IPV4);
}
END_TEST

START_TEST(addresses_come_back_in_order)
{
	struct ldp_msg m = sample(6);
	ck_assert_uint_eq(wire_left(&m.address.list), 12);
	for (uint32_t i = 1; i <= 3; i++)
		ck_assert_uint_eq(wire_u32(&m.address.list), 0x0a000000 + i);
}
END_TEST

START_TEST(a_mapping_comes_back_as_it_was_written)
{
	struct ldp_msg m = sample(8);
	struct ldp_fec f;
	ck_assert_uint_eq(m.label.label, 1024);
	ck_assert_int_eq(ldp_decode_fec(&m.label.fecs, &f), LDP_OK);
	ck_assert_uint_eq(addr_to_v4(&f.addr), 0x04040404);
	ck_assert_uint_eq(f.len, 32);
	ck_assert_uint_eq(wire_left(&m.label.fecs), 0);
}
END_TEST

START_TEST(what_is_left_out_comes_back_as_absent)
{
	struct ldp_msg m = sample(10);
	ck_assert_uint_eq(m.label.label, LABEL_UNSET);
	ck_assert_uint_eq(m.label.request_id, 0);
	m = sample(12);
	ck_assert_uint_eq(m.label.label, LABEL_UNSET);
	ck_assert_uint_eq(m.label.request_id, 99);
}
END_TEST

START_TEST(a_prefix_of_any_length_takes_only_the_bytes_it_needs)
{
	uint8_t room[16];
	struct wire_writer to = wire_writer(room, sizeof room);
	struct ldp_fec f = prefix_fec(_i ? UINT32_MAX << (32 - _i) : 0, (uint8_t)_i), back;

	ldp_put_fec(&to, &f);
	ck_assert_uint_eq(to.at, 4 + (_i + 7) / 8);
	struct wire_reader r = wire_reader(room, to.at);
	ck_assert_int_eq(ldp_decode_fec(&r, &back), LDP_OK);
	ck_assert_uint_eq(back.len, _i);
	ck_assert(addr_eq(&back.addr, &f.addr));
}
END_TEST

/* The sample in a block of its very size, so that a sanitizer sees any read beyond. */
START_TEST(a_pdu_cut_at_any_byte_is_refused)
{
	put_sample((unsigned)_i);
	for (size_t cut = 0; cut < size; cut++) {
		struct ldp_pdu pdu;
		uint8_t *copy = mem_copy(bytes, cut);
		ck_assert_msg(ldp_decode_pdu(copy, cut, &pdu) != LDP_OK, "sample %d, %zu of %zu bytes", _i, cut, size);
		free(copy);
	}
}
END_TEST

/* As above, but with every length outside the cut made to fit: the next one inside must catch it. */
START_TEST(a_message_cut_at_any_byte_is_never_taken_for_whole)
{
	put_sample((unsigned)_i);
	for (size_t cut = 4; cut < size - LDP_HEADER; cut++) {
		uint8_t *copy = mem_copy(bytes + LDP_HEADER, cut);
		struct wire_reader body = wire_reader(copy, cut);
		struct ldp_msg m;
		ck_assert_uint_eq(ldp_decode_message(&body, &m), LDP_BAD_MESSAGE_LENGTH);
		copy[2] = (uint8_t)((cut - 4) >> 8);
		copy[3] = (uint8_t)(cut - 4);
		body = wire_reader(copy, cut);
		enum ldp_status s = ldp_decode_message(&body, &m);
		/* Cut between two TLVs it may lack only what is optional. */
		if (s == LDP_OK)
			ck_assert_msg(m.type == LDP_INITIALIZATION || m.type == LDP_HELLO ||
					  m.type == LDP_NOTIFICATION || m.type == LDP_LABEL_RELEASE,
			    "sample %d is whole with %zu bytes", _i, cut);
		free(copy);
	}
}
END_TEST

START_TEST(a_tlv_that_is_too_long_or_too_short_is_refused)
{
	/* The first TLV of the message: its length at offset 10+8+2. */
	static const unsigned with_fixed_tlv[] = { 0, 2, 4 };
	put_sample(with_fixed_tlv[_i / 2]);
	uint8_t *length = &bytes[LDP_HEADER + 8 + 3];
	*length = (uint8_t)(*length + (_i % 2 ? 1 : -1));
	struct ldp_pdu pdu;
	struct ldp_msg m;
	ck_assert_int_eq(ldp_decode_pdu(bytes, size, &pdu), LDP_OK);
	ck_assert_uint_eq(ldp_decode_message(&pdu.body, &m), LDP_BAD_TLV_LENGTH);
}
END_TEST

/* An unknown TLV appended to a KeepAlive: U and F bits, 3.3. */
START_TEST(an_unknown_tlv_is_passed_over_only_with_the_u_bit)
{
	static const struct {
		uint16_t type;
		uint32_t status;
	} cases[] = { { 0x1f77, LDP_UNKNOWN_TLV }, { 0x5f77, LDP_UNKNOWN_TLV }, { 0x9f77, LDP_OK },
		{ 0xdf77, LDP_OK } };
	uint8_t raw[] = { 2, 1, 0, 12, 0, 0, 0, 1, (uint8_t)(cases[_i].type >> 8), (uint8_t)cases[_i].type, 0, 4, 1, 2,
		3, 4 };
	struct wire_reader body = wire_reader(raw, sizeof raw);
	struct ldp_msg m;
	ck_assert_uint_eq(ldp_decode_message(&body, &m), cases[_i].status);
	ck_assert_uint_eq(m.type, LDP_KEEPALIVE);
	ck_assert_uint_eq(m.id, 1);
}
END_TEST

START_TEST(an_unknown_message_keeps_its_id_and_u_bit_and_the_next_one_is_read)
{
	uint8_t raw[] = { _i ? 0xbf : 0x3f, 0x77, 0, 6, 0, 0, 0, 9, 1, 2, 2, 1, 0, 4, 0, 0, 0, 10 };
	struct wire_reader body = wire_reader(raw, sizeof raw);
	struct ldp_msg m;
	ck_assert_uint_eq(ldp_decode_message(&body, &m), LDP_UNKNOWN_MESSAGE);
	ck_assert_uint_eq(m.id, 9);
	ck_assert_int_eq(m.unknown_ok, _i);
	ck_assert_uint_eq(ldp_decode_message(&body, &m), LDP_OK);
	ck_assert_uint_eq(m.id, 10);
}
END_TEST

START_TEST(a_label_of_more_than_twenty_bits_is_malformed)
{
	put_sample(8);
	struct ldp_pdu pdu;
	struct ldp_msg m;
	bytes[size - 3] |= 0x10;
	ck_assert_int_eq(ldp_decode_pdu(bytes, size, &pdu), LDP_OK);
	ck_assert_uint_eq(ldp_decode_message(&pdu.body, &m), LDP_MALFORMED_TLV);
}
END_TEST

static const struct {
	const char *name;
	const char *bytes;
	size_t size;
	uint32_t status;
} fecs[] = {
	{ "nothing", "", 0, LDP_UNKNOWN_FEC },
	{ "an unknown kind", "\x82\0\0\0", 4, LDP_UNKNOWN_FEC },
	{ "a prefix without its length", "\2\0\1", 3, LDP_MALFORMED_TLV },
	{ "a prefix with a byte too few", "\2\0\1\40\1\2\3", 7, LDP_MALFORMED_TLV },
	{ "a prefix of 33 bits", "\2\0\1\41\1\2\3\4\5", 9, LDP_MALFORMED_TLV },
	{ "a prefix of 255 bits", "\2\0\1\377\1\2\3\4", 8, LDP_MALFORMED_TLV },
	{ "an IPv6 prefix", "\2\0\2\10\40", 5, LDP_OK },
	{ "an IPv6 prefix of 129 bits", "\2\0\2\201\1\2\3\4\5\6\7\1\2\3\4\5\6\7\1\2\3", 21, LDP_MALFORMED_TLV },
	{ "a prefix of another family", "\2\0\3\10\40", 5, LDP_UNSUPPORTED_AF },
	{ "a typed wildcard without its length", "\5\2", 2, LDP_MALFORMED_TLV },
	{ "a typed wildcard of prefixes with no family", "\5\2\0", 3, LDP_MALFORMED_TLV },
	{ "a typed wildcard of prefixes with too much", "\5\2\3\0\1\0", 6, LDP_MALFORMED_TLV },
	{ "a typed wildcard of an unknown kind", "\5\x82\2\0\5", 5, LDP_UNKNOWN_FEC },
};

START_TEST(a_fec_that_cannot_be_read_is_refused_with_its_reason)
{
	uint8_t *copy = mem_copy(fecs[_i].bytes, fecs[_i].size);
	struct wire_reader r = wire_reader(copy, fecs[_i].size);
	struct ldp_fec f;
	enum ldp_status s = ldp_decode_fec(&r, &f);
	ck_assert_msg((uint32_t)s == fecs[_i].status, "%s: %s", fecs[_i].name, ldp_status_name(s));
	free(copy);
}
END_TEST

START_TEST(the_size_of_a_pdu_is_known_from_its_first_four_bytes)
{
	static const uint8_t head[] = { 0, 1, 0, 14, 1 };
	enum ldp_status s;
	for (size_t n = 0; n < 4; n++) {
		ck_assert_uint_eq(ldp_pdu_size(head, n, 4096, &s), 0);
		ck_assert_uint_eq(s, LDP_OK);
	}
	ck_assert_uint_eq(ldp_pdu_size(head, 4, 4096, &s), 18);
	ck_assert_uint_eq(s, LDP_OK);
	ck_assert_uint_eq(ldp_pdu_size(head, 5, 13, &s), 18);
	ck_assert_uint_eq(s, LDP_BAD_PDU_LENGTH);
}
END_TEST

START_TEST(a_pdu_has_room_for_one_message_at_least)
{
	const uint8_t head[] = { 0, 1, 0, (uint8_t)_i };
	enum ldp_status s;
	ldp_pdu_size(head, 4, 4096, &s);
	ck_assert_uint_eq(s, _i < 14 ? LDP_BAD_PDU_LENGTH : LDP_OK);
}
END_TEST

START_TEST(a_pdu_that_does_not_fit_its_room_is_no_pdu)
{
	uint8_t little[30];
	struct ldp_fec fec = prefix_fec(0x04040404, 32);
	ldp_begin(&w, little, sizeof little, 1);
	ldp_put_label(&w, 1, LDP_LABEL_MAPPING, &fec, 1024, 0);
	ck_assert_uint_eq(ldp_end(&w), 0);
	ldp_begin(&w, little, sizeof little, 1);
	ck_assert_uint_eq(ldp_end(&w), 0); /* nor is one without a message */
}
END_TEST

/* Any bytes at all: decoding ends, and reads nothing that is not there. */
START_TEST(random_changes_of_every_sample_are_survived)
{
	uint32_t x = 12345;
	for (int round = 0; round < 3000; round++) {
		put_sample((unsigned)_i);
		uint8_t *copy = mem_copy(bytes, size);
		for (int k = 0; k < 3; k++) {
			x = x * 1664525 + 1013904223;
			copy[4 + (x >> 8) % (size - 4)] = (uint8_t)(x >> 24);
		}
		struct ldp_pdu pdu;
		if (ldp_decode_pdu(copy, size, &pdu) == LDP_OK)
			for (unsigned messages = 0; wire_left(&pdu.body); messages++) {
				struct ldp_msg m;
				ck_assert_uint_lt(messages, size);
				enum ldp_status s = ldp_decode_message(&pdu.body, &m);
				struct ldp_fec f;
				while (s == LDP_OK && m.type == LDP_LABEL_MAPPING && wire_left(&m.label.fecs))
					if (ldp_decode_fec(&m.label.fecs, &f) != LDP_OK)
						break;
				if (s & LDP_FATAL)
					break;
			}
		free(copy);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ldpd packet");
	TCase *t = tcase_create("RFC 5036 3.5");
	tcase_add_loop_test(t, a_hello_comes_back_as_it_was_written, 0, 2);
	tcase_add_test(t, an_initialization_comes_back_as_it_was_written);
	tcase_add_test(t, a_notification_comes_back_as_it_was_written);
	tcase_add_test(t, an_end_of_lib_names_what_it_is_about);
	tcase_add_test(t, addresses_come_back_in_order);
	tcase_add_test(t, a_mapping_comes_back_as_it_was_written);
	tcase_add_test(t, what_is_left_out_comes_back_as_absent);
	tcase_add_loop_test(t, a_prefix_of_any_length_takes_only_the_bytes_it_needs, 0, 33);
	suite_add_tcase(s, t);

	t = tcase_create("RFC 5036 3.3");
	tcase_add_loop_test(t, a_pdu_cut_at_any_byte_is_refused, 0, SAMPLES);
	tcase_add_loop_test(t, a_message_cut_at_any_byte_is_never_taken_for_whole, 0, SAMPLES);
	tcase_add_loop_test(t, a_tlv_that_is_too_long_or_too_short_is_refused, 0, 6);
	tcase_add_loop_test(t, an_unknown_tlv_is_passed_over_only_with_the_u_bit, 0, 4);
	tcase_add_loop_test(t, an_unknown_message_keeps_its_id_and_u_bit_and_the_next_one_is_read, 0, 2);
	tcase_add_test(t, a_label_of_more_than_twenty_bits_is_malformed);
	tcase_add_loop_test(t, a_fec_that_cannot_be_read_is_refused_with_its_reason, 0, sizeof fecs / sizeof *fecs);
	tcase_add_test(t, the_size_of_a_pdu_is_known_from_its_first_four_bytes);
	tcase_add_loop_test(t, a_pdu_has_room_for_one_message_at_least, 0, 16);
	tcase_add_test(t, a_pdu_that_does_not_fit_its_room_is_no_pdu);
	tcase_add_loop_test(t, random_changes_of_every_sample_are_survived, 0, SAMPLES);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
