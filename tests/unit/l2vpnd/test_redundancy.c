/* How pseudowires of a circuit take over from each other: by what, when, back again, and who is told what of it. */
#include "base/label.h"
#include "base/mem.h"
#include "tests/helper/check.h"
#include "tests/unit/l2vpnd/world.h"
#include <string.h>

#define PORT "GigabitEthernet0/1/0"
#define BOTH "mpls l2vpn\n#\ninterface " PORT "\n mpls l2vc 2.2.2.2 100\n mpls l2vc 3.3.3.3 200 secondary\n"
#define ALL3 BOTH " mpls l2vc 4.4.4.4 300 bypass\n"
#define S USEC_PER_SEC

static struct world *w;
static struct end *primary, *secondary, *bypass;

static void
start(const char *conf)
{
	w = world_new(conf);
	primary = world_end(w, "2.2.2.2", L2VPN_RAW, 100);
	secondary = world_end(w, "3.3.3.3", L2VPN_RAW, 200);
	bypass = world_end(w, "4.4.4.4", L2VPN_RAW, 300);
	world_settle(w);
}

static void
teardown(void)
{
	world_free(w);
	w = NULL;
}

static void
assert_on(enum l2vpn_role role)
{
	const L2vpn__Service *on = world_service(w, PORT);

	ck_assert_msg(on->carries && (unsigned)on->active == (unsigned)role, "frames go to %d (%s), state %d: %s",
	    on->active, on->carries ? "seen" : "not seen", on->state, on->switch_reason);
	ck_assert_uint_eq(world_circuit(w, PORT)->active, (unsigned)role);
}

#define assert_state(wanted) ck_assert_int_eq(world_service(w, PORT)->state, L2VPN__REDUNDANCY_STATE__##wanted)

/* --- what makes frames leave the primary --- */

static void
session_lost(void)
{
	primary->session = false;
}
static void
remote_circuit_down(void)
{
	primary->status = 0x6;
}
static void
label_withdrawn(void)
{
	primary->label = LABEL_UNSET;
}
static void
remote_standby(void)
{
	primary->status = 0x20;
}
static void
lsp_lost(void)
{
	world_peer(w, "2.2.2.2")->lsp = false;
}
static void
bfd_dead(void)
{
	world_peer(w, "2.2.2.2")->alive = false;
}
static const struct {
	void (*happens)(void);
	const char *because;
} failures[] = {
	{ session_lost, "there is no LDP session with 2.2.2.2" },
	{ remote_circuit_down, "2.2.2.2 says: fault of its attachment circuit" },
	{ label_withdrawn, "2.2.2.2 has told no label" },
	{ remote_standby, "2.2.2.2 says: standby" },
	{ lsp_lost, "no LSP leads to 2.2.2.2" },
	{ bfd_dead, "BFD says that 2.2.2.2 is dead" },
};

START_TEST(each_failure_moves_frames_to_the_secondary_with_its_reason)
{
	start(BOTH " mpls l2vpn pw bfd\n");
	assert_on(L2VPN_PRIMARY);
	ck_assert_uint_eq(world_service(w, PORT)->switches, 0);
	ck_assert(!world_vc(w, "3.3.3.3", 200)->active);
	ck_assert(world_vc(w, "3.3.3.3", 200)->up);

	failures[_i].happens();
	world_settle(w);
	assert_on(L2VPN_SECONDARY);
	assert_state(ON_BACKUP);
	const L2vpn__Service *s = world_service(w, PORT);
	ck_assert_uint_eq(s->switches, 1);
	ck_assert_msg(strstr(s->switch_reason, failures[_i].because), "%s", s->switch_reason);
	ck_assert_uint_ne(s->switched, 0);
	ck_assert(s->up);
	ck_assert(world_logged(w, "frames go to the secondary pseudowire to 3.3.3.3, VC ID 200 from now on"));
}
END_TEST

START_TEST(a_circuit_that_is_down_moves_nothing_and_is_told_on_all_pseudowires)
{
	start(BOTH);
	world_port(w, PORT)->up = false;
	world_settle(w);
	ck_assert_uint_eq(world_circuit(w, PORT)->active, 0);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0x6);
	ck_assert_uint_eq(world_request(w, "3.3.3.3", 200)->status, 0x6);
	ck_assert_uint_eq(world_service(w, PORT)->switches, 0);
}
END_TEST

/* fibd leaves a dead path by itself within the turn; we follow, and begin a new one. */
/* fibd answers what was said a moment ago, and has been taken back since. */
START_TEST(an_answer_that_is_late_moves_nothing)
{
	Fib__CircuitPath paths[2] = { FIB__CIRCUIT_PATH__INIT, FIB__CIRCUIT_PATH__INIT };
	Fib__Circuit late = FIB__CIRCUIT__INIT;

	start(BOTH " mpls l2vpn reroute immediately\n");
	assert_on(L2VPN_PRIMARY);
	const L2vpn__Circuit *c = world_circuit(w, PORT);
	for (size_t i = 0; i < 2; i++) {
		paths[i].peer = c->paths[i]->peer;
		paths[i].vc_id = c->paths[i]->vc_id;
		paths[i].in_label = c->paths[i]->in_label;
		paths[i].out_label = c->paths[i]->out_label;
		paths[i].lsp = paths[i].alive = paths[i].receives = true;
		paths[i].usable = paths[i].sends = i;
	}
	paths[0].trouble = (char *)(uintptr_t) "not usable, says l2vpnd";
	late.interface = (char *)(uintptr_t)PORT;
	late.ifindex = 1;
	late.mtu = 1500;
	late.up = true;
	late.turn = c->turn;
	late.moved_why = (char *)(uintptr_t) "decided by l2vpnd";
	late.n_paths = 2;
	late.paths = (Fib__CircuitPath *[]){ &paths[0], &paths[1] };
	late.active = 0;
	l2vpn_input(w->l,
	    &(struct l2vpn_input){
		.kind = L2VPN_IN_ROW, .table = L2VPN_FIB_CIRCUIT, .row = &late, .round = w->round[1] },
	    w->now);
	ck_assert(world_vc(w, "2.2.2.2", 100)->up);
	ck_assert_uint_eq(world_service(w, PORT)->switches, 0);
	paths[0].usable = true; /* it cannot be sent by, and that is the answer */
	l2vpn_input(w->l,
	    &(struct l2vpn_input){
		.kind = L2VPN_IN_ROW, .table = L2VPN_FIB_CIRCUIT, .row = &late, .round = w->round[1] },
	    w->now);
	ck_assert(!world_vc(w, "2.2.2.2", 100)->up);
}
END_TEST

START_TEST(what_the_data_plane_has_done_is_followed)
{
	start(BOTH);
	uint32_t turn = world_circuit(w, PORT)->turn;
	world_leaves(w, PORT, 1, "the LSP to 2.2.2.2 is gone"); /* and back, before anybody could tell */
	const L2vpn__Circuit *c = world_circuit(w, PORT);
	ck_assert_uint_eq(c->active, 1);
	ck_assert_uint_eq(c->turn, turn + 1);
	ck_assert_str_eq(world_service(w, PORT)->switch_reason, "the LSP to 2.2.2.2 is gone");
	assert_state(REVERT_WAIT);
	world_leaves(w, PORT, 0, "the LSP to 3.3.3.3 is gone");
	assert_on(L2VPN_PRIMARY);
	assert_state(ON_PRIMARY);
}
END_TEST

START_TEST(the_bypass_is_for_want_of_a_better_one)
{
	start(ALL3);
	primary->session = secondary->session = false;
	world_settle(w);
	assert_on(L2VPN_BYPASS);
	secondary->session = true;
	world_settle(w);
	assert_on(L2VPN_SECONDARY);
	primary->session = true;
	world_settle(w);
	secondary->session = false; /* then the primary is better */
	world_settle(w);
	assert_on(L2VPN_PRIMARY);
}
END_TEST

START_TEST(with_no_good_one_left_it_says_so_and_takes_the_first_that_is_back)
{
	start(BOTH);
	primary->session = secondary->session = false;
	world_settle(w);
	assert_state(NO_PATH);
	ck_assert(world_logged(w, "no pseudowire can carry its frames"));
	ck_assert(!world_service(w, PORT)->up);
	secondary->session = true;
	world_settle(w);
	assert_on(L2VPN_SECONDARY);
}
END_TEST

START_TEST(a_secondary_that_comes_up_first_is_left_for_the_primary_by_the_policy)
{
	w = world_new(BOTH);
	world_end(w, "3.3.3.3", L2VPN_RAW, 200);
	world_settle(w);
	assert_on(L2VPN_SECONDARY);
	primary = world_end(w, "2.2.2.2", L2VPN_RAW, 100);
	world_settle(w);
	assert_on(L2VPN_SECONDARY);
	world_pass(w, 30 * S);
	assert_on(L2VPN_PRIMARY);
}
END_TEST

/* --- when they go back --- */

static void
fail_and_mend(void)
{
	primary->session = false;
	world_settle(w);
	assert_on(L2VPN_SECONDARY);
	primary->session = true;
	world_settle(w);
}

START_TEST(by_default_frames_go_back_after_30_seconds_to_the_microsecond)
{
	start(BOTH);
	fail_and_mend();
	assert_on(L2VPN_SECONDARY);
	assert_state(REVERT_WAIT);
	ck_assert_uint_eq(world_service(w, PORT)->wait_s, 30);
	ck_assert_str_eq(world_service(w, PORT)->revert, "delay 30 s");
	world_pass(w, world_service(w, PORT)->wait_since + 30 * S - 1 - w->now);
	assert_on(L2VPN_SECONDARY);
	world_pass(w, 1);
	assert_on(L2VPN_PRIMARY);
	ck_assert(strstr(world_service(w, PORT)->switch_reason, "has been good again for 30 s"));
}
END_TEST

START_TEST(a_primary_that_fails_again_in_that_time_begins_anew)
{
	start(BOTH " mpls l2vpn reroute delay 10\n");
	fail_and_mend();
	world_pass(w, 9 * S);
	fail_and_mend();
	world_pass(w, 9 * S);
	assert_on(L2VPN_SECONDARY);
	world_pass(w, 1 * S);
	assert_on(L2VPN_PRIMARY);
}
END_TEST

START_TEST(a_secondary_that_fails_in_that_time_is_left_at_once)
{
	start(BOTH);
	fail_and_mend();
	secondary->session = false;
	world_settle(w);
	assert_on(L2VPN_PRIMARY);
	assert_state(ON_PRIMARY);
	world_pass(w, 60 * S);
	ck_assert_uint_eq(world_service(w, PORT)->switches, 2);
}
END_TEST

START_TEST(immediately_means_at_once_and_never_means_never)
{
	start(BOTH " mpls l2vpn reroute immediately\n");
	fail_and_mend();
	assert_on(L2VPN_PRIMARY);
	world_free(w);
	start(BOTH " mpls l2vpn reroute never\n");
	fail_and_mend();
	assert_state(STAYING);
	world_pass(w, 10000 * S);
	assert_on(L2VPN_SECONDARY);
	secondary->session = false;
	world_settle(w);
	assert_on(L2VPN_PRIMARY);
}
END_TEST

/* The secondary's end keeps its customer away for so long after frames have gone back. */
START_TEST(the_secondarys_end_is_told_that_all_is_well_when_resume_is_over)
{
	start(BOTH);
	fail_and_mend();
	ck_assert_uint_eq(world_request(w, "3.3.3.3", 200)->status, 0);
	world_pass(w, 31 * S);
	assert_state(RESUME_WAIT);
	ck_assert_uint_eq(world_request(w, "3.3.3.3", 200)->status, 0x1);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0);
	ck_assert_uint_eq(world_service(w, PORT)->wait_s, 10);
	world_pass(w, world_service(w, PORT)->wait_since + 10 * S - 1 - w->now);
	ck_assert_uint_eq(world_request(w, "3.3.3.3", 200)->status, 0x1);
	world_pass(w, 1);
	ck_assert_uint_eq(world_request(w, "3.3.3.3", 200)->status, 0);
	assert_state(ON_PRIMARY);
}
END_TEST

START_TEST(resume_0_tells_it_at_once)
{
	start(BOTH " mpls l2vpn reroute delay 10 resume 0\n");
	fail_and_mend();
	world_pass(w, 10 * S);
	assert_state(ON_PRIMARY);
	ck_assert_uint_eq(world_request(w, "3.3.3.3", 200)->status, 0);
}
END_TEST

/* --- hold-off --- */

START_TEST(hold_off_waits_for_the_primary_and_has_fibd_wait)
{
	start(BOTH " mpls l2vpn holdoff 5\n");
	ck_assert(world_circuit(w, PORT)->paths[0]->usable);
	ck_assert_msg(!world_circuit(w, PORT)->paths[1]->usable, "or fibd would not wait");
	world_peer(w, "2.2.2.2")->lsp = false;
	world_settle(w);
	assert_state(HOLD_OFF);
	ck_assert_uint_eq(world_circuit(w, PORT)->active, 0);
	world_pass(w, 4 * S);
	world_peer(w, "2.2.2.2")->lsp = true;
	world_settle(w);
	assert_state(ON_PRIMARY);
	ck_assert_uint_eq(world_service(w, PORT)->switches, 0);

	world_peer(w, "2.2.2.2")->lsp = false;
	world_pass(w, 5 * S);
	assert_on(L2VPN_SECONDARY);
	ck_assert(strstr(world_service(w, PORT)->switch_reason, "was not back within 5 s"));
	ck_assert(world_circuit(w, PORT)->paths[1]->usable);
}
END_TEST

/* --- by hand --- */

START_TEST(an_operator_moves_frames_and_they_stay_until_he_moves_them_back)
{
	char why[160];

	start(BOTH);
	ck_assert(!l2vpn_may_switch(w->l, PORT, true, why));
	ck_assert(strstr(why, "already"));
	world_switch(w, PORT, false);
	assert_on(L2VPN_SECONDARY);
	assert_state(STAYING);
	ck_assert_str_eq(world_service(w, PORT)->switch_reason, "an operator has said so");
	world_pass(w, 1000 * S);
	assert_on(L2VPN_SECONDARY);
	world_switch(w, PORT, true);
	assert_on(L2VPN_PRIMARY);
}
END_TEST

START_TEST(an_operator_hears_why_it_cannot_be)
{
	char why[160];

	start(BOTH);
	secondary->session = false;
	world_settle(w);
	ck_assert(!l2vpn_may_switch(w->l, PORT, false, why));
	ck_assert_msg(
	    strstr(why, "the secondary pseudowire is not good: there is no LDP session with 3.3.3.3"), "%s", why);
	ck_assert(!l2vpn_may_switch(w->l, "eth7", false, why));
	ck_assert(strstr(why, "eth7 has no pseudowires"));
	world_configure(w, BOTH " mpls l2vpn redundancy slave\n");
	ck_assert(!l2vpn_may_switch(w->l, PORT, false, why));
	ck_assert(strstr(why, "the other end decides"));
	world_configure(
	    w, "mpls l2vpn\n#\ninterface " PORT "\n mpls l2vc 2.2.2.2 100\n mpls l2vpn service-name gold\n");
	ck_assert(!l2vpn_may_switch(w->l, PORT, false, why));
	ck_assert(strstr(why, "one pseudowire only"));
	ck_assert_str_eq(l2vpn_service_interface(w->l, "gold"), PORT);
	ck_assert_ptr_null(l2vpn_service_interface(w->l, "silver"));
}
END_TEST

/* --- RFC 6870 --- */

START_TEST(in_mode_frr_nobody_is_told_which_one_is_used)
{
	start(BOTH);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0);
	ck_assert_uint_eq(world_request(w, "3.3.3.3", 200)->status, 0);
}
END_TEST

START_TEST(a_master_has_all_but_one_on_standby)
{
	start(ALL3 " mpls l2vpn redundancy master\n");
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0);
	ck_assert_uint_eq(world_request(w, "3.3.3.3", 200)->status, 0x20);
	ck_assert_uint_eq(world_request(w, "4.4.4.4", 300)->status, 0x20);
	primary->status = 0x6;
	world_settle(w);
	assert_on(L2VPN_SECONDARY);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0x20);
	ck_assert_uint_eq(world_request(w, "3.3.3.3", 200)->status, 0);
	primary->status = 0;
	world_pass(w, 31 * S);
	assert_on(L2VPN_PRIMARY);
	ck_assert_uint_eq(world_request(w, "3.3.3.3", 200)->status, 0x20);
	assert_state(ON_PRIMARY);
}
END_TEST

START_TEST(a_master_does_what_a_slave_asks_for_once)
{
	start(BOTH " mpls l2vpn redundancy master\n");
	secondary->status = 0x40;
	world_settle(w);
	assert_on(L2VPN_SECONDARY);
	ck_assert_str_eq(world_service(w, PORT)->switch_reason, "3.3.3.3 has asked for it");
	world_switch(w, PORT, true);
	world_pass(w, 5 * S);
	assert_on(L2VPN_PRIMARY);
	secondary->status = 0;
	world_settle(w);
	secondary->status = 0x40;
	world_settle(w);
	assert_on(L2VPN_SECONDARY);
}
END_TEST

START_TEST(in_mode_frr_nobody_else_can_ask)
{
	start(BOTH);
	secondary->status = 0x40;
	world_settle(w);
	assert_on(L2VPN_PRIMARY);
}
END_TEST

START_TEST(a_slave_goes_where_the_master_goes_and_says_nothing)
{
	w = world_new(BOTH " mpls l2vpn redundancy slave\n");
	primary = world_end(w, "2.2.2.2", L2VPN_RAW, 100);
	secondary = world_end(w, "3.3.3.3", L2VPN_RAW, 200);
	secondary->status = 0x20;
	world_settle(w);
	assert_on(L2VPN_PRIMARY);
	secondary->status = 0; /* in the midst of a change both are active */
	world_settle(w);
	assert_on(L2VPN_PRIMARY);
	primary->status = 0x20;
	world_settle(w);
	assert_on(L2VPN_SECONDARY);
	primary->status = 0;
	world_settle(w);
	world_pass(w, 1000 * S);
	assert_on(L2VPN_SECONDARY);
	secondary->status = 0x20;
	world_settle(w);
	assert_on(L2VPN_PRIMARY);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status | world_request(w, "3.3.3.3", 200)->status, 0);
}
END_TEST

START_TEST(in_mode_independent_the_one_that_both_ends_have_active_is_used)
{
	start(BOTH " mpls l2vpn redundancy independent\n");
	assert_on(L2VPN_PRIMARY); /* of two the primary */
	primary->status = 0x20;
	world_settle(w);
	assert_on(L2VPN_SECONDARY);
	primary->status = 0;
	world_settle(w);
	assert_on(L2VPN_PRIMARY);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status | world_request(w, "3.3.3.3", 200)->status, 0);
}
END_TEST

START_TEST(in_mode_independent_an_end_on_standby_is_asked)
{
	char why[160];

	start(BOTH " mpls l2vpn redundancy independent\n");
	ck_assert(!l2vpn_may_switch(w->l, PORT, false, why));
	secondary->status = 0x20;
	world_settle(w);
	world_switch(w, PORT, false);
	ck_assert_uint_eq(world_request(w, "3.3.3.3", 200)->status, 0x40);
	assert_on(L2VPN_PRIMARY);
	secondary->status = 0;
	primary->status = 0x20;
	world_settle(w);
	assert_on(L2VPN_SECONDARY);
	ck_assert_uint_eq(world_request(w, "3.3.3.3", 200)->status, 0);
}
END_TEST

/* --- the configuration changes --- */

START_TEST(another_policy_holds_at_once)
{
	start(BOTH);
	fail_and_mend();
	assert_state(REVERT_WAIT);
	world_configure(w, BOTH " mpls l2vpn reroute never\n");
	assert_state(STAYING);
	world_configure(w, BOTH " mpls l2vpn reroute immediately\n");
	assert_on(L2VPN_PRIMARY);
}
END_TEST

START_TEST(a_secondary_that_is_taken_away_hands_over)
{
	start(BOTH);
	world_switch(w, PORT, false);
	world_configure(w, "mpls l2vpn\n#\ninterface " PORT "\n mpls l2vc 2.2.2.2 100\n");
	assert_on(L2VPN_PRIMARY);
	ck_assert(world_vc(w, "2.2.2.2", 100)->up);
}
END_TEST

/* Which path is the second one is another matter then: a turn of its own. */
START_TEST(pseudowires_that_change_roles_keep_labels_and_frames)
{
	start(BOTH);
	uint32_t one = world_request(w, "2.2.2.2", 100)->label, turn = world_circuit(w, PORT)->turn;
	world_configure(w,
	    "mpls l2vpn\n#\ninterface " PORT "\n mpls l2vc 3.3.3.3 200\n mpls l2vc 2.2.2.2 100 secondary\n"
	    " mpls l2vpn reroute never\n");
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->label, one);
	ck_assert_uint_ne(world_circuit(w, PORT)->turn, turn);
	assert_on(L2VPN_SECONDARY);
	ck_assert(world_vc(w, "2.2.2.2", 100)->active);
	ck_assert_uint_eq(world_vc(w, "2.2.2.2", 100)->ups, 1);
}
END_TEST

START_TEST(a_bypass_that_carries_frames_does_so_when_the_secondary_is_taken_away)
{
	start(ALL3);
	primary->session = secondary->session = false;
	world_settle(w);
	assert_on(L2VPN_BYPASS);
	uint32_t turn = world_circuit(w, PORT)->turn;
	world_configure(
	    w, "mpls l2vpn\n#\ninterface " PORT "\n mpls l2vc 2.2.2.2 100\n mpls l2vc 4.4.4.4 300 bypass\n");
	ck_assert_uint_eq(world_circuit(w, PORT)->active, 1);
	ck_assert_uint_ne(world_circuit(w, PORT)->turn, turn);
	ck_assert(world_vc(w, "4.4.4.4", 300)->active && world_vc(w, "4.4.4.4", 300)->up);
}
END_TEST

/* --- lives --- */

static const struct {
	const char *conf;
	void (*happens)(void);
	bool by_hand;
} moments[] = {
	{ BOTH, NULL, false },
	{ ALL3, NULL, false },
	{ BOTH, session_lost, false },
	{ BOTH, lsp_lost, false },
	{ BOTH " mpls l2vpn redundancy master\n", session_lost, false },
	{ BOTH " mpls l2vpn redundancy slave\n", remote_standby, false },
	{ BOTH " mpls l2vpn redundancy independent\n", remote_standby, false },
	{ BOTH " mpls l2vpn reroute never\n", NULL, true },
	{ BOTH " mpls l2vpn redundancy master\n", NULL, true },
	{ BOTH " mpls l2vpn holdoff 5\n", NULL, false },
	{ BOTH " mpls l2vpn trigger if-down\n", NULL, false },
};
static void (*const restarts[])(struct world *) = { world_restart_l2vpnd, world_restart_ldpd, world_restart_fibd };

/* Whoever is killed and comes back: not one row changes, for the neighbours and for the kernel. */
START_TEST(nobody_outside_notices_a_restart)
{
	const unsigned m = (unsigned)_i / COUNT(restarts);

	start(moments[m].conf);
	if (moments[m].happens)
		moments[m].happens();
	world_settle(w);
	if (moments[m].by_hand)
		world_switch(w, PORT, false);
	struct text circuits = world_print(w, "l2vpn.Circuit"), requests = world_print(w, "l2vpn.PwRequest");
	struct table *t = world_table(w, "l2vpn.Circuit");
	uint64_t serial = t->serial, count = t->count;

	restarts[(unsigned)_i % COUNT(restarts)](w);
	struct text circuits_after = world_print(w, "l2vpn.Circuit"),
		    requests_after = world_print(w, "l2vpn.PwRequest");
	ck_assert_str_eq(text_chars(&circuits), text_chars(&circuits_after));
	ck_assert_str_eq(text_chars(&requests), text_chars(&requests_after));
	t = world_table(w, "l2vpn.Circuit");
	ck_assert_msg(t->complete, "mirrors may sweep");
	if (_i % COUNT(restarts)) /* the same life: nothing was told in between, either */
		ck_assert_uint_eq(t->serial, serial);
	else
		ck_assert_msg(t->serial == 2 * count, "a circuit was told more than once"); /* a change counts two */
	text_free(&circuits);
	text_free(&requests);
	text_free(&circuits_after);
	text_free(&requests_after);
}
END_TEST

/* What neighbours are told does not even change for a moment. */
START_TEST(when_fibd_and_l2vpnd_die_together_labels_stay_and_no_fault_is_told)
{
	start(BOTH);
	struct text requests = world_print(w, "l2vpn.PwRequest");
	world_restart_both(w);
	struct text after = world_print(w, "l2vpn.PwRequest");
	ck_assert_str_eq(text_chars(&requests), text_chars(&after));
	ck_assert_uint_eq(world_table(w, "l2vpn.PwRequest")->serial, 2 * 2);
	assert_on(L2VPN_PRIMARY);
	ck_assert(world_vc(w, "3.3.3.3", 200)->up);
	text_free(&requests);
	text_free(&after);
}
END_TEST

START_TEST(another_list_of_paths_after_a_restart_is_another_turn)
{
	start(BOTH);
	uint32_t turn = world_circuit(w, PORT)->turn;
	world_restart_l2vpnd(w);
	ck_assert_uint_eq(world_circuit(w, PORT)->turn, turn);
	w->config.circuits[0].pw[L2VPN_SECONDARY].line = 0; /* edited while it was away */
	world_restart_l2vpnd(w);
	ck_assert_uint_gt(world_circuit(w, PORT)->turn, turn);
	assert_on(L2VPN_PRIMARY);
}
END_TEST

START_TEST(after_a_restart_on_the_secondary_the_delay_begins_again)
{
	start(BOTH);
	fail_and_mend();
	world_pass(w, 20 * S);
	world_restart_l2vpnd(w);
	assert_on(L2VPN_SECONDARY);
	assert_state(REVERT_WAIT);
	world_pass(w, 29 * S);
	assert_on(L2VPN_SECONDARY);
	world_pass(w, 1 * S);
	assert_on(L2VPN_PRIMARY);
}
END_TEST

START_TEST(a_failure_while_ldpd_was_away_counts_when_it_has_learned)
{
	start(BOTH);
	primary->session = false;
	world_restart_ldpd(w);
	assert_on(L2VPN_SECONDARY);
}
END_TEST

START_TEST(labels_outlive_a_restart_and_those_of_nobody_are_given_back)
{
	start(BOTH);
	uint32_t one = world_request(w, "2.2.2.2", 100)->label, two = world_request(w, "3.3.3.3", 200)->label;
	world_restart_l2vpnd(w);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->label, one);
	ck_assert_uint_eq(world_request(w, "3.3.3.3", 200)->label, two);
	struct l2vpn_config both = w->config;
	w->config = (struct l2vpn_config){ .enabled = true };
	world_restart_l2vpnd(w);
	w->config = both;
	world_configure(w, BOTH);
	uint32_t label = world_request(w, "2.2.2.2", 100)->label;
	ck_assert_msg(label != one && label != two, "a label that rests was given again");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("redundancy");
	TCase *away = tcase_create("RFC 6718: away from the primary"), *back = tcase_create("and back"),
	      *bits = tcase_create("RFC 6870"), *lives = tcase_create("lives");

	tcase_add_checked_fixture(away, NULL, teardown);
	tcase_add_loop_test(away, each_failure_moves_frames_to_the_secondary_with_its_reason, 0, COUNT(failures));
	tcase_add_test(away, a_circuit_that_is_down_moves_nothing_and_is_told_on_all_pseudowires);
	tcase_add_test(away, an_answer_that_is_late_moves_nothing);
	tcase_add_test(away, what_the_data_plane_has_done_is_followed);
	tcase_add_test(away, the_bypass_is_for_want_of_a_better_one);
	tcase_add_test(away, with_no_good_one_left_it_says_so_and_takes_the_first_that_is_back);
	tcase_add_test(away, a_secondary_that_comes_up_first_is_left_for_the_primary_by_the_policy);
	tcase_add_test(away, hold_off_waits_for_the_primary_and_has_fibd_wait);
	suite_add_tcase(s, away);
	tcase_add_checked_fixture(back, NULL, teardown);
	tcase_add_test(back, by_default_frames_go_back_after_30_seconds_to_the_microsecond);
	tcase_add_test(back, a_primary_that_fails_again_in_that_time_begins_anew);
	tcase_add_test(back, a_secondary_that_fails_in_that_time_is_left_at_once);
	tcase_add_test(back, immediately_means_at_once_and_never_means_never);
	tcase_add_test(back, the_secondarys_end_is_told_that_all_is_well_when_resume_is_over);
	tcase_add_test(back, resume_0_tells_it_at_once);
	tcase_add_test(back, an_operator_moves_frames_and_they_stay_until_he_moves_them_back);
	tcase_add_test(back, an_operator_hears_why_it_cannot_be);
	tcase_add_test(back, another_policy_holds_at_once);
	tcase_add_test(back, a_secondary_that_is_taken_away_hands_over);
	tcase_add_test(back, pseudowires_that_change_roles_keep_labels_and_frames);
	tcase_add_test(back, a_bypass_that_carries_frames_does_so_when_the_secondary_is_taken_away);
	suite_add_tcase(s, back);
	tcase_add_checked_fixture(bits, NULL, teardown);
	tcase_add_test(bits, in_mode_frr_nobody_is_told_which_one_is_used);
	tcase_add_test(bits, a_master_has_all_but_one_on_standby);
	tcase_add_test(bits, a_master_does_what_a_slave_asks_for_once);
	tcase_add_test(bits, in_mode_frr_nobody_else_can_ask);
	tcase_add_test(bits, a_slave_goes_where_the_master_goes_and_says_nothing);
	tcase_add_test(bits, in_mode_independent_the_one_that_both_ends_have_active_is_used);
	tcase_add_test(bits, in_mode_independent_an_end_on_standby_is_asked);
	suite_add_tcase(s, bits);
	tcase_add_checked_fixture(lives, NULL, teardown);
	tcase_add_loop_test(lives, nobody_outside_notices_a_restart, 0, COUNT(moments) * COUNT(restarts));
	tcase_add_test(lives, when_fibd_and_l2vpnd_die_together_labels_stay_and_no_fault_is_told);
	tcase_add_test(lives, another_list_of_paths_after_a_restart_is_another_turn);
	tcase_add_test(lives, after_a_restart_on_the_secondary_the_delay_begins_again);
	tcase_add_test(lives, a_failure_while_ldpd_was_away_counts_when_it_has_learned);
	tcase_add_test(lives, labels_outlive_a_restart_and_those_of_nobody_are_given_back);
	suite_add_tcase(s, lives);
	return s;
}
CHECK_MAIN(suite)
