#ifndef BFDD_REALTIME_ECHO_H
#define BFDD_REALTIME_ECHO_H
#include "base/addr.h"
#include <stddef.h>
#include <stdint.h>

/*
 * The sockets of the echo function, RFC 5881 section 4. An echo is a packet from ourselves to ourselves that goes to the
 * other end as a frame; it forwards it back. No socket of UDP does either half: the kernel would deliver such a packet to
 * ourselves at once, and refuses one that comes in with our own source address. So it is sent raw, with another
 * destination for the route than for the packet, and heard where frames are.
 */
/* Sends by the link `device`. A descriptor or negative errno; -EPERM without CAP_NET_RAW. */
int echo_open(unsigned family, const char *device);
/* `own` is our address on the link, `peer` the other end's, tos_exp 0 to 7. 0 or negative errno. */
int echo_send(int fd, const struct addr *own, const struct addr *peer, uint32_t ifindex, uint8_t tos_exp,
    const uint8_t *bytes, size_t size);
/* Hears the echoes of one family that come back over a link, whosever they are. */
int echo_listen(unsigned family, uint32_t ifindex);
/* What is in a packet that was heard, after its headers; NULL: it is cut short, or not whole. */
const uint8_t *echo_payload(unsigned family, const uint8_t *packet, size_t size, size_t *ret_size);
#endif
