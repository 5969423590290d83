/*
 * From operations to netlink messages. Pure: builds bytes, sends nothing.
 *
 * AF_MPLS routes carry their next hops inline, IP routes either inline or as the id of a group; a label stack entry is
 * what RFC 3032 puts on the wire. An IPv6 next hop with labels may have an IPv4 gateway (6VPE, RFC 4659): the kernel wants it as
 * an IPv4-mapped address, and said to be on the link, for no IPv6 route leads to such an address.
 */
#include "fibd/kernel/kernel.h"
#include "fibd/kernel/tc.h"
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/lwtunnel.h>
#include <linux/mpls_iptunnel.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>
#include "fibd/kernel/encode_sub.h"

enum { MPLS_FAMILY = 28, STACK_BOTTOM = 1 << 8 };

static int
family_of(const struct addr *a)
{
	return a->family == 6 ? AF_INET6 : AF_INET;
}

enum { SMALL = 256, LARGE = 8192 }; /* bytes of a message; the large ones name many next hops */

static struct nl_msg *
begin_with_room(size_t room, int type, int flags, const void *head, size_t size)
{
	struct nl_msg *m = nlmsg_alloc_size(room);

	if (m && nlmsg_put(m, 0, 0, type, 0, flags | NLM_F_REQUEST | NLM_F_ACK))
		nlmsg_append(m, (void *)(uintptr_t)head, size, NLMSG_ALIGNTO);
	return m;
}

static struct nl_msg *
begin(int type, int flags, const void *head, size_t size)
{
	return begin_with_room(SMALL, type, flags, head, size);
}

/* Labels as stack entries, the last one marked as the bottom. */
static void
put_stack(struct nl_msg *m, int attribute, const uint32_t *labels, unsigned count)
{
	uint32_t stack[4];

	for (unsigned i = 0; i < count; i++)
		stack[i] = htonl(labels[i] << 12 | (i + 1 == count ? STACK_BOTTOM : 0));
	nla_put(m, attribute, (int)(count * sizeof *stack), stack);
}

static void
put_encap(struct nl_msg *m, int type, int attribute, const uint32_t *labels, unsigned count, uint8_t ttl)
{
	nla_put_u16(m, type, LWTUNNEL_ENCAP_MPLS);
	struct nlattr *encap = nla_nest_start(m, attribute | NLA_F_NESTED);
	put_stack(m, MPLS_IPTUNNEL_DST, labels, count);
	if (ttl)
		nla_put_u8(m, MPLS_IPTUNNEL_TTL, ttl);
	nla_nest_end(m, encap);
}

static void
put_via(struct nl_msg *m, const struct addr *a)
{
	struct {
		uint16_t family;
		uint8_t bytes[16];
	} via = { .family = (uint16_t)family_of(a) };

	if (!addr_is_set(a))
		return;
	memcpy(via.bytes, a->bytes, addr_size(a));
	nla_put(m, RTA_VIA, (int)(sizeof via.family + addr_size(a)), &via);
}

static bool
is_mapped(uint8_t family, const struct addr *gateway, unsigned label_count)
{
	return family == 6 && gateway->family == 4 && label_count;
}

static void
put_mapped(struct nl_msg *m, int attribute, const struct addr *a)
{
	uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };

	memcpy(mapped + 12, a->bytes, 4);
	nla_put(m, attribute, sizeof mapped, mapped);
}

/* No timers: what is to move moves at once, whether packets are under way or not. */
static void
put_buckets(struct nl_msg *m, uint16_t buckets)
{
	nla_put_u16(m, NHA_GROUP_TYPE, NEXTHOP_GRP_TYPE_RES);
	struct nlattr *nest = nla_nest_start(m, NHA_RES_GROUP | NLA_F_NESTED);
	nla_put_u16(m, NHA_RES_GROUP_BUCKETS, buckets);
	nla_put_u32(m, NHA_RES_GROUP_IDLE_TIMER, 0);
	nla_put_u32(m, NHA_RES_GROUP_UNBALANCED_TIMER, 0);
	nla_nest_end(m, nest);
}

static struct nl_msg *
encode_nexthop(const struct fib_nexthop *o, bool delete)
{
	/* A deletion whose header says anything but the family is refused. */
	struct nhmsg head = { .nh_protocol = delete ? 0 : FIB_PROTOCOL };

	bool mapped = is_mapped(o->family, &o->gateway, o->label_count);
	if (!delete &&mapped)
		head.nh_flags = RTNH_F_ONLINK;
	if (!delete &&!o->member_count)
		head.nh_family = o->family == 6 ? AF_INET6 : AF_INET;
	struct nl_msg *m = delete ? begin(RTM_DELNEXTHOP, 0, &head, sizeof head)
				  : begin_with_room(o->member_count ? LARGE : SMALL, RTM_NEWNEXTHOP,
					NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head);
	nla_put_u32(m, NHA_ID, o->id);
	if (delete)
		return m;
	if (o->member_count) {
		struct nexthop_grp members[FIB_PATHS_MAX] = { 0 };
		for (uint16_t i = 0; i < o->member_count; i++) {
			members[i].id = o->members[i];
			members[i].weight = (uint8_t)(o->weights[i] - 1);
		}
		nla_put(m, NHA_GROUP, (int)(o->member_count * sizeof *members), members);
		if (o->buckets)
			put_buckets(m, o->buckets);
		return m;
	}
	if (o->black_hole) {
		nla_put_flag(m, NHA_BLACKHOLE);
		return m;
	}
	nla_put_u32(m, NHA_OIF, o->ifindex);
	if (mapped)
		put_mapped(m, NHA_GATEWAY, &o->gateway);
	else if (addr_is_set(&o->gateway))
		nla_put(m, NHA_GATEWAY, (int)addr_size(&o->gateway), o->gateway.bytes);
	if (o->label_count)
		put_encap(m, NHA_ENCAP_TYPE, NHA_ENCAP, o->labels, o->label_count, o->ttl);
	return m;
}

/* A next hop of an IP route. RTA_VIA is for a gateway of the other family. */
static void
put_ip_hop(struct nl_msg *m, uint8_t family, const struct fib_path *p)
{
	if (is_mapped(family, &p->gateway, p->label_count))
		put_mapped(m, RTA_GATEWAY, &p->gateway);
	else if (addr_is_set(&p->gateway) && p->gateway.family == family)
		nla_put(m, RTA_GATEWAY, (int)addr_size(&p->gateway), p->gateway.bytes);
	else
		put_via(m, &p->gateway);
	if (p->label_count)
		put_encap(m, RTA_ENCAP_TYPE, RTA_ENCAP, p->labels, p->label_count, p->ttl);
}

static void
put_label_hop(struct nl_msg *m, uint8_t family, const struct fib_path *p)
{
	(void)family;
	put_via(m, &p->gateway);
	if (p->label_count)
		put_stack(m, RTA_NEWDST, p->labels, p->label_count);
}

/* The next hops of a route: one by itself, several as RTA_MULTIPATH, each of the same weight. */
static void
put_paths(struct nl_msg *m, uint8_t family, const struct fib_path *paths, uint16_t count,
    void (*put_hop)(struct nl_msg *, uint8_t family, const struct fib_path *))
{
	if (count == 1) {
		nla_put_u32(m, RTA_OIF, paths[0].ifindex);
		put_hop(m, family, &paths[0]);
		return;
	}
	struct nlattr *multi = nla_nest_start(m, RTA_MULTIPATH);
	for (uint16_t i = 0; i < count; i++) {
		struct rtnexthop *h = nlmsg_reserve(m, sizeof *h, NLMSG_ALIGNTO);
		if (!h)
			break;
		memset(h, 0, sizeof *h);
		h->rtnh_ifindex = (int)paths[i].ifindex;
		if (is_mapped(family, &paths[i].gateway, paths[i].label_count))
			h->rtnh_flags = RTNH_F_ONLINK;
		put_hop(m, family, &paths[i]);
		h->rtnh_len = (unsigned short)((uint8_t *)nlmsg_tail(nlmsg_hdr(m)) - (uint8_t *)h);
	}
	nla_nest_end(m, multi);
}

/* The kernel finds out whether it has the next hops of an IPv4 route already by searching a chain of all that agree in
 * scope, protocol, metric and interface: with labels, no two are the same, and 20,000 of them on one link took 5 s. Any
 * scope wider than a link does for a route with a gateway, so the chain is divided by it. */
static unsigned char
spread_scope(const struct prefix *p)
{
	enum { SCOPES = 250 }; /* RT_SCOPE_UNIVERSE 0 up to below RT_SCOPE_LINK 253 */

	return p->addr.family == 4 ? (unsigned char)(prefix_hash(p) % SCOPES) : RT_SCOPE_UNIVERSE;
}

static struct nl_msg *
encode_ip_route(const struct fib_ip_route *o, bool delete)
{
	unsigned char scope = o->nexthop_id ? RT_SCOPE_UNIVERSE : spread_scope(&o->prefix);
	struct rtmsg head = { .rtm_family = (unsigned char)family_of(&o->prefix.addr),
		.rtm_dst_len = o->prefix.len,
		.rtm_table = o->table < 256 ? (unsigned char)o->table : RT_TABLE_UNSPEC,
		.rtm_protocol = FIB_PROTOCOL,
		.rtm_scope = delete ? RT_SCOPE_NOWHERE : scope,
		.rtm_type = delete    ? RTN_UNSPEC
			    : o->type ? o->type
				      : RTN_UNICAST };
	if (!delete &&o->path_count == 1 &&
	    is_mapped(o->prefix.addr.family, &o->paths[0].gateway, o->paths[0].label_count))
		head.rtm_flags = RTNH_F_ONLINK;
	struct nl_msg *m = delete ? begin(RTM_DELROUTE, 0, &head, sizeof head)
				  : begin_with_room(o->path_count > 1 ? LARGE : SMALL, RTM_NEWROUTE,
					NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head);

	nla_put(m, RTA_DST, (int)addr_size(&o->prefix.addr), o->prefix.addr.bytes);
	if (o->table >= 256)
		nla_put_u32(m, RTA_TABLE, o->table);
	nla_put_u32(m, RTA_PRIORITY, o->metric);
	if (!delete &&o->nexthop_id)
		nla_put_u32(m, RTA_NH_ID, o->nexthop_id);
	else if (!delete &&o->path_count)
		put_paths(m, o->prefix.addr.family, o->paths, o->path_count, put_ip_hop);
	return m;
}

static struct nl_msg *
encode_label_route(const struct fib_label_route *o, bool delete)
{
	struct rtmsg head = { .rtm_family = MPLS_FAMILY,
		.rtm_dst_len = 20,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = FIB_PROTOCOL,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST };
	struct nl_msg *m = delete ? begin(RTM_DELROUTE, 0, &head, sizeof head)
				  : begin_with_room(o->path_count > 1 ? LARGE : SMALL, RTM_NEWROUTE,
					NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head);

	put_stack(m, RTA_DST, &o->label, 1);
	if (delete)
		return m;
	if (o->pipe)
		nla_put_u8(m, RTA_TTL_PROPAGATE, 0);
	put_paths(m, 0, o->paths, o->path_count, put_label_hop);
	return m;
}

static struct nl_msg *
encode_address(const struct fib_address *o, bool delete)
{
	const struct addr *a = &o->prefix.addr;
	struct ifaddrmsg head = {
		.ifa_family = (unsigned char)family_of(a), .ifa_prefixlen = o->prefix.len, .ifa_index = o->ifindex
	};
	struct nl_msg *m = delete ? begin(RTM_DELADDR, 0, &head, sizeof head)
				  : begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head);

	nla_put(m, IFA_LOCAL, (int)addr_size(a), a->bytes);
	nla_put(m, IFA_ADDRESS, (int)addr_size(a), a->bytes);
	if (!delete)
		nla_put_u8(m, IFA_PROTO, FIB_PROTOCOL);
	if (!delete &&o->unique && a->family == 6)
		nla_put_u32(m, IFA_FLAGS, IFA_F_NODAD);
	if (!delete &&a->family == 4 && o->prefix.len < 31) {
		struct addr broadcast = prefix_broadcast(o->prefix);
		nla_put(m, IFA_BROADCAST, 4, broadcast.bytes);
	}
	return m;
}

static struct nl_msg *
encode_link(const struct fib_op *op)
{
	const struct fib_link *l = &op->object.link;
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = (int)l->ifindex };

	if (op->kind == FIB_OP_LINK_DELETE)
		return begin(RTM_DELLINK, 0, &head, sizeof head);
	if (op->kind == FIB_OP_LINK_PROMISCUOUS) {
		head.ifi_change = IFF_PROMISC;
		head.ifi_flags = l->promiscuous ? IFF_PROMISC : 0;
	} else if (op->kind != FIB_OP_LINK_MTU && op->kind != FIB_OP_LINK_MASTER && op->kind != FIB_OP_LINK_CARRIER) {
		head.ifi_change = IFF_UP;
		head.ifi_flags = op->kind == FIB_OP_LINK_DOWN ? 0 : IFF_UP;
	}
	struct nl_msg *m =
	    begin(RTM_NEWLINK, op->kind == FIB_OP_LINK_CREATE ? NLM_F_CREATE | NLM_F_EXCL : 0, &head, sizeof head);
	if (op->kind == FIB_OP_LINK_MTU)
		nla_put_u32(m, IFLA_MTU, l->mtu);
	if (op->kind == FIB_OP_LINK_CARRIER)
		nla_put_u8(m, IFLA_CARRIER, l->carrier);
	if (op->kind == FIB_OP_LINK_MASTER)
		nla_put_u32(m, IFLA_MASTER, l->master);
	if (op->kind == FIB_OP_LINK_CREATE) {
		nla_put_string(m, IFLA_IFNAME, l->name);
		nla_put_u32(m, IFLA_GROUP, FIB_LINK_GROUP);
		struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO);
		/* `is_dummy` false asks for the stand-in on kernels without dummies: a bridge with no port. */
		nla_put_string(m, IFLA_INFO_KIND, l->is_vrf ? "vrf" : l->is_dummy ? "dummy" : "bridge");
		if (l->is_vrf) {
			struct nlattr *data = nla_nest_start(m, IFLA_INFO_DATA);
			nla_put_u32(m, IFLA_VRF_TABLE, l->vrf_table);
			nla_nest_end(m, data);
		}
		nla_nest_end(m, info);
	}
	return m;
}

struct nl_msg *
encode_op(const struct fib_op *op)
{
	bool delete = op->kind == FIB_OP_DELETE;

	switch (op->kind) {
	case FIB_OP_ADD:
	case FIB_OP_DELETE:
		switch (op->object.kind) {
		case FIB_ADDRESS: return encode_address(&op->object.address, delete);
		case FIB_NEXTHOP: return encode_nexthop(&op->object.nexthop, delete);
		case FIB_IP_ROUTE: return encode_ip_route(&op->object.ip_route, delete);
		case FIB_LABEL_ROUTE: return encode_label_route(&op->object.label_route, delete);
		case FIB_STATION:
		case FIB_CLSACT:
		case FIB_A_GATE:
		case FIB_FILTER: return encode_tc(op);
		case FIB_COUNT:
		case FIB_LINK: return NULL;
		}
		return NULL;
	case FIB_OP_LINK_UP:
	case FIB_OP_LINK_DOWN:
	case FIB_OP_LINK_CREATE:
	case FIB_OP_LINK_DELETE:
	case FIB_OP_LINK_MASTER:
	case FIB_OP_LINK_PROMISCUOUS:
	case FIB_OP_LINK_CARRIER:
	case FIB_OP_LINK_MTU: return encode_link(op);
	case FIB_OP_MPLS_INPUT:
	case FIB_OP_PLATFORM_LABELS:
	case FIB_OP_FORWARDING:
	case FIB_OP_RESYNC: return NULL;
	case FIB_OP_LINK_SUB: return encode_subinterface(op);
	case FIB_OP_LINK_VCCV: return encode_vccv(op);
	case FIB_OP_LINK_NO_IPV6:
	case FIB_OP_LINK_ALIAS: return NULL;
	}
	return NULL;
}
