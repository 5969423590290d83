/* OSPF packets: values to bytes and back; what is cut off or changed is not taken. RFC 2328 appendix A.3. */
#include "base/mem.h"
#include "igpd/ospf/packet.h"
#include "tests/helper/check.h"
#include <string.h>

enum { ROOM = 256 };
static const uint8_t none[8];

static size_t
sample(uint8_t bytes[ROOM], enum ospf_type type)
{
	struct wire_writer w = ospf_begin(bytes, ROOM, type, 0x01010101, 5);
	struct lsa_header h = {
		.type = LSA_ROUTER, .id = 1, .router = 1, .sequence = 7, .length = LSA_HEADER_BYTES + 4
	};

	switch (type) {
	case OSPF_HELLO:
		ospf_write_hello(&w, &(struct ospf_hello){ .mask = 0xffffff00,
					 .interval_s = 10,
					 .options = 2,
					 .priority = 1,
					 .dead_s = 40,
					 .dr = 3,
					 .bdr = 4 });
		wire_put_u32(&w, 0x02020202);
		break;
	case OSPF_DESCRIPTION:
		ospf_write_description(
		    &w, &(struct ospf_description){ .mtu = 1500, .options = 2, .flags = DD_MORE, .sequence = 99 });
		lsa_write_header(&w, &h);
		break;
	case OSPF_REQUEST:
		wire_put_u32(&w, LSA_ROUTER);
		wire_put_u32(&w, 1);
		wire_put_u32(&w, 1);
		break;
	case OSPF_UPDATE:
		wire_put_u32(&w, 1);
		lsa_write_header(&w, &h);
		wire_put_u32(&w, 0);
		break;
	default: lsa_write_header(&w, &h); break;
	}
	return ospf_end(&w, OSPF_AUTH_NONE, none);
}

static bool
body_is_whole(enum ospf_type type, struct wire_reader *r)
{
	struct ospf_hello hello;
	struct ospf_description description;
	struct ospf_request request;
	size_t size;
	unsigned count = 0;

	switch (type) {
	case OSPF_HELLO: return ospf_read_hello(r, &hello) == OSPF_ACCEPTED && hello.neighbors.size == 4;
	case OSPF_DESCRIPTION:
		return ospf_read_description(r, &description) == OSPF_ACCEPTED &&
		       description.headers.size == LSA_HEADER_BYTES;
	case OSPF_REQUEST:
		while (ospf_next_request(r, &request))
			count++;
		return wire_done(r) && count == 1;
	case OSPF_UPDATE: count = ospf_read_update(r); return count == 1 && ospf_next_lsa(r, &size) && wire_done(r);
	default: lsa_read_header(r); return wire_done(r);
	}
}

START_TEST(each_type_is_read_as_it_was_written)
{
	enum ospf_type type = (enum ospf_type)_i;
	uint8_t bytes[ROOM];
	size_t size = sample(bytes, type);
	struct wire_reader r = wire_reader(bytes, size);
	struct ospf_header h;

	ck_assert_int_eq(ospf_read_header(&r, &h), OSPF_ACCEPTED);
	ck_assert_uint_eq(h.type, type);
	ck_assert_uint_eq(h.router, 0x01010101);
	ck_assert_uint_eq(h.area, 5);
	ck_assert(body_is_whole(type, &r));
}
END_TEST

START_TEST(what_is_cut_off_anywhere_is_not_taken)
{
	enum ospf_type type = (enum ospf_type)_i;
	uint8_t bytes[ROOM];
	size_t size = sample(bytes, type);

	for (size_t cut = 0; cut < size; cut++) {
		struct wire_reader r = wire_reader(bytes, cut);
		struct ospf_header h;
		ck_assert_int_eq(ospf_read_header(&r, &h), OSPF_BAD_LENGTH);
		if (cut <= OSPF_HEADER_BYTES)
			continue;
		struct wire_reader body =
		    wire_reader(bytes + OSPF_HEADER_BYTES, cut - OSPF_HEADER_BYTES); /* as if the head agreed */
		ck_assert_msg(!body_is_whole(type, &body), "%zu bytes of type %d", cut, type);
	}
}
END_TEST

START_TEST(any_changed_byte_but_those_of_authentication_is_found)
{
	uint8_t bytes[ROOM];
	size_t size = sample(bytes, OSPF_HELLO);

	for (size_t i = 0; i < size; i++) {
		struct ospf_header h;
		bytes[i] ^= 0x10;
		struct wire_reader r = wire_reader(bytes, size);
		bool taken = ospf_read_header(&r, &h) == OSPF_ACCEPTED;
		ck_assert_msg(taken == (i >= 16 && i < OSPF_HEADER_BYTES), "byte %zu", i);
		bytes[i] ^= 0x10;
	}
}
END_TEST

START_TEST(what_follows_a_packet_is_not_part_of_it)
{
	uint8_t bytes[ROOM] = { 0 };
	size_t size = sample(bytes, OSPF_HELLO);
	struct wire_reader r = wire_reader(bytes, size + 16);
	struct ospf_header h;
	struct ospf_hello hello;

	ck_assert_int_eq(ospf_read_header(&r, &h), OSPF_ACCEPTED);
	ck_assert_int_eq(ospf_read_hello(&r, &hello), OSPF_ACCEPTED);
	ck_assert_uint_eq(hello.neighbors.size, 4);
}
END_TEST

START_TEST(every_verdict_has_words_of_its_own)
{
	for (int v = 0; v < OSPF_VERDICTS; v++)
		for (int w = 0; w < v; w++)
			ck_assert_str_ne(
			    ospf_verdict_text((enum ospf_verdict)v), ospf_verdict_text((enum ospf_verdict)w));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd packet");
	TCase *t = tcase_create("appendix A.3");

	tcase_add_loop_test(t, each_type_is_read_as_it_was_written, OSPF_HELLO, OSPF_TYPES);
	tcase_add_loop_test(t, what_is_cut_off_anywhere_is_not_taken, OSPF_HELLO, OSPF_TYPES);
	tcase_add_test(t, any_changed_byte_but_those_of_authentication_is_found);
	tcase_add_test(t, what_follows_a_packet_is_not_part_of_it);
	tcase_add_test(t, every_verdict_has_words_of_its_own);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
