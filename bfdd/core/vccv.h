#ifndef BFDD_CORE_VCCV_H
#define BFDD_CORE_VCCV_H
#include "bfdd/core/envelope.h"
#include <stdbool.h>

/*
 * BFD packets on the control channel of a pseudowire: RFC 5885 section 3, RFC 4385 section 5. Behind the pseudowire's label
 * comes an associated channel header, if the pseudowire has a control word; then IPv4 or IPv6 and UDP, or nothing of these.
 */
enum {
	VCCV_IP = 0x04,  /* CV types, RFC 5885 3.3 */
	VCCV_ACH = 0x10, /* without IP and UDP */
	VCCV_ACH_BFD = 0x0007,
	VCCV_ACH_V4 = 0x0021,
	VCCV_ACH_V6 = 0x0057,
};
struct vccv_packet {
	uint32_t label;
	uint8_t encapsulation, ttl; /* VCCV_IP, VCCV_ACH; 255 without IP */
	struct addr from, to;       /* none without IP */
	const uint8_t *payload;     /* within the frame */
	size_t size;
};

/* A frame from its label on. False: it is none that carries BFD, or is damaged; *ret is untouched then. */
bool vccv_decode(const uint8_t *frame, size_t size, struct vccv_packet *ret);

struct vccv_form {
	uint32_t label;
	uint8_t encapsulation, tos_exp;
	bool control_word;
	struct addr own; /* with IP: the source */
	uint16_t port;   /* likewise */
};
/* What a session's frames begin with, from the label on. */
struct envelope vccv_envelope(const struct vccv_form *);
#endif
