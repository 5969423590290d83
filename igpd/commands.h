#ifndef IGPD_COMMANDS_H
#define IGPD_COMMANDS_H
#include "host/conf.h"

struct igp_process_config;
struct igp_interface_config;
struct ospf_area_config;

/* igpd's rows, by topic; each table goes on in the next. */
extern const struct command igp_commands[];         /* commands.c: processes, areas, interfaces */
extern const struct command igp_link_commands[];    /* commands_link.c: what not every link or area needs */
extern const struct command igp_display_commands[]; /* commands_display.c */
extern const struct conf_kind igp_conf;             /* of struct igp_config */

/* Whose view a line is in. When the line that opens the view was refused, a nobody that takes all settings in vain. */
struct igp_process_config *igp_line_process(void *conf, const struct args *);
struct ospf_area_config *igp_line_area(void *conf, const struct args *);
struct igp_interface_config *igp_line_interface(void *conf, const struct args *, struct conf_error *);
uint32_t igp_line_area_id(const struct args *); /* of `area`, by number or address */
#endif
