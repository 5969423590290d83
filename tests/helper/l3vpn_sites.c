#include "tests/helper/l3vpn_sites.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VPN BGP_FAMILY_BIT(BGP_VPNV4)

static void
must(bool parses) /* what a test has written */
{
	if (!parses)
		abort();
}

struct vpn_net *sites;
struct text sites_line;

struct bgp_instance_config *
site_instance(size_t pe, const char *name, const char *rd, const char *import, const char *export)
{
	struct bgp_config *c = &sites->nodes[pe]->config;

	c->instances = mem_resize(c->instances, (c->instance_count + 1) * sizeof *c->instances);
	struct bgp_instance_config *i = &c->instances[c->instance_count++];
	*i = (struct bgp_instance_config){ 0 };
	snprintf(i->name, sizeof i->name, "%s", name);
	struct bgp_vpn_config *v = &i->vpn[0];
	v->on = true;
	v->label = (uint32_t)(100 + 10 * pe + c->instance_count);
	must(rd_parse(rd, &v->rd));
	v->import_count = import && rt_parse(import, &v->import[0]);
	v->export_count = export && rt_parse(export, &v->export[0]);
	return i;
}

/* A customer's router in an instance: external, IPv4. */
void
site_customer(size_t pe, struct bgp_instance_config *i, size_t ce)
{
	i->peers = mem_resize(i->peers, (i->peer_count + 1) * sizeof *i->peers);
	struct bgp_peer_config *p = &i->peers[i->peer_count++];
	*p = (struct bgp_peer_config){ .address = sites->nodes[ce]->address,
		.as = sites->nodes[ce]->config.as,
		.source_address = sites->nodes[pe]->address };
	p->family[BGP_IPV4].enabled = true;
	vpn_net_peer_config(sites, ce, pe)->family[BGP_IPV4].enabled = true;
}

static void
reach_customers(void)
{
	for (size_t pe = PE1; pe <= PE3; pe++)
		for (size_t k = 1; k < sites->nodes[pe]->config.instance_count; k++)
			for (size_t ce = CE1; ce <= CE3; ce++) {
				struct bgp_next_hop hop = { .address = sites->nodes[ce]->address, .reachable = true };
				vpn_net_give(sites, pe,
				    &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP,
					.instance = sites->nodes[pe]->config.instances[k].name,
					.next_hop = &hop });
			}
}

void
sites_new(void)
{
	static const uint32_t as[] = { 100, 100, 100, 65001, 65002, 65003 };

	sites = vpn_net_new(1);
	for (size_t i = 0; i < COUNT(as); i++)
		vpn_net_add(sites, as[i]);
	vpn_net_peer(sites, PE1, PE2, VPN);
	vpn_net_peer(sites, PE1, PE3, VPN);
	vpn_net_peer(sites, PE2, PE3, VPN);
}

void
sites_free(void)
{
	vpn_net_free(sites);
	text_free(&sites_line);
}

void
sites_begin(void)
{
	vpn_net_start_all(sites);
	reach_customers();
	vpn_net_run(sites, SECONDS(30));
}

const struct dest *
site_dest(size_t pe, const char *name, const char *prefix)
{
	const struct instance *i = instance_find(sites->nodes[pe]->b, name);
	struct prefix p;

	must(prefix_parse(prefix, &p));
	return i && i->ribs[BGP_IPV4] ? dest_find(i->ribs[BGP_IPV4], 0, &p) : NULL;
}

const struct path *
site_best(size_t pe, const char *name, const char *prefix)
{
	const struct dest *d = site_dest(pe, name, prefix);

	return d && d->paths && d->paths->best ? d->paths : NULL;
}

size_t
site_vpn_paths(size_t pe)
{
	const struct rib *r = instance_find(sites->nodes[pe]->b, "")->ribs[BGP_VPNV4];

	return r ? r->path_count : 0;
}

/* One site at PE1, one at PE2. */
void
sites_two(const char *target_here, const char *target_there)
{
	site_customer(PE1, site_instance(PE1, "VPNA", "100:1", target_here, target_here), CE1);
	site_customer(PE2, site_instance(PE2, "VPNA", "100:2", target_there, target_there), CE2);
}

/* Reference 002: CE1 at PE1 and PE2, which have different distinguishers; PE3 balances over both. */
void
sites_dual_homed(void)
{
	site_instance(PE1, "VPNA", "100:1", "111:1", "111:1");
	site_instance(PE2, "VPNA", "100:2", "111:1", "111:1");
	struct bgp_instance_config *i = site_instance(PE3, "VPNA", "100:3", "111:1", "111:1");
	i->paths = 2;
	site_customer(PE3, i, CE3);
	sites_begin();
	for (size_t pe = PE1; pe <= PE2; pe++) {
		struct bgp_own_route r = { .family = BGP_IPV4, .origin = ORIGIN_INCOMPLETE }; /* import-route static */
		must(prefix_parse("1.1.1.1/32", &r.prefix));
		vpn_net_give(sites, pe, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = "VPNA", .route = &r });
	}
	vpn_net_run(sites, SECONDS(2));
}

unsigned
site_paths_used(size_t pe, const char *prefix)
{
	const struct dest *d = site_dest(pe, "VPNA", prefix);
	unsigned n = 0;

	for (const struct path *p = d ? d->paths : NULL; p; p = p->next)
		n += p->best || p->multi;
	return n;
}
