/* What every daemon stands on: options, one running copy, signals, the one timer, and what the service manager is told. */
#include "host/host.h"
#include "tests/helper/bus.h"
#include <linux/capability.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

static struct place place;
static int manager = -1; /* the service manager's end */
static unsigned due_count, reloads, stops;
static usec_t due_at;

static void
setup(void)
{
	struct sockaddr_un s = { .sun_family = AF_UNIX };

	place_make(&place);
	snprintf(s.sun_path, sizeof s.sun_path, "%s/notify", place.dir);
	manager = socket(AF_UNIX, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&s, sizeof s), 0);
	setenv("NOTIFY_SOCKET", s.sun_path, 1);
	due_count = reloads = stops = 0;
}

static void
teardown(void)
{
	close(manager);
	place_end(&place);
}

/* The next thing the manager is told; "" when nothing waits. */
static const char *
told(void)
{
	static char text[1024];
	ssize_t n = recv(manager, text, sizeof text - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
ring(void *ctx, usec_t now)
{
	(void)ctx;
	due_count++;
	due_at = now;
}

static void
on_reload(void *ctx)
{
	reloads++;
	host_status(ctx, "all is new");
}

static void
on_stop(void *ctx)
{
	(void)ctx;
	stops++;
}

/* host_start() in a process of its own; what it said and how it ended. */
static int
start_apart(char *const *argv, char said[static 1024])
{
	int ends[2], status, argc = 0;

	while (argv[argc])
		argc++;
	ck_assert_int_eq(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		optind = 1;
		host_free(host_start(argc, (char **)(uintptr_t)argv, "test"));
		_exit(0);
	}
	close(ends[1]);
	size_t size = 0;
	for (ssize_t n; size < 1023 && (n = read(ends[0], said + size, 1023 - size)) > 0;)
		size += (size_t)n;
	said[size] = '\0';
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "it died: %s", said);
	return WEXITSTATUS(status);
}

/* --- starting --- */

static const struct {
	const char *option, *value;
	int status;
	const char *says;
} options[] = {
	{ "-h", NULL, 0, "usage: test" },
	{ "-V", NULL, 0, "test (Penult)" },
	{ "-x", NULL, 2, "usage: test" },
	{ "-c", NULL, 2, "usage: test" },
	{ "router.conf", NULL, 2, "`router.conf` is not an option" },
	{ "-r", "/nonexistent/place", 1, "name another with -r" },
	{ "-r", "/proc/self/status", 1, "/proc/self/status" },
};

START_TEST(options_are_understood_or_explained)
{
	char said[1024];
	char *argv[] = { (char *)(uintptr_t) "test", (char *)(uintptr_t)options[_i].option,
		(char *)(uintptr_t)options[_i].value, NULL };
	ck_assert_int_eq(start_apart(argv, said), options[_i].status);
	ck_assert_msg(strstr(said, options[_i].says) != NULL, "it says: %s", said);
}
END_TEST

START_TEST(what_the_options_say_is_what_is_known)
{
	char *argv[] = { (char *)(uintptr_t) "test", (char *)(uintptr_t) "-r", place.dir, (char *)(uintptr_t) "-c",
		(char *)(uintptr_t) "/x/y.conf", (char *)(uintptr_t) "-t", NULL };
	setenv("PENULT_SEED", "0x4711", 1);
	optind = 1;
	place.host = host_start(6, argv, "test");
	ck_assert_str_eq(host_config_path(place.host), "/x/y.conf");
	ck_assert_str_eq(host_run_dir(place.host), place.dir);
	ck_assert_str_eq(host_name(place.host), "test");
	ck_assert(host_check_only(place.host));
	ck_assert_uint_eq(host_seed(place.host), 0x4711);
}
END_TEST

START_TEST(without_a_given_number_each_start_has_another)
{
	unsetenv("PENULT_SEED");
	struct host *one = host_in(place.dir, "one");
	struct host *two = host_in(place.dir, "two");
	ck_assert_uint_ne(host_seed(one), host_seed(two));
	host_free(two);
	place.host = one;
}
END_TEST

START_TEST(a_second_copy_is_told_of_the_first_and_may_start_when_that_has_gone)
{
	char said[1024], want[128];
	char *argv[] = { (char *)(uintptr_t) "test", (char *)(uintptr_t) "-r", place.dir, NULL };
	place_start(&place);
	ck_assert_int_eq(start_apart(argv, said), 1);
	snprintf(want, sizeof want, "already running in %s (process %ld)", place.dir, (long)getpid());
	ck_assert_msg(strstr(said, want) != NULL, "it says: %s", said);
	/* Checking a configuration takes no lock. */
	char *check[] = { (char *)(uintptr_t) "test", (char *)(uintptr_t) "-t", (char *)(uintptr_t) "-r", place.dir,
		NULL };
	ck_assert_int_eq(start_apart(check, said), 0);
	host_free(place.host);
	place.host = NULL;
	ck_assert_int_eq(start_apart(argv, said), 0);
}
END_TEST

/* --- the timer --- */

START_TEST(the_timer_rings_once_and_never_early)
{
	place_start(&place);
	host_on_timer(place.host, ring, NULL);
	for (unsigned i = 1; i <= 20; i++) {
		usec_t at = host_now(place.host) + i * 137;
		host_timer_at(place.host, at);
		RUN_UNTIL(&place, due_count == i);
		ck_assert_uint_ge(due_at, at);
	}
	usec_t until = host_now(place.host) + 5 * USEC_PER_MSEC;
	while (host_now(place.host) < until)
		sd_event_run(host_loop(place.host), USEC_PER_MSEC);
	ck_assert_uint_eq(due_count, 20);
}
END_TEST

START_TEST(the_timer_can_be_put_off_brought_forward_and_disarmed)
{
	place_start(&place);
	host_on_timer(place.host, ring, NULL);
	usec_t start = host_now(place.host);
	host_timer_at(place.host, start + 3600 * USEC_PER_SEC);
	host_timer_at(place.host, start + USEC_PER_MSEC);
	RUN_UNTIL(&place, due_count == 1);
	host_timer_at(place.host, start + USEC_PER_MSEC); /* it has passed: at once, again */
	RUN_UNTIL(&place, due_count == 2);
	host_timer_at(place.host, host_now(place.host) + USEC_PER_MSEC);
	host_timer_at(place.host, USEC_NEVER);
	usec_t until = host_now(place.host) + 5 * USEC_PER_MSEC;
	while (host_now(place.host) < until)
		sd_event_run(host_loop(place.host), USEC_PER_MSEC);
	ck_assert_uint_eq(due_count, 2);
}
END_TEST

/* --- signals, and the service manager --- */

START_TEST(a_reload_is_told_from_its_beginning_to_its_end)
{
	place_start(&place);
	host_on_reload(place.host, on_reload, place.host);
	host_ready(place.host, "serving");
	ck_assert_str_eq(told(), "READY=1\nSTATUS=serving");
	raise(SIGHUP);
	RUN_UNTIL(&place, reloads == 1);
	const char *said = told();
	unsigned long long began;
	ck_assert_msg(sscanf(said, "RELOADING=1\nMONOTONIC_USEC=%llu", &began) == 1, "%s", said);
	ck_assert_uint_le(began, host_now(place.host));
	ck_assert_str_eq(told(), "STATUS=all is new");
	ck_assert_str_eq(told(), "READY=1");
	ck_assert_str_eq(told(), "");
}
END_TEST

static const int ends[] = { SIGTERM, SIGINT };

START_TEST(a_signal_ends_the_loop_in_peace)
{
	place_start(&place);
	host_on_stop(place.host, on_stop, NULL);
	raise(ends[_i]);
	ck_assert_int_eq(host_run(place.host), 0);
	ck_assert_uint_eq(stops, 1);
	ck_assert_str_eq(told(), "STOPPING=1");
}
END_TEST

static void
give_up(void *ctx, usec_t now)
{
	(void)now;
	host_stop(ctx, 3);
}

START_TEST(a_daemon_may_end_itself_with_a_status)
{
	place_start(&place);
	host_on_stop(place.host, on_stop, NULL);
	host_on_timer(place.host, give_up, place.host);
	host_timer_at(place.host, host_now(place.host));
	ck_assert_int_eq(host_run(place.host), 3);
	ck_assert_uint_eq(stops, 1);
}
END_TEST

START_TEST(a_peer_that_hangs_up_does_not_kill)
{
	int pair[2];
	place_start(&place);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	close(pair[1]);
	ck_assert_int_lt(write(pair[0], "x", 1), 0);
	ck_assert_int_eq(errno, EPIPE);
	close(pair[0]);
}
END_TEST

/* A loop that hangs in one callback feeds nothing; the watchdog is the loop's own. */
START_TEST(the_watchdog_is_fed_while_the_loop_turns_and_only_then)
{
	setenv("WATCHDOG_USEC", "20000", 1);
	place_start(&place);
	unsigned fed = 0;
	usec_t give_up_at = host_now(place.host) + 30 * USEC_PER_SEC;
	while (fed < 3) {
		ck_assert_uint_lt(host_now(place.host), give_up_at);
		sd_event_run(host_loop(place.host), USEC_PER_MSEC);
		fed += strstr(told(), "WATCHDOG=1") != NULL;
	}
	poll(NULL, 0, 60); /* it hangs for three times its time */
	ck_assert_str_eq(told(), "");
}
END_TEST

START_TEST(a_capability_is_there_or_not)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];
	ck_assert_int_eq(syscall(SYS_capget, &head, caps), 0);
	bool has = caps[0].effective >> CAP_NET_BIND_SERVICE & 1;
	ck_assert_int_eq(host_has_capability(CAP_NET_BIND_SERVICE), has);
	caps[0].effective &= ~(1u << CAP_NET_BIND_SERVICE);
	ck_assert_int_eq(syscall(SYS_capset, &head, caps), 0);
	ck_assert(!host_has_capability(CAP_NET_BIND_SERVICE));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host");
	TCase *t = tcase_create("starting");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, options_are_understood_or_explained, 0, sizeof options / sizeof *options);
	tcase_add_test(t, what_the_options_say_is_what_is_known);
	tcase_add_test(t, without_a_given_number_each_start_has_another);
	tcase_add_test(t, a_second_copy_is_told_of_the_first_and_may_start_when_that_has_gone);
	suite_add_tcase(s, t);
	t = tcase_create("the timer");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_timer_rings_once_and_never_early);
	tcase_add_test(t, the_timer_can_be_put_off_brought_forward_and_disarmed);
	suite_add_tcase(s, t);
	t = tcase_create("signals, and the service manager");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_reload_is_told_from_its_beginning_to_its_end);
	tcase_add_loop_test(t, a_signal_ends_the_loop_in_peace, 0, sizeof ends / sizeof *ends);
	tcase_add_test(t, a_daemon_may_end_itself_with_a_status);
	tcase_add_test(t, a_peer_that_hangs_up_does_not_kill);
	tcase_add_test(t, the_watchdog_is_fed_while_the_loop_turns_and_only_then);
	tcase_add_test(t, a_capability_is_there_or_not);
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
