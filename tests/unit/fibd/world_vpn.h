#ifndef FIBD_WORLD_VPN_H
#define FIBD_WORLD_VPN_H
#include "tests/unit/fibd/world.h"

/* For tests of VPN routes: a PE with two links into the network (eth1, eth2) and one to a customer in VRF red (ifindex 20,
 * table PE_RED); the IGP knows two other PEs, 2.2.2.2 behind eth1 and 3.3.3.3 behind eth2, and LDP has LSPs to them. */
enum { PE_RED = 1001, PE_BLUE = 1002 };
#define TO_PE2 "lsp 2.2.2.2 800001"
#define TO_PE3 "lsp 3.3.3.3 800002"
struct world *world_pe(void);
void world_pe_igp(struct world *, uint32_t round);
void world_pe_ldp(struct world *, uint32_t round);
void world_pe_start(struct world *);                                   /* and all of that is told */
void world_pe_loses_igp_route(struct world *);                         /* to 2.2.2.2 */
void world_vpn_many(struct world *, unsigned count, const char *hops); /* 20.0.0.0/24 and on, in VRF red */

/* In these, `w` is the test's world. */
#define VPN "10.9.0.0/16"
#define ROUTE_IN(table, prefix, is)                           \
	do {                                                  \
		w->look_in = table;                           \
		ck_assert_str_eq(world_route(w, prefix), is); \
	} while (0)
#define VRF_ROUTE(prefix, is) ROUTE_IN(PE_RED, prefix, is)
#define PUBLIC_ROUTE(prefix, is) ROUTE_IN(0, prefix, is)
#define ILM(label, is) ck_assert_str_eq(world_ilm(w, label), is)
#define ANSWER(vrf, address, is) ck_assert_str_eq(world_answer(w, vrf, address), is)
#define TELL(vrf, prefix, hops)                           \
	do {                                              \
		world_vpn_route(w, vrf, prefix, hops, 1); \
		world_run(w);                             \
	} while (0)
#endif
