#ifndef BFDD_DISPLAY_H
#define BFDD_DISPLAY_H
#include "host/command.h"

/* The text of bfdctl's displays, each from the tables that its row in commands.c names. */
int bfd_show_sessions(const struct show *);
int bfd_show_sessions_verbose(const struct show *);
int bfd_show_statistics(const struct show *);
int bfd_show_statistics_of(const struct show *);
bool bfd_keep_session(const ProtobufCMessage *row, const struct args *);  /* the one that was asked for */
bool bfd_keep_counters(const ProtobufCMessage *row, const struct args *); /* the same */
#endif
