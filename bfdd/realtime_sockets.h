#ifndef BFDD_REALTIME_SOCKETS_H
#define BFDD_REALTIME_SOCKETS_H
#include "bfdd/bfd.h"

/* The sockets of BFD, for the thread that keeps time; nobody else touches them once it runs. */
struct sockets;
/* NULL with a sentence in `why`. Listens in the public network; in a VRF while it has sessions. */
struct sockets *sockets_open(char why[256]);
void sockets_close(struct sockets *);
int sockets_epoll(const struct sockets *); /* readable sockets are found here; others may be added with data NULL */
bool sockets_rung(const struct sockets *); /* one of the others was readable in the last sockets_read() */
void sockets_order(struct sockets *, const struct bfd_order *); /* a session's own socket: made, or changed */
void sockets_forget(struct sockets *, uint32_t local);          /* closed */
void sockets_send(struct sockets *, const struct bfd_send *, usec_t now);

struct sockets_reader {
	void (*packet)(void *ctx, const struct bfd_datagram *, usec_t when);
	void (*echo)(
	    void *ctx, const uint8_t *bytes, size_t size, usec_t when); /* one came back, of whichever session */
	void *ctx;
};
/* Reads what has come, `now` being the time before the first read. Returns the time up to which everything that the
 * kernel had was read: `now`, or less when so much came that the rest has to wait. */
usec_t sockets_read(struct sockets *, const struct sockets_reader *, usec_t now);
/* True once when packets were lost in our own queues since the last time it was asked. */
bool sockets_lost(struct sockets *);
void sockets_tell(const struct sockets *, struct bfd_process *); /* its counters */
#endif
