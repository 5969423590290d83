#ifndef L2VPND_PRINT_H
#define L2VPND_PRINT_H
#include "host/conf_print.h"

struct l2vpn_config;
/* Every line that makes this configuration of an empty one. */
void l2vpn_print(const struct l2vpn_config *, struct conf_lines *out);
#endif
