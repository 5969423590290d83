/* Rows as JSON: each format once, what is unset, what is secret, and bytes that are no text. */
#include "host/json.h"
#include "base/label.h"
#include "base/mem.h"
#include "proto/fib.pb-c.h"
#include "proto/ldp.pb-c.h"
#include "proto/schema.gen.h"
#include "tests/helper/check.h"

static void
assert_json(const struct row_schema *schema, const void *row, uint64_t now, const char *expected)
{
	json_object *o = json_of_row(schema, row, now);

	ck_assert_str_eq(
	    json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE), expected);
	json_object_put(o);
}

START_TEST(addresses_prefixes_labels_and_names_of_enums_are_text)
{
	uint8_t prefix[] = { 8, 10, 0, 0, 0 }, address[] = { 192, 0, 2, 1 };
	uint32_t labels[] = { 16, LABEL_UNSET };
	Fib__NextHop hop = FIB__NEXT_HOP__INIT, *hops[] = { &hop };
	Fib__RouteEntry entry = FIB__ROUTE_ENTRY__INIT, *entries[] = { &entry };
	Fib__Route route = FIB__ROUTE__INIT;

	hop.address = (ProtobufCBinaryData){ sizeof address, address };
	hop.ifindex = 3;
	hop.labels = labels;
	hop.n_labels = 2;
	entry.protocol = FIB__PROTOCOL__OSPF;
	entry.since = 1000000;
	entry.next_hops = hops;
	entry.n_next_hops = 1;
	route.prefix = (ProtobufCBinaryData){ sizeof prefix, prefix };
	route.entries = entries;
	route.n_entries = 1;
	route.installed = true;
	assert_json(&fib_route_schema, &route, 3234567,
	    "{\"vrf\":\"\",\"prefix\":\"10.0.0.0/8\",\"entries\":[{\"protocol\":\"OSPF\",\"preference\":0,\"cost\":0,"
	    "\"foreign\":false,\"relay\":false,\"black_hole\":false,\"since\":{\"age_s\":2.235},\"next_hops\":[{"
	    "\"address\":\"192.0.2.1\",\"ifindex\":3,\"via\":null,\"labels\":[16,null],\"weight\":0,\"track\":\"\","
	    "\"track_state\":\"\"}],\"inactive\":"
	    "\"\",\"standbys\":[]}],"
	    "\"installed\":true,\"trouble\":\"\"}");
}
END_TEST

START_TEST(an_lsr_id_is_a_dotted_quad_and_an_absent_sub_message_is_null)
{
	Ldp__Session s = LDP__SESSION__INIT;

	s.peer = 0x0a000001;
	s.state = (Ldp__SessionState)99; /* of a later version */
	json_object *o = json_of_row(&ldp_session_schema, &s.base, 0), *v;
	ck_assert(json_object_object_get_ex(o, "peer", &v));
	ck_assert_str_eq(json_object_get_string(v), "10.0.0.1");
	ck_assert(json_object_object_get_ex(o, "state", &v));
	ck_assert_int_eq(json_object_get_int(v), 99);
	ck_assert(json_object_object_get_ex(o, "sent", &v));
	ck_assert_ptr_null(v);
	ck_assert(json_object_object_get_ex(o, "up_since", &v));
	ck_assert_ptr_null(v); /* not the age of the machine */
	ck_assert(json_object_object_get_ex(o, "addresses", &v));
	ck_assert_uint_eq(json_object_array_length(v), 0);
	ck_assert_int_eq(json_object_object_length(o), (int)ldp_session_schema.message->n_fields);
	json_object_put(o);
}
END_TEST

START_TEST(a_moment_in_the_future_has_age_zero)
{
	Ldp__Adjacency a = LDP__ADJACENCY__INIT;

	a.since = 5000000;
	json_object *o = json_of_row(&ldp_adjacency_schema, &a.base, 4000000), *v;
	ck_assert(json_object_object_get_ex(o, "since", &v));
	ck_assert_str_eq(json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN), "{\"age_s\":0.000}");
	json_object_put(o);
}
END_TEST

START_TEST(macs_are_text_and_bytes_of_a_wrong_size_are_null)
{
	uint8_t mac[] = { 2, 0, 0, 0xab, 0, 1 }, prefix[] = { 24, 10 };
	ProtobufCBinaryData addresses[] = { { sizeof prefix, prefix } };
	Fib__Interface i = FIB__INTERFACE__INIT;
	json_object *v;

	i.mac = (ProtobufCBinaryData){ sizeof mac, mac };
	i.addresses = addresses;
	i.n_addresses = 1;
	json_object *o = json_of_row(&fib_interface_schema, &i.base, 0);
	ck_assert(json_object_object_get_ex(o, "mac", &v));
	ck_assert_str_eq(json_object_get_string(v), "02:00:00:ab:00:01");
	ck_assert(json_object_object_get_ex(o, "addresses", &v));
	ck_assert_uint_eq(json_object_array_length(v), 1);
	ck_assert_ptr_null(json_object_array_get_idx(v, 0));
	json_object_put(o);
}
END_TEST

START_TEST(text_that_is_not_utf_8_becomes_valid_json)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "plain", "plain" },
		{ "M\xc3\xbcnchen \xe2\x82\xac \xf0\x9f\x98\x80", "M\xc3\xbcnchen \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "a\xff"
		  "b",
		    "a\xef\xbf\xbd"
		    "b" },
		{ "cut\xe2\x82", "cut\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },                                 /* overlong */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },                 /* a surrogate */
		{ "\xf5\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* beyond Unicode */
	};

	for (size_t k = 0; k < COUNT(cases); k++) {
		Fib__Interface i = FIB__INTERFACE__INIT;
		json_object *v;
		i.label = (char *)(uintptr_t)cases[k].from;
		json_object *o = json_of_row(&fib_interface_schema, &i.base, 0);
		ck_assert(json_object_object_get_ex(o, "label", &v));
		ck_assert_str_eq(json_object_get_string(v), cases[k].to);
		json_object_put(o);
	}
}
END_TEST

START_TEST(secrets_are_never_shown_and_plain_bytes_are_whole)
{
	struct field_schema all[6], plain[18];
	struct row_schema schema = fib_kernel_schema;
	uint8_t bytes[100];
	Fib__Kernel k = FIB__KERNEL__INIT;
	Fib__Interface i = FIB__INTERFACE__INIT;
	json_object *v;

	ck_assert_uint_eq(fib_kernel_schema.message->n_fields, COUNT(all));
	for (size_t n = 0; n < COUNT(all); n++)
		all[n] = fib_kernel_schema.fields[n];
	all[5].secret = true;
	schema.fields = all;
	k.release = "hunter2";
	json_object *o = json_of_row(&schema, &k.base, 0);
	ck_assert(json_object_object_get_ex(o, "release", &v));
	ck_assert_str_eq(json_object_get_string(v), "*****");
	ck_assert_ptr_null(strstr(json_object_to_json_string(o), "hunter2"));
	json_object_put(o);

	ck_assert_uint_eq(fib_interface_schema.message->n_fields, COUNT(plain));
	for (size_t n = 0; n < COUNT(plain); n++)
		plain[n] = fib_interface_schema.fields[n];
	plain[6].format = FORMAT_PLAIN;
	schema = fib_interface_schema;
	schema.fields = plain;
	memset(bytes, 0x5a, sizeof bytes);
	i.mac = (ProtobufCBinaryData){ sizeof bytes, bytes };
	o = json_of_row(&schema, &i.base, 0);
	ck_assert(json_object_object_get_ex(o, "mac", &v));
	ck_assert_uint_eq(strlen(json_object_get_string(v)), 2 * sizeof bytes);
	json_object_put(o);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host/json");
	TCase *c = tcase_create("rows");

	tcase_add_test(c, addresses_prefixes_labels_and_names_of_enums_are_text);
	tcase_add_test(c, an_lsr_id_is_a_dotted_quad_and_an_absent_sub_message_is_null);
	tcase_add_test(c, a_moment_in_the_future_has_age_zero);
	tcase_add_test(c, macs_are_text_and_bytes_of_a_wrong_size_are_null);
	tcase_add_test(c, text_that_is_not_utf_8_becomes_valid_json);
	tcase_add_test(c, secrets_are_never_shown_and_plain_bytes_are_whole);
	suite_add_tcase(s, c);
	return s;
}

CHECK_MAIN(suite)
