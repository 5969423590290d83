/*
 * One BFD session: what packets and time do to it, and what it says. RFC 5880 sections 6.5 (Poll Sequence), 6.6 (demand
 * mode), 6.8.2 to 6.8.7 (timers, reception, transmission), 6.8.16 (administrative control).
 *
 * Time is the kernel's receive time for packets, so a detection time is measured from when the packet was there, not
 * from when this process got to read it; and the detection timer only ever fires when everything received before it
 * was read (core.h). The timer is not moved for each packet: shortly before the old deadline, on occasion of something
 * else, it is seen that something was heard since, and it is set again. So receiving costs no timer work at all, and a
 * path that is alive no wake for its detection time. Only where the end is near the exact time is set.
 */
#include "base/mem.h"
#include "bfdd/core/model.h"
#include <string.h>

enum { DRAWS = 3 };

static uint32_t
larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static bool
is_up(const struct session *s)
{
	return s->status.state == BFD_UP;
}

/* 6.6: the other end asked us to be quiet, and may; not on a pseudowire's channel, RFC 5885 3.1. */
static bool
remote_demands(const struct session *s)
{
	return !s->params.vccv_label && s->status.remote_demand && is_up(s) && s->status.remote_state == BFD_UP;
}

static bool
demands(const struct session *s)
{
	return s->params.demand && is_up(s) && s->status.remote_state == BFD_UP;
}

/* --- intervals --- */

/* 6.8.3: while not Up nobody is asked to take packets faster than once a second. */
static uint32_t
wanted_tx(const struct session *s)
{
	return is_up(s) ? s->params.desired_min_tx_us : larger(s->params.desired_min_tx_us, BFD_SLOW_US);
}

/* 6.8.9: with echoes running, control packets need not be fast. */
static uint32_t
wanted_rx(const struct session *s)
{
	return s->status.echoing ? larger(s->params.required_min_rx_us, BFD_SLOW_US) : s->params.required_min_rx_us;
}

/* 6.8.4 */
static uint32_t
detection_us(const struct session *s)
{
	uint64_t us = demands(s) ? (uint64_t)s->params.detect_mult * larger(s->tx_used_us, s->status.remote_min_rx_us)
				 : (uint64_t)s->status.remote_mult * larger(s->rx_used_us, s->status.remote_min_tx_us);

	return us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

/* May packets go out by the clock? 6.8.7 */
static bool
sends_periodically(const struct session *s)
{
	if (s->params.passive && !s->status.remote)
		return false;
	if (s->params.path_down)
		return false;
	if (s->heard && s->status.remote_min_rx_us == 0)
		return false;
	return !remote_demands(s) || s->poll;
}

static uint32_t
interval_us(const struct session *s)
{
	return s->heard ? larger(s->tx_used_us, s->status.remote_min_rx_us) : s->tx_used_us;
}

/* One of `count` points. Chance keeps sessions from walking in step; that the later points are likelier saves packets. */
static uint64_t
draw(struct bfd_core *c, uint64_t count)
{
	uint64_t latest = 0;

	for (int i = 0; i < DRAWS; i++) {
		uint64_t point = rng_below(&c->rng, count);
		latest = point > latest ? point : latest;
	}
	return latest;
}

/*
 * 6.8.7: 75 to 100 % of the interval, 75 to 90 % with a multiplier of one; on a raster, so that sessions share calls. From
 * one point of the raster 78 and 97.5 % can be reached, with a multiplier of one 75, 82.5 and 90 %: late enough to save
 * packets, and with room for the time that it takes to send for all who share the call.
 */
static usec_t
next_send(struct bfd_core *c, const struct session *s, usec_t from)
{
	uint64_t whole = interval_us(s), least = (whole * 3 + 3) / 4;
	uint64_t most =
	    s->params.detect_mult == 1 ? whole * 9 / 10 : whole * 49 / 50; /* what is left is for lateness */
	uint64_t part = whole * (s->params.detect_mult == 1 ? 75 : 195) / 1000;
	usec_t grid = part < BFD_GRID_US ? part : BFD_GRID_US;

	if (!grid)
		return from + least;
	usec_t first = (from + least + grid - 1) / grid * grid, last = (from + most) / grid * grid;

	if (last < first)
		return from + least + draw(c, most - least + 1);
	return first + draw(c, (last - first) / grid + 1) * grid;
}

/* What is sent next begins a new row: nothing is late by then. */
static void
stop_sending(struct bfd_core *c, struct session *s)
{
	wheel_clear(&c->wheel, &s->send);
	s->paused = true;
}

static void
schedule_send(struct bfd_core *c, struct session *s)
{
	if (!sends_periodically(s)) {
		stop_sending(c, s);
		return;
	}
	usec_t next = next_send(c, s, s->sent_at ? s->sent_at : c->now);
	wheel_set(&c->wheel, &s->send, next > c->now ? next : c->now);
}

/* Only sooner: what is under way is not put off by an interval that did not change. */
static void
hasten_send(struct bfd_core *c, struct session *s)
{
	usec_t latest = s->sent_at + interval_us(s);

	if (!sends_periodically(s))
		stop_sending(c, s);
	else if (s->send.at == USEC_NEVER || s->send.at > latest)
		schedule_send(c, s);
}

static void
expect_until(struct bfd_core *c, struct session *s, usec_t until)
{
	bool near = until <= c->now + LOOK_AHEAD_US;

	wheel_set(&c->wheel, &s->detect, near ? until : USEC_NEVER);
	wheel_set(&c->ahead, &s->ahead, near ? USEC_NEVER : until);
}

static bool
expects(const struct session *s)
{
	return s->detect.at != USEC_NEVER || s->ahead.at != USEC_NEVER;
}

static void
set_detection(struct bfd_core *c, struct session *s)
{
	usec_t from = s->heard_at;

	uint32_t before = s->status.detect_us;

	s->status.detect_us = s->heard ? detection_us(s) : 0;
	/* A question that was asked at a slower pace is not unanswered by a quicker one's measure. */
	if (demands(s) && s->poll_since && s->status.detect_us < before)
		s->poll_since = c->now;
	if (!s->heard || (demands(s) && !s->poll_since)) {
		expect_until(c, s, USEC_NEVER);
		return;
	}
	if (demands(s))
		from = s->poll_since;
	usec_t until = from + s->status.detect_us;
	if (until < usec_min(s->detect.at, s->ahead.at))
		expect_until(c, s, until);
}

/* --- transmission --- */

static void
send_packet(struct bfd_core *c, struct session *s, bool final)
{
	struct bfd_packet p = { .state = s->status.state,
		.diag = s->status.diag,
		.detect_mult = s->params.detect_mult,
		.poll = s->poll && !final,
		.final = final,
		.independent = s->params.independent,
		.demand = demands(s),
		.mine = s->status.local,
		.yours = s->status.remote,
		.desired_min_tx_us = s->tx_said_us,
		.required_min_rx_us = s->rx_said_us,
		.required_min_echo_us = s->params.required_min_echo_us };
	struct bfd_send *out = core_send(c, s);

	bfd_encode(&p, out->bytes);
	out->size = BFD_BYTES;
	if (s->params.key_count)
		out->size = (uint8_t)auth_sign(s, out->bytes);
	s->status.count.sent++;
}

void
session_send_due(struct bfd_core *c, struct session *s)
{
	uint32_t span = interval_us(s);

	if (!sends_periodically(s))
		return;
	if (s->sent_at && !s->paused && is_up(s) && c->now > s->sent_at + span) {
		uint32_t late = (uint32_t)usec_min(c->now - s->sent_at - span, UINT32_MAX);
		s->status.count.late++;
		if (late > s->status.count.late_max_us)
			s->status.count.late_max_us = late;
	}
	s->paused = false;
	s->sent_at = c->now;
	send_packet(c, s, false);
	schedule_send(c, s);
}

/* --- Poll Sequences, 6.5 --- */

static void
start_poll(struct bfd_core *c, struct session *s)
{
	if (s->poll) {
		s->poll_again = true; /* only one at a time; its answer may be to the old values */
		return;
	}
	s->poll = true;
	hasten_send(c, s);
}

/* What is said and what is in force, after anything that may have changed either. 6.8.3 */
static void
retune(struct bfd_core *c, struct session *s)
{
	uint32_t tx = wanted_tx(s), rx = wanted_rx(s);
	bool changed = tx != s->tx_said_us || rx != s->rx_said_us;

	s->tx_said_us = tx;
	s->rx_said_us = rx;
	/* A slower sender, or a stricter receiver, while Up: only when the other end has said that it knows. */
	if (!is_up(s) || tx < s->tx_used_us)
		s->tx_used_us = tx;
	if (!is_up(s) || rx > s->rx_used_us)
		s->rx_used_us = rx;
	if (changed && is_up(s))
		start_poll(c, s);
	s->status.tx_us = interval_us(s);
	s->status.rx_us = larger(s->rx_used_us, s->status.remote_min_tx_us);
	core_quick(c, s);
	hasten_send(c, s);
	set_detection(c, s);
	if (!demands(s) || !s->params.demand_poll_us)
		wheel_clear(&c->wheel, &s->demand);
	else if (s->demand.at == USEC_NEVER)
		wheel_set(&c->wheel, &s->demand, c->now + s->params.demand_poll_us);
}

static void
poll_answered(struct bfd_core *c, struct session *s)
{
	s->poll = s->poll_again; /* this may be the answer to what was said before: ask once more */
	s->poll_again = false;
	s->poll_since = 0;
	if (!s->poll) {
		s->tx_used_us = s->tx_said_us;
		s->rx_used_us = s->rx_said_us;
	}
	core_changed(c, s, false);
}

/* --- state --- */

static void
forget_remote(struct session *s)
{
	s->heard = false;
	s->status.remote = s->params.remote;
	s->status.remote_state = BFD_DOWN;
	s->status.remote_min_rx_us = 1; /* 6.8.1 */
	s->status.remote_min_tx_us = s->status.remote_min_echo_us = 0;
	s->status.remote_mult = 0;
	s->status.remote_demand = false;
	s->echo_proven = false;
}

void
session_event(struct bfd_core *c, struct session *s, enum bfd_event on, usec_t when)
{
	struct bfd_move move = bfd_decide(s->status.state, on);
	enum bfd_state before = s->status.state;

	if (move.next == before)
		return;
	s->status.state = move.next;
	if (move.diag >= 0)
		s->status.diag = (uint8_t)move.diag;
	s->status.changed_at = when;
	s->status.count.ups += move.next == BFD_UP;
	s->status.count.downs += before == BFD_UP;
	if (move.next != BFD_UP) {
		s->poll = s->poll_again = false;
		s->poll_since = 0;
	}
	/* It may have been told to be slow, for echoes ran: from here on it has a detection time to be heard in. */
	if (on == BFD_ECHO_LOST)
		s->heard_at = c->now;
	echo_review(c, s);
	retune(c, s);
	core_changed(c, s, false);
	/* The other end need not wait for the clock to hear of it; a slow one would be told a second late. */
	if (!s->params.path_down && !(s->params.passive && !s->status.remote)) {
		s->sent_at = c->now;
		send_packet(c, s, false);
		schedule_send(c, s);
	}
}

/* --- reception, 6.8.6: bfd_decode() has judged rules 1 to 8, core.c has found the session --- */

/* Rules 13 to 20: what the packet tells about the other end. */
static void
learn(struct bfd_core *c, struct session *s, const struct bfd_packet *p)
{
	struct bfd_status *st = &s->status;
	bool news = st->remote != p->mine || st->remote_state != p->state || st->remote_diag != p->diag ||
		    st->remote_mult != p->detect_mult || st->remote_min_rx_us != p->required_min_rx_us ||
		    st->remote_min_tx_us != p->desired_min_tx_us || st->remote_min_echo_us != p->required_min_echo_us ||
		    st->remote_demand != p->demand || st->remote_independent != p->independent || !s->heard;

	s->heard = true;
	if (p->final && s->poll)
		poll_answered(c, s), news = true;
	if (!news)
		return;
	st->remote = p->mine;
	st->remote_state = p->state;
	st->remote_diag = p->diag;
	st->remote_mult = p->detect_mult;
	st->remote_demand = p->demand;
	st->remote_independent = p->independent;
	st->remote_min_rx_us = p->required_min_rx_us;
	st->remote_min_tx_us = p->desired_min_tx_us;
	st->remote_min_echo_us = p->required_min_echo_us;
	echo_review(c, s);
	retune(c, s);
	core_changed(c, s, false);
}

enum bfd_verdict
session_packet(struct bfd_core *c, struct session *s, const struct bfd_packet *p, usec_t when)
{
	static const enum bfd_event events[] = { BFD_GOT_ADMIN_DOWN, BFD_GOT_DOWN, BFD_GOT_INIT, BFD_GOT_UP };
	enum bfd_verdict verdict = BFD_ACCEPTED;

	if (p->auth.type != BFD_AUTH_NONE && !s->params.key_count)
		verdict = BFD_AUTH_UNEXPECTED;
	else if (p->auth.type == BFD_AUTH_NONE && s->params.key_count)
		verdict = BFD_AUTH_MISSING;
	else if (s->params.remote && p->mine != s->params.remote)
		verdict = BFD_WRONG_PATH; /* set by hand, and somebody else's */
	else if (s->params.key_count)
		verdict = auth_check(s, p);
	if (verdict != BFD_ACCEPTED) {
		s->status.count.refused[verdict]++;
		return verdict;
	}
	s->status.count.received++;
	s->heard_at = when;
	learn(c, s, p);
	if (s->status.state == BFD_ADMIN_DOWN)
		return BFD_IS_ADMIN_DOWN; /* rule 21: what it told is known, no more */
	session_event(c, s, events[p->state], when);
	if (!expects(s))
		set_detection(c, s);
	if (p->poll)
		send_packet(c, s, true);
	return BFD_ACCEPTED;
}

/* --- timeouts, 6.8.4 --- */

/* USEC_NEVER: nothing is expected. */
static usec_t
deadline(const struct session *s)
{
	if (demands(s) && !s->poll_since)
		return USEC_NEVER;
	return (demands(s) ? s->poll_since : s->heard_at) + s->status.detect_us;
}

void
session_ahead_due(struct bfd_core *c, struct session *s)
{
	expect_until(c, s, deadline(s));
}

void
session_detect_due(struct bfd_core *c, struct session *s)
{
	usec_t until = deadline(s);

	if (c->now < until) { /* heard since */
		expect_until(c, s, until);
		return;
	}
	if (s->status.state == BFD_UP || s->status.state == BFD_INIT) {
		session_event(c, s, BFD_TIMEOUT, until);
		/* The other end's discriminator is kept for another detection time, 6.8.1: it may only have been slow. */
		s->heard_at = until;
		expect_until(c, s, until + s->status.detect_us);
		return;
	}
	forget_remote(s);
	s->sequence_known = false; /* 6.8.1 asks for twice the detection time: this is the second one */
	s->status.detect_us = 0;
	retune(c, s);
	core_changed(c, s, false);
}

/* 6.6: the path is verified by a Poll Sequence every so often. */
void
session_demand_due(struct bfd_core *c, struct session *s)
{
	if (!demands(s) || !s->params.demand_poll_us)
		return;
	if (!s->poll_since) /* else the one before is not answered yet: its time runs on */
		s->poll_since = c->now;
	if (!s->poll) /* one that is under way verifies as well */
		start_poll(c, s);
	set_detection(c, s);
	wheel_set(&c->wheel, &s->demand, c->now + s->params.demand_poll_us);
}

/* --- operators and clients --- */

void
session_start(struct bfd_core *c, struct session *s)
{
	s->status.state = s->params.shut ? BFD_ADMIN_DOWN : BFD_DOWN;
	s->status.diag = s->params.shut ? BFD_DIAG_ADMIN : BFD_DIAG_NONE;
	s->status.changed_at = c->now;
	s->sequence = (uint32_t)rng_next(&c->rng);
	s->echo_secret = (uint32_t)rng_next(&c->rng);
	forget_remote(s);
	s->tx_said_us = s->tx_used_us = wanted_tx(s);
	s->rx_said_us = s->rx_used_us = wanted_rx(s);
	s->status.tx_us = s->tx_used_us;
	s->status.rx_us = s->rx_used_us;
	core_changed(c, s, false);
	/* The first at once, within the jitter of a few milliseconds: a thousand sessions do not start in one instant. */
	if (sends_periodically(s))
		wheel_set(&c->wheel, &s->send, c->now + rng_below(&c->rng, 20000));
}

void
session_retune(struct bfd_core *c, struct session *s, bool tell)
{
	if (s->params.shut != (s->status.state == BFD_ADMIN_DOWN))
		session_event(c, s, s->params.shut ? BFD_SHUT : BFD_OPENED, c->now);
	else if (s->params.path_down)
		session_event(c, s, BFD_PATH_LOST, c->now);
	echo_review(c, s);
	retune(c, s);
	if (tell && is_up(s) && !s->poll)
		start_poll(c, s);
	core_changed(c, s, false);
}

void
session_leave(struct bfd_core *c, struct session *s)
{
	uint64_t farewell = (uint64_t)s->params.detect_mult * interval_us(s);

	s->leaving = true;
	s->params.shut = true;
	session_event(c, s, BFD_SHUT, c->now);
	/* 6.8.16: long enough that the other end hears it even when packets are lost. */
	wheel_set(&c->wheel, &s->leave, c->now + farewell);
}
