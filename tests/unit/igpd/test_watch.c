/* Neighbours that BFD watches, RFC 5882 section 4.3: what a session's states do to a neighbour. */
#include "tests/helper/check.h"
#include "tests/helper/igp_net.h"
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
static struct igp_net *net;

static void
setup(void)
{
	net = igp_net_new(1);
	igp_add(net, 0x01010101);
	igp_add(net, 0x01010102);
	size_t s = igp_segment(net, OSPF_POINT_TO_POINT);
	igp_join(net, s, net->nodes[0], 1);
	igp_join(net, s, net->nodes[1], 1);
	igp_config(net->nodes[0], 1)->bfd.on = true;
	igp_start_all(net);
	igp_run(net, SECONDS(20));
}

static void
teardown(void)
{
	igp_net_free(net);
}

static struct neighbor *
other(void)
{
	return igp_neighbor(net->nodes[0], 1, net->nodes[1]);
}

static void
bfd(enum ospf_bfd_state state)
{
	struct ospf_bfd in = { net->nodes[0]->ports[1].ifindex, addr_to_v4(&net->nodes[1]->ports[1].address.addr),
		state };

	ospf_input(net->nodes[0]->o, &(struct ospf_input){ .kind = OSPF_IN_BFD, .bfd = &in }, net->now);
	igp_run(net, 1);
}

START_TEST(a_session_that_dies_ends_the_neighbor_and_keeps_it_away_until_it_is_back)
{
	ck_assert_str_eq(watch_text(other()), "no session");
	bfd(OSPF_BFD_UP);
	ck_assert_str_eq(watch_text(other()), "up");
	ck_assert_int_eq(other()->state, NS_FULL);
	bfd(OSPF_BFD_DEAD);
	ck_assert_ptr_null(other());
	igp_run(net, SECONDS(35)); /* its Hellos still come */
	ck_assert_ptr_null(other());
	bfd(OSPF_BFD_UNKNOWN); /* says nothing */
	igp_run(net, SECONDS(35));
	ck_assert_ptr_null(other());
	bfd(OSPF_BFD_UP);
	igp_run(net, SECONDS(60));
	ck_assert_int_eq(other()->state, NS_FULL);
}
END_TEST

START_TEST(a_session_that_never_came_up_or_is_no_more_says_nothing)
{
	bfd(OSPF_BFD_DOWN);
	ck_assert_int_eq(other()->state, NS_FULL);
	ck_assert_str_eq(watch_text(other()), "not up");
	bfd(OSPF_BFD_UP);
	bfd(OSPF_BFD_NONE);
	ck_assert_int_eq(other()->state, NS_FULL);
	ck_assert_str_eq(watch_text(other()), "no session");
}
END_TEST

START_TEST(without_configuration_nobody_is_watched)
{
	bfd(OSPF_BFD_UP);
	igp_config(net->nodes[0], 1)->bfd.on = false;
	igp_configure(net, net->nodes[0]);
	ck_assert_str_eq(watch_text(other()), "");
	bfd(OSPF_BFD_DEAD);
	ck_assert_int_eq(other()->state, NS_FULL);
	net->nodes[0]->config.bfd.on = true; /* for the process: who is there already is watched, too */
	igp_configure(net, net->nodes[0]);
	ck_assert_str_eq(watch_text(other()), "no session");
	igp_config(net->nodes[0], 1)->bfd.off = true;
	igp_configure(net, net->nodes[0]);
	ck_assert_str_eq(watch_text(other()), "");
}
END_TEST

START_TEST(who_falls_silent_is_watched_no_longer)
{
	bfd(OSPF_BFD_UP);
	igp_kill(net, net->nodes[1]);
	bfd(OSPF_BFD_DEAD);
	ck_assert_uint_eq(net->nodes[0]->o->watches.count, 1);
	igp_run(net, SECONDS(41));
	ck_assert_uint_eq(net->nodes[0]->o->watches.count, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd and BFD");
	TCase *t = tcase_create("RFC 5882 4.3");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_session_that_dies_ends_the_neighbor_and_keeps_it_away_until_it_is_back);
	tcase_add_test(t, a_session_that_never_came_up_or_is_no_more_says_nothing);
	tcase_add_test(t, without_configuration_nobody_is_watched);
	tcase_add_test(t, who_falls_silent_is_watched_no_longer);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
