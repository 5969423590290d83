/* `mpls ldp bfd`: neighbours whose path BFD watches. RFC 5882 section 4. */
#include "base/mem.h"
#include "proto/bfd.pb-c.h"
#include "tests/helper/check.h"
#include "tests/helper/ldp_script.h"
#include <string.h>

enum { PORT = 2 };
static struct script *s;

static void
watch(bool on)
{
	for (size_t i = 0; i < s->dut->config.interface_count; i++) {
		s->dut->config.interfaces[i].bfd = on;
		s->dut->config.interfaces[i].bfd_min_tx_ms = on ? 20 : 0;
	}
	ldp_node_configure(s->dut);
}

static void
setup(void)
{
	s = script_new("3.3.3.3");
	watch(true);
}

static void
teardown(void)
{
	script_free(s);
}

static void
told(Bfd__Verdict verdict, unsigned ups, const struct addr *peer, uint32_t ifindex, bool gone)
{
	Bfd__Session row = BFD__SESSION__INIT;
	struct addr a = *peer;

	row.name = (char *)(uintptr_t) "dynamic";
	row.peer = (ProtobufCBinaryData){ addr_size(&a), a.bytes };
	row.ifindex = ifindex;
	row.verdict = verdict;
	row.ups = ups;
	ldp_node_input(s->dut,
	    &(struct ldp_input){ .kind = LDP_IN_ROW, .table = LDP_BFD_SESSION, .row = &row, .gone = gone, .round = 1 });
}

static void
says(Bfd__Verdict verdict)
{
	told(verdict, 1, &s->source, PORT, false);
}

static size_t
requests(void)
{
	return ldp_node_rows(s->dut, "bfd.Request");
}

static size_t
adjacencies(void)
{
	return ldp_node_rows(s->dut, "ldp.Adjacency");
}

START_TEST(a_session_is_asked_for_with_the_first_hello_and_no_longer_without_them)
{
	ck_assert_uint_eq(requests(), 0);
	script_hello(s, 15);
	ck_assert_uint_eq(requests(), 1);
	ck_assert_uint_eq(adjacencies(), 1);
	script_run(s, 16 * USEC_PER_SEC);
	ck_assert_uint_eq(adjacencies(), 0);
	ck_assert_uint_eq(requests(), 0);
}
END_TEST

START_TEST(what_is_switched_on_later_counts_for_neighbours_that_are_there)
{
	watch(false);
	script_up(s);
	ck_assert_uint_eq(requests(), 0);
	watch(true);
	ck_assert_uint_eq(requests(), 1);
	says(BFD__VERDICT__DEAD);
	ck_assert_str_eq(script_state(s), "none");
	watch(false);
	ck_assert_uint_eq(requests(), 0);
	script_hello(s, 15);
	ck_assert_msg(adjacencies() == 1, "nobody watches any more: Hellos count");
}
END_TEST

START_TEST(a_dead_path_ends_the_session_at_once_and_hellos_do_not_bring_it_back_before_bfd_does)
{
	script_up(s);
	says(BFD__VERDICT__ALIVE);
	ck_assert_str_eq(script_state(s), "Operational");
	says(BFD__VERDICT__DEAD);
	ck_assert_str_eq(script_state(s), "none");
	ck_assert(ldp_node_logged(s->dut, "BFD: the path to it is dead"));
	for (int i = 0; i < 10; i++) {
		script_hello(s, 15);
		script_run(s, 5 * USEC_PER_SEC);
		ck_assert_uint_eq(adjacencies(), 0);
		ck_assert_uint_eq(requests(), 1);
	}
	ck_assert_uint_eq(ldp_node_interface(s->dut, PORT)->hellos_held, 10);
	unsigned hellos = s->hellos;
	says(BFD__VERDICT__ALIVE);
	ck_assert_msg(s->hellos > hellos, "it hears of us at once");
	script_hello(s, 15);
	ck_assert_uint_eq(adjacencies(), 1);
}
END_TEST

START_TEST(a_session_that_was_never_up_or_says_nothing_harms_nobody)
{
	script_up(s);
	told(BFD__VERDICT__DEAD, 0, &s->source, PORT, false);
	ck_assert_str_eq(script_state(s), "Operational");
	says(BFD__VERDICT__ALIVE);
	says(BFD__VERDICT__UNKNOWN);
	says(BFD__VERDICT__UNWATCHED);
	ck_assert_str_eq(script_state(s), "Operational");
	struct addr other = addr_v4(0x0a000063);
	told(BFD__VERDICT__DEAD, 1, &other, PORT, false);
	told(BFD__VERDICT__DEAD, 1, &s->source, PORT + 1, false);
	ck_assert_str_eq(script_state(s), "Operational");
}
END_TEST

START_TEST(a_session_that_is_gone_or_not_told_again_holds_nobody_off)
{
	script_up(s);
	says(BFD__VERDICT__DEAD);
	told(BFD__VERDICT__DEAD, 1, &s->source, PORT, true);
	script_hello(s, 15);
	ck_assert_uint_eq(adjacencies(), 1);
	says(BFD__VERDICT__DEAD);
	ck_assert_uint_eq(adjacencies(), 0);
	ldp_node_input(s->dut, &(struct ldp_input){ .kind = LDP_IN_LOST, .table = LDP_BFD_SESSION });
	script_hello(s, 15);
	ck_assert_msg(adjacencies() == 0, "a bfdd that is away has not changed its mind");
	ldp_node_input(s->dut, &(struct ldp_input){ .kind = LDP_IN_SYNCED, .table = LDP_BFD_SESSION, .round = 2 });
	script_hello(s, 15);
	ck_assert_uint_eq(adjacencies(), 1);
}
END_TEST

START_TEST(displays_say_what_bfd_says)
{
	struct ldp_node peer = { .lsr = s->lsr };

	script_hello(s, 15);
	ck_assert_str_eq(ldp_node_adjacency(s->dut, &peer)->bfd, "no session");
	says(BFD__VERDICT__UNKNOWN);
	ck_assert_str_eq(ldp_node_adjacency(s->dut, &peer)->bfd, "not up");
	says(BFD__VERDICT__ALIVE);
	ck_assert_str_eq(ldp_node_adjacency(s->dut, &peer)->bfd, "up");
	watch(false);
	ck_assert_str_eq(ldp_node_adjacency(s->dut, &peer)->bfd, "");
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("ldpd guard");
	TCase *t = tcase_create("neighbours that BFD watches");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_session_is_asked_for_with_the_first_hello_and_no_longer_without_them);
	tcase_add_test(t, what_is_switched_on_later_counts_for_neighbours_that_are_there);
	tcase_add_test(t, a_dead_path_ends_the_session_at_once_and_hellos_do_not_bring_it_back_before_bfd_does);
	tcase_add_test(t, a_session_that_was_never_up_or_says_nothing_harms_nobody);
	tcase_add_test(t, a_session_that_is_gone_or_not_told_again_holds_nobody_off);
	tcase_add_test(t, displays_say_what_bfd_says);
	suite_add_tcase(suite, t);
	return suite;
}
CHECK_MAIN(suite)
