#ifndef HOST_STREAM_INTERNAL_H
#define HOST_STREAM_INTERNAL_H
#include "base/hash.h"
#include "base/list.h"
#include "host/log.h"
#include "host/stream.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* --- stream_queue.c: bytes that wait, in pieces of one size --- */

struct stream_chunk;
struct stream_queue {
	struct stream_chunk *first, *last;
	size_t at;   /* of the first piece, so much is gone */
	size_t size; /* all that waits */
};
void stream_queue_add(struct stream_queue *, const void *bytes, size_t size);
/* The foremost bytes, for sendmsg(); returns how many parts. */
unsigned stream_queue_look(const struct stream_queue *, struct iovec *parts, unsigned most);
void stream_queue_drop(struct stream_queue *, size_t size); /* the foremost; no more than there are */
void stream_queue_free(struct stream_queue *);

/* --- stream_socket.c: what is said to the kernel --- */

struct secret {
	struct list link;
	char *device;
	struct addr peer;
	int error; /* it could not be set on the listener, whose connections with the peer are refused; negative errno */
	size_t size;
	uint8_t bytes[STREAM_SECRET_MAX];
};
void stream_to_sockaddr(const struct addr *, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_size);
void stream_from_sockaddr(const struct sockaddr_storage *, struct addr *ret, uint16_t *ret_port);
int stream_socket(int family); /* as all streams want it; negative errno */
void stream_tune(int fd, int family);
void stream_set_ttl(int fd, int family, uint8_t ttl);
void stream_set_min_ttl(int fd, int family, uint8_t ttl);
int stream_set_secret(int fd, const struct secret *); /* negative errno */
int stream_bind_device(int fd, int ifindex);          /* 0: none; negative errno */
int stream_device_of(int fd);                         /* that a socket is bound to; 0: none */
static inline int
stream_family(const struct addr *a)
{
	return a->family == 6 ? AF_INET6 : AF_INET;
}

/* --- stream.c: connections --- */

enum stream_state { CONNECTING, ARRIVED /* accepted, not told yet */, OPEN, CLOSING, DEAD };
struct stream {
	struct hash_node by_number;
	struct streams *all;
	uint32_t number;
	enum stream_state state;
	int fd;
	char *device;
	struct stream_ends ends;
	sd_event_source *io;
	/* When a connection that is being made is given up, an arrived one is told, the last second of a closing one is
	 * over, or a dead one is freed. */
	sd_event_source *end;
	struct stream_queue queue;
	const char *why; /* of a failure that is still to be told */
};
struct streams {
	struct host *host;
	struct list listeners, secrets;
	sd_event_source *again; /* the next look at listeners that may not listen */
	struct hash streams;
	uint32_t next_accepted;
	struct stream_ops ops;
	void *ctx;
	uint8_t *read_buffer;
	struct log_limit limit;
};
/* Accepted: told on the loop's next turn. */
void stream_arrived(struct streams *, int fd, const char *device, const struct addr *peer, uint16_t peer_port);
/* Those which arrived and were not told yet are closed. */
void streams_refuse_arrived(struct streams *, const char *device, const struct addr *peer);

/* --- stream_listen.c: listeners and secrets --- */

struct secret *streams_find_secret(struct streams *, const char *device, const struct addr *peer);
int streams_listen_now(struct streams *, uint16_t port); /* in the public network; negative errno: it does not */
void streams_deaf_all(struct streams *);                 /* and forgets the secrets */
#endif
