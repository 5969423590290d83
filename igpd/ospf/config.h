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
	OSPF_SPF_FIRST_MS = 5,     /* spf-schedule-interval: INITIAL, SHORT and LONG of RFC 8405 */
	OSPF_SPF_AGAIN_MS = 50,
	OSPF_SPF_MOST_MS = 200,
	OSPF_PREFERENCE = 10,
	OSPF_EXTERNAL_PREFERENCE = 150,
	OSPF_PATHS = 8,
	OSPF_NAME = 48,
	OSPF_KEYS_MAX = 4,
	OSPF_SECRET_MAX = 80,
	OSPF_SYNC_HOLD_DOWN_S = 10,
	OSPF_GRACE_S = 120,
	OSPF_MULTI_MAX = 8,
	OSPF_POLL_S = 120,
	OSPF_VLINKS_MAX = 16,
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

/* `ospf ldp-sync`; what an interface says goes before its area and process. */
enum ospf_sync { OSPF_SYNC_UNSET, OSPF_SYNC_ON, OSPF_SYNC_BLOCK };
struct ospf_span { /* of time, if it is given */
	bool given;
	uint32_t seconds;
};

/* `ospf bfd`; what an interface says goes before its process. */
struct ospf_bfd_config {
	bool on, off;                  /* off: `block` */
	uint16_t min_tx_ms, min_rx_ms; /* 0: bfdd's default */
	uint8_t multiplier;
};

enum ospf_hiding { OSPF_HIDING_UNSAID, OSPF_HIDDEN, OSPF_NOT_HIDDEN }; /* suppress-reachability, RFC 6860 */
/* What an interface view says; unset fields are 0 but for those that say otherwise. */
struct ospf_interface_config {
	char name[OSPF_NAME];                    /* as in router.conf */
	bool enabled;                            /* `ospf enable PID area A`, before any `network` */
	uint32_t area;                           /* with `enabled` */
	uint32_t cost;                           /* 0: by its speed */
	uint16_t hello_s, retransmit_s, delay_s; /* 0: the default */
	uint32_t poll_s;                         /* of silent peers on NBMA links; 0: the default */
	uint32_t dead_s;                         /* 0: four times the hello interval */
	int16_t priority;                        /* -1: the default */
	bool has_type;
	enum ospf_network_type type;
	bool mtu_ignored, silent;
	enum ospf_hiding hiding; /* before that of the process */
	struct ospf_bfd_config bfd;
	struct { /* adjacencies of other areas over the same link (RFC 5185) */
		uint32_t area;
		bool enabled;
		enum ospf_sync sync;
	} multi[OSPF_MULTI_MAX];
	uint8_t multi_count;
	enum ospf_sync sync;
	struct ospf_span sync_hold_down, sync_hold_max; /* hold_max 0: for ever */
	bool elsewhere;                                 /* it belongs to another process, whatever `network` says */
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
struct ospf_vlink_config { /* `vlink-peer A`, in the transit area */
	uint32_t peer;     /* its router ID */
	uint16_t hello_s;  /* 0: the default */
	uint32_t dead_s;
};
struct ospf_area_config {
	uint32_t id;
	struct ospf_vlink_config vlinks[OSPF_VLINKS_MAX];
	uint8_t vlink_count;
	struct ospf_range_config *ranges;
	size_t range_count;
	struct ospf_network_config *networks;
	size_t network_count;
	bool stub, nssa, no_summary;
	bool no_import;        /* of an NSSA */
	bool sync;             /* `ldp-sync enable` */
	struct ospf_keys keys; /* of its interfaces that say nothing of their own */
	uint32_t default_cost; /* of the default route into a stub area or NSSA; 0: 1 */
};
/* How long after a change shortest paths are looked for: after calm; again within half a second; under lasting change. */
struct ospf_spf_delays {
	bool set; /* otherwise the defaults count */
	uint16_t first_ms, again_ms, most_ms;
};
struct ospf_config {
	uint32_t process, router_id; /* router_id 0: chosen */
	struct ospf_area_config *areas;
	size_t area_count;
	struct ospf_interface_config *interfaces;
	size_t interface_count;
	uint32_t *peers; /* on NBMA links */
	size_t peer_count;
	uint16_t paths; /* maximum load-balancing; 0: the default */
	bool stub_router;
	struct ospf_bfd_config bfd;    /* of all interfaces that say nothing of their own */
	bool graceful_off, helper_off; /* RFC 3623 */
	uint16_t grace_s;              /* 0: the default */
	bool sync;                     /* `ldp-sync enable` for all areas */
	struct ospf_span sync_hold_down, sync_hold_max;
	bool all_silent;         /* interfaces of which nothing else is said */
	uint32_t bandwidth_mbps; /* bandwidth-reference; 0: the default */
	struct ospf_spf_delays spf;
	bool hidden; /* suppress-reachability: networks that serve transit alone are told to nobody */
};

void ospf_config_copy(struct ospf_config *to, const struct ospf_config *from); /* `to` is empty or was a copy */
void ospf_config_free(struct ospf_config *);                                   /* what it points to */
const struct ospf_area_config *ospf_config_area(const struct ospf_config *, uint32_t id);
/* NULL: nothing is said of it. */
const struct ospf_interface_config *ospf_config_interface(const struct ospf_config *, const char *name);
/* The area of an interface with that name and address; false: OSPF is not on there. */
bool ospf_config_place(const struct ospf_config *, const char *name, uint32_t address, uint32_t *ret_area);
#endif
