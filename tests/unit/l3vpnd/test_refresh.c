/* Route refresh, and the frame around its answer (RFC 2918, 7313): both sides, and what is lost and what is not. */
#include "tests/helper/check.h"
#include "tests/helper/l3vpn_net.h"
#include <stdio.h>
#include <string.h>

enum { PEER_AS = 200 };
#define IPV4 BGP_FAMILY_BIT(BGP_IPV4)
#define IPV6 BGP_FAMILY_BIT(BGP_IPV6)

/* One engine, and a peer of which every byte is written here. */
static struct bgp *b;
static struct bgp_peer_config peer;
static uint8_t bytes[4096];
static struct wire_writer w;

static struct peer *
it(void)
{
	return bgp_peer_find(instance_find(b, ""), &peer.address);
}

static void
hear(void)
{
	bgp_input(
	    b, &(struct bgp_input){ .kind = BGP_IN_STREAM, .conn = BGP_ACCEPTED, .bytes = w.base, .size = w.at }, 0);
	while (b->more)
		bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_TIMER }, 0);
	w = wire_writer(bytes, sizeof bytes);
}

static void
setup(void)
{
	struct bgp_instance_config public = { .peers = &peer, .peer_count = 1 };
	struct bgp_config config = { .as = 100, .router_id = 1, .instances = &public, .instance_count = 1 };

	peer = (struct bgp_peer_config){ .address = addr_v4(0x0a000002), .as = PEER_AS, .passive = true };
	peer.family[BGP_IPV4].enabled = peer.family[BGP_IPV6].enabled = true;
	b = bgp_new(1, false);
	bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_CONFIG, .config = &config }, 0);
	w = wire_writer(bytes, sizeof bytes);
}

static void
teardown(void)
{
	bgp_free(b);
}

static void
greet(bool enhanced)
{
	const struct bgp_open o = { .as = PEER_AS,
		.id = 2,
		.families = IPV4 | IPV6,
		.as4 = true,
		.refresh = true,
		.enhanced_refresh = enhanced };

	bgp_input(b,
	    &(struct bgp_input){
		.kind = BGP_IN_STREAM_UP, .conn = BGP_ACCEPTED, .peer = peer.address, .local = addr_v4(0x0a000001) },
	    0);
	bgp_write_open(&w, &o);
	bgp_write_keepalive(&w);
	hear();
	ck_assert(it()->up);
	outbox_clear(bgp_outbox(b));
}

/* 20.0.N.0/24 from the peer. */
static void
put_route(uint8_t n)
{
	static const uint8_t attributes[] = { 0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0, PEER_AS, 0x40, 3, 4, 10, 0, 0,
		2 };
	struct wire_mark m = bgp_begin(&w, BGP_UPDATE);

	wire_put_u16(&w, 0);
	wire_put_u16(&w, sizeof attributes);
	wire_put_bytes(&w, attributes, sizeof attributes);
	wire_put_bytes(&w, (const uint8_t[]){ 24, 20, 0, n }, 4);
	bgp_end(&w, m);
}

static void
put_frame(enum bgp_family f, enum bgp_refresh kind)
{
	bgp_write_refresh(&w, f, kind);
}

static size_t
paths(void)
{
	const struct rib *r = instance_find(b, "")->ribs[BGP_IPV4];

	return r ? r->path_count : 0;
}

static void
own(uint8_t n)
{
	struct bgp_own_route r = { .family = BGP_IPV4, .prefix = prefix_make(addr_v4(0x1e000000 + (n << 8)), 24) };

	bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .route = &r }, 0);
	outbox_clear(bgp_outbox(b));
}

/* What was sent since, as "update, begin, …". */
static const char *
sent(void)
{
	static char text[256];
	struct wire_reader body;
	struct bgp_fault why;
	enum bgp_message_type type;
	size_t length;

	text[0] = '\0';
	for (size_t i = 0; i < outbox_count(bgp_outbox(b)); i++) {
		struct effect e = outbox_at(bgp_outbox(b), i);
		for (size_t at = 0; e.kind == EFFECT_STREAM_SEND && at < e.size; at += length) {
			ck_assert_int_eq(
			    bgp_read_frame(e.bytes + at, e.size - at, BGP_EXTENDED_MAX, &type, &body, &length, &why),
			    BGP_FRAME_WHOLE);
			const char *what = type == BGP_UPDATE ? body.size == 4 ? "end" : "update" : "other";
			enum bgp_family f;
			enum bgp_refresh kind;
			if (type == BGP_REFRESH && bgp_read_refresh(body, &f, &kind, &why))
				what = kind == BGP_REFRESH_BEGIN ? "begin of refresh"
				       : kind == BGP_REFRESH_END ? "end of refresh"
								 : "request";
			size_t used = strlen(text);
			snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "", what);
		}
	}
	outbox_clear(bgp_outbox(b));
	return text;
}

/* --- asked --- */

START_TEST(an_answer_is_framed_for_who_knows_the_frame)
{
	greet(_i);
	own(1);
	put_frame(BGP_IPV4, BGP_REFRESH_NORMAL);
	hear();
	ck_assert_str_eq(sent(), _i ? "begin of refresh, update, end of refresh" : "update, end");
}
END_TEST

START_TEST(each_request_is_answered_and_those_in_one_breath_once)
{
	greet(true);
	own(1);
	put_frame(BGP_IPV4, BGP_REFRESH_NORMAL);
	put_frame(BGP_IPV4, BGP_REFRESH_NORMAL);
	hear();
	ck_assert_str_eq(sent(), "begin of refresh, update, end of refresh");
	put_frame(BGP_IPV4, BGP_REFRESH_NORMAL);
	hear();
	ck_assert_str_eq(sent(), "begin of refresh, update, end of refresh");
}
END_TEST

START_TEST(a_family_that_was_not_agreed_is_not_answered)
{
	greet(true);
	put_frame(BGP_VPNV4, BGP_REFRESH_NORMAL);
	hear();
	ck_assert_str_eq(sent(), "");
	ck_assert(it()->up);
}
END_TEST

/* --- asking --- */

START_TEST(an_operator_asks_for_each_family)
{
	greet(true);
	bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_REFRESH, .peer = peer.address }, 0);
	ck_assert_str_eq(sent(), "request, request");
}
END_TEST

START_TEST(what_is_not_said_again_within_the_frame_is_gone)
{
	greet(true);
	put_route(1);
	put_route(2);
	hear();
	ck_assert_uint_eq(paths(), 2);
	put_frame(BGP_IPV4, BGP_REFRESH_BEGIN);
	put_route(2);
	hear();
	ck_assert_uint_eq(paths(), 2); /* until it is over */
	put_frame(BGP_IPV4, BGP_REFRESH_END);
	hear();
	ck_assert_uint_eq(paths(), 1);
	put_frame(BGP_IPV4, BGP_REFRESH_END); /* nothing was begun */
	hear();
	ck_assert_uint_eq(paths(), 1);
}
END_TEST

START_TEST(a_frame_that_begins_again_counts_from_there)
{
	greet(true);
	put_route(1);
	put_route(2);
	put_frame(BGP_IPV4, BGP_REFRESH_BEGIN);
	put_route(1);
	put_frame(BGP_IPV4, BGP_REFRESH_BEGIN);
	put_route(2);
	put_frame(BGP_IPV4, BGP_REFRESH_END);
	hear();
	ck_assert_uint_eq(paths(), 1);
}
END_TEST

/* Two answers on their way together are of two families, and each has its own frame. */
START_TEST(frames_of_two_families_do_not_disturb_each_other)
{
	greet(true);
	put_route(1);
	hear();
	put_frame(BGP_IPV4, BGP_REFRESH_BEGIN);
	put_route(1);
	put_frame(BGP_IPV6, BGP_REFRESH_BEGIN);
	put_frame(BGP_IPV6, BGP_REFRESH_END);
	put_frame(BGP_IPV4, BGP_REFRESH_END);
	hear();
	ck_assert_uint_eq(paths(), 1);
}
END_TEST

START_TEST(a_request_of_another_length_ends_the_session_and_one_of_another_kind_says_nothing)
{
	greet(true);
	if (_i) {
		struct wire_mark m = bgp_begin(&w, BGP_REFRESH);
		wire_put_bytes(&w, (const uint8_t[]){ 0, 1, 1, 1, 9 }, 5);
		bgp_end(&w, m);
	} else {
		put_frame(BGP_IPV4, (enum bgp_refresh)7);
	}
	hear();
	ck_assert((it()->up == NULL) == _i);
	if (_i)
		ck_assert_uint_eq(it()->last_fault.code, BGP_ERROR_REFRESH);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bgp refresh");
	TCase *t = tcase_create("RFC 2918, 7313");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, an_answer_is_framed_for_who_knows_the_frame, 0, 2);
	tcase_add_test(t, each_request_is_answered_and_those_in_one_breath_once);
	tcase_add_test(t, a_family_that_was_not_agreed_is_not_answered);
	tcase_add_test(t, an_operator_asks_for_each_family);
	tcase_add_test(t, what_is_not_said_again_within_the_frame_is_gone);
	tcase_add_test(t, a_frame_that_begins_again_counts_from_there);
	tcase_add_test(t, frames_of_two_families_do_not_disturb_each_other);
	tcase_add_loop_test(t, a_request_of_another_length_ends_the_session_and_one_of_another_kind_says_nothing, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
