/* Reception, RFC 5880 section 6.8.6 from rule 7 on, and RFC 5881 section 5: which packet finds which session, what it may change. */
#include "tests/helper/check.h"
#include "tests/helper/bfd_net.h"
#include <string.h>

static struct bfd_net *net;

static void
setup(void)
{
	struct bfd_params a = bfd_net_params(0), b = bfd_net_params(1);

	net = bfd_net_new(1);
	bfd_net_set(net, 0, &a);
	bfd_net_set(net, 1, &b);
	ck_assert_msg(bfd_net_until(net, 0, BFD_UP, 3000000) && bfd_net_until(net, 1, BFD_UP, 3000000), "both come up");
	bfd_net_run(net, 2000000);
}

static void
teardown(void)
{
	bfd_net_free(net);
}

/* What side 1 says while all is well. */
static struct bfd_packet
good(void)
{
	return bfd_net_said(net, 1);
}

/* The session of side 0 but for its counters. */
static struct bfd_status
image(void)
{
	struct bfd_status s = bfd_net_status(net, 0);

	memset(&s.count, 0, sizeof s.count);
	return s;
}

static void
changes_nothing(const struct bfd_packet *p, enum bfd_verdict why)
{
	struct bfd_status before = image(), after;
	uint64_t counted = bfd_core_refused(net->core[0], why);
	usec_t due = bfd_core_due(net->core[0]);

	ck_assert_str_eq(bfd_verdict_text(bfd_net_give(net, 0, p)), bfd_verdict_text(why));
	after = image();
	ck_assert_mem_eq(&before, &after, sizeof before);
	ck_assert_uint_eq(bfd_core_due(net->core[0]), due);
	ck_assert_uint_eq(bfd_core_refused(net->core[0], why), counted + 1);
}

START_TEST(a_good_packet_is_accepted_and_counted)
{
	struct bfd_packet p = good();
	uint64_t before = bfd_net_status(net, 0).count.received;

	ck_assert_int_eq(bfd_net_give(net, 0, &p), BFD_ACCEPTED);
	ck_assert_uint_eq(bfd_net_status(net, 0).count.received, before + 1);
}
END_TEST

START_TEST(rule_7_a_discriminator_that_is_nobodys)
{
	struct bfd_packet p = good();

	p.yours = 4711;
	changes_nothing(&p, BFD_NO_SESSION);
}
END_TEST

START_TEST(rule_9_without_a_discriminator_the_addresses_decide)
{
	struct bfd_packet p = { .state = BFD_DOWN,
		.detect_mult = 3,
		.mine = 77,
		.desired_min_tx_us = 1000000,
		.required_min_rx_us = 10000 };

	ck_assert_int_eq(bfd_net_give(net, 0, &p), BFD_ACCEPTED);
	ck_assert_msg(bfd_net_status(net, 0).state == BFD_DOWN, "the other end started again");
	ck_assert_uint_eq(bfd_net_status(net, 0).remote, 77);
}
END_TEST

START_TEST(a_packet_from_off_the_path_changes_nothing)
{
	struct bfd_packet p = good();
	uint8_t bytes[BFD_BYTES];
	struct bfd_datagram d = { .bytes = bytes,
		.size = sizeof bytes,
		.from = addr_v4(0x0a000002),
		.to = addr_v4(0x0a000001),
		.ifindex = NET_IFINDEX,
		.ttl = 255 },
			    off;
	struct bfd_status before = image(), after;

	p.state = BFD_DOWN;
	bfd_encode(&p, bytes);
	off = d, off.ttl = 254;
	ck_assert_int_eq(bfd_core_packet(net->core[0], &off, net->now), BFD_BAD_TTL);
	off = d, off.ifindex = 99;
	ck_assert_int_eq(bfd_core_packet(net->core[0], &off, net->now), BFD_WRONG_PATH);
	off = d, off.from = addr_v4(0x0a000009);
	ck_assert_int_eq(bfd_core_packet(net->core[0], &off, net->now), BFD_WRONG_PATH);
	off = d, off.vrf = 5;
	ck_assert_int_eq(bfd_core_packet(net->core[0], &off, net->now), BFD_WRONG_PATH);
	off = d, off.multihop = true;
	ck_assert_int_eq(bfd_core_packet(net->core[0], &off, net->now), BFD_WRONG_PATH);
	after = image();
	ck_assert_mem_eq(&before, &after, sizeof before);
	struct bfd_status counted = bfd_net_status(net, 0);
	ck_assert_uint_eq(counted.count.refused[BFD_BAD_TTL], 1);
	ck_assert_uint_eq(counted.count.refused[BFD_WRONG_PATH], 4);
}
END_TEST

START_TEST(rule_13_to_20_what_a_packet_tells_is_known_at_once)
{
	struct bfd_packet p = good();
	struct bfd_status s;

	p.detect_mult = 5;
	p.desired_min_tx_us = 40000;
	p.required_min_rx_us = 50000;
	p.required_min_echo_us = 60000;
	p.independent = true;
	p.diag = BFD_DIAG_PATH;
	bfd_net_give(net, 0, &p);
	s = bfd_net_status(net, 0);
	ck_assert_uint_eq(s.remote_mult, 5);
	ck_assert_uint_eq(s.remote_min_tx_us, 40000);
	ck_assert_uint_eq(s.remote_min_rx_us, 50000);
	ck_assert_uint_eq(s.remote_min_echo_us, 60000);
	ck_assert_uint_eq(s.remote_diag, BFD_DIAG_PATH);
	ck_assert(s.remote_independent);
	ck_assert_uint_eq(s.tx_us, 50000);
	ck_assert_uint_eq(s.rx_us, 40000);
	ck_assert_uint_eq(s.detect_us, 200000);
}
END_TEST

START_TEST(rule_21_an_end_that_is_administratively_down_stays_so)
{
	struct bfd_params a = bfd_net_params(0);
	struct bfd_packet p = good();

	a.shut = true;
	bfd_net_set(net, 0, &a);
	for (int state = 0; state < BFD_STATES; state++) {
		p.state = (enum bfd_state)state;
		ck_assert_int_eq(bfd_net_give(net, 0, &p), BFD_IS_ADMIN_DOWN);
		ck_assert_int_eq(bfd_net_status(net, 0).state, BFD_ADMIN_DOWN);
	}
}
END_TEST

START_TEST(rule_22_the_neighbours_down_and_admin_down_have_their_diagnostic)
{
	struct bfd_packet p = good();

	p.state = _i ? BFD_DOWN : BFD_ADMIN_DOWN;
	bfd_net_give(net, 0, &p);
	ck_assert_int_eq(bfd_net_status(net, 0).state, BFD_DOWN);
	ck_assert_int_eq(bfd_net_status(net, 0).diag, BFD_DIAG_NEIGHBOR);
	ck_assert_int_eq(bfd_net_status(net, 0).remote_state, p.state);
}
END_TEST

START_TEST(rule_26_a_poll_is_answered_at_once_with_final_and_without_poll)
{
	struct bfd_packet p = good();
	uint64_t before = net->sends[0];

	p.poll = true;
	bfd_net_give(net, 0, &p);
	ck_assert_uint_eq(net->sends[0], before + 1);
	ck_assert(bfd_net_said(net, 0).final);
	ck_assert(!bfd_net_said(net, 0).poll);
}
END_TEST

START_TEST(rules_10_and_11_authentication_that_only_one_end_has)
{
	struct bfd_packet p = good();
	struct bfd_params a = bfd_net_params(0);
	uint8_t bytes[BFD_BYTES + 4];
	struct bfd_status before = image(), after;

	bfd_encode(&p, bytes);
	bytes[1] |= 0x04;
	bytes[3] = sizeof bytes;
	bytes[24] = BFD_AUTH_SIMPLE;
	bytes[25] = 4;
	bytes[26] = 1;
	bytes[27] = 'x';
	ck_assert_int_eq(bfd_net_give_bytes(net, 0, bytes, sizeof bytes), BFD_AUTH_UNEXPECTED);
	after = image();
	ck_assert_mem_eq(&before, &after, sizeof before);
	a.key_count = 1;
	a.keys[0] = (struct bfd_key){ .id = 1, .type = BFD_AUTH_SIMPLE, .size = 1, .secret = "x" };
	bfd_net_set(net, 0, &a);
	changes_nothing(&p, BFD_AUTH_MISSING);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bfdd reception");
	TCase *c = tcase_create("RFC 5880 6.8.6");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_good_packet_is_accepted_and_counted);
	tcase_add_test(c, rule_7_a_discriminator_that_is_nobodys);
	tcase_add_test(c, rule_9_without_a_discriminator_the_addresses_decide);
	tcase_add_test(c, a_packet_from_off_the_path_changes_nothing);
	tcase_add_test(c, rules_10_and_11_authentication_that_only_one_end_has);
	tcase_add_test(c, rule_13_to_20_what_a_packet_tells_is_known_at_once);
	tcase_add_test(c, rule_21_an_end_that_is_administratively_down_stays_so);
	tcase_add_loop_test(c, rule_22_the_neighbours_down_and_admin_down_have_their_diagnostic, 0, 2);
	tcase_add_test(c, rule_26_a_poll_is_answered_at_once_with_final_and_without_poll);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
