/* The table of RFC 5036 2.5.4: every state meets every event in both roles. The whole of it is in tests/fsm. */
#include "base/text.h"
#include "ldpd/session_fsm.h"
#include "tests/helper/check.h"
#include <stdio.h>
#include <string.h>

static const char *const act_names[] = { "negotiate", "send-init", "send-keepalive", "notify", "restart-hold", "up",
	"handle", "back-off", "close" };

static void
print_cell(struct text *out, enum session_state in, enum session_event on, enum session_role role)
{
	struct session_move m = session_decide(in, on, role);

	text_add(out, "%-12s %-20s %-8s %-12s %s", session_state_name(in), session_event_name(on),
	    role == R_ACTIVE ? "active" : "passive", session_state_name(m.next), m.listed ? "" : "(not listed) ");
	for (unsigned i = 0; i < sizeof act_names / sizeof *act_names; i++)
		if (m.acts & 1u << i)
			text_add(out, "%s ", act_names[i]);
	while (out->size && out->chars[out->size - 1] == ' ')
		out->chars[--out->size] = 0;
	text_line(out, "%s", "");
}

static void
print_matrix(struct text *out)
{
	text_line(out, "%s", "# state, event, role: next state, actions. Printed by tests/unit/ldpd/test_session_fsm.");
	for (int in = 0; in < S_COUNT; in++)
		for (int on = 0; on < E_COUNT; on++)
			for (int role = R_PASSIVE; role <= R_ACTIVE; role++)
				print_cell(
				    out, (enum session_state)in, (enum session_event)on, (enum session_role)role);
}

START_TEST(the_matrix_is_the_one_that_was_reviewed)
{
	struct text now = { 0 };
	char was[32768] = "";
	FILE *f = fopen("tests/fsm/ldp_session.ok", "r");

	print_matrix(&now);
	if (getenv("PRINT_MATRIX"))
		fputs(now.chars, stdout);
	ck_assert_msg(f != NULL, "tests/fsm/ldp_session.ok: run from the top folder");
	was[fread(was, 1, sizeof was - 1, f)] = 0;
	fclose(f);
	size_t line = 1;
	for (size_t i = 0; i < now.size && was[i] == now.chars[i]; i++)
		line += now.chars[i] == '\n';
	ck_assert_msg(strcmp(was, now.chars) == 0, "the table differs from tests/fsm/ldp_session.ok at line %zu", line);
	text_free(&now);
}
END_TEST

#define IN ((enum session_state)(_i / E_COUNT))
#define ON ((enum session_event)(_i % E_COUNT))

START_TEST(an_event_out_of_place_ends_the_session)
{
	for (int role = R_PASSIVE; role <= R_ACTIVE; role++) {
		struct session_move m = session_decide(IN, ON, (enum session_role)role);
		ck_assert_msg(m.listed || m.next == S_NON_EXISTENT, "%s on %s goes to %s unlisted",
		    session_state_name(IN), session_event_name(ON), session_state_name(m.next));
	}
}
END_TEST

START_TEST(what_ends_a_session_closes_its_connection_and_nothing_else_does)
{
	for (int role = R_PASSIVE; role <= R_ACTIVE; role++) {
		struct session_move m = session_decide(IN, ON, (enum session_role)role);
		ck_assert_msg((m.next == S_NON_EXISTENT) == !!(m.acts & A_CLOSE), "%s on %s", session_state_name(IN),
		    session_event_name(ON));
	}
}
END_TEST

START_TEST(nothing_is_said_over_a_connection_that_is_lost)
{
	for (int role = R_PASSIVE; role <= R_ACTIVE; role++) {
		struct session_move m = session_decide((enum session_state)_i, E_LOST, (enum session_role)role);
		ck_assert_msg(!(m.acts & (A_SEND_INIT | A_SEND_KEEPALIVE | A_SEND_NAK)), "%s",
		    session_state_name((enum session_state)_i));
	}
}
END_TEST

/* 2.5.4, figure: the two ways up. */
START_TEST(both_roles_reach_operational_in_three_steps)
{
	static const struct {
		enum session_role role;
		enum session_event on[3];
	} ways[] = { { R_ACTIVE, { E_CONNECTED, E_INIT_OK, E_KEEPALIVE } },
		{ R_PASSIVE, { E_CONNECTED, E_INIT_OK, E_KEEPALIVE } } };
	enum session_state at = S_NON_EXISTENT;

	for (int i = 0; i < 3; i++)
		at = session_decide(at, ways[_i].on[i], ways[_i].role).next;
	ck_assert_str_eq(session_state_name(at), session_state_name(S_OPERATIONAL));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ldpd session_fsm");
	TCase *t = tcase_create("RFC 5036 2.5.4");
	tcase_add_test(t, the_matrix_is_the_one_that_was_reviewed);
	tcase_add_loop_test(t, an_event_out_of_place_ends_the_session, 0, S_COUNT * E_COUNT);
	tcase_add_loop_test(t, what_ends_a_session_closes_its_connection_and_nothing_else_does, 0, S_COUNT * E_COUNT);
	tcase_add_loop_test(t, nothing_is_said_over_a_connection_that_is_lost, 0, S_COUNT);
	tcase_add_loop_test(t, both_roles_reach_operational_in_three_steps, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
