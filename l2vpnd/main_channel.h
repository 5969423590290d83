#ifndef L2VPND_MAIN_CHANNEL_H
#define L2VPND_MAIN_CHANNEL_H
#include "base/addr.h"
#include "host/host.h"
#include <stddef.h>

/*
 * The two sockets of LSP ping: a packet socket on the device of the control channels, which comes and goes, and UDP port
 * 3503, to which replies come and from which they go.
 */
struct channel;
struct channel_ops { /* `received`: when the kernel got it, on the monotonic clock */
	void (*frame)(void *ctx, const uint8_t *bytes, size_t size, usec_t received);
	void (*datagram)(void *ctx, const struct addr *from, const uint8_t *bytes, size_t size, usec_t received);
	void (*settled)(void *ctx); /* after a bunch of them */
};
struct channel *channel_open(
    struct host *, const struct channel_ops *, void *ctx); /* logs what is missing, and goes without */
void channel_close(struct channel *);
/* Listens to this device from now on, and to no other; 0: to none. Cheap when it does already. */
void channel_follow(struct channel *, uint32_t ifindex);
/* 0 or negative errno. */
int channel_send_frame(struct channel *, uint32_t ifindex, const uint8_t *bytes, size_t size);
int channel_send_datagram(struct channel *, const struct addr *from, const struct addr *to, uint16_t port,
    bool router_alert, const uint8_t *bytes, size_t size);
#endif
