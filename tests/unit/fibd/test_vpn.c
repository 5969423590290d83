/* VPN routes and labels (RFC 4364): over LSPs, with backups, in VRFs that come and go, and what BGP is told of its next hops. */
#include "fibd/rib/model.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world.h"
#include <stdio.h>
#include <string.h>

static struct world *w;

enum { RED = 1001, BLUE = 1002 };
#define VPN "10.9.0.0/16"
#define TO_PE2 "lsp 2.2.2.2 800001"
#define TO_PE3 "lsp 3.3.3.3 800002"
#define ROUTE_IN(table, prefix, is)                           \
	do {                                                  \
		w->look_in = table;                           \
		ck_assert_str_eq(world_route(w, prefix), is); \
	} while (0)
#define VRF_ROUTE(prefix, is) ROUTE_IN(RED, prefix, is)
#define PUBLIC_ROUTE(prefix, is) ROUTE_IN(0, prefix, is)
#define ILM(label, is) ck_assert_str_eq(world_ilm(w, label), is)
#define ANSWER(vrf, address, is) ck_assert_str_eq(world_answer(w, vrf, address), is)
#define TELL(vrf, prefix, hops)                           \
	do {                                              \
		world_vpn_route(w, vrf, prefix, hops, 1); \
		world_run(w);                             \
	} while (0)

/* A PE: two links into the network, one to a customer in VRF red (ifindex 20); two other PEs that the IGP knows. */
static void
setup(void)
{
	w = world_new();
	world_link(w, 1, "eth1", "10.0.1.1/24");
	world_link(w, 2, "eth2", "10.0.2.1/24");
	world_link(w, 5, "eth5", "10.5.0.1/24");
	world_vrf(w, 20, "red", RED);
	world_enslave(w, 5, 20);
}

static void
teardown(void)
{
	ck_assert_uint_eq(w->foreign_harm, 0);
	world_free(w);
}

static void
igp(uint32_t round)
{
	world_learned(w, "2.2.2.2/32", "10.0.1.2", 1, 5, round);
	world_learned(w, "3.3.3.3/32", "10.0.2.2", 2, 9, round);
}

static void
ldp(uint32_t round)
{
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 200", round);
	world_lsp(w, "3.3.3.3/32", 1025, "10.0.2.2 2 300", round);
}

static void
start(void)
{
	world_start(w, "sysname R1\n");
	igp(1);
	ldp(1);
	world_run(w);
}

/* --- over LSPs --- */

START_TEST(a_vpn_route_waits_for_an_lsp_and_pushes_both_labels)
{
	world_start(w, "sysname R1\n");
	igp(1);
	TELL("red", VPN, TO_PE2);
	VRF_ROUTE(VPN, "none");
	ck_assert_str_eq(world_row(w, VPN)->entries[0]->inactive, "no LSP for 2.2.2.2/32");
	ldp(1);
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
	start();
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
	start();
	world_learned(w, "3.3.3.3/32", "10.0.1.2", 1, 5, 1);
	world_lsp(w, "3.3.3.3/32", 1025, "10.0.1.2 1 300", 1);
	TELL("red", VPN, TO_PE2 "," TO_PE3);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001 10.0.1.2@1/300/800002");
}
END_TEST

START_TEST(an_ipv6_route_goes_over_an_ipv4_lsp)
{
	start();
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
	start();
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
	world_vrf(w, 21, "blue", BLUE);
	start();
	TELL("red", "10.6.0.0/16", "via 10.5.0.2");
	VRF_ROUTE("10.6.0.0/16", "10.5.0.2@5");
	TELL("blue", "10.7.0.0/16", "via 10.5.0.2 red");
	w->look_in = BLUE;
	ck_assert_str_eq(world_route(w, "10.7.0.0/16"), "10.5.0.2@5");
	TELL("red", "10.8.0.0/16", "via 10.0.1.2 _public_");
	VRF_ROUTE("10.8.0.0/16", "10.0.1.2@1");
	TELL("", "10.6.0.0/16", "via 10.5.0.2 red");
	PUBLIC_ROUTE("10.6.0.0/16", "10.5.0.2@5");
}
END_TEST

START_TEST(what_is_leaked_follows_the_route_of_the_other_instance)
{
	world_vrf(w, 21, "blue", BLUE);
	start();
	TELL("blue", VPN, "leak red");
	TELL("blue", "10.5.0.0/24", "leak red");
	w->look_in = BLUE;
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
	start();
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

/* --- backups (VPN FRR) --- */

static void
many(unsigned count, const char *hops)
{
	char prefix[24];

	for (unsigned i = 0; i < count; i++) {
		snprintf(prefix, sizeof prefix, "20.%u.%u.0/24", i >> 8, i & 255);
		world_vpn_route(w, "red", prefix, hops, 1);
	}
	world_run(w);
}

static void
all_go_to_pe3(struct world *world)
{
	char prefix[24];

	world->look_in = RED;
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
	world_learned(w, "2.2.2.2/32", NULL, 0, 0, 1);
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
	ldp(1);
}
static void
igp_is_back(void)
{
	igp(1);
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
	start();
	many(1000, TO_PE2 " bfd|" TO_PE3);
	ck_assert_str_eq(world_requests(w), "2.2.2.2@0");
	bfd_says_alive();
	world_run(w);
	VRF_ROUTE("20.0.7.0/24", "10.0.1.2@1/200/800001");
	uint32_t group = world_group(w, "20.0.7.0/24");
	unsigned routes = w->route_ops, groups = w->group_ops, adds = w->adds;
	w->meanwhile = all_go_to_pe3; /* with the first slice: before any answer came */
	losses[_i].loss();
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
	many(1000, TO_PE2);
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
	start();
	many(1000, TO_PE2 "|" TO_PE3);
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
	start();
	TELL("red", VPN, TO_PE2 "|lsp 9.9.9.9 800009, " TO_PE3); /* the first that leads anywhere */
	bool found = false;
	w->look_in = RED;
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
	start();
	many(3, TO_PE2 "|" TO_PE3);
	w->look_in = RED;
	ck_assert_uint_eq(world_group(w, "20.0.0.0/24"), world_group(w, "20.0.2.0/24"));
	TELL("red", "20.0.2.0/24", TO_PE2);
	ck_assert_uint_ne(world_group(w, "20.0.0.0/24"), world_group(w, "20.0.2.0/24"));
	TELL("red", "20.0.1.0/24", "lsp 2.2.2.2 800007|" TO_PE3);
	VRF_ROUTE("20.0.1.0/24", "10.0.1.2@1/200/800007");
}
END_TEST

/* --- restarts --- */

static void
before_a_restart(void)
{
	start();
	many(20, TO_PE2 "," TO_PE3);
	TELL("red", VPN, TO_PE2 "|" TO_PE3);
	world_vpn_label(w, 800000, "red", NULL, 1);
	world_run(w);
}

static struct { /* before */
	unsigned route_ops;
	uint32_t group, shared;
} was;

static void
nothing_has_moved(void)
{
	w->look_in = RED;
	ck_assert_uint_eq(w->route_ops, was.route_ops);
	ck_assert_uint_eq(world_group(w, VPN), was.group);
	ck_assert_uint_eq(world_group(w, "20.0.7.0/24"), was.shared);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001");
	VRF_ROUTE("20.0.7.0/24", "10.0.1.2@1/200/800001 10.0.2.2@2/300/800002");
	ILM(800000, "-@20");
}

static void
tell_vpns(void)
{
	many(20, TO_PE2 "," TO_PE3);
	TELL("red", VPN, TO_PE2 "|" TO_PE3);
	world_vpn_label(w, 800000, "red", NULL, 1);
	world_run(w);
}
static void
tell_igp(void)
{
	world_learned(w, "3.3.3.3/32", "10.0.2.2", 2, 9, 1);
	world_run(w);
	igp(1);
}
static void
tell_ldp(void)
{
	ldp(1);
	world_synced(w, FIB_LDP_LSP, 1);
}

START_TEST(a_restart_of_fibd_moves_no_route_whoever_tells_first)
{
	static void (*const orders[6][3])(void) = { { tell_vpns, tell_igp, tell_ldp },
		{ tell_vpns, tell_ldp, tell_igp }, { tell_igp, tell_vpns, tell_ldp }, { tell_igp, tell_ldp, tell_vpns },
		{ tell_ldp, tell_vpns, tell_igp }, { tell_ldp, tell_igp, tell_vpns } };

	before_a_restart();
	w->look_in = RED;
	was.route_ops = w->route_ops;
	was.group = world_group(w, VPN);
	was.shared = world_group(w, "20.0.7.0/24");
	world_restart(w);
	world_tell_all(w);
	world_config(w, "sysname R1\n");
	world_wait(w, 10 * USEC_PER_SEC);
	for (int i = 0; i < 3; i++) {
		nothing_has_moved();
		orders[_i][i]();
		world_wait(w, USEC_PER_SEC);
	}
	nothing_has_moved();
	world_lsps_synced(w, 1);
	world_wait(w, 60 * USEC_PER_SEC);
	nothing_has_moved();
	VRF_ROUTE("20.0.19.0/24", "10.0.1.2@1/200/800001 10.0.2.2@2/300/800002");
	ck_assert(world_row(w, VPN)->installed);
	ck_assert(!world_ilm_row(w, 800000)->stale);
	igp_route_is_lost(); /* and all is as alive as before */
	world_run(w);
	VRF_ROUTE(VPN, "10.0.2.2@2/300/800002");
}
END_TEST

START_TEST(what_l3vpnd_does_not_know_any_more_goes_when_all_have_been_heard)
{
	before_a_restart();
	world_restart(w);
	world_tell_all(w);
	world_config(w, "sysname R1\n");
	tell_igp();
	tell_ldp();
	many(20, TO_PE2 "," TO_PE3);
	world_learned_synced(w, 1);
	world_run(w);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001");
	ILM(800000, "-@20");
	ck_assert(world_ilm_row(w, 800000)->stale);
	ck_assert_str_eq(world_ilm_row(w, 800000)->owner, "l3vpnd");
	world_synced(w, FIB_VPN_ROUTE, 1);
	world_synced(w, FIB_VPN_LABEL, 1);
	world_run(w);
	VRF_ROUTE(VPN, "none");
	ILM(800000, "none");
	VRF_ROUTE("20.0.7.0/24", "10.0.1.2@1/200/800001 10.0.2.2@2/300/800002");
}
END_TEST

START_TEST(a_restart_of_l3vpnd_moves_nothing_and_sweeps_its_own_rows_of_both_families_alone)
{
	before_a_restart();
	TELL("red", "2001:db8:9::/48", TO_PE2);
	TELL("red", "2001:db8:8::/48", TO_PE2);
	unsigned ops = w->ops;
	world_lost(w, FIB_VPN_ROUTE);
	world_lost(w, FIB_VPN_LABEL);
	world_run(w);
	ck_assert(world_ilm_row(w, 800000)->stale);
	ck_assert(!world_ilm_row(w, 1024)->stale);
	for (int i = 0; i < 20; i++) {
		char prefix[24];
		snprintf(prefix, sizeof prefix, "20.0.%d.0/24", i);
		world_vpn_route(w, "red", prefix, TO_PE2 "," TO_PE3, 2);
	}
	world_vpn_route(w, "red", "2001:db8:9::/48", TO_PE2, 2);
	world_vpn_label(w, 800000, "red", NULL, 2);
	world_run(w);
	ck_assert_uint_eq(w->ops, ops);
	ck_assert(!world_ilm_row(w, 800000)->stale);
	world_synced(w, FIB_VPN_ROUTE, 2);
	world_synced(w, FIB_VPN_LABEL, 2);
	world_run(w);
	VRF_ROUTE(VPN, "none");
	VRF_ROUTE("2001:db8:8::/48", "none");
	VRF_ROUTE("2001:db8:9::/48", "10.0.1.2@1/200/800001");
	VRF_ROUTE("20.0.7.0/24", "10.0.1.2@1/200/800001 10.0.2.2@2/300/800002");
	PUBLIC_ROUTE("2.2.2.2/32", "10.0.1.2@1/200"); /* igpd's */
	world_learned(w, "2.2.2.2/32", "10.0.1.2", 1, 5, 3);
	world_learned_synced(w, 3);
	world_run(w);
	PUBLIC_ROUTE("3.3.3.3/32", "none");
	VRF_ROUTE("20.0.7.0/24", "10.0.1.2@1/200/800001"); /* l3vpnd's */
	ILM(800000, "-@20");
}
END_TEST

/* --- incoming labels --- */

START_TEST(a_label_leads_to_its_instance_or_to_a_next_hop_in_it)
{
	start();
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

	start();
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

/* --- what BGP is told --- */

START_TEST(bgp_is_told_how_its_next_hops_are_reached_and_what_is_missing)
{
	start();
	static const char *const addresses[] = { "2.2.2.2", "9.9.9.9", "10.0.1.2" };
	for (size_t i = 0; i < COUNT(addresses); i++)
		world_question(w, "", addresses[i], false, 1);
	world_question(w, "red", "10.5.0.2", false, 1);
	world_question(w, "green", "10.5.0.2", false, 1);
	world_run(w);
	ANSWER("", "2.2.2.2", "reachable by LSP cost 5");
	ANSWER("", "9.9.9.9", "not cost 0: no route leads to 9.9.9.9");
	ANSWER("", "10.0.1.2", "reachable cost 0: no LSP for 10.0.1.2: it is on a link of ours");
	ANSWER("red", "10.5.0.2", "reachable cost 0");
	ANSWER("green", "10.5.0.2", "not cost 0: there is no VRF device green");
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 4294967295", 1);
	world_run(w);
	ANSWER("", "2.2.2.2", "reachable cost 5: 10.0.1.2 gave no label for 2.2.2.2/32");
	lsp_is_lost();
	world_run(w);
	ANSWER("", "2.2.2.2", "reachable cost 5: no LSP for 2.2.2.2/32");
	igp_route_is_lost();
	world_carrier(w, 5, false);
	world_vrf(w, 23, "green", 1003);
	world_run(w);
	ANSWER("", "2.2.2.2", "not cost 0: no route leads to 2.2.2.2");
	ANSWER("red", "10.5.0.2", "not cost 0: no route leads to 10.5.0.2");
	ANSWER("green", "10.5.0.2", "not cost 0: no route leads to 10.5.0.2");
	world_question(w, "", "2.2.2.2", true, 1);
	ANSWER("", "2.2.2.2", "none");
	world_synced(w, FIB_VPN_NEXTHOP, 2);
	ANSWER("", "9.9.9.9", "none");
}
END_TEST

START_TEST(an_answer_is_told_again_only_when_it_is_another)
{
	start();
	world_question(w, "", "2.2.2.2", false, 1);
	world_run(w);
	const struct table *t = world_table(w, "fib.Reach");
	uint64_t serial = t->serial;
	world_learned(w, "3.3.3.3/32", "10.0.1.2", 1, 50, 1);
	world_lsp(w, "3.3.3.3/32", 1025, "10.0.1.2 1 301", 1);
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 201", 1);
	world_carrier(w, 2, false);
	many(50, TO_PE2);
	ck_assert_uint_eq(t->serial, serial);
	world_learned(w, "2.2.2.2/32", "10.0.1.2", 1, 6, 1);
	world_run(w);
	ck_assert_uint_gt(t->serial, serial);
	serial = t->serial;
	ANSWER("", "2.2.2.2", "reachable by LSP cost 6");
	world_lost(w, FIB_LDP_LSP); /* its rows are kept */
	world_run(w);
	ck_assert_uint_eq(t->serial, serial);
}
END_TEST

START_TEST(a_restart_of_fibd_tells_bgp_nothing_bad_before_it_is_known)
{
	before_a_restart();
	world_restart(w);
	world_tell_all(w);
	world_config(w, "sysname R1\n");
	world_question(w, "", "2.2.2.2", false, 1);
	world_question(w, "", "9.9.9.9", false, 1);
	world_synced(w, FIB_VPN_NEXTHOP, 1);
	world_wait(w, 30 * USEC_PER_SEC);
	ANSWER("", "2.2.2.2", "none");
	ck_assert(!world_table(w, "fib.Reach")->complete);
	igp(1);
	world_learned_synced(w, 1);
	world_run(w);
	ANSWER("", "2.2.2.2", "none"); /* there may be an LSP */
	ANSWER("", "9.9.9.9", "not cost 0: no route leads to 9.9.9.9");
	ck_assert(!world_table(w, "fib.Reach")->complete);
	tell_ldp();
	world_run(w);
	ANSWER("", "2.2.2.2", "reachable by LSP cost 5");
	ck_assert(world_table(w, "fib.Reach")->complete);
}
END_TEST

START_TEST(a_next_hop_is_not_reached_through_the_route_that_it_carries)
{
	world_start(w, "ip route-static 0.0.0.0 0 10.0.1.2\n");
	world_question(w, "", "20.1.1.1", false, 1);
	TELL("", "20.0.0.0/8", "via 20.1.1.1");
	ANSWER("", "20.1.1.1", "reachable cost 0: no LSP for 0.0.0.0/0");
	PUBLIC_ROUTE("20.0.0.0/8", "none");
	ck_assert_str_eq(
	    world_row(w, "20.0.0.0/8")->entries[0]->inactive, "its next hop is reached through this very route");
	world_config(w, "sysname R1\n");
	world_run(w);
	ANSWER("", "20.1.1.1", "not cost 0: no route leads to 20.1.1.1");
}
END_TEST

/* --- how much work it is --- */

START_TEST(routes_that_carry_no_next_hop_are_taken_in_without_resolving_any)
{
	start();
	many(10, TO_PE2);
	TELL("red", VPN, TO_PE3);
	ck_assert(!w->rib->resolve);
	world_vpn_route(w, "red", "20.1.1.0/24", TO_PE2, 1);
	w->rib->review = false;
	world_vpn_route(w, "red", "20.1.2.0/24", "lsp 2.2.2.2 800044", 1);
	world_vpn_route(w, "red", "20.1.1.0/24", NULL, 1);
	ck_assert(!w->rib->review); /* a pass would have asked for it */
	world_learned(w, "2.0.0.0/8", "10.0.1.2", 1, 5, 1);
	igp_route_is_lost();
	world_run(w);
	VRF_ROUTE("20.1.2.0/24", "none");
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
	tcase_add_loop_test(
	    t, a_thousand_prefixes_move_to_their_backup_and_back_by_one_message_each, 0, (int)COUNT(losses));
	tcase_add_test(t, the_loss_of_one_of_two_links_is_one_message_too);
	tcase_add_test(t, the_loss_of_the_only_link_leads_over_the_backup);
	tcase_add_test(t, the_next_hop_of_a_backup_is_in_the_kernel_before_it_is_needed);
	tcase_add_test(t, routes_with_the_same_next_hops_share_a_group_and_others_do_not);
	tcase_add_loop_test(t, a_restart_of_fibd_moves_no_route_whoever_tells_first, 0, 6);
	tcase_add_test(t, what_l3vpnd_does_not_know_any_more_goes_when_all_have_been_heard);
	tcase_add_test(t, a_restart_of_l3vpnd_moves_nothing_and_sweeps_its_own_rows_of_both_families_alone);
	tcase_add_test(t, a_label_leads_to_its_instance_or_to_a_next_hop_in_it);
	tcase_add_loop_test(t, of_two_daemons_that_want_a_label_the_second_is_refused_until_the_first_leaves, 0, 2);
	tcase_add_test(t, bgp_is_told_how_its_next_hops_are_reached_and_what_is_missing);
	tcase_add_test(t, an_answer_is_told_again_only_when_it_is_another);
	tcase_add_test(t, a_restart_of_fibd_tells_bgp_nothing_bad_before_it_is_known);
	tcase_add_test(t, a_next_hop_is_not_reached_through_the_route_that_it_carries);
	tcase_add_test(t, routes_that_carry_no_next_hop_are_taken_in_without_resolving_any);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
