#ifndef FIBD_DISPLAY_H
#define FIBD_DISPLAY_H
#include "host/command.h"

/* The text of fibctl's displays, each from the tables that its row in commands.c names. */
bool fib_keep_routes4(const ProtobufCMessage *, const struct args *);
bool fib_keep_routes6(const ProtobufCMessage *, const struct args *);
int fib_show_routes(const struct show *);
int fib_show_lsps(const struct show *);
int fib_show_interfaces(const struct show *);
bool fib_keep_circuits(const ProtobufCMessage *, const struct args *);
int fib_show_circuits(const struct show *);
bool fib_keep_policy(const ProtobufCMessage *, const struct args *);
int fib_show_policies(const struct show *);
int fib_show_kernel(const struct show *);
#endif
