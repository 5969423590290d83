#ifndef IGPD_DISPLAY_H
#define IGPD_DISPLAY_H
#include "host/command.h"

/* The text of igpctl's displays, each from the tables that its row in commands_display.c names. */
int igp_show_brief(const struct show *);
int igp_show_peers(const struct show *);
int igp_show_peers_brief(const struct show *);
int igp_show_interfaces(const struct show *);
int igp_show_interfaces_verbose(const struct show *);
int igp_show_sync(const struct show *);
bool igp_keep_synced(const ProtobufCMessage *row, const struct args *);
/* display_lsdb.c */
int igp_show_lsas(const struct show *);
bool igp_keep_lsa(const ProtobufCMessage *row, const struct args *);
int igp_show_spf_log(const struct show *);
int igp_show_lsdb(const struct show *);
int igp_show_routes(const struct show *);
#endif
