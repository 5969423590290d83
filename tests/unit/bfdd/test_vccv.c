/* BFD on control channels of pseudowires, RFC 5885: every byte of what is sent, what is refused, and which session it finds. */
#include "base/mem.h"
#include "bfdd/core/core.h"
#include "bfdd/core/vccv.h"
#include "tests/helper/check.h"
#include <stdlib.h>
#include <string.h>

enum { LABEL = 524289, ROOM = ENVELOPE_HEAD + ENVELOPE_BYTES + BFD_PACKET_MAX };

static uint8_t frame[ROOM], payload[BFD_BYTES] = { 0x20, 0x40, 3, BFD_BYTES, 0, 0, 0, 77 };
static struct vccv_packet got;

static struct vccv_form
form(uint8_t encapsulation, bool word, const char *own)
{
	struct vccv_form f = { .label = LABEL, .encapsulation = encapsulation, .tos_exp = 6, .control_word = word };

	ck_assert(addr_parse(own, &f.own));
	f.port = 49153;
	return f;
}

static size_t
make(uint8_t encapsulation, bool word, const char *own)
{
	struct vccv_form f = form(encapsulation, word, own);
	struct envelope e = vccv_envelope(&f);

	memset(frame, 0xee, sizeof frame);
	return envelope_fill(&e, payload, sizeof payload, frame);
}

/* In room of its own, so that nothing is read beyond it. */
static bool
decode(const uint8_t *bytes, size_t size)
{
	uint8_t *exact = mem_copy(bytes, size ? size : 1);
	bool ok = vccv_decode(exact, size, &got);

	if (ok)
		ck_assert_mem_eq(got.payload, payload, got.size < 8 ? got.size : 8);
	free(exact);
	return ok;
}

/* --- bytes --- */

static const struct {
	uint8_t encapsulation;
	bool word;
	const char *own;
	uint8_t head[10];
	size_t head_size, size;
} forms[] = {
	{ VCCV_ACH, true, "1.1.1.1", { 0x80, 0, 0x1d, 255, 0x10, 0, 0, 0x07, 0x20, 0x40 }, 10, 8 + 24 },
	{ VCCV_IP, true, "1.1.1.1", { 0x80, 0, 0x1d, 255, 0x10, 0, 0, 0x21, 0x45, 0xc0 }, 10, 8 + 28 + 24 },
	{ VCCV_IP, false, "1.1.1.1", { 0x80, 0, 0x1d, 255, 0x45, 0xc0 }, 6, 4 + 28 + 24 },
	{ VCCV_IP, true, "2001:db8::1", { 0x80, 0, 0x1d, 255, 0x10, 0, 0, 0x57, 0x6c, 0 }, 10, 8 + 48 + 24 },
	{ VCCV_IP, false, "2001:db8::1", { 0x80, 0, 0x1d, 255, 0x6c, 0 }, 6, 4 + 48 + 24 },
};

START_TEST(each_form_begins_as_it_should_and_is_understood)
{
	size_t size = make(forms[_i].encapsulation, forms[_i].word, forms[_i].own);
	struct addr own, to;

	ck_assert(
	    addr_parse(forms[_i].own, &own) && addr_parse(own.family == 4 ? "127.0.0.1" : "::ffff:127.0.0.1", &to));
	ck_assert_uint_eq(size, forms[_i].size);
	ck_assert_mem_eq(frame, forms[_i].head, forms[_i].head_size);
	ck_assert_mem_eq(frame + size - sizeof payload, payload, sizeof payload);
	ck_assert(decode(frame, size));
	ck_assert_uint_eq(got.label, LABEL);
	ck_assert_uint_eq(got.encapsulation, forms[_i].encapsulation);
	ck_assert_uint_eq(got.ttl, 255);
	ck_assert_uint_eq(got.size, sizeof payload);
	if (got.encapsulation == VCCV_IP)
		ck_assert(addr_eq(&got.from, &own) && addr_eq(&got.to, &to));
	else
		ck_assert(!addr_is_set(&got.from) && !addr_is_set(&got.to));
}
END_TEST

START_TEST(each_form_cut_at_each_byte_is_refused)
{
	size_t size = make(forms[_i].encapsulation, forms[_i].word, forms[_i].own);

	for (size_t cut = 0; cut < size; cut++)
		if (decode(frame, cut)) /* BFD itself sees that it is short, RFC 5880 6.8.6 */
			ck_assert(
			    forms[_i].encapsulation == VCCV_ACH && got.size == cut - 8 && got.size < sizeof payload);
}
END_TEST

START_TEST(what_a_link_has_filled_up_is_cut_off)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		size_t size = make(forms[i].encapsulation, forms[i].word, forms[i].own);
		ck_assert(decode(frame, size + 6));
		ck_assert_uint_eq(got.size, sizeof payload);
	}
}
END_TEST

/* Of the frame with a control word and IPv4; with the header's checksum put right where it is about that header. */
static const struct {
	size_t at;
	uint8_t value;
	bool mend;
} wrong[] = {
	{ 2, 0x1c, false },                   /* another label beneath */
	{ 4, 0x00, false },                   /* frames of the customer, with a control word */
	{ 4, 0x11, false },                   /* another version of the associated channel */
	{ 7, 0x22, false },                   /* another channel type */
	{ 7, 0x57, false },                   /* IPv6 it says */
	{ 7, 0x07, false },                   /* BFD it says: the length that BFD has here is not there */
	{ 8, 0x44, true },                    /* header length */
	{ 8, 0x65, true }, { 11, 200, true }, /* total length */
	{ 11, 19, true }, { 14, 0x20, true }, /* more fragments */
	{ 15, 1, true },                      /* a fragment */
	{ 17, 6, true },                      /* no UDP */
	{ 18, 0, false },                     /* header checksum */
	{ 24, 10, true },                     /* a destination that could be forwarded to */
	{ 31, 0xbf, false },                  /* another port: LSP ping */
	{ 33, 7, false },                     /* UDP length */
	{ 33, 60, false }, { 34, 1, false },  /* UDP checksum */
	{ 59, 1, false },                     /* a bit of BFD's own */
};

START_TEST(what_is_not_bfds_or_is_damaged_is_refused)
{
	size_t size = make(VCCV_IP, true, "1.1.1.1");

	ck_assert(decode(frame, size));
	ck_assert_uint_ne(frame[wrong[_i].at], wrong[_i].value);
	frame[wrong[_i].at] = wrong[_i].value;
	if (wrong[_i].mend) {
		frame[18] = frame[19] = 0;
		uint16_t sum = inet_folded(inet_sum(0, frame + 8, (frame[8] & 15u) * 4u));
		frame[18] = (uint8_t)(sum >> 8);
		frame[19] = (uint8_t)sum;
	}
	if (wrong[_i].at == 7 && wrong[_i].value == 7) /* to BFD it is: and it is wrong there */
		ck_assert(vccv_decode(frame, size, &got) &&
			  bfd_decode(got.payload, got.size, &(struct bfd_packet){ 0 }) != BFD_ACCEPTED);
	else
		ck_assert(!vccv_decode(frame, size, &got));
}
END_TEST

START_TEST(a_udp_checksum_may_be_left_out_with_ipv4_only)
{
	size_t size = make(VCCV_IP, false, "1.1.1.1");

	frame[30] = frame[31] = 0;
	ck_assert(decode(frame, size));
	size = make(VCCV_IP, false, "2001:db8::1");
	frame[50] = frame[51] = 0;
	ck_assert(!decode(frame, size));
}
END_TEST

START_TEST(options_of_ipv4_are_passed_over)
{
	uint8_t long_frame[ROOM + 4];
	size_t size = make(VCCV_IP, false, "1.1.1.1");

	memcpy(long_frame, frame, 24);
	memset(long_frame + 24, 1, 4);
	memcpy(long_frame + 28, frame + 24, size - 24);
	long_frame[4] = 0x46;
	long_frame[7] += 4;
	long_frame[14] = long_frame[15] = 0;
	uint16_t sum = inet_folded(inet_sum(0, long_frame + 4, 24));
	long_frame[14] = (uint8_t)(sum >> 8);
	long_frame[15] = (uint8_t)sum;
	ck_assert(decode(long_frame, size + 4));
}
END_TEST

/* --- which session it finds --- */

static struct bfd_core *core;
enum { OURS = 8192, OTHER = 8193, DEVICE = 7 };

static struct bfd_params
params(uint32_t label, uint8_t encapsulation)
{
	return (struct bfd_params){ .peer = addr_v4(0x02020202),
		.local = addr_v4(0x01010101),
		.ifindex = DEVICE,
		.min_ttl = 255,
		.detect_mult = 3,
		.desired_min_tx_us = 10000,
		.required_min_rx_us = 10000,
		.vccv_label = label,
		.vccv_encapsulation = encapsulation };
}

static void
setup(void)
{
	struct bfd_params a = params(LABEL, VCCV_ACH), b = params(LABEL + 1, VCCV_IP);

	core = bfd_core_new(1);
	bfd_core_set(core, OURS, &a, 1000000);
	bfd_core_set(core, OTHER, &b, 1000000);
}

static void
teardown(void)
{
	bfd_core_free(core);
	core = NULL;
}

static enum bfd_verdict
give(struct bfd_datagram d, enum bfd_state state, uint32_t yours, bool demand)
{
	struct bfd_packet p = { .state = state,
		.detect_mult = 3,
		.mine = 77,
		.yours = yours,
		.demand = demand,
		.desired_min_tx_us = 10000,
		.required_min_rx_us = 10000 };
	uint8_t bytes[BFD_BYTES];

	bfd_encode(&p, bytes);
	d.bytes = bytes;
	d.size = sizeof bytes;
	return bfd_core_packet(core, &d, 2000000);
}

static struct bfd_datagram
on_channel(uint32_t label, uint8_t encapsulation)
{
	return (struct bfd_datagram){
		.ifindex = DEVICE, .ttl = 255, .vccv_label = label, .vccv_encapsulation = encapsulation
	};
}

static enum bfd_state
state_of(uint32_t local)
{
	struct bfd_status s;

	ck_assert(bfd_core_status(core, local, &s));
	return s.state;
}

#define gives(wanted, ...) ck_assert_str_eq(bfd_verdict_text(give(__VA_ARGS__)), bfd_verdict_text(wanted))

START_TEST(without_a_discriminator_the_label_decides)
{
	gives(BFD_ACCEPTED, on_channel(LABEL, VCCV_ACH), BFD_DOWN, 0, false);
	ck_assert_int_eq(state_of(OURS), BFD_INIT);
	ck_assert_int_eq(state_of(OTHER), BFD_DOWN);
	/* The other end's address may be any of its own. */
	struct bfd_datagram d = on_channel(LABEL + 1, VCCV_IP);
	d.from = addr_v4(0x0a090909);
	d.to = addr_v4(0x7f000001);
	gives(BFD_ACCEPTED, d, BFD_DOWN, 0, false);
	ck_assert_int_eq(state_of(OTHER), BFD_INIT);
}
END_TEST

START_TEST(another_label_device_or_form_is_nobodys)
{
	struct bfd_datagram device = on_channel(LABEL, VCCV_ACH), path = { .ifindex = DEVICE, .ttl = 255 };

	gives(BFD_NO_SESSION, on_channel(LABEL + 2, VCCV_ACH), BFD_DOWN, 0, false);
	gives(BFD_NO_SESSION, on_channel(LABEL, VCCV_IP), BFD_DOWN, 0, false);
	gives(BFD_NO_SESSION, on_channel(LABEL + 1, VCCV_ACH), BFD_DOWN, 0, false);
	device.ifindex = DEVICE + 1;
	gives(BFD_NO_SESSION, device, BFD_DOWN, 0, false);
	/* A packet of UDP from the same router is no packet of the pseudowire. */
	path.from = addr_v4(0x02020202);
	path.to = addr_v4(0x01010101);
	gives(BFD_NO_SESSION, path, BFD_DOWN, 0, false);
	ck_assert_int_eq(state_of(OURS), BFD_DOWN);
	ck_assert_int_eq(state_of(OTHER), BFD_DOWN);
}
END_TEST

START_TEST(the_discriminator_of_one_is_not_taken_on_the_channel_of_another)
{
	gives(BFD_WRONG_PATH, on_channel(LABEL + 1, VCCV_ACH), BFD_DOWN, OURS, false);
	gives(BFD_WRONG_PATH, on_channel(LABEL, VCCV_IP), BFD_DOWN, OURS, false);
	gives(BFD_NO_SESSION, on_channel(LABEL, VCCV_ACH), BFD_DOWN, OURS + 9, false);
	ck_assert_int_eq(state_of(OURS), BFD_DOWN);
}
END_TEST

START_TEST(the_ttl_must_be_255)
{
	struct bfd_datagram d = on_channel(LABEL + 1, VCCV_IP);

	d.ttl = 254;
	gives(BFD_BAD_TTL, d, BFD_DOWN, 0, false);
	ck_assert_int_eq(state_of(OTHER), BFD_DOWN);
}
END_TEST

START_TEST(nobody_is_asked_to_be_quiet_on_a_channel)
{
	size_t count;

	gives(BFD_ACCEPTED, on_channel(LABEL, VCCV_ACH), BFD_INIT, OURS, false);
	gives(BFD_ACCEPTED, on_channel(LABEL, VCCV_ACH), BFD_UP, OURS, true);
	ck_assert_int_eq(state_of(OURS), BFD_UP);
	bfd_core_drained(core);
	bfd_core_timer(core, 2020000);
	bfd_core_sends(core, &count);
	ck_assert_uint_gt(count, 0);
}
END_TEST

START_TEST(another_form_for_the_same_label_goes_on_with_the_session)
{
	struct bfd_params p = params(LABEL, VCCV_IP);

	gives(BFD_ACCEPTED, on_channel(LABEL, VCCV_ACH), BFD_INIT, OURS, false);
	bfd_core_set(core, OURS, &p, 2000000);
	ck_assert_int_eq(state_of(OURS), BFD_UP);
	gives(BFD_ACCEPTED, on_channel(LABEL, VCCV_IP), BFD_UP, OURS, false);
	p.vccv_label = LABEL + 5; /* but another pseudowire is another session */
	bfd_core_set(core, OURS, &p, 2000000);
	ck_assert_int_eq(state_of(OURS), BFD_DOWN);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bfdd over VCCV");
	TCase *t = tcase_create("RFC 5885 3, RFC 4385 5");

	tcase_add_loop_test(t, each_form_begins_as_it_should_and_is_understood, 0, COUNT(forms));
	tcase_add_loop_test(t, each_form_cut_at_each_byte_is_refused, 0, COUNT(forms));
	tcase_add_test(t, what_a_link_has_filled_up_is_cut_off);
	tcase_add_loop_test(t, what_is_not_bfds_or_is_damaged_is_refused, 0, COUNT(wrong));
	tcase_add_test(t, a_udp_checksum_may_be_left_out_with_ipv4_only);
	tcase_add_test(t, options_of_ipv4_are_passed_over);
	suite_add_tcase(s, t);
	TCase *c = tcase_create("RFC 5885 3.1");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, without_a_discriminator_the_label_decides);
	tcase_add_test(c, another_label_device_or_form_is_nobodys);
	tcase_add_test(c, the_discriminator_of_one_is_not_taken_on_the_channel_of_another);
	tcase_add_test(c, the_ttl_must_be_255);
	tcase_add_test(c, nobody_is_asked_to_be_quiet_on_a_channel);
	tcase_add_test(c, another_form_for_the_same_label_goes_on_with_the_session);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
