/* Datagrams on one port: what is known of each, how many are read at once, how ours leave. On the loopback interface. */
#include "host/udp.h"
#include "tests/helper/bus.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

enum { HEARD_MAX = 512 };

static struct place place;
static struct udp *u;
static uint16_t port;
static int friend; /* a plain socket, at 127.0.0.9 */
static struct {
	struct udp_packet packet;
	uint8_t first;
	usec_t told;
} heard[HEARD_MAX];
static unsigned heard_count;

static void
on_packet(void *ctx, const struct udp_packet *p)
{
	(void)ctx;
	ck_assert_uint_lt(heard_count, HEARD_MAX);
	heard[heard_count].packet = *p;
	heard[heard_count].first = p->size ? p->bytes[0] : 0;
	heard[heard_count++].told = host_now(place.host);
}

static struct sockaddr_in
at(const char *address, uint16_t number)
{
	struct sockaddr_in s = { .sin_family = AF_INET, .sin_port = htons(number) };

	ck_assert_int_eq(inet_pton(AF_INET, address, &s.sin_addr), 1);
	return s;
}

static uint16_t
free_port(void)
{
	struct sockaddr_in s = at("0.0.0.0", 0);
	socklen_t size = sizeof s;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&s, sizeof s), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&s, &size), 0);
	close(fd);
	return ntohs(s.sin_port);
}

static void
setup(void)
{
	struct sockaddr_in s = at("127.0.0.9", 0);
	char why[256];

	place_make(&place);
	place_start(&place);
	port = free_port();
	u = udp_open(place.host, port, on_packet, NULL, why);
	ck_assert_msg(u != NULL, "%s", why);
	friend = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(friend, (struct sockaddr *)&s, sizeof s), 0);
	heard_count = 0;
}

static void
teardown(void)
{
	close(friend);
	udp_close(u);
	place_end(&place);
}

static void
say(const char *to, const void *bytes, size_t size)
{
	struct sockaddr_in s = at(to, port);

	ck_assert_int_eq(sendto(friend, bytes, size, 0, (struct sockaddr *)&s, sizeof s), (ssize_t)size);
}

static struct addr
address(const char *text)
{
	struct addr a;

	ck_assert(addr_parse(text, &a));
	return a;
}

static void
expect_addr(const struct addr *a, const char *text)
{
	struct addr want = address(text);
	char got[ADDR_TEXT];

	ck_assert_msg(addr_eq(a, &want), "%s in place of %s", addr_text(a, got), text);
}

/* --- what comes --- */

START_TEST(a_datagram_comes_with_its_interface_its_addresses_and_its_ttl)
{
	int ttl = 77;
	setsockopt(friend, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
	say("127.0.0.3", "hello", 5);
	RUN_UNTIL(&place, heard_count == 1);
	const struct udp_packet *p = &heard[0].packet;
	ck_assert_uint_eq(p->ifindex, if_nametoindex("lo"));
	expect_addr(&p->from, "127.0.0.9");
	expect_addr(&p->to, "127.0.0.3");
	ck_assert_uint_eq(p->ttl, 77);
	ck_assert_uint_eq(p->size, 5);
	ck_assert_uint_eq(heard[0].first, 'h');
}
END_TEST

/* The time is the kernel's: two that are read together keep the time between them. */
START_TEST(the_time_is_when_the_kernel_got_it_and_not_when_it_was_read)
{
	usec_t before = host_now(place.host);
	say("127.0.0.1", "1", 1);
	poll(NULL, 0, 50); /* this time is what is measured */
	say("127.0.0.1", "2", 1);
	RUN_UNTIL(&place, heard_count == 2);
	ck_assert_uint_ge(heard[1].packet.received - heard[0].packet.received, 50000);
	ck_assert_uint_ge(heard[0].packet.received + 1000, before);
	ck_assert_uint_le(heard[1].packet.received, heard[1].told);
}
END_TEST

START_TEST(many_that_wait_come_all_and_in_order)
{
	for (unsigned i = 0; i < 300; i++) {
		uint8_t number = (uint8_t)i;
		say("127.0.0.1", &number, 1);
	}
	RUN_UNTIL(&place, heard_count == 300);
	for (unsigned i = 0; i < 300; i++)
		ck_assert_uint_eq(heard[i].first, (uint8_t)i);
}
END_TEST

START_TEST(an_empty_datagram_is_one_and_one_that_is_too_long_is_none)
{
	static const uint8_t much[9217];
	say("127.0.0.1", "", 0);
	say("127.0.0.1", much, 9217);
	say("127.0.0.1", much, 9216);
	RUN_UNTIL(&place, heard_count == 2);
	ck_assert_uint_eq(heard[0].packet.size, 0);
	ck_assert_uint_eq(heard[1].packet.size, 9216);
}
END_TEST

START_TEST(a_group_is_heard_from_joining_it_to_leaving_it)
{
	struct addr group = address("224.0.0.2");
	uint32_t lo = if_nametoindex("lo");
	struct ip_mreqn via = { .imr_ifindex = (int)lo };

	ck_assert_int_eq(setsockopt(friend, IPPROTO_IP, IP_MULTICAST_IF, &via, sizeof via), 0);
	say("224.0.0.2", "x", 1);
	say("127.0.0.1", "1", 1);
	RUN_UNTIL(&place, heard_count == 1);
	ck_assert_uint_eq(heard[0].first, '1');
	ck_assert_int_eq(udp_join(u, lo, &group), 0);
	ck_assert_msg(udp_join(u, lo, &group) == 0, "joining twice is no error");
	say("224.0.0.2", "2", 1);
	RUN_UNTIL(&place, heard_count >= 2);
	expect_addr(&heard[1].packet.to, "224.0.0.2");
	ck_assert_int_eq(udp_leave(u, lo, &group), 0);
	heard_count = 0;
	say("224.0.0.2", "x", 1);
	say("127.0.0.1", "3", 1);
	RUN_UNTIL(&place, heard_count == 1);
	ck_assert_uint_eq(heard[0].first, '3');
}
END_TEST

START_TEST(a_group_on_an_interface_that_is_not_there_cannot_be_joined)
{
	struct addr group = address("224.0.0.2");
	ck_assert_int_lt(udp_join(u, 999999, &group), 0);
}
END_TEST

/* --- what leaves --- */

static const struct {
	uint8_t asked, leaves;
} ttls[] = { { 0, 255 }, { 1, 1 }, { 64, 64 }, { 255, 255 } };

START_TEST(ours_leave_from_the_port_and_the_address_that_were_said_with_the_ttl_that_was_said)
{
	struct addr from = address("127.0.0.5"), to = address("127.0.0.6");
	ck_assert_int_eq(udp_send(u, if_nametoindex("lo"), &from, &to, ttls[_i].asked, "me", 2), 0);
	RUN_UNTIL(&place, heard_count == 1);
	expect_addr(&heard[0].packet.from, "127.0.0.5");
	expect_addr(&heard[0].packet.to, "127.0.0.6");
	ck_assert_uint_eq(heard[0].packet.ttl, ttls[_i].leaves);
}
END_TEST

START_TEST(to_a_group_they_leave_with_a_ttl_of_1)
{
	struct addr from = address("127.0.0.5"), group = address("224.0.0.2");
	uint32_t lo = if_nametoindex("lo");
	ck_assert_int_eq(udp_join(u, lo, &group), 0);
	ck_assert_int_eq(udp_send(u, lo, &from, &group, 0, "me", 2), 0); /* this interface brings everything back */
	RUN_UNTIL(&place, heard_count == 1);
	ck_assert_uint_eq(heard[0].packet.ttl, 1);
}
END_TEST

START_TEST(an_address_that_is_not_ours_is_an_error_and_nothing_leaves)
{
	struct addr from = address("198.51.100.77"), to = address("127.0.0.1");
	ck_assert_int_lt(udp_send(u, if_nametoindex("lo"), &from, &to, 0, "x", 1), 0);
	say("127.0.0.1", "1", 1);
	RUN_UNTIL(&place, heard_count == 1);
	ck_assert_uint_eq(heard[0].first, '1');
}
END_TEST

START_TEST(ipv6_goes_the_same_way)
{
	struct addr self = address("::1");
	int r = udp_send(u, if_nametoindex("lo"), &self, &self, 0, "six", 3);
	if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL || r == -ENETUNREACH)
		return; /* a kernel, or a namespace, without it */
	ck_assert_int_eq(r, 0);
	RUN_UNTIL(&place, heard_count == 1);
	expect_addr(&heard[0].packet.from, "::1");
	expect_addr(&heard[0].packet.to, "::1");
	ck_assert_uint_eq(heard[0].packet.ttl, 255);
	ck_assert_uint_eq(heard[0].packet.ifindex, if_nametoindex("lo"));
}
END_TEST

START_TEST(a_port_that_is_taken_is_told_with_its_number_and_a_question)
{
	char why[256] = "";
	ck_assert_ptr_null(udp_open(place.host, port, on_packet, NULL, why));
	ck_assert_ptr_nonnull(strstr(why, "does another daemon"));
	char number[16];
	snprintf(number, sizeof number, " %u:", port);
	ck_assert_ptr_nonnull(strstr(why, number));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host udp");
	TCase *t = tcase_create("what comes");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_datagram_comes_with_its_interface_its_addresses_and_its_ttl);
	tcase_add_test(t, the_time_is_when_the_kernel_got_it_and_not_when_it_was_read);
	tcase_add_test(t, many_that_wait_come_all_and_in_order);
	tcase_add_test(t, an_empty_datagram_is_one_and_one_that_is_too_long_is_none);
	tcase_add_test(t, a_group_is_heard_from_joining_it_to_leaving_it);
	tcase_add_test(t, a_group_on_an_interface_that_is_not_there_cannot_be_joined);
	suite_add_tcase(s, t);
	t = tcase_create("what leaves");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, ours_leave_from_the_port_and_the_address_that_were_said_with_the_ttl_that_was_said, 0,
	    sizeof ttls / sizeof *ttls);
	tcase_add_test(t, to_a_group_they_leave_with_a_ttl_of_1);
	tcase_add_test(t, an_address_that_is_not_ours_is_an_error_and_nothing_leaves);
	tcase_add_test(t, ipv6_goes_the_same_way);
	tcase_add_test(t, a_port_that_is_taken_is_told_with_its_number_and_a_question);
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
