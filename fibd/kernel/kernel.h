#ifndef FIBD_KERNEL_H
#define FIBD_KERNEL_H
#include "fibd/rib/rib.h"
#include "host/host.h"
#include <netlink/msg.h>

/* The kernel by netlink: the only place in Penult that writes to it. */
struct kernel;
struct kernel_ops {
	void (*seen)(void *ctx, const struct fib_object *, bool gone);
	void (*answer)(void *ctx, uint32_t number, int error, const char *text);
	void (*overrun)(void *ctx); /* notifications were lost: a dump is needed */
	void (*settled)(void *ctx); /* after a bunch of the above */
};
struct kernel *kernel_open(struct host *, const struct kernel_ops *, void *ctx, char why[256]);
void kernel_close(struct kernel *);
/* Sends operations as one batch, at most kernel_room() of them; `ops` is free again when it returns. The kernel works
 * off batches in their order, and the answers come through `answer`. What an operation itself did to routes is not told
 * through `seen`: its answer says it. Everything else is told before the answer, and what others do always. */
void kernel_do(struct kernel *, const struct fib_op *, size_t count);
size_t kernel_room(const struct kernel *);  /* how many more operations may be under way */
bool kernel_is_idle(const struct kernel *); /* none is */
/* Tells everything there is through `seen`, before it returns. Negative errno. */
int kernel_dump(struct kernel *);
/* What counts for pseudowires. */
int kernel_count(struct kernel *);
/* What this kernel can do; loads modules where that is possible. Strings live as long as the kernel. */
void kernel_abilities(struct kernel *, struct fib_abilities *ret);

/* --- encode.c, decode.c: pure --- */
/* A netlink message for an operation that is one; NULL for those that are not (settings, dumps). */
struct nl_msg *encode_op(const struct fib_op *);
/* 1 an object, 0 nothing of interest, negative errno when it is malformed. *gone: it is no longer there. */
int decode_message(const struct nlmsghdr *, struct fib_object *ret, bool *ret_gone);

/* --- quiet.c: changes of which the kernel is not to tell route by route --- */
struct quiet;
struct quiet *quiet_new(const char *run_dir); /* ends what an earlier run has left */
void quiet_free(struct quiet *);
bool quiet_begin(struct quiet *); /* false: it is as it was, and nothing is to be ended */
void quiet_end(struct quiet *);

/* --- writer.c: sends batches from a thread of its own --- */
struct writer;
struct writer *writer_start(int fd, struct quiet *); /* NULL: no thread could be made. `quiet` stays the caller's */
void writer_stop(struct writer *);                   /* sends what is left */
/* Copies them. quiet: the kernel is not to tell of each route that moves with this. */
void writer_send(struct writer *, const uint8_t *bytes, size_t size, bool quiet);
int writer_failed_fd(const struct writer *); /* readable when a batch could not be sent: ask writer_error() */
bool writer_is_idle(struct writer *);        /* everything was sent, so everything was carried out */
int writer_error(struct writer *);           /* a positive errno; 0 none. Clears it */

/* --- ability.c --- */
bool kernel_has_resilient_groups(void);
/* A sentence about actions of traffic control that it lacks; NULL: it has all. Classifiers show only when filters are asked for. */
const char *kernel_missing_actions(void);

/* --- sysctl.c --- */
int sysctl_write(const char *path, const char *value);
/* The number in a file below /proc/sys, -1 when it is not there. */
long sysctl_read(const char *path);
bool kernel_mpls_input(const char *ifname);
uint32_t kernel_speed_mbps(const char *interface); /* 0: not known, as without a carrier */
#endif
