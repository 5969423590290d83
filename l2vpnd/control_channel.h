#ifndef L2VPND_CONTROL_CHANNEL_H
#define L2VPND_CONTROL_CHANNEL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The control channel of a pseudowire (VCCV, RFC 5085): which form of it both ends can use, and the packets in it.
 *
 * fibd brings every form into one: on the device vccv0 a packet has one label stack entry with our label of the pseudowire,
 * then the associated channel header if the pseudowire has the control word, then IP. What is sent there has the same form;
 * fibd puts the peer's label, the tunnel's and the form of the channel in its place.
 */
#define CONTROL_CHANNEL_DEVICE "vccv0"

enum control_channel { CHANNEL_NONE, CHANNEL_WORD, CHANNEL_ALERT, CHANNEL_TTL };

struct vccv_said { /* by one end, in its VCCV parameter: RFC 5085 section 5 */
	uint32_t cc, cv;
};
/* RFC 5085 section 7: of what both have said the first of control word, router alert label and TTL expiry. The control word
 * is a channel only where it was agreed on. */
enum control_channel control_channel_choose(struct vccv_said own, struct vccv_said remote, bool control_word);
const char *control_channel_name(uint32_t channel); /* "control word", "none" */

struct channel_packet { /* UDP over IPv4; addresses in host order */
	uint32_t label, from, to;
	uint16_t from_port, to_port;
	uint8_t ttl;
	bool router_alert; /* the option of RFC 2113 */
	const uint8_t *bytes;
	size_t size;
};
enum { CHANNEL_OVERHEAD = 4 + 4 + 24 + 8 }; /* the most that stands before the payload */

/* False: it is not UDP over IPv4, or not whole. `frame` begins with the label. */
bool channel_packet_read(struct channel_packet *, const uint8_t *frame, size_t size);
/* Its size; 0: it does not fit. */
size_t channel_packet_write(const struct channel_packet *, bool control_word, uint8_t *out, size_t room);
#endif
