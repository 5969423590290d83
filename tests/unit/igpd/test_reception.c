/* What is refused, and that it changes nothing: RFC 2328 8.2, 10.5, 10.6. And who is elected: 9.4. */
#include "tests/helper/check.h"
#include "tests/helper/igp_net.h"
#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
static struct igp_net *net;

static void
pair(enum ospf_network_type type)
{
	net = igp_net_new(1);
	size_t s = igp_segment(net, type);
	for (unsigned i = 1; i <= 2; i++)
		igp_join(net, s, igp_add(net, 0x01010100 + i), 1);
}

static void
teardown(void)
{
	igp_net_free(net);
}

static bool
is_full(void)
{
	const struct neighbor *n = igp_neighbor(net->nodes[0], 1, net->nodes[1]);

	return n && n->state == NS_FULL;
}

static uint64_t
refused(enum ospf_verdict v)
{
	return igp_iface(net->nodes[0], 1)->refused[v];
}

static void
expect(enum ospf_verdict why)
{
	igp_start_all(net);
	igp_run(net, SECONDS(60));
	ck_assert(!is_full());
	ck_assert_msg(refused(why) > 0, "not refused for: %s", ospf_verdict_text(why));
	ck_assert_msg(strstr(text_chars(&net->nodes[0]->log), ospf_verdict_text(why)), "the log says: %s",
	    text_chars(&net->nodes[0]->log));
}

/* What the other one has that does not agree. */
START_TEST(a_neighbor_that_does_not_agree_is_refused_with_the_reason)
{
	static const struct {
		const char *what;
		enum ospf_verdict why;
	} cases[] = { { "area", OSPF_BAD_AREA }, { "hello", OSPF_BAD_HELLO_INTERVAL },
		{ "dead", OSPF_BAD_DEAD_INTERVAL }, { "mask", OSPF_BAD_MASK }, { "stub", OSPF_BAD_OPTIONS },
		{ "id", OSPF_SAME_ROUTER_ID } };

	pair(OSPF_BROADCAST);
	struct igp_node *other = net->nodes[1];
	struct ospf_interface_config *c = igp_config(other, 1);
	switch (_i) {
	case 0: igp_area(other, 1, 9); break;
	case 1: c->hello_s = 5; break;
	case 2: c->dead_s = 41; break;
	case 3: other->ports[1].address.len = 25; break;
	case 4: igp_area_config(other, 0)->stub = true; break;
	case 5: other->config.router_id = net->nodes[0]->router; break;
	}
	expect(cases[_i].why);
}
END_TEST

START_TEST(a_larger_mtu_keeps_neighbors_from_exchanging_unless_it_is_ignored)
{
	pair(OSPF_POINT_TO_POINT);
	net->nodes[1]->ports[1].mtu = 9000;
	expect(OSPF_BAD_MTU);
	const struct neighbor *n = igp_neighbor(net->nodes[0], 1, net->nodes[1]);
	ck_assert_str_eq(neighbor_state_name(n->state), "ExStart");
	igp_config(net->nodes[0], 1)->mtu_ignored = true;
	igp_configure(net, net->nodes[0]);
	igp_run(net, SECONDS(20));
	ck_assert(is_full());
}
END_TEST

static void
give(uint8_t *bytes, size_t size, uint32_t from, uint32_t to)
{
	ospf_input(net->nodes[0]->o,
	    &(struct ospf_input){ .kind = OSPF_IN_PACKET,
		.ifindex = 2,
		.from = addr_v4(from),
		.to = addr_v4(to),
		.bytes = bytes,
		.size = size },
	    net->now);
}

START_TEST(packets_that_are_not_for_us_or_from_nobody_are_counted_alone)
{
	static const uint8_t none[8];
	uint8_t bytes[64];

	pair(OSPF_BROADCAST);
	igp_config(net->nodes[0], 1)->priority = 0; /* never DR */
	igp_start_all(net);
	igp_run(net, SECONDS(60));
	ck_assert(is_full());
	struct wire_writer w = ospf_begin(bytes, sizeof bytes, OSPF_ACK, 0x01010102, 0);
	size_t size = ospf_end(&w, OSPF_AUTH_NONE, none);
	give(bytes, size, 0x0a000002, OSPF_ALL_DR);
	ck_assert_uint_eq(refused(OSPF_BAD_DESTINATION), 1);
	give(bytes, size, 0x0a000009, OSPF_ALL_ROUTERS);
	ck_assert_uint_eq(refused(OSPF_NO_NEIGHBOR), 1);
	give(bytes, size, 0x0b000009, OSPF_ALL_ROUTERS);
	ck_assert_uint_eq(refused(OSPF_BAD_SOURCE), 1);
	give(bytes, size, 0x0a000001, OSPF_ALL_ROUTERS); /* our own */
	ck_assert_uint_eq(refused(OSPF_BAD_SOURCE), 2);
	bytes[1] = 6;
	give(bytes, size, 0x0a000002, OSPF_ALL_ROUTERS);
	ck_assert_uint_eq(refused(OSPF_BAD_CHECKSUM), 1);
	ck_assert(is_full());
}
END_TEST

START_TEST(the_same_refusal_is_logged_once)
{
	pair(OSPF_BROADCAST);
	igp_config(net->nodes[1], 1)->hello_s = 5;
	igp_start_all(net);
	igp_run(net, SECONDS(100));
	const char *log = text_chars(&net->nodes[0]->log), *first = strstr(log, "hello interval");
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_null(strstr(first + 1, "hello interval"));
}
END_TEST

/* 9.4: priorities and what each says; 'D' takes itself for the DR, 'B' for the BDR. The router IDs are in this order. */
static const struct {
	const char *who; /* priority and claim of each, ourselves first */
	int dr, bdr;     /* -1 nobody */
} elections[] = {
	{ "1-1-", 1, -1 },   /* nobody claims: the higher ID, and the other follows once that has said so */
	{ "2-1-", 0, 1 },    /* or the higher priority; it is us, so the second round finds a backup at once */
	{ "1D1-", 0, 1 },    /* who is DR stays it */
	{ "1-1D1B", 1, 2 },  /* both are there */
	{ "9-1D1B", 1, 2 },  /* a higher priority does not take over */
	{ "9-1D1-", 1, 0 },  /* but becomes the backup where there is none */
	{ "0-1-", 1, -1 },   /* not eligible */
	{ "0-0-", -1, -1 },  /* nobody is */
	{ "1-1D1D", 2, 0 },  /* two that claim it, after a partition: the higher ID */
	{ "1-5D1D", 1, 0 },  /* or priority */
	{ "1-1-1B", 2, -1 }, /* a backup without a DR takes over */
	{ "1B1-0-", 0, 1 },  /* we do */
};

START_TEST(who_is_elected)
{
	struct ospf o = { .router_id = 1 };
	struct iface i = { .ospf = &o, .address = 101, .type = OSPF_BROADCAST };
	struct neighbor others[4] = { 0 };
	uint32_t dr, bdr;
	const char *who = elections[_i].who;

	list_init(&i.neighbors);
	for (size_t k = 0; who[2 * k]; k++) {
		uint8_t priority = (uint8_t)(who[2 * k] - '0');
		uint32_t address = 101 + (uint32_t)k, claim_dr = who[2 * k + 1] == 'D' ? address : 0,
			 claim_bdr = who[2 * k + 1] == 'B' ? address : 0;
		if (k == 0) {
			i.priority = priority;
			i.dr = claim_dr;
			i.bdr = claim_bdr;
			continue;
		}
		others[k] = (struct neighbor){ .router = 1 + (uint32_t)k,
			.address = address,
			.state = NS_TWO_WAY,
			.priority = priority,
			.dr = claim_dr,
			.bdr = claim_bdr };
		list_append(&i.neighbors, &others[k].of_iface);
	}
	elect(&i, &dr, &bdr);
	ck_assert_msg((dr ? (int)dr - 101 : -1) == elections[_i].dr && (bdr ? (int)bdr - 101 : -1) == elections[_i].bdr,
	    "%s: DR %d, BDR %d", who, dr ? (int)dr - 101 : -1, bdr ? (int)bdr - 101 : -1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd reception");
	TCase *t = tcase_create("8.2, 10.5, 10.6"), *e = tcase_create("9.4");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_loop_test(t, a_neighbor_that_does_not_agree_is_refused_with_the_reason, 0, 6);
	tcase_add_test(t, a_larger_mtu_keeps_neighbors_from_exchanging_unless_it_is_ignored);
	tcase_add_test(t, packets_that_are_not_for_us_or_from_nobody_are_counted_alone);
	tcase_add_test(t, the_same_refusal_is_logged_once);
	tcase_add_loop_test(e, who_is_elected, 0, COUNT(elections));
	suite_add_tcase(s, t);
	suite_add_tcase(s, e);
	return s;
}

CHECK_MAIN(suite)
