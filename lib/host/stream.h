#ifndef HOST_STREAM_H
#define HOST_STREAM_H
#include "base/addr.h"
#include "host/host.h"
#include <stddef.h>

/*
 * TCP by connection number. Outgoing connections are numbered by the caller, below STREAM_ACCEPTED; incoming ones get
 * numbers from there up, never used twice.
 *
 * Everything happens in the public network or in a VPN instance, which is named by its VRF device; `device` NULL or "" is
 * the public network. A connection that came by a VRF is never taken for one of the public network.
 */
#define STREAM_ACCEPTED UINT32_C(0x80000000)
enum {
	STREAM_SECRET_MAX = 80,
	STREAM_QUEUE_MARK = 4 << 20, /* more than this is much: see `room` */
	STREAM_QUEUE_MAX = 64 << 20,
};
struct streams;
struct stream_ends {
	const char *device;      /* never NULL */
	struct addr local, peer; /* as the kernel has them */
	uint16_t local_port, peer_port;
};
struct stream_ops {
	void (*up)(void *ctx, uint32_t conn, const struct stream_ends *, usec_t now); /* connected, either way */
	void (*bytes)(void *ctx, uint32_t conn, const uint8_t *bytes, size_t size, usec_t now);
	/* Gone by the peer, by an error or because it could not be connected; not after streams_close(). */
	void (*down)(void *ctx, uint32_t conn, const char *why, usec_t now);
	/* What is queued was more than STREAM_QUEUE_MARK and is no longer. Never from within streams_send(). May be NULL. */
	void (*room)(void *ctx, uint32_t conn, size_t queued, usec_t now);
};
/* `listen_port`: in the public network; 0: nowhere yet. NULL: `why` says what is missing. */
struct streams *streams_open(struct host *, uint16_t listen_port, const struct stream_ops *, void *ctx, char why[256]);
void streams_free(struct streams *);

/* Accepts connections there from now on, or from when it can be: what hinders it (mostly a device that is not there yet, or
 * went away) is logged once, and it is tried each second, as well as at once when this is called again. */
void streams_listen(struct streams *, const char *device, uint16_t port);
void streams_deaf(struct streams *, const char *device); /* no longer; connections that are there stay */
/* The secret for TCP MD5 (RFC 2385) of connections with this peer there that begin from now on, either way; size 0: none.
 * Connections from it that were not told yet are refused; all of them while the secret cannot be set. Negative errno:
 * -ENOPROTOOPT of a kernel without it; -ENOMEM when one listener has more secrets than net.core.optmem_max has room for
 * (with the 20 KB of older kernels some 140 peers). */
int streams_key(struct streams *, const char *device, const struct addr *peer, const void *secret, size_t size);

struct stream_call {
	const char *device;
	struct addr local, peer; /* local: none lets the kernel choose */
	uint16_t port;
	uint8_t ttl, min_ttl; /* as of streams_ttl() and streams_min_ttl() */
	usec_t timeout;       /* down when it is not up by then; 0: when the kernel gives up, after two minutes */
};
void streams_connect(struct streams *, uint32_t conn, const struct stream_call *);
/* Packets of the connection leave with this TTL; 0: with 255, as all do unless told otherwise. */
void streams_ttl(struct streams *, uint32_t conn, uint8_t ttl);
/* Packets of the connection that arrive with a smaller TTL are lost (GTSM, RFC 5082); 0: any. */
void streams_min_ttl(struct streams *, uint32_t conn, uint8_t ttl);
/* Queued as needed, in order. A peer that reads nothing while more than STREAM_QUEUE_MAX waits is dropped (down). */
void streams_send(struct streams *, uint32_t conn, const void *bytes, size_t size);
size_t streams_queued(const struct streams *, uint32_t conn); /* what the kernel has not taken yet */
void streams_close(struct streams *, uint32_t conn); /* what is queued is still tried for a second, then closed */
#endif
