#ifndef FIBD_PRINT_H
#define FIBD_PRINT_H
#include "host/conf_print.h"

struct fib_config;
/* Every line that makes this configuration of an empty one. */
void fib_print(const struct fib_config *, struct conf_lines *out);
#endif
