#ifndef L3VPND_COMMANDS_POLICY_H
#define L3VPND_COMMANDS_POLICY_H
#include "host/conf.h"
#include "host/conf_print.h"
#include "l3vpnd/config.h"

/* Route-policies and what they ask: their lines, and these printed. Who is attached to one says so where it stands itself. */
void l3vpn_print_policies(const struct bgp_policies *, struct conf_lines *);
#endif
