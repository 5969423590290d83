/* What an operator can say of links and areas that not all of them need: synchronization with LDP. */
#include "base/mem.h"
#include "igpd/commands.h"
#include "igpd/config.h"
#include <string.h>

/* --- BFD --- */

static void
read_bfd(struct ospf_bfd_config *c, const struct args *a)
{
	*c = (struct ospf_bfd_config){ .on = !args_undo(a) && !arg_given(a, "block"), .off = arg_given(a, "block") };
	if (args_undo(a))
		c->off = false;
	if (!c->on)
		return;
	c->min_tx_ms = (uint16_t)arg_u32(a, "tx");
	c->min_rx_ms = (uint16_t)arg_u32(a, "rx");
	c->multiplier = (uint8_t)arg_u32(a, "multiplier");
}

static int
set_bfd(void *conf, const struct args *a, struct conf_error *why)
{
	read_bfd(&igp_line_interface(conf, a, why)->ospf.bfd, a);
	return 0;
}

static int
set_all_bfd(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	read_bfd(&igp_line_process(conf, a)->ospf.bfd, a);
	return 0;
}

/* --- LDP-IGP synchronization --- */

static bool
says_nothing(const struct ospf_interface_config *i, uint8_t k)
{
	return !i->multi[k].enabled && !i->multi[k].sync;
}

/* What an interface view says of an area that shares the link; NULL, with the reason: there are too many. */
static uint8_t
multi_of(struct ospf_interface_config *i, uint32_t area, struct conf_error *why)
{
	uint8_t k = 0;

	while (k < i->multi_count && i->multi[k].area != area)
		k++;
	if (k < i->multi_count || k == OSPF_MULTI_MAX) {
		if (k == OSPF_MULTI_MAX)
			conf_refuse(why, "at most %d areas share a link", OSPF_MULTI_MAX);
		return k;
	}
	i->multi[k].area = area;
	return i->multi_count++;
}

static void
multi_prune(struct ospf_interface_config *i, uint8_t k)
{
	if (!says_nothing(i, k))
		return;
	i->multi[k] = i->multi[--i->multi_count];
	memset(&i->multi[i->multi_count], 0, sizeof i->multi[0]);
}

static int
set_multi(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_interface_config *i = &igp_line_interface(conf, a, why)->ospf;
	uint8_t k = multi_of(i, igp_line_area_id(a), why);

	if (k == OSPF_MULTI_MAX)
		return -1;
	i->multi[k].enabled = !args_undo(a);
	multi_prune(i, k);
	return 0;
}

static int
set_multi_sync(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_interface_config *i = &igp_line_interface(conf, a, why)->ospf;
	uint8_t k = multi_of(i, igp_line_area_id(a), why);

	if (k == OSPF_MULTI_MAX)
		return -1;
	i->multi[k].sync = args_undo(a) ? OSPF_SYNC_UNSET : OSPF_SYNC_ON;
	multi_prune(i, k);
	return 0;
}

static int
set_sync(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_interface_config *i = &igp_line_interface(conf, a, why)->ospf;

	i->sync = args_undo(a) ? OSPF_SYNC_UNSET : arg_given(a, "block") ? OSPF_SYNC_BLOCK : OSPF_SYNC_ON;
	return 0;
}

static struct ospf_span
span_of(const struct args *a)
{
	if (args_undo(a))
		return (struct ospf_span){ 0 };
	return (struct ospf_span){ .given = true, .seconds = arg_given(a, "infinite") ? 0 : arg_u32(a, "seconds") };
}

static int
set_sync_timer(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_interface_config *i = &igp_line_interface(conf, a, why)->ospf;

	*(arg_given(a, "hold-down") ? &i->sync_hold_down : &i->sync_hold_max) = span_of(a);
	return 0;
}

static int
set_all_sync(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	igp_line_process(conf, a)->ospf.sync = !args_undo(a);
	return 0;
}

static int
set_all_sync_timer(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_config *c = &igp_line_process(conf, a)->ospf;

	(void)why;
	*(arg_given(a, "hold-down") ? &c->sync_hold_down : &c->sync_hold_max) = span_of(a);
	return 0;
}

static int
set_area_sync(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	igp_line_area(conf, a)->sync = !args_undo(a);
	return 0;
}

/* The line is ldpd's. Here it is read for the sake of a warning: reference 000 tells of sessions that it keeps down. */
static int
note_gtsm(void *conf, const struct args *a, struct conf_error *why)
{
	struct igp_config *c = conf;
	struct addr peer = arg_addr(a, "peer");
	uint32_t id = addr_to_v4(&peer);
	size_t at = 0;

	(void)why;
	while (at < c->one_hop_count && c->one_hop[at] != id)
		at++;
	if (at < c->one_hop_count)
		c->one_hop[at] = c->one_hop[--c->one_hop_count];
	if (args_undo(a) || arg_u32(a, "hops") != 1)
		return 0;
	c->one_hop = mem_resize(c->one_hop, (c->one_hop_count + 1) * sizeof *c->one_hop);
	c->one_hop[c->one_hop_count++] = id;
	return 0;
}

static int
nothing(void *conf, const struct args *a, struct conf_error *why)
{
	struct igp_config *c = conf;

	(void)why;
	if (args_undo(a))
		c->one_hop_count = 0;
	return 0;
}

/* --- areas --- */

static int
set_nssa(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_area_config *area = igp_line_area(conf, a);

	if (igp_line_area_id(a) == 0)
		return conf_refuse(why, "the backbone is no NSSA");
	if (!args_undo(a) && area->stub)
		return conf_refuse(why, "the area is a stub area; `undo stub` first");
	if (!args_undo(a) && area->vlink_count)
		return conf_refuse(why, "virtual links lead through the area; take them away first");
	area->nssa = !args_undo(a);
	area->no_summary = area->nssa && arg_given(a, "no-summary");
	area->no_import = area->nssa && arg_given(a, "no-import-route");
	return 0;
}

static int
set_vlink(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_area_config *area = igp_line_area(conf, a);
	struct addr peer = arg_addr(a, "peer");
	struct ospf_vlink_config new = {
		.peer = addr_to_v4(&peer), .hello_s = (uint16_t)arg_u32(a, "hello"), .dead_s = arg_u32(a, "dead")
	};
	uint8_t at = 0;

	if (igp_line_area_id(a) == 0)
		return conf_refuse(why, "virtual links lead through other areas to the backbone, not through it");
	while (at < area->vlink_count && area->vlinks[at].peer != new.peer)
		at++;
	if (args_undo(a)) {
		if (at < area->vlink_count) {
			area->vlinks[at] = area->vlinks[--area->vlink_count];
			memset(&area->vlinks[area->vlink_count], 0, sizeof new);
		}
		return 0;
	}
	if (area->stub || area->nssa)
		return conf_refuse(why, "a stub area or NSSA is no transit area (RFC 2328 3.6)");
	if (new.dead_s &&new.dead_s <= (new.hello_s ? new.hello_s : OSPF_HELLO_S))
		return conf_refuse(why, "the dead interval, %u s, is not longer than the hello interval", new.dead_s);
	if (at == OSPF_VLINKS_MAX)
		return conf_refuse(why, "at most %d virtual links lead through an area", OSPF_VLINKS_MAX);
	area->vlinks[at] = new;
	area->vlink_count = at == area->vlink_count ? (uint8_t)(at + 1) : area->vlink_count;
	return 0;
}

/* --- links without multicast --- */

static int
set_peer(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_config *c = &igp_line_process(conf, a)->ospf;
	struct addr peer = arg_addr(a, "address");
	uint32_t address = addr_to_v4(&peer);
	size_t at = 0;

	(void)why;
	while (at < c->peer_count && c->peers[at] != address)
		at++;
	if (args_undo(a)) {
		if (at < c->peer_count)
			c->peers[at] = c->peers[--c->peer_count];
		return 0;
	}
	if (at < c->peer_count)
		return 0;
	c->peers = mem_resize(c->peers, (c->peer_count + 1) * sizeof *c->peers);
	c->peers[c->peer_count++] = address;
	return 0;
}

static int
set_poll(void *conf, const struct args *a, struct conf_error *why)
{
	igp_line_interface(conf, a, why)->ospf.poll_s = args_undo(a) ? 0 : arg_u32(a, "seconds");
	return 0;
}

/* --- among routes of other protocols --- */

static int
set_preference(void *conf, const struct args *a, struct conf_error *why)
{
	struct igp_process_config *p = igp_line_process(conf, a);

	(void)why;
	*(arg_given(a, "ase") ? &p->external_preference : &p->preference) =
	    args_undo(a) ? 0 : (uint8_t)arg_u32(a, "value");
	return 0;
}

/* --- the default route --- */

static int
set_default_route(void *conf, const struct args *a, struct conf_error *why)
{
	struct igp_process_config *p = igp_line_process(conf, a);

	(void)why;
	p->default_route.on = !args_undo(a);
	p->default_route.always = !args_undo(a) && arg_given(a, "always");
	p->default_route.type1 = !args_undo(a) && arg_u32(a, "type") == 1;
	p->default_route.cost = args_undo(a) ? 0 : arg_u32(a, "cost");
	return 0;
}

/* --- graceful restart --- */

static int
set_graceful(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_config *c = &igp_line_process(conf, a)->ospf;

	(void)why;
	if (arg_given(a, "helper")) {
		c->helper_off = !args_undo(a);
		return 0;
	}
	c->graceful_off = !args_undo(a) && arg_given(a, "disable");
	c->grace_s = args_undo(a) || c->graceful_off ? 0 : (uint16_t)arg_u32(a, "seconds");
	return 0;
}

#define BFD_TIMERS \
	"[ min-tx-interval <1-60000>:tx | min-rx-interval <1-60000>:rx | detect-multiplier <1-255>:multiplier ]*"

const struct command igp_link_commands[] = {
	{ .view = VIEW_INTERFACE,
	    .words = "ospf bfd enable " BFD_TIMERS,
	    .undo = "ospf bfd",
	    .set = set_bfd,
	    .help = "The path to each neighbour here is watched by BFD; a dead one ends it at once (default 10 10 3)",
	    .ref = "RFC 5882 4.3" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf bfd block",
	    .undo = "",
	    .set = set_bfd,
	    .help = "No BFD for OSPF here, whatever the process says",
	    .ref = "RFC 5882 4.3" },
	{ .view = VIEW_OSPF,
	    .words = "bfd all-interfaces enable " BFD_TIMERS,
	    .undo = "bfd all-interfaces",
	    .set = set_all_bfd,
	    .help = "BFD on all interfaces of the process, but for those that say otherwise",
	    .ref = "RFC 5882 4.3" },
	{ .view = VIEW_OSPF,
	    .words = "preference [ ase ] <1-255>:value",
	    .undo = "preference [ ase ]",
	    .set = set_preference,
	    .help = "Of routes among those of other protocols, the lowest wins (default 10; external ones, `ase`: 150)",
	    .ref = "reference 002" },
	{ .view = VIEW_OSPF,
	    .words = "peer <address>:address",
	    .set = set_peer,
	    .help = "A neighbour on a link without multicast (`ospf network-type nbma`)",
	    .ref = "RFC 2328 9.5.1" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf timer poll <1-65535>:seconds",
	    .undo = "ospf timer poll",
	    .set = set_poll,
	    .help = "Between Hellos to a peer on an nbma link that is silent (default 120)",
	    .ref = "RFC 2328 C.5" },
	{ .view = VIEW_OSPF,
	    .words = "default-route-advertise [ always | cost <1-16777214>:cost | type <1-2>:type ]*",
	    .undo = "default-route-advertise",
	    .set = set_default_route,
	    .help =
		"Others are told of a default route while there is one here that is not OSPF's; `always`: in any case",
	    .ref = "RFC 2328 12.4.4.1" },
	{ .view = VIEW_OSPF_AREA,
	    .words = "vlink-peer <lsr-id>:peer [ hello <1-65535>:hello | dead <1-65535>:dead ]*",
	    .undo = "vlink-peer <lsr-id>:peer",
	    .set = set_vlink,
	    .help = "A link of the backbone through this area, to the router with that ID",
	    .ref = "RFC 2328 15" },
	{ .view = VIEW_OSPF_AREA,
	    .words = "nssa [ no-summary | no-import-route ]*",
	    .undo = "nssa",
	    .set = set_nssa,
	    .help = "A stub area whose routers may import; `no-import-route`: what a border router imports is not told "
		    "there",
	    .ref = "RFC 3101" },
	{ .view = VIEW_OSPF,
	    .words = "graceful-restart { disable | period <1-1800>:seconds }",
	    .undo = "graceful-restart",
	    .set = set_graceful,
	    .help = "After a restart of igpd neighbours are asked to go on for so long (default 120), or not",
	    .ref = "RFC 3623" },
	{ .view = VIEW_OSPF,
	    .words = "graceful-restart helper disable",
	    .set = set_graceful,
	    .help = "Neighbours that restart are not helped",
	    .ref = "RFC 3623 3" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf enable multi-area { <0-4294967295>:number | <address>:area }",
	    .set = set_multi,
	    .help = "An adjacency of another area over the same link, which stays in the area that it is in",
	    .ref = "RFC 5185" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf ldp-sync multi-area { <0-4294967295>:number | <address>:area }",
	    .set = set_multi_sync,
	    .help = "As `ospf ldp-sync`, for the adjacency of another area over the link",
	    .ref = "reference 000" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf ldp-sync [ block ]",
	    .undo = "ospf ldp-sync",
	    .set = set_sync,
	    .help =
		"Traffic comes to this link when LDP has the labels of its neighbours, not before; `block`: at once, "
		"whatever the process says",
	    .ref = "reference 000" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf timer ldp-sync hold-down <0-65535>:seconds",
	    .undo = "ospf timer ldp-sync hold-down",
	    .set = set_sync_timer,
	    .help = "So long a link that came up waits for LDP before an adjacency is formed (default 10)",
	    .ref = "RFC 5443 2" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf timer ldp-sync hold-max-cost { infinite | <1-65535>:seconds }",
	    .undo = "ospf timer ldp-sync hold-max-cost",
	    .set = set_sync_timer,
	    .help = "So long a link without labels costs 65535, and then what it costs (default infinite)",
	    .ref = "RFC 5443 2" },
	{ .view = VIEW_OSPF,
	    .words = "ldp-sync enable",
	    .set = set_all_sync,
	    .help = "On all interfaces of the process, but for those that say otherwise",
	    .ref = "reference 000" },
	{ .view = VIEW_OSPF,
	    .words = "timer ldp-sync hold-down <0-65535>:seconds",
	    .undo = "timer ldp-sync hold-down",
	    .set = set_all_sync_timer,
	    .help = "As on an interface, for those that say nothing of their own (default 10)",
	    .ref = "RFC 5443 2" },
	{ .view = VIEW_OSPF,
	    .words = "timer ldp-sync hold-max-cost { infinite | <1-65535>:seconds }",
	    .undo = "timer ldp-sync hold-max-cost",
	    .set = set_all_sync_timer,
	    .help = "As on an interface, for those that say nothing of their own (default infinite)",
	    .ref = "RFC 5443 2" },
	{ .view = VIEW_OSPF_AREA,
	    .words = "ldp-sync enable",
	    .set = set_area_sync,
	    .help = "On all interfaces of the area, but for those that say otherwise",
	    .ref = "reference 000" },
	{ .view = VIEW_SYSTEM,
	    .words = "mpls ldp",
	    .enters = VIEW_MPLS_LDP,
	    .set = nothing,
	    .help = "LDP's settings; igpd warns of one that keeps synchronization from ever being achieved",
	    .ref = "reference 000" },
	{ .view = VIEW_MPLS_LDP,
	    .words = "gtsm peer <lsr-id>:peer { valid-ttl-hops <1-255>:hops | disable }",
	    .undo = "gtsm peer <lsr-id>:peer",
	    .set = note_gtsm,
	    .help = "The session with this peer comes over so many hops; 1 is a trap where its links are synchronized",
	    .ref = "reference 000" },
	{ .more = igp_display_commands },
};
