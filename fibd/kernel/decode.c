/*
 * From netlink messages to objects. Pure: every attribute is looked at through libnl's checked parser, and a
 * message that does not fit is refused whole.
 */
#include "fibd/kernel/kernel.h"
#include "fibd/kernel/tc.h"
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/lwtunnel.h>
#include <linux/mpls_iptunnel.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>

enum { MPLS_FAMILY = 28 };

static void
get_text(const struct nlattr *a, char *out, size_t room)
{
	if (a)
		nla_strlcpy(out, a, room);
}

static uint32_t
get_u32(const struct nlattr *a)
{
	return a && nla_len(a) >= 4 ? nla_get_u32(a) : 0;
}

static uint16_t
get_u16(const struct nlattr *a)
{
	return a && nla_len(a) >= 2 ? nla_get_u16(a) : 0;
}

static bool
get_addr(const struct nlattr *a, struct addr *ret)
{
	return a && (nla_len(a) == 4 || nla_len(a) == 16) && addr_from_bytes(nla_data(a), (size_t)nla_len(a), ret);
}

/* --- links and addresses --- */

static void
get_link_info(const struct nlattr *info, struct fib_link *l)
{
	struct nlattr *a[IFLA_INFO_MAX + 1], *data[IFLA_VRF_MAX + 1], *vlan[IFLA_VLAN_MAX + 1];
	char kind[16] = "";

	if (!info || nla_parse_nested(a, IFLA_INFO_MAX, (struct nlattr *)(uintptr_t)info, NULL) < 0)
		return;
	get_text(a[IFLA_INFO_KIND], kind, sizeof kind);
	l->is_dummy = strcmp(kind, "dummy") == 0;
	if (strcmp(kind, "vrf") == 0 && a[IFLA_INFO_DATA] &&
	    nla_parse_nested(data, IFLA_VRF_MAX, a[IFLA_INFO_DATA], NULL) >= 0) {
		l->is_vrf = true;
		l->vrf_table = get_u32(data[IFLA_VRF_TABLE]);
	}
	if (strcmp(kind, "vlan") == 0 && a[IFLA_INFO_DATA] &&
	    nla_parse_nested(vlan, IFLA_VLAN_MAX, a[IFLA_INFO_DATA], NULL) >= 0)
		l->vlan = get_u16(vlan[IFLA_VLAN_ID]);
}

static int
decode_link(const struct nlmsghdr *h, struct fib_object *o, bool *gone)
{
	struct nlattr *a[IFLA_MAX + 1];
	const struct ifinfomsg *m = nlmsg_data(h);
	struct fib_link *l = &o->link;

	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof *m, a, IFLA_MAX, NULL) < 0 || m->ifi_index <= 0)
		return -EINVAL;
	if (m->ifi_family != AF_UNSPEC)
		return 0; /* a bridge speaks of its ports */
	*gone = h->nlmsg_type == RTM_DELLINK;
	o->kind = FIB_LINK;
	l->ifindex = (uint32_t)m->ifi_index;
	get_text(a[IFLA_IFNAME], l->name, sizeof l->name);
	get_text(a[IFLA_IFALIAS], l->alias, sizeof l->alias);
	if (a[IFLA_PROP_LIST]) {
		struct nlattr *p;
		int left;
		nla_for_each_nested(p, a[IFLA_PROP_LIST], left)
		{
			if (nla_type(p) == IFLA_ALT_IFNAME && !*l->altname)
				get_text(p, l->altname, sizeof l->altname);
		}
	}
	get_link_info(a[IFLA_LINKINFO], l);
	l->admin_up = m->ifi_flags & IFF_UP;
	l->carrier = (m->ifi_flags & IFF_LOWER_UP) && (m->ifi_flags & IFF_RUNNING);
	l->point_to_point = m->ifi_flags & IFF_POINTOPOINT;
	l->multicast = m->ifi_flags & IFF_MULTICAST;
	l->promiscuous = m->ifi_flags & IFF_PROMISC;
	l->loopback = m->ifi_flags & IFF_LOOPBACK || l->is_dummy || strncmp(l->name, "LoopBack", 8) == 0;
	l->mtu = get_u32(a[IFLA_MTU]);
	l->ours = get_u32(a[IFLA_GROUP]) == FIB_LINK_GROUP;
	l->master = get_u32(a[IFLA_MASTER]);
	if (a[IFLA_ADDRESS] && nla_len(a[IFLA_ADDRESS]) == 6)
		memcpy(l->mac, nla_data(a[IFLA_ADDRESS]), 6);
	return 1;
}

static int
decode_address(const struct nlmsghdr *h, struct fib_object *o, bool *gone)
{
	struct nlattr *a[IFA_MAX + 1];
	const struct ifaddrmsg *m = nlmsg_data(h);

	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof *m, a, IFA_MAX, NULL) < 0)
		return -EINVAL;
	*gone = h->nlmsg_type == RTM_DELADDR;
	o->kind = FIB_ADDRESS;
	o->address.ifindex = m->ifa_index;
	if (!get_addr(a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS], &o->address.prefix.addr))
		return -EINVAL;
	if (m->ifa_prefixlen > addr_size(&o->address.prefix.addr) * 8)
		return -EINVAL;
	o->address.prefix.len = m->ifa_prefixlen;
	uint32_t flags = a[IFA_FLAGS] && nla_len(a[IFA_FLAGS]) >= 4 ? nla_get_u32(a[IFA_FLAGS]) : m->ifa_flags;
	o->address.tentative =
	    flags & IFA_F_DADFAILED || (flags & IFA_F_TENTATIVE && !(flags & IFA_F_OPTIMISTIC)); /* RFC 4862 5.4 */
	o->address.ours = a[IFA_PROTO] && nla_len(a[IFA_PROTO]) >= 1 && nla_get_u8(a[IFA_PROTO]) == FIB_PROTOCOL;
	return 1;
}

/* --- labels --- */

static bool
get_stack(const struct nlattr *a, uint32_t *labels, uint8_t *ret_count, unsigned room)
{
	unsigned n = a ? (unsigned)nla_len(a) / 4u : 0;

	if (a && (!n || n > room || nla_len(a) % 4))
		return false;
	for (unsigned i = 0; i < n; i++) {
		uint32_t entry;
		memcpy(&entry, (const uint8_t *)nla_data(a) + 4 * (size_t)i, 4);
		labels[i] = ntohl(entry) >> 12;
	}
	*ret_count = (uint8_t)n;
	return true;
}

static uint8_t
get_u8(const struct nlattr *a, uint8_t otherwise)
{
	return a && nla_len(a) >= 1 ? nla_get_u8(a) : otherwise;
}

static bool
get_encap(const struct nlattr *type, const struct nlattr *encap, uint32_t *labels, uint8_t *ret_count, uint8_t *ret_ttl)
{
	struct nlattr *a[MPLS_IPTUNNEL_MAX + 1];

	if (get_u16(type) != LWTUNNEL_ENCAP_MPLS || !encap)
		return true;
	if (nla_parse_nested(a, MPLS_IPTUNNEL_MAX, (struct nlattr *)(uintptr_t)encap, NULL) < 0 ||
	    !get_stack(a[MPLS_IPTUNNEL_DST], labels, ret_count, 4))
		return false;
	*ret_ttl = get_u8(a[MPLS_IPTUNNEL_TTL], 0);
	return true;
}

/* The gateway of a labelled IPv6 next hop may be an IPv4 one, written as an IPv4-mapped address (see encode.c). */
static void
unmap(struct addr *gateway, uint8_t label_count)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	uint8_t v4[4];

	if (!label_count || gateway->family != 6 || memcmp(gateway->bytes, mapped, sizeof mapped) != 0)
		return;
	memcpy(v4, gateway->bytes + sizeof mapped, sizeof v4);
	addr_from_bytes(v4, sizeof v4, gateway);
}

static bool
get_via(const struct nlattr *a, struct addr *ret)
{
	return nla_len(a) >= 6 && addr_from_bytes((const uint8_t *)nla_data(a) + 2, (size_t)nla_len(a) - 2, ret);
}

/* --- next hop objects --- */

static uint16_t
get_buckets(struct nlattr *group)
{
	struct nlattr *a[NHA_RES_GROUP_MAX + 1];

	if (!group || nla_parse_nested(a, NHA_RES_GROUP_MAX, group, NULL) < 0)
		return 0;
	return get_u16(a[NHA_RES_GROUP_BUCKETS]);
}

static int
decode_nexthop(const struct nlmsghdr *h, struct fib_object *o, bool *gone)
{
	struct nlattr *a[NHA_MAX + 1];
	const struct nhmsg *m = nlmsg_data(h);
	struct fib_nexthop *n = &o->nexthop;

	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof *m, a, NHA_MAX, NULL) < 0 || !a[NHA_ID])
		return -EINVAL;
	*gone = h->nlmsg_type == RTM_DELNEXTHOP;
	if (!*gone && m->nh_protocol != FIB_PROTOCOL)
		return 0;
	o->kind = FIB_NEXTHOP;
	n->id = get_u32(a[NHA_ID]);
	n->family = m->nh_family == AF_INET6 ? 6 : 4;
	n->black_hole = a[NHA_BLACKHOLE];
	n->ifindex = get_u32(a[NHA_OIF]);
	get_addr(a[NHA_GATEWAY], &n->gateway);
	if (a[NHA_GROUP]) {
		const struct nexthop_grp *g = nla_data(a[NHA_GROUP]);
		size_t count = (size_t)nla_len(a[NHA_GROUP]) / sizeof *g;
		if (!count || count > FIB_PATHS_MAX)
			return -EINVAL;
		n->member_count = (uint16_t)count;
		for (size_t i = 0; i < count; i++) {
			n->members[i] = g[i].id;
			n->weights[i] = (uint8_t)(g[i].weight + 1);
		}
	}
	if (n->member_count && get_u16(a[NHA_GROUP_TYPE]) == NEXTHOP_GRP_TYPE_RES)
		n->buckets = get_buckets(a[NHA_RES_GROUP]);
	if (!get_encap(a[NHA_ENCAP_TYPE], a[NHA_ENCAP], n->labels, &n->label_count, &n->ttl))
		return -EINVAL;
	unmap(&n->gateway, n->label_count);
	return 1;
}

/* --- routes --- */

static bool
get_path(struct nlattr *a[], uint32_t ifindex, struct fib_path *p)
{
	p->ifindex = ifindex;
	p->weight = 1;
	if (a[RTA_VIA] && !get_via(a[RTA_VIA], &p->gateway))
		return false;
	if (a[RTA_GATEWAY] && !get_addr(a[RTA_GATEWAY], &p->gateway))
		return false;
	if (a[RTA_NEWDST])
		return get_stack(a[RTA_NEWDST], p->labels, &p->label_count, 4);
	bool fits = get_encap(a[RTA_ENCAP_TYPE], a[RTA_ENCAP], p->labels, &p->label_count, &p->ttl);
	unmap(&p->gateway, p->label_count);
	return fits;
}

/* Of what we never make ourselves, such as many labels, somebody else's route is read without. */
static bool
get_path_of(uint8_t protocol, struct nlattr *a[], uint32_t ifindex, struct fib_path *p)
{
	if (get_path(a, ifindex, p))
		return true;
	p->label_count = 0;
	return protocol != FIB_PROTOCOL;
}

/* Fewer paths than there are when there are more than we handle: a foreign route is read as far as that. */
static int
get_paths(uint8_t protocol, struct nlattr *a[], struct fib_path *paths)
{
	if (!a[RTA_MULTIPATH]) {
		if (!a[RTA_OIF] && !a[RTA_GATEWAY] && !a[RTA_VIA])
			return 0;
		return get_path_of(protocol, a, get_u32(a[RTA_OIF]), &paths[0]) ? 1 : -EINVAL;
	}
	const struct rtnexthop *h = nla_data(a[RTA_MULTIPATH]);
	int left = nla_len(a[RTA_MULTIPATH]), count = 0;
	while (left >= (int)sizeof *h && h->rtnh_len >= sizeof *h && h->rtnh_len <= left && count < FIB_PATHS_MAX) {
		struct nlattr *sub[RTA_MAX + 1];
		int size = (int)(h->rtnh_len - sizeof *h);
		if (nla_parse(sub, RTA_MAX, (struct nlattr *)(uintptr_t)RTNH_DATA(h), size, NULL) < 0)
			return -EINVAL;
		sub[RTA_MULTIPATH] = NULL;
		if (!get_path_of(protocol, sub, (uint32_t)h->rtnh_ifindex, &paths[count++]))
			return -EINVAL;
		int step = (int)RTNH_ALIGN(h->rtnh_len);
		left -= step;
		h = (const struct rtnexthop *)(const void *)((const uint8_t *)h + step);
	}
	return count;
}

static int
decode_label_route(const struct rtmsg *m, struct nlattr *a[], struct fib_object *o)
{
	struct fib_label_route *r = &o->label_route;
	uint8_t depth = 0;

	o->kind = FIB_LABEL_ROUTE;
	r->protocol = m->rtm_protocol;
	if (!a[RTA_DST] || !get_stack(a[RTA_DST], &r->label, &depth, 1))
		return -EINVAL;
	r->pipe = !get_u8(a[RTA_TTL_PROPAGATE], 1);
	int count = get_paths(m->rtm_protocol, a, r->paths);
	if (count < 0)
		return count;
	r->path_count = (uint16_t)count;
	return 1;
}

static int
decode_route(const struct nlmsghdr *h, struct fib_object *o, bool *gone)
{
	struct nlattr *a[RTA_MAX + 1];
	const struct rtmsg *m = nlmsg_data(h);
	struct fib_ip_route *r = &o->ip_route;

	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof *m, a, RTA_MAX, NULL) < 0)
		return -EINVAL;
	*gone = h->nlmsg_type == RTM_DELROUTE;
	if (m->rtm_family == MPLS_FAMILY)
		return decode_label_route(m, a, o);
	if ((m->rtm_family != AF_INET && m->rtm_family != AF_INET6) || m->rtm_flags & RTM_F_CLONED)
		return 0;
	o->kind = FIB_IP_ROUTE;
	r->table = a[RTA_TABLE] ? get_u32(a[RTA_TABLE]) : m->rtm_table;
	r->prefix.addr.family = m->rtm_family == AF_INET6 ? 6 : 4;
	if (a[RTA_DST] &&
	    (!get_addr(a[RTA_DST], &r->prefix.addr) || (m->rtm_family == AF_INET6) != (r->prefix.addr.family == 6)))
		return -EINVAL;
	if (m->rtm_dst_len > addr_size(&r->prefix.addr) * 8)
		return -EINVAL;
	r->prefix.len = m->rtm_dst_len;
	r->protocol = m->rtm_protocol;
	r->type = m->rtm_type;
	r->metric = get_u32(a[RTA_PRIORITY]);
	r->nexthop_id = get_u32(a[RTA_NH_ID]);
	int count = get_paths(m->rtm_protocol, a, r->paths);
	if (count < 0)
		return count;
	r->path_count = (uint16_t)count;
	return 1;
}

int
decode_message(const struct nlmsghdr *h, struct fib_object *ret, bool *ret_gone)
{
	memset(ret, 0, sizeof *ret);
	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK: return decode_link(h, ret, ret_gone);
	case RTM_NEWADDR:
	case RTM_DELADDR: return decode_address(h, ret, ret_gone);
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP: return decode_nexthop(h, ret, ret_gone);
	case RTM_NEWROUTE:
	case RTM_DELROUTE: return decode_route(h, ret, ret_gone);
	default: return decode_tc(h, ret, ret_gone);
	}
}
