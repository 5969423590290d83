/* What BFD is asked to watch for pseudowires, and what its word does: RFC 5883 for their far ends, RFC 5885 for themselves. */
#include "tests/helper/check.h"
#include "tests/unit/l2vpnd/world.h"
#include "base/label.h"
#include "base/mem.h"
#include <string.h>

#define PORT "GigabitEthernet0/1/0"
#define PORT2 "GigabitEthernet0/2/0"
#define HEAD "mpls lsr-id 1.1.1.1\n#\nmpls l2vpn\n#\n"
#define BOTH HEAD "interface " PORT "\n mpls l2vc 2.2.2.2 100\n mpls l2vc 3.3.3.3 200 secondary\n"
#define CW2 "control-word secondary\n"
#define WORD HEAD "interface " PORT "\n mpls l2vc 2.2.2.2 100 control-word\n mpls l2vc 3.3.3.3 200 " CW2
#define VCCV " mpls l2vpn vccv bfd\n"

enum { ALL_CC = 7, PING = 2, IP = 4, IP_STATUS = 8, ACH = 0x10, ACH_STATUS = 0x20 };

static struct world *w;
static struct end *primary, *secondary;

/* Two provider edges that take everything, and channels that stand. */
static void
start(const char *conf, bool word)
{
	w = world_new(conf);
	primary = world_end(w, "2.2.2.2", L2VPN_RAW, 100);
	secondary = world_end(w, "3.3.3.3", L2VPN_RAW, 200);
	primary->vccv_cc = secondary->vccv_cc = ALL_CC;
	primary->vccv_cv = secondary->vccv_cv = PING | IP | ACH;
	primary->control_word = secondary->control_word = word;
	world_vccv(w, 70);
}

static void
teardown(void)
{
	world_free(w);
	w = NULL;
}

static uint32_t
label(void)
{
	return world_vc(w, "2.2.2.2", 100)->local_label;
}

static const Bfd__Request *
channel_watch(void)
{
	return world_watch(w, "2.2.2.2", label());
}

static bool
is_address(ProtobufCBinaryData bytes, const char *text)
{
	struct addr a, b;

	return addr_parse(text, &a) && addr_from_bytes(bytes.data, bytes.len, &b) && addr_eq(&a, &b);
}

/* --- far ends --- */

START_TEST(one_session_for_all_pseudowires_to_a_far_end_with_the_quickest_timers)
{
	start(HEAD "pw-template SLOW\n peer-address 2.2.2.2\n bfd-detect min-tx-interval 300 min-rx-interval 20 "
		   "detect-multiplier 5\n#\n"
		   "pw-template QUICK\n peer-address 2.2.2.2\n bfd-detect detect-multiplier 4 min-tx-interval 50 "
		   "min-rx-interval 70\n#\n"
		   "interface " PORT "\n mpls l2vc pw-template SLOW 100\n#\n"
		   "interface " PORT2 "\n mpls l2vc pw-template QUICK 101\n",
	    false);
	ck_assert_uint_eq(world_watches(w), 1);
	const Bfd__Request *r = world_watch(w, "2.2.2.2", 0);
	ck_assert_ptr_nonnull(r);
	ck_assert_str_eq(r->client, "l2vpn");
	ck_assert(is_address(r->source, "1.1.1.1"));
	ck_assert_uint_eq(r->ifindex, 0);
	ck_assert_uint_eq(r->min_tx_us, 50000);
	ck_assert_uint_eq(r->min_rx_us, 20000);
	ck_assert_uint_eq(r->multiplier, 4);
	const L2vpn__CircuitPath *p = world_circuit(w, PORT)->paths[0];
	ck_assert(p->bfd && is_address(p->bfd_source, "1.1.1.1"));
}
END_TEST

START_TEST(who_says_nothing_of_timers_has_the_usual_ones_and_they_count_beside_others)
{
	start(HEAD "interface " PORT "\n mpls l2vc 2.2.2.2 100\n mpls l2vpn pw bfd\n#\n"
		   "interface " PORT2
		   "\n mpls l2vc 2.2.2.2 101\n mpls l2vpn pw bfd min-tx-interval 100 min-rx-interval 5\n",
	    false);
	const Bfd__Request *r = world_watch(w, "2.2.2.2", 0);
	ck_assert_uint_eq(r->min_tx_us, 10000);
	ck_assert_uint_eq(r->min_rx_us, 5000);
	ck_assert_uint_eq(r->multiplier, 3);
}
END_TEST

START_TEST(a_far_end_is_watched_until_its_last_pseudowire_that_wants_it_is_gone)
{
	start(BOTH " mpls l2vpn pw bfd\n", false);
	ck_assert_uint_eq(world_watches(w), 2);
	world_configure(w, HEAD "interface " PORT "\n mpls l2vc 2.2.2.2 100\n mpls l2vpn pw bfd\n");
	ck_assert_uint_eq(world_watches(w), 1);
	ck_assert_ptr_nonnull(world_watch(w, "2.2.2.2", 0));
	world_configure(w, HEAD "interface " PORT "\n mpls l2vc 2.2.2.2 100\n");
	ck_assert_uint_eq(world_watches(w), 0);
}
END_TEST

START_TEST(another_lsr_id_is_another_source)
{
	start(BOTH " mpls l2vpn pw bfd\n" VCCV, false);
	world_configure(w, "mpls lsr-id 1.1.1.7\n#\nmpls l2vpn\n#\ninterface " PORT "\n mpls l2vc 2.2.2.2 100\n"
			   " mpls l2vc 3.3.3.3 200 secondary\n mpls l2vpn pw bfd\n" VCCV);
	ck_assert_uint_eq(world_watches(w), 4);
	ck_assert(is_address(world_watch(w, "2.2.2.2", 0)->source, "1.1.1.7"));
	ck_assert(is_address(channel_watch()->source, "1.1.1.7"));
	ck_assert(is_address(world_circuit(w, PORT)->paths[1]->bfd_source, "1.1.1.7"));
}
END_TEST

/* Whoever reads sweeps what was not said by then: so not before all is. */
START_TEST(the_requests_are_complete_when_all_that_they_come_from_was_read)
{
	start(BOTH VCCV, false);
	ck_assert(world_table(w, "bfd.Request")->complete);
	struct l2vpn *l = l2vpn_new(1);
	enum l2vpn_mirror order[] = { L2VPN_FIB_RANGE, L2VPN_FIB_CIRCUIT, L2VPN_LDP_PW, L2VPN_FIB_INTERFACE };
	l2vpn_input(l, &(struct l2vpn_input){ .kind = L2VPN_IN_CONFIG, .config = &w->config }, w->now);
	const struct table *t = l2vpn_tables(l)[4];
	ck_assert_str_eq(t->name, "bfd.Request");
	for (size_t i = 0; i < COUNT(order); i++) {
		ck_assert(!t->complete);
		l2vpn_input(l, &(struct l2vpn_input){ .kind = L2VPN_IN_SYNCED, .table = order[i], .round = 1 }, w->now);
	}
	ck_assert(t->complete);
	l2vpn_free(l);
}
END_TEST

/* --- what is told, and what is chosen: RFC 5885 section 4 --- */

START_TEST(bfd_is_told_only_where_it_is_configured_and_without_ip_only_with_a_control_word)
{
	start(BOTH, false);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->vccv_cv, PING);
	world_configure(w, BOTH VCCV);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->vccv_cv, PING | IP);
	world_configure(w, WORD VCCV);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->vccv_cv, PING | IP | ACH);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->vccv_cc, ALL_CC);
}
END_TEST

static const struct {
	bool word; /* both ends have a control word */
	uint32_t cc, cv;
	uint32_t encapsulation; /* 0: no session */
} choices[] = {
	{ true, ALL_CC, PING | IP | ACH, ACH },
	{ true, ALL_CC, IP_STATUS | ACH_STATUS | ACH, ACH },
	{ true, ALL_CC, PING | IP, IP },
	{ true, ALL_CC, PING | IP_STATUS | ACH_STATUS, 0 }, /* we cannot do these */
	{ true, ALL_CC, PING, 0 },
	{ true, 6, PING | ACH, 0 }, /* it takes no channel behind a control word */
	{ true, 6, PING | IP | ACH, IP },
	{ true, 0, PING | IP | ACH, 0 },
	{ false, ALL_CC, PING | IP | ACH, IP },
	{ false, 4, IP, IP },
	{ false, 1, IP, 0 },
	{ false, ALL_CC, ACH, 0 },
	{ false, 0, 0, 0 },
};

START_TEST(what_both_ends_take_is_chosen)
{
	start(WORD VCCV, choices[_i].word);
	primary->vccv_cc = choices[_i].cc;
	primary->vccv_cv = choices[_i].cv;
	world_settle(w);
	const Bfd__Request *r = channel_watch();
	ck_assert_uint_eq(r ? r->vccv_encapsulation : 0, choices[_i].encapsulation);
	ck_assert_int_eq(world_vc(w, "2.2.2.2", 100)->vccv_bfd, choices[_i].encapsulation != 0);
	if (choices[_i].encapsulation)
		ck_assert_int_eq(channel_watch()->vccv_control_word, choices[_i].word);
}
END_TEST

START_TEST(a_session_is_asked_for_with_its_label_and_device_and_timers)
{
	start(WORD " mpls l2vpn vccv bfd min-tx-interval 100 min-rx-interval 200 detect-multiplier 5\n", true);
	const Bfd__Request *r = channel_watch();
	ck_assert_ptr_nonnull(r);
	ck_assert_str_eq(r->client, "l2vpn");
	ck_assert(is_address(r->peer, "2.2.2.2") && is_address(r->source, "1.1.1.1"));
	ck_assert_uint_eq(r->ifindex, 70);
	ck_assert_uint_eq(r->min_tx_us, 100000);
	ck_assert_uint_eq(r->min_rx_us, 200000);
	ck_assert_uint_eq(r->multiplier, 5);
	ck_assert_uint_eq(world_watches(w), 2); /* the secondary's is watched as well */
	ck_assert(!world_circuit(w, PORT)->paths[0]->bfd);
}
END_TEST

START_TEST(a_session_is_asked_for_while_the_channel_stands_and_the_device_is_there)
{
	start(WORD VCCV, true);
	ck_assert_ptr_nonnull(channel_watch());
	world_peer(w, "2.2.2.2")->no_channel = true;
	world_settle(w);
	ck_assert_ptr_null(channel_watch());
	ck_assert(!world_vc(w, "2.2.2.2", 100)->vccv_bfd);
	world_peer(w, "2.2.2.2")->no_channel = false;
	world_settle(w);
	ck_assert_ptr_nonnull(channel_watch());
	world_vccv(w, 0);
	ck_assert_uint_eq(world_watches(w), 0);
	world_vccv(w, 71);
	ck_assert_uint_eq(world_watches(w), 2);
	ck_assert_uint_eq(channel_watch()->ifindex, 71);
	ck_assert(world_vc(w, "2.2.2.2", 100)->up);
}
END_TEST

START_TEST(without_an_lsr_id_there_is_no_address_for_packets_with_ip)
{
	start("mpls l2vpn\n#\ninterface " PORT "\n mpls l2vc 2.2.2.2 100\n" VCCV, false);
	ck_assert_uint_eq(world_watches(w), 0);
	world_configure(w, "mpls l2vpn\n#\ninterface " PORT "\n mpls l2vc 2.2.2.2 100 control-word\n" VCCV);
	primary->control_word = true;
	world_settle(w);
	ck_assert_uint_eq(channel_watch()->vccv_encapsulation, ACH);
}
END_TEST

/* --- what is said of it --- */

START_TEST(one_whose_channel_is_dead_is_left_and_both_directions_are_told_as_faulty)
{
	start(WORD VCCV, true);
	ck_assert(!world_vc(w, "2.2.2.2", 100)->vccv_alive);
	world_verdict(w, "2.2.2.2", 100, BFD__VERDICT__ALIVE);
	world_verdict(w, "3.3.3.3", 200, BFD__VERDICT__ALIVE);
	ck_assert(world_vc(w, "2.2.2.2", 100)->vccv_alive && world_vc(w, "2.2.2.2", 100)->up);
	world_verdict(w, "2.2.2.2", 100, BFD__VERDICT__DEAD);
	const L2vpn__Vc *v = world_vc(w, "2.2.2.2", 100);
	ck_assert(!v->up && !v->good && v->vccv_bfd && !v->vccv_alive);
	ck_assert_str_eq(v->trouble, "BFD on its control channel says it is dead");
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0x18);
	ck_assert(!world_circuit(w, PORT)->paths[0]->usable);
	ck_assert_uint_eq(world_circuit(w, PORT)->active, 1);
	const L2vpn__Service *s = world_service(w, PORT);
	ck_assert(s->carries && s->active == L2VPN__ROLE__SECONDARY);
	ck_assert_str_eq(s->switch_reason, "BFD on its control channel says it is dead");
	ck_assert_ptr_nonnull(channel_watch()); /* it goes on: or nobody would hear that it is alive again */
	world_verdict(w, "2.2.2.2", 100, BFD__VERDICT__ALIVE);
	ck_assert(world_vc(w, "2.2.2.2", 100)->up);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0);
}
END_TEST

START_TEST(a_backup_whose_channel_is_dead_is_not_gone_to)
{
	start(WORD VCCV, true);
	world_verdict(w, "3.3.3.3", 200, BFD__VERDICT__DEAD);
	world_peer(w, "2.2.2.2")->lsp = false;
	world_settle(w);
	ck_assert_int_eq(world_service(w, PORT)->state, L2VPN__REDUNDANCY_STATE__NO_PATH);
	ck_assert_uint_eq(world_service(w, PORT)->switches, 0);
}
END_TEST

static const struct {
	Bfd__Verdict before, now;
	bool good;
} words[] = {
	{ BFD__VERDICT__UNKNOWN, BFD__VERDICT__UNKNOWN, true },
	{ BFD__VERDICT__UNKNOWN, BFD__VERDICT__UNWATCHED, true },
	{ BFD__VERDICT__UNKNOWN, BFD__VERDICT__DEAD, false },
	{ BFD__VERDICT__ALIVE, BFD__VERDICT__UNKNOWN, true },
	{ BFD__VERDICT__ALIVE, BFD__VERDICT__UNWATCHED, true },
	{ BFD__VERDICT__DEAD, BFD__VERDICT__UNKNOWN, false }, /* what was believed before stays */
	{ BFD__VERDICT__DEAD, BFD__VERDICT__UNWATCHED, true },
	{ BFD__VERDICT__DEAD, BFD__VERDICT__ALIVE, true },
};

START_TEST(only_dead_takes_a_pseudowire_down)
{
	start(WORD VCCV, true);
	world_verdict(w, "2.2.2.2", 100, words[_i].before);
	world_verdict(w, "2.2.2.2", 100, words[_i].now);
	ck_assert_int_eq(world_vc(w, "2.2.2.2", 100)->good, words[_i].good);
}
END_TEST

START_TEST(a_bfdd_that_dies_moves_nothing)
{
	start(WORD VCCV, true);
	world_verdict(w, "2.2.2.2", 100, BFD__VERDICT__ALIVE);
	l2vpn_input(w->l, &(struct l2vpn_input){ .kind = L2VPN_IN_LOST, .table = L2VPN_BFD_SESSION }, w->now);
	world_settle(w);
	ck_assert(world_vc(w, "2.2.2.2", 100)->up);
	/* It is back, and has begun anew. */
	l2vpn_input(
	    w->l, &(struct l2vpn_input){ .kind = L2VPN_IN_SYNCED, .table = L2VPN_BFD_SESSION, .round = 2 }, w->now);
	world_settle(w);
	ck_assert(world_vc(w, "2.2.2.2", 100)->up && !world_vc(w, "2.2.2.2", 100)->vccv_alive);
	ck_assert_uint_eq(world_service(w, PORT)->switches, 0);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->status, 0);
}
END_TEST

START_TEST(a_session_that_nobody_asks_for_any_more_says_nothing)
{
	start(WORD VCCV, true);
	world_verdict(w, "2.2.2.2", 100, BFD__VERDICT__DEAD);
	ck_assert(!world_vc(w, "2.2.2.2", 100)->good);
	primary->vccv_cv = PING; /* the other end does not take it any more */
	world_settle(w);
	ck_assert_ptr_null(channel_watch());
	ck_assert(world_vc(w, "2.2.2.2", 100)->good);
	primary->vccv_cv = PING | ACH;
	world_settle(w);
	ck_assert(!world_vc(w, "2.2.2.2", 100)->good);
	world_session_gone(w, "2.2.2.2", 100);
	ck_assert(world_vc(w, "2.2.2.2", 100)->good);
}
END_TEST

START_TEST(sessions_of_others_are_not_taken_for_that_of_a_label)
{
	start(WORD VCCV, true);
	Bfd__Session row = BFD__SESSION__INIT;
	row.name = (char *)(uintptr_t) "pe2";
	row.verdict = BFD__VERDICT__DEAD;
	row.multihop = true;
	l2vpn_input(w->l,
	    &(struct l2vpn_input){ .kind = L2VPN_IN_ROW, .table = L2VPN_BFD_SESSION, .row = &row, .round = 1 }, w->now);
	row.name = (char *)(uintptr_t) "dynamic";
	row.vccv_label = label() + 100;
	l2vpn_input(w->l,
	    &(struct l2vpn_input){ .kind = L2VPN_IN_ROW, .table = L2VPN_BFD_SESSION, .row = &row, .round = 1 }, w->now);
	world_settle(w);
	ck_assert(world_vc(w, "2.2.2.2", 100)->good && world_vc(w, "3.3.3.3", 200)->good);
}
END_TEST

START_TEST(fibd_that_starts_anew_takes_no_session_away)
{
	start(WORD VCCV, true);
	world_verdict(w, "2.2.2.2", 100, BFD__VERDICT__ALIVE);
	uint64_t before = world_table(w, "bfd.Request")->serial;
	world_restart_fibd(w);
	ck_assert_ptr_nonnull(channel_watch());
	ck_assert_uint_eq(world_table(w, "bfd.Request")->serial, before);
	ck_assert(world_vc(w, "2.2.2.2", 100)->up);
}
END_TEST

START_TEST(a_channel_that_fibd_has_not_seen_again_yet_is_believed_until_it_has_looked)
{
	start(WORD VCCV, true);
	l2vpn_input(w->l, &(struct l2vpn_input){ .kind = L2VPN_IN_LOST, .table = L2VPN_FIB_CIRCUIT }, w->now);
	world_peer(w, "2.2.2.2")->no_channel = true;
	world_settle(w);
	ck_assert_ptr_nonnull(channel_watch());
	l2vpn_input(w->l,
	    &(struct l2vpn_input){ .kind = L2VPN_IN_SYNCED, .table = L2VPN_FIB_CIRCUIT, .round = w->round[1] }, w->now);
	world_settle(w);
	ck_assert_ptr_null(channel_watch());
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("l2vpnd and BFD");
	TCase *t = tcase_create("RFC 5883");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, one_session_for_all_pseudowires_to_a_far_end_with_the_quickest_timers);
	tcase_add_test(t, who_says_nothing_of_timers_has_the_usual_ones_and_they_count_beside_others);
	tcase_add_test(t, a_far_end_is_watched_until_its_last_pseudowire_that_wants_it_is_gone);
	tcase_add_test(t, another_lsr_id_is_another_source);
	tcase_add_test(t, the_requests_are_complete_when_all_that_they_come_from_was_read);
	suite_add_tcase(s, t);
	TCase *v = tcase_create("RFC 5885");
	tcase_add_checked_fixture(v, NULL, teardown);
	tcase_add_test(v, bfd_is_told_only_where_it_is_configured_and_without_ip_only_with_a_control_word);
	tcase_add_loop_test(v, what_both_ends_take_is_chosen, 0, COUNT(choices));
	tcase_add_test(v, a_session_is_asked_for_with_its_label_and_device_and_timers);
	tcase_add_test(v, a_session_is_asked_for_while_the_channel_stands_and_the_device_is_there);
	tcase_add_test(v, without_an_lsr_id_there_is_no_address_for_packets_with_ip);
	tcase_add_test(v, one_whose_channel_is_dead_is_left_and_both_directions_are_told_as_faulty);
	tcase_add_test(v, a_backup_whose_channel_is_dead_is_not_gone_to);
	tcase_add_loop_test(v, only_dead_takes_a_pseudowire_down, 0, COUNT(words));
	tcase_add_test(v, a_bfdd_that_dies_moves_nothing);
	tcase_add_test(v, a_session_that_nobody_asks_for_any_more_says_nothing);
	tcase_add_test(v, sessions_of_others_are_not_taken_for_that_of_a_label);
	tcase_add_test(v, fibd_that_starts_anew_takes_no_session_away);
	tcase_add_test(v, a_channel_that_fibd_has_not_seen_again_yet_is_believed_until_it_has_looked);
	suite_add_tcase(s, v);
	return s;
}
CHECK_MAIN(suite)
