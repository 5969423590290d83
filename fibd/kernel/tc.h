#ifndef FIBD_KERNEL_TC_H
#define FIBD_KERNEL_TC_H
#include "fibd/kernel/kernel.h"

/* What encode_tc.c writes and decode_tc.c reads of the kernel's traffic control. Each action or filter of ours that is not known
 * by its index carries a cookie that says whose it is. */
enum {
	TC_COOKIE_BYTES = 16,
	TC_COOKIE_MARK = 0x5057,        /* "PW" */
	TC_HANDLE_OUTERMOST = 0x100000, /* the block's filters: this and the label */
	TC_HANDLE_BENEATH = 0x200000,   /* beneath an explicit null */
	TC_HANDLE_FORM = 22,            /* of a control channel's: its form is added, so many bits up */
	TC_HANDLE_CIRCUIT = 1,
	TC_GUARD_LINKS = 1 << 21, /* interfaces from here on have guards without counters */
	TC_SIEVE_FIRST = 1,       /* in its table, whose number is the kernel's: the first sieve */
	TC_SIEVE_PLACE = 0xfff,
};
struct tc_cookie { /* in network order */
	uint16_t mark;
	uint8_t version, family;
	uint32_t vc_id;
	uint8_t peer[4]; /* of an IPv6 address: none */
	uint32_t turn;   /* of a control channel's filter: its circuit */
};
/* What a sieve looks for, in network order where the label stack begins: words of it. */
struct tc_sieve {
	uint32_t mask, value;
};
enum { TC_SIEVE_WORDS = 3 };
unsigned tc_sieve(const struct fib_filter *, struct tc_sieve out[TC_SIEVE_WORDS]); /* how many words */
struct nl_msg *encode_tc(const struct fib_op *);
int decode_tc(const struct nlmsghdr *, struct fib_object *, bool *gone); /* as decode_message() */
/* What counts for pseudowires, of a dump of actions: at most `room` of them. */
unsigned decode_counts(const struct nlmsghdr *, struct fib_object *, unsigned room);
enum { TC_ACTIONS_MAX = 32 }; /* in one message of such a dump */
#endif
