/* Several areas, stub areas, ranges, and routes from outside. The case is the section of RFC 2328. */
#include "tests/helper/check.h"
#include "tests/helper/igp_net.h"
#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
static struct igp_net *net;

/* 1 - area 1 - 2 - backbone - 3 - area 2 - 4, and each with a loopback 1.1.1.N in the area of its end. */
static void
setup(void)
{
	static const uint32_t areas[] = { 1, 0, 2 };

	net = igp_net_new(1);
	for (unsigned i = 1; i <= 4; i++)
		igp_add(net, 0x01010100 + i);
	for (unsigned i = 0; i < 3; i++) {
		size_t s = igp_segment(net, OSPF_POINT_TO_POINT);
		igp_area(net->nodes[i], igp_join(net, s, net->nodes[i], 10), areas[i]);
		igp_area(net->nodes[i + 1], igp_join(net, s, net->nodes[i + 1], 10), areas[i]);
	}
	igp_area(net->nodes[0], 0, 1);
	igp_area(net->nodes[3], 0, 2);
}

static void
teardown(void)
{
	igp_net_free(net);
}

/* "inter 30 by 10.0.0.2", "none"; of router 1.1.1.`at`. */
static const char *
route(unsigned at, const char *prefix)
{
	static const char *const kinds[] = { "intra", "inter", "external-1", "external-2" };
	static char text[128];
	char gateway[ADDR_TEXT];
	struct prefix p;
	struct ospf_route r;

	ck_assert(prefix_parse(prefix, &p));
	if (!ospf_route_to(net->nodes[at - 1]->o, &p, &r))
		return "none";
	int n = snprintf(text, sizeof text, "%s %u", kinds[r.kind], r.kind == OSPF_EXTERNAL_2 ? r.cost2 : r.cost);
	for (size_t i = 0; i < r.hop_count; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, " by %s", id_text(r.hops[i].gateway, gateway));
	return text;
}

static void
start(void)
{
	igp_start_all(net);
	igp_run(net, SECONDS(20));
}

static struct ospf_import
imported(const char *prefix, bool type2)
{
	struct ospf_import i = { .metric = 5, .tag = 7, .type2 = type2 };

	ck_assert(prefix_parse(prefix, &i.prefix));
	return i;
}

START_TEST(ways_between_areas_lead_over_the_backbone)
{
	start();
	ck_assert_str_eq(route(1, "1.1.1.2/32"), "inter 10 by 10.0.0.2");
	ck_assert_str_eq(route(1, "1.1.1.4/32"), "inter 30 by 10.0.0.2");
	ck_assert_str_eq(route(4, "1.1.1.1/32"), "inter 30 by 10.0.2.1");
	ck_assert_str_eq(route(2, "1.1.1.4/32"), "inter 20 by 10.0.1.2");
	ck_assert_str_eq(route(1, "10.0.2.0/24"), "inter 30 by 10.0.0.2");
	igp_set_port(net, net->nodes[3], 1, false);
	igp_run(net, SECONDS(60)); /* the other end keeps its carrier */
	ck_assert_str_eq(route(1, "1.1.1.4/32"), "none");
	igp_set_port(net, net->nodes[3], 1, true);
	igp_run(net, SECONDS(60));
	ck_assert_str_eq(route(1, "1.1.1.4/32"), "inter 30 by 10.0.0.2");
}
END_TEST

START_TEST(without_a_backbone_nobody_is_a_border_router)
{
	for (unsigned i = 1; i < 3; i++)
		for (size_t p = 0; p < 3; p++)
			if (igp_config(net->nodes[i], p)->area == 0)
				igp_area(net->nodes[i], p, 9);
	start();
	ck_assert(!net->nodes[1]->o->border);
	ck_assert_str_eq(route(1, "1.1.1.4/32"), "none");
}
END_TEST

START_TEST(what_is_imported_is_told_everywhere_by_its_type)
{
	struct ospf_import a = imported("20.0.0.0/8", false), b = imported("30.0.0.0/8", true);

	start();
	igp_import(net, net->nodes[3], &a, false);
	igp_import(net, net->nodes[3], &b, false);
	igp_run(net, SECONDS(20));
	ck_assert_str_eq(route(1, "20.0.0.0/8"), "external-1 35 by 10.0.0.2");
	ck_assert_str_eq(route(1, "30.0.0.0/8"), "external-2 5 by 10.0.0.2");
	ck_assert_str_eq(route(3, "30.0.0.0/8"), "external-2 5 by 10.0.2.2");
	igp_import(net, net->nodes[3], &a, true);
	igp_run(net, SECONDS(20));
	ck_assert_str_eq(route(1, "20.0.0.0/8"), "none");
	ck_assert_str_eq(route(1, "30.0.0.0/8"), "external-2 5 by 10.0.0.2");
	igp_import(net, net->nodes[3], &b, true);
	igp_run(net, SECONDS(20));
	ck_assert_str_eq(route(1, "30.0.0.0/8"), "none");
}
END_TEST

START_TEST(networks_of_one_address_get_names_of_their_own)
{
	static const char *const prefixes[] = { "20.0.0.0/8", "20.0.0.0/16", "20.0.0.0/24", "20.0.0.0/32" };

	start();
	for (int i = 0; i < 4; i++) { /* in any order */
		struct ospf_import in = imported(prefixes[(i + _i) % 4], true);
		igp_import(net, net->nodes[3], &in, false);
	}
	igp_run(net, SECONDS(20));
	for (int i = 0; i < 4; i++)
		ck_assert_str_eq(route(1, prefixes[i]), "external-2 5 by 10.0.0.2");
	for (int i = 0; i < 3; i++) {
		struct ospf_import in = imported(prefixes[(i + _i) % 4], true);
		igp_import(net, net->nodes[3], &in, true);
	}
	igp_run(net, SECONDS(20));
	for (int i = 0; i < 4; i++)
		ck_assert_str_eq(route(1, prefixes[(i + _i) % 4]), i == 3 ? "external-2 5 by 10.0.0.2" : "none");
}
END_TEST

START_TEST(an_external_that_names_an_address_leads_there)
{
	struct ospf_import in = imported("20.0.0.0/8", true);

	in.forward = 0x0a000001; /* router 1, told by router 2 */
	start();
	igp_import(net, net->nodes[1], &in, false);
	igp_run(net, SECONDS(20));
	ck_assert_str_eq(route(4, "20.0.0.0/8"), "external-2 5 by 10.0.2.1");
	ck_assert_str_eq(route(1, "20.0.0.0/8"), "none"); /* we are that address: nobody to send to */
	in.forward = 0x63000001;                          /* of nobody's network */
	igp_import(net, net->nodes[1], &in, false);
	igp_run(net, SECONDS(20));
	ck_assert_str_eq(route(4, "20.0.0.0/8"), "none");
}
END_TEST

START_TEST(a_stub_area_gets_a_default_route_in_place_of_what_is_outside)
{
	struct ospf_import in = imported("20.0.0.0/8", true);

	for (unsigned i = 0; i < 2; i++) {
		struct ospf_area_config *c = igp_area_config(net->nodes[i], 1);
		c->stub = true;
		c->no_summary = _i;
		c->default_cost = 3;
	}
	start();
	igp_import(net, net->nodes[3], &in, false);
	igp_run(net, SECONDS(20));
	ck_assert_str_eq(route(1, "20.0.0.0/8"), "none");
	ck_assert_str_eq(route(1, "0.0.0.0/0"), "inter 13 by 10.0.0.2");
	ck_assert_str_eq(route(1, "1.1.1.4/32"), _i ? "none" : "inter 30 by 10.0.0.2");
	ck_assert_str_eq(route(2, "20.0.0.0/8"), "external-2 5 by 10.0.1.2");
	ck_assert_str_eq(route(4, "1.1.1.1/32"), "inter 30 by 10.0.2.1"); /* the other direction knows all */
}
END_TEST

START_TEST(a_range_is_told_in_place_of_what_is_in_it)
{
	struct ospf_area_config *c = igp_area_config(net->nodes[2], 2);

	c->ranges = NEW(struct ospf_range_config);
	c->range_count = 1;
	c->ranges[0].prefix = prefix_make(addr_v4(0x01010000), 16);
	start();
	ck_assert_str_eq(route(1, "1.1.1.4/32"), "none");
	ck_assert_str_eq(route(1, "1.1.0.0/16"), "inter 30 by 10.0.0.2");
	ck_assert_str_eq(route(1, "10.0.2.0/24"), "inter 30 by 10.0.0.2"); /* not in it */
	igp_area_config(net->nodes[2], 2)->ranges[0].not_advertised = true;
	igp_configure(net, net->nodes[2]);
	igp_run(net, SECONDS(20));
	ck_assert_str_eq(route(1, "1.1.0.0/16"), "none");
	igp_area_config(net->nodes[2], 2)->range_count = 0;
	igp_configure(net, net->nodes[2]);
	igp_run(net, SECONDS(20));
	ck_assert_str_eq(route(1, "1.1.1.4/32"), "inter 30 by 10.0.0.2");
	igp_area_config(net->nodes[2], 2)->range_count = 1;
	igp_area_config(net->nodes[2], 2)->ranges[0].not_advertised = false;
	igp_configure(net, net->nodes[2]);
	igp_run(net, SECONDS(20));
	ck_assert_str_eq(route(1, "1.1.0.0/16"), "inter 30 by 10.0.0.2");
	igp_set_port(net, net->nodes[3], 0, false); /* nothing is left in it */
	igp_run(net, SECONDS(20));
	ck_assert_str_eq(route(1, "1.1.0.0/16"), "none");
}
END_TEST

/* RFC 5185: the link between 2 and 3 is the backbone's, and area 1, which has routers on both sides, uses it too. */
START_TEST(a_link_of_the_backbone_joins_both_halves_of_an_area)
{
	igp_area(net->nodes[2], 2, 1);
	igp_area(net->nodes[3], 1, 1);
	igp_area(net->nodes[3], 0, 1);
	for (unsigned i = 1; i <= 2; i++) { /* port 2 of the second router, 1 of the third */
		struct ospf_interface_config *c = igp_config(net->nodes[i], i == 1 ? 2 : 1);
		c->multi_count = 1;
		c->multi[0].area = 1;
		c->multi[0].sync = OSPF_SYNC_ON;
		igp_area_config(net->nodes[i], 1);
	}
	start();
	ck_assert_str_eq(route(1, "1.1.1.4/32"), "inter 30 by 10.0.0.2"); /* not enabled yet */
	for (unsigned i = 1; i <= 2; i++) {
		igp_config(net->nodes[i], i == 1 ? 2 : 1)->multi[0].enabled = true;
		igp_configure(net, net->nodes[i]);
	}
	igp_run(net, SECONDS(8));
	ck_assert_str_eq(route(1, "1.1.1.4/32"), "inter 30 by 10.0.0.2"); /* held back: LDP is not ready */
	struct iface *second = NULL;
	list_each (at, &net->nodes[1]->o->ifaces) {
		if (OBJECT(at, struct iface, of_ospf)->multi)
			second = OBJECT(at, struct iface, of_ospf);
	}
	ck_assert(second && second->area->id == 1 && second->type == OSPF_POINT_TO_POINT);
	ck_assert_int_eq(second->sync.state, SS_HOLD_DOWN);
	igp_ldp(net, net->nodes[1], 2, net->nodes[2], OSPF_LDP_EXCHANGED);
	igp_ldp(net, net->nodes[2], 1, net->nodes[1], OSPF_LDP_EXCHANGED);
	igp_run(net, SECONDS(30));
	ck_assert_str_eq(route(1, "1.1.1.4/32"), "intra 30 by 10.0.0.2");
	ck_assert_str_eq(route(4, "1.1.1.1/32"), "intra 30 by 10.0.2.1");
	ck_assert_str_eq(route(1, "10.0.1.0/24"), "inter 20 by 10.0.0.2"); /* the network stays the backbone's */
	igp_set_port(net, net->nodes[1], 2, false);
	igp_run(net, SECONDS(60));
	ck_assert_str_eq(route(1, "1.1.1.4/32"), "none");
}
END_TEST

/* 15: area 2 has no link to the backbone; its border router reaches it through area 1. */
START_TEST(a_virtual_link_joins_a_far_area_to_the_backbone)
{
	/* 1 - backbone - 2 - area 1 - 3 - area 2 - 4 */
	static const uint32_t areas[] = { 0, 1, 2 };
	for (unsigned i = 0; i < 3; i++) {
		igp_area(net->nodes[i], i ? 2 : 1, areas[i]);
		igp_area(net->nodes[i + 1], 1, areas[i]);
		igp_area(net->nodes[i], 0, i == 2 ? 2 : 0); /* loopbacks */
	}
	net->nodes[2]->config.areas[0].id = 1; /* 3 is in areas 1 and 2 alone */
	net->nodes[2]->config.areas[1].id = 2;
	net->nodes[2]->config.area_count = 2;
	net->nodes[3]->config.areas[0].id = 2;
	net->nodes[3]->config.area_count = 1;
	start();
	ck_assert_str_eq(route(1, "1.1.1.4/32"), "none");
	ck_assert_str_eq(route(4, "1.1.1.1/32"), "none");
	for (unsigned i = 1; i <= 2; i++) {
		struct ospf_area_config *transit = igp_area_config(net->nodes[i], 1);
		transit->vlinks[0].peer = net->nodes[3 - i]->router;
		transit->vlink_count = 1;
		igp_configure(net, net->nodes[i]);
	}
	igp_run(net, SECONDS(60));
	ck_assert_str_eq(route(1, "1.1.1.4/32"), "inter 30 by 10.0.0.2");
	ck_assert_str_eq(route(4, "1.1.1.1/32"), "inter 30 by 10.0.2.1");
	ck_assert_str_eq(route(3, "1.1.1.1/32"), "intra 20 by 10.0.1.1");
	const struct area *a = OBJECT(net->nodes[2]->o->areas.next, struct area, of_ospf);
	const struct lsa *l = lsdb_find(&a->db, LSA_ROUTER, net->nodes[2]->router, net->nodes[2]->router);
	ck_assert_uint_eq(a->id, 1);
	ck_assert(lsa_router_flags(l->bytes) & LSA_ROUTER_V);
	struct ospf_import i = imported("50.0.0.0/8", true);
	igp_import(net, net->nodes[0], &i, false);
	igp_run(net, SECONDS(20));
	ck_assert_str_eq(route(4, "50.0.0.0/8"), "external-2 5 by 10.0.2.1");
	igp_set_port(net, net->nodes[1], 2, false); /* the transit area falls apart */
	igp_set_port(net, net->nodes[2], 1, false);
	igp_run(net, SECONDS(60));
	ck_assert_str_eq(route(4, "1.1.1.1/32"), "none");
	igp_set_port(net, net->nodes[1], 2, true);
	igp_set_port(net, net->nodes[2], 1, true);
	igp_run(net, SECONDS(90));
	ck_assert_str_eq(route(4, "1.1.1.1/32"), "inter 30 by 10.0.2.1");
	for (unsigned k = 1; k <= 2; k++) {
		igp_area_config(net->nodes[k], 1)->vlink_count = 0;
		igp_configure(net, net->nodes[k]);
	}
	igp_run(net, SECONDS(60));
	ck_assert_str_eq(route(4, "1.1.1.1/32"), "none");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd areas");
	TCase *t = tcase_create("12.4.3, 12.4.4, 16.2 to 16.4");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_link_of_the_backbone_joins_both_halves_of_an_area);
	tcase_add_test(t, a_virtual_link_joins_a_far_area_to_the_backbone);
	tcase_add_test(t, ways_between_areas_lead_over_the_backbone);
	tcase_add_test(t, without_a_backbone_nobody_is_a_border_router);
	tcase_add_test(t, what_is_imported_is_told_everywhere_by_its_type);
	tcase_add_loop_test(t, networks_of_one_address_get_names_of_their_own, 0, 4);
	tcase_add_test(t, an_external_that_names_an_address_leads_there);
	tcase_add_loop_test(t, a_stub_area_gets_a_default_route_in_place_of_what_is_outside, 0, 2);
	tcase_add_test(t, a_range_is_told_in_place_of_what_is_in_it);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
