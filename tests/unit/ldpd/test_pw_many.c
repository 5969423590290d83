/*
 * What pseudowires cost when there are thousands of them: eight times as many, in eight times as many groups, sessions or
 * Requests, take about eight times as long. If each of these looked at all pseudowires it would be sixty-four times.
 */
#include "helper/check.h"
#include "ldpd/pw.h"
#include "tests/helper/ldp_pw_script.h"
#include <stdlib.h>
#include <time.h>

enum { FEW = 1500, MANY = 8 * FEW, MOST_TIMES = 24, TRIES = 3, IN_A_GROUP = 2, FAULT = 6 };

static struct script *s;
static struct ldp *ldp;
static struct peer *p;

static void
setup(void)
{
	s = script_new("3.3.3.3");
	script_up(s);
	ldp = s->dut->ldp;
	p = peer_find(ldp, s->lsr, 0);
	ck_assert(p);
}

static void
teardown(void)
{
	ldp_config_free(&s->dut->config);
	script_free(s);
}

static uint32_t
group_of(uint32_t i)
{
	return 1 + i / IN_A_GROUP;
}

/* Of the neighbour's: told to us, wanted here, told by us. */
static void
have(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct pw *w = pw_get(ldp, p->lsr, PW_ETHERNET, 1 + i);
		w->requested = true;
		w->wanted = (struct pw_terms){ .label = PW_OURS + i, .group = group_of(i), .mtu = 1500 };
		w->heard = (struct pw_terms){ .label = PW_OURS + i, .group = group_of(i), .mtu = 1500 };
		w->heard_status = true;
		pw_settle(ldp, w);
		ck_assert_int_eq(w->state, PW_TOLD);
	}
	outbox_clear(ldp->out);
}

static void
have_none(void)
{
	hash_each (n, &ldp->pws) {
		struct pw *w = OBJECT(n, struct pw, by_id);
		w->requested = false;
		w->wanted.label = LABEL_UNSET;
		w->state = PW_UNTOLD;
		pw_forget(w);
		w->awaited = 0;
		pw_settle(ldp, w);
	}
	ck_assert_uint_eq(ldp->pws.count, 0);
	ck_assert_uint_eq(ldp->pw_sets.count, 0);
	outbox_clear(ldp->out);
}

/* Seconds of CPU, the least of some tries: whoever else is on the machine only adds to it. */
static double
cost(void (*act)(uint32_t), uint32_t count)
{
	double least = 0;

	for (int i = 0; i < TRIES; i++) {
		have(count);
		clock_t start = clock();
		act(count);
		double took = (double)(clock() - start) / CLOCKS_PER_SEC;
		least = !i || took < least ? took : least;
		have_none();
	}
	return least;
}

/* --- what happens to all of them --- */

static void
withdraw_groups(uint32_t count)
{
	for (uint32_t i = 0; i < count; i += IN_A_GROUP) {
		struct ldp_fec e = { .kind = FEC_PW_ID,
			.pw = { .wild = true, .type = PW_ETHERNET, .group = group_of(i) } };
		struct ldp_msg m = { .type = LDP_LABEL_WITHDRAW, .label = { .label = LABEL_UNSET } };
		pw_message(ldp, p, &m, &e);
	}
	ck_assert(!pw_is_heard(pw_find(ldp, p->lsr, PW_ETHERNET, count)));
}

static void
release_groups(uint32_t count)
{
	for (uint32_t i = 0; i < count; i += IN_A_GROUP) {
		struct ldp_fec e = { .kind = FEC_PW_ID,
			.pw = { .wild = true, .type = PW_ETHERNET, .group = group_of(i) } };
		struct ldp_msg m = { .type = LDP_LABEL_RELEASE, .label = { .label = LABEL_UNSET } };
		pw_message(ldp, p, &m, &e);
	}
	ck_assert_int_eq(pw_find(ldp, p->lsr, PW_ETHERNET, count)->state, PW_RELEASED);
}

static void
tell_status(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct pw *w = pw_find(ldp, p->lsr, PW_ETHERNET, 1 + i);
		w->wanted.status = FAULT;
		pw_settle(ldp, w);
	}
	uint64_t before = p->sent.notification;
	pws_say(ldp);
	ck_assert_uint_eq(p->sent.notification - before, count / IN_A_GROUP);
	ck_assert_uint_eq(pw_find(ldp, p->lsr, PW_ETHERNET, count)->told.status, FAULT);
}

static void
refuse_requests(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct pw *w = pw_find(ldp, p->lsr, PW_ETHERNET, 1 + i);
		w->asked = 1 + i;
		pw_settle(ldp, w);
	}
	for (uint32_t i = count; i > 0; i--)
		pw_request_refused(ldp, p, i);
	ck_assert_uint_eq(pw_find(ldp, p->lsr, PW_ETHERNET, 1)->asked, 0);
}

/* Each with a neighbour of its own, besides. */
static void
lose_sessions(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		pw_settle(ldp, pw_get(ldp, 0x0a000000 + i, PW_ETHERNET, 1)); /* nobody wants it: it is gone again */
	for (uint32_t i = 0; i < count; i++) {
		struct peer other = { .lsr = 0x0a000000 + i };
		timer_init(&other.pw_sweep, TIMER_PW_SWEEP);
		pws_session_up(ldp, &other);
		pws_session_down(ldp, &other, false);
	}
	pws_session_down(ldp, p, true);
	pws_session_up(ldp, p);
	ck_assert_int_eq(pw_find(ldp, p->lsr, PW_ETHERNET, count)->state, PW_TOLD);
}

START_TEST(eight_times_as_many_do_not_take_much_longer_than_eight_times)
{
	static void (*const acts[])(
	    uint32_t) = { withdraw_groups, release_groups, tell_status, refuse_requests, lose_sessions };
	double few = cost(acts[_i], FEW), many = cost(acts[_i], MANY);

	ck_assert_msg(many < MOST_TIMES * few, "%u take %.4f s, %u take %.4f s", FEW, few, MANY, many);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("ldpd thousands of pseudowires");
	TCase *c = tcase_create("cost");

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, eight_times_as_many_do_not_take_much_longer_than_eight_times, 0, 5);
	suite_add_tcase(suite, c);
	return suite;
}
CHECK_MAIN(suite)
