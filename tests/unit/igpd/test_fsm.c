/* The tables of RFC 2328 9.3 and 10.3: every state meets every event. The whole of them is in tests/fsm. */
#include "base/mem.h"
#include "base/text.h"
#include "igpd/ospf/interface_fsm.h"
#include "igpd/ospf/neighbor_fsm.h"
#include "igpd/ospf/sync_fsm.h"
#include "tests/helper/check.h"
#include "tests/helper/matrix.h"
#include <stdio.h>
#include <string.h>

static void
print_interfaces(struct text *out)
{
	static const char *const acts[] = { "reset", "hello", "wait", "elect" };
	static const char *const kinds[] = { "no-dr", "eligible", "not-eligible" };

	text_line(
	    out, "%s", "# interface state, event, kind: next state, actions. Printed by tests/unit/igpd/test_fsm.");
	for (int in = 0; in < IS_COUNT; in++)
		for (int on = 0; on < IE_COUNT; on++)
			for (int kind = 0; kind < 3; kind++) {
				struct interface_move m = interface_decide((enum interface_state)in,
				    (enum interface_event)on, (enum interface_kind)(1 << kind));
				text_add(out, "%-9s %-16s %-13s %s", interface_state_name((enum interface_state)in),
				    interface_event_name((enum interface_event)on), kinds[kind],
				    interface_state_name(m.next));
				matrix_acts(out, m.acts, acts, COUNT(acts));
			}
}

static void
print_neighbors(struct text *out)
{
	static const char *const acts[] = { "clear", "alive", "hello", "negotiate", "summarize", "check", "stop" };

	text_line(
	    out, "%s", "# neighbor state, event, adjacency: next state, actions. Printed by tests/unit/igpd/test_fsm.");
	for (int in = 0; in < NS_COUNT; in++)
		for (int on = 0; on < NE_COUNT; on++)
			for (int wish = NW_NO; wish <= NW_YES; wish++) {
				struct neighbor_move m = neighbor_decide(
				    (enum neighbor_state)in, (enum neighbor_event)on, (enum neighbor_wish)wish);
				text_add(out, "%-9s %-18s %-9s %s", neighbor_state_name((enum neighbor_state)in),
				    neighbor_event_name((enum neighbor_event)on),
				    wish == NW_YES ? "wanted" : "unwanted", neighbor_state_name(m.next));
				matrix_acts(out, m.acts, acts, COUNT(acts));
			}
}

static void
print_syncs(struct text *out)
{
	static const char *const acts[] = { "timer", "adjacency", "cost", "coming" };

	text_line(out, "%s", "# sync state, event: next state, actions. Printed by tests/unit/igpd/test_fsm.");
	for (int in = 0; in < SS_COUNT; in++)
		for (int on = 0; on < SE_COUNT; on++) {
			struct sync_move m = sync_decide((enum sync_state)in, (enum sync_event)on);
			text_add(out, "%-14s %-8s %s", sync_state_name((enum sync_state)in),
			    sync_event_name((enum sync_event)on), sync_state_name(m.next));
			matrix_acts(out, m.acts, acts, COUNT(acts));
		}
}

START_TEST(the_matrix_of_interfaces_is_the_one_that_was_reviewed)
{
	struct text now = { 0 };

	print_interfaces(&now);
	matrix_compare(&now, "tests/fsm/ospf_interface.ok");
	text_free(&now);
}
END_TEST

START_TEST(the_matrix_of_neighbors_is_the_one_that_was_reviewed)
{
	struct text now = { 0 };

	print_neighbors(&now);
	matrix_compare(&now, "tests/fsm/ospf_neighbor.ok");
	text_free(&now);
}
END_TEST

START_TEST(the_matrix_of_synchronization_is_the_one_that_was_reviewed)
{
	struct text now = { 0 };

	print_syncs(&now);
	matrix_compare(&now, "tests/fsm/ospf_sync.ok");
	text_free(&now);
}
END_TEST

/* What the whole is for: without labels no state says that a link is as good as ever, but for the one that gave up waiting. */
START_TEST(no_state_is_in_step_but_after_labels_came)
{
	for (int in = 0; in < SS_COUNT; in++)
		for (int on = 0; on < SE_COUNT; on++) {
			struct sync_move m = sync_decide((enum sync_state)in, (enum sync_event)on);
			if (m.next == SS_ACHIEVED && in != SS_ACHIEVED)
				ck_assert_int_eq(on, SE_SYNCED);
			if (m.next == SS_HOLD_NORMAL && in != SS_HOLD_NORMAL)
				ck_assert(in == SS_HOLD_MAX_COST && on == SE_EXPIRED);
			if (in == SS_HOLD_DOWN && m.next != SS_HOLD_DOWN)
				ck_assert_msg(m.acts & SA_ADJACENCY, "%s leaves the link without an adjacency",
				    sync_event_name((enum sync_event)on));
			bool max = in == SS_HOLD_MAX_COST || m.next == SS_HOLD_MAX_COST;
			if (in != (int)m.next && max)
				ck_assert_msg(m.acts & SA_COST, "%s in %s", sync_event_name((enum sync_event)on),
				    sync_state_name((enum sync_state)in));
		}
}
END_TEST

#define IN ((enum neighbor_state)(_i / NE_COUNT))
#define ON ((enum neighbor_event)(_i % NE_COUNT))

START_TEST(only_whoever_loaded_everything_is_full)
{
	for (int wish = NW_NO; wish <= NW_YES; wish++) {
		struct neighbor_move m = neighbor_decide(IN, ON, (enum neighbor_wish)wish);
		if (m.next == NS_FULL && IN != NS_FULL)
			ck_assert_msg(IN == NS_LOADING && ON == NE_LOADED, "%s on %s", neighbor_event_name(ON),
			    neighbor_state_name(IN));
	}
}
END_TEST

START_TEST(whoever_falls_below_exstart_forgets_the_lists)
{
	for (int wish = NW_NO; wish <= NW_YES; wish++) {
		struct neighbor_move m = neighbor_decide(IN, ON, (enum neighbor_wish)wish);
		if (IN >= NS_EXSTART && m.next < NS_EXSTART)
			ck_assert_msg(m.acts & NA_CLEAR, "%s on %s", neighbor_event_name(ON), neighbor_state_name(IN));
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd fsm");
	TCase *t = tcase_create("RFC 2328 9.3, 10.3");

	tcase_add_test(t, the_matrix_of_interfaces_is_the_one_that_was_reviewed);
	tcase_add_test(t, the_matrix_of_neighbors_is_the_one_that_was_reviewed);
	tcase_add_test(t, the_matrix_of_synchronization_is_the_one_that_was_reviewed);
	tcase_add_test(t, no_state_is_in_step_but_after_labels_came);
	tcase_add_loop_test(t, only_whoever_loaded_everything_is_full, 0, NS_COUNT * NE_COUNT);
	tcase_add_loop_test(t, whoever_falls_below_exstart_forgets_the_lists, 0, NS_COUNT * NE_COUNT);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
