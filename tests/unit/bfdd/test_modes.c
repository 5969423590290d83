/* Demand mode (RFC 5880 6.6), the echo function (6.8.8, 6.8.9), multihop (RFC 5883), authentication (6.7). */
#include "base/mem.h"
#include "tests/helper/check.h"
#include "tests/helper/bfd_net.h"
#include <string.h>

static struct bfd_net *net;
static struct bfd_params a, b;

static void
setup(void)
{
	net = bfd_net_new(11);
	a = bfd_net_params(0);
	b = bfd_net_params(1);
}

static void
teardown(void)
{
	bfd_net_free(net);
}

static void
up(void)
{
	bfd_net_set(net, 0, &a);
	bfd_net_set(net, 1, &b);
	ck_assert_msg(bfd_net_until(net, 0, BFD_UP, 3000000) && bfd_net_until(net, 1, BFD_UP, 3000000), "both come up");
	bfd_net_run(net, 2000000);
}

static uint64_t
falls(void)
{
	return bfd_net_status(net, 0).count.downs + bfd_net_status(net, 1).count.downs;
}

START_TEST(an_end_that_demands_is_not_sent_to_any_more)
{
	a.demand = true;
	up();
	uint64_t before = net->sends[1];
	bfd_net_run(net, 10000000);
	ck_assert_msg(
	    net->sends[1] - before == 0, "side 1 went on: %llu", (unsigned long long)(net->sends[1] - before));
	ck_assert_msg(bfd_net_status(net, 1).state == BFD_UP && bfd_net_status(net, 0).state == BFD_UP, "both stay up");
	ck_assert_uint_eq(falls(), 0);
}
END_TEST

START_TEST(demand_with_polls_finds_a_dead_path)
{
	a.demand = b.demand = true;
	a.demand_poll_us = b.demand_poll_us = 500000;
	up();
	bfd_net_run(net, 10000000);
	ck_assert_uint_eq(falls(), 0);
	net->cut[1] = true;
	ck_assert(bfd_net_until(net, 0, BFD_DOWN, 600000));
	ck_assert_int_eq(bfd_net_status(net, 0).diag, BFD_DIAG_EXPIRED);
}
END_TEST

START_TEST(polls_that_come_quicker_than_the_detection_time_do_not_put_it_off)
{
	a.demand = b.demand = true;
	a.demand_poll_us = 10000; /* 30 ms to detect */
	up();
	net->cut[1] = true;
	ck_assert(bfd_net_until(net, 0, BFD_DOWN, 60000));
	ck_assert_int_eq(bfd_net_status(net, 0).diag, BFD_DIAG_EXPIRED);
}
END_TEST

START_TEST(leaving_demand_mode_brings_the_packets_back)
{
	a.demand = true;
	up();
	a.demand = false;
	bfd_net_set(net, 0, &a);
	bfd_net_run(net, 5000000);
	uint64_t before = net->sends[1];
	bfd_net_run(net, 1000000);
	ck_assert_uint_ge(net->sends[1] - before, 99);
	ck_assert_uint_eq(falls(), 0);
}
END_TEST

START_TEST(echoes_run_only_while_up_and_when_the_neighbour_takes_them)
{
	a.echo_us = 10000;
	up();
	ck_assert_msg(bfd_net_status(net, 0).count.echo_sent == 0, "the neighbour takes none");
	b.required_min_echo_us = 20000;
	bfd_net_set(net, 1, &b);
	bfd_net_run(net, 1000000);
	uint64_t sent = bfd_net_status(net, 0).count.echo_sent;
	ck_assert_uint_ge(sent, 50);
	ck_assert_uint_le(sent, 68);
	ck_assert_uint_ge(bfd_net_status(net, 0).count.echo_received, sent - 1);
	ck_assert_msg(bfd_net_status(net, 1).tx_us == 1000000, "control packets are slow meanwhile, 6.8.9");
	net->cut[1] = true; /* control packets are lost, and echoes are not forwarded */
	ck_assert(bfd_net_until(net, 0, BFD_DOWN, 200000));
	ck_assert_int_eq(bfd_net_status(net, 0).diag, BFD_DIAG_ECHO);
	sent = bfd_net_status(net, 0).count.echo_sent;
	bfd_net_run(net, 1000000);
	ck_assert_uint_eq(bfd_net_status(net, 0).count.echo_sent, sent);
}
END_TEST

START_TEST(old_and_foreign_echoes_do_not_count)
{
	uint8_t foreign[BFD_ECHO_BYTES] = { 1, 2, 3 }, ours[BFD_ECHO_BYTES];

	a.echo_us = 10000;
	b.required_min_echo_us = 10000;
	up();
	uint64_t before = bfd_net_status(net, 0).count.echo_received;
	bfd_core_echo(net->core[0], foreign, sizeof foreign, net->now);
	bfd_core_echo(net->core[0], foreign, 3, net->now);
	ck_assert_uint_eq(bfd_net_status(net, 0).count.echo_received, before);
	while (!net->count || !net->wire[net->first].echo)
		bfd_net_run(net, 100);
	memcpy(ours, net->wire[net->first].bytes, sizeof ours);
	ours[15] ^= 1;
	bfd_core_echo(net->core[0], ours, sizeof ours, net->now);
	ck_assert_msg(bfd_net_status(net, 0).count.echo_received == before, "without the secret it is a guess");
	ours[15] ^= 1;
	bfd_core_echo(net->core[0], ours, sizeof ours, net->now);
	ck_assert_uint_eq(bfd_net_status(net, 0).count.echo_received, before + 1);
	bfd_net_run(net, 100000);
	before = bfd_net_status(net, 0).count.echo_received;
	bfd_core_echo(net->core[0], ours, sizeof ours, net->now);
	ck_assert_msg(bfd_net_status(net, 0).count.echo_received == before, "an old one says nothing of the path now");
}
END_TEST

START_TEST(a_neighbour_that_never_sent_an_echo_back_has_not_failed)
{
	a.echo_us = 10000;
	b.required_min_echo_us = 10000;
	net->echo_cut[0] = true;
	up();
	bfd_net_run(net, 10000000);
	ck_assert_uint_eq(falls(), 0);
	ck_assert_msg(!bfd_net_status(net, 0).echoing, "it is not shown as in use");
	ck_assert_msg(bfd_net_status(net, 1).tx_us == 10000, "and control packets stay quick");
	uint64_t sent = bfd_net_status(net, 0).count.echo_sent;
	ck_assert_msg(sent >= 12 && sent <= 22, "a few at once, then once a second: %llu", (unsigned long long)sent);
	net->echo_cut[0] = false;
	bfd_net_run(net, 2000000);
	ck_assert_msg(bfd_net_status(net, 0).echoing, "what comes back at last is used");
	ck_assert_msg(bfd_net_status(net, 1).tx_us == 1000000, "from then on control packets are slow");
	ck_assert_uint_eq(falls(), 0);
}
END_TEST

START_TEST(echoes_that_came_back_once_and_stay_away_are_a_failure_each_time)
{
	a.echo_us = 10000;
	b.required_min_echo_us = 10000;
	up();
	ck_assert(bfd_net_status(net, 0).echoing);
	usec_t cut = net->now;
	net->echo_cut[0] = true;
	ck_assert(bfd_net_until(net, 0, BFD_DOWN, 100000));
	ck_assert_int_eq(bfd_net_status(net, 0).diag, BFD_DIAG_ECHO);
	usec_t took = net->now - cut;
	ck_assert_msg(
	    took > 20000 && took <= 30000 + 2 * 100, "within three intervals: %llu us", (unsigned long long)took);
	ck_assert_msg(bfd_net_until(net, 0, BFD_UP, 5000000) && bfd_net_until(net, 0, BFD_DOWN, 100000),
	    "control packets bring it up, and the path is still not one that forwards");
	net->echo_cut[0] = false;
	ck_assert(bfd_net_until(net, 0, BFD_UP, 5000000));
	bfd_net_run(net, 5000000);
	ck_assert(bfd_net_status(net, 0).state == BFD_UP && bfd_net_status(net, 0).echoing);
}
END_TEST

START_TEST(over_several_hops_the_ttl_may_be_less_but_not_below_what_is_set)
{
	struct bfd_datagram d = { .from = a.peer, .to = a.local, .ifindex = 77, .multihop = true };
	struct bfd_packet p = { .state = BFD_DOWN, .detect_mult = 3, .mine = 9, .required_min_rx_us = 10000 };
	uint8_t bytes[BFD_BYTES];

	a.multihop = true;
	a.min_ttl = 250;
	bfd_net_set(net, 0, &a);
	bfd_encode(&p, bytes);
	d.bytes = bytes;
	d.size = sizeof bytes;
	d.ttl = 249;
	ck_assert_int_eq(bfd_core_packet(net->core[0], &d, net->now), BFD_BAD_TTL);
	d.ttl = 250;
	ck_assert_int_eq(bfd_core_packet(net->core[0], &d, net->now), BFD_ACCEPTED);
}
END_TEST

START_TEST(two_sessions_with_one_neighbour_on_two_links_do_not_mix)
{
	struct bfd_params other = a;
	struct bfd_status before, after;

	up();
	other.ifindex = 4;
	bfd_core_set(net->core[0], 9000, &other, net->now);
	bfd_core_status(net->core[0], NET_LOCAL, &before);
	struct bfd_packet p = { .state = BFD_DOWN, .detect_mult = 3, .mine = 9, .required_min_rx_us = 10000 };
	uint8_t bytes[BFD_BYTES];
	bfd_encode(&p, bytes);
	struct bfd_datagram d = {
		.bytes = bytes, .size = sizeof bytes, .from = a.peer, .to = a.local, .ifindex = 4, .ttl = 255
	};
	ck_assert_int_eq(bfd_core_packet(net->core[0], &d, net->now), BFD_ACCEPTED);
	bfd_core_status(net->core[0], NET_LOCAL, &after);
	ck_assert_mem_eq(&before, &after, sizeof before);
	bfd_core_status(net->core[0], 9000, &after);
	ck_assert_int_eq(after.state, BFD_INIT);
}
END_TEST

/* --- authentication --- */

static struct bfd_key
key(enum bfd_auth_type type, uint8_t id, const char *secret)
{
	struct bfd_key k = { .id = id, .type = type, .size = (uint8_t)strlen(secret) };

	memcpy(k.secret, secret, k.size);
	return k;
}

static void
use(struct bfd_params *p, unsigned count, struct bfd_key first, struct bfd_key second)
{
	p->key_count = (uint8_t)count;
	p->keys[0] = first;
	p->keys[1] = second;
}

START_TEST(both_ends_with_one_key_come_up_and_stay_up)
{
	struct bfd_key k = key((enum bfd_auth_type)_i, 5, "secret of two");

	use(&a, 1, k, k);
	use(&b, 1, k, k);
	up();
	bfd_net_run(net, 5000000);
	ck_assert_uint_eq(falls(), 0);
	for (int v = BFD_AUTH_UNEXPECTED; v <= BFD_AUTH_REPLAYED; v++)
		ck_assert_uint_eq(bfd_core_refused(net->core[0], (enum bfd_verdict)v), 0);
}
END_TEST

START_TEST(another_secret_another_id_or_another_type_is_refused)
{
	struct bfd_key good = key((enum bfd_auth_type)_i, 5, "secret"), bad;

	for (unsigned k = 0; k < 3; k++) {
		teardown();
		setup();
		bad = k == 0   ? key((enum bfd_auth_type)_i, 5, "Secret")
		      : k == 1 ? key((enum bfd_auth_type)_i, 6, "secret")
			       : key((enum bfd_auth_type)(_i % 5 + 1), 5, "secret");
		use(&a, 1, good, good);
		use(&b, 1, bad, bad);
		bfd_net_set(net, 0, &a);
		bfd_net_set(net, 1, &b);
		bfd_net_run(net, 5000000);
		ck_assert_int_eq(bfd_net_status(net, 0).state, BFD_DOWN);
		ck_assert_uint_ge(bfd_core_refused(net->core[0], BFD_AUTH_FAILED), 3);
	}
}
END_TEST

START_TEST(a_changed_byte_anywhere_is_noticed)
{
	struct bfd_key k = key((enum bfd_auth_type)_i, 5, "secret");

	use(&a, 1, k, k);
	use(&b, 1, k, k);
	up();
	struct net_packet p = net->last[1];
	for (unsigned i = 0; i < p.size; i++) {
		struct net_packet q = p;
		q.bytes[i] ^= 0x10;
		ck_assert_msg(bfd_net_give_bytes(net, 0, q.bytes, q.size) != BFD_ACCEPTED, "byte %u", i);
	}
	ck_assert_uint_eq(falls(), 0);
}
END_TEST

START_TEST(an_old_packet_played_again_is_refused)
{
	struct bfd_key k = key((enum bfd_auth_type)_i, 5, "secret");

	use(&a, 1, k, k);
	use(&b, 1, k, k);
	up();
	struct net_packet old = net->last[1];
	bfd_net_run(net, 1000000);
	ck_assert_int_eq(bfd_net_give_bytes(net, 0, old.bytes, old.size), BFD_AUTH_REPLAYED);
	ck_assert_uint_eq(falls(), 0);
}
END_TEST

START_TEST(the_very_last_packet_again_is_refused_by_the_meticulous_kinds_only)
{
	struct bfd_key k = key((enum bfd_auth_type)_i, 5, "secret");

	use(&a, 1, k, k);
	use(&b, 1, k, k);
	up();
	bfd_net_run(net, net->delay_us);
	struct net_packet last = net->last[1];
	bfd_net_give_bytes(net, 0, last.bytes, last.size);
	enum bfd_verdict again = bfd_net_give_bytes(net, 0, last.bytes, last.size);
	bool meticulous = _i == BFD_AUTH_MET_MD5 || _i == BFD_AUTH_MET_SHA1;
	ck_assert_int_eq(again, meticulous ? BFD_AUTH_REPLAYED : BFD_ACCEPTED);
}
END_TEST

START_TEST(a_new_key_is_given_to_both_ends_without_a_fall)
{
	struct bfd_key old = key(BFD_AUTH_MET_SHA1, 1, "old"), new = key(BFD_AUTH_MET_SHA1, 2, "new");

	use(&a, 1, old, old);
	use(&b, 1, old, old);
	up();
	/* Each end learns the new one behind the old, then prefers it, then forgets the old. */
	use(&a, 2, old, new);
	bfd_net_set(net, 0, &a);
	bfd_net_run(net, 1000000);
	use(&b, 2, new, old);
	bfd_net_set(net, 1, &b);
	bfd_net_run(net, 1000000);
	use(&a, 2, new, old);
	bfd_net_set(net, 0, &a);
	bfd_net_run(net, 1000000);
	use(&a, 1, new, new);
	use(&b, 1, new, new);
	bfd_net_set(net, 0, &a);
	bfd_net_set(net, 1, &b);
	bfd_net_run(net, 1000000);
	ck_assert_uint_eq(falls(), 0);
	ck_assert_int_eq(bfd_net_status(net, 0).state, BFD_UP);
}
END_TEST

START_TEST(an_end_that_starts_again_is_believed_after_two_detection_times)
{
	struct bfd_key k = key(BFD_AUTH_MET_SHA1, 1, "secret");

	use(&a, 1, k, k);
	use(&b, 1, k, k);
	up();
	bfd_core_free(net->core[1]);
	net->core[1] = bfd_core_new(12345);
	bfd_net_set(net, 1, &b);
	ck_assert(bfd_net_until(net, 1, BFD_UP, 5000000));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bfdd modes");
	TCase *d = tcase_create("RFC 5880 6.6"), *e = tcase_create("RFC 5880 6.8.8"), *m = tcase_create("RFC 5883");
	TCase *k = tcase_create("RFC 5880 6.7");

	tcase_add_checked_fixture(d, setup, teardown);
	tcase_add_test(d, an_end_that_demands_is_not_sent_to_any_more);
	tcase_add_test(d, demand_with_polls_finds_a_dead_path);
	tcase_add_test(d, leaving_demand_mode_brings_the_packets_back);
	tcase_add_test(d, polls_that_come_quicker_than_the_detection_time_do_not_put_it_off);
	suite_add_tcase(s, d);
	tcase_add_checked_fixture(e, setup, teardown);
	tcase_add_test(e, echoes_run_only_while_up_and_when_the_neighbour_takes_them);
	tcase_add_test(e, old_and_foreign_echoes_do_not_count);
	tcase_add_test(e, a_neighbour_that_never_sent_an_echo_back_has_not_failed);
	tcase_add_test(e, echoes_that_came_back_once_and_stay_away_are_a_failure_each_time);
	suite_add_tcase(s, e);
	tcase_add_checked_fixture(m, setup, teardown);
	tcase_add_test(m, over_several_hops_the_ttl_may_be_less_but_not_below_what_is_set);
	tcase_add_test(m, two_sessions_with_one_neighbour_on_two_links_do_not_mix);
	suite_add_tcase(s, m);
	tcase_add_checked_fixture(k, setup, teardown);
	tcase_add_loop_test(k, both_ends_with_one_key_come_up_and_stay_up, BFD_AUTH_SIMPLE, BFD_AUTH_MET_SHA1 + 1);
	tcase_add_loop_test(
	    k, another_secret_another_id_or_another_type_is_refused, BFD_AUTH_SIMPLE, BFD_AUTH_MET_SHA1 + 1);
	tcase_add_loop_test(k, a_changed_byte_anywhere_is_noticed, BFD_AUTH_MD5, BFD_AUTH_MET_SHA1 + 1);
	tcase_add_loop_test(k, an_old_packet_played_again_is_refused, BFD_AUTH_MD5, BFD_AUTH_MET_SHA1 + 1);
	tcase_add_loop_test(
	    k, the_very_last_packet_again_is_refused_by_the_meticulous_kinds_only, BFD_AUTH_MD5, BFD_AUTH_MET_SHA1 + 1);
	tcase_add_test(k, a_new_key_is_given_to_both_ends_without_a_fall);
	tcase_add_test(k, an_end_that_starts_again_is_believed_after_two_detection_times);
	suite_add_tcase(s, k);
	return s;
}
CHECK_MAIN(suite)
