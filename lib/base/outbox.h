#ifndef BASE_OUTBOX_H
#define BASE_OUTBOX_H
#include "base/addr.h"
#include <stdarg.h>

/* What an engine wants done, in the order it wants it done. The host drains
 * the box after each call into the engine. Nothing is called back, so engine
 * code never runs inside an effect, and a test can read the box like a list. */
enum effect_kind {
	EFFECT_LOG,           /* bytes: the line, zero-terminated; where: priority as in syslog; code: event number */
	EFFECT_DATAGRAM_SEND, /* where: ifindex (0: by route); to, from: addresses; code: TTL, 0 for the default */
	EFFECT_GROUP_JOIN,    /* where: ifindex; to: the multicast group */
	EFFECT_GROUP_LEAVE,
	EFFECT_STREAM_CONNECT, /* where: connection number chosen by the engine; to, from: addresses; code: as MIN_TTL */
	EFFECT_STREAM_SEND,    /* where: connection number */
	EFFECT_STREAM_CLOSE,   /* where: connection number; what was sent before is still delivered */
	EFFECT_STREAM_KEY,     /* to: a peer; bytes: the secret of connections with it from now on, none when empty */
	EFFECT_MIRROR_AGAIN,   /* where: number of a mirrored table, which is to be read anew from its beginning */
	/* where: connection number; code: packets that arrive with less are lost, 0: any; and in bits 8 to 15 with what ours
	 * leave, 0: 255 */
	EFFECT_STREAM_MIN_TTL,
	EFFECT_STREAM_LISTEN, /* instance: connections are accepted in it from now on */
	EFFECT_STREAM_DEAF,   /* instance: no longer; those that are there stay */
	EFFECT_FRAME_SEND,    /* where: ifindex; bytes: what follows the link's header */
	EFFECT_ANSWER, /* where: number of a request that waits; code: 0 or an errno; bytes: text, zero-terminated */
};

struct effect {
	enum effect_kind kind;
	uint32_t where;
	uint32_t code;
	struct addr to, from;
	const char *
	    instance; /* of streams: the VPN instance in which it happens; NULL: the public network. Copied like bytes */
	const uint8_t *bytes; /* inside the box, valid until the next add or clear */
	size_t size;
};

struct outbox;
struct outbox *outbox_new(void);
void outbox_free(struct outbox *);
void outbox_add(struct outbox *, const struct effect *); /* copies the bytes */
/* A log line. `priority` 3 error, 4 warning, 5 notice, 6 info, 7 debug. */
void outbox_log(struct outbox *, int priority, uint32_t event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
size_t outbox_count(const struct outbox *);
struct effect outbox_at(const struct outbox *, size_t i);
void outbox_clear(struct outbox *);
#endif
