/* Timers of RFC 5880 sections 6.8.2 to 6.8.4 and 6.8.7: negotiation both ways, jitter, detection to the microsecond. */
#include "tests/helper/check.h"
#include "tests/helper/bfd_net.h"

static struct bfd_net *net;

static void
setup(void)
{
	struct bfd_params a = bfd_net_params(0), b = bfd_net_params(1);

	net = bfd_net_new(3);
	bfd_net_set(net, 0, &a);
	bfd_net_set(net, 1, &b);
	ck_assert_msg(bfd_net_until(net, 0, BFD_UP, 3000000) && bfd_net_until(net, 1, BFD_UP, 3000000), "both come up");
	bfd_net_run(net, 3000000);
}

static void
teardown(void)
{
	bfd_net_free(net);
}

/* The gaps between what a side sent over the next while. */
static void
gaps(unsigned side, usec_t span, usec_t *least, usec_t *most)
{
	uint64_t from = net->sends[side];

	bfd_net_run(net, span);
	*least = USEC_NEVER;
	*most = 0;
	for (uint64_t i = from + 1; i < net->sends[side]; i++) {
		usec_t gap = net->sent_at[side][i % NET_HISTORY] - net->sent_at[side][(i - 1) % NET_HISTORY];
		*least = gap < *least ? gap : *least;
		*most = gap > *most ? gap : *most;
	}
}

START_TEST(while_down_nothing_is_sent_faster_than_once_a_second)
{
	usec_t least, most;

	net->cut[0] = net->cut[1] = true;
	bfd_net_run(net, 2000000);
	ck_assert_int_eq(bfd_net_status(net, 0).state, BFD_DOWN);
	gaps(0, 60000000, &least, &most);
	ck_assert_uint_ge(least, 750000);
	ck_assert_uint_le(most, 1000000);
	ck_assert_uint_eq(bfd_net_said(net, 0).desired_min_tx_us, 1000000);
}
END_TEST

START_TEST(while_up_the_gaps_are_75_to_100_percent_of_the_interval)
{
	usec_t least, most;

	gaps(0, 10000000, &least, &most);
	ck_assert_uint_ge(least, 7500);
	ck_assert_uint_le(most, 10000);
	ck_assert_msg(most - least >= 1000, "there is jitter");
}
END_TEST

/* Whatever the interval: within the bounds, not always the same, and late on the average, for that saves packets. */
START_TEST(packets_of_any_interval_are_spread_within_its_bounds_and_late_on_the_average)
{
	static const uint32_t intervals[] = { 3000, 10000, 16667, 50000, 100000, 999999 };
	uint32_t us = intervals[_i / 2];
	unsigned percent = _i % 2 ? 90 : 98;
	struct bfd_params p[2] = { bfd_net_params(0), bfd_net_params(1) };
	usec_t least, most;

	for (unsigned side = 0; side < 2; side++) {
		p[side].desired_min_tx_us = p[side].required_min_rx_us = us;
		p[side].detect_mult = _i % 2 ? 1 : 3;
		bfd_net_set(net, side, &p[side]);
	}
	bfd_net_run(net, 5000000);
	uint64_t before = net->sends[0];
	gaps(0, 1000 * (usec_t)us, &least, &most);
	double mean = 1000.0 / (double)(net->sends[0] - before) * 100;
	ck_assert_uint_ge(least * 100, 75 * (usec_t)us);
	ck_assert_uint_le(most * 100, percent * (usec_t)us);
	ck_assert_msg(
	    most - least >= us / 20, "%u us: %llu to %llu", us, (unsigned long long)least, (unsigned long long)most);
	ck_assert_msg(mean >= (_i % 2 ? 85 : 91), "%u us: %.1f %% of the interval", us, mean);
}
END_TEST

/* What is due together goes out together: that is what makes many sessions cheap. */
START_TEST(sessions_of_one_interval_share_their_wakes)
{
	enum { MANY = 100, SPAN = 1000000 };
	struct bfd_core *c = bfd_core_new(7);
	struct bfd_params p = bfd_net_params(0);
	usec_t now = 1000000;
	size_t count, wakes = 0, packets = 0;

	p.desired_min_tx_us = p.required_min_rx_us = 50000;
	for (uint32_t i = 1; i <= MANY; i++) {
		p.peer = addr_v4(0x0a010000 + i);
		bfd_core_set(c, i, &p, now);
	}
	for (usec_t end = now + SPAN * 6; now < end;) {
		for (uint32_t i = 1; i <= MANY; i++) { /* every one is answered, often enough */
			struct bfd_packet heard = { .state = BFD_UP,
				.detect_mult = 50,
				.mine = i,
				.yours = i,
				.desired_min_tx_us = 50000,
				.required_min_rx_us = 50000 };
			struct bfd_datagram d = {
				.from = addr_v4(0x0a010000 + i), .to = p.local, .ifindex = p.ifindex, .ttl = 255
			};
			uint8_t bytes[BFD_BYTES];
			struct bfd_status s;

			if (bfd_core_status(c, i, &s) && s.state == BFD_DOWN)
				heard.state = BFD_INIT;
			bfd_encode(&heard, bytes);
			d.bytes = bytes;
			d.size = sizeof bytes;
			bfd_core_packet(c, &d, now);
		}
		bfd_core_sends(c, &count);
		bfd_core_drained(c);
		usec_t due = usec_min(bfd_core_due(c), end);
		ck_assert_msg(due > now, "what was due is sent");
		now = due;
		bfd_core_timer(c, now);
		bfd_core_sends(c, &count);
		if (now >= end - SPAN && count) {
			wakes++;
			packets += count;
		}
	}
	ck_assert_msg(wakes <= SPAN / BFD_GRID_US + 1, "%zu wakes for %zu packets", wakes, packets);
	ck_assert_msg(packets >= MANY * 20 && packets <= MANY * 23, "%zu packets", packets);
	bfd_core_free(c);
}
END_TEST

START_TEST(with_a_multiplier_of_one_the_gaps_are_at_most_90_percent)
{
	struct bfd_params a = bfd_net_params(0);
	usec_t least, most;

	a.detect_mult = 1;
	bfd_net_set(net, 0, &a);
	bfd_net_run(net, 100000);
	gaps(0, 10000000, &least, &most);
	ck_assert_uint_ge(least, 7500);
	ck_assert_uint_le(most, 9000);
}
END_TEST

START_TEST(each_way_goes_at_the_slower_of_what_one_offers_and_the_other_takes)
{
	struct bfd_params a = bfd_net_params(0), b = bfd_net_params(1);

	a.desired_min_tx_us = 20000;
	a.required_min_rx_us = 70000;
	a.detect_mult = 4;
	b.required_min_rx_us = 50000;
	bfd_net_set(net, 0, &a);
	bfd_net_set(net, 1, &b);
	bfd_net_run(net, 1000000);
	ck_assert_uint_eq(bfd_net_status(net, 0).tx_us, 50000);
	ck_assert_uint_eq(bfd_net_status(net, 0).rx_us, 70000);
	ck_assert_uint_eq(bfd_net_status(net, 0).detect_us, 3 * 70000);
	ck_assert_uint_eq(bfd_net_status(net, 1).tx_us, 70000);
	ck_assert_uint_eq(bfd_net_status(net, 1).detect_us, 4 * 50000);
	ck_assert_uint_eq(bfd_net_status(net, 0).count.downs + bfd_net_status(net, 1).count.downs, 0);
}
END_TEST

/* 6.8.4: exactly the detection time after the last packet was there. */
START_TEST(a_silent_neighbour_is_down_exactly_a_detection_time_after_its_last_packet)
{
	net->cut[1] = true;
	bfd_net_run(net, net->delay_us); /* what was under way arrives */
	usec_t last = net->last[1].at;   /* when the last one that was not lost came: at the latest now */
	ck_assert(bfd_net_until(net, 0, BFD_DOWN, 1000000));
	ck_assert_int_eq(bfd_net_status(net, 0).diag, BFD_DIAG_EXPIRED);
	ck_assert_uint_le(net->now, last + 30000);
	ck_assert_uint_eq(bfd_net_status(net, 0).changed_at, net->now);
	/* The last packet it heard was at most one interval before the cut. */
	ck_assert_uint_ge(net->now, last + 30000 - 10000 - net->delay_us);
}
END_TEST

START_TEST(a_packet_read_late_but_received_in_time_keeps_the_session)
{
	struct bfd_packet p = bfd_net_said(net, 1);
	struct bfd_datagram d = {
		.from = addr_v4(0x0a000002), .to = addr_v4(0x0a000001), .ifindex = NET_IFINDEX, .ttl = 255
	};
	uint8_t bytes[BFD_BYTES];
	usec_t start = net->now;

	bfd_encode(&p, bytes);
	d.bytes = bytes;
	d.size = sizeof bytes;
	/* The process stood still for 200 ms; meanwhile the kernel took a packet every 10 ms. All are read before timers fire. */
	for (usec_t at = start + 10000; at <= start + 200000; at += 10000)
		ck_assert_int_eq(bfd_core_packet(net->core[0], &d, at), BFD_ACCEPTED);
	bfd_core_timer(net->core[0], start + 205000);
	ck_assert_int_eq(bfd_net_status(net, 0).state, BFD_UP);
	bfd_core_timer(net->core[0], start + 229999);
	ck_assert_int_eq(bfd_net_status(net, 0).state, BFD_UP);
	bfd_core_timer(net->core[0], start + 230000);
	ck_assert_int_eq(bfd_net_status(net, 0).state, BFD_DOWN);
	ck_assert_uint_eq(bfd_net_status(net, 0).changed_at, start + 230000);
}
END_TEST

/* 6.8.1: for another detection time the other end's discriminator is still said. */
START_TEST(the_neighbours_discriminator_is_forgotten_a_detection_time_after_the_fall)
{
	net->cut[1] = true;
	ck_assert(bfd_net_until(net, 0, BFD_DOWN, 1000000));
	ck_assert_uint_eq(bfd_net_status(net, 0).remote, NET_LOCAL + 1);
	ck_assert_uint_eq(bfd_net_said(net, 0).yours, NET_LOCAL + 1);
	bfd_net_run(net, 5000000);
	ck_assert_uint_eq(bfd_net_status(net, 0).remote, 0);
	ck_assert_uint_eq(bfd_net_said(net, 0).yours, 0);
}
END_TEST

START_TEST(losing_every_third_packet_loses_no_session)
{
	net->lose_every[0] = net->lose_every[1] = 3;
	bfd_net_run(net, 20000000);
	ck_assert_uint_eq(bfd_net_status(net, 0).count.downs, 0);
	ck_assert_uint_eq(bfd_net_status(net, 1).count.downs, 0);
}
END_TEST

/* --- 6.8.3: changes while Up --- */

static void
run_checking_nobody_falls(usec_t span)
{
	bfd_net_run(net, span);
	ck_assert_uint_eq(bfd_net_status(net, 0).count.downs, 0);
	ck_assert_uint_eq(bfd_net_status(net, 1).count.downs, 0);
}

START_TEST(a_slower_sender_slows_down_only_after_the_neighbour_has_said_that_it_knows)
{
	struct bfd_params a = bfd_net_params(0);

	a.desired_min_tx_us = 500000;
	net->cut[1] = true; /* no Final comes back */
	bfd_net_set(net, 0, &a);
	uint64_t before = net->sends[0];
	bfd_net_run(net, 15000);
	ck_assert_msg(
	    net->sends[0] - before >= 1, "still at the old pace: %llu", (unsigned long long)(net->sends[0] - before));
	ck_assert(bfd_net_said(net, 0).poll);
	ck_assert_uint_eq(bfd_net_said(net, 0).desired_min_tx_us, 500000);
	net->cut[1] = false;
	run_checking_nobody_falls(10000000);
	ck_assert(!bfd_net_said(net, 0).poll);
	ck_assert_uint_eq(bfd_net_status(net, 0).tx_us, 500000);
	ck_assert_uint_eq(bfd_net_status(net, 1).detect_us, 1500000);
}
END_TEST

START_TEST(a_faster_sender_is_fast_at_once)
{
	struct bfd_params a = bfd_net_params(0), b = bfd_net_params(1);
	usec_t least, most;

	a.desired_min_tx_us = 300000;
	bfd_net_set(net, 0, &a);
	run_checking_nobody_falls(5000000);
	a.desired_min_tx_us = 10000;
	bfd_net_set(net, 0, &a);
	b.required_min_rx_us = 3000;
	bfd_net_set(net, 1, &b);
	bfd_net_run(net, 11000);
	gaps(0, 1000000, &least, &most);
	ck_assert_uint_le(most, 10000);
	run_checking_nobody_falls(1000000);
	ck_assert_uint_eq(bfd_net_status(net, 1).detect_us, 30000);
}
END_TEST

START_TEST(a_stricter_receiver_waits_for_the_sender_to_know)
{
	struct bfd_params a = bfd_net_params(0), b = bfd_net_params(1);

	a.required_min_rx_us = 400000;
	bfd_net_set(net, 0, &a);
	run_checking_nobody_falls(5000000);
	ck_assert_uint_eq(bfd_net_status(net, 1).tx_us, 400000);
	ck_assert_uint_eq(bfd_net_status(net, 0).detect_us, 1200000);
	a.required_min_rx_us = 10000;
	net->cut[0] = true;
	bfd_net_set(net, 0, &a);
	bfd_net_run(net, 15000);
	ck_assert_msg(bfd_net_status(net, 0).detect_us == 1200000, "the sender does not know yet");
	net->cut[0] = false;
	b = bfd_net_params(1);
	bfd_net_set(net, 1, &b);
	run_checking_nobody_falls(5000000);
	ck_assert_uint_eq(bfd_net_status(net, 0).detect_us, 30000);
}
END_TEST

START_TEST(a_new_multiplier_is_told_by_a_poll)
{
	struct bfd_params a = bfd_net_params(0);

	a.detect_mult = 10;
	bfd_net_set(net, 0, &a);
	run_checking_nobody_falls(1000000);
	ck_assert_uint_eq(bfd_net_status(net, 1).detect_us, 100000);
	ck_assert(!bfd_net_status(net, 0).polling);
}
END_TEST

START_TEST(any_sequence_of_changes_ends_as_configured_without_a_fall)
{
	static const uint32_t values[] = { 3000, 10000, 50000, 300000, 1000000, 2000000 };
	struct bfd_params p[2] = { bfd_net_params(0), bfd_net_params(1) };
	unsigned x = (unsigned)_i * 7919 + 1;

	for (unsigned k = 0; k < 60; k++) {
		x = x * 1103515245 + 12345;
		struct bfd_params *q = &p[x >> 16 & 1];
		q->desired_min_tx_us = values[(x >> 17) % 6];
		q->required_min_rx_us = values[(x >> 21) % 6];
		q->detect_mult = (uint8_t)(3 + (x >> 25) % 4);
		bfd_net_set(net, x >> 16 & 1, q);
		bfd_net_run(net, 20000 + (x >> 8) % 3000000);
	}
	run_checking_nobody_falls(20000000);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t tx = p[i].desired_min_tx_us > p[!i].required_min_rx_us ? p[i].desired_min_tx_us
										: p[!i].required_min_rx_us;
		ck_assert_uint_eq(bfd_net_status(net, i).tx_us, tx);
		ck_assert_uint_eq(bfd_net_status(net, !i).detect_us, p[i].detect_mult * tx);
	}
}
END_TEST

/* --- 6.8.16, RFC 5882 4.3 --- */

START_TEST(a_session_that_is_shut_says_so_and_comes_back)
{
	struct bfd_params a = bfd_net_params(0);

	a.shut = true;
	bfd_net_set(net, 0, &a);
	bfd_net_run(net, 1000);
	ck_assert_int_eq(bfd_net_status(net, 0).state, BFD_ADMIN_DOWN);
	ck_assert_int_eq(bfd_net_status(net, 0).diag, BFD_DIAG_ADMIN);
	ck_assert_int_eq(bfd_net_status(net, 1).state, BFD_DOWN);
	ck_assert_int_eq(bfd_net_status(net, 1).remote_state, BFD_ADMIN_DOWN);
	bfd_net_run(net, 10000000);
	ck_assert_msg(bfd_net_status(net, 1).state == BFD_DOWN, "Down while the neighbour is AdminDown");
	a.shut = false;
	bfd_net_set(net, 0, &a);
	ck_assert(bfd_net_until(net, 0, BFD_UP, 3000000));
	ck_assert(bfd_net_until(net, 1, BFD_UP, 3000000));
}
END_TEST

START_TEST(a_removed_session_tells_its_neighbour_admin_down_and_then_is_gone)
{
	bfd_core_remove(net->core[0], NET_LOCAL, net->now);
	bfd_net_drain(net, 0);
	bfd_net_run(net, 1000);
	ck_assert_int_eq(bfd_net_status(net, 1).remote_state, BFD_ADMIN_DOWN);
	bfd_net_run(net, 5000000);
	ck_assert_int_eq(bfd_net_status(net, 0).state, BFD_STATES);
	ck_assert(net->history[0][net->history_count[0] - 1].gone);
	uint64_t sends = net->sends[0];
	bfd_net_run(net, 5000000);
	ck_assert_uint_eq(net->sends[0], sends);
}
END_TEST

START_TEST(an_end_that_starts_again_is_up_within_two_seconds_and_the_other_falls_once)
{
	struct bfd_params b = bfd_net_params(1);

	bfd_core_free(net->core[1]);
	net->core[1] = bfd_core_new(99);
	bfd_net_set(net, 1, &b);
	ck_assert(bfd_net_until(net, 1, BFD_UP, 2000000));
	bfd_net_run(net, 2000000);
	ck_assert_int_eq(bfd_net_status(net, 0).state, BFD_UP);
	ck_assert_uint_eq(bfd_net_status(net, 0).count.downs, 1);
}
END_TEST

START_TEST(a_passive_end_says_nothing_until_it_is_spoken_to)
{
	struct bfd_params a = bfd_net_params(0), b = bfd_net_params(1);

	teardown();
	net = bfd_net_new(5);
	a.passive = true;
	bfd_net_set(net, 0, &a);
	bfd_net_run(net, 10000000);
	ck_assert_uint_eq(net->sends[0], 0);
	bfd_net_set(net, 1, &b);
	ck_assert(bfd_net_until(net, 0, BFD_UP, 3000000));
}
END_TEST

START_TEST(the_same_random_number_gives_the_same_packets)
{
	struct bfd_params a = bfd_net_params(0), b = bfd_net_params(1);
	usec_t first[64];

	for (int round = 0; round < 2; round++) {
		teardown();
		net = bfd_net_new(42);
		bfd_net_set(net, 0, &a);
		bfd_net_set(net, 1, &b);
		bfd_net_run(net, 3000000);
		for (unsigned i = 0; i < 64; i++) {
			if (round)
				ck_assert_uint_eq(first[i], net->sent_at[0][i]);
			first[i] = net->sent_at[0][i];
		}
	}
}
END_TEST

START_TEST(a_stall_of_our_own_is_nobodys_silence)
{
	/* The whole machine stood still for 40 ms: no timer ran, and what was sent is not there yet. */
	net->now += 40000;
	net->count = 0;
	bfd_core_stalled(net->core[0], 35000, net->now);
	bfd_core_timer(net->core[0], net->now);
	ck_assert_int_eq(bfd_net_status(net, 0).state, BFD_UP);
	net->cut[1] = true; /* and now it is silent: what was heard before the stall counts as long as before */
	usec_t from = net->now;
	ck_assert(bfd_net_until(net, 0, BFD_DOWN, 100000));
	ck_assert_msg(
	    net->now - from >= 15000 && net->now - from <= 30000, "%llu us", (unsigned long long)(net->now - from));
}
END_TEST

START_TEST(packets_may_lie_unread_for_a_part_of_the_quickest_interval)
{
	struct bfd_params slow = bfd_net_params(0);

	ck_assert_uint_eq(bfd_core_patience(net->core[0]), 1666);
	slow.desired_min_tx_us = slow.required_min_rx_us = 50000;
	bfd_net_set(net, 0, &slow);
	bfd_net_run(net, 5000000);
	ck_assert_uint_eq(bfd_core_patience(net->core[0]), BFD_GRID_US);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bfdd timers");
	TCase *c = tcase_create("RFC 5880 6.8.2 - 6.8.7"), *d = tcase_create("RFC 5880 6.8.3");
	TCase *e = tcase_create("RFC 5880 6.8.16");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, while_down_nothing_is_sent_faster_than_once_a_second);
	tcase_add_test(c, while_up_the_gaps_are_75_to_100_percent_of_the_interval);
	tcase_add_loop_test(c, packets_of_any_interval_are_spread_within_its_bounds_and_late_on_the_average, 0, 12);
	tcase_add_test(c, sessions_of_one_interval_share_their_wakes);
	tcase_add_test(c, with_a_multiplier_of_one_the_gaps_are_at_most_90_percent);
	tcase_add_test(c, each_way_goes_at_the_slower_of_what_one_offers_and_the_other_takes);
	tcase_add_test(c, a_silent_neighbour_is_down_exactly_a_detection_time_after_its_last_packet);
	tcase_add_test(c, a_packet_read_late_but_received_in_time_keeps_the_session);
	tcase_add_test(c, the_neighbours_discriminator_is_forgotten_a_detection_time_after_the_fall);
	tcase_add_test(c, losing_every_third_packet_loses_no_session);
	tcase_add_test(c, the_same_random_number_gives_the_same_packets);
	suite_add_tcase(s, c);
	tcase_add_checked_fixture(d, setup, teardown);
	tcase_add_test(d, a_slower_sender_slows_down_only_after_the_neighbour_has_said_that_it_knows);
	tcase_add_test(d, a_faster_sender_is_fast_at_once);
	tcase_add_test(d, a_stricter_receiver_waits_for_the_sender_to_know);
	tcase_add_test(d, a_new_multiplier_is_told_by_a_poll);
	tcase_add_loop_test(d, any_sequence_of_changes_ends_as_configured_without_a_fall, 0, 20);
	suite_add_tcase(s, d);
	tcase_add_checked_fixture(e, setup, teardown);
	tcase_add_test(e, a_session_that_is_shut_says_so_and_comes_back);
	tcase_add_test(e, a_removed_session_tells_its_neighbour_admin_down_and_then_is_gone);
	tcase_add_test(e, an_end_that_starts_again_is_up_within_two_seconds_and_the_other_falls_once);
	tcase_add_test(e, a_passive_end_says_nothing_until_it_is_spoken_to);
	tcase_add_test(e, a_stall_of_our_own_is_nobodys_silence);
	tcase_add_test(e, packets_may_lie_unread_for_a_part_of_the_quickest_interval);
	suite_add_tcase(s, e);
	return s;
}
CHECK_MAIN(suite)
