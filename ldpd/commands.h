#ifndef LDPD_COMMANDS_H
#define LDPD_COMMANDS_H
#include "host/command.h"

/* ldpd's rows, by topic; each table goes on in the next. */
extern const struct command ldp_commands[];         /* commands.c: the basics, and what is displayed */
extern const struct command ldp_session_commands[]; /* commands_session.c: discovery, transport, sessions */
extern const struct command ldp_label_commands[];   /* commands_label.c: which labels, told to whom */
#endif
