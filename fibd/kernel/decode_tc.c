/*
 * Filters, gates and neighbors from netlink messages. Pure. A filter is ours when its preference is one of ours and its last
 * action has our cookie; what it does is told by its actions, one after the other, as the kernel lists them.
 */
#include "base/label.h"
#include "base/mem.h"
#include "fibd/kernel/tc.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/neighbour.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_mpls.h>
#include <linux/tc_act/tc_vlan.h>
#include <netlink/attr.h>
#include <string.h>

enum { LABEL_BITS = 0xfffff };

/* The attribute's bytes when there are enough of them. */
static bool
get(const struct nlattr *a, void *out, size_t size)
{
	if (!a || (size_t)nla_len(a) < size)
		return false;
	memcpy(out, nla_data(a), size);
	return true;
}

static bool
is_kind(const struct nlattr *a, const char *kind)
{
	return a && (size_t)nla_len(a) == strlen(kind) + 1 && memcmp(nla_data(a), kind, strlen(kind) + 1) == 0;
}

/* --- actions --- */

struct seen { /* of a filter, while its actions are read */
	struct fib_filter *f;
	bool is_channel; /* of a control channel, as its place says */
	bool signed_by_us, received, channel;
	bool guards; /* counted: by these two */
	uint32_t ifindex;
	uint16_t pref;
	unsigned pops;
};

static void
read_cookie(const struct nlattr *a, struct seen *s)
{
	struct tc_cookie c;

	if (!get(a, &c, sizeof c) || c.mark != htons(TC_COOKIE_MARK) || c.version != 1)
		return;
	s->signed_by_us = true;
	s->f->vc_id = ntohl(c.vc_id);
	*(s->is_channel ? &s->f->circuit : &s->f->turn) = ntohl(c.turn);
	if (c.family == 4)
		addr_from_bytes(c.peer, sizeof c.peer, &s->f->peer);
}

static void
read_count(struct nlattr *stats, struct fib_filter *f)
{
	struct nlattr *a[TCA_STATS_MAX + 1];
	struct gnet_stats_basic basic;
	uint64_t packets;

	if (!stats || nla_parse_nested(a, TCA_STATS_MAX, stats, NULL) < 0 ||
	    !get(a[TCA_STATS_BASIC], &basic, sizeof basic))
		return;
	f->bytes = basic.bytes;
	f->packets = get(a[TCA_STATS_PKT64], &packets, sizeof packets) ? packets : basic.packets;
}

static bool
read_verdict(struct nlattr *options, struct nlattr *stats, struct seen *s)
{
	struct nlattr *a[TCA_GACT_MAX + 1];
	struct tc_gact parms;

	if (nla_parse_nested(a, TCA_GACT_MAX, options, NULL) < 0 || !get(a[TCA_GACT_PARMS], &parms, sizeof parms))
		return false;
	if (parms.index >= FIB_GUARDED && parms.index < FIB_ACTIONS_END) {
		s->guards = true;
		s->ifindex = (parms.index - FIB_GUARDED) >> FIB_GUARD_BITS;
		s->pref = (uint16_t)(FIB_GUARD + (parms.index & ((1u << FIB_GUARD_BITS) - 1)));
		read_count(stats, s->f);
	} else if (parms.index >= FIB_SENT && parms.index < FIB_GUARDED) {
		s->f->label = parms.index & LABEL_BITS;
		s->received = parms.index >= FIB_RECEIVED;
		s->channel = parms.index >= FIB_CHANNELED;
		read_count(stats, s->f);
	} else if (parms.index >= FIB_GATE && parms.index < FIB_SENT) {
		s->f->gate = parms.index;
		s->f->open = parms.action == TC_ACT_PIPE;
	}
	return true;
}

static bool
read_vlan(struct nlattr *options, struct fib_filter *f)
{
	struct nlattr *a[TCA_VLAN_MAX + 1];
	struct tc_vlan parms;

	if (nla_parse_nested(a, TCA_VLAN_MAX, options, NULL) < 0 || !get(a[TCA_VLAN_PARMS], &parms, sizeof parms))
		return false;
	switch (parms.v_action) {
	case TCA_VLAN_ACT_PUSH: return get(a[TCA_VLAN_PUSH_VLAN_ID], &f->push_tag, sizeof f->push_tag);
	case TCA_VLAN_ACT_PUSH_ETH:
		return get(a[TCA_VLAN_PUSH_ETH_DST], f->mac, sizeof f->mac) &&
		       get(a[TCA_VLAN_PUSH_ETH_SRC], f->own_mac, sizeof f->own_mac);
	case TCA_VLAN_ACT_POP: f->pop_tag = true; return true;
	default: return true;
	}
}

/* They are pushed from the bottom, so the one pushed last is the outermost. Of a control channel the first takes the place of ours, and
 * says by its TTL, or by a router alert label above it, which form packets have. */
static bool
read_label(struct nlattr *options, struct seen *s)
{
	struct nlattr *a[TCA_MPLS_MAX + 1];
	struct tc_mpls parms;
	struct fib_filter *f = s->f;
	uint32_t label;
	uint8_t ttl = 0;

	if (nla_parse_nested(a, TCA_MPLS_MAX, options, NULL) < 0 || !get(a[TCA_MPLS_PARMS], &parms, sizeof parms))
		return false;
	if (parms.m_action == TCA_MPLS_ACT_POP) {
		s->pops++;
		return true;
	}
	if (!get(a[TCA_MPLS_LABEL], &label, sizeof label) || f->label_count == COUNT(f->labels))
		return false;
	if (parms.m_action == TCA_MPLS_ACT_MODIFY && get(a[TCA_MPLS_TTL], &ttl, sizeof ttl))
		f->form = ttl == 1 ? FIB_TTL_EXPIRY : FIB_CONTROL_WORD;
	if (s->is_channel && label == LABEL_ROUTER_ALERT) {
		f->form = FIB_ROUTER_ALERT;
		return true;
	}
	memmove(f->labels + 1, f->labels, f->label_count * sizeof *f->labels);
	f->labels[0] = label;
	f->label_count++;
	return true;
}

static bool
read_redirect(struct nlattr *options, struct fib_filter *f)
{
	struct nlattr *a[TCA_MIRRED_MAX + 1];
	struct tc_mirred parms;

	if (nla_parse_nested(a, TCA_MIRRED_MAX, options, NULL) < 0 || !get(a[TCA_MIRRED_PARMS], &parms, sizeof parms))
		return false;
	f->out = parms.ifindex;
	return true;
}

static bool
read_action(struct nlattr *action, struct seen *s)
{
	struct nlattr *a[TCA_ACT_MAX + 1];

	if (nla_parse_nested(a, TCA_ACT_MAX, action, NULL) < 0 || !a[TCA_ACT_OPTIONS])
		return false;
	read_cookie(a[TCA_ACT_COOKIE], s);
	if (is_kind(a[TCA_ACT_KIND], "gact"))
		return read_verdict(a[TCA_ACT_OPTIONS], a[TCA_ACT_STATS], s);
	if (is_kind(a[TCA_ACT_KIND], "vlan"))
		return read_vlan(a[TCA_ACT_OPTIONS], s->f);
	if (is_kind(a[TCA_ACT_KIND], "mpls"))
		return read_label(a[TCA_ACT_OPTIONS], s);
	if (is_kind(a[TCA_ACT_KIND], "mirred"))
		return read_redirect(a[TCA_ACT_OPTIONS], s->f);
	if (is_kind(a[TCA_ACT_KIND], "pedit")) { /* what was pushed before it became the control word */
		if (s->f->label_count != 1)
			return false;
		s->f->label_count = 0;
		s->f->labels[0] = 0;
		s->f->control_word = true;
		return true;
	}
	return false; /* not by us */
}

static bool
read_actions(struct nlattr *list, struct seen *s)
{
	struct nlattr *action;
	int left;

	nla_for_each_nested(action, list, left)
	{
		if (!read_action(action, s))
			return false;
	}
	return true;
}

/* --- filters --- */

static bool
is_our_place(const struct tcmsg *m, uint16_t pref, uint32_t chain, bool *ret_block)
{
	*ret_block = (uint32_t)m->tcm_ifindex == TCM_IFINDEX_MAGIC_BLOCK;
	if (*ret_block)
		return m->tcm_block_index == FIB_BLOCK &&
		       (pref == FIB_SIEVE_LABELS || (pref >= FIB_CHANNEL && pref <= FIB_RECEIVE)) &&
		       chain == (pref == FIB_ASSOCIATED || pref == FIB_CHANNEL ? FIB_CHAIN : 0);
	return m->tcm_parent == TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS) && !chain &&
	       ((pref >= FIB_GUARD && pref < FIB_GUARD + FIB_GUARDS) || (pref >= FIB_FRONT && pref <= FIB_DROP) ||
		   pref == FIB_CHANNEL);
}

/* It looks for what ours look for. */
static bool
read_sieve(struct nlattr *const *options, const struct tcmsg *m, struct fib_filter *f)
{
	struct tc_sieve words[TC_SIEVE_WORDS];
	struct tc_u32_sel sel;
	struct tc_u32_key key;
	const struct nlattr *a = options[TCA_U32_SEL];

	uint32_t place = (m->tcm_handle & TC_SIEVE_PLACE) - TC_SIEVE_FIRST;
	if (place >= FIB_SIEVES || fib_sieve(place).pref != f->pref)
		return false;
	*f = fib_sieve(place);
	unsigned count = tc_sieve(f, words);
	if (!get(a, &sel, sizeof sel) || sel.nkeys != count || (size_t)nla_len(a) < sizeof sel + count * sizeof key)
		return false;
	for (unsigned i = 0; i < count; i++) {
		memcpy(&key, (const uint8_t *)nla_data(a) + sizeof sel + i * sizeof key, sizeof key);
		if (key.mask != words[i].mask || key.val != words[i].value || key.off != (int)(i * sizeof(uint32_t)))
			return false;
	}
	return true;
}

/* What its handle tells of it. */
static void
read_handle(uint32_t handle, const struct seen *s)
{
	enum { FORMS = 3 };
	struct fib_filter *f = s->f;

	if (f->ifindex && !s->is_channel)
		return;
	f->label = handle & LABEL_BITS;
	if (f->ifindex)
		return;
	f->form = handle >> TC_HANDLE_FORM & FORMS;
	f->explicit_null = handle & TC_HANDLE_BENEATH;
	f->control_word = !f->form && s->pops == 2u + f->explicit_null;
}

static int
decode_filter(const struct nlmsghdr *h, struct fib_object *o, bool *gone)
{
	struct nlattr *a[TCA_MAX + 1], *options[TCA_FLOWER_MAX + 1];
	const struct tcmsg *m = nlmsg_data(h);
	struct fib_filter *f = &o->filter;
	struct seen s = { .f = f };
	uint32_t chain = 0;
	bool block;

	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof *m, a, TCA_MAX, NULL) < 0)
		return -EINVAL;
	*gone = h->nlmsg_type == RTM_DELTFILTER;
	f->pref = (uint16_t)(m->tcm_info >> 16);
	get(a[TCA_CHAIN], &chain, sizeof chain);
	if (!is_our_place(m, f->pref, chain, &block))
		return 0;
	s.is_channel = f->pref == FIB_CHANNEL || f->pref == FIB_ASSOCIATED;
	bool sieve = fib_is_sieve(f->pref);
	int actions = sieve ? TCA_U32_ACT : TCA_FLOWER_ACT;
	o->kind = FIB_FILTER;
	f->ifindex = block ? 0 : (uint32_t)m->tcm_ifindex;
	if (!m->tcm_handle) { /* the head of a list; when it goes, so do all in it */
		f->all = *gone;
		return *gone;
	}
	if (!is_kind(a[TCA_KIND], sieve ? "u32" : "flower") || !a[TCA_OPTIONS] ||
	    nla_parse_nested(options, TCA_FLOWER_MAX, a[TCA_OPTIONS], NULL) < 0 || !options[actions])
		return 0;
	if (!read_actions(options[actions], &s) || !s.signed_by_us)
		return 0;
	if (sieve)
		return read_sieve(options, m, f);
	read_handle(m->tcm_handle, &s);
	return 1;
}

/* --- the rest --- */

static int
decode_clsact(const struct nlmsghdr *h, struct fib_object *o, bool *gone)
{
	struct nlattr *a[TCA_MAX + 1];
	const struct tcmsg *m = nlmsg_data(h);

	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof *m, a, TCA_MAX, NULL) < 0)
		return -EINVAL;
	if (m->tcm_parent != TC_H_CLSACT || (!is_kind(a[TCA_KIND], "clsact") && !is_kind(a[TCA_KIND], "ingress")))
		return 0;
	*gone = h->nlmsg_type == RTM_DELQDISC;
	o->kind = FIB_CLSACT;
	o->clsact.ifindex = (uint32_t)m->tcm_ifindex;
	get(a[TCA_INGRESS_BLOCK], &o->clsact.block, sizeof o->clsact.block);
	return 1;
}

static int
decode_gate(const struct nlmsghdr *h, struct fib_object *o, bool *gone)
{
	struct nlattr *a[TCA_ROOT_MAX + 1], *action;
	struct fib_filter f = { 0 };
	struct seen s = { .f = &f };
	int left;

	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(struct tcamsg), a, TCA_ROOT_MAX, NULL) < 0)
		return -EINVAL;
	if (!a[TCA_ACT_TAB])
		return 0;
	*gone = false;
	nla_for_each_nested(action, a[TCA_ACT_TAB], left)
	{
		if (!read_action(action, &s) || !f.gate)
			continue;
		o->kind = FIB_A_GATE;
		o->gate = (struct fib_gate){ .index = f.gate, .open = f.open };
		return 1;
	}
	return 0;
}

unsigned
decode_counts(const struct nlmsghdr *h, struct fib_object *ret, unsigned room)
{
	struct nlattr *a[TCA_ROOT_MAX + 1], *action;
	unsigned count = 0;
	int left;

	if (h->nlmsg_type != RTM_GETACTION ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(struct tcamsg), a, TCA_ROOT_MAX, NULL) < 0 ||
	    !a[TCA_ACT_TAB])
		return 0;
	nla_for_each_nested(action, a[TCA_ACT_TAB], left)
	{
		struct fib_filter f = { 0 };
		struct seen s = { .f = &f };
		if (count == room || !read_action(action, &s) || (!f.label && !s.guards))
			continue;
		ret[count].kind = FIB_COUNT;
		ret[count++].count = (struct fib_count){ .label = f.label,
			.ifindex = s.ifindex,
			.pref = s.pref,
			.received = s.received,
			.channel = s.channel,
			.packets = f.packets,
			.bytes = f.bytes };
	}
	return count;
}

static int
decode_station(const struct nlmsghdr *h, struct fib_object *o, bool *gone)
{
	enum { VALID = NUD_PERMANENT | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY };
	struct nlattr *a[NDA_MAX + 1];
	const struct ndmsg *m = nlmsg_data(h);
	struct fib_station *s = &o->station;

	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof *m, a, NDA_MAX, NULL) < 0)
		return -EINVAL;
	if ((m->ndm_family != AF_INET && m->ndm_family != AF_INET6) || m->ndm_state & NUD_NOARP ||
	    m->ndm_flags & NTF_PROXY)
		return 0;
	*gone = h->nlmsg_type == RTM_DELNEIGH;
	o->kind = FIB_STATION;
	s->ifindex = (uint32_t)m->ndm_ifindex;
	if (!a[NDA_DST] || !addr_from_bytes(nla_data(a[NDA_DST]), (size_t)nla_len(a[NDA_DST]), &s->addr) ||
	    !addr_is_set(&s->addr))
		return -EINVAL;
	s->valid = m->ndm_state & VALID && a[NDA_LLADDR] && nla_len(a[NDA_LLADDR]) == 6;
	if (s->valid)
		memcpy(s->mac, nla_data(a[NDA_LLADDR]), 6);
	return 1;
}

int
decode_tc(const struct nlmsghdr *h, struct fib_object *ret, bool *ret_gone)
{
	switch (h->nlmsg_type) {
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER: return decode_filter(h, ret, ret_gone);
	case RTM_NEWQDISC:
	case RTM_DELQDISC: return decode_clsact(h, ret, ret_gone);
	case RTM_NEWACTION: return decode_gate(h, ret, ret_gone);
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH: return decode_station(h, ret, ret_gone);
	default: return 0;
	}
}
