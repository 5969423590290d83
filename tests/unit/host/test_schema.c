/* What proto/schema.py makes of the .proto files: the schemas of this build, and when a version changes. */
#include "proto/fib.pb-c.h"
#include "proto/ldp.pb-c.h"
#include "proto/schema.gen.h"
#include "tests/helper/check.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
check_fields(const struct row_schema *s)
{
	for (unsigned i = 0; i < s->message->n_fields; i++) {
		const ProtobufCFieldDescriptor *d = &s->message->fields[i];
		const struct field_schema *f = &s->fields[i];
		ck_assert_str_eq(f->name, d->name);
		ck_assert(i == 0 || s->message->fields[i - 1].id < d->id);
		ck_assert_ptr_nonnull(f->unit);
		ck_assert_ptr_nonnull(f->help);
		ck_assert_int_eq(d->type == PROTOBUF_C_TYPE_MESSAGE, f->row != NULL);
		if (f->row) {
			ck_assert_ptr_eq(f->row->message, d->descriptor);
			check_fields(f->row);
		}
		switch (f->format) {
		case FORMAT_ADDRESS:
		case FORMAT_PREFIX:
		case FORMAT_MAC: ck_assert_int_eq(d->type, PROTOBUF_C_TYPE_BYTES); break;
		case FORMAT_LABEL: ck_assert_int_eq(d->type, PROTOBUF_C_TYPE_UINT32); break;
		case FORMAT_LSR_ID: ck_assert_int_eq(d->type, PROTOBUF_C_TYPE_FIXED32); break;
		case FORMAT_MOMENT: ck_assert_int_eq(d->type, PROTOBUF_C_TYPE_UINT64); break;
		case FORMAT_PLAIN: break;
		}
	}
}

START_TEST(every_table_has_a_key_a_hold_time_and_fields_parallel_to_its_message)
{
	unsigned count = 0;

	for (; schema_tables[count]; count++) {
		const struct row_schema *s = schema_tables[count];
		unsigned keys = 0;
		for (unsigned i = 0; i < s->message->n_fields; i++) {
			keys += s->fields[i].key;
			ck_assert(!s->fields[i].key || s->message->fields[i].label != PROTOBUF_C_LABEL_REPEATED);
		}
		ck_assert_msg(keys > 0, "%s has no key", s->table);
		ck_assert_uint_gt(s->hold_s, 0);
		ck_assert_str_eq(s->table, s->message->name);
		check_fields(s);
		for (unsigned k = 0; k < count; k++)
			ck_assert_uint_ne(s->version, schema_tables[k]->version);
	}
	ck_assert_uint_ge(count, 11);
}
END_TEST

START_TEST(options_and_comments_are_carried_over)
{
	const struct row_schema *s = &fib_route_schema;

	ck_assert_str_eq(s->table, "fib.Route");
	ck_assert_str_eq(s->owner, "fibd");
	ck_assert_ptr_eq(s->message, &fib__route__descriptor);
	ck_assert_uint_eq(s->hold_s, 600);
	ck_assert_str_eq(s->help, "All that is known for one prefix; the chosen entry first.");
	ck_assert(s->fields[0].key && s->fields[1].key && !s->fields[2].key);
	ck_assert_int_eq(s->fields[1].format, FORMAT_PREFIX);
	ck_assert_str_eq(s->fields[1].help, "");
	ck_assert_ptr_eq(s->fields[2].row, &fib_route_entry_schema);
	ck_assert_uint_eq(fib_route_entry_schema.hold_s, 0);
	ck_assert_str_eq(fib_interface_schema.fields[5].unit, "bytes");
	ck_assert_str_eq(ldp_lsp_schema.owner, "ldpd");
}
END_TEST

START_TEST(tables_are_found_by_name_and_sub_messages_are_none)
{
	ck_assert_ptr_eq(schema_find("fib.LabelRange"), &fib_label_range_schema);
	ck_assert_ptr_null(schema_find("fib.NextHop"));
	ck_assert_ptr_null(schema_find("fib"));
	ck_assert_ptr_null(schema_find(""));
}
END_TEST

/* --- versions: the generator itself, on small files --- */

static void
write_file(const char *dir, const char *body)
{
	char path[128];

	snprintf(path, sizeof path, "%s/t.proto", dir);
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "syntax = \"proto3\";\npackage t;\nimport \"options.proto\";\n%s", body);
	ck_assert_int_eq(fclose(f), 0);
}

/* The version of table t.T, as proto/schema.py writes it for this file. */
static unsigned long
version_of(const char *body)
{
	char dir[] = "/tmp/penult-test-XXXXXX", command[1024], line[1024];
	unsigned long version = 0;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	write_file(dir, body);
	snprintf(command, sizeof command,
	    "protoc -Iproto -I/usr/include -I%s --include_imports --include_source_info -o %s/all %s/t.proto && "
	    "/usr/bin/python3 proto/schema.py %s/all %s/s.c %s/s.h && cat %s/s.c; rm -r %s",
	    dir, dir, dir, dir, dir, dir, dir, dir);
	FILE *out = popen(command, "r");
	ck_assert_ptr_nonnull(out);
	while (fgets(line, sizeof line, out)) {
		const char *at = strstr(line, "\"t.T\", \"td\", &t__t__descriptor, ");
		if (at)
			version = strtoul(strstr(at, "descriptor, ") + strlen("descriptor, "), NULL, 10);
	}
	pclose(out);
	ck_assert_msg(version, "no version for:\n%s", body);
	return version;
}

#define T(fields) "message T { option (hold_s) = 5; uint32 k = 1 [(key) = true]; " fields " }\n"
#define SUB(fields) T("Sub s = 2;") "message Sub { " fields " }\n"
#define ENUM(values) T("E e = 2;") "enum E { " values " }\n"

START_TEST(what_both_sides_must_agree_on_changes_the_version)
{
	static const char *const pairs[][2] = {
		{ T("uint32 a = 2;"), T("uint32 b = 2;") },                         /* a name */
		{ T("uint32 a = 2;"), T("uint32 a = 3;") },                         /* a number */
		{ T("uint32 a = 2;"), T("uint64 a = 2;") },                         /* a type */
		{ T("uint32 a = 2;"), T("repeated uint32 a = 2;") },                /* a label */
		{ T("uint32 a = 2;"), T("uint32 a = 2 [(key) = true];") },          /* a key */
		{ T("uint32 a = 2;"), T("uint32 a = 2 [(format) = LABEL];") },      /* a format */
		{ T("uint32 a = 2;"), T("uint32 a = 2; uint32 b = 3;") },           /* one more */
		{ SUB("uint32 a = 1;"), SUB("uint64 a = 1;") },                     /* inside a sub-message */
		{ SUB("Sub a = 1; uint32 b = 2;"), SUB("Sub a = 1; bool b = 2;") }, /* one that contains itself */
		{ ENUM("X = 0; Y = 1;"), ENUM("X = 0; Z = 1;") },                   /* what a value means */
	};

	ck_assert_uint_ne(version_of(pairs[_i][0]), version_of(pairs[_i][1]));
}
END_TEST

START_TEST(what_only_people_read_does_not)
{
	unsigned long plain = version_of(T("uint32 a = 2; uint32 b = 3;"));

	ck_assert_uint_eq(plain, version_of(T("uint32 a = 2; /* said */ uint32 b = 3; // more\n")));
	ck_assert_uint_eq(plain, version_of(T("uint32 b = 3; uint32 a = 2;")));
	ck_assert_uint_eq(plain, version_of(T("uint32 a = 2 [(unit) = \"ms\"]; uint32 b = 3;")));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("host/schema");
	TCase *c = tcase_create("this build's tables");

	tcase_add_test(c, every_table_has_a_key_a_hold_time_and_fields_parallel_to_its_message);
	tcase_add_test(c, options_and_comments_are_carried_over);
	tcase_add_test(c, tables_are_found_by_name_and_sub_messages_are_none);
	suite_add_tcase(s, c);
	c = tcase_create("versions");
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, what_both_sides_must_agree_on_changes_the_version, 0, 10);
	tcase_add_test(c, what_only_people_read_does_not);
	suite_add_tcase(s, c);
	return s;
}

CHECK_MAIN(suite)
