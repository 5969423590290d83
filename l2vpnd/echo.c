/*
 * LSP ping on the control channels of pseudowires: RFC 8029 over RFC 5085.
 *
 * An operator's echo goes out on a pseudowire's channel, with our label of it; fibd sends it the way that frames of the
 * customer take. It ends with the reply that has its numbers, with the end of its time, or at once with a sentence that says
 * why there is nothing to be sent. A reply by the control channel must come by that of the same pseudowire, and one by UDP
 * must not: else the wrong way would be called good.
 *
 * An echo of another end's is answered by what it says and what label it came with, whether our circuit is up or not: it asks
 * for the pseudowire. Nobody gets more bytes than he sent, but for the names of what was not understood, and all together get
 * a limited number of answers (RFC 8029 section 5). What became of each is counted under the pseudowire whose label it had.
 */
#include "l2vpnd/lsp_ping.h"
#include "l2vpnd/model.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ECHOES_MAX = 256,
	ANSWERS_PER_S = 1000,
	REQUEST_TTL = 1,
	REPLY_TTL = 255,
	PAD_HEAD = 4,
	TO_LOOPBACK = 0x7f000001,
	LOOPBACK_NET = 127,
	MESSAGE_MAX = 9216,
};

struct echo {
	struct list link;
	struct timer timer;
	uint32_t number, handle, sequence, label;
	bool by_channel;
	usec_t sent_at;
};

__attribute__((format(printf, 4, 5))) static void
answer(struct l2vpn *l, uint32_t number, int error, const char *format, ...)
{
	char text[300];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	outbox_add(l->out, &(struct effect){ .kind = EFFECT_ANSWER,
			       .where = number,
			       .code = (uint32_t)error,
			       .bytes = (const uint8_t *)text,
			       .size = strlen(text) + 1 });
}

/* --- ours --- */

static void
echo_end(struct l2vpn *l, struct echo *e)
{
	timer_clear(&l->timers, &e->timer);
	list_remove(&e->link);
	l->echo_count--;
	free(e);
}

void
echoes_free(struct l2vpn *l)
{
	list_each_safe (i, &l->echoes) {
		echo_end(l, OBJECT(i, struct echo, link));
	}
}

void
echo_timer(struct l2vpn *l, struct timer *t)
{
	struct echo *e = OBJECT(t, struct echo, timer);

	answer(l, e->number, ETIMEDOUT, "no reply");
	echo_end(l, e);
}

void
echo_unsent(struct l2vpn *l, uint32_t number, const char *why)
{
	list_each_safe (i, &l->echoes) {
		struct echo *e = OBJECT(i, struct echo, link);
		if (e->number != number)
			continue;
		answer(l, number, EIO, "the echo cannot be sent: %s", why);
		echo_end(l, e);
	}
}

/* The one that is meant; else it was said why there is none. */
static const struct pw *
meant(struct l2vpn *l, const struct l2vpn_echo *q)
{
	const struct pw *found = NULL;
	char peer[ADDR_TEXT];

	hash_each (n, &l->pws) {
		const struct pw *p = OBJECT(n, struct pw, by_key);
		if (p->settings.type != q->type || p->settings.vc_id != q->vc_id ||
		    (addr_is_set(&q->peer) && !addr_eq(&q->peer, &p->settings.peer)))
			continue;
		if (found) {
			answer(l, q->number, EINVAL, "VC ID %u leads to %s and to %s: say which by `remote`", q->vc_id,
			    found->peer, p->peer);
			return NULL;
		}
		found = p;
	}
	if (!found)
		answer(l, q->number, ENOENT, "there is no %s pseudowire with VC ID %u%s%s", l2vpn_type_name(q->type),
		    q->vc_id, addr_is_set(&q->peer) ? " to " : "",
		    addr_is_set(&q->peer) ? addr_text(&q->peer, peer) : "");
	return found;
}

/* Whether it can go there at all, by what both ends have told. */
static bool
is_told(struct l2vpn *l, const struct l2vpn_echo *q, const struct pw *p)
{
	const struct pw_word *w = &p->state.word;

	if (!p->settings.vccv)
		answer(l, q->number, ENOTSUP, "VCCV is switched off here: `undo interface-parameter-type vccv`");
	else if (!p->state.fits)
		answer(l, q->number, ENOTCONN, "%s", p->state.why);
	else if (!w->remote_vccv_cc && !w->remote_vccv_cv)
		answer(l, q->number, ENOTSUP, "%s told no VCCV", p->peer);
	else if (!(w->remote_vccv_cv & L2VPN_CV_LSP_PING))
		answer(l, q->number, ENOTSUP, "%s takes no LSP ping: it told VCCV with CV 0x%02x", p->peer,
		    w->remote_vccv_cv);
	else if (pw_channel(p) == CHANNEL_NONE)
		answer(l, q->number, ENOTSUP, "no control channel is common to both ends: CC 0x%02x here, 0x%02x at %s",
		    p->asked.cc, w->remote_vccv_cc, p->peer);
	else
		return true;
	return false;
}

static bool
may_go(struct l2vpn *l, const struct l2vpn_echo *q, const struct pw *p)
{
	enum control_channel channel = pw_channel(p);

	if (q->channel && q->channel != channel)
		answer(l, q->number, ENOTSUP, "the control channel to %s is not the %s but the %s", p->peer,
		    control_channel_name(q->channel), control_channel_name(channel));
	else if (!l->config.lsr_id)
		answer(l, q->number, EADDRNOTAVAIL, "this router has no LSR ID: `mpls lsr-id`");
	else if (!l->channel_ifindex)
		answer(l, q->number, ENODEV, "fibd has no device " CONTROL_CHANNEL_DEVICE " for control channels yet");
	else if (!p->state.path.channel)
		answer(l, q->number, ENETDOWN, "the control channel to %s was not seen in the kernel%s%s", p->peer,
		    *p->state.path.trouble ? ": " : " yet", p->state.path.trouble);
	else if (l->echo_count == ECHOES_MAX)
		answer(l, q->number, EBUSY, "%u echoes wait for their replies already", l->echo_count);
	else
		return true;
	return false;
}

/* As long as was asked for: the pad lies between the pseudowire and the end. */
static size_t
write_request(const struct lsp_ping *m, uint32_t size, uint8_t *out, size_t room)
{
	static const uint8_t pad[L2VPN_ECHO_MAX] = { LSP_PING_COPY_PAD };
	size_t whole = (size + 3u) & ~3u;
	struct lsp_ping padded = *m;

	if (whole > L2VPN_ECHO_MAX)
		whole = L2VPN_ECHO_MAX;
	if (whole > LSP_PING_LEAST + PAD_HEAD)
		padded.pad = (struct lsp_ping_bytes){ pad, whole - LSP_PING_LEAST - PAD_HEAD };
	return lsp_ping_write(&padded, out, room);
}

static void
send_frame(struct l2vpn *l, const struct pw *p, const struct channel_packet *packet, uint32_t number)
{
	uint8_t frame[MESSAGE_MAX + CHANNEL_OVERHEAD];
	size_t size = channel_packet_write(packet, p->state.word.control_word, frame, sizeof frame);

	if (size)
		outbox_add(l->out, &(struct effect){ .kind = EFFECT_FRAME_SEND,
				       .where = l->channel_ifindex,
				       .code = number,
				       .bytes = frame,
				       .size = size });
}

void
echo_ask(struct l2vpn *l, const struct l2vpn_echo *q, uint64_t date_us)
{
	const struct pw *p = meant(l, q);
	uint8_t message[L2VPN_ECHO_MAX];

	if (!p || !is_told(l, q, p) || !may_go(l, q, p))
		return;
	struct echo *e = NEW(struct echo);
	*e = (struct echo){ .number = q->number,
		.handle = (uint32_t)rng_next(&l->rng),
		.sequence = q->sequence,
		.label = p->label,
		.by_channel = q->mode == LSP_PING_BY_CHANNEL,
		.sent_at = l->now };
	timer_init(&e->timer, TIMER_ECHO);
	timer_set(&l->timers, &e->timer, l->now + q->wait);
	list_append(&l->echoes, &e->link);
	l->echo_count++;
	size_t size = write_request(&(struct lsp_ping){ .type = LSP_PING_REQUEST,
					.mode = (uint8_t)q->mode,
					.flags = LSP_PING_VALIDATE,
					.handle = e->handle,
					.sequence = e->sequence,
					.sent = lsp_ping_time(date_us),
					.depth = 1,
					.fec = { .has_sender = true,
					    .sender = l->config.lsr_id,
					    .remote = addr_to_v4(&p->settings.peer),
					    .vc_id = p->settings.vc_id,
					    .type = p->settings.type } },
	    q->size, message, sizeof message);
	send_frame(l, p,
	    &(struct channel_packet){ .label = p->label,
		.from = l->config.lsr_id,
		.to = TO_LOOPBACK,
		.from_port = LSP_PING_PORT,
		.to_port = LSP_PING_PORT,
		.ttl = REQUEST_TTL,
		.router_alert = true,
		.bytes = message,
		.size = size },
	    q->number);
}

static void
take_reply(struct l2vpn *l, const struct lsp_ping *m, uint32_t from, uint32_t label, size_t size)
{
	char text[ADDR_TEXT];

	list_each_safe (i, &l->echoes) {
		struct echo *e = OBJECT(i, struct echo, link);
		bool right_way = e->by_channel ? label == e->label : label == LABEL_UNSET;
		if (e->handle != m->handle || e->sequence != m->sequence || !right_way)
			continue;
		answer(l, e->number, 0, "%s %zu %u %u %llu", id_text(from, text), size, m->code, m->subcode,
		    (unsigned long long)(l->now - e->sent_at));
		echo_end(l, e);
	}
}

/* --- of other ends --- */

/* RFC 8029 section 4.4.1, where the stack is one label, which is ours or nobody's. */
static uint8_t
check_fec(const struct l2vpn *l, const struct lsp_ping_fec *f, uint32_t label)
{
	const struct pw *p = pw_of_label(l, label);
	struct addr sender = f->has_sender ? addr_v4(f->sender) : p ? p->settings.peer : addr_none();
	const struct pw *named = pw_find(l, &sender, f->type, f->vc_id);

	if (!p)
		return LSP_PING_NO_LABEL;
	if (!named || f->remote != l->config.lsr_id)
		return LSP_PING_NO_MAPPING;
	return named == p ? LSP_PING_EGRESS : LSP_PING_OTHER_LABEL;
}

static struct lsp_ping
reply_to(
    const struct l2vpn *l, const struct lsp_ping *m, enum lsp_ping_verdict verdict, uint32_t label, uint64_t date_us)
{
	struct lsp_ping r = { .type = LSP_PING_REPLY,
		.mode = m->mode,
		.handle = m->handle,
		.sequence = m->sequence,
		.sent = m->sent,
		.received = lsp_ping_time(date_us) };

	r.code = verdict == LSP_PING_BAD       ? LSP_PING_MALFORMED
		 : verdict == LSP_PING_STRANGE ? LSP_PING_UNKNOWN_TLV
					       : check_fec(l, &m->fec, label);
	if (verdict == LSP_PING_BAD)
		return r;
	r.stack = m->stack;
	if (m->pad.size && m->pad.bytes[0] == LSP_PING_COPY_PAD)
		r.pad = m->pad;
	memcpy(r.not_understood, m->not_understood, sizeof r.not_understood);
	r.error_count = m->error_count;
	if (verdict == LSP_PING_OK)
		r.subcode = (uint8_t)m->depth;
	return r;
}

static bool
is_within_rate(struct l2vpn *l)
{
	if (!l->answers || l->now - l->answers_since >= USEC_PER_SEC) {
		l->answers_since = l->now;
		l->answers = 0;
	}
	return l->answers++ < ANSWERS_PER_S;
}

/* False: there is no way for it. */
static bool
send_reply(struct l2vpn *l, const struct channel_packet *in, uint8_t mode, const uint8_t *message, size_t size)
{
	const struct pw *p = pw_of_label(l, in->label);

	if (mode == LSP_PING_BY_UDP || mode == LSP_PING_BY_ALERT)
		outbox_add(l->out, &(struct effect){ .kind = EFFECT_DATAGRAM_SEND,
				       .from = addr_v4(l->config.lsr_id),
				       .to = addr_v4(in->from),
				       .where = in->from_port,
				       .code = mode == LSP_PING_BY_ALERT,
				       .bytes = message,
				       .size = size });
	else if (mode == LSP_PING_BY_CHANNEL && p && pw_channel(p) != CHANNEL_NONE && l->channel_ifindex)
		send_frame(l, p,
		    &(struct channel_packet){ .label = p->label,
			.from = l->config.lsr_id,
			.to = in->from,
			.from_port = LSP_PING_PORT,
			.to_port = in->from_port,
			.ttl = REPLY_TTL,
			.bytes = message,
			.size = size },
		    0);
	else
		return false;
	return true;
}

/* --- counters --- */

static void
count(struct l2vpn *l, struct echo_counter *c, uint64_t *what)
{
	++*what;
	table_changed(&l->echo_table, &c->row);
}

static struct echo_counter *
counter_of(struct l2vpn *l, uint32_t label)
{
	struct pw *p = pw_of_label(l, label);

	return p ? &p->echoes : &l->strays;
}

static void
clear(struct l2vpn *l, struct echo_counter *c)
{
	c->answered = c->refused = c->malformed = c->unanswered = c->limited = 0;
	if (row_is_in_table(&c->row))
		table_changed(&l->echo_table, &c->row);
}

void
echo_clear(struct l2vpn *l)
{
	clear(l, &l->strays);
	hash_each (n, &l->pws) {
		clear(l, &OBJECT(n, struct pw, by_key)->echoes);
	}
}

/* --- */

static bool
is_host(uint32_t address)
{
	return address >> 24 != 0 && address >> 24 != LOOPBACK_NET && address >> 28 < 0xe;
}

/* What is told is what is answered: not where VCCV is switched off. */
static bool
may_be_answered(const struct l2vpn *l, const struct channel_packet *in)
{
	const struct pw *p = pw_of_label(l, in->label);

	return in->to >> 24 == LOOPBACK_NET && is_host(in->from) && l->config.lsr_id && (!p || p->settings.vccv);
}

static void
take_request(struct l2vpn *l, const struct channel_packet *in, const struct lsp_ping *m, enum lsp_ping_verdict verdict,
    uint64_t date_us)
{
	struct echo_counter *c = counter_of(l, in->label);
	uint8_t message[MESSAGE_MAX];

	if (!may_be_answered(l, in)) {
		count(l, c, &c->unanswered);
		return;
	}
	if (!is_within_rate(l)) {
		count(l, c, &c->limited);
		return;
	}
	struct lsp_ping r = reply_to(l, m, verdict, in->label, date_us);
	size_t size = lsp_ping_write(&r, message, sizeof message);
	if (!size || !send_reply(l, in, m->mode, message, size))
		count(l, c, &c->unanswered);
	else
		count(l, c,
		    r.code == LSP_PING_EGRESS      ? &c->answered
		    : r.code == LSP_PING_MALFORMED ? &c->malformed
						   : &c->refused);
}

/* --- in --- */

void
echo_frame(struct l2vpn *l, const uint8_t *bytes, size_t size, uint64_t date_us)
{
	struct channel_packet in;
	struct lsp_ping m;

	bool whole = channel_packet_read(&in, bytes, size);
	if (whole && in.to_port != LSP_PING_PORT)
		return;
	enum lsp_ping_verdict verdict = whole ? lsp_ping_read(&m, in.bytes, in.size) : LSP_PING_NO_MESSAGE;
	struct echo_counter *c = counter_of(l, in.label);
	if (verdict == LSP_PING_NO_MESSAGE)
		count(l, c, &c->malformed);
	else if (m.type == LSP_PING_REQUEST)
		take_request(l, &in, &m, verdict, date_us);
	else if (verdict != LSP_PING_BAD && in.to == l->config.lsr_id)
		take_reply(l, &m, in.from, in.label, in.size);
}

/* Only replies come without a label. */
void
echo_datagram(struct l2vpn *l, const struct addr *from, const uint8_t *bytes, size_t size)
{
	struct lsp_ping m;
	enum lsp_ping_verdict verdict = lsp_ping_read(&m, bytes, size);

	if ((verdict == LSP_PING_OK || verdict == LSP_PING_STRANGE) && m.type == LSP_PING_REPLY)
		take_reply(l, &m, addr_to_v4(from), LABEL_UNSET, size);
}
