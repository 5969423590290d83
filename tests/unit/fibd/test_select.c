/* Which of several opinions on a prefix counts, and how the others are shown. */
#include "tests/helper/check.h"
#include "tests/unit/fibd/world.h"
#include <string.h>

static struct world *w;

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

#define ROUTE(prefix, is) ck_assert_str_eq(world_route(w, prefix), is)

static const Fib__RouteEntry *
first(const char *prefix)
{
	const Fib__Route *r = world_row(w, prefix);

	ck_assert_msg(r && r->n_entries, "there is no row for %s", prefix);
	return r->entries[0];
}

START_TEST(preferences_are_those_of_reference_002)
{
	static const struct {
		uint8_t kernel;
		Fib__Protocol protocol;
		uint32_t preference;
	} cases[] = {
		{ 188, FIB__PROTOCOL__OSPF, 10 },
		{ 187, FIB__PROTOCOL__ISIS, 15 },
		{ 196, FIB__PROTOCOL__STATIC, 60 },
		{ 4, FIB__PROTOCOL__STATIC, 60 },
		{ 3, FIB__PROTOCOL__STATIC, 60 },
		{ 189, FIB__PROTOCOL__RIP, 100 },
		{ 12, FIB__PROTOCOL__KERNEL, 100 },
		{ 99, FIB__PROTOCOL__KERNEL, 100 },
		{ 186, FIB__PROTOCOL__BGP, 255 },
	};

	world_start(w, "sysname R1\n");
	for (size_t i = 0; i < COUNT(cases); i++) {
		world_foreign(w, "20.0.0.0/8", cases[i].kernel, 20, "10.0.1.2", 1);
		const Fib__RouteEntry *e = first("20.0.0.0/8");
		ck_assert_int_eq(e->protocol, cases[i].protocol);
		ck_assert_uint_eq(e->preference, cases[i].preference);
		ck_assert(e->foreign);
		world_foreign_gone(w, "20.0.0.0/8", 20);
		ck_assert_ptr_null(world_row(w, "20.0.0.0/8"));
	}
}
END_TEST

START_TEST(a_better_foreign_route_keeps_ours_out_of_the_kernel)
{
	world_start(w, "ip route-static 20.0.0.0 8 10.0.2.2\n");
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	world_foreign(w, "20.0.0.0/8", 188, 20, "10.0.1.2", 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "none");
	ck_assert_int_eq(first("20.0.0.0/8")->protocol, FIB__PROTOCOL__OSPF);
	ck_assert(world_row(w, "20.0.0.0/8")->installed);
	world_foreign_gone(w, "20.0.0.0/8", 20);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
}
END_TEST

START_TEST(a_worse_foreign_route_stays_behind_ours_and_is_not_touched)
{
	world_start(w, "ip route-static 20.0.0.0 8 10.0.2.2\n");
	world_foreign(w, "20.0.0.0/8", 186, 20, "10.0.1.2", 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	const Fib__Route *r = world_row(w, "20.0.0.0/8");
	ck_assert_uint_eq(r->n_entries, 2);
	ck_assert_str_eq(r->entries[0]->inactive, "");
	ck_assert_str_ne(r->entries[1]->inactive, "");
	ck_assert_uint_eq(w->route_count, 2);
}
END_TEST

START_TEST(a_foreign_route_of_a_metric_that_hides_ours_is_told_as_trouble)
{
	world_start(w, "ip route-static 20.0.0.0 8 10.0.2.2\n");
	world_foreign(w, "20.0.0.0/8", 186, 0, "10.0.1.2", 1);
	world_run(w);
	const Fib__Route *r = world_row(w, "20.0.0.0/8");
	ck_assert_ptr_nonnull(strstr(r->trouble, "metric 0"));
	ck_assert(!r->installed);
	world_foreign_gone(w, "20.0.0.0/8", 0);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	ck_assert_str_eq(world_row(w, "20.0.0.0/8")->trouble, "");
}
END_TEST

START_TEST(a_foreign_route_of_our_very_metric_is_never_replaced)
{
	world_start(w, "sysname R1\n");
	world_foreign(w, "20.0.0.0/8", 186, FIB_METRIC, "10.0.1.2", 1);
	world_config(w, "ip route-static 20.0.0.0 8 10.0.2.2\n");
	world_wait(w, 10 * USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "none");
	ck_assert_str_ne(world_row(w, "20.0.0.0/8")->trouble, "");
}
END_TEST

START_TEST(somebody_who_overwrites_our_route_is_left_alone)
{
	world_start(w, "ip route-static 20.0.0.0 8 10.0.2.2\n");
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	world_foreign(w, "20.0.0.0/8", 186, FIB_METRIC, "10.0.1.2", 1);
	world_wait(w, 10 * USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "none");
	ck_assert(!world_row(w, "20.0.0.0/8")->installed);
	world_foreign_gone(w, "20.0.0.0/8", FIB_METRIC);
	world_wait(w, 10 * USEC_PER_SEC);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
}
END_TEST

START_TEST(addresses_make_the_direct_rows_of_reference_002)
{
	static const char *const prefixes[] = { "10.0.1.0/24", "10.0.1.1/32", "10.0.1.255/32", "127.0.0.0/8",
		"127.0.0.1/32", "127.255.255.255/32", "255.255.255.255/32" };

	world_start(w, "sysname R1\n");
	for (size_t i = 0; i < COUNT(prefixes); i++) {
		ck_assert_int_eq(first(prefixes[i])->protocol, FIB__PROTOCOL__DIRECT);
		ck_assert_uint_eq(first(prefixes[i])->preference, 0);
		ck_assert(world_row(w, prefixes[i])->installed);
	}
	ck_assert_uint_eq(first("10.0.1.0/24")->next_hops[0]->address.data[3], 1);   /* 10.0.1.1 */
	ck_assert_uint_eq(first("10.0.1.1/32")->next_hops[0]->address.data[0], 127); /* 127.0.0.1 */
	world_carrier(w, 1, false);
	ck_assert_ptr_null(world_row(w, "10.0.1.0/24"));
	world_carrier(w, 1, true);
	ck_assert_ptr_nonnull(world_row(w, "10.0.1.0/24"));
}
END_TEST

START_TEST(the_tables_are_vouched_for_when_dump_and_configuration_are_in_and_programmed)
{
	world_restart(w);
	ck_assert(!world_table(w, "fib.Route")->complete);
	world_tell_all(w);
	ck_assert(!world_table(w, "fib.Route")->complete);
	world_config(w, "ip route-static 20.0.0.0 8 10.0.2.2\n");
	ck_assert(!world_table(w, "fib.Route")->complete);
	world_run(w);
	ck_assert(world_table(w, "fib.Route")->complete);
	ck_assert(world_table(w, "fib.Interface")->complete);
	ck_assert(world_table(w, "fib.Ilm")->complete);
}
END_TEST

/* The next operation of a kind, the others before it answered with success; its number. */
static uint32_t
ops_until(enum fib_op_kind kind)
{
	struct fib_op op;

	for (int i = 0; i < 1000; i++) {
		if (!rib_take_ops(w->rib, &op, 1, w->now))
			ck_assert_msg(rib_has_ops(w->rib), "no operation of kind %d", (int)kind);
		else if (op.kind == kind)
			return op.number;
		else
			world_input(w, &(struct fib_input){ .kind = FIB_IN_ANSWER, .number = op.number });
	}
	ck_abort();
}

static bool
interfaces_are_whole(void)
{
	struct fib_op op;

	while (rib_take_ops(w->rib, &op, 1, w->now))
		world_input(w, &(struct fib_input){ .kind = FIB_IN_ANSWER, .number = op.number });
	return world_table(w, "fib.Interface")->complete;
}

START_TEST(interfaces_are_whole_when_the_configured_addresses_were_seen)
{
	struct fib_object loopback = { .kind = FIB_LINK,
		.link = { .ifindex = 77, .name = "LoopBack1", .admin_up = true, .loopback = true } };
	struct fib_object address = { .kind = FIB_ADDRESS,
		.address = { .ifindex = 77, .prefix = world_prefix("1.1.1.1/32"), .ours = true } };

	world_restart(w);
	world_tell_all(w);
	world_config(w, "interface LoopBack1\n ip address 1.1.1.1 32\n");
	uint32_t number = ops_until(FIB_OP_LINK_CREATE);
	ck_assert(!interfaces_are_whole());
	world_input(w, &(struct fib_input){ .kind = FIB_IN_ANSWER, .number = number });
	ck_assert(!interfaces_are_whole());
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &loopback });
	ck_assert(!interfaces_are_whole()); /* the address was asked for and answered, and not seen yet */
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &address });
	ck_assert(interfaces_are_whole());
}
END_TEST

START_TEST(interfaces_are_whole_without_those_that_the_kernel_refuses)
{
	struct fib_object loopback = { .kind = FIB_LINK,
		.link = { .ifindex = 77, .name = "LoopBack1", .admin_up = true, .loopback = true } };

	world_restart(w);
	world_tell_all(w);
	world_config(w, "interface LoopBack1\n ip address 1.1.1.1 32\n"
			"interface LoopBack2\n ip address 2.2.2.2 32\n"
			"interface GigabitEthernet9/0/0\n ip address 9.9.9.9 24\n");
	uint32_t number = ops_until(FIB_OP_LINK_CREATE);
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &loopback });
	world_input(w, &(struct fib_input){ .kind = FIB_IN_ANSWER, .number = number });
	world_input(w,
	    &(struct fib_input){
		.kind = FIB_IN_ANSWER, .number = ops_until(FIB_OP_LINK_CREATE), .error = 95, .text = "no such kind" });
	number = ops_until(FIB_OP_ADD);
	ck_assert(!interfaces_are_whole());
	world_input(w, &(struct fib_input){ .kind = FIB_IN_ANSWER, .number = number, .error = 22, .text = "no" });
	ck_assert(interfaces_are_whole());
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd select");
	TCase *t = tcase_create("preference");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, preferences_are_those_of_reference_002);
	tcase_add_test(t, a_better_foreign_route_keeps_ours_out_of_the_kernel);
	tcase_add_test(t, a_worse_foreign_route_stays_behind_ours_and_is_not_touched);
	tcase_add_test(t, a_foreign_route_of_a_metric_that_hides_ours_is_told_as_trouble);
	tcase_add_test(t, a_foreign_route_of_our_very_metric_is_never_replaced);
	tcase_add_test(t, somebody_who_overwrites_our_route_is_left_alone);
	tcase_add_test(t, addresses_make_the_direct_rows_of_reference_002);
	tcase_add_test(t, the_tables_are_vouched_for_when_dump_and_configuration_are_in_and_programmed);
	tcase_add_test(t, interfaces_are_whole_when_the_configured_addresses_were_seen);
	tcase_add_test(t, interfaces_are_whole_without_those_that_the_kernel_refuses);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
