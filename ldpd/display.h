#ifndef LDPD_DISPLAY_H
#define LDPD_DISPLAY_H
#include "host/command.h"

/* The text of ldpctl's displays, each from the tables that its row in commands.c names. */
int ldp_show_sessions(const struct show *);
int ldp_show_sessions_verbose(const struct show *);
int ldp_show_lsps(const struct show *);
int ldp_show_adjacencies(const struct show *);
int ldp_show_interfaces(const struct show *);
int ldp_show_neighbors(const struct show *);
int ldp_show_parameters(const struct show *);
int ldp_show_bindings(const struct show *);
bool ldp_keep_session(const ProtobufCMessage *row, const struct args *); /* of the peer that was asked for */

/* display_discovery.c */
int ldp_show_discovery(const struct show *);
int ldp_show_targets(const struct show *);
int ldp_show_sync(const struct show *);

/* display_pw.c */
int ldp_show_pws(const struct show *);
int ldp_show_pws_verbose(const struct show *);
bool ldp_keep_pw(const ProtobufCMessage *row, const struct args *); /* with the peer that was asked for */
#endif
