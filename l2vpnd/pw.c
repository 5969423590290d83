/*
 * A pseudowire: what ldpd and fibd say of it put together, and what its other end is told.
 *
 * It is *usable* when both ends have spoken, agree, and say that packets may go there; *good* when the data plane is there as
 * well, as read back; *up* when its circuit is, too. Why it is not is always the first thing that is missing.
 *
 * An end whose BFD hears nothing of the other one says that its tunnel is faulty in both directions (RFC 5885 section 5). That is
 * no news to an end whose own bfdd is away: it is why the other hears nothing. Such a fault is disregarded while BFD here has
 * nothing to say and a while longer, in which the other end takes it back. What is really broken BFD finds dead by then.
 */
#include "l2vpnd/model.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without the type: whoever asks for all types of a number asks once. */
static uint32_t
key_hash(const struct addr *peer, uint32_t vc_id)
{
	return hash_bytes(&vc_id, sizeof vc_id, hash_bytes(peer->bytes, sizeof peer->bytes, peer->family));
}

static struct pw *
next_like(struct hash_node *n, const struct addr *peer, uint32_t vc_id)
{
	for (; n; n = hash_next(n)) {
		struct pw *p = OBJECT(n, struct pw, by_key);
		if (p->settings.vc_id == vc_id && addr_eq(&p->settings.peer, peer))
			return p;
	}
	return NULL;
}

struct pw *
pw_first(const struct l2vpn *l, const struct addr *peer, uint32_t vc_id)
{
	return next_like(hash_first(&l->pws, key_hash(peer, vc_id)), peer, vc_id);
}

struct pw *
pw_next(const struct pw *p)
{
	return next_like(hash_next(&p->by_key), &p->settings.peer, p->settings.vc_id);
}

struct pw *
pw_find(const struct l2vpn *l, const struct addr *peer, uint32_t type, uint32_t vc_id)
{
	struct pw *p = pw_first(l, peer, vc_id);

	while (p && p->settings.type != type)
		p = pw_next(p);
	return p;
}

struct pw *
pw_new(struct service *s, enum l2vpn_role role, const struct l2vpn_settings *settings)
{
	struct l2vpn *l = s->of;
	struct pw *p = NEW(struct pw);

	p->of = s;
	p->role = role;
	p->settings = *settings;
	addr_text(&settings->peer, p->peer);
	p->label = pw_label_take(l, &settings->peer, settings->vc_id);
	p->created_at = p->since = l->now;
	timer_init(&p->recovery, TIMER_RECOVERY);
	p->echoes.of = p;
	hash_add(&l->pws, &p->by_key, key_hash(&settings->peer, settings->vc_id));
	if (p->label != LABEL_UNSET)
		hash_add(&l->pws_by_label, &p->by_label, p->label);
	return p;
}

void
pw_free(struct pw *p)
{
	struct l2vpn *l = p->of->of;

	table_gone(&l->request_table, &p->request_row);
	table_gone(&l->vc_table, &p->row);
	table_gone(&l->echo_table, &p->echoes.row);
	watch_stop(p);
	timer_clear(&l->timers, &p->recovery);
	pw_label_give(l, &p->settings.peer, p->settings.vc_id);
	if (p->label != LABEL_UNSET)
		hash_remove(&l->pws_by_label, &p->by_label);
	hash_remove(&l->pws, &p->by_key);
	free(p);
}

struct pw *
pw_of_label(const struct l2vpn *l, uint32_t label)
{
	for (struct hash_node *n = hash_first(&l->pws_by_label, label); n; n = hash_next(n))
		if (OBJECT(n, struct pw, by_label)->label == label)
			return OBJECT(n, struct pw, by_label);
	return NULL;
}

const char *
pw_text(const struct pw *p, char out[96])
{
	snprintf(out, 96, "%s pseudowire to %s, VC ID %u", l2vpn_role_name(p->role), p->peer, p->settings.vc_id);
	return out;
}

/* --- what others say --- */

enum { UNHEARD = PW_PSN_RECEIVE | PW_PSN_SEND }; /* what an end says whose BFD hears nothing of us */

__attribute__((format(printf, 2, 3))) static bool
because(struct pw_state *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->why, sizeof s->why, format, args);
	va_end(args);
	return false;
}

/* Another type under the same number is a mistake at one of the ends, and would look like silence. */
static bool
silent(struct pw *p, struct pw_state *s)
{
	for (uint32_t type = L2VPN_TAGGED; type <= L2VPN_PPP; type++) {
		const struct told_pw *t = told_pw_find(p->of->of, &p->settings.peer, type, p->settings.vc_id);
		if (type != p->settings.type && t && t->now.remote_label != LABEL_UNSET)
			return because(s, "the types differ: %s here, %s at %s", l2vpn_type_name(p->settings.type),
			    l2vpn_type_name(type), p->peer);
	}
	return because(s, "%s has told no label for VC ID %u", p->peer, p->settings.vc_id);
}

static bool
carries_frames(const struct pw *p)
{
	return p->settings.type == L2VPN_RAW || p->settings.type == L2VPN_TAGGED;
}

/* To be asked for. Frames need an MTU, which is that of the circuit; what is not Ethernet is told none. */
static bool
is_ready(const struct pw *p)
{
	return p->label != LABEL_UNSET && (!carries_frames(p) || p->settings.mtu || p->mtu);
}

static bool
both_agree(struct pw *p, struct pw_state *s, const struct told_pw *t)
{
	if (p->label == LABEL_UNSET)
		return because(s, "there is no label left for it here");
	if (!is_ready(p))
		return because(s, "the MTU of %s is not known: there is no such interface", p->of->name);
	if (!t)
		return because(s, "ldpd has not answered yet");
	if (!s->word.session)
		return because(s, "there is no LDP session with %s", p->peer);
	if (s->word.remote_label == LABEL_UNSET)
		return silent(p, s);
	if (*s->word.trouble)
		return because(s, "%s", s->word.trouble);
	return true;
}

static bool
both_forward(const struct pw *p, struct pw_state *s)
{
	uint32_t fault = s->word.remote_status & ~(p->disregards ? UNHEARD : 0);

	if (fault & PW_FAULTS)
		return because(s, "%s says: %s", p->peer,
		    fault & (PW_AC_RECEIVE | PW_AC_SEND)     ? "fault of its attachment circuit"
		    : fault & (PW_PSN_RECEIVE | PW_PSN_SEND) ? "fault of its tunnel"
							     : "not forwarding");
	if (s->standby && !p->settings.ignore_standby)
		return because(s, "%s says: standby", p->peer);
	return true;
}

static void
look_at_fault(struct pw *p)
{
	char service[L2VPN_IF + L2VPN_SERVICE + 16], name[96];
	struct l2vpn *l = p->of->of;
	bool before = p->faulty;

	p->faulty = (p->state.word.remote_status & UNHEARD) == UNHEARD;
	if (!p->faulty) {
		p->disregards = false;
		timer_clear(&l->timers, &p->recovery);
	} else if (!before && watch_is_silent(p)) {
		p->disregards = true;
		p->bfd_heard = false;
		timer_set(&l->timers, &p->recovery, l->now + PW_RECOVERY);
		l2vpn_note(l, 5, "%s: %s: its other end hears no BFD from here, where BFD is away; that is disregarded",
		    service_text(p->of, service), pw_text(p, name));
	}
	p->state.disregards = p->disregards;
}

void
pw_recovery_timer(struct pw *p)
{
	struct l2vpn *l = p->of->of;
	bool silent = watch_is_silent(p);

	if (!silent && p->bfd_heard)
		p->disregards = false;
	else
		timer_set(&l->timers, &p->recovery, l->now + PW_RECOVERY);
	p->bfd_heard = !silent;
}

static bool
channel_lives(struct pw_state *s)
{
	return !s->channel_dead || because(s, "BFD on its control channel says it is dead");
}

static uint32_t
channels(const struct l2vpn_settings *s)
{
	return s->vccv ? L2VPN_CC_ALERT | L2VPN_CC_TTL | (s->control_word ? L2VPN_CC_WORD : 0) : 0;
}

enum control_channel
pw_channel(const struct pw *p)
{
	const struct pw_word *w = &p->state.word;

	if (!p->state.fits)
		return CHANNEL_NONE;
	return control_channel_choose((struct vccv_said){ channels(&p->settings), watch_checks(&p->settings) },
	    (struct vccv_said){ w->remote_vccv_cc, w->remote_vccv_cv }, w->control_word);
}

/* As fibd is told. While a failed one is to be waited for, fibd must not leave it by itself: the others are kept from it. */
bool
pw_is_offered(const struct pw *p)
{
	return p->state.usable && (!p->of->config.hold_s || p->role == p->of->active);
}

bool
pw_is_last_resort(const struct pw *p)
{
	bool watched = p->settings.bfd.on || p->state.watch.encapsulation;

	return watched && p->state.forwards && (!p->of->config.hold_s || p->role == p->of->active);
}

/* What is kept from fibd is not ready to send, and may be good all the same. */
static bool
data_plane(const struct pw *own, struct pw_state *s)
{
	const struct told_path *p = &s->path;
	bool sends = p->sends || s->outdated || own->of->config.hold_s;

	if (!carries_frames(own))
		return because(s, "there is no attachment circuit of %s here", l2vpn_type_name(own->settings.type));
	if (!s->answered)
		return because(s, "fibd has not answered yet");
	if (!p->alive)
		return because(s, "BFD says that %s is dead", own->peer);
	if (p->lsp && sends && p->receives)
		return true;
	if (*p->trouble)
		return because(s, "%s", p->trouble);
	return because(s, "%s%s", !p->lsp ? "no LSP leads to " : "its data plane was not seen in the kernel yet",
	    p->lsp ? "" : own->peer);
}

static const struct told_path *
told_path_of(const struct pw *p)
{
	const struct circuit_word *w = &p->of->word;

	for (uint8_t i = 0; i < w->count; i++)
		if (w->path[i].vc_id == p->settings.vc_id && addr_eq(&w->path[i].peer, &p->settings.peer) &&
		    w->path[i].in_label == p->label)
			return &w->path[i];
	return NULL;
}

void
pw_look(struct pw *p)
{
	const struct told_pw *t = told_pw_find(p->of->of, &p->settings.peer, p->settings.type, p->settings.vc_id);
	const struct told_path *path = told_path_of(p);
	struct pw_state *s = &p->state;
	bool was_up = s->up;

	memset(s, 0, sizeof *s);
	s->word.local_label = s->word.remote_label = LABEL_UNSET;
	if (t)
		s->word = t->now;
	s->answered = path != NULL;
	if (path)
		s->path = *path;
	if (p->of->word.mtu)
		p->mtu = p->of->word.mtu;
	s->standby = s->word.remote_status & PW_STANDBY;
	s->asks = s->word.remote_status & PW_SWITCH_OVER;
	s->fits = both_agree(p, s, t);
	watch_look(p);
	look_at_fault(p);
	s->forwards = s->fits && both_forward(p, s);
	s->usable = s->forwards && channel_lives(s);
	/* What was said and taken back at once does not make a pseudowire lost that is up again already. */
	s->outdated = was_up && path && !path->usable;
	s->good = s->usable && data_plane(p, s);
	if (!s->fits || !s->standby)
		p->asking = false;
}

/* --- what the other end is told --- */

static uint32_t
status_of(const struct pw *p)
{
	const struct service *s = p->of;
	const struct pw_state *w = &p->state;
	/* What fibd has found in the kernel after both of us were away has no label to send with yet: no word about tunnels. */
	bool knows = w->answered && s->of->circuits && (w->path.out_label != LABEL_UNSET || !w->fits);
	uint32_t status = s->ac_up ? 0 : PW_AC_RECEIVE | PW_AC_SEND;

	if (!w->answered || (s->word.up && !w->path.receives))
		status |= PW_NOT_FORWARDING;
	if (knows && !w->path.lsp)
		status |= PW_PSN_SEND;
	if ((knows && !w->path.alive) || w->channel_dead) /* RFC 5885 section 5 */
		status |= PW_PSN_RECEIVE | PW_PSN_SEND;
	if (s->redundancy == RS_RESUME && p->role != L2VPN_PRIMARY)
		status |= PW_NOT_FORWARDING;
	if (s->config.mode == L2VPN_MASTER && p->role != s->active)
		status |= PW_STANDBY;
	if (p->asking)
		status |= PW_SWITCH_OVER;
	return status;
}

/*
 * All circuits of a port share a group, so that what happens to the port can be told by one message (RFC 8077 6.3). The number
 * follows from the port's name, and so outlives us. Two ports may have the same one: ldpd speaks of a group only when all
 * of it has come to the same.
 */
static uint32_t
group_of(const struct service *s)
{
	size_t port = l2vpn_is_subinterface(s->name) ? (size_t)(strrchr(s->name, '.') - s->name) : strlen(s->name);
	uint32_t number = hash_bytes(s->name, port, 0);

	return number ? number : 1;
}

static void
ask(struct pw *p)
{
	struct l2vpn *l = p->of->of;
	struct request_said r;

	memset(&r, 0, sizeof r);
	r.label = p->label;
	r.group = group_of(p->of);
	r.mtu = !carries_frames(p) ? 0 : p->settings.mtu ? p->settings.mtu : p->mtu;
	r.status = status_of(p);
	r.vlan = p->settings.vlan;
	r.control_word = p->settings.control_word;
	r.cc = channels(&p->settings);
	r.cv = watch_checks(&p->settings);
	memcpy(r.description, p->of->config.service, sizeof r.description);
	bool same = is_same(&r, &p->asked, sizeof r);
	p->asked = r;
	if (!is_ready(p))
		table_gone(&l->request_table, &p->request_row);
	else if (!same || !row_is_in_table(&p->request_row))
		table_changed(&l->request_table, &p->request_row);
}

static void
count_up(struct pw *p, bool up)
{
	struct l2vpn *l = p->of->of;
	char service[L2VPN_IF + L2VPN_SERVICE + 16], name[96];

	if (up == (p->up_at != 0))
		return;
	p->since = l->now;
	p->up_at = up ? l->now + 1 : 0;
	p->ups += up;
	l2vpn_note(l, 5, "%s: %s is %s%s%s", service_text(p->of, service), pw_text(p, name), up ? "up" : "down",
	    up ? "" : ": ", up ? "" : p->state.why);
}

void
pw_publish(struct pw *p)
{
	const struct service *s = p->of;
	struct pw_state *w = &p->state;

	w->circuit_up = s->word.up;
	w->active = s->state.carries && s->state.active == p->role;
	w->up = w->good && s->word.up;
	if (w->good && !s->word.up)
		because(w, "%s is down", p->of->name);
	else if (w->good && pw_is_offered(p) && !w->path.sends && !w->outdated)
		w->up = because(
		    w, "%s", *w->path.trouble ? w->path.trouble : "its data plane was not seen in the kernel yet");
	else if (w->good && w->word.local_label == LABEL_UNSET)
		w->up = because(w, "ldpd has not told our label yet");
	ask(p);
	watch_ask(p);
	count_up(p, w->up);
}
