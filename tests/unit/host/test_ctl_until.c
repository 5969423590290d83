/* What the command line waits for (--until), and in which order it shows rows: without a bus. */
#include "base/mem.h"
#include "host/ctl_internal.h"
#include "proto/fib.pb-c.h"
#include "proto/ldp.pb-c.h"
#include "proto/schema.gen.h"
#include "tests/helper/check.h"
#include <string.h>

static Fib__RouteEntry entries[2];
static Fib__RouteEntry *entry_list[] = { &entries[0], &entries[1] };
static Fib__Route routes[2];
static ProtobufCMessage *route_list[] = { &routes[0].base, &routes[1].base };

static bool
holds(const char *condition, size_t count)
{
	struct row_set set = { .schema = &fib_route_schema, .rows = route_list, .count = count };
	struct until u;
	char why[256] = "";
	static uint8_t ten[] = { 8, 10, 0, 0, 0 };

	fib__route_entry__init(&entries[0]);
	fib__route_entry__init(&entries[1]);
	entries[0].protocol = FIB__PROTOCOL__STATIC;
	entries[0].since = 5 * USEC_PER_SEC;
	entries[1].protocol = FIB__PROTOCOL__OSPF;
	fib__route__init(&routes[0]);
	fib__route__init(&routes[1]);
	routes[0].prefix = (ProtobufCBinaryData){ sizeof ten, ten };
	routes[0].installed = true;
	routes[0].n_entries = 2;
	routes[0].entries = entry_list;
	routes[1].vrf = "VPNA";
	ck_assert_msg(until_parse(condition, &u, why), "%s", why);
	ck_assert_msg(until_fits(&u, &fib_route_schema, why), "%s", why);
	return until_holds(&u, &set, 10 * USEC_PER_SEC);
}

START_TEST(a_condition_holds_when_one_row_has_the_value_that_json_shows)
{
	ck_assert(holds("installed=true", 1));
	ck_assert(!holds("installed=false", 1));
	ck_assert(holds("installed=false", 2));
	ck_assert(holds("vrf=vpna", 2));
	ck_assert(holds("vrf=", 1));
	ck_assert(holds("prefix=10.0.0.0/8", 2));
	ck_assert(holds("prefix=null", 2));
	ck_assert(!holds("installed=true", 0));
}
END_TEST

START_TEST(a_negated_condition_holds_when_there_are_rows_and_none_has_the_value)
{
	ck_assert(holds("vrf!=VPNB", 2));
	ck_assert(!holds("vrf!=VPNA", 2));
	ck_assert(!holds("vrf!=VPNB", 0));
}
END_TEST

START_TEST(a_dotted_name_reaches_into_sub_messages_and_one_item_is_enough)
{
	ck_assert(holds("entries.protocol=STATIC", 1));
	ck_assert(holds("entries.protocol=OSPF", 1));
	ck_assert(!holds("entries.protocol=BGP", 2));
	ck_assert(holds("entries.since=null", 1));
	ck_assert(!holds("entries.next_hops.weight=0", 1));
}
END_TEST

START_TEST(rows_are_counted)
{
	ck_assert(holds("rows=2", 2));
	ck_assert(holds("rows=0", 0));
	ck_assert(!holds("rows=1", 2));
	ck_assert(holds("rows!=1", 2));
}
END_TEST

START_TEST(a_condition_on_a_field_that_is_not_there_is_refused_at_once)
{
	struct until u;
	char why[256];

	ck_assert(until_parse("instaled=true", &u, why));
	ck_assert(!until_fits(&u, &fib_route_schema, why));
	ck_assert_str_eq(why, "fib.Route has no field instaled; its fields: vrf, prefix, entries, installed, trouble");
	ck_assert(until_parse("entries.proto=BGP", &u, why));
	ck_assert(!until_fits(&u, &fib_route_schema, why));
	ck_assert_ptr_nonnull(strstr(why, "entries has no field proto; its fields: protocol, preference"));
	ck_assert(until_parse("installed.at=1", &u, why));
	ck_assert(!until_fits(&u, &fib_route_schema, why));
	ck_assert_str_eq(why, "installed has no field at");
}
END_TEST

START_TEST(rows_come_in_the_order_of_their_keys)
{
	static uint8_t nine[] = { 8, 9, 0, 0, 0 }, nine_long[] = { 24, 9, 0, 0, 0 }, ten[] = { 8, 10, 0, 0, 0 },
		       six[17] = { 16, 0x20 };
	static uint8_t *const prefixes[] = { ten, six, nine_long, nine };
	static const size_t sizes[] = { 5, 17, 5, 5 };
	Fib__Route r[5];
	ProtobufCMessage *list[5];
	struct row_set set = { .schema = &fib_route_schema, .rows = list, .count = 5 };

	for (size_t i = 0; i < 5; i++) {
		fib__route__init(&r[i]);
		list[i] = &r[i].base;
		r[i].prefix = (ProtobufCBinaryData){ sizes[i % 4], prefixes[i % 4] };
	}
	r[0].vrf = "VPNA"; /* the public network, of no name, comes first */
	ctl_sort_rows(&set);
	ck_assert_ptr_eq(list[0], &r[3]);
	ck_assert_ptr_eq(list[1], &r[2]);
	ck_assert_ptr_eq(list[2], &r[4]);
	ck_assert_ptr_eq(list[3], &r[1]);
	ck_assert_ptr_eq(list[4], &r[0]);
}
END_TEST

START_TEST(addresses_of_the_older_family_come_first)
{
	static uint8_t four[] = { 200, 0, 0, 1 }, six[16] = { 0x20, 1 };
	Ldp__Adjacency a[2];
	ProtobufCMessage *list[] = { &a[0].base, &a[1].base };
	struct row_set set = { .schema = &ldp_adjacency_schema, .rows = list, .count = 2 };

	ldp__adjacency__init(&a[0]);
	ldp__adjacency__init(&a[1]);
	a[0].source = (ProtobufCBinaryData){ 16, six };
	a[1].source = (ProtobufCBinaryData){ 4, four };
	ctl_sort_rows(&set);
	ck_assert_ptr_eq(list[0], &a[1]);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ctl conditions");
	TCase *until = tcase_create("conditions");

	tcase_add_test(until, a_condition_holds_when_one_row_has_the_value_that_json_shows);
	tcase_add_test(until, a_negated_condition_holds_when_there_are_rows_and_none_has_the_value);
	tcase_add_test(until, a_dotted_name_reaches_into_sub_messages_and_one_item_is_enough);
	tcase_add_test(until, rows_are_counted);
	tcase_add_test(until, a_condition_on_a_field_that_is_not_there_is_refused_at_once);
	tcase_add_test(until, rows_come_in_the_order_of_their_keys);
	tcase_add_test(until, addresses_of_the_older_family_come_first);
	suite_add_tcase(s, until);
	return s;
}

CHECK_MAIN(suite)
