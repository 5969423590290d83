/*
 * Interfaces of our own as netlink messages: subinterfaces, each a VLAN device on a port, and its alias, which the kernel takes only
 * once it is there; and the pair of interfaces by which daemons speak on the control channels of pseudowires.
 */
#include "fibd/kernel/encode_sub.h"
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/attr.h>

enum { ROOM = 512 }; /* bytes: an alias may have 255 */

static struct nl_msg *
begin_with(int flags, const struct ifinfomsg *head)
{
	struct nl_msg *m = nlmsg_alloc_size(ROOM);

	if (m && nlmsg_put(m, 0, 0, RTM_NEWLINK, 0, flags | NLM_F_REQUEST))
		nlmsg_append(m, (void *)(uintptr_t)head, sizeof *head, NLMSG_ALIGNTO);
	return m;
}

static struct nl_msg *
begin(int flags, uint32_t ifindex)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };

	return begin_with(flags, &head);
}

struct nl_msg *
encode_subinterface(const struct fib_op *op)
{
	const struct fib_link *l = &op->object.link;
	struct nl_msg *m = begin(NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 0);

	nla_put_string(m, IFLA_IFNAME, l->name);
	nla_put_u32(m, IFLA_GROUP, FIB_LINK_GROUP);
	nla_put_u32(m, IFLA_LINK, l->port);
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, "vlan");
	struct nlattr *data = nla_nest_start(m, IFLA_INFO_DATA);
	nla_put_u16(m, IFLA_VLAN_ID, l->tag);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
	return m;
}

/* Down, and neither asks for anybody's address. */
struct nl_msg *
encode_vccv(const struct fib_op *op)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_flags = IFF_NOARP, .ifi_change = IFF_NOARP };
	struct nl_msg *m = begin_with(NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &head);

	nla_put_string(m, IFLA_IFNAME, op->object.link.name);
	nla_put_u32(m, IFLA_GROUP, FIB_LINK_GROUP);
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, "veth");
	struct nlattr *data = nla_nest_start(m, IFLA_INFO_DATA);
	struct nlattr *peer = nla_nest_start(m, VETH_INFO_PEER);
	nlmsg_append(m, (void *)(uintptr_t)&head, sizeof head, NLMSG_ALIGNTO);
	nla_put_string(m, IFLA_IFNAME, FIB_VCCV_OURS);
	nla_put_u32(m, IFLA_GROUP, FIB_LINK_GROUP);
	nla_nest_end(m, peer);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
	return m;
}

struct nl_msg *
encode_alias(const struct fib_op *op)
{
	struct nl_msg *m = begin(0, op->object.link.ifindex);

	nla_put_string(m, IFLA_IFALIAS, op->object.link.alias);
	return m;
}
