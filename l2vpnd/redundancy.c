/*
 * Which of a circuit's pseudowires carries its frames. Whether each of them is good is said by pw.c; what follows from it is
 * decided by the table in redundancy_fsm.c; this file turns the one into events for the other, and carries out what it says.
 *
 * A decision begins a new turn (see l2vpn.Circuit). Within a turn fibd leaves a pseudowire whose LSP or BFD session is lost by
 * itself, long before we hear of it; that is an event, too, and we follow. In mode independent this end has one circuit and is
 * ready on every pseudowire, so what the other ends say decides; to move frames by hand it asks one of them (RFC 6870 6.1).
 */
#include "l2vpnd/model.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NOBODY L2VPN_ROLES
#define NOTHING RE_COUNT
enum { STEPS_MAX = 8 };

static bool
is_good(const struct service *s, enum l2vpn_role r)
{
	return r < L2VPN_ROLES && s->pws[r] && s->pws[r]->state.good;
}

static enum l2vpn_role
best_backup(const struct service *s)
{
	for (int r = L2VPN_SECONDARY; r < L2VPN_ROLES; r++)
		if (is_good(s, (enum l2vpn_role)r))
			return (enum l2vpn_role)r;
	return NOBODY;
}

static unsigned
given(const struct service *s)
{
	bool resume = s->config.has_resume ? s->config.resume_s : s->config.revert != L2VPN_NEVER;

	return (best_backup(s) != NOBODY ? RG_BACKUP : 0) | (s->config.hold_s ? RG_HOLD : 0) | (resume ? RG_RESUME : 0);
}

/* It was fibd's own choice, within a turn of ours. */
static bool
by_itself(const struct circuit_word *w)
{
	return *w->moved_why && strcmp(w->moved_why, "decided by l2vpnd") != 0;
}

/* Where the data plane has moved them by itself, within our turn. Where it has them when our turn has just begun is where
 * they were before, until the kernel has done what we have decided. A fibd that has started again and found the turn in the
 * kernel knows that it had left a path, and not when. */
static enum l2vpn_role
moved_to(const struct service *s)
{
	const struct circuit_word *w = &s->word;
	bool own = (!w->moved_at || w->moved_at >= s->turn_at) && by_itself(w);

	return w->turn == s->turn && s->state.carries && s->state.active != s->active && own ? s->state.active : NOBODY;
}

static uint32_t
resume_s(const struct service *s)
{
	return s->config.has_resume ? s->config.resume_s : L2VPN_RESUME_S;
}

static uint32_t
delay_s(const struct service *s)
{
	return s->config.delay_s ? s->config.delay_s : L2VPN_DELAY_S;
}

/* --- what happens --- */

static enum redundancy_event
pending(const struct service *s)
{
	bool primary = is_good(s, L2VPN_PRIMARY), active = is_good(s, s->active);
	enum l2vpn_role moved = moved_to(s);

	switch (s->redundancy) {
	case RS_NONE:
		if (primary)
			return RE_PRIMARY_UP;
		if (best_backup(s) != NOBODY)
			return RE_BACKUP_UP;
		break;
	case RS_PRIMARY:
	case RS_RESUME:
		if (!primary)
			return RE_PRIMARY_DOWN;
		break;
	case RS_HOLD:
		if (primary)
			return RE_PRIMARY_UP;
		break;
	case RS_BACKUP:
		if (primary)
			return RE_PRIMARY_UP;
		if (!active || s->active != best_backup(s)) /* a bypass is for want of a better one */
			return RE_BACKUP_DOWN;
		break;
	case RS_DELAY:
	case RS_STAY:
		if (!primary)
			return RE_PRIMARY_DOWN;
		if (!active)
			return RE_BACKUP_DOWN;
		break;
	case RS_COUNT: break;
	}
	if (moved == NOBODY)
		return NOTHING;
	return moved == L2VPN_PRIMARY ? RE_MOVED_BACK : RE_MOVED;
}

/* Why frames move, for people. */
static void
reason(const struct service *s, enum redundancy_event on, char out[200])
{
	const struct pw *primary = s->pws[L2VPN_PRIMARY], *active = s->pws[s->active];
	const char *lost = primary && *primary->state.why ? primary->state.why : "the primary pseudowire is lost";

	out[0] = '\0';
	switch (on) {
	case RE_PRIMARY_DOWN:
	case RE_BACKUP_UP: snprintf(out, 200, "%s", lost); break;
	case RE_BACKUP_DOWN:
		snprintf(out, 200, "%s",
		    active && *active->state.why ? active->state.why
						 : "a better backup than the bypass pseudowire is good");
		break;
	case RE_PRIMARY_UP: snprintf(out, 200, "the primary pseudowire is good again"); break;
	case RE_HOLD_OVER:
		snprintf(out, 200, "the primary pseudowire was not back within %u s: %.140s", s->config.hold_s, lost);
		break;
	case RE_DELAY_OVER:
		snprintf(out, 200, "the primary pseudowire has been good again for %u s", delay_s(s));
		break;
	case RE_MOVED:
	case RE_MOVED_BACK:
		snprintf(
		    out, 200, "%s", *s->word.moved_why ? s->word.moved_why : "the data plane has left a dead path");
		break;
	default: break;
	}
}

/* --- what is done --- */

static void
set_timer(struct service *s, uint32_t seconds)
{
	struct l2vpn *l = s->of;

	timer_set(&l->timers, &s->timer, l->now + seconds * USEC_PER_SEC);
	s->timer_since = l->now;
	s->timer_s = seconds;
}

static void
use(struct service *s, enum l2vpn_role r, const char *why)
{
	struct l2vpn *l = s->of;
	char service[L2VPN_IF + L2VPN_SERVICE + 16], name[96];

	s->turn++;
	s->turn_at = l->now;
	if (r == s->active)
		return;
	s->active = r;
	s->switches++;
	s->switched_at = l->now + 1;
	snprintf(s->switch_why, sizeof s->switch_why, "%s", why);
	l2vpn_note(
	    l, 5, "%s: frames go to the %s from now on: %s", service_text(s, service), pw_text(s->pws[r], name), why);
}

static void
say_state(const struct service *s, enum redundancy_state before)
{
	char service[L2VPN_IF + L2VPN_SERVICE + 16];
	const struct pw *primary = s->pws[L2VPN_PRIMARY];

	service_text(s, service);
	if (s->redundancy == before)
		return;
	if (s->redundancy == RS_NONE)
		l2vpn_note(
		    s->of, 4, "%s: no pseudowire can carry its frames: %s", service, primary ? primary->state.why : "");
	else if (s->redundancy == RS_HOLD)
		l2vpn_note(s->of, 5, "%s: the primary pseudowire has failed and is waited for, %u s: %s", service,
		    s->config.hold_s, primary ? primary->state.why : "");
	else if (s->redundancy == RS_DELAY)
		l2vpn_note(s->of, 6, "%s: the primary pseudowire is good again; frames go back to it in %u s", service,
		    delay_s(s));
}

/* The only place that changes the state, and the only one that acts on it. False: the event has no place there. */
static bool
step(struct service *s, enum redundancy_event on, const char *because)
{
	struct redundancy_move m = redundancy_decide(
	    s->redundancy, on, (enum l2vpn_mode)s->config.mode, (enum l2vpn_revert)s->config.revert, given(s));
	enum redundancy_state before = s->redundancy;
	enum l2vpn_role moved = moved_to(s);
	char why[200];

	if (!m.listed)
		return false;
	reason(s, on, why);
	if (because)
		snprintf(why, sizeof why, "%s", because);
	s->redundancy = m.next;
	if (m.acts & RA_NO_TIMER)
		timer_clear(&s->of->timers, &s->timer);
	if (m.acts & RA_HOLD_TIMER)
		set_timer(s, s->config.hold_s);
	if (m.acts & RA_DELAY_TIMER)
		set_timer(s, delay_s(s));
	if (m.acts & RA_RESUME_TIMER)
		set_timer(s, resume_s(s));
	if (m.acts & RA_PRIMARY)
		use(s, L2VPN_PRIMARY, why);
	if (m.acts & RA_BACKUP && moved != NOBODY && moved != L2VPN_PRIMARY && is_good(s, moved))
		use(s, moved, *s->word.moved_why ? s->word.moved_why : why); /* fibd was there before us */
	else if (m.acts & RA_BACKUP)
		use(s, best_backup(s), why);
	if (m.acts & RA_FOLLOW)
		use(s, moved, why);
	say_state(s, before);
	return true;
}

/* --- the operator, and other ends that ask --- */

bool
redundancy_may(const struct service *s, bool to_primary, char why[160])
{
	enum l2vpn_role target = to_primary ? L2VPN_PRIMARY : s->pws[L2VPN_SECONDARY] ? L2VPN_SECONDARY : L2VPN_BYPASS;
	const struct pw *p = s->pws[target];

	why[0] = '\0';
	if (!p || !(s->pws[L2VPN_SECONDARY] || s->pws[L2VPN_BYPASS]))
		snprintf(why, 160, "%s has one pseudowire only", s->name);
	else if (to_primary == (s->active == L2VPN_PRIMARY))
		snprintf(why, 160, "frames go to the %s pseudowire already", l2vpn_role_name(s->active));
	else if (s->config.mode == L2VPN_SLAVE)
		snprintf(why, 160, "in redundancy mode slave the other end decides");
	else if (s->config.mode == L2VPN_INDEPENDENT && !(p->state.fits && p->state.standby))
		snprintf(why, 160,
		    "in redundancy mode independent an end is asked that is on standby, and that of the %s is not",
		    l2vpn_role_name(target));
	else if (s->config.mode != L2VPN_INDEPENDENT && !(to_primary ? p->state.good : best_backup(s) != NOBODY))
		snprintf(why, 160, "the %s pseudowire is not good: %.110s", l2vpn_role_name(target), p->state.why);
	return !*why;
}

void
redundancy_order(struct service *s, bool to_primary, const char *because)
{
	if (s->config.mode == L2VPN_INDEPENDENT) {
		enum l2vpn_role target = to_primary                ? L2VPN_PRIMARY
					 : s->pws[L2VPN_SECONDARY] ? L2VPN_SECONDARY
								   : L2VPN_BYPASS;
		s->pws[target]->asking = true;
	} else {
		step(s, to_primary ? RE_RETURN : RE_SWITCH, because);
	}
}

/* A master does what a slave asks for, once for each time that it begins to ask. */
static void
hear_requests(struct service *s)
{
	char because[80];

	for (int r = 0; r < L2VPN_ROLES; r++) {
		struct pw *p = s->pws[r];
		bool begins = p && p->state.asks && !p->asked_for;
		if (p)
			p->asked_for = p->state.asks;
		if (!begins || s->config.mode != L2VPN_MASTER || (enum l2vpn_role)r == s->active ||
		    !is_good(s, (enum l2vpn_role)r))
			continue;
		snprintf(because, sizeof because, "%s has asked for it", p->peer);
		step(s, r == L2VPN_PRIMARY ? RE_RETURN : RE_SWITCH, because);
	}
}

/* --- */

/* Whether fibd forwards the paths that are configured, in this order. */
static bool
has_these_paths(const struct circuit_word *w, const struct service *s)
{
	uint8_t count = 0;

	for (int r = 0; r < L2VPN_ROLES; r++) {
		const struct pw *p = s->pws[r];
		if (!p)
			continue;
		if (count == w->count || w->path[count].vc_id != p->settings.vc_id ||
		    !addr_eq(&w->path[count].peer, &p->settings.peer))
			return false;
		count++;
	}
	return count == w->count;
}

/* What an earlier life had noted; and what fibd has done since by itself, of which nobody has made a note. */
static void
adopt_note(struct service *s)
{
	const struct circuit_word *w = &s->word;
	bool since = w->moved_at > w->switched && by_itself(w);

	s->switches = w->switches + since;
	s->switched_at = since ? w->moved_at : w->switched;
	snprintf(s->switch_why, sizeof s->switch_why, "%s", since ? w->moved_why : w->switch_reason);
}

void
redundancy_adopt(struct service *s)
{
	const struct circuit_word *w = &s->word;
	const struct told_path *p = w->active < w->count ? &w->path[w->active] : NULL;

	if (!s->adopted && s->state.answered) {
		adopt_note(s);
		s->turn =
		    (w->turn ? w->turn : 1) + !has_these_paths(w, s); /* others have places with another meaning */
		for (int r = 0; r < L2VPN_ROLES && p; r++)
			if (s->pws[r] && s->pws[r]->settings.vc_id == p->vc_id &&
			    addr_eq(&s->pws[r]->settings.peer, &p->peer))
				s->active = (enum l2vpn_role)r;
	}
	timer_clear(&s->of->timers, &s->timer);
	s->redundancy = !is_good(s, s->active) ? RS_NONE : s->active == L2VPN_PRIMARY ? RS_PRIMARY : RS_BACKUP;
}

void
redundancy_run(struct service *s)
{
	hear_requests(s);
	for (int i = 0; i < STEPS_MAX; i++) {
		enum redundancy_event on = pending(s);
		if (on == NOTHING || !step(s, on, NULL))
			return;
	}
}

void
redundancy_timer(struct service *s)
{
	if (s->redundancy == RS_HOLD)
		step(s, RE_HOLD_OVER, NULL);
	else if (s->redundancy == RS_DELAY)
		step(s, RE_DELAY_OVER, NULL);
	else if (s->redundancy == RS_RESUME)
		step(s, RE_RESUME_OVER, NULL);
}
