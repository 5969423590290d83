#ifndef IGPD_CONFIG_H
#define IGPD_CONFIG_H
#include "igpd/ospf/config.h"

/* What an operator may set of all IGP processes, as plain data. */
enum { IGP_VRF = 32, IGP_PROCESS = 1 /* the number of a process that is given none */ };

struct igp_import_config {  /* `import-route` */
	uint8_t protocol;   /* Fib__Protocol */
	uint32_t cost, tag; /* cost 0: 1 */
	bool type1;
};
struct igp_process_config {
	struct ospf_config ospf; /* its interfaces are filled in by igp_config_of() */
	char vrf[IGP_VRF];       /* "": the public network */
	struct igp_import_config imports[8];
	uint8_t import_count;
	uint8_t preference, external_preference; /* 0: the default */
	struct {                                 /* `default-route-advertise` */
		bool on, always, type1;
		uint32_t cost; /* 0: 1 */
	} default_route;
	char silent[16][OSPF_NAME]; /* interfaces */
	uint8_t silent_count;
	bool all_silent;
};
struct igp_interface_config {
	struct ospf_interface_config ospf;
	uint32_t process; /* with ospf.enabled */
};
struct igp_config {
	struct igp_process_config **processes; /* by number */
	size_t process_count;
	struct igp_interface_config *interfaces;
	size_t interface_count, interface_room;
	uint32_t *one_hop; /* LDP peers with `gtsm peer … valid-ttl-hops 1`, which is ldpd's line */
	size_t one_hop_count;
};
void igp_config_free(struct igp_config *);
void igp_config_copy(struct igp_config *to, const struct igp_config *from);
struct igp_process_config *igp_config_process(const struct igp_config *, uint32_t id); /* NULL: none */
struct igp_process_config *igp_config_process_add(struct igp_config *, uint32_t id);
void igp_config_process_remove(struct igp_config *, uint32_t id);
struct igp_interface_config *igp_config_interface(const struct igp_config *, const char *name); /* NULL: none */
struct igp_interface_config *igp_config_interface_add(struct igp_config *, const char *name);
bool igp_config_has_one_hop(const struct igp_config *, uint32_t peer); /* a GTSM line with one hop */
bool igp_config_uses_sync(const struct igp_config *);                  /* synchronization with LDP, anywhere */
struct ospf_area_config *igp_config_area(struct igp_process_config *, uint32_t id, bool add);
/* What a process is told: its settings with those of the interfaces that concern it. The caller frees it. */
void igp_config_of(const struct igp_config *, const struct igp_process_config *, struct ospf_config *ret);
#endif
