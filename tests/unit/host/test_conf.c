/* router.conf: views, undo, what each daemon takes, and every way in which a file can be wrong. */
#include "base/mem.h"
#include "host/conf.h"
#include "tests/helper/check.h"
#include "tests/helper/test_grammar.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct here_config config;
static struct conf_errors errors;

static void
setup(void)
{
	config = (struct here_config){ 0 };
	errors = (struct conf_errors){ 0 };
}

static void
teardown(void)
{
	text_free(&config.said);
	conf_errors_free(&errors);
}

static int
read_conf(const char *text)
{
	teardown();
	errors = (struct conf_errors){ 0 };
	return conf_read_text("r.conf", text, here_commands, &config, &errors);
}

static void
expect(const char *text, const char *said)
{
	int r = read_conf(text);

	ck_assert_msg(r == 0, "refused:\n%s", text_chars(&errors.text));
	ck_assert_str_eq(text_chars(&config.said), said);
}

static void
expect_error(const char *text, const char *error)
{
	ck_assert_int_eq(read_conf(text), -1);
	ck_assert_str_eq(text_chars(&errors.text), error);
}

/* --- views --- */

START_TEST(an_indented_file_is_read_as_it_is_printed)
{
	expect("", ""); /* an empty file is a file */
	expect("#\nmpls lsr-id 1.1.1.1\n#\ninterface GigabitEthernet0/1/0\n ip address 10.0.0.1 255.255.255.0\n mpls\n "
	       "mpls ldp\n#\n"
	       "interface LoopBack1\n ip address 1.1.1.1 32\n#\nreturn\n",
	    "lsr-id 1.1.1.1\ninterface on GigabitEthernet0/1/0\naddress on GigabitEthernet0/1/0 10.0.0.1/24\n"
	    "mpls on GigabitEthernet0/1/0\ninterface on LoopBack1\naddress on LoopBack1 1.1.1.1/32\n");
}
END_TEST

START_TEST(a_line_no_further_in_than_the_one_that_opened_the_view_is_outside_of_it)
{
	/* `mpls` is a command of the interface view and of the system view; here the latter is meant. */
	expect("interface eth0\n mtu 1500\nmpls\n", "interface on eth0\nmtu on eth0 1500 at line 2\n");
}
END_TEST

START_TEST(a_flat_file_stays_in_a_view_until_a_line_fits_outside_only)
{
	expect("interface eth0\nmtu 1500\nmpls\ninterface eth1\nmtu 1400\nmpls lsr-id 1.1.1.1\nmpls\n",
	    "interface on eth0\nmtu on eth0 1500 at line 2\nmpls on eth0\ninterface on eth1\nmtu on eth1 1400 at line "
	    "5\nlsr-id 1.1.1.1\n");
}
END_TEST

START_TEST(a_separator_closes_a_view_in_a_flat_file)
{
	expect("interface eth0\nmtu 1500\n#\nmpls\n", "interface on eth0\nmtu on eth0 1500 at line 2\n");
}
END_TEST

START_TEST(an_indented_separator_closes_the_nested_view_only)
{
	/* mpls ldp opens a view, remote one inside of it. */
	expect("mpls ldp\n timer hello 5\n #\n remote eth1\n  mtu 1500\n #\n timer hello 6\n remote eth2\n  mtu "
	       "1400\n#\nmpls\n",
	    "mtu on eth1 1500 at line 5\nmtu on eth2 1400 at line 9\n");
	expect_error("mpls ldp\n remote eth1\n  mtu 1500\n #\n mtu 1400\n",
	    "r.conf:5: `mtu 1400` is a command of the interface view; here it stands in the mpls-ldp view\n");
}
END_TEST

START_TEST(a_line_further_out_closes_every_view_in_between_even_one_without_a_body)
{
	/* At the last line neither the interface view nor mpls-ldp is open: `mpls` is the system view's. */
	expect("mpls ldp\n remote eth1\nmpls\n", "");
	expect("mpls ldp\n remote eth1\n  mtu 1500\nmpls\n", "mtu on eth1 1500 at line 3\n");
	expect("mpls ldp\n remote eth1\n  mtu 1500\n timer hello 5\n", "mtu on eth1 1500 at line 3\n");
}
END_TEST

START_TEST(quit_closes_one_view)
{
	expect("mpls ldp\nremote eth1\nmtu 1500\nquit\ntimer hello 5\nquit\nmpls\n", "mtu on eth1 1500 at line 3\n");
	expect_error("quit\n", "r.conf:1: `quit` closes a view, and none is open here\n");
}
END_TEST

START_TEST(return_ends_the_commands_and_what_follows_is_not_silently_lost)
{
	expect("mpls lsr-id 1.1.1.1\nreturn\n\n#\n! a note\n", "lsr-id 1.1.1.1\n");
	ck_assert_uint_eq(errors.warnings, 0);
	expect("mpls lsr-id 1.1.1.1\nreturn\n#\n\nmpls lsr-id 2.2.2.2\nnonsense\n", "lsr-id 1.1.1.1\n");
	ck_assert_str_eq(text_chars(&errors.text),
	    "r.conf:5: warning: this line and those below it stand behind `return`: they are not read\n");
	ck_assert_uint_eq(errors.warnings, 1);
}
END_TEST

START_TEST(the_parameters_of_a_view_come_from_the_line_that_opened_it_whoever_owns_it)
{
	expect("mpls ldp\n remote loopback 7\n  mtu 1500\n  description x\n",
	    "mtu on LoopBack7 1500 at line 3\nnote on LoopBack7 x\n");
}
END_TEST

/* --- who takes a line --- */

START_TEST(a_line_of_another_daemon_is_neither_taken_nor_refused)
{
	expect("ip route-static 10.0.0.0 8 NULL0 preference 5\nmpls ldp\n timer hello 7\n undo timer hello\n", "");
	ck_assert_uint_eq(errors.warnings, 0);
}
END_TEST

START_TEST(words_may_not_be_abbreviated_in_a_file_and_case_does_not_count)
{
	expect("INTERFACE GIGABITETHERNET 0/1/0\n MTU 1500\n",
	    "interface on GigabitEthernet0/1/0\nmtu on GigabitEthernet0/1/0 1500 at line 2\n");
	ck_assert_int_eq(read_conf("int eth0\n"), -1);
}
END_TEST

/* --- undo --- */

START_TEST(undo_calls_the_same_handler_and_parameters_at_the_end_may_be_missing)
{
	expect(
	    "interface eth0\n undo ip address 10.0.0.1 24\n undo ip address 10.0.0.1\n undo ip address\n undo mpls\n",
	    "interface on eth0\nundo address on eth0 10.0.0.1/24\nundo address on eth0 10.0.0.1/32\nundo address on "
	    "eth0 -\n"
	    "undo mpls on eth0\n");
	expect("undo mpls lsr-id\n", "undo lsr-id -\n");
}
END_TEST

START_TEST(an_undo_form_of_its_own_is_the_only_one)
{
	expect("interface eth0\n undo mtu\n UNDO description\n",
	    "interface on eth0\nundo mtu on eth0 0 at line 2\nundo note on eth0 -\n");
	expect_error("interface eth0\n undo mtu 1500\n",
	    "r.conf:2: `undo mtu 1500`: `1500` does not fit here, expected the end "
	    "of the line; did you mean `undo mtu`?\n");
}
END_TEST

START_TEST(undo_of_a_short_command_does_not_undo_a_longer_one)
{
	/* In the system view `mpls` is another daemon's; the LSR id stays. */
	expect("mpls lsr-id 1.1.1.1\nundo mpls\n", "lsr-id 1.1.1.1\n");
}
END_TEST

START_TEST(undo_of_a_command_that_opens_a_view_opens_none)
{
	expect_error("undo interface eth0\nmtu 1500\n",
	    "r.conf:2: `mtu 1500` is a command of the interface view; here it stands in the system view\n");
	ck_assert_str_eq(text_chars(&config.said), "undo interface on eth0\n");
}
END_TEST

START_TEST(a_command_without_an_undo_has_none)
{
	ck_assert_int_eq(read_conf("undo broken\n"), -1);
	ck_assert_int_eq(read_conf("undo\n"), -1);
}
END_TEST

/* --- lines --- */

START_TEST(comments_blank_lines_tabs_and_carriage_returns_are_no_trouble)
{
	expect(
	    "! made by hand\r\n\r\ninterface\teth0\r\n\tmtu\t 1500 \t\r\n \t\r\n  ! more\r\n\tmpls\r\n#\r\nreturn\r\n",
	    "interface on eth0\nmtu on eth0 1500 at line 4\nmpls on eth0\n");
}
END_TEST

START_TEST(a_tab_reaches_to_the_eighth_column)
{
	expect("mpls ldp\n  remote eth1\n\tmtu 1500\n        mtu 1400\n",
	    "mtu on eth1 1500 at line 3\nmtu on eth1 1400 at line 4\n");
}
END_TEST

START_TEST(a_byte_order_mark_is_skipped_and_a_missing_last_newline_is_not_missed)
{
	expect("\xef\xbb\xbfmpls lsr-id 1.1.1.1", "lsr-id 1.1.1.1\n");
}
END_TEST

START_TEST(text_is_taken_in_any_language)
{
	expect("interface eth0\n description B\xc3\xbcro \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x90\xa1!\n",
	    "interface on eth0\nnote on eth0 B\xc3\xbcro \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x90\xa1!\n");
}
END_TEST

static const char *const not_utf8[] = { "\xff", "\x80", "\xc3", "\xc3(", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80",
	"\xf4\x90\x80\x80", "\xf0\x9f\x90", "\xf8\x88\x80\x80\x80" };

START_TEST(what_is_not_utf8_is_refused_with_its_place)
{
	char text[100], error[200];

	snprintf(text, sizeof text, "interface eth0\n description x%s\n", not_utf8[_i]);
	snprintf(error, sizeof error, "r.conf:2: byte 0x%02x in column 15 is not UTF-8 text\n",
	    (unsigned char)not_utf8[_i][0]);
	expect_error(text, error);
}
END_TEST

START_TEST(a_control_character_is_refused_with_its_place)
{
	expect_error("mpls\x1b[0m\n", "r.conf:1: a control character (0x1b) in column 5\n");
	expect_error("mpls\rmpls\r", "r.conf:1: a control character (0x0d) in column 5\n");
	expect_error("\x7f\n", "r.conf:1: a control character (0x7f) in column 1\n");
}
END_TEST

START_TEST(a_line_that_is_too_long_is_refused_and_the_longest_is_not)
{
	char text[1100] = "interface eth0\ndescription ";

	memset(text + 27, 'x', 1012);
	text[27 + 1012] = '\n';
	ck_assert_int_eq(read_conf(text), 0);
	text[27 + 1012] = 'x';
	text[27 + 1013] = '\n';
	expect_error(text, "r.conf:2: a line of 1025 bytes; the limit is 1024\n");
}
END_TEST

START_TEST(too_many_words_are_refused)
{
	char text[300] = "interface eth0\n description";

	for (int i = 0; i < 63; i++)
		strcat(text, " x");
	ck_assert_int_eq(read_conf(text), 0);
	strcat(text, " x");
	expect_error(text, "r.conf:2: more than 64 words\n");
}
END_TEST

/* --- mistakes --- */

START_TEST(an_unknown_command_is_named_with_its_view_and_the_nearest_one)
{
	expect_error("#\nmpls lsrid 1.1.1.1\n",
	    "r.conf:2: `mpls lsrid 1.1.1.1`: `lsrid` does not fit here, expected lsr-id or the end of the line or ldp; "
	    "did you mean `mpls lsr-id A.B.C.D`?\n");
	expect_error("interfcae eth0\n",
	    "r.conf:1: unknown command `interfcae eth0` in the system view; did you mean `interface INTERFACE`?\n");
	expect_error("interface eth0\n mtt 1500\n",
	    "r.conf:2: unknown command `mtt 1500` in the interface view; did you mean `mtu <68-65535>`?\n");
	expect_error(
	    "frobnicate the whatsit\n", "r.conf:1: unknown command `frobnicate the whatsit` in the system view\n");
}
END_TEST

START_TEST(a_command_of_a_view_that_is_not_open_is_told_where_it_belongs)
{
	expect_error("undo ip address\n",
	    "r.conf:1: `undo ip address` is a command of the interface view; here it stands in the system view\n");
	expect_error("interface eth0\n timer hello 5\n",
	    "r.conf:2: `timer hello 5` is a command of the mpls-ldp view; here it stands in the interface view\n");
}
END_TEST

START_TEST(an_abbreviation_is_answered_with_the_word_in_full)
{
	expect_error("int eth0\n",
	    "r.conf:1: unknown command `int eth0` in the system view; did you mean `interface INTERFACE`?\n");
}
END_TEST

START_TEST(the_word_that_does_not_fit_is_named_with_what_is_expected)
{
	expect_error("interface eth0\n ip address 10.0.0.256 24\n",
	    "r.conf:2: `ip address 10.0.0.256 24`: `10.0.0.256` does not fit here, expected A.B.C.D; "
	    "did you mean `ip address A.B.C.D LENGTH|MASK [ sub ]`?\n");
	expect_error("interface eth0\n mtu 67\n",
	    "r.conf:2: `mtu 67`: `67` does not fit here, expected <68-65535>; did you mean `mtu <68-65535>`?\n");
	expect_error("interface eth0\n mtu\n",
	    "r.conf:2: `mtu` is not complete, expected <68-65535>; did you mean `mtu <68-65535>`?\n");
	expect_error("ip route-static 10.0.0.0 8 NULL0 tag 1 tag 2\n",
	    "r.conf:1: `ip route-static 10.0.0.0 8 NULL0 tag 1 tag 2`: `tag` does not fit here, expected preference or "
	    "the end of the line; "
	    "did you mean `ip route-static A.B.C.D LENGTH|MASK { NULL0 | A.B.C.D } [ preference <1-255> | tag <1-9> "
	    "]*`?\n");
}
END_TEST

START_TEST(all_mistakes_of_a_file_are_found_at_once)
{
	expect_error("mpls lsr-id one\ninterface eth0\n mtu big\n mtu 1500\nip route-static 10.0.0.0 8\n",
	    "r.conf:1: `mpls lsr-id one`: `one` does not fit here, expected A.B.C.D; did you mean `mpls lsr-id "
	    "A.B.C.D`?\n"
	    "r.conf:3: `mtu big`: `big` does not fit here, expected <68-65535>; did you mean `mtu <68-65535>`?\n"
	    "r.conf:5: `ip route-static 10.0.0.0 8` is not complete, expected NULL0 or A.B.C.D; did you mean "
	    "`ip route-static A.B.C.D LENGTH|MASK { NULL0 | A.B.C.D } [ preference <1-255> | tag <1-9> ]*`?\n");
	ck_assert_uint_eq(errors.errors, 3);
}
END_TEST

START_TEST(the_body_of_an_unknown_view_is_not_reported_line_by_line)
{
	expect_error("bgp 100\n peer 1.1.1.1 enable\n #\n ipv4-family\n  peer 1.1.1.1 enable\n mpls\n#\n frob 5\n",
	    "r.conf:1: unknown command `bgp 100` in the system view\n"
	    "r.conf:8: unknown command `frob 5` in the system view\n");
	ck_assert_str_eq(text_chars(&config.said), "");
}
END_TEST

START_TEST(a_refusal_by_the_daemon_carries_the_line_and_the_reading_goes_on)
{
	config.max_mtu = 1500;
	expect_error("interface eth0\n mtu 9000\n mtu 9001\n mpls\n",
	    "r.conf:2: an mtu of 9000 is more than 1500\nr.conf:3: an mtu of 9001 is more than 1500\n");
	ck_assert_ptr_nonnull(strstr(text_chars(&config.said), "mpls on eth0\n"));
	expect_error("broken\n", "r.conf:1: the line was refused\n");
}
END_TEST

START_TEST(a_warning_is_no_error)
{
	ck_assert_int_eq(read_conf("interface eth0\n mtu 100\n"), 0);
	ck_assert_str_eq(
	    text_chars(&errors.text), "r.conf:2: warning: an mtu of 100 is less than every host must take\n");
	ck_assert_uint_eq(errors.warnings, 1);
	ck_assert_uint_eq(errors.errors, 0);
}
END_TEST

START_TEST(after_a_hundred_errors_it_is_enough)
{
	struct text many = { 0 };

	for (int i = 0; i < 100; i++)
		text_line(&many, "nonsense %d", i);
	ck_assert_int_eq(read_conf(text_chars(&many)), -1);
	ck_assert_uint_eq(errors.errors, 100);
	text_line(&many, "nonsense 100");
	text_line(&many, "nonsense 101");
	ck_assert_int_eq(read_conf(text_chars(&many)), -1);
	ck_assert_uint_eq(errors.errors, 101);
	ck_assert_ptr_nonnull(strstr(text_chars(&errors.text), "too many errors; the rest of the file was not read\n"));
	ck_assert_ptr_null(strstr(text_chars(&errors.text), "nonsense 101"));
	text_free(&many);
}
END_TEST

START_TEST(a_view_that_opens_again_in_a_flat_file_takes_the_place_of_the_one_before)
{
	expect("mpls ldp\nremote eth1\nremote eth2\nremote eth3\nremote eth4\nremote eth5\nremote eth6\nremote "
	       "eth7\nremote eth8\nmtu 99\n",
	    "mtu on eth8 99 at line 10\n");
}
END_TEST

/* --- files --- */

static char path[64];

static void
write_file(const char *bytes, size_t size)
{
	snprintf(path, sizeof path, "/tmp/test_conf.XXXXXX");
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

START_TEST(a_file_is_read_and_errors_carry_its_name)
{
	char error[200];

	write_file("mpls lsr-id 1.1.1.1\nmpls lsr-id\n", 32);
	ck_assert_int_eq(conf_read_file(path, here_commands, &config, &errors), -1);
	unlink(path);
	ck_assert_str_eq(text_chars(&config.said), "lsr-id 1.1.1.1\n");
	snprintf(error, sizeof error,
	    "%s:2: `mpls lsr-id` is not complete, expected A.B.C.D; did you mean `mpls lsr-id A.B.C.D`?\n", path);
	ck_assert_str_eq(text_chars(&errors.text), error);
}
END_TEST

START_TEST(a_zero_byte_in_a_file_is_refused)
{
	write_file("mpls\nmpls\0ldp\nmpls\n", 19);
	ck_assert_int_eq(conf_read_file(path, here_commands, &config, &errors), -1);
	unlink(path);
	ck_assert_ptr_nonnull(strstr(text_chars(&errors.text), ":2: a zero byte"));
	ck_assert_uint_eq(errors.errors, 1);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_an_error_that_says_why)
{
	ck_assert_int_eq(conf_read_file("/nonexistent/router.conf", here_commands, &config, &errors), -1);
	ck_assert_str_eq(
	    text_chars(&errors.text), "/nonexistent/router.conf: cannot be read: No such file or directory\n");
	conf_errors_free(&errors);
	ck_assert_int_eq(conf_read_file("/", here_commands, &config, &errors), -1);
	ck_assert_str_eq(text_chars(&errors.text), "/: cannot be read: it is a folder\n");
	ck_assert_uint_eq(errors.errors, 2);
}
END_TEST

START_TEST(a_pipe_without_a_writer_keeps_nobody_waiting)
{
	snprintf(path, sizeof path, "/tmp/test_conf.%d", (int)getpid());
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(conf_read_file(path, here_commands, &config, &errors), -1);
	unlink(path);
	ck_assert_ptr_nonnull(strstr(text_chars(&errors.text), "it is not a file"));
}
END_TEST

/* A file cut at any byte is read to its end without harm. */
START_TEST(a_file_cut_at_any_byte_does_no_harm)
{
	static const char whole[] =
	    "\xef\xbb\xbf#\r\ninterface GigabitEthernet 0/1/0\r\n\tip address 10.0.0.1 24 sub\n undo mpls\n "
	    "description \xc3\xbc\n#\n"
	    "mpls ldp\n remote eth0\n  mtu 1400\n #\nip route-static 10.0.0.0 8 NULL0 tag 3\nreturn\nmore";

	for (size_t n = 0; n < sizeof whole; n++) {
		char *cut = mem_zalloc(n + 1);
		memcpy(cut, whole, n);
		int r = read_conf(cut);
		ck_assert_int_eq(r, errors.errors ? -1 : 0);
		free(cut);
	}
	ck_assert_uint_eq(errors.errors, 0);
	ck_assert_uint_eq(errors.warnings, 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("conf");
	TCase *views = tcase_create("views"), *lines = tcase_create("lines"), *mistakes = tcase_create("mistakes"),
	      *files = tcase_create("files");

	tcase_add_checked_fixture(views, setup, teardown);
	tcase_add_test(views, an_indented_file_is_read_as_it_is_printed);
	tcase_add_test(views, a_line_no_further_in_than_the_one_that_opened_the_view_is_outside_of_it);
	tcase_add_test(views, a_flat_file_stays_in_a_view_until_a_line_fits_outside_only);
	tcase_add_test(views, a_separator_closes_a_view_in_a_flat_file);
	tcase_add_test(views, an_indented_separator_closes_the_nested_view_only);
	tcase_add_test(views, a_line_further_out_closes_every_view_in_between_even_one_without_a_body);
	tcase_add_test(views, quit_closes_one_view);
	tcase_add_test(views, return_ends_the_commands_and_what_follows_is_not_silently_lost);
	tcase_add_test(views, the_parameters_of_a_view_come_from_the_line_that_opened_it_whoever_owns_it);
	tcase_add_test(views, a_line_of_another_daemon_is_neither_taken_nor_refused);
	tcase_add_test(views, words_may_not_be_abbreviated_in_a_file_and_case_does_not_count);
	tcase_add_test(views, undo_calls_the_same_handler_and_parameters_at_the_end_may_be_missing);
	tcase_add_test(views, an_undo_form_of_its_own_is_the_only_one);
	tcase_add_test(views, undo_of_a_short_command_does_not_undo_a_longer_one);
	tcase_add_test(views, undo_of_a_command_that_opens_a_view_opens_none);
	tcase_add_test(views, a_command_without_an_undo_has_none);
	tcase_add_test(views, a_view_that_opens_again_in_a_flat_file_takes_the_place_of_the_one_before);
	suite_add_tcase(s, views);
	tcase_add_checked_fixture(lines, setup, teardown);
	tcase_add_test(lines, comments_blank_lines_tabs_and_carriage_returns_are_no_trouble);
	tcase_add_test(lines, a_tab_reaches_to_the_eighth_column);
	tcase_add_test(lines, a_byte_order_mark_is_skipped_and_a_missing_last_newline_is_not_missed);
	tcase_add_test(lines, text_is_taken_in_any_language);
	tcase_add_loop_test(lines, what_is_not_utf8_is_refused_with_its_place, 0, COUNT(not_utf8));
	tcase_add_test(lines, a_control_character_is_refused_with_its_place);
	tcase_add_test(lines, a_line_that_is_too_long_is_refused_and_the_longest_is_not);
	tcase_add_test(lines, too_many_words_are_refused);
	suite_add_tcase(s, lines);
	tcase_add_checked_fixture(mistakes, setup, teardown);
	tcase_add_test(mistakes, an_unknown_command_is_named_with_its_view_and_the_nearest_one);
	tcase_add_test(mistakes, a_command_of_a_view_that_is_not_open_is_told_where_it_belongs);
	tcase_add_test(mistakes, an_abbreviation_is_answered_with_the_word_in_full);
	tcase_add_test(mistakes, the_word_that_does_not_fit_is_named_with_what_is_expected);
	tcase_add_test(mistakes, all_mistakes_of_a_file_are_found_at_once);
	tcase_add_test(mistakes, the_body_of_an_unknown_view_is_not_reported_line_by_line);
	tcase_add_test(mistakes, a_refusal_by_the_daemon_carries_the_line_and_the_reading_goes_on);
	tcase_add_test(mistakes, a_warning_is_no_error);
	tcase_add_test(mistakes, after_a_hundred_errors_it_is_enough);
	suite_add_tcase(s, mistakes);
	tcase_add_checked_fixture(files, setup, teardown);
	tcase_add_test(files, a_file_is_read_and_errors_carry_its_name);
	tcase_add_test(files, a_zero_byte_in_a_file_is_refused);
	tcase_add_test(files, a_file_that_cannot_be_read_is_an_error_that_says_why);
	tcase_add_test(files, a_pipe_without_a_writer_keeps_nobody_waiting);
	tcase_add_test(files, a_file_cut_at_any_byte_does_no_harm);
	suite_add_tcase(s, files);
	return s;
}

CHECK_MAIN(suite)
