/* VPN instances: targets, import and export, leaking, two PEs of one site, what is kept (RFC 4364 section 4). */
#include "tests/helper/check.h"
#include "tests/helper/l3vpn_sites.h"
#include <stdio.h>

#define P SITE_PREFIX

START_TEST(a_route_goes_from_site_to_site)
{
	sites_two("111:1", "111:1");
	sites_begin();
	vpn_net_route(sites, CE1, P, false);
	vpn_net_run(sites, SECONDS(2));
	const struct path *there = site_best(PE2, "VPNA", P);
	ck_assert(there && there->origin);
	ck_assert(addr_eq(&there->attrs->next_hop, &sites->nodes[PE1]->address));
	ck_assert_uint_eq(there->label, sites->nodes[PE1]->config.instances[1].vpn[0].label);
	const struct path *at_site = vpn_net_best(sites, CE2, BGP_IPV4, P);
	ck_assert(at_site);
	ck_assert_str_eq(vpn_net_as_path(at_site, &sites_line), "100 65001");
	ck_assert_ptr_null(vpn_net_best(sites, PE2, BGP_IPV4, P)); /* the public table knows nothing of it */
	ck_assert_uint_eq(site_vpn_paths(PE3), 0);                 /* who has no use for it does not keep it */
	vpn_net_route(sites, CE1, P, true);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_ptr_null(site_dest(PE2, "VPNA", P));
	ck_assert_ptr_null(vpn_net_best(sites, CE2, BGP_IPV4, P));
	for (size_t pe = PE1; pe <= PE3; pe++)
		ck_assert_uint_eq(sites->nodes[pe]->b->attrs.sets.count, 0);
}
END_TEST

START_TEST(other_targets_are_other_vpns)
{
	sites_two("111:1", "222:2");
	sites_begin();
	vpn_net_route(sites, CE1, P, false);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_uint_eq(site_vpn_paths(PE1), 1);
	ck_assert_uint_eq(site_vpn_paths(PE2), 0);
	ck_assert_ptr_null(vpn_net_best(sites, CE2, BGP_IPV4, P));
}
END_TEST

START_TEST(a_target_that_is_imported_later_brings_what_was_not_kept_and_one_less_takes_it_away)
{
	sites_two("111:1", "222:2");
	sites_begin();
	vpn_net_route(sites, CE1, P, false);
	vpn_net_run(sites, SECONDS(2));
	struct bgp_vpn_config *v = &sites->nodes[PE2]->config.instances[1].vpn[0];
	ck_assert(rt_parse("111:1", &v->import[v->import_count++]));
	vpn_net_configure(sites, PE2);
	vpn_net_run(sites, SECONDS(2));
	ck_assert(site_best(PE2, "VPNA", P));
	ck_assert(vpn_net_best(sites, CE2, BGP_IPV4, P));
	v->import_count--;
	vpn_net_configure(sites, PE2);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_ptr_null(site_best(PE2, "VPNA", P));
	ck_assert_ptr_null(vpn_net_best(sites, CE2, BGP_IPV4, P));
}
END_TEST

START_TEST(the_same_prefix_in_two_vpns_is_two_routes)
{
	sites_two("111:1", "111:1");
	site_customer(PE1, site_instance(PE1, "VPNB", "100:11", "111:2", "111:2"), CE3);
	site_instance(PE3, "VPNB", "100:3", "111:2", "111:2");
	sites_begin();
	vpn_net_route(sites, CE1, P, false);
	vpn_net_route(sites, CE3, P, false);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_str_eq(vpn_net_as_path(site_best(PE2, "VPNA", P), &sites_line), "65001");
	ck_assert_str_eq(vpn_net_as_path(site_best(PE3, "VPNB", P), &sites_line), "65003");
	ck_assert_uint_ne(site_best(PE2, "VPNA", P)->label, site_best(PE3, "VPNB", P)->label);
	vpn_net_route(sites, CE1, P, true);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_ptr_null(site_best(PE2, "VPNA", P));
	ck_assert(site_best(PE3, "VPNB", P));
}
END_TEST

START_TEST(two_pes_of_one_site_are_both_used_and_one_when_the_other_is_lost)
{
	sites_dual_homed();
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 2);
	ck_assert(vpn_net_best(sites, CE3, BGP_IPV4, "1.1.1.1/32"));
	vpn_net_next_hop(sites, PE3, "10.0.0.1", false, 0); /* the LSP to PE1 */
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 1);
	ck_assert(addr_eq(&site_best(PE3, "VPNA", "1.1.1.1/32")->attrs->next_hop, &sites->nodes[PE2]->address));
	vpn_net_next_hop(sites, PE3, "10.0.0.1", true, 10);
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 2);
	/* PE1's own static route is gone: it goes by PE2 itself. */
	struct bgp_own_route r = { .family = BGP_IPV4 };
	ck_assert(prefix_parse("1.1.1.1/32", &r.prefix));
	ck_assert(!site_best(PE1, "VPNA", "1.1.1.1/32")->origin);
	vpn_net_give(
	    sites, PE1, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = "VPNA", .route = &r, .gone = true });
	vpn_net_run(sites, SECONDS(2));
	ck_assert(site_best(PE1, "VPNA", "1.1.1.1/32")->origin);
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 1);
}
END_TEST

START_TEST(a_next_hop_that_labels_do_not_reach_is_not_used_and_the_reason_is_known)
{
	struct bgp_next_hop hop = { .address = addr_v4(0x0a000001), .reachable = true, .lsp = false, .metric = 10 };

	sites_dual_homed();
	vpn_net_give(sites, PE3, &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP, .next_hop = &hop });
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 1);
	for (const struct path *p = site_dest(PE3, "VPNA", "1.1.1.1/32")->paths; p; p = p->next)
		if (!p->best && p->origin)
			ck_assert_str_eq(path_fault_text(p->fault), "no LSP leads to its next hop");
}
END_TEST

static void
lsp_under(const char *policy, bool lsp)
{
	struct bgp_next_hop hop = { .address = addr_v4(0x0a000001), .reachable = true, .lsp = lsp, .metric = 10 };

	snprintf(hop.policy, sizeof hop.policy, "%s", policy);
	vpn_net_give(sites, PE3, &(struct bgp_input){ .kind = BGP_IN_NEXT_HOP, .next_hop = &hop });
}

static void
name_policy(const char *policy)
{
	struct bgp_vpn_config *v = &sites->nodes[PE3]->config.instances[1].vpn[0];

	snprintf(v->tunnel_policy, sizeof v->tunnel_policy, "%s", policy);
	vpn_net_configure(sites, PE3);
}

/* An LSP that there is, and that the instance must not take, is none to it. */
START_TEST(a_provider_edge_that_the_tunnel_policy_gives_no_lsp_to_is_left_for_another)
{
	sites_dual_homed();
	name_policy("te");
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 2); /* until fibd has answered nothing moves */
	lsp_under("te", false);
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 1);
	ck_assert(addr_eq(&site_best(PE3, "VPNA", "1.1.1.1/32")->attrs->next_hop, &sites->nodes[PE2]->address));
	for (const struct path *p = site_dest(PE3, "VPNA", "1.1.1.1/32")->paths; p; p = p->next)
		if (!p->best && p->origin)
			ck_assert_str_eq(path_fault_text(p->fault),
			    "no LSP that the tunnel policy of its vpn-instance permits leads to its next hop");
	lsp_under("te", true);
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 2);
	lsp_under("te", false);
	name_policy("");
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 2);
	name_policy("gold"); /* of which nothing was said */
	lsp_under("te", false);
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 2);
	lsp_under("", false); /* what holds for all is not what was asked */
	lsp_under("gold", true);
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 2);
}
END_TEST

START_TEST(a_restart_of_one_pe_moves_nothing)
{
	sites_dual_homed();
	vpn_net_kill(sites, PE1);
	vpn_net_run(sites, SECONDS(5));
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 2);
	vpn_net_start(sites, PE1, true);
	struct bgp_own_route r = { .family = BGP_IPV4, .origin = ORIGIN_INCOMPLETE };
	ck_assert(prefix_parse("1.1.1.1/32", &r.prefix));
	vpn_net_give(sites, PE1, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = "VPNA", .route = &r });
	vpn_net_run(sites, SECONDS(60));
	ck_assert(vpn_net_is_up(sites, PE1, PE3));
	ck_assert_uint_eq(site_paths_used(PE3, "1.1.1.1/32"), 2);
}
END_TEST

/* --- leaking between instances of one PE --- */

START_TEST(instances_of_one_router_import_each_others_routes)
{
	site_customer(PE1, site_instance(PE1, "VPNA", "100:1", "111:2", "111:1"), CE1);
	site_customer(PE1, site_instance(PE1, "VPNB", "100:2", "111:1", "111:2"), CE2);
	sites_begin();
	vpn_net_route(sites, CE1, P, false);
	vpn_net_run(sites, SECONDS(2));
	ck_assert(site_best(PE1, "VPNB", P) && site_best(PE1, "VPNB", P)->origin);
	ck_assert_str_eq(vpn_net_as_path(vpn_net_best(sites, CE2, BGP_IPV4, P), &sites_line), "100 65001");
	vpn_net_route(sites, CE1, P, true);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_ptr_null(site_best(PE1, "VPNB", P));
	ck_assert_ptr_null(vpn_net_best(sites, CE2, BGP_IPV4, P));
}
END_TEST

START_TEST(what_was_imported_is_not_exported_again)
{
	site_instance(PE1, "VPNA", "100:1", "111:1", "111:1");
	site_instance(
	    PE2, "HUB", "100:2", "111:1", "111:9"); /* imports what VPNA exports; what it has itself is 111:9 */
	site_instance(PE3, "VPNC", "100:3", "111:9", "111:9");
	sites_begin();
	struct bgp_own_route r = { .family = BGP_IPV4 };
	ck_assert(prefix_parse(P, &r.prefix));
	vpn_net_give(sites, PE1, &(struct bgp_input){ .kind = BGP_IN_ROUTE, .instance = "VPNA", .route = &r });
	vpn_net_run(sites, SECONDS(2));
	ck_assert(site_best(PE2, "HUB", P));
	ck_assert_ptr_null(site_best(PE3, "VPNC", P));
}
END_TEST

/* --- configuration while it runs --- */

START_TEST(another_distinguisher_takes_the_place_of_the_one_before)
{
	sites_two("111:1", "111:1");
	sites_begin();
	vpn_net_route(sites, CE1, P, false);
	vpn_net_run(sites, SECONDS(2));
	ck_assert(rd_parse("100:77", &sites->nodes[PE1]->config.instances[1].vpn[0].rd));
	vpn_net_configure(sites, PE1);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_uint_eq(site_vpn_paths(PE1), 1);
	ck_assert_uint_eq(site_vpn_paths(PE2), 1);
	ck_assert(site_best(PE2, "VPNA", P)->origin->dest->rd == sites->nodes[PE1]->config.instances[1].vpn[0].rd);
}
END_TEST

START_TEST(an_instance_that_is_taken_away_leaves_nothing_behind)
{
	sites_two("111:1", "111:1");
	sites_begin();
	vpn_net_route(sites, CE1, P, false);
	vpn_net_run(sites, SECONDS(2));
	size_t pe = _i ? PE2 : PE1;
	free(sites->nodes[pe]->config.instances[1].peers);
	sites->nodes[pe]->config.instance_count = 1;
	vpn_net_configure(sites, pe);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_ptr_null(instance_find(sites->nodes[pe]->b, "VPNA"));
	ck_assert_uint_eq(site_vpn_paths(PE2), 0); /* nobody there has a use for it */
	if (!_i)
		ck_assert_ptr_null(site_best(PE2, "VPNA", P));
	ck_assert_ptr_null(vpn_net_best(sites, CE2, BGP_IPV4, P));
}
END_TEST

START_TEST(another_label_is_told)
{
	sites_two("111:1", "111:1");
	sites_begin();
	vpn_net_route(sites, CE1, P, false);
	vpn_net_run(sites, SECONDS(2));
	sites->nodes[PE1]->config.instances[1].vpn[0].label = 4711;
	vpn_net_configure(sites, PE1);
	vpn_net_run(sites, SECONDS(2));
	ck_assert_uint_eq(site_best(PE2, "VPNA", P)->label, 4711);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("vpn instances");
	TCase *t = tcase_create("RFC 4364 4");

	tcase_add_checked_fixture(t, sites_new, sites_free);
	tcase_add_test(t, a_route_goes_from_site_to_site);
	tcase_add_test(t, other_targets_are_other_vpns);
	tcase_add_test(t, a_target_that_is_imported_later_brings_what_was_not_kept_and_one_less_takes_it_away);
	tcase_add_test(t, the_same_prefix_in_two_vpns_is_two_routes);
	tcase_add_test(t, two_pes_of_one_site_are_both_used_and_one_when_the_other_is_lost);
	tcase_add_test(t, a_next_hop_that_labels_do_not_reach_is_not_used_and_the_reason_is_known);
	tcase_add_test(t, a_provider_edge_that_the_tunnel_policy_gives_no_lsp_to_is_left_for_another);
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
