/*
 * Filters, gates and neighbors as netlink messages: what carries pseudowires. Pure: builds bytes, sends nothing.
 *
 * A frame of a circuit meets a list of actions: a gate that is shared, something that counts, and then one label after the other
 * is put before it, a new Ethernet header before those, and it leaves. The control word (RFC 4385) is pushed as if it were a label
 * and overwritten with zeros, for there is no action that pushes four bytes of anything. What comes in with our label is
 * undone in reverse. A packet of a control channel keeps its own label while it is ours: what comes in goes to the daemons with that
 * alone, and what they send gets the peer's in its place. Recipes, and why they are so: doc/decisions/0008.
 */
#include "base/label.h"
#include "fibd/kernel/tc.h"
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_mpls.h>
#include <linux/tc_act/tc_pedit.h>
#include <linux/tc_act/tc_vlan.h>
#include <netlink/attr.h>
#include <string.h>

enum { ROOM = 4096, LABEL_TTL = 255 };

static struct nl_msg *
begin(int type, int flags, const void *head, size_t size)
{
	struct nl_msg *m = nlmsg_alloc_size(ROOM);

	if (m && nlmsg_put(m, 0, 0, type, 0, flags | NLM_F_REQUEST | NLM_F_ACK))
		nlmsg_append(m, (void *)(uintptr_t)head, size, NLMSG_ALIGNTO);
	return m;
}

/* --- actions --- */

struct actions { /* of a filter, while they are put into a message */
	struct nl_msg *m;
	int count;
	struct nlattr *one, *options;
};

static void
open_action(struct actions *a, const char *kind)
{
	a->one = nla_nest_start(a->m, ++a->count);
	nla_put_string(a->m, TCA_ACT_KIND, kind);
	a->options = nla_nest_start(a->m, TCA_ACT_OPTIONS | NLA_F_NESTED);
}

static void
close_action(struct actions *a)
{
	nla_nest_end(a->m, a->options);
	nla_nest_end(a->m, a->one);
}

/* The action ends with whose it is. */
static void
close_signed(struct actions *a, const struct fib_filter *f)
{
	struct tc_cookie c = { .mark = htons(TC_COOKIE_MARK),
		.version = 1,
		.family = f->peer.family,
		.vc_id = htonl(f->vc_id),
		.turn = htonl(f->form ? f->circuit : f->turn) };

	if (f->peer.family == 4)
		memcpy(c.peer, f->peer.bytes, sizeof c.peer);
	nla_nest_end(a->m, a->options);
	nla_put(a->m, TCA_ACT_COOKIE, sizeof c, &c);
	nla_nest_end(a->m, a->one);
}

/* An action that says what becomes of the packet, and counts. An index: it is shared, and is what it is when it exists already. */
static void
open_verdict(struct actions *a, uint32_t index, int verdict)
{
	const struct tc_gact parms = { .index = index, .action = verdict };

	open_action(a, "gact");
	nla_put(a->m, TCA_GACT_PARMS, sizeof parms, &parms);
}

static void
put_verdict(struct actions *a, uint32_t index, int verdict)
{
	open_verdict(a, index, verdict);
	close_action(a);
}

static void
put_vlan(struct actions *a, int what, const struct fib_filter *f)
{
	const struct tc_vlan parms = { .action = TC_ACT_PIPE, .v_action = what };

	open_action(a, "vlan");
	nla_put(a->m, TCA_VLAN_PARMS, sizeof parms, &parms);
	if (what == TCA_VLAN_ACT_PUSH) {
		nla_put_u16(a->m, TCA_VLAN_PUSH_VLAN_ID, f->push_tag);
		nla_put_u16(a->m, TCA_VLAN_PUSH_VLAN_PROTOCOL, htons(ETH_P_8021Q));
	}
	if (what == TCA_VLAN_ACT_PUSH_ETH) {
		nla_put(a->m, TCA_VLAN_PUSH_ETH_DST, sizeof f->mac, f->mac);
		nla_put(a->m, TCA_VLAN_PUSH_ETH_SRC, sizeof f->own_mac, f->own_mac);
	}
	close_action(a);
}

/* The first label goes before the whole frame (MAC_PUSH), the others before what is there, or in place of the outermost (MODIFY). */
static void
put_label(struct actions *a, int how, uint32_t label, uint8_t ttl, bool bottom)
{
	const struct tc_mpls parms = { .action = TC_ACT_PIPE, .m_action = how };

	open_action(a, "mpls");
	nla_put(a->m, TCA_MPLS_PARMS, sizeof parms, &parms);
	if (how != TCA_MPLS_ACT_MODIFY)
		nla_put_u16(a->m, TCA_MPLS_PROTO, htons(ETH_P_MPLS_UC));
	nla_put_u32(a->m, TCA_MPLS_LABEL, label);
	nla_put_u8(a->m, TCA_MPLS_TC, 0);
	nla_put_u8(a->m, TCA_MPLS_TTL, ttl);
	nla_put_u8(a->m, TCA_MPLS_BOS, bottom);
	close_action(a);
}

static void
pop_label(struct actions *a, uint16_t then)
{
	const struct tc_mpls parms = { .action = TC_ACT_PIPE, .m_action = TCA_MPLS_ACT_POP };

	open_action(a, "mpls");
	nla_put(a->m, TCA_MPLS_PARMS, sizeof parms, &parms);
	nla_put_u16(a->m, TCA_MPLS_PROTO, htons(then));
	close_action(a);
}

/* Four bytes of zero where the label stack begins. */
static void
put_zeros(struct actions *a)
{
	struct {
		struct tc_pedit_sel sel;
		struct tc_pedit_key key;
	} parms = { .sel = { .action = TC_ACT_PIPE, .nkeys = 1 } };

	open_action(a, "pedit");
	nla_put(a->m, TCA_PEDIT_PARMS, sizeof parms, &parms);
	close_action(a);
}

static void
put_redirect(struct actions *a, const struct fib_filter *f)
{
	const struct tc_mirred parms = { .action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = f->out };

	open_action(a, "mirred");
	nla_put(a->m, TCA_MIRRED_PARMS, sizeof parms, &parms);
	close_signed(a, f);
}

/* --- what a filter does --- */

static void
put_stack(struct actions *a, const struct fib_filter *f)
{
	if (f->push_tag)
		put_vlan(a, TCA_VLAN_ACT_PUSH, f);
	if (f->control_word) { /* no action pushes a TTL of 0 */
		put_label(a, TCA_MPLS_ACT_MAC_PUSH, 0, 1, false);
		put_zeros(a);
	}
	for (uint8_t i = f->label_count; i-- > 0;) {
		bool bottom = i + 1 == f->label_count;
		bool first = bottom && !f->control_word;
		put_label(a, first ? TCA_MPLS_ACT_MAC_PUSH : TCA_MPLS_ACT_PUSH, f->labels[i], LABEL_TTL, bottom);
	}
	put_vlan(a, TCA_VLAN_ACT_PUSH_ETH, f);
}

static void
put_sending(struct actions *a, const struct fib_filter *f)
{
	if (f->gate)
		put_verdict(a, f->gate, TC_ACT_PIPE);
	if (f->label)
		put_verdict(a, FIB_SENT | f->label, TC_ACT_PIPE);
	if (f->label_count)
		put_stack(a, f);
	put_redirect(a, f);
}

static void
put_receiving(struct actions *a, const struct fib_filter *f)
{
	int pops = 1 + f->explicit_null + f->control_word;

	put_verdict(a, FIB_RECEIVED | f->label, TC_ACT_PIPE);
	put_vlan(a, TCA_VLAN_ACT_POP_ETH, f);
	while (pops--)
		pop_label(a, pops ? ETH_P_MPLS_UC : f->pop_tag ? ETH_P_8021Q : ETH_P_TEB); /* no tag is taken off TEB */
	if (f->pop_tag)
		put_vlan(a, TCA_VLAN_ACT_POP, f);
	put_redirect(a, f);
}

/* What a daemon says under our label leaves under the peer's and through its tunnel, as frames do. */
static void
put_channel_sending(struct actions *a, const struct fib_filter *f)
{
	uint8_t bottom = f->label_count - 1;

	put_vlan(a, TCA_VLAN_ACT_POP_ETH, f);
	put_label(a, TCA_MPLS_ACT_MODIFY, f->labels[bottom], f->form == FIB_TTL_EXPIRY ? 1 : LABEL_TTL, true);
	if (f->form == FIB_ROUTER_ALERT)
		put_label(a, TCA_MPLS_ACT_PUSH, LABEL_ROUTER_ALERT, LABEL_TTL, false);
	for (uint8_t i = bottom; i-- > 0;)
		put_label(a, TCA_MPLS_ACT_PUSH, f->labels[i], LABEL_TTL, false);
	put_vlan(a, TCA_VLAN_ACT_PUSH_ETH, f);
	put_redirect(a, f);
}

/* What is before our label goes. */
static void
put_channel_receiving(struct actions *a, const struct fib_filter *f)
{
	int pops = f->explicit_null + (f->form == FIB_ROUTER_ALERT);

	put_verdict(a, FIB_CHANNELED | f->label, TC_ACT_PIPE);
	while (f->out && pops--)
		pop_label(a, ETH_P_MPLS_UC);
	if (f->out) {
		put_redirect(a, f);
		return;
	}
	open_verdict(a, 0, TC_ACT_SHOT);
	close_signed(a, f);
}

static bool
is_guard(const struct fib_filter *f)
{
	return f->pref >= FIB_GUARD && f->pref < FIB_GUARD + FIB_GUARDS;
}

static void
put_actions(struct nl_msg *m, int attribute, const struct fib_filter *f)
{
	struct actions a = { .m = m };
	struct nlattr *list = nla_nest_start(m, attribute | NLA_F_NESTED);

	if (fib_is_sieve(f->pref)) {
		open_verdict(&a, 0, TC_ACT_GOTO_CHAIN | FIB_CHAIN);
		close_signed(&a, f);
	} else if (f->form && f->ifindex) {
		put_channel_sending(&a, f);
	} else if (f->form) {
		put_channel_receiving(&a, f);
	} else if (!f->out) {
		if (is_guard(f) && f->ifindex < TC_GUARD_LINKS)
			put_verdict(
			    &a, FIB_GUARDED | f->ifindex << FIB_GUARD_BITS | (f->pref - FIB_GUARD), TC_ACT_PIPE);
		open_verdict(&a, 0, TC_ACT_SHOT);
		close_signed(&a, f);
	} else if (f->ifindex) {
		put_sending(&a, f);
	} else {
		put_receiving(&a, f);
	}
	nla_nest_end(m, list);
}

/* --- what a filter looks at --- */

enum { ANY_TTL = 0, EXPIRING = 1 };

static void
put_entry(struct nl_msg *m, uint8_t depth, uint32_t label, bool bottom, uint8_t ttl)
{
	struct nlattr *entry = nla_nest_start(m, TCA_FLOWER_KEY_MPLS_OPTS_LSE | NLA_F_NESTED);

	nla_put_u8(m, TCA_FLOWER_KEY_MPLS_OPT_LSE_DEPTH, depth);
	nla_put_u8(m, TCA_FLOWER_KEY_MPLS_OPT_LSE_BOS, bottom);
	nla_put_u32(m, TCA_FLOWER_KEY_MPLS_OPT_LSE_LABEL, label);
	if (ttl != ANY_TTL)
		nla_put_u8(m, TCA_FLOWER_KEY_MPLS_OPT_LSE_TTL, ttl);
	nla_nest_end(m, entry);
}

/* A pseudowire's label is the last one of the stack. */
static void
put_keys(struct nl_msg *m, const struct fib_filter *f)
{
	bool alert = f->form == FIB_ROUTER_ALERT && !f->ifindex;
	uint8_t depth = 1, ttl = f->form == FIB_TTL_EXPIRY && !f->ifindex ? EXPIRING : ANY_TTL;

	nla_put_u16(m, TCA_FLOWER_KEY_ETH_TYPE, htons(ETH_P_MPLS_UC));
	if (!f->explicit_null && !alert) {
		nla_put_u32(m, TCA_FLOWER_KEY_MPLS_LABEL, f->label);
		nla_put_u8(m, TCA_FLOWER_KEY_MPLS_BOS, 1);
		if (ttl != ANY_TTL)
			nla_put_u8(m, TCA_FLOWER_KEY_MPLS_TTL, ttl);
		return;
	}
	struct nlattr *stack = nla_nest_start(m, TCA_FLOWER_KEY_MPLS_OPTS | NLA_F_NESTED);
	if (f->explicit_null)
		put_entry(m, depth++, 0, false, ANY_TTL);
	if (alert)
		put_entry(m, depth++, LABEL_ROUTER_ALERT, false, ANY_TTL);
	put_entry(m, depth, f->label, true, ttl);
	nla_nest_end(m, stack);
}

unsigned
tc_sieve(const struct fib_filter *f, struct tc_sieve out[TC_SIEVE_WORDS])
{
	enum { LABEL = 0xfffff000, LABEL_SHIFT = 12, BOTTOM = 0x100, TTL = 0xff };
	enum { NIBBLE = 0xf0000000, ASSOCIATED = 0x10000000 };
	const struct tc_sieve null = { htonl(LABEL | BOTTOM), 0 }, bottom = { htonl(BOTTOM), htonl(BOTTOM) },
			      associated = { htonl(NIBBLE), htonl(ASSOCIATED) },
			      alert = { htonl(LABEL | BOTTOM), htonl(LABEL_ROUTER_ALERT << LABEL_SHIFT) },
			      expiring = { htonl(BOTTOM | TTL), htonl(BOTTOM | EXPIRING) };
	unsigned count = 0;

	if (f->explicit_null)
		out[count++] = null;
	if (f->form == FIB_CONTROL_WORD)
		out[count++] = bottom;
	out[count++] = f->form == FIB_CONTROL_WORD ? associated : f->form == FIB_ROUTER_ALERT ? alert : expiring;
	return count;
}

/* Only u32 sees what is behind the label stack; and its look at a packet costs least. */
static void
put_sieve(struct nl_msg *m, const struct fib_filter *f)
{
	struct {
		struct tc_u32_sel sel;
		struct tc_u32_key keys[TC_SIEVE_WORDS];
	} u32 = { .sel = { .flags = TC_U32_TERMINAL } };
	struct tc_sieve words[TC_SIEVE_WORDS];
	unsigned count = tc_sieve(f, words);

	u32.sel.nkeys = (unsigned char)count;
	for (unsigned i = 0; i < count; i++)
		u32.keys[i] = (struct tc_u32_key){
			.mask = words[i].mask, .val = words[i].value, .off = (int)(i * sizeof(uint32_t))
		};
	nla_put_u32(m, TCA_U32_FLAGS, TCA_CLS_FLAGS_SKIP_HW);
	nla_put(m, TCA_U32_SEL, (int)(sizeof u32.sel + count * sizeof *u32.keys), &u32);
}

enum { BELOW = 0x0f, EXACTLY = 0 }; /* of the last byte of an address: what may be anything */

/* What a guard looks for. A protocol with a type of its own is told by that, whichever of the 16 addresses that no bridge forwards
 * it goes to (IEEE 802.1Q 8.6.3); those without one share ETH_P_802_2, and their address tells them. */
static const struct guard {
	uint16_t type;
	uint8_t mac[6], open;
} guards[FIB_GUARDS] = {
	[FIB_GUARD_CDP] = { ETH_P_802_2, { 0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc }, EXACTLY },
	[FIB_GUARD_DOT1X] = { ETH_P_PAE, { 0x01, 0x80, 0xc2, 0, 0, 0 }, BELOW },
	[FIB_GUARD_LACP] = { ETH_P_SLOW, { 0x01, 0x80, 0xc2, 0, 0, 0 }, BELOW },
	[FIB_GUARD_LLDP] = { ETH_P_LLDP, { 0x01, 0x80, 0xc2, 0, 0, 0 }, BELOW },
	[FIB_GUARD_STP] = { ETH_P_802_2, { 0x01, 0x80, 0xc2, 0, 0, 0 }, EXACTLY },
};

static uint16_t
type_of(const struct fib_filter *f)
{
	if (is_guard(f))
		return guards[f->pref - FIB_GUARD].type;
	return !f->ifindex || f->form ? ETH_P_MPLS_UC : ETH_P_ALL;
}

static void
put_address(struct nl_msg *m, const struct guard *g)
{
	const uint8_t mask[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, (uint8_t)~g->open };

	nla_put(m, TCA_FLOWER_KEY_ETH_DST, sizeof g->mac, g->mac);
	nla_put(m, TCA_FLOWER_KEY_ETH_DST_MASK, sizeof mask, mask);
}

static uint32_t
handle_of(const struct fib_filter *f)
{
	if (fib_is_sieve(f->pref))
		return TC_SIEVE_FIRST + fib_sieve_place(f);
	if (f->ifindex)
		return f->form ? f->label | TC_HANDLE_OUTERMOST : TC_HANDLE_CIRCUIT;
	return f->label | (f->explicit_null ? TC_HANDLE_BENEATH : TC_HANDLE_OUTERMOST) |
	       (uint32_t)f->form << TC_HANDLE_FORM;
}

static struct nl_msg *
encode_filter(const struct fib_filter *f, bool delete)
{
	bool of_block = !f->ifindex, labelled = of_block || f->form, sieve = fib_is_sieve(f->pref);
	int how = NLM_F_CREATE | (sieve ? NLM_F_EXCL : NLM_F_REPLACE); /* a sieve is as it is */
	struct tcmsg head = { .tcm_ifindex = of_block ? (int)TCM_IFINDEX_MAGIC_BLOCK : (int)f->ifindex,
		.tcm_parent = of_block ? FIB_BLOCK : TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		.tcm_handle = handle_of(f),
		.tcm_info = TC_H_MAKE((uint32_t)f->pref << 16, htons(type_of(f))) };
	struct nl_msg *m = begin(delete ? RTM_DELTFILTER : RTM_NEWTFILTER, delete ? 0 : how, &head, sizeof head);

	nla_put_string(m, TCA_KIND, sieve ? "u32" : "flower");
	if (of_block && (f->pref == FIB_ASSOCIATED || f->pref == FIB_CHANNEL))
		nla_put_u32(m, TCA_CHAIN, FIB_CHAIN);
	if (delete)
		return m;
	struct nlattr *options = nla_nest_start(m, TCA_OPTIONS | NLA_F_NESTED);
	if (sieve) {
		put_sieve(m, f);
	} else {
		nla_put_u32(m, TCA_FLOWER_FLAGS, TCA_CLS_FLAGS_SKIP_HW);
		if (labelled)
			put_keys(m, f);
		else if (is_guard(f))
			put_address(m, &guards[f->pref - FIB_GUARD]);
	}
	put_actions(m, sieve ? TCA_U32_ACT : TCA_FLOWER_ACT, f);
	nla_nest_end(m, options);
	return m;
}

/* --- the rest --- */

static struct nl_msg *
encode_clsact(const struct fib_clsact *c, bool delete)
{
	struct tcmsg head = {
		.tcm_ifindex = (int)c->ifindex, .tcm_parent = TC_H_CLSACT, .tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0)
	};
	struct nl_msg *m =
	    begin(delete ? RTM_DELQDISC : RTM_NEWQDISC, delete ? 0 : NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head);

	nla_put_string(m, TCA_KIND, "clsact");
	if (!delete &&c->block)
		nla_put_u32(m, TCA_INGRESS_BLOCK, c->block);
	return m;
}

/* Of one that filters have made: in its place, for all of them. */
static struct nl_msg *
encode_gate(const struct fib_gate *g, bool delete)
{
	struct tcamsg head = { .tca_family = AF_UNSPEC };
	struct actions a = { .m = begin(delete ? RTM_DELACTION : RTM_NEWACTION, delete ? 0 : NLM_F_REPLACE, &head,
				 sizeof head) };

	struct nlattr *list = nla_nest_start(a.m, TCA_ACT_TAB | NLA_F_NESTED);
	if (delete) {
		struct nlattr *one = nla_nest_start(a.m, 1);
		nla_put_string(a.m, TCA_ACT_KIND, "gact");
		nla_put_u32(a.m, TCA_ACT_INDEX, g->index);
		nla_nest_end(a.m, one);
	} else {
		put_verdict(&a, g->index, g->open ? TC_ACT_PIPE : TC_ACT_UNSPEC);
	}
	nla_nest_end(a.m, list);
	return a.m;
}

/* Who has this address? A kernel from 5.16 on keeps asking for as long as there is the entry; an older one asks once. */
static struct nl_msg *
encode_station(const struct fib_station *s)
{
	struct ndmsg head = { .ndm_family = s->addr.family == 6 ? AF_INET6 : AF_INET,
		.ndm_ifindex = (int)s->ifindex,
		.ndm_flags = NTF_USE };
	struct nl_msg *m = begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head);

	nla_put(m, NDA_DST, (int)addr_size(&s->addr), s->addr.bytes);
	nla_put_u32(m, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
	return m;
}

struct nl_msg *
encode_tc(const struct fib_op *op)
{
	bool delete = op->kind == FIB_OP_DELETE;

	switch (op->object.kind) {
	case FIB_CLSACT: return encode_clsact(&op->object.clsact, delete);
	case FIB_FILTER: return encode_filter(&op->object.filter, delete);
	case FIB_A_GATE: return encode_gate(&op->object.gate, delete);
	case FIB_STATION: return delete ? NULL : encode_station(&op->object.station);
	default: return NULL;
	}
}
