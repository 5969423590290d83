/*
 * Peers and their connections: what the actions of the state machine do, what is read, timers (RFC 4271 section 8).
 *
 * A peer is called by us, and calls us; so there may be two connections until both have said who they are, and then the one
 * that the speaker with the higher identifier has called stays (6.8). A peer that restarts gracefully (RFC 4724) calls while
 * we take its old connection for good: that one counts as lost then, and its routes stay until it has told them anew.
 */
#include "base/text.h"
#include "l3vpnd/bgp/model.h"
#include <stdlib.h>
#include <string.h>

#define HOLD_LARGE (240 * (usec_t)USEC_PER_SEC)
enum { FAILURES_MOST = 8, RESTART_AT_ONCE_MS = 100, SETTLED_S = 10 };

static void event(struct conn *, enum bgp_event, const struct bgp_fault *, const char *why);
static void cease(struct conn *, uint8_t subcode, const char *why);

/* --- sending --- */

/* On a connection that is not up yet, or is about to end. */
static void
send_now(struct conn *c, const struct wire_writer *w, enum bgp_message_type type)
{
	if (c->peer->up == c)
		peer_flush(c->peer);
	c->peer->sent.messages[type]++;
	row_peer(c->peer);
	outbox_add(c->peer->bgp->out,
	    &(struct effect){ .kind = EFFECT_STREAM_SEND, .where = c->number, .bytes = w->base, .size = w->at });
}

static uint32_t
own_as(const struct peer *p)
{
	return p->config.fake_as ? p->config.fake_as : p->bgp->config.as;
}

static void
send_open(struct conn *c)
{
	struct peer *p = c->peer;
	const struct bgp_config *conf = &p->bgp->config;
	uint8_t bytes[BGP_MESSAGE_MAX];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	struct bgp_open o = { .as = own_as(p),
		.hold_s = p->config.has_hold ? p->config.hold_s : BGP_HOLD_S,
		.id = p->instance->router_id,
		.as4 = true,
		.refresh = true,
		.enhanced_refresh = true,
		.extended = true,
		.has_role = !p->internal && p->config.role,
		.role = (uint8_t)(p->config.role - 1) };

	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		const struct bgp_peer_family *pf = &p->config.family[f];
		if (!pf->enabled)
			continue;
		o.families |= BGP_FAMILY_BIT(f);
		o.add_path[f] = (uint8_t)((pf->receive_add_path ? BGP_ADD_PATH_RECEIVE : 0) |
					  (pf->send_add_path ? BGP_ADD_PATH_SEND : 0));
		if (conf->long_lived_s && !conf->graceful_off)
			o.long_lived.time_s[f] = conf->long_lived_s;
	}
	if (!conf->graceful_off) {
		o.restart.said = o.restart.notifications = true;
		o.restart.restarting = p->bgp->restarted;
		o.restart.time_s = conf->restart_s ? conf->restart_s : BGP_RESTART_S;
		o.restart.families = o.restart.preserved = o.families;
		o.long_lived.said = conf->long_lived_s;
		o.long_lived.preserved = conf->long_lived_s ? o.families : 0;
	}
	bgp_write_open(&w, &o);
	send_now(c, &w, BGP_OPEN);
}

static void
send_keepalive(struct conn *c)
{
	struct peer *p = c->peer;
	uint8_t bytes[BGP_HEADER_BYTES];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	bgp_write_keepalive(&w);
	send_now(c, &w, BGP_KEEPALIVE);
	if (p->keepalive_s) { /* section 10: between three quarters and all of it */
		usec_t whole = (usec_t)p->keepalive_s * USEC_PER_SEC;
		timer_set(&p->bgp->timers, &c->keepalive, p->bgp->now + whole - rng_below(&p->bgp->rng, whole / 4));
	}
}

/* RFC 8538 3: one after which routes are not to be kept is said inside a Hard Reset, to those who would keep them. */
static struct bgp_fault
for_good(const struct conn *c, const struct bgp_fault *f)
{
	uint8_t inside[2 + BGP_FAULT_DATA];
	bool keeps = c->open.restart.notifications && !c->peer->bgp->config.graceful_off;

	if (!keeps || f->code != BGP_ERROR_CEASE || f->subcode < BGP_CEASE_PREFIX_LIMIT ||
	    f->subcode > BGP_CEASE_DECONFIGURED)
		return *f;
	inside[0] = f->code;
	inside[1] = f->subcode;
	memcpy(inside + 2, f->data, f->size);
	return bgp_fault(BGP_ERROR_CEASE, BGP_CEASE_HARD_RESET, inside, 2 + (size_t)f->size);
}

/* What stands in a Hard Reset is why. */
static void
fault_shown(const struct bgp_fault *f, char out[96])
{
	bool hard = f->code == BGP_ERROR_CEASE && f->subcode == BGP_CEASE_HARD_RESET && f->size >= 2;

	bgp_fault_text(hard ? f->data[0] : f->code, hard ? f->data[1] : f->subcode, out);
}

static void
send_notification(struct conn *c, const struct bgp_fault *said)
{
	const struct bgp_fault wrapped = for_good(c, said), *f = &wrapped;
	uint8_t bytes[BGP_HEADER_BYTES + 2 + BGP_FAULT_DATA];
	struct wire_writer w = wire_writer(bytes, sizeof bytes);

	bgp_write_notification(&w, f);
	send_now(c, &w, BGP_NOTIFICATION);
}

/* --- connections --- */

struct peer *
peer_of_conn(struct bgp *b, uint32_t number, struct conn **ret)
{
	for (struct hash_node *n = hash_first(&b->conns, number); n; n = hash_next(n)) {
		struct conn *c = OBJECT(n, struct conn, by_number);
		if (c->number == number) {
			*ret = c;
			return c->peer;
		}
	}
	return NULL;
}

static void
conn_number(struct conn *c, uint32_t number)
{
	struct bgp *b = c->peer->bgp;

	if (c->number)
		hash_remove(&b->conns, &c->by_number);
	c->number = number;
	c->input_size = 0;
	c->has_open = false;
	if (number)
		hash_add(&b->conns, &c->by_number, number);
}

static void
conn_close(struct conn *c)
{
	struct bgp *b = c->peer->bgp;

	if (c->number)
		outbox_add(b->out, &(struct effect){ .kind = EFFECT_STREAM_CLOSE, .where = c->number });
	timer_clear(&b->timers, &c->hold);
	timer_clear(&b->timers, &c->keepalive);
	conn_number(c, 0);
}

/* GTSM (RFC 5082): what is accepted. Without it an external peer's packets do not leave the link, unless it may be further
 * away. As an effect has it. */
static uint32_t
distance(const struct peer *p)
{
	uint32_t out = p->config.max_hops ? p->config.max_hops : p->internal ? 0 : 1;

	if (p->config.ttl_hops)
		return 256u - p->config.ttl_hops;
	return out << 8;
}

static void
call(struct conn *c)
{
	struct peer *p = c->peer;
	struct bgp *b = p->bgp;

	do
		b->last_conn = b->last_conn + 1 < BGP_ACCEPTED ? b->last_conn + 1 : 1;
	while (hash_first(&b->conns, b->last_conn));
	conn_number(c, b->last_conn);
	outbox_add(b->out, &(struct effect){ .kind = EFFECT_STREAM_CONNECT,
			       .where = c->number,
			       .code = distance(p),
			       .to = p->config.address,
			       .from = p->config.source_address,
			       .instance = p->instance->name });
}

static void
retry_later(struct conn *c)
{
	struct bgp *b = c->peer->bgp;
	usec_t wait = (usec_t)BGP_RETRY_S * USEC_PER_SEC;

	for (unsigned i = 0; i < c->peer->failures && wait < (usec_t)BGP_RETRY_MOST_S * USEC_PER_SEC; i++)
		wait *= 2;
	timer_set(&b->timers, &c->retry, b->now + wait - rng_below(&b->rng, wait / 4));
}

/* --- up and down --- */

static void
agree(struct conn *c)
{
	struct peer *p = c->peer;
	const struct bgp_open *o = &c->open;
	uint16_t own = p->config.has_hold ? p->config.hold_s : BGP_HOLD_S;

	p->id = o->id;
	p->as4 = o->as4;
	p->extended = o->extended;
	p->hold_s = own < o->hold_s ? own : o->hold_s;
	p->keepalive_s = p->hold_s / 3;
	if (p->config.keepalive_s && p->config.keepalive_s < p->keepalive_s)
		p->keepalive_s = p->config.keepalive_s;
	p->families = p->add_path_in = p->add_path_out = p->long_families = 0;
	p->long_lived_s = UINT32_MAX;
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		const struct bgp_peer_family *pf = &p->config.family[f];
		uint32_t long_s = o->long_lived.said && p->bgp->config.long_lived_s ? o->long_lived.time_s[f] : 0;
		if (pf->enabled && long_s) {
			p->long_families |= BGP_FAMILY_BIT(f);
			p->long_lived_s = long_s < p->long_lived_s ? long_s : p->long_lived_s;
		}
		if (!pf->enabled || !(o->families & BGP_FAMILY_BIT(f)))
			continue;
		p->families |= BGP_FAMILY_BIT(f);
		if (pf->receive_add_path && o->add_path[f] & BGP_ADD_PATH_SEND)
			p->add_path_in |= BGP_FAMILY_BIT(f);
		if (pf->send_add_path && o->add_path[f] & BGP_ADD_PATH_RECEIVE)
			p->add_path_out |= BGP_FAMILY_BIT(f);
	}
}

/* A new connection beside an established one: has the peer begun anew, or had it called before we were done? */
static bool
is_restart(const struct conn *old)
{
	return old->state == BGP_ESTABLISHED && old->open.restart.said &&
	       old->peer->bgp->now >= old->peer->since + (usec_t)SETTLED_S * USEC_PER_SEC;
}

void
peer_refresh(struct peer *p, uint32_t families)
{
	for (unsigned f = 0; p->up && f < BGP_FAMILIES; f++) {
		if (!(p->families & families & BGP_FAMILY_BIT(f)) || !p->up->open.refresh)
			continue;
		struct wire_writer w = peer_writer(p, BGP_HEADER_BYTES + 4);
		bgp_write_refresh(&w, (enum bgp_family)f, BGP_REFRESH_NORMAL);
		peer_written(p, &w, BGP_REFRESH);
	}
}

static void
up(struct conn *c)
{
	struct peer *p = c->peer;
	struct conn *other = &p->conns[!c->direction];
	char name[ADDR_TEXT + BGP_NAME + 8];

	p->up = c;
	if (other->state != BGP_IDLE)
		cease(other, BGP_CEASE_COLLISION, NULL);
	p->failures = 0;
	p->ups++;
	p->since = p->bgp->now;
	p->paused = false;
	bgp_note(p->bgp, 5, "peer %s is Established", peer_text(p, name));
	peer_drop_stale(p, ~(c->open.restart.said ? c->open.restart.preserved & p->families : 0));
	if (p->stale_families) /* it is back; now for its End-of-RIB */
		timer_set(&p->bgp->timers, &p->stale, p->bgp->now + (usec_t)BGP_STALE_S * USEC_PER_SEC);
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		p->family[f].ended = p->family[f].end_told = false;
		p->family[f].held = members_are_asked(p, (enum bgp_family)f);
		if (p->family[f].held)
			timer_set(
			    &p->bgp->timers, &p->members_wait, p->bgp->now + (usec_t)MEMBERS_WAIT_S * USEC_PER_SEC);
		else if (p->families & BGP_FAMILY_BIT(f))
			out_join(p, (enum bgp_family)f);
	}
	p->bgp->members_asked = true;
}

/* RFC 4724 4.2, RFC 8538: which of its families' routes stay for a while. */
static uint32_t
kept_families(const struct conn *c, const struct bgp_fault *said, bool theirs)
{
	const struct peer *p = c->peer;
	bool hard = said && said->code == BGP_ERROR_CEASE && said->subcode == BGP_CEASE_HARD_RESET;

	if (p->bgp->config.graceful_off || !c->open.restart.said || !p->configured || p->config.ignored)
		return 0;
	if (said && said->code && (hard || !c->open.restart.notifications || !theirs))
		return said->code == BGP_ERROR_HOLD_TIMER && !theirs ? c->open.restart.families & p->families : 0;
	return c->open.restart.families & p->families;
}

static void
down(struct conn *c, const struct bgp_fault *said, bool theirs)
{
	struct peer *p = c->peer;
	uint32_t kept = kept_families(c, said, theirs);

	p->since = p->bgp->now;
	for (unsigned f = 0; f < BGP_FAMILIES; f++) {
		if (!(p->families & BGP_FAMILY_BIT(f)))
			continue;
		out_leave(p, (enum bgp_family)f);
		if (kept & BGP_FAMILY_BIT(f))
			p->stale_families |= BGP_FAMILY_BIT(f);
		else if (p->instance->ribs[f])
			rib_drop_peer(p->instance->ribs[f], p, false);
		p->family[f].generation++; /* whatever it says from now on is of another life */
	}
	members_forget(p);
	list_remove(&p->to_flush);
	p->output_size = 0;
	p->up = NULL;
	p->families = 0;
	if (p->stale_families && !timer_is_set(&p->stale))
		timer_set(&p->bgp->timers, &p->stale, p->bgp->now + (usec_t)c->open.restart.time_s * USEC_PER_SEC);
}

/* --- events --- */

static void
remember(struct peer *p, const struct bgp_fault *f, bool ours, const char *why)
{
	char text[96], name[ADDR_TEXT + BGP_NAME + 8];

	if (f && f->code)
		fault_shown(f, text);
	free(p->why_down);
	p->why_down = mem_text(f && f->code ? text : why ? why : "");
	p->last_fault = f ? *f : (struct bgp_fault){ 0 };
	p->last_fault_ours = ours;
	bgp_note(p->bgp, 4, "peer %s: the connection ends: %s%s%s%s", peer_text(p, name),
	    f && f->code ? ours ? "we say " : "it says " : "", p->why_down, why && f && f->code ? ": " : "",
	    why && f && f->code ? why : "");
}

/* Why a call led to nothing. It is shown, and not logged: the next attempt is as good. What is wrong with a password nobody
 * can tell, for neither end answers what is signed otherwise. */
static void
note_unanswered(struct peer *p, enum bgp_event on, const char *why)
{
	const char *text = on == BE_LOST           ? why
			   : p->config.secret_size ? "no answer to our calls: is it reachable, and its password ours?"
						   : "no answer to our calls";

	if (!text || p->last_fault.code || (p->ups && p->why_down)) /* what was said counts for more */
		return;
	free(p->why_down);
	p->why_down = mem_text(text);
	p->last_fault_ours = on != BE_LOST;
}

/* One of two connections is closed, as it should be. */
static bool
is_collision(const struct bgp_fault *f)
{
	return f && f->code == BGP_ERROR_CEASE && f->subcode == BGP_CEASE_COLLISION;
}

/* No connection is left: the next attempt. */
static void
begin_later(struct peer *p)
{
	usec_t wait = RESTART_AT_ONCE_MS * USEC_PER_MSEC;

	if (!p->configured || p->config.ignored || p->conns[OUTGOING].state != BGP_IDLE)
		return;
	if (p->failures)
		wait = (usec_t)BGP_RETRY_S * USEC_PER_SEC;
	for (unsigned i = 1; i < p->failures && wait < (usec_t)BGP_RETRY_MOST_S * USEC_PER_SEC; i++)
		wait *= 2;
	usec_t at = p->bgp->now + wait - rng_below(&p->bgp->rng, wait / 4 + 1);
	timer_set(&p->bgp->timers, &p->start, at < p->idle_until ? p->idle_until : at);
}

/* The only place that changes a connection's state and the only one that acts on it. */
static void
event(struct conn *c, enum bgp_event on, const struct bgp_fault *fault, const char *why)
{
	struct peer *p = c->peer;
	struct bgp *b = p->bgp;
	enum bgp_state before = c->state;
	struct bgp_move move = bgp_decide(before, on);
	bool theirs = on == BE_NOTIFICATION;
	struct bgp_fault unexpected =
	    bgp_fault(BGP_ERROR_FSM, (uint8_t)(before >= BGP_OPENSENT ? before - BGP_OPENSENT + 1 : 0), NULL, 0);
	const struct bgp_fault *say = move.listed || on == BE_BAD || on == BE_OPEN_BAD ? fault : &unexpected;

	c->state = move.next;
	if (before >= BGP_OPENSENT && move.next == BGP_IDLE && !is_collision(say))
		remember(p, say, !theirs, why);
	if (before == BGP_CONNECT && (on == BE_LOST || on == BE_RETRY) && !p->up)
		note_unanswered(p, on, why);
	if (move.acts & BA_NOTIFY && say && say->code && c->number)
		send_notification(c, say);
	if (move.acts & BA_DOWN)
		down(c, say, theirs);
	if (move.acts & BA_BACK_OFF && p->failures < FAILURES_MOST)
		p->failures++;
	if (move.acts & BA_CLOSE)
		conn_close(c);
	if (move.acts & BA_NO_RETRY)
		timer_clear(&b->timers, &c->retry);
	if (move.acts & BA_CALL)
		call(c);
	if (move.acts & BA_RETRY)
		retry_later(c);
	if (move.acts & BA_SEND_OPEN)
		send_open(c);
	if (move.acts & BA_HOLD_LARGE)
		timer_set(&b->timers, &c->hold, b->now + HOLD_LARGE);
	if (move.acts & BA_AGREE)
		agree(c);
	if (move.acts & BA_SEND_KEEPALIVE)
		send_keepalive(c);
	if (move.acts & BA_HOLD)
		timer_set(&b->timers, &c->hold, p->hold_s ? b->now + (usec_t)p->hold_s * USEC_PER_SEC : USEC_NEVER);
	if (move.acts & BA_UP)
		up(c);
	if (move.next == BGP_IDLE && before != BGP_IDLE)
		begin_later(p);
	row_peer(p);
}

static void
cease(struct conn *c, uint8_t subcode, const char *why)
{
	struct bgp_fault f = bgp_fault(BGP_ERROR_CEASE, subcode, NULL, 0);

	event(c, BE_STOP, &f, why);
}

void
session_error(struct peer *p, const struct bgp_fault *f, const char *why)
{
	if (p->up)
		event(p->up, BE_BAD, f, why);
}

void
peer_start(struct peer *p)
{
	timer_clear(&p->bgp->timers, &p->start);
	if (p->configured && !p->config.ignored && p->conns[OUTGOING].state == BGP_IDLE &&
	    p->conns[INCOMING].state < BGP_OPENSENT && !p->up)
		event(&p->conns[OUTGOING], p->config.passive ? BE_START_PASSIVE : BE_START, NULL, NULL);
}

void
peer_restart(struct peer *p, uint8_t subcode, const char *why)
{
	for (int d = 0; d < DIRECTIONS; d++)
		if (p->conns[d].state != BGP_IDLE)
			cease(&p->conns[d], subcode, why);
	p->failures = 0;
	begin_later(p);
}

void
peer_stop(struct peer *p, uint8_t subcode, const char *why)
{
	for (int d = 0; d < DIRECTIONS; d++)
		if (p->conns[d].state != BGP_IDLE)
			cease(&p->conns[d], subcode, why);
	timer_clear(&p->bgp->timers, &p->start);
	peer_drop_stale(p, UINT32_MAX);
}

/* --- what is read --- */

/*
 * 6.8: two connections, and on this one the peer has said who it is. False: this one has lost.
 *
 * It is decided here and at once, also about a connection on which nothing has been heard: before a KEEPALIVE is sent, that is,
 * and so no side can believe in a connection that the other gives up. What is only being called is left alone from now on.
 */
static bool
win(struct conn *c)
{
	struct peer *p = c->peer;
	struct conn *other = &p->conns[!c->direction];
	uint32_t own = p->instance->router_id;

	if (other->state == BGP_ESTABLISHED) {
		if (!is_restart(other)) {
			cease(c, BGP_CEASE_COLLISION, NULL);
			return false;
		}
		event(other, BE_LOST, NULL, "the peer has begun anew"); /* RFC 4724 4.2 */
		return true;
	}
	if (other->state < BGP_OPENSENT) {
		if (other->state != BGP_IDLE)
			event(other, BE_STOP, NULL, NULL);
		return true;
	}
	bool ours_stays = own != c->open.id ? own > c->open.id : p->bgp->config.as > c->open.as; /* RFC 6286 2.3 */
	struct conn *loser = &p->conns[ours_stays ? INCOMING : OUTGOING];
	cease(loser, BGP_CEASE_COLLISION, NULL);
	return loser != c;
}

static void
take_open(struct conn *c, struct wire_reader body)
{
	struct peer *p = c->peer;
	struct bgp_open o;
	struct bgp_fault f = { 0 };

	if (c->state != BGP_OPENSENT) {
		event(c, BE_OPEN, NULL, "an Open where none is expected");
		return;
	}
	if (!bgp_read_open(body, &o, &f)) {
		event(c, BE_OPEN_BAD, &f, NULL);
		return;
	}
	if (o.as != p->config.as) {
		f = bgp_fault(BGP_ERROR_OPEN, BGP_OPEN_BAD_AS, NULL, 0);
		event(c, BE_OPEN_BAD, &f, "its AS is not the one that is configured");
		return;
	}
	if (!role_agrees(p, &o)) {
		f = bgp_fault(BGP_ERROR_OPEN, BGP_OPEN_ROLE_MISMATCH, NULL, 0);
		event(c, BE_OPEN_BAD, &f, o.has_role ? "its role does not fit ours" : "it does not say its role");
		return;
	}
	if (o.id == p->instance->router_id && p->internal) {
		f = bgp_fault(BGP_ERROR_OPEN, BGP_OPEN_BAD_ID, NULL, 0);
		event(c, BE_OPEN_BAD, &f, "its BGP identifier is our own");
		return;
	}
	c->open = o;
	c->has_open = true;
	if (win(c))
		event(c, BE_OPEN, NULL, NULL);
}

static void
take_refresh(struct conn *c, struct wire_reader body)
{
	struct peer *p = c->peer;
	enum bgp_family family;
	enum bgp_refresh kind;
	struct bgp_fault f;

	event(c, BE_UPDATE, NULL, NULL);
	if (c->state != BGP_ESTABLISHED)
		return;
	if (!bgp_read_refresh(body, &family, &kind, &f)) {
		if (f.code)
			event(c, BE_BAD, &f, NULL);
		return;
	}
	if (!(p->families & BGP_FAMILY_BIT(family)))
		return;
	if (kind == BGP_REFRESH_NORMAL) {
		out_again(p, family);
	} else if (kind == BGP_REFRESH_BEGIN) { /* RFC 7313 4 */
		p->family[family].generation++;
		p->stale_families |= BGP_FAMILY_BIT(family);
	} else {
		peer_drop_stale(p, BGP_FAMILY_BIT(family));
	}
}

static void
take_message(struct conn *c, enum bgp_message_type type, struct wire_reader body)
{
	struct peer *p = c->peer;
	struct bgp_fault f;

	p->received.messages[type]++;
	switch (type) {
	case BGP_OPEN: take_open(c, body); break;
	case BGP_KEEPALIVE: event(c, BE_KEEPALIVE, NULL, NULL); break;
	case BGP_NOTIFICATION:
		f = bgp_read_notification(body);
		event(c, BE_NOTIFICATION, &f, NULL);
		break;
	case BGP_UPDATE:
		event(c, BE_UPDATE, NULL, NULL);
		if (c->state == BGP_ESTABLISHED)
			receive_update(p, body);
		break;
	case BGP_REFRESH: take_refresh(c, body); break;
	default: break;
	}
}

/* Reads whole messages; returns how many bytes were used up. The connection may be gone afterwards. */
static size_t
take_all(struct conn *c, const uint8_t *bytes, size_t size)
{
	uint32_t number = c->number;
	size_t at = 0, length;
	enum bgp_message_type type;
	struct wire_reader body;
	struct bgp_fault f;

	while (c->number == number) {
		size_t most = c->has_open && c->open.extended ? BGP_EXTENDED_MAX : BGP_MESSAGE_MAX;
		enum bgp_frame frame = bgp_read_frame(bytes + at, size - at, most, &type, &body, &length, &f);
		if (frame == BGP_FRAME_SHORT)
			break;
		if (frame == BGP_FRAME_BAD) {
			event(c, BE_BAD, &f, NULL);
			break;
		}
		at += length;
		take_message(c, type, body);
		row_peer(c->peer);
	}
	return at;
}

void
conn_bytes(struct bgp *b, const struct bgp_input *in)
{
	struct conn *c = NULL;

	if (!peer_of_conn(b, in->conn, &c) || c->state < BGP_OPENSENT)
		return;
	if (!c->input_size) { /* what is whole is read where it lies */
		size_t used = take_all(c, in->bytes, in->size);
		if (c->number != in->conn || used == in->size)
			return;
		c->input_size = in->size - used;
		if (c->input_room < c->input_size) {
			c->input_room = c->input_size + BGP_MESSAGE_MAX;
			c->input = mem_resize(c->input, c->input_room);
		}
		memcpy(c->input, in->bytes + used, c->input_size);
		return;
	}
	if (c->input_room < c->input_size + in->size) {
		c->input_room = c->input_size + in->size;
		c->input = mem_resize(c->input, c->input_room);
	}
	memcpy(c->input + c->input_size, in->bytes, in->size);
	c->input_size += in->size;
	size_t used = take_all(c, c->input, c->input_size);
	if (c->number != in->conn)
		return;
	c->input_size -= used;
	memmove(c->input, c->input + used, c->input_size);
}

/* --- connections come and go --- */

static void
refuse(struct bgp *b, uint32_t conn, const char *why, const struct addr *peer)
{
	char text[ADDR_TEXT];

	bgp_note(b, 6, "a connection from %s is refused: %s", addr_text(peer, text), why);
	outbox_add(b->out, &(struct effect){ .kind = EFFECT_STREAM_CLOSE, .where = conn });
}

static void
accepted(struct bgp *b, const struct bgp_input *in)
{
	const struct instance *instance = instance_find(b, in->instance ? in->instance : "");
	struct peer *p = instance ? bgp_peer_find(instance, &in->peer) : NULL;

	if (!p || p->config.ignored) {
		refuse(b, in->conn, p ? "the peer is to be ignored" : "no such peer is configured", &in->peer);
		return;
	}
	if (b->now < p->idle_until) {
		refuse(b, in->conn, "it told more prefixes than it may, a short while ago", &in->peer);
		return;
	}
	struct conn *c = &p->conns[INCOMING];
	if (c->state == BGP_ESTABLISHED && !is_restart(c)) {
		refuse(b, in->conn, "there is an established one", &in->peer);
		return;
	}
	if (c->state != BGP_IDLE) /* it has given the earlier one up */
		event(c, BE_LOST, NULL, "the peer has begun anew");
	conn_close(c);
	timer_clear(&b->timers, &c->retry);
	event(c, BE_START_PASSIVE, NULL, NULL);
	conn_number(c, in->conn);
	c->local = in->local;
	if (distance(p))
		outbox_add(
		    b->out, &(struct effect){ .kind = EFFECT_STREAM_MIN_TTL, .where = c->number, .code = distance(p) });
	event(c, BE_CONNECTED, NULL, NULL);
}

void
conn_up(struct bgp *b, const struct bgp_input *in)
{
	struct conn *c = NULL;

	if (in->conn >= BGP_ACCEPTED) {
		accepted(b, in);
		return;
	}
	if (!peer_of_conn(b, in->conn, &c) || c->state != BGP_CONNECT)
		return;
	c->local = in->local;
	event(c, BE_CONNECTED, NULL, NULL);
}

void
conn_down(struct bgp *b, const struct bgp_input *in)
{
	struct conn *c = NULL;

	if (!peer_of_conn(b, in->conn, &c))
		return;
	event(c, BE_LOST, NULL, in->text);
	if (c->number == in->conn)
		conn_number(c, 0);
	if (c->direction == INCOMING && c->state == BGP_ACTIVE) /* it is the peer's to call again */
		event(c, BE_STOP, NULL, NULL);
}

/* --- timers --- */

void
bgp_session_timer(struct timer *t)
{
	static const struct bgp_fault silent = { .code = BGP_ERROR_HOLD_TIMER };

	switch ((enum bgp_timer_kind)t->kind) {
	case TIMER_RETRY: event(OBJECT(t, struct conn, retry), BE_RETRY, NULL, NULL); break;
	case TIMER_HOLD: event(OBJECT(t, struct conn, hold), BE_HOLD, &silent, NULL); break;
	case TIMER_KEEPALIVE: event(OBJECT(t, struct conn, keepalive), BE_KEEPALIVE_DUE, NULL, NULL); break;
	case TIMER_START: peer_start(OBJECT(t, struct peer, start)); break;
	case TIMER_MEMBERS: members_ready(OBJECT(t, struct peer, members_wait)); break;
	case TIMER_STALE: peer_stale_over(OBJECT(t, struct peer, stale)); break;
	case TIMER_DEFER: restart_end(OBJECT(t, struct bgp, defer), "not all peers have come back in time"); break;
	case TIMER_PATIENCE: OBJECT(t, struct bgp, patience)->impatient = true; break;
	}
}
