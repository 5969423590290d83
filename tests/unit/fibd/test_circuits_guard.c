/* Guards: protocols of the customer's switches that a circuit does not take in. They stand in front of all else, and outlive fibd. */
#include "tests/helper/check.h"
#include "tests/unit/fibd/world_tc.h"
#include <errno.h>
#include <string.h>

#define PATH2 "2.2.2.2 100 600001 524288 cw"
#define BY2 "1: 200/600001 cw mac 2"
enum { LLDP = 1 << FIB_GUARD_LLDP, STP = 1 << FIB_GUARD_STP };

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
drop(uint32_t protocols)
{
	world_circuit(w, &(struct world_circuit){ "eth7", .paths = PATH2, .turn = 1, .dropped = protocols }, 1);
	world_run(w);
}

START_TEST(what_is_to_be_dropped_is_dropped_and_nothing_else)
{
	world_pw_start(w);
	drop(0);
	ck_assert_uint_eq(world_guards(w, 7), 0);
	ck_assert_uint_eq(row()->n_guards, 0);
	unsigned before = w->tc->filter_ops;
	drop(LLDP);
	ck_assert_uint_eq(world_guards(w, 7), LLDP);
	ck_assert_uint_eq(w->tc->filter_ops, before + 1);
	ck_assert_str_eq(world_frame(w, 7), BY2);
	ck_assert_uint_eq(row()->n_guards, 1);
	ck_assert_str_eq(row()->guards[0]->protocol, "lldp");
	ck_assert(row()->guards[0]->stands);
	drop(LLDP | STP);
	ck_assert_uint_eq(world_guards(w, 7), LLDP | STP);
	ck_assert_uint_eq(row()->n_guards, 2);
	ck_assert_str_eq(row()->guards[1]->protocol, "stp");
	drop(STP);
	ck_assert_uint_eq(world_guards(w, 7), STP);
	ck_assert_str_eq(row()->guards[0]->protocol, "stp");
	ck_assert_str_eq(world_frame(w, 7), BY2);
	ck_assert_uint_eq(w->tc->filter_ops, before + 3);
	drop((1u << FIB_GUARDS) - 1);
	ck_assert_uint_eq(world_guards(w, 7), (1u << FIB_GUARDS) - 1);
	world_circuit_gone(w, "eth7");
	world_run(w);
	ck_assert_uint_eq(w->tc->filter_count, 0);
}
END_TEST

/* Not one frame gets through that should not: the guard is there before what sends, and goes after it. */
START_TEST(a_guard_comes_before_what_sends_and_goes_after_it)
{
	struct fib_op ops[32];
	size_t count, guard = 0, place = 0;

	world_pw_start(w);
	drop(0);
	world_circuit_gone(w, "eth7");
	world_run(w);
	world_circuit(w, &(struct world_circuit){ "eth7", .paths = PATH2, .turn = 1, .dropped = STP }, 1);
	while ((count = rib_take_ops(w->rib, ops, COUNT(ops), w->now)))
		for (size_t i = 0; i < count; i++) {
			if (ops[i].object.kind != FIB_FILTER)
				continue;
			if (ops[i].object.filter.pref == FIB_GUARD + FIB_GUARD_STP)
				guard = ops[i].number;
			if (ops[i].object.filter.pref == FIB_PLACE)
				place = ops[i].number;
		}
	ck_assert(guard && place && guard < place);
}
END_TEST

START_TEST(local_switching_has_them_too_each_circuit_its_own)
{
	world_pw_start(w);
	world_circuit(w, &(struct world_circuit){ "eth7", .local = "eth8", .turn = 1, .dropped = LLDP }, 1);
	world_circuit(w, &(struct world_circuit){ "eth8", .local = "eth7", .turn = 1 }, 1);
	world_run(w);
	ck_assert_uint_eq(world_guards(w, 7), LLDP);
	ck_assert_uint_eq(world_guards(w, 8), 0);
	ck_assert_str_eq(world_frame(w, 7), "8");
	ck_assert(row()->joined && world_circuit_there(w, "eth8")->joined);
	world_tc_flush(w, 7);
	ck_assert(!row()->joined);
	ck_assert(!row()->guards[0]->stands);
	world_run(w);
	ck_assert_uint_eq(world_guards(w, 7), LLDP);
	ck_assert(row()->joined && row()->guards[0]->stands);
	world_unplug(w, 8);
	world_run(w);
	ck_assert(!row()->joined);
}
END_TEST

START_TEST(one_that_the_kernel_refuses_is_said_and_the_circuit_works_all_the_same)
{
	world_pw_start(w);
	drop(0);
	w->tc->refuse = ENOMEM;
	drop(LLDP);
	ck_assert(!row()->guards[0]->stands);
	ck_assert_str_eq(row()->guards[0]->trouble, "No filters today");
	ck_assert_str_eq(row()->trouble, "");
	ck_assert(row()->paths[0]->sends);
	world_wait(w, 10 * USEC_PER_SEC);
	ck_assert_uint_eq(world_guards(w, 7), LLDP);
	ck_assert_str_eq(row()->guards[0]->trouble, "");
	ck_assert(row()->guards[0]->stands);
}
END_TEST

START_TEST(what_they_have_dropped_is_counted)
{
	struct fib_object o = { .kind = FIB_COUNT,
		.count = { .ifindex = 7, .pref = FIB_GUARD + FIB_GUARD_STP, .packets = 5, .bytes = 300 } };

	world_pw_start(w);
	drop(LLDP | STP);
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &o });
	ck_assert_uint_eq(row()->guards[0]->packets, 0);
	ck_assert_uint_eq(row()->guards[1]->packets, 5);
	ck_assert_uint_eq(row()->paths[0]->sent_packets, 0);
	o.count.ifindex = 8; /* nobody's */
	o.count.packets = 9;
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &o });
	ck_assert_uint_eq(row()->guards[1]->packets, 5);
	ck_assert(!rib_has_ops(w->rib));
}
END_TEST

static void
come_back(void)
{
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip vpn-instance red\n");
	world_run(w);
}

static void
all_is_told(void)
{
	world_pe_igp(w, 1);
	world_pe_ldp(w, 1);
	world_synced(w, FIB_LDP_LSP, 1);
	world_synced(w, FIB_IGP_ROUTE, 1);
	world_wait(w, 60 * USEC_PER_SEC);
}

START_TEST(after_a_restart_they_are_kept_until_l2vpnd_has_spoken_and_not_written_anew)
{
	world_pw_start(w);
	drop(LLDP | STP);
	unsigned before = w->tc->filter_ops;
	come_back();
	all_is_told();
	ck_assert_uint_eq(world_guards(w, 7), LLDP | STP);
	drop(LLDP | STP);
	world_lsps_synced(w, 1);
	world_wait(w, 60 * USEC_PER_SEC);
	ck_assert_uint_eq(w->tc->filter_ops, before);
	ck_assert(row()->guards[0]->stands && row()->guards[1]->stands);
}
END_TEST

START_TEST(after_a_restart_those_that_are_not_wanted_any_more_go)
{
	world_pw_start(w);
	drop(LLDP | STP);
	come_back();
	drop(STP);
	ck_assert_uint_eq(world_guards(w, 7), STP);
	come_back();
	all_is_told();
	ck_assert_uint_eq(world_guards(w, 7), STP); /* l2vpnd has not come */
	world_lsps_synced(w, 1);
	world_run(w);
	ck_assert_uint_eq(w->tc->filter_count, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd guards of circuits");
	TCase *t = tcase_create("guards");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_to_be_dropped_is_dropped_and_nothing_else);
	tcase_add_test(t, a_guard_comes_before_what_sends_and_goes_after_it);
	tcase_add_test(t, local_switching_has_them_too_each_circuit_its_own);
	tcase_add_test(t, one_that_the_kernel_refuses_is_said_and_the_circuit_works_all_the_same);
	tcase_add_test(t, what_they_have_dropped_is_counted);
	tcase_add_test(t, after_a_restart_they_are_kept_until_l2vpnd_has_spoken_and_not_written_anew);
	tcase_add_test(t, after_a_restart_those_that_are_not_wanted_any_more_go);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
