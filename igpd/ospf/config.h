#ifndef OSPF_CONFIG_H
#define OSPF_CONFIG_H
#include "base/prefix.h"

/* The settings of one OSPF process, as plain data; commands.c fills it in, the engine copies it. */

enum ospf_network_type { OSPF_BROADCAST, OSPF_POINT_TO_POINT, OSPF_POINT_TO_MULTIPOINT, OSPF_NBMA, OSPF_LOOPBACK };

enum {
	OSPF_HELLO_S = 10, /* 30 on NBMA and point-to-multipoint links */
	OSPF_HELLO_SLOW_S = 30,
	OSPF_DEAD_TIMES = 4, /* the dead interval is so many hello intervals by default */
	OSPF_RETRANSMIT_S = 5,
	OSPF_DELAY_S = 1, /* InfTransDelay */
	OSPF_PRIORITY = 1,
	OSPF_COST = 1,
	OSPF_BANDWIDTH_MBPS = 100, /* bandwidth-reference */
	OSPF_PREFERENCE = 10,
	OSPF_EXTERNAL_PREFERENCE = 150,
	OSPF_PATHS = 8,
	OSPF_NAME = 48,
	OSPF_KEYS_MAX = 4,
	OSPF_SECRET_MAX = 80,
};

/* `authentication-mode`. Several cryptographic keys: the first is used to send, all of them are accepted (rollover). */
enum ospf_key_kind {
	OSPF_KEY_NONE,
	OSPF_KEY_SIMPLE,
	OSPF_KEY_MD5,
	OSPF_KEY_SHA1,
	OSPF_KEY_SHA256,
	OSPF_KEY_SHA384,
	OSPF_KEY_SHA512
};
struct ospf_key {
	enum ospf_key_kind kind;
	uint8_t id; /* of cryptographic ones */
	char secret[OSPF_SECRET_MAX + 1];
};
struct ospf_keys {
	struct ospf_key key[OSPF_KEYS_MAX];
	uint8_t count; /* 0: nothing is said here */
};

/* What an interface view says; unset fields are 0 but for those that say otherwise. */
struct ospf_interface_config {
	char name[OSPF_NAME];                    /* as in router.conf */
	bool enabled;                            /* `ospf enable PID area A`, before any `network` */
	uint32_t area;                           /* with `enabled` */
	uint32_t cost;                           /* 0: by its speed */
	uint16_t hello_s, retransmit_s, delay_s; /* 0: the default */
	uint32_t dead_s;                         /* 0: four times the hello interval */
	int16_t priority;                        /* -1: the default */
	bool has_type;
	enum ospf_network_type type;
	bool mtu_ignored, silent;
	struct ospf_keys keys; /* before those of the area; one of kind OSPF_KEY_NONE: none in spite of the area */
};
struct ospf_network_config { /* `network A WILDCARD` */
	uint32_t address, wildcard;
};
struct ospf_range_config { /* `abr-summary A M` */
	struct prefix prefix;
	bool not_advertised;
	uint32_t cost; /* 0: that of the farthest network in it */
};
struct ospf_area_config {
	uint32_t id;
	struct ospf_range_config *ranges;
	size_t range_count;
	struct ospf_network_config *networks;
	size_t network_count;
	bool stub, nssa, no_summary;
	struct ospf_keys keys; /* of its interfaces that say nothing of their own */
	uint32_t default_cost; /* of the default route into a stub area or NSSA; 0: 1 */
};
struct ospf_config {
	uint32_t process, router_id; /* router_id 0: chosen */
	struct ospf_area_config *areas;
	size_t area_count;
	struct ospf_interface_config *interfaces;
	size_t interface_count;
	uint16_t paths; /* maximum load-balancing; 0: the default */
	bool stub_router;
};

void ospf_config_copy(struct ospf_config *to, const struct ospf_config *from); /* `to` is empty or was a copy */
void ospf_config_free(struct ospf_config *);                                   /* what it points to */
const struct ospf_area_config *ospf_config_area(const struct ospf_config *, uint32_t id);
/* NULL: nothing is said of it. */
const struct ospf_interface_config *ospf_config_interface(const struct ospf_config *, const char *name);
/* The area of an interface with that name and address; false: OSPF is not on there. */
bool ospf_config_place(const struct ospf_config *, const char *name, uint32_t address, uint32_t *ret_area);
#endif
