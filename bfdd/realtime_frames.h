#ifndef BFDD_REALTIME_FRAMES_H
#define BFDD_REALTIME_FRAMES_H
#include "base/time.h"
#include "bfdd/core/core.h"
#include "bfdd/core/envelope.h"

/*
 * Packets of many sessions, handed to their links by one call. A packet of UDP pays for a socket, a route and a neighbour
 * of its own, none of which is in the cache when it is due; here are one socket, and the neighbour's link address by hand.
 *
 * A *hop* is a neighbour on a link, with its link address as long as the kernel's neighbour table has one: what the table
 * says anew is heard at once. It is asked about one neighbour by frames_ask(), which may have to wait, so that is another
 * thread's to call; the answer comes as news do.
 */
struct frames;
struct hop;
struct hop_question {
	struct addr peer;
	uint32_t ifindex;
};

struct frames *frames_open(void); /* NULL: not permitted */
void frames_close(struct frames *);
int frames_events(const struct frames *); /* readable when the neighbour table has news */
void frames_read(struct frames *);

struct hop *frames_hop(struct frames *, const struct addr *peer, uint32_t ifindex); /* to be left again */
/* Behind a link where link addresses mean nothing, and packets begin with a label. */
struct hop *frames_channel(struct frames *, uint32_t ifindex);
void frames_leave(struct frames *, struct hop *);
bool frames_knows(const struct hop *);
void frames_wonder(struct frames *, struct hop *, usec_t now); /* its link address is wanted */
/* What has to be asked, and is then taken to be. */
bool frames_question(struct frames *, struct hop_question *ret);
void frames_ask(const struct frames *, const struct hop_question *);

/* Everything must stay until it is flushed. False: there is no more room, flush first. */
bool frames_add(struct frames *, const struct hop *, const struct envelope *, const struct bfd_send *, void *owner);
/* Sends; what the link does not take is handed back, and errno says why. */
typedef void frames_refused(void *ctx, void *owner, const struct bfd_send *);
void frames_flush(struct frames *, frames_refused *refused, void *ctx);
#endif
