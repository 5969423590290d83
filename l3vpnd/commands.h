#ifndef L3VPND_COMMANDS_H
#define L3VPND_COMMANDS_H
#include "host/conf.h"
#include "l3vpnd/config.h"

/* l3vpnd's rows, by topic; each table goes on in the next. */
extern const struct command l3vpn_commands[];             /* commands.c: BGP as a whole, and its views */
extern const struct command l3vpn_vpn_commands[];         /* commands_vpn.c: VPN instances */
extern const struct command l3vpn_peer_commands[];        /* commands_peer.c: peers and their sessions */
extern const struct command l3vpn_peer_family_commands[]; /* commands_peer_family.c: what is exchanged with them */
extern const struct command l3vpn_peer_policy_commands[]; /* commands_peer_policy.c: and by which policies */
extern const struct command l3vpn_route_commands[];       /* commands_route.c: what is brought in, and chosen */
extern const struct command l3vpn_display_commands[];     /* commands_display.c */
extern const struct command l3vpn_policy_commands[];      /* commands_policy.c: what policies say */
extern const struct conf_kind l3vpn_conf;                 /* of struct l3vpn_config */

/* Where a line stands: the instance (0: the public network), and the family. A line of the bgp view itself is about IPv4. */
int l3vpn_line_instance(struct l3vpn_config *, const struct args *);
/* The instance that the line or the one that opened its view names. When that was refused for its length it is the public
 * network: what is said of it then is in vain anyway. */
int l3vpn_line_vrf(struct l3vpn_config *, const struct args *);
enum bgp_family l3vpn_line_family(const struct args *);
struct l3vpn_family_config *l3vpn_line_routes(struct l3vpn_config *, const struct args *);
/* The peer `peer`; NULL: there is none, which was refused with the remedy. */
struct bgp_peer_config *l3vpn_line_peer(struct l3vpn_config *, const struct args *, struct conf_error *);
/* "65410" or "1.10"; what no speaker may have is refused. 0, or -1. */
int l3vpn_read_as(const struct args *, const char *name, uint32_t *ret, struct conf_error *);
/* `timer keepalive K hold H`, or its undo. Seconds; has: they were set. 0, or -1: refused. */
int l3vpn_read_timers(const struct args *, uint16_t *hold_s, uint16_t *keepalive_s, bool *has, struct conf_error *);
#endif
