#ifndef BFDD_REALTIME_SOCKETS_H
#define BFDD_REALTIME_SOCKETS_H
#include "bfdd/bfd.h"
#include "bfdd/realtime_frames.h"

/* What sessions send by, for the thread that keeps time; nobody else touches it once it runs. */
struct sockets;
/* NULL with a sentence in `why`. Listens in the public network; in a VRF while it has sessions. */
struct sockets *sockets_open(char why[256]);
void sockets_close(struct sockets *);
struct ears *sockets_ears(struct sockets *);                    /* with which their answers are heard */
void sockets_order(struct sockets *, const struct bfd_order *); /* a session's own socket: made, or changed */
void sockets_forget(struct sockets *, uint32_t local);          /* closed */
/* What is to be sent must stay until it is flushed: the packets of many sessions go out together. */
void sockets_send(struct sockets *, const struct bfd_send *, usec_t now);
void sockets_send_soon(const struct sockets *, uint32_t local); /* one is sent a little later */
void sockets_flush(struct sockets *, usec_t now);
/* What the kernel has to be asked, by another thread: sockets_ask(). */
bool sockets_question(struct sockets *, struct hop_question *ret);
void sockets_ask(const struct sockets *, const struct hop_question *);

void sockets_tell(const struct sockets *, struct bfd_process *); /* its counters */
#endif
