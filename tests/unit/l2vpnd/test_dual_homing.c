/*
 * Customers with two routers (reference 003): several engines of l2vpnd, each of which hears what the others say. What one of them
 * makes of a fault must be understood by all, and in the end nobody may keep anybody down.
 */
#include "base/label.h"
#include "base/mem.h"
#include "base/rng.h"
#include "tests/helper/check.h"
#include "tests/unit/l2vpnd/world.h"
#include <stdio.h>
#include <string.h>

#define PORT "GigabitEthernet0/1/0"
#define ON "mpls l2vpn\n#\ninterface " PORT "\n"
#define S USEC_PER_SEC

enum { ROUTERS_MAX = 4, WIRES_MAX = 3, QUIET = 100 };

static struct router {
	struct world *w;
	const char *lsr;
	bool line; /* its customer's line is good */
} routers[ROUTERS_MAX];
static struct pseudowire {
	int from, to;
	uint32_t vc_id;
	bool session;
} wires[WIRES_MAX];
static size_t router_count, wire_count;

static void
teardown(void)
{
	for (size_t i = 0; i < router_count; i++)
		world_free(routers[i].w);
	router_count = wire_count = 0;
}

static void
router(const char *lsr, const char *conf)
{
	routers[router_count++] = (struct router){ world_new(conf), lsr, true };
}

static void
wire(int from, int to, uint32_t vc_id)
{
	wires[wire_count++] = (struct pseudowire){ from, to, vc_id, true };
}

/* --- who hears what --- */

/* True when it is news to the one that hears it. */
static bool
tell(const struct router *from, const struct router *to, const struct pseudowire *p)
{
	const L2vpn__PwRequest *r = world_request(from->w, to->lsr, p->vc_id);
	struct end *e = world_end(to->w, from->lsr, L2VPN_RAW, p->vc_id), now = *e;

	now.session = p->session;
	now.label = r ? r->label : LABEL_UNSET;
	now.status = r ? r->status : 0;
	bool news = now.session != e->session || now.label != e->label || now.status != e->status;
	*e = now;
	return news;
}

/* A line that is good is up unless fibd holds it down, as the configuration may say. */
static bool
settle_line(struct router *r)
{
	const L2vpn__Circuit *c = world_circuit(r->w, PORT);
	bool usable = !c || !c->carrier_follows;

	for (size_t i = 0; c && i < c->n_paths; i++)
		usable |= c->paths[i]->usable;
	bool up = r->line && usable, news = world_port(r->w, PORT)->up != up;
	world_port(r->w, PORT)->up = up;
	return news;
}

static void
talk(void)
{
	bool news = true;

	for (int round = 0; news; round++) {
		ck_assert_msg(round < QUIET, "they never come to an end");
		news = false;
		for (size_t i = 0; i < wire_count; i++) {
			news |= tell(&routers[wires[i].from], &routers[wires[i].to], &wires[i]);
			news |= tell(&routers[wires[i].to], &routers[wires[i].from], &wires[i]);
		}
		for (size_t i = 0; i < router_count; i++) {
			news |= settle_line(&routers[i]);
			world_settle(routers[i].w);
		}
	}
}

static void
pass(unsigned seconds)
{
	for (talk(); seconds; seconds--) {
		for (size_t i = 0; i < router_count; i++)
			world_pass(routers[i].w, S);
		talk();
	}
}

static void
line(int router, bool good)
{
	routers[router].line = good;
	talk();
}

/* --- what came of it --- */

static void
assert_on(int router, L2vpn__Role role)
{
	const L2vpn__Service *s = world_service(routers[router].w, PORT);

	ck_assert_msg(s->up && s->carries && s->active == role, "frames of %s go to %d (%s, %s): %s",
	    routers[router].lsr, s->active, s->up ? "up" : "down", s->carries ? "seen" : "not seen", s->switch_reason);
}

static const L2vpn__Vc *
vc(int router, int peer, uint32_t vc_id)
{
	return world_vc(routers[router].w, routers[peer].lsr, vc_id);
}

static void
assert_up(int router, int peer, uint32_t vc_id, bool up)
{
	const L2vpn__Vc *v = vc(router, peer, vc_id);

	ck_assert_msg(v->up == up, "%s to %s is %s: %s", routers[router].lsr, routers[peer].lsr, v->up ? "up" : "down",
	    v->trouble);
}

static uint32_t
says(int router, int peer, uint32_t vc_id)
{
	return world_request(routers[router].w, routers[peer].lsr, vc_id)->status;
}

/* --- a customer with one line here and two there: only the one router has two pseudowires --- */

enum { PE1, PE2, PE3, PE4 };

static void
one_and_two(const char *more)
{
	char conf[512];

	snprintf(conf, sizeof conf, ON " mpls l2vc 2.2.2.2 100\n mpls l2vc 3.3.3.3 200 secondary\n%s", more);
	router("1.1.1.1", conf);
	router("2.2.2.2", ON " mpls l2vc 1.1.1.1 100\n");
	router("3.3.3.3", ON " mpls l2vc 1.1.1.1 200\n");
	wire(PE1, PE2, 100);
	wire(PE1, PE3, 200);
	talk();
	assert_on(PE1, L2VPN__ROLE__PRIMARY);
}

START_TEST(the_ends_with_one_pseudowire_decide_nothing_and_are_ready)
{
	one_and_two("");
	assert_up(PE2, PE1, 100, true);
	assert_up(PE3, PE1, 200, true);
	line(PE2, false);
	assert_on(PE1, L2VPN__ROLE__SECONDARY);
	ck_assert_str_eq(
	    world_service(routers[PE1].w, PORT)->switch_reason, "2.2.2.2 says: fault of its attachment circuit");
	assert_up(PE3, PE1, 200, true);
	ck_assert_uint_eq(says(PE1, PE2, 100), 0); /* nothing is wrong here */
	line(PE2, true);
	pass(29);
	assert_on(PE1, L2VPN__ROLE__SECONDARY);
	pass(2);
	assert_on(PE1, L2VPN__ROLE__PRIMARY);
	assert_up(PE2, PE1, 100, true);
	assert_up(PE3, PE1, 200, false); /* `resume`: its customer uses the other line for so long */
	ck_assert_msg(strstr(vc(PE3, PE1, 200)->trouble, "1.1.1.1 says"), "%s", vc(PE3, PE1, 200)->trouble);
	pass(10);
	assert_up(PE3, PE1, 200, true);
}
END_TEST

/* --- BFD watches all of them --- */

#define WATCHED " mpls l2vpn pw bfd\n"

static void
all_say(Bfd__Verdict there, Bfd__Verdict here)
{
	for (int pe = PE2; pe <= PE3; pe++) {
		if (there != BFD__VERDICT__UNKNOWN)
			world_far_end(routers[pe].w, "1.1.1.1", there);
		world_far_end(routers[PE1].w, routers[pe].lsr, here);
	}
	talk();
}

static void
one_and_two_watched(void)
{
	router("1.1.1.1", ON " mpls l2vc 2.2.2.2 100\n mpls l2vc 3.3.3.3 200 secondary\n" WATCHED);
	router("2.2.2.2", ON " mpls l2vc 1.1.1.1 100\n" WATCHED);
	router("3.3.3.3", ON " mpls l2vc 1.1.1.1 200\n" WATCHED);
	wire(PE1, PE2, 100);
	wire(PE1, PE3, 200);
	talk();
	all_say(BFD__VERDICT__ALIVE, BFD__VERDICT__ALIVE);
	assert_on(PE1, L2VPN__ROLE__PRIMARY);
}

/* PE1's: the others hear nothing of it any more, and say so. */
static void
kill_bfdd(void)
{
	one_and_two_watched();
	world_kill_bfdd(routers[PE1].w);
	for (int pe = PE2; pe <= PE3; pe++)
		world_far_end(routers[pe].w, "1.1.1.1", BFD__VERDICT__DEAD);
	talk();
	ck_assert_uint_eq(says(PE2, PE1, 100), 0x18);
	ck_assert_uint_eq(says(PE3, PE1, 200), 0x18);
}

static void
assert_frames_pass(const char *when)
{
	const L2vpn__Service *s = world_service(routers[PE1].w, PORT);

	ck_assert_msg(s->up && s->active == L2VPN__ROLE__PRIMARY && s->switches == 0, "%s: %s", when, s->switch_reason);
	s = world_service(routers[PE2].w, PORT);
	ck_assert_msg(s->carries, "%s: PE2 sends nothing", when);
}

START_TEST(an_end_whose_bfdd_is_killed_is_heard_by_nobody_and_frames_pass_both_ways_all_the_same)
{
	kill_bfdd();
	assert_frames_pass("killed");
	ck_assert_msg(strstr(vc(PE1, PE2, 100)->warning, "disregarded"), "%s", vc(PE1, PE2, 100)->warning);
	ck_assert(world_logged(routers[PE1].w, "VC ID 100: its other end hears no BFD from here, where BFD is away"));
	assert_up(PE2, PE1, 100, false);
	ck_assert(vc(PE2, PE1, 100)->active);
	ck_assert_uint_eq(says(PE1, PE2, 100), 0);
	pass(60);
	assert_frames_pass("a minute later");
	world_far_end(routers[PE1].w, "2.2.2.2", BFD__VERDICT__UNKNOWN); /* it is back */
	world_far_end(routers[PE1].w, "3.3.3.3", BFD__VERDICT__UNKNOWN);
	world_bfdd_is_back(routers[PE1].w);
	pass(4);
	assert_frames_pass("bfdd learns");
	all_say(BFD__VERDICT__UNKNOWN, BFD__VERDICT__ALIVE);
	pass(4);
	assert_frames_pass("it is Up here, and the others are not there yet");
	all_say(BFD__VERDICT__ALIVE, BFD__VERDICT__ALIVE);
	assert_frames_pass("all is well");
	assert_up(PE2, PE1, 100, true);
	ck_assert_str_eq(vc(PE1, PE2, 100)->warning, "");
	ck_assert_uint_eq(says(PE2, PE1, 100), 0);
	pass(60);
	assert_frames_pass("for good");
}
END_TEST

START_TEST(what_is_broken_meanwhile_is_found_when_bfdd_is_back)
{
	kill_bfdd();
	world_far_end(routers[PE1].w, "2.2.2.2", BFD__VERDICT__DEAD);
	world_far_end(routers[PE1].w, "3.3.3.3", BFD__VERDICT__ALIVE);
	world_bfdd_is_back(routers[PE1].w);
	world_far_end(routers[PE3].w, "1.1.1.1", BFD__VERDICT__ALIVE);
	talk();
	assert_on(PE1, L2VPN__ROLE__SECONDARY);
	ck_assert_str_eq(world_service(routers[PE1].w, PORT)->switch_reason, "BFD says that 2.2.2.2 is dead");
}
END_TEST

START_TEST(an_end_that_does_not_take_its_word_back_though_we_hear_it_is_believed_in_the_end)
{
	kill_bfdd();
	all_say(BFD__VERDICT__UNKNOWN, BFD__VERDICT__ALIVE);
	world_bfdd_is_back(routers[PE1].w);
	world_far_end(routers[PE3].w, "1.1.1.1", BFD__VERDICT__ALIVE);
	pass(4);
	assert_frames_pass("it may take a while");
	pass(7);
	assert_on(PE1, L2VPN__ROLE__SECONDARY);
	ck_assert_str_eq(world_service(routers[PE1].w, PORT)->switch_reason, "2.2.2.2 says: fault of its tunnel");
}
END_TEST

START_TEST(an_end_that_hears_nothing_of_us_is_left_at_once_while_our_bfd_is_well)
{
	one_and_two_watched();
	world_far_end(routers[PE2].w, "1.1.1.1", BFD__VERDICT__DEAD);
	talk();
	assert_on(PE1, L2VPN__ROLE__SECONDARY);
	ck_assert_str_eq(world_service(routers[PE1].w, PORT)->switch_reason, "2.2.2.2 says: fault of its tunnel");
	world_kill_bfdd(routers[PE1].w); /* it was told before */
	pass(20);
	assert_on(PE1, L2VPN__ROLE__SECONDARY);
	assert_up(PE1, PE2, 100, false);
}
END_TEST

START_TEST(nobody_disregards_a_fault_whom_bfd_tells_nothing)
{
	one_and_two("");
	world_kill_bfdd(routers[PE1].w);
	world_configure(routers[PE2].w, ON " mpls l2vc 1.1.1.1 100\n" WATCHED);
	world_far_end(routers[PE2].w, "1.1.1.1", BFD__VERDICT__DEAD);
	talk();
	assert_on(PE1, L2VPN__ROLE__SECONDARY);
	ck_assert(!world_circuit(routers[PE1].w, PORT)->paths[0]->last_resort);
}
END_TEST

START_TEST(a_session_that_is_lost_is_lost_for_both_ends)
{
	one_and_two("");
	wires[0].session = false;
	talk();
	assert_on(PE1, L2VPN__ROLE__SECONDARY);
	assert_up(PE2, PE1, 100, false);
	wires[1].session = false;
	talk();
	ck_assert(!world_service(routers[PE1].w, PORT)->up);
	ck_assert_int_eq(world_service(routers[PE1].w, PORT)->state, L2VPN__REDUNDANCY_STATE__NO_PATH);
	wires[0].session = wires[1].session = true;
	pass(45);
	assert_on(PE1, L2VPN__ROLE__PRIMARY);
	assert_up(PE3, PE1, 200, true);
}
END_TEST

/* RFC 6870 5.1: the end on standby must not call that a fault, or the master could never go there. */
START_TEST(who_is_on_standby_by_a_masters_word_is_ready_for_it)
{
	one_and_two(" mpls l2vpn redundancy master\n");
	assert_up(PE2, PE1, 100, true);
	assert_up(PE3, PE1, 200, false);
	ck_assert_uint_eq(vc(PE3, PE1, 200)->remote_status, 0x20);
	ck_assert_uint_eq(says(PE3, PE1, 200), 0);
	ck_assert(vc(PE1, PE3, 200)->good);
	line(PE2, false);
	assert_on(PE1, L2VPN__ROLE__SECONDARY);
	assert_up(PE3, PE1, 200, true);
	ck_assert_uint_eq(vc(PE2, PE1, 100)->remote_status, 0x20);
	line(PE2, true);
	pass(31);
	assert_on(PE1, L2VPN__ROLE__PRIMARY);
	assert_up(PE3, PE1, 200, false);
	ck_assert_uint_eq(says(PE2, PE1, 100) | says(PE3, PE1, 200), 0);
}
END_TEST

START_TEST(the_lost_line_of_the_single_homed_customer_is_told_both_ends_and_moves_nothing)
{
	one_and_two("");
	line(PE1, false);
	assert_up(PE2, PE1, 100, false);
	assert_up(PE3, PE1, 200, false);
	ck_assert_uint_eq(says(PE1, PE2, 100), 0x6);
	ck_assert_uint_eq(says(PE1, PE3, 200), 0x6);
	ck_assert_uint_eq(says(PE2, PE1, 100) | says(PE3, PE1, 200), 0);
	line(PE1, true);
	talk();
	assert_on(PE1, L2VPN__ROLE__PRIMARY);
	ck_assert_uint_eq(world_service(routers[PE1].w, PORT)->switches, 0);
}
END_TEST

START_TEST(the_customer_here_sees_a_fault_only_when_both_lines_there_are_lost)
{
	one_and_two(" mpls l2vpn trigger if-down\n");
	line(PE2, false);
	ck_assert(world_port(routers[PE1].w, PORT)->up);
	line(PE3, false);
	ck_assert(!world_port(routers[PE1].w, PORT)->up);
	ck_assert_uint_eq(says(PE1, PE2, 100) | says(PE1, PE3, 200), 0); /* we have done it */
	line(PE3, true);
	ck_assert(world_port(routers[PE1].w, PORT)->up);
	assert_on(PE1, L2VPN__ROLE__SECONDARY);
}
END_TEST

/* --- a customer with two lines here and two there: each router has one pseudowire, and nobody decides --- */

static void
two_and_two(void)
{
	static const char *const lsr[] = { "1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4" };
	char conf[256];

	for (int i = 0; i < 4; i++) {
		snprintf(conf, sizeof conf, ON " mpls l2vc %s %d\n mpls l2vpn trigger if-down\n", lsr[(i + 2) % 4],
		    100 * (i % 2 + 1));
		router(lsr[i], conf);
	}
	wire(PE1, PE3, 100);
	wire(PE2, PE4, 200);
	talk();
	assert_up(PE1, PE3, 100, true);
	assert_up(PE4, PE2, 200, true);
}

START_TEST(a_line_lost_at_one_end_is_lost_at_the_other_and_the_second_path_knows_nothing_of_it)
{
	two_and_two();
	for (int router = PE1; router <= PE3; router += PE3) {
		int other = PE3 - router;
		line(router, false);
		ck_assert(!world_port(routers[other].w, PORT)->up); /* that customer goes by the other line */
		ck_assert(world_port(routers[PE2].w, PORT)->up && world_port(routers[PE4].w, PORT)->up);
		assert_up(PE2, PE4, 200, true);
		line(router, true);
		pass(10);
		assert_up(PE1, PE3, 100, true);
		assert_up(PE3, PE1, 100, true);
		ck_assert(world_port(routers[other].w, PORT)->up);
	}
}
END_TEST

START_TEST(two_ends_that_were_lost_together_do_not_keep_each_other_down)
{
	two_and_two();
	line(PE1, false);
	line(PE3, false);
	pass(30);
	routers[PE1].line = true;
	pass(_i ? 30 : 0);
	routers[PE3].line = true;
	pass(30);
	assert_up(PE1, PE3, 100, true);
	assert_up(PE3, PE1, 100, true);
	wires[0].session = false;
	pass(30);
	ck_assert(!world_port(routers[PE1].w, PORT)->up && !world_port(routers[PE3].w, PORT)->up);
	wires[0].session = true;
	pass(30);
	assert_up(PE1, PE3, 100, true);
}
END_TEST

/* --- anything, in any order: when all is well again frames go where they should --- */

static const char *const policies[] = { "", " mpls l2vpn reroute immediately\n",
	" mpls l2vpn reroute delay 10 resume 0\n", " mpls l2vpn reroute never\n", " mpls l2vpn holdoff 3\n",
	" mpls l2vpn redundancy master\n", " mpls l2vpn redundancy master\n mpls l2vpn reroute immediately\n",
	" mpls l2vpn redundancy master\n mpls l2vpn reroute never\n mpls l2vpn holdoff 1\n",
	" mpls l2vpn redundancy slave\n", " mpls l2vpn redundancy independent\n", " mpls l2vpn trigger if-down\n" };
enum { SEEDS = 8, EVENTS = 100 };

static void
something(struct rng *rng)
{
	struct router *r = &routers[rng_below(rng, router_count)];
	struct pseudowire *p = &wires[rng_below(rng, wire_count)];
	char why[160];
	bool to_primary = rng_below(rng, 2);

	switch (rng_below(rng, 9)) {
	case 0:
	case 1: r->line = !r->line; break;
	case 2: p->session = !p->session; break;
	case 3: world_peer(routers[PE1].w, routers[p->to].lsr)->lsp = rng_below(rng, 2); break;
	case 4:
		if (l2vpn_may_switch(routers[PE1].w->l, PORT, to_primary, why))
			world_switch(routers[PE1].w, PORT, to_primary);
		break;
	case 5: world_restart_l2vpnd(r->w); break;
	case 6: world_restart_ldpd(r->w); break;
	case 7: world_restart_fibd(r->w); break;
	default: pass((unsigned)rng_below(rng, 45)); return;
	}
	talk();
}

static void
all_is_well(void)
{
	for (size_t i = 0; i < router_count; i++)
		routers[i].line = true;
	for (size_t i = 0; i < wire_count; i++) {
		wires[i].session = true;
		world_peer(routers[PE1].w, routers[wires[i].to].lsr)->lsp = true;
	}
	pass(100);
}

START_TEST(whatever_happens_nobody_keeps_anybody_down)
{
	const char *policy = policies[_i / SEEDS];
	bool chooses = !strstr(policy, "never") && !strstr(policy, "slave");
	struct rng rng;

	one_and_two(policy);
	rng_seed(&rng, (uint64_t)_i);
	for (int i = 0; i < EVENTS; i++)
		something(&rng);
	all_is_well();
	if (chooses && world_service(routers[PE1].w, PORT)->active != L2VPN__ROLE__PRIMARY) {
		char why[160]; /* moved by hand they stay until they are moved back */
		ck_assert_msg(l2vpn_may_switch(routers[PE1].w->l, PORT, true, why), "%s", why);
		world_switch(routers[PE1].w, PORT, true);
		pass(20);
	}
	const L2vpn__Service *s = world_service(routers[PE1].w, PORT);
	L2vpn__Role active = s->active;
	ck_assert_msg(s->up && s->carries, "seed %d: %s", _i, vc(PE1, PE2, 100)->trouble);
	ck_assert(!chooses || active == L2VPN__ROLE__PRIMARY);
	ck_assert(vc(PE1, PE2, 100)->good && vc(PE1, PE3, 200)->good);
	int used = active == L2VPN__ROLE__PRIMARY ? PE2 : PE3;
	assert_up(used, PE1, used == PE2 ? 100 : 200, true);
	ck_assert_uint_eq(says(PE2, PE1, 100) | says(PE3, PE1, 200), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dual homing");
	TCase *asymmetric = tcase_create("asymmetric"), *symmetric = tcase_create("symmetric"),
	      *watched = tcase_create("watched by BFD"), *anything = tcase_create("anything");

	tcase_add_checked_fixture(watched, NULL, teardown);
	tcase_add_test(watched, an_end_whose_bfdd_is_killed_is_heard_by_nobody_and_frames_pass_both_ways_all_the_same);
	tcase_add_test(watched, what_is_broken_meanwhile_is_found_when_bfdd_is_back);
	tcase_add_test(watched, an_end_that_does_not_take_its_word_back_though_we_hear_it_is_believed_in_the_end);
	tcase_add_test(watched, an_end_that_hears_nothing_of_us_is_left_at_once_while_our_bfd_is_well);
	tcase_add_test(watched, nobody_disregards_a_fault_whom_bfd_tells_nothing);
	tcase_add_checked_fixture(asymmetric, NULL, teardown);
	tcase_add_test(asymmetric, the_ends_with_one_pseudowire_decide_nothing_and_are_ready);
	tcase_add_test(asymmetric, a_session_that_is_lost_is_lost_for_both_ends);
	tcase_add_test(asymmetric, who_is_on_standby_by_a_masters_word_is_ready_for_it);
	tcase_add_test(asymmetric, the_lost_line_of_the_single_homed_customer_is_told_both_ends_and_moves_nothing);
	tcase_add_test(asymmetric, the_customer_here_sees_a_fault_only_when_both_lines_there_are_lost);
	tcase_add_checked_fixture(symmetric, NULL, teardown);
	tcase_add_test(symmetric, a_line_lost_at_one_end_is_lost_at_the_other_and_the_second_path_knows_nothing_of_it);
	tcase_add_loop_test(symmetric, two_ends_that_were_lost_together_do_not_keep_each_other_down, 0, 2);
	tcase_add_checked_fixture(anything, NULL, teardown);
	tcase_set_timeout(anything, 60);
	tcase_add_loop_test(anything, whatever_happens_nobody_keeps_anybody_down, 0, COUNT(policies) * SEEDS);
	suite_add_tcase(s, asymmetric);
	suite_add_tcase(s, symmetric);
	suite_add_tcase(s, watched);
	suite_add_tcase(s, anything);
	return s;
}
CHECK_MAIN(suite)
