/* Add-path (RFC 7911): more than one path of a destination, each by an identifier that stays, told and withdrawn alone. */
#include "tests/helper/check.h"
#include "tests/helper/l3vpn_net.h"
#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
#define IPV4 BGP_FAMILY_BIT(BGP_IPV4)
#define P "10.1.0.0/16"

/* A reflector, three that have routes, two that hear of them with add-path, one that hears without. */
enum { RR, A, B, C, X, Y, PLAIN, NODES };
static struct vpn_net *net;

static void
setup(void)
{
	net = vpn_net_new(1);
	for (size_t i = 0; i < NODES; i++)
		vpn_net_add(net, 100);
	for (size_t i = A; i < NODES; i++) {
		vpn_net_peer(net, RR, i, IPV4);
		vpn_net_peer_config(net, RR, i)->family[BGP_IPV4].reflect_client = true;
	}
	for (size_t i = X; i <= Y; i++) {
		vpn_net_peer_config(net, RR, i)->family[BGP_IPV4].send_add_path = true;
		vpn_net_peer_config(net, i, RR)->family[BGP_IPV4].receive_add_path = true;
	}
}

static void
teardown(void)
{
	vpn_net_free(net);
}

static void
begin(void)
{
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
}

static void
say(size_t node, uint32_t med, bool gone)
{
	struct bgp_own_route r = { .family = BGP_IPV4, .med = med };

	ck_assert(prefix_parse(P, &r.prefix));
	vpn_net_give(net, node, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .route = &r, .gone = gone });
	vpn_net_run(net, SECONDS(1));
}

/* The identifier of the path over a node; 0: it is not known. */
static uint32_t
id_of(size_t at, size_t node)
{
	const struct instance *i = instance_find(net->nodes[at]->b, "");
	struct prefix p;

	ck_assert(prefix_parse(P, &p));
	const struct dest *d = i->ribs[BGP_IPV4] ? dest_find(i->ribs[BGP_IPV4], 0, &p) : NULL;
	for (const struct path *k = d ? d->paths : NULL; k; k = k->next)
		if (addr_eq(&k->attrs->next_hop, &net->nodes[node]->address))
			return k->id;
	return 0;
}

static size_t
count(size_t at)
{
	return vpn_net_paths(net, at, BGP_IPV4, P);
}

static uint64_t
updates(size_t to)
{
	return vpn_net_peer_of(net, RR, to)->sent.messages[BGP_UPDATE];
}

START_TEST(all_paths_are_told_with_identifiers_of_their_own)
{
	begin();
	say(A, 0, false);
	say(B, 0, false);
	say(C, 0, false);
	for (size_t i = X; i <= Y; i++) {
		ck_assert_uint_eq(count(i), 3);
		ck_assert(id_of(i, A) && id_of(i, B) && id_of(i, C));
		ck_assert(id_of(i, A) != id_of(i, B) && id_of(i, B) != id_of(i, C) && id_of(i, A) != id_of(i, C));
	}
	ck_assert_uint_eq(count(PLAIN), 1);
	ck_assert_uint_eq(vpn_net_best(net, PLAIN, BGP_IPV4, P)->id, 0);
}
END_TEST

START_TEST(one_path_is_withdrawn_alone_and_the_others_keep_their_identifiers)
{
	begin();
	say(A, 0, false);
	say(B, 0, false);
	say(C, 0, false);
	uint32_t a = id_of(X, A), c = id_of(X, C);
	say(B, 0, true);
	ck_assert_uint_eq(count(X), 2);
	ck_assert(id_of(X, A) == a && id_of(X, C) == c && !id_of(X, B));
	say(A, 0, true); /* the best */
	ck_assert_uint_eq(count(X), 1);
	ck_assert_uint_eq(id_of(X, C), c);
	ck_assert_uint_eq(count(PLAIN), 1);
	say(C, 0, true);
	for (size_t i = 0; i < NODES; i++) {
		ck_assert_uint_eq(count(i), 0);
		ck_assert_uint_eq(net->nodes[i]->b->attrs.sets.count, 0);
	}
}
END_TEST

START_TEST(a_path_that_changes_is_told_alone_and_to_those_who_hear_of_it)
{
	begin();
	say(A, 0, false);
	say(B, 10, false);
	uint32_t b = id_of(X, B);
	uint64_t x = updates(X), plain = updates(PLAIN);
	say(B, 20, false); /* it is not chosen, before or after */
	ck_assert_uint_eq(updates(X), x + 1);
	ck_assert_uint_eq(updates(PLAIN), plain);
	ck_assert_uint_eq(id_of(X, B), b);
	ck_assert_uint_eq(count(X), 2);
}
END_TEST

START_TEST(who_comes_later_hears_of_all_paths)
{
	begin();
	vpn_net_kill(net, Y);
	vpn_net_run(net, SECONDS(1));
	say(A, 0, false);
	say(B, 0, false);
	vpn_net_start(net, Y, false);
	vpn_net_run(net, SECONDS(30));
	ck_assert_uint_eq(count(Y), 2);
	ck_assert(id_of(Y, A) == id_of(X, A) && id_of(Y, B) == id_of(X, B));
	ck_assert_ptr_eq(
	    vpn_net_peer_of(net, RR, X)->family[BGP_IPV4].out, vpn_net_peer_of(net, RR, Y)->family[BGP_IPV4].out);
	vpn_net_give(net, Y, &(struct bgp_input){ .kind = BGP_IN_REFRESH });
	vpn_net_run(net, SECONDS(5));
	ck_assert_uint_eq(count(Y), 2);
}
END_TEST

START_TEST(the_best_of_them_are_told_where_a_number_is_agreed)
{
	vpn_net_peer_config(net, RR, X)->family[BGP_IPV4].add_paths = 2;
	begin();
	say(A, 30, false);
	say(B, 20, false);
	say(C, 10, false);
	ck_assert_uint_eq(count(Y), 3);
	ck_assert_uint_eq(count(X), 2);
	ck_assert(id_of(X, C) && id_of(X, B));
	ck_assert_ptr_ne(
	    vpn_net_peer_of(net, RR, X)->family[BGP_IPV4].out, vpn_net_peer_of(net, RR, Y)->family[BGP_IPV4].out);
	say(A, 5, false); /* now the best: the worst of the two makes room */
	ck_assert_uint_eq(count(X), 2);
	ck_assert(id_of(X, A) && id_of(X, C) && !id_of(X, B));
	say(C, 10, true);
	ck_assert(id_of(X, A) && id_of(X, B));
}
END_TEST

START_TEST(what_cannot_be_used_is_not_told)
{
	begin();
	say(A, 0, false);
	say(B, 0, false);
	ck_assert_uint_eq(count(X), 2);
	vpn_net_next_hop(net, RR, "10.0.0.3", false, 0); /* B */
	vpn_net_run(net, SECONDS(1));
	ck_assert_uint_eq(count(X), 1);
	ck_assert(id_of(X, A));
	vpn_net_next_hop(net, RR, "10.0.0.3", true, 10);
	vpn_net_run(net, SECONDS(1));
	ck_assert_uint_eq(count(X), 2);
}
END_TEST

START_TEST(nothing_is_added_unless_both_sides_agree)
{
	if (_i)
		vpn_net_peer_config(net, RR, X)->family[BGP_IPV4].send_add_path = false;
	else
		vpn_net_peer_config(net, X, RR)->family[BGP_IPV4].receive_add_path = false;
	begin();
	say(A, 0, false);
	say(B, 0, false);
	ck_assert_uint_eq(count(X), 1);
	ck_assert_uint_eq(vpn_net_best(net, X, BGP_IPV4, P)->id, 0);
	ck_assert_uint_eq(count(Y), 2);
}
END_TEST

START_TEST(an_export_policy_of_one_of_two_withdraws_its_paths_alone)
{
	begin();
	say(A, 0, false);
	say(B, 10, false);
	struct policy_node *n = policy_node(&net->nodes[RR]->config.policies, "POL", 10);
	n->permit = false;
	n->match.has_cost = true;
	n->match.cost = 10;
	policy_node(&net->nodes[RR]->config.policies, "POL", 20);
	snprintf(vpn_net_peer_config(net, RR, X)->family[BGP_IPV4].export_policy, BGP_NAME, "POL");
	vpn_net_configure(net, RR);
	vpn_net_run(net, SECONDS(1));
	ck_assert(count(X) == 1 && id_of(X, A));
	ck_assert_uint_eq(count(Y), 2);
	ck_assert(vpn_net_is_up(net, RR, X) && vpn_net_peer_of(net, RR, X)->ups == 1);
	vpn_net_peer_config(net, RR, X)->family[BGP_IPV4].export_policy[0] = '\0';
	vpn_net_configure(net, RR);
	vpn_net_run(net, SECONDS(1));
	ck_assert_uint_eq(count(X), 2);
	say(A, 0, true);
	say(B, 0, true);
	ck_assert_uint_eq(count(X), 0);
	ck_assert_uint_eq(net->nodes[RR]->b->attrs.sets.count, 0);
}
END_TEST

/* Whoever takes all of them and hands all of them on. */
START_TEST(identifiers_are_of_each_hop)
{
	vpn_net_add(net, 100);
	vpn_net_peer(net, X, NODES, IPV4);
	vpn_net_peer_config(net, X, NODES)->family[BGP_IPV4].send_add_path = true;
	vpn_net_peer_config(net, X, NODES)->family[BGP_IPV4].reflect_client = true;
	vpn_net_peer_config(net, NODES, X)->family[BGP_IPV4].receive_add_path = true;
	begin();
	say(A, 0, false);
	say(B, 0, false);
	ck_assert_uint_eq(count(NODES), 2);
	say(A, 0, true);
	ck_assert_uint_eq(count(NODES), 1);
	ck_assert(id_of(NODES, B));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bgp add-path");
	TCase *t = tcase_create("RFC 7911");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_paths_are_told_with_identifiers_of_their_own);
	tcase_add_test(t, one_path_is_withdrawn_alone_and_the_others_keep_their_identifiers);
	tcase_add_test(t, a_path_that_changes_is_told_alone_and_to_those_who_hear_of_it);
	tcase_add_test(t, who_comes_later_hears_of_all_paths);
	tcase_add_test(t, the_best_of_them_are_told_where_a_number_is_agreed);
	tcase_add_test(t, what_cannot_be_used_is_not_told);
	tcase_add_loop_test(t, nothing_is_added_unless_both_sides_agree, 0, 2);
	tcase_add_test(t, an_export_policy_of_one_of_two_withdraws_its_paths_alone);
	tcase_add_test(t, identifiers_are_of_each_hop);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
