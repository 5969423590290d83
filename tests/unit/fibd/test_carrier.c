/* A circuit's carrier that follows its pseudowires: switched, or the interface taken down, and what of that outlives a restart. */
#include "tests/helper/check.h"
#include "tests/unit/fibd/world_tc.h"

#define PATH2 "2.2.2.2 100 600001 524288 cw"
#define BY2 "1: 200/600001 cw mac 2"
#define FRAME(is) ck_assert_str_eq(world_frame(w, 7), is)

static struct world *w;

static void
setup(void)
{
	w = world_pw();
}

static void
teardown(void)
{
	world_pw_free(w);
}

static const Fib__Circuit *
row(void)
{
	return world_circuit_there(w, "eth7");
}

static void
follow(void)
{
	world_circuit(w, &(struct world_circuit){ "eth7", .paths = PATH2, .turn = 1, .carrier_follows = true }, 1);
	world_run(w);
}

START_TEST(the_carrier_follows_where_the_driver_lets_it)
{
	world_pw_start(w);
	follow();
	ck_assert(world_link_of(w, 7)->carrier);
	world_lsp_gone(w, "2.2.2.2/32");
	world_run(w);
	ck_assert(!world_link_of(w, 7)->carrier);
	ck_assert(row()->up); /* it is we who hold it */
	world_pe_ldp(w, 1);
	world_run(w);
	ck_assert(world_link_of(w, 7)->carrier);
}
END_TEST

/* A circuit on eth7, whose driver does not let its carrier be switched, and without an LSP. */
static void
held_down(const char *config)
{
	world_pw_start(w);
	world_config(w, config);
	w->tc->fixed_carrier = true;
	follow();
	ck_assert(world_link_of(w, 7)->admin_up);
	world_lsp_gone(w, "2.2.2.2/32");
	world_run(w);
	ck_assert(!world_link_of(w, 7)->admin_up);
}

#define AC "ip vpn-instance red\n#\ninterface eth7\n undo shutdown\n"

START_TEST(where_the_driver_does_not_let_it_the_interface_itself_goes_down_and_comes_back)
{
	held_down(AC);
	ck_assert_str_eq(row()->trouble, "");
	ck_assert(row()->up && row()->held); /* it is we who do */
	ck_assert_str_eq(world_if_row(w, 7)->trouble, "down while no pseudowire of its circuit can be used");
	world_config(w, AC); /* which says that it is up */
	world_run(w);
	ck_assert(!world_link_of(w, 7)->admin_up);
	world_pe_ldp(w, 1);
	world_run(w);
	ck_assert(world_link_of(w, 7)->admin_up);
	ck_assert(row()->up && !row()->held);
	ck_assert_str_eq(world_if_row(w, 7)->trouble, "");
	FRAME(BY2);
}
END_TEST

START_TEST(an_interface_that_is_held_down_comes_back_with_the_end_of_its_circuit_unless_it_is_shut)
{
	held_down(AC);
	if (_i == 1)
		world_config(w, "ip vpn-instance red\n#\ninterface eth7\n shutdown\n");
	world_run(w);
	ck_assert(row()->up == !_i); /* an operator has said so */
	world_circuit_gone(w, "eth7");
	world_run(w);
	ck_assert(world_link_of(w, 7)->admin_up == !_i);
	world_config(w, AC);
	world_run(w);
	ck_assert(world_link_of(w, 7)->admin_up);
}
END_TEST

START_TEST(a_subinterface_whose_carrier_is_fixed_stays_up_for_nobody_would_see_it)
{
	world_pw_start(w);
	world_link_of(w, 7)->vlan = 10;
	w->tc->fixed_carrier = true;
	world_overrun(w);
	follow();
	world_lsp_gone(w, "2.2.2.2/32");
	world_run(w);
	ck_assert(world_link_of(w, 7)->admin_up);
	ck_assert_str_eq(row()->trouble, "its carrier cannot follow the pseudowire: Operation not supported");
}
END_TEST

/* 0: it may be used again; 1: it may not; 2: it is a circuit no longer; 3: its carrier follows no longer; 4: nobody comes */
START_TEST(an_interface_that_was_held_down_before_a_restart_is_neither_forgotten_nor_woken_too_early)
{
	held_down(AC);
	world_restart(w);
	world_tell_all(w);
	world_config(w, AC);
	world_run(w);
	ck_assert(!world_link_of(w, 7)->admin_up);
	if (_i == 4) {
		world_wait(w, 21 * USEC_PER_SEC);
		ck_assert(world_link_of(w, 7)->admin_up);
		return;
	}
	if (_i < 2)
		follow();
	if (_i == 3)
		world_circuit(w, &(struct world_circuit){ "eth7", .paths = PATH2, .turn = 1 }, 1);
	world_run(w);
	ck_assert(world_link_of(w, 7)->admin_up == (_i == 3));
	world_pe_igp(w, 1);
	if (_i == 0)
		world_pe_ldp(w, 1);
	world_lsps_synced(w, 1);
	world_sessions_synced(w, 1);
	world_run(w);
	ck_assert(world_link_of(w, 7)->admin_up == (_i != 1));
	if (_i != 1)
		return;
	ck_assert(row()->up);
	world_pe_ldp(w, 1);
	world_run(w);
	ck_assert(world_link_of(w, 7)->admin_up);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd carriers");
	TCase *t = tcase_create("carrier");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_carrier_follows_where_the_driver_lets_it);
	tcase_add_test(t, where_the_driver_does_not_let_it_the_interface_itself_goes_down_and_comes_back);
	tcase_add_loop_test(
	    t, an_interface_that_is_held_down_comes_back_with_the_end_of_its_circuit_unless_it_is_shut, 0, 2);
	tcase_add_test(t, a_subinterface_whose_carrier_is_fixed_stays_up_for_nobody_would_see_it);
	tcase_add_loop_test(
	    t, an_interface_that_was_held_down_before_a_restart_is_neither_forgotten_nor_woken_too_early, 0, 5);
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
