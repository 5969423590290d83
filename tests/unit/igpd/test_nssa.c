/* Not-so-stubby areas, RFC 3101: who tells whom of what is imported inside and outside. */
#include "tests/helper/check.h"
#include "tests/helper/igp_net.h"
#include <string.h>

#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
static struct igp_net *net;

enum { A, B, C, D };

/* D is in the backbone, C in the NSSA 1; A and B are in both. */
static void
setup(void)
{
	net = igp_net_new(1);
	for (unsigned i = 1; i <= 4; i++)
		igp_add(net, 0x01010100 + i);
	for (int border = A; border <= B; border++) {
		size_t inside = igp_segment(net, OSPF_POINT_TO_POINT), outside = igp_segment(net, OSPF_POINT_TO_POINT);
		igp_area(net->nodes[border], igp_join(net, inside, net->nodes[border], 1), 1);
		igp_area(net->nodes[C], igp_join(net, inside, net->nodes[C], 1), 1);
		igp_join(net, outside, net->nodes[border], 1);
		igp_join(net, outside, net->nodes[D], 1);
		igp_area_config(net->nodes[border], 1)->nssa = true;
	}
	igp_area(net->nodes[C], 0, 1);
	igp_area_config(net->nodes[C], 1)->nssa = true;
	net->nodes[C]->config.areas[0] = net->nodes[C]->config.areas[1]; /* it is in no other area */
	net->nodes[C]->config.area_count = 1;
}

static void
teardown(void)
{
	igp_net_free(net);
}

static void
go(void)
{
	igp_start_all(net);
	igp_run(net, SECONDS(60));
}

static void
import(size_t who, const char *prefix, bool gone)
{
	struct ospf_import i = { .metric = 20, .type2 = true };

	ck_assert(prefix_parse(prefix, &i.prefix));
	igp_import(net, net->nodes[who], &i, gone);
	igp_run(net, SECONDS(15));
}

static const struct area *
area_of(size_t who, uint32_t id)
{
	list_each (at, &net->nodes[who]->o->areas) {
		const struct area *a = OBJECT(at, struct area, of_ospf);
		if (a->id == id)
			return a;
	}
	return NULL;
}

static bool
has_route(size_t who, const char *prefix, struct ospf_route *ret)
{
	struct prefix p;

	ck_assert(prefix_parse(prefix, &p));
	return ospf_route_to(net->nodes[who]->o, &p, ret);
}

/* Who tells everybody of it; 0: nobody. */
static uint32_t
teller(uint32_t id, uint32_t *ret_forward)
{
	uint32_t router = 0;

	list_each (at, &net->nodes[D]->o->db.types[LSA_EXTERNAL]) {
		const struct lsa *l = OBJECT(at, struct lsa, of_type);
		if (l->head.id != id || l->flushed)
			continue;
		ck_assert_msg(!router, "two routers tell of it");
		router = l->head.router;
		*ret_forward = lsa_external_of(l->bytes).forward;
	}
	return router;
}

START_TEST(what_is_imported_inside_is_translated_by_one_and_sent_to_the_importer)
{
	struct ospf_route r;
	uint32_t forward;

	go();
	import(C, "20.0.0.0/8", false);
	ck_assert_uint_eq(teller(0x14000000, &forward), net->nodes[B]->router); /* the higher of both */
	ck_assert_uint_eq(forward, net->nodes[C]->router);                      /* its loopback */
	ck_assert(has_route(D, "20.0.0.0/8", &r));
	ck_assert_int_eq(r.kind, OSPF_EXTERNAL_2);
	ck_assert_uint_eq(r.cost2, 20);
	ck_assert_uint_eq(r.hop_count, 2); /* not by way of the translator alone */
	ck_assert(has_route(A, "20.0.0.0/8", &r));
	igp_kill(net, net->nodes[B]);
	igp_run(net, SECONDS(60));
	ck_assert(has_route(D, "20.0.0.0/8", &r));
	ck_assert_uint_eq(r.hop_count, 1);
	list_each (at, &net->nodes[A]->o->db.types[LSA_EXTERNAL]) {
		const struct lsa *l = OBJECT(at, struct lsa, of_type);
		if (l->head.router == net->nodes[A]->router)
			ck_assert_uint_eq(l->head.id, 0x14000000);
	}
	import(C, "20.0.0.0/8", true);
	igp_run(net, SECONDS(30));
	ck_assert(!has_route(D, "20.0.0.0/8", &r));
}
END_TEST

START_TEST(what_is_imported_outside_is_behind_a_default_route_inside)
{
	struct ospf_route r;

	go();
	import(D, "30.0.0.0/8", false);
	ck_assert(has_route(A, "30.0.0.0/8", &r));
	ck_assert(!has_route(C, "30.0.0.0/8", &r));
	ck_assert_uint_eq(list_is_empty(&net->nodes[C]->o->db.types[LSA_EXTERNAL]), true);
	ck_assert(has_route(C, "0.0.0.0/0", &r));
	ck_assert_uint_eq(r.hop_count, 2);
	ck_assert(!has_route(A, "0.0.0.0/0", &r)); /* border routers do not take it from each other */
	ck_assert(!has_route(D, "0.0.0.0/0", &r));
	ck_assert(has_route(C, "1.1.1.4/32", &r)); /* summaries are told */
}
END_TEST

START_TEST(without_summaries_the_default_route_is_one_of_them)
{
	struct ospf_route r;

	igp_area_config(net->nodes[A], 1)->no_summary = igp_area_config(net->nodes[B], 1)->no_summary = true;
	go();
	ck_assert(has_route(C, "0.0.0.0/0", &r));
	ck_assert_int_eq(r.kind, OSPF_INTER);
	ck_assert(!has_route(C, "1.1.1.4/32", &r));
	ck_assert(list_is_empty((struct list *)(uintptr_t)&area_of(C, 1)->db.types[LSA_NSSA]));
}
END_TEST

START_TEST(a_border_router_tells_both_sides_itself_and_may_leave_the_area_out)
{
	struct ospf_route r;
	uint32_t forward;

	go();
	import(A, "40.0.0.0/8", false);
	ck_assert_uint_eq(teller(0x28000000, &forward), net->nodes[A]->router);
	ck_assert_uint_eq(forward, 0);
	ck_assert(has_route(C, "40.0.0.0/8", &r));
	const struct lsa *l = lsdb_find(&area_of(C, 1)->db, LSA_NSSA, 0x28000000, net->nodes[A]->router);
	ck_assert(l && !(l->head.options & OSPF_OPTION_NP)); /* not to be translated */
	igp_area_config(net->nodes[A], 1)->no_import = true;
	igp_configure(net, net->nodes[A]);
	igp_run(net, SECONDS(15));
	ck_assert(!has_route(C, "40.0.0.0/8", &r));
	ck_assert(has_route(D, "40.0.0.0/8", &r));
}
END_TEST

START_TEST(our_own_import_goes_before_a_translation)
{
	uint32_t forward;

	go();
	import(C, "20.0.0.0/8", false);
	import(B, "20.0.0.0/8", false);
	ck_assert_uint_eq(teller(0x14000000, &forward), net->nodes[B]->router);
	ck_assert_uint_eq(forward, 0);
	import(B, "20.0.0.0/8", true);
	igp_run(net, SECONDS(15));
	ck_assert_uint_eq(teller(0x14000000, &forward), net->nodes[B]->router);
	ck_assert_uint_eq(forward, net->nodes[C]->router);
}
END_TEST

START_TEST(an_area_that_becomes_an_nssa_takes_up_again_as_one)
{
	struct ospf_route r;
	uint32_t forward;

	for (size_t i = A; i <= C; i++)
		igp_area_config(net->nodes[i], 1)->nssa = false;
	go();
	import(C, "20.0.0.0/8", false);
	ck_assert_uint_eq(teller(0x14000000, &forward), net->nodes[C]->router);
	for (size_t i = A; i <= C; i++) {
		igp_area_config(net->nodes[i], 1)->nssa = true;
		igp_configure(net, net->nodes[i]);
	}
	igp_run(net, SECONDS(90));
	ck_assert(has_route(D, "20.0.0.0/8", &r));
	ck_assert_ptr_nonnull(lsdb_find(&area_of(B, 1)->db, LSA_NSSA, 0x14000000, net->nodes[C]->router));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("igpd NSSA");
	TCase *t = tcase_create("RFC 3101");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_imported_inside_is_translated_by_one_and_sent_to_the_importer);
	tcase_add_test(t, what_is_imported_outside_is_behind_a_default_route_inside);
	tcase_add_test(t, without_summaries_the_default_route_is_one_of_them);
	tcase_add_test(t, a_border_router_tells_both_sides_itself_and_may_leave_the_area_out);
	tcase_add_test(t, our_own_import_goes_before_a_translation);
	tcase_add_test(t, an_area_that_becomes_an_nssa_takes_up_again_as_one);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
