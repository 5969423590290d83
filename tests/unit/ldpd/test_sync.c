/* What IGPs are told of each link, table ldp.Sync: how far LDP has come with the neighbours there. */
#include "tests/helper/check.h"
#include "tests/helper/ldp_script.h"
#include <string.h>

static struct script *s;

static void
setup(void)
{
	s = script_new("3.3.3.3");
}

static void
teardown(void)
{
	ldp_config_free(&s->dut->config);
	script_free(s);
}

static void
seconds(unsigned n)
{
	script_run(s, n * USEC_PER_SEC);
}

/* Of the neighbour on the link: "none", "no session", "exchanging" or "exchanged". */
static const char *
told(void)
{
	static const char *const names[] = { "no session", "exchanging", "exchanged" };
	const Ldp__Sync *row = ldp_node_sync(s->dut, 2);

	ck_assert_msg(row != NULL, "there is no row for the link");
	return row->n_neighbors ? names[row->neighbors[0]->state] : "none";
}

static void
end_of_lib(void)
{
	struct ldp_writer w;

	script_begin(s, &w);
	ldp_put_end_of_lib(&w, script_id(s), LDP_IPV4);
	script_send(s, &w);
}

/* A session with a neighbour that does not keep labels over a restart. */
static void
session(void)
{
	struct ldp_init_fields f = { .hold_s = 180, .max_pdu = 4096, .receiver_lsr = s->dut->lsr };

	script_connect(s);
	script_init(s, &f);
	script_keepalive(s);
	ck_assert_str_eq(script_state(s), "Operational");
}

START_TEST(the_end_of_its_labels_is_what_counts)
{
	ck_assert_str_eq(told(), "none");
	ck_assert(ldp_node_sync(s->dut, 2)->enabled);
	script_hello(s, 15);
	ck_assert_str_eq(told(), "no session");
	ck_assert_uint_eq(ldp_node_sync(s->dut, 2)->neighbors[0]->peer, 0x03030303);
	ck_assert(!ldp_node_sync(s->dut, 2)->neighbors[0]->targeted);
	session();
	ck_assert_str_eq(told(), "exchanging");
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 3);
	ck_assert_str_eq(told(), "exchanging");
	end_of_lib();
	ck_assert_str_eq(told(), "exchanged");
	script_hang_up(s, "broken");
	ck_assert_str_eq(told(), "no session");
}
END_TEST

START_TEST(one_that_tells_no_end_is_believed_after_the_delay)
{
	script_hello(s, 0xffff);
	session();
	usec_t up = s->net->sim.now;
	while (s->net->sim.now < up + 10 * USEC_PER_SEC - 200 * USEC_PER_MSEC) {
		ck_assert_str_eq(told(), "exchanging");
		script_run(s, 100 * USEC_PER_MSEC);
	}
	seconds(1);
	ck_assert_str_eq(told(), "exchanged");
}
END_TEST

START_TEST(the_delay_is_configured)
{
	s->dut->config.igp_sync_delay_s = 3;
	ldp_node_configure(s->dut);
	script_hello(s, 0xffff);
	session();
	seconds(2);
	ck_assert_str_eq(told(), "exchanging");
	seconds(2);
	ck_assert_str_eq(told(), "exchanged");
}
END_TEST

START_TEST(labels_that_are_kept_over_a_restart_of_the_neighbour_count)
{
	script_up(s); /* it keeps forwarding, and so do we: RFC 3478 */
	end_of_lib();
	ck_assert_str_eq(told(), "exchanged");
	script_hang_up(s, "restart");
	ck_assert_str_eq(told(), "exchanged");
	script_hello(s, 0xffff);
	script_connect(s);
	script_init(s, NULL);
	script_keepalive(s);
	ck_assert_str_eq(told(), "exchanged"); /* the old ones are there until the new ones are complete */
	end_of_lib();
	ck_assert_str_eq(told(), "exchanged");
	script_hang_up(s, "dies");
	seconds(121); /* and is given up */
	ck_assert_str_eq(told(), "none");
}
END_TEST

START_TEST(kept_labels_do_not_count_for_who_returns_with_the_link)
{
	struct sim_port *port = ldp_node_find_port(s->dut, 2);

	script_up(s);
	end_of_lib();
	ck_assert_str_eq(told(), "exchanged");
	port->up = false;
	ldp_node_port(s->dut, port);
	port->up = true;
	ldp_node_port(s->dut, port);
	ck_assert_str_eq(told(), "none");
	script_hello(s, 15);
	ck_assert_str_eq(told(), "no session");
	script_connect(s);
	script_init(s, NULL);
	script_keepalive(s);
	ck_assert_str_eq(told(), "exchanging");
	end_of_lib();
	ck_assert_str_eq(told(), "exchanged");
}
END_TEST

START_TEST(a_targeted_session_counts_for_the_links_that_the_neighbour_is_on)
{
	struct addr a;

	s->dut->config.interface_count = 0;
	ck_assert(addr_parse("3.3.3.3", &a));
	ldp_config_peer_get(&s->dut->config, &a)->targeted = true;
	ldp_node_configure(s->dut);
	ck_assert_ptr_null(ldp_node_sync(s->dut, 2)); /* LDP has nothing to do with it */
	script_targeted_hello(s, 90, false);
	session();
	script_addresses(s, "10.0.0.77");
	ck_assert_str_eq(told(), "exchanging");
	ck_assert(!ldp_node_sync(s->dut, 2)->enabled);
	ck_assert(ldp_node_sync(s->dut, 2)->neighbors[0]->targeted);
	ck_assert_uint_eq(ldp_node_sync(s->dut, 2)->neighbors[0]->address.data[3], 77);
	end_of_lib();
	ck_assert_str_eq(told(), "exchanged");
	script_hang_up(s, "broken");
	ck_assert_ptr_null(ldp_node_sync(s->dut, 2));
}
END_TEST

START_TEST(a_restart_of_ours_says_nothing_until_all_is_learned_again)
{
	struct ldp_net *net = ldp_net_new(3);
	struct ldp_node *one = ldp_net_add(net, "1.1.1.1"), *two = ldp_net_add(net, "2.2.2.2");

	ldp_net_link(net, one, "10.0.12.1/24", two, "10.0.12.2/24");
	ldp_net_route(net);
	ldp_net_start(net);
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 5 * USEC_PER_SEC));
	ldp_net_run(net, 5 * USEC_PER_SEC);
	ck_assert_int_eq(ldp_node_sync(one, 2)->neighbors[0]->state, LDP__SYNC_STATE__EXCHANGED);
	ldp_node_kill(one);
	ck_assert_int_eq(ldp_node_sync(two, 2)->neighbors[0]->state, LDP__SYNC_STATE__EXCHANGED);
	ldp_node_start(one);
	bool began = false;
	for (int i = 0; i < 200; i++) {
		const Ldp__Sync *row = ldp_node_sync(one, 2);
		began |= !row;
		if (row)
			ck_assert_int_eq(row->neighbors[0]->state, LDP__SYNC_STATE__EXCHANGED);
		ck_assert_int_eq(ldp_node_sync(two, 2)->neighbors[0]->state, LDP__SYNC_STATE__EXCHANGED);
		ldp_net_run(net, 50 * USEC_PER_MSEC);
	}
	ck_assert(began);
	ck_assert_ptr_nonnull(ldp_node_sync(one, 2));
	ldp_net_free(net);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("ldpd: what IGPs are told");
	TCase *t = tcase_create("ldp.Sync");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_end_of_its_labels_is_what_counts);
	tcase_add_test(t, one_that_tells_no_end_is_believed_after_the_delay);
	tcase_add_test(t, the_delay_is_configured);
	tcase_add_test(t, labels_that_are_kept_over_a_restart_of_the_neighbour_count);
	tcase_add_test(t, kept_labels_do_not_count_for_who_returns_with_the_link);
	tcase_add_test(t, a_targeted_session_counts_for_the_links_that_the_neighbour_is_on);
	tcase_add_test(t, a_restart_of_ours_says_nothing_until_all_is_learned_again);
	suite_add_tcase(suite, t);
	return suite;
}

CHECK_MAIN(suite)
