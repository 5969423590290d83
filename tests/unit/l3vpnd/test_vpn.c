/* VPN instances: targets, import and export, leaking, two PEs of one site, what is kept (RFC 4364 section 4). */
#include "tests/helper/check.h"
#include "tests/helper/l3vpn_net.h"
#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
#define VPN BGP_FAMILY_BIT(BGP_VPNV4)
#define P "10.1.0.0/16"

enum { PE1, PE2, PE3, CE1, CE2, CE3 };
static struct vpn_net *net;
static struct text line;

static struct bgp_instance_config *
instance(size_t pe, const char *name, const char *rd, const char *import, const char *export)
{
	struct bgp_config *c = &net->nodes[pe]->config;

	c->instances = mem_resize(c->instances, (c->instance_count + 1) * sizeof *c->instances);
	struct bgp_instance_config *i = &c->instances[c->instance_count++];
	*i = (struct bgp_instance_config){ 0 };
	snprintf(i->name, sizeof i->name, "%s", name);
	struct bgp_vpn_config *v = &i->vpn[0];
	v->on = true;
	v->label = (uint32_t)(100 + 10 * pe + c->instance_count);
	ck_assert(rd_parse(rd, &v->rd));
	v->import_count = import && rt_parse(import, &v->import[0]);
	v->export_count = export && rt_parse(export, &v->export[0]);
	return i;
}

/* A customer's router in an instance: external, IPv4. */
static void
customer(size_t pe, struct bgp_instance_config *i, size_t ce)
{
	i->peers = mem_resize(i->peers, (i->peer_count + 1) * sizeof *i->peers);
	struct bgp_peer_config *p = &i->peers[i->peer_count++];
	*p = (struct bgp_peer_config){ .address = net->nodes[ce]->address,
		.as = net->nodes[ce]->config.as,
		.source_address = net->nodes[pe]->address };
	p->family[BGP_IPV4].enabled = true;
	vpn_net_peer_config(net, ce, pe)->family[BGP_IPV4].enabled = true;
}

static void
reach_customers(void)
{
	for (size_t pe = PE1; pe <= PE3; pe++)
		for (size_t k = 1; k < net->nodes[pe]->config.instance_count; k++)
			for (size_t ce = CE1; ce <= CE3; ce++) {
				struct bgp_next_hop hop = { .address = net->nodes[ce]->address, .reachable = true };
				vpn_net_give(net, pe,
				    &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP,
					.instance = net->nodes[pe]->config.instances[k].name,
					.next_hop = &hop });
			}
}

static void
setup(void)
{
	static const uint32_t as[] = { 100, 100, 100, 65001, 65002, 65003 };

	net = vpn_net_new(1);
	for (size_t i = 0; i < COUNT(as); i++)
		vpn_net_add(net, as[i]);
	vpn_net_peer(net, PE1, PE2, VPN);
	vpn_net_peer(net, PE1, PE3, VPN);
	vpn_net_peer(net, PE2, PE3, VPN);
}

static void
teardown(void)
{
	vpn_net_free(net);
	text_free(&line);
}

static void
begin(void)
{
	vpn_net_start_all(net);
	reach_customers();
	vpn_net_run(net, SECONDS(30));
}

static const struct dest *
dest_in(size_t pe, const char *name, const char *prefix)
{
	const struct instance *i = instance_find(net->nodes[pe]->b, name);
	struct prefix p;

	ck_assert(prefix_parse(prefix, &p));
	return i && i->ribs[BGP_IPV4] ? dest_find(i->ribs[BGP_IPV4], 0, &p) : NULL;
}

static const struct path *
best_in(size_t pe, const char *name, const char *prefix)
{
	const struct dest *d = dest_in(pe, name, prefix);

	return d && d->paths && d->paths->best ? d->paths : NULL;
}

static size_t
in_vpn_table(size_t pe)
{
	const struct rib *r = instance_find(net->nodes[pe]->b, "")->ribs[BGP_VPNV4];

	return r ? r->path_count : 0;
}

/* One site at PE1, one at PE2. */
static void
two_sites(const char *target_here, const char *target_there)
{
	customer(PE1, instance(PE1, "VPNA", "100:1", target_here, target_here), CE1);
	customer(PE2, instance(PE2, "VPNA", "100:2", target_there, target_there), CE2);
}

START_TEST(a_route_goes_from_site_to_site)
{
	two_sites("111:1", "111:1");
	begin();
	vpn_net_route(net, CE1, P, false);
	vpn_net_run(net, SECONDS(2));
	const struct path *there = best_in(PE2, "VPNA", P);
	ck_assert(there && there->origin);
	ck_assert(addr_eq(&there->attrs->next_hop, &net->nodes[PE1]->address));
	ck_assert_uint_eq(there->label, net->nodes[PE1]->config.instances[1].vpn[0].label);
	const struct path *at_site = vpn_net_best(net, CE2, BGP_IPV4, P);
	ck_assert(at_site);
	ck_assert_str_eq(vpn_net_as_path(at_site, &line), "100 65001");
	ck_assert_ptr_null(vpn_net_best(net, PE2, BGP_IPV4, P)); /* the public table knows nothing of it */
	ck_assert_uint_eq(in_vpn_table(PE3), 0);                 /* who has no use for it does not keep it */
	vpn_net_route(net, CE1, P, true);
	vpn_net_run(net, SECONDS(2));
	ck_assert_ptr_null(dest_in(PE2, "VPNA", P));
	ck_assert_ptr_null(vpn_net_best(net, CE2, BGP_IPV4, P));
	for (size_t pe = PE1; pe <= PE3; pe++)
		ck_assert_uint_eq(net->nodes[pe]->b->attrs.sets.count, 0);
}
END_TEST

START_TEST(other_targets_are_other_vpns)
{
	two_sites("111:1", "222:2");
	begin();
	vpn_net_route(net, CE1, P, false);
	vpn_net_run(net, SECONDS(2));
	ck_assert_uint_eq(in_vpn_table(PE1), 1);
	ck_assert_uint_eq(in_vpn_table(PE2), 0);
	ck_assert_ptr_null(vpn_net_best(net, CE2, BGP_IPV4, P));
}
END_TEST

START_TEST(a_target_that_is_imported_later_brings_what_was_not_kept_and_one_less_takes_it_away)
{
	two_sites("111:1", "222:2");
	begin();
	vpn_net_route(net, CE1, P, false);
	vpn_net_run(net, SECONDS(2));
	struct bgp_vpn_config *v = &net->nodes[PE2]->config.instances[1].vpn[0];
	ck_assert(rt_parse("111:1", &v->import[v->import_count++]));
	vpn_net_configure(net, PE2);
	vpn_net_run(net, SECONDS(2));
	ck_assert(best_in(PE2, "VPNA", P));
	ck_assert(vpn_net_best(net, CE2, BGP_IPV4, P));
	v->import_count--;
	vpn_net_configure(net, PE2);
	vpn_net_run(net, SECONDS(2));
	ck_assert_ptr_null(best_in(PE2, "VPNA", P));
	ck_assert_ptr_null(vpn_net_best(net, CE2, BGP_IPV4, P));
}
END_TEST

START_TEST(the_same_prefix_in_two_vpns_is_two_routes)
{
	two_sites("111:1", "111:1");
	customer(PE1, instance(PE1, "VPNB", "100:11", "111:2", "111:2"), CE3);
	instance(PE3, "VPNB", "100:3", "111:2", "111:2");
	begin();
	vpn_net_route(net, CE1, P, false);
	vpn_net_route(net, CE3, P, false);
	vpn_net_run(net, SECONDS(2));
	ck_assert_str_eq(vpn_net_as_path(best_in(PE2, "VPNA", P), &line), "65001");
	ck_assert_str_eq(vpn_net_as_path(best_in(PE3, "VPNB", P), &line), "65003");
	ck_assert_uint_ne(best_in(PE2, "VPNA", P)->label, best_in(PE3, "VPNB", P)->label);
	vpn_net_route(net, CE1, P, true);
	vpn_net_run(net, SECONDS(2));
	ck_assert_ptr_null(best_in(PE2, "VPNA", P));
	ck_assert(best_in(PE3, "VPNB", P));
}
END_TEST

/* Reference 002: CE1 at PE1 and PE2, which have different distinguishers; PE3 balances over both. */
static void
dual_homed(void)
{
	instance(PE1, "VPNA", "100:1", "111:1", "111:1");
	instance(PE2, "VPNA", "100:2", "111:1", "111:1");
	struct bgp_instance_config *i = instance(PE3, "VPNA", "100:3", "111:1", "111:1");
	i->paths = 2;
	customer(PE3, i, CE3);
	begin();
	for (size_t pe = PE1; pe <= PE2; pe++) {
		struct bgp_own_route r = { .family = BGP_IPV4, .origin = ORIGIN_INCOMPLETE }; /* import-route static */
		ck_assert(prefix_parse("1.1.1.1/32", &r.prefix));
		vpn_net_give(net, pe, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = "VPNA", .route = &r });
	}
	vpn_net_run(net, SECONDS(2));
}

static unsigned
used(size_t pe, const char *prefix)
{
	const struct dest *d = dest_in(pe, "VPNA", prefix);
	unsigned n = 0;

	for (const struct path *p = d ? d->paths : NULL; p; p = p->next)
		n += p->best || p->multi;
	return n;
}

START_TEST(two_pes_of_one_site_are_both_used_and_one_when_the_other_is_lost)
{
	dual_homed();
	ck_assert_uint_eq(used(PE3, "1.1.1.1/32"), 2);
	ck_assert(vpn_net_best(net, CE3, BGP_IPV4, "1.1.1.1/32"));
	vpn_net_next_hop(net, PE3, "10.0.0.1", false, 0); /* the LSP to PE1 */
	ck_assert_uint_eq(used(PE3, "1.1.1.1/32"), 1);
	ck_assert(addr_eq(&best_in(PE3, "VPNA", "1.1.1.1/32")->attrs->next_hop, &net->nodes[PE2]->address));
	vpn_net_next_hop(net, PE3, "10.0.0.1", true, 10);
	ck_assert_uint_eq(used(PE3, "1.1.1.1/32"), 2);
	/* PE1's own static route is gone: it goes by PE2 itself. */
	struct bgp_own_route r = { .family = BGP_IPV4 };
	ck_assert(prefix_parse("1.1.1.1/32", &r.prefix));
	ck_assert(!best_in(PE1, "VPNA", "1.1.1.1/32")->origin);
	vpn_net_give(
	    net, PE1, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = "VPNA", .route = &r, .gone = true });
	vpn_net_run(net, SECONDS(2));
	ck_assert(best_in(PE1, "VPNA", "1.1.1.1/32")->origin);
	ck_assert_uint_eq(used(PE3, "1.1.1.1/32"), 1);
}
END_TEST

START_TEST(a_next_hop_that_labels_do_not_reach_is_not_used_and_the_reason_is_known)
{
	struct bgp_next_hop hop = { .address = addr_v4(0x0a000001), .reachable = true, .lsp = false, .metric = 10 };

	dual_homed();
	vpn_net_give(net, PE3, &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP, .next_hop = &hop });
	ck_assert_uint_eq(used(PE3, "1.1.1.1/32"), 1);
	for (const struct path *p = dest_in(PE3, "VPNA", "1.1.1.1/32")->paths; p; p = p->next)
		if (!p->best && p->origin)
			ck_assert_str_eq(path_fault_text(p->fault), "no LSP leads to its next hop");
}
END_TEST

START_TEST(a_restart_of_one_pe_moves_nothing)
{
	dual_homed();
	vpn_net_kill(net, PE1);
	vpn_net_run(net, SECONDS(5));
	ck_assert_uint_eq(used(PE3, "1.1.1.1/32"), 2);
	vpn_net_start(net, PE1, true);
	struct bgp_own_route r = { .family = BGP_IPV4, .origin = ORIGIN_INCOMPLETE };
	ck_assert(prefix_parse("1.1.1.1/32", &r.prefix));
	vpn_net_give(net, PE1, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = "VPNA", .route = &r });
	vpn_net_run(net, SECONDS(60));
	ck_assert(vpn_net_is_up(net, PE1, PE3));
	ck_assert_uint_eq(used(PE3, "1.1.1.1/32"), 2);
}
END_TEST

/* --- leaking between instances of one PE --- */

START_TEST(instances_of_one_router_import_each_others_routes)
{
	customer(PE1, instance(PE1, "VPNA", "100:1", "111:2", "111:1"), CE1);
	customer(PE1, instance(PE1, "VPNB", "100:2", "111:1", "111:2"), CE2);
	begin();
	vpn_net_route(net, CE1, P, false);
	vpn_net_run(net, SECONDS(2));
	ck_assert(best_in(PE1, "VPNB", P) && best_in(PE1, "VPNB", P)->origin);
	ck_assert_str_eq(vpn_net_as_path(vpn_net_best(net, CE2, BGP_IPV4, P), &line), "100 65001");
	vpn_net_route(net, CE1, P, true);
	vpn_net_run(net, SECONDS(2));
	ck_assert_ptr_null(best_in(PE1, "VPNB", P));
	ck_assert_ptr_null(vpn_net_best(net, CE2, BGP_IPV4, P));
}
END_TEST

START_TEST(what_was_imported_is_not_exported_again)
{
	instance(PE1, "VPNA", "100:1", "111:1", "111:1");
	instance(PE2, "HUB", "100:2", "111:1", "111:9"); /* imports what VPNA exports; what it has itself is 111:9 */
	instance(PE3, "VPNC", "100:3", "111:9", "111:9");
	begin();
	struct bgp_own_route r = { .family = BGP_IPV4 };
	ck_assert(prefix_parse(P, &r.prefix));
	vpn_net_give(net, PE1, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = "VPNA", .route = &r });
	vpn_net_run(net, SECONDS(2));
	ck_assert(best_in(PE2, "HUB", P));
	ck_assert_ptr_null(best_in(PE3, "VPNC", P));
}
END_TEST

/* --- configuration while it runs --- */

START_TEST(another_distinguisher_takes_the_place_of_the_one_before)
{
	two_sites("111:1", "111:1");
	begin();
	vpn_net_route(net, CE1, P, false);
	vpn_net_run(net, SECONDS(2));
	ck_assert(rd_parse("100:77", &net->nodes[PE1]->config.instances[1].vpn[0].rd));
	vpn_net_configure(net, PE1);
	vpn_net_run(net, SECONDS(2));
	ck_assert_uint_eq(in_vpn_table(PE1), 1);
	ck_assert_uint_eq(in_vpn_table(PE2), 1);
	ck_assert(best_in(PE2, "VPNA", P)->origin->dest->rd == net->nodes[PE1]->config.instances[1].vpn[0].rd);
}
END_TEST

START_TEST(an_instance_that_is_taken_away_leaves_nothing_behind)
{
	two_sites("111:1", "111:1");
	begin();
	vpn_net_route(net, CE1, P, false);
	vpn_net_run(net, SECONDS(2));
	size_t pe = _i ? PE2 : PE1;
	free(net->nodes[pe]->config.instances[1].peers);
	net->nodes[pe]->config.instance_count = 1;
	vpn_net_configure(net, pe);
	vpn_net_run(net, SECONDS(2));
	ck_assert_ptr_null(instance_find(net->nodes[pe]->b, "VPNA"));
	ck_assert_uint_eq(in_vpn_table(PE2), 0); /* nobody there has a use for it */
	if (!_i)
		ck_assert_ptr_null(best_in(PE2, "VPNA", P));
	ck_assert_ptr_null(vpn_net_best(net, CE2, BGP_IPV4, P));
}
END_TEST

START_TEST(another_label_is_told)
{
	two_sites("111:1", "111:1");
	begin();
	vpn_net_route(net, CE1, P, false);
	vpn_net_run(net, SECONDS(2));
	net->nodes[PE1]->config.instances[1].vpn[0].label = 4711;
	vpn_net_configure(net, PE1);
	vpn_net_run(net, SECONDS(2));
	ck_assert_uint_eq(best_in(PE2, "VPNA", P)->label, 4711);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("vpn instances");
	TCase *t = tcase_create("RFC 4364 4");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_route_goes_from_site_to_site);
	tcase_add_test(t, other_targets_are_other_vpns);
	tcase_add_test(t, a_target_that_is_imported_later_brings_what_was_not_kept_and_one_less_takes_it_away);
	tcase_add_test(t, the_same_prefix_in_two_vpns_is_two_routes);
	tcase_add_test(t, two_pes_of_one_site_are_both_used_and_one_when_the_other_is_lost);
	tcase_add_test(t, a_next_hop_that_labels_do_not_reach_is_not_used_and_the_reason_is_known);
	tcase_add_test(t, a_restart_of_one_pe_moves_nothing);
	tcase_add_test(t, instances_of_one_router_import_each_others_routes);
	tcase_add_test(t, what_was_imported_is_not_exported_again);
	tcase_add_test(t, another_distinguisher_takes_the_place_of_the_one_before);
	tcase_add_loop_test(t, an_instance_that_is_taken_away_leaves_nothing_behind, 0, 2);
	tcase_add_test(t, another_label_is_told);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
