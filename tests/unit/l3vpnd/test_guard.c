/* What is asked of the system for a peer's connections: keys (RFC 2385), distances (RFC 5082); and another router ID. */
#include "tests/helper/check.h"
#include "tests/helper/l3vpn_net.h"
#include <stdio.h>
#include <string.h>

static struct bgp *b;
static struct bgp_peer_config peer;
static struct bgp_instance_config public;
static struct bgp_config config;

static void
setup(void)
{
	b = bgp_new(1, false);
	peer = (struct bgp_peer_config){ .address = addr_v4(0x0a000002), .as = 200 };
	peer.family[BGP_IPV4].enabled = true;
	public = (struct bgp_instance_config){ .peers = &peer, .peer_count = 1 };
	config = (struct bgp_config){ .as = 100, .router_id = 1, .instances = &public, .instance_count = 1 };
}

static void
teardown(void)
{
	bgp_free(b);
}

static void
configure(void)
{
	outbox_clear(bgp_outbox(b));
	bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_CONFIG, .config = &config }, 0);
}

static void
secret(const char *text)
{
	memset(peer.secret, 0, sizeof peer.secret);
	memcpy(peer.secret, text, strlen(text));
	peer.secret_size = (uint8_t)strlen(text);
}

/* The last effect of a kind; false: there was none. */
static bool
wanted(enum effect_kind kind, struct effect *ret)
{
	bool found = false;

	for (size_t i = 0; i < outbox_count(bgp_outbox(b)); i++)
		if (outbox_at(bgp_outbox(b), i).kind == kind) {
			*ret = outbox_at(bgp_outbox(b), i);
			found = true;
		}
	return found;
}

static bool
key_is(const char *text)
{
	struct effect e;

	return wanted(EFFECT_STREAM_KEY, &e) && addr_eq(&e.to, &peer.address) && e.size == strlen(text) &&
	       (!e.size || memcmp(e.bytes, text, e.size) == 0);
}

/* --- keys --- */

START_TEST(a_key_is_wanted_before_the_first_connection)
{
	struct effect e;
	size_t key = 0, call = 0;

	secret("one");
	configure();
	ck_assert(key_is("one"));
	ck_assert(wanted(EFFECT_STREAM_CONNECT, &e));
	for (size_t i = 0; i < outbox_count(bgp_outbox(b)); i++) {
		enum effect_kind kind = outbox_at(bgp_outbox(b), i).kind;
		key = kind == EFFECT_STREAM_KEY ? i : key;
		call = kind == EFFECT_STREAM_CONNECT ? i : call;
	}
	ck_assert_uint_lt(key, call);
}
END_TEST

START_TEST(another_key_and_none_are_wanted_and_begin_the_session_anew)
{
	struct effect e;

	secret("one");
	configure();
	configure();
	ck_assert(!wanted(EFFECT_STREAM_KEY, &e)); /* it is the same */
	secret("two");
	configure();
	ck_assert(key_is("two"));
	ck_assert(wanted(EFFECT_STREAM_CLOSE, &e));
	secret("");
	configure();
	ck_assert(key_is(""));
}
END_TEST

START_TEST(the_key_of_a_peer_that_is_taken_away_goes_with_it)
{
	secret("one");
	configure();
	public.peer_count = 0;
	configure();
	ck_assert(key_is(""));
}
END_TEST

START_TEST(a_key_is_of_the_instance_that_the_peer_is_in)
{
	struct bgp_instance_config two[2] = { [1] = { .name = "V", .peers = &peer, .peer_count = 1 } };
	struct effect e;

	config.instances = two;
	config.instance_count = 2;
	secret("one");
	configure();
	ck_assert(wanted(EFFECT_STREAM_KEY, &e));
	ck_assert_str_eq(e.instance, "V");
}
END_TEST

/* --- distances --- */

static void
accept_it(void)
{
	bgp_input(b,
	    &(struct bgp_input){
		.kind = BGP_IN_STREAM_UP, .conn = BGP_ACCEPTED, .peer = peer.address, .local = addr_v4(0x0a000001) },
	    0);
}

START_TEST(packets_from_further_away_than_agreed_are_not_wanted)
{
	static const struct {
		uint8_t hops;
		uint32_t ttl;
	} cases[] = { { 1, 255 }, { 3, 253 }, { 255, 1 } };
	struct effect e;

	peer.ttl_hops = cases[_i].hops;
	configure();
	ck_assert(wanted(EFFECT_STREAM_CONNECT, &e)); /* on the ones that we call */
	ck_assert_uint_eq(e.code, cases[_i].ttl);
	accept_it();
	ck_assert(wanted(EFFECT_STREAM_MIN_TTL, &e)); /* and on those that it calls, before a byte is sent */
	ck_assert_uint_eq(e.where, BGP_ACCEPTED);
	ck_assert_uint_eq(e.code, cases[_i].ttl);
}
END_TEST

/* Without one, what we send an external peer does not leave the link, unless it is said to be further away. */
START_TEST(our_own_packets_go_as_far_as_the_peer_may_be)
{
	static const struct {
		uint32_t as;
		uint8_t hops;
		uint32_t ttl;
	} cases[] = { { 200, 0, 1 }, { 200, 4, 4 }, { 100, 0, 0 } };
	struct effect e;

	peer.as = cases[_i].as;
	peer.max_hops = cases[_i].hops;
	configure();
	accept_it();
	ck_assert(wanted(EFFECT_STREAM_CONNECT, &e));
	ck_assert_uint_eq(e.code, cases[_i].ttl << 8); /* in bits 8 to 15 */
	ck_assert_int_eq(wanted(EFFECT_STREAM_MIN_TTL, &e), cases[_i].ttl != 0);
}
END_TEST

START_TEST(another_distance_begins_the_session_anew)
{
	struct effect e;

	configure();
	peer.ttl_hops = 1;
	configure();
	ck_assert(wanted(EFFECT_STREAM_CLOSE, &e));
	bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_TIMER }, 1000000);
	ck_assert(wanted(EFFECT_STREAM_CONNECT, &e) && e.code == 255);
}
END_TEST

/* --- who we are --- */

START_TEST(another_router_id_begins_every_session_anew_with_the_reason)
{
	struct vpn_net *net = vpn_net_new(1);

	for (uint32_t i = 0; i < 3; i++)
		vpn_net_add(net, 100 + i);
	for (size_t i = 1; i < 3; i++)
		vpn_net_peer(net, 0, i, BGP_FAMILY_BIT(BGP_IPV4));
	vpn_net_start_all(net);
	vpn_net_run(net, 20 * (usec_t)USEC_PER_SEC);
	net->nodes[0]->config.router_id = 0x01010101;
	vpn_net_configure(net, 0);
	vpn_net_run(net, 20 * (usec_t)USEC_PER_SEC);
	for (size_t i = 1; i < 3; i++) {
		ck_assert(vpn_net_is_up(net, 0, i));
		ck_assert_uint_eq(vpn_net_peer_of(net, 0, i)->ups, 2);
		ck_assert_uint_eq(vpn_net_peer_of(net, i, 0)->id, 0x01010101);
		ck_assert(strstr(vpn_net_log(net, i), "it says Cease: other configuration change"));
	}
	net->nodes[0]->config.instances[0].router_id = 0x02020202; /* of the instance */
	vpn_net_configure(net, 0);
	vpn_net_run(net, 20 * (usec_t)USEC_PER_SEC);
	ck_assert_uint_eq(vpn_net_peer_of(net, 1, 0)->id, 0x02020202);
	vpn_net_configure(net, 0);
	vpn_net_run(net, 20 * (usec_t)USEC_PER_SEC);
	ck_assert_uint_eq(vpn_net_peer_of(net, 0, 1)->ups, 3);
	vpn_net_free(net);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bgp guards");
	TCase *t = tcase_create("RFC 2385, 5082");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_key_is_wanted_before_the_first_connection);
	tcase_add_test(t, another_key_and_none_are_wanted_and_begin_the_session_anew);
	tcase_add_test(t, the_key_of_a_peer_that_is_taken_away_goes_with_it);
	tcase_add_test(t, a_key_is_of_the_instance_that_the_peer_is_in);
	tcase_add_loop_test(t, packets_from_further_away_than_agreed_are_not_wanted, 0, 3);
	tcase_add_loop_test(t, our_own_packets_go_as_far_as_the_peer_may_be, 0, 3);
	tcase_add_test(t, another_distance_begins_the_session_anew);
	tcase_add_test(t, another_router_id_begins_every_session_anew_with_the_reason);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
