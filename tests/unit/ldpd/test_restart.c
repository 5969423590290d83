/*
 * Graceful restart, RFC 3478: while an engine is killed and started again, a packet is followed over every LSP
 * after every single event, through what the stand-in for fibd has programmed. None may be lost.
 */
#include "base/label.h"
#include "tests/helper/check.h"
#include "tests/helper/ldp_net.h"
#include <stdio.h>

static struct ldp_net *net;
static struct ldp_node *r1, *r2, *r3, *r4;

static void
setup(void)
{
	net = ldp_net_new(3);
	r1 = ldp_net_add(net, "1.1.1.1");
	r2 = ldp_net_add(net, "2.2.2.2");
	r3 = ldp_net_add(net, "3.3.3.3");
	r4 = ldp_net_add(net, "4.4.4.4");
	ldp_net_link(net, r1, "10.0.12.1/24", r2, "10.0.12.2/24");
	ldp_net_link(net, r2, "10.0.23.2/24", r3, "10.0.23.3/24");
	ldp_net_link(net, r3, "10.0.34.3/24", r4, "10.0.34.4/24");
	ldp_net_route(net);
	ldp_net_start(net);
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 5 * USEC_PER_SEC));
}

static void
teardown(void)
{
	ldp_net_free(net);
}

static void
no_packet_is_lost(struct ldp_net *n, void *ctx)
{
	const char *lost = ldp_net_trace_all(n);

	(void)ctx;
	ck_assert_msg(!lost, "after %llu ms a packet is lost %s", (unsigned long long)(n->sim.now / USEC_PER_MSEC),
	    lost ? lost : "");
}

static void
watch(void)
{
	no_packet_is_lost(net, NULL);
	net->watch = no_packet_is_lost;
}

static struct ldp_node *
nth(int i)
{
	struct ldp_node *all[] = { r1, r2, r3, r4 };

	return all[i];
}

/* Else the first link to fail after the restart of either would take the session with it, although another is there. */
START_TEST(a_session_over_parallel_links_knows_all_of_them_as_soon_as_it_is_back)
{
	struct ldp_net *own = ldp_net_new((uint64_t)_i + 1);
	struct ldp_node *a = ldp_net_add(own, "1.1.1.1"), *b = ldp_net_add(own, "2.2.2.2");

	ldp_net_link(own, a, "10.0.1.1/24", b, "10.0.1.2/24");
	ldp_net_link(own, a, "10.0.2.1/24", b, "10.0.2.2/24")->delay = 40 * USEC_PER_MSEC; /* the first one is first */
	ldp_net_link(own, a, "10.0.3.1/24", b, "10.0.3.2/24")->delay = 80 * USEC_PER_MSEC;
	ldp_net_route(own);
	ldp_net_start(own);
	ck_assert(ldp_net_until(own, ldp_net_is_settled, 5 * USEC_PER_SEC));
	ldp_net_run(own, 20 * USEC_PER_SEC);
	ldp_node_kill(b);
	ldp_net_run(own, (usec_t)(_i % 5) * 4 * USEC_PER_SEC + 10 * USEC_PER_MSEC);
	ldp_node_start(b);
	const Ldp__Session *up = NULL;
	for (int ms = 0; ms < 10000 && !(up && up->state == LDP__SESSION_STATE__OPERATIONAL); ms += 10) {
		ldp_net_run(own, 10 * USEC_PER_MSEC);
		up = ldp_node_session(b, a);
	}
	ldp_net_run(own, 500 * USEC_PER_MSEC);
	ck_assert_uint_eq(ldp_node_rows(a, "ldp.Adjacency"), 3);
	ck_assert_uint_eq(ldp_node_rows(b, "ldp.Adjacency"), 3);
	ldp_net_free(own);
}
END_TEST

START_TEST(a_killed_engine_that_comes_back_costs_no_packet_and_keeps_its_labels)
{
	struct ldp_node *victim = nth(_i);
	watch();
	ldp_net_run(net, 10 * USEC_PER_SEC);
	struct net_lsp before[8];
	size_t count = victim->lsp_count;
	for (size_t i = 0; i < count; i++)
		before[i] = victim->lsps[i];
	ldp_node_kill(victim);
	ldp_net_run(net, 2 * USEC_PER_SEC);
	ldp_node_start(victim);
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC));
	ldp_net_run(net, 300 * USEC_PER_SEC);
	ck_assert_uint_eq(victim->lsp_count, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(net_fib_by_fec(victim, &before[i].fec)->in_label, before[i].in_label);
	ck_assert(victim->swept);
}
END_TEST

START_TEST(a_restart_is_over_soon_after_the_neighbours_have_told_their_labels)
{
	ldp_node_kill(r2);
	ldp_net_run(net, USEC_PER_SEC);
	ldp_node_start(r2);
	usec_t started = net->sim.now;
	ck_assert(ldp_node_parameters(r2)->recovering);
	ck_assert(!ldp_tables(r2->ldp)[0]->complete);
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC));
	ck_assert_uint_ge(net->sim.now - started, 3 * USEC_PER_SEC);
	ck_assert_uint_le(net->sim.now - started, 4 * USEC_PER_SEC);
	ck_assert(ldp_tables(r2->ldp)[0]->complete);
}
END_TEST

START_TEST(two_neighbours_killed_at_once_cost_no_packet)
{
	watch();
	ldp_node_kill(r2);
	ldp_node_kill(r3);
	ldp_net_run(net, USEC_PER_SEC);
	ldp_node_start(r3);
	ldp_net_run(net, USEC_PER_SEC);
	ldp_node_start(r2);
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC));
	ldp_net_run(net, 300 * USEC_PER_SEC);
}
END_TEST

START_TEST(a_second_kill_during_recovery_costs_no_packet)
{
	watch();
	for (int i = 0; i < 6; i++) {
		ldp_node_kill(r2);
		ldp_net_run(net, 300 * USEC_PER_MSEC);
		ldp_node_start(r2);
		ldp_net_run(net, (usec_t)(50 + 300 * i) * USEC_PER_MSEC);
	}
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC));
	ldp_net_run(net, 300 * USEC_PER_SEC);
}
END_TEST

/* A neighbour that does not answer Hellos at once: only the periodic one of up to five seconds later is heard. */
START_TEST(a_neighbour_that_is_heard_late_costs_no_packet)
{
	watch();
	ldp_node_kill(r2);
	ldp_net_run(net, USEC_PER_SEC);
	net->watch = NULL;
	net->sim.links[1]->cut = true;
	ldp_node_start(r2);
	ldp_net_run(net, 4 * USEC_PER_SEC); /* R1 is heard and done, R3 is not */
	net->sim.links[1]->cut = false;
	watch();
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC));
	ldp_net_run(net, 300 * USEC_PER_SEC);
}
END_TEST

START_TEST(the_neighbour_of_a_dead_engine_keeps_its_labels_for_the_reconnect_time_and_no_longer)
{
	ldp_node_kill(r2);
	ldp_net_run(net, 2 * USEC_PER_MSEC);
	ck_assert(ldp_node_session(r1, r2)->peer_restarting);
	ck_assert(ldp_node_binding(r1, "4.4.4.4/32", r2)->stale);
	ck_assert_uint_ne(ldp_node_lsp(r1, "4.4.4.4/32")->next_hops[0]->out_label, LABEL_UNSET);
	ldp_net_run(net, 119 * USEC_PER_SEC); /* its adjacency is long over */
	ck_assert_ptr_null(ldp_node_adjacency(r1, r2));
	ck_assert_uint_ne(ldp_node_lsp(r1, "4.4.4.4/32")->next_hops[0]->out_label, LABEL_UNSET);
	ldp_net_run(net, 2 * USEC_PER_SEC);
	ck_assert_uint_eq(ldp_node_lsp(r1, "4.4.4.4/32")->next_hops[0]->out_label, LABEL_UNSET);
	ck_assert_ptr_null(ldp_node_binding(r1, "4.4.4.4/32", r2));
	ck_assert_ptr_null(ldp_node_session(r1, r2));
}
END_TEST

START_TEST(what_a_restarted_neighbour_does_not_tell_again_is_dropped)
{
	ldp_node_route(r2, "9.9.9.9/32", "10.0.23.3", NULL);
	ldp_net_run(net, USEC_PER_SEC);
	ck_assert_ptr_nonnull(ldp_node_binding(r1, "9.9.9.9/32", r2));
	ldp_node_kill(r2);
	ldp_node_route(r2, "9.9.9.9/32", NULL, NULL);
	ldp_net_run(net, USEC_PER_SEC);
	ck_assert(ldp_node_binding(r1, "9.9.9.9/32", r2)->stale);
	ldp_node_start(r2);
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC));
	ck_assert_ptr_null(ldp_node_binding(r1, "9.9.9.9/32", r2));
	struct prefix p;
	prefix_parse("9.9.9.9/32", &p);
	ck_assert_msg(!net_fib_by_fec(r2, &p), "the old LSP of the restarted router is swept");
}
END_TEST

START_TEST(what_is_kept_for_a_neighbour_is_forgotten_when_the_operator_resets_it)
{
	ldp_node_kill(r2);
	ldp_net_run(net, 2 * USEC_PER_MSEC);
	ck_assert(ldp_node_binding(r1, "4.4.4.4/32", r2)->stale);
	ldp_node_input(r1, &(struct ldp_input){ .kind = LDP_IN_CLEAR, .from = addr_v4(0x02020202) });
	ldp_net_run(net, 2 * USEC_PER_MSEC);
	ck_assert_ptr_null(ldp_node_binding(r1, "4.4.4.4/32", r2));
	ck_assert_uint_eq(ldp_node_lsp(r1, "4.4.4.4/32")->next_hops[0]->out_label, LABEL_UNSET);
}
END_TEST

START_TEST(an_orderly_end_of_ldp_keeps_nothing)
{
	r2->config.enabled = false;
	ldp_node_configure(r2);
	ldp_net_run(net, 10 * USEC_PER_MSEC);
	ck_assert_ptr_null(ldp_node_binding(r1, "4.4.4.4/32", r2));
	ck_assert_uint_eq(ldp_node_lsp(r1, "4.4.4.4/32")->next_hops[0]->out_label, LABEL_UNSET);
	ck_assert(!ldp_node_session(r1, r2)->peer_restarting);
}
END_TEST

START_TEST(a_first_start_completes_the_table_at_once)
{
	struct ldp_net *n = ldp_net_new(1);
	struct ldp_node *only = ldp_net_add(n, "1.1.1.1");
	ldp_node_start(only);
	ck_assert(ldp_tables(only->ldp)[0]->complete);
	ck_assert(!ldp_node_parameters(only)->recovering);
	ldp_net_free(n);
}
END_TEST

/* Hellos go missing for longer than their hold time; the connection is fine. The peer may come back in a moment. */
START_TEST(hellos_lost_for_a_while_cost_no_packet)
{
	ldp_net_run(net, 10 * USEC_PER_SEC);
	net->sim.lose_percent = 100;
	ldp_net_run(net, 10 * USEC_PER_SEC);
	watch();
	ldp_net_run(net, 10 * USEC_PER_SEC);
	ck_assert_ptr_null(ldp_node_adjacency(r1, r2));
	net->sim.lose_percent = 0;
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC));
	ldp_net_run(net, 300 * USEC_PER_SEC);
}
END_TEST

/* Both daemons of a router were killed: fibd has found labels in the kernel, but not what they stand for. */
START_TEST(a_label_of_unknown_meaning_is_not_given_to_another_fec)
{
	uint32_t taken = ldp_node_lsp(r2, "4.4.4.4/32")->in_label;
	ldp_node_kill(r2);
	for (size_t i = 0; i < r2->lsp_count; i++)
		r2->lsps[i].fec = (struct prefix){ 0 };
	ldp_node_start(r2);
	ldp_net_run(net, 2 * USEC_PER_SEC);
	for (int i = 1; i <= 4; i++) {
		char fec[24];
		snprintf(fec, sizeof fec, "%d.%d.%d.%d/32", i, i, i, i);
		if (i != 2)
			ck_assert_uint_ne(ldp_node_binding(r2, fec, NULL)->label, taken);
	}
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC));
	const char *lost = ldp_net_trace_all(net);
	ck_assert_msg(!lost, "%s", lost ? lost : "");
}
END_TEST

START_TEST(fibd_that_restarts_changes_nothing_but_what_is_gone)
{
	watch();
	ldp_node_input(r2, &(struct ldp_input){ .kind = LDP_IN_LOST, .table = LDP_FIB_ROUTE });
	ldp_node_input(r2, &(struct ldp_input){ .kind = LDP_IN_LOST, .table = LDP_FIB_INTERFACE });
	ldp_net_run(net, 20 * USEC_PER_SEC);
	net->watch = NULL;
	for (size_t i = 0; i < r2->route_count; i++)
		if (addr_to_v4(&r2->routes[i].prefix.addr) == r4->lsr)
			r2->routes[i] = r2->routes[--r2->route_count];
	net_fib_tell_all(r2);
	ck_assert_ptr_null(ldp_node_lsp(r2, "4.4.4.4/32"));
	ck_assert_ptr_nonnull(ldp_node_lsp(r2, "3.3.3.3/32"));
	ck_assert_int_eq(ldp_node_session(r2, r1)->state, LDP__SESSION_STATE__OPERATIONAL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ldpd restart");
	TCase *t = tcase_create("RFC 3478");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_session_over_parallel_links_knows_all_of_them_as_soon_as_it_is_back, 0, 20);
	tcase_add_loop_test(t, a_killed_engine_that_comes_back_costs_no_packet_and_keeps_its_labels, 0, 4);
	tcase_add_test(t, a_restart_is_over_soon_after_the_neighbours_have_told_their_labels);
	tcase_add_test(t, two_neighbours_killed_at_once_cost_no_packet);
	tcase_add_test(t, a_second_kill_during_recovery_costs_no_packet);
	tcase_add_test(t, a_neighbour_that_is_heard_late_costs_no_packet);
	tcase_add_test(t, the_neighbour_of_a_dead_engine_keeps_its_labels_for_the_reconnect_time_and_no_longer);
	tcase_add_test(t, what_a_restarted_neighbour_does_not_tell_again_is_dropped);
	tcase_add_test(t, what_is_kept_for_a_neighbour_is_forgotten_when_the_operator_resets_it);
	tcase_add_test(t, an_orderly_end_of_ldp_keeps_nothing);
	tcase_add_test(t, a_first_start_completes_the_table_at_once);
	tcase_add_test(t, hellos_lost_for_a_while_cost_no_packet);
	tcase_add_test(t, a_label_of_unknown_meaning_is_not_given_to_another_fec);
	tcase_add_test(t, fibd_that_restarts_changes_nothing_but_what_is_gone);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
