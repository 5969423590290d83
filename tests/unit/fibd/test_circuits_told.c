/* Pseudowires that l2vpnd says cannot be used any more, all of a provider edge or some: how they leave it, and come back; what is kept for it. */
#include "fibd/rib/model.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world_tc.h"
#include <stdio.h>
#include <string.h>

#define PATH2 "2.2.2.2 100 600001 524288 cw"
#define PATH3 "3.3.3.3 200 600002 524289 cw"
#define BY2 "1: 200/600001 cw mac 2"
#define BY3 "2: 300/600002 cw mac 3"
#define WAYS(is) ck_assert_str_eq(w->tc->ways, is)

enum { MANY = 1000, FIRST_LINK = 1000 };

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
say(unsigned i, const char *primary, uint32_t active, uint32_t turn)
{
	char name[16], paths[128];

	snprintf(name, sizeof name, "ac%u", i);
	snprintf(paths, sizeof paths, "2.2.2.2 %u %u %u%s, 3.3.3.3 %u %u %u", i, 600000 + 2 * i, 524288 + 2 * i,
	    primary, i, 600001 + 2 * i, 524289 + 2 * i);
	world_circuit(w, &(struct world_circuit){ name, .paths = paths, .active = active, .turn = turn }, 1);
}

/* `as`: each of the primaries. */
static void
many(const char *as)
{
	char name[16];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "ac%u", i);
		world_link(w, FIRST_LINK + i, name, NULL);
	}
	world_pw_start(w);
	for (unsigned i = 0; i < MANY; i++)
		say(i, as, 0, 1);
	world_run(w);
}

static void
assert_all_by(char link)
{
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_int_eq(world_frame(w, FIRST_LINK + i)[0], link);
}

/* With or without control channels. */
START_TEST(a_thousand_that_cannot_be_used_leave_by_one_operation_before_all_others)
{
	struct fib_op ops[4];

	many(_i ? " cc1" : "");
	assert_all_by('1');
	for (unsigned i = 0; i < MANY; i++)
		say(i, _i ? " cc1 off" : " off", 1, 2);
	ck_assert(rib_is_urgent(w->rib));
	ck_assert_uint_eq(rib_take_ops(w->rib, ops, 4, w->now), 1);
	ck_assert_int_eq(ops[0].object.kind, FIB_A_GATE);
	ck_assert(!ops[0].object.gate.open);
}
END_TEST

START_TEST(they_come_back_when_they_can_be_used_and_it_is_decided)
{
	many("");
	for (unsigned i = 0; i < MANY; i++)
		say(i, " off", 1, 2);
	world_run(w);
	assert_all_by('2');
	ck_assert_uint_eq(w->tc->gate_ops, 1);
	for (unsigned i = 0; i < MANY; i++)
		say(i, "", 1, 3);
	world_run(w);
	assert_all_by('2');
	for (unsigned i = 0; i < MANY; i++)
		say(i, "", 0, 4);
	world_run(w);
	assert_all_by('1');
}
END_TEST

START_TEST(while_one_can_be_used_the_others_leave_one_by_one)
{
	many("");
	for (unsigned i = 1; i < MANY; i++)
		say(i, " off", 1, 2);
	world_run(w);
	ck_assert_uint_eq(w->tc->gate_ops, 0);
	ck_assert_int_eq(world_frame(w, FIRST_LINK)[0], '1');
	ck_assert_int_eq(world_frame(w, FIRST_LINK + MANY - 1)[0], '2');
}
END_TEST

/* BFD on it may have said so, and is to tell when it is over. */
START_TEST(a_control_channel_is_not_touched_by_that)
{
	world_pw_start(w);
	world_circuit(w, &(struct world_circuit){ "eth7", .paths = PATH2 " cc1," PATH3, .turn = 1 }, 1);
	world_run(w);
	ck_assert(world_circuit_there(w, "eth7")->paths[0]->channel);
	world_circuit(w, &(struct world_circuit){ "eth7", .paths = PATH2 " cc1 off," PATH3, .turn = 1 }, 1);
	world_follow(w, 7);
	world_run(w);
	ck_assert_uint_eq(w->tc->gate_ops, 1);
	WAYS(BY3);
	ck_assert_str_eq(world_said(w, 524288), "1: 200/600001 mac 2");
	ck_assert(world_circuit_there(w, "eth7")->paths[0]->channel);
}
END_TEST

/* As with a hold-off, where only one at a time is offered. */
START_TEST(what_is_to_take_over_is_in_the_kernel_before_the_gate_is_shut)
{
	world_pw_start(w);
	world_circuit(w, &(struct world_circuit){ "eth7", .paths = PATH2 "," PATH3 " off", .turn = 1 }, 1);
	world_run(w);
	world_follow(w, 7);
	world_circuit(w, &(struct world_circuit){ "eth7", .paths = PATH2 " off," PATH3, .active = 1, .turn = 2 }, 1);
	world_run(w);
	WAYS(BY3);
	world_circuit(w, &(struct world_circuit){ "eth7", .paths = PATH2 "," PATH3, .active = 0, .turn = 3 }, 1);
	world_run(w);
	WAYS(BY3 " > " BY2);
}
END_TEST

/* A label that is another meanwhile opens nothing. */
START_TEST(a_gate_that_was_shut_for_that_stays_so_while_the_tunnel_changes)
{
	world_pw_start(w);
	world_circuit(w, &(struct world_circuit){ "eth7", .paths = PATH2 "," PATH3, .turn = 1 }, 1);
	world_run(w);
	world_circuit(w, &(struct world_circuit){ "eth7", .paths = PATH2 " off," PATH3, .turn = 1 }, 1);
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 201", 1);
	struct fib_op ops[4];
	ck_assert_uint_eq(rib_take_ops(w->rib, ops, 4, w->now), 1);
	ck_assert_int_eq(ops[0].object.kind, FIB_A_GATE);
}
END_TEST

/* What else is told meanwhile may be a gate that moves them all. */
START_TEST(filters_go_to_the_kernel_in_small_portions)
{
	enum { ROOM = 512, PORTION = 64 };
	static struct fib_op ops[ROOM];

	many("");
	for (unsigned i = 1; i < MANY; i++)
		say(i, " off", 1, 2);
	ck_assert_uint_eq(rib_take_ops(w->rib, ops, ROOM, w->now), PORTION);
}
END_TEST

START_TEST(what_l2vpnd_has_noted_of_its_switches_is_given_back)
{
	world_pw_start(w);
	world_circuit(w,
	    &(struct world_circuit){
		"eth7", .paths = PATH2, .turn = 1, .switches = 3, .switched = 77, .reason = "2.2.2.2 says: standby" },
	    1);
	world_run(w);
	ck_assert_uint_eq(world_circuit_there(w, "eth7")->switches, 3);
	ck_assert_uint_eq(world_circuit_there(w, "eth7")->switched, 77);
	ck_assert_str_eq(world_circuit_there(w, "eth7")->switch_reason, "2.2.2.2 says: standby");
}
END_TEST

/* It is asked for its MAC address, and in the kernel's filters there is one that does. */
START_TEST(a_next_hop_that_does_not_answer_when_fibd_starts_again_is_not_lost)
{
	world_pw_start(w);
	const struct world_circuit c = { "eth7", .paths = PATH2 "," PATH3, .turn = 1 };
	world_circuit(w, &c, 1);
	world_run(w);
	world_station(w, 1, "10.0.1.2", 0);
	world_run(w);
	world_follow(w, 7);
	ck_assert_str_eq(w->tc->last, BY2);
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip vpn-instance red\n");
	world_circuit(w, &c, 1);
	world_pe_igp(w, 1);
	world_pe_ldp(w, 1);
	world_lsps_synced(w, 1);
	world_run(w);
	WAYS("");
	ck_assert_str_eq(world_frame(w, 7), BY2);
	ck_assert_uint_eq(world_circuit_there(w, "eth7")->active, 0);
	world_station(w, 1, "10.0.1.2", 6);
	world_run(w);
	WAYS("1: 200/600001 cw mac 6");
	world_lsp_gone(w, "2.2.2.2/32");
	world_run(w);
	WAYS("1: 200/600001 cw mac 6 > " BY3);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd circuits, as they are told");
	TCase *t = tcase_create("unusable");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_thousand_that_cannot_be_used_leave_by_one_operation_before_all_others, 0, 2);
	tcase_add_test(t, they_come_back_when_they_can_be_used_and_it_is_decided);
	tcase_add_test(t, while_one_can_be_used_the_others_leave_one_by_one);
	tcase_add_test(t, what_is_to_take_over_is_in_the_kernel_before_the_gate_is_shut);
	tcase_add_test(t, a_gate_that_was_shut_for_that_stays_so_while_the_tunnel_changes);
	tcase_add_test(t, a_control_channel_is_not_touched_by_that);
	tcase_add_test(t, filters_go_to_the_kernel_in_small_portions);
	tcase_add_test(t, what_l2vpnd_has_noted_of_its_switches_is_given_back);
	tcase_add_test(t, a_next_hop_that_does_not_answer_when_fibd_starts_again_is_not_lost);
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
