/*
 * What arbitrary bytes may do to a BGP speaker: three engines, of which the first is given messages as if one of the others
 * had sent them. The first byte of the input says how the rest is cut: bit 0 from the internal peer instead of the external
 * one; bit 1 as it is, as a stream. Otherwise it is a list of messages, each a byte of type and two of length before its
 * body. Whatever happens, everybody goes on; when the stranger is silent, sessions are up again, and what was told wrongly
 * is gone.
 */
#include "tests/helper/l3vpn_net.h"
#include <stdlib.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is imported by its target goes through there, and out again. */
static void
add_instance(struct vpn_node *node)
{
	struct bgp_config *c = &node->config;

	c->instances = mem_resize(c->instances, 2 * sizeof *c->instances);
	c->instance_count = 2;
	c->instances[1] = (struct bgp_instance_config){ .name = "V" };
	struct bgp_vpn_config *v = &c->instances[1].vpn[0];
	*v = (struct bgp_vpn_config){ .on = true, .label = 1000, .import_count = 1, .export_count = 1 };
	if (!rd_parse("100:9", &v->rd) || !rt_parse("111:1", &v->import[0]) || !rt_parse("111:1", &v->export[0]))
		abort();
}

static void
say_policy(struct bgp_peer_family *f)
{
	memcpy(f->import_policy, "POL", 4);
	memcpy(f->export_policy, "POL", 4);
}

/* Every clause is asked of what comes, and of what goes out. Nothing is denied but by what only a stranger says. */
static void
add_policies(struct vpn_net *n)
{
	struct bgp_policies *p = &n->nodes[0]->config.policies;
	struct prefix_rule r = { .permit = true, .prefix = prefix_make(addr_v4(0), 0), .less_equal = 32 };
	const struct policy_filter_rule community = { .permit = true, .count = 1, .values = { 0x00640001 } };
	char why[128];

	if (!prefix_lists_set(&p->prefixes4, "ALL", r) ||
	    !policy_filter_add(p, FILTER_COMMUNITY, "F", community, NULL, why) ||
	    !policy_filter_add(p, FILTER_EXT, "F", community, NULL, why) ||
	    !policy_filter_add(p, FILTER_AS_PATH, "F", (struct policy_filter_rule){ .permit = true },
		"^(200 )?[0-9]+_666_.*[{(]?7", why))
		abort();
	for (unsigned k = 0; k < FILTER_KINDS; k++) {
		struct policy_node *deny = policy_node(p, "POL", 10 + k);
		deny->permit = false;
		memcpy(deny->match.filter[k], "F", 2);
	}
	struct policy_node *y = policy_node(p, "POL", 20);
	memcpy(y->match.prefixes4, "ALL", 4);
	memcpy(y->match.next_hop4, "ALL", 4);
	y->apply.communities_way = y->apply.targets_way = LIST_ADDED;
	y->apply.community_count = y->apply.target_count = y->apply.prepend_count = 1;
	y->apply.communities[0] = 0x00640002;
	y->apply.targets[0] = UINT64_C(0x0002) << 48 | UINT64_C(100) << 32 | 5;
	y->apply.prepends[0] = 300;
	y->apply.cost_way = COST_MORE;
	y->apply.cost = 10;
	policy_node(p, "POL", 30);
	say_policy(&vpn_net_peer_config(n, 0, 1)->family[BGP_IPV4]);
	say_policy(&vpn_net_peer_config(n, 0, 1)->family[BGP_VPNV4]);
	say_policy(&vpn_net_peer_config(n, 0, 2)->family[BGP_IPV4]);
}

static struct vpn_net *
three(void)
{
	struct vpn_net *n = vpn_net_new(1);
	uint32_t families = 0;

	for (unsigned f = 0; f < BGP_FAMILIES; f++)
		families |= BGP_FAMILY_BIT(f);
	vpn_net_add(n, 100);
	vpn_net_add(n, 100);
	vpn_net_add(n, 200);
	vpn_net_peer(n, 0, 1, families);
	vpn_net_peer(n, 0, 2, families & ~BGP_FAMILY_BIT(BGP_RT_CONSTRAINT));
	for (unsigned f = BGP_IPV4; f <= BGP_VPNV4; f += BGP_VPNV4) /* both ways, with the one that it hears */
		for (size_t of = 0; of < 2; of++) {
			struct bgp_peer_family *pf = &vpn_net_peer_config(n, of, 1 - of)->family[f];
			pf->receive_add_path = pf->send_add_path = true;
		}
	vpn_net_peer_config(n, 0, 2)->role = BGP_ROLE_CUSTOMER;
	add_policies(n);
	n->nodes[0]->config.no_target_policy = true;
	add_instance(n->nodes[0]);
	vpn_net_start_all(n);
	vpn_net_run(n, SECONDS(5));
	vpn_net_route(n, 2, "10.7.0.0/16", false);
	struct bgp_own_route r = { .family = BGP_IPV4, .prefix = prefix_make(addr_v4(0x0a010200), 24) };
	vpn_net_give(n, 0, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = "V", .route = &r });
	vpn_net_run(n, SECONDS(1));
	return n;
}

static void
hear(struct vpn_net *n, size_t from, const uint8_t *bytes, size_t size)
{
	const struct peer *p = vpn_net_peer_of(n, 0, from);

	if (p->up)
		vpn_net_give(n, 0,
		    &(struct bgp_input){ .kind = BGP_IN_STREAM, .conn = p->up->number, .bytes = bytes, .size = size });
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t message[BGP_MESSAGE_MAX];

	if (size < 2 || size > 4000)
		return 0;
	struct vpn_net *n = three();
	size_t from = data[0] & 1 ? 1 : 2;
	struct wire_reader r = wire_reader(data + 1, size - 1);
	if (data[0] & 2) {
		hear(n, from, r.base, r.size);
	} else {
		while (wire_left(&r)) {
			struct wire_writer w = wire_writer(message, sizeof message);
			struct wire_mark m = bgp_begin(&w, (enum bgp_message_type)(1 + wire_u8(&r) % 5));
			struct wire_reader body = wire_sub(&r, wire_u16(&r) % 512);
			wire_put_bytes(&w, body.base, body.size);
			bgp_end(&w, m);
			if (wire_ok(&r))
				hear(n, from, message, w.at);
		}
	}
	vpn_net_run(n, SECONDS(400)); /* longer than a hold time and all back-off */
	if (!vpn_net_is_up(n, 0, 1) || !vpn_net_is_up(n, 0, 2))
		abort();
	vpn_net_kill(n, from);
	vpn_net_run(n, SECONDS(400));
	const struct rib *rib = instance_find(n->nodes[0]->b, "")->ribs[BGP_IPV4];
	if (rib->dests.count != (from == 2 ? 0 : 1))
		abort();
	const struct rib *in_vpn = instance_find(n->nodes[0]->b, "V")->ribs[BGP_IPV4];
	if (in_vpn->path_count != 1) /* our own; what was imported is gone with who told it */
		abort();
	vpn_net_free(n);
	return 0;
}
