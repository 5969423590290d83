/*
 * The whole LDP engine by its door: the bytes are a script of what happens to one router with one neighbour. Each step is
 * an opcode and its arguments; whatever follows, the engine may not crash, set a deadline in the past, leak, or say
 * something over a connection that it has closed.
 */
#include "base/mem.h"
#include "base/wire.h"
#include "ldpd/packet.h"
#include "tests/helper/ldp_net.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { NEIGHBOUR = 0x03030303, CONNS = 8, STEPS_MAX = 400 };
static uint32_t open_conn, connecting, next_accepted;

static bool
tap(struct ldp_node *n, const struct effect *e, void *ctx)
{
	(void)n;
	(void)ctx;
	switch (e->kind) {
	case EFFECT_STREAM_CONNECT: connecting = e->where; return true;
	case EFFECT_STREAM_SEND:
		if (e->where != open_conn)
			abort();
		return true;
	case EFFECT_STREAM_CLOSE:
		if (e->where == open_conn)
			open_conn = 0;
		if (e->where == connecting)
			connecting = 0;
		return true;
	case EFFECT_DATAGRAM_SEND: return true;
	default: return false;
	}
}

/* Of its very size, so that a read beyond is seen. */
static uint8_t *
copy_of(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = mem_zalloc(size);

	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

static void
up(struct ldp_node *n, uint32_t conn)
{
	open_conn = conn;
	ldp_node_input(n, &(struct ldp_input){ .kind = LDP_IN_STREAM_UP,
			      .conn = conn,
			      .from = addr_v4(NEIGHBOUR),
			      .from_port = LDP_PORT,
			      .to = addr_v4(n->lsr),
			      .to_port = 40000 });
}

static void
datagram(struct ldp_node *n, const uint8_t *bytes, size_t size, bool unicast)
{
	uint8_t *exact = copy_of(bytes, size);

	ldp_node_input(n, &(struct ldp_input){ .kind = LDP_IN_DATAGRAM,
			      .ifindex = 2,
			      .from = unicast ? addr_v4(NEIGHBOUR) : addr_v4(0x0a000009),
			      .from_port = LDP_PORT,
			      .to = unicast ? addr_v4(n->lsr) : addr_v4(0xe0000002),
			      .to_port = LDP_PORT,
			      .bytes = exact,
			      .size = size });
	free(exact);
}

static void
stream(struct ldp_node *n, const uint8_t *bytes, size_t size)
{
	uint8_t *exact = copy_of(bytes, size);

	if (open_conn)
		ldp_node_input(
		    n, &(struct ldp_input){ .kind = LDP_IN_STREAM, .conn = open_conn, .bytes = exact, .size = size });
	free(exact);
}

/* A message that is as it should be, but for its arguments. */
static void
say(struct ldp_node *n, uint8_t what, uint32_t arg)
{
	uint8_t pdu[256];
	struct ldp_writer w;
	struct ldp_fec fec = { .kind = (uint8_t)(1 + arg % 5),
		.of = FEC_PREFIX,
		.family = LDP_IPV4,
		.addr = addr_v4(0x09090900 + arg % 8),
		.len = 32 };

	if (fec.kind != FEC_WILDCARD && fec.kind != FEC_TYPED_WILDCARD)
		fec.kind = FEC_PREFIX;
	ldp_begin(&w, pdu, sizeof pdu, NEIGHBOUR);
	switch (what % 10) {
	case 0:
		ldp_put_init(&w, 1,
		    &(struct ldp_init_fields){ .hold_s = (uint16_t)(15 + arg % 200),
			.max_pdu = (uint16_t)(arg % 5000),
			.receiver_lsr = n->lsr,
			.reconnect_ms = arg % 3 * 60000,
			.recovery_ms = arg % 2 * 60000 });
		break;
	case 1: ldp_put_keepalive(&w, 2); break;
	case 2: ldp_put_notification(&w, 3, arg % 2 ? LDP_END_OF_LIB : arg, arg, LDP_LABEL_MAPPING); break;
	case 3:
		ldp_put_addresses(
		    &w, 4, arg % 2 ? LDP_ADDRESS : LDP_ADDRESS_WITHDRAW, (struct addr[]){ addr_v4(0x0a000009) }, 1);
		break;
	case 4: ldp_put_label(&w, 5, LDP_LABEL_MAPPING, &fec, arg % 2 ? 16 + arg % 1000 : arg % 16, 0); break;
	case 5: ldp_put_label(&w, 6, LDP_LABEL_WITHDRAW, &fec, arg % 2 ? 16 + arg % 1000 : LABEL_UNSET, 0); break;
	case 6: ldp_put_label(&w, 7, LDP_LABEL_RELEASE, &fec, arg % 2 ? 16 + arg % 1000 : LABEL_UNSET, 0); break;
	case 7: ldp_put_label(&w, 8, LDP_LABEL_REQUEST, &fec, LABEL_UNSET, 0); break;
	case 8: ldp_put_label(&w, 9, LDP_LABEL_ABORT, &fec, LABEL_UNSET, arg); break;
	default: ldp_put_capability(&w, 10, arg % 8, arg % 2); break;
	}
	stream(n, pdu, ldp_end(&w));
}

/* Pseudowires: what the neighbour says of one, and what is wanted here. */
static void
say_pw(struct ldp_node *n, uint8_t what, uint32_t arg)
{
	uint8_t pdu[512];
	struct ldp_writer w;
	struct ldp_label_fields f = {
		.fec = { .kind = FEC_PW_ID,
		    .pw = { .control_word = arg & 1,
			.type = arg & 2 ? PW_ETHERNET : PW_ETHERNET_TAGGED,
			.group = arg >> 2 & 1,
			.id = arg >> 3 & 3,
			.wild = (arg & 0xf00) == 0x100,
			.params = { .mtu = (uint16_t)(arg & 32 ? 1500 : 1400), .vccv_cv = arg & 64 } } },
		.label = arg & 128 ? 16 + arg % 1000 : 77,
		.pw = { .has_status = !(arg & 0x1000), .status = arg >> 13 }
	};

	if ((arg & 0xf00) == 0x200)
		f.fec = (struct ldp_fec){ .kind = FEC_TYPED_WILDCARD,
			.of = arg & 1 ? FEC_PW_ID : FEC_PW_GENERAL,
			.pw = { .type = arg & 2 ? PW_TYPE_ALL : PW_ETHERNET } };
	else if ((arg & 0xf00) == 0x300)
		f.fec.kind = FEC_PW_GENERAL;
	ldp_begin(&w, pdu, sizeof pdu, NEIGHBOUR);
	switch (what) {
	case 0:
	case 1:
		net_pw_want(n, &(struct net_pw){ .peer = arg & 0x4000 ? 0x04040404 : NEIGHBOUR,
				   .type = f.fec.pw.type,
				   .vc_id = arg >> 3 & 3,
				   .label = arg & 0x8000 ? LABEL_UNSET : 600000 + (arg >> 9 & 3),
				   .group = arg >> 2 & 1,
				   .control_word = arg & 1,
				   .mtu = 1500,
				   .status = arg >> 11 & 7 });
		return;
	case 2: net_pw_unwant(n, arg & 0x4000 ? 0x04040404 : NEIGHBOUR, f.fec.pw.type, arg >> 3 & 3); return;
	case 3:
		n->l2vpnd = true;
		net_pw_tell_all(n);
		return;
	case 4:
	case 5: ldp_put_label_fields(&w, 11, LDP_LABEL_MAPPING, &f); break;
	case 6:
		f.label = arg & 16 ? LABEL_UNSET : f.label;
		ldp_put_label_fields(&w, 12, LDP_LABEL_WITHDRAW, &f);
		break;
	case 7:
		f.label = arg & 16 ? LABEL_UNSET : 600000;
		ldp_put_label_fields(&w, 13, LDP_LABEL_RELEASE, &f);
		break;
	case 8:
		f.label = LABEL_UNSET;
		ldp_put_label_fields(&w, 14, LDP_LABEL_REQUEST, &f);
		break;
	case 9: ldp_put_pw_status(&w, 15, &f.fec.pw, arg >> 13); break;
	default:
		if (arg & 1)
			ldp_put_pw_end_of_lib(&w, 16);
		else
			ldp_put_notification(&w, 16, LDP_NO_ROUTE, arg, LDP_LABEL_REQUEST);
		break;
	}
	stream(n, pdu, ldp_end(&w));
}

static void
hello(struct ldp_node *n, uint32_t arg)
{
	uint8_t pdu[128];
	struct ldp_writer w;

	ldp_begin(&w, pdu, sizeof pdu, arg % 7 ? NEIGHBOUR : arg);
	ldp_put_hello(&w, 1,
	    &(struct ldp_hello_fields){ .hold_s = (uint16_t)(arg >> 8),
		.targeted = arg & 1,
		.request_targeted = arg & 2,
		.gtsm = arg & 4,
		.sequence = arg & 8,
		.transport = addr_v4(NEIGHBOUR) });
	datagram(n, pdu, ldp_end(&w), arg & 1);
}

static void
configure(struct ldp_node *n, uint32_t arg)
{
	struct ldp_config *c = &n->config;
	struct addr peer = addr_v4(NEIGHBOUR);

	c->enabled ^= arg & 1;
	c->ordered = arg & 2;
	c->pop_broken = arg & 4;
	c->egress = (enum ldp_egress)(arg >> 3 & 1);
	c->accept_targeted = arg & 16;
	c->allocate.which = (enum ldp_which)(arg >> 5 & 1);
	c->told.which = arg & 64 ? LDP_NONE : LDP_ALL;
	c->accepted.which = arg & 128 ? LDP_NONE : LDP_ALL;
	ldp_config_peer_get(c, &peer)->targeted = arg & 256;
	ldp_config_peer_get(c, &peer)->password[0] = arg & 512 ? 'x' : '\0';
	c->gtsm_off = arg & 1024;
	ldp_node_configure(n);
}

static void
route(struct ldp_node *n, uint32_t arg)
{
	struct net_route r;

	memset(&r, 0, sizeof r);
	r.prefix = prefix_make(addr_v4(0x09090900 + arg % 8), 32);
	r.hop_count = arg >> 4 & 1;
	r.hops[0] = (struct net_hop){ .via = addr_v4(0x0a000009), .ifindex = 2 };
	net_fib_set_route(n, &r);
}

static void
step(struct ldp_net *net, struct ldp_node *n, struct wire_reader *r)
{
	uint8_t op = wire_u8(r);
	uint32_t arg = wire_u16(r);
	size_t length = arg % 64 < wire_left(r) ? arg % 64 : wire_left(r);

	switch (op % 12) {
	case 0: datagram(n, wire_bytes(r, length), length, arg & 64); break;
	case 1: stream(n, wire_bytes(r, length), length); break;
	case 2: hello(n, arg); break;
	case 3:
		if (!open_conn)
			up(n, connecting ? connecting : LDP_ACCEPTED + ++next_accepted);
		connecting = 0;
		break;
	case 4:
	case 5:
		if (op / 12 < 10)
			say(n, op / 12, arg);
		else
			say_pw(n, op / 12 - 10, arg);
		break;
	case 6: ldp_net_run(net, arg * USEC_PER_MSEC * 4); break;
	case 7: configure(n, arg); break;
	case 8: route(n, arg); break;
	case 9:
		if (open_conn || connecting) {
			uint32_t conn = open_conn ? open_conn : connecting;
			open_conn = connecting = 0;
			ldp_node_input(
			    n, &(struct ldp_input){ .kind = LDP_IN_STREAM_DOWN, .conn = conn, .text = "fuzz" });
		}
		break;
	case 10: ldp_node_input(n, &(struct ldp_input){ .kind = LDP_IN_CLEAR }); break;
	default:
		if (arg & 1) {
			n->sim.ports[1].up = !n->sim.ports[1].up;
			ldp_node_port(n, &n->sim.ports[1]);
		} else if (n->ldp) {
			ldp_node_kill(n);
			open_conn = connecting = 0;
			ldp_node_start(n);
		}
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct wire_reader r = wire_reader(bytes, size);
	struct ldp_net *net = ldp_net_new(1);
	struct ldp_node *n = ldp_net_add(net, "2.2.2.2");

	open_conn = connecting = next_accepted = 0;
	net->tap = tap;
	n->sim.ports[n->sim.port_count++] = (struct sim_port){ .ifindex = 2, .name = "eth0", .up = true };
	prefix_parse("10.0.0.2/24", &n->sim.ports[1].address);
	n->config.interfaces[n->config.interface_count++] = (struct ldp_if_config){ .name = "eth0", .v4 = true };
	ldp_node_start(n);
	for (unsigned i = 0; i < STEPS_MAX && wire_left(&r) >= 3; i++)
		step(net, n, &r);
	ldp_config_free(&n->config);
	ldp_net_free(net);
	return 0;
}
