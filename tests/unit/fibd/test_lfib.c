/* Labels: incoming ones, and those that routes push (RFC 3031 3.10, 3.11). */
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
#define ILM(label, is) ck_assert_str_eq(world_ilm(w, label), is)

START_TEST(a_row_of_ldp_becomes_a_swap)
{
	world_start(w, "sysname R1\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	ILM(1024, "10.0.1.2@1/300");
	const Fib__Ilm *r = world_ilm_row(w, 1024);
	ck_assert(r->installed);
	ck_assert_uint_eq(r->next_hops[0]->labels[0], 300);
	ck_assert_uint_eq(r->fec.data[0], 32);
	ck_assert_str_eq(r->owner, "ldpd");
}
END_TEST

START_TEST(implicit_null_is_a_pop_and_explicit_null_is_a_label)
{
	world_start(w, "sysname R1\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 3", 1);
	world_lsp(w, "5.5.5.5/32", 1025, "10.0.1.2 1 0", 1);
	world_run(w);
	ILM(1024, "10.0.1.2@1");
	ILM(1025, "10.0.1.2@1/0");
}
END_TEST

START_TEST(a_next_hop_without_a_label_takes_no_part)
{
	world_start(w, "sysname R1\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300, 10.0.2.2 2 4294967295", 1);
	world_run(w);
	ILM(1024, "10.0.1.2@1/300");
}
END_TEST

START_TEST(a_label_that_leads_nowhere_is_not_programmed)
{
	world_start(w, "sysname R1\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 4294967295", 1);
	world_run(w);
	ILM(1024, "none");
	ck_assert(!world_ilm_row(w, 1024)->installed);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	ILM(1024, "10.0.1.2@1/300");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 4294967295", 1);
	world_run(w);
	ILM(1024, "none");
}
END_TEST

START_TEST(the_egress_has_no_entry_with_a_null_label_and_a_pop_to_itself_with_one_of_its_own)
{
	world_start(w, "sysname R1\n");
	world_lsp(w, "2.2.2.2/32", 3, "", 1);
	world_lsp(w, "2.2.2.4/32", 0, "", 1);
	world_run(w);
	ck_assert_uint_eq(w->ilm_count, 0);
	world_lsp(w, "2.2.2.3/32", 1024, "", 1);
	world_run(w);
	ILM(1024, "-@1");
	world_lsp(w, "2.2.2.3/32", 3, "", 1);
	world_run(w);
	ck_assert_uint_eq(w->ilm_count, 0);
}
END_TEST

START_TEST(packets_for_a_next_hop_without_a_label_are_popped_where_that_is_wanted)
{
	world_start(w, "sysname R1\n");
	w->pop_broken = true;
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300, 10.0.2.2 2 4294967295", 1);
	world_lsp(w, "5.5.5.5/32", 1025, "10.0.1.2 1 4294967295", 1);
	world_run(w);
	ILM(1024, "10.0.1.2@1/300 10.0.2.2@2");
	ILM(1025, "10.0.1.2@1");
	w->pop_broken = false;
	world_lsp(w, "5.5.5.5/32", 1025, "10.0.1.2 1 4294967295", 1);
	world_run(w);
	ILM(1025, "none");
}
END_TEST

START_TEST(a_dead_link_leaves_the_entry_with_what_still_works)
{
	world_start(w, "sysname R1\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300, 10.0.2.2 2 400", 1);
	world_run(w);
	ILM(1024, "10.0.1.2@1/300 10.0.2.2@2/400");
	world_carrier(w, 1, false);
	world_run(w);
	ILM(1024, "10.0.2.2@2/400");
	world_carrier(w, 1, true);
	world_run(w);
	ILM(1024, "10.0.1.2@1/300 10.0.2.2@2/400");
}
END_TEST

START_TEST(a_static_route_to_the_fec_pushes_its_label)
{
	world_start(w, "ip route-static 4.4.4.4 32 10.0.1.2\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
	ck_assert_uint_eq(world_row(w, "4.4.4.4/32")->entries[0]->next_hops[0]->labels[0], 300);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 301", 1);
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/301");
	world_lsp_gone(w, "4.4.4.4/32");
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.1.2@1");
	ILM(1024, "none");
}
END_TEST

START_TEST(another_daemons_route_is_shadowed_while_there_are_labels)
{
	world_start(w, "sysname R1\n");
	world_foreign(w, "4.4.4.4/32", 188, 20, "10.0.1.2", 1);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
	const Fib__Route *r = world_row(w, "4.4.4.4/32");
	ck_assert(r->installed);
	ck_assert_uint_eq(r->n_entries, 1);
	ck_assert(r->entries[0]->foreign);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 3", 1);
	world_run(w);
	ROUTE("4.4.4.4/32", "none");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
	world_foreign_gone(w, "4.4.4.4/32", 20);
	world_run(w);
	ROUTE("4.4.4.4/32", "none");
}
END_TEST

START_TEST(the_shadow_follows_the_route_that_it_shadows)
{
	world_start(w, "sysname R1\n");
	world_foreign(w, "4.4.4.4/32", 188, 20, "10.0.1.2", 1);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300, 10.0.2.2 2 400", 1);
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300");
	world_foreign(w, "4.4.4.4/32", 188, 20, "10.0.2.2", 2);
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.2.2@2/400");
	world_foreign(w, "4.4.4.4/32", 188, 20, "10.0.3.2", 3);
	world_run(w);
	ROUTE("4.4.4.4/32", "none");
}
END_TEST

START_TEST(a_foreign_route_that_cannot_be_shadowed_is_told_as_trouble)
{
	world_start(w, "sysname R1\n");
	world_foreign(w, "4.4.4.4/32", 3, 0, "10.0.1.2", 1);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_wait(w, 10 * USEC_PER_SEC);
	ROUTE("4.4.4.4/32", "none");
	ck_assert_ptr_nonnull(strstr(world_row(w, "4.4.4.4/32")->trouble, "metric 0"));
}
END_TEST

START_TEST(a_route_behind_the_fec_inherits_its_label)
{
	world_start(w, "ip route-static 20.0.0.0 8 4.4.4.4\n");
	world_foreign(w, "4.4.4.4/32", 188, 20, "10.0.1.2", 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1/300");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 301", 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1/301");
	world_lsp_gone(w, "4.4.4.4/32");
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1");
}
END_TEST

START_TEST(ecmp_pushes_each_next_hops_own_label)
{
	world_start(w, "ip route-static 4.4.4.4 32 10.0.1.2\nip route-static 4.4.4.4 32 10.0.2.2\nip route-static "
		       "4.4.4.4 32 10.0.3.2\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300, 10.0.2.2 2 3, 10.0.3.2 3 500", 1);
	world_run(w);
	ROUTE("4.4.4.4/32", "10.0.1.2@1/300 10.0.2.2@2 10.0.3.2@3/500");
}
END_TEST

START_TEST(a_label_moves_to_another_fec)
{
	world_start(w, "sysname R1\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	world_lsp(w, "5.5.5.5/32", 1024, "10.0.2.2 2 400", 1);
	world_lsp_gone(w, "4.4.4.4/32");
	world_run(w);
	ILM(1024, "10.0.2.2@2/400");
	ck_assert_uint_eq(world_ilm_row(w, 1024)->fec.data[1], 5);
}
END_TEST

START_TEST(without_mpls_in_the_kernel_the_row_says_so)
{
	w->mpls = false;
	world_start(w, "ip route-static 4.4.4.4 32 10.0.1.2\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_wait(w, 10 * USEC_PER_SEC);
	ROUTE("4.4.4.4/32", "10.0.1.2@1");
	ILM(1024, "none");
	const Fib__Ilm *r = world_ilm_row(w, 1024);
	ck_assert(!r->installed);
	ck_assert_ptr_nonnull(strstr(r->trouble, "MPLS"));
}
END_TEST

START_TEST(a_label_that_somebody_else_took_over_is_no_longer_ours)
{
	struct fib_object o = { .kind = FIB_LABEL_ROUTE,
		.label_route = { .label = 1024,
		    .protocol = 4,
		    .path_count = 1,
		    .paths = { { .gateway = world_addr("10.0.3.2"), .ifindex = 3 } } } };

	world_start(w, "sysname R1\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	rib_input(w->rib, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &o }, w->now);
	ck_assert(!world_ilm_row(w, 1024)->installed);
	unsigned before = w->adds;
	world_lsp_gone(w, "4.4.4.4/32");
	world_run(w);
	const Fib__Ilm *r = world_ilm_row(w, 1024);
	ck_assert(!r || r->n_next_hops == 0);
	ck_assert_uint_eq(w->adds, before);
	ck_assert_uint_eq(w->ilm_count, 1); /* theirs is not deleted */
}
END_TEST

START_TEST(a_kernel_that_mishandles_several_next_hops_gets_one)
{
	static const struct {
		const char *release, *is;
	} cases[] = { { "6.18.12", "10.0.1.2@1/300 10.0.2.2@2/400" }, { "6.19.0", "10.0.1.2@1/300" },
		{ "7.0.3-rc2", "10.0.1.2@1/300" }, { "7.1.5", "10.0.1.2@1/300" },
		{ "7.1.6-amd64", "10.0.1.2@1/300 10.0.2.2@2/400" }, { "7.2", "10.0.1.2@1/300 10.0.2.2@2/400" } };

	w->release = cases[_i].release;
	world_start(w, "sysname R1\n");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300, 10.0.2.2 2 400", 1);
	world_run(w);
	ILM(1024, cases[_i].is);
	world_carrier(w, 1, false);
	world_run(w);
	ILM(1024, "10.0.2.2@2/400");
}
END_TEST

START_TEST(a_label_somebody_else_programmed_is_left_alone)
{
	struct fib_object o = { .kind = FIB_LABEL_ROUTE,
		.label_route = { .label = 1024,
		    .protocol = 4,
		    .path_count = 1,
		    .paths = { { .gateway = world_addr("10.0.3.2"), .ifindex = 3 } } } };

	world_start(w, "sysname R1\n");
	rib_input(w->rib, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &o }, w->now);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	ILM(1024, "none");
	ck_assert_str_ne(world_ilm_row(w, 1024)->trouble, "");
	rib_input(w->rib, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &o, .gone = true }, w->now);
	world_run(w);
	ILM(1024, "10.0.1.2@1/300");
}
END_TEST

START_TEST(a_label_that_changes_nothing_about_a_route_does_not_tell_it_again)
{
	world_start(w, "ip route-static 4.4.4.4 32 10.0.1.2\n");
	world_run(w);
	const struct table *rows = world_table(w, "fib.Route");
	uint64_t before = rows->serial;
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 4294967295", 1); /* no label to push yet */
	world_run(w);
	ck_assert_uint_eq(rows->serial, before);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	ck_assert_uint_gt(rows->serial, before);
	before = rows->serial;
	world_lsp(w, "4.4.4.4/32", 1030, "10.0.1.2 1 300", 1); /* our own label only */
	world_run(w);
	ck_assert_uint_eq(rows->serial, before);
}
END_TEST

/* The route moves to a neighbour whose label is known but was not in use: never is there a packet without a label. */
START_TEST(a_route_that_moves_has_the_label_of_its_new_neighbor_at_once)
{
	world_start(w, "ip route-static 20.0.0.0 8 4.4.4.4\n");
	world_learned(w, "4.4.4.4/32", "10.0.1.2", 1, 5, 1);
	world_learned_synced(w, 1);
	w->spare_peer = 0x03030303;
	w->spare_label = 555;
	world_ldp_neighbor(w, 2, "10.0.2.2", 0x03030303, false);
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.1.2@1/300");
	world_learned(w, "4.4.4.4/32", "10.0.2.2", 2, 3, 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2/555");
	w->spare_peer = 0x02020202; /* ldpd has heard of it */
	w->spare_label = 300;
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.2.2 2 555", 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2/555");
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.2.2 2 4294967295", 1); /* what ldpd says of a next hop goes first */
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2");
	world_ldp_neighbor(w, 2, "10.0.2.2", 0x03030303, true);
	w->spare_peer = 0x03030303;
	w->spare_label = 555;
	world_lsp(w, "4.4.4.4/32", 1024, "10.0.1.2 1 300", 1);
	world_run(w);
	ROUTE("20.0.0.0/8", "10.0.2.2@2"); /* nobody knows who is there */
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd lfib");
	TCase *t = tcase_create("labels");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_row_of_ldp_becomes_a_swap);
	tcase_add_test(t, implicit_null_is_a_pop_and_explicit_null_is_a_label);
	tcase_add_test(t, a_next_hop_without_a_label_takes_no_part);
	tcase_add_test(t, a_label_that_leads_nowhere_is_not_programmed);
	tcase_add_test(t, the_egress_has_no_entry_with_a_null_label_and_a_pop_to_itself_with_one_of_its_own);
	tcase_add_test(t, packets_for_a_next_hop_without_a_label_are_popped_where_that_is_wanted);
	tcase_add_test(t, a_dead_link_leaves_the_entry_with_what_still_works);
	tcase_add_test(t, a_static_route_to_the_fec_pushes_its_label);
	tcase_add_test(t, another_daemons_route_is_shadowed_while_there_are_labels);
	tcase_add_test(t, the_shadow_follows_the_route_that_it_shadows);
	tcase_add_test(t, a_foreign_route_that_cannot_be_shadowed_is_told_as_trouble);
	tcase_add_test(t, a_route_behind_the_fec_inherits_its_label);
	tcase_add_test(t, a_route_that_moves_has_the_label_of_its_new_neighbor_at_once);
	tcase_add_test(t, a_label_that_changes_nothing_about_a_route_does_not_tell_it_again);
	tcase_add_test(t, ecmp_pushes_each_next_hops_own_label);
	tcase_add_test(t, a_label_moves_to_another_fec);
	tcase_add_test(t, without_mpls_in_the_kernel_the_row_says_so);
	tcase_add_test(t, a_label_that_somebody_else_took_over_is_no_longer_ours);
	tcase_add_loop_test(t, a_kernel_that_mishandles_several_next_hops_gets_one, 0, 6);
	tcase_add_test(t, a_label_somebody_else_programmed_is_left_alone);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
