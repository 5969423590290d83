/*
 * What clients are told of a path: RFC 5882 sections 3 and 4. Between the state of a session and the verdict lie three
 * things: what says nothing about the path (a new session, AdminDown at either end), wait to restore, and damping.
 * This is the only file that sets a verdict of a watch that runs.
 */
#include "bfdd/model.h"

static void
tell(struct bfd *b, struct watch *w, Bfd__Verdict v)
{
	if (w->verdict == v)
		return;
	if (v == BFD__VERDICT__DEAD) {
		w->failures++;
		timer_clear(&b->timers, &w->calm);
	}
	if (v == BFD__VERDICT__ALIVE && b->config.damping.maximum_ms)
		timer_set(
		    &b->timers, &w->calm, b->now + b->config.damping.maximum_ms * USEC_PER_MSEC * BFD_DAMPING_FORGET);
	w->verdict = v;
}

void
verdict_start(struct bfd *b, struct watch *w)
{
	w->verdict = BFD__VERDICT__UNKNOWN;
	w->waiting = false;
	timer_set(&b->timers, &w->timer, b->now + BFD_GRACE_MS * USEC_PER_MSEC);
}

/* How long Up must last before it is told: the first failure costs `initial`, each further one twice the one before. */
static usec_t
patience(const struct bfd *b, const struct watch *w)
{
	const struct bfd_session_config *c = watch_config(w);
	usec_t wtr = c ? c->wtr_min * 60 * USEC_PER_SEC : 0;
	uint64_t ms = b->config.damping.initial_ms;

	if (!b->config.damping.maximum_ms || !w->failures)
		return wtr;
	for (unsigned i = 2; i <= w->failures && ms < b->config.damping.maximum_ms; i++)
		ms = i == 2 ? b->config.damping.secondary_ms : ms * 2;
	if (ms > b->config.damping.maximum_ms)
		ms = b->config.damping.maximum_ms;
	return ms * USEC_PER_MSEC > wtr ? ms * USEC_PER_MSEC : wtr;
}

static void
is_up(struct bfd *b, struct watch *w)
{
	if (w->verdict == BFD__VERDICT__ALIVE || w->waiting)
		return;
	usec_t wait = w->verdict == BFD__VERDICT__DEAD ? patience(b, w) : 0;
	if (wait) {
		w->waiting = true;
		timer_set(&b->timers, &w->timer, b->now + wait);
		return;
	}
	timer_clear(&b->timers, &w->timer);
	tell(b, w, BFD__VERDICT__ALIVE);
}

static void
is_not_up(struct bfd *b, struct watch *w, const struct bfd_status *before)
{
	bool opened = before->state == BFD_ADMIN_DOWN;

	if (w->status.state == BFD_ADMIN_DOWN || w->status.remote_state == BFD_ADMIN_DOWN) {
		w->waiting = false;
		timer_clear(&b->timers, &w->timer);
		tell(b, w, BFD__VERDICT__UNWATCHED);
	} else if (w->waiting) { /* it did not last */
		w->waiting = false;
		w->failures++;
		timer_clear(&b->timers, &w->timer);
	} else if (w->verdict == BFD__VERDICT__ALIVE) {
		tell(b, w, BFD__VERDICT__DEAD);
	} else if (opened && w->verdict == BFD__VERDICT__UNWATCHED) {
		verdict_start(b, w);
	}
}

static void
note_state(struct bfd *b, const struct watch *w, const struct bfd_status *before)
{
	const struct bfd_status *s = &w->status;
	char peer[ADDR_TEXT];

	if (s->state == before->state || (s->state != BFD_UP && before->state != BFD_UP))
		return;
	if (s->state == BFD_UP)
		bfd_note(b, 5, "%s (%s) is Up: %u us to detect", w->name, addr_text(&w->path.peer, peer), s->detect_us);
	else
		bfd_note(b, 4, "%s (%s) is %s: %s", w->name, addr_text(&w->path.peer, peer), bfd_state_name(s->state),
		    bfd_diag_text(s->diag));
}

void
verdict_change(struct bfd *b, struct watch *w, const struct bfd_status *status)
{
	struct bfd_status before = w->status;

	w->status = *status;
	if (status->state == BFD_UP)
		is_up(b, w);
	else
		is_not_up(b, w, &before);
	note_state(b, w, &before);
	table_changed(&b->session_table, &w->row);
	table_changed(&b->counter_table, &w->counter_row);
}

void
verdict_timer(struct bfd *b, struct timer *t)
{
	if (t->kind == TIMER_CALM) {
		OBJECT(t, struct watch, calm)->failures = 0;
		return;
	}
	struct watch *w = OBJECT(t, struct watch, timer);
	if (w->waiting) {
		w->waiting = false;
		tell(b, w, BFD__VERDICT__ALIVE);
	} else if (w->verdict == BFD__VERDICT__UNKNOWN) {
		tell(b, w, BFD__VERDICT__DEAD);
	}
	table_changed(&b->session_table, &w->row);
}
