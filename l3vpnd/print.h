#ifndef L3VPND_PRINT_H
#define L3VPND_PRINT_H
#include "host/conf_print.h"

struct l3vpn_config;
void l3vpn_print(const struct l3vpn_config *, struct conf_lines *out);
#endif
