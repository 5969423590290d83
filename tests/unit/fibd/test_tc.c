/* Filters, gates and neighbors as netlink messages: what is in them, byte for byte where it counts, and that they read back. */
#include "base/mem.h"
#include "fibd/kernel/tc.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/tc_message.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_mpls.h>
#include <linux/tc_act/tc_vlan.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>

static struct fib_object
sender(void)
{
	struct fib_object o;

	memset(&o, 0, sizeof o);
	o.kind = FIB_FILTER;
	o.filter.ifindex = 7;
	o.filter.pref = FIB_PLACE + 1;
	o.filter.label = 524288;
	o.filter.control_word = true;
	o.filter.gate = FIB_GATE + 3;
	o.filter.open = true;
	o.filter.out = 5;
	o.filter.label_count = 3;
	memcpy(o.filter.labels, (uint32_t[]){ 201, 301, 600001 }, 12);
	memcpy(o.filter.mac, "\2\0\0\0\0\2", 6);
	memcpy(o.filter.own_mac, "\2\0\0\0\0\1", 6);
	o.filter.vc_id = 100;
	o.filter.peer = tc_addr("2.2.2.2");
	return o;
}

static struct fib_object
receiver(bool explicit_null)
{
	struct fib_object o;

	memset(&o, 0, sizeof o);
	o.kind = FIB_FILTER;
	o.filter.pref = FIB_RECEIVE;
	o.filter.label = 524288;
	o.filter.explicit_null = explicit_null;
	o.filter.control_word = true;
	o.filter.pop_tag = true;
	o.filter.out = 7;
	o.filter.vc_id = 100;
	o.filter.peer = tc_addr("2.2.2.2");
	return o;
}

/* --- filters --- */

START_TEST(a_frame_passes_the_gate_is_counted_and_gets_its_labels_from_the_bottom)
{
	struct fib_object o = sender();
	const struct nlmsghdr *h = tc_encode(FIB_OP_ADD, &o);
	const struct tcmsg *t = nlmsg_data(h);

	ck_assert_int_eq(h->nlmsg_type, RTM_NEWTFILTER);
	ck_assert(h->nlmsg_flags & NLM_F_CREATE && h->nlmsg_flags & NLM_F_REPLACE);
	ck_assert_int_eq(t->tcm_ifindex, 7);
	ck_assert_uint_eq(t->tcm_parent, 0xfffffff2);
	ck_assert_uint_eq(t->tcm_handle, 1);
	ck_assert_uint_eq(t->tcm_info, (uint32_t)(FIB_PLACE + 1) << 16 | htons(ETH_P_ALL));
	ck_assert_str_eq(tc_actions(),
	    " gact 50000003 3, gact 52080000 3, mac_push 0 ttl 1, pedit, push 600001 ttl 255 bottom, "
	    "push 301 ttl 255, push 201 ttl 255, vlan 5, redirect to 5");
	tc_reads_back(&o);
	o.filter.control_word = false;
	o.filter.push_tag = 10;
	o.filter.label_count = 1;
	memcpy(o.filter.labels, (uint32_t[5]){ 600001 }, sizeof o.filter.labels);
	tc_encode(FIB_OP_ADD, &o);
	ck_assert_str_eq(tc_actions(),
	    " gact 50000003 3, gact 52080000 3, vlan 2, mac_push 600001 ttl 255 bottom, vlan 5, "
	    "redirect to 5");
	tc_reads_back(&o);
}
END_TEST

START_TEST(the_deepest_stack_reads_back)
{
	struct fib_object o = sender();

	o.filter.label_count = 5;
	memcpy(o.filter.labels, (uint32_t[]){ 1, 2, 3, 1048575, 600001 }, 20);
	tc_encode(FIB_OP_ADD, &o);
	tc_reads_back(&o);
}
END_TEST

START_TEST(a_packet_with_our_label_at_the_bottom_is_stripped_and_goes_to_the_circuit)
{
	struct fib_object o = receiver(false);
	const struct tcmsg *t = nlmsg_data(tc_encode(FIB_OP_ADD, &o));
	struct nlattr *a[TCA_MAX + 1], *k[TCA_FLOWER_MAX + 1];

	ck_assert_uint_eq((uint32_t)t->tcm_ifindex, 0xffffffff);
	ck_assert_uint_eq(t->tcm_block_index, FIB_BLOCK);
	ck_assert_uint_eq(t->tcm_handle, 0x100000 + 524288);
	ck_assert_uint_eq(t->tcm_info, (uint32_t)FIB_RECEIVE << 16 | htons(ETH_P_MPLS_UC));
	ck_assert_int_eq(nlmsg_parse(nlmsg_hdr(tc_message), sizeof *t, a, TCA_MAX, NULL), 0);
	ck_assert_int_eq(nla_parse_nested(k, TCA_FLOWER_MAX, a[TCA_OPTIONS], NULL), 0);
	ck_assert_uint_eq(nla_get_u32(k[TCA_FLOWER_KEY_MPLS_LABEL]), 524288);
	ck_assert_uint_eq(nla_get_u8(k[TCA_FLOWER_KEY_MPLS_BOS]), 1);
	ck_assert_uint_eq(nla_get_u16(k[TCA_FLOWER_KEY_ETH_TYPE]), htons(ETH_P_MPLS_UC));
	ck_assert_str_eq(tc_actions(), " gact 53080000 3, vlan 4, pop 8847, pop 8100, vlan 1, redirect to 7");
	tc_reads_back(&o);
	o.filter.control_word = o.filter.pop_tag = false;
	tc_encode(FIB_OP_ADD, &o);
	ck_assert_str_eq(tc_actions(), " gact 53080000 3, vlan 4, pop 6558, redirect to 7");
	tc_reads_back(&o);
}
END_TEST

START_TEST(beneath_an_explicit_null_it_is_the_second_label)
{
	struct fib_object o = receiver(true);
	struct nlattr *a[TCA_MAX + 1], *k[TCA_FLOWER_MAX + 1], *e[TCA_FLOWER_KEY_MPLS_OPT_LSE_MAX + 1], *entry;
	int left, depth = 0;
	static const uint32_t labels[] = { 0, 524288 };

	const struct tcmsg *t = nlmsg_data(tc_encode(FIB_OP_ADD, &o));
	ck_assert_uint_eq(t->tcm_handle, 0x200000 + 524288);
	ck_assert_int_eq(nlmsg_parse(nlmsg_hdr(tc_message), sizeof *t, a, TCA_MAX, NULL), 0);
	ck_assert_int_eq(nla_parse_nested(k, TCA_FLOWER_MAX, a[TCA_OPTIONS], NULL), 0);
	ck_assert_ptr_null(k[TCA_FLOWER_KEY_MPLS_LABEL]);
	nla_for_each_nested(entry, k[TCA_FLOWER_KEY_MPLS_OPTS], left)
	{
		ck_assert_int_eq(nla_parse_nested(e, TCA_FLOWER_KEY_MPLS_OPT_LSE_MAX, entry, NULL), 0);
		ck_assert_uint_eq(nla_get_u32(e[TCA_FLOWER_KEY_MPLS_OPT_LSE_LABEL]), labels[depth]);
		ck_assert_uint_eq(nla_get_u8(e[TCA_FLOWER_KEY_MPLS_OPT_LSE_BOS]), depth);
		ck_assert_uint_eq(nla_get_u8(e[TCA_FLOWER_KEY_MPLS_OPT_LSE_DEPTH]), ++depth);
	}
	ck_assert_int_eq(depth, 2);
	ck_assert_str_eq(tc_actions(), " gact 53080000 3, vlan 4, pop 8847, pop 8847, pop 8100, vlan 1, redirect to 7");
	tc_reads_back(&o);
}
END_TEST

START_TEST(the_last_filter_drops_and_remembers_the_turn)
{
	struct fib_object o;

	memset(&o, 0, sizeof o);
	o.kind = FIB_FILTER;
	o.filter.ifindex = 7;
	o.filter.pref = FIB_DROP;
	o.filter.turn = 12;
	tc_encode(FIB_OP_ADD, &o);
	ck_assert_str_eq(tc_actions(), " gact 0 2,");
	tc_reads_back(&o);
	o.filter.pref = FIB_PLACE; /* local switching */
	o.filter.turn = 0;
	o.filter.out = 8;
	tc_encode(FIB_OP_ADD, &o);
	ck_assert_str_eq(tc_actions(), " redirect to 8");
	tc_reads_back(&o);
}
END_TEST

static struct fib_object
guard(enum fib_guard g)
{
	struct fib_object o;

	memset(&o, 0, sizeof o);
	o.kind = FIB_FILTER;
	o.filter.ifindex = 7;
	o.filter.pref = (uint16_t)(FIB_GUARD + g);
	return o;
}

/* IEEE 802.1Q 8.6.3: addresses that no bridge forwards. */
static const struct {
	uint16_t type;
	uint8_t mac[6], mask[6];
} guarded[FIB_GUARDS] = {
	[FIB_GUARD_CDP] = { 0x0004, "\x01\x00\x0c\xcc\xcc\xcc", "\xff\xff\xff\xff\xff\xff" },
	[FIB_GUARD_DOT1X] = { 0x888e, "\x01\x80\xc2\x00\x00\x00", "\xff\xff\xff\xff\xff\xf0" },
	[FIB_GUARD_LACP] = { 0x8809, "\x01\x80\xc2\x00\x00\x00", "\xff\xff\xff\xff\xff\xf0" },
	[FIB_GUARD_LLDP] = { 0x88cc, "\x01\x80\xc2\x00\x00\x00", "\xff\xff\xff\xff\xff\xf0" },
	[FIB_GUARD_STP] = { 0x0004, "\x01\x80\xc2\x00\x00\x00", "\xff\xff\xff\xff\xff\xff" },
};

START_TEST(a_guard_drops_and_counts_the_frames_of_its_protocol)
{
	struct fib_object o = guard((enum fib_guard)_i);
	struct nlattr *a[TCA_MAX + 1], *k[TCA_FLOWER_MAX + 1];
	const struct tcmsg *t = nlmsg_data(tc_encode(FIB_OP_ADD, &o));
	char counted[64];

	ck_assert_int_eq(t->tcm_ifindex, 7);
	ck_assert_uint_eq(t->tcm_handle, 1);
	ck_assert_uint_eq(t->tcm_info, (uint32_t)(FIB_GUARD + _i) << 16 | htons(guarded[_i].type));
	ck_assert_int_eq(nlmsg_parse(nlmsg_hdr(tc_message), sizeof *t, a, TCA_MAX, NULL), 0);
	ck_assert_int_eq(nla_parse_nested(k, TCA_FLOWER_MAX, a[TCA_OPTIONS], NULL), 0);
	ck_assert_mem_eq(nla_data(k[TCA_FLOWER_KEY_ETH_DST]), guarded[_i].mac, 6);
	ck_assert_mem_eq(nla_data(k[TCA_FLOWER_KEY_ETH_DST_MASK]), guarded[_i].mask, 6);
	snprintf(counted, sizeof counted, " gact %x 3, gact 0 2,", 0x55000000 | 7 << 3 | _i);
	ck_assert_str_eq(tc_actions(), counted);
	tc_reads_back(&o);
	t = nlmsg_data(tc_encode(FIB_OP_DELETE, &o));
	ck_assert_uint_eq(t->tcm_info, (uint32_t)(FIB_GUARD + _i) << 16 | htons(guarded[_i].type));
	o.filter.ifindex = TC_GUARD_LINKS; /* no room for its counter's number */
	tc_encode(FIB_OP_ADD, &o);
	ck_assert_str_eq(tc_actions(), " gact 0 2,");
	tc_reads_back(&o);
}
END_TEST

START_TEST(a_deletion_names_the_very_filter)
{
	struct fib_object o = receiver(true), back;
	bool gone = false;
	const struct nlmsghdr *h = tc_encode(FIB_OP_DELETE, &o);
	const struct tcmsg *t = nlmsg_data(h);

	ck_assert_int_eq(h->nlmsg_type, RTM_DELTFILTER);
	ck_assert_uint_eq(t->tcm_handle, 0x200000 + 524288);
	ck_assert_uint_eq(t->tcm_info, (uint32_t)FIB_RECEIVE << 16 | htons(ETH_P_MPLS_UC));
	tc_encode(FIB_OP_ADD, &o); /* the kernel's notice has all of it */
	nlmsg_hdr(tc_message)->nlmsg_type = RTM_DELTFILTER;
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 1);
	ck_assert(gone && !back.filter.all && back.filter.label == 524288 && back.filter.explicit_null);
	((struct tcmsg *)nlmsg_data(nlmsg_hdr(tc_message)))->tcm_handle = 0; /* all of a preference */
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 1);
	ck_assert(gone && back.filter.all);
	nlmsg_hdr(tc_message)->nlmsg_type = RTM_NEWTFILTER;
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 0);
}
END_TEST

/* What an operator or another program has there: without our cookie, at another preference, of another kind, in another chain. */
START_TEST(filters_of_others_are_none_of_our_business)
{
	struct fib_object o = sender(), back;
	bool gone;
	const struct nlmsghdr *h = tc_encode(FIB_OP_ADD, &o);
	struct tcmsg *t = nlmsg_data(h);
	uint32_t info = t->tcm_info;

	t->tcm_info = TC_H_MAKE(10 << 16, htons(ETH_P_ALL));
	ck_assert_int_eq(decode_message(h, &back, &gone), 0);
	t->tcm_info = info;
	t->tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
	ck_assert_int_eq(decode_message(h, &back, &gone), 0);
	t->tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	ck_assert_int_eq(decode_message(h, &back, &gone), 1);
	uint8_t *cookie = memmem((uint8_t *)(uintptr_t)h, h->nlmsg_len, "PW\1\4", 4);
	ck_assert_ptr_nonnull(cookie);
	*cookie = 'X';
	ck_assert_int_eq(decode_message(h, &back, &gone), 0);
	*cookie = 'P';
	t->tcm_info = TC_H_MAKE((FIB_GUARD + FIB_GUARDS) << 16, htons(ETH_P_ALL)); /* between the guards and the rest */
	ck_assert_int_eq(decode_message(h, &back, &gone), 0);
	t->tcm_info = info;
	nla_put_u32(tc_message, TCA_CHAIN, 1);
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 0);
	o = receiver(false);
	t = nlmsg_data(tc_encode(FIB_OP_ADD, &o));
	t->tcm_block_index = 1;
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 0);
}
END_TEST

START_TEST(messages_that_are_cut_short_or_turned_over_are_read_safely)
{
	const struct fib_object all[] = { sender(), receiver(false), receiver(true), guard(FIB_GUARD_LLDP) };

	for (size_t i = 0; i < COUNT(all); i++)
		tc_turn_over(&all[i]);
}
END_TEST

/* --- the rest --- */

START_TEST(a_gate_is_replaced_in_its_place_and_told_by_its_index)
{
	struct fib_object o = { .kind = FIB_A_GATE, .gate = { .index = FIB_GATE + 3 } }, back;
	bool gone = true;

	for (int open = 0; open < 2; open++) {
		o.gate.open = open;
		const struct nlmsghdr *h = tc_encode(FIB_OP_ADD, &o);
		ck_assert_int_eq(h->nlmsg_type, RTM_NEWACTION);
		ck_assert(h->nlmsg_flags & NLM_F_REPLACE && !(h->nlmsg_flags & NLM_F_CREATE));
		ck_assert_int_eq(decode_message(h, &back, &gone), 1);
		ck_assert(!gone);
		ck_assert_int_eq(back.kind, FIB_A_GATE);
		ck_assert_uint_eq(back.gate.index, FIB_GATE + 3);
		ck_assert_int_eq(back.gate.open, open);
	}
	o.gate.index = 1; /* somebody else's */
	ck_assert_int_eq(decode_message(tc_encode(FIB_OP_ADD, &o), &back, &gone), 0);
	struct nlattr *a[TCA_ROOT_MAX + 1], *one[TCA_ACT_MAX + 1];
	o.gate.index = FIB_GATE + 3;
	const struct nlmsghdr *h = tc_encode(FIB_OP_DELETE, &o);
	ck_assert_int_eq(h->nlmsg_type, RTM_DELACTION);
	ck_assert_int_eq(nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(struct tcamsg), a, TCA_ROOT_MAX, NULL), 0);
	ck_assert_int_eq(nla_parse_nested(one, TCA_ACT_MAX, nla_data(a[TCA_ACT_TAB]), NULL), 0);
	ck_assert_str_eq(nla_data(one[TCA_ACT_KIND]), "gact");
	ck_assert_uint_eq(nla_get_u32(one[TCA_ACT_INDEX]), FIB_GATE + 3);
}
END_TEST

START_TEST(counters_are_those_of_the_action_that_counts)
{
	const struct gnet_stats_basic basic = { .bytes = 5000, .packets = 7 };
	const struct tc_gact parms = { .index = FIB_SENT | 524288, .action = TC_ACT_PIPE };
	const struct tc_mirred out = { .action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = 5 };
	const struct tc_cookie cookie = { .mark = htons(TC_COOKIE_MARK), .version = 1 };
	struct tcmsg head = { .tcm_ifindex = 7,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		.tcm_handle = 1,
		.tcm_info = TC_H_MAKE(FIB_PLACE << 16, htons(ETH_P_ALL)) };
	struct fib_object back;
	bool gone;

	tc_message = nlmsg_alloc();
	nlmsg_put(tc_message, 0, 0, RTM_NEWTFILTER, 0, 0);
	nlmsg_append(tc_message, &head, sizeof head, NLMSG_ALIGNTO);
	nla_put_string(tc_message, TCA_KIND, "flower");
	struct nlattr *options = nla_nest_start(tc_message, TCA_OPTIONS),
		      *list = nla_nest_start(tc_message, TCA_FLOWER_ACT);
	struct nlattr *one = nla_nest_start(tc_message, 1);
	nla_put_string(tc_message, TCA_ACT_KIND, "gact");
	struct nlattr *stats = nla_nest_start(tc_message, TCA_ACT_STATS);
	nla_put(tc_message, TCA_STATS_BASIC, sizeof basic, &basic);
	nla_put_u64(tc_message, TCA_STATS_PKT64, 1ull << 33);
	nla_nest_end(tc_message, stats);
	struct nlattr *rest = nla_nest_start(tc_message, TCA_ACT_OPTIONS);
	nla_put(tc_message, TCA_GACT_PARMS, sizeof parms, &parms);
	nla_nest_end(tc_message, rest);
	nla_nest_end(tc_message, one);
	one = nla_nest_start(tc_message, 2);
	nla_put_string(tc_message, TCA_ACT_KIND, "mirred");
	nla_put(tc_message, TCA_ACT_COOKIE, sizeof cookie, &cookie);
	rest = nla_nest_start(tc_message, TCA_ACT_OPTIONS);
	nla_put(tc_message, TCA_MIRRED_PARMS, sizeof out, &out);
	nla_nest_end(tc_message, rest);
	nla_nest_end(tc_message, one);
	nla_nest_end(tc_message, list);
	nla_nest_end(tc_message, options);
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 1);
	ck_assert_uint_eq(back.filter.packets, 1ull << 33);
	ck_assert_uint_eq(back.filter.bytes, 5000);
	ck_assert_uint_eq(back.filter.label, 524288);
	ck_assert_uint_eq(back.filter.out, 5);
}
END_TEST

START_TEST(counters_of_a_dump_of_actions_are_told_by_their_indexes)
{
	const uint32_t indexes[] = { 5, FIB_GATE + 1, FIB_SENT | 524288, FIB_RECEIVED | 524289,
		FIB_GUARDED | 7 << FIB_GUARD_BITS | FIB_GUARD_STP, FIB_ACTIONS_END };
	const struct gnet_stats_basic basic = { .bytes = 5000, .packets = 7 };
	struct fib_object counts[4];
	struct tcamsg head = { 0 };

	tc_message = nlmsg_alloc();
	nlmsg_put(tc_message, 0, 0, RTM_GETACTION, 0, 0);
	nlmsg_append(tc_message, &head, sizeof head, NLMSG_ALIGNTO);
	struct nlattr *list = nla_nest_start(tc_message, TCA_ACT_TAB);
	for (int i = 0; i < (int)COUNT(indexes); i++) {
		const struct tc_gact parms = { .index = indexes[i], .action = TC_ACT_PIPE };
		struct nlattr *one = nla_nest_start(tc_message, i + 1);
		nla_put_string(tc_message, TCA_ACT_KIND, "gact");
		struct nlattr *stats = nla_nest_start(tc_message, TCA_ACT_STATS);
		nla_put(tc_message, TCA_STATS_BASIC, sizeof basic, &basic);
		nla_nest_end(tc_message, stats);
		struct nlattr *rest = nla_nest_start(tc_message, TCA_ACT_OPTIONS);
		nla_put(tc_message, TCA_GACT_PARMS, sizeof parms, &parms);
		nla_nest_end(tc_message, rest);
		nla_nest_end(tc_message, one);
	}
	nla_nest_end(tc_message, list);
	ck_assert_uint_eq(decode_counts(nlmsg_hdr(tc_message), counts, 4), 3);
	ck_assert(!counts[0].count.received && counts[0].count.label == 524288 && counts[0].count.packets == 7);
	ck_assert(counts[1].count.received && counts[1].count.label == 524289 && counts[1].count.bytes == 5000);
	ck_assert(counts[2].count.label == 0 && counts[2].count.packets == 7);
	ck_assert_uint_eq(counts[2].count.ifindex, 7);
	ck_assert_uint_eq(counts[2].count.pref, FIB_GUARD + FIB_GUARD_STP);
	ck_assert_uint_eq(decode_counts(nlmsg_hdr(tc_message), counts, 1), 1);
}
END_TEST

START_TEST(a_clsact_says_which_block_it_shares)
{
	struct fib_object o = { .kind = FIB_CLSACT, .clsact = { .ifindex = 5, .block = FIB_BLOCK } }, back;
	bool gone = true;

	for (int i = 0; i < 2; i++) {
		const struct nlmsghdr *h = tc_encode(FIB_OP_ADD, &o);
		ck_assert(h->nlmsg_flags & NLM_F_EXCL); /* never in somebody else's place */
		ck_assert_int_eq(decode_message(h, &back, &gone), 1);
		ck_assert(!gone && back.kind == FIB_CLSACT);
		ck_assert_uint_eq(back.clsact.ifindex, 5);
		ck_assert_uint_eq(back.clsact.block, o.clsact.block);
		o.clsact.block = 0;
	}
	ck_assert_int_eq(decode_message(tc_encode(FIB_OP_DELETE, &o), &back, &gone), 1);
	ck_assert(gone);
	((struct tcmsg *)nlmsg_data(nlmsg_hdr(tc_message)))->tcm_parent = TC_H_ROOT;
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 0);
}
END_TEST

START_TEST(a_neighbor_is_asked_for_and_told_with_its_mac_address)
{
	struct fib_object o = { .kind = FIB_STATION, .station = { .ifindex = 5 } }, back;
	bool gone = true;

	o.station.addr = tc_addr("10.0.1.2");
	const struct nlmsghdr *h = tc_encode(FIB_OP_ADD, &o);
	struct ndmsg *n = nlmsg_data(h);
	ck_assert_int_eq(h->nlmsg_type, RTM_NEWNEIGH);
	ck_assert_uint_eq(n->ndm_flags, NTF_USE);
	ck_assert_uint_eq(n->ndm_state, 0);
	ck_assert_int_eq(decode_message(h, &back, &gone), 1);
	ck_assert(!back.station.valid && !gone && addr_eq(&back.station.addr, &o.station.addr));
	nla_put(tc_message, NDA_LLADDR, 6, "\2\0\0\0\0\7");
	n = nlmsg_data(nlmsg_hdr(tc_message));
	n->ndm_state = NUD_STALE;
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 1);
	ck_assert(back.station.valid);
	ck_assert_mem_eq(back.station.mac, "\2\0\0\0\0\7", 6);
	n->ndm_state = NUD_FAILED;
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 1);
	ck_assert(!back.station.valid);
	n->ndm_state = NUD_NOARP; /* multicast */
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 0);
	o.station.addr = tc_addr("fe80::1");
	n = nlmsg_data(tc_encode(FIB_OP_ADD, &o));
	ck_assert_uint_eq(n->ndm_family, AF_INET6);
	nlmsg_hdr(tc_message)->nlmsg_type = RTM_DELNEIGH;
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 1);
	ck_assert(gone && addr_eq(&back.station.addr, &o.station.addr));
}
END_TEST

START_TEST(a_link_is_made_promiscuous_and_its_carrier_switched)
{
	struct fib_object o = { .kind = FIB_LINK, .link = { .ifindex = 7, .promiscuous = true } };
	struct nlattr *a[IFLA_MAX + 1];
	const struct ifinfomsg *i = nlmsg_data(tc_encode(FIB_OP_LINK_PROMISCUOUS, &o));

	ck_assert_uint_eq(i->ifi_change, 0x100);
	ck_assert_uint_eq(i->ifi_flags, 0x100);
	o.link.promiscuous = false;
	i = nlmsg_data(tc_encode(FIB_OP_LINK_PROMISCUOUS, &o));
	ck_assert_uint_eq(i->ifi_flags, 0);
	i = nlmsg_data(tc_encode(FIB_OP_LINK_CARRIER, &o));
	ck_assert_uint_eq(i->ifi_change, 0);
	ck_assert_int_eq(nlmsg_parse(nlmsg_hdr(tc_message), sizeof *i, a, IFLA_MAX, NULL), 0);
	ck_assert_uint_eq(nla_get_u8(a[IFLA_CARRIER]), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd traffic control");
	TCase *t = tcase_create("netlink messages");

	tcase_add_checked_fixture(t, NULL, tc_free);
	tcase_add_test(t, a_frame_passes_the_gate_is_counted_and_gets_its_labels_from_the_bottom);
	tcase_add_test(t, the_deepest_stack_reads_back);
	tcase_add_test(t, a_packet_with_our_label_at_the_bottom_is_stripped_and_goes_to_the_circuit);
	tcase_add_test(t, beneath_an_explicit_null_it_is_the_second_label);
	tcase_add_test(t, the_last_filter_drops_and_remembers_the_turn);
	tcase_add_loop_test(t, a_guard_drops_and_counts_the_frames_of_its_protocol, 0, FIB_GUARDS);
	tcase_add_test(t, a_deletion_names_the_very_filter);
	tcase_add_test(t, filters_of_others_are_none_of_our_business);
	tcase_add_test(t, messages_that_are_cut_short_or_turned_over_are_read_safely);
	tcase_add_test(t, a_gate_is_replaced_in_its_place_and_told_by_its_index);
	tcase_add_test(t, counters_are_those_of_the_action_that_counts);
	tcase_add_test(t, counters_of_a_dump_of_actions_are_told_by_their_indexes);
	tcase_add_test(t, a_clsact_says_which_block_it_shares);
	tcase_add_test(t, a_neighbor_is_asked_for_and_told_with_its_mac_address);
	tcase_add_test(t, a_link_is_made_promiscuous_and_its_carrier_switched);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
