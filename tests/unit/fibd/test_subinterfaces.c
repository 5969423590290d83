/* Subinterfaces: VLAN devices that are made on their port, named as the operator calls them, and removed. */
#include "fibd/kernel/encode_sub.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world.h"
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>

#define SUB "interface GigabitEthernet0/1/0.7\n vlan-type dot1q 10\n"

static struct world *w;
static struct fib_op op;
static struct fib_object port = { .kind = FIB_LINK,
	.link = { .ifindex = 5,
	    .name = "ge0-1-0",
	    .alias = "GigabitEthernet0/1/0",
	    .admin_up = true,
	    .carrier = true,
	    .mtu = 1500 } },
			 sub = { .kind = FIB_LINK,
				 .link = { .ifindex = 6, .name = "ge0-1-0.10", .ours = true, .mtu = 1500 } };

static void
setup(void)
{
	w = world_new();
	world_restart(w);
	world_tell_all(w);
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &port });
	sub.link.alias[0] = '\0';
}

static void
teardown(void)
{
	world_free(w);
}

/* The next operation of this kind; the others are answered. False: there is none. */
static bool
asked(enum fib_op_kind kind)
{
	while (rib_take_ops(w->rib, &op, 1, w->now)) {
		world_input(w, &(struct fib_input){ .kind = FIB_IN_ANSWER, .number = op.number });
		if (op.kind == kind)
			return true;
	}
	return false;
}

static void
seen(const struct fib_object *o)
{
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = o });
}

START_TEST(a_subinterface_is_made_on_its_port_and_gets_its_name)
{
	world_config(w, SUB " ip address 10.0.1.1 24\n");
	ck_assert(asked(FIB_OP_LINK_SUB));
	ck_assert_str_eq(op.object.link.name, "ge0-1-0.10");
	ck_assert_uint_eq(op.object.link.port, 5);
	ck_assert_uint_eq(op.object.link.tag, 10);
	seen(&sub);
	ck_assert(asked(FIB_OP_LINK_ALIAS));
	ck_assert_uint_eq(op.object.link.ifindex, 6);
	ck_assert_str_eq(op.object.link.alias, "GigabitEthernet0/1/0.7");
	snprintf(sub.link.alias, sizeof sub.link.alias, "GigabitEthernet0/1/0.7");
	seen(&sub);
	ck_assert(asked(FIB_OP_LINK_UP)); /* it is configured by its name from here on */
	ck_assert_uint_eq(op.object.link.ifindex, 6);
	ck_assert(!asked(FIB_OP_LINK_SUB));
}
END_TEST

START_TEST(another_tag_is_another_device_and_the_old_one_goes)
{
	world_config(w, SUB);
	snprintf(sub.link.alias, sizeof sub.link.alias, "GigabitEthernet0/1/0.7");
	seen(&sub);
	while (asked(FIB_OP_LINK_UP))
		;
	world_config(w, "interface GigabitEthernet0/1/0.7\n vlan-type dot1q 11\n");
	ck_assert(asked(FIB_OP_LINK_DELETE));
	ck_assert_uint_eq(op.object.link.ifindex, 6);
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &sub, .gone = true });
	ck_assert(asked(FIB_OP_LINK_SUB));
	ck_assert_str_eq(op.object.link.name, "ge0-1-0.11");
	ck_assert_uint_eq(op.object.link.tag, 11);
}
END_TEST

START_TEST(one_that_nobody_configures_any_more_is_removed_and_an_operators_is_not)
{
	struct fib_object theirs = sub;

	theirs.link.ifindex = 7;
	theirs.link.ours = false;
	snprintf(theirs.link.name, sizeof theirs.link.name, "ge0-1-0.20");
	seen(&theirs);
	seen(&sub);
	world_config(w, "sysname R1\n");
	ck_assert(asked(FIB_OP_LINK_DELETE));
	ck_assert_uint_eq(op.object.link.ifindex, 6);
	ck_assert(!asked(FIB_OP_LINK_DELETE));
}
END_TEST

START_TEST(what_an_operator_has_made_is_used_as_it_is)
{
	struct fib_object theirs = sub;

	theirs.link.ours = false;
	snprintf(theirs.link.name, sizeof theirs.link.name, "mine");
	snprintf(theirs.link.alias, sizeof theirs.link.alias, "GigabitEthernet0/1/0.7");
	seen(&theirs);
	world_config(w, SUB);
	ck_assert(!asked(FIB_OP_LINK_SUB));
}
END_TEST

START_TEST(without_its_port_it_waits)
{
	world_config(w, "interface GigabitEthernet0/2/0.7\n vlan-type dot1q 10\n");
	ck_assert(!asked(FIB_OP_LINK_SUB));
	snprintf(port.link.name, sizeof port.link.name, "ge0-2-0");
	snprintf(port.link.alias, sizeof port.link.alias, "GigabitEthernet0/2/0");
	port.link.ifindex = 9;
	seen(&port);
	ck_assert(asked(FIB_OP_LINK_SUB));
	ck_assert_uint_eq(op.object.link.port, 9);
}
END_TEST

START_TEST(what_the_kernel_is_told)
{
	struct fib_op o = { .kind = FIB_OP_LINK_SUB,
		.object = { .kind = FIB_LINK, .link = { .name = "ge0-1-0.10", .port = 5, .tag = 10 } } };
	struct nl_msg *m = encode_subinterface(&o);
	struct nlmsghdr *h = nlmsg_hdr(m);
	struct nlattr *info[IFLA_INFO_MAX + 1];

	ck_assert_int_eq(h->nlmsg_type, RTM_NEWLINK);
	ck_assert(h->nlmsg_flags & NLM_F_EXCL && h->nlmsg_flags & NLM_F_CREATE);
	ck_assert_str_eq(nla_get_string(nlmsg_find_attr(h, sizeof(struct ifinfomsg), IFLA_IFNAME)), "ge0-1-0.10");
	ck_assert_uint_eq(nla_get_u32(nlmsg_find_attr(h, sizeof(struct ifinfomsg), IFLA_LINK)), 5);
	ck_assert_uint_eq(nla_get_u32(nlmsg_find_attr(h, sizeof(struct ifinfomsg), IFLA_GROUP)), FIB_LINK_GROUP);
	ck_assert_int_eq(
	    nla_parse_nested(info, IFLA_INFO_MAX, nlmsg_find_attr(h, sizeof(struct ifinfomsg), IFLA_LINKINFO), NULL),
	    0);
	ck_assert_str_eq(nla_get_string(info[IFLA_INFO_KIND]), "vlan");
	ck_assert_uint_eq(nla_get_u16(nla_data(info[IFLA_INFO_DATA])), 10);
	nlmsg_free(m);
	o = (struct fib_op){ .kind = FIB_OP_LINK_ALIAS,
		.object = { .kind = FIB_LINK, .link = { .ifindex = 6, .alias = "GigabitEthernet0/1/0.7" } } };
	m = encode_alias(&o);
	h = nlmsg_hdr(m);
	ck_assert(!(h->nlmsg_flags & (NLM_F_CREATE | NLM_F_ACK)));
	ck_assert_int_eq(((struct ifinfomsg *)nlmsg_data(h))->ifi_index, 6);
	ck_assert_str_eq(
	    nla_get_string(nlmsg_find_attr(h, sizeof(struct ifinfomsg), IFLA_IFALIAS)), "GigabitEthernet0/1/0.7");
	nlmsg_free(m);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("subinterfaces");
	TCase *t = tcase_create("IEEE 802.1Q");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_subinterface_is_made_on_its_port_and_gets_its_name);
	tcase_add_test(t, another_tag_is_another_device_and_the_old_one_goes);
	tcase_add_test(t, one_that_nobody_configures_any_more_is_removed_and_an_operators_is_not);
	tcase_add_test(t, what_an_operator_has_made_is_used_as_it_is);
	tcase_add_test(t, without_its_port_it_waits);
	tcase_add_test(t, what_the_kernel_is_told);
	suite_add_tcase(s, t);
	return s;
}
CHECK_MAIN(suite)
