/* Subinterfaces as netlink messages: a VLAN device on a port, and its alias, which the kernel takes only once it is there. */
#include "fibd/kernel/encode_sub.h"
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

enum { ROOM = 512 }; /* bytes: an alias may have 255 */

static struct nl_msg *
begin(int flags, uint32_t ifindex)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct nl_msg *m = nlmsg_alloc_size(ROOM);

	if (m && nlmsg_put(m, 0, 0, RTM_NEWLINK, 0, flags | NLM_F_REQUEST))
		nlmsg_append(m, &head, sizeof head, NLMSG_ALIGNTO);
	return m;
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

struct nl_msg *
encode_alias(const struct fib_op *op)
{
	struct nl_msg *m = begin(0, op->object.link.ifindex);

	nla_put_string(m, IFLA_IFALIAS, op->object.link.alias);
	return m;
}
