#ifndef L2VPND_DISPLAY_H
#define L2VPND_DISPLAY_H
#include "host/command.h"
#include "proto/l2vpn.pb-c.h"

/* The text of l2vpnctl's displays, each from the tables that its row in commands_display.c names. */
bool l2vpn_keep_vc(const ProtobufCMessage *row, const struct args *);
bool l2vpn_keep_service(const ProtobufCMessage *row, const struct args *);
int l2vpn_show_vcs(const struct show *);
int l2vpn_show_vcs_brief(const struct show *);
int l2vpn_show_services(const struct show *);
int l2vpn_show_echo_counters(const struct show *);
bool l2vpn_keep_ccc(const ProtobufCMessage *row, const struct args *); /* display_ccc.c */
int l2vpn_show_cccs(const struct show *);
/* Which protocols of the customer's stay here: "lldp stp (not in the kernel: stp)". */
const char *l2vpn_dropped_text(const L2vpn__Service *, char out[160]);
#endif
