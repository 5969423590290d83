/* Policies: what each clause asks and changes, filters, and policies as values. Where they are used: test_policy_use.c. */
#include "base/mem.h"
#include "l3vpnd/bgp/as_path.h"
#include "l3vpnd/bgp/policy.h"
#include "tests/helper/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct attr_store store;
static struct bgp_policies all;
static const struct attr_set
    *route; /* AS path 100 200, communities 100:1 100:2, targets 111:1, MED 50, from 10.0.0.9 */
static struct prefix prefix;
static struct text line;

static uint32_t
community(uint32_t as, uint32_t number)
{
	return as << 16 | number;
}

static uint64_t
target(const char *text)
{
	uint64_t t;

	ck_assert(rt_parse(text, &t));
	return t;
}

static struct prefix
prefix_from(const char *text)
{
	struct prefix p;

	ck_assert(prefix_parse(text, &p));
	return p;
}

static void
setup(void)
{
	static const uint8_t path[] = { AS_SEQUENCE, 2, 0, 0, 0, 100, 0, 0, 0, 200 };
	static const uint8_t communities[] = { 0, 100, 0, 1, 0, 100, 0, 2 };
	uint8_t ext[16];
	struct wire_writer w = wire_writer(ext, sizeof ext);
	struct addr hop = addr_v4(0x0a000009);

	attr_store_init(&store);
	wire_put_u64(&w, target("111:1"));
	wire_put_u64(&w, UINT64_C(0x0003) << 48 | 7); /* SoO */
	const struct attr_set *a = attr_of_own(&store, ORIGIN_IGP, &hop, 50, true, wire_reader(ext, w.at));
	route = attr_changed(&store, a,
	    &(struct attr_change){ .as_path_set = true,
		.as_path = wire_reader(path, sizeof path),
		.communities_set = true,
		.communities = wire_reader(communities, sizeof communities) });
	attr_drop(&store, a);
	prefix = prefix_from("10.1.2.0/24");
}

static void
teardown(void)
{
	attr_drop(&store, route);
	ck_assert_uint_eq(store.sets.count, 0);
	attr_store_free(&store);
	policies_free(&all);
	text_free(&line);
}

static const struct attr_set *
pass_from(enum policy_source source, unsigned *said)
{
	return policy_pass(&all, "P", "",
	    &(struct policy_route){
		.family = prefix.addr.family == 6 ? BGP_IPV6 : BGP_IPV4, .prefix = &prefix, .source = source },
	    &store, route, said);
}

static const struct attr_set *
pass(void)
{
	return pass_from(POLICY_EXTERNAL, NULL);
}

static bool
permits(void)
{
	const struct attr_set *a = pass();

	attr_drop(&store, a);
	return a;
}

static struct policy_node *
node(uint32_t number, bool permit)
{
	struct policy_node *n = policy_node(&all, "P", number);

	n->permit = permit;
	return n;
}

static void
list4(const char *name, const char *network, bool permit, uint8_t least, uint8_t most)
{
	struct prefix_rule r = {
		.permit = permit, .prefix = prefix_from(network), .greater_equal = least, .less_equal = most
	};

	ck_assert(prefix_lists_set(r.prefix.addr.family == 6 ? &all.prefixes6 : &all.prefixes4, name, r));
}

static void
name(char into[POLICY_NAME], const char *what)
{
	snprintf(into, POLICY_NAME, "%s", what);
}

/* --- the order of things --- */

START_TEST(without_a_policy_everything_passes_as_it_is)
{
	const struct attr_set *a = pass();

	ck_assert_ptr_eq(a, route);
	attr_drop(&store, a);
	a = policy_pass(
	    &all, "", "", &(struct policy_route){ .prefix = &prefix, .source = POLICY_OWN }, &store, route, NULL);
	ck_assert_ptr_eq(a, route);
	attr_drop(&store, a);
}
END_TEST

START_TEST(the_first_node_that_is_met_decides_and_none_is_a_no)
{
	list4("L", "10.1.0.0/16", true, 16, 32);
	list4("M", "10.1.2.0/24", true, 24, 24);
	name(node(20, true)->match.prefixes4, "L");
	name(node(10, false)->match.prefixes4, "M"); /* said later, asked first */
	ck_assert(!permits());
	prefix = prefix_from("10.1.3.0/24");
	ck_assert(permits());
	prefix = prefix_from("10.2.3.0/24");
	ck_assert(!permits());
	node(30, true);
	ck_assert(permits());
}
END_TEST

START_TEST(every_clause_of_a_node_has_to_be_met)
{
	struct policy_node *n = node(10, true);

	n->match.has_cost = true;
	n->match.cost = 50;
	ck_assert(permits());
	n->match.sources = POLICY_INTERNAL;
	ck_assert(!permits());
}
END_TEST

/* --- if-match --- */

START_TEST(a_prefix_list_of_the_other_family_is_not_met)
{
	list4("L", "10.0.0.0/8", true, 8, 32);
	list4("L", "2001:db8::/32", true, 32, 128);
	name(node(10, true)->match.prefixes6, "L");
	ck_assert(!permits());
	prefix = prefix_from("2001:db8:1::/48");
	ck_assert(permits());
	prefix = prefix_from("2001:db9::/48");
	ck_assert(!permits());
	name(node(10, true)->match.prefixes4, "L");
	prefix = prefix_from("10.1.0.0/16");
	ck_assert(permits());
}
END_TEST

START_TEST(a_cost_is_met_exactly_and_one_that_is_not_there_is_none)
{
	struct policy_node *n = node(10, true);

	n->match.has_cost = true;
	n->match.cost = 51;
	ck_assert(!permits());
	const struct attr_set *with = route;
	route = attr_changed(&store, with, &(struct attr_change){ .med_none = true });
	attr_drop(&store, with);
	n->match.cost = 0;
	ck_assert(permits());
}
END_TEST

START_TEST(a_source_is_met)
{
	node(10, true)->match.sources = POLICY_OWN | POLICY_INTERNAL;
	const struct attr_set *own = pass_from(POLICY_OWN, NULL), *internal = pass_from(POLICY_INTERNAL, NULL);
	ck_assert(own && internal && !permits());
	attr_drop(&store, own);
	attr_drop(&store, internal);
}
END_TEST

START_TEST(a_next_hop_is_met_by_a_prefix_list)
{
	name(node(10, true)->match.next_hop4, "HOPS");
	list4("HOPS", "10.0.0.8/30", true, 32, 32);
	ck_assert(permits());
	ck_assert(prefix_lists_remove(&all.prefixes4, "HOPS", 0));
	list4("HOPS", "10.0.0.0/32", true, 32, 32);
	ck_assert(!permits());
	name(node(10, true)->match.next_hop4, "");
	name(node(10, true)->match.next_hop6, "HOPS");
	ck_assert(!permits());
}
END_TEST

static void
rule(enum policy_filter_kind kind, uint32_t index, bool permit, uint8_t count, uint64_t a, uint64_t b)
{
	char why[128];

	ck_assert(policy_filter_add(&all, kind, "F",
	    (struct policy_filter_rule){ .index = index, .permit = permit, .count = count, .values = { a, b } }, NULL,
	    why));
}

START_TEST(communities_of_a_rule_all_have_to_be_there)
{
	name(node(10, true)->match.filter[FILTER_COMMUNITY], "F");
	ck_assert(permits()); /* there is no such filter yet */
	rule(FILTER_COMMUNITY, 10, true, 2, community(100, 1), community(100, 3));
	ck_assert(!permits());
	rule(FILTER_COMMUNITY, 0, true, 2, community(100, 1), community(100, 2));
	ck_assert(permits());
	rule(FILTER_COMMUNITY, 15, false, 1, community(100, 2), 0);
	ck_assert(!permits());
	ck_assert(policy_filter_remove(&all, FILTER_COMMUNITY, "F", 15));
	ck_assert(permits());
}
END_TEST

START_TEST(extended_communities_are_met)
{
	name(node(10, true)->match.filter[FILTER_EXT], "F");
	rule(FILTER_EXT, 10, true, 1, target("111:2"), 0);
	ck_assert(!permits());
	rule(FILTER_EXT, 20, true, 1, target("111:1"), 0);
	ck_assert(permits());
}
END_TEST

static const struct {
	const char *regex;
	bool meets; /* "100 200" */
} paths[] = { { "^100", true }, { "200$", true }, { "^100 200$", true }, { "^200", false }, { "_200_", true },
	{ "_20_", false }, { "^100_", true }, { "^$", false }, { ".*", true }, { "(^| )100 (200|300)$", true },
	{ "^10[0-9] ", true }, { "_100_200_", true } };

START_TEST(an_as_path_is_met_by_a_regular_expression)
{
	char why[128];

	name(node(10, true)->match.filter[FILTER_AS_PATH], "F");
	ck_assert(policy_filter_add(
	    &all, FILTER_AS_PATH, "F", (struct policy_filter_rule){ .permit = true }, paths[_i].regex, why));
	ck_assert_msg(permits() == paths[_i].meets, "%s", paths[_i].regex);
}
END_TEST

START_TEST(a_regular_expression_that_is_none_is_refused_with_the_reason)
{
	char why[128] = "";

	ck_assert(
	    !policy_filter_add(&all, FILTER_AS_PATH, "F", (struct policy_filter_rule){ .permit = true }, "(100", why));
	ck_assert_str_ne(why, "");
	ck_assert_ptr_null(policy_filter_find(&all, FILTER_AS_PATH, "F"));
}
END_TEST

/* --- apply --- */

static const struct attr_set *
applied(void)
{
	const struct attr_set *a = pass();

	ck_assert(a);
	return a;
}

START_TEST(single_values_are_set)
{
	struct policy_apply *y = &node(10, true)->apply;

	y->has_local_pref = y->has_preferred = y->has_origin = true;
	y->local_pref = 300;
	y->preferred = 7;
	y->origin = ORIGIN_EGP;
	y->next_hop4 = addr_v4(0x01020304);
	unsigned said;
	const struct attr_set *a = pass_from(POLICY_EXTERNAL, &said);
	ck_assert(a->has_local_pref && a->local_pref == 300 && a->preferred == 7 && a->origin == ORIGIN_EGP);
	ck_assert_uint_eq(addr_to_v4(&a->next_hop), 0x01020304);
	ck_assert_uint_eq(said, POLICY_SAID_NEXT_HOP);
	attr_drop(&store, a);
}
END_TEST

static const struct {
	enum policy_cost_way way;
	uint32_t cost;
	bool has;
	uint32_t result;
} costs[] = { { COST_SET, 9, true, 9 }, { COST_MORE, 9, true, 59 }, { COST_LESS, 9, true, 41 },
	{ COST_LESS, 90, true, 0 }, { COST_MORE, UINT32_MAX, true, UINT32_MAX }, { COST_NONE, 0, false, 0 } };

START_TEST(a_cost_is_set_raised_lowered_and_taken_away)
{
	struct policy_apply *y = &node(10, true)->apply;
	unsigned said;

	y->cost_way = (uint8_t)costs[_i].way;
	y->cost = costs[_i].cost;
	const struct attr_set *a = pass_from(POLICY_EXTERNAL, &said);
	ck_assert(a->has_med == costs[_i].has && a->med == costs[_i].result);
	ck_assert_uint_eq(said, POLICY_SAID_MED);
	attr_drop(&store, a);
}
END_TEST

START_TEST(communities_are_set_added_and_taken_away)
{
	struct policy_apply *y = &node(10, true)->apply;

	y->communities_way = LIST_ADDED;
	y->community_count = 1;
	y->communities[0] = community(7, 7);
	const struct attr_set *a = applied();
	ck_assert(attr_has_community(a, community(7, 7)) && attr_has_community(a, community(100, 2)));
	attr_drop(&store, a);
	y->communities_way = LIST_SET;
	a = applied();
	ck_assert(attr_has_community(a, community(7, 7)) && a->size[LIST_COMMUNITIES] == 4);
	attr_drop(&store, a);
	y->communities_way = LIST_EMPTIED;
	y->community_count = 0;
	a = applied();
	ck_assert_uint_eq(a->size[LIST_COMMUNITIES], 0);
	attr_drop(&store, a);
}
END_TEST

START_TEST(targets_are_set_and_added_and_other_extended_communities_stay)
{
	struct policy_apply *y = &node(10, true)->apply;

	y->targets_way = LIST_SET;
	y->target_count = 1;
	y->targets[0] = target("222:2");
	const struct attr_set *a = applied();
	ck_assert(attr_has_ext(a, target("222:2")) && !attr_has_ext(a, target("111:1")));
	ck_assert_uint_eq(a->size[LIST_EXT], 16);
	attr_drop(&store, a);
	y->targets_way = LIST_ADDED;
	a = applied();
	ck_assert(attr_has_ext(a, target("222:2")) && attr_has_ext(a, target("111:1")));
	attr_drop(&store, a);
}
END_TEST

START_TEST(a_path_is_made_longer_in_the_order_that_was_said)
{
	struct policy_apply *y = &node(10, true)->apply;

	y->prepend_count = 3;
	y->prepends[0] = 1;
	y->prepends[1] = 2;
	y->prepends[2] = 2;
	const struct attr_set *a = applied();
	text_clear(&line);
	as_path_text(attr_list(a, LIST_AS_PATH), &line);
	ck_assert_str_eq(text_chars(&line), "1 2 2 100 200");
	attr_drop(&store, a);
}
END_TEST

START_TEST(a_node_that_denies_changes_nothing)
{
	struct policy_node *n = node(10, false);

	n->apply.has_local_pref = true;
	ck_assert(!permits());
	ck_assert_uint_eq(store.sets.count, 1);
}
END_TEST

/* --- as values --- */

START_TEST(a_copy_is_the_same_until_something_that_is_named_changes)
{
	struct bgp_policies copy = { 0 };
	char why[128];

	list4("L", "10.1.0.0/16", true, 16, 32);
	name(node(10, true)->match.prefixes4, "L");
	name(node(10, true)->match.filter[FILTER_AS_PATH], "F");
	ck_assert(policy_filter_add(
	    &all, FILTER_AS_PATH, "F", (struct policy_filter_rule){ .index = 10, .permit = true }, "^100", why));
	policies_copy(&copy, &all);
	ck_assert(policy_is_same(&all, &copy, "P"));
	ck_assert(policy_is_same(&all, &copy, "nothing"));
	ck_assert(policy_filter_add(
	    &copy, FILTER_AS_PATH, "F", (struct policy_filter_rule){ .index = 10, .permit = true }, "^200", why));
	ck_assert(!policy_is_same(&all, &copy, "P"));
	ck_assert(permits()); /* the first has not changed */
	policies_copy(&copy, &all);
	list4("other", "10.0.0.0/8", true, 8, 8);
	ck_assert(policy_is_same(&all, &copy, "P"));
	list4("L", "10.2.0.0/16", false, 16, 16);
	ck_assert(!policy_is_same(&all, &copy, "P"));
	ck_assert(!policy_prefixes_are_same(&all, &copy, "L"));
	policies_copy(&copy, &all);
	ck_assert(policy_remove(&copy, "P", 10));
	ck_assert(!policy_is_same(&all, &copy, "P"));
	ck_assert_ptr_null(policy_find(&copy, "P"));
	policies_free(&copy);
}
END_TEST

START_TEST(what_is_not_there_cannot_be_taken_away)
{
	node(10, true);
	ck_assert(!policy_remove(&all, "P", 20));
	ck_assert(!policy_remove(&all, "Q", POLICY_ALL));
	ck_assert(!policy_filter_remove(&all, FILTER_EXT, "F", 0));
	rule(FILTER_EXT, 10, true, 1, 1, 0);
	ck_assert(!policy_filter_remove(&all, FILTER_EXT, "F", 20));
	ck_assert(policy_filter_remove(&all, FILTER_EXT, "F", 0));
	ck_assert(policy_remove(&all, "P", POLICY_ALL));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bgp policies");
	TCase *t = tcase_create("clauses");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, without_a_policy_everything_passes_as_it_is);
	tcase_add_test(t, the_first_node_that_is_met_decides_and_none_is_a_no);
	tcase_add_test(t, every_clause_of_a_node_has_to_be_met);
	tcase_add_test(t, a_prefix_list_of_the_other_family_is_not_met);
	tcase_add_test(t, a_cost_is_met_exactly_and_one_that_is_not_there_is_none);
	tcase_add_test(t, a_source_is_met);
	tcase_add_test(t, a_next_hop_is_met_by_a_prefix_list);
	tcase_add_test(t, communities_of_a_rule_all_have_to_be_there);
	tcase_add_test(t, extended_communities_are_met);
	tcase_add_loop_test(t, an_as_path_is_met_by_a_regular_expression, 0, (int)COUNT(paths));
	tcase_add_test(t, a_regular_expression_that_is_none_is_refused_with_the_reason);
	tcase_add_test(t, single_values_are_set);
	tcase_add_loop_test(t, a_cost_is_set_raised_lowered_and_taken_away, 0, (int)COUNT(costs));
	tcase_add_test(t, communities_are_set_added_and_taken_away);
	tcase_add_test(t, targets_are_set_and_added_and_other_extended_communities_stay);
	tcase_add_test(t, a_path_is_made_longer_in_the_order_that_was_said);
	tcase_add_test(t, a_node_that_denies_changes_nothing);
	tcase_add_test(t, a_copy_is_the_same_until_something_that_is_named_changes);
	tcase_add_test(t, what_is_not_there_cannot_be_taken_away);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
