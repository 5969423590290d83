#ifndef HOST_STREAM_H
#define HOST_STREAM_H
#include "base/addr.h"
#include "host/host.h"
#include <stddef.h>

/* TCP by connection number. Outgoing connections are numbered by the caller, below STREAM_ACCEPTED;
 * incoming ones get numbers from there up, never used twice. */
#define STREAM_ACCEPTED UINT32_C(0x80000000)
struct streams;
struct stream_ops {
	/* Connected, either way. Addresses and ports as the kernel has them. */
	void (*up)(void *ctx, uint32_t conn, const struct addr *local, uint16_t local_port, const struct addr *peer,
	    uint16_t peer_port, usec_t now);
	void (*bytes)(void *ctx, uint32_t conn, const uint8_t *bytes, size_t size, usec_t now);
	/* Gone by the peer, by an error or because it could not be connected; not after streams_close(). */
	void (*down)(void *ctx, uint32_t conn, const char *why, usec_t now);
};
/* `listen_port` 0: no listener. NULL: `why` says what is missing. */
struct streams *streams_open(struct host *, uint16_t listen_port, const struct stream_ops *, void *ctx, char why[256]);
void streams_free(struct streams *);
/* `min_ttl`: as for streams_min_ttl(). */
void streams_connect(
    struct streams *, uint32_t conn, const struct addr *local, const struct addr *peer, uint16_t port, uint8_t min_ttl);
/* The secret for TCP MD5 (RFC 2385) of connections with this peer that begin from now on, either way; size 0: none.
 * Connections from it that were not accepted yet are refused. Negative errno. */
int streams_key(struct streams *, const struct addr *peer, const void *secret, size_t size);
/* Packets of the connection that arrive with a smaller TTL are lost (GTSM, RFC 5082); 0: any. Ours always leave with 255. */
void streams_min_ttl(struct streams *, uint32_t conn, uint8_t ttl);
enum { STREAM_SECRET_MAX = 80 };
/* Queued as needed, in order. A peer that reads nothing while more than STREAM_QUEUE_MAX waits is dropped (down). */
void streams_send(struct streams *, uint32_t conn, const void *bytes, size_t size);
void streams_close(struct streams *, uint32_t conn); /* what is queued is still tried for a second, then closed */
enum { STREAM_QUEUE_MAX = 64 << 20 };
#endif
