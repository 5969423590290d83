/* Where policies stand: on the way in, on the way out, before our own routes, between instances; and what a change does. */
#include "tests/helper/check.h"
#include "tests/helper/l3vpn_net.h"
#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
#define IPV4 BGP_FAMILY_BIT(BGP_IPV4)
#define P "10.1.0.0/16"
#define Q "10.2.0.0/16"

static struct vpn_net *net;
static struct text line;

static void
setup(void)
{
	net = vpn_net_new(1);
}

static void
teardown(void)
{
	vpn_net_free(net);
	text_free(&line);
}

/* Node 0 in the middle, all others its external peers; 1 tells P and Q. */
static void
star(size_t count)
{
	vpn_net_add(net, 100);
	for (size_t i = 1; i < count; i++) {
		vpn_net_add(net, 100 * (uint32_t)(i + 1));
		vpn_net_peer(net, 0, i, IPV4);
	}
}

static void
begin(void)
{
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	vpn_net_route(net, 1, P, false);
	vpn_net_route(net, 1, Q, false);
	vpn_net_run(net, SECONDS(1));
}

static void
again(void)
{
	vpn_net_configure(net, 0);
	vpn_net_run(net, SECONDS(1));
}

static struct bgp_policies *
policies(void)
{
	return &net->nodes[0]->config.policies;
}

static void
listed(const char *name, const char *network, bool permit)
{
	struct prefix_rule r = { .permit = permit };

	ck_assert(prefix_parse(network, &r.prefix));
	r.greater_equal = r.less_equal = r.prefix.len;
	ck_assert(prefix_lists_set(&policies()->prefixes4, name, r));
}

/* The policy POL denies what the list names, and permits the rest with a local preference and a cost. */
static void
policy(const char *network)
{
	listed("L", network, true);
	snprintf(policy_node(policies(), "POL", 10)->match.prefixes4, POLICY_NAME, "L");
	policy_node(policies(), "POL", 10)->permit = false;
	struct policy_apply *y = &policy_node(policies(), "POL", 20)->apply;
	y->has_local_pref = true;
	y->local_pref = 321;
	y->cost_way = COST_SET;
	y->cost = 77;
}

static struct bgp_peer_family *
family(size_t peer)
{
	return &vpn_net_peer_config(net, 0, peer)->family[BGP_IPV4];
}

static void
say(char into[BGP_NAME], const char *name)
{
	snprintf(into, BGP_NAME, "%s", name);
}

static bool
knows(size_t node, const char *prefix)
{
	return vpn_net_best(net, node, BGP_IPV4, prefix);
}

static unsigned
ups(size_t of)
{
	return vpn_net_peer_of(net, 0, of)->ups;
}

/* --- in --- */

START_TEST(what_an_import_policy_denies_is_not_kept_and_what_it_permits_is_changed)
{
	star(3);
	policy(P);
	say(family(1)->import_policy, "POL");
	begin();
	ck_assert_uint_eq(vpn_net_paths(net, 0, BGP_IPV4, P), 0);
	const struct path *q = vpn_net_best(net, 0, BGP_IPV4, Q);
	ck_assert(q && q->attrs->has_local_pref && q->attrs->local_pref == 321 && q->attrs->med == 77);
	ck_assert(!knows(2, P) && knows(2, Q));
	ck_assert(!vpn_net_best(net, 2, BGP_IPV4, Q)->attrs->has_med); /* its own change, and so not for others */
	ck_assert_uint_eq(vpn_net_peer_of(net, 0, 1)->family[BGP_IPV4].prefixes, 1);
}
END_TEST

START_TEST(a_changed_import_policy_takes_effect_without_a_reset)
{
	star(3);
	begin();
	ck_assert(knows(2, P));
	policy(P);
	say(family(1)->import_policy, "POL");
	again();
	ck_assert(!knows(0, P) && !knows(2, P) && knows(2, Q));
	ck_assert(prefix_lists_remove(&policies()->prefixes4, "L", 0)); /* the list alone changes: Q instead of P */
	listed("L", Q, true);
	again();
	ck_assert(knows(2, P) && !knows(2, Q));
	say(family(1)->import_policy, "");
	again();
	ck_assert(knows(2, P) && knows(2, Q));
	ck_assert_uint_eq(ups(1), 1);
}
END_TEST

START_TEST(an_unchanged_policy_asks_nobody_again)
{
	star(2);
	policy(P);
	say(family(1)->import_policy, "POL");
	begin();
	uint64_t asked = vpn_net_peer_of(net, 0, 1)->sent.messages[BGP_REFRESH];
	snprintf(vpn_net_peer_config(net, 0, 1)->description, BGP_NAME, "a peer");
	policy_node(policies(), "OTHER", 10);
	again();
	ck_assert_uint_eq(vpn_net_peer_of(net, 0, 1)->sent.messages[BGP_REFRESH], asked);
}
END_TEST

START_TEST(a_policy_that_does_not_exist_permits_and_is_warned_of)
{
	star(2);
	say(family(1)->import_policy, "NONE");
	begin();
	ck_assert(knows(0, P));
	ck_assert(strstr(vpn_net_log(net, 0), "there is no route-policy NONE: everything passes for 10.0.0.2"));
}
END_TEST

START_TEST(a_preferred_value_of_a_policy_wins_over_the_peers)
{
	star(3);
	vpn_net_route(net, 1, P, false);
	family(1)->preferred = 5;
	struct policy_apply *y = &policy_node(policies(), "POL", 10)->apply;
	y->has_preferred = true;
	y->preferred = 6;
	say(family(2)->import_policy, "POL");
	begin();
	vpn_net_route(net, 2, P, false);
	vpn_net_run(net, SECONDS(1));
	ck_assert_ptr_eq(vpn_net_best(net, 0, BGP_IPV4, P)->peer, vpn_net_peer_of(net, 0, 2));
}
END_TEST

START_TEST(a_prefix_list_stands_before_a_peer_by_itself)
{
	star(3);
	listed("ONLY", P, true);
	if (_i)
		say(family(1)->import_prefixes, "ONLY");
	else
		say(family(2)->export_prefixes, "ONLY");
	begin();
	ck_assert(knows(2, P) && !knows(2, Q));
	listed("ONLY", Q, true);
	again();
	ck_assert(knows(2, P) && knows(2, Q));
}
END_TEST

/* --- out --- */

START_TEST(what_an_export_policy_denies_is_not_told_and_what_it_sets_is)
{
	star(3);
	policy(P);
	say(family(2)->export_policy, "POL");
	begin();
	ck_assert(knows(0, P) && !knows(2, P));
	const struct path *q = vpn_net_best(net, 2, BGP_IPV4, Q);
	ck_assert(q && q->attrs->has_med && q->attrs->med == 77);
	ck_assert(!q->attrs->has_local_pref);
	ck_assert_str_eq(vpn_net_as_path(q, &line), "100 200");
}
END_TEST

START_TEST(an_export_policy_makes_the_path_longer_before_our_own_as)
{
	star(3);
	struct policy_apply *y = &policy_node(policies(), "POL", 10)->apply;
	y->prepend_count = 2;
	y->prepends[0] = y->prepends[1] = 100;
	y->next_hop4 = net->nodes[1]->address;
	say(family(2)->export_policy, "POL");
	begin();
	const struct path *q = vpn_net_best(net, 2, BGP_IPV4, Q);
	ck_assert_str_eq(vpn_net_as_path(q, &line), "100 100 100 200");
	ck_assert(addr_eq(&q->attrs->next_hop, &net->nodes[1]->address));
}
END_TEST

START_TEST(a_changed_export_policy_withdraws_and_tells_and_ends_no_session)
{
	star(4); /* 2 and 3 share what they are told */
	begin();
	ck_assert(knows(2, P) && knows(3, P));
	policy(P);
	for (size_t i = 2; i < 4; i++)
		if (_i & (1 << (i - 2))) /* one of them, or both */
			say(family(i)->export_policy, "POL");
	again();
	for (size_t i = 2; i < 4; i++)
		ck_assert(knows(i, P) == !(_i & (1 << (i - 2))) && knows(i, Q));
	ck_assert_uint_eq(policy_remove(policies(), "POL", 10), 1); /* the policy alone */
	again();
	for (size_t i = 2; i < 4; i++)
		ck_assert(knows(i, P) && knows(i, Q));
	policy(Q);
	again();
	for (size_t i = 2; i < 4; i++)
		ck_assert(knows(i, Q) == !(_i & (1 << (i - 2))));
	for (size_t i = 2; i < 4; i++)
		say(family(i)->export_policy, "");
	again();
	for (size_t i = 2; i < 4; i++) {
		ck_assert(knows(i, P) && knows(i, Q));
		ck_assert_uint_eq(ups(i), 1);
	}
	vpn_net_route(net, 1, P, true);
	vpn_net_route(net, 1, Q, true);
	vpn_net_run(net, SECONDS(1));
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(net->nodes[i]->b->attrs.sets.count, 0);
}
END_TEST

START_TEST(peers_with_the_same_policy_share_what_they_are_told)
{
	star(6);
	begin();
	policy(P);
	for (size_t i = 2; i < 6; i++)
		say(family(i)->export_policy, "POL");
	again();
	const struct out *first = vpn_net_peer_of(net, 0, 2)->family[BGP_IPV4].out;
	for (size_t i = 3; i < 6; i++)
		ck_assert_ptr_eq(vpn_net_peer_of(net, 0, i)->family[BGP_IPV4].out, first);
	ck_assert_ptr_ne(vpn_net_peer_of(net, 0, 1)->family[BGP_IPV4].out, first);
}
END_TEST

START_TEST(a_policy_that_concerns_others_tells_nobody_anything)
{
	star(4);
	begin();
	policy(P);
	say(family(2)->export_policy, "POL");
	uint64_t before = vpn_net_peer_of(net, 0, 3)->sent.messages[BGP_UPDATE];
	again();
	ck_assert(!knows(2, P));
	ck_assert_uint_eq(vpn_net_peer_of(net, 0, 3)->sent.messages[BGP_UPDATE], before);
}
END_TEST

/* A peer that is still being told everything when its policy changes. */
START_TEST(a_policy_that_changes_in_the_middle_of_a_walk_leaves_nothing_behind)
{
	star(4);
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	for (int i = 0; i < 5000; i++) {
		char prefix[32];
		snprintf(prefix, sizeof prefix, "20.%d.%d.0/24", i / 256, i % 256);
		vpn_net_route(net, 0, prefix, false);
	}
	vpn_net_route(net, 0, P, false);
	vpn_net_run(net, SECONDS(2));
	vpn_net_kill(net, 3);
	vpn_net_run(net, SECONDS(1));
	vpn_net_start(net, 3, false);
	vpn_net_run(net, (usec_t)_i * 3000);
	policy(P);
	say(family(3)->export_policy, "POL");
	vpn_net_configure(net, 0);
	vpn_net_run(net, SECONDS(20));
	ck_assert(vpn_net_is_up(net, 0, 3));
	ck_assert(!knows(3, P) && knows(2, P) && knows(3, "20.0.1.0/24"));
	ck_assert_uint_eq(vpn_net_peer_of(net, 3, 0)->family[BGP_IPV4].prefixes, 5000);
	ck_assert(vpn_net_peer_of(net, 3, 0)->family[BGP_IPV4].ended);
}
END_TEST

/* --- our own --- */

static void
own(const char *prefix, const char *policy, bool gone)
{
	struct bgp_own_route r = { .family = BGP_IPV4, .policy = policy, .med = 5 };

	ck_assert(prefix_parse(prefix, &r.prefix));
	vpn_net_give(net, 0, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .route = &r, .gone = gone });
	vpn_net_run(net, SECONDS(1));
}

START_TEST(our_own_routes_pass_the_policy_that_brings_them_in)
{
	star(2);
	policy(P);
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	own(P, "POL", false);
	own(Q, "POL", false);
	ck_assert(!knows(1, P) && knows(1, Q));
	ck_assert_uint_eq(vpn_net_best(net, 1, BGP_IPV4, Q)->attrs->med, 77);
	listed("L", Q, true);
	ck_assert(prefix_lists_remove(&policies()->prefixes4, "L", 10));
	again();
	ck_assert(knows(1, P) && !knows(1, Q));
	own(P, "POL", true);
	own(Q, "POL", true);
	listed("L", P, false);
	again();
	ck_assert(!knows(0, P) && !knows(0, Q) && !knows(1, P));
	ck_assert_uint_eq(net->nodes[0]->b->attrs.sets.count, 0);
}
END_TEST

/* --- between instances --- */

static struct bgp_vpn_config *
add_instance(size_t node, const char *rd)
{
	struct bgp_config *c = &net->nodes[node]->config;

	c->instances = mem_resize(c->instances, 2 * sizeof *c->instances);
	c->instance_count = 2;
	c->instances[1] = (struct bgp_instance_config){ .name = "V" };
	struct bgp_vpn_config *v = &c->instances[1].vpn[0];
	v->on = true;
	v->label = 1000;
	v->import_count = v->export_count = 1;
	ck_assert(rd_parse(rd, &v->rd) && rt_parse("111:1", &v->import[0]) && rt_parse("111:1", &v->export[0]));
	return v;
}

static void
own_in_instance(size_t node, const char *prefix)
{
	struct bgp_own_route r = { .family = BGP_IPV4 };

	ck_assert(prefix_parse(prefix, &r.prefix));
	vpn_net_give(net, node, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = "V", .route = &r });
}

static const struct path *
best_in(size_t node, const char *prefix)
{
	const struct rib *r = instance_find(net->nodes[node]->b, "V")->ribs[BGP_IPV4];
	struct prefix p;

	ck_assert(prefix_parse(prefix, &p));
	const struct dest *d = r ? dest_find(r, 0, &p) : NULL;
	return d && d->paths && d->paths->best ? d->paths : NULL;
}

START_TEST(an_instance_brings_in_and_tells_what_its_policies_permit)
{
	bool in = _i;
	size_t who = in ? 0 : 1; /* 0 brings in with a policy, or 0 tells with one */

	vpn_net_add(net, 100);
	vpn_net_add(net, 100);
	vpn_net_peer(net, 0, 1, BGP_FAMILY_BIT(BGP_VPNV4));
	struct bgp_vpn_config *v = add_instance(0, "100:1");
	add_instance(1, "100:2");
	policy(P);
	say(in ? v->import_policy : v->export_policy, "POL");
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	own_in_instance(1 - who, P);
	own_in_instance(1 - who, Q);
	vpn_net_run(net, SECONDS(1));
	ck_assert(!best_in(who, P) && best_in(who, Q));
	ck_assert_uint_eq(best_in(who, Q)->attrs->local_pref, 321);
	listed("L", Q, true);
	ck_assert(prefix_lists_remove(&policies()->prefixes4, "L", 10)); /* which one changes */
	again();
	ck_assert(best_in(who, P) && !best_in(who, Q));
	say(in ? v->import_policy : v->export_policy, "");
	again();
	ck_assert(best_in(who, P) && best_in(who, Q));
	ck_assert_uint_eq(ups(1), 1);
}
END_TEST

/* What no instance wants as it came, but as the policy leaves it. */
START_TEST(targets_of_an_import_policy_bring_a_route_in)
{
	vpn_net_add(net, 100);
	vpn_net_add(net, 100);
	vpn_net_peer(net, 0, 1, BGP_FAMILY_BIT(BGP_VPNV4));
	add_instance(0, "100:1");
	struct bgp_vpn_config *v = add_instance(1, "100:2");
	ck_assert(rt_parse("999:9", &v->export[0]));
	struct policy_apply *y = &policy_node(policies(), "POL", 10)->apply;
	y->targets_way = LIST_ADDED;
	y->target_count = 1;
	ck_assert(rt_parse("111:1", &y->targets[0]));
	if (_i)
		say(vpn_net_peer_config(net, 0, 1)->family[BGP_VPNV4].import_policy, "POL");
	vpn_net_start_all(net);
	vpn_net_run(net, SECONDS(20));
	own_in_instance(1, P);
	vpn_net_run(net, SECONDS(1));
	ck_assert(!best_in(0, P) == !_i);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("policies in use");
	TCase *t = tcase_create("peers");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_an_import_policy_denies_is_not_kept_and_what_it_permits_is_changed);
	tcase_add_test(t, a_changed_import_policy_takes_effect_without_a_reset);
	tcase_add_test(t, an_unchanged_policy_asks_nobody_again);
	tcase_add_test(t, a_policy_that_does_not_exist_permits_and_is_warned_of);
	tcase_add_test(t, a_preferred_value_of_a_policy_wins_over_the_peers);
	tcase_add_loop_test(t, a_prefix_list_stands_before_a_peer_by_itself, 0, 2);
	tcase_add_test(t, what_an_export_policy_denies_is_not_told_and_what_it_sets_is);
	tcase_add_test(t, an_export_policy_makes_the_path_longer_before_our_own_as);
	tcase_add_loop_test(t, a_changed_export_policy_withdraws_and_tells_and_ends_no_session, 1, 4);
	tcase_add_test(t, peers_with_the_same_policy_share_what_they_are_told);
	tcase_add_test(t, a_policy_that_concerns_others_tells_nobody_anything);
	tcase_add_loop_test(t, a_policy_that_changes_in_the_middle_of_a_walk_leaves_nothing_behind, 0, 12);
	suite_add_tcase(s, t);
	t = tcase_create("own routes and instances");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, our_own_routes_pass_the_policy_that_brings_them_in);
	tcase_add_loop_test(t, an_instance_brings_in_and_tells_what_its_policies_permit, 0, 2);
	tcase_add_loop_test(t, targets_of_an_import_policy_bring_a_route_in, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
