/* See tc_message.h. */
#include "tests/unit/fibd/tc_message.h"
#include "base/mem.h"
#include "base/rng.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_mpls.h>
#include <linux/tc_act/tc_vlan.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct nl_msg *tc_message;

const struct nlmsghdr *
tc_encode(enum fib_op_kind kind, const struct fib_object *o)
{
	struct fib_op op = { .kind = kind, .object = *o };

	nlmsg_free(tc_message);
	tc_message = encode_op(&op);
	ck_assert_ptr_nonnull(tc_message);
	ck_assert(nlmsg_hdr(tc_message)->nlmsg_flags & NLM_F_ACK);
	return nlmsg_hdr(tc_message);
}

void
tc_reads_back(const struct fib_object *o)
{
	struct fib_object back;
	bool gone = true;

	ck_assert_int_eq(decode_message(nlmsg_hdr(tc_message), &back, &gone), 1);
	ck_assert(!gone);
	ck_assert_int_eq(back.kind, o->kind);
	ck_assert_mem_eq(&back.filter, &o->filter, sizeof o->filter);
}

void
tc_free(void)
{
	nlmsg_free(tc_message);
	tc_message = NULL;
}

struct addr
tc_addr(const char *text)
{
	struct addr a;

	ck_assert(addr_parse(text, &a));
	return a;
}

/* The actions of the filter in `m`, one word each: "gact1 mpls5:0 pedit …" are kind, what it does, label. */
const char *
tc_actions(void)
{
	static char text[512];
	struct nlattr *a[TCA_MAX + 1], *o[TCA_FLOWER_MAX + 1], *one;
	int left;

	*text = '\0';
	ck_assert_int_eq(nlmsg_parse(nlmsg_hdr(tc_message), sizeof(struct tcmsg), a, TCA_MAX, NULL), 0);
	bool u32 = strcmp(nla_data(a[TCA_KIND]), "u32") == 0;
	ck_assert(u32 || strcmp(nla_data(a[TCA_KIND]), "flower") == 0);
	ck_assert_int_eq(nla_parse_nested(o, TCA_FLOWER_MAX, a[TCA_OPTIONS], NULL), 0);
	ck_assert_uint_eq(nla_get_u32(o[u32 ? TCA_U32_FLAGS : TCA_FLOWER_FLAGS]), TCA_CLS_FLAGS_SKIP_HW);
	nla_for_each_nested(one, o[u32 ? TCA_U32_ACT : TCA_FLOWER_ACT], left)
	{
		struct nlattr *b[TCA_ACT_MAX + 1], *c[16];
		ck_assert_int_eq(nla_parse_nested(b, TCA_ACT_MAX, one, NULL), 0);
		ck_assert_int_eq(nla_parse_nested(c, 15, b[TCA_ACT_OPTIONS], NULL), 0);
		const char *kind = nla_data(b[TCA_ACT_KIND]);
		char *at = text + strlen(text);
		size_t room = sizeof text - strlen(text);
		if (strcmp(kind, "gact") == 0) {
			const struct tc_gact *p = nla_data(c[TCA_GACT_PARMS]);
			snprintf(at, room, " gact %x %d,", p->index, p->action);
		} else if (strcmp(kind, "mpls") == 0) {
			const struct tc_mpls *p = nla_data(c[TCA_MPLS_PARMS]);
			if (p->m_action == TCA_MPLS_ACT_POP)
				snprintf(at, room, " pop %x,", ntohs(nla_get_u16(c[TCA_MPLS_PROTO])));
			else
				snprintf(at, room, " %s %u ttl %u%s,",
				    p->m_action == TCA_MPLS_ACT_MAC_PUSH ? "mac_push"
				    : p->m_action == TCA_MPLS_ACT_MODIFY ? "modify"
									 : "push",
				    nla_get_u32(c[TCA_MPLS_LABEL]), nla_get_u8(c[TCA_MPLS_TTL]),
				    nla_get_u8(c[TCA_MPLS_BOS]) ? " bottom" : "");
		} else if (strcmp(kind, "vlan") == 0) {
			snprintf(
			    at, room, " vlan %d,", ((const struct tc_vlan *)nla_data(c[TCA_VLAN_PARMS]))->v_action);
		} else if (strcmp(kind, "mirred") == 0) {
			const struct tc_mirred *p = nla_data(c[TCA_MIRRED_PARMS]);
			snprintf(at, room, " %s to %u", p->eaction == TCA_EGRESS_REDIR ? "redirect" : "?", p->ifindex);
		} else {
			snprintf(at, room, " %s,", kind);
		}
	}
	return text;
}

void
tc_turn_over(const struct fib_object *o)
{
	enum { ROUNDS = 20000 };
	struct rng rng;
	struct fib_object back;
	bool gone;

	rng_seed(&rng, 7);
	tc_encode(FIB_OP_ADD, o);
	size_t size = nlmsg_hdr(tc_message)->nlmsg_len;
	uint8_t *copy = mem_zalloc(size);
	for (int round = 0; round < ROUNDS; round++) {
		memcpy(copy, nlmsg_hdr(tc_message), size);
		struct nlmsghdr *h = (struct nlmsghdr *)(void *)copy;
		for (int k = 0; k < 3; k++)
			copy[sizeof *h + rng_below(&rng, (uint32_t)(size - sizeof *h))] = (uint8_t)rng_next(&rng);
		if (round % 3 == 0)
			h->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + rng_below(&rng, (uint32_t)(size - NLMSG_HDRLEN)));
		int r = decode_message(h, &back, &gone);
		ck_assert(r == 1 || r == 0 || r == -EINVAL);
		if (r == 1)
			ck_assert(back.filter.label_count <= 5 && back.filter.form <= FIB_TTL_EXPIRY);
	}
	free(copy);
}
