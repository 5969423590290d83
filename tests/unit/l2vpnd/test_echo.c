/* LSP ping through control channels: which channel there is, echoes of ours with their replies, and replies to those of others. */
#include "base/label.h"
#include "base/mem.h"
#include "l2vpnd/control_channel.h"
#include "l2vpnd/lsp_ping.h"
#include "tests/helper/check.h"
#include "tests/unit/l2vpnd/world.h"
#include <errno.h>
#include <string.h>

#define PORT "GigabitEthernet0/1/0"
#define HEAD "mpls lsr-id 1.1.1.1\n#\nmpls l2vpn\n#\ninterface " PORT "\n"
#define ONE HEAD " mpls l2vc 2.2.2.2 100\n"
#define WORD HEAD " mpls l2vc 2.2.2.2 100 control-word\n"
#define TWO HEAD " mpls l2vc 2.2.2.2 100\n mpls l2vc 3.3.3.3 100 secondary\n"
#define OFF HEAD " mpls l2vc 2.2.2.2 100\n undo interface-parameter-type vccv\n"

enum { DEVICE = 77, WAIT = 2 * (int)USEC_PER_SEC, ALL_CC = 7, PING = 2 };
static const uint32_t us = 0x01010101, peer = 0x02020202;

static struct world *w;

static void
teardown(void)
{
	world_free(w);
	w = NULL;
}

static struct end *
start(const char *conf)
{
	w = world_new(conf);
	struct end *e = world_end(w, "2.2.2.2", L2VPN_RAW, 100);
	e->vccv_cc = ALL_CC;
	e->vccv_cv = PING;
	e->control_word = true;
	world_settle(w);
	world_device(w, DEVICE, "vccv0");
	outbox_clear(l2vpn_outbox(w->l));
	return e;
}

static uint32_t
label(void)
{
	return world_circuit(w, PORT)->paths[0]->in_label;
}

/* The one effect of this kind; the box is empty then. */
static struct effect
effect(enum effect_kind kind)
{
	static uint8_t bytes[10000];
	struct outbox *out = l2vpn_outbox(w->l);
	struct effect found = { .kind = EFFECT_LOG };
	unsigned count = 0;

	for (size_t i = 0; i < outbox_count(out); i++) {
		if (outbox_at(out, i).kind != kind)
			continue;
		found = outbox_at(out, i);
		ck_assert_uint_le(found.size, sizeof bytes);
		memcpy(bytes, found.bytes, found.size);
		found.bytes = bytes;
		count++;
	}
	ck_assert_msg(count == 1, "%u effects of kind %d", count, kind);
	outbox_clear(out);
	return found;
}

static void
assert_quiet(void)
{
	struct outbox *out = l2vpn_outbox(w->l);

	for (size_t i = 0; i < outbox_count(out); i++)
		ck_assert_int_eq(outbox_at(out, i).kind, EFFECT_LOG);
}

static void
assert_answer(uint32_t number, int error, const char *text)
{
	struct effect e = effect(EFFECT_ANSWER);

	ck_assert_uint_eq(e.where, number);
	ck_assert_str_eq((const char *)e.bytes, text);
	ck_assert_int_eq((int)e.code, error);
}

/* --- which channel --- */

static const struct {
	const char *conf;
	uint32_t cc, cv;
	bool word; /* at the other end */
	uint32_t channel, told;
} channels[] = {
	{ WORD, 7, 2, true, CHANNEL_WORD, 7 },
	{ WORD, 7, 2, false, CHANNEL_ALERT, 7 }, /* it was wanted here, and not agreed */
	{ WORD, 1, 2, false, CHANNEL_NONE, 7 },
	{ WORD, 4, 2, true, CHANNEL_TTL, 7 },
	{ ONE, 7, 2, true, CHANNEL_ALERT, 6 },
	{ ONE, 5, 2, false, CHANNEL_TTL, 6 },
	{ ONE, 1, 2, false, CHANNEL_NONE, 6 },
	{ ONE, 7, 0x20, false, CHANNEL_NONE, 6 }, /* nothing that both understand */
	{ ONE, 0, 0, false, CHANNEL_NONE, 6 },
	{ OFF, 7, 2, false, CHANNEL_NONE, 0 },
};

START_TEST(fibd_and_displays_are_told_the_channel_that_both_ends_can_use)
{
	struct end *e = start(channels[_i].conf);

	e->vccv_cc = channels[_i].cc;
	e->vccv_cv = channels[_i].cv;
	e->control_word = channels[_i].word;
	world_settle(w);
	ck_assert_uint_eq(world_request(w, "2.2.2.2", 100)->vccv_cc, channels[_i].told);
	ck_assert_uint_eq(world_circuit(w, PORT)->paths[0]->control_channel, channels[_i].channel);
	ck_assert_uint_eq(world_vc(w, "2.2.2.2", 100)->control_channel, channels[_i].channel);
}
END_TEST

START_TEST(the_channel_goes_with_the_label_and_with_the_configuration)
{
	struct end *e = start(ONE);

	ck_assert_uint_eq(world_circuit(w, PORT)->paths[0]->control_channel, CHANNEL_ALERT);
	e->label = LABEL_UNSET;
	world_settle(w);
	ck_assert_uint_eq(world_circuit(w, PORT)->paths[0]->control_channel, CHANNEL_NONE);
	e->label = 4000;
	world_settle(w);
	ck_assert_uint_eq(world_circuit(w, PORT)->paths[0]->control_channel, CHANNEL_ALERT);
	world_configure(w, OFF);
	ck_assert_uint_eq(world_circuit(w, PORT)->paths[0]->control_channel, CHANNEL_NONE);
}
END_TEST

START_TEST(a_fibd_that_starts_again_takes_no_channel_away)
{
	start(ONE);
	world_input(w, (struct l2vpn_input){ .kind = L2VPN_IN_LOST, .table = L2VPN_FIB_CIRCUIT });
	world_peer(w, "2.2.2.2")->no_channel = true; /* it has not looked yet */
	world_settle(w);
	world_input(w, (struct l2vpn_input){ .kind = L2VPN_IN_ECHO,
			   .echo = &(struct l2vpn_echo){
			       .number = 9, .type = L2VPN_RAW, .vc_id = 100, .mode = 2, .wait = WAIT } });
	ck_assert_uint_eq(effect(EFFECT_FRAME_SEND).code, 9);
}
END_TEST

/* --- ours --- */

static const struct l2vpn_echo plain = { .number = 9,
	.type = L2VPN_RAW,
	.vc_id = 100,
	.mode = LSP_PING_BY_CHANNEL,
	.size = 100,
	.sequence = 3,
	.wait = WAIT };

static void
ask(struct l2vpn_echo q)
{
	world_input(w, (struct l2vpn_input){ .kind = L2VPN_IN_ECHO, .echo = &q, .date_us = 1500000 });
}

static struct channel_packet
sent(struct lsp_ping *m)
{
	struct effect e = effect(EFFECT_FRAME_SEND);
	struct channel_packet p;

	ck_assert_uint_eq(e.where, DEVICE);
	ck_assert(channel_packet_read(&p, e.bytes, e.size));
	ck_assert_int_eq(lsp_ping_read(m, p.bytes, p.size), LSP_PING_OK);
	return p;
}

START_TEST(an_echo_goes_out_with_our_label_and_what_it_is_for)
{
	struct lsp_ping m;

	start(_i ? WORD : ONE);
	ask(plain);
	struct effect e = outbox_at(l2vpn_outbox(w->l), outbox_count(l2vpn_outbox(w->l)) - 1);
	ck_assert_uint_eq(e.code, plain.number);
	ck_assert_uint_eq(e.bytes[4] & 0xf0, _i ? 0x10 : 0x40); /* the channel header, or IP at once */
	struct channel_packet p = sent(&m);
	ck_assert_uint_eq(p.label, label());
	ck_assert_uint_eq(p.from, us);
	ck_assert_uint_eq(p.to >> 24, 127);
	ck_assert_uint_eq(p.to_port, LSP_PING_PORT);
	ck_assert_uint_eq(p.ttl, 1);
	ck_assert_uint_eq(p.size, 100);
	ck_assert_uint_eq(m.type, LSP_PING_REQUEST);
	ck_assert_uint_eq(m.mode, LSP_PING_BY_CHANNEL);
	ck_assert_uint_eq(m.flags, LSP_PING_VALIDATE);
	ck_assert_uint_eq(m.sequence, 3);
	ck_assert(m.sent == lsp_ping_time(1500000));
	ck_assert_uint_eq(m.fec.sender, us);
	ck_assert_uint_eq(m.fec.remote, peer);
	ck_assert_uint_eq(m.fec.vc_id, 100);
	ck_assert_uint_eq(m.fec.type, L2VPN_RAW);
}
END_TEST

static const struct {
	uint32_t asked;
	size_t sent;
} sizes[] = { { 0, 56 }, { 60, 56 }, { 61, 64 }, { 65, 68 }, { 8100, 8100 }, { 9000, 8100 } };

START_TEST(an_echo_is_as_long_as_was_asked_for)
{
	struct l2vpn_echo q = plain;
	struct lsp_ping m;

	start(ONE);
	q.size = sizes[_i].asked;
	ask(q);
	ck_assert_uint_eq(sent(&m).size, sizes[_i].sent);
}
END_TEST

/* What the other end says to the echo that was just sent. */
static struct lsp_ping
reply(uint8_t code)
{
	static uint8_t pad[100];
	struct lsp_ping m;

	sent(&m);
	m.type = LSP_PING_REPLY;
	m.code = code;
	m.subcode = 1;
	m.stack = m.pad = (struct lsp_ping_bytes){ NULL, 0 };
	m.pad = (struct lsp_ping_bytes){ pad, 40 };
	return m;
}

static void
hear_frame(const struct lsp_ping *m, uint32_t with_label, uint32_t from, uint32_t to)
{
	uint8_t message[400], frame[500];
	struct channel_packet p = { .label = with_label,
		.from = from,
		.to = to,
		.from_port = LSP_PING_PORT,
		.to_port = LSP_PING_PORT,
		.ttl = 255,
		.bytes = message,
		.size = lsp_ping_write(m, message, sizeof message) };
	size_t size = channel_packet_write(&p, false, frame, sizeof frame);

	ck_assert_uint_gt(p.size, 0);
	world_input(
	    w, (struct l2vpn_input){ .kind = L2VPN_IN_FRAME, .bytes = frame, .size = size, .date_us = 2500000 });
}

static void
hear_datagram(const struct lsp_ping *m, uint32_t from)
{
	uint8_t message[400];
	size_t size = lsp_ping_write(m, message, sizeof message);

	world_input(w,
	    (struct l2vpn_input){ .kind = L2VPN_IN_DATAGRAM, .bytes = message, .size = size, .from = addr_v4(from) });
}

START_TEST(the_reply_ends_it_with_its_time)
{
	start(ONE);
	ask(plain);
	struct lsp_ping m = reply(LSP_PING_EGRESS);
	w->now += 1234;
	hear_frame(&m, label(), peer, us);
	assert_answer(9, 0, "2.2.2.2 100 3 1 1234");
	world_pass(w, 2 * WAIT);
	assert_quiet();
}
END_TEST

START_TEST(a_reply_by_udp_ends_one_that_asked_for_it)
{
	struct l2vpn_echo q = plain;

	start(ONE);
	q.mode = LSP_PING_BY_UDP;
	ask(q);
	struct lsp_ping m = reply(LSP_PING_OTHER_LABEL);
	w->now += 5;
	hear_datagram(&m, 0x0a000002);
	assert_answer(9, 0, "10.0.0.2 100 10 1 5");
}
END_TEST

/* Nothing of these ends the echo, but its time. */
START_TEST(what_is_no_reply_to_it_does_not_end_it)
{
	struct l2vpn_echo q = plain;

	start(ONE);
	q.mode = _i == 1 ? LSP_PING_BY_UDP : LSP_PING_BY_CHANNEL;
	ask(q);
	usec_t begun = w->now;
	struct lsp_ping m = reply(LSP_PING_EGRESS);
	switch (_i) {
	case 0: hear_datagram(&m, peer); break;                       /* asked for by the channel */
	case 1: hear_frame(&m, label(), peer, us); break;             /* asked for by UDP */
	case 2: m.handle++, hear_frame(&m, label(), peer, us); break; /* another's */
	case 3: m.sequence++, hear_frame(&m, label(), peer, us); break;
	case 4: hear_frame(&m, label() + 1, peer, us); break;               /* by another pseudowire */
	case 5: hear_frame(&m, label(), peer, us + 1); break;               /* to another router */
	default: m.type = LSP_PING_REQUEST, hear_datagram(&m, peer); break; /* requests come with a label */
	}
	assert_quiet();
	world_pass(w, begun + WAIT - 1 - w->now);
	assert_quiet();
	world_pass(w, 1);
	assert_answer(9, ETIMEDOUT, "no reply");
}
END_TEST

static void
told_none(struct end *e)
{
	e->vccv_cc = e->vccv_cv = 0;
}
static void
told_bfd_alone(struct end *e)
{
	e->vccv_cv = 0x10;
}
static void
told_words_alone(struct end *e)
{
	e->vccv_cc = 1;
	e->control_word = false;
}
static void
withdrawn(struct end *e)
{
	e->label = LABEL_UNSET;
}
static void
unseen(struct end *e)
{
	(void)e;
	world_peer(w, "2.2.2.2")->no_channel = true;
}
static void
no_device(struct end *e)
{
	(void)e;
	world_device(w, DEVICE, NULL);
}
static void
nothing(struct end *e)
{
	(void)e;
}

static const struct {
	const char *conf;
	void (*is)(struct end *);
	uint32_t type, vc_id, peer, channel;
	int error;
	const char *text;
} refusals[] = {
	{ ONE, nothing, 4, 100, 0, 0, ENOENT, "there is no vlan pseudowire with VC ID 100" },
	{ ONE, nothing, 5, 100, 0x03030303, 0, ENOENT, "there is no ethernet pseudowire with VC ID 100 to 3.3.3.3" },
	{ TWO, nothing, 5, 100, 0, 0, EINVAL, "VC ID 100 leads to 2.2.2.2 and to 3.3.3.3: say which by `remote`" },
	{ OFF, nothing, 5, 100, 0, 0, ENOTSUP, "VCCV is switched off here: `undo interface-parameter-type vccv`" },
	{ ONE, withdrawn, 5, 100, 0, 0, ENOTCONN, "2.2.2.2 has told no label for VC ID 100" },
	{ ONE, told_none, 5, 100, 0, 0, ENOTSUP, "2.2.2.2 told no VCCV" },
	{ ONE, told_bfd_alone, 5, 100, 0, 0, ENOTSUP, "2.2.2.2 takes no LSP ping: it told VCCV with CV 0x10" },
	{ WORD, told_words_alone, 5, 100, 0, 0, ENOTSUP,
	    "no control channel is common to both ends: CC 0x07 here, 0x01 at 2.2.2.2" },
	{ ONE, nothing, 5, 100, 0, CHANNEL_WORD, ENOTSUP,
	    "the control channel to 2.2.2.2 is not the control word but the router alert label" },
	{ "mpls l2vpn\n#\ninterface " PORT "\n mpls l2vc 2.2.2.2 100\n", nothing, 5, 100, 0, 0, EADDRNOTAVAIL,
	    "this router has no LSR ID: `mpls lsr-id`" },
	{ ONE, no_device, 5, 100, 0, 0, ENODEV, "fibd has no device vccv0 for control channels yet" },
	{ ONE, unseen, 5, 100, 0, 0, ENETDOWN, "the control channel to 2.2.2.2 was not seen in the kernel yet" },
};

START_TEST(one_that_cannot_be_sent_is_answered_by_why)
{
	struct l2vpn_echo q = plain;

	refusals[_i].is(start(refusals[_i].conf));
	world_settle(w);
	outbox_clear(l2vpn_outbox(w->l));
	q.type = refusals[_i].type;
	q.vc_id = refusals[_i].vc_id;
	q.channel = refusals[_i].channel;
	if (refusals[_i].peer)
		q.peer = addr_v4(refusals[_i].peer);
	ask(q);
	assert_answer(9, refusals[_i].error, refusals[_i].text);
}
END_TEST

START_TEST(of_two_that_one_is_meant_which_is_named)
{
	struct l2vpn_echo q = plain;
	struct lsp_ping m;

	start(TWO);
	q.peer = addr_v4(peer);
	q.channel = CHANNEL_ALERT;
	ask(q);
	sent(&m);
	ck_assert_uint_eq(m.fec.remote, peer);
}
END_TEST

START_TEST(one_that_the_kernel_does_not_take_ends_with_its_words)
{
	start(ONE);
	ask(plain);
	outbox_clear(l2vpn_outbox(w->l));
	world_input(w, (struct l2vpn_input){ .kind = L2VPN_IN_UNSENT, .number = 8, .why = "of another" });
	assert_quiet();
	world_input(w, (struct l2vpn_input){ .kind = L2VPN_IN_UNSENT, .number = 9, .why = "Message too long" });
	assert_answer(9, EIO, "the echo cannot be sent: Message too long");
	world_pass(w, 2 * WAIT);
	assert_quiet();
}
END_TEST

START_TEST(so_many_wait_at_once_and_no_more)
{
	struct l2vpn_echo q = plain;

	start(ONE);
	for (q.number = 1; q.number <= 256; q.number++)
		ask(q);
	outbox_clear(l2vpn_outbox(w->l));
	ask(q);
	assert_answer(257, EBUSY, "256 echoes wait for their replies already");
}
END_TEST

/* --- of other ends --- */

static struct lsp_ping
request(uint8_t mode)
{
	return (struct lsp_ping){ .type = LSP_PING_REQUEST,
		.mode = mode,
		.handle = 0x01020304,
		.sequence = 7,
		.sent = 11,
		.depth = 1,
		.fec = { .has_sender = true, .sender = peer, .remote = us, .vc_id = 100, .type = L2VPN_RAW } };
}

static void
hear_request(const struct lsp_ping *m, uint32_t with_label)
{
	hear_frame(m, with_label, peer, 0x7f000001);
}

START_TEST(an_echo_for_us_is_answered_by_the_way_it_names)
{
	static const uint8_t pads[][40] = { { LSP_PING_DROP_PAD }, { LSP_PING_COPY_PAD } };
	struct lsp_ping q = request(_i < 2 ? LSP_PING_BY_CHANNEL : LSP_PING_BY_UDP), m;

	start(ONE);
	q.pad = (struct lsp_ping_bytes){ pads[_i % 2], 40 };
	hear_request(&q, label());
	if (_i < 2) {
		struct channel_packet p = sent(&m);
		ck_assert_uint_eq(p.label, label());
		ck_assert_uint_eq(p.from, us);
		ck_assert_uint_eq(p.to, peer);
		ck_assert_uint_eq(p.ttl, 255);
		ck_assert_uint_eq(p.to_port, LSP_PING_PORT);
	} else {
		struct effect e = effect(EFFECT_DATAGRAM_SEND);
		ck_assert_uint_eq(addr_to_v4(&e.from), us);
		ck_assert_uint_eq(addr_to_v4(&e.to), peer);
		ck_assert_uint_eq(e.where, LSP_PING_PORT);
		ck_assert_uint_eq(e.code, 0);
		ck_assert_int_eq(lsp_ping_read(&m, e.bytes, e.size), LSP_PING_OK);
	}
	ck_assert_uint_eq(m.type, LSP_PING_REPLY);
	ck_assert_uint_eq(m.code, LSP_PING_EGRESS);
	ck_assert_uint_eq(m.subcode, 1);
	ck_assert_uint_eq(m.mode, q.mode);
	ck_assert_uint_eq(m.handle, q.handle);
	ck_assert_uint_eq(m.sequence, q.sequence);
	ck_assert(m.sent == 11 && m.received == lsp_ping_time(2500000));
	ck_assert_uint_eq(m.fec.vc_id, 100);
	ck_assert_uint_eq(m.pad.size, _i % 2 ? 40 : 0);
}
END_TEST

START_TEST(router_alert_is_put_where_it_is_asked_for)
{
	struct lsp_ping q = request(LSP_PING_BY_ALERT);

	start(ONE);
	hear_request(&q, label());
	ck_assert_uint_eq(effect(EFFECT_DATAGRAM_SEND).code, 1);
}
END_TEST

/* RFC 8029 section 4.4: the label and the FEC must belong together. */
static const struct {
	uint32_t sender, remote, vc_id;
	uint16_t type;
	bool nobodys_label, others_label;
	uint8_t code;
} fecs[] = {
	{ 0x02020202, 0x01010101, 100, 5, false, false, LSP_PING_EGRESS },
	{ 0x04040404, 0x01010101, 100, 5, false, false, LSP_PING_NO_MAPPING },
	{ 0x02020202, 0x01010102, 100, 5, false, false, LSP_PING_NO_MAPPING },
	{ 0x02020202, 0x01010101, 101, 5, false, false, LSP_PING_NO_MAPPING },
	{ 0x02020202, 0x01010101, 100, 4, false, false, LSP_PING_NO_MAPPING },
	{ 0x02020202, 0x01010101, 100, 5, false, true, LSP_PING_OTHER_LABEL },
	{ 0x03030303, 0x01010101, 100, 5, false, false, LSP_PING_OTHER_LABEL },
	{ 0x02020202, 0x01010101, 100, 5, true, false, LSP_PING_NO_LABEL },
};

START_TEST(the_code_says_whether_label_and_pseudowire_belong_together)
{
	struct lsp_ping q = request(LSP_PING_BY_UDP), m;

	start(TWO);
	uint32_t own = world_circuit(w, PORT)->paths[0]->in_label, other = world_circuit(w, PORT)->paths[1]->in_label;
	q.fec = (struct lsp_ping_fec){ true, fecs[_i].sender, fecs[_i].remote, fecs[_i].vc_id, fecs[_i].type };
	hear_request(&q, fecs[_i].nobodys_label ? 999 : fecs[_i].others_label ? other : own);
	struct effect e = effect(EFFECT_DATAGRAM_SEND);
	ck_assert_int_eq(lsp_ping_read(&m, e.bytes, e.size), LSP_PING_OK);
	ck_assert_uint_eq(m.code, fecs[_i].code);
	ck_assert_uint_eq(m.subcode, 1);
}
END_TEST

START_TEST(what_is_malformed_or_not_understood_is_said)
{
	static const uint8_t strange[] = { 0, 15, 0, 4, 1, 2, 3, 4 }, broken[] = { 0, 10, 0, 3, 1, 2, 3, 0 };
	struct lsp_ping q = request(LSP_PING_BY_UDP), m;
	uint8_t message[200], frame[300];

	start(ONE);
	if (_i)
		q.stack = (struct lsp_ping_bytes){ broken, sizeof broken };
	size_t size = lsp_ping_write(&q, message, sizeof message);
	if (!_i) {
		memcpy(message + size, strange, sizeof strange);
		size += sizeof strange;
	}
	size = channel_packet_write(&(struct channel_packet){ .label = label(),
					.from = peer,
					.to = 0x7f000001,
					.from_port = 50000,
					.to_port = LSP_PING_PORT,
					.bytes = message,
					.size = size },
	    false, frame, sizeof frame);
	world_input(w, (struct l2vpn_input){ .kind = L2VPN_IN_FRAME, .bytes = frame, .size = size });
	struct effect e = effect(EFFECT_DATAGRAM_SEND);
	ck_assert_uint_eq(e.where, 50000);
	ck_assert_int_eq(lsp_ping_read(&m, e.bytes, e.size), LSP_PING_OK);
	ck_assert_uint_eq(m.code, _i ? LSP_PING_MALFORMED : LSP_PING_UNKNOWN_TLV);
	ck_assert_uint_eq(m.subcode, 0);
	if (!_i)
		ck_assert_mem_eq(e.bytes + e.size - sizeof strange, strange, sizeof strange);
	else
		ck_assert_uint_eq(e.size, LSP_PING_HEADER);
}
END_TEST

START_TEST(what_is_not_to_be_answered_is_not)
{
	struct lsp_ping q = request(_i == 0 ? LSP_PING_BY_UDP : _i == 1 ? LSP_PING_NO_REPLY : LSP_PING_BY_CHANNEL);
	struct end *e = start(_i == 0 ? OFF : ONE);

	if (_i == 2)
		e->vccv_cc = 0;
	world_settle(w);
	outbox_clear(l2vpn_outbox(w->l));
	switch (_i) {
	case 3: hear_frame(&q, label(), peer, us); break;               /* not to 127/8: it strayed in */
	case 4: hear_frame(&q, label(), 0xe0000001, 0x7f000001); break; /* from a group */
	case 5: hear_frame(&q, label(), 0x7f000002, 0x7f000001); break; /* from ourselves */
	case 6: hear_request(&q, 999); break;                           /* by a channel that there is not */
	default: hear_request(&q, label()); break;
	}
	assert_quiet();
}
END_TEST

START_TEST(so_many_answers_a_second_and_no_more)
{
	struct lsp_ping q = request(LSP_PING_BY_UDP);

	start(ONE);
	for (unsigned i = 0; i < 1000; i++)
		hear_request(&q, label());
	ck_assert_uint_eq(outbox_count(l2vpn_outbox(w->l)), 1000);
	outbox_clear(l2vpn_outbox(w->l));
	hear_request(&q, label());
	assert_quiet();
	w->now += USEC_PER_SEC;
	hear_request(&q, label());
	effect(EFFECT_DATAGRAM_SEND);
}
END_TEST

/* --- counters --- */

static void
assert_counted(uint32_t vc_id, uint64_t answered, uint64_t refused, uint64_t malformed, uint64_t unanswered)
{
	const L2vpn__EchoCounters *c = world_echoes(w, vc_id);

	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(c->answered, answered);
	ck_assert_uint_eq(c->refused, refused);
	ck_assert_uint_eq(c->malformed, malformed);
	ck_assert_uint_eq(c->unanswered, unanswered);
}

static void
hear_bytes(const uint8_t *message, size_t size)
{
	uint8_t frame[300];

	size = channel_packet_write(&(struct channel_packet){ .label = label(),
					.from = peer,
					.to = 0x7f000001,
					.from_port = LSP_PING_PORT,
					.to_port = LSP_PING_PORT,
					.bytes = message,
					.size = size },
	    false, frame, sizeof frame);
	world_input(w, (struct l2vpn_input){ .kind = L2VPN_IN_FRAME, .bytes = frame, .size = size });
}

START_TEST(what_becomes_of_each_is_counted_by_its_pseudowire)
{
	static const uint8_t broken[] = { 0, 10, 0, 3, 1, 2, 3, 0 };
	struct lsp_ping good = request(LSP_PING_BY_UDP), strange = good, silent = good, bad = good;

	start(TWO);
	ck_assert_ptr_null(world_echoes(w, 100));
	hear_request(&good, label());
	hear_request(&good, label());
	strange.fec.vc_id = 101;
	hear_request(&strange, label());
	assert_counted(100, 2, 1, 0, 0);
	silent.mode = LSP_PING_NO_REPLY;
	hear_request(&silent, label());
	hear_frame(&good, label(), peer, us); /* not to 127/8 */
	bad.stack = (struct lsp_ping_bytes){ broken, sizeof broken };
	hear_request(&bad, label());
	assert_counted(100, 2, 1, 1, 2);
	hear_bytes(broken, sizeof broken); /* no LSP ping at all */
	assert_counted(100, 2, 1, 2, 2);
	ck_assert_ptr_null(world_echoes(w, 0));
	hear_request(&good, 999);
	assert_counted(0, 0, 1, 0, 0);
	world_input(w, (struct l2vpn_input){ .kind = L2VPN_IN_CLEAR });
	assert_counted(100, 0, 0, 0, 0);
	assert_counted(0, 0, 0, 0, 0);
}
END_TEST

START_TEST(what_is_over_the_rate_is_counted_apart)
{
	struct lsp_ping q = request(LSP_PING_BY_UDP);

	start(ONE);
	for (unsigned i = 0; i < 1003; i++)
		hear_request(&q, label());
	assert_counted(100, 1000, 0, 0, 0);
	ck_assert_uint_eq(world_echoes(w, 100)->limited, 3);
	world_configure(w, "mpls l2vpn\n");
	ck_assert_ptr_null(world_echoes(w, 100));
}
END_TEST

START_TEST(replies_to_our_own_are_no_requests)
{
	start(ONE);
	ask(plain);
	struct lsp_ping m = reply(LSP_PING_EGRESS);
	hear_frame(&m, label(), peer, us);
	ck_assert_ptr_null(world_echoes(w, 100));
}
END_TEST

/* --- the device --- */

START_TEST(the_device_is_followed_by_its_name)
{
	start(ONE);
	ck_assert_uint_eq(l2vpn_channel_ifindex(w->l), DEVICE);
	world_device(w, 5, "eth5");
	world_device(w, 5, NULL);
	ck_assert_uint_eq(l2vpn_channel_ifindex(w->l), DEVICE);
	world_device(w, 80, "vccv0"); /* made anew, before the end of the old one is told */
	world_device(w, DEVICE, NULL);
	ck_assert_uint_eq(l2vpn_channel_ifindex(w->l), 80);
	world_input(w, (struct l2vpn_input){ .kind = L2VPN_IN_SYNCED, .table = L2VPN_FIB_INTERFACE, .round = 9 });
	ck_assert_uint_eq(l2vpn_channel_ifindex(w->l), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("l2vpnd echo");
	TCase *c = tcase_create("channels");

	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_loop_test(c, fibd_and_displays_are_told_the_channel_that_both_ends_can_use, 0, COUNT(channels));
	tcase_add_test(c, the_channel_goes_with_the_label_and_with_the_configuration);
	tcase_add_test(c, a_fibd_that_starts_again_takes_no_channel_away);
	tcase_add_test(c, the_device_is_followed_by_its_name);
	suite_add_tcase(s, c);
	c = tcase_create("ours");
	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_loop_test(c, an_echo_goes_out_with_our_label_and_what_it_is_for, 0, 2);
	tcase_add_loop_test(c, an_echo_is_as_long_as_was_asked_for, 0, COUNT(sizes));
	tcase_add_test(c, the_reply_ends_it_with_its_time);
	tcase_add_test(c, a_reply_by_udp_ends_one_that_asked_for_it);
	tcase_add_loop_test(c, what_is_no_reply_to_it_does_not_end_it, 0, 7);
	tcase_add_loop_test(c, one_that_cannot_be_sent_is_answered_by_why, 0, COUNT(refusals));
	tcase_add_test(c, of_two_that_one_is_meant_which_is_named);
	tcase_add_test(c, one_that_the_kernel_does_not_take_ends_with_its_words);
	tcase_add_test(c, so_many_wait_at_once_and_no_more);
	suite_add_tcase(s, c);
	c = tcase_create("others");
	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_loop_test(c, an_echo_for_us_is_answered_by_the_way_it_names, 0, 4);
	tcase_add_test(c, router_alert_is_put_where_it_is_asked_for);
	tcase_add_loop_test(c, the_code_says_whether_label_and_pseudowire_belong_together, 0, COUNT(fecs));
	tcase_add_loop_test(c, what_is_malformed_or_not_understood_is_said, 0, 2);
	tcase_add_loop_test(c, what_is_not_to_be_answered_is_not, 0, 7);
	tcase_add_test(c, so_many_answers_a_second_and_no_more);
	tcase_add_test(c, what_becomes_of_each_is_counted_by_its_pseudowire);
	tcase_add_test(c, what_is_over_the_rate_is_counted_apart);
	tcase_add_test(c, replies_to_our_own_are_no_requests);
	suite_add_tcase(s, c);
	return s;
}
CHECK_MAIN(suite)
