/* LDP with IPv6, alone and beside IPv4: RFC 7552. */
#include "base/label.h"
#include "ldpd/packet.h"
#include "tests/helper/check.h"
#include "tests/helper/ldp_net.h"
#include <string.h>

static struct ldp_net *net;
static struct ldp_node *r1, *r2, *r3;
static struct sim_link *l12;

static void
setup(void)
{
	net = ldp_net_new(7);
	r1 = ldp_net_add(net, "1.1.1.1");
	r2 = ldp_net_add(net, "2.2.2.2");
	r3 = ldp_net_add(net, "3.3.3.3");
	l12 = ldp_net_link(net, r1, "10.0.12.1/24", r2, "10.0.12.2/24");
	ldp_net_link(net, r2, "10.0.23.2/24", r3, "10.0.23.3/24");
}

static void
teardown(void)
{
	ldp_net_free(net);
}

static void
start(bool alone)
{
	ldp_net_add_ipv6(net, alone);
	ldp_net_route(net);
	ldp_net_start(net);
	ck_assert_msg(ldp_net_until(net, ldp_net_is_settled, 20 * USEC_PER_SEC), "%s", text_chars(&r1->sim.log));
}

static unsigned
transport_family(struct ldp_node *a, struct ldp_node *b)
{
	const Ldp__Session *s = ldp_node_session(a, b);

	return s && s->state == LDP__SESSION_STATE__OPERATIONAL ? s->peer_address.len == 16 ? 6 : 4 : 0;
}

static bool
is_whole(struct ldp_net *n)
{
	return !ldp_net_trace_all(n) && !ldp_net_trace_all6(n);
}

START_TEST(two_families_share_one_session_over_ipv6_and_both_get_complete_lsps)
{
	start(false);
	ck_assert_uint_eq(transport_family(r1, r2), 6);
	ck_assert_uint_eq(ldp_node_rows(r1, "ldp.Session"), 1);
	ck_assert_uint_eq(ldp_node_rows(r1, "ldp.Adjacency"), 2);
	const char *lost = ldp_net_trace_all(net);
	ck_assert_msg(!lost, "%s", lost);
	lost = ldp_net_trace_all6(net);
	ck_assert_msg(!lost, "%s", lost);
}
END_TEST

START_TEST(with_the_preference_for_ipv4_the_session_goes_over_it_and_carries_both)
{
	r1->config.prefer_v4 = r2->config.prefer_v4 = r3->config.prefer_v4 = true;
	start(false);
	ck_assert_uint_eq(transport_family(r1, r2), 4);
	ck_assert(is_whole(net));
}
END_TEST

START_TEST(ipv6_alone_gives_lsps_for_ipv6_and_none_for_ipv4)
{
	start(true);
	ck_assert_uint_eq(transport_family(r1, r2), 6);
	ck_assert_ptr_null(ldp_net_trace_all6(net));
	ck_assert_ptr_null(ldp_node_binding(r1, "2.2.2.2/32", r2));
	ck_assert_ptr_nonnull(ldp_node_binding(r1, "2001:db8::202:202:1/128", r2));
}
END_TEST

START_TEST(different_preferences_bring_no_session_and_are_said)
{
	r1->config.prefer_v4 = true;
	ldp_net_add_ipv6(net, false);
	ldp_net_route(net);
	ldp_net_start(net);
	ldp_net_run(net, 60 * USEC_PER_SEC);
	ck_assert_uint_eq(transport_family(r1, r2), 0);
	ck_assert_uint_eq(transport_family(r2, r3), 6);
	ck_assert(ldp_node_logged(r1, "see transport-preference"));
	ck_assert_uint_eq(ldp_node_log_count(r1, "see transport-preference"), 1);
	r1->config.prefer_v4 = false;
	ldp_node_configure(r1);
	ck_assert(ldp_net_until(net, is_whole, 60 * USEC_PER_SEC));
	ck_assert_uint_eq(transport_family(r1, r2), 6);
}
END_TEST

START_TEST(a_changed_preference_ends_the_session_with_its_status)
{
	start(false);
	r1->config.prefer_v4 = true;
	ldp_node_configure(r1);
	ldp_net_run(net, 30 * USEC_PER_SEC);
	ck_assert_uint_eq(transport_family(r1, r2), 0);
	ck_assert(ldp_node_logged(r1, "Transport Connection Mismatch") ||
		  ldp_node_logged(r2, "Transport Connection Mismatch"));
}
END_TEST

START_TEST(a_neighbour_that_speaks_ipv4_only_gets_nothing_of_ipv6)
{
	ldp_net_add_ipv6(net, false);
	for (size_t i = 0; i < r3->config.interface_count; i++)
		r3->config.interfaces[i].v6 = false;
	ldp_net_route(net);
	ldp_net_start(net);
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 20 * USEC_PER_SEC));
	ck_assert_uint_eq(transport_family(r2, r3), 4);
	ck_assert_uint_eq(transport_family(r1, r2), 6);
	ck_assert_ptr_null(ldp_net_trace_all(net));
	ck_assert_ptr_nonnull(ldp_node_binding(r3, "1.1.1.1/32", r2));
	ck_assert_ptr_null(ldp_node_binding(r3, "2001:db8::101:101:1/128", r2));
	ck_assert_uint_eq(ldp_node_session(r3, r2)->received->notification, 1); /* the End-of-LIB of IPv4 */
}
END_TEST

START_TEST(ipv6_that_is_switched_on_later_joins_the_session_that_runs)
{
	ldp_net_add_ipv6(net, false);
	for (int i = 0; i < 3; i++)
		for (size_t k = 0; k < net->nodes[i]->config.interface_count; k++)
			net->nodes[i]->config.interfaces[k].v6 = false;
	ldp_net_route(net);
	ldp_net_start(net);
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 20 * USEC_PER_SEC));
	uint32_t uid = ldp_node_session(r1, r2)->uid;
	for (int i = 0; i < 3; i++) {
		ldp_net_run(net, USEC_PER_SEC);
		for (size_t k = 0; k < net->nodes[i]->config.interface_count; k++)
			net->nodes[i]->config.interfaces[k].v6 = true;
		ldp_node_configure(net->nodes[i]);
	}
	ck_assert_msg(ldp_net_until(net, is_whole, 60 * USEC_PER_SEC), "%s", ldp_net_trace_all6(net));
	ck_assert_uint_eq(ldp_node_session(r1, r2)->uid, uid);
}
END_TEST

START_TEST(ipv6_that_is_switched_off_takes_its_labels_with_it)
{
	start(false);
	for (size_t k = 0; k < r2->config.interface_count; k++)
		r2->config.interfaces[k].v6 = false;
	ldp_node_configure(r2);
	ldp_net_run(net, 60 * USEC_PER_SEC);
	ck_assert_ptr_null(ldp_net_trace_all(net));
	ck_assert_ptr_null(ldp_node_lsp(r2, "2001:db8::303:303:1/128"));
	ck_assert_ptr_null(ldp_node_binding(r1, "2001:db8::303:303:1/128", r2));
}
END_TEST

START_TEST(a_restart_costs_no_packet_of_either_family)
{
	start(false);
	ck_assert(is_whole(net));
	ldp_node_kill(r2);
	for (int i = 0; i < 60; i++) {
		ldp_net_run(net, 100 * USEC_PER_MSEC);
		ck_assert_msg(
		    is_whole(net), "%s", ldp_net_trace_all6(net) ? ldp_net_trace_all6(net) : ldp_net_trace_all(net));
		if (i == 10)
			ldp_node_start(r2);
	}
	ck_assert(ldp_net_until(net, ldp_net_is_settled, 60 * USEC_PER_SEC));
	ldp_net_run(net, 300 * USEC_PER_SEC);
	ck_assert(is_whole(net));
}
END_TEST

/* A Hello to R1 on its link, with this LSR id, as a stranger there would send it. */
static void
hello(uint32_t lsr, const char *source, uint8_t ttl, uint8_t prefers)
{
	struct ldp_hello_fields f = { .hold_s = 15, .prefers = prefers };
	struct ldp_input in = { .kind = LDP_IN_DATAGRAM, .ifindex = r1->sim.ports[1].ifindex, .ttl = ttl };
	static uint8_t bytes[128];
	struct ldp_writer w;

	addr_parse("2001:db8::9", &f.transport);
	addr_parse("ff02::2", &in.to);
	addr_parse(source, &in.from);
	ldp_begin(&w, bytes, sizeof bytes, lsr);
	ldp_put_hello(&w, 1, &f);
	in.bytes = bytes;
	in.size = ldp_end(&w);
	ldp_node_input(r1, &in);
}

START_TEST(a_hello_from_afar_or_not_from_a_link_local_address_is_refused)
{
	start(false);
	uint64_t bad = ldp_node_interface(r1, r1->sim.ports[1].ifindex)->hellos_bad;
	size_t known = ldp_node_rows(r1, "ldp.Adjacency");
	hello(0x09090909, "fe80::9", 254, 6);
	hello(0x09090909, "2001:db8::9", 255, 6);
	ck_assert_uint_eq(ldp_node_interface(r1, r1->sim.ports[1].ifindex)->hellos_bad, bad + 2);
	ck_assert_uint_eq(ldp_node_rows(r1, "ldp.Adjacency"), known);
	hello(0x09090909, "fe80::9", 255, 6);
	ck_assert_uint_eq(ldp_node_rows(r1, "ldp.Adjacency"), known + 1);
}
END_TEST

START_TEST(a_stranger_with_the_neighbours_identifier_and_another_preference_ends_nothing)
{
	start(false);
	uint32_t uid = ldp_node_session(r1, r2)->uid;
	hello(r2->lsr, "fe80::9", 255, 4);
	ck_assert_uint_eq(transport_family(r1, r2), 6);
	ck_assert_uint_eq(ldp_node_session(r1, r2)->uid, uid);
}
END_TEST

START_TEST(without_a_link_local_address_it_is_said_and_ipv4_goes_on)
{
	start(false);
	struct sim_port *p = &r1->sim.ports[1];
	p->link_local = addr_none();
	ldp_node_port(r1, p);
	ldp_net_run(net, 20 * USEC_PER_SEC);
	const Ldp__Interface *row = ldp_node_interface(r1, p->ifindex);
	ck_assert(row->active && row->ipv4 && !row->ipv6);
	ck_assert_str_eq(row->inactive_ipv6, "the interface has no IPv6 link-local address");
}
END_TEST

START_TEST(explicit_null_is_each_familys_own)
{
	r3->config.egress = LDP_EXPLICIT_NULL;
	start(false);
	ck_assert_uint_eq(ldp_node_binding(r2, "3.3.3.3/32", r3)->label, LABEL_IPV4_EXPLICIT_NULL);
	ck_assert_uint_eq(ldp_node_binding(r2, "2001:db8::303:303:1/128", r3)->label, LABEL_IPV6_EXPLICIT_NULL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ldpd dual stack");
	TCase *t = tcase_create("RFC 7552");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, two_families_share_one_session_over_ipv6_and_both_get_complete_lsps);
	tcase_add_test(t, with_the_preference_for_ipv4_the_session_goes_over_it_and_carries_both);
	tcase_add_test(t, ipv6_alone_gives_lsps_for_ipv6_and_none_for_ipv4);
	tcase_add_test(t, different_preferences_bring_no_session_and_are_said);
	tcase_add_test(t, a_changed_preference_ends_the_session_with_its_status);
	tcase_add_test(t, a_neighbour_that_speaks_ipv4_only_gets_nothing_of_ipv6);
	tcase_add_test(t, ipv6_that_is_switched_on_later_joins_the_session_that_runs);
	tcase_add_test(t, ipv6_that_is_switched_off_takes_its_labels_with_it);
	tcase_add_test(t, a_restart_costs_no_packet_of_either_family);
	tcase_add_test(t, a_hello_from_afar_or_not_from_a_link_local_address_is_refused);
	tcase_add_test(t, a_stranger_with_the_neighbours_identifier_and_another_preference_ends_nothing);
	tcase_add_test(t, without_a_link_local_address_it_is_said_and_ipv4_goes_on);
	tcase_add_test(t, explicit_null_is_each_familys_own);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
