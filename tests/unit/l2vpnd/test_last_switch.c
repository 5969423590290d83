/* What is known of the last switch, and who remembers it when somebody starts again. */
#include "base/label.h"
#include "tests/helper/check.h"
#include "tests/unit/l2vpnd/world.h"
#include <stdio.h>
#include <string.h>

#define PORT "GigabitEthernet0/1/0"
#define BOTH "mpls l2vpn\n#\ninterface " PORT "\n mpls l2vc 2.2.2.2 100\n mpls l2vc 3.3.3.3 200 secondary\n"
#define S USEC_PER_SEC

static struct world *w;

static void
setup(void)
{
	w = world_new(BOTH);
	world_end(w, "2.2.2.2", L2VPN_RAW, 100);
	world_end(w, "3.3.3.3", L2VPN_RAW, 200);
	world_pass(w, 5 * S);
}

static void
teardown(void)
{
	world_free(w);
	w = NULL;
}

static struct known {
	uint64_t switches;
	usec_t at;
	char why[200];
} known(void)
{
	const L2vpn__Service *s = world_service(w, PORT);
	struct known k = { s->switches, s->switched, "" };

	snprintf(k.why, sizeof k.why, "%s", s->switch_reason);
	return k;
}

static void
assert_known(struct known k)
{
	struct known now = known();

	ck_assert_uint_eq(now.switches, k.switches);
	ck_assert_uint_eq(now.at, k.at);
	ck_assert_str_eq(now.why, k.why);
}

static void
there_and_back(void)
{
	world_end(w, "2.2.2.2", L2VPN_RAW, 100)->session = false;
	world_pass(w, 7 * S);
	world_end(w, "2.2.2.2", L2VPN_RAW, 100)->session = true;
	world_pass(w, 60 * S);
	ck_assert_uint_eq(world_circuit(w, PORT)->active, 0);
}

static void (*const restarts[])(struct world *) = { world_restart_l2vpnd, world_restart_ldpd, world_restart_fibd };

START_TEST(how_often_when_and_why_outlive_whoever_is_killed)
{
	there_and_back();
	struct known k = known();
	ck_assert_uint_eq(k.switches, 2);
	ck_assert_msg(strstr(k.why, "has been good again for 30 s"), "%s", k.why);
	for (int i = 0; i < 2; i++) {
		world_pass(w, 100 * S);
		restarts[_i](w);
		assert_known(k);
	}
	world_restart_l2vpnd(w); /* nor is it lost by one after the other */
	world_restart_fibd(w);
	world_restart_l2vpnd(w);
	assert_known(k);
	there_and_back();
	ck_assert_uint_eq(known().switches, 4);
}
END_TEST

START_TEST(before_the_first_switch_there_is_none_after_a_restart_either)
{
	world_restart_l2vpnd(w);
	assert_known((struct known){ .switches = 0 });
}
END_TEST

START_TEST(a_path_that_fibd_left_while_nobody_was_here_is_a_switch)
{
	world_end(w, "2.2.2.2", L2VPN_RAW, 100)->session = false;
	world_restart_after_move(w, PORT, 1, "the LSP to 2.2.2.2 is gone");
	struct known k = known();
	ck_assert_uint_eq(k.switches, 1);
	ck_assert_str_eq(k.why, "the LSP to 2.2.2.2 is gone");
	ck_assert_uint_eq(k.at, w->kernels[0].moved_at);
	world_restart_l2vpnd(w); /* it was noted: not twice */
	assert_known(k);
}
END_TEST

START_TEST(a_path_that_fibd_left_and_we_followed_counts_once)
{
	world_leaves(w, PORT, 1, "the LSP to 2.2.2.2 is gone");
	struct known k = known();
	ck_assert_uint_eq(k.switches, 1);
	world_restart_l2vpnd(w);
	assert_known(k);
}
END_TEST

/* Better nothing than a time that is not true. */
START_TEST(when_fibd_and_l2vpnd_die_together_nothing_is_known)
{
	there_and_back();
	world_restart_both(w);
	assert_known((struct known){ .switches = 0 });
}
END_TEST

/* fibd was killed when it had left a path, and before we heard of it: the path is what it has found, and no time. */
START_TEST(a_move_that_a_killed_fibd_does_not_remember_is_followed)
{
	struct kernel *k = &w->kernels[0];

	k->active = k->shown = 1;
	k->moved_at = 0;
	strcpy(k->why, "its path was left before fibd started");
	world_settle(w);
	ck_assert_uint_eq(world_circuit(w, PORT)->active, 1);
	ck_assert_uint_eq(known().switches, 1);
	ck_assert_str_eq(known().why, "its path was left before fibd started");
}
END_TEST

/* While it writes its filters anew, another may be the first for a moment. */
START_TEST(what_a_fibd_shows_that_has_moved_nothing_is_not_followed)
{
	struct kernel *k = &w->kernels[0];

	k->shown = 1;
	k->moved_at = 0;
	*k->why = '\0';
	world_settle(w);
	ck_assert_uint_eq(world_circuit(w, PORT)->active, 0);
	assert_known((struct known){ .switches = 0 });
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("last switch");
	TCase *c = tcase_create("restarts");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, how_often_when_and_why_outlive_whoever_is_killed, 0, 3);
	tcase_add_test(c, before_the_first_switch_there_is_none_after_a_restart_either);
	tcase_add_test(c, a_path_that_fibd_left_while_nobody_was_here_is_a_switch);
	tcase_add_test(c, a_path_that_fibd_left_and_we_followed_counts_once);
	tcase_add_test(c, when_fibd_and_l2vpnd_die_together_nothing_is_known);
	tcase_add_test(c, a_move_that_a_killed_fibd_does_not_remember_is_followed);
	tcase_add_test(c, what_a_fibd_shows_that_has_moved_nothing_is_not_followed);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
