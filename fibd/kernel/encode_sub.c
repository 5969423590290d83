/* Subinterfaces as netlink messages: a VLAN device on a port, and its alias, which the kernel takes only once it is there. */
#include "fibd/kernel/encode_sub.h"
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

enum { ROOM = 512 }; /* bytes: an alias may have 255 */

struct nl_msg *
encode_subinterface(const struct fib_op *op)
{
	const struct fib_link *l = &op->object.link;
	bool make = op->kind == FIB_OP_LINK_SUB;
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = (int)l->ifindex };
	struct nl_msg *m = nlmsg_alloc_size(ROOM);
	int flags = NLM_F_REQUEST | NLM_F_ACK | (make ? NLM_F_CREATE | NLM_F_EXCL : 0);

	if (!m || !nlmsg_put(m, 0, 0, RTM_NEWLINK, 0, flags))
		return m;
	nlmsg_append(m, &head, sizeof head, NLMSG_ALIGNTO);
	if (!make) {
		nla_put_string(m, IFLA_IFALIAS, l->alias);
		return m;
	}
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
