#ifndef HOST_UDP_H
#define HOST_UDP_H
#include "base/addr.h"
#include "host/host.h"
#include <stddef.h>

/* Datagrams on one port, on all interfaces of the public network, with interface, addresses and the
 * kernel's receive time. Reads until the socket is dry before returning to the loop. */
struct udp;
struct udp_packet {
	uint32_t ifindex;
	struct addr from, to;
	uint8_t ttl;
	const uint8_t *bytes;
	size_t size;
	usec_t received; /* when the kernel got it, on the monotonic clock */
};
struct udp *udp_open(struct host *, uint16_t port, void (*packet)(void *ctx, const struct udp_packet *), void *ctx,
    char why[256]); /* NULL: `why` says what is missing */
/* The same for an IP protocol without ports, IPv4 only: packets come and go without their IP header. */
struct udp *udp_open_protocol(
    struct host *, uint8_t protocol, void (*packet)(void *ctx, const struct udp_packet *), void *ctx, char why[256]);
void udp_close(struct udp *); /* not from within `packet` */
int udp_join(struct udp *, uint32_t ifindex, const struct addr *group);
int udp_leave(struct udp *, uint32_t ifindex, const struct addr *group);
/* ttl 0: 1 for multicast, 255 otherwise. Negative errno. The source port is the local port; TOS is CS6. */
int udp_send(struct udp *, uint32_t ifindex, const struct addr *from, const struct addr *to, uint8_t ttl,
    const void *bytes, size_t size);
#endif
