/* What an operator can say to fibd: its lines of router.conf, and the words of fibctl. */
#include "fibd/commands.h"
#include "base/mem.h"
#include "fibd/config.h"
#include "fibd/display.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
set_sysname(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_config *c = conf;

	c->sysname[0] = '\0';
	return args_undo(a) ? 0 : arg_copy(a, "name", c->sysname, sizeof c->sysname, why);
}

static struct fib_if_config *
interface_of(void *conf, const struct args *a)
{
	return fib_config_interface(conf, arg_text(a, "interface"));
}

static int
set_interface(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_config *c = conf;

	(void)why;
	if (!args_undo(a)) {
		interface_of(conf, a);
		return 0;
	}
	for (size_t i = 0; i < c->interface_count; i++)
		if (ifname_eq(c->interfaces[i].name, arg_text(a, "interface")))
			c->interfaces[i] = c->interfaces[--c->interface_count];
	return 0;
}

/* --- VPN instances --- */

static int
set_vrf(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_config *c = conf;
	char name[FIB_VRF_NAME];

	if (arg_copy(a, "vrf", name, sizeof name, why) != 0)
		return -1;
	struct fib_vrf_config *v = fib_config_vrf(c, name);
	if (!args_undo(a)) {
		if (strchr(name, '/') || !strcmp(name, "lo") || !strcmp(name, ".") || !strcmp(name, ".."))
			return conf_refuse(why, "%s is no name for a device of the kernel, which is made for it", name);
		if (!v)
			fib_config_vrf_add(c, name);
		return 0;
	}
	if (v)
		*v = c->vrfs[--c->vrf_count];
	for (size_t i = 0; i < c->interface_count; i++)
		if (!strcmp(c->interfaces[i].vrf, name))
			c->interfaces[i].vrf[0] = '\0';
	return 0;
}

/* Another interface with an address of the same network would leave it to chance where packets go. */
static int
refuse_overlap(
    const struct fib_config *c, const struct fib_if_config *own, const struct prefix *new, struct conf_error *why)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < c->interface_count; i++)
		for (size_t k = 0; k < c->interfaces[i].address_count; k++) {
			const struct prefix *old = &c->interfaces[i].addresses[k];
			bool same = addr_eq(&old->addr, &new->addr);
			bool overlap = prefix_covers(old, &new->addr) || prefix_covers(new, &old->addr);
			if (&c->interfaces[i] != own && !strcmp(c->interfaces[i].vrf, own->vrf) &&
			    (same || (overlap && !prefix_is_host(old) && !prefix_is_host(new))))
				return conf_refuse(why,
				    "%s overlaps an address of %s; give one of them another network",
				    prefix_text(new, text), c->interfaces[i].name);
		}
	return 0;
}

static int
set_binding(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_if_config *i = interface_of(conf, a);
	char before[FIB_VRF_NAME], name[FIB_VRF_NAME];

	memcpy(before, i->vrf, sizeof before);
	if (arg_copy(a, "vrf", name, sizeof name, why) != 0)
		return -1;
	if (!args_undo(a) && !fib_config_vrf(conf, name))
		return conf_refuse(why, "there is no VPN instance %s; `ip vpn-instance %s` goes before it", name, name);
	memcpy(i->vrf, args_undo(a) ? "" : name, args_undo(a) ? 1 : sizeof i->vrf);
	for (size_t k = 0; k < i->address_count; k++)
		if (refuse_overlap(conf, i, &i->addresses[k], why) != 0) {
			memcpy(i->vrf, before, sizeof before);
			return -1;
		}
	return 0;
}

static int
set_address(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_if_config *i = interface_of(conf, a);
	struct prefix p =
	    arg_given(a, "mask") ? prefix_make(arg_addr(a, "address"), arg_mask(a, "mask")) : arg_prefix(a, "address");
	bool sub = arg_given(a, "sub") || p.addr.family == 6;
	size_t at = i->address_count;

	if (args_undo(a)) {
		size_t kept = 0;
		for (size_t k = 0; k < i->address_count; k++)
			if (addr_is_set(&p.addr) ? !addr_eq(&i->addresses[k].addr, &p.addr)
						 : i->addresses[k].addr.family != 4)
				i->addresses[kept++] = i->addresses[k];
		i->address_count = kept;
		return 0;
	}
	if (addr_is_multicast(&p.addr) || p.len == 0)
		return conf_refuse(why, "not the address of an interface");
	if (p.addr.family == 4 && p.len < 31) {
		struct prefix net = prefix_network(p);
		struct addr last = prefix_broadcast(p);
		if (addr_eq(&net.addr, &p.addr) || addr_eq(&last, &p.addr))
			return conf_refuse(
			    why, "this is the network's own or its broadcast address; take one in between");
	}
	if (refuse_overlap(conf, i, &p, why) != 0)
		return -1;
	/* The first IPv4 address is the primary one; another primary takes its place, also one that was a `sub`. */
	for (size_t k = i->address_count; k-- > 0;)
		if (sub ? addr_eq(&i->addresses[k].addr, &p.addr) : i->addresses[k].addr.family == 4)
			at = k;
	if (at == FIB_ADDRESSES_MAX)
		return conf_refuse(why, "an interface has at most %d addresses", FIB_ADDRESSES_MAX);
	i->addresses[at] = p;
	if (at == i->address_count)
		i->address_count++;
	for (size_t k = i->address_count; k-- > at + 1;)
		if (addr_eq(&i->addresses[k].addr, &p.addr)) {
			i->address_count--;
			memmove(&i->addresses[k], &i->addresses[k + 1], (i->address_count - k) * sizeof p);
		}
	return 0;
}

static int
set_shutdown(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	interface_of(conf, a)->shutdown = !args_undo(a);
	return 0;
}

static int
set_mpls(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	interface_of(conf, a)->mpls = !args_undo(a);
	return 0;
}

static int
set_mtu(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	interface_of(conf, a)->mtu = args_undo(a) ? 0 : (uint16_t)arg_u32(a, "mtu");
	return 0;
}

static int
set_vlan(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_if_config *i = interface_of(conf, a);

	if (!args_undo(a) && !strrchr(i->name, '.'))
		return conf_refuse(
		    why, "%s is no subinterface: those are called %s.1 to %s.4094", i->name, i->name, i->name);
	i->vlan = args_undo(a) ? 0 : (uint16_t)arg_u32(a, "vlan");
	return 0;
}

static int
set_description(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_if_config *i = interface_of(conf, a);

	i->description[0] = '\0';
	return args_undo(a) ? 0 : arg_copy(a, "description", i->description, sizeof i->description, why);
}

/* The line is taken so that a configuration with it can be loaded; what it asks for, nobody can do here. */
static int
set_balance(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_config *c = conf;

	c->balance_packets = !args_undo(a);
	if (!args_undo(a))
		conf_warn(why, "the kernel balances by flow: packets of one connection stay on one path, so that they "
			       "keep their order");
	return 0;
}

static int
set_static(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_config *c = conf;
	const char *out = arg_text(a, "interface");
	uint8_t len = arg_given(a, "mask") ? arg_mask(a, "mask") : (uint8_t)arg_u32(a, "length");
	struct prefix prefix = prefix_make(arg_addr(a, "destination"), len), net = prefix_network(prefix);
	struct fib_via_key via = { .next_hop = arg_addr(a, "nexthop"),
		.black_hole = arg_given(a, "NULL0"),
		.preference = arg_given(a, "preference") ? (uint8_t)arg_u32(a, "value") : FIB_STATIC_PREFERENCE };
	char wrong[PREFIX_TEXT], right[PREFIX_TEXT], vrf[FIB_VRF_NAME], session[FIB_SESSION_NAME], note[81];

	if (arg_copy(a, "vrf", vrf, sizeof vrf, why) != 0 ||
	    arg_copy(a, "session", session, sizeof session, why) != 0 ||
	    arg_copy(a, "description", note, sizeof note, why) != 0)
		return -1;
	via.vrf = *vrf ? fib_config_note(c, vrf) : 0;
	if (!prefix_eq(&net, &prefix))
		return conf_refuse(why, "%s has bits set behind its mask; did you mean %s?",
		    prefix_text(&prefix, wrong), prefix_text(&net, right));
	if (arg_given(a, "nexthop") &&
	    (addr_is_multicast(&via.next_hop) || addr_is_loopback(&via.next_hop) || addr_is_unspecified(&via.next_hop)))
		return conf_refuse(why, "the next hop is not the address of another router");
	if (via.next_hop.family == 6 && addr_is_link_local(&via.next_hop) && !out)
		return conf_refuse(why, "a link-local next hop is on every link; name its interface in front of it");
	if (args_undo(a)) {
		size_t kept = 0;
		for (size_t i = 0; i < c->static_count; i++)
			if (!prefix_eq(&c->statics[i].prefix, &prefix) ||
			    fib_config_via(c, &c->statics[i])->vrf != via.vrf ||
			    (addr_is_set(&via.next_hop) &&
				!addr_eq(&fib_config_via(c, &c->statics[i])->next_hop, &via.next_hop)))
				c->statics[kept++] = c->statics[i];
		c->static_count = kept;
		return 0;
	}
	if (out)
		via.name = fib_config_name(c, out);
	if (*note)
		via.note = fib_config_note(c, note);
	if (arg_given(a, "track")) {
		if (via.black_hole)
			return conf_refuse(why, "NULL0 leads to nobody who could be watched; take `track` out");
		via.track = fib_config_note(c, session);
	}
	if (arg_given(a, "bfd")) {
		if (via.track || !addr_is_set(&via.next_hop))
			return conf_refuse(why, via.track ? "it follows one session: take `track` or `bfd enable` out"
							  : "`bfd enable` watches a next hop by its address; name it");
		via.bfd = true;
	}
	fib_config_static(c, &prefix, &via);
	return 0;
}

static int
set_default_bfd(void *conf, const struct args *a, struct conf_error *why)
{
	struct fib_config *c = conf;

	(void)why;
	if (args_undo(a))
		c->bfd.min_tx_ms = c->bfd.min_rx_ms = c->bfd.multiplier = 0;
	if (arg_given(a, "min-tx-interval"))
		c->bfd.min_tx_ms = (uint16_t)arg_u32(a, "tx");
	if (arg_given(a, "min-rx-interval"))
		c->bfd.min_rx_ms = (uint16_t)arg_u32(a, "rx");
	if (arg_given(a, "detect-multiplier"))
		c->bfd.multiplier = (uint8_t)arg_u32(a, "multiplier");
	return 0;
}

#define NEXT_HOP4 "{ NULL0 | <address>:nexthop | <ifname>:interface [ <address>:nexthop ] }"
#define NEXT_HOP6 "{ NULL0 | <address6>:nexthop | <ifname>:interface [ <address6>:nexthop ] }"
#define VRF "[ vpn-instance <word>:vrf ] "
#define ROUTE_OPTIONS                                                                                                  \
	"[ preference <1-255>:value | track bfd-session <word>:session | bfd enable | description <word>:description " \
	"]*"

const struct command fib_commands[] = {
	{ .view = VIEW_SYSTEM,
	    .words = "sysname <word>:name",
	    .set = set_sysname,
	    .help = "This router's name",
	    .ref = "reference 002" },
	{ .view = VIEW_SYSTEM,
	    .words = "interface <ifname>:interface",
	    .enters = VIEW_INTERFACE,
	    .set = set_interface,
	    .help = "An interface, by the kernel's name, its alias or its alternative name; LoopBackN is created",
	    .ref = "reference 002" },
	{ .view = VIEW_SYSTEM,
	    .words = "ip vpn-instance <word>:vrf",
	    .enters = VIEW_VPN,
	    .set = set_vrf,
	    .help = "A VPN instance: routes and interfaces of its own; its device in the kernel has its name, up to 15 "
		    "characters",
	    .ref = "reference 002" },
	{ .view = VIEW_INTERFACE,
	    .words = "ip binding vpn-instance <word>:vrf",
	    .undo = "ip binding vpn-instance [ <word>:vrf ]",
	    .set = set_binding,
	    .help = "The interface is in a VPN instance",
	    .ref = "reference 002" },
	{ .view = VIEW_INTERFACE,
	    .words = "ip address <address>:address <mask>:mask [ sub ]",
	    .set = set_address,
	    .help = "IPv4 address with its mask or length; `sub` adds one to the first",
	    .ref = "reference 002" },
	{ .view = VIEW_INTERFACE,
	    .words = "ipv6 address <prefix6>:address",
	    .set = set_address,
	    .help = "IPv6 address",
	    .ref = "RFC 4291" },
	{ .view = VIEW_INTERFACE,
	    .words = "shutdown",
	    .set = set_shutdown,
	    .help = "Takes the interface down; `undo shutdown`, the default, brings it up",
	    .ref = "reference 002" },
	{ .view = VIEW_INTERFACE,
	    .words = "mpls",
	    .set = set_mpls,
	    .help = "Labelled packets are accepted here",
	    .ref = "RFC 3031" },
	{ .view = VIEW_INTERFACE,
	    .words = "vlan-type dot1q <1-4094>:vlan",
	    .undo = "vlan-type dot1q [ <1-4094>:vlan ]",
	    .set = set_vlan,
	    .help =
		"A subinterface, as GigabitEthernet0/1/0.10, has the frames of its port with this tag; it is made here",
	    .ref = "IEEE 802.1Q" },
	{ .view = VIEW_INTERFACE,
	    .words = "mtu <68-65535>:mtu",
	    .undo = "mtu",
	    .set = set_mtu,
	    .help = "Largest packet, in bytes",
	    .ref = "RFC 791" },
	{ .view = VIEW_INTERFACE,
	    .words = "description <text>:description",
	    .undo = "description",
	    .set = set_description,
	    .help = "A note for people",
	    .ref = "reference 002" },
	{ .view = VIEW_SYSTEM,
	    .words = "load-balance packet all",
	    .set = set_balance,
	    .help = "Taken with a warning: the kernel balances by flow, and never packet by packet",
	    .ref = "reference 002" },
	{ .view = VIEW_SYSTEM,
	    .words = "ip route-static " VRF "<address>:destination <mask>:mask " NEXT_HOP4 " " ROUTE_OPTIONS,
	    .undo = "ip route-static " VRF "<address>:destination <mask>:mask [ " NEXT_HOP4 " " ROUTE_OPTIONS " ]",
	    .set = set_static,
	    .help = "Static route; several of one preference share the load, one of a higher preference is the backup; "
		    "`track` takes it away while that BFD session says that the path is dead",
	    .ref = "reference 002" },
	{ .view = VIEW_SYSTEM,
	    .words = "ip route-static default-bfd { min-tx-interval <1-60000>:tx | min-rx-interval <1-60000>:rx | "
		     "detect-multiplier <1-255>:multiplier }*",
	    .undo = "ip route-static default-bfd",
	    .set = set_default_bfd,
	    .help = "Timers of the BFD sessions that `bfd enable` behind a static route asks for (default 10 10 3)",
	    .ref = "RFC 5882 4" },
	{ .view = VIEW_SYSTEM,
	    .words = "ipv6 route-static " VRF "<address6>:destination <0-128>:length " NEXT_HOP6 " " ROUTE_OPTIONS,
	    .undo =
		"ipv6 route-static " VRF "<address6>:destination <0-128>:length [ " NEXT_HOP6 " " ROUTE_OPTIONS " ]",
	    .set = set_static,
	    .help = "Static IPv6 route",
	    .ref = "reference 002" },

	{ .view = VIEW_EXEC,
	    .words = "display ip routing-table " VRF "[ <prefix>:destination | verbose ]*",
	    .tables = "fib.Route fib.Interface",
	    .keep = fib_keep_routes4,
	    .show = fib_show_routes,
	    .help = "IPv4 routes: which are used, where they lead",
	    .ref = "reference 002" },
	{ .view = VIEW_EXEC,
	    .words = "display ipv6 routing-table " VRF "[ <prefix>:destination | verbose ]*",
	    .tables = "fib.Route fib.Interface",
	    .keep = fib_keep_routes6,
	    .show = fib_show_routes,
	    .help = "IPv6 routes",
	    .ref = "reference 002" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls lsp",
	    .tables = "fib.Ilm fib.Route fib.Interface",
	    .show = fib_show_lsps,
	    .help = "Labels as the kernel has them: incoming, and pushed at the ingress",
	    .ref = "RFC 3031 3.10" },
	{ .view = VIEW_EXEC,
	    .words = "display mpls circuit [ interface <ifname>:interface | verbose ]*",
	    .tables = "fib.Circuit fib.Interface",
	    .request = "circuit-counters",
	    .keep = fib_keep_circuits,
	    .show = fib_show_circuits,
	    .help = "Attachment circuits and their pseudowires as the kernel forwards them, with counters",
	    .ref = "RFC 4448" },
	{ .view = VIEW_EXEC,
	    .words = "display interface brief",
	    .tables = "fib.Interface",
	    .show = fib_show_interfaces,
	    .help = "Interfaces and their state",
	    .ref = "reference 002" },
	{ .view = VIEW_EXEC,
	    .words = "display fib kernel",
	    .tables = "fib.Kernel",
	    .show = fib_show_kernel,
	    .help = "What this kernel can do and what it lacks",
	    .ref = "doc/architecture.md" },
	{ .more = fib_policy_commands },
};

static void *
fresh_config(void)
{
	return NEW(struct fib_config);
}

static void
drop_config(void *conf)
{
	fib_config_free(conf);
	free(conf);
}

const struct conf_kind fib_conf = {
	.rows = fib_commands, .fresh = fresh_config, .drop = drop_config, .check = fib_check_policies
};
