/* The last resort: where frames go when BFD says of all far ends that they are dead. */
#include "fibd/rib/model.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world_tc.h"
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

static void
verdict(const char *peer, Bfd__Verdict verdict)
{
	world_session_at(w, strcmp(peer, "2.2.2.2") == 0 ? "pe2" : "pe3", verdict, peer, 0, false, 1);
	world_run(w);
}

START_TEST(with_nobody_left_alive_frames_go_on_by_the_last_resort_and_none_is_dropped_between)
{
	world_pw_start(w);
	verdict("2.2.2.2", BFD__VERDICT__ALIVE);
	verdict("3.3.3.3", BFD__VERDICT__ALIVE);
	circuit(PATH2 " bfd last," PATH3 " bfd last", 0, 1);
	FRAME(BY2);
	world_follow(w, 7);
	unsigned before = w->ops;
	verdict("2.2.2.2", BFD__VERDICT__DEAD);
	WAYS(BY3);
	verdict("3.3.3.3", BFD__VERDICT__DEAD);
	WAYS(BY3 " > " BY2);
	ck_assert_uint_eq(w->ops, before + 2);
	const Fib__Circuit *r = row();
	ck_assert_uint_eq(r->active, 0);
	ck_assert(!r->paths[0]->alive && !r->paths[0]->sends && !r->paths[1]->sends);
	ck_assert_str_eq(
	    r->paths[0]->trouble, "BFD says that 2.2.2.2 is dead; frames go there for want of another way");
	ck_assert_str_eq(r->paths[1]->trouble, "BFD says that 3.3.3.3 is dead");
	verdict("3.3.3.3", BFD__VERDICT__ALIVE);
	WAYS(BY3 " > " BY2 " > " BY3);
	ck_assert_uint_eq(row()->active, 1);
	ck_assert(row()->paths[1]->sends);
}
END_TEST

START_TEST(a_last_resort_needs_an_lsp_and_leave)
{
	world_pw_start(w);
	verdict("2.2.2.2", BFD__VERDICT__ALIVE);
	circuit(PATH2 " bfd last", 0, 1);
	world_follow(w, 7);
	verdict("2.2.2.2", BFD__VERDICT__DEAD);
	WAYS("");
	world_lsp_gone(w, "2.2.2.2/32");
	world_run(w);
	WAYS("dropped");
	world_pe_ldp(w, 1);
	world_run(w);
	WAYS("dropped > " BY2);
	circuit(PATH2 " bfd", 0, 1);
	WAYS("dropped > " BY2 " > dropped");
	circuit(PATH2 " off last", 0, 1); /* BFD over its control channel is l2vpnd's matter */
	FRAME(BY2);
	ck_assert(!row()->paths[0]->sends);
	circuit(PATH2, 0, 1);
	FRAME(BY2);
	ck_assert(row()->paths[0]->sends);
	ck_assert_str_eq(row()->paths[0]->trouble, "");
}
END_TEST

START_TEST(a_last_resort_outlives_fibd)
{
	world_pw_start(w);
	verdict("2.2.2.2", BFD__VERDICT__ALIVE);
	circuit(PATH2 " bfd last", 0, 1);
	verdict("2.2.2.2", BFD__VERDICT__DEAD);
	world_follow(w, 7);
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip vpn-instance red\n");
	world_run(w);
	FRAME(BY2);
	circuit(PATH2 " bfd last", 0, 1);
	world_pe_igp(w, 1);
	world_pe_ldp(w, 1);
	world_lsps_synced(w, 1);
	verdict("2.2.2.2", BFD__VERDICT__DEAD);
	world_sessions_synced(w, 1);
	world_run(w);
	WAYS("");
	FRAME(BY2);
	ck_assert(!row()->paths[0]->alive);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd circuits, the last resort");
	TCase *t = tcase_create("all are dead");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, with_nobody_left_alive_frames_go_on_by_the_last_resort_and_none_is_dropped_between);
	tcase_add_test(t, a_last_resort_needs_an_lsp_and_leave);
	tcase_add_test(t, a_last_resort_outlives_fibd);
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
