/* Route target memberships (RFC 4684): who is told which VPN routes, and when. */
#include "tests/helper/check.h"
#include "tests/helper/l3vpn_net.h"
#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
#define VPN BGP_FAMILY_BIT(BGP_VPNV4)
#define BOTH (VPN | BGP_FAMILY_BIT(BGP_RT_CONSTRAINT))
#define P "10.1.0.0/16"
#define Q "10.2.0.0/16"

enum { RR, PE1, PE2, PE3, NODES };
static struct vpn_net *net;

static uint64_t
target(const char *text)
{
	uint64_t t;

	ck_assert(rt_parse(text, &t));
	return t;
}

static struct bgp_vpn_config *
vpn_of(size_t node)
{
	return &net->nodes[node]->config.instances[1].vpn[0];
}

static void
add_instance(size_t node, const char *rt)
{
	struct bgp_config *c = &net->nodes[node]->config;

	c->instances = mem_resize(c->instances, 2 * sizeof *c->instances);
	c->instance_count = 2;
	c->instances[1] = (struct bgp_instance_config){ .name = "V" };
	*vpn_of(node) = (struct bgp_vpn_config){ .on = true,
		.rd = UINT64_C(100) << 32 | node,
		.label = 1000 + (uint32_t)node,
		.import = { target(rt) },
		.export = { target(rt) },
		.import_count = 1,
		.export_count = 1 };
}

/* A reflector and three PEs; 1 and 2 are in one VPN, 3 in another. */
static void
setup(void)
{
	net = vpn_net_new(1);
	for (size_t i = 0; i < NODES; i++)
		vpn_net_add(net, 100);
	for (size_t i = PE1; i <= PE3; i++) {
		add_instance(i, i == PE3 ? "222:2" : "111:1");
		vpn_net_peer(net, RR, i, BOTH);
		vpn_net_peer_config(net, RR, i)->family[BGP_VPNV4].reflect_client = true;
		vpn_net_peer_config(net, RR, i)->family[BGP_RT_CONSTRAINT].reflect_client = true;
	}
}

static void
teardown(void)
{
	vpn_net_free(net);
}

static void
own(size_t node, const char *prefix, bool gone)
{
	struct bgp_own_route r = { .family = BGP_IPV4 };

	ck_assert(prefix_parse(prefix, &r.prefix));
	vpn_net_give(
	    net, node, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = "V", .route = &r, .gone = gone });
}

static void
begin(void)
{
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(30));
}

static size_t
paths(size_t node)
{
	const struct rib *r = instance_find(net->nodes[node]->b, "")->ribs[BGP_VPNV4];

	return r ? r->path_count : 0;
}

static bool
knows(size_t node, size_t pe, const char *prefix)
{
	const struct rib *r = instance_find(net->nodes[node]->b, "")->ribs[BGP_VPNV4];
	struct prefix p;

	ck_assert(prefix_parse(prefix, &p));
	return r && dest_find(r, UINT64_C(100) << 32 | pe, &p);
}

static bool
has_membership(size_t node, uint64_t rt, uint8_t bits)
{
	const struct rib *r = instance_find(net->nodes[node]->b, "")->ribs[BGP_RT_CONSTRAINT];
	struct prefix p = nlri_of_membership(bits ? 100 : 0, rt, bits);

	return r && dest_find(r, 0, &p);
}

static uint64_t
told(size_t to)
{
	return vpn_net_peer_of(net, RR, to)->sent.messages[BGP_UPDATE];
}

START_TEST(routes_come_only_to_those_who_want_them_and_leave_only_where_they_are_wanted)
{
	begin();
	uint64_t before = told(PE3), sent = vpn_net_peer_of(net, PE3, RR)->sent.messages[BGP_UPDATE];
	own(PE1, P, false);
	own(PE3, Q, false);
	vpn_net_run(net, SECONDS(2));
	ck_assert(knows(RR, PE1, P) && knows(PE2, PE1, P));
	ck_assert(knows(RR, PE3, Q)); /* the reflector hands PE3's own wish back to it: somebody might want the same */
	ck_assert(!knows(PE1, PE3, Q) && !knows(PE2, PE3, Q));
	ck_assert(!knows(PE3, PE1, P));
	ck_assert_uint_le(told(PE3), before + 1); /* its own, reflected */
	ck_assert_uint_eq(vpn_net_peer_of(net, PE3, RR)->sent.messages[BGP_UPDATE], sent + 1);
	ck_assert(has_membership(RR, target("111:1"), 96) && has_membership(RR, target("222:2"), 96));
	ck_assert(has_membership(PE1, target("222:2"), 96));
}
END_TEST

START_TEST(a_route_that_nobody_wants_does_not_leave_its_router)
{
	ck_assert_uint_eq(vpn_of(PE1)->export_count, 1);
	vpn_of(PE1)->export[0] = target("999:9");
	begin();
	own(PE1, P, false);
	vpn_net_run(net, SECONDS(2));
	ck_assert_uint_eq(paths(PE1), 1);
	ck_assert_uint_eq(paths(RR), 0);
}
END_TEST

/* Without memberships everything goes to PE3, which throws it away. */
START_TEST(routes_that_nobody_behind_a_reflector_wants_are_not_sent_to_it)
{
	vpn_net_peer(net, RR, PE3, VPN);
	vpn_net_peer_config(net, RR, PE3)->family[BGP_VPNV4].reflect_client = true;
	begin();
	own(PE1, P, false);
	vpn_net_run(net, SECONDS(2));
	ck_assert(knows(PE2, PE1, P));
	/* PE3 says nothing of what it wants: it is to get everything, and so the reflector asks for everything. */
	ck_assert(has_membership(PE1, 0, 0));
	net->nodes[RR]->config.instances[0].peer_count--;
	vpn_net_configure(net, RR);
	vpn_net_run(net, SECONDS(2));
	ck_assert(!has_membership(PE1, 0, 0));
	ck_assert(knows(PE2, PE1, P));
}
END_TEST

START_TEST(a_target_that_is_imported_later_brings_its_routes_alone_and_one_less_takes_them_away)
{
	begin();
	own(PE1, P, false);
	own(PE2, Q, false);
	own(PE3, "10.3.0.0/16", false);
	vpn_net_run(net, SECONDS(2));
	ck_assert(!knows(PE3, PE1, P));
	uint64_t others = told(PE1);
	struct bgp_vpn_config *v = vpn_of(PE3);
	v->import[v->import_count++] = target("111:1");
	vpn_net_configure(net, PE3);
	vpn_net_run(net, SECONDS(2));
	ck_assert(knows(PE3, PE1, P) && knows(PE3, PE2, Q));
	ck_assert_uint_le(told(PE1), others + 2);
	v->import_count--;
	vpn_net_configure(net, PE3);
	vpn_net_run(net, SECONDS(2));
	ck_assert(!knows(PE3, PE1, P) && !knows(PE3, PE2, Q));
	ck_assert(knows(PE2, PE1, P));
	ck_assert_uint_eq(vpn_net_peer_of(net, RR, PE3)->ups, 1);
	ck_assert_uint_eq(vpn_net_peer_of(net, PE3, RR)->family[BGP_VPNV4].prefixes, 1); /* its own, reflected */
}
END_TEST

START_TEST(a_route_that_gets_other_targets_goes_where_it_is_wanted_no_more)
{
	begin();
	own(PE1, P, false);
	vpn_net_run(net, SECONDS(2));
	ck_assert(knows(PE2, PE1, P) && !knows(PE3, PE1, P));
	vpn_of(PE1)->export[0] = target("222:2");
	vpn_net_configure(net, PE1);
	vpn_net_run(net, SECONDS(2));
	ck_assert(!knows(PE2, PE1, P));
	ck_assert(knows(PE3, PE1, P));
	vpn_of(PE1)->export[0] = target("111:1");
	vpn_net_configure(net, PE1);
	vpn_net_run(net, SECONDS(2));
	ck_assert(knows(PE2, PE1, P) && !knows(PE3, PE1, P));
	own(PE1, P, true);
	vpn_net_run(net, SECONDS(2));
	for (size_t i = 0; i < NODES; i++)
		ck_assert_uint_eq(paths(i), 0);
}
END_TEST

static void
hear(struct bgp *b, const struct wire_writer *w, usec_t now)
{
	bgp_input(b,
	    &(struct bgp_input){ .kind = BGP_IN_STREAM, .conn = BGP_ACCEPTED, .bytes = w->base, .size = w->at }, now);
}

START_TEST(a_peer_says_what_it_wants_before_it_is_told_anything_and_not_for_ever)
{
	static const uint8_t end[] = { 0, 0, 0, 6, 0x80, 15, 3, 0, 1, 132 };
	const struct bgp_open o = { .as = 100, .id = 9, .families = BOTH, .as4 = true };
	struct bgp *b = bgp_new(1, false);
	uint8_t bytes[512];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_CONFIG, .config = &net->nodes[RR]->config }, 0);
	bgp_input(b,
	    &(struct bgp_input){ .kind = BGP_IN_STREAM_UP,
		.conn = BGP_ACCEPTED,
		.peer = net->nodes[PE1]->address,
		.local = net->nodes[RR]->address },
	    0);
	bgp_write_open(&w, &o);
	bgp_write_keepalive(&w);
	hear(b, &w, 0);
	const struct peer *p = bgp_peer_find(instance_find(b, ""), &net->nodes[PE1]->address);
	ck_assert(p->up && p->families == BOTH);
	ck_assert(p->family[BGP_RT_CONSTRAINT].out && !p->family[BGP_VPNV4].out);
	bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_TIMER }, SECONDS(MEMBERS_WAIT_S) - 1);
	ck_assert(!p->family[BGP_VPNV4].out);
	w = wire_writer(bytes, sizeof bytes);
	struct wire_mark m = bgp_begin(&w, BGP_UPDATE);
	wire_put_bytes(&w, end, sizeof end); /* its End-of-RIB */
	bgp_end(&w, m);
	if (_i)
		hear(b, &w, SECONDS(MEMBERS_WAIT_S) - 1);
	else
		bgp_input(b, &(struct bgp_input){ .kind = BGP_IN_TIMER }, SECONDS(MEMBERS_WAIT_S));
	ck_assert(p->family[BGP_VPNV4].out);
	bgp_free(b);
}
END_TEST

START_TEST(who_keeps_everything_asks_for_everything)
{
	net->nodes[PE3]->config.no_target_policy = true;
	begin();
	own(PE1, P, false);
	vpn_net_run(net, SECONDS(2));
	ck_assert(has_membership(RR, 0, 0));
	ck_assert(knows(PE3, PE1, P));
	net->nodes[PE3]->config.no_target_policy = false;
	vpn_net_configure(net, PE3);
	vpn_net_run(net, SECONDS(2));
	ck_assert(!has_membership(RR, 0, 0));
	ck_assert_uint_eq(vpn_net_peer_of(net, PE3, RR)->family[BGP_VPNV4].prefixes, 0);
}
END_TEST

/* Two clusters: each reflector tells the other what its clients want, also where both have somebody who does. */
START_TEST(reflectors_tell_each_other_what_their_clients_want)
{
	vpn_net_add(net, 100); /* a second reflector, and a PE of its own */
	vpn_net_add(net, 100);
	add_instance(NODES + 1, _i ? "222:2" : "111:1");
	vpn_net_peer(net, RR, NODES, BOTH);
	vpn_net_peer(net, NODES, NODES + 1, BOTH);
	vpn_net_peer_config(net, NODES, NODES + 1)->family[BGP_VPNV4].reflect_client = true;
	vpn_net_peer_config(net, NODES, NODES + 1)->family[BGP_RT_CONSTRAINT].reflect_client = true;
	begin();
	own(PE1, P, false);
	own(PE3, Q, false);
	own(NODES + 1, "10.9.0.0/16", false);
	vpn_net_run(net, SECONDS(2));
	ck_assert(knows(NODES + 1, PE1, P) == !_i && knows(NODES + 1, PE3, Q) == _i);
	ck_assert(knows(NODES, PE1, P) == !_i && knows(NODES, PE3, Q) == _i);
	ck_assert(knows(PE1, NODES + 1, "10.9.0.0/16") == !_i && knows(PE3, NODES + 1, "10.9.0.0/16") == _i);
	vpn_net_kill(net, PE1);
	vpn_net_kill(net, PE2);
	vpn_net_run(net, SECONDS(400));
	ck_assert(has_membership(NODES, target("111:1"), 96) == !_i); /* its own client's alone */
	ck_assert(!knows(NODES + 1, PE1, P));
}
END_TEST

START_TEST(a_reflector_that_restarts_loses_nothing)
{
	begin();
	own(PE1, P, false);
	own(PE3, Q, false);
	vpn_net_run(net, SECONDS(2));
	vpn_net_kill(net, RR);
	vpn_net_run(net, SECONDS(3));
	vpn_net_start(net, RR, true);
	for (int i = 0; i < 600; i++) {
		vpn_net_run(net, SECONDS(1) / 10);
		ck_assert(knows(PE2, PE1, P));
	}
	ck_assert(vpn_net_is_up(net, RR, PE2));
	ck_assert(knows(RR, PE1, P) && knows(PE2, PE1, P) && !knows(PE3, PE1, P));
	ck_assert(!has_membership(PE1, 0, 0)); /* it was asked for while nobody knew */
}
END_TEST

START_TEST(a_pe_that_restarts_loses_nothing)
{
	begin();
	own(PE1, P, false);
	vpn_net_run(net, SECONDS(2));
	size_t who = _i ? PE1 : PE2;
	vpn_net_kill(net, who);
	vpn_net_run(net, SECONDS(3));
	vpn_net_start(net, who, true);
	if (who == PE1)
		own(PE1, P, false);
	for (int i = 0; i < 600; i++) {
		vpn_net_run(net, SECONDS(1) / 10);
		ck_assert(knows(RR, PE1, P));
		ck_assert(_i || i < 300 || knows(PE2, PE1, P));
	}
}
END_TEST

/* Memberships of which not all bits are said, and the AS alone. */
START_TEST(a_membership_may_stand_for_many_targets)
{
	static const struct {
		uint8_t bits;
		const char *rt;
		bool wants;
	} cases[] = { { 0, "111:1", true }, { 32, "111:1", true }, { 64, "111:77", true }, { 64, "112:1", false },
		{ 95, "111:0", true }, { 95, "111:2", false }, { 96, "111:1", true }, { 96, "111:0", false } };
	const struct peer *p;
	uint8_t ext[8];
	struct wire_writer e = wire_writer(ext, sizeof ext);
	struct addr hop = addr_v4(1);

	begin();
	struct instance *public = instance_find(net->nodes[RR]->b, "");
	struct rib *r = rib_get(public, BGP_RT_CONSTRAINT);
	p = vpn_net_peer_of(net, RR, PE3);
	struct prefix m = nlri_of_membership(cases[_i].bits ? 100 : 0, target("111:1"), cases[_i].bits);
	struct attr_store *store = &net->nodes[RR]->b->attrs;
	path_put(dest_get(r, 0, &m), (struct peer *)(uintptr_t)p, 0,
	    attr_of_own(store, 0, &hop, 0, false, wire_reader(NULL, 0)), NLRI_NO_LABEL, PATH_GOOD);
	vpn_net_run(net, SECONDS(1));
	vpn_net_give(net, RR, &(struct bgp_input){ .kind = BGP_IN_TIMER });
	wire_put_u64(&e, target(cases[_i].rt));
	const struct attr_set *a = attr_of_own(store, 0, &hop, 0, false, wire_reader(ext, e.at));
	ck_assert(members_want(p->members, a) == cases[_i].wants);
	attr_drop(store, a);
}
END_TEST

START_TEST(without_the_family_everything_is_told)
{
	for (size_t i = PE1; i <= PE3; i++) {
		vpn_net_peer(net, RR, i, VPN);
		vpn_net_peer_config(net, RR, i)->family[BGP_VPNV4].reflect_client = true;
	}
	begin();
	own(PE1, P, false);
	uint64_t before = told(PE3);
	vpn_net_run(net, SECONDS(2));
	ck_assert(knows(PE2, PE1, P) && !knows(PE3, PE1, P));
	ck_assert_uint_eq(told(PE3), before + 1);
	ck_assert_ptr_null(instance_find(net->nodes[RR]->b, "")->ribs[BGP_RT_CONSTRAINT]);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("route target memberships");
	TCase *t = tcase_create("RFC 4684");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, routes_come_only_to_those_who_want_them_and_leave_only_where_they_are_wanted);
	tcase_add_test(t, a_route_that_nobody_wants_does_not_leave_its_router);
	tcase_add_test(t, routes_that_nobody_behind_a_reflector_wants_are_not_sent_to_it);
	tcase_add_test(t, a_target_that_is_imported_later_brings_its_routes_alone_and_one_less_takes_them_away);
	tcase_add_test(t, a_route_that_gets_other_targets_goes_where_it_is_wanted_no_more);
	tcase_add_loop_test(t, a_peer_says_what_it_wants_before_it_is_told_anything_and_not_for_ever, 0, 2);
	tcase_add_test(t, who_keeps_everything_asks_for_everything);
	tcase_add_loop_test(t, reflectors_tell_each_other_what_their_clients_want, 0, 2);
	tcase_add_test(t, a_reflector_that_restarts_loses_nothing);
	tcase_add_loop_test(t, a_pe_that_restarts_loses_nothing, 0, 2);
	tcase_add_loop_test(t, a_membership_may_stand_for_many_targets, 0, 8);
	tcase_add_test(t, without_the_family_everything_is_told);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
