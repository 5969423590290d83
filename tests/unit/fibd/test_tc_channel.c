/* Filters of control channels (RFC 5085) and their pair of interfaces as netlink messages: what is in them, and that they read back. */
#include "base/mem.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/tc_message.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>

static struct fib_object
like(uint16_t pref, enum fib_form form)
{
	struct fib_object o;

	memset(&o, 0, sizeof o);
	o.kind = FIB_FILTER;
	o.filter.pref = pref;
	o.filter.form = (uint8_t)form;
	o.filter.label = 524288;
	o.filter.out = 41;
	o.filter.vc_id = 100;
	o.filter.circuit = 7;
	o.filter.peer = tc_addr("2.2.2.2");
	return o;
}

static struct fib_object
sender(enum fib_form form)
{
	struct fib_object o = like(FIB_CHANNEL, form);

	o.filter.ifindex = 41;
	o.filter.out = 5;
	o.filter.label_count = 2;
	memcpy(o.filter.labels, (uint32_t[]){ 201, 600001 }, 8);
	memcpy(o.filter.mac, "\2\0\0\0\0\2", 6);
	memcpy(o.filter.own_mac, "\2\0\0\0\0\1", 6);
	return o;
}

static struct fib_object
sieve(enum fib_form form, bool beneath)
{
	struct fib_object o;

	memset(&o, 0, sizeof o);
	o.kind = FIB_FILTER;
	o.filter.pref = form == FIB_CONTROL_WORD ? FIB_SIEVE : FIB_SIEVE_LABELS;
	o.filter.form = (uint8_t)form;
	o.filter.explicit_null = beneath;
	return o;
}

/* The label stack that a filter looks for: "0 1 524288 bottom ttl 1". */
static const char *
keys(void)
{
	static char text[128];
	struct nlattr *a[TCA_MAX + 1], *k[TCA_FLOWER_MAX + 1], *e[TCA_FLOWER_KEY_MPLS_OPT_LSE_MAX + 1], *entry;
	int left, depth = 0;

	*text = '\0';
	ck_assert_int_eq(nlmsg_parse(nlmsg_hdr(tc_message), sizeof(struct tcmsg), a, TCA_MAX, NULL), 0);
	ck_assert_int_eq(nla_parse_nested(k, TCA_FLOWER_MAX, a[TCA_OPTIONS], NULL), 0);
	ck_assert_uint_eq(nla_get_u16(k[TCA_FLOWER_KEY_ETH_TYPE]), htons(ETH_P_MPLS_UC));
	if (!k[TCA_FLOWER_KEY_MPLS_OPTS]) {
		snprintf(text, sizeof text, "%u%s", nla_get_u32(k[TCA_FLOWER_KEY_MPLS_LABEL]),
		    nla_get_u8(k[TCA_FLOWER_KEY_MPLS_BOS]) ? " bottom" : "");
		if (k[TCA_FLOWER_KEY_MPLS_TTL])
			snprintf(text + strlen(text), 16, " ttl %u", nla_get_u8(k[TCA_FLOWER_KEY_MPLS_TTL]));
		return text;
	}
	nla_for_each_nested(entry, k[TCA_FLOWER_KEY_MPLS_OPTS], left)
	{
		ck_assert_int_eq(nla_parse_nested(e, TCA_FLOWER_KEY_MPLS_OPT_LSE_MAX, entry, NULL), 0);
		ck_assert_uint_eq(nla_get_u8(e[TCA_FLOWER_KEY_MPLS_OPT_LSE_DEPTH]), ++depth);
		snprintf(text + strlen(text), 32, "%s%u%s", depth > 1 ? " " : "",
		    nla_get_u32(e[TCA_FLOWER_KEY_MPLS_OPT_LSE_LABEL]),
		    nla_get_u8(e[TCA_FLOWER_KEY_MPLS_OPT_LSE_BOS]) ? " bottom" : "");
		if (e[TCA_FLOWER_KEY_MPLS_OPT_LSE_TTL])
			snprintf(text + strlen(text), 16, " ttl %u", nla_get_u8(e[TCA_FLOWER_KEY_MPLS_OPT_LSE_TTL]));
	}
	return text;
}

static uint32_t
chain(void)
{
	struct nlattr *a[TCA_MAX + 1];

	ck_assert_int_eq(nlmsg_parse(nlmsg_hdr(tc_message), sizeof(struct tcmsg), a, TCA_MAX, NULL), 0);
	return a[TCA_CHAIN] ? nla_get_u32(a[TCA_CHAIN]) : 0;
}

/* --- what comes in --- */

static const struct received {
	uint16_t pref;
	enum fib_form form;
	bool beneath;
	uint32_t handle;
	const char *keys, *actions;
} received[] = {
	{ FIB_ASSOCIATED, FIB_CONTROL_WORD, false, 0x580000, "524288 bottom", " gact 54080000 3, redirect to 41" },
	{ FIB_ASSOCIATED, FIB_CONTROL_WORD, true, 0x680000, "0 524288 bottom",
	    " gact 54080000 3, pop 8847, redirect to 41" },
	{ FIB_CHANNEL, FIB_ROUTER_ALERT, false, 0x980000, "1 524288 bottom",
	    " gact 54080000 3, pop 8847, redirect to 41" },
	{ FIB_CHANNEL, FIB_ROUTER_ALERT, true, 0xa80000, "0 1 524288 bottom",
	    " gact 54080000 3, pop 8847, pop 8847, redirect to 41" },
	{ FIB_CHANNEL, FIB_TTL_EXPIRY, false, 0xd80000, "524288 bottom ttl 1", " gact 54080000 3, redirect to 41" },
	{ FIB_CHANNEL, FIB_TTL_EXPIRY, true, 0xe80000, "0 524288 bottom ttl 1",
	    " gact 54080000 3, pop 8847, redirect to 41" },
};

START_TEST(what_comes_in_keeps_our_label_alone)
{
	const struct received *r = &received[_i];
	struct fib_object o = like(r->pref, r->form);

	o.filter.explicit_null = r->beneath;
	const struct tcmsg *t = nlmsg_data(tc_encode(FIB_OP_ADD, &o));
	ck_assert_uint_eq((uint32_t)t->tcm_ifindex, 0xffffffff);
	ck_assert_uint_eq(t->tcm_block_index, FIB_BLOCK);
	ck_assert_uint_eq(t->tcm_handle, r->handle);
	ck_assert_uint_eq(t->tcm_info, (uint32_t)r->pref << 16 | htons(ETH_P_MPLS_UC));
	ck_assert_uint_eq(chain(), FIB_CHAIN);
	ck_assert_str_eq(keys(), r->keys);
	ck_assert_str_eq(tc_actions(), r->actions);
	tc_reads_back(&o);
	t = nlmsg_data(tc_encode(FIB_OP_DELETE, &o));
	ck_assert_uint_eq(t->tcm_handle, r->handle);
	ck_assert_uint_eq(chain(), FIB_CHAIN);
}
END_TEST

START_TEST(without_a_channel_it_is_counted_and_dropped)
{
	struct fib_object o = like(FIB_ASSOCIATED, FIB_CONTROL_WORD);

	o.filter.explicit_null = true;
	o.filter.out = 0;
	tc_encode(FIB_OP_ADD, &o);
	ck_assert_str_eq(tc_actions(), " gact 54080000 3, gact 0 2,");
	tc_reads_back(&o);
}
END_TEST

START_TEST(a_label_without_a_control_word_has_a_filter_of_its_own)
{
	struct fib_object o = like(FIB_RECEIVE_PLAIN, FIB_FRAME);

	o.filter.circuit = 0;
	tc_encode(FIB_OP_ADD, &o);
	ck_assert_str_eq(tc_actions(), " gact 53080000 3, vlan 4, pop 6558, redirect to 41");
	tc_reads_back(&o);
}
END_TEST

/* What the classifier itself would find in a packet. */
static bool
sieves(const uint8_t *stack)
{
	struct nlattr *a[TCA_MAX + 1], *o[TCA_U32_MAX + 1];
	struct tc_u32_sel sel;
	bool all = true;

	ck_assert_int_eq(nlmsg_parse(nlmsg_hdr(tc_message), sizeof(struct tcmsg), a, TCA_MAX, NULL), 0);
	ck_assert_int_eq(nla_parse_nested(o, TCA_U32_MAX, a[TCA_OPTIONS], NULL), 0);
	memcpy(&sel, nla_data(o[TCA_U32_SEL]), sizeof sel);
	ck_assert(sel.flags & TC_U32_TERMINAL);
	for (int i = 0; i < sel.nkeys; i++) {
		struct tc_u32_key key;
		uint32_t word;
		memcpy(
		    &key, (const uint8_t *)nla_data(o[TCA_U32_SEL]) + sizeof sel + (size_t)i * sizeof key, sizeof key);
		memcpy(&word, stack + key.off, sizeof word);
		all = all && (word & key.mask) == key.val;
	}
	return all;
}

START_TEST(the_nibble_behind_the_stack_leads_to_the_chain)
{
	static const uint8_t associated[] = { 0x80, 0, 1, 255, 0x10, 0, 0, 0x21, 0x45, 0, 0, 0 };
	static const uint8_t word[] = { 0x80, 0, 1, 255, 0, 0, 0, 0x21, 0x10, 0, 0, 0 };
	static const uint8_t deeper[] = { 0x80, 0, 0, 255, 0x10, 0, 1, 255, 0x10, 0, 0, 0 };
	static const uint8_t null[] = { 0, 0, 0, 255, 0x80, 0, 1, 255, 0x10, 0, 0, 0x21 };
	static const uint8_t null_word[] = { 0, 0, 0, 255, 0x80, 0, 1, 255, 0, 0, 0, 0x21 };
	static const uint8_t other[] = { 0, 2, 0, 255, 0x80, 0, 1, 255, 0x10, 0, 0, 0x21 };
	struct fib_object o = sieve(FIB_CONTROL_WORD, false);
	const struct nlmsghdr *h = tc_encode(FIB_OP_ADD, &o);

	ck_assert(h->nlmsg_flags & NLM_F_EXCL && !(h->nlmsg_flags & NLM_F_REPLACE));
	ck_assert_uint_eq(((const struct tcmsg *)nlmsg_data(h))->tcm_handle, 1);
	ck_assert_uint_eq(chain(), 0);
	char text[64];
	snprintf(text, sizeof text, " gact 0 %d,", TC_ACT_GOTO_CHAIN | FIB_CHAIN);
	ck_assert_str_eq(tc_actions(), text);
	ck_assert(sieves(associated) && !sieves(word) && !sieves(deeper) && !sieves(null));
	tc_reads_back(&o);
	o = sieve(FIB_CONTROL_WORD, true);
	h = tc_encode(FIB_OP_ADD, &o);
	ck_assert_uint_eq(((const struct tcmsg *)nlmsg_data(h))->tcm_handle, 2);
	ck_assert(sieves(null) && !sieves(null_word) && !sieves(other) && !sieves(associated));
	tc_reads_back(&o);
}
END_TEST

/* Label 1 above ours, or a TTL of 1 in ours: whatever is behind it. */
START_TEST(labels_that_tell_a_control_packet_lead_to_the_chain)
{
	static const uint8_t stacks[][13] = { { 0, 0, 0x10, 255, 0x80, 0, 1, 255, 0, 0, 0, 0 },
		{ 0, 0, 0, 255, 0, 0, 0x10, 255, 0x80, 0, 1, 255, 0 }, { 0x80, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0 },
		{ 0, 0, 0, 255, 0x80, 0, 1, 1, 0, 0, 0, 0 }, /* and what is none: */
		{ 0x80, 0, 1, 2, 0, 0, 1, 1, 0, 0, 1, 1 }, { 0x80, 0, 0, 1, 0x80, 0, 1, 255, 0, 0, 0, 0 },
		{ 0, 0, 0x11, 1, 0, 0, 0x11, 1, 0, 0, 0, 0 }, { 0, 0, 0x20, 255, 0, 0, 0x10, 255, 0x80, 0, 1, 1, 0 } };

	for (int i = 0; i < 4; i++) {
		struct fib_object o = sieve(i < 2 ? FIB_ROUTER_ALERT : FIB_TTL_EXPIRY, i % 2);
		const struct nlmsghdr *h = tc_encode(FIB_OP_ADD, &o);
		ck_assert_uint_eq(((const struct tcmsg *)nlmsg_data(h))->tcm_handle, 3u + (uint32_t)i);
		ck_assert_uint_eq(chain(), 0);
		for (int k = 0; k < (int)COUNT(stacks); k++)
			ck_assert_msg(
			    sieves(stacks[k]) == (i == k || (i == 2 && k == 6)), "sieve %d and stack %d", i, k);
		tc_reads_back(&o);
	}
}
END_TEST

START_TEST(a_sieve_that_looks_for_something_else_is_none)
{
	struct fib_object o = sieve(FIB_CONTROL_WORD, false), back;
	struct tc_sieve words[TC_SIEVE_WORDS];
	bool gone;

	tc_sieve(&o.filter, words);
	struct nlmsghdr *h = (struct nlmsghdr *)(uintptr_t)tc_encode(FIB_OP_ADD, &o);
	uint8_t *key = memmem(h, h->nlmsg_len, words, sizeof *words);
	ck_assert_ptr_nonnull(key);
	key[1] ^= 1;
	ck_assert_int_eq(decode_message(h, &back, &gone), 0);
	key[1] ^= 1;
	ck_assert_int_eq(decode_message(h, &back, &gone), 1);
	((struct tcmsg *)nlmsg_data(h))->tcm_handle = 0x80000000; /* the table that it is in */
	ck_assert_int_eq(decode_message(h, &back, &gone), 0);
	((struct tcmsg *)nlmsg_data(h))->tcm_handle = 0x80100001; /* in whichever table */
	ck_assert_int_eq(decode_message(h, &back, &gone), 1);
	((struct tcmsg *)nlmsg_data(h))->tcm_handle = 0x80000003; /* this is the place of another */
	ck_assert_int_eq(decode_message(h, &back, &gone), 0);
	((struct tcmsg *)nlmsg_data(h))->tcm_handle = 0x80000007;
	ck_assert_int_eq(decode_message(h, &back, &gone), 0);
	((struct tcmsg *)nlmsg_data(h))->tcm_handle = 0x80000800;
	ck_assert_int_eq(decode_message(h, &back, &gone), 0);
}
END_TEST

/* --- what leaves --- */

START_TEST(what_daemons_send_gets_the_peers_label_in_each_form)
{
	static const char *const by_form[] = { "",
		" vlan 4, modify 600001 ttl 255 bottom, push 201 ttl 255, vlan 5, redirect to 5",
		" vlan 4, modify 600001 ttl 255 bottom, push 1 ttl 255, push 201 ttl 255, vlan 5, "
		"redirect to 5",
		" vlan 4, modify 600001 ttl 1 bottom, push 201 ttl 255, vlan 5, redirect to 5" };
	struct fib_object o = sender((enum fib_form)_i);
	const struct tcmsg *t = nlmsg_data(tc_encode(FIB_OP_ADD, &o));

	ck_assert_int_eq(t->tcm_ifindex, 41);
	ck_assert_uint_eq(t->tcm_parent, 0xfffffff2);
	ck_assert_uint_eq(t->tcm_handle, 0x180000);
	ck_assert_uint_eq(t->tcm_info, (uint32_t)FIB_CHANNEL << 16 | htons(ETH_P_MPLS_UC));
	ck_assert_str_eq(keys(), "524288 bottom");
	ck_assert_str_eq(tc_actions(), by_form[_i]);
	tc_reads_back(&o);
	o.filter.label_count = 5;
	memcpy(o.filter.labels, (uint32_t[]){ 0, 2, 3000, 1048575, 600001 }, 20);
	tc_encode(FIB_OP_ADD, &o);
	tc_reads_back(&o);
	o.filter.label_count = 1; /* behind a penultimate hop */
	memcpy(o.filter.labels, (uint32_t[5]){ 600001 }, sizeof o.filter.labels);
	tc_encode(FIB_OP_ADD, &o);
	tc_reads_back(&o);
}
END_TEST

START_TEST(in_another_chain_or_block_it_is_none_of_ours)
{
	struct fib_object o = like(FIB_CHANNEL, FIB_TTL_EXPIRY), back;
	bool gone;

	struct tcmsg *t = nlmsg_data(tc_encode(FIB_OP_ADD, &o));
	t->tcm_block_index = 1;
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 0);
	t->tcm_block_index = FIB_BLOCK;
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 1);
	nla_put_u32(tc_message, TCA_CHAIN, 0);
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 0);
	o = like(FIB_ASSOCIATED, FIB_CONTROL_WORD);
	tc_encode(FIB_OP_ADD, &o);
	nla_put_u32(tc_message, TCA_CHAIN, 0);
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 0);
	o = like(FIB_RECEIVE, FIB_FRAME);
	tc_encode(FIB_OP_ADD, &o);
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 1);
	nla_put_u32(tc_message, TCA_CHAIN, FIB_CHAIN);
	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 0);
}
END_TEST

START_TEST(messages_that_are_cut_short_or_turned_over_are_read_safely)
{
	const struct fib_object all[] = { sender(FIB_ROUTER_ALERT), like(FIB_CHANNEL, FIB_ROUTER_ALERT),
		like(FIB_ASSOCIATED, FIB_CONTROL_WORD), sieve(FIB_CONTROL_WORD, true), sieve(FIB_TTL_EXPIRY, true) };

	for (size_t i = 0; i < COUNT(all); i++)
		tc_turn_over(&all[i]);
}
END_TEST

/* --- the pair of interfaces --- */

START_TEST(both_interfaces_are_made_ours_and_silent)
{
	struct fib_object o = { .kind = FIB_LINK, .link = { .name = FIB_VCCV_DEVICE } };
	struct nlattr *a[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1], *data[VETH_INFO_MAX + 1], *peer[IFLA_MAX + 1];
	const struct nlmsghdr *h = tc_encode(FIB_OP_LINK_VCCV, &o);
	const struct ifinfomsg *i = nlmsg_data(h), *other;

	ck_assert(h->nlmsg_type == RTM_NEWLINK && h->nlmsg_flags & NLM_F_CREATE && h->nlmsg_flags & NLM_F_EXCL);
	ck_assert_uint_eq(i->ifi_flags, IFF_NOARP); /* and not up */
	ck_assert_int_eq(nlmsg_parse(nlmsg_hdr(tc_message), sizeof *i, a, IFLA_MAX, NULL), 0);
	ck_assert_str_eq(nla_data(a[IFLA_IFNAME]), "vccv0");
	ck_assert_uint_eq(nla_get_u32(a[IFLA_GROUP]), FIB_LINK_GROUP);
	ck_assert_int_eq(nla_parse_nested(info, IFLA_INFO_MAX, a[IFLA_LINKINFO], NULL), 0);
	ck_assert_str_eq(nla_data(info[IFLA_INFO_KIND]), "veth");
	ck_assert_int_eq(nla_parse_nested(data, VETH_INFO_MAX, info[IFLA_INFO_DATA], NULL), 0);
	other = nla_data(data[VETH_INFO_PEER]);
	ck_assert_uint_eq(other->ifi_flags, IFF_NOARP);
	ck_assert_int_eq(nla_parse(peer, IFLA_MAX, (struct nlattr *)(uintptr_t)(other + 1),
			     nla_len(data[VETH_INFO_PEER]) - (int)sizeof *other, NULL),
	    0);
	ck_assert_str_eq(nla_data(peer[IFLA_IFNAME]), "vccv1");
	ck_assert_uint_eq(nla_get_u32(peer[IFLA_GROUP]), FIB_LINK_GROUP);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd traffic control of control channels");
	TCase *t = tcase_create("netlink messages");

	tcase_add_checked_fixture(t, NULL, tc_free);
	tcase_add_loop_test(t, what_comes_in_keeps_our_label_alone, 0, COUNT(received));
	tcase_add_test(t, without_a_channel_it_is_counted_and_dropped);
	tcase_add_test(t, a_label_without_a_control_word_has_a_filter_of_its_own);
	tcase_add_test(t, the_nibble_behind_the_stack_leads_to_the_chain);
	tcase_add_test(t, labels_that_tell_a_control_packet_lead_to_the_chain);
	tcase_add_test(t, a_sieve_that_looks_for_something_else_is_none);
	tcase_add_loop_test(
	    t, what_daemons_send_gets_the_peers_label_in_each_form, FIB_CONTROL_WORD, FIB_TTL_EXPIRY + 1);
	tcase_add_test(t, in_another_chain_or_block_it_is_none_of_ours);
	tcase_add_test(t, messages_that_are_cut_short_or_turned_over_are_read_safely);
	tcase_add_test(t, both_interfaces_are_made_ours_and_silent);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
