/* The command line: what is meant, what is asked of whom, what is printed, and with which exit status. */
#include "base/mem.h"
#include "host/ctl_internal.h"
#include "proto/fib.pb-c.h"
#include "proto/ldp.pb-c.h"
#include "proto/schema.gen.h"
#include "tests/helper/check.h"
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the commands of a small ctl --- */

static bool
keep_user(const ProtobufCMessage *m, const struct args *a)
{
	const Fib__LabelRange *row = (const Fib__LabelRange *)(const void *)m;

	return !arg_given(a, "user") || strcmp(row->user, arg_text(a, "user")) == 0;
}

static int
show_ranges(const struct show *s)
{
	for (size_t i = 0; i < s->tables[0].count; i++) {
		const Fib__LabelRange *row = (const Fib__LabelRange *)(const void *)s->tables[0].rows[i];
		text_line(s->out, "%s %u-%u", row->user, row->first, row->last);
	}
	if (s->tables[0].count || !arg_given(s->args, "user"))
		return 0;
	text_line(s->out, "nobody of that name");
	return 1;
}

static int
show_name(const struct show *s)
{
	text_line(s->out, "%zu tables", s->table_count);
	return 0;
}

static int
run_probe(const struct args *a, const char *name, const char *where)
{
	printf("%s probes %s in %s by %s\n", name, arg_text(a, "host"), arg_given(a, "-in") ? arg_text(a, "vrf") : "-",
	    where);
	return 7;
}

static const struct command rows[] = {
	{ .view = VIEW_EXEC,
	    .words = "display ranges [ <word>:user ]",
	    .tables = "fib.LabelRange",
	    .keep = keep_user,
	    .show = show_ranges,
	    .help = "Label ranges" },
	{ .view = VIEW_EXEC,
	    .words = "display ipv6 table",
	    .tables = "fib.LabelRange",
	    .show = show_name,
	    .help = "Two" },
	{ .view = VIEW_EXEC,
	    .words = "display ip table",
	    .tables = "fib.LabelRange ldp.Session",
	    .show = show_name,
	    .help = "One" },
	{ .view = VIEW_EXEC,
	    .words = "display rapid",
	    .tables = "ldp.Session fib.LabelRange",
	    .show = show_name,
	    .help = "Three" },
	{ .view = VIEW_EXEC,
	    .words = "show parameters",
	    .tables = "fib.LabelRange",
	    .show = show_name,
	    .help = "Four" },
	{ .view = VIEW_EXEC, .words = "reset ranges [ peer <lsr-id>:peer ]", .request = "echo", .help = "Five" },
	{ .view = VIEW_EXEC, .words = "probe [ -in <word>:vrf ] <ip>:host", .run = run_probe, .help = "Six" },
	{ .view = VIEW_EXEC,
	    .words = "count ranges",
	    .tables = "fib.LabelRange",
	    .request = "count",
	    .show = show_ranges,
	    .help = "Seven" },
	{ .view = VIEW_SYSTEM, .words = "display nothing", .help = "Not of the command line" },
	{ 0 },
};

/* --- running it --- */

static char run_dir[64], out[8192], err[8192];

static void
read_back(FILE *f, char *into)
{
	rewind(f);
	into[fread(into, 1, 8191, f)] = '\0';
	fclose(f);
}

/* Runs the line with standard output and error in `out` and `err`. Returns the exit status. */
static int
ctl(const char *line)
{
	char copy[4096], *argv[80] = { "fibctl", "-r", run_dir };
	FILE *o = tmpfile(), *e = tmpfile();
	int saved_out = dup(STDOUT_FILENO), saved_err = dup(STDERR_FILENO);

	snprintf(copy, sizeof copy, "%s", line);
	int argc = 3 + (int)line_split(copy, argv + 3, 76);
	argv[argc] = NULL;
	fflush(NULL);
	dup2(fileno(o), STDOUT_FILENO);
	dup2(fileno(e), STDERR_FILENO);
	int status = ctl_main(argc, argv, "fibd", rows);
	fflush(NULL);
	dup2(saved_out, STDOUT_FILENO);
	dup2(saved_err, STDERR_FILENO);
	close(saved_out);
	close(saved_err);
	read_back(o, out);
	read_back(e, err);
	return status;
}

static void
make_run_dir(void)
{
	snprintf(run_dir, sizeof run_dir, "/tmp/test_ctl.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(run_dir));
}

static void
remove_run_dir(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -r %s", run_dir);
	ck_assert_int_eq(system(command), 0);
}

/* --- which command --- */

START_TEST(without_words_the_usage_is_shown)
{
	ck_assert_int_eq(ctl(""), 2);
	ck_assert_ptr_nonnull(strstr(err, "usage: fibctl"));
	ck_assert_int_eq(ctl("--help"), 0);
	ck_assert_ptr_nonnull(strstr(out, "usage: fibctl"));
}
END_TEST

static const struct {
	const char *line, *error;
} wrong[] = {
	{ "frobnicate", "fibctl: unknown command `frobnicate`; `fibctl ?` lists them\n" },
	{ "reste ranges", "fibctl: unknown command `reste ranges`; did you mean `reset ranges [ peer A.B.C.D ]`?\n" },
	{ "display rangse", "fibctl: `display rangse`: `rangse` does not fit here, expected ranges or ipv6 or ip or "
			    "rapid or parameters\n" },
	{ "show ip", "fibctl: `show ip` is not complete, expected table\n" },
	{ "display i table",
	    "fibctl: `display i table` is ambiguous: it may be `display ipv6 table`, or `display ip table`\n" },
	{ "display r", "fibctl: `display r` is ambiguous: it may be `display ranges [ USER ]`, or `display rapid`\n" },
	{ "reset ranges peer five", "fibctl: `reset ranges peer five`: `five` does not fit here, expected A.B.C.D\n" },
	{ "display nothing", "fibctl: `display nothing`: `nothing` does not fit here, expected ranges or ipv6 or ip or "
			     "rapid or parameters\n" },
	{ "display ranges --until first", "fibctl: --until takes FIELD=VALUE, FIELD!=VALUE or rows=N, not `first`\n" },
	{ "display ranges --until =1", "fibctl: --until takes FIELD=VALUE, FIELD!=VALUE or rows=N, not `=1`\n" },
	{ "display ranges --until !=1", "fibctl: --until takes FIELD=VALUE, FIELD!=VALUE or rows=N, not `!=1`\n" },
	{ "display ranges --until rows=few", "fibctl: `rows=few`: rows are counted, so this takes a number\n" },
	{ "display ranges --until rows=-1", "fibctl: `rows=-1`: rows are counted, so this takes a number\n" },
	{ "display ranges --timeout soon", "fibctl: --timeout takes a number of seconds, not `soon`\n" },
	{ "display ranges --timeout -1", "fibctl: --timeout takes a number of seconds, not `-1`\n" },
	{ "reset ranges --watch", "fibctl: `reset ranges` shows no rows: --watch and --until do not go with it\n" },
	{ "foo ?", "fibctl: no command begins with `foo ?`; `fibctl ?` lists all\n" },
};

START_TEST(a_wrong_line_is_answered_with_what_would_be_right)
{
	ck_assert_int_eq(ctl(wrong[_i].line), 2);
	ck_assert_str_eq(err, wrong[_i].error);
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(an_unknown_option_and_a_missing_value_are_named)
{
	ck_assert_int_eq(ctl("display ranges --frob"), 2);
	ck_assert_ptr_nonnull(strstr(err, "fibctl: unknown option --frob\nusage: "));
	ck_assert_int_eq(ctl("display ranges --until"), 2);
	ck_assert_ptr_nonnull(strstr(err, "fibctl: the value of --until is missing\nusage: "));
}
END_TEST

/* Behind the first word; the program's own options may still stand anywhere. */
START_TEST(a_word_may_begin_with_a_dash_and_a_command_may_be_carried_out_here)
{
	ck_assert_int_eq(ctl("probe -in red 10.0.0.1"), 7);
	ck_assert_str_eq(out, "fibctl probes 10.0.0.1 in red by \n"); /* no folder was made: run_dir is empty */
	ck_assert_int_eq(ctl("probe 10.0.0.1 -r /tmp"), 7);
	ck_assert_str_eq(out, "fibctl probes 10.0.0.1 in - by /tmp\n");
	ck_assert_int_eq(ctl("-in red probe 10.0.0.1"), 2);
	ck_assert_ptr_nonnull(strstr(err, "fibctl: unknown option "));
	ck_assert_int_eq(ctl("probe --json 10.0.0.1"), 2);
	ck_assert_ptr_nonnull(strstr(err, "shows no rows: --json"));
}
END_TEST

START_TEST(too_many_words_are_refused)
{
	char line[300] = "";

	for (int i = 0; i < 65; i++)
		strcat(line, "x ");
	ck_assert_int_eq(ctl(line), 2);
	ck_assert_str_eq(err, "fibctl: more than 64 words\n");
}
END_TEST

START_TEST(a_question_mark_lists_the_commands_that_begin_so_by_either_word)
{
	ck_assert_int_eq(ctl("show ?"), 0);
	ck_assert_ptr_nonnull(strstr(out, "  display ip table"));
	ck_assert_ptr_nonnull(strstr(out, "  show parameters"));
	ck_assert_ptr_null(strstr(out, "reset"));
	ck_assert_ptr_null(strstr(out, "nothing"));
	ck_assert_int_eq(ctl("dis ip ?"), 0);
	ck_assert_str_eq(out, "  display ipv6 table  Two\n  display ip table    One\n");
	ck_assert_int_eq(ctl("?"), 0);
	ck_assert_ptr_nonnull(strstr(out, "reset ranges [ peer A.B.C.D ]  Five"));
}
END_TEST

static const struct {
	const char *line;
	int row; /* of the table above */
} meant[] = {
	{ "display ranges", 0 },
	{ "show ranges", 0 },
	{ "sh ran", 0 },
	{ "DISP RANG ldpd", 0 },
	{ "display ip table", 2 },
	{ "show ip t", 2 }, /* `ip` is written out, and not short for `ipv6` */
	{ "d ipv t", 1 },
	{ "s rap", 3 },
	{ "display parameters", 4 },
	{ "dis par", 4 },
	{ "res ran p 1.1.1.1", 5 },
};

START_TEST(words_are_abbreviated_and_display_is_show)
{
	const struct ctl_rows all[] = { { "fibd", rows }, { 0 } };
	struct ctl c = { .name = "fibctl", .all = all, .args = args_new(NULL) };
	char line[100], *words[CTL_WORDS_MAX];

	snprintf(line, sizeof line, "%s", meant[_i].line);
	size_t count = line_split(line, words, CTL_WORDS_MAX);
	ck_assert_int_eq(ctl_find(&c, words, count), 0);
	ck_assert_str_eq(c.command->words, rows[meant[_i].row].words);
	args_free(c.args);
}
END_TEST

START_TEST(a_daemon_that_does_not_run_is_named_with_the_remedy)
{
	make_run_dir();
	ck_assert_int_eq(ctl("display ranges"), 1);
	ck_assert_str_eq(out, "");
	ck_assert_ptr_nonnull(strstr(err, "fibctl: fibd does not run in /tmp/test_ctl."));
	ck_assert_ptr_nonnull(strstr(err, "systemctl start penult-fibd"));
	/* The owner of the table counts, not the daemon whose command line this is. */
	ck_assert_int_eq(ctl("display rapid"), 1);
	ck_assert_ptr_nonnull(strstr(err, "fibctl: ldpd does not run in "));
	remove_run_dir();
}
END_TEST

/* --- on a live bus --- */

struct range {
	struct row row;
	char user[2];
	uint32_t first;
};
static struct {
	struct host *host;
	struct bus *bus;
	struct table table;
	struct range ranges[26];
	int orders, done;
} owner;
static int order_pipe, done_pipe;
static pid_t owner_pid;

static void
fill_range(const struct row *row, void *message, struct arena *arena)
{
	const struct range *r = CONST_OBJECT(row, struct range, row);
	Fib__LabelRange *m = message;

	m->user = arena_text(arena, r->user);
	m->first = r->first;
	m->last = r->first + 9;
}

/* Orders to the owner, two characters each: `a1` puts row a with first label 10, `a-` takes it away, `!!` ends
 * recovery. It answers each with one byte once it is published. */
static int
on_order(sd_event_source *s, int fd, uint32_t events, void *ctx)
{
	char o[2];

	(void)s, (void)events, (void)ctx;
	if (read(fd, o, 2) != 2) {
		host_stop(owner.host, 0);
		return 0;
	}
	if (o[0] == '!') {
		table_complete(&owner.table);
	} else {
		struct range *r = &owner.ranges[o[0] - 'a'];
		snprintf(r->user, sizeof r->user, "%c", o[0]);
		if (o[1] == '-') {
			table_gone(&owner.table, &r->row);
		} else {
			r->first = 10 * (uint32_t)(o[1] - '0');
			table_changed(&owner.table, &r->row);
		}
	}
	bus_publish(owner.bus);
	ck_assert_int_eq(write(owner.done, "d", 1), 1);
	return 0;
}

static void
on_echo(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	char *text = arena_take(arena, size + 8);

	(void)ctx;
	snprintf(text, size + 8, "%s: %.*s", verb, (int)size, (const char *)bytes);
	answer->text = text;
	if (strstr(text, "9.9.9.9")) {
		answer->status = 2;
		answer->text = "no such peer";
	}
}

/* Row a is as of now; where there is none, it cannot be counted. */
static void
on_count(void *ctx, const char *verb, const void *bytes, size_t size, struct bus_answer *answer, struct arena *arena)
{
	struct range *r = &owner.ranges[0];

	(void)ctx, (void)verb, (void)bytes, (void)size, (void)arena;
	if (!row_is_in_table(&r->row)) {
		answer->status = 2;
		answer->text = "nothing to count";
		return;
	}
	r->first++;
	table_changed(&owner.table, &r->row);
	bus_publish(owner.bus);
}

static void
be_owner(bool complete)
{
	char *argv[] = { "fibd", "-r", run_dir, "-c", "/dev/null", NULL };

	owner.host = host_start(5, argv, "fibd");
	owner.bus = bus_open(owner.host, "fibd");
	table_init(&owner.table, "fib.LabelRange", fill_range);
	owner.table.complete = complete;
	bus_serve(owner.bus, &owner.table);
	bus_on_request(owner.bus, "echo", on_echo, NULL);
	bus_on_request(owner.bus, "count", on_count, NULL);
	sd_event_source *source;
	sd_event_add_io(host_loop(owner.host), &source, owner.orders, POLLIN, on_order, NULL);
	ck_assert_int_eq(write(owner.done, "d", 1), 1);
	int status = host_run(owner.host);
	sd_event_source_unref(source);
	bus_close(owner.bus);
	table_free(&owner.table);
	host_free(owner.host);
	_exit(status);
}

static void
wait_done(void)
{
	char d;

	ck_assert_int_eq(read(done_pipe, &d, 1), 1);
}

static void
order(const char *what)
{
	ck_assert_int_eq(write(order_pipe, what, 2), 2);
	wait_done();
}

static void
start_owner(bool complete)
{
	int orders[2], done[2];

	make_run_dir();
	ck_assert_int_eq(pipe(orders) | pipe(done), 0);
	fflush(NULL);
	if ((owner_pid = fork()) == 0) {
		close(orders[1]);
		close(done[0]);
		owner.orders = orders[0];
		owner.done = done[1];
		be_owner(complete);
	}
	close(orders[0]);
	close(done[1]);
	order_pipe = orders[1];
	done_pipe = done[0];
	wait_done();
}

static void
stop_owner(void)
{
	int status;

	close(order_pipe);
	ck_assert_int_eq(waitpid(owner_pid, &status, 0), owner_pid);
	ck_assert_int_eq(status, 0);
	remove_run_dir();
}

START_TEST(rows_are_shown_as_text_sorted_and_filtered)
{
	start_owner(true);
	order("c3");
	order("a1");
	order("b2");
	order("a4");
	order("b-");
	ck_assert_int_eq(ctl("display ranges"), 0);
	ck_assert_str_eq(out, "a 40-49\nc 30-39\n");
	ck_assert_str_eq(err, "");
	ck_assert_int_eq(ctl("show ranges c"), 0);
	ck_assert_str_eq(out, "c 30-39\n");
	ck_assert_int_eq(ctl("display ranges nobody"), 1);
	ck_assert_str_eq(out, "");
	ck_assert_str_eq(err, "nobody of that name\n");
	stop_owner();
}
END_TEST

START_TEST(rows_are_shown_as_json_with_the_same_filter)
{
	start_owner(true);
	order("a1");
	order("b2");
	ck_assert_int_eq(ctl("display ranges b --json"), 0);
	json_object *o = json_tokener_parse(out);
	ck_assert_int_eq((int)json_object_array_length(o), 1);
	ck_assert_str_eq(
	    json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN), "[{\"user\":\"b\",\"first\":20,\"last\":29}]");
	json_object_put(o);
	ck_assert_int_eq(ctl("--json display ranges nobody"), 0);
	o = json_tokener_parse(out);
	ck_assert(json_object_is_type(o, json_type_array));
	ck_assert_uint_eq(json_object_array_length(o), 0);
	json_object_put(o);
	stop_owner();
}
END_TEST

START_TEST(words_may_come_in_one_piece)
{
	char *argv[] = { "fibctl", "-r", run_dir, "display ranges  nobody", NULL };

	start_owner(true);
	fflush(NULL);
	ck_assert_int_eq(ctl_main(4, argv, "fibd", rows), 1); /* found, and asked for */
	stop_owner();
}
END_TEST

START_TEST(a_second_table_whose_owner_is_away_does_not_stop_the_display)
{
	start_owner(true);
	ck_assert_int_eq(ctl("display ip table"), 0);
	ck_assert_str_eq(out, "2 tables\n");
	stop_owner();
}
END_TEST

START_TEST(an_owner_that_recovers_is_shown_with_what_it_has_so_far)
{
	start_owner(false);
	order("a1");
	ck_assert_int_eq(ctl("display ranges"), 0);
	ck_assert_str_eq(out, "a 10-19\n(fibd is still recovering: more may follow)\n");
	order("!!");
	ck_assert_int_eq(ctl("display ranges"), 0);
	ck_assert_str_eq(out, "a 10-19\n");
	stop_owner();
}
END_TEST

START_TEST(a_request_carries_the_line_written_out)
{
	start_owner(true);
	ck_assert_int_eq(ctl("res ran p 1.1.1.1"), 0);
	ck_assert_str_eq(out, "echo: reset ranges peer 1.1.1.1\n");
	ck_assert_int_eq(ctl("reset ranges peer 9.9.9.9"), 1);
	ck_assert_str_eq(err, "fibctl: no such peer\n");
	ck_assert_str_eq(out, "");
	stop_owner();
}
END_TEST

START_TEST(a_display_may_have_the_daemon_look_first)
{
	start_owner(true);
	ck_assert_int_eq(ctl("count ranges"), 1);
	ck_assert_str_eq(err, "fibctl: nothing to count\n");
	ck_assert_str_eq(out, "");
	order("a1");
	ck_assert_int_eq(ctl("count ranges"), 0);
	ck_assert_str_eq(out, "a 11-20\n");
	ck_assert_int_eq(ctl("count ranges --json"), 0);
	ck_assert_ptr_nonnull(strstr(out, "\"first\":12"));
	stop_owner();
}
END_TEST

START_TEST(until_returns_at_once_when_it_holds_already)
{
	start_owner(true);
	order("a1");
	ck_assert_int_eq(ctl("display ranges --until first=10"), 0);
	ck_assert_str_eq(out, "a 10-19\n");
	stop_owner();
}
END_TEST

START_TEST(until_that_never_holds_ends_with_its_own_status_and_the_last_rows)
{
	start_owner(true);
	order("a1");
	ck_assert_int_eq(ctl("display ranges --until first=20 --timeout 0"), 3);
	ck_assert_str_eq(out, "");
	ck_assert_ptr_nonnull(strstr(err, "fibctl: `first=20` did not hold within 0 s; the last rows were:\n["));
	ck_assert_ptr_nonnull(strstr(err, "\"first\":10"));
	stop_owner();
}
END_TEST

START_TEST(until_of_a_field_that_is_not_there_is_refused)
{
	start_owner(true);
	ck_assert_int_eq(ctl("display ranges --until begin=20"), 2);
	ck_assert_str_eq(
	    err, "fibctl: --until begin=20: fib.LabelRange has no field begin; its fields: user, first, last\n");
	stop_owner();
}
END_TEST

/* A ctl in a process of its own, its output to be read line by line. */
static FILE *
start_ctl(const char *line, pid_t *ret_pid)
{
	char copy[500], *argv[40] = { "fibctl", "-r", run_dir };
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	fflush(NULL);
	if ((*ret_pid = fork()) == 0) {
		close(order_pipe); /* the owner ends when the last of these does */
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		snprintf(copy, sizeof copy, "%s", line);
		int argc = 3 + (int)line_split(copy, argv + 3, 36);
		int status = ctl_main(argc, argv, "fibd", rows);
		fflush(NULL);
		_exit(status);
	}
	close(ends[1]);
	return fdopen(ends[0], "r");
}

static const char *
next_line(FILE *f)
{
	static char line[500];

	return fgets(line, sizeof line, f) ? line : "(the end)";
}

START_TEST(until_waits_for_the_change)
{
	pid_t pid;
	int status;

	start_owner(true);
	order("a1");
	FILE *f = start_ctl("display ranges --watch --until first=20", &pid);
	ck_assert_str_eq(next_line(f), "a 10-19\n"); /* it has seen what there was, and waits */
	order("a2");
	ck_assert_str_eq(next_line(f), "a 20-29\n");
	ck_assert_str_eq(next_line(f), "(the end)");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	fclose(f);
	stop_owner();
}
END_TEST

START_TEST(watch_prints_one_line_of_json_per_state_and_nothing_twice)
{
	pid_t pid;
	int status;

	start_owner(true);
	order("a1");
	FILE *f = start_ctl("display ranges a --json --watch", &pid);
	ck_assert_str_eq(next_line(f), "[{\"user\":\"a\",\"first\":10,\"last\":19}]\n");
	for (int i = 0; i < 20; i++) { /* news, but not of what was asked for; somebody else reads them meanwhile */
		order(i & 1 ? "b3" : "b4");
		ck_assert_int_eq(ctl("display ranges"), 0);
	}
	order("a2");
	ck_assert_str_eq(next_line(f), "[{\"user\":\"a\",\"first\":20,\"last\":29}]\n");
	order("a2"); /* put again, the same */
	order("a-");
	ck_assert_str_eq(next_line(f), "[]\n");
	kill(pid, SIGKILL); /* Check has its own idea of SIGTERM */
	ck_assert_str_eq(next_line(f), "(the end)");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	fclose(f);
	stop_owner();
}
END_TEST

START_TEST(watch_ends_with_an_error_when_the_owner_is_gone)
{
	pid_t pid;
	int status;

	start_owner(true);
	order("a1");
	FILE *f = start_ctl("display ranges --watch", &pid);
	ck_assert_str_eq(next_line(f), "a 10-19\n");
	stop_owner();
	ck_assert_str_eq(next_line(f), "(the end)");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	fclose(f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ctl");
	TCase *words = tcase_create("words"), *live = tcase_create("on a live bus");

	tcase_add_test(words, without_words_the_usage_is_shown);
	tcase_add_loop_test(words, a_wrong_line_is_answered_with_what_would_be_right, 0, COUNT(wrong));
	tcase_add_test(words, an_unknown_option_and_a_missing_value_are_named);
	tcase_add_test(words, too_many_words_are_refused);
	tcase_add_test(words, a_word_may_begin_with_a_dash_and_a_command_may_be_carried_out_here);
	tcase_add_test(words, a_question_mark_lists_the_commands_that_begin_so_by_either_word);
	tcase_add_loop_test(words, words_are_abbreviated_and_display_is_show, 0, COUNT(meant));
	tcase_add_test(words, a_daemon_that_does_not_run_is_named_with_the_remedy);
	suite_add_tcase(s, words);
	tcase_set_timeout(live, 60);
	tcase_add_test(live, rows_are_shown_as_text_sorted_and_filtered);
	tcase_add_test(live, rows_are_shown_as_json_with_the_same_filter);
	tcase_add_test(live, words_may_come_in_one_piece);
	tcase_add_test(live, a_second_table_whose_owner_is_away_does_not_stop_the_display);
	tcase_add_test(live, an_owner_that_recovers_is_shown_with_what_it_has_so_far);
	tcase_add_test(live, a_request_carries_the_line_written_out);
	tcase_add_test(live, a_display_may_have_the_daemon_look_first);
	tcase_add_test(live, until_returns_at_once_when_it_holds_already);
	tcase_add_test(live, until_that_never_holds_ends_with_its_own_status_and_the_last_rows);
	tcase_add_test(live, until_of_a_field_that_is_not_there_is_refused);
	tcase_add_test(live, until_waits_for_the_change);
	tcase_add_test(live, watch_prints_one_line_of_json_per_state_and_nothing_twice);
	tcase_add_test(live, watch_ends_with_an_error_when_the_owner_is_gone);
	suite_add_tcase(s, live);
	return s;
}

CHECK_MAIN(suite)
