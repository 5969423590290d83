/*
 * LSP ping: any bytes on the control channels' device and on its UDP port, at an l2vpnd with pseudowires and with echoes of its
 * own that wait. Whatever comes, nothing is read beyond its end, and what is sent can be read again.
 *
 * The input: pieces, each a byte that says what it is, a length in two bytes, and so many bytes. Bit 0: it came to the port,
 * not by a channel. Bit 1: it is put behind our label, an IP and a UDP header that are right, so that it is looked at. Bit 2:
 * it becomes a reply to the echo that waits.
 */
#include "base/mem.h"
#include "l2vpnd/control_channel.h"
#include "l2vpnd/l2vpn.h"
#include "l2vpnd/lsp_ping.h"
#include "proto/fib.pb-c.h"
#include "proto/ldp.pb-c.h"
#include <stdlib.h>
#include <string.h>

enum { PORT = 1, BEHIND_HEADERS = 2, REPLY = 4, DEVICE = 7, LABEL = 524288, ROOM = 70000, HANDLE_AT = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint8_t peer[] = { 2, 2, 2, 2 }, handle[4];

static void
row(struct l2vpn *l, enum l2vpn_mirror table, const void *message)
{
	if (message)
		l2vpn_input(
		    l, &(struct l2vpn_input){ .kind = L2VPN_IN_ROW, .table = table, .row = message, .round = 1 }, 1);
	if (table != L2VPN_FIB_CIRCUIT || !message)
		l2vpn_input(l, &(struct l2vpn_input){ .kind = L2VPN_IN_SYNCED, .table = table, .round = 1 }, 1);
}

static void
tell_rows(struct l2vpn *l)
{
	Fib__LabelRange range = FIB__LABEL_RANGE__INIT;
	Fib__Interface device = FIB__INTERFACE__INIT;
	Fib__Circuit circuit = FIB__CIRCUIT__INIT;
	Fib__CircuitPath path = FIB__CIRCUIT_PATH__INIT, *paths[] = { &path };
	Ldp__Pw pw = LDP__PW__INIT;

	range.user = "l2vpnd";
	range.first = LABEL;
	range.last = LABEL + 9;
	device.ifindex = DEVICE;
	device.name = "vccv0";
	path.peer = pw.peer = (ProtobufCBinaryData){ sizeof peer, peer };
	path.vc_id = pw.vc_id = 100;
	path.in_label = LABEL; /* it was taken in an earlier life, and stays */
	path.lsp = path.alive = path.sends = path.receives = path.channel = true;
	circuit.interface = "eth1";
	circuit.mtu = pw.remote_mtu = 1500;
	circuit.up = true;
	circuit.n_paths = 1;
	circuit.paths = paths;
	pw.type = L2VPN_RAW;
	pw.session = pw.control_word = true;
	pw.local_label = LABEL;
	pw.remote_label = 17;
	pw.remote_vccv_cc = 7;
	pw.remote_vccv_cv = 2;
	row(l, L2VPN_FIB_RANGE, &range);
	row(l, L2VPN_FIB_INTERFACE, &device);
	row(l, L2VPN_FIB_CIRCUIT, &circuit);
	row(l, L2VPN_FIB_CIRCUIT, NULL);
	row(l, L2VPN_LDP_PW, &pw);
}

static struct l2vpn *
world(void)
{
	struct l2vpn *l = l2vpn_new(1);
	struct l2vpn_config c = { .enabled = true, .lsr_id = 0x01010101 };
	struct l2vpn_circuit_config *circuit = l2vpn_config_circuit(&c, "eth1");

	circuit->pw[L2VPN_PRIMARY] = (struct l2vpn_pw_config){
		.line = 1, .peer = addr_v4(0x02020202), .vc_id = 100, .type = L2VPN_RAW, .control_word = L2VPN_YES
	};
	l2vpn_input(l, &(struct l2vpn_input){ .kind = L2VPN_IN_CONFIG, .config = &c }, 1);
	l2vpn_config_free(&c);
	tell_rows(l);
	return l;
}

/* What is sent by ourselves makes sense. */
static void
drain(struct l2vpn *l)
{
	struct outbox *out = l2vpn_outbox(l);
	struct channel_packet p;
	struct lsp_ping m;

	for (size_t i = 0; i < outbox_count(out); i++) {
		struct effect e = outbox_at(out, i);
		if (e.kind == EFFECT_FRAME_SEND && (!channel_packet_read(&p, e.bytes, e.size) || p.label != LABEL))
			abort();
		if (e.kind == EFFECT_DATAGRAM_SEND)
			p = (struct channel_packet){ .bytes = e.bytes, .size = e.size };
		if (e.kind != EFFECT_FRAME_SEND && e.kind != EFFECT_DATAGRAM_SEND)
			continue;
		if (lsp_ping_read(&m, p.bytes, p.size) == LSP_PING_NO_MESSAGE)
			abort();
		lsp_ping_code_text(m.code);
		if (e.kind == EFFECT_FRAME_SEND && e.code)
			memcpy(handle, p.bytes + HANDLE_AT, sizeof handle);
	}
	outbox_clear(out);
}

static void
piece(struct l2vpn *l, uint8_t kind, const uint8_t *bytes, size_t size, usec_t now)
{
	uint8_t *message = mem_zalloc(size + !size), *frame = NULL;
	struct l2vpn_input in = { .kind = kind & PORT ? L2VPN_IN_DATAGRAM : L2VPN_IN_FRAME,
		.bytes = message,
		.size = size,
		.from = addr_v4(0x02020202) };

	memcpy(message, bytes, size);
	if (kind & REPLY && size >= HANDLE_AT + sizeof handle)
		memcpy(message + HANDLE_AT, handle, sizeof handle);
	if (!(kind & PORT) && kind & BEHIND_HEADERS) {
		frame = mem_zalloc(size + CHANNEL_OVERHEAD);
		in.bytes = frame;
		in.size = channel_packet_write(&(struct channel_packet){ .label = LABEL,
						   .from = 0x02020202,
						   .to = kind & REPLY ? 0x01010101 : 0x7f000001,
						   .from_port = LSP_PING_PORT,
						   .to_port = LSP_PING_PORT,
						   .bytes = message,
						   .size = size },
		    true, frame, size + CHANNEL_OVERHEAD);
	}
	l2vpn_input(l, &in, now);
	drain(l);
	free(message);
	free(frame);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct l2vpn *l = world();
	usec_t now = 2;
	size_t at = 0;

	drain(l);
	for (uint32_t mode = LSP_PING_BY_UDP; mode <= LSP_PING_BY_CHANNEL; mode++)
		l2vpn_input(l,
		    &(struct l2vpn_input){ .kind = L2VPN_IN_ECHO,
			.echo = &(struct l2vpn_echo){ .number = mode,
			    .type = L2VPN_RAW,
			    .vc_id = 100,
			    .mode = mode,
			    .size = 100,
			    .wait = 1000 } },
		    now);
	if (outbox_count(l2vpn_outbox(l)) != 3)
		abort(); /* then the pseudowire is not what it is to be */
	drain(l);
	while (size - at >= 3) {
		uint8_t kind = bytes[at];
		size_t length = (size_t)(bytes[at + 1] << 8 | bytes[at + 2]);
		at += 3;
		if (length > size - at)
			length = size - at;
		piece(l, kind, bytes + at, length, ++now);
		at += length;
	}
	l2vpn_input(l, &(struct l2vpn_input){ .kind = L2VPN_IN_TIMER }, now + 1000);
	drain(l);
	l2vpn_free(l);
	return 0;
}
