/*
 * The table by which pseudowires take over: every state meets every event in every mode under every policy, with all that the
 * next state may depend on. The whole of it is in tests/fsm.
 */
#include "l2vpnd/redundancy_fsm.h"
#include "tests/helper/matrix.h"

static const char *const act_names[] = { "primary", "backup", "follow", "no-timer", "hold-timer", "delay-timer",
	"resume-timer" };
static const char *const revert_names[L2VPN_REVERTS] = { "delay", "immediately", "never" };

enum { CASES = RS_COUNT * RE_COUNT * L2VPN_MODES * L2VPN_REVERTS * (RG_ALL + 1) };

struct situation {
	enum redundancy_state in;
	enum redundancy_event on;
	enum l2vpn_mode mode;
	enum l2vpn_revert revert;
	unsigned given;
	struct redundancy_move move;
};

static struct situation
situation(int i)
{
	struct situation s;

	s.given = (unsigned)i % (RG_ALL + 1);
	i /= RG_ALL + 1;
	s.revert = (enum l2vpn_revert)(i % L2VPN_REVERTS);
	i /= L2VPN_REVERTS;
	s.mode = (enum l2vpn_mode)(i % L2VPN_MODES);
	i /= L2VPN_MODES;
	s.on = (enum redundancy_event)(i % RE_COUNT);
	s.in = (enum redundancy_state)(i / RE_COUNT);
	s.move = redundancy_decide(s.in, s.on, s.mode, s.revert, s.given);
	return s;
}

static const char *
told(const struct situation *s)
{
	static char text[160];

	snprintf(text, sizeof text, "%s on %s in mode %s, %s, given %u goes to %s with acts 0x%x",
	    redundancy_state_name(s->in), redundancy_event_name(s->on), l2vpn_mode_name(s->mode),
	    revert_names[s->revert], s->given, redundancy_state_name(s->move.next), s->move.acts);
	return text;
}

static bool
same_move(const struct redundancy_move *a, const struct redundancy_move *b)
{
	return a->next == b->next && a->acts == b->acts && a->listed == b->listed;
}

/* Whether this state and event go on alike in two modes under two policies, whatever is given. */
static bool
alike(const struct situation *s, enum l2vpn_mode mode, enum l2vpn_revert revert)
{
	bool same = true;

	for (unsigned given = 0; given <= RG_ALL && same; given++) {
		struct redundancy_move a = redundancy_decide(s->in, s->on, s->mode, s->revert, given),
				       b = redundancy_decide(s->in, s->on, mode, revert, given);
		same = same_move(&a, &b);
	}
	return same;
}

/* What goes on as in a mode and under a policy before it is printed there: "any" stands for all. */
static void
print_case(struct text *out, const struct situation *s)
{
	bool any_mode = true, any_revert = true;

	for (int m = 0; m < L2VPN_MODES; m++)
		for (int r = 0; r < L2VPN_REVERTS; r++)
			any_mode &= alike(s, (enum l2vpn_mode)m, (enum l2vpn_revert)r);
	for (int r = 0; r < L2VPN_REVERTS; r++)
		any_revert &= alike(s, s->mode, (enum l2vpn_revert)r);
	if ((any_mode && s->mode) || (any_revert && s->revert))
		return;
	text_add(out, "%-8s %-14s %-11s %-11s %s%s%s -> %-8s", redundancy_state_name(s->in),
	    redundancy_event_name(s->on), any_mode ? "any" : l2vpn_mode_name(s->mode),
	    any_revert ? "any" : revert_names[s->revert], s->given & RG_BACKUP ? "B" : "-",
	    s->given & RG_HOLD ? "H" : "-", s->given & RG_RESUME ? "R" : "-", redundancy_state_name(s->move.next));
	while (!s->move.acts && out->chars[out->size - 1] == ' ')
		out->chars[--out->size] = '\0';
	matrix_acts(out, s->move.acts, act_names, RA_ACTS);
}

START_TEST(the_matrix_is_the_one_that_was_reviewed)
{
	struct text now = { 0 };

	text_line(&now, "# state, event, mode, policy, given (a Backup is good, Hold-off, Resume) -> next state, "
			"actions; what has no");
	text_line(&now, "# place in a state is left out. Printed by tests/unit/l2vpnd/test_redundancy_fsm.");
	for (int i = 0; i < CASES; i++) {
		struct situation s = situation(i), plain = situation(i & ~RG_ALL);
		if (s.move.listed && (!s.given || !same_move(&s.move, &plain.move)))
			print_case(&now, &s);
	}
	matrix_compare(&now, "tests/fsm/l2vpn_redundancy.ok");
	text_free(&now);
}
END_TEST

/* Where frames go is what the state says. */
START_TEST(a_state_and_where_frames_go_are_one)
{
	for (int i = 0; i < CASES; i++) {
		struct situation s = situation(i);
		bool on_backup = s.move.next == RS_BACKUP || s.move.next == RS_DELAY || s.move.next == RS_STAY;
		bool was_on_backup = s.in == RS_BACKUP || s.in == RS_DELAY || s.in == RS_STAY;
		if (s.move.acts & RA_PRIMARY)
			ck_assert_msg(s.move.next == RS_PRIMARY || s.move.next == RS_RESUME, "%s", told(&s));
		if (s.move.acts & RA_BACKUP)
			ck_assert_msg(on_backup, "%s", told(&s));
		if (on_backup && !was_on_backup)
			ck_assert_msg(s.move.acts & (RA_BACKUP | RA_FOLLOW), "%s", told(&s));
		if (was_on_backup && (s.move.next == RS_PRIMARY || s.move.next == RS_RESUME))
			ck_assert_msg(s.move.acts & (RA_PRIMARY | RA_FOLLOW), "%s", told(&s));
		ck_assert_msg(
		    __builtin_popcount(s.move.acts & (RA_PRIMARY | RA_BACKUP | RA_FOLLOW)) <= 1, "%s", told(&s));
	}
}
END_TEST

START_TEST(frames_go_to_a_backup_only_when_one_is_good)
{
	for (int i = 0; i < CASES; i++) {
		struct situation s = situation(i);
		if (s.move.acts & RA_BACKUP || (s.move.acts & RA_FOLLOW && s.on == RE_MOVED))
			ck_assert_msg(s.given & RG_BACKUP, "%s", told(&s));
	}
}
END_TEST

/* A state that waits has a timer, and no other state has one. */
START_TEST(timers_run_where_something_is_waited_for)
{
	static const unsigned timer_of[RS_COUNT] = {
		[RS_HOLD] = RA_HOLD_TIMER, [RS_DELAY] = RA_DELAY_TIMER, [RS_RESUME] = RA_RESUME_TIMER
	};
	static const unsigned timers = RA_HOLD_TIMER | RA_DELAY_TIMER | RA_RESUME_TIMER;

	for (int i = 0; i < CASES; i++) {
		struct situation s = situation(i);
		bool over = s.on == RE_HOLD_OVER || s.on == RE_DELAY_OVER || s.on == RE_RESUME_OVER;
		if (!s.move.listed)
			continue;
		if (s.move.next != s.in)
			ck_assert_msg((s.move.acts & timers) == timer_of[s.move.next], "%s", told(&s));
		if (s.move.next != s.in && timer_of[s.in] && !timer_of[s.move.next] && !over)
			ck_assert_msg(s.move.acts & RA_NO_TIMER, "%s", told(&s));
	}
}
END_TEST

START_TEST(what_has_no_place_in_a_state_changes_nothing)
{
	for (int i = 0; i < CASES; i++) {
		struct situation s = situation(i);
		if (!s.move.listed)
			ck_assert_msg(s.move.next == s.in && !s.move.acts, "%s", told(&s));
	}
}
END_TEST

/* RFC 6718: a pseudowire that is lost is left at once, unless it is to be waited for. */
START_TEST(a_lost_pseudowire_is_left_in_every_mode_and_under_every_policy)
{
	for (int i = 0; i < CASES; i++) {
		struct situation s = situation(i);
		bool own = s.mode == L2VPN_FRR || s.mode == L2VPN_MASTER;
		if (s.on == RE_PRIMARY_DOWN && (s.in == RS_PRIMARY || s.in == RS_RESUME)) {
			enum redundancy_state next = own && s.given & RG_HOLD ? RS_HOLD
						     : s.given & RG_BACKUP    ? RS_BACKUP
									      : RS_NONE;
			ck_assert_msg(s.move.next == next, "%s", told(&s));
		}
		if (s.on == RE_BACKUP_DOWN && (s.in == RS_DELAY || s.in == RS_STAY))
			ck_assert_msg(s.move.next == RS_PRIMARY && s.move.acts & RA_PRIMARY, "%s", told(&s));
		if (s.on == RE_BACKUP_DOWN && s.in == RS_BACKUP)
			ck_assert_msg(s.move.next == (s.given & RG_BACKUP ? RS_BACKUP : RS_NONE), "%s", told(&s));
	}
}
END_TEST

START_TEST(the_policy_says_when_frames_go_back)
{
	for (int i = 0; i < CASES; i++) {
		struct situation s = situation(i);
		bool own = s.mode == L2VPN_FRR || s.mode == L2VPN_MASTER,
		     resume = s.mode == L2VPN_FRR && s.given & RG_RESUME;
		enum redundancy_state at_once = resume ? RS_RESUME : RS_PRIMARY;
		if (s.on != RE_PRIMARY_UP || s.in != RS_BACKUP)
			continue;
		enum redundancy_state next = s.mode == L2VPN_SLAVE            ? RS_STAY
					     : own && s.revert == L2VPN_DELAY ? RS_DELAY
					     : own && s.revert == L2VPN_NEVER ? RS_STAY
									      : at_once;
		ck_assert_msg(s.move.next == next, "%s", told(&s));
	}
}
END_TEST

/* Where the other ends decide, an operator here cannot. */
START_TEST(an_operator_is_heard_in_modes_frr_and_master_alone)
{
	for (int i = 0; i < CASES; i++) {
		struct situation s = situation(i);
		bool own = s.mode == L2VPN_FRR || s.mode == L2VPN_MASTER;
		if (s.on == RE_SWITCH || s.on == RE_RETURN)
			ck_assert_msg(own || !s.move.listed, "%s", told(&s));
		if (own && s.on == RE_SWITCH && s.in == RS_PRIMARY && s.given & RG_BACKUP)
			ck_assert_msg(s.move.next == RS_STAY, "%s", told(&s));
		if (own && s.on == RE_RETURN && (s.in == RS_STAY || s.in == RS_DELAY))
			ck_assert_msg(s.move.acts & RA_PRIMARY, "%s", told(&s));
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("redundancy");
	TCase *t = tcase_create("RFC 6718, RFC 6870, reference 003");

	tcase_add_test(t, the_matrix_is_the_one_that_was_reviewed);
	tcase_add_test(t, a_state_and_where_frames_go_are_one);
	tcase_add_test(t, frames_go_to_a_backup_only_when_one_is_good);
	tcase_add_test(t, timers_run_where_something_is_waited_for);
	tcase_add_test(t, what_has_no_place_in_a_state_changes_nothing);
	tcase_add_test(t, a_lost_pseudowire_is_left_in_every_mode_and_under_every_policy);
	tcase_add_test(t, the_policy_says_when_frames_go_back);
	tcase_add_test(t, an_operator_is_heard_in_modes_frr_and_master_alone);
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
