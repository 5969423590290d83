/* A neighbour that follows a test's script: see ldp_script.h. */
#include "tests/helper/ldp_script.h"
#include "base/mem.h"
#include "ldpd/session_fsm.h"
#include <assert.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t out[LDP_PDU_LIMIT + 4];

static void
hear(struct script *s, const uint8_t *bytes, size_t size)
{
	enum ldp_status status;
	struct ldp_pdu pdu;
	size_t n = ldp_pdu_size(bytes, size, LDP_PDU_LIMIT, &status);

	ck_assert_msg(n == size && status == LDP_OK, "one whole PDU in an effect");
	uint8_t *copy = mem_copy(bytes, size);
	ck_assert_int_eq(ldp_decode_pdu(copy, size, &pdu), LDP_OK);
	s->pdus++;
	if (size > s->largest_pdu)
		s->largest_pdu = size;
	bool first = true;
	while (wire_left(&pdu.body)) {
		assert(s->said_count < SCRIPT_SAID);
		struct script_said *said = &s->said[s->said_count++];
		ck_assert_int_eq(ldp_decode_message(&pdu.body, &said->msg), LDP_OK);
		said->type = said->msg.type;
		said->pdu = first ? copy : NULL;
		first = false;
	}
}

static bool
tap(struct ldp_node *n, const struct effect *e, void *ctx)
{
	struct script *s = ctx;

	(void)n;
	switch (e->kind) {
	case EFFECT_DATAGRAM_SEND: {
		struct ldp_pdu pdu;
		s->hellos++;
		ck_assert_int_eq(ldp_decode_pdu(e->bytes, e->size, &pdu), LDP_OK);
		ck_assert_int_eq(ldp_decode_message(&pdu.body, &s->hello), LDP_OK);
		s->hello_to = e->to;
		s->hello_ttl = e->code;
		return true;
	}
	case EFFECT_STREAM_KEY:
		s->keys++;
		s->key_for = e->to;
		snprintf(s->key, sizeof s->key, "%.*s", (int)e->size, (const char *)e->bytes);
		return true;
	case EFFECT_STREAM_MIN_TTL: s->min_ttl = e->code; return true;
	case EFFECT_STREAM_CONNECT:
		s->min_ttl = e->code;
		s->connects++;
		s->connecting = e->where;
		s->connect_to = e->to;
		s->connect_from = e->from;
		return true;
	case EFFECT_STREAM_SEND:
		ck_assert_uint_eq(e->where, s->conn);
		hear(s, e->bytes, e->size);
		return true;
	case EFFECT_STREAM_CLOSE:
		s->closes++;
		if (e->where == s->conn)
			s->conn = 0;
		if (e->where == s->connecting)
			s->connecting = 0;
		return true;
	default: return false;
	}
}

struct script *
script_new(const char *lsr)
{
	struct script *s = NEW(struct script);
	struct ldp_config *c;

	addr_parse(lsr, &s->transport);
	addr_parse("10.0.0.9", &s->source);
	s->lsr = addr_to_v4(&s->transport);
	s->net = ldp_net_new(1);
	s->net->tap = tap;
	s->net->tap_ctx = s;
	s->dut = ldp_net_add(s->net, "2.2.2.2");
	s->dut->sim.ports[s->dut->sim.port_count++] = (struct sim_port){ .ifindex = 2, .name = "eth0", .up = true };
	prefix_parse("10.0.0.2/24", &s->dut->sim.ports[1].address);
	c = &s->dut->config;
	c->interfaces[c->interface_count++] = (struct ldp_if_config){ .name = "eth0", .v4 = true };
	ldp_node_start(s->dut);
	return s;
}

void
script_forget(struct script *s)
{
	for (size_t i = 0; i < s->said_count; i++)
		free(s->said[i].pdu);
	s->said_count = s->pdus = s->largest_pdu = 0;
	s->connects = s->hellos = s->closes = 0;
}

void
script_free(struct script *s)
{
	script_forget(s);
	ldp_net_free(s->net);
	free(s);
}

unsigned
script_count(const struct script *s, enum ldp_type type)
{
	unsigned count = 0;

	for (size_t i = 0; i < s->said_count; i++)
		count += s->said[i].type == type;
	return count;
}

const struct ldp_msg *
script_last(const struct script *s, enum ldp_type type)
{
	for (size_t i = s->said_count; i-- > 0;)
		if (s->said[i].type == type)
			return &s->said[i].msg;
	ck_abort_msg("no message of type %#x was sent", (unsigned)type);
}

void
script_datagram(struct script *s, const void *bytes, size_t size)
{
	ldp_node_input(s->dut, &(struct ldp_input){ .kind = LDP_IN_DATAGRAM,
				   .ifindex = 2,
				   .from = s->source,
				   .from_port = LDP_PORT,
				   .to = addr_v4(0xe0000002),
				   .to_port = LDP_PORT,
				   .bytes = bytes,
				   .size = size });
}

void
script_hello(struct script *s, uint16_t hold_s)
{
	struct ldp_writer w;

	script_begin(s, &w);
	ldp_put_hello(&w, script_id(s),
	    &(struct ldp_hello_fields){ .hold_s = hold_s, .gtsm = s->gtsm, .transport = s->transport });
	size_t size = ldp_end(&w);
	script_datagram(s, out, size);
}

void
script_targeted_hello(struct script *s, uint16_t hold_s, bool request)
{
	struct ldp_writer w;

	script_begin(s, &w);
	ldp_put_hello(&w, script_id(s),
	    &(struct ldp_hello_fields){
		.hold_s = hold_s, .targeted = true, .request_targeted = request, .transport = s->transport });
	size_t size = ldp_end(&w);
	ldp_node_input(s->dut, &(struct ldp_input){ .kind = LDP_IN_DATAGRAM,
				   .ifindex = 2,
				   .from = s->transport,
				   .from_port = LDP_PORT,
				   .to = addr_v4(s->dut->lsr),
				   .to_port = LDP_PORT,
				   .bytes = out,
				   .size = size });
}

static void
up(struct script *s, uint32_t conn, const struct addr *local)
{
	s->conn = conn;
	ldp_node_input(s->dut, &(struct ldp_input){ .kind = LDP_IN_STREAM_UP,
				   .conn = conn,
				   .from = s->transport,
				   .from_port = conn < LDP_ACCEPTED ? LDP_PORT : 40000,
				   .to = *local,
				   .to_port = conn < LDP_ACCEPTED ? 40000 : LDP_PORT });
}

void
script_connect(struct script *s)
{
	struct addr local = addr_v4(s->dut->lsr);

	up(s, LDP_ACCEPTED + ++s->next_accepted, &local);
}

void
script_accept(struct script *s)
{
	uint32_t conn = s->connecting;

	ck_assert_msg(conn, "the engine has not connected");
	s->connecting = 0;
	up(s, conn, &s->connect_from);
}

void
script_hang_up(struct script *s, const char *why)
{
	uint32_t conn = s->conn ? s->conn : s->connecting;

	s->conn = s->connecting = 0;
	ldp_node_input(s->dut, &(struct ldp_input){ .kind = LDP_IN_STREAM_DOWN, .conn = conn, .text = why });
}

void
script_bytes(struct script *s, const void *bytes, size_t size)
{
	/* A copy of its very size, so that a sanitizer sees a read beyond. */
	uint8_t *copy = mem_copy(bytes, size);

	ldp_node_input(
	    s->dut, &(struct ldp_input){ .kind = LDP_IN_STREAM, .conn = s->conn, .bytes = copy, .size = size });
	free(copy);
}

uint32_t
script_id(struct script *s)
{
	return ++s->next_id;
}

void
script_begin(struct script *s, struct ldp_writer *w)
{
	ldp_begin(w, out, sizeof out, s->lsr);
}

void
script_send(struct script *s, struct ldp_writer *w)
{
	script_bytes(s, out, ldp_end(w));
}

void
script_init(struct script *s, const struct ldp_init_fields *fields)
{
	struct ldp_init_fields usual = {
		.hold_s = 180, .max_pdu = 4096, .receiver_lsr = s->dut->lsr, .reconnect_ms = 120000
	};
	struct ldp_writer w;

	script_begin(s, &w);
	ldp_put_init(&w, script_id(s), fields ? fields : &usual);
	script_send(s, &w);
}

void
script_keepalive(struct script *s)
{
	struct ldp_writer w;

	script_begin(s, &w);
	ldp_put_keepalive(&w, script_id(s));
	script_send(s, &w);
}

void
script_notify(struct script *s, uint32_t status)
{
	struct ldp_writer w;

	script_begin(s, &w);
	ldp_put_notification(&w, script_id(s), status, 0, 0);
	script_send(s, &w);
}

void
script_addresses(struct script *s, const char *one)
{
	struct ldp_writer w;
	struct addr a;

	addr_parse(one, &a);
	script_begin(s, &w);
	ldp_put_addresses(&w, script_id(s), LDP_ADDRESS, &a, 1);
	script_send(s, &w);
}

void
script_label(struct script *s, enum ldp_type type, const char *fec, uint32_t label)
{
	struct prefix p;
	struct ldp_writer w;

	prefix_parse(fec, &p);
	script_begin(s, &w);
	ldp_put_label(&w, script_id(s), type,
	    &(struct ldp_fec){ .kind = FEC_PREFIX, .family = LDP_IPV4, .addr = p.addr, .len = p.len }, label, 0);
	script_send(s, &w);
}

void
script_up(struct script *s)
{
	script_hello(s, 15);
	if (s->connecting)
		script_accept(s);
	else
		script_connect(s);
	script_init(s, NULL);
	script_forget(s);
	script_keepalive(s);
	ck_assert_str_eq(script_state(s), "Operational");
}

const char *
script_state(struct script *s)
{
	struct ldp_node peer = { .lsr = s->lsr };
	const Ldp__Session *row = ldp_node_session(s->dut, &peer);

	if (!row)
		return "none";
	switch (row->state) {
	case LDP__SESSION_STATE__INITIALIZED: return session_state_name(S_INITIALIZED);
	case LDP__SESSION_STATE__OPENREC: return session_state_name(S_OPENREC);
	case LDP__SESSION_STATE__OPENSENT: return session_state_name(S_OPENSENT);
	case LDP__SESSION_STATE__OPERATIONAL: return session_state_name(S_OPERATIONAL);
	default: return session_state_name(S_NON_EXISTENT);
	}
}

void
script_run(struct script *s, usec_t span)
{
	ldp_net_run(s->net, span);
}
