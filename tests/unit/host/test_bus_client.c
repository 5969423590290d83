/* The command line's side: rows, changes, requests, and what is said when the daemon does not play. The owner is a process. */
#include "tests/helper/bus.h"
#include <pthread.h>

static struct place place;
static struct child owner;
static int ready[2]; /* the daemon writes to it once it serves */
static struct arena arena;
static char why[256];

/* --- the daemon --- */

static struct routes served;
static struct bus *serving;

static void
on_echo(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *a)
{
	(void)ctx;
	answer->text = verb;
	answer->bytes = arena_copy(a, bytes, size);
	answer->size = size;
}

static void
on_touch(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *a)
{
	(void)ctx;
	(void)verb;
	(void)bytes;
	(void)size;
	(void)a;
	(void)answer;
	route_cost(&served, 1, 99);
	bus_publish(serving);
}

static void
on_complete(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *a)
{
	on_touch(ctx, verb, bytes, size, answer, a);
	table_complete(&served.table);
	bus_publish(serving);
}

static void
on_refuse(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *a)
{
	(void)ctx;
	(void)verb;
	(void)bytes;
	(void)size;
	(void)a;
	*answer = (struct bus_answer){ .status = EBUSY, .text = "not now" };
}

static void
on_huge(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *a)
{
	(void)ctx;
	(void)verb;
	(void)bytes;
	(void)size;
	answer->size = 2 * BUS_FRAME_MAX;
	answer->bytes = arena_take(a, answer->size);
}

static void
on_die(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *a)
{
	(void)ctx;
	(void)verb;
	(void)bytes;
	(void)size;
	(void)a;
	(void)answer;
	kill(getpid(), SIGKILL);
}

static uint32_t held[4];
static size_t held_count;

/* What it leaves behind is not sent. */
static void
on_later(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *a)
{
	(void)ctx;
	(void)verb;
	(void)bytes;
	(void)size;
	(void)a;
	answer->text = "at once";
	held[held_count++] = bus_hold_answer(serving);
}

static void
on_held(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *a)
{
	static char text[8];

	(void)ctx;
	(void)verb;
	(void)bytes;
	(void)size;
	(void)a;
	snprintf(text, sizeof text, "%zu", held_count);
	answer->text = text;
}

static void
on_release(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *a)
{
	static const char *const texts[] = { "first", "second" };

	(void)ctx;
	(void)verb;
	(void)bytes;
	(void)size;
	(void)a;
	(void)answer;
	for (size_t i = held_count; i-- > 0;)
		bus_answer_held(serving, held[i], &(struct bus_answer){ .status = EAGAIN, .text = texts[i] });
	bus_answer_held(serving, held[0], &(struct bus_answer){ .text = "twice" });
}

static void
be_daemon(void *ctx)
{
	const bool *complete = ctx;
	struct host *host = host_in(place.dir, "fibd");

	routes_make(&served, 1000);
	served.table.complete = *complete;
	serving = bus_open(host, "fibd");
	bus_serve(serving, &served.table);
	bus_on_request(serving, "echo", on_echo, NULL);
	bus_on_request(serving, "touch", on_touch, NULL);
	bus_on_request(serving, "complete", on_complete, NULL);
	bus_on_request(serving, "refuse", on_refuse, NULL);
	bus_on_request(serving, "huge", on_huge, NULL);
	bus_on_request(serving, "die", on_die, NULL);
	bus_on_request(serving, "later", on_later, NULL);
	bus_on_request(serving, "held", on_held, NULL);
	bus_on_request(serving, "release", on_release, NULL);
	ck_assert_int_eq(write(ready[1], "r", 1), 1);
	host_run(host);
}

/* --- the tests --- */

static const bool yes = true, no;

static void
setup(void)
{
	place_make(&place);
	ck_assert_int_eq(pipe(ready), 0);
	arena_init(&arena);
}

static void
teardown(void)
{
	arena_free(&arena);
	if (owner.pid)
		child_kill(&owner);
	place_end(&place);
}

static struct bus_client *
daemon_and_client(const bool *complete)
{
	char r;

	owner = child_make(be_daemon, (void *)(uintptr_t)complete);
	child_go(&owner);
	ck_assert_int_eq(read(ready[0], &r, 1), 1);
	struct bus_client *c = bus_client_open(place.dir, "fibd", why);
	ck_assert_msg(c, "%s", why);
	return c;
}

START_TEST(rows_are_read_to_the_end_of_the_snapshot)
{
	struct bus_client *c = daemon_and_client(&yes);
	ProtobufCMessage **rows;
	size_t count;
	bool complete;

	for (int again = 0; again < 3; again++) { /* a --watch reads the same table over and over */
		ck_assert_int_eq(
		    bus_client_rows(c, &fib_route_schema, 5 * USEC_PER_SEC, &arena, &rows, &count, &complete, why), 0);
		ck_assert_uint_eq(count, 1000);
		ck_assert(complete);
		for (uint32_t i = 0; i < count; i++)
			ck_assert_uint_eq(route_number((const Fib__Route *)rows[i]), i);
	}
	bus_client_close(c);
}
END_TEST

START_TEST(a_change_after_reading_ends_the_wait_whatever_was_asked_in_between)
{
	struct bus_client *c = daemon_and_client(&yes);
	struct bus_answer answer;
	ProtobufCMessage **rows;
	size_t count;
	bool complete;

	ck_assert_int_eq(
	    bus_client_rows(c, &fib_route_schema, 5 * USEC_PER_SEC, &arena, &rows, &count, &complete, why), 0);
	ck_assert_int_eq(bus_client_wait(c, 0), 0);
	/* The change reaches the client while it waits for the answer. */
	ck_assert_int_eq(bus_client_request(c, "touch", NULL, 0, 5 * USEC_PER_SEC, &arena, &answer, why), 0);
	ck_assert_int_eq(bus_client_wait(c, 5 * USEC_PER_SEC), 1);
	ck_assert_int_eq(
	    bus_client_rows(c, &fib_route_schema, 5 * USEC_PER_SEC, &arena, &rows, &count, &complete, why), 0);
	ck_assert_uint_eq(count, 1000);
	const Fib__Route *last = (const Fib__Route *)rows[999];
	ck_assert_uint_eq(route_number(last), 1);
	ck_assert_uint_eq(last->entries[0]->cost, 99);
	bus_client_close(c);
}
END_TEST

START_TEST(a_recovering_daemon_shows_what_it_has_and_that_it_is_not_all)
{
	struct bus_client *c = daemon_and_client(&no);
	struct bus_answer answer;
	ProtobufCMessage **rows;
	size_t count;
	bool complete;

	ck_assert_int_eq(
	    bus_client_rows(c, &fib_route_schema, 5 * USEC_PER_SEC, &arena, &rows, &count, &complete, why), 0);
	ck_assert_uint_eq(count, 1000);
	ck_assert(!complete);
	ck_assert_int_eq(bus_client_request(c, "complete", NULL, 0, 5 * USEC_PER_SEC, &arena, &answer, why), 0);
	ck_assert_int_eq(
	    bus_client_rows(c, &fib_route_schema, 5 * USEC_PER_SEC, &arena, &rows, &count, &complete, why), 0);
	ck_assert(complete);
	bus_client_close(c);
}
END_TEST

START_TEST(a_request_is_answered_with_status_text_and_bytes)
{
	struct bus_client *c = daemon_and_client(&yes);
	struct bus_answer answer;

	ck_assert_int_eq(bus_client_request(c, "echo", "a\0b", 3, 5 * USEC_PER_SEC, &arena, &answer, why), 0);
	ck_assert_int_eq(answer.status, 0);
	ck_assert_str_eq(answer.text, "echo");
	ck_assert_uint_eq(answer.size, 3);
	ck_assert_mem_eq(answer.bytes, "a\0b", 3);
	ck_assert_int_eq(bus_client_request(c, "refuse", NULL, 0, 5 * USEC_PER_SEC, &arena, &answer, why), 0);
	ck_assert_int_eq(answer.status, EBUSY);
	ck_assert_str_eq(answer.text, "not now");
	bus_client_close(c);
}
END_TEST

static void *
ask_later(void *ctx)
{
	static struct arena arenas[2];
	static struct bus_answer answers[2];
	int i = ctx ? 1 : 0;
	char text[256];
	struct bus_client *c = bus_client_open(place.dir, "fibd", text);

	arena_init(&arenas[i]);
	if (!c || bus_client_request(c, "later", NULL, 0, 20 * USEC_PER_SEC, &arenas[i], &answers[i], text) != 0)
		return NULL;
	char *heard = strdup(answers[i].text);
	if (answers[i].status != EAGAIN)
		heard[0] = '!';
	bus_client_close(c);
	arena_free(&arenas[i]);
	return heard;
}

/* While two wait for their answers the daemon serves others; and each gets his own, once. */
START_TEST(an_answer_that_is_held_comes_later_to_whom_it_belongs)
{
	struct bus_client *c = daemon_and_client(&yes);
	struct bus_answer answer;
	pthread_t waiting[2];
	void *heard[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&waiting[i], NULL, ask_later, i ? c : NULL), 0);
	do
		ck_assert_int_eq(bus_client_request(c, "held", NULL, 0, 5 * USEC_PER_SEC, &arena, &answer, why), 0);
	while (strcmp(answer.text, "2") != 0);
	ck_assert_int_eq(bus_client_request(c, "release", NULL, 0, 5 * USEC_PER_SEC, &arena, &answer, why), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pthread_join(waiting[i], &heard[i]), 0);
		ck_assert_ptr_nonnull(heard[i]);
	}
	bool in_order = strcmp(heard[0], "first") == 0;
	ck_assert_str_eq(heard[0], in_order ? "first" : "second");
	ck_assert_str_eq(heard[1], in_order ? "second" : "first");
	free(heard[0]);
	free(heard[1]);
	bus_client_close(c);
}
END_TEST

START_TEST(an_unknown_operation_is_named_in_the_answer)
{
	struct bus_client *c = daemon_and_client(&yes);
	struct bus_answer answer;

	ck_assert_int_eq(bus_client_request(c, "explode", NULL, 0, 5 * USEC_PER_SEC, &arena, &answer, why), 0);
	ck_assert_int_eq(answer.status, ENOSYS);
	ck_assert_str_eq(answer.text, "fibd knows no operation `explode`");
	bus_client_close(c);
}
END_TEST

START_TEST(what_is_too_large_either_way_is_an_error_and_not_a_lost_connection)
{
	struct bus_client *c = daemon_and_client(&yes);
	struct bus_answer answer;
	uint8_t *big = mem_zalloc(BUS_FRAME_MAX);

	ck_assert_int_eq(
	    bus_client_request(c, "echo", big, BUS_FRAME_MAX, 5 * USEC_PER_SEC, &arena, &answer, why), -EMSGSIZE);
	ck_assert_int_eq(bus_client_request(c, "huge", NULL, 0, 5 * USEC_PER_SEC, &arena, &answer, why), 0);
	ck_assert_int_eq(answer.status, EMSGSIZE);
	ck_assert_int_eq(bus_client_request(c, "echo", NULL, 0, 5 * USEC_PER_SEC, &arena, &answer, why), 0);
	ck_assert_int_eq(answer.status, 0);
	free(big);
	bus_client_close(c);
}
END_TEST

START_TEST(a_table_of_another_daemon_or_version_is_refused_with_a_sentence)
{
	struct bus_client *c = daemon_and_client(&yes);
	ProtobufCMessage **rows;
	size_t count;
	bool complete;

	ck_assert_int_eq(
	    bus_client_rows(c, &ldp_lsp_schema, 5 * USEC_PER_SEC, &arena, &rows, &count, &complete, why), -EPROTO);
	ck_assert_str_eq(why, "fibd does not own the table ldp.Lsp that a command line asks for");
	bus_client_close(c);
}
END_TEST

START_TEST(a_daemon_that_does_not_run_is_told_from_one_that_does_not_answer)
{
	struct bus_client *c = bus_client_open(place.dir, "fibd", why);
	struct bus_answer answer;
	ProtobufCMessage **rows;
	size_t count;
	bool complete;

	ck_assert_ptr_null(c);
	ck_assert_ptr_nonnull(strstr(why, "fibd does not run in /tmp/penult-test-"));
	ck_assert_ptr_nonnull(strstr(why, "start it with"));

	c = daemon_and_client(&yes);
	kill(owner.pid, SIGSTOP);
	ck_assert_int_eq(
	    bus_client_rows(c, &fib_route_schema, 50 * USEC_PER_MSEC, &arena, &rows, &count, &complete, why),
	    -ETIMEDOUT);
	ck_assert_str_eq(why, "fibd runs but does not answer");
	kill(owner.pid, SIGCONT);

	ck_assert_int_eq(bus_client_request(c, "die", NULL, 0, 20 * USEC_PER_SEC, &arena, &answer, why), -ECONNREFUSED);
	ck_assert_str_eq(why, "fibd stopped while it was asked");
	bus_client_close(c);
	/* Its socket still lies there. */
	ck_assert_ptr_null(bus_client_open(place.dir, "fibd", why));
	ck_assert_ptr_nonnull(strstr(why, "fibd does not run in"));
}
END_TEST

START_TEST(a_daemon_that_starts_again_meanwhile_is_asked_again)
{
	struct child next = child_make(be_daemon, (void *)(uintptr_t)&yes);
	struct bus_client *c = daemon_and_client(&yes);
	struct bus_answer answer;
	ProtobufCMessage **rows;
	size_t count;
	bool complete;

	ck_assert_int_eq(bus_client_request(c, "die", NULL, 0, 20 * USEC_PER_SEC, &arena, &answer, why), -ECONNREFUSED);
	child_kill(&owner);
	child_go(&next);
	owner = next;
	ck_assert_int_eq(
	    bus_client_rows(c, &fib_route_schema, 20 * USEC_PER_SEC, &arena, &rows, &count, &complete, why), 0);
	ck_assert_uint_eq(count, 1000);
	bus_client_close(c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host/bus_client");
	TCase *c = tcase_create("a daemon and its command line");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, rows_are_read_to_the_end_of_the_snapshot);
	tcase_add_test(c, a_change_after_reading_ends_the_wait_whatever_was_asked_in_between);
	tcase_add_test(c, a_recovering_daemon_shows_what_it_has_and_that_it_is_not_all);
	tcase_add_test(c, a_request_is_answered_with_status_text_and_bytes);
	tcase_add_test(c, an_answer_that_is_held_comes_later_to_whom_it_belongs);
	tcase_add_test(c, an_unknown_operation_is_named_in_the_answer);
	tcase_add_test(c, what_is_too_large_either_way_is_an_error_and_not_a_lost_connection);
	tcase_add_test(c, a_table_of_another_daemon_or_version_is_refused_with_a_sentence);
	tcase_add_test(c, a_daemon_that_does_not_run_is_told_from_one_that_does_not_answer);
	tcase_add_test(c, a_daemon_that_starts_again_meanwhile_is_asked_again);
	suite_add_tcase(s, c);
	return s;
}

CHECK_MAIN(suite)
