/*
 * A daemon's side of loading a configuration in two phases: what is applied was checked, once, and is the sender's own.
 * The daemon is a process that reads the language of test_grammar.h.
 */
#include "host/candidate.h"
#include "tests/helper/bus.h"
#include "tests/helper/test_grammar.h"

static struct place place;
static struct child owner;
static struct arena arena;
static struct bus_client *client;
static int ready[2];
static char why[256];

/* --- the daemon --- */

static struct text runs;
static unsigned applied;

static void *
fresh(void)
{
	return NEW(struct here_config);
}

static void
drop(void *conf)
{
	if (conf)
		text_free(&((struct here_config *)conf)->said);
	free(conf);
}

static void
apply(void *ctx, void *conf, struct text *notes)
{
	const struct here_config *c = conf;

	(void)ctx;
	text_clear(&runs);
	text_add(&runs, "%s", text_chars(&c->said));
	text_add(notes, "applied %u", ++applied);
}

static void
print(void *ctx, struct conf_lines *out)
{
	char *copy = mem_text(text_chars(&runs)), *rest = NULL;

	(void)ctx;
	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		conf_say(out, CONF_STATIC_ROUTES, NULL, 0, "%s", line);
	free(copy);
}

static void
be_daemon(void *ctx)
{
	static const struct conf_kind kind = { .rows = here_commands, .fresh = fresh, .drop = drop };
	static const struct candidate_ops ops = { .kind = &kind, .apply = apply, .print = print };
	struct host *host = host_in(place.dir, "here");
	struct bus *bus = bus_open(host, "here");
	struct candidate *c = candidate_new(&ops, ctx);

	candidate_serve(c, bus, place.dir);
	ck_assert_int_eq(write(ready[1], "r", 1), 1);
	host_run(host);
}

static void
start_daemon(void)
{
	char r;

	owner = child_make(be_daemon, NULL);
	child_go(&owner);
	ck_assert_int_eq(read(ready[0], &r, 1), 1);
	client = bus_client_open(place.dir, "here", why);
	ck_assert_msg(client, "%s", why);
}

static void
setup(void)
{
	place_make(&place);
	ck_assert_int_eq(pipe(ready), 0);
	arena_init(&arena);
	start_daemon();
}

static void
teardown(void)
{
	bus_client_close(client);
	child_kill(&owner);
	arena_free(&arena);
	place_end(&place);
}

/* --- asking it --- */

static struct bus_answer
ask_bytes(const char *verb, uint64_t number, const void *bytes, size_t size)
{
	uint8_t *request = arena_take(&arena, size + 8);
	struct wire_writer w = wire_writer(request, size + 8);
	struct bus_answer a = { 0 };

	wire_put_u64(&w, number);
	wire_put_bytes(&w, bytes, size);
	int r = bus_client_request(client, verb, request, size + 8, 30 * USEC_PER_SEC, &arena, &a, why);
	ck_assert_msg(r == 0, "%s: %s", verb, why);
	return a;
}

static struct bus_answer
ask(const char *verb, uint64_t number, const char *text)
{
	return ask_bytes(verb, number, text, strlen(text));
}

static void
offer(uint64_t number, const char *text)
{
	ck_assert_int_eq(ask(CANDIDATE_BEGIN, number, "new.conf").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_ADD, number, text).status, 0);
}

/* Its lines from an offset on; *ret_total of the whole. */
static const char *
printed(uint64_t from, uint64_t *ret_total, uint32_t *ret_version)
{
	struct bus_answer a = ask_bytes(CANDIDATE_PRINT, from, NULL, 0);
	struct wire_reader r = wire_reader(a.bytes, a.size);

	*ret_version = wire_u32(&r);
	*ret_total = wire_u64(&r);
	size_t n = wire_left(&r);
	char *text = arena_take(&arena, n + 1);
	memcpy(text, wire_bytes(&r, n), n);
	ck_assert(wire_ok(&r));
	return text;
}

static const char *
running(void)
{
	uint64_t total;
	uint32_t version;

	return printed(0, &total, &version);
}

/* A line of the section of static routes, as it is packed. */
static const char *
packed(const char *text)
{
	static char line[128];

	snprintf(line, sizeof line, "%d\t0\t\t%s\n", CONF_STATIC_ROUTES, text);
	return line;
}

/* --- the tests --- */

START_TEST(what_was_checked_is_applied_once)
{
	offer(7, "mpls lsr-id 1.1.1.1\n");
	ck_assert_int_eq(ask(CANDIDATE_CHECK, 7, "").status, 0);
	ck_assert_str_eq(running(), "");
	struct bus_answer a = ask(CANDIDATE_APPLY, 7, "");
	ck_assert_int_eq(a.status, 0);
	ck_assert_str_eq(a.text, "applied 1");
	ck_assert_str_eq(running(), packed("lsr-id 1.1.1.1"));
	ck_assert_int_eq(ask(CANDIDATE_APPLY, 7, "").status, ESTALE);
	ck_assert_str_eq(running(), packed("lsr-id 1.1.1.1"));
}
END_TEST

START_TEST(what_was_not_checked_is_not_applied)
{
	offer(7, "mpls lsr-id 1.1.1.1\n");
	ck_assert_int_eq(ask(CANDIDATE_APPLY, 7, "").status, ESTALE);
	ck_assert_int_eq(ask(CANDIDATE_CHECK, 7, "").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_APPLY, 7, "").status, 0);
	ck_assert_str_eq(running(), packed("lsr-id 1.1.1.1"));
}
END_TEST

START_TEST(what_is_refused_is_forgotten_and_every_fault_has_its_line)
{
	offer(7, "mpls lsr-id 1.1.1.1\nnonsense\n\nmpls lsr-id here\n");
	struct bus_answer a = ask(CANDIDATE_CHECK, 7, "");
	ck_assert_int_eq(a.status, EINVAL);
	ck_assert_ptr_nonnull(strstr(a.text, "new.conf:2: "));
	ck_assert_ptr_nonnull(strstr(a.text, "new.conf:4: "));
	ck_assert_int_eq(ask(CANDIDATE_APPLY, 7, "").status, ESTALE);
	ck_assert_str_eq(running(), "");
}
END_TEST

START_TEST(a_warning_does_not_refuse)
{
	offer(7, "interface eth0\n mtu 100\n");
	struct bus_answer a = ask(CANDIDATE_CHECK, 7, "");
	ck_assert_int_eq(a.status, 0);
	ck_assert_ptr_nonnull(strstr(a.text, "new.conf:2: warning: "));
	ck_assert_int_eq(ask(CANDIDATE_APPLY, 7, "").status, 0);
}
END_TEST

START_TEST(a_newer_candidate_takes_the_place_of_an_older_one)
{
	offer(7, "mpls lsr-id 7.7.7.7\n");
	ck_assert_int_eq(ask(CANDIDATE_CHECK, 7, "").status, 0);
	offer(8, "mpls lsr-id 8.8.8.8\n");
	ck_assert_int_eq(ask(CANDIDATE_ADD, 7, "mpls lsr-id 7.7.7.7\n").status, ESTALE);
	ck_assert_int_eq(ask(CANDIDATE_APPLY, 7, "").status, ESTALE);
	ck_assert_int_eq(ask(CANDIDATE_CHECK, 8, "").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_APPLY, 8, "").status, 0);
	ck_assert_str_eq(running(), packed("lsr-id 8.8.8.8"));
}
END_TEST

START_TEST(a_daemon_that_has_started_again_knows_no_candidate)
{
	offer(7, "mpls lsr-id 7.7.7.7\n");
	ck_assert_int_eq(ask(CANDIDATE_CHECK, 7, "").status, 0);
	bus_client_close(client);
	child_kill(&owner);
	start_daemon();
	ck_assert_int_eq(ask(CANDIDATE_APPLY, 7, "").status, ESTALE);
	ck_assert_str_eq(running(), "");
}
END_TEST

START_TEST(pieces_may_part_a_line)
{
	ck_assert_int_eq(ask(CANDIDATE_BEGIN, 7, "new.conf").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_ADD, 7, "mpls lsr-").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_ADD, 7, "").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_ADD, 7, "id 1.1.1.1").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_CHECK, 7, "").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_APPLY, 7, "").status, 0);
	ck_assert_str_eq(running(), packed("lsr-id 1.1.1.1"));
}
END_TEST

START_TEST(an_empty_configuration_is_one)
{
	offer(7, "mpls lsr-id 1.1.1.1\n");
	ck_assert_int_eq(ask(CANDIDATE_CHECK, 7, "").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_APPLY, 7, "").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_BEGIN, 8, "empty.conf").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_CHECK, 8, "").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_APPLY, 8, "").status, 0);
	ck_assert_str_eq(running(), "");
}
END_TEST

START_TEST(requests_that_are_none_are_refused)
{
	struct bus_answer a;

	ck_assert_int_eq(ask(CANDIDATE_BEGIN, 0, "new.conf").status, EINVAL);
	ck_assert_int_eq(bus_client_request(client, CANDIDATE_BEGIN, "x", 1, 30 * USEC_PER_SEC, &arena, &a, why), 0);
	ck_assert_int_eq(a.status, EINVAL);
	ck_assert_int_eq(bus_client_request(client, CANDIDATE_ADD, NULL, 0, 30 * USEC_PER_SEC, &arena, &a, why), 0);
	ck_assert_int_eq(a.status, ESTALE);
	ck_assert_int_eq(ask(CANDIDATE_CHECK, 0, "").status, ESTALE);
	ck_assert_int_eq(ask(CANDIDATE_BEGIN, 7, "zero.conf").status, 0);
	ck_assert_int_eq(ask_bytes(CANDIDATE_ADD, 7, "mpls\0 lsr-id\n", 13).status, 0);
	a = ask(CANDIDATE_CHECK, 7, "");
	ck_assert_int_eq(a.status, EINVAL);
	ck_assert_ptr_nonnull(strstr(a.text, "zero.conf:1: a zero byte"));
}
END_TEST

START_TEST(a_long_configuration_is_printed_in_pieces)
{
	struct text long_one = { 0 }, all = { 0 };
	enum { LINES = 150000 };
	uint64_t total = 1, of;
	uint32_t version = 0, last = 0;
	unsigned pieces = 0;

	for (unsigned i = 0; i < LINES; i++)
		text_line(&long_one, "mpls lsr-id 1.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
	ck_assert_int_eq(ask(CANDIDATE_BEGIN, 7, "long.conf").status, 0);
	for (size_t at = 0; at < long_one.size; at += CANDIDATE_PIECE)
		ck_assert_int_eq(ask_bytes(CANDIDATE_ADD, 7, long_one.chars + at,
				     long_one.size - at < CANDIDATE_PIECE ? long_one.size - at : CANDIDATE_PIECE)
				     .status,
		    0);
	ck_assert_int_eq(ask(CANDIDATE_CHECK, 7, "").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_APPLY, 7, "").status, 0);
	while (all.size < total) {
		text_add(&all, "%s", printed(all.size, &of, &version));
		ck_assert(!pieces++ || (of == total && version == last));
		total = of;
		last = version;
	}
	ck_assert_uint_gt(pieces, 2);
	struct conf_lines lines = { 0 };
	ck_assert(conf_lines_unpack(all.chars, all.size, &lines));
	ck_assert_uint_eq(lines.count, LINES);
	ck_assert_str_eq(printed(total + 5, &of, &version), "");
	/* Another configuration, another version: pieces of the two are not taken for one text. */
	offer(8, "mpls lsr-id 1.1.1.1\n");
	ck_assert_int_eq(ask(CANDIDATE_CHECK, 8, "").status, 0);
	ck_assert_int_eq(ask(CANDIDATE_APPLY, 8, "").status, 0);
	printed(0, &of, &version);
	ck_assert_uint_ne(version, last);
	conf_lines_free(&lines);
	text_free(&long_one);
	text_free(&all);
}
END_TEST

START_TEST(the_file_of_the_next_start_is_named)
{
	offer(7, "");
	struct bus_answer a = ask(CANDIDATE_CHECK, 7, "");
	char *real = realpath(place.dir, NULL);

	ck_assert_uint_eq(a.size, strlen(real));
	ck_assert_mem_eq(a.bytes, real, a.size);
	free(real);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("candidate");
	TCase *c = tcase_create("two phases");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, what_was_checked_is_applied_once);
	tcase_add_test(c, what_was_not_checked_is_not_applied);
	tcase_add_test(c, what_is_refused_is_forgotten_and_every_fault_has_its_line);
	tcase_add_test(c, a_warning_does_not_refuse);
	tcase_add_test(c, a_newer_candidate_takes_the_place_of_an_older_one);
	tcase_add_test(c, a_daemon_that_has_started_again_knows_no_candidate);
	tcase_add_test(c, pieces_may_part_a_line);
	tcase_add_test(c, an_empty_configuration_is_one);
	tcase_add_test(c, requests_that_are_none_are_refused);
	tcase_add_test(c, a_long_configuration_is_printed_in_pieces);
	tcase_add_test(c, the_file_of_the_next_start_is_named);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
