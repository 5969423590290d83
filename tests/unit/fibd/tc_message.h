#ifndef FIBD_TC_MESSAGE_H
#define FIBD_TC_MESSAGE_H
#include "fibd/kernel/tc.h"

/* A message of the kernel's traffic control that is looked at: the last one that was encoded. */
extern struct nl_msg *tc_message;
const struct nlmsghdr *tc_encode(enum fib_op_kind, const struct fib_object *);
void tc_reads_back(const struct fib_object *); /* it does, to the same filter */
/* The actions of the filter, one word each: "gact 50000003 3, push 301 ttl 255, pedit" are kind, what it does, label. */
const char *tc_actions(void);
/* Its message with bytes changed, or cut short, is read safely: what comes of it is an object, none, or an error. */
void tc_turn_over(const struct fib_object *);
void tc_free(void);
struct addr tc_addr(const char *text);
#endif
