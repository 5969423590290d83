/* Who wants which path watched, and the one session that all who want the same path share (RFC 5882 section 2). */
#include "bfdd/core/vccv.h"
#include "tests/helper/check.h"
#include "tests/unit/bfdd/front.h"
#include <string.h>

static struct front *f;

static void
setup(void)
{
	f = front_new();
}

static void
teardown(void)
{
	front_free(f);
}

START_TEST(a_line_becomes_a_session_with_its_defaults)
{
	front_session(f, "pe1_to_pe2", "3.3.3.9", NULL);
	front_session(f, "ce", "10.1.1.2", "GE0/1/0");
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 2);
	const struct bfd_order *multi = front_order(f, 8192), *single = front_order(f, 8193);
	ck_assert(multi && single && !multi->remove);
	ck_assert(multi->params.multihop && !single->params.multihop);
	ck_assert_uint_eq(multi->params.desired_min_tx_us, 10000);
	ck_assert_uint_eq(multi->params.required_min_rx_us, 10000);
	ck_assert_uint_eq(multi->params.detect_mult, 3);
	ck_assert_uint_eq(multi->params.tos_exp, 6);
	ck_assert_uint_eq(single->params.min_ttl, 255);
	ck_assert_uint_eq(single->params.ifindex, 3);
	ck_assert_str_eq(single->device, "eth0");
	ck_assert_uint_eq(front_take(f), 0);
	front_configure(f); /* the same once more */
	ck_assert_uint_eq(front_take(f), 0);
	ck_assert_uint_eq(front_rows(f), 2);
	ck_assert(front_row(f, "ce")->configured);
}
END_TEST

START_TEST(discriminators_set_by_hand_are_used_and_one_alone_is_not_enough)
{
	struct bfd_session_config *s = front_session(f, "a", "3.3.3.9", NULL);

	s->automatic = false;
	s->local = 10;
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 0);
	ck_assert_str_eq(front_row(f, "a")->trouble, "its discriminators are not set");
	s->remote = 20;
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert_uint_eq(front_order(f, 10)->params.remote, 20);
	ck_assert_str_eq(front_row(f, "a")->trouble, "");
	s->local = 11; /* another number is another session */
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 2);
	ck_assert(front_order(f, 10)->remove);
	ck_assert(!front_order(f, 11)->remove);
}
END_TEST

START_TEST(without_bfd_there_is_no_session_and_the_row_says_why)
{
	front_session(f, "a", "3.3.3.9", NULL);
	f->config.enabled = false;
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 0);
	ck_assert_str_eq(front_row(f, "a")->trouble, "`bfd` is missing in the system view");
	f->config.enabled = true;
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 1);
	f->config.enabled = false;
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert(f->orders[0].remove);
}
END_TEST

START_TEST(a_session_waits_for_its_interface)
{
	front_session(f, "a", "10.1.1.2", "GE0/7/0");
	front_session(f, "b", "10.1.1.2", "GE0/1/0");
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert_str_eq(front_row(f, "a")->trouble, "its interface is not there");
	front_port(f, 3, true, true);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert(f->orders[0].remove);
	ck_assert_str_eq(front_row(f, "b")->trouble, "its interface is not there");
	front_gone(f, 8192);
	front_port(f, 3, true, false);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert(!f->orders[0].remove);
}
END_TEST

START_TEST(a_link_without_carrier_takes_its_session_along)
{
	front_session(f, "a", "10.1.1.2", "GE0/1/0");
	front_configure(f);
	front_take(f);
	front_port(f, 3, false, false);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert(f->orders[0].params.path_down);
	front_port(f, 3, true, false);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert(!f->orders[0].params.path_down);
}
END_TEST

START_TEST(a_vpn_instance_is_part_of_the_path)
{
	struct bfd_session_config *s = front_session(f, "a", "10.2.2.2", "GE0/2/0");

	front_configure(f);
	ck_assert_str_eq(front_row(f, "a")->trouble, "GE0/2/0 is not in the public network");
	memcpy(s->vrf, "red", 4);
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert_uint_eq(f->orders[0].params.vrf, 9);
	ck_assert_str_eq(f->orders[0].vrf_device, "red");
	ck_assert_str_eq(f->orders[0].device, "eth1");
	s = front_session(f, "b", "8.8.8.8", NULL);
	memcpy(s->vrf, "blue", 5);
	front_configure(f);
	ck_assert_str_eq(front_row(f, "b")->trouble, "there is no VPN instance blue");
	memcpy(s->vrf, "red", 4);
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert_str_eq(f->orders[0].device, "red");
}
END_TEST

START_TEST(equal_wishes_share_a_session_with_the_quickest_timers)
{
	front_request(f, "fibd", "10.1.1.2", 3, 100, 5);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert_uint_eq(f->orders[0].params.desired_min_tx_us, 100000);
	front_request(f, "ldpd", "10.1.1.2", 3, 50, 4);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert_uint_eq(f->orders[0].local, 8192);
	ck_assert_uint_eq(f->orders[0].params.desired_min_tx_us, 50000);
	ck_assert_uint_eq(f->orders[0].params.detect_mult, 4);
	ck_assert_uint_eq(front_rows(f), 1);
	const Bfd__Session *row = front_row(f, "dynamic 10.1.1.2%GE0/1/0");
	ck_assert(row && !row->configured);
	ck_assert_uint_eq(row->n_clients, 2);
	front_request_gone(f, "ldpd", "10.1.1.2", 3);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert(!f->orders[0].remove);
	ck_assert_uint_eq(f->orders[0].params.desired_min_tx_us, 100000);
	front_request_gone(f, "fibd", "10.1.1.2", 3);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert(f->orders[0].remove);
	ck_assert_uint_eq(front_rows(f), 0);
}
END_TEST

START_TEST(one_client_that_leaves_disturbs_no_other)
{
	front_request(f, "fibd", "10.1.1.2", 3, 50, 3);
	front_request(f, "ldpd", "10.1.1.2", 3, 50, 3);
	front_take(f);
	front_say(f, 8192, BFD_UP, BFD_UP);
	front_request_gone(f, "fibd", "10.1.1.2", 3);
	ck_assert_uint_eq(front_take(f), 0);
	ck_assert_int_eq(front_row(f, "dynamic 10.1.1.2%GE0/1/0")->verdict, BFD__VERDICT__ALIVE);
}
END_TEST

START_TEST(a_line_for_a_path_that_clients_watch_gives_it_its_name)
{
	front_request(f, "ldpd", "10.1.1.2", 3, 50, 3);
	front_take(f);
	front_say(f, 8192, BFD_UP, BFD_UP);
	front_session(f, "ce", "10.1.1.2", "GE0/1/0");
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 1); /* quicker timers; the same session */
	ck_assert_uint_eq(f->orders[0].local, 8192);
	ck_assert_uint_eq(front_rows(f), 1);
	ck_assert_int_eq(front_row(f, "ce")->verdict, BFD__VERDICT__ALIVE);
	bfd_config_session_remove(&f->config, "ce");
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert_int_eq(front_row(f, "dynamic 10.1.1.2%GE0/1/0")->verdict, BFD__VERDICT__ALIVE);
}
END_TEST

START_TEST(who_leaves_the_source_open_shares_the_session_of_who_does_not)
{
	struct bfd_session_config *s = front_session(f, "ce", "10.1.1.2", "GE0/1/0");

	front_request(f, "ldpd", "10.1.1.2", 3, 50, 3);
	front_take(f);
	front_say(f, 8192, BFD_UP, BFD_UP);
	ck_assert(addr_parse("10.1.1.1", &s->source));
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert_uint_eq(f->orders[0].local, 8192);
	ck_assert_msg(addr_is_set(&f->orders[0].params.local), "it is sent from there now");
	front_request(f, "fibd", "10.1.1.2", 3, 50, 3);
	front_take(f);
	ck_assert_uint_eq(front_rows(f), 1);
	ck_assert_uint_eq(front_row(f, "ce")->n_clients, 2);
	bfd_config_session_remove(&f->config, "ce");
	front_configure(f);
	front_take(f);
	ck_assert_uint_eq(front_rows(f), 1);
	const Bfd__Session *row = front_row(f, "dynamic 10.1.1.2%GE0/1/0<10.1.1.1");
	ck_assert_msg(row && row->verdict == BFD__VERDICT__ALIVE, "without its line it goes on as it is");
	s = front_session(f, "open", "10.1.1.7", "GE0/1/0");
	front_configure(f);
	front_take(f);
	uint32_t local = front_row(f, "open")->local;
	s->source = addr_v4(0x0a010101);
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert_msg(f->orders[0].local == local && !f->orders[0].remove, "a source said later is no other session");
	bfd_config_session_remove(&f->config, "open");
	front_session(f, "other", "10.1.1.2", "GE0/1/0")->source = addr_v4(0x0a010109);
	front_configure(f);
	ck_assert_uint_eq(front_rows(f), 2);
}
END_TEST

/* --- over pseudowires, RFC 5885 --- */

#define CHANNEL(label) "dynamic 2.2.2.2%GE0/1/0/" label "<1.1.1.1"
static const struct front_channel ach = { "2.2.2.2", 3, 524288, VCCV_ACH, 20, 4, true, false };

START_TEST(each_control_channel_has_a_session_of_its_own_on_its_device)
{
	struct front_channel ip = { "2.2.2.2", 3, 524289, VCCV_IP, 10, 3, false, false };

	front_request(f, "fibd", "2.2.2.2", 0, 10, 3);
	front_channel(f, "l2vpnd", &ach, false);
	front_channel(f, "l2vpnd", &ip, false);
	ck_assert_uint_eq(front_take(f), 3);
	const struct bfd_order *a = front_order(f, 8193), *b = front_order(f, 8194);
	ck_assert(front_order(f, 8192)->params.multihop && !front_order(f, 8192)->params.vccv_label);
	ck_assert(!a->params.multihop && a->params.ifindex == 3 && a->params.min_ttl == 255);
	ck_assert_str_eq(a->device, "eth0");
	ck_assert_uint_eq(a->params.vccv_label, 524288);
	ck_assert_uint_eq(a->params.vccv_encapsulation, VCCV_ACH);
	ck_assert(a->params.vccv_control_word && !b->params.vccv_control_word);
	ck_assert_uint_eq(a->params.desired_min_tx_us, 20000);
	ck_assert_uint_eq(a->params.detect_mult, 4);
	ck_assert(!a->params.demand && !a->params.echo_us && !a->params.required_min_echo_us && !a->params.passive);
	ck_assert_uint_eq(b->params.vccv_label, 524289);
	ck_assert_uint_eq(b->params.vccv_encapsulation, VCCV_IP);
	const Bfd__Session *row = front_row(f, CHANNEL("524288"));
	ck_assert_ptr_nonnull(row);
	ck_assert_uint_eq(row->vccv_label, 524288);
	ck_assert_uint_eq(row->vccv_encapsulation, VCCV_ACH);
	ck_assert_str_eq(row->interface, "GE0/1/0");
	ck_assert(!row->multihop);
	ck_assert_uint_eq(front_rows(f), 3);
}
END_TEST

START_TEST(wants_of_one_channel_share_its_session_and_another_form_keeps_it)
{
	struct front_channel quick = ach, form = ach;

	quick.min_ms = 5;
	form.encapsulation = VCCV_IP;
	front_channel(f, "l2vpnd", &ach, false);
	front_take(f);
	front_channel(f, "fibd", &quick, false);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert_uint_eq(front_order(f, 8192)->params.desired_min_tx_us, 5000);
	front_channel(f, "fibd", &quick, true);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert_uint_eq(front_order(f, 8192)->params.desired_min_tx_us, 20000);
	front_channel(f, "l2vpnd", &form, false);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert_uint_eq(front_order(f, 8192)->params.vccv_encapsulation, VCCV_IP);
	front_channel(f, "l2vpnd", &form, true);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert(f->orders[0].remove);
	ck_assert_uint_eq(front_rows(f), 0);
}
END_TEST

START_TEST(a_channels_session_goes_with_its_device_and_is_made_anew_on_the_next)
{
	struct front_channel next = ach;

	next.ifindex = 70;
	front_channel(f, "l2vpnd", &ach, false);
	front_take(f);
	front_port(f, 3, true, true);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert(f->orders[0].remove);
	const Bfd__Session *row = front_row(f, "dynamic 2.2.2.2%/524288<1.1.1.1");
	ck_assert_ptr_nonnull(row);
	ck_assert_str_eq(row->trouble, "its control channel's device is not there");
	ck_assert_int_eq(row->verdict, BFD__VERDICT__UNKNOWN);
	ck_assert_uint_eq(row->vccv_label, 524288);
	front_channel(f, "l2vpnd", &next, false);
	front_channel(f, "l2vpnd", &ach, true);
	ck_assert_uint_eq(front_take(f), 0);
	front_port(f, 70, true, false);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert(!f->orders[0].remove);
	ck_assert_str_eq(f->orders[0].device, "vccv0");
	ck_assert_uint_eq(f->orders[0].params.ifindex, 70);
	ck_assert_ptr_nonnull(front_row(f, "dynamic 2.2.2.2%vccv0/524288<1.1.1.1"));
}
END_TEST

START_TEST(what_cannot_be_done_on_a_channel_is_said)
{
	struct front_channel status = ach, bare = ach;

	status.encapsulation = 0x20;
	front_channel(f, "l2vpnd", &status, false);
	bare.label++;
	bare.encapsulation = VCCV_IP;
	bare.no_source = true;
	front_channel(f, "l2vpnd", &bare, false);
	ck_assert_uint_eq(front_take(f), 0);
	ck_assert_str_eq(
	    front_row(f, "dynamic 2.2.2.2%/524288<1.1.1.1")->trouble, "this form of BFD over VCCV cannot be done");
	ck_assert_str_eq(
	    front_row(f, "dynamic 2.2.2.2%/524289")->trouble, "BFD over VCCV with IP needs an address of ours");
}
END_TEST

START_TEST(another_name_for_the_same_line_is_the_same_session)
{
	front_session(f, "old", "10.1.1.2", "GE0/1/0");
	front_configure(f);
	front_take(f);
	front_say(f, 8192, BFD_UP, BFD_UP);
	bfd_config_session_remove(&f->config, "old");
	front_session(f, "new", "10.1.1.2", "GE0/1/0");
	front_configure(f);
	ck_assert_uint_eq(front_take(f), 0);
	ck_assert_int_eq(front_row(f, "new")->verdict, BFD__VERDICT__ALIVE);
	ck_assert_ptr_null(front_row(f, "old"));
}
END_TEST

START_TEST(two_names_for_one_path_are_told)
{
	front_session(f, "one", "10.1.1.2", "GE0/1/0");
	front_session(f, "two", "10.1.1.2", "GE0/1/0");
	front_configure(f);
	ck_assert(front_logged(f, "sessions one and two watch the same path"));
	ck_assert_uint_eq(front_take(f), 1);
}
END_TEST

START_TEST(what_a_client_does_not_repeat_after_its_restart_is_gone)
{
	front_request(f, "fibd", "10.1.1.2", 3, 50, 3);
	front_request(f, "fibd", "10.1.1.3", 3, 50, 3);
	front_request(f, "ldpd", "10.1.1.4", 3, 50, 3);
	front_take(f);
	f->round = 2;
	front_request(f, "fibd", "10.1.1.2", 3, 50, 3);
	front_requests_synced(f, "fibd", 2);
	ck_assert_uint_eq(front_take(f), 1);
	ck_assert(f->orders[0].remove);
	ck_assert_uint_eq(f->orders[0].local, 8193);
	ck_assert_uint_eq(front_rows(f), 2);
}
END_TEST

START_TEST(a_number_is_used_again_only_when_its_session_has_said_goodbye)
{
	front_request(f, "fibd", "10.1.1.2", 3, 50, 3);
	front_take(f);
	front_request_gone(f, "fibd", "10.1.1.2", 3);
	front_take(f);
	front_request(f, "fibd", "10.1.1.3", 3, 50, 3);
	front_take(f);
	ck_assert_uint_eq(f->orders[0].local, 8193);
	front_gone(f, 8192);
	front_request(f, "fibd", "10.1.1.4", 3, 50, 3);
	front_take(f);
	ck_assert_uint_eq(f->orders[0].local, 8192);
}
END_TEST

START_TEST(a_request_without_a_peer_is_told_and_ignored)
{
	Bfd__Request row = BFD__REQUEST__INIT;

	bfd_input(f->bfd,
	    &(struct bfd_input){ .kind = BFD_IN_ROW, .table = BFD_REQUEST, .daemon = "fibd", .row = &row, .round = 1 },
	    f->now);
	ck_assert(front_logged(f, "fibd asks for a session without a peer"));
	ck_assert_uint_eq(front_take(f), 0);
}
END_TEST

START_TEST(counters_are_shown_from_where_they_were_cleared)
{
	front_session(f, "a", "10.1.1.2", "GE0/1/0");
	front_configure(f);
	front_take(f);
	front_say(f, 8192, BFD_UP, BFD_UP);
	ck_assert_uint_eq(front_counters(f, "a")->sent, 10);
	bfd_input(f->bfd, &(struct bfd_input){ .kind = BFD_IN_CLEAR }, f->now);
	ck_assert_uint_eq(front_counters(f, "a")->sent, 0);
	struct bfd_status s = { .local = 8192, .count.sent = 14 };
	bfd_input(f->bfd, &(struct bfd_input){ .kind = BFD_IN_COUNTERS, .status = &s }, f->now);
	ck_assert_uint_eq(front_counters(f, "a")->sent, 4);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bfdd wants");
	TCase *t = tcase_create("wants and watches");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_line_becomes_a_session_with_its_defaults);
	tcase_add_test(t, discriminators_set_by_hand_are_used_and_one_alone_is_not_enough);
	tcase_add_test(t, without_bfd_there_is_no_session_and_the_row_says_why);
	tcase_add_test(t, a_session_waits_for_its_interface);
	tcase_add_test(t, a_link_without_carrier_takes_its_session_along);
	tcase_add_test(t, a_vpn_instance_is_part_of_the_path);
	tcase_add_test(t, equal_wishes_share_a_session_with_the_quickest_timers);
	tcase_add_test(t, one_client_that_leaves_disturbs_no_other);
	tcase_add_test(t, a_line_for_a_path_that_clients_watch_gives_it_its_name);
	tcase_add_test(t, who_leaves_the_source_open_shares_the_session_of_who_does_not);
	tcase_add_test(t, each_control_channel_has_a_session_of_its_own_on_its_device);
	tcase_add_test(t, wants_of_one_channel_share_its_session_and_another_form_keeps_it);
	tcase_add_test(t, a_channels_session_goes_with_its_device_and_is_made_anew_on_the_next);
	tcase_add_test(t, what_cannot_be_done_on_a_channel_is_said);
	tcase_add_test(t, another_name_for_the_same_line_is_the_same_session);
	tcase_add_test(t, two_names_for_one_path_are_told);
	tcase_add_test(t, what_a_client_does_not_repeat_after_its_restart_is_gone);
	tcase_add_test(t, a_number_is_used_again_only_when_its_session_has_said_goodbye);
	tcase_add_test(t, a_request_without_a_peer_is_told_and_ignored);
	tcase_add_test(t, counters_are_shown_from_where_they_were_cleared);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite)
