/* VPN routes and labels (RFC 4364): over LSPs, with backups, in VRFs that come and go, and what BGP is told of its next hops. */
#include "base/rng.h"
#include "fibd/rib/model.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world_vpn.h"
#include <stdio.h>
#include <string.h>

static struct world *w;

static void
setup(void)
{
	w = world_pe();
}

static void
teardown(void)
{
	ck_assert_uint_eq(w->foreign_harm, 0);
	world_free(w);
}

/* --- over LSPs --- */

START_TEST(a_vpn_route_waits_for_an_lsp_and_pushes_both_labels)
{
	world_start(w, "sysname R1\n");
	world_pe_igp(w, 1);
	TELL("red", VPN, TO_PE2);
	VRF_ROUTE(VPN, "none");
	ck_assert_str_eq(world_row(w, VPN)->entries[0]->inactive, "no LSP for 2.2.2.2/32");
	world_pe_ldp(w, 1);
	world_run(w);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001");
	const Fib__Route *r = world_row(w, VPN);
	ck_assert(r->installed);
	const Fib__RouteEntry *e = r->entries[0];
	ck_assert_int_eq(e->protocol, FIB__PROTOCOL__IBGP);
	ck_assert_uint_eq(e->preference, 255);
	ck_assert_uint_eq(e->cost, 7);
	ck_assert(e->relay);
	ck_assert_mem_eq(e->next_hops[0]->address.data, "\2\2\2\2", 4);
	ck_assert_mem_eq(e->next_hops[0]->via.data, "\x0a\0\1\2", 4);
	ck_assert_uint_eq(e->next_hops[0]->n_labels, 2);
	TELL("red", VPN, NULL);
	VRF_ROUTE(VPN, "none");
}
END_TEST

START_TEST(behind_a_penultimate_hop_there_is_one_label_and_to_a_neighbor_without_any_there_is_no_path)
{
	world_pe_start(w);
	TELL("red", VPN, TO_PE2);
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 3", 1);
	world_run(w);
	VRF_ROUTE(VPN, "10.0.1.2@1/800001");
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 4294967295", 1);
	world_run(w);
	VRF_ROUTE(VPN, "none");
	ck_assert_str_eq(world_row(w, VPN)->entries[0]->inactive, "10.0.1.2 gave no label for 2.2.2.2/32");
	TELL("red", VPN, "lsp 10.0.1.2 800001"); /* on a link of ours: no LSP */
	VRF_ROUTE(VPN, "none");
	TELL("red", VPN, "lsp 3.3.3.3 3"); /* no label of its own */
	VRF_ROUTE(VPN, "10.0.2.2@2/300");
}
END_TEST

START_TEST(of_several_paths_to_the_provider_edge_those_with_a_label_count)
{
	world_start(w, "ip route-static 2.2.2.2 32 10.0.1.2\nip route-static 2.2.2.2 32 10.0.2.2\n");
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 200, 10.0.2.2 2 201", 1);
	TELL("red", VPN, TO_PE2);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001 10.0.2.2@2/201/800001");
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 200, 10.0.2.2 2 4294967295", 1);
	world_run(w);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001");
}
END_TEST

START_TEST(the_load_is_shared_between_provider_edges_even_behind_the_same_router)
{
	world_pe_start(w);
	world_learned(w, "3.3.3.3/32", "10.0.1.2", 1, 5, 1);
	world_lsp(w, "3.3.3.3/32", 1025, "10.0.1.2 1 300", 1);
	TELL("red", VPN, TO_PE2 "," TO_PE3);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001 10.0.1.2@1/300/800002");
}
END_TEST

START_TEST(an_ipv6_route_goes_over_an_ipv4_lsp)
{
	world_pe_start(w);
	TELL("red", "2001:db8:9::/48", TO_PE2);
	VRF_ROUTE("2001:db8:9::/48", "10.0.1.2@1/200/800001");
	bool found = false;
	for (size_t i = 0; i < w->nexthop_count; i++)
		found |= w->nexthops[i].family == 6 && w->nexthops[i].label_count == 2;
	ck_assert(found);
	TELL("red", "2001:db8:9::/48", NULL);
	VRF_ROUTE("2001:db8:9::/48", "none");
}
END_TEST

START_TEST(in_pipe_mode_labels_have_a_ttl_of_their_own)
{
	world_pe_start(w);
	w->pipe = true;
	TELL("red", VPN, TO_PE2);
	world_vpn_label(w, 800000, "red", NULL, 1);
	world_run(w);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001~255");
	ILM(800000, "-@20 pipe");
	w->pipe = false;
	TELL("red", VPN, TO_PE2);
	world_vpn_label(w, 800000, "red", NULL, 1);
	world_run(w);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001");
	ILM(800000, "-@20");
	ck_assert(world_ilm_row(w, 800000)->installed);
}
END_TEST

/* --- within and between instances --- */

START_TEST(a_customers_router_is_looked_up_in_its_instance)
{
	world_vrf(w, 21, "blue", PE_BLUE);
	world_pe_start(w);
	TELL("red", "10.6.0.0/16", "via 10.5.0.2");
	VRF_ROUTE("10.6.0.0/16", "10.5.0.2@5");
	TELL("blue", "10.7.0.0/16", "via 10.5.0.2 red");
	w->look_in = PE_BLUE;
	ck_assert_str_eq(world_route(w, "10.7.0.0/16"), "10.5.0.2@5");
	TELL("red", "10.8.0.0/16", "via 10.0.1.2 _public_");
	VRF_ROUTE("10.8.0.0/16", "10.0.1.2@1");
	TELL("", "10.6.0.0/16", "via 10.5.0.2 red");
	PUBLIC_ROUTE("10.6.0.0/16", "10.5.0.2@5");
}
END_TEST

START_TEST(what_is_leaked_follows_the_route_of_the_other_instance)
{
	world_vrf(w, 21, "blue", PE_BLUE);
	world_pe_start(w);
	TELL("blue", VPN, "leak red");
	TELL("blue", "10.5.0.0/24", "leak red");
	w->look_in = PE_BLUE;
	ck_assert_str_eq(world_route(w, "10.5.0.0/24"), "-@5");
	ck_assert_str_eq(world_route(w, VPN), "none");
	TELL("red", VPN, TO_PE2);
	ck_assert_str_eq(world_route(w, VPN), "10.0.1.2@1/200/800001");
	TELL("red", VPN, "via 10.5.0.2");
	ck_assert_str_eq(world_route(w, VPN), "10.5.0.2@5");
	ck_assert_mem_eq(world_row(w, VPN)->entries[0]->next_hops[0]->address.data, "\x0a\5\0\2", 4);
	TELL("red", VPN, NULL);
	ck_assert_str_eq(world_route(w, VPN), "none");
	TELL("red", VPN, "leak blue"); /* round and round */
	ck_assert_str_eq(world_route(w, VPN), "none");
}
END_TEST

START_TEST(routes_of_an_instance_wait_for_its_device_and_leave_with_it)
{
	world_pe_start(w);
	TELL("green", VPN, TO_PE2);
	world_vpn_label(w, 800003, "green", NULL, 1);
	world_run(w);
	ILM(800003, "none");
	ck_assert_str_eq(world_ilm_row(w, 800003)->trouble, "there is no VRF device green");
	for (int i = 0; i < 2; i++) { /* the second time with another table */
		w->look_in = 1003 + (uint32_t)i;
		world_vrf(w, 23 + (uint32_t)i, "green", w->look_in);
		world_run(w);
		ck_assert_str_eq(world_route(w, VPN), "10.0.1.2@1/200/800001");
		ck_assert(world_row(w, VPN)->installed);
		ILM(800003, i ? "-@24" : "-@23");
		world_unplug(w, 23 + (uint32_t)i);
		world_run(w);
		ck_assert_str_eq(world_route(w, VPN), "none");
		ILM(800003, "none");
	}
	TELL("green", VPN, NULL); /* it is gone from where it waited */
	world_vrf(w, 23, "green", 1003);
	world_run(w);
	ck_assert_str_eq(world_route(w, VPN), "none");
}
END_TEST

START_TEST(what_igpd_has_found_in_an_instance_waits_and_leaves_likewise)
{
	world_start(w, "sysname R1\n");
	w->vrf = "green";
	world_learned(w, VPN, "10.0.1.2", 1, 5, 1);
	w->look_in = 1003;
	for (int i = 0; i < 2; i++) {
		world_vrf(w, 23, "green", 1003);
		world_run(w);
		ck_assert_str_eq(world_route(w, VPN), "10.0.1.2@1");
		world_unplug(w, 23);
		world_run(w);
		ck_assert_str_eq(world_route(w, VPN), "none");
	}
}
END_TEST

/* --- backups (VPN FRR) --- */

static void
all_go_to_pe3(struct world *world)
{
	char prefix[24];

	world->look_in = PE_RED;
	for (unsigned i = 0; i < 1000; i += 37) {
		snprintf(prefix, sizeof prefix, "20.%u.%u.0/24", i >> 8, i & 255);
		ck_assert_str_eq(world_route(world, prefix), "10.0.2.2@2/300/800002");
	}
}

static void
lsp_is_lost(void)
{
	world_lsp_gone(w, "2.2.2.2/32");
}
static void
igp_route_is_lost(void)
{
	world_pe_loses_igp_route(w);
}
static void
bfd_says_dead(void)
{
	world_session_at(w, "s", BFD__VERDICT__DEAD, "2.2.2.2", 0, false, 1);
}
static void
link_goes_down(void)
{
	world_carrier(w, 1, false);
}
static void
lsp_is_back(void)
{
	world_pe_ldp(w, 1);
}
static void
igp_is_back(void)
{
	world_pe_igp(w, 1);
}
static void
bfd_says_alive(void)
{
	world_session_at(w, "s", BFD__VERDICT__ALIVE, "2.2.2.2", 0, false, 1);
}
static void
link_is_up(void)
{
	world_carrier(w, 1, true);
}

static const struct {
	void (*loss)(void), (*back)(void);
	unsigned own; /* groups of the public network's routes that are made: the one without its label */
} losses[] = { { lsp_is_lost, lsp_is_back, 1 }, { igp_route_is_lost, igp_is_back, 0 },
	{ bfd_says_dead, bfd_says_alive, 0 } };

START_TEST(a_thousand_prefixes_move_to_their_backup_and_back_by_one_message_each)
{
	world_pe_start(w);
	world_vpn_many(w, 1000, TO_PE2 " bfd|" TO_PE3);
	ck_assert_str_eq(world_requests(w), "2.2.2.2@0");
	bfd_says_alive();
	world_run(w);
	VRF_ROUTE("20.0.7.0/24", "10.0.1.2@1/200/800001");
	uint32_t group = world_group(w, "20.0.7.0/24");
	unsigned routes = w->route_ops, groups = w->group_ops, adds = w->adds;
	w->meanwhile = all_go_to_pe3; /* with the first slice: before any answer came */
	losses[_i].loss();
	ck_assert_uint_le(
	    w->rib->dirty_routes.count, 1); /* the IGP's own: no other is told before the group is on its way */
	world_run(w);
	ck_assert_ptr_null((void *)(uintptr_t)w->meanwhile);
	all_go_to_pe3(w);
	ck_assert_uint_le(w->route_ops, routes + 1); /* the IGP's own */
	ck_assert_uint_eq(w->group_ops, groups + 1 + losses[_i].own);
	ck_assert_uint_le(w->adds, adds + 1 + 3 * losses[_i].own);
	ck_assert_uint_eq(world_group(w, "20.0.7.0/24"), group);
	ck_assert(world_row(w, "20.3.200.0/24")->installed);
	routes = w->route_ops;
	losses[_i].back();
	world_wait(w, 2 * USEC_PER_SEC);
	VRF_ROUTE("20.0.7.0/24", "10.0.1.2@1/200/800001");
	VRF_ROUTE("20.3.200.0/24", "10.0.1.2@1/200/800001");
	ck_assert_uint_le(w->route_ops, routes + 1);
	ck_assert_uint_eq(world_group(w, "20.0.7.0/24"), group);
}
END_TEST

/* Of two paths to the first router, one dies with its link. */
START_TEST(the_loss_of_one_of_two_links_is_one_message_too)
{
	world_start(w, "ip route-static 2.2.2.2 32 10.0.1.2\nip route-static 2.2.2.2 32 10.0.2.2\n");
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 200, 10.0.2.2 2 201", 1);
	world_vpn_many(w, 1000, TO_PE2);
	unsigned routes = w->route_ops;
	link_goes_down();
	world_wait(w, 2 * USEC_PER_SEC);
	VRF_ROUTE("20.0.7.0/24", "10.0.2.2@2/201/800001");
	link_is_up();
	world_wait(w, 2 * USEC_PER_SEC);
	VRF_ROUTE("20.0.7.0/24", "10.0.1.2@1/200/800001 10.0.2.2@2/201/800001");
	ck_assert_uint_le(w->route_ops, routes + 2); /* of the public network */
}
END_TEST

/* With the only member of a group the kernel itself drops the group and its routes: they come back on the backup. */
START_TEST(the_loss_of_the_only_link_leads_over_the_backup)
{
	world_pe_start(w);
	world_vpn_many(w, 1000, TO_PE2 "|" TO_PE3);
	link_goes_down();
	world_run(w);
	all_go_to_pe3(w);
	link_is_up();
	world_wait(w, 2 * USEC_PER_SEC);
	VRF_ROUTE("20.0.7.0/24", "10.0.1.2@1/200/800001");
	VRF_ROUTE("20.3.200.0/24", "10.0.1.2@1/200/800001");
}
END_TEST

START_TEST(the_next_hop_of_a_backup_is_in_the_kernel_before_it_is_needed)
{
	world_pe_start(w);
	TELL("red", VPN, TO_PE2 "|lsp 9.9.9.9 800009, " TO_PE3); /* the first that leads anywhere */
	bool found = false;
	w->look_in = PE_RED;
	for (size_t i = 0; i < w->nexthop_count; i++)
		found |= w->nexthops[i].label_count == 2 && w->nexthops[i].labels[1] == 800002;
	ck_assert(found);
	ck_assert_uint_eq(world_row(w, VPN)->entries[0]->n_next_hops, 1);
	igp_route_is_lost();
	world_run(w);
	VRF_ROUTE(VPN, "10.0.2.2@2/300/800002");
	TELL("red", VPN, NULL);
	world_learned(w, "3.3.3.3/32", NULL, 0, 0, 1);
	world_run(w);
	ck_assert_uint_eq(w->nexthop_count, 0); /* nothing is left behind */
}
END_TEST

START_TEST(routes_with_the_same_next_hops_share_a_group_and_others_do_not)
{
	world_pe_start(w);
	world_vpn_many(w, 3, TO_PE2 "|" TO_PE3);
	w->look_in = PE_RED;
	ck_assert_uint_eq(world_group(w, "20.0.0.0/24"), world_group(w, "20.0.2.0/24"));
	TELL("red", "20.0.2.0/24", TO_PE2);
	ck_assert_uint_ne(world_group(w, "20.0.0.0/24"), world_group(w, "20.0.2.0/24"));
	TELL("red", "20.0.1.0/24", "lsp 2.2.2.2 800007|" TO_PE3);
	VRF_ROUTE("20.0.1.0/24", "10.0.1.2@1/200/800007");
}
END_TEST

/* --- incoming labels --- */

START_TEST(a_label_leads_to_its_instance_or_to_a_next_hop_in_it)
{
	world_pe_start(w);
	world_vpn_label(w, 800000, "red", NULL, 1);
	world_vpn_label(w, 800001, "red", "10.5.0.2", 1);
	world_vpn_label(w, 800002, "red", "10.6.0.2", 1);
	world_run(w);
	ILM(800000, "-@20");
	ILM(800001, "10.5.0.2@5");
	ILM(800002, "none");
	const Fib__Ilm *r = world_ilm_row(w, 800000);
	ck_assert(r->installed && !r->stale);
	ck_assert_str_eq(r->owner, "l3vpnd");
	ck_assert_uint_eq(r->next_hops[0]->ifindex, 20);
	TELL("red", "10.6.0.0/16", "via 10.5.0.3");
	ILM(800002, "10.5.0.3@5");
	world_overrun(w); /* what is read back is as it was asked for */
	ck_assert(world_ilm_row(w, 800000)->installed);
	world_carrier(w, 5, false);
	world_run(w);
	ILM(800001, "none");
	world_carrier(w, 5, true);
	world_run(w);
	ILM(800001, "10.5.0.2@5");
	world_vpn_label(w, 800001, NULL, NULL, 1);
	world_run(w);
	ILM(800001, "none");
}
END_TEST

START_TEST(of_two_daemons_that_want_a_label_the_second_is_refused_until_the_first_leaves)
{
	bool vpn_first = _i;

	world_pe_start(w);
	if (vpn_first)
		world_vpn_label(w, 1030, "red", NULL, 1);
	world_lsp(w, "4.4.4.4/32", 1030, "10.0.1.2 1 400", 1);
	if (!vpn_first)
		world_vpn_label(w, 1030, "red", NULL, 1);
	world_run(w);
	ILM(1030, vpn_first ? "-@20" : "10.0.1.2@1/400");
	const Fib__Ilm *r = world_ilm_row(w, 1030);
	ck_assert_str_eq(r->owner, vpn_first ? "l3vpnd" : "ldpd");
	ck_assert_str_eq(r->trouble, vpn_first ? "ldpd asks for this label too, and is refused: l3vpnd had it first"
					       : "l3vpnd asks for this label too, and is refused: ldpd had it first");
	ck_assert_ptr_nonnull(strstr(text_chars(&w->log), "asks for label 1030"));
	if (vpn_first)
		world_vpn_label(w, 1030, NULL, NULL, 1);
	else
		world_lsp_gone(w, "4.4.4.4/32");
	world_run(w);
	ILM(1030, vpn_first ? "10.0.1.2@1/400" : "-@20");
	ck_assert_str_eq(world_ilm_row(w, 1030)->trouble, "");
}
END_TEST

/* --- whatever happens --- */

static bool green_is_there;

static void
something_happens(struct rng *rng)
{
	static const char *const gateways[] = { "10.0.1.2", "10.0.2.2" };
	static const char *const edges[] = { "2.2.2.2/32", "3.3.3.3/32", "0.0.0.0/0", "2.2.0.0/16" };
	static const char *const hops[] = { NULL, TO_PE2, TO_PE2 " bfd|" TO_PE3, TO_PE3 "," TO_PE2, "leak red",
		"via 10.5.0.2 red", "via 10.9.1.1", TO_PE3 "|" TO_PE2 "," TO_PE3, "leak green" };
	static const char *const prefixes[] = { VPN, "10.8.0.0/16", "10.9.1.0/24" };
	static const char *const vrfs[] = { "red", "green", "" };
	static const char *const labels[] = { "%s %u 3", "%s %u 200", "%s %u 4294967295", "%s %u 201" };
	unsigned link = 1 + (unsigned)rng_below(rng, 2);
	const char *edge = edges[rng_below(rng, COUNT(edges))];
	char text[64];

	switch (rng_below(rng, 8)) {
	case 0: world_learned(w, edge, rng_below(rng, 4) ? gateways[link - 1] : NULL, link, link, 1); break;
	case 1:
		snprintf(text, sizeof text, labels[rng_below(rng, COUNT(labels))], gateways[link - 1], link);
		world_lsp(w, edge, 1024 + (uint32_t)edge[0], text, 1);
		break;
	case 2: world_lsp_gone(w, edge); break;
	case 3: world_carrier(w, link, rng_below(rng, 2)); break;
	case 4:
		world_session_at(
		    w, "s", rng_below(rng, 2) ? BFD__VERDICT__DEAD : BFD__VERDICT__ALIVE, "2.2.2.2", 0, false, 1);
		break;
	case 5:
		green_is_there = !green_is_there;
		if (green_is_there)
			world_vrf(w, 23, "green", 1003);
		else
			world_unplug(w, 23);
		break;
	default:
		world_vpn_route(w, vrfs[rng_below(rng, COUNT(vrfs))], prefixes[rng_below(rng, COUNT(prefixes))],
		    hops[rng_below(rng, COUNT(hops))], 1);
	}
}

/* What is resolved again after each event is all that has to be: to resolve the rest as well changes nothing. */
START_TEST(after_any_row_of_events_nothing_is_left_to_resolve)
{
	struct rng rng;

	rng_seed(&rng, (uint64_t)_i + 1);
	w->resilient = _i % 3;
	green_is_there = false;
	world_pe_start(w);
	world_question(w, "", "2.2.2.2", false, 1);
	world_question(w, "green", "10.9.1.1", false, 1);
	world_vpn_label(w, 800001, "green", "10.9.1.1", 1);
	world_vpn_label(w, 800000, "green", NULL, 1);
	for (int step = 0; step < 80; step++) {
		for (uint64_t n = 1 + rng_below(&rng, 3); n; n--)
			something_happens(&rng);
		world_wait(w, 2 * USEC_PER_SEC);
		unsigned ops = w->route_ops + w->group_ops;
		uint64_t told = world_table(w, "fib.Reach")->serial;
		w->rib->resolve_all = true;
		world_run(w);
		ck_assert_msg(w->route_ops + w->group_ops == ops, "step %d: something had been forgotten", step);
		ck_assert_uint_eq(world_table(w, "fib.Reach")->serial, told);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd vpn");
	TCase *t = tcase_create("VPN routes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_vpn_route_waits_for_an_lsp_and_pushes_both_labels);
	tcase_add_test(t, behind_a_penultimate_hop_there_is_one_label_and_to_a_neighbor_without_any_there_is_no_path);
	tcase_add_test(t, of_several_paths_to_the_provider_edge_those_with_a_label_count);
	tcase_add_test(t, the_load_is_shared_between_provider_edges_even_behind_the_same_router);
	tcase_add_test(t, an_ipv6_route_goes_over_an_ipv4_lsp);
	tcase_add_test(t, in_pipe_mode_labels_have_a_ttl_of_their_own);
	tcase_add_test(t, a_customers_router_is_looked_up_in_its_instance);
	tcase_add_test(t, what_is_leaked_follows_the_route_of_the_other_instance);
	tcase_add_test(t, routes_of_an_instance_wait_for_its_device_and_leave_with_it);
	tcase_add_test(t, what_igpd_has_found_in_an_instance_waits_and_leaves_likewise);
	tcase_add_loop_test(t, after_any_row_of_events_nothing_is_left_to_resolve, 0, 40);
	tcase_add_loop_test(
	    t, a_thousand_prefixes_move_to_their_backup_and_back_by_one_message_each, 0, (int)COUNT(losses));
	tcase_add_test(t, the_loss_of_one_of_two_links_is_one_message_too);
	tcase_add_test(t, the_loss_of_the_only_link_leads_over_the_backup);
	tcase_add_test(t, the_next_hop_of_a_backup_is_in_the_kernel_before_it_is_needed);
	tcase_add_test(t, routes_with_the_same_next_hops_share_a_group_and_others_do_not);
	tcase_add_test(t, a_label_leads_to_its_instance_or_to_a_next_hop_in_it);
	tcase_add_loop_test(t, of_two_daemons_that_want_a_label_the_second_is_refused_until_the_first_leaves, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
