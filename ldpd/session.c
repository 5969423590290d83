/*
 * Sessions, RFC 5036 sections 2.5.3 to 2.5.6: what the state machine's actions do, what is read, timers.
 * Connections come from transport.c.
 *
 * A session's messages to a peer collect in one PDU and leave when it is full or the input is done.
 */
#include "base/text.h"
#include "ldpd/model.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define EXCHANGE_QUIET (1 * USEC_PER_SEC)
/* Until the session stands. A peer that is killed in the middle is not heard of: its kernel's reset fails our TTL check. */
#define SETUP_PATIENCE (10 * USEC_PER_SEC)
enum { MAX_PDU_DEFAULT = LDP_PDU_MAX, MAX_PDU_LEAST = 256 };

static void event(
    struct ldp *, struct peer *, enum session_event, const struct ldp_msg *, uint32_t status, const char *why);

/* --- peers --- */

struct peer *
peer_find(struct ldp *ldp, uint32_t lsr, uint16_t space)
{
	for (struct hash_node *n = hash_first(&ldp->peers, hash_bytes(&lsr, sizeof lsr, space)); n; n = hash_next(n)) {
		struct peer *p = OBJECT(n, struct peer, by_id);
		if (p->lsr == lsr && p->space == space)
			return p;
	}
	return NULL;
}

struct peer *
peer_get(struct ldp *ldp, uint32_t lsr, uint16_t space)
{
	struct peer *p = peer_find(ldp, lsr, space);

	if (p)
		return p;
	p = NEW(struct peer);
	p->lsr = lsr;
	p->space = space;
	p->ldp = ldp;
	p->sent = p->received = (Ldp__MessageCounts)LDP__MESSAGE_COUNTS__INIT;
	p->max_pdu = MAX_PDU_DEFAULT;
	list_init(&p->adjacencies);
	list_init(&p->vias);
	list_init(&p->bindings);
	list_init(&p->adverts);
	list_init(&p->to_flush);
	timer_init(&p->hold, TIMER_HOLD);
	timer_init(&p->keepalive, TIMER_KEEPALIVE);
	timer_init(&p->retry, TIMER_RETRY);
	timer_init(&p->exchange, TIMER_EXCHANGE);
	timer_init(&p->sync, TIMER_SYNC);
	timer_init(&p->tell, TIMER_TELL);
	timer_init(&p->restart, TIMER_RESTART);
	timer_init(&p->pw_sweep, TIMER_PW_SWEEP);
	hash_add(&ldp->peers, &p->by_id, hash_bytes(&lsr, sizeof lsr, space));
	return p;
}

void
peer_free(struct ldp *ldp, struct peer *p)
{
	list_each_safe (l, &p->adjacencies) {
		adjacency_free(ldp, OBJECT(l, struct adjacency, of_peer));
	}
	adverts_drop(ldp, p);
	bindings_drop(ldp, p, false);
	peer_drop_addresses(ldp, p, false);
	struct timer *timers[] = { &p->hold, &p->keepalive, &p->retry, &p->exchange, &p->restart, &p->tell, &p->sync,
		&p->pw_sweep };
	for (size_t i = 0; i < COUNT(timers); i++)
		timer_clear(&ldp->timers, timers[i]);
	list_remove(&p->to_flush);
	table_gone(&ldp->session_table, &p->row);
	hash_remove(&ldp->peers, &p->by_id);
	free(p->batch);
	free(p->input);
	free(p->last_error);
	free(p);
}

void
peers_sweep(struct ldp *ldp)
{
	bool any = false;

	ldp->peers_idle = false;
	hash_each (n, &ldp->peers) {
		struct peer *p = OBJECT(n, struct peer, by_id);
		if (list_is_empty(&p->adjacencies) && p->state == S_NON_EXISTENT && !p->conn && !p->restarting) {
			peer_free(ldp, p);
			any = true;
		}
	}
	if (any)
		secrets_refresh(ldp); /* what was known only for their sake */
}

/* --- sending --- */

static void
flush_peer(struct ldp *ldp, struct peer *p)
{
	size_t size = p->writing ? ldp_end(&p->writer) : 0;

	p->writing = false;
	list_remove(&p->to_flush);
	if (!size || !p->conn)
		return;
	outbox_add(ldp->out,
	    &(struct effect){ .kind = EFFECT_STREAM_SEND, .where = p->conn, .bytes = p->batch, .size = size });
	if (p->state == S_OPERATIONAL) /* any PDU says that we live, 2.5.6 */
		timer_set(&ldp->timers, &p->keepalive, ldp->now + p->hold_ms / 3 * USEC_PER_MSEC);
}

struct ldp_writer *
session_writer(struct ldp *ldp, struct peer *p, size_t need)
{
	if (p->writing && p->writer.wire.at + need > p->max_pdu) /* all of it, as the strictest read 3.5.3 */
		flush_peer(ldp, p);
	if (!p->writing) {
		if (!p->batch)
			p->batch = mem_zalloc(LDP_PDU_MAX);
		ldp_begin(&p->writer, p->batch, LDP_PDU_MAX, ldp->config.lsr_id);
		p->writing = true;
		list_append(&ldp->to_flush, &p->to_flush);
	}
	return &p->writer;
}

uint32_t
session_message_id(struct peer *p)
{
	return ++p->next_message;
}

void
sessions_flush(struct ldp *ldp)
{
	while (!list_is_empty(&ldp->to_flush))
		flush_peer(ldp, OBJECT(ldp->to_flush.next, struct peer, to_flush));
}

void
session_notify(struct ldp *ldp, struct peer *p, uint32_t status, uint32_t about_id, uint16_t about_type)
{
	struct ldp_writer *w = session_writer(ldp, p, 64);

	ldp_put_notification(w, session_message_id(p), status, about_id, about_type);
	p->sent.notification++;
}

static void
send_keepalive(struct ldp *ldp, struct peer *p)
{
	ldp_put_keepalive(session_writer(ldp, p, 16), session_message_id(p));
	p->sent.keepalive++;
}

static void
send_init(struct ldp *ldp, struct peer *p)
{
	struct ldp_init_fields f = { .hold_s = ldp->config.session_hold_s,
		.max_pdu = LDP_PDU_MAX,
		.receiver_lsr = p->lsr,
		.receiver_space = p->space,
		.reconnect_ms = LDP_RECONNECT_S * 1000,
		.recovery_ms = restart_recovery_ms(ldp) };

	ldp_put_init(session_writer(ldp, p, 128), session_message_id(p), &f);
	p->sent.initialization++;
}

/* --- what the actions do --- */

static void
negotiate(struct peer *p, const struct ldp_msg *m)
{
	uint32_t theirs_ms = m->init.hold_s * 1000u;
	/* 3.5.3: a maximum of 255 or less stands for the default. */
	uint16_t max_pdu = m->init.max_pdu < MAX_PDU_LEAST ? MAX_PDU_DEFAULT : m->init.max_pdu;

	if (theirs_ms < p->hold_ms)
		p->hold_ms = theirs_ms;
	p->max_pdu = max_pdu < MAX_PDU_DEFAULT ? max_pdu : MAX_PDU_DEFAULT;
	p->capabilities = m->init.capabilities;
	p->graceful = m->init.ft && m->init.ft_learn && m->init.reconnect_ms;
	p->reconnect_ms = m->init.reconnect_ms;
	p->recovery_ms = m->init.ft ? m->init.recovery_ms : 0;
}

/*
 * The neighbour may know of one of our links only, and would end the session with that one. Hellos tell it of the others now
 * and not by the clock.
 */
static void
tell_all_links(struct ldp *ldp, struct peer *p)
{
	list_each (l, &p->adjacencies) {
		struct link *link = link_find(ldp, OBJECT(l, struct adjacency, of_peer)->ifindex);
		if (link)
			discovery_answer(ldp, link, true);
	}
}

static void
went_up(struct ldp *ldp, struct peer *p)
{
	p->up_since = ldp->now;
	p->uid = ++ldp->next_uid;
	p->exchange_done = false;
	p->families = p->libs_awaited = dual_session(ldp, p);
	timer_set(&ldp->timers, &p->exchange, ldp->now + EXCHANGE_QUIET);
	timer_set(&ldp->timers, &p->keepalive, ldp->now + p->hold_ms / 3 * USEC_PER_MSEC);
	outbox_log(ldp->out, 5, 1, "%%LDP-5-NBRCHG: LDP Neighbor %u.%u.%u.%u:%u (%u) is UP", p->lsr >> 24,
	    p->lsr >> 16 & 255, p->lsr >> 8 & 255, p->lsr & 255, p->space, p->uid);
	restart_session_up(ldp, p);
	dual_neighbours(ldp, p);
	if (p->adjacencies.next != p->adjacencies.prev) /* there are several */
		tell_all_links(ldp, p);
	distribute_all(ldp, p);
}

/* Was this silence of a neighbour that may be restarting (RFC 3478 3.3), or an end that somebody meant? */
static bool
may_return(enum session_event on, uint32_t status, const struct ldp_msg *m)
{
	if (on == E_FATAL) /* the peer has missed us: its end of the same silence */
		return m->notification.status == LDP_HOLD_EXPIRED || m->notification.status == LDP_KEEPALIVE_EXPIRED;
	return on == E_LOST || on == E_TIMEOUT || (on == E_STOP && status == LDP_HOLD_EXPIRED);
}

static void
close_session(struct ldp *ldp, struct peer *p, enum session_state was, bool returns, const char *why)
{
	flush_peer(ldp, p);
	if (p->conn)
		outbox_add(ldp->out, &(struct effect){ .kind = EFFECT_STREAM_CLOSE, .where = p->conn });
	p->conn = 0;
	p->connecting = false;
	p->input_size = 0;
	p->up_since = 0;
	p->exchange_done = false;
	p->max_pdu = MAX_PDU_DEFAULT;
	timer_clear(&ldp->timers, &p->hold);
	timer_clear(&ldp->timers, &p->keepalive);
	timer_clear(&ldp->timers, &p->exchange);
	timer_clear(&ldp->timers, &p->tell);
	p->tell_next = NULL;
	free(p->last_error);
	p->last_error = mem_text(why);
	p->last_down = ldp->now;
	ldp->peers_idle = true;
	if (was != S_OPERATIONAL) {
		outbox_log(ldp->out, 6, 3, "session with %u.%u.%u.%u:%u did not come up: %s", p->lsr >> 24,
		    p->lsr >> 16 & 255, p->lsr >> 8 & 255, p->lsr & 255, p->space, why);
		return;
	}
	outbox_log(ldp->out, 5, 2, "%%LDP-5-NBRCHG: LDP Neighbor %u.%u.%u.%u:%u (%u) is DOWN (%s)", p->lsr >> 24,
	    p->lsr >> 16 & 255, p->lsr >> 8 & 255, p->lsr & 255, p->space, p->uid, why);
	adverts_drop(ldp, p);
	bool kept = returns && restart_keep(ldp, p);
	pws_session_down(ldp, p, kept);
	if (kept)
		return;
	restart_over(ldp, p);
	bindings_drop(ldp, p, false);
	sync_forgotten(ldp, p);
	peer_drop_addresses(ldp, p, false);
}

static void
back_off(struct ldp *ldp, struct peer *p)
{
	p->backoff_s = p->backoff_s ? p->backoff_s * 2 : ldp->config.backoff_first_s;
	if (p->backoff_s > ldp->config.backoff_last_s)
		p->backoff_s = ldp->config.backoff_last_s;
	p->backing_off = true;
	timer_set(&ldp->timers, &p->retry, ldp->now + p->backoff_s * USEC_PER_SEC);
}

/*
 * When the next attempt comes. What ended a session that had worked may be over already. One that was refused, or
 * fails by an error as soon as it is up, waits longer each time (2.5.3); anything else is given a moment.
 */
static void
try_again(struct ldp *ldp, struct peer *p, unsigned acts, enum session_event on, const struct ldp_msg *m, usec_t lasted)
{
	usec_t worked =
	    ldp->config.backoff_first_s * USEC_PER_SEC; /* one that lasted so long was none to be careful with */
	bool error = on == E_BAD || (on == E_FATAL && m->notification.status != LDP_SHUTDOWN);

	if (lasted >= worked)
		p->backoff_s = 0;
	if (acts & A_BACK_OFF || (error && lasted < worked))
		back_off(ldp, p);
	else
		transport_again(ldp, p, lasted >= USEC_PER_SEC);
}

static void
restart_hold(struct ldp *ldp, struct peer *p)
{
	usec_t wait = p->hold_ms * USEC_PER_MSEC;

	if (p->state != S_OPERATIONAL && wait > SETUP_PATIENCE)
		wait = SETUP_PATIENCE;
	timer_set(&ldp->timers, &p->hold, ldp->now + wait);
}

/* The only place that changes a session's state and the only one that acts on it. */
static void
event(struct ldp *ldp, struct peer *p, enum session_event on, const struct ldp_msg *m, uint32_t status, const char *why)
{
	struct session_move move = session_decide(p->state, on, p->role);
	enum session_state was = p->state;
	usec_t lasted = p->up_since ? ldp->now - p->up_since : 0;

	p->state = move.next;
	if (!move.listed && !status)
		status = LDP_SHUTDOWN;
	assert(m || !(move.acts & (A_NEGOTIATE | A_HANDLE)));
	if (m && move.acts & A_NEGOTIATE)
		negotiate(p, m);
	if (move.acts & A_SEND_INIT)
		send_init(ldp, p);
	if (move.acts & A_SEND_KEEPALIVE)
		send_keepalive(ldp, p);
	if (move.acts & A_SEND_NAK)
		session_notify(ldp, p, status, m ? m->id : 0, m ? m->type : 0);
	if (move.acts & A_RESTART_HOLD)
		restart_hold(ldp, p);
	if (move.acts & A_UP)
		went_up(ldp, p);
	if (move.acts & A_HANDLE)
		distribute_message(ldp, p, m);
	if (move.acts & A_CLOSE)
		close_session(ldp, p, was, may_return(on, status, m),
		    why           ? why
		    : move.listed ? ldp_status_name(status)
				  : "a message out of place");
	if (was != move.next || move.acts & (A_UP | A_CLOSE)) {
		table_changed(&ldp->session_table, &p->row);
		sync_peer(ldp, p);
	}
	if (move.acts & A_CLOSE)
		try_again(ldp, p, move.acts, on, m, lasted);
}

void
session_begin(
    struct ldp *ldp, struct peer *p, uint32_t conn, const struct addr *local, uint16_t local_port, uint16_t remote_port)
{
	p->conn = conn;
	p->connecting = false;
	p->local_transport = *local;
	p->local_port = local_port;
	p->remote_port = remote_port;
	p->hold_ms = ldp->config.session_hold_s * 1000u;
	p->input_size = 0;
	event(ldp, p, E_CONNECTED, NULL, LDP_OK, NULL);
}

void
session_lost(struct ldp *ldp, struct peer *p, const char *why)
{
	event(ldp, p, E_LOST, NULL, LDP_OK, why);
}

/* --- what is read --- */

static enum ldp_status
judge_init(const struct ldp *ldp, const struct ldp_msg *m)
{
	if (m->init.receiver_lsr != ldp->config.lsr_id || m->init.receiver_space != 0)
		return LDP_NO_HELLO;
	if (m->init.hold_s == 0)
		return LDP_BAD_KEEPALIVE_TIME;
	return LDP_OK;
}

static void
count_received(struct peer *p, uint16_t type)
{
	switch (type) {
	case LDP_NOTIFICATION: p->received.notification++; break;
	case LDP_INITIALIZATION: p->received.initialization++; break;
	case LDP_KEEPALIVE: p->received.keepalive++; break;
	case LDP_ADDRESS: p->received.address++; break;
	case LDP_ADDRESS_WITHDRAW: p->received.address_withdraw++; break;
	case LDP_LABEL_MAPPING: p->received.label_mapping++; break;
	case LDP_LABEL_REQUEST: p->received.label_request++; break;
	case LDP_LABEL_WITHDRAW: p->received.label_withdraw++; break;
	case LDP_LABEL_RELEASE: p->received.label_release++; break;
	case LDP_LABEL_ABORT: p->received.label_abort++; break;
	case LDP_CAPABILITY: p->received.capability++; break;
	default: p->received.unknown++; break;
	}
}

static void
received_fatal(struct ldp *ldp, struct peer *p, const struct ldp_msg *m)
{
	struct text why = { 0 };

	text_add(&why, "Received error notification from peer: %s", ldp_status_name(m->notification.status));
	event(ldp, p, E_FATAL, m, LDP_OK, why.chars);
	text_free(&why);
}

static void
message(struct ldp *ldp, struct peer *p, const struct ldp_msg *m, enum ldp_status status)
{
	count_received(p, m->type);
	if (status == LDP_OK)
		status = distribute_judge(ldp, p, m);
	if (status & LDP_FATAL) {
		event(ldp, p, m->type == LDP_INITIALIZATION ? E_INIT_BAD : E_BAD, m, status, ldp_status_name(status));
		return;
	}
	if (m->type == LDP_INITIALIZATION) {
		if (status == LDP_OK)
			status = judge_init(ldp, m);
		event(ldp, p, status == LDP_OK ? E_INIT_OK : E_INIT_BAD, m, status,
		    status ? ldp_status_name(status) : NULL);
		return;
	}
	if (status != LDP_OK) { /* advisory: say so, and go on as if it had not come (3.5.1.1) */
		if (p->state == S_OPERATIONAL)
			timer_set(&ldp->timers, &p->hold, ldp->now + p->hold_ms * USEC_PER_MSEC);
		if (!(status == LDP_UNKNOWN_MESSAGE && m->unknown_ok))
			session_notify(ldp, p, status, m->id, m->type);
		return;
	}
	if (m->type == LDP_HELLO)
		event(ldp, p, E_BAD, m, LDP_SHUTDOWN, "a Hello inside the session");
	else if (m->type == LDP_KEEPALIVE)
		event(ldp, p, E_KEEPALIVE, m, LDP_OK, NULL);
	else if (m->type == LDP_NOTIFICATION && m->notification.status & LDP_FATAL)
		received_fatal(ldp, p, m);
	else if (m->type != LDP_NOTIFICATION ||
		 p->state == S_OPERATIONAL) /* advice before that changes nothing, 3.5.1.1 */
		event(ldp, p, E_MESSAGE, m, LDP_OK, NULL);
}

static void
pdu(struct ldp *ldp, struct peer *p, const uint8_t *bytes, size_t size)
{
	uint32_t conn = p->conn;
	struct ldp_pdu d;
	enum ldp_status status = ldp_decode_pdu(bytes, size, &d);

	if (status == LDP_OK && (d.lsr != p->lsr || d.space != p->space))
		status = p->state == S_INITIALIZED ? LDP_NO_HELLO : LDP_BAD_LDP_ID;
	if (status != LDP_OK) {
		event(ldp, p, E_BAD, NULL, status, ldp_status_name(status));
		return;
	}
	while (p->conn == conn && wire_left(&d.body)) {
		struct ldp_msg m;
		status = ldp_decode_message(&d.body, &m);
		message(ldp, p, &m, status);
	}
}

void
session_stream(struct ldp *ldp, uint32_t conn, const uint8_t *bytes, size_t size)
{
	struct peer *p = peer_by_conn(ldp, conn);

	if (!p) {
		transport_early_bytes(ldp, conn, bytes, size);
		return;
	}
	if (!size)
		return;
	if (p->input_size + size > p->input_room) {
		p->input_room = (p->input_size + size) * 2;
		p->input = mem_resize(p->input, p->input_room);
	}
	memcpy(p->input + p->input_size, bytes, size);
	p->input_size += size;
	size_t at = 0, all = p->input_size;
	while (p->conn == conn && at < all) {
		enum ldp_status status;
		size_t n = ldp_pdu_size(p->input + at, all - at, p->max_pdu, &status);
		if (status != LDP_OK) {
			event(ldp, p, E_BAD, NULL, status, ldp_status_name(status));
			return;
		}
		if (!n || n > all - at)
			break;
		pdu(ldp, p, p->input + at, n);
		at += n;
	}
	if (p->conn != conn)
		return; /* closing has emptied the buffer */
	p->input_size = all - at;
	memmove(p->input, p->input + at, p->input_size);
}

/* --- time, and the operator --- */

void
session_timer(struct ldp *ldp, struct peer *p, enum timer_kind kind)
{
	switch (kind) {
	case TIMER_HOLD:
		event(ldp, p, E_TIMEOUT, NULL, LDP_KEEPALIVE_EXPIRED, "Session KeepAlive Timer expired");
		break;
	case TIMER_KEEPALIVE:
		send_keepalive(ldp, p);
		table_changed(&ldp->session_table, &p->row);
		break;
	case TIMER_RETRY: transport_retry(ldp, p); break;
	default: assert(!"a timer of no session");
	}
}

void
session_exchange_done(struct ldp *ldp, struct peer *p)
{
	timer_clear(&ldp->timers, &p->exchange);
	if (p->exchange_done || p->state != S_OPERATIONAL)
		return;
	p->exchange_done = true;
	table_changed(&ldp->session_table, &p->row);
	if (p->restarting)
		restart_over(ldp, p);
	sync_exchanged(ldp, p);
}

void
session_stop(struct ldp *ldp, struct peer *p, uint32_t status, const char *why)
{
	transport_abandon(ldp, p);
	timer_clear(&ldp->timers, &p->retry);
	p->backing_off = false;
	p->backoff_s = 0;
	if (p->state != S_NON_EXISTENT)
		event(ldp, p, E_STOP, NULL, status, why);
	ldp->peers_idle = true;
}

void
sessions_end(struct ldp *ldp, uint32_t status, const char *why)
{
	hash_each (n, &ldp->peers) {
		struct peer *p = OBJECT(n, struct peer, by_id);
		session_stop(ldp, p, status, why);
		restart_over(ldp, p);
		bindings_drop(ldp, p, false);
		peer_drop_addresses(ldp, p, false);
	}
}
