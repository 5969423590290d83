/* The state machine of RFC 5880 section 6.2, cell by cell. */
#include "base/text.h"
#include "bfdd/core/session_fsm.h"
#include "tests/helper/check.h"
#include <stdio.h>
#include <string.h>

static void
print_matrix(struct text *out)
{
	text_line(out, "# state, event: next state, diagnostic. Printed by tests/unit/bfdd/test_session_fsm.");
	for (int in = 0; in < BFD_STATES; in++)
		for (int on = 0; on < BFD_EVENTS; on++) {
			struct bfd_move m = bfd_decide((enum bfd_state)in, (enum bfd_event)on);
			text_line(out, "%-10s %-20s %-10s %s", bfd_state_name((enum bfd_state)in),
			    bfd_event_name((enum bfd_event)on), bfd_state_name(m.next),
			    m.diag < 0 ? "-" : bfd_diag_text((uint8_t)m.diag));
		}
}

START_TEST(the_matrix_is_the_one_that_was_reviewed)
{
	struct text now = { 0 };
	char was[8192] = "";
	FILE *f = fopen("tests/fsm/bfd_session.ok", "r");

	print_matrix(&now);
	if (getenv("PRINT_MATRIX"))
		fputs(now.chars, stdout);
	ck_assert_msg(f != NULL, "tests/fsm/bfd_session.ok: run from the top folder");
	was[fread(was, 1, sizeof was - 1, f)] = 0;
	fclose(f);
	ck_assert_str_eq(was, now.chars);
	text_free(&now);
}
END_TEST

/* RFC 5880 6.8.6: the pseudocode of the reception rule, said once more and differently. */
START_TEST(the_table_says_what_the_reception_rule_says)
{
	for (int in = 0; in < BFD_STATES; in++)
		for (int got = 0; got < BFD_STATES; got++) {
			enum bfd_state want = (enum bfd_state)in;
			if (in != BFD_ADMIN_DOWN && got == BFD_ADMIN_DOWN)
				want = BFD_DOWN;
			else if (in == BFD_DOWN && got == BFD_DOWN)
				want = BFD_INIT;
			else if ((in == BFD_DOWN && got == BFD_INIT) || (in == BFD_INIT && got >= BFD_INIT))
				want = BFD_UP;
			else if (in == BFD_UP && got == BFD_DOWN)
				want = BFD_DOWN;
			struct bfd_move m = bfd_decide((enum bfd_state)in, (enum bfd_event)got);
			ck_assert_msg(m.next == want, "%s hears %s: %s, not %s", bfd_state_name((enum bfd_state)in),
			    bfd_state_name((enum bfd_state)got), bfd_state_name(m.next), bfd_state_name(want));
		}
}
END_TEST

START_TEST(every_fall_from_up_has_a_reason)
{
	for (int on = 0; on < BFD_EVENTS; on++) {
		struct bfd_move m = bfd_decide(BFD_UP, (enum bfd_event)on);
		ck_assert_msg(m.next == BFD_UP || m.diag > 0, "%s", bfd_event_name((enum bfd_event)on));
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bfdd session_fsm");
	TCase *c = tcase_create("RFC 5880 6.2");

	tcase_add_test(c, the_matrix_is_the_one_that_was_reviewed);
	tcase_add_test(c, the_table_says_what_the_reception_rule_says);
	tcase_add_test(c, every_fall_from_up_has_a_reason);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
