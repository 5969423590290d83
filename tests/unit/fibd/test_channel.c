/* Control channels of pseudowires (RFC 5085): what reaches the daemons, what they send, and the pair of interfaces that they do it by. */
#include "fibd/rib/model.h"
#include "tests/helper/check.h"
#include "tests/unit/fibd/world_tc.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PATH2 "2.2.2.2 100 600001 524288"
#define SAID(is) ck_assert_str_eq(world_said(w, 524288), is)
enum { LABEL = 524288 };

static struct world *w;

static void
setup(void)
{
	w = world_pw();
}

static void
teardown(void)
{
	ck_assert_ptr_null(strstr(text_chars(&w->log), "cannot be removed"));
	world_pw_free(w);
}

static void
circuit(const char *paths, uint32_t turn)
{
	world_circuit(w, &(struct world_circuit){ "eth7", .paths = paths, .turn = turn }, 1);
	world_run(w);
}

static const Fib__CircuitPath *
path(void)
{
	const Fib__Circuit *r = world_circuit_there(w, "eth7");

	ck_assert_uint_ge(r->n_paths, 1);
	return r->paths[0];
}

/* What becomes of it in each of the forms, beneath an explicit null too. */
static void
received(bool alert, bool expires, bool associated, const char *is)
{
	for (int null = 0; null < 2; null++)
		ck_assert_str_eq(world_control(w, &(struct world_control){ .ifindex = 1,
						      .label = LABEL,
						      .explicit_null = null,
						      .alert = alert,
						      .expires = expires,
						      .associated = associated }),
		    is);
}

static const char *
ours(void)
{
	static char text[16];

	snprintf(text, sizeof text, "%u", world_vccv(w));
	return text;
}

static bool
is_up(const char *name)
{
	for (size_t i = 0; i < w->link_count; i++)
		if (strcmp(w->links[i].name, name) == 0)
			return w->links[i].admin_up;
	return false;
}

/* --- what comes in --- */

START_TEST(with_a_channel_each_form_reaches_the_daemons_and_frames_the_customer)
{
	world_pw_start(w);
	circuit(PATH2 " cw", 1);
	ck_assert_uint_eq(world_vccv(w), 0);
	ck_assert(!path()->channel);
	for (char form = '1'; form <= '3'; form++) {
		char words[64];
		snprintf(words, sizeof words, "%s cw cc%c", PATH2, form);
		circuit(words, 1);
		ck_assert_uint_ne(world_vccv(w), 0);
		received(false, false, true, ours());
		received(true, false, true, ours());
		received(false, true, false, ours());
		received(false, true, true, ours());
		received(false, false, false, "7 cw");
		ck_assert(path()->channel);
		ck_assert_str_eq(path()->trouble, "");
	}
}
END_TEST

/* RFC 3032 2.4.1: what expires here goes nowhere, so the kernel is left with it. */
START_TEST(without_a_channel_the_associated_one_is_dropped_and_what_expires_reaches_nobody)
{
	world_pw_start(w);
	circuit(PATH2 " cw", 1);
	received(false, false, true, "dropped");
	received(false, true, true, "dropped");
	received(false, true, false, "dropped");
	received(true, false, false, "not ours");
	circuit(PATH2, 1);
	received(false, false, true, "7"); /* the first nibble of a customer's frame may be any */
	received(false, true, true, "not ours");
}
END_TEST

START_TEST(without_a_control_word_any_nibble_is_a_customers_and_the_other_forms_are_received)
{
	world_pw_start(w);
	circuit(PATH2 " cc2", 1);
	received(false, false, true, "7");
	received(true, false, true, ours());
	received(false, true, true, ours());
	ck_assert(path()->channel);
	circuit(PATH2 " cc1", 1); /* nothing would tell it from frames */
	ck_assert_uint_eq(world_vccv(w), 0);
	ck_assert(!path()->channel);
	received(true, false, false, "not ours");
	circuit(PATH2 " cc9", 1);
	ck_assert(!path()->channel);
}
END_TEST

START_TEST(what_has_come_in_is_counted_for_the_channel_alone)
{
	struct fib_object o = { .kind = FIB_COUNT };

	world_pw_start(w);
	circuit(PATH2 " cw cc1", 1);
	o.count = (struct fib_count){ .label = LABEL, .received = true, .channel = true, .packets = 5, .bytes = 500 };
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &o });
	ck_assert_uint_eq(path()->channel_packets, 5);
	ck_assert_uint_eq(path()->received_packets, 0);
	o.count.channel = false;
	o.count.packets = 9;
	world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &o });
	ck_assert_uint_eq(path()->channel_packets, 5);
	ck_assert_uint_eq(path()->received_packets, 9);
	ck_assert_uint_eq(path()->sent_packets, 0);
}
END_TEST

/* --- what daemons send --- */

START_TEST(what_daemons_send_goes_the_way_of_frames_in_the_form_that_was_agreed)
{
	world_pw_start(w);
	circuit(PATH2 " cw cc1", 1);
	SAID("1: 200/600001 mac 2");
	circuit(PATH2 " cw cc2", 1);
	SAID("1: 200/600001 alert mac 2");
	circuit(PATH2 " cw cc3", 1);
	SAID("1: 200/600001 expires mac 2");
	world_learned(w, "2.2.2.2/32", "10.0.2.2", 2, 5, 1);
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.2.2 2 222", 1);
	world_run(w);
	SAID("2: 222/600001 expires mac 3");
	world_station(w, 2, "10.0.2.2", 8);
	world_run(w);
	SAID("2: 222/600001 expires mac 8");
	circuit(PATH2 " cw", 1);
	SAID("dropped");
}
END_TEST

START_TEST(it_is_lost_and_comes_back_with_the_lsp)
{
	world_pw_start(w);
	circuit(PATH2 " cw cc1", 1);
	world_lsp_gone(w, "2.2.2.2/32");
	world_run(w);
	SAID("dropped");
	ck_assert(!path()->channel);
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 201", 1);
	world_run(w);
	SAID("1: 201/600001 mac 2");
	ck_assert(path()->channel);
}
END_TEST

/* What is sent there may be what finds out whether the pseudowire is usable. */
START_TEST(it_does_not_ask_whether_the_pseudowire_is_usable)
{
	world_pw_start(w);
	circuit(PATH2 " cw cc1 off", 1);
	ck_assert_str_eq(world_frame(w, 7), "dropped");
	SAID("1: 200/600001 mac 2");
	ck_assert(path()->channel && !path()->sends);
	circuit("2.2.2.2 100 4294967295 524288 cw cc1", 1);
	SAID("dropped");
	ck_assert(!path()->channel);
}
END_TEST

/* --- the pair --- */

START_TEST(the_pair_is_there_while_some_pseudowire_has_a_channel)
{
	world_pw_start(w);
	circuit(PATH2 " cw cc1", 1);
	world_circuit(w, &(struct world_circuit){ "eth8", .paths = "3.3.3.3 200 600002 524289 cw cc1", .turn = 1 }, 1);
	world_run(w);
	ck_assert(is_up("vccv0") && is_up("vccv1"));
	ck_assert_uint_eq(w->tc->pairs, 1);
	ck_assert_str_eq(world_said(w, 524289), "2: 300/600002 mac 3");
	world_circuit_gone(w, "eth8");
	world_run(w);
	ck_assert_uint_ne(world_vccv(w), 0);
	ck_assert_str_eq(world_said(w, 524289), "dropped");
	SAID("1: 200/600001 mac 2");
	circuit(PATH2 " cw", 1);
	ck_assert_uint_eq(world_vccv(w), 0);
	ck_assert(!is_up("vccv0"));
	received(false, false, true, "dropped");
	world_circuit_gone(w, "eth7");
	world_run(w);
	ck_assert_uint_eq(w->tc->filter_count, 0);
	ck_assert(!rib_has_ops(w->rib));
	ck_assert_uint_eq(w->tc->pairs, 1);
}
END_TEST

START_TEST(one_that_somebody_deletes_is_made_again_and_meanwhile_nothing_reaches_the_customer)
{
	world_pw_start(w);
	circuit(PATH2 " cw cc1", 1);
	world_vccv_remove(w);
	ck_assert(!path()->channel || world_vccv(w));
	world_run(w);
	world_wait(w, USEC_PER_SEC);
	ck_assert_uint_eq(w->tc->pairs, 2);
	ck_assert(path()->channel);
	SAID("1: 200/600001 mac 2");
	received(false, false, true, ours());
	w->deaf = true;
	world_vccv_remove(w);
	w->deaf = false;
	world_overrun(w);
	world_wait(w, USEC_PER_SEC);
	ck_assert_uint_eq(w->tc->pairs, 3);
	ck_assert(path()->channel);
	received(true, false, true, ours());
}
END_TEST

START_TEST(one_that_has_lost_its_other_end_is_made_again)
{
	world_pw_start(w);
	circuit(PATH2 " cw cc1", 1);
	world_unplug(w, world_vccv(w) - 1); /* moved to another namespace */
	world_run(w);
	ck_assert(!path()->channel);
	world_wait(w, USEC_PER_SEC);
	ck_assert_uint_eq(w->tc->pairs, 2);
	ck_assert(path()->channel);
	SAID("1: 200/600001 mac 2");
}
END_TEST

START_TEST(one_that_is_taken_down_comes_up_and_its_filters_come_back)
{
	world_pw_start(w);
	circuit(PATH2 " cw cc1", 1);
	world_admin(w, world_vccv(w) - 1, false);
	world_run(w);
	ck_assert(is_up("vccv0"));
	world_tc_flush(w, world_vccv(w));
	SAID("dropped");
	world_run(w);
	SAID("1: 200/600001 mac 2");
	world_tc_flush(w, 1);
	world_tc_flush(w, 2);
	world_run(w);
	received(false, false, true, ours());
	ck_assert(path()->channel);
	ck_assert_uint_eq(w->tc->pairs, 1);
}
END_TEST

/* What all labels share goes with the block, or by itself, told or not. */
START_TEST(sieves_that_somebody_removes_come_back)
{
	world_pw_start(w);
	circuit(PATH2 " cw cc1", 1);
	for (int how = 0; how < 3; how++) {
		static const uint32_t links[] = { 1, 2, 99 };
		struct fib_object gone = { .kind = FIB_FILTER };
		for (size_t i = 0; !how && i < COUNT(links); i++)
			world_tc_flush(w, links[i]);
		for (size_t i = w->tc->filter_count; how && i-- > 0;)
			if (fib_is_sieve(w->tc->filters[i].pref))
				w->tc->filters[i] = w->tc->filters[--w->tc->filter_count];
		if (how == 1)
			world_overrun(w);
		for (uint8_t i = 0; how == 2 && i < FIB_SIEVES; i++) {
			gone.filter = fib_sieve(i);
			world_input(w, &(struct fib_input){ .kind = FIB_IN_SEEN, .object = &gone, .gone = true });
		}
		world_run(w);
		received(false, false, true, ours());
		received(true, false, false, ours());
		received(false, true, false, ours());
		ck_assert(path()->channel);
	}
}
END_TEST

START_TEST(somebody_elses_interface_of_that_name_is_left_alone)
{
	world_link(w, 60, "vccv0", NULL);
	world_pw_start(w);
	circuit(PATH2 " cw cc1", 1);
	ck_assert(!path()->channel);
	ck_assert_str_eq(path()->trouble, "an interface vccv0 or vccv1 is somebody else's");
	received(false, false, true, "dropped");
	received(true, false, true, "dropped");
	world_circuit_gone(w, "eth7");
	world_run(w);
	ck_assert(is_up("vccv0"));
	ck_assert_uint_eq(w->tc->pairs, 0);
}
END_TEST

/* --- a kernel that lacks something --- */

static const char *
missing(size_t i)
{
	struct table *t = world_table(w, "fib.Kernel");
	Fib__Kernel *m = arena_take(&w->arena, sizeof *m);

	fib__kernel__init(m);
	t->fill(t->oldest, m, &w->arena);
	return i < m->n_missing ? m->missing[i] : "";
}

START_TEST(a_kernel_without_u32_says_so_and_carries_frames_all_the_same)
{
	w->tc->no_u32 = true;
	world_pw_start(w);
	ck_assert_str_eq(missing(0), "");
	circuit(PATH2 " cw cc1", 1);
	ck_assert_ptr_nonnull(strstr(missing(0), "module cls_u32"));
	ck_assert_str_eq(missing(1), "");
	ck_assert(!path()->channel && path()->sends && path()->receives);
	ck_assert_str_eq(path()->trouble, "packets of its control channel cannot be told from frames");
	circuit(PATH2 " cc2", 1);
	ck_assert(!path()->channel);
	circuit(PATH2 " cw cc1", 1);
	w->tc->no_u32 = false;
	world_wait(w, 70 * USEC_PER_SEC);
	ck_assert(path()->channel);
	ck_assert_str_eq(missing(0), "");
}
END_TEST

START_TEST(a_kernel_without_flower_says_so)
{
	w->tc->no_flower = true;
	world_pw_start(w);
	circuit(PATH2 " cw", 1);
	ck_assert_ptr_nonnull(strstr(missing(0), "module cls_flower"));
	ck_assert_str_eq(missing(1), "");
	ck_assert(!path()->sends);
	w->tc->no_flower = false;
	world_wait(w, 70 * USEC_PER_SEC);
	ck_assert_str_eq(missing(0), "");
	ck_assert(path()->sends);
}
END_TEST

START_TEST(a_kernel_without_pairs_of_interfaces_is_asked_again)
{
	w->tc->no_veth = true;
	world_pw_start(w);
	circuit(PATH2 " cw cc1", 1);
	ck_assert(!path()->channel && path()->sends);
	ck_assert_ptr_nonnull(strstr(path()->trouble, "the interfaces of control channels cannot be made: "));
	received(false, false, true, "dropped");
	w->tc->no_veth = false;
	world_wait(w, 70 * USEC_PER_SEC);
	ck_assert(path()->channel);
	ck_assert_str_eq(path()->trouble, "");
}
END_TEST

/* --- a restart --- */

START_TEST(a_restart_keeps_all_of_it)
{
	world_pw_start(w);
	circuit(PATH2 " cw cc2", 1);
	unsigned filters = w->tc->filter_ops;
	uint32_t was = world_vccv(w);
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip vpn-instance red\n");
	world_run(w);
	world_wait(w, 5 * USEC_PER_SEC);
	SAID("1: 200/600001 alert mac 2");
	received(false, false, true, ours());
	ck_assert_uint_eq(world_vccv(w), was);
	circuit(PATH2 " cw cc2", 1);
	SAID("1: 200/600001 alert mac 2");
	world_pe_igp(w, 1);
	world_lsp(w, "2.2.2.2/32", 1024, "10.0.1.2 1 200", 1);
	world_sessions_synced(w, 1);
	world_lsps_synced(w, 1);
	world_run(w);
	world_wait(w, 30 * USEC_PER_SEC);
	SAID("1: 200/600001 alert mac 2");
	ck_assert(path()->channel);
	ck_assert_uint_eq(w->tc->filter_ops, filters);
	ck_assert_uint_eq(w->tc->pairs, 1);
	ck_assert_uint_eq(world_vccv(w), was);
}
END_TEST

START_TEST(a_pair_without_filters_is_kept_until_it_is_known_that_nobody_wants_it)
{
	world_pw_start(w);
	circuit(PATH2 " cw cc2", 1);
	uint32_t was = world_vccv(w);
	w->tc->filter_count = w->tc->gate_count = 0; /* somebody has removed them while we were away */
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip vpn-instance red\n");
	world_run(w);
	ck_assert_uint_eq(world_vccv(w), was);
	circuit(PATH2 " cw cc2", 1);
	received(true, false, false, ours());
	ck_assert_uint_eq(world_vccv(w), was);
}
END_TEST

START_TEST(what_nobody_wants_after_a_restart_goes)
{
	world_pw_start(w);
	circuit(PATH2 " cw cc2", 1);
	world_restart(w);
	world_tell_all(w);
	world_config(w, "ip vpn-instance red\n");
	world_run(w);
	ck_assert_uint_ne(world_vccv(w), 0);
	world_sessions_synced(w, 1);
	world_lsps_synced(w, 1);
	world_run(w);
	ck_assert_uint_eq(world_vccv(w), 0);
	ck_assert_uint_eq(w->tc->filter_count, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fibd control channels");
	TCase *in = tcase_create("received"), *out = tcase_create("sent"), *pair = tcase_create("the pair");
	TCase *lacks = tcase_create("missing"), *restart = tcase_create("restart");
	TCase *all[] = { in, out, pair, lacks, restart };

	for (size_t i = 0; i < COUNT(all); i++) {
		tcase_add_checked_fixture(all[i], setup, teardown);
		suite_add_tcase(s, all[i]);
	}
	tcase_add_test(in, with_a_channel_each_form_reaches_the_daemons_and_frames_the_customer);
	tcase_add_test(in, without_a_channel_the_associated_one_is_dropped_and_what_expires_reaches_nobody);
	tcase_add_test(in, without_a_control_word_any_nibble_is_a_customers_and_the_other_forms_are_received);
	tcase_add_test(in, what_has_come_in_is_counted_for_the_channel_alone);
	tcase_add_test(out, what_daemons_send_goes_the_way_of_frames_in_the_form_that_was_agreed);
	tcase_add_test(out, it_is_lost_and_comes_back_with_the_lsp);
	tcase_add_test(out, it_does_not_ask_whether_the_pseudowire_is_usable);
	tcase_add_test(pair, the_pair_is_there_while_some_pseudowire_has_a_channel);
	tcase_add_test(pair, one_that_somebody_deletes_is_made_again_and_meanwhile_nothing_reaches_the_customer);
	tcase_add_test(pair, one_that_has_lost_its_other_end_is_made_again);
	tcase_add_test(pair, one_that_is_taken_down_comes_up_and_its_filters_come_back);
	tcase_add_test(pair, sieves_that_somebody_removes_come_back);
	tcase_add_test(pair, somebody_elses_interface_of_that_name_is_left_alone);
	tcase_add_test(lacks, a_kernel_without_u32_says_so_and_carries_frames_all_the_same);
	tcase_add_test(lacks, a_kernel_without_flower_says_so);
	tcase_add_test(lacks, a_kernel_without_pairs_of_interfaces_is_asked_again);
	tcase_add_test(restart, a_restart_keeps_all_of_it);
	tcase_add_test(restart, a_pair_without_filters_is_kept_until_it_is_known_that_nobody_wants_it);
	tcase_add_test(restart, what_nobody_wants_after_a_restart_goes);
	return s;
}

CHECK_MAIN(suite)
