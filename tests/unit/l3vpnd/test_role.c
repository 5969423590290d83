/* Roles of external neighbours and the mark on routes (RFC 9234). */
#include "tests/helper/check.h"
#include "tests/helper/l3vpn_net.h"
#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
#define IPV4 BGP_FAMILY_BIT(BGP_IPV4)
#define P "10.1.0.0/16"

static struct vpn_net *net;

static void
setup(void)
{
	net = vpn_net_new(1);
	for (uint32_t i = 0; i < 3; i++)
		vpn_net_add(net, 100 * (i + 1));
}

static void
teardown(void)
{
	vpn_net_free(net);
}

static void
roles(size_t a, enum bgp_role of_a, size_t b, enum bgp_role of_b)
{
	vpn_net_peer(net, a, b, IPV4);
	vpn_net_peer_config(net, a, b)->role = (uint8_t)of_a;
	vpn_net_peer_config(net, b, a)->role = (uint8_t)of_b;
}

static void
begin(void)
{
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
}

START_TEST(roles_that_fit_make_a_session_and_others_are_refused)
{
	enum bgp_role a = (enum bgp_role)(1 + _i / 5), b = (enum bgp_role)(1 + _i % 5);
	bool fits = (a == BGP_ROLE_PROVIDER && b == BGP_ROLE_CUSTOMER) ||
		    (a == BGP_ROLE_CUSTOMER && b == BGP_ROLE_PROVIDER) ||
		    (a == BGP_ROLE_RS && b == BGP_ROLE_RS_CLIENT) || (a == BGP_ROLE_RS_CLIENT && b == BGP_ROLE_RS) ||
		    (a == BGP_ROLE_PEER && b == BGP_ROLE_PEER);

	roles(0, a, 1, b);
	begin();
	ck_assert(vpn_net_is_up(net, 0, 1) == fits);
	if (!fits)
		ck_assert(strstr(vpn_net_log(net, 0), "role mismatch"));
}
END_TEST

START_TEST(a_neighbour_without_a_role_is_refused_by_who_is_strict)
{
	roles(0, BGP_ROLE_PROVIDER, 1, BGP_ROLE_NONE);
	vpn_net_peer_config(net, 0, 1)->role_strict = _i;
	begin();
	ck_assert(vpn_net_is_up(net, 0, 1) == !_i);
	if (_i)
		ck_assert(strstr(vpn_net_log(net, 0), "Open: role mismatch: it does not say its role"));
}
END_TEST

START_TEST(an_internal_peer_has_no_role)
{
	net->nodes[1]->config.as = 100;
	roles(0, BGP_ROLE_PROVIDER, 1, BGP_ROLE_PROVIDER);
	begin();
	ck_assert(vpn_net_is_up(net, 0, 1));
	ck_assert(!vpn_net_peer_of(net, 0, 1)->up->open.has_role);
}
END_TEST

START_TEST(an_open_that_says_two_roles_is_known)
{
	uint8_t bytes[256];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	struct bgp_open o;
	struct bgp_fault why;

	wire_put_u8(&w, BGP_VERSION);
	wire_put_u16(&w, 200);
	wire_put_u16(&w, 180);
	wire_put_u32(&w, 1);
	wire_put_bytes(&w, (const uint8_t[]){ 8, 2, 6, 9, 1, 0, 9, 1, (uint8_t)_i }, 9);
	ck_assert(bgp_read_open(wire_reader(bytes, w.at), &o, &why));
	ck_assert(o.has_role && o.role == _i && o.roles_differ == (_i != 0));
}
END_TEST

/* 0 tells 1, 1 tells 2: with the role of 1 towards each. */
static const struct path *
over(enum bgp_role in, enum bgp_role out)
{
	static const enum bgp_role fits[BGP_ROLES] = { [BGP_ROLE_PROVIDER] = BGP_ROLE_CUSTOMER,
		[BGP_ROLE_CUSTOMER] = BGP_ROLE_PROVIDER,
		[BGP_ROLE_RS] = BGP_ROLE_RS_CLIENT,
		[BGP_ROLE_RS_CLIENT] = BGP_ROLE_RS,
		[BGP_ROLE_PEER] = BGP_ROLE_PEER };

	roles(1, in, 0, fits[in]);
	roles(1, out, 2, fits[out]);
	begin();
	vpn_net_route(net, 0, P, false);
	vpn_net_run(net, SECONDS(1));
	return vpn_net_best(net, 2, BGP_IPV4, P);
}

/* 5: down to customers from everybody, anywhere from customers. */
START_TEST(routes_go_where_they_may)
{
	enum bgp_role in = (enum bgp_role)(1 + _i / 5), out = (enum bgp_role)(1 + _i % 5);
	bool from_below = in == BGP_ROLE_PROVIDER || in == BGP_ROLE_RS;
	bool down = out == BGP_ROLE_PROVIDER || out == BGP_ROLE_RS;
	const struct path *p = over(in, out);

	ck_assert_msg(!p == !(from_below || down), "from %d to %d", in, out);
	ck_assert(vpn_net_best(net, 1, BGP_IPV4, P));
}
END_TEST

START_TEST(a_route_is_marked_by_the_first_who_tells_it_downwards)
{
	const struct path *p = over(_i ? BGP_ROLE_PROVIDER : BGP_ROLE_CUSTOMER, BGP_ROLE_PROVIDER);

	ck_assert(p && p->attrs->has_otc);
	ck_assert_uint_eq(p->attrs->otc, _i ? 200 : 100); /* from below: by node 1; from above: by node 0 */
}
END_TEST

START_TEST(who_does_not_mark_is_marked_for_by_the_one_who_hears)
{
	vpn_net_peer(net, 0, 1, IPV4);
	vpn_net_peer_config(net, 1, 0)->role = (uint8_t)(_i ? BGP_ROLE_CUSTOMER : BGP_ROLE_PROVIDER);
	begin();
	vpn_net_route(net, 0, P, false);
	vpn_net_run(net, SECONDS(1));
	const struct path *p = vpn_net_best(net, 1, BGP_IPV4, P);
	ck_assert(p && p->attrs->has_otc == _i && p->attrs->otc == (_i ? 100u : 0));
}
END_TEST

/* Node 1 has no role towards 0, which marks; towards 2 it is a customer, and says so to nobody. */
START_TEST(a_leak_is_kept_with_the_reason_and_not_used)
{
	roles(0, BGP_ROLE_PROVIDER, 1, BGP_ROLE_NONE);
	vpn_net_peer(net, 1, 2, IPV4);
	vpn_net_peer_config(net, 2, 1)->role = (uint8_t)(_i ? BGP_ROLE_PEER : BGP_ROLE_PROVIDER);
	begin();
	vpn_net_route(net, 0, P, false);
	vpn_net_run(net, SECONDS(1));
	ck_assert_ptr_null(vpn_net_best(net, 2, BGP_IPV4, P));
	ck_assert_uint_eq(vpn_net_paths(net, 2, BGP_IPV4, P), 1);
	ck_assert_str_eq(path_fault_text(PATH_LEAK), "a leak: it should not come from there");
}
END_TEST

START_TEST(another_role_begins_the_session_anew)
{
	roles(0, BGP_ROLE_PROVIDER, 1, BGP_ROLE_CUSTOMER);
	begin();
	vpn_net_peer_config(net, 0, 1)->role = BGP_ROLE_PEER;
	vpn_net_configure(net, 0);
	vpn_net_run(net, SECONDS(10));
	ck_assert(!vpn_net_is_up(net, 0, 1));
	vpn_net_peer_config(net, 1, 0)->role = BGP_ROLE_PEER;
	vpn_net_configure(net, 1);
	vpn_net_run(net, SECONDS(100));
	ck_assert(vpn_net_is_up(net, 0, 1));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bgp roles");
	TCase *t = tcase_create("RFC 9234");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, roles_that_fit_make_a_session_and_others_are_refused, 0, 25);
	tcase_add_loop_test(t, a_neighbour_without_a_role_is_refused_by_who_is_strict, 0, 2);
	tcase_add_test(t, an_internal_peer_has_no_role);
	tcase_add_loop_test(t, an_open_that_says_two_roles_is_known, 0, 2);
	tcase_add_loop_test(t, routes_go_where_they_may, 0, 25);
	tcase_add_loop_test(t, a_route_is_marked_by_the_first_who_tells_it_downwards, 0, 2);
	tcase_add_loop_test(t, who_does_not_mark_is_marked_for_by_the_one_who_hears, 0, 2);
	tcase_add_loop_test(t, a_leak_is_kept_with_the_reason_and_not_used, 0, 2);
	tcase_add_test(t, another_role_begins_the_session_anew);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
