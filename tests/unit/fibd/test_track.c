/* Static routes that follow a BFD session: when they leave, when they stay, and how many messages that takes. */
#include "base/rng.h"
#include "fibd/rib/model.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world.h"
#include <stdio.h>
#include <string.h>

static struct world *w;

#define TRACKED "ip route-static 20.0.0.0 8 10.0.1.2 track bfd-session a\n"
#define FLOATING "ip route-static 20.0.0.0 8 10.0.2.2 preference 80\n"
#define ROUTE(prefix, is) ck_assert_str_eq(world_route(w, prefix), is)
#define SAYS(name, v)                                         \
	do {                                                  \
		world_session(w, name, BFD__VERDICT__##v, 1); \
		world_run(w);                                 \
	} while (0)

static void
setup(void)
{
	w = world_new();
	world_link(w, 1, "eth1", "10.0.1.1/24");
	world_link(w, 2, "eth2", "10.0.2.1/24");
	world_link(w, 3, "eth3", "10.0.3.1/24");
}

static void
teardown(void)
{
	ck_assert_uint_eq(w->foreign_harm, 0);
	world_free(w);
}

START_TEST(a_dead_path_takes_the_route_and_a_live_one_brings_it_back)
{
	world_start(w, TRACKED);
	SAYS("a", ALIVE);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	SAYS("a", DEAD);
	ROUTE("20.0.0.0/8", "none");
	ck_assert_str_eq(
	    world_row(w, "20.0.0.0/8")->entries[0]->inactive, "its BFD session says that the path is dead");
	ck_assert_str_eq(world_row(w, "20.0.0.0/8")->entries[0]->next_hops[0]->track, "a");
	SAYS("a", ALIVE);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	ck_assert_str_eq(world_row(w, "20.0.0.0/8")->entries[0]->next_hops[0]->track_state, "alive");
}
END_TEST

START_TEST(a_session_that_says_nothing_moves_nothing)
{
	world_start(w, TRACKED FLOATING);
	ROUTE("20.0.0.0/8", "10.0.1.2@1"); /* there is none yet */
	ck_assert_str_eq(world_row(w, "20.0.0.0/8")->entries[0]->next_hops[0]->track_state, "no such session");
	unsigned before = w->ops;
	SAYS("a", UNKNOWN);
	SAYS("a", UNWATCHED);
	SAYS("a", ALIVE);
	SAYS("a", UNWATCHED);
	SAYS("b", DEAD); /* another one */
	ck_assert_uint_eq(w->ops, before);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
}
END_TEST

START_TEST(what_was_dead_and_is_switched_off_or_gone_is_as_if_nobody_watched)
{
	world_start(w, TRACKED FLOATING);
	SAYS("a", DEAD);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	SAYS("a", UNWATCHED);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	SAYS("a", DEAD);
	world_session_gone(w, "a");
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
}
END_TEST

START_TEST(a_restart_of_bfdd_changes_nothing_either_way)
{
	world_start(w, TRACKED FLOATING "ip route-static 30.0.0.0 8 10.0.2.2 track bfd-session b\n");
	SAYS("a", DEAD);
	SAYS("b", ALIVE);
	world_sessions_lost(w);
	world_wait(w, 10 * USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	ROUTE("30.0.0.0/8", "10.0.2.2@2");
	unsigned before = w->ops;
	world_session(w, "a", BFD__VERDICT__UNKNOWN, 2);
	world_session(w, "b", BFD__VERDICT__UNKNOWN, 2);
	world_sessions_synced(w, 2);
	world_run(w);
	ck_assert_uint_eq(w->ops, before);
	world_session(w, "a", BFD__VERDICT__DEAD, 2);
	world_session(w, "b", BFD__VERDICT__ALIVE, 2);
	world_run(w);
	ck_assert_uint_eq(w->ops, before);
	world_sessions_synced(w, 3); /* it comes back without them */
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
}
END_TEST

START_TEST(a_restart_of_fibd_leaves_the_dead_path_alone_until_bfdd_was_heard)
{
	const char *config = TRACKED FLOATING "ip route-static 30.0.0.0 8 20.1.1.1\n";

	world_start(w, config);
	SAYS("a", DEAD);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	world_restart(w);
	world_tell_all(w);
	world_config(w, config);
	world_lsps_synced(w, 1);
	world_wait(w, USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	ROUTE("30.0.0.0/8", "10.0.2.2@2");
	world_session(w, "a", BFD__VERDICT__DEAD, 1);
	world_sessions_synced(w, 1);
	world_wait(w, 10 * USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	ROUTE("30.0.0.0/8", "10.0.2.2@2");
	ck_assert(world_row(w, "20.0.0.0/8")->installed);
}
END_TEST

START_TEST(a_bfdd_that_does_not_come_is_not_waited_for_long)
{
	world_start(w, TRACKED FLOATING);
	SAYS("a", DEAD);
	world_restart(w);
	world_tell_all(w);
	world_config(w, TRACKED FLOATING "ip route-static 40.0.0.0 8 10.0.1.2 track bfd-session a\n");
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	ROUTE("40.0.0.0/8", "10.0.1.2@1"); /* it was not there: nothing can be lost */
	world_wait(w, 4 * USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
}
END_TEST

START_TEST(a_verdict_of_before_the_configuration_counts)
{
	world_start(w, "sysname R1\n");
	SAYS("a", DEAD);
	world_config(w, TRACKED FLOATING);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
}
END_TEST

START_TEST(one_of_two_that_share_the_load_is_one_message_for_all_prefixes)
{
	struct text t = { 0 };

	for (int i = 0; i < 50; i++)
		text_add(&t,
		    "ip route-static 20.0.%d.0 24 10.0.1.2 track bfd-session a\nip route-static 20.0.%d.0 24 "
		    "10.0.2.2\n",
		    i, i);
	world_start(w, text_chars(&t));
	text_free(&t);
	ROUTE("20.0.7.0/24", "10.0.1.2@1 10.0.2.2@2");
	unsigned routes = w->route_ops, groups = w->group_ops;
	SAYS("a", DEAD);
	ROUTE("20.0.7.0/24", "10.0.2.2@2");
	ROUTE("20.0.49.0/24", "10.0.2.2@2");
	ck_assert_uint_eq(w->route_ops, routes);
	ck_assert_uint_eq(w->group_ops, groups + 1);
	SAYS("a", ALIVE);
	ROUTE("20.0.49.0/24", "10.0.1.2@1 10.0.2.2@2");
	ck_assert_uint_eq(w->route_ops, routes);
}
END_TEST

/* --- floating routes --- */

static void
many_of(unsigned count, const char *floating)
{
	struct text t = { 0 };

	for (unsigned i = 0; i < count; i++)
		text_add(&t,
		    "ip route-static 20.%u.%u.0 24 10.0.1.2 track bfd-session a\n"
		    "ip route-static 20.%u.%u.0 24 %s preference 80\n",
		    i >> 8, i & 255, i >> 8, i & 255, floating);
	world_start(w, text_chars(&t));
	text_free(&t);
}

static void
many(const char *floating)
{
	many_of(50, floating);
}

static void
all_have_moved_already(struct world *world)
{
	char prefix[24];

	for (int i = 0; i < 50; i++) {
		snprintf(prefix, sizeof prefix, "20.0.%d.0/24", i);
		ck_assert_str_eq(world_route(world, prefix), "10.0.2.2@2");
	}
}

START_TEST(the_floating_route_of_many_prefixes_takes_over_in_the_first_message)
{
	many("10.0.2.2");
	ROUTE("20.0.49.0/24", "10.0.1.2@1");
	w->meanwhile = all_have_moved_already; /* with the first slice: not yet are all routes rewritten */
	SAYS("a", DEAD);
	ck_assert_ptr_null((void *)(uintptr_t)w->meanwhile);
	all_have_moved_already(w);
	for (int i = 0; i < 50; i++) {
		char prefix[24];
		snprintf(prefix, sizeof prefix, "20.0.%d.0/24", i);
		ck_assert(world_row(w, prefix)->installed);
	}
	ck_assert_uint_eq(w->nexthop_count, 2); /* one next hop, one group: nothing is left of the takeover */
	SAYS("a", ALIVE);
	ROUTE("20.0.49.0/24", "10.0.1.2@1");
	ROUTE("20.0.0.0/24", "10.0.1.2@1");
	ck_assert_uint_eq(w->nexthop_count, 3);
}
END_TEST

START_TEST(what_moves_very_many_routes_at_once_is_not_to_be_told_of_each_of_them)
{
	many_of(FIB_MANY_ROUTES - (_i ? 0 : 1), "10.0.2.2");
	ck_assert_uint_eq(w->quiet_ops, 0); /* they come one by one */
	SAYS("a", DEAD);
	ROUTE("20.3.254.0/24", "10.0.2.2@2");
	ck_assert_uint_eq(w->quiet_ops, _i ? 1 : 0);
	SAYS("a", ALIVE);
	ROUTE("20.3.254.0/24", "10.0.1.2@1");
	ck_assert_uint_eq(w->quiet_ops, _i ? 2 : 0);
}
END_TEST

static unsigned die_after;

static void
dies(struct world *world)
{
	if (die_after) {
		die_after--;
		world->meanwhile = dies;
	} else {
		world_session(world, "a", BFD__VERDICT__DEAD, 1);
	}
}

START_TEST(a_path_that_dies_while_its_routes_are_installed_leaves_none_behind)
{
	char prefix[24];

	die_after = (unsigned)_i;
	w->meanwhile = dies;
	many("10.0.2.2");
	w->meanwhile = NULL;
	world_session(w, "a", BFD__VERDICT__DEAD, 1);
	world_run(w);
	for (int i = 0; i < 50; i++) {
		snprintf(prefix, sizeof prefix, "20.0.%d.0/24", i);
		ck_assert_str_eq(world_route(w, prefix), "10.0.2.2@2");
		ck_assert_uint_eq(world_group(w, prefix), world_group(w, "20.0.0.0/24"));
	}
	ck_assert_uint_eq(w->nexthop_count, 2);
}
END_TEST

START_TEST(a_path_that_is_back_before_all_routes_have_moved_gets_them_all)
{
	many("10.0.2.2");
	for (int i = 0; i < 3; i++) {
		world_session(w, "a", BFD__VERDICT__DEAD, 1);
		world_session(w, "a", BFD__VERDICT__ALIVE, 1);
		world_run(w);
		ROUTE("20.0.0.0/24", "10.0.1.2@1");
		ROUTE("20.0.49.0/24", "10.0.1.2@1");
	}
	ck_assert_uint_eq(w->nexthop_count, 3); /* the other next hop stands by */
}
END_TEST

START_TEST(prefixes_that_part_ways_are_moved_one_by_one)
{
	struct text t = { 0 };

	for (int i = 0; i < 20; i++)
		text_add(&t,
		    "ip route-static 20.0.%d.0 24 10.0.1.2 track bfd-session a\nip route-static 20.0.%d.0 24 10.0.%d.2 "
		    "preference 80\n",
		    i, i, 2 + i % 2);
	world_start(w, text_chars(&t));
	text_free(&t);
	SAYS("a", DEAD);
	ROUTE("20.0.0.0/24", "10.0.2.2@2");
	ROUTE("20.0.1.0/24", "10.0.3.2@3");
	SAYS("a", ALIVE);
	ROUTE("20.0.1.0/24", "10.0.1.2@1");
	ck_assert_uint_eq(w->nexthop_count, 2);
}
END_TEST

START_TEST(the_one_that_stands_in_may_change_while_it_does)
{
	many("10.0.2.2");
	SAYS("a", DEAD);
	world_carrier(w, 2, false);
	world_run(w);
	ROUTE("20.0.3.0/24", "none");
	world_carrier(w, 2, true);
	world_run(w);
	ROUTE("20.0.3.0/24", "10.0.2.2@2");
	world_config(w, "sysname R1\n");
	world_run(w);
	ck_assert_uint_eq(w->nexthop_count, 0);
}
END_TEST

START_TEST(what_leans_on_a_tracked_route_moves_with_it)
{
	world_start(w, TRACKED FLOATING "ip route-static 30.0.0.0 8 20.1.1.1\n");
	ROUTE("30.0.0.0/8", "10.0.1.2@1");
	SAYS("a", DEAD);
	ROUTE("30.0.0.0/8", "10.0.2.2@2");
}
END_TEST

START_TEST(a_route_by_its_interface_follows_as_well)
{
	world_start(w, "ip route-static 20.0.0.0 8 eth1 10.0.1.2 track bfd-session a description x\n");
	SAYS("a", DEAD);
	ROUTE("20.0.0.0/8", "none");
}
END_TEST

/* --- whatever happens --- */

enum { PREFIXES = 24, WAYS = 3, STEPS = 60 };

/* Three ways for each prefix, each followed by its session, in an order of its own; some have fewer. */
static void
draw(struct rng *rng, uint8_t preference[PREFIXES][WAYS])
{
	bool alike = rng_below(rng, 2); /* then all go the same ways, and one message moves them */

	for (int p = 0; p < PREFIXES; p++)
		for (int way = 0; way < WAYS; way++)
			preference[p][way] = alike && p          ? preference[0][way]
					     : rng_below(rng, 4) ? (uint8_t)(10 + 10 * rng_below(rng, 3))
								 : 0;
}

static void
say(uint8_t preference[PREFIXES][WAYS], struct text *out)
{
	for (int p = 0; p < PREFIXES; p++)
		for (int way = 0; way < WAYS; way++)
			if (preference[p][way])
				text_line(out,
				    "ip route-static 20.%d.0.0 16 10.0.%d.2 preference %u track bfd-session %c", p,
				    way + 1, preference[p][way], 'a' + way);
}

static void
expect(uint8_t preference[PREFIXES][WAYS], const bool dead[WAYS], unsigned step)
{
	for (int p = 0; p < PREFIXES; p++) {
		struct text want = { 0 };
		char prefix[PREFIX_TEXT];
		unsigned best = 255;
		for (int way = 0; way < WAYS; way++)
			if (preference[p][way] && !dead[way] && preference[p][way] < best)
				best = preference[p][way];
		for (int way = 0; way < WAYS; way++)
			if (preference[p][way] == best && !dead[way])
				text_add(&want, "%s10.0.%d.2@%d", want.size ? " " : "", way + 1, way + 1);
		snprintf(prefix, sizeof prefix, "20.%d.0.0/16", p);
		ck_assert_msg(strcmp(world_route(w, prefix), want.size ? text_chars(&want) : "none") == 0,
		    "step %u: %s leads to %s, not to %s", step, prefix, world_route(w, prefix), text_chars(&want));
		text_free(&want);
	}
}

START_TEST(after_any_row_of_deaths_and_returns_every_prefix_leads_where_it_should)
{
	static const char *const names[WAYS] = { "a", "b", "c" };
	uint8_t preference[PREFIXES][WAYS];
	bool dead[WAYS] = { false };
	struct rng rng;
	struct text config = { 0 };

	rng_seed(&rng, (uint64_t)_i + 1);
	draw(&rng, preference);
	say(preference, &config);
	w->resilient = _i % 3; /* else groups are ordinary ones */
	world_start(w, text_chars(&config));
	if (_i % 2) /* it is not done in one go, as it would not be with 100,000 */
		w->rib->choices_at_once = 5;
	for (int way = 0; way < WAYS; way++)
		SAYS(names[way], ALIVE);
	for (unsigned step = 0; step < STEPS; step++) {
		/* Several things may happen before the first of them is done. */
		for (uint64_t n = 1 + rng_below(&rng, 3); n; n--) {
			if (rng_below(&rng, 8) == 0) {
				draw(&rng, preference);
				text_clear(&config);
				say(preference, &config);
				world_config(w, text_chars(&config));
				continue;
			}
			uint64_t way = rng_below(&rng, WAYS);
			dead[way] = !dead[way];
			world_session(w, names[way], dead[way] ? BFD__VERDICT__DEAD : BFD__VERDICT__ALIVE, 1);
		}
		world_run(w);
		expect(preference, dead, step);
	}
	text_free(&config);
}
END_TEST

/* --- next hops that we ask to be watched --- */

#define WATCHED "ip route-static 20.0.0.0 8 10.0.1.2 bfd enable\n"
#define PATH_SAYS(name, v, peer, ifindex)                                              \
	do {                                                                           \
		world_session_at(w, name, BFD__VERDICT__##v, peer, ifindex, false, 1); \
		world_run(w);                                                          \
	} while (0)

START_TEST(a_watched_next_hop_is_asked_for_on_its_link_and_followed_whatever_its_sessions_name)
{
	world_start(w, WATCHED FLOATING "ip route-static 30.0.0.0 8 10.0.1.2 bfd enable\n");
	ck_assert_str_eq(world_requests(w), "10.0.1.2@1");
	PATH_SAYS("x", DEAD, "10.0.1.2", 2); /* another link, another peer, several hops: not ours */
	PATH_SAYS("y", DEAD, "10.0.1.3", 1);
	PATH_SAYS("z", DEAD, "10.0.1.2", 0);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	PATH_SAYS("dynamic 10.0.1.2", ALIVE, "10.0.1.2", 1);
	unsigned before = w->ops;
	PATH_SAYS("dynamic 10.0.1.2", DEAD, "10.0.1.2", 1);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	ROUTE("30.0.0.0/8", "none");
	ck_assert_uint_le(w->ops - before, 6);
	ck_assert_str_eq(world_row(w, "20.0.0.0/8")->entries[1]->next_hops[0]->track, "10.0.1.2");
	PATH_SAYS("dynamic 10.0.1.2", ALIVE, "10.0.1.2", 1);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	ROUTE("30.0.0.0/8", "10.0.1.2@1");
	world_config(w, FLOATING);
	world_run(w);
	ck_assert_str_eq(world_requests(w), "nothing");
}
END_TEST

START_TEST(a_watched_next_hop_stays_on_its_link_while_that_is_down_and_moves_with_its_network)
{
	world_start(w, WATCHED "ip route-static 0.0.0.0 0 10.0.3.2\n");
	PATH_SAYS("s", ALIVE, "10.0.1.2", 1);
	world_carrier(w, 1, false);
	world_run(w);
	ck_assert_str_eq(world_requests(w), "10.0.1.2@1");
	world_carrier(w, 1, true);
	world_run(w);
	world_unplug(w, 1);
	world_link(w, 7, "eth7", "10.0.1.1/24");
	PATH_SAYS("t", DEAD, "10.0.1.2", 7);
	ck_assert_str_eq(world_requests(w), "10.0.1.2@7");
	ROUTE("20.0.0.0/8", "none");
	PATH_SAYS("t", ALIVE, "10.0.1.2", 7);
	ROUTE("20.0.0.0/8", "10.0.1.2@7");
}
END_TEST

START_TEST(a_watched_next_hop_behind_other_routers_is_several_hops_away)
{
	world_vrf(w, 20, "red", 1001);
	world_link(w, 5, "eth5", "10.5.0.1/24");
	world_enslave(w, 5, 20);
	world_start(w, "ip route-static 9.9.9.9 32 10.0.1.2\nip route-static 20.0.0.0 8 9.9.9.9 bfd enable\n"
		       "ip route-static vpn-instance red 20.0.0.0 8 10.5.0.2 bfd enable\n");
	ck_assert_str_eq(world_requests(w), "10.5.0.2@5/red 9.9.9.9@0");
	PATH_SAYS("s", DEAD, "9.9.9.9", 0);
	ROUTE("20.0.0.0/8", "none");
	w->look_in = 1001;
	ROUTE("20.0.0.0/8", "10.5.0.2@5");
}
END_TEST

/* --- links that a session holds --- */

START_TEST(a_session_that_holds_its_link_takes_every_next_hop_on_it)
{
	world_start(w, "ip route-static 20.0.0.0 8 10.0.1.2\n" FLOATING "ip route-static 30.0.0.0 8 10.0.1.3\n");
	world_session_at(w, "s", BFD__VERDICT__ALIVE, "10.0.1.9", 1, true, 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	world_session_at(w, "s", BFD__VERDICT__DEAD, "10.0.1.9", 1, true, 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	ROUTE("30.0.0.0/8", "none");
	ck_assert(world_if_row(w, 1)->held);
	ck_assert(!world_if_row(w, 2)->held);
	world_session_at(w, "s", BFD__VERDICT__DEAD, "10.0.1.9", 1, false, 1); /* no longer asked to */
	world_run(w);
	ROUTE("30.0.0.0/8", "10.0.1.3@1");
	world_session_at(w, "s", BFD__VERDICT__DEAD, "10.0.1.9", 1, true, 1);
	world_run(w);
	ROUTE("30.0.0.0/8", "none");
	world_session_gone(w, "s");
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	ck_assert(!world_if_row(w, 1)->held);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd track");
	TCase *t = tcase_create("tracked routes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_dead_path_takes_the_route_and_a_live_one_brings_it_back);
	tcase_add_test(t, a_session_that_says_nothing_moves_nothing);
	tcase_add_test(t, what_was_dead_and_is_switched_off_or_gone_is_as_if_nobody_watched);
	tcase_add_test(t, a_restart_of_bfdd_changes_nothing_either_way);
	tcase_add_test(t, a_restart_of_fibd_leaves_the_dead_path_alone_until_bfdd_was_heard);
	tcase_add_test(t, a_bfdd_that_does_not_come_is_not_waited_for_long);
	tcase_add_test(t, a_verdict_of_before_the_configuration_counts);
	tcase_add_test(t, one_of_two_that_share_the_load_is_one_message_for_all_prefixes);
	tcase_add_test(t, the_floating_route_of_many_prefixes_takes_over_in_the_first_message);
	tcase_add_loop_test(t, what_moves_very_many_routes_at_once_is_not_to_be_told_of_each_of_them, 0, 2);
	tcase_add_loop_test(t, a_path_that_dies_while_its_routes_are_installed_leaves_none_behind, 0, 12);
	tcase_add_test(t, a_path_that_is_back_before_all_routes_have_moved_gets_them_all);
	tcase_add_test(t, prefixes_that_part_ways_are_moved_one_by_one);
	tcase_add_test(t, the_one_that_stands_in_may_change_while_it_does);
	tcase_add_test(t, what_leans_on_a_tracked_route_moves_with_it);
	tcase_add_test(t, a_route_by_its_interface_follows_as_well);
	tcase_add_loop_test(t, after_any_row_of_deaths_and_returns_every_prefix_leads_where_it_should, 0, 40);
	tcase_add_test(t, a_watched_next_hop_is_asked_for_on_its_link_and_followed_whatever_its_sessions_name);
	tcase_add_test(t, a_watched_next_hop_stays_on_its_link_while_that_is_down_and_moves_with_its_network);
	tcase_add_test(t, a_watched_next_hop_behind_other_routers_is_several_hops_away);
	tcase_add_test(t, a_session_that_holds_its_link_takes_every_next_hop_on_it);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
