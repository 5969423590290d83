#ifndef BFDD_REALTIME_EARS_H
#define BFDD_REALTIME_EARS_H
#include "bfdd/bfd.h"
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* What packets are heard on, for the thread that keeps time; nobody else touches them once it runs. */
struct ears;
struct ear;
struct ears *ears_open(void); /* NULL with errno; hears nothing yet */
void ears_close(struct ears *);
int ears_epoll(const struct ears *); /* readable sockets are found here; others may be added with data NULL */
bool ears_rung(const struct ears *); /* one of the others was readable in the last ears_read() */
/* 0 or negative errno; without IPv6 there is IPv4 alone. `device` is the VRF's, "" for the public network. */
int ears_listen(struct ears *, uint32_t vrf, const char *device);
bool ears_are_in(const struct ears *, uint32_t vrf);
void ears_leave(struct ears *, uint32_t vrf);
/* All sessions of a link hear their echoes on one socket: to be left again. NULL with errno. */
struct ear *ears_echo(struct ears *, unsigned family, uint32_t ifindex);
struct ear *ears_channel(struct ears *, uint32_t ifindex); /* likewise, control channels of pseudowires */
void ears_leave_link(struct ear *);                        /* one of these two */
/* Somebody else's descriptor: `ready` when ears_read() finds it readable. False with errno. */
bool ears_watch(struct ears *, int fd, void (*ready)(void *ctx), void *ctx);

struct ears_reader {
	void (*packet)(void *ctx, const struct bfd_datagram *, usec_t when);
	void (*echo)(
	    void *ctx, const uint8_t *bytes, size_t size, usec_t when); /* one came back, of whichever session */
	void (*soon)(void *ctx, const uint8_t *bytes, size_t size);     /* `packet` comes a little later */
	void *ctx;
};
/* Reads what has come, `now` being the time before the first read. Returns the time up to which everything that the
 * kernel had was read: `now`, or less when so much came that the rest has to wait. */
usec_t ears_read(struct ears *, const struct ears_reader *, usec_t now);
/* True once when packets were lost in our own queues since the last time it was asked. */
bool ears_lost(struct ears *);
void ears_tell(const struct ears *, struct bfd_process *); /* its counters */

union sockaddrs {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_ll link;
};
/* Of no address: any. */
socklen_t to_sockaddr(const struct addr *, unsigned family, uint16_t port, uint32_t ifindex, union sockaddrs *out);
#endif
