/* Netlink messages as objects: what others make, and what is cut short or turned over on the way. */
#include "base/mem.h"
#include "base/rng.h"
#include "fibd/kernel/kernel.h"
#include "tests/helper/check.h"
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/lwtunnel.h>
#include <linux/mpls_iptunnel.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

static struct nl_msg *m;
static struct fib_object o;
static bool gone;

static void
begin(int type, const void *head, size_t size)
{
	nlmsg_free(m);
	m = nlmsg_alloc();
	ck_assert_ptr_nonnull(nlmsg_put(m, 0, 0, type, 0, 0));
	ck_assert_int_eq(nlmsg_append(m, (void *)(uintptr_t)head, size, NLMSG_ALIGNTO), 0);
}

static int
decode(void)
{
	return decode_message(nlmsg_hdr(m), &o, &gone);
}

static void
teardown(void)
{
	nlmsg_free(m);
	m = NULL;
}

static void
put_link(void)
{
	begin(RTM_NEWLINK,
	    &(struct ifinfomsg){ .ifi_index = 7, .ifi_flags = IFF_UP | IFF_RUNNING | IFF_LOWER_UP | IFF_MULTICAST },
	    sizeof(struct ifinfomsg));
	nla_put_string(m, IFLA_IFNAME, "eth1");
	nla_put_string(m, IFLA_IFALIAS, "GigabitEthernet0/1/0");
	nla_put_u32(m, IFLA_MTU, 1500);
	nla_put_u32(m, IFLA_MASTER, 9);
	nla_put(m, IFLA_ADDRESS, 6, "\x02\x00\x00\x00\x00\x01");
	struct nlattr *list = nla_nest_start(m, IFLA_PROP_LIST);
	nla_put_string(m, IFLA_ALT_IFNAME, "enp1s0f0np0-uplink");
	nla_nest_end(m, list);
}

static void
put_foreign(void)
{
	const uint32_t gateway = htonl(0x0a000102);

	begin(RTM_NEWROUTE,
	    &(struct rtmsg){ .rtm_family = AF_INET,
		.rtm_dst_len = 32,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = 188,
		.rtm_type = RTN_UNICAST },
	    sizeof(struct rtmsg));
	nla_put_u32(m, RTA_DST, htonl(0x04040404));
	nla_put_u32(m, RTA_PRIORITY, 20);
	struct nlattr *multi = nla_nest_start(m, RTA_MULTIPATH);
	for (int i = 1; i <= 2; i++) {
		struct rtnexthop *h = nlmsg_reserve(m, sizeof *h, NLMSG_ALIGNTO);
		memset(h, 0, sizeof *h);
		h->rtnh_ifindex = i;
		nla_put(m, RTA_GATEWAY, 4, &gateway);
		h->rtnh_len = (unsigned short)((uint8_t *)nlmsg_tail(nlmsg_hdr(m)) - (uint8_t *)h);
	}
	nla_nest_end(m, multi);
}

START_TEST(a_link_with_its_names)
{
	put_link();
	ck_assert_int_eq(decode(), 1);
	ck_assert_int_eq(o.kind, FIB_LINK);
	ck_assert_uint_eq(o.link.ifindex, 7);
	ck_assert_str_eq(o.link.name, "eth1");
	ck_assert_str_eq(o.link.alias, "GigabitEthernet0/1/0");
	ck_assert_str_eq(o.link.altname, "enp1s0f0np0-uplink");
	ck_assert(o.link.admin_up && o.link.carrier && o.link.multicast && !o.link.loopback);
	ck_assert_uint_eq(o.link.mtu, 1500);
	ck_assert_uint_eq(o.link.master, 9);
	ck_assert_uint_eq(o.link.mac[5], 1);
}
END_TEST

START_TEST(carrier_needs_running_and_lower_up)
{
	begin(RTM_NEWLINK, &(struct ifinfomsg){ .ifi_index = 7, .ifi_flags = IFF_UP | IFF_LOWER_UP },
	    sizeof(struct ifinfomsg));
	nla_put_string(m, IFLA_IFNAME, "eth1");
	ck_assert_int_eq(decode(), 1);
	ck_assert(o.link.admin_up && !o.link.carrier);
}
END_TEST

static const struct {
	uint32_t flags;
	bool tentative;
} address_flags[] = {
	{ IFA_F_PERMANENT, false },
	{ IFA_F_PERMANENT | IFA_F_TENTATIVE, true },
	{ IFA_F_PERMANENT | IFA_F_TENTATIVE | IFA_F_OPTIMISTIC, false },
	{ IFA_F_PERMANENT | IFA_F_DADFAILED, true },
};

START_TEST(an_address_that_may_not_be_unique_is_tentative)
{
	struct addr a;

	addr_parse("fe80::1", &a);
	begin(RTM_NEWADDR, &(struct ifaddrmsg){ .ifa_family = AF_INET6, .ifa_prefixlen = 64, .ifa_index = 3 },
	    sizeof(struct ifaddrmsg));
	nla_put(m, IFA_ADDRESS, 16, a.bytes);
	nla_put_u32(m, IFA_FLAGS, address_flags[_i].flags);
	ck_assert_int_eq(decode(), 1);
	ck_assert_int_eq(o.kind, FIB_ADDRESS);
	ck_assert(addr_eq(&o.address.prefix.addr, &a));
	ck_assert_int_eq(o.address.tentative, address_flags[_i].tentative);
}
END_TEST

START_TEST(a_vrf_tells_its_table)
{
	begin(RTM_NEWLINK, &(struct ifinfomsg){ .ifi_index = 8, .ifi_flags = IFF_UP }, sizeof(struct ifinfomsg));
	nla_put_string(m, IFLA_IFNAME, "red");
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, "vrf");
	struct nlattr *data = nla_nest_start(m, IFLA_INFO_DATA);
	nla_put_u32(m, IFLA_VRF_TABLE, 1001);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
	ck_assert_int_eq(decode(), 1);
	ck_assert(o.link.is_vrf);
	ck_assert_uint_eq(o.link.vrf_table, 1001);
}
END_TEST

START_TEST(another_daemons_multipath_route)
{
	put_foreign();
	ck_assert_int_eq(decode(), 1);
	ck_assert_int_eq(o.kind, FIB_IP_ROUTE);
	ck_assert_uint_eq(o.ip_route.protocol, 188);
	ck_assert_uint_eq(o.ip_route.metric, 20);
	ck_assert_uint_eq(o.ip_route.table, 254);
	ck_assert_uint_eq(o.ip_route.prefix.len, 32);
	ck_assert_uint_eq(o.ip_route.path_count, 2);
	ck_assert_uint_eq(o.ip_route.paths[1].ifindex, 2);
	ck_assert_uint_eq(addr_to_v4(&o.ip_route.paths[1].gateway), 0x0a000102);
	nlmsg_hdr(m)->nlmsg_type = RTM_DELROUTE;
	ck_assert_int_eq(decode(), 1);
	ck_assert(gone);
}
END_TEST

/* Fifteen labels on somebody else's route are no reason to be blind for the route. */
START_TEST(a_deep_stack_of_another_daemon_is_read_without_its_labels)
{
	uint32_t stack[15];

	for (unsigned i = 0; i < 15; i++)
		stack[i] = htonl((100 + i) << 12 | (i == 14 ? 1u << 8 : 0));
	begin(RTM_NEWROUTE,
	    &(struct rtmsg){ .rtm_family = AF_INET,
		.rtm_dst_len = 8,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = 186,
		.rtm_type = RTN_UNICAST },
	    sizeof(struct rtmsg));
	nla_put_u32(m, RTA_DST, htonl(0x14000000));
	nla_put_u32(m, RTA_OIF, 3);
	nla_put_u16(m, RTA_ENCAP_TYPE, LWTUNNEL_ENCAP_MPLS);
	struct nlattr *encap = nla_nest_start(m, RTA_ENCAP);
	nla_put(m, MPLS_IPTUNNEL_DST, sizeof stack, stack);
	nla_nest_end(m, encap);
	ck_assert_int_eq(decode(), 1);
	ck_assert_uint_eq(o.ip_route.path_count, 1);
	ck_assert_uint_eq(o.ip_route.paths[0].ifindex, 3);
	ck_assert_uint_eq(o.ip_route.paths[0].label_count, 0);
}
END_TEST

START_TEST(next_hop_objects_of_others_are_none_of_our_business)
{
	begin(RTM_NEWNEXTHOP, &(struct nhmsg){ .nh_family = AF_INET, .nh_protocol = 11 }, sizeof(struct nhmsg));
	nla_put_u32(m, NHA_ID, 5);
	nla_put_u32(m, NHA_OIF, 2);
	ck_assert_int_eq(decode(), 0);
}
END_TEST

START_TEST(what_cannot_be_is_refused_whole)
{
	begin(RTM_NEWROUTE, &(struct rtmsg){ .rtm_family = AF_INET, .rtm_dst_len = 33, .rtm_type = RTN_UNICAST },
	    sizeof(struct rtmsg));
	nla_put_u32(m, RTA_DST, 0);
	ck_assert_int_lt(decode(), 0); /* 33 bits of 32 */
	begin(RTM_NEWROUTE, &(struct rtmsg){ .rtm_family = AF_INET, .rtm_dst_len = 8, .rtm_type = RTN_UNICAST },
	    sizeof(struct rtmsg));
	nla_put(m, RTA_DST, 3, "\x01\x02\x03");
	ck_assert_int_lt(decode(), 0); /* three bytes are no address */
	begin(RTM_NEWLINK, &(struct ifinfomsg){ .ifi_index = 0 }, sizeof(struct ifinfomsg));
	ck_assert_int_lt(decode(), 0);
	begin(RTM_NEWNEXTHOP, &(struct nhmsg){ .nh_protocol = FIB_PROTOCOL }, sizeof(struct nhmsg));
	ck_assert_int_lt(decode(), 0); /* without an id */
	begin(RTM_GETROUTE, &(struct rtmsg){ .rtm_family = AF_INET }, sizeof(struct rtmsg));
	ck_assert_int_eq(decode(), 0); /* no notice at all */
}
END_TEST

/* The bytes stand alone in memory of their own size, so that the sanitizer sees each step beyond them. */
static void
survive(const uint8_t *bytes, size_t size)
{
	struct nlmsghdr *copy = mem_copy(bytes, size);

	copy->nlmsg_len = (uint32_t)size;
	if (decode_message(copy, &o, &gone) == 1 && o.kind == FIB_IP_ROUTE) {
		ck_assert_uint_le(o.ip_route.path_count, FIB_PATHS_MAX);
		ck_assert_uint_le(o.ip_route.prefix.len, 128);
	}
	free(copy);
}

static struct nl_msg *
sample(int i)
{
	struct fib_op op = { .kind = FIB_OP_ADD };
	struct addr gateway = addr_v4(0x0a000102);

	switch (i) {
	case 0: put_link(); break;
	case 1: put_foreign(); break;
	case 2:
		op.object.kind = FIB_NEXTHOP;
		op.object.nexthop = (struct fib_nexthop){
			.id = 9, .gateway = gateway, .family = 4, .ifindex = 1, .label_count = 2, .labels = { 16, 17 }
		};
		return encode_op(&op);
	case 3:
		op.object.kind = FIB_NEXTHOP;
		op.object.nexthop =
		    (struct fib_nexthop){ .id = 9, .member_count = 3, .members = { 1, 2, 3 }, .weights = { 1, 1, 1 } };
		return encode_op(&op);
	case 4:
		op.object.kind = FIB_ADDRESS;
		op.object.address = (struct fib_address){ .ifindex = 1, .prefix = { gateway, 24 } };
		return encode_op(&op);
	case 5:
		op.object.kind = FIB_LABEL_ROUTE;
		op.object.label_route = (struct fib_label_route){ .label = 16, .path_count = 2 };
		for (int k = 0; k < 2; k++)
			op.object.label_route.paths[k] =
			    (struct fib_path){ .gateway = gateway, .ifindex = 1, .label_count = 1, .labels = { 99 } };
		return encode_op(&op);
	default: return NULL;
	}
	nlmsg_get(m);
	return m;
}

START_TEST(every_message_cut_anywhere_is_survived)
{
	struct nl_msg *s = sample(_i);
	const struct nlmsghdr *h = nlmsg_hdr(s);

	for (size_t size = sizeof *h; size <= h->nlmsg_len; size++)
		survive((const uint8_t *)h, size);
	nlmsg_free(s);
}
END_TEST

START_TEST(every_message_with_turned_bytes_is_survived)
{
	struct nl_msg *s = sample(_i);
	const struct nlmsghdr *h = nlmsg_hdr(s);
	size_t size = h->nlmsg_len;
	struct rng rng;

	rng_seed(&rng, (uint64_t)_i + 1);
	for (int n = 0; n < 20000; n++) {
		uint8_t *copy = mem_copy(h, size);
		for (uint64_t k = 1 + rng_below(&rng, 4); k; k--)
			copy[sizeof *h + rng_below(&rng, size - sizeof *h)] = (uint8_t)rng_next(&rng);
		survive(copy, size);
		free(copy);
	}
	nlmsg_free(s);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd decode");
	TCase *t = tcase_create("netlink messages"), *bad = tcase_create("damaged messages");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, a_link_with_its_names);
	tcase_add_test(t, carrier_needs_running_and_lower_up);
	tcase_add_test(t, a_vrf_tells_its_table);
	tcase_add_loop_test(t, an_address_that_may_not_be_unique_is_tentative, 0, 4);
	tcase_add_test(t, another_daemons_multipath_route);
	tcase_add_test(t, a_deep_stack_of_another_daemon_is_read_without_its_labels);
	tcase_add_test(t, next_hop_objects_of_others_are_none_of_our_business);
	tcase_add_test(t, what_cannot_be_is_refused_whole);
	tcase_add_checked_fixture(bad, NULL, teardown);
	tcase_set_timeout(bad, 30);
	tcase_add_loop_test(bad, every_message_cut_anywhere_is_survived, 0, 6);
	tcase_add_loop_test(bad, every_message_with_turned_bytes_is_survived, 0, 6);
	suite_add_tcase(s, t);
	suite_add_tcase(s, bad);
	return s;
}

CHECK_MAIN(suite)
