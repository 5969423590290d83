/* Operations as netlink messages: what is in them, byte for byte where it counts, and that they read back the same. */
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

static struct addr
addr(const char *text)
{
	struct addr a;

	ck_assert(addr_parse(text, &a));
	return a;
}

static struct prefix
prefix(const char *text)
{
	struct prefix p;

	ck_assert(prefix_parse(text, &p));
	return p;
}

static const struct nlmsghdr *
encode(enum fib_op_kind kind, const struct fib_object *o)
{
	struct fib_op op = { .kind = kind };

	if (o)
		op.object = *o;
	nlmsg_free(m);
	m = encode_op(&op);
	ck_assert_ptr_nonnull(m);
	ck_assert(nlmsg_hdr(m)->nlmsg_flags & NLM_F_ACK);
	return nlmsg_hdr(m);
}

/* What the kernel would tell of an object it was given: the same message as a notice. */
static void
reads_back(const struct fib_object *o)
{
	struct fib_object back;
	bool gone = true;

	ck_assert_int_eq(decode_message(nlmsg_hdr(m), &back, &gone), 1);
	ck_assert(!gone);
	ck_assert_int_eq(back.kind, o->kind);
	switch (o->kind) {
	case FIB_NEXTHOP: ck_assert_mem_eq(&back.nexthop, &o->nexthop, sizeof o->nexthop); break;
	case FIB_IP_ROUTE: ck_assert_mem_eq(&back.ip_route, &o->ip_route, sizeof o->ip_route); break;
	case FIB_LABEL_ROUTE: ck_assert_mem_eq(&back.label_route, &o->label_route, sizeof o->label_route); break;
	case FIB_ADDRESS: ck_assert_mem_eq(&back.address, &o->address, sizeof o->address); break;
	default: break;
	}
}

static void
teardown(void)
{
	nlmsg_free(m);
	m = NULL;
}

START_TEST(a_next_hop_carries_our_mark_gateway_interface_and_labels)
{
	struct fib_object o = { .kind = FIB_NEXTHOP };
	struct nlattr *a[NHA_MAX + 1], *e[MPLS_IPTUNNEL_MAX + 1];
	static const uint8_t stack[8] = { 0x00, 0x12, 0xc0, 0x00, 0x00, 0x19, 0x01,
		0x00 }; /* 300, then 400 at the bottom */

	o.nexthop = (struct fib_nexthop){ .id = FIB_NEXTHOP_FIRST + 7,
		.gateway = addr("10.0.1.2"),
		.ifindex = 5,
		.family = 4,
		.label_count = 2,
		.labels = { 300, 400 } };
	const struct nlmsghdr *h = encode(FIB_OP_ADD, &o);
	ck_assert_int_eq(h->nlmsg_type, RTM_NEWNEXTHOP);
	ck_assert(h->nlmsg_flags & NLM_F_CREATE);
	ck_assert(h->nlmsg_flags & NLM_F_REPLACE);
	const struct nhmsg *n = nlmsg_data(h);
	ck_assert_int_eq(n->nh_protocol, FIB_PROTOCOL);
	ck_assert_int_eq(n->nh_family, AF_INET);
	ck_assert_int_eq(nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof *n, a, NHA_MAX, NULL), 0);
	ck_assert_uint_eq(nla_get_u16(a[NHA_ENCAP_TYPE]), LWTUNNEL_ENCAP_MPLS);
	ck_assert_int_eq(nla_parse_nested(e, MPLS_IPTUNNEL_MAX, a[NHA_ENCAP], NULL), 0);
	ck_assert_int_eq(nla_len(e[MPLS_IPTUNNEL_DST]), 8);
	ck_assert_mem_eq(nla_data(e[MPLS_IPTUNNEL_DST]), stack, 8);
	reads_back(&o);
}
END_TEST

START_TEST(an_ipv6_next_hop_behind_an_ipv4_gateway_is_mapped_and_on_link)
{
	struct fib_object o = { .kind = FIB_NEXTHOP };
	struct nlattr *a[NHA_MAX + 1];
	static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff, [12] = 10, [14] = 1, [15] = 2 };

	o.nexthop = (struct fib_nexthop){ .id = FIB_NEXTHOP_FIRST + 7,
		.gateway = addr("10.0.1.2"),
		.ifindex = 5,
		.family = 6,
		.label_count = 2,
		.labels = { 300, 400 } };
	const struct nlmsghdr *h = encode(FIB_OP_ADD, &o);
	const struct nhmsg *n = nlmsg_data(h);
	ck_assert_int_eq(n->nh_family, AF_INET6);
	ck_assert_uint_eq(n->nh_flags, RTNH_F_ONLINK);
	ck_assert_int_eq(nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof *n, a, NHA_MAX, NULL), 0);
	ck_assert_int_eq(nla_len(a[NHA_GATEWAY]), 16);
	ck_assert_mem_eq(nla_data(a[NHA_GATEWAY]), mapped, 16);
	reads_back(&o);
	n = nlmsg_data(encode(FIB_OP_DELETE, &o));
	ck_assert_uint_eq(n->nh_flags, 0);
}
END_TEST

START_TEST(a_ttl_of_the_labels_own_is_told_for_pushes_and_pops)
{
	struct fib_object o = { .kind = FIB_NEXTHOP };

	o.nexthop = (struct fib_nexthop){ .id = FIB_NEXTHOP_FIRST + 7,
		.gateway = addr("10.0.1.2"),
		.ifindex = 5,
		.family = 4,
		.label_count = 1,
		.ttl = 255,
		.labels = { 300 } };
	encode(FIB_OP_ADD, &o);
	reads_back(&o);
	o = (struct fib_object){ .kind = FIB_LABEL_ROUTE,
		.label_route = { .label = 800000,
		    .protocol = FIB_PROTOCOL,
		    .path_count = 1,
		    .pipe = true,
		    .paths = { { .ifindex = 20, .weight = 1 } } } };
	const struct nlmsghdr *h = encode(FIB_OP_ADD, &o);
	const struct nlattr *ttl =
	    nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct rtmsg), RTA_TTL_PROPAGATE);
	ck_assert(ttl && nla_get_u8(ttl) == 0);
	reads_back(&o);
	o.label_route.pipe = false;
	h = encode(FIB_OP_ADD, &o);
	ck_assert_ptr_null(nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct rtmsg), RTA_TTL_PROPAGATE));
	reads_back(&o);
}
END_TEST

START_TEST(groups_black_holes_and_ipv6_next_hops_read_back)
{
	struct fib_object o = { .kind = FIB_NEXTHOP };

	o.nexthop = (struct fib_nexthop){ .id = FIB_NEXTHOP_FIRST + 1,
		.family = 4,
		.member_count = 2,
		.members = { 11, 12 },
		.weights = { 1, 255 } };
	encode(FIB_OP_ADD, &o);
	reads_back(&o);
	const struct nhmsg *n = nlmsg_data(nlmsg_hdr(m));
	ck_assert_int_eq(n->nh_family, AF_UNSPEC); /* the kernel wants none for a group */
	o.nexthop = (struct fib_nexthop){ .id = FIB_NEXTHOP_FIRST + 2, .family = 6, .black_hole = true };
	encode(FIB_OP_ADD, &o);
	reads_back(&o);
	o.nexthop =
	    (struct fib_nexthop){ .id = FIB_NEXTHOP_FIRST + 3, .family = 6, .gateway = addr("fe80::1"), .ifindex = 4 };
	encode(FIB_OP_ADD, &o);
	reads_back(&o);
}
END_TEST

START_TEST(a_resilient_group_says_so_and_has_no_timers)
{
	struct fib_object o = { .kind = FIB_NEXTHOP };
	struct nlattr *a[NHA_MAX + 1], *r[NHA_RES_GROUP_MAX + 1];

	o.nexthop = (struct fib_nexthop){ .id = FIB_NEXTHOP_FIRST + 1,
		.family = 4,
		.member_count = 2,
		.members = { 11, 12 },
		.weights = { 255, 1 },
		.buckets = 60 };
	const struct nlmsghdr *h = encode(FIB_OP_ADD, &o);
	ck_assert_int_eq(nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(struct nhmsg), a, NHA_MAX, NULL), 0);
	ck_assert_uint_eq(nla_get_u16(a[NHA_GROUP_TYPE]), NEXTHOP_GRP_TYPE_RES);
	const struct nexthop_grp *members = nla_data(a[NHA_GROUP]);
	ck_assert_uint_eq(members[0].weight, 254); /* one less than what is meant */
	ck_assert_uint_eq(members[1].weight, 0);
	ck_assert(a[NHA_RES_GROUP]->nla_type & NLA_F_NESTED);
	ck_assert_int_eq(nla_parse_nested(r, NHA_RES_GROUP_MAX, a[NHA_RES_GROUP], NULL), 0);
	ck_assert_uint_eq(nla_get_u16(r[NHA_RES_GROUP_BUCKETS]), 60);
	ck_assert_uint_eq(nla_get_u32(r[NHA_RES_GROUP_IDLE_TIMER]), 0);
	ck_assert_uint_eq(nla_get_u32(r[NHA_RES_GROUP_UNBALANCED_TIMER]), 0);
	reads_back(&o);
	nlmsg_hdr(m)->nlmsg_type = RTM_NEWNEXTHOPBUCKET; /* what the kernel tells of its buckets is not looked at */
	struct fib_object back;
	bool gone;
	ck_assert_int_eq(decode_message(nlmsg_hdr(m), &back, &gone), 0);
}
END_TEST

START_TEST(a_route_points_at_its_group_with_our_protocol_and_metric)
{
	static const char *const prefixes[] = { "20.0.0.0/8", "0.0.0.0/0", "4.4.4.4/32", "2001:db8::/32", "::/0" };

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		struct fib_object o = { .kind = FIB_IP_ROUTE };
		o.ip_route = (struct fib_ip_route){ .table = 254,
			.prefix = prefix(prefixes[i]),
			.protocol = FIB_PROTOCOL,
			.metric = FIB_METRIC,
			.type = RTN_UNICAST,
			.nexthop_id = FIB_NEXTHOP_FIRST + 9 };
		const struct nlmsghdr *h = encode(FIB_OP_ADD, &o);
		ck_assert_int_eq(h->nlmsg_type, RTM_NEWROUTE);
		ck_assert(h->nlmsg_flags & NLM_F_REPLACE);
		reads_back(&o);
		o.ip_route.table = 100000; /* of a VRF, beyond what the old field holds */
		encode(FIB_OP_ADD, &o);
		reads_back(&o);
	}
}
END_TEST

START_TEST(a_route_with_inline_next_hops_carries_their_labels)
{
	static const struct {
		const char *prefix, *gateways[2];
	} cases[] = { { "4.4.4.4/32", { "10.0.1.2", "10.0.2.2" } }, { "2001:db8::4/128", { "fe80::2", "fe80::3" } },
		{ "4.4.4.4/32", { "fe80::2", "fe80::3" } }, { "2001:db8::4/128", { "10.0.1.2", "10.0.2.2" } } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (uint16_t count = 1; count <= 2; count++) {
			struct fib_object o = { .kind = FIB_IP_ROUTE };
			o.ip_route = (struct fib_ip_route){ .table = 254,
				.prefix = prefix(cases[i].prefix),
				.protocol = FIB_PROTOCOL,
				.metric = FIB_METRIC,
				.type = RTN_UNICAST,
				.path_count = count };
			for (uint16_t k = 0; k < count; k++)
				o.ip_route.paths[k] = (struct fib_path){ .gateway = addr(cases[i].gateways[k]),
					.ifindex = 5u + k,
					.weight = 1,
					.ttl = k ? 255 : 0,
					.label_count = (uint8_t)(2 - k),
					.labels = { 300u + k, k ? 0 : 400u } };
			const struct rtmsg *r = nlmsg_data(encode(FIB_OP_ADD, &o));
			ck_assert_uint_lt(r->rtm_scope, RT_SCOPE_LINK);
			reads_back(&o);
		}
}
END_TEST

START_TEST(the_scopes_of_inline_routes_are_spread)
{
	unsigned used[256] = { 0 };

	for (uint32_t i = 0; i < 20000; i++) {
		struct fib_object o = { .kind = FIB_IP_ROUTE };
		o.ip_route = (struct fib_ip_route){
			.table = 254, .prefix = { addr_v4(0x64000000 + i), 32 }, .metric = FIB_METRIC, .path_count = 1
		};
		o.ip_route.paths[0] = (struct fib_path){ .gateway = addr("10.0.1.2"), .ifindex = 5, .weight = 1 };
		const struct rtmsg *r = nlmsg_data(encode(FIB_OP_ADD, &o));
		used[r->rtm_scope]++;
	}
	for (int i = 0; i < 256; i++)
		ck_assert_msg(used[i] < 2 * 20000 / 200, "%u routes have scope %d", used[i], i);
}
END_TEST

START_TEST(a_deletion_names_our_protocol_so_that_no_other_route_goes)
{
	struct fib_object o = { .kind = FIB_IP_ROUTE,
		.ip_route = { .table = 254, .prefix = prefix("20.0.0.0/8"), .metric = FIB_METRIC } };
	const struct nlmsghdr *h = encode(FIB_OP_DELETE, &o);
	const struct rtmsg *r = nlmsg_data(h);

	ck_assert_int_eq(h->nlmsg_type, RTM_DELROUTE);
	ck_assert_int_eq(r->rtm_protocol, FIB_PROTOCOL);
	ck_assert_int_eq(r->rtm_dst_len, 8);
	o = (struct fib_object){ .kind = FIB_LABEL_ROUTE, .label_route = { .label = 1024 } };
	h = encode(FIB_OP_DELETE, &o);
	r = nlmsg_data(h);
	ck_assert_int_eq(h->nlmsg_type, RTM_DELROUTE);
	ck_assert_int_eq(r->rtm_family, 28);
	ck_assert_int_eq(r->rtm_protocol, FIB_PROTOCOL);
	o = (struct fib_object){ .kind = FIB_NEXTHOP, .nexthop = { .id = FIB_NEXTHOP_FIRST + 1 } };
	h = encode(FIB_OP_DELETE, &o);
	ck_assert_int_eq(h->nlmsg_type, RTM_DELNEXTHOP);
	const struct nhmsg *n = nlmsg_data(h); /* the kernel refuses one with anything in it */
	ck_assert_mem_eq(n, &(struct nhmsg){ 0 }, sizeof *n);
}
END_TEST

START_TEST(swap_pop_and_several_next_hops_of_a_label_read_back)
{
	struct fib_object o = { .kind = FIB_LABEL_ROUTE };
	struct nlattr *a[RTA_MAX + 1];
	static const uint8_t label_1024[4] = { 0x00, 0x40, 0x01, 0x00 }, label_300[4] = { 0x00, 0x12, 0xc1, 0x00 };
	static const uint8_t via[6] = { AF_INET & 0xff, 0, 10, 0, 1, 2 };

	o.label_route = (struct fib_label_route){ .label = 1024,
		.protocol = FIB_PROTOCOL,
		.path_count = 1,
		.paths = {
		    { .gateway = addr("10.0.1.2"), .ifindex = 1, .label_count = 1, .labels = { 300 }, .weight = 1 } } };
	const struct nlmsghdr *h = encode(FIB_OP_ADD, &o);
	const struct rtmsg *r = nlmsg_data(h);
	ck_assert_int_eq(r->rtm_family, 28);
	ck_assert_int_eq(r->rtm_dst_len, 20);
	ck_assert_int_eq(nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof *r, a, RTA_MAX, NULL), 0);
	ck_assert_mem_eq(nla_data(a[RTA_DST]), label_1024, 4);
	ck_assert_mem_eq(nla_data(a[RTA_NEWDST]), label_300, 4);
	ck_assert_int_eq(nla_len(a[RTA_VIA]), 6);
	ck_assert_mem_eq(nla_data(a[RTA_VIA]), via, 6);
	reads_back(&o);
	o.label_route.paths[0].label_count = 0; /* pop */
	o.label_route.paths[0].labels[0] = 0;
	h = encode(FIB_OP_ADD, &o);
	ck_assert_ptr_null(nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof *r, RTA_NEWDST));
	reads_back(&o);
	o.label_route.path_count = 3;
	o.label_route.paths[1] = (struct fib_path){
		.gateway = addr("10.0.2.2"), .ifindex = 2, .label_count = 1, .labels = { 1048575 }, .weight = 1
	};
	o.label_route.paths[2] = (struct fib_path){
		.gateway = addr("2001:db8::2"), .ifindex = 3, .label_count = 1, .labels = { 0 }, .weight = 1
	};
	encode(FIB_OP_ADD, &o);
	reads_back(&o);
}
END_TEST

START_TEST(the_largest_route_fits)
{
	struct fib_object o = { .kind = FIB_LABEL_ROUTE,
		.label_route = { .label = 16, .protocol = FIB_PROTOCOL, .path_count = FIB_PATHS_MAX } };

	for (unsigned i = 0; i < FIB_PATHS_MAX; i++)
		o.label_route.paths[i] = (struct fib_path){ .gateway = addr("2001:db8::2"),
			.ifindex = i + 1,
			.label_count = 4,
			.labels = { 100, 200, 300, i },
			.weight = 1 };
	encode(FIB_OP_ADD, &o);
	reads_back(&o);
}
END_TEST

START_TEST(addresses_carry_our_mark_and_a_broadcast_address_where_there_is_one)
{
	struct fib_object o = { .kind = FIB_ADDRESS,
		.address = { .ifindex = 3, .prefix = prefix("10.0.1.1/24"), .ours = true } };

	const struct nlmsghdr *h = encode(FIB_OP_ADD, &o);
	ck_assert_int_eq(h->nlmsg_type, RTM_NEWADDR);
	ck_assert_ptr_nonnull(
	    nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct ifaddrmsg), IFA_BROADCAST));
	reads_back(&o);
	o.address.prefix = prefix("2.2.2.2/32");
	h = encode(FIB_OP_ADD, &o);
	ck_assert_ptr_null(nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct ifaddrmsg), IFA_BROADCAST));
	reads_back(&o);
	o.address.prefix = prefix("2001:db8::1/64");
	encode(FIB_OP_ADD, &o);
	reads_back(&o);
	ck_assert_int_eq(encode(FIB_OP_DELETE, &o)->nlmsg_type, RTM_DELADDR);
	h = nlmsg_hdr(m);
	ck_assert_ptr_null(nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct ifaddrmsg), IFA_FLAGS));
	o.address.unique = true; /* on a loopback nothing has to be looked into */
	h = encode(FIB_OP_ADD, &o);
	const struct nlattr *flags =
	    nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct ifaddrmsg), IFA_FLAGS);
	ck_assert(flags && nla_get_u32(flags) == IFA_F_NODAD);
}
END_TEST

START_TEST(links_are_made_switched_and_sized)
{
	struct fib_object o = { .kind = FIB_LINK,
		.link = { .ifindex = 3, .mtu = 9000, .name = "LoopBack1", .is_dummy = true } };
	const struct ifinfomsg *i;
	const struct nlmsghdr *h = encode(FIB_OP_LINK_UP, &o);

	i = nlmsg_data(h);
	ck_assert_int_eq(h->nlmsg_type, RTM_NEWLINK);
	ck_assert_int_eq(i->ifi_index, 3);
	ck_assert_uint_eq(i->ifi_flags & i->ifi_change, IFF_UP);
	i = nlmsg_data(encode(FIB_OP_LINK_DOWN, &o));
	ck_assert_uint_eq(i->ifi_change, IFF_UP);
	ck_assert_uint_eq(i->ifi_flags, 0);
	h = encode(FIB_OP_LINK_MTU, &o);
	i = nlmsg_data(h);
	ck_assert_uint_eq(i->ifi_change, 0); /* up or down is not its business */
	ck_assert_uint_eq(nla_get_u32(nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof *i, IFLA_MTU)), 9000);
	o.link.ifindex = 0;
	h = encode(FIB_OP_LINK_CREATE, &o);
	ck_assert(h->nlmsg_flags & NLM_F_EXCL);
	ck_assert_str_eq(
	    nla_get_string(nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof *i, IFLA_IFNAME)), "LoopBack1");
}
END_TEST

START_TEST(vrfs_are_made_filled_and_fenced_off)
{
	struct fib_object o = { .kind = FIB_LINK, .link = { .name = "VPNA", .is_vrf = true, .vrf_table = 1001 } };
	struct nlmsghdr *h = (struct nlmsghdr *)(uintptr_t)encode(FIB_OP_LINK_CREATE, &o);
	struct nlattr *info[IFLA_INFO_MAX + 1];

	ck_assert_int_eq(
	    nla_parse_nested(info, IFLA_INFO_MAX, nlmsg_find_attr(h, sizeof(struct ifinfomsg), IFLA_LINKINFO), NULL),
	    0);
	ck_assert_str_eq(nla_get_string(info[IFLA_INFO_KIND]), "vrf");
	struct nlattr *table = nla_data(info[IFLA_INFO_DATA]);
	ck_assert_int_eq(nla_type(table), IFLA_VRF_TABLE);
	ck_assert_uint_eq(nla_get_u32(table), 1001);
	o.link = (struct fib_link){ .ifindex = 3, .master = 9 };
	h = (struct nlmsghdr *)(uintptr_t)encode(FIB_OP_LINK_MASTER, &o);
	const struct ifinfomsg *i = nlmsg_data(h);
	ck_assert_uint_eq(i->ifi_change, 0);
	ck_assert_uint_eq(nla_get_u32(nlmsg_find_attr(h, sizeof *i, IFLA_MASTER)), 9);
	o = (struct fib_object){ .kind = FIB_IP_ROUTE,
		.ip_route = {
		    .table = 1001, .protocol = FIB_PROTOCOL, .metric = 4278198272, .type = RTN_UNREACHABLE } };
	ck_assert(prefix_parse("0.0.0.0/0", &o.ip_route.prefix));
	h = (struct nlmsghdr *)(uintptr_t)encode(FIB_OP_ADD, &o);
	const struct rtmsg *r = nlmsg_data(h);
	ck_assert_uint_eq(r->rtm_type, RTN_UNREACHABLE);
	ck_assert_ptr_null(nlmsg_find_attr(h, sizeof *r, RTA_OIF));
}
END_TEST

START_TEST(settings_are_no_messages)
{
	static const enum fib_op_kind kinds[] = { FIB_OP_MPLS_INPUT, FIB_OP_PLATFORM_LABELS, FIB_OP_FORWARDING,
		FIB_OP_RESYNC };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		ck_assert_ptr_null(encode_op(&(struct fib_op){ .kind = kinds[i] }));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd encode");
	TCase *t = tcase_create("netlink messages");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, a_next_hop_carries_our_mark_gateway_interface_and_labels);
	tcase_add_test(t, an_ipv6_next_hop_behind_an_ipv4_gateway_is_mapped_and_on_link);
	tcase_add_test(t, a_ttl_of_the_labels_own_is_told_for_pushes_and_pops);
	tcase_add_test(t, groups_black_holes_and_ipv6_next_hops_read_back);
	tcase_add_test(t, a_resilient_group_says_so_and_has_no_timers);
	tcase_add_test(t, a_route_points_at_its_group_with_our_protocol_and_metric);
	tcase_add_test(t, a_route_with_inline_next_hops_carries_their_labels);
	tcase_add_test(t, the_scopes_of_inline_routes_are_spread);
	tcase_add_test(t, a_deletion_names_our_protocol_so_that_no_other_route_goes);
	tcase_add_test(t, swap_pop_and_several_next_hops_of_a_label_read_back);
	tcase_add_test(t, the_largest_route_fits);
	tcase_add_test(t, addresses_carry_our_mark_and_a_broadcast_address_where_there_is_one);
	tcase_add_test(t, links_are_made_switched_and_sized);
	tcase_add_test(t, vrfs_are_made_filled_and_fenced_off);
	tcase_add_test(t, settings_are_no_messages);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
