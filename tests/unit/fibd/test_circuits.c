/* Pseudowires (RFC 4448, 4385): filters of circuits, the switch to another provider edge, and what becomes of them in a restart. */
#include "fibd/rib/model.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world_tc.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PATH2 "2.2.2.2 100 600001 524288 cw"
#define PATH3 "3.3.3.3 200 600002 524289 cw"
#define BY2 "1: 200/600001 cw mac 2"
#define BY3 "2: 300/600002 cw mac 3"
#define FRAME(is) ck_assert_str_eq(world_frame(w, 7), is)
#define WAYS(is) ck_assert_str_eq(w->tc->ways, is)

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

static void
circuit(const char *paths, uint32_t active, uint32_t turn)
{
	world_circuit(w, &(struct world_circuit){ "eth7", .paths = paths, .active = active, .turn = turn }, 1);
	world_run(w);
}

static const Fib__Circuit *
row(void)
{
	return world_circuit_there(w, "eth7");
}

/* --- one pseudowire --- */

START_TEST(a_frame_gets_the_pseudowires_label_and_the_tunnels_and_the_next_hops_mac)
{
	world_pw_start(w);
	circuit(PATH2, 0, 1);
	FRAME(BY2);
	ck_assert_str_eq(world_packet(w, 1, 524288, false), "7 cw");
	ck_assert_str_eq(world_packet(w, 2, 524288, true), "7 cw");
	ck_assert_str_eq(world_packet(w, 7, 524288, false), "not ours");
	for (size_t i = 0; i < w->tc->filter_count; i++)
		if (w->tc->filters[i].label_count)
			ck_assert_mem_eq(w->tc->filters[i].own_mac, "\0\0\0\0\0\x11", 6);
	ck_assert(world_link_of(w, 7)->promiscuous);
	const Fib__Circuit *r = row();
	ck_assert_uint_eq(r->ifindex, 7);
	ck_assert(r->up);
	ck_assert_uint_eq(r->mtu, 1500);
	ck_assert_uint_eq(r->active, 0);
	ck_assert_uint_eq(r->turn, 1);
	ck_assert_str_eq(r->trouble, "");
	const Fib__CircuitPath *p = r->paths[0];
	ck_assert(p->lsp && p->alive && p->sends && p->receives);
	ck_assert_str_eq(p->trouble, "");
	ck_assert_uint_eq(p->n_labels, 1);
	ck_assert_uint_eq(p->labels[0], 200);
	ck_assert_uint_eq(p->ifindex, 1);
	ck_assert_mem_eq(p->next_hop.data, "\x0a\0\1\2", 4);
	ck_assert_mem_eq(p->mac.data, "\2\0\0\0\0\2", 6);
	ck_assert_uint_eq(p->mtu, 9000 - 14 - 8 - 4);
}
END_TEST

START_TEST(without_a_usable_path_frames_are_dropped_and_never_reach_the_host)
{
	world_pw_start(w);
	FRAME("stack");
	circuit(PATH2 " off", 0, 1);
	FRAME("dropped");
	ck_assert_uint_eq(row()->active, LABEL_UNSET);
	ck_assert_str_eq(row()->paths[0]->trouble, "not usable, says l2vpnd");
	ck_assert(!row()->paths[0]->sends);
	ck_assert(row()->paths[0]->receives); /* whatever the other end does */
	circuit("2.2.2.2 100 4294967295 524288", 0, 1);
	ck_assert_str_eq(row()->paths[0]->trouble, "2.2.2.2 gave no label");
	circuit("9.9.9.9 100 600001 524288", 0, 1);
	ck_assert_str_eq(row()->paths[0]->trouble, "no route leads to 9.9.9.9");
	FRAME("dropped");
	world_circuit_gone(w, "eth7");
	world_run(w);
	FRAME("stack");
	ck_assert_ptr_null(world_circuit_row(w, "eth7"));
	ck_assert_uint_eq(w->tc->filter_count, 0);
	ck_assert(!world_link_of(w, 7)->promiscuous);
	ck_assert_str_eq(world_packet(w, 1, 524288, false), "not ours");
}
END_TEST

START_TEST(behind_a_penultimate_hop_the_pseudowires_label_is_alone_and_without_an_lsp_nothing_is_sent)
{
	world_pw_start(w);
	circuit("2.2.2.2 100 600001 524288", 0, 1);
	FRAME("1: 200/600001 mac 2");
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 3", 1);
	world_run(w);
	FRAME("1: 600001 mac 2");
	ck_assert_uint_eq(row()->paths[0]->n_labels, 0);
	world_lsp_gone(w, "2.2.2.2/32");
	world_run(w);
	FRAME("dropped");
	ck_assert_str_eq(row()->paths[0]->trouble, "no LSP for 2.2.2.2/32");
	ck_assert(!row()->paths[0]->lsp);
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 201", 1);
	world_run(w);
	FRAME("1: 201/600001 mac 2");
	ck_assert(row()->paths[0]->sends);
}
END_TEST

START_TEST(an_lsp_that_moves_takes_the_pseudowire_along_in_one_step)
{
	world_pw_start(w);
	circuit(PATH2, 0, 1);
	world_follow(w, 7);
	unsigned before = w->tc->filter_ops;
	world_learned(w, "2.2.2.2/32", "10.0.2.2", 2, 5, 1);
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.2.2 2 222", 1);
	world_run(w);
	WAYS("2: 222/600001 cw mac 3");
	ck_assert_uint_eq(w->tc->filter_ops, before + 1);
	ck_assert_uint_eq(w->tc->gate_ops, 0);
}
END_TEST

START_TEST(the_mac_address_of_the_next_hop_is_asked_for_and_followed)
{
	world_station(w, 1, "10.0.1.2", 0);
	world_pw_start(w);
	circuit(PATH2, 0, 1);
	FRAME("dropped");
	ck_assert_uint_ge(w->tc->probes, 1);
	ck_assert_str_eq(row()->paths[0]->trouble, "the MAC address of 10.0.1.2 on eth1 is not known");
	ck_assert(!row()->paths[0]->lsp);
	world_station(w, 1, "10.0.1.2", 5);
	world_run(w);
	FRAME("1: 200/600001 cw mac 5");
	world_follow(w, 7);
	world_station(w, 1, "10.0.1.2", 0); /* it does not answer for a while */
	world_station(w, 1, "10.0.1.2", 6);
	world_run(w);
	WAYS("1: 200/600001 cw mac 6");
}
END_TEST

START_TEST(of_several_paths_each_pseudowire_takes_one)
{
	unsigned by[3] = { 0 };

	world_start(w, "ip route-static 2.2.2.2 32 10.0.1.2\nip route-static 2.2.2.2 32 10.0.2.2\n");
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 200, 10.0.2.2 2 201", 1);
	for (unsigned i = 0; i < 100; i++) {
		char paths[64];
		snprintf(paths, sizeof paths, "2.2.2.2 100 600001 %u", 524288 + i);
		circuit(paths, 0, 1 + i);
		by[world_frame(w, 7)[0] - '0']++;
	}
	ck_assert_uint_eq(by[1] + by[2], 100);
	ck_assert_uint_gt(by[1], 25);
	ck_assert_uint_gt(by[2], 25);
	world_carrier(w, 1, false);
	world_run(w);
	ck_assert_str_eq(world_frame(w, 7), "2: 201/600001 mac 3");
}
END_TEST

START_TEST(the_mtu_is_checked_against_all_that_is_put_before_a_frame)
{
	world_link_of(w, 1)->mtu = 1525;
	world_pw_start(w);
	circuit(PATH2, 0, 1);
	ck_assert_uint_eq(row()->paths[0]->mtu, 1499);
	ck_assert_str_eq(
	    row()->paths[0]->trouble, "frames of 1500 bytes do not fit: eth1 has an MTU of 1525, which leaves 1499");
	ck_assert(row()->paths[0]->sends);
	circuit("2.2.2.2 100 600001 524288", 0, 1);
	ck_assert_str_eq(row()->paths[0]->trouble, "");
}
END_TEST

START_TEST(a_subinterfaces_tag_stays_on_in_tagged_mode_and_is_no_matter_in_raw_mode)
{
	struct world_circuit c = { "eth7.10", .paths = "2.2.2.2 100 600001 524288", .turn = 1, .tagged = true };

	world_link(w, 9, "eth7.10", NULL);
	world_link_of(w, 9)->vlan = 10;
	world_pw_start(w);
	world_circuit(w, &c, 1);
	world_run(w);
	ck_assert_str_eq(world_frame(w, 9), "1: 200/600001 tag 10 mac 2");
	ck_assert_str_eq(world_packet(w, 1, 524288, false), "9 retag");
	ck_assert_uint_eq(world_circuit_row(w, "eth7.10")->paths[0]->mtu, 9000 - 14 - 8 - 4);
	c.tagged = false;
	world_circuit(w, &c, 1);
	world_run(w);
	ck_assert_str_eq(world_frame(w, 9), "1: 200/600001 mac 2");
	ck_assert_str_eq(world_packet(w, 1, 524288, false), "9");
}
END_TEST

START_TEST(two_circuits_are_switched_to_each_other)
{
	world_pw_start(w);
	world_circuit(w, &(struct world_circuit){ "eth7", .local = "eth8", .turn = 1 }, 1);
	world_circuit(w, &(struct world_circuit){ "eth8", .local = "eth7", .turn = 1 }, 1);
	world_run(w);
	FRAME("8");
	ck_assert_str_eq(world_frame(w, 8), "7");
	world_circuit(w, &(struct world_circuit){ "eth8", .local = "eth77", .turn = 1 }, 1);
	world_run(w);
	ck_assert_str_eq(world_frame(w, 8), "dropped");
	ck_assert_str_eq(
	    world_circuit_row(w, "eth8")->trouble, "there is no interface of the name that it is switched to");
}
END_TEST

START_TEST(an_interface_is_of_one_circuit_whatever_its_names)
{
	snprintf(world_link_of(w, 7)->alias, 64, "GigabitEthernet0/3/0");
	world_pw_start(w);
	circuit(PATH2, 0, 1);
	world_circuit(w, &(struct world_circuit){ "GigabitEthernet0/3/0", .paths = PATH3, .turn = 1 }, 1);
	world_run(w);
	FRAME(BY2);
	ck_assert_str_eq(world_circuit_row(w, "GigabitEthernet0/3/0")->trouble,
	    "another circuit has this interface, by another of its names");
	world_circuit_gone(w, "eth7");
	world_run(w);
	FRAME(BY3);
	ck_assert_str_eq(world_circuit_row(w, "GigabitEthernet0/3/0")->trouble, "");
}
END_TEST

START_TEST(where_no_link_has_mpls_nothing_is_received)
{
	world_link_of(w, 1)->mpls_input = world_link_of(w, 2)->mpls_input = false;
	world_pw_start(w);
	circuit(PATH2, 0, 1);
	ck_assert(!row()->paths[0]->receives);
	ck_assert_str_eq(row()->paths[0]->trouble, "no link takes labelled packets: `mpls` is to be configured on one");
	world_config(w, "ip vpn-instance red\ninterface eth1\n mpls\n");
	world_run(w);
	ck_assert(row()->paths[0]->receives);
	ck_assert_str_eq(row()->paths[0]->trouble, "");
}
END_TEST

START_TEST(an_interface_may_come_later_and_go)
{
	world_pw_start(w);
	world_circuit(w, &(struct world_circuit){ "eth9", .paths = PATH2, .turn = 1 }, 1);
	world_run(w);
	ck_assert_str_eq(world_circuit_row(w, "eth9")->trouble, "there is no such interface");
	ck_assert_uint_eq(world_circuit_row(w, "eth9")->ifindex, 0);
	world_link(w, 9, "eth9", NULL);
	world_run(w);
	ck_assert_str_eq(world_frame(w, 9), BY2);
	ck_assert_str_eq(world_packet(w, 1, 524288, false), "9 cw");
	world_unplug(w, 9);
	world_run(w);
	ck_assert_str_eq(world_circuit_row(w, "eth9")->trouble, "there is no such interface");
	ck_assert_str_eq(world_packet(w, 1, 524288, false), "not ours");
	world_link(w, 10, "eth9", NULL);
	world_run(w);
	ck_assert_str_eq(world_frame(w, 10), BY2);
}
END_TEST

/* --- two pseudowires --- */

START_TEST(the_second_carries_nothing_while_the_first_is_good)
{
	world_pw_start(w);
	w->tc->watched = 7;
	circuit(PATH2 "," PATH3, 0, 1);
	WAYS("stack > " BY2);
	ck_assert(row()->paths[0]->sends && row()->paths[1]->sends && row()->paths[1]->receives);
	ck_assert_uint_eq(row()->active, 0);
}
END_TEST

START_TEST(a_provider_edge_that_bfd_finds_dead_costs_one_operation_for_a_thousand_pseudowires)
{
	char name[16], paths[128];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "ac%u", i);
		world_link(w, 1000 + i, name, NULL);
	}
	world_pw_start(w);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "ac%u", i);
		snprintf(paths, sizeof paths, "2.2.2.2 %u %u %u bfd last, 3.3.3.3 %u %u %u bfd last", i, 600000 + 2 * i,
		    524288 + 2 * i, i, 600001 + 2 * i, 524289 + 2 * i);
		world_circuit(w, &(struct world_circuit){ name, .paths = paths, .turn = 1 }, 1);
	}
	world_session_at(w, "pe2", BFD__VERDICT__ALIVE, "2.2.2.2", 0, false, 1);
	world_session_at(w, "pe3", BFD__VERDICT__ALIVE, "3.3.3.3", 0, false, 1);
	world_run(w);
	ck_assert_str_eq(world_frame(w, 1999), "1: 200/601998 mac 2");
	unsigned before = w->ops;
	world_session_at(w, "pe2", BFD__VERDICT__DEAD, "2.2.2.2", 0, false, 1);
	ck_assert(rib_is_urgent(w->rib));
	world_run(w);
	ck_assert_uint_eq(w->ops, before + 1);
	ck_assert_uint_eq(w->tc->gate_ops, 1);
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(world_frame(w, 1000 + i)[0], '2');
	const Fib__Circuit *r = world_circuit_row(w, "ac999");
	ck_assert_uint_eq(r->active, 1);
	ck_assert_str_eq(r->moved_why, "BFD says that 2.2.2.2 is dead");
	ck_assert(!r->paths[0]->alive && !r->paths[0]->sends && r->paths[1]->sends);
	ck_assert_str_eq(r->paths[0]->trouble, "BFD says that 2.2.2.2 is dead");
}
END_TEST

START_TEST(the_session_of_l2vpnds_own_request_is_followed_by_its_peer_and_source_and_no_other)
{
	world_pw_start(w);
	circuit(PATH2 " bfd from 1.1.1.1," PATH3, 0, 1);
	ck_assert_str_eq(world_requests(w), "nothing"); /* it is l2vpnd that asks */
	world_session_from(w, "bgp", BFD__VERDICT__DEAD, "2.2.2.2", "1.1.1.9", 1);
	world_run(w);
	ck_assert(row()->paths[0]->alive);
	ck_assert_uint_eq(row()->active, 0);
	world_session_from(w, "pw", BFD__VERDICT__ALIVE, "2.2.2.2", "1.1.1.1", 1);
	world_session_from(w, "pw", BFD__VERDICT__DEAD, "2.2.2.2", "1.1.1.1", 1);
	world_run(w);
	ck_assert(!row()->paths[0]->alive);
	ck_assert_uint_eq(row()->active, 1);
	ck_assert_str_eq(row()->moved_why, "BFD says that 2.2.2.2 is dead");
	world_session_gone(w, "pw"); /* nobody watches it any more */
	circuit(PATH2 " bfd from 1.1.1.2," PATH3, 0, 2);
	ck_assert(row()->paths[0]->alive);
	ck_assert_uint_eq(row()->active, 0);
	circuit(PATH2 "," PATH3, 0, 2);
	ck_assert_str_eq(world_requests(w), "nothing");
}
END_TEST

START_TEST(a_path_that_comes_back_waits_for_the_next_turn)
{
	world_pw_start(w);
	circuit(PATH2 "," PATH3, 0, 1);
	world_follow(w, 7);
	world_lsp_gone(w, "2.2.2.2/32");
	world_run(w);
	WAYS(BY3);
	ck_assert_str_eq(row()->moved_why, "the LSP to 2.2.2.2 is gone");
	world_pe_ldp(w, 1);
	world_run(w);
	WAYS(BY3);
	ck_assert(row()->paths[0]->sends); /* ready again */
	ck_assert_uint_eq(row()->active, 1);
	circuit(PATH2 "," PATH3, 0, 2);
	WAYS(BY3 " > " BY2);
	ck_assert_uint_eq(row()->active, 0);
	ck_assert_uint_eq(row()->turn, 2);
	ck_assert_str_eq(row()->moved_why, "decided by l2vpnd");
	world_lsp_gone(w, "2.2.2.2/32"); /* and once more */
	world_run(w);
	WAYS(BY3 " > " BY2 " > " BY3);
	ck_assert_uint_eq(w->tc->gate_ops, 2);
}
END_TEST

START_TEST(where_both_were_lost_frames_go_by_the_one_that_is_back)
{
	world_pw_start(w);
	circuit(PATH2 "," PATH3, 0, 1);
	world_follow(w, 7);
	world_lsp_gone(w, "2.2.2.2/32");
	world_run(w);
	world_lsp_gone(w, "3.3.3.3/32");
	world_run(w);
	WAYS(BY3 " > dropped");
	ck_assert_uint_eq(row()->active, LABEL_UNSET);
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 200", 1);
	world_run(w);
	WAYS(BY3 " > dropped > " BY2);
	world_lsp(w, "3.3.3.3/32", 1025, "10.0.2.2 2 300", 1);
	world_run(w);
	WAYS(BY3 " > dropped > " BY2);
}
END_TEST

START_TEST(a_turn_begins_with_the_path_that_it_names_even_if_that_is_late)
{
	world_pw_start(w);
	world_lsp_gone(w, "2.2.2.2/32");
	circuit(PATH2 "," PATH3, 0, 1);
	world_follow(w, 7);
	FRAME(BY3);
	world_pe_ldp(w, 1);
	world_run(w);
	WAYS(BY2);
	ck_assert_str_eq(row()->moved_why, "decided by l2vpnd");
	world_lsp_gone(w, "2.2.2.2/32"); /* but only once */
	world_run(w);
	world_pe_ldp(w, 1);
	world_run(w);
	WAYS(BY2 " > " BY3);
}
END_TEST

START_TEST(a_turn_that_names_the_other_is_one_operation_each_way)
{
	world_pw_start(w);
	circuit(PATH2 "," PATH3, 0, 1);
	world_follow(w, 7);
	circuit(PATH2 "," PATH3, 1, 2);
	WAYS(BY3);
	ck_assert_uint_eq(row()->active, 1);
	circuit(PATH2 "," PATH3, 0, 3);
	WAYS(BY3 " > " BY2);
	ck_assert_uint_eq(w->tc->gate_ops, 0);
}
END_TEST

START_TEST(a_path_that_l2vpnd_takes_away_goes_and_the_other_takes_over_at_once)
{
	world_pw_start(w);
	circuit(PATH2 "," PATH3, 0, 1);
	world_follow(w, 7);
	circuit(PATH2 " off," PATH3, 0, 1);
	WAYS(BY3);
	ck_assert_str_eq(row()->moved_why, "the pseudowire 100 to 2.2.2.2 cannot be used");
	circuit(PATH2 "," PATH3, 0, 1);
	WAYS(BY3);
	circuit(PATH3, 0, 2); /* the row's order is another */
	WAYS(BY3);
	ck_assert_uint_eq(row()->active, 0);
	ck_assert_uint_eq(row()->n_paths, 1);
	ck_assert_str_eq(world_packet(w, 1, 524288, false), "not ours");
}
END_TEST

START_TEST(the_switch_comes_before_bulk_work)
{
	world_pw_start(w);
	circuit(PATH2 " bfd," PATH3, 0, 1);
	world_session_at(w, "pe2", BFD__VERDICT__ALIVE, "2.2.2.2", 0, false, 1);
	world_vpn_many(w, 50, TO_PE3);
	world_vpn_many(w, 50, TO_PE2 " bfd|" TO_PE3);
	struct fib_op ops[4];
	world_session_at(w, "pe2", BFD__VERDICT__DEAD, "2.2.2.2", 0, false, 1);
	world_input(w, &(struct fib_input){ .kind = FIB_IN_OVERRUN }); /* not even a dump */
	ck_assert(!rib_wants_resync(w->rib));
	ck_assert_uint_eq(rib_take_ops(w->rib, ops, 4, w->now), 1);
	ck_assert(rib_wants_resync(w->rib));
	ck_assert_int_eq(ops[0].object.kind, FIB_A_GATE);
	ck_assert(!ops[0].object.gate.open);
}
END_TEST

/* --- the kernel --- */

START_TEST(what_the_kernel_refuses_is_said_and_tried_again)
{
	world_pw_start(w);
	circuit("2.2.2.2 100 4294967295 524288", 0, 1);
	w->tc->refuse = ENOMEM;
	circuit("2.2.2.2 100 600001 524288", 0, 1);
	FRAME("dropped");
	ck_assert_str_eq(row()->paths[0]->trouble, "No filters today");
	ck_assert(!row()->paths[0]->sends);
	world_wait(w, 10 * USEC_PER_SEC);
	FRAME("1: 200/600001 mac 2");
	ck_assert_str_eq(row()->paths[0]->trouble, "");
	ck_assert(row()->paths[0]->sends);
}
END_TEST

START_TEST(filters_that_somebody_removes_are_put_back)
{
	world_pw_start(w);
	circuit(PATH2 "," PATH3, 0, 1);
	world_tc_flush(w, 7);
	ck_assert(!row()->paths[0]->sends || w->tc->filter_count);
	world_run(w);
	FRAME(BY2);
	world_tc_flush(w, 1);
	world_tc_flush(w, 2);
	world_tc_flush(w, 99);
	world_run(w);
	ck_assert_str_eq(world_packet(w, 1, 524288, false), "7 cw");
	w->deaf = true;
	world_tc_flush(w, 7);
	w->deaf = false;
	world_overrun(w);
	FRAME(BY2);
	ck_assert(row()->paths[0]->sends);
}
END_TEST

START_TEST(a_block_that_others_share_is_left_alone_and_named)
{
	world_pw_start(w);
	struct fib_object o = { .kind = FIB_CLSACT, .clsact = { .ifindex = 7, .block = 4 } };
	const char *text = "";
	world_tc_do(w, &o, false, &text);
	circuit(PATH2, 0, 1);
	FRAME("stack");
	ck_assert_str_eq(row()->trouble, "its incoming frames go through a block of filters that others share");
	ck_assert(!row()->paths[0]->sends);
	world_tc_flush(w, 7);
	world_run(w);
	FRAME(BY2);
}
END_TEST

START_TEST(counters_are_those_of_the_last_look)
{
	world_pw_start(w);
	circuit(PATH2, 0, 1);
	for (size_t i = 0; i < w->tc->filter_count; i++) {
		w->tc->filters[i].packets = 10 + w->tc->filters[i].ifindex;
		w->tc->filters[i].bytes = 1000;
	}
	ck_assert_uint_eq(row()->paths[0]->sent_packets, 0);
	world_tc_tell_all(w);
	ck_assert_uint_eq(row()->paths[0]->sent_packets, 17);
	ck_assert_uint_eq(row()->paths[0]->received_packets, 10);
	ck_assert_uint_eq(row()->paths[0]->sent_bytes, 1000);
	for (int received = 0; received < 2; received++) {
		struct fib_object o = { .kind = FIB_COUNT,
			.count = { .label = 524288,
			    .received = received,
			    .packets = 20u + (unsigned)received,
			    .bytes = 2000 } };
		world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &o });
		o.count.label++; /* nobody's */
		world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &o });
	}
	ck_assert_uint_eq(row()->paths[0]->sent_packets, 20);
	ck_assert_uint_eq(row()->paths[0]->received_packets, 21);
	ck_assert(!rib_has_ops(w->rib));
}
END_TEST

/* --- restarts --- */

static void
come_back(void)
{
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip vpn-instance red\n");
	world_run(w);
}

START_TEST(after_a_restart_nothing_is_touched_and_labels_are_told_of)
{
	world_pw_start(w);
	circuit(PATH2 "," PATH3, 0, 1);
	unsigned before = w->tc->filter_ops;
	world_follow(w, 7);
	come_back();
	const Fib__Circuit *r = row();
	ck_assert_uint_eq(r->n_paths, 2);
	ck_assert_uint_eq(r->paths[0]->in_label + r->paths[1]->in_label, 524288 + 524289);
	ck_assert_uint_eq(r->paths[0]->vc_id + r->paths[1]->vc_id, 300);
	circuit(PATH2 "," PATH3, 0, 1); /* before anybody has told of LSPs */
	ck_assert(!row()->paths[0]->lsp);
	world_pe_igp(w, 1);
	world_run(w);
	world_pe_ldp(w, 1);
	world_run(w);
	world_lsps_synced(w, 1);
	world_sessions_synced(w, 1);
	world_wait(w, 60 * USEC_PER_SEC);
	WAYS("");
	ck_assert_uint_eq(w->tc->filter_ops, before);
	ck_assert(row()->paths[0]->sends && row()->paths[1]->sends && row()->paths[0]->receives);
	ck_assert_uint_eq(row()->active, 0);
	ck_assert_uint_eq(row()->moved_at, 0);
	ck_assert_str_eq(row()->moved_why, "");
	/* The gates of before are known for what they are. */
	world_lsp_gone(w, "2.2.2.2/32");
	world_run(w);
	WAYS(BY3);
	ck_assert_uint_eq(w->tc->gate_ops, 1);
}
END_TEST

/* Whoever is the last to tell: until then its rows are not whole, and l2vpnd takes nothing bad from them. */
START_TEST(after_a_restart_circuits_are_not_whole_before_lsps_are_known)
{
	world_pw_start(w);
	circuit(PATH2, 0, 1);
	come_back();
	circuit(PATH2, 0, 1);
	ck_assert(world_table(w, "fib.Interface")->complete);
	ck_assert(!world_table(w, "fib.Circuit")->complete);
	for (int turn = 0; turn < 2; turn++) {
		ck_assert(!row()->paths[0]->lsp);
		ck_assert(!world_table(w, "fib.Circuit")->complete);
		if ((turn + _i) % 2) {
			world_pe_ldp(w, 1);
			world_synced(w, FIB_LDP_LSP, 1);
		} else {
			world_pe_igp(w, 1);
			world_synced(w, FIB_IGP_ROUTE, 1);
		}
		world_run(w);
	}
	ck_assert(row()->paths[0]->lsp);
	ck_assert(world_table(w, "fib.Circuit")->complete);
}
END_TEST

START_TEST(nobody_is_waited_for_in_vain_and_a_first_start_waits_for_nobody)
{
	world_pw_start(w);
	circuit(PATH2, 0, 1);
	come_back();
	world_wait(w, 19 * USEC_PER_SEC);
	ck_assert(!world_table(w, "fib.Circuit")->complete);
	world_wait(w, 2 * USEC_PER_SEC);
	ck_assert(world_table(w, "fib.Circuit")->complete);
	world_free(w);
	w = world_pw();
	come_back();
	ck_assert(world_table(w, "fib.Circuit")->complete);
}
END_TEST

START_TEST(after_a_restart_a_circuit_is_where_it_was_in_its_turn)
{
	world_pw_start(w);
	circuit(PATH2 "," PATH3, 0, 5);
	world_lsp_gone(w, "2.2.2.2/32");
	world_run(w);
	world_pe_ldp(w, 1);
	world_run(w);
	FRAME(BY3);
	world_follow(w, 7);
	come_back();
	world_pe_igp(w, 1);
	world_pe_ldp(w, 1);
	circuit(PATH2 "," PATH3, 0, 5);
	world_lsps_synced(w, 1);
	world_wait(w, 60 * USEC_PER_SEC);
	WAYS("");
	ck_assert_uint_eq(row()->active, 1);
	ck_assert_uint_eq(row()->moved_at, 0); /* nobody knows */
	ck_assert_str_eq(row()->moved_why, "its path was left before fibd started, nobody knows why");
	circuit(PATH2 "," PATH3, 0, 6);
	WAYS(BY2);
	ck_assert_uint_eq(row()->moved_at, w->now);
}
END_TEST

START_TEST(what_nobody_asks_for_any_more_is_swept_when_that_is_known)
{
	world_pw_start(w);
	circuit(PATH2, 0, 1);
	come_back();
	world_pe_igp(w, 1);
	world_pe_ldp(w, 1);
	world_synced(w, FIB_LDP_LSP, 1);
	world_synced(w, FIB_IGP_ROUTE, 1);
	world_wait(w, 60 * USEC_PER_SEC);
	FRAME(BY2); /* l2vpnd has not come */
	world_lsps_synced(w, 1);
	world_run(w);
	FRAME("stack");
	ck_assert_uint_eq(w->tc->filter_count, 0);
	ck_assert_ptr_null(world_circuit_row(w, "eth7"));
}
END_TEST

START_TEST(rows_of_l2vpnd_outlive_it_and_are_swept_when_it_says_so)
{
	world_pw_start(w);
	circuit(PATH2, 0, 1);
	world_lost(w, FIB_L2VPN_CIRCUIT);
	world_run(w);
	FRAME(BY2);
	world_circuit(w, &(struct world_circuit){ "eth8", .paths = PATH3, .turn = 1 }, 2);
	world_synced(w, FIB_L2VPN_CIRCUIT, 2);
	world_run(w);
	FRAME("stack");
	ck_assert_str_eq(world_frame(w, 8), BY3);
}
END_TEST

START_TEST(a_label_that_moves_to_another_circuit_goes_there)
{
	world_pw_start(w);
	circuit(PATH2, 0, 1);
	world_circuit(w, &(struct world_circuit){ "eth8", .paths = PATH2, .turn = 1 }, 1);
	world_run(w);
	ck_assert_str_eq(world_packet(w, 1, 524288, false), "8 cw");
	world_circuit_gone(w, "eth7");
	world_run(w);
	ck_assert_str_eq(world_packet(w, 1, 524288, false), "8 cw");
	ck_assert(world_circuit_row(w, "eth8")->paths[0]->receives);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd circuits");
	TCase *one = tcase_create("one pseudowire"), *two = tcase_create("two pseudowires"),
	      *kernel = tcase_create("the kernel"), *restart = tcase_create("restarts");

	tcase_add_checked_fixture(one, setup, teardown);
	tcase_add_test(one, a_frame_gets_the_pseudowires_label_and_the_tunnels_and_the_next_hops_mac);
	tcase_add_test(one, without_a_usable_path_frames_are_dropped_and_never_reach_the_host);
	tcase_add_test(one, behind_a_penultimate_hop_the_pseudowires_label_is_alone_and_without_an_lsp_nothing_is_sent);
	tcase_add_test(one, an_lsp_that_moves_takes_the_pseudowire_along_in_one_step);
	tcase_add_test(one, the_mac_address_of_the_next_hop_is_asked_for_and_followed);
	tcase_add_test(one, of_several_paths_each_pseudowire_takes_one);
	tcase_add_test(one, the_mtu_is_checked_against_all_that_is_put_before_a_frame);
	tcase_add_test(one, a_subinterfaces_tag_stays_on_in_tagged_mode_and_is_no_matter_in_raw_mode);
	tcase_add_test(one, two_circuits_are_switched_to_each_other);
	tcase_add_test(one, an_interface_is_of_one_circuit_whatever_its_names);
	tcase_add_test(one, where_no_link_has_mpls_nothing_is_received);
	tcase_add_test(one, an_interface_may_come_later_and_go);
	suite_add_tcase(s, one);
	tcase_add_checked_fixture(two, setup, teardown);
	tcase_set_timeout(two, 60);
	tcase_add_test(two, the_second_carries_nothing_while_the_first_is_good);
	tcase_add_test(two, the_session_of_l2vpnds_own_request_is_followed_by_its_peer_and_source_and_no_other);
	tcase_add_test(two, a_provider_edge_that_bfd_finds_dead_costs_one_operation_for_a_thousand_pseudowires);
	tcase_add_test(two, a_path_that_comes_back_waits_for_the_next_turn);
	tcase_add_test(two, where_both_were_lost_frames_go_by_the_one_that_is_back);
	tcase_add_test(two, a_turn_begins_with_the_path_that_it_names_even_if_that_is_late);
	tcase_add_test(two, a_turn_that_names_the_other_is_one_operation_each_way);
	tcase_add_test(two, a_path_that_l2vpnd_takes_away_goes_and_the_other_takes_over_at_once);
	tcase_add_test(two, the_switch_comes_before_bulk_work);
	suite_add_tcase(s, two);
	tcase_add_checked_fixture(kernel, setup, teardown);
	tcase_add_test(kernel, what_the_kernel_refuses_is_said_and_tried_again);
	tcase_add_test(kernel, filters_that_somebody_removes_are_put_back);
	tcase_add_test(kernel, a_block_that_others_share_is_left_alone_and_named);
	tcase_add_test(kernel, counters_are_those_of_the_last_look);
	suite_add_tcase(s, kernel);
	tcase_add_checked_fixture(restart, setup, teardown);
	tcase_add_test(restart, after_a_restart_nothing_is_touched_and_labels_are_told_of);
	tcase_add_loop_test(restart, after_a_restart_circuits_are_not_whole_before_lsps_are_known, 0, 2);
	tcase_add_test(restart, nobody_is_waited_for_in_vain_and_a_first_start_waits_for_nobody);
	tcase_add_test(restart, after_a_restart_a_circuit_is_where_it_was_in_its_turn);
	tcase_add_test(restart, what_nobody_asks_for_any_more_is_swept_when_that_is_known);
	tcase_add_test(restart, rows_of_l2vpnd_outlive_it_and_are_swept_when_it_says_so);
	tcase_add_test(restart, a_label_that_moves_to_another_circuit_goes_there);
	suite_add_tcase(s, restart);
	return s;
}

CHECK_MAIN(suite)
