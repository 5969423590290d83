#ifndef LDPD_PRINT_H
#define LDPD_PRINT_H
#include "host/conf_print.h"

struct ldp_config;
/* Every line that makes this configuration of an empty one; passwords in their cipher form. */
void ldp_print(const struct ldp_config *, struct conf_lines *out);
#endif
