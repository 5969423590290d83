/*
 * Attachment circuits with their pseudowires, or two circuits that are switched to each other: made and changed by the
 * configuration, looked at again whenever something is said of them, and told to fibd.
 *
 * What we do to a circuit ourselves is no fault of it: while we hold its carrier down because no pseudowire can be used, the
 * other ends are told what was so before; else two ends would keep each other down for ever.
 */
#include "l2vpnd/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t
name_hash(const char *name)
{
	return hash_bytes(name, strlen(name), 0);
}

struct service *
service_find(const struct l2vpn *l, const char *name)
{
	for (struct hash_node *n = hash_first(&l->services_by_name, name_hash(name)); n; n = hash_next(n))
		if (strcmp(OBJECT(n, struct service, by_name)->name, name) == 0)
			return OBJECT(n, struct service, by_name);
	return NULL;
}

const char *
service_text(const struct service *s, char out[L2VPN_IF + L2VPN_SERVICE + 16])
{
	if (*s->config.service)
		snprintf(out, L2VPN_IF + L2VPN_SERVICE + 16, "service %s (%s)", s->config.service, s->name);
	else
		snprintf(out, L2VPN_IF + L2VPN_SERVICE + 16, "%s", s->name);
	return out;
}

/* --- what is said of it --- */

static void
look(struct service *s)
{
	const struct told_circuit *t = told_circuit_find(s->of, s->name);

	s->state.answered = t != NULL;
	if (!t)
		s->word = (struct circuit_word){ .active = LABEL_UNSET };
	else if (s->state.heard != t->heard)
		s->word = t->now;
	s->state.heard = t ? t->heard : 0;
}

/* By which of them frames leave, as read back. */
static void
look_at_active(struct service *s)
{
	const struct circuit_word *w = &s->word;

	s->state.carries = false;
	s->state.active = s->active;
	for (int r = 0; r < L2VPN_ROLES && w->active < w->count; r++) {
		const struct pw *p = s->pws[r];
		if (p && p->settings.vc_id == w->path[w->active].vc_id &&
		    addr_eq(&p->settings.peer, &w->path[w->active].peer)) {
			s->state.carries = true;
			s->state.active = (enum l2vpn_role)r;
		}
	}
}

/* A carrier that fibd lets go takes a while to come up. */
static void
look_at_carrier(struct service *s)
{
	const struct circuit_word *w = &s->word;
	struct l2vpn *l = s->of;

	if (s->held && !w->held)
		timer_set(&l->timers, &s->release, l->now + PW_RELEASE);
	if (w->up || w->held)
		timer_clear(&l->timers, &s->release);
	s->held = w->held;
	s->ac_up = w->up || timer_is_set(&s->release);
}

/* --- what fibd is told --- */

static struct path_said
path_said(const struct pw *p)
{
	struct path_said said;

	memset(&said, 0, sizeof said);
	said.peer = p->settings.peer;
	said.vc_id = p->settings.vc_id;
	said.out_label = p->state.fits ? p->state.word.remote_label : LABEL_UNSET;
	said.in_label = p->label;
	said.control_word = p->state.word.control_word;
	said.usable = pw_is_offered(p);
	said.last_resort = pw_is_last_resort(p);
	said.bfd = p->settings.bfd.on;
	if (said.bfd)
		said.bfd_source = watch_source(p->of->of);
	said.control_channel = pw_channel(p);
	memcpy(said.policy, p->settings.policy, sizeof said.policy);
	return said;
}

static void
tell_circuit(struct service *s)
{
	struct circuit_said c;

	memset(&c, 0, sizeof c);
	c.turn = s->turn;
	c.carrier_follows = s->config.carrier_follows;
	c.dropped = s->config.dropped;
	memcpy(c.local, s->local, sizeof c.local);
	for (int r = 0; r < L2VPN_ROLES; r++) {
		const struct pw *p = s->pws[r];
		if (!p)
			continue;
		if (p->role == s->active)
			c.active = c.count;
		c.tagged |= s->config.vlan && p->settings.type == L2VPN_TAGGED;
		c.path[c.count++] = path_said(p);
	}
	bool same = is_same(&c, &s->said, sizeof c);
	s->said = c;
	if (s->of->circuits && (!same || !row_is_in_table(&s->circuit_row)))
		table_changed(&s->of->circuit_table, &s->circuit_row);
}

static void
tell_pws(struct service *s, const struct pw_state before[L2VPN_ROLES])
{
	s->state.up_count = 0;
	for (int r = 0; r < L2VPN_ROLES; r++) {
		struct pw *p = s->pws[r];
		if (!p)
			continue;
		struct request_said asked = p->asked;
		pw_publish(p);
		s->state.up_count += p->state.up;
		if (!row_is_in_table(&p->row) || !is_same(&before[r], &p->state, sizeof p->state) ||
		    !is_same(&asked, &p->asked, sizeof asked))
			table_changed(&s->of->vc_table, &p->row);
	}
}

static void
look_both_ways(struct service *s)
{
	const struct pw *active = s->pws[s->state.active];

	if (*s->local)
		local_switching_look(s);
	else
		s->state.up = s->state.carries && active && active->state.up;
}

void
service_review(struct service *s)
{
	struct pw_state before[L2VPN_ROLES];
	struct service_state was = s->state;
	uint64_t switches = s->switches;
	uint32_t turn = s->turn;

	look(s);
	for (int r = 0; r < L2VPN_ROLES; r++)
		if (s->pws[r]) {
			before[r] = s->pws[r]->state;
			pw_look(s->pws[r]);
		}
	if (!s->adopted || (!s->placed && s->of->circuits)) {
		redundancy_adopt(s);
		s->placed = s->of->circuits;
	}
	look_at_active(s);
	if (s->of->circuits && !*s->local)
		redundancy_run(s);
	look_at_carrier(s);
	s->adopted = true;
	tell_pws(s, before);
	tell_circuit(s);
	look_both_ways(s);
	s->state.redundancy = s->redundancy;
	if (!row_is_in_table(&s->row) || !is_same(&was, &s->state, sizeof was) || switches != s->switches ||
	    turn != s->turn)
		table_changed(&s->of->service_table, &s->row);
}

void
services_review(struct l2vpn *l)
{
	list_each (i, &l->services) {
		service_review(OBJECT(i, struct service, link));
	}
}

/* --- the configuration --- */

static struct service *
service_new(struct l2vpn *l, const char *name)
{
	struct service *s = NEW(struct service);

	s->of = l;
	s->turn = 1;
	memcpy(s->name, name, strlen(name) + 1);
	timer_init(&s->timer, TIMER_REDUNDANCY);
	timer_init(&s->release, TIMER_RELEASE);
	list_append(&l->services, &s->link);
	hash_add(&l->services_by_name, &s->by_name, name_hash(name));
	return s;
}

static void
service_free(struct service *s)
{
	struct l2vpn *l = s->of;

	for (int r = 0; r < L2VPN_ROLES; r++)
		if (s->pws[r])
			pw_free(s->pws[r]);
	table_gone(&l->circuit_table, &s->circuit_row);
	table_gone(&l->service_table, &s->row);
	timer_clear(&l->timers, &s->timer);
	timer_clear(&l->timers, &s->release);
	list_remove(&s->link);
	hash_remove(&l->services_by_name, &s->by_name);
	free(s);
}

static struct service *
want(struct l2vpn *l, const char *name)
{
	struct service *s = service_find(l, name);

	if (!s)
		s = service_new(l, name);
	s->wanted = true;
	return s;
}

static bool
is_same_pw(const struct pw *p, const struct l2vpn_settings *s)
{
	return addr_eq(&p->settings.peer, &s->peer) && p->settings.type == s->type && p->settings.vc_id == s->vc_id;
}

/* The role that the configuration gives it; L2VPN_ROLES: none, it is gone. */
static enum l2vpn_role
role_of(const struct pw *p, const struct l2vpn_config *c, const struct l2vpn_circuit_config *circuit)
{
	for (int r = 0; circuit && r < L2VPN_ROLES; r++) {
		if (!circuit->pw[r].line)
			continue;
		struct l2vpn_settings new = l2vpn_settings(c, circuit, (enum l2vpn_role)r);
		if (is_same_pw(p, &new))
			return (enum l2vpn_role)r;
	}
	return L2VPN_ROLES;
}

/* Those that are gone first, so that another may have their number. */
static void
drop_pws(struct service *s, const struct l2vpn_config *c, const struct l2vpn_circuit_config *circuit)
{
	for (int r = 0; r < L2VPN_ROLES; r++)
		if (s->pws[r] && role_of(s->pws[r], c, circuit) == L2VPN_ROLES) {
			pw_free(s->pws[r]);
			s->pws[r] = NULL;
			s->rearranged = true;
		}
}

/* What stays keeps its label, its state and the frames, whatever its role is from now on. */
static void
arrange_pws(struct service *s, const struct l2vpn_config *c, const struct l2vpn_circuit_config *circuit)
{
	struct pw *old[L2VPN_ROLES], *active = s->pws[s->active];

	memcpy(old, s->pws, sizeof old);
	memset(s->pws, 0, sizeof s->pws);
	for (int r = 0; r < L2VPN_ROLES; r++) {
		enum l2vpn_role role = old[r] ? role_of(old[r], c, circuit) : L2VPN_ROLES;
		if (!old[r])
			continue;
		s->rearranged |= role != old[r]->role;
		old[r]->role = role;
		s->pws[role] = old[r];
	}
	for (int r = 0; r < L2VPN_ROLES; r++) {
		if (!circuit->pw[r].line)
			continue;
		struct l2vpn_settings new = l2vpn_settings(c, circuit, (enum l2vpn_role)r);
		if (s->pws[r]) {
			s->pws[r]->settings = new;
		} else {
			s->pws[r] = pw_new(s, (enum l2vpn_role)r, &new);
			s->rearranged = true;
		}
	}
	s->active = active ? active->role : L2VPN_PRIMARY;
}

/* Other rules, or another list of paths, whose places have another meaning: that is a turn of its own. */
static void
take_over(struct service *s, const struct l2vpn_config *c, const struct l2vpn_circuit_config *circuit)
{
	const struct l2vpn_circuit_config *old = &s->config;

	if (old->mode != circuit->mode || old->revert != circuit->revert || old->delay_s != circuit->delay_s ||
	    old->has_resume != circuit->has_resume || old->resume_s != circuit->resume_s ||
	    old->hold_s != circuit->hold_s)
		s->placed = false;
	s->config = *circuit;
	arrange_pws(s, c, circuit);
	if (s->rearranged) {
		s->placed = s->rearranged = false;
		s->turn++;
		s->turn_at = s->of->now;
	}
}

static bool
carries_pws(const struct l2vpn_circuit_config *c)
{
	return c->pw[L2VPN_PRIMARY].line;
}

static void
want_all(struct l2vpn *l)
{
	const struct l2vpn_config *c = &l->config;

	for (size_t i = 0; i < c->circuit_count && c->enabled; i++)
		if (carries_pws(&c->circuits[i])) {
			struct service *s = want(l, c->circuits[i].name);
			*s->local = *s->ccc = '\0';
			s->out_interface = false;
		}
	for (size_t i = 0; i < c->ccc_count * 2 && c->enabled; i++) {
		struct service *s = want(l, c->cccs[i / 2].interface[i % 2]);
		memset(s->local, 0, sizeof s->local);
		memcpy(s->ccc, c->cccs[i / 2].name, sizeof s->ccc);
		s->out_interface = i % 2;
		memcpy(s->local, c->cccs[i / 2].interface[!(i % 2)], sizeof s->local);
	}
}

void
services_configure(struct l2vpn *l)
{
	const struct l2vpn_config *c = &l->config;

	list_each (i, &l->services) {
		OBJECT(i, struct service, link)->wanted = false;
	}
	want_all(l);
	list_each_safe (i, &l->services) {
		struct service *s = OBJECT(i, struct service, link);
		const struct l2vpn_circuit_config *circuit = l2vpn_config_find(c, s->name);
		drop_pws(s, c, *s->local ? NULL : circuit);
		if (!s->wanted)
			service_free(s);
	}
	list_each (i, &l->services) {
		struct service *s = OBJECT(i, struct service, link);
		const struct l2vpn_circuit_config *circuit = l2vpn_config_find(c, s->name);
		static const struct l2vpn_circuit_config nothing;
		if (*s->local)
			s->config = circuit ? *circuit : nothing;
		else
			take_over(s, c, circuit);
		table_changed(&l->service_table, &s->row);
	}
	watch_far_ends(l);
	services_review(l);
}

void
services_init(struct l2vpn *l)
{
	list_init(&l->services);
	hash_init(&l->services_by_name);
	hash_init(&l->pws);
	hash_init(&l->pws_by_label);
	hash_init(&l->labels);
	timers_init(&l->timers);
}

void
services_free(struct l2vpn *l)
{
	list_each_safe (i, &l->services) {
		service_free(OBJECT(i, struct service, link));
	}
	hash_free(&l->services_by_name);
	hash_free(&l->pws);
	hash_free(&l->pws_by_label);
	timers_free(&l->timers);
}
