/* The lines of router.conf about labels. */
#include "base/mem.h"
#include "host/conf.h"
#include "ldpd/commands.h"
#include "ldpd/config.h"
#include "tests/helper/check.h"
#include <string.h>

static struct ldp_config config;
static struct conf_errors errors;

static void
setup(void)
{
	ldp_config_defaults(&config);
	errors = (struct conf_errors){ 0 };
}

static void
teardown(void)
{
	ldp_config_free(&config);
	conf_errors_free(&errors);
}

static void
say(const char *text)
{
	ck_assert_msg(
	    conf_read_text("router.conf", text, ldp_commands, &config, &errors) == 0, "%s", text_chars(&errors.text));
}

static bool
permits(const char *list, const char *prefix)
{
	struct prefix p;

	ck_assert(prefix_parse(prefix, &p));
	ck_assert_ptr_nonnull(prefix_lists_find(&config.prefix_lists, list));
	return prefix_list_permits(prefix_lists_find(&config.prefix_lists, list), &p);
}

START_TEST(a_prefix_list_is_understood_line_by_line)
{
	say("ip ip-prefix CORE index 10 deny 10.1.0.0 16 less-equal 32\n"
	    "ip ip-prefix CORE index 20 permit 10.0.0.0 255.0.0.0 greater-equal 24 less-equal 28\n"
	    "ip ip-prefix CORE permit 9.9.9.9 32\n");
	ck_assert(!permits("CORE", "10.1.2.0/24"));
	ck_assert(permits("CORE", "10.2.2.0/24"));
	ck_assert(!permits("CORE", "10.2.0.0/16"));
	ck_assert(!permits("CORE", "10.2.2.1/32"));
	ck_assert(permits("CORE", "9.9.9.9/32"));
	say("undo ip ip-prefix CORE index 10\n");
	ck_assert(permits("CORE", "10.1.2.0/24"));
	say("undo ip ip-prefix CORE\n");
	ck_assert_uint_eq(config.prefix_lists.count, 0);
}
END_TEST

START_TEST(each_trigger_is_understood_and_undone)
{
	say("mpls\n lsp-trigger all\n");
	ck_assert_int_eq(config.allocate.which, LDP_ALL);
	say("mpls\n lsp-trigger none\n");
	ck_assert_int_eq(config.allocate.which, LDP_NONE);
	say("mpls\n lsp-trigger ip-prefix CORE\n");
	ck_assert_int_eq(config.allocate.which, LDP_LISTED);
	ck_assert_str_eq(config.allocate.list, "CORE");
	say("mpls\n undo lsp-trigger\n");
	ck_assert_int_eq(config.allocate.which, LDP_HOSTS);
}
END_TEST

START_TEST(filters_for_all_and_for_one_peer_are_kept_apart)
{
	struct addr three = addr_v4(0x03030303);

	say("mpls ldp\n outbound peer all fec none\n outbound peer 3.3.3.3 fec ip-prefix CORE\n"
	    " inbound peer all fec host\n inbound peer 3.3.3.3 fec all-routes\n");
	ck_assert_int_eq(config.told.which, LDP_NONE);
	ck_assert_int_eq(config.accepted.which, LDP_HOSTS);
	ck_assert_int_eq(ldp_config_peer(&config, &three)->told.which, LDP_LISTED);
	ck_assert_int_eq(ldp_config_peer(&config, &three)->accepted.which, LDP_ALL);
	say("mpls ldp\n undo outbound peer all fec\n undo outbound peer 3.3.3.3 fec\n undo inbound peer 3.3.3.3 fec\n");
	ck_assert_int_eq(config.told.which, LDP_ALL);
	ck_assert_ptr_null(ldp_config_peer(&config, &three));
}
END_TEST

START_TEST(how_labels_are_given_is_understood_and_undone)
{
	say("mpls\n label advertise explicit-null\n#\nmpls ldp\n label distribution control-mode ordered\n#\n"
	    "mpls ldp broken-lsp pop\nmpls ldp label-reuse-delay 5\n");
	ck_assert_int_eq(config.egress, LDP_EXPLICIT_NULL);
	ck_assert(config.ordered && config.pop_broken);
	ck_assert_uint_eq(config.label_reuse_s, 5);
	say("mpls\n label advertise non-null\n");
	ck_assert_int_eq(config.egress, LDP_NON_NULL);
	say("mpls\n undo label advertise\n#\nmpls ldp\n undo label distribution control-mode\n#\n"
	    "undo mpls ldp broken-lsp\nundo mpls ldp label-reuse-delay\n");
	ck_assert_int_eq(config.egress, LDP_IMPLICIT_NULL);
	ck_assert(!config.ordered && !config.pop_broken);
	ck_assert_uint_eq(config.label_reuse_s, 30);
}
END_TEST

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* one too many for a name */
static const char *const refused[] = {
	"ip ip-prefix CORE permit 10.1.1.1 24\n",
	"ip ip-prefix CORE permit 10.0.0.0 24 greater-equal 16\n",
	"ip ip-prefix CORE permit 10.0.0.0 24 greater-equal 28 less-equal 26\n",
	"ip ip-prefix CORE 10.0.0.0 24\n",
	"mpls\n lsp-trigger ip-prefix\n",
	"mpls ldp\n outbound peer fec none\n",
	"mpls ldp label-reuse-delay 3601\n",
	"ip ip-prefix a index 4294967286 permit 1.0.0.0 8\nip ip-prefix a permit 2.0.0.0 8\n",
	"ip ip-prefix " A64 " permit 1.0.0.0 8\n",
	"mpls\n lsp-trigger ip-prefix " A64 "\n",
	"mpls ldp\n outbound peer all fec ip-prefix " A64 "\n",
	"mpls ldp\n inbound peer 3.3.3.3 fec ip-prefix " A64 "\n",
};

START_TEST(what_makes_no_sense_is_refused_with_its_line)
{
	ck_assert_int_eq(conf_read_text("router.conf", refused[_i], ldp_commands, &config, &errors), -1);
	ck_assert_msg(strstr(text_chars(&errors.text), "router.conf:"), "%s", text_chars(&errors.text));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ldpd commands_label");
	TCase *c = tcase_create("configuration");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_prefix_list_is_understood_line_by_line);
	tcase_add_test(c, each_trigger_is_understood_and_undone);
	tcase_add_test(c, filters_for_all_and_for_one_peer_are_kept_apart);
	tcase_add_test(c, how_labels_are_given_is_understood_and_undone);
	tcase_add_loop_test(c, what_makes_no_sense_is_refused_with_its_line, 0, COUNT(refused));
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
