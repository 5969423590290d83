#ifndef LDPD_COMMANDS_H
#define LDPD_COMMANDS_H
#include "host/conf.h"

struct ldp_config;

/* ldpd's rows, by topic; each table goes on in the next. */
extern const struct command ldp_commands[];         /* commands.c: the basics, and what is displayed */
extern const struct command ldp_session_commands[]; /* commands_session.c: discovery, transport, sessions */
extern const struct command ldp_label_commands[];   /* commands_label.c: which labels, told to whom */
extern const struct conf_kind ldp_conf;             /* of struct ldp_config */
/* A peer is somebody else, and one that can be sent to: 0, or a refusal. */
int ldp_check_peer(const struct ldp_config *, const struct addr *peer, struct conf_error *);
#endif
