/*
 * Configurations made at random from the rows of all daemons: what was taken prints in a form that is taken again and
 * prints the same, and there is no row whose line gets lost. $PENULT_SEED makes one run of it.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "bfdd/commands.h"
#include "bfdd/config.h"
#include "bfdd/print.h"
#include "fibd/commands.h"
#include "fibd/config.h"
#include "fibd/print.h"
#include "igpd/commands.h"
#include "igpd/config.h"
#include "igpd/print.h"
#include "host/command_internal.h"
#include "ldpd/commands.h"
#include "ldpd/config.h"
#include "ldpd/print.h"
#include "l2vpnd/commands.h"
#include "l2vpnd/print.h"
#include "l3vpnd/commands.h"
#include "l3vpnd/print.h"
#include "tests/helper/check.h"
#include <string.h>

static struct rng rng;

static uint32_t
one_of(uint32_t count)
{
	return (uint32_t)rng_below(&rng, count);
}
#define PICK(list) (list)[one_of((uint32_t)COUNT(list))]

/* --- a line of a template --- */

/* A word that has a form of its own; NULL: any will do. */
static const char *
word_of(const char *name)
{
	static const char *const numbers[] = { "100", "100", "100", "65410", "1.10", "4200000000" };
	static const char *const rds[] = { "100:1", "100:2", "10.0.0.1:7", "70000:1", "0:5" };
	static const char *const targets[] = { "111:1", "111:1 222:2 both", "10.0.0.1:1 import-extcommunity",
		"70000:5 111:1 export-extcommunity" };
	static const char *const instances[] = { "A", "B", "b" };

	static const char *const communities[] = { "100:1", "100:2 no-export additive", "none",
		"internet 65535:65535" };
	static const char *const rts[] = { "rt 111:1", "rt 111:1 rt 10.0.0.1:2 additive" };
	static const char *const expressions[] = { "^100_", "_200$", "^$", ".*" };
	static const char *const longer[] = { "100 additive", "100 200 4200000000 additive" };

	if (strcmp(name, "communities") == 0)
		return PICK(communities);
	if (strcmp(name, "rts") == 0)
		return PICK(rts);
	if (strcmp(name, "regex") == 0)
		return PICK(expressions);
	if (strcmp(name, "path") == 0)
		return PICK(longer);
	return strcmp(name, "as") == 0                               ? PICK(numbers)
	       : strcmp(name, "rd") == 0 || strcmp(name, "soo") == 0 ? PICK(rds)
	       : strcmp(name, "targets") == 0                        ? PICK(targets)
	       : strcmp(name, "vrf") == 0                            ? PICK(instances)
								     : NULL;
}

/* Few values, so that lines are about the same things. */
static void
say_param(const struct node *n, struct text *out)
{
	static const char *const addresses[] = { "10.0.12.1", "10.0.0.0", "10.1.0.0", "0.0.0.0", "4.4.4.4", "5.5.5.5",
		"1.1.1.1", "224.0.0.5", "172.16.0.0", "172.16.0.9" };
	static const char *const addresses6[] = { "2001:db8::", "2001:db8::1", "2001:db8:1::", "fe80::1", "::" };
	static const char *const masks[] = { "8", "16", "24", "30", "32", "0", "255.255.0.0", "255.255.255.0",
		"255.255.255.255" };
	static const char *const prefixes6[] = { "2001:db8::1/64", "2001:db8:1::2/48", "fe80::1/64",
		"2001:db8::3/128" };
	static const char *const interfaces[] = { "GigabitEthernet0/1/0", "gigabitethernet 0/1/0",
		"GigabitEthernet0/10/0", "LoopBack1", "LoopBack2", "eth0", "ETH0", "eth01", "GigabitEthernet0/1/0.7" };
	static const char *const words[] = { "A", "B", "b", "CORE", "%^3fa69d9661df98", "pear" };
	static const char *const texts[] = { "to the east", "a", "100% | of #1 \"quoted\"", "permit",
		"\xc3\xa9t\xc3\xa9" };

	static const char *const peers[] = { "10.0.12.1", "4.4.4.4", "2001:db8::1", "5.5.5.5", "2001:db8::2",
		"0.0.0.0" };

	if (word_of(n->name) && (strcmp(n->word, "word") == 0 || strcmp(n->word, "text") == 0))
		text_add(out, "%s", word_of(n->name));
	else if (strcmp(n->word, "ip") == 0)
		text_add(out, "%s", PICK(peers));
	else if (n->high && one_of(3))
		text_add(out, "%u", n->low + one_of(n->high - n->low < 40 ? n->high - n->low + 1 : 40));
	else if (n->high)
		text_add(out, "%u", one_of(2) ? n->low : n->high);
	else if (strcmp(n->word, "address6") == 0)
		text_add(out, "%s", PICK(addresses6));
	else if (strcmp(n->word, "mask") == 0)
		text_add(out, "%s", PICK(masks));
	else if (strncmp(n->word, "prefix6", 7) == 0)
		text_add(out, "%s", PICK(prefixes6));
	else if (strcmp(n->word, "ifname") == 0)
		text_add(out, "%s", PICK(interfaces));
	else if (strcmp(n->word, "word") == 0)
		text_add(out, "%s", PICK(words));
	else if (strcmp(n->word, "text") == 0)
		text_add(out, "%s", PICK(texts));
	else
		text_add(out, "%s", PICK(addresses));
}

static void
say_nodes(const struct node *n, struct text *out)
{
	for (; n; n = n->next) {
		bool group = n->kind == NODE_OPTION || n->kind == NODE_CHOICE;
		if (!group) {
			text_add(out, "%s", out->size ? " " : "");
			if (n->kind == NODE_WORD)
				text_add(out, "%s", n->word);
			else
				say_param(n, out);
			continue;
		}
		if (n->kind == NODE_OPTION && one_of(2))
			continue;
		size_t first = one_of((uint32_t)n->alternative_count);
		size_t count = n->star ? 1 + one_of((uint32_t)n->alternative_count) : 1;
		for (size_t i = 0; i < count; i++)
			say_nodes(n->alternatives[(first + i) % n->alternative_count], out);
	}
}

static void
say_line(const char *template, struct text *out)
{
	struct arena arena;
	struct text line = { 0 };
	char why[160];

	arena_init(&arena);
	const struct node *n = template_parse(template, &arena, why);
	ck_assert_msg(n, "%s: %s", template, why);
	say_nodes(n, &line);
	text_add(out, "%s", text_chars(&line));
	text_free(&line);
	arena_free(&arena);
}

/* --- a line of the file, with what opens its view --- */

/* Refused in any form, as what it undoes is how it is; or printed whether it was said or not. */
static bool
says_nothing(const struct grammar_row *g)
{
	return strcmp(g->words, "synchronization") == 0 || strcmp(g->words, "ipv4-family unicast") == 0 ||
	       strstr(g->words, "max-atm-cells") || strstr(g->words, "jitter-buffer");
}

/* Says how it is anyway; only its undo form is seen. */
static bool
is_usual(const struct grammar_row *g)
{
	bool inside = g->view == VIEW_BGP_INSTANCE4 || g->view == VIEW_BGP_INSTANCE6;

	return (inside && strcmp(g->words, "peer <ip>:peer enable") == 0) ||
	       strcmp(g->words, "default ipv4-unicast") == 0 || strcmp(g->words, "graceful-restart") == 0 ||
	       strcmp(g->words, "policy vpn-target") == 0 || strcmp(g->words, "interface-parameter-type vccv") == 0;
}

/* Opens a view that another row has made. */
static bool
reopens(const struct grammar_row *g)
{
	return strcmp(g->words, "bfd <word>:name") == 0;
}

static const struct grammar_row *
opener_of(enum view view)
{
	const struct grammar_row *found[8] = { 0 };
	uint32_t count = 0;

	for (const struct grammar_row *g = grammar; g->daemon; g++)
		if (g->enters == view && !reopens(g) && count < COUNT(found))
			found[count++] = g;
	ck_assert_msg(count, "nothing opens the %s view", view_name(view));
	return found[one_of(count)];
}

/* The lines that open a view, from the outermost. */
static void
say_openers(enum view view, struct text *out)
{
	if (view == VIEW_SYSTEM)
		return;
	const struct grammar_row *g = opener_of(view);
	say_openers(g->view, out);
	say_line(g->words, out);
	text_add(out, "\n ");
}

/* Lines without which a row makes no sense: the instances that something may be in, the peers that it is about. */
static void
say_needs(const struct grammar_row *g, struct text *out)
{
	static const char *const instances[] = { "A", "B", "b" };
	bool inside = g->view == VIEW_BGP_INSTANCE4 || g->view == VIEW_BGP_INSTANCE6 || strstr(g->words, "family vpn-");
	bool bgp = g->view >= VIEW_BGP && g->view <= VIEW_BGP_INSTANCE6,
	     peer = bgp && strstr(g->words, "peer") && !strstr(g->words, "as-number");

	if (strcmp(g->daemon, "l2vpnd") == 0 && strcmp(g->words, "mpls l2vpn") != 0)
		text_add(out, "mpls l2vpn\n#\npw-template A\n peer-address 4.4.4.4\n#\ntunnel-policy A\n#\n");
	for (size_t i = 0; i < COUNT(instances) && (inside || strncmp(g->words, "ip binding", 10) == 0); i++)
		text_add(out, "ip vpn-instance %s\n ipv4-family\n ipv6-family\n#\n", instances[i]);
	if (peer && !inside)
		text_add(out, "bgp 100\n peer 4.4.4.4 as-number 100\n peer 10.0.12.1 as-number 65410\n"
			      " peer 2001:db8::1 as-number 65410\n#\n");
	for (size_t i = 0; i < COUNT(instances) && peer && inside; i++)
		text_add(out, "bgp 100\n %s vpn-instance %s\n  peer %s as-number 65410\n  peer %s as-number 100\n#\n",
		    g->view == VIEW_BGP_INSTANCE4 ? "ipv4-family" : "ipv6-family", instances[i],
		    g->view == VIEW_BGP_INSTANCE4 ? "10.0.12.1" : "2001:db8::1",
		    g->view == VIEW_BGP_INSTANCE4 ? "4.4.4.4" : "2001:db8::2");
}

/* Returns where in the text the command itself begins, behind what opens its view. */
static size_t
say_command(const struct grammar_row *g, bool undo, struct text *out)
{
	say_needs(g, out);
	say_openers(g->view, out);
	size_t begin = out->size;
	if (undo)
		text_add(out, "undo ");
	say_line(undo && g->undo ? g->undo : g->words, out);
	text_add(out, "\n#\n");
	return begin;
}

/* --- the daemons --- */

static bool
take(const char *text, struct text *ret_printed, struct text *why)
{
	struct conf_errors errors = { 0 }, others = { 0 }, more = { 0 }, last = { 0 }, vpns = { 0 }, pws = { 0 };
	struct conf_lines lines = { 0 };
	struct fib_config *fib = fib_conf.fresh();
	struct ldp_config *ldp = ldp_conf.fresh();
	struct bfd_config *bfd = bfd_conf.fresh();
	struct igp_config *igp = igp_conf.fresh();
	struct l3vpn_config *vpn = l3vpn_conf.fresh();
	struct l2vpn_config *l2vpn = l2vpn_conf.fresh();
	bool good = conf_read_text("random.conf", text, fib_conf.rows, fib, &errors) == 0;

	good &= conf_read_text("random.conf", text, ldp_conf.rows, ldp, &others) == 0;
	good &= conf_read_text("random.conf", text, bfd_conf.rows, bfd, &more) == 0;
	good &= conf_read_text("random.conf", text, igp_conf.rows, igp, &last) == 0;
	good &= conf_read_text("random.conf", text, l3vpn_conf.rows, vpn, &vpns) == 0 &&
		conf_check(&l3vpn_conf, "random.conf", vpn, &vpns) == 0;
	good &= conf_read_text("random.conf", text, l2vpn_conf.rows, l2vpn, &pws) == 0 &&
		conf_check(&l2vpn_conf, "random.conf", l2vpn, &pws) == 0;
	text_clear(why);
	text_add(why, "%s%s%s%s%s%s", text_chars(&errors.text), text_chars(&others.text), text_chars(&more.text),
	    text_chars(&last.text), text_chars(&vpns.text), text_chars(&pws.text));
	text_clear(ret_printed);
	if (good) {
		fib_print(fib, &lines);
		ldp_print(ldp, &lines);
		bfd_print(bfd, &lines);
		igp_print(igp, &lines);
		l2vpn_print(l2vpn, &lines);
		l3vpn_print(vpn, &lines);
		conf_lines_print(&lines, ret_printed);
	}
	conf_lines_free(&lines);
	conf_errors_free(&errors);
	conf_errors_free(&others);
	conf_errors_free(&more);
	conf_errors_free(&last);
	conf_errors_free(&vpns);
	conf_errors_free(&pws);
	fib_conf.drop(fib);
	ldp_conf.drop(ldp);
	bfd_conf.drop(bfd);
	igp_conf.drop(igp);
	l3vpn_conf.drop(vpn);
	l2vpn_conf.drop(l2vpn);
	return good;
}

enum { RUNS = 250, LINES = 40, TRIES = 300, UNDO_TRIES = 80 };

START_TEST(what_was_taken_is_printed_taken_again_and_printed_the_same)
{
	struct text file = { 0 }, first = { 0 }, second = { 0 }, why = { 0 };
	const char *given = getenv("PENULT_SEED");
	uint64_t seed = (given ? strtoull(given, NULL, 10) : 1000) + (uint64_t)_i;
	uint32_t rows = 0, accepted = 0;

	rng_seed(&rng, seed);
	while (grammar[rows].daemon)
		rows++;
	for (int i = 0; i < LINES; i++) {
		const struct grammar_row *g = &grammar[one_of(rows)];
		struct text more = { 0 };
		text_add(&more, "%s", text_chars(&file));
		say_command(g, (!g->undo || *g->undo) && !one_of(4), &more);
		if (take(text_chars(&more), &first, &why)) {
			text_clear(&file);
			text_add(&file, "%s", text_chars(&more));
			accepted++;
		}
		text_free(&more);
	}
	ck_assert_uint_gt(accepted, LINES / 10); /* or nothing was tried */
	ck_assert(take(text_chars(&file), &first, &why));
	ck_assert_msg(take(text_chars(&first), &second, &why),
	    "PENULT_SEED=%llu: it is not taken again: %s\nof\n%s\nprinted\n%s", (unsigned long long)seed,
	    text_chars(&why), text_chars(&file), text_chars(&first));
	ck_assert_msg(strcmp(text_chars(&first), text_chars(&second)) == 0,
	    "PENULT_SEED=%llu:\n%s\nprinted\n%s\nand again\n%s", (unsigned long long)seed, text_chars(&file),
	    text_chars(&first), text_chars(&second));
	text_free(&file);
	text_free(&first);
	text_free(&second);
	text_free(&why);
}
END_TEST

/* Some line of it, alone, is seen in what is printed. */
START_TEST(no_row_gets_lost)
{
	struct text with = { 0 }, without = { 0 }, file = { 0 }, why = { 0 };

	rng_seed(&rng, 7);
	for (const struct grammar_row *g = grammar; g->daemon; g++) {
		bool seen = false;
		if (g->enters == VIEW_REMOTE_PEER || reopens(g) ||
		    says_nothing(g)) /* a name alone says nothing; its address does */
			continue;
		for (int i = 0; i < TRIES && !seen; i++) {
			text_clear(&file);
			size_t begin = say_command(g, is_usual(g), &file);
			if (!take(text_chars(&file), &with, &why))
				continue;
			file.chars[begin] = '\0'; /* what opens its view stays */
			ck_assert(take(file.chars, &without, &why));
			seen = strcmp(text_chars(&with), text_chars(&without)) != 0;
		}
		ck_assert_msg(
		    seen, "%s's `%s` is never printed; the last refusal: %s", g->daemon, g->words, text_chars(&why));
	}
	text_free(&with);
	text_free(&without);
	text_free(&file);
	text_free(&why);
}
END_TEST

/* Each undoes what it says: the configuration prints as if both had not been. */
START_TEST(every_line_can_be_undone_as_it_was_said)
{
	struct text with = { 0 }, without = { 0 }, file = { 0 }, why = { 0 }, line = { 0 };

	rng_seed(&rng, 8);
	for (const struct grammar_row *g = grammar; g->daemon; g++) {
		if (g->undo || g->enters)
			continue;
		unsigned tried = 0;
		for (int i = 0; i < UNDO_TRIES; i++) {
			text_clear(&file);
			text_clear(&line);
			say_needs(g, &file);
			say_openers(g->view, &file);
			text_add(&file, "\n");
			if (!take(text_chars(&file), &without, &why))
				continue; /* what opens its view was no good itself */
			tried++;
			say_line(g->words, &line);
			text_add(&file, " %s\n undo %s\n", text_chars(&line), text_chars(&line));
			if (take(text_chars(&file), &with, &why))
				ck_assert_msg(strcmp(text_chars(&with), text_chars(&without)) == 0,
				    "%s\nprints\n%s\nand not\n%s", text_chars(&file), text_chars(&with),
				    text_chars(&without));
		}
		ck_assert_msg(tried, "the view of %s's `%s` was never opened", g->daemon, g->words);
	}
	text_free(&with);
	text_free(&without);
	text_free(&file);
	text_free(&why);
	text_free(&line);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("round trip");
	TCase *c = tcase_create("load, print, load");

	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, what_was_taken_is_printed_taken_again_and_printed_the_same, 0, RUNS);
	tcase_add_test(c, no_row_gets_lost);
	tcase_add_test(c, every_line_can_be_undone_as_it_was_said);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
