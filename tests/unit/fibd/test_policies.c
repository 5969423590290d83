/* Tunnel policies: what pseudowires and VPN routes may take, what is said where nothing is permitted, and the lines that say it. */
#include "fibd/commands.h"
#include "fibd/display.h"
#include "fibd/print.h"
#include "host/conf_print.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world_tc.h"
#include <stdio.h>
#include <string.h>

#define FRAME(is) ck_assert_str_eq(world_frame(w, 7), is)
#define RED "ip vpn-instance red\n"
/* 2.2.2.2 behind both links, each with an LSP. */
#define TWICE                                                             \
	"ip route-static 2.2.2.2 255.255.255.255 10.0.1.2 preference 5\n" \
	"ip route-static 2.2.2.2 255.255.255.255 10.0.2.2 preference 5\n"
#define ONE_LSP "tunnel-policy P\n tunnel select-seq lsp load-balance-number 1\n#\n"
#define TWO_LSPS "tunnel-policy P\n tunnel select-seq cr-lsp lsp load-balance-number 2\n#\n"
#define CR_ONLY "tunnel-policy P\n tunnel select-seq cr-lsp load-balance-number 1\n#\n"
#define NONE "tunnel policy `P` takes cr-lsp only, and there is none"
#define UNDEFINED "there is no tunnel policy `P`"

static struct world *w;

static void
setup(void)
{
	w = world_pw();
}

static void
teardown(void)
{
	world_free(w);
}

static void
start(const char *config)
{
	world_pe_start(w);
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 200, 10.0.2.2 2 300", 1);
	world_config(w, config);
	world_run(w);
}

static void
configure(const char *config)
{
	world_config(w, config);
	world_run(w);
}

static void
circuit(const char *paths)
{
	world_circuit(w, &(struct world_circuit){ "eth7", .paths = paths, .turn = 1 }, 1);
	world_run(w);
}

static const char *
trouble(void)
{
	return world_circuit_row(w, "eth7")->paths[0]->trouble;
}

static const Fib__TunnelPolicy *
policy_row(const char *name)
{
	struct table *t = world_table(w, "fib.TunnelPolicy");

	for (const struct row *r = t->oldest; r; r = r->newer) {
		Fib__TunnelPolicy *m = arena_take(&w->arena, sizeof *m);
		fib__tunnel_policy__init(m);
		t->fill(r, m, &w->arena);
		if (strcmp(m->name, name) == 0)
			return m;
	}
	return NULL;
}

/* --- pseudowires --- */

/* Of two LSPs the label 524288 takes the second, if nobody says otherwise. */
START_TEST(a_pseudowire_is_balanced_over_so_many_lsps_and_no_more)
{
	start(RED TWICE TWO_LSPS);
	circuit("2.2.2.2 100 600001 524288");
	const char *free_choice = world_frame(w, 7);
	bool second_seen = false, first_seen = false;
	for (int i = 0; i < 16; i++) {
		char paths[64];
		snprintf(paths, sizeof paths, "2.2.2.2 100 600001 %d by P", 524288 + i);
		circuit(paths);
		first_seen |= strcmp(world_frame(w, 7), "1: 200/600001 mac 2") == 0;
		second_seen |= strcmp(world_frame(w, 7), "2: 300/600001 mac 3") == 0;
	}
	ck_assert(first_seen && second_seen);
	configure(RED TWICE ONE_LSP);
	for (int i = 0; i < 16; i++) {
		char paths[64];
		snprintf(paths, sizeof paths, "2.2.2.2 100 600001 %d by P", 524288 + i);
		circuit(paths);
		FRAME("1: 200/600001 mac 2");
		ck_assert_str_eq(trouble(), "");
	}
	circuit("2.2.2.2 100 600001 524288"); /* who names none takes what it took */
	FRAME(free_choice);
}
END_TEST

START_TEST(the_other_lsp_is_taken_when_the_one_that_is_permitted_goes)
{
	start(RED TWICE ONE_LSP);
	circuit("2.2.2.2 100 600001 524288 by P");
	FRAME("1: 200/600001 mac 2");
	world_carrier(w, 1, false);
	world_run(w);
	FRAME("2: 300/600001 mac 3");
}
END_TEST

START_TEST(a_policy_without_lsps_gives_none_and_says_so_until_it_permits_them)
{
	start(RED CR_ONLY);
	circuit("2.2.2.2 100 600001 524288 by P");
	FRAME("dropped");
	ck_assert_str_eq(trouble(), NONE);
	ck_assert(!world_circuit_row(w, "eth7")->paths[0]->lsp);
	configure(RED ONE_LSP);
	FRAME("1: 200/600001 mac 2");
	ck_assert_str_eq(trouble(), "");
	configure(RED "tunnel-policy P\n tunnel select-seq gre cr-lsp load-balance-number 1\n");
	FRAME("dropped");
	ck_assert_str_eq(trouble(), "tunnel policy `P` takes cr-lsp and gre only, and there are none");
	configure(RED "tunnel-policy P\n tunnel select-seq gre load-balance-number 1\n");
	ck_assert_str_eq(trouble(), "tunnel policy `P` takes gre only, and there is none");
	configure(RED "tunnel-policy P\n"); /* empty: whatever there is */
	FRAME("1: 200/600001 mac 2");
	configure(RED);
	FRAME("dropped");
	ck_assert_str_eq(trouble(), UNDEFINED);
}
END_TEST

START_TEST(a_bound_destination_has_no_tunnel_unless_lsps_may_stand_in)
{
	start(RED "tunnel-policy P\n tunnel binding destination 2.2.2.2 te Tunnel1\n");
	circuit("2.2.2.2 100 600001 524288 by P,3.3.3.3 200 600002 524289 by P");
	ck_assert_str_eq(trouble(), "tunnel policy `P` binds 2.2.2.2 to a TE tunnel, and there is none");
	FRAME("2: 300/600002 mac 3"); /* of the other destination nothing is said */
	configure(RED "tunnel-policy P\n tunnel binding destination 2.2.2.2 te Tunnel1 down-switch\n");
	ck_assert_str_eq(trouble(), "");
	ck_assert(world_circuit_row(w, "eth7")->paths[0]->sends);
}
END_TEST

START_TEST(two_pseudowires_to_one_peer_go_by_a_policy_each)
{
	start(RED CR_ONLY);
	circuit("2.2.2.2 100 600001 524288 by P,2.2.2.2 200 600002 524289");
	FRAME("1: 200/600002 mac 2");
	ck_assert_str_eq(trouble(), NONE);
	ck_assert(world_circuit_row(w, "eth7")->paths[1]->sends);
}
END_TEST

/* --- VPN instances --- */

#define BY_P RED " ipv4-family\n  tnl-policy P\n#\n"

START_TEST(an_instances_routes_share_so_many_lsps_and_no_more)
{
	start(BY_P TWICE ONE_LSP);
	TELL("red", VPN, TO_PE2);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001");
	configure(BY_P TWICE TWO_LSPS);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001 10.0.2.2@2/300/800001");
	configure(RED TWICE ONE_LSP); /* of no concern to it */
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001 10.0.2.2@2/300/800001");
}
END_TEST

START_TEST(an_instances_routes_are_inactive_where_no_lsp_is_permitted)
{
	start(BY_P CR_ONLY);
	TELL("red", VPN, TO_PE2);
	VRF_ROUTE(VPN, "none");
	w->look_in = PE_RED;
	ck_assert_str_eq(world_row(w, VPN)->entries[0]->inactive, NONE);
	configure(BY_P ONE_LSP);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001");
	configure(BY_P);
	VRF_ROUTE(VPN, "none");
	ck_assert_str_eq(world_row(w, VPN)->entries[0]->inactive, UNDEFINED);
}
END_TEST

START_TEST(a_policy_is_of_one_family_and_goes_with_it)
{
	start(RED " ipv6-family\n  tnl-policy P\n#\n" CR_ONLY);
	TELL("red", VPN, TO_PE2);
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001");
	TELL("red", "2001:db8:9::/48", TO_PE2);
	VRF_ROUTE("2001:db8:9::/48", "none");
	configure(RED " ipv6-family\n  tnl-policy P\n undo ipv6-family\n#\n" CR_ONLY);
	VRF_ROUTE("2001:db8:9::/48", "10.0.1.2@1/200/800001");
}
END_TEST

/* So BGP can take another provider edge. */
START_TEST(bgp_is_told_what_the_policy_that_it_names_leaves)
{
	start(RED "tunnel-policy P\n tunnel binding destination 2.2.2.2 te Tunnel1\n");
	world_question(w, "", "2.2.2.2", false, 1);
	world_question_by(w, "", "2.2.2.2", "P", false, 1);
	world_question_by(w, "", "3.3.3.3", "P", false, 1);
	world_run(w);
	ANSWER("", "2.2.2.2", "reachable by LSP cost 5");
	ck_assert_str_eq(world_answer_by(w, "", "2.2.2.2", "P"),
	    "reachable cost 5: tunnel policy `P` binds 2.2.2.2 to a TE tunnel, and there is none");
	ck_assert_str_eq(world_answer_by(w, "", "3.3.3.3", "P"), "reachable by LSP cost 9");
	configure(RED ONE_LSP);
	ck_assert_str_eq(world_answer_by(w, "", "2.2.2.2", "P"), "reachable by LSP cost 5");
	configure(RED);
	ck_assert_str_eq(world_answer_by(w, "", "2.2.2.2", "P"), "reachable cost 5: " UNDEFINED);
	world_question_by(w, "", "2.2.2.2", "P", true, 1);
	ck_assert_str_eq(world_answer_by(w, "", "2.2.2.2", "P"), "none");
	ANSWER("", "2.2.2.2", "reachable by LSP cost 5");
}
END_TEST

START_TEST(after_a_restart_nothing_is_taken_away_before_all_is_known)
{
	start(BY_P TWICE ONE_LSP);
	TELL("red", VPN, TO_PE2);
	circuit("2.2.2.2 100 600001 524288 by P");
	unsigned filters = w->tc->filter_ops, routes = w->route_ops;
	world_restart(w);
	world_tell_all(w);
	configure(BY_P TWICE ONE_LSP);
	world_vpn_route(w, "red", VPN, TO_PE2, 1);
	circuit("2.2.2.2 100 600001 524288 by P");
	world_pe_igp(w, 1);
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 200, 10.0.2.2 2 300", 1);
	world_lsp(w, "3.3.3.3/32", 1025, "10.0.2.2 2 300", 1);
	world_lsps_synced(w, 1);
	world_run(w);
	FRAME("1: 200/600001 mac 2");
	VRF_ROUTE(VPN, "10.0.1.2@1/200/800001");
	ck_assert_uint_eq(w->tc->filter_ops, filters);
	ck_assert_uint_eq(w->route_ops, routes);
}
END_TEST

/* --- what is shown --- */

START_TEST(the_row_tells_what_it_takes_and_who_names_it)
{
	start(BY_P "tunnel-policy P\n description to the east\n tunnel select-seq lsp cr-lsp load-balance-number 2\n");
	circuit("2.2.2.2 100 600001 524288 by P,3.3.3.3 200 600002 524289 by Q");
	const Fib__TunnelPolicy *p = policy_row("P"), *q = policy_row("Q");
	ck_assert(p && p->defined && q && !q->defined);
	ck_assert_str_eq(p->description, "to the east");
	ck_assert_uint_eq(p->n_kinds, 2);
	ck_assert_str_eq(p->kinds[1], "cr-lsp");
	ck_assert_uint_eq(p->balance, 2);
	ck_assert_uint_eq(p->pseudowires, 1);
	ck_assert_uint_eq(p->n_instances, 1);
	ck_assert_str_eq(p->instances[0], "red (IPv4)");
	ck_assert_str_eq(p->trouble, "");
	ck_assert_str_eq(q->trouble, "there is no tunnel policy `Q`");
	circuit("2.2.2.2 100 600001 524288 by P");
	ck_assert_ptr_null(policy_row("Q"));
	world_circuit_gone(w, "eth7");
	configure(RED);
	ck_assert_ptr_null(policy_row("P"));
}
END_TEST

START_TEST(the_display_says_it_in_words)
{
	start(RED CR_ONLY "tunnel-policy B\n description to the west\n"
			  " tunnel binding destination 3.3.3.3 te Tunnel1 down-switch\n");
	const Fib__TunnelPolicy *rows[] = { policy_row("P"), policy_row("B") };
	struct row_set set = { .rows = (ProtobufCMessage **)rows, .count = 2, .complete = true };
	struct text out = { 0 };
	struct args *args = args_new(NULL);
	struct show show = { .tables = &set, .table_count = 1, .args = args, .out = &out };
	char word[] = "P", other[] = "none", *words[] = { word }, why[160];
	size_t far;

	ck_assert_int_eq(fib_show_policies(&show), 0);
	ck_assert_str_eq(text_chars(&out),
	    "Tunnel policy P\n  Select sequence: cr-lsp\n  Load balance   : 1\n  Pseudowires    : 0\n"
	    "  VPN instances  : -\n  Trouble        : " NONE "\n"
	    "Tunnel policy B\n  Description    : to the west\n  Select sequence: -\n  Load balance   : all\n"
	    "  Binding        : 3.3.3.3 to Tunnel1, LSPs without it\n  Pseudowires    : 0\n  VPN instances  : "
	    "-\nTOTAL: 2\n");
	ck_assert_int_eq(command_match("[ <word>:policy ]", words, 1, false, args, &far, why), MATCH_YES);
	ck_assert(fib_keep_policy((const ProtobufCMessage *)rows[0], args));
	ck_assert(!fib_keep_policy((const ProtobufCMessage *)rows[1], args));
	words[0] = other;
	args_free(args);
	show.args = args = args_new(NULL);
	ck_assert_int_eq(command_match("[ <word>:policy ]", words, 1, false, args, &far, why), MATCH_YES);
	set.count = 0;
	ck_assert_int_eq(fib_show_policies(&show), 1);
	args_free(args);
	text_free(&out);
}
END_TEST

/* --- what can be said --- */

static struct fib_config c;
static struct conf_errors errors;

static int
read_text(const char *text)
{
	fib_config_free(&c);
	conf_errors_free(&errors);
	errors = (struct conf_errors){ 0 };
	return conf_read_text("router.conf", text, fib_commands, &c, &errors) ||
	       conf_check(&fib_conf, "router.conf", &c, &errors);
}

static void
forget(void)
{
	fib_config_free(&c);
	conf_errors_free(&errors);
}

static const struct {
	const char *text, *printed, *warning;
} taken[] = {
	{ "tunnel-policy P\n", "tunnel-policy P\n", "" },
	{ "tunnel-policy P\n description to the east\n tunnel select-seq lsp load-balance-number 2\n",
	    "tunnel-policy P\n description to the east\n tunnel select-seq lsp load-balance-number 2\n", "" },
	{ "tunnel-policy P\n tunnel select-seq gre lsp cr-lsp load-balance-number 64\n",
	    "tunnel-policy P\n tunnel select-seq lsp cr-lsp gre load-balance-number 64\n", "are passed over" },
	{ CR_ONLY, "tunnel-policy P\n tunnel select-seq cr-lsp load-balance-number 1\n",
	    "what names P cannot send until `lsp` is in the sequence" },
	{ "tunnel-policy P\n tunnel binding destination 2.2.2.2 te Tunnel1\n tunnel binding destination 3.3.3.3 te "
	  "Tunnel2 down-switch ignore-destination-check\n",
	    "tunnel-policy P\n tunnel binding destination 2.2.2.2 te Tunnel1\n tunnel binding destination 3.3.3.3 te "
	    "Tunnel2 ignore-destination-check down-switch\n",
	    "nothing is sent there until `down-switch` permits LSPs" },
	{ "tunnel-policy P\n description x\n tunnel select-seq lsp load-balance-number 1\n undo description\n"
	  " undo tunnel select-seq\n tunnel binding destination 2.2.2.2 te Tunnel1\n"
	  " undo tunnel binding destination 2.2.2.2\n",
	    "tunnel-policy P\n", "" },
	{ "tunnel-policy P\n#\ntunnel-policy Q\n#\nundo tunnel-policy P\n", "tunnel-policy Q\n", "" },
	{ BY_P ONE_LSP RED " ipv4-family\n  undo tnl-policy\n#\nundo tunnel-policy P\n", "ip vpn-instance red\n", "" },
};

START_TEST(each_form_is_taken_and_printed)
{
	struct conf_lines lines = { 0 };
	struct text out = { 0 };

	ck_assert_msg(read_text(taken[_i].text) == 0, "refused: %s", text_chars(&errors.text));
	ck_assert_msg(strstr(text_chars(&errors.text), taken[_i].warning), "it says: %s", text_chars(&errors.text));
	fib_print(&c, &lines);
	conf_lines_print(&lines, &out);
	ck_assert_msg(strstr(text_chars(&out), taken[_i].printed), "%s", text_chars(&out));
	conf_lines_free(&lines);
	text_free(&out);
	forget();
}
END_TEST

static const struct {
	const char *text, *because;
} refused[] = {
	{ BY_P, "router.conf:3: there is no tunnel policy P; define it with `tunnel-policy P`" },
	{ RED " ipv6-family\n  tnl-policy P\n", "router.conf:3: there is no tunnel policy P" },
	{ "tunnel-policy P\n tunnel select-seq lsp load-balance-number 65\n", "1-64" },
	{ "tunnel-policy P\n tunnel select-seq load-balance-number 1\n", "lsp" },
	{ "tunnel-policy P\n tunnel select-seq lsp load-balance-number 1\n tunnel binding destination 2.2.2.2 te T1\n",
	    "router.conf:3: P has a sequence of tunnels" },
	{ "tunnel-policy P\n tunnel binding destination 2.2.2.2 te T1\n tunnel select-seq lsp load-balance-number 1\n",
	    "router.conf:3: P binds destinations to tunnels" },
	{ "tunnel-policy a-name-that-is-longer-than-any-name-may-be-\n description x\n", "router.conf:1:" },
};

START_TEST(what_breaks_a_rule_is_refused_with_its_line)
{
	ck_assert_msg(read_text(refused[_i].text) != 0, "accepted: %s", refused[_i].text);
	ck_assert_msg(strstr(text_chars(&errors.text), refused[_i].because), "the refusal does not say \"%s\": %s",
	    refused[_i].because, text_chars(&errors.text));
	forget();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd/policies");
	TCase *forwarding = tcase_create("forwarding"), *lines = tcase_create("lines");

	tcase_add_checked_fixture(forwarding, setup, teardown);
	tcase_add_test(forwarding, a_pseudowire_is_balanced_over_so_many_lsps_and_no_more);
	tcase_add_test(forwarding, the_other_lsp_is_taken_when_the_one_that_is_permitted_goes);
	tcase_add_test(forwarding, a_policy_without_lsps_gives_none_and_says_so_until_it_permits_them);
	tcase_add_test(forwarding, a_bound_destination_has_no_tunnel_unless_lsps_may_stand_in);
	tcase_add_test(forwarding, two_pseudowires_to_one_peer_go_by_a_policy_each);
	tcase_add_test(forwarding, an_instances_routes_share_so_many_lsps_and_no_more);
	tcase_add_test(forwarding, an_instances_routes_are_inactive_where_no_lsp_is_permitted);
	tcase_add_test(forwarding, a_policy_is_of_one_family_and_goes_with_it);
	tcase_add_test(forwarding, bgp_is_told_what_the_policy_that_it_names_leaves);
	tcase_add_test(forwarding, after_a_restart_nothing_is_taken_away_before_all_is_known);
	tcase_add_test(forwarding, the_row_tells_what_it_takes_and_who_names_it);
	tcase_add_test(forwarding, the_display_says_it_in_words);
	tcase_add_loop_test(lines, each_form_is_taken_and_printed, 0, COUNT(taken));
	tcase_add_loop_test(lines, what_breaks_a_rule_is_refused_with_its_line, 0, COUNT(refused));
	suite_add_tcase(s, forwarding);
	suite_add_tcase(s, lines);
	return s;
}

CHECK_MAIN(suite)
