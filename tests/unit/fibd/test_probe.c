/* ping and tracert: what the system's programs are told, and how what they say is written (reference 002). */
#include "base/mem.h"
#include "base/text.h"
#include "fibd/commands.h"
#include "host/ctl.h"
#include "tests/helper/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], out[8192];

static void
setup(void)
{
	snprintf(folder, sizeof folder, "/tmp/test_probe.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(setenv("PATH", folder, 1), 0);
}

static void
teardown(void)
{
	char command[100];

	snprintf(command, sizeof command, "/bin/rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
read_file(const char *name, char *into, size_t room)
{
	char path[100];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "r");
	into[0] = '\0';
	if (!f)
		return;
	into[fread(into, 1, room - 1, f)] = '\0';
	fclose(f);
}

/* In the place of the system's program: one that notes its arguments, and says this. */
static void
program(const char *name, const char *says, int status)
{
	char path[100];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(
	    f, "#!/bin/sh\nprintf '%%s\\n' \"$*\" > %s/told\n/bin/cat <<'END'\n%sEND\nexit %d\n", folder, says, status);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0755), 0);
}

/* Its standard output is in `out`. */
static int
fibctl(char **words, int count)
{
	char path[100], *argv[16] = { "fibctl" };

	snprintf(path, sizeof path, "%s/out", folder);
	for (int i = 0; i < count; i++)
		argv[i + 1] = words[i];
	fflush(NULL);
	int saved = dup(STDOUT_FILENO);
	ck_assert_ptr_nonnull(freopen(path, "w", stdout));
	int status = ctl_main(count + 1, argv, "fibd", fib_probe_commands);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	read_file("out", out, sizeof out);
	return status;
}
#define FIBCTL(...) fibctl((char *[]){ __VA_ARGS__ }, (int)COUNT(((char *[]){ __VA_ARGS__ })))

static void
was_told(const char *words)
{
	char told[256];

	read_file("told", told, sizeof told);
	ck_assert_str_eq(told, words);
}

START_TEST(answers_are_written_as_in_reference_002)
{
	program("ping",
	    "PING 10.1.1.1 (10.1.1.1) 56(84) bytes of data.\n"
	    "64 bytes from 10.1.1.1: icmp_seq=1 ttl=255 time=130 ms\n"
	    "64 bytes from 10.1.1.1: icmp_seq=2 ttl=255 time=60.2 ms\n"
	    "64 bytes from 10.1.1.1: icmp_seq=3 ttl=255 time=40.1 ms\n"
	    "64 bytes from 10.1.1.1: icmp_seq=4 ttl=255 time=30.0 ms\n"
	    "64 bytes from 10.1.1.1: icmp_seq=5 ttl=255 time=29.6 ms\n"
	    "\n"
	    "--- 10.1.1.1 ping statistics ---\n"
	    "5 packets transmitted, 5 received, 0% packet loss, time 2005ms\n"
	    "rtt min/avg/max/mdev = 29.600/57.980/130.000/37.822 ms\n",
	    0);
	ck_assert_int_eq(FIBCTL("ping", "-vpn-instance", "lo", "10.1.1.1"), 0); /* a device that is everywhere */
	was_told("-nO -c 5 -s 56 -i 0.5 -W 2.000 -I lo -- 10.1.1.1\n");
	ck_assert_str_eq(out, "PING 10.1.1.1: 56  data bytes, press CTRL_C to break\n"
			      "    Reply from 10.1.1.1: bytes=56 Sequence=1 ttl=255 time=130 ms\n"
			      "    Reply from 10.1.1.1: bytes=56 Sequence=2 ttl=255 time=60 ms\n"
			      "    Reply from 10.1.1.1: bytes=56 Sequence=3 ttl=255 time=40 ms\n"
			      "    Reply from 10.1.1.1: bytes=56 Sequence=4 ttl=255 time=30 ms\n"
			      "    Reply from 10.1.1.1: bytes=56 Sequence=5 ttl=255 time=30 ms\n"
			      "\n"
			      "  --- 10.1.1.1 ping statistics ---\n"
			      "    5 packet(s) transmitted\n"
			      "    5 packet(s) received\n"
			      "    0.00% packet loss\n"
			      "round-trip min/avg/max = 30/58/130 ms\n"
			      "\n");
}
END_TEST

START_TEST(what_is_not_answered_is_said_packet_by_packet)
{
	program("ping",
	    "PING 10.1.1.1 (10.1.1.1) 100(128) bytes of data.\n"
	    "no answer yet for icmp_seq=1\n"
	    "From 10.1.1.2 icmp_seq=2 Destination Host Unreachable\n"
	    "\n--- 10.1.1.1 ping statistics ---\n"
	    "3 packets transmitted, 0 received, +1 errors, 100% packet loss, time 1004ms\n\n",
	    1);
	ck_assert_int_eq(FIBCTL("ping", "-c", "3", "-s", "100", "-t", "500", "-a", "10.1.1.2", "10.1.1.1"), 1);
	was_told("-nO -c 3 -s 100 -i 0.5 -W 0.500 -I 10.1.1.2 -- 10.1.1.1\n");
	ck_assert_str_eq(out, "PING 10.1.1.1: 100  data bytes, press CTRL_C to break\n"
			      "    Request time out\n"
			      "    From 10.1.1.2: Sequence=2 Destination Host Unreachable\n"
			      "    Request time out\n"
			      "\n"
			      "  --- 10.1.1.1 ping statistics ---\n"
			      "    3 packet(s) transmitted\n"
			      "    0 packet(s) received\n"
			      "    100.00% packet loss\n"
			      "\n");
}
END_TEST

START_TEST(hops_are_written_as_in_reference_002)
{
	program("traceroute",
	    "traceroute to 10.3.1.2 (10.3.1.2), 30 hops max, 40 byte packets\n"
	    " 1  10.1.1.2  20.1 ms 10.2.1.2  1.2 ms 10.1.1.2  40.0 ms\n"
	    " 2  10.3.1.1  40.0 ms  30.4 ms  49.9 ms\n"
	    " 3  * * *\n"
	    " 4  10.3.1.2  80.0 ms !H *  0.4 ms\n",
	    0);
	ck_assert_int_eq(FIBCTL("tracert", "10.3.1.2"), 0);
	was_told("-n -m 30 -q 3 -- 10.3.1.2 40\n");
	ck_assert_str_eq(out, " traceroute to  10.3.1.2(10.3.1.2), max hops: 30 ,packet length: 40\n"
			      " 1 10.1.1.2 20 ms 10.2.1.2 1 ms 10.1.1.2 40 ms\n"
			      " 2 10.3.1.1 40 ms  30 ms  50 ms\n"
			      " 3 * * *\n"
			      " 4 10.3.1.2 80 ms !H *  <1 ms\n");
	ck_assert_int_eq(FIBCTL("tracert", "-vpn-instance", "lo", "-a", "2001:db8::2", "-m", "5", "2001:db8::1"), 0);
	was_told("-n -m 5 -q 3 -i lo -s 2001:db8::2 -- 2001:db8::1 80\n");
}
END_TEST

START_TEST(an_instance_that_is_none_and_a_program_that_is_missing_are_errors)
{
	ck_assert_int_eq(FIBCTL("ping", "-vpn-instance", "nowhere", "10.1.1.1"), 1);
	ck_assert_str_eq(out, "");
	ck_assert_int_eq(FIBCTL("ping", "-a", "2001:db8::1", "10.1.1.1"), 1);
	ck_assert_int_eq(FIBCTL("tracert", "10.1.1.1"), 127);
	ck_assert_int_eq(FIBCTL("ping", "-c", "0", "10.1.1.1"), 2);
	ck_assert_int_eq(FIBCTL("ping", "host.example"), 2);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd probes");
	TCase *t = tcase_create("probes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, answers_are_written_as_in_reference_002);
	tcase_add_test(t, what_is_not_answered_is_said_packet_by_packet);
	tcase_add_test(t, hops_are_written_as_in_reference_002);
	tcase_add_test(t, an_instance_that_is_none_and_a_program_that_is_missing_are_errors);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
