#ifndef HELPER_LDP_SCRIPT_H
#define HELPER_LDP_SCRIPT_H
#include "ldpd/packet.h"
#include "tests/helper/ldp_net.h"

/*
 * One engine (2.2.2.2) and a neighbour that says exactly what the test wants, byte for byte, and keeps what it is
 * told. The neighbour sits on the engine's port 2 (10.0.0.0/24).
 */
enum { SCRIPT_SAID = 4096 };
struct script_said {
	uint16_t type;
	uint8_t *pdu; /* the whole PDU, owned */
	struct ldp_msg msg;
};
struct script {
	struct ldp_net *net;
	struct ldp_node *dut;
	uint32_t lsr; /* the neighbour's */
	struct addr source, transport;
	uint32_t conn; /* 0: none */
	uint32_t next_accepted, next_id;
	uint32_t connecting; /* the engine's attempt, not answered yet */
	struct addr connect_to, connect_from;
	unsigned connects, hellos, closes, pdus;
	size_t largest_pdu;
	struct ldp_msg hello; /* its last one */
	struct addr hello_to;
	uint32_t hello_ttl;
	bool gtsm;        /* the neighbour's Hellos say G */
	uint32_t min_ttl; /* that the engine asked for, for the connection */
	unsigned keys;    /* passwords told to the host, or taken back */
	struct addr key_for;
	char key[96]; /* the last one */
	struct script_said said[SCRIPT_SAID];
	size_t said_count;
};

struct script *script_new(const char *lsr); /* started; the neighbour has said nothing yet */
void script_free(struct script *);
void script_forget(struct script *); /* what was said so far */
unsigned script_count(const struct script *, enum ldp_type);
const struct ldp_msg *script_last(const struct script *, enum ldp_type); /* fails when there is none */
void script_hello(struct script *, uint16_t hold_s);
void script_targeted_hello(struct script *, uint16_t hold_s, bool request); /* from its transport address */
void script_datagram(struct script *, const void *, size_t);
void script_connect(struct script *); /* the neighbour connects */
void script_accept(struct script *);  /* it accepts the engine's attempt */
void script_hang_up(struct script *, const char *why);
void script_bytes(struct script *, const void *, size_t);
/* A PDU from the neighbour: begin, put with ldp_put_…(&w, script_id(s), …), send. */
void script_begin(struct script *, struct ldp_writer *);
uint32_t script_id(struct script *);
void script_send(struct script *, struct ldp_writer *);
void script_init(struct script *, const struct ldp_init_fields *); /* NULL: ordinary ones */
void script_keepalive(struct script *);
void script_notify(struct script *, uint32_t status);
void script_addresses(struct script *, const char *one);
void script_label(struct script *, enum ldp_type, const char *fec, uint32_t label);
void script_up(
    struct script *); /* Hello, connection, Initialization, KeepAlive; forgets what was said before it was up */
const char *script_state(struct script *); /* of the session, as displays print it; "none" */
void script_run(struct script *, usec_t);
#endif
