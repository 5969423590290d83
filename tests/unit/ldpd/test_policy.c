/* What the operator decides about labels: RFC 5036 2.6, RFC 3032 2.1, RFC 3988. Each change counts at once, without a reset. */
#include "base/label.h"
#include "tests/helper/check.h"
#include "tests/helper/ldp_script.h"
#include <stdio.h>
#include <string.h>

static struct script *s;
static struct ldp_node peer;

/* By so many next hops: the first one is the neighbour, the second one is never heard. */
static void
route_by(const char *fec, unsigned hops)
{
	static const char *const vias[] = { "10.0.0.9", "10.0.0.99" };
	struct net_route r;

	memset(&r, 0, sizeof r);
	prefix_parse(fec, &r.prefix);
	for (; r.hop_count < hops; r.hop_count++) {
		r.hops[r.hop_count].ifindex = 2;
		addr_parse(vias[r.hop_count], &r.hops[r.hop_count].via);
	}
	net_fib_set_route(s->dut, &r);
}

static void
route(const char *fec)
{
	route_by(fec, 1);
}

static void
setup(void)
{
	s = script_new("3.3.3.3");
	peer = (struct ldp_node){ .lsr = s->lsr };
	route("9.9.9.9/32");
	route("8.8.8.8/32");
	route("172.16.0.0/16");
	script_up(s);
	script_addresses(s, "10.0.0.9");
}

static void
teardown(void)
{
	ck_assert_str_eq(script_state(s), "Operational");
	ldp_config_free(&s->dut->config);
	script_free(s);
}

static uint32_t
our_label(const char *fec)
{
	const Ldp__Binding *b = ldp_node_binding(s->dut, fec, NULL);

	return b ? b->label : LABEL_UNSET;
}

static void
configure(void)
{
	script_forget(s);
	ldp_node_configure(s->dut);
}

static void
list(const char *name, const char *prefix, uint8_t longest)
{
	struct prefix_rule r = { .permit = true };

	prefix_parse(prefix, &r.prefix);
	r.greater_equal = r.prefix.len;
	r.less_equal = longest;
	prefix_lists_set(&s->dut->config.prefix_lists, name, r);
}

static void
filter(struct ldp_filter *f, enum ldp_which which, const char *name)
{
	*f = (struct ldp_filter){ .which = which };
	snprintf(f->list, sizeof f->list, "%s", name);
}

static uint32_t
out_label(const char *fec)
{
	const Ldp__Lsp *l = ldp_node_lsp(s->dut, fec);

	return l && l->n_next_hops ? l->next_hops[0]->out_label : LABEL_UNSET;
}

/* The last message of this type: is it about this FEC? */
static bool
is_about(const struct ldp_msg *m, const char *fec)
{
	struct wire_reader r = m->label.fecs;
	struct prefix p;
	struct ldp_fec e;

	prefix_parse(fec, &p);
	return ldp_decode_fec(&r, &e) == LDP_OK && e.len == p.len && addr_eq(&e.addr, &p.addr);
}

/* --- allocation --- */

START_TEST(only_hosts_get_labels_unless_more_is_wanted)
{
	ck_assert_uint_ne(our_label("9.9.9.9/32"), LABEL_UNSET);
	ck_assert_uint_eq(our_label("172.16.0.0/16"), LABEL_UNSET);
}
END_TEST

START_TEST(all_routes_get_labels_when_that_is_wanted_and_lose_them_again)
{
	filter(&s->dut->config.allocate, LDP_ALL, "");
	configure();
	uint32_t label = our_label("172.16.0.0/16");
	ck_assert_uint_ne(label, LABEL_UNSET);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_WITHDRAW), 0);
	ck_assert_uint_ge(script_count(s, LDP_LABEL_MAPPING), 1);
	filter(&s->dut->config.allocate, LDP_HOSTS, "");
	configure();
	ck_assert_uint_eq(script_count(s, LDP_LABEL_WITHDRAW), 1 + (our_label("10.0.0.0/24") != LABEL_UNSET));
	ck_assert(is_about(script_last(s, LDP_LABEL_WITHDRAW), "172.16.0.0/16"));
	ck_assert_uint_eq(our_label("172.16.0.0/16"), LABEL_UNSET);
	ck_assert_uint_ne(our_label("9.9.9.9/32"), LABEL_UNSET);
}
END_TEST

START_TEST(a_list_names_the_fecs_and_a_change_of_the_list_counts_at_once)
{
	list("L", "9.9.9.9/32", 32);
	filter(&s->dut->config.allocate, LDP_LISTED, "L");
	configure();
	ck_assert_uint_ne(our_label("9.9.9.9/32"), LABEL_UNSET);
	ck_assert_uint_eq(our_label("8.8.8.8/32"), LABEL_UNSET);
	ck_assert_msg(our_label("2.2.2.2/32") == LABEL_UNSET, "our own addresses follow the list too");
	list("L", "172.16.0.0/16", 16);
	configure();
	ck_assert_uint_ne(our_label("172.16.0.0/16"), LABEL_UNSET);
	ck_assert_msg(script_count(s, LDP_LABEL_WITHDRAW) == 0, "what did not change is not touched");
}
END_TEST

START_TEST(none_means_none)
{
	filter(&s->dut->config.allocate, LDP_NONE, "");
	configure();
	ck_assert_uint_eq(script_count(s, LDP_LABEL_WITHDRAW), 3);
	ck_assert_uint_eq(our_label("9.9.9.9/32"), LABEL_UNSET);
	ck_assert_uint_eq(our_label("2.2.2.2/32"), LABEL_UNSET);
}
END_TEST

/* --- what is told --- */

START_TEST(a_peer_is_told_what_its_filter_lets_through)
{
	list("L", "8.8.8.8/32", 32);
	filter(&s->dut->config.told, LDP_LISTED, "L");
	configure();
	ck_assert_msg(script_count(s, LDP_LABEL_WITHDRAW) == 2, "9.9.9.9 and our own are withdrawn");
	ck_assert_uint_ne(our_label("9.9.9.9/32"), LABEL_UNSET);
	ck_assert_uint_eq(ldp_node_binding(s->dut, "9.9.9.9/32", NULL)->n_sent_to, 0);
	/* A line of its own counts instead of that for all. */
	struct addr id = addr_v4(s->lsr);
	filter(&ldp_config_peer_get(&s->dut->config, &id)->told, LDP_ALL, "");
	configure();
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 2);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_WITHDRAW), 0);
}
END_TEST

START_TEST(a_label_request_is_answered_within_the_filter)
{
	filter(&s->dut->config.told, LDP_NONE, "");
	configure();
	script_forget(s);
	script_label(s, LDP_LABEL_REQUEST, "2.2.2.2/32", LABEL_UNSET);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 0);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_NO_ROUTE);
}
END_TEST

/* --- what is used --- */

START_TEST(a_label_that_is_not_accepted_is_kept_but_no_packet_goes_by_it)
{
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 777);
	ck_assert_uint_eq(out_label("9.9.9.9/32"), 777);
	filter(&s->dut->config.accepted, LDP_NONE, "");
	configure();
	ck_assert_uint_eq(out_label("9.9.9.9/32"), LABEL_UNSET);
	ck_assert(ldp_node_binding(s->dut, "9.9.9.9/32", &peer)->not_accepted);
	ck_assert_msg(script_count(s, LDP_LABEL_RELEASE) == 0, "liberal retention");
	filter(&s->dut->config.accepted, LDP_ALL, "");
	configure();
	ck_assert_uint_eq(out_label("9.9.9.9/32"), 777);
	ck_assert(!ldp_node_binding(s->dut, "9.9.9.9/32", &peer)->not_accepted);
}
END_TEST

/* --- the egress --- */

START_TEST(the_egress_says_implicit_null_explicit_null_or_a_label_of_its_own)
{
	ck_assert_uint_eq(our_label("2.2.2.2/32"), LABEL_IMPLICIT_NULL);
	s->dut->config.egress = LDP_EXPLICIT_NULL;
	configure();
	ck_assert_uint_eq(our_label("2.2.2.2/32"), LABEL_IPV4_EXPLICIT_NULL);
	ck_assert_uint_eq(script_last(s, LDP_LABEL_WITHDRAW)->label.label, LABEL_IMPLICIT_NULL);
	ck_assert_uint_eq(script_last(s, LDP_LABEL_MAPPING)->label.label, LABEL_IPV4_EXPLICIT_NULL);
	s->dut->config.egress = LDP_NON_NULL;
	configure();
	uint32_t own = our_label("2.2.2.2/32");
	ck_assert(own >= LABEL_FIRST_FREE && own <= LABEL_MAX);
	ck_assert(ldp_node_lsp(s->dut, "2.2.2.2/32")->egress);
	s->dut->config.egress = LDP_IMPLICIT_NULL;
	configure();
	ck_assert_uint_eq(our_label("2.2.2.2/32"), LABEL_IMPLICIT_NULL);
}
END_TEST

/* --- ordered control, 2.6.1.2 --- */

START_TEST(with_ordered_control_a_label_is_told_when_the_next_hop_has_given_one)
{
	s->dut->config.ordered = true;
	configure();
	ck_assert_msg(script_count(s, LDP_LABEL_WITHDRAW) == 2, "those without a label of the next hop are withdrawn");
	script_label(s, LDP_LABEL_RELEASE, "9.9.9.9/32", LABEL_UNSET);
	script_label(s, LDP_LABEL_RELEASE, "8.8.8.8/32", LABEL_UNSET);
	script_forget(s);
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 777);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 1);
	ck_assert(is_about(script_last(s, LDP_LABEL_MAPPING), "9.9.9.9/32"));
	script_forget(s);
	script_label(s, LDP_LABEL_WITHDRAW, "9.9.9.9/32", 777);
	ck_assert(is_about(script_last(s, LDP_LABEL_WITHDRAW), "9.9.9.9/32"));
	s->dut->config.ordered = false;
	configure();
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 2);
}
END_TEST

START_TEST(the_release_of_what_was_withdrawn_leaves_alone_what_was_told_since)
{
	s->dut->config.ordered = true;
	configure();
	s->dut->config.ordered = false;
	configure();
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 2);
	script_label(s, LDP_LABEL_RELEASE, "9.9.9.9/32", our_label("9.9.9.9/32")); /* the answer to the Withdraw */
	ck_assert_uint_eq(ldp_node_binding(s->dut, "9.9.9.9/32", NULL)->n_sent_to, 1);
	script_label(s, LDP_LABEL_RELEASE, "9.9.9.9/32", our_label("9.9.9.9/32")); /* and one of its own accord */
	ck_assert_uint_eq(ldp_node_binding(s->dut, "9.9.9.9/32", NULL)->n_sent_to, 0);
}
END_TEST

START_TEST(with_ordered_control_the_egress_speaks_first)
{
	s->dut->config.ordered = true;
	configure();
	ck_assert_uint_eq(ldp_node_binding(s->dut, "2.2.2.2/32", NULL)->n_sent_to, 1);
}
END_TEST

/* The neighbour is one of two next hops, so it may ask. */
static void
ask_in_vain(void)
{
	s->dut->config.ordered = true;
	configure();
	route_by("9.9.9.9/32", 2);
	script_label(s, LDP_LABEL_RELEASE, "9.9.9.9/32", LABEL_UNSET);
	script_forget(s);
	script_label(s, LDP_LABEL_REQUEST, "9.9.9.9/32", LABEL_UNSET);
	ck_assert_uint_eq(script_count(s, LDP_NOTIFICATION), 0);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 0);
}

static void
abort_request(uint32_t id)
{
	struct ldp_fec fec = { .kind = FEC_PREFIX, .family = LDP_IPV4, .addr = addr_v4(0x09090909), .len = 32 };
	struct ldp_writer w;

	script_begin(s, &w);
	ldp_put_label(&w, script_id(s), LDP_LABEL_ABORT, &fec, LABEL_UNSET, id);
	script_send(s, &w);
}

START_TEST(with_ordered_control_a_request_waits_for_the_next_hop_and_is_answered_with_its_id)
{
	ask_in_vain();
	uint32_t asked = s->next_id;
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 777);
	ck_assert_uint_eq(script_count(s, LDP_LABEL_MAPPING), 1);
	ck_assert_uint_eq(script_last(s, LDP_LABEL_MAPPING)->label.request_id, asked);
	script_forget(s);
	abort_request(asked);
	ck_assert_msg(script_count(s, LDP_NOTIFICATION) == 0, "what was answered cannot be aborted");
}
END_TEST

START_TEST(a_request_that_waits_can_be_aborted_by_its_id_and_by_no_other)
{
	ask_in_vain();
	uint32_t asked = s->next_id;
	abort_request(asked + 100);
	ck_assert_uint_eq(script_count(s, LDP_NOTIFICATION), 0);
	abort_request(asked);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_REQUEST_ABORTED);
	script_label(s, LDP_LABEL_MAPPING, "9.9.9.9/32", 777);
	ck_assert_uint_eq(script_last(s, LDP_LABEL_MAPPING)->label.request_id, 0);
}
END_TEST

START_TEST(a_request_that_waits_ends_with_the_route)
{
	ask_in_vain();
	uint32_t asked = s->next_id;
	route_by("9.9.9.9/32", 0);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_NO_ROUTE);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.about_id, asked);
	ck_assert_ptr_null(ldp_node_binding(s->dut, "9.9.9.9/32", NULL));
}
END_TEST

START_TEST(the_only_next_hop_asks_in_a_loop)
{
	script_label(s, LDP_LABEL_REQUEST, "9.9.9.9/32", LABEL_UNSET);
	ck_assert_uint_eq(script_last(s, LDP_NOTIFICATION)->notification.status, LDP_LOOP_DETECTED);
}
END_TEST

START_TEST(with_ordered_control_the_end_of_the_next_hops_session_is_told_upstream)
{
	struct ldp_net *net = ldp_net_new(3);
	struct ldp_node *a = ldp_net_add(net, "1.1.1.1"), *b = ldp_net_add(net, "2.2.2.2"),
			*c = ldp_net_add(net, "3.3.3.3");

	ldp_net_link(net, a, "10.0.12.1/24", b, "10.0.12.2/24");
	ldp_net_link(net, b, "10.0.23.2/24", c, "10.0.23.3/24");
	b->config.ordered = true;
	ldp_net_route(net);
	ldp_net_start(net);
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC));
	ldp_net_run(net, USEC_PER_SEC);
	ck_assert_ptr_nonnull(ldp_node_binding(a, "3.3.3.3/32", b));
	c->config.enabled = false;
	ldp_node_configure(c);
	ldp_net_run(net, USEC_PER_SEC);
	ck_assert_ptr_null(ldp_node_binding(a, "3.3.3.3/32", b));
	ck_assert_ptr_nonnull(ldp_node_binding(a, "2.2.2.2/32", b));
	c->config.enabled = true;
	ldp_node_configure(c);
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC));
	ldp_net_run(net, USEC_PER_SEC);
	ck_assert_ptr_nonnull(ldp_node_binding(a, "3.3.3.3/32", b));
	ldp_net_free(net);
}
END_TEST

/* --- the rest --- */

START_TEST(the_row_says_what_happens_to_packets_without_a_downstream_label)
{
	ck_assert(!ldp_node_lsp(s->dut, "9.9.9.9/32")->pop_broken);
	s->dut->config.pop_broken = true;
	configure();
	ck_assert(ldp_node_lsp(s->dut, "9.9.9.9/32")->pop_broken);
	ck_assert_uint_eq(s->said_count, 0);
}
END_TEST

START_TEST(the_same_configuration_again_says_nothing)
{
	list("L", "8.8.8.8/32", 32);
	filter(&s->dut->config.told, LDP_LISTED, "L");
	configure();
	configure();
	ck_assert_uint_eq(s->said_count, 0);
}
END_TEST

static void
map_with_mtu(uint32_t label, uint16_t mtu)
{
	struct ldp_writer w;
	struct prefix p;

	prefix_parse("9.9.9.9/32", &p);
	script_begin(s, &w);
	ldp_put_label_fields(&w, script_id(s), LDP_LABEL_MAPPING,
	    &(struct ldp_label_fields){ .fec = { .kind = FEC_PREFIX, .family = LDP_IPV4, .addr = p.addr, .len = p.len },
		.label = label,
		.mtu = mtu });
	script_send(s, &w);
}

START_TEST(the_mtu_is_the_least_of_what_the_next_hop_says_and_what_the_link_carries)
{
	struct sim_port *port = ldp_node_find_port(s->dut, 2);

	port->mtu = 1500;
	ldp_node_port(s->dut, port);
	script_forget(s);
	map_with_mtu(777, 9000);
	ck_assert_msg(script_last(s, LDP_LABEL_MAPPING)->label.mtu == 1496, "the link's, less the label");
	ck_assert_uint_eq(ldp_node_lsp(s->dut, "9.9.9.9/32")->mtu, 1496);
	script_forget(s);
	map_with_mtu(777, 1300);
	ck_assert_uint_eq(script_last(s, LDP_LABEL_MAPPING)->label.mtu, 1300);
	ck_assert_uint_eq(script_last(s, LDP_LABEL_MAPPING)->label.label, our_label("9.9.9.9/32"));
	script_forget(s);
	map_with_mtu(777, 1300);
	ck_assert_msg(s->said_count == 0, "nothing new is not told");
}
END_TEST

START_TEST(without_ldp_there_are_no_labels_and_with_it_they_are_back)
{
	struct ldp_net *net = ldp_net_new(5);
	struct ldp_node *a = ldp_net_add(net, "1.1.1.1"), *b = ldp_net_add(net, "2.2.2.2");

	ldp_net_link(net, a, "10.0.12.1/24", b, "10.0.12.2/24");
	ldp_net_route(net);
	ldp_net_start(net);
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC));
	ck_assert_uint_ne(ldp_node_rows(a, "ldp.Lsp"), 0);
	a->config.enabled = false;
	ldp_node_configure(a);
	ldp_net_run(net, USEC_PER_SEC);
	ck_assert_uint_eq(ldp_node_rows(a, "ldp.Lsp"), 0);
	ck_assert_uint_eq(ldp_node_rows(a, "ldp.Binding"), 0);
	ck_assert_uint_eq(a->lsp_count, 0);
	a->config.enabled = true;
	ldp_node_configure(a);
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC));
	ldp_net_run(net, USEC_PER_SEC);
	ck_assert_ptr_null(ldp_net_trace_all(net));
	ldp_net_free(net);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("ldpd policy");
	TCase *a = tcase_create("allocation"), *t = tcase_create("told and used"), *e = tcase_create("egress"),
	      *o = tcase_create("RFC 5036 2.6.1"), *r = tcase_create("the rest");

	tcase_add_checked_fixture(a, setup, teardown);
	tcase_add_test(a, only_hosts_get_labels_unless_more_is_wanted);
	tcase_add_test(a, all_routes_get_labels_when_that_is_wanted_and_lose_them_again);
	tcase_add_test(a, a_list_names_the_fecs_and_a_change_of_the_list_counts_at_once);
	tcase_add_test(a, none_means_none);
	tcase_add_test(a, without_ldp_there_are_no_labels_and_with_it_they_are_back);
	suite_add_tcase(suite, a);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_peer_is_told_what_its_filter_lets_through);
	tcase_add_test(t, a_label_request_is_answered_within_the_filter);
	tcase_add_test(t, a_label_that_is_not_accepted_is_kept_but_no_packet_goes_by_it);
	suite_add_tcase(suite, t);
	tcase_add_checked_fixture(e, setup, teardown);
	tcase_add_test(e, the_egress_says_implicit_null_explicit_null_or_a_label_of_its_own);
	suite_add_tcase(suite, e);
	tcase_add_checked_fixture(o, setup, teardown);
	tcase_add_test(o, with_ordered_control_a_label_is_told_when_the_next_hop_has_given_one);
	tcase_add_test(o, the_release_of_what_was_withdrawn_leaves_alone_what_was_told_since);
	tcase_add_test(o, with_ordered_control_the_end_of_the_next_hops_session_is_told_upstream);
	tcase_add_test(o, with_ordered_control_the_egress_speaks_first);
	tcase_add_test(o, with_ordered_control_a_request_waits_for_the_next_hop_and_is_answered_with_its_id);
	tcase_add_test(o, a_request_that_waits_can_be_aborted_by_its_id_and_by_no_other);
	tcase_add_test(o, a_request_that_waits_ends_with_the_route);
	tcase_add_test(o, the_only_next_hop_asks_in_a_loop);
	suite_add_tcase(suite, o);
	tcase_add_checked_fixture(r, setup, teardown);
	tcase_add_test(r, the_row_says_what_happens_to_packets_without_a_downstream_label);
	tcase_add_test(r, the_same_configuration_again_says_nothing);
	tcase_add_test(r, the_mtu_is_the_least_of_what_the_next_hop_says_and_what_the_link_carries);
	suite_add_tcase(suite, r);
	return suite;
}
CHECK_MAIN(suite)
