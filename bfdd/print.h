#ifndef BFDD_PRINT_H
#define BFDD_PRINT_H
#include "host/conf_print.h"

struct bfd_config;
/* Every line that makes this configuration of an empty one; keys in their cipher form. */
void bfd_print(const struct bfd_config *, struct conf_lines *out);
#endif
