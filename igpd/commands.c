/* What an operator can say to igpd: OSPF as references 000 and 002 write it, and what they leave to other pages. */
#include "igpd/commands.h"
#include "base/mem.h"
#include "base/secret_text.h"
#include "igpd/config.h"
#include "proto/fib.pb-c.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- processes --- */

static uint32_t
number_of(const struct args *a)
{
	uint32_t number = arg_u32(a, "process");

	return number ? number : IGP_PROCESS;
}

static int
set_process(void *conf, const struct args *a, struct conf_error *why)
{
	struct igp_config *c = conf;
	struct igp_process_config *p = igp_config_process(c, number_of(a));
	struct addr router = arg_addr(a, "router");
	char vrf[IGP_VRF];

	if (args_undo(a)) {
		igp_config_process_remove(c, number_of(a));
		return 0;
	}
	if (arg_copy(a, "vrf", vrf, sizeof vrf, why) != 0)
		return -1;
	if (addr_is_set(&router) && !addr_to_v4(&router))
		return conf_refuse(why, "0.0.0.0 is no router ID");
	if (p && arg_given(a, "vrf") && strcmp(p->vrf, vrf) != 0)
		return conf_refuse(
		    why, "process %u is in another VPN instance; `undo ospf %u` first", number_of(a), number_of(a));
	if (!p) {
		p = igp_config_process_add(c, number_of(a));
		memcpy(p->vrf, vrf, sizeof p->vrf);
	}
	if (addr_is_set(&router))
		p->ospf.router_id = addr_to_v4(&router);
	return 0;
}

/* The process whose view this is. When the line that opens the view was refused it is nobody's. */
struct igp_process_config *
igp_line_process(void *conf, const struct args *a)
{
	static struct igp_process_config nobody;
	struct igp_process_config *p = igp_config_process(conf, number_of(a));

	ospf_config_free(&nobody.ospf);
	nobody = (struct igp_process_config){ 0 };
	return p ? p : &nobody;
}

static int
set_paths(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	igp_line_process(conf, a)->ospf.paths = args_undo(a) ? 0 : (uint16_t)arg_u32(a, "paths");
	return 0;
}

static int
set_bandwidth(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	igp_line_process(conf, a)->ospf.bandwidth_mbps = args_undo(a) ? 0 : arg_u32(a, "mbps");
	return 0;
}

static int
set_spf_delays(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_spf_delays d = { 0 };

	if (!args_undo(a))
		d = (struct ospf_spf_delays){ true, (uint16_t)arg_u32(a, "first"), (uint16_t)arg_u32(a, "again"),
			(uint16_t)arg_u32(a, "most") };
	if (d.set && (d.first_ms > d.most_ms || d.again_ms > d.most_ms))
		return conf_refuse(why, "the most is %u ms: the other delays have to be shorter", d.most_ms);
	igp_line_process(conf, a)->ospf.spf = d;
	return 0;
}

static int
set_stub_router(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	igp_line_process(conf, a)->ospf.stub_router = !args_undo(a);
	return 0;
}

static int
set_silent(void *conf, const struct args *a, struct conf_error *why)
{
	struct igp_process_config *p = igp_line_process(conf, a);
	const size_t most = COUNT(p->silent);
	char name[OSPF_NAME];
	uint8_t at = 0;

	if (arg_given(a, "all")) {
		p->all_silent = !args_undo(a);
		return 0;
	}
	if (arg_copy(a, "ifname", name, sizeof name, why) != 0)
		return -1;
	while (at < p->silent_count && !ifname_eq(p->silent[at], name))
		at++;
	if (args_undo(a) && at < p->silent_count) {
		memmove(&p->silent[at], &p->silent[at + 1], (size_t)(p->silent_count - at - 1) * sizeof p->silent[0]);
		p->silent_count--;
	}
	if (args_undo(a) || at < p->silent_count)
		return 0;
	if (at == most)
		return conf_refuse(
		    why, "a process has at most %zu lines `silent-interface`; say `silent-interface all`", most);
	memcpy(p->silent[p->silent_count++], name, sizeof name);
	return 0;
}

static int
set_import(void *conf, const struct args *a, struct conf_error *why)
{
	struct igp_process_config *p = igp_line_process(conf, a);
	struct igp_import_config new = {
		.cost = arg_u32(a, "cost"), .tag = arg_u32(a, "tag"), .type1 = arg_u32(a, "type") == 1
	};
	uint8_t at = 0;

	(void)why;
	new.protocol = arg_given(a, "direct")   ? FIB__PROTOCOL__DIRECT
		       : arg_given(a, "static") ? FIB__PROTOCOL__STATIC
		       : arg_given(a, "isis")   ? FIB__PROTOCOL__ISIS
		       : arg_given(a, "rip")    ? FIB__PROTOCOL__RIP
						: FIB__PROTOCOL__BGP;
	while (at < p->import_count && p->imports[at].protocol != new.protocol)
		at++;
	if (args_undo(a)) {
		if (at < p->import_count)
			p->imports[at] = p->imports[--p->import_count];
		memset(&p->imports[p->import_count], 0, sizeof *p->imports);
		return 0;
	}
	p->imports[at] = new; /* there is room for each protocol */
	p->import_count = at == p->import_count ? (uint8_t)(at + 1) : p->import_count;
	return 0;
}

/* --- areas --- */

uint32_t
igp_line_area_id(const struct args *a)
{
	struct addr dotted = arg_addr(a, "area");

	return addr_is_set(&dotted) ? addr_to_v4(&dotted) : arg_u32(a, "number");
}

static int
set_area(void *conf, const struct args *a, struct conf_error *why)
{
	struct igp_process_config *p = igp_config_process(conf, number_of(a));
	struct ospf_area_config *area = p ? igp_config_area(p, igp_line_area_id(a), !args_undo(a)) : NULL;

	(void)why;
	if (!args_undo(a) || !area)
		return 0;
	free(area->networks);
	free(area->ranges);
	*area = p->ospf.areas[--p->ospf.area_count];
	return 0;
}

struct ospf_area_config *
igp_line_area(void *conf, const struct args *a)
{
	static struct ospf_area_config nobody;
	struct ospf_area_config *area = igp_config_area(igp_line_process(conf, a), igp_line_area_id(a), false);

	free(nobody.networks);
	free(nobody.ranges);
	nobody = (struct ospf_area_config){ 0 };
	return area ? area : &nobody;
}

static int
set_network(void *conf, const struct args *a, struct conf_error *why)
{
	struct igp_process_config *p = igp_line_process(conf, a);
	struct ospf_area_config *area = igp_line_area(conf, a);
	struct addr address = arg_addr(a, "address"), wildcard = arg_addr(a, "wildcard");
	struct ospf_network_config new = { addr_to_v4(&address), addr_to_v4(&wildcard) };
	size_t at = 0;
	char text[ADDR_TEXT];

	new.address &= ~new.wildcard;
	while (at < area->network_count &&
	       (area->networks[at].address != new.address || area->networks[at].wildcard != new.wildcard))
		at++;
	if (args_undo(a)) {
		if (at < area->network_count)
			area->networks[at] = area->networks[--area->network_count];
		return 0;
	}
	for (size_t i = 0; i < p->ospf.area_count; i++)
		for (size_t k = 0; k < p->ospf.areas[i].network_count; k++) {
			const struct ospf_network_config *n = &p->ospf.areas[i].networks[k];
			struct addr id = addr_v4(p->ospf.areas[i].id);
			if (&p->ospf.areas[i] != area && n->address == new.address && n->wildcard == new.wildcard)
				return conf_refuse(why, "this network is in area %s already", addr_text(&id, text));
		}
	if (at < area->network_count)
		return 0;
	area->networks = mem_resize(area->networks, (area->network_count + 1) * sizeof *area->networks);
	area->networks[area->network_count++] = new;
	return 0;
}

static int
set_stub(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_area_config *area = igp_line_area(conf, a);

	if (igp_line_area_id(a) == 0)
		return conf_refuse(why, "the backbone is no stub area");
	if (!args_undo(a) && area->nssa)
		return conf_refuse(why, "the area is an NSSA; `undo nssa` first");
	if (!args_undo(a) && area->vlink_count)
		return conf_refuse(why, "virtual links lead through the area; take them away first");
	area->stub = !args_undo(a);
	area->no_summary = !args_undo(a) && arg_given(a, "no-summary");
	return 0;
}

static int
set_default_cost(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	igp_line_area(conf, a)->default_cost = args_undo(a) ? 0 : arg_u32(a, "cost");
	return 0;
}

static int
set_range(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_area_config *area = igp_line_area(conf, a);
	struct ospf_range_config new = { .prefix = prefix_network(arg_prefix(a, "address")),
		.not_advertised = arg_given(a, "not-advertise"),
		.cost = arg_u32(a, "cost") };
	size_t at = 0;

	(void)why;
	while (at < area->range_count && !prefix_eq(&area->ranges[at].prefix, &new.prefix))
		at++;
	if (args_undo(a)) {
		if (at < area->range_count)
			area->ranges[at] = area->ranges[--area->range_count];
		return 0;
	}
	if (at == area->range_count)
		area->ranges = mem_resize(area->ranges, ++area->range_count * sizeof *area->ranges);
	area->ranges[at] = new;
	return 0;
}

/* --- authentication --- */

static enum ospf_key_kind
kind_of(const struct args *a)
{
	return arg_given(a, "simple")        ? OSPF_KEY_SIMPLE
	       : arg_given(a, "md5")         ? OSPF_KEY_MD5
	       : arg_given(a, "hmac-sha1")   ? OSPF_KEY_SHA1
	       : arg_given(a, "hmac-sha256") ? OSPF_KEY_SHA256
	       : arg_given(a, "hmac-sha384") ? OSPF_KEY_SHA384
					     : OSPF_KEY_SHA512;
}

static int
read_secret(const struct args *a, struct ospf_key *key, struct conf_error *why)
{
	const char *text = arg_text(a, "key");
	char secret[SECRET_TEXT] = "";
	size_t most = key->kind == OSPF_KEY_SIMPLE ? 8 : key->kind == OSPF_KEY_MD5 ? 16 : OSPF_SECRET_MAX;

	if (!arg_given(a, "cipher"))
		snprintf(secret, sizeof secret, "%s", text);
	else if (!secret_from_text(text, secret, sizeof secret))
		return conf_refuse(
		    why, "this is not the cipher form of a key, as a configuration prints it; give it with `plain`");
	if (strlen(secret) > most || strlen(text) >= sizeof secret)
		return conf_refuse(why, "a key of this kind has at most %zu characters", most);
	memcpy(key->secret, secret, strlen(secret) + 1);
	return 0;
}

/* Another number adds a key behind those that are there; the first is sent until it is taken away. */
static int
set_key(struct ospf_keys *keys, const struct args *a, struct conf_error *why)
{
	struct ospf_key new = { .kind = kind_of(a), .id = (uint8_t)arg_u32(a, "id") };
	uint8_t at = 0;

	if (args_undo(a)) {
		uint8_t kept = 0;
		for (uint8_t i = 0; i < keys->count; i++)
			if (arg_given(a, "id") && keys->key[i].id != new.id)
				keys->key[kept++] = keys->key[i];
		memset(&keys->key[kept], 0, (size_t)(OSPF_KEYS_MAX - kept) * sizeof *keys->key);
		keys->count = kept;
		return 0;
	}
	if (read_secret(a, &new, why) != 0)
		return -1;
	if (keys->count && (keys->key[0].kind == OSPF_KEY_SIMPLE || new.kind == OSPF_KEY_SIMPLE))
		*keys = (struct ospf_keys){ 0 }; /* a simple password stands alone */
	while (at < keys->count && keys->key[at].id != new.id)
		at++;
	if (at == OSPF_KEYS_MAX)
		return conf_refuse(why, "there are at most %d keys", OSPF_KEYS_MAX);
	keys->key[at] = new;
	keys->count = at == keys->count ? (uint8_t)(at + 1) : keys->count;
	return 0;
}

static int
set_area_key(void *conf, const struct args *a, struct conf_error *why)
{
	return set_key(&igp_line_area(conf, a)->keys, a, why);
}

/* --- interfaces --- */

static int
drop_interface(void *conf, const struct args *a, struct conf_error *why)
{
	struct igp_config *c = conf;
	char name[OSPF_NAME];

	if (arg_copy(a, "interface", name, sizeof name, why) != 0)
		return -1;
	struct igp_interface_config *i = igp_config_interface(c, name);
	if (args_undo(a) && i)
		*i = c->interfaces[--c->interface_count];
	return 0;
}

struct igp_interface_config *
igp_line_interface(void *conf, const struct args *a, struct conf_error *why)
{
	static struct igp_interface_config nobody;
	char name[OSPF_NAME];

	nobody = (struct igp_interface_config){ 0 };
	if (arg_copy(a, "interface", name, sizeof name, why) != 0)
		return &nobody;
	struct igp_interface_config *i = igp_config_interface(conf, name);
	return i ? i : igp_config_interface_add(conf, name);
}

static int
set_enable(void *conf, const struct args *a, struct conf_error *why)
{
	struct igp_interface_config *i = igp_line_interface(conf, a, why);

	i->ospf.enabled = !args_undo(a);
	i->process = args_undo(a) ? 0 : number_of(a);
	i->ospf.area = args_undo(a) ? 0 : igp_line_area_id(a);
	return 0;
}

static int
set_cost(void *conf, const struct args *a, struct conf_error *why)
{
	igp_line_interface(conf, a, why)->ospf.cost = args_undo(a) ? 0 : arg_u32(a, "cost");
	return 0;
}

static int
set_type(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_interface_config *i = &igp_line_interface(conf, a, why)->ospf;

	i->has_type = !args_undo(a);
	i->type = arg_given(a, "p2p")    ? OSPF_POINT_TO_POINT
		  : arg_given(a, "p2mp") ? OSPF_POINT_TO_MULTIPOINT
		  : arg_given(a, "nbma") ? OSPF_NBMA
					 : OSPF_BROADCAST;
	return 0;
}

static int
set_timer(void *conf, const struct args *a, struct conf_error *why)
{
	struct ospf_interface_config *i = &igp_line_interface(conf, a, why)->ospf;
	uint32_t seconds = args_undo(a) ? 0 : arg_u32(a, "seconds");

	if (arg_given(a, "hello"))
		i->hello_s = (uint16_t)seconds;
	else if (arg_given(a, "dead"))
		i->dead_s = seconds;
	else
		i->retransmit_s = (uint16_t)seconds;
	if (i->dead_s && i->hello_s && i->dead_s <= i->hello_s)
		return conf_refuse(
		    why, "the dead interval, %u s, is not longer than the hello interval, %u s", i->dead_s, i->hello_s);
	return 0;
}

static int
set_delay(void *conf, const struct args *a, struct conf_error *why)
{
	igp_line_interface(conf, a, why)->ospf.delay_s = args_undo(a) ? 0 : (uint16_t)arg_u32(a, "seconds");
	return 0;
}

static int
set_priority(void *conf, const struct args *a, struct conf_error *why)
{
	igp_line_interface(conf, a, why)->ospf.priority = args_undo(a) ? -1 : (int16_t)arg_u32(a, "priority");
	return 0;
}

static int
set_mtu_ignored(void *conf, const struct args *a, struct conf_error *why)
{
	igp_line_interface(conf, a, why)->ospf.mtu_ignored = !args_undo(a);
	return 0;
}

static int
set_interface_hiding(void *conf, const struct args *a, struct conf_error *why)
{
	igp_line_interface(conf, a, why)->ospf.hiding = args_undo(a)              ? OSPF_HIDING_UNSAID
							: arg_given(a, "disable") ? OSPF_NOT_HIDDEN
										  : OSPF_HIDDEN;
	return 0;
}

static int
set_hiding(void *conf, const struct args *a, struct conf_error *why)
{
	(void)why;
	igp_line_process(conf, a)->ospf.hidden = !args_undo(a);
	return 0;
}

static int
set_interface_key(void *conf, const struct args *a, struct conf_error *why)
{
	return set_key(&igp_line_interface(conf, a, why)->ospf.keys, a, why);
}

#define KEY                                                                                                           \
	"authentication-mode { simple { plain | cipher } <word>:key | { md5 | hmac-sha1 | hmac-sha256 | hmac-sha384 " \
	"| "                                                                                                          \
	"hmac-sha512 } <0-255>:id { plain | cipher } <word>:key }"
#define AREA "area { <0-4294967295>:number | <address>:area }"

const struct command igp_commands[] = {
	{ .view = VIEW_SYSTEM,
	    .words = "ospf [ <1-65535>:process ] [ router-id <address>:router | vpn-instance <word>:vrf ]*",
	    .undo = "ospf [ <1-65535>:process ]",
	    .enters = VIEW_OSPF,
	    .set = set_process,
	    .help = "An OSPF process (default 1); its router ID is the highest loopback address if none is given",
	    .ref = "reference 002" },
	{ .view = VIEW_OSPF,
	    .words = AREA,
	    .enters = VIEW_OSPF_AREA,
	    .set = set_area,
	    .help = "An area; 0 is the backbone",
	    .ref = "reference 002" },
	{ .view = VIEW_OSPF,
	    .words = "maximum load-balancing <1-32>:paths",
	    .undo = "maximum load-balancing",
	    .set = set_paths,
	    .help = "So many equal ways are used at once (default 8)",
	    .ref = "RFC 2328 16.8" },
	{ .view = VIEW_OSPF,
	    .words = "bandwidth-reference <1-2147483648>:mbps",
	    .undo = "bandwidth-reference",
	    .set = set_bandwidth,
	    .help = "An interface of this speed, in Mbit/s, costs 1 (default 100); slower ones cost more",
	    .ref = "RFC 2328 C.3" },
	{ .view = VIEW_OSPF,
	    .words = "spf-schedule-interval intelligent-timer <1-20000>:most <0-1000>:first <1-5000>:again",
	    .undo = "spf-schedule-interval",
	    .set = set_spf_delays,
	    .help =
		"Milliseconds from a change until routes follow: at most, after calm, and again within half a second "
		"(default 200 5 50)",
	    .ref = "RFC 8405" },
	{ .view = VIEW_OSPF,
	    .words = "suppress-reachability",
	    .set = set_hiding,
	    .help = "Nobody is told how to reach networks that serve transit alone; loopbacks, silent interfaces and "
		    "networks "
		    "without neighbours are told as ever",
	    .ref = "RFC 6860 2" },
	{ .view = VIEW_OSPF,
	    .words = "stub-router",
	    .set = set_stub_router,
	    .help = "Others send through this router only as a last resort",
	    .ref = "RFC 6987" },
	{ .view = VIEW_OSPF,
	    .words = "silent-interface { all | <ifname>:ifname }",
	    .set = set_silent,
	    .help = "Their networks are told to others, but no packets are sent there, and none are heard",
	    .ref = "RFC 2328 9" },
	{ .view = VIEW_OSPF,
	    .words =
		"import-route { direct | static | isis | rip | bgp } [ cost <0-16777214>:cost | type <1-2>:type | tag "
		"<0-4294967295>:tag ]*",
	    .undo = "import-route { direct | static | isis | rip | bgp }",
	    .set = set_import,
	    .help = "Routes of another origin are told as external ones (default: cost 1, type 2)",
	    .ref = "RFC 2328 12.4.4" },
	{ .view = VIEW_OSPF_AREA,
	    .words = "network <address>:address <address>:wildcard",
	    .set = set_network,
	    .help = "Interfaces with an address that fits, but for the bits of the wildcard, are in this area",
	    .ref = "reference 002" },
	{ .view = VIEW_OSPF_AREA,
	    .words = "stub [ no-summary ]",
	    .undo = "stub",
	    .set = set_stub,
	    .help = "A default route in place of what is outside the AS; `no-summary`: of other areas, too",
	    .ref = "RFC 2328 3.6" },
	{ .view = VIEW_OSPF_AREA,
	    .words = "default-cost <1-16777214>:cost",
	    .undo = "default-cost",
	    .set = set_default_cost,
	    .help = "Of the default route into a stub area (default 1)",
	    .ref = "RFC 2328 12.4.3.1" },
	{ .view = VIEW_OSPF_AREA,
	    .words = "abr-summary <address>:address <mask>:mask [ not-advertise | cost <1-16777214>:cost ]*",
	    .undo = "abr-summary <address>:address <mask>:mask",
	    .set = set_range,
	    .help = "Other areas are told of this network in place of those in it",
	    .ref = "RFC 2328 12.4.3" },
	{ .view = VIEW_OSPF_AREA,
	    .words = KEY,
	    .undo = "authentication-mode [ <0-255>:id ]",
	    .set = set_area_key,
	    .help =
		"Of all interfaces of the area that have no key of their own; the first key is sent, all are accepted",
	    .ref = "RFC 2328 D" },
	{ .view = VIEW_SYSTEM,
	    .words = "interface <ifname>:interface",
	    .enters = VIEW_INTERFACE,
	    .set = drop_interface,
	    .help = "The interface whose settings follow; `undo interface` takes its OSPF settings away as well",
	    .ref = "reference 002" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf enable [ <1-65535>:process ] " AREA,
	    .undo = "ospf enable",
	    .set = set_enable,
	    .help = "OSPF on this interface, whatever `network` says",
	    .ref = "reference 000" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf cost <1-65535>:cost",
	    .undo = "ospf cost",
	    .set = set_cost,
	    .help = "Of sending out of this interface (default: by its speed)",
	    .ref = "RFC 2328 C.3" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf network-type { broadcast | p2p | p2mp | nbma }",
	    .undo = "ospf network-type",
	    .set = set_type,
	    .help = "Whether a designated router is elected there (broadcast, nbma) or not; with nbma `peer` says who "
		    "is there",
	    .ref = "RFC 2328 1.2" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf timer { hello | dead | retransmit } <1-65535>:seconds",
	    .undo = "ospf timer { hello | dead | retransmit }",
	    .set = set_timer,
	    .help = "Seconds (default: hello 10, or 30 on p2mp and nbma; dead four times that; retransmit 5)",
	    .ref = "RFC 2328 C.3" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf trans-delay <1-3600>:seconds",
	    .undo = "ospf trans-delay",
	    .set = set_delay,
	    .help = "By so much LSAs age on this link (default 1)",
	    .ref = "RFC 2328 C.3" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf dr-priority <0-255>:priority",
	    .undo = "ospf dr-priority",
	    .set = set_priority,
	    .help = "Of becoming designated router (default 1); 0: never",
	    .ref = "RFC 2328 C.3" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf mtu-ignore",
	    .set = set_mtu_ignored,
	    .help = "Neighbours with a larger MTU are taken all the same",
	    .ref = "RFC 2328 10.6" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf suppress-reachability [ disable ]",
	    .undo = "ospf suppress-reachability",
	    .set = set_interface_hiding,
	    .help = "Nobody is told how to reach the link's own network, which serves transit alone; what is said here "
		    "goes "
		    "before the process",
	    .ref = "RFC 6860 2" },
	{ .view = VIEW_INTERFACE,
	    .words = "ospf " KEY,
	    .undo = "ospf authentication-mode [ <0-255>:id ]",
	    .set = set_interface_key,
	    .help = "Before those of the area; the first key is sent, all are accepted",
	    .ref = "RFC 2328 D, RFC 5709" },
	{ .more = igp_link_commands },
};

static void *
fresh_config(void)
{
	return NEW(struct igp_config);
}

static void
drop_config(void *conf)
{
	if (conf)
		igp_config_free(conf);
	free(conf);
}

const struct conf_kind igp_conf = { .rows = igp_commands, .fresh = fresh_config, .drop = drop_config };
