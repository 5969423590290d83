/* Routes that igpd has found: chosen among others, and kept over restarts of either daemon. */
#include "tests/helper/check.h"
#include "tests/unit/fibd/world.h"

static struct world *w;

static void
setup(void)
{
	w = world_new();
	world_link(w, 1, "eth1", "10.0.1.1/24");
	world_link(w, 2, "eth2", "10.0.2.1/24");
}

static void
teardown(void)
{
	world_free(w);
}

#define ROUTE(prefix, text) ck_assert_str_eq(world_route(w, prefix), text)
#define LEARN(prefix, gateway, ifindex, cost, round)             \
	world_learned(w, prefix, gateway, ifindex, cost, round); \
	world_run(w)

START_TEST(what_is_learned_is_installed_and_moves_with_what_is_told)
{
	world_start(w, "");
	LEARN("20.0.0.0/8", "10.0.1.2", 1, 7, 2);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	const Fib__Route *row = world_row(w, "20.0.0.0/8");
	ck_assert_int_eq(row->entries[0]->protocol, FIB__PROTOCOL__OSPF);
	ck_assert_uint_eq(row->entries[0]->preference, 10);
	ck_assert_uint_eq(row->entries[0]->cost, 7);
	LEARN("20.0.0.0/8", "10.0.2.2", 2, 9, 2);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	LEARN("20.0.0.0/8", NULL, 0, 0, 2);
	ROUTE("20.0.0.0/8", "none");
}
END_TEST

START_TEST(the_lower_preference_wins_and_the_other_takes_over)
{
	world_start(w, "ip route-static 20.0.0.0 8 10.0.1.2\nip route-static 30.0.0.0 8 10.0.1.2 preference 5\n");
	LEARN("20.0.0.0/8", "10.0.2.2", 2, 1, 2);
	LEARN("30.0.0.0/8", "10.0.2.2", 2, 1, 2);
	ROUTE("20.0.0.0/8", "10.0.2.2@2"); /* 10 before 60 */
	ROUTE("30.0.0.0/8", "10.0.1.2@1");
	LEARN("20.0.0.0/8", NULL, 0, 0, 2);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	world_config(w, ""); /* what is learned is no line of the configuration */
	world_run(w);
	ROUTE("30.0.0.0/8", "10.0.2.2@2");
	ROUTE("20.0.0.0/8", "none");
}
END_TEST

START_TEST(a_restart_of_igpd_changes_nothing_until_it_has_told_all)
{
	world_start(w, "");
	LEARN("20.0.0.0/8", "10.0.1.2", 1, 7, 2);
	LEARN("30.0.0.0/8", "10.0.1.2", 1, 7, 2);
	unsigned adds = w->adds, deletes = w->deletes;
	LEARN("20.0.0.0/8", "10.0.1.2", 1, 7, 3); /* the same again, in a new round */
	ck_assert_uint_eq(w->adds, adds);
	ROUTE("30.0.0.0/8", "10.0.1.2@1");
	world_learned_synced(w, 3);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	ROUTE("30.0.0.0/8", "none");
	ck_assert_uint_eq(w->deletes, deletes + 1);
}
END_TEST

START_TEST(a_restart_of_fibd_keeps_what_was_learned_until_it_is_told_again)
{
	world_start(w, "ip route-static 40.0.0.0 8 10.0.1.2\n");
	LEARN("20.0.0.0/8", "10.0.1.2", 1, 7, 2);
	LEARN("30.0.0.0/8", "10.0.1.2", 1, 7, 2);
	unsigned adds = w->adds, deletes = w->deletes;
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip route-static 40.0.0.0 8 10.0.1.2\n");
	world_wait(w, 30 * USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	ROUTE("30.0.0.0/8", "10.0.1.2@1");
	LEARN("20.0.0.0/8", "10.0.1.2", 1, 7, 1);
	ck_assert_uint_eq(w->adds, adds);
	ck_assert_uint_eq(w->deletes, deletes);
	world_config(w, ""); /* what was a line and is none goes at once */
	world_run(w);
	ROUTE("40.0.0.0/8", "none");
	ROUTE("30.0.0.0/8", "10.0.1.2@1");
	world_learned_synced(w, 1);
	world_run(w);
	ROUTE("30.0.0.0/8", "10.0.1.2@1"); /* igpd does not know it any more, but l3vpnd may */
	world_lsps_synced(w, 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	ROUTE("30.0.0.0/8", "none");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd learned");
	TCase *t = tcase_create("learned routes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_learned_is_installed_and_moves_with_what_is_told);
	tcase_add_test(t, the_lower_preference_wins_and_the_other_takes_over);
	tcase_add_test(t, a_restart_of_igpd_changes_nothing_until_it_has_told_all);
	tcase_add_test(t, a_restart_of_fibd_keeps_what_was_learned_until_it_is_told_again);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
