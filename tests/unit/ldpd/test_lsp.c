/* LSPs from end to end: engines wired together, labels followed hop by hop. RFC 5036 2.6, RFC 3031 3.10. */
#include "base/label.h"
#include "tests/helper/check.h"
#include "tests/helper/ldp_net.h"
#include <stdio.h>

static struct ldp_net *net;
static struct ldp_node *r1, *r2, *r3, *r4;

/* R1 - R2 - R3 - R4 in a row. */
static void
row_of_four(void)
{
	net = ldp_net_new(1);
	r1 = ldp_net_add(net, "1.1.1.1");
	r2 = ldp_net_add(net, "2.2.2.2");
	r3 = ldp_net_add(net, "3.3.3.3");
	r4 = ldp_net_add(net, "4.4.4.4");
	ldp_net_link(net, r1, "10.0.12.1/24", r2, "10.0.12.2/24");
	ldp_net_link(net, r2, "10.0.23.2/24", r3, "10.0.23.3/24");
	ldp_net_link(net, r3, "10.0.34.3/24", r4, "10.0.34.4/24");
	ldp_net_route(net);
	ldp_net_start(net);
}

/* R1 reaches R4 by R2 and by R3. */
static void
diamond(void)
{
	net = ldp_net_new(1);
	r1 = ldp_net_add(net, "1.1.1.1");
	r2 = ldp_net_add(net, "2.2.2.2");
	r3 = ldp_net_add(net, "3.3.3.3");
	r4 = ldp_net_add(net, "4.4.4.4");
	ldp_net_link(net, r1, "10.0.12.1/24", r2, "10.0.12.2/24");
	ldp_net_link(net, r1, "10.0.13.1/24", r3, "10.0.13.3/24");
	ldp_net_link(net, r2, "10.0.24.2/24", r4, "10.0.24.4/24");
	ldp_net_link(net, r3, "10.0.34.3/24", r4, "10.0.34.4/24");
	ldp_net_route(net);
	ldp_net_start(net);
}

static void
teardown(void)
{
	ldp_net_free(net);
}

static void
assert_lsps_complete(void)
{
	const char *lost = ldp_net_trace_all(net);

	ck_assert_msg(!lost, "%s", lost ? lost : "");
}

START_TEST(every_router_reaches_every_loopback_over_labels_within_three_seconds)
{
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 3 * USEC_PER_SEC));
	assert_lsps_complete();
	ck_assert_uint_eq(ldp_node_lsp(r1, "1.1.1.1/32")->in_label, LABEL_IMPLICIT_NULL);
	ck_assert(ldp_node_lsp(r1, "1.1.1.1/32")->egress);
	ck_assert_uint_eq(ldp_node_rows(r1, "ldp.Lsp"), 4);
}
END_TEST

START_TEST(the_neighbour_of_the_egress_pops_and_all_others_swap)
{
	ldp_net_until(net, ldp_net_is_settled, 3 * USEC_PER_SEC);
	const Ldp__Lsp *at3 = ldp_node_lsp(r3, "4.4.4.4/32");
	ck_assert_uint_eq(at3->n_next_hops, 1);
	ck_assert_uint_eq(at3->next_hops[0]->out_label, LABEL_IMPLICIT_NULL);
	ck_assert_uint_eq(at3->next_hops[0]->peer, r4->lsr);
	uint32_t label3 = at3->in_label;
	ck_assert_uint_ge(label3, 1024);
	const Ldp__Lsp *at2 = ldp_node_lsp(r2, "4.4.4.4/32");
	ck_assert_uint_eq(at2->next_hops[0]->out_label, label3);
	ck_assert_uint_eq(at2->next_hops[0]->peer, r3->lsr);
}
END_TEST

START_TEST(both_next_hops_of_an_equal_cost_route_carry_their_own_neighbours_label)
{
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 3 * USEC_PER_SEC));
	assert_lsps_complete();
	const Ldp__Lsp *l = ldp_node_lsp(r1, "4.4.4.4/32");
	ck_assert_uint_eq(l->n_next_hops, 2);
	uint32_t labels[] = { l->next_hops[0]->out_label, l->next_hops[1]->out_label };
	ck_assert_uint_eq(l->next_hops[0]->peer, r2->lsr);
	ck_assert_uint_eq(l->next_hops[1]->peer, r3->lsr);
	ck_assert_uint_eq(ldp_node_binding(r1, "4.4.4.4/32", r2)->label, labels[0]);
	ck_assert(ldp_node_binding(r1, "4.4.4.4/32", r2)->in_use);
	ck_assert_uint_eq(ldp_node_binding(r1, "4.4.4.4/32", r3)->label, labels[1]);
}
END_TEST

/* Liberal retention: the label of the new next hop is there before it is needed. */
START_TEST(a_changed_route_uses_the_retained_label_at_once)
{
	ldp_net_until(net, ldp_net_is_settled, 3 * USEC_PER_SEC);
	uint32_t kept = ldp_node_binding(r1, "4.4.4.4/32", r3)->label, ours = ldp_node_lsp(r1, "4.4.4.4/32")->in_label;
	ldp_node_route(r1, "4.4.4.4/32", "10.0.12.2", NULL);
	ck_assert(!ldp_node_binding(r1, "4.4.4.4/32", r3)->in_use);
	ldp_node_route(r1, "4.4.4.4/32", "10.0.13.3", NULL);
	const Ldp__Lsp *l = ldp_node_lsp(r1, "4.4.4.4/32");
	ck_assert_uint_eq(l->n_next_hops, 1);
	ck_assert_uint_eq(l->next_hops[0]->out_label, kept);
	ck_assert_uint_eq(l->in_label, ours);
	ck_assert(ldp_node_binding(r1, "4.4.4.4/32", r3)->in_use);
}
END_TEST

START_TEST(a_next_hop_whose_neighbour_gave_no_label_is_listed_without_one)
{
	ldp_net_until(net, ldp_net_is_settled, 3 * USEC_PER_SEC);
	ldp_node_route(r1, "9.9.9.9/32", "10.0.12.2", NULL);
	const Ldp__Lsp *l = ldp_node_lsp(r1, "9.9.9.9/32");
	ck_assert_ptr_nonnull(l);
	ck_assert_uint_eq(l->n_next_hops, 1);
	ck_assert_uint_eq(l->next_hops[0]->out_label, LABEL_UNSET);
	ck_assert_uint_eq(l->next_hops[0]->peer, 0);
}
END_TEST

START_TEST(the_label_and_the_row_go_with_the_route)
{
	ldp_net_until(net, ldp_net_is_settled, 3 * USEC_PER_SEC);
	ldp_node_route(r2, "9.9.9.9/32", "10.0.23.3", NULL);
	ldp_net_run(net, USEC_PER_SEC);
	ck_assert_ptr_nonnull(ldp_node_binding(r1, "9.9.9.9/32", r2));
	ldp_node_route(r2, "9.9.9.9/32", NULL, NULL);
	ck_assert_ptr_null(ldp_node_lsp(r2, "9.9.9.9/32"));
	ldp_net_run(net, USEC_PER_SEC);
	ck_assert_ptr_null(ldp_node_binding(r1, "9.9.9.9/32", r2));
	ck_assert_ptr_null(ldp_node_binding(r2, "9.9.9.9/32", NULL));
}
END_TEST

/* Two links to one neighbour, which loses its address on one of them: the session stays, the next hop is nobody's. */
START_TEST(an_address_that_is_withdrawn_takes_its_label_out_of_use)
{
	struct ldp_net *n = ldp_net_new(1);
	struct ldp_node *a = ldp_net_add(n, "1.1.1.1"), *b = ldp_net_add(n, "2.2.2.2");
	ldp_net_link(n, a, "10.0.12.1/24", b, "10.0.12.2/24");
	ldp_net_link(n, a, "10.1.12.1/24", b, "10.1.12.2/24");
	ldp_net_route(n);
	ldp_net_start(n);
	ck_assert(ldp_net_until(n, ldp_net_is_settled, 3 * USEC_PER_SEC));
	ck_assert_uint_eq(ldp_node_lsp(a, "2.2.2.2/32")->next_hops[1]->out_label, LABEL_IMPLICIT_NULL);
	b->sim.ports[2].address = (struct prefix){ 0 };
	ldp_node_port(b, &b->sim.ports[2]);
	ldp_net_run(n, 2 * USEC_PER_MSEC);
	const Ldp__Lsp *l = ldp_node_lsp(a, "2.2.2.2/32");
	ck_assert_uint_eq(l->next_hops[0]->out_label, LABEL_IMPLICIT_NULL);
	ck_assert_uint_eq(l->next_hops[1]->out_label, LABEL_UNSET);
	ck_assert_int_eq(ldp_node_session(a, b)->state, LDP__SESSION_STATE__OPERATIONAL);
	ldp_net_free(n);
}
END_TEST

START_TEST(a_prefix_that_is_no_host_route_gets_no_label)
{
	ldp_net_until(net, ldp_net_is_settled, 3 * USEC_PER_SEC);
	ldp_node_route(r1, "192.168.4.0/24", "10.0.12.2", NULL);
	ck_assert_ptr_null(ldp_node_lsp(r1, "192.168.4.0/24"));
	ck_assert_ptr_null(ldp_node_binding(r1, "192.168.4.0/24", NULL));
}
END_TEST

/* The same seed and the same inputs: every effect of every engine again, byte for byte. */
static uint64_t
transcript_of_a_troubled_minute(uint64_t seed)
{
	struct ldp_net *n = ldp_net_new(seed);
	struct ldp_node *a = ldp_net_add(n, "1.1.1.1"), *b = ldp_net_add(n, "2.2.2.2"), *c = ldp_net_add(n, "3.3.3.3");
	ldp_net_link(n, a, "10.0.12.1/24", b, "10.0.12.2/24");
	struct sim_link *l = ldp_net_link(n, b, "10.0.23.2/24", c, "10.0.23.3/24");
	ldp_net_link(n, c, "10.0.13.3/24", a, "10.0.13.1/24");
	n->sim.lose_percent = 20;
	n->sim.chop = true;
	ldp_net_route(n);
	ldp_net_start(n);
	ldp_net_run(n, 20 * USEC_PER_SEC);
	l->cut = true;
	ldp_net_route(n);
	ldp_net_run(n, 20 * USEC_PER_SEC);
	l->cut = false;
	ldp_net_route(n);
	ldp_node_kill(b);
	ldp_net_run(n, USEC_PER_SEC);
	ldp_node_start(b);
	ldp_net_run(n, 20 * USEC_PER_SEC);
	uint64_t transcript = n->sim.transcript;
	ck_assert_uint_gt(n->sim.effects, 100);
	ldp_net_free(n);
	return transcript;
}

START_TEST(the_same_inputs_give_the_same_outputs)
{
	ck_assert_uint_eq(transcript_of_a_troubled_minute(7), transcript_of_a_troubled_minute(7));
	ck_assert_uint_ne(transcript_of_a_troubled_minute(7), transcript_of_a_troubled_minute(8));
}
END_TEST

START_TEST(bytes_cut_anywhere_and_lost_hellos_change_nothing_in_the_end)
{
	struct ldp_net *n = ldp_net_new((uint64_t)_i + 100);
	struct ldp_node *a = ldp_net_add(n, "1.1.1.1"), *b = ldp_net_add(n, "2.2.2.2");
	ldp_net_link(n, a, "10.0.12.1/24", b, "10.0.12.2/24");
	ldp_net_link(n, a, "10.1.12.1/24", b, "10.1.12.2/24");
	n->sim.lose_percent = 30;
	n->sim.chop = true;
	for (int i = 0; i < 300; i++) {
		char fec[24];
		snprintf(fec, sizeof fec, "10.9.%d.%d/32", i / 200, i % 200 + 1);
		ldp_node_route(b, fec, "10.0.12.1", NULL);
	}
	ldp_net_route(n);
	ldp_net_start(n);
	ck_assert(ldp_net_until(n, ldp_net_is_settled, 60 * USEC_PER_SEC));
	const char *lost = ldp_net_trace_all(n);
	ck_assert_msg(!lost, "%s", lost ? lost : "");
	ck_assert_uint_eq(ldp_node_rows(a, "ldp.Binding"), 302 + 2);
	ldp_net_free(n);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ldpd lsp");
	TCase *t = tcase_create("a row of four");
	tcase_add_checked_fixture(t, row_of_four, teardown);
	tcase_add_test(t, every_router_reaches_every_loopback_over_labels_within_three_seconds);
	tcase_add_test(t, the_neighbour_of_the_egress_pops_and_all_others_swap);
	tcase_add_test(t, a_next_hop_whose_neighbour_gave_no_label_is_listed_without_one);
	tcase_add_test(t, the_label_and_the_row_go_with_the_route);
	tcase_add_test(t, a_prefix_that_is_no_host_route_gets_no_label);
	suite_add_tcase(s, t);

	t = tcase_create("a diamond");
	tcase_add_checked_fixture(t, diamond, teardown);
	tcase_add_test(t, both_next_hops_of_an_equal_cost_route_carry_their_own_neighbours_label);
	tcase_add_test(t, a_changed_route_uses_the_retained_label_at_once);
	suite_add_tcase(s, t);

	t = tcase_create("several links");
	tcase_add_test(t, an_address_that_is_withdrawn_takes_its_label_out_of_use);
	suite_add_tcase(s, t);

	t = tcase_create("the contract of an engine");
	tcase_add_test(t, the_same_inputs_give_the_same_outputs);
	tcase_add_loop_test(t, bytes_cut_anywhere_and_lost_hellos_change_nothing_in_the_end, 0, 5);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
