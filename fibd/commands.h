#ifndef FIBD_COMMANDS_H
#define FIBD_COMMANDS_H
#include "host/conf.h"

extern const struct command fib_commands[];
extern const struct command fib_probe_commands[];  /* commands_probe.c: ping, tracert */
extern const struct command fib_policy_commands[]; /* commands_policy.c: tunnel policies */
void fib_check_policies(void *conf, struct conf_error *);
extern const struct conf_kind fib_conf; /* of struct fib_config */
#endif
