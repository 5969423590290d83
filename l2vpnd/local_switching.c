/*
 * Local switching (`ccc`): two circuits of this router, and the frames of each go out of the other. It is up when both are, and when
 * fibd has seen in the kernel that it is so; both hear when it comes up or goes down, and why.
 */
#include "l2vpnd/model.h"
#include <stdio.h>
#include <string.h>

/* What is missing first; NULL: nothing. */
static const char *
missing(const struct service *s)
{
	const struct circuit_word *w = &s->word;

	if (!s->state.answered)
		return "fibd has not answered yet";
	if (!w->ifindex)
		return "there is no such interface";
	if (*w->trouble)
		return w->trouble;
	if (!w->up)
		return "it is down";
	return w->joined ? NULL : "it was not seen in the kernel yet";
}

static void
note(const struct service *s, const struct service *other)
{
	const struct service *first = s->out_interface ? other : s, *second = s->out_interface ? s : other;
	char from[L2VPN_IF + L2VPN_SERVICE + 16], to[L2VPN_IF + L2VPN_SERVICE + 16];

	l2vpn_note(s->of, 5, "%s: ccc %s to %s is %s%s%s", service_text(first, from), s->ccc, service_text(second, to),
	    s->state.up ? "up" : "down", s->state.up ? "" : ": ", s->state.why);
}

/* Both have the same, but for what fibd says of each. */
static void
share(const struct service *s, struct service *other)
{
	struct service_state *o = &other->state;

	if (o->up == s->state.up && o->since == s->state.since && strcmp(o->why, s->state.why) == 0)
		return;
	o->up = s->state.up;
	o->since = s->state.since;
	memcpy(o->why, s->state.why, sizeof o->why);
	table_changed(&s->of->service_table, &other->row);
}

void
local_switching_look(struct service *s)
{
	struct service *other = service_find(s->of, s->local);
	const struct service *first = s->out_interface ? other : s, *second = s->out_interface ? s : other;
	bool was = s->state.up;

	if (!other)
		return; /* the configuration makes both */
	const char *of_first = missing(first), *of_second = missing(second);
	const char *what = of_first ? of_first : of_second;
	memset(s->state.why, 0, sizeof s->state.why);
	if (what)
		snprintf(s->state.why, sizeof s->state.why, "%s: %s", of_first ? first->name : second->name, what);
	s->state.up = !what;
	if (was != s->state.up) {
		s->state.since = s->of->now;
		note(s, other);
	}
	share(s, other);
}
