#ifndef IGPD_PRINT_H
#define IGPD_PRINT_H
#include "host/conf_print.h"

struct igp_config;
/* Every line that makes this configuration of an empty one; keys in their cipher form. */
void igp_print(const struct igp_config *, struct conf_lines *out);
#endif
