#ifndef L2VPND_COMMANDS_H
#define L2VPND_COMMANDS_H
#include "host/conf.h"
#include "l2vpnd/config.h"

/* l2vpnd's rows, by topic; each table goes on in the next. */
extern const struct command l2vpn_commands[];         /* commands.c: the system view, templates, tunnel policies */
extern const struct command l2vpn_circuit_commands[]; /* commands_circuit.c: what a circuit is, and how it switches */
extern const struct command l2vpn_pw_commands[];      /* commands_pw.c: `mpls l2vc` in all its forms */
extern const struct command l2vpn_display_commands[]; /* commands_display.c */
extern const struct command l2vpn_ping_commands[];    /* commands_ping.c */
extern const struct conf_kind l2vpn_conf;             /* of struct l2vpn_config */

/* The interface of the line, made when nothing was said of it yet. */
struct l2vpn_circuit_config *l2vpn_line_circuit(void *conf, const struct args *);
/* commands_pw.c: may it be an attachment circuit, by its name? Refuses it otherwise: -1. */
int l2vpn_check_interface(const char *interface, struct conf_error *);
/* commands_check.c: what only the whole can be wrong in. */
void l2vpn_check(void *conf, struct conf_error *);
/* How BFD's timers are said; what the line says of BFD. */
#define L2VPN_BFD_TIMERS \
	"[ min-tx-interval <1-60000>:tx | min-rx-interval <1-60000>:rx | detect-multiplier <1-255>:multiplier ]*"
struct l2vpn_bfd l2vpn_bfd_said(const struct args *); /* of one that undoes: nothing */
#endif
