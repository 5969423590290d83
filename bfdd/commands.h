#ifndef BFDD_COMMANDS_H
#define BFDD_COMMANDS_H
#include "host/conf.h"

extern const struct command bfd_commands[];
extern const struct conf_kind bfd_conf; /* of struct bfd_config */
#endif
