/*
 * Streams within a device: listeners, connections and secrets, between two network namespaces. Each test of a listener runs
 * twice, on a plain device and in a VRF, for which this kernel may be too small (see tests/labs/test_vrf_streams.py).
 *
 *   near, in the namespace `there`: v0 10.0.0.2, v1 10.0.1.2      far, `here`: h0 10.0.0.1, h1 10.0.1.1
 *
 * Far's device is h0, or the VRF `red` that h0 belongs to. h1 is of the public network.
 */
#include "host/stream_internal.h"
#include "tests/helper/bus.h"
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdarg.h>

enum { PORT = 179 };
enum { PLAIN, VRF };
struct side {
	struct streams *streams;
	uint32_t conn;
	unsigned ups, downs;
	char device[32];
	struct addr peer;
	size_t bytes;
	char why[128];
};

static struct place place;
static struct side near, far;
static int here, there;    /* namespaces */
static const char *device; /* far's */
static char log_path[128];

static void
on_up(void *ctx, uint32_t conn, const struct stream_ends *ends, usec_t now)
{
	struct side *s = ctx;

	(void)now;
	s->ups++;
	s->conn = conn;
	s->peer = ends->peer;
	snprintf(s->device, sizeof s->device, "%s", ends->device);
}

static void
on_bytes(void *ctx, uint32_t conn, const uint8_t *bytes, size_t size, usec_t now)
{
	struct side *s = ctx;

	(void)conn;
	(void)bytes;
	(void)now;
	s->bytes += size;
}

static void
on_down(void *ctx, uint32_t conn, const char *why, usec_t now)
{
	struct side *s = ctx;

	(void)conn;
	(void)now;
	s->downs++;
	snprintf(s->why, sizeof s->why, "%s", why);
}

static const struct stream_ops ops = { .up = on_up, .bytes = on_bytes, .down = on_down };

static struct addr
address(const char *text)
{
	struct addr a;

	ck_assert(addr_parse(text, &a));
	return a;
}

/* --- the two namespaces --- */

static void
enter(int ns)
{
	ck_assert_int_eq(setns(ns, CLONE_NEWNET), 0);
}

static int
own_namespace(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void ip(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void
ip(const char *format, ...)
{
	char words[300], line[320];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	snprintf(line, sizeof line, "ip %s", words);
	ck_assert_msg(system(line) == 0, "%s", line);
}

static void
set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, value, strlen(value)), (ssize_t)strlen(value));
	close(fd);
}

static void
up(const char *name, const char *net, int host)
{
	ip("link set %s up", name);
	ip("address add 10.0.%s.%d/24 dev %s", net, host, name);
	ip("address add fd00:0:0:%s::%d/64 dev %s nodad", net, host, name);
}

static void
make_pair(const char *net)
{
	enter(here);
	ip("link add h%s type veth peer name v%s netns /proc/%d/fd/%d", net, net, getpid(), there);
	char name[8];
	snprintf(name, sizeof name, "h%s", net);
	up(name, net, 1);
	enter(there);
	snprintf(name, sizeof name, "v%s", net);
	up(name, net, 2);
	enter(here);
}

/* h0 into its VRF; addresses of IPv6 do not survive the move. */
static void
make_red(void)
{
	ip("link add red type vrf table 1001");
	ip("link set red up");
	ip("link set h0 master red");
	ip("address replace fd00:0:0:0::1/64 dev h0 nodad");
}

static bool
has_vrf(void)
{
	if (system("ip link add probe type vrf table 9 2>/dev/null") == 0) {
		ip("link delete probe");
		return true;
	}
	ck_assert_msg(!getenv("PENULT_TEST_VRF"), "this kernel has no VRF");
	return false;
}

/* False: there is nothing to be tested on this kernel. */
static bool
prepare(int kind)
{
	device = kind == VRF ? "red" : "h0";
	if (kind == VRF && !has_vrf())
		return false;
	make_pair("0");
	make_pair("1");
	if (kind == VRF)
		make_red();
	return true;
}

static void
setup(void)
{
	char why[256], map[32];

	place_make(&place);
	snprintf(map, sizeof map, "0 %u 1", geteuid());
	if (geteuid() != 0) { /* root of a user namespace will do */
		ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
		set("/proc/self/uid_map", map);
	}
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	there = own_namespace();
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	here = own_namespace();
	ip("link set lo up");
	snprintf(log_path, sizeof log_path, "%s/log", place.dir);
	ck_assert_ptr_nonnull(freopen(log_path, "w", stderr));
	place_start(&place);
	near = far = (struct side){ 0 };
	near.streams = streams_open(place.host, 0, &ops, &near, why);
	far.streams = streams_open(place.host, 0, &ops, &far, why);
}

static void
teardown(void)
{
	streams_free(near.streams);
	streams_free(far.streams);
	place_end(&place);
	close(here);
	close(there);
}

static unsigned
lines_with(const char *what)
{
	char line[500];
	unsigned count = 0;
	FILE *f = fopen(log_path, "r");

	ck_assert_ptr_nonnull(f);
	fflush(stderr);
	while (fgets(line, sizeof line, f))
		count += strstr(line, what) != NULL;
	fclose(f);
	return count;
}

/* Near's connection n; sockets stay in the namespace they were made in. */
static void
dial_by(uint32_t n, const char *by, const char *to)
{
	enter(there);
	streams_connect(near.streams, n, &(struct stream_call){ .device = by, .peer = address(to), .port = PORT });
	enter(here);
}

static void
refused(const char *to)
{
	unsigned ups = far.ups, downs = near.downs;

	dial_by(99, NULL, to);
	RUN_UNTIL(&place, near.downs == downs + 1);
	ck_assert_str_eq(near.why, "connection refused");
	ck_assert_uint_eq(far.ups, ups);
}

static void
accepted(uint32_t n, const char *to, const char *in)
{
	unsigned ups = far.ups;

	dial_by(n, NULL, to);
	RUN_UNTIL(&place, near.downs || (far.ups == ups + 1 && near.ups));
	ck_assert_msg(near.downs == 0, "%s", near.why);
	ck_assert_str_eq(far.device, in);
	near.ups = 0;
}

static void
pause_ms(unsigned ms)
{
	usec_t until = host_now(place.host) + ms * USEC_PER_MSEC;

	RUN_UNTIL(&place, host_now(place.host) >= until);
}

/* --- listeners --- */

START_TEST(a_listener_hears_its_device_alone)
{
	if (!prepare(_i))
		return;
	streams_listen(far.streams, device, PORT);
	accepted(1, "10.0.0.1", device);
	accepted(2, "fd00:0:0:0::1", device);
	refused("10.0.1.1");
	refused("fd00:0:0:1::1");
	streams_send(far.streams, far.conn, "hello", 5);
	RUN_UNTIL(&place, near.bytes == 5);
	streams_deaf(far.streams, device);
	near.downs = 0;
	refused("10.0.0.1");
	streams_send(far.streams, far.conn, "stays", 5);
	RUN_UNTIL(&place, near.bytes == 10);
}
END_TEST

/* Both orders; and the port is not for a third. */
static void
bound_and_unbound(int kind)
{
	char why[256];

	for (int order = 0; order < 2; order++) {
		streams_listen(far.streams, order ? device : NULL, PORT);
		streams_listen(far.streams, order ? NULL : device, PORT);
		for (int i = 0; i < 8; i++) { /* the kernel might choose by port */
			accepted(1, "10.0.0.1", device);
			accepted(2, "10.0.1.1", "");
			accepted(3, "fd00:0:0:0::1", device);
			accepted(4, "fd00:0:0:1::1", "");
		}
		ck_assert_ptr_null(streams_open(place.host, PORT, &ops, &far, why));
		ck_assert_ptr_nonnull(strstr(why, "does another daemon"));
		streams_deaf(far.streams, device);
		if (kind == VRF)
			refused("10.0.0.1");
		else
			accepted(5, "10.0.0.1", "");
		near.downs = 0;
		streams_deaf(far.streams, "");
		refused("10.0.1.1");
		near.downs = 0;
	}
	ck_assert_uint_eq(lines_with("does not listen"), 0);
}

START_TEST(bound_and_unbound_listeners_get_what_is_theirs)
{
	if (prepare(_i))
		bound_and_unbound(_i);
}
END_TEST

START_TEST(with_an_open_mind_of_the_kernel_nothing_of_a_vrf_gets_into_the_public_network)
{
	if (!prepare(VRF))
		return;
	set("/proc/sys/net/ipv4/tcp_l3mdev_accept", "1");
	streams_listen(far.streams, NULL, PORT);
	dial_by(1, NULL, "10.0.0.1");
	RUN_UNTIL(&place, near.downs == 1);
	dial_by(1, NULL, "fd00:0:0:0::1");
	RUN_UNTIL(&place, near.downs == 2);
	ck_assert_uint_eq(far.ups, 0);
	near.ups = near.downs = 0;
	accepted(2, "10.0.1.1", "");
	accepted(3, "fd00:0:0:1::1", "");
	streams_listen(far.streams, "red", PORT);
	accepted(4, "10.0.0.1", "red");
	accepted(5, "10.0.1.1", "");
	ck_assert_uint_eq(lines_with("came by a VPN instance that does not listen"), 1);
	ck_assert_uint_eq(lines_with("does not listen on"), 0);
}
END_TEST

START_TEST(with_an_open_mind_of_the_kernel_listeners_are_not_in_each_others_way)
{
	if (!prepare(VRF))
		return;
	char why[256];
	set("/proc/sys/net/ipv4/tcp_l3mdev_accept", "1");
	for (int order = 0; order < 2; order++) {
		streams_listen(far.streams, order ? "red" : NULL, PORT);
		streams_listen(far.streams, order ? NULL : "red", PORT);
		accepted(1, "10.0.0.1", "red");
		accepted(2, "10.0.1.1", "");
		ck_assert_ptr_null(streams_open(place.host, PORT, &ops, &far, why));
		streams_deaf(far.streams, "red");
		streams_deaf(far.streams, "");
	}
}
END_TEST

START_TEST(a_device_that_comes_later_goes_and_comes_back_is_heard)
{
	bool vrf = _i == VRF;
	if (!prepare(_i))
		return;
	if (vrf)
		ip("link delete red");
	else
		ip("link delete h0");
	streams_listen(far.streams, device, PORT);
	pause_ms(2200);
	ck_assert_msg(lines_with("there is no VRF device of that name") == 1, "one line and no more");
	for (unsigned round = 1; round <= 2; round++) {
		if (vrf)
			make_red();
		else
			make_pair("0");
		RUN_UNTIL(&place, lines_with("listens on TCP port 179 in VPN instance") == round);
		accepted(round, "10.0.0.1", device);
		ip("link delete %s", device);
		RUN_UNTIL(&place, lines_with("there is no VRF device of that name") == round + 1);
		near.downs = 0;
	}
}
END_TEST

START_TEST(a_device_that_is_another_now_is_heard)
{
	if (!prepare(PLAIN))
		return;
	streams_listen(far.streams, "h0", PORT);
	accepted(1, "10.0.0.1", "h0");
	ip("link delete h0");
	make_pair("0");
	refused("10.0.0.1"); /* nobody has looked yet */
	near.downs = 0;
	streams_listen(far.streams, "h0", PORT); /* which looks */
	accepted(2, "10.0.0.1", "h0");
	ip("link delete h0");
	make_pair("0");
	near.ups = 0;
	for (uint32_t n = 3; far.ups == 2; n++) { /* the next look is within a second */
		near.downs = 0;
		dial_by(n, NULL, "10.0.0.1");
		RUN_UNTIL(&place, near.downs || (near.ups && far.ups == 3));
	}
	ck_assert_uint_eq(lines_with("does not listen"), 0);
}
END_TEST

START_TEST(a_name_that_is_too_long_is_no_device)
{
	prepare(PLAIN);
	ip("link add abcdefghijklmno type veth peer name x");
	streams_listen(far.streams, "abcdefghijklmnopqrst", PORT);
	ck_assert_uint_eq(lines_with("there is no VRF device of that name"), 1);
	streams_connect(far.streams, 1,
	    &(struct stream_call){ .device = "abcdefghijklmnopqrst", .peer = address("10.0.0.2"), .port = PORT });
	RUN_UNTIL(&place, far.downs == 1);
	ck_assert_str_eq(far.why, "the VPN instance is not there");
}
END_TEST

START_TEST(another_port_is_another_listener)
{
	prepare(PLAIN);
	streams_listen(far.streams, "h0", PORT + 1);
	refused("10.0.0.1");
	near.downs = 0;
	streams_listen(far.streams, "h0", PORT);
	accepted(1, "10.0.0.1", "h0");
}
END_TEST

/* --- connections --- */

/* Far calls: only its own device leads to near, who hears everything. */
START_TEST(a_connection_leaves_by_its_device)
{
	static const char *const to[] = { "10.0.0.2", "fd00:0:0:0::2" }, *const from[] = { "10.0.0.1",
		"fd00:0:0:0::1" };
	if (!prepare(_i))
		return;
	enter(there);
	streams_listen(near.streams, NULL, PORT);
	enter(here);
	for (uint32_t i = 0; i < 4; i++) {
		struct stream_call call = { .device = device, .peer = address(to[i & 1]), .port = PORT };
		if (i & 2)
			call.local = address(from[i & 1]);
		streams_connect(far.streams, i, &call);
		RUN_UNTIL(&place, far.downs || (near.ups == i + 1 && far.ups == i + 1));
		ck_assert_msg(!far.downs, "%s", far.why);
		ck_assert_str_eq(far.device, device);
		struct addr expected = address(from[i & 1]);
		ck_assert(addr_eq(&near.peer, &expected));
	}
	if (_i == VRF) { /* it is not an address of the public network, nor one that leads anywhere */
		struct stream_call call = { .local = address("10.0.0.1"), .peer = address("10.0.0.2"), .port = PORT };
		streams_connect(far.streams, 8, &call);
		RUN_UNTIL(&place, far.downs == 1);
		ck_assert_str_eq(far.why, "the local address is not there");
		call.local = addr_none();
		streams_connect(far.streams, 9, &call);
		RUN_UNTIL(&place, far.downs == 2);
		ck_assert_str_eq(far.why, "no route to the peer");
	}
}
END_TEST

START_TEST(a_connection_in_an_instance_that_is_not_there_says_so)
{
	streams_connect(
	    far.streams, 1, &(struct stream_call){ .device = "blue", .peer = address("10.0.0.2"), .port = PORT });
	ck_assert_uint_eq(far.downs, 0);
	RUN_UNTIL(&place, far.downs == 1);
	ck_assert_str_eq(far.why, "the VPN instance is not there");
}
END_TEST

/* --- secrets --- */

static int
far_key(const char *in, const char *peer, const char *word)
{
	struct addr a = address(peer);

	return streams_key(far.streams, in, &a, word, strlen(word));
}

static void
near_key(const char *peer, const char *word)
{
	struct addr a = address(peer);

	ck_assert_int_eq(streams_key(near.streams, NULL, &a, word, strlen(word)), 0);
}

static void
not_answered(const char *to)
{
	unsigned ups = far.ups, downs = near.downs;

	enter(there);
	streams_connect(near.streams, 98,
	    &(struct stream_call){ .peer = address(to), .port = PORT, .timeout = 200 * USEC_PER_MSEC });
	enter(here);
	RUN_UNTIL(&place, near.downs == downs + 1);
	ck_assert_str_eq(near.why, "connection timed out");
	ck_assert_uint_eq(far.ups, ups);
	near.downs = 0;
}

/* The same peer has one secret here, another there, whether the listener is there before the secret or after. */
START_TEST(secrets_are_of_a_device)
{
	static const char *const me[] = { "10.0.0.1", "fd00:0:0:0::1" }, *const peer[] = { "10.0.0.2",
		"fd00:0:0:0::2" };
	if (!prepare(_i))
		return;
	streams_listen(far.streams, NULL, PORT);
	for (int v6 = 0; v6 < 2; v6++) {
		int r = far_key("", peer[v6], "apple");
		if (r == -ENOPROTOOPT)
			return; /* this kernel has no TCP MD5 */
		ck_assert_int_eq(r, 0);
		ck_assert_int_eq(far_key(device, peer[v6], "orange"), 0); /* before */
		streams_listen(far.streams, device, PORT);
		not_answered(me[v6]);
		near_key(me[v6], "apple");
		not_answered(me[v6]);
		near_key(me[v6], "orange");
		accepted(1, me[v6], device);
		streams_send(far.streams, far.conn, "x", 1);
		RUN_UNTIL(&place, near.bytes);
		near.bytes = 0;
		ck_assert_int_eq(far_key(device, peer[v6], "lemon"), 0); /* after */
		not_answered(me[v6]);
		near_key(me[v6], "lemon");
		accepted(2, me[v6], device);
		ck_assert_int_eq(far_key(device, peer[v6], ""), 0);
		near_key(me[v6], "");
		accepted(3, me[v6], device);
		streams_deaf(far.streams, device);
	}
}
END_TEST

START_TEST(a_connection_is_made_with_the_secret_of_its_device)
{
	if (!prepare(_i))
		return;
	enter(there);
	streams_listen(near.streams, NULL, PORT);
	enter(here);
	for (unsigned i = 0; i < 2; i++) {
		const char *me = i ? "fd00:0:0:0::1" : "10.0.0.1", *peer = i ? "fd00:0:0:0::2" : "10.0.0.2";
		if (far_key(NULL, peer, "apple") == -ENOPROTOOPT)
			return;
		ck_assert_int_eq(far_key(device, peer, "orange"), 0);
		near_key(me, "orange");
		streams_connect(
		    far.streams, i, &(struct stream_call){ .device = device, .peer = address(peer), .port = PORT });
		RUN_UNTIL(&place, near.ups == i + 1 && far.ups == i + 1);
		near.bytes = 0;
		streams_send(far.streams, i, "sweet", 5);
		RUN_UNTIL(&place, near.bytes == 5);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host stream device");
	TCase *t = tcase_create("listeners");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_listener_hears_its_device_alone, PLAIN, VRF + 1);
	tcase_add_loop_test(t, bound_and_unbound_listeners_get_what_is_theirs, PLAIN, VRF + 1);
	tcase_add_test(t, with_an_open_mind_of_the_kernel_nothing_of_a_vrf_gets_into_the_public_network);
	tcase_add_test(t, with_an_open_mind_of_the_kernel_listeners_are_not_in_each_others_way);
	tcase_add_loop_test(t, a_device_that_comes_later_goes_and_comes_back_is_heard, PLAIN, VRF + 1);
	tcase_add_test(t, a_device_that_is_another_now_is_heard);
	tcase_add_test(t, a_name_that_is_too_long_is_no_device);
	tcase_add_test(t, another_port_is_another_listener);
	suite_add_tcase(s, t);
	t = tcase_create("connections and secrets");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_connection_leaves_by_its_device, PLAIN, VRF + 1);
	tcase_add_test(t, a_connection_in_an_instance_that_is_not_there_says_so);
	tcase_add_loop_test(t, secrets_are_of_a_device, PLAIN, VRF + 1);
	tcase_add_loop_test(t, a_connection_is_made_with_the_secret_of_its_device, PLAIN, VRF + 1);
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
