#ifndef FIBD_KERNEL_ENCODE_SUB_H
#define FIBD_KERNEL_ENCODE_SUB_H
#include "fibd/kernel/kernel.h"

struct nl_msg *encode_subinterface(const struct fib_op *); /* FIB_OP_LINK_SUB */
struct nl_msg *encode_vccv(const struct fib_op *);         /* FIB_OP_LINK_VCCV */
struct nl_msg *encode_alias(const struct fib_op *);        /* FIB_OP_LINK_ALIAS: not acknowledged */
#endif
