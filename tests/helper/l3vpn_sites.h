#ifndef HELPER_L3VPN_SITES_H
#define HELPER_L3VPN_SITES_H
#include "tests/helper/l3vpn_net.h"

/*
 * Customers' sites for tests of VPN instances: three PEs that tell each other all of VPNv4, and three routers of customers.
 * One net at a time: a checked fixture makes it and takes it away.
 */
#define SITE_PREFIX "10.1.0.0/16"
#define SECONDS(n) ((usec_t)(n)*USEC_PER_SEC)
enum { PE1, PE2, PE3, CE1, CE2, CE3 };
extern struct vpn_net *sites;
extern struct text sites_line; /* for vpn_net_as_path() */

void sites_new(void);
void sites_free(void);
void sites_begin(void); /* starts all, and waits until they know each other */
/* An instance of a PE, for IPv4, with a label by hand; one target each, or NULL. */
struct bgp_instance_config *site_instance(
    size_t pe, const char *name, const char *rd, const char *import, const char *export);
void site_customer(size_t pe, struct bgp_instance_config *, size_t ce); /* a router in it: external, IPv4 */
void sites_two(const char *target_here, const char *target_there);      /* VPNA: one site at PE1, one at PE2 */
/* Reference 002: a site at PE1 and PE2, which have different distinguishers, each with a static route to 1.1.1.1/32; PE3
 * balances over both. Begun. */
void sites_dual_homed(void);

const struct dest *site_dest(size_t pe, const char *instance, const char *prefix);
const struct path *site_best(size_t pe, const char *instance, const char *prefix);
size_t site_vpn_paths(size_t pe);                        /* in the VPNv4 table */
unsigned site_paths_used(size_t pe, const char *prefix); /* in VPNA */
#endif
