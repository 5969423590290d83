/* Pseudowires in LDP messages to and from bytes, RFC 8077 sections 5 to 7, RFC 6667. */
#include "base/mem.h"
#include "ldpd/packet.h"
#include "tests/helper/check.h"
#include <string.h>

static uint8_t bytes[LDP_PDU_MAX];
static size_t size;

static const struct ldp_pw_fec whole = { .control_word = true,
	.type = PW_ETHERNET_TAGGED,
	.group = 77,
	.id = 100,
	.params = { .mtu = 1500,
	    .vlan = 20,
	    .vccv_cc = 1,
	    .vccv_cv = 2,
	    .description = (const uint8_t *)"to Basel",
	    .description_size = 8 } };
static const struct ldp_pw_fec named = { .type = PW_ETHERNET,
	.group_name = { 1, 8, (const uint8_t *)"\0\0\0d\0\0\0\1" },
	.source = { 1, 4, (const uint8_t *)"\1\1\1\1" },
	.target = { 1, 4, (const uint8_t *)"\2\2\2\2" } };

/* One sample of each message. */
enum { SAMPLES = 9 };
static void
put_sample(unsigned i)
{
	struct ldp_label_fields f = { .fec = { .kind = FEC_PW_ID, .pw = whole }, .label = 600000 };
	struct ldp_writer w;

	ldp_begin(&w, bytes, sizeof bytes, 0x01010101);
	switch (i) {
	case 0:
		f.pw = (struct ldp_pw_tlvs){ .has_status = true, .status = 0x26 };
		f.request_id = 9;
		ldp_put_label_fields(&w, 1, LDP_LABEL_MAPPING, &f);
		break;
	case 1:
		f.fec.pw.params = (struct ldp_pw_params){ 0 };
		ldp_put_label_fields(&w, 1, LDP_LABEL_MAPPING, &f);
		break;
	case 2:
		f.status = LDP_WRONG_C_BIT;
		ldp_put_label_fields(&w, 1, LDP_LABEL_WITHDRAW, &f);
		break;
	case 3:
		f.fec.pw.wild = true;
		f.label = LABEL_UNSET;
		ldp_put_label_fields(&w, 1, LDP_LABEL_WITHDRAW, &f);
		break;
	case 4:
		f.status = LDP_ILLEGAL_C_BIT;
		ldp_put_label_fields(&w, 1, LDP_LABEL_RELEASE, &f);
		break;
	case 5:
		f.label = LABEL_UNSET;
		ldp_put_label_fields(&w, 1, LDP_LABEL_REQUEST, &f);
		break;
	case 6: ldp_put_pw_status(&w, 1, &whole, 0x18); break;
	case 7:
		f.fec = (struct ldp_fec){ .kind = FEC_PW_GENERAL, .pw = named };
		f.pw = (struct ldp_pw_tlvs){ .has_group = true, .group = 5, .params = { .mtu = 1400 } };
		ldp_put_label_fields(&w, 1, LDP_LABEL_MAPPING, &f);
		break;
	default: ldp_put_pw_end_of_lib(&w, 1); break;
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
	ck_assert_int_eq(ldp_decode_message(&pdu.body, &m), LDP_OK);
	ck_assert_uint_eq(wire_left(&pdu.body), 0);
	return m;
}

static struct ldp_fec
fec_of(struct wire_reader list)
{
	struct ldp_fec f;

	ck_assert_int_eq(ldp_decode_fec(&list, &f), LDP_OK);
	ck_assert_uint_eq(wire_left(&list), 0);
	return f;
}

START_TEST(a_mapping_comes_back_with_every_parameter)
{
	struct ldp_msg m = sample(0);
	struct ldp_fec f = fec_of(m.label.fecs);
	ck_assert_uint_eq(m.label.label, 600000);
	ck_assert_uint_eq(m.label.request_id, 9);
	ck_assert(m.label.pw.has_status);
	ck_assert_uint_eq(m.label.pw.status, 0x26);
	ck_assert_uint_eq(f.kind, FEC_PW_ID);
	ck_assert(f.pw.control_word && !f.pw.wild);
	ck_assert_uint_eq(f.pw.type, PW_ETHERNET_TAGGED);
	ck_assert_uint_eq(f.pw.group, 77);
	ck_assert_uint_eq(f.pw.id, 100);
	ck_assert_uint_eq(f.pw.params.mtu, 1500);
	ck_assert_uint_eq(f.pw.params.vlan, 20);
	ck_assert_uint_eq(f.pw.params.vccv_cc, 1);
	ck_assert_uint_eq(f.pw.params.vccv_cv, 2);
	ck_assert_uint_eq(f.pw.params.description_size, 8);
	ck_assert_int_eq(memcmp(f.pw.params.description, "to Basel", 8), 0);
}
END_TEST

START_TEST(what_is_left_out_takes_no_bytes_and_comes_back_as_absent)
{
	struct ldp_msg m = sample(1);
	struct ldp_fec f = fec_of(m.label.fecs);
	ck_assert_uint_eq(wire_left(&m.label.fecs), 12);
	ck_assert(!m.label.pw.has_status);
	ck_assert_uint_eq(f.pw.params.mtu, 0);
	ck_assert_uint_eq(f.pw.params.vlan, 0);
	ck_assert_uint_eq(f.pw.params.vccv_cc | f.pw.params.vccv_cv, 0);
	ck_assert_uint_eq(f.pw.params.description_size, 0);
}
END_TEST

/* RFC 8077 6.1: the figure, byte for byte. */
START_TEST(the_element_is_as_the_rfc_draws_it)
{
	static const uint8_t drawn[] = { 0x80, 0x80, 4, 26, 0, 0, 0, 77, 0, 0, 0, 100, 1, 4, 0x05, 0xdc, 3, 10, 't',
		'o', ' ', 'B', 'a', 's', 'e', 'l', 6, 4, 0, 20, 0x0c, 4, 1, 2 };
	uint8_t room[64];
	struct wire_writer w = wire_writer(room, sizeof room);
	ldp_put_fec(&w, &(struct ldp_fec){ .kind = FEC_PW_ID, .pw = whole });
	ck_assert_uint_eq(w.at, sizeof drawn);
	for (size_t i = 0; i < sizeof drawn; i++)
		ck_assert_msg(room[i] == drawn[i], "byte %zu: %u, not %u", i, room[i], drawn[i]);
}
END_TEST

START_TEST(a_withdraw_and_a_release_say_why)
{
	ck_assert_uint_eq(sample(2).label.status, LDP_WRONG_C_BIT);
	ck_assert_uint_eq(sample(4).label.status, LDP_ILLEGAL_C_BIT);
	ck_assert_uint_eq(sample(3).label.status, LDP_OK);
}
END_TEST

START_TEST(a_group_is_an_element_without_a_number)
{
	struct ldp_msg m = sample(3);
	struct ldp_fec f = fec_of(m.label.fecs);
	ck_assert_uint_eq(wire_left(&m.label.fecs), 8);
	ck_assert(f.pw.wild);
	ck_assert_uint_eq(f.pw.group, 77);
	ck_assert_uint_eq(f.pw.type, PW_ETHERNET_TAGGED);
}
END_TEST

START_TEST(status_is_told_by_a_notification)
{
	struct ldp_msg m = sample(6);
	struct ldp_fec f = fec_of(m.notification.fecs);
	ck_assert_uint_eq(m.notification.status, LDP_PW_STATUS);
	ck_assert_uint_eq(m.notification.about_id, 0);
	ck_assert(m.notification.pw.has_status);
	ck_assert_uint_eq(m.notification.pw.status, 0x18);
	ck_assert_uint_eq(f.pw.id, 100);
	ck_assert_msg(f.pw.control_word, "the C bit is a part of the FEC there too");
}
END_TEST

START_TEST(an_element_of_names_comes_back_with_its_tlvs)
{
	struct ldp_msg m = sample(7);
	struct ldp_fec f = fec_of(m.label.fecs);
	ck_assert_uint_eq(f.kind, FEC_PW_GENERAL);
	ck_assert_uint_eq(f.pw.group_name.size, 8);
	ck_assert_uint_eq(f.pw.group_name.value[3], 'd');
	ck_assert_uint_eq(f.pw.source.value[0], 1);
	ck_assert_uint_eq(f.pw.target.value[0], 2);
	ck_assert(m.label.pw.has_group);
	ck_assert_uint_eq(m.label.pw.group, 5);
	ck_assert_uint_eq(m.label.pw.params.mtu, 1400);
}
END_TEST

START_TEST(the_end_of_the_lib_is_about_pseudowires_of_all_types)
{
	struct ldp_msg m = sample(8);
	struct ldp_fec f = fec_of(m.notification.fecs);
	ck_assert_uint_eq(m.notification.status, LDP_END_OF_LIB);
	ck_assert_uint_eq(f.kind, FEC_TYPED_WILDCARD);
	ck_assert_uint_eq(f.of, FEC_PW_ID);
	ck_assert_uint_eq(f.pw.type, PW_TYPE_ALL);
	ck_assert(ldp_fec_is_pw(&f));
}
END_TEST

#define HEAD "\x80\x80\5"
#define GROUP "\0\0\0\1"
#define ID "\0\0\0\2"
static const struct {
	const char *name;
	const char *bytes;
	size_t size;
	uint32_t status;
	uint16_t mtu;
} elements[] = {
	{ "a pseudowire without its type", "\x80\x80", 2, LDP_MALFORMED_TLV, 0 },
	{ "one without its length", "\x80\x80\5", 3, LDP_MALFORMED_TLV, 0 },
	{ "one without its group", HEAD "\4\0\0", 6, LDP_MALFORMED_TLV, 0 },
	{ "a group", HEAD "\0" GROUP, 8, LDP_OK, 0 },
	{ "one whose number is cut", HEAD "\4" GROUP "\0\0", 10, LDP_MALFORMED_TLV, 0 },
	{ "one with a length too short for a number", HEAD "\3" GROUP "\0\0\0", 11, LDP_MALFORMED_TLV, 0 },
	{ "one without parameters", HEAD "\4" GROUP ID, 12, LDP_OK, 0 },
	{ "one with an MTU", HEAD "\10" GROUP ID "\1\4\5\334", 16, LDP_OK, 1500 },
	{ "one with an MTU of three bytes", HEAD "\11" GROUP ID "\1\5\5\334\0", 17, LDP_MALFORMED_TLV, 0 },
	{ "one with an MTU of one byte", HEAD "\7" GROUP ID "\1\3\5", 15, LDP_MALFORMED_TLV, 0 },
	{ "one with a parameter of no size", HEAD "\6" GROUP ID "\1\0", 14, LDP_MALFORMED_TLV, 0 },
	{ "one with a parameter of one byte", HEAD "\6" GROUP ID "\1\1", 14, LDP_MALFORMED_TLV, 0 },
	{ "one with a number of a parameter alone", HEAD "\5" GROUP ID "\1", 13, LDP_MALFORMED_TLV, 0 },
	{ "one with a parameter that goes beyond", HEAD "\10" GROUP ID "\1\5\5\334", 16, LDP_MALFORMED_TLV, 0 },
	{ "one with a VLAN of one byte", HEAD "\7" GROUP ID "\6\3\5", 15, LDP_MALFORMED_TLV, 0 },
	{ "one with a VCCV of three bytes", HEAD "\11" GROUP ID "\14\5\1\2\3", 17, LDP_MALFORMED_TLV, 0 },
	{ "one with an unknown parameter and an MTU", HEAD "\14" GROUP ID "\31\4ab\1\4\5\334", 20, LDP_OK, 1500 },
	{ "one with an empty description", HEAD "\6" GROUP ID "\3\2", 14, LDP_OK, 0 },
	{ "one whose length goes beyond", HEAD "\20" GROUP ID "\1\4\5\334", 16, LDP_MALFORMED_TLV, 0 },
	{ "a named one", "\x81\0\5\6\1\0\1\0\1\0", 10, LDP_OK, 0 },
	{ "a named one without its ends", "\x81\0\5\2\1\0", 6, LDP_MALFORMED_TLV, 0 },
	{ "a named one with a name that goes beyond", "\x81\0\5\6\1\0\1\0\1\1", 10, LDP_MALFORMED_TLV, 0 },
	{ "a named one with something behind", "\x81\0\5\7\1\0\1\0\1\0\0", 11, LDP_MALFORMED_TLV, 0 },
	{ "a group of named ones", "\x81\0\5\0", 4, LDP_OK, 0 },
	{ "all of a type", "\5\x80\2\0\5", 5, LDP_OK, 0 },
	{ "all named ones of a type", "\5\x81\2\0\5", 5, LDP_OK, 0 },
	{ "all of no type", "\5\x80\1\5", 4, LDP_MALFORMED_TLV, 0 },
	{ "all of a type with too much", "\5\x80\3\0\5\0", 6, LDP_MALFORMED_TLV, 0 },
	{ "all of another kind", "\5\x82\2\0\5", 5, LDP_UNKNOWN_FEC, 0 },
};

START_TEST(every_form_of_an_element_is_taken_or_refused)
{
	uint8_t *copy = mem_copy(elements[_i].bytes, elements[_i].size);
	struct wire_reader r = wire_reader(copy, elements[_i].size);
	struct ldp_fec f;
	enum ldp_status s = ldp_decode_fec(&r, &f);
	ck_assert_msg((uint32_t)s == elements[_i].status, "%s: %s", elements[_i].name, ldp_status_name(s));
	if (s == LDP_OK) {
		ck_assert_uint_eq(f.pw.params.mtu, elements[_i].mtu);
		ck_assert_msg(!wire_left(&r), "%s: all of it is read", elements[_i].name);
	}
	free(copy);
}
END_TEST

START_TEST(a_description_is_of_eighty_bytes_at_most)
{
	uint8_t element[12 + 2 + 81] = { 0x80, 0, 5, 4, 0, 0, 0, 1, 0, 0, 0, 2, 3 };
	struct ldp_fec f;
	element[3] = (uint8_t)(4 + 2 + 80 + _i);
	element[13] = (uint8_t)(2 + 80 + _i);
	struct wire_reader r = wire_reader(element, 12u + 2 + 80 + (unsigned)_i);
	ck_assert_uint_eq(ldp_decode_fec(&r, &f), _i ? LDP_MALFORMED_TLV : LDP_OK);
	ck_assert_uint_eq(f.pw.params.description_size, _i ? 0 : 80);
}
END_TEST

/* TLVs beside a FEC: type, bytes, and what is made of a Mapping that has them. */
static const struct {
	const char *name;
	uint16_t type;
	const char *bytes;
	size_t size;
	uint32_t status;
} tlvs[] = {
	{ "a status", 0x896a, "\0\0\0\1", 4, LDP_OK },
	{ "a status without the U bit", 0x096a, "\0\0\0\1", 4, LDP_OK },
	{ "a status of three bytes", 0x896a, "\0\0\1", 3, LDP_BAD_TLV_LENGTH },
	{ "a status of five bytes", 0x896a, "\0\0\0\0\1", 5, LDP_BAD_TLV_LENGTH },
	{ "parameters", 0x096b, "\1\4\5\334", 4, LDP_OK },
	{ "no parameters", 0x096b, "", 0, LDP_OK },
	{ "parameters that are cut", 0x096b, "\1\4\5", 3, LDP_MALFORMED_TLV },
	{ "a group", 0x096c, "\0\0\0\1", 4, LDP_OK },
	{ "a group of two bytes", 0x096c, "\0\1", 2, LDP_BAD_TLV_LENGTH },
	{ "a reason", 0x0300, "\0\0\0\45\0\0\0\0\0\0", 10, LDP_OK },
	{ "a reason of four bytes", 0x0300, "\0\0\0\45", 4, LDP_BAD_TLV_LENGTH },
};

START_TEST(every_form_of_a_tlv_is_taken_or_refused)
{
	uint8_t raw[64];
	struct wire_writer w = wire_writer(raw, sizeof raw);
	wire_put_u16(&w, LDP_LABEL_MAPPING);
	struct wire_mark length = wire_hold_u16(&w);
	wire_put_u32(&w, 1);
	wire_put_bytes(&w, "\1\0\0\14\x80\0\5\4\0\0\0\1\0\0\0\2\2\0\0\4\0\0\0\x4d", 24);
	wire_put_u16(&w, tlvs[_i].type);
	wire_put_u16(&w, (uint16_t)tlvs[_i].size);
	wire_put_bytes(&w, tlvs[_i].bytes, tlvs[_i].size);
	wire_fill_length(&w, length);
	uint8_t *copy = mem_copy(raw, w.at);
	struct wire_reader body = wire_reader(copy, w.at);
	struct ldp_msg m;
	enum ldp_status s = ldp_decode_message(&body, &m);
	ck_assert_msg((uint32_t)s == tlvs[_i].status, "%s: %s", tlvs[_i].name, ldp_status_name(s));
	free(copy);
}
END_TEST

/* With every length outside the cut made to fit: nothing inside is read beyond. */
START_TEST(a_message_cut_at_any_byte_is_never_taken_for_whole)
{
	put_sample((unsigned)_i);
	for (size_t cut = 8; cut < size - LDP_HEADER; cut++) {
		uint8_t *copy = mem_copy(bytes + LDP_HEADER, cut);
		copy[2] = (uint8_t)((cut - 4) >> 8);
		copy[3] = (uint8_t)(cut - 4);
		struct wire_reader body = wire_reader(copy, cut);
		struct ldp_msg m;
		if (ldp_decode_message(&body, &m) == LDP_OK && m.type == LDP_LABEL_MAPPING)
			ck_assert_msg(m.label.label == 600000, "only what may be absent is, at byte %zu", cut);
		free(copy);
	}
}
END_TEST

START_TEST(random_changes_of_every_sample_are_survived)
{
	uint32_t x = 4447;
	for (int round = 0; round < 3000; round++) {
		put_sample((unsigned)_i);
		uint8_t *copy = mem_copy(bytes, size);
		for (int k = 0; k < 3; k++) {
			x = x * 1664525 + 1013904223;
			copy[4 + (x >> 8) % (size - 4)] = (uint8_t)(x >> 24);
		}
		struct ldp_pdu pdu;
		struct ldp_msg m;
		struct ldp_fec f;
		if (ldp_decode_pdu(copy, size, &pdu) == LDP_OK && ldp_decode_message(&pdu.body, &m) == LDP_OK &&
		    m.type >= LDP_LABEL_MAPPING && m.type <= LDP_LABEL_RELEASE)
			while (wire_left(&m.label.fecs) && ldp_decode_fec(&m.label.fecs, &f) == LDP_OK)
				for (unsigned k = 0; k < f.pw.params.description_size; k++)
					x += f.pw.params.description[k];
		free(copy);
	}
}
END_TEST

static const struct {
	uint16_t type;
	bool needed;
} words[] = { { PW_ETHERNET, false }, { PW_ETHERNET_TAGGED, false }, { PW_HDLC, false }, { PW_PPP, false },
	{ 0x0001, true }, { 0x0002, true }, { 0x0003, false }, { 0x0011, true }, { 0x0017, true }, { 0x0018, false },
	{ 0x0019, true } };

START_TEST(types_that_cannot_do_without_a_control_word_are_known)
{
	ck_assert_int_eq(ldp_pw_needs_control_word(words[_i].type), words[_i].needed);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ldpd packet_pw");
	TCase *t = tcase_create("RFC 8077 5 to 7");
	tcase_add_test(t, a_mapping_comes_back_with_every_parameter);
	tcase_add_test(t, what_is_left_out_takes_no_bytes_and_comes_back_as_absent);
	tcase_add_test(t, the_element_is_as_the_rfc_draws_it);
	tcase_add_test(t, a_withdraw_and_a_release_say_why);
	tcase_add_test(t, a_group_is_an_element_without_a_number);
	tcase_add_test(t, status_is_told_by_a_notification);
	tcase_add_test(t, an_element_of_names_comes_back_with_its_tlvs);
	tcase_add_test(t, the_end_of_the_lib_is_about_pseudowires_of_all_types);
	tcase_add_loop_test(t, every_form_of_an_element_is_taken_or_refused, 0, COUNT(elements));
	tcase_add_loop_test(t, a_description_is_of_eighty_bytes_at_most, 0, 2);
	tcase_add_loop_test(t, every_form_of_a_tlv_is_taken_or_refused, 0, COUNT(tlvs));
	tcase_add_loop_test(t, a_message_cut_at_any_byte_is_never_taken_for_whole, 0, SAMPLES);
	tcase_add_loop_test(t, random_changes_of_every_sample_are_survived, 0, SAMPLES);
	tcase_add_loop_test(t, types_that_cannot_do_without_a_control_word_are_known, 0, COUNT(words));
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
